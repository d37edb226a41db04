//! What the cases are written with: a directory under test, its commands in one word each, and checks of what every
//! case must leave behind.

use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use lockstep_core::batch::Answer;
use lockstep_core::clock::{Clock, Random, Sequence, Timestamp};
use lockstep_core::command::{Command, Envelope, Outcome, Refusal, Reply, Terms};
use lockstep_core::credential_header::CredentialHeader;
use lockstep_core::event::{Change, EventType};
use lockstep_core::id::{
    ApiKeyId, DirectoryId, DirectoryNumber, GroupId, LocalId, OrganizationId, RequestId, TokenId, UserId,
};
use lockstep_core::mapping::{
    AttributeType, Attributes, DirectoryMapping, MappingChange, STANDARD_VERSION, StandardAttribute,
};
use lockstep_core::model::{ApiKey, Directory, DirectoryState, Group, Organization, Token, User};
use lockstep_core::query::Lookup;
use lockstep_core::recognition::Recognition;
use lockstep_core::rules::Rules;
use lockstep_core::settings::Settings;
use lockstep_core::version::{GroupOfUser, Precondition};
use lockstep_core::written::Written;
use lockstep_scim::patch::{self, Patch};
use lockstep_scim::resource::{self, ReadOptions};
use lockstep_scim::{Definition, Limits, Object};
use serde_json::{Value, json};

use crate::{
    DirectoryQuery, EventQuery, EventScope, EventView, Page, Position, RandomFactory, ShownUsers, Store,
    UserView, Work,
};

/// 2026-11-21T00:00:00Z.
pub const START: Timestamp = Timestamp(1_795_219_200_000_000);

/// A clock that moves on by a millisecond each time it is read.
#[derive(Debug)]
pub struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1_000, Ordering::Relaxed))
    }
}

/// What a backend is opened with.
#[derive(Clone)]
pub struct Handles {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes randomness.
    pub random: RandomFactory,
}

impl Handles {
    /// Handles that give the same to every store opened with handles made alike.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let count = AtomicU64::new(seed.wrapping_mul(1_000_003));
        let random: RandomFactory = Arc::new(move || -> Box<dyn Random> {
            Box::new(Sequence::from_seed(count.fetch_add(1, Ordering::Relaxed)))
        });
        Self { clock: Arc::new(Ticking(AtomicI64::new(START.0))), random }
    }
}

/// What the contract of every directory here maps by itself.
pub const STANDARD: &[StandardAttribute] = &[StandardAttribute {
    name: "job_title",
    paths: &["title"],
    attribute_type: AttributeType::String,
    members: &[],
}];

/// A directory under test.
#[derive(Clone)]
pub struct Tenant<S> {
    /// The store.
    pub store: S,
    /// Its number.
    pub number: DirectoryNumber,
    terms: Arc<Terms>,
    requests: Arc<Mutex<u128>>,
}

/// An organization with this number.
#[must_use]
pub fn organization(number: u128) -> Organization {
    Organization {
        id: OrganizationId(number),
        name: format!("Organization {number}"),
        external_id: None,
        metadata: std::collections::BTreeMap::new(),
        domains: Vec::new(),
        allow_profiles_outside_organization: false,
        stripe_customer_id: None,
        created_at: START,
        updated_at: START,
    }
}

/// What makes a directory whose organization maps nothing.
#[must_use]
pub fn creation(directory: Directory, token: Token) -> Command {
    Command::CreateDirectory(Box::new((directory, token).into()))
}

/// A bearer token with this number.
#[must_use]
pub fn token(number: u8) -> Token {
    Token::unrestricted(TokenId(u128::from(number)), [number; 32], START)
}

/// An API key with this number, from which nothing is kept.
#[must_use]
pub fn api_key(number: u8) -> ApiKey {
    ApiKey::unrestricted(ApiKeyId(u128::from(number)), [number; 32], START)
}

