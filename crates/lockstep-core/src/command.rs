//! What a request asks of a directory, after its contract's repairs: what the RFC means, whoever sent it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_scim::Object;
use lockstep_scim::filter::Filter;
use lockstep_scim::patch::{Op, Operation, Patch};
use lockstep_scim::resource::Unknown;
use lockstep_scim::schema::{Definition, Mutability};
use serde_json::Value;

use crate::bulk::{self, Bulk};
use crate::clock::Timestamp;
use crate::credential_header::CredentialHeader;
use crate::derived;
use crate::event::ToldDomain;
use crate::id::{DirectoryNumber, LocalId, RequestId};
use crate::limits::{STEP_LIMIT, SWEEP_STEP_LIMIT};
use crate::mapping::{self, AttributeMapping, Attributes, DirectoryMapping, MappingChange};
use crate::model::{Directory, DirectoryState, Group, Token, User};
use crate::plan;
use crate::query::Kind;
use crate::receipt::Receipt;
use crate::recognition::{Contract, Recognized};
use crate::rules::Rules;
use crate::schemas::{OwnSchema, OwnSchemas, Refused, SchemaChange, Sweep};
use crate::settings::{Setting, Settings};
use crate::version::Precondition;

/// What holds for a directory besides its rows: its contract's rules and its resource types.
#[derive(Debug)]
pub struct Terms {
    /// The directory's [`Directory::terms_version`] of which they are.
    pub version: u64,
    /// What its operator asks besides the contract.
    pub settings: Settings,
    /// The contract's switches, with those that its operator set as they were set.
    pub rules: Rules,
    /// The User resource type with this directory's extensions.
    pub user: Definition,
    /// The Group resource type with this directory's extensions.
    pub group: Definition,
    /// What stored resources must still follow.
    pub sweep: Option<Arc<Sweep>>,
    /// What applications read of its users besides the fields that every user has.
    pub attributes: Arc<Attributes>,
}

impl Terms {
    /// The two standard resource types under `rules`. Where unknown attributes are not refused, an extension that
    /// nobody declared is kept as it came.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let (user, group) = (Definition::user(), Definition::group());
        let (user, group) = match rules.unknown_attributes {
            Unknown::Refuse => (user, group),
            Unknown::Ignore => (user.with_open_extensions(), group.with_open_extensions()),
        };
        let (user, group) = if rules.patch.undeclared_is_syntax {
            (user.without_hidden(), group.without_hidden())
        } else {
            (user, group)
        };
        let user = if rules.memberships_through_users { with_writable_groups(user) } else { user };
        let user = if rules.user_name_from_email { derived::with_derived_name(user) } else { user };
        Self {
            version: 0,
            settings: Settings::default(),
            rules,
            user,
            group,
            sweep: None,
            attributes: Arc::default(),
        }
    }

    /// The terms of this directory, which its contract's rules begin.
    #[must_use]
    pub fn of(directory: &Directory, rules: Rules, schemas: &OwnSchemas) -> Self {
        let terms = Self::new(directory.settings.over(rules));
        Self {
            version: directory.terms_version,
            settings: directory.settings.clone(),
            user: schemas.extend(Kind::User, terms.user),
            group: schemas.extend(Kind::Group, terms.group),
            sweep: directory.sweep.clone(),
            rules: terms.rules,
            attributes: terms.attributes,
        }
    }

    /// The same, with what applications read of the users.
    #[must_use]
    pub fn with_attributes(self, attributes: Attributes) -> Self {
        Self { attributes: Arc::new(attributes), ..self }
    }

    /// The resource type.
    #[must_use]
    pub fn definition(&self, kind: Kind) -> &Definition {
        match kind {
            Kind::User => &self.user,
            Kind::Group => &self.group,
        }
    }

    /// A stored resource as it is to be read: without what schemas that changed no longer hold.
    #[must_use]
    pub fn conformed<'a>(&self, kind: Kind, doc: &'a Object) -> Cow<'a, Object> {
        let Some(sweep) = self.sweep.as_ref().filter(|sweep| sweep.changes_resources()) else {
            return Cow::Borrowed(doc);
        };
        let mut next = doc.clone();
        if sweep.conform(&mut next, self.definition(kind)) { Cow::Owned(next) } else { Cow::Borrowed(doc) }
    }
}

