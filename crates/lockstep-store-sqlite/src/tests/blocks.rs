//! The n-th is found by its block.

use lockstep_core::id::{DirectoryNumber, LocalId};
use lockstep_core::query::Kind;
use lockstep_store::conformance::kit::{self, START, Tenant};
use lockstep_store::{Page, Store};
use rusqlite::{Connection, StatementStatus, params};

use super::open;
use crate::{blocks, codec, file, migrate, users};

const DIRECTORY: DirectoryNumber = DirectoryNumber(7);

fn database(version: i64) -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let held = file::hold(&folder.path().join("lockstep.db")).unwrap();
    let mut connection = file::writer(&held.path).unwrap();
    migrate::migrate_to(&mut connection, version, START).unwrap();
    (folder, connection)
}

fn insert(connection: &Connection, count: u64) {
    let add = "INSERT INTO users (directory, id, created_at, modified_at, seq, user_name_key, doc)
        VALUES (?1, ?2, 0, 0, 0, ?3, '{}')";
    connection.execute_batch("BEGIN").unwrap();
    for id in 1..=count {
        let params = params![DIRECTORY.0, codec::id(LocalId(id * 3)), format!("user{id}")];
        connection.prepare_cached(add).unwrap().execute(params).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
}

#[test]
fn rows_that_are_older_than_the_blocks_are_counted_when_the_schema_changes() {
    let (_folder, mut connection) = database(3);
    insert(&connection, 1_100);
    let group = "INSERT INTO groups (directory, id, created_at, modified_at, seq, doc_seq, ended, name_key,
        display_name, doc) VALUES (7, ?1, 0, 0, 0, 0, ?2, '', '', '{}')";
    for (id, ended) in [(1, None), (2, Some([0u8; 16])), (3, None)] {
        connection.execute(group, params![codec::id(LocalId(id)), ended]).unwrap();
    }
    migrate::migrate(&mut connection, START).unwrap();
    let counts = |kind| -> Vec<i64> {
        blocks::all(&connection, DIRECTORY, kind).unwrap().iter().map(|block| block.count).collect()
    };
    assert_eq!((counts(Kind::User), counts(Kind::Group)), (vec![512, 512, 76], vec![2]));
    let users: Vec<LocalId> = (1..=1_100).map(|id| LocalId(id * 3)).collect();
    assert!(blocks::check(&connection, DIRECTORY, Kind::User, &users).unwrap().is_empty());
    for (index, id) in users.iter().enumerate().step_by(97) {
        assert_eq!(users::nth(&connection, DIRECTORY, index as u64).unwrap(), Some(*id));
    }
    assert_eq!(users::nth(&connection, DIRECTORY, 1_100).unwrap(), None);
}

// Shows: PAGE-08, PAGE-09
#[test]
fn the_last_of_many_costs_hardly_more_than_the_first() {
    let (_folder, mut connection) = database(3);
    insert(&connection, 20_000);
    migrate::migrate(&mut connection, START).unwrap();
    // Where the statements are prepared, they have counted their steps since.
    let steps = |index: i64| -> i32 {
        let (block, before) = blocks::holding(&connection, DIRECTORY, Kind::User, index).unwrap().unwrap();
        let mut nth = connection.prepare(users::NTH).unwrap();
        let found: i64 = nth.query_row(params![DIRECTORY.0, block.first, before], |row| row.get(0)).unwrap();
        assert_eq!(found, codec::id(LocalId((u64::try_from(index).unwrap() + 1) * 3)));
        nth.get_status(StatementStatus::VmStep)
    };
    // A walk over what lies before takes some steps for each row: 20,000 rows, more than 40,000 steps.
    assert!(steps(511) < 3_000 && steps(19_999) < 3_000, "{} {}", steps(511), steps(19_999));
}

#[tokio::test]
async fn blocks_that_do_not_count_their_rows_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lockstep.db");
    let store = open(&path).unwrap();
    let tenant = Tenant::create(&store, 1).await;
    tenant.create_users(9).await;
    assert!(kit::verify(&store, tenant.number).await.is_empty());
    let connection = Connection::open(&path).unwrap();
    for damage in ["UPDATE blocks SET count = count + 1", "DELETE FROM blocks"] {
        connection.execute_batch(damage).unwrap();
        let findings = kit::verify(&store, tenant.number).await;
        assert!(!findings.is_empty() && findings.iter().all(|text| text.contains("block")), "{findings:?}");
    }
    store.stop().await;
}

#[tokio::test]
async fn every_place_is_found_whatever_came_and_went() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("lockstep.db")).unwrap();
    let tenant = Tenant::create(&store, 1).await;
    let mut left = Vec::new();
    for round in 0..6_usize {
        left.extend(tenant.create_users_named(&format!("round{round}"), 23).await);
        let mut kept = Vec::new();
        for (place, id) in left.into_iter().enumerate() {
            // Whole blocks at times, and single ones of many.
            if (place / 9) % 4 == round % 4 || place % 7 == round {
                tenant.delete_user(id).await.unwrap();
            } else {
                kept.push(id);
            }
        }
        left = kept;
        for index in 0..left.len() + 2 {
            let found = store.nth(tenant.number, Kind::User, index as u64).await.unwrap();
            assert_eq!(found, left.get(index).copied(), "round {round} {index}");
        }
        assert!(kit::verify(&store, tenant.number).await.is_empty());
    }
    for id in left {
        tenant.delete_user(id).await.unwrap();
    }
    assert!(
        store
            .users(tenant.number, lockstep_core::query::Lookup::All, Page::first(1))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(store.nth(tenant.number, Kind::User, 0).await.unwrap(), None);
    store.stop().await;
}
