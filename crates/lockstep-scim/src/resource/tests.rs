//! What `resource` promises, as tables and properties.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ReadOptions, Unknown, read};
use crate::schema::{ENTERPRISE_USER_URN, GROUP_URN, USER_URN};
use crate::{Definition, Error, Limits, ScimType};

#[track_caller]
fn user(body: Value) -> Value {
    Value::Object(
        read(body, &Definition::user(), &ReadOptions::default(), &Limits::default()).unwrap().object,
    )
}

#[track_caller]
fn refused(body: Value, options: ReadOptions) -> Error {
    let error = read(body, &Definition::user(), &options, &Limits::default()).unwrap_err();
    assert!(!error.detail.contains("secret"), "{error}");
    error
}

#[test]
fn a_body_becomes_canonical() {
    let read = user(json!({
        "SCHEMAS": [USER_URN.to_uppercase()],
        "id": "mine", "meta": {"version": "1"}, "groups": [{"value": "g"}], "password": "secret",
        "USERNAME": "Alice", "Name": {"FAMILYNAME": "A", "middleName": null}, "nickName": null, "title": "",
        "ACTIVE": false, "emails": [{"VALUE": "a@x.org", "Primary": true}, null, {}], "phoneNumbers": [], "roles": [{}],
        (ENTERPRISE_USER_URN.to_uppercase()): {"DEPARTMENT": "R", "manager": {"value": "m", "displayName": "M"}}
    }));
    assert_eq!(
        read,
        json!({
            "schemas": [USER_URN, ENTERPRISE_USER_URN],
            "userName": "Alice", "name": {"familyName": "A"}, "title": "", "active": false,
            "emails": [{"value": "a@x.org", "primary": true}],
            (ENTERPRISE_USER_URN): {"department": "R", "manager": {"value": "m"}}
        })
    );
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let lenient = ReadOptions::default();
    for (body, kind, word) in [
        (json!([]), ScimType::InvalidSyntax, "object"),
        (json!({}), ScimType::InvalidValue, "userName"),
        (json!({"userName": null}), ScimType::InvalidValue, "userName"),
        (json!({"userName": "  "}), ScimType::InvalidValue, "userName"),
        (json!({"userName": 7}), ScimType::InvalidValue, "userName: must be a string, and is a number"),
        (
            json!({"userName": "a", "active": "secret"}),
            ScimType::InvalidValue,
            "active: must be true or false",
        ),
        (json!({"userName": "a", "name": "secret"}), ScimType::InvalidValue, "name: must be an object"),
        (
            json!({"userName": "a", "emails": {"value": "secret"}}),
            ScimType::InvalidValue,
            "emails: must be an array",
        ),
        (
            json!({"userName": "a", "emails": ["secret"]}),
            ScimType::InvalidValue,
            "emails[0]: must be an object",
        ),
        (json!({"userName": "a", "emails": [{}, {"value": 1}]}), ScimType::InvalidValue, "emails[1].value"),
        (
            json!({"userName": "a", "emails": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}),
            ScimType::InvalidValue,
            "primary",
        ),
        (
            json!({"userName": "a", "x509Certificates": [{"value": "secret!"}]}),
            ScimType::InvalidValue,
            "base64",
        ),
        (
            json!({"userName": "a", (ENTERPRISE_USER_URN): "secret"}),
            ScimType::InvalidValue,
            "must be an object",
        ),
        (json!({"userName": "a", "schemas": [GROUP_URN]}), ScimType::InvalidSyntax, "schemas"),
        (json!({"userName": "a", "schemas": "secret"}), ScimType::InvalidSyntax, "schemas"),
        (json!({"userName": "a", "schemas": [7]}), ScimType::InvalidSyntax, "schemas[0]"),
        (json!({"userName": "a".repeat(70_000)}), ScimType::InvalidValue, "string_bytes"),
        (
            json!({"userName": "a", "emails": vec![json!({"value": "a"}); 1_001]}),
            ScimType::InvalidValue,
            "values_per_attribute",
        ),
    ] {
        let error = refused(body, lenient);
        assert_eq!(error.scim_type, Some(kind), "{error}");
        assert!(error.detail.contains(word), "{error} should name {word}");
    }
}

