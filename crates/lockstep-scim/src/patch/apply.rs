//! Operations on a resource (RFC 7644 §3.5.2.1 to §3.5.2.3): a new resource, or an error and nothing.

use std::collections::HashSet;

use serde_json::Value;

use super::element::{append, canonical, drop_emptied, is_emptied, is_its_value, mark_emptied};
use super::parse::read_only;
use super::{Op, Operation, PatchOptions, Target, required};
use crate::filter::{Compare, Elements, Filter, Literal, same_text};
use crate::resource::{assigned, refresh_schemas};
use crate::schema::{Attribute, Definition, Mutability, Resolved, Type};
use crate::{Error, Limits, Object};

/// Applies operations in order and returns the new resource. `current` has canonical names; if
/// clients may send readOnly attributes back unchanged, it has those too. An operation that changes
/// nothing gives an equal resource. Of the limits, those on values and on comparisons are about it: 400 tooMany.
pub fn apply<'a>(
    operations: impl IntoIterator<Item = &'a Operation>,
    current: &Object,
    definition: &Definition,
    options: &PatchOptions,
    limits: &Limits,
) -> Result<Object, Error> {
    let mut object = current.clone();
    let mut done = Vec::new();
    let mut work = 0_usize;
    for operation in operations {
        let before = values_at(&object, &operation.target);
        work = work.saturating_add(effort(operation, before, &object, definition));
        if work > limits.patch_comparisons {
            return Err(Error::too_many(format!(
                "Operations: they look at more than {} values in all; send fewer at a time",
                limits.patch_comparisons
            ))
            .over("patch_comparisons"));
        }
        apply_one(operation, &mut object, definition, options)?;
        let after = values_at(&object, &operation.target);
        let is_bounded = !operation.target.is_top("members");
        if is_bounded && after > limits.values_per_attribute && after > before {
            return Err(Error::too_many(format!(
                "{}: would have more than {} values",
                operation.target.name(),
                limits.values_per_attribute
            ))
            .over("values_per_attribute"));
        }
        done.push(operation);
    }
    for operation in &done {
        drop_emptied(&mut object, current, &operation.target, definition);
    }
    // What an attribute has in the end, once for each.
    let mut checked = HashSet::new();
    for operation in done.into_iter().rev() {
        if checked.insert((&operation.target.extension, &operation.target.attribute)) {
            required::check(operation, current, &object, definition)?;
        }
    }
    if object.contains_key("schemas") && object != *current {
        refresh_schemas(&mut object, definition);
    }
    Ok(object)
}

/// How many comparisons an operation needs, at most: of each value with each term of a filter or each listed value
/// that is not looked up; and of a name that no schema declares with the names that are there.
fn effort(operation: &Operation, values: usize, object: &Object, definition: &Definition) -> usize {
    let target = &operation.target;
    let each = match (operation.filter(), operation.op) {
        (Some(filter), _) => filter.terms(),
        (None, Op::Remove) => {
            1 + listed(operation.value.as_ref()).iter().filter(|wanted| !is_only_value(wanted)).count()
        }
        (None, Op::Add | Op::Replace) => 1,
    };
    let names = match &target.extension {
        Some(urn) if definition.extension(urn).is_none() => {
            object.len() + object.get(urn).and_then(Value::as_object).map_or(0, Object::len)
        }
        _ => 0,
    };
    values.saturating_mul(each).saturating_add(names)
}

/// How many values a list has before or after an operation on it.
fn values_at(object: &Object, target: &Target) -> usize {
    let holder = match &target.extension {
        Some(urn) => object.get(&spelled(object, urn)).and_then(Value::as_object),
        None => Some(object),
    };
    let list = holder.zip(target.attribute.as_deref()).and_then(|(holder, name)| holder.get(name));
    list.and_then(Value::as_array).map_or(0, Vec::len)
}

