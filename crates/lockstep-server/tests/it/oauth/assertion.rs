//! Tokens by `private_key_jwt`: what an assertion must be, and that it is good for once.

use lockstep_server::limits::{ASSERTION_LIFETIME_LIMIT, CLIENT_ASSERTIONS_LIMIT};
use lockstep_testkit::CLOCK_START;

use super::*;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The second at which a test's clock begins, or one after it.
fn second(after: i64) -> i64 {
    CLOCK_START.0 / 1_000_000 + after
}

/// A client by this key; its id.
async fn known<S: Store>(app: &TestApp<S>, idp: &ScimClient, signer: &Signer) -> String {
    let body = json!({ "authentication": "private_key_jwt", "jwks": signer.jwks() });
    text(&client(app, idp, body).await["client_id"])
}

/// What a client says that asks for the first time.
fn claims(id: &str) -> Value {
    json!({ "iss": id, "sub": id, "aud": ENDPOINT, "exp": second(120), "iat": second(0), "jti": "1" })
}

async fn show<S: Store>(app: &TestApp<S>, assertion: &str) -> Answer {
    let parameters = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ];
    ask(app, "", &parameters).await
}

// Shows: AUTH-04, AUTH-08
#[tokio::test]
async fn a_client_gets_a_token_for_an_assertion_that_it_signed() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    for signer in [Signer::rsa("r"), Signer::p256("p"), Signer::ed25519("e")] {
        let id = known(&app, &idp, &signer).await;
        let body = show(&app, &signer.token(&claims(&id))).await.expect(200);
        let by_client = idp.with_token(&text(&body["access_token"]));
        by_client.user(&format!("{}@example.com", signer.algorithm())).await;
        let variants = [
            json!({ "aud": [ENDPOINT, "https://other.example.com"], "jti": "2" }),
            json!({ "aud": "https://lockstep.test", "jti": "3" }),
            json!({ "iat": null, "jti": "4" }),
            json!({ "nbf": second(0), "unknown": { "claim": 1 }, "jti": "5" }),
            json!({ "jti": null }),
        ];
        for members in variants {
            show(&app, &signer.token(&changed(&claims(&id), &members))).await.expect(200);
        }
    }
    let rsa = Signer::rsa("r");
    let id = known(&app, &idp, &rsa).await;
    show(&app, &rsa.token_with(&json!({ "alg": "PS256", "kid": "r" }), &claims(&id))).await.expect(200);
    let header = json!({ "alg": "RS256", "kid": "r", "typ": "client-authentication+jwt" });
    show(&app, &rsa.token_with(&header, &changed(&claims(&id), &json!({ "jti": "2" })))).await.expect(200);
    app.finish().await;
}

