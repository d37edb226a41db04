//! What keeps long reads from taking the server from everybody else: how many may be under way at once, and that a
//! read ends when nobody waits for it any more.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::limits::{SCAN_FREE_LIMIT, SCAN_WAIT_LIMIT, SCANS_LIMIT};
use crate::problem::Problem;

/// The long reads that may be under way at once.
#[derive(Debug)]
pub(crate) struct Scans {
    permits: Semaphore,
    free: usize,
    wait: Duration,
}

impl Default for Scans {
    fn default() -> Self {
        Self::new(SCANS_LIMIT, SCAN_FREE_LIMIT, SCAN_WAIT_LIMIT)
    }
}

impl Scans {
    /// `at_once` of them; a read counts once it has looked at `free` candidates, and waits so long for its turn.
    pub(crate) fn new(at_once: usize, free: usize, wait: Duration) -> Self {
        Self { permits: Semaphore::new(at_once), free, wait }
    }

    /// Whether a read that has looked at so many candidates counts as long.
    pub(crate) fn counts(&self, candidates: usize) -> bool {
        candidates >= self.free
    }

    /// Waits for a turn, which lasts until what this gives is dropped; 503 where none comes.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, Problem> {
        match tokio::time::timeout(self.wait, self.permits.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Problem::unavailable(
                "too_many_scans",
                "too many searches that no index answers are under way: try again, or filter by an attribute that is \
                 indexed (id, userName, externalId, displayName, emails.value, members.value, meta.lastModified)",
                5,
            )),
        }
    }
}

/// Whether the client that asked still waits for the answer.
#[derive(Clone, Debug)]
pub(crate) struct Client(Weak<()>);

impl Client {
    /// A client, which waits until the other part is dropped.
    pub(crate) fn waiting() -> (Self, Arc<()>) {
        let waits = Arc::new(());
        (Self(Arc::downgrade(&waits)), waits)
    }

    /// Nothing where it does; else what ends the request, which nobody reads.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        if self.0.strong_count() > 0 { Ok(()) } else { Err(Problem::client_gone()) }
    }
}
