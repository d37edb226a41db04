//! A bearer token of a directory, without what nobody but its IdP may know.

use lockstep_core::id::DirectoryId;
use lockstep_core::model::Token;
use lockstep_core::scope::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::vocabulary;

/// A bearer token, by which a directory's IdP is known.
#[derive(Serialize, ToSchema)]
pub(crate) struct DirectoryToken<'a> {
    /// Says what this is.
    #[schema(pattern = "^directory_token$")]
    object: &'static str,
    /// Its id.
    id: String,
    /// Whose it is.
    directory_id: String,
    /// What it is called.
    name: Option<&'a str>,
    /// What its holder may do.
    #[schema(value_type = Vec<vocabulary::Scope>)]
    scopes: Vec<&'static str>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// From when on it is refused; null: it has no end.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// When it was last used, to the minute; null: never.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// The token itself. It is answered this one time, when the token is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) bearer_token: Option<String>,
}

/// A token, as it is published.
pub(crate) fn token(directory: DirectoryId, token: &Token) -> DirectoryToken<'_> {
    DirectoryToken {
        object: "directory_token",
        id: token.id.to_string(),
        directory_id: directory.to_string(),
        name: token.name.as_deref(),
        scopes: token.scopes.iter().map(Scope::as_str).collect(),
        created_at: token.created_at.to_string(),
        expires_at: token.expires_at.map(|time| time.to_string()),
        last_used_at: token.last_used_at.map(|time| time.to_string()),
        bearer_token: None,
    }
}
