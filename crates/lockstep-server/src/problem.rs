//! Every failure as a response, and nothing else makes one: a SCIM error under `/scim`, the API's published shape
//! elsewhere. Has two texts: what the client may know, and what the log must know.
//!
//! A handler returns a [`Problem`]; which shape it takes is decided by `rendered`, where the path and the request's id
//! are known.

use std::num::NonZeroU32;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use lockstep_core::command::Refusal;
use lockstep_core::id::RequestId;
use lockstep_core::mapping;
use lockstep_core::schemas::Refused;
use lockstep_scim::error::ERROR_URN;
use lockstep_scim::{Error as ScimError, ScimType};
use lockstep_store::StoreError;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::render::{ErrorAnswer, OAuthErrorAnswer};

/// The code of a 503 that does not pass by itself.
pub(crate) const DAMAGED: &str = "store_damaged";
/// The code of a 503 that reading the request again mends.
const STALE: &str = "stale";
/// The code of a 409 that is answered with the answer that was given before.
const REPEATED: &str = "repeated_request";

/// Whose language a response speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Surface {
    /// RFC 7644 §3.12.
    Scim,
    /// `message`, `code` and `errors`; see `ErrorAnswer`.
    Api,
    /// `error` and `error_description` (RFC 6749 §5.2).
    OAuth,
}

impl Surface {
    /// The surface to which a path belongs.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let scim = path.strip_prefix("/scim").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match path.strip_prefix("/oauth2") {
            _ if scim => Self::Scim,
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Self::OAuth,
            _ => Self::Api,
        }
    }
}

/// What is wrong with one field of a request to the API.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct FieldError {
    /// The field, as it was sent.
    pub field: String,
    /// A word for programs.
    pub code: &'static str,
    /// A sentence for people: what is allowed.
    pub message: String,
}

/// A failure on its way to the client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// A stable word for programs.
    pub code: &'static str,
    /// What the client may know: what is wrong and how to mend it.
    pub message: String,
    /// What is wrong with which field.
    pub errors: Vec<FieldError>,
    /// SCIM's word for it, where it has one.
    pub scim_type: Option<ScimType>,
    /// What the log must know and the client must not.
    pub detail: Option<String>,
    /// After how many seconds to try again.
    pub retry_after: Option<u32>,
    /// How many requests there may be in a second, where there were more.
    pub rate: Option<NonZeroU32>,
    /// The methods that the address knows, where the router does not say so itself.
    pub allow: Option<&'static str>,
    /// RFC 6750's word for what is wrong with the credential; `None` where none was sent, or nothing is wrong with it.
    pub challenge: Option<Challenge>,
}

/// What is wrong with a bearer token (RFC 6750 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Challenge {
    /// 400: it cannot be read.
    InvalidRequest,
    /// 401: it is not known, has expired or was revoked; which of these is not told.
    InvalidToken,
    /// 403: it may not do this.
    InsufficientScope,
}

