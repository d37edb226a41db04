//! What the log promises: dense numbers, positions that a reader can trust, each event once and in order.

use std::collections::BTreeSet;

use lockstep_core::clock::Timestamp;
use lockstep_core::command::{Command, Refusal};
use lockstep_core::event::{Change, EventType};
use lockstep_core::id::{DirectoryNumber, EventId, OrganizationId};
use lockstep_core::model::Directory;
use lockstep_core::rules::Rules;
use serde_json::json;

use super::kit::{self, Tenant, object, together, user_body};
use crate::{EventQuery, EventScope, EventView, Position, Store};

async fn page(store: &impl Store, after: Position, limit: usize) -> Vec<EventView> {
    store.events(EventQuery { after, limit, ..EventQuery::default() }).await.unwrap()
}

pub async fn a_live_reader_misses_nothing_and_sees_nothing_twice(store: impl Store) {
    let mut tenants = Vec::new();
    for number in 1..=4 {
        tenants.push(Tenant::create(&store, number).await);
    }
    let writers = tenants.iter().flat_map(|tenant| {
        (0..4).map(|writer| {
            let tenant = tenant.clone();
            tokio::spawn(async move {
                for index in 0..25 {
                    let user = tenant.create_user(&format!("{writer}-{index}")).await;
                    if index % 3 == 0 {
                        tenant.delete_user(user.id).await.unwrap();
                    }
                }
            })
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut committed = store.committed();
    let total = 4 * (1 + 4 * (25 + 9));
    let mut seen = Vec::new();
    let mut after = Position(0);
    while seen.len() < total {
        let found = page(&store, after, 10).await;
        match found.last() {
            Some(last) => {
                assert!(last.position > after);
                after = last.position;
                seen.extend(found);
            }
            // Nothing sleeps: the signal comes after each commit.
            None => committed.changed().await.unwrap(),
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(page(&store, after, 10).await.is_empty());
    for tenant in &tenants {
        let own: Vec<u64> = seen
            .iter()
            .filter(|event| event.record.directory == tenant.number)
            .map(|event| event.record.seq)
            .collect();
        assert_eq!(own, (1..=own.len() as u64).collect::<Vec<_>>());
        assert_eq!(own.len(), 1 + 4 * (25 + 9));
    }
}

pub async fn the_events_of_an_answer_can_be_read_once_it_is_given(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    for index in 0..20 {
        let outcome = tenant.must(Command::CreateUser(object(user_body(&format!("u{index}"))))).await;
        let events = tenant.events().await;
        assert_eq!(events.last().unwrap().record.seq, outcome.first_seq);
    }
}

pub async fn an_event_has_one_position_and_an_id_that_leads_to_it(store: impl Store) {
    let tenants = [Tenant::create(&store, 1).await, Tenant::create(&store, 2).await];
    for index in 0..5 {
        for tenant in &tenants {
            tenant.create_user(&format!("u{index}")).await;
        }
    }
    let all = page(&store, Position(0), 100).await;
    assert_eq!(all.len(), 12);
    for event in &all {
        let id = event.record.id();
        assert_eq!(store.position(id).await.unwrap(), Some(event.position));
        let elsewhere = EventId { at: Timestamp(id.at.0 + 1), ..id };
        assert_eq!(store.position(elsewhere).await.unwrap(), None, "another log's event of that number");
        assert_eq!(store.position(EventId { seq: id.seq + 100, ..id }).await.unwrap(), None);
    }
    for limit in [1, 5, 12] {
        let mut walked = Vec::new();
        let mut after = Position(0);
        loop {
            let found = page(&store, after, limit).await;
            let Some(last) = found.last() else { break };
            after = last.position;
            walked.extend(found);
        }
        assert_eq!(walked, all);
    }
    assert!(page(&store, Position(u64::MAX), 10).await.is_empty());
    assert!(page(&store, Position(0), 0).await.is_empty());
}

pub async fn a_query_gives_what_it_asks_for(store: impl Store) {
    let mut tenants = Vec::new();
    for (number, organization) in [(3, 8), (1, 7), (2, 8), (4, 9)] {
        let row = Directory { organization: OrganizationId(organization), ..kit::row(number.into()) };
        let tenant = Tenant::create_with(&store, row, kit::token(number), Rules::default()).await;
        tenants.push((tenant, OrganizationId(organization)));
    }
    for index in 0..30 {
        let (tenant, _) = &tenants[index % 7 % 4];
        let user = tenant.create_user(&format!("u{index}")).await;
        if index % 2 == 0 {
            tenant.create_group(&format!("g{index}"), &[user.id]).await;
        }
    }
    // What was told of a directory that is gone is told of its organization.
    tenants[2].0.must(Command::DeleteDirectory).await;
    let all = page(&store, Position(0), 1_000).await;
    let owner = |directory: DirectoryNumber| {
        tenants.iter().find(|(tenant, _)| tenant.number == directory).map(|(_, owner)| *owner).unwrap()
    };
    let middle = all[all.len() / 2].clone();
    let scopes = [
        EventScope::All,
        EventScope::Organizations(vec![]),
        EventScope::Organizations(vec![OrganizationId(8)]),
        EventScope::Organizations(vec![OrganizationId(9), OrganizationId(7), OrganizationId(9)]),
        EventScope::Organizations([7, 8, 9, 10].map(OrganizationId).to_vec()),
        EventScope::Organizations(vec![OrganizationId(99)]),
        EventScope::Directory(tenants[0].0.number),
        EventScope::Directory(DirectoryNumber(99)),
    ];
    let types = [
        vec![],
        vec![EventType::UserAdded],
        vec![EventType::GroupCreated, EventType::UserCreated, EventType::GroupCreated],
        vec![EventType::Deleted],
        EventType::ALL.to_vec(),
    ];
    let times = [
        (None, None),
        (Some(middle.record.at), None),
        (None, Some(middle.record.at)),
        (Some(all[5].record.at), Some(middle.record.at)),
        (Some(all[5].record.at), Some(all[5].record.at)),
        (Some(Timestamp(i64::MAX)), None),
    ];
    let mut queries = Vec::new();
    for scope in scopes {
        for types in &types {
            for (since, until) in times {
                for after in [Position(0), all[2].position, middle.position, Position(u64::MAX)] {
                    let (scope, types) = (scope.clone(), types.clone());
                    let first = EventQuery { after, scope, types, since, until, ..EventQuery::default() };
                    for before in [None, Some(Position(0)), Some(all[20].position), Some(middle.position)] {
                        queries.push(EventQuery { before, ..first.clone() });
                    }
                }
            }
        }
    }
    for query in queries {
        let wanted = |event: &&EventView| {
            let record = &event.record;
            let within = match &query.scope {
                EventScope::All => true,
                EventScope::Organizations(list) => list.contains(&owner(record.directory)),
                EventScope::Directory(directory) => record.directory == *directory,
            };
            within
                && event.position > query.after
                && query.before.is_none_or(|before| event.position < before)
                && (query.types.is_empty() || query.types.contains(&record.event_type()))
                && query.since.is_none_or(|since| record.at >= since)
                && query.until.is_none_or(|until| record.at < until)
        };
        let mut expected: Vec<_> = all.iter().filter(wanted).cloned().collect();
        for newest_first in [false, true] {
            for limit in [0, 1, 7, 1_000] {
                let asked = EventQuery { newest_first, limit, ..query.clone() };
                let found = store.events(asked.clone()).await.unwrap();
                assert_eq!(found, expected[..limit.min(expected.len())], "{asked:?}");
            }
            expected.reverse();
        }
    }
}

pub async fn a_membership_is_told_with_what_the_two_were_then(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let ada = tenant.create_user_of(json!({ "userName": "ada", "title": "first" })).await;
    let group = tenant.create_group("first", &[ada.id]).await;
    let title = json!([{ "op": "replace", "path": "title", "value": "second" }]);
    tenant.patch_user(ada.id, title).await.unwrap();
    let name = json!([{ "op": "replace", "path": "displayName", "value": "second" }]);
    tenant.patch_group(group.id, name).await.unwrap();
    tenant.remove_member(group.id, ada.id).await.unwrap();
    tenant.delete_user(ada.id).await.unwrap();
    tenant.delete_group(group.id).await.unwrap();

    let told = |event: &EventView| {
        let (Some(user), Some(group)) = (&event.user, &event.group) else { panic!("both are told") };
        let (Change::User(_, user_id, user), Change::Group(_, group_id, group)) =
            (&user.change, &group.change)
        else {
            panic!("each by its own record")
        };
        assert_eq!((*user_id, *group_id), (event.record.user().unwrap(), event.record.group().unwrap()));
        (user.doc["title"].clone(), group.doc["displayName"].clone())
    };
    let events = tenant.events().await;
    for (kind, expected) in [(EventType::UserAdded, "first"), (EventType::UserRemoved, "second")] {
        let event = events.iter().find(|event| event.record.event_type() == kind).unwrap();
        assert_eq!(told(event), (expected.into(), expected.into()));
    }
    let others = events.iter().filter(|event| !matches!(event.record.change, Change::Membership(..)));
    assert!(
        others.clone().count() > 0
            && others.clone().all(|event| event.user.is_none() && event.group.is_none())
    );
}

pub async fn every_kind_of_event_reads_as_it_was_written(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let ada = tenant.create_user("ada").await;
    let child = tenant.create_group("child", &[ada.id]).await;
    let body = json!({ "displayName": "parent", "members": [{ "value": tenant.group_id(child.id) }] });
    tenant.create_group_of(body).await;
    tenant.patch_user(ada.id, json!([{ "op": "add", "path": "title", "value": "Dr" }])).await.unwrap();
    tenant.delete_group(child.id).await.unwrap();
    tenant.delete_user(ada.id).await.unwrap();
    tenant.must(Command::DeleteDirectory).await;
    let kinds: BTreeSet<EventType> = tenant.event_types().await.into_iter().collect();
    assert_eq!(kinds, EventType::ALL.into_iter().collect());
    let events = tenant.events().await;
    let nested = events.iter().find_map(|event| match &event.record.change {
        Change::Group(EventType::GroupCreated, _, told) if !told.nested.is_empty() => {
            Some(told.nested.clone())
        }
        _ => None,
    });
    assert_eq!(nested, Some(vec![child.id]));
    let requests: Vec<u128> = events.iter().map(|event| event.record.request.0).collect();
    assert_eq!(requests[0], 1);
    assert!(requests.is_sorted(), "each event names the request that caused it");
}

pub async fn a_refused_command_takes_no_number(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let answers = together((0..50).map(|index| {
        let tenant = tenant.clone();
        let body = object(user_body(if index % 2 == 0 { "same" } else { "other" }));
        async move { tenant.submit(Command::CreateUser(body)).await }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Err(Refusal::Scim(_)))).count(), 48);
    assert_eq!(tenant.last_seq().await, 3);
    kit::check(&store).await;
}

pub async fn the_signal_comes_with_events_and_only_with_them(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let ada = tenant.create_user("ada").await;
    let mut committed = store.committed();
    committed.mark_unchanged();
    let same = json!([{ "op": "replace", "path": "active", "value": true }]);
    tenant.patch_user(ada.id, same).await.unwrap();
    tenant
        .must(Command::ChangeDirectory {
            name: Some("Renamed".into()),
            state: None,
            settings: Vec::new(),
            contract: None,
            credential_header: None,
        })
        .await;
    assert!(!committed.has_changed().unwrap());
    tenant.create_user("bob").await;
    assert!(committed.has_changed().unwrap());
}
