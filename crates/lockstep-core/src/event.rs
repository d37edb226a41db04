//! The log's records: ten kinds, each a fact with its number. A record holds the change in full in a format of its
//! own; the `dsync.*` payloads that an application reads are a rendering of it, made at the edge.

use std::borrow::Cow;

use lockstep_scim::Object;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::id::{DirectoryNumber, DomainId, EventId, LocalId, RequestId};
use crate::mapping::Projection;
use crate::model::{Directory, User};
use crate::written::Written;

/// The version of the format in which [`Record::payload`] writes.
pub const FORMAT: u8 = 1;

/// The kinds of event that take a number. The discriminants are stored: they never change.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum EventType {
    /// A directory was made and serves.
    Activated = 1,
    /// A directory was deleted, with everything in it.
    Deleted = 2,
    /// A user came.
    UserCreated = 3,
    /// A user changed; deactivation and reactivation are such changes.
    UserUpdated = 4,
    /// A user went.
    UserDeleted = 5,
    /// A group came.
    GroupCreated = 6,
    /// A group changed, its memberships aside.
    GroupUpdated = 7,
    /// A group went.
    GroupDeleted = 8,
    /// A user became a member of a group.
    UserAdded = 9,
    /// A user ceased to be one.
    UserRemoved = 10,
}

impl EventType {
    /// All of them, in the order of their numbers.
    pub const ALL: [EventType; 10] = [
        Self::Activated,
        Self::Deleted,
        Self::UserCreated,
        Self::UserUpdated,
        Self::UserDeleted,
        Self::GroupCreated,
        Self::GroupUpdated,
        Self::GroupDeleted,
        Self::UserAdded,
        Self::UserRemoved,
    ];

    /// The name by which applications know it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activated => "dsync.activated",
            Self::Deleted => "dsync.deleted",
            Self::UserCreated => "dsync.user.created",
            Self::UserUpdated => "dsync.user.updated",
            Self::UserDeleted => "dsync.user.deleted",
            Self::GroupCreated => "dsync.group.created",
            Self::GroupUpdated => "dsync.group.updated",
            Self::GroupDeleted => "dsync.group.deleted",
            Self::UserAdded => "dsync.group.user_added",
            Self::UserRemoved => "dsync.group.user_removed",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The kind stored under this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }
}

/// A user or group as an event tells it.
#[derive(Clone, PartialEq, Debug)]
pub struct Told {
    /// The resource after the change; of a deletion, the last that it was.
    pub doc: Object,
    /// Of a group: the groups that are its members.
    pub nested: Vec<LocalId>,
    /// Of an update that changed them: the groups that were its members before.
    pub nested_before: Option<Vec<LocalId>>,
    /// When the resource was made.
    pub created_at: Timestamp,
    /// Of an update: what the changed top-level attributes were before, null where they were absent.
    pub before: Object,
    /// Of a user: what was made of it for applications; `None` where the record is older than mapping.
    pub projection: Option<Projection>,
    /// Of an update that changed that: what it was before.
    pub projection_before: Option<Projection>,
    /// Where `doc` holds only some of the resource's attributes: the resource as it is stored.
    pub written: Option<Written>,
}

impl Told {
    /// A resource as it is, with nothing before.
    #[must_use]
    pub fn new(doc: Object, created_at: Timestamp) -> Self {
        Self {
            doc,
            nested: Vec::new(),
            nested_before: None,
            created_at,
            before: Object::new(),
            projection: None,
            projection_before: None,
            written: None,
        }
    }

    /// A user as it is, with nothing before.
    #[must_use]
    pub fn user(user: &User) -> Self {
        Self { projection: user.projection.clone(), ..Self::new(user.doc.clone(), user.created_at) }
    }

    /// A user as it has become.
    #[must_use]
    pub fn user_changed(before: &User, after: &User) -> Self {
        let (was, is) = (before.projection(), after.projection());
        Self {
            before: changed(&before.doc, &after.doc),
            projection_before: (was != is).then(|| was.into_owned()),
            ..Self::user(after)
        }
    }

