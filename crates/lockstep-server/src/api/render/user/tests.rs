//! What an application reads of a user, for what IdPs write.

use serde_json::json;

use super::*;

fn doc(value: &Value) -> Object {
    value.as_object().expect("an object").clone()
}

#[test]
fn the_email_is_the_primary_one_else_the_first_else_a_user_name_that_is_one() {
    let cases = [
        (json!({ "emails": [{ "value": "a@x" }, { "value": "b@x", "primary": true }] }), Some("b@x")),
        (json!({ "emails": [{ "value": "a@x" }, { "value": "b@x" }] }), Some("a@x")),
        (json!({ "emails": [{ "type": "work" }, { "value": "" }, { "value": "b@x" }] }), Some("b@x")),
        (json!({ "emails": [], "userName": "c@x" }), Some("c@x")),
        (json!({ "userName": "carol" }), None),
    ];
    for (value, expected) in cases {
        assert_eq!(email(&doc(&value)), expected, "{value}");
    }
}

#[test]
fn the_name_is_the_formatted_one_else_its_parts_else_the_display_name() {
    let cases = [
        (json!({ "name": { "formatted": "F", "givenName": "G" } }), Some("F")),
        (json!({ "name": { "givenName": "G", "familyName": "L" }, "displayName": "D" }), Some("G L")),
        (json!({ "name": { "familyName": "L" } }), Some("L")),
        (json!({ "displayName": "D" }), Some("D")),
        (json!({ "name": { "formatted": "" } }), None),
    ];
    for (value, expected) in cases {
        assert_eq!(full_name(&doc(&value)).as_deref(), expected, "{value}");
    }
}

#[test]
fn the_idp_knows_a_user_by_external_id_else_by_user_name() {
    assert_eq!(user_idp_id(&doc(&json!({ "externalId": "7", "userName": "u" }))), "7");
    assert_eq!(user_idp_id(&doc(&json!({ "userName": "u" }))), "u");
}