/// The User resource type where `groups` is not the server's alone.
fn with_writable_groups(mut user: Definition) -> Definition {
    for attribute in user.schema.attributes.iter_mut().filter(|attribute| attribute.name == "groups") {
        attribute.mutability = Mutability::ReadWrite;
        for sub in &mut attribute.sub_attributes {
            // As of a group's members (RFC 7643 §4.2): whole memberships come and go.
            sub.mutability = Mutability::Immutable;
        }
    }
    user
}

/// A command on its way to the writer lane.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The directory that it is about. Comes from the credential, never from the path alone.
    pub directory: DirectoryNumber,
    /// The request that carries it.
    pub request: RequestId,
    /// What holds for the directory.
    pub terms: Arc<Terms>,
    /// What is asked.
    pub command: Command,
}

/// A directory that is to be made.
#[derive(Clone, Debug)]
pub struct NewDirectory {
    /// Its row.
    pub directory: Directory,
    /// Its first bearer token.
    pub token: Token,
    /// What its organization maps.
    pub mapping: AttributeMapping,
    /// The domains that its organization has.
    pub domains: Vec<ToldDomain>,
    /// What is kept of the request, where it may come again.
    pub receipt: Option<Receipt>,
}

impl From<(Directory, Token)> for NewDirectory {
    fn from((directory, token): (Directory, Token)) -> Self {
        Self { directory, token, mapping: AttributeMapping::default(), domains: Vec::new(), receipt: None }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Command {
    /// Makes the directory, serving at once, with one bearer token.
    CreateDirectory(Box<NewDirectory>),
    /// Gives the directory another name, lets it serve or pause, or switches settings. Tells nothing: only what is in
    /// it is in the log.
    ChangeDirectory {
        /// Its new name, where it gets one.
        name: Option<String>,
        /// Whether it shall serve, where that is said: [`DirectoryState::Linked`] or [`DirectoryState::Unlinked`].
        state: Option<DirectoryState>,
        /// Settings to be switched on or off, or left to the contract again.
        settings: Vec<(Setting, Option<bool>)>,
        /// The contract to which it is held from now on, where that is said.
        contract: Option<Contract>,
        /// In which other header its IdP may send the bearer token from now on, where that is said.
        credential_header: Option<CredentialHeader>,
    },
    /// Notes whose traffic the directory gets: another contract is suggested, or taken where that hurts nobody. Tells
    /// nothing.
    Recognize(Box<Recognized>),
    /// Defines, evolves or removes a schema of the directory's own. Tells nothing by itself.
    ChangeSchemas(Box<SchemaChange>),
    /// Maps other attributes or roles. Tells nothing by itself.
    ChangeMapping(Box<MappingChange>),
    /// Begins to make the users anew where their directory is behind what contracts map by themselves.
    Reproject,
    /// Goes on making stored resources follow the schemas and the mapping, a bounded step; alone in its batch.
    Sweep,
    /// Deletes the directory with everything in it; its rows are cleared in bounded steps afterwards.
    DeleteDirectory,
    /// Makes a user of a body that `lockstep_scim::resource::read` accepted.
    CreateUser(Object),
    /// Replaces what the user has by the body (RFC 7644 §3.5.1).
    ReplaceUser(LocalId, Object, Precondition),
    /// Changes what the operations name (RFC 7644 §3.5.2).
    PatchUser(LocalId, Patch, Precondition),
    /// Deletes the user, ending its memberships first.
    DeleteUser(LocalId, Precondition),
    /// Makes a group of a body, its members included.
    CreateGroup(Object),
    /// Replaces what the group has by the body; what a body without `members` says of them, the contract decides.
    ReplaceGroup(LocalId, Object, Precondition),
    /// Changes what the operations name.
    PatchGroup(LocalId, Patch, Precondition),
    /// Deletes the group, ending its memberships first.
    DeleteGroup(LocalId, Precondition),
    /// Goes on ending the memberships of a group that was deleted, a bounded step; alone in its batch.
    EndGroup(LocalId),
    /// Goes on with many operations from where they are, for a bounded step (RFC 7644 §3.7).
    Bulk(Arc<Bulk>, bulk::Progress),
}

impl Command {
    /// Whether it takes somebody's access away: such a command goes ahead of what waits in its lane and has
    /// admission in reserve.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        match self {
            Self::DeleteDirectory | Self::DeleteUser(..) | Self::DeleteGroup(..) => true,
            Self::ReplaceUser(_, object, _) => {
                matches!(object.get("active"), Some(Value::Bool(false) | Value::Null))
            }
            Self::PatchUser(_, patch, _) => patch.operations.iter().any(|operation| {
                operation.target.is_top("active") && operation.value != Some(Value::Bool(true))
                    || operation.op == Op::Remove && operation.target.is_top("groups")
            }),
            Self::PatchGroup(_, patch, _) => patch
                .operations
                .iter()
                .any(|operation| operation.op == Op::Remove && operation.target.is_top("members")),
            Self::Bulk(bulk, progress) => bulk.is_removal(progress),
            Self::CreateDirectory(_)
            | Self::ChangeDirectory { .. }
            | Self::Recognize(_)
            | Self::ChangeSchemas(_)
            | Self::ChangeMapping(_)
            | Self::Reproject
            | Self::Sweep
            | Self::CreateUser(_)
            | Self::CreateGroup(_)
            | Self::ReplaceGroup(..)
            | Self::EndGroup(_) => false,
        }
    }

