//! Who may ask, and for what: bearer tokens, their ends, their scopes, and what is never kept.

use axum::body::{Body, Bytes};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use lockstep_server::limits::TOKENS_LIMIT;
use lockstep_server::state::{Secrets, SystemSecrets, TOKEN_PREFIX, secret_text};
use lockstep_store::Store;
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::refusal;

const MINUTE: i64 = 60_000_000;

/// The IdP with another token of its directory.
async fn with_new_token<S: Store>(app: &TestApp<S>, idp: &ScimClient, body: Value) -> ScimClient {
    let path = format!("/directories/{}/tokens", idp.directory);
    let made = app.api("POST", &path, body).await.expect(201);
    idp.with_token(made["bearer_token"].as_str().unwrap())
}

fn request(method: &str, path: &str, credentials: &[&str]) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    credentials
        .iter()
        .fold(request, |request, credential| request.header("authorization", *credential))
        .body(Body::empty())
        .unwrap()
}

// Shows: ERR-06, ERR-07, AUTH-06
#[tokio::test]
async fn each_wrong_credential_is_challenged_with_what_is_wrong() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let plain = "Bearer realm=\"lockstep\"";
    let invalid = "Bearer realm=\"lockstep\", error=\"invalid_token\"";
    let malformed = "Bearer realm=\"lockstep\", error=\"invalid_request\"";
    let right = format!("Bearer {}", idp.token);
    let long = format!("Bearer {}", "x".repeat(100_000));
    let cases: &[(&[&str], u16, &str)] = &[
        (&[], 401, plain),
        (&["Basic dXNlcjpwYXNz"], 401, invalid),
        (&["Basic dXNlcg=="], 401, plain),
        (&["Digest username=\"x\""], 401, plain),
        (&["Bearer wrong"], 401, invalid),
        (&["wrong"], 401, invalid),
        (&["Bearer two words"], 401, invalid),
        (&[&right, &right], 400, malformed),
        (&["Basic dXNlcjpwYXNz", &right], 400, malformed),
        (&[&long], 401, invalid),
    ];
    for (credentials, status, challenge) in cases {
        for method in ["GET", "POST", "DELETE"] {
            let answer = app.send(request(method, &format!("{}/Users", idp.base), credentials)).await;
            assert_eq!(refusal(&answer), (*status, None), "{credentials:?}");
            assert_eq!(answer.header("www-authenticate"), Some(*challenge), "{credentials:?}");
            assert_eq!(answer.header("content-type"), Some("application/scim+json"));
            assert_eq!(answer.body["status"], status.to_string());
        }
        let answer = app.send(request("GET", "/events", credentials)).await;
        // The API knows one form only.
        let other_form = [["wrong"].as_slice(), &["Basic dXNlcjpwYXNz"]].contains(credentials);
        let api = if other_form { plain } else { *challenge };
        assert_eq!((answer.status, answer.header("www-authenticate")), (*status, Some(api)));
    }
    app.finish().await;
}

// Shows: AUTH-10
#[tokio::test]
async fn nobody_is_created_without_a_credential() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let body = Body::from(json!({ "userName": "one@acme.test" }).to_string());
    let path = format!("{}/Users", idp.base);
    assert_eq!(app.send(Request::post(path).body(body).unwrap()).await.status, 401);
    assert!(app.events("events=dsync.user.created").await.is_empty());
    app.finish().await;
}

