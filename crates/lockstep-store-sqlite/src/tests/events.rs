//! The log is listed by index: whatever is asked for, the same is found as by looking at all of it, and as cheaply at
//! its end as at its beginning.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lockstep_core::clock::{Clock, Timestamp};
use lockstep_core::command::Command;
use lockstep_core::event::EventType;
use lockstep_core::id::{DirectoryNumber, OrganizationId};
use lockstep_core::model::Directory;
use lockstep_core::rules::Rules;
use lockstep_store::conformance::kit::{self, Handles, Tenant};
use lockstep_store::memory::Memory;
use lockstep_store::{EventQuery, EventScope, Position, Store};
use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::{Connection, StatementStatus, params};

use super::open;
use crate::{Options, Sqlite, events, file, migrate, times};

/// A clock that others set: it goes forward mostly, and sometimes far back or ahead.
#[derive(Debug)]
struct Wandering {
    read: AtomicUsize,
    steps: Vec<i64>,
}

impl Clock for Wandering {
    fn now(&self) -> Timestamp {
        let read = self.read.fetch_add(1, Ordering::Relaxed);
        let gone: i64 = (0..=read).filter_map(|at| self.steps.get(at % self.steps.len().max(1))).sum();
        Timestamp(kit::START.0 + gone)
    }
}

#[derive(Clone, Debug)]
enum Asked {
    Users(usize, usize),
    Group(usize),
    Delete(usize),
}

const DIRECTORIES: [(u8, u128); 4] = [(1, 7), (2, 8), (3, 8), (4, 9)];

fn asked() -> impl Strategy<Value = Asked> {
    prop_oneof![
        6 => (0..4_usize, 1..4_usize).prop_map(|(directory, count)| Asked::Users(directory, count)),
        3 => (0..4_usize).prop_map(Asked::Group),
        1 => prop::bool::weighted(0.1).prop_map(|really| if really { Asked::Delete(2) } else { Asked::Group(1) }),
    ]
}

/// Times and positions as parts of what there is.
fn query() -> impl Strategy<Value = (EventScope, Vec<EventType>, Option<usize>, Option<usize>, usize, usize)>
{
    let organizations = vec(prop::sample::select(&[7_u128, 8, 9, 10][..]), 0..3);
    let scope = prop_oneof![
        Just(EventScope::All),
        organizations
            .prop_map(|ids| EventScope::Organizations(ids.into_iter().map(OrganizationId).collect())),
        (1..5_u32).prop_map(|number| EventScope::Directory(DirectoryNumber(number))),
    ];
    let place = || prop::option::of(0..60_usize);
    (scope, vec(prop::sample::select(&EventType::ALL[..]), 0..4), place(), place(), 0..60_usize, 0..12_usize)
}

async fn tell(tenants: &[Tenant<impl Store>], asked: &[Asked]) {
    for (turn, asked) in asked.iter().enumerate() {
        match asked {
            Asked::Users(directory, count) => {
                for user in 0..*count {
                    let body = lockstep_store::conformance::kit::user_body(&format!("{turn}-{user}"));
                    let command = Command::CreateUser(kit::object(body));
                    // Refused where the directory is gone, in both.
                    drop(tenants[*directory].submit(command).await);
                }
            }
            Asked::Group(directory) => {
                let users = tenants[*directory].users_by(lockstep_core::query::Lookup::All).await;
                let members = tenants[*directory].members(&users);
                let body = serde_json::json!({ "displayName": format!("{turn}"), "members": members });
                drop(tenants[*directory].submit(Command::CreateGroup(kit::object(body))).await);
            }
            Asked::Delete(directory) => {
                drop(tenants[*directory].submit(Command::DeleteDirectory).await);
            }
        }
    }
}

async fn tenants<S: Store>(store: &S) -> Vec<Tenant<S>> {
    let mut tenants = Vec::new();
    for (number, organization) in DIRECTORIES {
        let row = Directory { organization: OrganizationId(organization), ..kit::row(number.into()) };
        tenants.push(Tenant::create_with(store, row, kit::token(number), Rules::default()).await);
    }
    tenants
}

type Question = (EventScope, Vec<EventType>, Option<usize>, Option<usize>, usize, usize);

