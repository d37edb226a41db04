//! What an IdP says: bodies in the form of its dialect, from what it knows of the company. Pure. Must not know any IdP.

use lockstep_idp::Provider;
use lockstep_idp::dialect::{Deactivate, Dialect, MemberWrite, Spelling, Update};
use serde_json::{Map, Value, json};

use crate::company::Person;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// An attribute that the company has a value for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Attribute {
    /// `userName`
    UserName,
    /// `externalId`
    ExternalId,
    /// `name.givenName`
    GivenName,
    /// `name.familyName`
    FamilyName,
    /// `name.formatted`
    FormattedName,
    /// `displayName`
    DisplayName,
    /// `emails`
    Email,
    /// `title`
    Title,
    /// `department` of the enterprise extension.
    Department,
    /// `employeeNumber` of the enterprise extension.
    EmployeeNumber,
    /// `manager` of the enterprise extension.
    Manager,
}

impl Attribute {
    /// The attribute that a path of a mapping means; nothing where the company has no value for it.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let lower = path.to_lowercase();
        let lower = lower.strip_prefix(&format!("{}:", USER.to_lowercase())).unwrap_or(&lower);
        let name = match lower.strip_prefix(&ENTERPRISE.to_lowercase()) {
            Some(name) => name.trim_start_matches([':', '.']),
            None => lower,
        };
        let bare: String = match (name.find('['), name.find(']')) {
            (Some(from), Some(to)) => {
                format!("{}{}", name.get(..from).unwrap_or_default(), name.get(to + 1..).unwrap_or_default())
            }
            _ => name.to_owned(),
        };
        Some(match bare.as_str() {
            "username" => Self::UserName,
            "externalid" => Self::ExternalId,
            "name.givenname" => Self::GivenName,
            "name.familyname" => Self::FamilyName,
            "name.formatted" => Self::FormattedName,
            "displayname" => Self::DisplayName,
            "emails" | "emails.value" => Self::Email,
            "title" => Self::Title,
            "department" => Self::Department,
            "employeenumber" => Self::EmployeeNumber,
            "manager" | "manager.value" => Self::Manager,
            _ => return None,
        })
    }

    /// What somebody has there. A manager is an id that only who sends it knows.
    #[must_use]
    pub fn value(self, person: &Person) -> String {
        match self {
            Self::UserName => person.user_name.clone(),
            Self::ExternalId => person.external_id.clone(),
            Self::GivenName => person.given_name.clone(),
            Self::FamilyName => person.family_name.clone(),
            Self::FormattedName | Self::DisplayName => person.display_name(),
            Self::Email => person.email.clone(),
            Self::Title => person.title.clone(),
            Self::Department => person.department.clone(),
            Self::EmployeeNumber => person.employee_number.clone(),
            Self::Manager => String::new(),
        }
    }

    /// What a resource has there.
    #[must_use]
    pub fn read(self, resource: &Value) -> Option<&str> {
        let at =
            |keys: &[&str]| keys.iter().try_fold(resource, |at, key| at.get(key)).and_then(Value::as_str);
        match self {
            Self::UserName => at(&["userName"]),
            Self::ExternalId => at(&["externalId"]),
            Self::GivenName => at(&["name", "givenName"]),
            Self::FamilyName => at(&["name", "familyName"]),
            Self::FormattedName => at(&["name", "formatted"]),
            Self::DisplayName => at(&["displayName"]),
            // More than one address is none: whatever was there before should have been replaced.
            Self::Email => match resource.get("emails").and_then(Value::as_array).map(Vec::as_slice) {
                Some([one]) => one.get("value").and_then(Value::as_str),
                _ => None,
            },
            Self::Title => at(&["title"]),
            Self::Department => at(&[ENTERPRISE, "department"]),
            Self::EmployeeNumber => at(&[ENTERPRISE, "employeeNumber"]),
            Self::Manager => at(&[ENTERPRISE, "manager", "value"]),
        }
    }

    fn put(self, path: &str, value: &str, doc: &mut Map<String, Value>) {
        let mut within = |part: &str, name: &str, value: Value| {
            if let Some(object) = doc.entry(part).or_insert_with(|| json!({})).as_object_mut() {
                object.insert(name.to_owned(), value);
            }
        };
        match self {
            Self::GivenName => within("name", "givenName", value.into()),
            Self::FamilyName => within("name", "familyName", value.into()),
            Self::FormattedName => within("name", "formatted", value.into()),
            Self::Department => within(ENTERPRISE, "department", value.into()),
            Self::EmployeeNumber => within(ENTERPRISE, "employeeNumber", value.into()),
            Self::Manager => within(ENTERPRISE, "manager", json!({ "value": value })),
            Self::Email => {
                doc.insert("emails".to_owned(), emails(path, value));
            }
            Self::UserName => top(doc, "userName", value),
            Self::ExternalId => top(doc, "externalId", value),
            Self::DisplayName => top(doc, "displayName", value),
            Self::Title => top(doc, "title", value),
        }
    }
}

