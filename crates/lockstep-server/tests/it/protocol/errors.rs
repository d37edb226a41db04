//! Errors (RFC 7644 §3.12): one shape, whatever went wrong.

use axum::body::Body;
use http::Request;
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

use super::{USER, lenient_and_strict};

const SCIM: &str = "application/scim+json";
/// RFC 7644 Table 9 and RFC 9865 §3.
const WORDS: [&str; 13] = [
    "invalidFilter",
    "tooMany",
    "uniqueness",
    "mutability",
    "invalidSyntax",
    "invalidPath",
    "noTarget",
    "invalidValue",
    "invalidVers",
    "sensitive",
    "invalidCursor",
    "expiredCursor",
    "invalidCount",
];

/// Method, path, headers and body; status and scimType.
type Case<'a> = (&'a str, &'a str, Vec<(&'static str, &'a str)>, String, u16, Option<&'a str>);

// Shows: ERR-01, ERR-02, ERR-03, ERR-04, ERR-11
#[tokio::test]
async fn every_error_has_the_shape_and_the_type_of_scim() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let user = format!("/Users/{}", idp.user("one@example.com").await);
        let put = || json!({ "schemas": [USER], "userName": "one@example.com" }).to_string();
        let json = ("content-type", SCIM);
        let cases: Vec<Case<'_>> = vec![
            ("POST", "/Users", vec![json], put(), 409, Some("uniqueness")),
            ("POST", "/Users", vec![json], "{".into(), 400, Some("invalidSyntax")),
            ("POST", "/Users", vec![json], String::new(), 400, Some("invalidSyntax")),
            ("POST", "/Users", vec![json], "[]".into(), 400, Some("invalidSyntax")),
            ("POST", "/Users", vec![json], put().replace("one@example.com", ""), 400, Some("invalidValue")),
            ("POST", "/Users", vec![("content-type", "text/csv")], put(), 415, None),
            ("PUT", &user, vec![json, ("if-match", "\"0\"")], put(), 412, None),
            ("GET", &user, vec![("if-match", "\"0\"")], String::new(), 412, None),
            ("PATCH", &user, vec![json], "{}".into(), 400, Some("invalidSyntax")),
            ("GET", "/Users/nobody", vec![], String::new(), 404, None),
            ("DELETE", "/Groups/nobody", vec![], String::new(), 404, None),
            ("GET", "/Nothing", vec![], String::new(), 404, None),
            ("PUT", "/Users", vec![json], put(), 405, None),
            ("GET", "/Me", vec![], String::new(), 501, None),
            ("GET", "/Users?filter=userName", vec![], String::new(), 400, Some("invalidFilter")),
            ("GET", "/Users?startIndex=x", vec![], String::new(), 400, Some("invalidValue")),
            (
                "GET",
                "/Users?attributes=id&excludedAttributes=id",
                vec![],
                String::new(),
                400,
                Some("invalidValue"),
            ),
            ("GET", "/Schemas?filter=id%20pr", vec![], String::new(), 403, None),
        ];
        for (method, path, headers, body, status, scim_type) in cases {
            let answer = idp.scim_raw(&headers, method, path, body).await;
            let detail = answer.scim_error(status, scim_type);
            assert!(!detail.is_empty() && !detail.contains('\n'), "{method} {path}: {detail}");
            let mut names: Vec<&str> = answer.body.as_object().unwrap().keys().map(String::as_str).collect();
            names.retain(|name| !["schemas", "status", "scimType", "detail"].contains(name));
            assert!(names.is_empty(), "an error has no other members: {names:?}");
            assert!(scim_type.is_none_or(|word| WORDS.contains(&word)));
        }
        let stranger = idp.with_token("nobody").scim("GET", "/Users", Value::Null).await;
        stranger.scim_error(401, None);
    }
    app.finish().await;
}

// Shows: ERR-04
#[tokio::test]
async fn a_body_beyond_its_bound_is_413_however_it_is_sent() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let limit = app.state.limits.body_bytes;
    let large = format!("{{\"userName\":\"{}\"}}", "x".repeat(limit));
    let detail = idp.scim_raw(&[], "POST", "/Users", large.clone()).await.scim_error(413, None);
    assert!(detail.contains(&limit.to_string()), "{detail}");
    // In pieces, so that nobody knows beforehand.
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
        large.as_bytes().chunks(1024 * 1024).map(|piece| Ok(piece.to_vec())).collect();
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    idp.scim_raw(&[], "POST", "/Users", body).await.scim_error(413, None);
    // Announced, and not sent before it is asked for.
    let length = (limit + 1).to_string();
    let headers = [("content-length", length.as_str()), ("expect", "100-continue")];
    idp.scim_raw(&headers, "POST", "/Users", Body::empty()).await.scim_error(413, None);
    assert_eq!(idp.scim("GET", "/Users", Value::Null).await.expect(200)["totalResults"], 0);
    app.finish().await;
}

// Shows: ERR-06, ERR-11
#[tokio::test]
async fn who_is_not_known_is_told_how_to_make_oneself_known() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    for path in ["/Users", "/Nothing", "/Me", "/Users/x", "/Bulk"] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            for credential in [None, Some("Bearer wrong"), Some("Basic dXNlcjpwYXNz"), Some("Bearer")] {
                let mut request = Request::builder().method(method).uri(format!("{}{path}", idp.base));
                if let Some(credential) = credential {
                    request = request.header("authorization", credential);
                }
                let answer = app.send(request.body(Body::from("{")).unwrap()).await;
                answer.scim_error(401, None);
                let challenge = answer.header("www-authenticate").unwrap();
                assert!(challenge.starts_with("Bearer realm="), "{challenge}");
            }
        }
    }
    app.finish().await;
}

// Shows: ERR-14, ME-02
#[tokio::test]
async fn nothing_is_answered_by_sending_the_client_elsewhere() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let user = idp.user("one@example.com").await;
        for path in ["", "/", "/Users/", "//Users", "/users", "/v2/Users", "/Me", &format!("/Users/{user}/")]
        {
            for (method, body) in [("GET", Value::Null), ("POST", json!({})), ("PATCH", json!({}))] {
                let answer = idp.scim(method, path, body).await;
                assert!(!(300..400).contains(&answer.status), "{method} {path}: {}", answer.status);
            }
        }
    }
    app.finish().await;
}

/// A directory that the operator has paused.
async fn paused(app: &TestApp) -> ScimClient {
    let idp = app.tenant("Acme").await;
    let body = json!({ "state": "unlinked" });
    app.api("PUT", &format!("/directories/{}", idp.directory), body).await;
    idp
}

// Shows: ERR-04
#[tokio::test]
async fn who_is_known_and_may_not_is_403_with_the_reason() {
    let app = TestApp::start().await;
    let idp = paused(&app).await;
    for (method, path) in [("GET", "/Users"), ("DELETE", "/Users/x"), ("GET", "/Me")] {
        let detail = idp.scim(method, path, Value::Null).await.scim_error(403, None);
        assert!(detail.contains("paused"), "{detail}");
    }
    app.finish().await;
}
