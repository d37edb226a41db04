//! Whether a resource satisfies a filter (RFC 7644 §3.4.2.2). Total: what does not fit does not match.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::check::text_as_bool;
use super::{AttrPath, Compare, Filter, Literal};
use crate::schema::{Attribute, Definition, Resolved, Type, Uniqueness};
use crate::{Object, datetime, text};

/// Whether `object` satisfies `filter`. The object has canonical names, and id, meta, groups and
/// members if the filter may ask for them. An unknown attribute has no value (RFC 7644 §3.4.2.1).
#[must_use]
pub fn matches(filter: &Filter, object: &Object, definition: &Definition) -> bool {
    match filter {
        Filter::And(terms) => terms.iter().all(|term| matches(term, object, definition)),
        Filter::Or(terms) => terms.iter().any(|term| matches(term, object, definition)),
        Filter::Not(inner) => !matches(inner, object, definition),
        Filter::Present(path) => has_value(path, object, definition, is_present),
        // RFC 7643 §2.5: to be null is to be unassigned, which an empty text is not.
        Filter::Attr { path, op: Compare::Ne, value: Literal::Null } => {
            has_value(path, object, definition, is_assigned)
        }
        Filter::Attr { path, op: Compare::Eq, value: Literal::Null } => {
            !has_value(path, object, definition, is_assigned)
        }
        Filter::Attr { path, op, value } => {
            let Some(found) = resolve(path, definition) else {
                return compare(None, *op, value, crate::schema::any_attribute());
            };
            let (sub, leaf) = match found.sub {
                Some((name, sub)) => (Some(name), sub),
                None => match value_of(found.attribute) {
                    Some(sub) => (Some(sub.name.as_str()), sub),
                    None => (None, found.attribute),
                },
            };
            match read(object, &found) {
                Some(Value::Array(values)) => {
                    let mut each = values.iter().map(|item| match sub {
                        // A multi-valued attribute nobody declared may hold simple values.
                        Some(name) if item.is_object() || leaf.kind != Type::Any => member(item, name),
                        _ => Some(item),
                    });
                    // `ne` on several values: none is equal.
                    if *op == Compare::Ne {
                        each.all(|actual| compare(actual, *op, value, leaf))
                    } else {
                        each.any(|actual| compare(actual, *op, value, leaf))
                    }
                }
                other => {
                    let actual = match sub {
                        Some(name) => other.and_then(|outer| member(outer, name)),
                        None => other,
                    };
                    compare(actual, *op, value, leaf)
                }
            }
        }
        Filter::ValuePath { attr, filter } => {
            let Some(found) = resolve(attr, definition) else { return false };
            match read(object, &found) {
                Some(Value::Array(values)) => {
                    values.iter().any(|value| element_matches(filter, value, found.attribute))
                }
                _ => false,
            }
        }
    }
}

/// Whether a filter is true, or false, for every resource of a type, whatever it holds: by `meta.resourceType`, and by
/// attributes that the type has not. Nothing where it depends on the resource.
#[must_use]
pub fn settled(filter: &Filter, definition: &Definition) -> Option<bool> {
    match filter {
        Filter::And(terms) => all(terms.iter().map(|term| settled(term, definition)), false),
        Filter::Or(terms) => all(terms.iter().map(|term| settled(term, definition)), true),
        Filter::Not(inner) => settled(inner, definition).map(|holds| !holds),
        Filter::Present(path) | Filter::Attr { path, .. } | Filter::ValuePath { attr: path, .. } => {
            let of_type = resolve(path, definition).is_some_and(|found| {
                found.extension.is_none()
                    && found.name == "meta"
                    && found.sub.is_some_and(|(name, _)| name == "resourceType")
            });
            let unknown = resolve(path, definition).is_none() && path.urn_alone().is_none();
            if !of_type && !unknown {
                return None;
            }
            let mut object = Object::new();
            object.insert("meta".to_owned(), serde_json::json!({ "resourceType": definition.name }));
            Some(matches(filter, &object, definition))
        }
    }
}

/// The `decisive` value where any term has it, the other where all have that; else nothing.
fn all(terms: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut open = false;
    for term in terms {
        match term {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => open = true,
        }
    }
    (!open).then_some(!decisive)
}

