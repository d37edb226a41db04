//! An IdP's own tokens: accepted where a directory trusts the tenant, and only what the tenant's issuer signed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use lockstep_server::oauth::{Fetching, KeySource};
use lockstep_server::outbound::OutboundError;
use lockstep_testkit::CLOCK_START;

use super::*;

const OTHER_TENANT: &str = "99999999-2222-3333-4444-555555555555";
const APPLICATION: &str = "00000014-0000-0000-c000-000000000000";

/// The issuers' servers: what they publish, by address, and how often each was asked.
#[derive(Default)]
struct Published {
    sets: Mutex<HashMap<String, Value>>,
    asked: Mutex<Vec<String>>,
}

impl KeySource for Published {
    fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a> {
        self.asked.lock().unwrap().push(url.to_owned());
        let found = self.sets.lock().unwrap().get(url).map(|set| set.to_string().into_bytes());
        Box::pin(std::future::ready(found.ok_or(OutboundError::Status(404))))
    }
}

impl Published {
    fn publish(&self, tenant: &str, set: &Value) {
        let url =
            |version: &str| format!("https://login.microsoftonline.com/{tenant}/discovery/{version}keys");
        let mut sets = self.sets.lock().unwrap();
        for version in ["", "v2.0/"] {
            sets.insert(url(version), set.clone());
        }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// A server that trusts, and a directory with a client of this body that an issuer's tenant stands behind.
async fn trusting(signer: &Signer) -> (TestApp, Arc<Published>, ScimClient) {
    let published = Arc::new(Published::default());
    published.publish(TENANT, &signer.jwks());
    let app = TestApp::start().await.with_key_source(published.clone());
    let organization = app.organization("Acme").await;
    let idp = app.directory(&organization, "azure scim v2.0").await;
    (app, published, idp)
}

async fn trust(app: &TestApp, idp: &ScimClient, members: &Value) -> Value {
    let body = json!({ "authentication": "entra_id", "tenant_id": TENANT });
    client(app, idp, changed(&body, members)).await
}

fn claims() -> Value {
    let now = CLOCK_START.0 / 1_000_000;
    json!({
        "aud": AUDIENCE, "iss": format!("https://sts.windows.net/{TENANT}/"), "tid": TENANT,
        "appid": APPLICATION, "iat": now, "nbf": now, "exp": now + 3_600, "ver": "1.0",
    })
}

fn with(members: &Value) -> Value {
    changed(&claims(), members)
}

async fn list(idp: &ScimClient, token: &str) -> Answer {
    idp.with_token(token).scim("GET", "/Users", Value::Null).await
}

// Shows: AUTH-02, AUTH-07
#[tokio::test]
async fn a_token_of_the_trusted_tenant_is_known_by_it() {
    let signer = Signer::rsa("k");
    let (app, published, idp) = trusting(&signer).await;
    assert_eq!(list(&idp, &signer.token(&claims())).await.status, 401, "nobody said that it is trusted");
    trust(&app, &idp, &json!({ "scopes": ["no-delete"] })).await;
    let token = signer.token(&claims());
    list(&idp, &token).await.expect(200);
    let by_issuer = idp.with_token(&token);
    let user = by_issuer.user("one@example.com").await;
    let answer = by_issuer.scim("DELETE", &format!("/Users/{user}"), Value::Null).await;
    assert_eq!(answer.status, 403, "the client's scopes hold: {}", answer.text);
    // The second version, with the keys of its own address.
    let second = json!({
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "ver": "2.0", "appid": null, "azp": APPLICATION,
    });
    list(&idp, &signer.token(&with(&second))).await.expect(200);
    list(&idp, &signer.token(&with(&json!({ "aud": [AUDIENCE] })))).await.expect(200);
    assert_eq!(published.asked(), 2, "keys are kept");
    // Its application's API is not the IdP's.
    assert_eq!(app.api_as(&token, "GET", "/organizations", Value::Null).await.status, 401);
    app.finish().await;
}

// Shows: AUTH-07, TENANT-01
#[tokio::test]
async fn a_token_that_does_not_prove_the_tenant_is_refused() {
    let (signer, foreign) = (Signer::rsa("k"), Signer::rsa("k"));
    let (app, published, idp) = trusting(&signer).await;
    trust(&app, &idp, &json!({})).await;
    published.publish(OTHER_TENANT, &foreign.jwks());
    let now = CLOCK_START.0 / 1_000_000;
    let other_issuer = format!("https://sts.windows.net/{OTHER_TENANT}/");
    let mut wrong: Vec<String> = [
        json!({ "iss": other_issuer, "tid": OTHER_TENANT }),
        json!({ "iss": other_issuer }),
        json!({ "iss": format!("https://sts.windows.net/{TENANT}") }),
        json!({ "iss": "https://sts.windows.net/common/" }),
        json!({ "iss": "https://issuer.example.com/" }),
        json!({ "iss": null }),
        json!({ "iss": 1 }),
        json!({ "tid": OTHER_TENANT }),
        json!({ "tid": null }),
        json!({ "tid": [TENANT] }),
        json!({ "aud": "00000002-0000-0000-c000-000000000000" }),
        json!({ "aud": "https://graph.microsoft.com" }),
        json!({ "aud": null }),
        json!({ "aud": { "0": AUDIENCE } }),
        json!({ "exp": now - 61 }),
        json!({ "exp": null }),
        json!({ "exp": "x" }),
        json!({ "exp": now + 365 * 86_400 }),
        json!({ "nbf": now + 600 }),
        // A person's token, which an application got for that person.
        json!({ "scp": "user_impersonation" }),
    ]
    .into_iter()
    .map(|members| signer.token(&with(&members)))
    .collect();
    wrong.push(foreign.token(&claims()));
    wrong.push(foreign.token(&with(&json!({ "iss": other_issuer, "tid": OTHER_TENANT }))));
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256", "kid": "k" }),
        json!({ "alg": "PS256", "kid": "k" }),
        json!({ "alg": "RS256", "kid": "unknown" }),
        json!({ "alg": "RS256", "kid": "k", "typ": "secevent+jwt" }),
        json!({ "alg": "RS256", "kid": "k", "crit": ["exp"] }),
    ] {
        wrong.push(signer.token_with(&header, &claims()));
    }
    wrong.push(format!("{}x", signer.token(&claims())));
    let mut told = Vec::new();
    for token in &wrong {
        let answer = list(&idp, token).await;
        assert_eq!(answer.status, 401, "{token}: {}", answer.text);
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Bearer realm=\"lockstep\", error=\"invalid_token\"")
        );
        told.push(answer.text);
    }
    told.dedup();
    assert_eq!(told.len(), 1, "which of it was wrong is not told: {told:?}");
    let long = signer.token(&with(&json!({ "x": "y".repeat(9_000) })));
    assert_eq!(list(&idp, &long).await.status, 401, "the header is too long for anything");
    assert_eq!(
        published.asked(),
        1,
        "no token makes the server ask for another issuer's keys, or ask again at once"
    );
    list(&idp, &signer.token(&claims())).await.expect(200);
    app.finish().await;
}