async fn same_in_both(steps: Vec<i64>, told: Vec<Asked>, questions: Vec<Question>) {
    let wandering = || Arc::new(Wandering { read: AtomicUsize::new(0), steps: steps.clone() });
    let random = || Handles::from_seed(5).random;
    let clock = wandering();
    // It is read once more when a database is opened.
    clock.now();
    let memory = Memory::new(clock, random());
    let folder = tempfile::tempdir().unwrap();
    let sqlite =
        Sqlite::open(&folder.path().join("lockstep.db"), Options::new(wandering(), random())).unwrap();
    tell(&tenants(&memory).await, &told).await;
    tell(&tenants(&sqlite).await, &told).await;
    let all = EventQuery { limit: usize::MAX, ..EventQuery::default() };
    let known = memory.events(all.clone()).await.unwrap();
    assert_eq!(sqlite.events(all).await.unwrap(), known);
    let time = |place: Option<usize>| place.map(|place| known[place % known.len()].record.at);
    for (scope, types, since, until, after, limit) in questions {
        let after = known.get(after).map_or(Position(0), |event| event.position);
        let (since, until) = (time(since), time(until));
        let first = EventQuery { scope, types, since, until, after, limit, ..EventQuery::default() };
        // Half of the events that are told stand in front of this one.
        let before = known.get(known.len() / 2).map(|event| event.position);
        for (newest_first, before) in [(false, None), (true, None), (false, before), (true, before)] {
            let query = EventQuery { newest_first, before, ..first.clone() };
            let expected = memory.events(query.clone()).await.unwrap();
            assert_eq!(sqlite.events(query.clone()).await.unwrap(), expected, "{query:?}");
            let attributes = &["userName", "displayName"];
            let shown = sqlite.shown_events(query.clone(), attributes).await.unwrap();
            let shown: Vec<_> = shown.into_iter().map(|event| kit::whole_event(event, attributes)).collect();
            assert_eq!(shown, expected, "{query:?}");
        }
    }
    kit::check(&sqlite).await;
    sqlite.stop().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_question_is_answered_alike_in_memory_and_on_sqlite_whatever_the_clock_does(
        steps in vec(prop_oneof![8 => 0..2_000_i64, 1 => -90_000..90_000_i64], 1..40),
        told in vec(asked(), 1..24),
        questions in vec(query(), 60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(same_in_both(steps, told, questions));
    }
}

/// A log of so many events as a version without the lists wrote it: the n-th event of kind 3, each hundredth of kind 4,
/// a second apart, in two directories of which the second has each hundredth.
fn old_log(version: i64, count: i64) -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let held = file::hold(&folder.path().join("lockstep.db")).unwrap();
    let mut connection = file::writer(&held.path).unwrap();
    migrate::migrate_to(&mut connection, version, kit::START).unwrap();
    let directory =
        "INSERT INTO directories (number, local, organization, name, name_key, directory_type, contract,
        state, created_at, updated_at, last_seq) VALUES (?1, ?1, ?2, '', '', '', '', 'linked', 0, 0, ?3)";
    for (number, last) in [(1, count - count / 100), (2, count / 100)] {
        connection.execute(directory, params![number, [u8::try_from(number).unwrap(); 16], last]).unwrap();
    }
    let event = "INSERT INTO events (position, directory, seq, at, kind, request, user_id, format, payload)
        VALUES (?1, ?2, ?3, ?4, ?5, zeroblob(16), 1, 1, '{\"doc\":{},\"created_at\":0}')";
    connection.execute_batch("BEGIN").unwrap();
    for position in 1..=count {
        let rare = position % 100 == 0;
        let seq = if rare { position / 100 } else { position - position / 100 };
        let (directory, kind) = if rare { (2, 4) } else { (1, 3) };
        let params = params![position, directory, seq, position * 1_000_000, kind];
        connection.prepare_cached(event).unwrap().execute(params).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    (folder, connection)
}

#[test]
fn a_log_that_is_older_than_its_lists_is_listed() {
    let (_folder, mut connection) = old_log(8, 1_000);
    migrate::migrate(&mut connection, kit::START).unwrap();
    events::catch_up(&mut connection).unwrap();
    events::catch_up(&mut connection).unwrap();
    for directory in [1, 2] {
        assert_eq!(events::check(&connection, DirectoryNumber(directory)).unwrap(), Vec::<String>::new());
    }
    let owner =
        |number: u8| EventScope::Organizations(vec![OrganizationId(u128::from_be_bytes([number; 16]))]);
    let query = EventQuery { scope: owner(2), limit: 99, ..EventQuery::default() };
    let found = events::list(&connection, &query).unwrap();
    assert_eq!(
        found.iter().map(|event| event.position.0).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(|n| n * 100)
    );
    let query = EventQuery { scope: owner(1), limit: 999, ..EventQuery::default() };
    assert_eq!(events::list(&connection, &query).unwrap().len(), 990);
}

