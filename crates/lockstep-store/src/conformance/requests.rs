//! The promises of a [`RequestLog`]. A backend names what opens an empty one to
//! [`request_log_conformance!`](crate::request_log_conformance).

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{DirectoryNumber, LocalId, RequestId};

use crate::requests::first_of;
use crate::{Order, Page, RequestLog, RequestQuery, RequestRecord};

const ONE: DirectoryNumber = DirectoryNumber(1);
const OTHER: DirectoryNumber = DirectoryNumber(2);
/// The millisecond at which the first record of these cases arrived.
const BEGIN: i64 = 1_795_262_400_000;

/// Makes a test of each case; `$open` gives a guard and an empty log.
#[macro_export]
macro_rules! request_log_conformance {
    ($open:expr) => {
        $crate::request_log_conformance! { $open =>
            what_was_appended_is_there
            a_record_is_appended_once
            a_list_has_its_order_and_ends
            a_list_has_only_what_was_asked_for
            nothing_is_found_in_another_directory
            a_directory_is_cleared_in_steps
            the_old_and_what_does_not_fit_goes_oldest_first
        }
    };
    ($open:expr => $($case:ident)+) => {
        $(
            #[test]
            fn $case() {
                let (_guard, log) = $open;
                $crate::conformance::requests::$case(&log);
            }
        )+
    };
}

/// The record of a request that arrived `n` milliseconds after the first.
fn record(directory: DirectoryNumber, n: i64) -> RequestRecord {
    RequestRecord {
        directory,
        id: RequestId(first_of(at(n)).0 + 7),
        status: if n % 2 == 0 { 200 } else { 409 },
        operation: if n % 3 == 0 { "POST /Users" } else { "PATCH /Users/{id}" }.to_owned(),
        repaired: n % 4 == 0,
        resources: vec![LocalId(u64::try_from(n).unwrap() / 2), LocalId(900)],
        summary: format!("{{\"n\":{n}}}"),
        detail: format!("{{\"body\":\"{}\"}}", "x".repeat(100)),
    }
}

fn at(n: i64) -> Timestamp {
    Timestamp((BEGIN + n) * 1_000)
}

fn filled(log: &impl RequestLog, count: i64) -> Vec<RequestRecord> {
    let records: Vec<RequestRecord> = (0..count).map(|n| record(ONE, n)).collect();
    log.append(&records).unwrap();
    records
}

fn listed(log: &impl RequestLog, change: impl FnOnce(&mut RequestQuery)) -> Vec<i64> {
    let mut query = RequestQuery::all(ONE, Page::first(100));
    change(&mut query);
    let found = log.records(&query).unwrap();
    found.iter().map(|record| i64::try_from(record.id.0 >> 80).unwrap() - BEGIN).collect()
}

pub fn what_was_appended_is_there(log: &impl RequestLog) {
    let records = filled(log, 3);
    for record in &records {
        assert_eq!(log.record(ONE, record.id).unwrap().as_ref(), Some(record));
    }
    assert_eq!(log.record(ONE, RequestId(1)).unwrap(), None);
    let brief = RequestRecord { detail: String::new(), ..records[0].clone() };
    let mut found = log.records(&RequestQuery::all(ONE, Page::first(1))).unwrap();
    // Which it was about is told only with the record itself.
    found[0].resources.clone_from(&brief.resources);
    assert_eq!(found, [brief]);
}

pub fn a_record_is_appended_once(log: &impl RequestLog) {
    let records = filled(log, 2);
    log.append(&records).unwrap();
    assert_eq!(listed(log, |_| {}), [0, 1]);
}

pub fn a_list_has_its_order_and_ends(log: &impl RequestLog) {
    let records = filled(log, 6);
    let id = |n: usize| Some(records[n].id);
    let page = |after, before, order| Page { after, before, order, limit: 2 };
    for (page, wanted) in [
        (page(None, None, Order::Ascending), [0, 1]),
        (page(None, None, Order::Descending), [5, 4]),
        (page(id(1), None, Order::Ascending), [2, 3]),
        (page(id(4), None, Order::Descending), [3, 2]),
        (page(None, id(4), Order::Ascending), [2, 3]),
        (page(None, id(1), Order::Descending), [3, 2]),
    ] {
        assert_eq!(listed(log, |query| query.page = page.clone()), wanted, "{page:?}");
    }
}