    /// Whether what it means depends on the terms under which its request was read. A removal of what a path names does
    /// not.
    #[must_use]
    pub fn depends_on_terms(&self) -> bool {
        match self {
            Self::CreateUser(_)
            | Self::ReplaceUser(..)
            | Self::PatchUser(..)
            | Self::CreateGroup(_)
            | Self::ReplaceGroup(..)
            | Self::PatchGroup(..)
            | Self::Sweep => true,
            Self::CreateDirectory(_)
            | Self::ChangeSchemas(_)
            | Self::ChangeMapping(_)
            | Self::Reproject
            | Self::ChangeDirectory { .. }
            | Self::Recognize(_)
            | Self::DeleteDirectory
            | Self::DeleteUser(..)
            | Self::DeleteGroup(..)
            | Self::EndGroup(_)
            // Each operation is asked by itself.
            | Self::Bulk(..) => false,
        }
    }

    /// The users and groups that it names: what it is about, and the members that it lets join or leave. Whose
    /// membership ends without being named is not among them.
    #[must_use]
    pub fn touches(&self, directory: DirectoryNumber) -> Touched {
        let (id, members) = match self {
            Self::CreateDirectory(_)
            | Self::ChangeDirectory { .. }
            | Self::Recognize(_)
            | Self::ChangeSchemas(_)
            | Self::ChangeMapping(_)
            | Self::Reproject
            | Self::DeleteDirectory => return Touched::Everything,
            Self::Bulk(bulk, progress) => return bulk.touches(directory, progress),
            // What they go on with is gone for everyone.
            Self::EndGroup(_) | Self::Sweep => (None, Vec::new()),
            Self::DeleteUser(id, _) | Self::DeleteGroup(id, _) => (Some(*id), Vec::new()),
            Self::CreateUser(object) => (None, plan::groups_of_body(directory, object)),
            Self::ReplaceUser(id, object, _) => (Some(*id), plan::groups_of_body(directory, object)),
            Self::PatchUser(id, patch, _) => (Some(*id), plan::groups_of_patch(directory, patch)),
            Self::CreateGroup(object) => (None, plan::members_of_body(directory, object)),
            Self::ReplaceGroup(id, object, _) => (Some(*id), plan::members_of_body(directory, object)),
            Self::PatchGroup(id, patch, _) => (Some(*id), plan::members_of_patch(directory, patch)),
        };
        Touched::These(id.into_iter().chain(members).collect())
    }

    /// About how much it does: itself, the members that it names, and what the operations of a PATCH compare with each
    /// value of a list (`lockstep_scim::Limits` bounds that: without it, few commands could fill minutes of a lane that
    /// everybody shares). A group that goes counts as large as one step
    /// lets it be, since how large it is is not known beforehand.
    #[must_use]
    pub fn weight(&self) -> usize {
        let count = |value: Option<&Value>| match value {
            Some(Value::Array(list)) => list.len(),
            Some(_) => 1,
            None => 0,
        };
        1 + match self {
            Self::CreateGroup(object) | Self::ReplaceGroup(_, object, _) => count(object.get("members")),
            Self::PatchGroup(_, patch, _) => {
                let weighed = patch.operations.iter().map(|operation| match operation.filter() {
                    _ if !operation.target.is_top("members") => effort(operation),
                    // It looks at all members, however many there are.
                    Some(filter) if !plan::names_members(filter) => STEP_LIMIT,
                    None if operation.value.is_none() => STEP_LIMIT,
                    _ => count(operation.value.as_ref()).max(1),
                });
                weighed.sum()
            }
            Self::DeleteGroup(..) | Self::EndGroup(_) => STEP_LIMIT,
            Self::Bulk(bulk, progress) => bulk.weight(progress),
            Self::Sweep => SWEEP_STEP_LIMIT,
            Self::PatchUser(_, patch, _) => patch.operations.iter().map(effort).sum(),
            Self::CreateUser(object) | Self::ReplaceUser(_, object, _) => count(object.get("groups")),
            // In how many groups it is, nobody knows yet.
            Self::DeleteUser(..) => STEP_LIMIT / 10,
            Self::CreateDirectory(_)
            | Self::ChangeDirectory { .. }
            | Self::Recognize(_)
            | Self::ChangeSchemas(_)
            | Self::ChangeMapping(_)
            | Self::Reproject
            | Self::DeleteDirectory => 0,
        }
    }
}

