//! The probes that steps can't say: what holds in each of the discovery documents, what happens at the same time, and
//! walks over pages.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::claims::{ENTERPRISE, Known, is_optional, resources};
use super::expect::{Variables, fill, is_kind};
use super::ledger::Level;
use super::probe::{group, user};
use super::session::{Ask, Exchange, Session};
use crate::target::Target;

/// What a probe of this kind found wrong.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Flaw {
    /// The line that it is about, where not the probe's first.
    pub(crate) requirement: Option<&'static str>,
    /// How much it matters, where not what the line demands.
    pub(crate) level: Option<Level>,
    pub(crate) expected: String,
    pub(crate) found: String,
    pub(crate) exchange: Option<Exchange>,
}

impl Flaw {
    fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { expected: expected.into(), found: found.into(), ..Self::default() }
    }

    fn of(self, requirement: &'static str) -> Self {
        Self { requirement: Some(requirement), ..self }
    }

    fn at_level(self, level: Level) -> Self {
        Self { level: Some(level), ..self }
    }

    fn in_answer(self, exchange: &Exchange) -> Self {
        Self { exchange: Some(exchange.clone()), ..self }
    }
}

type Outcome = Result<Vec<Flaw>, String>;

/// The attributes of a user of which it is found out whether they are kept.
pub(crate) const ATTRIBUTES: &[&str] = &[
    "externalId",
    "name",
    "displayName",
    "nickName",
    "profileUrl",
    "title",
    "userType",
    "preferredLanguage",
    "locale",
    "timezone",
    "active",
    "emails",
    "phoneNumbers",
    "ims",
    "photos",
    "addresses",
    "entitlements",
    "roles",
    "enterprise",
];

/// A check of the discovery documents.
type DocumentCheck = fn(&Known) -> Vec<Flaw>;

/// The checks of the discovery documents, by name.
pub(crate) const DOCUMENT_CHECKS: &[(&str, DocumentCheck)] = &[
    ("schemas-shape", schemas_shape),
    ("schemas-attributes", schemas_attributes),
    ("schemas-types", schemas_types),
    ("schemas-words", schemas_words),
    ("schemas-references", schemas_references),
    ("schemas-complex", schemas_complex),
    ("schemas-names", schemas_names),
    ("schemas-messages", schemas_messages),
    ("schemas-password", schemas_password),
    ("schemas-user-name", schemas_user_name),
    ("schemas-unique", schemas_unique),
    ("types-shape", types_shape),
    ("types-schemas", types_schemas),
    ("types-extensions", types_extensions),
    ("config-schemes", config_schemes),
    ("claims", claims),
    ("published", published),
];

/// Runs the code of this name.
pub(crate) async fn run<T: Target>(
    name: &str,
    session: &mut Session<'_, T>,
    variables: &Variables,
    known: &mut Known,
) -> Outcome {
    if let Some((_, check)) = DOCUMENT_CHECKS.iter().find(|(own, _)| *own == name) {
        let missing = match name.split_once('-').map_or(name, |(document, _)| document) {
            "schemas" | "published" => known.schemas.is_none().then_some("/Schemas"),
            "types" => known.types.is_none().then_some("/ResourceTypes"),
            _ => known.config.is_none().then_some("/ServiceProviderConfig"),
        };
        return match missing {
            Some(path) => Err(format!("GET {path} was not answered with a document")),
            None => Ok(check(known)),
        };
    }
    match name {
        "attributes" => attributes(session, variables, known).await,
        "schema-by-id" => each_by_id(session, known.schemas.as_ref(), "/Schemas").await,
        "type-by-id" => each_by_id(session, known.types.as_ref(), "/ResourceTypes").await,
        "race" => race(session, variables).await,
        "pages" => pages(session, variables).await,
        "cursors" => cursors(session, variables).await,
        "references" => references(session, variables).await,
        "many-members" => many_members(session, variables).await,
        _ => Err(format!("there is no code called {name}")),
    }
}

// The discovery documents.

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn has_schema(resource: &Value, urn: &str) -> bool {
    resource
        .get("schemas")
        .and_then(Value::as_array)
        .is_some_and(|schemas| schemas.iter().any(|one| one == urn))
}