// Shows: AUTH-07
#[tokio::test]
async fn an_assertion_that_proves_nothing_is_refused() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let (signer, foreign) = (Signer::p256("k"), Signer::p256("k"));
    let id = known(&app, &idp, &signer).await;
    let other = known(&app, &idp, &foreign).await;
    let secret =
        text(&client(&app, &idp, json!({ "authentication": "client_secret_basic" })).await["client_id"]);
    let good = claims(&id);
    let limit = i64::try_from(ASSERTION_LIFETIME_LIMIT.as_secs()).unwrap();
    let mut wrong = vec![
        String::from("x"),
        "a.b.c".into(),
        foreign.token(&good),
        signer.token(&claims(&other)),
        signer.token(&claims(&secret)),
        signer.token(&claims("directory_client_00000000000000000000000000")),
        signer.token_with(&json!({ "alg": "none" }), &good),
        signer.token_with(&json!({ "alg": "HS256", "kid": "k" }), &good),
        signer.token_with(&json!({ "alg": "RS256", "kid": "k" }), &good),
        signer.token_with(&json!({ "alg": "ES256", "kid": "unknown" }), &good),
        signer.token_with(&json!({ "alg": "ES256", "kid": "k", "typ": "at+jwt" }), &good),
        signer.token_with(&json!({ "alg": "ES256", "kid": "k", "crit": ["exp"] }), &good),
        signer.token(&changed(&good, &json!({ "x": "y".repeat(9_000) }))),
    ];
    for members in [
        json!({ "iss": null }),
        json!({ "iss": [id] }),
        json!({ "sub": null }),
        json!({ "sub": other }),
        json!({ "aud": null }),
        json!({ "aud": "https://lockstep.test/" }),
        json!({ "aud": "https://lockstep.test/scim/v2" }),
        json!({ "aud": "http://lockstep.test/oauth2/token" }),
        json!({ "aud": 1 }),
        json!({ "aud": [] }),
        json!({ "exp": null }),
        json!({ "exp": "never" }),
        json!({ "exp": second(-60) }),
        json!({ "exp": second(limit + 61) }),
        json!({ "exp": second(365 * 86_400) }),
        json!({ "nbf": second(120) }),
        json!({ "iat": second(120) }),
        json!({ "jti": 1 }),
        json!({ "jti": "" }),
    ] {
        wrong.push(signer.token(&changed(&good, &members)));
    }
    for assertion in &wrong {
        let answer = show(&app, assertion).await;
        assert_eq!(refusal(&answer), (401, "invalid_client".into()), "{assertion}: {}", answer.text);
        assert!(!answer.text.contains(&id) && !answer.text.contains(assertion.as_str()), "{}", answer.text);
    }
    // None of them used the good one up.
    show(&app, &signer.token(&good)).await.expect(200);

    let grant = ("grant_type", "client_credentials");
    let fresh = signer.token(&changed(&good, &json!({ "jti": "2" })));
    let cases: &[&[(&str, &str)]] = &[
        &[grant, ("client_assertion", &fresh)],
        &[grant, ("client_assertion", &fresh), ("client_assertion_type", "urn:x")],
        &[grant, ("client_assertion_type", TYPE)],
        &[grant, ("client_assertion_type", TYPE), ("client_assertion", &fresh), ("client_assertion", &fresh)],
        &[grant, ("client_assertion_type", TYPE), ("client_assertion", &fresh), ("client_secret", "x")],
    ];
    for parameters in cases {
        assert_eq!(
            refusal(&ask(&app, "", parameters).await),
            (400, "invalid_request".into()),
            "{parameters:?}"
        );
    }
    app.finish().await;
}

// Shows: AUTH-07
#[tokio::test]
async fn an_assertion_is_good_for_once_also_after_a_restart_of_what_was_remembered() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let signer = Signer::p256("k");
    let id = known(&app, &idp, &signer).await;
    let (named, nameless) = (claims(&id), changed(&claims(&id), &json!({ "jti": null })));
    for claims in [&named, &nameless] {
        let assertion = signer.token(claims);
        show(&app, &assertion).await.expect(200);
        let answer = show(&app, &assertion).await;
        assert_eq!(refusal(&answer), (401, "invalid_client".into()));
        // The same said anew, with another signature: what has no name of its own is known by what it says.
        assert_eq!(refusal(&show(&app, &signer.token(claims)).await), (401, "invalid_client".into()));
    }
    let app = app.without_repairs(&[]);
    assert_eq!(refusal(&show(&app, &signer.token(&named)).await), (401, "invalid_client".into()));
    let later = changed(&named, &json!({ "exp": second(100) }));
    assert_eq!(refusal(&show(&app, &signer.token(&later)).await), (401, "invalid_client".into()));
    // After it has expired it is refused for that.
    app.clock.advance(200 * 1_000_000);
    assert_eq!(refusal(&show(&app, &signer.token(&named)).await), (401, "invalid_client".into()));
    show(&app, &signer.token(&changed(&named, &json!({ "exp": second(300) })))).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_client_that_floods_is_asked_to_wait() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let signer = Signer::ed25519("k");
    let id = known(&app, &idp, &signer).await;
    let nth = |number: usize| {
        signer.token(&changed(&claims(&id), &json!({ "jti": number.to_string(), "exp": second(600) })))
    };
    for number in 0..CLIENT_ASSERTIONS_LIMIT {
        show(&app, &nth(number)).await.expect(200);
    }
    let answer = show(&app, &nth(CLIENT_ASSERTIONS_LIMIT)).await;
    assert_eq!(refusal(&answer), (429, "invalid_request".into()));
    assert_eq!(answer.header("retry-after"), Some("60"));
    app.finish().await;
}
