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
use lockstep_core::query::Kind;
use lockstep_core::view::{Changes, Key, Loaded};
use lockstep_store::{RandomFactory, StoreError};
use rusqlite::Connection;

use crate::directories;
use crate::error::{Error, Result, is_ours, leaves_commit_open};
use crate::events;
use crate::file::{self, Held};
use crate::groups;
use crate::mappings;
use crate::organizations;
use crate::queue::{Job, Reply, Shared};
use crate::receipts;
use crate::statement::execute;
use crate::users;
use crate::waiting::Turn;

/// How long nothing must be asked of the lane before it folds the write-ahead log into the database.
const IDLE: Duration = Duration::from_millis(500);
/// After how many commits without a pause the log's size is looked at.
const COMMITS_BETWEEN_LOOKS: u32 = 256;

pub(crate) struct Lane {
    connection: Connection,
    path: PathBuf,
    clock: Arc<dyn Clock>,
    random: RandomFactory,
    shared: Arc<Shared>,
    batch_max: usize,
    log_bytes_max: u64,
    /// Whether something may stand in the log that is not in the database yet.
    unfolded: bool,
    /// Commits since the log was last looked at.
    commits: u32,
    /// Given back when the lane ends.
    _held: Held,
}

/// Commands whose transaction failed, and why.
struct Failed {
    error: StoreError,
    /// Whether it comes of what one of them brought, so that the others need not fail with it.
    ours: bool,
    envelopes: Vec<Envelope>,
}

/// What was done within a transaction, and whether there was anything to commit.
struct Done<T> {
    value: T,
    wrote: bool,
}

impl Lane {
    pub(crate) fn new(
        connection: Connection,
        held: Held,
        clock: Arc<dyn Clock>,
        random: RandomFactory,
        shared: Arc<Shared>,
        sizes: Sizes,
    ) -> Self {
        Self {
            connection,
            path: held.path.clone(),
            clock,
            random,
            shared,
            batch_max: sizes.batch_max.max(1),
            log_bytes_max: sizes.log_bytes_max,
            unfolded: true,
            commits: 0,
            _held: held,
        }
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
            if self.commits >= COMMITS_BETWEEN_LOOKS {
                self.commits = 0;
                self.shorten();
            }
        }
        self.fold();
    }

    fn commands(&mut self, asked: Vec<(Envelope, Reply)>) {
        let (envelopes, replies): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        match self.carry_out(envelopes) {
            Ok(answers) => {
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // Whoever asked may have gone; what was done stays done.
                    let _ = reply.send(Ok(answer));
                }
            }
            Err(Failed { error, ours: true, envelopes })
                if envelopes.len() > 1 && envelopes.len() == replies.len() =>
            {
                tracing::error!(%error, commands = envelopes.len(), "a batch failed; it runs again by halves");
                let mut first: Vec<_> = envelopes.into_iter().zip(replies).collect();
                let second = first.split_off(first.len() / 2);
                self.commands(first);
                self.commands(second);
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
        #[cfg(test)]
        self.shared.ran();
        let count = envelopes.len();
        // Outside of what may panic, so that the envelopes outlive it.
        let mut batch = Some(Batch::new(envelopes, self.clock.now(), (self.random)()));
        let mut kept = Vec::new();
        let mut effects = Effects::default();
        let connection = &self.connection;
        let worked = guarded(|| {
            in_transaction(connection, || {
                let planning = batch.as_mut().ok_or_else(|| fault("a batch is gone"))?;
                drive(connection, planning)?;
                kept = planning.take_envelopes();
                let (changes, answers) = batch.take().map(Batch::finish).unwrap_or_default();
                if answers.len() != count {
                    return Err(fault("a command has no answer"));
                }
                effects = apply(connection, &changes)?;
                Ok(Done { value: answers, wrote: effects.writes })
            })
        });
        if let Some(mut stopped) = batch
            && kept.is_empty()
        {
            kept = stopped.take_envelopes();
        }
        let ours = worked.as_ref().is_err_and(is_ours);
        self.settle(worked, effects).map_err(|error| Failed { error, ours, envelopes: kept })
    }

    /// A write that is no command of a directory, in a transaction of its own.
    fn job(&mut self, job: Job) {
        let connection = &self.connection;
        let mut effects = Effects::default();
        let worked = guarded(|| {
            in_transaction(connection, || {
                let before = connection.total_changes();
                effects.credentials = (job.write)(connection)?;
                Ok(Done { value: (), wrote: connection.total_changes() != before })
            })
        });
        let settled = self.settle(worked, effects);
        (job.answer)(settled);
    }

    /// Tells how a transaction ended, and leaves the connection without one.
    fn settle<T>(&mut self, worked: Result<Done<T>>, effects: Effects) -> Result<T, StoreError> {
        if !self.connection.is_autocommit() && self.connection.execute_batch("ROLLBACK").is_err() {
            self.reconnect();
        }
        match worked {
            Ok(Done { value, wrote }) => {
                if wrote {
                    self.unfolded = true;
                    self.commits += 1;
                    self.shared.set_health(None);
                    self.shared.wrote(effects.events, effects.credentials);
                }
                Ok(value)
            }
            Err(error) => {
                let ours = is_ours(&error);
                let error = StoreError::from(error);
                if !matches!(error, StoreError::Conflict { .. } | StoreError::NotFound { .. }) {
                    tracing::error!(%error, "a write failed");
                }
                if matches!(error, StoreError::Unknown(_)) {
                    // As if it had happened: then nobody goes on with what is no longer so.
                    self.unfolded = true;
                    self.shared.wrote(true, true);
                }
                if !ours {
                    self.shared.set_health(Some(error.clone()));
                }
                Err(error)
            }
        }
    }

    fn reconnect(&mut self) {
        match file::writer(&self.path) {
            Ok(connection) => self.connection = connection,
            Err(error) => tracing::error!(error = %StoreError::from(error), "the writer cannot reconnect"),
        }
    }

    /// Folds the write-ahead log into the database, as far as readers let it; the rest waits for the next pause.
    fn fold(&mut self) {
        self.commits = 0;
        match file::fold(&self.connection) {
            Ok(all) => self.unfolded = !all,
            Err(error) => tracing::warn!(%error, "the write-ahead log could not be folded in"),
        }
        self.shorten();
        #[cfg(test)]
        self.shared.folded.send_modify(|(count, all)| (*count, *all) = (*count + 1, !self.unfolded));
    }

    /// Begins the log anew where it has grown beyond its size, which happens only while somebody reads all the time.
    fn shorten(&mut self) {
        if file::log_bytes(&self.path) <= self.log_bytes_max {
            return;
        }
        match file::shorten(&self.connection) {
            Ok(true) => self.unfolded = false,
            Ok(false) => tracing::debug!("the write-ahead log is still read; it stays as long as it is"),
            Err(error) => tracing::warn!(%error, "the write-ahead log could not be begun anew"),
        }
    }
}

