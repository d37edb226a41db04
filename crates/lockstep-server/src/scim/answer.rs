//! Answers in SCIM's media type.

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::problem::Problem;
use crate::requests::Said;
use crate::trail::Trail;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/scim+json");
/// The names of the repairs that a request needed.
const REPAIRS: HeaderName = HeaderName::from_static("lockstep-repairs");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// A message with a body.
pub(crate) fn message(status: StatusCode, body: &Value) -> Response {
    let body = Bytes::from(body.to_string());
    let mut response = Response::new(Body::from(body.clone()));
    *response.status_mut() = status;
    // Shared with its record, not copied.
    response.extensions_mut().insert(Said(body));
    response.headers_mut().insert(header::CONTENT_TYPE, MEDIA_TYPE);
    response
}

/// An answer that says only its status.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Whether a client asks for JSON by its plain name, and not by SCIM's (RFC 7644 §3.8). It is the same answer.
pub(super) fn wants_plain_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (mut plain, mut scim) = (false, false);
    for range in accepted.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default();
        // RFC 9110 §12.4.2: a weight of 0 is "not this".
        let refused = parts.any(|parameter| {
            let weight = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
            weight.and_then(|weight| weight.parse::<f32>().ok()).is_some_and(|weight| weight <= 0.0)
        });
        plain |= !refused && essence.eq_ignore_ascii_case("application/json");
        scim |= !refused && essence.eq_ignore_ascii_case("application/scim+json");
    }
    plain && !scim
}

/// Gives an answer that has a body, or will have one, the type that was asked for, and says that it was asked.
pub(super) fn name_type(response: &mut Response, plain_json: bool) {
    let has_body = response.headers().contains_key(header::CONTENT_TYPE)
        || response.extensions().get::<Problem>().is_some();
    if !has_body {
        return;
    }
    if plain_json {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
}

/// Adds the version of the resource that the answer is about (RFC 7644 §3.14).
pub(crate) fn with_version(mut response: Response, tag: &str) -> Response {
    insert(&mut response, header::ETAG, tag);
    response
}

/// Adds where the new resource stands (RFC 7644 §3.3).
pub(crate) fn with_location(mut response: Response, location: &str) -> Response {
    insert(&mut response, header::LOCATION, location);
    response
}

/// Says that no body was sent because the client wanted none (RFC 7240 §3).
pub(crate) fn with_minimal_preference(mut response: Response) -> Response {
    insert(&mut response, PREFERENCE_APPLIED, "return=minimal");
    response
}

/// Names the repairs, so that whoever watches the wire sees what was made of the request.
pub(super) fn name_repairs(response: &mut Response, trail: &Trail) {
    let names = super::names(&trail.repairs);
    if !names.is_empty() {
        insert(response, REPAIRS, &names.join(", "));
    }
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
