//! An IdP as a client: brings a SCIM server to what the company is by the calls that its dialect says, keeps the ids
//! that it was given, and does what its contract says where it is refused. Must not know any IdP, nor what is judged.

mod call;
mod faults;
mod groups;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lockstep_idp::Provider;
use lockstep_idp::dialect::{Deactivate, Dialect, Find, Removal};
use lockstep_idp::provider::Call;

use crate::company::{Company, Dice, Person, Standing};
use crate::speech::{Attribute, Sent, Speech};
use crate::target::Target;

pub use call::{Finding, Weight};
pub use faults::{Faults, Pace};

/// Who or what a resource is in the company.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Key {
    /// A person.
    Person(usize),
    /// A group.
    Group(usize),
}

/// What an IdP's server shall have of somebody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Presence {
    /// Nothing.
    Absent,
    /// A user that may not sign in.
    Inactive,
    /// A user that may.
    Active,
}

/// An IdP and what it remembers.
#[derive(Debug)]
pub struct Idp<'t, T> {
    target: &'t T,
    provider: &'static Provider,
    /// What it says; may change between two cycles.
    pub speech: Speech,
    /// What goes wrong between it and the server.
    pub faults: Faults,
    pace: &'t Pace,
    memory: Memory,
    findings: Mutex<Vec<Finding>>,
    /// Resources that a POST made or a look-up found: for the clean-up and to know of whom events tell.
    seen: Mutex<BTreeMap<String, Key>>,
    /// Everybody by userName, for one that reads all instead of looking one up.
    listed: BTreeMap<String, String>,
    calls: AtomicUsize,
    /// After so many calls the connection is lost for the rest of the cycle.
    breaks_after: Option<usize>,
    is_broken: AtomicBool,
    /// Calls in a row that the server did not answer.
    unanswered: AtomicUsize,
}

/// Calls in a row without an answer after which the server is taken to be gone.
const UNANSWERED: usize = 12;

#[derive(Debug, Default)]
struct Memory {
    users: BTreeMap<usize, KnownUser>,
    groups: BTreeMap<usize, KnownGroup>,
}

#[derive(Clone, Debug)]
struct KnownUser {
    id: String,
    sent: Sent,
}

#[derive(Clone, Debug)]
struct KnownGroup {
    id: String,
    name: String,
    members: BTreeSet<Key>,
}

/// What an IdP's server shall have of somebody on this day.
#[must_use]
pub fn presence(dialect: &Dialect, person: &Person, day: u32) -> Presence {
    let switched_off = match dialect.deactivate {
        Deactivate::Delete => Presence::Absent,
        Deactivate::Put | Deactivate::PatchWithoutPath | Deactivate::PatchPath => Presence::Inactive,
    };
    match (person.standing, dialect.delete_user) {
        (Standing::Employed, _) => Presence::Active,
        (Standing::Left(..), Removal::AtOnce) => Presence::Absent,
        (Standing::Left(since, _), Removal::AfterDays(days)) if day >= since + days => Presence::Absent,
        (Standing::Suspended(_) | Standing::Left(..), _) => switched_off,
    }
}

impl<'t, T: Target> Idp<'t, T> {
    /// An IdP that has not sent anything yet.
    pub fn new(target: &'t T, provider: &'static Provider, dialect: Dialect, pace: &'t Pace) -> Self {
        Self {
            target,
            provider,
            speech: Speech::new(provider, dialect),
            faults: Faults::default(),
            pace,
            memory: Memory::default(),
            findings: Mutex::default(),
            seen: Mutex::default(),
            listed: BTreeMap::new(),
            calls: AtomicUsize::new(0),
            breaks_after: None,
            is_broken: AtomicBool::new(false),
            unanswered: AtomicUsize::new(0),
        }
    }

