//! What bringing a stored resource to its definition promises.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::conform;
use crate::filter::AttrPath;
use crate::resource::tests::any_json;
use crate::schema::USER_URN;
use crate::{Definition, Object};

const URN: &str = "urn:example:badge:1.0:User";

fn path(urn: Option<&str>, attribute: &str, sub: Option<&str>) -> AttrPath {
    AttrPath { urn: urn.map(str::to_owned), attribute: attribute.to_owned(), sub: sub.map(str::to_owned) }
}

fn object(json: &Value) -> Object {
    json.as_object().unwrap().clone()
}

#[test]
fn exactly_what_was_removed_goes() {
    let open = Definition::user().with_open_extensions();
    let stored = json!({
        "schemas": [USER_URN, "urn:acme:X", URN], "userName": "a", "colour": "stays",
        (URN): {
            "colour": "red", "old": 1, "one": {"x": 1}, "two": {"x": 1, "y": 2},
            "list": [{"value": "v", "part": "p"}, {"part": "p"}], "lost": [{"part": "p"}], "tags": ["a"]
        },
        "urn:acme:X": {"colour": "stays"}
    });
    let removed = [
        path(Some(URN), "colour", None),
        path(Some(URN), "OLD", None),
        path(Some(URN), "one", Some("x")),
        path(Some(URN), "two", Some("x")),
        path(Some(URN), "list", Some("part")),
        path(Some(URN), "lost", Some("part")),
        path(Some(URN), "tags", Some("part")),
        path(Some(URN), "nosuch", None),
        path(Some("urn:acme:Y"), "colour", None),
    ];
    let mut alice = object(&stored);
    assert!(conform(&mut alice, &open, &removed));
    assert_eq!(
        Value::Object(alice.clone()),
        json!({
            "schemas": [USER_URN, "urn:acme:X", URN], "userName": "a", "colour": "stays",
            (URN): {"two": {"y": 2}, "list": [{"value": "v"}], "tags": ["a"]},
            "urn:acme:X": {"colour": "stays"}
        })
    );
    // Again there is nothing to do.
    assert!(!conform(&mut alice, &open, &removed));
    let rest = [
        path(Some(&URN.to_uppercase()), "two", None),
        path(Some(URN), "list", None),
        path(Some(URN), "tags", None),
    ];
    assert!(conform(&mut alice, &open, &rest));
    assert_eq!(
        Value::Object(alice),
        json!({
            "schemas": [USER_URN, "urn:acme:X"], "userName": "a", "colour": "stays", "urn:acme:X": {"colour": "stays"}
        })
    );
}

proptest! {
    #[test]
    fn no_stored_resource_panics(stored in any_json(), key in "[a-z]{0,5}") {
        let Value::Object(mut object) = stored else { return Ok(()) };
        let before = object.clone();
        let removed = [path(None, "name", Some("familyName")), path(Some("urn:acme:X"), &key, None)];
        let changed = conform(&mut object, &Definition::user().with_open_extensions(), &removed);
        prop_assert_eq!(changed, before != object);
    }
}
