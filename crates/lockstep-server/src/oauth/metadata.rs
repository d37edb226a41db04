//! What this authorization server can (RFC 8414): enough for a client that knows only the issuer.

use axum::Json;
use axum::extract::State;
use lockstep_core::scope::Scope;
use lockstep_store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use super::jwk::Algorithm;
use super::token::{SCIM_SCOPE, token_endpoint};
use crate::openapi::{Operation, Tag};
use crate::state::AppState;

/// How clients prove who they are, by the names that are registered for that (RFC 7591 §2).
pub(crate) const AUTHENTICATION_METHODS: [&str; 2] = ["client_secret_basic", "private_key_jwt"];

/// How [`read`] is described.
pub(crate) const READ: Operation =
    Operation::new("get_authorization_server", Tag::OAuth, "What this authorization server can (RFC 8414)")
        .answers::<AuthorizationServer>(200, "What it can.");

/// What an authorization server can.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuthorizationServer {
    /// Who it is.
    issuer: String,
    /// Where clients ask for tokens.
    token_endpoint: String,
    /// By what tokens are granted.
    grant_types_supported: [&'static str; 1],
    /// Required, and there is none: no grant here has a response of the authorization endpoint.
    response_types_supported: [&'static str; 0],
    /// How clients prove who they are.
    token_endpoint_auth_methods_supported: [&'static str; 2],
    /// By which algorithms clients may sign.
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    /// What a token may be good for.
    scopes_supported: Vec<&'static str>,
}

/// `GET /.well-known/oauth-authorization-server`.
pub(crate) async fn read<S: Store>(State(state): State<AppState<S>>) -> Json<AuthorizationServer> {
    let scopes: Vec<&str> =
        std::iter::once(SCIM_SCOPE).chain(Scope::ALL.into_iter().map(Scope::as_str)).collect();
    let algorithms: Vec<&str> = Algorithm::ALL.into_iter().map(Algorithm::as_str).collect();
    Json(AuthorizationServer {
        issuer: state.public_url.clone(),
        token_endpoint: token_endpoint(&state),
        grant_types_supported: ["client_credentials"],
        response_types_supported: [],
        token_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
        token_endpoint_auth_signing_alg_values_supported: algorithms,
        scopes_supported: scopes,
    })
}
