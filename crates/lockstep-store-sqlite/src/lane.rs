//! The writer lane: one thread with the one connection that writes. Each turn takes all that waits, carries it out
//! in one transaction, commits once, and answers. A lone request waits for nobody.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::batch::{Answer, Batch, Progress};
use lockstep_core::clock::Clock;
use lockstep_core::command::Envelope;
use lockstep_core::id::DirectoryNumber;
use lockstep_core::view::{Changes, Key, Loaded};
use lockstep_store::{RandomFactory, StoreError};
use rusqlite::Connection;

use crate::directories;
use crate::error::{Error, Result, leaves_commit_open};
use crate::events;
use crate::file::{self, Held};
use crate::groups;
use crate::queue::{Job, Reply, Shared, Turn};
use crate::statement::execute;
use crate::users;

/// How long nothing must be asked of the lane before it folds the write-ahead log into the database.
const IDLE: Duration = Duration::from_millis(500);

pub(crate) struct Lane {
    connection: Connection,
    path: PathBuf,
    clock: Arc<dyn Clock>,
    random: RandomFactory,
    shared: Arc<Shared>,
    batch_max: usize,
    /// Whether something was written since the log was last folded in.
    unfolded: bool,
    /// Given back when the lane ends.
    _held: Held,
}

/// Commands whose transaction failed, and why.
struct Failed {
    error: StoreError,
    envelopes: Vec<Envelope>,
}

impl Lane {
    pub(crate) fn new(
        connection: Connection,
        held: Held,
        clock: Arc<dyn Clock>,
        random: RandomFactory,
        shared: Arc<Shared>,
        batch_max: usize,
    ) -> Self {
        let path = held.path.clone();
        Self { connection, path, clock, random, shared, batch_max, unfolded: true, _held: held }
    }

    /// Works until it is told to stop and nothing waits any more.
    pub(crate) fn run(mut self) {
        let shared = self.shared.clone();
        loop {
            match shared.next(self.batch_max, self.unfolded.then_some(IDLE)) {
                Turn::Commands(jobs) => self.commands(jobs),
                Turn::Job(job) => self.job(job),
                Turn::Idle => self.fold(),
                Turn::Stop => break,
            }
        }
        self.fold();
    }

