//! What the writer lane promises: who is admitted, who goes first, who answers for a failure, and that it goes on.

use lockstep_core::command::{Command, Envelope};
use lockstep_core::query::Lookup;
use lockstep_core::version::Precondition;
use lockstep_store::conformance::kit::{self, Handles, Tenant, object, user_body};
use lockstep_store::{Result, Store, StoreError};
use serde_json::json;

use super::{PANICS_WHEN_LOADED, PANICS_WHEN_WRITTEN, open, submit_together};
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
async fn a_removal_does_not_overtake_what_was_asked_before_it_of_the_same_user() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    let ada = tenant.create_user("ada").await.id;
    let active =
        |active: bool| tenant.user_patch(&json!([{ "op": "replace", "path": "active", "value": active }]));
    tenant.must(Command::PatchUser(ada, active(false), Precondition::None)).await;
    let on = object(json!({ "userName": "ada", "active": true }));
    let envelopes = vec![
        creation(&tenant, "unrelated"),
        tenant.envelope(Command::ReplaceUser(ada, on, Precondition::None)),
        tenant.envelope(Command::PatchUser(ada, active(false), Precondition::None)),
    ];
    let answers = submit_together(&store, envelopes).await;
    assert!(!tenant.user(ada).await.user.active(), "whoever asked last wins");
    let firsts: Vec<u64> = answers.into_iter().map(|answer| answer.unwrap().unwrap().first_seq).collect();
    assert_eq!(firsts, [6, 4, 5], "what has nothing to do with it is overtaken");
    kit::check(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_joins_and_leaves_has_left() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(3).await;
    let group = tenant.create_group("g", &[]).await.id;
    let patch = |operation: serde_json::Value| {
        tenant.envelope(Command::PatchGroup(
            group,
            tenant.group_patch(&json!([operation])),
            Precondition::None,
        ))
    };
    let envelopes = vec![
        patch(json!({ "op": "add", "path": "members", "value": tenant.members(&users[..2]) })),
        patch(
            json!({ "op": "remove", "path": format!("members[value eq \"{}\"]", tenant.user_id(users[0])) }),
        ),
    ];
    let answers = submit_together(&store, envelopes).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(Result::is_ok)), "{answers:?}");
    assert_eq!(tenant.members_of(group).await, [users[1]]);

    // A user who is deleted while it waits to join does not spoil the request for the others.
    let envelopes = vec![
        patch(json!({ "op": "add", "path": "members", "value": tenant.members(&users) })),
        tenant.envelope(Command::DeleteUser(users[2], Precondition::None)),
    ];
    let answers = submit_together(&store, envelopes).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(Result::is_ok)), "{answers:?}");
    assert_eq!(tenant.members_of(group).await, users[..2]);
    kit::check(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_heavy_turn_is_cut_short() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(2_000).await;
    let before = *store.committed().borrow();
    let group = |index: usize| {
        let body = json!({ "displayName": format!("g{index}"), "members": tenant.members(&users) });
        tenant.envelope(Command::CreateGroup(object(body)))
    };
    let answers = submit_together(&store, (0..5).map(group).collect()).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(Result::is_ok)), "{answers:?}");
    assert_eq!(*store.committed().borrow(), before + 3, "two of them in a turn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_leaves_open_whether_it_happened() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    // Fails at COMMIT and not before.
    on_writer(
        &store,
        "PRAGMA foreign_keys = ON;
         CREATE TEMP TABLE parents (id INTEGER PRIMARY KEY);
         CREATE TEMP TABLE children (id INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
         CREATE TEMP TRIGGER late BEFORE INSERT ON users WHEN NEW.user_name_key = 'late'
         BEGIN INSERT INTO children VALUES (1); END",
    )
    .await;
    let (epoch, signal) = (store.epoch(), *store.committed().borrow());
    let envelopes = vec![creation(&tenant, "one"), creation(&tenant, "late")];
    let answers = submit_together(&store, envelopes).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Unknown(_)))), "{answers:?}");
    assert!(store.epoch() > epoch, "what was cached may be wrong");
    assert!(*store.committed().borrow() > signal, "there may be events");
    store.submit(creation(&tenant, "next")).await.unwrap().unwrap();
    kit::check(&store).await;
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
async fn a_refusal_is_no_sign_of_health() {
    let (directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    tenant.create_user("ada").await;
    on_writer(&store, "PRAGMA busy_timeout = 0").await;
    let other = rusqlite::Connection::open(directory.path().join("lockstep.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.submit(creation(&tenant, "bob")).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    other.execute_batch("ROLLBACK").unwrap();
    store.submit(creation(&tenant, "ada")).await.unwrap().unwrap_err();
    assert!(store.shared().health().is_some(), "nothing was written");
    store.submit(creation(&tenant, "bob")).await.unwrap().unwrap();
    assert!(store.shared().health().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whether_a_write_works_is_asked_by_one_at_a_time() {
    let (_directory, store) = usual();
    Tenant::create(&store, 1).await;
    let before = StoreError::Unavailable("on purpose".into());
    store.shared().set_health(Some(before.clone()));
    store.shared().pause(true);
    let probing = tokio::spawn({
        let store = store.clone();
        async move { store.ready().await }
    });
    while store.shared().count() < 1 {
        tokio::task::yield_now().await;
    }
    for _ in 0..20 {
        assert_eq!(store.ready().await, Err(before.clone()));
    }
    assert_eq!(store.shared().count(), 1);
    store.shared().pause(false);
    probing.await.unwrap().unwrap();
    store.ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_whether_a_write_works_takes_no_room_from_removals() {
    let (_directory, store) = small(1, 1);
    let tenant = Tenant::create(&store, 1).await;
    let ada = tenant.create_user("ada").await.id;
    store.shared().set_health(Some(StoreError::Unavailable("on purpose".into())));
    store.shared().pause(true);
    let mut waiting = Box::pin(store.submit(creation(&tenant, "bob")));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    assert!(store.ready().await.is_err());
    let removal = tenant.envelope(Command::DeleteUser(ada, Precondition::None));
    let mut removal = Box::pin(store.submit(removal));
    assert!(removal.as_mut().poll(&mut context).is_pending(), "it is admitted");
    store.shared().pause(false);
    removal.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
    store.ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_question_whether_a_write_works_is_a_write() {
    let (directory, store) = usual();
    Tenant::create(&store, 1).await;
    let wal = directory.path().join("lockstep.db-wal");
    let before = std::fs::metadata(&wal).unwrap().len();
    store.shared().set_health(Some(StoreError::Unavailable("on purpose".into())));
    store.ready().await.unwrap();
    assert!(std::fs::metadata(&wal).unwrap().len() > before, "it reached the disk");
    assert!(store.shared().health().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_is_the_trouble_of_all_and_nothing_is_run_again() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(200).await;
    // Puts a page of another kind where the users' table begins, as a disk that errs might.
    on_writer(
        &store,
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'events_seq')
         WHERE name = 'users';
         PRAGMA writable_schema = RESET",
    )
    .await;
    let removal = |id| tenant.envelope(Command::DeleteUser(id, Precondition::None));
    let runs = store.shared().runs();
    let answers = submit_together(&store, users[..8].iter().copied().map(removal).collect()).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Corrupt(_)))), "{answers:?}");
    assert_eq!(store.shared().runs(), runs + 1);
    assert!(matches!(store.shared().health(), Some(StoreError::Corrupt(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_while_loading_or_writing_is_the_trouble_of_its_own_command() {
    let (_directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    let mut names: Vec<String> = (0..62).map(|index| format!("u{index}")).collect();
    names.insert(20, PANICS_WHEN_LOADED.into());
    names.insert(50, PANICS_WHEN_WRITTEN.into());
    let runs = store.shared().runs();
    let answers = submit_together(&store, names.iter().map(|name| creation(&tenant, name)).collect()).await;
    for (name, answer) in names.iter().zip(&answers) {
        if name.starts_with("panics") {
            assert!(matches!(answer, Err(StoreError::Fault(_))), "{answer:?}");
        } else {
            assert!(answer.as_ref().is_ok_and(Result::is_ok), "{answer:?}");
        }
    }
    assert!(store.shared().runs() - runs <= 1 + 2 * 2 * 6, "by halves");
    assert_eq!(tenant.users_by(Lookup::All).await.len(), 62);
    store.ready().await.unwrap();
    kit::check(&store).await;
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
    assert!(matches!(store.ready().await, Err(StoreError::Fault(_))));
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
    assert!(matches!(store.verify(tenant.number, |_| None).await, Err(StoreError::Corrupt(_))));
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
    assert!(kit::verify(&store, tenant.number).await.is_empty());
    for (change, undo) in [
        ("UPDATE users SET seq = seq + 1", "UPDATE users SET seq = seq - 1"),
        ("UPDATE directories SET users_active = 7", "UPDATE directories SET users_active = 3"),
        (
            "UPDATE groups SET modified_at = 1 + modified_at",
            "UPDATE groups SET modified_at = modified_at - 1",
        ),
        (
            "UPDATE users SET projection = json_set(projection, '$.roles[0]', 'admin')",
            "UPDATE users SET projection = json_set(projection, '$.roles', json('[]'))",
        ),
        ("UPDATE users SET doc_seq = doc_seq + 1", "UPDATE users SET doc_seq = doc_seq - 1"),
        ("UPDATE directories SET maps_roles = 1", "UPDATE directories SET maps_roles = 0"),
        (
            r#"INSERT INTO directory_mappings (directory, mapping)
               VALUES (1, '{"own":{"name":{"path":"userName","type":"string"}}}')"#,
            "DELETE FROM directory_mappings",
        ),
        ("DELETE FROM memberships", "SELECT 1"),
    ] {
        on_writer(&store, change).await;
        assert!(!kit::verify(&store, tenant.number).await.is_empty(), "{change}");
        on_writer(&store, undo).await;
        let undone = undo == "SELECT 1" || kit::verify(&store, tenant.number).await.is_empty();
        assert!(undone, "{undo}");
    }
}

/// Somebody who reads, and holds on to what is there now.
fn reader(directory: &tempfile::TempDir) -> rusqlite::Connection {
    let reader = rusqlite::Connection::open(directory.path().join("lockstep.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM events").unwrap();
    reader
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_folded_in_whole_once_nobody_reads_it() {
    let (directory, store) = usual();
    let tenant = Tenant::create(&store, 1).await;
    let file = directory.path().join("lockstep.db");
    let length = || std::fs::metadata(&file).unwrap().len();
    let mut folded = store.shared().folded.subscribe();
    folded.wait_for(|(_, all)| *all && length() > 100_000).await.unwrap();
    let reading = reader(&directory);
    tenant.create_users(500).await;
    let (before, seen) = (length(), folded.borrow().0);
    let again = folded.wait_for(|(count, _)| *count >= seen + 2).await.unwrap().1;
    assert!(!again && length() == before, "somebody still reads what was there before");
    reading.execute_batch("COMMIT").unwrap();
    // Nothing is written meanwhile: the pause alone must do it.
    folded.wait_for(|(_, all)| *all).await.unwrap();
    assert!(length() > before + 100_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_grew_while_it_was_read_is_begun_anew() {
    let directory = tempfile::tempdir().unwrap();
    let handles = Handles::from_seed(1);
    let options = Options { log_bytes_max: 1 << 20, ..Options::new(handles.clock, handles.random) };
    let store = Sqlite::open(&directory.path().join("lockstep.db"), options).unwrap();
    let tenant = Tenant::create(&store, 1).await;
    let log = directory.path().join("lockstep.db-wal");
    let length = || std::fs::metadata(&log).unwrap().len();
    let reading = reader(&directory);
    for index in 0..300 {
        tenant.create_user(&format!("during{index}")).await;
    }
    let grown = length();
    assert!(grown > 2 << 20, "{grown}");
    reading.execute_batch("COMMIT").unwrap();
    // Without any pause in which the lane would be idle.
    for index in 0..300 {
        tenant.create_user(&format!("after{index}")).await;
    }
    assert!(length() < grown, "{} of {grown}", length());
    kit::check(&store).await;
}

#[test]
fn a_read_without_a_runtime_works_too() {
    let (_directory, store) = usual();
    let mut future = Box::pin(store.directory_numbers());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(found) = future.as_mut().poll(&mut context) else { panic!("it reads here") };
    assert!(found.unwrap().is_empty());
}
