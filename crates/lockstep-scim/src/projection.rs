//! `attributes` and `excludedAttributes` (RFC 7644 §3.4.2.5, §3.9): which parts of a resource to return.
//!
//! ```
//! use lockstep_scim::{Definition, Limits, projection::Projection};
//! use serde_json::{Value, json};
//!
//! let user = Definition::user();
//! let json = json!({"id": "1", "userName": "ada", "name": {"givenName": "Ada", "familyName": "King"}});
//! let ada = json.as_object().cloned().unwrap_or_default();
//!
//! let projection = Projection::parse(Some("name.familyName"), None, &user, &Limits::default())?;
//! assert_eq!(Value::Object(projection.apply(&ada, &user)), json!({"id": "1", "name": {"familyName": "King"}}));
//! let projection = Projection::parse(None, Some("id,name"), &user, &Limits::default())?;
//! assert_eq!(Value::Object(projection.apply(&ada, &user)), json!({"id": "1", "userName": "ada"}));
//! # Ok::<(), lockstep_scim::Error>(())
//! ```

use serde_json::Value;

use crate::filter::parser::attr_path;
use crate::patch::Patch;
use crate::schema::{Attribute, Definition, Returned, Type};
use crate::{Error, Limits, Object};

/// Which parts of a resource a client wants.
///
/// What counts is each attribute's and sub-attribute's `returned` (RFC 7643 §7):
///
/// | `returned` | neither parameter | `attributes` | `excludedAttributes` |
/// | --- | --- | --- | --- |
/// | `always` | shown | shown | shown, also if named |
/// | `default` | shown | if it, or what it is part of, is named | unless it, or what it is part of, is named |
/// | `request` | if the client supplied it | if it is named itself | as with neither, unless named |
/// | `never` | | | |
///
/// To name a schema or a complex attribute is to name what it returns by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Projection {
    kind: Kind,
    names: Vec<Name>,
    /// What is returned on request, and the client's request supplied.
    supplied: Vec<Name>,
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
    /// By the name of what it is part of, rather than by its own.
    by_schema: bool,
}

/// How much of an attribute is named.
#[derive(Default)]
struct Named<'a> {
    /// All of it, by its own name.
    itself: bool,
    /// All of it, by the name of its schema.
    by_schema: bool,
    /// These of its sub-attributes.
    subs: Vec<&'a str>,
}

impl Named<'_> {
    fn is_whole(&self) -> bool {
        self.itself || self.by_schema
    }

    fn has(&self, sub: &str) -> bool {
        self.subs.iter().any(|named| named.eq_ignore_ascii_case(sub))
    }
}

impl Projection {
    /// Reads the two query parameters, comma-separated lists in the notation of RFC 7644 §3.10.
    /// Both at once is 400 invalidValue; names that nothing has are ignored.
    pub fn parse(
        attributes: Option<&str>,
        excluded: Option<&str>,
        definition: &Definition,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let list = |list: Option<&str>| list.map(str::to_owned).into_iter().collect::<Vec<_>>();
        Self::from_lists(&list(attributes), &list(excluded), definition, limits)
    }

