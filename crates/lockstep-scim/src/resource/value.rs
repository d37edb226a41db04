//! One attribute's value against its definition: type, bounds, canonical names (RFC 7643 §2.3, §2.4).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value;

use super::{Unknown, format};
use crate::schema::{Attribute, Type};
use crate::{Error, Limits, Object, datetime, error::shown, text};

/// The state of reading one body: what to do with the unknown, and what was left out.
pub(crate) struct Reading<'a> {
    pub(crate) unknown: Unknown,
    pub(crate) limits: &'a Limits,
    pub(crate) ignored: Vec<String>,
    /// Values are those of a PATCH (RFC 7644 §3.5.2.1): null members of a single complex value stay, since they
    /// unassign; one object may stand for an array of one; a complex value may be a part of what will be there.
    is_patch: bool,
    /// Check what the standard says of the form of some values.
    check_formats: bool,
    /// Status type of an unknown sub-attribute.
    pub(crate) refusal: fn(String) -> Error,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(unknown: Unknown, check_formats: bool, limits: &'a Limits) -> Self {
        Self {
            unknown,
            limits,
            ignored: Vec::new(),
            is_patch: false,
            check_formats,
            refusal: Error::invalid_syntax,
        }
    }

    pub(crate) fn for_patch(
        unknown: Unknown,
        check_formats: bool,
        refusal: fn(String) -> Error,
        limits: &'a Limits,
    ) -> Self {
        Self { is_patch: true, refusal, ..Self::new(unknown, check_formats, limits) }
    }

    /// Leaves an undeclared attribute out, or refuses it.
    pub(crate) fn unknown_attribute(&mut self, path: &str, refuse: fn(String) -> Error) -> Result<(), Error> {
        match self.unknown {
            Unknown::Refuse => {
                // A filter in a key holds values, and values are nobody else's to read.
                let name = path.split('[').next().unwrap_or_default();
                Err(refuse(format!("{}: no schema of this resource type declares it", shown(name))))
            }
            Unknown::Ignore => {
                self.ignored.push(shown(path));
                Ok(())
            }
        }
    }

    /// A whole value of an attribute; nothing for null, `[]` and an empty object (RFC 7643 §2.5).
    pub(crate) fn attribute(
        &mut self,
        attribute: &Attribute,
        value: Value,
        path: &str,
    ) -> Result<Option<Value>, Error> {
        if value.is_null() {
            return Ok(None);
        }
        if !attribute.multi_valued {
            return self.single(attribute, value, path, self.is_patch);
        }
        let items = match value {
            Value::Array(items) => items,
            other if self.is_patch => vec![other],
            other => {
                return Err(Error::invalid_value(format!(
                    "{path}: must be an array, and is {}",
                    type_of(&other)
                )));
            }
        };
        let (limit, limit_name) = if attribute.name == "members" {
            (self.limits.members_per_request, "members_per_request")
        } else {
            (self.limits.values_per_attribute, "values_per_attribute")
        };
        if items.len() > limit {
            return Err(Error::invalid_value(format!(
                "{path}: has {} values; the limit {limit_name} is {limit}",
                items.len()
            ))
            .over(limit_name));
        }
        let mut values = Vec::with_capacity(items.len());
        let mut primaries = 0;
        for (index, item) in items.into_iter().enumerate() {
            if item.is_null() && attribute.name != "members" {
                continue;
            }
            if let Some(value) = self.single(attribute, item, &format!("{path}[{index}]"), false)? {
                primaries += usize::from(value.get("primary") == Some(&Value::Bool(true)));
                values.push(value);
            } else if attribute.name == "members" {
                // Who was meant is nobody's to guess; silence would look like success.
                return Err(Error::invalid_value(format!(
                    "{path}[{index}]: names no member; it needs a value"
                )));
            }
        }
        // RFC 7643 §2.4: at most one value is primary.
        if primaries > 1 {
            return Err(Error::invalid_value(format!(
                "{path}: has {primaries} values with primary true; only one may"
            )));
        }
        let values = without_repeats(values, attribute);
        Ok(if values.is_empty() { None } else { Some(Value::Array(values)) })
    }

    /// One value.
    pub(crate) fn single(
        &mut self,
        attribute: &Attribute,
        value: Value,
        path: &str,
        keep_null: bool,
    ) -> Result<Option<Value>, Error> {
        let fits = match (attribute.kind, &value) {
            (Type::Complex, Value::Object(_)) => return self.complex(attribute, value, path, keep_null),
            (Type::Any, _)
            | (Type::Boolean, Value::Bool(_))
            | (Type::Decimal, Value::Number(_))
            | (Type::String | Type::Reference, Value::String(_)) => true,
            (Type::Integer, Value::Number(number)) => !number.is_f64(),
            (Type::DateTime, Value::String(text)) => {
                if datetime::parse(text).is_none() {
                    return Err(Error::invalid_value(format!(
                        "{path}: is not a date and time such as 2011-05-13T04:42:34Z"
                    )));
                }
                true
            }
            (Type::Binary, Value::String(text)) => {
                if !format::is_base64(text) {
                    return Err(Error::invalid_value(format!("{path}: is not base64")));
                }
                true
            }
            _ => false,
        };
        if !fits {
            return Err(Error::invalid_value(format!(
                "{path}: must be {}, and is {}",
                article(attribute.kind),
                type_of(&value)
            )));
        }
        if let Value::String(text) = &value {
            if text.len() > self.limits.string_bytes {
                return Err(Error::invalid_value(format!(
                    "{path}: has {} bytes; the limit string_bytes is {}",
                    text.len(),
                    self.limits.string_bytes
                ))
                .over("string_bytes"));
            }
            if attribute.required && is_blank(&value) {
                return Err(Error::invalid_value(format!("{path}: is required and must not be empty")));
            }
        }
        Ok(Some(value))
    }

    /// What the standard says of the form of one sub-attribute's value (RFC 7643 §4.1.2), where that is to be checked.
    pub(crate) fn format(
        &self,
        attribute: &Attribute,
        sub: &Attribute,
        value: &Value,
        path: &str,
    ) -> Result<(), Error> {
        if !self.check_formats {
            return Ok(());
        }
        let Some(text) = value.as_str() else { return Ok(()) };
        match (attribute.name.as_str(), sub.name.as_str()) {
            ("x509Certificates", "value") if !format::is_certificate(text) => {
                Err(Error::invalid_value(format!("{path}: must be exactly one DER certificate in base64")))
            }
            ("addresses", "country") if !format::is_country(text) => Err(Error::invalid_value(format!(
                "{path}: must be a country code of two letters, such as SE (ISO 3166-1 alpha-2)"
            ))),
            _ => Ok(()),
        }
    }

    fn complex(
        &mut self,
        attribute: &Attribute,
        value: Value,
        path: &str,
        keep_null: bool,
    ) -> Result<Option<Value>, Error> {
        let Value::Object(members) = value else { return Ok(None) };
        let mut object = Object::new();
        for (key, value) in members {
            let Some(sub) = attribute.sub(&key) else {
                self.unknown_attribute(&format!("{path}.{}", shown(&key)), self.refusal)?;
                continue;
            };
            // What the server alone knows, such as a manager's displayName, is dropped.
            if sub.is_read_only() || sub.is_dropped() {
                continue;
            }
            if value.is_null() {
                if keep_null {
                    object.insert(sub.name.clone(), Value::Null);
                }
                continue;
            }
            let path = format!("{path}.{}", sub.name);
            if let Some(value) = self.attribute(sub, value, &path)? {
                self.format(attribute, sub, &value, &path)?;
                object.insert(sub.name.clone(), value);
            }
        }
        if !self.is_patch && !object.is_empty() {
            let missing = attribute.sub_attributes.iter().find(|sub| is_missing(sub, object.get(&sub.name)));
            if let Some(sub) = missing {
                return Err(Error::invalid_value(format!("{path}.{}: is required", sub.name)));
            }
        }
        Ok(if object.is_empty() { None } else { Some(Value::Object(object)) })
    }
}