    /// What applications read of a user after the change.
    #[must_use]
    pub fn projection(&self) -> Cow<'_, Projection> {
        Projection::known(self.projection.as_ref(), &self.doc)
    }

    /// What applications read of a user before the change.
    #[must_use]
    pub fn projection_before(&self) -> Cow<'_, Projection> {
        match self.projection_before.as_ref().or(self.projection.as_ref()) {
            Some(made) => Cow::Borrowed(made),
            None => Projection::known(None, &self.doc_before()),
        }
    }

    /// The resource before the change.
    #[must_use]
    pub fn doc_before(&self) -> Object {
        let mut doc = self.doc.clone();
        for (name, value) in &self.before {
            if value.is_null() {
                doc.remove(name);
            } else {
                doc.insert(name.clone(), value.clone());
            }
        }
        doc
    }
}

/// A directory as an event tells it: what of it can change. Whose it is never does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToldDirectory {
    /// What people called it.
    pub name: String,
    /// The kind of IdP, as given.
    pub directory_type: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The domains that its organization had when it was made.
    pub domains: Vec<ToldDomain>,
}

/// A domain as an event tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToldDomain {
    /// Its id.
    pub id: DomainId,
    /// The domain.
    pub name: String,
}

impl From<&Directory> for ToldDirectory {
    fn from(directory: &Directory) -> Self {
        Self {
            name: directory.name.clone(),
            directory_type: directory.directory_type.clone(),
            created_at: directory.created_at,
            domains: Vec::new(),
        }
    }
}

/// What happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    /// The directory was made.
    Activated(Box<ToldDirectory>),
    /// The directory was deleted.
    Deleted(Box<ToldDirectory>),
    /// Something about a user itself: [`EventType::UserCreated`], `UserUpdated` or `UserDeleted`.
    User(EventType, LocalId, Box<Told>),
    /// Something about a group itself: [`EventType::GroupCreated`], `GroupUpdated` or `GroupDeleted`.
    Group(EventType, LocalId, Box<Told>),
    /// A membership began or ended: [`EventType::UserAdded`] or `UserRemoved`.
    Membership(EventType, Membership),
}

/// Who joined or left which group. What the two were at that moment is told by the records that are named here, so
/// that a membership costs the same whatever it joins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Membership {
    /// The group.
    pub group: LocalId,
    /// The user.
    pub user: LocalId,
    /// The number of the last event about the group itself.
    pub group_seq: u64,
    /// The number of the last event about the user itself.
    pub user_seq: u64,
}

/// One numbered fact of a directory's log.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Whose log it stands in.
    pub directory: DirectoryNumber,
    /// Its number there: from 1, without gaps.
    pub seq: u64,
    /// When it was committed; never before the one in front of it.
    pub at: Timestamp,
    /// The request that caused it.
    pub request: RequestId,
    /// What happened.
    pub change: Change,
}

impl Record {
    /// Its id, made of what it has.
    #[must_use]
    pub fn id(&self) -> EventId {
        EventId { directory: self.directory, seq: self.seq, at: self.at }
    }

    /// Its kind.
    #[must_use]
    pub fn event_type(&self) -> EventType {
        match &self.change {
            Change::Activated(_) => EventType::Activated,
            Change::Deleted(_) => EventType::Deleted,
            Change::User(kind, ..) | Change::Group(kind, ..) | Change::Membership(kind, _) => *kind,
        }
    }

    /// The user it is about, if any.
    #[must_use]
    pub fn user(&self) -> Option<LocalId> {
        match &self.change {
            Change::User(_, user, _) => Some(*user),
            Change::Membership(_, membership) => Some(membership.user),
            Change::Activated(_) | Change::Deleted(_) | Change::Group(..) => None,
        }
    }

    /// The group it is about, if any.
    #[must_use]
    pub fn group(&self) -> Option<LocalId> {
        match &self.change {
            Change::Group(_, group, _) => Some(*group),
            Change::Membership(_, membership) => Some(membership.group),
            Change::Activated(_) | Change::Deleted(_) | Change::User(..) => None,
        }
    }

