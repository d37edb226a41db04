//! What `resource` promises, as tables and properties.

mod values;

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

// Shows: CREATE-02, CREATE-03, CREATE-18, SCHEMA-15
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

// Shows: CREATE-10, CREATE-11, CREATE-21, CREATE-25, SCHEMA-09
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

// Shows: CREATE-13, CREATE-24, SCHEMA-08
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
    let strict = ReadOptions { unknown: Unknown::Refuse, require_schemas: true, ..ReadOptions::default() };
    assert_eq!(refused(body, strict).scim_type, Some(ScimType::InvalidSyntax));
    assert_eq!(refused(json!({"userName": "a"}), strict).scim_type, Some(ScimType::InvalidSyntax));
    assert_eq!(
        refused(json!({"userName": "a", "schemas": []}), strict).scim_type,
        Some(ScimType::InvalidSyntax)
    );
}

#[test]
fn open_extensions_are_kept_as_they_came() {
    let extension =
        json!({"Colour": "red", "deep": {"a": [1, 2.5, ["x"]]}, "empty": "", "no": false, "zero": 0});
    let body = json!({
        "userName": "a", "urn:acme:Badge": extension, "urn:acme:Empty": {}, "urn:acme:Null": null, "urn:acme:Text": "x",
        (GROUP_URN): {"displayName": "x"}, "urn:ietf:params:scim:api:messages:2.0:PatchOp": {"Operations": [1]}
    });
    let definition = Definition::user().with_open_extensions();
    let incoming = read(body, &definition, &ReadOptions::default(), &Limits::default()).unwrap();
    assert_eq!(incoming.object["urn:acme:Badge"], extension);
    assert_eq!(incoming.object["schemas"], json!([USER_URN, "urn:acme:Badge"]));
    let mut ignored = incoming.ignored;
    ignored.sort();
    assert_eq!(ignored, ["urn:acme:Text", "urn:ietf:params:scim:api:messages:2.0:PatchOp", GROUP_URN]);
}

#[test]
fn what_is_unassigned_in_an_open_extension_is_left_out() {
    let definition = Definition::user().with_open_extensions();
    for (extension, expected) in [
        (json!({"a": null, "b": [], "c": {}, "d": [null, {}, [[]]], "e": {"f": {"g": null}}}), None),
        (json!({"a": [1, null, {"b": null, "c": 2}], "d": {"e": []}}), Some(json!({"a": [1, {"c": 2}]}))),
    ] {
        let body = json!({"userName": "a", "urn:acme:Badge": extension});
        let incoming = read(body, &definition, &ReadOptions::default(), &Limits::default()).unwrap();
        assert_eq!(incoming.object.get("urn:acme:Badge"), expected.as_ref());
        assert_eq!(incoming.object["schemas"].as_array().unwrap().len(), 1 + usize::from(expected.is_some()));
    }
}

