//! API keys of this server: made, listed, rotated and deleted by the applications themselves. A key makes, sees and reaches
//! no key that may do more than itself. The secret is shown when the key is made and never again: only its digest is kept.
//!
//! They are not what WorkOS calls API keys (those of an application's customers): nothing of that is here.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use lockstep_core::clock::Timestamp;
use lockstep_core::id::{ApiKeyId, OrganizationId};
use lockstep_core::model::{ApiKey, Reach};
use lockstep_store::{Entered, Entry, KeyRemoval, Page, Store};

use super::fields::{Fields, Given};
use super::paging::{self, Paging};
use super::query::Query;
use super::tokens::{after, renewed};
use super::{bodies, render};
use crate::auth::{ApiCaller, shown};
use crate::body::JsonObject;
use crate::limits::{API_KEY_ORGANIZATIONS_LIMIT, API_KEYS_LIMIT, NAME_BYTES_LIMIT, OVERLAP_LIMIT};
use crate::once::Once;
use crate::openapi::{Operation, Tag};
use crate::path::Path;
use crate::problem::Problem;
use crate::state::{API_KEY_PREFIX, AppState, digest_of, secret_text};

/// How [`list`] is described.
pub(crate) const LIST: Operation = Operation::new("list_api_keys", Tag::ApiKeys, "List API keys")
    .about("Expired ones too; only those that may do no more than the key that asks.")
    .list::<render::ApiKey>("A part of the keys.");

/// `GET /api_keys`: newest first, expired ones too; only those that may do no more than the one that asks.
pub(crate) async fn list<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    query: Query,
) -> Result<Response, Problem> {
    let paging = Paging::read(&query, ApiKeyId::parse)?;
    // Few enough to be looked at all at once.
    let mut all = state.store.api_keys(Page::first(API_KEYS_LIMIT)).await?;
    all.retain(|key| caller.reaches(key));
    let mut found = paging.pick(all, |key| key.id);
    let cursors = paging.cut(&mut found, |key| key.id.to_string());
    Ok(paging::list(found.iter().map(render::api_key), cursors))
}

/// How [`read`] is described.
pub(crate) const READ: Operation = Operation::new("get_api_key", Tag::ApiKeys, "Get an API key")
    .answers::<render::ApiKey>(200, "The key, without its secret.")
    .errors(&[404]);

/// `GET /api_keys/{id}`.
pub(crate) async fn read<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(Json(render::api_key(&find(&state, &caller, &id).await?)).into_response())
}

/// How [`create`] is described.
pub(crate) const CREATE: Operation = Operation::new("create_api_key", Tag::ApiKeys, "Make an API key")
    .about(
        "What is left out is as it is of the key that asks, which makes no key that may do more than itself. The answer \
         has, this one time, the `value`. There are at most 1000 keys that live.",
    )
    .body::<bodies::NewApiKey>()
    .answers::<render::ApiKey>(201, "The key, with its secret.")
    .errors(&[404, 409]);

/// `POST /api_keys`. What is left out is as it is of the key that asks. The answer is the key and, this one time, `value`.
pub(crate) async fn create<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    once: Once,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    let own = &caller.known_by.key;
    let mut fields = Fields::new(body, &CREATE);
    let name = fields.optional_text("name", NAME_BYTES_LIMIT).value();
    let organizations = fields.optional_texts("organization_ids", API_KEY_ORGANIZATIONS_LIMIT).value();
    let read_only = fields.optional_truth("read_only").unwrap_or(own.read_only);
    let expires_at = match fields.optional_end("expires_at", now) {
        Given::Absent => own.expires_at,
        Given::Null => None,
        Given::Value(end) => Some(end),
    };
    if organizations.as_ref().is_some_and(Vec::is_empty) {
        let message = "`organization_ids` must name one organization at least; leave it out for all that this key reaches";
        fields.wrong("organization_ids", "invalid_list", message.to_owned());
    }
    outlives_nobody(&mut fields, own, expires_at);
    fields.done()?;
    let reach = match organizations {
        None => own.reach.clone(),
        Some(texts) => {
            let mut list: Vec<OrganizationId> = Vec::with_capacity(texts.len());
            for text in texts {
                let id = caller.organization(&state, &text).await?.id;
                if !list.contains(&id) {
                    list.push(id);
                }
            }
            Reach::Organizations(list)
        }
    };
    let value = secret_text(API_KEY_PREFIX, state.draw_secret()?);
    let id = ApiKeyId::draw(now, &mut *state.secrets.random());
    let key = ApiKey { name, reach, read_only, expires_at, ..made(id, &value, now) };
    answer(&state, &once, &key, value, Entry::ApiKey { key: key.clone(), max: API_KEYS_LIMIT }).await
}