// Shows: AUTH-02, AUTH-03, ERR-07
#[tokio::test]
async fn each_scope_takes_away_what_its_name_says_and_the_body_is_not_read_for_it() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    // What is asked for does not exist, and bodies are broken: what is allowed gets further, and what is not does not.
    let nobody = |root: &str| format!("{root}/nobody");
    let requests = [
        ("r", "u", "GET", "/Users".to_owned()),
        ("r", "u", "GET", nobody("/Users")),
        ("r", "u", "POST", "/Users/.search".to_owned()),
        ("w", "u", "POST", "/Users".to_owned()),
        ("w", "u", "PUT", nobody("/Users")),
        ("w", "u", "PATCH", nobody("/Users")),
        ("d", "u", "DELETE", nobody("/Users")),
        ("r", "g", "GET", "/Groups".to_owned()),
        ("r", "g", "GET", nobody("/Groups")),
        ("r", "g", "POST", "/Groups/.search".to_owned()),
        ("w", "g", "POST", "/Groups".to_owned()),
        ("w", "g", "PUT", nobody("/Groups")),
        ("w", "g", "PATCH", nobody("/Groups")),
        ("d", "g", "DELETE", nobody("/Groups")),
        // What everybody may ask.
        ("", "", "GET", "/ServiceProviderConfig".to_owned()),
        ("", "", "GET", "/ResourceTypes".to_owned()),
        ("", "", "GET", "/Schemas".to_owned()),
        ("", "", "GET", "/".to_owned()),
    ];
    let cases = [
        (json!([]), "rwd", "ug"),
        (json!(["read"]), "r", "ug"),
        (json!(["no-delete"]), "rw", "ug"),
        (json!(["users"]), "rwd", "u"),
        (json!(["groups"]), "rwd", "g"),
        (json!(["users", "groups"]), "rwd", "ug"),
        (json!(["read", "users"]), "r", "u"),
        (json!(["groups", "no-delete"]), "rw", "g"),
    ];
    for (scopes, access, kinds) in cases {
        let caller = with_new_token(&app, &idp, json!({ "scopes": scopes })).await;
        for (does, to, method, path) in &requests {
            let body = Body::from(if *method == "GET" { "" } else { "{ broken" });
            let request = Request::builder()
                .method(*method)
                .uri(format!("{}{path}", idp.base))
                .header("authorization", format!("Bearer {}", caller.token))
                .header("content-type", "application/scim+json");
            let answer = app.send(request.body(body).unwrap()).await;
            let allowed = access.contains(does) && kinds.contains(to);
            assert_eq!(answer.status == 403, !allowed, "{scopes} {}: {}", answer.asked, answer.text);
            if allowed {
                assert_ne!(answer.status, 401, "{scopes} {}", answer.asked);
                continue;
            }
            assert_eq!(
                answer.header("www-authenticate"),
                Some("Bearer realm=\"lockstep\", error=\"insufficient_scope\"")
            );
            assert_eq!(refusal(&answer), (403, None));
            assert!(answer.body["detail"].as_str().unwrap().contains("this token"), "{}", answer.text);
        }
    }
    assert!(app.events("").await.iter().all(|event| event["event"] == "dsync.activated"));
    app.finish().await;
}

// Shows: AUTH-03
#[tokio::test]
async fn a_token_that_may_not_delete_may_still_deactivate() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let caller = with_new_token(&app, &idp, json!({ "scopes": ["no-delete"] })).await;
    let user = caller.user("one@acme.test").await;
    let group = caller.group("Staff", &[&user]).await;
    let deactivate = json!({ "op": "replace", "path": "active", "value": false });
    caller.patch(&format!("/Users/{user}"), deactivate).await.expect(200);
    caller.patch(&format!("/Groups/{group}"), json!({ "op": "remove", "path": "members" })).await;
    assert_eq!(caller.scim("DELETE", &format!("/Users/{user}"), Value::Null).await.status, 403);
    assert_eq!(caller.scim("DELETE", &format!("/Groups/{group}"), Value::Null).await.status, 403);
    idp.scim("GET", &format!("/Users/{user}"), Value::Null).await.expect(200);
    app.finish().await;
}

// Shows: AUTH-03
#[tokio::test]
async fn each_operation_of_a_bulk_needs_the_scope_that_its_request_would() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@acme.test").await;
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "a", "data": { "userName": "two@acme.test" } },
            { "method": "POST", "path": "/Groups", "bulkId": "b", "data": { "displayName": "Staff" } },
            { "method": "DELETE", "path": format!("/Users/{user}") },
        ],
    });
    let cases =
        [(json!(["read"]), ["403", "403", "403"]), (json!(["users", "no-delete"]), ["201", "403", "403"])];
    for (scopes, expected) in cases {
        let caller = with_new_token(&app, &idp, json!({ "scopes": scopes })).await;
        let answer = caller.scim("POST", "/Bulk", bulk.clone()).await.expect(200);
        let statuses: Vec<&Value> =
            answer["Operations"].as_array().unwrap().iter().map(|outcome| &outcome["status"]).collect();
        assert_eq!(statuses, expected, "{scopes}: {answer}");
    }
    idp.scim("GET", &format!("/Users/{user}"), Value::Null).await.expect(200);
    app.finish().await;
}