/// The value that the `eq` terms of a filter describe, if it has no other terms (erratum 8097).
#[must_use]
pub fn create_from_filter(filter: &Filter, attribute: &Attribute) -> Option<Object> {
    let mut object = Object::new();
    let terms = match filter {
        Filter::And(terms) => terms.as_slice(),
        other => std::slice::from_ref(other),
    };
    for term in terms {
        let Filter::Attr { path, op: Compare::Eq, value } = term else { return None };
        if path.sub.is_some() || path.urn.is_some() || *value == Literal::Null {
            return None;
        }
        let sub = attribute.sub(&path.attribute)?;
        if sub.is_read_only() || sub.is_dropped() {
            return None;
        }
        let name = if sub.kind == Type::Any { &path.attribute } else { &sub.name };
        let value = match (sub.kind, value) {
            (Type::Boolean, Literal::String(text)) => Value::Bool(text.eq_ignore_ascii_case("true")),
            _ => value.to_value(),
        };
        let value = if sub.multi_valued { Value::Array(vec![value]) } else { value };
        object.insert(name.clone(), value);
    }
    Some(object)
}

fn apply_one(
    operation: &Operation,
    object: &mut Object,
    definition: &Definition,
    options: &PatchOptions,
) -> Result<(), Error> {
    let target = &operation.target;
    let Some(found) = target.definitions(definition) else {
        if let Some(urn) = &target.extension {
            remove_key(object, urn);
        }
        return Ok(());
    };
    if found.attribute.is_read_only() || found.leaf().is_read_only() {
        return unchanged(object, &found, operation);
    }
    let Some(urn) = found.extension else {
        return change(object, &found, operation, options);
    };
    let key = spelled(object, urn);
    let undeclared;
    let operation = if found.attribute.kind == Type::Any {
        if change_undeclared(object, &key, &found, operation) {
            return Ok(());
        }
        let Some(written) = without_unassigned(operation) else { return Ok(()) };
        undeclared = written;
        &undeclared
    } else {
        operation
    };
    let mut holder = match object.remove(&key) {
        Some(Value::Object(holder)) => holder,
        _ => Object::new(),
    };
    change(&mut holder, &found, operation, options)?;
    if !holder.is_empty() {
        object.insert(key, Value::Object(holder));
    }
    Ok(())
}

/// An operation on what no schema declares, with what its value assigns: to replace by nothing is to
/// remove, and to add nothing changes nothing.
fn without_unassigned(operation: &Operation) -> Option<Operation> {
    let value = operation.value.clone().and_then(assigned);
    let op = match (operation.op, &value) {
        (Op::Add, None) => return None,
        (Op::Replace, None) => Op::Remove,
        (op, _) => op,
    };
    Some(Operation { op, target: operation.target.clone(), value })
}

/// `urn:x:Badge` may be attribute `Badge` of `urn:x`, or the whole of an undeclared extension. It is
/// the latter if the resource has that extension, or has no `urn:x` and the value is an object.
fn change_undeclared(object: &mut Object, holder: &str, found: &Resolved<'_>, operation: &Operation) -> bool {
    let target = &operation.target;
    if target.filter.is_some() || target.sub.is_some() {
        return false;
    }
    let key = spelled(object, &format!("{holder}:{}", found.name));
    let known = object.contains_key(&key);
    match (operation.op, &operation.value) {
        (Op::Remove, _) => known && object.remove(&key).is_some(),
        (_, Some(Value::Object(new))) if known || !object.contains_key(holder) => {
            let mut members = match object.remove(&key) {
                Some(Value::Object(members)) => members,
                _ => Object::new(),
            };
            for (name, value) in new {
                let name = spelled(&members, name);
                match assigned(value.clone()) {
                    Some(value) => {
                        members.insert(name, value);
                    }
                    // As for each attribute by itself: null unassigns, and nothing added changes nothing.
                    None if value.is_null() || operation.op == Op::Replace => remove_key(&mut members, &name),
                    None => {}
                }
            }
            if !members.is_empty() {
                object.insert(key, Value::Object(members));
            }
            true
        }
        _ => false,
    }
}

/// A readOnly attribute sent back as it is changes nothing; anything else is refused.
fn unchanged(object: &Object, found: &Resolved<'_>, operation: &Operation) -> Result<(), Error> {
    let holder = match found.extension {
        Some(urn) => object.get(urn).and_then(Value::as_object),
        None => Some(object),
    };
    let current = holder.and_then(|holder| holder.get(found.name));
    let current = match found.sub {
        Some((sub, _)) => current.and_then(|value| value.get(sub)),
        None => current,
    };
    if current == operation.value.as_ref() {
        return Ok(());
    }
    Err(read_only(&operation.target))
}

