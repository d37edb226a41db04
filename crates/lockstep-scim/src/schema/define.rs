//! A schema that somebody defines, from the JSON of RFC 7643 §7 to a `Schema` that holds together.
//! What is a schema afterwards needs no further check; must not know which directory it is for.

use serde_json::Value;

use super::{
    Attribute, ENTERPRISE_USER_URN, Mutability, Returned, Schema, Type, Uniqueness, common, find,
    is_of_the_standard, is_urn,
};
use crate::{Error, Limits, Object, error::shown};

/// What a Schema resource may say of itself, and of an attribute (RFC 7643 §7).
const SCHEMA_MEMBERS: [&str; 6] = ["schemas", "meta", "id", "name", "description", "attributes"];
const ATTRIBUTE_MEMBERS: [&str; 12] = [
    "name",
    "type",
    "multiValued",
    "description",
    "required",
    "canonicalValues",
    "caseExact",
    "mutability",
    "returned",
    "uniqueness",
    "referenceTypes",
    "subAttributes",
];

impl Schema {
    /// Reads a Schema resource (RFC 7643 §7), as [`Schema::to_json`] renders it. What is not said has the default of
    /// RFC 7643 §2.2; a reference or binary is case exact unless it says otherwise (§2.3.6, §2.3.7), and a writeOnly
    /// attribute is never returned.
    ///
    /// Refused, with 400 invalidValue and the place (`attributes[3].subAttributes[0].type: …`): an id that is no URN,
    /// or one of the standard's; a name outside RFC 7643 §2.1, given twice, or that of a common attribute; a member
    /// that no attribute has; characteristics that contradict each other; more than the limits allow.
    ///
    /// ```
    /// use lockstep_scim::{Limits, schema::Schema};
    /// use serde_json::json;
    ///
    /// let badge = json!({
    ///     "id": "urn:example:params:scim:schemas:extension:badge:1.0:User",
    ///     "name": "Badge",
    ///     "attributes": [{"name": "number", "type": "integer", "required": true}],
    /// });
    /// let schema = Schema::from_json(&badge, &Limits::default())?;
    /// assert!(schema.attribute("NUMBER").is_some_and(|number| number.required));
    ///
    /// let wrong = json!({"id": schema.id, "name": "Badge", "attributes": [{"name": "number", "type": "int"}]});
    /// let error = Schema::from_json(&wrong, &Limits::default()).unwrap_err();
    /// assert!(error.detail.starts_with("attributes[0].type: must be one of string, boolean, decimal"));
    /// # Ok::<(), lockstep_scim::Error>(())
    /// ```
    pub fn from_json(value: &Value, limits: &Limits) -> Result<Self, Error> {
        let Value::Object(members) = value else {
            return Err(Error::invalid_syntax("a schema must be a JSON object"));
        };
        let entry = Entry { members, place: String::new(), limits };
        entry.knows_only(&SCHEMA_MEMBERS, "schema")?;
        let id = entry.text("id", name_bytes(limits))?.unwrap_or_default();
        if let Some(reason) = why_no_id(id) {
            return Err(entry.fault("id", reason));
        }
        let name = entry.text("name", name_bytes(limits))?.map_or("", str::trim);
        if name.is_empty() {
            return Err(entry.fault("name", "is required, for people to know the schema by"));
        }
        let description = entry.text("description", description_bytes(limits))?.unwrap_or_default();
        let attributes =
            entry.attributes("attributes", limits.schema_attributes, "schema_attributes", None)?;
        if attributes.is_empty() {
            return Err(entry.fault("attributes", "must be an array of at least one attribute"));
        }
        Ok(Self { id: id.to_owned(), name: name.to_owned(), description: description.to_owned(), attributes })
    }
}

