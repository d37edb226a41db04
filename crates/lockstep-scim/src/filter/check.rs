//! Whether a filter makes sense for a resource type: names, operators and operand types (RFC 7644 §3.4.2.2).

use super::{AttrPath, Compare, Filter, Literal};
use crate::datetime;
use crate::schema::{Attribute, Definition, Returned, Type};
use crate::{Error, error::shown};

/// Refuses, with 400 invalidFilter, what can't be compared: an unknown attribute, an operator or a
/// literal that does not fit the attribute's type, a complex attribute without a sub-attribute.
pub fn check(filter: &Filter, definition: &Definition) -> Result<(), Error> {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => terms.iter().try_for_each(|term| check(term, definition)),
        Filter::Not(inner) => check(inner, definition),
        Filter::Present(path) if names_schema(path, definition) => Ok(()),
        Filter::Present(path) => find(path, definition).map(|_| ()),
        Filter::Attr { path, .. } | Filter::ValuePath { attr: path, .. }
            if names_schema(path, definition) =>
        {
            Err(Error::invalid_filter(format!(
                "{}: is a schema; compare one of its attributes, or ask with pr whether it has any",
                shown(&path.to_string())
            )))
        }
        Filter::Attr { path, op, value } => {
            let attribute = compared(find(path, definition)?);
            check_comparison(attribute, &path.to_string(), *op, value)
        }
        Filter::ValuePath { attr, filter } => {
            check_value_filter(filter, find(attr, definition)?, &attr.to_string())
        }
    }
}

/// The same for a search over several resource types: an attribute that one of them has not has no value there
/// (RFC 7644 §3.4.2.1), so a comparison is refused only where no type that knows the attribute can make it.
pub fn check_across(filter: &Filter, definitions: &[&Definition]) -> Result<(), Error> {
    let path = match filter {
        Filter::And(terms) | Filter::Or(terms) => {
            return terms.iter().try_for_each(|term| check_across(term, definitions));
        }
        Filter::Not(inner) => return check_across(inner, definitions),
        Filter::Present(path) | Filter::Attr { path, .. } | Filter::ValuePath { attr: path, .. } => path,
    };
    let knows = |definition: &&&Definition| {
        names_schema(path, definition)
            || definition.resolve(path.urn.as_deref(), &path.attribute, path.sub.as_deref()).is_some()
    };
    let mut refused = Ok(());
    for definition in definitions.iter().filter(knows) {
        match check(filter, definition) {
            Ok(()) => return Ok(()),
            error => refused = refused.and(error),
        }
    }
    refused
}

/// The same for the filter inside `attribute[...]`.
pub(crate) fn check_value_filter(filter: &Filter, attribute: &Attribute, name: &str) -> Result<(), Error> {
    if attribute.kind == Type::Any {
        return Ok(());
    }
    if !attribute.multi_valued {
        return Err(Error::invalid_filter(format!(
            "{}: has one value, so `[ ]` has nothing to select from",
            shown(name)
        )));
    }
    match filter {
        Filter::And(terms) | Filter::Or(terms) => {
            terms.iter().try_for_each(|term| check_value_filter(term, attribute, name))
        }
        Filter::Not(inner) => check_value_filter(inner, attribute, name),
        Filter::Present(path) => inner(path, attribute, name).map(|_| ()),
        Filter::Attr { path, op, value } => {
            check_comparison(inner(path, attribute, name)?, &format!("{name}.{path}"), *op, value)
        }
        Filter::ValuePath { .. } => {
            Err(Error::invalid_filter(format!("{}: `[` inside `[ ]` is not allowed", shown(name))))
        }
    }
}

/// A sub-attribute named inside brackets. A simple attribute's values are called `value` there.
fn inner<'a>(path: &AttrPath, attribute: &'a Attribute, name: &str) -> Result<&'a Attribute, Error> {
    let found = if path.urn.is_some() || path.sub.is_some() {
        None
    } else if attribute.kind == Type::Complex {
        attribute.sub(&path.attribute)
    } else {
        path.attribute.eq_ignore_ascii_case("value").then_some(attribute)
    };
    found.ok_or_else(|| unknown(&format!("{name}.{path}")))
}

fn find<'a>(path: &'a AttrPath, definition: &'a Definition) -> Result<&'a Attribute, Error> {
    let found = definition.resolve(path.urn.as_deref(), &path.attribute, path.sub.as_deref());
    let leaf = found.map(|found| found.leaf()).ok_or_else(|| unknown(&path.to_string()))?;
    // RFC 7643 §7: what is never returned could be guessed letter by letter.
    if leaf.returned == Returned::Never || leaf.is_dropped() {
        return Err(Error::invalid_filter(format!("{}: may not be filtered by", shown(&path.to_string()))));
    }
    Ok(leaf)
}

/// Whether a path is the URN of the base schema or of a declared extension, and no more.
fn names_schema(path: &AttrPath, definition: &Definition) -> bool {
    path.urn_alone().is_some_and(|urn| definition.is_base(&urn) || definition.extension(&urn).is_some())
}

/// A complex multi-valued attribute without a sub-attribute means its `value` (RFC 7644 §3.4.2.2).
fn compared(attribute: &Attribute) -> &Attribute {
    if attribute.multi_valued && attribute.kind == Type::Complex {
        return attribute.sub("value").unwrap_or(attribute);
    }
    attribute
}

fn unknown(name: &str) -> Error {
    Error::invalid_filter(format!("{}: no such attribute of this resource type", shown(name)))
}

fn check_comparison(attribute: &Attribute, name: &str, op: Compare, value: &Literal) -> Result<(), Error> {
    let refuse = |reason: String| Err(Error::invalid_filter(format!("{}: {reason}", shown(name))));
    let kind = attribute.kind.as_str();
    // Whether it has a value can be asked of any attribute: `eq null` is `not pr` (RFC 7643 §2.5).
    if *value == Literal::Null && matches!(op, Compare::Eq | Compare::Ne) {
        return Ok(());
    }
    match attribute.kind {
        Type::Any => return Ok(()),
        Type::Complex => return refuse("is complex; compare one of its sub-attributes".to_owned()),
        Type::Boolean | Type::Binary if op.is_ordering() || op.is_substring() => {
            return refuse(format!("{} does not apply to a {kind}; use eq, ne or pr", op.as_str()));
        }
        Type::Integer | Type::Decimal if op.is_substring() => {
            return refuse(format!("{} does not apply to a {kind}", op.as_str()));
        }
        _ => {}
    }
    let fits = match (attribute.kind, value) {
        (_, Literal::Null)
        | (Type::Boolean, Literal::Bool(_))
        | (Type::Decimal, Literal::Number(_))
        | (Type::String | Type::Reference | Type::Binary, Literal::String(_)) => true,
        // Some clients quote booleans in filters; there is nothing else the text could mean.
        (Type::Boolean, Literal::String(text)) => text_as_bool(text).is_some(),
        (Type::Integer, Literal::Number(number)) => !number.is_f64(),
        // A part of an instant's text is no instant: accepted, since the standard does not forbid it,
        // and never matched, since the text is only one of many for the instant.
        (Type::DateTime, Literal::String(text)) => op.is_substring() || datetime::parse(text).is_some(),
        _ => false,
    };
    if fits { Ok(()) } else { refuse(format!("is a {kind}, and the value is not")) }
}

/// `"true"` and `"false"`, in any case.
pub(super) fn text_as_bool(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}
