//! Requests that come again, API keys and what becomes of an organization that is deleted.

use axum::body::Body;
use http::Request;
use lockstep_store::Store;
use lockstep_testkit::{Answer, TestApp};
use serde_json::{Value, json};

async fn post<S: Store>(app: &TestApp<S>, key: &str, path: &str, name: &str, body: &Value) -> Answer {
    let request = Request::post(path)
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .header("idempotency-key", name)
        .body(Body::from(body.to_string()))
        .unwrap();
    app.send(request).await
}

#[tokio::test]
async fn a_request_that_comes_again_gets_the_first_answer_and_makes_nothing_twice() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let tokens = format!("/directories/{}/tokens", idp.directory);
    let directory = json!({ "organization_id": idp.organization, "name": "B", "type": "okta scim v2.0" });
    let requests = [
        ("/organizations".to_owned(), json!({ "name": "Acme" })),
        ("/directories".to_owned(), directory),
        (tokens, json!({ "name": "T" })),
        ("/api_keys".to_owned(), json!({ "name": "K" })),
    ];
    for (number, (path, body)) in requests.into_iter().enumerate() {
        let name = format!("once-{number}");
        let first = post(&app, &app.api_key, &path, &name, &body).await;
        assert_eq!((first.status, first.header("idempotent-replayed")), (201, None), "{}", first.text);
        let count = app.read(&format!("{path}?limit=100")).await["data"].as_array().unwrap().len();
        let again = post(&app, &app.api_key, &path, &name, &body).await;
        assert_eq!((again.status, &again.text), (201, &first.text));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(app.read(&format!("{path}?limit=100")).await["data"].as_array().unwrap().len(), count);
        let mut other = body.clone();
        other["name"] = json!("Another");
        let refused = post(&app, &app.api_key, &path, &name, &other).await;
        assert_eq!(refused.problem(), (422, "invalid_request_parameters", Some("Idempotency-Key")));
    }
    for wrong in ["", "a b", &"x".repeat(256)] {
        let refused = post(&app, &app.api_key, "/organizations", wrong, &json!({ "name": "A" })).await;
        assert_eq!(refused.status, 400, "{wrong}");
        // Whoever has no credential learns of nothing else that is wrong.
        let stranger = post(&app, "none", "/organizations", wrong, &json!({ "name": "A" })).await;
        assert_eq!(stranger.status, 401, "{wrong}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_creation_that_comes_many_times_at_once_one_directory_is_made() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let body = json!({ "organization_id": idp.organization, "name": "B", "type": "okta scim v2.0" });
    let sent = (0..8).map(|_| post(&app, &app.api_key, "/directories", "one", &body));
    let answers = futures_util::future::join_all(sent).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (201, &answers[0].text));
    }
    assert_eq!(app.read("/directories?limit=100").await["data"].as_array().unwrap().len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn a_key_makes_and_reaches_no_key_that_may_do_more() {
    let app = TestApp::start().await;
    let (one, two) = (app.tenant("One").await, app.tenant("Two").await);
    let limited = app.key_for(&[&one.organization]).await;
    let all = app.api("POST", "/api_keys", json!({})).await.expect(201);
    assert!(all["organization_ids"].is_null() && all["value"].as_str().unwrap().starts_with("lockstep_key_"));
    let path = format!("/api_keys/{}", all["id"].as_str().unwrap());
    assert_eq!(app.api_as(&limited, "GET", &path, Value::Null).await.status, 404);
    assert_eq!(app.api_as(&limited, "DELETE", &path, Value::Null).await.status, 404);
    let own = app.api_as(&limited, "POST", "/api_keys", json!({ "read_only": true })).await.expect(201);
    assert_eq!(own["organization_ids"], json!([one.organization]));
    let beyond = json!({ "organization_ids": [two.organization] });
    assert_eq!(app.api_as(&limited, "POST", "/api_keys", beyond).await.status, 404);
    let reader = own["value"].as_str().unwrap();
    assert_eq!(app.api_as(reader, "GET", "/directories", Value::Null).await.status, 200);
    let write = app.api_as(reader, "POST", "/api_keys", json!({})).await;
    assert_eq!((write.status, write.text.contains("only reads")), (403, true), "{}", write.text);

    // Rotation: both are accepted for a while, and a deleted one is refused at once.
    let rotate = json!({ "overlap_seconds": 60 });
    let next = app.api("POST", &format!("{path}/rotate"), rotate).await.expect(201);
    let (old, new) = (all["value"].as_str().unwrap(), next["value"].as_str().unwrap());
    for key in [old, new] {
        assert_eq!(app.api_as(key, "GET", "/api_keys", Value::Null).await.status, 200);
    }
    app.clock.advance(61_000_000);
    assert_eq!(app.api_as(old, "GET", "/api_keys", Value::Null).await.status, 401);
    let path = format!("/api_keys/{}", next["id"].as_str().unwrap());
    assert_eq!(app.api("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(app.api_as(new, "GET", "/api_keys", Value::Null).await.status, 401);
    app.finish().await;
}

#[tokio::test]
async fn a_deleted_organization_takes_its_directories_along() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let path = format!("/organizations/{}", idp.organization);
    assert_eq!(app.api("DELETE", &path, Value::Null).await.status, 202);
    for gone in [path, format!("/directories/{}", idp.directory)] {
        assert_eq!(app.api("GET", &gone, Value::Null).await.status, 404);
    }
    assert_eq!(idp.scim("GET", "/Users", Value::Null).await.status, 404);
    assert_eq!(app.read("/directories").await["data"], json!([]));
    app.work().await;
    assert_eq!(app.events("events=dsync.deleted").await.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_domain_is_kept_in_one_form_and_verified_by_the_application_alone() {
    let app = TestApp::start().await;
    let made = json!({ "name": "A", "domain_data": [{ "domain": "BÜCHER.example", "state": "pending" }] });
    let made = app.api("POST", "/organizations", made).await.expect(201);
    assert_eq!(made["domains"][0]["domain"], "xn--bcher-kva.example");
    let domain = format!("/organization_domains/{}", made["domains"][0]["id"].as_str().unwrap());
    let refused = app.api("POST", &format!("{domain}/verify"), Value::Null).await;
    assert_eq!(refused.problem().1, "domain_verification_unavailable");
    let taken = json!({ "name": "B", "domains": ["bücher.example"] });
    let taken = app.api("POST", "/organizations", taken).await;
    assert_eq!(taken.problem(), (409, "domain_already_used", Some("domain")));
    let found = app.read("/organizations?domains=B%C3%BCcher.example").await;
    assert_eq!(found["data"][0]["id"], made["id"]);
    app.finish().await;
}
