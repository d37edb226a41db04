//! An IdP's own token as a bearer token: what must hold of it, by the form that is filled in for its issuer.

use lockstep_core::client::{OAuthClient, Proof};
use lockstep_core::clock::{Clock, Timestamp};
use lockstep_idp::Issuer;

use super::jwk::Algorithm;
use super::jwt::{Claims, JwtError, Unverified};
use super::keys::{IssuerKeys, NoKey};
use crate::limits::ISSUED_TOKEN_LIFETIME_LIMIT;

/// RFC 9068 §2.1 and what is in use.
const TYPES: [&str; 2] = ["JWT", "at+jwt"];

/// Why an issued token is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the issued token was not taken: {0}")]
    Token(#[from] JwtError),
    #[error("the issued token was not taken: the directory trusts nobody who issues tokens as this one")]
    Stranger,
    #[error(
        "the issued token was not taken: the issuer publishes no key of its `kid`, or not for this tenant"
    )]
    Key,
    #[error("{0}")]
    Unavailable(NoKey),
}

/// What a directory trusts: an issuer's tokens of one tenant.
struct Trust<'a> {
    client: &'a OAuthClient,
    issuer: &'static Issuer,
    tenant: &'a str,
    audience: &'a str,
    application: Option<&'a str>,
}

impl<'a> Trust<'a> {
    fn of(client: &'a OAuthClient) -> Option<Self> {
        let Proof::Issuer { issuer, tenant, audience, application } = &client.proof else { return None };
        let issuer = lockstep_idp::issuer(issuer)?;
        Some(Self { client, issuer, tenant, audience, application: application.as_deref() })
    }

    /// Checks what the token says, whose signature was verified.
    fn check(&self, claims: &Claims, now: Timestamp) -> Result<Timestamp, JwtError> {
        if claims.text(self.issuer.tenant_claim)? != self.tenant {
            return Err(JwtError::Mismatch(self.issuer.tenant_claim));
        }
        claims.check_audience(&[self.audience])?;
        if let Some(claim) = self.issuer.personal_claims.iter().find(|claim| claims.has(claim)) {
            return Err(JwtError::Mismatch(claim));
        }
        if let Some(application) = self.application {
            let mut named = self.issuer.application_claims.iter().filter(|claim| claims.has(claim));
            let claim = named.next().or(self.issuer.application_claims.first()).ok_or(JwtError::Malformed)?;
            if claims.text(claim)? != application {
                return Err(JwtError::Mismatch(claim));
            }
        }
        claims.check_times(now, ISSUED_TOKEN_LIFETIME_LIMIT)
    }
}

/// Which of a directory's clients sent this token, and until when it is of use.
pub(crate) async fn check<'a>(
    token: &str,
    clients: &'a [OAuthClient],
    keys: &IssuerKeys,
    clock: &dyn Clock,
) -> Result<(&'a OAuthClient, Timestamp), Refused> {
    let token = Unverified::parse(token, &TYPES)?;
    let says = token.claimed_issuer.clone().ok_or(JwtError::Claim("iss"))?;
    let trusted: Vec<Trust<'a>> = clients.iter().filter_map(Trust::of).collect();
    let found = trusted.iter().find_map(|trust| {
        let form = trust.issuer.forms.iter().find(|form| form.issuer_of(trust.tenant) == says)?;
        Some((trust, form))
    });
    let (first, form) = found.ok_or(Refused::Stranger)?;
    if Algorithm::parse(first.issuer.algorithm) != Some(token.algorithm) {
        return Err(JwtError::Algorithm.into());
    }
    let key = keys.key(clock, &form.keys_of(first.tenant), token.key_id.as_deref()).await;
    let key = key.map_err(|no| if no == NoKey::Unknown { Refused::Key } else { Refused::Unavailable(no) })?;
    if key.issuer.as_ref().is_some_and(|issuer| !first.issuer.may_use_key_of(issuer, first.tenant)) {
        return Err(Refused::Key);
    }
    let claims = token.verify(&key)?;
    let now = clock.now();
    // Several clients may trust the same tenant, each another application of it.
    let same =
        trusted.iter().filter(|trust| trust.issuer.name == first.issuer.name && trust.tenant == first.tenant);
    let mut refused = JwtError::Malformed;
    for trust in same {
        match trust.check(&claims, now) {
            Ok(expires_at) => return Ok((trust.client, expires_at)),
            Err(error) => refused = error,
        }
    }
    Err(refused.into())
}
