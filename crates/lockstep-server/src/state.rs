//! What every handler shares: the store, the clock, randomness, limits, and what was read of credentials. Cheap to
//! clone. Nothing in here is the truth about a directory: that stands in the store.

use std::borrow::Cow;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use lockstep_core::clock::{Clock, Random, Sequence};
use lockstep_core::command::Terms;
use lockstep_core::id::RequestId;
use lockstep_core::mapping::{Attributes, DirectoryMapping, StandardAttribute};
use lockstep_core::model::Directory;
use lockstep_core::query::Kind;
use lockstep_core::rules::{Rule, Rules};
use lockstep_core::settings::Setting;
use lockstep_idp::Provider;
use lockstep_scim::{Limits, Object};
use lockstep_store::{RequestsInMemory, Store};

use crate::auth::Credentials;
use crate::base64url;
use crate::catalog::Catalog;
use crate::keys::{Keys, MasterKey};
use crate::oauth::KeySource;
use crate::oauth::keys::{IssuerKeys, NoSource};
use crate::problem::Problem;
use crate::rate::Rate;
use crate::recognition::Recognitions;
use crate::requests::{Keeping, Requests};
use crate::scans::Scans;

/// What every handler shares; see [`Shared`].
#[derive(Debug)]
pub struct AppState<S: Store>(Arc<Shared<S>>);

/// The parts of an [`AppState`].
pub struct Shared<S: Store> {
    /// Where everything is kept.
    pub store: S,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Secrets and random numbers.
    pub secrets: Arc<dyn Secrets>,
    /// The bounds on what an IdP may send.
    pub limits: Limits,
    /// What is derived from the master key.
    pub(crate) keys: Keys,
    /// Under which address this server is reached from outside, without a slash at the end. Never stored.
    pub public_url: String,
    /// The names of repairs that are not used: so a test shows that a contract fails without them.
    pub(crate) repairs_off: Vec<&'static str>,
    /// The rules that are put to what they are elsewhere: likewise.
    rules_off: Vec<Rule>,
    /// The long reads that are under way.
    pub(crate) scans: Scans,
    /// What was read of tokens and keys, while it holds.
    pub(crate) credentials: Credentials,
    /// Which directory is whose.
    pub(crate) catalog: Catalog,
    /// What the directories' requests have shown of who sends them.
    pub(crate) recognitions: Recognitions,
    /// How often an IdP may ask, where that is bounded.
    pub(crate) rate: Option<Arc<Rate>>,
    /// The keys of those whose tokens are accepted.
    pub(crate) issuer_keys: IssuerKeys,
    /// What is recorded of requests.
    pub requests: Arc<Requests>,
    /// Wakes the worker for what begins without an event.
    pub(crate) begun: tokio::sync::Notify,
    terms: RwLock<HashMap<&'static str, Arc<Terms>>>,
}

impl<S: Store> AppState<S> {
    /// Puts the parts together. A slash at the end of `public_url` is dropped.
    pub fn new(
        store: S,
        clock: Arc<dyn Clock>,
        secrets: Arc<dyn Secrets>,
        limits: Limits,
        public_url: &str,
        master_key: &MasterKey,
    ) -> Self {
        Self(Arc::new(Shared {
            store,
            clock,
            secrets,
            limits,
            keys: Keys::of(master_key),
            public_url: public_url.trim_end_matches('/').to_owned(),
            repairs_off: Vec::new(),
            rules_off: Vec::new(),
            scans: Scans::default(),
            credentials: Credentials::default(),
            catalog: Catalog::default(),
            recognitions: Recognitions::default(),
            rate: None,
            issuer_keys: IssuerKeys::from(Arc::new(NoSource)),
            requests: Arc::new(Requests::on(Arc::new(RequestsInMemory::default()), Keeping::default())),
            begun: tokio::sync::Notify::new(),
            terms: RwLock::default(),
        }))
    }

    /// The same server, which gets the keys of issuers of tokens there. Without a source it accepts no such tokens.
    #[must_use]
    pub fn with_key_source(&self, source: Arc<dyn KeySource>) -> Self {
        Self(Arc::new(Shared { issuer_keys: IssuerKeys::from(source), ..self.anew() }))
    }

