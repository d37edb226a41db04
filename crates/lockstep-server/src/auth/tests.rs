//! How a credential is read from headers, and how long it is remembered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};

use super::credential::{Credential, Form};
use super::*;
use crate::limits::CREDENTIAL_BYTES_LIMIT;
use crate::problem::Challenge;

fn headers(values: &[&str]) -> HeaderMap {
    let pairs = values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_str(value).unwrap()));
    pairs.collect()
}

#[test]
fn a_credential_is_read_with_and_without_its_scheme() {
    let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
    let cases = [
        ("Bearer abc".to_owned(), Some(("abc", Form::Bearer))),
        ("bearer   abc ".to_owned(), Some(("abc", Form::Bearer))),
        ("BEARER abc".to_owned(), Some(("abc", Form::Bearer))),
        ("Bearer \"abc\"".to_owned(), Some(("abc", Form::Bearer))),
        ("abc".to_owned(), Some(("abc", Form::Bare))),
        ("Bearer ".to_owned(), Some(("Bearer", Form::Bare))),
        (basic("okta:abc"), Some(("abc", Form::Basic))),
        (basic(":abc"), Some(("abc", Form::Basic))),
        (basic("user:with:colons"), Some(("with:colons", Form::Basic))),
        (basic("abc"), None),
        (basic("abc:"), None),
        ("Basic !".to_owned(), None),
        ("Token abc".to_owned(), None),
    ];
    for (sent, expected) in cases {
        let headers = headers(&[&sent]);
        let read = Credential::read(&headers).ok();
        assert_eq!(read.as_ref().map(|found| (found.secret.as_ref(), found.form)), expected, "{sent:?}");
    }
}

#[test]
fn a_doubled_scheme_is_told_as_such_and_never_taken() {
    for sent in ["Bearer Bearer abc", "bearer  BEARER abc", "Bearer \"Bearer abc\""] {
        let headers = headers(&[sent]);
        let refused = Credential::read(&headers).err().expect("no credential");
        assert_eq!(refused.challenge, Some(Challenge::InvalidToken), "{sent}");
        assert!(refused.message.contains("twice"), "{}", refused.message);
        assert!(!refused.message.contains("abc"));
    }
}

#[test]
fn a_header_of_its_own_holds_the_token_with_or_without_the_scheme() {
    for (sent, expected) in [("abc", Some("abc")), ("Bearer abc", Some("abc")), ("a b", None), ("", None)] {
        let value = HeaderValue::from_str(sent).unwrap();
        let read = Credential::alone(&value).ok();
        assert_eq!(read.as_ref().map(|found| found.secret.as_ref()), expected, "{sent}");
    }
}

// Shows: ERR-07, AUTH-06
#[test]
fn what_is_no_credential_is_told_from_one_that_is_wrong() {
    let long = "x".repeat(CREDENTIAL_BYTES_LIMIT + 1);
    let cases: &[(&[&str], u16, Option<Challenge>)] = &[
        // RFC 6750 §3.1: no error where no credential was sent, nor where it was of another scheme.
        (&[], 401, None),
        (&[""], 401, None),
        (&["Basic abc"], 401, None),
        (&["Bearer a b"], 401, Some(Challenge::InvalidToken)),
        (&["Bearer \"\""], 401, Some(Challenge::InvalidToken)),
        (&["Bearer \u{fc}"], 401, Some(Challenge::InvalidToken)),
        (&[&long], 401, Some(Challenge::InvalidToken)),
        (&["Bearer a", "Bearer b"], 400, Some(Challenge::InvalidRequest)),
    ];
    for (sent, status, challenge) in cases {
        let headers = headers(sent);
        let refused = Credential::read(&headers).err().expect("no credential");
        assert_eq!((refused.status.as_u16(), refused.challenge), (*status, *challenge), "{sent:?}");
    }
    let longest = "x".repeat(CREDENTIAL_BYTES_LIMIT);
    assert!(Credential::read(&headers(&[&longest])).is_ok());
}

#[test]
fn what_was_remembered_holds_under_one_epoch() {
    let remembered = Remembered::default();
    remembered.remember(1, [1; 32], Arc::new("a"));
    assert_eq!(remembered.recall(1, &[1; 32]).as_deref(), Some(&"a"));
    assert!(remembered.recall(2, &[1; 32]).is_none());
    remembered.remember(2, [2; 32], Arc::new("b"));
    assert!(remembered.recall(2, &[1; 32]).is_none());
    // Read before the change and remembered after it: not to be believed.
    remembered.remember(1, [1; 32], Arc::new("a"));
    assert!(remembered.recall(2, &[1; 32]).is_none());
    assert_eq!(remembered.recall(2, &[2; 32]).as_deref(), Some(&"b"));
}

#[test]
fn no_more_is_remembered_than_the_bound() {
    let remembered = Remembered::default();
    for number in 0..=CREDENTIALS_REMEMBERED_LIMIT as u64 {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_le_bytes());
        remembered.remember(1, digest, Arc::new(number));
    }
    assert_eq!(remembered.0.read().unwrap().read.len(), 1);
}
