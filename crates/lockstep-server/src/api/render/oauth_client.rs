//! An OAuth client of a directory. Its secret is not in it: nobody has it any more.

use lockstep_core::client::{OAuthClient, Proof};
use lockstep_core::id::DirectoryId;
use lockstep_core::scope::Scope;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::openapi::vocabulary;

/// An OAuth client, by which a directory's IdP is known where it does not hold a bearer token. Which fields it has depends
/// on how it proves who it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct DirectoryOAuthClient<'a> {
    /// Says what this is.
    #[schema(pattern = "^directory_oauth_client$")]
    object: &'static str,
    /// Its id.
    id: String,
    /// Whose it is.
    directory_id: String,
    /// What it is called.
    name: Option<&'a str>,
    /// How it proves who it is.
    #[schema(value_type = vocabulary::ClientAuthentication)]
    authentication: &'a str,
    /// What it may do.
    #[schema(value_type = Vec<vocabulary::Scope>)]
    scopes: Vec<&'static str>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// As what it asks for tokens: its id. Not of a client that trusts an issuer, which asks nothing of us.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// Where it asks for tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_endpoint: Option<&'a str>,
    /// Its secret, where it proves itself by one. It is answered this one time, when the client is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) client_secret: Option<String>,
    /// Its public keys, a JSON Web Key Set (RFC 7517 §5), where it signs assertions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    jwks: Option<Value>,
    /// Whose tokens are trusted: the tenant at the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tenant_id: Option<&'a str>,
    /// For whom those tokens must be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    audience: Option<&'a str>,
    /// Which application must have got them; null: whichever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[expect(clippy::option_option, reason = "left out, null or there: the wire knows all three")]
    application_id: Option<Option<&'a str>>,
}

/// An OAuth client. `token_endpoint` is where it asks for tokens, if it does.
pub(crate) fn oauth_client<'a>(
    directory: DirectoryId,
    client: &'a OAuthClient,
    token_endpoint: &'a str,
) -> DirectoryOAuthClient<'a> {
    let mut shown = DirectoryOAuthClient {
        object: "directory_oauth_client",
        id: client.id.to_string(),
        directory_id: directory.to_string(),
        name: client.name.as_deref(),
        authentication: "client_secret_basic",
        scopes: client.scopes.iter().map(Scope::as_str).collect(),
        created_at: client.created_at.to_string(),
        client_id: Some(client.id.to_string()),
        token_endpoint: Some(token_endpoint),
        client_secret: None,
        jwks: None,
        tenant_id: None,
        audience: None,
        application_id: None,
    };
    match &client.proof {
        Proof::Secret { .. } => {}
        Proof::Keys { jwks } => {
            shown.authentication = "private_key_jwt";
            shown.jwks = Some(serde_json::from_str(jwks).unwrap_or_default());
        }
        Proof::Issuer { issuer, tenant, audience, application } => {
            shown.authentication = issuer;
            (shown.client_id, shown.token_endpoint) = (None, None);
            (shown.tenant_id, shown.audience) = (Some(tenant.as_str()), Some(audience.as_str()));
            shown.application_id = Some(application.as_deref());
        }
    }
    shown
}
