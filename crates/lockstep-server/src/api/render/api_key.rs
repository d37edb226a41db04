//! An API key, without what nobody but the application may know.

use lockstep_core::model::{ApiKey as Kept, Reach};
use serde::Serialize;
use utoipa::ToSchema;

/// An API key of this server, by which an application is known.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKey<'a> {
    /// Says what this is.
    #[schema(pattern = "^server_api_key$")]
    object: &'static str,
    /// Its id.
    id: String,
    /// What it is called.
    name: Option<&'a str>,
    /// As much of the key as may be shown.
    obfuscated_value: &'a str,
    /// The organizations to which it is limited; null: it reaches all.
    organization_ids: Option<Vec<String>>,
    /// Whether it changes nothing.
    read_only: bool,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// From when on it is refused; null: it has no end.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// When it was last used, to the minute; null: never.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// The key itself. It is answered this one time, when the key is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) value: Option<String>,
}

/// An API key, as it is published.
pub(crate) fn api_key(key: &Kept) -> ApiKey<'_> {
    ApiKey {
        object: "server_api_key",
        id: key.id.to_string(),
        name: key.name.as_deref(),
        obfuscated_value: &key.shown,
        organization_ids: match &key.reach {
            Reach::Everything => None,
            Reach::Organizations(list) => Some(list.iter().map(ToString::to_string).collect()),
        },
        read_only: key.read_only,
        created_at: key.created_at.to_string(),
        expires_at: key.expires_at.map(|time| time.to_string()),
        last_used_at: key.last_used_at.map(|time| time.to_string()),
        value: None,
    }
}
