//! The application, known by its API key: what it reaches, and what it may change. What it does not reach is not found.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use axum::extract::FromRequestParts;
use http::Method;
use http::request::Parts;
use lockstep_core::clock::Timestamp;
use lockstep_core::id::{ApiKeyId, DirectoryId, DirectoryNumber, GroupId, OrganizationId, UserId};
use lockstep_core::model::{ApiKey, Directory, DirectoryState, Head, Organization, Reach};
use lockstep_store::{GroupView, KeyUse, Store, StoreError, UserView};

use super::credential::{Credential, Form};
use super::{Seal, is_due};
use crate::api::query::Query;
use crate::limits::{API_KEY_CHARS_SHOWN, API_KEY_CHARS_UNGUESSABLE};
use crate::openapi::Operation;
use crate::problem::Problem;
use crate::state::{API_KEY_PREFIX, AppState, digest_of, secret_text};
use crate::trail::CameBy;

/// The application, known by its API key. Only this module makes one.
#[derive(Clone, Debug)]
pub struct ApiCaller {
    /// What it may speak of.
    pub reach: Reach,
    /// The key by which it is known.
    pub(crate) known_by: Arc<KnownKey>,
    _seal: Seal,
}

impl<S: Store> FromRequestParts<AppState<S>> for ApiCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState<S>) -> Result<Self, Problem> {
        let caller = api_caller(state, parts).await?;
        if let Some(operation) = parts.extensions.get::<&'static Operation>() {
            Query::parse(parts.uri.query().unwrap_or_default()).knows(operation)?;
        }
        Ok(caller)
    }
}

/// The application that sent this request. 403 where its key only reads and the request does not.
pub(crate) async fn api_caller<S: Store>(state: &AppState<S>, parts: &Parts) -> Result<ApiCaller, Problem> {
    let sent = Credential::read(&parts.headers)?;
    if sent.form != Form::Bearer {
        return Err(Problem::unauthorized());
    }
    let now = state.clock.now();
    let known_by = api_key(state, &sent.secret).await?.ok_or_else(Problem::invalid_token)?;
    if let Some(came_by) = parts.extensions.get::<CameBy>() {
        came_by.note(known_by.key.id);
    }
    if !known_by.key.is_alive(now) {
        return Err(Problem::invalid_token());
    }
    let is_preview = parts.method == Method::POST && parts.uri.path().ends_with(PREVIEW);
    if known_by.key.read_only && !(parts.method.is_safe() || is_preview) {
        return Err(Problem::forbidden(
            "this API key only reads: send the request with one that may write, or make one at `POST /api_keys`",
        ));
    }
    known_by.note_use(state, now);
    Ok(ApiCaller { reach: known_by.key.reach.clone(), known_by, _seal: Seal })
}

/// How the path of a request ends that changes nothing though its method says so.
const PREVIEW: &str = "/preview";

/// An API key, and when its use was last noted.
#[derive(Debug)]
pub(crate) struct KnownKey {
    pub(crate) key: ApiKey,
    /// In microseconds.
    used_at: AtomicI64,
}

impl KnownKey {
    /// Notes that the key was used, once in a while, as is done of tokens.
    fn note_use<S: Store>(&self, state: &AppState<S>, now: Timestamp) {
        if is_due(&self.used_at, now) {
            state.credentials.key_uses.note(KeyUse { key: self.key.id, at: now });
        }
    }
}

impl ApiCaller {
    /// The organization that `text` names, if it is within reach.
    pub async fn organization<S: Store>(
        &self,
        state: &AppState<S>,
        text: &str,
    ) -> Result<Organization, Problem> {
        let missing = || Problem::not_found("organization");
        let id = OrganizationId::parse(text).filter(|id| self.reach.covers(*id)).ok_or_else(missing)?;
        state.store.organization(id).await?.ok_or_else(missing)
    }

    /// The directory that `text` names, if it is within reach and not deleted.
    pub async fn directory<S: Store>(
        &self,
        state: &AppState<S>,
        text: &str,
    ) -> Result<(Directory, Head), Problem> {
        let missing = || Problem::not_found("directory");
        let id = DirectoryId::parse(text).ok_or_else(missing)?;
        let found = self.directory_numbered(state, id.directory).await?;
        found.filter(|(directory, _)| directory.id == id).ok_or_else(missing)
    }

    /// The user that `text` names, with its directory, if it is within reach.
    pub async fn user<S: Store>(
        &self,
        state: &AppState<S>,
        text: &str,
    ) -> Result<(Directory, UserView), Problem> {
        let missing = || Problem::not_found("directory user");
        let id = UserId::parse(text).ok_or_else(missing)?;
        let (directory, _) = self.directory_numbered(state, id.directory).await?.ok_or_else(missing)?;
        let user = state.store.user(id.directory, id.local).await?.ok_or_else(missing)?;
        Ok((directory, user))
    }

