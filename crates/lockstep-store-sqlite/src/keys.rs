//! API keys: known by their digests, and never by themselves.

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{ApiKeyId, OrganizationId};
use lockstep_core::model::{ApiKey, Reach};
use lockstep_store::{Entered, KeyRemoval, KeyUse, Page, StoreError};
use rusqlite::{Connection, Row, params};

use crate::codec;
use crate::directories::hex_list;
use crate::error::{Error, Result};
use crate::statement::{Paged, execute, many, one, paged};

macro_rules! key {
    ($rest:literal) => {
        concat!(
            "SELECT digest, id, reach, created_at, name, shown, read_only, expires_at, last_used_at FROM api_keys ",
            $rest
        )
    };
}

const KEY: &str = key!("WHERE digest = ?1");
const KEY_BY_ID: &str = key!("WHERE id = ?1");
const KEYS: Paged = paged!(key!("WHERE id > ?1 AND id < ?2"), "id", "LIMIT ?3");
const LIMITED: &str = key!("WHERE reach IS NOT NULL");
const TAKEN: &str = "SELECT 1 FROM api_keys WHERE digest = ?1 UNION ALL SELECT 1 FROM api_keys WHERE id = ?2
    UNION ALL SELECT 1 FROM removed_api_keys WHERE digest = ?1";
const ANY: &str = "SELECT 1 FROM api_keys LIMIT 1";
const COUNT: &str = "SELECT count(*) FROM api_keys";
const MASTERS: &str =
    "SELECT count(*) FROM api_keys WHERE reach IS NULL AND read_only = 0 AND expires_at IS NULL";
/// The oldest that has ended at ?1, ?2 counted among them.
const EXPIRED: &str = "SELECT digest FROM api_keys WHERE expires_at <= ?1 OR id = ?2 ORDER BY id LIMIT 1";
const ADD: &str = "INSERT INTO api_keys
    (digest, id, reach, created_at, name, shown, read_only, expires_at, last_used_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const REMOVE: &str = "DELETE FROM api_keys WHERE digest = ?1";
const REMEMBER: &str = "INSERT OR IGNORE INTO removed_api_keys (digest) VALUES (?1)";
const SHORTEN: &str = "UPDATE api_keys SET expires_at = min(coalesce(expires_at, ?2), ?2) WHERE id = ?1";
const REACH: &str = "UPDATE api_keys SET reach = ?2 WHERE digest = ?1";
const TOUCH: &str = "UPDATE api_keys SET last_used_at = ?2
    WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    KEY,
    KEY_BY_ID,
    KEYS.ascending,
    KEYS.descending,
    LIMITED,
    TAKEN,
    ANY,
    COUNT,
    MASTERS,
    EXPIRED,
    ADD,
    REMOVE,
    REMEMBER,
    SHORTEN,
    REACH,
    TOUCH,
];

pub(crate) fn key(connection: &Connection, digest: [u8; 32]) -> Result<Option<ApiKey>> {
    one(connection, KEY, [digest], read)
}

pub(crate) fn any(connection: &Connection) -> Result<bool> {
    Ok(one(connection, ANY, [], |_| Ok(()))?.is_some())
}

pub(crate) fn list(connection: &Connection, page: Page<ApiKeyId>) -> Result<Vec<ApiKey>> {
    let walk = page.walk();
    let (above, below) = codec::wide_bounds(walk.above.map(|id| id.0), walk.below.map(|id| id.0));
    let params = params![above, below, codec::limit(walk.limit)];
    Ok(walk.arrange(many(connection, KEYS.towards(walk.descending), params, read)?))
}

fn by_id(connection: &Connection, id: ApiKeyId) -> Result<Option<ApiKey>> {
    one(connection, KEY_BY_ID, [codec::wide(id.0)], read)
}

