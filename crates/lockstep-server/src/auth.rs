//! Who is asking: the only source of a directory's number for a request. A credential names its directory or its
//! reach; what the path or a body says must agree with it, and another tenant's thing is not found.
//!
//! No credential or a wrong one is 401, and it is checked first. A path that names another directory than the token's
//! is 404. A deleted directory is 404 from then on; a paused one is 403 with a text that the IdP shows. What a token's
//! scopes take away is 403 too.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use lockstep_core::client::OAuthClient;
use lockstep_core::clock::Timestamp;
use lockstep_core::command::{Refusal, Terms};
use lockstep_core::id::{
    ApiKeyId, ClientId, DirectoryId, DirectoryNumber, GroupId, OrganizationId, TokenId, UserId,
};
use lockstep_core::model::{ApiKey, Directory, DirectoryState, Head, Organization, Reach};
use lockstep_core::query::Kind;
use lockstep_core::scope::{Access, Missing, Scopes};
use lockstep_idp::Provider;
use lockstep_store::{GroupView, KeyUse, Page, Store, StoreError, TokenUse, UserView};

use crate::api::query::Query;
use crate::limits::{
    API_KEY_CHARS_SHOWN, API_KEY_CHARS_UNGUESSABLE, CLIENTS_LIMIT, CREDENTIAL_BYTES_LIMIT,
    CREDENTIALS_REMEMBERED_LIMIT, TOKEN_USE_PERIOD,
};
use crate::oauth::issued::{self, Refused};
use crate::oauth::jwt::looks_like_jwt;
use crate::openapi::Operation;
use crate::problem::Problem;
use crate::scim::Endpoint;
use crate::state::{API_KEY_PREFIX, AppState, digest_of, secret_text};
use crate::trail::CameBy;

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

/// The application, known by its API key. Only this file makes one.
#[derive(Clone, Debug)]
pub struct ApiCaller {
    /// What it may speak of.
    pub reach: Reach,
    /// The key by which it is known.
    pub(crate) known_by: Arc<KnownKey>,
    _seal: Seal,
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

/// What nobody outside this file has.
#[derive(Clone, Copy, Debug)]
struct Seal;

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
    if known_by.key.read_only && !(parts.method.is_safe() || parts.uri.path().ends_with(PREVIEW)) {
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
    /// Notes that the key was used, once in a while, as [`note_use`] does of tokens.
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
    if state.store.api_key(digest).await?.is_some() {
        return Ok(None);
    }
    let now = state.clock.now();
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

/// What a request sent to be known by.
struct Credential<'a> {
    secret: Cow<'a, str>,
    form: Form,
}

/// How it was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// As RFC 6750 §2.1 has it.
    Bearer,
    /// Without a scheme.
    Bare,
    /// As the password of RFC 7617.
    Basic,
    /// In a header of the directory's own.
    OwnHeader,
}

impl<'a> Credential<'a> {
    /// 401 where there is none, where it is of another scheme, and where no credential of ours can be so; 400 where there
    /// are two (RFC 6750 §3.1).
    fn read(headers: &'a HeaderMap) -> Result<Self, Problem> {
        let mut sent = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = sent.next() else { return Err(Problem::unauthorized()) };
        // Two headers could be read differently by two readers.
        if sent.next().is_some() {
            return Err(Problem::malformed_credential("send the header `Authorization` once"));
        }
        let value = text_of(value)?;
        let Some((scheme, rest)) = value.split_once(' ') else {
            return Ok(Self { secret: value.into(), form: Form::Bare });
        };
        // RFC 9110 §11.1: the scheme's case does not matter.
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok(Self { secret: bearer_token(rest)?.into(), form: Form::Bearer });
        }
        if scheme.eq_ignore_ascii_case("basic") {
            return Ok(Self { secret: password(rest)?.into(), form: Form::Basic });
        }
        Err(Problem::unauthorized())
    }

    /// A header that holds the credential alone; the scheme may stand in front of it.
    fn alone(value: &'a HeaderValue) -> Result<Self, Problem> {
        let value = text_of(value)?;
        let secret = match value.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => bearer_token(rest)?,
            _ => bearer_token(value)?,
        };
        Ok(Self { secret: secret.into(), form: Form::OwnHeader })
    }
}

