//! When a directory takes another contract without being told to.

use super::*;
use crate::id::{DirectoryId, DirectoryNumber, LocalId, OrganizationId};
use crate::model::DirectoryState;
use crate::settings::Settings;

const MADE: Timestamp = Timestamp(1_000_000_000);
const MINUTE: i64 = 60_000_000;

fn directory() -> Directory {
    Directory {
        id: DirectoryId { directory: DirectoryNumber(1), local: LocalId(1) },
        organization: OrganizationId(1),
        name: "Staff".into(),
        directory_type: "generic scim v2.0".into(),
        contract: "generic".into(),
        recognition: Recognition::default(),
        state: DirectoryState::Linked,
        settings: Settings::default(),
        credential_header: crate::credential_header::CredentialHeader::default(),
        terms_version: 0,
        sweep: None,
        maps_roles: false,
        standard_version: 0,
        created_at: MADE,
        updated_at: MADE,
    }
}

fn recognized(slug: &str, certain: bool) -> Recognized {
    Recognized {
        contract: Contract { slug: slug.into(), directory_type: format!("{slug} scim v2.0") },
        certain,
        signs: vec!["a sign".into()],
        may_switch: true,
    }
}

#[test]
fn another_contract_is_taken_only_where_that_hurts_nobody() {
    let peopled = Head { users_active: 1, ..Head::default() };
    let soon = Timestamp(MADE.0 + 9 * MINUTE);
    let later = Timestamp(MADE.0 + 11 * MINUTE);
    for (what, head, now, certain, may_switch, switches) in [
        ("certain, empty, old", Head::default(), later, true, true, true),
        ("certain, with people, new", peopled.clone(), soon, true, true, true),
        ("certain, with people, old", peopled, later, true, true, false),
        ("uncertain", Head::default(), soon, false, true, false),
        ("a contract that somebody wanted", Head::default(), soon, true, false, false),
    ] {
        let mut directory = directory();
        directory.recognize(&head, &Recognized { may_switch, ..recognized("okta", certain) }, now);
        let taken = directory.contract == "okta";
        assert_eq!(taken, switches, "{what}");
        assert_eq!(directory.terms_version, u64::from(switches), "{what}");
        assert_eq!(directory.recognition.suggestion.is_some(), !switches, "{what}");
    }
}

#[test]
fn a_contract_changes_by_itself_once() {
    let mut directory = directory();
    directory.recognize(&Head::default(), &recognized("okta", true), MADE);
    directory.recognize(&Head::default(), &recognized("entra", true), MADE);
    assert_eq!(directory.contract, "okta");
    assert_eq!(directory.recognition.chosen_by, ChosenBy::Detection);
    assert_eq!(directory.recognition.suggestion.as_ref().unwrap().contract, "entra");
}

#[test]
fn what_is_known_is_not_noted_again_unless_it_became_certain() {
    let mut directory = directory();
    let peopled = Head { groups: 1, ..Head::default() };
    let later = Timestamp(MADE.0 + 11 * MINUTE);
    directory.recognize(&peopled, &recognized("okta", false), later);
    let first = directory.clone();
    directory.recognize(&peopled, &recognized("okta", false), Timestamp(later.0 + 1));
    assert_eq!(directory, first);
    directory.recognize(&peopled, &recognized("okta", true), Timestamp(later.0 + 2));
    assert!(directory.recognition.suggestion.unwrap().certain);
}
