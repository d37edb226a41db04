//! What is read of users, whatever IdPs send and whatever somebody mapped.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::super::MappedAttribute;
use super::*;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn object(value: &Value) -> Object {
    value.as_object().expect("an object").clone()
}

fn mapped(path: &str, attribute_type: AttributeType, required: bool) -> MappedAttribute {
    MappedAttribute { path: path.to_owned(), attribute_type, required }
}

/// Reads one attribute.
fn read(path: &str, attribute_type: AttributeType, user: &Value) -> (Option<Value>, Vec<Why>) {
    let own = BTreeMap::from([("it".to_owned(), Some(mapped(path, attribute_type, false)))]);
    let attributes = Attributes::of(&[], &DirectoryMapping { own, ..DirectoryMapping::default() });
    let mut reading = attributes.read(&object(user));
    (reading.values.remove("it"), reading.left_out.into_iter().map(|left| left.why).collect())
}

#[test]
fn a_value_is_made_into_its_type_or_said_to_be_unfit() {
    use AttributeType::{Any, Boolean, List, Number, String, Timestamp};
    let cases = [
        (String, json!("x"), Some(json!("x"))),
        (String, json!(42), Some(json!("42"))),
        (String, json!(1.5), Some(json!("1.5"))),
        (String, json!(true), Some(json!("true"))),
        (String, json!({ "value": "x", "type": "work" }), Some(json!("x"))),
        (String, json!({ "display": "x" }), None),
        (String, json!(["", "b", "c"]), Some(json!("b"))),
        (String, json!([{ "value": "a" }, { "value": "b", "primary": true }]), Some(json!("b"))),
        (Number, json!(42), Some(json!(42))),
        (Number, json!("42"), Some(json!(42))),
        (Number, json!(" -1.5e3 "), Some(json!(-1500.0))),
        (Number, json!("007"), None),
        (Number, json!("1,5"), None),
        (Number, json!("forty"), None),
        (Number, json!("123456789012345678901234567890"), None),
        (Number, json!(true), None),
        (Number, json!(["x", "7"]), Some(json!(7))),
        (Boolean, json!(false), Some(json!(false))),
        (Boolean, json!("True"), Some(json!(true))),
        (Boolean, json!("FALSE"), Some(json!(false))),
        (Boolean, json!("yes"), None),
        (Boolean, json!(1), None),
        (Timestamp, json!("2021-06-27T12:00:00Z"), Some(json!("2021-06-27T12:00:00.000Z"))),
        (Timestamp, json!("2021-06-27T12:00:00+02:00"), Some(json!("2021-06-27T10:00:00.000Z"))),
        (Timestamp, json!("2021-06-27"), Some(json!("2021-06-27T00:00:00.000Z"))),
        (Timestamp, json!("06/27/2021"), None),
        (Timestamp, json!("2021-13-27"), None),
        (Timestamp, json!(1_624_795_200), None),
        (List, json!("x"), Some(json!(["x"]))),
        (List, json!(["x", 1]), Some(json!(["x", 1]))),
        (Any, json!({ "a": [1] }), Some(json!({ "a": [1] }))),
        (Any, json!(["x"]), Some(json!(["x"]))),
        (Any, json!(0), Some(json!(0))),
    ];
    for (kind, sent, expected) in cases {
        let user = json!({ "urn:acme:User": { "it": sent } });
        let unfit = if expected.is_none() { vec![Why::Unfit(kind)] } else { Vec::new() };
        assert_eq!(read("urn:acme:User:it", kind, &user), (expected, unfit), "{kind:?} of {sent}");
    }
}

#[test]
fn nothing_is_no_value_of_any_type() {
    for kind in AttributeType::ALL {
        for sent in [json!(null), json!(""), json!([]), json!({}), json!([null, ""])] {
            let user = json!({ "urn:acme:User": { "it": sent } });
            assert_eq!(read("urn:acme:User:it", kind, &user), (None, vec![]), "{kind:?} of {sent}");
        }
    }
}

