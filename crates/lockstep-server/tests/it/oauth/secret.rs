//! Tokens by `client_secret_basic`, and what holds for every token that is issued.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_server::limits::{ACCESS_TOKEN_LIFETIME, CLIENT_TOKENS_LIMIT, FORM_BYTES_LIMIT};

use super::*;

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// A client by secret with these scopes: its id, and the header by which it is known.
async fn known<S: Store>(app: &TestApp<S>, idp: &ScimClient, scopes: &[&str]) -> (String, String) {
    let body = json!({ "authentication": "client_secret_basic", "scopes": scopes });
    let made = client(app, idp, body).await;
    let (id, secret) = (text(&made["client_id"]), text(&made["client_secret"]));
    let header = basic(&id, &secret);
    (id, header)
}

async fn token<S: Store>(app: &TestApp<S>, header: &str) -> String {
    text(&ask(app, header, &[GRANT]).await.expect(200)["access_token"])
}

// Shows: AUTH-04, AUTH-08
#[tokio::test]
async fn a_client_gets_a_token_that_serves_for_an_hour() {
    for app in [TestApp::start().await] {
        let idp = app.tenant("Acme").await;
        let (_, header) = known(&app, &idp, &[]).await;
        let answer = ask(&app, &header, &[GRANT, ("scope", "scim")]).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("pragma"), Some("no-cache"));
        let body = answer.expect(200);
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3_600)));
        assert_eq!((&body["scope"], body.as_object().unwrap().len()), (&json!("scim"), 4));
        let access_token = text(&body["access_token"]);
        assert_eq!(access_token.len(), "lockstep_access_".len() + 43);

        let by_client = idp.with_token(&access_token);
        by_client.user("one@example.com").await;
        app.clock.advance(i64::try_from(ACCESS_TOKEN_LIFETIME.as_micros()).unwrap());
        let late = by_client.scim("GET", "/Users", Value::Null).await;
        assert_eq!(late.status, 401);
        assert_eq!(
            late.header("www-authenticate"),
            Some("Bearer realm=\"lockstep\", error=\"invalid_token\""),
            "the client asks for another one"
        );
        // It is not the application's to list, and it does not stay.
        assert_eq!(
            app.read(&format!("/directories/{}/tokens", idp.directory)).await["data"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        app.finish().await;
    }
}

