//! What the definition of a schema promises, as tables and properties.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::resource::tests::any_json;
use crate::schema::{
    Attribute, Mutability, Returned, Schema, Type, Uniqueness, enterprise_user, group, user,
};
use crate::{Error, Limits};

pub(crate) const URN: &str = "urn:example:params:scim:schemas:extension:badge:1.0:User";

/// A schema with these attributes.
#[track_caller]
pub(crate) fn schema(attributes: &Value) -> Schema {
    read(&json!({"id": URN, "name": "Badge", "attributes": attributes})).unwrap()
}

fn read(json: &Value) -> Result<Schema, Error> {
    Schema::from_json(json, &Limits::default())
}

/// The first attribute of a schema that has one, and what is said of it.
#[track_caller]
fn attribute(json: Value) -> Attribute {
    schema(&Value::Array(vec![json])).attributes.remove(0)
}

// Shows: SCHEMA-01
#[test]
fn what_is_not_said_has_the_default_of_the_standard() {
    let plain = attribute(json!({"name": "colour"}));
    assert_eq!(plain, Attribute::new("colour", Type::String));
    assert_eq!(
        (plain.kind, plain.multi_valued, plain.required, plain.case_exact, plain.mutability, plain.returned),
        (Type::String, false, false, false, Mutability::ReadWrite, Returned::Default)
    );
    assert_eq!(plain.uniqueness, Uniqueness::None);
    // A null says nothing (RFC 7643 §2.5).
    let nulls =
        json!({"name": "colour", "type": null, "required": null, "caseExact": null, "subAttributes": null});
    assert_eq!(attribute(nulls), plain);
    // RFC 7643 §2.3.6, §2.3.7: case exact by their type.
    for kind in ["reference", "binary"] {
        assert!(attribute(json!({"name": "a", "type": kind})).case_exact, "{kind}");
        assert!(!attribute(json!({"name": "a", "type": kind, "caseExact": false})).case_exact, "{kind}");
    }
    // Case means nothing for these, whatever is said of it.
    for kind in ["boolean", "integer", "decimal", "dateTime"] {
        assert!(!attribute(json!({"name": "a", "type": kind, "caseExact": true})).case_exact, "{kind}");
    }
    let secret = attribute(json!({"name": "pin", "mutability": "writeOnly"}));
    assert_eq!(secret.returned, Returned::Never);
}

