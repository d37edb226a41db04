//! Many operations in one request (RFC 7644 §3.7). Each is a command that happens whole or not at all; the request as
//! a whole is neither: it goes on in bounded steps, each of them one transaction, and what was done stays done.
//!
//! An operation may name what another one of the same request creates, as `bulkId:…`, wherever the two stand. So
//! creations are carried out before what names them, and otherwise everything in the order of the request. Creations
//! that name each other get their ids beforehand and happen together or not at all.

mod order;
mod references;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use lockstep_scim::Error;

use self::order::Turn;
use self::references::References;
use crate::batch::Answer;
use crate::clock::{Random, Timestamp};
use crate::command::{Command, Envelope, Outcome, Refusal, Reply, Touched};
use crate::id::{DirectoryNumber, GroupId, LocalId, UserId};
use crate::limits::{BULK_STEP_BYTES_LIMIT, BULK_STEP_WEIGHT_LIMIT, STEP_LIMIT};
use crate::plan::{self, Context, Planned, Reserved, Stop};
use crate::query::Kind;
use crate::view::{Key, Missing, Step, View};

/// One operation of a request.
#[derive(Debug)]
pub struct Operation {
    /// What it asks; or why that is refused whatever there is.
    pub asked: Result<Envelope, Refusal>,
    /// By which name the others know what it creates (RFC 7644 §3.7: only of a creation).
    pub bulk_id: Option<String>,
    /// The creation that its path names in the place of an id, and which kind of resource the path says that is.
    /// The command has any id then: it is replaced.
    pub target: Option<(Kind, String)>,
}

/// The operations of one request, and the order in which they are carried out.
#[derive(Debug)]
pub struct Bulk {
    operations: Vec<Operation>,
    /// After how many errors to stop.
    fail_on_errors: Option<usize>,
    references: Vec<References>,
    /// Which operation creates what has this name.
    creations: BTreeMap<String, usize>,
    turns: Vec<Turn>,
}

/// How far a request has come.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Progress {
    /// How many of the turns are over.
    turns: usize,
    /// Whether nothing more happens: all is done, or too much went wrong.
    ended: bool,
    errors: usize,
    /// What came of each operation, in the order of the request; `None` for what was not carried out (yet).
    answers: Vec<Option<Answer>>,
}

impl Progress {
    /// Whether nothing more happens.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// What came of each operation, in the order of the request; nothing for what was not carried out.
    #[must_use]
    pub fn into_answers(self) -> Vec<Option<Answer>> {
        self.answers
    }

    /// Keeps which resource it was, and not the resource: a request names many, and may change one many times.
    fn answer(&mut self, index: usize, answer: Answer) {
        self.errors += usize::from(answer.is_err());
        let answer = answer.map(|outcome| Outcome { reply: outcome.reply.brief(), ..outcome });
        if let Some(place) = self.answers.get_mut(index) {
            *place = Some(answer);
        }
    }
}

impl Bulk {
    /// The operations of one request in its order. Processing ends once `fail_on_errors` of them have failed (RFC 7644
    /// §3.7); `None` goes on to the last. Invariant of the caller: no two creations have the same name.
    #[must_use]
    pub fn new(mut operations: Vec<Operation>, fail_on_errors: Option<usize>) -> Self {
        let creations: BTreeMap<String, usize> = operations
            .iter()
            .enumerate()
            .filter_map(|(index, operation)| operation.bulk_id.clone().map(|name| (name, index)))
            .collect();
        let references: Vec<References> = operations
            .iter_mut()
            .map(|operation| {
                let target = operation.target.as_ref().map(|(_, name)| name.clone());
                let named = operation.asked.as_mut().map_or_else(|_| BTreeSet::new(), references::named);
                References { target, named }
            })
            .collect();
        let needs: Vec<Vec<usize>> = references
            .iter()
            .map(|references| references.all().filter_map(|name| creations.get(name).copied()).collect())
            .collect();
        let turns = order::turns(&needs);
        Self { operations, fail_on_errors, references, creations, turns }
    }

    /// Where a request begins.
    #[must_use]
    pub fn begin(&self) -> Progress {
        Progress { answers: vec![None; self.operations.len()], ..Progress::default() }
    }

