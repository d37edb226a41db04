//! Directory groups: those an IdP has told of.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use lockstep_core::id::GroupId;
use lockstep_core::model::Directory;
use lockstep_core::query::{Kind, Lookup};
use lockstep_store::Store;

use super::paging::{self, Paging};
use super::query::Query;
use super::render;
use crate::auth::ApiCaller;
use crate::openapi::{Operation, Tag, text};
use crate::path::Path;
use crate::problem::Problem;
use crate::state::{AppState, conform};

/// How [`list`] is described.
pub(crate) const LIST: Operation =
    Operation::new("list_directory_groups", Tag::Groups, "List the groups of a directory or of a user")
        .about("`directory` or `user` must be there: 422 otherwise.")
        .parameters(&[
            text("directory", "Those of this directory."),
            text("user", "Those that this user is in."),
        ])
        .list::<render::DirectoryGroup>("A part of the groups.")
        .errors(&[404]);

/// `GET /directory_groups`: of a directory, or of a user.
pub(crate) async fn list<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    query: Query,
) -> Result<Response, Problem> {
    let (directory, lookup) = candidates(&state, &caller, &query).await?;
    let number = directory.id.directory;
    let cursor = |text: &str| GroupId::parse(text).filter(|id| id.directory == number).map(|id| id.local);
    let paging = Paging::read(&query, cursor)?;
    let mut found = state.store.groups(number, lookup, paging.page.clone(), false).await?;
    let terms = state.following(&directory).await?;
    for view in &mut found {
        conform(terms.as_deref(), Kind::Group, &mut view.group.doc);
    }
    let cursors =
        paging.cut(&mut found, |view| GroupId { directory: number, local: view.group.id }.to_string());
    Ok(paging::list(found.iter().map(|view| render::group(&directory, &view.group)), cursors))
}

/// How [`read`] is described.
pub(crate) const READ: Operation = Operation::new("get_directory_group", Tag::Groups, "Read a group")
    .answers::<render::DirectoryGroup>(200, "The group.")
    .errors(&[404]);

/// `GET /directory_groups/{id}`.
pub(crate) async fn read<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (directory, mut view) = caller.group(&state, &id).await?;
    let terms = state.following(&directory).await?;
    conform(terms.as_deref(), Kind::Group, &mut view.group.doc);
    Ok(Json(render::group(&directory, &view.group)).into_response())
}

/// Whose groups are asked for. A user and a directory that do not belong together have none in common.
async fn candidates<S: Store>(
    state: &AppState<S>,
    caller: &ApiCaller,
    query: &Query,
) -> Result<(Directory, Lookup), Problem> {
    let named = match query.one("directory")? {
        None => None,
        Some(id) => Some(caller.directory(state, id).await?.0),
    };
    let Some(user) = query.one("user")? else {
        let missing = || {
            let message = "`directory` or `user` is required: say whose groups";
            Problem::invalid_field("directory", "required", message)
        };
        return Ok((named.ok_or_else(missing)?, Lookup::All));
    };
    let (directory, user) = caller.user(state, user).await?;
    if named.as_ref().is_some_and(|named| named.id != directory.id) {
        return Err(Problem::not_found("directory user"));
    }
    Ok((directory, Lookup::GroupsOf(user.user.id)))
}