    /// The same server without the repairs of these names.
    #[must_use]
    pub fn without_repairs(&self, names: &[&'static str]) -> Self {
        Self(Arc::new(Shared { repairs_off: names.to_vec(), ..self.anew() }))
    }

    /// The same server with these rules of every contract put to what they are elsewhere.
    #[must_use]
    pub fn without_rules(&self, rules: &[Rule]) -> Self {
        Self(Arc::new(Shared { rules_off: rules.to_vec(), ..self.anew() }))
    }

    /// The same server, in which each directory's IdP may ask so often in a second.
    #[must_use]
    pub fn with_scim_requests_per_second(&self, rate: NonZeroU32) -> Self {
        Self(Arc::new(Shared { rate: Some(Arc::new(Rate::new(rate, self.clock.clone()))), ..self.anew() }))
    }

    /// The same server, which records requests so. Without this it keeps the last ones in memory.
    #[must_use]
    pub fn with_requests(&self, requests: Requests) -> Self {
        Self(Arc::new(Shared { requests: Arc::new(requests), ..self.anew() }))
    }

    /// The same parts, with nothing remembered.
    fn anew(&self) -> Shared<S> {
        Shared {
            store: self.store.clone(),
            clock: self.clock.clone(),
            secrets: self.secrets.clone(),
            limits: self.limits.clone(),
            keys: self.keys.clone(),
            public_url: self.public_url.clone(),
            scans: Scans::default(),
            repairs_off: self.repairs_off.clone(),
            rules_off: self.rules_off.clone(),
            rate: self.rate.clone(),
            credentials: Credentials::default(),
            catalog: Catalog::default(),
            recognitions: Recognitions::default(),
            issuer_keys: self.issuer_keys.anew(),
            requests: self.requests.clone(),
            begun: tokio::sync::Notify::new(),
            terms: RwLock::default(),
        }
    }

    /// 32 bytes that nobody can guess; a fault where the system gives no randomness.
    pub(crate) fn draw_secret(&self) -> Result<[u8; 32], Problem> {
        self.secrets.draw().ok_or_else(|| Problem::fault("the system gives no randomness"))
    }

    /// A new id for a request.
    pub fn draw_request_id(&self) -> RequestId {
        RequestId::draw(self.clock.now(), &mut *self.secrets.random())
    }
}

impl<S: Store> Shared<S> {
    /// What holds for a directory of this kind of IdP as it is made.
    pub fn terms_of(&self, provider: &'static Provider) -> Arc<Terms> {
        if let Some(terms) = self.terms.read().unwrap_or_else(PoisonError::into_inner).get(provider.slug) {
            return terms.clone();
        }
        let attributes = Attributes::of(provider.attributes, &DirectoryMapping::default());
        let terms = Arc::new(Terms::new(self.rules_of(provider)).with_attributes(attributes));
        self.terms.write().unwrap_or_else(PoisonError::into_inner).insert(provider.slug, terms.clone());
        terms
    }

    /// The switches of a contract.
    pub(crate) fn rules_of(&self, provider: &Provider) -> Rules {
        self.rules_off.iter().fold((provider.rules)(), |rules, rule| rules.without(*rule))
    }

    /// The switches of the contract to which a directory is held, before its own settings.
    pub(crate) fn contract_rules(&self, directory: &Directory) -> Rules {
        provider_of(directory).map_or_else(|_| Rules::default(), |provider| self.rules_of(provider))
    }

    /// The contract to which a directory is held, and its terms.
    ///
    /// The row must have been read before this: its version is then never newer than the schemas and the mapping that are read here, and
    /// what is planned under a mixture is refused as stale.
    pub async fn contract_of(
        &self,
        directory: &Directory,
    ) -> Result<(&'static Provider, Arc<Terms>), Problem> {
        let provider = provider_of(directory)?;
        if directory.terms_version == 0 {
            return Ok((provider, self.terms_of(provider)));
        }
        let schemas = self.store.schemas(directory.id.directory).await?;
        let mapping = self.store.mapping(directory.id.directory).await?;
        let attributes = Attributes::of(provider.attributes, &mapping);
        let terms = Terms::of(directory, self.rules_of(provider), &schemas).with_attributes(attributes);
        Ok((provider, Arc::new(terms)))
    }
}

impl<S: Store> Shared<S> {
    /// The terms of a directory of which stored resources must still follow a change of schemas; nothing where all of
    /// them do.
    pub(crate) async fn following(&self, directory: &Directory) -> Result<Option<Arc<Terms>>, Problem> {
        match &directory.sweep {
            Some(sweep) if sweep.changes_resources() => Ok(Some(self.contract_of(directory).await?.1)),
            _ => Ok(None),
        }
    }
}

/// The contract to which a directory is held. A fault where this version does not know it: another one would read the
/// IdP's requests wrongly.
pub(crate) fn provider_of(directory: &Directory) -> Result<&'static Provider, Problem> {
    let provider = lockstep_idp::by_slug(&directory.contract)
        .ok_or_else(|| Problem::fault(format!("no contract is called `{}`", directory.contract)))?;
    let strict = lockstep_idp::strict(provider).filter(|_| directory.settings.has(Setting::StrictRfc));
    Ok(strict.unwrap_or(provider))
}

