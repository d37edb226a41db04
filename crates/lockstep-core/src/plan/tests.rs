//! The promises of the planner, on a world of maps: commands in, answers and log out, and the log always replays to
//! the rows.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_scim::patch::{self, Patch};
use lockstep_scim::{Limits, Object};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::batch::{Answer, Batch, Progress};
use crate::clock::{Sequence, Timestamp};
use crate::command::{NewDirectory, Terms};
use crate::credential_header::CredentialHeader;
use crate::event::EventType;
use crate::id::{DirectoryId, DirectoryNumber, GroupId, OrganizationId, RequestId, TokenId, UserId};
use crate::limits::RESOURCE_BYTES_LIMIT;
use crate::mapping::{AttributeType, Attributes, DirectoryMapping, STANDARD_VERSION, StandardAttribute};
use crate::model::{Group, Token, User};
use crate::query::Kind;
use crate::recognition::Recognition;
use crate::rules::Rules;
use crate::schemas::OwnSchemas;
use crate::settings::Settings;
use crate::verify::{Rows, Verifier};
use crate::version;
use crate::view::{Changes, Loaded};

mod bulk;
mod policies;

const DIRECTORY: DirectoryNumber = DirectoryNumber(7);

/// What the contract maps by itself.
const STANDARD: &[StandardAttribute] = &[StandardAttribute {
    name: "job_title",
    paths: &["title"],
    attribute_type: AttributeType::String,
    members: &[],
}];

mod mapping;
mod projection;
mod schemas;
mod terms;

/// A directory as maps: the smallest store there can be.
#[derive(Default)]
struct World {
    directory: Option<Arc<Directory>>,
    head: Head,
    users: BTreeMap<LocalId, Arc<User>>,
    groups: BTreeMap<LocalId, Arc<Group>>,
    memberships: BTreeSet<(LocalId, LocalId)>,
    log: Vec<Record>,
    now: i64,
    rules: Rules,
    schemas: Arc<OwnSchemas>,
    mapping: Arc<DirectoryMapping>,
    /// What was asked for.
    loaded: BTreeSet<Key>,
}

