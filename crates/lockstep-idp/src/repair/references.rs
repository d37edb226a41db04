//! Complex values that arrive as plain text, and references that are emptied instead of removed.

use lockstep_core::command::Terms;
use lockstep_scim::schema::{Attribute, Definition, Resolved, Type};
use lockstep_scim::{Limits, path::Path};
use serde_json::{Map, Value, json};

use super::walk::{self, each_value, member};
use super::{Repair, Request, Tally};

/// `"271"` for `{"value": "271"}`.
pub const BARE_VALUES: Repair = Repair {
    name: "bare-values",
    why: "an attribute that has a value and more arrives as the value alone: a manager, a member, an address",
    apply: bare_values,
};

/// `""` or `{"value": ""}` to take a reference away.
pub const EMPTY_REFERENCE: Repair = Repair {
    name: "empty-reference",
    why: "a reference such as the manager is set to an empty text to take it away",
    apply: empty_reference,
};

fn bare_values(request: &mut Request, terms: &Terms) -> Option<String> {
    let mut tally = Tally::default();
    each_value(request, terms, &mut |attribute, value, element| {
        if !has_text_value(attribute) {
            return;
        }
        let Value::String(text) = value else { return };
        if text.is_empty() {
            return;
        }
        let whole = json!({ "value": text });
        *value = if attribute.multi_valued && !element { Value::Array(vec![whole]) } else { whole };
        tally.count(&attribute.name);
    });
    tally.detail("plain text read as the value")
}

/// Whether a value of the attribute is an object whose `value` is a text.
fn has_text_value(attribute: &Attribute) -> bool {
    attribute.kind == Type::Complex
        && !attribute.is_read_only()
        && attribute.sub("value").is_some_and(|sub| sub.kind == Type::String)
}

fn empty_reference(request: &mut Request, terms: &Terms) -> Option<String> {
    let definition = request.definition(terms)?;
    let (is_resource, is_patch) = (request.is_resource(), request.is_patch());
    let body = request.body.as_mut()?.as_object_mut()?;
    let mut tally = Tally::default();
    if is_resource {
        empty_members(definition, body, &mut tally);
    } else if is_patch {
        for operation in walk::operations(body) {
            if !walk::is_op(operation, "add") && !walk::is_op(operation, "replace") {
                continue;
            }
            if walk::is_pathless(operation) {
                if let Some(Value::Object(value)) = walk::member_mut(operation, "value") {
                    empty_members(definition, value, &mut tally);
                }
            } else {
                empty_operation(definition, operation, &mut tally);
            }
        }
    }
    tally.detail("emptied, read as removed")
}

/// An operation that empties a reference becomes its removal.
fn empty_operation(definition: &Definition, operation: &mut Map<String, Value>, tally: &mut Tally) {
    let Some(path) = walk::path(operation) else { return };
    if let Some(extension) = path.urn_alone().and_then(|urn| definition.extension(&urn)) {
        if let Some(Value::Object(members)) = walk::member_mut(operation, "value") {
            empty_in(|key| extension.attribute(key), members, tally);
        }
        return;
    }
    let Some(found) = walk::resolve(definition, &path) else { return };
    let emptied = |value: &Value| (!value.is_null() || found.sub.is_some()) && empties(&found, value);
    if path.filter.is_some() || !member(operation, "value").is_some_and(emptied) {
        return;
    }
    tally.count(&found.attribute.name);
    let whole = Path { sub: None, ..path.clone() };
    operation.retain(|key, _| !["op", "path", "value"].iter().any(|name| key.eq_ignore_ascii_case(name)));
    operation.insert("op".into(), "remove".into());
    operation.insert("path".into(), whole.to_string().into());
}

fn empty_members(definition: &Definition, object: &mut Map<String, Value>, tally: &mut Tally) {
    let mut renamed = Vec::new();
    for (key, value) in object.iter_mut() {
        if let Some(extension) = definition.extension(key) {
            if let Value::Object(members) = value {
                empty_in(|key| extension.attribute(key), members, tally);
            }
            continue;
        }
        let Ok(path) = Path::parse(key, &Limits::default()) else { continue };
        let Some(found) = walk::resolve(definition, &path) else { continue };
        if path.filter.is_some() || value.is_null() && found.sub.is_none() || !empties(&found, value) {
            continue;
        }
        tally.count(&found.attribute.name);
        *value = Value::Null;
        if found.sub.is_some() {
            renamed.push((key.clone(), Path { sub: None, ..path.clone() }.to_string()));
        }
    }
    for (from, to) in renamed {
        object.remove(&from);
        object.entry(to).or_insert(Value::Null);
    }
}

fn empty_in<'a>(
    find: impl Fn(&str) -> Option<&'a Attribute>,
    members: &mut Map<String, Value>,
    tally: &mut Tally,
) {
    for (key, value) in members {
        if let Some(attribute) = find(key)
            && !value.is_null()
            && is_reference(attribute)
            && is_empty(value)
        {
            *value = Value::Null;
            tally.count(&attribute.name);
        }
    }
}

/// Whether the value leaves a reference without what it refers to: all of it, or its `value`.
fn empties(found: &Resolved<'_>, value: &Value) -> bool {
    if !is_reference(found.attribute) {
        return false;
    }
    match found.sub {
        None => is_empty(value),
        Some((_, sub)) => sub.name == "value" && (value.is_null() || value == ""),
    }
}

/// One complex value that is nothing without its `value`.
fn is_reference(attribute: &Attribute) -> bool {
    !attribute.multi_valued && has_text_value(attribute)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        // A null inside is no value already (RFC 7643 §2.5), but what stands beside it would stay in a PATCH.
        Value::Object(members) => match member(members, "value") {
            Some(Value::Null) => members.len() > 1,
            Some(value) => value == "",
            None => false,
        },
        _ => false,
    }
}
