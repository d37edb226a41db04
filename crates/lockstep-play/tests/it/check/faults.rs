//! Faults as servers have them, each with the probes that must find it.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a fault that cannot be seeded fails its test"
)]

use serde_json::{Value, json};

use super::{Answered, Asked};

/// A seeded fault: what is wrong, how the request or the answer is spoilt, and the probes that must find it.
pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) ask: fn(&mut Asked),
    pub(super) answer: fn(&Asked, &mut Answered),
    pub(super) found_by: &'static [&'static str],
}

/// A fault in what the server understands.
const fn misread(name: &'static str, ask: fn(&mut Asked), found_by: &'static [&'static str]) -> Fault {
    Fault { name, ask, answer: |_, _| (), found_by }
}

/// A fault in what the server answers.
const fn misspoken(
    name: &'static str,
    answer: fn(&Asked, &mut Answered),
    found_by: &'static [&'static str],
) -> Fault {
    Fault { name, ask: |_| (), answer, found_by }
}

/// Takes a parameter out of a query.
pub(super) fn without_parameter(asked: &mut Asked, name: &str) {
    let Some((path, query)) = asked.target.split_once('?') else { return };
    let kept: Vec<&str> = query.split('&').filter(|one| !one.starts_with(&format!("{name}="))).collect();
    asked.target = format!("{path}?{}", kept.join("&"));
}

/// Changes each user and group of an answer.
fn each(answered: &mut Answered, change: impl Fn(&mut serde_json::Map<String, Value>)) {
    let json = &mut answered.json;
    let listed = json.get_mut("Resources").and_then(Value::as_array_mut);
    if let Some(listed) = listed {
        listed.iter_mut().filter_map(Value::as_object_mut).for_each(change);
    } else if json.get("id").is_some()
        && let Some(one) = json.as_object_mut()
    {
        change(one);
    }
}

/// Changes each attribute of a schema document.
fn each_attribute(asked: &Asked, answered: &mut Answered, change: fn(&mut serde_json::Map<String, Value>)) {
    if !asked.target.starts_with("/Schemas") {
        return;
    }
    each(answered, |schema| {
        let attributes = schema.get_mut("attributes").and_then(Value::as_array_mut);
        attributes.into_iter().flatten().filter_map(Value::as_object_mut).for_each(change);
    });
}

/// Changes each document of `/Schemas` or `/ResourceTypes`.
fn each_document(
    asked: &Asked,
    answered: &mut Answered,
    at: &str,
    change: fn(&mut serde_json::Map<String, Value>),
) {
    if asked.target.starts_with(at) {
        each(answered, change);
    }
}

fn is_config(asked: &Asked) -> bool {
    asked.target.starts_with("/ServiceProviderConfig")
}

pub(super) fn set(answered: &mut Answered, pointer: &str, value: Value) {
    if let Some(place) = answered.json.pointer_mut(pointer) {
        *place = value;
    }
}

