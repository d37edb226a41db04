//! The promises of a request log, in a file.

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{DirectoryNumber, LocalId, RequestId};
use lockstep_store::{Page, RequestLog, RequestQuery, RequestRecord, StoreError};
use tempfile::TempDir;

use crate::{Sqlite, SqliteRequests};

fn in_file() -> (TempDir, SqliteRequests) {
    let folder = tempfile::tempdir().unwrap();
    let log = SqliteRequests::open(&folder.path().join("requests.db")).unwrap();
    (folder, log)
}

lockstep_store::request_log_conformance!(in_file());

const DIRECTORY: DirectoryNumber = DirectoryNumber(1);

fn record(n: u32) -> RequestRecord {
    RequestRecord {
        directory: DIRECTORY,
        id: RequestId((1_795_262_400_000 << 80) + u128::from(n)),
        status: 200,
        operation: "GET /Users".into(),
        repaired: false,
        resources: vec![LocalId(u64::from(n))],
        summary: "{}".into(),
        detail: "x".repeat(1_000),
    }
}

fn count(log: &SqliteRequests) -> usize {
    log.records(&RequestQuery::all(DIRECTORY, Page::first(10_000))).unwrap().len()
}

#[test]
fn records_outlive_the_process_and_nobody_else_reads_their_file() {
    let (folder, log) = in_file();
    log.append(&[record(1)]).unwrap();
    drop(log);
    let path = folder.path().join("requests.db");
    let log = SqliteRequests::open(&path).unwrap();
    assert_eq!(log.record(DIRECTORY, record(1).id).unwrap(), Some(record(1)));
    assert!(matches!(SqliteRequests::open(&path), Err(StoreError::Unavailable(_))));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn the_file_stays_within_its_bound_and_gives_room_back() {
    let (folder, log) = in_file();
    let bytes = || std::fs::metadata(folder.path().join("requests.db")).unwrap().len();
    log.append(&(0..2_000).map(record).collect::<Vec<_>>()).unwrap();
    let bound = 500_000;
    while log.prune(Timestamp(0), bound, 100).unwrap() {}
    let left = count(&log);
    assert!((100..500).contains(&left), "{left}");
    drop(log);
    assert!(bytes() < 2 * bound, "{}", bytes());
}

#[test]
fn a_file_of_another_kind_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lockstep.db");
    let handles = lockstep_store::conformance::kit::Handles::from_seed(1);
    drop(Sqlite::open(&path, crate::Options::new(handles.clock, handles.random)).unwrap());
    assert!(matches!(SqliteRequests::open(&path), Err(StoreError::Corrupt(_))));
    assert_eq!(SqliteRequests::beside(&path), folder.path().join("lockstep-requests.db"));
}
