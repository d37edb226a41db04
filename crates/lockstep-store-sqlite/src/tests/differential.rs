//! The same commands in memory and on SQLite end in the same state, whatever they are.

use std::collections::BTreeSet;
use std::fmt::Write;

use lockstep_core::command::{Command, Envelope};
use lockstep_core::id::LocalId;
use lockstep_core::mapping::{AttributeType, MappedAttribute, MappedRole, MappingChange, RoleMapping};
use lockstep_core::query::{Kind, Lookup};
use lockstep_core::version::Precondition;
use lockstep_store::conformance::kit::{self, Handles, Tenant, object};
use lockstep_store::memory::Memory;
use lockstep_store::{Order, Page, Store, Work};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::submit_as_one;
use crate::{Options, Sqlite};

/// A command in which users and groups stand by their place among those that there are: what it is about depends on
/// what the commands before it left.
#[derive(Clone, Debug)]
enum Asked {
    CreateUser(Value),
    ReplaceUser(usize, Value),
    PatchUser(usize, Value),
    DeleteUser(usize),
    CreateGroup(&'static str, Vec<usize>),
    ReplaceGroup(usize, &'static str, Option<Vec<usize>>),
    AddMembers(usize, Vec<usize>),
    RemoveMember(usize, usize),
    RemoveMembers(usize),
    Nest(usize, usize),
    DeleteGroup(usize),
    /// Which path is the user's rank.
    Map(&'static str),
    /// Which groups give a role, each its own; and whether everybody else has one.
    Roles(Vec<usize>, bool),
    /// Rarely: everything after it is refused.
    DeleteDirectory,
}

const NAMES: [&str; 6] = ["ada", "ADA", "bob", "eve", "straße", "STRASSE"];

fn user_value() -> impl Strategy<Value = Value> {
    let text = || prop::option::of(prop::sample::select(&NAMES[..]));
    (
        prop::sample::select(&NAMES[..]),
        text(),
        text(),
        vec(prop::sample::select(&NAMES[..]), 0..3),
        any::<bool>(),
    )
        .prop_map(|(name, external_id, display_name, emails, active)| {
            let emails: Vec<Value> = emails.iter().map(|email| json!({ "value": email })).collect();
            let mut body = json!({ "userName": name, "active": active, "emails": emails });
            for (attribute, value) in [("externalId", external_id), ("displayName", display_name)] {
                if let Some(value) = value {
                    body[attribute] = value.into();
                }
            }
            body
        })
}

fn user_operations() -> impl Strategy<Value = Value> {
    let operation = prop_oneof![
        prop::sample::select(&NAMES[..])
            .prop_map(|name| json!({ "op": "replace", "path": "userName", "value": name })),
        prop::sample::select(&NAMES[..])
            .prop_map(|name| json!({ "op": "add", "path": "emails", "value": [{ "value": name }] })),
        Just(json!({ "op": "remove", "path": "externalId" })),
        Just(json!({ "op": "remove", "path": "emails" })),
        any::<bool>().prop_map(|active| json!({ "op": "replace", "path": "active", "value": active })),
    ];
    vec(operation, 1..3).prop_map(Value::Array)
}

fn asked() -> impl Strategy<Value = Asked> {
    let group_name = || prop::sample::select(&NAMES[..]);
    prop_oneof![
        6 => user_value().prop_map(Asked::CreateUser),
        3 => (0..8_usize, user_value()).prop_map(|(user, body)| Asked::ReplaceUser(user, body)),
        4 => (0..8_usize, user_operations()).prop_map(|(user, operations)| Asked::PatchUser(user, operations)),
        2 => (0..8_usize).prop_map(Asked::DeleteUser),
        4 => (group_name(), vec(0..8_usize, 0..4)).prop_map(|(name, users)| Asked::CreateGroup(name, users)),
        2 => (0..5_usize, group_name(), prop::option::of(vec(0..8_usize, 0..4)))
            .prop_map(|(group, name, users)| Asked::ReplaceGroup(group, name, users)),
        4 => (0..5_usize, vec(0..8_usize, 1..4)).prop_map(|(group, users)| Asked::AddMembers(group, users)),
        3 => (0..5_usize, 0..8_usize).prop_map(|(group, user)| Asked::RemoveMember(group, user)),
        1 => (0..5_usize).prop_map(Asked::RemoveMembers),
        2 => (0..5_usize, 0..5_usize).prop_map(|(group, child)| Asked::Nest(group, child)),
        2 => (0..5_usize).prop_map(Asked::DeleteGroup),
        1 => prop::sample::select(&["displayName", "externalId", "emails"][..]).prop_map(Asked::Map),
        2 => (vec(0..5_usize, 0..3), any::<bool>()).prop_map(|(groups, all)| Asked::Roles(groups, all)),
        1 => prop::bool::weighted(0.05)
            .prop_map(|really| if really { Asked::DeleteDirectory } else { Asked::DeleteGroup(0) }),
    ]
}

/// What is asked, about those that there are now.
async fn command(tenant: &Tenant<Memory>, asked: Asked) -> Command {
    let users = tenant.users_by(Lookup::All).await;
    let groups = tenant.groups_by(Lookup::All).await;
    let pick = |ids: &[LocalId], index: usize| ids.get(index).copied().unwrap_or(LocalId(7));
    let user = |index: usize| pick(&users, index);
    let group = |index: usize| pick(&groups, index);
    let members = |list: &[usize]| tenant.members(&list.iter().map(|index| user(*index)).collect::<Vec<_>>());
    let patch_group = |id: LocalId, operation: Value| {
        Command::PatchGroup(id, tenant.group_patch(&json!([operation])), Precondition::None)
    };
    match asked {
        Asked::CreateUser(body) => Command::CreateUser(object(body)),
        Asked::ReplaceUser(index, body) => {
            Command::ReplaceUser(user(index), object(body), Precondition::None)
        }
        Asked::PatchUser(index, operations) => {
            Command::PatchUser(user(index), tenant.user_patch(&operations), Precondition::None)
        }
        Asked::DeleteUser(index) => Command::DeleteUser(user(index), Precondition::None),
        Asked::CreateGroup(name, list) => {
            Command::CreateGroup(object(json!({ "displayName": name, "members": members(&list) })))
        }
        Asked::ReplaceGroup(index, name, list) => {
            let mut body = json!({ "displayName": name });
            if let Some(list) = list {
                body["members"] = members(&list);
            }
            Command::ReplaceGroup(group(index), object(body), Precondition::None)
        }
        Asked::AddMembers(index, list) => {
            patch_group(group(index), json!({ "op": "add", "path": "members", "value": members(&list) }))
        }
        Asked::RemoveMember(index, member) => {
            let path = format!("members[value eq \"{}\"]", tenant.user_id(user(member)));
            patch_group(group(index), json!({ "op": "remove", "path": path }))
        }
        Asked::RemoveMembers(index) => {
            patch_group(group(index), json!({ "op": "remove", "path": "members" }))
        }
        Asked::Nest(index, child) => {
            let member = json!([{ "value": tenant.group_id(group(child)) }]);
            patch_group(group(index), json!({ "op": "add", "path": "members", "value": member }))
        }
        Asked::DeleteGroup(index) => Command::DeleteGroup(group(index), Precondition::None),
        Asked::Map(path) => {
            let mapped = MappedAttribute {
                path: path.to_owned(),
                attribute_type: AttributeType::Any,
                required: false,
            };
            let attributes = [("rank".to_owned(), Some(mapped))].into();
            Command::ChangeMapping(Box::new(MappingChange::Own(attributes)))
        }
        Asked::Roles(list, all) => {
            let role = |(place, index): (usize, &usize)| MappedRole {
                slug: format!("role{place}"),
                groups: groups.get(*index).copied().into_iter().collect(),
            };
            let mapping = RoleMapping {
                roles: list.iter().enumerate().map(role).collect(),
                default_role: all.then(|| "viewer".to_owned()),
                multiple_roles: all,
            };
            Command::ChangeMapping(Box::new(MappingChange::Roles(mapping)))
        }
        Asked::DeleteDirectory => Command::DeleteDirectory,
    }
}

/// Goes on with what was begun, a step in each store.
async fn go_on(memory: &Memory, sqlite: &Sqlite, tenants: &[Tenant<Memory>]) {
    loop {
        let work = memory.work(64).await.unwrap();
        // In which order it is named is not promised.
        let named = |work: &[Work]| work.iter().map(|one| format!("{one:?}")).collect::<BTreeSet<_>>();
        assert_eq!(named(&sqlite.work(64).await.unwrap()), named(&work));
        let sweep = work.iter().find_map(|one| match one {
            Work::Sweep(number) => Some(number),
            _ => None,
        });
        let Some(number) = sweep else { return };
        let tenant = tenants.iter().find(|tenant| tenant.number == *number).unwrap().fresh().await;
        let envelope = tenant.envelope(Command::Sweep);
        let expected = memory.submit(envelope.clone()).await.unwrap();
        assert_eq!(sqlite.submit(envelope).await.unwrap(), expected);
    }
}

/// Every list that an index gives, so that the indexes are compared too and not only the rows.
async fn lists(store: &impl Store, tenants: &[Tenant<Memory>]) -> String {
    let mut out = String::new();
    for tenant in tenants {
        let number = tenant.number;
        let mut lookups = vec![Lookup::All, Lookup::ModifiedSince(kit::START)];
        for name in NAMES {
            let key = lockstep_scim::text::user_name_key(name);
            lookups.extend([
                Lookup::UserName(key.clone()),
                Lookup::ExternalId(name.into()),
                Lookup::Email(key.clone()),
                Lookup::DisplayName(key),
            ]);
        }
        for kind in [Kind::User, Kind::Group] {
            // By their place: far more of them than stand in one block.
            for index in 0..40 {
                let found = store.nth(number, kind, index).await.unwrap();
                writeln!(out, "{kind:?} {index} {found:?}").unwrap();
            }
        }
        let mut ids: Vec<LocalId> = tenant.users_by(Lookup::All).await;
        ids.extend(tenant.groups_by(Lookup::All).await);
        for id in ids {
            lookups.extend([Lookup::Id(id), Lookup::MembersOf(id), Lookup::GroupsOf(id)]);
        }
        for lookup in lookups {
            let users = store.users(number, lookup.clone(), Page::first(99)).await.unwrap();
            let groups = store.groups(number, lookup.clone(), Page::first(99), true).await.unwrap();
            writeln!(out, "{lookup:?}\n{users:?}\n{groups:?}").unwrap();
            for page in [Page::first(99), Page { order: Order::Descending, ..Page::first(2) }] {
                let users = store.users(number, lookup.clone(), page.clone()).await.unwrap();
                let attributes = &["userName", "emails", "active"];
                let shown = store.shown_users(number, lookup.clone(), page, attributes).await.unwrap();
                assert_eq!(kit::whole(&shown, attributes), users, "{lookup:?}");
            }
        }
    }
    out
}

/// Removals first, each behind what came before it and names the same, and what came before that.
fn as_the_lane_takes_them(envelopes: Vec<Envelope>) -> Vec<Envelope> {
    let (mut first, mut then): (Vec<Envelope>, Vec<Envelope>) = Default::default();
    for envelope in envelopes {
        if !envelope.command.is_removal() {
            then.push(envelope);
            continue;
        }
        let mut before = vec![envelope];
        for other in std::mem::take(&mut then).into_iter().rev() {
            let names = |envelope: &Envelope| envelope.command.touches(envelope.directory);
            let concerned =
                |one: &Envelope| one.directory == other.directory && names(one).overlaps(&names(&other));
            if before.iter().any(concerned) {
                before.insert(0, other);
            } else {
                then.insert(0, other);
            }
        }
        first.extend(before);
    }
    first.extend(then);
    first
}

/// `sweeps`: whether what was begun is done between the batches, or never.
async fn same_in_both(batches: Vec<Vec<(bool, Asked)>>, sweeps: bool) {
    // Each has a clock and randomness of its own, which give the same.
    let handles = [Handles::from_seed(5), Handles::from_seed(5)];
    let memory = Memory::new(handles[0].clock.clone(), handles[0].random.clone());
    let directory = tempfile::tempdir().unwrap();
    let options = Options::new(handles[1].clock.clone(), handles[1].random.clone());
    let sqlite = Sqlite::open(&directory.path().join("lockstep.db"), options).unwrap();
    // The clock was read once more, for the migrations.
    handles[0].clock.now();
    let tenants = [Tenant::create(&memory, 1).await, Tenant::create(&memory, 2).await];
    for number in [1, 2] {
        Tenant::create(&sqlite, number).await;
    }
    for batch in batches {
        let mut envelopes: Vec<Envelope> = Vec::new();
        for (second, asked) in batch {
            let tenant = &tenants[usize::from(second)];
            // Under the terms of now; what comes behind a change of them in the same batch is stale in both.
            envelopes.push(tenant.fresh().await.envelope(command(tenant, asked).await));
        }
        let envelopes = as_the_lane_takes_them(envelopes);
        let expected = memory.submit_batch(envelopes.clone()).unwrap();
        let found: Vec<_> = submit_as_one(&sqlite, envelopes).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(found, expected);
        if sweeps {
            go_on(&memory, &sqlite, &tenants).await;
        }
    }
    assert_eq!(kit::dump(&sqlite).await, kit::dump(&memory).await);
    assert_eq!(lists(&sqlite, &tenants).await, lists(&memory, &tenants).await);
    kit::check(&memory).await;
    kit::check(&sqlite).await;
    sqlite.stop().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_commands_end_alike_in_memory_and_on_sqlite(
        batches in vec(vec((any::<bool>(), asked()), 1..9), 1..16),
        sweeps in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(same_in_both(batches, sweeps));
    }
}
