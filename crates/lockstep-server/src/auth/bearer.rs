//! An IdP, known by its bearer token or by a token of its own that an OAuth client vouches for: what it grants at which
//! directory, read anew whenever the store has changed.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use http::{HeaderMap, HeaderValue, header};
use lockstep_core::client::OAuthClient;
use lockstep_core::clock::Timestamp;
use lockstep_core::command::{Refusal, Terms};
use lockstep_core::id::{ClientId, DirectoryId, DirectoryNumber, TokenId};
use lockstep_core::model::{Directory, DirectoryState};
use lockstep_core::query::Kind;
use lockstep_core::scope::{Access, Missing, Scopes};
use lockstep_idp::Provider;
use lockstep_store::{Page, Store, TokenUse};

use super::credential::{Credential, Form};
use super::{Seal, is_due};
use crate::limits::CLIENTS_LIMIT;
use crate::oauth::issued::{self, Refused};
use crate::oauth::jwt::looks_like_jwt;
use crate::problem::Problem;
use crate::scim::Endpoint;
use crate::state::{AppState, digest_of};

/// An IdP, known by its bearer token. Only this module makes one.
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
    /// By what it is known.
    pub known_by: KnownBy,
    /// What it may not do.
    pub scopes: Scopes,
    /// What its credential is remembered by.
    digest: [u8; 32],
    /// From when on its credential is none; `None`: for ever.
    expires_at: Option<Timestamp>,
    _seal: Seal,
}

/// By what an IdP is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KnownBy {
    /// One of the directory's bearer tokens, and the OAuth client to which it was issued, if it was.
    Token(TokenId, Option<ClientId>),
    /// A token of its own, as one of the directory's OAuth clients says that it may be.
    Issuer(ClientId),
}

impl KnownBy {
    /// Who it is, whichever of its tokens it uses: the client, where there is one.
    #[must_use]
    pub fn identity(self) -> u128 {
        match self {
            Self::Token(_, Some(client)) | Self::Issuer(client) => client.0,
            Self::Token(token, None) => token.0,
        }
    }
}

/// The IdP that sent these headers to the SCIM endpoint of the directory that `named` says. Which forms of a credential
/// are taken besides `Bearer` the contract says: some administrators' forms fill in the header's whole value, others ask
/// for a name and a password, others for a header; the secret is the same.
pub async fn scim_caller<S: Store>(
    state: &AppState<S>,
    headers: &HeaderMap,
    named: &str,
) -> Result<ScimCaller, Problem> {
    let own = own_header(state, headers, named).await?;
    let sent = own.map_or_else(|| Credential::read(headers), Credential::alone)?;
    let secret = sent.secret.as_ref();
    let grant = if looks_like_jwt(secret) {
        issued_grant(state, secret, named).await?
    } else {
        grant(state, digest_of(secret)).await?
    };
    if directory_named(named) != Some(grant.directory.id) {
        return Err(Problem::not_found("directory"));
    }
    let rules = &grant.terms.rules;
    let taken = match sent.form {
        Form::Bearer | Form::OwnHeader => true,
        Form::Bare => rules.bare_tokens,
        Form::Basic => rules.basic_credentials,
    };
    if !taken {
        return Err(Problem::unauthorized());
    }
    let caller = grant.caller()?;
    note_use(state, &grant);
    Ok(caller)
}

/// What stands in the header in which the directory that `named` says has its credential; nothing where there is an
/// `Authorization` header, which goes before any other.
async fn own_header<'a, S: Store>(
    state: &AppState<S>,
    headers: &'a HeaderMap,
    named: &str,
) -> Result<Option<&'a HeaderValue>, Problem> {
    if headers.contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let Some(id) = directory_named(named) else { return Ok(None) };
    let found = state.store.directory(id.directory).await?.filter(|(directory, _)| directory.id == id);
    let Some((directory, _)) = found else { return Ok(None) };
    let mut sent = headers.get_all(directory.credential_header.as_str()).iter();
    let value = sent.next();
    if sent.next().is_some() {
        return Err(Problem::malformed_credential("send the header with the credential once"));
    }
    Ok(value)
}

