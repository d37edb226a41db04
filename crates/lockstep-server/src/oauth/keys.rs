//! The keys of those who issue tokens: fetched when they are needed, kept for a while, and asked for again where a
//! token names one that is not known. What a stranger sends never makes more than one fetch a minute, and one issuer
//! that does not answer keeps nobody waiting who trusts another.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lockstep_core::clock::{Clock, Timestamp};

use super::jwk::{Key, KeySet};
use crate::limits::{
    ISSUER_KEY_SETS_LIMIT, ISSUER_KEYS_FRESH_WAIT, ISSUER_KEYS_KEPT_LIMIT, ISSUER_KEYS_RETRY_WAIT,
    JWK_SET_BYTES_LIMIT,
};
use crate::outbound::{Outbound, OutboundError};

/// A fetch that is under way.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, OutboundError>> + Send + 'a>>;

/// Where sets of keys come from.
pub trait KeySource: Send + Sync {
    /// The JSON Web Key Set at this URL.
    fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a>;
}

impl KeySource for Outbound {
    fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a> {
        Box::pin(self.get(url, JWK_SET_BYTES_LIMIT))
    }
}

/// Of a server that makes no requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoSource;

impl KeySource for NoSource {
    fn fetch<'a>(&'a self, _url: &'a str) -> Fetching<'a> {
        Box::pin(std::future::ready(Err(OutboundError::Off)))
    }
}

/// Why there is no key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum NoKey {
    #[error("the issuer publishes no key of this name")]
    Unknown,
    #[error("the issuer's keys could not be fetched: {0}")]
    Unavailable(String),
}

/// The sets of keys that were fetched, by their URLs.
pub(crate) struct IssuerKeys {
    source: Arc<dyn KeySource>,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

#[derive(Default)]
struct Slot {
    /// Held by the one who fetches.
    turn: tokio::sync::Mutex<()>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    set: Option<(KeySet, Timestamp)>,
    /// When the last fetch ended.
    tried_at: Option<Timestamp>,
    failure: Option<String>,
}

/// What is known without asking.
enum Known {
    Fresh(Key),
    /// Good enough, if it cannot be had anew.
    Aged(Key),
    No(NoKey),
    /// It is time to ask.
    Ask,
}

impl IssuerKeys {
    pub(crate) fn from(source: Arc<dyn KeySource>) -> Self {
        Self { source, slots: Mutex::default() }
    }

    /// The same source, with nothing fetched.
    pub(crate) fn anew(&self) -> Self {
        Self::from(self.source.clone())
    }

    /// The key that the set at this URL has under this name.
    pub(crate) async fn key(&self, clock: &dyn Clock, url: &str, id: Option<&str>) -> Result<Key, NoKey> {
        let slot = self.slot(url);
        let aged = match slot.known(clock.now(), id) {
            Known::Fresh(key) => return Ok(key),
            Known::No(no) => return Err(no),
            Known::Aged(key) => Some(key),
            Known::Ask => None,
        };
        let _turn = match (slot.turn.try_lock(), aged) {
            (Ok(turn), _) => turn,
            // Somebody else asks; what there is will do.
            (Err(_), Some(key)) => return Ok(key),
            (Err(_), None) => slot.turn.lock().await,
        };
        // Whoever waited for the turn may find it done.
        match slot.known(clock.now(), id) {
            Known::Fresh(key) => return Ok(key),
            Known::No(no) => return Err(no),
            Known::Aged(_) | Known::Ask => {}
        }
        let fetched = self.source.fetch(url).await.map_err(|error| error.to_string());
        let parsed =
            fetched.and_then(|bytes| KeySet::parse_published(&bytes).map_err(|error| error.to_string()));
        if let Err(why) = &parsed {
            tracing::warn!(why, "an issuer's keys could not be fetched; those there are stay for a while");
        }
        slot.settle(clock.now(), parsed);
        match slot.known(clock.now(), id) {
            Known::Fresh(key) | Known::Aged(key) => Ok(key),
            Known::No(no) => Err(no),
            Known::Ask => Err(NoKey::Unknown),
        }
    }

    fn slot(&self, url: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= ISSUER_KEY_SETS_LIMIT && !slots.contains_key(url) {
            slots.clear();
        }
        slots.entry(url.to_owned()).or_default().clone()
    }
}

impl Slot {
    fn known(&self, now: Timestamp, id: Option<&str>) -> Known {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let set = kept.set.as_ref().filter(|(_, at)| within(ISSUER_KEYS_KEPT_LIMIT, *at, now));
        let is_fresh = set.is_some_and(|(_, at)| within(ISSUER_KEYS_FRESH_WAIT, *at, now));
        let may_ask = kept.tried_at.is_none_or(|at| !within(ISSUER_KEYS_RETRY_WAIT, at, now));
        match (set.and_then(|(set, _)| set.named(id)), may_ask) {
            (Some(key), _) if is_fresh => Known::Fresh(key.clone()),
            (Some(key), true) => Known::Aged(key.clone()),
            (Some(key), false) => Known::Fresh(key.clone()),
            (None, true) => Known::Ask,
            (None, false) if set.is_some() => Known::No(NoKey::Unknown),
            (None, false) => Known::No(NoKey::Unavailable(kept.failure.clone().unwrap_or_default())),
        }
    }

    fn settle(&self, now: Timestamp, fetched: Result<KeySet, String>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match fetched {
            Ok(set) => *kept = Kept { set: Some((set, now)), tried_at: Some(now), failure: None },
            Err(why) => (kept.tried_at, kept.failure) = (Some(now), Some(why)),
        }
    }
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerKeys").finish_non_exhaustive()
    }
}

/// Whether less than `span` passed since `then`; a clock that was set back says that it did not.
fn within(span: Duration, then: Timestamp, now: Timestamp) -> bool {
    let passed = now.0.saturating_sub(then.0);
    passed >= 0 && u128::try_from(passed).is_ok_and(|passed| passed < span.as_micros())
}

#[cfg(test)]
mod tests;