#[test]
fn lists_that_lack_an_event_or_its_time_are_found() {
    let (_folder, mut connection) = old_log(8, 300);
    migrate::migrate(&mut connection, kit::START).unwrap();
    events::catch_up(&mut connection).unwrap();
    let clean = |connection: &Connection| events::check(connection, DirectoryNumber(2)).unwrap().is_empty();
    assert!(clean(&connection));
    connection.execute("UPDATE event_times SET max_at = min_at WHERE level = 1", []).unwrap();
    assert!(!clean(&connection));
    connection.execute("DELETE FROM event_times", []).unwrap();
    assert!(!clean(&connection));
    events::catch_up(&mut connection).unwrap();
    assert!(clean(&connection));
    connection.execute("DELETE FROM organization_events WHERE position = 200", []).unwrap();
    assert!(!clean(&connection));
}

#[test]
fn an_entry_that_shows_another_organizations_event_or_none_is_found() {
    for astray in [
        "INSERT INTO organization_events SELECT 3 - owner, kind, position FROM organization_events WHERE position = 100",
        "INSERT INTO organization_events SELECT owner, 9, position FROM organization_events WHERE position = 100",
        "INSERT INTO organization_events VALUES (2, 4, 9999)",
    ] {
        let (_folder, mut connection) = old_log(8, 300);
        migrate::migrate(&mut connection, kit::START).unwrap();
        events::catch_up(&mut connection).unwrap();
        let found = |directory| events::check(&connection, DirectoryNumber(directory)).unwrap();
        assert_eq!([1, 2].map(found), [Vec::<String>::new(), Vec::new()]);
        connection.execute(astray, []).unwrap();
        let told = "1 entries of organizations' lists show no event of theirs".to_owned();
        assert_eq!([1, 2].map(found), [vec![told], Vec::new()], "it is told once: {astray}");
    }
}

#[test]
fn what_is_sought_in_a_long_log_costs_hardly_more_than_in_a_short_one() {
    let count = 40_000;
    let (_folder, mut connection) = old_log(8, count);
    migrate::migrate(&mut connection, kit::START).unwrap();
    events::catch_up(&mut connection).unwrap();
    let times = |from: i64, to: i64| times::Times { since: from * 1_000_000, until: to * 1_000_000 };
    let last = u64::try_from(count).unwrap();
    let whole = |span: &times::Span| span.last.min(last) - span.after.min(last);
    for (from, to) in [(0, 50), (20_000, 20_010), (39_990, 40_001), (1, 2), (50_000, 60_000)] {
        let spans = times::spans(&connection, times(from, to), 0, last).unwrap();
        let held = |position: u64| spans.iter().any(|span| span.after < position && position <= span.last);
        assert!((from.max(1)..to.min(count + 1)).all(|at| held(at.unsigned_abs())), "{from} {to} {spans:?}");
        let positions: u64 = spans.iter().map(whole).sum();
        assert!(positions <= to.min(count).saturating_sub(from).max(0).unsigned_abs() + 12, "{spans:?}");
    }
    // A walk over the log takes some steps for each event: 40,000 events, more than 100,000 steps.
    for sql in
        [events::OF_KIND, events::OF_KIND_NEWEST_FIRST, events::OF_OWNER, events::OF_OWNER_NEWEST_FIRST]
    {
        for after in [0, 39_000] {
            let mut statement = connection.prepare(sql).unwrap();
            let mut parameters = vec![4, after, i64::MAX, 5, 2];
            parameters.truncate(statement.parameter_count());
            let found =
                statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get::<_, i64>(0));
            let found: Vec<i64> = found.unwrap().map(Result::unwrap).collect();
            let first = [1, 2, 3, 4, 5].map(|n| after + n * 100);
            let last = [0, 1, 2, 3, 4].map(|n| count - n * 100);
            assert_eq!(found, if sql.contains("DESC") { last } else { first });
            assert!(statement.get_status(StatementStatus::VmStep) < 200);
        }
    }
}

#[tokio::test]
async fn a_database_is_opened_with_its_log_listed() {
    let (folder, connection) = old_log(8, 100);
    drop(connection);
    let store = open(&folder.path().join("lockstep.db")).unwrap();
    let query = EventQuery { types: vec![EventType::UserUpdated], limit: 9, ..EventQuery::default() };
    assert_eq!(store.events(query).await.unwrap().len(), 1);
}