/// How much the lane takes at once, and how long its log may be.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) batch_max: usize,
    pub(crate) log_bytes_max: u64,
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
    #[cfg(test)]
    crate::tests::panic_when_loaded(key);
    Ok(match key {
        Key::Directory => {
            let found = directories::directory(connection, directory)?;
            Loaded::Directory(found.map(|(row, head)| (Arc::new(row), head)))
        }
        Key::Ended(organization) => Loaded::Present(organizations::has_ended(connection, *organization)?),
        Key::Receipt(key, since) => Loaded::Present(receipts::receipt(connection, *key, *since)?.is_some()),
        Key::Schemas => Loaded::Schemas(Arc::new(directories::schemas(connection, directory)?)),
        Key::Mapping => Loaded::Mapping(Arc::new(mappings::of_directory(connection, directory)?)),
        Key::Behind(Kind::User, after) => Loaded::Ids(users::behind(connection, directory, *after)?),
        Key::Behind(Kind::Group, after) => Loaded::Ids(groups::behind(connection, directory, *after)?),
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
        #[cfg(test)]
        crate::tests::panic_when_written(changes);
        directories::apply(connection, *directory, changes)?;
        mappings::apply(connection, *directory, changes)?;
        users::apply(connection, *directory, changes)?;
        groups::apply(connection, *directory, changes)?;
        position = events::append(connection, position, &changes.records)?;
        effects.writes = true;
        effects.events |= !changes.records.is_empty();
        effects.credentials |= changes.directory.is_some() || !changes.tokens.is_empty();
    }
    Ok(effects)
}

/// Runs `work` between BEGIN IMMEDIATE and COMMIT. What fails before COMMIT did not happen.
fn in_transaction<T>(connection: &Connection, work: impl FnOnce() -> Result<Done<T>>) -> Result<Done<T>> {
    execute(connection, "BEGIN IMMEDIATE", [])?;
    let done = work()?;
    if !done.wrote {
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
