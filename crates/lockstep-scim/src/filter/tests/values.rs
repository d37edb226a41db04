//! What `filter` promises about absence, references, schemas and attributes that somebody defines.

use serde_json::{Value, json};

use super::super::{check, matches, parse};
use crate::schema::{ENTERPRISE_USER_URN, Schema, USER_URN};
use crate::{Definition, Limits, ScimType};

const URN: &str = "urn:example:badge:1.0:User";

pub(super) fn definition() -> Definition {
    let schema = json!({"id": URN, "name": "Badge", "attributes": [
        {"name": "number", "type": "integer"}, {"name": "weight", "type": "decimal"},
        {"name": "exact", "caseExact": true}, {"name": "colour"}, {"name": "until", "type": "dateTime"},
        {"name": "photo", "type": "binary"}, {"name": "lost", "type": "boolean"}, {"name": "pin", "mutability": "writeOnly"},
        {"name": "hidden", "returned": "never"}, {"name": "tags", "multiValued": true},
        {"name": "door", "type": "complex", "multiValued": true, "subAttributes": [
            {"name": "value"}, {"name": "hours", "type": "integer", "multiValued": true},
            {"name": "$ref", "type": "reference", "referenceTypes": ["Door"]}]},
        {"name": "page", "type": "reference", "referenceTypes": ["external"]},
    ]});
    Definition::user().with_extension(Schema::from_json(&schema, &Limits::default()).unwrap(), false)
}

fn alice() -> Value {
    json!({
        "schemas": [USER_URN, URN], "id": "1", "userName": "alice", "title": "",
        "emails": [{"value": "a@example.com", "type": "work"}, {"value": "b@example.com"}],
        "groups": [{"value": "7", "$ref": "https://Example.com/scim/v2/Groups/7"}],
        "photos": [{"value": "https://img.example.com/v2/photo/F"}],
        (URN): {
            "number": 12, "weight": 1.5, "exact": "AbC", "colour": "Red", "until": "2020-01-01T01:00:00+02:00",
            "photo": "TWFu", "lost": false, "tags": ["one", "Two"],
            "door": [{"value": "d", "hours": [8, 9], "$ref": "Doors/1"}, {"value": "e"}],
            "page": "https://example.com/v1/a/b",
        }
    })
}

#[track_caller]
fn holds(filter: &str) -> bool {
    let (filter, definition) = (parse(filter, &Limits::default()).unwrap(), definition());
    check(&filter, &definition).unwrap();
    matches(&filter, alice().as_object().unwrap(), &definition)
}

// Shows: FILTER-31, READ-11, FILTER-21
#[test]
fn to_be_null_is_to_have_no_value() {
    for path in [
        "nickName",
        "userName",
        "name",
        "name.givenName",
        "emails",
        "emails.type",
        "emails.display",
        "addresses",
        "addresses.country",
        &format!("{URN}:lost"),
        &format!("{URN}:tags"),
        &format!("{URN}:door.hours"),
        &format!("{ENTERPRISE_USER_URN}:department"),
    ] {
        let present = holds(&format!("{path} pr"));
        assert_eq!(holds(&format!("{path} eq null")), !present, "{path}");
        assert_eq!(holds(&format!("{path} ne null")), present, "{path}");
    }
    for (filter, expected) in [
        // An empty text is a value (RFC 7643 §2.5), although `pr` asks for more.
        ("title eq null", false),
        ("title ne null", true),
        ("title pr", false),
        ("emails eq null", false),
        ("emails[type eq null]", true),
        ("emails[type eq null and value eq \"a@example.com\"]", false),
        ("emails[type ne null and value eq \"a@example.com\"]", true),
        ("emails[display ne null]", false),
        ("title gt null", false),
    ] {
        assert_eq!(holds(filter), expected, "{filter}");
    }
}

