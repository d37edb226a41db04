//! The log, told again from its first record: events → state. What comes out must be what the rows say.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{Change, EventType, Membership, Record};
use crate::id::LocalId;
use crate::model::{Group, Head, User};

/// A directory's state as its log tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Whether the directory was made and not deleted.
    pub exists: bool,
    /// The users, by id.
    pub users: BTreeMap<LocalId, User>,
    /// The groups, by id.
    pub groups: BTreeMap<LocalId, Group>,
    /// Who is a member of which group: (group, user).
    pub memberships: BTreeSet<(LocalId, LocalId)>,
    /// Where the log stands.
    pub head: Head,
    /// In how many groups a user is.
    groups_of: BTreeMap<LocalId, usize>,
}

/// What a log says that cannot be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("event {seq}: {what}")]
pub struct ReplayError {
    /// The number of the event.
    pub seq: u64,
    /// What is wrong with it.
    pub what: String,
}

impl State {
    /// Takes the next record. Says so where it does not follow from what came before.
    pub fn apply(&mut self, record: &Record) -> Result<(), ReplayError> {
        let followed = self.follow(record);
        // Also behind an error: one that is wrong must not make all that follow it look so.
        self.head.last_seq = record.seq;
        self.head.last_at = record.at;
        followed.map_err(|what| ReplayError { seq: record.seq, what: what.to_owned() })
    }

    fn follow(&mut self, record: &Record) -> Result<(), &'static str> {
        ensure(
            record.seq == self.head.last_seq + 1,
            "its number does not follow the one of the event before it",
        )?;
        ensure(record.at >= self.head.last_at, "it is older than the event before it")?;
        ensure(self.exists || record.event_type() == EventType::Activated, "the directory does not exist")?;
        match &record.change {
            Change::Activated(_) => {
                ensure(!self.exists && record.seq == 1, "the directory exists already")?;
                self.exists = true;
            }
            Change::Deleted(_) => *self = Self { head: self.head.clone(), ..Self::default() },
            Change::User(EventType::UserDeleted, id, _) => {
                ensure(self.users.remove(id).is_some(), "a user that does not exist is deleted")?;
                let left = self.groups_of.remove(id).unwrap_or_default();
                ensure(left == 0, "a user is deleted before its memberships ended")?;
            }
            Change::User(kind, id, told) => {
                let known = self.users.get(id);
                let created = *kind == EventType::UserCreated;
                ensure(
                    known.is_some() != created,
                    "a user is created once and updated only while it exists",
                )?;
                let before = known.is_none_or(|user| {
                    user.doc == told.doc_before() && user.projection() == told.projection_before()
                });
                ensure(before, "what it says was before is not what was before")?;
                // What SCIM shows of a user changes with the resource alone.
                let kept = known.filter(|_| told.before.is_empty());
                let user = User {
                    id: *id,
                    doc: told.doc.clone(),
                    projection: told.projection.clone(),
                    created_at: told.created_at,
                    modified_at: kept.map_or(record.at, |user| user.modified_at),
                    doc_seq: kept.map_or(record.seq, |user| user.doc_seq),
                    updated_at: record.at,
                    seq: record.seq,
                };
                self.users.insert(*id, user);
            }
            Change::Group(EventType::GroupDeleted, id, _) => {
                ensure(self.groups.remove(id).is_some(), "a group that does not exist is deleted")?;
                let own = (*id, LocalId(0))..=(*id, LocalId(u64::MAX));
                let left = self.memberships.range(own).next().is_some();
                ensure(!left, "a group is deleted before its memberships ended")?;
            }
            Change::Group(kind, id, told) => {
                let created = *kind == EventType::GroupCreated;
                let known = self.groups.get(id);
                ensure(
                    known.is_some() != created,
                    "a group is created once and updated only while it exists",
                )?;
                let before = known.is_none_or(|group| {
                    group.doc == told.doc_before()
                        && group.nested == *told.nested_before.as_ref().unwrap_or(&told.nested)
                });
                ensure(before, "what it says was before is not what was before")?;
                let group = Group {
                    id: *id,
                    doc: told.doc.clone(),
                    nested: told.nested.clone(),
                    created_at: told.created_at,
                    modified_at: record.at,
                    seq: record.seq,
                    doc_seq: record.seq,
                    ended: None,
                };
                self.groups.insert(*id, group);
            }
            Change::Membership(kind, membership) => self.follow_membership(record, *kind, *membership)?,
        }
        Ok(())
    }

    fn follow_membership(
        &mut self,
        record: &Record,
        kind: EventType,
        membership: Membership,
    ) -> Result<(), &'static str> {
        let user = self.users.get(&membership.user).ok_or("the member does not exist")?;
        let group = self.groups.get_mut(&membership.group).ok_or("the group does not exist")?;
        let last = membership.user_seq == user.seq && membership.group_seq == group.doc_seq;
        ensure(last, "it names other records of its user and group than the last ones")?;
        group.seq = record.seq;
        group.modified_at = record.at;
        let pair = (membership.group, membership.user);
        let groups = self.groups_of.entry(membership.user).or_default();
        let changed = if kind == EventType::UserAdded {
            *groups += 1;
            self.memberships.insert(pair)
        } else {
            *groups = groups.saturating_sub(1);
            self.memberships.remove(&pair)
        };
        ensure(changed, "a membership begins twice or ends without having begun")
    }

    /// The counts of the head, from the rows.
    pub fn count(&mut self) {
        let active = self.users.values().filter(|user| user.active()).count();
        self.head.users_active = active as u64;
        self.head.users_inactive = (self.users.len() - active) as u64;
        self.head.groups = self.groups.values().filter(|group| !group.is_ended()).count() as u64;
    }
}

fn ensure(holds: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(otherwise) }
}