// Shows: AUTH-04
#[tokio::test]
async fn a_token_is_refused_from_its_end_on_though_it_is_remembered() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let caller = with_new_token(&app, &idp, json!({ "expires_at": "2026-11-21T12:10:00Z" })).await;
    let epoch = app.state.store.epoch();
    caller.scim("GET", "/Users", Value::Null).await.expect(200);
    app.clock.advance(9 * MINUTE);
    caller.scim("GET", "/Users", Value::Null).await.expect(200);
    app.clock.advance(MINUTE);
    let answer = caller.scim("GET", "/Users", Value::Null).await;
    assert_eq!(refusal(&answer), (401, None));
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    assert_eq!(app.state.store.epoch(), epoch, "nothing was written for it");
    // It is told as one that never was.
    let unknown = idp.with_token("wrong").scim("GET", "/Users", Value::Null).await;
    assert_eq!((&answer.text, Some(challenge)), (&unknown.text, unknown.header("www-authenticate")));
    idp.scim("GET", "/Users", Value::Null).await.expect(200);
    app.finish().await;
}

// Shows: AUTH-04
#[tokio::test]
async fn a_body_that_is_on_its_way_does_not_outlive_the_revocation_of_its_token() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let (started, begun) = oneshot::channel();
    let (go, gone) = oneshot::channel::<()>();
    let body = async move {
        // The body is asked for, so the credential was checked.
        started.send(()).unwrap();
        gone.await.unwrap();
        Ok::<_, std::io::Error>(Bytes::from_static(b"{\"userName\":\"late@acme.test\"}"))
    };
    let request = Request::post(format!("{}/Users", idp.base))
        .header("authorization", format!("Bearer {}", idp.token))
        .header("content-type", "application/scim+json")
        .body(Body::from_stream(futures_util::stream::once(body)))
        .unwrap();
    let tokens = format!("/directories/{}/tokens", idp.directory);
    let revoke = async {
        begun.await.unwrap();
        let id = app.read(&tokens).await["data"][0]["id"].as_str().unwrap().to_owned();
        app.api("DELETE", &format!("{tokens}/{id}"), Value::Null).await.expect(204);
        go.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(app.send(request), revoke);
    assert_eq!(refusal(&answer), (401, None));
    assert!(app.events("events=dsync.user.created").await.is_empty());
    app.finish().await;
}

// Shows: AUTH-04
#[test]
fn a_token_is_256_bits_of_the_systems_randomness() {
    let secrets = SystemSecrets::default();
    let drawn: std::collections::BTreeSet<[u8; 32]> = (0..1_000).filter_map(|_| secrets.draw()).collect();
    assert_eq!(drawn.len(), 1_000);
    // No bit stands still, and no position of the text holds less than it could.
    for byte in 0..32 {
        let ones = drawn.iter().fold(0, |ones, secret| ones | secret[byte]);
        let zeros = drawn.iter().fold(0xff, |zeros, secret| zeros & secret[byte]);
        assert_eq!((ones, zeros), (0xff, 0), "byte {byte}");
    }
    let texts: std::collections::BTreeSet<String> =
        drawn.iter().map(|secret| secret_text(TOKEN_PREFIX, *secret)).collect();
    assert_eq!(texts.len(), 1_000);
    assert!(texts.iter().all(|text| text.len() == TOKEN_PREFIX.len() + 43));
}

// Shows: AUTH-04
#[tokio::test]
async fn a_token_is_kept_as_a_digest_only() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Sentinel organization").await;
    let second = with_new_token(&app, &idp, json!({ "name": "Sentinel token" })).await;
    second.user("one@acme.test").await;
    let kept = app.database();
    assert!(kept.contains("Sentinel organization") && kept.contains("Sentinel token"));
    for secret in [&idp.token, &second.token, &app.api_key] {
        assert!(!kept.contains(secret.as_str()));
    }
    app.finish().await;
}

