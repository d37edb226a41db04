//! What `json` promises, as tables and properties.

use proptest::prelude::*;

use super::parse;
use crate::{Limits, ScimType};

// Shows: CREATE-20
#[test]
fn refuses_what_two_readers_could_read_differently() {
    for (body, word) in [
        (r#"{"a":1,"a":2}"#.to_owned(), "duplicate"),
        (r#"{"userName":1,"USERNAME":2}"#.to_owned(), "duplicate"),
        (r#"{"x":{"a":1,"A":2}}"#.to_owned(), "duplicate"),
        ("{} {}".to_owned(), "trailing"),
        ("{\"a\":1e999}".to_owned(), "range"),
        (String::new(), "line 1"),
        ("{\"a\":".to_owned(), "line 1"),
        ("{\"a\":01}".to_owned(), "line 1"),
        (format!("{}1{}", "[".repeat(33), "]".repeat(33)), "json_depth"),
        ("[".repeat(200_000), "json_depth"),
        (r#"{"a":"#.repeat(200_000), "json_depth"),
        (format!("\"{}\"", "a".repeat(70_000)), "string_bytes"),
    ] {
        let error = parse(body.as_bytes(), &Limits::default()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax));
        assert!(error.detail.contains(word), "{}", error.detail);
    }
    let error = parse(b"\"\xff\"", &Limits::default()).unwrap_err();
    assert!(error.detail.contains("UTF-8"));
    let error = parse(b"[1,2]", &Limits { body_bytes: 4, ..Limits::default() }).unwrap_err();
    assert_eq!(error.status, 413);
}

#[test]
fn reads_what_serde_reads() {
    let text = r#"{"a":[1,-2,3.5,null,true,"\u00e9"],"b":{"c":{}}}"#;
    let ours = parse(text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(ours, serde_json::from_str::<serde_json::Value>(text).unwrap());
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes, &Limits::default());
    }

    #[test]
    fn never_panics_on_json_like_text(text in r#"[\[\]{}":,a-c0-9eE.+\- tfn]{0,80}"#) {
        let _ = parse(text.as_bytes(), &Limits::default());
    }
}

#[test]
fn a_decimal_that_is_read_and_written_again_is_the_same() {
    for text in [
        "5.274345268876449e+279",
        "0.1",
        "-2.2250738585072014e-308",
        "18446744073709551615",
        "-9223372036854775808",
    ] {
        let read = parse(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(parse(read.to_string().as_bytes(), &Limits::default()).unwrap(), read, "{text}");
        assert_eq!(read.to_string(), text);
    }
}
