//! Answers in SCIM's media type.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::trail::Trail;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/scim+json");
/// The names of the repairs that a request needed.
const REPAIRS: HeaderName = HeaderName::from_static("lockstep-repairs");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// A message with a body.
pub(crate) fn message(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, MEDIA_TYPE);
    response
}

/// An answer that says only its status.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
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
