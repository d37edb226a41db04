//! What `patch` promises, as tables and properties.

mod custom;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Op, PatchOptions, apply, parse};
use crate::resource::Unknown;
use crate::schema::{self, Attribute, ENTERPRISE_USER_URN as ENT, Mutability, Type, USER_URN};
use crate::{Definition, Error, Limits, Object, ScimType};

fn alice() -> Value {
    json!({
        "schemas": [USER_URN, ENT], "id": "1", "userName": "alice", "title": "Dr", "active": true,
        "name": {"familyName": "A", "givenName": "B"},
        "emails": [{"value": "w@x.org", "type": "work", "primary": true}, {"value": "h@x.org", "type": "home"}],
        (ENT): {"department": "R", "manager": {"value": "m"}},
        "meta": {"version": "1"}, "groups": [{"value": "g"}]
    })
}

fn run_with(operations: &Value, current: &Value, options: &PatchOptions) -> Result<Value, Error> {
    let definition = Definition::user();
    let patch = parse(&json!({"Operations": operations}), &definition, options, &Limits::default())?;
    apply(&patch.operations, current.as_object().unwrap(), &definition, options, &patch.limits)
        .map(Value::Object)
}

fn run(operations: &Value) -> Result<Value, Error> {
    run_with(operations, &alice(), &PatchOptions::default())
}

#[test]
fn a_value_object_says_one_thing_of_an_attribute() {
    let urn = |name: &str| format!("{USER_URN}:{name}");
    for (value, is_right) in [
        (json!({"active": false, (urn("active")): true}), false),
        (json!({(USER_URN): {"active": true}, "active": false}), false),
        (json!({(urn("active")): null, "active": false}), false),
        (json!({(ENT): {"department": "S"}, (format!("{ENT}:department")): "T"}), false),
        (json!({"active": false, (urn("active")): false}), true),
        (
            json!({"emails[type eq \"work\"].value": "a@x.org", "emails[type eq \"home\"].value": "b@x.org"}),
            true,
        ),
    ] {
        let done = run(&json!([{"op": "replace", "value": value}]));
        assert_eq!(done.is_ok(), is_right, "{value} {done:?}");
    }
}

#[test]
fn one_request_cannot_grow_a_list_or_the_work_without_bound() {
    let emails = |from: usize| {
        let values: Vec<Value> = (from..from + 400).map(|n| json!({"value": format!("{n}@x.org")})).collect();
        json!({"op": "add", "path": "emails", "value": values})
    };
    assert!(run(&json!([emails(0), emails(400)])).is_ok());
    let error = run(&json!([emails(0), emails(400), emails(800)])).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::TooMany), "{error}");
    // Values that are named by more than their value are looked for among all there are.
    let listed = |count: usize| {
        let values: Vec<Value> =
            (0..count).map(|n| json!({"value": format!("{n}@x.org"), "display": "D"})).collect();
        json!({"op": "remove", "path": "emails", "value": values})
    };
    assert!(run(&json!([emails(0), emails(400), listed(400)])).is_ok());
    let error = run(&json!([emails(0), emails(400), listed(400), listed(400), listed(400)])).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::TooMany), "{error}");
    let filter: Vec<String> = (0..100).map(|n| format!("value eq \"{n}\"")).collect();
    let wide = json!({"op": "remove", "path": format!("emails[{}]", filter.join(" or "))});
    let mut operations = vec![emails(0)];
    operations.extend(vec![wide; 20]);
    let error = run(&Value::Array(operations)).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::TooMany), "{error}");
}

#[test]
fn a_patch_is_applied_under_the_limits_of_its_caller() {
    let (user, options) = (Definition::user(), PatchOptions::default());
    let few = Limits { values_per_attribute: 2, ..Limits::default() };
    let lazy = Limits { patch_comparisons: 1, ..Limits::default() };
    let many = Limits { values_per_attribute: 5_000, ..Limits::default() };
    let values: Vec<Value> = (0..4_000).map(|n| json!({"value": format!("{n}@example.com")})).collect();
    let one = json!([{"op": "add", "path": "emails", "value": {"value": "new@example.com"}}]);
    let all = json!([{"op": "add", "path": "emails", "value": values}]);
    for (limits, operations, fits) in
        [(&few, &one, false), (&lazy, &one, false), (&Limits::default(), &one, true), (&many, &all, true)]
    {
        let patch = parse(&json!({"Operations": operations}), &user, &options, limits).unwrap();
        assert_eq!(&patch.limits, limits);
        match apply(&patch.operations, alice().as_object().unwrap(), &user, &options, limits) {
            Ok(_) => assert!(fits),
            Err(error) => assert!(!fits && error.scim_type == Some(ScimType::TooMany), "{error}"),
        }
    }
    // `members` are bounded by request, as the limit says, and not by group.
    let group = json!({"displayName": "Staff", "members": [{"value": "1"}, {"value": "2"}]});
    let body = json!({"Operations": [{"op": "add", "path": "members", "value": [{"value": "3"}]}]});
    let patch = parse(&body, &Definition::group(), &options, &few).unwrap();
    let after = apply(&patch.operations, group.as_object().unwrap(), &Definition::group(), &options, &few);
    assert_eq!(after.unwrap()["members"].as_array().unwrap().len(), 3);
}

