//! An OAuth client of a directory: an IdP that does not hold a bearer token that was handed over, but proves again and
//! again who it is (RFC 6749 §2).

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::ClientId;
use crate::scope::Scopes;

/// An OAuth client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OAuthClient {
    /// Its id, also its `client_id`.
    pub id: ClientId,
    /// What people call it.
    pub name: Option<String>,
    /// How it proves who it is.
    pub proof: Proof,
    /// What it may not do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How a client proves who it is. No secret of it stands here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "proof", rename_all = "snake_case")]
pub enum Proof {
    /// It asks for tokens with a secret.
    Secret {
        /// SHA-256 of the secret.
        digest: [u8; 32],
    },
    /// It asks for tokens with assertions that it signs.
    Keys {
        /// Its public keys, a JSON Web Key Set as text.
        jwks: String,
    },
    /// It asks nobody here: it sends tokens that an issuer outside has signed.
    Issuer {
        /// Which issuer, by the name that the API has for it.
        issuer: String,
        /// Whose tokens: the issuer's own id for the customer.
        tenant: String,
        /// For whom the tokens must be.
        audience: String,
        /// To which application the issuer must have given them; `None`: to any of the tenant's.
        application: Option<String>,
    },
}

/// That an assertion was used: it is good for once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UsedAssertion {
    /// SHA-256 of what names it.
    pub digest: [u8; 32],
    /// From when on it is refused anyhow, and may be forgotten.
    pub expires_at: Timestamp,
}
