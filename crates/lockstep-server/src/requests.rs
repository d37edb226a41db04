//! Request records: what an identity provider sent, what was made of it and what it was answered, kept for the people
//! who look after it. A request only hands over what it has anyway; a thread of its own makes the record of it and
//! writes it. Where that falls behind, records are dropped and counted: no request ever waits for its record.

mod heard;
mod redact;

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::response::Response;
use lockstep_core::clock::Timestamp;
use lockstep_core::id::{DirectoryId, DirectoryNumber, RequestId};
use lockstep_core::model::DirectoryState;
use lockstep_store::{RequestLog, RequestQuery, RequestRecord, Store, StoreError};
use tokio::sync::oneshot;

use crate::auth::directory_named;
use crate::limits::{
    RECORDS_BATCH_LIMIT, RECORDS_GATHER_WAIT, RECORDS_REMOVED_LIMIT, RECORDS_SETTLE_WAIT,
    RECORDS_WAITING_BYTES_LIMIT, RECORDS_WAITING_LIMIT, STRANGERS_RECORDED_LIMIT,
};
use crate::problem::Told;
use crate::state::AppState;
use crate::trail::Trail;
use heard::Heard;
pub(crate) use heard::{Arrived, Detail, Said, Seen};

const MINUTE_MICROS: i64 = 60_000_000;

/// What is kept, and how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keeping {
    /// How long a record is kept.
    pub time: Duration,
    /// How many bytes they may take all together; the oldest go.
    pub bytes: u64,
    /// Whether every value of a body is replaced by what kind of value it is, and how long.
    pub masked: bool,
}

impl Default for Keeping {
    fn default() -> Self {
        Self { time: Duration::from_hours(14 * 24), bytes: 512 * 1024 * 1024, masked: false }
    }
}

/// Takes what is to be recorded, and answers what was.
pub struct Requests {
    /// `None`: nothing is recorded.
    on: Option<Arc<On>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct On {
    log: Arc<dyn RequestLog>,
    keeping: Keeping,
    queue: Mutex<Queue>,
    arrived: Condvar,
    dropped: AtomicU64,
    /// Whether the last ones could not be written.
    failing: AtomicBool,
    /// Whether more came than could be written, since the queue was last empty.
    overrun: AtomicBool,
    /// How many without a good credential were recorded in this minute.
    strangers: Mutex<(i64, HashMap<DirectoryNumber, u32>)>,
}

#[derive(Default)]
struct Queue {
    heard: VecDeque<Heard>,
    bytes: usize,
    /// Who waits until all of that is written.
    waiting: Vec<oneshot::Sender<()>>,
    closed: bool,
}

impl Requests {
    /// Records nothing.
    #[must_use]
    pub fn off() -> Self {
        Self { on: None, thread: Mutex::new(None) }
    }

    /// Records into this log.
    #[must_use]
    pub fn on(log: Arc<dyn RequestLog>, keeping: Keeping) -> Self {
        let on = Arc::new(On {
            log,
            keeping,
            queue: Mutex::default(),
            arrived: Condvar::new(),
            dropped: AtomicU64::new(0),
            failing: AtomicBool::new(false),
            overrun: AtomicBool::new(false),
            strangers: Mutex::default(),
        });
        let writer = on.clone();
        let thread = std::thread::Builder::new().name("requests".into()).spawn(move || writer.write_all());
        match thread {
            Ok(thread) => Self { on: Some(on), thread: Mutex::new(Some(thread)) },
            Err(error) => {
                tracing::error!(%error, "requests are not recorded: there is no thread for it");
                Self::off()
            }
        }
    }

    /// Whether anything is recorded.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.on.is_some()
    }

