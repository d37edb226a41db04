//! When two elements of a list are one, and when an element is none (RFC 7643 §2.4, RFC 7644 §3.5.2.1).

use std::collections::HashMap;

use serde_json::Value;

use super::apply::{is_primary, listed};
use super::{PatchOptions, Target};
use crate::schema::{Attribute, Definition, Mutability, Type};
use crate::{Object, text};

/// Elements of a list that are the same but for their mark.
#[derive(Default)]
struct Alike {
    /// Where the first of them is.
    first: usize,
    /// Whether one is primary, and whether one is not.
    marked: bool,
    unmarked: bool,
}

/// Appends what is not there yet (RFC 7644 §3.5.2.1: adding a value twice changes nothing). A value that is there
/// and is now said to be primary becomes that; one that says nothing, or that it is not, adds nothing.
pub(super) fn append(
    values: &mut Vec<Value>,
    attribute: &Attribute,
    new: Option<&Value>,
    options: &PatchOptions,
) {
    let mut seen: HashMap<String, Alike> = HashMap::new();
    for (index, value) in values.iter().enumerate() {
        note(&mut seen, identity(value, attribute), index, value);
    }
    for value in listed(new) {
        if is_emptied(value, attribute) {
            continue;
        }
        let identity = identity(value, attribute);
        match (seen.get_mut(&identity), value.get("primary").and_then(Value::as_bool)) {
            (Some(alike), Some(true)) if !alike.marked => {
                if let Some(members) = values.get_mut(alike.first).and_then(Value::as_object_mut) {
                    members.insert("primary".to_owned(), Value::Bool(true));
                }
                alike.marked = true;
            }
            (Some(_), Some(_)) => {}
            (Some(alike), None) if alike.unmarked || options.elements_are_their_values => {}
            (Some(_) | None, _) => {
                note(&mut seen, identity, values.len(), value);
                values.push(value.clone());
            }
        }
    }
}

fn note(seen: &mut HashMap<String, Alike>, identity: String, index: usize, value: &Value) {
    let alike = seen.entry(identity).or_insert_with(|| Alike { first: index, ..Alike::default() });
    if is_primary(value) { alike.marked = true } else { alike.unmarked = true }
}

/// A text that is equal for elements that are the same but for their mark.
fn identity(value: &Value, attribute: &Attribute) -> String {
    match value {
        Value::Object(members) if attribute.kind == Type::Complex && members.contains_key("primary") => {
            let mut members = members.clone();
            members.remove("primary");
            canonical(&Value::Object(members), attribute)
        }
        other => canonical(other, attribute),
    }
}

/// A text that is equal for equal values: members in order, text folded unless case exact.
pub(super) fn canonical(value: &Value, attribute: &Attribute) -> String {
    match value {
        Value::Object(members) => {
            let mut parts: Vec<(&str, String)> = members
                .iter()
                .map(|(key, value)| {
                    let sub = attribute.sub(key).unwrap_or(attribute);
                    (key.as_str(), canonical(value, sub))
                })
                .collect();
            parts.sort_unstable();
            format!("{parts:?}")
        }
        Value::String(text) if attribute.case_exact || attribute.kind == Type::Any => {
            format!("{:?}", text::compose(text))
        }
        Value::String(text) => format!("{:?}", text::fold(text)),
        other => other.to_string(),
    }
}

/// Whether the elements of an attribute are nothing without their `value`. Members are not: who was meant is nobody's
/// to guess.
fn holds_values(attribute: &Attribute) -> bool {
    attribute.multi_valued
        && attribute.kind == Type::Complex
        && attribute.sub("value").is_some_and(|sub| sub.mutability == Mutability::ReadWrite)
}

/// Whether it is an element that has its `value`.
pub(super) fn is_its_value(element: &Value, attribute: &Attribute) -> bool {
    holds_values(attribute) && element.get("value").is_some() && !is_emptied(element, attribute)
}

/// Whether it is an element whose `value` is said to be nothing: an empty text.
pub(super) fn is_emptied(element: &Value, attribute: &Attribute) -> bool {
    holds_values(attribute) && element.get("value").and_then(Value::as_str).is_some_and(str::is_empty)
}

/// Says of an element that had a `value` and has none that it is gone; a later operation may still give it one.
pub(super) fn mark_emptied(element: &mut Value) {
    if let Some(members) = element.as_object_mut() {
        members.entry("value").or_insert_with(|| Value::String(String::new()));
    }
}

/// Drops the elements whose `value` was taken, where a target touches them. What was stored so stays.
pub(super) fn drop_emptied(object: &mut Object, before: &Object, target: &Target, definition: &Definition) {
    let Some(found) = target.definitions(definition).filter(|found| holds_values(found.attribute)) else {
        return;
    };
    let before = match found.extension {
        Some(urn) => before.get(urn).and_then(Value::as_object),
        None => Some(before),
    };
    let before = listed(before.and_then(|holder| holder.get(found.name)));
    let holder = match found.extension {
        Some(urn) => object.get_mut(urn).and_then(Value::as_object_mut),
        None => Some(&mut *object),
    };
    let Some(holder) = holder else { return };
    if let Some(Value::Array(values)) = holder.get_mut(found.name) {
        values.retain(|value| !is_emptied(value, found.attribute) || before.contains(value));
        if values.is_empty() {
            holder.remove(found.name);
        }
    }
    if let Some(urn) = found.extension
        && holder.is_empty()
    {
        object.remove(urn);
    }
}
