//! What `patch` promises about schemas that somebody defines.

use serde_json::{Value, json};

use super::super::{PatchOptions, apply, parse};
use crate::resource::{self, ReadOptions};
use crate::schema::{Schema, USER_URN};
use crate::{Definition, Error, Limits, ScimType};

const URN: &str = "urn:example:badge:1.0:User";

/// A user type with an extension of each kind of attribute that a PATCH treats in its own way.
fn definition(required: bool) -> Definition {
    let schema = json!({"id": URN, "name": "Badge", "attributes": [
        {"name": "number", "type": "integer", "required": true},
        {"name": "colour"},
        {"name": "issued", "mutability": "immutable"},
        {"name": "stamp", "mutability": "readOnly"},
        {"name": "pin", "mutability": "writeOnly"},
        {"name": "tags", "multiValued": true},
        {"name": "door", "type": "complex", "subAttributes": [
            {"name": "id", "required": true}, {"name": "floor", "type": "integer"},
            {"name": "hours", "multiValued": true}, {"name": "key", "mutability": "immutable"}]},
        {"name": "keys", "type": "complex", "multiValued": true, "subAttributes": [
            {"name": "value", "required": true}, {"name": "type"}, {"name": "primary", "type": "boolean"}]},
    ]});
    Definition::user().with_extension(Schema::from_json(&schema, &Limits::default()).unwrap(), required)
}

fn run(operations: &Value, badge: &Value, definition: &Definition) -> Result<Value, Error> {
    run_with(operations, badge, definition, &PatchOptions::default())
}

fn run_with(
    operations: &Value,
    badge: &Value,
    definition: &Definition,
    options: &PatchOptions,
) -> Result<Value, Error> {
    let mut current = json!({"schemas": [USER_URN], "userName": "alice"});
    if !badge.is_null() {
        current["schemas"] = json!([USER_URN, URN]);
        current[URN] = badge.clone();
    }
    let patch = parse(&json!({"Operations": operations}), definition, options, &Limits::default())?;
    apply(&patch.operations, current.as_object().unwrap(), definition, options, &patch.limits)
        .map(Value::Object)
}

fn one(op: &str, path: &str, value: Value) -> Value {
    let mut operation = json!({"op": op, "path": format!("{URN}:{path}")});
    if op != "remove" {
        operation["value"] = value;
    }
    json!([operation])
}

