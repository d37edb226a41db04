//! Who is asking: the only source of a directory's number for a request. A credential names its directory or its
//! reach; what the path or a body says must agree with it, and another tenant's thing is not found.
//!
//! No credential or a wrong one is 401, and it is checked first. A path that names another directory than the token's
//! is 404. A deleted directory is 404 from then on; a paused one is 403 with a text that the IdP shows.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};
use lockstep_core::command::{Refusal, Terms};
use lockstep_core::id::{ApiKeyId, DirectoryId, DirectoryNumber, GroupId, OrganizationId, TokenId, UserId};
use lockstep_core::model::{ApiKey, Directory, DirectoryState, Head, Organization, Reach};
use lockstep_idp::Provider;
use lockstep_store::{GroupView, Store, StoreError, UserView};

use crate::limits::{CREDENTIAL_BYTES_LIMIT, CREDENTIALS_REMEMBERED_LIMIT};
use crate::problem::Problem;
use crate::state::{API_KEY_PREFIX, AppState, digest_of, secret_text};

/// An IdP, known by its bearer token. Only this file makes one.
#[derive(Clone, Debug)]
pub struct ScimCaller {
    /// The directory that it may speak of.
    pub directory: DirectoryNumber,
    /// The same, in full.
    pub directory_id: DirectoryId,
    /// What kind of IdP it is.
    pub provider: &'static Provider,
    /// What holds for the directory.
    pub terms: Arc<Terms>,
    /// Whether the directory serves. [`DirectoryState::Linked`], since any other is refused before a handler runs.
    pub state: DirectoryState,
    /// By which of the directory's tokens it is known.
    pub token: TokenId,
    _seal: Seal,
}

/// The application, known by its API key. Only this file makes one.
#[derive(Clone, Debug)]
pub struct ApiCaller {
    /// What it may speak of.
    pub reach: Reach,
    /// By which key it is known.
    pub key: ApiKeyId,
    _seal: Seal,
}

/// The IdP that sent these headers to the SCIM endpoint of the directory that `named` says. The scheme may be missing:
/// some administrators' forms fill in the header's whole value, and the secret is the same.
pub async fn scim_caller<S: Store>(
    state: &AppState<S>,
    headers: &HeaderMap,
    named: &str,
) -> Result<ScimCaller, Problem> {
    let sent = Credential::read(headers).ok_or_else(Problem::unauthorized)?;
    let grant = grant(state, sent.secret).await?.ok_or_else(Problem::unauthorized)?;
    // Some forms for a base URL take no underscore: a hyphen in its place means the same.
    if DirectoryId::parse(&named.replacen('-', "_", 1)) != Some(grant.directory.id) {
        return Err(Problem::not_found("directory"));
    }
    match grant.directory.state {
        DirectoryState::Linked => Ok(grant.caller()),
        DirectoryState::Unlinked => Err(Refusal::Paused.into()),
        DirectoryState::Deleting => Err(Problem::not_found("directory")),
    }
}

/// What nobody outside this file has.
#[derive(Clone, Copy, Debug)]
struct Seal;

impl<S: Store> FromRequestParts<AppState<S>> for ApiCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState<S>) -> Result<Self, Problem> {
        let sent = Credential::read(&parts.headers).filter(|sent| !sent.bare);
        let secret = sent.ok_or_else(Problem::unauthorized)?.secret;
        let key = api_key(state, secret).await?.ok_or_else(Problem::unauthorized)?;
        Ok(Self { reach: key.reach.clone(), key: key.id, _seal: Seal })
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
        let found = state.store.directory(number).await?;
        Ok(found.filter(|(directory, _)| {
            directory.state != DirectoryState::Deleting && self.reach.covers(directory.organization)
        }))
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
            let drawn =
                state.secrets.draw().ok_or_else(|| Problem::fault("the system gives no randomness"))?;
            secret_text(API_KEY_PREFIX, drawn)
        }
    };
    let digest = digest_of(&secret);
    if state.store.api_key(digest).await?.is_some() {
        return Ok(None);
    }
    let now = state.clock.now();
    let id = ApiKeyId::draw(now, &mut *state.secrets.random());
    state.store.put_api_key(ApiKey { id, digest, reach: Reach::Everything, created_at: now }).await?;
    Ok(Some(secret))
}

