//! What a write does: all of it or nothing, told in the log, once.

use std::sync::Arc;

use lockstep_core::command::{Command, Refusal, Reply};
use lockstep_core::event::{Change, EventType};
use lockstep_core::id::{DirectoryNumber, LocalId, OrganizationId};
use lockstep_core::model::{ApiKey, Reach};
use lockstep_core::query::Lookup;
use lockstep_core::recognition::{ChosenBy, Contract, Recognition, Recognized};
use lockstep_core::rules::{Rules, UnknownMember};
use lockstep_core::settings::Setting;
use lockstep_core::version::{self, Precondition};
use serde_json::{Value, json};

use super::kit::{self, Tenant, object, organization, status, together, token, user_in};
use crate::{EventQuery, Page, Store, StoreError, Work};

pub async fn a_created_user_is_there_with_what_was_given(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let body = json!({ "userName": "Ada", "externalId": "x1", "emails": [{ "value": "ada@example.com" }] });
    let user = tenant.create_user_of(body).await;
    let found = tenant.user(user.id).await;
    assert_eq!(found.user, *user);
    assert_eq!(found.user.doc["userName"], "Ada");
    assert_eq!(found.user.doc["active"], true);
    assert!(found.groups.is_empty());
    let (_, head) = store.directory(tenant.number).await.unwrap().unwrap();
    assert_eq!((head.last_seq, head.users_active, head.users_inactive), (2, 1, 0));
}

pub async fn a_directory_keeps_its_settings_and_makes_older_terms_stale(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let epoch = store.epoch();
    let switch = |setting, on| Command::ChangeDirectory {
        name: None,
        state: None,
        settings: vec![(setting, Some(on))],
        contract: None,
        credential_header: None,
    };
    tenant.must(switch(Setting::RequireIfMatch, true)).await;
    tenant.must(switch(Setting::StrictRfc, true)).await;
    tenant.must(switch(Setting::StrictRfc, false)).await;
    let (directory, _) = store.directory(tenant.number).await.unwrap().unwrap();
    let kept = [(Setting::RequireIfMatch, true), (Setting::StrictRfc, false)];
    assert_eq!(directory.settings, kept.into_iter().collect());
    assert_eq!(directory.terms_version, 3);
    let settings = vec![(Setting::RequireIfMatch, None)];
    tenant
        .must(Command::ChangeDirectory {
            name: None,
            state: None,
            settings,
            contract: None,
            credential_header: None,
        })
        .await;
    let (directory, _) = store.directory(tenant.number).await.unwrap().unwrap();
    assert_eq!(directory.settings, [(Setting::StrictRfc, false)].into_iter().collect());
    assert!(store.epoch() > epoch, "what was cached of it is read again");
    let stale = tenant.submit(Command::CreateUser(object(kit::user_body("ada")))).await;
    assert_eq!(stale, Err(Refusal::Stale));
    let fresh = tenant.with_terms_of(&directory).await;
    fresh.create_user("ada").await;
}

pub async fn a_directory_keeps_what_was_recognized_and_a_contract_that_was_chosen(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    tenant.create_user("ada").await;
    let contract = |slug: &str| Contract { slug: slug.into(), directory_type: format!("{slug} scim v2.0") };
    let recognized = Recognized {
        contract: contract("another"),
        certain: false,
        signs: vec!["a sign".into()],
        may_switch: true,
    };
    let before = tenant.last_seq().await;
    tenant.must(Command::Recognize(Box::new(recognized))).await;
    let (directory, _) = store.directory(tenant.number).await.unwrap().unwrap();
    let suggestion = directory.recognition.suggestion.unwrap();
    assert_eq!((suggestion.contract.as_str(), suggestion.certain), ("another", false));
    assert_eq!((directory.contract.as_str(), directory.terms_version), ("generic", 0));

    let epoch = store.epoch();
    let change = Command::ChangeDirectory {
        name: None,
        state: None,
        settings: Vec::new(),
        contract: Some(contract("another")),
        credential_header: None,
    };
    tenant.must(change).await;
    let (directory, _) = store.directory(tenant.number).await.unwrap().unwrap();
    assert_eq!((directory.contract.as_str(), directory.terms_version), ("another", 1));
    assert_eq!(directory.directory_type, "another scim v2.0");
    assert_eq!(directory.recognition, Recognition { chosen_by: ChosenBy::Operator, suggestion: None });
    assert!(store.epoch() > epoch, "what was cached of it is read again");
    assert_eq!(tenant.last_seq().await, before, "nothing is told");
}

