//! `attributes` and `excludedAttributes` (RFC 7644 §3.4.2.5, §3.9): which parts of a resource to return.

use serde_json::Value;

use crate::filter::parser::attr_path;
use crate::schema::{Attribute, Definition, Returned, Type};
use crate::{Error, Limits, Object};

/// Which parts of a resource a client wants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Projection {
    kind: Kind,
    names: Vec<Name>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    /// Neither parameter: what is returned by default.
    #[default]
    Default,
    /// `attributes`: what is always returned, and the named.
    Only,
    /// `excludedAttributes`: what is returned by default, without the named.
    Without,
}

/// What one entry of the list names, in canonical spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    extension: Option<String>,
    /// None: the whole extension.
    attribute: Option<String>,
    sub: Option<String>,
}

/// How much of an attribute is named.
enum Named<'a> {
    Nothing,
    Whole,
    Parts(Vec<&'a str>),
}

impl Projection {
    /// Reads the two query parameters, comma-separated lists in the notation of RFC 7644 §3.10.
    /// Both at once is 400 invalidValue; names that nothing has are ignored.
    pub fn parse(
        attributes: Option<&str>,
        excluded: Option<&str>,
        definition: &Definition,
    ) -> Result<Self, Error> {
        let limit = Limits::default().projection_attributes;
        let given =
            |list: Option<&str>| list.is_some_and(|list| list.split(',').any(|name| !name.trim().is_empty()));
        let (kind, list, parameter) = match (given(attributes), given(excluded)) {
            (true, true) => {
                return Err(Error::invalid_value(
                    "attributes and excludedAttributes exclude each other; send one",
                ));
            }
            (true, false) => (Kind::Only, attributes, "attributes"),
            (false, true) => (Kind::Without, excluded, "excludedAttributes"),
            (false, false) => return Ok(Self::default()),
        };
        let list = list.unwrap_or_default();
        if list.split(',').count() > limit {
            return Err(Error::invalid_value(format!(
                "{parameter}: more names than the limit projection_attributes of {limit}"
            )));
        }
        let names = list.split(',').flat_map(|name| Name::find(name.trim(), definition)).collect();
        Ok(Self { kind, names })
    }

    /// The same from the arrays of a `.search` body (RFC 7644 §3.4.3).
    pub fn from_lists(
        attributes: &[String],
        excluded: &[String],
        definition: &Definition,
    ) -> Result<Self, Error> {
        let join = |list: &[String]| (!list.is_empty()).then(|| list.join(","));
        Self::parse(join(attributes).as_deref(), join(excluded).as_deref(), definition)
    }

    /// Whether any of attribute `name` (canonical, at the top of the resource) will be returned:
    /// if not, the server need not load it.
    pub fn wants(&self, name: &str) -> bool {
        match (self.kind, self.named(None, name)) {
            (Kind::Default, _) => true,
            (Kind::Only, named) => !matches!(named, Named::Nothing),
            (Kind::Without, named) => !matches!(named, Named::Whole),
        }
    }

    /// Whether the client named nothing, so that the whole resource is returned.
    pub fn is_default(&self) -> bool {
        self.kind == Kind::Default
    }

    /// The resource as the client wants it. `schemas` and what is `returned: always` stay; what is
    /// `returned: never` goes (RFC 7643 §7).
    pub fn apply(&self, object: &Object, definition: &Definition) -> Object {
        let mut result = Object::new();
        for (key, value) in object {
            let kept = if let Some(attribute) = definition.top(key) {
                self.part(None, attribute, &attribute.name, value)
            } else if let Some(extension) = definition.extension(key) {
                self.extension(&extension.id, value, |name| extension.attribute(name))
            } else if definition.is_open_extension(key) {
                self.extension(key, value, |_| Some(crate::schema::any_attribute()))
            } else {
                None
            };
            if let Some(kept) = kept {
                result.insert(key.clone(), kept);
            }
        }
        result
    }