fn schemas_shape(known: &Known) -> Vec<Flaw> {
    let mut wrong = Vec::new();
    for schema in resources(known.schemas.as_ref().unwrap_or(&Value::Null)) {
        let id = text(schema, "id");
        if !id.starts_with("urn:") {
            wrong.push(Flaw::new("a schema's id is its URN", format!("`{id}`")));
        }
        if !has_schema(schema, "urn:ietf:params:scim:schemas:core:2.0:Schema") {
            let found = format!("`{id}` without it");
            wrong.push(Flaw::new("`schemas` has urn:ietf:params:scim:schemas:core:2.0:Schema", found));
        }
        if text(schema, "name").is_empty() {
            wrong.push(Flaw::new("every schema has a name", format!("`{id}` has none")).of("DISC-18"));
        }
        if schema.get("attributes").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            wrong.push(Flaw::new("every schema lists its attributes", format!("`{id}` lists none")));
        }
    }
    wrong
}

/// Each attribute and sub-attribute with its place: `User.name.givenName`.
fn attributes_of(known: &Known) -> Vec<(String, &Value, bool)> {
    let mut all = Vec::new();
    for schema in resources(known.schemas.as_ref().unwrap_or(&Value::Null)) {
        let short = text(schema, "id").rsplit(':').next().unwrap_or_default().to_owned();
        for attribute in schema.get("attributes").and_then(Value::as_array).into_iter().flatten() {
            let place = format!("{short}.{}", text(attribute, "name"));
            for sub in attribute.get("subAttributes").and_then(Value::as_array).into_iter().flatten() {
                all.push((format!("{place}.{}", text(sub, "name")), sub, true));
            }
            all.push((place, attribute, false));
        }
    }
    all
}

/// One finding for all the places that have the same fault.
fn in_places(expected: &str, places: &[String]) -> Vec<Flaw> {
    if places.is_empty() {
        return Vec::new();
    }
    let shown: Vec<&str> = places.iter().take(8).map(String::as_str).collect();
    let more = if places.len() > shown.len() {
        format!(" and {} more", places.len() - shown.len())
    } else {
        String::new()
    };
    vec![Flaw::new(expected, format!("{}{more}", shown.join(", ")))]
}

fn places(known: &Known, is_wrong: impl Fn(&Value, bool) -> bool) -> Vec<String> {
    attributes_of(known)
        .into_iter()
        .filter(|(_, one, is_sub)| is_wrong(one, *is_sub))
        .map(|(place, ..)| place)
        .collect()
}

fn schemas_attributes(known: &Known) -> Vec<Flaw> {
    let mut wrong = Vec::new();
    for (member, kind) in [
        ("name", "string"),
        ("type", "string"),
        ("multiValued", "boolean"),
        ("required", "boolean"),
        ("mutability", "string"),
        ("returned", "string"),
    ] {
        let without = places(known, |one, _| !one.get(member).is_some_and(|value| is_kind(value, kind)));
        // RFC 7643 §2.2 has defaults for the others.
        let level = matches!(member, "name" | "type" | "multiValued").then_some(Level::Must);
        let found = in_places(&format!("every attribute says `{member}` (a {kind})"), &without);
        wrong.extend(found.into_iter().map(|one| one.at_level(level.unwrap_or(Level::Should))));
    }
    let undescribed = places(known, |one, _| text(one, "description").is_empty());
    wrong.extend(
        in_places("every attribute has a description", &undescribed)
            .into_iter()
            .map(|found| found.of("DISC-18").at_level(Level::Should)),
    );
    wrong
}

fn schemas_types(known: &Known) -> Vec<Flaw> {
    const TYPES: &[&str] =
        &["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"];
    in_places(
        "`type` is one of the types of RFC 7643 §2.3",
        &places(known, |one, _| !TYPES.contains(&text(one, "type"))),
    )
}