#[test]
fn the_unknown_is_reported_or_refused() {
    let body = json!({
        "userName": "a", "nosuch": "secret", "emails": [{"value": "a", "nosuch": "secret"}], "urn:acme:X": {"a": 1},
        (ENTERPRISE_USER_URN): {"nosuch": "secret"}, "schemas": [USER_URN, "urn:acme:X"]
    });
    let incoming =
        read(body.clone(), &Definition::user(), &ReadOptions::default(), &Limits::default()).unwrap();
    let mut ignored = incoming.ignored;
    ignored.sort();
    assert_eq!(
        ignored,
        [
            "emails[0].nosuch",
            "nosuch",
            "schemas[1]",
            "urn:acme:X",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:nosuch"
        ]
    );
    assert_eq!(
        Value::Object(incoming.object),
        json!({"schemas": [USER_URN], "userName": "a", "emails": [{"value": "a"}]})
    );
    let strict = ReadOptions { unknown: Unknown::Refuse, require_schemas: true };
    assert_eq!(refused(body, strict).scim_type, Some(ScimType::InvalidSyntax));
    assert_eq!(refused(json!({"userName": "a"}), strict).scim_type, Some(ScimType::InvalidSyntax));
    assert_eq!(
        refused(json!({"userName": "a", "schemas": []}), strict).scim_type,
        Some(ScimType::InvalidSyntax)
    );
}

#[test]
fn open_extensions_are_kept_as_they_came() {
    let extension = json!({"Colour": "red", "deep": {"a": [1, null, 2.5]}, "none": null});
    let body =
        json!({"userName": "a", "urn:acme:Badge": extension, "urn:acme:Empty": {}, "urn:acme:Text": "x"});
    let definition = Definition::user().with_open_extensions();
    let incoming = read(body, &definition, &ReadOptions::default(), &Limits::default()).unwrap();
    assert_eq!(incoming.object["urn:acme:Badge"], extension);
    assert_eq!(incoming.object["schemas"], json!([USER_URN, "urn:acme:Badge"]));
    assert_eq!(incoming.ignored, ["urn:acme:Text"]);
}

#[test]
fn members_stay_for_the_core_to_take() {
    let body =
        json!({"displayName": "G", "members": [{"value": "1", "$ref": "x", "TYPE": "User", "display": "A"}]});
    let incoming = read(body, &Definition::group(), &ReadOptions::default(), &Limits::default()).unwrap();
    assert_eq!(incoming.object["members"], json!([{"value": "1", "$ref": "x", "type": "User"}]));
    let error =
        read(json!({}), &Definition::group(), &ReadOptions::default(), &Limits::default()).unwrap_err();
    assert!(error.detail.starts_with("displayName"));
}

pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-zé ]{0,6}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        prop::sample::select(vec![
            "userName",
            "emails",
            "EMAILS",
            "value",
            "type",
            "primary",
            "name",
            "familyName",
            "active",
            "schemas",
            "members",
            "op",
            "path",
            "Operations",
            "id",
            ENTERPRISE_USER_URN,
            "manager",
            "urn:acme:X",
        ])
        .prop_map(str::to_owned),
        "[a-z.:\\[]{0,5}",
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_body_panics_and_reading_twice_changes_nothing(body in any_json()) {
        for definition in [Definition::user(), Definition::group(), Definition::user().with_open_extensions()] {
            if let Ok(incoming) = read(body.clone(), &definition, &ReadOptions::default(), &Limits::default()) {
                let again = read(Value::Object(incoming.object.clone()), &definition, &ReadOptions::default(), &Limits::default());
                prop_assert_eq!(again.unwrap().object, incoming.object);
            }
        }
    }
}
