//! What the planner sees of one directory during a batch: what the store supplied, and over it what the batch's
//! commands have planned so far. To undo a command is not to apply its plan.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::event::Record;
use crate::id::{LocalId, OrganizationId};
use crate::limits::STEP_LIMIT;
use crate::mapping::DirectoryMapping;
use crate::model::{Directory, Group, Head, Token, User};
use crate::query::Kind;
use crate::receipt::{Receipt, ReceiptKey};
use crate::schemas::OwnSchemas;

/// A thing that a plan depends on, by the key under which a store finds it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Key {
    /// The directory and the head of its log.
    Directory,
    /// Whether this organization was deleted. One that nobody knows was not.
    Ended(OrganizationId),
    /// Whether a request of this name was carried out after this time.
    Receipt(ReceiptKey, Timestamp),
    /// The directory's own schemas.
    Schemas,
    /// What is mapped for the directory.
    Mapping,
    /// The first [`SWEEP_STEP_LIMIT`](crate::limits::SWEEP_STEP_LIMIT) users, or groups (ended ones included), behind
    /// this one, by id. Asked only by what is alone in its batch.
    Behind(Kind, LocalId),
    /// A user.
    User(LocalId),
    /// The `seq` of a user, where nothing else of it is needed.
    UserSeq(LocalId),
    /// Which user has this userName, as compared.
    UserName(String),
    /// Which user has this externalId.
    UserExternalId(String),
    /// A group, ended ones included.
    Group(LocalId),
    /// Which group, not ended, has this displayName, as compared (the first by id).
    GroupName(String),
    /// Which group, not ended, has this externalId.
    GroupExternalId(String),
    /// Whether the user is a member of the group.
    Membership {
        /// The group.
        group: LocalId,
        /// The user.
        user: LocalId,
    },
    /// The groups of a user, ended ones included.
    GroupsOf(LocalId),
    /// The members of a group.
    MembersOf(LocalId),
    /// The first [`STEP_LIMIT`] + 1 members of a group, by id.
    FirstMembersOf(LocalId),
    /// The groups, not ended, of which this group is a member.
    ParentsOf(LocalId),
}

/// What a store found under a [`Key`].
#[derive(Clone, Debug)]
pub enum Loaded {
    /// For [`Key::Directory`].
    Directory(Option<(Arc<Directory>, Head)>),
    /// For [`Key::Schemas`].
    Schemas(Arc<OwnSchemas>),
    /// For [`Key::Mapping`].
    Mapping(Arc<DirectoryMapping>),
    /// For [`Key::User`].
    User(Option<Arc<User>>),
    /// For [`Key::Group`].
    Group(Option<Arc<Group>>),
    /// For [`Key::UserSeq`].
    Seq(Option<u64>),
    /// For the keys that ask who has a name.
    Id(Option<LocalId>),
    /// For [`Key::Membership`], [`Key::Ended`] and [`Key::Receipt`].
    Present(bool),
    /// For the keys that ask for many.
    Ids(Vec<LocalId>),
}

/// The plan needs things that the store has not supplied yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing(pub Vec<Key>);

impl From<Key> for Missing {
    fn from(key: Key) -> Self {
        Self(vec![key])
    }
}

/// One change of a plan.
#[derive(Clone, Debug)]
pub enum Step {
    /// The directory becomes this.
    Directory(Arc<Directory>),
    /// The directory's own schemas become these.
    Schemas(Arc<OwnSchemas>),
    /// What is mapped for the directory becomes this.
    Mapping(Arc<DirectoryMapping>),
    /// The log's head becomes this.
    Head(Head),
    /// The directory gets a token.
    Token(Token),
    /// The request may come again.
    Receipt(Receipt),
    /// The user becomes this, or goes.
    User(LocalId, Option<Arc<User>>),
    /// The group becomes this, or goes.
    Group(LocalId, Option<Arc<Group>>),
    /// The membership begins (true) or ends.
    Membership {
        /// The group.
        group: LocalId,
        /// The user.
        user: LocalId,
        /// Whether there is one now.
        present: bool,
    },
    /// A record is appended to the log.
    Append(Box<Record>),
}

/// What was there and what is there now.
#[derive(Clone, Debug)]
pub struct Changed<T> {
    /// What the store has; `None` where it has nothing.
    pub before: Option<Arc<T>>,
    /// What it must have; `None` where it goes.
    pub after: Option<Arc<T>>,
}

