//! What `resource` promises about single values, by their type and by what the standard says of them.

use serde_json::{Value, json};

use super::super::format::tests::CERTIFICATE;
use super::super::{ReadOptions, read};
use crate::patch::{self, PatchOptions};
use crate::schema::{Schema, USER_URN};
use crate::{Definition, Error, Limits, ScimType};

const URN: &str = "urn:example:values:1.0:User";

/// A user type with an attribute of each type, named after it, and a list of each.
fn definition() -> Definition {
    let types = ["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference"];
    let mut attributes: Vec<Value> = types.iter().map(|kind| json!({"name": kind, "type": kind})).collect();
    attributes.push(json!({"name": "list", "type": "integer", "multiValued": true}));
    attributes.push(json!({"name": "complex", "type": "complex", "subAttributes": [{"name": "part"}]}));
    attributes.push(json!({"name": "once", "mutability": "immutable"}));
    attributes.push(json!({"name": "secret", "mutability": "writeOnly"}));
    attributes.push(json!({"name": "ours", "mutability": "readOnly"}));
    attributes.push(json!({"name": "exact", "caseExact": true}));
    let schema = json!({"id": URN, "name": "Values", "attributes": attributes});
    Definition::user().with_extension(Schema::from_json(&schema, &Limits::default()).unwrap(), false)
}