/// What a request sent to be known by.
struct Credential<'a> {
    secret: &'a str,
    /// Whether it came without a scheme.
    bare: bool,
}

impl<'a> Credential<'a> {
    fn read(headers: &'a HeaderMap) -> Option<Self> {
        let mut sent = headers.get_all(header::AUTHORIZATION).iter();
        // Two headers could be read differently by two readers.
        let (Some(value), None) = (sent.next(), sent.next()) else { return None };
        let value = value.to_str().ok()?.trim();
        if value.is_empty() || value.len() > CREDENTIAL_BYTES_LIMIT {
            return None;
        }
        match value.split_once(' ') {
            None => Some(Self { secret: value, bare: true }),
            // RFC 9110 §11.1: the scheme's case does not matter.
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => {
                // Some clients send the token as a quoted string (RFC 9110 §5.6.4): no token of ours holds a quote.
                let secret = rest.trim().trim_matches('"');
                (!secret.is_empty() && !secret.contains(' ')).then_some(Self { secret, bare: false })
            }
            Some(_) => None,
        }
    }
}

/// What a bearer token was found to grant.
#[derive(Debug)]
struct Grant {
    directory: Directory,
    provider: &'static Provider,
    terms: Arc<Terms>,
    token: TokenId,
}

impl Grant {
    fn caller(&self) -> ScimCaller {
        ScimCaller {
            directory: self.directory.id.directory,
            directory_id: self.directory.id,
            provider: self.provider,
            terms: self.terms.clone(),
            state: self.directory.state,
            token: self.token,
            _seal: Seal,
        }
    }
}

/// What was read of credentials, by their digests. Holds under one [`Store::epoch`]; wrong ones are not remembered.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    grants: Remembered<Grant>,
    keys: Remembered<ApiKey>,
}

#[derive(Debug)]
struct Remembered<T>(RwLock<Epoch<T>>);

/// What was read while the store's epoch had this number.
#[derive(Debug)]
struct Epoch<T> {
    number: u64,
    read: HashMap<[u8; 32], Arc<T>>,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self(RwLock::new(Epoch { number: 0, read: HashMap::new() }))
    }
}

impl<T> Remembered<T> {
    fn recall(&self, epoch: u64, digest: &[u8; 32]) -> Option<Arc<T>> {
        let guard = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if guard.number == epoch { guard.read.get(digest).cloned() } else { None }
    }

    /// `epoch` is what it was before `value` was read, so that what changed meanwhile is read again.
    fn remember(&self, epoch: u64, digest: [u8; 32], value: Arc<T>) {
        let mut guard = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if guard.number > epoch {
            return;
        }
        if guard.number < epoch || guard.read.len() >= CREDENTIALS_REMEMBERED_LIMIT {
            guard.read.clear();
        }
        guard.number = epoch;
        guard.read.insert(digest, value);
    }
}

async fn grant<S: Store>(state: &AppState<S>, secret: &str) -> Result<Option<Arc<Grant>>, Problem> {
    let digest = digest_of(secret);
    let epoch = state.store.epoch();
    if let Some(grant) = state.credentials.grants.recall(epoch, &digest) {
        return Ok(Some(grant));
    }
    let Some((number, token)) = state.store.token(digest).await? else { return Ok(None) };
    let Some((directory, _)) = state.store.directory(number).await? else { return Ok(None) };
    let (provider, terms) = state.contract_of(&directory)?;
    let grant = Arc::new(Grant { directory, provider, terms, token: token.id });
    state.credentials.grants.remember(epoch, digest, grant.clone());
    Ok(Some(grant))
}

async fn api_key<S: Store>(state: &AppState<S>, secret: &str) -> Result<Option<Arc<ApiKey>>, StoreError> {
    let digest = digest_of(secret);
    let epoch = state.store.epoch();
    if let Some(key) = state.credentials.keys.recall(epoch, &digest) {
        return Ok(Some(key));
    }
    let Some(key) = state.store.api_key(digest).await?.map(Arc::new) else { return Ok(None) };
    state.credentials.keys.remember(epoch, digest, key.clone());
    Ok(Some(key))
}

#[cfg(test)]
mod tests;
