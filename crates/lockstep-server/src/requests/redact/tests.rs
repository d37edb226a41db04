//! What may be kept of a request, and in which form.

use super::*;

#[test]
fn a_filter_keeps_its_form_when_it_is_masked() {
    let mut redaction = Redaction::new(None, true);
    for (text, kept) in [
        (r#"userName eq "a b \" c""#, "userName eq [text of 8]"),
        (
            r#"emails[type eq "work" and value co bob] and active eq true"#,
            "emails[type eq [text of 4] and value co [text of 3]] and active eq true",
        ),
        ("title pr", "title pr"),
        ("not (title eq 5)", "not (title eq [text of 1])"),
    ] {
        assert_eq!(redaction.filter(text, false), kept, "{text}");
    }
    let path = r#"emails[type eq "work"].value"#;
    assert_eq!(redaction.filter(path, true), "emails[type eq [text of 4]].value");
    assert_eq!(redaction.filter("name.givenName", true), "name.givenName");
}

#[test]
fn what_looks_like_a_secret_is_one_whatever_its_schema() {
    let mut redaction = Redaction::new(None, false);
    let body = serde_json::json!({
        "urn:x:2.0:User:newPassword": "hunter22", "a": [{ "client_secret": 7 }],
        "data": "{\"userName\":\"a\",\"password\":\"hunter22\"}", "broken": "{\"password\":\"hunter22",
    });
    let kept = redaction.body(body);
    assert_eq!(kept["urn:x:2.0:User:newPassword"], REDACTED);
    assert_eq!(kept["a"][0]["client_secret"], REDACTED);
    assert!(kept["data"].as_str().unwrap().contains("userName") && !kept.to_string().contains("hunter22"));
    assert_eq!(redaction.message("`hunter22` is too short"), "`[text of 8]` is too short");
}

#[test]
fn a_body_is_kept_as_it_came_only_where_it_names_no_secret_in_any_spelling() {
    let kept = |body: &str| Redaction::new(None, false).as_sent(body.as_bytes()).is_some();
    assert!(kept(r#"{"userName":"ada@example.com","title":"an \"Engineer\""}"#));
    for body in [
        r#"{"PassWord":"x"}"#,
        r#"{"pass\u0077ord":"x"}"#,
        r#"{"data":"{\"pass\\u0077ord\":1}"}"#,
        r#"[{"op":"add","path":"urn:a:Client_Secret","value":1}]"#,
        "{\"userName\":\"\u{212a}im\"}",
        "not JSON",
    ] {
        assert!(!kept(body), "{body}");
    }
    let long = format!("[{}1]", " ".repeat(RECORDED_AS_SENT_BYTES_LIMIT));
    assert!(!kept(&long) && Redaction::new(None, true).as_sent(b"{}").is_none());
}

#[test]
fn a_text_is_cut_between_characters() {
    let text = "é".repeat(RECORDED_TEXT_CHARS_LIMIT + 1);
    assert_eq!(cut(&text), format!("{}… [513 characters]", "é".repeat(RECORDED_TEXT_CHARS_LIMIT)));
    assert_eq!(cut(&text[2..]), text[2..]);
}