    /// The same from the arrays of a `.search` body (RFC 7644 §3.4.3).
    pub fn from_lists(
        attributes: &[String],
        excluded: &[String],
        definition: &Definition,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let (kind, list, parameter) = match (names_any(attributes), names_any(excluded)) {
            (true, true) => {
                return Err(Error::invalid_value(
                    "attributes and excludedAttributes exclude each other; send one",
                ));
            }
            (true, false) => (Kind::Only, attributes, "attributes"),
            (false, true) => (Kind::Without, excluded, "excludedAttributes"),
            (false, false) => return Ok(Self::default()),
        };
        let limit = limits.projection_attributes;
        let mut names = Vec::new();
        for (index, name) in list.iter().flat_map(|names| names.split(',')).enumerate() {
            if index >= limit {
                return Err(Error::invalid_value(format!(
                    "{parameter}: has more names than the limit projection_attributes of {limit}"
                ))
                .over("projection_attributes"));
            }
            for name in Name::find(name.trim(), definition) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        Ok(Self { kind, names, supplied: Vec::new() })
    }

    /// The same for the answer to a POST or PUT with this body (as `resource::read` gives it): what is
    /// `returned: request` is returned where the client supplied it (RFC 7643 §7).
    #[must_use]
    pub fn with_supplied(mut self, body: &Object, definition: &Definition) -> Self {
        for attribute in definition.top_attributes() {
            self.note_supplied(None, attribute, None, body.get(&attribute.name));
        }
        for (schema, _) in &definition.extensions {
            let Some(members) = body.get(&schema.id).and_then(Value::as_object) else { continue };
            for attribute in &schema.attributes {
                self.note_supplied(Some(&schema.id), attribute, None, members.get(&attribute.name));
            }
        }
        self
    }

    /// The same for the answer to a PATCH with these operations.
    #[must_use]
    pub fn with_patched(mut self, patch: &Patch, definition: &Definition) -> Self {
        for operation in &patch.operations {
            let Some(found) = operation.target.definitions(definition) else { continue };
            let named = found.sub.map(|(name, _)| name);
            self.note_supplied(found.extension, found.attribute, named, operation.value.as_ref());
        }
        self
    }

    /// Notes what of an attribute a request supplied: the sub-attribute it named, or those in the value.
    fn note_supplied(
        &mut self,
        extension: Option<&str>,
        attribute: &Attribute,
        named: Option<&str>,
        value: Option<&Value>,
    ) {
        let Some(value) = value else { return };
        let mut note = |sub: Option<&str>| {
            let name = Name::new(extension, &attribute.name, sub);
            if !self.supplied.contains(&name) {
                self.supplied.push(name);
            }
        };
        if attribute.returned == Returned::Request {
            note(None);
        }
        for sub in attribute.sub_attributes.iter().filter(|sub| sub.returned == Returned::Request) {
            let has = |value: &Value| value.get(&sub.name).is_some();
            let is_supplied = match (named, value) {
                (Some(named), _) => named == sub.name,
                (None, Value::Array(items)) => items.iter().any(has),
                (None, value) => has(value),
            };
            if is_supplied {
                note(Some(&sub.name));
            }
        }
    }

    /// Whether any of attribute `name` (canonical, at the top of the resource, returned by default) will be returned:
    /// if not, the server need not load it.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        let named = self.named(None, name);
        match self.kind {
            Kind::Default => true,
            Kind::Only => named.is_whole() || !named.subs.is_empty(),
            Kind::Without => !named.is_whole(),
        }
    }

