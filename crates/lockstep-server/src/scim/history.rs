//! What resources were when a walk began, as far as its order needs it: the log tells of each change what was there
//! before. So a sorted walk keeps the order of its beginning while others write, and holds nothing between its pages.

use std::collections::HashMap;

use lockstep_core::event::{Change, EventType, Record, Told};
use lockstep_core::id::LocalId;
use lockstep_core::model::{Group, User};
use lockstep_core::query::Kind;
use lockstep_scim::sort::{Key, Sort};
use lockstep_store::{EventQuery, EventScope, Position, Store};

use super::cursor::{Beginning, expired};
use super::walk::{Found, Part, Reader};
use crate::limits::{HISTORY_EVENTS_LIMIT, HISTORY_EVENTS_READ};
use crate::problem::Problem;

/// The keys of resources as they were at a walk's beginning.
pub(super) struct History<'r, 'p, S> {
    reader: &'r Reader<'r, S>,
    parts: &'p [Part<'p>],
    beginning: Beginning,
    /// Behind which event nothing was read yet.
    position: Position,
    /// Up to this number every event is known.
    covered: u64,
    events: usize,
    /// Of what was changed or deleted since the beginning.
    former: HashMap<(Kind, LocalId), Former>,
}

/// The key at the beginning, and the event that put an end to it.
struct Former {
    key: Key,
    seq: u64,
}

/// Whether the log tells what stood in this sort's attribute before a change.
pub(super) fn is_told(sort: &Sort) -> bool {
    let derived = match (sort.attribute.as_str(), sort.sub.as_deref()) {
        ("meta", sub) => !matches!(sub, Some("resourceType" | "created" | "location")),
        ("groups" | "members", _) => true,
        _ => false,
    };
    sort.extension.is_some() || !derived
}

impl<'r, 'p, S: Store> History<'r, 'p, S> {
    /// Nothing where the log does not know the event with which the walk began.
    pub(super) async fn since(
        beginning: Beginning,
        reader: &'r Reader<'r, S>,
        parts: &'p [Part<'p>],
    ) -> Result<Self, Problem> {
        let position = reader.store.position(beginning.event).await?;
        // A database that was restored from a backup goes another way from there on.
        let position = position.ok_or_else(|| expired("the directory is no longer what the cursor knows"))?;
        let covered = beginning.event.seq;
        Ok(Self { reader, parts, beginning, position, covered, events: 0, former: HashMap::new() })
    }

    /// Makes sure that what happened to these until they were read is known.
    pub(super) async fn cover(&mut self, found: &[Found<'_>]) -> Result<(), Problem> {
        let last = found.iter().map(|found| found.seq).max().unwrap_or_default();
        if last > self.covered {
            self.read().await?;
            self.covered = self.covered.max(last);
        }
        Ok(())
    }

    /// The key that a resource had at the beginning. It was covered.
    pub(super) fn key(&self, found: &Found<'_>) -> Key {
        if found.seq > self.beginning.event.seq
            && let Some(former) = self.former.get(&(found.part.kind, found.id))
            // What came after it was read has not changed it yet.
            && former.seq <= found.seq
        {
            return former.key.clone();
        }
        found.part.key(&found.resource)
    }

    /// The key at the beginning of a resource that was there then and may be gone; nothing where nobody knows it.
    pub(super) async fn key_of(&mut self, kind: Kind, id: LocalId) -> Result<Option<Key>, Problem> {
        let Some(part) = self.parts.iter().find(|part| part.kind == kind) else { return Ok(None) };
        if part.sort.is_none() {
            return Ok(Some(Key::Missing));
        }
        let found = self.reader.bare(part, id).await?;
        match &found {
            Some(found) => self.cover(std::slice::from_ref(found)).await?,
            None => self.read().await?,
        }
        let former = self.former.get(&(kind, id)).map(|former| former.key.clone());
        Ok(former.or_else(|| found.map(|found| part.key(&found.resource))))
    }

    /// Reads the log to its end.
    async fn read(&mut self) -> Result<(), Problem> {
        loop {
            let query = EventQuery {
                after: self.position,
                scope: EventScope::Directory(self.reader.directory),
                types: vec![
                    EventType::UserUpdated,
                    EventType::UserDeleted,
                    EventType::GroupUpdated,
                    EventType::GroupDeleted,
                ],
                limit: HISTORY_EVENTS_READ,
                ..EventQuery::default()
            };
            let events = self.reader.store.events(query).await?;
            self.events += events.len();
            if self.events > HISTORY_EVENTS_LIMIT {
                return Err(expired("too much was changed since the walk began").into());
            }
            for event in &events {
                self.note(&event.record);
                self.position = event.position;
                self.covered = self.covered.max(event.record.seq);
            }
            if events.len() < HISTORY_EVENTS_READ {
                return Ok(());
            }
        }
    }

    /// Keeps the first end of each key: what came after it was never what the walk began with.
    fn note(&mut self, record: &Record) {
        let (kind, id, told, deleted) = match &record.change {
            Change::User(event, id, told) => (Kind::User, *id, told, *event == EventType::UserDeleted),
            Change::Group(event, id, told) => (Kind::Group, *id, told, *event == EventType::GroupDeleted),
            Change::Activated(_) | Change::Deleted(_) | Change::Membership(..) => return,
        };
        let Some(part) = self.parts.iter().find(|part| part.kind == kind) else { return };
        let Some(sort) = &part.sort else { return };
        let top = sort.extension.as_ref().unwrap_or(&sort.attribute);
        if id > self.beginning.last_id || !(deleted || told.before.contains_key(top)) {
            return;
        }
        let key = || part.key(&self.before(kind, id, told));
        let former = Former { key: key(), seq: record.seq };
        self.former.entry((kind, id)).or_insert(former);
    }

    /// The resource before a change, as far as an order may ask for it.
    fn before(&self, kind: Kind, id: LocalId, told: &Told) -> lockstep_scim::Object {
        let (doc, created_at) = (told.doc_before(), told.created_at);
        match kind {
            Kind::User => {
                let user = User {
                    id,
                    doc,
                    projection: None,
                    created_at,
                    modified_at: created_at,
                    doc_seq: 0,
                    updated_at: created_at,
                    seq: 0,
                };
                self.reader.renderer.user(&user, &[])
            }
            Kind::Group => {
                let group = Group {
                    id,
                    doc,
                    nested: Vec::new(),
                    created_at,
                    modified_at: created_at,
                    seq: 0,
                    doc_seq: 0,
                    ended: None,
                };
                self.reader.renderer.group(&group, None)
            }
        }
    }
}
