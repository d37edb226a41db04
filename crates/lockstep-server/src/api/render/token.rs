//! A bearer token of a directory, without what nobody but its IdP may know.

use lockstep_core::id::DirectoryId;
use lockstep_core::model::Token;
use lockstep_core::scope::Scope;
use serde_json::{Value, json};

/// A token, as it is published.
pub(crate) fn token(directory: DirectoryId, token: &Token) -> Value {
    json!({
        "object": "directory_token",
        "id": token.id.to_string(),
        "directory_id": directory.to_string(),
        "name": token.name,
        "scopes": token.scopes.iter().map(Scope::as_str).collect::<Vec<_>>(),
        "created_at": token.created_at.to_string(),
        "expires_at": token.expires_at.map(|time| time.to_string()),
        "last_used_at": token.last_used_at.map(|time| time.to_string()),
    })
}
