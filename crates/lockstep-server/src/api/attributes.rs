//! What of the users of a directory arrives, and what is left out of them: for whoever maps attributes.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use lockstep_core::id::UserId;
use lockstep_core::mapping::{LeftOut, Seen};
use lockstep_core::model::Directory;
use lockstep_core::query::{Kind, Lookup};
use lockstep_store::{Order, Page, Store, UserView};
use serde_json::json;

use super::query::Query;
use super::render::mapping::{self as render, WalkedUsers};
use crate::auth::ApiCaller;
use crate::limits::{CANDIDATES_LIMIT, EXAMINED_BYTES_LIMIT, EXAMINED_DEFAULT, EXAMINED_LIMIT};
use crate::openapi::{Operation, Parameter, Schema, Tag, number, text};
use crate::path::Path;
use crate::problem::Problem;
use crate::state::{AppState, conform};

/// How many users to look at.
pub(super) const EXAMINED: Parameter = number(
    "limit",
    "How many users to look at, at most.",
    |_| json!({ "type": "integer", "minimum": 1, "maximum": EXAMINED_LIMIT, "default": EXAMINED_DEFAULT }),
);

/// Where a walk goes on.
pub(super) const AFTER: Parameter =
    text("after", "The part that begins behind the user with this id: `list_metadata.after`.");

/// What stands beside the users of a walk.
pub(super) const WALKED: &[(&str, Schema)] = &[
    ("examined", |_| json!({ "type": "integer", "description": "How many users this part looked at." })),
    ("found", |_| json!({ "type": "integer", "description": "How many of them have something to tell." })),
    ("total", |_| json!({ "type": "integer", "description": "How many users the directory has." })),
];

/// How [`seen`] is described.
pub(crate) const SEEN: Operation =
    Operation::new("list_attributes_seen", Tag::Mapping, "List what arrives of the users of a directory")
        .about("Each path at which the newest users have something, as a mapping names it.")
        .parameters(&[EXAMINED])
        .answers::<render::SeenAttributes>(200, "The paths.")
        .errors(&[404]);

/// `GET /directories/{id}/attributes_seen`: each path at which the newest users have something.
pub(crate) async fn seen<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response, Problem> {
    let mut left = limit(&query)?;
    let (directory, head) = caller.directory(&state, &id).await?;
    let (_, terms) = state.contract_of(&directory).await?;
    let following = state.following(&directory).await?;
    let (mut seen, mut after) = (Seen::default(), None);
    while left > 0 {
        let limit = left.min(CANDIDATES_LIMIT);
        let page = Page { after, before: None, order: Order::Descending, limit };
        let found = state.store.users(directory.id.directory, Lookup::All, page).await?;
        for mut view in found.iter().cloned() {
            conform(following.as_deref(), Kind::User, &mut view.user.doc);
            seen.add(&view.user.doc);
        }
        after = found.last().map(|view| view.user.id);
        left -= found.len();
        if found.len() < limit {
            break;
        }
    }
    let total = head.users_active + head.users_inactive;
    Ok(Json(render::seen(&seen, &terms.attributes, total)).into_response())
}

/// How [`left_out`] is described.
pub(crate) const LEFT_OUT: Operation =
    Operation::new("list_attributes_left_out", Tag::Mapping, "List the users of whom an attribute is left out")
        .about("Those who lack an attribute that is required, or who have something that does not fit; the oldest first.")
        .parameters(&[EXAMINED, AFTER, text("name", "Of this attribute alone.")])
        .all::<render::IncompleteUser>("A part of the users.", WALKED)
        .errors(&[404]);

/// `GET /directories/{id}/attributes_left_out`: the users that lack an attribute which is required, or who have something
/// that does not fit; of one attribute where `name` says which.
pub(crate) async fn left_out<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response, Problem> {
    let name = query.one("name")?;
    let (directory, head) = caller.directory(&state, &id).await?;
    let (_, terms) = state.contract_of(&directory).await?;
    if let Some(name) = name.filter(|name| terms.attributes.iter().all(|known| known.name != **name)) {
        let known: Vec<&str> = terms.attributes.iter().map(|known| known.name.as_str()).collect();
        let name: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
        let message = format!("`{name}` is no attribute of this directory; there are: {}", known.join(", "));
        return Err(Problem::invalid_field("name", "unknown_attribute", message));
    }
    let total = head.users_active + head.users_inactive;
    let examined = examine(&state, &directory, &query, total, |id, view| {
        let mut left_out = terms.attributes.read(&view.user.doc).left_out;
        left_out.retain(|one: &LeftOut| name.is_none_or(|name| one.name == name));
        (!left_out.is_empty()).then(|| render::incomplete_user(id, &view.user.doc, &left_out))
    })
    .await?;
    Ok(Json(examined).into_response())
}

/// Walks over a part of the users of a directory, the oldest first, from where `after` says, and tells of those of whom
/// there is something to tell. It looks at as many as `limit` says, or at fewer where there is much to tell.
pub(super) async fn examine<S: Store, T: serde::Serialize>(
    state: &AppState<S>,
    directory: &Directory,
    query: &Query,
    total: u64,
    mut tell: impl FnMut(UserId, &UserView) -> Option<T>,
) -> Result<WalkedUsers<T>, Problem> {
    let number = directory.id.directory;
    let wanted = limit(query)?;
    let after = query.one("after")?.map(|text| {
        let id = UserId::parse(text).filter(|id| id.directory == number);
        id.map(|id| id.local).ok_or_else(|| {
            let message = "`after` is not the id of a user of this directory; leave it out to begin again";
            Problem::invalid_field("after", "invalid_cursor", message)
        })
    });
    let after = after.transpose()?;
    let following = state.following(directory).await?;
    let (mut told, mut bytes, mut examined, mut last) = (Vec::new(), 0_usize, 0_usize, after);
    loop {
        // One more than is wanted tells whether there are more.
        let limit = (wanted - examined + 1).min(CANDIDATES_LIMIT);
        let page = Page { after: last, before: None, order: Order::Ascending, limit };
        let found = state.store.users(number, Lookup::All, page).await?;
        let is_end = found.len() < limit;
        for mut view in found {
            if examined == wanted || bytes > EXAMINED_BYTES_LIMIT {
                let after = last.map(|local| UserId { directory: number, local }.to_string());
                return Ok(render::examined(told, examined, after, total));
            }
            conform(following.as_deref(), Kind::User, &mut view.user.doc);
            let id = UserId { directory: number, local: view.user.id };
            if let Some(one) = tell(id, &view) {
                bytes += serde_json::to_vec(&one).map_or(0, |text| text.len());
                told.push(one);
            }
            examined += 1;
            last = Some(view.user.id);
        }
        if is_end {
            return Ok(render::examined(told, examined, None, total));
        }
    }
}

/// How many users are to be examined.
fn limit(query: &Query) -> Result<usize, Problem> {
    let Some(text) = query.one("limit")? else { return Ok(EXAMINED_DEFAULT) };
    text.parse().ok().filter(|limit| (1..=EXAMINED_LIMIT).contains(limit)).ok_or_else(|| {
        let message = format!("`limit` must be a whole number from 1 to {EXAMINED_LIMIT}");
        Problem::invalid_field("limit", "invalid_limit", message)
    })
}
