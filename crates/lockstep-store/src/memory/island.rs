//! One directory of the store in memory: its rows, its log, and nothing of any other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_core::event::{Change, Record};
use lockstep_core::id::{DirectoryNumber, LocalId, OrganizationId};
use lockstep_core::limits::{STEP_LIMIT, SWEEP_STEP_LIMIT};
use lockstep_core::mapping::{DirectoryMapping, STANDARD_VERSION};
use lockstep_core::model::{Directory, DirectoryState, Group, Head, User};
use lockstep_core::query::{Kind, Lookup};
use lockstep_core::schemas::OwnSchemas;
use lockstep_core::verify::{Rows, Verifier};
use lockstep_core::version::GroupOfUser;
use lockstep_core::view::{Changes, Key, Loaded};

use crate::{EventView, GroupView, Position, StandardOf, UserView, Work};

pub(super) struct Island {
    directory: Arc<Directory>,
    schemas: Arc<OwnSchemas>,
    mapping: Arc<DirectoryMapping>,
    head: Head,
    cleared: bool,
    users: BTreeMap<LocalId, Arc<User>>,
    user_names: BTreeSet<(String, LocalId)>,
    external_ids: BTreeSet<(String, LocalId)>,
    groups: BTreeMap<LocalId, Arc<Group>>,
    /// (group, user)
    memberships: BTreeSet<(LocalId, LocalId)>,
    /// (user, group)
    groups_of: BTreeSet<(LocalId, LocalId)>,
    /// The log: the record with the number n stands at n - 1.
    records: Vec<(Position, Record)>,
}

/// What is found in a directory that does not exist.
pub(super) fn load_nothing(key: &Key) -> Loaded {
    match key {
        Key::Directory => Loaded::Directory(None),
        Key::Schemas => Loaded::Schemas(Arc::default()),
        Key::Mapping => Loaded::Mapping(Arc::default()),
        Key::User(_) => Loaded::User(None),
        Key::UserSeq(_) => Loaded::Seq(None),
        Key::Group(_) => Loaded::Group(None),
        Key::UserName(_) | Key::UserExternalId(_) | Key::GroupName(_) | Key::GroupExternalId(_) => {
            Loaded::Id(None)
        }
        Key::Membership { .. } | Key::Ended(_) | Key::Receipt(..) => Loaded::Present(false),
        Key::Behind(..)
        | Key::GroupsOf(_)
        | Key::MembersOf(_)
        | Key::FirstMembersOf(_)
        | Key::ParentsOf(_) => Loaded::Ids(Vec::new()),
    }
}

/// The users with this key, by id.
fn indexed<'a>(index: &'a BTreeSet<(String, LocalId)>, key: &'a str) -> impl Iterator<Item = LocalId> {
    let from = (key.to_owned(), LocalId(0));
    index.range(from..).take_while(move |(found, _)| found == key).map(|(_, id)| *id)
}

impl Island {
    /// The directory that `changes` make; `None` where they make none.
    pub(super) fn new(changes: Changes, first: u64) -> Option<Self> {
        let directory = changes.directory.as_ref()?.after.clone()?;
        let mut island = Self {
            directory,
            schemas: Arc::default(),
            mapping: Arc::default(),
            head: Head::default(),
            cleared: false,
            users: BTreeMap::new(),
            user_names: BTreeSet::new(),
            external_ids: BTreeSet::new(),
            groups: BTreeMap::new(),
            memberships: BTreeSet::new(),
            groups_of: BTreeSet::new(),
            records: Vec::new(),
        };
        island.apply(changes, first);
        Some(island)
    }

    pub(super) fn directory_and_head(&self) -> (Directory, Head) {
        ((*self.directory).clone(), self.head.clone())
    }

    pub(super) fn schemas(&self) -> OwnSchemas {
        (*self.schemas).clone()
    }

    pub(super) fn mapping(&self) -> DirectoryMapping {
        (*self.mapping).clone()
    }

    pub(super) fn organization(&self) -> OrganizationId {
        self.directory.organization
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.directory.state == DirectoryState::Deleting
    }

