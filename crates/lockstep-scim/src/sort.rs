//! sortBy and sortOrder (RFC 7644 §3.4.2.3). Compares two resources; the caller sorts and breaks ties by id.
//!
//! ```
//! use lockstep_scim::{Definition, sort::Sort};
//! use serde_json::json;
//!
//! let sort = Sort::parse(Some("name.familyName"), Some("descending"), &Definition::user())?;
//! let sort = sort.ok_or_else(|| lockstep_scim::Error::internal("1"))?;
//! let mut users = [json!({"name": {"familyName": "babbage"}}), json!({}), json!({"name": {"familyName": "King"}})]
//!     .map(|user| user.as_object().cloned().unwrap_or_default());
//! users.sort_by(|left, right| sort.compare(left, right));
//! assert!(users[0].is_empty(), "who has none is first where the order is descending");
//! assert_eq!(users[1]["name"]["familyName"], "King");
//! # Ok::<(), lockstep_scim::Error>(())
//! ```

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::filter::parser::attr_path;
use crate::schema::{Definition, Resolved, Returned, Type};
use crate::{Error, Object, datetime, error::shown, text};

/// An order of resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// Extension URN that holds the attribute, if any.
    pub extension: Option<String>,
    /// Canonical attribute name.
    pub attribute: String,
    /// Canonical sub-attribute name.
    pub sub: Option<String>,
    /// sortOrder descending.
    pub descending: bool,
    kind: Type,
    case_exact: bool,
}

/// A resource's place in an order, so that it is computed once. No value: the last of all.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// false before true.
    Bool(bool),
    /// By size.
    Number(Number),
    /// By time.
    Instant(datetime::Instant),
    /// Folded unless case exact.
    Text(String),
    /// Last ascending, first descending.
    Missing,
}

impl Sort {
    /// Reads the query parameters; nothing without sortBy. An unknown attribute, a complex one
    /// without sub-attribute, or another sortOrder is 400 invalidValue.
    pub fn parse(
        sort_by: Option<&str>,
        sort_order: Option<&str>,
        definition: &Definition,
    ) -> Result<Option<Self>, Error> {
        let descending = match sort_order.map(str::trim) {
            None | Some("") => false,
            Some(order) if order.eq_ignore_ascii_case("ascending") => false,
            Some(order) if order.eq_ignore_ascii_case("descending") => true,
            Some(_) => return Err(Error::invalid_value("sortOrder: must be ascending or descending")),
        };
        let Some(name) = sort_by.map(str::trim).filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let path = attr_path(name);
        let found = path
            .as_ref()
            .and_then(|path| definition.resolve(path.urn.as_deref(), &path.attribute, path.sub.as_deref()))
            .filter(|found| found.leaf().returned != Returned::Never);
        let Some(found) = found else {
            return Err(Error::invalid_value(format!(
                "sortBy: {} is no attribute of this resource type",
                shown(name)
            )));
        };
        Self::by(found, descending).map(Some).ok_or_else(|| {
            Error::invalid_value(format!("sortBy: {} is complex; name a sub-attribute", shown(name)))
        })
    }

    fn by(found: Resolved<'_>, descending: bool) -> Option<Self> {
        let (sub, leaf) = match found.sub {
            Some((name, sub)) => (Some(name), sub),
            // A complex multi-valued attribute means its value, as in a filter.
            None if found.attribute.kind == Type::Complex => {
                let value = found.attribute.sub("value").filter(|_| found.attribute.multi_valued)?;
                (Some(value.name.as_str()), value)
            }
            None => (None, found.attribute),
        };
        Some(Self {
            extension: found.extension.map(str::to_owned),
            attribute: found.name.to_owned(),
            sub: sub.map(str::to_owned),
            descending,
            kind: leaf.kind,
            case_exact: leaf.case_exact,
        })
    }

    /// The key of one resource: of several values the primary one, else the first.
    #[must_use]
    pub fn key(&self, object: &Object) -> Key {
        let holder = match &self.extension {
            Some(urn) => object.get(urn).and_then(Value::as_object),
            None => Some(object),
        };
        let value = holder.and_then(|holder| holder.get(&self.attribute));
        let value = match value {
            Some(Value::Array(values)) => values
                .iter()
                .find(|value| value.get("primary") == Some(&Value::Bool(true)))
                .or(values.first()),
            other => other,
        };
        let value = match &self.sub {
            Some(sub) => value.and_then(|value| value.get(sub)),
            None => value,
        };
        match value {
            Some(Value::Bool(value)) => Key::Bool(*value),
            Some(Value::Number(value)) => Key::Number(value.clone()),
            Some(Value::String(value)) if self.kind == Type::DateTime => {
                datetime::parse(value).map_or(Key::Missing, Key::Instant)
            }
            Some(Value::String(value)) if self.case_exact => Key::Text(text::compose(value).into_owned()),
            Some(Value::String(value)) => Key::Text(text::fold(value).into_owned()),
            _ => Key::Missing,
        }
    }

    /// Which of two keys comes first in this order (RFC 7644 §3.4.2.3).
    #[must_use]
    pub fn order(&self, left: &Key, right: &Key) -> Ordering {
        let order = match (left, right) {
            (Key::Missing, Key::Missing) => Ordering::Equal,
            (Key::Missing, _) => Ordering::Greater,
            (_, Key::Missing) => Ordering::Less,
            (Key::Bool(left), Key::Bool(right)) => left.cmp(right),
            (Key::Number(left), Key::Number(right)) => {
                crate::filter::order_numbers(left, right).unwrap_or(Ordering::Equal)
            }
            (Key::Instant(left), Key::Instant(right)) => left.cmp(right),
            (Key::Text(left), Key::Text(right)) => left.cmp(right),
            (left, right) => left.rank().cmp(&right.rank()),
        };
        if self.descending { order.reverse() } else { order }
    }

    /// Which of two resources comes first in this order.
    #[must_use]
    pub fn compare(&self, left: &Object, right: &Object) -> Ordering {
        self.order(&self.key(left), &self.key(right))
    }
}

impl Key {
    /// Types in a fixed order, for an undeclared attribute that holds several.
    fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Number(_) => 1,
            Self::Instant(_) => 2,
            Self::Text(_) => 3,
            Self::Missing => 4,
        }
    }
}

#[cfg(test)]
mod tests;
