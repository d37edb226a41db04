//! Every address of the server, on one screen.

use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post, put};
use axum::{Extension, Router};
use lockstep_store::Store;

use crate::api::{
    api_keys, attributes, directories, events, groups, health, mappings, oauth_clients, organization_domains,
    organizations, requests, schemas, tokens, users,
};
use crate::oauth::{metadata, token};
use crate::once::once;
use crate::openapi::{Operation, reference};
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
    /// What it does, as it is described.
    pub operation: &'static Operation,
    handler: MethodRouter<AppState<S>>,
}

impl<S: Store> Route<S> {
    /// Whether an `Idempotency-Key` makes it safe to send it again.
    #[must_use]
    pub fn may_come_again(&self) -> bool {
        self.method == "POST" && self.access == Access::ApiKey
    }
}

/// The routes of the application's API. Below `/scim` the table is `scim/endpoint.rs`: what a request asks there is
/// known only after its contract's repairs.
pub fn table<S: Store>() -> Vec<Route<S>> {
    use Access::{ApiKey, OAuthClient, Open};
    let route = |method, path, access, operation, handler| Route { method, path, access, operation, handler };
    vec![
        route("GET", "/health/live", Open, &health::LIVE, get(health::live)),
        route("GET", "/health/ready", Open, &health::READY, get(health::ready::<S>)),
        route(
            "GET",
            "/.well-known/oauth-authorization-server",
            Open,
            &metadata::READ,
            get(metadata::read::<S>),
        ),
        route("GET", "/openapi.json", Open, &reference::DOCUMENT, get(reference::document::<S>)),
        route("GET", "/reference", Open, &reference::REFERENCE, get(reference::read::<S>)),
        route("GET", "/idp", Open, &pages::INDEX, get(pages::index)),
        route("GET", "/idp/style.css", Open, &pages::STYLE_SHEET, get(pages::style)),
        route("GET", "/idp/{slug}", Open, &pages::READ, get(pages::read)),
        route("POST", "/oauth2/token", OAuthClient, &token::ISSUE, post(token::issue::<S>)),
        route("GET", "/organizations", ApiKey, &organizations::LIST, get(organizations::list::<S>)),
        route("POST", "/organizations", ApiKey, &organizations::CREATE, post(organizations::create::<S>)),
        route("GET", "/organizations/{id}", ApiKey, &organizations::READ, get(organizations::read::<S>)),
        route("PUT", "/organizations/{id}", ApiKey, &organizations::UPDATE, put(organizations::update::<S>)),
        route(
            "GET",
            "/organizations/external_id/{id}",
            ApiKey,
            &organizations::READ_BY_EXTERNAL_ID,
            get(organizations::read_by_external_id::<S>),
        ),
        route(
            "DELETE",
            "/organizations/{id}",
            ApiKey,
            &organizations::REMOVE,
            delete(organizations::remove::<S>),
        ),
        route(
            "POST",
            "/organization_domains",
            ApiKey,
            &organization_domains::CREATE,
            post(organization_domains::create::<S>),
        ),
        route(
            "GET",
            "/organization_domains/{id}",
            ApiKey,
            &organization_domains::READ,
            get(organization_domains::read::<S>),
        ),
        route(
            "DELETE",
            "/organization_domains/{id}",
            ApiKey,
            &organization_domains::REMOVE,
            delete(organization_domains::remove::<S>),
        ),
        route(
            "POST",
            "/organization_domains/{id}/verify",
            ApiKey,
            &organization_domains::VERIFY,
            post(organization_domains::verify::<S>),
        ),
        route("GET", "/api_keys", ApiKey, &api_keys::LIST, get(api_keys::list::<S>)),
        route("POST", "/api_keys", ApiKey, &api_keys::CREATE, post(api_keys::create::<S>)),
        route("GET", "/api_keys/{id}", ApiKey, &api_keys::READ, get(api_keys::read::<S>)),
        route("DELETE", "/api_keys/{id}", ApiKey, &api_keys::REMOVE, delete(api_keys::remove::<S>)),
        route("POST", "/api_keys/{id}/rotate", ApiKey, &api_keys::ROTATE, post(api_keys::rotate::<S>)),
        route("GET", "/directories", ApiKey, &directories::LIST, get(directories::list::<S>)),
        route("POST", "/directories", ApiKey, &directories::CREATE, post(directories::create::<S>)),
        route("GET", "/directories/{id}", ApiKey, &directories::READ, get(directories::read::<S>)),
        route("PUT", "/directories/{id}", ApiKey, &directories::UPDATE, put(directories::update::<S>)),
        route("DELETE", "/directories/{id}", ApiKey, &directories::REMOVE, delete(directories::remove::<S>)),
        route("POST", "/directories/{id}/sync", ApiKey, &directories::SYNC, post(directories::sync::<S>)),
        route("GET", "/directories/{id}/tokens", ApiKey, &tokens::LIST, get(tokens::list::<S>)),
        route("POST", "/directories/{id}/tokens", ApiKey, &tokens::CREATE, post(tokens::create::<S>)),
        route(
            "POST",
            "/directories/{id}/tokens/{token_id}/rotate",
            ApiKey,
            &tokens::ROTATE,
            post(tokens::rotate::<S>),
        ),
        route(
            "DELETE",
            "/directories/{id}/tokens/{token_id}",
            ApiKey,
            &tokens::REMOVE,
            delete(tokens::remove::<S>),
        ),
        route(
            "GET",
            "/directories/{id}/oauth_clients",
            ApiKey,
            &oauth_clients::LIST,
            get(oauth_clients::list::<S>),
        ),
        route(
            "POST",
            "/directories/{id}/oauth_clients",
            ApiKey,
            &oauth_clients::CREATE,
            post(oauth_clients::create::<S>),
        ),
        route(
            "GET",
            "/directories/{id}/oauth_clients/{client_id}",
            ApiKey,
            &oauth_clients::READ,
            get(oauth_clients::read::<S>),
        ),
        route(
            "DELETE",
            "/directories/{id}/oauth_clients/{client_id}",
            ApiKey,
            &oauth_clients::REMOVE,
            delete(oauth_clients::remove::<S>),
        ),
        route("GET", "/directories/{id}/requests", ApiKey, &requests::LIST, get(requests::list::<S>)),
        route(
            "GET",
            "/directories/{id}/requests/{request_id}",
            ApiKey,
            &requests::READ,
            get(requests::read::<S>),
        ),
        route("GET", "/directories/{id}/schemas", ApiKey, &schemas::LIST, get(schemas::list::<S>)),
        route("POST", "/directories/{id}/schemas", ApiKey, &schemas::CREATE, post(schemas::create::<S>)),
        route("GET", "/directories/{id}/schemas/{urn}", ApiKey, &schemas::READ, get(schemas::read::<S>)),
        route("PUT", "/directories/{id}/schemas/{urn}", ApiKey, &schemas::UPDATE, put(schemas::update::<S>)),
        route(
            "DELETE",
            "/directories/{id}/schemas/{urn}",
            ApiKey,
            &schemas::REMOVE,
            delete(schemas::remove::<S>),
        ),
        route(
            "GET",
            "/directories/{id}/attributes_seen",
            ApiKey,
            &attributes::SEEN,
            get(attributes::seen::<S>),
        ),
        route(
            "GET",
            "/directories/{id}/attributes_left_out",
            ApiKey,
            &attributes::LEFT_OUT,
            get(attributes::left_out::<S>),
        ),
        route(
            "GET",
            "/organizations/{id}/attribute_mapping",
            ApiKey,
            &mappings::READ_OF_ORGANIZATION,
            get(mappings::read_of_organization::<S>),
        ),
        route(
            "GET",
            "/directories/{id}/attribute_mapping",
            ApiKey,
            &mappings::READ,
            get(mappings::read::<S>),
        ),
        route(
            "PUT",
            "/directories/{id}/attribute_mapping",
            ApiKey,
            &mappings::UPDATE,
            put(mappings::update::<S>),
        ),
        route(
            "PUT",
            "/organizations/{id}/attribute_mapping",
            ApiKey,
            &mappings::UPDATE_OF_ORGANIZATION,
            put(mappings::update_of_organization::<S>),
        ),
        route(
            "GET",
            "/directories/{id}/role_mapping",
            ApiKey,
            &mappings::READ_ROLES,
            get(mappings::read_roles::<S>),
        ),
        route(
            "PUT",
            "/directories/{id}/role_mapping",
            ApiKey,
            &mappings::UPDATE_ROLES,
            put(mappings::update_roles::<S>),
        ),
        route(
            "POST",
            "/directories/{id}/attribute_mapping/preview",
            ApiKey,
            &mappings::PREVIEW_ATTRIBUTES,
            post(mappings::preview_attributes::<S>),
        ),
        route(
            "POST",
            "/directories/{id}/role_mapping/preview",
            ApiKey,
            &mappings::PREVIEW_ROLES,
            post(mappings::preview_roles::<S>),
        ),
        route("GET", "/directory_users", ApiKey, &users::LIST, get(users::list::<S>)),
        route("GET", "/directory_users/{id}", ApiKey, &users::READ, get(users::read::<S>)),
        route("GET", "/directory_groups", ApiKey, &groups::LIST, get(groups::list::<S>)),
        route("GET", "/directory_groups/{id}", ApiKey, &groups::READ, get(groups::read::<S>)),
        route("GET", "/events", ApiKey, &events::LIST, get(events::list::<S>)),
    ]
}

/// The server: every route, and what wraps them all.
pub fn app<S: Store>(state: AppState<S>) -> Router {
    let api = table::<S>().into_iter().fold(Router::new(), |router, route| {
        // By it whoever calls is held to the parameters that are described.
        let may_come_again = route.may_come_again();
        let handler = route.handler.layer(Extension(route.operation));
        let handler = if may_come_again {
            handler.layer(from_fn_with_state(state.clone(), once::<S>))
        } else {
            handler
        };
        router.route(route.path, handler)
    });
    api.merge(crate::scim::routes())
        .fallback(async || Problem::no_route())
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .layer(from_fn_with_state(state.clone(), observe::<S>))
        .with_state(state)
}
