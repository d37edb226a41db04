//! A directory. `external_key` is its id: nothing else names it to its IdP.

use lockstep_core::model::{Directory, Head};
use lockstep_core::recognition::Suggestion;
use lockstep_core::rules::Rules;
use lockstep_core::settings::Setting;
use lockstep_scim::Object;
use serde_json::{Value, json};

/// A directory, as it is published: `settings` holds what is effective, `settings_set` which of them are not left to
/// the contract.
pub(crate) fn directory(directory: &Directory, head: &Head, contract: &Rules) -> Value {
    let settings: Object = Setting::ALL
        .into_iter()
        .map(|setting| (setting.as_str().to_owned(), directory.settings.effective(setting, contract).into()))
        .collect();
    let set: Vec<&str> = directory.settings.iter().map(|(setting, _)| setting.as_str()).collect();
    json!({
        "object": "directory",
        "id": directory.id.to_string(),
        "organization_id": directory.organization.to_string(),
        "external_key": directory.id.to_string(),
        "type": directory.directory_type,
        "contract": directory.contract,
        "contract_chosen_by": directory.recognition.chosen_by.as_str(),
        "suggested_contract": directory.recognition.suggestion.as_ref().map(suggestion),
        "state": directory.state.as_str(),
        "name": directory.name,
        "domain": null,
        "settings": settings,
        "settings_set": set,
        "credential_header": directory.credential_header.as_str(),
        "schema_changes_pending": directory.sweep.is_some(),
        "metadata": {
            "users": { "active": head.users_active, "inactive": head.users_inactive },
            "groups": head.groups,
        },
        "created_at": directory.created_at.to_string(),
        "updated_at": directory.updated_at.to_string(),
    })
}

/// Another contract that its traffic shows.
fn suggestion(suggestion: &Suggestion) -> Value {
    json!({
        "contract": suggestion.contract,
        "name": lockstep_idp::by_slug(&suggestion.contract).map(|provider| provider.name),
        "certain": suggestion.certain,
        "signs": suggestion.signs,
        "seen_at": suggestion.at.to_string(),
    })
}
