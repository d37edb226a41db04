//! The SCIM edge (RFC 7644): a bearer token's request, repaired by its directory's contract, becomes a typed command
//! or a question, and the answer a SCIM message. What anything means is decided in `lockstep-core`.

mod answer;
mod bulk;
mod by_cursor;
mod by_index;
mod cursor;
mod discovery;
mod endpoint;
mod history;
mod preconditions;
mod read;
mod render;
mod search;
mod sensitive;
mod walk;
mod write;

use std::borrow::Cow;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, header};
use lockstep_core::command::Refusal;
use lockstep_core::id::{GroupId, LocalId, RequestId, UserId};
use lockstep_core::query::Kind;
use lockstep_core::settings::Setting;
use lockstep_idp::Note;
use lockstep_scim::projection::Projection;
use lockstep_scim::{Definition, Error, json};
use lockstep_store::Store;

use crate::auth::{self, KnownBy, ScimCaller};
use crate::body::RawBody;
use crate::limits::READINGS_LIMIT;
use crate::problem::Problem;
use crate::recognition;
use crate::requests::Seen;
use crate::scans::Client;
use crate::state::AppState;
use crate::trail::Trail;
pub(crate) use endpoint::Endpoint;
use endpoint::NoEndpoint;
pub use endpoint::TEMPLATES;

/// Everything below a directory's SCIM endpoint. One handler, because what a request asks is known only after its
/// contract's repairs; the table of what there is stands in `scim/endpoint.rs`.
pub fn routes<S: Store>() -> Router<AppState<S>> {
    Router::new()
        .route("/scim/v2/{directory}", axum::routing::any(serve::<S>))
        .route("/scim/v2/{directory}/", axum::routing::any(serve::<S>))
        .route("/scim/v2/{directory}/{*path}", axum::routing::any(serve::<S>))
}

async fn serve<S: Store>(
    State(state): State<AppState<S>>,
    Extension(request_id): Extension<RequestId>,
    Extension(client): Extension<Client>,
    request: Request,
) -> Response {
    let (mut trail, mut seen) = (Trail::default(), Seen::default());
    let plain_json = answer::wants_plain_json(request.headers());
    let answered = exchange(&state, request_id, client, request, &mut trail, &mut seen).await;
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    answer::name_type(&mut response, plain_json);
    answer::name_repairs(&mut response, &trail);
    recognition::advise(&mut trail, response.status(), response.extensions().get());
    response.extensions_mut().insert(trail);
    response.extensions_mut().insert(seen);
    response
}

/// One request, typed: what the contract made of it.
pub(crate) struct Asked {
    pub(crate) endpoint: Endpoint,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<serde_json::Value>,
    pub(crate) headers: HeaderMap,
    pub(crate) request_id: RequestId,
    pub(crate) client: Client,
}

impl Asked {
    /// The value of a query parameter; an error where it is given twice.
    pub(crate) fn parameter(&self, name: &str) -> Result<Option<&str>, Error> {
        let mut found = self.query.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let first = found.next().map(|(_, value)| value.as_str());
        if found.next().is_some() {
            return Err(Error::invalid_value(format!(
                "the query parameter `{name}` is given more than once"
            )));
        }
        Ok(first)
    }
}

async fn exchange<S: Store>(
    state: &AppState<S>,
    request_id: RequestId,
    client: Client,
    request: Request,
    trail: &mut Trail,
    seen: &mut Seen,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    trail.operation = format!("{} unknown", parts.method);
    let query: Vec<(String, String)> =
        form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    // RFC 6750 §2.3, RFC 9700 §4.3.2: a URL stands in logs and histories. Nobody shall rely on it.
    if query.iter().any(|(name, _)| name.eq_ignore_ascii_case("access_token")) {
        let message =
            "a token in the URL is not accepted: send it in the header `Authorization`, and replace this one";
        return Err(Problem::malformed_credential(message));
    }
    if let Some(answer) = discovery::without_credential(state, &parts) {
        trail.operation = "GET /ServiceProviderConfig".into();
        return Ok(answer);
    }
    // A credential comes first: whoever has none learns nothing else, also not that something is malformed.
    let mut caller = auth::scim_caller(state, &parts.headers, &directory_of(parts.uri.path())).await?;
    trail.directory = Some(caller.directory_id);
    match caller.known_by {
        KnownBy::Token(token, client) => (trail.token, trail.client) = (Some(token), client),
        KnownBy::Issuer(client) => trail.client = Some(client),
    }
    trail.contract = caller.provider.slug;
    seen.terms = Some(caller.terms.clone());
    demand_utf8(parts.uri.query().unwrap_or_default())?;

    let method = method_of(&parts, &caller);
    let mut sent = Sent {
        raw: lockstep_idp::Request {
            // RFC 9110 §9.3.2: HEAD is GET without the body, which the HTTP library leaves out.
            method: if method == Method::HEAD { "GET".into() } else { method.as_str().to_owned() },
            path: below_directory(parts.uri.path())?,
            raw_query: parts.uri.query().unwrap_or_default().to_owned(),
            query,
            body: None,
        },
        body: None,
        headers: parts.headers.clone(),
        request_id,
        client,
    };
    if matches!(method, Method::POST | Method::PUT | Method::PATCH) {
        // Where nothing can be asked, or not by this token, what the body says does not matter.
        let mut repaired = sent.raw.clone();
        lockstep_idp::repair(caller.provider, &mut repaired, &caller.terms, &state.repairs_off);
        let endpoint = endpoint_of(&repaired)?;
        trail.operation = endpoint.template();
        caller.may(&endpoint)?;
        sent.body = Some(body_of(state, Request::from_parts(parts, body)).await?);
        seen.body.clone_from(&sent.body);
        caller.check_again(state).await?;
    }
    for reading in 1..READINGS_LIMIT {
        match served(state, &caller, &sent, reading, trail).await {
            // The directory's terms changed on the way: what the request means is asked again, under those of now.
            Err(problem) if problem.is_stale() => {
                caller = auth::scim_caller(state, &sent.headers, &caller.directory_id.to_string()).await?;
                seen.terms = Some(caller.terms.clone());
            }
            answered => return answered,
        }
    }
    served(state, &caller, &sent, READINGS_LIMIT, trail).await
}

