//! The path of a PATCH operation (RFC 7644 §3.5.2 Figure 7): text to parts and back. Knows no schema.
//!
//! ```
//! use lockstep_scim::{Limits, path::Path};
//!
//! let path = Path::parse(r#"emails[type eq "work"].value"#, &Limits::default())?;
//! assert_eq!((path.attribute.as_str(), path.sub.as_deref()), ("emails", Some("value")));
//! let error = Path::parse("emails[type eq work]", &Limits::default()).unwrap_err();
//! assert!(error.detail.starts_with("path, column 16: expected a value"));
//! # Ok::<(), lockstep_scim::Error>(())
//! ```

use std::fmt;

use crate::filter::{Filter, parser::Parser};
use crate::{Error, Limits};

mod selector;

pub use selector::{Selected, Selector};

/// `[urn:]attribute[filter].sub`. A schema URN alone parses as the URN up to its last colon and an
/// attribute; `urn_alone` puts it together again (the attribute is empty if the rest is no name).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    /// Schema URN in front, if any.
    pub urn: Option<String>,
    /// Attribute name; empty if the path is a URN that ends in something else.
    pub attribute: String,
    /// Which values of a multi-valued attribute.
    pub filter: Option<Filter>,
    /// Sub-attribute.
    pub sub: Option<String>,
}

impl Path {
    /// Parses a path. A path that does not parse is 400 invalidPath, also where the filter inside
    /// its brackets is at fault: the path as a whole is what does not parse.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, Error> {
        if text.len() > limits.path_bytes {
            return Err(Error::invalid_path(format!(
                "the path has {} bytes; the limit path_bytes is {}",
                text.len(),
                limits.path_bytes
            ))
            .over("path_bytes"));
        }
        Parser::new(text, limits)
            .whole_path()
            .map_err(|fault| fault.into_error(Error::invalid_path, "path", text))
    }

    /// The whole path as a schema URN, if it can be one.
    pub fn urn_alone(&self) -> Option<String> {
        (self.urn.is_some() && self.filter.is_none()).then(|| self.to_string())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.urn, self.attribute.is_empty()) {
            (Some(urn), true) => out.write_str(urn)?,
            (Some(urn), false) => write!(out, "{urn}:{}", self.attribute)?,
            (None, _) => out.write_str(&self.attribute)?,
        }
        if let Some(filter) = &self.filter {
            write!(out, "[{filter}]")?;
        }
        match &self.sub {
            Some(sub) => write!(out, ".{sub}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