// Shows: DISC-20, DISC-21, DISC-22, DISC-23, DISC-37, DISC-39
#[test]
fn what_is_no_schema_is_refused_by_its_place() {
    let name_200 = "n".repeat(200);
    let sub = |sub: Value| json!([{"name": "a", "type": "complex", "subAttributes": [sub]}]);
    for (attributes, word) in [
        (json!([]), "attributes: must be an array of at least one attribute"),
        (json!({"name": "a"}), "attributes: must be an array"),
        (json!(["a"]), "attributes[0]: must be an object"),
        (json!([{"type": "string"}]), "attributes[0].name: must be a letter"),
        (json!([{"name": 7}]), "attributes[0].name: must be a string"),
        (json!([{"name": "1a"}]), "attributes[0].name: must be a letter"),
        (json!([{"name": "a b"}]), "attributes[0].name: must be a letter"),
        (json!([{"name": "a.b"}]), "attributes[0].name: must be a letter"),
        (json!([{"name": "é"}]), "attributes[0].name: must be a letter"),
        (json!([{"name": "$ref", "type": "reference"}]), "attributes[0].name: must be a letter"),
        (
            json!([{"name": format!("{name_200}x")}]),
            "attributes[0].name: has 201 bytes; the limit schema_name_bytes",
        ),
        (json!([{"name": "ID"}]), "attributes[0].name: is that of an attribute every resource has"),
        (json!([{"name": "meta"}]), "attributes[0].name: is that of an attribute every resource has"),
        (json!([{"name": "a"}, {"name": "b"}, {"name": "A"}]), "attributes[2].name: another attribute"),
        (json!([{"name": "a", "type": "int"}]), "attributes[0].type: must be one of string, boolean"),
        (json!([{"name": "a", "type": "String"}]), "attributes[0].type: must be one of"),
        (json!([{"name": "a", "type": 1}]), "attributes[0].type: must be one of"),
        (json!([{"name": "a", "multivalued": "true"}]), "attributes[0].multiValued: must be true or false"),
        (json!([{"name": "a", "multiValue": true}]), "attributes[0].multiValue: no attribute has this"),
        (json!([{"name": "a", "NAME": "b"}]), "is there twice"),
        (json!([{"name": "a", "required": 1}]), "attributes[0].required: must be true or false"),
        (
            json!([{"name": "a", "mutability": "readwrite"}]),
            "attributes[0].mutability: must be one of readOnly",
        ),
        (json!([{"name": "a", "returned": "request "}]), "attributes[0].returned: must be one of always"),
        (
            json!([{"name": "a", "uniqueness": "yes"}]),
            "attributes[0].uniqueness: must be one of none, server",
        ),
        (
            json!([{"name": "a", "type": "boolean", "uniqueness": "server"}]),
            "attributes[0].uniqueness: a boolean",
        ),
        (
            json!([{"name": "a", "mutability": "writeOnly", "returned": "request"}]),
            "attributes[0].returned: must be never",
        ),
        (
            json!([{"name": "a", "mutability": "writeOnly", "required": true}]),
            "attributes[0].required: what is writeOnly",
        ),
        (json!([{"name": "a", "description": "x".repeat(2_001)}]), "schema_description_bytes is 2000"),
        (
            json!([{"name": "a", "description": "x\u{7}"}]),
            "attributes[0].description: has a control character",
        ),
        (json!([{"name": "a", "canonicalValues": "x"}]), "attributes[0].canonicalValues: must be an array"),
        (
            json!([{"name": "a", "canonicalValues": [1]}]),
            "attributes[0].canonicalValues[0]: must be a string",
        ),
        (
            json!([{"name": "a", "canonicalValues": ["x", "x"]}]),
            "attributes[0].canonicalValues[1]: is there twice",
        ),
        (
            json!([{"name": "a", "canonicalValues": [format!("{name_200}x")]}]),
            "attributes[0].canonicalValues[0]: has 201 bytes",
        ),
        (
            json!([{"name": "a", "type": "boolean", "canonicalValues": ["x"]}]),
            "canonicalValues: a boolean has none",
        ),
        (json!([{"name": "a", "referenceTypes": ["User"]}]), "attributes[0].referenceTypes: only"),
        (
            json!([{"name": "a", "type": "reference", "referenceTypes": "User"}]),
            "referenceTypes: must be an array",
        ),
        (json!([{"name": "a", "type": "complex"}]), "attributes[0].subAttributes: a complex attribute needs"),
        (json!([{"name": "a", "subAttributes": [{"name": "b"}]}]), "attributes[0].subAttributes: only"),
        (
            sub(json!({"name": "b", "type": "complex"})),
            "attributes[0].subAttributes[0].type: a sub-attribute",
        ),
        (sub(json!({"name": "b", "subAttributes": [{"name": "c"}]})), "subAttributes[0].subAttributes: only"),
        (sub(json!({"name": "$x"})), "attributes[0].subAttributes[0].name: must be a letter"),
        (sub(json!({"name": "$ref"})), "attributes[0].subAttributes[0].type: $ref must be one reference"),
        (
            json!([{"name": "a", "type": "complex", "multiValued": true, "subAttributes": [{"name": "Primary"}]}]),
            "attributes[0].subAttributes[0].type: Primary must be one boolean",
        ),
    ] {
        let error = read(&json!({"id": URN, "name": "Badge", "attributes": attributes})).unwrap_err();
        assert!(error.detail.contains(word), "{error} should say {word}");
        assert_eq!(error.status, 400);
    }
    for (json, word) in [
        (json!([]), "must be a JSON object"),
        (json!({"id": URN, "attributes": [{"name": "a"}]}), "name: is required"),
        (json!({"id": URN, "name": " ", "attributes": [{"name": "a"}]}), "name: is required"),
        (json!({"name": "Badge", "attributes": [{"name": "a"}]}), "id: must be a urn"),
        (json!({"id": URN, "name": "Badge"}), "attributes: must be an array"),
        (json!({"id": URN, "name": "Badge", "attribute": []}), "attribute: no schema has this"),
    ] {
        let error = read(&json).unwrap_err();
        assert!(error.detail.contains(word), "{error} should say {word}");
    }
}

