//! One request as its handler left it, and how it becomes a record. What is stored says what was; links and words that
//! may change are added when it is shown.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Request;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use lockstep_core::command::Terms;
use lockstep_core::id::{DirectoryId, GroupId, LocalId, RequestId, UserId};
use lockstep_core::query::Kind;
use lockstep_store::RequestRecord;
use serde_json::{Map, Value, json};

use super::redact::{Redaction, cut};
use crate::limits::{
    RECORDED_ANSWER_BYTES_LIMIT, RECORDED_EVENTS_LIMIT, RECORDED_LIST_LIMIT, RECORDED_NOTES_LIMIT,
    RECORDED_OPERATIONS_LIMIT,
};
use crate::problem::{Problem, scim_body};
use crate::trail::Trail;

/// What a request without its bodies takes in memory, about.
const HEARD_BYTES: usize = 1_024;

/// The headers of a request that say something about the client and what it wants. No other is kept: one of them may
/// be a credential.
const HEADERS: [HeaderName; 8] = [
    header::USER_AGENT,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::ACCEPT,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("prefer"),
    HeaderName::from_static("x-http-method-override"),
];

/// The same of an answer.
const ANSWER_HEADERS: [HeaderName; 8] = [
    header::CONTENT_TYPE,
    header::LOCATION,
    header::ETAG,
    header::RETRY_AFTER,
    header::ALLOW,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("preference-applied"),
    HeaderName::from_static("lockstep-repairs"),
];

type Headers = Vec<(HeaderName, HeaderValue)>;

fn picked(headers: &HeaderMap, names: &[HeaderName]) -> Headers {
    names.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect()
}

pub(super) fn answer_headers(headers: &HeaderMap) -> Headers {
    picked(headers, &ANSWER_HEADERS)
}

/// What is known of a request before anybody looked at it.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(super) method: Method,
    pub(super) uri: Uri,
    headers: Headers,
}

impl Arrived {
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: picked(request.headers(), &HEADERS),
        }
    }
}

/// What the edge saw of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The body as it came, where it was read.
    pub(crate) body: Option<Bytes>,
    /// By which it was read.
    pub(crate) terms: Option<Arc<Terms>>,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Said(pub(crate) Bytes);

/// One request with its answer.
pub(super) struct Heard {
    pub(super) id: RequestId,
    pub(super) directory: DirectoryId,
    pub(super) arrived: Arrived,
    pub(super) seen: Seen,
    pub(super) trail: Trail,
    pub(super) problem: Option<Problem>,
    pub(super) status: StatusCode,
    pub(super) headers: Headers,
    pub(super) said: Option<Said>,
    pub(super) took: Duration,
}

