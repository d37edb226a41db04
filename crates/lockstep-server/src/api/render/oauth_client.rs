//! An OAuth client of a directory. Its secret is not in it: nobody has it any more.

use lockstep_core::client::{OAuthClient, Proof};
use lockstep_core::id::DirectoryId;
use lockstep_core::scope::Scope;
use serde_json::{Value, json};

/// An OAuth client. `token_endpoint` is where it asks for tokens, if it does.
pub(crate) fn oauth_client(directory: DirectoryId, client: &OAuthClient, token_endpoint: &str) -> Value {
    let id = client.id.to_string();
    let mut shown = json!({
        "object": "directory_oauth_client",
        "id": id,
        "directory_id": directory.to_string(),
        "name": client.name,
        "scopes": client.scopes.iter().map(Scope::as_str).collect::<Vec<_>>(),
        "created_at": client.created_at.to_string(),
    });
    let Some(fields) = shown.as_object_mut() else { return shown };
    match &client.proof {
        Proof::Secret { .. } => {
            fields.insert("authentication".into(), "client_secret_basic".into());
        }
        Proof::Keys { jwks } => {
            fields.insert("authentication".into(), "private_key_jwt".into());
            fields.insert("jwks".into(), serde_json::from_str(jwks).unwrap_or_default());
        }
        Proof::Issuer { issuer, tenant, audience, application } => {
            fields.insert("authentication".into(), issuer.as_str().into());
            fields.insert("tenant_id".into(), tenant.as_str().into());
            fields.insert("audience".into(), audience.as_str().into());
            fields.insert("application_id".into(), application.as_deref().into());
        }
    }
    if !matches!(client.proof, Proof::Issuer { .. }) {
        fields.insert("client_id".into(), id.into());
        fields.insert("token_endpoint".into(), token_endpoint.into());
    }
    shown
}
