//! The planner: (what is, what was asked) → (what changes, what is told, what is answered). Every rule about meaning
//! stands here and in the files below; no IO, no clock, nothing but its arguments.

mod directory;
mod group;
mod mapping;
mod members;
mod memberships;
mod schemas;
pub(crate) mod size;
mod user;

pub(crate) use members::{names as names_members, of_body as members_of_body, of_patch as members_of_patch};
pub(crate) use memberships::{of_body as groups_of_body, of_patch as groups_of_patch};
pub(crate) use size::bytes_of;

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_scim::Error;

use crate::clock::{Random, Timestamp};
use crate::command::{Command, Envelope, Outcome, Refusal, Reply};
use crate::event::{Change, Record, ToldDirectory};
use crate::id::{LocalId, SEQ_MAX};
use crate::mapping::MappingChange;
use crate::model::{Directory, DirectoryState, Head};
use crate::recognition::ChosenBy;
use crate::settings::Setting;
use crate::version::Precondition;
use crate::view::{Key, Missing, Step, View};

/// What a plan depends on besides the view.
pub struct Context<'a> {
    /// The command with its directory, request and terms.
    pub envelope: &'a Envelope,
    /// The time of the batch.
    pub now: Timestamp,
    /// Of a creation that happens together with others: which id it gets.
    pub reserved: Option<Reserved<'a>>,
}

/// The id of a creation, given beforehand, because what is created with it names it.
#[derive(Clone, Copy, Debug)]
pub struct Reserved<'a> {
    /// Its id. The log's head is not behind it.
    pub id: LocalId,
    /// The ids of everything that happens with it: they are as good as there.
    pub coming: &'a BTreeSet<LocalId>,
}

/// A command, decided.
#[derive(Debug)]
pub struct Plan {
    /// What changes.
    pub steps: Vec<Step>,
    /// What is answered.
    pub outcome: Outcome,
}

/// Why there is no plan (yet).
#[derive(Debug)]
pub enum Stop {
    /// Something must be loaded first.
    Missing(Missing),
    /// The command is refused; nothing of it happens.
    Refused(Refusal),
}