#[test]
fn what_cannot_be_stored_does_not_come_in_by_a_filter() {
    let error = run(&json!([{"op": "add", "path": "emails[value eq \"a\\u0000b\"].type", "value": "x"}]))
        .unwrap_err();
    assert_eq!(error.status, 400);
}

#[test]
fn an_error_about_an_unknown_key_shows_no_value_of_its_filter() {
    let options = PatchOptions { unknown: Unknown::Refuse, ..PatchOptions::default() };
    let operations = json!([{"op": "replace", "value": {"emails[value eq \"ada@x.org\"].nosuch": true}}]);
    let error = run_with(&operations, &alice(), &options).unwrap_err();
    assert!(!error.detail.contains("ada"), "{error}");
}

#[test]
fn a_list_of_what_to_remove_that_names_nothing_removes_nothing() {
    for value in [json!([]), json!([null]), json!([{}]), json!([{"bogus": 1}]), json!({"bogus": 1})] {
        let operations = json!([{"op": "remove", "path": "emails", "value": value}]);
        // A body that cannot be a list of values may be refused, too: never may it remove everything.
        if let Ok(after) = run(&operations) {
            assert_eq!(after, alice(), "{value}");
        }
        let body = json!({"Operations": [{"op": "remove", "path": "members", "value": value}]});
        if let Ok(patch) = parse(&body, &Definition::group(), &PatchOptions::default(), &Limits::default()) {
            assert!(patch.operations.iter().all(|operation| operation.value.is_some()), "{value}");
        }
    }
}