// Shows: PADD-04, PADD-08, PADD-09, PADD-11, PADD-13, PADD-15, PATCH-12, PATCH-14, PATCH-16, PREM-05, PREP-09, PREP-12
#[test]
fn what_somebody_defined_is_patched_as_what_the_standard_did() {
    let held = json!({
        "number": 1, "colour": "red", "issued": "2020", "tags": ["a"],
        "door": {"id": "d", "hours": ["8"], "key": "k"},
        "keys": [{"value": "1", "type": "x", "primary": true}, {"value": "2", "type": "y"}],
    });
    for (op, path, value, pointer, expected) in [
        ("add", "NUMBER", json!(2), "/number", json!(2)),
        ("add", "tags", json!(["b", "A"]), "/tags", json!(["a", "b"])),
        ("add", "tags", json!("b"), "/tags", json!(["a", "b"])),
        ("remove", "tags[value eq \"A\"]", Value::Null, "/tags", Value::Null),
        ("replace", "tags", json!([]), "/tags", Value::Null),
        ("add", "door", json!({"floor": 2}), "/door/hours/0", json!("8")),
        ("add", "door.floor", json!(2), "/door", json!({"id": "d", "hours": ["8"], "key": "k", "floor": 2})),
        ("add", "door.hours", json!(["9", "8"]), "/door/hours", json!(["8", "9"])),
        ("replace", "door.hours", json!(["9"]), "/door/hours", json!(["9"])),
        ("replace", "issued", json!("2020"), "/issued", json!("2020")),
        ("add", "keys", json!([{"value": "3", "primary": true}]), "/keys/0/primary", json!(false)),
        ("replace", "keys[type eq \"y\"].primary", json!(true), "/keys/0/primary", json!(false)),
        (
            "remove",
            "keys[value eq \"1\"].type",
            Value::Null,
            "/keys/0",
            json!({"value": "1", "primary": true}),
        ),
        ("replace", "pin", json!("1234"), "/pin", Value::Null),
    ] {
        let operations = one(op, path, value);
        let after = run(&operations, &held, &definition(false))
            .unwrap_or_else(|error| panic!("{operations}: {error}"));
        assert_eq!(after[URN].pointer(pointer).unwrap_or(&Value::Null), &expected, "{operations}");
    }
    for (op, path, value, kind) in [
        ("replace", "issued", json!("2021"), ScimType::Mutability),
        ("remove", "issued", Value::Null, ScimType::Mutability),
        ("replace", "door.key", json!("l"), ScimType::Mutability),
        ("replace", "stamp", json!("x"), ScimType::Mutability),
        ("replace", "number", json!(1.5), ScimType::InvalidValue),
        ("replace", "number", json!("1"), ScimType::InvalidValue),
        ("replace", "nosuch", json!("1"), ScimType::InvalidPath),
        ("replace", "keys[nosuch eq 1].type", json!("1"), ScimType::InvalidFilter),
    ] {
        let operations = one(op, path, value);
        let error = run(&operations, &held, &definition(false)).unwrap_err();
        assert_eq!(error.scim_type, Some(kind), "{operations}: {error}");
    }
    // An extension that is not there comes with its first attribute, and its urn with it.
    let after = run(&one("add", "number", json!(1)), &Value::Null, &definition(false)).unwrap();
    assert_eq!((&after[URN], &after["schemas"]), (&json!({"number": 1}), &json!([USER_URN, URN])));
    // An immutable attribute that has no value takes one.
    let after = run(&one("add", "issued", json!("2020")), &json!({"number": 1}), &definition(false)).unwrap();
    assert_eq!(after[URN]["issued"], "2020");
}

// Shows: PREM-06, PREM-13, PREM-14, DISC-30
#[test]
fn what_is_required_stays() {
    let badge = json!({"number": 1, "door": {"id": "d", "floor": 1}, "keys": [{"value": "1", "type": "x"}, {"value": "2"}]});
    for (required, operations, badge, kind) in [
        (true, json!([{"op": "remove", "path": URN}]), &badge, ScimType::Mutability),
        (true, json!([{"op": "replace", "value": {(URN): null}}]), &badge, ScimType::Mutability),
        (false, one("remove", "number", Value::Null), &badge, ScimType::Mutability),
        (false, one("replace", "number", Value::Null), &badge, ScimType::Mutability),
        (false, one("remove", "door.id", Value::Null), &badge, ScimType::Mutability),
        (false, one("replace", "door", json!({"id": null})), &badge, ScimType::InvalidValue),
        (false, one("remove", "keys[value eq \"1\"].value", Value::Null), &badge, ScimType::Mutability),
        (false, one("add", "keys", json!([{"type": "x"}])), &badge, ScimType::InvalidValue),
        (false, one("replace", "keys", json!([{"type": "x"}])), &badge, ScimType::InvalidValue),
        (false, one("add", "keys[type eq \"z\"].primary", json!(true)), &badge, ScimType::InvalidValue),
        (false, one("add", "door.floor", json!(1)), &json!({"number": 1}), ScimType::InvalidValue),
        // What comes new is whole.
        (false, one("add", "colour", json!("red")), &Value::Null, ScimType::InvalidValue),
    ] {
        let error = run(&operations, badge, &definition(required)).unwrap_err();
        assert_eq!(error.scim_type, Some(kind), "{operations}: {error}");
        assert!(error.detail.contains("required"), "{error}");
    }
    // What is not required goes, with the last of an extension its urn.
    for operations in [json!([{"op": "remove", "path": URN}]), one("remove", "colour", Value::Null)] {
        let only = if operations[0]["path"] == URN { badge.clone() } else { json!({"colour": "red"}) };
        let after = run(&operations, &only, &definition(false)).unwrap();
        assert_eq!(after, json!({"schemas": [USER_URN], "userName": "alice"}), "{operations}");
    }
    // The last attribute of a required extension is the extension.
    let error =
        run(&one("remove", "colour", Value::Null), &json!({"colour": "red"}), &definition(true)).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::Mutability), "{error}");
    // Two that together leave what is required.
    let both = json!([
        {"op": "add", "path": format!("{URN}:colour"), "value": "red"},
        {"op": "add", "path": format!("{URN}:number"), "value": 1},
    ]);
    assert!(run(&both, &Value::Null, &definition(true)).is_ok());
}

