//! The mark of the server's master key, and directories with the heads of their logs.

use std::sync::Arc;

use lockstep_core::credential_header::CredentialHeader;
use lockstep_core::id::{DirectoryId, DirectoryNumber, LocalId, OrganizationId};
use lockstep_core::model::{Directory, DirectoryState, Head};
use lockstep_core::recognition::Recognition;
use lockstep_core::schemas::{OwnSchemas, Sweep};
use lockstep_core::settings::Settings;
use lockstep_core::view::Changes;
use lockstep_scim::text;
use lockstep_store::{DirectoryQuery, Page, StoreError};
use rusqlite::{Connection, Row, params};

use crate::codec;
use crate::error::{Error, Result};
use crate::statement::{Paged, execute, many, one, paged};
use crate::{receipts, tokens};

const MASTER_KEY_MARK: &str = "SELECT mark FROM master_key WHERE one = 1";
const PUT_MASTER_KEY_MARK: &str = "INSERT INTO master_key (one, mark) VALUES (1, ?1)
    ON CONFLICT (one) DO UPDATE SET mark = excluded.mark";

macro_rules! directory {
    ($rest:literal) => {
        concat!(
            "SELECT number, local, organization, name, directory_type, contract, state, created_at, updated_at, ",
            "last_seq, last_id, last_at, users_active, users_inactive, groups, settings, terms_version, sweep, ",
            "recognition, credential_header, maps_roles, standard_version FROM ",
            $rest
        )
    };
}

const DIRECTORY: &str = directory!("directories WHERE number = ?1");
const DIRECTORIES: Paged = paged!(
    directory!(
        "directories WHERE state <> 'deleting' AND local > ?1 AND local < ?2
         AND (?3 IS NULL OR instr(name_key, ?3) > 0)
         AND organization NOT IN
         (SELECT id FROM organizations INDEXED BY organizations_ending WHERE ended IS NOT NULL AND cleared = 0)"
    ),
    "local",
    "LIMIT ?4"
);
const DIRECTORIES_OF: Paged = paged!(
    directory!(
        "directories WHERE state <> 'deleting' AND local > ?1 AND local < ?2
         AND (?3 IS NULL OR instr(name_key, ?3) > 0)
         AND organization IN (SELECT unhex(value) FROM json_each(?5))"
    ),
    "local",
    "LIMIT ?4"
);
const SCHEMAS: &str = "SELECT schemas FROM directory_schemas WHERE directory = ?1";
const PUT_SCHEMAS: &str = "INSERT INTO directory_schemas (directory, schemas) VALUES (?1, ?2)
    ON CONFLICT (directory) DO UPDATE SET schemas = excluded.schemas";
const NUMBERS: &str = "SELECT number FROM directories ORDER BY number";
const ADD_DIRECTORY: &str = "INSERT INTO directories
    (number, local, organization, name, name_key, directory_type, contract, state, created_at, updated_at, settings,
    terms_version, sweep, recognition, credential_header, maps_roles, standard_version) VALUES (?1, ?2, ?3, ?4, ?5, ?6,
    ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
const CHANGE_DIRECTORY: &str =
    "UPDATE directories SET local = ?2, organization = ?3, name = ?4, name_key = ?5,
    directory_type = ?6, contract = ?7, state = ?8, created_at = ?9, updated_at = ?10, settings = ?11,
    terms_version = ?12, sweep = ?13, recognition = ?14, credential_header = ?15, maps_roles = ?16,
    standard_version = ?17 WHERE number = ?1";
const MOVE_HEAD: &str = "UPDATE directories SET last_seq = ?2, last_id = ?3, last_at = ?4, users_active = ?5,
    users_inactive = ?6, groups = ?7 WHERE number = ?1";

const ADD_EVENT_OWNER: &str = "INSERT OR IGNORE INTO event_owners (organization) VALUES (?1)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    ADD_EVENT_OWNER,
    MASTER_KEY_MARK,
    PUT_MASTER_KEY_MARK,
    DIRECTORY,
    DIRECTORIES.ascending,
    DIRECTORIES.descending,
    DIRECTORIES_OF.ascending,
    DIRECTORIES_OF.descending,
    SCHEMAS,
    PUT_SCHEMAS,
    NUMBERS,
    ADD_DIRECTORY,
    CHANGE_DIRECTORY,
    MOVE_HEAD,
];

pub(crate) fn master_key_mark(connection: &Connection) -> Result<Option<[u8; 16]>> {
    one(connection, MASTER_KEY_MARK, [], |row| Ok(row.get(0)?))
}

pub(crate) fn put_master_key_mark(connection: &Connection, mark: [u8; 16]) -> Result<()> {
    execute(connection, PUT_MASTER_KEY_MARK, [mark]).map(drop)
}

/// As JSON, to be walked through by a statement.
pub(crate) fn hex_list(list: &[OrganizationId]) -> String {
    let list: Vec<String> = list.iter().map(|id| codec::wide_as_hex(id.0)).collect();
    serde_json::Value::from(list).to_string()
}

pub(crate) fn directory(
    connection: &Connection,
    number: DirectoryNumber,
) -> Result<Option<(Directory, Head)>> {
    one(connection, DIRECTORY, [codec::number(number)], read_directory)
}

pub(crate) fn directories(
    connection: &Connection,
    query: &DirectoryQuery,
    page: Page<LocalId>,
) -> Result<Vec<(Directory, Head)>> {
    let walk = page.walk();
    let (above, below) = codec::bounds(&walk);
    let search = query.search.as_deref().map(text::fold);
    let limit = codec::limit(walk.limit);
    let found = match &query.organizations {
        None => many(
            connection,
            DIRECTORIES.towards(walk.descending),
            params![above, below, search, limit],
            read_directory,
        ),
        Some(list) => many(
            connection,
            DIRECTORIES_OF.towards(walk.descending),
            params![above, below, search, limit, hex_list(list)],
            read_directory,
        ),
    }?;
    Ok(walk.arrange(found))
}

