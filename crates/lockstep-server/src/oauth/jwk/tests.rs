//! Which keys are taken, and what they verify.

use lockstep_testkit::Signer;
use serde_json::json;

use super::*;

fn registered(keys: &[Value]) -> Result<KeySet, KeyError> {
    KeySet::parse_registered(json!({ "keys": keys }).to_string().as_bytes())
}

/// The key with these members besides, or instead.
fn with(key: &Value, members: Value) -> Value {
    let (mut key, Value::Object(members)) = (key.clone(), members) else { panic!("an object") };
    key.as_object_mut().unwrap().extend(members);
    key
}

#[test]
fn each_kind_of_key_verifies_by_its_own_algorithms_only() {
    let message = "a.b";
    for signer in [Signer::rsa("k"), Signer::p256("k"), Signer::ed25519("k")] {
        let set = registered(&[signer.jwk()]).unwrap();
        let key = set.named(Some("k")).unwrap();
        for algorithm in Algorithm::ALL {
            let signed = signer.signed(message, algorithm == Algorithm::Ps256);
            let signature = URL_SAFE_NO_PAD.decode(signed.rsplit_once('.').unwrap().1).unwrap();
            let own = match signer.algorithm() {
                "RS256" => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
                name => algorithm.as_str() == name,
            };
            assert_eq!(key.has_signed(algorithm, message.as_bytes(), &signature), own, "{algorithm:?}");
            assert!(!key.has_signed(algorithm, b"a.c", &signature), "{algorithm:?} of another text");
            assert!(!key.has_signed(algorithm, message.as_bytes(), &[]), "{algorithm:?} without a signature");
        }
    }
}

#[test]
fn a_key_that_names_its_algorithm_is_for_no_other() {
    let signer = Signer::rsa("k");
    let set = registered(&[with(&signer.jwk(), json!({ "alg": "PS256" }))]).unwrap();
    let signature =
        |pss| URL_SAFE_NO_PAD.decode(signer.signed("a", pss).rsplit_once('.').unwrap().1).unwrap();
    let key = set.named(None).unwrap();
    assert!(key.has_signed(Algorithm::Ps256, b"a", &signature(true)));
    assert!(!key.has_signed(Algorithm::Rs256, b"a", &signature(false)));
}

#[test]
fn a_key_that_cannot_be_used_is_refused_with_its_position() {
    let (rsa, ec, ed) = (Signer::rsa("r").jwk(), Signer::p256("p").jwk(), Signer::ed25519("e").jwk());
    let short = URL_SAFE_NO_PAD.encode([0xff; 128]);
    let long = URL_SAFE_NO_PAD.encode([0xff; 1025]);
    let wrong = [
        json!({}),
        json!(null),
        json!("key"),
        json!({ "kty": "RSA" }),
        with(&rsa, json!({ "n": short })),
        with(&rsa, json!({ "n": long })),
        with(&rsa, json!({ "n": "not base64url!" })),
        with(&rsa, json!({ "e": "" })),
        with(&rsa, json!({ "e": "AQAAAAE" })),
        with(&rsa, json!({ "use": "enc" })),
        with(&rsa, json!({ "key_ops": ["sign"] })),
        with(&rsa, json!({ "alg": "HS256" })),
        with(&rsa, json!({ "alg": "ES256" })),
        with(&rsa, json!({ "alg": "none" })),
        with(&rsa, json!({ "kid": 1 })),
        with(&rsa, json!({ "kid": "x".repeat(KEY_ID_BYTES_LIMIT + 1) })),
        with(&ec, json!({ "crv": "P-384" })),
        with(&ec, json!({ "x": "AA" })),
        with(&ed, json!({ "crv": "X25519" })),
        with(&ed, json!({ "x": "AA" })),
    ];
    for key in wrong {
        assert_eq!(
            registered(&[with(&ec, json!({ "kid": "good" })), key.clone()]),
            Err(KeyError::Unusable(1)),
            "{key}"
        );
    }
}