#[test]
fn a_list_is_what_the_path_selects_of_it() {
    let user = json!({ "emails": [
        { "type": "work", "value": "a@example.com" },
        { "type": "home", "value": "b@example.com" },
        { "type": "work", "value": "c@example.com", "primary": true },
    ] });
    let work = "emails[type eq \"work\"].value";
    assert_eq!(
        read(work, AttributeType::List, &user).0,
        Some(json!(["a@example.com", "c@example.com"])),
        "in the order in which they stand there"
    );
    assert_eq!(read(work, AttributeType::String, &user).0, Some(json!("c@example.com")));
    assert_eq!(read("emails[type eq \"other\"].value", AttributeType::List, &user).0, None);
    assert_eq!(
        read("emails[type eq \"home\"].value", AttributeType::Any, &user).0,
        Some(json!(["b@example.com"]))
    );
}

const STANDARD: &[StandardAttribute] = &[
    StandardAttribute {
        name: "department_name",
        paths: &[
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "urn:acme:User:dept",
        ],
        attribute_type: AttributeType::String,
        members: &[],
    },
    StandardAttribute {
        name: "addresses",
        paths: &["addresses"],
        attribute_type: AttributeType::List,
        members: &[("street_address", "streetAddress"), ("country", "country"), ("primary", "primary")],
    },
];

#[test]
fn a_standard_attribute_is_read_by_its_first_path_that_has_a_value() {
    let attributes = Attributes::of(STANDARD, &DirectoryMapping::default());
    let both = json!({ ENTERPRISE: { "department": "Sales" }, "urn:acme:User": { "dept": "S" } });
    let second = json!({ ENTERPRISE: { "department": "" }, "urn:acme:User": { "dept": "S" } });
    assert_eq!(attributes.project(&object(&both))["department_name"], "Sales");
    assert_eq!(attributes.project(&object(&second))["department_name"], "S");
    assert!(attributes.project(&object(&json!({}))).is_empty());
}

#[test]
fn the_members_of_standard_lists_have_published_names() {
    let attributes = Attributes::of(STANDARD, &DirectoryMapping::default());
    let user = json!({ "addresses": [{ "streetAddress": "1 Road", "formatted": "x" }, { "primary": true, "country": "DE" }] });
    assert_eq!(
        attributes.project(&object(&user))["addresses"],
        json!([
            { "street_address": "1 Road", "country": null, "primary": false },
            { "street_address": null, "country": "DE", "primary": true },
        ])
    );
}

#[test]
fn a_directory_goes_before_its_organization_which_goes_before_the_contract() {
    let organization = BTreeMap::from([
        ("department_name".to_owned(), Some(mapped("title", AttributeType::String, false))),
        ("badge".to_owned(), Some(mapped("urn:acme:User:badge", AttributeType::Number, true))),
        ("addresses".to_owned(), None),
    ]);
    let own = BTreeMap::from([
        ("badge".to_owned(), Some(mapped("nickName", AttributeType::String, false))),
        ("department_name".to_owned(), None),
    ]);
    let mapping = DirectoryMapping { organization: organization.clone(), own, ..DirectoryMapping::default() };
    let shown = |attributes: &Attributes| -> Vec<(String, String, &'static str)> {
        let each =
            attributes.iter().map(|one| (one.name.clone(), one.paths.join(" "), one.mapped_by.as_str()));
        each.collect()
    };
    let text = str::to_owned;
    assert_eq!(shown(&Attributes::of(STANDARD, &mapping)), [(text("badge"), text("nickName"), "directory")]);
    let mapping = DirectoryMapping { organization, ..DirectoryMapping::default() };
    assert_eq!(
        shown(&Attributes::of(STANDARD, &mapping)),
        [
            (text("badge"), text("urn:acme:User:badge"), "organization"),
            (text("department_name"), text("title"), "organization"),
        ]
    );
}

#[test]
fn a_required_attribute_without_a_value_is_said_to_be_missing() {
    let own = BTreeMap::from([
        ("a".to_owned(), Some(mapped("title", AttributeType::String, true))),
        ("b".to_owned(), Some(mapped("nickName", AttributeType::Number, true))),
    ]);
    let attributes = Attributes::of(&[], &DirectoryMapping { own, ..DirectoryMapping::default() });
    let reading = attributes.read(&object(&json!({ "nickName": "secret" })));
    let notes: Vec<String> = reading.left_out.iter().map(LeftOut::note).collect();
    assert_eq!(
        notes,
        ["a: a required attribute without a value (missing)", "b: left out, its value is no number (unfit)"],
        "and no note holds a value"
    );
}

