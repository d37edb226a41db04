//! What the writer lane promises: who is admitted, who goes first, who answers for a failure, and that it goes on.

use lockstep_core::command::{Command, Envelope};
use lockstep_core::query::Lookup;
use lockstep_core::version::Precondition;
use lockstep_store::conformance::kit::{self, Handles, Tenant, object, user_body};
use lockstep_store::{Result, Store, StoreError};
use serde_json::json;

use super::{open, submit_together};
use crate::error::Error;
use crate::{Options, Sqlite};

fn small(waiting_max: usize, removals_reserve: usize) -> (tempfile::TempDir, Sqlite) {
    let directory = tempfile::tempdir().unwrap();
    let handles = Handles::from_seed(1);
    let options = Options { waiting_max, removals_reserve, ..Options::new(handles.clock, handles.random) };
    let store = Sqlite::open(&directory.path().join("lockstep.db"), options).unwrap();
    (directory, store)
}

fn usual() -> (tempfile::TempDir, Sqlite) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("lockstep.db")).unwrap();
    (directory, store)
}

fn creation(tenant: &Tenant<Sqlite>, name: &str) -> Envelope {
    tenant.envelope(Command::CreateUser(object(user_body(name))))
}

/// Does something to the writer's connection itself, outside any transaction.
async fn on_writer(store: &Sqlite, sql: &'static str) {
    let done = store.write(false, move |connection| {
        connection.execute_batch("ROLLBACK")?;
        connection.execute_batch(sql)?;
        // The lane's COMMIT finds what is its own again, and nothing in it.
        connection.execute_batch("BEGIN")?;
        Ok(((), false))
    });
    done.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_too_many_wait_only_removals_are_admitted_and_then_nobody() {
    let (_directory, store) = small(8, 4);
    let tenant = Tenant::create(&store, 1).await;
    let users = {
        let mut users = Vec::new();
        for index in 0..6 {
            users.push(tenant.create_user(&format!("old{index}")).await.id);
        }
        users
    };
    let mut envelopes: Vec<Envelope> =
        (0..10).map(|index| creation(&tenant, &format!("new{index}"))).collect();
    let removal = |id| tenant.envelope(Command::DeleteUser(id, Precondition::None));
    envelopes.extend(users.into_iter().map(removal));
    let answers = submit_together(&store, envelopes).await;
    let busy: Vec<bool> = answers.iter().map(|answer| *answer == Err(StoreError::Busy)).collect();
    let expected = [[false; 8].as_slice(), &[true; 2], &[false; 4], &[true; 2]].concat();
    assert_eq!(busy, expected);
    // What was refused left nothing.
    assert_eq!(tenant.users_by(Lookup::All).await.len(), 8 + 2);
    kit::check(&store).await;
    store.submit(creation(&tenant, "later")).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removals_go_ahead_of_what_waited_before_them() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    let ada = tenant.create_user("ada").await.id;
    let off = tenant.user_patch(&json!([{ "op": "replace", "path": "active", "value": false }]));
    let envelopes = vec![
        creation(&tenant, "one"),
        creation(&tenant, "two"),
        tenant.envelope(Command::PatchUser(ada, off, Precondition::None)),
    ];
    let answers = submit_together(&store, envelopes).await;
    let firsts: Vec<u64> = answers.into_iter().map(|answer| answer.unwrap().unwrap().first_seq).collect();
    assert_eq!(firsts, [4, 5, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_shares_one_transaction() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    let before = *store.committed().borrow();
    let envelopes = (0..200).map(|index| creation(&tenant, &format!("u{index}"))).collect();
    let answers = submit_together(&store, envelopes).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(Result::is_ok)));
    assert_eq!(*store.committed().borrow(), before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_guilty_one_answers_for_what_the_database_refuses() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    // A row that the planner cannot know of, as a fault of ours would leave it.
    on_writer(
        &store,
        "CREATE TEMP TRIGGER poison BEFORE INSERT ON users WHEN NEW.user_name_key = 'poison'
         BEGIN SELECT RAISE(ABORT, 'poison'); END",
    )
    .await;
    let names = ["one", "poison", "two", "three"];
    let answers = submit_together(&store, names.iter().map(|name| creation(&tenant, name)).collect()).await;
    for (name, answer) in names.iter().zip(&answers) {
        match *name {
            "poison" => assert!(matches!(answer, Err(StoreError::Fault(_))), "{answer:?}"),
            _ => assert!(answer.as_ref().is_ok_and(Result::is_ok), "{answer:?}"),
        }
    }
    assert_eq!(tenant.users_by(Lookup::All).await.len(), 3);
    kit::check(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_until_there_is_room_again() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    tenant.create_users(10).await;
    let before = kit::dump(&store).await;
    on_writer(&store, "PRAGMA max_page_count = 1").await;

    let body = json!({ "userName": "big", "title": "x".repeat(60_000), "nickName": "y".repeat(60_000) });
    let big = || tenant.envelope(Command::CreateUser(object(body.clone())));
    let answers = submit_together(&store, vec![big(), creation(&tenant, "small")]).await;
    for answer in &answers {
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "the whole batch: {answer:?}");
    }
    assert_eq!(kit::dump(&store).await, before, "reads go on, and nothing happened");

    on_writer(&store, "PRAGMA max_page_count = 1000000").await;
    store.submit(big()).await.unwrap().unwrap();
    store.ready().await.unwrap();
    kit::check(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_locked_by_another_program_is_not_ready_until_it_is_free() {
    let (directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    on_writer(&store, "PRAGMA busy_timeout = 0").await;
    let other = rusqlite::Connection::open(directory.path().join("lockstep.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.submit(creation(&tenant, "ada")).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
    assert!(store.directory(tenant.number).await.unwrap().is_some(), "reads go on");
    other.execute_batch("ROLLBACK").unwrap();
    store.ready().await.unwrap();
    store.submit(creation(&tenant, "ada")).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_the_lane_loses_its_own_request_and_nothing_else() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    let lost: Result<()> = store.write(false, |_| panic!("on purpose")).await;
    assert!(matches!(&lost, Err(StoreError::Fault(text)) if text.contains("on purpose")), "{lost:?}");
    store.submit(creation(&tenant, "ada")).await.unwrap().unwrap();
    store.ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_lane_that_has_ended() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    store.shared().pause(true);
    let waiting: Vec<_> = (0..3)
        .map(|index| {
            let (store, envelope) = (store.clone(), creation(&tenant, &format!("u{index}")));
            tokio::spawn(async move { store.submit(envelope).await })
        })
        .collect();
    while store.shared().count() < 3 {
        tokio::task::yield_now().await;
    }
    // As if the thread had died.
    drop(store.shared().closing());
    for task in waiting {
        assert!(matches!(task.await.unwrap(), Err(StoreError::Unknown(_))));
    }
    assert_eq!(store.submit(creation(&tenant, "late")).await, Err(StoreError::Stopping));
    store.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_fails_is_rolled_back_whole() {
    let (_directory, store) = usual();
    Tenant::create(&store, 1).await;
    let failed: Result<()> = store
        .write(false, |connection| {
            connection.execute("DELETE FROM directories", [])?;
            Err(Error::Content("on purpose".into()))
        })
        .await;
    assert_eq!(failed, Err(StoreError::Corrupt("on purpose".into())));
    assert_eq!(store.directory_numbers().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_content_is_reported_and_never_guessed_at() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    let users = [tenant.create_user("ada").await.id, tenant.create_user("bob").await.id];
    on_writer(&store, "UPDATE users SET doc = '[]' WHERE user_name_key = 'ada'").await;
    assert!(matches!(store.user(tenant.number, users[0]).await, Err(StoreError::Corrupt(_))));
    assert!(store.user(tenant.number, users[1]).await.unwrap().is_some());
    assert!(matches!(store.verify(tenant.number).await, Err(StoreError::Corrupt(_))));
    let delete = |index: usize| tenant.envelope(Command::DeleteUser(users[index], Precondition::None));
    let answers = submit_together(&store, vec![delete(0), delete(1)]).await;
    assert!(matches!(answers[0], Err(StoreError::Corrupt(_))), "{answers:?}");
    assert!(answers[1].as_ref().is_ok_and(Result::is_ok), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_differ_from_the_log_are_found() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(3).await;
    tenant.create_group("g", &users).await;
    assert!(store.verify(tenant.number).await.unwrap().is_empty());
    for (change, undo) in [
        ("UPDATE users SET seq = seq + 1", "UPDATE users SET seq = seq - 1"),
        ("UPDATE directories SET users_active = 7", "UPDATE directories SET users_active = 3"),
        (
            "UPDATE groups SET modified_at = 1 + modified_at",
            "UPDATE groups SET modified_at = modified_at - 1",
        ),
        ("DELETE FROM memberships", "SELECT 1"),
    ] {
        on_writer(&store, change).await;
        assert!(!store.verify(tenant.number).await.unwrap().is_empty(), "{change}");
        on_writer(&store, undo).await;
    }
}

#[test]
fn a_read_without_a_runtime_works_too() {
    let (_directory, store) = usual();
    let mut future = Box::pin(store.directory_numbers());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(found) = future.as_mut().poll(&mut context) else { panic!("it reads here") };
    assert!(found.unwrap().is_empty());
}
