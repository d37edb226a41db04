//! The description of the whole API as OpenAPI 3.1, made of the routes. Must not know what any of them does.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use lockstep_store::Store;
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{Content, IDEMPOTENCY_KEY, Operation, Parameter, Tag};
use crate::api::paging::Cursors;
use crate::api::render::{ErrorAnswer, OAuthErrorAnswer};
use crate::routes::{Access, Route, table};

/// What came of each operation when a test carried it out.
pub(super) static EXAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

const ABOUT: &str = "\
The application's side of Lockstep: the shapes, paths, pagination and errors that WorkOS publishes for Directory Sync, \
and what is Lockstep's alone in the same style. Identity providers speak SCIM below `/scim/v2/{directory}`; that side \
describes itself at `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas` there.

Send an API key as `Authorization: Bearer`. What another organization has is not found: 404. Unknown fields and \
parameters are refused: 422 names them. A parameter without a value counts as left out. Every answer has an `x-request-id`. Answers may get further fields; pass over \
those that you do not know.";

/// Fields of answers that are left out or null or there.
const LEFT_OUT: [(&str, &str); 2] =
    [("DirectoryOAuthClient", "application_id"), ("DirectoryRequest", "understood")];

/// The schemas that were asked for, by name.
#[derive(Debug, Default)]
pub struct Components {
    schemas: BTreeMap<String, Value>,
    /// The names of the fields of each, in the order in which they are written.
    fields: BTreeMap<String, Vec<String>>,
    /// Whether those that come now are of what is answered, where every field is always there unless it may not be null.
    answered: bool,
}

/// The description, and what it does not say itself.
#[derive(Debug)]
pub struct Document {
    /// The description, without `servers`.
    pub value: Value,
    /// The names of the fields of each schema, in the order in which they are written.
    pub fields: BTreeMap<String, Vec<String>>,
}

/// Puts a schema among the components and refers to it.
pub(crate) fn reference<T: ToSchema>(components: &mut Components) -> Value {
    let name = T::name().into_owned();
    if name == "Value" {
        return json!({});
    }
    if !components.schemas.contains_key(&name) {
        components.put(name.clone(), &T::schema());
        let mut used = Vec::new();
        T::schemas(&mut used);
        for (name, schema) in used {
            if !components.schemas.contains_key(&name) {
                components.put(name, &schema);
            }
        }
    }
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The names of the fields of a schema, as they are written.
pub(super) fn fields<T: PartialSchema>() -> Vec<String> {
    match T::schema() {
        RefOr::T(Schema::Object(object)) => object.properties.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

impl Components {
    /// Lets unknown fields pass.
    fn open(&mut self, reference: &Value) {
        let name = reference.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        let schema = name.and_then(|name| self.schemas.get_mut(name)).and_then(Value::as_object_mut);
        schema.and_then(|schema| schema.remove("additionalProperties"));
    }

    fn put(&mut self, name: String, schema: &RefOr<Schema>) {
        if let RefOr::T(Schema::Object(object)) = schema {
            self.fields.insert(name.clone(), object.properties.keys().cloned().collect());
        }
        let mut value = serde_json::to_value(schema).unwrap_or_default();
        if self.answered {
            demand_what_is_always_there(&name, &mut value);
        } else if let Some(object) = value.as_object_mut().filter(|object| object.contains_key("properties"))
        {
            // What nobody knows is refused.
            object.insert("additionalProperties".into(), false.into());
        }
        name_constants(&mut value);
        self.schemas.insert(name, value);
    }
}

/// Of an answer a field is left out only where it is not null either.
fn demand_what_is_always_there(name: &str, schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    let Some(Value::Object(properties)) = object.get("properties") else { return };
    let mut required: Vec<Value> =
        object.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let may_miss = |field: &str| LEFT_OUT.contains(&(name, field));
    let always = properties.iter().filter(|(field, property)| admits_null(property) && !may_miss(field));
    required.extend(always.map(|(field, _)| Value::from(field.as_str())));
    required.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    required.dedup();
    object.insert("required".into(), required.into());
}

fn admits_null(schema: &Value) -> bool {
    let Some(object) = schema.as_object() else { return false };
    let null = |value: &Value| value == "null";
    match object.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(null),
        Some(_) => false,
        None => match object.get("oneOf").and_then(Value::as_array) {
            Some(choices) => choices.iter().any(|choice| choice.get("type").is_some_and(null)),
            None => !object.contains_key("$ref"),
        },
    }
}

/// A pattern that only one word fits is that word.
fn name_constants(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let word = object.get("pattern").and_then(Value::as_str).and_then(only_word).map(str::to_owned);
            if let Some(word) = word {
                object.remove("pattern");
                object.insert("const".into(), word.into());
            }
            object.values_mut().for_each(name_constants);
        }
        Value::Array(list) => list.iter_mut().for_each(name_constants),
        _ => {}
    }
}