    /// What is stored beside the columns: the change in full, in format [`FORMAT`]. `None` where the columns say all.
    #[must_use]
    pub fn payload(&self) -> Option<String> {
        match &self.change {
            Change::Membership(..) => None,
            Change::Activated(told) | Change::Deleted(told) => {
                let mut out =
                    json!({ "name": told.name, "type": told.directory_type, "created_at": told.created_at });
                if let (false, Some(fields)) = (told.domains.is_empty(), out.as_object_mut()) {
                    let domains = told.domains.iter();
                    let domains =
                        domains.map(|domain| json!({ "id": domain.id.to_string(), "name": domain.name }));
                    fields.insert("domains".into(), domains.collect());
                }
                Some(out.to_string())
            }
            Change::User(_, _, told) | Change::Group(_, _, told) => {
                let mut out = Map::new();
                out.insert("doc".into(), Value::Object(told.doc.clone()));
                out.insert("created_at".into(), json!(told.created_at));
                if !told.before.is_empty() {
                    out.insert("before".into(), Value::Object(told.before.clone()));
                }
                if !told.nested.is_empty() {
                    out.insert("nested".into(), json!(told.nested));
                }
                if let Some(before) = &told.nested_before {
                    out.insert("nested_before".into(), json!(before));
                }
                for (name, made) in
                    [("projection", &told.projection), ("projection_before", &told.projection_before)]
                {
                    if let Some(made) = made {
                        out.insert(name.into(), json!(made));
                    }
                }
                Some(Value::Object(out).to_string())
            }
        }
    }

    /// Puts a stored record together again. Says what is wrong where it was not written by [`Record::payload`].
    pub fn restore(stored: &Stored<'_>) -> Result<Self, String> {
        Self::restore_by(stored, |payload, _| told(payload))
    }

    /// The same, of which only these attributes of the resource are read, where that can be; the rest is passed on as it
    /// is written.
    pub fn restore_in_brief(stored: &Stored<'_>, attributes: &[&str]) -> Result<Self, String> {
        Self::restore_by(stored, |payload, projected| told_in_brief(payload, attributes, projected))
    }

    fn restore_by(
        stored: &Stored<'_>,
        told: impl Fn(&str, bool) -> Result<Told, String>,
    ) -> Result<Self, String> {
        let told = |projected| told(stored.payload.ok_or("the event has no payload")?, projected);
        let kind = EventType::from_code(stored.kind)
            .ok_or_else(|| format!("no event has the kind {}", stored.kind))?;
        let user = || stored.user.ok_or("the event names no user".to_owned());
        let group = || stored.group.ok_or("the event names no group".to_owned());
        let change = match kind {
            EventType::Activated => Change::Activated(Box::new(told_directory(stored.payload)?)),
            EventType::Deleted => Change::Deleted(Box::new(told_directory(stored.payload)?)),
            EventType::UserCreated | EventType::UserUpdated | EventType::UserDeleted => {
                Change::User(kind, user()?, Box::new(told(true)?))
            }
            EventType::GroupCreated | EventType::GroupUpdated | EventType::GroupDeleted => {
                Change::Group(kind, group()?, Box::new(told(false)?))
            }
            EventType::UserAdded | EventType::UserRemoved => Change::Membership(
                kind,
                Membership {
                    group: group()?,
                    user: user()?,
                    group_seq: stored.group_seq.ok_or("the event names no record of its group")?,
                    user_seq: stored.user_seq.ok_or("the event names no record of its user")?,
                },
            ),
        };
        Ok(Self {
            directory: stored.directory,
            seq: stored.seq,
            at: stored.at,
            request: stored.request,
            change,
        })
    }
}

/// A record as a store keeps it: columns, and the rest as text.
#[derive(Clone, Debug)]
pub struct Stored<'a> {
    /// The directory's number.
    pub directory: DirectoryNumber,
    /// The event's number.
    pub seq: u64,
    /// Its time.
    pub at: Timestamp,
    /// The request that caused it.
    pub request: RequestId,
    /// [`EventType`] as its number.
    pub kind: u8,
    /// The user it is about.
    pub user: Option<LocalId>,
    /// The group it is about.
    pub group: Option<LocalId>,
    /// Of a membership: the user's record.
    pub user_seq: Option<u64>,
    /// Of a membership: the group's record.
    pub group_seq: Option<u64>,
    /// What [`Record::payload`] wrote.
    pub payload: Option<&'a str>,
}