/// Why a text can't be the id of a schema of somebody's own. The characters are those of RFC 8141 that a path can
/// hold too (RFC 7644 §3.10): a schema that no path can name could be neither filtered nor patched.
fn why_no_id(id: &str) -> Option<&'static str> {
    const FORM: &str = "must be a urn such as urn:example:schemas:badge:1.0:User, of letters, digits and - . _ $ between colons";
    if !is_urn(id) {
        return Some(FORM);
    }
    let mut segments = id.split(':').skip(1);
    let namespace = segments.next().unwrap_or_default();
    // RFC 8141 §2: 2 to 32 letters, digits and inner hyphens.
    let is_namespace = (2..=32).contains(&namespace.len())
        && namespace.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !namespace.starts_with('-')
        && !namespace.ends_with('-');
    let is_segment = |segment: &str| {
        !segment.is_empty()
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._$".contains(&byte))
    };
    let mut rest = segments.peekable();
    if !is_namespace || rest.peek().is_none() || !rest.all(is_segment) {
        return Some(FORM);
    }
    // The enterprise extension in whatever version, and what goes on after it.
    let enterprise = ENTERPRISE_USER_URN.trim_end_matches("2.0:User");
    let starts = |with: &str| id.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    if is_of_the_standard(id) || starts(enterprise) || starts("urn:scim:schemas:extension:enterprise:") {
        return Some("belongs to the standard; choose a urn of your own");
    }
    None
}

/// The name of a limit, and how many bytes it allows.
type Bound = (&'static str, usize);

fn name_bytes(limits: &Limits) -> Bound {
    ("schema_name_bytes", limits.schema_name_bytes)
}

fn description_bytes(limits: &Limits) -> Bound {
    ("schema_description_bytes", limits.schema_description_bytes)
}

/// One object of the definition, and where it stands.
struct Entry<'a> {
    members: &'a Object,
    /// `attributes[3].`; empty at the top.
    place: String,
    limits: &'a Limits,
}

impl<'a> Entry<'a> {
    fn fault(&self, name: &str, reason: impl AsRef<str>) -> Error {
        Error::invalid_value(format!("{}{name}: {}", self.place, reason.as_ref()))
    }

    /// A member, whatever the case of its name (RFC 7643 §2.1); null is none.
    fn member(&self, name: &str) -> Option<&'a Value> {
        let found = self.members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// What is misspelt would else be the default, and nobody would notice.
    fn knows_only(&self, known: &[&str], what: &str) -> Result<(), Error> {
        for (index, key) in self.members.keys().enumerate() {
            if !known.iter().any(|known| known.eq_ignore_ascii_case(key)) {
                return Err(
                    self.fault(&shown(key), format!("no {what} has this; known are {}", known.join(", ")))
                );
            }
            if self.members.keys().take(index).any(|other| other.eq_ignore_ascii_case(key)) {
                return Err(self.fault(&shown(key), "is there twice"));
            }
        }
        Ok(())
    }

