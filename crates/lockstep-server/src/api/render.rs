//! The model as the API publishes it. What an application reads is made here at the moment of reading, and nothing of
//! it is stored.

mod api_key;
mod directory;
mod error;
mod event;
mod group;
pub(crate) mod mapping;
mod oauth_client;
mod organization;
mod request;
mod schema;
mod token;
mod user;

pub(crate) use api_key::{ApiKey, api_key};
pub(crate) use directory::{Directory, DirectorySync, directory};
pub(crate) use error::{ErrorAnswer, OAuthErrorAnswer};
pub(crate) use event::{Event, event};
pub(crate) use group::{DirectoryGroup, group, group_text};
pub(crate) use oauth_client::{DirectoryOAuthClient, oauth_client};
pub(crate) use organization::{Organization, OrganizationDomain, organization, organization_domain};
pub(crate) use request::{DirectoryRequest, RequestSent, RequestUnderstood, request, request_with_bodies};
pub(crate) use schema::{DirectorySchema, schema};
pub(crate) use token::{DirectoryToken, token};
pub(crate) use user::{DirectoryUser, email, user_idp_id, user_shown, user_with_groups};

use std::borrow::Cow;

use lockstep_core::clock::Timestamp;
use lockstep_core::id::LocalId;
use lockstep_core::written::Written;
use lockstep_scim::Object;
use serde::Serialize;
use serde_json::Value;

/// Which attributes of a resource are looked at to show it; what else it has is passed on.
pub(crate) const ATTRIBUTES: &[&str] =
    &["active", "displayName", "emails", "externalId", "name", "title", "userName"];

/// A resource at a moment: its document, and when it was made and last changed.
#[derive(Clone, Copy)]
struct Moment<'a> {
    doc: &'a Object,
    /// Of a group: the groups that are its members.
    nested: &'a [LocalId],
    /// Where the document has only some attributes ([`ATTRIBUTES`]): all of them.
    written: Option<&'a Written>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// The SCIM resource as the IdP wrote it.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Raw<'a> {
    /// Read.
    Object(Cow<'a, Object>),
    /// As it is stored.
    Written(&'a Written),
}

impl<'a> Raw<'a> {
    fn of(moment: Moment<'a>) -> Self {
        moment.written.map_or(Self::Object(Cow::Borrowed(moment.doc)), Self::Written)
    }
}

/// A text that says something.
fn text_at<'a>(doc: &'a Object, attribute: &str) -> Option<&'a str> {
    doc.get(attribute).and_then(Value::as_str).filter(|text| !text.is_empty())
}
