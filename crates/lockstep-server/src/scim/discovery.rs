//! The discovery documents (RFC 7644 §4): the truth about this directory.

use axum::response::Response;
use http::request::Parts;
use http::{Method, StatusCode, header};
use lockstep_scim::discovery::{self, Cursors, Features};
use lockstep_scim::{Definition, Error};
use lockstep_store::Store;

use super::endpoint::Document;
use super::{Asked, answer, base_url, below_directory, directory_of};
use crate::auth::{self, ScimCaller};
use crate::limits::{CURSOR_TIMEOUT, SCIM_PAGE_DEFAULT};
use crate::problem::Problem;
use crate::state::AppState;

pub(super) fn answer<S: Store>(
    state: &AppState<S>,
    caller: &ScimCaller,
    document: &Document,
    asked: &Asked,
) -> Result<Response, Problem> {
    // RFC 7644 §4: a filter here is 403; the other parameters are ignored (ambiguity 42).
    if asked.parameter("filter")?.is_some() {
        return Err(Error::forbidden("discovery documents cannot be filtered").into());
    }
    let base = base_url(state, caller);
    let types = [&caller.terms.user, &caller.terms.group];
    let is_interop = caller.terms.rules.keep_interop_profile();
    let mut definitions: Vec<Definition> = types.into_iter().cloned().collect();
    if is_interop {
        definitions.iter_mut().for_each(Definition::suggest_types);
    }
    let body = match document {
        Document::ServiceProviderConfig => service_provider_config(state, &base, caller.provider.slug, is_interop),
        Document::ResourceTypes => discovery::resource_types(&definitions, &base),
        Document::ResourceType(name) => {
            let definition = definitions
                .iter()
                .find(|definition| definition.name.eq_ignore_ascii_case(name))
                .ok_or_else(|| Error::not_found("there is no such resource type in this directory"))?;
            discovery::resource_type(definition, &base)
        }
        Document::Schemas => discovery::schemas(&definitions, &base),
        Document::Schema(urn) => discovery::schema(&definitions, urn, &base)
            .ok_or_else(|| {
                Error::not_found(
                    "there is no such schema in this directory; a schema is named by its URN, and /Schemas lists them",
                )
            })?,
    };
    Ok(answer::message(StatusCode::OK, &body))
}

/// RFC 7643 §5: how to authenticate is told to whoever cannot yet. Whether there is such a directory is not; and a
/// credential that is sent is checked like any other.
pub(super) fn without_credential<S: Store>(state: &AppState<S>, parts: &Parts) -> Option<Response> {
    let path = parts.uri.path();
    let asks = matches!(parts.method, Method::GET | Method::HEAD)
        && !parts.headers.contains_key(header::AUTHORIZATION)
        && below_directory(path).is_ok_and(|below| below == "/ServiceProviderConfig");
    let directory = auth::directory_named(&directory_of(path)).filter(|_| asks)?;
    let base = format!("{}/scim/v2/{directory}", state.public_url);
    Some(answer::message(StatusCode::OK, &service_provider_config(state, &base, "", false)))
}

/// `contract` is the short name of the directory's, of which there is a page; empty where it is not told.
fn service_provider_config<S: Store>(
    state: &AppState<S>,
    base: &str,
    contract: &str,
    interop_profile: bool,
) -> serde_json::Value {
    let cursors = Cursors { default_page_size: SCIM_PAGE_DEFAULT, timeout_seconds: CURSOR_TIMEOUT.as_secs() };
    let features =
        Features { cursors: Some(cursors), client_credentials: true, interop_profile, ..Features::default() };
    let page = format!("{}/idp/{contract}", state.public_url);
    discovery::service_provider_config(base, Some(page.trim_end_matches('/')), &state.limits, &features)
}