// Shows: TENANT-01
#[tokio::test]
async fn only_the_directory_that_trusts_the_tenant_takes_its_tokens() {
    let signer = Signer::rsa("k");
    let (app, _, idp) = trusting(&signer).await;
    let other = app.tenant("Other").await;
    let same = app.tenant("Same").await;
    trust(&app, &idp, &json!({})).await;
    trust(&app, &other, &json!({ "tenant_id": OTHER_TENANT })).await;
    let token = signer.token(&claims());
    list(&idp, &token).await.expect(200);
    for stranger in [&other, &same] {
        assert_eq!(list(stranger, &token).await.status, 401);
    }
    let mut nowhere = idp.clone();
    nowhere.base = format!("{}0", idp.base);
    assert_eq!(list(&nowhere, &token).await.status, 401);
    // Where two trust the same tenant, each is reached by it, and sees what is its own.
    trust(&app, &same, &json!({})).await;
    idp.user("one@example.com").await;
    assert_eq!(list(&same, &token).await.expect(200)["totalResults"], 0);
    assert_eq!(list(&idp, &token).await.expect(200)["totalResults"], 1);
    app.finish().await;
}

#[tokio::test]
async fn a_configured_application_is_the_only_one() {
    let signer = Signer::rsa("k");
    let (app, _, idp) = trusting(&signer).await;
    let common = "00000002-0000-0000-c000-000000000000";
    trust(&app, &idp, &json!({ "application_id": APPLICATION, "audience": common })).await;
    let of = |members: &Value| {
        let mut claims = with(members);
        claims["aud"] = common.into();
        signer.token(&claims)
    };
    list(&idp, &of(&json!({}))).await.expect(200);
    for members in [
        json!({ "appid": TENANT }),
        json!({ "appid": null }),
        json!({ "appid": null, "azp": TENANT }),
        // Whoever may choose one claim may not choose which counts.
        json!({ "appid": TENANT, "azp": APPLICATION }),
        json!({ "appid": [APPLICATION] }),
    ] {
        assert_eq!(list(&idp, &of(&members)).await.status, 401, "{members}");
    }
    // A second client of the same tenant, for another application.
    trust(&app, &idp, &json!({ "application_id": TENANT, "audience": common })).await;
    list(&idp, &of(&json!({ "appid": TENANT }))).await.expect(200);
    list(&idp, &of(&json!({}))).await.expect(200);
    app.finish().await;
}

