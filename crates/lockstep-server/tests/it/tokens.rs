//! `/directories/{id}/tokens`.

use lockstep_server::limits::TOKENS_LIMIT;
use lockstep_store::Store;
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

const MINUTE: i64 = 60_000_000;

fn tokens_of(idp: &ScimClient) -> String {
    format!("/directories/{}/tokens", idp.directory)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

// Shows: AUTH-04
#[tokio::test]
async fn a_token_is_shown_once_and_listed_without_its_secret() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let body =
        json!({ "name": "2027", "scopes": ["no-delete", "users"], "expires_at": "2027-01-01T00:00:00Z" });
    let made = app.api("POST", &tokens_of(&idp), body).await.expect(201);
    let secret = text(&made["bearer_token"]);
    assert_eq!((secret.len(), secret.starts_with("lockstep_scim_")), ("lockstep_scim_".len() + 43, true));
    assert!(text(&made["id"]).starts_with("directory_token_"));
    assert_eq!((&made["object"], &made["directory_id"]), (&json!("directory_token"), &json!(idp.directory)));

    let listed = app.api("GET", &tokens_of(&idp), Value::Null).await;
    assert!(!listed.text.contains(&secret) && !listed.text.contains(&idp.token), "{}", listed.text);
    let [new, first] = listed.body["data"].as_array().unwrap().as_slice() else { panic!("{}", listed.text) };
    let mut expected = made.clone();
    expected.as_object_mut().unwrap().remove("bearer_token");
    assert_eq!(*new, expected);
    assert_eq!((&new["name"], &new["scopes"]), (&json!("2027"), &json!(["users", "no-delete"])));
    assert_eq!(new["expires_at"], "2027-01-01T00:00:00.000Z");
    assert_eq!((&first["name"], &first["scopes"]), (&Value::Null, &json!([])));
    assert_eq!((&first["expires_at"], &first["last_used_at"]), (&Value::Null, &Value::Null));
    app.finish().await;
}

#[tokio::test]
async fn tokens_are_listed_in_parts() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let mut made = vec![text(&app.read(&tokens_of(&idp)).await["data"][0]["id"])];
    for _ in 0..4 {
        made.push(text(&app.api("POST", &tokens_of(&idp), json!({})).await.expect(201)["id"]));
    }
    made.reverse();
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = app.read(&format!("{}?limit=2{after}", tokens_of(&idp))).await;
        found.extend(page["data"].as_array().unwrap().iter().map(|token| text(&token["id"])));
        let Some(last) = page["list_metadata"]["after"].as_str() else { break };
        after = format!("&after={last}");
    }
    assert_eq!(found, made);
    let answer = app.api("GET", &format!("{}?after=directory_x", tokens_of(&idp)), Value::Null).await;
    assert_eq!(answer.problem(), (422, "invalid_request_parameters", Some("after")));
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_what_is_allowed() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let cases = [
        (json!({ "scopes": ["write"] }), "scopes", "read, users, groups, no-delete"),
        (json!({ "scopes": [1] }), "scopes", "a list"),
        (json!({ "scopes": "read" }), "scopes", "a list"),
        (json!({ "scopes": ["read", "read", "read", "read", "read"] }), "scopes", "at most 4"),
        (json!({ "expires_at": "2026-11-21T11:59:59Z" }), "expires_at", "still to come"),
        (json!({ "expires_at": "tomorrow" }), "expires_at", "still to come"),
        (json!({ "expires_at": "9999-12-31T23:59:59Z" }), "expires_at", "before 9999-12-30"),
        (json!({ "expires_at": "2027-01-01" }), "expires_at", "still to come"),
        (json!({ "name": "" }), "name", "1 to 256 bytes"),
        (json!({ "secret": "mine" }), "secret", "not known"),
    ];
    for (body, field, says) in cases {
        let answer = app.api("POST", &tokens_of(&idp), body.clone()).await;
        assert_eq!(answer.problem(), (422, "invalid_request_parameters", Some(field)), "{body}");
        assert!(text(&answer.body["message"]).contains(says), "{body}: {}", answer.text);
    }
    assert_eq!(app.read(&tokens_of(&idp)).await["data"].as_array().unwrap().len(), 1);
    app.finish().await;
}

