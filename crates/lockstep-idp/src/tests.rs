//! The list of IdPs is complete and consistent.

use super::*;

#[test]
fn every_type_has_one_contract() {
    let mut types: Vec<_> = directory_types().collect();
    assert!(types.iter().all(|kind| for_type(kind).is_some()));
    types.sort_unstable();
    let count = types.len();
    types.dedup();
    assert_eq!(types.len(), count);
    assert_eq!(for_type("azure scim v2.0").map(|provider| provider.slug), Some("entra"));
    assert_eq!(for_type("hibob").map(|provider| provider.slug), Some("generic"));
    assert!(for_type("ldap").is_none());
}