/// A directory's row; its `local` part is the number too.
#[must_use]
pub fn row(number: u32) -> Directory {
    Directory {
        id: DirectoryId { directory: DirectoryNumber(number), local: LocalId(u64::from(number)) },
        organization: OrganizationId(1),
        name: format!("Directory {number}"),
        directory_type: "generic scim v2.0".into(),
        contract: "generic".into(),
        state: DirectoryState::Linked,
        settings: Settings::default(),
        credential_header: CredentialHeader::default(),
        terms_version: 0,
        recognition: Recognition::default(),
        sweep: None,
        maps_roles: false,
        standard_version: STANDARD_VERSION,
        created_at: START,
        updated_at: START,
    }
}

impl<S: Store> Tenant<S> {
    /// Makes the directory with this number (below 200), its token too.
    pub async fn create(store: &S, number: u8) -> Self {
        Self::create_with(store, row(number.into()), token(number), Rules::default()).await
    }

    /// Makes a directory.
    pub async fn create_with(store: &S, row: Directory, token: Token, rules: Rules) -> Self {
        let tenant = Self::of(store, row.id.directory, rules);
        tenant.must(creation(row, token)).await;
        tenant
    }

    /// A directory that exists, or not.
    pub fn of(store: &S, number: DirectoryNumber, rules: Rules) -> Self {
        let attributes = Attributes::of(STANDARD, &DirectoryMapping::default());
        let terms = Arc::new(Terms::new(rules).with_attributes(attributes));
        Self { store: store.clone(), number, terms, requests: Arc::default() }
    }

    /// The same directory, asked under the terms that its row says.
    #[must_use]
    pub async fn with_terms_of(&self, directory: &Directory) -> Self {
        let schemas = self.store.schemas(directory.id.directory).await.unwrap();
        let mapping = self.store.mapping(directory.id.directory).await.unwrap();
        let attributes = Attributes::of(STANDARD, &mapping);
        let terms = Terms::of(directory, self.terms.rules.clone(), &schemas).with_attributes(attributes);
        Self { terms: Arc::new(terms), ..self.clone() }
    }

    /// The same directory, asked under the terms that it has now.
    pub async fn fresh(&self) -> Self {
        let (directory, _) = self.store.directory(self.number).await.unwrap().unwrap();
        self.with_terms_of(&directory).await
    }

    /// The command in an envelope.
    pub fn envelope(&self, command: Command) -> Envelope {
        let mut requests = self.requests.lock().unwrap();
        *requests += 1;
        Envelope { directory: self.number, request: RequestId(*requests), terms: self.terms.clone(), command }
    }

    /// Submits a command to a store that must work.
    pub async fn submit(&self, command: Command) -> Answer {
        self.store.submit(self.envelope(command)).await.unwrap()
    }

    /// Submits a command that must not be refused.
    pub async fn must(&self, command: Command) -> Outcome {
        self.submit(command).await.unwrap()
    }

    /// Makes a user of a body.
    pub async fn create_user_of(&self, body: Value) -> Arc<User> {
        user_in(self.must(Command::CreateUser(object(body))).await)
    }

    /// Makes a user with this userName.
    pub async fn create_user(&self, name: &str) -> Arc<User> {
        self.create_user_of(user_body(name)).await
    }

    /// Makes so many users, a batch at a time, by id.
    pub async fn create_users(&self, count: usize) -> Vec<LocalId> {
        self.create_users_named("user", count).await
    }

    /// Makes so many users whose names begin alike, by id.
    pub async fn create_users_named(&self, prefix: &str, count: usize) -> Vec<LocalId> {
        let names = (0..count).map(|index| format!("{prefix}{index:05}"));
        let created = together(names.map(|name| {
            let tenant = self.clone();
            async move { tenant.create_user(&name).await.id }
        }))
        .await;
        let mut ids = created;
        ids.sort_unstable();
        ids
    }