// Shows: AUTH-04
#[tokio::test]
async fn trust_ends_at_once_and_a_token_at_its_time() {
    let signer = Signer::rsa("k");
    let (app, _, idp) = trusting(&signer).await;
    let made = trust(&app, &idp, &json!({})).await;
    let token = signer.token(&claims());
    list(&idp, &token).await.expect(200);
    let path = format!("{}/{}", clients_of(&idp), text(&made["id"]));
    app.api("DELETE", &path, Value::Null).await.expect(204);
    assert_eq!(list(&idp, &token).await.status, 401);

    trust(&app, &idp, &json!({})).await;
    list(&idp, &token).await.expect(200);
    let directory = format!("/directories/{}", idp.directory);
    app.api("PUT", &directory, json!({ "state": "unlinked" })).await.expect(200);
    assert_eq!(list(&idp, &token).await.status, 403);
    app.api("PUT", &directory, json!({ "state": "linked" })).await.expect(200);
    list(&idp, &token).await.expect(200);
    app.clock.advance(3_661 * 1_000_000);
    assert_eq!(list(&idp, &token).await.status, 401);
    app.clock.advance(-3_661 * 1_000_000);
    app.api("DELETE", &directory, Value::Null).await.expect(202);
    assert_eq!(list(&idp, &token).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_no_fault_of_the_token() {
    let signer = Signer::rsa("k");
    let (app, published, idp) = trusting(&signer).await;
    trust(&app, &idp, &json!({})).await;
    published.sets.lock().unwrap().clear();
    let token = signer.token(&claims());
    let answer = list(&idp, &token).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("60")));
    // The directory's bearer token is another matter.
    idp.scim("GET", "/Users", Value::Null).await.expect(200);
    published.publish(TENANT, &signer.jwks());
    app.clock.advance(60 * 1_000_000);
    list(&idp, &token).await.expect(200);
    app.finish().await;
}

// Shows: AUTH-07
#[tokio::test]
async fn a_key_that_is_for_other_tenants_signs_nothing_here() {
    let signer = Signer::rsa("k");
    let (app, published, idp) = trusting(&signer).await;
    trust(&app, &idp, &json!({})).await;
    let mut set = signer.jwks();
    set["keys"][0]["issuer"] = format!("https://login.microsoftonline.com/{OTHER_TENANT}/v2.0").into();
    published.publish(TENANT, &set);
    let token = signer.token(&claims());
    assert_eq!(list(&idp, &token).await.status, 401);
    set["keys"][0]["issuer"] = "https://login.microsoftonline.com/{tenantid}/v2.0".into();
    published.publish(TENANT, &set);
    app.clock.advance(3_600 * 1_000_000 - 10_000_000);
    assert_eq!(list(&idp, &token).await.status, 401, "what was fetched is kept");
    app.clock.advance(10_000_000);
    list(&idp, &token).await.expect(200);
    app.finish().await;
}
