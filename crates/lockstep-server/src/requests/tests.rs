//! What becomes of records that come faster than they are written.

use std::sync::mpsc::{Receiver, Sender, channel};

use lockstep_store::RequestsInMemory;

use super::*;

/// A log that writes nothing until it is told to.
struct Stuck {
    kept: RequestsInMemory,
    begun: Mutex<Sender<()>>,
    go_on: Mutex<Receiver<()>>,
}

impl RequestLog for Stuck {
    fn append(&self, records: &[RequestRecord]) -> Result<(), StoreError> {
        // Whoever ends the test wants no more of it.
        let _ = self.begun.lock().unwrap().send(());
        let _ = self.go_on.lock().unwrap().recv();
        self.kept.append(records)
    }
    fn records(&self, query: &RequestQuery) -> Result<Vec<RequestRecord>, StoreError> {
        self.kept.records(query)
    }
    fn record(&self, _: DirectoryNumber, _: RequestId) -> Result<Option<RequestRecord>, StoreError> {
        Ok(None)
    }
    fn clear(&self, _: DirectoryNumber, _: usize) -> Result<bool, StoreError> {
        Ok(false)
    }
    fn prune(&self, _: Timestamp, _: u64, _: usize) -> Result<bool, StoreError> {
        Ok(false)
    }
}

fn heard(n: usize, method: &'static str) -> Heard {
    let number = DirectoryNumber(1);
    let local = lockstep_core::id::LocalId(1);
    let request =
        http::Request::builder().method(method).uri("/scim/v2/x/Users").body(axum::body::Body::empty());
    Heard {
        id: RequestId(u128::try_from(n).unwrap() + 1),
        directory: DirectoryId { directory: number, local },
        arrived: Arrived::of(&request.unwrap()),
        seen: Seen::default(),
        trail: Trail::default(),
        problem: None,
        status: http::StatusCode::OK,
        headers: Vec::new(),
        said: None,
        took: Duration::ZERO,
    }
}

#[test]
fn reads_are_dropped_first_and_then_the_oldest_and_all_are_counted() {
    let (begun, has_begun) = channel();
    let (go_on, wait) = channel();
    let log = Stuck { kept: RequestsInMemory::default(), begun: Mutex::new(begun), go_on: Mutex::new(wait) };
    let requests = Requests::on(Arc::new(log), Keeping::default());
    let on = requests.on.clone().unwrap();
    on.hand_over(heard(0, "POST"));
    // The thread holds that one and takes no other.
    has_begun.recv().unwrap();

    for n in 1..=RECORDS_WAITING_LIMIT / 2 + 10 {
        on.hand_over(heard(n, "GET"));
    }
    assert_eq!(requests.dropped(), 10);
    for n in 0..RECORDS_WAITING_LIMIT / 2 + 5 {
        on.hand_over(heard(10_000 + n, "POST"));
    }
    assert_eq!(requests.dropped(), 15);
    assert_eq!(on.queue().heard.len(), RECORDS_WAITING_LIMIT);
    assert_eq!(on.queue().heard.front().map(|heard| heard.id), Some(RequestId(7)));

    drop(go_on);
    requests.stop();
    assert!(on.queue().heard.is_empty());
    on.hand_over(heard(1, "POST"));
    assert_eq!(requests.dropped(), 16);
}
