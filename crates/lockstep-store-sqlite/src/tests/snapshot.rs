//! What a snapshot promises: one state, beside whoever writes, of any version; and what putting a database in a place
//! promises.

use std::fs;
use std::path::{Path, PathBuf};

use lockstep_store::conformance::kit::{self, START, Tenant};
use lockstep_store::{Store, StoreError};
use rusqlite::Connection;

use super::open;
use crate::{Place, Snapshot, file, make_single, migrate};

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lockstep.db");
    (directory, path)
}

fn copy(snapshot: &Snapshot, to: &Path) {
    assert!(snapshot.copy_to(to, &mut |_| true).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_the_state_it_was_begun_at_whatever_is_written_between_its_steps() {
    let (directory, path) = place();
    let store = open(&path).unwrap();
    let tenant = Tenant::create(&store, 1).await;
    tenant.create_users(3_000).await;
    let before = kit::dump(&store).await;
    let snapshot = Snapshot::of_database(&path).unwrap();
    let to = directory.path().join("copy.db");
    let runtime = tokio::runtime::Handle::current();
    let (mut steps, mut last) = (0, 0);
    let whole = tokio::task::block_in_place(|| {
        snapshot.copy_to(&to, &mut |copied| {
            // Written by another connection than the one that is copied, and folded into the file: nothing begins anew.
            runtime.block_on(tenant.create_user(&format!("meanwhile{steps}")));
            file::fold(&Connection::open(&path).unwrap()).unwrap();
            assert!(copied.bytes >= last && copied.bytes <= copied.total, "{copied:?}");
            (steps, last) = (steps + 1, copied.bytes);
            true
        })
    });
    assert!(whole.unwrap());
    assert!(steps > 1, "the case wants a database of more than one step");
    assert_ne!(kit::dump(&store).await, before);
    let copied = open(&to).unwrap();
    assert_eq!(kit::dump(&copied).await, before);
    kit::check(&copied).await;
}

#[tokio::test]
async fn a_copy_that_is_stopped_says_so_and_one_that_is_there_is_not_written_over() {
    let (directory, path) = place();
    let store = open(&path).unwrap();
    Tenant::create(&store, 1).await.create_users(1_500).await;
    let snapshot = Snapshot::of_database(&path).unwrap();
    let to = directory.path().join("copy.db");
    assert!(!snapshot.copy_to(&to, &mut |_| false).unwrap());
    let error = snapshot.copy_to(&to, &mut |_| true).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)) && error.to_string().contains("copy.db"), "{error}");
}

#[tokio::test]
async fn what_a_killed_writer_left_in_its_log_is_copied_too() {
    let (directory, path) = place();
    let store = open(&path).unwrap();
    let tenant = Tenant::create(&store, 1).await;
    tenant.create_users(20).await;
    let before = kit::dump(&store).await;
    let (_crash, crashed) = place();
    fs::copy(&path, &crashed).unwrap();
    fs::copy(path.with_extension("db-wal"), crashed.with_extension("db-wal")).unwrap();
    let to = directory.path().join("copy.db");
    copy(&Snapshot::of_database(&crashed).unwrap(), &to);
    assert_eq!(kit::dump(&open(&to).unwrap()).await, before);
}

