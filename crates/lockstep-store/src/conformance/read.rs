//! What a read gives: one consistent state, by key, from an index.

use lockstep_core::clock::Timestamp;
use lockstep_core::command::Command;
use lockstep_core::id::{LocalId, OrganizationId};
use lockstep_core::query::{Kind, Lookup};
use lockstep_core::rules::Rules;
use serde_json::json;

use super::kit::{self, Tenant, organization, row, token};
use crate::{DirectoryQuery, Order, Page, Store};

pub async fn a_user_shows_its_groups_and_a_group_its_members(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(3).await;
    let one = tenant.create_group("One", &users).await;
    let two = tenant.create_group("Two", &users[..1]).await;
    let shown = tenant.user(users[0]).await.groups;
    let shown: Vec<_> =
        shown.iter().map(|group| (group.id, group.display_name.as_str(), group.doc_seq)).collect();
    assert_eq!(shown, [(one.id, "One", one.doc_seq), (two.id, "Two", two.doc_seq)]);
    assert_eq!(tenant.user(users[1]).await.groups.len(), 1);

    let with = store.group(tenant.number, one.id, true).await.unwrap().unwrap();
    assert_eq!((with.group, with.members), ((*one).clone(), Some(users.clone())));
    let without = store.group(tenant.number, one.id, false).await.unwrap().unwrap();
    assert_eq!((without.group, without.members), ((*one).clone(), None));

    let listed = store.groups(tenant.number, Lookup::All, Page::first(9), true).await.unwrap();
    let listed: Vec<_> = listed.into_iter().map(|view| view.members.unwrap()).collect();
    assert_eq!(listed, [users.clone(), users[..1].to_vec()]);
    let listed = store.users(tenant.number, Lookup::All, Page::first(9)).await.unwrap();
    assert_eq!(listed.iter().map(|view| view.groups.len()).collect::<Vec<_>>(), [2, 1, 1]);
}

pub async fn what_is_not_there_is_none(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let nobody = LocalId(77);
    assert_eq!(store.user(tenant.number, nobody).await.unwrap(), None);
    assert_eq!(store.group(tenant.number, nobody, true).await.unwrap(), None);
    assert_eq!(store.nth(tenant.number, Kind::User, 0).await.unwrap(), None);
    assert_eq!(store.nth(tenant.number, Kind::Group, u64::MAX).await.unwrap(), None);
    assert_eq!(store.token([9; 32]).await.unwrap(), None);
    assert!(store.users(tenant.number, Lookup::All, Page::first(0)).await.unwrap().is_empty());
    for id in [LocalId(0), LocalId(u64::MAX)] {
        assert_eq!(store.user(tenant.number, id).await.unwrap(), None);
        assert!(tenant.users_by(Lookup::Id(id)).await.is_empty());
    }
}

pub async fn each_lookup_of_users_gives_what_it_names(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let ada = tenant
        .create_user_of(json!({
            "userName": "Ada", "externalId": "X1", "displayName": "Lady Ada",
            "emails": [{ "value": "Ada@Example.com" }, { "value": "second@example.com" }],
        }))
        .await;
    let bob = tenant
        .create_user_of(json!({
            "userName": "bob", "displayName": "LADY ADA", "emails": [{ "value": "ada@example.COM" }],
        }))
        .await;
    let eve = tenant.create_user("eve").await;
    let group = tenant.create_group("g", &[ada.id, eve.id]).await;

    let all = [ada.id, bob.id, eve.id];
    let cases: Vec<(Lookup, Vec<LocalId>)> = vec![
        (Lookup::All, all.to_vec()),
        (Lookup::Nothing, vec![]),
        (Lookup::Id(bob.id), vec![bob.id]),
        (Lookup::Id(group.id), vec![]),
        (Lookup::UserName("ada".into()), vec![ada.id]),
        (Lookup::UserName("Ada".into()), vec![]),
        (Lookup::ExternalId("X1".into()), vec![ada.id]),
        (Lookup::ExternalId("x1".into()), vec![]),
        (Lookup::Email("ada@example.com".into()), vec![ada.id, bob.id]),
        (Lookup::Email("second@example.com".into()), vec![ada.id]),
        (Lookup::DisplayName("lady ada".into()), vec![ada.id, bob.id]),
        (Lookup::DisplayName("lady".into()), vec![]),
        (Lookup::ModifiedSince(bob.modified_at), vec![bob.id, eve.id]),
        (Lookup::ModifiedSince(Timestamp(i64::MIN)), all.to_vec()),
        (Lookup::ModifiedSince(Timestamp(eve.modified_at.0 + 1)), vec![]),
        (Lookup::MembersOf(group.id), vec![ada.id, eve.id]),
        (Lookup::MembersOf(LocalId(77)), vec![]),
        (Lookup::GroupsOf(ada.id), vec![]),
    ];
    for (lookup, expected) in cases {
        assert_eq!(tenant.users_by(lookup.clone()).await, expected, "{lookup:?}");
    }

    // An index follows what changes.
    let change = json!([
        { "op": "remove", "path": "externalId" },
        { "op": "remove", "path": "emails[value eq \"second@example.com\"]" },
        { "op": "replace", "path": "displayName", "value": "Countess" },
        { "op": "replace", "path": "userName", "value": "lovelace" },
    ]);
    tenant.patch_user(ada.id, change).await.unwrap();
    let cases = [
        (Lookup::ExternalId("X1".into()), vec![]),
        (Lookup::UserName("ada".into()), vec![]),
        (Lookup::UserName("lovelace".into()), vec![ada.id]),
        (Lookup::Email("second@example.com".into()), vec![]),
        (Lookup::Email("ada@example.com".into()), vec![ada.id, bob.id]),
        (Lookup::DisplayName("countess".into()), vec![ada.id]),
        (Lookup::DisplayName("lady ada".into()), vec![bob.id]),
        (Lookup::ModifiedSince(Timestamp(eve.modified_at.0 + 1)), vec![ada.id]),
    ];
    for (lookup, expected) in cases {
        assert_eq!(tenant.users_by(lookup.clone()).await, expected, "{lookup:?}");
    }
}