/// The decision table: what one operation makes of one attribute.
#[test]
fn the_decision_table() {
    let work = r#"emails[type eq "work"]"#;
    let work_value = r#"emails[type eq "work"].value"#;
    let department = format!("{ENT}:department");
    let (w, h) = (
        json!({"value": "w@x.org", "type": "work", "primary": true}),
        json!({"value": "h@x.org", "type": "home"}),
    );
    for (op, path, value, attribute, expected) in [
        // Single simple values.
        // Shows: PATCH-07, PATCH-14, PADD-04, PADD-05, PREM-02, PREM-10, PREP-02, PREP-04, PREP-10
        ("add", "nickName", json!("N"), "/nickName", json!("N")),
        ("Add", "TITLE", json!("N"), "/title", json!("N")),
        ("replace", "title", json!("N"), "/title", json!("N")),
        ("REPLACE", "nickName", json!("N"), "/nickName", json!("N")),
        ("remove", "title", Value::Null, "/title", Value::Null),
        ("remove", "nickName", Value::Null, "/nickName", Value::Null),
        ("replace", "title", Value::Null, "/title", Value::Null),
        ("add", "title", Value::Null, "/title", Value::Null),
        ("replace", "active", json!(false), "/active", json!(false)),
        ("add", "urn:ietf:params:scim:schemas:core:2.0:User:title", json!("N"), "/title", json!("N")),
        // Single complex values merge.
        // Shows: PADD-06, PADD-15, PREM-02, PREP-05
        ("add", "name", json!({"GIVENNAME": "C"}), "/name", json!({"familyName": "A", "givenName": "C"})),
        ("replace", "name", json!({"givenName": "C"}), "/name", json!({"familyName": "A", "givenName": "C"})),
        ("replace", "name", json!({"givenName": null}), "/name", json!({"familyName": "A"})),
        ("add", "name.middleName", json!("M"), "/name/middleName", json!("M")),
        ("remove", "name.givenName", Value::Null, "/name", json!({"familyName": "A"})),
        ("remove", "name", Value::Null, "/name", Value::Null),
        // Multi-valued.
        // Shows: PADD-08, PADD-09, PREM-03, PREM-12, PREP-03, PREP-10
        ("add", "emails", json!([{"value": "n"}]), "/emails", json!([w, h, {"value": "n"}])),
        ("add", "emails", json!({"value": "n"}), "/emails", json!([w, h, {"value": "n"}])),
        ("add", "emails", json!([{"value": "H@X.ORG", "type": "HOME"}]), "/emails", json!([w, h])),
        ("add", "phoneNumbers", json!([{"value": "1"}]), "/phoneNumbers", json!([{"value": "1"}])),
        ("replace", "emails", json!([{"value": "n"}]), "/emails", json!([{"value": "n"}])),
        ("replace", "emails", json!([]), "/emails", Value::Null),
        ("remove", "emails", Value::Null, "/emails", Value::Null),
        ("remove", "emails", json!([{"value": "W@x.org"}]), "/emails", json!([h])),
        ("replace", "emails.type", json!("other"), "/emails/1/type", json!("other")),
        // `add` takes nothing out of a list; `replace` by null empties it.
        ("add", "emails", Value::Null, "/emails", json!([w, h])),
        ("add", "emails", json!([]), "/emails", json!([w, h])),
        ("add", work, Value::Null, "/emails", json!([w, h])),
        ("add", work_value, Value::Null, "/emails", json!([w, h])),
        ("add", "emails.value", Value::Null, "/emails", json!([w, h])),
        ("add", "emails.type", Value::Null, "/emails/1", json!({"value": "h@x.org"})),
        ("add", "", json!({"emails": null, "title": null}), "/emails", json!([w, h])),
        ("add", "", json!({"groups": null}), "/title", json!("Dr")),
        ("replace", "emails", Value::Null, "/emails", Value::Null),
        ("replace", "", json!({"emails": null}), "/emails", Value::Null),
        // A value that is there already is not added again, whether or not it says that it is not primary.
        (
            "add",
            "emails",
            json!([{"value": "h@x.org", "type": "home", "primary": false}]),
            "/emails",
            json!([w, h]),
        ),
        (
            "add",
            "emails",
            json!([{"value": "w@x.org", "type": "work", "primary": false}]),
            "/emails",
            json!([w, h]),
        ),
        // One that is there becomes the primary one.
        (
            "add",
            "emails",
            json!([{"value": "H@x.org", "type": "home", "primary": true}]),
            "/emails",
            json!([
                {"value": "w@x.org", "type": "work", "primary": false},
                {"value": "h@x.org", "type": "home", "primary": true},
            ]),
        ),
        ("add", "emails", json!([w]), "/emails", json!([w, h])),
        // An empty text is no value: the element that had one goes.
        ("replace", work_value, json!(""), "/emails", json!([h])),
        ("add", work_value, json!(""), "/emails", json!([h])),
        ("replace", work, json!({"value": "", "display": "D"}), "/emails", json!([h])),
        ("replace", "emails.value", json!(""), "/emails", Value::Null),
        ("replace", "", json!({(work_value): ""}), "/emails", json!([h])),
        ("add", "emails", json!([{"value": "", "type": "other", "primary": true}]), "/emails", json!([w, h])),
        ("replace", "emails", json!([{"value": "", "type": "other"}, h]), "/emails", json!([h])),
        ("replace", "emails", json!([{"value": ""}]), "/emails", Value::Null),
        ("add", r#"phoneNumbers[type eq "fax"].value"#, json!(""), "/phoneNumbers", Value::Null),
        // RFC 7644 §3.5.2.2: of what is selected, the sub-attribute is unassigned, and nothing else.
        // Shows: PREM-05
        ("remove", work_value, Value::Null, "/emails/0", json!({"type": "work", "primary": true})),
        // Through a filter. What is replaced keeps what the value does not name, as a single complex value does.
        // Shows: PADD-11, PADD-12, PREM-04, PREM-09, PREP-06, PREP-07
        ("add", work_value, json!("n"), "/emails/0/value", json!("n")),
        ("replace", work_value, json!("n"), "/emails/0/value", json!("n")),
        (
            "replace",
            work,
            json!({"value": "n"}),
            "/emails/0",
            json!({"value": "n", "type": "work", "primary": true}),
        ),
        ("add", work, json!({"display": "D"}), "/emails/0/display", json!("D")),
        ("remove", work, Value::Null, "/emails", json!([h])),
        ("remove", r#"emails[type eq "fax"]"#, Value::Null, "/emails", json!([w, h])),
        (
            "remove",
            r#"emails[type eq "work"].primary"#,
            Value::Null,
            "/emails/0",
            json!({"value": "w@x.org", "type": "work"}),
        ),
        ("remove", "emails[value pr]", Value::Null, "/emails", Value::Null),
        (
            "add",
            r#"phoneNumbers[type eq "fax" and primary eq true].value"#,
            json!("1"),
            "/phoneNumbers",
            json!([{"type": "fax", "primary": true, "value": "1"}]),
        ),
        (
            "add",
            r#"phoneNumbers[type eq "fax"]"#,
            json!({"value": "1"}),
            "/phoneNumbers",
            json!([{"type": "fax", "value": "1"}]),
        ),
        // primary moves.
        // Shows: PATCH-15, PADD-13, PREP-12
        ("replace", r#"emails[type eq "home"].primary"#, json!(true), "/emails/0/primary", json!(false)),
        ("add", "emails", json!([{"value": "n", "primary": true}]), "/emails/0/primary", json!(false)),
        // Extensions.
        // Shows: PATCH-14, PREM-13, PREP-05, PREP-13
        (
            "replace",
            &department,
            json!("N"),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department",
            json!("N"),
        ),
        (
            "replace",
            ENT,
            json!({"department": "N"}),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager/value",
            json!("m"),
        ),
        ("remove", ENT, Value::Null, "/schemas", json!([USER_URN])),
        ("replace", ENT, Value::Null, "/schemas", json!([USER_URN])),
        // Without path.
        // Shows: PATCH-07, PADD-02, PREP-01, PREP-14
        ("add", "", json!({"nickName": "N", "schemas": ["x"], "id": "1"}), "/nickName", json!("N")),
        (
            "replace",
            "",
            json!({"name.givenName": "C"}),
            "/name",
            json!({"familyName": "A", "givenName": "C"}),
        ),
        ("replace", "", json!({"title": null}), "/title", Value::Null),
        (
            "replace",
            "",
            json!({(department.as_str()): "N"}),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department",
            json!("N"),
        ),
        (
            "replace",
            "",
            json!({(ENT): {"manager": {"value": "n", "displayName": "x"}}}),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager",
            json!({"value": "n"}),
        ),
        ("replace", "", json!({(work_value): "n"}), "/emails/0/value", json!("n")),
        ("replace", "", json!({(USER_URN): {"title": "N"}}), "/title", json!("N")),
        ("replace", "", json!({"meta": {"version": "1"}, "groups": [{"value": "g"}]}), "/title", json!("Dr")),
        ("replace", "", json!({"nosuch": 1}), "/title", json!("Dr")),
        // The password is taken and dropped.
        ("replace", "password", json!("secret"), "/password", Value::Null),
    ] {
        let mut operation = json!({"op": op, "value": value});
        if !path.is_empty() {
            operation["path"] = json!(path);
        }
        let result = run(&json!([operation])).unwrap_or_else(|error| panic!("{operation}: {error}"));
        // JSON pointers: the URN has no slash or tilde.
        assert_eq!(result.pointer(attribute).unwrap_or(&Value::Null), &expected, "{operation}");
    }
}

#[test]
fn what_is_refused_and_how() {
    use ScimType::{InvalidFilter, InvalidPath, InvalidSyntax, InvalidValue, Mutability, NoTarget};
    for (operation, kind) in [
        // Shows: PREM-01, PATCH-04, PATCH-07, PATCH-08
        (json!({"op": "remove"}), NoTarget),
        (json!({"op": "move", "path": "title", "value": "x"}), InvalidSyntax),
        (json!({"path": "title", "value": "x"}), InvalidSyntax),
        (json!("add"), InvalidSyntax),
        // Shows: PADD-01, PADD-03, PATCH-05, PATCH-06, PADD-14
        (json!({"op": "add", "path": "title"}), InvalidValue),
        (json!({"op": "add", "path": 7, "value": "x"}), InvalidPath),
        (json!({"op": "add", "value": "x"}), InvalidValue),
        (json!({"op": "replace", "value": [1]}), InvalidValue),
        (json!({"op": "add", "path": "nosuch", "value": "x"}), InvalidPath),
        (json!({"op": "remove", "path": "name.nosuch"}), InvalidPath),
        (json!({"op": "remove", "path": "urn:acme:X:y"}), InvalidPath),
        (json!({"op": "remove", "path": USER_URN}), InvalidPath),
        (json!({"op": "remove", "path": "emails[type eq]"}), InvalidPath),
        (json!({"op": "remove", "path": "emails[nosuch eq \"x\"]"}), InvalidFilter),
        (json!({"op": "remove", "path": "name[familyName eq \"x\"]"}), InvalidFilter),
        (json!({"op": "remove", "path": "emails[type eq \"work\"].nosuch"}), InvalidPath),
        // Shows: PREM-06, PREP-10, PATCH-11, PREM-07, PREP-09, PADD-16
        (json!({"op": "remove", "path": "userName"}), Mutability),
        (json!({"op": "replace", "path": "userName", "value": null}), Mutability),
        (json!({"op": "replace", "path": "userName", "value": ""}), InvalidValue),
        (json!({"op": "replace", "path": "id", "value": "1"}), Mutability),
        (json!({"op": "add", "path": "groups", "value": [{"value": "x"}]}), Mutability),
        (json!({"op": "add", "path": "groups", "value": null}), Mutability),
        (json!({"op": "replace", "value": {"groups": null}}), Mutability),
        (json!({"op": "remove", "path": "meta.version"}), Mutability),
        (json!({"op": "replace", "value": {"id": "2"}}), Mutability),
        (json!({"op": "replace", "path": format!("{ENT}:manager.displayName"), "value": "x"}), Mutability),
        // Shows: PATCH-13, PADD-07, PREP-05
        (json!({"op": "replace", "path": "active", "value": "secret"}), InvalidValue),
        (json!({"op": "replace", "path": "name", "value": "secret"}), InvalidValue),
        (json!({"op": "replace", "path": ENT, "value": "secret"}), InvalidValue),
        (json!({"op": "add", "path": "emails", "value": ["secret"]}), InvalidValue),
        // Shows: PREP-08
        (json!({"op": "replace", "path": "emails[type eq \"secret\"].value", "value": "x"}), NoTarget),
        (json!({"op": "replace", "path": "emails[type eq \"secret\"]", "value": {"value": "x"}}), NoTarget),
        (json!({"op": "add", "path": "emails[value sw \"secret\"].type", "value": "x"}), NoTarget),
        (json!({"op": "add", "path": "phoneNumbers.type", "value": "x"}), NoTarget),
        (
            json!({"op": "add", "path": "emails", "value": [{"value": "1", "primary": true}, {"value": "2", "primary": true}]}),
            InvalidValue,
        ),
        (json!({"op": "replace", "path": "emails[value pr].primary", "value": true}), InvalidValue),
    ] {
        let error = run(&json!([operation])).unwrap_err();
        assert_eq!(error.scim_type, Some(kind), "{operation}: {error}");
        assert!(error.detail.contains(": "), "{error} names no place");
        assert!(!error.detail.contains("secret"), "{error}");
    }
    // Shows: PATCH-02, PATCH-03
    for body in [
        json!([]),
        json!({}),
        json!({"Operations": []}),
        json!({"Operations": {"op": "add"}}),
        json!({"schemas": ["urn:x"], "Operations": [{"op": "remove", "path": "title"}]}),
        json!({"schemas": "x", "Operations": [{"op": "remove", "path": "title"}]}),
    ] {
        let error =
            parse(&body, &Definition::user(), &PatchOptions::default(), &Limits::default()).unwrap_err();
        assert_eq!(error.scim_type, Some(InvalidSyntax), "{body}");
    }
    let many = vec![json!({"op": "remove", "path": "title"}); 2_001];
    let error = run(&Value::from(many)).unwrap_err();
    assert!(
        error.scim_type == Some(ScimType::TooMany) && error.detail.contains("patch_operations"),
        "{error}"
    );
}

#[test]
fn options_change_what_the_standard_leaves_open() {
    let (current, standard) = (alice(), PatchOptions::default());
    let add = json!([{"op": "add", "path": "phoneNumbers[type eq \"fax\"].value", "value": "1"}]);
    let replace = json!([{"op": "replace", "path": "phoneNumbers[type eq \"fax\"].value", "value": "1"}]);
    let strict = PatchOptions {
        unmatched_add_creates: false,
        unknown: Unknown::Refuse,
        require_schemas: true,
        ..standard.clone()
    };
    let body = |operations: &Value| json!({"SCHEMAS": [super::PATCH_OP_URN.to_uppercase()], "OPERATIONS": operations});
    let with = |operations: &Value, options: &PatchOptions| {
        let patch = parse(&body(operations), &Definition::user(), options, &Limits::default())?;
        apply(&patch.operations, current.as_object().unwrap(), &Definition::user(), options, &patch.limits)
    };
    // Shows: PADD-12, PATCH-02
    assert_eq!(with(&add, &strict).unwrap_err().scim_type, Some(ScimType::NoTarget));
    assert!(run_with(&add, &current, &strict).unwrap_err().detail.contains("schemas"));
    let upsert = PatchOptions { unmatched_replace_creates: true, ..standard.clone() };
    assert_eq!(with(&replace, &upsert).unwrap()["phoneNumbers"], json!([{"type": "fax", "value": "1"}]));
    let unknown = json!([{"op": "replace", "value": {"nosuch": "secret"}}]);
    assert_eq!(with(&unknown, &strict).unwrap_err().scim_type, Some(ScimType::InvalidValue));
    let patch = parse(&body(&unknown), &Definition::user(), &standard, &Limits::default()).unwrap();
    assert_eq!(patch.ignored, ["nosuch"]);
    for key in ["name.givenName", &format!("{ENT}:department"), "emails[type eq \"work\"].value", USER_URN] {
        let path = json!([{"op": "replace", "value": {(key): {}}}]);
        assert_eq!(with(&path, &strict).unwrap_err().scim_type, Some(ScimType::InvalidValue), "{key}");
    }
    let extension = json!([{"op": "replace", "value": {(ENT): {"department": "N"}, "TITLE": "T"}}]);
    assert_eq!(with(&extension, &strict).unwrap()["title"], "T");
    // Shows: PREP-05
    let whole = PatchOptions { replace_complex_whole: true, ..standard.clone() };
    let name = json!([{"op": "replace", "path": "name", "value": {"givenName": "C"}}]);
    assert_eq!(with(&name, &whole).unwrap()["name"], json!({"givenName": "C"}));
    let unchanged = PatchOptions { read_only_unchanged_ok: true, ..standard };
    let same_id = json!([{"op": "replace", "path": "id", "value": "1"}]);
    assert_eq!(Value::Object(with(&same_id, &unchanged).unwrap()), current);
    let other_id = json!([{"op": "replace", "path": "id", "value": "2"}]);
    assert_eq!(with(&other_id, &unchanged).unwrap_err().scim_type, Some(ScimType::Mutability));
}

#[test]
fn an_element_may_be_its_value() {
    let standard = PatchOptions::default();
    let by_value = PatchOptions { elements_are_their_values: true, ..standard.clone() };
    let (w, h) = (alice()["emails"][0].clone(), alice()["emails"][1].clone());
    let valueless = json!({"type": "work", "primary": true});
    let unmarked = json!({"value": "w@x.org", "type": "work"});
    let remove = json!({"op": "remove", "path": "emails[type eq \"work\"].value"});
    let fax = json!({"op": "add", "path": "phoneNumbers[type eq \"fax\"].display", "value": "D"});
    for (operations, as_standard, as_values) in [
        (json!([remove]), json!([valueless, h]), json!([h])),
        (
            json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": null}]),
            json!([valueless, h]),
            json!([h]),
        ),
        (
            json!([{"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": null}}]),
            json!([valueless, h]),
            json!([h]),
        ),
        (
            json!([{"op": "remove", "path": "emails.value"}]),
            json!([valueless, {"type": "home"}]),
            Value::Null,
        ),
        // Only what is left at the end counts.
        (
            json!([remove, {"op": "add", "path": "emails[type eq \"work\"].value", "value": "w@x.org"}]),
            json!([w, h]),
            json!([w, h]),
        ),
        (
            json!([{"op": "add", "path": "emails", "value": [unmarked]}]),
            json!([w, h, unmarked]),
            json!([w, h]),
        ),
        (
            json!([{"op": "add", "path": "emails", "value": [unmarked]}, {"op": "add", "path": "emails", "value": [unmarked]}]),
            json!([w, h, unmarked]),
            json!([w, h]),
        ),
    ] {
        for (options, expected) in [(&standard, as_standard), (&by_value, as_values)] {
            let after = run_with(&operations, &alice(), options).unwrap();
            assert_eq!(after.get("emails").unwrap_or(&Value::Null), &expected, "{operations} {options:?}");
        }
    }
    // What never had a value is not lost by being built part by part, and what was stored without stays.
    let mut current = alice();
    current["roles"] = json!([{"value": "", "display": "R"}, {"display": "S"}]);
    let after = run_with(
        &json!([fax, {"op": "add", "path": "roles", "value": [{"value": "r"}]}]),
        &current,
        &by_value,
    )
    .unwrap();
    assert_eq!(after["phoneNumbers"], json!([{"type": "fax", "display": "D"}]));
    assert_eq!(after["roles"], json!([{"value": "", "display": "R"}, {"display": "S"}, {"value": "r"}]));
}

#[test]
fn open_extensions_are_patched_as_they_are() {
    let definition = Definition::user().with_open_extensions();
    let options = PatchOptions::default();
    let mut current = Object::new();
    for (operations, expected) in [
        (
            json!([{"op": "add", "path": "urn:acme:Badge:Colour", "value": "red"}]),
            json!({"urn:acme:Badge": {"Colour": "red"}}),
        ),
        (
            json!([{"op": "replace", "path": "urn:acme:badge:colour", "value": "blue"}]),
            json!({"urn:acme:Badge": {"Colour": "blue"}}),
        ),
        (
            json!([{"op": "add", "value": {"urn:acme:Badge": {"tags": ["a"], "deep": {"x": 1}}}}]),
            json!({"urn:acme:Badge": {"Colour": "blue", "tags": ["a"], "deep": {"x": 1}}}),
        ),
        (
            json!([{"op": "add", "path": "urn:acme:Badge:tags", "value": ["a", "b"]}, {"op": "remove", "path": "urn:acme:Badge:deep.x"}]),
            json!({"urn:acme:Badge": {"Colour": "blue", "tags": ["a", "b"]}}),
        ),
        (
            json!([{"op": "remove", "path": "urn:acme:Badge:tags"}]),
            json!({"urn:acme:Badge": {"Colour": "blue"}}),
        ),
        (json!([{"op": "remove", "path": "urn:acme:Badge"}]), json!({})),
        (
            json!([{"op": "add", "path": "urn:acme:Badge", "value": {"a": 1}}]),
            json!({"urn:acme:Badge": {"a": 1}}),
        ),
        (json!([{"op": "replace", "path": "urn:acme:Badge:a", "value": null}]), json!({})),
    ] {
        let patch =
            parse(&json!({"Operations": operations}), &definition, &options, &Limits::default()).unwrap();
        current = apply(&patch.operations, &current, &definition, &options, &patch.limits).unwrap();
        assert_eq!(Value::Object(current.clone()), expected, "{operations}");
    }
}

#[test]
fn nothing_is_stored_in_an_open_extension_as_a_value() {
    let definition = Definition::user().with_open_extensions();
    let options = PatchOptions::default();
    let held = json!({"urn:acme:Badge": {"a": 1, "tags": ["x"], "deep": {"y": 1}}});
    let path = |op: &str, path: &str, value: Value| json!([{"op": op, "path": path, "value": value}]);
    for (current, operations, expected) in [
        (
            json!({}),
            json!([{"op": "add", "value": {"urn:acme:Badge": {"a": null, "b": [], "c": {}}}}]),
            json!({}),
        ),
        (json!({}), path("add", "urn:acme:Badge", json!({"a": null, "b": [null, {}]})), json!({})),
        (json!({}), path("add", "urn:acme:Badge:a", json!([[], {"b": null}])), json!({})),
        (json!({}), path("replace", "urn:acme:Badge:a", json!({})), json!({})),
        (
            json!({}),
            path("add", "urn:acme:Badge", json!({"a": {"b": null, "c": [1, null, {}]}, "d": ""})),
            json!({"urn:acme:Badge": {"a": {"c": [1]}, "d": ""}}),
        ),
        // What is there stays under an add of nothing, and goes with a replace by nothing.
        (
            held.clone(),
            json!([{"op": "add", "value": {"urn:acme:Badge": {"a": [], "deep": {}}}}]),
            held.clone(),
        ),
        (held.clone(), path("add", "urn:acme:Badge", json!({"TAGS": [], "deep": {"y": null}})), held.clone()),
        (held.clone(), path("add", "urn:acme:Badge:tags", json!([null, {}])), held.clone()),
        (held.clone(), path("remove", "urn:acme:Badge:tags", json!([null])), held.clone()),
        (held.clone(), path("remove", "urn:acme:Badge:a", json!([])), held.clone()),
        (
            held.clone(),
            path("replace", "urn:acme:Badge", json!({"TAGS": [], "deep": {"y": null}, "A": 2})),
            json!({"urn:acme:Badge": {"a": 2}}),
        ),
        (
            held.clone(),
            path("replace", "urn:acme:Badge:deep", json!({"y": null})),
            json!({"urn:acme:Badge": {"a": 1, "tags": ["x"]}}),
        ),
    ] {
        let patch =
            parse(&json!({"Operations": operations}), &definition, &options, &Limits::default()).unwrap();
        let after =
            apply(&patch.operations, current.as_object().unwrap(), &definition, &options, &patch.limits)
                .unwrap();
        assert_eq!(Value::Object(after), expected, "{operations}");
    }
    for (operation, kind) in [
        (json!({"op": "add", "path": crate::schema::GROUP_URN, "value": {"x": 1}}), ScimType::InvalidPath),
        (
            json!({"op": "add", "path": format!("{}:displayName", crate::schema::GROUP_URN), "value": "x"}),
            ScimType::InvalidPath,
        ),
    ] {
        let error = parse(&json!({"Operations": [operation]}), &definition, &options, &Limits::default())
            .unwrap_err();
        assert_eq!(error.scim_type, Some(kind), "{error}");
    }
    let body = json!({"Operations": [{"op": "add", "value": {(crate::schema::GROUP_URN): {"x": 1}}}]});
    let patch = parse(&body, &definition, &options, &Limits::default()).unwrap();
    assert_eq!((patch.operations, patch.ignored), (Vec::new(), vec![crate::schema::GROUP_URN.to_owned()]));
}

#[test]
fn members_are_left_to_the_caller() {
    let body = json!({"Operations": [
        {"op": "Add", "path": "MEMBERS", "value": {"value": "1", "$ref": null, "display": "x"}},
        {"op": "add", "value": {"members": [{"value": "2"}], "displayName": "G"}},
        {"op": "remove", "path": "members[value eq \"1\"]"},
        {"op": "remove", "path": "members", "value": [{"value": "2"}]},
        {"op": "remove", "path": "members"},
        {"op": "replace", "path": "members", "value": []},
        {"op": "add", "path": "members", "value": null},
        {"op": "add", "value": {"members": null}},
        {"op": "replace", "value": {"members": null}}
    ]});
    let patch = parse(&body, &Definition::group(), &PatchOptions::default(), &Limits::default()).unwrap();
    let seen: Vec<_> = patch
        .operations
        .iter()
        .map(|o| (o.target.is_top("members"), o.op, o.filter().is_some(), o.value.clone()))
        .collect();
    assert_eq!(
        seen,
        [
            (true, Op::Add, false, Some(json!([{"value": "1"}]))),
            (false, Op::Add, false, Some(json!("G"))),
            (true, Op::Add, false, Some(json!([{"value": "2"}]))),
            (true, Op::Remove, true, None),
            (true, Op::Remove, false, Some(json!([{"value": "2"}]))),
            (true, Op::Remove, false, None),
            (true, Op::Remove, false, None),
            (true, Op::Remove, false, None),
        ]
    );
    let few = Limits { members_per_request: 1, ..Limits::default() };
    let error = parse(&body, &Definition::group(), &PatchOptions::default(), &few).unwrap_err();
    assert!(error.detail.contains("members_per_request"), "{error}");
}

/// Users with what the standard's own have none of: immutable attributes and a required extension.
fn badged() -> Definition {
    let immutable =
        || Attribute { mutability: Mutability::Immutable, ..Attribute::new("serial", Type::String) };
    let mut part = Attribute::new("part", Type::Complex);
    part.sub_attributes = vec![immutable(), Attribute::new("colour", Type::String)];
    let mut parts = Attribute { name: "parts".into(), multi_valued: true, ..part.clone() };
    parts.sub_attributes[0].name = "value".into();
    let mut badge = schema::enterprise_user();
    badge.id = "urn:acme:Badge".into();
    badge.attributes = vec![immutable(), part, parts];
    let mut definition = Definition::user();
    definition.extensions.push((badge, true));
    definition
}

#[test]
fn what_is_immutable_is_set_once_and_a_required_extension_stays() {
    let definition = badged();
    let options = PatchOptions::default();
    let badge = |rest: &str| format!("urn:acme:Badge{rest}");
    let held = json!({"userName": "a", "urn:acme:Badge": {
        "serial": "1", "part": {"serial": "1", "colour": "red"}, "parts": [{"value": "1", "colour": "red"}],
    }});
    let run = |current: &Value, op: &str, path: String, value: &Value| {
        let operation = json!({"op": op, "path": path, "value": value});
        let body = json!({"Operations": [operation]});
        let patch = parse(&body, &definition, &options, &Limits::default())?;
        apply(&patch.operations, current.as_object().unwrap(), &definition, &options, &patch.limits)
            .map(Value::Object)
    };
    // Shows: PATCH-12
    let bare = json!({"userName": "a", "urn:acme:Badge": {"part": {"colour": "red"}}});
    for (op, path) in [("add", ":serial"), ("replace", ":serial"), ("add", ":part.serial")] {
        assert!(run(&bare, op, badge(path), &json!("1")).is_ok(), "{op} {path}");
    }
    // Shows: PATCH-12, PREP-09
    for (op, path, value, refused) in [
        ("replace", ":serial", json!("2"), true),
        ("add", ":serial", json!("2"), true),
        ("replace", ":serial", json!("1"), false),
        ("add", ":serial", json!("1"), false),
        ("replace", ":part.serial", json!("2"), true),
        ("replace", ":part", json!({"serial": "2"}), true),
        ("replace", ":part", json!({"serial": "1", "colour": "red"}), false),
        ("replace", ":parts[colour eq \"red\"].value", json!("2"), true),
        // Shows: PREM-11
        ("remove", ":serial", Value::Null, true),
        ("remove", ":part.serial", Value::Null, true),
        ("remove", ":parts[value eq \"1\"].value", Value::Null, true),
    ] {
        let after = run(&held, op, badge(path), &value);
        match after {
            Ok(after) => assert!(!refused && after == held, "{op} {path} {value}: {after}"),
            Err(error) => {
                assert!(refused, "{op} {path} {value}: {error}");
                assert_eq!(error.scim_type, Some(ScimType::Mutability), "{error}");
            }
        }
    }
    // A whole element goes, with what is immutable in it.
    let after = run(&held, "remove", badge(":parts[value eq \"1\"]"), &Value::Null).unwrap();
    assert_eq!(after["urn:acme:Badge"].get("parts"), None);
    // Shows: PREM-14
    for (current, op, path) in [
        (&held, "remove", ""),
        (&held, "replace", ""),
        (&bare, "remove", ":part"),
        (&bare, "remove", ":part.colour"),
    ] {
        let error = run(current, op, badge(path), &Value::Null).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::Mutability), "{op} {path}: {error}");
    }
}

