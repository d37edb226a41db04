//! scim-server: a server's core over a storage; a filter is handed on as text. PATCH as its user would:
//! create, patch, read, in memory.

use scim_server::providers::StandardResourceProvider;
use scim_server::providers::helpers::ScimPatchOperations;
use scim_server::resource::{RequestContext, ScimOperation};
use scim_server::storage::InMemoryStorage;
use scim_server::{create_group_resource_handler, create_user_resource_handler};
use serde_json::Value;

use super::{Answer, Refusal, Subject};

pub struct ScimServer;

impl Subject for ScimServer {
    fn name(&self) -> &'static str {
        "scim-server"
    }

    fn path(&self, path: &str) -> Option<Answer<()>> {
        let provider = StandardResourceProvider::new(InMemoryStorage::new());
        Some(if provider.is_valid_scim_path(path) { Ok(()) } else { Err("not a path".into()) })
    }

    fn patch(&self, kind: &str, resource: &Value, request: &Value) -> Option<Answer<Value>> {
        let runtime = match tokio::runtime::Builder::new_current_thread().build() {
            Ok(runtime) => runtime,
            Err(error) => return Some(Err(error.into())),
        };
        Some(runtime.block_on(patch(kind, resource, request)))
    }
}

async fn patch(kind: &str, resource: &Value, request: &Value) -> Answer<Value> {
    let context = RequestContext::with_generated_id();
    let provider = StandardResourceProvider::new(InMemoryStorage::new());
    let mut server = scim_server::ScimServer::new(provider)?;
    let urn = format!("urn:ietf:params:scim:schemas:core:2.0:{kind}");
    let schema = server.get_schema_by_id(&urn).cloned().ok_or(format!("setup: no schema {urn}"))?;
    let handler = if kind == "Group" {
        create_group_resource_handler(schema)
    } else {
        create_user_resource_handler(schema)
    };
    let operations = vec![ScimOperation::Create, ScimOperation::Read, ScimOperation::Patch];
    server.register_resource_type(kind, handler, operations)?;
    let created = match server.create_resource(kind, resource.clone(), &context).await {
        Ok(created) => created,
        Err(error) => return Err(Refusal::from(format!("setup: {error}"))),
    };
    let id = created.get_id().ok_or("setup: no id")?.to_owned();
    Ok(server.patch_resource(kind, &id, request, &context).await?.to_json()?)
}
