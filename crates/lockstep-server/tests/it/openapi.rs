//! The description of the API: that it is the code's, that it is whole, and that what it shows is what happens.

mod examples;

use std::fs;
use std::path::{Path, PathBuf};

use axum::body::Body;
use http::Request;
use lockstep_server::openapi::document::document;
use lockstep_server::routes;
use lockstep_store::memory::Memory;
use lockstep_testkit::{Answer, TestApp};
use serde_json::{Map, Value, json};

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/api")
}

/// Fails where the file was not what it must be, which it is then.
fn written(path: &Path, text: &str) {
    let was = fs::read_to_string(path).unwrap_or_default();
    if was != text {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    assert!(was == text, "{} is written anew: look at it and commit it", path.display());
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
    });
    each.collect()
}

async fn anonymous(app: &TestApp, method: &str, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    app.send(request.body(Body::empty()).unwrap()).await
}

#[test]
fn the_description_in_docs_is_what_the_code_says() {
    written(&docs().join("openapi.json"), &format!("{:#}\n", document::<Memory>().value));
}

#[tokio::test]
async fn what_is_described_is_there_and_what_is_there_is_described() {
    let app = TestApp::start().await;
    let document = document::<Memory>().value;
    let described = operations(&document);
    for (method, path, operation) in &described {
        let answer = anonymous(&app, method, path).await;
        let expected =
            if operation["security"][0].get("api_key").is_some() { [401, 401] } else { [200, 404] };
        let guarded = operation["security"] != json!([]);
        assert!(
            expected.contains(&answer.status) || (guarded && answer.status == 400),
            "{method} {path}: {}",
            answer.status
        );
        assert_ne!(answer.body["code"], "not_found", "{method} {path}");
    }
    // What an address knows by the router is what is described of it.
    for (_, path, _) in &described {
        let answer = anonymous(&app, "PATCH", path).await;
        assert_eq!(answer.status, 405, "PATCH {path}");
        let allowed = answer.header("allow").unwrap().split(',').filter(|method| *method != "HEAD");
        let mut allowed: Vec<&str> = allowed.map(str::trim).collect();
        let mut known: Vec<&str> = described
            .iter()
            .filter(|(_, other, _)| other == path)
            .map(|(method, _, _)| method.as_str())
            .collect();
        allowed.sort_unstable();
        known.sort_unstable();
        assert_eq!(allowed, known, "{path}");
    }
    assert_eq!(described.len(), routes::table::<Memory>().len());
    app.finish().await;
}

#[test]
fn every_operation_has_a_name_of_its_own_and_every_field_a_meaning() {
    let document = document::<Memory>().value;
    let mut names = std::collections::BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        assert!(names.insert(operation["operationId"].to_string()), "{method} {path}");
        assert!(
            operation["summary"].as_str().is_some_and(|summary| !summary.ends_with('.')),
            "{method} {path}"
        );
        for parameter in operation["parameters"].as_array().unwrap() {
            assert!(
                parameter["description"].as_str().is_some_and(|about| about.ends_with('.')),
                "{parameter}"
            );
        }
    }
    let has_meaning = |schema: &Value| {
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        choices.chain([schema]).any(|choice| choice["description"].is_string())
    };
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(has_meaning(schema), "{name}");
        for (field, property) in schema["properties"].as_object().unwrap_or(&Map::new()) {
            let of_words = schema["additionalProperties"] == json!(false) && schema.get("required").is_none();
            assert!(has_meaning(property) || of_words || name == "Settings", "{name}.{field}");
        }
    }
}

#[tokio::test]
async fn the_description_is_served_with_where_the_server_is() {
    let app = TestApp::start().await;
    let answer = anonymous(&app, "GET", "/openapi.json").await;
    let mut expected = document::<Memory>().value;
    expected["servers"] = json!([{ "url": "https://lockstep.test" }]);
    assert_eq!(answer.expect(200), expected);
    app.finish().await;
}

#[tokio::test]
async fn the_reference_shows_each_operation_and_each_schema_and_every_link_leads_somewhere() {
    let app = TestApp::start().await;
    let page = anonymous(&app, "GET", "/reference").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let html = page.text;
    let document = document::<Memory>().value;
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(html.contains(&format!("<h3 id=\"{id}\"><code>{method} {path}</code></h3>")), "{id}");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(html.contains(&format!("<h3 id=\"object-{name}\">")), "{name}");
    }
    for anchor in html.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(html.contains(&format!("id=\"{anchor}\"")), "#{anchor}");
    }
    for id in html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert_eq!(html.matches(&format!(" id=\"{id}\"")).count(), 1, "{id} twice");
    }
    assert!(!html.contains("<script") && !html.contains(" style=") && !html.contains("http://"), "{html}");
    // A style sheet and a link that are beside it.
    assert!(html.contains("href=\"idp/style.css\"") && html.contains("href=\"openapi.json\""));
    app.finish().await;
}

#[tokio::test]
async fn a_parameter_that_is_not_described_is_refused_everywhere() {
    let app = TestApp::start().await;
    for (method, path, operation) in operations(&document::<Memory>().value) {
        if operation["security"][0].get("api_key").is_none() {
            continue;
        }
        let answer = app.api(&method, &format!("{path}?organisation=x"), Value::Null).await;
        assert_eq!(
            answer.problem(),
            (422, "invalid_request_parameters", Some("organisation")),
            "{method} {path}"
        );
    }
    app.finish().await;
}
