//! The application's API: the shapes, paths, pagination and errors that WorkOS publishes. Knows nothing of SCIM
//! requests.

pub mod api_keys;
pub mod attributes;
pub mod bodies;
pub mod directories;
pub(crate) mod domains;
pub mod events;
pub(crate) mod fields;
pub mod groups;
pub mod health;
pub(crate) mod mapping_body;
pub mod mappings;
pub mod oauth_clients;
pub mod organization_domains;
pub mod organizations;
pub(crate) mod paging;
pub(crate) mod query;
pub mod render;
pub mod requests;
pub mod schemas;
pub mod tokens;
pub mod users;