    /// The turn before which the next step ends at the latest: what it does is bounded by what its commands weigh.
    fn step_end(&self, progress: &Progress) -> usize {
        let mut weight = 0;
        let mut end = progress.turns;
        while let Some(turn) = self.turns.get(end) {
            if weight >= BULK_STEP_WEIGHT_LIMIT {
                break;
            }
            let commands = turn.indices().iter().filter_map(|index| self.asked(*index));
            weight += commands.map(|envelope| envelope.command.weight()).sum::<usize>();
            end += 1;
        }
        end
    }

    /// The operations of the next step.
    fn next(&self, progress: &Progress) -> impl Iterator<Item = (usize, &Envelope)> {
        let turns = self.turns.get(progress.turns..self.step_end(progress)).unwrap_or_default();
        let indices = turns.iter().flat_map(|turn| turn.indices().iter().copied());
        indices.filter_map(|index| Some((index, self.asked(index)?)))
    }

    fn asked(&self, index: usize) -> Option<&Envelope> {
        self.operations.get(index)?.asked.as_ref().ok()
    }

    /// Whether any of the next step takes somebody's access away.
    pub(crate) fn is_removal(&self, progress: &Progress) -> bool {
        self.next(progress).any(|(_, envelope)| envelope.command.is_removal())
    }

    /// Everything that the next step names.
    pub(crate) fn touches(&self, directory: DirectoryNumber, progress: &Progress) -> Touched {
        let mut touched = Touched::These(BTreeSet::new());
        for (index, envelope) in self.next(progress) {
            let resolved = self.resolved(index, envelope, &progress.answers, None).ok().flatten();
            touched.join(&resolved.as_ref().unwrap_or(envelope).command.touches(directory));
        }
        touched
    }

    /// About how much the next step does.
    pub(crate) fn weight(&self, progress: &Progress) -> usize {
        self.next(progress).map(|(_, envelope)| envelope.command.weight()).sum()
    }

    /// What the next step is known to need.
    pub(crate) fn needs(&self, progress: &Progress) -> Vec<Key> {
        let mut keys = Vec::new();
        for (index, envelope) in self.next(progress) {
            let resolved = self.resolved(index, envelope, &progress.answers, None).ok().flatten();
            keys.extend(plan::needs(resolved.as_ref().unwrap_or(envelope)));
        }
        keys
    }

    /// The command with ids in the place of `bulkId:…`; `None` where it names none.
    fn resolved(
        &self,
        index: usize,
        asked: &Envelope,
        made: &[Option<Answer>],
        together: Option<&Together<'_>>,
    ) -> Result<Option<Envelope>, Error> {
        let (Some(references), Some(operation)) = (self.references.get(index), self.operations.get(index))
        else {
            return Ok(None);
        };
        let mut ids = BTreeMap::new();
        for name in references.all() {
            ids.insert(name, self.id_of(name, made, together)?);
        }
        if ids.is_empty() {
            return Ok(None);
        }
        let mut envelope = asked.clone();
        let directory = envelope.directory;
        references::resolve(&mut envelope, &|name| {
            ids.get(name).map(|(kind, id)| written(directory, *kind, *id))
        });
        if let Some((kind, name)) = &operation.target
            && let Some((made, id)) = ids.get(name.as_str())
        {
            if made != kind {
                let kind = noun(*kind);
                return Err(Error::not_found(format!("bulkId `{}` creates no {kind}", shown(name))));
            }
            references::aim(&mut envelope.command, *id);
        }
        Ok(Some(envelope))
    }

    /// What `bulkId:name` stands for.
    fn id_of(
        &self,
        name: &str,
        made: &[Option<Answer>],
        together: Option<&Together<'_>>,
    ) -> Result<(Kind, LocalId), Error> {
        let Some(index) = self.creations.get(name) else {
            return Err(Error::invalid_value(format!(
                "bulkId:{}: no operation of this request creates anything by this bulkId",
                shown(name)
            )));
        };
        if let Some(found) = together.and_then(|together| together.ids.get(index)) {
            return Ok(*found);
        }
        match made.get(*index).and_then(Option::as_ref) {
            Some(Ok(Outcome { reply: Reply::Stands(kind, id), .. })) => Ok((*kind, *id)),
            _ => Err(unresolved(name)),
        }
    }
}

