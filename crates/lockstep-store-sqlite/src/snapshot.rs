//! One state of a database's file, read beside whoever writes it: for a copy of it, and for proofs about one. It takes no
//! lock and changes nothing. Unlike a store's reads it holds its transaction until it is dropped.

use std::path::{Path, PathBuf};

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{DirectoryId, DirectoryNumber};
use lockstep_core::model::{ApiKey, DirectoryState};
use lockstep_store::{Page, StandardOf, StoreError, Work};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::error::{Error, Result};
use crate::statement::{many, one};
use crate::{codec, directories, file, keys, migrate, requests, times, work};

/// Pages that one step of a copy takes: often enough to show how far it is, and to stop.
const COPY_STEP_PAGES: i32 = 256;

/// What every version of the schema says of a directory.
const HEADS: &str = "SELECT number, local, state, last_seq, last_at, users_active, users_inactive, groups
    FROM directories ORDER BY number";
const EVENTS: &str = "SELECT coalesce(max(position), 0), coalesce(max(at), 0) FROM events
    WHERE position > (SELECT coalesce(max(position), 0) - 1000 FROM events)";
const API_KEYS: &str = "SELECT count(*) FROM api_keys";
const TIME_AT: &str = "SELECT at FROM events WHERE position = ?1";
const HAS_MARK: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'master_key'";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[HEADS, EVENTS, API_KEYS, TIME_AT];

/// Which of our files one is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ours {
    Database,
    Requests,
}

/// One state of a database.
#[derive(Debug)]
pub struct Snapshot {
    connection: Connection,
    path: PathBuf,
    version: i64,
}

/// Where the log of a directory stands, and what is counted there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Which directory.
    pub id: DirectoryId,
    /// Whether it serves, or was deleted.
    pub is_deleted: bool,
    /// The number of its last event; 0 before the first.
    pub last_seq: u64,
    /// The time of that.
    pub last_at: Timestamp,
    /// Its users, inactive ones included.
    pub users: u64,
    /// Its groups.
    pub groups: u64,
}

/// Where the list of events over all directories ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogEnd {
    /// The position of the last event; 0 before the first.
    pub position: u64,
    /// The latest time that one of the last events has.
    pub at: Timestamp,
}

/// How far a copy is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Copied {
    /// Bytes that are there.
    pub bytes: u64,
    /// Bytes that it will have.
    pub total: u64,
}

impl Snapshot {
    /// The present state of a database, whether or not a server writes it. Refuses what is no database of ours, or a
    /// newer version's.
    pub fn of_database(path: &Path) -> Result<Self, StoreError> {
        Ok(open(path, Ours::Database, false)?)
    }

    /// The present state of the request records beside a database.
    pub fn of_requests(path: &Path) -> Result<Self, StoreError> {
        Ok(open(path, Ours::Requests, false)?)
    }

    /// A database that nobody writes, such as one in a backup: nothing is made beside it either.
    pub fn of_still_database(path: &Path) -> Result<Self, StoreError> {
        Ok(open(path, Ours::Database, true)?)
    }

    /// Request records that nobody writes.
    pub fn of_still_requests(path: &Path) -> Result<Self, StoreError> {
        Ok(open(path, Ours::Requests, true)?)
    }

