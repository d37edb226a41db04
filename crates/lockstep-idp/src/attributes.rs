//! What an application reads of a user by itself, without anybody's mapping: the names that WorkOS publishes for
//! predefined attributes, and SCIM's for the language, each with the SCIM paths that hold it. No path is guessed: where
//! neither the standard nor a source says where something stands, it is left to the administrator's mapping. Of a
//! manager's name nothing is kept: RFC 7643 §4.3 has it read-only.

use lockstep_core::mapping::{AttributeType, StandardAttribute};

/// Where the names are published.
pub(crate) const SOURCE: &str = "workos.com/docs/directory-sync/attributes/predefined-attributes";

const NONE: &[(&str, &str)] = &[];

const fn standard(
    name: &'static str,
    paths: &'static [&'static str],
    attribute_type: AttributeType,
) -> StandardAttribute {
    StandardAttribute { name, paths, attribute_type, members: NONE }
}

const fn text(name: &'static str, paths: &'static [&'static str]) -> StandardAttribute {
    standard(name, paths, AttributeType::String)
}

const fn objects(
    name: &'static str,
    paths: &'static [&'static str],
    members: &'static [(&'static str, &'static str)],
) -> StandardAttribute {
    StandardAttribute { name, paths, attribute_type: AttributeType::List, members }
}

/// Postal addresses (RFC 7643 §4.1.2), with the published names of their parts.
pub(crate) const ADDRESSES: StandardAttribute = objects(
    "addresses",
    &["addresses"],
    &[
        ("type", "type"),
        ("street_address", "streetAddress"),
        ("locality", "locality"),
        ("region", "region"),
        ("postal_code", "postalCode"),
        ("country", "country"),
        ("raw_address", "formatted"),
        ("primary", "primary"),
    ],
);
pub(crate) const COST_CENTER_NAME: StandardAttribute =
    text("cost_center_name", &["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter"]);
pub(crate) const DEPARTMENT_NAME: StandardAttribute =
    text("department_name", &["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"]);
pub(crate) const DISPLAY_NAME: StandardAttribute = text("display_name", &["displayName"]);
pub(crate) const DIVISION_NAME: StandardAttribute =
    text("division_name", &["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division"]);
/// E-mail addresses (RFC 7643 §4.1.2).
pub(crate) const EMAILS: StandardAttribute =
    objects("emails", &["emails"], &[("primary", "primary"), ("type", "type"), ("value", "value")]);
pub(crate) const EMPLOYEE_NUMBER: StandardAttribute =
    text("employee_number", &["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber"]);
pub(crate) const EMPLOYEE_TYPE: StandardAttribute = text("employee_type", &["userType"]);
pub(crate) const JOB_TITLE: StandardAttribute = text("job_title", &["title"]);
/// A manager's value is an id; some administrators map the address to it.
pub(crate) const MANAGER_EMAIL: StandardAttribute = text(
    "manager_email",
    &["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager[value co \"@\"].value"],
);
pub(crate) const MANAGER_ID: StandardAttribute =
    text("manager_id", &["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"]);
pub(crate) const ORGANIZATION: StandardAttribute =
    text("organization", &["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:organization"]);
pub(crate) const PREFERRED_LANGUAGE: StandardAttribute = text("preferred_language", &["preferredLanguage"]);
pub(crate) const USERNAME: StandardAttribute = text("username", &["userName"]);

/// When somebody began. No standard says where it stands, so only contracts that know it have it.
pub(crate) const fn employment_start_date(paths: &'static [&'static str]) -> StandardAttribute {
    standard("employment_start_date", paths, AttributeType::Timestamp)
}

/// What holds for whoever sends what RFC 7643 says where it says it.
pub(crate) const STANDARD: &[StandardAttribute] = &[
    ADDRESSES,
    COST_CENTER_NAME,
    DEPARTMENT_NAME,
    DISPLAY_NAME,
    DIVISION_NAME,
    EMAILS,
    EMPLOYEE_NUMBER,
    EMPLOYEE_TYPE,
    JOB_TITLE,
    MANAGER_EMAIL,
    MANAGER_ID,
    ORGANIZATION,
    PREFERRED_LANGUAGE,
    USERNAME,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lockstep_core::mapping::{Attributes, DirectoryMapping, STANDARD_VERSION, name_fault, parse_path};
    use serde_json::json;

    use crate::PROVIDERS;

    #[test]
    fn every_standard_attribute_has_a_name_of_its_own_and_paths_that_a_user_can_have() {
        for provider in PROVIDERS {
            let names: BTreeSet<&str> = provider.attributes.iter().map(|attribute| attribute.name).collect();
            assert_eq!(names.len(), provider.attributes.len(), "{}", provider.slug);
            for attribute in provider.attributes {
                assert_eq!(name_fault(attribute.name), None);
                assert!(!attribute.paths.is_empty(), "{}", attribute.name);
                for path in attribute.paths {
                    assert!(parse_path(path).is_ok(), "{} of {}: {path}", attribute.name, provider.slug);
                }
            }
        }
    }

    /// What all contracts map by themselves, in one number (FNV-1a).
    fn digest() -> u64 {
        let strict = PROVIDERS.iter().copied().filter_map(crate::strict);
        let all: Vec<_> = PROVIDERS
            .iter()
            .copied()
            .chain(strict)
            .map(|provider| (provider.slug, provider.attributes))
            .collect();
        format!("{all:?}").bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }

    #[test]
    fn what_contracts_map_changes_only_with_its_version() {
        // Another digest: raise `STANDARD_VERSION` by one, so that users who are there are made anew, and write both here.
        assert_eq!((STANDARD_VERSION, format!("{:016x}", digest())), (1, "7b87bccbefd66176".to_owned()));
    }

    #[test]
    fn no_contract_lacks_what_the_standard_names() {
        let common: BTreeSet<&str> = super::STANDARD.iter().map(|attribute| attribute.name).collect();
        for provider in PROVIDERS {
            let names: BTreeSet<&str> = provider.attributes.iter().map(|attribute| attribute.name).collect();
            assert!(common.is_subset(&names), "{} lacks some", provider.slug);
        }
    }

    #[test]
    fn what_is_known_to_stand_elsewhere_is_read_there() {
        let read = |slug: &str, user: serde_json::Value| {
            let provider = crate::by_slug(slug).unwrap();
            let attributes = Attributes::of(provider.attributes, &DirectoryMapping::default());
            serde_json::Value::Object(attributes.project(user.as_object().unwrap()))
        };
        let slack = "urn:ietf:params:scim:schemas:extension:slack:profile:2.0:User";
        assert_eq!(
            read("authentik", json!({ slack: { "startDate": "2024-04-10T00:00:00+0000" } })),
            json!({ "employment_start_date": "2024-04-10T00:00:00.000Z" })
        );
        assert_eq!(
            read("onelogin", json!({ "name": { "formatted": "Ada King" } })),
            json!({ "display_name": "Ada King" })
        );
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        assert_eq!(
            read("okta", json!({ enterprise: { "manager": { "value": "boss@example.com" } } })),
            json!({ "manager_id": "boss@example.com", "manager_email": "boss@example.com" })
        );
        assert_eq!(
            read("okta", json!({ enterprise: { "manager": { "value": "00u1" } } })),
            json!({ "manager_id": "00u1" })
        );
    }
}