/// The net effect of a batch on one directory, to be written in one transaction.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The directory's row, where it changed.
    pub directory: Option<Changed<Directory>>,
    /// Its own schemas, where they changed.
    pub schemas: Option<Arc<OwnSchemas>>,
    /// What is mapped for it, where that changed.
    pub mapping: Option<Arc<DirectoryMapping>>,
    /// The head of its log, where it moved.
    pub head: Option<Head>,
    /// Tokens to add.
    pub tokens: Vec<Token>,
    /// Receipts to keep.
    pub receipts: Vec<Receipt>,
    /// Users that came, changed or went, by id. To be written as if at once: a name may pass from one to another.
    pub users: BTreeMap<LocalId, Changed<User>>,
    /// Groups that came, changed or went, by id; likewise.
    pub groups: BTreeMap<LocalId, Changed<Group>>,
    /// Memberships, by group and user: whether there is one now.
    pub memberships: BTreeMap<(LocalId, LocalId), bool>,
    /// Records to append, in their order.
    pub records: Vec<Record>,
}

impl Changes {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.directory.is_none() && self.head.is_none() && self.tokens.is_empty() && self.records.is_empty()
    }
}

/// One directory as a batch sees it.
#[derive(Clone, Debug, Default)]
pub struct View {
    directory: Option<Arc<Directory>>,
    /// Whether the store has said which directory there is, if any.
    directory_known: bool,
    schemas: Option<Arc<OwnSchemas>>,
    mapping: Option<Arc<DirectoryMapping>>,
    behind: HashMap<(Kind, LocalId), Vec<LocalId>>,
    head: Head,
    users: HashMap<LocalId, Option<Arc<User>>>,
    user_seqs: HashMap<LocalId, Option<u64>>,
    user_names: HashMap<String, Option<LocalId>>,
    user_external_ids: HashMap<String, Option<LocalId>>,
    groups: HashMap<LocalId, Option<Arc<Group>>>,
    group_names: HashMap<String, Option<LocalId>>,
    group_external_ids: HashMap<String, Option<LocalId>>,
    memberships: HashMap<(LocalId, LocalId), bool>,
    ended: HashMap<OrganizationId, bool>,
    receipts: HashMap<ReceiptKey, bool>,
    /// The lists as the store had them; [`View::groups_of`] and its like lay the batch's own changes over them.
    groups_of: HashMap<LocalId, Vec<LocalId>>,
    members_of: HashMap<LocalId, Vec<LocalId>>,
    first_members_of: HashMap<LocalId, Vec<LocalId>>,
    parents_of: HashMap<LocalId, Vec<LocalId>>,
    changes: Changes,
    /// [`Changes::memberships`] by user and group.
    memberships_by_user: BTreeMap<(LocalId, LocalId), bool>,
}

type Found<T> = Result<T, Missing>;

impl View {
    /// Takes what the store found under `key`. What the batch itself has changed meanwhile wins.
    pub fn supply(&mut self, key: Key, loaded: Loaded) {
        match (key, loaded) {
            (Key::Directory, Loaded::Directory(found)) if !self.directory_known => {
                self.directory_known = true;
                let (directory, head) =
                    found.map_or((None, Head::default()), |(row, head)| (Some(row), head));
                self.directory = directory;
                self.head = head;
            }
            (Key::Schemas, Loaded::Schemas(schemas)) => {
                self.schemas.get_or_insert(schemas);
            }
            (Key::Mapping, Loaded::Mapping(mapping)) => {
                self.mapping.get_or_insert(mapping);
            }
            (Key::Behind(kind, after), Loaded::Ids(ids)) => {
                self.behind.entry((kind, after)).or_insert(ids);
            }
            (Key::User(id), Loaded::User(user)) => {
                self.users.entry(id).or_insert(user);
            }
            (Key::UserSeq(id), Loaded::Seq(seq)) => {
                self.user_seqs.entry(id).or_insert(seq);
            }
            (Key::UserName(name), Loaded::Id(id)) => {
                self.user_names.entry(name).or_insert(id);
            }
            (Key::UserExternalId(name), Loaded::Id(id)) => {
                self.user_external_ids.entry(name).or_insert(id);
            }
            (Key::Group(id), Loaded::Group(group)) => {
                self.groups.entry(id).or_insert(group);
            }
            (Key::GroupName(name), Loaded::Id(id)) => {
                self.group_names.entry(name).or_insert(id);
            }
            (Key::GroupExternalId(name), Loaded::Id(id)) => {
                self.group_external_ids.entry(name).or_insert(id);
            }
            (Key::Membership { group, user }, Loaded::Present(present)) => {
                self.memberships.entry((group, user)).or_insert(present);
            }
            (Key::Ended(organization), Loaded::Present(ended)) => {
                self.ended.entry(organization).or_insert(ended);
            }
            (Key::Receipt(key, _), Loaded::Present(present)) => {
                self.receipts.entry(key).or_insert(present);
            }
            (Key::GroupsOf(user), Loaded::Ids(ids)) => {
                self.groups_of.entry(user).or_insert(ids);
            }
            (Key::MembersOf(group), Loaded::Ids(ids)) => {
                self.members_of.entry(group).or_insert(ids);
            }
            (Key::FirstMembersOf(group), Loaded::Ids(ids)) => {
                self.first_members_of.entry(group).or_insert(ids);
            }
            (Key::ParentsOf(group), Loaded::Ids(ids)) => {
                self.parents_of.entry(group).or_insert(ids);
            }
            // A directory that is known already stays as it is.
            // Invariant: a store answers each key with its own kind. Another kind leaves the key missing, and the
            // lane, which asks only once, reports a fault.
            _ => {}
        }
    }