impl World {
    fn new() -> Self {
        let mut world = Self { now: 1_000_000, ..Self::default() };
        let directory = Directory {
            id: DirectoryId { directory: DIRECTORY, local: LocalId(1) },
            organization: OrganizationId(1),
            name: "Directory".into(),
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
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        let token = Token::unrestricted(TokenId(1), [0; 32], Timestamp(0));
        world.one(Command::CreateDirectory(Box::new((directory, token).into()))).unwrap();
        world
    }

    fn one(&mut self, command: Command) -> Answer {
        self.all(vec![command]).remove(0)
    }

    /// What holds now.
    fn terms(&self) -> Terms {
        let terms = match &self.directory {
            None => Terms::new(self.rules.clone()),
            Some(directory) => Terms::of(directory, self.rules.clone(), &self.schemas),
        };
        terms.with_attributes(Attributes::of(STANDARD, &self.mapping))
    }

    /// Makes rows and log what a version left that could not map anything.
    fn forget_projections(&mut self) {
        if let Some(directory) = &mut self.directory {
            Arc::make_mut(directory).standard_version = 0;
        }
        for user in self.users.values_mut() {
            Arc::make_mut(user).projection = None;
        }
        for record in &mut self.log {
            if let Change::User(_, _, told) = &mut record.change {
                (told.projection, told.projection_before) = (None, None);
            }
        }
    }

    /// Carries commands out in one batch.
    fn all(&mut self, commands: Vec<Command>) -> Vec<Answer> {
        self.now += 1_000;
        let terms = Arc::new(self.terms());
        let envelope =
            |command| Envelope { directory: DIRECTORY, request: RequestId(9), terms: terms.clone(), command };
        self.carry_out(commands.into_iter().map(envelope).collect())
    }

    /// Carries commands out in one batch, each under the terms under which it was read.
    fn carry_out(&mut self, envelopes: Vec<Envelope>) -> Vec<Answer> {
        let random = Box::new(Sequence::from_seed(self.now.unsigned_abs()));
        let mut batch = Batch::new(envelopes, Timestamp(self.now), random);
        while let Progress::Need(keys) = batch.advance() {
            for (directory, key) in keys {
                let loaded = self.load(&key);
                self.loaded.insert(key.clone());
                batch.supply(directory, key, loaded);
            }
        }
        let (changes, answers) = batch.finish();
        for (_, changes) in changes {
            self.write(changes);
        }
        answers
    }

    fn load(&self, key: &Key) -> Loaded {
        let group_by = |matches: &dyn Fn(&Group) -> bool| {
            self.groups.values().find(|group| !group.is_ended() && matches(group)).map(|group| group.id)
        };
        let user_by = |matches: &dyn Fn(&User) -> bool| {
            self.users.values().find(|user| matches(user)).map(|user| user.id)
        };
        match key {
            Key::Directory => Loaded::Directory(self.directory.clone().map(|row| (row, self.head.clone()))),
            Key::Schemas => Loaded::Schemas(self.schemas.clone()),
            Key::Mapping => Loaded::Mapping(self.mapping.clone()),
            Key::Behind(kind, after) => {
                let ids: Vec<LocalId> = match kind {
                    Kind::User => self.users.keys().copied().collect(),
                    Kind::Group => self.groups.keys().copied().collect(),
                };
                let behind = ids.into_iter().filter(|id| id > after);
                Loaded::Ids(behind.take(crate::limits::SWEEP_STEP_LIMIT).collect())
            }
            Key::User(id) => Loaded::User(self.users.get(id).cloned()),
            Key::UserSeq(id) => Loaded::Seq(self.users.get(id).map(|user| user.seq)),
            Key::UserName(name) => Loaded::Id(user_by(&|user| user.user_name_key() == *name)),
            Key::UserExternalId(id) => Loaded::Id(user_by(&|user| user.external_id() == Some(id))),
            Key::Group(id) => Loaded::Group(self.groups.get(id).cloned()),
            Key::GroupName(name) => Loaded::Id(group_by(&|group| group.display_name_key() == *name)),
            Key::GroupExternalId(id) => Loaded::Id(group_by(&|group| group.external_id() == Some(id))),
            Key::Ended(_) | Key::Receipt(..) => Loaded::Present(false),
            Key::Membership { group, user } => Loaded::Present(self.memberships.contains(&(*group, *user))),
            Key::GroupsOf(user) => Loaded::Ids(
                self.memberships.iter().filter(|pair| pair.1 == *user).map(|pair| pair.0).collect(),
            ),
            Key::MembersOf(group) => Loaded::Ids(self.members(*group)),
            Key::FirstMembersOf(group) => {
                let mut members = self.members(*group);
                members.truncate(crate::limits::STEP_LIMIT + 1);
                Loaded::Ids(members)
            }
            Key::ParentsOf(child) => Loaded::Ids(
                self.groups
                    .values()
                    .filter(|group| group.nested.contains(child))
                    .map(|group| group.id)
                    .collect(),
            ),
        }
    }

    fn members(&self, group: LocalId) -> Vec<LocalId> {
        self.memberships.iter().filter(|pair| pair.0 == group).map(|pair| pair.1).collect()
    }

    fn write(&mut self, changes: Changes) {
        if let Some(changed) = changes.directory {
            self.directory = changed.after;
        }
        self.schemas = changes.schemas.unwrap_or(self.schemas.clone());
        self.mapping = changes.mapping.unwrap_or(self.mapping.clone());
        self.head = changes.head.unwrap_or(self.head.clone());
        for (id, changed) in changes.users {
            match changed.after {
                Some(user) => self.users.insert(id, user),
                None => self.users.remove(&id),
            };
        }
        for (id, changed) in changes.groups {
            match changed.after {
                Some(group) => self.groups.insert(id, group),
                None => self.groups.remove(&id),
            };
        }
        for (pair, present) in changes.memberships {
            if present {
                self.memberships.insert(pair)
            } else {
                self.memberships.remove(&pair)
            };
        }
        self.log.extend(changes.records);
    }

    /// What is wrong: nothing, at any moment.
    fn findings(&self) -> Vec<String> {
        let mut verifier = Verifier::default();
        self.log.iter().for_each(|record| verifier.record(record));
        verifier.finish(Rows {
            directory: Directory::clone(self.directory.as_ref().unwrap()),
            mapping: DirectoryMapping::clone(&self.mapping),
            standard: Some(STANDARD),
            head: self.head.clone(),
            users: self.users.values().map(|user| (**user).clone()).collect(),
            groups: self.groups.values().map(|group| (**group).clone()).collect(),
            memberships: self.memberships.iter().copied().collect(),
        })
    }

    fn events(&self) -> Vec<EventType> {
        self.log.iter().map(Record::event_type).collect()
    }

    fn user(&mut self, name: &str) -> LocalId {
        match self.one(Command::CreateUser(user(name))).unwrap().reply {
            Reply::User(user) => user.id,
            other => panic!("{other:?}"),
        }
    }

    fn group(&mut self, name: &str, members: &[LocalId]) -> LocalId {
        match self.one(Command::CreateGroup(group(name, members))).unwrap().reply {
            Reply::Group(group) => group.id,
            other => panic!("{other:?}"),
        }
    }
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn user(name: &str) -> Object {
    object(json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name}))
}