impl From<Missing> for Stop {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused(Refusal::Scim(error))
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

pub(crate) type Planned<T = Plan> = Result<T, Stop>;

/// What a command is known to need before it is planned, so that a store can load it all at once. A plan may turn
/// out to need more.
#[must_use]
pub fn needs(envelope: &Envelope) -> Vec<Key> {
    match &envelope.command {
        Command::Bulk(bulk, progress) => bulk.needs(progress),
        Command::CreateDirectory(new) => directory::needs(new),
        // What a step of a sweep needs the directory's row says.
        Command::ChangeDirectory { .. }
        | Command::Recognize(_)
        | Command::DeleteDirectory
        | Command::Reproject
        | Command::Sweep => Vec::new(),
        Command::ChangeSchemas(_) => vec![Key::Schemas],
        Command::ChangeMapping(change) => mapping_needs(change),
        Command::CreateUser(object) => {
            let mut keys = user::names_needed(object);
            keys.extend(memberships::body_needs(envelope, None, object));
            keys
        }
        Command::ReplaceUser(id, object, precondition) => {
            let mut keys = user::names_needed(object);
            keys.extend(memberships::body_needs(envelope, Some(*id), object));
            keys.extend(user::user_needed(*id, precondition));
            keys
        }
        Command::PatchUser(id, patch, precondition) => {
            let mut keys = user::names_patched(patch);
            keys.extend(memberships::patch_needs(envelope, *id, patch));
            keys.extend(user::user_needed(*id, precondition));
            keys
        }
        Command::DeleteUser(id, _) => vec![Key::User(*id), Key::GroupsOf(*id)],
        Command::CreateGroup(object) => group::create_needs(envelope, object),
        Command::ReplaceGroup(id, object, _) => group::replace_needs(envelope, *id, object),
        Command::PatchGroup(id, patch, _) => group::patch_needs(envelope, *id, patch),
        Command::DeleteGroup(id, _) | Command::EndGroup(id) => {
            vec![Key::Group(*id), Key::FirstMembersOf(*id), Key::ParentsOf(*id)]
        }
    }
}

fn mapping_needs(change: &MappingChange) -> Vec<Key> {
    let groups: Vec<Key> = match change {
        MappingChange::Organization(_) | MappingChange::Own(_) => Vec::new(),
        MappingChange::Roles(roles) => roles.groups().map(Key::Group).collect(),
    };
    std::iter::once(Key::Mapping).chain(groups).collect()
}

/// Decides one command. A plan is complete: laid over the view it leaves a state in which every promise holds.
pub fn plan(view: &View, context: &Context<'_>, random: &mut dyn Random) -> Planned {
    if let Command::CreateDirectory(new) = &context.envelope.command {
        return Draft::new(view, context).create_directory(new);
    }

    let directory = view.directory()?.ok_or(Refusal::NoDirectory)?.clone();
    let draft = Draft::new(view, context);
    match (&context.envelope.command, directory.state) {
        // What was begun before the directory went has nothing left to do: its rows are cleared without events.
        (Command::EndGroup(_) | Command::Reproject | Command::Sweep, DirectoryState::Deleting) => {
            Ok(draft.done(Reply::Step { more: false }))
        }
        (Command::EndGroup(id), _) => draft.end_group(*id),
        (_, DirectoryState::Deleting) => Err(Refusal::NoDirectory.into()),
        (Command::DeleteDirectory, _) => Ok(draft.delete_directory(&directory)),
        (Command::ChangeDirectory { name, state, settings, contract, credential_header }, _) => {
            let change = |next: &mut Directory| {
                for (setting, on) in settings {
                    next.settings.set(*setting, *on);
                }
                if next.settings != directory.settings {
                    next.terms_version += 1;
                }
                if let Some(contract) = contract {
                    next.hold_to(contract, ChosenBy::Operator);
                }
                next.name = name.clone().unwrap_or_else(|| directory.name.clone());
                next.state = state.unwrap_or(directory.state);
                if let Some(header) = credential_header {
                    next.credential_header = header.clone();
                }
            };
            Ok(draft.change_directory(&directory, change))
        }
        (Command::Recognize(recognized), _) => {
            let (head, now) = (draft.head.clone(), context.now);
            Ok(draft.change_directory(&directory, |next| next.recognize(&head, recognized, now)))
        }
        (Command::ChangeSchemas(change), _) => draft.change_schemas(&directory, change),
        (Command::ChangeMapping(change), _) => draft.change_mapping(&directory, change),
        (Command::Reproject, _) => Ok(draft.reproject(&directory)),
        (Command::Sweep, _) if context.envelope.terms.version != directory.terms_version => {
            Err(Refusal::Stale.into())
        }
        (Command::Sweep, _) => draft.sweep(&directory),
        (_, DirectoryState::Unlinked) => Err(Refusal::Paused.into()),
        (command, _)
            if command.depends_on_terms() && context.envelope.terms.version != directory.terms_version =>
        {
            Err(Refusal::Stale.into())
        }
        (command, DirectoryState::Linked) => match command {
            Command::CreateUser(object) => draft.create_user(object, random),
            Command::ReplaceUser(id, object, precondition) => draft.replace_user(*id, object, precondition),
            Command::PatchUser(id, patch, precondition) => draft.patch_user(*id, patch, precondition),
            Command::DeleteUser(id, precondition) => draft.delete_user(*id, precondition),
            Command::CreateGroup(object) => draft.create_group(object, random),
            Command::ReplaceGroup(id, object, precondition) => draft.replace_group(*id, object, precondition),
            Command::PatchGroup(id, patch, precondition) => draft.patch_group(*id, patch, precondition),
            Command::DeleteGroup(id, precondition) => draft.delete_group(*id, precondition),
            Command::CreateDirectory(_)
            | Command::ChangeDirectory { .. }
            | Command::Recognize(_)
            | Command::ChangeSchemas(_)
            | Command::ChangeMapping(_)
            | Command::Reproject
            | Command::Sweep
            | Command::DeleteDirectory
            | Command::EndGroup(_)
            // Planned by `bulk`, one operation at a time.
            | Command::Bulk(..) => Err(Refusal::Fault.into()),
        },
    }
}

/// A plan in the making: the steps so far and the log's head as they leave it.
struct Draft<'a> {
    view: &'a View,
    context: &'a Context<'a>,
    head: Head,
    at: Timestamp,
    steps: Vec<Step>,
    notes: Vec<String>,
    events: u64,
}

impl<'a> Draft<'a> {
    fn new(view: &'a View, context: &'a Context<'a>) -> Self {
        let head = view.head().clone();
        // Times in a directory never decrease, also when the clock was set back.
        let at = context.now.max(head.last_at);
        Self { view, context, head, at, steps: Vec::new(), notes: Vec::new(), events: 0 }
    }

