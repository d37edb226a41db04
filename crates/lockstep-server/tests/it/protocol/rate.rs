//! A bound on requests, where the operator sets one (RFC 6585 §4).

use lockstep_testkit::TestApp;
use serde_json::{Value, json};

use super::refusal;

// Shows: ERR-10, CURSOR-24
#[tokio::test]
async fn too_many_requests_are_429_with_when_to_come_back_and_a_removal_never_is() {
    let app = TestApp::start().await.with_scim_requests_per_second(20);
    let (idp, other) = (app.tenant("Acme").await, app.tenant("Other").await);
    let mut users = Vec::new();
    for number in 0..5 {
        users.push(idp.user(&format!("user{number}@acme.test")).await);
    }
    let group = idp.group("Staff", &[&users[0], &users[1]]).await;
    while idp.scim("GET", "/Users?count=0", Value::Null).await.status == 200 {}
    let create = || json!({ "userName": "late@acme.test" });
    let made = app.events("").await.len();
    for (method, path, body) in [
        ("GET", "/Users".to_owned(), Value::Null),
        ("GET", "/Users?cursor=&count=1".to_owned(), Value::Null),
        ("GET", format!("/Users/{}", users[0]), Value::Null),
        ("GET", "/Schemas".to_owned(), Value::Null),
        ("POST", "/Users".to_owned(), create()),
        ("PUT", format!("/Users/{}", users[0]), create()),
    ] {
        // A millisecond passes with each request, which is less than one of twenty in a second takes.
        let mut answer = idp.scim(method, &path, body.clone()).await;
        if answer.status != 429 {
            answer = idp.scim(method, &path, body).await;
        }
        assert_eq!(refusal(&answer), (429, None), "{}", answer.asked);
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("ratelimit-limit"), Some("20"));
        assert_eq!(answer.header("ratelimit-remaining"), Some("0"));
        assert_eq!(answer.header("ratelimit-reset"), Some("1"));
        assert_eq!(answer.header("content-type"), Some("application/scim+json"));
        assert_eq!(answer.body["status"], "429");
    }
    assert_eq!(app.events("").await.len(), made, "what was refused did nothing");

    // Whatever takes access away passes.
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "DELETE", "path": format!("/Users/{}", users[4]) }],
    });
    let out = json!({ "op": "remove", "path": format!("members[value eq \"{}\"]", users[0]) });
    let off = || json!({ "op": "replace", "path": "active", "value": false });
    for _ in 0..40 {
        let answer = idp.patch(&format!("/Users/{}", users[1]), off()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert!(idp.patch(&format!("/Groups/{group}"), out).await.status < 300);
    let replaced = json!({ "userName": "user2@acme.test", "active": false });
    idp.scim("PUT", &format!("/Users/{}", users[2]), replaced).await.expect(200);
    idp.scim("DELETE", &format!("/Users/{}", users[3]), Value::Null).await.expect(204);
    idp.scim("POST", "/Bulk", bulk).await.expect(200);
    idp.scim("DELETE", &format!("/Groups/{group}"), Value::Null).await.expect(204);

    // Another directory has its own, and time brings it back.
    other.scim("GET", "/Users", Value::Null).await.expect(200);
    app.clock.advance(1_000_000);
    idp.scim("GET", "/Users", Value::Null).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn there_is_no_bound_where_none_is_set() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    for _ in 0..300 {
        idp.scim("GET", "/Users?count=0", Value::Null).await.expect(200);
    }
    app.finish().await;
}