fn schemas_words(known: &Known) -> Vec<Flaw> {
    const WORDS: &[(&str, &[&str])] = &[
        ("returned", &["always", "never", "default", "request"]),
        ("mutability", &["readOnly", "readWrite", "immutable", "writeOnly"]),
        ("uniqueness", &["none", "server", "global"]),
    ];
    let mut wrong = Vec::new();
    for (member, words) in WORDS {
        let other = places(known, |one, _| {
            one.get(*member).is_some_and(|value| !words.iter().any(|word| value == word))
        });
        wrong.extend(in_places(&format!("`{member}` is one of {}", words.join(", ")), &other));
    }
    wrong
}

fn schemas_references(known: &Known) -> Vec<Flaw> {
    let elsewhere = places(known, |one, _| {
        one.get("referenceTypes").is_some_and(|types| {
            !types.is_array()
                || text(one, "type") != "reference" && types.as_array().is_some_and(|list| !list.is_empty())
        })
    });
    in_places("`referenceTypes` is a list, and only where the type is reference", &elsewhere)
}

fn schemas_complex(known: &Known) -> Vec<Flaw> {
    let is_complex = |one: &Value| text(one, "type") == "complex";
    let subs = |one: &Value| one.get("subAttributes").and_then(Value::as_array).map_or(0, Vec::len);
    let empty = places(known, |one, is_sub| !is_sub && is_complex(one) && subs(one) == 0);
    // The schema of schemas describes attributes, which have sub-attributes.
    let nested: Vec<String> = places(known, |one, is_sub| is_sub && is_complex(one))
        .into_iter()
        .filter(|place| !place.starts_with("Schema."))
        .collect();
    let mut wrong: Vec<Flaw> = in_places("a complex attribute lists its sub-attributes", &empty)
        .into_iter()
        .map(|one| one.of("DISC-20"))
        .collect();
    wrong.extend(in_places("no sub-attribute is complex", &nested).into_iter().map(|one| one.of("DISC-39")));
    wrong
}

fn schemas_names(known: &Known) -> Vec<Flaw> {
    let odd = places(known, |one, _| {
        let name = text(one, "name");
        let name = name.strip_prefix('$').unwrap_or(name);
        !name.starts_with(|first: char| first.is_ascii_alphabetic())
            || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || "$-_".contains(letter))
    });
    in_places("a name begins with a letter and has letters, digits, `$`, `-` and `_`", &odd)
}

fn schemas_messages(known: &Known) -> Vec<Flaw> {
    let listed = resources(known.schemas.as_ref().unwrap_or(&Value::Null)).map(|schema| text(schema, "id"));
    let messages: Vec<String> =
        listed.filter(|id| id.contains(":api:messages:")).map(str::to_owned).collect();
    in_places("schemas of messages are not listed", &messages)
}

/// An attribute of the core schema of users, by name.
fn user_attribute<'a>(known: &'a Known, name: &str) -> Option<&'a Value> {
    let schemas = known.schemas.as_ref()?;
    let user = resources(schemas).find(|schema| text(schema, "id") == super::probe::USER)?;
    user.get("attributes")?.as_array()?.iter().find(|one| text(one, "name") == name)
}

fn schemas_password(known: &Known) -> Vec<Flaw> {
    let Some(password) = user_attribute(known, "password") else { return Vec::new() };
    let mut wrong = Vec::new();
    for (member, wanted) in [("mutability", "writeOnly"), ("returned", "never")] {
        if text(password, member) != wanted {
            wrong.push(Flaw::new(
                format!("password has `{member}` {wanted}"),
                format!("`{}`", text(password, member)),
            ));
        }
    }
    wrong
}

fn schemas_user_name(known: &Known) -> Vec<Flaw> {
    let Some(name) = user_attribute(known, "userName") else {
        return vec![Flaw::new("the User schema has userName", "it has none")];
    };
    let mut wrong = Vec::new();
    if name.get("required") != Some(&json!(true)) {
        wrong.push(Flaw::new("userName is required", "it is not"));
    }
    if name.get("caseExact") == Some(&json!(true)) {
        wrong.push(Flaw::new("userName has caseExact false", "true"));
    }
    if text(name, "uniqueness") == "none" || text(name, "uniqueness").is_empty() {
        wrong.push(Flaw::new("userName has uniqueness server", format!("`{}`", text(name, "uniqueness"))));
    }
    wrong
}