pub async fn an_outcome_names_its_events(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let outcome = tenant.must(Command::CreateUser(object(kit::user_body("ada")))).await;
    assert_eq!((outcome.first_seq, outcome.events), (2, 1));
    let user = user_in(outcome);
    let outcome = tenant.must(Command::CreateGroup(object(
        json!({ "displayName": "g", "members": tenant.members(&[user.id]) }),
    )));
    let outcome = outcome.await;
    assert_eq!((outcome.first_seq, outcome.events), (3, 2));
    let outcome = tenant.delete_user(user.id).await.unwrap();
    assert_eq!((outcome.reply, outcome.first_seq, outcome.events), (Reply::Gone, 5, 2));
}

pub async fn a_number_that_is_taken_is_refused(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let again = kit::creation(kit::row(1), token(2));
    assert_eq!(tenant.submit(again).await, Err(Refusal::NumberTaken));
    assert_eq!(store.token([2; 32]).await.unwrap(), None);
    assert_eq!(tenant.last_seq().await, 1);
}

pub async fn a_directory_that_does_not_exist_refuses_everything(store: impl Store) {
    let tenant = Tenant::of(&store, DirectoryNumber(9), Rules::default());
    let refused = tenant.submit(Command::CreateUser(object(kit::user_body("ada")))).await;
    assert_eq!(refused, Err(Refusal::NoDirectory));
    assert_eq!(store.directory(DirectoryNumber(9)).await.unwrap(), None);
    assert_eq!(store.directory_numbers().await.unwrap(), []);
    assert!(kit::verify(&store, DirectoryNumber(9)).await.is_empty());
}

pub async fn a_refused_command_leaves_nothing(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let ada = tenant.create_user("ada").await;
    let before = kit::dump(&store).await;
    let twin = tenant.submit(Command::CreateUser(object(kit::user_body("ADA")))).await;
    assert_eq!(status(&twin), 409);
    let unknown = LocalId(77);
    assert_eq!(status(&tenant.delete_user(unknown).await), 404);
    assert_eq!(status(&tenant.patch_user(unknown, json!([{ "op": "remove", "path": "title" }])).await), 404);
    assert_eq!(status(&tenant.delete_group(unknown).await), 404);
    let stale = Precondition::OneOf(vec!["\"1\"".into()]);
    assert_eq!(status(&tenant.submit(Command::DeleteUser(ada.id, stale)).await), 412);
    let body = json!({ "displayName": "g", "members": tenant.members(&[ada.id, unknown]) });
    assert_eq!(status(&tenant.submit(Command::CreateGroup(object(body))).await), 400);
    assert_eq!(kit::dump(&store).await, before);
}

pub async fn what_changes_nothing_writes_nothing(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let ada = tenant.create_user_of(json!({ "userName": "ada", "title": "Dr" })).await;
    let group = tenant.create_group("g", &[ada.id]).await;
    let before = kit::dump(&store).await;
    let same = json!([{ "op": "replace", "path": "title", "value": "Dr" }]);
    assert_eq!(tenant.patch_user(ada.id, same).await.unwrap().events, 0);
    let put = Command::ReplaceUser(ada.id, ada.doc.clone(), Precondition::None);
    assert_eq!(tenant.must(put).await.events, 0);
    assert_eq!(tenant.add_members(group.id, &[ada.id]).await.unwrap().events, 0);
    assert_eq!(tenant.remove_member(group.id, LocalId(77)).await.unwrap().events, 0);
    assert_eq!(kit::dump(&store).await, before);
}