/// What is kept of a value of the attribute in a body that is written as JSON.
fn kept(attribute: &str, value: &str) -> Result<Option<Value>, Error> {
    let text = format!(r#"{{"userName": "a", "{URN}": {{"{attribute}": {value}}}}}"#);
    let body = crate::json::parse(text.as_bytes(), &Limits::default())?;
    let object = read(body, &definition(), &ReadOptions::default(), &Limits::default())?.object;
    Ok(object.get(URN).and_then(|members| members.get(attribute)).cloned())
}

// Shows: SCHEMA-03, SCHEMA-04, SCHEMA-05, SCHEMA-06, SCHEMA-07, SCHEMA-08, SCHEMA-09, CREATE-21
#[test]
fn a_value_is_of_its_attributes_type() {
    for (attribute, value) in [
        ("string", "\"x\""),
        ("string", "\"\""),
        ("boolean", "true"),
        ("boolean", "false"),
        ("decimal", "1"),
        ("decimal", "-0.5e3"),
        ("integer", "-7"),
        ("integer", "9223372036854775807"),
        ("dateTime", "\"2008-01-23T04:56:22Z\""),
        ("dateTime", "\"2008-01-23T04:56:22.5+02:00\""),
        ("dateTime", "\"2008-01-23T04:56:22\""),
        ("binary", "\"TQ==\""),
        ("binary", "\"TQ\""),
        ("reference", "\"https://example.com/v2/Users/1\""),
        ("reference", "\"../Users/1\""),
        ("list", "[1, 2]"),
        ("complex", "{\"part\": \"x\"}"),
        ("once", "\"x\""),
        ("exact", "\"XyZ\""),
    ] {
        let written: Value = serde_json::from_str(value).unwrap();
        assert_eq!(kept(attribute, value).unwrap(), Some(written), "{attribute}: {value}");
    }
    for (attribute, value) in [
        ("string", "7"),
        ("string", "[\"x\"]"),
        ("string", "{}"),
        ("boolean", "\"true\""),
        ("boolean", "1"),
        ("decimal", "\"1\""),
        ("integer", "1.5"),
        ("integer", "1.0"),
        ("integer", "1e2"),
        ("integer", "99999999999999999999"),
        ("integer", "-9223372036854775809"),
        ("dateTime", "\"2008-01-23\""),
        ("dateTime", "\"2008-01-23Z\""),
        ("dateTime", "1201064182"),
        ("binary", "\"ab-_\""),
        ("binary", "\"a\""),
        ("reference", "7"),
        ("list", "1"),
        ("list", "{\"value\": 1}"),
        ("list", "[\"x\"]"),
        ("list", "[[1]]"),
        ("complex", "\"x\""),
        ("complex", "[{\"part\": \"x\"}]"),
        ("complex", "{\"part\": {\"deeper\": 1}}"),
    ] {
        let error = kept(attribute, value).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{attribute}: {value}");
        assert!(error.detail.starts_with(&format!("{URN}:{attribute}")), "{error}");
    }
    // Not numbers of JSON at all: there are digits on both sides of the period.
    for value in ["1.", ".5", "+1", "01", "0x1", "NaN", "1e999"] {
        assert_eq!(kept("decimal", value).unwrap_err().scim_type, Some(ScimType::InvalidSyntax), "{value}");
    }
}

// Shows: READ-11, CREATE-16, CREATE-17, SCHEMA-02, SCHEMA-11, CREATE-02
#[test]
fn what_is_unassigned_or_not_the_clients_is_not_kept() {
    for attribute in ["string", "list", "complex"] {
        assert_eq!(kept(attribute, "null").unwrap(), None, "{attribute}");
    }
    assert_eq!(kept("list", "[]").unwrap(), None);
    assert_eq!(kept("list", "[null]").unwrap(), None);
    assert_eq!(kept("complex", "{}").unwrap(), None);
    assert_eq!(kept("complex", "{\"part\": null}").unwrap(), None);
    assert_eq!(kept("secret", "\"x\"").unwrap(), None);
    assert_eq!(kept("ours", "\"x\"").unwrap(), None);
    assert_eq!(kept("once", "\"x\"").unwrap(), Some(json!("x")));
    assert_eq!(kept("exact", "\"XyZ\"").unwrap(), Some(json!("XyZ")));
}

#[track_caller]
fn strictly(body: &Value, check_formats: bool) -> Result<Value, Error> {
    let options = ReadOptions { check_formats, ..ReadOptions::default() };
    let mut whole = json!({"userName": "a"});
    whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    read(whole, &Definition::user(), &options, &Limits::default())
        .map(|incoming| Value::Object(incoming.object))
}

// Shows: CREATE-31, CREATE-32
#[test]
fn a_country_and_a_certificate_are_what_the_standard_says_where_that_is_asked_for() {
    for (body, fits) in [
        (json!({"addresses": [{"country": "SE"}]}), true),
        (json!({"addresses": [{"country": "Sweden"}]}), false),
        (json!({"x509Certificates": [{"value": CERTIFICATE}]}), true),
        (json!({"x509Certificates": [{"value": "TWFu"}]}), false),
        // A sequence of three.
        (json!({"x509Certificates": [{"value": "MAYwADAAMAA="}]}), false),
    ] {
        assert_eq!(strictly(&body, true).is_ok(), fits, "{body}");
        assert!(strictly(&body, false).is_ok(), "{body}");
        let patched = |check_formats: bool| {
            let options = PatchOptions { check_formats, ..PatchOptions::default() };
            let body = json!({"Operations": [{"op": "add", "value": body}]});
            patch::parse(&body, &Definition::user(), &options, &Limits::default())
        };
        assert_eq!(patched(true).is_ok(), fits, "{body}");
        assert!(patched(false).is_ok(), "{body}");
    }
    let by_path = json!({"Operations": [
        {"op": "replace", "path": "addresses[type eq \"work\"].country", "value": "Sweden"},
    ]});
    let strict = PatchOptions { check_formats: true, ..PatchOptions::default() };
    let error = patch::parse(&by_path, &Definition::user(), &strict, &Limits::default()).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{error}");
    assert!(error.detail.contains("addresses[...].country"), "{error}");
}

// Shows: READ-19
#[test]
fn the_same_type_and_value_are_there_once() {
    let emails = json!([
        {"value": "a@example.com", "type": "work"},
        {"value": "A@EXAMPLE.COM", "type": "WORK", "primary": true, "display": "A"},
        {"value": "a@example.com", "type": "home"},
        {"value": "a@example.com"},
        {"type": "work"}, {"type": "work"},
    ]);
    assert_eq!(
        strictly(&json!({"emails": emails}), false).unwrap()["emails"],
        json!([
            {"value": "a@example.com", "type": "work", "primary": true, "display": "A"},
            {"value": "a@example.com", "type": "home"},
            {"value": "a@example.com"},
            {"type": "work"}, {"type": "work"},
        ])
    );
}

// Shows: CREATE-11, CREATE-12
#[test]
fn schemas_are_named_once_and_in_any_order() {
    let ent = crate::schema::ENTERPRISE_USER_URN;
    for (schemas, fits) in [
        (json!([USER_URN]), true),
        (json!([ent, USER_URN]), true),
        (json!([USER_URN, ent]), true),
        (json!([ent]), false),
        (json!([USER_URN, USER_URN]), false),
        (json!([USER_URN, USER_URN.to_uppercase()]), false),
        (json!([USER_URN, ent, ent]), false),
        (json!(USER_URN), false),
        (json!(vec!["urn:x:y"; 2_000]), false),
    ] {
        let read = strictly(&json!({"schemas": schemas, (ent): {"department": "R"}}), false);
        match read {
            Ok(read) => assert_eq!(read["schemas"], json!([USER_URN, ent])),
            Err(error) => assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax), "{error}"),
        }
        assert_eq!(strictly(&json!({"schemas": schemas}), false).is_ok(), fits, "{schemas}");
    }
    let strict = ReadOptions { require_schemas: true, ..ReadOptions::default() };
    for body in [json!({"userName": "a"}), json!({"userName": "a", "schemas": []})] {
        let error = read(body, &Definition::user(), &strict, &Limits::default()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax));
    }
}

// Shows: CREATE-34, CREATE-35, SCHEMA-18
#[test]
fn a_locale_may_have_an_underscore_and_a_canonical_value_is_a_suggestion() {
    for locale in ["en-US", "en_US"] {
        assert_eq!(strictly(&json!({"locale": locale}), true).unwrap()["locale"], locale);
    }
    let emails = json!([{"value": "a@example.com", "type": "holiday"}]);
    assert_eq!(strictly(&json!({"emails": emails}), true).unwrap()["emails"], emails);
}
