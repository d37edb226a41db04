//! Request records in a file of their own beside the database: what is written here never waits for the writer lane
//! nor delays it, and the file may be deleted (`docs/decisions/0020-request-records.md`).

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{DirectoryNumber, LocalId, RequestId};
use lockstep_store::requests::first_of;
use lockstep_store::{RequestLog, RequestQuery, RequestRecord, StoreError};
use rusqlite::{Connection, Row, params};

use crate::codec;
use crate::error::{Error, Result};
use crate::file::{self, Held};
use crate::readers::Readers;
use crate::statement::{Paged, execute, many, one, paged};

/// What the tables below are. Of an older version nothing is kept: they hold nothing that anybody relies on.
pub(crate) const VERSION: i64 = 2;
/// `LKSR`: by this the file is known as ours.
pub(crate) const APPLICATION_ID: i64 = 0x4c4b_5352;
/// How many connections that read are kept open.
const READERS_KEPT: usize = 2;
/// What a record takes besides its texts, about.
const ROW_BYTES: u64 = 200;

const SCHEMA: &str = "
    DROP TABLE IF EXISTS requests; DROP TABLE IF EXISTS about; DROP TABLE IF EXISTS texts;
    -- n: in the order of their arrival here, so the oldest are the first. resources: their numbers, eight bytes each.
    CREATE TABLE requests (
        n         INTEGER NOT NULL PRIMARY KEY,
        directory INTEGER NOT NULL,
        id        BLOB NOT NULL,
        status    INTEGER NOT NULL,
        operation TEXT NOT NULL,
        repaired  INTEGER NOT NULL,
        resources BLOB NOT NULL,
        summary   TEXT NOT NULL,
        detail    TEXT NOT NULL
    ) STRICT;
    -- With what a filter asks for, so that a list that finds little reads little.
    CREATE INDEX requests_by_id ON requests (directory, id, status, operation, repaired);
    CREATE TABLE about (
        directory INTEGER NOT NULL,
        resource  INTEGER NOT NULL,
        id        BLOB NOT NULL,
        n         INTEGER NOT NULL,
        PRIMARY KEY (directory, resource, id)
    ) STRICT, WITHOUT ROWID;
";

const ADD: &str =
    "INSERT INTO requests (directory, id, status, operation, repaired, resources, summary, detail)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
    WHERE NOT EXISTS (SELECT 1 FROM requests WHERE directory = ?1 AND id = ?2)";
const ADD_ABOUT: &str = "INSERT OR IGNORE INTO about (directory, resource, id, n) VALUES (?1, ?2, ?3, ?4)";
const LIST: Paged = paged!(
    "SELECT id, status, operation, repaired, summary FROM requests
     WHERE directory = ?1 AND id > ?2 AND id < ?3 AND status BETWEEN ?4 AND ?5
       AND (?6 IS NULL OR repaired = ?6) AND (?7 IS NULL OR operation = ?7)",
    "id",
    "LIMIT ?8"
);
const LIST_ABOUT: Paged = paged!(
    "SELECT about.id, status, operation, repaired, summary
     FROM about CROSS JOIN requests USING (n)
     WHERE about.directory = ?1 AND about.id > ?2 AND about.id < ?3 AND status BETWEEN ?4 AND ?5
       AND (?6 IS NULL OR repaired = ?6) AND (?7 IS NULL OR operation = ?7) AND about.resource = ?9",
    "about.id",
    "LIMIT ?8"
);
const ONE: &str = "SELECT status, operation, repaired, resources, summary, detail FROM requests
    WHERE directory = ?1 AND id = ?2";
const OF_DIRECTORY: &str = "SELECT n, directory, id, resources FROM requests
    WHERE directory = ?1 ORDER BY id LIMIT ?2";
const OLDEST: &str = "SELECT n, directory, id, resources, octet_length(summary) + octet_length(detail)
    FROM requests ORDER BY n LIMIT ?1";