    /// How many records were dropped since the start, because they could not be written as fast as they came, or at all.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.on.as_ref().map_or(0, |on| on.dropped.load(Ordering::Relaxed))
    }

    /// Writes what waits, and ends. What comes later is dropped.
    pub fn stop(&self) {
        if let Some(on) = &self.on {
            on.queue().closed = true;
            on.arrived.notify_all();
        }
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes request records ended early");
        }
    }

    /// Records of a directory; those that are on their way are waited for, a moment.
    pub(crate) async fn list(&self, query: RequestQuery) -> Result<Vec<RequestRecord>, StoreError> {
        self.settle().await;
        self.ask(move |log| log.records(&query)).await.map(Option::unwrap_or_default)
    }

    /// One record.
    pub(crate) async fn read(
        &self,
        directory: DirectoryNumber,
        id: RequestId,
    ) -> Result<Option<RequestRecord>, StoreError> {
        self.settle().await;
        self.ask(move |log| log.record(directory, id)).await.map(Option::flatten)
    }

    /// Removes some of the records of a deleted directory; whether there may be more.
    pub(crate) async fn clear(&self, directory: DirectoryNumber) -> Result<bool, StoreError> {
        self.settle().await;
        self.ask(move |log| log.clear(directory, RECORDS_REMOVED_LIMIT)).await.map(|more| more == Some(true))
    }

    /// Removes some of what is kept no longer; whether there may be more.
    pub(crate) async fn prune(&self, now: Timestamp) -> Result<bool, StoreError> {
        let Some(on) = &self.on else { return Ok(false) };
        let keeping = on.keeping;
        let kept = i64::try_from(keeping.time.as_micros()).unwrap_or(i64::MAX);
        let before = Timestamp(now.0.saturating_sub(kept));
        self.ask(move |log| log.prune(before, keeping.bytes, RECORDS_REMOVED_LIMIT))
            .await
            .map(|more| more == Some(true))
    }

    async fn settle(&self) {
        let Some(on) = &self.on else { return };
        let (done, settled) = oneshot::channel();
        on.queue().waiting.push(done);
        on.arrived.notify_all();
        // What takes longer than this is shown the next time.
        drop(tokio::time::timeout(RECORDS_SETTLE_WAIT, settled).await);
    }

    /// Asks the log, which blocks, where that does no harm.
    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn RequestLog) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let Some(on) = self.on.clone() else { return Ok(None) };
        let asked = tokio::task::spawn_blocking(move || ask(&*on.log)).await;
        asked.map_err(|ended| StoreError::Fault(format!("the request records: {ended}")))?.map(Some)
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        if let Some(on) = &self.on {
            on.queue().closed = true;
            on.arrived.notify_all();
        }
    }
}

impl std::fmt::Debug for Requests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Requests").field("on", &self.is_on()).finish_non_exhaustive()
    }
}

impl On {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is to be recorded. Never waits.
    fn hand_over(&self, heard: Heard) {
        let bytes = heard.bytes();
        let mut queue = self.queue();
        let full = |queue: &Queue, part: usize| {
            queue.heard.len() >= RECORDS_WAITING_LIMIT / part
                || queue.bytes.saturating_add(bytes) > RECORDS_WAITING_BYTES_LIMIT / part
        };
        if queue.closed || (heard.only_reads() && full(&queue, 2)) {
            self.drop_one();
            return;
        }
        while full(&queue, 1)
            && let Some(oldest) = queue.heard.pop_front()
        {
            queue.bytes = queue.bytes.saturating_sub(oldest.bytes());
            self.drop_one();
        }
        queue.bytes = queue.bytes.saturating_add(bytes);
        queue.heard.push_back(heard);
        if [1, RECORDS_BATCH_LIMIT].contains(&queue.heard.len()) {
            self.arrived.notify_all();
        }
    }

