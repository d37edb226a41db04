//! Who is asking: the only source of a directory's number for a request. A credential names its directory or its
//! reach; what the path or a body says must agree with it, and another tenant's thing is not found.
//!
//! No credential or a wrong one is 401, and it is checked first. A path that names another directory than the token's
//! is 404. A deleted directory is 404 from then on; a paused one is 403 with a text that the IdP shows. What a token's
//! scopes take away is 403 too.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{ApiKeyId, DirectoryNumber, TokenId};
use lockstep_store::{KeyUse, TokenUse};

use self::api_key::KnownKey;
use self::bearer::Grant;
use crate::limits::{CREDENTIALS_REMEMBERED_LIMIT, TOKEN_USE_PERIOD};

mod api_key;
mod bearer;
mod credential;

pub use self::api_key::{ApiCaller, accept_api_key};
pub(crate) use self::api_key::{api_caller, shown};
pub(crate) use self::bearer::directory_named;
pub use self::bearer::{KnownBy, ScimCaller, scim_caller};

/// What nobody outside this module has.
#[derive(Clone, Copy, Debug)]
struct Seal;

/// Whether a use is to be noted, of which the last one was noted then; it is noted from now on.
fn is_due(used_at: &AtomicI64, now: Timestamp) -> bool {
    let period = i64::try_from(TOKEN_USE_PERIOD.as_micros()).unwrap_or(i64::MAX);
    let due = now.0.saturating_sub(used_at.load(Ordering::Relaxed)) >= period;
    if due {
        used_at.store(now.0, Ordering::Relaxed);
    }
    due
}

/// What was read of credentials, by their digests. Holds under one [`lockstep_store::Store::epoch`]; wrong ones are not
/// remembered.
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

#[cfg(test)]
mod tests;