    /// The directory.
    pub fn directory(&self) -> Found<Option<&Arc<Directory>>> {
        if self.directory_known { Ok(self.directory.as_ref()) } else { Err(Key::Directory.into()) }
    }

    /// The directory's own schemas.
    pub fn schemas(&self) -> Found<&Arc<OwnSchemas>> {
        self.schemas.as_ref().ok_or(Missing::from(Key::Schemas))
    }

    /// What is mapped for the directory.
    pub fn mapping(&self) -> Found<&Arc<DirectoryMapping>> {
        self.mapping.as_ref().ok_or(Missing::from(Key::Mapping))
    }

    /// The first users or groups behind this one, by id, as the store has them.
    pub fn behind(&self, kind: Kind, after: LocalId) -> Found<Vec<LocalId>> {
        self.behind.get(&(kind, after)).cloned().ok_or(Missing::from(Key::Behind(kind, after)))
    }

    /// The head of its log; meaningful once [`View::directory`] answered.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// A user.
    pub fn user(&self, id: LocalId) -> Found<Option<&Arc<User>>> {
        self.users.get(&id).map(Option::as_ref).ok_or(Missing::from(Key::User(id)))
    }

    /// [`View::user`] of many, those left out that are not there; asks for all that are missing at once.
    pub fn users(&self, ids: impl IntoIterator<Item = LocalId>) -> Found<Vec<Arc<User>>> {
        let mut missing = Vec::new();
        let mut users = Vec::new();
        for id in ids {
            match self.user(id) {
                Ok(user) => users.extend(user.cloned()),
                Err(Missing(keys)) => missing.extend(keys),
            }
        }
        if missing.is_empty() { Ok(users) } else { Err(Missing(missing)) }
    }

    /// [`View::users`], of whom [`View::groups_of`] is at hand too.
    pub fn users_with_groups(
        &self,
        ids: impl IntoIterator<Item = LocalId, IntoIter: Clone>,
    ) -> Found<Vec<Arc<User>>> {
        let ids = ids.into_iter();
        let lists = ids.clone().filter(|id| !self.groups_of.contains_key(id)).map(Key::GroupsOf);
        let mut missing: Vec<Key> = lists.collect();
        match self.users(ids) {
            Ok(users) if missing.is_empty() => return Ok(users),
            Ok(_) => {}
            Err(Missing(keys)) => missing.extend(keys),
        }
        Err(Missing(missing))
    }

    /// The number of the last event about a user itself; `None` where there is no such user.
    pub fn user_seq(&self, id: LocalId) -> Found<Option<u64>> {
        match self.users.get(&id) {
            Some(user) => Ok(user.as_ref().map(|user| user.seq)),
            None => self.user_seqs.get(&id).copied().ok_or(Missing::from(Key::UserSeq(id))),
        }
    }

    /// [`View::user_seq`] of many; asks for all that are missing at once.
    pub fn user_seqs(&self, ids: impl IntoIterator<Item = LocalId>) -> Found<Vec<(LocalId, Option<u64>)>> {
        let mut missing = Vec::new();
        let mut seqs = Vec::new();
        for id in ids {
            match self.user_seq(id) {
                Ok(seq) => seqs.push((id, seq)),
                Err(Missing(keys)) => missing.extend(keys),
            }
        }
        if missing.is_empty() { Ok(seqs) } else { Err(Missing(missing)) }
    }

    /// Which user has this userName, as compared.
    pub fn user_named(&self, name: &str) -> Found<Option<LocalId>> {
        self.user_names.get(name).copied().ok_or_else(|| Missing::from(Key::UserName(name.to_owned())))
    }

