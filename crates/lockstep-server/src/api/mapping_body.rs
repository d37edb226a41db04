//! The bodies that say what is mapped: attributes by name, and roles by their groups. All that is wrong is told at
//! once, each with its place. Must not know what is stored.

use std::collections::BTreeSet;

use lockstep_core::id::{DirectoryId, GroupId, LocalId};
use lockstep_core::limits::{
    MAPPED_ATTRIBUTES_LIMIT, MAPPED_NAME_BYTES_LIMIT, MAPPED_ROLE_GROUPS_LIMIT, MAPPED_ROLES_LIMIT,
};
use lockstep_core::mapping::{
    AttributeMapping, AttributeType, MappedAttribute, MappedRole, RoleMapping, name_fault, parse_path,
};
use lockstep_scim::Object;
use serde_json::Value;

use super::fields::Fields;

/// What a path may be, for whoever wrote one that is none.
const PATH_FORMS: &str = "a path is `attribute`, `attribute.part`, `attribute[filter].part`, or one of these after the \
                          URN of an extension and a colon";

/// The attributes that a body maps, by name; null takes away what a wider scope maps.
pub(super) fn attributes(fields: &mut Fields) -> AttributeMapping {
    let mut mapping = AttributeMapping::new();
    let entries = match fields.raw("attributes") {
        Some(Value::Object(entries)) if entries.len() <= MAPPED_ATTRIBUTES_LIMIT => entries.clone(),
        None | Some(Value::Null) => {
            fields.wrong("attributes", "required", "`attributes` is required".to_owned());
            return mapping;
        }
        Some(_) => {
            let message = format!(
                "`attributes` must be an object with at most {MAPPED_ATTRIBUTES_LIMIT} entries: by name an object with \
                 `path`, `type` and `required`, or null"
            );
            fields.wrong("attributes", "invalid_attributes", message);
            return mapping;
        }
    };
    for (name, entry) in entries {
        let place = place("attributes", &name);
        if let Some(fault) = name_fault(&name) {
            fields.wrong(&place, "invalid_name", format!("`{place}`: {fault}"));
            continue;
        }
        let mapped = match entry {
            Value::Null => None,
            Value::Object(entry) => match attribute(fields, &place, &entry) {
                Some(mapped) => Some(mapped),
                None => continue,
            },
            _ => {
                let message =
                    format!("`{place}` must be an object with `path`, `type` and `required`, or null");
                fields.wrong(&place, "invalid_attribute", message);
                continue;
            }
        };
        mapping.insert(name, mapped);
    }
    mapping
}

/// One attribute; nothing where something was wrong with it, which is noted.
fn attribute(fields: &mut Fields, place: &str, entry: &Object) -> Option<MappedAttribute> {
    refuse_unknown(fields, place, entry, &["path", "type", "required"]);
    let path = match entry.get("path") {
        Some(Value::String(path)) => match parse_path(path) {
            Ok(_) => Some(path.clone()),
            Err(error) => {
                let message = format!("`{place}.path`: {}; {PATH_FORMS}", error.detail);
                fields.wrong(&format!("{place}.path"), "invalid_path", message);
                None
            }
        },
        Some(Value::Null) | None => {
            fields.wrong(&format!("{place}.path"), "required", format!("`{place}.path` is required"));
            None
        }
        Some(_) => {
            let message = format!("`{place}.path` must be a text: {PATH_FORMS}");
            fields.wrong(&format!("{place}.path"), "invalid_path", message);
            None
        }
    };
    let attribute_type = match entry.get("type") {
        None | Some(Value::Null) => Some(AttributeType::String),
        Some(value) => value.as_str().and_then(AttributeType::parse),
    };
    if attribute_type.is_none() {
        let known = AttributeType::ALL.map(AttributeType::as_str).join(", ");
        let message = format!("`{place}.type` must be one of: {known}");
        fields.wrong(&format!("{place}.type"), "invalid_type", message);
    }
    let required = match entry.get("required") {
        None | Some(Value::Null) => Some(false),
        Some(value) => value.as_bool(),
    };
    if required.is_none() {
        let message = format!("`{place}.required` must be true or false");
        fields.wrong(&format!("{place}.required"), "invalid_boolean", message);
    }
    Some(MappedAttribute { path: path?, attribute_type: attribute_type?, required: required? })
}