#[tokio::test]
async fn a_snapshot_tells_where_each_log_stands_and_that_it_tells_its_rows() {
    let (_directory, path) = place();
    let store = open(&path).unwrap();
    let (one, two) = (Tenant::create(&store, 1).await, Tenant::create(&store, 2).await);
    one.create_users(3).await;
    two.create_group("g", &[]).await;
    store.put_master_key_mark([9; 16]).await.unwrap();
    let mut snapshot = Snapshot::of_database(&path).unwrap();
    let counts = |snapshot: &Snapshot| {
        let standings = snapshot.standings().unwrap();
        standings.iter().map(|found| (found.last_seq, found.users, found.groups)).collect::<Vec<_>>()
    };
    assert_eq!(counts(&snapshot), [(4, 3, 0), (2, 0, 1)]);
    assert_eq!(snapshot.log_end().unwrap().position, 6);
    assert_eq!(snapshot.master_key_mark().unwrap(), Some([9; 16]));
    let mut told = 0;
    assert!(snapshot.verify(one.number, |_| Some(kit::STANDARD), &mut || told += 1).unwrap().is_empty());
    assert_eq!(told, 4);
    one.create_user("later").await;
    assert_eq!(counts(&snapshot), [(4, 3, 0), (2, 0, 1)], "it holds one state");
    snapshot.renew().unwrap();
    assert_eq!(counts(&snapshot), [(5, 4, 0), (2, 0, 1)]);
    let connection = Connection::open(&path).unwrap();
    connection.execute("DELETE FROM users WHERE directory = 1", []).unwrap();
    snapshot.renew().unwrap();
    assert!(!snapshot.verify(one.number, |_| Some(kit::STANDARD), &mut || ()).unwrap().is_empty());
}

#[tokio::test]
async fn a_start_that_was_cut_short_leaves_a_database_that_must_be_opened_before_it_is_verified() {
    let (_directory, path) = place();
    let store = open(&path).unwrap();
    Tenant::create(&store, 1).await.create_users(100).await;
    assert!(!Snapshot::of_database(&path).unwrap().needs_opening().unwrap());
    store.stop().await;
    drop(store);
    // The schema is of this version; what is counted at the first start with it is not there yet.
    Connection::open(&path).unwrap().execute("DELETE FROM event_times", []).unwrap();
    assert!(Snapshot::of_database(&path).unwrap().needs_opening().unwrap());
    drop(open(&path).unwrap());
    let snapshot = Snapshot::of_database(&path).unwrap();
    assert!(!snapshot.needs_opening().unwrap());
    assert!(snapshot.work(10).unwrap().is_empty());
}

#[test]
fn a_snapshot_of_every_version_is_told_and_copied() {
    for version in 1..=migrate::newest() {
        let (directory, path) = place();
        let mut connection = file::writer(&file::hold(&path).unwrap().path).unwrap();
        migrate::migrate_to(&mut connection, version, START).unwrap();
        let snapshot = Snapshot::of_database(&path).unwrap();
        assert_eq!((snapshot.version(), snapshot.standings().unwrap().len()), (version, 0));
        assert_eq!(snapshot.log_end().unwrap().position, 0);
        assert_eq!(snapshot.master_key_mark().unwrap(), None);
        assert_eq!((snapshot.api_keys().unwrap(), snapshot.time_at(1).unwrap()), (0, None));
        assert_eq!(snapshot.needs_opening().unwrap(), version < migrate::newest());
        assert!(snapshot.damage(true).unwrap().is_empty());
        let to = directory.path().join("copy #1?.db");
        copy(&snapshot, &to);
        let still = Snapshot::of_still_database(&to).unwrap();
        assert_eq!(still.version(), version);
        assert!(still.damage(true).unwrap().is_empty());
    }
}

#[test]
fn a_still_snapshot_leaves_nothing_beside_its_file() {
    let (directory, path) = place();
    drop(open(&path).unwrap());
    let to = directory.path().join("still").join("copy.db");
    fs::create_dir(to.parent().unwrap()).unwrap();
    copy(&Snapshot::of_database(&path).unwrap(), &to);
    let still = Snapshot::of_still_database(&to).unwrap();
    assert!(still.standings().unwrap().is_empty());
    let names: Vec<_> =
        fs::read_dir(to.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["copy.db"]);
}