pub(super) const FAULTS: &[Fault] = &[
    misspoken(
        "a password is shown",
        |_, it| each(it, |one| drop(one.insert("password".into(), json!("hash")))),
        &["password", "password-in-list"],
    ),
    misspoken(
        "an error's status is a number",
        |_, it| {
            let status = it.status;
            if it.json.get("detail").is_some() {
                set(it, "/status", json!(status));
            }
        },
        &["error-shape", "error-on-create", "read-unknown"],
    ),
    misspoken(
        "errors are application/json",
        |_, it| {
            if it.status >= 400 {
                it.headers.insert("content-type", "application/json".parse().unwrap());
            }
        },
        &["error-media-type"],
    ),
    misspoken(
        "answers are text/html",
        |_, it| {
            it.headers.insert("content-type", "text/html".parse().unwrap());
        },
        &["media-answer", "media-accept-scim"],
    ),
    misspoken(
        "nothing found is 404",
        |asked, it| {
            if asked.target.contains("filter=") && it.json["totalResults"] == 0 {
                it.status = 404;
            }
        },
        &["list-none", "delete-unlisted"],
    ),
    misspoken(
        "an unknown id is 500",
        |_, it| {
            if it.status == 404 {
                it.status = 500;
            }
        },
        &["read-unknown", "read-odd-id", "delete", "put-unknown", "patch-unknown"],
    ),
    misspoken(
        "a wrong value is 500",
        |_, it| {
            if it.status == 400 {
                it.status = 500;
            }
        },
        &[
            "create-wrong-type",
            "create-broken-json",
            "filter-open-bracket",
            "patch-bad-path",
            "patch-unknown-op",
        ],
    ),
    misspoken(
        "what is taken is 400",
        |_, it| {
            if it.status == 409 {
                it.status = 400;
            }
        },
        &["unique-user-name", "unique-case", "put-unique", "patch-unique", "unique-race"],
    ),
    misspoken(
        "what is taken says invalidValue",
        |_, it| {
            if it.status == 409 {
                set(it, "/scimType", json!("invalidValue"));
            }
        },
        &["unique-user-name", "put-unique", "patch-unique"],
    ),
    misspoken(
        "two of one name are made",
        |asked, it| {
            if asked.method == "POST" && it.status == 409 {
                it.status = 201;
                it.json = json!({"id": "twin"});
            }
        },
        &["unique-race", "unique-user-name", "unique-case"],
    ),
    misread("filters are ignored", |asked| without_parameter(asked, "filter"), &["filter"]),
    misread(
        "and is read as or",
        |asked| asked.target = asked.target.replace("%20and%20", "%20or%20"),
        &["filter-and", "filter-precedence", "filter-group"],
    ),
    misread("not is forgotten", |asked| asked.target = asked.target.replace("not%20(", "("), &["filter-not"]),
    misread(
        "sw is read as co",
        |asked| asked.target = asked.target.replace("ew%20%22-w", "co%20%22-u"),
        &["filter-ew"],
    ),
    misread(
        "startIndex is ignored",
        |asked| without_parameter(asked, "startIndex"),
        &["page-walk", "page-members", "page-past-end"],
    ),
    misread("count is ignored", |asked| without_parameter(asked, "count"), &["index", "page-count-zero"]),
    misread("sorting is ignored", |asked| without_parameter(asked, "sortBy"), &["sort"]),
    misread("sortOrder is ignored", |asked| without_parameter(asked, "sortOrder"), &["sort"]),
    misread(
        "attributes is ignored",
        |asked| without_parameter(asked, "attributes"),
        &[
            "projection-attributes",
            "projection-sub",
            "projection-case",
            "projection-list",
            "create-projected",
            "put-projected",
        ],
    ),
    misread(
        "excludedAttributes is ignored",
        |asked| without_parameter(asked, "excludedAttributes"),
        &["projection-excluded", "projection-members"],
    ),
    misread(
        "an add replaces the members",
        |asked| {
            if asked.target.starts_with("/Groups") {
                asked.body = asked.body.replace("\"op\":\"add\"", "\"op\":\"replace\"");
            }
        },
        &["patch-member-add", "patch-member-many"],
    ),
    misread(
        "a remove takes all members",
        |asked| {
            if let Some(at) = asked.body.find("members[") {
                let end = asked.body[at..].find(']').map_or(asked.body.len(), |end| at + end + 1);
                asked.body.replace_range(at + "members".len()..end, "");
            }
        },
        &["patch-member-remove", "patch-member-remove-nobody"],
    ),
    misspoken(
        "a remove without path is accepted",
        |asked, it| {
            if asked.body.contains("[{\"op\":\"remove\"}]") {
                it.status = 204;
            }
        },
        &["patch-remove-no-path"],
    ),
    Fault {
        name: "a PATCH without path does nothing",
        ask: |asked| {
            if asked.method == "PATCH" && !asked.body.contains("\"path\"") {
                asked.body = asked
                    .body
                    .replace("\"title\"", "\"nickName\"")
                    .replace("{\"active\":false}", "{\"active\":true}");
            }
        },
        answer: |_, _| (),
        found_by: &["patch-replace-without-path", "patch-deactivate-without-path", "patch-add-without-path"],
    },
    misspoken(
        "lastModified is the time of the answer",
        |asked, it| {
            let now = format!(
                "2026-11-22T00:00:00.{:06}Z",
                asked.target.len() * 1000 + it.status as usize + if asked.method == "PUT" { 7 } else { 0 }
            );
            if asked.method == "PUT" {
                set(it, "/meta/lastModified", json!(now));
            }
        },
        &["put-no-change"],
    ),
    misspoken(
        "created is no instant",
        |_, it| set(it, "/meta/created", json!("yesterday")),
        &["create-meta", "read-shape"],
    ),
    misspoken(
        "the type is always User",
        |_, it| {
            each(it, |one| {
                if let Some(meta) = one.get_mut("meta") {
                    meta["resourceType"] = json!("User");
                }
            });
        },
        &["read-group-shape"],
    ),
    misspoken(
        "the ETag never changes",
        |_, it| {
            if it.headers.contains_key("etag") {
                it.headers.insert("etag", "\"1\"".parse().unwrap());
            }
        },
        &["etag-changes", "etag-version"],
    ),
    misspoken(
        "there is no ETag on 201",
        |_, it| {
            if it.status == 201 {
                it.headers.remove("etag");
            }
        },
        &["etag-created"],
    ),
    misread(
        "If-Match is ignored",
        |asked| drop(asked.headers.remove("if-match")),
        &["etag-precondition", "etag-precondition-patch", "etag-precondition-delete"],
    ),
    misread(
        "If-None-Match is ignored",
        |asked| drop(asked.headers.remove("if-none-match")),
        &["etag-not-modified"],
    ),
    misread(
        "everybody gets in",
        |asked| {
            asked.anonymous = false;
            asked.headers.remove("authorization");
        },
        &["no-credential", "wrong-credential", "no-credential-write"],
    ),
    misspoken(
        "401 does not say how to get in",
        |_, it| drop(it.headers.remove("www-authenticate")),
        &["no-credential", "wrong-credential"],
    ),
    misspoken(
        "externalId loses its case",
        |_, it| {
            each(it, |one| {
                if let Some(id) = one.get("externalId").and_then(Value::as_str).map(str::to_lowercase) {
                    one.insert("externalId".into(), json!(id));
                }
            });
        },
        &["create-external-id"],
    ),
    misspoken(
        "letters outside of ASCII are lost",
        |_, it| {
            let ascii: String = it
                .json
                .to_string()
                .chars()
                .map(|letter| if letter.is_ascii() { letter } else { '?' })
                .collect();
            it.json = serde_json::from_str(&ascii).unwrap();
        },
        &["text-unicode", "text-escaped"],
    ),
    misspoken(
        "markup is escaped",
        |_, it| it.json = serde_json::from_str(&it.json.to_string().replace('<', "&lt;")).unwrap(),
        &["text-markup"],
    ),
    misspoken("there is no Location", |_, it| drop(it.headers.remove("location")), &["create-location"]),
    misspoken(
        "an inactive user is hidden",
        |asked, it| {
            if asked.method == "GET" && it.json["active"] == false {
                it.status = 404;
            }
        },
        &["inactive", "patch-deactivate"],
    ),
    misspoken(
        "a delete answers with a body",
        |asked, it| {
            if asked.method == "DELETE" && it.status == 204 {
                it.json = json!({"ok": true});
            }
        },
        &["delete"],
    ),
    misspoken(
        "a PUT of nobody makes somebody",
        |asked, it| {
            if asked.method == "PUT" && it.status == 404 {
                it.status = 201;
            }
        },
        &["put-unknown", "delete"],
    ),
    misspoken(
        "memberships are not shown",
        |_, it| each(it, |one| drop(one.remove("groups"))),
        &["read-user-groups"],
    ),
    misread(
        "failOnErrors is ignored",
        |asked| asked.body = asked.body.replace("\"failOnErrors\":1,", ""),
        &["bulk-fail-on-errors"],
    ),
    misspoken(
        "a bulk's status is an object",
        |asked, it| {
            if asked.target == "/Bulk" {
                set(it, "/Operations/0/status", json!({"code": "201"}));
            }
        },
        &["bulk"],
    ),
    misspoken(
        "a walk by cursor never ends",
        |_, it| {
            if it.json.get("Resources").is_some() && it.json.get("nextCursor").is_none() {
                it.json["nextCursor"] = json!("again");
            }
        },
        &["cursor-walk"],
    ),
    misspoken(
        "a cursor has characters of its own",
        |_, it| set(it, "/nextCursor", json!("a+b/c=")),
        &["cursor-walk"],
    ),
    misspoken(
        "totalResults is that of the page",
        |_, it| {
            let size = it.json["Resources"].as_array().map_or(0, Vec::len);
            set(it, "/totalResults", json!(size));
        },
        &["page-walk", "page-members"],
    ),
    misspoken(
        "resources is spelled small",
        |_, it| {
            if let Some(listed) = it.json.as_object_mut().and_then(|list| list.remove("Resources")) {
                it.json["resources"] = listed;
            }
        },
        &["list-resources", "filter"],
    ),
    misspoken(
        "a reference leads elsewhere",
        |_, it| {
            each(it, |one| {
                if let Some(member) = one.get_mut("members").and_then(|list| list.get_mut(0)) {
                    member["$ref"] = json!("https://example.com/other");
                }
            });
        },
        &["group-reference"],
    ),
    misspoken(
        "fifty members are cut to ten",
        |_, it| {
            each(it, |one| {
                if let Some(list) = one.get_mut("members").and_then(Value::as_array_mut) {
                    list.truncate(10);
                }
            });
        },
        &["patch-member-many"],
    ),
    misspoken(
        "department is dropped",
        |_, it| each(it, |one| one.retain(|name, _| !name.contains("enterprise"))),
        &["schemas-kept"],
    ),
    misspoken(
        "bulk is not claimed",
        |asked, it| {
            if is_config(asked) {
                set(it, "/bulk/supported", json!(false));
            }
        },
        &["claims"],
    ),
    misspoken(
        "a claim is text",
        |asked, it| {
            if is_config(asked) {
                for name in ["patch", "bulk", "filter", "sort", "etag", "changePassword"] {
                    set(it, &format!("/{name}/supported"), json!("true"));
                }
            }
        },
        &["config-patch", "config-bulk", "config-filter", "config-sort", "config-etag", "config-password"],
    ),
    misspoken(
        "paging is claimed by text",
        |asked, it| {
            if is_config(asked) {
                set(it, "/pagination/index", json!("yes"));
            }
        },
        &["config-pagination"],
    ),
    misspoken(
        "no way to authenticate is told",
        |asked, it| {
            if is_config(asked) {
                set(it, "/authenticationSchemes", json!([{"type": "secret"}]));
            }
        },
        &["config-schemes"],
    ),
    misspoken(
        "the configuration is a list",
        |asked, it| {
            if is_config(asked) {
                it.json = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"], "Resources": []});
            }
        },
        &["config-document"],
    ),
    misspoken(
        "a schema has no name",
        |asked, it| each_document(asked, it, "/Schemas", |one| drop(one.remove("name"))),
        &["schemas-shape"],
    ),
    misspoken(
        "a schema is listed twice",
        |asked, it| {
            if asked.target == "/Schemas" {
                let first = it.json["Resources"][0].clone();
                it.json["Resources"].as_array_mut().unwrap().push(first);
            }
        },
        &["schemas-unique"],
    ),
    misspoken(
        "a message is listed as schema",
        |asked, it| {
            if asked.target == "/Schemas" {
                set(it, "/Resources/0/id", json!("urn:ietf:params:scim:api:messages:2.0:PatchOp"));
            }
        },
        &["schemas-messages"],
    ),
    misspoken(
        "schemas cannot be read one by one",
        |asked, it| {
            if asked.target.starts_with("/Schemas/") {
                it.status = 404;
            }
        },
        &["schemas-by-id"],
    ),
    misspoken(
        "types cannot be read one by one",
        |asked, it| {
            if asked.target.starts_with("/ResourceTypes/") {
                it.status = 404;
            }
        },
        &["types-by-id"],
    ),
    misspoken(
        "attributes have no type",
        |asked, it| each_attribute(asked, it, |one| drop(one.remove("type"))),
        &["schemas-attributes", "schemas-types"],
    ),
    misspoken(
        "returned is a word of ours",
        |asked, it| each_attribute(asked, it, |one| drop(one.insert("returned".into(), json!("sometimes")))),
        &["schemas-words"],
    ),
    misspoken(
        "referenceTypes stand everywhere",
        |asked, it| {
            each_attribute(asked, it, |one| drop(one.insert("referenceTypes".into(), json!(["User"]))));
        },
        &["schemas-references"],
    ),
    misspoken(
        "sub-attributes are not told",
        |asked, it| each_attribute(asked, it, |one| drop(one.remove("subAttributes"))),
        &["schemas-complex"],
    ),
    misspoken(
        "a name has a space",
        |asked, it| each_attribute(asked, it, |one| drop(one.insert("name".into(), json!("a name")))),
        &["schemas-names", "schemas-user-name"],
    ),
    misspoken(
        "a password is published as readable",
        |asked, it| {
            each_document(asked, it, "/Schemas", |schema| {
                if let Some(list) = schema.get_mut("attributes").and_then(Value::as_array_mut) {
                    list.push(json!({"name": "password", "type": "string", "mutability": "readWrite", "returned": "default"}));
                }
            });
        },
        &["schemas-password"],
    ),
    misspoken(
        "userName is published as optional",
        |asked, it| each_attribute(asked, it, |one| drop(one.insert("required".into(), json!(false)))),
        &["schemas-user-name"],
    ),
    misspoken(
        "a type has no endpoint",
        |asked, it| each_document(asked, it, "/ResourceTypes", |one| drop(one.remove("endpoint"))),
        &["types-shape"],
    ),
    misspoken(
        "a type's schema is not listed",
        |asked, it| {
            each_document(asked, it, "/ResourceTypes", |one| {
                drop(one.insert("schema".into(), json!("urn:example:other")));
            });
        },
        &["types-schemas"],
    ),
    misspoken(
        "a type's extensions are no list",
        |asked, it| {
            each_document(asked, it, "/ResourceTypes", |one| {
                drop(one.insert("schemaExtensions".into(), json!({})));
            });
        },
        &["types-extensions"],
    ),
    misspoken(
        "users cannot be read",
        |asked, it| {
            if asked.target.starts_with("/Users/") {
                it.status = 500;
            }
        },
        &["users"],
    ),
];
