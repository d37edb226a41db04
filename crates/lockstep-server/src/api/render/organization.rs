//! An organization. Lockstep keeps no domains: the list is empty.

use std::collections::BTreeMap;

use lockstep_core::model::Organization as Kept;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::openapi::vocabulary::Metadata;

/// A customer of the application.
#[derive(Serialize, ToSchema)]
pub(crate) struct Organization<'a> {
    /// Says what this is.
    #[schema(pattern = "^organization$")]
    object: &'static str,
    /// Its id.
    id: String,
    /// What it is called.
    name: &'a str,
    /// By what the application knows it. No two organizations have the same.
    external_id: Option<&'a str>,
    /// What the application noted of it: texts by name.
    #[schema(value_type = Metadata)]
    metadata: &'a BTreeMap<String, String>,
    /// Its domains. None are kept yet, so the list is empty.
    domains: [Value; 0],
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// An organization, as it is published.
pub(crate) fn organization(organization: &Kept) -> Organization<'_> {
    Organization {
        object: "organization",
        id: organization.id.to_string(),
        name: &organization.name,
        external_id: organization.external_id.as_deref(),
        metadata: &organization.metadata,
        domains: [],
        created_at: organization.created_at.to_string(),
        updated_at: organization.updated_at.to_string(),
    }
}
