//! A request record, as it is published: what was stored of it, in words and with links.

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{DirectoryNumber, EventId};
use lockstep_store::RequestRecord;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::requests::Detail;

/// A request that a directory's IdP sent: what was made of it, and what it was answered.
#[derive(Serialize, ToSchema)]
pub(crate) struct DirectoryRequest {
    /// Says what this is.
    #[schema(pattern = "^directory_request$")]
    object: &'static str,
    /// Its id: the `x-request-id` of the answer.
    id: String,
    /// To which directory it was sent.
    directory_id: String,
    /// When it arrived.
    #[schema(format = DateTime)]
    created_at: String,
    /// How long the answer took, in milliseconds.
    duration_ms: Option<f64>,
    /// By which bearer token it was known, if by one.
    token_id: Option<String>,
    /// By which OAuth client it was known, if by one.
    client_id: Option<String>,
    /// The method, as it was sent.
    method: String,
    /// What was asked, as a template, such as `PATCH /Users/{id}`.
    pub(crate) operation: String,
    /// The path, as it was sent.
    pub(crate) path: String,
    /// The query, as it was sent.
    pub(crate) query: Option<String>,
    /// The users and groups that it was about, the first of them.
    resources: Vec<RequestResource>,
    /// How many it was about.
    resources_count: u64,
    /// The status of the answer.
    status: u16,
    /// Whether a repair was used.
    repaired: bool,
    /// The repairs that were used.
    pub(crate) repairs: Vec<RequestRepair>,
    /// What was passed over, in words.
    notes: Vec<String>,
    /// Why it was refused; null where it was not.
    refusal: Option<RequestRefusal>,
    /// What came of the operations of a bulk; null where it was none.
    operations: Option<RequestOperations>,
    /// The contract of another IdP that this request looks like.
    looks_like: Option<String>,
    /// What the IdP's administrator should change.
    advice: Vec<String>,
    /// The events that it caused, the first of them.
    event_ids: Vec<String>,
    /// How many it caused.
    events_count: u64,
    /// The contract by which it was read.
    pub(crate) contract: Option<String>,
    /// What came of it, in a sentence.
    decided: String,
    /// What was sent. Where one record is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request: Option<RequestSent>,
    /// What was answered. Where one record is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    answer: Option<RequestAnswer>,
    /// How it was read after its repairs; null where there were none, or what is kept is not enough to say. Where one
    /// record is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[expect(clippy::option_option, reason = "left out, null or there: the wire knows all three")]
    understood: Option<Option<RequestUnderstood>>,
}

/// A user or group that a request was about.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct RequestResource {
    /// `User` or `Group`.
    r#type: String,
    /// Its id.
    id: String,
}

/// A deviation that was mended before the request was carried out.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct RequestRepair {
    /// Which one.
    pub(crate) name: String,
    /// What was done to this request.
    detail: String,
    /// The quirk of the IdP that it mends, if it is one of the quirks known by a number.
    quirk: Option<String>,
    /// Why there is such a repair; null where this version does not know it.
    #[serde(default)]
    why: Option<String>,
    /// Where it is described.
    #[serde(default)]
    link: String,
}

/// Why a request was refused.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct RequestRefusal {
    /// A word for programs.
    code: String,
    /// SCIM's word for it, where it has one.
    scim_type: Option<String>,
    /// A sentence for people.
    message: String,
}

/// What came of the operations of a bulk.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct RequestOperations {
    /// How many there were.
    count: u64,
    /// How many of them were refused.
    failed: u64,
    /// Those that were refused, the first of them.
    failures: Vec<RequestFailure>,
}

/// An operation of a bulk that was refused.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct RequestFailure {
    /// Which one, counted from 0.
    index: u64,
    /// Its method.
    method: Option<String>,
    /// Its status.
    status: Option<String>,
    /// SCIM's word for it, where it has one.
    scim_type: Option<String>,
    /// A sentence for people.
    message: Option<String>,
}

/// What was sent, as far as it is kept: no credential is.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestSent {
    /// The headers that are kept.
    #[schema(value_type = BTreeMap<String, String>)]
    headers: Value,
    /// The body, as far as it is kept; null where none is.
    pub(crate) body: Option<Value>,
    /// How many bytes it had; null where it was not read.
    body_bytes: Option<usize>,
}

/// What was answered, as far as it is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestAnswer {
    /// The status.
    status: u16,
    /// The headers that are kept.
    #[schema(value_type = BTreeMap<String, String>)]
    headers: Value,
    /// The body, as far as it is kept; null where none is.
    body: Option<Value>,
    /// How many bytes it had; null where it was not kept.
    body_bytes: Option<usize>,
}

/// How a request was read after its repairs.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestUnderstood {
    /// The method.
    pub(crate) method: String,
    /// The path below the directory.
    pub(crate) path: String,
    /// The query.
    pub(crate) query: Option<String>,
    /// The body.
    pub(crate) body: Option<Value>,
}

