//! A body of POST or PUT to a resource that fits its definition (RFC 7644 §3.3, §3.5.1).
//! Repairs of what clients send wrongly belong to contracts, not here.
//!
//! ```
//! use lockstep_scim::{Definition, Limits, resource::{self, ReadOptions, Unknown}};
//! use serde_json::{Value, json};
//!
//! let (user, limits) = (Definition::user(), Limits::default());
//! let body = json!({"id": "mine", "USERNAME": "ada", "title": null, "shoeSize": 37});
//! let incoming = resource::read(body.clone(), &user, &ReadOptions::default(), &limits)?;
//! assert_eq!(Value::Object(incoming.object), json!({"schemas": [user.schema.id], "userName": "ada"}));
//! assert_eq!(incoming.ignored, ["shoeSize"]);
//!
//! let strict = ReadOptions { unknown: Unknown::Refuse, ..ReadOptions::default() };
//! let error = resource::read(body, &user, &strict, &limits).unwrap_err();
//! assert_eq!(error.detail, "shoeSize: no schema of this resource type declares it");
//! # Ok::<(), lockstep_scim::Error>(())
//! ```

use serde_json::Value;

use crate::schema::{self, Attribute, Definition, Mutability};
use crate::{Error, Limits, Object, error::shown};

mod adopt;
mod conform;
mod format;
mod immutable;
mod qualified;
mod value;

pub use adopt::{Adopted, adopt};
pub use conform::conform;
pub use immutable::keep_immutable;
pub(crate) use value::{Reading, assigned, is_missing};

/// What to do with an attribute that no schema declares (RFC 7644 §3.1, §3.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unknown {
    /// Leave it out and report its name.
    #[default]
    Ignore,
    /// Refuse the request with 400.
    Refuse,
}

/// How to read a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadOptions {
    /// Attributes that no schema declares.
    pub unknown: Unknown,
    /// Refuse a body without `schemas` (RFC 7643 §3 asks for it; many clients forget it).
    pub require_schemas: bool,
    /// Check what RFC 7643 §4.1.2 says of the form of values: a certificate is exactly one, a country has two letters.
    /// Many clients send the names of countries.
    pub check_formats: bool,
}

/// A body that fits: canonical names, checked types, nothing the client may not write.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Incoming {
    /// The resource as asked for.
    pub object: Object,
    /// Attributes at the top that the body names and gives no value: no default takes their place (RFC 7644 §3.3).
    pub cleared: Vec<String>,
    /// Paths of what was left out because no schema declares it.
    pub ignored: Vec<String>,
}

/// Reads the body of POST or PUT. Names may be in any case; null and `[]` are no value (RFC 7643
/// §2.5); readOnly attributes and the password are dropped (RFC 7644 §3.5.1); `schemas` is made anew.
/// Keys such as `urn:…:User:department` and `name.givenName` are the attributes that they name, as in a
/// PATCH without path; where what is unknown is refused, so are they.
pub fn read(
    raw: Value,
    definition: &Definition,
    options: &ReadOptions,
    limits: &Limits,
) -> Result<Incoming, Error> {
    let Value::Object(raw) = raw else {
        return Err(Error::invalid_syntax("the body must be a JSON object"));
    };
    let raw = match options.unknown {
        Unknown::Ignore => qualified::settle(raw, definition)?,
        Unknown::Refuse => raw,
    };
    let mut reading = Reading::new(options.unknown, options.check_formats, limits);
    let mut object = Object::new();
    let mut cleared = Vec::new();
    let mut schemas_seen = false;
    for (key, value) in raw {
        if key.eq_ignore_ascii_case("schemas") {
            schemas_seen = check_schemas(&value, definition, &mut reading)?;
        } else if let Some(attribute) = definition.top(&key) {
            if !writable(attribute) {
                continue;
            }
            match reading.attribute(attribute, value, &attribute.name)? {
                Some(value) => {
                    object.insert(attribute.name.clone(), value);
                }
                None => cleared.push(attribute.name.clone()),
            }
        } else if let Some(extension) = definition.extension(&key) {
            if let Some(members) = read_extension(extension, value, &mut reading)? {
                object.insert(extension.id.clone(), members);
            }
        } else if definition.is_open_extension(&key) && (value.is_object() || value.is_null()) {
            if let Some(value) = assigned(value) {
                object.insert(key, value);
            }
        } else {
            reading.unknown_attribute(&key, Error::invalid_syntax)?;
        }
    }
    if options.require_schemas && !schemas_seen {
        return Err(Error::invalid_syntax(format!(
            "schemas: is missing; send the array with {}",
            definition.schema.id
        )));
    }
    check_required(&object, definition)?;
    refresh_schemas(&mut object, definition);
    Ok(Incoming { object, cleared, ignored: reading.ignored })
}

