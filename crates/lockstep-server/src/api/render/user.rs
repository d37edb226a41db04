//! A directory user, normalized from the SCIM resource that the IdP wrote.
//!
//! `custom_attributes` holds the standard attributes that WorkOS maps by itself, where the IdP sends them:
//! `department_name`, `division_name`, `cost_center_name` (from the enterprise extension), `employee_type` (from
//! `userType`) and `job_title` (from `title`). `role` and `roles` are left out: nothing is mapped to roles yet.

use lockstep_core::id::{LocalId, UserId};
use lockstep_core::model::{Directory, Group, User, is_active};
use lockstep_scim::Object;
use serde_json::{Value, json};

use super::{Moment, group, text_at};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A user with its groups, as it is published.
pub(crate) fn user_with_groups<'a>(
    directory: &Directory,
    user: &User,
    groups: impl Iterator<Item = &'a Group>,
) -> Value {
    let moment =
        Moment { doc: &user.doc, nested: &[], created_at: user.created_at, updated_at: user.modified_at };
    let mut out = user_at(directory, user.id, moment);
    if let Some(fields) = out.as_object_mut() {
        fields.insert("groups".into(), groups.map(|row| group(directory, row)).collect());
    }
    out
}

/// A user at a moment.
pub(super) fn user_at(directory: &Directory, local: LocalId, moment: Moment<'_>) -> Value {
    let doc = moment.doc;
    let name = doc.get("name").and_then(Value::as_object);
    let part = |attribute: &str| name.and_then(|name| text_at(name, attribute));
    json!({
        "object": "directory_user",
        "id": UserId { directory: directory.id.directory, local }.to_string(),
        "idp_id": user_idp_id(doc),
        "directory_id": directory.id.to_string(),
        "organization_id": directory.organization.to_string(),
        "email": email(doc),
        "first_name": part("givenName"),
        "last_name": part("familyName"),
        "name": full_name(doc),
        "emails": emails(doc),
        "job_title": text_at(doc, "title"),
        "username": text_at(doc, "userName"),
        "state": if is_active(doc) { "active" } else { "inactive" },
        "custom_attributes": custom_attributes(doc),
        "raw_attributes": doc,
        "created_at": moment.created_at.to_string(),
        "updated_at": moment.updated_at.to_string(),
    })
}

/// The IdP's `externalId` where it gave one, else the userName.
pub(crate) fn user_idp_id(doc: &Object) -> &str {
    text_at(doc, "externalId").or_else(|| text_at(doc, "userName")).unwrap_or_default()
}

/// The primary e-mail address, else the first, else a userName that is one.
pub(crate) fn email(doc: &Object) -> Option<&str> {
    let all = || {
        let objects =
            doc.get("emails").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
        objects.filter_map(|email| {
            Some((text_at(email, "value")?, email.get("primary") == Some(&Value::Bool(true))))
        })
    };
    let primary = all().find(|(_, primary)| *primary).or_else(|| all().next()).map(|(value, _)| value);
    primary.or_else(|| text_at(doc, "userName").filter(|name| name.contains('@')))
}

fn emails(doc: &Object) -> Vec<Value> {
    let emails =
        doc.get("emails").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    emails
        .map(|email| {
            json!({
                "primary": email.get("primary").and_then(Value::as_bool).unwrap_or(false),
                "type": text_at(email, "type"),
                "value": text_at(email, "value"),
            })
        })
        .collect()
}

/// The name as the IdP wrote it, else its parts, else the displayName.
fn full_name(doc: &Object) -> Option<String> {
    let name = doc.get("name").and_then(Value::as_object);
    let part = |attribute: &str| name.and_then(|name| text_at(name, attribute));
    if let Some(formatted) = part("formatted") {
        return Some(formatted.to_owned());
    }
    let parts: Vec<&str> = [part("givenName"), part("familyName")].into_iter().flatten().collect();
    if parts.is_empty() { text_at(doc, "displayName").map(str::to_owned) } else { Some(parts.join(" ")) }
}

fn custom_attributes(doc: &Object) -> Object {
    let enterprise = doc.get(ENTERPRISE).and_then(Value::as_object);
    let from_enterprise = |attribute: &str| enterprise.and_then(|extension| text_at(extension, attribute));
    let mapped = [
        ("department_name", from_enterprise("department")),
        ("division_name", from_enterprise("division")),
        ("cost_center_name", from_enterprise("costCenter")),
        ("employee_type", text_at(doc, "userType")),
        ("job_title", text_at(doc, "title")),
    ];
    mapped.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect()
}

#[cfg(test)]
mod tests;
