//! What `projection` promises, as tables and properties.

use serde_json::{Value, json};

use super::Projection;
use crate::patch::PatchOptions;
use crate::resource::ReadOptions;
use crate::schema::{ENTERPRISE_USER_URN as ENT, Schema, USER_URN};
use crate::{Definition, Limits};

fn alice() -> Value {
    json!({
        "schemas": [USER_URN, ENT], "id": "1", "userName": "alice", "name": {"familyName": "A", "givenName": "B"},
        "emails": [{"value": "w", "type": "work"}, {"type": "home"}], "groups": [{"value": "g"}],
        (ENT): {"department": "R", "manager": {"value": "m", "displayName": "M"}}, "meta": {"version": "1"}
    })
}

// Shows: PROJ-03, PROJ-04, PROJ-05, PROJ-08, PROJ-10, PROJ-11, PROJ-13, PROJ-14
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
        let projection = Projection::parse(attributes, excluded, &user, &Limits::default()).unwrap();
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
        let projection = Projection::parse(attributes, excluded, &group, &Limits::default()).unwrap();
        assert_eq!(projection.wants("members"), wanted, "{attributes:?} {excluded:?}");
    }
}

// Shows: PROJ-09
#[test]
fn both_lists_or_too_many_names_are_refused() {
    let user = Definition::user();
    assert!(Projection::parse(Some("userName"), Some("emails"), &user, &Limits::default()).is_err());
    assert!(
        Projection::from_lists(&["userName".to_owned()], &["emails".to_owned()], &user, &Limits::default())
            .is_err()
    );
    let error = Projection::parse(Some(&"a,".repeat(200)), None, &user, &Limits::default()).unwrap_err();
    assert!(error.detail.contains("projection_attributes"));
    let open = Definition::user().with_open_extensions();
    let object = json!({"id": "1", "urn:acme:Badge": {"colour": "red", "size": 1}, "stray": 1});
    for (name, expected) in [
        ("urn:acme:badge", json!({"id": "1", "urn:acme:Badge": {"colour": "red", "size": 1}})),
        ("urn:acme:Badge:COLOUR", json!({"id": "1", "urn:acme:Badge": {"colour": "red"}})),
    ] {
        let projection = Projection::parse(Some(name), None, &open, &Limits::default()).unwrap();
        assert_eq!(Value::Object(projection.apply(object.as_object().unwrap(), &open)), expected, "{name}");
    }
}

const BADGE: &str = "urn:example:badge:1.0:User";

/// A user type with an extension that has each kind of `returned`, at both levels.
fn with_badge() -> Definition {
    let part = |name: &str, returned: &str| json!({"name": name, "returned": returned});
    let parts =
        json!([part("al", "always"), part("de", "default"), part("re", "request"), part("ne", "never")]);
    let whole = |name: &str, returned: &str| json!({"name": name, "type": "complex", "multiValued": name == "many", "returned": returned, "subAttributes": parts});
    let schema = json!({"id": BADGE, "name": "Badge", "attributes": [
        part("al", "always"), part("de", "default"), part("re", "request"), part("ne", "never"),
        {"name": "pin", "mutability": "writeOnly"},
        whole("one", "default"), whole("many", "default"), whole("asked", "request"), whole("hidden", "never"),
    ]});
    Definition::user().with_extension(Schema::from_json(&schema, &Limits::default()).unwrap(), false)
}

/// All of them with a value.
fn badge() -> Value {
    let parts = json!({"al": "1", "de": "2", "re": "3", "ne": "4"});
    json!({
        "al": "1", "de": "2", "re": "3", "ne": "4", "pin": "5", "one": parts, "many": [parts, {"re": "3"}],
        "asked": parts, "hidden": parts
    })
}

#[track_caller]
fn shown(projection: &Projection, definition: &Definition) -> Value {
    let stored = json!({"id": "1", "userName": "alice", (BADGE): badge()});
    let mut shown = projection.apply(stored.as_object().unwrap(), definition);
    assert_eq!(shown["id"], "1");
    shown.remove(BADGE).unwrap_or_default()
}

