//! Bearer tokens: known by their digests, and never by themselves.

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{ClientId, DirectoryNumber, TokenId};
use lockstep_core::model::{DirectoryState, Token};
use lockstep_core::scope::{Scope, Scopes};
use lockstep_store::{Page, StoreError, TokenUse};
use rusqlite::{Connection, Row, params};

use crate::codec;
use crate::directories;
use crate::error::{Error, Result};
use crate::statement::{Paged, execute, many, one, paged};

macro_rules! token {
    ($rest:literal) => {
        concat!(
            "SELECT directory, id, digest, name, scopes, created_at, expires_at, last_used_at, client FROM tokens ",
            $rest
        )
    };
}

const TOKEN: &str = token!("WHERE digest = ?1");
const TOKENS: Paged =
    paged!(token!("WHERE directory = ?1 AND client IS ?2 AND id > ?3 AND id < ?4"), "id", "LIMIT ?5");
const ADD: &str = "INSERT INTO tokens
    (digest, directory, id, name, scopes, created_at, expires_at, last_used_at, client)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const REVOKE: &str = "DELETE FROM tokens WHERE directory = ?1 AND id = ?2";
const REVOKE_OF: &str = "DELETE FROM tokens WHERE directory = ?1 AND client = ?2";
/// All but the ?3 newest.
const REVOKE_OLDEST_OF: &str = "DELETE FROM tokens WHERE digest IN
    (SELECT digest FROM tokens INDEXED BY tokens_client
     WHERE directory = ?1 AND client = ?2 ORDER BY id DESC LIMIT -1 OFFSET ?3)";
const TOUCH: &str = "UPDATE tokens SET last_used_at = ?3
    WHERE directory = ?1 AND id = ?2 AND (last_used_at IS NULL OR last_used_at < ?3)";
const REMOVE_EXPIRED: &str = "DELETE FROM tokens WHERE digest IN
    (SELECT digest FROM tokens INDEXED BY tokens_expiring
     WHERE client IS NOT NULL AND expires_at <= ?1 LIMIT ?2)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    TOKEN,
    TOKENS.ascending,
    TOKENS.descending,
    ADD,
    REVOKE,
    REVOKE_OF,
    REVOKE_OLDEST_OF,
    TOUCH,
    REMOVE_EXPIRED,
];

pub(crate) fn token(connection: &Connection, digest: [u8; 32]) -> Result<Option<(DirectoryNumber, Token)>> {
    one(connection, TOKEN, [digest], |row| Ok((codec::directory_number(row, 0)?, read(row)?)))
}

pub(crate) fn list(
    connection: &Connection,
    directory: DirectoryNumber,
    client: Option<ClientId>,
    page: Page<TokenId>,
) -> Result<Vec<Token>> {
    let walk = page.walk();
    let (above, below) = codec::wide_bounds(walk.above.map(|id| id.0), walk.below.map(|id| id.0));
    let client = client.map(|client| codec::wide(client.0));
    let found = many(
        connection,
        TOKENS.towards(walk.descending),
        params![codec::number(directory), client, above, below, codec::limit(walk.limit)],
        read,
    )?;
    Ok(walk.arrange(found))
}

fn read(row: &Row<'_>) -> Result<Token> {
    let scopes: String = row.get(4)?;
    let client: Option<[u8; 16]> = row.get(8)?;
    Ok(Token {
        id: TokenId(codec::read_wide(row, 1)?),
        digest: row.get(2)?,
        name: row.get(3)?,
        scopes: read_scopes(&scopes)?,
        created_at: codec::timestamp(row, 5)?,
        expires_at: codec::optional_timestamp(row, 6)?,
        last_used_at: codec::optional_timestamp(row, 7)?,
        client: client.map(|bytes| ClientId(u128::from_be_bytes(bytes))),
    })
}

/// A scope that this version does not know is damage: to leave it out would let the token do more.
pub(crate) fn read_scopes(text: &str) -> Result<Scopes> {
    let damaged = || Error::Content("a token's scopes are no list of known names".into());
    let names: Vec<String> = serde_json::from_str(text).map_err(|_| damaged())?;
    names.iter().map(|name| name.parse::<Scope>().map_err(|_| damaged())).collect()
}

/// Scopes as they are kept.
pub(crate) fn scopes_text(scopes: Scopes) -> String {
    serde_json::Value::from(scopes.iter().map(Scope::as_str).collect::<Vec<_>>()).to_string()
}

pub(crate) fn add(connection: &Connection, number: DirectoryNumber, token: &Token) -> Result<()> {
    execute(
        connection,
        ADD,
        params![
            token.digest,
            codec::number(number),
            codec::wide(token.id.0),
            token.name,
            scopes_text(token.scopes),
            token.created_at.0,
            token.expires_at.map(|time| time.0),
            token.last_used_at.map(|time| time.0),
            token.client.map(|client| codec::wide(client.0))
        ],
    )?;
    Ok(())
}

pub(crate) fn put(connection: &Connection, number: DirectoryNumber, new: &Token) -> Result<()> {
    match directories::directory(connection, number)? {
        Some((directory, _)) if directory.state != DirectoryState::Deleting => {}
        _ => return Err(StoreError::NotFound { what: "directory" }.into()),
    }
    if token(connection, new.digest)?.is_some() {
        return Err(StoreError::Conflict { what: "token" }.into());
    }
    add(connection, number, new)
}

pub(crate) fn revoke(connection: &Connection, number: DirectoryNumber, token: TokenId) -> Result<bool> {
    let removed = execute(connection, REVOKE, params![codec::number(number), codec::wide(token.0)])?;
    Ok(removed > 0)
}

pub(crate) fn revoke_of(connection: &Connection, number: DirectoryNumber, client: ClientId) -> Result<usize> {
    execute(connection, REVOKE_OF, params![codec::number(number), codec::wide(client.0)])
}

/// Leaves the newest `max`; how many were removed.
pub(crate) fn revoke_oldest_of(
    connection: &Connection,
    number: DirectoryNumber,
    client: ClientId,
    max: usize,
) -> Result<usize> {
    let params = params![codec::number(number), codec::wide(client.0), codec::limit(max)];
    execute(connection, REVOKE_OLDEST_OF, params)
}

pub(crate) fn touch(connection: &Connection, uses: &[TokenUse]) -> Result<()> {
    for used in uses {
        execute(
            connection,
            TOUCH,
            params![codec::number(used.directory), codec::wide(used.token.0), used.at.0],
        )?;
    }
    Ok(())
}

/// Removes up to `limit`; how many it were.
pub(crate) fn remove_expired(connection: &Connection, now: Timestamp, limit: usize) -> Result<usize> {
    execute(connection, REMOVE_EXPIRED, params![now.0, codec::limit(limit)])
}
