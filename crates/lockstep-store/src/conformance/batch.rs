//! What commands see of each other when they share one transaction: each plans on what those before it left.

use lockstep_core::command::{Command, Refusal, Reply};
use lockstep_core::event::EventType;
use lockstep_core::id::LocalId;
use lockstep_core::query::Lookup;
use lockstep_core::version::Precondition;
use serde_json::{Value, json};

use super::Backend;
use super::kit::{self, Tenant, object, status, user_body};
use crate::{Store, Work};

fn put_user(id: LocalId, body: Value) -> Command {
    Command::ReplaceUser(id, object(body), Precondition::None)
}

fn put_group(id: LocalId, body: Value) -> Command {
    Command::ReplaceGroup(id, object(body), Precondition::None)
}

async fn submit<B: Backend>(
    tenant: &Tenant<B::Store>,
    commands: impl IntoIterator<Item = Command>,
) -> Vec<lockstep_core::batch::Answer> {
    let envelopes = commands.into_iter().map(|command| tenant.envelope(command)).collect();
    B::submit_together(&tenant.store, envelopes).await
}

pub async fn names_swap_within_a_batch<B: Backend>(store: B::Store) {
    let tenant = Tenant::create(&store, 1).await;
    let body = |name: &str| json!({ "userName": name, "externalId": format!("x{name}") });
    let one = tenant.create_user_of(body("one")).await.id;
    let two = tenant.create_user_of(body("two")).await.id;
    let commands = [put_user(one, body("free")), put_user(two, body("one")), put_user(one, body("two"))];
    let answers = submit::<B>(&tenant, commands).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(tenant.users_by(Lookup::UserName("one".into())).await, [two]);
    assert_eq!(tenant.users_by(Lookup::ExternalId("xtwo".into())).await, [one]);
    assert!(tenant.users_by(Lookup::UserName("free".into())).await.is_empty());

    let three = tenant.create_user_of(body("three")).await.id;
    let commands = [
        put_user(three, body("free")),
        put_user(two, body("three")),
        put_user(one, body("one")),
        put_user(three, body("two")),
    ];
    let answers = submit::<B>(&tenant, commands).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    for (name, id) in [("one", one), ("two", three), ("three", two)] {
        assert_eq!(tenant.users_by(Lookup::UserName(name.into())).await, [id]);
        assert_eq!(tenant.users_by(Lookup::ExternalId(format!("x{name}"))).await, [id]);
    }
}

pub async fn group_names_swap_within_a_batch<B: Backend>(store: B::Store) {
    let tenant = Tenant::create(&store, 1).await;
    let body = |name: &str| json!({ "displayName": name, "externalId": format!("x{name}") });
    let one = tenant.create_group_of(body("one")).await.id;
    let two = tenant.create_group_of(body("two")).await.id;
    let commands = [put_group(one, body("free")), put_group(two, body("one")), put_group(one, body("two"))];
    let answers = submit::<B>(&tenant, commands).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(tenant.groups_by(Lookup::DisplayName("one".into())).await, [two]);
    assert_eq!(tenant.groups_by(Lookup::ExternalId("xone".into())).await, [two]);
    assert_eq!(tenant.groups_by(Lookup::DisplayName("two".into())).await, [one]);
    assert_eq!(tenant.groups_by(Lookup::ExternalId("xtwo".into())).await, [one]);
}

pub async fn a_name_goes_from_who_is_deleted_to_who_is_created<B: Backend>(store: B::Store) {
    let tenant = Tenant::create(&store, 1).await;
    let body = json!({ "userName": "ada", "externalId": "x", "emails": [{ "value": "ada@example.com" }] });
    let gone = tenant.create_user_of(body.clone()).await.id;
    let group = tenant.create_group_of(json!({ "displayName": "g", "externalId": "y" })).await.id;
    let commands = [
        Command::DeleteUser(gone, Precondition::None),
        Command::DeleteGroup(group, Precondition::None),
        Command::CreateUser(object(body)),
        Command::CreateGroup(object(json!({ "displayName": "G", "externalId": "y" }))),
    ];
    let answers = submit::<B>(&tenant, commands).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let made = kit::user_in(answers[2].clone().unwrap()).id;
    assert_eq!(tenant.users_by(Lookup::Email("ada@example.com".into())).await, [made]);
    assert_eq!(tenant.groups_by(Lookup::ExternalId("y".into())).await.len(), 1);
}