    pub(super) fn load(&self, key: &Key) -> Loaded {
        match key {
            Key::Directory => Loaded::Directory(Some((self.directory.clone(), self.head.clone()))),
            Key::Schemas => Loaded::Schemas(self.schemas.clone()),
            Key::Mapping => Loaded::Mapping(self.mapping.clone()),
            Key::Behind(kind, after) => {
                let ids: Vec<LocalId> = match kind {
                    Kind::User => self.users.keys().copied().collect(),
                    Kind::Group => self.groups.keys().copied().collect(),
                };
                Loaded::Ids(ids.into_iter().filter(|id| id > after).take(SWEEP_STEP_LIMIT).collect())
            }
            Key::User(id) => Loaded::User(self.users.get(id).cloned()),
            Key::UserSeq(id) => Loaded::Seq(self.users.get(id).map(|user| user.seq)),
            Key::UserName(name) => Loaded::Id(indexed(&self.user_names, name).next()),
            Key::UserExternalId(id) => Loaded::Id(indexed(&self.external_ids, id).next()),
            Key::Group(id) => Loaded::Group(self.groups.get(id).cloned()),
            Key::GroupName(name) => Loaded::Id(self.group_that(|group| group.display_name_key() == *name)),
            Key::GroupExternalId(id) => {
                Loaded::Id(self.group_that(|group| group.external_id_key().as_ref() == Some(id)))
            }
            // Of no directory: the store answers these itself.
            Key::Ended(_) | Key::Receipt(..) => Loaded::Present(false),
            Key::Membership { group, user } => Loaded::Present(self.memberships.contains(&(*group, *user))),
            Key::GroupsOf(user) => Loaded::Ids(self.groups_of(*user)),
            Key::MembersOf(group) => Loaded::Ids(self.members_of(*group).collect()),
            Key::FirstMembersOf(group) => Loaded::Ids(self.members_of(*group).take(STEP_LIMIT + 1).collect()),
            Key::ParentsOf(group) => Loaded::Ids(
                self.live_groups().filter(|row| row.nested.contains(group)).map(|row| row.id).collect(),
            ),
        }
    }

    /// Enters what the user is found by, or takes it out.
    fn index(&mut self, user: &User, present: bool) {
        let external_id = user.external_id_key().map(|id| (&mut self.external_ids, id));
        let keys = [(&mut self.user_names, user.user_name_key())].into_iter().chain(external_id);
        for (index, key) in keys {
            if present {
                index.insert((key, user.id))
            } else {
                index.remove(&(key, user.id))
            };
        }
    }

    fn group_that(&self, holds: impl Fn(&Group) -> bool) -> Option<LocalId> {
        self.live_groups().find(|group| holds(group)).map(|group| group.id)
    }

    fn live_groups(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.groups.values().filter(|group| !group.is_ended())
    }

    fn live_group(&self, id: LocalId) -> Option<&Arc<Group>> {
        self.groups.get(&id).filter(|group| !group.is_ended())
    }

    /// Ended ones included.
    fn groups_of(&self, user: LocalId) -> Vec<LocalId> {
        let own = (user, LocalId(0))..=(user, LocalId(u64::MAX));
        self.groups_of.range(own).map(|(_, group)| *group).collect()
    }

    fn members_of(&self, group: LocalId) -> impl Iterator<Item = LocalId> {
        let own = (group, LocalId(0))..=(group, LocalId(u64::MAX));
        self.memberships.range(own).map(|(_, user)| *user)
    }

    /// Writes what a batch changed. Its first record gets the position `first`.
    pub(super) fn apply(&mut self, changes: Changes, first: u64) {
        if let Some(directory) = changes.directory.and_then(|changed| changed.after) {
            self.directory = directory;
        }
        if let Some(schemas) = changes.schemas {
            self.schemas = schemas;
        }
        if let Some(mapping) = changes.mapping {
            self.mapping = mapping;
        }
        if let Some(head) = changes.head {
            self.head = head;
        }
        for (id, changed) in changes.users {
            if let Some(user) = self.users.remove(&id) {
                self.index(&user, false);
            }
            if let Some(user) = changed.after {
                self.index(&user, true);
                self.users.insert(id, user);
            }
        }
        for (id, changed) in changes.groups {
            match changed.after {
                Some(group) => self.groups.insert(id, group),
                None => self.groups.remove(&id),
            };
        }
        for ((group, user), present) in changes.memberships {
            if present {
                self.memberships.insert((group, user));
                self.groups_of.insert((user, group));
            } else {
                self.memberships.remove(&(group, user));
                self.groups_of.remove(&(user, group));
            }
        }
        for (position, record) in (first..).zip(changes.records) {
            self.records.push((Position(position), record));
        }
    }

    pub(super) fn user(&self, id: LocalId) -> Option<UserView> {
        let user = (**self.users.get(&id)?).clone();
        let groups = self.groups_of(id).into_iter().filter_map(|group| self.live_group(group));
        Some(UserView { user, groups: groups.map(|group| GroupOfUser::from(&**group)).collect() })
    }