    /// Whether the client named nothing, so that the whole resource is returned.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.kind == Kind::Default
    }

    /// The resource as the client wants it. `schemas` and what is `returned: always` stay; what is
    /// `returned: never` goes (RFC 7643 §7).
    #[must_use]
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

    /// What is shown of one attribute.
    fn part(
        &self,
        extension: Option<&str>,
        attribute: &Attribute,
        name: &str,
        value: &Value,
    ) -> Option<Value> {
        if is_never_shown(attribute) {
            return None;
        }
        let named = self.named(extension, name);
        let by_default = self.is_by_default(extension, attribute, name, None);
        let whole = attribute.returned == Returned::Always
            || match self.kind {
                Kind::Default => by_default,
                Kind::Only => named.itself || named.by_schema && by_default,
                Kind::Without => by_default && !named.is_whole(),
            };
        let plain = |sub: &Attribute| {
            matches!(sub.returned, Returned::Always | Returned::Default) && !is_never_shown(sub)
        };
        if whole && named.subs.is_empty() && attribute.sub_attributes.iter().all(plain) {
            return Some(value.clone());
        }
        members(value, whole, |key| {
            let Some(sub) = attribute.sub(key).filter(|sub| !is_never_shown(sub)) else { return false };
            match sub.returned {
                Returned::Always => true,
                _ if named.has(key) => self.kind == Kind::Only,
                Returned::Request => whole && self.is_by_default(extension, sub, name, Some(key)),
                Returned::Default | Returned::Never => whole,
            }
        })
    }

    /// Whether it is shown to whoever names nothing: what is returned on request is, if the client supplied it.
    fn is_by_default(
        &self,
        extension: Option<&str>,
        attribute: &Attribute,
        name: &str,
        sub: Option<&str>,
    ) -> bool {
        match attribute.returned {
            Returned::Always | Returned::Default => true,
            Returned::Never => false,
            Returned::Request => self.supplied.contains(&Name::new(extension, name, sub)),
        }
    }

    fn named(&self, extension: Option<&str>, attribute: &str) -> Named<'_> {
        let mut named = Named::default();
        for name in self.names.iter().filter(|name| name.is_in(extension)) {
            match (&name.attribute, &name.sub) {
                (Some(own), _) if !own.eq_ignore_ascii_case(attribute) => {}
                (Some(_), Some(sub)) => named.subs.push(sub.as_str()),
                (Some(_), None) if !name.by_schema => named.itself = true,
                (None, _) | (Some(_), None) => named.by_schema = true,
            }
        }
        named
    }
}

fn names_any(list: &[String]) -> bool {
    list.iter().flat_map(|names| names.split(',')).any(|name| !name.trim().is_empty())
}

/// What no answer shows, whoever asks: also what can only be written (RFC 7643 §7).
fn is_never_shown(attribute: &Attribute) -> bool {
    attribute.returned == Returned::Never || attribute.is_dropped()
}

/// The members of a complex value, or of each of several, that `keep` keeps; nothing if none is left. What has no
/// members is kept if the whole is.
fn members(value: &Value, whole: bool, keep: impl Fn(&str) -> bool + Copy) -> Option<Value> {
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
            let kept: Vec<Value> = items.iter().filter_map(|item| members(item, whole, keep)).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        other => whole.then(|| other.clone()),
    }
}

impl Name {
    fn new(extension: Option<&str>, attribute: &str, sub: Option<&str>) -> Self {
        Self {
            extension: extension.map(str::to_owned),
            attribute: Some(attribute.to_owned()),
            sub: sub.map(str::to_owned),
            by_schema: false,
        }
    }

    /// Whether it is about this extension, or about none.
    fn is_in(&self, extension: Option<&str>) -> bool {
        match (&self.extension, extension) {
            (None, None) => true,
            (Some(left), Some(right)) => left.eq_ignore_ascii_case(right),
            _ => false,
        }
    }

    /// What a name may mean; nothing if nothing has it.
    fn find(text: &str, definition: &Definition) -> Vec<Self> {
        let whole =
            |urn: &str| Self { extension: Some(urn.to_owned()), attribute: None, sub: None, by_schema: true };
        // An extension's URN alone means all of it.
        if let Some(schema) = definition.extension(text) {
            return vec![whole(&schema.id)];
        }
        // RFC 7644 §3.10: the base schema's URN alone means the attributes of that schema.
        if definition.is_base(text) {
            let named =
                |attribute: &Attribute| Self { by_schema: true, ..Self::new(None, &attribute.name, None) };
            return definition.schema.attributes.iter().map(named).collect();
        }
        let Some(path) = attr_path(text) else { return Vec::new() };
        let Some(found) = definition.resolve(path.urn.as_deref(), &path.attribute, path.sub.as_deref())
        else {
            return Vec::new();
        };
        let mut names = vec![Self::new(found.extension, found.name, found.sub.map(|(name, _)| name))];
        // `urn:x:Badge` of nobody's schema may be the whole extension or attribute `Badge` of `urn:x`.
        if found.attribute.kind == Type::Any && path.sub.is_none() {
            names.push(whole(text));
        }
        names
    }
}

#[cfg(test)]
mod tests;