    /// A PATCH of a user.
    pub async fn patch_user(&self, id: LocalId, operations: Value) -> Answer {
        let patch = self.user_patch(&operations);
        self.submit(Command::PatchUser(id, patch, Precondition::None)).await
    }

    /// Deletes a user.
    pub async fn delete_user(&self, id: LocalId) -> Answer {
        self.submit(Command::DeleteUser(id, Precondition::None)).await
    }

    /// Makes a group of a body.
    pub async fn create_group_of(&self, body: Value) -> Arc<Group> {
        group_in(self.must(Command::CreateGroup(object(body))).await)
    }

    /// Makes a group with these members.
    pub async fn create_group(&self, name: &str, members: &[LocalId]) -> Arc<Group> {
        let members = self.members(members);
        self.create_group_of(json!({ "displayName": name, "members": members })).await
    }

    /// A PATCH of a group.
    pub async fn patch_group(&self, id: LocalId, operations: Value) -> Answer {
        let patch = self.group_patch(&operations);
        self.submit(Command::PatchGroup(id, patch, Precondition::None)).await
    }

    /// Lets users join a group.
    pub async fn add_members(&self, group: LocalId, users: &[LocalId]) -> Answer {
        let members = self.members(users);
        self.patch_group(group, json!([{ "op": "add", "path": "members", "value": members }])).await
    }

    /// Lets a user leave a group.
    pub async fn remove_member(&self, group: LocalId, user: LocalId) -> Answer {
        let path = format!("members[value eq \"{}\"]", self.user_id(user));
        self.patch_group(group, json!([{ "op": "remove", "path": path }])).await
    }

    /// Deletes a group.
    pub async fn delete_group(&self, id: LocalId) -> Answer {
        self.submit(Command::DeleteGroup(id, Precondition::None)).await
    }

    /// Parses the operations of a PATCH of a user.
    pub fn user_patch(&self, operations: &Value) -> Patch {
        let raw = json!({ "schemas": [patch::PATCH_OP_URN], "Operations": operations });
        patch::parse(&raw, &self.terms.user, &self.terms.rules.patch, &Limits::default()).unwrap()
    }

    /// Parses the operations of a PATCH of a group.
    pub fn group_patch(&self, operations: &Value) -> Patch {
        let raw = json!({ "schemas": [patch::PATCH_OP_URN], "Operations": operations });
        patch::parse(&raw, &self.terms.group, &self.terms.rules.patch, &Limits::default()).unwrap()
    }

    /// The written form of a user's id.
    pub fn user_id(&self, local: LocalId) -> String {
        UserId { directory: self.number, local }.to_string()
    }

    /// The written form of a group's id.
    pub fn group_id(&self, local: LocalId) -> String {
        GroupId { directory: self.number, local }.to_string()
    }

    /// Users as a body's members.
    pub fn members(&self, users: &[LocalId]) -> Value {
        users.iter().map(|user| json!({ "value": self.user_id(*user) })).collect()
    }

    /// A user that must be there.
    pub async fn user(&self, id: LocalId) -> UserView {
        self.store.user(self.number, id).await.unwrap().unwrap()
    }

    /// The members of a group that must be there.
    pub async fn members_of(&self, group: LocalId) -> Vec<LocalId> {
        self.store.group(self.number, group, true).await.unwrap().unwrap().members.unwrap()
    }

    /// The ids of the users that a lookup gives.
    pub async fn users_by(&self, lookup: Lookup) -> Vec<LocalId> {
        let found = self.store.users(self.number, lookup, Page::first(10_000)).await.unwrap();
        found.into_iter().map(|view| view.user.id).collect()
    }

    /// The ids of the groups that a lookup gives.
    pub async fn groups_by(&self, lookup: Lookup) -> Vec<LocalId> {
        let found = self.store.groups(self.number, lookup, Page::first(10_000), false).await.unwrap();
        found.into_iter().map(|view| view.group.id).collect()
    }