fn only_word(pattern: &str) -> Option<&str> {
    let word = pattern.strip_prefix('^')?.strip_suffix('$')?;
    word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_').then_some(word)
}

/// Describes all routes.
#[must_use]
pub fn document<S: Store>() -> Document {
    let mut components = Components::default();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in table::<S>() {
        let described = operation(&route, &mut components);
        paths.entry(route.path).or_default().insert(route.method.to_ascii_lowercase(), described);
    }
    components.answered = true;
    reference::<ErrorAnswer>(&mut components);
    reference::<OAuthErrorAnswer>(&mut components);
    let tags: Vec<Value> =
        Tag::ALL.iter().map(|tag| json!({ "name": tag.words().0, "description": tag.words().1 })).collect();
    let value = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lockstep",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": components.schemas,
            "responses": responses(),
            "securitySchemes": {
                "api_key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, as `lockstep key create` or the operator's configuration made it.",
                },
                "oauth_client": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The id and the secret of an OAuth client, where it does not sign assertions.",
                },
            },
        },
    });
    Document { value, fields: components.fields }
}

fn operation<S: Store>(route: &Route<S>, components: &mut Components) -> Value {
    let operation = route.operation;
    components.answered = false;
    let in_path = path_parameters(route.path);
    let again = route.may_come_again().then_some(&IDEMPOTENCY_KEY);
    let others = operation.all_parameters().chain(again).map(|known| parameter(known, components));
    let parameters: Vec<Value> = in_path.into_iter().chain(others.collect::<Vec<_>>()).collect();
    let body = operation.body.map(|body| {
        let schema = (body.schema)(components);
        // RFC 6749 §3.2 wants what is not known in a form to be passed over.
        if body.media_type != "application/json" {
            components.open(&schema);
        }
        let mut content = json!({ "schema": schema });
        put_example(&mut content, operation, "request");
        json!({ "required": true, "content": { body.media_type: content } })
    });
    components.answered = true;
    let mut answers = Map::new();
    answers.insert(operation.answer.status.to_string(), answer(operation, components));
    for status in errors_of(route) {
        if let Content::Text(media_type) = operation.answer.content {
            let content = json!({ media_type: { "schema": { "type": "string" } } });
            let told = json!({ "description": "A page that says so.", "content": content });
            answers.insert(status.to_string(), told);
            continue;
        }
        let shape = if operation.tag == Tag::OAuth { "OAuth" } else { "" };
        let named = format!("#/components/responses/{shape}{status}");
        answers.insert(status.to_string(), json!({ "$ref": named }));
    }
    let security = match route.access {
        Access::Open => json!([]),
        Access::ApiKey => json!([{ "api_key": [] }]),
        Access::OAuthClient => json!([{ "oauth_client": [] }, {}]),
    };
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag.words().0],
        "summary": operation.summary,
        "parameters": parameters,
        "responses": answers,
        "security": security,
    });
    if let Some(fields) = described.as_object_mut() {
        if !operation.about.is_empty() {
            fields.insert("description".into(), operation.about.into());
        }
        fields.extend(body.map(|body| ("requestBody".to_owned(), body)));
    }
    described
}

/// The parameters in the braces of a path. What each is follows from the segment before it.
fn path_parameters(path: &str) -> Vec<Value> {
    let segments: Vec<&str> = path.split('/').collect();
    let pairs = segments.windows(2).filter_map(|pair| match pair {
        [before, braced] => Some((*before, braced.strip_prefix('{')?.strip_suffix('}')?)),
        _ => None,
    });
    pairs
        .map(|(before, name)| {
            let about = match (before, name) {
                ("external_id", _) => "The organization's `external_id`.".to_owned(),
                (_, "slug") => "The contract.".to_owned(),
                (_, "urn") => "The URN of the schema, in any letter case.".to_owned(),
                _ => format!("The id of the {}.", singular(before)),
            };
            json!({
                "name": name, "in": "path", "required": true, "description": about,
                "schema": { "type": "string", "minLength": 1 },
            })
        })
        .collect()
}