/// Whether a path leads to something that counts as a value.
fn has_value(path: &AttrPath, object: &Object, definition: &Definition, counts: fn(&Value) -> bool) -> bool {
    if has_schema(path, object, definition) {
        return true;
    }
    let Some(found) = resolve(path, definition) else { return false };
    match (read(object, &found), found.sub) {
        (None, _) => false,
        (Some(value), None) => counts(value),
        (Some(Value::Array(values)), Some((name, _))) => {
            values.iter().any(|value| member(value, name).is_some_and(counts))
        }
        (Some(value), Some((name, _))) => member(value, name).is_some_and(counts),
    }
}

/// Whether a path is a schema's URN alone, and the resource has something of that schema.
fn has_schema(path: &AttrPath, object: &Object, definition: &Definition) -> bool {
    path.urn_alone().is_some_and(|urn| {
        definition.is_base(&urn)
            || (definition.extension(&urn).is_some() || definition.is_open_extension(&urn))
                && entry(object, &urn).is_some_and(is_present)
    })
}

/// Whether one value of a multi-valued attribute satisfies the filter inside `[ ]`.
pub(crate) fn element_matches(filter: &Filter, element: &Value, attribute: &Attribute) -> bool {
    match filter {
        Filter::And(terms) => terms.iter().all(|term| element_matches(term, element, attribute)),
        Filter::Or(terms) => terms.iter().any(|term| element_matches(term, element, attribute)),
        Filter::Not(inner) => !element_matches(inner, element, attribute),
        Filter::Present(path) => {
            part(element, attribute, path).is_some_and(|(value, _)| value.is_some_and(is_present))
        }
        Filter::Attr { path, op: op @ (Compare::Eq | Compare::Ne), value: Literal::Null } => {
            part(element, attribute, path)
                .is_some_and(|(value, _)| value.is_some_and(is_assigned) == (*op == Compare::Ne))
        }
        Filter::Attr { path, op, value } => {
            part(element, attribute, path).is_some_and(|(actual, kind)| compare(actual, *op, value, kind))
        }
        Filter::ValuePath { .. } => false,
    }
}

/// What a name inside brackets means: a member of the element, or `value` for the element itself.
fn part<'a>(
    element: &'a Value,
    attribute: &'a Attribute,
    path: &AttrPath,
) -> Option<(Option<&'a Value>, &'a Attribute)> {
    match attribute.kind {
        Type::Complex => {
            let sub = attribute.sub(&path.attribute)?;
            Some((member(element, &sub.name), sub))
        }
        Type::Any if element.is_object() => Some((member(element, &path.attribute), attribute)),
        _ => path.attribute.eq_ignore_ascii_case("value").then_some((Some(element), attribute)),
    }
}

fn resolve<'a>(path: &'a AttrPath, definition: &'a Definition) -> Option<Resolved<'a>> {
    definition.resolve(path.urn.as_deref(), &path.attribute, path.sub.as_deref())
}

fn value_of(attribute: &Attribute) -> Option<&Attribute> {
    if attribute.multi_valued && attribute.kind == Type::Complex { attribute.sub("value") } else { None }
}

/// The attribute's value, before any sub-attribute.
fn read<'a>(object: &'a Object, found: &Resolved<'_>) -> Option<&'a Value> {
    let holder = match found.extension {
        Some(urn) => entry(object, urn)?.as_object()?,
        None => object,
    };
    let value =
        if found.attribute.kind == Type::Any { entry(holder, found.name) } else { holder.get(found.name) };
    value.filter(|value| !value.is_null())
}

/// A member by its canonical name, or else whatever its case (undeclared extensions keep their spelling).
fn entry<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object
        .get(name)
        .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    entry(value.as_object()?, name).filter(|value| !value.is_null())
}

/// Whether it is a value at all (RFC 7643 §2.5).
fn is_assigned(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => items.iter().any(is_assigned),
        Value::Object(members) => members.values().any(is_assigned),
    }
}

/// `pr`: a non-empty value, or a complex one with a non-empty member (RFC 7644 Table 3).
fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(is_present),
        Value::Object(members) => members.values().any(is_present),
    }
}

/// Whether two texts of an attribute are equal (RFC 7643 §2.2 caseExact).
pub(crate) fn same_text(left: &str, right: &str, case_exact: bool) -> bool {
    left == right || plain(left, case_exact) == plain(right, case_exact)
}

fn plain(value: &str, case_exact: bool) -> Cow<'_, str> {
    if case_exact { text::compose(value) } else { text::fold(value) }
}

/// Whether an attribute's text is unique, whatever its case: then it is compared by the key that is unique, so that
/// whoever is refused as taken is found.
fn is_unique_name(attribute: &Attribute) -> bool {
    attribute.uniqueness != Uniqueness::None && !attribute.case_exact
}