impl Heard {
    /// What it takes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let said = self.said.as_ref().map_or(0, |said| said.0.len());
        HEARD_BYTES + self.seen.body.as_ref().map_or(0, Bytes::len) + said
    }

    /// Whether nothing would be missed but that somebody looked.
    pub(super) fn only_reads(&self) -> bool {
        self.arrived.method == Method::GET && self.status.is_success()
    }

    /// Makes the record.
    pub(super) fn into_record(self, masked: bool) -> RequestRecord {
        let mut redaction = Redaction::new(self.seen.terms.as_deref(), masked);
        // In this order: what is left out of the request is looked for in what was answered.
        let path = redaction.path(self.arrived.uri.path());
        let query = redaction.query(self.arrived.uri.query());
        let body = self.seen.body.as_ref().and_then(parsed).map(|body| redaction.body(body));
        let bulk = self.trail.operation == "POST /Bulk";
        let answer = self.answer(bulk);
        let operations = answer.as_ref().filter(|_| bulk).map(|answer| operations(answer, &redaction));
        let answer = answer.map(|answer| redaction.body(answer));
        let resources = self.resources();
        let summary = json!({
            "method": self.arrived.method.as_str(),
            "path": path,
            "query": query,
            "directory": self.directory.to_string(),
            "contract": self.trail.contract,
            "token": self.trail.token.map(|token| token.to_string()),
            "client": self.trail.client.map(|client| client.to_string()),
            "resources": resources.iter().take(RECORDED_LIST_LIMIT).map(|id| self.named(*id)).collect::<Value>(),
            "resources_count": resources.len(),
            "repairs": self.repairs(),
            "notes": texts(&self.trail.notes, &redaction),
            "refusal": self.problem.as_ref().map(|problem| json!({
                "code": problem.code,
                "scim_type": problem.scim_type.map(lockstep_scim::ScimType::as_str),
                "message": redaction.message(&problem.message),
            })),
            "operations": operations,
            "looks_like": self.trail.looks_like,
            "advice": texts(&self.trail.advice, &redaction),
            "events": self.events(),
            "events_count": self.trail.events,
            "duration_us": u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX),
        });
        let bytes = |bytes: Option<&Bytes>| bytes.map(Bytes::len);
        let detail = json!({
            "headers": shown(&self.arrived.headers, &redaction),
            "body": body,
            "body_bytes": bytes(self.seen.body.as_ref()),
            "answer_headers": shown(&self.headers, &redaction),
            "answer_bytes": bytes(self.said.as_ref().map(|said| &said.0)),
            "answer": answer,
        });
        RequestRecord {
            directory: self.directory.directory,
            id: self.id,
            status: self.status.as_u16(),
            operation: self.trail.operation,
            repaired: !self.trail.repairs.is_empty(),
            resources: resources.into_iter().map(|(_, id)| id).collect(),
            summary: summary.to_string(),
            detail: detail.to_string(),
        }
    }

    /// The answer's body, where it can be kept. The one of a bulk is read whatever its length: it tells of each
    /// operation.
    fn answer(&self, bulk: bool) -> Option<Value> {
        if let Some(problem) = &self.problem {
            return Some(scim_body(problem, self.id));
        }
        let said = &self.said.as_ref()?.0;
        if said.len() > RECORDED_ANSWER_BYTES_LIMIT && !bulk {
            return None;
        }
        parsed(said)
    }

    fn resources(&self) -> Vec<(Kind, LocalId)> {
        let mut resources = self.trail.resources.clone();
        resources.sort_unstable_by_key(|(_, id)| *id);
        resources.dedup();
        resources
    }

    fn named(&self, (kind, local): (Kind, LocalId)) -> Value {
        let directory = self.directory.directory;
        let id = match kind {
            Kind::User => UserId { directory, local }.to_string(),
            Kind::Group => GroupId { directory, local }.to_string(),
        };
        json!({ "type": kind.as_str(), "id": id })
    }

    fn repairs(&self) -> Vec<Value> {
        let notes = self.trail.repairs.iter().take(RECORDED_NOTES_LIMIT);
        notes
            .map(|note| json!({ "name": note.repair, "detail": cut(&note.detail), "quirk": note.quirk }))
            .collect()
    }

    /// The numbers and times of its events, of which their ids are made.
    fn events(&self) -> Vec<Value> {
        let each = self.trail.made.iter().flat_map(|(first, count, at)| {
            (*first..first.saturating_add(*count)).map(move |seq| json!([seq, at.0]))
        });
        each.take(RECORDED_EVENTS_LIMIT).collect()
    }
}

/// JSON, whatever it says; nothing where it is none.
fn parsed(bytes: &Bytes) -> Option<Value> {
    serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok()
}

fn texts(texts: &[String], redaction: &Redaction) -> Vec<String> {
    texts.iter().take(RECORDED_NOTES_LIMIT).map(|text| redaction.message(text)).collect()
}

fn shown(headers: &Headers, redaction: &Redaction) -> Value {
    let shown = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), Value::from(redaction.message(&value)))
    });
    Value::Object(shown.collect::<Map<String, Value>>())
}

/// What came of the operations of a bulk: how many there were and failed, and the first that failed.
fn operations(answer: &Value, redaction: &Redaction) -> Value {
    let all = answer.get("Operations").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).map(|text| redaction.message(text))
    };
    let failed: Vec<Value> = all
        .iter()
        .enumerate()
        .filter_map(|(index, operation)| {
            let response = operation.get("response")?;
            Some(json!({
                "index": index,
                "method": text(operation, "method"),
                "status": text(operation, "status"),
                "scim_type": text(response, "scimType"),
                "message": text(response, "detail"),
            }))
        })
        .collect();
    let shown: Vec<&Value> = failed.iter().take(RECORDED_OPERATIONS_LIMIT).collect();
    json!({ "count": all.len(), "failed": failed.len(), "failures": shown })
}
