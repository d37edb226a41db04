//! What the evolution of a schema promises.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Evolution;
use crate::Error;
use crate::schema::define::tests::{URN, any_schema, schema};

fn evolve(now: &Value, next: &Value) -> Result<Evolution, Error> {
    schema(now).evolution(&schema(next))
}

fn one(extra: &Value) -> Value {
    let mut attribute = json!({"name": "a"});
    attribute.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!([attribute])
}

#[test]
fn a_change_that_keeps_every_value_asks_for_nothing() {
    for (now, next) in [
        (json!({}), json!({})),
        (json!({}), json!({"description": "x", "canonicalValues": ["y"]})),
        (json!({"canonicalValues": ["y"]}), json!({})),
        (json!({}), json!({"returned": "request"})),
        (json!({"returned": "always"}), json!({"returned": "never"})),
        (json!({"required": true}), json!({})),
        (json!({"mutability": "readOnly"}), json!({})),
        (json!({"mutability": "readOnly"}), json!({"mutability": "immutable"})),
        (json!({"mutability": "immutable"}), json!({})),
        (json!({"mutability": "writeOnly"}), json!({})),
        (json!({"type": "reference"}), json!({"type": "reference", "referenceTypes": ["User"]})),
    ] {
        let evolution = evolve(&one(&now), &one(&next)).unwrap();
        assert_eq!(evolution, Evolution::default(), "{now} to {next}");
        assert!(evolution.keeps_every_value());
    }
    let now = json!([{"name": "a", "type": "complex", "subAttributes": [{"name": "b"}]}]);
    let next = json!([{"name": "z"}, {"name": "a", "type": "complex", "subAttributes": [{"name": "c"}, {"name": "b"}]}]);
    assert_eq!(evolve(&now, &next).unwrap(), Evolution::default());
}

#[test]
fn what_is_no_longer_declared_is_named() {
    let now = json!([
        {"name": "gone"}, {"name": "kept"},
        {"name": "list", "type": "complex", "multiValued": true, "subAttributes": [{"name": "value"}, {"name": "part"}]},
    ]);
    let next = json!([
        {"name": "list", "type": "complex", "multiValued": true, "subAttributes": [{"name": "value"}]},
        {"name": "kept"}, {"name": "new"},
    ]);
    let names = |evolution: Evolution| -> Vec<String> {
        evolution.removed.iter().map(|path| path.to_string().split_off(URN.len() + 1)).collect()
    };
    assert_eq!(names(evolve(&now, &next).unwrap()), ["gone", "list.part"]);
    assert_eq!(names(schema(&now).removal()), ["gone", "kept", "list"]);
    assert!(!schema(&now).removal().keeps_every_value());
}

#[test]
fn what_becomes_required_is_named() {
    let now = json!([{"name": "a"}, {"name": "b", "type": "complex", "subAttributes": [{"name": "c"}]}]);
    let next = json!([
        {"name": "a", "required": true}, {"name": "new", "required": true},
        {"name": "b", "type": "complex", "subAttributes": [{"name": "c", "required": true}]},
    ]);
    let required = evolve(&now, &next).unwrap().newly_required;
    let names: Vec<String> = required.iter().map(|path| path.to_string().split_off(URN.len() + 1)).collect();
    assert_eq!(names, ["a", "b.c", "new"]);
}

#[test]
fn a_change_that_stored_values_may_not_survive_is_refused() {
    for (now, next, word) in [
        (json!({}), json!({"name": "A"}), "a: its spelling can't change"),
        (json!({}), json!({"type": "integer"}), "a: type can't change, because"),
        (json!({}), json!({"multiValued": true}), "a: multiValued can't change"),
        (json!({}), json!({"caseExact": true}), "a: caseExact can't change"),
        (json!({}), json!({"uniqueness": "server"}), "a: uniqueness can't change"),
        (json!({}), json!({"mutability": "readOnly"}), "a: mutability can only become wider, because"),
        (json!({}), json!({"mutability": "immutable"}), "a: mutability can only become wider, because"),
        (json!({}), json!({"mutability": "writeOnly"}), "a: mutability can only become wider, because"),
        (json!({"mutability": "immutable"}), json!({"mutability": "readOnly"}), "a: mutability"),
        (json!({"mutability": "writeOnly"}), json!({"mutability": "immutable"}), "a: mutability"),
    ] {
        let error = evolve(&one(&now), &one(&next)).unwrap_err();
        assert!(error.detail.starts_with(word), "{error} should say {word}");
    }
    let part = |kind: &str| json!([{"name": "a", "type": "complex", "subAttributes": [{"name": "b", "type": kind}]}]);
    let error = evolve(&part("string"), &part("boolean")).unwrap_err();
    assert!(error.detail.starts_with("a.b: type can't change"), "{error}");
    let mut other = schema(&one(&json!({})));
    other.id = "urn:example:other".to_owned();
    assert!(schema(&one(&json!({}))).evolution(&other).unwrap_err().detail.starts_with("id: "));
}

proptest! {
    #[test]
    fn a_schema_that_stays_changes_nothing(schema in any_schema()) {
        prop_assert_eq!(schema.evolution(&schema).unwrap(), Evolution::default());
    }
}
