//! What an application reads of a user besides the fields that every user has: attributes by name, each from a path of
//! the SCIM resource, and roles, from the groups that the user is in. Knows no IdP: what a contract maps by itself comes
//! in as [`StandardAttribute`]s.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use lockstep_scim::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{GroupId, LocalId};
use crate::limits::{
    MAPPED_ATTRIBUTES_LIMIT, MAPPED_NAME_BYTES_LIMIT, MAPPED_PATH_BYTES_LIMIT, MAPPED_ROLE_GROUPS_LIMIT,
    MAPPED_ROLES_LIMIT, NAMES_SHOWN_LIMIT,
};

mod attributes;
mod seen;

pub use attributes::{
    AttributeType, Attributes, Effective, LeftOut, MappedBy, Reading, StandardAttribute, Why, name_fault,
    parse_path,
};
pub use seen::{Seen, SeenPath, read_by};

/// RFC 7643 §4.3.
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// An attribute that somebody mapped.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MappedAttribute {
    /// The SCIM path, as written: `[urn:]attribute[filter].sub`.
    pub path: String,
    /// What its value is made into.
    #[serde(rename = "type")]
    pub attribute_type: AttributeType,
    /// Whether a user without it is told as incomplete.
    #[serde(default)]
    pub required: bool,
}

/// What one scope, an organization or a directory, maps: attributes by name. Null takes away what a wider scope maps.
pub type AttributeMapping = BTreeMap<String, Option<MappedAttribute>>;

/// One role and whose it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MappedRole {
    /// The role's name in the application.
    pub slug: String,
    /// The groups whose members have it.
    pub groups: BTreeSet<LocalId>,
}

/// Which roles the members of a directory's groups have.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RoleMapping {
    /// The roles, the one with the highest priority first.
    pub roles: Vec<MappedRole>,
    /// The role of a user whom no group gives one.
    pub default_role: Option<String>,
    /// Whether a user has every role that a group gives; else only the one with the highest priority.
    pub multiple_roles: bool,
}

impl RoleMapping {
    /// Whether it gives nobody a role.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.default_role.is_none()
    }

    /// Every group that gives a role, as often as it does.
    pub fn groups(&self) -> impl Iterator<Item = LocalId> {
        self.roles.iter().flat_map(|role| role.groups.iter().copied())
    }

    /// Whether being in this group may give a role.
    #[must_use]
    pub fn concerns(&self, group: LocalId) -> bool {
        self.roles.iter().any(|role| role.groups.contains(&group))
    }

    /// The roles of a user in these groups, the one with the highest priority first.
    #[must_use]
    pub fn roles_of(&self, groups: &BTreeSet<LocalId>) -> Vec<String> {
        let given = self.roles.iter().filter(|role| !role.groups.is_disjoint(groups));
        let limit = if self.multiple_roles { usize::MAX } else { 1 };
        let mut roles: Vec<String> = given.take(limit).map(|role| role.slug.clone()).collect();
        if roles.is_empty() {
            roles.extend(self.default_role.clone());
        }
        roles
    }
}

/// All that is mapped for one directory besides its contract's own.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct DirectoryMapping {
    /// What its organization maps for all its directories; a copy, so that one row says all.
    #[serde(default)]
    pub organization: AttributeMapping,
    /// What was mapped for this directory alone: it goes before the organization's.
    #[serde(default)]
    pub own: AttributeMapping,
    /// Roles.
    #[serde(default)]
    pub roles: RoleMapping,
}

impl DirectoryMapping {
    /// As a store keeps it.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What [`DirectoryMapping::to_text`] wrote. Says what is wrong where it did not.
    pub fn from_text(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("no mapping: {error}"))
    }
}

/// With which version of what contracts map by themselves the users are made what they are. It grows with each change of
/// any contract's [`StandardAttribute`]s and of how they are read: the users of a directory that is behind are made anew.
pub const STANDARD_VERSION: u64 = 1;

/// What is asked of a directory's mapping.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MappingChange {
    /// Its organization maps this.
    Organization(AttributeMapping),
    /// This is mapped for the directory alone.
    Own(AttributeMapping),
    /// These roles are given.
    Roles(RoleMapping),
}

