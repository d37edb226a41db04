//! Every answer that a test sees is held against the description of the API: that its status is declared, that its body
//! has the declared type and fits its schema, and that it has no field besides. What was sent and taken is held against
//! it as well.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use http::{Method, Uri};
use jsonschema::Validator;
use lockstep_server::openapi::document::document;
use lockstep_store::memory::Memory;
use serde_json::{Value, json};

use crate::answer::Answer;

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| {
    let mut value = document::<Memory>().value;
    close(value.get_mut("components").expect("components"));
    close(value.get_mut("paths").expect("paths"));
    Description { value, validators: Mutex::default() }
});

struct Description {
    value: Value,
    /// By the pointer to their schemas.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// What is wrong with an answer of the API, or with what it took; nothing below `/scim`, which is described elsewhere.
pub fn faults(method: &Method, uri: &Uri, sent: Option<&[u8]>, answer: &Answer) -> Vec<String> {
    let path = uri.path();
    if path == "/scim" || path.starts_with("/scim/") {
        return Vec::new();
    }
    let shape = if path.starts_with("/oauth2") { "OAuthErrorAnswer" } else { "ErrorAnswer" };
    let shape = format!("/components/schemas/{shape}");
    let Some((template, described)) = DESCRIPTION.path(path) else {
        return DESCRIPTION.error(&shape, 404, answer);
    };
    let asked = if method == Method::HEAD { &Method::GET } else { method };
    let name = asked.as_str().to_ascii_lowercase();
    let Some(operation) = described.get(&name) else {
        return DESCRIPTION.error(&shape, 405, answer);
    };
    let pointer = format!("/paths/{}/{name}", template.replace('~', "~0").replace('/', "~1"));
    let mut faults = DESCRIPTION.answer(operation, &pointer, method, answer);
    if answer.status < 300 {
        faults.extend(DESCRIPTION.taken(operation, &pointer, uri, sent));
    }
    faults
}

impl Description {
    /// The path that is meant: where several fit, the one that says most.
    fn path(&self, path: &str) -> Option<(&str, &Value)> {
        let paths = self.value.get("paths").and_then(Value::as_object).expect("paths");
        let fits = |template: &str| {
            let (wanted, given): (Vec<&str>, Vec<&str>) =
                (template.split('/').collect(), path.split('/').collect());
            wanted.len() == given.len()
                && wanted
                    .iter()
                    .zip(&given)
                    .all(|(wanted, given)| wanted == given || (wanted.starts_with('{') && !given.is_empty()))
        };
        let fitting = paths.iter().filter(|(template, _)| fits(template));
        let fitting = fitting.min_by_key(|(template, _)| template.matches('{').count());
        fitting.map(|(template, described)| (template.as_str(), described))
    }

    fn answer(&self, operation: &Value, pointer: &str, method: &Method, answer: &Answer) -> Vec<String> {
        let status = answer.status.to_string();
        let Some(mut response) = operation.pointer(&format!("/responses/{status}")) else {
            return vec![format!("the status {status} is not declared")];
        };
        let mut pointer = format!("{pointer}/responses/{status}");
        if let Some(Value::String(reference)) = response.get("$ref") {
            reference.trim_start_matches('#').clone_into(&mut pointer);
            response = self.value.pointer(&pointer).expect("a reference leads somewhere");
        }
        let content = response.get("content").and_then(Value::as_object);
        let said = answer.header("content-type").and_then(|said| said.split(';').next());
        let Some(content) = content else {
            return if answer.text.is_empty() { Vec::new() } else { vec!["there is a body".to_owned()] };
        };
        if method == Method::HEAD {
            return Vec::new();
        }
        let Some(media) = content.keys().find(|media| Some(media.as_str()) == said) else {
            return vec![format!("the type {said:?} is not declared")];
        };
        if media != "application/json" {
            return Vec::new();
        }
        self.errors(&format!("{pointer}/content/application~1json/schema"), &answer.body)
    }

    fn error(&self, pointer: &str, status: u16, answer: &Answer) -> Vec<String> {
        let mut faults = self.errors(pointer, &answer.body);
        if answer.status != status {
            faults.push(format!("nothing is described here, so {status} was expected"));
        }
        faults
    }

    /// What was taken must be what is described.
    fn taken(&self, operation: &Value, pointer: &str, uri: &Uri, sent: Option<&[u8]>) -> Vec<String> {
        let mut faults = Vec::new();
        let declared: Vec<&str> = operation
            .get("parameters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter(|parameter| parameter.get("in").is_some_and(|place| place == "query"))
            .filter_map(|parameter| parameter.get("name")?.as_str())
            .collect();
        for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split(['=', '[', '%']).next().unwrap_or_default();
            if operation.get("security") != Some(&json!([])) && !declared.contains(&name) {
                faults.push(format!("the parameter {name} was taken and is not described"));
            }
        }
        let content = operation.pointer("/requestBody/content/application~1json");
        if let (Some(_), Some(sent)) = (content, sent) {
            let sent = serde_json::from_slice(sent).unwrap_or_default();
            let pointer = format!("{pointer}/requestBody/content/application~1json/schema");
            let found = self.errors(&pointer, &sent);
            faults.extend(
                found.into_iter().map(|fault| format!("a body was taken that is not as described: {fault}")),
            );
        }
        faults
    }

    fn errors(&self, pointer: &str, value: &Value) -> Vec<String> {
        let validator = self.validator(pointer);
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    fn validator(&self, pointer: &str) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = validators.entry(pointer.to_owned()).or_insert_with(|| {
            let mut schema = self.value.pointer(pointer).expect("a schema stands there").clone();
            let fields = schema.as_object_mut().expect("a schema is an object");
            fields.insert("components".into(), self.value.get("components").expect("components").clone());
            Arc::new(
                jsonschema::draft202012::options()
                    .should_validate_formats(true)
                    .build(&schema)
                    .expect("a schema"),
            )
        });
        validator.clone()
    }
}

/// Lets no field pass that is not described. Objects that may hold anything have no fields described.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.get("properties").is_some_and(Value::is_object)
                && object.get("type").is_some_and(|kind| kind == "object")
            {
                object.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            object.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}