/// A required attribute that a client may write and that has no value (RFC 7643 §7).
pub(crate) fn is_missing(attribute: &Attribute, value: Option<&Value>) -> bool {
    attribute.required && super::writable(attribute) && value.is_none_or(is_blank)
}

/// RFC 7643 §2.4: the same type and value are not there twice. The first takes what only a later one says. Members
/// are not read here as values: who they are is the caller's to know.
fn without_repeats(values: Vec<Value>, attribute: &Attribute) -> Vec<Value> {
    let Some(sub) = attribute
        .sub("value")
        .filter(|_| attribute.kind == Type::Complex && attribute.name != "members" && values.len() > 1)
    else {
        return values;
    };
    let folded = |text: &str| text::fold(text).into_owned();
    let key = |value: &Value| {
        let kind = value.get("type").and_then(Value::as_str).map(folded);
        let value = match value.get("value")? {
            Value::String(text) if !sub.case_exact => folded(text),
            other => other.to_string(),
        };
        Some((kind, value))
    };
    let mut places = HashMap::new();
    let mut once: Vec<Value> = Vec::with_capacity(values.len());
    for value in values {
        let Some(key) = key(&value) else {
            once.push(value);
            continue;
        };
        match places.entry(key) {
            Entry::Vacant(place) => {
                place.insert(once.len());
                once.push(value);
            }
            Entry::Occupied(place) => {
                let first = once.get_mut(*place.get()).and_then(Value::as_object_mut);
                let (Some(first), Value::Object(later)) = (first, value) else { continue };
                for (name, value) in later {
                    if name == "primary" && value == Value::Bool(true) {
                        first.insert(name, value);
                    } else {
                        first.entry(name).or_insert(value);
                    }
                }
            }
        }
    }
    once
}

/// A value of an attribute that no schema declares, without what is unassigned: nulls, empty arrays and
/// empty objects, however deep (RFC 7643 §2.5).
pub(crate) fn assigned(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(items) => {
            let items: Vec<Value> = items.into_iter().filter_map(assigned).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(members) => {
            let members: Object =
                members.into_iter().filter_map(|(key, value)| Some((key, assigned(value)?))).collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        other => Some(other),
    }
}

/// Nothing that counts as a value of a required attribute.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim().is_empty(),
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn article(kind: Type) -> &'static str {
    match kind {
        Type::String | Type::Any => "a string",
        Type::Boolean => "true or false",
        Type::Decimal => "a number",
        Type::Integer => "a whole number",
        Type::DateTime => "a date and time in a string",
        Type::Binary => "base64 in a string",
        Type::Reference => "a uri in a string",
        Type::Complex => "an object",
    }
}
