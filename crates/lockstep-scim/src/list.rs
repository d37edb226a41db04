//! List responses and paging by index (RFC 7644 §3.4.2, §3.4.2.4). Knows no store.
//!
//! ```
//! use lockstep_scim::list::{self, Paging};
//!
//! // Of the first resource 1, at most 50; the server says 20.
//! let paging = Paging::parse(Some("0"), Some("50"), 10, 20)?;
//! assert_eq!((paging.start_index, paging.count, paging.offset()), (1, 20, 0));
//! let page = list::render(7, paging.start_index, vec![serde_json::json!({"id": "1"})]);
//! assert_eq!((&page["totalResults"], &page["itemsPerPage"]), (&7.into(), &1.into()));
//! # Ok::<(), lockstep_scim::Error>(())
//! ```

use std::num::{IntErrorKind, ParseIntError};

use serde_json::{Value, json};

use crate::{Error, Object};

/// URN of the list message (RFC 7644 §3.4.2).
pub const LIST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// Which part of a list a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// Of the first resource, from 1.
    pub start_index: usize,
    /// At most so many resources; 0 asks for the total only.
    pub count: usize,
}

impl Paging {
    /// Reads the query parameters. Not a whole number: 400 invalidValue; below 1 means 1; negative
    /// count means 0; count above `max` is clamped silently (RFC 7644 §3.4.2.4). A start index is
    /// at most what a client's signed 64 bits hold: it is answered as it was understood.
    pub fn parse(
        start_index: Option<&str>,
        count: Option<&str>,
        default: usize,
        max: usize,
    ) -> Result<Self, Error> {
        let last = usize::try_from(i64::MAX).unwrap_or(usize::MAX);
        let start_index = integer("startIndex", start_index)?.map_or(1, |value| clamp(value, 1, last));
        let count = integer("count", count)?.map_or(default.min(max), |value| clamp(value, 0, max));
        Ok(Self { start_index, count })
    }

    /// Resources to skip before the page.
    #[must_use]
    pub fn offset(self) -> usize {
        self.start_index.saturating_sub(1)
    }
}

fn integer(name: &str, text: Option<&str>) -> Result<Option<i128>, Error> {
    let Some(text) = text.map(str::trim) else { return Ok(None) };
    match text.parse::<i128>().as_ref().map_err(ParseIntError::kind) {
        Ok(&value) => Ok(Some(value)),
        Err(IntErrorKind::PosOverflow) => Ok(Some(i128::MAX)),
        Err(IntErrorKind::NegOverflow) => Ok(Some(i128::MIN)),
        Err(_) => Err(Error::invalid_value(format!("{name}: must be a whole number"))),
    }
}

fn clamp(value: i128, low: usize, high: usize) -> usize {
    if value < 0 { low } else { usize::try_from(value).unwrap_or(usize::MAX).clamp(low, high) }
}

/// The ListResponse (RFC 7644 §3.4.2): `itemsPerPage` is the number of resources in it.
#[must_use]
pub fn render(total_results: usize, start_index: usize, resources: Vec<Value>) -> Value {
    let mut list = Object::new();
    list.insert("schemas".to_owned(), json!([LIST_URN]));
    list.insert("totalResults".to_owned(), json!(total_results));
    list.insert("startIndex".to_owned(), json!(start_index));
    list.insert("itemsPerPage".to_owned(), json!(resources.len()));
    list.insert("Resources".to_owned(), Value::Array(resources));
    Value::Object(list)
}

/// Where a walk by cursor goes on from a page (RFC 9865 §2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursors {
    /// On every page but the last.
    pub next: Option<String>,
    /// Never on the first page.
    pub previous: Option<String>,
}

/// The ListResponse of a walk by cursor (RFC 9865 §2): `total_results` where it is known.
pub fn render_cursor_page(total_results: Option<usize>, cursors: Cursors, resources: Vec<Value>) -> Value {
    let mut list = Object::new();
    list.insert("schemas".to_owned(), json!([LIST_URN]));
    if let Some(total) = total_results {
        list.insert("totalResults".to_owned(), json!(total));
    }
    for (name, cursor) in [("nextCursor", cursors.next), ("previousCursor", cursors.previous)] {
        if let Some(cursor) = cursor {
            list.insert(name.to_owned(), Value::String(cursor));
        }
    }
    list.insert("itemsPerPage".to_owned(), json!(resources.len()));
    list.insert("Resources".to_owned(), Value::Array(resources));
    Value::Object(list)
}

#[cfg(test)]
mod tests;
