//! A directory is an island: what is the same in two of them never crosses.

use lockstep_core::command::Command;
use lockstep_core::id::LocalId;
use lockstep_core::query::{Kind, Lookup};
use lockstep_core::rules::Rules;
use serde_json::json;

use super::kit::{self, Tenant, object, row, status, token};
use crate::{EventQuery, EventScope, Page, Store};

/// Two directories in which users and groups of the same names have the same local ids: their times stand still and
/// what is random is the same, so each id is the one before plus a step.
async fn twins(store: &impl Store) -> [Tenant<impl Store>; 2] {
    let mut tenants = Vec::new();
    for number in [1_u8, 2] {
        let tenant = Tenant::create_with(store, row(number.into()), token(number), Rules::default()).await;
        tenants.push(tenant);
    }
    tenants.try_into().unwrap_or_else(|_| panic!("there are two"))
}

async fn fill(tenant: &Tenant<impl Store>) -> (LocalId, LocalId) {
    let body = json!({
        "userName": "ada", "externalId": "x", "displayName": "Ada", "emails": [{ "value": "ada@example.com" }],
        "title": format!("of {}", tenant.number.0),
    });
    let ada = tenant.create_user_of(body).await.id;
    let body = json!({ "displayName": "all", "externalId": "x", "members": tenant.members(&[ada]) });
    (ada, tenant.create_group_of(body).await.id)
}

pub async fn the_same_names_live_in_two_directories(store: impl Store) {
    let [one, two] = twins(&store).await;
    let (ada, group) = fill(&one).await;
    let (other_ada, other_group) = fill(&two).await;
    for (tenant, user, group) in [(&one, ada, group), (&two, other_ada, other_group)] {
        for lookup in [
            Lookup::All,
            Lookup::UserName("ada".into()),
            Lookup::ExternalId("x".into()),
            Lookup::Email("ada@example.com".into()),
            Lookup::DisplayName("ada".into()),
            Lookup::ModifiedSince(kit::START),
            Lookup::MembersOf(group),
        ] {
            let found = store.users(tenant.number, lookup.clone(), Page::first(9)).await.unwrap();
            assert_eq!(found.len(), 1, "{lookup:?}");
            assert_eq!(found[0].user.id, user);
            assert_eq!(found[0].user.doc["title"], format!("of {}", tenant.number.0));
            assert_eq!(found[0].groups[0].id, group);
        }
        for lookup in [
            Lookup::All,
            Lookup::ExternalId("x".into()),
            Lookup::DisplayName("all".into()),
            Lookup::ModifiedSince(kit::START),
            Lookup::GroupsOf(user),
        ] {
            assert_eq!(tenant.groups_by(lookup.clone()).await, [group], "{lookup:?}");
        }
        assert_eq!(store.nth(tenant.number, Kind::User, 0).await.unwrap(), Some(user));
        assert_eq!(store.nth(tenant.number, Kind::User, 1).await.unwrap(), None);
        assert_eq!(store.nth(tenant.number, Kind::Group, 0).await.unwrap(), Some(group));
        assert_eq!(store.nth(tenant.number, Kind::Group, 1).await.unwrap(), None);
    }
}

pub async fn an_id_leads_nowhere_in_another_directory(store: impl Store) {
    let [one, two] = twins(&store).await;
    let (ada, group) = fill(&one).await;
    let before = kit::dump(&store).await;
    assert_eq!(store.user(two.number, ada).await.unwrap(), None);
    assert_eq!(store.group(two.number, group, true).await.unwrap(), None);
    assert!(two.users_by(Lookup::Id(ada)).await.is_empty());
    assert!(two.users_by(Lookup::MembersOf(group)).await.is_empty());
    assert!(two.groups_by(Lookup::Id(group)).await.is_empty());
    assert!(two.groups_by(Lookup::GroupsOf(ada)).await.is_empty());
    assert_eq!(status(&two.delete_user(ada).await), 404);
    assert_eq!(status(&two.delete_group(group).await), 404);
    assert_eq!(status(&two.add_members(group, &[ada]).await), 404);
    assert_eq!(kit::dump(&store).await, before);

    // Neither as a bare id nor as the written one, which names the other directory.
    let mine = two.create_group("mine", &[]).await.id;
    assert_eq!(status(&two.add_members(mine, &[ada]).await), 400);
    let foreign = json!([{ "op": "add", "path": "members", "value": [{ "value": one.user_id(ada) }] }]);
    assert_eq!(status(&two.patch_group(mine, foreign).await), 400);
}

pub async fn the_same_local_ids_live_in_two_directories(store: impl Store) {
    let [one, two] = twins(&store).await;
    // Both get the ids that their own last one gives; with luck or not, each keeps what it is told.
    let mut pairs = Vec::new();
    for index in 0..30 {
        let body = |tenant: &Tenant<_>| {
            let title = format!("of {}", tenant.number.0);
            object(json!({ "userName": format!("u{index}"), "title": title }))
        };
        let (left, right) = tokio::join!(
            one.must(Command::CreateUser(body(&one))),
            two.must(Command::CreateUser(body(&two)))
        );
        pairs.push((kit::user_in(left).id, kit::user_in(right).id));
    }
    for (left, right) in &pairs {
        for (tenant, id) in [(&one, left), (&two, right)] {
            let title = format!("of {}", tenant.number.0);
            assert_eq!(tenant.user(*id).await.user.doc["title"], title);
        }
    }
    for (left, _) in pairs {
        one.delete_user(left).await.unwrap();
    }
    assert_eq!(two.users_by(Lookup::All).await.len(), 30);
}

pub async fn the_events_of_a_directory_are_its_own(store: impl Store) {
    let [one, two] = twins(&store).await;
    fill(&one).await;
    fill(&two).await;
    for tenant in [&one, &two] {
        let events = tenant.events().await;
        assert_eq!(events.len(), 4);
        for event in &events {
            let told = [Some(&event.record), event.user.as_ref(), event.group.as_ref()];
            assert!(told.into_iter().flatten().all(|record| record.directory == tenant.number));
        }
    }
    let none = EventQuery { scope: EventScope::Organizations(Vec::new()), limit: 9, ..EventQuery::default() };
    assert!(store.events(none).await.unwrap().is_empty());
}

pub async fn deleting_a_directory_leaves_its_neighbour_alone(store: impl Store) {
    let [one, two] = twins(&store).await;
    fill(&one).await;
    let (ada, group) = fill(&two).await;
    one.must(Command::DeleteDirectory).await;
    one.work_off(2).await;
    assert_eq!(two.members_of(group).await, [ada]);
    assert_eq!(two.users_by(Lookup::Email("ada@example.com".into())).await, [ada]);
    assert_eq!(store.token([2; 32]).await.unwrap(), Some((two.number, token(2))));
    assert_eq!(store.token([1; 32]).await.unwrap(), Some((one.number, token(1))));
    assert!(two.create_user("bob").await.id > ada);
}