    /// All events of this directory.
    pub async fn events(&self) -> Vec<EventView> {
        let query = EventQuery {
            scope: EventScope::Directory(self.number),
            limit: usize::MAX,
            ..EventQuery::default()
        };
        self.store.events(query).await.unwrap()
    }

    /// The kinds of all events of this directory.
    pub async fn event_types(&self) -> Vec<EventType> {
        self.events().await.iter().map(|event| event.record.event_type()).collect()
    }

    /// The number of the last event.
    pub async fn last_seq(&self) -> u64 {
        self.store.directory(self.number).await.unwrap().map_or(0, |(_, head)| head.last_seq)
    }

    /// Hands what an organization maps to all its directories.
    pub async fn spread_mapping(&self, id: OrganizationId) {
        let known = self.store.organization_mapping(id).await.unwrap();
        let own = DirectoryQuery { organizations: Some(vec![id]), search: None };
        for (directory, _) in self.store.directories(own, Page::first(usize::MAX)).await.unwrap() {
            let other = Tenant { number: directory.id.directory, ..self.clone() };
            let change = MappingChange::Organization(known.attributes.clone());
            other.must(Command::ChangeMapping(Box::new(change))).await;
        }
        self.store.note_mapping_spread(id, known.version).await.unwrap();
    }

    /// Goes on with what was begun until nothing is left; how many steps that took.
    pub async fn work_off(&self, limit: usize) -> usize {
        let mut steps = 0;
        loop {
            let work = self.store.work(10).await.unwrap();
            let Some(first) = work.first() else { return steps };
            steps += 1;
            match *first {
                Work::EndGroup(number, id) => {
                    let other = Tenant { number, ..self.clone() };
                    other.must(Command::EndGroup(id)).await;
                }
                Work::Sweep(number) => {
                    let (directory, _) = self.store.directory(number).await.unwrap().unwrap();
                    let other = Tenant { number, ..self.clone() }.with_terms_of(&directory).await;
                    other.must(Command::Sweep).await;
                }
                Work::SpreadMapping(id) => self.spread_mapping(id).await,
                Work::Reproject(number) => {
                    let other = Tenant { number, ..self.clone() };
                    other.must(Command::Reproject).await;
                }
                Work::Clear(number) => {
                    self.store.clear(number, limit).await.unwrap();
                }
                Work::EndOrganization(id, _) => {
                    let query = DirectoryQuery { organizations: Some(vec![id]), search: None };
                    for (row, _) in self.store.directories(query, Page::first(limit)).await.unwrap() {
                        let other = Tenant { number: row.id.directory, ..self.clone() };
                        other.must(Command::DeleteDirectory).await;
                    }
                    self.store.clear_organization(id).await.unwrap();
                }
            }
        }
    }
}

/// The body of a user with nothing but a userName.
#[must_use]
pub fn user_body(name: &str) -> Value {
    json!({ "userName": name })
}

/// A body as `lockstep_scim` accepts it: a user's where it has a userName, else a group's.
#[must_use]
pub fn object(body: Value) -> Object {
    let definition = if body.get("userName").is_some() { Definition::user() } else { Definition::group() };
    let options = ReadOptions::default();
    resource::read(body, &definition, &options, &Limits::default()).unwrap().object
}

/// The user that an answer holds.
#[must_use]
pub fn user_in(outcome: Outcome) -> Arc<User> {
    match outcome.reply {
        Reply::User(user) => user,
        other => panic!("not a user: {other:?}"),
    }
}

/// The group that an answer holds.
#[must_use]
pub fn group_in(outcome: Outcome) -> Arc<Group> {
    match outcome.reply {
        Reply::Group(group) => group,
        other => panic!("not a group: {other:?}"),
    }
}

/// The status of a refusal.
#[track_caller]
#[must_use]
pub fn status(answer: &Answer) -> u16 {
    match answer {
        Err(Refusal::Scim(error)) => error.status,
        other => panic!("not refused by SCIM: {other:?}"),
    }
}