// Shows: AUTH-07
#[tokio::test]
async fn who_does_not_prove_who_it_is_gets_nothing_and_learns_nothing() {
    let app = TestApp::start().await;
    let (idp, other) = (app.tenant("Acme").await, app.tenant("Other").await);
    let (id, header) = known(&app, &idp, &[]).await;
    let (other_id, other_header) = known(&app, &other, &[]).await;
    let secret_of = |header: &str| {
        let pair = STANDARD.decode(header.strip_prefix("Basic ").unwrap()).unwrap();
        String::from_utf8(pair).unwrap().split_once(':').unwrap().1.to_owned()
    };
    let keys = json!({ "authentication": "private_key_jwt", "jwks": Signer::ed25519("k").jwks() });
    let by_keys = text(&client(&app, &idp, keys).await["client_id"]);
    let wrong = [
        basic(&id, &secret_of(&other_header)),
        basic(&other_id, &secret_of(&header)),
        basic(&id, ""),
        basic(&id, &format!("{}x", secret_of(&header))),
        basic("", &secret_of(&header)),
        basic("directory_client_0000000000000000000000000000", &secret_of(&header)),
        basic(&id.to_uppercase(), &secret_of(&header)),
        basic(&by_keys, ""),
        basic(&id, &idp.token),
        basic(&idp.directory, &idp.token),
    ];
    let mut told = Vec::new();
    for header in wrong {
        let answer = ask(&app, &header, &[GRANT]).await;
        assert_eq!(refusal(&answer), (401, "invalid_client".into()), "{header}");
        told.push(answer.text);
    }
    told.dedup();
    assert_eq!(told.len(), 1, "what is wrong of it is not told: {told:?}");
    let malformed =
        ["Basic", "Basic !", "Basic eA==", "Bearer x", "Basic //8=", &format!("Basic {}", "x".repeat(9_000))];
    for header in malformed {
        assert_eq!(refusal(&ask(&app, header, &[GRANT]).await), (401, "invalid_client".into()), "{header}");
    }
    assert_eq!(refusal(&ask(&app, "", &[GRANT]).await), (401, "invalid_client".into()));
    // A secret in the body stands in logs of forms; RFC 6749 §2.3.1 does not recommend it, and it is not offered.
    let in_body = [GRANT, ("client_id", id.as_str()), ("client_secret", &secret_of(&header))];
    assert_eq!(refusal(&ask(&app, "", &in_body).await), (401, "invalid_client".into()));
    let other_name = [GRANT, ("client_id", other_id.as_str())];
    assert_eq!(refusal(&ask(&app, &header, &other_name).await), (401, "invalid_client".into()));
    ask(&app, &header, &[GRANT, ("client_id", id.as_str())]).await.expect(200);
    ask(&app, &header.replacen("Basic", "bAsIc", 1), &[GRANT]).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_in_the_words_of_the_rfc() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let (id, header) = known(&app, &idp, &["users"]).await;
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[], "invalid_request"),
        (&[("grant_type", "")], "invalid_request"),
        (&[("grant_type", "authorization_code")], "unsupported_grant_type"),
        (&[("grant_type", "password")], "unsupported_grant_type"),
        (&[GRANT, GRANT], "invalid_request"),
        (&[GRANT, ("scope", "scim"), ("scope", "scim")], "invalid_request"),
        (&[GRANT, ("client_id", &id), ("client_id", &id)], "invalid_request"),
        (&[GRANT, ("scope", "everything")], "invalid_scope"),
        (&[GRANT, ("scope", "scim  users")], "invalid_scope"),
        (&[GRANT, ("scope", "SCIM")], "invalid_scope"),
        (&[GRANT, ("scope", "groups")], "invalid_scope"),
        // RFC 6749 §2.3: one way only.
        (&[GRANT, ("client_secret", "x")], "invalid_request"),
        (&[GRANT, ("client_assertion", "x")], "invalid_request"),
        (&[GRANT, ("client_assertion_type", "x")], "invalid_request"),
    ];
    for (parameters, error) in cases {
        assert_eq!(refusal(&ask(&app, &header, parameters).await), (400, (*error).into()), "{parameters:?}");
    }
    let form = "grant_type=client_credentials";
    for media in ["application/json", "text/plain", ""] {
        let answer = ask_raw(&app, &header, media, form.into()).await;
        assert_eq!(refusal(&answer), (400, "invalid_request".into()), "{media}");
    }
    let media = "application/x-www-form-urlencoded; charset=UTF-8";
    ask_raw(&app, &header, media, form.into()).await.expect(200);
    let padded = |bytes: usize| format!("{form}&x={}", "y".repeat(bytes - form.len() - 3));
    ask_raw(&app, &header, media, padded(FORM_BYTES_LIMIT)).await.expect(200);
    let answer = ask_raw(&app, &header, media, padded(FORM_BYTES_LIMIT + 1)).await;
    assert_eq!(refusal(&answer), (413, "invalid_request".into()));
    // The parameters stand in the body and nowhere else (RFC 6749 §3.2).
    let request = Request::builder().method("POST").uri(format!("/oauth2/token?{form}"));
    let request = request.header("authorization", &header).header("content-type", media);
    let answer = app.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(refusal(&answer), (400, "invalid_request".into()));
    let twice = Request::builder().method("POST").uri("/oauth2/token").header("authorization", &header);
    let twice = twice.header("authorization", &header).header("content-type", media);
    assert_eq!(
        refusal(&app.send(twice.body(Body::from(form)).unwrap()).await),
        (400, "invalid_request".into())
    );
    let get = Request::builder().uri("/oauth2/token").body(Body::empty()).unwrap();
    let answer = app.send(get).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    app.finish().await;
}