/// What the contract of a directory maps by itself; nothing is known of a contract that this version does not have.
#[must_use]
pub fn standard_of(directory: &Directory) -> Option<&'static [StandardAttribute]> {
    provider_of(directory).ok().map(|provider| provider.attributes)
}

/// Makes a stored resource what it is to be read as, by what [`Shared::following`] gave.
pub(crate) fn conform(terms: Option<&Terms>, kind: Kind, doc: &mut Object) {
    if let Some(Cow::Owned(next)) = terms.map(|terms| terms.conformed(kind, doc)) {
        *doc = next;
    }
}

impl<S: Store> Clone for AppState<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Store> Deref for AppState<S> {
    type Target = Shared<S>;

    fn deref(&self) -> &Shared<S> {
        &self.0
    }
}

impl<S: Store> std::fmt::Debug for Shared<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

/// Where secrets and random numbers come from.
pub trait Secrets: Send + Sync {
    /// 32 bytes that nobody can guess; `None` where the system gives no randomness.
    fn draw(&self) -> Option<[u8; 32]>;
    /// Random numbers for ids, which need to be unlike each other and not secret.
    fn random(&self) -> Box<dyn Random>;
}

/// The operating system's randomness.
#[derive(Debug, Default)]
pub struct SystemSecrets(SystemRandom);

impl Secrets for SystemSecrets {
    fn draw(&self) -> Option<[u8; 32]> {
        let mut bytes = [0; 32];
        self.0.fill(&mut bytes).ok().map(|()| bytes)
    }

    fn random(&self) -> Box<dyn Random> {
        Box::new(SystemNumbers(SystemRandom::new()))
    }
}

#[derive(Debug)]
struct SystemNumbers(SystemRandom);

impl Random for SystemNumbers {
    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        // Ids only have to differ: the hasher's random keys, which count up, serve where the system gives nothing.
        self.0.fill(&mut bytes).map_or_else(
            |_| std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), bytes),
            |()| u64::from_le_bytes(bytes),
        )
    }
}

/// The same secrets for the same seed: for tests and simulations only.
#[derive(Debug)]
pub struct SeededSecrets(Mutex<Sequence>);

impl SeededSecrets {
    /// The secrets that `seed` names.
    pub fn from_seed(seed: u64) -> Self {
        Self(Mutex::new(Sequence::from_seed(seed)))
    }

    fn next(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }
}

impl Secrets for SeededSecrets {
    fn draw(&self) -> Option<[u8; 32]> {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes());
        }
        Some(bytes)
    }

    fn random(&self) -> Box<dyn Random> {
        Box::new(Sequence::from_seed(self.next()))
    }
}

/// SHA-256 of a secret, under which the store knows it.
pub fn digest_of(secret: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    out
}

/// What a bearer token begins with, so that a leak is found by those who look for leaks.
pub const TOKEN_PREFIX: &str = "lockstep_scim_";
/// What an access token begins with, which an OAuth client was issued.
pub const ACCESS_TOKEN_PREFIX: &str = "lockstep_access_";
/// What the secret of an OAuth client begins with.
pub const CLIENT_SECRET_PREFIX: &str = "lockstep_client_";
/// What an API key that was made here begins with.
pub const API_KEY_PREFIX: &str = "lockstep_key_";

/// A secret as text: its prefix, then 43 characters of base64url.
pub fn secret_text(prefix: &str, bytes: [u8; 32]) -> String {
    let mut text = prefix.to_owned();
    base64url::encode_into(&mut text, &bytes);
    text
}

#[cfg(test)]
mod tests;
