//! What is the same for every request: its id, the shape of a failure, the bounds.

use axum::body::Body;
use http::Request;
use lockstep_server::routes;
use lockstep_store::memory::Memory;
use lockstep_testkit::TestApp;
use serde_json::{Value, json};

#[tokio::test]
async fn health_is_told_to_anybody() {
    let app = TestApp::start().await;
    for path in ["/health/live", "/health/ready"] {
        let answer = app.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.expect(200), json!({ "status": "ok" }), "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let app = TestApp::start().await;
    let mut ids = std::collections::BTreeSet::new();
    for path in ["/health/live", "/events", "/nothing", "/scim/v2/directory_x/Users"] {
        let answer = app.api("GET", path, Value::Null).await;
        ids.insert(answer.header("x-request-id").expect("an id").to_owned());
    }
    assert_eq!(ids.len(), 4);
    app.finish().await;
}

#[tokio::test]
async fn a_failure_has_the_shape_of_its_surface() {
    let app = TestApp::start().await;
    let api = app.api("GET", "/nothing", Value::Null).await;
    assert_eq!(api.header("content-type"), Some("application/json"));
    assert_eq!(api.problem(), (404, "not_found", None));
    assert_eq!(api.body["errors"], json!([]));

    let scim = app.api("GET", "/scim/v3/nothing", Value::Null).await;
    assert_eq!(scim.header("content-type"), Some("application/scim+json"));
    assert_eq!((scim.status, &scim.body["status"]), (404, &json!("404")));
    assert_eq!(scim.body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
    app.finish().await;
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = TestApp::start().await;
    let answer = app.api("PATCH", "/directories", Value::Null).await;
    assert_eq!(answer.problem(), (405, "method_not_allowed", None));
    let allow = answer.header("allow").unwrap();
    assert!(allow.contains("GET") && allow.contains("POST") && !allow.contains("DELETE"), "{allow}");
    app.finish().await;
}

#[tokio::test]
async fn a_body_has_a_bound_and_a_type() {
    let app = TestApp::start().await;
    let post = |content_type: &str, body: Body| {
        Request::post("/organizations")
            .header("authorization", format!("Bearer {}", app.api_key))
            .header("content-type", content_type)
            .body(body)
            .unwrap()
    };
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(1024 * 1024));
    let answer = app.send(post("application/json", Body::from(large))).await;
    assert_eq!(answer.problem(), (413, "payload_too_large", None));
    let answer = app.send(post("text/csv", Body::from("name"))).await;
    assert_eq!(answer.problem(), (415, "unsupported_media_type", None));
    for broken in ["", "{", "[]", "{\"name\":\"a\",\"name\":\"b\"}", "{\"name\":\"a\"} x"] {
        let answer = app.send(post("application/json; charset=utf-8", Body::from(broken))).await;
        assert_eq!(answer.problem(), (400, "bad_request", None), "{broken}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_path_that_is_no_text_names_nothing_in_the_shape_of_any_other_failure() {
    let app = TestApp::start().await;
    for route in routes::table::<Memory>() {
        if !route.path.contains('{') || route.path.starts_with("/idp") {
            continue;
        }
        let path: Vec<&str> =
            route.path.split('/').map(|part| if part.starts_with('{') { "%FF%C3(" } else { part }).collect();
        let path = path.join("/");
        let body = if matches!(route.method, "POST" | "PUT") { json!({}) } else { Value::Null };
        let answer = app.api(route.method, &path, body).await;
        assert_eq!(answer.problem(), (404, "not_found", None), "{} {path}", route.method);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{} {path}", route.method);
    }
    let page = app.send(Request::get("/idp/%FF").body(Body::empty()).unwrap()).await;
    assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")));
    app.finish().await;
}
