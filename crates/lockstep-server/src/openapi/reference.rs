//! The description for those who read it: for programs at `/openapi.json`, for people at `/reference`, a page made of
//! the same description. Both hold nothing of any tenant.

use std::sync::OnceLock;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use lockstep_idp::page::Page;
use lockstep_idp::page::document::{Block, Item, Span, Text, text};
use lockstep_store::Store;
use serde_json::{Map, Value, json};

use super::document::{self, Document, EXAMPLES};
use super::{Operation, Tag};
use crate::pages;
use crate::state::AppState;

/// How [`document()`] is described.
pub(crate) const DOCUMENT: Operation =
    Operation::new("get_openapi", Tag::Server, "Read this description of the API, as OpenAPI 3.1")
        .answers::<Value>(200, "The description.");

/// How [`read`] is described.
pub(crate) const REFERENCE: Operation =
    Operation::new("get_reference", Tag::Server, "Read this description of the API, as a page for people")
        .shows("text/html", "A page for people.");

/// Both change with the program and not otherwise.
static DESCRIBED: OnceLock<Document> = OnceLock::new();
static PAGE: OnceLock<Page> = OnceLock::new();

/// `GET /openapi.json`. The server says where it is.
pub(crate) async fn document<S: Store>(State(state): State<AppState<S>>) -> Response {
    let mut described = DESCRIBED.get_or_init(document::document::<S>).value.clone();
    if let Some(fields) = described.as_object_mut() {
        fields.insert("servers".into(), json!([{ "url": state.public_url }]));
    }
    Json(described).into_response()
}

/// `GET /reference`.
pub(crate) async fn read<S: Store>() -> Response {
    let page = PAGE.get_or_init(|| page(DESCRIBED.get_or_init(document::document::<S>)));
    pages::shown(page)
}

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// The page: by subject each operation, and at the end each schema.
fn page(document: &Document) -> Page {
    let about = document.value.pointer("/info/description").and_then(Value::as_str).unwrap_or_default();
    let mut blocks: Vec<Block> = about.split("\n\n").map(|part| Block::Paragraph(text(part))).collect();
    blocks.push(Block::Paragraph(vec![
        Span::Plain("For programs: ".into()),
        Span::Link("openapi.json".into(), "openapi.json".into()),
        Span::Plain(" (OpenAPI 3.1). What each identity provider sends: ".into()),
        Span::Link("the pages about them".into(), "idp".into()),
        Span::Plain(".".into()),
    ]));
    let mut contents: Vec<Item> =
        Tag::ALL.iter().map(|tag| item(link(tag.words().0, tag.anchor()))).collect();
    contents.push(item(link("What is sent and answered", "objects")));
    blocks.push(Block::List(contents));
    for tag in Tag::ALL {
        let (name, about) = tag.words();
        let operations: Vec<(&str, &str, &Value)> = operations(document, name).collect();
        blocks.push(Block::Heading(tag.anchor(), name));
        blocks.push(Block::Paragraph(text(about)));
        let links = operations
            .iter()
            .map(|(_, _, operation)| item(link(word(operation, "summary"), word(operation, "operationId"))));
        blocks.push(Block::List(links.collect()));
        for (method, path, operation) in operations {
            describe(&mut blocks, document, method, path, operation);
        }
    }
    blocks.push(Block::Heading("objects", "What is sent and answered"));
    let schemas = document.value.pointer("/components/schemas").and_then(Value::as_object);
    for (name, schema) in schemas.into_iter().flatten() {
        blocks.push(Block::Subheading(anchor_of(name), vec![Span::Plain(name.clone())]));
        blocks.push(Block::Paragraph(text(word(schema, "description"))));
        if schema.get("enum").is_none() {
            let form = || Some(Block::Paragraph(form(schema)));
            blocks.extend(fields(document, name, schema).or_else(form));
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            let words = words.iter().filter_map(Value::as_str);
            blocks.push(Block::List(words.map(|word| item(vec![Span::Code(word.into())])).collect()));
        }
    }
    Page { slug: None, title: "The API of Lockstep".into(), blocks }
}