fn schemas_unique(known: &Known) -> Vec<Flaw> {
    let mut seen = BTreeSet::new();
    let listed =
        resources(known.schemas.as_ref().unwrap_or(&Value::Null)).map(|schema| text(schema, "id").to_owned());
    let twice: Vec<String> = listed.filter(|id| !seen.insert(id.to_lowercase())).collect();
    in_places("every schema is listed once", &twice)
}

fn types_shape(known: &Known) -> Vec<Flaw> {
    let mut wrong = Vec::new();
    for one in resources(known.types.as_ref().unwrap_or(&Value::Null)) {
        for member in ["name", "endpoint", "schema"] {
            if text(one, member).is_empty() {
                wrong.push(Flaw::new(
                    format!("every resource type has `{member}`"),
                    format!("{} has none", text(one, "name")),
                ));
            }
        }
    }
    wrong
}

fn schema_ids(known: &Known) -> BTreeSet<String> {
    let listed = known.schemas.iter().flat_map(resources);
    listed.map(|schema| text(schema, "id").to_lowercase()).collect()
}

fn types_schemas(known: &Known) -> Vec<Flaw> {
    let ids = schema_ids(known);
    let named = resources(known.types.as_ref().unwrap_or(&Value::Null)).map(|one| text(one, "schema"));
    let missing: Vec<String> =
        named.filter(|urn| !ids.contains(&urn.to_lowercase())).map(str::to_owned).collect();
    in_places("the schema of every resource type is listed by /Schemas", &missing)
}

fn types_extensions(known: &Known) -> Vec<Flaw> {
    let ids = schema_ids(known);
    let mut wrong = Vec::new();
    for one in resources(known.types.as_ref().unwrap_or(&Value::Null)) {
        match one.get("schemaExtensions") {
            None | Some(Value::Null) => {}
            Some(Value::Array(extensions)) => {
                for extension in extensions {
                    if !extension.get("required").is_some_and(Value::is_boolean) {
                        wrong.push(Flaw::new(
                            "every extension says whether it is required",
                            text(extension, "schema"),
                        ));
                    }
                    if !ids.contains(&text(extension, "schema").to_lowercase()) {
                        wrong.push(Flaw::new(
                            "every extension is listed by /Schemas",
                            text(extension, "schema"),
                        ));
                    }
                }
            }
            Some(_) => wrong.push(Flaw::new("schemaExtensions is a list", text(one, "name"))),
        }
    }
    wrong
}

fn config_schemes(known: &Known) -> Vec<Flaw> {
    const TYPES: &[&str] = &["oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest"];
    let config = known.config.as_ref().unwrap_or(&Value::Null);
    let Some(schemes) = config.get("authenticationSchemes").and_then(Value::as_array) else {
        return vec![Flaw::new("authenticationSchemes is a list", "none")];
    };
    let mut wrong = Vec::new();
    for scheme in schemes {
        for member in ["type", "name", "description"] {
            if text(scheme, member).is_empty() {
                wrong
                    .push(Flaw::new(format!("every authentication scheme has `{member}`"), "one without it"));
            }
        }
        // RFC 7643 §8.7.2 lists them; servers have their own besides.
        if !TYPES.contains(&text(scheme, "type")) && !text(scheme, "type").is_empty() {
            let found = format!("`{}`", text(scheme, "type"));
            wrong.push(
                Flaw::new(format!("its type is one of {}", TYPES.join(", ")), found).at_level(Level::Should),
            );
        }
    }
    wrong
}

fn claims(known: &Known) -> Vec<Flaw> {
    let mut wrong = Vec::new();
    for (feature, works) in &known.found {
        match (known.claimed(feature), works) {
            (Some(true), false) => {
                wrong.push(Flaw::new(format!("{feature} works: it is claimed"), "it does not"));
            }
            (Some(false), true) if is_optional(feature) => {
                let found = "it works and is not claimed, so that clients will not use it";
                wrong.push(Flaw::new(format!("{feature} is claimed where it works"), found));
            }
            _ => {}
        }
    }
    wrong
}