impl Challenge {
    /// The header's value. Without a challenge: that a credential is wanted (RFC 6750 §3).
    fn header(challenge: Option<Self>) -> HeaderValue {
        HeaderValue::from_static(match challenge {
            None => "Bearer realm=\"lockstep\"",
            Some(Self::InvalidRequest) => "Bearer realm=\"lockstep\", error=\"invalid_request\"",
            Some(Self::InvalidToken) => "Bearer realm=\"lockstep\", error=\"invalid_token\"",
            Some(Self::InsufficientScope) => "Bearer realm=\"lockstep\", error=\"insufficient_scope\"",
        })
    }
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            errors: Vec::new(),
            scim_type: None,
            detail: None,
            retry_after: None,
            rate: None,
            allow: None,
            challenge: None,
        }
    }

    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// 400: the request cannot be read.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 400: the credential cannot be read. `message` says why, without it.
    pub fn malformed_credential(message: impl Into<String>) -> Self {
        Self { challenge: Some(Challenge::InvalidRequest), ..Self::bad_request(message) }
    }

    /// 401: no credential was sent.
    pub fn unauthorized() -> Self {
        let message = "this needs a valid credential: send `Authorization: Bearer` and the key or token";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    /// 401: a credential was sent that is not known, has expired or was revoked. Says the same for each.
    pub fn invalid_token() -> Self {
        Self { challenge: Some(Challenge::InvalidToken), ..Self::unauthorized() }
    }

    /// 401: the token stands behind its scheme twice. Not whether it is a right one.
    pub fn doubled_scheme() -> Self {
        let message = "the word `Bearer` came twice: where the form for the token adds it by itself, paste the token \
                       without it";
        Self { message: message.to_owned(), ..Self::invalid_token() }
    }

    /// 403: the token's scopes do not allow this. `message` says which.
    pub fn insufficient_scope(message: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::FORBIDDEN, "insufficient_scope", message);
        Self { challenge: Some(Challenge::InsufficientScope), ..problem }
    }

    /// 400: what was asked of the token endpoint is wrong; `code` is one of RFC 6749 §5.2.
    pub fn oauth(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 401: an OAuth client did not prove who it is (RFC 6749 §5.2).
    pub fn invalid_client(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", message)
    }

    /// 429: an OAuth client asks for tokens faster than it can need them.
    pub fn slow_down(message: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "invalid_request", message);
        problem.retry_after = Some(60);
        problem
    }

    /// 403: the credential is known and may not do this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404: there is none, or it is another's. `what` in words, without what was sent.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "entity_not_found", format!("{what} not found"))
    }

    /// 404: no route has this path.
    pub fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
    }

    /// 405: the address knows only the `allowed` methods (RFC 9110 §15.5.6).
    pub fn method_not_allowed(method: &str, allowed: &'static str) -> Self {
        let method: String = method.chars().take(16).collect();
        let message = format!("this address does not know the method `{method}`; it knows {allowed}");
        let mut problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
        problem.allow = Some(allowed);
        problem
    }

    /// 405, and the router says which methods the address knows.
    pub fn wrong_method() -> Self {
        let message = "this address does not know the method; the header `Allow` lists those that it knows";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    /// 408: the body did not arrive in time.
    pub fn body_timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            "the body did not arrive in time; send it again",
        )
    }

    /// 400, as published: the domain cannot be verified.
    pub(crate) fn domain_verification_unavailable() -> Self {
        let message = "this server asks no DNS, so it verifies no domain by itself: make sure that the domain is the \
                       organization's, and say so by `PUT /organizations/{id}` with the domain in `domain_data` and the \
                       state `verified`";
        Self::new(StatusCode::BAD_REQUEST, "domain_verification_unavailable", message)
    }

    /// 409: something that must be unique is another's.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 413: the body is larger than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
    }

    /// 415: the body is not of a type that is understood here.
    pub fn unsupported_media_type(expected: &str) -> Self {
        let message = format!("the body's type is not understood; send `Content-Type: {expected}`");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }

    /// 415: the body is compressed, which RFC 9110 §8.4 lets a server refuse.
    pub fn encoded_body() -> Self {
        let message = "the body has a `Content-Encoding`; send it uncompressed";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding", message)
    }

    /// 422: these fields are wrong.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let message = errors
            .first()
            .map_or_else(|| "the request is not valid".to_owned(), |error| error.message.clone());
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request_parameters", message);
        problem.errors = errors;
        problem
    }

    /// 422: this field is wrong.
    pub fn invalid_field(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { field: field.to_owned(), code, message: message.into() }])
    }

    /// 429: more requests than the operator lets an IdP send; try again after so many seconds (RFC 6585 §4).
    pub fn too_many_requests(per_second: NonZeroU32, retry_after: u32) -> Self {
        let message = format!("too many requests for this directory: try again in {retry_after} s");
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message);
        problem.retry_after = Some(retry_after);
        problem.rate = Some(per_second);
        problem
    }

    /// 500: a fault of ours. The client learns the request's id only.
    pub fn fault(detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "internal error");
        problem.detail = Some(detail.into());
        problem
    }

    /// 503: try again after so many seconds.
    pub fn unavailable(code: &'static str, message: impl Into<String>, retry_after: u32) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
        problem.retry_after = Some(retry_after);
        problem
    }

    /// 499, as proxies call it: nobody reads this answer, and the log shows why a request ended.
    pub(crate) fn client_gone() -> Self {
        let status = StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT);
        Self::new(status, "client_gone", "the client went away before the answer was there")
    }

    /// 409: the request was carried out before. Whoever carried it out answers with what it was answered then.
    pub(crate) fn repeated() -> Self {
        Self::conflict(REPEATED, "a request with this `Idempotency-Key` was carried out before")
    }

    /// Whether the request was carried out before.
    pub(crate) fn is_repeated(&self) -> bool {
        self.code == REPEATED
    }

    /// Whether the request must be read again, under the terms that the directory has now.
    pub(crate) fn is_stale(&self) -> bool {
        self.code == STALE
    }

    /// Adds what the log must know.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds SCIM's word.
    #[must_use]
    pub fn with_scim_type(mut self, kind: ScimType) -> Self {
        self.scim_type = Some(kind);
        self
    }
}