pub async fn an_update_tells_what_was_before(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let body = json!({ "userName": "ada", "title": "Dr", "nickName": "A" });
    let ada = tenant.create_user_of(body).await;
    let change = json!([
        { "op": "replace", "path": "title", "value": "Prof" },
        { "op": "remove", "path": "nickName" },
        { "op": "add", "path": "locale", "value": "en" },
        { "op": "replace", "path": "active", "value": false },
    ]);
    tenant.patch_user(ada.id, change).await.unwrap();
    let events = tenant.events().await;
    let Change::User(EventType::UserUpdated, id, told) = &events.last().unwrap().record.change else {
        panic!("the last event is the update");
    };
    assert_eq!(*id, ada.id);
    let before = json!({ "title": "Dr", "nickName": "A", "locale": null, "active": true });
    assert_eq!(Value::Object(told.before.clone()), before);
    assert_eq!(told.doc_before(), ada.doc);
    let (_, head) = store.directory(tenant.number).await.unwrap().unwrap();
    assert_eq!((head.users_active, head.users_inactive), (0, 1));
}

pub async fn parallel_creates_of_one_name_make_one_user(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let answers = together((0..40).map(|index| {
        let tenant = tenant.clone();
        let name = if index % 2 == 0 { "ada" } else { "ADA" };
        async move { tenant.submit(Command::CreateUser(object(kit::user_body(name)))).await }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(answers.iter().filter(|answer| answer.is_err()).all(|answer| status(answer) == 409));
    assert_eq!(tenant.users_by(Lookup::UserName("ada".into())).await.len(), 1);
    assert_eq!(tenant.last_seq().await, 2);
}

pub async fn parallel_patches_of_a_group_lose_none(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(60).await;
    let group = tenant.create_group("g", &users[..20]).await;
    let answers = together(users.iter().enumerate().map(|(index, user)| {
        let (tenant, user, group) = (tenant.clone(), *user, group.id);
        async move {
            if index < 20 {
                tenant.remove_member(group, user).await
            } else {
                tenant.add_members(group, &[user]).await
            }
        }
    }))
    .await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|outcome| outcome.events == 1)));
    assert_eq!(tenant.members_of(group.id).await, users[20..]);
}

pub async fn parallel_patches_of_a_user_lose_none(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let ada = tenant.create_user("ada").await;
    let answers =
        together(
            (0..30).map(|index| {
                let (tenant, id) = (tenant.clone(), ada.id);
                let email = json!([{ "value": format!("ada{index:02}@example.com") }]);
                async move {
                    tenant.patch_user(id, json!([{ "op": "add", "path": "emails", "value": email }])).await
                }
            }),
        )
        .await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(tenant.user(ada.id).await.user.email_keys().len(), 30);
    for index in 0..30 {
        let found = tenant.users_by(Lookup::Email(format!("ada{index:02}@example.com"))).await;
        assert_eq!(found, [ada.id]);
    }
}

pub async fn a_name_passes_from_one_user_to_another(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let ids = [tenant.create_user_of(json!({ "userName": "a", "externalId": "ea" })).await.id, {
        tenant.create_user_of(json!({ "userName": "b", "externalId": "eb" })).await.id
    }];
    for round in 0..20 {
        let (left, right) = if round % 2 == 0 { ("a", "b") } else { ("b", "a") };
        let rename = |id: LocalId, to: &str| {
            let tenant = tenant.clone();
            let body = object(json!({ "userName": to, "externalId": format!("e{to}") }));
            async move { tenant.submit(Command::ReplaceUser(id, body, Precondition::None)).await }
        };
        // In this order in the lane, whether or not they share a batch.
        let (first, second, third) =
            tokio::join!(rename(ids[0], "free"), rename(ids[1], left), rename(ids[0], right));
        assert!(first.is_ok() && second.is_ok() && third.is_ok(), "{first:?} {second:?} {third:?}");
        assert_eq!(tenant.users_by(Lookup::UserName(left.into())).await, [ids[1]]);
        assert_eq!(tenant.users_by(Lookup::ExternalId(format!("e{right}"))).await, [ids[0]]);
    }
}

