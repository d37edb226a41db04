//! A directory user, normalized from the SCIM resource that the IdP wrote.
//! `custom_attributes`, `role` and `roles` are what was made of it when it was written or last mapped anew.

use std::borrow::Cow;

use lockstep_core::id::{LocalId, UserId};
use lockstep_core::mapping::Projection;
use lockstep_core::model::{Directory, User, is_active};
use lockstep_core::written::Written;
use lockstep_scim::Object;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::group::DirectoryGroup;
use super::{Moment, Raw, text_at};

/// A user that an IdP told of.
#[derive(Serialize, ToSchema)]
pub(crate) struct DirectoryUser<'a> {
    /// Says what this is.
    #[schema(pattern = "^directory_user$")]
    object: &'static str,
    /// Its id.
    id: String,
    /// By what its IdP knows it: its `externalId`, else its `userName`.
    idp_id: &'a str,
    /// The directory that it is in.
    directory_id: String,
    /// The organization whose directory that is.
    organization_id: String,
    /// The primary e-mail address, else the first, else a `userName` that is one.
    email: Option<&'a str>,
    /// The given name.
    first_name: Option<&'a str>,
    /// The family name.
    last_name: Option<&'a str>,
    /// The whole name as the IdP wrote it, else its parts, else the `displayName`.
    name: Option<Cow<'a, str>>,
    /// All e-mail addresses.
    emails: Vec<DirectoryUserEmail<'a>>,
    /// The title.
    job_title: Option<&'a str>,
    /// The `userName`.
    username: Option<&'a str>,
    /// Whether the IdP lets the user in.
    #[schema(pattern = "^(active|inactive)$")]
    state: &'static str,
    /// The attributes that are mapped from what the IdP sends, by their names: those of the contract, of the
    /// organization and of the directory. What the user has not is not there.
    #[schema(value_type = Object)]
    custom_attributes: Cow<'a, Object>,
    /// The SCIM resource as the IdP wrote it.
    #[schema(value_type = Object)]
    pub(super) raw_attributes: Raw<'a>,
    /// The role with the highest priority. Left out where no role is mapped to a group that the user is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    role: Option<SlimRole>,
    /// All roles, the one with the highest priority first. Left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    roles: Option<Vec<SlimRole>>,
    /// When the user was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When the user was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// The groups that the user is in. Not in events, where joining and leaving are events of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<DirectoryGroup>>, nullable = false)]
    groups: Option<Vec<&'a RawValue>>,
    /// In an event that tells of a change: what differs, as it was before; null where it was absent. Of
    /// `raw_attributes` and `custom_attributes` only those attributes that differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    pub(super) previous_attributes: Option<Object>,
}

/// An e-mail address of a user.
#[derive(Serialize, ToSchema)]
pub(crate) struct DirectoryUserEmail<'a> {
    /// Whether it is the one to use.
    primary: bool,
    /// What it is for, such as `work`.
    r#type: Option<&'a str>,
    /// The address.
    value: Option<&'a str>,
}

/// A role of a user.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct SlimRole {
    /// Its name in the application.
    slug: String,
}

impl SlimRole {
    /// The role of this slug.
    pub(super) fn new(slug: &str) -> Self {
        Self { slug: slug.to_owned() }
    }
}

/// A user with its groups, as it is published. Many are in the same group: each is written out once.
pub(crate) fn user_with_groups<'a>(
    directory: &Directory,
    user: &'a User,
    groups: impl Iterator<Item = &'a RawValue>,
) -> DirectoryUser<'a> {
    user_shown(directory, user, None, groups)
}

/// The same of a user of whose resource not all is read.
pub(crate) fn user_shown<'a>(
    directory: &Directory,
    user: &'a User,
    written: Option<&'a Written>,
    groups: impl Iterator<Item = &'a RawValue>,
) -> DirectoryUser<'a> {
    let (created_at, updated_at) = (user.created_at, user.updated_at);
    let moment = Moment { doc: &user.doc, nested: &[], written, created_at, updated_at };
    DirectoryUser { groups: Some(groups.collect()), ..user_at(directory, user.id, moment, user.projection()) }
}

/// A user at a moment.
pub(super) fn user_at<'a>(
    directory: &Directory,
    local: LocalId,
    moment: Moment<'a>,
    made: Cow<'a, Projection>,
) -> DirectoryUser<'a> {
    let doc = moment.doc;
    let slim: Vec<SlimRole> = made.roles.iter().map(|slug| SlimRole::new(slug)).collect();
    let custom_attributes = match made {
        Cow::Borrowed(made) => Cow::Borrowed(&made.attributes),
        Cow::Owned(made) => Cow::Owned(made.attributes),
    };
    let name = doc.get("name").and_then(Value::as_object);
    let part = |attribute: &str| name.and_then(|name| text_at(name, attribute));
    DirectoryUser {
        object: "directory_user",
        id: UserId { directory: directory.id.directory, local }.to_string(),
        idp_id: user_idp_id(doc),
        directory_id: directory.id.to_string(),
        organization_id: directory.organization.to_string(),
        email: email(doc),
        first_name: part("givenName"),
        last_name: part("familyName"),
        name: full_name(doc),
        emails: emails(doc),
        job_title: text_at(doc, "title"),
        username: text_at(doc, "userName"),
        state: if is_active(doc) { "active" } else { "inactive" },
        custom_attributes,
        raw_attributes: Raw::of(moment),
        role: slim.first().cloned(),
        roles: (!slim.is_empty()).then_some(slim),
        created_at: moment.created_at.to_string(),
        updated_at: moment.updated_at.to_string(),
        groups: None,
        previous_attributes: None,
    }
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

fn emails(doc: &Object) -> Vec<DirectoryUserEmail<'_>> {
    let emails =
        doc.get("emails").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    emails
        .map(|email| DirectoryUserEmail {
            primary: email.get("primary").and_then(Value::as_bool).unwrap_or(false),
            r#type: text_at(email, "type"),
            value: text_at(email, "value"),
        })
        .collect()
}

/// The name as the IdP wrote it, else its parts, else the displayName.
fn full_name(doc: &Object) -> Option<Cow<'_, str>> {
    let name = doc.get("name").and_then(Value::as_object);
    let part = |attribute: &str| name.and_then(|name| text_at(name, attribute));
    if let Some(formatted) = part("formatted") {
        return Some(formatted.into());
    }
    match (part("givenName"), part("familyName")) {
        (Some(given), Some(family)) => Some(format!("{given} {family}").into()),
        (Some(name), None) | (None, Some(name)) => Some(name.into()),
        (None, None) => text_at(doc, "displayName").map(Cow::from),
    }
}

#[cfg(test)]
mod tests;