/// The directory that a path names. Some forms for a base URL take no underscore: a hyphen in its place means the same.
pub(crate) fn directory_named(text: &str) -> Option<DirectoryId> {
    DirectoryId::parse(&text.replacen('-', "_", 1))
}

impl ScimCaller {
    /// Whether the token's scopes allow what is asked: 403 where they do not, and which scope it is. What one request asks
    /// at once, such as each operation of a bulk, is asked one by one.
    pub(crate) fn may(&self, endpoint: &Endpoint) -> Result<(), Problem> {
        let Some((access, kind)) = endpoint.needs() else { return Ok(()) };
        let missing = self.scopes.refuse(access, kind).map(Missing::as_str);
        missing.map_or(Ok(()), |why| Err(Problem::insufficient_scope(why)))
    }

    /// 403 where the token may not change resources of this kind: a request can change others than its path names.
    pub(crate) fn may_change(&self, kind: Kind) -> Result<(), Problem> {
        let missing = self.scopes.refuse(Access::Write, kind).map(Missing::as_str);
        missing.map_or(Ok(()), |why| Err(Problem::insufficient_scope(why)))
    }

    /// Whether resources of this kind exist for the token: where several kinds are listed at once, others are left out.
    pub fn sees(&self, kind: Kind) -> bool {
        self.scopes.refuse(Access::Read, kind).is_none()
    }

    /// Says once more what held when the request began: a body may take its time, and must not outlive a revocation.
    pub(crate) async fn check_again<S: Store>(&self, state: &AppState<S>) -> Result<(), Problem> {
        let grant = match self.known_by {
            KnownBy::Token(..) => grant(state, self.digest).await?,
            KnownBy::Issuer(client) => issued_again(state, self, client).await?,
        };
        grant.caller().map(drop)
    }
}

/// What a bearer token was found to grant.
#[derive(Debug)]
pub(super) struct Grant {
    directory: Directory,
    provider: &'static Provider,
    terms: Arc<Terms>,
    known_by: KnownBy,
    scopes: Scopes,
    /// What it is remembered by.
    digest: [u8; 32],
    /// From when on it grants nothing; `None`: for ever.
    expires_at: Option<Timestamp>,
    /// The last use that was noted, in microseconds.
    used_at: AtomicI64,
}

impl Grant {
    /// 401 where it has expired.
    fn alive<S: Store>(self: Arc<Self>, state: &AppState<S>) -> Result<Arc<Self>, Problem> {
        let now = state.clock.now();
        if self.expires_at.is_none_or(|end| now < end) { Ok(self) } else { Err(Problem::invalid_token()) }
    }

    /// The caller, where the directory serves.
    fn caller(&self) -> Result<ScimCaller, Problem> {
        match self.directory.state {
            DirectoryState::Linked => {}
            DirectoryState::Unlinked => return Err(Refusal::Paused.into()),
            DirectoryState::Deleting => return Err(Problem::not_found("directory")),
        }
        Ok(ScimCaller {
            directory: self.directory.id.directory,
            directory_id: self.directory.id,
            provider: self.provider,
            terms: self.terms.clone(),
            state: self.directory.state,
            known_by: self.known_by,
            scopes: self.scopes,
            digest: self.digest,
            expires_at: self.expires_at,
            _seal: Seal,
        })
    }
}

/// Notes that a token was used, once in a while: the worker writes it, and no request waits for that.
fn note_use<S: Store>(state: &AppState<S>, grant: &Grant) {
    let KnownBy::Token(token, _) = grant.known_by else { return };
    let now = state.clock.now();
    if is_due(&grant.used_at, now) {
        let used = TokenUse { directory: grant.directory.id.directory, token, at: now };
        state.credentials.uses.note(used);
    }
}

/// What the token with this digest grants now: 401 where it is not known or has expired, whether it was remembered or
/// not.
async fn grant<S: Store>(state: &AppState<S>, digest: [u8; 32]) -> Result<Arc<Grant>, Problem> {
    let epoch = state.store.epoch();
    let grant = if let Some(grant) = state.credentials.grants.recall(epoch, &digest) {
        grant
    } else {
        let grant = Arc::new(read_grant(state, digest).await?);
        state.credentials.grants.remember(epoch, digest, grant.clone());
        grant
    };
    grant.alive(state)
}

