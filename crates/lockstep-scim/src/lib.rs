#![doc = include_str!("../README.md")]
// SCIM as pure functions. Must not know: a database, an HTTP server, a clock, any identity provider.

pub mod bulk;
pub mod datetime;
pub mod discovery;
pub mod error;
pub mod filter;
pub mod json;
pub mod limits;
pub mod list;
pub mod patch;
pub mod path;
pub mod projection;
pub mod resource;
pub mod schema;
pub mod search;
pub mod sort;
pub mod text;

pub use error::{Error, ScimType};
pub use limits::Limits;
pub use schema::Definition;

/// A JSON object: a resource, or a part of one. The order of keys never matters (RFC 7643 §2.1).
pub type Object = serde_json::Map<String, serde_json::Value>;
