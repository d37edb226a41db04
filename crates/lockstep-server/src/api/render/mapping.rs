//! What is mapped, what of it arrives, and what would come of a change.

use std::collections::BTreeMap;

use lockstep_core::id::{GroupId, LocalId, OrganizationId, UserId};
use lockstep_core::mapping::{
    AttributeMapping as Mapped, Attributes, Effective, LeftOut, Projection, RoleMapping as Roles,
    Seen as Looked, read_by,
};
use lockstep_core::model::Directory;
use lockstep_scim::Object;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::user::{SlimRole, email};

/// An attribute that somebody mapped.
#[derive(Serialize, ToSchema)]
pub(crate) struct MappedAttribute {
    /// The SCIM path from which it is read: `[urn:]attribute[filter].part`.
    path: String,
    /// What its value is made into: `string`, `number`, `boolean`, `timestamp`, `list` or `any`.
    r#type: &'static str,
    /// Whether a user without it is told as incomplete.
    required: bool,
}

/// An attribute that holds for a directory, whoever mapped it.
#[derive(Serialize, ToSchema)]
pub(crate) struct EffectiveAttribute<'a> {
    /// Its name in `custom_attributes`.
    name: &'a str,
    /// The SCIM paths from which it is read: the first that has a value that fits.
    paths: &'a [String],
    /// What its value is made into.
    r#type: &'static str,
    /// Whether a user without it is told as incomplete.
    required: bool,
    /// Who mapped it: `contract`, `organization` or `directory`.
    mapped_by: &'static str,
}

/// The own entries of a mapping, as they were given.
fn own(mapping: &Mapped) -> BTreeMap<&str, Option<MappedAttribute>> {
    let entries = mapping.iter().map(|(name, mapped)| {
        let mapped = mapped.as_ref().map(|mapped| MappedAttribute {
            path: mapped.path.clone(),
            r#type: mapped.attribute_type.as_str(),
            required: mapped.required,
        });
        (name.as_str(), mapped)
    });
    entries.collect()
}

/// What holds for a directory.
fn effective<'a>(attributes: &'a Attributes) -> Vec<EffectiveAttribute<'a>> {
    let show = |one: &'a Effective| EffectiveAttribute {
        name: &one.name,
        paths: &one.paths,
        r#type: one.attribute_type.as_str(),
        required: one.required,
        mapped_by: one.mapped_by.as_str(),
    };
    attributes.iter().map(show).collect()
}

/// A path at which users of a directory have something.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeenAttribute<'a> {
    /// Says what this is.
    #[schema(pattern = "^attribute_seen$")]
    object: &'static str,
    /// The path, as a mapping names it.
    path: &'a str,
    /// How many of the users that were examined have something there.
    users: u64,
    /// As which types of JSON it came.
    json_types: Vec<&'static str>,
    /// The type into which every value that was seen can be made.
    suggested_type: &'static str,
    /// Some values that differ; longer texts are cut.
    examples: &'a [Value],
    /// The attributes that read it already.
    mapped_as: Vec<&'a str>,
}

/// What stands in the users of a directory.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeenAttributes<'a> {
    /// Says what this is.
    #[schema(pattern = "^list$")]
    object: &'static str,
    /// The paths, in the order of their names.
    data: Vec<SeenAttribute<'a>>,
    /// How many users were examined, the newest first.
    examined: u64,
    /// How many users the directory has.
    total: u64,
    /// How many paths are not told: there are too many, or no path can name them.
    left_out: usize,
}

/// What was seen of a directory that has so many users.
pub(crate) fn seen<'a>(seen: &'a Looked, attributes: &'a Attributes, total: u64) -> SeenAttributes<'a> {
    let data = seen.paths().map(|(path, at)| SeenAttribute {
        object: "attribute_seen",
        path,
        users: at.users,
        json_types: at.json_types.iter().copied().collect(),
        suggested_type: at.suggested_type().as_str(),
        examples: &at.examples,
        mapped_as: read_by(attributes, path).collect(),
    });
    SeenAttributes {
        object: "list",
        data: data.collect(),
        examined: seen.examined(),
        total,
        left_out: seen.left_out(),
    }
}