#[test]
fn a_secret_part_is_refused_before_it_is_kept() {
    let rsa = Signer::rsa("r").jwk();
    assert_eq!(registered(&[with(&rsa, json!({ "d": "AA" }))]), Err(KeyError::Secret(0)));
    assert_eq!(registered(&[json!({ "kty": "oct", "k": "AA" })]), Err(KeyError::Secret(0)));
    let shown = registered(&[with(&rsa, json!({ "x5c": ["AA"], "other": 1 }))]).unwrap().to_json();
    let mut names: Vec<&String> = shown["keys"][0].as_object().unwrap().keys().collect();
    names.sort_unstable();
    assert_eq!(names, ["e", "kid", "kty", "n"]);
}

#[test]
fn a_set_is_kept_and_read_again_as_it_was() {
    let keys = [Signer::rsa("r").jwk(), Signer::p256("p").jwk(), Signer::ed25519("e").jwk()];
    let set = registered(&keys).unwrap();
    assert_eq!(KeySet::parse_registered(set.to_json().to_string().as_bytes()), Ok(set));
}

#[test]
fn a_set_has_bounds_and_a_form() {
    let parse = |text: &str| KeySet::parse_registered(text.as_bytes());
    for text in ["", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[],\"keys\":[]}", "null"] {
        assert_eq!(parse(text), Err(KeyError::NoSet), "{text}");
    }
    assert_eq!(parse("{\"keys\":[]}"), Err(KeyError::Empty));
    let key = Signer::ed25519("e").jwk();
    let many = |count: usize| -> Vec<Value> {
        (0..count).map(|index| with(&key, json!({ "kid": index.to_string() }))).collect()
    };
    assert!(registered(&many(JWK_SET_KEYS_LIMIT)).is_ok());
    assert_eq!(registered(&many(JWK_SET_KEYS_LIMIT + 1)), Err(KeyError::TooLarge));
    let padded = |bytes: usize| {
        let text = json!({ "keys": [key] }).to_string();
        format!("{text}{}", " ".repeat(bytes - text.len()))
    };
    assert!(parse(&padded(JWK_SET_BYTES_LIMIT)).is_ok());
    assert_eq!(parse(&padded(JWK_SET_BYTES_LIMIT + 1)), Err(KeyError::TooLarge));
}

#[test]
fn among_several_keys_each_has_a_name_of_its_own() {
    let (one, two) = (Signer::ed25519("same").jwk(), Signer::p256("same").jwk());
    assert_eq!(registered(&[one.clone(), two.clone()]), Err(KeyError::Unnamed));
    let mut nameless = one.clone();
    nameless.as_object_mut().unwrap().remove("kid");
    assert_eq!(registered(&[nameless.clone(), two.clone()]), Err(KeyError::Unnamed));
    let set = registered(&[with(&one, json!({ "kid": "other" })), two]).unwrap();
    assert_eq!(set.named(Some("other")).unwrap().id.as_deref(), Some("other"));
    assert!(set.named(None).is_none() && set.named(Some("unknown")).is_none());
    // The only key, where it has no name, is meant by any.
    assert!(registered(&[nameless]).unwrap().named(Some("any")).is_some());
    assert!(registered(&[one]).unwrap().named(Some("unknown")).is_none());
}

#[test]
fn of_a_published_set_only_what_is_of_use_is_taken() {
    let rsa = Signer::rsa("r").jwk();
    let published = |keys: &[Value]| KeySet::parse_published(json!({ "keys": keys }).to_string().as_bytes());
    let set = published(&[
        json!({ "kty": "EC", "crv": "P-521", "kid": "x" }),
        json!(1),
        with(&rsa, json!({ "use": "enc", "kid": "y" })),
        with(&rsa, json!({ "issuer": "https://issuer.example.com/{tenant}" })),
    ])
    .unwrap();
    assert!(set.named(Some("x")).is_none() && set.named(Some("y")).is_none());
    assert_eq!(set.named(Some("r")).unwrap().issuer.as_deref(), Some("https://issuer.example.com/{tenant}"));
    assert_eq!(published(&[json!({ "kty": "oct", "k": "AA" })]), Err(KeyError::Empty));
}