// Shows: FILTER-14, FILTER-19
#[test]
fn a_resources_uri_is_the_same_in_each_version_of_the_api() {
    for (uri, expected) in [
        ("https://example.com/scim/v2/Groups/7", true),
        ("https://example.com/scim/Groups/7", true),
        ("https://example.com/scim/v1/Groups/7", true),
        ("https://example.com/v2.1/scim/Groups/7", true),
        ("HTTPS://EXAMPLE.com/scim/v2/Groups/7", true),
        ("https://example.com/scim/v2/Groups/8", false),
        ("https://example.com/scim/v2/groups/7", false),
        ("https://example.com/vault/Groups/7", false),
        ("https://example.net/scim/v2/Groups/7", false),
        ("https://example.com", false),
        ("", false),
    ] {
        assert_eq!(holds(&format!("groups.$ref eq {}", json!(uri))), expected, "{uri}");
        assert_eq!(holds(&format!("groups[$ref eq {}]", json!(uri))), expected, "{uri}");
        assert_eq!(holds(&format!("groups.$ref ne {}", json!(uri))), !expected, "{uri}");
    }
    for (filter, expected) in [
        // Relative ones, and those of another resource type.
        (format!("{URN}:door.$ref eq \"v2/Doors/1\""), true),
        (format!("{URN}:door.$ref eq \"/v2/Doors/1\""), false),
        // What is no resource of SCIM is compared as it is.
        (format!("{URN}:page eq \"https://example.com/v1/a/b\""), true),
        (format!("{URN}:page eq \"https://example.com/v2/a/b\""), false),
        ("photos.value eq \"https://img.example.com/v1/photo/F\"".to_owned(), false),
    ] {
        assert_eq!(holds(&filter), expected, "{filter}");
    }
}

// Shows: FILTER-29
#[test]
fn a_resource_is_found_by_its_schemas() {
    for (filter, expected) in [
        (format!("schemas eq \"{USER_URN}\""), true),
        (format!("SCHEMAS eq \"{}\"", URN.to_uppercase()), true),
        (format!("schemas eq \"{ENTERPRISE_USER_URN}\""), false),
        (format!("schemas ne \"{ENTERPRISE_USER_URN}\""), true),
        (format!("schemas co \"badge\" and schemas sw \"{URN}\""), true),
        ("schemas pr".to_owned(), true),
    ] {
        assert_eq!(holds(&filter), expected, "{filter}");
    }
}

// Shows: FILTER-12, FILTER-13, FILTER-15, FILTER-18, FILTER-20, FILTER-22, FILTER-37
#[test]
fn what_somebody_defined_is_compared_by_its_type() {
    for (filter, expected) in [
        ("number eq 12", true),
        ("number gt 9", true),
        ("number lt 100", true),
        ("weight gt 1", true),
        ("weight eq 1.50", true),
        ("weight le 15e-1", true),
        ("exact eq \"AbC\"", true),
        ("exact eq \"abc\"", false),
        ("exact sw \"Ab\"", true),
        ("colour eq \"RED\"", true),
        ("colour ew \"ED\"", true),
        ("until eq \"2019-12-31T23:00:00Z\"", true),
        ("until gt \"2019-12-31T22:59:59.9Z\"", true),
        ("photo eq \"TWFu\"", true),
        ("photo eq \"twfu\"", false),
        ("lost eq false", true),
        ("tags eq \"two\"", true),
        ("tags eq \"three\"", false),
        ("tags ne \"two\"", false),
        ("tags[value sw \"t\"]", true),
        ("door.hours eq 9", true),
        ("door.hours gt 9", false),
        ("door.hours ne 9", false),
        ("door[value eq \"d\" and hours eq 8]", true),
        ("door[value eq \"e\" and hours eq 8]", false),
        ("door eq \"D\"", true),
    ] {
        assert_eq!(holds(&format!("{URN}:{filter}")), expected, "{filter}");
        assert_eq!(holds(&format!("{}:{filter}", URN.to_uppercase())), expected, "{filter}");
    }
    assert!(holds(&format!("{URN} pr")));
}

// Shows: FILTER-23, FILTER-24, FILTER-25, FILTER-33, FILTER-37
#[test]
fn what_does_not_fit_the_type_of_what_somebody_defined_is_refused() {
    for filter in [
        "number eq 1.5",
        "number eq 1e2",
        "number eq \"12\"",
        "number co 1",
        "weight eq \"1.5\"",
        "weight sw 1",
        "until gt \"2020-01-01\"",
        "photo gt \"TWFu\"",
        "photo co \"TW\"",
        "lost gt true",
        "lost eq \"no\"",
        "colour eq 7",
        "hidden eq \"x\"",
        "hidden pr",
        "pin pr",
        "door.nosuch eq \"x\"",
        "nosuch pr",
        "colour[value eq \"x\"]",
    ] {
        let parsed = parse(&format!("{URN}:{filter}"), &Limits::default()).unwrap();
        let error = check(&parsed, &definition()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidFilter), "{filter}");
    }
}
