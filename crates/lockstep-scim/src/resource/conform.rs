//! A stored resource after its schemas changed. Takes away exactly what it is told to.

use serde_json::Value;

use super::refresh_schemas;
use crate::Object;
use crate::filter::AttrPath;
use crate::schema::Definition;

/// Takes the values of attributes that are no longer declared out of a stored resource, and says whether it had any.
/// `removed` is that of an [`Evolution`](crate::schema::Evolution); nothing else is touched, so that what nobody
/// declared (an open extension) stays. An element, attribute or extension of which nothing is left goes too, and
/// `schemas` follows (RFC 7643 §3).
///
/// ```
/// use lockstep_scim::{Definition, Limits, resource, schema::Schema};
/// use serde_json::json;
///
/// let urn = "urn:example:badge:1.0:User";
/// let badge = Schema::from_json(&json!({"id": urn, "name": "Badge", "attributes": [{"name": "colour"}]}), &Limits::default())?;
/// let json = json!({"userName": "alice", (urn): {"colour": "red"}});
/// let mut alice = json.as_object().cloned().unwrap_or_default();
///
/// assert!(resource::conform(&mut alice, &Definition::user(), &badge.removal().removed));
/// assert!(!alice.contains_key(urn));
/// # Ok::<(), lockstep_scim::Error>(())
/// ```
pub fn conform(object: &mut Object, definition: &Definition, removed: &[AttrPath]) -> bool {
    let mut changed = false;
    for path in removed {
        changed |= match path.urn.as_deref().filter(|urn| !definition.is_base(urn)) {
            None => take(object, path),
            Some(urn) => take_from_extension(object, urn, path),
        };
    }
    if changed && object.contains_key("schemas") {
        refresh_schemas(object, definition);
    }
    changed
}

fn take_from_extension(object: &mut Object, urn: &str, path: &AttrPath) -> bool {
    let Some(key) = key(object, urn) else { return false };
    let Some(Value::Object(members)) = object.get_mut(&key) else { return false };
    let changed = take(members, path);
    if changed && members.is_empty() {
        object.remove(&key);
    }
    changed
}

/// Takes an attribute, or one part of its values, out of the object that holds it.
fn take(holder: &mut Object, path: &AttrPath) -> bool {
    let Some(key) = key(holder, &path.attribute) else { return false };
    let Some(sub) = &path.sub else { return holder.remove(&key).is_some() };
    let Some(value) = holder.get_mut(&key) else { return false };
    let changed = match *value {
        Value::Array(ref mut items) => {
            let taken = items.iter_mut().map(|item| take_member(item, sub)).filter(|taken| *taken).count();
            if taken > 0 {
                items.retain(|item| !item.as_object().is_some_and(Object::is_empty));
            }
            taken > 0
        }
        ref mut other => take_member(other, sub),
    };
    let is_empty = match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if changed && is_empty {
        holder.remove(&key);
    }
    changed
}

fn take_member(value: &mut Value, name: &str) -> bool {
    let Some(members) = value.as_object_mut() else { return false };
    key(members, name).is_some_and(|key| members.remove(&key).is_some())
}

/// The key as the object spells it.
fn key(object: &Object, name: &str) -> Option<String> {
    object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned()
}

#[cfg(test)]
mod tests;
