//! Going through what a question selects: an index gives the candidates of each resource type page by page, the exact
//! evaluator decides, and no more than one page of resources is held in memory. Does not know what is done with them.

use lockstep_core::id::{DirectoryNumber, LocalId};
use lockstep_core::query::{self, Kind, Lookup};
use lockstep_scim::filter::{self, Filter};
use lockstep_scim::projection::Projection;
use lockstep_scim::sort::{self, Sort};
use lockstep_scim::{Definition, Object};
use lockstep_store::{GroupView, Page, Store, UserView};

use super::render::Renderer;
use crate::limits::{CANDIDATES_LIMIT, CANDIDATES_WITH_MEMBERS_LIMIT};
use crate::problem::Problem;

/// One resource type of a question, and what the question means there.
pub(super) struct Part<'a> {
    pub(super) kind: Kind,
    pub(super) definition: &'a Definition,
    /// What is shown of its resources.
    pub(super) shown: Projection,
    /// Nothing where the type has no such attribute: then no resource has a value.
    pub(super) sort: Option<Sort>,
    /// Nothing where all are selected.
    pub(super) filter: Option<Filter>,
    /// The index that gives the candidates.
    pub(super) lookup: Lookup,
    /// The user that the index found to be a member of every candidate, where the filter asks about no other.
    member: Option<LocalId>,
    /// Whether the filter can only be decided with all members at hand.
    asks_members: bool,
}

impl<'a> Part<'a> {
    pub(super) fn new(
        kind: Kind,
        definition: &'a Definition,
        shown: Projection,
        sort: Option<Sort>,
        filter: Option<Filter>,
        renderer: &Renderer<'_>,
    ) -> Self {
        let lookup =
            filter.as_ref().map_or(Lookup::All, |filter| query::lookup(filter, kind, renderer.directory));
        let member = match (&lookup, &filter) {
            (Lookup::GroupsOf(user), Some(filter))
                if query::only_asks_for_member(filter, &renderer.user_id(*user)) =>
            {
                Some(*user)
            }
            _ => None,
        };
        let asks_members = kind == Kind::Group
            && member.is_none()
            && filter.as_ref().is_some_and(|filter| query::mentions(filter, "members"));
        Self { kind, definition, shown, sort, filter, lookup, member, asks_members }
    }

    /// Whether the answer holds the members of groups.
    fn shows_members(&self) -> bool {
        self.kind == Kind::Group && self.shown.wants("members")
    }

    /// What stands in the sort's attribute.
    pub(super) fn key(&self, resource: &Object) -> sort::Key {
        self.sort.as_ref().map_or(sort::Key::Missing, |sort| sort.key(resource))
    }

    fn selects(&self, resource: &Object, renderer: &Renderer<'_>) -> bool {
        let Some(filter) = &self.filter else { return true };
        let Some(user) = self.member else { return filter::matches(filter, resource, self.definition) };
        let mut resource = resource.clone();
        let id = renderer.user_id(user);
        resource.insert("members".into(), serde_json::json!([{ "value": id, "type": "User" }]));
        filter::matches(filter, &resource, self.definition)
    }
}

/// A resource that a store gave, rendered.
pub(super) struct Found<'a> {
    pub(super) part: &'a Part<'a>,
    pub(super) id: LocalId,
    /// The number of the last event about it itself.
    #[expect(dead_code, reason = "walks by cursor need it")]
    pub(super) seq: u64,
    pub(super) resource: Object,
}

/// Reads the resources of one directory.
pub(super) struct Reader<'a, S> {
    pub(super) store: &'a S,
    pub(super) directory: DirectoryNumber,
    pub(super) renderer: Renderer<'a>,
}

impl<S: Store> Reader<'_, S> {
    /// What an index gives, decided by nobody.
    pub(super) async fn candidates<'p>(
        &self,
        part: &'p Part<'p>,
        lookup: Lookup,
        page: Page<LocalId>,
        members: bool,
    ) -> Result<Vec<Found<'p>>, Problem> {
        Ok(match part.kind {
            Kind::User => {
                let users = self.store.users(self.directory, lookup, page).await?;
                users.iter().map(|view| self.user(part, view)).collect()
            }
            Kind::Group => {
                let groups = self.store.groups(self.directory, lookup, page, members).await?;
                groups.iter().map(|view| self.group(part, view)).collect()
            }
        })
    }

    /// A page of all there is of a type, as it is shown.
    pub(super) async fn page<'p>(
        &self,
        part: &'p Part<'p>,
        page: Page<LocalId>,
    ) -> Result<Vec<Found<'p>>, Problem> {
        self.candidates(part, Lookup::All, page, part.shows_members()).await
    }

    /// One resource as it is shown; nothing where it is gone.
    pub(super) async fn one<'p>(
        &self,
        part: &'p Part<'p>,
        id: LocalId,
    ) -> Result<Option<Found<'p>>, Problem> {
        let found = self.candidates(part, Lookup::Id(id), Page::first(1), part.shows_members()).await?;
        Ok(found.into_iter().next())
    }

    /// The resources of a window that was walked to: read once more where they must show members that were not needed
    /// to decide.
    pub(super) async fn shown<'p>(&self, window: Vec<Found<'p>>) -> Result<Vec<Found<'p>>, Problem> {
        let mut shown = Vec::with_capacity(window.len());
        for found in window {
            if found.part.shows_members() && !found.part.asks_members {
                shown.extend(self.one(found.part, found.id).await?);
            } else {
                shown.push(found);
            }
        }
        Ok(shown)
    }

    fn user<'p>(&self, part: &'p Part<'p>, view: &UserView) -> Found<'p> {
        let resource = self.renderer.user(&view.user, &view.groups);
        Found { part, id: view.user.id, seq: view.user.seq, resource }
    }

    fn group<'p>(&self, part: &'p Part<'p>, view: &GroupView) -> Found<'p> {
        let resource = self.renderer.group(&view.group, view.members.as_deref());
        Found { part, id: view.group.id, seq: view.group.doc_seq, resource }
    }
}

/// Goes through the candidates of each part, by type and then by id, and keeps those for which the filter holds.
pub(super) struct Walk<'r, 'p, S> {
    reader: &'r Reader<'r, S>,
    /// What is still to be gone through, the next one first.
    parts: &'p [Part<'p>],
    /// The last candidate of the first of them.
    after: Option<LocalId>,
    /// How many candidates are read at a time, at most.
    at_once: usize,
}

impl<'r, 'p, S: Store> Walk<'r, 'p, S> {
    pub(super) fn new(reader: &'r Reader<'r, S>, parts: &'p [Part<'p>]) -> Self {
        Self { reader, parts, after: None, at_once: CANDIDATES_LIMIT }
    }

    /// The next ones that are selected, of one type; nothing after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Found<'p>>>, Problem> {
        // Invariant: a walk may be long, and others wait for this thread.
        tokio::task::yield_now().await;
        let Some((part, others)) = self.parts.split_first() else { return Ok(None) };
        let limit = if part.asks_members { CANDIDATES_WITH_MEMBERS_LIMIT } else { CANDIDATES_LIMIT }
            .min(self.at_once);
        let page = Page { after: self.after, ..Page::first(limit) };
        let mut found = self.reader.candidates(part, part.lookup.clone(), page, part.asks_members).await?;
        if found.len() < limit {
            (self.parts, self.after) = (others, None);
        } else {
            self.after = found.last().map(|found| found.id);
        }
        found.retain(|found| part.selects(&found.resource, &self.reader.renderer));
        Ok(Some(found))
    }
}