pub async fn those_refused_leave_the_others_as_they_are<B: Backend>(store: B::Store) {
    let tenant = Tenant::create(&store, 1).await;
    let names = ["a", "A", "b", "a", "c", "B"];
    let commands = names.map(|name| Command::CreateUser(object(user_body(name))));
    let answers = submit::<B>(&tenant, commands).await;
    let made: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(made, [true, false, true, false, true, false]);
    assert_eq!(status(&answers[1]), 409);
    let firsts: Vec<u64> = answers.iter().flatten().map(|outcome| outcome.first_seq).collect();
    assert_eq!(firsts, [2, 3, 4], "a refused one takes no number");
    assert_eq!(tenant.users_by(Lookup::All).await.len(), 3);
}

pub async fn memberships_that_come_and_go_leave_the_last_word<B: Backend>(store: B::Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(3).await;
    let group = tenant.create_group("g", &users[..1]).await.id;
    let replace = |members: &[LocalId]| {
        let members = tenant.members(members);
        let patch = tenant.group_patch(&json!([{ "op": "replace", "path": "members", "value": members }]));
        Command::PatchGroup(group, patch, Precondition::None)
    };
    let commands = [replace(&users), replace(&users[1..2]), replace(&users[2..]), replace(&users[..2])];
    let answers = submit::<B>(&tenant, commands).await;
    let events: Vec<u64> = answers.iter().map(|answer| answer.as_ref().unwrap().events).collect();
    assert_eq!(events, [2, 2, 2, 3]);
    assert_eq!(tenant.members_of(group).await, users[..2]);
}

pub async fn who_is_deleted_cannot_join<B: Backend>(store: B::Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(2).await;
    let group = tenant.create_group("g", &users[..1]).await.id;
    let add = tenant.group_patch(&json!([
        { "op": "add", "path": "members", "value": tenant.members(&users) },
    ]));
    let commands = [
        Command::DeleteUser(users[0], Precondition::None),
        Command::PatchGroup(group, add, Precondition::None),
    ];
    let answers = submit::<B>(&tenant, commands).await;
    assert!(answers[0].is_ok());
    assert_eq!(status(&answers[1]), 400);
    assert!(tenant.members_of(group).await.is_empty());
}

pub async fn a_large_group_ends_whole_also_when_members_left_just_before<B: Backend>(store: B::Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(1_200).await;
    let group = tenant.create_group("g", &users).await.id;
    let leave = users[..5].iter().map(|user| Command::DeleteUser(*user, Precondition::None));
    let commands = leave.chain([Command::DeleteGroup(group, Precondition::None)]);
    let answers = submit::<B>(&tenant, commands).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    kit::check(&store).await;
    assert_eq!(store.work(9).await.unwrap(), [Work::EndGroup(tenant.number, group)]);
    tenant.work_off(1).await;
    assert!(tenant.user(users[1_199]).await.groups.is_empty());
    assert_eq!(tenant.event_types().await.last(), Some(&EventType::GroupDeleted));
}

pub async fn what_comes_after_the_end_of_a_directory_is_refused<B: Backend>(store: B::Store) {
    let tenant = Tenant::create(&store, 1).await;
    let neighbour = Tenant::create(&store, 2).await;
    let envelopes = vec![
        tenant.envelope(Command::DeleteDirectory),
        tenant.envelope(Command::CreateUser(object(user_body("late")))),
        neighbour.envelope(Command::CreateUser(object(user_body("late")))),
    ];
    let answers = B::submit_together(&store, envelopes).await;
    assert_eq!(answers[0].as_ref().unwrap().reply, Reply::Gone);
    assert_eq!(answers[1], Err(Refusal::NoDirectory));
    assert!(answers[2].is_ok());
}

pub async fn a_directory_and_its_first_users_may_share_a_batch<B: Backend>(store: B::Store) {
    let tenant = Tenant::of(&store, kit::row(1).id.directory, lockstep_core::rules::Rules::default());
    let commands = [
        kit::creation(kit::row(1), kit::token(1)),
        Command::CreateUser(object(user_body("ada"))),
        kit::creation(kit::row(1), kit::token(2)),
    ];
    let answers = submit::<B>(&tenant, commands).await;
    assert!(answers[0].is_ok() && answers[1].is_ok());
    assert_eq!(answers[2], Err(Refusal::NumberTaken));
    assert_eq!(store.token([2; 32]).await.unwrap(), None);
}
