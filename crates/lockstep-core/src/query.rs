//! Which part of a filter an index can answer. The rest is decided by the exact evaluator of `lockstep-scim`, over
//! what the index gives.

use lockstep_scim::filter::{AttrPath, Compare, Filter, Literal};
use lockstep_scim::text;

use crate::clock::Timestamp;
use crate::id::{DirectoryNumber, GroupId, LocalId, UserId};

/// The candidates of a question, each once and in order of id. A store answers each from an index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lookup {
    /// All of them.
    All,
    /// None: the filter cannot hold for anything in this directory.
    Nothing,
    /// The one with this id.
    Id(LocalId),
    /// The user with this userName, as compared.
    UserName(String),
    /// Those with this externalId, in Unicode's composed form.
    ExternalId(String),
    /// The users with this e-mail address, as compared.
    Email(String),
    /// Those with this displayName, as compared.
    DisplayName(String),
    /// Those changed at this time or later.
    ModifiedSince(Timestamp),
    /// Of users: the members of this group. Of groups: those of which this one is a member.
    MembersOf(LocalId),
    /// Groups: those of which this user is a member.
    GroupsOf(LocalId),
}

impl Lookup {
    /// How few candidates it is expected to give: the lower, the better.
    fn rank(&self) -> u8 {
        match self {
            Self::Nothing => 0,
            // Before `Id`: it decides what is asked about members, which need not be read then.
            Self::GroupsOf(_) => 1,
            Self::Id(_) | Self::UserName(_) | Self::ExternalId(_) => 2,
            Self::Email(_) | Self::DisplayName(_) => 3,
            Self::MembersOf(_) => 4,
            Self::ModifiedSince(_) => 5,
            Self::All => 6,
        }
    }
}

/// What kind of resource is asked for. Lists over both have users first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Users.
    User,
    /// Groups.
    Group,
}

impl Kind {
    /// The name of its resource type (RFC 7643 §6).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::User, Self::Group].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// The best index for a filter. The candidates hold everything for which the filter is true, and perhaps more.
#[must_use]
pub fn lookup(filter: &Filter, kind: Kind, directory: DirectoryNumber) -> Lookup {
    match filter {
        Filter::And(parts) => parts
            .iter()
            .map(|part| lookup(part, kind, directory))
            .min_by_key(Lookup::rank)
            .unwrap_or(Lookup::All),
        Filter::Attr { path, op: Compare::Eq, value: Literal::String(value) } => {
            equality(path, value, kind, directory)
        }
        Filter::Attr { path, op: Compare::Gt | Compare::Ge, value: Literal::String(value) }
            if is(path, "meta", Some("lastModified")) =>
        {
            // Milliseconds are what a client was shown: what was changed within that one may be meant too.
            Timestamp::parse(value).map_or(Lookup::All, |at| Lookup::ModifiedSince(Timestamp(at.0 - 1_000)))
        }
        Filter::ValuePath { attr: path, filter } if path.sub.is_none() => match &**filter {
            Filter::Attr { path: inner, op: Compare::Eq, value: Literal::String(value) }
                if inner.sub.is_none() && inner.attribute.eq_ignore_ascii_case("value") =>
            {
                equality(path, value, kind, directory)
            }
            _ => Lookup::All,
        },
        _ => Lookup::All,
    }
}

fn equality(path: &AttrPath, value: &str, kind: Kind, directory: DirectoryNumber) -> Lookup {
    let value_of = |attribute: &str| is(path, attribute, None) || is(path, attribute, Some("value"));
    if is(path, "id", None) {
        let local = match kind {
            Kind::User => UserId::parse(value).filter(|id| id.directory == directory).map(|id| id.local),
            Kind::Group => GroupId::parse(value).filter(|id| id.directory == directory).map(|id| id.local),
        };
        return local.map_or(Lookup::Nothing, Lookup::Id);
    }
    if is(path, "externalId", None) {
        return Lookup::ExternalId(text::compose(value).into_owned());
    }
    if is(path, "displayName", None) {
        return Lookup::DisplayName(text::fold(value).into_owned());
    }
    match kind {
        Kind::User if is(path, "userName", None) => Lookup::UserName(text::user_name_key(value)),
        Kind::User if value_of("emails") => Lookup::Email(text::fold(value).into_owned()),
        Kind::User if value_of("groups") => GroupId::parse(value)
            .filter(|id| id.directory == directory)
            .map_or(Lookup::Nothing, |id| Lookup::MembersOf(id.local)),
        Kind::Group if value_of("members") => {
            if let Some(user) = UserId::parse(value).filter(|id| id.directory == directory) {
                Lookup::GroupsOf(user.local)
            } else if let Some(group) = GroupId::parse(value).filter(|id| id.directory == directory) {
                Lookup::MembersOf(group.local)
            } else {
                Lookup::Nothing
            }
        }
        Kind::User | Kind::Group => Lookup::All,
    }
}

/// Whether a path of the core schema names this attribute.
fn is(path: &AttrPath, attribute: &str, sub: Option<&str>) -> bool {
    let core = path.urn.as_deref().is_none_or(|urn| {
        urn.eq_ignore_ascii_case("urn:ietf:params:scim:schemas:core:2.0:User")
            || urn.eq_ignore_ascii_case("urn:ietf:params:scim:schemas:core:2.0:Group")
    });
    core && path.attribute.eq_ignore_ascii_case(attribute)
        && match (path.sub.as_deref(), sub) {
            (None, None) => true,
            (Some(found), Some(sub)) => found.eq_ignore_ascii_case(sub),
            _ => false,
        }
}

/// Whether a filter says anything about this top-level attribute of the core schema.
#[must_use]
pub fn mentions(filter: &Filter, attribute: &str) -> bool {
    match filter {
        Filter::Attr { path, .. } | Filter::Present(path) | Filter::ValuePath { attr: path, .. } => {
            path.attribute.eq_ignore_ascii_case(attribute)
        }
        Filter::And(parts) | Filter::Or(parts) => parts.iter().any(|part| mentions(part, attribute)),
        Filter::Not(inner) => mentions(inner, attribute),
    }
}

/// Whether all that a filter says about `members` is whether this one is among them: then a group of which it is
/// known that this one is a member can be decided without its other members.
#[must_use]
pub fn only_asks_for_member(filter: &Filter, member: &str) -> bool {
    match filter {
        Filter::Attr { path, op, value } if path.attribute.eq_ignore_ascii_case("members") => {
            let about_value = path.sub.as_deref().is_none_or(|sub| sub.eq_ignore_ascii_case("value"));
            about_value && *op == Compare::Eq && *value == Literal::String(member.to_owned())
        }
        Filter::ValuePath { attr, filter } if attr.attribute.eq_ignore_ascii_case("members") => {
            matches!(&**filter, Filter::Attr { path, op: Compare::Eq, value: Literal::String(value) }
                if path.sub.is_none() && path.attribute.eq_ignore_ascii_case("value") && value == member)
        }
        Filter::Present(path) => !path.attribute.eq_ignore_ascii_case("members"),
        Filter::Attr { .. } | Filter::ValuePath { .. } => true,
        Filter::And(parts) | Filter::Or(parts) => parts.iter().all(|part| only_asks_for_member(part, member)),
        Filter::Not(inner) => only_asks_for_member(inner, member),
    }
}