fn published(known: &Known) -> Vec<Flaw> {
    let (Some(published), Some(kept)) = (known.published(), known.kept.as_ref()) else { return Vec::new() };
    let tried = ATTRIBUTES.iter().map(|name| (*name).to_owned());
    let dropped: Vec<String> =
        tried.filter(|name| published.contains(name) && !kept.contains(name)).collect();
    in_places("what /Schemas publishes is kept when it is sent", &dropped)
}

// What needs the server.

/// Sends a user with everything and looks what comes back.
async fn attributes<T: Target>(
    session: &mut Session<'_, T>,
    variables: &Variables,
    known: &mut Known,
) -> Outcome {
    let plain = user("whole", variables);
    let mut whole = plain.clone();
    let more = json!({
        "nickName": "Ada", "profileUrl": "https://example.com/ada", "title": "Engineer", "userType": "Employee",
        "preferredLanguage": "en", "locale": "en-GB", "timezone": "Europe/London",
        "phoneNumbers": [{ "value": "+1-555-0100", "type": "work" }],
        "ims": [{ "value": "ada.example", "type": "xmpp" }],
        "photos": [{ "value": "https://example.com/ada.png", "type": "photo" }],
        "addresses": [{ "type": "work", "locality": "London", "country": "GB" }],
        "entitlements": [{ "value": "reports" }],
        "roles": [{ "value": "reader" }],
        ENTERPRISE: { "department": "Research", "employeeNumber": "7" },
    });
    if let (Some(whole), Some(more)) = (whole.as_object_mut(), more.as_object()) {
        whole.extend(more.clone());
        if let Some(schemas) = whole.get_mut("schemas").and_then(Value::as_array_mut) {
            schemas.push(json!(ENTERPRISE));
        }
    }
    let mut made = session.send(Ask::post("/Users", &whole)).await;
    let mut sent = whole;
    if !made.is_success() {
        // A strict server refuses what it does not know: then a plain user must do.
        made = session.send(Ask::post("/Users", &plain)).await;
        sent = plain;
    }
    let Some(id) = made.at("/id").filter(|_| made.is_success()) else {
        return Ok(vec![Flaw::new("status 201 and an id", made.outcome()).in_answer(&made)]);
    };
    let read = session.send(Ask::get(&format!("/Users/{id}"))).await;
    let Some(found) = read.json.as_ref().filter(|_| read.status == 200) else {
        return Ok(vec![
            Flaw::new("status 200 for the user that was made", read.outcome()).of("READ-01").in_answer(&read),
        ]);
    };
    let is_sent = |name: &str| sent.get(if name == "enterprise" { ENTERPRISE } else { name }).is_some();
    let comes_back = |name: &str| {
        let value = found.get(if name == "enterprise" { ENTERPRISE } else { name });
        value.is_some_and(|value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()))
    };
    let kept =
        ATTRIBUTES.iter().filter(|name| is_sent(name) && comes_back(name)).map(|name| (*name).to_owned());
    known.kept = Some(kept.collect());
    Ok(Vec::new())
}

async fn each_by_id<T: Target>(session: &mut Session<'_, T>, list: Option<&Value>, path: &str) -> Outcome {
    let list = list.ok_or_else(|| format!("GET {path} was not answered with a list"))?;
    let mut wrong = Vec::new();
    for one in resources(list) {
        // A resource type may go without an id; then its name is in the URL.
        let id = if text(one, "id").is_empty() { text(one, "name") } else { text(one, "id") };
        let found = session.send(Ask::get(&format!("{path}/{id}"))).await;
        if found.status != 200 {
            wrong.push(Flaw::new("status 200 for what the list has", found.outcome()).in_answer(&found));
        } else if found.at("/id").is_some_and(|own| own != id) {
            wrong.push(Flaw::new(format!("the one with id {id}"), "another").in_answer(&found));
        }
    }
    Ok(wrong)
}

