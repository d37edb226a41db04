//! What opening a file promises, and what it says where it cannot.

use std::fs;
use std::path::{Path, PathBuf};

use lockstep_core::id::{DirectoryNumber, LocalId};
use lockstep_core::rules::Rules;
use lockstep_store::conformance::kit::{self, START, Tenant};
use lockstep_store::{Store, StoreError, Work};
use rusqlite::{Connection, params};
use serde_json::json;

use super::open;
use crate::{codec, file, migrate};

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lockstep.db");
    (directory, path)
}

#[track_caller]
fn refused(path: &Path) -> StoreError {
    match open(path) {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[track_caller]
fn says(error: &StoreError, words: &str) {
    assert!(error.to_string().contains(words), "{error}");
}

#[tokio::test]
async fn a_second_open_of_the_same_file_is_refused_and_names_the_first() {
    let (directory, path) = place();
    let store = open(&path).unwrap();
    let error = refused(&path);
    assert!(matches!(error, StoreError::Unavailable(_)));
    says(&error, &format!("in use by process {}", std::process::id()));
    #[cfg(unix)]
    {
        let link = directory.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        says(&refused(&link), "in use");
    }
    store.stop().await;
    // Stopped is not closed: it can still be read.
    assert!(!store.has_api_keys().await.unwrap());
    drop((store, directory));
    let (_directory, path) = place();
    drop(open(&path).unwrap());
    drop(open(&path).unwrap());
}

// Shows: AUTH-14
#[test]
fn what_is_made_is_private() {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let (directory, _) = place();
        let folder = directory.path().join("deep").join("data");
        let path = folder.join("lockstep.db");
        let _store = open(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for name in ["lockstep.db", "lockstep.db-wal", "lockstep.db-shm", "lockstep.db.lock"] {
            assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
        }
    }
}

#[test]
fn what_is_made_is_entered_in_its_directory_for_good() {
    let (directory, _) = place();
    let root = fs::canonicalize(directory.path()).unwrap();
    let path = root.join("deep").join("data").join("lockstep.db");
    let synced = |path: &Path| {
        let mut synced = Vec::new();
        let held = file::hold_with(path, |holder| {
            synced.push(holder.to_owned());
            Ok(())
        });
        drop(held.unwrap());
        synced
    };
    let above = |path: &Path| path.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>();
    assert_eq!(synced(&path), above(&path));
    assert!(above(&path).contains(&root));
    // Again, since the first start may have been cut short; never again once it is a database.
    assert_eq!(synced(&path), above(&path));
    let failing = file::hold_with(&path, |_| Err(std::io::Error::other("on purpose")));
    says(&StoreError::from(failing.unwrap_err()), "on purpose");
    drop(open(&path).unwrap());
    assert!(synced(&path).is_empty());
}

#[test]
fn a_directory_is_not_a_database() {
    let (directory, _) = place();
    let error = refused(directory.path());
    assert!(matches!(error, StoreError::Unavailable(_)));
    says(&error, "is a directory");
}

#[test]
fn garbage_is_not_a_database_and_stays_as_it_is() {
    let (_directory, path) = place();
    let garbage = "not a database at all ".repeat(1_000);
    fs::write(&path, &garbage).unwrap();
    assert!(matches!(refused(&path), StoreError::Corrupt(_)));
    assert_eq!(fs::read_to_string(&path).unwrap(), garbage);
}

#[test]
fn another_programs_database_is_left_alone() {
    let (_directory, path) = place();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE theirs (id INTEGER)").unwrap();
    drop(other);
    let error = refused(&path);
    assert!(matches!(error, StoreError::Corrupt(_)));
    says(&error, "another program");
    let other = Connection::open(&path).unwrap();
    let tables: i64 = other.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_newer_version_is_refused() {
    let (_directory, path) = place();
    drop(open(&path).unwrap());
    let known = migrate::newest();
    let connection = Connection::open(&path).unwrap();
    let newer = "INSERT INTO migrations (number, name, checksum, applied_at) VALUES (?1, 'later', 1, 0)";
    connection.execute(newer, [known + 1]).unwrap();
    drop(connection);
    assert_eq!(refused(&path), StoreError::Newer { found: known + 1, known });
}

#[test]
fn a_migration_that_was_changed_afterwards_is_found() {
    let (_directory, path) = place();
    drop(open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection.execute("UPDATE migrations SET checksum = checksum + 1 WHERE number = 1", []).unwrap();
    drop(connection);
    says(&refused(&path), "another text");
}

#[test]
fn a_database_that_another_program_holds_is_refused() {
    let (_directory, path) = place();
    drop(open(&path).unwrap());
    let other = Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE").unwrap();
    let error = refused(&path);
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    says(&error, "locked");
    drop(other);
    drop(open(&path).unwrap());
}

#[test]
fn a_file_that_cannot_be_written_is_refused() {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let (_directory, path) = place();
        drop(open(&path).unwrap());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        if fs::OpenOptions::new().append(true).open(&path).is_ok() {
            // The superuser writes everywhere: for it there is no such file.
            return;
        }
        assert!(matches!(refused(&path), StoreError::Unavailable(_)));
    }
}

#[tokio::test]
async fn a_database_of_every_version_is_brought_to_the_newest() {
    for version in 0..=migrate::newest() {
        let (_directory, path) = place();
        let mut connection = file::writer(&file_made(&path)).unwrap();
        migrate::migrate_to(&mut connection, version, START).unwrap();
        drop(connection);
        let store = open(&path).unwrap();
        let tenant = Tenant::create(&store, 1).await;
        tenant.create_user("ada").await;
        kit::check(&store).await;
        drop((store, tenant));
        let connection = Connection::open(&path).unwrap();
        let count: i64 =
            connection.query_row("SELECT count(*) FROM migrations", [], |row| row.get(0)).unwrap();
        assert_eq!(count, migrate::newest());
    }
}

#[tokio::test]
async fn users_from_before_mapping_are_shown_as_they_were_until_they_are_made_anew() {
    let (_directory, path) = place();
    let mut connection = file::writer(&file_made(&path)).unwrap();
    migrate::migrate_to(&mut connection, 8, START).unwrap();
    // One with a title, which is mapped, and one with a department, which the contract of the tests does not map.
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let docs = [
        json!({ "userName": "ann", "title": "Head" }),
        json!({ "userName": "bob", enterprise: { "department": "R&D" } }),
    ];
    let at = START.0;
    connection
        .execute(
            "INSERT INTO directories (number, local, organization, name, name_key, directory_type, contract, state,
             created_at, updated_at, last_seq, last_id, last_at, users_inactive)
             VALUES (1, ?1, ?2, 'd', 'd', 'generic scim v2.0', 'generic', 'linked', ?3, ?3, 3, ?4, ?3, 2)",
            params![codec::id(LocalId(1)), codec::wide(1), at, codec::id(LocalId(9))],
        )
        .unwrap();
    let told = json!({ "name": "d", "type": "generic scim v2.0", "created_at": at }).to_string();
    let event = "INSERT INTO events (position, directory, seq, at, kind, request, user_id, format, payload)
                 VALUES (?1, 1, ?1, ?2, ?3, ?4, ?5, 1, ?6)";
    connection.execute(event, params![1, at, 1, codec::wide(7), None::<i64>, told]).unwrap();
    for (seq, doc) in (2_u8..).zip(&docs) {
        let (id, name) = (codec::id(LocalId(u64::from(seq) + 6)), doc["userName"].as_str().unwrap());
        let payload = json!({ "doc": doc, "created_at": at }).to_string();
        connection.execute(event, params![seq, at, 3, codec::wide(7), id, payload]).unwrap();
        let row = "INSERT INTO users (directory, id, created_at, modified_at, seq, user_name_key, doc)
                   VALUES (1, ?1, ?2, ?2, ?3, ?4, ?5)";
        connection.execute(row, params![id, at, seq, name, doc.to_string()]).unwrap();
        let block = "INSERT INTO blocks (directory, kind, first_id, count) VALUES (1, 0, ?1, 1)";
        connection.execute(block, [id]).unwrap();
    }
    drop(connection);

    let store = open(&path).unwrap();
    let number = DirectoryNumber(1);
    kit::check(&store).await;
    let tenant = Tenant::of(&store, number, Rules::default());
    let made = async |id: u64| tenant.user(LocalId(id)).await.user;
    let [ann, bob] = [made(8).await, made(9).await];
    assert_eq!((&ann.projection, ann.doc_seq, ann.updated_at), (&None, 2, START));
    assert_eq!(ann.projection().attributes["job_title"], "Head");
    assert_eq!(bob.projection().attributes["department_name"], "R&D");
    assert_eq!(store.work(9).await.unwrap(), [Work::Reproject(number)]);
    tenant.work_off(9).await;
    assert_eq!(made(8).await, ann, "of her the same is made: nothing is told");
    let after = made(9).await;
    assert!(after.projection.as_ref().unwrap().attributes.is_empty() && after.doc_seq == bob.doc_seq);
    assert_eq!(tenant.event_types().await.len(), 4);
    assert_eq!(tenant.events().await[3].record.user(), Some(LocalId(9)));
    kit::check(&store).await;
}

fn file_made(path: &Path) -> PathBuf {
    file::hold(path).unwrap().path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_the_end_of_the_machine() {
    let (_directory, path) = place();
    let store = open(&path).unwrap();
    let tenant = Tenant::create(&store, 1).await;
    for turn in 0..5 {
        let users = tenant.create_users_named(&format!("turn{turn}"), 20).await;
        tenant.create_group(&format!("g{turn}"), &users).await;
        let before = kit::dump(&store).await;
        // What is on the disk now is all that a crash would leave: nothing was closed or folded in.
        let (_copies, copy) = place();
        fs::copy(&path, &copy).unwrap();
        fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
        let crashed = open(&copy).unwrap();
        assert_eq!(kit::dump(&crashed).await, before);
        kit::check(&crashed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_last_write_loses_only_what_was_not_acknowledged() {
    let (_directory, path) = place();
    let store = open(&path).unwrap();
    let tenant = Tenant::create(&store, 1).await;
    tenant.create_users(20).await;
    let before = kit::dump(&store).await;
    let whole = fs::metadata(path.with_extension("db-wal")).unwrap().len();
    tenant.create_user("last").await;
    let wal = fs::read(path.with_extension("db-wal")).unwrap();
    let step = (wal.len() - usize::try_from(whole).unwrap()) / 7;
    for cut in (usize::try_from(whole).unwrap()..wal.len()).step_by(step.max(1)) {
        let (_copies, copy) = place();
        fs::copy(&path, &copy).unwrap();
        fs::write(copy.with_extension("db-wal"), &wal[..cut]).unwrap();
        let crashed = open(&copy).unwrap();
        assert_eq!(kit::dump(&crashed).await, before);
        kit::check(&crashed).await;
    }
}
