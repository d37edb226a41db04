//! JSON Web Tokens (RFC 7519) as compact signatures (RFC 7515 §3.1): read, verified, and only then believed. Does no
//! IO and reads no clock. What is wrong is told without any part of the token.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lockstep_core::clock::Timestamp;
use lockstep_scim::{Limits, Object, json};
use serde_json::Value;

use super::jwk::{Algorithm, Key};
use crate::limits::{CLOCK_LEEWAY, JWT_BYTES_LIMIT};

/// Why a token is not believed: for whoever made it to mend, and for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum JwtError {
    #[error("it is longer than {JWT_BYTES_LIMIT} bytes")]
    TooLong,
    #[error("it is not three parts of base64url with two JSON objects and a signature")]
    Malformed,
    #[error("its `alg` is not one of those that are taken here")]
    Algorithm,
    #[error("its `typ` says that it is something else")]
    Type,
    #[error("its header has a `crit` that is not understood here")]
    Critical,
    #[error("no key that is known here has its `kid`")]
    UnknownKey,
    #[error("its signature is not by that key")]
    Signature,
    #[error("its claim `{0}` is missing or of the wrong type")]
    Claim(&'static str),
    #[error("its claim `{0}` is not what it must be")]
    Mismatch(&'static str),
    #[error("it has expired; look at the clocks of both sides")]
    Expired,
    #[error("it is not valid yet; look at the clocks of both sides")]
    Early,
    #[error("its `exp` is too far away")]
    TooLongLived,
}

/// A token that was read and not verified: it says which key to look for, and nothing that may be believed.
#[derive(Clone, Debug)]
pub(crate) struct Unverified<'a> {
    pub(crate) algorithm: Algorithm,
    /// Which key it says that it was signed with.
    pub(crate) key_id: Option<String>,
    /// Who it says that it is from: to find the keys by which to see.
    pub(crate) claimed_issuer: Option<String>,
    claims: Object,
    signed: &'a str,
    signature: Vec<u8>,
}

/// What the holder of a key said.
#[derive(Clone, Debug)]
pub(crate) struct Claims(Object);

/// Whether a bearer token has the form of a JWT; no token of ours has.
pub(crate) fn looks_like_jwt(token: &str) -> bool {
    token.starts_with("eyJ") && token.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl<'a> Unverified<'a> {
    /// Reads a token whose `typ`, where it says one, is one of `types`, without regard to case (RFC 7515 §4.1.9).
    pub(crate) fn parse(token: &'a str, types: &[&str]) -> Result<Self, JwtError> {
        if token.len() > JWT_BYTES_LIMIT {
            return Err(JwtError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(JwtError::Malformed)?;
        if claims.contains('.') {
            return Err(JwtError::Malformed);
        }
        let (header, claims) = (object(header)?, object(claims)?);
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| JwtError::Malformed)?;
        // RFC 7515 §4.1.11: what must be understood and is not; there is none that is.
        if header.contains_key("crit") {
            return Err(JwtError::Critical);
        }
        let name = header.get("alg").and_then(Value::as_str);
        let algorithm = name.and_then(Algorithm::parse).ok_or(JwtError::Algorithm)?;
        let known = |kind: &Value| {
            let kind = kind.as_str().unwrap_or_default();
            let kind = kind
                .get(..12)
                .filter(|begin| begin.eq_ignore_ascii_case("application/"))
                .map_or(kind, |begin| kind.get(begin.len()..).unwrap_or_default());
            types.iter().any(|known| known.eq_ignore_ascii_case(kind))
        };
        if !header.get("typ").is_none_or(known) {
            return Err(JwtError::Type);
        }
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return Err(JwtError::Malformed),
        };
        let claimed_issuer = claims.get("iss").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { algorithm, key_id, claimed_issuer, claims, signed, signature })
    }

    /// What the signature is over: all that the token says.
    pub(crate) fn signed_text(&self) -> &'a str {
        self.signed
    }

    /// What it says, where the holder of the key signed it.
    pub(crate) fn verify(self, key: &Key) -> Result<Claims, JwtError> {
        if key.has_signed(self.algorithm, self.signed.as_bytes(), &self.signature) {
            Ok(Claims(self.claims))
        } else {
            Err(JwtError::Signature)
        }
    }
}

impl Claims {
    /// A text that must be there.
    pub(crate) fn text(&self, name: &'static str) -> Result<&str, JwtError> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).ok_or(JwtError::Claim(name))
    }

    /// Whether there is such a claim.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether the token is for one of these (RFC 7519 §4.1.3: a text, or a list of them).
    pub(crate) fn check_audience(&self, accepted: &[&str]) -> Result<(), JwtError> {
        let is_accepted = |audience: &Value| audience.as_str().is_some_and(|text| accepted.contains(&text));
        match self.0.get("aud") {
            Some(audience @ Value::String(_)) if is_accepted(audience) => Ok(()),
            // A list in which something is no text was made by nobody who knows what it is.
            Some(Value::Array(list)) if list.iter().all(Value::is_string) && list.iter().any(is_accepted) => {
                Ok(())
            }
            Some(Value::String(_) | Value::Array(_)) => Err(JwtError::Mismatch("aud")),
            _ => Err(JwtError::Claim("aud")),
        }
    }

    /// Checks `exp`, `nbf` and `iat` (RFC 7519 §4.1.4 to §4.1.6) with a small leeway for clocks that differ; answers
    /// with the time until which it could be used. It must expire within `lifetime`.
    pub(crate) fn check_times(&self, now: Timestamp, lifetime: Duration) -> Result<Timestamp, JwtError> {
        let leeway = micros(CLOCK_LEEWAY);
        let expires = self.time("exp")?.ok_or(JwtError::Claim("exp"))?;
        if expires.saturating_add(leeway) <= now.0 {
            return Err(JwtError::Expired);
        }
        if expires > now.0.saturating_add(micros(lifetime)).saturating_add(leeway) {
            return Err(JwtError::TooLongLived);
        }
        for claim in ["nbf", "iat"] {
            if self.time(claim)?.is_some_and(|begins| begins > now.0.saturating_add(leeway)) {
                return Err(JwtError::Early);
            }
        }
        Ok(Timestamp(expires.saturating_add(leeway)))
    }

    /// A NumericDate (RFC 7519 §2) in microseconds.
    fn time(&self, name: &'static str) -> Result<Option<i64>, JwtError> {
        /// Seconds up to the year 9999.
        const SECONDS_MAX: f64 = 253_402_300_799.0;
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let seconds = value.as_f64().filter(|seconds| (0.0..=SECONDS_MAX).contains(seconds));
        // Within these bounds a double holds microseconds well enough for a leeway of seconds.
        #[expect(clippy::cast_possible_truncation, reason = "the bounds are checked just above")]
        let micros = seconds.map(|seconds| (seconds * 1e6) as i64);
        micros.map(Some).ok_or(JwtError::Claim(name))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A part of a token: a JSON object in which no name stands twice.
fn object(part: &str) -> Result<Object, JwtError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| JwtError::Malformed)?;
    match json::parse(&bytes, &Limits { body_bytes: JWT_BYTES_LIMIT, ..Limits::default() }) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(JwtError::Malformed),
    }
}

#[cfg(test)]
mod tests;