/// A header's text, where a credential of ours can be in it.
fn text_of(value: &HeaderValue) -> Result<&str, Problem> {
    let text = value.to_str().map_err(|_| Problem::invalid_token())?.trim();
    if text.is_empty() {
        return Err(Problem::unauthorized());
    }
    if text.len() > CREDENTIAL_BYTES_LIMIT {
        return Err(Problem::invalid_token());
    }
    Ok(text)
}

/// Some clients send the token as a quoted string (RFC 9110 §5.6.4): no token of ours holds a quote.
fn bearer_token(text: &str) -> Result<&str, Problem> {
    let secret = text.trim().trim_matches('"');
    let twice = |(scheme, _): (&str, &str)| scheme.eq_ignore_ascii_case("bearer");
    // Where a form adds the word itself, and it was pasted with the token. Which token it was is not looked at.
    if secret.split_once(' ').is_some_and(twice) {
        return Err(Problem::doubled_scheme());
    }
    if secret.is_empty() || secret.contains(' ') {
        return Err(Problem::invalid_token());
    }
    Ok(secret)
}

/// The password of RFC 7617 §2; what the user is called means nothing here.
fn password(encoded: &str) -> Result<String, Problem> {
    let decoded = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = decoded.ok_or_else(Problem::unauthorized)?;
    let (_, password) = pair.split_once(':').ok_or_else(Problem::unauthorized)?;
    if password.is_empty() { Err(Problem::invalid_token()) } else { Ok(password.to_owned()) }
}

/// What a bearer token was found to grant.
#[derive(Debug)]
struct Grant {
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

/// Whether a use is to be noted, of which the last one was noted then; it is noted from now on.
fn is_due(used_at: &AtomicI64, now: Timestamp) -> bool {
    let period = i64::try_from(TOKEN_USE_PERIOD.as_micros()).unwrap_or(i64::MAX);
    let due = now.0.saturating_sub(used_at.load(Ordering::Relaxed)) >= period;
    if due {
        used_at.store(now.0, Ordering::Relaxed);
    }
    due
}

/// What was read of credentials, by their digests. Holds under one [`Store::epoch`]; wrong ones are not remembered.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    grants: Remembered<Grant>,
    keys: Remembered<KnownKey>,
    pub(crate) uses: Uses<TokenUse>,
    pub(crate) key_uses: Uses<KeyUse>,
}

/// That a credential was used.
pub(crate) trait Use: Copy {
    /// By what it is known.
    type Credential: Eq + Hash;

    fn credential(&self) -> Self::Credential;
    fn at(&self) -> Timestamp;
}

impl Use for TokenUse {
    type Credential = (DirectoryNumber, TokenId);

    fn credential(&self) -> Self::Credential {
        (self.directory, self.token)
    }

    fn at(&self) -> Timestamp {
        self.at
    }
}

impl Use for KeyUse {
    type Credential = ApiKeyId;

    fn credential(&self) -> ApiKeyId {
        self.key
    }

    fn at(&self) -> Timestamp {
        self.at
    }
}

/// The uses of credentials that are still to be written. At most one of each.
#[derive(Debug)]
pub(crate) struct Uses<U: Use>(Mutex<HashMap<U::Credential, U>>);

impl<U: Use> Default for Uses<U> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<U: Use> Uses<U> {
    pub(crate) fn note(&self, used: U) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = uses.entry(used.credential()).or_insert(used);
        if used.at() > last.at() {
            *last = used;
        }
    }

    /// All of them; whoever takes them writes them.
    pub(crate) fn take(&self) -> Vec<U> {
        let uses = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        uses.into_values().collect()
    }
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

#[cfg(test)]
mod tests;