/// One step of a request, in the making.
#[derive(Debug)]
pub(crate) struct Run {
    progress: Progress,
    events: u64,
    /// What the resources take that were made or changed.
    bytes: usize,
    first_seq: u64,
    at: Timestamp,
    notes: Vec<String>,
}

impl Run {
    pub(crate) fn new(progress: &Progress) -> Self {
        Self {
            progress: progress.clone(),
            events: 0,
            bytes: 0,
            first_seq: 0,
            at: Timestamp::default(),
            notes: Vec::new(),
        }
    }

    /// Carries out what is left, over a view that holds everything that is asked for, until it is done or a step's
    /// worth of events is told. What is planned is laid over the view. Refused as a whole where it was read under other
    /// terms and nothing of it has happened yet: it is read again then.
    pub(crate) fn advance(
        &mut self,
        bulk: &Bulk,
        envelope: &Envelope,
        view: &mut View,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<(), Stop> {
        let directory = view.directory()?;
        let is_stale = directory.is_some_and(|row| row.terms_version != envelope.terms.version);
        if is_stale && self.progress.turns == 0 {
            return Err(Refusal::Stale.into());
        }
        let end = bulk.step_end(&self.progress);
        while let Some(turn) = bulk.turns.get(self.progress.turns) {
            if bulk.fail_on_errors.is_some_and(|limit| self.progress.errors >= limit) {
                self.progress.ended = true;
                return Ok(());
            }
            let told = usize::try_from(self.events).unwrap_or(usize::MAX);
            if self.progress.turns >= end || told >= STEP_LIMIT || self.bytes >= BULK_STEP_BYTES_LIMIT {
                return Ok(());
            }
            let bytes = Cell::new(0);
            let scene = Scene { bulk, outer: envelope, now, made: &self.progress.answers, bytes: &bytes };
            let answers = match turn {
                Turn::One(index) => vec![(*index, scene.one(*index, None, view, random)?)],
                Turn::Together(indices) => scene.together(indices, view, random)?,
            };
            self.bytes += bytes.get();
            for (index, answer) in answers {
                if let Ok(outcome) = &answer {
                    if outcome.events > 0 && self.events == 0 {
                        (self.first_seq, self.at) = (outcome.first_seq, outcome.at);
                    }
                    self.events += outcome.events;
                    self.notes.extend(outcome.notes.iter().cloned());
                }
                self.progress.answer(index, answer);
            }
            self.progress.turns += 1;
        }
        self.progress.ended = true;
        Ok(())
    }

    /// Lets the turn that could not be planned fail by a fault of ours.
    pub(crate) fn fail_turn(&mut self, bulk: &Bulk) {
        let failed = bulk.turns.get(self.progress.turns).map_or(&[][..], Turn::indices);
        for index in failed {
            self.progress.answer(*index, Err(Refusal::Fault));
        }
        self.progress.turns += 1;
    }

    /// What came of the step.
    pub(crate) fn outcome(self) -> Outcome {
        let reply = Reply::Bulk(self.progress);
        Outcome { reply, first_seq: self.first_seq, events: self.events, at: self.at, notes: self.notes }
    }
}

/// What a turn is planned over, besides the view.
struct Scene<'a> {
    bulk: &'a Bulk,
    outer: &'a Envelope,
    now: Timestamp,
    made: &'a [Option<Answer>],
    /// What the resources take that were made or changed.
    bytes: &'a Cell<usize>,
}

/// Creations that happen together: the ids that they get.
struct Together<'a> {
    ids: &'a BTreeMap<usize, (Kind, LocalId)>,
    coming: &'a BTreeSet<LocalId>,
}

