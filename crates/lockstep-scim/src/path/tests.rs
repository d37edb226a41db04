//! What `path` promises, as tables and properties.

use proptest::prelude::*;

use super::Path;
use crate::{Limits, ScimType};

const ENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[test]
fn parses_into_parts() {
    for (text, urn, attribute, filter, sub) in [
        ("members", None, "members", None, None),
        ("name.familyName", None, "name", None, Some("familyName")),
        (r#"addresses[type eq "work"]"#, None, "addresses", Some(r#"type eq "work""#), None),
        (r#"members[value EQ "2819"].$ref"#, None, "members", Some(r#"value eq "2819""#), Some("$ref")),
        (
            " emails[ not(type pr) or (primary eq true) ].value ",
            None,
            "emails",
            Some("not (type pr) or primary eq true"),
            Some("value"),
        ),
        (&format!("{ENT}:manager.value"), Some(ENT), "manager", None, Some("value")),
        (ENT, Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0"), "User", None, None),
        ("urn:acme:badge:2.0", Some("urn:acme:badge:2.0"), "", None, None),
    ] {
        let path = Path::parse(text, &Limits::default()).unwrap();
        assert_eq!(path.urn.as_deref(), urn, "{text}");
        assert_eq!(path.attribute, attribute, "{text}");
        assert_eq!(path.filter.as_ref().map(ToString::to_string).as_deref(), filter, "{text}");
        assert_eq!(path.sub.as_deref(), sub, "{text}");
        assert_eq!(Path::parse(&path.to_string(), &Limits::default()).unwrap(), path);
    }
    assert_eq!(Path::parse(ENT, &Limits::default()).unwrap().urn_alone().as_deref(), Some(ENT));
    assert_eq!(
        Path::parse("urn:acme:badge:2.0", &Limits::default()).unwrap().urn_alone().as_deref(),
        Some("urn:acme:badge:2.0")
    );
    assert_eq!(Path::parse("emails", &Limits::default()).unwrap().urn_alone(), None);
}

#[test]
fn refuses_what_is_no_path() {
    // Shows: PATCH-05, PATCH-08
    for text in [
        "",
        " ",
        "emails[",
        "emails[]",
        "emails[type eq]",
        "emails[type eq",
        "emails[(type eq \"a\"]",
        "emails[type like \"a\"]",
        "emails[type eq \"a\"",
        "emails[type eq \"a\"].",
        "emails[type eq \"a\"]value",
        "emails[type eq \"a\"].a.b",
        "emails.type[value pr]",
        "a b",
        "name.",
        ".name",
        "a..b",
        "1",
        "emails[0]",
        "/emails/0",
        "a:b",
        "emails[type eq \"a\"][value pr]",
        "urn:",
        "urn::x",
    ] {
        let error = Path::parse(text, &Limits::default()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidPath), "{text}");
        assert!(error.detail.starts_with("path, column "), "{error}");
        let column = error.position.unwrap();
        assert!(error.detail.starts_with(&format!("path, column {column}: ")), "{error}");
    }
    let error = Path::parse(&"a".repeat(5_000), &Limits::default()).unwrap_err();
    assert!(error.detail.contains("path_bytes"));
    assert_eq!((error.position, error.limit), (None, Some("path_bytes")));
    assert!(Path::parse(&format!("emails[{}", "(".repeat(4_000)), &Limits::default()).is_err());
}

proptest! {
    #[test]
    fn no_text_panics_and_what_parses_prints_back(text in any::<String>(), noise in r#"(urn:[a-z0-9:.]{0,9})?[a-zA-Z]{0,5}(\[[a-z "()]{0,20}\])?[.a-z:$]{0,6}"#) {
        for text in [text, noise] {
            if let Ok(path) = Path::parse(&text, &Limits::default()) {
                prop_assert_eq!(Path::parse(&path.to_string(), &Limits::default()).unwrap(), path);
            }
        }
    }
}