pub(crate) fn numbers(connection: &Connection) -> Result<Vec<DirectoryNumber>> {
    many(connection, NUMBERS, [], |row| codec::directory_number(row, 0))
}

fn read_directory(row: &Row<'_>) -> Result<(Directory, Head)> {
    let state: String = row.get(6)?;
    let state = [DirectoryState::Linked, DirectoryState::Unlinked, DirectoryState::Deleting]
        .into_iter()
        .find(|known| known.as_str() == state)
        .ok_or_else(|| Error::Content("a directory has an unknown state".into()))?;
    let directory = Directory {
        id: DirectoryId { directory: codec::directory_number(row, 0)?, local: codec::local_id(row, 1)? },
        organization: OrganizationId(codec::read_wide(row, 2)?),
        name: row.get(3)?,
        directory_type: row.get(4)?,
        contract: row.get(5)?,
        state,
        credential_header: CredentialHeader::parse(&row.get::<_, String>(19)?).ok_or_else(|| {
            Error::Content("no credential stands in the header that a directory names".into())
        })?,
        settings: Settings::from_text(&row.get::<_, String>(15)?),
        terms_version: codec::uint(row, 16)?,
        sweep: row.get::<_, Option<String>>(17)?.map(|text| read_sweep(&text)).transpose()?,
        recognition: read_recognition(row.get::<_, Option<String>>(18)?.as_deref())?,
        maps_roles: row.get(20)?,
        standard_version: codec::uint(row, 21)?,
        created_at: codec::timestamp(row, 7)?,
        updated_at: codec::timestamp(row, 8)?,
    };
    let head = Head {
        last_seq: codec::uint(row, 9)?,
        last_id: codec::local_id(row, 10)?.0,
        last_at: codec::timestamp(row, 11)?,
        users_active: codec::uint(row, 12)?,
        users_inactive: codec::uint(row, 13)?,
        groups: codec::uint(row, 14)?,
    };
    Ok((directory, head))
}

/// None where nothing was recognized, nor a contract chosen after the directory was made.
fn written_recognition(recognition: &Recognition) -> Result<Option<String>> {
    if *recognition == Recognition::default() {
        return Ok(None);
    }
    let text = serde_json::to_string(recognition);
    text.map(Some).map_err(|error| Error::Store(StoreError::Fault(error.to_string())))
}

fn read_recognition(text: Option<&str>) -> Result<Recognition> {
    let Some(text) = text else { return Ok(Recognition::default()) };
    serde_json::from_str(text).map_err(|why| Error::Content(format!("what was recognized: {why}")))
}

fn read_sweep(text: &str) -> Result<Arc<Sweep>> {
    let sweep = Sweep::from_text(text);
    sweep.map(Arc::new).map_err(|why| Error::Content(format!("what stored resources must follow: {why}")))
}

/// The schemas of a directory's own.
pub(crate) fn schemas(connection: &Connection, number: DirectoryNumber) -> Result<OwnSchemas> {
    let text = one(connection, SCHEMAS, [codec::number(number)], |row| Ok(row.get::<_, String>(0)?))?;
    let schemas = text.map(|text| OwnSchemas::from_text(&text)).transpose();
    schemas
        .map(Option::unwrap_or_default)
        .map_err(|why| Error::Content(format!("a directory's schemas: {why}")))
}

/// Writes what a batch changed of the directory's own row, of its head and of its tokens.
pub(crate) fn apply(connection: &Connection, number: DirectoryNumber, changes: &Changes) -> Result<()> {
    if let Some(changed) = &changes.directory {
        let directory: &Arc<Directory> = changed
            .after
            .as_ref()
            .ok_or_else(|| Error::Store(StoreError::Fault("a directory's row is never removed".into())))?;
        let sql = if changed.before.is_none() { ADD_DIRECTORY } else { CHANGE_DIRECTORY };
        if changed.before.is_none() {
            execute(connection, ADD_EVENT_OWNER, [codec::wide(directory.organization.0)])?;
        }
        execute(
            connection,
            sql,
            params![
                codec::number(number),
                codec::id(directory.id.local),
                codec::wide(directory.organization.0),
                directory.name,
                text::fold(&directory.name),
                directory.directory_type,
                directory.contract,
                directory.state.as_str(),
                directory.created_at.0,
                directory.updated_at.0,
                directory.settings.to_text(),
                codec::int(directory.terms_version)?,
                directory.sweep.as_ref().map(|sweep| sweep.to_text()),
                written_recognition(&directory.recognition)?,
                directory.credential_header.as_str(),
                directory.maps_roles,
                codec::int(directory.standard_version)?
            ],
        )?;
    }
    if let Some(schemas) = &changes.schemas {
        execute(connection, PUT_SCHEMAS, params![codec::number(number), schemas.to_text()])?;
    }
    if let Some(head) = &changes.head {
        execute(
            connection,
            MOVE_HEAD,
            params![
                codec::number(number),
                codec::int(head.last_seq)?,
                codec::id(LocalId(head.last_id)),
                head.last_at.0,
                codec::int(head.users_active)?,
                codec::int(head.users_inactive)?,
                codec::int(head.groups)?
            ],
        )?;
    }
    for token in &changes.tokens {
        tokens::add(connection, number, token)?;
    }
    for receipt in &changes.receipts {
        receipts::keep(connection, receipt)?;
    }
    Ok(())
}
