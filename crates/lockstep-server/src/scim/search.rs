//! GET: one resource, or a list by filter, order and page (RFC 7644 §3.4). An index gives the candidates, the exact
//! evaluator decides, and no more than one page of resources is held in memory.

use axum::response::Response;
use http::StatusCode;
use lockstep_core::id::LocalId;
use lockstep_core::query::{self, Kind, Lookup};
use lockstep_core::version;
use lockstep_scim::filter::{self, Filter};
use lockstep_scim::list::{self, Paging};
use lockstep_scim::sort::{self, Sort};
use lockstep_scim::{Definition, Object};
use lockstep_store::{GroupView, Page, Store, UserView};
use serde_json::Value;

use super::render::Renderer;
use super::{Asked, answer, base_url, definition, local_id, not_found, preconditions, projection};
use crate::auth::ScimCaller;
use crate::problem::Problem;
use crate::state::AppState;

/// How many resources a list answers with where the client does not say.
const DEFAULT_COUNT: usize = 100;
/// How many candidates are read at a time, and how many where each comes with its members.
const CANDIDATES: usize = 500;
const CANDIDATES_WITH_MEMBERS: usize = 16;

/// GET of one resource (RFC 7644 §3.4.1).
pub(super) async fn read<S: Store>(
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
    let renderer = Renderer { base_url: &base_url, directory: caller.directory };
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
    if preconditions::has_it_already(&asked.headers, &tag) {
        return Ok(answer::with_version(answer::empty(StatusCode::NOT_MODIFIED), &tag));
    }
    let body = Value::Object(shown.apply(&resource, definition));
    Ok(answer::with_version(answer::message(StatusCode::OK, &body), &tag))
}

/// GET of a list (RFC 7644 §3.4.2).
pub(super) async fn list<S: Store>(
    state: &AppState<S>,
    caller: &ScimCaller,
    kind: Kind,
    asked: &Asked,
) -> Result<Response, Problem> {
    let definition = definition(caller, kind);
    let shown = projection(state, asked, definition)?;
    let paging = Paging::parse(
        asked.parameter("startIndex")?,
        asked.parameter("count")?,
        DEFAULT_COUNT,
        state.limits.page_resources,
    )?;
    let sort = Sort::parse(asked.parameter("sortBy")?, asked.parameter("sortOrder")?, definition)?;
    let filter = match asked.parameter("filter")? {
        Some(text) => {
            let filter = filter::parse(text, &state.limits)?;
            filter::check(&filter, definition)?;
            Some(filter)
        }
        None => None,
    };

    let base_url = base_url(state, caller);
    let search = Search {
        state,
        caller,
        kind,
        definition,
        renderer: Renderer { base_url: &base_url, directory: caller.directory },
        shows_members: kind == Kind::Group && shown.wants("members"),
    };
    let (total, resources) = match (filter, sort) {
        (None, None) => search.everything(paging).await?,
        (filter, Some(sort)) => search.sorted(filter.as_ref(), &sort, paging).await?,
        (Some(filter), None) => search.filtered(&filter, paging).await?,
    };
    let resources =
        resources.iter().map(|resource| Value::Object(shown.apply(resource, definition))).collect();
    Ok(answer::message(StatusCode::OK, &list::render(total, paging.start_index, resources)))
}

struct Search<'a, S: Store> {
    state: &'a AppState<S>,
    caller: &'a ScimCaller,
    kind: Kind,
    definition: &'a Definition,
    renderer: Renderer<'a>,
    /// Whether the answer holds the members of groups.
    shows_members: bool,
}

/// A resource that a store gave, rendered.
struct Found {
    id: LocalId,
    resource: Object,
}

