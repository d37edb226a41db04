//! Bearer tokens: known by their digests, and never by themselves.

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{ClientId, DirectoryNumber, TokenId};
use lockstep_core::model::{DirectoryState, Token};
use lockstep_core::scope::{Scope, Scopes};
use lockstep_store::{Entered, Page, StoreError, TokenUse};
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
const TOKEN_BY_ID: &str = "SELECT 1 FROM tokens WHERE directory = ?1 AND id = ?2 AND client IS NULL";
/// Whether the directory has one behind ?2 others, those of clients not counted.
const TOKENS_FULL: &str = "SELECT 1 FROM tokens WHERE directory = ?1 AND client IS NULL LIMIT 1 OFFSET ?2";
/// The oldest that has ended at ?2, ?3 counted among them.
const EXPIRED: &str = "SELECT id FROM tokens INDEXED BY tokens_client
    WHERE directory = ?1 AND client IS NULL AND (expires_at <= ?2 OR id = ?3) ORDER BY id LIMIT 1";
const SHORTEN: &str = "UPDATE tokens SET expires_at = min(coalesce(expires_at, ?3), ?3)
    WHERE directory = ?1 AND id = ?2";
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
    TOKEN_BY_ID,
    TOKENS_FULL,
    EXPIRED,
    SHORTEN,
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

/// Adds a token, in place of the `old` one, where there is one, which ends at its time at the latest.
pub(crate) fn put(
    connection: &Connection,
    number: DirectoryNumber,
    new: &Token,
    max: usize,
    old: Option<(TokenId, Timestamp)>,
) -> Result<Entered> {
    match directories::directory(connection, number)? {
        Some((directory, _)) if directory.state != DirectoryState::Deleting => {}
        _ => return Err(StoreError::NotFound { what: "directory" }.into()),
    }
    if token(connection, new.digest)?.is_some() {
        return Err(StoreError::Conflict { what: "token" }.into());
    }
    let directory = codec::number(number);
    if let Some((id, _)) = old
        && one(connection, TOKEN_BY_ID, params![directory, codec::wide(id.0)], |_| Ok(()))?.is_none()
    {
        return Ok(Entered::Stale);
    }
    if new.client.is_none() && is_full(connection, TOKENS_FULL, directory, max)? {
        let now = new.created_at;
        let ends_now = old.filter(|(_, end)| *end <= now).map(|(id, _)| codec::wide(id.0));
        let expired = one(connection, EXPIRED, params![directory, now.0, ends_now], |row| {
            Ok(row.get::<_, [u8; 16]>(0)?)
        })?;
        let Some(expired) = expired else { return Ok(Entered::Full) };
        execute(connection, REVOKE, params![directory, expired])?;
    }
    if let Some((id, end)) = old {
        execute(connection, SHORTEN, params![directory, codec::wide(id.0), end.0])?;
    }
    add(connection, number, new)?;
    Ok(Entered::Done)
}

/// Whether a directory has `max` of what `sql` counts.
pub(crate) fn is_full(connection: &Connection, sql: &str, directory: i64, max: usize) -> Result<bool> {
    if max == usize::MAX {
        return Ok(false);
    }
    let Some(before) = max.checked_sub(1) else { return Ok(true) };
    Ok(one(connection, sql, params![directory, codec::limit(before)], |_| Ok(()))?.is_some())
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
