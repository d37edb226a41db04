//! What a search asks (RFC 7644 §3.4.2, §3.4.3; RFC 9865 §2): the same whether it came as query parameters or as the
//! body of `POST …/.search`. Knows no resource type: what its names mean is decided where they are looked up.
//!
//! ```
//! use lockstep_scim::{Limits, search::SearchRequest};
//!
//! let body = serde_json::json!({
//!     "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
//!     "filter": "userName sw \"a\"",
//!     "attributes": ["userName"],
//! });
//! let search = SearchRequest::from_body(&body, &Limits::default())?;
//! assert_eq!(search.attributes, ["userName"]);
//! # Ok::<(), lockstep_scim::Error>(())
//! ```

use serde_json::Value;

use crate::{Error, Limits, Object};

/// URN of the search message (RFC 7644 §3.4.3).
pub const SEARCH_REQUEST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// A search as it was written. Numbers stay text: [`crate::list::Paging`] reads them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchRequest {
    /// Which attributes to return.
    pub attributes: Vec<String>,
    /// Which attributes to leave out.
    pub excluded_attributes: Vec<String>,
    /// Which resources.
    pub filter: Option<String>,
    /// By what to sort.
    pub sort_by: Option<String>,
    /// In which direction.
    pub sort_order: Option<String>,
    /// Of the first resource, from 1.
    pub start_index: Option<String>,
    /// At most so many resources.
    pub count: Option<String>,
    /// Where to go on; empty for the first page (RFC 9865 §2).
    pub cursor: Option<String>,
}

impl SearchRequest {
    /// Reads query parameters, already decoded. Their names are compared without case, unknown ones are ignored; one
    /// that is given twice is 400 invalidValue.
    ///
    /// ```
    /// use lockstep_scim::search::SearchRequest;
    ///
    /// let parameters = [("filter", "userName eq \"ann\""), ("count", "5"), ("colour", "red")];
    /// let search = SearchRequest::from_parameters(parameters)?;
    /// assert_eq!(search.count.as_deref(), Some("5"));
    /// # Ok::<(), lockstep_scim::Error>(())
    /// ```
    pub fn from_parameters<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Error> {
        let mut search = Self::default();
        let (mut attributes, mut excluded) = (None, None);
        for (name, value) in parameters {
            let place = match name.to_ascii_lowercase().as_str() {
                "attributes" => &mut attributes,
                "excludedattributes" => &mut excluded,
                "filter" => &mut search.filter,
                "sortby" => &mut search.sort_by,
                "sortorder" => &mut search.sort_order,
                "startindex" => &mut search.start_index,
                "count" => &mut search.count,
                "cursor" => &mut search.cursor,
                _ => continue,
            };
            if place.replace(value.to_owned()).is_some() {
                return Err(Error::invalid_value(format!(
                    "the query parameter `{name}` is given more than once"
                )));
            }
        }
        let names = |list: Option<String>| {
            let list = list.unwrap_or_default();
            list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
        };
        search.attributes = names(attributes);
        search.excluded_attributes = names(excluded);
        Ok(search)
    }

    /// Reads the body of `POST …/.search` (RFC 7644 §3.4.3). Members that the message does not have are ignored, and
    /// null is a member that was not given. Another message, or a member of another type, is 400 invalidSyntax; a
    /// `startIndex` or `count` that is no whole number is 400 invalidValue, as in a query string.
    pub fn from_body(body: &Value, limits: &Limits) -> Result<Self, Error> {
        let body = body.as_object().ok_or_else(|| Error::invalid_syntax("the body must be a JSON object"))?;
        check_schemas(member(body, "schemas")?)?;
        Ok(Self {
            attributes: list(body, "attributes", limits)?,
            excluded_attributes: list(body, "excludedAttributes", limits)?,
            filter: text(body, "filter")?,
            sort_by: text(body, "sortBy")?,
            sort_order: text(body, "sortOrder")?,
            start_index: number(body, "startIndex")?,
            count: number(body, "count")?,
            cursor: text(body, "cursor")?,
        })
    }
}

fn check_schemas(schemas: Option<&Value>) -> Result<(), Error> {
    let named = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(SEARCH_REQUEST_URN));
    match schemas {
        Some(Value::Array(urns)) if urns.iter().any(named) => Ok(()),
        _ => Err(Error::invalid_syntax(format!("schemas: must be [\"{SEARCH_REQUEST_URN}\"]"))),
    }
}

/// A member of the message, whatever the case of its name (RFC 7643 §2.1).
fn member<'a>(body: &'a Object, name: &str) -> Result<Option<&'a Value>, Error> {
    let mut found = body.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let first = found.next();
    if found.next().is_some() {
        return Err(Error::invalid_syntax(format!("{name}: is given more than once")));
    }
    Ok(first.filter(|value| !value.is_null()))
}

fn text(body: &Object, name: &str) -> Result<Option<String>, Error> {
    match member(body, name)? {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Error::invalid_syntax(format!("{name}: must be a string"))),
    }
}

fn number(body: &Object, name: &str) -> Result<Option<String>, Error> {
    match member(body, name)? {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(Error::invalid_value(format!("{name}: must be a whole number"))),
    }
}

fn list(body: &Object, name: &str, limits: &Limits) -> Result<Vec<String>, Error> {
    let wrong = || Error::invalid_syntax(format!("{name}: must be an array of strings"));
    let Some(value) = member(body, name)? else { return Ok(Vec::new()) };
    let items = value.as_array().ok_or_else(wrong)?;
    if items.len() > limits.projection_attributes {
        return Err(Error::invalid_value(format!(
            "{name}: more names than the limit projection_attributes of {}",
            limits.projection_attributes
        ))
        .over("projection_attributes"));
    }
    items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
}

#[cfg(test)]
mod tests;