/// What is asked to be done: the method, or what a header says instead of it where the directory lets a header say so.
fn method_of(parts: &Parts, caller: &ScimCaller) -> Method {
    let says = || {
        let mut named = parts.headers.get_all("x-http-method-override").iter();
        let name = named.next().filter(|_| parts.method == Method::POST)?.to_str().ok()?.trim();
        let known = [Method::PUT, Method::PATCH, Method::DELETE];
        known.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name) && named.next().is_none())
    };
    let overridden = caller.terms.settings.has(Setting::MethodOverride).then(says).flatten();
    overridden.unwrap_or_else(|| parts.method.clone())
}

/// A request as it was sent: what it means depends on the directory's terms.
struct Sent {
    /// Without its body.
    raw: lockstep_idp::Request,
    body: Option<Bytes>,
    headers: HeaderMap,
    request_id: RequestId,
    client: Client,
}

/// Reads a request under the caller's terms, for the first time or again, and does what it asks.
async fn served<S: Store>(
    state: &AppState<S>,
    caller: &ScimCaller,
    sent: &Sent,
    reading: usize,
    trail: &mut Trail,
) -> Result<Response, Problem> {
    trail.contract = caller.provider.slug;
    trail.notes.clear();
    let mut raw = sent.raw.clone();
    raw.body = sent.body.as_ref().map(|bytes| json::parse(bytes, &state.limits)).transpose()?;
    if reading == 1 && recognition::note(state, caller, &raw, &sent.headers, sent.request_id, trail).await {
        return Err(Refusal::Stale.into());
    }
    trail.repairs = lockstep_idp::repair(caller.provider, &mut raw, &caller.terms, &state.repairs_off);

    let endpoint = endpoint_of(&raw)?;
    trail.operation = endpoint.template();
    trail.resources.clear();
    trail.resources.extend(endpoint.resource(caller.directory));
    caller.may(&endpoint)?;
    if !endpoint.changes() {
        admit(state, caller)?;
    }
    let (headers, request_id, client) = (sent.headers.clone(), sent.request_id, sent.client.clone());
    let asked = Asked { endpoint, query: raw.query, body: raw.body, headers, request_id, client };
    match &asked.endpoint {
        Endpoint::Discovery(document) => discovery::answer(state, caller, document, &asked),
        Endpoint::List(types) => {
            sensitive::refuse(caller, *types, asked.parameter("filter")?, &state.limits)?;
            search::answer(state, caller, *types, &asked).await
        }
        Endpoint::Search(types) => search::answer(state, caller, *types, &asked).await,
        Endpoint::Read(kind, id) => read::answer(state, caller, *kind, id, &asked).await,
        Endpoint::Create(_) | Endpoint::Replace(..) | Endpoint::Patch(..) | Endpoint::Delete(..) => {
            write::carry_out(state, caller, &asked, trail).await
        }
        Endpoint::Bulk => bulk::carry_out(state, caller, asked, trail).await,
    }
}

/// 429 where the IdP asks more often than the operator lets it. Not asked for what takes somebody's access away.
fn admit<S: Store>(state: &AppState<S>, caller: &ScimCaller) -> Result<(), Problem> {
    state.rate.as_ref().map_or(Ok(()), |rate| rate.admit(caller.directory))
}