// Shows: PREM-14
#[test]
fn a_resource_that_came_to_lack_what_is_required_is_patched_elsewhere() {
    let title = json!([{"op": "replace", "path": "title", "value": "Dr"}]);
    assert_eq!(run(&title, &Value::Null, &definition(true)).unwrap()["title"], "Dr");
    // Also within the extension, beside what it lacks, and beside an element that lacks it.
    let lacking = json!({"colour": "red", "door": {"floor": 1}, "keys": [{"type": "x"}]});
    for operations in [
        title,
        one("replace", "colour", json!("blue")),
        one("replace", "door.floor", json!(2)),
        one("add", "keys", json!([{"value": "1"}])),
        one("replace", "keys[type eq \"x\"].primary", json!(true)),
    ] {
        run(&operations, &lacking, &definition(true)).unwrap_or_else(|error| panic!("{operations}: {error}"));
    }
    // By a POST or PUT, which says everything, it must be given.
    for body in [
        json!({"userName": "a"}),
        json!({"userName": "a", (URN): {"colour": "red"}}),
        json!({"userName": "a", (URN): {"number": 1, "door": {"floor": 1}}}),
        json!({"userName": "a", (URN): {"number": 1, "keys": [{"value": "1"}, {"type": "x"}]}}),
    ] {
        let read = resource::read(body, &definition(true), &ReadOptions::default(), &Limits::default());
        assert_eq!(read.unwrap_err().scim_type, Some(ScimType::InvalidValue));
    }
}

// Shows: PREM-09
#[test]
fn a_removal_that_selects_nothing_is_done_or_refused() {
    let badge = json!({"number": 1, "keys": [{"value": "1"}]});
    let strict = PatchOptions { unmatched_remove_ok: false, ..PatchOptions::default() };
    for path in ["keys[value eq \"2\"]", "keys[value eq \"2\"].type", "tags[value eq \"a\"]"] {
        let operations = one("remove", path, Value::Null);
        let after = run(&operations, &badge, &definition(false)).unwrap();
        assert_eq!(after[URN], badge, "{path}");
        let error = run_with(&operations, &badge, &definition(false), &strict).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::NoTarget), "{path}");
    }
    // What matches goes in either, and what has no filter is gone.
    for path in ["keys[value eq \"1\"]", "keys", "colour"] {
        assert!(
            run_with(&one("remove", path, Value::Null), &badge, &definition(false), &strict).is_ok(),
            "{path}"
        );
    }
    // A member that is none is removed (the example of RFC 7644 §3.5.2.2).
    let body = json!({"Operations": [{"op": "remove", "path": "members[value eq \"2\"]"}]});
    let group = Definition::group();
    let patch = parse(&body, &group, &strict, &Limits::default()).unwrap();
    let current = json!({"displayName": "G", "members": [{"value": "1"}]});
    assert!(apply(&patch.operations, current.as_object().unwrap(), &group, &strict, &patch.limits).is_ok());
}