impl<S: Store> Search<'_, S> {
    /// A page of all there is: counted by the directory's head, found by its place.
    async fn everything(&self, paging: Paging) -> Result<(usize, Vec<Object>), Problem> {
        let store = &self.state.store;
        let (_, head) = store
            .directory(self.caller.directory)
            .await?
            .ok_or(lockstep_core::command::Refusal::NoDirectory)?;
        let total = match self.kind {
            Kind::User => head.users_active + head.users_inactive,
            Kind::Group => head.groups,
        };
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        if paging.count == 0 || paging.offset() >= total {
            return Ok((total, Vec::new()));
        }
        let page = match paging.offset() {
            0 => Page::first(paging.count),
            offset => {
                let before = u64::try_from(offset - 1).unwrap_or(u64::MAX);
                match store.nth(self.caller.directory, self.kind, before).await? {
                    Some(last) => Page::behind(last, paging.count),
                    None => return Ok((total, Vec::new())),
                }
            }
        };
        let found = self.candidates(Lookup::All, page, self.shows_members).await?;
        Ok((total, found.into_iter().map(|found| found.resource).collect()))
    }

    /// A page of what a filter selects, by id.
    async fn filtered(&self, filter: &Filter, paging: Paging) -> Result<(usize, Vec<Object>), Problem> {
        let mut total = 0;
        let mut window = Vec::new();
        let mut walk = Walk::new(self, Some(filter));
        while let Some(found) = walk.next().await? {
            for candidate in found {
                if total >= paging.offset() && window.len() < paging.count {
                    window.push(candidate);
                }
                total += 1;
            }
        }
        // Members that were not needed to decide are read for what is shown only.
        let read_members = self.shows_members && !walk.members;
        Ok((total, self.shown(window, read_members).await?))
    }

    /// A page of what a filter selects, in an order. Only keys and ids of what is selected are held.
    async fn sorted(
        &self,
        filter: Option<&Filter>,
        sort: &Sort,
        paging: Paging,
    ) -> Result<(usize, Vec<Object>), Problem> {
        let mut keys: Vec<(sort::Key, LocalId)> = Vec::new();
        let mut walk = Walk::new(self, filter);
        while let Some(found) = walk.next().await? {
            keys.extend(found.into_iter().map(|found| (sort.key(&found.resource), found.id)));
        }
        keys.sort_by(|left, right| sort.order(&left.0, &right.0).then(left.1.cmp(&right.1)));
        let total = keys.len();
        let mut resources = Vec::new();
        for (_, id) in keys.into_iter().skip(paging.offset()).take(paging.count) {
            let found = self.candidates(Lookup::Id(id), Page::first(1), self.shows_members).await?;
            resources.extend(found.into_iter().map(|found| found.resource));
        }
        Ok((total, resources))
    }

    /// The resources of a window, read once more where they must show members that were not decided on.
    async fn shown(&self, window: Vec<Found>, read_members: bool) -> Result<Vec<Object>, Problem> {
        let mut resources = Vec::with_capacity(window.len());
        for found in window {
            if read_members {
                let again = self.candidates(Lookup::Id(found.id), Page::first(1), true).await?;
                resources.extend(again.into_iter().map(|found| found.resource));
            } else {
                resources.push(found.resource);
            }
        }
        Ok(resources)
    }

    async fn candidates(
        &self,
        lookup: Lookup,
        page: Page<LocalId>,
        members: bool,
    ) -> Result<Vec<Found>, Problem> {
        let (store, directory) = (&self.state.store, self.caller.directory);
        Ok(match self.kind {
            Kind::User => {
                store.users(directory, lookup, page).await?.iter().map(|view| self.user(view)).collect()
            }
            Kind::Group => store
                .groups(directory, lookup, page, members)
                .await?
                .iter()
                .map(|view| self.group(view))
                .collect(),
        })
    }

    fn user(&self, view: &UserView) -> Found {
        Found { id: view.user.id, resource: self.renderer.user(&view.user, &view.groups) }
    }

    fn group(&self, view: &GroupView) -> Found {
        Found { id: view.group.id, resource: self.renderer.group(&view.group, view.members.as_deref()) }
    }
}

/// Goes through the candidates page by page and keeps those for which the filter holds.
struct Walk<'a, 'b, S: Store> {
    search: &'a Search<'b, S>,
    filter: Option<&'a Filter>,
    lookup: Lookup,
    /// The user that the index found to be a member of every candidate, where the filter asks about no other.
    member: Option<LocalId>,
    /// Whether candidates come with all their members.
    members: bool,
    after: Option<LocalId>,
    done: bool,
}

impl<'a, 'b, S: Store> Walk<'a, 'b, S> {
    fn new(search: &'a Search<'b, S>, filter: Option<&'a Filter>) -> Self {
        let lookup =
            filter.map_or(Lookup::All, |filter| query::lookup(filter, search.kind, search.caller.directory));
        let asks_members =
            search.kind == Kind::Group && filter.is_some_and(|filter| query::mentions(filter, "members"));
        let member = match (&lookup, filter) {
            (Lookup::GroupsOf(user), Some(filter))
                if query::only_asks_for_member(filter, &search.renderer.user_id(*user)) =>
            {
                Some(*user)
            }
            _ => None,
        };
        let members = asks_members && member.is_none();
        Self { search, filter, lookup, member, members, after: None, done: false }
    }

    /// The next ones that are selected; `None` after the last.
    async fn next(&mut self) -> Result<Option<Vec<Found>>, Problem> {
        if self.done {
            return Ok(None);
        }
        let limit = if self.members { CANDIDATES_WITH_MEMBERS } else { CANDIDATES };
        let page = Page { after: self.after, ..Page::first(limit) };
        let mut found = self.search.candidates(self.lookup.clone(), page, self.members).await?;
        self.done = found.len() < limit;
        self.after = found.last().map(|found| found.id);
        if let Some(filter) = self.filter {
            found.retain(|candidate| match self.member {
                Some(user) => {
                    let mut resource = candidate.resource.clone();
                    let id = self.search.renderer.user_id(user);
                    resource.insert("members".into(), serde_json::json!([{ "value": id, "type": "User" }]));
                    filter::matches(filter, &resource, self.search.definition)
                }
                None => filter::matches(filter, &candidate.resource, self.search.definition),
            });
        }
        Ok(Some(found))
    }
}
