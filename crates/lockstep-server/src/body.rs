//! The body of a request, within its bounds.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use http::header;
use http_body_util::BodyExt;
use lockstep_scim::{Limits, Object};
use lockstep_store::Store;
use serde_json::Value;

use crate::auth::api_caller;
use crate::limits::{API_BODY_BYTES_LIMIT, BODY_DISCARDED_LIMIT, BODY_WAIT_LIMIT, FORM_BYTES_LIMIT};
use crate::problem::{Problem, Surface};
use crate::state::AppState;

/// The bytes of a body, as many as the surface allows. 413 beyond, 408 where they do not arrive.
#[derive(Clone, Debug)]
pub struct RawBody(pub Bytes);

impl<S: Store> FromRequest<AppState<S>> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState<S>) -> Result<Self, Problem> {
        let limit = match Surface::of(request.uri().path()) {
            Surface::Scim => state.limits.body_bytes,
            Surface::Api => API_BODY_BYTES_LIMIT,
            Surface::OAuth => FORM_BYTES_LIMIT,
        };
        let encoding = request.headers().get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        if encoding.is_some_and(|encoding| !encoding.trim().eq_ignore_ascii_case("identity")) {
            return Err(Problem::encoded_body());
        }
        let headers = request.headers();
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let announced = announced.and_then(|length| length.parse().ok()).unwrap_or(0);
        // Whoever waits to be asked for the body need not send it.
        if announced > limit && headers.contains_key(header::EXPECT) {
            return Err(Problem::too_large(limit));
        }
        match tokio::time::timeout(BODY_WAIT_LIMIT, collect(request.into_body(), limit, announced)).await {
            Ok(Ok(Some(bytes))) => Ok(Self(bytes)),
            Ok(Ok(None)) => Err(Problem::too_large(limit)),
            Ok(Err(_)) => Err(Problem::bad_request("the body broke off; send it again")),
            Err(_) if announced > limit => Err(Problem::too_large(limit)),
            Err(_) => Err(Problem::body_timeout()),
        }
    }
}

/// The bytes of a body; none where it is too large. Such a one is read on and forgotten, within a bound: a client that
/// is still sending when the connection ends never sees why.
async fn collect(mut body: Body, limit: usize, announced: usize) -> Result<Option<Bytes>, axum::Error> {
    let (mut kept, mut read) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        read = read.saturating_add(data.len());
        if read.max(announced) <= limit {
            kept.extend_from_slice(&data);
        } else if read > limit.saturating_add(BODY_DISCARDED_LIMIT) {
            break;
        }
    }
    Ok((read.max(announced) <= limit).then(|| kept.into()))
}

/// The JSON object that a request to the API carries.
#[derive(Clone, Debug)]
pub(crate) struct JsonObject(pub(crate) Object);

impl<S: Store> FromRequest<AppState<S>> for JsonObject {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState<S>) -> Result<Self, Problem> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        // A client that says nothing is believed to mean JSON: there is nothing else to mean.
        if !media.is_empty() && !media.eq_ignore_ascii_case("application/json") {
            return Err(Problem::unsupported_media_type("application/json"));
        }
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        // A body may take its time, and must not outlive the key.
        api_caller(state, &parts).await?;
        let limits = Limits { body_bytes: API_BODY_BYTES_LIMIT, ..Limits::default() };
        match lockstep_scim::json::parse(&bytes, &limits) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            Ok(_) => Err(Problem::bad_request("the body must be a JSON object")),
            Err(error) => Err(Problem::bad_request(error.detail)),
        }
    }
}

/// The parameters of a form (RFC 6749 §3.2, appendix B).
#[derive(Clone, Debug)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// The value of a parameter; one without a value counts as left out, and one that is there twice is refused.
    pub(crate) fn one(&self, name: &'static str) -> Result<Option<&str>, Problem> {
        let mut found = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = found.next().filter(|value| !value.is_empty());
        if found.next().is_some() {
            let message = format!("the parameter `{name}` is given more than once");
            return Err(Problem::oauth("invalid_request", message));
        }
        Ok(first)
    }
}

impl<S: Store> FromRequest<AppState<S>> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState<S>) -> Result<Self, Problem> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let message = "send the parameters in the body, as `application/x-www-form-urlencoded`";
            return Err(Problem::oauth("invalid_request", message));
        }
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
    }
}