pub async fn a_deleted_users_name_is_free_for_another(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let mut last = tenant.create_user_of(json!({ "userName": "ada", "externalId": "x" })).await.id;
    for _ in 0..10 {
        let body = object(json!({ "userName": "ada", "externalId": "x" }));
        let (gone, made) = tokio::join!(tenant.delete_user(last), tenant.submit(Command::CreateUser(body)));
        gone.unwrap();
        let made = user_in(made.unwrap());
        assert!(made.id > last, "an id is never given twice");
        last = made.id;
    }
    assert_eq!(tenant.users_by(Lookup::All).await, [last]);
}

pub async fn those_in_a_batch_stand_when_another_is_refused(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let answers = together((0..60).map(|index| {
        let tenant = tenant.clone();
        let name = if index % 3 == 0 { "twin".to_owned() } else { format!("user{index}") };
        async move { tenant.submit(Command::CreateUser(object(kit::user_body(&name)))).await }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 41);
    assert_eq!(tenant.users_by(Lookup::All).await.len(), 41);
    assert_eq!(tenant.last_seq().await, 42);
}

pub async fn deleting_a_user_ends_its_memberships_first(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(2).await;
    let one = tenant.create_group("one", &users).await;
    let two = tenant.create_group("two", &users).await;
    tenant.delete_user(users[0]).await.unwrap();
    assert_eq!(tenant.members_of(one.id).await, users[1..]);
    assert_eq!(tenant.members_of(two.id).await, users[1..]);
    let kinds = tenant.event_types().await;
    assert_eq!(
        kinds[kinds.len() - 3..],
        [EventType::UserRemoved, EventType::UserRemoved, EventType::UserDeleted]
    );
    assert_eq!(tenant.user(users[1]).await.groups.len(), 2);
}

pub async fn deleting_a_group_ends_its_memberships_first(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(2).await;
    let group = tenant.create_group("g", &users).await;
    tenant.delete_group(group.id).await.unwrap();
    assert_eq!(store.group(tenant.number, group.id, true).await.unwrap(), None);
    let kinds = tenant.event_types().await;
    assert_eq!(
        kinds[kinds.len() - 3..],
        [EventType::UserRemoved, EventType::UserRemoved, EventType::GroupDeleted]
    );
    assert!(tenant.user(users[0]).await.groups.is_empty());
    assert!(store.work(10).await.unwrap().is_empty());
}

pub async fn deleting_a_member_and_its_group_at_once_leaves_neither(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(1_005).await;
    let group = tenant.create_group("g", &users).await;
    let leave = together(users[..8].iter().map(|user| {
        let (tenant, user) = (tenant.clone(), *user);
        async move { tenant.delete_user(user).await }
    }));
    let (left, deleted) = tokio::join!(leave, tenant.delete_group(group.id));
    assert!(left.iter().all(Result::is_ok));
    deleted.unwrap();
    tenant.work_off(1_000).await;
    assert_eq!(tenant.users_by(Lookup::All).await, users[8..]);
    assert!(tenant.groups_by(Lookup::All).await.is_empty());
    assert!(tenant.user(users[9]).await.groups.is_empty());
}

pub async fn a_nested_group_that_is_deleted_leaves_its_parents(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let child = tenant.create_group("child", &[]).await;
    let body = json!({ "displayName": "parent", "members": [{ "value": tenant.group_id(child.id) }] });
    let parent = tenant.create_group_of(body).await;
    assert_eq!(parent.nested, [child.id]);
    assert_eq!(tenant.groups_by(Lookup::MembersOf(child.id)).await, [parent.id]);
    tenant.delete_group(child.id).await.unwrap();
    let found = store.group(tenant.number, parent.id, false).await.unwrap().unwrap();
    assert!(found.group.nested.is_empty());
    assert!(tenant.groups_by(Lookup::MembersOf(child.id)).await.is_empty());
}

pub async fn a_group_of_2500_ends_in_steps_and_is_gone_at_once(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(2_500).await;
    let group = tenant.create_group_of(json!({
        "displayName": "all", "externalId": "x", "members": tenant.members(&users),
    }));
    let group = group.await;
    assert_eq!(tenant.members_of(group.id).await.len(), 2_500);

    tenant.delete_group(group.id).await.unwrap();
    assert_eq!(store.group(tenant.number, group.id, true).await.unwrap(), None);
    assert!(tenant.groups_by(Lookup::All).await.is_empty());
    assert!(tenant.groups_by(Lookup::ExternalId("x".into())).await.is_empty());
    assert!(tenant.groups_by(Lookup::DisplayName("all".into())).await.is_empty());
    assert!(tenant.groups_by(Lookup::GroupsOf(users[2_499])).await.is_empty());
    assert!(tenant.users_by(Lookup::MembersOf(group.id)).await.is_empty());
    assert!(tenant.user(users[2_499]).await.groups.is_empty());
    assert_eq!(store.nth(tenant.number, lockstep_core::query::Kind::Group, 0).await.unwrap(), None);
    assert_eq!(status(&tenant.add_members(group.id, &users[..1]).await), 404);
    assert_eq!(store.work(10).await.unwrap(), [Work::EndGroup(tenant.number, group.id)]);
    kit::check(&store).await;

    // Its names are free, and its members may go, while it is still ending.
    tenant.create_group_of(json!({ "displayName": "all", "externalId": "x" })).await;
    tenant.delete_user(users[2_000]).await.unwrap();
    kit::check(&store).await;
    let step = tenant.must(Command::EndGroup(group.id)).await;
    assert_eq!((step.reply, step.events), (Reply::Step { more: true }, 1_000));
    let step = tenant.must(Command::EndGroup(group.id)).await;
    assert_eq!((step.reply, step.events), (Reply::Step { more: false }, 500));
    let step = tenant.must(Command::EndGroup(group.id)).await;
    assert_eq!((step.reply, step.events), (Reply::Step { more: false }, 0));
    assert!(store.work(10).await.unwrap().is_empty());
    assert_eq!(tenant.event_types().await.last(), Some(&EventType::GroupDeleted));
}

pub async fn a_deleted_directory_is_gone_at_once_and_cleared_in_steps(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let other = Tenant::create(&store, 2).await;
    for tenant in [&tenant, &other] {
        let users = tenant.create_users(20).await;
        tenant.create_group("g", &users).await;
        tenant.create_user_of(json!({ "userName": "m", "emails": [{ "value": "m@example.com" }] })).await;
    }
    let untouched = tenant.last_seq().await;
    assert_eq!(tenant.must(Command::DeleteDirectory).await.reply, Reply::Gone);
    let refused = tenant.submit(Command::CreateUser(object(kit::user_body("late")))).await;
    assert_eq!(refused, Err(Refusal::NoDirectory));
    assert_eq!(tenant.submit(Command::DeleteDirectory).await, Err(Refusal::NoDirectory));
    let not_found = StoreError::NotFound { what: "directory" };
    assert_eq!(store.put_token(tenant.number, token(77)).await, Err(not_found));
    let listed = store.directories(crate::DirectoryQuery::default(), Page::first(9)).await.unwrap();
    assert_eq!(listed.len(), 1);

    assert_eq!(store.work(10).await.unwrap(), [Work::Clear(tenant.number)]);
    let mut steps = 1;
    while store.clear(tenant.number, 7).await.unwrap() {
        steps += 1;
    }
    assert!(steps > 5, "a step is bounded: {steps}");
    assert!(!store.clear(tenant.number, 7).await.unwrap(), "clearing again does nothing");
    assert!(store.work(10).await.unwrap().is_empty());
    // Its token stays, so that its IdP is told what became of it.
    assert_eq!(store.token([1; 32]).await.unwrap().map(|found| found.0), Some(tenant.number));
    assert!(tenant.users_by(Lookup::All).await.is_empty());
    assert!(tenant.groups_by(Lookup::All).await.is_empty());

    // The log and the row stay, so that the number stays taken and its events can be told.
    assert_eq!(tenant.events().await.len() as u64, untouched + 1);
    assert!(store.directory(tenant.number).await.unwrap().is_some());
    let again = kit::creation(kit::row(1), token(3));
    assert_eq!(tenant.submit(again).await, Err(Refusal::NumberTaken));

    assert_eq!(other.users_by(Lookup::All).await.len(), 21);
    assert!(!store.clear(other.number, 1_000).await.unwrap(), "what was not deleted is not cleared");
    assert_eq!(other.users_by(Lookup::All).await.len(), 21);
    assert_eq!(store.token([2; 32]).await.unwrap().unwrap().0, other.number);
}

pub async fn a_group_that_was_ending_is_cleared_with_its_directory(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(1_100).await;
    let group = tenant.create_group("all", &users).await;
    tenant.delete_group(group.id).await.unwrap();
    tenant.must(Command::DeleteDirectory).await;
    assert_eq!(store.work(10).await.unwrap(), [Work::Clear(tenant.number)]);
    let step = tenant.must(Command::EndGroup(group.id)).await;
    assert_eq!((step.reply, step.events), (Reply::Step { more: false }, 0));
    assert!(tenant.work_off(5_000).await < 5);
}

pub async fn the_epoch_grows_with_credentials_and_directories_only(store: impl Store) {
    let before = store.epoch();
    let tenant = Tenant::create(&store, 1).await;
    let made = store.epoch();
    assert!(made > before);
    tenant.create_user("ada").await;
    store.put_organization(organization(5)).await.unwrap();
    assert_eq!(store.epoch(), made);
    tenant.must(Command::DeleteDirectory).await;
    assert!(store.epoch() > made);
}

pub async fn an_api_key_is_found_by_its_digest(store: impl Store) {
    assert!(!store.has_api_keys().await.unwrap());
    let reach = Reach::Organizations(vec![OrganizationId(7), OrganizationId(u128::MAX)]);
    let keys =
        [(1, Reach::Everything), (2, reach)].map(|(number, reach)| ApiKey { reach, ..kit::api_key(number) });
    let before = store.epoch();
    for key in &keys {
        store.put_api_key(key.clone()).await.unwrap();
    }
    assert!(store.epoch() > before);
    assert!(store.has_api_keys().await.unwrap());
    for key in &keys {
        assert_eq!(store.api_key(key.digest).await.unwrap().as_ref(), Some(key));
        let taken = StoreError::Conflict { what: "api_key" };
        assert_eq!(store.put_api_key(key.clone()).await, Err(taken));
    }
    assert_eq!(store.api_key([3; 32]).await.unwrap(), None);
}

pub async fn the_mark_of_the_master_key_is_kept_until_another_is_noted<S: Store>(store: S) {
    assert_eq!(store.master_key_mark().await.unwrap(), None);
    for mark in [[1; 16], [2; 16], [2; 16]] {
        let epoch = store.epoch();
        store.put_master_key_mark(mark).await.unwrap();
        assert_eq!(store.master_key_mark().await.unwrap(), Some(mark));
        assert_eq!(store.epoch(), epoch, "nobody's credential changed");
    }
}

pub async fn an_organizations_external_id_is_unique(store: impl Store) {
    let named = |number: u128, id: &str| {
        let mut row = organization(number);
        row.external_id = Some(id.into());
        row.metadata.insert("tier".into(), "gold \u{1f947}".into());
        row
    };
    store.put_organization(named(1, "one")).await.unwrap();
    store.put_organization(organization(2)).await.unwrap();
    store.put_organization(organization(3)).await.unwrap();
    let taken = StoreError::Conflict { what: "external_id" };
    assert_eq!(store.put_organization(named(2, "one")).await, Err(taken));
    assert_eq!(store.organization(OrganizationId(2)).await.unwrap(), Some(organization(2)));
    store.put_organization(named(1, "uno")).await.unwrap();
    store.put_organization(named(2, "one")).await.unwrap();
    assert_eq!(store.organization_by_external_id("one").await.unwrap(), Some(named(2, "one")));
    assert_eq!(store.organization_by_external_id("uno").await.unwrap(), Some(named(1, "uno")));
    assert_eq!(store.organization_by_external_id("nobody").await.unwrap(), None);
    assert_eq!(store.organization(OrganizationId(9)).await.unwrap(), None);
}

pub async fn an_organization_is_replaced_only_as_it_was_read(store: impl Store) {
    let named = |number: u128, name: &str, external_id: Option<&str>| {
        let mut row = organization(number);
        row.name = name.into();
        row.external_id = external_id.map(Into::into);
        row
    };
    let (one, two) = (named(1, "one", None), named(1, "two", Some("x")));
    assert!(!store.replace_organization(one.clone(), two.clone()).await.unwrap(), "there is none");
    store.put_organization(one.clone()).await.unwrap();
    assert!(store.replace_organization(one.clone(), two.clone()).await.unwrap());
    assert_eq!(store.organization_by_external_id("x").await.unwrap(), Some(two.clone()));
    assert!(
        !store.replace_organization(one.clone(), named(1, "three", None)).await.unwrap(),
        "it was read before"
    );
    assert!(!store.replace_organization(two.clone(), named(9, "nine", None)).await.unwrap(), "another's id");
    assert_eq!(store.organization(OrganizationId(1)).await.unwrap(), Some(two.clone()));
    assert_eq!(store.organization(OrganizationId(9)).await.unwrap(), None);

    store.put_organization(named(2, "other", Some("y"))).await.unwrap();
    let taken = Err(StoreError::Conflict { what: "external_id" });
    assert_eq!(store.replace_organization(two.clone(), named(1, "two", Some("y"))).await, taken);
    assert_eq!(store.organization(OrganizationId(1)).await.unwrap(), Some(two.clone()));

    // Of many who read the same, one wins.
    let won = together((0..20).map(|index| {
        let (store, before, after) = (store.clone(), two.clone(), named(1, &format!("n{index}"), None));
        async move { store.replace_organization(before, after).await.unwrap() }
    }));
    assert_eq!(won.await.into_iter().filter(|won| *won).count(), 1);
}

pub async fn a_precondition_sees_what_the_batch_did_before_it(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let ada = tenant.create_user("ada").await;
    let tag = version::user(&ada, &[]);
    let title = |title: &str| {
        let patch = tenant.user_patch(&json!([{ "op": "replace", "path": "title", "value": title }]));
        Command::PatchUser(ada.id, patch, Precondition::OneOf(vec![tag.clone()]))
    };
    let (one, two) = tokio::join!(tenant.submit(title("one")), tenant.submit(title("two")));
    assert!(one.is_ok());
    assert_eq!(status(&two), 412);
    assert_eq!(tenant.user(ada.id).await.user.doc["title"], "one");
}

pub async fn members_that_nobody_knows_may_be_left_out(store: impl Store) {
    let rules = Rules { unknown_members: UnknownMember::LeaveOut, ..Rules::default() };
    let tenant = Tenant::create_with(&store, kit::row(1), token(1), rules).await;
    let ada = tenant.create_user("ada").await;
    let body = json!({ "displayName": "g", "members": tenant.members(&[ada.id, LocalId(77)]) });
    let outcome = tenant.must(Command::CreateGroup(object(body))).await;
    assert_eq!(outcome.notes.len(), 1);
    assert_eq!(tenant.members_of(kit::group_in(outcome).id).await, [ada.id]);
}

pub async fn groups_may_share_a_name_where_the_contract_says_so(store: impl Store) {
    let rules = Rules { unique_group_names: false, ..Rules::default() };
    let tenant = Tenant::create_with(&store, kit::row(1), token(1), rules).await;
    let one = tenant.create_group("Same", &[]).await;
    let two = tenant.create_group("same", &[]).await;
    assert_eq!(tenant.groups_by(Lookup::DisplayName("same".into())).await, [one.id, two.id]);
}

pub async fn an_external_id_is_unique_where_the_contract_says_so(store: impl Store) {
    for (number, unique_external_ids) in [(1_u8, true), (2, false)] {
        let rules = Rules { unique_external_ids, ..Rules::default() };
        let tenant = Tenant::create_with(&store, kit::row(number.into()), token(number), rules).await;
        let user = |name: &str| Command::CreateUser(object(json!({ "userName": name, "externalId": "x" })));
        let group =
            |name: &str| Command::CreateGroup(object(json!({ "displayName": name, "externalId": "x" })));
        for (one, two) in [(user("a"), user("b")), (group("a"), group("b"))] {
            assert!(tenant.submit(one).await.is_ok());
            let twin = tenant.submit(two).await;
            assert_eq!(twin.is_ok(), !unique_external_ids);
            assert!(twin.is_ok() || status(&twin) == 409);
        }
        let expected = if unique_external_ids { 1 } else { 2 };
        assert_eq!(tenant.users_by(Lookup::ExternalId("x".into())).await.len(), expected);
        assert_eq!(tenant.groups_by(Lookup::ExternalId("x".into())).await.len(), expected);
    }
}

pub async fn replacing_members_tells_only_the_difference(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(4).await;
    let group = tenant.create_group("g", &users[..3]).await;
    let members = tenant.members(&users[1..]);
    let outcome = tenant
        .patch_group(group.id, json!([{ "op": "replace", "path": "members", "value": members }]))
        .await
        .unwrap();
    assert_eq!(outcome.events, 2);
    assert_eq!(tenant.members_of(group.id).await, users[1..]);
}

pub async fn nothing_is_taken_after_stop_and_all_before_it_is_answered(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let submitted: Vec<_> = (0..50)
        .map(|index| {
            let envelope = tenant.envelope(Command::CreateUser(object(kit::user_body(&format!("u{index}")))));
            let store = store.clone();
            tokio::spawn(async move { store.submit(envelope).await })
        })
        .collect();
    store.stop().await;
    let mut made = 0;
    for task in submitted {
        match task.await.unwrap() {
            Ok(answer) => made += u64::from(answer.is_ok()),
            Err(error) => assert_eq!(error, StoreError::Stopping),
        }
    }
    let late = tenant.envelope(Command::CreateUser(object(kit::user_body("late"))));
    assert_eq!(store.submit(late).await, Err(StoreError::Stopping));
    assert_eq!(store.put_organization(organization(1)).await, Err(StoreError::Stopping));
    assert_eq!(tenant.last_seq().await, 1 + made, "reads go on");
    assert_eq!(
        store.events(EventQuery { limit: 99, ..EventQuery::default() }).await.unwrap().len() as u64,
        1 + made
    );
    store.stop().await;
}

pub async fn dropping_the_future_cancels_nothing(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    {
        let future = store.submit(tenant.envelope(Command::CreateUser(object(kit::user_body("ada")))));
        let mut future = Box::pin(future);
        let waker = std::task::Waker::noop();
        let _ = future.as_mut().poll(&mut std::task::Context::from_waker(waker));
    }
    // What comes after it in the lane shows that it was done.
    tenant.create_user("bob").await;
    assert_eq!(tenant.users_by(Lookup::UserName("ada".into())).await.len(), 1);
}

pub async fn a_large_document_is_kept_whole(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let emails: Vec<Value> = (0..1_000)
        .map(|index| json!({ "value": format!("ada.{index}@example.com"), "type": "work" }))
        .collect();
    let ada = tenant.create_user_of(json!({ "userName": "ada", "emails": emails })).await;
    assert_eq!(tenant.user(ada.id).await.user, Arc::unwrap_or_clone(ada.clone()));
    assert_eq!(tenant.users_by(Lookup::Email("ada.999@example.com".into())).await, [ada.id]);
}