    /// Goes on to the present state.
    pub fn renew(&mut self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("COMMIT; BEGIN").map_err(Error::from)?)
    }

    /// The version of its schema.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Whether a store must open the database before it can be verified: its schema is older, or a start that brought it
    /// to this version has not come to its end.
    pub fn needs_opening(&self) -> Result<bool, StoreError> {
        Ok(self.version < migrate::newest()
            || !times::is_caught_up(&self.connection, self.log_end()?.position)?)
    }

    /// The newest version of the schema that is known here.
    #[must_use]
    pub fn newest_version() -> i64 {
        migrate::newest()
    }

    /// Bytes that a copy has.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        let pragma =
            |name: &str| self.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        let pages = pragma("page_count").map_err(Error::from)?;
        let size = pragma("page_size").map_err(Error::from)?;
        Ok(u64::try_from(pages.saturating_mul(size)).unwrap_or(0))
    }

    /// Where each directory's log stands, by number, deleted ones included. Of any version.
    pub fn standings(&self) -> Result<Vec<Standing>, StoreError> {
        Ok(many(&self.connection, HEADS, [], |row| {
            let state: String = row.get(2)?;
            Ok(Standing {
                id: DirectoryId {
                    directory: codec::directory_number(row, 0)?,
                    local: codec::local_id(row, 1)?,
                },
                is_deleted: state == DirectoryState::Deleting.as_str(),
                last_seq: codec::uint(row, 3)?,
                last_at: codec::timestamp(row, 4)?,
                users: codec::uint(row, 5)? + codec::uint(row, 6)?,
                groups: codec::uint(row, 7)?,
            })
        })?)
    }

    /// Where the list of events ends. Of any version.
    pub fn log_end(&self) -> Result<LogEnd, StoreError> {
        let found = one(&self.connection, EVENTS, [], |row| {
            Ok(LogEnd { position: codec::uint(row, 0)?, at: codec::timestamp(row, 1)? })
        })?;
        Ok(found.unwrap_or(LogEnd { position: 0, at: Timestamp(0) }))
    }

    /// The mark of the master key that the database was made with; none where nothing was noted yet. Of any version.
    pub fn master_key_mark(&self) -> Result<Option<[u8; 16]>, StoreError> {
        let noted = one(&self.connection, HAS_MARK, [], |_| Ok(()))?;
        Ok(match noted {
            Some(()) => directories::master_key_mark(&self.connection)?,
            None => None,
        })
    }

    /// What was begun and must be gone on with, as a store's `work` tells it. Not where [`Snapshot::needs_opening`].
    pub fn work(&self, limit: usize) -> Result<Vec<Work>, StoreError> {
        Ok(work::list(&self.connection, limit)?)
    }

    /// How many API keys there are. Of any version.
    pub fn api_keys(&self) -> Result<u64, StoreError> {
        Ok(one(&self.connection, API_KEYS, [], |row| codec::uint(row, 0))?.unwrap_or(0))
    }

    /// The API keys, the oldest first, at most so many. Not where [`Snapshot::needs_opening`].
    pub fn api_key_list(&self, limit: usize) -> Result<Vec<ApiKey>, StoreError> {
        Ok(keys::list(&self.connection, Page::first(limit))?)
    }

    /// The time of the event at a position; none where there is none. Of any version.
    pub fn time_at(&self, position: u64) -> Result<Option<Timestamp>, StoreError> {
        Ok(one(&self.connection, TIME_AT, [codec::int(position)?], |row| codec::timestamp(row, 0))?)
    }

    /// What SQLite itself finds wrong with the file: pages, rows, and (`with_indexes`) whether indexes say what tables say.
    /// Empty where nothing is. Reads all of it.
    pub fn damage(&self, with_indexes: bool) -> Result<Vec<String>, StoreError> {
        let sql = if with_indexes { "PRAGMA integrity_check" } else { "PRAGMA quick_check" };
        let found = many(&self.connection, sql, [], |row| Ok(row.get::<_, String>(0)?));
        match found {
            Ok(found) => Ok(found.into_iter().filter(|line| line != "ok").collect()),
            // Where it is damaged so that it cannot even be looked through, that is what was found.
            Err(error) => match StoreError::from(error) {
                StoreError::Corrupt(what) => Ok(vec![what]),
                other => Err(other),
            },
        }
    }

    /// Replays a directory's log against its rows, as a store's `verify` does, and calls `told` for each event. Not where
    /// [`Snapshot::needs_opening`].
    pub fn verify(
        &self,
        directory: DirectoryNumber,
        standard: StandardOf,
        told: &mut dyn FnMut(),
    ) -> Result<Vec<String>, StoreError> {
        Ok(work::verify(&self.connection, directory, standard, told)?)
    }

    /// Copies all of it to a file that is not there yet, which only its owner reads and which is on the disk for good when
    /// this answers. `go_on` is asked between the steps and told how far it is; where it says no, what is there of the
    /// copy stays, and the answer is no. Writers go on meanwhile and nothing begins anew: what is copied is the state
    /// that this snapshot holds.
    pub fn copy_to(&self, to: &Path, go_on: &mut dyn FnMut(Copied) -> bool) -> Result<bool, StoreError> {
        Ok(self.copy(to, go_on)?)
    }

    fn copy(&self, to: &Path, go_on: &mut dyn FnMut(Copied) -> bool) -> Result<bool> {
        let unavailable = |what: &str, error: &dyn std::fmt::Display| {
            Error::Store(StoreError::Unavailable(format!("{what} `{}`: {error}", to.display())))
        };
        let made = file::create_private(to).map_err(|error| unavailable("cannot make", &error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut target = Connection::open_with_flags(to, flags)?;
        // Half a copy is worth nothing: no journal, and one flush at the end.
        target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
        let page =
            u64::try_from(self.connection.query_row("PRAGMA page_size", [], |row| row.get::<_, i64>(0))?)
                .unwrap_or(0);
        {
            let copying = Backup::new(&self.connection, &mut target)?;
            loop {
                let step =
                    copying.step(COPY_STEP_PAGES).map_err(|error| unavailable("cannot write", &error))?;
                let progress = copying.progress();
                let pages = |count: i32| u64::try_from(count).unwrap_or(0) * page;
                let total = pages(progress.pagecount);
                let so_far = Copied { bytes: total.saturating_sub(pages(progress.remaining)), total };
                match step {
                    StepResult::Done => {
                        go_on(so_far);
                        break;
                    }
                    StepResult::More if go_on(so_far) => {}
                    StepResult::More => return Ok(false),
                    _ => return Err(unavailable("another program has locked", &"the copy")),
                }
            }
        }
        target.close().map_err(|(_, error)| unavailable("cannot finish", &error))?;
        made.sync_all().map_err(|error| unavailable("cannot make durable", &error))?;
        Ok(true)
    }
}

fn open(path: &Path, ours: Ours, is_still: bool) -> Result<Snapshot> {
    let shown = path.display();
    if !path.is_file() {
        return Err(StoreError::Unavailable(format!("there is no file `{shown}`")).into());
    }
    let connection = if is_still { file::still_reader(path)? } else { file::reader(path)? };
    // What is first read here is the state that stays.
    connection.execute_batch("BEGIN")?;
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let (wanted, version, known) = match ours {
        Ours::Database if application == migrate::APPLICATION_ID => {
            (migrate::APPLICATION_ID, migrate::version(&connection)?, migrate::newest())
        }
        Ours::Database => (migrate::APPLICATION_ID, 0, 0),
        Ours::Requests => {
            let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            (requests::APPLICATION_ID, version, requests::VERSION)
        }
    };
    if application != wanted {
        return Err(StoreError::Corrupt(format!("`{shown}` is no database of lockstep")).into());
    }
    if version > known {
        return Err(StoreError::Newer { found: version, known }.into());
    }
    Ok(Snapshot { connection, path: path.to_owned(), version })
}

impl Snapshot {
    /// Which file it is of.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