// Shows: AUTH-05
#[tokio::test]
async fn a_token_in_the_url_is_refused_also_beside_a_right_header() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let header = format!("Bearer {}", idp.token);
    for path in ["/Users", "/ServiceProviderConfig", "/nothing"] {
        for name in ["access_token", "access%5Ftoken"] {
            let path = format!("{}{path}?count=1&{name}={}", idp.base, idp.token);
            for credentials in [&[] as &[&str], &[&header]] {
                let answer = app.send(request("GET", &path, credentials)).await;
                assert_eq!(refusal(&answer), (400, None), "{path}");
                assert!(answer.body["detail"].as_str().unwrap().contains("URL"), "{}", answer.text);
                assert!(!answer.text.contains(&idp.token));
            }
        }
    }
    // Neither in a form (RFC 6750 §2.2), nor as a cookie.
    let form = Request::post(format!("{}/Users", idp.base))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(format!("access_token={}", idp.token)));
    assert_eq!(app.send(form.unwrap()).await.status, 401);
    let cookie =
        Request::get(format!("{}/Users", idp.base)).header("cookie", format!("access_token={}", idp.token));
    assert_eq!(app.send(cookie.body(Body::empty()).unwrap()).await.status, 401);
    let answer = app.send(request("GET", &format!("/events?access_token={}", app.api_key), &[])).await;
    assert_eq!(answer.status, 401);
    app.finish().await;
}

// Shows: AUTH-11, AUTH-12, AUTH-13, AUTH-14
#[tokio::test]
async fn a_password_that_is_sent_is_in_no_row_event_or_answer() {
    let secrets = ["Secret-1", "Secret-2", "Secret-3", "Secret-4", "Secret-5"];
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    let body = |password: &str| json!({ "userName": "one@acme.test", "displayName": "Sentinel", "password": password });
    let mut answers = vec![idp.scim("POST", "/Users", body(secrets[0])).await];
    let user = answers[0].body["id"].as_str().unwrap().to_owned();
    let path = format!("/Users/{user}");
    answers.push(idp.scim("PUT", &path, body(secrets[1])).await);
    for operation in [
        json!({ "op": "replace", "path": "password", "value": secrets[2] }),
        json!({ "op": "replace", "value": { "password": secrets[3], "title": "Sentinel title" } }),
        json!({ "op": "add", "path": format!("{core}:password"), "value": secrets[4] }),
    ] {
        answers.push(idp.patch(&path, operation).await);
    }
    answers.push(idp.scim("GET", &format!("{path}?attributes=password,title"), Value::Null).await);
    answers.push(app.api("GET", &format!("/directory_users/{user}"), Value::Null).await);
    answers.push(app.api("GET", "/events?limit=100", Value::Null).await);
    for answer in &answers {
        assert!(answer.status < 300, "{}: {}", answer.asked, answer.text);
        assert!(!answer.text.contains("Secret-"), "{}: {}", answer.asked, answer.text);
        assert!(!answer.text.to_lowercase().contains("password"), "{}: {}", answer.asked, answer.text);
    }
    let kept = app.database();
    assert!(kept.contains("Sentinel title"));
    assert!(!kept.contains("Secret-"));
    app.finish().await;
}

#[tokio::test]
async fn as_many_tokens_live_side_by_side_as_may() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    for _ in 1..TOKENS_LIMIT {
        let next = with_new_token(&app, &idp, json!({})).await;
        next.scim("GET", "/Users", Value::Null).await.expect(200);
    }
    idp.scim("GET", "/Users", Value::Null).await.expect(200);
    app.finish().await;
}

