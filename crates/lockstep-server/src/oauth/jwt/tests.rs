//! What is believed of a token, and what is not.

use lockstep_testkit::Signer;
use serde_json::json;

use super::super::jwk::KeySet;
use super::*;

const NOW: Timestamp = Timestamp(1_795_262_400_000_000);
const SECOND: i64 = 1_000_000;

fn keys(signer: &Signer) -> KeySet {
    KeySet::parse_registered(signer.jwks().to_string().as_bytes()).unwrap()
}

/// Reads and verifies by the key that the token names.
fn read(keys: &KeySet, token: &str) -> Result<Claims, JwtError> {
    let token = Unverified::parse(token, &["JWT"])?;
    let key = keys.named(token.key_id.as_deref()).ok_or(JwtError::UnknownKey)?;
    token.verify(key)
}

fn claims(value: Value) -> Claims {
    let Value::Object(object) = value else { panic!("an object") };
    Claims(object)
}

fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

// Shows: AUTH-07
#[test]
fn a_token_is_believed_only_where_its_key_signed_it_as_it_stands() {
    for signer in [Signer::rsa("k"), Signer::p256("k"), Signer::ed25519("k")] {
        let (keys, token) = (keys(&signer), signer.token(&json!({ "iss": "a" })));
        assert_eq!(read(&keys, &token).unwrap().text("iss"), Ok("a"));

        let parts: Vec<&str> = token.split('.').collect();
        let other = encode(r#"{"iss":"b"}"#);
        assert_eq!(
            read(&keys, &format!("{}.{other}.{}", parts[0], parts[2])).unwrap_err(),
            JwtError::Signature
        );
        assert_eq!(read(&keys, &format!("{}.{}.", parts[0], parts[1])).unwrap_err(), JwtError::Signature);
        let foreign = match signer.algorithm() {
            "RS256" => Signer::rsa("k"),
            "ES256" => Signer::p256("k"),
            _ => Signer::ed25519("k"),
        };
        assert_eq!(read(&keys, &foreign.token(&json!({ "iss": "a" }))).unwrap_err(), JwtError::Signature);
        let unknown = foreign.token_with(&json!({ "alg": foreign.algorithm(), "kid": "x" }), &json!({}));
        assert_eq!(read(&keys, &unknown).unwrap_err(), JwtError::UnknownKey);
    }
}

// Shows: AUTH-07
#[test]
fn a_token_cannot_choose_how_little_proves_it() {
    let signer = Signer::rsa("k");
    let keys = keys(&signer);
    for name in ["none", "None", "HS256", "HS512", "RS1", "rs256", "ES384", ""] {
        let token = signer.token_with(&json!({ "alg": name, "kid": "k" }), &json!({}));
        assert_eq!(read(&keys, &token).unwrap_err(), JwtError::Algorithm, "{name}");
    }
    // RFC 8725 §2.1: the public key as the secret of an HMAC.
    let key = aws_lc_rs::hmac::Key::new(
        aws_lc_rs::hmac::HMAC_SHA256,
        signer.jwk()["n"].as_str().unwrap().as_bytes(),
    );
    let text = format!("{}.{}", encode(r#"{"alg":"HS256","kid":"k"}"#), encode("{}"));
    let forged = format!("{text}.{}", URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, text.as_bytes())));
    assert_eq!(read(&keys, &forged).unwrap_err(), JwtError::Algorithm);
    // An algorithm of another kind of key.
    let token = signer.token_with(&json!({ "alg": "ES256", "kid": "k" }), &json!({}));
    assert_eq!(read(&keys, &token).unwrap_err(), JwtError::Signature);
    // An algorithm that is not said at all, or as something else.
    for header in
        [json!({ "kid": "k" }), json!({ "alg": null }), json!({ "alg": ["RS256"] }), json!({ "alg": 1 })]
    {
        assert_eq!(read(&keys, &signer.token_with(&header, &json!({}))).unwrap_err(), JwtError::Algorithm);
    }
}

#[test]
fn what_is_no_token_is_refused_whatever_it_is() {
    let signer = Signer::ed25519("k");
    let keys = keys(&signer);
    let header = encode(r#"{"alg":"EdDSA","kid":"k"}"#);
    let whole = |header: &str, claims: &str| signer.signed(&format!("{header}.{claims}"), false);
    let malformed = [
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        "a.b.c".into(),
        format!("{header}.{}", encode("{}")),
        whole(&header, &format!("{}.{}", encode("{}"), encode("{}"))),
        whole(&header, &encode("[]")),
        whole(&header, &encode("{\"iss\":\"a\",\"iss\":\"b\"}")),
        whole(&encode(r#"{"alg":"EdDSA","alg":"EdDSA","kid":"k"}"#), &encode("{}")),
        whole(&encode(r#"{"alg":"EdDSA","kid":1}"#), &encode("{}")),
        whole(&encode("\"alg\""), &encode("{}")),
        whole(&format!("{header}="), &encode("{}")),
        whole(&header, &encode(&"[".repeat(1_000))),
        format!("{} ", whole(&header, &encode("{}"))),
    ];
    for token in malformed {
        assert_eq!(read(&keys, &token).unwrap_err(), JwtError::Malformed, "{token}");
    }
    let critical =
        signer.token_with(&json!({ "alg": "EdDSA", "kid": "k", "crit": ["b64"], "b64": false }), &json!({}));
    assert_eq!(read(&keys, &critical).unwrap_err(), JwtError::Critical);
}

#[test]
fn a_token_has_a_length() {
    let signer = Signer::ed25519("k");
    let keys = keys(&signer);
    let of = |filler: usize| signer.token(&json!({ "x": "y".repeat(filler) }));
    // Three bytes of JSON are four of base64url.
    let most = (JWT_BYTES_LIMIT - of(0).len()) / 4 * 3;
    let filler = (most..most + 4).find(|filler| of(filler + 1).len() > JWT_BYTES_LIMIT).unwrap();
    assert!(read(&keys, &of(filler)).is_ok());
    assert_eq!(read(&keys, &of(filler + 1)).unwrap_err(), JwtError::TooLong);
}

#[test]
fn a_token_that_says_to_be_something_else_is_refused() {
    let signer = Signer::ed25519("k");
    let keys = keys(&signer);
    let typed =
        |kind: Value| signer.token_with(&json!({ "alg": "EdDSA", "kid": "k", "typ": kind }), &json!({}));
    for kind in ["JWT", "jwt", "application/jwt", "Application/JWT"] {
        assert!(read(&keys, &typed(json!(kind))).is_ok(), "{kind}");
    }
    for kind in
        [json!("secevent+jwt"), json!("at+jwt"), json!(""), json!(1), json!(null), json!("application/")]
    {
        assert_eq!(read(&keys, &typed(kind.clone())).unwrap_err(), JwtError::Type, "{kind}");
    }
}

// Shows: AUTH-07
#[test]
fn an_audience_is_a_text_or_a_list_of_texts_and_must_be_ours() {
    let cases = [
        (json!("a"), Ok(())),
        (json!("b"), Ok(())),
        (json!(["x", "a"]), Ok(())),
        (json!("A"), Err(JwtError::Mismatch("aud"))),
        (json!("a "), Err(JwtError::Mismatch("aud"))),
        (json!(["x"]), Err(JwtError::Mismatch("aud"))),
        (json!([]), Err(JwtError::Mismatch("aud"))),
        (json!(["a", 1]), Err(JwtError::Mismatch("aud"))),
        (json!([["a"]]), Err(JwtError::Mismatch("aud"))),
        (json!({ "a": "a" }), Err(JwtError::Claim("aud"))),
        (json!(null), Err(JwtError::Claim("aud"))),
        (json!(true), Err(JwtError::Claim("aud"))),
    ];
    for (audience, expected) in cases {
        assert_eq!(claims(json!({ "aud": audience })).check_audience(&["a", "b"]), expected, "{audience}");
    }
    assert_eq!(claims(json!({})).check_audience(&["a"]), Err(JwtError::Claim("aud")));
}

// Shows: AUTH-07
#[test]
fn a_token_is_of_use_between_its_times_with_a_leeway() {
    let now = NOW.0 / SECOND;
    let lifetime = Duration::from_mins(5);
    let leeway = i64::try_from(CLOCK_LEEWAY.as_secs()).unwrap();
    let cases = [
        (json!({ "exp": now + 300 }), Ok(Timestamp((now + 300 + leeway) * SECOND))),
        (json!({ "exp": now + 300 + leeway }), Ok(Timestamp((now + 300 + 2 * leeway) * SECOND))),
        (json!({ "exp": now + 301 + leeway }), Err(JwtError::TooLongLived)),
        (json!({ "exp": 253_402_300_799_u64 }), Err(JwtError::TooLongLived)),
        (json!({ "exp": now - leeway + 1 }), Ok(Timestamp((now + 1) * SECOND))),
        (json!({ "exp": now - leeway }), Err(JwtError::Expired)),
        (json!({ "exp": 0 }), Err(JwtError::Expired)),
        // RFC 7519 §2: a NumericDate may have a fraction.
        (json!({ "exp": 1_795_262_400.5 }), Ok(Timestamp(NOW.0 + SECOND / 2 + leeway * SECOND))),
        (json!({}), Err(JwtError::Claim("exp"))),
        (json!({ "exp": null }), Err(JwtError::Claim("exp"))),
        (json!({ "exp": (now + 1).to_string() }), Err(JwtError::Claim("exp"))),
        (json!({ "exp": -1 }), Err(JwtError::Claim("exp"))),
        (json!({ "exp": 1e300 }), Err(JwtError::Claim("exp"))),
        (
            json!({ "exp": now + 9, "nbf": now + leeway, "iat": now + leeway }),
            Ok(Timestamp((now + 9 + leeway) * SECOND)),
        ),
        (json!({ "exp": now + 9, "nbf": now + leeway + 1 }), Err(JwtError::Early)),
        (json!({ "exp": now + 9, "iat": now + leeway + 1 }), Err(JwtError::Early)),
        (json!({ "exp": now + 9, "nbf": "0" }), Err(JwtError::Claim("nbf"))),
        (json!({ "exp": now + 9, "iat": [] }), Err(JwtError::Claim("iat"))),
    ];
    for (value, expected) in cases {
        assert_eq!(claims(value.clone()).check_times(NOW, lifetime), expected, "{value}");
    }
}

#[test]
fn no_token_of_ours_looks_like_a_jwt() {
    assert!(looks_like_jwt(&Signer::ed25519("k").token(&json!({}))));
    for token in ["lockstep_scim_abc", "eyJhbGciOiJub25lIn0", "a.b.c", "eyJ.b", "eyJ.b.c.d", ""] {
        assert!(!looks_like_jwt(token), "{token}");
    }
}
