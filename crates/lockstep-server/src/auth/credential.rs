//! How a credential comes: the forms of the header, and what can be none of ours. Knows nothing of whose it is.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};

use crate::limits::CREDENTIAL_BYTES_LIMIT;
use crate::problem::Problem;

/// What a request sent to be known by.
pub(super) struct Credential<'a> {
    pub(super) secret: Cow<'a, str>,
    pub(super) form: Form,
}

/// How it was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// As RFC 6750 §2.1 has it.
    Bearer,
    /// Without a scheme.
    Bare,
    /// As the password of RFC 7617.
    Basic,
    /// In a header of the directory's own.
    OwnHeader,
}

impl<'a> Credential<'a> {
    /// 401 where there is none, where it is of another scheme, and where no credential of ours can be so; 400 where there
    /// are two (RFC 6750 §3.1).
    pub(super) fn read(headers: &'a HeaderMap) -> Result<Self, Problem> {
        let mut sent = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = sent.next() else { return Err(Problem::unauthorized()) };
        // Two headers could be read differently by two readers.
        if sent.next().is_some() {
            return Err(Problem::malformed_credential("send the header `Authorization` once"));
        }
        let value = text_of(value)?;
        let Some((scheme, rest)) = value.split_once(' ') else {
            return Ok(Self { secret: value.into(), form: Form::Bare });
        };
        // RFC 9110 §11.1: the scheme's case does not matter.
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok(Self { secret: bearer_token(rest)?.into(), form: Form::Bearer });
        }
        if scheme.eq_ignore_ascii_case("basic") {
            return Ok(Self { secret: password(rest)?.into(), form: Form::Basic });
        }
        Err(Problem::unauthorized())
    }

    /// A header that holds the credential alone; the scheme may stand in front of it.
    pub(super) fn alone(value: &'a HeaderValue) -> Result<Self, Problem> {
        let value = text_of(value)?;
        let secret = match value.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => bearer_token(rest)?,
            _ => bearer_token(value)?,
        };
        Ok(Self { secret: secret.into(), form: Form::OwnHeader })
    }
}

/// A header's text, where a credential of ours can be in it.
fn text_of(value: &HeaderValue) -> Result<&str, Problem> {
    let text = value.to_str().map_err(|_| Problem::invalid_token())?.trim();
    if text.is_empty() {
        return Err(Problem::unauthorized());
    }
    if text.len() > CREDENTIAL_BYTES_LIMIT {
        return Err(Problem::invalid_token());
    }
    Ok(text)
}

/// Some clients send the token as a quoted string (RFC 9110 §5.6.4): no token of ours holds a quote.
fn bearer_token(text: &str) -> Result<&str, Problem> {
    let secret = text.trim().trim_matches('"');
    let twice = |(scheme, _): (&str, &str)| scheme.eq_ignore_ascii_case("bearer");
    // Where a form adds the word itself, and it was pasted with the token. Which token it was is not looked at.
    if secret.split_once(' ').is_some_and(twice) {
        return Err(Problem::doubled_scheme());
    }
    if secret.is_empty() || secret.contains(' ') {
        return Err(Problem::invalid_token());
    }
    Ok(secret)
}

/// The password of RFC 7617 §2; what the user is called means nothing here.
fn password(encoded: &str) -> Result<String, Problem> {
    let decoded = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = decoded.ok_or_else(Problem::unauthorized)?;
    let (_, password) = pair.split_once(':').ok_or_else(Problem::unauthorized)?;
    if password.is_empty() { Err(Problem::invalid_token()) } else { Ok(password.to_owned()) }
}
