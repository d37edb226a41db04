//! OAuth: `/directories/{id}/oauth_clients`, and how IdPs ask for tokens or send their own.

mod assertion;
mod issued;
mod secret;

use axum::body::Body;
use http::Request;
use lockstep_server::limits::CLIENTS_LIMIT;
use lockstep_store::Store;
use lockstep_testkit::{Answer, ScimClient, Signer, TestApp};
use serde_json::{Value, json};

const ENDPOINT: &str = "https://lockstep.test/oauth2/token";
const TENANT: &str = "11111111-2222-3333-4444-555555555555";
/// The audience that every custom application has in its IdP's own tokens.
const AUDIENCE: &str = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621";

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The claims of a token with these besides or instead; null leaves one out.
fn changed(claims: &Value, members: &Value) -> Value {
    let mut claims = claims.clone();
    let object = claims.as_object_mut().unwrap();
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            object.remove(name)
        } else {
            object.insert(name.clone(), value.clone())
        };
    }
    claims
}

fn clients_of(idp: &ScimClient) -> String {
    format!("/directories/{}/oauth_clients", idp.directory)
}

/// A client of the directory, as its making was answered.
async fn client<S: Store>(app: &TestApp<S>, idp: &ScimClient, body: Value) -> Value {
    app.api("POST", &clients_of(idp), body).await.expect(201)
}

/// A request for a token with this `Authorization` header, if it is not empty, and these parameters.
async fn ask<S: Store>(app: &TestApp<S>, authorization: &str, parameters: &[(&str, &str)]) -> Answer {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    ask_raw(app, authorization, "application/x-www-form-urlencoded", form).await
}

async fn ask_raw<S: Store>(app: &TestApp<S>, authorization: &str, media: &str, body: String) -> Answer {
    let mut request = Request::builder().method("POST").uri("/oauth2/token").header("content-type", media);
    if !authorization.is_empty() {
        request = request.header("authorization", authorization);
    }
    app.send(request.body(Body::from(body)).unwrap()).await
}

/// The status and the error that RFC 6749 §5.2 has for it.
#[track_caller]
fn refusal(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.text);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.text);
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge.is_some(), answer.status == 401, "{}", answer.text);
    assert!(challenge.is_none_or(|value| value.starts_with("Basic ")), "{challenge:?}");
    let description = answer.body["error_description"].as_str().unwrap();
    // RFC 6749 §5.2: visible ASCII and blanks, without quotes and backslashes.
    assert!(
        description.bytes().all(|byte| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
        "{description}"
    );
    (answer.status, text(&answer.body["error"]))
}

// Shows: AUTH-08
#[tokio::test]
async fn what_the_server_can_is_told_to_everybody() {
    let app = TestApp::start().await;
    let request =
        Request::builder().uri("/.well-known/oauth-authorization-server").body(Body::empty()).unwrap();
    let metadata = app.send(request).await.expect(200);
    let expected = json!({
        "issuer": "https://lockstep.test",
        "token_endpoint": ENDPOINT,
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
        "scopes_supported": ["scim", "read", "users", "groups", "no-delete"],
    });
    assert_eq!(metadata, expected);
    app.finish().await;
}

