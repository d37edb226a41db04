//! What waits for the writer lane: bounded, with room in reserve for removals. And what the lane tells others:
//! that something was written, that it cannot write, that it has ended.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_core::batch::Answer;
use lockstep_core::command::Envelope;
use lockstep_store::StoreError;
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use crate::error::Result;
use crate::waiting::{Entry, Turn, Waiting};

/// Where a command's answer goes.
pub(crate) type Reply = oneshot::Sender<Result<Answer, StoreError>>;
/// Writes within a transaction; says whether a credential or a directory's row changed.
type Write = Box<dyn FnOnce(&Connection) -> Result<bool> + Send>;
/// Told how a transaction ended.
type Settled = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// A write that is no command of a directory.
pub(crate) struct Job {
    pub(crate) write: Write,
    pub(crate) answer: Settled,
}

#[derive(Default)]
struct State {
    waiting: Waiting,
    stopping: bool,
    /// Whether the lane has ended: nothing that comes now would be taken.
    ended: bool,
    /// Tests let what they submit pile up.
    #[cfg(test)]
    paused: bool,
}

/// Shared between the lane and those who ask.
pub(crate) struct Shared {
    state: Mutex<State>,
    arrived: Condvar,
    waiting_max: usize,
    reserve: usize,
    epoch: AtomicU64,
    committed: watch::Sender<u64>,
    health: Mutex<Option<StoreError>>,
    /// Whether a write is under way that only finds out whether writing works.
    probing: AtomicBool,
    ended: watch::Sender<bool>,
    /// How many transactions were begun for commands.
    #[cfg(test)]
    runs: AtomicU64,
    /// How often the log was folded in, and whether that was all of it the last time.
    #[cfg(test)]
    pub(crate) folded: watch::Sender<(u64, bool)>,
}

impl Shared {
    pub(crate) fn new(waiting_max: usize, reserve: usize) -> Self {
        Self {
            state: Mutex::default(),
            arrived: Condvar::new(),
            waiting_max,
            reserve,
            epoch: AtomicU64::new(1),
            committed: watch::Sender::new(0),
            health: Mutex::new(None),
            probing: AtomicBool::new(false),
            #[cfg(test)]
            runs: AtomicU64::new(0),
            #[cfg(test)]
            folded: watch::Sender::default(),
            ended: watch::Sender::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn submit(
        &self,
        envelope: Envelope,
    ) -> Result<oneshot::Receiver<Result<Answer, StoreError>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let removal = envelope.command.is_removal();
        // Before the lock: how much it names is up to the request.
        self.enter(Entry::command(envelope, reply), removal)?;
        Ok(answer)
    }

    pub(crate) fn enter_job(&self, job: Job, removal: bool) -> Result<(), StoreError> {
        self.enter(Entry::Job(job), removal)
    }

    fn enter(&self, entry: Entry, removal: bool) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.stopping || state.ended {
            return Err(StoreError::Stopping);
        }
        let admitted = self.waiting_max + if removal { self.reserve } else { 0 };
        if state.waiting.count() >= admitted {
            return Err(StoreError::Busy);
        }
        state.waiting.enter(entry, removal);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// What to do next; waits for it. `idle` is how long to wait before saying that there is nothing.
    pub(crate) fn next(&self, batch_max: usize, idle: Option<Duration>) -> Turn {
        let mut state = self.lock();
        loop {
            if let Some(turn) = state.take(batch_max) {
                return turn;
            }
            if state.stopping && state.waiting.count() == 0 {
                return Turn::Stop;
            }
            match idle {
                None => state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(idle) => {
                    let (guard, timeout) =
                        self.arrived.wait_timeout(state, idle).unwrap_or_else(PoisonError::into_inner);
                    state = guard;
                    if timeout.timed_out() {
                        return state.take(batch_max).unwrap_or(Turn::Idle);
                    }
                }
            }
        }
    }

    /// Told by the lane after a commit and before it answers.
    pub(crate) fn wrote(&self, events: bool, credentials: bool) {
        if credentials {
            self.epoch.fetch_add(1, Ordering::Release);
        }
        if events {
            self.committed.send_modify(|count| *count += 1);
        }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(crate) fn committed(&self) -> watch::Receiver<u64> {
        self.committed.subscribe()
    }

    pub(crate) fn set_health(&self, error: Option<StoreError>) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    pub(crate) fn health(&self) -> Option<StoreError> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The right to find out whether writing works; `None` where somebody has it. Given back when dropped.
    pub(crate) fn begin_probe(self: &Arc<Self>) -> Option<Probing> {
        let begun = self.probing.compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire).is_ok();
        begun.then(|| Probing(self.clone()))
    }

    /// Takes no more; what waits is still done.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.stopping = true;
        #[cfg(test)]
        {
            state.paused = false;
        }
        drop(state);
        self.arrived.notify_all();
    }

    /// Whether the lane has ended without being told to.
    pub(crate) fn has_died(&self) -> bool {
        let state = self.lock();
        state.ended && !state.stopping
    }

    pub(crate) async fn ended(&self) {
        // The sender lives in self: this cannot fail before the lane has ended.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    /// Says that the lane has ended, once dropped.
    pub(crate) fn closing(&self) -> Closing<'_> {
        Closing(self)
    }

    #[cfg(test)]
    pub(crate) fn pause(&self, paused: bool) {
        self.lock().paused = paused;
        self.arrived.notify_all();
    }

    /// Lets the next turn hold everything that waits.
    #[cfg(test)]
    pub(crate) fn take_together(&self) {
        self.lock().waiting.together = true;
    }

    #[cfg(test)]
    pub(crate) fn ran(&self) {
        self.runs.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(crate) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.lock().waiting.count()
    }
}

impl State {
    fn take(&mut self, batch_max: usize) -> Option<Turn> {
        #[cfg(test)]
        if self.paused {
            return None;
        }
        self.waiting.take(batch_max)
    }
}

/// The right to find out whether writing works.
pub(crate) struct Probing(Arc<Shared>);

impl Drop for Probing {
    fn drop(&mut self) {
        self.0.probing.store(false, Ordering::Release);
    }
}

/// Ends the lane for those who wait, also when it ends by a panic.
pub(crate) struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.ended = true;
        // Dropping what still waits tells those who asked.
        let left = std::mem::take(&mut state.waiting);
        drop(state);
        drop(left);
        self.0.ended.send_replace(true);
    }
}