fn singular(segment: &str) -> String {
    let words = segment.replace('_', " ").replace("oauth", "OAuth");
    match words.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => words.strip_suffix('s').unwrap_or(&words).to_owned(),
    }
}

fn parameter(parameter: &Parameter, components: &mut Components) -> Value {
    let schema = (parameter.schema)(components);
    let schema = if parameter.many { json!({ "type": "array", "items": schema }) } else { schema };
    let mut described = json!({
        "name": parameter.name,
        "in": if parameter.is_header { "header" } else { "query" },
        "required": false,
        "description": parameter.about,
        "schema": schema,
    });
    // Clients send `after=` for the first part of a list.
    if let Some(fields) = described.as_object_mut().filter(|_| !parameter.is_header) {
        fields.insert("allowEmptyValue".into(), true.into());
    }
    described
}

fn answer(operation: &Operation, components: &mut Components) -> Value {
    let answer = &operation.answer;
    let schema = match answer.content {
        Content::Nothing => None,
        Content::Json(schema) => Some(("application/json", schema(components))),
        Content::List { of, with } => Some(("application/json", list(&of(components), with, components))),
        Content::Text(media_type) => Some((media_type, json!({ "type": "string" }))),
    };
    let mut described = json!({ "description": answer.about });
    if let (Some((media_type, schema)), Some(fields)) = (schema, described.as_object_mut()) {
        let mut content = json!({ "schema": schema });
        put_example(&mut content, operation, "answer");
        fields.insert("content".into(), json!({ media_type: content }));
    }
    described
}

fn list(of: &Value, with: &[(&str, super::Schema)], components: &mut Components) -> Value {
    let mut schema = json!({
        "type": "object",
        "required": ["object", "data", "list_metadata"],
        "properties": {
            "object": { "type": "string", "const": "list", "description": "Says what this is." },
            "data": { "type": "array", "items": of },
            "list_metadata": reference::<Cursors>(components),
        },
    });
    for (name, further) in with {
        let further = further(components);
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.insert((*name).to_owned(), further);
        }
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.push((*name).into());
        }
    }
    schema
}

fn put_example(content: &mut Value, operation: &Operation, part: &str) {
    let example = EXAMPLES.get(operation.id).and_then(|example| example.get(part));
    if let (Some(example), Some(content)) = (example, content.as_object_mut()) {
        content.insert("example".into(), example.clone());
    }
}

/// The statuses with which an operation may fail.
pub(crate) fn errors_of<S: Store>(route: &Route<S>) -> Vec<u16> {
    let operation = route.operation;
    let mut errors = match route.access {
        Access::Open => Vec::new(),
        // A credential that cannot be read, none, one that may not; a parameter that nobody knows.
        Access::ApiKey => vec![400, 401, 403, 422, 500, 503],
        Access::OAuthClient => vec![400, 401, 429, 500, 503],
    };
    if operation.body.is_some() {
        errors.extend([400, 408, 413, 415]);
    }
    if route.may_come_again() {
        // With an `Idempotency-Key` the body is read first, and an answer may be lost with the key that sealed it.
        errors.extend([408, 409, 413, 415]);
    }
    errors.extend(operation.errors);
    errors.sort_unstable();
    errors.dedup();
    errors
}

/// Every failure, in the shape of the API and in that of OAuth.
fn responses() -> Value {
    let known = [
        (400, "The request cannot be read."),
        (401, "There is no valid credential."),
        (403, "The credential is known and may not do this."),
        (404, "There is none, or it is another's."),
        (408, "The body did not arrive in time."),
        (409, "Something stands against it."),
        (413, "The body is too large."),
        (415, "The body is not of a type that is understood."),
        (422, "A field or a parameter is wrong, or unknown: `errors` names each."),
        (429, "Too many requests: `Retry-After` says in how many seconds to try again."),
        (500, "A fault of the server: the message has the request's id."),
        (503, "The server cannot serve now: `Retry-After` says in how many seconds to try again."),
    ];
    let shapes = [("", "ErrorAnswer"), ("OAuth", "OAuthErrorAnswer")];
    let all = shapes.into_iter().flat_map(|(prefix, schema)| {
        let reference = format!("#/components/schemas/{schema}");
        known.into_iter().map(move |(status, about)| {
            let content = json!({ "application/json": { "schema": { "$ref": reference } } });
            (format!("{prefix}{status}"), json!({ "description": about, "content": content }))
        })
    });
    Value::Object(all.collect())
}
