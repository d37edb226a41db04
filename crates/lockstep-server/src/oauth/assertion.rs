//! A client's assertion (RFC 7523 §2.2, §3): a JWT that it signs with a key of its own, for this server, for a short
//! while and for once.

use lockstep_core::client::{OAuthClient, UsedAssertion};
use lockstep_core::clock::Timestamp;

use super::jwk::KeySet;
use super::jwt::{JwtError, Unverified};
use crate::limits::ASSERTION_LIFETIME_LIMIT;
use crate::state::digest_of;

/// What `client_assertion_type` must say.
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What the assertion may say that it is: nothing in particular, or what draft-ietf-oauth-rfc7523bis calls it.
const TYPES: [&str; 2] = ["JWT", "client-authentication+jwt"];

/// An assertion that was read; whose it says to be.
pub(super) fn read(assertion: &str) -> Result<(Unverified<'_>, String), JwtError> {
    let token = Unverified::parse(assertion, &TYPES)?;
    let issuer = token.claimed_issuer.clone().ok_or(JwtError::Claim("iss"))?;
    Ok((token, issuer))
}

/// Believes the assertion where this client signed it for one of `audiences`; by what it is remembered.
pub(super) fn check(
    token: Unverified<'_>,
    client: &OAuthClient,
    keys: &KeySet,
    audiences: &[&str],
    now: Timestamp,
) -> Result<UsedAssertion, JwtError> {
    let id = client.id.to_string();
    let key = keys.named(token.key_id.as_deref()).ok_or(JwtError::UnknownKey)?;
    let signed = token.signed_text().to_owned();
    let claims = token.verify(key)?;
    // RFC 7523 §3: the issuer and the subject are the client.
    for claim in ["iss", "sub"] {
        if claims.text(claim)? != id {
            return Err(JwtError::Mismatch(claim));
        }
    }
    claims.check_audience(audiences)?;
    let expires_at = claims.check_times(now, ASSERTION_LIFETIME_LIMIT)?;
    // One without a name of its own is known by what was signed; not by its signature, which others can write anew.
    let name =
        if claims.has("jti") { format!("jti {}", claims.text("jti")?) } else { format!("jwt {signed}") };
    Ok(UsedAssertion { digest: digest_of(&name), expires_at })
}
