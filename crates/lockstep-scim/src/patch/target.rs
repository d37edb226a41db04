//! What a PATCH path means for a resource type: canonical names, found once (RFC 7644 §3.5.2, §3.10).

use std::fmt;

use crate::filter::{Filter, check_value_filter};
use crate::path::Path;
use crate::schema::{Definition, Resolved, Type};
use crate::{Error, error::shown};

/// A path that is known to name something of the resource type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Canonical URN of the extension; none for the base schema and common attributes.
    pub extension: Option<String>,
    /// Canonical attribute name; none means the whole extension.
    pub attribute: Option<String>,
    /// Which of the attribute's values.
    pub filter: Option<Filter>,
    /// Canonical sub-attribute name.
    pub sub: Option<String>,
}

impl Target {
    /// Whether it is about attribute `name` at the top of the resource, or a part of it.
    pub fn is_top(&self, name: &str) -> bool {
        self.extension.is_none() && self.attribute.as_deref() == Some(name)
    }

    /// Finds what a path names. Nothing: the caller chooses between 400 invalidPath and ignoring it.
    /// A filter that makes no sense for its attribute is 400 invalidFilter.
    pub fn resolve(path: &Path, definition: &Definition) -> Result<Option<Self>, Error> {
        // A URN alone names the whole extension.
        if let Some(urn) = path.urn_alone() {
            if let Some(extension) = definition.extension(&urn) {
                return Ok(Some(Self::whole(&extension.id)));
            }
            if definition.is_base(&urn) {
                return Ok(None);
            }
            if path.attribute.is_empty() {
                return Ok(definition.is_open_extension(&urn).then(|| Self::whole(&urn)));
            }
        }
        let Some(found) = definition.resolve(path.urn.as_deref(), &path.attribute, path.sub.as_deref())
        else {
            return Ok(None);
        };
        if let Some(filter) = &path.filter {
            check_value_filter(filter, found.attribute, found.name)?;
            let simple = !matches!(found.attribute.kind, Type::Complex | Type::Any);
            if simple && path.sub.is_some() {
                return Ok(None);
            }
        }
        Ok(Some(Self {
            extension: found.extension.map(str::to_owned),
            attribute: Some(found.name.to_owned()),
            filter: path.filter.clone(),
            sub: found.sub.map(|(name, _)| name.to_owned()),
        }))
    }

    /// The whole of an extension.
    pub fn whole(urn: &str) -> Self {
        Self { extension: Some(urn.to_owned()), attribute: None, filter: None, sub: None }
    }

    /// An attribute, without filter or sub-attribute.
    pub fn attribute(extension: Option<&str>, name: &str) -> Self {
        Self {
            extension: extension.map(str::to_owned),
            attribute: Some(name.to_owned()),
            filter: None,
            sub: None,
        }
    }

    /// The definitions behind the names; none for a whole extension.
    pub(crate) fn definitions<'a>(&'a self, definition: &'a Definition) -> Option<Resolved<'a>> {
        definition.resolve(self.extension.as_deref(), self.attribute.as_deref()?, self.sub.as_deref())
    }

    /// For details: the path without the filter, which may hold personal data.
    pub(crate) fn name(&self) -> String {
        let mut name = String::new();
        if let Some(urn) = &self.extension {
            name.push_str(urn);
        }
        if let Some(attribute) = &self.attribute {
            if !name.is_empty() {
                name.push(':');
            }
            name.push_str(attribute);
        }
        if self.filter.is_some() {
            name.push_str("[...]");
        }
        if let Some(sub) = &self.sub {
            name.push('.');
            name.push_str(sub);
        }
        shown(&name)
    }
}

/// The path again, in canonical spelling.
impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = Path {
            urn: self.extension.clone(),
            attribute: self.attribute.clone().unwrap_or_default(),
            filter: self.filter.clone(),
            sub: self.sub.clone(),
        };
        write!(out, "{path}")
    }
}