/// Changes one attribute inside the object that holds it.
fn change(
    holder: &mut Object,
    found: &Resolved<'_>,
    operation: &Operation,
    options: &PatchOptions,
) -> Result<(), Error> {
    let key =
        if found.attribute.kind == Type::Any { spelled(holder, found.name) } else { found.name.to_owned() };
    let old = holder.remove(&key);
    let plural = found.attribute.multi_valued
        || found.attribute.kind == Type::Any
            && (operation.target.filter.is_some() || matches!(old, Some(Value::Array(_))));
    let new = if plural {
        let values = match old {
            Some(Value::Array(values)) => values,
            Some(other) => vec![other],
            None => Vec::new(),
        };
        let values = change_values(values, found, operation, options)?;
        (!values.is_empty()).then_some(Value::Array(values))
    } else {
        change_single(old, found, operation, options)?
    };
    if let Some(new) = new {
        holder.insert(key, new);
    } else if found.attribute.required {
        return Err(Error::mutability(format!(
            "{}: is required and can't be removed",
            operation.target.name()
        )));
    }
    Ok(())
}

fn change_single(
    old: Option<Value>,
    found: &Resolved<'_>,
    operation: &Operation,
    options: &PatchOptions,
) -> Result<Option<Value>, Error> {
    let Some((sub, sub_attribute)) = found.sub else {
        return match (operation.op, &operation.value) {
            (Op::Remove, _) | (_, None) => {
                guard_immutable(found.attribute, old.as_ref(), None, &operation.target)?;
                Ok(None)
            }
            (op, Some(new)) => {
                let whole = op == Op::Replace && options.replace_complex_whole;
                let merged = match (old, new) {
                    (Some(Value::Object(old)), Value::Object(new))
                        if !whole && found.attribute.kind == Type::Complex =>
                    {
                        merge(old, new, found.attribute, &operation.target)?
                    }
                    (_, Value::Object(new)) if found.attribute.kind == Type::Complex => {
                        merge(Object::new(), new, found.attribute, &operation.target)?
                    }
                    (old, new) => {
                        guard_immutable(found.attribute, old.as_ref(), Some(new), &operation.target)?;
                        return Ok(Some(new.clone()));
                    }
                };
                Ok((!merged.is_empty()).then_some(Value::Object(merged)))
            }
        };
    };
    let mut members = match old {
        Some(Value::Object(members)) => members,
        _ => Object::new(),
    };
    set_member(&mut members, sub, sub_attribute, operation, options)?;
    Ok((!members.is_empty()).then_some(Value::Object(members)))
}

/// Sets or removes one sub-attribute.
fn set_member(
    members: &mut Object,
    sub: &str,
    attribute: &Attribute,
    operation: &Operation,
    options: &PatchOptions,
) -> Result<(), Error> {
    let key = if attribute.kind == Type::Any { spelled(members, sub) } else { sub.to_owned() };
    let new = if operation.op == Op::Remove { None } else { operation.value.as_ref() };
    guard_immutable(attribute, members.get(&key), new, &operation.target)?;
    match (new, members.get_mut(&key)) {
        // A list of parts is a list: adding appends (RFC 7644 §3.5.2.1).
        (Some(new), Some(Value::Array(old))) if attribute.multi_valued && operation.op == Op::Add => {
            append(old, attribute, Some(new), options);
        }
        (Some(value), _) => {
            members.insert(key, value.clone());
        }
        (None, _) => {
            members.remove(&key);
        }
    }
    Ok(())
}

/// Writes the members of `new` over those of `old`; null unassigns (RFC 7643 §2.5).
fn merge(mut old: Object, new: &Object, attribute: &Attribute, target: &Target) -> Result<Object, Error> {
    for (key, value) in new {
        let new = Some(value).filter(|value| !value.is_null());
        if let Some(sub) = attribute.sub(key) {
            guard_immutable(sub, old.get(key), new, target)?;
        }
        match new {
            Some(value) => old.insert(key.clone(), value.clone()),
            None => old.remove(key),
        };
    }
    Ok(old)
}