    /// Which user has this externalId.
    pub fn user_with_external_id(&self, id: &str) -> Found<Option<LocalId>> {
        self.user_external_ids
            .get(id)
            .copied()
            .ok_or_else(|| Missing::from(Key::UserExternalId(id.to_owned())))
    }

    /// A group, ended ones included.
    pub fn group(&self, id: LocalId) -> Found<Option<&Arc<Group>>> {
        self.groups.get(&id).map(Option::as_ref).ok_or(Missing::from(Key::Group(id)))
    }

    /// [`View::group`] of many, those left out that are not there; asks for all that are missing at once.
    pub fn groups(&self, ids: impl IntoIterator<Item = LocalId>) -> Found<Vec<Arc<Group>>> {
        let mut missing = Vec::new();
        let mut groups = Vec::new();
        for id in ids {
            match self.group(id) {
                Ok(group) => groups.extend(group.cloned()),
                Err(Missing(keys)) => missing.extend(keys),
            }
        }
        if missing.is_empty() { Ok(groups) } else { Err(Missing(missing)) }
    }

    /// Which group has this displayName, as compared.
    pub fn group_named(&self, name: &str) -> Found<Option<LocalId>> {
        self.group_names.get(name).copied().ok_or_else(|| Missing::from(Key::GroupName(name.to_owned())))
    }

    /// Which group has this externalId.
    pub fn group_with_external_id(&self, id: &str) -> Found<Option<LocalId>> {
        self.group_external_ids
            .get(id)
            .copied()
            .ok_or_else(|| Missing::from(Key::GroupExternalId(id.to_owned())))
    }

    /// Whether the user is a member of the group.
    pub fn is_member(&self, group: LocalId, user: LocalId) -> Found<bool> {
        self.memberships.get(&(group, user)).copied().ok_or(Missing::from(Key::Membership { group, user }))
    }

    /// Whether this organization was deleted.
    pub fn has_ended(&self, organization: OrganizationId) -> Found<bool> {
        self.ended.get(&organization).copied().ok_or(Missing::from(Key::Ended(organization)))
    }

    /// Whether a request of this name was carried out after this time.
    pub fn has_receipt(&self, key: ReceiptKey, since: Timestamp) -> Found<bool> {
        self.receipts.get(&key).copied().ok_or(Missing::from(Key::Receipt(key, since)))
    }

    /// The groups of a user, ended ones included, by id.
    pub fn groups_of(&self, user: LocalId) -> Found<BTreeSet<LocalId>> {
        let mut groups: BTreeSet<LocalId> = match self.groups_of.get(&user) {
            Some(ids) => ids.iter().copied().collect(),
            None => return Err(Key::GroupsOf(user).into()),
        };
        let own = (user, LocalId(0))..=(user, LocalId(u64::MAX));
        for (&(_, group), &present) in self.memberships_by_user.range(own) {
            if present {
                groups.insert(group)
            } else {
                groups.remove(&group)
            };
        }
        Ok(groups)
    }

    /// The members of a group, by id.
    pub fn members_of(&self, group: LocalId) -> Found<BTreeSet<LocalId>> {
        self.members(group, &self.members_of, Key::MembersOf(group))
    }

    /// The members of a group, by id; not all of them where there are more than [`STEP_LIMIT`].
    pub fn first_members_of(&self, group: LocalId) -> Found<BTreeSet<LocalId>> {
        self.members(group, &self.first_members_of, Key::FirstMembersOf(group))
    }

    /// Whether [`View::first_members_of`] tells all that there are. Where the store's list was cut off, it does not,
    /// however many of those on it the batch has let go meanwhile.
    #[must_use]
    pub fn first_members_are_all(&self, group: LocalId) -> bool {
        self.first_members_of.get(&group).is_some_and(|list| list.len() <= STEP_LIMIT)
    }

    fn members(
        &self,
        group: LocalId,
        lists: &HashMap<LocalId, Vec<LocalId>>,
        key: Key,
    ) -> Found<BTreeSet<LocalId>> {
        let mut members: BTreeSet<LocalId> = match lists.get(&group) {
            Some(ids) => ids.iter().copied().collect(),
            None => return Err(key.into()),
        };
        let own = (group, LocalId(0))..=(group, LocalId(u64::MAX));
        for (&(_, user), &present) in self.changes.memberships.range(own) {
            if present {
                members.insert(user)
            } else {
                members.remove(&user)
            };
        }
        Ok(members)
    }

