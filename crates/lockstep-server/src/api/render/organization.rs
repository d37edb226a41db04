//! An organization. Lockstep keeps no domains: the list is empty.

use lockstep_core::model::Organization;
use serde_json::{Value, json};

/// An organization, as it is published.
pub(crate) fn organization(organization: &Organization) -> Value {
    json!({
        "object": "organization",
        "id": organization.id.to_string(),
        "name": organization.name,
        "external_id": organization.external_id,
        "metadata": organization.metadata,
        "domains": [],
        "created_at": organization.created_at.to_string(),
        "updated_at": organization.updated_at.to_string(),
    })
}