const REMOVE: &str = "DELETE FROM requests WHERE n = ?1";
const REMOVE_ABOUT: &str = "DELETE FROM about WHERE directory = ?1 AND resource = ?2 AND id = ?3";

/// Request records in a file.
#[derive(Debug)]
pub struct SqliteRequests {
    writer: Mutex<Connection>,
    readers: Readers,
    _held: Held,
}

impl SqliteRequests {
    /// Where the records of a database stand: beside it.
    #[must_use]
    pub fn beside(database: &Path) -> PathBuf {
        let mut name = database.file_stem().unwrap_or_default().to_owned();
        name.push("-requests");
        if let Some(extension) = database.extension() {
            name.push(".");
            name.push(extension);
        }
        database.with_file_name(name)
    }

    /// Opens the file, making it where there is none; only its owner can read it, and one process at a time uses it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(open(path)?)
    }

    fn write<T>(&self, write: impl FnOnce(&Connection) -> Result<T>) -> Result<T, StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction().map_err(Error::from)?;
        let done = write(&transaction)?;
        transaction.commit().map_err(Error::from)?;
        Ok(done)
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(path: &Path) -> Result<SqliteRequests> {
    let held = file::hold(path)?;
    let connection = file::writer(&held.path)?;
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    if application != APPLICATION_ID && (application != 0 || version != 0) {
        return Err(StoreError::Corrupt("this is another program's database".into()).into());
    }
    if version > VERSION {
        return Err(StoreError::Newer { found: version, known: VERSION }.into());
    }
    if version < VERSION {
        connection.execute_batch(&format!(
            "PRAGMA auto_vacuum = INCREMENTAL; VACUUM;
             BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
        ))?;
    }
    // A crash of the machine may take the last records with it, and nothing else.
    connection.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -8192;",
    )?;
    let readers = Readers::new(held.path.clone(), READERS_KEPT);
    Ok(SqliteRequests { writer: Mutex::new(connection), readers, _held: held })
}

impl RequestLog for SqliteRequests {
    fn append(&self, records: &[RequestRecord]) -> Result<(), StoreError> {
        self.write(|connection| records.iter().try_for_each(|record| add(connection, record)))
    }

    fn records(&self, query: &RequestQuery) -> Result<Vec<RequestRecord>, StoreError> {
        let walk = query.walk();
        let (above, below) = codec::wide_bounds(walk.above.map(|id| id.0), walk.below.map(|id| id.0));
        let list = if query.resource.is_some() { LIST_ABOUT } else { LIST };
        let sql = list.towards(walk.descending);
        let directory = query.directory;
        let found = self.readers.read(|connection| {
            let limit = codec::limit(walk.limit);
            let (low, high) = (query.status.start(), query.status.end());
            let operation = query.operation.as_deref();
            let brief = |row: &Row<'_>| -> Result<RequestRecord> {
                Ok(RequestRecord {
                    directory,
                    id: id(row, 0)?,
                    status: row.get(1)?,
                    operation: row.get(2)?,
                    repaired: row.get(3)?,
                    resources: Vec::new(),
                    summary: row.get(4)?,
                    detail: String::new(),
                })
            };
            match query.resource {
                None => many(
                    connection,
                    sql,
                    params![directory.0, above, below, low, high, query.repaired, operation, limit],
                    brief,
                ),
                Some(resource) => many(
                    connection,
                    sql,
                    params![
                        directory.0,
                        above,
                        below,
                        low,
                        high,
                        query.repaired,
                        operation,
                        limit,
                        codec::id(resource)
                    ],
                    brief,
                ),
            }
        })?;
        Ok(walk.arrange(found))
    }

    fn record(
        &self,
        directory: DirectoryNumber,
        wanted: RequestId,
    ) -> Result<Option<RequestRecord>, StoreError> {
        let found = self.readers.read(|connection| {
            one(connection, ONE, params![directory.0, key(wanted)], |row| {
                Ok(RequestRecord {
                    directory,
                    id: wanted,
                    status: row.get(0)?,
                    operation: row.get(1)?,
                    repaired: row.get(2)?,
                    resources: read_resources(row, 3)?,
                    summary: row.get(4)?,
                    detail: row.get(5)?,
                })
            })
        })?;
        Ok(found)
    }

    fn clear(&self, directory: DirectoryNumber, limit: usize) -> Result<bool, StoreError> {
        self.write(|connection| {
            let limit_here = codec::limit(limit);
            let found = many(connection, OF_DIRECTORY, params![directory.0, limit_here], stored)?;
            found.iter().try_for_each(|stored| remove(connection, stored))?;
            Ok(found.len() == limit)
        })
    }

    fn prune(&self, before: Timestamp, bytes_max: u64, limit: usize) -> Result<bool, StoreError> {
        let pruned = self.write(|connection| {
            let mut surplus = bytes_used(connection)?.saturating_sub(bytes_max);
            let oldest = many(connection, OLDEST, [codec::limit(limit)], |row| {
                Ok((stored(row)?, codec::uint(row, 4)?))
            })?;
            let end = first_of(before);
            let mut removed = 0;
            for (stored, bytes) in oldest {
                if stored.id >= end && surplus == 0 {
                    break;
                }
                surplus = surplus.saturating_sub(bytes + ROW_BYTES);
                remove(connection, &stored)?;
                removed += 1;
            }
            Ok(removed)
        })?;
        if pruned > 0 {
            // What was given up goes back to the file system, a step at a time.
            let connection = self.writer();
            let sql = "PRAGMA incremental_vacuum(4096)";
            connection.execute_batch(sql).map_err(Error::from)?;
        }
        Ok(pruned > 0 && pruned == limit)
    }
}

