//! ServiceProviderConfig, ResourceTypes and Schemas (RFC 7644 §4, RFC 7643 §5 to §7): what is, truthfully.
//! Only documents; which base URL and which schemas is the caller's.
//!
//! ```
//! use lockstep_scim::{Definition, discovery};
//!
//! let types = [Definition::user(), Definition::group()];
//! let list = discovery::schemas(&types, "https://example.com/scim/v2");
//! assert_eq!(list["totalResults"], 3);
//! let group = discovery::schema(&types, "urn:ietf:params:scim:schemas:core:2.0:GROUP", "https://example.com/scim/v2");
//! assert_eq!(group.map(|group| group["name"].clone()), Some("Group".into()));
//! ```

use serde_json::{Value, json};

use crate::schema::{Definition, Schema};
use crate::{Limits, list};

/// URN of ServiceProviderConfig (RFC 7643 §5).
pub const SERVICE_PROVIDER_CONFIG_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
/// URN of ResourceType (RFC 7643 §6).
pub const RESOURCE_TYPE_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";

/// What of the protocol is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    /// sortBy and sortOrder work.
    pub sort: bool,
    /// Entity tags are given and honoured.
    pub etag: bool,
    /// /Bulk works.
    pub bulk: bool,
    /// Cursor paging works beside paging by index, which is the default (RFC 9865).
    pub cursors: Option<Cursors>,
    /// A client can get its bearer tokens by OAuth 2.0's client credentials grant (RFC 6749 §4.4).
    pub client_credentials: bool,
    /// The server keeps to draft-zollner-scim-interop-profile.
    pub interop_profile: bool,
}

/// What clients may know of cursor paging (RFC 9865 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursors {
    /// Resources on a page where the client does not say.
    pub default_page_size: usize,
    /// For how long a cursor is good at least.
    pub timeout_seconds: u64,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            sort: true,
            etag: true,
            bulk: true,
            cursors: None,
            client_credentials: false,
            interop_profile: false,
        }
    }
}

/// The document at /ServiceProviderConfig (RFC 7643 §5).
#[must_use]
pub fn service_provider_config(
    base_url: &str,
    documentation_uri: Option<&str>,
    limits: &Limits,
    features: &Features,
) -> Value {
    let mut config = json!({
        "schemas": [SERVICE_PROVIDER_CONFIG_URN],
        "patch": {"supported": true},
        "bulk": {"supported": features.bulk, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": limits.page_resources},
        "changePassword": {"supported": false},
        "sort": {"supported": features.sort},
        "etag": {"supported": features.etag},
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "A token in the Authorization header",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base_url}/ServiceProviderConfig"),
        },
    });
    if let Some(object) = config.as_object_mut() {
        if features.bulk {
            let bulk = json!({
                "supported": true,
                "maxOperations": limits.bulk_operations,
                "maxPayloadSize": limits.body_bytes,
            });
            object.insert("bulk".to_owned(), bulk);
        }
        if let (true, Some(Value::Array(schemes))) =
            (features.client_credentials, object.get_mut("authenticationSchemes"))
        {
            schemes.push(json!({
                "type": "oauth2",
                "name": "OAuth 2.0 Client Credentials",
                "description": "A token of limited lifetime, issued to a client that proves who it is",
                "specUri": "https://www.rfc-editor.org/info/rfc6749",
            }));
        }
        // RFC 9865: only announced where there is a choice.
        if let Some(cursors) = features.cursors {
            let pagination = json!({
                "cursor": true,
                "index": true,
                "defaultPaginationMethod": "index",
                "defaultPageSize": cursors.default_page_size,
                "maxPageSize": limits.page_resources,
                "cursorTimeout": cursors.timeout_seconds,
            });
            object.insert("pagination".to_owned(), pagination);
        }
        // Absent where it does not (§4 of the profile).
        if features.interop_profile {
            object.insert("interopProfileConformant".to_owned(), Value::Bool(true));
        }
        if let Some(uri) = documentation_uri {
            object.insert("documentationUri".to_owned(), Value::from(uri));
        }
    }
    config
}

/// One resource type at /ResourceTypes/{name} (RFC 7643 §6).
#[must_use]
pub fn resource_type(definition: &Definition, base_url: &str) -> Value {
    let mut document = json!({
        "schemas": [RESOURCE_TYPE_URN],
        "id": definition.name,
        "name": definition.name,
        "description": definition.description,
        "endpoint": definition.endpoint,
        "schema": definition.schema.id,
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{base_url}/ResourceTypes/{}", definition.name),
        },
    });
    let extensions: Vec<Value> = definition
        .extensions
        .iter()
        .map(|(schema, required)| json!({"schema": schema.id, "required": required}))
        .collect();
    if let (false, Some(object)) = (extensions.is_empty(), document.as_object_mut()) {
        object.insert("schemaExtensions".to_owned(), Value::Array(extensions));
    }
    document
}

/// The list at /ResourceTypes (RFC 7644 §4): all on one page.
#[must_use]
pub fn resource_types(definitions: &[Definition], base_url: &str) -> Value {
    let documents: Vec<Value> =
        definitions.iter().map(|definition| resource_type(definition, base_url)).collect();
    list::render(documents.len(), 1, documents)
}

/// The schemas of some resource types, each once, in order.
#[must_use]
pub fn schemas_of(definitions: &[Definition]) -> Vec<&Schema> {
    let mut schemas: Vec<&Schema> = Vec::new();
    for definition in definitions {
        let own =
            std::iter::once(&definition.schema).chain(definition.extensions.iter().map(|(schema, _)| schema));
        for schema in own {
            if !schemas.iter().any(|known| known.id == schema.id) {
                schemas.push(schema);
            }
        }
    }
    schemas
}

/// The list at /Schemas (RFC 7644 §4): all on one page.
#[must_use]
pub fn schemas(definitions: &[Definition], base_url: &str) -> Value {
    let documents: Vec<Value> =
        schemas_of(definitions).iter().map(|schema| schema.to_json(base_url)).collect();
    list::render(documents.len(), 1, documents)
}

/// The document at /Schemas/{urn}, whatever the case of the URN (RFC 7644 §4).
#[must_use]
pub fn schema(definitions: &[Definition], urn: &str, base_url: &str) -> Option<Value> {
    schemas_of(definitions)
        .iter()
        .find(|schema| schema.id.eq_ignore_ascii_case(urn))
        .map(|schema| schema.to_json(base_url))
}

#[cfg(test)]
mod tests;
