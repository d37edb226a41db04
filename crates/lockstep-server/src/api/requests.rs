//! Request records: what a directory's IdP sent, what was made of it, and what it was answered.

use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use lockstep_core::command::Terms;
use lockstep_core::id::{DirectoryNumber, GroupId, LocalId, RequestId, UserId};
use lockstep_store::{RequestQuery, Store};
use serde::Serialize;
use utoipa::ToSchema;

use super::paging::{List, Paging};
use super::query::Query;
use super::render::{self, DirectoryRequest, RequestSent, RequestUnderstood};
use crate::auth::ApiCaller;
use crate::openapi::vocabulary::{StatusOrClass, Truth};
use crate::openapi::{Operation, Tag, document, of, text, time};
use crate::path::Path;
use crate::problem::Problem;
use crate::scim::{TEMPLATES, below_directory};
use crate::state::AppState;

/// How [`list`] is described.
pub(crate) const LIST: Operation =
    Operation::new("list_directory_requests", Tag::Requests, "List the requests that a directory's IdP sent")
        .about("Newest first, without headers and bodies.")
        .parameters(&[
            time("range_start", "Those at this time or later (RFC 3339)."),
            time("range_end", "Those before this time (RFC 3339)."),
            of::<StatusOrClass>("status", "Those that were answered so."),
            of::<Truth>("repaired", "Those for which a repair was used, or those for which none was."),
            text("operation", "Those that asked this, as a template, such as `PATCH /Users/{id}`."),
            text("resource", "Those about this user or group."),
        ])
        .list_with::<DirectoryRequest>(
            "A part of the records.",
            &[("recording", document::reference::<Recording>)],
        )
        .errors(&[404]);

/// `GET /directories/{id}/requests`: newest first, without bodies. `recording` says whether requests are recorded, and
/// how many records were dropped since the server started.
pub(crate) async fn list<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response, Problem> {
    let paging = Paging::read(&query, RequestId::parse)?;
    let (since, until) = (query.time("range_start")?, query.time("range_end")?);
    if since.zip(until).is_some_and(|(since, until)| since >= until) {
        let message = "`range_end` must be later than `range_start`";
        return Err(Problem::invalid_field("range_end", "invalid_range", message));
    }
    let (status, repaired, operation) = (status(&query)?, repaired(&query)?, operation(&query)?);
    let (directory, _) = caller.directory(&state, &id).await?;
    let number = directory.id.directory;
    let page = paging.page.clone();
    let resource = resource(&query, number)?;
    let asked = RequestQuery { directory: number, page, since, until, status, repaired, operation, resource };
    let mut found = state.requests.list(asked).await?;
    let cursors = paging.cut(&mut found, |record| record.id.to_string());
    let shown: Result<Vec<_>, Problem> =
        found.iter().map(|record| render::request(&state.public_url, record)).collect();
    let recording = Recording { enabled: state.requests.is_on(), dropped: state.requests.dropped() };
    Ok(Json(RequestList { list: List::new(shown?, cursors), recording }).into_response())
}

#[derive(Serialize)]
struct RequestList {
    #[serde(flatten)]
    list: List<DirectoryRequest>,
    recording: Recording,
}

/// Whether requests are recorded.
#[derive(Serialize, ToSchema)]
pub(crate) struct Recording {
    /// Whether they are.
    enabled: bool,
    /// How many records were dropped since the server started, because they could not be written as fast as they came, or
    /// at all.
    dropped: u64,
}

/// How [`read`] is described.
pub(crate) const READ: Operation =
    Operation::new("get_directory_request", Tag::Requests, "Read all that is kept of a request")
        .answers::<DirectoryRequest>(200, "The record, with headers and bodies as far as they are kept.")
        .errors(&[404]);

/// `GET /directories/{id}/requests/{request_id}`: all that is kept of one.
pub(crate) async fn read<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path((id, request)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let missing = || Problem::not_found("request record");
    let request = RequestId::parse(&request).ok_or_else(missing)?;
    let record = state.requests.read(directory.id.directory, request).await?.ok_or_else(missing)?;
    let (_, terms) = state.contract_of(&directory).await?;
    let shown = render::request_with_bodies(&state.public_url, &record, |request, sent| {
        understood(request, sent, &terms)
    })?;
    Ok(Json(shown).into_response())
}

/// The request as it was read: its repairs are run once more, on what is kept of it. Nothing where that is not enough for
/// the same repairs to be used.
fn understood(shown: &DirectoryRequest, sent: &RequestSent, terms: &Terms) -> Option<RequestUnderstood> {
    let used: Vec<&str> = shown.repairs.iter().map(|repair| repair.name.as_str()).collect();
    let provider = lockstep_idp::by_slug(shown.contract.as_deref()?).filter(|_| !used.is_empty())?;
    let raw_query = shown.query.clone().unwrap_or_default();
    let query = form_urlencoded::parse(raw_query.as_bytes()).into_owned().collect();
    // The one that it was read as, where a header names another.
    let method = shown.operation.split(' ').next()?.to_owned();
    let mut request = lockstep_idp::Request {
        method,
        path: below_directory(&shown.path).ok()?,
        raw_query,
        query,
        body: sent.body.clone(),
    };
    let notes = lockstep_idp::repair(provider, &mut request, terms, &[]);
    if notes.iter().map(|note| note.repair).ne(used) {
        return None;
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    let query = Some(query.extend_pairs(&request.query).finish()).filter(|query| !query.is_empty());
    Some(RequestUnderstood { method: request.method, path: request.path, query, body: request.body })
}

/// A status, or a class of them such as `4xx`.
fn status(query: &Query) -> Result<RangeInclusive<u16>, Problem> {
    let Some(text) = query.one("status")? else { return Ok(0..=u16::MAX) };
    let class = text.strip_suffix("xx").and_then(|class| class.parse::<u16>().ok());
    let range = match class {
        Some(class @ 1..=5) => Some(class * 100..=class * 100 + 99),
        Some(_) => None,
        None => text.parse().ok().filter(|status| (100..=599).contains(status)).map(|status| status..=status),
    };
    range.ok_or_else(|| {
        let message = "`status` must be a status such as 409, or a class of them such as 4xx";
        Problem::invalid_field("status", "invalid_status", message)
    })
}

fn repaired(query: &Query) -> Result<Option<bool>, Problem> {
    match query.one("repaired")? {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => {
            let message = "`repaired` must be `true` or `false`";
            Err(Problem::invalid_field("repaired", "invalid_boolean", message))
        }
    }
}

fn operation(query: &Query) -> Result<Option<String>, Problem> {
    let Some(text) = query.one("operation")? else { return Ok(None) };
    if TEMPLATES.contains(&text) || text.ends_with(" unknown") {
        return Ok(Some(text.to_owned()));
    }
    let message = format!("`operation` must be one of: {}", TEMPLATES.join(", "));
    Err(Problem::invalid_field("operation", "invalid_operation", message))
}

/// The user or group that is asked for; another directory's is not found.
fn resource(query: &Query, directory: DirectoryNumber) -> Result<Option<LocalId>, Problem> {
    let Some(text) = query.one("resource")? else { return Ok(None) };
    let user = UserId::parse(text).map(|id| (id.directory, id.local));
    let found = user.or_else(|| GroupId::parse(text).map(|id| (id.directory, id.local)));
    let (number, local) = found.ok_or_else(|| {
        let message = "`resource` must be the id of a directory user or a directory group";
        Problem::invalid_field("resource", "invalid_resource", message)
    })?;
    if number == directory {
        Ok(Some(local))
    } else {
        Err(Problem::not_found("user or group of the directory"))
    }
}