fn fields(payload: &str) -> Result<Object, String> {
    match serde_json::from_str(payload) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err("the event's payload is not a JSON object".into()),
    }
}

fn created_at(fields: &Object) -> Result<Timestamp, String> {
    let micros = fields.get("created_at").and_then(Value::as_i64);
    micros
        .map(Timestamp)
        .ok_or_else(|| "the event's payload does not say when its subject was made".to_owned())
}

/// What of a payload is read to pass it on.
#[derive(Deserialize)]
struct Brief {
    doc: Written,
    created_at: Timestamp,
    before: Option<IgnoredAny>,
    #[serde(default)]
    nested: Vec<LocalId>,
    nested_before: Option<IgnoredAny>,
    projection: Option<Projection>,
    projection_before: Option<IgnoredAny>,
}

/// A resource of which some attributes are read. All of them where it is told what was before, or where what is made of
/// it for applications (`projected`) must be made now.
fn told_in_brief(payload: &str, attributes: &[&str], projected: bool) -> Result<Told, String> {
    let brief: Brief = serde_json::from_str(payload).map_err(|error| error.to_string())?;
    let before = brief.before.is_some() || brief.nested_before.is_some() || brief.projection_before.is_some();
    if before || !brief.nested.is_empty() || (projected && brief.projection.is_none()) {
        return told(payload);
    }
    let rest = Told::new(brief.doc.members(attributes)?, brief.created_at);
    Ok(Told { projection: brief.projection, written: Some(brief.doc), ..rest })
}

fn told(payload: &str) -> Result<Told, String> {
    let mut fields = fields(payload)?;
    let Some(Value::Object(doc)) = fields.remove("doc") else {
        return Err("the event's payload has no resource".into());
    };
    let before = match fields.remove("before") {
        None => Object::new(),
        Some(Value::Object(before)) => before,
        Some(_) => return Err("what the event's payload says was before is no resource".into()),
    };
    let ids = |name: &str| match fields.get(name) {
        None => Ok(None),
        Some(ids) => Vec::deserialize(ids)
            .map(Some)
            .map_err(|_| format!("the event's payload has no list of ids as `{name}`")),
    };
    let (nested, nested_before) = (ids("nested")?.unwrap_or_default(), ids("nested_before")?);
    let created_at = created_at(&fields)?;
    let mut made =
        |name: &str| {
            fields.remove(name).map(serde_json::from_value).transpose().map_err(|_| {
                format!("what the event's payload has as `{name}` is not what is made of a user")
            })
        };
    let (projection, projection_before) = (made("projection")?, made("projection_before")?);
    let rest = Told::new(doc, created_at);
    Ok(Told { nested, nested_before, before, projection, projection_before, ..rest })
}

fn told_directory(payload: Option<&str>) -> Result<ToldDirectory, String> {
    let fields = fields(payload.ok_or("the event has no payload")?)?;
    let text = |name: &str| {
        let text = fields.get(name).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| format!("the event's payload has no `{name}`"))
    };
    let domain = |told: &Value| {
        let (id, name) = (told.get("id")?.as_str()?, told.get("name")?.as_str()?);
        Some(ToldDomain { id: DomainId::parse(id)?, name: name.to_owned() })
    };
    let domains: Option<Vec<ToldDomain>> =
        fields.get("domains").and_then(Value::as_array).into_iter().flatten().map(domain).collect();
    Ok(ToldDirectory {
        name: text("name")?,
        directory_type: text("type")?,
        created_at: created_at(&fields)?,
        domains: domains.ok_or("the event's payload has no list of domains as `domains`")?,
    })
}

/// What the top-level attributes that differ were in `before`: null where they were absent.
#[must_use]
pub fn changed(before: &Object, after: &Object) -> Object {
    let mut out = Object::new();
    for (name, value) in before {
        if after.get(name) != Some(value) {
            out.insert(name.clone(), value.clone());
        }
    }
    for name in after.keys() {
        if !before.contains_key(name) {
            out.insert(name.clone(), Value::Null);
        }
    }
    out
}