/// RFC 7644 §3.5.2: an immutable attribute that has a value keeps it.
fn guard_immutable(
    attribute: &Attribute,
    old: Option<&Value>,
    new: Option<&Value>,
    target: &Target,
) -> Result<(), Error> {
    if attribute.mutability == Mutability::Immutable && old.is_some() && old != new {
        return Err(Error::mutability(format!("{}: is immutable and has a value", target.name())));
    }
    Ok(())
}

fn change_values(
    mut values: Vec<Value>,
    found: &Resolved<'_>,
    operation: &Operation,
    options: &PatchOptions,
) -> Result<Vec<Value>, Error> {
    let was_primary: Vec<bool> = values.iter().map(is_primary).collect();
    let target = &operation.target;
    let unfiltered = target.filter.is_none();
    match (operation.op, found.sub) {
        (Op::Remove, None) => {
            let before = values.len();
            remove_values(&mut values, found.attribute, operation);
            if !unfiltered && values.len() == before && !ignores_unmatched(found, options) {
                return Err(selects_nothing(target));
            }
            return Ok(values);
        }
        (Op::Add, None) if unfiltered => {
            append(&mut values, found.attribute, operation.value.as_ref(), options);
            settle_primary(&mut values, &was_primary, target)?;
        }
        (Op::Replace, None) if unfiltered => {
            values = listed(operation.value.as_ref()).to_vec();
            values.retain(|value| !is_emptied(value, found.attribute));
            settle_primary(&mut values, &[], target)?;
        }
        _ => {
            change_selected(&mut values, found, operation, options)?;
            settle_primary(&mut values, &was_primary, target)?;
        }
    }
    values.retain(|value| !value.as_object().is_some_and(Object::is_empty));
    Ok(values)
}

/// The values that the filter selects, or all of them for `attribute.sub`.
fn change_selected(
    values: &mut Vec<Value>,
    found: &Resolved<'_>,
    operation: &Operation,
    options: &PatchOptions,
) -> Result<(), Error> {
    let target = &operation.target;
    let mut touched = 0_usize;
    let selected = target.filter.as_ref().map(|filter| Elements::new(filter, found.attribute));
    if options.filters_select_one
        && let Some(selected) = &selected
        && values.iter().filter(|value| selected.matches(value)).nth(1).is_some()
    {
        return Err(Error::invalid_filter(format!(
            "{}: the filter selects more than one value; name one, as by its `value`",
            target.name()
        )));
    }
    for value in values.iter_mut() {
        if selected.as_ref().is_some_and(|selected| !selected.matches(value)) {
            continue;
        }
        touched += 1;
        let had_value = is_its_value(value, found.attribute);
        change_element(value, found, operation, options)?;
        if had_value && options.elements_are_their_values {
            mark_emptied(value);
        }
    }
    if touched > 1 && marks_primary(found, operation) {
        return Err(more_than_one_primary(target));
    }
    if touched > 0 || operation.op == Op::Remove && ignores_unmatched(found, options) {
        return Ok(());
    }
    let creates = match operation.op {
        Op::Add => options.unmatched_add_creates,
        Op::Replace => options.unmatched_replace_creates,
        Op::Remove => false,
    };
    let described = target
        .filter
        .as_ref()
        .filter(|_| creates)
        .and_then(|filter| create_from_filter(filter, found.attribute));
    let Some(described) = described else {
        return Err(selects_nothing(target));
    };
    let mut element = Value::Object(described);
    change_element(&mut element, found, operation, options)?;
    values.push(element);
    Ok(())
}

/// Whether a removal of what is not there is done already.
fn ignores_unmatched(found: &Resolved<'_>, options: &PatchOptions) -> bool {
    options.unmatched_remove_ok || found.extension.is_none() && found.name == "members"
}

fn selects_nothing(target: &Target) -> Error {
    Error::no_target(format!("{}: no value of the attribute is selected", target.name()))
}

fn change_element(
    element: &mut Value,
    found: &Resolved<'_>,
    operation: &Operation,
    options: &PatchOptions,
) -> Result<(), Error> {
    let Value::Object(members) = element else {
        if let (None, Some(new)) = (found.sub, &operation.value) {
            *element = new.clone();
        }
        return Ok(());
    };
    if let Some((sub, attribute)) = found.sub {
        return set_member(members, sub, attribute, operation, options);
    }
    let Some(Value::Object(new)) = &operation.value else {
        return Err(Error::invalid_value(format!("{}: must be an object", operation.target.name())));
    };
    let whole = operation.op == Op::Replace && options.replace_complex_whole;
    let old = if whole { Object::new() } else { std::mem::take(members) };
    *members = merge(old, new, found.attribute, &operation.target)?;
    Ok(())
}