#[test]
fn what_is_mapped_many_times_does_not_grow_without_bound() {
    let own =
        (0..100).map(|i| (format!("a{i:02}"), Some(mapped("urn:acme:User:it", AttributeType::Any, false))));
    let attributes =
        Attributes::of(&[], &DirectoryMapping { own: own.collect(), ..DirectoryMapping::default() });
    let reading = attributes.read(&object(&json!({ "urn:acme:User": { "it": "x".repeat(60_000) } })));
    assert_eq!(reading.values.len(), 4);
    assert_eq!(reading.left_out.len(), 96);
    assert!(reading.left_out.iter().all(|left| left.why == Why::TooLarge));
}

#[test]
fn a_path_that_costs_too_much_is_refused() {
    let filter = |terms: usize| format!("emails[{}].value", vec!["type pr"; terms].join(" or "));
    assert!(parse_path(&filter(MAPPED_PATH_TERMS_LIMIT)).is_ok());
    let error = parse_path(&filter(MAPPED_PATH_TERMS_LIMIT + 1)).unwrap_err();
    assert!(error.detail.contains("filter_terms of 8"), "{error}");
    let error = parse_path(&format!("urn:{}:x", "a".repeat(MAPPED_PATH_BYTES_LIMIT))).unwrap_err();
    assert!(error.detail.contains("path_bytes is 512"), "{error}");
}

#[test]
fn a_name_is_one_that_programs_can_use() {
    for name in ["department_name", "id", "A-1", "x"] {
        assert_eq!(name_fault(name), None, "{name}");
    }
    let long = "x".repeat(MAPPED_NAME_BYTES_LIMIT + 1);
    for name in ["", "1st", "_x", "a b", "a.b", "é", "a\0", "__proto__", long.as_str()] {
        assert!(name_fault(name).is_some(), "{name}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(json!("2021-06-27")),
        Just(json!("42")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop_oneof![Just("value"), Just("type"), Just("primary"), Just("x")];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((key, inner), 0..4)
                .prop_map(|all| Value::Object(all.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_stands_there_gives_a_value_of_the_type_or_a_reason(sent in any_json(), at in 0..6_usize, kind in 0..6_usize) {
        let paths = ["urn:acme:User:it", "urn:acme:User:it.value", "urn:acme:User:it[type pr]",
            "urn:acme:User:it[value gt 1].x", "urn:acme:User", "emails[primary eq true].value"];
        let kind = AttributeType::ALL[kind];
        let user = json!({ "urn:acme:User": { "it": sent.clone() }, "emails": sent });
        let (value, why) = read(paths[at], kind, &user);
        match &value {
            None => prop_assert!(why.len() <= 1),
            Some(value) => {
                prop_assert!(why.is_empty());
                let fits = match kind {
                    AttributeType::String => value.is_string(),
                    AttributeType::Number => value.is_number(),
                    AttributeType::Boolean => value.is_boolean(),
                    AttributeType::Timestamp => value.as_str().is_some_and(|text| text.get(19..) == Some(".000Z")),
                    AttributeType::List => value.is_array(),
                    AttributeType::Any => !value.is_null(),
                };
                prop_assert!(fits, "{:?} gave {}", kind, value);
            }
        }
        // What a value was made into is made into the same again.
        if let Some(value) = value {
            let again = json!({ "urn:acme:User": { "it": value.clone() } });
            prop_assert_eq!(read("urn:acme:User:it", kind, &again).0, Some(value));
        }
    }

    #[test]
    fn any_text_is_a_path_or_is_refused(text in "\\PC{0,40}") {
        if let Ok(selector) = parse_path(&text) {
            let user = object(&json!({ "emails": [1, {}, null, "x"] }));
            prop_assert!(selector.select(&user).values.len() <= 4);
        }
    }

    #[test]
    fn names_are_in_order_and_once(names in proptest::collection::btree_set("[a-z]{1,3}", 0..20)) {
        let own = names.iter().map(|name| (name.clone(), Some(mapped("title", AttributeType::Any, false)))).collect();
        let attributes = Attributes::of(STANDARD, &DirectoryMapping { own, ..DirectoryMapping::default() });
        let shown: Vec<String> = attributes.iter().map(|one| one.name.clone()).collect();
        let mut sorted: BTreeSet<String> = names;
        sorted.extend(STANDARD.iter().map(|one| one.name.to_owned()));
        prop_assert_eq!(shown, sorted.into_iter().collect::<Vec<_>>());
    }
}