/// How [`rotate`] is described.
pub(crate) const ROTATE: Operation = Operation::new("rotate_api_key", Tag::ApiKeys, "Replace an API key")
    .about(
        "The new key may do the same, and has an id of its own. The old one is accepted for `overlap_seconds` more: its \
         `last_used_at` shows whether somebody still uses it. The answer has, this one time, the `value`.",
    )
    .body::<bodies::Rotation>()
    .answers::<render::ApiKey>(201, "The new key, with its secret.")
    .errors(&[404, 409]);

/// `POST /api_keys/{id}/rotate`: a key in its place, which may do the same and lives as long as it was to live. The old one
/// is accepted for `overlap_seconds` more. The answer is the new key and, this one time, `value`.
pub(crate) async fn rotate<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    once: Once,
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let old = find(&state, &caller, &id).await?;
    let now = state.clock.now();
    let mut fields = Fields::new(body, &ROTATE);
    let overlap = fields.seconds("overlap_seconds", OVERLAP_LIMIT);
    let expires_at = renewed(&fields.optional_end("expires_at", now), old.created_at, old.expires_at, now);
    outlives_nobody(&mut fields, &caller.known_by.key, expires_at);
    fields.done()?;
    let value = secret_text(API_KEY_PREFIX, state.draw_secret()?);
    let id = ApiKeyId::draw(now, &mut *state.secrets.random());
    let key = ApiKey {
        name: old.name.clone(),
        reach: old.reach.clone(),
        read_only: old.read_only,
        expires_at,
        ..made(id, &value, now)
    };
    let entry = Entry::RotatedApiKey {
        old: old.id,
        old_ends_at: after(now, overlap),
        key: key.clone(),
        max: API_KEYS_LIMIT,
    };
    answer(&state, &once, &key, value, entry).await
}

/// How [`remove`] is described.
pub(crate) const REMOVE: Operation = Operation::new("delete_api_key", Tag::ApiKeys, "Delete an API key")
    .about(
        "It is refused from now on, and never accepted again. The last key that reaches everything, may write and does \
         not end stays.",
    )
    .nothing(204, "It is deleted.")
    .errors(&[404, 409]);

/// `DELETE /api_keys/{id}`: refused from now on, and never accepted again.
pub(crate) async fn remove<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let key = find(&state, &caller, &id).await?;
    match state.store.remove_api_key(key.id).await? {
        KeyRemoval::Done => Ok(StatusCode::NO_CONTENT.into_response()),
        KeyRemoval::Missing => Err(missing()),
        KeyRemoval::Last => Err(last()),
    }
}

fn made(id: ApiKeyId, value: &str, now: Timestamp) -> ApiKey {
    ApiKey { shown: shown(value), ..ApiKey::unrestricted(id, digest_of(value), now) }
}

/// Says it where a key would live longer than the one that makes it.
fn outlives_nobody(fields: &mut Fields, own: &ApiKey, expires_at: Option<Timestamp>) {
    let Some(end) = own.expires_at else { return };
    if expires_at.is_none_or(|other| other > end) {
        let message = format!(
            "the key that asks ends at {end}, and makes none that lives longer: `expires_at` must not be later"
        );
        fields.wrong("expires_at", "outlives_its_maker", message);
    }
}

/// Records a key and answers with it.
async fn answer<S: Store>(
    state: &AppState<S>,
    once: &Once,
    key: &ApiKey,
    value: String,
    entry: Entry,
) -> Result<Response, Problem> {
    let mut answer = render::api_key(key);
    answer.value = Some(value);
    let receipt = once.receipt(state, StatusCode::CREATED, &answer)?;
    match state.store.enter(entry, receipt).await? {
        Entered::Done => Ok((StatusCode::CREATED, Json(answer)).into_response()),
        Entered::Repeated => Err(Problem::repeated()),
        Entered::Stale => Err(missing()),
        Entered::LastKey => Err(last()),
        Entered::Full => {
            let message = format!("there are {API_KEYS_LIMIT} API keys that live: delete one first");
            Err(Problem::conflict("too_many_api_keys", message))
        }
    }
}

/// The key that `text` names, if it is within reach.
async fn find<S: Store>(state: &AppState<S>, caller: &ApiCaller, text: &str) -> Result<ApiKey, Problem> {
    let id = ApiKeyId::parse(text).ok_or_else(missing)?;
    let page = Page { after: id.0.checked_sub(1).map(ApiKeyId), ..Page::first(1) };
    let found = state.store.api_keys(page).await?.pop();
    found.filter(|key| key.id == id && caller.reaches(key)).ok_or_else(missing)
}

fn missing() -> Problem {
    Problem::not_found("API key")
}

fn last() -> Problem {
    let message = "this is the last API key that reaches everything, may write and does not end: make another such key \
                   first, at `POST /api_keys`";
    Problem::conflict("last_api_key", message)
}