// Shows: AUTH-03
#[tokio::test]
async fn a_token_may_no_more_than_its_client_and_less_where_less_was_asked_for() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@example.com").await;
    let (_, header) = known(&app, &idp, &["no-delete"]).await;
    for (wanted, granted, change) in [
        ("", "scim no-delete", 200),
        ("scim", "scim no-delete", 200),
        ("read", "scim read no-delete", 403),
        ("users scim", "scim users no-delete", 200),
        ("groups", "scim groups no-delete", 403),
    ] {
        let parameters = [GRANT, ("scope", wanted)];
        let body = ask(&app, &header, &parameters[..if wanted.is_empty() { 1 } else { 2 }]).await.expect(200);
        assert_eq!(body["scope"], granted, "{wanted}");
        let by_client = idp.with_token(&text(&body["access_token"]));
        let operation = json!({ "op": "replace", "path": "title", "value": wanted });
        let answer = by_client.patch(&format!("/Users/{user}"), operation).await;
        assert_eq!(answer.status, change, "{wanted}: {}", answer.text);
        let answer = by_client.scim("DELETE", &format!("/Users/{user}"), Value::Null).await;
        assert_eq!(answer.status, 403, "{wanted}: {}", answer.text);
    }
    app.finish().await;
}

// Shows: AUTH-04
#[tokio::test]
async fn a_deleted_clients_tokens_end_at_once() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let (id, header) = known(&app, &idp, &[]).await;
    let (_, other_header) = known(&app, &idp, &[]).await;
    let (own, other) =
        (idp.with_token(&token(&app, &header).await), idp.with_token(&token(&app, &other_header).await));
    for known in [&own, &other] {
        known.scim("GET", "/Users", Value::Null).await.expect(200);
    }
    app.api("DELETE", &format!("{}/{id}", clients_of(&idp)), Value::Null).await.expect(204);
    own.scim("GET", "/Users", Value::Null).await.expect(401);
    assert_eq!(refusal(&ask(&app, &header, &[GRANT]).await), (401, "invalid_client".into()));
    other.scim("GET", "/Users", Value::Null).await.expect(200);
    idp.scim("GET", "/Users", Value::Null).await.expect(200);
    app.finish().await;
}

// Shows: AUTH-07
#[tokio::test]
async fn a_token_is_for_the_directory_of_its_client_only() {
    let app = TestApp::start().await;
    let (idp, other) = (app.tenant("Acme").await, app.tenant("Other").await);
    let (id, header) = known(&app, &idp, &[]).await;
    let access_token = token(&app, &header).await;
    other.with_token(&access_token).scim("GET", "/Users", Value::Null).await.expect(404);
    for path in [format!("{}/{id}", clients_of(&other)), format!("{}/x", clients_of(&other))] {
        assert_eq!(app.api("GET", &path, Value::Null).await.status, 404);
        assert_eq!(app.api("DELETE", &path, Value::Null).await.status, 404);
    }
    // It is an IdP's, not the application's.
    assert_eq!(app.api_as(&access_token, "GET", "/organizations", Value::Null).await.status, 401);
    idp.with_token(&access_token).scim("GET", "/Users", Value::Null).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_client_of_a_paused_or_deleted_directory_gets_no_token() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let (_, header) = known(&app, &idp, &[]).await;
    let by_client = idp.with_token(&token(&app, &header).await);
    let path = format!("/directories/{}", idp.directory);
    app.api("PUT", &path, json!({ "state": "unlinked" })).await.expect(200);
    let answer = ask(&app, &header, &[GRANT]).await;
    assert_eq!(refusal(&answer), (400, "unauthorized_client".into()));
    assert!(answer.text.contains("paused"), "{}", answer.text);
    by_client.scim("GET", "/Users", Value::Null).await.expect(403);
    app.api("PUT", &path, json!({ "state": "linked" })).await.expect(200);
    ask(&app, &header, &[GRANT]).await.expect(200);

    app.api("DELETE", &path, Value::Null).await.expect(202);
    for _ in 0..2 {
        assert_eq!(refusal(&ask(&app, &header, &[GRANT]).await), (401, "invalid_client".into()));
        by_client.scim("GET", "/Users", Value::Null).await.expect(404);
        app.work().await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_client_that_asks_again_and_again_keeps_its_newest_tokens() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let (_, header) = known(&app, &idp, &[]).await;
    let first = idp.with_token(&token(&app, &header).await);
    let second = idp.with_token(&token(&app, &header).await);
    for known in [&first, &second] {
        known.scim("GET", "/Users", Value::Null).await.expect(200);
    }
    for _ in 0..CLIENT_TOKENS_LIMIT - 1 {
        token(&app, &header).await;
    }
    first.scim("GET", "/Users", Value::Null).await.expect(401);
    second.scim("GET", "/Users", Value::Null).await.expect(200);
    app.finish().await;
}