pub fn a_list_has_only_what_was_asked_for(log: &impl RequestLog) {
    filled(log, 8);
    assert_eq!(listed(log, |query| query.status = 409..=409), [1, 3, 5, 7]);
    assert_eq!(listed(log, |query| query.status = 400..=499), [1, 3, 5, 7]);
    assert_eq!(listed(log, |query| query.repaired = Some(true)), [0, 4]);
    assert_eq!(listed(log, |query| query.repaired = Some(false)), [1, 2, 3, 5, 6, 7]);
    assert_eq!(listed(log, |query| query.operation = Some("POST /Users".into())), [0, 3, 6]);
    assert_eq!(listed(log, |query| query.resource = Some(LocalId(2))), [4, 5]);
    assert_eq!(listed(log, |query| query.resource = Some(LocalId(77))), [0_i64; 0]);
    assert_eq!(listed(log, |query| query.since = Some(at(6))), [6, 7]);
    assert_eq!(listed(log, |query| query.until = Some(at(2))), [0, 1]);
    let within = |query: &mut RequestQuery| {
        (query.since, query.until) = (Some(at(2)), Some(at(7)));
        query.status = 409..=409;
        query.resource = Some(LocalId(900));
        query.page = Page { order: Order::Descending, ..Page::first(1) };
    };
    assert_eq!(listed(log, within), [5]);
    assert_eq!(listed(log, |query| (query.since, query.until) = (Some(at(5)), Some(at(5)))), [0_i64; 0]);
    assert_eq!(listed(log, |query| query.since = Some(Timestamp(at(6).0 - 1))), [6, 7]);
}

pub fn nothing_is_found_in_another_directory(log: &impl RequestLog) {
    let records = filled(log, 2);
    assert_eq!(log.record(OTHER, records[0].id).unwrap(), None);
    assert_eq!(listed(log, |query| query.directory = OTHER), [0_i64; 0]);
    assert_eq!(
        listed(log, |query| (query.directory, query.resource) = (OTHER, Some(LocalId(900)))),
        [0_i64; 0]
    );
    assert!(!log.clear(OTHER, 10).unwrap());
    assert_eq!(listed(log, |_| {}), [0, 1]);
}

pub fn a_directory_is_cleared_in_steps(log: &impl RequestLog) {
    filled(log, 5);
    log.append(&[record(OTHER, 1)]).unwrap();
    assert!(log.clear(ONE, 3).unwrap());
    assert_eq!(listed(log, |_| {}).len(), 2);
    while log.clear(ONE, 3).unwrap() {}
    assert_eq!(listed(log, |_| {}), [0_i64; 0]);
    assert_eq!(listed(log, |query| query.resource = Some(LocalId(900))), [0_i64; 0]);
    assert_eq!(listed(log, |query| query.directory = OTHER), [1]);
}

pub fn the_old_and_what_does_not_fit_goes_oldest_first(log: &impl RequestLog) {
    filled(log, 6);
    assert!(!log.prune(at(0), u64::MAX, 10).unwrap());
    assert_eq!(listed(log, |_| {}).len(), 6);
    assert!(!log.prune(at(2), u64::MAX, 10).unwrap());
    assert_eq!(listed(log, |_| {}), [2, 3, 4, 5]);
    assert!(log.prune(at(5), u64::MAX, 2).unwrap());
    assert_eq!(listed(log, |_| {}), [4, 5]);
    while log.prune(at(0), 0, 2).unwrap() {}
    assert_eq!(listed(log, |_| {}), [0_i64; 0]);
    assert_eq!(listed(log, |query| query.resource = Some(LocalId(900))), [0_i64; 0]);
}