/// Removes the selected values, the listed values, or all.
fn remove_values(values: &mut Vec<Value>, attribute: &Attribute, operation: &Operation) {
    match (&operation.target.filter, &operation.value) {
        (Some(filter), _) => {
            let selected = Elements::new(filter, attribute);
            values.retain(|value| !selected.matches(value));
        }
        (None, Some(list)) => {
            let (by_value, described): (Vec<&Value>, Vec<&Value>) =
                listed(Some(list)).iter().partition(|wanted| is_only_value(wanted));
            let identity = |value: &Value| canonical(value, attribute.sub("value").unwrap_or(attribute));
            let by_value: HashSet<String> =
                by_value.into_iter().filter_map(|wanted| wanted.get("value")).map(identity).collect();
            values.retain(|value| {
                let is_named = !by_value.is_empty()
                    && value.get("value").is_some_and(|value| by_value.contains(&identity(value)));
                !is_named && !described.iter().any(|wanted| describes(wanted, value, attribute))
            });
        }
        (None, None) => values.clear(),
    }
}

/// Whether a listed value says no more than its `value`, so that it can be looked up.
fn is_only_value(wanted: &Value) -> bool {
    wanted.as_object().is_some_and(|wanted| wanted.len() == 1 && wanted.contains_key("value"))
}

pub(super) fn listed(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(items)) => items,
        Some(single) => std::slice::from_ref(single),
        None => &[],
    }
}

/// Whether every member that `wanted` has is the same in `value`.
fn describes(wanted: &Value, value: &Value, attribute: &Attribute) -> bool {
    let (Value::Object(wanted), Value::Object(value)) = (wanted, value) else {
        return canonical(wanted, attribute) == canonical(value, attribute);
    };
    wanted.iter().all(|(key, wanted)| match (wanted, value.get(key)) {
        (Value::String(left), Some(Value::String(right))) => {
            same_text(left, right, attribute.sub(key).is_some_and(|sub| sub.case_exact))
        }
        (wanted, Some(value)) => wanted == value,
        (_, None) => false,
    })
}

pub(super) fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}

/// Whether the operation marks every value it touches as primary.
fn marks_primary(found: &Resolved<'_>, operation: &Operation) -> bool {
    match (found.sub, &operation.value) {
        (Some((sub, _)), value) => sub == "primary" && *value == Some(Value::Bool(true)),
        (None, Some(value)) => is_primary(value),
        (None, None) => false,
    }
}

fn more_than_one_primary(target: &Target) -> Error {
    Error::invalid_value(format!("{}: marks more than one value as primary", target.name()))
}

/// RFC 7644 §3.5.2: a value newly marked primary takes the mark from the others. Values keep their
/// places, so `before` tells which were marked already.
fn settle_primary(values: &mut [Value], before: &[bool], target: &Target) -> Result<(), Error> {
    let marked: Vec<usize> = values
        .iter()
        .enumerate()
        .filter(|(index, value)| is_primary(value) && !before.get(*index).copied().unwrap_or(false))
        .map(|(index, _)| index)
        .collect();
    let &[chosen] = marked.as_slice() else {
        if marked.is_empty() {
            return Ok(());
        }
        return Err(more_than_one_primary(target));
    };
    for (index, value) in values.iter_mut().enumerate() {
        if index != chosen
            && is_primary(value)
            && let Some(members) = value.as_object_mut()
        {
            members.insert("primary".to_owned(), Value::Bool(false));
        }
    }
    Ok(())
}

/// The key as the object spells it: undeclared names keep the spelling they came with.
fn spelled(object: &Object, name: &str) -> String {
    if object.contains_key(name) {
        return name.to_owned();
    }
    object.keys().find(|key| key.eq_ignore_ascii_case(name)).map_or_else(|| name.to_owned(), Clone::clone)
}

fn remove_key(object: &mut Object, name: &str) {
    let key = spelled(object, name);
    object.remove(&key);
}
