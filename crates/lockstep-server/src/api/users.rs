//! Directory users: who an IdP has told of.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use lockstep_core::id::{LocalId, UserId};
use lockstep_core::model::Directory;
use lockstep_core::query::{Kind, Lookup};
use lockstep_scim::text;
use lockstep_store::{GroupView, Page, ShownUsers, Store, UserView};
use serde_json::value::RawValue;

use super::paging::{self, Paging};
use super::query::Query;
use super::render::{self, DirectoryUser};
use crate::auth::ApiCaller;
use crate::limits::FILTER_ROWS_LIMIT;
use crate::openapi::{Operation, Tag, text};
use crate::path::Path;
use crate::problem::Problem;
use crate::state::{AppState, conform};

/// How [`list`] is described.
pub(crate) const LIST: Operation =
    Operation::new("list_directory_users", Tag::Users, "List the users of a directory or of a group")
        .about("`directory` or `group` must be there: 422 otherwise.")
        .parameters(&[
            text("directory", "Those of this directory."),
            text("group", "Those who are in this group."),
            text("idp_id", "The one whom the IdP knows by this id. Needs `directory`."),
            text("email", "Those with this e-mail address, in any letter case. Needs `directory`."),
        ])
        .list::<render::DirectoryUser>("A part of the users, each with the groups that it is in.")
        .errors(&[404]);

/// `GET /directory_users`: of a directory, or of a group.
pub(crate) async fn list<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    query: Query,
) -> Result<Response, Problem> {
    let (directory, lookup) = candidates(&state, &caller, &query).await?;
    let number = directory.id.directory;
    let cursor = |text: &str| UserId::parse(text).filter(|id| id.directory == number).map(|id| id.local);
    let paging = Paging::read(&query, cursor)?;
    let id = |local| UserId { directory: number, local }.to_string();
    let (idp_id, email) = (query.one("idp_id")?, query.one("email")?);
    if idp_id.is_some() || email.is_some() {
        if query.one("directory")?.is_none() {
            let message = "`idp_id` and `email` need `directory` besides";
            return Err(Problem::invalid_field("directory", "required", message));
        }
        let matching = matching(&state, &directory, &lookup, idp_id, email).await?;
        let mut found = paging.pick(matching, |view| view.user.id);
        let cursors = paging.cut(&mut found, |view| id(view.user.id));
        let groups = conformed(&state, &directory, &mut found).await?;
        return Ok(paging::list(found.iter().map(|view| with_groups(&directory, view, &groups)), cursors));
    }
    let page = paging.page.clone();
    let mut found = state.store.shown_users(number, lookup, page, render::ATTRIBUTES).await?;
    conform_shown(&state, &directory, &mut found).await?;
    let cursors = paging.cut(&mut found.users, |shown| id(shown.user.id));
    let groups = found.groups.iter().map(|(id, group)| Ok((*id, render::group_text(&directory, group)?)));
    let groups: Groups = groups.collect::<Result<_, Problem>>()?;
    let shown = found.users.iter().map(|shown| {
        let own = shown.groups.iter().filter_map(|id| groups.get(id)).map(AsRef::as_ref);
        render::user_shown(&directory, &shown.user, shown.written.as_ref(), own)
    });
    Ok(paging::list(shown, cursors))
}

/// How [`read`] is described.
pub(crate) const READ: Operation = Operation::new("get_directory_user", Tag::Users, "Read a user")
    .answers::<render::DirectoryUser>(200, "The user, with the groups that it is in.")
    .errors(&[404]);

/// `GET /directory_users/{id}`.
pub(crate) async fn read<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (directory, mut user) = caller.user(&state, &id).await?;
    let groups = conformed(&state, &directory, std::slice::from_mut(&mut user)).await?;
    Ok(Json(with_groups(&directory, &user, &groups)).into_response())
}

