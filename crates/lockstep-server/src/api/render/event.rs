//! A record of the log as the event that applications know, told as things stood at its moment.

use lockstep_core::event::{Change, EventType, Record, Told, ToldDirectory, ToldDomain};
use lockstep_core::id::LocalId;
use lockstep_core::model::Directory;
use lockstep_scim::Object;
use lockstep_store::EventView;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Moment;
use super::group::{DirectoryGroup, group_at};
use super::user::{DirectoryUser, user_at};
use crate::openapi::vocabulary::{DirectoryType, EventName};
use crate::problem::Problem;

/// Something that changed, told as things stood then.
#[derive(Serialize, ToSchema)]
pub(crate) struct Event<'a> {
    /// Says what this is.
    #[schema(pattern = "^event$")]
    object: &'static str,
    /// Its id, and the cursor behind it: ask for what comes `after` it.
    id: String,
    /// What happened.
    #[serde(rename = "event")]
    #[schema(value_type = EventName)]
    kind: &'static str,
    /// What it happened to, as it stood then.
    data: EventData<'a>,
    /// When it happened.
    #[schema(format = DateTime)]
    created_at: String,
    /// Its place in its directory's log, which has no gaps.
    directory_seq: u64,
    /// The request that caused it: the `x-request-id` of its answer.
    request_id: String,
}

/// What an event tells of: the directory itself, a user, a group, or who joined or left which group.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum EventData<'a> {
    /// A directory was made, or deleted.
    Directory(EventDirectory<'a>),
    /// A user was made, changed or deleted.
    User(Box<DirectoryUser<'a>>),
    /// A group was made, changed or deleted.
    Group(Box<DirectoryGroup<'a>>),
    /// A user joined a group or left it.
    Membership(Box<EventMembership<'a>>),
}

/// A directory as its events tell of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventDirectory<'a> {
    /// Says what this is.
    #[schema(pattern = "^directory$")]
    object: &'static str,
    /// Its id.
    id: String,
    /// Whose it is.
    organization_id: String,
    /// The same as `id`.
    external_key: String,
    /// Of which type it was.
    #[schema(value_type = DirectoryType)]
    r#type: &'a str,
    /// `active` where the directory itself says `linked`, and `deleting`: both as published.
    #[schema(pattern = "^(active|deleting)$")]
    state: &'static str,
    /// What it was called.
    name: &'a str,
    /// The domains that its organization had when it was made; of its end none are told.
    domains: Vec<EventDomain<'a>>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed: the time of the event.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// A domain as the event tells of it that a directory was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventDomain<'a> {
    /// Says what this is.
    #[schema(pattern = "^organization_domain$")]
    object: &'static str,
    /// Its id.
    id: String,
    /// The domain.
    domain: &'a str,
}

/// Who joined or left which group.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventMembership<'a> {
    /// The directory.
    directory_id: String,
    /// The user, as it stood then.
    user: DirectoryUser<'a>,
    /// The group, as it stood then.
    group: DirectoryGroup<'a>,
}

/// An event, as it is published, with `directory_seq` and the `request_id` that caused it beside the published fields.
pub(crate) fn event<'a>(directory: &Directory, view: &'a EventView) -> Result<Event<'a>, Problem> {
    let record = &view.record;
    let data = match &record.change {
        Change::Activated(told) => EventData::Directory(directory_data(directory, told, "active", record)),
        Change::Deleted(told) => EventData::Directory(directory_data(directory, told, "deleting", record)),
        Change::User(kind, id, told) => {
            let mut user = user_at(directory, *id, moment(record, told), told.projection());
            if *kind == EventType::UserUpdated {
                user.previous_attributes = Some(user_before(directory, *id, record, told, &user));
            }
            EventData::User(Box::new(user))
        }
        Change::Group(kind, id, told) => {
            let mut group = group_at(directory, *id, moment(record, told));
            if *kind == EventType::GroupUpdated {
                group.previous_attributes = Some(group_before(directory, *id, record, told, &group));
            }
            EventData::Group(Box::new(group))
        }
        Change::Membership(..) => EventData::Membership(Box::new(membership_data(directory, view)?)),
    };
    Ok(Event {
        object: "event",
        id: record.id().to_string(),
        kind: record.event_type().as_str(),
        data,
        created_at: record.at.to_string(),
        directory_seq: record.seq,
        request_id: record.request.to_string(),
    })
}

