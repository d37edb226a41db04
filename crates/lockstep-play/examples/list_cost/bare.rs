//! The same rows by plain prepared statements: every column that a page shows is read, and nothing is done with it.

use std::collections::BTreeSet;
use std::path::Path;

use lockstep_core::id::{DirectoryNumber, LocalId, OrganizationId};
use lockstep_store::{Page, Position, Walk};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Params, params};

use super::ask::WANTED;

/// A connection set up as the store's readers are.
pub(crate) fn reader(path: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).unwrap();
    let settings =
        "PRAGMA query_only = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;
        PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";
    connection.execute_batch(settings).unwrap();
    connection
}

/// Reads every column of every row; how many rows there are, and of each its first column.
fn read(connection: &Connection, sql: &str, params: impl Params, mut first: impl FnMut(i64)) -> usize {
    let mut statement = connection.prepare_cached(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query(params).unwrap();
    let (mut count, mut bytes) = (0, 0);
    while let Some(row) = rows.next().unwrap() {
        for column in 0..columns {
            match row.get_ref(column).unwrap() {
                // As a program would that keeps it.
                ValueRef::Text(text) | ValueRef::Blob(text) => {
                    bytes += std::hint::black_box(text.to_vec()).len();
                }
                ValueRef::Integer(number) if column == 0 => first(number),
                ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Null => {}
            }
        }
        count += 1;
    }
    std::hint::black_box(bytes);
    count
}

fn limit() -> i64 {
    i64::try_from(WANTED).unwrap()
}

fn id(local: LocalId) -> i64 {
    (local.0 ^ (1 << 63)).cast_signed()
}

fn bounds(walk: &Walk<LocalId>) -> (i64, i64) {
    (walk.above.map_or(i64::MIN, id), walk.below.map_or(i64::MAX, id))
}

fn direction<K>(walk: &Walk<K>) -> &'static str {
    if walk.descending { "DESC" } else { "ASC" }
}

/// Users with the groups of each, which are read once for a page.
pub(crate) fn users(
    connection: &Connection,
    directory: DirectoryNumber,
    group: Option<LocalId>,
    page: &Page<LocalId>,
) -> usize {
    let walk = page.clone().walk();
    let ((above, below), direction) = (bounds(&walk), direction(&walk));
    let columns = "u.id, u.created_at, u.modified_at, u.seq, u.doc, u.doc_seq, u.updated_at, u.projection";
    let mut found = Vec::new();
    let rows = match group {
        None => {
            let sql = format!(
                "SELECT {columns} FROM users AS u WHERE u.directory = ?1 AND u.id > ?2 AND u.id < ?3
                 ORDER BY u.id {direction} LIMIT ?4"
            );
            read(connection, &sql, params![directory.0, above, below, limit() + 1], |id| found.push(id))
        }
        Some(group) => {
            let sql = format!(
                "SELECT {columns} FROM memberships AS m CROSS JOIN users AS u ON u.directory = m.directory
                 AND u.id = m.user_id WHERE m.directory = ?1 AND m.group_id = ?5 AND m.user_id > ?2 AND m.user_id < ?3
                 ORDER BY m.user_id {direction} LIMIT ?4"
            );
            let params = params![directory.0, above, below, limit() + 1, id(group)];
            read(connection, &sql, params, |id| found.push(id))
        }
    };
    let (users, mut groups) = (list(found), BTreeSet::new());
    let sql = "SELECT m.group_id FROM json_each(?2) AS found
        CROSS JOIN memberships AS m ON m.directory = ?1 AND m.user_id = found.value";
    read(connection, sql, params![directory.0, users], |group| {
        groups.insert(group);
    });
    let sql = "SELECT g.id, g.created_at, g.modified_at, g.nested, g.doc FROM json_each(?2) AS found
        CROSS JOIN groups AS g ON g.directory = ?1 AND g.id = found.value";
    read(connection, sql, params![directory.0, list(groups)], |_| {});
    rows
}

fn list(ids: impl IntoIterator<Item = i64>) -> String {
    format!("[{}]", ids.into_iter().map(|id| id.to_string()).collect::<Vec<_>>().join(","))
}

pub(crate) fn groups(connection: &Connection, directory: DirectoryNumber, page: &Page<LocalId>) -> usize {
    let walk = page.clone().walk();
    let ((above, below), direction) = (bounds(&walk), direction(&walk));
    let sql = format!(
        "SELECT id, created_at, modified_at, seq, doc_seq, ended, nested, doc FROM groups
         WHERE directory = ?1 AND id > ?2 AND id < ?3 AND ended IS NULL ORDER BY id {direction} LIMIT ?4"
    );
    read(connection, &sql, params![directory.0, above, below, limit() + 1], |_| {})
}

/// Events, a membership with the records of its two: behind a position, or those at these.
pub(crate) fn events(connection: &Connection, after: Option<Position>, positions: &[u64]) -> usize {
    let columns =
        "e.position, e.directory, e.seq, e.at, e.kind, e.request, e.user_id, e.group_id, e.user_seq, e.group_seq,
        e.format, e.payload, u.at, u.payload, g.at, g.payload";
    let named = "LEFT JOIN events AS u ON u.directory = e.directory AND u.seq = e.user_seq
        LEFT JOIN events AS g ON g.directory = e.directory AND g.seq = e.group_seq";
    if let Some(after) = after {
        let sql = format!(
            "SELECT {columns} FROM events AS e {named} WHERE e.position > ?1 ORDER BY e.position LIMIT ?2"
        );
        return read(connection, &sql, params![after.0.cast_signed(), limit()], |_| {});
    }
    let sql = format!(
        "SELECT {columns} FROM json_each(?1) AS found CROSS JOIN events AS e ON e.position = found.value {named}"
    );
    read(connection, &sql, [list(positions.iter().map(|position| position.cast_signed()))], |_| {})
}

pub(crate) fn directories(connection: &Connection, page: &Page<LocalId>) -> usize {
    let walk = page.clone().walk();
    let ((above, below), direction) = (bounds(&walk), direction(&walk));
    let sql = format!(
        "SELECT * FROM directories WHERE state <> 'deleting' AND local > ?1 AND local < ?2
         ORDER BY local {direction} LIMIT ?3"
    );
    read(connection, &sql, params![above, below, limit() + 1], |_| {})
}

pub(crate) fn organizations(connection: &Connection, page: &Page<OrganizationId>) -> usize {
    let walk = page.clone().walk();
    let (above, below) = (
        walk.above.map_or_else(Vec::new, |id| id.0.to_be_bytes().to_vec()),
        walk.below.map_or_else(|| vec![0xff; 17], |id| id.0.to_be_bytes().to_vec()),
    );
    let direction = direction(&walk);
    let sql =
        format!("SELECT * FROM organizations WHERE id > ?1 AND id < ?2 ORDER BY id {direction} LIMIT ?3");
    read(connection, &sql, params![above, below, limit() + 1], |_| {})
}