    /// Whether the server stopped answering.
    pub fn is_unreachable(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed) >= UNANSWERED
    }

    /// Loses the connection after so many more calls, until the next cycle.
    pub fn break_after(&mut self, calls: usize) {
        let made = *self.calls.get_mut();
        self.breaks_after = Some(made + calls);
    }

    /// Whom a resource's id means.
    pub fn key_of(&self, id: &str) -> Option<Key> {
        self.seen.lock().ok()?.get(id).copied()
    }

    /// The id that it knows for somebody or something.
    #[must_use]
    pub fn id_of(&self, key: Key) -> Option<&str> {
        match key {
            Key::Person(number) => self.memory.users.get(&number).map(|user| user.id.as_str()),
            Key::Group(number) => self.memory.groups.get(&number).map(|group| group.id.as_str()),
        }
    }

    /// What it would send of somebody now.
    #[must_use]
    pub fn wanted(&self, company: &Company, person: &Person) -> Sent {
        let manager = person.manager.filter(|number| company.people.contains_key(number));
        let manager = manager.and_then(|number| self.id_of(Key::Person(number)));
        let is_active = presence(&self.speech.dialect, person, company.day) == Presence::Active;
        self.speech.of(person, manager, is_active)
    }

    /// What was found wrong so far; forgotten here.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut *lock(&self.findings))
    }

    /// How many requests were sent.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// What the button "test connection" sends, as far as it only reads.
    pub async fn test_connection(&self) {
        for line in self.speech.dialect.connection_test {
            if let Some(target) = line.strip_prefix("GET ") {
                let target = target.replace("{random}", "nobody-of-this-name");
                self.call(Call::ConnectionTest, "GET", &target, None).await;
            }
        }
    }

    /// One cycle: everything that differs from what it sent last. Whether all of it was done. Tells how many requests
    /// it has sent, as it goes.
    pub async fn cycle(&mut self, company: &Company, tell: &(dyn Fn(usize) + Sync)) -> bool {
        *self.is_broken.get_mut() = false;
        if self.speech.dialect.find_user == Find::List {
            self.listed = self.list_users().await;
        }
        // Who reports to nobody first: the others name their ids.
        let sends_managers =
            self.speech.attributes.iter().any(|(attribute, _)| *attribute == Attribute::Manager);
        for has_manager in [false, true] {
            let wave = company
                .people
                .iter()
                .filter(|(_, person)| (sends_managers && person.manager.is_some()) == has_manager);
            let wave: Vec<usize> = wave.map(|(number, _)| *number).collect();
            self.sync_users(company, wave, tell).await;
        }
        for has_groups in [false, true] {
            let wave = company.groups.iter().filter(|(_, group)| group.groups.is_empty() != has_groups);
            let wave: Vec<usize> = wave.map(|(number, _)| *number).collect();
            self.sync_groups(company, wave, tell).await;
        }
        let is_whole = !*self.is_broken.get_mut();
        // A connection breaks once.
        if !is_whole {
            self.breaks_after = None;
        }
        is_whole && self.is_settled(company)
    }

    /// Whether nothing is left to send.
    fn is_settled(&self, company: &Company) -> bool {
        let users = company.people.iter().all(|(number, person)| {
            let wanted = presence(&self.speech.dialect, person, company.day);
            match self.memory.users.get(number) {
                None => wanted != Presence::Active,
                Some(known) => match wanted {
                    Presence::Absent => false,
                    Presence::Inactive => !known.sent.is_active,
                    Presence::Active => !users::differs(Some(&known.sent), &self.wanted(company, person)),
                },
            }
        });
        let groups = company.groups.iter().all(|(number, group)| match self.memory.groups.get(number) {
            None => group.is_gone || self.speech.dialect.groups.is_none(),
            Some(known) => {
                !group.is_gone && known.name == group.name && known.members == self.wanted_members(group)
            }
        });
        users && groups
    }

    /// Deletes all that it made. How many could not be deleted.
    pub async fn clean_up(&mut self) -> usize {
        self.faults = Faults::default();
        self.breaks_after = None;
        *self.is_broken.get_mut() = false;
        let seen = std::mem::take(&mut *lock(&self.seen));
        let paths = |is_group: bool| {
            seen.iter().filter(move |(_, key)| matches!(key, Key::Group(_)) == is_group).map(
                move |(id, _)| {
                    if is_group { format!("/Groups/{id}") } else { format!("/Users/{id}") }
                },
            )
        };
        let (groups, users): (Vec<String>, Vec<String>) = (paths(true).collect(), paths(false).collect());
        let mut left = 0;
        for paths in [groups, users] {
            left += self.delete_all(paths).await;
        }
        left
    }

    /// How many things it does at once.
    fn at_once(&self) -> usize {
        let own = usize::try_from(self.speech.dialect.parallel).unwrap_or(1).clamp(1, 16);
        if self.faults.reordering { own.max(8) } else { own }
    }

    /// The order in which it takes things up.
    fn order(&self, mut numbers: Vec<usize>) -> Vec<usize> {
        if self.faults.reordering {
            Dice::new(self.faults.seed).shuffle(&mut numbers);
        }
        numbers
    }
}

/// A lock that nobody poisons: nothing panics while it holds it.
fn lock<V>(mutex: &Mutex<V>) -> std::sync::MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
