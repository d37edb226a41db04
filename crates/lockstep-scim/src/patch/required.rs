//! Whether what a PATCH leaves still has what is required (RFC 7643 §6, §7). Judged by what an operation was about: a
//! resource that lacked something before, because its schema came to require it, can be patched elsewhere.

use serde_json::Value;

use super::apply::listed;
use super::{Op, Operation};
use crate::resource::is_missing;
use crate::schema::{Attribute, Definition, Schema, Type};
use crate::{Error, Object};

pub(super) fn check(
    operation: &Operation,
    before: &Object,
    after: &Object,
    definition: &Definition,
) -> Result<(), Error> {
    let target = &operation.target;
    let declared =
        definition.extensions.iter().find(|(schema, _)| Some(&schema.id) == target.extension.as_ref());
    if let Some((schema, required)) = declared {
        check_extension(schema, *required, operation.op, before, after)?;
    }
    let Some(found) = target.definitions(definition) else { return Ok(()) };
    let attribute = found.attribute;
    if attribute.kind != Type::Complex || !attribute.sub_attributes.iter().any(|sub| sub.required) {
        return Ok(());
    }
    let values = |object| {
        let holder = match found.extension {
            Some(urn) => member(object, urn).and_then(Value::as_object),
            None => Some(object),
        };
        listed(holder.and_then(|holder| holder.get(found.name)))
    };
    let (before, after) = (values(before), values(after));
    let lacking = |values: &[Value], sub: &Attribute| {
        values.iter().filter(|value| is_missing(sub, value.get(&sub.name))).count()
    };
    let lost = |sub: &&Attribute| lacking(after, sub) > lacking(before, sub);
    match attribute.sub_attributes.iter().find(lost) {
        Some(sub) => Err(missing(operation.op, &format!("{}.{}", target.name(), sub.name))),
        None => Ok(()),
    }
}

/// A required extension stays, and one that is there has what it requires.
fn check_extension(
    schema: &Schema,
    required: bool,
    op: Op,
    before: &Object,
    after: &Object,
) -> Result<(), Error> {
    let (before, after) = (member(before, &schema.id), member(after, &schema.id));
    let Some(after) = after else {
        if required && before.is_some() {
            return Err(Error::mutability(format!(
                "{}: is a required extension and can't be removed",
                schema.id
            )));
        }
        return Ok(());
    };
    let lost = |attribute: &&Attribute| {
        let lacks = |value: &Value| is_missing(attribute, value.get(&attribute.name));
        lacks(after) && !before.is_some_and(lacks)
    };
    match schema.attributes.iter().find(lost) {
        Some(attribute) => Err(missing(op, &format!("{}:{}", schema.id, attribute.name))),
        None => Ok(()),
    }
}

fn missing(op: Op, name: &str) -> Error {
    if op == Op::Remove {
        return Error::mutability(format!("{name}: is required and can't be removed"));
    }
    Error::invalid_value(format!("{name}: is required"))
}

fn member<'a>(object: &'a Object, urn: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(urn)).map(|(_, value)| value)
}