#[test]
fn the_urn_of_a_schema_is_ones_own() {
    for (id, accepted) in [
        (URN, true),
        ("urn:ietf:params:scim:schemas:extension:Acme:2.0:User", true),
        ("URN:acme:Badge", true),
        ("urn:acme:Badge_1-2.$", true),
        ("urn:ietf:params:scim:schemas:extension:enterprise2:2.0:User", true),
        ("urn:acme", false),
        ("urn:acme:", false),
        ("urn::badge", false),
        ("urn:a:badge", false),
        ("urn:-acme:badge", false),
        ("urn:acme-:badge", false),
        ("urn:a_b:badge", false),
        ("urn:acme::badge", false),
        ("urn:acme:badge:", false),
        ("urn:acme:a b", false),
        ("urn:acme:a[b", false),
        ("urn:acme:é", false),
        ("urn:acme:a/b", false),
        ("urn:acme:a,b", false),
        ("https://acme.example.com/badge", false),
        ("badge", false),
        ("", false),
        ("urn:ietf:params:scim:schemas:core:2.0:User", false),
        ("urn:ietf:params:scim:schemas:core:2.0:Device", false),
        ("URN:IETF:params:scim:schemas:extension:ENTERPRISE:2.0:User", false),
        ("urn:ietf:params:scim:schemas:extension:enterprise:3.0:User:more", false),
        ("urn:ietf:params:scim:api:messages:2.0:PatchOp", false),
        ("urn:scim:schemas:core:1.0", false),
        ("urn:scim:schemas:extension:enterprise:1.0", false),
    ] {
        let read = read(&json!({"id": id, "name": "Badge", "attributes": [{"name": "a"}]}));
        assert_eq!(read.is_ok(), accepted, "{id}: {read:?}");
    }
    assert!(read(&json!({"id": 7, "name": "Badge", "attributes": [{"name": "a"}]})).is_err());
}

#[test]
fn each_limit_of_a_schema_holds_at_its_edge() {
    let attributes = |count: usize| -> Value {
        (0..count).map(|n| json!({"name": format!("a{n}")})).collect::<Vec<_>>().into()
    };
    let values = |count: usize| -> Value { (0..count).map(|n| format!("v{n}")).collect::<Vec<_>>().into() };
    let whole =
        |id: &str, name: &str, attributes: &Value| json!({"id": id, "name": name, "attributes": attributes});
    let few = Limits {
        schema_attributes: 2,
        schema_sub_attributes: 3,
        schema_canonical_values: 4,
        schema_name_bytes: 60,
        schema_description_bytes: 6,
        ..Limits::default()
    };
    let sub = |count: usize| json!([{"name": "a", "type": "complex", "subAttributes": attributes(count)}]);
    let canonical = |count: usize| json!([{"name": "a", "canonicalValues": values(count)}]);
    let described = |count: usize| json!([{"name": "a", "description": "d".repeat(count)}]);
    let id = |count: usize| format!("urn:acme:{}", "x".repeat(count - 9));
    for (last, first_refused, limit) in [
        (whole(URN, "B", &attributes(2)), whole(URN, "B", &attributes(3)), "schema_attributes is 2"),
        (whole(URN, "B", &sub(3)), whole(URN, "B", &sub(4)), "schema_sub_attributes is 3"),
        (whole(URN, "B", &canonical(4)), whole(URN, "B", &canonical(5)), "schema_canonical_values is 4"),
        (whole(&id(60), "B", &attributes(1)), whole(&id(61), "B", &attributes(1)), "schema_name_bytes is 60"),
        (
            whole(URN, &"n".repeat(60), &attributes(1)),
            whole(URN, &"n".repeat(61), &attributes(1)),
            "schema_name_bytes is 60",
        ),
        (whole(URN, "B", &described(6)), whole(URN, "B", &described(7)), "schema_description_bytes is 6"),
    ] {
        Schema::from_json(&last, &few).unwrap();
        let error = Schema::from_json(&first_refused, &few).unwrap_err();
        assert!(error.detail.contains(limit), "{error} should say {limit}");
    }
}