    /// Appends a fact to the log and gives its number.
    fn record(&mut self, change: Change) -> u64 {
        self.record_for(self.context.envelope.request, change)
    }

    /// [`Draft::record`] with the request that caused it, where that was an earlier one.
    fn record_for(&mut self, request: crate::id::RequestId, change: Change) -> u64 {
        self.head.last_seq += 1;
        assert!(self.head.last_seq <= SEQ_MAX, "an event's id holds no greater number");
        self.head.last_at = self.at;
        self.events += 1;
        let seq = self.head.last_seq;
        let directory = self.context.envelope.directory;
        self.steps.push(Step::Append(Box::new(Record { directory, seq, at: self.at, request, change })));
        seq
    }

    /// The number that the next record will have.
    fn next_seq(&self) -> u64 {
        self.head.last_seq + 1
    }

    /// A new id in this directory.
    fn draw_id(&mut self, random: &mut dyn Random) -> LocalId {
        if let Some(reserved) = self.context.reserved {
            return reserved.id;
        }
        let id = LocalId::next(LocalId(self.head.last_id), self.at, random);
        self.head.last_id = id.0;
        id
    }

    /// The finished plan. What made no event changed nothing.
    fn done(mut self, reply: Reply) -> Plan {
        let first_seq = self.head.last_seq + 1 - self.events;
        if self.head != *self.view.head() {
            self.steps.push(Step::Head(self.head));
        }
        Plan {
            steps: self.steps,
            outcome: Outcome { reply, first_seq, events: self.events, at: self.at, notes: self.notes },
        }
    }

    fn change_directory(mut self, directory: &Arc<Directory>, change: impl FnOnce(&mut Directory)) -> Plan {
        let mut next = Directory::clone(directory);
        change(&mut next);
        if next == **directory {
            return self.done(Reply::Directory(directory.clone()));
        }
        next.updated_at = self.context.now.max(directory.updated_at);
        if mapping::maps_otherwise(directory, &next) {
            next.sweep = self.reprojecting(directory);
        }
        let next = Arc::new(next);
        self.steps.push(Step::Directory(next.clone()));
        self.done(Reply::Directory(next))
    }

    fn delete_directory(mut self, directory: &Directory) -> Plan {
        let gone = Directory { state: DirectoryState::Deleting, updated_at: self.at, ..directory.clone() };
        self.steps.push(Step::Directory(Arc::new(gone)));
        self.record(Change::Deleted(Box::new(ToldDirectory::from(directory))));
        self.head.users_active = 0;
        self.head.users_inactive = 0;
        self.head.groups = 0;
        self.done(Reply::Gone)
    }
}

/// RFC 7644 §3.3: 409 where a name that must be unique is another's than `own`. Asks for all that is missing at once.
fn refuse_taken(
    own: LocalId,
    owners: impl IntoIterator<Item = (&'static str, Result<Option<LocalId>, Missing>)>,
) -> Planned<()> {
    let (mut missing, mut taken) = (Vec::new(), None);
    for (attribute, owner) in owners {
        match owner {
            Ok(owner) if owner.is_some_and(|owner| owner != own) => taken = taken.or(Some(attribute)),
            Ok(_) => {}
            Err(Missing(keys)) => missing.extend(keys),
        }
    }
    if !missing.is_empty() {
        return Err(Missing(missing).into());
    }
    taken.map_or(Ok(()), |attribute| Err(Error::conflict(attribute).into()))
}

/// RFC 6585 §3: 428 where the directory wants to be told which version is meant, and the request does not say it.
fn demand_stated(precondition: &Precondition, directory: Option<&Arc<Directory>>) -> Result<(), Error> {
    let required = directory.is_some_and(|directory| directory.settings.has(Setting::RequireIfMatch));
    match precondition {
        Precondition::None | Precondition::NoneOf(_) if required => Err(Error::precondition_required(
            "this directory takes a change only with If-Match: read the resource and send its version with the change",
        )),
        Precondition::None | Precondition::NoneOf(_) | Precondition::Exists | Precondition::OneOf(_) => {
            Ok(())
        }
    }
}

/// RFC 7644 §3.14: a version that no longer holds is 412, and nothing happens.
fn demand(precondition: &Precondition, tag: &str) -> Result<(), Error> {
    if precondition.met_by(tag) {
        Ok(())
    } else {
        Err(Error::precondition_failed(format!(
            "the resource has changed: its version is now `{}`",
            tag.replace('"', "")
        )))
    }
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "a test's JSON is written where it is used")]
mod tests;