/// Runs futures at the same time, on all threads; what they gave, in their order.
pub async fn together<F>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let tasks: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
    let mut found = Vec::new();
    for task in tasks {
        found.push(task.await.unwrap());
    }
    found
}

/// Everything that can be read of a store, so that two of them can be compared.
pub async fn dump<S: Store>(store: &S) -> String {
    let mut out = String::new();
    for number in store.directory_numbers().await.unwrap() {
        writeln!(out, "{:#?}", store.directory(number).await.unwrap()).unwrap();
        for view in store.users(number, Lookup::All, Page::first(usize::MAX)).await.unwrap() {
            writeln!(out, "{view:?}").unwrap();
        }
        for view in store.groups(number, Lookup::All, Page::first(usize::MAX), true).await.unwrap() {
            writeln!(out, "{view:?}").unwrap();
        }
    }
    let all = EventQuery { after: Position(0), limit: usize::MAX, ..EventQuery::default() };
    for event in store.events(all).await.unwrap() {
        writeln!(out, "{event:?}").unwrap();
    }
    out
}

/// What is wrong with a directory.
pub async fn verify<S: Store>(store: &S, number: DirectoryNumber) -> Vec<String> {
    store.verify(number, |_| Some(STANDARD)).await.unwrap()
}

/// Users that were read to be passed on, as those that were read whole; they must have had these attributes before.
pub fn whole(shown: &ShownUsers, attributes: &[&str]) -> Vec<UserView> {
    let groups = |ids: &[LocalId]| ids.iter().map(|id| GroupOfUser::from(&shown.groups[id])).collect();
    let users = shown.users.iter().map(|user| {
        let doc = whole_doc(&user.user.doc, user.written.as_ref(), attributes);
        UserView { user: User { doc, ..user.user.clone() }, groups: groups(&user.groups) }
    });
    users.collect()
}

/// An event that was read to be passed on, as one that was read whole.
pub fn whole_event(mut event: EventView, attributes: &[&str]) -> EventView {
    let records = [Some(&mut event.record), event.user.as_mut(), event.group.as_mut()];
    for record in records.into_iter().flatten() {
        if let Change::User(_, _, told) | Change::Group(_, _, told) = &mut record.change {
            told.doc = whole_doc(&told.doc, told.written.as_ref(), attributes);
            told.written = None;
        }
    }
    event
}

fn whole_doc(doc: &Object, written: Option<&Written>, attributes: &[&str]) -> Object {
    let Some(written) = written else { return doc.clone() };
    let whole = written.object().unwrap();
    let read: Object =
        whole.clone().into_iter().filter(|(name, _)| attributes.contains(&name.as_str())).collect();
    assert_eq!(*doc, read);
    whole
}

/// What holds after every case: each directory's rows are what its log tells, numbers are dense, positions grow.
pub async fn check<S: Store>(store: &S) {
    for number in store.directory_numbers().await.unwrap() {
        assert_eq!(verify(store, number).await, Vec::<String>::new(), "directory {}", number.0);
    }
    let all = EventQuery { limit: usize::MAX, ..EventQuery::default() };
    let events = store.events(all).await.unwrap();
    let mut last: std::collections::BTreeMap<DirectoryNumber, u64> = std::collections::BTreeMap::new();
    let mut position = Position(0);
    for event in &events {
        assert!(event.position > position, "positions grow");
        position = event.position;
        let seq = last.entry(event.record.directory).or_default();
        assert_eq!(event.record.seq, *seq + 1, "numbers are dense");
        *seq = event.record.seq;
    }
    for number in store.directory_numbers().await.unwrap() {
        let (_, head) = store.directory(number).await.unwrap().unwrap();
        assert_eq!(last.get(&number).copied().unwrap_or(0), head.last_seq, "the head tells the last number");
    }
}