#[test]
fn the_standards_schemas_could_be_somebodys_own() {
    for mut schema in [user(), group(), enterprise_user()] {
        schema.id = URN.to_owned();
        schema.attributes.retain(|attribute| !attribute.hidden);
        for attribute in &mut schema.attributes {
            attribute.sub_attributes.retain(|sub| !sub.hidden);
        }
        assert_eq!(read(&schema.to_json("https://example.com/scim/v2")).unwrap(), schema);
    }
}

fn any_attribute(is_sub: bool) -> impl Strategy<Value = Attribute> {
    let kinds = [
        Type::String,
        Type::Boolean,
        Type::Decimal,
        Type::Integer,
        Type::DateTime,
        Type::Binary,
        Type::Reference,
    ];
    let access = [Mutability::ReadOnly, Mutability::ReadWrite, Mutability::Immutable, Mutability::WriteOnly];
    let returned = [Returned::Always, Returned::Never, Returned::Default, Returned::Request];
    let unique = [Uniqueness::None, Uniqueness::Server, Uniqueness::Global];
    (
        prop::sample::select(kinds.to_vec()),
        prop::sample::select(access.to_vec()),
        prop::sample::select(returned.to_vec()),
        prop::sample::select(unique.to_vec()),
        any::<[bool; 3]>(),
        "[ -~é]{0,20}",
        prop::collection::btree_set("[a-zé ]{0,4}x", 0..4),
    )
        .prop_map(
            move |(kind, mutability, returned, uniqueness, [many, required, exact], about, words)| {
                let mut attribute = Attribute::new(if is_sub { "part" } else { "whole" }, kind);
                attribute.multi_valued = many;
                attribute.required = required && mutability != Mutability::WriteOnly;
                attribute.mutability = mutability;
                attribute.returned =
                    if mutability == Mutability::WriteOnly { Returned::Never } else { returned };
                attribute.description = about;
                let words: Vec<String> = words.into_iter().collect();
                match kind {
                    Type::Reference => attribute.reference_types.clone_from(&words),
                    Type::Boolean => {}
                    _ => attribute.canonical_values.clone_from(&words),
                }
                if matches!(kind, Type::String | Type::Reference | Type::Binary) {
                    attribute.case_exact = exact;
                }
                if kind != Type::Boolean {
                    attribute.uniqueness = uniqueness;
                }
                attribute
            },
        )
}

fn numbered(attributes: Vec<Attribute>) -> Vec<Attribute> {
    let numbered = attributes.into_iter().enumerate();
    numbered.map(|(n, attribute)| Attribute { name: format!("{}{n}", attribute.name), ..attribute }).collect()
}

pub(crate) fn any_schema() -> impl Strategy<Value = Schema> {
    let top = (any_attribute(false), prop::collection::vec(any_attribute(true), 0..3)).prop_map(
        |(mut top, subs)| {
            if !subs.is_empty() {
                top.kind = Type::Complex;
                top.case_exact = false;
                top.uniqueness = Uniqueness::None;
                top.canonical_values.clear();
                top.reference_types.clear();
                top.sub_attributes = numbered(subs);
            }
            top
        },
    );
    (prop::collection::vec(top, 1..5), "[A-Za-z]{1,9}", "[ -~]{0,20}").prop_map(
        |(tops, name, description)| Schema {
            id: URN.to_owned(),
            name,
            description,
            attributes: numbered(tops),
        },
    )
}

proptest! {
    #[test]
    fn reading_what_is_rendered_gives_the_same_schema(schema in any_schema()) {
        prop_assert_eq!(read(&schema.to_json("https://example.com")).unwrap(), schema);
    }

    #[test]
    fn no_definition_panics(attributes in any_json(), whole in any_json()) {
        let _ = read(&whole);
        let _ = read(&json!({"id": URN, "name": "Badge", "attributes": attributes}));
        let _ = read(&json!({"id": URN, "name": "Badge", "attributes": [whole]}));
    }
}
