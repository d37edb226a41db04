//! In which header an IdP sends its bearer token: `Authorization`, or one of its own where it can send no other.

use crate::limits::CREDENTIAL_HEADER_BYTES_LIMIT;

/// The name of a header, in lower case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CredentialHeader(String);

/// Names that mean something already, and beginnings of such names: to put a secret there would change what is asked,
/// or show it to whoever stands between.
const TAKEN: &[&str] = &[
    "adscimversion",
    "age",
    "allow",
    "alt-svc",
    "cache-control",
    "connection",
    "cookie",
    "date",
    "dnt",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "from",
    "host",
    "keep-alive",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "prefer",
    "priority",
    "range",
    "referer",
    "server",
    "set-cookie",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-real-ip",
    "x-request-id",
];
const TAKEN_PREFIXES: &[&str] =
    &["accept", "access-control-", "content-", "if-", "proxy-", "retry-", "sec-", "x-forwarded-"];

impl CredentialHeader {
    /// The header with this name; nothing where a header cannot be called so (RFC 9110 §5.1), and where the name means
    /// something else already.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let may = !name.is_empty()
            && name.len() <= CREDENTIAL_HEADER_BYTES_LIMIT
            && name.bytes().all(is_token)
            && !TAKEN.contains(&name.as_str())
            && !TAKEN_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        may.then_some(Self(name))
    }

    /// Its name, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the one that RFC 6750 §2.1 has.
    #[must_use]
    pub fn is_standard(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for CredentialHeader {
    fn default() -> Self {
        Self("authorization".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_stands_in_a_header_that_means_nothing_else() {
        for (name, expected) in [
            ("X-Api-Key", Some("x-api-key")),
            ("api_key", Some("api_key")),
            ("Authorization", Some("authorization")),
            ("", None),
            ("X Api Key", None),
            ("X-Api-Key:", None),
            ("Schl\u{fc}ssel", None),
            ("Cookie", None),
            ("Content-Type", None),
            ("If-Match", None),
            ("Accept", None),
            ("X-Forwarded-For", None),
            ("X-HTTP-Method-Override", None),
        ] {
            let read = CredentialHeader::parse(name);
            assert_eq!(read.as_ref().map(CredentialHeader::as_str), expected, "{name}");
        }
        let longest = "x".repeat(CREDENTIAL_HEADER_BYTES_LIMIT);
        assert!(CredentialHeader::parse(&longest).is_some());
        assert!(CredentialHeader::parse(&format!("{longest}x")).is_none());
        assert!(CredentialHeader::default().is_standard());
    }
}