/// Two creates of the same name at the same time, several times: one of them is refused.
async fn race<T: Target>(session: &mut Session<'_, T>, variables: &Variables) -> Outcome {
    const ROUNDS: usize = 3;
    for round in 0..ROUNDS {
        let body = user(&format!("race{round}"), variables);
        let (one, other) = session.send_both(Ask::post("/Users", &body), Ask::post("/Users", &body)).await;
        let made = [&one, &other].iter().filter(|answer| answer.is_success()).count();
        if one.failure.is_some() || other.failure.is_some() {
            return Err(format!("one of two requests at the same time got {}", one.outcome()));
        }
        if made != 1 {
            let found =
                format!("{made} of them were answered with success ({} and {})", one.status, other.status);
            return Ok(vec![
                Flaw::new("exactly one of two creates at the same time makes a user", found)
                    .in_answer(&other),
            ]);
        }
        let refused = if one.is_success() { other } else { one };
        if refused.status != 409 {
            let found = refused.outcome();
            return Ok(vec![
                Flaw::new("status 409 for the other one", found).of("ERR-05").in_answer(&refused),
            ]);
        }
    }
    Ok(Vec::new())
}

/// Makes so many users, whose names begin alike, and answers with that beginning and their ids.
async fn crowd<T: Target>(
    session: &mut Session<'_, T>,
    variables: &Variables,
    size: usize,
) -> Result<(String, BTreeSet<String>), String> {
    let mut ids = BTreeSet::new();
    for index in 0..size {
        let made = session.send(Ask::post("/Users", &user(&format!("crowd{index}"), variables))).await;
        let id = made.at("/id").filter(|_| made.is_success());
        ids.insert(id.ok_or_else(|| format!("POST /Users was answered with {}", made.outcome()))?.to_owned());
    }
    Ok((fill("{{mark}}-crowd", variables)?, ids))
}

fn ids_of(page: &Exchange) -> Vec<String> {
    let listed =
        page.json.as_ref().map(|json| resources(json).map(|one| text(one, "id").to_owned()).collect());
    listed.unwrap_or_default()
}

/// Walks by index: each of five users comes exactly once.
async fn pages<T: Target>(session: &mut Session<'_, T>, variables: &Variables) -> Outcome {
    let (prefix, made) = crowd(session, variables, 5).await?;
    let mut seen: Vec<String> = Vec::new();
    let mut last = Exchange::default();
    for start in [1, 3, 5] {
        let page = session
            .send(Ask::get(&format!("/Users?filter=userName sw \"{prefix}\"&startIndex={start}&count=2")))
            .await;
        if page.status != 200 {
            return Ok(vec![Flaw::new("status 200", page.outcome()).in_answer(&page)]);
        }
        let total = page.json.as_ref().and_then(|json| json.get("totalResults")).and_then(Value::as_u64);
        if total != Some(5) {
            let found = total.map_or_else(|| "none".to_owned(), |total| total.to_string());
            return Ok(vec![Flaw::new("totalResults 5 on every page", found).of("PAGE-08").in_answer(&page)]);
        }
        if ids_of(&page).len() > 2 {
            return Ok(vec![Flaw::new("at most 2 resources", "more").of("PAGE-02").in_answer(&page)]);
        }
        seen.extend(ids_of(&page));
        last = page;
    }
    let different: BTreeSet<String> = seen.iter().cloned().collect();
    if seen.len() != 5 || different != made {
        let found = format!("{} resources, {} different", seen.len(), different.len());
        let expected = "each of the five users exactly once over the pages";
        return Ok(vec![Flaw::new(expected, found).of("SORT-08").at_level(Level::Must).in_answer(&last)]);
    }
    Ok(Vec::new())
}