impl Scene<'_> {
    /// Plans one operation and lays it over the view.
    fn one(
        &self,
        index: usize,
        together: Option<&Together<'_>>,
        view: &mut View,
        random: &mut dyn Random,
    ) -> Result<Answer, Missing> {
        let Some(operation) = self.bulk.operations.get(index) else { return Ok(Err(Refusal::Fault)) };
        let asked = match &operation.asked {
            Ok(asked) if asked.directory == self.outer.directory => asked,
            Ok(_) => return Ok(Err(Refusal::Fault)),
            Err(refusal) => return Ok(Err(refusal.clone())),
        };
        let resolved = match self.bulk.resolved(index, asked, self.made, together) {
            Ok(resolved) => resolved,
            Err(error) => return Ok(Err(error.into())),
        };
        let reserved = together.and_then(|together| {
            together.ids.get(&index).map(|(_, id)| Reserved { id: *id, coming: together.coming })
        });
        let context = Context { envelope: resolved.as_ref().unwrap_or(asked), now: self.now, reserved };
        Ok(match guarded(view, &context, random) {
            Ok(plan) => {
                self.bytes.set(self.bytes.get() + plan::bytes_of(&plan.steps));
                view.apply(plan.steps);
                Ok(plan.outcome)
            }
            Err(Stop::Missing(missing)) => return Err(missing),
            Err(Stop::Refused(refusal)) => Err(refusal),
        })
    }

    /// Plans creations that name each other, with ids given beforehand: users first, because only who exists can be a
    /// member. Where one fails, none happens.
    fn together(
        &self,
        indices: &[usize],
        view: &mut View,
        random: &mut dyn Random,
    ) -> Result<Vec<(usize, Answer)>, Missing> {
        view.directory()?;
        let mut trial = view.clone();
        let mut head = trial.head().clone();
        let at = self.now.max(head.last_at);
        let mut ids = BTreeMap::new();
        for index in indices {
            if let Some(kind) = self.creates(*index) {
                let id = LocalId::next(LocalId(head.last_id), at, random);
                head.last_id = id.0;
                ids.insert(*index, (kind, id));
            }
        }
        trial.apply(vec![Step::Head(head)]);
        let coming: BTreeSet<LocalId> = ids.values().map(|(_, id)| *id).collect();
        let together = Together { ids: &ids, coming: &coming };
        let is_group = |index: &&usize| self.creates(**index) == Some(Kind::Group);
        let (groups, users): (Vec<&usize>, Vec<&usize>) = indices.iter().partition(is_group);
        let mut answers = Vec::new();
        for index in users.into_iter().chain(groups) {
            match self.one(*index, Some(&together), &mut trial, random)? {
                Ok(outcome) => answers.push((*index, Ok(outcome))),
                Err(refusal) => return Ok(self.none_of(indices, *index, &refusal)),
            }
        }
        *view = trial;
        answers.sort_unstable_by_key(|(index, _)| *index);
        Ok(answers)
    }

    /// The answers where `failed` took the others with it (RFC 7644 §3.7.1: 409).
    fn none_of(&self, indices: &[usize], failed: usize, refusal: &Refusal) -> Vec<(usize, Answer)> {
        let name = self.bulk.operations.get(failed).and_then(|operation| operation.bulk_id.as_deref());
        let others = unresolved(name.unwrap_or_default());
        let answer = |index: usize| {
            if index == failed { Err(refusal.clone()) } else { Err(others.clone().into()) }
        };
        indices.iter().map(|index| (*index, answer(*index))).collect()
    }

    fn creates(&self, index: usize) -> Option<Kind> {
        match &self.bulk.operations.get(index)?.asked.as_ref().ok()?.command {
            Command::CreateUser(_) => Some(Kind::User),
            Command::CreateGroup(_) => Some(Kind::Group),
            _ => None,
        }
    }
}

/// Plans, and turns a panic into a refusal: a fault of ours in one operation must not take the others with it.
fn guarded(view: &View, context: &Context<'_>, random: &mut dyn Random) -> Planned {
    catch_unwind(AssertUnwindSafe(|| plan::plan(view, context, random)))
        .unwrap_or(Err(Stop::Refused(Refusal::Fault)))
}

fn written(directory: DirectoryNumber, kind: Kind, local: LocalId) -> String {
    match kind {
        Kind::User => UserId { directory, local }.to_string(),
        Kind::Group => GroupId { directory, local }.to_string(),
    }
}

fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "User",
        Kind::Group => "Group",
    }
}

fn unresolved(name: &str) -> Error {
    let name = shown(name);
    Error::new(
        409,
        None,
        format!("bulkId:{name}: the operation that creates it failed, so nothing was done here"),
    )
}

/// A client's own name for something, as far as it is fit to be shown.
fn shown(name: &str) -> String {
    name.chars().filter(char::is_ascii_graphic).take(64).collect()
}