async fn read_grant<S: Store>(state: &AppState<S>, digest: [u8; 32]) -> Result<Grant, Problem> {
    let (number, token) = state.store.token(digest).await?.ok_or_else(Problem::invalid_token)?;
    let (directory, _) = state.store.directory(number).await?.ok_or_else(Problem::invalid_token)?;
    let directory = with_owner(state, directory).await?;
    let (provider, terms) = state.contract_of(&directory).await?;
    Ok(Grant {
        directory,
        provider,
        terms,
        known_by: KnownBy::Token(token.id, token.client),
        scopes: token.scopes,
        digest,
        expires_at: token.expires_at,
        used_at: AtomicI64::new(token.last_used_at.map_or(0, |time| time.0)),
    })
}

/// What an IdP's own token grants at the directory that `named` says: only that directory's clients say whom it trusts,
/// so for another directory the same token is another question. 401 in the same words for whatever is wrong, also where
/// there is no such directory; 503 where the issuer's keys cannot be had, since then nobody knows.
async fn issued_grant<S: Store>(
    state: &AppState<S>,
    token: &str,
    named: &str,
) -> Result<Arc<Grant>, Problem> {
    let id = directory_named(named).ok_or_else(Problem::invalid_token)?;
    let digest = digest_of(&format!("{id} {token}"));
    let epoch = state.store.epoch();
    if let Some(grant) = state.credentials.grants.recall(epoch, &digest) {
        return grant.alive(state);
    }
    let number = id.directory;
    let found = state.store.directory(number).await?.filter(|(directory, _)| directory.id == id);
    let (directory, _) = found.ok_or_else(Problem::invalid_token)?;
    let clients = state.store.clients(number, Page::first(CLIENTS_LIMIT)).await?;
    let checked = issued::check(token, &clients, &state.issuer_keys, &*state.clock).await;
    let (client, expires_at) = checked.map_err(|refused| match &refused {
        Refused::Unavailable(_) => {
            let message = "the keys of the token's issuer cannot be fetched now; try again";
            Problem::unavailable("issuer_unavailable", message, 60).with_detail(refused.to_string())
        }
        Refused::Token(_) | Refused::Stranger | Refused::Key => {
            Problem::invalid_token().with_detail(refused.to_string())
        }
    })?;
    let grant = issuer_grant(state, directory, client, digest, expires_at).await?;
    state.credentials.grants.remember(epoch, digest, grant.clone());
    Ok(grant)
}

/// The same, for a caller whose token was verified when its request began: where it is not remembered any more, that
/// its client is still there.
async fn issued_again<S: Store>(
    state: &AppState<S>,
    caller: &ScimCaller,
    client: ClientId,
) -> Result<Arc<Grant>, Problem> {
    let epoch = state.store.epoch();
    if let Some(grant) = state.credentials.grants.recall(epoch, &caller.digest) {
        return grant.alive(state);
    }
    let found = state.store.client(client).await?.filter(|(number, _)| *number == caller.directory);
    let (number, client) = found.ok_or_else(Problem::invalid_token)?;
    let (directory, _) = state.store.directory(number).await?.ok_or_else(Problem::invalid_token)?;
    let expires_at = caller.expires_at.ok_or_else(Problem::invalid_token)?;
    issuer_grant(state, directory, &client, caller.digest, expires_at).await?.alive(state)
}

async fn issuer_grant<S: Store>(
    state: &AppState<S>,
    directory: Directory,
    client: &OAuthClient,
    digest: [u8; 32],
    expires_at: Timestamp,
) -> Result<Arc<Grant>, Problem> {
    let directory = with_owner(state, directory).await?;
    let (provider, terms) = state.contract_of(&directory).await?;
    Ok(Arc::new(Grant {
        directory,
        provider,
        terms,
        known_by: KnownBy::Issuer(client.id),
        scopes: client.scopes,
        digest,
        expires_at: Some(expires_at),
        used_at: AtomicI64::new(0),
    }))
}

/// A directory of a deleted organization is gone with it, though it is not deleted yet.
async fn with_owner<S: Store>(state: &AppState<S>, mut directory: Directory) -> Result<Directory, Problem> {
    if state.store.organization(directory.organization).await?.is_none() {
        directory.state = DirectoryState::Deleting;
    }
    Ok(directory)
}
