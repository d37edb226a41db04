//! Every statement can be prepared and finds its rows by an index.

use rusqlite::Connection;

use crate::{
    blocks, clients, directories, events, file, groups, keys, mappings, migrate, organizations, receipts,
    snapshot, times, tokens, users, work,
};

/// What may look at every row of its table, and why.
const SCANS: &[(&str, &str)] = &[
    ("SELECT number FROM directories ORDER BY number", "it lists them all"),
    ("SELECT number, local, state, last_seq", "it lists them all"),
    ("SELECT min(number) FROM directories", "it looks at the first row only"),
    ("SELECT count(*) FROM organization_events", "it checks them all"),
    ("SELECT max(position) FROM events", "it looks at the last row only"),
    ("SELECT 1 FROM api_keys LIMIT 1", "it looks at one row"),
    ("FROM api_keys WHERE reach IS", "there are few keys, and this is asked when they change"),
    ("SELECT count(*) FROM api_keys", "likewise"),
    ("FROM api_keys WHERE expires_at <=", "likewise"),
    ("INDEXED BY organizations_ending", "the index holds only what is ending"),
    ("INDEXED BY groups_ended\n    CROSS JOIN", "the index holds only what is ending"),
    ("INDEXED BY organization_mappings_to_spread", "the index holds only what is to be handed on"),
    ("INDEXED BY directories_to_clear", "the index holds only what is to be cleared"),
];

fn all() -> Vec<&'static str> {
    let lists = [
        blocks::STATEMENTS,
        clients::STATEMENTS,
        directories::STATEMENTS,
        events::STATEMENTS,
        groups::STATEMENTS,
        mappings::STATEMENTS,
        keys::STATEMENTS,
        organizations::STATEMENTS,
        receipts::STATEMENTS,
        snapshot::STATEMENTS,
        times::STATEMENTS,
        tokens::STATEMENTS,
        users::STATEMENTS,
        work::STATEMENTS,
    ];
    lists.concat()
}

fn database() -> (tempfile::TempDir, Connection) {
    let directory = tempfile::tempdir().unwrap();
    let held = file::hold(&directory.path().join("lockstep.db")).unwrap();
    let mut connection = file::writer(&held.path).unwrap();
    migrate::migrate(&mut connection, lockstep_store::conformance::kit::START).unwrap();
    (directory, connection)
}

#[test]
fn every_statement_can_be_prepared() {
    let (_directory, connection) = database();
    for sql in all() {
        connection.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
}

#[test]
fn every_statement_finds_its_rows_by_an_index_and_sorts_nothing() {
    let (_directory, connection) = database();
    for sql in all() {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let nothing = vec![rusqlite::types::Null; statement.parameter_count()];
        let steps =
            statement.query_map(rusqlite::params_from_iter(nothing), |row| row.get::<_, String>(3)).unwrap();
        let plan: Vec<String> = steps.map(Result::unwrap).collect();
        if SCANS.iter().any(|(part, _)| sql.contains(part)) {
            continue;
        }
        for step in &plan {
            // The few found by their time are put in order of id; a list given as a parameter is walked through.
            let sorted = sql.contains("_modified") || sql.contains("json_each");
            let scans = step.starts_with("SCAN")
                && !step.contains("found")
                && !step.contains("json_each")
                // Holds only what it looks for.
                && !step.ends_with("INDEX directories_to_sweep");
            assert!(!scans, "{sql}\n{plan:#?}");
            assert!(sorted || !step.contains("TEMP B-TREE"), "{sql}\n{plan:#?}");
            // An index that only knows the directory would walk through all of it.
            let shallow = step.contains("INDEX") && step.ends_with("(directory=?)");
            let whole_directory = sql.contains("ORDER BY seq")
                || sql.contains("group_id, user_id")
                || sql.contains("LIMIT ?2)")
                || sql.contains("LIMIT 1 OFFSET ?2")
                || sql.contains("ORDER BY g.id")
                || sql.contains("groups_ended")
                || sql.contains("DELETE FROM tokens")
                // They check a whole directory.
                || sql.contains("INDEXED BY events_seq");
            assert!(!shallow || whole_directory, "{sql}\n{plan:#?}");
        }
    }
}