// Shows: AUTH-04
#[tokio::test]
async fn a_token_is_replaced_without_a_pause() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let first = text(&app.read(&tokens_of(&idp)).await["data"][0]["id"]);
    let made = app.api("POST", &tokens_of(&idp), json!({})).await.expect(201);
    let renewed = idp.with_token(made["bearer_token"].as_str().unwrap());
    // Both live until the first is revoked.
    idp.user("one@acme.test").await;
    renewed.user("two@acme.test").await;
    app.api("DELETE", &format!("{}/{first}", tokens_of(&idp)), Value::Null).await.expect(204);
    assert_eq!(idp.scim("GET", "/Users", Value::Null).await.status, 401);
    renewed.scim("GET", "/Users", Value::Null).await.expect(200);
    app.api("DELETE", &format!("{}/{first}", tokens_of(&idp)), Value::Null).await.expect(404);
    app.api("DELETE", &format!("{}/directory_token_x", tokens_of(&idp)), Value::Null).await.expect(404);

    // Also the last one may be revoked, and another made.
    let last = text(&made["id"]);
    app.api("DELETE", &format!("{}/{last}", tokens_of(&idp)), Value::Null).await.expect(204);
    assert_eq!(renewed.scim("GET", "/Users", Value::Null).await.status, 401);
    let made = app.api("POST", &tokens_of(&idp), json!({})).await.expect(201);
    idp.with_token(made["bearer_token"].as_str().unwrap())
        .scim("GET", "/Users", Value::Null)
        .await
        .expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_token_of_a_neighbour_is_not_revoked() {
    let app = TestApp::start().await;
    let (one, two) = (app.tenant("One").await, app.tenant("Two").await);
    let theirs = text(&app.read(&tokens_of(&two)).await["data"][0]["id"]);
    app.api("DELETE", &format!("{}/{theirs}", tokens_of(&one)), Value::Null).await.expect(404);
    two.scim("GET", "/Users", Value::Null).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_directory_has_a_bounded_number_of_tokens_and_expired_ones_give_way() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let short = json!({ "expires_at": "2026-11-21T13:00:00Z" });
    let expiring = text(&app.api("POST", &tokens_of(&idp), short).await.expect(201)["id"]);
    for _ in 2..TOKENS_LIMIT {
        app.api("POST", &tokens_of(&idp), json!({})).await.expect(201);
    }
    let answer = app.api("POST", &tokens_of(&idp), json!({})).await;
    assert_eq!(answer.problem(), (409, "too_many_tokens", None));
    assert!(text(&answer.body["message"]).contains("20"), "{}", answer.text);

    app.clock.advance(60 * MINUTE);
    app.api("POST", &tokens_of(&idp), json!({})).await.expect(201);
    let listed = app.read(&format!("{}?limit=100", tokens_of(&idp))).await;
    let ids: Vec<&str> =
        listed["data"].as_array().unwrap().iter().filter_map(|token| token["id"].as_str()).collect();
    assert_eq!((ids.len(), ids.contains(&expiring.as_str())), (TOKENS_LIMIT, false));
    assert_eq!(app.api("POST", &tokens_of(&idp), json!({})).await.status, 409);
    app.finish().await;
}