pub async fn each_lookup_of_groups_gives_what_it_names(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(2).await;
    let one = tenant
        .create_group_of(json!({
            "displayName": "One", "externalId": "X1", "members": tenant.members(&users),
        }))
        .await;
    let two = tenant
        .create_group_of(json!({
            "displayName": "Two", "members": [
                { "value": tenant.user_id(users[1]) }, { "value": tenant.group_id(one.id) },
            ],
        }))
        .await;
    let cases: Vec<(Lookup, Vec<LocalId>)> = vec![
        (Lookup::All, vec![one.id, two.id]),
        (Lookup::Nothing, vec![]),
        (Lookup::Id(two.id), vec![two.id]),
        (Lookup::Id(users[0]), vec![]),
        (Lookup::UserName("one".into()), vec![]),
        (Lookup::Email("one".into()), vec![]),
        (Lookup::ExternalId("X1".into()), vec![one.id]),
        (Lookup::ExternalId("x1".into()), vec![]),
        (Lookup::DisplayName("two".into()), vec![two.id]),
        (Lookup::ModifiedSince(two.modified_at), vec![two.id]),
        (Lookup::ModifiedSince(Timestamp(0)), vec![one.id, two.id]),
        (Lookup::GroupsOf(users[0]), vec![one.id]),
        (Lookup::GroupsOf(users[1]), vec![one.id, two.id]),
        (Lookup::MembersOf(one.id), vec![two.id]),
        (Lookup::MembersOf(two.id), vec![]),
    ];
    for (lookup, expected) in cases {
        assert_eq!(tenant.groups_by(lookup.clone()).await, expected, "{lookup:?}");
    }

    // A change of membership is a change of the group.
    tenant.remove_member(one.id, users[0]).await.unwrap();
    assert_eq!(tenant.groups_by(Lookup::ModifiedSince(Timestamp(two.modified_at.0 + 1))).await, [one.id]);
    let rename = json!([
        { "op": "replace", "path": "displayName", "value": "Uno" },
        { "op": "replace", "path": "externalId", "value": "X2" },
    ]);
    tenant.patch_group(one.id, rename).await.unwrap();
    assert!(tenant.groups_by(Lookup::DisplayName("one".into())).await.is_empty());
    assert!(tenant.groups_by(Lookup::ExternalId("X1".into())).await.is_empty());
    assert_eq!(tenant.groups_by(Lookup::DisplayName("uno".into())).await, [one.id]);
    assert_eq!(tenant.groups_by(Lookup::ExternalId("X2".into())).await, [one.id]);
    assert_eq!(tenant.groups_by(Lookup::GroupsOf(users[1])).await, [one.id, two.id]);
    assert_eq!(tenant.user(users[1]).await.groups[0].display_name, "Uno");
}

