//! Empty texts where a template found nothing to fill in.

use lockstep_core::command::Terms;
use lockstep_scim::Limits;
use lockstep_scim::path::Path;
use lockstep_scim::schema::{Attribute, Definition, Type};
use serde_json::{Map, Value};

use super::walk::{self, member_mut};
use super::{Repair, Request, Tally};

/// `"department": ""`.
pub const EMPTY_TEXT: Repair = Repair {
    name: "empty-text",
    why: "a template whose placeholder found nothing sends an empty text; an attribute that need not be there is not",
    apply: empty_text,
};

/// What an empty text becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    /// In a resource: it was not sent, so that a default may take its place.
    Absent,
    /// In a resource that leaves what it does not name as it was: a text is cleared, all else was not sent.
    Cleared,
    /// In a change, which names what it is about: no value.
    Unassigned,
}

fn empty_text(request: &mut Request, terms: &Terms) -> Option<String> {
    let definition = request.definition(terms)?;
    let (is_resource, is_patch) = (request.is_resource(), request.is_patch());
    let keeps_absent = request.method == "PUT" && terms.rules.put_keeps_absent;
    let body = request.body.as_mut()?.as_object_mut()?;
    let mut tally = Tally::default();
    if is_resource {
        let read = if keeps_absent { Read::Cleared } else { Read::Absent };
        in_resource(definition, body, read, &mut tally);
    } else if is_patch {
        for operation in walk::operations(body) {
            if walk::is_op(operation, "add") || walk::is_op(operation, "replace") {
                in_operation(definition, operation, &mut tally);
            }
        }
    }
    tally.detail("empty text read as no value")
}

fn in_operation(definition: &Definition, operation: &mut Map<String, Value>, tally: &mut Tally) {
    if walk::is_pathless(operation) {
        if let Some(Value::Object(value)) = member_mut(operation, "value") {
            in_resource(definition, value, Read::Unassigned, tally);
        }
        return;
    }
    let Some(path) = walk::path(operation) else { return };
    let Some(value) = member_mut(operation, "value") else { return };
    if let Some(extension) = path.urn_alone().and_then(|urn| definition.extension(&urn)) {
        if let Value::Object(members) = value {
            members.retain(|key, value| keeps(extension.attribute(key), value, Read::Unassigned, tally));
        }
    } else if let Some(found) = walk::resolve(definition, &path)
        // What an emptied `value` of a list's element does, the core knows.
        && path.filter.is_none()
    {
        keeps(Some(found.leaf()), value, Read::Unassigned, tally);
    }
}

fn in_resource(definition: &Definition, object: &mut Map<String, Value>, read: Read, tally: &mut Tally) {
    object.retain(|key, value| {
        if let Some(extension) = definition.extension(key) {
            if let Value::Object(members) = value {
                members.retain(|key, value| keeps(extension.attribute(key), value, read, tally));
            }
            return true;
        }
        if let Some(attribute) = definition.top(key) {
            return keeps(Some(attribute), value, read, tally);
        }
        if definition.is_base(key) {
            if let Value::Object(inner) = value {
                in_resource(definition, inner, read, tally);
            }
            return true;
        }
        let path = Path::parse(key, &Limits::default()).ok().filter(|path| path.filter.is_none());
        let found = path.as_ref().and_then(|path| walk::resolve(definition, path));
        keeps(found.map(|found| found.leaf()), value, read, tally)
    });
}

/// Reads one value; returns whether its name stays.
fn keeps(attribute: Option<&Attribute>, value: &mut Value, read: Read, tally: &mut Tally) -> bool {
    let Some(attribute) = attribute.filter(|attribute| may_be_absent(attribute)) else { return true };
    match value {
        Value::String(text) if text.is_empty() => {
            // Only of a text is it plain that emptying it was meant.
            if read != Read::Absent && attribute.kind == Type::String && !attribute.multi_valued {
                tally.count(&attribute.name);
                *value = Value::Null;
            } else if read != Read::Unassigned {
                tally.count(&attribute.name);
                return false;
            }
        }
        Value::Object(members) if attribute.kind == Type::Complex => {
            members.retain(|key, value| keeps(attribute.sub(key), value, read, tally));
        }
        Value::Array(items) if attribute.multi_valued => {
            if read != Read::Unassigned {
                items.retain(|item| {
                    let says = !is_emptied(item);
                    if !says {
                        tally.count(&attribute.name);
                    }
                    says
                });
            }
            for item in items.iter_mut().filter_map(Value::as_object_mut) {
                item.retain(|key, value| keeps(attribute.sub(key), value, read, tally));
            }
        }
        _ => {}
    }
    true
}

/// Whether a client may leave the attribute out. A complex value's `value` is what it is: without it the rest says
/// nothing, which is another repair's.
fn may_be_absent(attribute: &Attribute) -> bool {
    !attribute.required
        && !attribute.is_read_only()
        && attribute.kind != Type::Any
        && attribute.name != "value"
        && attribute.name != "schemas"
        // Who was meant as a member is nobody's to guess.
        && !walk::has_whole_values(attribute)
}

/// Whether an element of a list has empty texts alone, beside what the template says itself: its type, and whether it
/// is the primary one.
fn is_emptied(item: &Value) -> bool {
    match item {
        Value::String(text) => text.is_empty(),
        Value::Object(members) => {
            let told = |key: &str| key.eq_ignore_ascii_case("type") || key.eq_ignore_ascii_case("primary");
            let mut filled = members.iter().filter(|(key, _)| !told(key)).map(|(_, value)| value);
            filled.clone().any(|value| value == "") && filled.all(|value| value == "" || value.is_null())
        }
        _ => false,
    }
}