fn member(id: LocalId) -> Value {
    json!({"value": UserId { directory: DIRECTORY, local: id }.to_string()})
}

fn group(name: &str, members: &[LocalId]) -> Object {
    let members: Vec<Value> = members.iter().map(|id| member(*id)).collect();
    let mut group = object(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name,
    }));
    if !members.is_empty() {
        group.insert("members".into(), Value::Array(members));
    }
    group
}

fn patch(kind: &lockstep_scim::Definition, operations: Value) -> Patch {
    let raw = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    patch::parse(&raw, kind, &Rules::default().patch, &Limits::default()).unwrap()
}

fn patch_user(id: LocalId, operations: Value) -> Command {
    Command::PatchUser(id, patch(&lockstep_scim::Definition::user(), operations), Precondition::None)
}

fn patch_group(id: LocalId, operations: Value) -> Command {
    Command::PatchGroup(id, patch(&lockstep_scim::Definition::group(), operations), Precondition::None)
}

#[track_caller]
fn refused(answer: &Answer, status: u16) {
    match answer {
        Err(Refusal::Scim(error)) => assert_eq!(error.status, status, "{error}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_directory_begins_its_log_with_activated() {
    let world = World::new();
    assert_eq!(world.events(), [EventType::Activated]);
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn one_user_name_makes_one_user_whatever_its_letter_case() {
    let mut world = World::new();
    let answers = world.all(vec![
        Command::CreateUser(user("Straße@example.com")),
        Command::CreateUser(user("STRASSE@EXAMPLE.COM")),
        Command::CreateUser(user("other@example.com")),
    ]);
    assert!(answers[0].is_ok());
    refused(&answers[1], 409);
    assert!(answers[2].is_ok(), "a refused command leaves the others in its batch alone");
    assert_eq!(world.users.len(), 2);
    assert_eq!(world.head.last_seq, 3, "what was refused took no number");
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn a_patch_that_changes_nothing_makes_no_event_no_version_and_no_timestamp() {
    let mut world = World::new();
    let id = world.user("ann@example.com");
    let before = world.users[&id].clone();
    let outcome = world
        .one(patch_user(id, json!([{"op": "replace", "path": "userName", "value": "ann@example.com"}])))
        .unwrap();
    assert_eq!(outcome.events, 0);
    assert_eq!(world.users[&id], before);
    assert_eq!(world.head.last_seq, 2);
}

#[test]
fn a_patch_is_all_or_nothing() {
    let mut world = World::new();
    let id = world.user("ann@example.com");
    world.user("bob@example.com");
    let before = world.users[&id].clone();
    let answer = world.one(patch_user(
        id,
        json!([
            {"op": "replace", "path": "displayName", "value": "Ann"},
            {"op": "replace", "path": "userName", "value": "BOB@example.com"},
        ]),
    ));
    refused(&answer, 409);
    assert_eq!(world.users[&id], before);
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn an_add_that_selects_nothing_passes_only_where_all_else_is_right() {
    for (strict, expected) in [
        (true, (400, Some(lockstep_scim::ScimType::NoTarget))),
        (false, (409, Some(lockstep_scim::ScimType::Uniqueness))),
    ] {
        let mut world = World::new();
        world.rules.refusals_are_strict = strict;
        let ann = world.user("ann");
        world.user("bob");
        let add = json!({"op": "add", "path": "emails[type eq \"work\"].value", "value": "ann@example.com"});
        let take = json!({"op": "replace", "path": "userName", "value": "bob"});
        let answer = world.one(patch_user(ann, json!([take, add])));
        let Err(Refusal::Scim(error)) = answer else { panic!("{answer:?}") };
        assert_eq!((error.status, error.scim_type), expected);
        assert!(world.one(patch_user(ann, json!([add]))).is_ok());
    }
}

#[test]
fn an_update_tells_what_was_before() {
    let mut world = World::new();
    let id = world.user("ann@example.com");
    world
        .one(patch_user(id, json!([{"op": "replace", "value": {"active": false, "title": "Head"}}])))
        .unwrap();
    let Change::User(EventType::UserUpdated, _, told) = &world.log[2].change else {
        panic!("{:?}", world.log[2])
    };
    assert_eq!(told.before, object(json!({"active": true, "title": null})));
    assert_eq!(told.doc["active"], json!(false));
    assert_eq!((world.head.users_active, world.head.users_inactive), (0, 1));
}

#[test]
fn names_pass_from_one_user_to_another_within_a_batch() {
    let mut world = World::new();
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let rename = |id, name| patch_user(id, json!([{"op": "replace", "path": "userName", "value": name}]));
    let answers = world.all(vec![rename(ann, "spare"), rename(bob, "ann"), rename(ann, "bob")]);
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!((world.users[&ann].user_name(), world.users[&bob].user_name()), ("bob", "ann"));
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn taking_active_away_never_lets_a_leaver_in() {
    for (kept, active) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut world = World::new();
        world.rules.active_is_never_unassigned = kept;
        let id = world.user("ann");
        let _ = world.one(patch_user(id, json!([{"op": "replace", "path": "active", "value": active}])));
        world.one(patch_user(id, json!([{"op": "remove", "path": "active"}]))).unwrap();
        assert_eq!(world.users[&id].active(), kept && active, "kept {kept}, active {active}");
        assert_eq!(world.users[&id].doc.contains_key("active"), kept);
        assert_eq!(world.findings(), Vec::<String>::new());
    }
}

#[test]
fn who_shares_an_external_id_from_former_times_can_still_be_deactivated() {
    let mut world = World::new();
    let twin = |name: &str| {
        let mut user = user(name);
        user.insert("externalId".into(), json!("X1"));
        Command::CreateUser(user)
    };
    assert!(world.all(vec![twin("ann"), twin("bob")]).iter().all(Result::is_ok));
    world.rules.unique_external_ids = true;
    for id in world.users.keys().copied().collect::<Vec<_>>() {
        world.one(patch_user(id, json!([{"op": "replace", "path": "active", "value": false}]))).unwrap();
    }
    assert_eq!(world.head.users_active, 0);
    refused(&world.one(twin("cid")), 409);
}

#[test]
fn filters_over_all_members_are_few_and_what_precedes_a_replacement_costs_nothing() {
    let mut world = World::new();
    let ann = world.user("ann");
    let staff = world.group("Staff", &[ann]);
    let filters = |count: usize| vec![json!({"op": "remove", "path": "members[type eq \"x\"]"}); count];
    assert_eq!(world.one(patch_group(staff, json!(filters(8)))).unwrap().events, 0);
    refused(&world.one(patch_group(staff, json!(filters(9)))), 400);
    let mut operations = filters(100);
    operations.push(json!({"op": "replace", "path": "members", "value": [member(ann)]}));
    assert_eq!(world.one(patch_group(staff, json!(operations))).unwrap().events, 0);
    // By value they are as many as may be named.
    let by_value = json!({"op": "remove", "path": format!("members[value eq {}]", member(ann)["value"])});
    assert_eq!(world.one(patch_group(staff, json!(vec![by_value; 100]))).unwrap().events, 1);
}

#[test]
fn a_new_group_comes_although_none_of_its_members_is_here_yet_where_the_contract_leaves_them_out() {
    let mut world = World::new();
    world.rules.unknown_members = crate::rules::UnknownMember::LeaveOut;
    let mut body = group("Staff", &[]);
    body.insert("members".into(), json!([{"value": "somebody"}]));
    let outcome = world.one(Command::CreateGroup(body)).unwrap();
    assert_eq!((outcome.events, outcome.notes.len()), (1, 1));
}

#[test]
fn a_put_without_active_leaves_it_as_it_was() {
    let mut world = World::new();
    let id = world.user("ann");
    world.one(patch_user(id, json!([{"op": "replace", "path": "active", "value": false}]))).unwrap();
    world.one(Command::ReplaceUser(id, user("ann"), Precondition::None)).unwrap();
    assert!(!world.users[&id].active());
}

#[test]
fn deleting_a_user_ends_its_memberships_first() {
    let mut world = World::new();
    let ann = world.user("ann");
    let group = world.group("Staff", &[ann]);
    world.one(Command::DeleteUser(ann, Precondition::None)).unwrap();
    assert_eq!(world.events()[3..], [EventType::UserAdded, EventType::UserRemoved, EventType::UserDeleted]);
    assert_eq!(world.groups[&group].seq, 5, "the group's version follows its membership");
    refused(&world.one(Command::DeleteUser(ann, Precondition::None)), 404);
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn members_that_a_patch_does_not_name_stay() {
    let mut world = World::new();
    let (ann, bob, cid) = (world.user("ann"), world.user("bob"), world.user("cid"));
    let staff = world.group("Staff", &[ann, bob]);
    let steps = [
        (json!([{"op": "add", "path": "members", "value": [member(cid), member(ann)]}]), vec![ann, bob, cid]),
        (
            json!([{"op": "remove", "path": format!("members[value eq {}]", member(ann)["value"])}]),
            vec![bob, cid],
        ),
        (json!([{"op": "remove", "path": "members", "value": [member(bob)]}]), vec![cid]),
        (json!([{"op": "replace", "value": {"members": [member(ann)], "displayName": "All"}}]), vec![ann]),
        (json!([{"op": "remove", "path": "members"}]), vec![]),
    ];
    for (operations, members) in steps {
        world.one(patch_group(staff, operations.clone())).unwrap();
        assert_eq!(world.members(staff), members, "after {operations}");
        assert_eq!(world.findings(), Vec::<String>::new());
    }
    assert_eq!(world.groups[&staff].display_name(), "All");
}

#[test]
fn adding_and_removing_one_member_in_one_patch_comes_to_nothing() {
    let mut world = World::new();
    let ann = world.user("ann");
    let staff = world.group("Staff", &[]);
    let add = json!({"op": "add", "path": "members", "value": [member(ann)]});
    let remove = json!({"op": "remove", "path": "members", "value": [member(ann)]});
    assert_eq!(world.one(patch_group(staff, json!([add, remove]))).unwrap().events, 0);
    assert_eq!(world.one(patch_group(staff, json!([remove, add]))).unwrap().events, 1);
    assert_eq!(world.one(patch_group(staff, json!([remove, add]))).unwrap().events, 0);
}

#[test]
fn members_whom_nobody_knows_are_refused_or_left_out_as_the_contract_says() {
    let mut world = World::new();
    let ann = world.user("ann");
    let staff = world.group("Staff", &[]);
    let stranger = UserId { directory: DirectoryNumber(8), local: ann }.to_string();
    let add = json!([{"op": "add", "path": "members", "value": [{"value": stranger}, member(ann)]}]);
    refused(&world.one(patch_group(staff, add.clone())), 400);
    assert_eq!(world.members(staff), []);
    world.rules.unknown_members = crate::rules::UnknownMember::LeaveOut;
    let outcome = world.one(patch_group(staff, add)).unwrap();
    assert_eq!((world.members(staff), outcome.notes.len()), (vec![ann], 1));
    // A list of nobody but strangers is no reason to let everybody go.
    let replace = json!([{"op": "replace", "path": "members", "value": [{"value": stranger}]}]);
    refused(&world.one(patch_group(staff, replace)), 400);
    assert_eq!(world.members(staff), [ann]);
}

#[test]
fn nested_groups_keep_direct_membership_only() {
    let mut world = World::new();
    let child = world.group("Child", &[]);
    let id = GroupId { directory: DIRECTORY, local: child }.to_string();
    let parent = world.group("Parent", &[]);
    world
        .one(patch_group(parent, json!([{"op": "add", "path": "members", "value": [{"value": id}]}])))
        .unwrap();
    assert_eq!(world.groups[&parent].nested, [child]);
    let own = GroupId { directory: DIRECTORY, local: parent }.to_string();
    refused(
        &world.one(patch_group(parent, json!([{"op": "add", "path": "members", "value": [{"value": own}]}]))),
        400,
    );
    world.one(Command::DeleteGroup(child, Precondition::None)).unwrap();
    assert!(world.groups[&parent].nested.is_empty());
    assert_eq!(world.findings(), Vec::<String>::new());
}

// Shows: DEL-03
#[test]
fn a_large_group_ends_in_bounded_steps_and_is_gone_at_once() {
    let mut world = World::new();
    let members: Vec<LocalId> = (0..2_500).map(|n| world.user(&format!("user{n}"))).collect();
    let staff = world.group("Staff", &members);
    let before = world.head.last_seq;
    world.one(Command::DeleteGroup(staff, Precondition::None)).unwrap();
    assert_eq!(world.head.last_seq, before + 1_000);
    refused(&world.one(Command::DeleteGroup(staff, Precondition::None)), 404);
    assert_eq!(world.findings(), Vec::<String>::new(), "between two steps every promise holds");
    let again = world.group("Staff", &[]);
    assert_ne!(again, staff, "the name is free at once");
    let mut steps = 0;
    while let Ok(Outcome { reply: Reply::Step { more: true }, .. }) = world.one(Command::EndGroup(staff)) {
        steps += 1;
        assert!(steps < 10);
    }
    assert_eq!(world.log.last().map(Record::event_type), Some(EventType::GroupDeleted));
    assert_eq!(world.members(staff), []);
    assert_eq!(world.findings(), Vec::<String>::new());
}

// Shows: ETAG-05, ETAG-09
#[test]
fn a_stale_version_is_refused_and_a_current_one_is_not() {
    let mut world = World::new();
    let ann = world.user("ann");
    let stale = Precondition::OneOf(vec!["\"1\"".into()]);
    refused(&world.one(Command::DeleteUser(ann, stale)), 412);
    let tag = version::user(&world.users[&ann], &[]);
    world.one(Command::ReplaceUser(ann, user("anna"), Precondition::OneOf(vec![tag]))).unwrap();
    // A membership changes what is visible of the user, and so its version.
    let tag = version::user(&world.users[&ann], &[]);
    world.group("Staff", &[ann]);
    refused(&world.one(Command::ReplaceUser(ann, user("ann"), Precondition::OneOf(vec![tag]))), 412);
    world.one(Command::ReplaceUser(ann, user("ann"), Precondition::Exists)).unwrap();
}

#[test]
fn a_deleted_directory_is_gone_at_once_and_says_so_once() {
    let mut world = World::new();
    let ann = world.user("ann");
    let answers = world.all(vec![
        Command::DeleteDirectory,
        Command::CreateUser(user("bob")),
        Command::DeleteUser(ann, Precondition::None),
        Command::DeleteDirectory,
    ]);
    assert!(answers[0].is_ok());
    assert!(answers[1..].iter().all(|answer| *answer == Err(Refusal::NoDirectory)));
    assert_eq!(world.events(), [EventType::Activated, EventType::UserCreated, EventType::Deleted]);
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn a_paused_directory_refuses_everything_until_it_serves_again_and_tells_nothing_of_it() {
    let mut world = World::new();
    let turn = |state| Command::ChangeDirectory {
        name: None,
        state: Some(state),
        settings: Vec::new(),
        contract: None,
        credential_header: None,
    };
    let answers = world.all(vec![
        turn(DirectoryState::Unlinked),
        Command::CreateUser(user("ann")),
        turn(DirectoryState::Linked),
        Command::CreateUser(user("bob")),
    ]);
    assert_eq!(answers[1], Err(Refusal::Paused));
    assert!(answers[0].is_ok() && answers[2].is_ok() && answers[3].is_ok());
    assert_eq!(world.events(), [EventType::Activated, EventType::UserCreated]);
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn times_never_decrease_when_the_clock_is_set_back() {
    let mut world = World::new();
    world.user("ann");
    let last = world.head.last_at;
    world.now -= 500_000;
    let bob = world.user("bob");
    assert!(world.users[&bob].created_at >= last);
    assert_eq!(world.findings(), Vec::<String>::new());
}

/// A command of a random sequence; users and groups by place, so that hits are common.
#[derive(Clone, Debug)]
enum Act {
    Create(u8),
    Rename(usize, u8),
    Toggle(usize, bool),
    Delete(usize),
    NewGroup(u8, Vec<usize>),
    Members(usize, u8, Vec<usize>),
    EndGroup(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let some = || proptest::collection::vec(0usize..6, 0..4);
    prop_oneof![
        (0u8..8).prop_map(Act::Create),
        (0usize..6, 0u8..8).prop_map(|(who, name)| Act::Rename(who, name)),
        (0usize..6, any::<bool>()).prop_map(|(who, active)| Act::Toggle(who, active)),
        (0usize..6).prop_map(Act::Delete),
        (0u8..4, some()).prop_map(|(name, members)| Act::NewGroup(name, members)),
        (0usize..3, 0u8..4, some()).prop_map(|(group, how, members)| Act::Members(group, how, members)),
        (0usize..3).prop_map(Act::EndGroup),
    ]
}

fn command(world: &World, act: Act) -> Option<Command> {
    let user_at = |place: usize| world.users.keys().nth(place).copied();
    let group_at = |place: usize| world.groups.keys().nth(place).copied();
    let members = |places: Vec<usize>| places.into_iter().filter_map(user_at).collect::<Vec<_>>();
    Some(match act {
        Act::Create(name) => Command::CreateUser(user(&format!("user{name}"))),
        Act::Rename(who, name) => patch_user(
            user_at(who)?,
            json!([{"op": "replace", "path": "userName", "value": format!("USER{name}")}]),
        ),
        Act::Toggle(who, active) => {
            patch_user(user_at(who)?, json!([{"op": "replace", "path": "active", "value": active}]))
        }
        Act::Delete(who) => Command::DeleteUser(user_at(who)?, Precondition::None),
        Act::NewGroup(name, who) => Command::CreateGroup(group(&format!("group{name}"), &members(who))),
        Act::Members(which, how, who) => {
            let list: Vec<Value> = members(who).into_iter().map(member).collect();
            let op = ["add", "remove", "replace", "add"][usize::from(how)];
            patch_group(group_at(which)?, json!([{"op": op, "path": "members", "value": list}]))
        }
        Act::EndGroup(which) => Command::DeleteGroup(group_at(which)?, Precondition::None),
    })
}

proptest! {
    #[test]
    fn whatever_is_asked_in_whatever_batches_the_log_replays_to_the_rows(
        batches in proptest::collection::vec(proptest::collection::vec(act(), 1..6), 1..12)
    ) {
        let mut world = World::new();
        for acts in batches {
            let commands: Vec<Command> = acts.into_iter().filter_map(|act| command(&world, act)).collect();
            world.all(commands);
            prop_assert_eq!(world.findings(), Vec::<String>::new());
        }
    }
}

#[test]
fn no_number_of_requests_grows_a_resource_beyond_its_bound_and_one_can_shrink() {
    let mut world = World::new();
    let (ada, staff) = (world.user("ada@example.com"), world.group("Staff", &[]));
    let emails = |from: usize| -> Value {
        (from..from + 10)
            .map(|number| json!({"value": format!("{number}@example.com"), "display": "x".repeat(60_000)}))
            .collect()
    };
    let add = |from: usize| patch_user(ada, json!([{"op": "add", "path": "emails", "value": emails(from)}]));
    world.one(add(0)).unwrap();
    let before = world.log.len();
    refused(&world.one(add(10)), 400);
    assert_eq!(world.log.len(), before);
    let fewer = json!([{"op": "remove", "path": "emails[value eq \"0@example.com\"]"}]);
    world.one(patch_user(ada, fewer)).unwrap();

    let huge = "x".repeat(RESOURCE_BYTES_LIMIT);
    let mut body = user("eve@example.com");
    body.insert("title".into(), Value::String(huge.clone()));
    refused(&world.one(Command::CreateUser(body.clone())), 400);
    refused(&world.one(Command::ReplaceUser(ada, body, Precondition::None)), 400);
    let mut body = group("Others", &[]);
    body.insert("externalId".into(), Value::String(huge));
    refused(&world.one(Command::CreateGroup(body.clone())), 400);
    refused(&world.one(Command::ReplaceGroup(staff, body, Precondition::None)), 400);
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn what_is_larger_than_its_bound_may_shrink() {
    let mut world = World::new();
    let ada = world.user("ada@example.com");
    let old = world.users.get_mut(&ada).map(Arc::make_mut).unwrap();
    old.doc.insert("title".into(), Value::String("x".repeat(2 * RESOURCE_BYTES_LIMIT)));
    world.one(patch_user(ada, json!([{"op": "replace", "path": "active", "value": false}]))).unwrap();
    refused(&world.one(patch_user(ada, json!([{"op": "add", "path": "nickName", "value": "more"}]))), 400);
}