    /// The groups of which this group is a member, by id.
    pub fn parents_of(&self, group: LocalId) -> Found<BTreeSet<LocalId>> {
        let mut parents: BTreeSet<LocalId> = match self.parents_of.get(&group) {
            Some(ids) => ids.iter().copied().collect(),
            None => return Err(Key::ParentsOf(group).into()),
        };
        for (&parent, changed) in &self.changes.groups {
            let holds =
                changed.after.as_ref().is_some_and(|row| !row.is_ended() && row.nested.contains(&group));
            if holds {
                parents.insert(parent)
            } else {
                parents.remove(&parent)
            };
        }
        Ok(parents)
    }

    /// Lays a plan over what is there. What it changes is there for the commands that follow.
    pub fn apply(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Directory(directory) => {
                    let before = self.directory.replace(directory.clone());
                    let before = self.changes.directory.take().map_or(before, |changed| changed.before);
                    self.changes.directory = Some(Changed { before, after: Some(directory) });
                }
                Step::Schemas(schemas) => {
                    self.changes.schemas = Some(schemas.clone());
                    self.schemas = Some(schemas);
                }
                Step::Mapping(mapping) => {
                    self.changes.mapping = Some(mapping.clone());
                    self.mapping = Some(mapping);
                }
                Step::Head(head) => {
                    self.changes.head = Some(head.clone());
                    self.head = head;
                }
                Step::Token(token) => self.changes.tokens.push(token),
                Step::Receipt(receipt) => {
                    self.receipts.insert(receipt.key, true);
                    self.changes.receipts.push(receipt);
                }
                Step::User(id, after) => self.apply_user(id, after),
                Step::Group(id, after) => self.apply_group(id, after),
                Step::Membership { group, user, present } => {
                    self.memberships.insert((group, user), present);
                    self.changes.memberships.insert((group, user), present);
                    self.memberships_by_user.insert((user, group), present);
                }
                Step::Append(record) => self.changes.records.push(*record),
            }
        }
    }

    fn apply_user(&mut self, id: LocalId, after: Option<Arc<User>>) {
        let before = self.users.get(&id).cloned().flatten();
        if let Some(user) = &before {
            free(&mut self.user_names, Some(user.user_name_key()), id);
            free(&mut self.user_external_ids, user.external_id_key(), id);
        }
        if let Some(user) = &after {
            self.user_names.insert(user.user_name_key(), Some(id));
            if let Some(external_id) = user.external_id_key() {
                self.user_external_ids.insert(external_id, Some(id));
            }
        }
        if before.is_none() {
            // A new user has no groups: whoever asks need not ask the store.
            self.groups_of.entry(id).or_default();
        }
        record_change(&mut self.changes.users, id, before, after.clone());
        self.users.insert(id, after);
    }

    fn apply_group(&mut self, id: LocalId, after: Option<Arc<Group>>) {
        let before = self.groups.get(&id).cloned().flatten();
        if let Some(group) = before.as_ref().filter(|group| !group.is_ended()) {
            free(&mut self.group_names, Some(group.display_name_key()), id);
            free(&mut self.group_external_ids, group.external_id_key(), id);
        }
        if let Some(group) = after.as_ref().filter(|group| !group.is_ended()) {
            self.group_names.insert(group.display_name_key(), Some(id));
            if let Some(external_id) = group.external_id_key() {
                self.group_external_ids.insert(external_id, Some(id));
            }
        }
        if before.is_none() {
            self.members_of.entry(id).or_default();
            self.first_members_of.entry(id).or_default();
            self.parents_of.entry(id).or_default();
        }
        record_change(&mut self.changes.groups, id, before, after.clone());
        self.groups.insert(id, after);
    }

    /// What the batch has changed, to be written.
    #[must_use]
    pub fn into_changes(self) -> Changes {
        self.changes
    }
}

/// Notes a change, keeping what the store has as `before`; what came and went within the batch leaves nothing.
fn record_change<T>(
    changes: &mut BTreeMap<LocalId, Changed<T>>,
    id: LocalId,
    before: Option<Arc<T>>,
    after: Option<Arc<T>>,
) {
    let before = changes.remove(&id).map_or(before, |changed| changed.before);
    if before.is_some() || after.is_some() {
        changes.insert(id, Changed { before, after });
    }
}

/// A name is free once its owner gives it up. Where several share it, it stays the other's that is known to have it.
fn free(names: &mut HashMap<String, Option<LocalId>>, name: Option<String>, owner: LocalId) {
    if let Some(name) = name {
        let known = names.entry(name).or_insert(None);
        if *known == Some(owner) {
            *known = None;
        }
    }
}
