//! An organization and its domains.

use std::collections::BTreeMap;

use lockstep_core::id::OrganizationId;
use lockstep_core::model::{Organization as Kept, OrganizationDomain as KeptDomain};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::vocabulary::Metadata;

/// A customer of the application.
#[expect(clippy::struct_field_names, reason = "the field is published under this name")]
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
    /// Its domains, the oldest first.
    domains: Vec<OrganizationDomain<'a>>,
    /// Whether the application lets people of other domains in. It is kept for the application alone.
    allow_profiles_outside_organization: bool,
    /// Under which id a payment service knows it, where the application said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    stripe_customer_id: Option<&'a str>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// A domain of an organization.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrganizationDomain<'a> {
    /// Says what this is.
    #[schema(pattern = "^organization_domain$")]
    object: &'static str,
    /// Its id.
    id: String,
    /// Whose it is.
    organization_id: String,
    /// The domain, in lower case and as DNS has it. No two organizations have the same.
    domain: &'a str,
    /// `verified`: the application has said that it is the organization's. `pending`: nobody has.
    state: &'static str,
    /// How it is verified. Always `manual`: the application says so, no DNS is asked.
    verification_strategy: &'static str,
    /// When it was added.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// An organization, as it is published.
pub(crate) fn organization(organization: &Kept) -> Organization<'_> {
    let domains = organization.domains.iter();
    Organization {
        object: "organization",
        id: organization.id.to_string(),
        name: &organization.name,
        external_id: organization.external_id.as_deref(),
        metadata: &organization.metadata,
        domains: domains.map(|domain| organization_domain(organization.id, domain)).collect(),
        allow_profiles_outside_organization: organization.allow_profiles_outside_organization,
        stripe_customer_id: organization.stripe_customer_id.as_deref(),
        created_at: organization.created_at.to_string(),
        updated_at: organization.updated_at.to_string(),
    }
}

/// A domain, as it is published.
pub(crate) fn organization_domain(owner: OrganizationId, domain: &KeptDomain) -> OrganizationDomain<'_> {
    OrganizationDomain {
        object: "organization_domain",
        id: domain.id.to_string(),
        organization_id: owner.to_string(),
        domain: &domain.name,
        state: domain.state.as_str(),
        verification_strategy: "manual",
        created_at: domain.created_at.to_string(),
        updated_at: domain.updated_at.to_string(),
    }
}