/// The roles that a body maps, the one with the highest priority first; and each group, with its place in the body, so
/// that the caller can look whether there is such a group.
pub(super) fn roles(fields: &mut Fields, directory: DirectoryId) -> (RoleMapping, Vec<(String, LocalId)>) {
    let mut groups = Vec::new();
    let mut roles: Vec<MappedRole> = Vec::new();
    match fields.raw("roles").cloned() {
        None | Some(Value::Null) => fields.wrong("roles", "required", "`roles` is required".to_owned()),
        Some(Value::Array(list)) if list.len() <= MAPPED_ROLES_LIMIT => {
            for (index, entry) in list.iter().enumerate() {
                let place = format!("roles[{index}]");
                let Some(role) = role(fields, &place, entry, directory, &mut groups) else { continue };
                if roles.iter().any(|known| known.slug == role.slug) {
                    let message = format!("`{place}.slug` is there more than once; give each role one place");
                    fields.wrong(&format!("{place}.slug"), "duplicate_role", message);
                }
                roles.push(role);
            }
        }
        Some(_) => {
            let message = format!(
                "`roles` must be a list of at most {MAPPED_ROLES_LIMIT} objects with `slug` and `group_ids`, the one \
                 with the highest priority first"
            );
            fields.wrong("roles", "invalid_roles", message);
        }
    }
    if groups.len() > MAPPED_ROLE_GROUPS_LIMIT {
        let message = format!("`roles` may name at most {MAPPED_ROLE_GROUPS_LIMIT} groups in all");
        fields.wrong("roles", "too_many_groups", message);
        groups.clear();
    }
    let default_role = match fields.raw("default_role").cloned() {
        None | Some(Value::Null) => None,
        Some(value) => slug(fields, "default_role", &value),
    };
    let multiple_roles = fields.optional_truth("multiple_roles").unwrap_or(false);
    (RoleMapping { roles, default_role, multiple_roles }, groups)
}

fn role(
    fields: &mut Fields,
    place: &str,
    entry: &Value,
    directory: DirectoryId,
    found: &mut Vec<(String, LocalId)>,
) -> Option<MappedRole> {
    let Some(entry) = entry.as_object() else {
        let message = format!("`{place}` must be an object with `slug` and `group_ids`");
        fields.wrong(place, "invalid_role", message);
        return None;
    };
    refuse_unknown(fields, place, entry, &["slug", "group_ids"]);
    let slug = slug(fields, &format!("{place}.slug"), entry.get("slug").unwrap_or(&Value::Null));
    let Some(ids) = entry.get("group_ids").and_then(Value::as_array) else {
        let message = format!("`{place}.group_ids` must be a list of ids of groups of this directory");
        fields.wrong(&format!("{place}.group_ids"), "invalid_list", message);
        return None;
    };
    let mut groups = BTreeSet::new();
    for (index, id) in ids.iter().enumerate() {
        let place = format!("{place}.group_ids[{index}]");
        let of_directory = |id: &GroupId| id.directory == directory.directory;
        match id.as_str().and_then(GroupId::parse).filter(of_directory) {
            Some(id) => {
                groups.insert(id.local);
                found.push((place, id.local));
            }
            None => unknown_group(fields, &place),
        }
    }
    Some(MappedRole { slug: slug?, groups })
}

/// Says that there is no such group.
pub(super) fn unknown_group(fields: &mut Fields, place: &str) {
    let message = format!("`{place}` is not the id of a group of this directory");
    fields.wrong(place, "unknown_group", message);
}

/// The name of a role in the application.
fn slug(fields: &mut Fields, place: &str, value: &Value) -> Option<String> {
    let first = |c: char| c.is_ascii_alphanumeric();
    let other = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '.');
    let slug = value.as_str().filter(|text| {
        text.starts_with(first) && text.chars().all(other) && text.len() <= MAPPED_NAME_BYTES_LIMIT
    });
    if slug.is_none() {
        let message = format!(
            "`{place}` must be the slug of a role: a letter or digit and then letters, digits, `_`, `-`, `:` and `.`, of \
             at most {MAPPED_NAME_BYTES_LIMIT} in all"
        );
        fields.wrong(place, "invalid_slug", message);
    }
    slug.map(str::to_owned)
}

fn refuse_unknown(fields: &mut Fields, place: &str, entry: &Object, known: &[&str]) {
    for name in entry.keys().filter(|name| !known.contains(&name.as_str())) {
        let field = self::place(place, name);
        let message = format!("the field `{field}` is not known here; known are: {}", known.join(", "));
        fields.wrong(&field, "unknown_field", message);
    }
}

/// `attributes.badge`: where something stands, with as much of a name as can be one.
fn place(parent: &str, name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    format!("{parent}.{name}")
}

#[cfg(test)]
mod tests {
    use lockstep_core::id::DirectoryNumber;
    use serde_json::json;

    use super::*;
    use crate::api::mappings::{PREVIEW_ATTRIBUTES, PREVIEW_ROLES};
    use crate::openapi::Operation;
    use crate::problem::Problem;