// Shows: DISC-08, AUTH-08
#[tokio::test]
async fn a_directory_says_that_it_knows_oauth() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let config = idp.scim("GET", "/ServiceProviderConfig", Value::Null).await.expect(200);
    let schemes = config["authenticationSchemes"].as_array().unwrap();
    let types: Vec<&str> = schemes.iter().map(|scheme| scheme["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["oauthbearertoken", "oauth2"]);
    assert!(schemes.iter().all(|scheme| scheme["name"].is_string() && scheme["description"].is_string()));
    let primary: Vec<bool> = schemes.iter().map(|scheme| scheme["primary"] == true).collect();
    assert_eq!(primary, [true, false], "RFC 7643 §2.4: one is");
    app.finish().await;
}

#[tokio::test]
async fn a_secret_is_shown_once_and_a_client_shows_how_it_proves_itself() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let body = json!({ "name": "IdP", "authentication": "client_secret_basic", "scopes": ["users"] });
    let made = client(&app, &idp, body).await;
    let (id, secret) = (text(&made["client_id"]), text(&made["client_secret"]));
    assert!(id.starts_with("directory_client_") && secret.starts_with("lockstep_client_"));
    assert_eq!((&made["token_endpoint"], &made["directory_id"]), (&json!(ENDPOINT), &json!(idp.directory)));

    let read = app.api("GET", &format!("{}/{id}", clients_of(&idp)), Value::Null).await;
    assert!(!read.text.contains(&secret));
    let mut expected = made.clone();
    expected.as_object_mut().unwrap().remove("client_secret");
    assert_eq!(read.expect(200), expected);

    let keys = Signer::ed25519("k").jwks();
    let body = json!({ "authentication": "private_key_jwt", "jwks": keys });
    let by_keys = client(&app, &idp, body).await;
    assert_eq!((&by_keys["jwks"], by_keys.get("client_secret")), (&keys, None));

    let body = json!({ "authentication": "entra_id", "tenant_id": TENANT.to_uppercase() });
    let issued = client(&app, &idp, body).await;
    assert_eq!((&issued["tenant_id"], &issued["audience"]), (&json!(TENANT), &json!(AUDIENCE)));
    assert_eq!((&issued["application_id"], issued.get("client_id")), (&Value::Null, None));
    let listed = app.read(&clients_of(&idp)).await;
    assert_eq!(listed["data"], json!([issued, by_keys, expected]));
    app.finish().await;
}

#[tokio::test]
async fn a_client_that_could_not_work_is_refused_with_the_field() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let common = "00000002-0000-0000-c000-000000000000";
    let cases = [
        (json!({}), "authentication"),
        (json!({ "authentication": "client_secret_post" }), "authentication"),
        (json!({ "authentication": 1 }), "authentication"),
        (json!({ "authentication": "client_secret_basic", "jwks": {} }), "jwks"),
        (json!({ "authentication": "client_secret_basic", "tenant_id": TENANT }), "tenant_id"),
        (json!({ "authentication": "client_secret_basic", "scopes": ["scim"] }), "scopes"),
        (json!({ "authentication": "client_secret_basic", "client_id": "x" }), "client_id"),
        (json!({ "authentication": "private_key_jwt" }), "jwks"),
        (json!({ "authentication": "private_key_jwt", "jwks": "https://example.com/keys" }), "jwks"),
        (json!({ "authentication": "private_key_jwt", "jwks": { "keys": [] } }), "jwks"),
        (
            json!({ "authentication": "private_key_jwt", "jwks": { "keys": [{ "kty": "oct", "k": "AA" }] } }),
            "jwks",
        ),
        (json!({ "authentication": "entra_id" }), "tenant_id"),
        (json!({ "authentication": "entra_id", "tenant_id": "common" }), "tenant_id"),
        (json!({ "authentication": "entra_id", "tenant_id": "../x" }), "tenant_id"),
        (
            json!({ "authentication": "entra_id", "tenant_id": TENANT, "application_id": "x" }),
            "application_id",
        ),
        // Anybody in the tenant gets a token for this.
        (json!({ "authentication": "entra_id", "tenant_id": TENANT, "audience": common }), "application_id"),
    ];
    for (body, field) in cases {
        let answer = app.api("POST", &clients_of(&idp), body.clone()).await;
        assert_eq!(
            answer.problem(),
            (422, "invalid_request_parameters", Some(field)),
            "{body}: {}",
            answer.text
        );
    }
    assert_eq!(app.read(&clients_of(&idp)).await["data"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn a_directory_has_no_more_clients_than_the_bound() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let body = json!({ "authentication": "client_secret_basic" });
    let mut last = Value::Null;
    for _ in 0..CLIENTS_LIMIT {
        last = client(&app, &idp, body.clone()).await;
    }
    let answer = app.api("POST", &clients_of(&idp), body.clone()).await;
    assert_eq!(answer.problem(), (409, "too_many_oauth_clients", None));
    let path = format!("{}/{}", clients_of(&idp), text(&last["id"]));
    app.api("DELETE", &path, Value::Null).await.expect(204);
    assert_eq!(app.api("DELETE", &path, Value::Null).await.status, 404);
    client(&app, &idp, body).await;
    app.finish().await;
}
