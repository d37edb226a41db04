//! Status and scimType of every SCIM failure (RFC 7644 §3.12). The only place that chooses them.
//! Details name attributes, columns and types, never a value: values are personal data.
//!
//! ```
//! use lockstep_scim::Error;
//!
//! let error = Error::invalid_value("emails[0].value: must be a string, and is a number");
//! assert_eq!(error.status, 400);
//! assert_eq!(error.to_json()["scimType"], "invalidValue");
//! assert_eq!(Error::not_found("no such user").to_json().get("scimType"), None);
//!
//! // What the detail says of a place or a limit, a program can read too.
//! let limits = lockstep_scim::Limits { filter_terms: 1, ..Default::default() };
//! let error = lockstep_scim::filter::parse("title pr or userName pr", &limits).unwrap_err();
//! assert_eq!((error.position, error.limit), (Some(13), Some("filter_terms")));
//! ```

use serde_json::{Value, json};

/// URN of the error message (RFC 7644 §3.12).
pub const ERROR_URN: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// The keyword that tells a client what kind of 400 or 409 it got (RFC 7644 §3.12, RFC 9865 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScimType {
    /// The filter does not parse, or compares what cannot be compared.
    InvalidFilter,
    /// More results, or more operations, than the server will handle.
    TooMany,
    /// Another resource already has this value.
    Uniqueness,
    /// The attribute may not be changed this way.
    Mutability,
    /// The body is not JSON, or not the message it should be.
    InvalidSyntax,
    /// The path of a PATCH operation is malformed or names nothing known.
    InvalidPath,
    /// The path of a PATCH operation selects nothing.
    NoTarget,
    /// A value is missing, or does not fit its attribute.
    InvalidValue,
    /// The protocol version is not supported.
    InvalidVers,
    /// The request would put personal data in a URL.
    Sensitive,
    /// The cursor was not given out by this server (RFC 9865).
    InvalidCursor,
    /// The cursor is too old (RFC 9865).
    ExpiredCursor,
    /// The page size does not go with the cursor (RFC 9865).
    InvalidCount,
}

impl ScimType {
    /// The keyword on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }
}

/// A failure as the client will see it (RFC 7644 §3.12).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
#[non_exhaustive]
pub struct Error {
    /// HTTP status.
    pub status: u16,
    /// Kind of failure, where the standard has a word for it.
    pub scim_type: Option<ScimType>,
    /// What is wrong, where, and how to mend it. Never a value.
    pub detail: String,
    /// Where a filter or a path goes wrong: the column, in characters from 1.
    pub position: Option<usize>,
    /// Which of the [`Limits`](crate::Limits) was exceeded: the name of its field.
    pub limit: Option<&'static str>,
}

/// One constructor for each 400 that has a scimType.
macro_rules! bad_request {
    ($($name:ident => $kind:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub fn $name(detail: impl Into<String>) -> Self {
            Self::new(400, Some(ScimType::$kind), detail)
        }
    )*};
}

/// A constructor for each status that a SCIM server answers with, also for those that nothing in this crate gives.
impl Error {
    /// Any status, for what no constructor below covers.
    pub fn new(status: u16, scim_type: Option<ScimType>, detail: impl Into<String>) -> Self {
        Self { status, scim_type, detail: detail.into(), position: None, limit: None }
    }

    /// The same, because of a limit.
    pub(crate) fn over(self, limit: &'static str) -> Self {
        Self { limit: Some(limit), ..self }
    }

    bad_request! {
        invalid_filter => InvalidFilter, "400 invalidFilter (RFC 7644 §3.12).";
        too_many => TooMany, "400 tooMany (RFC 7644 §3.12).";
        mutability => Mutability, "400 mutability (RFC 7644 §3.12).";
        invalid_syntax => InvalidSyntax, "400 invalidSyntax (RFC 7644 §3.12).";
        invalid_path => InvalidPath, "400 invalidPath (RFC 7644 §3.12).";
        no_target => NoTarget, "400 noTarget (RFC 7644 §3.12).";
        invalid_value => InvalidValue, "400 invalidValue (RFC 7644 §3.12).";
        invalid_version => InvalidVers, "400 invalidVers (RFC 7644 §3.12).";
        invalid_cursor => InvalidCursor, "400 invalidCursor (RFC 9865 §3).";
        expired_cursor => ExpiredCursor, "400 expiredCursor (RFC 9865 §3).";
        invalid_count => InvalidCount, "400 invalidCount (RFC 9865 §3).";
    }

    /// 400 without a scimType.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, None, detail)
    }

    /// 401 (RFC 7644 §2). The server adds `WWW-Authenticate`.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(401, None, detail)
    }

    /// 403 (RFC 7644 §3.12).
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(403, None, detail)
    }

    /// 403 sensitive: the filter belongs in the body of POST .search (RFC 7644 §7.5.2).
    pub fn sensitive(detail: impl Into<String>) -> Self {
        Self::new(403, Some(ScimType::Sensitive), detail)
    }

    /// 404, which never has a scimType (RFC 7644 §3.12).
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, None, detail)
    }

    /// 405. The server adds `Allow` (RFC 9110 §15.5.6).
    pub fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(405, None, detail)
    }

    /// 409 uniqueness: another resource has the same value of `attribute` (RFC 7644 §3.3).
    pub fn conflict(attribute: &str) -> Self {
        let detail = format!("{attribute}: another resource already has this value");
        Self::new(409, Some(ScimType::Uniqueness), detail)
    }

    /// 412: the resource has another version than `If-Match` names (RFC 7644 §3.14).
    pub fn precondition_failed(detail: impl Into<String>) -> Self {
        Self::new(412, None, detail)
    }

    /// 413: the body is larger than allowed; the limit is named in the detail.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(413, None, detail)
    }

    /// 415: the body is of a type that is not SCIM's (RFC 7644 §3.1).
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(415, None, detail)
    }

    /// 428: a change must say by `If-Match` which version it means (RFC 6585 §3).
    pub fn precondition_required(detail: impl Into<String>) -> Self {
        Self::new(428, None, detail)
    }

    /// 429: slow down. The server adds `Retry-After`.
    pub fn too_many_requests(detail: impl Into<String>) -> Self {
        Self::new(429, None, detail)
    }

    /// 500: only the request's id, which an operator can look up.
    pub fn internal(request_id: &str) -> Self {
        Self::new(500, None, format!("internal error; give request id {request_id} to the operator"))
    }

    /// 501: a part of SCIM that this server does not offer.
    pub fn not_implemented(detail: impl Into<String>) -> Self {
        Self::new(501, None, detail)
    }

    /// 503: try again later. The server adds `Retry-After`.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(503, None, detail)
    }

    /// The response body (RFC 7644 §3.12): status is a string, no scimType where there is none.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut body = json!({
            "schemas": [ERROR_URN],
            "status": self.status.to_string(),
            "detail": self.detail,
        });
        if let (Some(kind), Some(object)) = (self.scim_type, body.as_object_mut()) {
            object.insert("scimType".to_owned(), Value::from(kind.as_str()));
        }
        body
    }
}

/// Shortens an attribute name for a detail: names come from the client and may be absurd.
pub(crate) fn shown(name: &str) -> String {
    const LONGEST: usize = 80;
    let mut text: String = name.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if name.chars().count() > LONGEST {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests;