/// Why a mapping was not changed. Nothing happened.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// Groups that would give a role are not there.
    #[error("these groups are not in the directory: {}", shown(.0))]
    UnknownGroups(Vec<GroupId>),
    /// One role stands there twice.
    #[error("the role `{0}` stands there twice")]
    Twice(String),
    /// A role has no name, or one that is too long.
    #[error("a role's slug has between 1 and {0} bytes")]
    Slug(usize),
    /// There would be too many attributes.
    #[error("at most {0} attributes can be mapped for an organization, and for a directory")]
    TooManyAttributes(usize),
    /// An attribute's name or path is too long.
    #[error("`{0}`: its name or its path is too long")]
    TooLong(String),
    /// There would be too many roles.
    #[error("a directory maps at most {0} roles")]
    TooManyRoles(usize),
    /// There would be too many groups.
    #[error("at most {0} groups of a directory give roles")]
    TooManyGroups(usize),
}

fn shown(groups: &[GroupId]) -> String {
    let mut ids: Vec<String> =
        groups.iter().take(NAMES_SHOWN_LIMIT).map(|group| format!("`{group}`")).collect();
    if groups.len() > NAMES_SHOWN_LIMIT {
        ids.push(format!("and {} more", groups.len() - NAMES_SHOWN_LIMIT));
    }
    ids.join(", ")
}

/// Whether so much may be mapped. What a path means is not looked at: one that means nothing gives nothing.
pub fn demand_attributes(attributes: &AttributeMapping) -> Result<(), Refused> {
    if attributes.len() > MAPPED_ATTRIBUTES_LIMIT {
        return Err(Refused::TooManyAttributes(MAPPED_ATTRIBUTES_LIMIT));
    }
    let is_long = |(name, mapped): &(&String, &Option<MappedAttribute>)| {
        name.len() > MAPPED_NAME_BYTES_LIMIT
            || mapped.as_ref().is_some_and(|mapped| mapped.path.len() > MAPPED_PATH_BYTES_LIMIT)
    };
    match attributes.iter().find(is_long) {
        None => Ok(()),
        Some((name, _)) => Err(Refused::TooLong(name.clone())),
    }
}

/// Whether roles may be mapped like this, whichever groups there are.
pub fn demand_roles(mapping: &RoleMapping) -> Result<(), Refused> {
    if mapping.roles.len() > MAPPED_ROLES_LIMIT {
        return Err(Refused::TooManyRoles(MAPPED_ROLES_LIMIT));
    }
    if mapping.groups().count() > MAPPED_ROLE_GROUPS_LIMIT {
        return Err(Refused::TooManyGroups(MAPPED_ROLE_GROUPS_LIMIT));
    }
    let mut slugs: Vec<&String> = mapping.roles.iter().map(|role| &role.slug).collect();
    let is_slug = |slug: &&String| (1..=MAPPED_NAME_BYTES_LIMIT).contains(&slug.len());
    if !slugs.iter().copied().chain(&mapping.default_role).all(|slug| is_slug(&slug)) {
        return Err(Refused::Slug(MAPPED_NAME_BYTES_LIMIT));
    }
    slugs.sort_unstable();
    match slugs.windows(2).find(|pair| pair.first() == pair.last()).and_then(|pair| pair.first()) {
        None => Ok(()),
        Some(slug) => Err(Refused::Twice((*slug).clone())),
    }
}

/// What is made of one user: written with it, so that what an application was told stays what it was told.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Projection {
    /// The mapped attributes that have a value, by name.
    pub attributes: Object,
    /// The roles, the one with the highest priority first.
    pub roles: Vec<String>,
}

impl Projection {
    /// What is made of a user with this resource, who has these roles.
    #[must_use]
    pub fn of(attributes: &Attributes, doc: &Object, roles: Vec<String>) -> Self {
        Self { attributes: attributes.project(doc), roles }
    }

    /// What was made of a user, or what was shown of this resource before anything could be mapped.
    #[must_use]
    pub fn known<'a>(made: Option<&'a Self>, doc: &Object) -> Cow<'a, Self> {
        made.map_or_else(|| Cow::Owned(Self::unmapped(doc)), Cow::Borrowed)
    }

    /// What the versions showed that could not map anything.
    fn unmapped(doc: &Object) -> Self {
        let extension = doc.get(ENTERPRISE).and_then(Value::as_object);
        let of_extension = |name: &str| extension.and_then(|extension| extension.get(name));
        let shown = [
            ("department_name", of_extension("department")),
            ("division_name", of_extension("division")),
            ("cost_center_name", of_extension("costCenter")),
            ("employee_type", doc.get("userType")),
            ("job_title", doc.get("title")),
        ];
        let is_said = |value: &&Value| value.as_str().is_some_and(|text| !text.is_empty());
        let attributes = shown
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value.filter(is_said)?.clone())))
            .collect();
        Self { attributes, roles: Vec::new() }
    }
}