    fn text(&self, name: &str, bound: Bound) -> Result<Option<&'a str>, Error> {
        match self.member(name) {
            None => Ok(None),
            Some(Value::String(text)) => {
                self.bounded(name, text, bound)?;
                Ok(Some(text))
            }
            Some(_) => Err(self.fault(name, "must be a string")),
        }
    }

    fn bounded(&self, name: &str, text: &str, (limit, bytes_max): Bound) -> Result<(), Error> {
        if text.len() > bytes_max {
            let reason = format!("has {} bytes; the limit {limit} is {bytes_max}", text.len());
            return Err(self.fault(name, reason).over(limit));
        }
        if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\t')) {
            return Err(self.fault(name, "has a control character; leave it out"));
        }
        Ok(())
    }

    fn truth(&self, name: &str, default: bool) -> Result<bool, Error> {
        match self.member(name) {
            None => Ok(default),
            Some(Value::Bool(value)) => Ok(*value),
            Some(_) => Err(self.fault(name, "must be true or false")),
        }
    }

    /// One of a closed set of words, which are matched as they are spelled (RFC 7643 §7: caseExact).
    fn one_of<T: Copy>(
        &self,
        name: &str,
        words: &[T],
        word: fn(T) -> &'static str,
    ) -> Result<Option<T>, Error> {
        let Some(value) = self.member(name) else { return Ok(None) };
        let found = value.as_str().and_then(|text| words.iter().copied().find(|&known| word(known) == text));
        let Some(found) = found else {
            let known: Vec<&str> = words.iter().copied().map(word).collect();
            return Err(self.fault(name, format!("must be one of {}", known.join(", "))));
        };
        Ok(Some(found))
    }

    fn array(&self, name: &str, limit: usize, limit_name: &'static str) -> Result<&'a [Value], Error> {
        match self.member(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) if items.len() > limit => {
                let reason = format!("has {} entries; the limit {limit_name} is {limit}", items.len());
                Err(self.fault(name, reason).over(limit_name))
            }
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.fault(name, "must be an array")),
        }
    }

    /// Texts, each once.
    fn words(&self, name: &str) -> Result<Vec<String>, Error> {
        let items = self.array(name, self.limits.schema_canonical_values, "schema_canonical_values")?;
        let mut words: Vec<String> = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = format!("{name}[{index}]");
            let Some(word) = item.as_str().filter(|word| !word.trim().is_empty()) else {
                return Err(self.fault(&place, "must be a string that is not empty"));
            };
            self.bounded(&place, word, name_bytes(self.limits))?;
            if words.iter().any(|known| known == word) {
                return Err(self.fault(&place, "is there twice"));
            }
            words.push(word.to_owned());
        }
        Ok(words)
    }

    /// The attributes in a member; `parent` is the complex attribute they are parts of.
    fn attributes(
        &self,
        member: &str,
        limit: usize,
        limit_name: &'static str,
        parent: Option<bool>,
    ) -> Result<Vec<Attribute>, Error> {
        let items = self.array(member, limit, limit_name)?;
        let mut attributes: Vec<Attribute> = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = format!("{}{member}[{index}]", self.place);
            let Value::Object(members) = item else {
                return Err(Error::invalid_value(format!("{place}: must be an object")));
            };
            let entry = Entry { members, place: format!("{place}."), limits: self.limits };
            let attribute = entry.attribute(parent)?;
            if find(&attributes, &attribute.name).is_some() {
                return Err(entry
                    .fault("name", "another attribute beside it has this name; case makes no difference"));
            }
            attributes.push(attribute);
        }
        Ok(attributes)
    }

    /// This entry as an attribute; `parent` says of a sub-attribute whether its attribute is multi-valued.
    fn attribute(&self, parent: Option<bool>) -> Result<Attribute, Error> {
        self.knows_only(&ATTRIBUTE_MEMBERS, "attribute")?;
        let name = self.name(parent.is_some())?;
        let kind = self.one_of("type", &Type::DECLARED, Type::as_str)?.unwrap_or(Type::String);
        if parent.is_some() && kind == Type::Complex {
            // RFC 7643 §2.3.8.
            return Err(self.fault("type", "a sub-attribute can't be complex"));
        }
        let mut attribute = Attribute::new(name, kind);
        attribute.multi_valued = self.truth("multiValued", false)?;
        let description = self.text("description", description_bytes(self.limits))?;
        description.unwrap_or_default().clone_into(&mut attribute.description);
        attribute.required = self.truth("required", false)?;
        self.comparison(&mut attribute)?;
        self.access(&mut attribute)?;
        attribute.canonical_values = self.words("canonicalValues")?;
        if !attribute.canonical_values.is_empty() && matches!(kind, Type::Complex | Type::Boolean) {
            return Err(self.fault("canonicalValues", format!("a {} has none", kind.as_str())));
        }
        attribute.reference_types = self.words("referenceTypes")?;
        if !attribute.reference_types.is_empty() && kind != Type::Reference {
            return Err(self.fault("referenceTypes", "only an attribute of type reference has them"));
        }
        let limit = self.limits.schema_sub_attributes;
        if kind == Type::Complex {
            attribute.sub_attributes = self.attributes(
                "subAttributes",
                limit,
                "schema_sub_attributes",
                Some(attribute.multi_valued),
            )?;
            if attribute.sub_attributes.is_empty() {
                return Err(self.fault("subAttributes", "a complex attribute needs at least one"));
            }
        } else if !self.array("subAttributes", limit, "schema_sub_attributes")?.is_empty() {
            return Err(self.fault("subAttributes", "only an attribute of type complex has them"));
        }
        self.default_meaning(&attribute, parent)?;
        Ok(attribute)
    }

    /// RFC 7643 §2.1: a letter, then letters, digits, `-`, `_` and `$`. The one name that begins otherwise is `$ref`.
    fn name(&self, is_sub: bool) -> Result<&'a str, Error> {
        let name = self.text("name", name_bytes(self.limits))?.unwrap_or_default();
        let is_name = name.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_$".contains(&byte));
        if !(is_name || is_sub && name == "$ref") {
            return Err(self.fault("name", "must be a letter, and then letters, digits, - _ and $"));
        }
        // RFC 7643 §3.1: no schema defines these.
        if !is_sub && find(common(), name).is_some() {
            return Err(self.fault("name", "is that of an attribute every resource has; choose another"));
        }
        Ok(name)
    }

    /// caseExact and uniqueness, which mean nothing for some types (erratum 6004).
    fn comparison(&self, attribute: &mut Attribute) -> Result<(), Error> {
        let case_exact = self.truth("caseExact", attribute.case_exact)?;
        if matches!(attribute.kind, Type::String | Type::Reference | Type::Binary) {
            attribute.case_exact = case_exact;
        }
        let all = [Uniqueness::None, Uniqueness::Server, Uniqueness::Global];
        attribute.uniqueness =
            self.one_of("uniqueness", &all, Uniqueness::as_str)?.unwrap_or(Uniqueness::None);
        let is_unique = attribute.uniqueness != Uniqueness::None;
        if is_unique && matches!(attribute.kind, Type::Complex | Type::Boolean) {
            return Err(self.fault("uniqueness", format!("a {} can't be unique", attribute.kind.as_str())));
        }
        Ok(())
    }

    /// mutability and returned, and what they mean for each other.
    fn access(&self, attribute: &mut Attribute) -> Result<(), Error> {
        let all = [Mutability::ReadOnly, Mutability::ReadWrite, Mutability::Immutable, Mutability::WriteOnly];
        attribute.mutability =
            self.one_of("mutability", &all, Mutability::as_str)?.unwrap_or(Mutability::ReadWrite);
        let all = [Returned::Always, Returned::Never, Returned::Default, Returned::Request];
        let returned = self.one_of("returned", &all, Returned::as_str)?;
        if attribute.mutability == Mutability::WriteOnly {
            // RFC 7643 §7: its values are not returned.
            if returned.is_some_and(|returned| returned != Returned::Never) {
                return Err(self.fault("returned", "must be never for what is writeOnly"));
            }
            // A value that is not kept is there in no later request.
            if attribute.required {
                return Err(self.fault("required", "what is writeOnly is not kept, so it can't be required"));
            }
            attribute.returned = Returned::Never;
        } else {
            attribute.returned = returned.unwrap_or(Returned::Default);
        }
        Ok(())
    }

    /// The sub-attributes that RFC 7643 §2.4 gives a meaning have it.
    fn default_meaning(&self, attribute: &Attribute, parent: Option<bool>) -> Result<(), Error> {
        let wanted = match (parent, attribute.name.as_str()) {
            (Some(true), name) if name.eq_ignore_ascii_case("primary") => Type::Boolean,
            (Some(_), "$ref") => Type::Reference,
            _ => return Ok(()),
        };
        if attribute.kind != wanted || attribute.multi_valued {
            let name = &attribute.name;
            return Err(self.fault("type", format!("{name} must be one {}", wanted.as_str())));
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests;