/// All pages that there are over `keys` (ascending), against what they must hold.
fn pages<K: Copy + Ord>(keys: &[K]) -> Vec<(Page<K>, Vec<K>)> {
    let mut pages = Vec::new();
    for order in [Order::Ascending, Order::Descending] {
        let mut list = keys.to_vec();
        if order == Order::Descending {
            list.reverse();
        }
        let bounds: Vec<Option<usize>> = (0..list.len()).map(Some).chain([None]).collect();
        for after in &bounds {
            for before in &bounds {
                for limit in [0, 1, 3, list.len() + 1] {
                    let first = after.map_or(0, |index| index + 1);
                    let end = before.unwrap_or(list.len());
                    let between = if first < end { &list[first..end] } else { &[] };
                    let expected = if before.is_some() {
                        &between[between.len().saturating_sub(limit)..]
                    } else {
                        &between[..limit.min(between.len())]
                    };
                    let page = Page {
                        after: after.map(|index| list[index]),
                        before: before.map(|index| list[index]),
                        order,
                        limit,
                    };
                    pages.push((page, expected.to_vec()));
                }
            }
        }
    }
    pages
}

pub async fn every_page_of_users_holds_what_it_must(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(5).await;
    tenant.create_group("g", &users).await;
    let same = json!([{ "op": "add", "path": "displayName", "value": "Same" },
        { "op": "add", "path": "emails", "value": [{ "value": "same@example.com" }] }]);
    for user in &users {
        tenant.patch_user(*user, same.clone()).await.unwrap();
    }
    let group = tenant.groups_by(Lookup::All).await[0];
    for lookup in [
        Lookup::All,
        Lookup::MembersOf(group),
        Lookup::DisplayName("same".into()),
        Lookup::Email("same@example.com".into()),
        Lookup::ModifiedSince(Timestamp(0)),
    ] {
        for (page, expected) in pages(&users) {
            let found = store.users(tenant.number, lookup.clone(), page.clone()).await.unwrap();
            let found: Vec<_> = found.into_iter().map(|view| view.user.id).collect();
            assert_eq!(found, expected, "{lookup:?} {page:?}");
        }
    }
}

pub async fn every_page_of_groups_holds_what_it_must(store: impl Store) {
    let rules = Rules { unique_group_names: false, ..Rules::default() };
    let tenant = Tenant::create_with(&store, row(1), token(1), rules).await;
    let user = tenant.create_user("ada").await.id;
    let child = tenant.create_group("child", &[]).await.id;
    let members = json!([{ "value": tenant.user_id(user) }, { "value": tenant.group_id(child) }]);
    let mut groups = Vec::new();
    for _ in 0..5 {
        let body = json!({ "displayName": "Same", "members": members });
        groups.push(tenant.create_group_of(body).await.id);
    }
    let since = store.group(tenant.number, groups[0], false).await.unwrap().unwrap().group.modified_at;
    for lookup in [
        Lookup::GroupsOf(user),
        Lookup::MembersOf(child),
        Lookup::DisplayName("same".into()),
        Lookup::ModifiedSince(since),
    ] {
        for (page, expected) in pages(&groups) {
            let found = store.groups(tenant.number, lookup.clone(), page.clone(), false).await.unwrap();
            let found: Vec<_> = found.into_iter().map(|view| view.group.id).collect();
            assert_eq!(found, expected, "{lookup:?} {page:?}");
        }
    }
}

pub async fn every_page_of_organizations_holds_what_it_must(store: impl Store) {
    let ids = [1, 2, 1 << 64, u128::MAX - 1, u128::MAX].map(OrganizationId);
    for id in ids.iter().rev() {
        store.put_organization(organization(id.0)).await.unwrap();
    }
    for (page, expected) in pages(&ids) {
        let found = store.organizations(page.clone()).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|organization| organization.id).collect();
        assert_eq!(found, expected, "{page:?}");
    }
}

pub async fn every_page_of_directories_holds_what_it_must(store: impl Store) {
    // The numbers fall while the local parts grow: it is the latter that order the list.
    let mut locals = Vec::new();
    for index in 0..5_u8 {
        let mut row = row(u32::from(u8::MAX - index));
        row.id.local = LocalId(1_000 + u64::from(index));
        row.name = format!("Straße {index}");
        row.organization = OrganizationId(u128::from(index % 2));
        locals.push(row.id.local);
        Tenant::create_with(&store, row, token(100 + index), Rules::default()).await;
    }
    for (page, expected) in pages(&locals) {
        let found = store.directories(DirectoryQuery::default(), page.clone()).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|(directory, _)| directory.id.local).collect();
        assert_eq!(found, expected, "{page:?}");
    }
    let odd = [locals[1], locals[3]];
    for (page, expected) in pages(&odd) {
        let query =
            DirectoryQuery { organizations: Some(vec![OrganizationId(1)]), search: Some("STRASSE".into()) };
        let found = store.directories(query, page.clone()).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|(directory, _)| directory.id.local).collect();
        assert_eq!(found, expected, "{page:?}");
    }
    for (organizations, search, expected) in [
        (None, Some("e 3"), vec![locals[3]]),
        (None, Some(""), locals.clone()),
        (None, Some("%"), vec![]),
        (Some(vec![]), None, vec![]),
        (Some(vec![OrganizationId(7)]), None, vec![]),
        (Some(vec![OrganizationId(1), OrganizationId(0), OrganizationId(1)]), None, locals.clone()),
    ] {
        let query = DirectoryQuery { organizations, search: search.map(str::to_owned) };
        let found = store.directories(query.clone(), Page::first(9)).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|(directory, _)| directory.id.local).collect();
        assert_eq!(found, expected, "{query:?}");
    }
}

