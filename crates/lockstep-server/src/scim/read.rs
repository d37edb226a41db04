//! GET of one resource (RFC 7644 §3.4.1).

use axum::response::Response;
use http::StatusCode;
use lockstep_core::query::Kind;
use lockstep_core::version;
use lockstep_store::Store;
use serde_json::Value;

use super::preconditions::Reading;
use super::render::Renderer;
use super::{Asked, answer, base_url, definition, local_id, not_found, preconditions, projection};
use crate::auth::ScimCaller;
use crate::problem::Problem;
use crate::state::AppState;

pub(super) async fn answer<S: Store>(
    state: &AppState<S>,
    caller: &ScimCaller,
    kind: Kind,
    id: &str,
    asked: &Asked,
) -> Result<Response, Problem> {
    let local = local_id(caller, kind, id)?;
    let definition = definition(caller, kind);
    let shown = projection(state, asked, definition)?;
    let base_url = base_url(state, caller);
    let renderer = Renderer { base_url: &base_url, directory: caller.directory, terms: &caller.terms };
    let (resource, tag) = match kind {
        Kind::User => {
            let view = state.store.user(caller.directory, local).await?.ok_or_else(|| not_found(kind, id))?;
            (renderer.user(&view.user, &view.groups), version::user(&view.user, &view.groups))
        }
        Kind::Group => {
            let members = shown.wants("members");
            let view = state.store.group(caller.directory, local, members).await?;
            let view = view.ok_or_else(|| not_found(kind, id))?;
            (renderer.group(&view.group, view.members.as_deref()), version::group(&view.group))
        }
    };
    match preconditions::of_read(&asked.headers, &tag) {
        Reading::Shown => {}
        Reading::HasItAlready => {
            return Ok(answer::with_version(answer::empty(StatusCode::NOT_MODIFIED), &tag));
        }
        Reading::IsAnother => {
            let detail =
                "the resource has another version than `If-Match` names; read it without that header";
            return Err(lockstep_scim::Error::precondition_failed(detail).into());
        }
    }
    let body = Value::Object(shown.apply(&resource, definition));
    Ok(answer::with_version(answer::message(StatusCode::OK, &body), &tag))
}