    fn drop_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        // Told once, until the queue is empty again.
        if !self.overrun.swap(true, Ordering::Relaxed) {
            tracing::warn!("requests come faster than their records can be written: some are not recorded");
        }
    }

    /// The thread: gathers, writes, and ends once nothing more can come.
    fn write_all(&self) {
        loop {
            let queue = self.queue();
            let idle =
                |queue: &mut Queue| queue.heard.is_empty() && queue.waiting.is_empty() && !queue.closed;
            let queue = self.arrived.wait_while(queue, idle).unwrap_or_else(PoisonError::into_inner);
            let few = |queue: &mut Queue| {
                queue.heard.len() < RECORDS_BATCH_LIMIT && queue.waiting.is_empty() && !queue.closed
            };
            let gathered = self.arrived.wait_timeout_while(queue, RECORDS_GATHER_WAIT, few);
            let (mut queue, _) = gathered.unwrap_or_else(PoisonError::into_inner);
            let (heard, waiting) = (std::mem::take(&mut queue.heard), std::mem::take(&mut queue.waiting));
            queue.bytes = 0;
            self.overrun.store(false, Ordering::Relaxed);
            let closed = queue.closed;
            drop(queue);
            self.write(heard);
            for done in waiting {
                // Whoever waited may have gone.
                let _ = done.send(());
            }
            if closed {
                return;
            }
        }
    }

    fn write(&self, heard: VecDeque<Heard>) {
        let count = heard.len();
        let mut lost = 0;
        let mut heard = heard.into_iter().peekable();
        while heard.peek().is_some() {
            let mut records = Vec::with_capacity(RECORDS_BATCH_LIMIT.min(count));
            for heard in heard.by_ref().take(RECORDS_BATCH_LIMIT) {
                // What cannot be told must not end the telling of everything else.
                match catch_unwind(AssertUnwindSafe(|| heard.to_record(self.keeping.masked))) {
                    Ok(record) => records.push(record),
                    Err(_) => lost += 1,
                }
            }
            match self.log.append(&records) {
                Ok(()) => self.failing.store(false, Ordering::Relaxed),
                Err(error) => {
                    lost += records.len();
                    // Told once, until it works again.
                    if !self.failing.swap(true, Ordering::Relaxed) {
                        tracing::warn!(%error, "request records cannot be written: they are dropped");
                    }
                }
            }
        }
        self.dropped.fetch_add(u64::try_from(lost).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether one more request without a good credential is recorded for this directory now.
    fn admits_stranger(&self, directory: DirectoryNumber, now: Timestamp) -> bool {
        let minute = now.0.div_euclid(MINUTE_MICROS);
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        if strangers.0 != minute {
            *strangers = (minute, HashMap::new());
        }
        let count = strangers.1.entry(directory).or_default();
        *count = count.saturating_add(1);
        *count <= STRANGERS_RECORDED_LIMIT
    }
}

/// Takes out of a response what is to be recorded with it, and hands it over.
pub(crate) async fn record<S: Store>(
    state: &AppState<S>,
    arrived: Arrived,
    id: RequestId,
    response: &mut Response,
    took: Duration,
) {
    let Some(on) = &state.requests.on else { return };
    let extensions = response.extensions_mut();
    let trail = extensions.remove::<Trail>().unwrap_or_default();
    let seen = extensions.remove::<Seen>().unwrap_or_default();
    let said = extensions.remove::<Said>();
    let problem = extensions.remove::<Told>().map(|told| told.0);
    let directory = match trail.directory {
        Some(directory) => directory,
        None => match stranger(state, on, &arrived).await {
            Some(directory) => directory,
            None => return,
        },
    };
    on.hand_over(Heard {
        id,
        directory,
        arrived,
        seen,
        trail,
        problem,
        status: response.status(),
        headers: heard::answer_headers(response.headers()),
        said,
        took,
    });
}

/// The directory to which somebody without a good credential spoke, where there is one and not too many did.
async fn stranger<S: Store>(state: &AppState<S>, on: &On, arrived: &Arrived) -> Option<DirectoryId> {
    let named = directory_named(&crate::scim::directory_of(arrived.uri.path()))?;
    state.catalog.owner(&state.store, named.directory).await.ok()??;
    if !on.admits_stranger(named.directory, state.clock.now()) {
        return None;
    }
    let (directory, _) = state.store.directory(named.directory).await.ok()??;
    (directory.id == named && directory.state != DirectoryState::Deleting).then_some(named)
}

#[cfg(test)]
mod tests;
