//! Going through what a question selects: an index gives the candidates of each resource type page by page, the exact
//! evaluator decides, and no more than one page of resources is held in memory. Does not know what is done with them.

use lockstep_core::id::{DirectoryNumber, LocalId};
use lockstep_core::query::{self, Kind, Lookup};
use lockstep_scim::filter::{Filter, Matcher};
use lockstep_scim::projection::Projection;
use lockstep_scim::sort::{self, Sort};
use lockstep_scim::{Definition, Object};
use lockstep_store::{GroupView, Order, Page, Store, UserView};
use tokio::sync::SemaphorePermit;

use super::render::Renderer;
use crate::limits::{CANDIDATES_LIMIT, CANDIDATES_WITH_MEMBERS_LIMIT};
use crate::problem::Problem;
use crate::scans::{Client, Scans};

/// One resource type of a question, and what the question means there.
pub(super) struct Part<'a> {
    pub(super) kind: Kind,
    pub(super) definition: &'a Definition,
    /// What is shown of its resources.
    pub(super) shown: Projection,
    /// Nothing where the type has no such attribute: then no resource has a value.
    pub(super) sort: Option<Sort>,
    /// Which resources are selected; nothing where all are.
    pub(super) filter: Option<Matcher>,
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
        // It was checked over all the types that are asked about.
        let filter = filter.map(|filter| Matcher::unchecked(&filter, definition));
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
        let Some(user) = self.member else { return filter.matches(resource) };
        let mut resource = resource.clone();
        let id = renderer.user_id(user);
        resource.insert("members".into(), serde_json::json!([{ "value": id, "type": "User" }]));
        filter.matches(&resource)
    }
}

/// A resource that a store gave, rendered.
pub(super) struct Found<'a> {
    pub(super) part: &'a Part<'a>,
    pub(super) id: LocalId,
    /// The number of the last event about it itself.
    pub(super) seq: u64,
    pub(super) resource: Object,
}

/// Reads the resources of one directory.
pub(super) struct Reader<'a, S> {
    pub(super) store: &'a S,
    pub(super) directory: DirectoryNumber,
    pub(super) renderer: Renderer<'a>,
    pub(super) scans: &'a Scans,
    /// Who waits for what is read.
    pub(super) client: &'a Client,
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

    /// One resource without its members; nothing where it is gone.
    pub(super) async fn bare<'p>(
        &self,
        part: &'p Part<'p>,
        id: LocalId,
    ) -> Result<Option<Found<'p>>, Problem> {
        let found = self.candidates(part, Lookup::Id(id), Page::first(1), false).await?;
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

/// From one end of a list to the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    /// From the first to the last.
    Forwards,
    /// From the last to the first.
    Backwards,
}

/// Goes through the candidates of each part, by type and then by id, and keeps those for which the filter holds.
pub(super) struct Walk<'r, 'p, S> {
    reader: &'r Reader<'r, S>,
    direction: Direction,
    /// What is still to be gone through.
    parts: &'p [Part<'p>],
    /// The last candidate of the part that is being gone through.
    after: Option<LocalId>,
    /// Only up to this id.
    newest: Option<LocalId>,
    /// How many candidates are read at a time, at most.
    at_once: usize,
    /// How many were read.
    read: usize,
    /// The turn of a walk that has become long.
    turn: Option<SemaphorePermit<'r>>,
}

impl<'r, 'p, S: Store> Walk<'r, 'p, S> {
    /// Through all parts, forwards.
    pub(super) fn new(reader: &'r Reader<'r, S>, parts: &'p [Part<'p>]) -> Self {
        let direction = Direction::Forwards;
        Self {
            reader,
            direction,
            parts,
            after: None,
            newest: None,
            at_once: CANDIDATES_LIMIT,
            read: 0,
            turn: None,
        }
    }

    /// The same from this resource on.
    pub(super) fn from(self, kind: Kind, id: LocalId, direction: Direction, inclusive: bool) -> Self {
        let after = match direction {
            _ if !inclusive => id,
            Direction::Forwards => LocalId(id.0.saturating_sub(1)),
            Direction::Backwards => LocalId(id.0.saturating_add(1)),
        };
        let (parts, own) = match direction {
            Direction::Forwards => {
                let before = self.parts.iter().take_while(|part| part.kind < kind).count();
                let parts = self.parts.get(before..).unwrap_or_default();
                (parts, parts.first())
            }
            Direction::Backwards => {
                let up_to = self.parts.iter().take_while(|part| part.kind <= kind).count();
                let parts = self.parts.get(..up_to).unwrap_or_default();
                (parts, parts.last())
            }
        };
        let after = own.filter(|part| part.kind == kind).map(|_| after);
        Self { direction, parts, after, ..self }
    }

    /// The same without what was made after this one.
    pub(super) fn up_to(self, newest: LocalId) -> Self {
        Self { newest: Some(newest), ..self }
    }

    /// The same, reading no more than so many candidates at a time.
    pub(super) fn reading(self, at_once: usize) -> Self {
        Self { at_once: at_once.min(self.at_once).max(1), ..self }
    }

    /// The next ones that are selected, of one type; nothing after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Found<'p>>>, Problem> {
        // A walk may be long, and others wait for this thread.
        tokio::task::yield_now().await;
        self.reader.client.check()?;
        let parted = match self.direction {
            Direction::Forwards => self.parts.split_first(),
            Direction::Backwards => self.parts.split_last(),
        };
        let Some((part, others)) = parted else { return Ok(None) };
        if self.turn.is_none() && self.reader.scans.counts(self.read) {
            self.turn = Some(self.reader.scans.turn().await?);
        }
        let limit = if part.asks_members { CANDIDATES_WITH_MEMBERS_LIMIT } else { CANDIDATES_LIMIT };
        let limit = limit.min(self.at_once);
        let mut found = self
            .reader
            .candidates(part, part.lookup.clone(), self.candidates(limit), part.asks_members)
            .await?;
        self.read += found.len();
        if let Some(newest) = self.newest {
            found.retain(|found| found.id <= newest);
        }
        if found.len() < limit {
            (self.parts, self.after) = (others, None);
        } else {
            self.after = found.last().map(|found| found.id);
        }
        found.retain(|found| part.selects(&found.resource, &self.reader.renderer));
        Ok(Some(found))
    }

    /// The candidates that come next.
    fn candidates(&self, limit: usize) -> Page<LocalId> {
        let page = Page { after: self.after, ..Page::first(limit) };
        match self.direction {
            Direction::Forwards => page,
            Direction::Backwards => {
                // What is too new stands first, and is not looked at.
                let newest = self.newest.map(|newest| LocalId(newest.0.saturating_add(1)));
                Page { after: page.after.or(newest), order: Order::Descending, ..page }
            }
        }
    }
}

#[cfg(test)]
mod tests;