/// How often an operation of a PATCH compares with each value that it looks at.
fn effort(operation: &Operation) -> usize {
    let listed = match &operation.value {
        Some(Value::Array(list)) => list.len(),
        _ => 1,
    };
    operation.filter().map_or(1, Filter::terms).max(listed)
}

/// What a command names of its directory: where two commands name the same, the one that came first goes first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Touched {
    /// The whole directory.
    Everything,
    /// These users and groups.
    These(BTreeSet<LocalId>),
}

impl Touched {
    /// Whether there is something that both name. Whoever names everything names what is still to be made, too.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everything, _) | (_, Self::Everything) => true,
            (Self::These(one), Self::These(two)) => {
                let (few, many) = if one.len() < two.len() { (one, two) } else { (two, one) };
                few.iter().any(|id| many.contains(id))
            }
        }
    }

    /// Names what the other names, too.
    pub fn join(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Everything, _) => {}
            (_, Self::Everything) => *self = Self::Everything,
            (Self::These(ids), Self::These(more)) => ids.extend(more),
        }
    }
}

/// What came of a command.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// What there is now.
    pub reply: Reply,
    /// The number of the first event that it made, and how many it made.
    pub first_seq: u64,
    /// How many events it made; 0 for what changed nothing.
    pub events: u64,
    /// The time of those events, which is a part of their ids.
    pub at: Timestamp,
    /// What was left out and why, in words without personal data.
    pub notes: Vec<String>,
}

/// What there is after a command.
#[derive(Clone, PartialEq, Debug)]
pub enum Reply {
    /// The user.
    User(Arc<User>),
    /// The group.
    Group(Arc<Group>),
    /// A user or a group, by its id: one of many operations made or changed it, and those behind it may have changed it
    /// again.
    Stands(Kind, LocalId),
    /// Nothing any more.
    Gone,
    /// The directory.
    Directory(Arc<Directory>),
    /// How far many operations have come; where they have not ended, submit [`Command::Bulk`] with this.
    Bulk(bulk::Progress),
    /// The directory's own schema.
    Schema(Arc<OwnSchema>),
    /// What is mapped for the directory.
    Mapping(Arc<DirectoryMapping>),
    /// A bounded step was made; whether there is more to do.
    Step {
        /// Whether another step must follow.
        more: bool,
    },
}

impl Reply {
    /// The same without what a resource holds.
    pub(crate) fn brief(self) -> Self {
        match self {
            Self::User(user) => Self::Stands(Kind::User, user.id),
            Self::Group(group) => Self::Stands(Kind::Group, group.id),
            other => other,
        }
    }
}

/// Why a command was not carried out. Nothing of it happened.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum Refusal {
    /// What SCIM says of it.
    #[error("{0}")]
    Scim(#[from] lockstep_scim::Error),
    /// The directory's own schemas stay as they are.
    #[error("{0}")]
    Schema(#[from] Refused),
    /// What is mapped stays as it is.
    #[error("{0}")]
    Mapping(#[from] mapping::Refused),
    /// There is no such directory, or it was deleted.
    #[error("the directory does not exist")]
    NoDirectory,
    /// The operator paused the directory.
    #[error("the directory is paused")]
    Paused,
    /// The directory's terms have changed since the request was read: read it again under those that hold now.
    #[error("the directory's terms have changed")]
    Stale,
    /// The organization of a new directory was deleted.
    #[error("the organization does not exist")]
    NoOrganization,
    /// The same request was carried out before: its receipt is there.
    #[error("the request was carried out before")]
    Repeated,
    /// The number of a new directory is taken: draw another.
    #[error("the directory's number is taken")]
    NumberTaken,
    /// Planning it failed by a fault of ours. It was isolated; the others in its batch went on.
    #[error("the request could not be planned")]
    Fault,
}

#[cfg(test)]
mod tests;