#[test]
fn a_key_may_say_where_its_attribute_lives() {
    let ent = |rest: &str| format!("{ENTERPRISE_USER_URN}:{rest}");
    let core = |rest: &str| format!("{USER_URN}:{rest}");
    for (body, expected) in [
        (json!({(ent("department")): "Q"}), json!({(ENTERPRISE_USER_URN): {"department": "Q"}})),
        (
            json!({(ent("Department").to_uppercase()): "Q", (ENTERPRISE_USER_URN.to_lowercase()): {"division": "D"}}),
            json!({(ENTERPRISE_USER_URN): {"department": "Q", "division": "D"}}),
        ),
        (
            json!({(ent("manager.value")): "m", (ent("manager.displayName")): "M"}),
            json!({(ENTERPRISE_USER_URN): {"manager": {"value": "m"}}}),
        ),
        (
            json!({(ENTERPRISE_USER_URN): {"manager.value": "m"}}),
            json!({(ENTERPRISE_USER_URN): {"manager": {"value": "m"}}}),
        ),
        (
            json!({(ent("manager")): {"VALUE": "m"}}),
            json!({(ENTERPRISE_USER_URN): {"manager": {"value": "m"}}}),
        ),
        (
            json!({(core("title")): "T", (core("emails")): [{"value": "a"}], (core("name.givenName")): "G"}),
            json!({"title": "T", "emails": [{"value": "a"}], "name": {"givenName": "G"}}),
        ),
        (
            json!({(USER_URN): {"title": "T", "name.givenName": "G"}, "nickName": "N"}),
            json!({"title": "T", "nickName": "N", "name": {"givenName": "G"}}),
        ),
        (
            json!({"name.givenName": "G", "NAME.familyname": "F", "Name": {"middleName": "M"}}),
            json!({"name": {"givenName": "G", "familyName": "F", "middleName": "M"}}),
        ),
        // The same said twice, and a null beside a value.
        (json!({(core("title")): "T", "title": "T"}), json!({"title": "T"})),
        (json!({(core("title")): null, "title": "T"}), json!({"title": "T"})),
        (json!({(core("title")): "T", "title": null}), json!({"title": "T"})),
        (json!({(core("title")): null}), json!({})),
        // The server's own, and the password.
        (json!({(core("id")): "1", "meta.version": "1", (core("password")): "secret"}), json!({})),
    ] {
        let mut asked = body.clone();
        asked["userName"] = json!("a");
        let incoming = read(asked, &Definition::user(), &ReadOptions::default(), &Limits::default()).unwrap();
        let mut object = incoming.object;
        assert_eq!(incoming.ignored, [""; 0], "{body}");
        assert_eq!(object.remove("userName"), Some(json!("a")));
        object.remove("schemas");
        assert_eq!(Value::Object(object), expected, "{body}");
    }
    let name = json!({(core("userName")): "a"});
    assert_eq!(user(name)["userName"], "a");
    // Which of several values is meant nobody knows; what no schema has is unknown; strict takes neither.
    for (key, value) in [
        ("emails.value".to_owned(), json!("a")),
        (core("emails.value"), json!("a")),
        ("title.x".to_owned(), json!("a")),
        (ent("nosuch"), json!("a")),
        (ent("manager.nosuch"), json!("a")),
        ("emails[type eq \"work\"].value".to_owned(), json!("a")),
        (USER_URN.to_owned(), json!("a")),
    ] {
        let body = json!({"userName": "a", (key.as_str()): value});
        let incoming = read(body, &Definition::user(), &ReadOptions::default(), &Limits::default()).unwrap();
        assert_eq!(incoming.ignored.len(), 1, "{key}");
        assert_eq!(incoming.object.len(), 2, "{key}");
    }
    let strict = ReadOptions { unknown: Unknown::Refuse, ..ReadOptions::default() };
    for (body, options, kind) in [
        (json!({"userName": "a", (ent("department")): "secret"}), strict, ScimType::InvalidSyntax),
        (
            json!({"userName": "a", "title": "x", (core("title")): "secret"}),
            ReadOptions::default(),
            ScimType::InvalidSyntax,
        ),
        (
            json!({"userName": "a", (ENTERPRISE_USER_URN): {"department": "x"}, (ent("department")): "secret"}),
            ReadOptions::default(),
            ScimType::InvalidSyntax,
        ),
        (
            json!({"userName": "a", "name": {"givenName": "x"}, "name.givenName": "secret"}),
            ReadOptions::default(),
            ScimType::InvalidSyntax,
        ),
        (
            json!({"userName": "a", (core("active")): "secret"}),
            ReadOptions::default(),
            ScimType::InvalidValue,
        ),
        (
            json!({"userName": "a", "name": "secret", "name.givenName": "secret"}),
            ReadOptions::default(),
            ScimType::InvalidValue,
        ),
    ] {
        assert_eq!(refused(body.clone(), options).scim_type, Some(kind), "{body}");
    }
}

// Shows: CREATE-30
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
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:core:2.0:User:userName",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
            "name.familyName",
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