/// An attribute that a user lacks.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeftOutAttribute {
    /// Its name.
    name: String,
    /// `missing`: it is required, and the user has nothing there. `unfit`: what is there is not of its type.
    /// `too_large`: the user's attributes would take more than they may.
    reason: &'static str,
}

/// Attributes that were left out of a user.
pub(crate) fn left_out(left_out: &[LeftOut]) -> Vec<LeftOutAttribute> {
    let show = |one: &LeftOut| LeftOutAttribute { name: one.name.clone(), reason: one.why.as_str() };
    left_out.iter().map(show).collect()
}

/// A user of whom some attributes are left out.
#[derive(Serialize, ToSchema)]
pub(crate) struct IncompleteUser {
    /// Says what this is.
    #[schema(pattern = "^incomplete_user$")]
    object: &'static str,
    /// Who it is.
    directory_user_id: String,
    /// The user's address, if there is one.
    email: Option<String>,
    /// What is left out of the user's attributes, and why.
    attributes_left_out: Vec<LeftOutAttribute>,
}

/// A user of whom something is left out.
pub(crate) fn incomplete_user(id: UserId, doc: &Object, missing: &[LeftOut]) -> IncompleteUser {
    IncompleteUser {
        object: "incomplete_user",
        directory_user_id: id.to_string(),
        email: email(doc).map(str::to_owned),
        attributes_left_out: left_out(missing),
    }
}

/// What a user's attributes and roles would become.
#[derive(Serialize, ToSchema)]
pub(crate) struct PreviewedUser {
    /// Says what this is.
    #[schema(pattern = "^directory_user_preview$")]
    object: &'static str,
    /// Who it is.
    directory_user_id: String,
    /// The user's address, if there is one.
    email: Option<String>,
    /// The attributes that change, by name.
    custom_attributes: BTreeMap<String, BeforeAndAfter>,
    /// The roles, where they change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    roles: Option<RolesBeforeAndAfter>,
    /// What would be left out of the user's attributes, and why.
    attributes_left_out: Vec<LeftOutAttribute>,
}

/// The value of an attribute before and after a change.
#[derive(Serialize, ToSchema)]
pub(crate) struct BeforeAndAfter {
    /// What applications read now; null where they read nothing.
    before: Value,
    /// What they would read; null where that is nothing.
    after: Value,
}

/// The roles of a user before and after a change.
#[derive(Serialize, ToSchema)]
pub(crate) struct RolesBeforeAndAfter {
    /// The roles now, the one with the highest priority first.
    before: Vec<SlimRole>,
    /// The roles that they would be.
    after: Vec<SlimRole>,
}

/// What would become of a user; nothing where that is what there is.
pub(crate) fn previewed_user(
    id: UserId,
    doc: &Object,
    before: &Projection,
    after: &Projection,
    missing: &[LeftOut],
) -> Option<PreviewedUser> {
    if before == after {
        return None;
    }
    let names: std::collections::BTreeSet<&String> =
        before.attributes.keys().chain(after.attributes.keys()).collect();
    let value = |of: &Projection, name: &String| of.attributes.get(name).cloned().unwrap_or(Value::Null);
    let changed =
        names.into_iter().filter(|name| before.attributes.get(*name) != after.attributes.get(*name));
    let changed = changed.map(|name| {
        (name.clone(), BeforeAndAfter { before: value(before, name), after: value(after, name) })
    });
    let slim = |roles: &[String]| roles.iter().map(|slug| SlimRole::new(slug)).collect();
    let roles = (before.roles != after.roles)
        .then(|| RolesBeforeAndAfter { before: slim(&before.roles), after: slim(&after.roles) });
    Some(PreviewedUser {
        object: "directory_user_preview",
        directory_user_id: id.to_string(),
        email: email(doc).map(str::to_owned),
        custom_attributes: changed.collect(),
        roles,
        attributes_left_out: left_out(missing),
    })
}

/// One part of a walk over the users of a directory: those that have something to tell.
#[derive(Serialize, ToSchema)]
pub(crate) struct WalkedUsers<T> {
    /// Says what this is.
    #[schema(pattern = "^list$")]
    object: &'static str,
    /// Who has something to tell, the oldest first.
    data: Vec<T>,
    /// Where the next part begins.
    list_metadata: WalkedMetadata,
    /// How many users this part looked at.
    examined: usize,
    /// How many of them have something to tell: as many as `data` has.
    found: usize,
    /// How many users the directory has.
    total: u64,
}