    fn read<T>(
        body: &Value,
        known: &Operation,
        read: impl Fn(&mut Fields) -> T,
    ) -> Result<T, Vec<(String, String)>> {
        let mut fields = Fields::new(body.as_object().expect("an object").clone(), known);
        let value = read(&mut fields);
        match fields.done() {
            Ok(()) => Ok(value),
            Err(problem) => Err(told(&problem)),
        }
    }

    /// Which fields are wrong, and by which code.
    fn told(problem: &Problem) -> Vec<(String, String)> {
        let errors = problem.errors.iter();
        errors.map(|error| (error.field.clone(), error.code.to_owned())).collect()
    }

    #[test]
    fn a_body_of_attributes_is_read_with_its_defaults() {
        let body = json!({ "attributes": {
            "badge": { "path": "urn:acme:User:badge" },
            "since": { "path": "urn:acme:User:since", "type": "timestamp", "required": true },
            "addresses": null,
        } });
        let mapping = read(&body, &PREVIEW_ATTRIBUTES, attributes).unwrap();
        assert_eq!(
            serde_json::to_value(&mapping).unwrap(),
            json!({
                "addresses": null,
                "badge": { "path": "urn:acme:User:badge", "type": "string", "required": false },
                "since": { "path": "urn:acme:User:since", "type": "timestamp", "required": true },
            })
        );
    }

    #[test]
    fn all_that_is_wrong_with_attributes_is_told_at_once_each_with_its_place() {
        let body = json!({ "attributes": {
            "a b": { "path": "title" },
            "column": { "path": "emails[type eq work]" },
            "dept": { "path": "dept" },
            "kind": { "path": "title", "type": "text" },
            "more": { "path": "title", "default": 1 },
            "none": {},
            "obliged": { "path": "title", "required": "yes" },
            "text": "title",
        } });
        let pair = |field: &str, code: &str| (field.to_owned(), code.to_owned());
        assert_eq!(
            read(&body, &PREVIEW_ATTRIBUTES, attributes).unwrap_err(),
            [
                pair("attributes.a b", "invalid_name"),
                pair("attributes.column.path", "invalid_path"),
                pair("attributes.dept.path", "invalid_path"),
                pair("attributes.kind.type", "invalid_type"),
                pair("attributes.more.default", "unknown_field"),
                pair("attributes.none.path", "required"),
                pair("attributes.obliged.required", "invalid_boolean"),
                pair("attributes.text", "invalid_attribute"),
            ]
        );
        let many: Object = (0..=MAPPED_ATTRIBUTES_LIMIT).map(|i| (format!("a{i}"), json!(null))).collect();
        for wrong in [
            json!({}),
            json!({ "attributes": null }),
            json!({ "attributes": [] }),
            json!({ "attributes": many }),
        ] {
            assert!(read(&wrong, &PREVIEW_ATTRIBUTES, attributes).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_body_of_roles_is_read_in_the_order_of_its_priorities() {
        let directory = DirectoryId { directory: DirectoryNumber(7), local: LocalId(1) };
        let group = |local| GroupId { directory: DirectoryNumber(7), local: LocalId(local) }.to_string();
        let other = GroupId { directory: DirectoryNumber(8), local: LocalId(1) }.to_string();
        let body = json!({ "roles": [
            { "slug": "admin", "group_ids": [group(3)] },
            { "slug": "member", "group_ids": [group(3), group(4)] },
        ], "default_role": "guest" });
        let (mapping, groups) = read(&body, &PREVIEW_ROLES, |fields| roles(fields, directory)).unwrap();
        let slugs: Vec<&str> = mapping.roles.iter().map(|role| role.slug.as_str()).collect();
        assert_eq!(slugs, ["admin", "member"]);
        assert_eq!((mapping.default_role.as_deref(), mapping.multiple_roles), (Some("guest"), false));
        assert_eq!(groups.len(), 3);
        let wrong = json!({ "roles": [
            { "slug": "admin", "group_ids": [other, "x", 1] },
            { "slug": "admin", "group_ids": [] },
            { "slug": "no slug", "group_ids": [] },
            { "slug": "x" },
            "x",
        ], "default_role": "", "multiple_roles": 1 });
        let codes = read(&wrong, &PREVIEW_ROLES, |fields| roles(fields, directory)).unwrap_err();
        let codes: Vec<String> = codes.into_iter().map(|(field, code)| format!("{field} {code}")).collect();
        assert_eq!(
            codes,
            [
                "roles[0].group_ids[0] unknown_group",
                "roles[0].group_ids[1] unknown_group",
                "roles[0].group_ids[2] unknown_group",
                "roles[1].slug duplicate_role",
                "roles[2].slug invalid_slug",
                "roles[3].group_ids invalid_list",
                "roles[4] invalid_role",
                "default_role invalid_slug",
                "multiple_roles invalid_boolean",
            ]
        );
    }
}
