//! A directory group. Its members are asked for by `GET /directory_users?group=`.

use std::borrow::Cow;

use lockstep_core::id::{GroupId, LocalId};
use lockstep_core::model::{Directory, Group};
use lockstep_scim::Object;
use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use super::{Moment, Raw, text_at};
use crate::problem::Problem;

/// A group that an IdP told of.
#[derive(Serialize, ToSchema)]
pub(crate) struct DirectoryGroup<'a> {
    /// Says what this is.
    #[schema(pattern = "^directory_group$")]
    object: &'static str,
    /// Its id.
    id: String,
    /// By what its IdP knows it: its `externalId`, else its name.
    idp_id: &'a str,
    /// The directory that it is in.
    directory_id: String,
    /// The organization whose directory that is.
    organization_id: String,
    /// What it is called.
    name: &'a str,
    /// The SCIM resource as the IdP wrote it. Of its members it holds the groups; users are asked for by
    /// `GET /directory_users?group=`.
    #[schema(value_type = Object)]
    pub(super) raw_attributes: Raw<'a>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// In an event that tells of a change: what differs, as it was before; null where it was absent. Of
    /// `raw_attributes` only those attributes that differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    pub(super) previous_attributes: Option<Object>,
}

/// A group, as it is published.
pub(crate) fn group<'a>(directory: &Directory, group: &'a Group) -> DirectoryGroup<'a> {
    let moment = Moment {
        doc: &group.doc,
        nested: &group.nested,
        written: None,
        created_at: group.created_at,
        updated_at: group.modified_at,
    };
    group_at(directory, group.id, moment)
}

/// The same, written out.
pub(crate) fn group_text(directory: &Directory, row: &Group) -> Result<Box<RawValue>, Problem> {
    to_raw_value(&group(directory, row))
        .map_err(|why| Problem::fault(format!("a group cannot be written: {why}")))
}

/// A group at a moment. Of its members `raw_attributes` holds the groups; users join and leave by events of their own.
pub(super) fn group_at<'a>(directory: &Directory, local: LocalId, moment: Moment<'a>) -> DirectoryGroup<'a> {
    let name = text_at(moment.doc, "displayName").unwrap_or_default();
    let mut raw_attributes = Raw::of(moment);
    if !moment.nested.is_empty() {
        let id = |local: &LocalId| GroupId { directory: directory.id.directory, local: *local }.to_string();
        let members = moment.nested.iter().map(|local| json!({ "type": "Group", "value": id(local) }));
        let mut all = moment.doc.clone();
        all.insert("members".into(), members.collect());
        raw_attributes = Raw::Object(Cow::Owned(all));
    }
    DirectoryGroup {
        object: "directory_group",
        id: GroupId { directory: directory.id.directory, local }.to_string(),
        idp_id: text_at(moment.doc, "externalId").unwrap_or(name),
        directory_id: directory.id.to_string(),
        organization_id: directory.organization.to_string(),
        name,
        raw_attributes,
        created_at: moment.created_at.to_string(),
        updated_at: moment.updated_at.to_string(),
        previous_attributes: None,
    }
}
