//! What is mapped: for a directory, and by an organization for all its directories.

use lockstep_core::id::{DirectoryNumber, OrganizationId, RequestId};
use lockstep_core::mapping::{AttributeMapping, DirectoryMapping};
use lockstep_core::view::Changes;
use lockstep_store::{OrganizationMapping, StoreError};
use rusqlite::{Connection, Row, params};

use crate::codec;
use crate::error::{Error, Result};
use crate::organizations;
use crate::statement::{execute, many, one};

const MAPPING: &str = "SELECT mapping FROM directory_mappings WHERE directory = ?1";
const PUT_MAPPING: &str = "INSERT INTO directory_mappings (directory, mapping) VALUES (?1, ?2)
    ON CONFLICT (directory) DO UPDATE SET mapping = excluded.mapping";
const OF_ORGANIZATION: &str =
    "SELECT mapping, request, version, spread FROM organization_mappings WHERE organization = ?1";
const PUT_OF_ORGANIZATION: &str = "INSERT INTO organization_mappings
    (organization, mapping, request, version, spread) VALUES (?1, ?2, ?3, 1, 0)
    ON CONFLICT (organization) DO UPDATE SET mapping = excluded.mapping, request = excluded.request,
    version = version + 1";
const AGAIN: &str = "UPDATE organization_mappings SET version = version + 1 WHERE organization = ?1";
const FORGET: &str = "DELETE FROM organization_mappings WHERE organization = ?1";
const SPREAD: &str =
    "UPDATE organization_mappings SET spread = ?2 WHERE organization = ?1 AND spread < ?2 AND ?2 <= version";
const TO_SPREAD: &str = "SELECT organization FROM organization_mappings
    INDEXED BY organization_mappings_to_spread WHERE spread < version ORDER BY organization LIMIT ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[MAPPING, PUT_MAPPING, OF_ORGANIZATION, PUT_OF_ORGANIZATION, AGAIN, FORGET, SPREAD, TO_SPREAD];

/// What is mapped for a directory.
pub(crate) fn of_directory(connection: &Connection, number: DirectoryNumber) -> Result<DirectoryMapping> {
    let text = one(connection, MAPPING, [codec::number(number)], |row| Ok(row.get::<_, String>(0)?))?;
    let mapping = text.map(|text| DirectoryMapping::from_text(&text)).transpose();
    mapping
        .map(Option::unwrap_or_default)
        .map_err(|why| Error::Content(format!("a directory's mapping: {why}")))
}

/// Writes what a batch changed of it. A directory that comes without what its organization maps now lets that be handed
/// to all of them again: it was read before it changed.
pub(crate) fn apply(connection: &Connection, number: DirectoryNumber, changes: &Changes) -> Result<()> {
    if let Some(mapping) = &changes.mapping {
        execute(connection, PUT_MAPPING, params![codec::number(number), mapping.to_text()])?;
    }
    let came = changes.directory.as_ref().filter(|changed| changed.before.is_none());
    if let Some(directory) = came.and_then(|changed| changed.after.as_ref()) {
        let nothing = AttributeMapping::new();
        let has = changes.mapping.as_ref().map_or(&nothing, |mapping| &mapping.organization);
        if of_organization(connection, directory.organization)?.attributes != *has {
            execute(connection, AGAIN, [codec::wide(directory.organization.0)])?;
        }
    }
    Ok(())
}

/// What an organization maps.
pub(crate) fn of_organization(connection: &Connection, id: OrganizationId) -> Result<OrganizationMapping> {
    let found = one(connection, OF_ORGANIZATION, [codec::wide(id.0)], read)?;
    Ok(found.unwrap_or_default())
}

/// Lets an organization map this, by this request, where it is something else.
pub(crate) fn put_of_organization(
    connection: &Connection,
    id: OrganizationId,
    attributes: &AttributeMapping,
    request: RequestId,
) -> Result<OrganizationMapping> {
    if organizations::organization(connection, id)?.is_none() {
        return Err(StoreError::NotFound { what: "organization" }.into());
    }
    let known = of_organization(connection, id)?;
    if known.attributes == *attributes {
        return Ok(known);
    }
    let text = serde_json::to_string(attributes)
        .map_err(|error| Error::Store(StoreError::Fault(error.to_string())))?;
    execute(connection, PUT_OF_ORGANIZATION, params![codec::wide(id.0), text, codec::wide(request.0)])?;
    of_organization(connection, id)
}

/// Forgets what an organization mapped that is deleted.
pub(crate) fn forget_organization(connection: &Connection, id: OrganizationId) -> Result<()> {
    execute(connection, FORGET, [codec::wide(id.0)]).map(drop)
}

/// Notes that all directories of the organization have what it mapped by this version.
pub(crate) fn spread(connection: &Connection, id: OrganizationId, version: u64) -> Result<()> {
    execute(connection, SPREAD, params![codec::wide(id.0), codec::int(version)?])?;
    Ok(())
}

/// Organizations with directories that may not have what it maps.
pub(crate) fn to_spread(connection: &Connection, limit: usize) -> Result<Vec<OrganizationId>> {
    many(connection, TO_SPREAD, [codec::limit(limit)], |row| codec::read_wide(row, 0).map(OrganizationId))
}

fn read(row: &Row<'_>) -> Result<OrganizationMapping> {
    let text: String = row.get(0)?;
    Ok(OrganizationMapping {
        attributes: serde_json::from_str(&text)
            .map_err(|why| Error::Content(format!("an organization's mapping: {why}")))?,
        request: Some(RequestId(codec::read_wide(row, 1)?)),
        version: codec::uint(row, 2)?,
        spread: codec::uint(row, 3)?,
    })
}