/// What was stored for a list.
#[derive(Deserialize)]
struct Summary {
    method: String,
    path: String,
    query: Option<String>,
    directory: String,
    contract: Option<String>,
    token: Option<String>,
    client: Option<String>,
    resources: Vec<RequestResource>,
    resources_count: u64,
    repairs: Vec<RequestRepair>,
    notes: Vec<String>,
    refusal: Option<RequestRefusal>,
    operations: Option<RequestOperations>,
    looks_like: Option<String>,
    advice: Vec<String>,
    events: Vec<(u64, i64)>,
    events_count: u64,
    duration_us: Option<u64>,
}

/// What a list shows.
pub(crate) fn request(public_url: &str, record: &RequestRecord) -> Result<DirectoryRequest, Problem> {
    let kept: Summary = stored(&record.summary)?;
    let arrived = Timestamp(i64::try_from(record.id.0 >> 80).unwrap_or(i64::MAX).saturating_mul(1_000));
    let decided = decided(record, &kept);
    Ok(DirectoryRequest {
        object: "directory_request",
        id: record.id.to_string(),
        directory_id: kept.directory,
        created_at: arrived.to_string(),
        duration_ms: kept.duration_us.map(milliseconds),
        token_id: kept.token,
        client_id: kept.client,
        method: kept.method,
        operation: record.operation.clone(),
        path: kept.path,
        query: kept.query,
        resources: kept.resources,
        resources_count: kept.resources_count,
        status: record.status,
        repaired: record.repaired,
        repairs: repairs(public_url, kept.contract.as_deref().unwrap_or_default(), kept.repairs),
        notes: kept.notes,
        refusal: kept.refusal,
        operations: kept.operations,
        looks_like: kept.looks_like,
        advice: kept.advice,
        event_ids: kept.events.iter().map(|event| event_id(record.directory, *event)).collect(),
        events_count: kept.events_count,
        contract: kept.contract,
        decided,
        request: None,
        answer: None,
        understood: None,
    })
}

/// The same with headers and bodies, and with what it was `understood` to be.
pub(crate) fn request_with_bodies(
    public_url: &str,
    record: &RequestRecord,
    understood: impl FnOnce(&DirectoryRequest, &RequestSent) -> Option<RequestUnderstood>,
) -> Result<DirectoryRequest, Problem> {
    let mut shown = request(public_url, record)?;
    let kept: Detail<'_> = stored(&record.detail)?;
    let sent = RequestSent { headers: kept.headers, body: kept.body.shown(), body_bytes: kept.body_bytes };
    shown.understood = Some(understood(&shown, &sent));
    shown.request = Some(sent);
    shown.answer = Some(RequestAnswer {
        status: record.status,
        headers: kept.answer_headers,
        body: kept.answer.shown(),
        body_bytes: kept.answer_bytes,
    });
    Ok(shown)
}

#[expect(clippy::cast_precision_loss, reason = "no request takes so long that a microsecond is lost")]
fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

fn stored<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    serde_json::from_str(text)
        .map_err(|error| Problem::fault(format!("a request record cannot be read: {error}")))
}

/// Each repair with its reason, as this version knows it, and where it is described.
fn repairs(public_url: &str, contract: &str, mut kept: Vec<RequestRepair>) -> Vec<RequestRepair> {
    let provider = lockstep_idp::by_slug(contract);
    for repair in &mut kept {
        let known =
            provider.and_then(|provider| provider.repairs.iter().find(|known| known.name == repair.name));
        repair.why = known.map(|known| known.why.to_owned());
        repair.link = format!("{public_url}/idp/{contract}#{}", repair.name);
    }
    kept
}

fn event_id(directory: DirectoryNumber, (seq, at): (u64, i64)) -> String {
    EventId { directory, seq, at: Timestamp(at) }.to_string()
}

/// What came of it, in a sentence.
fn decided(record: &RequestRecord, kept: &Summary) -> String {
    if let Some(refusal) = &kept.refusal {
        let kind = refusal.scim_type.as_ref().map(|kind| format!(" {kind}")).unwrap_or_default();
        return format!("refused with {}{kind}: {}", record.status, refusal.message);
    }
    let events = kept.events_count;
    if let Some(operations) = &kept.operations {
        return format!(
            "carried out {} operations, of which {} were refused: {}",
            operations.count,
            operations.failed,
            told(events)
        );
    }
    let named = kept.resources.first().map_or_else(
        || "what was asked for".to_owned(),
        |resource| format!("{} {}", resource.r#type.to_lowercase(), resource.id),
    );
    let Some((method, path)) = record.operation.split_once(' ') else { return String::new() };
    let reads = |what: String| format!("answered with {what}");
    match method {
        _ if path.ends_with("/.search") => reads("what was searched for".to_owned()),
        "GET" | "HEAD" if path.ends_with("/{id}") => reads(format!("the {named}")),
        "GET" | "HEAD" => reads("what was asked for".to_owned()),
        "POST" => format!("created the {named}: {}", told(events)),
        "PUT" => format!("replaced the {named}: {}", told(events)),
        "PATCH" => format!("changed the {named}: {}", told(events)),
        "DELETE" => format!("deleted the {named}: {}", told(events)),
        _ => String::new(),
    }
}

fn told(events: u64) -> String {
    match events {
        0 => "nothing was different from what it was, so no event followed".to_owned(),
        1 => "1 event followed".to_owned(),
        events => format!("{events} events followed"),
    }
}
