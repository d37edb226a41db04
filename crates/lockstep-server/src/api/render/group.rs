//! A directory group. Its members are asked for by `GET /directory_users?group=`.

use lockstep_core::id::{GroupId, LocalId};
use lockstep_core::model::{Directory, Group};
use serde_json::{Value, json};

use super::{Moment, text_at};

/// A group, as it is published.
pub(crate) fn group(directory: &Directory, group: &Group) -> Value {
    let moment = Moment {
        doc: &group.doc,
        nested: &group.nested,
        created_at: group.created_at,
        updated_at: group.modified_at,
    };
    group_at(directory, group.id, moment)
}

/// A group at a moment. Of its members `raw_attributes` holds the groups; users join and leave by events of their own.
pub(super) fn group_at(directory: &Directory, local: LocalId, moment: Moment<'_>) -> Value {
    let name = text_at(moment.doc, "displayName").unwrap_or_default();
    let mut raw_attributes = moment.doc.clone();
    if !moment.nested.is_empty() {
        let id = |local: &LocalId| GroupId { directory: directory.id.directory, local: *local }.to_string();
        let members = moment.nested.iter().map(|local| json!({ "type": "Group", "value": id(local) }));
        raw_attributes.insert("members".into(), members.collect());
    }
    json!({
        "object": "directory_group",
        "id": GroupId { directory: directory.id.directory, local }.to_string(),
        "idp_id": text_at(moment.doc, "externalId").unwrap_or(name),
        "directory_id": directory.id.to_string(),
        "organization_id": directory.organization.to_string(),
        "name": name,
        "raw_attributes": raw_attributes,
        "created_at": moment.created_at.to_string(),
        "updated_at": moment.updated_at.to_string(),
    })
}
