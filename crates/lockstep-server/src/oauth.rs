//! OAuth 2.0 for IdPs: how they can be known besides by a bearer token that was handed over. A client asks for tokens
//! (RFC 6749 §4.4), by a secret or by assertions that it signs (RFC 7523); or an IdP sends a token that its own issuer
//! signed. Whose a client is stands in the store; who may do what is decided in `auth.rs`.

mod assertion;
pub(crate) mod issued;
pub(crate) mod jwk;
pub(crate) mod jwt;
pub(crate) mod keys;
pub(crate) mod metadata;
pub(crate) mod token;

pub use keys::{Fetching, KeySource};