impl From<ScimError> for Problem {
    fn from(error: ScimError) -> Self {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let code = match (error.scim_type, status.as_u16()) {
            (Some(kind), _) => kind.as_str(),
            (None, 401) => "unauthorized",
            (None, 403) => "forbidden",
            (None, 404) => "entity_not_found",
            (None, 412) => "precondition_failed",
            (None, 428) => "precondition_required",
            (None, 413) => "payload_too_large",
            (None, 429) => "too_many_requests",
            (None, 501) => "not_implemented",
            (None, 500..) => "internal_error",
            (None, _) => "bad_request",
        };
        let mut problem = Self::new(status, code, error.detail);
        problem.scim_type = error.scim_type;
        if matches!(status.as_u16(), 429 | 503) {
            problem.retry_after = Some(1);
        }
        problem
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Scim(error) => error.into(),
            Refusal::Schema(refused) => {
                let text = refused.to_string();
                match refused {
                    Refused::Unknown => Self::not_found("schema"),
                    Refused::Exists => Self::conflict("schema_exists", text),
                    Refused::Pending(_) => Self::conflict("schema_changes_pending", text),
                    Refused::Incompatible(_) => Self::conflict("incompatible_schema", text),
                    Refused::Overlaps(_) => Self::conflict("schema_overlaps", text),
                    Refused::TooMany(_) | Refused::TooLarge(_) => Self::conflict("too_many_schemas", text),
                    Refused::NotOffered(_) => Self::invalid_field("schema", "not_offered", text),
                }
            }
            Refusal::Mapping(refused) => {
                let text = refused.to_string();
                let (field, code) = match refused {
                    mapping::Refused::UnknownGroups(_) => ("roles", "unknown_group"),
                    mapping::Refused::Twice(_) => ("roles", "role_exists"),
                    mapping::Refused::Slug(_) => ("roles", "invalid_slug"),
                    mapping::Refused::TooManyRoles(_) => ("roles", "too_many_roles"),
                    mapping::Refused::TooManyGroups(_) => ("roles", "too_many_groups"),
                    mapping::Refused::TooManyAttributes(_) => ("attributes", "too_many_attributes"),
                    mapping::Refused::TooLong(_) => ("attributes", "too_long"),
                };
                Self::invalid_field(field, code, text)
            }
            Refusal::NoDirectory => Self::not_found("directory"),
            Refusal::Paused => Self::forbidden(
                "the directory is paused: ask the application's operator to resume it, and then send this again",
            ),
            Refusal::Stale => Self::unavailable(
                STALE,
                "the directory's schemas or settings changed while this was served; try again",
                1,
            ),
            Refusal::NoOrganization => Self::not_found("organization"),
            Refusal::Repeated => Self::repeated(),
            Refusal::NumberTaken => Self::unavailable("try_again", "no number was free; try again", 1),
            Refusal::Fault => Self::fault("the command could not be planned"),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let detail = error.to_string();
        let problem = match error {
            StoreError::Conflict { what } => {
                let message = format!("{what} is another's: choose another");
                let mut problem =
                    Self::conflict("conflict", message.clone()).with_scim_type(ScimType::Uniqueness);
                problem.errors = vec![FieldError { field: what.to_owned(), code: "not_unique", message }];
                return problem;
            }
            StoreError::NotFound { what } => return Self::not_found(what),
            // Nothing happened. A word for the load that all clients understand, with an integer to wait.
            StoreError::Busy => Self::unavailable("busy", "too many writes are waiting; try again", 1),
            StoreError::Stopping => Self::unavailable("stopping", "the server is restarting; try again", 2),
            StoreError::Unavailable(_) => {
                Self::unavailable("unavailable", "the database is unavailable; try again", 5)
            }
            StoreError::Unknown(_) => Self::unavailable(
                "outcome_unknown",
                "it is not known whether this happened; read it, and try again where it did not",
                5,
            ),
            // It does not mend itself: the operator must act, and until then the client does well to come back.
            StoreError::Corrupt(_) | StoreError::Newer { .. } => Self::unavailable(
                DAMAGED,
                "the database is unavailable; tell the operator, and try again later",
                60,
            ),
            StoreError::Fault(_) => Self::fault(String::new()),
        };
        problem.with_detail(detail)
    }
}

