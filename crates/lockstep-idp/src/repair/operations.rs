//! PATCH messages whose frame or whose operations on lists are not the RFC's.

use lockstep_core::command::Terms;
use lockstep_scim::filter::{Compare, Filter, Literal};
use lockstep_scim::patch::PATCH_OP_URN;
use lockstep_scim::path::Path;
use lockstep_scim::schema::Definition;
use serde_json::{Map, Value, json};

use super::walk::{self, is_op, is_pathless, member, member_mut, operations};
use super::{Repair, Request, Tally};

/// `urn:…:core:2.0:PatchOp`.
pub const PATCH_SCHEMA: Repair = Repair {
    name: "patch-schema",
    why: "the PATCH message is announced by another spelling of its schema's name",
    apply: patch_schema,
};

/// `"Operations": []`.
pub const EMPTY_OPERATIONS: Repair = Repair {
    name: "empty-operations",
    why: "a PATCH without operations asks for nothing, and gets it",
    apply: empty_operations,
};

/// `{"op": "replace", "value": {"id": …, "active": false}}`.
pub const READ_ONLY_VALUES: Repair = Repair {
    name: "read-only-values",
    why: "an operation repeats what the server alone decides: id, meta or groups beside what it changes, or the id that the resource has",
    apply: read_only_values,
};

/// `{"op": "add", "path": "members[value eq \"7\"]", "value": {}}`.
pub const MEMBER_IN_FILTER: Repair = Repair {
    name: "member-in-filter",
    why: "a member to add is named in the filter of the path instead of in the value",
    apply: member_in_filter,
};

/// `{"op": "remove", "path": "members", "value": {"members": […]}}`.
pub const WRAPPED_VALUES: Repair = Repair {
    name: "wrapped-values",
    why: "the value of an operation repeats the name of the attribute that its path names already",
    apply: wrapped_values,
};

/// `"path": "manager"`.
pub const EXTENSION_PATHS: Repair = Repair {
    name: "extension-paths",
    why: "the path of an operation names an attribute of an extension by its short name",
    apply: extension_paths,
};

/// An operation that the RFC allows and that does nothing.
fn nothing() -> Map<String, Value> {
    Map::from_iter([("op".to_owned(), "replace".into()), ("value".to_owned(), Map::new().into())])
}

fn patch_body(request: &mut Request) -> Option<&mut Map<String, Value>> {
    if !request.is_patch() {
        return None;
    }
    request.body.as_mut()?.as_object_mut()
}

fn patch_schema(request: &mut Request, _: &Terms) -> Option<String> {
    let body = patch_body(request)?;
    member(body, "Operations")?.as_array()?;
    let urns = member_mut(body, "schemas")?;
    let list = urns.as_array()?;
    let is_other_spelling = |urn: &Value| {
        urn.as_str().is_some_and(|urn| {
            let last = urn.rsplit(':').next().unwrap_or_default();
            lockstep_scim::schema::is_urn(urn) && last.eq_ignore_ascii_case("PatchOp")
        })
    };
    let is_right = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(PATCH_OP_URN));
    if list.iter().any(is_right) || !list.iter().any(is_other_spelling) {
        return None;
    }
    *urns = json!([PATCH_OP_URN]);
    Some("schemas: read as the PATCH message's".to_owned())
}

fn empty_operations(request: &mut Request, _: &Terms) -> Option<String> {
    let body = patch_body(request)?;
    // What stands beside them was meant to be done.
    let is_frame = |key: &String| ["schemas", "Operations"].iter().any(|name| key.eq_ignore_ascii_case(name));
    let asks_for_nothing = body.keys().all(is_frame);
    let list = member_mut(body, "Operations")?.as_array_mut()?;
    if !list.is_empty() || !asks_for_nothing {
        return None;
    }
    list.push(nothing().into());
    Some("Operations: empty, read as nothing to do".to_owned())
}

fn read_only_values(request: &mut Request, terms: &Terms) -> Option<String> {
    let definition = request.definition(terms)?;
    let id = request.id().unwrap_or_default().to_owned();
    let body = patch_body(request)?;
    let mut tally = Tally::default();
    for operation in operations(body) {
        if is_op(operation, "remove") {
            continue;
        }
        if !is_pathless(operation) {
            if names_own_id(operation, definition, &id) {
                *operation = nothing();
                tally.count("id");
            }
            continue;
        }
        let Some(Value::Object(value)) = member_mut(operation, "value") else { continue };
        value.retain(|key, value| {
            let Some(attribute) = definition.top(key).filter(|attribute| attribute.is_read_only()) else {
                return true;
            };
            // Another id than the one that is addressed is a mistake that the core tells of; null is none (RFC 7643 §2.5).
            if attribute.name == "id" && !value.is_null() && value.as_str() != Some(&id) {
                return true;
            }
            tally.count(&attribute.name);
            false
        });
    }
    tally.detail("read only, left out")
}