    /// The group that `text` names, with its directory, if it is within reach; without its members.
    pub async fn group<S: Store>(
        &self,
        state: &AppState<S>,
        text: &str,
    ) -> Result<(Directory, GroupView), Problem> {
        let missing = || Problem::not_found("directory group");
        let id = GroupId::parse(text).ok_or_else(missing)?;
        let (directory, _) = self.directory_numbered(state, id.directory).await?.ok_or_else(missing)?;
        let group = state.store.group(id.directory, id.local, false).await?.ok_or_else(missing)?;
        Ok((directory, group))
    }

    /// Whether this key may do all that the other one may.
    pub(crate) fn reaches(&self, other: &ApiKey) -> bool {
        self.known_by.key.covers(&other.reach, other.read_only)
    }

    /// The organizations to which a list is limited: the one that `named` says, or those within reach; `None` for all.
    pub async fn scope<S: Store>(
        &self,
        state: &AppState<S>,
        named: Option<&str>,
    ) -> Result<Option<Vec<OrganizationId>>, Problem> {
        match (named, &self.reach) {
            (Some(named), _) => Ok(Some(vec![self.organization(state, named).await?.id])),
            (None, Reach::Everything) => Ok(None),
            (None, Reach::Organizations(list)) => Ok(Some(list.clone())),
        }
    }

    async fn directory_numbered<S: Store>(
        &self,
        state: &AppState<S>,
        number: DirectoryNumber,
    ) -> Result<Option<(Directory, Head)>, Problem> {
        let found = state.store.directory(number).await?.filter(|(directory, _)| {
            directory.state != DirectoryState::Deleting && self.reach.covers(directory.organization)
        });
        let Some((directory, head)) = found else { return Ok(None) };
        // What belongs to a deleted organization is gone with it, though it is not deleted yet.
        let owner = state.store.organization(directory.organization).await?;
        Ok(owner.map(|_| (directory, head)))
    }
}

/// Accepts an API key that the operator chose, or an own one where `chosen` is `None`; it reaches everything. The
/// secret, where it is new to the store and so must be shown this one time.
pub async fn accept_api_key<S: Store>(
    state: &AppState<S>,
    chosen: Option<&str>,
) -> Result<Option<String>, Problem> {
    let secret = match chosen {
        Some(secret) if secret.is_empty() || !secret.bytes().all(|b| b.is_ascii_graphic() && b != b'"') => {
            return Err(Problem::bad_request(
                "an API key is visible ASCII characters without blanks and quotes",
            ));
        }
        Some(secret) => secret.to_owned(),
        None => {
            let drawn = state.draw_secret()?;
            secret_text(API_KEY_PREFIX, drawn)
        }
    };
    let digest = digest_of(&secret);
    let now = state.clock.now();
    if let Some(key) = state.store.api_key(digest).await? {
        if let Some(end) = key.expires_at.filter(|_| !key.is_alive(now)) {
            tracing::warn!(key = %key.id, "the API key that is configured ended at {end} and is refused: configure another one");
        }
        return Ok(None);
    }
    let id = ApiKeyId::draw(now, &mut *state.secrets.random());
    let key = ApiKey { shown: shown(&secret), ..ApiKey::unrestricted(id, digest, now) };
    match state.store.put_api_key(key).await {
        Ok(()) => Ok(Some(secret)),
        Err(StoreError::Conflict { .. }) => {
            let message = "this API key was deleted and is none again: choose another one";
            Err(Problem::conflict("api_key_deleted", message))
        }
        Err(error) => Err(error.into()),
    }
}

/// As much of an API key as may be shown: what it begins with where it was made here, and how it ends where it is so long
/// that this helps nobody to guess it.
pub(crate) fn shown(secret: &str) -> String {
    let prefix = if secret.starts_with(API_KEY_PREFIX) { API_KEY_PREFIX } else { "" };
    let rest = secret.get(prefix.len()..).unwrap_or_default();
    let end = rest.len().checked_sub(API_KEY_CHARS_SHOWN).filter(|_| rest.len() >= API_KEY_CHARS_UNGUESSABLE);
    format!("{prefix}…{}", end.and_then(|end| rest.get(end..)).unwrap_or_default())
}

async fn api_key<S: Store>(state: &AppState<S>, secret: &str) -> Result<Option<Arc<KnownKey>>, StoreError> {
    let digest = digest_of(secret);
    let epoch = state.store.epoch();
    if let Some(key) = state.credentials.keys.recall(epoch, &digest) {
        return Ok(Some(key));
    }
    let Some(key) = state.store.api_key(digest).await? else { return Ok(None) };
    let used_at = AtomicI64::new(key.last_used_at.map_or(0, |time| time.0));
    let key = Arc::new(KnownKey { key, used_at });
    state.credentials.keys.remember(epoch, digest, key.clone());
    Ok(Some(key))
}