    pub(super) fn group(&self, id: LocalId, members: bool) -> Option<GroupView> {
        let group = (**self.live_group(id)?).clone();
        Some(GroupView { group, members: members.then(|| self.members_of(id).collect()) })
    }

    pub(super) fn users_found_by(&self, lookup: &Lookup) -> Vec<LocalId> {
        let those = |holds: &dyn Fn(&User) -> bool| {
            self.users.values().filter(|user| holds(user)).map(|user| user.id).collect()
        };
        match lookup {
            Lookup::All => self.users.keys().copied().collect(),
            Lookup::Id(id) => self.users.contains_key(id).then_some(*id).into_iter().collect(),
            Lookup::UserName(name) => indexed(&self.user_names, name).collect(),
            Lookup::ExternalId(id) => indexed(&self.external_ids, id).collect(),
            Lookup::Email(email) => those(&|user| user.email_keys().contains(email)),
            Lookup::DisplayName(name) => those(&|user| user.display_name_key().as_ref() == Some(name)),
            Lookup::ModifiedSince(time) => those(&|user| user.modified_at >= *time),
            Lookup::MembersOf(group) if self.live_group(*group).is_some() => {
                self.members_of(*group).collect()
            }
            Lookup::MembersOf(_) | Lookup::Nothing | Lookup::GroupsOf(_) => Vec::new(),
        }
    }

    pub(super) fn groups_found_by(&self, lookup: &Lookup) -> Vec<LocalId> {
        let holds = |group: &Group| match lookup {
            Lookup::All => true,
            Lookup::Nothing | Lookup::UserName(_) | Lookup::Email(_) => false,
            Lookup::Id(id) => group.id == *id,
            Lookup::ExternalId(id) => group.external_id_key().as_ref() == Some(id),
            Lookup::DisplayName(name) => group.display_name_key() == *name,
            Lookup::ModifiedSince(time) => group.modified_at >= *time,
            Lookup::MembersOf(child) => group.nested.contains(child),
            Lookup::GroupsOf(user) => self.memberships.contains(&(group.id, *user)),
        };
        self.live_groups().filter(|group| holds(group)).map(|group| group.id).collect()
    }

    pub(super) fn event(&self, seq: u64) -> Option<EventView> {
        let (position, record) = self.record(seq)?;
        let (user, group) = match &record.change {
            Change::Membership(_, membership) => {
                (self.record(membership.user_seq), self.record(membership.group_seq))
            }
            Change::Activated(_) | Change::Deleted(_) | Change::User(..) | Change::Group(..) => (None, None),
        };
        let copy = |found: Option<&(Position, Record)>| found.map(|(_, record)| record.clone());
        Some(EventView { position: *position, record: record.clone(), user: copy(user), group: copy(group) })
    }

    fn record(&self, seq: u64) -> Option<&(Position, Record)> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.records.get(index)
    }

    pub(super) fn work(&self, number: DirectoryNumber) -> Vec<Work> {
        if self.is_deleted() {
            return if self.cleared { Vec::new() } else { vec![Work::Clear(number)] };
        }
        let ended = self.groups.values().filter(|group| group.is_ended());
        let ended = ended.map(|group| Work::EndGroup(number, group.id));
        let sweep = self.directory.sweep.iter().map(|_| Work::Sweep(number));
        let is_behind = self.directory.standard_version < STANDARD_VERSION;
        let behind = is_behind.then_some(Work::Reproject(number));
        ended.chain(sweep).chain(behind).collect()
    }

    /// Removes up to `limit` rows; whether there are more.
    pub(super) fn clear(&mut self, limit: usize) -> bool {
        for _ in 0..limit {
            self.groups_of.clear();
            let removed = self.memberships.pop_first().is_some()
                || self.groups.pop_first().is_some()
                || self.users.pop_first().map(|(_, user)| self.index(&user, false)).is_some();
            if !removed {
                break;
            }
        }
        let more = !(self.memberships.is_empty() && self.groups.is_empty() && self.users.is_empty());
        self.cleared = !more;
        if self.cleared {
            (self.schemas, self.mapping) = (Arc::default(), Arc::default());
        }
        more
    }

    pub(super) fn verify(&self, standard: StandardOf) -> Vec<String> {
        let mut verifier = Verifier::default();
        for (_, record) in &self.records {
            verifier.record(record);
        }
        verifier.finish(Rows {
            directory: (*self.directory).clone(),
            mapping: (*self.mapping).clone(),
            standard: standard(&self.directory),
            head: self.head.clone(),
            users: self.users.values().map(|user| (**user).clone()).collect(),
            groups: self.groups.values().map(|group| (**group).clone()).collect(),
            memberships: self.memberships.iter().copied().collect(),
        })
    }
}
