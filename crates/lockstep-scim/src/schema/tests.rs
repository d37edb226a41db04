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
