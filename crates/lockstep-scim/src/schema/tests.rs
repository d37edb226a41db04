//! What `schema` promises, as tables and properties.

use super::{Definition, ENTERPRISE_USER_URN, Type, USER_URN};

#[test]
fn names_and_urns_resolve_whatever_their_case() {
    let user = Definition::user();
    let upper = ENTERPRISE_USER_URN.to_uppercase();
    for (urn, attribute, sub, expected) in [
        (None, "USERNAME", None, Some((None, "userName"))),
        (None, "id", None, Some((None, "id"))),
        (None, "META", Some("LASTMODIFIED"), Some((None, "meta"))),
        (None, "schemas", None, Some((None, "schemas"))),
        (Some(USER_URN), "Emails", Some("VALUE"), Some((None, "emails"))),
        (Some(upper.as_str()), "Department", None, Some((Some(ENTERPRISE_USER_URN), "department"))),
        (None, "department", None, None),
        (None, "name", Some("nosuch"), None),
        (None, "userName", Some("x"), None),
        (Some("urn:acme:Ext"), "x", None, None),
    ] {
        let found = user.resolve(urn, attribute, sub).map(|found| (found.extension, found.name));
        assert_eq!(found, expected, "{urn:?} {attribute} {sub:?}");
    }
    let open = Definition::user().with_open_extensions();
    let found = open.resolve(Some("urn:acme:Ext"), "badgeColour", None).unwrap();
    assert_eq!(
        (found.extension, found.name, found.attribute.kind),
        (Some("urn:acme:Ext"), "badgeColour", Type::Any)
    );
}

#[test]
fn published_schemas_leave_out_common_attributes_and_password() {
    for schema in [super::user(), super::group(), super::enterprise_user()] {
        let json = schema.to_json("https://x/scim/v2");
        let names: Vec<&str> =
            json["attributes"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
        for name in ["id", "externalId", "meta", "schemas", "password"] {
            assert!(!names.contains(&name), "{name} in {}", schema.id);
        }
        assert!(!json.to_string().contains("null"));
        assert!(!json.to_string().contains("[]"));
    }
    let group = super::group().to_json("");
    assert_eq!(group["attributes"][0]["required"], true);
}

#[test]
fn an_attribute_below_a_declared_schema_is_no_extension_of_its_own() {
    let open = Definition::user().with_open_extensions();
    assert!(open.is_open_extension("urn:x:Badge"));
    for urn in [USER_URN, ENTERPRISE_USER_URN] {
        assert!(!open.is_open_extension(&format!("{urn}:manager")), "{urn}");
        assert!(!open.is_open_extension(&format!("{}:x", urn.to_uppercase())), "{urn}");
    }
    assert!(open.is_open_extension("urn:ietf:params:scim:schemas:extension:enterprise:2.0:UserOfOurs"));
}

#[test]
fn the_standards_own_names_are_nobodys_extension() {
    let open = Definition::user().with_open_extensions();
    for urn in [
        super::GROUP_URN,
        "urn:ietf:params:scim:schemas:core:2.0",
        "URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:Schema",
        "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig",
        "urn:ietf:params:scim:schemas:core:3.0:User",
        "urn:ietf:params:scim:api:messages:2.0:PatchOp",
        "urn:ietf:params:scim:api:x",
        "urn:scim:schemas:core:1.0",
    ] {
        assert!(!open.is_open_extension(urn), "{urn}");
        assert_eq!(open.resolve(Some(urn), "x", None), None, "{urn}");
    }
    assert!(open.is_open_extension("urn:ietf:params:scim:schemas:corex:2.0:User"));
    assert!(open.is_open_extension("urn:ietf:params:scim:schemas:extension:agent:2.0:Agent"));
}

// Shows: SCHEMA-13, DISC-35
#[test]
fn a_common_attribute_is_what_the_standard_says_whatever_a_schema_says() {
    let mut user = Definition::user();
    for name in ["id", "META", "externalid", "schemas"] {
        user.schema.attributes.push(super::Attribute::new(name, Type::Boolean));
    }
    for (name, kind) in [
        ("id", Type::String),
        ("meta", Type::Complex),
        ("externalId", Type::String),
        ("schemas", Type::Reference),
    ] {
        assert_eq!(user.top(name).unwrap().kind, kind, "{name}");
        assert_eq!(user.resolve(Some(USER_URN), name, None).unwrap().attribute.kind, kind, "{name}");
    }
    assert!(user.top("id").unwrap().is_read_only());
}

// Shows: SCHEMA-19, DISC-19, DISC-39
#[test]
fn a_complex_attribute_has_parts_and_no_uniqueness() {
    let keys =
        |entry: &serde_json::Value| -> Vec<String> { entry.as_object().unwrap().keys().cloned().collect() };
    for schema in [super::user(), super::group(), super::enterprise_user()] {
        let json = schema.to_json("");
        for attribute in json["attributes"].as_array().unwrap() {
            let is_complex = attribute["type"] == "complex";
            let published = keys(attribute);
            for name in ["name", "type", "multiValued", "description", "required", "mutability", "returned"] {
                assert!(published.iter().any(|key| key == name), "{name} in {attribute}");
            }
            for name in ["caseExact", "uniqueness"] {
                let is_text = ["string", "reference", "binary"].iter().any(|kind| attribute["type"] == *kind);
                assert_eq!(published.iter().any(|key| key == name), is_text, "{name} in {attribute}");
            }
            assert_eq!(published.iter().any(|key| key == "subAttributes"), is_complex, "{attribute}");
            for part in attribute["subAttributes"].as_array().into_iter().flatten() {
                assert_ne!(part["type"], "complex", "{part}");
            }
        }
    }
}

#[test]
fn an_extension_comes_and_goes() {
    let mut badge = super::enterprise_user();
    badge.id = "urn:example:badge:1.0:User".to_owned();
    let user = Definition::user().with_extension(badge.clone(), false);
    assert!(user.extension("URN:example:badge:1.0:user").is_some());
    badge.attributes.truncate(1);
    let user = user.with_extension(badge.clone(), true);
    assert_eq!(user.extensions.len(), 2);
    assert_eq!(user.extensions[1], (badge, true));
    assert_eq!(user.without_extension("URN:EXAMPLE:badge:1.0:User"), Definition::user());
}
