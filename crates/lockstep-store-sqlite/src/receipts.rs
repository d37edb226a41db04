//! Receipts of requests that may come again.

use lockstep_core::clock::Timestamp;
use lockstep_core::id::ApiKeyId;
use lockstep_core::receipt::{RECEIPTS_LIMIT, Receipt, ReceiptKey};
use rusqlite::{Connection, params};

use crate::codec;
use crate::error::Result;
use crate::statement::{execute, one};

const RECEIPT: &str = "SELECT caller, digest, fingerprint, answer, at FROM receipts
    WHERE caller = ?1 AND digest = ?2 AND at > ?3";
const FORGET: &str = "DELETE FROM receipts WHERE caller = ?1 AND digest = ?2";
const KEEP: &str =
    "INSERT INTO receipts (caller, digest, fingerprint, answer, at) VALUES (?1, ?2, ?3, ?4, ?5)";
const SHORTEN: &str = "DELETE FROM receipts WHERE position <= last_insert_rowid() - ?1";
const REMOVE: &str = "DELETE FROM receipts WHERE position IN
    (SELECT position FROM receipts INDEXED BY receipts_at WHERE at <= ?1 LIMIT ?2)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[RECEIPT, FORGET, KEEP, SHORTEN, REMOVE];

pub(crate) fn receipt(connection: &Connection, key: ReceiptKey, since: Timestamp) -> Result<Option<Receipt>> {
    let params = params![codec::wide(key.caller.0), key.digest, since.0];
    one(connection, RECEIPT, params, |row| {
        let key = ReceiptKey { caller: ApiKeyId(codec::read_wide(row, 0)?), digest: row.get(1)? };
        Ok(Receipt { key, fingerprint: row.get(2)?, answer: row.get(3)?, at: codec::timestamp(row, 4)? })
    })
}

/// Keeps a receipt in place of an older one of the same name; the oldest go where there are too many.
pub(crate) fn keep(connection: &Connection, receipt: &Receipt) -> Result<()> {
    let (caller, digest) = (codec::wide(receipt.key.caller.0), receipt.key.digest);
    execute(connection, FORGET, params![caller, digest])?;
    let params = params![caller, digest, receipt.fingerprint, receipt.answer, receipt.at.0];
    execute(connection, KEEP, params)?;
    execute(connection, SHORTEN, [codec::int(RECEIPTS_LIMIT)?])?;
    Ok(())
}

/// Removes up to `limit`; how many it were.
pub(crate) fn remove(connection: &Connection, until: Timestamp, limit: usize) -> Result<usize> {
    execute(connection, REMOVE, params![until.0, codec::limit(limit)])
}