fn operations<'a>(
    document: &'a Document,
    tag: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
    let paths = document.value.get("paths").and_then(Value::as_object);
    let all = paths.into_iter().flatten().flat_map(|(path, methods)| {
        let each = METHODS.iter().filter_map(move |method| Some((*method, methods.get(*method)?)));
        each.map(move |(method, operation)| (method, path.as_str(), operation))
    });
    all.filter(move |(_, _, operation)| operation.pointer("/tags/0").is_some_and(|known| known == tag))
}

fn describe(blocks: &mut Vec<Block>, document: &Document, method: &str, path: &str, operation: &Value) {
    let id = word(operation, "operationId");
    let asked = format!("{} {path}", method.to_ascii_uppercase());
    blocks.push(Block::Subheading(id.to_owned(), vec![Span::Code(asked)]));
    let mut about = vec![Span::Strong(format!("{}.", word(operation, "summary")))];
    let further = word(operation, "description");
    if !further.is_empty() {
        about.push(Span::Plain(" ".into()));
        about.extend(text(further));
    }
    blocks.push(Block::Paragraph(about));
    let security = operation.get("security").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    blocks.push(Block::Paragraph(text(match security {
        [] => "Anybody may ask.",
        [first, ..] if first.get("api_key").is_some() => "Needs an API key.",
        _ => "Needs the proof of an OAuth client.",
    })));
    parameters(blocks, operation);
    if let Some(content) = operation.pointer("/requestBody/content").and_then(Value::as_object) {
        for (media_type, content) in content {
            let mut sent = vec![Span::Plain("Body: ".into())];
            sent.extend(form(content.get("schema").unwrap_or(&Value::Null)));
            sent.push(Span::Plain(format!(", as {media_type}.")));
            blocks.push(Block::Paragraph(sent));
            let schema = content.get("schema").unwrap_or(&Value::Null);
            let name = word(schema, "$ref").rsplit('/').next().unwrap_or_default();
            blocks.extend(fields(document, name, resolved(document, schema)));
        }
    }
    let example = EXAMPLES.get(id);
    blocks.push(Block::Listing(command(method, path, security.is_empty(), example)));
    answers(blocks, document, operation, example);
}

fn parameters(blocks: &mut Vec<Block>, operation: &Value) {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let rows: Vec<Vec<Text>> = parameters
        .into_iter()
        .flatten()
        .map(|parameter| {
            let schema = parameter.get("schema").unwrap_or(&Value::Null);
            let place = vec![Span::Plain(word(parameter, "in").to_owned())];
            let name = vec![Span::Code(word(parameter, "name").to_owned())];
            vec![name, place, form(schema), text(word(parameter, "description"))]
        })
        .collect();
    if !rows.is_empty() {
        blocks.push(Block::Table(&["parameter", "where", "what", "meaning"], rows));
    }
}

fn answers(blocks: &mut Vec<Block>, document: &Document, operation: &Value, example: Option<&Value>) {
    let all = operation.get("responses").and_then(Value::as_object);
    let rows = all.into_iter().flatten().map(|(status, answer)| {
        let answer = resolved(document, answer);
        let content = answer.get("content").and_then(Value::as_object);
        let schema =
            content.and_then(|content| content.values().next()).and_then(|content| content.get("schema"));
        let holds = schema.map_or_else(|| text("no body"), form);
        vec![vec![Span::Code(status.clone())], holds, text(word(answer, "description"))]
    });
    blocks.push(Block::Table(&["answer", "what", "meaning"], rows.collect()));
    if let Some(answer) = example.and_then(|example| example.get("answer")) {
        blocks.push(Block::Listing(format!("{answer:#}")));
    }
}