/// Whose users are asked for. A group and a directory that do not belong together have none in common.
async fn candidates<S: Store>(
    state: &AppState<S>,
    caller: &ApiCaller,
    query: &Query,
) -> Result<(Directory, Lookup), Problem> {
    let named = match query.one("directory")? {
        None => None,
        Some(id) => Some(caller.directory(state, id).await?.0),
    };
    let Some(group) = query.one("group")? else {
        let missing = || {
            let message = "`directory` or `group` is required: say whose users";
            Problem::invalid_field("directory", "required", message)
        };
        return Ok((named.ok_or_else(missing)?, Lookup::All));
    };
    let (directory, group) = caller.group(state, group).await?;
    if named.as_ref().is_some_and(|named| named.id != directory.id) {
        return Err(Problem::not_found("directory group"));
    }
    Ok((directory, Lookup::MembersOf(group.group.id)))
}

/// The users with this id of the IdP's and this e-mail address, as they are rendered.
async fn matching<S: Store>(
    state: &AppState<S>,
    directory: &Directory,
    within: &Lookup,
    idp_id: Option<&str>,
    email: Option<&str>,
) -> Result<Vec<UserView>, Problem> {
    // What the IdP gives no externalId is known by its userName, and one without e-mail by a userName that is one.
    let lookups = match (idp_id, email) {
        (Some(id), _) => [Lookup::ExternalId(id.to_owned()), Lookup::UserName(text::user_name_key(id))],
        (None, email) => {
            let email = email.unwrap_or_default();
            [Lookup::Email(text::fold(email).into_owned()), Lookup::UserName(text::user_name_key(email))]
        }
    };
    let mut found = BTreeMap::new();
    for lookup in lookups {
        let users = state.store.users(directory.id.directory, lookup, Page::first(FILTER_ROWS_LIMIT)).await?;
        found.extend(users.into_iter().map(|view| (view.user.id, view)));
    }
    let email = email.map(text::fold);
    let matches = |view: &UserView| {
        let doc = &view.user.doc;
        let in_group = match within {
            Lookup::MembersOf(group) => view.groups.iter().any(|known| known.id == *group),
            _ => true,
        };
        in_group
            && idp_id.is_none_or(|id| render::user_idp_id(doc) == id)
            && email.as_ref().is_none_or(|email| {
                render::email(doc).is_some_and(|known| text::fold(known).as_ref() == email.as_ref())
            })
    };
    Ok(found.into_values().filter(matches).collect())
}

/// Fits the users to the schemas that are coming, where any are: only then they are read whole.
async fn conform_shown<S: Store>(
    state: &AppState<S>,
    directory: &Directory,
    found: &mut ShownUsers,
) -> Result<(), Problem> {
    let Some(terms) = state.following(directory).await? else { return Ok(()) };
    for group in found.groups.values_mut() {
        conform(Some(&terms), Kind::Group, &mut group.doc);
    }
    for shown in &mut found.users {
        if let Some(written) = shown.written.take() {
            let whole = written.object();
            shown.user.doc = whole.map_err(|why| Problem::fault(format!("a user cannot be read: {why}")))?;
        }
        conform(Some(&terms), Kind::User, &mut shown.user.doc);
    }
    Ok(())
}

/// Groups as users show them.
type Groups = BTreeMap<LocalId, Box<RawValue>>;

/// Fits the users to the schemas that are coming, and reads the groups that they are in, each once.
async fn conformed<S: Store>(
    state: &AppState<S>,
    directory: &Directory,
    users: &mut [UserView],
) -> Result<Groups, Problem> {
    let terms = state.following(directory).await?;
    let ids: BTreeSet<LocalId> = users.iter().flat_map(|view| &view.groups).map(|group| group.id).collect();
    let mut groups = Groups::new();
    for id in ids {
        if let Some(GroupView { mut group, .. }) =
            state.store.group(directory.id.directory, id, false).await?
        {
            conform(terms.as_deref(), Kind::Group, &mut group.doc);
            groups.insert(id, render::group_text(directory, &group)?);
        }
    }
    for view in users {
        conform(terms.as_deref(), Kind::User, &mut view.user.doc);
    }
    Ok(groups)
}

/// A user as it is published, with its groups.
fn with_groups<'a>(directory: &Directory, view: &'a UserView, groups: &'a Groups) -> DirectoryUser<'a> {
    let own = view.groups.iter().filter_map(|group| groups.get(&group.id)).map(AsRef::as_ref);
    render::user_with_groups(directory, &view.user, own)
}