fn top(doc: &mut Map<String, Value>, name: &str, value: &str) {
    doc.insert(name.to_owned(), value.into());
}

fn emails(path: &str, value: &str) -> Value {
    let kind = path.split('"').nth(1).filter(|_| path.to_lowercase().contains("type eq")).unwrap_or("work");
    json!([{ "value": value, "type": kind, "primary": true }])
}

/// What an IdP sends of a user, by its mapping and its dialect.
#[derive(Clone, Debug)]
pub struct Speech {
    /// How it speaks.
    pub dialect: Dialect,
    /// The attributes that it sends, each with its path.
    pub attributes: Vec<(Attribute, &'static str)>,
}

/// What an IdP without a known mapping is taken to send.
const USUAL: &[&str] = &[
    "userName",
    "name.givenName",
    "name.familyName",
    "displayName",
    "emails[type eq \"work\"].value",
    "title",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
];

/// What is known of a user at one moment, as an IdP keeps it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sent {
    /// By attribute, in the order of the mapping.
    pub values: Vec<(Attribute, String)>,
    /// Whether the user may sign in.
    pub is_active: bool,
}

impl Speech {
    /// What an IdP says, in one of the ways in which it speaks.
    #[must_use]
    pub fn new(provider: &Provider, dialect: Dialect) -> Self {
        let mut attributes: Vec<(Attribute, &'static str)> = Vec::new();
        let mut add = |path: &'static str| {
            if let Some(attribute) = Attribute::of(path)
                && !attributes.iter().any(|(known, _)| *known == attribute)
            {
                attributes.push((attribute, path));
            }
        };
        add("userName");
        if dialect.user_external_id {
            add("externalId");
        }
        for mapping in provider.mapping.iter().filter(|_| provider.mapping.len() > 2) {
            add(mapping.to);
        }
        if provider.mapping.len() <= 2 {
            for path in USUAL {
                add(path);
            }
        }
        if !dialect.user_external_id {
            attributes.retain(|(attribute, _)| *attribute != Attribute::ExternalId);
        }
        Self { dialect, attributes }
    }

    /// What it would send of somebody; `manager` is the id of theirs, where it is known.
    #[must_use]
    pub fn of(&self, person: &Person, manager: Option<&str>, is_active: bool) -> Sent {
        let values = self.attributes.iter().filter_map(|(attribute, _)| match attribute {
            Attribute::Manager => manager.map(|id| (Attribute::Manager, id.to_owned())),
            other => Some((*other, other.value(person))),
        });
        Sent { values: values.collect(), is_active }
    }

