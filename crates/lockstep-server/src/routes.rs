//! Every address of the server, on one screen.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post, put};
use lockstep_store::Store;

use crate::api::{
    attributes, directories, events, groups, health, mappings, oauth_clients, organizations, requests,
    schemas, tokens, users,
};
use crate::oauth::{metadata, token};
use crate::pages;
use crate::problem::Problem;
use crate::state::AppState;
use crate::telemetry::observe;

/// Who may ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Anybody.
    Open,
    /// Whoever has an API key.
    ApiKey,
    /// Whoever proves to be one of a directory's OAuth clients.
    OAuthClient,
}

/// One method at one address. `tests/it/authz.rs` has a case for each.
pub struct Route<S: Store> {
    /// The method.
    pub method: &'static str,
    /// The address, as the router writes it.
    pub path: &'static str,
    /// Who may ask.
    pub access: Access,
    handler: MethodRouter<AppState<S>>,
}

/// The routes of the application's API. Below `/scim` the table is `scim/endpoint.rs`: what a request asks there is
/// known only after its contract's repairs.
pub fn table<S: Store>() -> Vec<Route<S>> {
    use Access::{ApiKey, OAuthClient, Open};
    let route = |method, path, access, handler| Route { method, path, access, handler };
    vec![
        route("GET", "/health/live", Open, get(health::live)),
        route("GET", "/health/ready", Open, get(health::ready::<S>)),
        route("GET", "/.well-known/oauth-authorization-server", Open, get(metadata::read::<S>)),
        route("GET", "/idp", Open, get(pages::index)),
        route("GET", "/idp/style.css", Open, get(pages::style)),
        route("GET", "/idp/{slug}", Open, get(pages::read)),
        route("POST", "/oauth2/token", OAuthClient, post(token::issue::<S>)),
        route("GET", "/organizations", ApiKey, get(organizations::list::<S>)),
        route("POST", "/organizations", ApiKey, post(organizations::create::<S>)),
        route("GET", "/organizations/{id}", ApiKey, get(organizations::read::<S>)),
        route("PUT", "/organizations/{id}", ApiKey, put(organizations::update::<S>)),
        route("GET", "/organizations/external_id/{id}", ApiKey, get(organizations::read_by_external_id::<S>)),
        route("GET", "/directories", ApiKey, get(directories::list::<S>)),
        route("POST", "/directories", ApiKey, post(directories::create::<S>)),
        route("GET", "/directories/{id}", ApiKey, get(directories::read::<S>)),
        route("PUT", "/directories/{id}", ApiKey, put(directories::update::<S>)),
        route("DELETE", "/directories/{id}", ApiKey, delete(directories::remove::<S>)),
        route("GET", "/directories/{id}/tokens", ApiKey, get(tokens::list::<S>)),
        route("POST", "/directories/{id}/tokens", ApiKey, post(tokens::create::<S>)),
        route("DELETE", "/directories/{id}/tokens/{token_id}", ApiKey, delete(tokens::remove::<S>)),
        route("GET", "/directories/{id}/oauth_clients", ApiKey, get(oauth_clients::list::<S>)),
        route("POST", "/directories/{id}/oauth_clients", ApiKey, post(oauth_clients::create::<S>)),
        route("GET", "/directories/{id}/oauth_clients/{client_id}", ApiKey, get(oauth_clients::read::<S>)),
        route(
            "DELETE",
            "/directories/{id}/oauth_clients/{client_id}",
            ApiKey,
            delete(oauth_clients::remove::<S>),
        ),
        route("GET", "/directories/{id}/requests", ApiKey, get(requests::list::<S>)),
        route("GET", "/directories/{id}/requests/{request_id}", ApiKey, get(requests::read::<S>)),
        route("GET", "/directories/{id}/schemas", ApiKey, get(schemas::list::<S>)),
        route("POST", "/directories/{id}/schemas", ApiKey, post(schemas::create::<S>)),
        route("GET", "/directories/{id}/schemas/{urn}", ApiKey, get(schemas::read::<S>)),
        route("PUT", "/directories/{id}/schemas/{urn}", ApiKey, put(schemas::update::<S>)),
        route("DELETE", "/directories/{id}/schemas/{urn}", ApiKey, delete(schemas::remove::<S>)),
        route("GET", "/directories/{id}/attributes_seen", ApiKey, get(attributes::seen::<S>)),
        route("GET", "/directories/{id}/attributes_left_out", ApiKey, get(attributes::left_out::<S>)),
        route(
            "GET",
            "/organizations/{id}/attribute_mapping",
            ApiKey,
            get(mappings::read_of_organization::<S>),
        ),
        route("GET", "/directories/{id}/attribute_mapping", ApiKey, get(mappings::read::<S>)),
        route(
            "POST",
            "/directories/{id}/attribute_mapping/preview",
            ApiKey,
            post(mappings::preview_attributes::<S>),
        ),
        route("POST", "/directories/{id}/role_mapping/preview", ApiKey, post(mappings::preview_roles::<S>)),
        route("GET", "/directory_users", ApiKey, get(users::list::<S>)),
        route("GET", "/directory_users/{id}", ApiKey, get(users::read::<S>)),
        route("GET", "/directory_groups", ApiKey, get(groups::list::<S>)),
        route("GET", "/directory_groups/{id}", ApiKey, get(groups::read::<S>)),
        route("GET", "/events", ApiKey, get(events::list::<S>)),
    ]
}

/// The server: every route, and what wraps them all.
pub fn app<S: Store>(state: AppState<S>) -> Router {
    let api =
        table::<S>().into_iter().fold(Router::new(), |router, route| router.route(route.path, route.handler));
    api.merge(crate::scim::routes())
        .fallback(async || Problem::no_route())
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .layer(from_fn_with_state(state.clone(), observe::<S>))
        .with_state(state)
}