    fn commands(&mut self, jobs: Vec<(Envelope, Reply)>) {
        let (envelopes, replies): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
        match self.carry_out(envelopes) {
            Ok(answers) => {
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // Whoever asked may have gone; what was done stays done.
                    let _ = reply.send(Ok(answer));
                }
            }
            Err(Failed { error, envelopes }) if is_ours(&error) && envelopes.len() > 1 => {
                tracing::error!(%error, commands = envelopes.len(), "a batch failed; its commands run one by one");
                for (reply, envelope) in replies.into_iter().zip(envelopes) {
                    let answer = self.carry_out(vec![envelope]).map(|mut answers| answers.pop());
                    let _ = reply.send(match answer {
                        Ok(Some(answer)) => Ok(answer),
                        Ok(None) => Err(StoreError::Fault("a command has no answer".into())),
                        Err(failed) => Err(failed.error),
                    });
                }
            }
            Err(Failed { error, .. }) => {
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
    }

    /// Carries commands out in one transaction. When this answers Ok, it is durable.
    fn carry_out(&mut self, envelopes: Vec<Envelope>) -> Result<Vec<Answer>, Failed> {
        let count = envelopes.len();
        let mut batch = Some(Batch::new(envelopes, self.clock.now(), (self.random)()));
        let mut kept = Vec::new();
        let mut effects = Effects::default();
        let connection = &self.connection;
        let worked = guarded(|| {
            in_transaction(connection, || {
                let mut planned = batch.take().ok_or_else(|| fault("a batch is gone"))?;
                let loaded = drive(connection, &mut planned);
                kept = planned.take_envelopes();
                loaded?;
                let (changes, answers) = planned.finish();
                if answers.len() != count {
                    return Err(fault("a command has no answer"));
                }
                effects = apply(connection, &changes)?;
                Ok((answers, effects.writes))
            })
        });
        if worked.is_ok() && effects.writes {
            self.unfolded = true;
            self.shared.wrote(effects.events, effects.credentials);
        }
        self.settle(worked).map_err(|error| Failed { error, envelopes: kept })
    }

    /// A write that is no command of a directory, in a transaction of its own.
    fn job(&mut self, job: Job) {
        let connection = &self.connection;
        let mut credentials = false;
        let worked = guarded(|| {
            in_transaction(connection, || {
                credentials = (job.write)(connection)?;
                Ok(((), true))
            })
        });
        if worked.is_ok() {
            self.unfolded = true;
            self.shared.wrote(false, credentials);
        }
        let settled = self.settle(worked);
        (job.answer)(settled);
    }

    /// Notes how a transaction ended, and leaves the connection without one.
    fn settle<T>(&mut self, worked: Result<T>) -> Result<T, StoreError> {
        let worked = worked.map_err(StoreError::from);
        if !self.connection.is_autocommit() && self.connection.execute_batch("ROLLBACK").is_err() {
            self.reconnect();
        }
        match &worked {
            Ok(_) => self.shared.set_health(None),
            Err(error) => {
                if !matches!(error, StoreError::Conflict { .. } | StoreError::NotFound { .. }) {
                    tracing::error!(%error, "a write failed");
                    self.shared.set_health(Some(error.clone()));
                }
            }
        }
        worked
    }

    fn reconnect(&mut self) {
        match file::writer(&self.path) {
            Ok(connection) => self.connection = connection,
            Err(error) => tracing::error!(error = %StoreError::from(error), "the writer cannot reconnect"),
        }
    }

    /// Folds the write-ahead log into the database, as far as readers let it.
    fn fold(&mut self) {
        self.unfolded = false;
        let folded = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = folded {
            tracing::warn!(%error, "the write-ahead log could not be folded in");
        }
    }
}

/// What a batch did besides answering.
#[derive(Clone, Copy, Default)]
struct Effects {
    writes: bool,
    events: bool,
    credentials: bool,
}

/// Supplies a batch with what it asks for until it is planned.
fn drive(connection: &Connection, batch: &mut Batch) -> Result<()> {
    while let Progress::Need(needs) = batch.advance() {
        for (directory, key) in needs {
            let loaded = load(connection, directory, &key)?;
            batch.supply(directory, key, loaded);
        }
    }
    Ok(())
}

fn load(connection: &Connection, directory: DirectoryNumber, key: &Key) -> Result<Loaded> {
    Ok(match key {
        Key::Directory => {
            let found = directories::directory(connection, directory)?;
            Loaded::Directory(found.map(|(row, head)| (Arc::new(row), head)))
        }
        Key::User(id) => Loaded::User(users::user(connection, directory, *id)?.map(Arc::new)),
        Key::UserSeq(id) => Loaded::Seq(users::seq(connection, directory, *id)?),
        Key::UserName(name) => Loaded::Id(users::id_by_name(connection, directory, name)?),
        Key::UserExternalId(id) => Loaded::Id(users::id_by_external_id(connection, directory, id)?),
        Key::Group(id) => Loaded::Group(groups::group(connection, directory, *id)?.map(Arc::new)),
        Key::GroupName(name) => Loaded::Id(groups::id_by_name(connection, directory, name)?),
        Key::GroupExternalId(id) => Loaded::Id(groups::id_by_external_id(connection, directory, id)?),
        Key::Membership { group, user } => {
            Loaded::Present(groups::is_member(connection, directory, *group, *user)?)
        }
        Key::GroupsOf(user) => Loaded::Ids(groups::groups_of(connection, directory, *user)?),
        Key::MembersOf(group) => Loaded::Ids(groups::members(connection, directory, *group)?),
        Key::FirstMembersOf(group) => Loaded::Ids(groups::first_members(connection, directory, *group)?),
        Key::ParentsOf(group) => Loaded::Ids(groups::parents(connection, directory, *group)?),
    })
}

fn apply(connection: &Connection, changes: &[(DirectoryNumber, Changes)]) -> Result<Effects> {
    let mut effects = Effects::default();
    let mut position = if changes.is_empty() { 0 } else { events::last_position(connection)? };
    for (directory, changes) in changes {
        directories::apply(connection, *directory, changes)?;
        users::apply(connection, *directory, changes)?;
        groups::apply(connection, *directory, changes)?;
        position = events::append(connection, position, &changes.records)?;
        effects.writes = true;
        effects.events |= !changes.records.is_empty();
        effects.credentials |= changes.directory.is_some() || !changes.tokens.is_empty();
    }
    Ok(effects)
}

/// Runs `work` between BEGIN IMMEDIATE and COMMIT; `work` also says whether there is anything to commit. What fails
/// before COMMIT did not happen.
fn in_transaction<T>(connection: &Connection, work: impl FnOnce() -> Result<(T, bool)>) -> Result<T> {
    execute(connection, "BEGIN IMMEDIATE", [])?;
    let (done, writes) = work()?;
    if !writes {
        execute(connection, "ROLLBACK", [])?;
        return Ok(done);
    }
    match execute(connection, "COMMIT", []) {
        Ok(_) => Ok(done),
        Err(Error::Engine(error)) if leaves_commit_open(&error) => {
            Err(StoreError::Unknown(error.to_string()).into())
        }
        Err(error) => Err(error),
    }
}

/// Turns a panic into an error: it loses its own request and never the lane.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(fault(&format!("a panic: {}", words(&panic)))))
}

fn words(panic: &Box<dyn Any + Send>) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}

fn fault(text: &str) -> Error {
    Error::Store(StoreError::Fault(text.to_owned()))
}

/// Whether an error comes of what a command brought rather than of the state of the database's file: then only that
/// command must answer for it.
fn is_ours(error: &StoreError) -> bool {
    match error {
        StoreError::Fault(_)
        | StoreError::Corrupt(_)
        | StoreError::Conflict { .. }
        | StoreError::NotFound { .. } => true,
        StoreError::Busy
        | StoreError::Stopping
        | StoreError::Unavailable(_)
        | StoreError::Unknown(_)
        | StoreError::Newer { .. } => false,
    }
}
