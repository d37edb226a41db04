//! The promises of a request log, in memory.

use lockstep_core::id::{DirectoryNumber, RequestId};
use lockstep_store::requests::KEPT_IN_MEMORY;
use lockstep_store::{Page, RequestLog, RequestQuery, RequestRecord, RequestsInMemory};

lockstep_store::request_log_conformance!(((), RequestsInMemory::default()));

#[test]
fn memory_keeps_the_last_ones() {
    let log = RequestsInMemory::default();
    let directory = DirectoryNumber(1);
    let record = |n: usize| RequestRecord {
        directory,
        id: RequestId(u128::try_from(n).unwrap()),
        status: 200,
        operation: "GET /Users".into(),
        repaired: false,
        resources: Vec::new(),
        summary: String::new(),
        detail: String::new(),
    };
    log.append(&(1..=KEPT_IN_MEMORY + 5).map(record).collect::<Vec<_>>()).unwrap();
    let oldest = log.records(&RequestQuery::all(directory, Page::first(1))).unwrap();
    assert_eq!(oldest.first().map(|record| record.id), Some(RequestId(6)));
}
