//! A record of the log as the event that applications know, told as things stood at its moment.

use lockstep_core::clock::Timestamp;
use lockstep_core::event::{Change, EventType, Record, Told, ToldDirectory};
use lockstep_core::id::LocalId;
use lockstep_core::model::Directory;
use lockstep_scim::Object;
use lockstep_store::EventView;
use serde_json::{Value, json};

use super::Moment;
use super::group::group_at;
use super::user::user_at;
use crate::problem::Problem;

/// An event, as it is published, with `directory_seq` and the `request_id` that caused it beside the published fields.
pub(crate) fn event(directory: &Directory, view: &EventView) -> Result<Value, Problem> {
    let record = &view.record;
    let data = match &record.change {
        Change::Activated(told) => directory_data(directory, told, "active", record.at),
        Change::Deleted(told) => directory_data(directory, told, "deleting", record.at),
        Change::User(kind, id, told) => resource_data(user_at, directory, *id, *kind, told, record.at),
        Change::Group(kind, id, told) => resource_data(group_at, directory, *id, *kind, told, record.at),
        Change::Membership(..) => membership_data(directory, view)?,
    };
    Ok(json!({
        "object": "event",
        "id": record.id().to_string(),
        "event": record.event_type().as_str(),
        "data": data,
        "created_at": record.at.to_string(),
        "directory_seq": record.seq,
        "request_id": record.request.to_string(),
    }))
}

/// Events say `active` where the directory itself says `linked`: both as published.
fn directory_data(directory: &Directory, told: &ToldDirectory, state: &str, updated_at: Timestamp) -> Value {
    json!({
        "object": "directory",
        "id": directory.id.to_string(),
        "organization_id": directory.organization.to_string(),
        "external_key": directory.id.to_string(),
        "type": told.directory_type,
        "state": state,
        "name": told.name,
        "domains": [],
        "created_at": told.created_at.to_string(),
        "updated_at": updated_at.to_string(),
    })
}

type Render = fn(&Directory, LocalId, Moment<'_>) -> Value;

fn resource_data(
    render: Render,
    directory: &Directory,
    id: LocalId,
    kind: EventType,
    told: &Told,
    at: Timestamp,
) -> Value {
    let moment = |doc, nested| Moment { doc, nested, created_at: told.created_at, updated_at: at };
    let mut after = render(directory, id, moment(&told.doc, &told.nested));
    if matches!(kind, EventType::UserUpdated | EventType::GroupUpdated) {
        let doc_before = told.doc_before();
        let nested_before = told.nested_before.as_ref().unwrap_or(&told.nested);
        let before = render(directory, id, moment(&doc_before, nested_before));
        let previous = previous_attributes(&before, &after);
        if let Some(fields) = after.as_object_mut() {
            fields.insert("previous_attributes".into(), Value::Object(previous));
        }
    }
    after
}

/// What differs, as it was before: null where it was absent. Of the objects that hold attributes, only those
/// attributes that differ.
fn previous_attributes(before: &Value, after: &Value) -> Object {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else { return Object::new() };
    let mut previous = Object::new();
    for (name, was) in before {
        let is = after.get(name).unwrap_or(&Value::Null);
        if was == is {
            continue;
        }
        let changed = match (was, is) {
            (Value::Object(was), Value::Object(is)) => Value::Object(lockstep_core::event::changed(was, is)),
            _ => was.clone(),
        };
        previous.insert(name.clone(), changed);
    }
    previous
}

fn membership_data(directory: &Directory, view: &EventView) -> Result<Value, Problem> {
    Ok(json!({
        "directory_id": directory.id.to_string(),
        "user": told_by(user_at, directory, view.user.as_ref())?,
        "group": told_by(group_at, directory, view.group.as_ref())?,
    }))
}

fn told_by(render: Render, directory: &Directory, record: Option<&Record>) -> Result<Value, Problem> {
    match record {
        Some(Record { change: Change::User(_, id, told) | Change::Group(_, id, told), at, .. }) => {
            let moment =
                Moment { doc: &told.doc, nested: &told.nested, created_at: told.created_at, updated_at: *at };
            Ok(render(directory, *id, moment))
        }
        _ => Err(Problem::fault(
            "a membership's event does not name a record of its user and one of its group",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previous_attributes_are_what_differs_as_it_was() {
        let before = json!({ "a": 1, "b": { "x": 1, "y": 2 }, "c": null, "d": [1] });
        let after = json!({ "a": 1, "b": { "x": 1, "y": 3, "z": 4 }, "c": "new", "d": [1, 2] });
        let previous = previous_attributes(&before, &after);
        assert_eq!(Value::Object(previous), json!({ "b": { "y": 2, "z": null }, "c": null, "d": [1] }));
    }
}