fn add(connection: &Connection, record: &RequestRecord) -> Result<()> {
    let id = key(record.id);
    let directory = record.directory.0;
    let resources: Vec<u8> = record.resources.iter().flat_map(|resource| resource.0.to_be_bytes()).collect();
    let row = params![
        directory,
        id,
        record.status,
        record.operation,
        record.repaired,
        resources,
        record.summary,
        record.detail
    ];
    if execute(connection, ADD, row)? == 0 {
        return Ok(());
    }
    let n = connection.last_insert_rowid();
    for resource in &record.resources {
        execute(connection, ADD_ABOUT, params![directory, codec::id(*resource), id, n])?;
    }
    Ok(())
}

/// Where a record stands.
struct Stored {
    n: i64,
    directory: DirectoryNumber,
    id: RequestId,
    resources: Vec<LocalId>,
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    let directory = codec::directory_number(row, 1)?;
    Ok(Stored { n: row.get(0)?, directory, id: id(row, 2)?, resources: read_resources(row, 3)? })
}

fn read_resources(row: &Row<'_>, column: usize) -> Result<Vec<LocalId>> {
    let bytes: Vec<u8> = row.get(column)?;
    let (numbers, _) = bytes.as_chunks();
    Ok(numbers.iter().map(|number| LocalId(u64::from_be_bytes(*number))).collect())
}

fn remove(connection: &Connection, stored: &Stored) -> Result<()> {
    execute(connection, REMOVE, [stored.n])?;
    for resource in &stored.resources {
        let row = params![stored.directory.0, codec::id(*resource), key(stored.id)];
        execute(connection, REMOVE_ABOUT, row)?;
    }
    Ok(())
}

/// Bytes of the file that hold something.
fn bytes_used(connection: &Connection) -> Result<u64> {
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let pages = pragma("page_count")?.saturating_sub(pragma("freelist_count")?);
    Ok(u64::try_from(pages.saturating_mul(pragma("page_size")?)).unwrap_or(0))
}

fn key(id: RequestId) -> [u8; 16] {
    codec::wide(id.0)
}

fn id(row: &Row<'_>, column: usize) -> Result<RequestId> {
    codec::read_wide(row, column).map(RequestId)
}