/// Whether an operation sets the id to what it is, and so changes nothing (RFC 7644 §3.5.2 forbids to modify it).
fn names_own_id(operation: &Map<String, Value>, definition: &Definition, id: &str) -> bool {
    walk::path(operation)
        .filter(|path| path.filter.is_none() && path.sub.is_none())
        .and_then(|path| walk::resolve(definition, &path).map(|found| found.attribute.name == "id"))
        .unwrap_or_default()
        && member(operation, "value").and_then(Value::as_str) == Some(id)
}

fn member_in_filter(request: &mut Request, terms: &Terms) -> Option<String> {
    let definition = request.definition(terms)?;
    let body = patch_body(request)?;
    let mut tally = Tally::default();
    for operation in operations(body) {
        // Nothing but an addition may become one: whatever else it is, it does not let anybody in.
        if !is_op(operation, "add") {
            continue;
        }
        let Some(path) = walk::path(operation) else { continue };
        let Some(found) = walk::resolve(definition, &path) else { continue };
        // Only where values come and go whole, so that the filter can mean nothing but whom to add.
        let whole_values = walk::has_whole_values(found.attribute);
        let (Some(filter), None, true) = (&path.filter, found.sub, whole_values) else { continue };
        let Some(named) = equals(filter) else { continue };
        if !member(operation, "value").is_none_or(|value| adds_nothing(value, &named)) {
            continue;
        }
        let name = found.attribute.name.clone();
        operation.retain(|key, _| !["op", "path", "value"].iter().any(|name| key.eq_ignore_ascii_case(name)));
        operation.insert("op".into(), "add".into());
        operation.insert("path".into(), name.clone().into());
        operation.insert("value".into(), json!([{ "value": named }]));
        tally.count(&name);
    }
    tally.detail("named in the filter, read as the value to add")
}

/// The text of a filter that is nothing but `value eq "…"`.
fn equals(filter: &Filter) -> Option<String> {
    match filter {
        Filter::Attr { path, op: Compare::Eq, value: Literal::String(text) }
            if path.sub.is_none() && path.attribute.eq_ignore_ascii_case("value") =>
        {
            Some(text.clone())
        }
        _ => None,
    }
}

/// Whether a value says no more than the filter does.
fn adds_nothing(value: &Value, named: &str) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() || text == "[]" || text == named,
        Value::Array(items) => items.is_empty() || items.iter().all(|item| adds_nothing(item, named)),
        Value::Object(members) => member(members, "value").is_none_or(|value| value == named),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn wrapped_values(request: &mut Request, terms: &Terms) -> Option<String> {
    let definition = request.definition(terms)?;
    let body = patch_body(request)?;
    let mut tally = Tally::default();
    for operation in operations(body) {
        let Some(path) = walk::path(operation) else { continue };
        let Some(found) = walk::resolve(definition, &path) else { continue };
        if path.filter.is_some() || found.sub.is_some() || !found.attribute.multi_valued {
            continue;
        }
        let Some(value) = member_mut(operation, "value") else { continue };
        let Value::Object(members) = &*value else { continue };
        // An attribute of this name inside one of its own values would mean something else.
        let inner = (members.len() == 1 && found.attribute.sub(&found.attribute.name).is_none())
            .then(|| member(members, &found.attribute.name))
            .flatten();
        let Some(inner) = inner.filter(|inner| inner.is_array()).cloned() else { continue };
        *value = inner;
        tally.count(&found.attribute.name);
    }
    tally.detail("named twice, read once")
}

fn extension_paths(request: &mut Request, terms: &Terms) -> Option<String> {
    let definition = request.definition(terms)?;
    let body = patch_body(request)?;
    let mut tally = Tally::default();
    for operation in operations(body) {
        let Some(path) = walk::path(operation) else { continue };
        if path.urn.is_some() || definition.top(&path.attribute).is_some() {
            continue;
        }
        let Some(owner) = walk::extension_of(definition, &path.attribute) else { continue };
        tally.count(&path.attribute);
        let whole = Path { urn: Some(owner.to_owned()), ..path };
        if let Some(text) = member_mut(operation, "path") {
            *text = whole.to_string().into();
        }
    }
    tally.detail("short name, read with its schema")
}
