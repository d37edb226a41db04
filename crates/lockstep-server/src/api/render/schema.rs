//! A schema of a directory's own.

use lockstep_core::model::Directory;
use lockstep_core::schemas::{self, OwnSchema};
use serde_json::{Value, json};

/// A schema, as the API has it: what extends what, and the schema as SCIM shows it at /Schemas.
pub(crate) fn schema(directory: &Directory, own: &OwnSchema) -> Value {
    json!({
        "object": "directory_schema",
        "id": own.schema.id,
        "directory_id": directory.id.to_string(),
        "resource_type": own.kind.as_str(),
        "required": own.required,
        "schema": schemas::written(&own.schema),
        "created_at": own.created_at.to_string(),
        "updated_at": own.updated_at.to_string(),
    })
}
