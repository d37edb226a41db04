//! What `projection` promises, as tables and properties.

use serde_json::{Value, json};

use super::Projection;
use crate::Definition;
use crate::schema::{ENTERPRISE_USER_URN as ENT, USER_URN};

fn alice() -> Value {
    json!({
        "schemas": [USER_URN, ENT], "id": "1", "userName": "alice", "name": {"familyName": "A", "givenName": "B"},
        "emails": [{"value": "w", "type": "work"}, {"type": "home"}], "groups": [{"value": "g"}],
        (ENT): {"department": "R", "manager": {"value": "m", "displayName": "M"}}, "meta": {"version": "1"}
    })
}

#[test]
fn the_named_and_the_always_returned() {
    let user = Definition::user();
    let alice = alice();
    let schemas = json!([USER_URN, ENT]);
    for (attributes, excluded, expected) in [
        (None, None, alice.clone()),
        (Some(""), Some(" , "), alice.clone()),
        (Some("userName"), None, json!({"schemas": schemas, "id": "1", "userName": "alice"})),
        (Some("USERNAME, nosuch,id"), None, json!({"schemas": schemas, "id": "1", "userName": "alice"})),
        (Some("nosuch"), None, json!({"schemas": schemas, "id": "1"})),
        (Some("name.FAMILYNAME"), None, json!({"schemas": schemas, "id": "1", "name": {"familyName": "A"}})),
        (Some("emails.value"), None, json!({"schemas": schemas, "id": "1", "emails": [{"value": "w"}]})),
        (
            Some("emails.value,emails"),
            None,
            json!({"schemas": schemas, "id": "1", "emails": alice["emails"]}),
        ),
        (
            Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:USER:department"),
            None,
            json!({"schemas": schemas, "id": "1", (ENT): {"department": "R"}}),
        ),
        (Some(ENT), None, json!({"schemas": schemas, "id": "1", (ENT): alice[ENT]})),
        // The base schema's URN means its attributes, and neither the common ones nor an extension.
        (
            Some(&USER_URN.to_uppercase()),
            None,
            json!({
                "schemas": schemas, "id": "1", "userName": "alice", "name": alice["name"],
                "emails": alice["emails"], "groups": alice["groups"]
            }),
        ),
        (
            None,
            Some(USER_URN),
            json!({"schemas": schemas, "id": "1", (ENT): alice[ENT], "meta": alice["meta"]}),
        ),
        (
            Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"),
            None,
            json!({"schemas": schemas, "id": "1", (ENT): {"manager": {"value": "m"}}}),
        ),
        (
            None,
            Some("id,schemas,meta,groups,emails,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"),
            json!({"schemas": schemas, "id": "1", "userName": "alice", "name": alice["name"]}),
        ),
        (
            None,
            Some(
                "meta.version,name.givenName,emails.type,groups,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            ),
            json!({
                "schemas": schemas, "id": "1", "userName": "alice", "name": {"familyName": "A"}, "emails": [{"value": "w"}],
                (ENT): {"department": "R"}
            }),
        ),
    ] {
        let projection = Projection::parse(attributes, excluded, &user).unwrap();
        let result = projection.apply(alice.as_object().unwrap(), &user);
        assert_eq!(Value::Object(result), expected, "{attributes:?} {excluded:?}");
    }
}

#[test]
fn what_need_not_be_loaded() {
    let group = Definition::group();
    for (attributes, excluded, wanted) in [
        (None, None, true),
        (Some("members"), None, true),
        (Some("members.value"), None, true),
        (Some("displayName"), None, false),
        (None, Some("MEMBERS"), false),
        (None, Some("members.display"), true),
        (None, Some("displayName"), true),
        (Some("urn:ietf:params:scim:schemas:core:2.0:Group"), None, true),
        (None, Some("urn:ietf:params:scim:schemas:core:2.0:Group"), false),
    ] {
        let projection = Projection::parse(attributes, excluded, &group).unwrap();
        assert_eq!(projection.wants("members"), wanted, "{attributes:?} {excluded:?}");
    }
}

#[test]
fn both_lists_or_too_many_names_are_refused() {
    let user = Definition::user();
    assert!(Projection::parse(Some("userName"), Some("emails"), &user).is_err());
    assert!(Projection::from_lists(&["userName".to_owned()], &["emails".to_owned()], &user).is_err());
    let error = Projection::parse(Some(&"a,".repeat(200)), None, &user).unwrap_err();
    assert!(error.detail.contains("projection_attributes"));
    let open = Definition::user().with_open_extensions();
    let object = json!({"id": "1", "urn:acme:Badge": {"colour": "red", "size": 1}, "stray": 1});
    for (name, expected) in [
        ("urn:acme:badge", json!({"id": "1", "urn:acme:Badge": {"colour": "red", "size": 1}})),
        ("urn:acme:Badge:COLOUR", json!({"id": "1", "urn:acme:Badge": {"colour": "red"}})),
    ] {
        let projection = Projection::parse(Some(name), None, &open).unwrap();
        assert_eq!(Value::Object(projection.apply(object.as_object().unwrap(), &open)), expected, "{name}");
    }
}
