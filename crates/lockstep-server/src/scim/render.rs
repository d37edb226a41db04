//! Users and groups as SCIM resources: the stored document with what is derived (`id`, `meta`, `groups`, `members`).

use lockstep_core::command::Terms;
use lockstep_core::id::{DirectoryNumber, GroupId, LocalId, UserId};
use lockstep_core::model::{Group, User};
use lockstep_core::query::Kind;
use lockstep_core::version::{self, GroupOfUser};
use lockstep_scim::Object;
use serde_json::{Value, json};

/// Renders for one directory.
pub(crate) struct Renderer<'a> {
    /// The URL below which the directory's resources stand.
    pub(crate) base_url: &'a str,
    /// The directory's number.
    pub(crate) directory: DirectoryNumber,
    /// Its terms: what is stored may still have to follow a change of them.
    pub(crate) terms: &'a Terms,
}

impl Renderer<'_> {
    /// The id of a user in this directory.
    pub(crate) fn user_id(&self, local: LocalId) -> String {
        UserId { directory: self.directory, local }.to_string()
    }

    /// The id of a group in this directory.
    pub(crate) fn group_id(&self, local: LocalId) -> String {
        GroupId { directory: self.directory, local }.to_string()
    }

    /// A User (RFC 7643 §4.1).
    pub(crate) fn user(&self, user: &User, groups: &[GroupOfUser]) -> Object {
        let id = self.user_id(user.id);
        let mut resource = self.terms.conformed(Kind::User, &user.doc).into_owned();
        if self.terms.rules.only_address_is_primary
            && let Some([Value::Object(only)]) =
                resource.get_mut("emails").and_then(Value::as_array_mut).map(Vec::as_mut_slice)
        {
            only.entry("primary").or_insert(Value::Bool(true));
        }
        if !groups.is_empty() {
            let groups: Vec<Value> = groups
                .iter()
                .map(|group| {
                    let id = self.group_id(group.id);
                    json!({
                        "value": id,
                        "$ref": format!("{}/Groups/{id}", self.base_url),
                        "display": group.display_name,
                        "type": "direct",
                    })
                })
                .collect();
            resource.insert("groups".into(), Value::Array(groups));
        }
        let meta = json!({
            "resourceType": "User",
            "created": user.created_at.to_string(),
            "lastModified": user.modified_at.to_string(),
            "location": format!("{}/Users/{id}", self.base_url),
            "version": version::user(user, groups),
        });
        resource.insert("meta".into(), meta);
        resource.insert("id".into(), Value::String(id));
        resource
    }

    /// A Group (RFC 7643 §4.2). Without `members` where they were not asked for; with an empty list where there are
    /// none, which is the same by §2.5 and what clients loop over.
    pub(crate) fn group(&self, group: &Group, members: Option<&[LocalId]>) -> Object {
        let id = self.group_id(group.id);
        let mut resource = self.terms.conformed(Kind::Group, &group.doc).into_owned();
        if let Some(members) = members {
            let users = members.iter().map(|user| self.member("User", "Users", &self.user_id(*user)));
            let nested =
                group.nested.iter().map(|child| self.member("Group", "Groups", &self.group_id(*child)));
            resource.insert("members".into(), Value::Array(users.chain(nested).collect()));
        }
        let meta = json!({
            "resourceType": "Group",
            "created": group.created_at.to_string(),
            "lastModified": group.modified_at.to_string(),
            "location": format!("{}/Groups/{id}", self.base_url),
            "version": version::group(group),
        });
        resource.insert("meta".into(), meta);
        resource.insert("id".into(), Value::String(id));
        resource
    }

    fn member(&self, kind: &str, endpoint: &str, id: &str) -> Value {
        json!({ "$ref": format!("{}/{endpoint}/{id}", self.base_url), "type": kind, "value": id })
    }
}
