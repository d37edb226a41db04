//! What a request leaves for its log line and its record: put on the response by the edge that served it.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use lockstep_core::clock::Timestamp;
use lockstep_core::command::{Outcome, Reply};
use lockstep_core::id::{ApiKeyId, ClientId, DirectoryId, LocalId, TokenId};
use lockstep_core::query::Kind;
use lockstep_idp::Note;
use lockstep_idp::detect::Habit;

/// What was done with one request. Holds no personal data.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// What was asked, as a template: `PATCH /Users/{id}`.
    pub operation: String,
    /// The directory that it was about.
    pub directory: Option<DirectoryId>,
    /// The bearer token by which the IdP was known; its id, not the secret.
    pub token: Option<TokenId>,
    /// The OAuth client that it was, where it was one.
    pub client: Option<ClientId>,
    /// The contract by which it was read.
    pub contract: &'static str,
    /// The repairs that were used, in their order.
    pub repairs: Vec<Note>,
    /// What was left out and why.
    pub notes: Vec<String>,
    /// Whose traffic it looks like, where that is another IdP than its directory's: the short name of a contract.
    pub looks_like: Option<&'static str>,
    /// What showed whose traffic it is, in words, where the directory took another contract by it.
    pub recognized_by: Vec<&'static str>,
    /// What the IdP was seen to do by habit.
    pub habits: BTreeSet<Habit>,
    /// What the IdP's administrator should change there.
    pub advice: Vec<String>,
    /// The number of the first event that it made.
    pub first_seq: u64,
    /// How many events it made.
    pub events: u64,
    /// The same in runs, for each the number of its first event, how many it has, and their time.
    pub made: Vec<(u64, u64, Timestamp)>,
    /// The users and groups that it was about; one may be there twice.
    pub resources: Vec<(Kind, LocalId)>,
}

impl Trail {
    /// What was asked of a directory by the application, and which contract it has.
    pub(crate) fn about(operation: &str, directory: DirectoryId, contract: &'static str) -> Self {
        Self { operation: operation.to_owned(), directory: Some(directory), contract, ..Self::default() }
    }

    /// The same with what came of the command.
    #[must_use]
    pub(crate) fn with(mut self, outcome: &Outcome) -> Self {
        self.add(outcome);
        self
    }

    /// Notes what came of a command. Of a request that takes several, others' events may stand between theirs.
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        if self.events == 0 {
            self.first_seq = outcome.first_seq;
        }
        self.events += outcome.events;
        if outcome.events > 0 {
            self.made.push((outcome.first_seq, outcome.events, outcome.at));
        }
        match &outcome.reply {
            Reply::User(user) => self.resources.push((Kind::User, user.id)),
            Reply::Group(group) => self.resources.push((Kind::Group, group.id)),
            Reply::Stands(kind, id) => self.resources.push((*kind, *id)),
            Reply::Gone
            | Reply::Directory(_)
            | Reply::Schema(_)
            | Reply::Mapping(_)
            | Reply::Step { .. }
            | Reply::Bulk(_) => {}
        }
        self.notes.extend(outcome.notes.iter().cloned());
    }
}

/// By which API key a request came, for its log line: also where it is refused after that. Put on the request by what logs
/// it, and filled in by what knows the key.
#[derive(Clone, Debug, Default)]
pub(crate) struct CameBy(Arc<OnceLock<ApiKeyId>>);

impl CameBy {
    /// A request has one key, however often it is looked at.
    pub(crate) fn note(&self, key: ApiKeyId) {
        self.0.get_or_init(|| key);
    }

    pub(crate) fn key(&self) -> Option<ApiKeyId> {
        self.0.get().copied()
    }
}