    fn path(&self, attribute: Attribute) -> &'static str {
        self.attributes.iter().find(|(known, _)| *known == attribute).map_or("", |(_, path)| path)
    }

    fn doc(&self, values: &[&(Attribute, String)]) -> Map<String, Value> {
        let mut doc = Map::new();
        for (attribute, value) in values {
            attribute.put(self.path(*attribute), value, &mut doc);
        }
        doc
    }

    /// The whole user.
    #[must_use]
    pub fn user(&self, sent: &Sent) -> Value {
        let mut doc = self.doc(&sent.values.iter().collect::<Vec<_>>());
        let schemas: Vec<&str> =
            if doc.contains_key(ENTERPRISE) { vec![USER, ENTERPRISE] } else { vec![USER] };
        doc.insert("schemas".to_owned(), json!(schemas));
        doc.insert("active".to_owned(), sent.is_active.into());
        Value::Object(doc)
    }

    /// How it turns what it sent last into what is now: method and body.
    #[must_use]
    pub fn update(&self, before: Option<&Sent>, now: &Sent) -> (&'static str, Value) {
        let old = |attribute: Attribute| {
            before?.values.iter().find(|(known, _)| *known == attribute).map(|(_, value)| value)
        };
        let changed: Vec<&(Attribute, String)> =
            now.values.iter().filter(|(attribute, value)| old(*attribute) != Some(value)).collect();
        let activity = before.is_none_or(|before| before.is_active != now.is_active);
        match self.dialect.update_user {
            Update::Put => ("PUT", self.user(now)),
            Update::PatchWhole => {
                let mut user = self.user(now);
                if let Some(user) = user.as_object_mut() {
                    user.remove("schemas");
                }
                ("PATCH", patch(&[json!({ "op": self.op("replace"), "value": user })]))
            }
            Update::PatchChanged => {
                let mut doc = self.doc(&changed);
                if activity {
                    doc.insert("active".to_owned(), self.boolean(now.is_active));
                }
                ("PATCH", patch(&[json!({ "op": self.op("replace"), "value": doc })]))
            }
            Update::PatchPaths => {
                let mut operations: Vec<Value> = changed
                    .iter()
                    .map(|(attribute, value)| {
                        let path = self.path(*attribute);
                        let value = match attribute {
                            Attribute::Email if !path.contains(".value") => emails(path, value),
                            Attribute::Manager if !path.contains(".value") => json!({ "value": value }),
                            _ => Value::from(value.as_str()),
                        };
                        let op =
                            if before.is_some() && old(*attribute).is_none() { "add" } else { "replace" };
                        json!({ "op": self.op(op), "path": path, "value": value })
                    })
                    .collect();
                if activity {
                    operations.push(
                        json!({ "op": self.op("replace"), "path": "active", "value": self.boolean(now.is_active) }),
                    );
                }
                ("PATCH", patch(&operations))
            }
        }
    }

    /// How it switches a user off or on; nothing where that is a deletion.
    #[must_use]
    pub fn activity(&self, sent: &Sent) -> Option<(&'static str, Value)> {
        let value = self.boolean(sent.is_active);
        match self.dialect.deactivate {
            Deactivate::Put => Some(("PUT", self.user(sent))),
            Deactivate::PatchWithoutPath => {
                Some(("PATCH", patch(&[json!({ "op": self.op("replace"), "value": { "active": value } })])))
            }
            Deactivate::PatchPath => Some((
                "PATCH",
                patch(&[json!({ "op": self.op("replace"), "path": "active", "value": value })]),
            )),
            Deactivate::Delete => None,
        }
    }

    /// A group, with members where they are named.
    #[must_use]
    pub fn group(&self, name: &str, external_id: Option<&str>, members: Option<&[String]>) -> Value {
        let mut doc = json!({ "schemas": [GROUP], "displayName": name });
        if let Some(object) = doc.as_object_mut() {
            if let Some(id) = external_id {
                object.insert("externalId".to_owned(), id.into());
            }
            if let Some(members) = members {
                object.insert("members".to_owned(), values(members));
            }
        }
        doc
    }

    /// How it renames a group that is as told: method and body.
    #[must_use]
    pub fn rename(
        &self,
        form: Update,
        name: &str,
        external_id: Option<&str>,
        members: &[String],
    ) -> (&'static str, Value) {
        let operation = match form {
            Update::Put => return ("PUT", self.group(name, external_id, Some(members))),
            Update::PatchWhole => {
                json!({ "op": self.op("replace"), "value": self.group(name, external_id, None) })
            }
            Update::PatchChanged => json!({ "op": self.op("replace"), "value": { "displayName": name } }),
            Update::PatchPaths => json!({ "op": self.op("replace"), "path": "displayName", "value": name }),
        };
        ("PATCH", patch(&[operation]))
    }

    /// How it adds members or takes them out, in as many requests as it makes: their bodies. `all` is who is in then.
    #[must_use]
    pub fn members(&self, form: MemberWrite, op: &str, ids: &[String], all: &[String]) -> Vec<Value> {
        let (op, adds) = (self.op(op), op == "add");
        let chunks = |size: u32| ids.chunks(usize::try_from(size.max(1)).unwrap_or(1));
        match form {
            MemberWrite::Values(size) => chunks(size)
                .map(|ids| patch(&[json!({ "op": op, "path": "members", "value": values(ids) })]))
                .collect(),
            MemberWrite::Filters(size) if !adds => chunks(size)
                .map(|ids| {
                    let one =
                        |id: &String| json!({ "op": op, "path": format!("members[value eq \"{id}\"]") });
                    patch(&ids.iter().map(one).collect::<Vec<_>>())
                })
                .collect(),
            MemberWrite::Filters(size) | MemberWrite::OneEach(size) => chunks(size)
                .map(|ids| {
                    let one =
                        |id: &String| json!({ "op": op, "path": "members", "value": [{ "value": id }] });
                    patch(&ids.iter().map(one).collect::<Vec<_>>())
                })
                .collect(),
            MemberWrite::ReplaceAll | MemberWrite::Put => {
                vec![patch(&[json!({ "op": self.op("replace"), "path": "members", "value": values(all) })])]
            }
        }
    }

    /// An operation as it spells it.
    fn op(&self, op: &str) -> String {
        match self.dialect.spelling {
            Spelling::CapitalOperations | Spelling::CapitalText => {
                let mut letters = op.chars();
                letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
            }
            Spelling::Plain | Spelling::BooleanText => op.to_owned(),
        }
    }

    /// A boolean in a PATCH as it spells it.
    fn boolean(&self, value: bool) -> Value {
        match (self.dialect.spelling, value) {
            (Spelling::Plain | Spelling::CapitalOperations, value) => value.into(),
            (Spelling::CapitalText, true) => "True".into(),
            (Spelling::CapitalText, false) => "False".into(),
            (Spelling::BooleanText, value) => value.to_string().into(),
        }
    }
}

fn patch(operations: &[Value]) -> Value {
    json!({ "schemas": [PATCH_OP], "Operations": operations })
}

fn values(ids: &[String]) -> Value {
    ids.iter().map(|id| json!({ "value": id })).collect()
}

#[cfg(test)]
mod tests;
