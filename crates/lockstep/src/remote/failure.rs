//! Why a request came to nothing, for whoever typed the command: what happened, and what to do. What a server says is
//! shown without what would steer the terminal.

use std::fmt::Write as _;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::Value;

use super::{KeySource, text};
use crate::exit::{Exit, Failure};
use crate::terminal::plain;

/// The API's word for an address at which nothing ever stands.
const NO_SUCH_ADDRESS: &str = "not_found";

/// Who was asked, and for what.
pub(super) struct Asked<'a> {
    pub(super) url: &'a str,
    pub(super) path: &'a str,
    pub(super) key_source: &'a KeySource,
}

/// Nobody answered, or not to the end.
pub(super) fn no_answer(url: &str, error: &reqwest::Error) -> anyhow::Error {
    // The innermost cause says it best, and has no URL in it.
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let advice = if error.is_timeout() {
        "it took too long".to_owned()
    } else if is_about_trust(error) {
        format!(
            "its certificate is not trusted: {}; for one of a private authority, set SSL_CERT_FILE to the file of that \
             authority's certificate",
            plain(&cause.to_string())
        )
    } else if error.is_connect() {
        format!(
            "{}; does `lockstep serve` run there? --url or LOCKSTEP_URL say where",
            plain(&cause.to_string())
        )
    } else {
        plain(&cause.to_string())
    };
    Failure::new(Exit::Failed, format!("no answer from {url}: {advice}")).into()
}

/// Whether a connection was given up because of the certificate that the server showed.
fn is_about_trust(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(told) = error.downcast_ref::<rustls::Error>() {
            return matches!(told, rustls::Error::InvalidCertificate(_));
        }
        // What an `io::Error` was made of is not among its sources.
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

/// The answer is no success.
pub(super) fn refused(
    asked: &Asked<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
) -> anyhow::Error {
    let url = asked.url;
    let header =
        |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok()).map(plain);
    if status.is_redirection() {
        let target = header(LOCATION).unwrap_or_default();
        let message = format!("{url} is elsewhere: it redirects to {target}; give that server as --url");
        return Failure::new(Exit::Failed, message).into();
    }
    // The published shape of an error, and nothing else, is Lockstep's.
    let told = serde_json::from_str::<Value>(body).ok().filter(|told| !text(told, "code").is_empty());
    let Some(told) = told else {
        let message = format!("what answers at {url} is not Lockstep: {status} for {}", asked.path);
        return Failure::new(Exit::Failed, message).into();
    };
    let (code, message) = (text(&told, "code"), plain(text(&told, "message")));
    let (exit, message) = match status.as_u16() {
        401 => (Exit::Denied, format!("{url} does not know the API key from {}", asked.key_source)),
        403 => (Exit::Denied, format!("the API key from {} may not do this: {message}", asked.key_source)),
        404 if code == NO_SUCH_ADDRESS => (Exit::Failed, other_version(asked)),
        405 => (Exit::Failed, other_version(asked)),
        404 => (Exit::Missing, message),
        429 => (Exit::Failed, format!("the server is asked too often: {message}{}", wait(headers))),
        400..=499 => (Exit::Refused, with_fields(&message, &told)),
        _ => (Exit::Failed, format!("the server could not do it ({status}): {message}{}", wait(headers))),
    };
    Failure::new(exit, message).into()
}

fn other_version(asked: &Asked<'_>) -> String {
    format!("the server at {} cannot do this with {}: it is of another version", asked.url, asked.path)
}

fn wait(headers: &HeaderMap) -> String {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
    seconds.map(|seconds| format!(" (in {seconds} s)")).unwrap_or_default()
}

/// The message, and what is wrong with each field on a line of its own where it does not say that already.
fn with_fields(message: &str, told: &Value) -> String {
    let mut said = message.to_owned();
    let errors = told.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if let [only] = errors
        && plain(text(only, "message")) == message
    {
        return said;
    }
    if !errors.is_empty() {
        "the server refuses this:".clone_into(&mut said);
    }
    for error in errors {
        let _ = write!(said, "\n  {}: {}", plain(text(error, "field")), plain(text(error, "message")));
    }
    said
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn told(status: u16, body: &str, exit: Exit, says: &[&str]) {
        let source = KeySource::File("key.txt".into());
        let asked = Asked { url: "http://here", path: "/organizations", key_source: &source };
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("7"));
        headers.insert(LOCATION, HeaderValue::from_static("https://there/"));
        let error = refused(&asked, StatusCode::from_u16(status).unwrap(), &headers, body);
        assert_eq!(Failure::exit_of(&error), exit, "{status}");
        let error = error.to_string();
        for part in says {
            assert!(error.contains(part), "{error:?} does not say {part:?}");
        }
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }

    #[test]
    fn each_status_has_its_code_and_says_what_to_do() {
        let body =
            |code: &str, message: &str| format!(r#"{{"code":"{code}","message":"{message}","errors":[]}}"#);
        told(401, &body("unauthorized", "x"), Exit::Denied, &["http://here", "key.txt"]);
        told(
            403,
            &body("forbidden", "named organizations only"),
            Exit::Denied,
            &["named organizations only"],
        );
        told(
            404,
            &body("entity_not_found", "organization not found"),
            Exit::Missing,
            &["organization not found"],
        );
        told(404, &body("not_found", "nothing"), Exit::Failed, &["/organizations", "another version"]);
        told(409, &body("conflict", "taken\\u001b[2J"), Exit::Refused, &["taken\u{fffd}"]);
        told(429, &body("busy", "slower"), Exit::Failed, &["slower", "in 7 s"]);
        told(500, &body("internal", "request id req_1"), Exit::Failed, &["500", "req_1"]);
        told(307, "", Exit::Failed, &["https://there/", "--url"]);
        for strange in ["<html>", "{}", "[]", ""] {
            told(404, strange, Exit::Failed, &["not Lockstep"]);
        }
    }

    #[test]
    fn what_is_wrong_with_several_fields_stands_on_a_line_each() {
        let one = r#"{"code":"c","message":"`name` is empty","errors":[{"field":"name","message":"`name` is empty"}]}"#;
        told(422, one, Exit::Refused, &["`name` is empty"]);
        let two = r#"{"code":"c","message":"a","errors":[{"field":"x","message":"a"},{"field":"y","message":"b"}]}"#;
        told(422, two, Exit::Refused, &["refuses this:\n  x: a\n  y: b"]);
    }
}