/// Where the next part of a walk begins.
#[derive(Serialize, ToSchema)]
pub(crate) struct WalkedMetadata {
    /// Always null: the walk goes one way.
    before: Option<String>,
    /// What to send as `after` for the next part; null where all have been examined.
    after: Option<String>,
}

/// A part of a walk.
pub(crate) fn examined<T>(
    data: Vec<T>,
    examined: usize,
    after: Option<String>,
    total: u64,
) -> WalkedUsers<T> {
    let found = data.len();
    let list_metadata = WalkedMetadata { before: None, after };
    WalkedUsers { object: "list", data, list_metadata, examined, found, total }
}

/// What is mapped for a directory, or for all directories of an organization.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttributeMapping<'a> {
    /// Says what this is.
    #[schema(pattern = "^attribute_mapping$")]
    object: &'static str,
    /// The organization.
    organization_id: String,
    /// The directory, where it is one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    directory_id: Option<String>,
    /// What was mapped here, by name: each an object with `path`, `type` and `required`, or null where that takes away
    /// what a wider scope maps.
    #[schema(value_type = Object)]
    attributes: BTreeMap<&'a str, Option<MappedAttribute>>,
    /// Of a directory: all that holds for it, in the order of the names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    effective: Option<Vec<EffectiveAttribute<'a>>>,
    /// Whether users are still being made what they are to be by it.
    changes_pending: bool,
}

/// The mapping of a directory's attributes.
pub(crate) fn directory_mapping<'a>(
    directory: &Directory,
    mapping: &'a Mapped,
    attributes: &'a Attributes,
    changes_pending: bool,
) -> AttributeMapping<'a> {
    AttributeMapping {
        object: "attribute_mapping",
        organization_id: directory.organization.to_string(),
        directory_id: Some(directory.id.to_string()),
        attributes: own(mapping),
        effective: Some(effective(attributes)),
        changes_pending,
    }
}

/// The mapping of the attributes of all directories of an organization.
pub(crate) fn organization_mapping(
    organization: OrganizationId,
    mapping: &Mapped,
    changes_pending: bool,
) -> AttributeMapping<'_> {
    AttributeMapping {
        object: "attribute_mapping",
        organization_id: organization.to_string(),
        directory_id: None,
        attributes: own(mapping),
        effective: None,
        changes_pending,
    }
}

/// Which roles the members of a directory's groups have.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoleMapping<'a> {
    /// Says what this is.
    #[schema(pattern = "^role_mapping$")]
    object: &'static str,
    /// The organization.
    organization_id: String,
    /// The directory.
    directory_id: String,
    /// The roles, the one with the highest priority first.
    roles: Vec<MappedRole<'a>>,
    /// The role of a user whom no group gives one; null where such a user has none.
    default_role: Option<&'a str>,
    /// Whether a user has every role that a group gives; else only the one with the highest priority.
    multiple_roles: bool,
    /// Whether users are still being given what is mapped.
    changes_pending: bool,
}

/// A role and whose it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct MappedRole<'a> {
    /// Its name in the application.
    slug: &'a str,
    /// The groups whose members have it.
    group_ids: Vec<String>,
}

/// The mapping of a directory's roles.
pub(crate) fn role_mapping<'a>(
    directory: &Directory,
    mapping: &'a Roles,
    changes_pending: bool,
) -> RoleMapping<'a> {
    let group = |local: &LocalId| GroupId { directory: directory.id.directory, local: *local }.to_string();
    let role = |role: &'a lockstep_core::mapping::MappedRole| MappedRole {
        slug: &role.slug,
        group_ids: role.groups.iter().map(group).collect(),
    };
    RoleMapping {
        object: "role_mapping",
        organization_id: directory.organization.to_string(),
        directory_id: directory.id.to_string(),
        roles: mapping.roles.iter().map(role).collect(),
        default_role: mapping.default_role.as_deref(),
        multiple_roles: mapping.multiple_roles,
        changes_pending,
    }
}
