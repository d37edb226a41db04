//! Visits every value of a request whose attribute is known: in a resource, and in the operations of a PATCH.

use lockstep_core::command::Terms;
use lockstep_scim::Limits;
use lockstep_scim::path::Path;
use lockstep_scim::schema::{Attribute, Definition, Mutability, Resolved, Type};
use serde_json::{Map, Value};

use super::Request;

/// What a visit sees: the definition, the value, and whether the value is one of a list.
pub(super) type Visit<'a> = dyn FnMut(&Attribute, &mut Value, bool) + 'a;

/// Visits outer values before the values inside them.
pub(super) fn each_value(request: &mut Request, terms: &Terms, visit: &mut Visit<'_>) {
    let Some(definition) = request.definition(terms) else { return };
    let (is_resource, is_patch) = (request.is_resource(), request.is_patch());
    let Some(Value::Object(body)) = &mut request.body else { return };
    if is_resource {
        members(definition, body, visit);
    } else if is_patch {
        for operation in operations(body) {
            operation_values(definition, operation, visit);
        }
    }
}

/// The operations of a PATCH body that are objects.
pub(super) fn operations(body: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    body.iter_mut()
        .filter(|(key, _)| key.eq_ignore_ascii_case("Operations"))
        .filter_map(|(_, value)| value.as_array_mut())
        .flatten()
        .filter_map(Value::as_object_mut)
}

/// A member of a message, whatever the case of its name.
pub(super) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The same, to change it.
pub(super) fn member_mut<'a>(object: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Value> {
    object.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Whether an operation is this one.
pub(super) fn is_op(operation: &Map<String, Value>, name: &str) -> bool {
    member(operation, "op").and_then(Value::as_str).is_some_and(|op| op.eq_ignore_ascii_case(name))
}

/// The path of an operation; nothing where there is none or it does not parse.
pub(super) fn path(operation: &Map<String, Value>) -> Option<Path> {
    let text = member(operation, "path")?.as_str()?;
    Path::parse(text, &Limits::default()).ok()
}

/// Whether an operation has no path.
pub(super) fn is_pathless(operation: &Map<String, Value>) -> bool {
    match member(operation, "path") {
        None | Some(Value::Null) => true,
        Some(Value::String(path)) => path.trim().is_empty(),
        Some(_) => false,
    }
}

/// What a path names.
pub(super) fn resolve<'a>(definition: &'a Definition, path: &'a Path) -> Option<Resolved<'a>> {
    definition.resolve(path.urn.as_deref(), &path.attribute, path.sub.as_deref())
}

/// Whether the values of a list come and go whole, as memberships do: which one is meant its `value` says, and nothing
/// else.
pub(super) fn has_whole_values(attribute: &Attribute) -> bool {
    attribute.sub("value").is_some_and(|sub| sub.mutability == Mutability::Immutable)
}

/// The URN of the one extension that has an attribute of this name; nothing where none has, or several.
pub(super) fn extension_of<'a>(definition: &'a Definition, attribute: &str) -> Option<&'a str> {
    let mut owners =
        definition.extensions.iter().filter(|(extension, _)| extension.attribute(attribute).is_some());
    match (owners.next(), owners.next()) {
        (Some((owner, _)), None) => Some(&owner.id),
        _ => None,
    }
}

fn operation_values(definition: &Definition, operation: &mut Map<String, Value>, visit: &mut Visit<'_>) {
    if is_pathless(operation) {
        if let Some(Value::Object(value)) = member_mut(operation, "value") {
            members(definition, value, visit);
        }
        return;
    }
    let Some(path) = path(operation) else { return };
    if let Some(value) = member_mut(operation, "value") {
        at_path(definition, &path, value, visit);
    }
}

fn at_path(definition: &Definition, path: &Path, value: &mut Value, visit: &mut Visit<'_>) {
    if let Some(extension) = path.urn_alone().and_then(|urn| definition.extension(&urn)) {
        if let Value::Object(value) = value {
            for (key, value) in value {
                if let Some(attribute) = extension.attribute(key) {
                    descend(attribute, value, false, visit);
                }
            }
        }
        return;
    }
    if let Some(found) = resolve(definition, path) {
        // A filter without a sub-attribute selects values of the list, each of which the value describes.
        let element = path.filter.is_some() && path.sub.is_none();
        descend(found.leaf(), value, element, visit);
    }
}

/// The members of a resource, or of the value of an operation without path: attributes, extensions and paths.
fn members(definition: &Definition, object: &mut Map<String, Value>, visit: &mut Visit<'_>) {
    for (key, value) in object {
        if let Some(attribute) = definition.top(key) {
            descend(attribute, value, false, visit);
        } else if definition.is_base(key) {
            if let Value::Object(inner) = value {
                members(definition, inner, visit);
            }
        } else if let Ok(path) = Path::parse(key, &Limits::default()) {
            at_path(definition, &path, value, visit);
        }
    }
}

fn descend(attribute: &Attribute, value: &mut Value, element: bool, visit: &mut Visit<'_>) {
    if attribute.kind == Type::Any {
        return;
    }
    visit(attribute, value, element);
    match value {
        Value::Array(items) if attribute.multi_valued && !element => {
            for item in items {
                descend(attribute, item, true, visit);
            }
        }
        Value::Object(members) if attribute.kind == Type::Complex => {
            for (key, value) in members {
                if let Some(sub) = attribute.sub(key) {
                    descend(sub, value, false, visit);
                }
            }
        }
        _ => {}
    }
}