/// Sets `schemas` to the base schema and the extensions that have a value (RFC 7643 §3).
pub fn refresh_schemas(object: &mut Object, definition: &Definition) {
    let mut urns = vec![definition.schema.id.clone()];
    for (extension, _) in &definition.extensions {
        if object.contains_key(&extension.id) {
            urns.push(extension.id.clone());
        }
    }
    urns.extend(object.keys().filter(|key| definition.is_open_extension(key)).cloned());
    object.insert("schemas".to_owned(), Value::from(urns));
}

/// Whether a client may write an attribute, and the server keeps it.
fn writable(attribute: &Attribute) -> bool {
    matches!(attribute.mutability, Mutability::ReadWrite | Mutability::Immutable)
}

/// Checks the `schemas` of a body; returns whether it has any.
fn check_schemas(value: &Value, definition: &Definition, reading: &mut Reading<'_>) -> Result<bool, Error> {
    let urns = match value {
        Value::Null => return Ok(false),
        Value::Array(urns) if urns.is_empty() => return Ok(false),
        // More than any definition has extensions; and each is compared with the others.
        Value::Array(urns) if urns.len() > reading.limits.values_per_attribute => {
            return Err(Error::invalid_syntax(format!(
                "schemas: has {} values; the limit values_per_attribute is {}",
                urns.len(),
                reading.limits.values_per_attribute
            ))
            .over("values_per_attribute"));
        }
        Value::Array(urns) => urns,
        _ => return Err(Error::invalid_syntax("schemas: must be an array of schema urns")),
    };
    let mut has_base = false;
    for (index, urn) in urns.iter().enumerate() {
        let Some(urn) = urn.as_str() else {
            return Err(Error::invalid_syntax(format!("schemas[{index}]: must be a schema urn")));
        };
        // RFC 7643 §3: each once.
        let same = |other: &Value| other.as_str().is_some_and(|other| other.eq_ignore_ascii_case(urn));
        if urns.iter().take(index).any(same) {
            return Err(Error::invalid_syntax(format!("schemas[{index}]: is there twice; send it once")));
        }
        has_base |= definition.is_base(urn);
        let known = definition.is_base(urn)
            || definition.extension(urn).is_some()
            || definition.is_open_extension(urn);
        if !known {
            reading.unknown_attribute(&format!("schemas[{index}]"), Error::invalid_syntax)?;
        }
    }
    if !has_base {
        return Err(Error::invalid_syntax(format!(
            "schemas: must contain {}, the schema of this endpoint",
            definition.schema.id
        )));
    }
    Ok(true)
}

fn read_extension(
    extension: &schema::Schema,
    value: Value,
    reading: &mut Reading<'_>,
) -> Result<Option<Value>, Error> {
    let members = match value {
        Value::Null => return Ok(None),
        Value::Object(members) => members,
        _ => return Err(Error::invalid_value(format!("{}: must be an object", extension.id))),
    };
    let mut object = Object::new();
    for (key, value) in members {
        let path = format!("{}:{}", extension.id, shown(&key));
        match extension.attribute(&key) {
            Some(attribute) if writable(attribute) => {
                let path = format!("{}:{}", extension.id, attribute.name);
                if let Some(value) = reading.attribute(attribute, value, &path)? {
                    object.insert(attribute.name.clone(), value);
                }
            }
            Some(_) => {}
            None => reading.unknown_attribute(&path, Error::invalid_syntax)?,
        }
    }
    Ok(if object.is_empty() { None } else { Some(Value::Object(object)) })
}

/// Required attributes have a value (RFC 7643 §7).
fn check_required(object: &Object, definition: &Definition) -> Result<(), Error> {
    let missing = |attribute: &Attribute, object: &Object| is_missing(attribute, object.get(&attribute.name));
    for attribute in &definition.schema.attributes {
        if missing(attribute, object) {
            return Err(Error::invalid_value(format!(
                "{}: is required and must not be empty",
                attribute.name
            )));
        }
    }
    for (extension, required) in &definition.extensions {
        let Some(members) = object.get(&extension.id).and_then(Value::as_object) else {
            if *required {
                return Err(Error::invalid_value(format!("{}: is a required extension", extension.id)));
            }
            continue;
        };
        if let Some(attribute) = extension.attributes.iter().find(|attribute| missing(attribute, members)) {
            return Err(Error::invalid_value(format!("{}:{}: is required", extension.id, attribute.name)));
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
