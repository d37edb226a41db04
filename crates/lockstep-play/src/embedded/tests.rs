//! Every contract is one of an IdP, can be read, and says what its IdP's quirks say of it.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_contract_can_be_read() {
    for (idp, file, text) in files() {
        let contract = parse(file, text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(contract.idp, idp, "{file}");
        let provider = lockstep_idp::by_slug(idp).unwrap_or_else(|| panic!("{file}: no IdP is called {idp}"));
        // A profile is no IdP and has no quirks: its files show its rules.
        assert!(!contract.quirks.is_empty() || lockstep_idp::is_profile(provider), "{file}");
    }
}

#[test]
fn quirks_and_contracts_name_each_other() {
    for provider in lockstep_idp::PROVIDERS {
        for quirk in provider.quirks {
            let file = format!("{}/{}", provider.slug, quirk.contract);
            let text = files().find(|(_, name, _)| *name == file).map(|(_, _, text)| text);
            let contract =
                parse(&file, text.unwrap_or_else(|| panic!("{}: no file {file}", quirk.id))).unwrap();
            assert!(contract.quirks.iter().any(|id| id == quirk.id), "{file} lacks {}", quirk.id);
            if let Some(repair) = quirk.repair() {
                let is_used =
                    contract.steps.iter().any(|step| step.expect.repairs.iter().any(|name| name == repair));
                assert!(is_used, "{file} never uses {repair}");
                assert!(provider.repairs.iter().any(|known| known.name == repair), "{}: {repair}", quirk.id);
            }
        }
        let known: BTreeSet<&str> = provider.quirks.iter().map(|quirk| quirk.id).collect();
        for contract in contracts(provider.slug).unwrap() {
            for id in &contract.quirks {
                assert!(
                    known.contains(id.as_str()),
                    "{}: {id} is no quirk of {}",
                    contract.file,
                    provider.slug
                );
            }
        }
        for repair in provider.repairs {
            let quirk = lockstep_idp::quirk_behind(provider, repair.name);
            assert!(quirk.is_some(), "{}: no quirk is behind {}", provider.slug, repair.name);
        }
    }
}

#[test]
fn the_stories_are_there() {
    assert_eq!(story("okta").len(), 6);
    assert_eq!(story("entra").len(), 6);
    assert!(story("generic").is_empty());
}