#[test]
fn what_is_no_database_of_ours_or_a_newer_ones_has_no_snapshot() {
    let (directory, path) = place();
    let refused = |path: &Path| Snapshot::of_database(path).unwrap_err();
    assert!(refused(&path).to_string().contains("there is no file"));
    fs::write(&path, "not a database at all ".repeat(1_000)).unwrap();
    assert!(matches!(refused(&path), StoreError::Corrupt(_)));
    let other = directory.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE theirs (id INTEGER)").unwrap();
    assert!(refused(&other).to_string().contains("no database of lockstep"));
    fs::remove_file(&path).unwrap();
    drop(open(&path).unwrap());
    assert!(Snapshot::of_requests(&path).unwrap_err().to_string().contains("no database of lockstep"));
    let connection = Connection::open(&path).unwrap();
    let newer = "INSERT INTO migrations (number, name, checksum, applied_at) VALUES (?1, 'later', 1, 0)";
    connection.execute(newer, [migrate::newest() + 1]).unwrap();
    assert!(matches!(refused(&path), StoreError::Newer { .. }));
}

#[tokio::test]
async fn damage_is_found_wherever_it_is() {
    let (directory, path) = place();
    let store = open(&path).unwrap();
    Tenant::create(&store, 1).await.create_users(200).await;
    let whole = directory.path().join("copy.db");
    copy(&Snapshot::of_database(&path).unwrap(), &whole);
    let bytes = fs::read(&whole).unwrap();
    let mut missed = Vec::new();
    for page in 1..bytes.len() / 4096 {
        let mut damaged = bytes.clone();
        // The head of a page: what kind it is and how much of it is in use.
        damaged[page * 4096..page * 4096 + 8].fill(0xff);
        fs::write(&whole, &damaged).unwrap();
        let found = Snapshot::of_still_database(&whole).and_then(|still| still.damage(true));
        if found.is_ok_and(|found| found.is_empty()) {
            missed.push(page);
        }
    }
    assert_eq!(missed, Vec::<usize>::new());
}

#[tokio::test]
async fn a_place_is_taken_from_whoever_would_open_the_database_and_not_from_a_server() {
    let (directory, path) = place();
    let holder = Place::take(&path).unwrap();
    assert!(!holder.path().exists(), "nothing is made there");
    assert!(open(&path).err().unwrap().to_string().contains("in use"));
    assert!(Place::is_taken(&path));
    drop(holder);
    assert!(!Place::is_taken(&path) && !Place::is_taken(&directory.path().join("other.db")));
    let store = open(&path).unwrap();
    assert!(Place::is_taken(&path));
    assert!(Place::take(&path).unwrap_err().to_string().contains("in use by process"));
    store.stop().await;
    drop((store, directory));
}

#[tokio::test]
async fn a_database_is_put_in_the_place_of_one_that_was_put_away_and_both_are_whole() {
    let (directory, path) = place();
    let store = open(&path).unwrap();
    Tenant::create(&store, 1).await.create_users(5).await;
    let first = kit::dump(&store).await;
    let copied = directory.path().join("copy.db");
    copy(&Snapshot::of_database(&path).unwrap(), &copied);
    Tenant::create(&store, 2).await.create_users(5).await;
    let second = kit::dump(&store).await;
    store.stop().await;
    drop(store);
    drop(open(&copied).unwrap());
    make_single(&copied).unwrap();
    assert!(!copied.with_extension("db-wal").exists() && !copied.with_extension("db-shm").exists());

    let place = Place::take(&path).unwrap();
    assert!(place.put(&copied).unwrap_err().to_string().contains("stands there already"));
    let away = directory.path().join("away.db");
    place.put_away(&path, &away).unwrap();
    assert!(place.put_away(&path, &away).is_err());
    // What a killed server left there is no part of what comes now.
    fs::write(path.with_extension("db-wal"), "of another database").unwrap();
    place.put(&copied).unwrap();
    drop(place);
    assert_eq!(kit::dump(&open(&path).unwrap()).await, first);
    assert_eq!(kit::dump(&open(&away).unwrap()).await, second);
}
