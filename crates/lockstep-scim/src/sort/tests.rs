//! What `sort` promises, as tables and properties.

use serde_json::{Value, json};

use super::Sort;
use crate::schema::Schema;
use crate::{Definition, Limits, Object, ScimType};

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

// Shows: SORT-02, SORT-04, SORT-05, SORT-06, SORT-10
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

// Shows: SORT-02, SORT-03, SORT-11
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

// Shows: SORT-05, SORT-06, SORT-07
#[test]
fn values_are_in_the_order_of_their_type() {
    let urn = "urn:example:values:1.0:User";
    let schema = json!({"id": urn, "name": "Values", "attributes": [
        {"name": "whole", "type": "integer"}, {"name": "part", "type": "decimal"}, {"name": "at", "type": "dateTime"},
        {"name": "is", "type": "boolean"}, {"name": "folded"}, {"name": "exact", "caseExact": true},
    ]});
    let schema = Schema::from_json(&schema, &Limits::default()).unwrap();
    let definition = Definition::user().with_extension(schema, false);
    for (attribute, values, expected) in [
        ("whole", json!([10, 9, -1, u64::MAX, null, 9]), "215034"),
        ("part", json!([1.5, 1, -0.5, 1e3, null]), "21034"),
        (
            "at",
            json!(["2020-01-01T00:30:00+01:00", "2020-01-01T00:00:00Z", "2019-12-31T23:15:00.5Z", null]),
            "2013",
        ),
        ("is", json!([true, false, null]), "102"),
        ("folded", json!(["b", "A", "a", "B", null]), "12034"),
        ("exact", json!(["b", "A", "a", "B", null]), "13204"),
    ] {
        for (order, descending) in [("ascending", false), ("descending", true)] {
            let by = format!("{urn}:{attribute}");
            let sort = Sort::parse(Some(&by), Some(order), &definition).unwrap().unwrap();
            let people: Vec<Object> = values
                .as_array()
                .unwrap()
                .iter()
                .map(|value| json!({(urn): {(attribute): value}}).as_object().unwrap().clone())
                .collect();
            let mut places: Vec<usize> = (0..people.len()).collect();
            places.sort_by(|&left, &right| sort.compare(&people[left], &people[right]));
            let mut keys: Vec<_> = places.iter().map(|&place| sort.key(&people[place])).collect();
            if descending {
                keys.reverse();
            } else {
                let places: String = places.iter().map(ToString::to_string).collect();
                assert_eq!(places, expected, "{attribute}");
            }
            // Descending is the other way round, but for what is equal.
            let ascending = Sort::parse(Some(&by), None, &definition).unwrap().unwrap();
            assert!(
                keys.is_sorted_by(|left, right| ascending.order(left, right).is_le()),
                "{attribute} {order}"
            );
        }
    }
}
