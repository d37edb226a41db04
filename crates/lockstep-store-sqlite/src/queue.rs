//! What waits for the writer lane: bounded, removals first and with room in reserve. And what the lane tells others:
//! that something was written, that it cannot write, that it has ended.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_core::batch::Answer;
use lockstep_core::command::{Command, Envelope};
use lockstep_store::StoreError;
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use crate::error::Result;

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

enum Entry {
    Command(Box<(Envelope, Reply)>),
    Job(Job),
}

/// What the lane does next.
pub(crate) enum Turn {
    Commands(Vec<(Envelope, Reply)>),
    Job(Job),
    /// Nothing was asked for a while.
    Idle,
    Stop,
}

#[derive(Default)]
struct Waiting {
    removals: VecDeque<Entry>,
    others: VecDeque<Entry>,
    stopping: bool,
    /// Whether the lane has ended: nothing that comes now would be taken.
    ended: bool,
    /// Tests let what they submit pile up.
    #[cfg(test)]
    paused: bool,
}

/// Shared between the lane and those who ask.
pub(crate) struct Shared {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    waiting_max: usize,
    reserve: usize,
    epoch: AtomicU64,
    committed: watch::Sender<u64>,
    health: Mutex<Option<StoreError>>,
    ended: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(waiting_max: usize, reserve: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            arrived: Condvar::new(),
            waiting_max,
            reserve,
            epoch: AtomicU64::new(1),
            committed: watch::Sender::new(0),
            health: Mutex::new(None),
            ended: watch::Sender::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn submit(
        &self,
        envelope: Envelope,
    ) -> Result<oneshot::Receiver<Result<Answer, StoreError>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let removal = envelope.command.is_removal();
        self.enter(Entry::Command(Box::new((envelope, reply))), removal)?;
        Ok(answer)
    }

    pub(crate) fn enter_job(&self, job: Job, removal: bool) -> Result<(), StoreError> {
        self.enter(Entry::Job(job), removal)
    }

    fn enter(&self, entry: Entry, removal: bool) -> Result<(), StoreError> {
        let mut waiting = self.lock();
        if waiting.stopping || waiting.ended {
            return Err(StoreError::Stopping);
        }
        let admitted = self.waiting_max + if removal { self.reserve } else { 0 };
        if waiting.removals.len() + waiting.others.len() >= admitted {
            return Err(StoreError::Busy);
        }
        let queue = if removal { &mut waiting.removals } else { &mut waiting.others };
        queue.push_back(entry);
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// What to do next; waits for it. `idle` is how long to wait before saying that there is nothing.
    pub(crate) fn next(&self, batch_max: usize, idle: Option<Duration>) -> Turn {
        let mut waiting = self.lock();
        loop {
            if let Some(turn) = waiting.take(batch_max) {
                return turn;
            }
            if waiting.stopping && waiting.removals.is_empty() && waiting.others.is_empty() {
                return Turn::Stop;
            }
            match idle {
                None => waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(idle) => {
                    let (guard, timeout) =
                        self.arrived.wait_timeout(waiting, idle).unwrap_or_else(PoisonError::into_inner);
                    waiting = guard;
                    if timeout.timed_out() {
                        return waiting.take(batch_max).unwrap_or(Turn::Idle);
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

    /// Takes no more; what waits is still done.
    pub(crate) fn stop(&self) {
        let mut waiting = self.lock();
        waiting.stopping = true;
        #[cfg(test)]
        {
            waiting.paused = false;
        }
        drop(waiting);
        self.arrived.notify_all();
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

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        let waiting = self.lock();
        waiting.removals.len() + waiting.others.len()
    }
}

impl Waiting {
    /// Removals first, then the others, each in their order: as many commands as fit one batch, or one job.
    fn take(&mut self, batch_max: usize) -> Option<Turn> {
        #[cfg(test)]
        if self.paused {
            return None;
        }
        let mut commands: Vec<(Envelope, Reply)> = Vec::new();
        for queue in [&mut self.removals, &mut self.others] {
            while commands.len() < batch_max
                && let Some(entry) = queue.pop_front()
            {
                match entry {
                    Entry::Command(command) if !goes_alone(&command.0) => commands.push(*command),
                    entry if !commands.is_empty() => {
                        // It goes alone: first what came before it.
                        queue.push_front(entry);
                        return Some(Turn::Commands(commands));
                    }
                    Entry::Command(command) => return Some(Turn::Commands(vec![*command])),
                    Entry::Job(job) => return Some(Turn::Job(job)),
                }
            }
        }
        if commands.is_empty() { None } else { Some(Turn::Commands(commands)) }
    }
}

fn goes_alone(envelope: &Envelope) -> bool {
    matches!(envelope.command, Command::EndGroup(_))
}

/// Ends the lane for those who wait, also when it ends by a panic.
pub(crate) struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.ended = true;
        // Dropping what still waits tells those who asked.
        let left = (std::mem::take(&mut waiting.removals), std::mem::take(&mut waiting.others));
        drop(waiting);
        drop(left);
        self.0.ended.send_replace(true);
    }
}