pub async fn a_directory_is_found_with_its_head(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(3).await;
    tenant.create_group("g", &users).await;
    tenant
        .patch_user(users[0], json!([{ "op": "replace", "path": "active", "value": false }]))
        .await
        .unwrap();
    let (found, head) = store.directory(tenant.number).await.unwrap().unwrap();
    assert_eq!(found, row(1));
    assert_eq!((head.last_seq, head.users_active, head.users_inactive, head.groups), (9, 2, 1, 1));
    let listed = store.directories(DirectoryQuery::default(), Page::first(9)).await.unwrap();
    assert_eq!(listed, [(found, head)]);
    tenant.must(Command::DeleteDirectory).await;
    let (found, head) = store.directory(tenant.number).await.unwrap().unwrap();
    assert_eq!(found.state, lockstep_core::model::DirectoryState::Deleting);
    assert_eq!((head.last_seq, head.users_active, head.users_inactive, head.groups), (10, 0, 0, 0));
}

pub async fn the_nth_user_and_group_are_those_of_the_list(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    Tenant::create(&store, 2).await.create_users(3).await;
    let users = tenant.create_users(7).await;
    tenant.delete_user(users[2]).await.unwrap();
    let mut groups = Vec::new();
    for name in ["a", "b", "c"] {
        groups.push(tenant.create_group(name, &users[3..4]).await.id);
    }
    tenant.delete_group(groups[1]).await.unwrap();
    let lists = [
        (Kind::User, tenant.users_by(Lookup::All).await),
        (Kind::Group, tenant.groups_by(Lookup::All).await),
    ];
    for (kind, list) in lists {
        for index in 0..list.len() + 2 {
            let found = store.nth(tenant.number, kind, index as u64).await.unwrap();
            assert_eq!(found, list.get(index).copied(), "{kind:?} {index}");
        }
    }
}

pub async fn a_walk_by_key_sees_everyone_who_stays_while_others_come_and_go(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(60).await;
    let stay: Vec<_> = users.iter().copied().filter(|user| user.0 % 2 == users[0].0 % 2).collect();
    let go: Vec<_> = users.iter().copied().filter(|user| !stay.contains(user)).collect();
    let writer = tokio::spawn({
        let tenant = tenant.clone();
        async move {
            for (index, user) in go.into_iter().enumerate() {
                tenant.delete_user(user).await.unwrap();
                tenant.create_user(&format!("new{index}")).await;
            }
        }
    });
    let mut seen = Vec::new();
    let mut page = Page::first(3);
    loop {
        let found = store.users(tenant.number, Lookup::All, page).await.unwrap();
        let Some(last) = found.last() else { break };
        page = Page::behind(last.user.id, 3);
        seen.extend(found.into_iter().map(|view| view.user.id));
    }
    writer.await.unwrap();
    assert!(seen.is_sorted_by(|one, next| one < next), "nobody is seen twice");
    assert!(stay.iter().all(|user| seen.contains(user)));
    kit::check(&store).await;
}

pub async fn a_group_and_its_members_are_read_as_one_state(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(2).await;
    let group = tenant.create_group("g", &[]).await.id;
    let writer = tokio::spawn({
        let (tenant, users) = (tenant.clone(), users.clone());
        async move {
            for _ in 0..40 {
                tenant.add_members(group, &users).await.unwrap();
                tenant.patch_group(group, json!([{ "op": "remove", "path": "members" }])).await.unwrap();
            }
        }
    });
    while !writer.is_finished() {
        let found = store.group(tenant.number, group, true).await.unwrap().unwrap();
        // Each change moves the version by two: full and empty have versions of their own.
        let version = found.group.seq - found.group.doc_seq;
        let expected = if version % 4 == 0 { 0 } else { 2 };
        assert_eq!((version % 2, found.members.unwrap().len()), (0, expected));
    }
    writer.await.unwrap();
}

pub async fn a_store_that_works_is_ready(store: impl Store) {
    store.ready().await.unwrap();
    Tenant::create(&store, 1).await;
    store.ready().await.unwrap();
}
