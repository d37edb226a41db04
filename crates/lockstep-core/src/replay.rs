//! The log, told again from its first record: events → state. What comes out must be what the rows say.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{Change, EventType, Record};
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
        let fail = |what: &str| Err(ReplayError { seq: record.seq, what: what.to_owned() });
        if record.seq != self.head.last_seq + 1 {
            return fail(&format!("the event before it has the number {}", self.head.last_seq));
        }
        if record.at < self.head.last_at {
            return fail("it is older than the event before it");
        }
        if !self.exists && record.change != Change::Activated {
            return fail("the directory does not exist");
        }
        match &record.change {
            Change::Activated => {
                if self.exists || record.seq != 1 {
                    return fail("the directory exists already");
                }
                self.exists = true;
            }
            Change::Deleted => {
                *self = Self { head: Head { ..self.head.clone() }, ..Self::default() };
            }
            Change::User(kind, id, told) => match kind {
                EventType::UserCreated | EventType::UserUpdated => {
                    let known = self.users.get(id);
                    if known.is_some() == (*kind == EventType::UserCreated) {
                        return fail("a user is created once and updated only while it exists");
                    }
                    if known.is_some_and(|user| user.doc != told.doc_before()) {
                        return fail("what it says was before is not what was before");
                    }
                    let user = User {
                        id: *id,
                        doc: told.doc.clone(),
                        created_at: told.created_at,
                        modified_at: record.at,
                        seq: record.seq,
                    };
                    self.users.insert(*id, user);
                }
                EventType::UserDeleted => {
                    if self.users.remove(id).is_none() {
                        return fail("a user that does not exist is deleted");
                    }
                    if self.memberships.iter().any(|(_, user)| user == id) {
                        return fail("a user is deleted before its memberships ended");
                    }
                }
                _ => return fail("the event's kind is not a user's"),
            },
            Change::Group(kind, id, told) => match kind {
                EventType::GroupCreated | EventType::GroupUpdated => {
                    if self.groups.contains_key(id) == (*kind == EventType::GroupCreated) {
                        return fail("a group is created once and updated only while it exists");
                    }
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
                EventType::GroupDeleted => {
                    if self.groups.remove(id).is_none() {
                        return fail("a group that does not exist is deleted");
                    }
                    let own = (*id, LocalId(0))..=(*id, LocalId(u64::MAX));
                    if self.memberships.range(own).next().is_some() {
                        return fail("a group is deleted before its memberships ended");
                    }
                }
                _ => return fail("the event's kind is not a group's"),
            },
            Change::Membership(kind, membership) => {
                let Some(user) = self.users.get(&membership.user) else {
                    return fail("the member does not exist");
                };
                let Some(group) = self.groups.get_mut(&membership.group) else {
                    return fail("the group does not exist");
                };
                if membership.user_seq != user.seq || membership.group_seq != group.doc_seq {
                    return fail("it names other records of its user and group than the last ones");
                }
                group.seq = record.seq;
                group.modified_at = record.at;
                let pair = (membership.group, membership.user);
                let changed = match kind {
                    EventType::UserAdded => self.memberships.insert(pair),
                    _ => self.memberships.remove(&pair),
                };
                if !changed {
                    return fail("a membership begins twice or ends without having begun");
                }
            }
        }
        self.head.last_seq = record.seq;
        self.head.last_at = record.at;
        Ok(())
    }

    /// The counts of the head, from the rows.
    pub fn count(&mut self) {
        let active = self.users.values().filter(|user| user.active()).count();
        self.head.users_active = active as u64;
        self.head.users_inactive = (self.users.len() - active) as u64;
        self.head.groups = self.groups.values().filter(|group| !group.is_ended()).count() as u64;
    }
}
