//! What is kept of a request that may come again: by it the second one gets the first one's answer, and nothing is made
//! twice. Written in the transaction of what the request did.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::ApiKeyId;

/// How long a receipt is kept.
pub const RECEIPT_LIFETIME: Duration = Duration::from_hours(24);
/// Receipts that are kept; beyond, the oldest go.
pub const RECEIPTS_LIMIT: u64 = 100_000;

/// By what a request is known to come again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ReceiptKey {
    /// Who sent it.
    pub caller: ApiKeyId,
    /// SHA-256 of what the caller calls it.
    pub digest: [u8; 32],
}

/// What is kept of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// By what it is known to come again.
    pub key: ReceiptKey,
    /// SHA-256 of all that it asked: another request under the same name is refused.
    pub fingerprint: [u8; 32],
    /// What it was answered, sealed.
    pub answer: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

impl Receipt {
    /// Receipts of this time and earlier ones no longer count at `now`.
    #[must_use]
    pub fn ended(now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_sub(i64::try_from(RECEIPT_LIFETIME.as_micros()).unwrap_or(i64::MAX)))
    }
}
