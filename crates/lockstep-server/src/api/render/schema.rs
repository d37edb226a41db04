//! A schema of a directory's own.

use lockstep_core::model::Directory;
use lockstep_core::schemas::{self, OwnSchema};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::openapi::vocabulary::ResourceType;

/// A schema that a directory has of its own, besides the standard ones.
#[derive(Serialize, ToSchema)]
pub(crate) struct DirectorySchema<'a> {
    /// Says what this is.
    #[schema(pattern = "^directory_schema$")]
    object: &'static str,
    /// Its URN.
    id: &'a str,
    /// Whose it is.
    directory_id: String,
    /// What it extends.
    #[schema(value_type = ResourceType)]
    resource_type: &'static str,
    /// Whether each such resource must have values under it.
    required: bool,
    /// The schema as SCIM shows it at `/Schemas` (RFC 7643 §7).
    #[schema(value_type = Object)]
    schema: Value,
    /// When it was first defined.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// A schema, as the API has it: what extends what, and the schema as SCIM shows it at /Schemas.
pub(crate) fn schema<'a>(directory: &Directory, own: &'a OwnSchema) -> DirectorySchema<'a> {
    DirectorySchema {
        object: "directory_schema",
        id: &own.schema.id,
        directory_id: directory.id.to_string(),
        resource_type: own.kind.as_str(),
        required: own.required,
        schema: schemas::written(&own.schema),
        created_at: own.created_at.to_string(),
        updated_at: own.updated_at.to_string(),
    }
}