    fn extension<'a>(
        &self,
        urn: &str,
        value: &Value,
        find: impl Fn(&str) -> Option<&'a Attribute>,
    ) -> Option<Value> {
        let mut result = Object::new();
        for (key, value) in value.as_object()? {
            let kept = find(key).and_then(|attribute| self.part(Some(urn), attribute, key, value));
            if let Some(kept) = kept {
                result.insert(key.clone(), kept);
            }
        }
        (!result.is_empty()).then_some(Value::Object(result))
    }

    fn part(
        &self,
        extension: Option<&str>,
        attribute: &Attribute,
        name: &str,
        value: &Value,
    ) -> Option<Value> {
        match attribute.returned {
            Returned::Never => return None,
            Returned::Always => return Some(value.clone()),
            Returned::Default | Returned::Request => {}
        }
        let by_default = attribute.returned == Returned::Default;
        match (self.kind, self.named(extension, name)) {
            (Kind::Default, _) | (Kind::Without, Named::Nothing) => by_default.then(|| value.clone()),
            (Kind::Only, Named::Whole) => Some(value.clone()),
            (Kind::Only, Named::Parts(subs)) => {
                members(value, |key| subs.iter().any(|sub| sub.eq_ignore_ascii_case(key)))
            }
            (Kind::Without, Named::Parts(subs)) if by_default => {
                members(value, |key| !subs.iter().any(|sub| sub.eq_ignore_ascii_case(key)))
            }
            (Kind::Only, Named::Nothing) | (Kind::Without, Named::Whole | Named::Parts(_)) => None,
        }
    }

    fn named(&self, extension: Option<&str>, attribute: &str) -> Named<'_> {
        let mut parts = Vec::new();
        for name in &self.names {
            let same_place = match (&name.extension, extension) {
                (None, None) => true,
                (Some(left), Some(right)) => left.eq_ignore_ascii_case(right),
                _ => false,
            };
            if !same_place {
                continue;
            }
            match (&name.attribute, &name.sub) {
                (Some(named), _) if !named.eq_ignore_ascii_case(attribute) => {}
                (None, _) | (Some(_), None) => return Named::Whole,
                (Some(_), Some(sub)) => parts.push(sub.as_str()),
            }
        }
        if parts.is_empty() { Named::Nothing } else { Named::Parts(parts) }
    }
}

/// The members of a complex value, or of each of several, that `keep` says; nothing if none is left.
fn members(value: &Value, keep: impl Fn(&str) -> bool + Copy) -> Option<Value> {
    match value {
        Value::Object(object) => {
            let kept: Object = object
                .iter()
                .filter(|(key, _)| keep(key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(items) => {
            let kept: Vec<Value> = items.iter().filter_map(|item| members(item, keep)).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        other => Some(other.clone()),
    }
}

impl Name {
    /// What a name may mean; nothing if nothing has it.
    fn find(text: &str, definition: &Definition) -> Vec<Self> {
        let whole = |urn: &str| Self { extension: Some(urn.to_owned()), attribute: None, sub: None };
        // An extension's URN alone means all of it.
        if let Some(schema) = definition.extension(text) {
            return vec![whole(&schema.id)];
        }
        // RFC 7644 §3.10: the base schema's URN alone means the attributes of that schema.
        if definition.is_base(text) {
            let named = |attribute: &Attribute| Self {
                extension: None,
                attribute: Some(attribute.name.clone()),
                sub: None,
            };
            return definition.schema.attributes.iter().map(named).collect();
        }
        let Some(path) = attr_path(text) else { return Vec::new() };
        let Some(found) = definition.resolve(path.urn.as_deref(), &path.attribute, path.sub.as_deref())
        else {
            return Vec::new();
        };
        let mut names = vec![Self {
            extension: found.extension.map(str::to_owned),
            attribute: Some(found.name.to_owned()),
            sub: found.sub.map(|(name, _)| name.to_owned()),
        }];
        // `urn:x:Badge` of nobody's schema may be the whole extension or attribute `Badge` of `urn:x`.
        if found.attribute.kind == Type::Any && path.sub.is_none() {
            names.push(whole(text));
        }
        names
    }
}

#[cfg(test)]
mod tests;
