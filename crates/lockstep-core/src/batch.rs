//! The batch of a writer lane, without IO: it says what it needs, is supplied with it, plans every command in turn
//! and ends with the changes to write and an answer for each. SQLite, PostgreSQL and memory drive the same batch.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::bulk;
use crate::clock::{Random, Timestamp};
use crate::command::{Command, Envelope, Outcome, Refusal};
use crate::id::DirectoryNumber;
use crate::plan::{self, Context, Stop};
use crate::view::{Changes, Key, Loaded, Missing, View};

/// What came of one command.
pub type Answer = Result<Outcome, Refusal>;

/// What the lane must do next.
#[derive(Debug)]
pub enum Progress {
    /// Load these and [`Batch::supply`] each of them.
    Need(Vec<(DirectoryNumber, Key)>),
    /// Write [`Batch::finish`] and commit.
    Ready,
}

/// Commands that share one transaction.
pub struct Batch {
    envelopes: Vec<Envelope>,
    answers: Vec<Answer>,
    views: BTreeMap<DirectoryNumber, View>,
    now: Timestamp,
    random: Box<dyn Random>,
    asked: BTreeSet<(DirectoryNumber, Key)>,
    prefetched: bool,
    /// How far the many operations of the command that is being planned have come.
    run: Option<bulk::Run>,
}

impl Batch {
    /// A batch of `envelopes`, in the order in which they shall happen, at `now`.
    #[must_use]
    pub fn new(envelopes: Vec<Envelope>, now: Timestamp, random: Box<dyn Random>) -> Self {
        let answers = Vec::with_capacity(envelopes.len());
        Self {
            envelopes,
            answers,
            views: BTreeMap::new(),
            now,
            random,
            asked: BTreeSet::new(),
            prefetched: false,
            run: None,
        }
    }

    /// Plans as far as what was supplied reaches. First asks for all that the commands are known to need, then for
    /// what turned out to be missing.
    pub fn advance(&mut self) -> Progress {
        if !self.prefetched {
            self.prefetched = true;
            let mut needs = BTreeSet::new();
            for envelope in &self.envelopes {
                needs.insert((envelope.directory, Key::Directory));
                needs.extend(plan::needs(envelope).into_iter().map(|key| (envelope.directory, key)));
            }
            self.asked.clone_from(&needs);
            return Progress::Need(needs.into_iter().collect());
        }
        while let Some(envelope) = self.envelopes.get(self.answers.len()) {
            let view = self.views.entry(envelope.directory).or_default();
            let random = &mut self.random;
            if let Command::Bulk(bulk, begun) = &envelope.command {
                let run = self.run.get_or_insert_with(|| bulk::Run::new(begun));
                match run.advance(bulk, envelope, view, self.now, random.as_mut()) {
                    Ok(()) => self.answers.extend(self.run.take().map(|run| Ok(run.outcome()))),
                    Err(Stop::Missing(Missing(keys))) => {
                        let wanted = not_asked(&mut self.asked, envelope.directory, keys);
                        if !wanted.is_empty() {
                            return Progress::Need(wanted);
                        }
                        run.fail_turn(bulk);
                    }
                    Err(Stop::Refused(refusal)) => {
                        self.run = None;
                        self.answers.push(Err(refusal));
                    }
                }
                continue;
            }
            let context = Context { envelope, now: self.now, reserved: None };
            // A fault of ours in one command must not take the others with it; planning changes nothing outside.
            let planned = catch_unwind(AssertUnwindSafe(|| plan::plan(view, &context, random.as_mut())));
            match planned {
                Ok(Ok(plan)) => {
                    view.apply(plan.steps);
                    self.answers.push(Ok(plan.outcome));
                }
                Ok(Err(Stop::Missing(Missing(keys)))) => {
                    let wanted = not_asked(&mut self.asked, envelope.directory, keys);
                    if !wanted.is_empty() {
                        return Progress::Need(wanted);
                    }
                    // Asked before and not supplied: the store broke its promise for this key.
                    self.answers.push(Err(Refusal::Fault));
                }
                Ok(Err(Stop::Refused(refusal))) => self.answers.push(Err(refusal)),
                Err(_) => self.answers.push(Err(Refusal::Fault)),
            }
        }
        Progress::Ready
    }

    /// Takes what the store found.
    pub fn supply(&mut self, directory: DirectoryNumber, key: Key, loaded: Loaded) {
        self.views.entry(directory).or_default().supply(key, loaded);
    }

    /// Takes the envelopes back, so that they can be run again where writing fails. Once [`Progress::Ready`] has come,
    /// they are needed no more.
    pub fn take_envelopes(&mut self) -> Vec<Envelope> {
        std::mem::take(&mut self.envelopes)
    }

    /// What to write, by directory, and the answers in the order of the envelopes. The answers may be given only
    /// after what is written is durable.
    #[must_use]
    pub fn finish(self) -> (Vec<(DirectoryNumber, Changes)>, Vec<Answer>) {
        let changes = self
            .views
            .into_iter()
            .map(|(number, view)| (number, view.into_changes()))
            .filter(|(_, changes)| !changes.is_empty())
            .collect();
        (changes, self.answers)
    }
}

/// The keys that the store was not asked for before; none where it broke its promise to supply what it was asked for.
fn not_asked(
    asked: &mut BTreeSet<(DirectoryNumber, Key)>,
    directory: DirectoryNumber,
    keys: Vec<Key>,
) -> Vec<(DirectoryNumber, Key)> {
    let keys = keys.into_iter().map(|key| (directory, key));
    keys.filter(|key| asked.insert(key.clone())).collect()
}
