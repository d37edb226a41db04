//! Migrations: plain SQL, numbered, forward only. What was applied is recorded with a checksum of its text.

use lockstep_core::clock::Timestamp;
use lockstep_store::StoreError;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::error::{Error, Result};

/// `LKST`: by this a database file is known as ours.
pub(crate) const APPLICATION_ID: i64 = 0x4c4b_5354;

struct Migration {
    number: i64,
    name: &'static str,
    text: &'static str,
}

macro_rules! migration {
    ($number:literal, $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            text: include_str!(concat!("../migrations/", $name, ".sql")),
        }
    };
}

/// All migrations, in their order. The numbers are those of the other backends too.
const MIGRATIONS: &[Migration] = &[
    migration!(1, "0001_begin"),
    migration!(2, "0002_tokens"),
    migration!(3, "0003_settings"),
    migration!(4, "0004_blocks"),
    migration!(5, "0005_clients"),
    migration!(6, "0006_schemas"),
    migration!(7, "0007_recognition"),
    migration!(8, "0008_credential_headers"),
    migration!(9, "0009_event_lists"),
    migration!(10, "0010_projection"),
    migration!(11, "0011_master_key"),
    migration!(12, "0012_application"),
];

const RECORDS: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number     INTEGER NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    checksum   INTEGER NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT";

/// The newest version known here.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}

/// Brings a database to the newest version, each step in a transaction of its own.
pub(crate) fn migrate(connection: &mut Connection, now: Timestamp) -> Result<()> {
    migrate_to(connection, newest(), now)
}

/// Brings a database to the version `last`; only tests stop before the newest.
pub(crate) fn migrate_to(connection: &mut Connection, last: i64, now: Timestamp) -> Result<()> {
    claim(connection)?;
    let applied = applied(connection)?;
    for (number, checksum) in &applied {
        let Some(known) = MIGRATIONS.iter().find(|migration| migration.number == *number) else {
            return Err(StoreError::Newer { found: *number, known: newest() }.into());
        };
        if *checksum != digest(known.text) {
            return Err(StoreError::Corrupt(format!(
                "migration {number} was applied with another text than {} has here",
                known.name
            ))
            .into());
        }
    }
    let wanted = MIGRATIONS.iter().filter(|migration| migration.number <= last);
    for migration in wanted.filter(|migration| !applied.iter().any(|(number, _)| *number == migration.number))
    {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration.text)?;
        transaction.execute(
            "INSERT INTO migrations (number, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)",
            params![migration.number, migration.name, digest(migration.text), now.0],
        )?;
        transaction.commit()?;
    }
    Ok(())
}

/// The version of a database that is read only: the last migration that was applied to it.
pub(crate) fn version(connection: &Connection) -> Result<i64> {
    Ok(connection.query_row("SELECT coalesce(max(number), 0) FROM migrations", [], |row| row.get(0))?)
}

/// Writes without changing anything: shows whether the database can be written. To write what is there already would
/// not reach the disk.
pub(crate) fn touch(connection: &Connection) -> Result<()> {
    for sql in [
        "UPDATE migrations SET applied_at = applied_at + 1 WHERE number = 1",
        "UPDATE migrations SET applied_at = applied_at - 1 WHERE number = 1",
    ] {
        connection.prepare_cached(sql)?.execute([])?;
    }
    Ok(())
}

/// Makes an empty file ours; refuses one that is another program's.
fn claim(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if found != APPLICATION_ID {
        let tables: i64 =
            transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables > 0 || found != 0 {
            return Err(Error::Content("the file is an SQLite database of another program".into()));
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    transaction.execute_batch(RECORDS)?;
    transaction.commit()?;
    Ok(())
}

fn applied(connection: &Connection) -> Result<Vec<(i64, i64)>> {
    let mut statement = connection.prepare("SELECT number, checksum FROM migrations ORDER BY number")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect::<rusqlite::Result<_>>().map_err(Error::from)
}

/// FNV-1a: finds a text that was changed by mistake, which is all it is for. Line ends do not count.
fn digest(text: &str) -> i64 {
    let bytes = text.bytes().filter(|byte| *byte != b'\r');
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.cast_signed()
}
