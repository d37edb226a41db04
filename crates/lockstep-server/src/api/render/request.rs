//! A request record, as it is published: what was stored of it, in words and with links.

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{DirectoryNumber, EventId};
use lockstep_scim::Object;
use lockstep_store::RequestRecord;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::problem::Problem;
use crate::requests::Detail;

/// What a list shows.
pub(crate) fn request(public_url: &str, record: &RequestRecord) -> Result<Object, Problem> {
    let mut kept: Object = stored(&record.summary)?;
    let mut take = |name: &str| kept.remove(name).unwrap_or(Value::Null);
    let contract = take("contract");
    let events = event_ids(record.directory, &take("events"));
    let arrived = Timestamp(i64::try_from(record.id.0 >> 80).unwrap_or(i64::MAX).saturating_mul(1_000));
    let Value::Object(mut shown) = json!({
        "object": "directory_request",
        "id": record.id.to_string(),
        "directory_id": take("directory"),
        "created_at": arrived.to_string(),
        "duration_ms": take("duration_us").as_f64().map(|micros| micros / 1_000.0),
        "token_id": take("token"),
        "client_id": take("client"),
        "method": take("method"),
        "operation": record.operation,
        "path": take("path"),
        "query": take("query"),
        "resources": take("resources"),
        "resources_count": take("resources_count"),
        "status": record.status,
        "repaired": record.repaired,
        "repairs": repairs(public_url, contract.as_str().unwrap_or_default(), take("repairs")),
        "notes": take("notes"),
        "refusal": take("refusal"),
        "operations": take("operations"),
        "looks_like": take("looks_like"),
        "advice": take("advice"),
        "event_ids": events,
        "events_count": take("events_count"),
    }) else {
        return Ok(Map::new());
    };
    shown.insert("contract".into(), contract);
    let decided = decided(record, &shown);
    shown.insert("decided".into(), decided.into());
    Ok(shown)
}

/// The same with headers and bodies.
pub(crate) fn request_with_bodies(public_url: &str, record: &RequestRecord) -> Result<Object, Problem> {
    let mut shown = request(public_url, record)?;
    let kept: Detail<'_> = stored(&record.detail)?;
    let sent = json!({ "headers": kept.headers, "body": kept.body.shown(), "body_bytes": kept.body_bytes });
    let answer = json!({
        "status": record.status,
        "headers": kept.answer_headers,
        "body": kept.answer.shown(),
        "body_bytes": kept.answer_bytes,
    });
    shown.insert("request".into(), sent);
    shown.insert("answer".into(), answer);
    Ok(shown)
}

fn stored<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    serde_json::from_str(text)
        .map_err(|error| Problem::fault(format!("a request record cannot be read: {error}")))
}

/// Each repair with its reason, as this version knows it, and where it is described.
fn repairs(public_url: &str, contract: &str, kept: Value) -> Value {
    let provider = lockstep_idp::by_slug(contract);
    let Value::Array(mut kept) = kept else { return json!([]) };
    for repair in &mut kept {
        let Some(fields) = repair.as_object_mut() else { continue };
        let name = fields.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let known = provider.and_then(|provider| provider.repairs.iter().find(|known| known.name == name));
        fields.insert("why".into(), known.map(|known| known.why).into());
        fields.insert("link".into(), format!("{public_url}/idp/{contract}#{name}").into());
    }
    Value::Array(kept)
}

fn event_ids(directory: DirectoryNumber, kept: &Value) -> Vec<String> {
    let id = |event: &Value| {
        let (seq, at) = (event.get(0)?.as_u64()?, Timestamp(event.get(1)?.as_i64()?));
        Some(EventId { directory, seq, at }.to_string())
    };
    kept.as_array().into_iter().flatten().filter_map(id).collect()
}

/// What came of it, in a sentence.
fn decided(record: &RequestRecord, shown: &Object) -> String {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(refusal) = shown.get("refusal").filter(|refusal| !refusal.is_null()) {
        let kind = text(refusal, "scim_type").map(|kind| format!(" {kind}")).unwrap_or_default();
        let message = text(refusal, "message").unwrap_or_default();
        return format!("refused with {}{kind}: {message}", record.status);
    }
    let events = shown.get("events_count").and_then(Value::as_u64).unwrap_or(0);
    if let Some(operations) = shown.get("operations").filter(|operations| !operations.is_null()) {
        let count = |name: &str| operations.get(name).and_then(Value::as_u64).unwrap_or(0);
        let failed = count("failed");
        return format!(
            "carried out {} operations, of which {failed} were refused: {}",
            count("count"),
            told(events)
        );
    }
    let resource = shown.get("resources").and_then(|resources| resources.get(0));
    let named = resource.and_then(|resource| {
        let (kind, id) = (text(resource, "type")?, text(resource, "id")?);
        Some(format!("{} {id}", kind.to_lowercase()))
    });
    let named = named.unwrap_or_else(|| "what was asked for".to_owned());
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