/// Operations of every kind, most of which apply.
fn operations() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(vec![
        "title",
        "name",
        "name.givenName",
        "emails",
        r#"emails[type eq "work"]"#,
        r#"emails[type eq "home"].value"#,
        "emails.primary",
        r#"emails[value co "x"].primary"#,
        "active",
        "userName",
        ENT,
        "nosuch",
        "id",
        r#"phoneNumbers[type eq "fax"].value"#,
    ]);
    let value = prop_oneof![
        Just(json!("v")),
        Just(json!(true)),
        Just(json!([{"value": "w@x.org", "type": "work"}])),
        Just(json!({"value": "n", "primary": true})),
        Just(json!({"givenName": "C", "familyName": null})),
        Just(json!({"department": "N"})),
        Just(Value::Null),
        crate::resource::tests::any_json(),
    ];
    let op = prop::sample::select(vec!["add", "remove", "replace"]);
    let one = (op, path, value, any::<bool>()).prop_map(|(op, path, value, with_path)| {
        if with_path {
            json!({"op": op, "path": path, "value": value})
        } else {
            json!({"op": op, "value": {(path): value}})
        }
    });
    prop::collection::vec(one, 1..4).prop_map(Value::from)
}

proptest! {
    // Shows: PATCH-10
    #[test]
    fn all_or_nothing_and_total(operations in operations()) {
        let current = alice();
        let options = PatchOptions::default();
        if let Ok(after) = run_with(&operations, &current, &options) {
            // What is required is still there, nothing is empty, at most one value is primary.
            prop_assert!(after["userName"].is_string());
            for (key, value) in after.as_object().unwrap() {
                let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Object::is_empty);
                prop_assert!(!empty, "{} is empty", key);
            }
            if let Some(emails) = after["emails"].as_array() {
                prop_assert!(emails.iter().filter(|email| email["primary"] == true).count() <= 1);
            }
            // Undone by one that fails at the end.
            let mut failing = operations.as_array().unwrap().clone();
            failing.push(json!({"op": "replace", "path": "phoneNumbers[type eq \"none\"].value", "value": "x"}));
            prop_assert!(run_with(&Value::from(failing), &current, &options).is_err());
        }
        prop_assert_eq!(current, alice());
    }

    #[test]
    fn one_operation_twice_is_once(operations in operations()) {
        let options = PatchOptions::default();
        let first = json!([operations[0]]);
        // A filter over what the operation itself changes may select less the second time.
        if first[0].to_string().contains("[type") || first[0].to_string().contains("[value") {
            return Ok(());
        }
        if let Ok(once) = run_with(&first, &alice(), &options) {
            prop_assert_eq!(run_with(&first, &once, &options).unwrap(), once);
        }
    }

    #[test]
    fn no_request_panics(body in crate::resource::tests::any_json()) {
        let _ = parse(&body, &Definition::user().with_open_extensions(), &PatchOptions::default(), &Limits::default());
    }
}