// Shows: PROJ-03, PROJ-04, PROJ-05, PROJ-06, PROJ-07, PROJ-10, PROJ-14, READ-06, READ-07, READ-08, READ-09
#[test]
fn each_attribute_and_part_is_returned_as_its_schema_says() {
    let definition = with_badge();
    let (all, some) = (json!({"al": "1", "de": "2"}), json!({"al": "1"}));
    let by_default = json!({"al": "1", "de": "2", "one": all, "many": [all], "asked": some});
    let always = json!({"al": "1", "one": some, "many": [some], "asked": some});
    let but = |base: &Value, name: &str, value: Value| {
        let mut changed = base.clone();
        changed[name] = value;
        changed
    };
    let without = |base: &Value, name: &str| {
        let mut changed = base.clone();
        changed.as_object_mut().unwrap().remove(name);
        changed
    };
    let name = |name: &str| format!("{BADGE}:{name}");
    for (attributes, excluded, expected) in [
        (None, None, by_default.clone()),
        (Some("userName".to_owned()), None, always.clone()),
        // What is returned on request is named by its own name; what is never returned by none.
        (Some(BADGE.to_owned()), None, by_default.clone()),
        (Some(name("re")), None, but(&always, "re", json!("3"))),
        (Some(format!("{BADGE},{}", name("re"))), None, but(&by_default, "re", json!("3"))),
        (Some([name("ne"), name("pin"), name("hidden"), name("hidden.al")].join(",")), None, always.clone()),
        (Some(name("one")), None, but(&always, "one", all.clone())),
        (Some(name("ONE.re")), None, but(&always, "one", json!({"al": "1", "re": "3"}))),
        (Some(name("one.ne")), None, always.clone()),
        (
            Some(format!("{},{}", name("one"), name("one.re"))),
            None,
            but(&always, "one", json!({"al": "1", "de": "2", "re": "3"})),
        ),
        (Some(name("many.re")), None, but(&always, "many", json!([{"al": "1", "re": "3"}, {"re": "3"}]))),
        (Some(name("asked")), None, but(&always, "asked", all.clone())),
        (Some(name("asked.de")), None, but(&always, "asked", all.clone())),
        (None, Some(BADGE.to_owned()), always.clone()),
        (None, Some(name("al")), by_default.clone()),
        (None, Some(name("de")), without(&by_default, "de")),
        (None, Some(name("one")), but(&by_default, "one", some.clone())),
        (None, Some(name("one.al")), by_default.clone()),
        (None, Some(name("one.de")), but(&by_default, "one", some.clone())),
        (None, Some(name("many.de")), but(&by_default, "many", json!([some]))),
        (None, Some("userName".to_owned()), by_default.clone()),
    ] {
        let limits = Limits::default();
        let projection =
            Projection::parse(attributes.as_deref(), excluded.as_deref(), &definition, &limits).unwrap();
        assert_eq!(shown(&projection, &definition), expected, "{attributes:?} {excluded:?}");
    }
}

// Shows: CREATE-27, READ-09
#[test]
fn what_the_client_supplied_is_returned_by_default() {
    let definition = with_badge();
    let limits = Limits::default();
    let projection = |attributes: Option<&str>, excluded: Option<&str>| {
        Projection::parse(attributes, excluded, &definition, &limits).unwrap()
    };
    let nothing = shown(&projection(None, None), &definition);
    let re = format!("{BADGE}:re");
    for (supplied, pointer) in [
        (json!({"re": "x"}), "/re"),
        (json!({"one": {"re": "x"}}), "/one/re"),
        (json!({"many": [{"de": "x"}, {"re": "x"}]}), "/many/0/re"),
        (json!({"asked": {"de": "x"}}), "/asked/de"),
    ] {
        assert_eq!(nothing.pointer(pointer), None, "{pointer}");
        let body = json!({"userName": "alice", (BADGE): supplied});
        let body = crate::resource::read(body, &definition, &ReadOptions::default(), &limits).unwrap().object;
        let answer = shown(&projection(None, None).with_supplied(&body, &definition), &definition);
        assert!(answer.pointer(pointer).is_some(), "{pointer} in {answer}");
        assert_eq!(answer.get("ne"), None);
        // A list that is asked for is what is wanted.
        let only = projection(Some("userName"), None).with_supplied(&body, &definition);
        assert_eq!(shown(&only, &definition).pointer(pointer), None, "{pointer}");
        if pointer == "/re" {
            let without = projection(None, Some(&re)).with_supplied(&body, &definition);
            assert_eq!(shown(&without, &definition), nothing);
        }
    }
    for (path, value, pointer) in [
        (Some(re.clone()), json!("x"), "/re"),
        (None, json!({(re.as_str()): "x"}), "/re"),
        (Some(BADGE.to_owned()), json!({"re": "x"}), "/re"),
        (Some(format!("{BADGE}:one.re")), json!("x"), "/one/re"),
        (Some(format!("{BADGE}:one")), json!({"re": "x"}), "/one/re"),
        (Some(format!("{BADGE}:many")), json!([{"re": "x"}]), "/many/0/re"),
        (Some(format!("{BADGE}:many[de eq \"2\"].re")), json!("x"), "/many/0/re"),
        (Some(format!("{BADGE}:asked.de")), json!("x"), "/asked/de"),
    ] {
        let body = json!({"Operations": [{"op": "replace", "path": path, "value": value}]});
        let patch = crate::patch::parse(&body, &definition, &PatchOptions::default(), &limits).unwrap();
        let answer = shown(&projection(None, None).with_patched(&patch, &definition), &definition);
        assert!(answer.pointer(pointer).is_some(), "{path:?}: {pointer} in {answer}");
    }
}