fn endpoint_of(raw: &lockstep_idp::Request) -> Result<Endpoint, Problem> {
    Endpoint::find(&raw.method, &raw.path).map_err(|missing| match missing {
        NoEndpoint::Nothing => {
            Error::not_found("there is no such endpoint; see /ResourceTypes for those there are").into()
        }
        NoEndpoint::Moved(path) => {
            Error::not_found(format!("SCIM 1.1 is not spoken here; in SCIM 2.0 this is {path}")).into()
        }
        NoEndpoint::NotImplemented(what) => Error::not_implemented(what).into(),
        NoEndpoint::Method(allowed) => Problem::method_not_allowed(&raw.method, allowed),
    })
}

/// The directory that a path names: the part behind `/scim/v2/`.
pub(crate) fn directory_of(path: &str) -> Cow<'_, str> {
    let named = path.split('/').nth(3).unwrap_or_default();
    percent_encoding::percent_decode_str(named).decode_utf8_lossy()
}

/// What stands in a path behind `/scim/v2/{directory}`, decoded.
pub(crate) fn below_directory(path: &str) -> Result<String, Error> {
    let rest = path.splitn(5, '/').nth(4).unwrap_or_default();
    // RFC 3986 §2.2: an encoded slash is part of a segment, and no name or id of ours has one.
    if rest.to_ascii_lowercase().contains("%2f") {
        return Err(Error::not_found("there is no such endpoint: its path has an encoded slash"));
    }
    percent_encoding::percent_decode_str(rest)
        .decode_utf8()
        .map(|rest| format!("/{rest}"))
        .map_err(|_| Error::not_found("the path is not UTF-8"))
}

/// What is no text is not guessed at.
fn demand_utf8(query: &str) -> Result<(), Error> {
    match percent_encoding::percent_decode_str(query).decode_utf8() {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::invalid_value("the query is not UTF-8")),
    }
}

/// Whether a body of this type is read. Parameters mean nothing, save one that says that it is not UTF-8 (RFC 7644
/// §3.8). A client that says nothing is believed to mean JSON: there is nothing else to mean.
fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let Some(content_type) = content_type else { return true };
    let Ok(text) = content_type.to_str() else { return false };
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let known = ["", "application/scim+json", "application/json"];
    known.iter().any(|known| essence.eq_ignore_ascii_case(known))
        && parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
            let value = value.trim().trim_matches('"');
            !name.trim().eq_ignore_ascii_case("charset")
                || ["utf-8", "utf8", "us-ascii"].iter().any(|known| value.eq_ignore_ascii_case(known))
        })
}

/// Reads a body: bounded, and of a type that is JSON (RFC 7644 §3.1, §8.1).
async fn body_of<S: Store>(state: &AppState<S>, request: Request) -> Result<Bytes, Problem> {
    let mut types = request.headers().get_all(header::CONTENT_TYPE).iter();
    // Two types could be read differently by two readers.
    if !is_json(types.next()) || types.next().is_some() {
        return Err(Problem::unsupported_media_type("application/scim+json"));
    }
    let RawBody(bytes) = RawBody::from_request(request, state).await?;
    if bytes.is_empty() {
        return Err(Error::invalid_syntax("the request has no body; send a JSON object").into());
    }
    Ok(bytes)
}

/// Names of the repairs that were used, each once, in their order.
pub(crate) fn names(notes: &[Note]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for note in notes {
        if !names.contains(&note.repair) {
            names.push(note.repair);
        }
    }
    names
}

/// The URL below which everything of the caller's directory stands.
pub(crate) fn base_url<S: Store>(state: &AppState<S>, caller: &ScimCaller) -> String {
    format!("{}/scim/v2/{}", state.public_url, caller.directory_id)
}

/// The resource type of this directory.
fn definition(caller: &ScimCaller, kind: Kind) -> &Definition {
    match kind {
        Kind::User => &caller.terms.user,
        Kind::Group => &caller.terms.group,
    }
}

/// Which attributes the answer shows (RFC 7644 §3.9).
fn projection<S: Store>(
    state: &AppState<S>,
    asked: &Asked,
    definition: &Definition,
) -> Result<Projection, Error> {
    let (attributes, excluded) = (asked.parameter("attributes")?, asked.parameter("excludedAttributes")?);
    Projection::parse(attributes, excluded, definition, &state.limits)
}

/// The id within the directory of what a path names; 404 where it cannot be in this directory.
fn local_id(caller: &ScimCaller, kind: Kind, id: &str) -> Result<LocalId, Error> {
    let found = match kind {
        Kind::User => UserId::parse(id).map(|id| (id.directory, id.local)),
        Kind::Group => GroupId::parse(id).map(|id| (id.directory, id.local)),
    };
    match found {
        Some((directory, local)) if directory == caller.directory => Ok(local),
        // Another directory's is as unknown as one that never was.
        _ => Err(not_found(kind, id)),
    }
}

fn not_found(kind: Kind, id: &str) -> Error {
    let kind = match kind {
        Kind::User => "User",
        Kind::Group => "Group",
    };
    let shown: String = id.chars().filter(char::is_ascii_graphic).take(64).collect();
    Error::not_found(format!("there is no {kind} `{shown}` in this directory"))
}