/// A text as it is compared whole.
fn whole<'a>(value: &'a str, attribute: &Attribute) -> Cow<'a, str> {
    if is_unique_name(attribute) {
        return Cow::Owned(text::user_name_key(value));
    }
    plain(value, attribute.case_exact)
}

/// A text as its parts are compared: blanks at its ends count.
fn partial<'a>(value: &'a str, attribute: &Attribute) -> Cow<'a, str> {
    if is_unique_name(attribute) {
        return Cow::Owned(text::fold(&text::map_width(value)).into_owned());
    }
    plain(value, attribute.case_exact)
}

/// A value against a literal that is not null.
fn compare(actual: Option<&Value>, op: Compare, expected: &Literal, attribute: &Attribute) -> bool {
    // What is missing is equal to nothing; null itself is asked for elsewhere, and orders nothing.
    let Some(actual) = actual else { return op == Compare::Ne };
    if let Value::Array(values) = actual {
        // Several values of a sub-attribute are as several of an attribute.
        let mut each = values.iter().map(|value| compare(Some(value), op, expected, attribute));
        return if op == Compare::Ne { each.all(|holds| holds) } else { each.any(|holds| holds) };
    }
    if op.is_substring() {
        if attribute.kind == Type::DateTime {
            return false;
        }
        let (Value::String(actual), Literal::String(expected)) = (actual, expected) else { return false };
        let (actual, expected) = (partial(actual, attribute), partial(expected, attribute));
        return match op {
            Compare::Co => actual.contains(expected.as_ref()),
            Compare::Sw => actual.starts_with(expected.as_ref()),
            _ => actual.ends_with(expected.as_ref()),
        };
    }
    let order = order(actual, expected, attribute);
    match op {
        Compare::Eq => order == Some(Ordering::Equal),
        Compare::Ne => order != Some(Ordering::Equal),
        Compare::Gt => order == Some(Ordering::Greater),
        Compare::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Compare::Lt => order == Some(Ordering::Less),
        Compare::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Compare::Co | Compare::Sw | Compare::Ew => false,
    }
}

/// How a value stands to a literal; nothing if they can't be compared.
fn order(actual: &Value, expected: &Literal, attribute: &Attribute) -> Option<Ordering> {
    match (actual, expected) {
        (Value::Bool(left), Literal::Bool(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Literal::String(right)) => Some(left.cmp(&text_as_bool(right)?)),
        (Value::Number(left), Literal::Number(right)) => order_numbers(left, right),
        (Value::String(left), Literal::String(right)) if attribute.kind == Type::DateTime => {
            Some(datetime::parse(left)?.cmp(&datetime::parse(right)?))
        }
        (Value::String(left), Literal::String(right)) if refers_to_resources(attribute) => {
            Some(without_version(left).cmp(&without_version(right)))
        }
        (Value::String(left), Literal::String(right)) => {
            Some(whole(left, attribute).cmp(&whole(right, attribute)))
        }
        _ => None,
    }
}

/// Whether what an attribute points at are resources of SCIM, and not only pages and other URIs.
fn refers_to_resources(attribute: &Attribute) -> bool {
    attribute.kind == Type::Reference
        && attribute.reference_types.iter().any(|kind| !matches!(kind.as_str(), "external" | "uri"))
}

/// A resource's URI as it is compared: one with the version of an API is that without, or with another
/// (RFC 7643 §2.4). Scheme and host are of any case (RFC 3986 §6.2.2.1).
fn without_version(uri: &str) -> String {
    let path = uri.find("://").map_or(0, |scheme| {
        let host = uri.get(scheme + 3..).unwrap_or_default();
        scheme + 3 + host.find('/').unwrap_or(host.len())
    });
    let (host, path) = uri.split_at_checked(path).unwrap_or(("", uri));
    let is_version = |segment: &&str| {
        let number = segment.strip_prefix(['v', 'V']).unwrap_or_default();
        number.starts_with(|digit: char| digit.is_ascii_digit())
            && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let segments: Vec<&str> = path.split('/').collect();
    // The last two are the resource's type and id, whatever they look like.
    let (base, resource) = segments.split_at(segments.len().saturating_sub(2));
    let kept: Vec<&str> =
        base.iter().filter(|segment| !is_version(segment)).chain(resource).copied().collect();
    format!("{}{}", host.to_ascii_lowercase(), kept.join("/"))
}

/// Whole numbers exactly, the rest as doubles.
pub(crate) fn order_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