/// Adds a key, in place of the `old` one, where there is one, which ends at its time at the latest.
pub(crate) fn add(
    connection: &Connection,
    new: &ApiKey,
    max: usize,
    old: Option<(ApiKeyId, Timestamp)>,
) -> Result<Entered> {
    if let Some((id, _)) = old {
        let Some(found) = by_id(connection, id)? else { return Ok(Entered::Stale) };
        if found.is_master() && !new.is_master() && masters(connection)? == 1 {
            return Ok(Entered::LastKey);
        }
    }
    if one(connection, TAKEN, params![new.digest, codec::wide(new.id.0)], |_| Ok(()))?.is_some() {
        return Err(StoreError::Conflict { what: "api_key" }.into());
    }
    let now = new.created_at;
    let count = one(connection, COUNT, [], |row| codec::uint(row, 0))?.unwrap_or(0);
    if usize::try_from(count).unwrap_or(usize::MAX) >= max {
        let ends_now = old.filter(|(_, end)| *end <= now).map(|(id, _)| codec::wide(id.0));
        let expired = one(connection, EXPIRED, params![now.0, ends_now], |row| Ok(row.get(0)?))?;
        let Some(expired) = expired else { return Ok(Entered::Full) };
        forget(connection, expired)?;
    }
    if let Some((id, end)) = old {
        execute(connection, SHORTEN, params![codec::wide(id.0), end.0])?;
    }
    let reach = match &new.reach {
        Reach::Everything => None,
        Reach::Organizations(list) => Some(hex_list(list)),
    };
    execute(
        connection,
        ADD,
        params![
            new.digest,
            codec::wide(new.id.0),
            reach,
            new.created_at.0,
            new.name,
            new.shown,
            new.read_only,
            new.expires_at.map(|time| time.0),
            new.last_used_at.map(|time| time.0),
        ],
    )?;
    Ok(Entered::Done)
}

fn masters(connection: &Connection) -> Result<u64> {
    Ok(one(connection, MASTERS, [], |row| codec::uint(row, 0))?.unwrap_or(0))
}

pub(crate) fn remove(connection: &Connection, id: ApiKeyId) -> Result<KeyRemoval> {
    let Some(found) = by_id(connection, id)? else { return Ok(KeyRemoval::Missing) };
    if found.is_master() && masters(connection)? == 1 {
        return Ok(KeyRemoval::Last);
    }
    forget(connection, found.digest)?;
    Ok(KeyRemoval::Done)
}

/// A key that was removed is none again, also where its secret stands in the server's configuration.
fn forget(connection: &Connection, digest: [u8; 32]) -> Result<()> {
    execute(connection, REMOVE, [digest])?;
    execute(connection, REMEMBER, [digest])?;
    Ok(())
}

/// Takes an organization away from the keys that are limited to some.
pub(crate) fn lose(connection: &Connection, organization: OrganizationId) -> Result<()> {
    for key in many(connection, LIMITED, [], read)? {
        let Reach::Organizations(list) = key.reach else { continue };
        if list.contains(&organization) {
            let rest: Vec<OrganizationId> = list.into_iter().filter(|id| *id != organization).collect();
            execute(connection, REACH, params![key.digest, hex_list(&rest)])?;
        }
    }
    Ok(())
}

pub(crate) fn touch(connection: &Connection, uses: &[KeyUse]) -> Result<()> {
    for used in uses {
        execute(connection, TOUCH, params![codec::wide(used.key.0), used.at.0])?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> Result<ApiKey> {
    let reach = match row.get::<_, Option<String>>(2)? {
        None => Reach::Everything,
        Some(list) => Reach::Organizations(read_hex_list(&list)?),
    };
    Ok(ApiKey {
        digest: row.get(0)?,
        id: ApiKeyId(codec::read_wide(row, 1)?),
        reach,
        created_at: codec::timestamp(row, 3)?,
        name: row.get(4)?,
        shown: row.get(5)?,
        read_only: row.get(6)?,
        expires_at: codec::optional_timestamp(row, 7)?,
        last_used_at: codec::optional_timestamp(row, 8)?,
    })
}

fn read_hex_list(text: &str) -> Result<Vec<OrganizationId>> {
    let damaged = || Error::Content("an API key's reach is no list of ids".into());
    let list: Vec<String> = serde_json::from_str(text).map_err(|_| damaged())?;
    list.iter().map(|id| u128::from_str_radix(id, 16).map(OrganizationId).map_err(|_| damaged())).collect()
}