impl IntoResponse for Problem {
    /// A response without a body that carries the problem to `rendered`.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

/// The problem of a response that has its body already: for the log.
#[derive(Clone, Debug)]
pub(crate) struct Told(pub(crate) Problem);

/// Gives a response that carries a problem its body and headers; leaves any other alone.
pub(crate) fn rendered(mut response: Response, surface: Surface, request: RequestId) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let (body, content_type) = match surface {
        Surface::Scim => (scim_body(&problem, request), "application/scim+json"),
        Surface::Api => (api_body(&problem, request), "application/json"),
        Surface::OAuth => (oauth_body(&problem, request), "application/json"),
    };
    *response.body_mut() = Body::from(body.to_string());
    let headers = response.headers_mut();
    // An edge that speaks several types has said which.
    headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
    headers.remove(header::CONTENT_LENGTH);
    if surface == Surface::OAuth {
        // RFC 6749 §5.2: 401 names the scheme by which a client can prove itself in a header.
        if problem.status == StatusCode::UNAUTHORIZED {
            let basic = HeaderValue::from_static("Basic realm=\"lockstep\"");
            headers.insert(header::WWW_AUTHENTICATE, basic);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    } else if problem.status == StatusCode::UNAUTHORIZED || problem.challenge.is_some() {
        // RFC 9110 §11.6.1, RFC 6750 §3.
        headers.insert(header::WWW_AUTHENTICATE, Challenge::header(problem.challenge));
    }
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let (Some(per_second), Some(seconds)) = (problem.rate, problem.retry_after) {
        // draft-ietf-httpapi-ratelimit-headers, as far as it is known: how many in a second, none left, and seconds to go.
        headers.insert("ratelimit-limit", HeaderValue::from(per_second.get()));
        headers.insert("ratelimit-remaining", HeaderValue::from(0));
        headers.insert("ratelimit-reset", HeaderValue::from(seconds));
    }
    if let Some(methods) = problem.allow {
        headers.insert(header::ALLOW, HeaderValue::from_static(methods));
    }
    response.extensions_mut().insert(Told(problem));
    response
}

/// The SCIM error message (RFC 7644 §3.12).
pub(crate) fn scim_body(problem: &Problem, request: RequestId) -> Value {
    if problem.status == StatusCode::INTERNAL_SERVER_ERROR {
        return ScimError::internal(&request.to_string()).to_json();
    }
    let mut body = json!({
        "schemas": [ERROR_URN],
        "status": problem.status.as_str(),
        "detail": problem.message,
    });
    if let (Some(kind), Some(fields)) = (problem.scim_type, body.as_object_mut()) {
        fields.insert("scimType".to_owned(), kind.as_str().into());
    }
    body
}

/// RFC 6749 §5.2. What can go wrong besides has the words that RFC 6749 §4.1.2.1 has for it.
fn oauth_body(problem: &Problem, request: RequestId) -> Value {
    let error = match problem.status.as_u16() {
        503 => "temporarily_unavailable",
        500.. => "server_error",
        _ => match problem.code {
            code
            @ ("invalid_client" | "invalid_scope" | "unauthorized_client" | "unsupported_grant_type") => code,
            _ => "invalid_request",
        },
    };
    let description = if problem.status == StatusCode::INTERNAL_SERVER_ERROR {
        format!("internal error; give request id {request} to the operator")
    } else {
        problem.message.clone()
    };
    let answer = OAuthErrorAnswer { error, error_description: &description };
    serde_json::to_value(answer).unwrap_or_default()
}

fn api_body(problem: &Problem, request: RequestId) -> Value {
    let message = if problem.status == StatusCode::INTERNAL_SERVER_ERROR {
        format!("internal error; give request id {request} to the operator")
    } else {
        problem.message.clone()
    };
    let listed = matches!(problem.status.as_u16(), 400 | 401 | 404 | 409 | 429) || !problem.errors.is_empty();
    let errors = listed.then_some(problem.errors.as_slice());
    let answer = ErrorAnswer { message: &message, code: problem.code, errors };
    serde_json::to_value(answer).unwrap_or_default()
}

#[cfg(test)]
mod tests;