fn directory_data<'a>(
    directory: &Directory,
    told: &'a ToldDirectory,
    state: &'static str,
    record: &Record,
) -> EventDirectory<'a> {
    EventDirectory {
        object: "directory",
        id: directory.id.to_string(),
        organization_id: directory.organization.to_string(),
        external_key: directory.id.to_string(),
        r#type: &told.directory_type,
        state,
        name: &told.name,
        domains: told.domains.iter().map(domain).collect(),
        created_at: told.created_at.to_string(),
        updated_at: record.at.to_string(),
    }
}

fn domain(told: &ToldDomain) -> EventDomain<'_> {
    EventDomain { object: "organization_domain", id: told.id.to_string(), domain: &told.name }
}

fn moment<'a>(record: &Record, told: &'a Told) -> Moment<'a> {
    let (doc, nested, written) = (&told.doc, &told.nested, told.written.as_ref());
    Moment { doc, nested, written, created_at: told.created_at, updated_at: record.at }
}

fn user_before(
    directory: &Directory,
    id: LocalId,
    record: &Record,
    told: &Told,
    after: &DirectoryUser<'_>,
) -> Object {
    let doc = told.doc_before();
    let before =
        user_at(directory, id, Moment { doc: &doc, ..moment(record, told) }, told.projection_before());
    previous_attributes(&before, after)
}

fn group_before(
    directory: &Directory,
    id: LocalId,
    record: &Record,
    told: &Told,
    after: &DirectoryGroup<'_>,
) -> Object {
    let doc = told.doc_before();
    let nested = told.nested_before.as_ref().unwrap_or(&told.nested);
    let before = group_at(directory, id, Moment { doc: &doc, nested, ..moment(record, told) });
    previous_attributes(&before, after)
}

/// What differs, as it was before: null where it was absent. Of the objects that hold attributes, only those
/// attributes that differ.
fn previous_attributes(before: &impl Serialize, after: &impl Serialize) -> Object {
    // Their keys are texts, so that nothing stands against it.
    let [before, after] = [serde_json::to_value(before), serde_json::to_value(after)];
    let (Ok(Value::Object(before)), Ok(Value::Object(after))) = (before, after) else { return Object::new() };
    let mut previous = Object::new();
    let new = after.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(new) {
        let [was, is] = [&before, &after].map(|side| side.get(name).unwrap_or(&Value::Null));
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

fn membership_data<'a>(directory: &Directory, view: &'a EventView) -> Result<EventMembership<'a>, Problem> {
    let fault =
        || Problem::fault("a membership's event does not name a record of its user and one of its group");
    let Some(user @ Record { change: Change::User(_, user_id, user_told), .. }) = &view.user else {
        return Err(fault());
    };
    let Some(group @ Record { change: Change::Group(_, group_id, group_told), .. }) = &view.group else {
        return Err(fault());
    };
    Ok(EventMembership {
        directory_id: directory.id.to_string(),
        user: user_at(directory, *user_id, moment(user, user_told), user_told.projection()),
        group: group_at(directory, *group_id, moment(group, group_told)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn previous_attributes_are_what_differs_as_it_was() {
        let before = json!({ "a": 1, "b": { "x": 1, "y": 2 }, "c": null, "d": [1], "f": 1 });
        let after = json!({ "a": 1, "b": { "x": 1, "y": 3, "z": 4 }, "c": "new", "d": [1, 2], "e": 1 });
        let previous = previous_attributes(&before, &after);
        assert_eq!(
            Value::Object(previous),
            json!({ "b": { "y": 2, "z": null }, "c": null, "d": [1], "e": null, "f": 1 })
        );
    }
}