/// Walks by cursor: each of five users comes exactly once, and the walk ends.
async fn cursors<T: Target>(session: &mut Session<'_, T>, variables: &Variables) -> Outcome {
    let (prefix, made) = crowd(session, variables, 5).await?;
    let mut wrong = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let mut cursor = String::new();
    for turn in 0..8 {
        let page = session
            .send(Ask::get(&format!("/Users?filter=userName sw \"{prefix}\"&cursor={cursor}&count=2")))
            .await;
        if page.status != 200 {
            wrong.push(Flaw::new("status 200", page.outcome()).in_answer(&page));
            return Ok(wrong);
        }
        if turn == 0 && page.at("/previousCursor").is_some() {
            wrong.push(
                Flaw::new("no previousCursor on the first page", "one").of("CURSOR-05").in_answer(&page),
            );
        }
        seen.extend(ids_of(&page));
        let Some(next) = page.at("/nextCursor") else {
            let different: BTreeSet<String> = seen.iter().cloned().collect();
            if seen.len() != 5 || different != made {
                let found = format!("{} resources, {} different", seen.len(), different.len());
                let expected = "each of the five users exactly once up to the page without nextCursor";
                wrong.push(Flaw::new(expected, found).in_answer(&page));
            }
            return Ok(wrong);
        };
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~".contains(letter);
        if !next.chars().all(is_plain) {
            let flaw = Flaw::new("a cursor of letters, digits and `-._~`", next).of("CURSOR-02");
            wrong.push(flaw.in_answer(&page));
            return Ok(wrong);
        }
        next.clone_into(&mut cursor);
    }
    wrong.push(Flaw::new("a last page without nextCursor", "eight pages of two for five users"));
    Ok(wrong)
}

/// Looks where the `$ref` of a member leads.
async fn references<T: Target>(session: &mut Session<'_, T>, variables: &Variables) -> Outcome {
    let mut variables = variables.clone();
    let made = session.send(Ask::post("/Users", &user("member", &variables))).await;
    let id = made.at("/id").filter(|_| made.is_success());
    let id = id.ok_or_else(|| format!("POST /Users was answered with {}", made.outcome()))?.to_owned();
    variables.insert("member".to_owned(), id.clone());
    let body = group("club", &["member".to_owned()], &variables);
    let club = session.send(Ask::post("/Groups", &body)).await;
    if !club.is_success() {
        return Err(format!("POST /Groups was answered with {}", club.outcome()));
    }
    let mut wrong = Vec::new();
    let member = club.json.as_ref().and_then(|json| json.pointer("/members/0")).cloned().unwrap_or_default();
    let Some(reference) = member.get("$ref").and_then(Value::as_str) else {
        // `$ref` is a SHOULD at most: RFC 7643 §4.2 does not demand it.
        let expected = "a member has `$ref` besides `value`";
        return Ok(vec![Flaw::new(expected, member.to_string()).at_level(Level::May).in_answer(&club)]);
    };
    let tail = format!("Users/{id}");
    if !reference.ends_with(&tail) {
        wrong.push(Flaw::new(format!("a `$ref` that ends in {tail}"), reference).in_answer(&club));
    }
    Ok(wrong)
}

/// Fifty operations on members in one request.
async fn many_members<T: Target>(session: &mut Session<'_, T>, variables: &Variables) -> Outcome {
    const MEMBERS: usize = 50;
    let mut ids = Vec::new();
    for index in 0..MEMBERS {
        let made = session.send(Ask::post("/Users", &user(&format!("many{index}"), variables))).await;
        let id = made.at("/id").filter(|_| made.is_success());
        ids.push(id.ok_or_else(|| format!("POST /Users was answered with {}", made.outcome()))?.to_owned());
    }
    let club = session.send(Ask::post("/Groups", &group("many", &[], variables))).await;
    let club = club.at("/id").filter(|_| club.is_success()).ok_or("no group could be made")?.to_owned();
    let operations: Vec<Value> =
        ids.iter().map(|id| json!({ "op": "add", "path": "members", "value": [{ "value": id }] })).collect();
    let body =
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
    let ask = Ask { method: "PATCH".to_owned(), ..Ask::post(&format!("/Groups/{club}"), &body) };
    let patched = session.send(ask).await;
    if !patched.is_success() {
        return Ok(vec![Flaw::new("status 200 or 204", patched.outcome()).in_answer(&patched)]);
    }
    let read = session.send(Ask::get(&format!("/Groups/{club}"))).await;
    let members = read.json.as_ref().and_then(|json| json.get("members")).and_then(Value::as_array);
    let values: BTreeSet<&str> = members.into_iter().flatten().map(|one| text(one, "value")).collect();
    if ids.iter().all(|id| values.contains(id.as_str())) && values.len() == MEMBERS {
        return Ok(Vec::new());
    }
    Ok(vec![Flaw::new("50 members", format!("{}", values.len())).in_answer(&read)])
}
