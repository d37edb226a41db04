//! What this authorization server can (RFC 8414): enough for a client that knows only the issuer.

use axum::Json;
use axum::extract::State;
use lockstep_core::scope::Scope;
use lockstep_store::Store;
use serde_json::{Value, json};

use super::jwk::Algorithm;
use super::token::{SCIM_SCOPE, token_endpoint};
use crate::state::AppState;

/// How clients prove who they are, by the names that are registered for that (RFC 7591 §2).
pub(crate) const AUTHENTICATION_METHODS: [&str; 2] = ["client_secret_basic", "private_key_jwt"];

/// `GET /.well-known/oauth-authorization-server`.
pub(crate) async fn read<S: Store>(State(state): State<AppState<S>>) -> Json<Value> {
    let scopes: Vec<&str> =
        std::iter::once(SCIM_SCOPE).chain(Scope::ALL.into_iter().map(Scope::as_str)).collect();
    let algorithms: Vec<&str> = Algorithm::ALL.into_iter().map(Algorithm::as_str).collect();
    Json(json!({
        "issuer": state.public_url,
        "token_endpoint": token_endpoint(&state),
        "grant_types_supported": ["client_credentials"],
        // Required, and there is none: no grant here has a response of the authorization endpoint.
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": AUTHENTICATION_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "scopes_supported": scopes,
    }))
}
