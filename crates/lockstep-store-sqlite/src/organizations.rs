//! Organizations and their domains.

use std::collections::BTreeMap;

use lockstep_core::id::{DomainId, OrganizationId, RequestId};
use lockstep_core::model::{DomainState, Organization, OrganizationDomain};
use lockstep_store::{Page, StoreError};
use rusqlite::{Connection, Row, params};

use crate::codec;
use crate::error::{Error, Result};
use crate::keys;
use crate::mappings;
use crate::statement::{Paged, execute, many, one, paged};

macro_rules! organization {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, external_id, metadata, created_at, updated_at, allow_profiles_outside, ",
            "stripe_customer_id FROM organizations ",
            $rest
        )
    };
}

const ORGANIZATION: &str = organization!("WHERE id = ?1 AND ended IS NULL");
const ORGANIZATION_BY_EXTERNAL_ID: &str = organization!("WHERE external_id = ?1 AND ended IS NULL");
const ORGANIZATIONS: Paged =
    paged!(organization!("WHERE id > ?1 AND id < ?2 AND ended IS NULL"), "id", "LIMIT ?3");
const PUT: &str = "INSERT INTO organizations
    (id, name, external_id, metadata, created_at, updated_at, allow_profiles_outside, stripe_customer_id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, external_id = excluded.external_id,
    metadata = excluded.metadata, created_at = excluded.created_at, updated_at = excluded.updated_at,
    allow_profiles_outside = excluded.allow_profiles_outside, stripe_customer_id = excluded.stripe_customer_id";
const ENDED: &str = "SELECT 1 FROM organizations WHERE id = ?1 AND ended IS NOT NULL";
/// What remains keeps the id taken, and says nothing of the customer.
const END: &str = "UPDATE organizations SET ended = ?2, name = '', external_id = NULL, metadata = '{}',
    stripe_customer_id = NULL WHERE id = ?1 AND ended IS NULL";
const CLEARED: &str = "UPDATE organizations SET cleared = 1 WHERE id = ?1 AND ended IS NOT NULL";
const HAS_DIRECTORIES: &str =
    "SELECT 1 FROM directories WHERE organization = ?1 AND state <> 'deleting' LIMIT 1";

const DOMAINS: &str = "SELECT id, name, state, created_at, updated_at FROM organization_domains
    WHERE organization = ?1 ORDER BY id";
const OWNER_OF_DOMAIN: &str = "SELECT organization FROM organization_domains WHERE id = ?1";
const OWNER_OF_NAME: &str = "SELECT organization FROM organization_domains WHERE name = ?1";
const ADD_DOMAIN: &str = "INSERT INTO organization_domains
    (id, organization, name, state, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const REMOVE_DOMAINS: &str = "DELETE FROM organization_domains WHERE organization = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    ORGANIZATION,
    ORGANIZATION_BY_EXTERNAL_ID,
    ORGANIZATIONS.ascending,
    ORGANIZATIONS.descending,
    PUT,
    ENDED,
    END,
    CLEARED,
    HAS_DIRECTORIES,
    DOMAINS,
    OWNER_OF_DOMAIN,
    OWNER_OF_NAME,
    ADD_DOMAIN,
    REMOVE_DOMAINS,
];

pub(crate) fn put(connection: &Connection, organization: &Organization) -> Result<()> {
    if has_ended(connection, organization.id)? {
        return Err(StoreError::NotFound { what: "organization" }.into());
    }
    if let Some(external_id) = organization.external_id.as_deref()
        && by_external_id(connection, external_id)?.is_some_and(|other| other.id != organization.id)
    {
        return Err(StoreError::Conflict { what: "external_id" }.into());
    }
    let metadata = serde_json::to_string(&organization.metadata)
        .map_err(|error| Error::Store(StoreError::Fault(error.to_string())))?;
    execute(
        connection,
        PUT,
        params![
            codec::wide(organization.id.0),
            organization.name,
            organization.external_id,
            metadata,
            organization.created_at.0,
            organization.updated_at.0,
            organization.allow_profiles_outside_organization,
            organization.stripe_customer_id,
        ],
    )?;
    put_domains(connection, organization)
}

/// The domains as the organization has them now.
fn put_domains(connection: &Connection, organization: &Organization) -> Result<()> {
    let owner = codec::wide(organization.id.0);
    if domains(connection, organization.id)? == organization.domains {
        return Ok(());
    }
    execute(connection, REMOVE_DOMAINS, [owner])?;
    for domain in &organization.domains {
        let id = codec::wide(domain.id.0);
        let read = |_: &Row<'_>| Ok(());
        if one(connection, OWNER_OF_NAME, [&domain.name], read)?.is_some()
            || one(connection, OWNER_OF_DOMAIN, [id], read)?.is_some()
        {
            return Err(StoreError::Conflict { what: "domain" }.into());
        }
        execute(
            connection,
            ADD_DOMAIN,
            params![id, owner, domain.name, domain.state.as_str(), domain.created_at.0, domain.updated_at.0],
        )?;
    }
    Ok(())
}

/// Whether it was still as `before` says, and is now as `after` says.
pub(crate) fn replace(connection: &Connection, before: &Organization, after: &Organization) -> Result<bool> {
    if before.id != after.id || organization(connection, before.id)?.as_ref() != Some(before) {
        return Ok(false);
    }
    put(connection, after).map(|()| true)
}

pub(crate) fn end(connection: &Connection, id: OrganizationId, request: RequestId) -> Result<bool> {
    if execute(connection, END, params![codec::wide(id.0), codec::wide(request.0)])? == 0 {
        return Ok(false);
    }
    execute(connection, REMOVE_DOMAINS, [codec::wide(id.0)])?;
    mappings::forget_organization(connection, id)?;
    keys::lose(connection, id)?;
    Ok(true)
}

/// Whether it is deleted and has no directories any more.
pub(crate) fn clear(connection: &Connection, id: OrganizationId) -> Result<bool> {
    let key = codec::wide(id.0);
    if one(connection, HAS_DIRECTORIES, [key], |_| Ok(()))?.is_some() {
        return Ok(false);
    }
    execute(connection, CLEARED, [key])?;
    Ok(true)
}

/// Whether there was one that was deleted.
pub(crate) fn has_ended(connection: &Connection, id: OrganizationId) -> Result<bool> {
    Ok(one(connection, ENDED, [codec::wide(id.0)], |_| Ok(()))?.is_some())
}

pub(crate) fn organization(connection: &Connection, id: OrganizationId) -> Result<Option<Organization>> {
    let found = one(connection, ORGANIZATION, [codec::wide(id.0)], read)?;
    found.map(|found| with_domains(connection, found)).transpose()
}

pub(crate) fn by_external_id(connection: &Connection, id: &str) -> Result<Option<Organization>> {
    let found = one(connection, ORGANIZATION_BY_EXTERNAL_ID, [id], read)?;
    found.map(|found| with_domains(connection, found)).transpose()
}

pub(crate) fn by_domain(connection: &Connection, id: DomainId) -> Result<Option<Organization>> {
    let owner = one(connection, OWNER_OF_DOMAIN, [codec::wide(id.0)], |row| codec::read_wide(row, 0))?;
    match owner {
        None => Ok(None),
        Some(owner) => organization(connection, OrganizationId(owner)),
    }
}

/// Those that have one of these domains, each once, by id.
pub(crate) fn by_domains(connection: &Connection, names: &[String]) -> Result<Vec<Organization>> {
    let mut found = BTreeMap::new();
    for name in names {
        let owner = one(connection, OWNER_OF_NAME, [name], |row| codec::read_wide(row, 0))?;
        let owner = owner.map(|id| organization(connection, OrganizationId(id))).transpose()?.flatten();
        found.extend(owner.map(|owner| (owner.id, owner)));
    }
    Ok(found.into_values().collect())
}

pub(crate) fn list(connection: &Connection, page: Page<OrganizationId>) -> Result<Vec<Organization>> {
    let walk = page.walk();
    let (above, below) = codec::wide_bounds(walk.above.map(|id| id.0), walk.below.map(|id| id.0));
    let found = many(
        connection,
        ORGANIZATIONS.towards(walk.descending),
        params![above, below, codec::limit(walk.limit)],
        read,
    )?;
    let found = found.into_iter().map(|found| with_domains(connection, found));
    Ok(walk.arrange(found.collect::<Result<_>>()?))
}

fn with_domains(connection: &Connection, found: Organization) -> Result<Organization> {
    Ok(Organization { domains: domains(connection, found.id)?, ..found })
}

fn domains(connection: &Connection, owner: OrganizationId) -> Result<Vec<OrganizationDomain>> {
    many(connection, DOMAINS, [codec::wide(owner.0)], |row| {
        let state = DomainState::parse(&row.get::<_, String>(2)?);
        Ok(OrganizationDomain {
            id: DomainId(codec::read_wide(row, 0)?),
            name: row.get(1)?,
            state: state.ok_or_else(|| Error::Content("a domain has an unknown state".into()))?,
            created_at: codec::timestamp(row, 3)?,
            updated_at: codec::timestamp(row, 4)?,
        })
    })
}

fn read(row: &Row<'_>) -> Result<Organization> {
    let metadata: String = row.get(3)?;
    let metadata: BTreeMap<String, String> = serde_json::from_str(&metadata)
        .map_err(|_| Error::Content("an organization's metadata is no JSON object of texts".into()))?;
    Ok(Organization {
        id: OrganizationId(codec::read_wide(row, 0)?),
        name: row.get(1)?,
        external_id: row.get(2)?,
        metadata,
        domains: Vec::new(),
        allow_profiles_outside_organization: row.get(6)?,
        stripe_customer_id: row.get(7)?,
        created_at: codec::timestamp(row, 4)?,
        updated_at: codec::timestamp(row, 5)?,
    })
}