#[tokio::test]
async fn the_last_use_is_told_to_the_minute() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let last = async || app.read(&tokens_of(&idp)).await["data"][0]["last_used_at"].clone();
    let epoch = app.state.store.epoch();
    idp.scim("GET", "/Users", Value::Null).await.expect(200);
    assert_eq!(last().await, Value::Null, "no request waits for it to be written");
    app.work().await;
    let first = text(&last().await);
    assert!(first.starts_with("2026-11-21T12:00:00"), "{first}");

    idp.scim("GET", "/Users", Value::Null).await.expect(200);
    app.work().await;
    assert_eq!(last().await, json!(first), "at most once a minute");
    app.clock.advance(MINUTE);
    idp.scim("GET", "/Users", Value::Null).await.expect(200);
    idp.with_token("wrong").scim("GET", "/Users", Value::Null).await.expect(401);
    app.work().await;
    let second = text(&last().await);
    assert!(second > first && second.starts_with("2026-11-21T12:01:00"), "{second}");
    assert_eq!(app.state.store.epoch(), epoch, "what was read of credentials stays");
    app.finish().await;
}

#[tokio::test]
async fn a_deleted_directory_takes_no_token_and_lists_none() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    app.api("DELETE", &format!("/directories/{}", idp.directory), Value::Null).await.expect(202);
    app.api("POST", &tokens_of(&idp), json!({})).await.expect(404);
    app.api("GET", &tokens_of(&idp), Value::Null).await.expect(404);
    app.finish().await;
}

// Shows: AUTH-04
#[tokio::test]
async fn a_rotated_token_is_accepted_until_its_overlap_ends_and_not_a_moment_longer() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let scoped = json!({ "name": "Okta", "scopes": ["no-delete"], "expires_at": "2026-11-21T14:00:00Z" });
    let made = app.api("POST", &tokens_of(&idp), scoped).await.expect(201);
    let old = idp.with_token(made["bearer_token"].as_str().unwrap());
    let path = format!("{}/{}", tokens_of(&idp), text(&made["id"]));
    let next = app.api("POST", &format!("{path}/rotate"), json!({ "overlap_seconds": 600 })).await;
    let next = next.expect(201);
    let new = idp.with_token(next["bearer_token"].as_str().unwrap());
    assert_ne!(next["id"], made["id"]);
    assert_eq!(
        (&next["name"], &next["scopes"]),
        (&json!("Okta"), &json!(["no-delete"])),
        "it may do the same"
    );
    let listed = app.read(&tokens_of(&idp)).await;
    let row = listed["data"].as_array().unwrap().iter().find(|token| token["id"] == made["id"]).unwrap();
    assert!(text(&row["expires_at"]).starts_with("2026-11-21T12:10:00"), "its end is told: {row}");

    // Both write during the overlap; what the scopes take away, they take from both.
    let user = old.user("one@acme.test").await;
    new.user("two@acme.test").await;
    for token in [&old, &new] {
        assert_eq!(token.scim("DELETE", &format!("/Users/{user}"), Value::Null).await.status, 403);
    }
    app.clock.advance(590_000_000);
    old.scim("GET", "/Users", Value::Null).await.expect(200);
    app.clock.advance(10_000_000);
    assert_eq!(old.scim("GET", "/Users", Value::Null).await.status, 401);
    assert_eq!(old.scim("POST", "/Users", json!({ "userName": "late@acme.test" })).await.status, 401);
    new.user("three@acme.test").await;
    // Without an overlap, the old one ends with the answer.
    let path = format!("{}/{}", tokens_of(&idp), text(&next["id"]));
    let last = app.api("POST", &format!("{path}/rotate"), json!({ "overlap_seconds": 0 })).await;
    let last = last.expect(201);
    assert_eq!(new.scim("GET", "/Users", Value::Null).await.status, 401);
    let last = idp.with_token(last["bearer_token"].as_str().unwrap());
    last.scim("GET", "/Users", Value::Null).await.expect(200);
    for (body, field) in [
        (json!({}), "overlap_seconds"),
        (json!({ "overlap_seconds": -1 }), "overlap_seconds"),
        (json!({ "overlap_seconds": 1e12 }), "overlap_seconds"),
        (json!({ "overlap_seconds": 1, "overlap": 1 }), "overlap"),
    ] {
        let refused = app.api("POST", &format!("{path}/rotate"), body.clone()).await;
        assert_eq!(refused.problem(), (422, "invalid_request_parameters", Some(field)), "{body}");
    }
    app.finish().await;
}
