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
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
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
    pub(super) fn to_record(&self, masked: bool) -> RequestRecord {
        let mut redaction = Redaction::new(self.seen.terms.as_deref(), masked);
        // In this order: what is left out of the request is looked for in what was answered.
        let path = redaction.path(self.arrived.uri.path());
        let query = redaction.query(self.arrived.uri.query());
        let body = self.seen.body.as_ref().map_or(Body::Nothing, |body| kept(body, &mut redaction));
        let bulk = self.trail.operation == "POST /Bulk";
        let (answer, operations) = self.answer(bulk, &mut redaction);
        let resources = self.resources();
        let summary = Summary {
            method: self.arrived.method.as_str(),
            path,
            query,
            directory: self.directory.to_string(),
            contract: self.trail.contract,
            token: self.trail.token.map(|token| token.to_string()),
            client: self.trail.client.map(|client| client.to_string()),
            resources: resources.iter().take(RECORDED_LIST_LIMIT).map(|id| self.named(*id)).collect(),
            resources_count: resources.len(),
            repairs: self.repairs(),
            notes: texts(&self.trail.notes, &redaction),
            refusal: self.problem.as_ref().map(|problem| {
                json!({
                    "code": problem.code,
                    "scim_type": problem.scim_type.map(lockstep_scim::ScimType::as_str),
                    "message": redaction.message(&problem.message),
                })
            }),
            operations,
            looks_like: self.trail.looks_like,
            advice: texts(&self.trail.advice, &redaction),
            events: self.events(),
            events_count: self.trail.events,
            duration_us: u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX),
        };
        let detail = Detail {
            headers: shown(&self.arrived.headers, &redaction),
            body,
            body_bytes: self.seen.body.as_ref().map(Bytes::len),
            answer_headers: shown(&self.headers, &redaction),
            answer,
            answer_bytes: self.said.as_ref().map(|said| said.0.len()),
        };
        RequestRecord {
            directory: self.directory.directory,
            id: self.id,
            status: self.status.as_u16(),
            operation: self.trail.operation.clone(),
            repaired: !self.trail.repairs.is_empty(),
            resources: resources.into_iter().map(|(_, id)| id).collect(),
            // No key of theirs is anything but a text.
            summary: serde_json::to_string(&summary).unwrap_or_default(),
            detail: serde_json::to_string(&detail).unwrap_or_default(),
        }
    }

    /// The answer's body, where it can be kept, and what came of the operations of a bulk. The answer to a bulk is read
    /// whatever its length: it tells of each operation.
    fn answer(&self, bulk: bool, redaction: &mut Redaction) -> (Body<'_>, Option<Value>) {
        if let Some(problem) = &self.problem {
            return (Body::Bounded(redaction.body(scim_body(problem, self.id))), None);
        }
        let Some(Said(said)) = &self.said else { return (Body::Nothing, None) };
        if bulk {
            let Some(answer) = parsed(said) else { return (Body::Nothing, None) };
            let operations = operations(&answer, redaction);
            return (Body::Bounded(redaction.body(answer)), Some(operations));
        }
        if said.len() > RECORDED_ANSWER_BYTES_LIMIT {
            return (Body::Nothing, None);
        }
        (kept(said, redaction), None)
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
    fn events(&self) -> Vec<(u64, i64)> {
        let each = self.trail.made.iter().flat_map(|(first, count, at)| {
            (*first..first.saturating_add(*count)).map(move |seq| (seq, at.0))
        });
        each.take(RECORDED_EVENTS_LIMIT).collect()
    }
}

/// What a list shows of a record, besides what it can be filtered by.
#[derive(Serialize)]
struct Summary<'a> {
    method: &'a str,
    path: String,
    query: Option<String>,
    directory: String,
    contract: &'a str,
    token: Option<String>,
    client: Option<String>,
    resources: Vec<Value>,
    resources_count: usize,
    repairs: Vec<Value>,
    notes: Vec<String>,
    refusal: Option<Value>,
    operations: Option<Value>,
    looks_like: Option<&'a str>,
    advice: Vec<String>,
    events: Vec<(u64, i64)>,
    events_count: u64,
    duration_us: u64,
}

/// What a record holds besides its summary.
#[derive(Serialize, Deserialize)]
pub(crate) struct Detail<'a> {
    pub(crate) headers: Value,
    #[serde(borrow)]
    pub(crate) body: Body<'a>,
    pub(crate) body_bytes: Option<usize>,
    pub(crate) answer_headers: Value,
    #[serde(borrow)]
    pub(crate) answer: Body<'a>,
    pub(crate) answer_bytes: Option<usize>,
}

/// What is kept of a body.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Body<'a> {
    Nothing,
    /// All of it. It is small, and names no secret.
    #[serde(borrow)]
    AsSent(&'a RawValue),
    /// What may be kept of it.
    Bounded(Value),
}

impl Body<'_> {
    /// As it is shown.
    pub(crate) fn shown(self) -> Option<Value> {
        match self {
            Self::Nothing => None,
            Self::AsSent(body) => {
                let body = serde_json::from_str(body.get()).ok()?;
                Some(Redaction::new(None, false).body(body))
            }
            Self::Bounded(body) => Some(body),
        }
    }
}

fn kept<'a>(bytes: &'a Bytes, redaction: &mut Redaction) -> Body<'a> {
    match redaction.as_sent(bytes) {
        Some(body) => Body::AsSent(body),
        None => parsed(bytes).map_or(Body::Nothing, |body| Body::Bounded(redaction.body(body))),
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
