//! What applications record: an entry and its receipt in one transaction.

use lockstep_core::receipt::Receipt;
use lockstep_store::{Entered, Entry};
use rusqlite::Connection;

use crate::error::Result;
use crate::{clients, keys, organizations, receipts, tokens};

/// What became of it, and whether a credential changed. What is not done has written nothing.
pub(crate) fn enter(
    connection: &Connection,
    entry: &Entry,
    receipt: Option<&Receipt>,
) -> Result<(Entered, bool)> {
    if let Some(receipt) = receipt
        && receipts::receipt(connection, receipt.key, Receipt::ended(receipt.at))?.is_some()
    {
        return Ok((Entered::Repeated, false));
    }
    let (entered, credentials) = record(connection, entry)?;
    if let (Entered::Done, Some(receipt)) = (entered, receipt) {
        receipts::keep(connection, receipt)?;
    }
    Ok((entered, credentials && entered == Entered::Done))
}

fn record(connection: &Connection, entry: &Entry) -> Result<(Entered, bool)> {
    Ok(match entry {
        Entry::Organization(organization) => {
            organizations::put(connection, organization)?;
            (Entered::Done, false)
        }
        Entry::Replacement { before, after } => {
            let replaced = organizations::replace(connection, before, after)?;
            (if replaced { Entered::Done } else { Entered::Stale }, false)
        }
        Entry::Token { directory, token, max } => {
            (tokens::put(connection, *directory, token, *max, None)?, true)
        }
        Entry::RotatedToken { directory, old, old_ends_at, token, max } => {
            (tokens::put(connection, *directory, token, *max, Some((*old, *old_ends_at)))?, true)
        }
        Entry::Client { directory, client, max } => {
            (clients::put(connection, *directory, client, *max)?, false)
        }
        Entry::ApiKey { key, max } => (keys::add(connection, key, *max, None)?, true),
        Entry::RotatedApiKey { old, old_ends_at, key, max } => {
            (keys::add(connection, key, *max, Some((*old, *old_ends_at)))?, true)
        }
        Entry::Nothing => (Entered::Done, false),
    })
}
