//! An answer of the server, read whole.

use axum::body::{Body, Bytes, HttpBody};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::described;

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked: method and path.
    pub asked: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null where there is none.
    pub body: Value,
}

impl Answer {
    /// The body, where the status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        self.body
    }

    /// A header's value as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Fails where it is not the SCIM error of this status and this word (RFC 7644 §3.12); answers with the detail.
    #[track_caller]
    pub fn scim_error(&self, status: u16, scim_type: Option<&str>) -> String {
        let text = |name: &str| self.body.get(name).and_then(Value::as_str);
        let said = (self.status, text("status"), text("scimType"));
        assert_eq!(
            said,
            (status, Some(status.to_string().as_str()), scim_type),
            "{}: {}",
            self.asked,
            self.text
        );
        assert_eq!(self.header("content-type"), Some("application/scim+json"), "{}", self.asked);
        let urn = serde_json::json!(["urn:ietf:params:scim:api:messages:2.0:Error"]);
        assert_eq!(self.body.get("schemas"), Some(&urn), "{}", self.asked);
        text("detail").expect("an error says what is wrong").to_owned()
    }

    /// The code that the API gives its errors, and the field that the first of them names.
    pub fn problem(&self) -> (u16, &str, Option<&str>) {
        let text = |pointer: &str| self.body.pointer(pointer).and_then(Value::as_str);
        (self.status, text("/code").unwrap_or_default(), text("/errors/0/field"))
    }
}

/// Asks the router. What the API answers, and what it takes, must be as it is described.
pub(crate) async fn ask(router: &axum::Router, request: Request<Body>) -> Answer {
    let asked = format!("{} {}", request.method(), request.uri());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let (request, sent) = copied(request).await;
    let response = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("the answer's body is whole").to_bytes();
    let text = String::from_utf8(bytes.to_vec()).expect("the answer's body is text");
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    let answer = Answer { asked, status: parts.status.as_u16(), headers: parts.headers, text, body };
    let faults = described::faults(&method, &uri, sent.as_deref(), &answer);
    assert!(
        faults.is_empty(),
        "{} is not as it is described: {}: {} {}",
        answer.asked,
        faults.join("; "),
        answer.status,
        answer.text
    );
    answer
}

/// The request, and its body where it is all there already.
async fn copied(request: Request<Body>) -> (Request<Body>, Option<Bytes>) {
    if request.body().size_hint().exact().is_none() {
        return (request, None);
    }
    let (parts, body) = request.into_parts();
    let bytes = body.collect().await.expect("a body in memory is whole").to_bytes();
    (Request::from_parts(parts, Body::from(bytes.clone())), Some(bytes))
}

/// A request with a JSON body; null for none.
pub(crate) fn request(
    method: &str,
    path: &str,
    credential: Option<&str>,
    media_type: &str,
    body: &Value,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(credential) = credential {
        request = request.header("authorization", format!("Bearer {credential}"));
    }
    let body = if body.is_null() {
        Body::empty()
    } else {
        request = request.header("content-type", media_type);
        Body::from(body.to_string())
    };
    request.body(body).expect("a request that can be written")
}