/// The forms in which administrators' forms and some IdPs send the one secret.
#[tokio::test]
async fn a_token_is_known_in_the_forms_that_its_directorys_contract_takes() {
    let app = TestApp::start().await;
    for (slug, bare, basic) in
        [("generic", 200, 200), ("okta", 200, 200), ("entra", 200, 401), ("strict_rfc", 401, 401)]
    {
        let organization = app.organization(slug).await;
        let idp = app.directory_of(&organization, slug).await;
        let path = format!("{}/Users", idp.base);
        let pair = |pair: String| format!("Basic {}", STANDARD.encode(pair));
        for (credential, status) in [
            (format!("bearer {}", idp.token), 200),
            (idp.token.clone(), bare),
            (pair(format!("anybody:{}", idp.token)), basic),
            (pair("anybody:wrong".to_owned()), 401),
            (pair(format!("{}:", idp.token)), 401),
            ("non-token".to_owned(), 401),
            (format!("Bearer Bearer {}", idp.token), 401),
            ("Bearer Bearer wrong".to_owned(), 401),
            (format!("Digest {}", idp.token), 401),
        ] {
            let answer = app.send(request("GET", &path, &[&credential])).await;
            assert_eq!(answer.status, status, "{slug}: {}", answer.text);
            if status == 401 {
                assert_eq!(refusal(&answer), (401, None));
                assert!(!answer.body["detail"].as_str().unwrap().is_empty());
                assert!(!answer.text.contains(&idp.token), "{}", answer.text);
            }
            if credential.starts_with("Bearer Bearer") {
                assert!(answer.body["detail"].as_str().unwrap().contains("twice"), "{}", answer.text);
            }
        }
    }
    // A connection by bearer token alone.
    let idp = app.tenant("Bearer").await;
    let settings = json!({ "settings": { "bare_tokens": false, "basic_credentials": false } });
    app.api("PUT", &format!("/directories/{}", idp.directory), settings).await.expect(200);
    let basic = format!("Basic {}", STANDARD.encode(format!("anybody:{}", idp.token)));
    for credential in [&idp.token, &basic] {
        let answer = app.send(request("GET", &format!("{}/Users", idp.base), &[credential])).await;
        assert_eq!(refusal(&answer), (401, None));
    }
    idp.scim("GET", "/Users", Value::Null).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_token_is_known_in_the_header_that_its_directory_names() {
    let app = TestApp::start_on_sqlite().await;
    let (idp, other) = (app.tenant("Acme").await, app.tenant("Other").await);
    let path = format!("/directories/{}", idp.directory);
    let ask = |directory: &ScimClient, headers: &[(&str, String)]| {
        let mut request = Request::get(format!("{}/Users", directory.base));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        app.send(request.body(Body::empty()).unwrap())
    };
    let key = |token: &str| ("x-api-key", token.to_owned());
    assert_eq!(app.read(&path).await["credential_header"], "authorization");
    assert_eq!(ask(&idp, &[key(&idp.token)]).await.status, 401, "not before it is named");
    let named = app.api("PUT", &path, json!({ "credential_header": "X-Api-Key" })).await.expect(200);
    assert_eq!(named["credential_header"], "x-api-key");

    assert_eq!(ask(&idp, &[key(&idp.token)]).await.status, 200);
    assert_eq!(ask(&idp, &[key(&format!("Bearer {}", idp.token))]).await.status, 200);
    assert_eq!(ask(&idp, &[("authorization", format!("Bearer {}", idp.token))]).await.status, 200);
    for (directory, headers, status) in [
        (&idp, vec![key("wrong")], 401),
        (&idp, vec![key("")], 401),
        (&idp, vec![], 401),
        (&idp, vec![("x-other-key", idp.token.clone())], 401),
        (&idp, vec![key(&idp.token), key(&idp.token)], 400),
        // `Authorization` goes before any other header.
        (&idp, vec![key(&idp.token), ("authorization", "Bearer wrong".to_owned())], 401),
        // Another directory's token, and a header that another directory names.
        (&idp, vec![key(&other.token)], 404),
        (&other, vec![key(&other.token)], 401),
    ] {
        let answer = ask(directory, &headers).await;
        assert_eq!(refusal(&answer), (status, None), "{headers:?}: {}", answer.text);
        assert!(!answer.text.contains(&idp.token));
    }
    for wrong in [json!("Cookie"), json!("X Api Key"), json!("content-type"), json!(""), json!(1)] {
        let answer = app.api("PUT", &path, json!({ "credential_header": wrong })).await;
        assert_eq!(
            answer.problem(),
            (422, "invalid_request_parameters", Some("credential_header")),
            "{wrong}"
        );
    }
    let left = app.api("PUT", &path, json!({ "credential_header": null })).await.expect(200);
    assert_eq!(left["credential_header"], "authorization");
    assert_eq!(ask(&idp, &[key(&idp.token)]).await.status, 401);
    app.finish().await;
}