/// The fields of a schema, in the order in which they are written.
fn fields(document: &Document, name: &str, schema: &Value) -> Option<Block> {
    let properties = schema.get("properties")?.as_object()?;
    let required = schema.get("required").and_then(Value::as_array);
    let order = document.fields.get(name).cloned().unwrap_or_else(|| properties.keys().cloned().collect());
    let rows = order.iter().filter_map(|field| {
        let property = properties.get(field)?;
        let always = required.is_some_and(|required| required.iter().any(|known| known == field.as_str()));
        let mut what = form(property);
        if !always {
            what.push(Span::Plain(", may be left out".into()));
        }
        Some(vec![vec![Span::Code(field.clone())], what, text(described(property))])
    });
    Some(Block::Table(&["field", "what", "meaning"], rows.collect()))
}

/// What a field means; it may stand with one of the choices.
fn described(schema: &Value) -> &str {
    let choices = schema.get("oneOf").and_then(Value::as_array);
    let own = Some(word(schema, "description")).filter(|own| !own.is_empty());
    own.or_else(|| {
        choices.into_iter().flatten().map(|choice| word(choice, "description")).find(|it| !it.is_empty())
    })
    .unwrap_or_default()
}

/// What a schema lets pass, in words.
fn form(schema: &Value) -> Text {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return link(name, &anchor_of(name));
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        let mut words = Vec::new();
        for choice in choices {
            if !words.is_empty() {
                words.push(Span::Plain(" or ".into()));
            }
            words.extend(form(choice));
        }
        return words;
    }
    if let Some(items) = schema.pointer("/properties/data/items") {
        let mut words = vec![Span::Plain("a part of a list of ".into())];
        words.extend(form(items));
        return words;
    }
    if let Some(constant) = schema.get("const") {
        return vec![Span::Code(constant.to_string())];
    }
    if let Some(items) = schema.get("items") {
        let mut words = vec![Span::Plain("list of ".into())];
        words.extend(form(items));
        return words;
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec!["anything"],
    };
    let mut words = kinds.join(" or ");
    for (key, before, after) in [
        ("format", " (", ")"),
        ("minimum", ", from ", ""),
        ("maximum", ", to ", ""),
        ("default", ", without it ", ""),
        ("maxLength", ", to ", " characters"),
        ("pattern", " like ", ""),
    ] {
        if let Some(bound) = schema.get(key) {
            let bound = bound.as_str().map_or_else(|| bound.to_string(), str::to_owned);
            words.extend([before, &bound, after]);
        }
    }
    vec![Span::Plain(words)]
}

/// How to ask from a terminal.
fn command(method: &str, path: &str, open: bool, example: Option<&Value>) -> String {
    let path = example.and_then(|example| example.get("path")?.as_str()).unwrap_or(path);
    let method = method.to_ascii_uppercase();
    let mut lines = vec![match method.as_str() {
        "GET" => format!("curl \"$LOCKSTEP_URL{path}\""),
        _ => format!("curl -X {method} \"$LOCKSTEP_URL{path}\""),
    }];
    let sent = example.and_then(|example| example.get("request"));
    if path.starts_with("/oauth2") {
        lines.push("-u \"$CLIENT_ID:$CLIENT_SECRET\"".into());
        let fields: Vec<String> = sent
            .and_then(Value::as_object)
            .unwrap_or(&Map::new())
            .iter()
            .map(|(name, value)| format!("-d {name}={}", value.as_str().unwrap_or_default()))
            .collect();
        lines.extend(fields);
    } else {
        if !open {
            lines.push("-H \"Authorization: Bearer $LOCKSTEP_API_KEY\"".into());
        }
        if let Some(sent) = sent {
            lines.push("-H \"Content-Type: application/json\"".into());
            lines.push(format!("-d '{}'", format!("{sent:#}").replace('\'', "'\\''")));
        }
    }
    lines.join(" \\\n  ")
}

fn resolved<'a>(document: &'a Document, value: &'a Value) -> &'a Value {
    let reference = value.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
    reference.and_then(|pointer| document.value.pointer(pointer)).unwrap_or(value)
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn anchor_of(schema: &str) -> String {
    format!("object-{schema}")
}

fn link(words: &str, anchor: &str) -> Text {
    vec![Span::Here(words.to_owned(), anchor.to_owned())]
}

fn item(text: Text) -> Item {
    Item { anchor: None, text }
}
