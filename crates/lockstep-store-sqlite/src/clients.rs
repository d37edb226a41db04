//! OAuth clients, and what is issued to them.

use lockstep_core::client::OAuthClient;
use lockstep_core::id::{ClientId, DirectoryNumber};
use lockstep_core::model::DirectoryState;
use lockstep_store::{Entered, Issue, Issued, Page, StoreError};
use rusqlite::{Connection, Row, params};

use crate::codec;
use crate::directories;
use crate::error::{Error, Result};
use crate::statement::{Paged, execute, many, one, paged};
use crate::tokens::{self, is_full};

macro_rules! client {
    ($rest:literal) => {
        concat!("SELECT directory, id, name, proof, scopes, created_at FROM oauth_clients ", $rest)
    };
}

const CLIENT: &str = client!("WHERE id = ?1");
const CLIENTS: Paged = paged!(client!("WHERE directory = ?1 AND id > ?2 AND id < ?3"), "id", "LIMIT ?4");
/// Whether the directory has one behind ?2 others.
const CLIENTS_FULL: &str = "SELECT 1 FROM oauth_clients WHERE directory = ?1 LIMIT 1 OFFSET ?2";
const ADD: &str = "INSERT INTO oauth_clients (id, directory, name, proof, scopes, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const REMOVE: &str = "DELETE FROM oauth_clients WHERE id = ?1 AND directory = ?2";
const FORGET: &str = "DELETE FROM oauth_assertions WHERE directory = ?1 AND client = ?2";
const FORGET_EXPIRED: &str =
    "DELETE FROM oauth_assertions WHERE directory = ?1 AND client = ?2 AND expires_at <= ?3";
const ASSERTION: &str = "SELECT 1 FROM oauth_assertions WHERE directory = ?1 AND client = ?2 AND digest = ?3";
/// Whether as many are remembered as may be.
const ASSERTIONS_FULL: &str =
    "SELECT 1 FROM oauth_assertions WHERE directory = ?1 AND client = ?2 LIMIT 1 OFFSET ?3";
const REMEMBER: &str =
    "INSERT INTO oauth_assertions (directory, client, digest, expires_at) VALUES (?1, ?2, ?3, ?4)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    CLIENT,
    CLIENTS.ascending,
    CLIENTS.descending,
    CLIENTS_FULL,
    ADD,
    REMOVE,
    FORGET,
    FORGET_EXPIRED,
    ASSERTION,
    ASSERTIONS_FULL,
    REMEMBER,
];

pub(crate) fn client(
    connection: &Connection,
    id: ClientId,
) -> Result<Option<(DirectoryNumber, OAuthClient)>> {
    one(connection, CLIENT, [codec::wide(id.0)], |row| Ok((codec::directory_number(row, 0)?, read(row)?)))
}

pub(crate) fn list(
    connection: &Connection,
    directory: DirectoryNumber,
    page: Page<ClientId>,
) -> Result<Vec<OAuthClient>> {
    let walk = page.walk();
    let (above, below) = codec::wide_bounds(walk.above.map(|id| id.0), walk.below.map(|id| id.0));
    let found = many(
        connection,
        CLIENTS.towards(walk.descending),
        params![codec::number(directory), above, below, codec::limit(walk.limit)],
        read,
    )?;
    Ok(walk.arrange(found))
}

fn read(row: &Row<'_>) -> Result<OAuthClient> {
    let (proof, scopes): (String, String) = (row.get(3)?, row.get(4)?);
    let proof = serde_json::from_str(&proof)
        .map_err(|_| Error::Content("how an OAuth client proves itself is not known".into()))?;
    Ok(OAuthClient {
        id: ClientId(codec::read_wide(row, 1)?),
        name: row.get(2)?,
        proof,
        scopes: tokens::read_scopes(&scopes)?,
        created_at: codec::timestamp(row, 5)?,
    })
}

pub(crate) fn put(
    connection: &Connection,
    number: DirectoryNumber,
    new: &OAuthClient,
    max: usize,
) -> Result<Entered> {
    if !takes_more(connection, number)? {
        return Err(StoreError::NotFound { what: "directory" }.into());
    }
    if client(connection, new.id)?.is_some() {
        return Err(StoreError::Conflict { what: "client" }.into());
    }
    if is_full(connection, CLIENTS_FULL, codec::number(number), max)? {
        return Ok(Entered::Full);
    }
    let proof = serde_json::to_string(&new.proof)
        .map_err(|error| Error::Store(StoreError::Fault(error.to_string())))?;
    execute(
        connection,
        ADD,
        params![
            codec::wide(new.id.0),
            codec::number(number),
            new.name,
            proof,
            tokens::scopes_text(new.scopes),
            new.created_at.0
        ],
    )?;
    Ok(Entered::Done)
}

/// Whether the directory is there and not deleted.
fn takes_more(connection: &Connection, number: DirectoryNumber) -> Result<bool> {
    let found = directories::directory(connection, number)?;
    Ok(found.is_some_and(|(directory, _)| directory.state != DirectoryState::Deleting))
}

pub(crate) fn remove(connection: &Connection, number: DirectoryNumber, id: ClientId) -> Result<bool> {
    let key = params![codec::number(number), codec::wide(id.0)];
    if execute(connection, REMOVE, params![codec::wide(id.0), codec::number(number)])? == 0 {
        return Ok(false);
    }
    execute(connection, FORGET, key)?;
    tokens::revoke_of(connection, number, id)?;
    Ok(true)
}

/// What became of it, and whether another token of the client was revoked.
pub(crate) fn issue(
    connection: &Connection,
    number: DirectoryNumber,
    issue: &Issue,
) -> Result<(Issued, bool)> {
    let Some(id) = issue.token.client else { return Ok((Issued::NoClient, false)) };
    let is_there = client(connection, id)?.is_some_and(|(owner, _)| owner == number);
    if !is_there || !takes_more(connection, number)? {
        return Ok((Issued::NoClient, false));
    }
    let (directory, owner) = (codec::number(number), codec::wide(id.0));
    execute(connection, FORGET_EXPIRED, params![directory, owner, issue.token.created_at.0])?;
    if let Some(used) = &issue.assertion {
        if one(connection, ASSERTION, params![directory, owner, used.digest], |_| Ok(()))?.is_some() {
            return Ok((Issued::UsedBefore, false));
        }
        // The one that would be too many stands behind so many others.
        let full = match issue.assertions_max.checked_sub(1) {
            None => true,
            Some(before) => {
                let last = params![directory, owner, codec::limit(before)];
                one(connection, ASSERTIONS_FULL, last, |_| Ok(()))?.is_some()
            }
        };
        if full {
            return Ok((Issued::TooManyAssertions, false));
        }
    }
    tokens::put(connection, number, &issue.token, usize::MAX, None)?;
    if let Some(used) = &issue.assertion {
        execute(connection, REMEMBER, params![directory, owner, used.digest, used.expires_at.0])?;
    }
    let revoked = tokens::revoke_oldest_of(connection, number, id, issue.tokens_max)?;
    Ok((Issued::Done, revoked > 0))
}
