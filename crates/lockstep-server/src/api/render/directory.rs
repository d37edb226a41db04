//! A directory. `external_key` is its id: nothing else names it to its IdP.

use std::collections::BTreeMap;

use lockstep_core::model::{Directory as Kept, Head};
use lockstep_core::recognition::Suggestion;
use lockstep_core::rules::Rules;
use lockstep_core::settings::Setting;
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::vocabulary::{ChosenBy, Contract, DirectoryState, DirectoryType, SettingName, Settings};

/// One IdP's connection to one organization.
#[derive(Serialize, ToSchema)]
pub(crate) struct Directory<'a> {
    /// Says what this is.
    #[schema(pattern = "^directory$")]
    object: &'static str,
    /// Its id.
    id: String,
    /// Whose it is.
    organization_id: String,
    /// The same as `id`: nothing else names it to its IdP.
    external_key: String,
    /// Of which type it is.
    #[schema(value_type = DirectoryType)]
    r#type: &'a str,
    /// The contract to which its IdP is held: a page of `/idp`.
    #[schema(value_type = Contract)]
    contract: &'a str,
    /// Who chose the contract.
    #[schema(value_type = ChosenBy)]
    contract_chosen_by: &'static str,
    /// Another contract that its traffic shows, if any.
    suggested_contract: Option<SuggestedContract<'a>>,
    /// `linked`: it serves its IdP. `unlinked`: it is paused, and its IdP gets 403. `deleting`: it is gone.
    #[schema(value_type = DirectoryState)]
    state: &'static str,
    /// What it is called.
    name: &'a str,
    /// The first domain of its organization, if it has one.
    domain: Option<&'a str>,
    /// The settings that are effective, each switched on or off.
    #[schema(value_type = Settings)]
    settings: BTreeMap<&'static str, bool>,
    /// Which of the settings were set; the others are left to the contract.
    #[schema(value_type = Vec<SettingName>)]
    settings_set: Vec<&'static str>,
    /// The header in which its IdP sends the bearer token besides `Authorization`, in lower case; `authorization` where
    /// there is no other.
    credential_header: &'a str,
    /// Whether resources are still being fitted to changed schemas.
    schema_changes_pending: bool,
    /// Whether users are still being made what they are to be by changed mappings.
    mapping_changes_pending: bool,
    /// How many users and groups it has.
    metadata: DirectoryMetadata,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// Where its IdP sends its requests. In the answer to its making alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) scim_endpoint: Option<String>,
    /// By what its IdP is known. It is answered this one time, when the directory is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) bearer_token: Option<String>,
}

/// That a directory's provider is to be pulled from.
#[derive(Serialize, ToSchema)]
pub(crate) struct DirectorySync {
    /// Whether it is queued.
    #[schema(pattern = "^queued$")]
    status: &'static str,
}

/// Another contract that a directory's traffic shows.
#[derive(Serialize, ToSchema)]
pub(crate) struct SuggestedContract<'a> {
    /// The contract: a page of `/idp`.
    #[schema(value_type = Contract)]
    contract: &'a str,
    /// What the IdP is called; null where this version does not know the contract.
    name: Option<&'static str>,
    /// Whether there is no other way to read what was seen.
    certain: bool,
    /// What was seen, in words.
    signs: &'a [String],
    /// When it was seen.
    #[schema(format = DateTime)]
    seen_at: String,
}

/// How many users and groups a directory has.
#[derive(Serialize, ToSchema)]
pub(crate) struct DirectoryMetadata {
    /// Its users.
    users: DirectoryUserCounts,
    /// How many groups.
    groups: u64,
}

/// How many users a directory has.
#[derive(Serialize, ToSchema)]
pub(crate) struct DirectoryUserCounts {
    /// How many are active.
    active: u64,
    /// How many are not.
    inactive: u64,
}

/// A directory, as it is published: `settings` holds what is effective, `settings_set` which of them are not left to
/// the contract.
pub(crate) fn directory<'a>(
    directory: &'a Kept,
    head: &Head,
    contract: &Rules,
    domain: Option<&'a str>,
) -> Directory<'a> {
    let effective = |setting: Setting| (setting.as_str(), directory.settings.effective(setting, contract));
    Directory {
        object: "directory",
        id: directory.id.to_string(),
        organization_id: directory.organization.to_string(),
        external_key: directory.id.to_string(),
        r#type: &directory.directory_type,
        contract: &directory.contract,
        contract_chosen_by: directory.recognition.chosen_by.as_str(),
        suggested_contract: directory.recognition.suggestion.as_ref().map(suggestion),
        state: directory.state.as_str(),
        name: &directory.name,
        domain,
        settings: Setting::ALL.into_iter().map(effective).collect(),
        settings_set: directory.settings.iter().map(|(setting, _)| setting.as_str()).collect(),
        credential_header: directory.credential_header.as_str(),
        schema_changes_pending: directory.sweep.as_ref().is_some_and(|sweep| sweep.changes_resources()),
        mapping_changes_pending: directory.sweep.as_ref().is_some_and(|sweep| sweep.reproject),
        metadata: DirectoryMetadata {
            users: DirectoryUserCounts { active: head.users_active, inactive: head.users_inactive },
            groups: head.groups,
        },
        created_at: directory.created_at.to_string(),
        updated_at: directory.updated_at.to_string(),
        scim_endpoint: None,
        bearer_token: None,
    }
}

fn suggestion(suggestion: &Suggestion) -> SuggestedContract<'_> {
    SuggestedContract {
        contract: &suggestion.contract,
        name: lockstep_idp::by_slug(&suggestion.contract).map(|provider| provider.name),
        certain: suggestion.certain,
        signs: &suggestion.signs,
        seen_at: suggestion.at.to_string(),
    }
}
