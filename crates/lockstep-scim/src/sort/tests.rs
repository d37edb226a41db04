//! What `sort` promises, as tables and properties.

use serde_json::{Value, json};

use super::Sort;
use crate::{Definition, Object, ScimType};

fn people() -> Vec<Object> {
    [
        json!({"id": "1", "userName": "bob", "active": true, "emails": [{"value": "z"}, {"value": "a", "primary": true}], "externalId": "b"}),
        json!({"id": "2", "userName": "Alice", "active": false, "emails": [{"value": "M"}], "externalId": "B"}),
        json!({"id": "3", "userName": "émile", "meta": {"created": "2020-01-01T01:00:00+02:00"}}),
        json!({"id": "4", "userName": "carl", "meta": {"created": "2019-12-31T23:30:00Z"}, "name": {"familyName": "x"}}),
    ]
    .map(|person| person.as_object().unwrap().clone())
    .to_vec()
}

#[test]
fn missing_values_come_last_and_first() {
    let user = Definition::user();
    for (by, order, expected) in [
        ("userName", None, "2143"),
        ("USERNAME", Some("ascending"), "2143"),
        ("userName", Some("Descending"), "3412"),
        ("externalId", None, "2134"),
        ("externalId", Some("descending"), "3412"),
        ("emails", None, "1234"),
        ("emails.value", None, "1234"),
        ("active", None, "2134"),
        ("meta.created", None, "3412"),
        ("name.familyName", Some("descending"), "1234"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", None, "2143"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", None, "1234"),
    ] {
        let sort = Sort::parse(Some(by), order, &user).unwrap().unwrap();
        let mut sorted = people();
        sorted.sort_by(|left, right| sort.compare(left, right));
        let ids: String =
            sorted.iter().filter_map(|person| person.get("id").and_then(Value::as_str)).collect();
        assert_eq!(ids, expected, "{by} {order:?}");
    }
}

#[test]
fn an_order_that_makes_no_sense_is_refused() {
    let user = Definition::user();
    assert_eq!(Sort::parse(None, Some("descending"), &user), Ok(None));
    for (by, order) in [
        ("nosuch", None),
        ("name", None),
        ("addresses", None),
        ("userName", Some("down")),
        ("a b", None),
        ("password", None),
    ] {
        let error = Sort::parse(Some(by), order, &user).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{by}");
    }
}
