//! Attributes by name, each from a path of the SCIM resource: paths are bound once, and then read of many users. What
//! does not fit its type is left out, and that is said.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use lockstep_scim::path::{Path, Selected, Selector};
use lockstep_scim::{Definition, Error, Limits, Object};
use serde_json::Value;

use super::{AttributeMapping, DirectoryMapping};
use crate::limits::{
    MAPPED_NAME_BYTES_LIMIT, MAPPED_PATH_BYTES_LIMIT, MAPPED_PATH_TERMS_LIMIT, PROJECTION_BYTES_LIMIT,
};
use crate::plan::size::value_bytes;

mod convert;

pub use convert::AttributeType;

/// An attribute that a contract maps by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StandardAttribute {
    /// Its name, as the field knows it (`department_name`).
    pub name: &'static str,
    /// The SCIM paths that may hold it: the first that has a value that fits gives it.
    pub paths: &'static [&'static str],
    /// What its value is made into.
    pub attribute_type: AttributeType,
    /// Of a list of objects: what their members are called, and what they are called in SCIM. None: they stay.
    pub members: &'static [(&'static str, &'static str)],
}

/// Who mapped an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MappedBy {
    /// The contract.
    Contract,
    /// The organization.
    Organization,
    /// The directory.
    Directory,
}

impl MappedBy {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contract => "contract",
            Self::Organization => "organization",
            Self::Directory => "directory",
        }
    }
}

/// The attributes that hold for one directory, ready to be read of many users. In the order of their names.
#[derive(Clone, Debug, Default)]
pub struct Attributes(Vec<Effective>);

/// One of them.
#[derive(Clone, Debug)]
pub struct Effective {
    /// Its name.
    pub name: String,
    /// The SCIM paths that may hold it, the first that has a value goes before the others.
    pub paths: Vec<String>,
    /// What its value is made into.
    pub attribute_type: AttributeType,
    /// Whether a user without it is told as incomplete.
    pub required: bool,
    /// Who mapped it.
    pub mapped_by: MappedBy,
    members: &'static [(&'static str, &'static str)],
    selectors: Vec<Selector>,
}

/// What was read of one user.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Reading {
    /// The attributes that have a value, by name.
    pub values: Object,
    /// Those that have none though they should, or though something is there.
    pub left_out: Vec<LeftOut>,
}

/// An attribute that was left out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: Why,
}

/// Why an attribute was left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// It is required, and there is nothing.
    Missing,
    /// There is something, and it is not of its type.
    Unfit(AttributeType),
    /// All that is mapped would take more than its bound together with it.
    TooLarge,
}

impl Why {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unfit(_) => "unfit",
            Self::TooLarge => "too_large",
        }
    }
}

impl LeftOut {
    /// As the record of a request notes it. Holds no value.
    #[must_use]
    pub fn note(&self) -> String {
        let name = &self.name;
        match self.why {
            Why::Missing => format!("{name}: a required attribute without a value (missing)"),
            Why::Unfit(kind) => format!("{name}: left out, its value is no {} (unfit)", kind.as_str()),
            Why::TooLarge => format!(
                "{name}: left out, a user's attributes may take {PROJECTION_BYTES_LIMIT} bytes (too_large)"
            ),
        }
    }
}

/// What a path can name where nothing is known of the directory's own schemas.
static USER: LazyLock<Definition> = LazyLock::new(|| Definition::user().with_open_extensions());

/// Why a name cannot be an attribute's; nothing where it can.
#[must_use]
pub fn name_fault(name: &str) -> Option<String> {
    let first = |c: char| c.is_ascii_alphabetic();
    let other = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let fits = name.starts_with(first) && name.chars().all(other) && name.len() <= MAPPED_NAME_BYTES_LIMIT;
    (!fits).then(|| {
        format!(
            "a name is a letter and then letters, digits, `_` and `-`, of at most {MAPPED_NAME_BYTES_LIMIT} in all"
        )
    })
}

/// Reads the path of an attribute: `[urn:]attribute[filter].sub`. What it names must be something that a user can have.
pub fn parse_path(path: &str) -> Result<Selector, Error> {
    let limits = Limits {
        path_bytes: MAPPED_PATH_BYTES_LIMIT,
        filter_terms: MAPPED_PATH_TERMS_LIMIT,
        ..Limits::default()
    };
    Selector::new(&Path::parse(path, &limits)?, &USER)
}

impl Attributes {
    /// The contract's own, with those of the organization and the directory over them. A path that is none, which no
    /// mapping has that was let in, names nothing.
    #[must_use]
    pub fn of(standard: &[StandardAttribute], mapping: &DirectoryMapping) -> Self {
        let mut by_name: BTreeMap<&str, Effective> =
            standard.iter().map(|one| (one.name, Effective::standard(one))).collect();
        let scopes = [(&mapping.organization, MappedBy::Organization), (&mapping.own, MappedBy::Directory)];
        for (scope, mapped_by) in scopes {
            add_scope(&mut by_name, scope, mapped_by);
        }
        Self(by_name.into_values().collect())
    }

    /// Each of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Effective> {
        self.0.iter()
    }

    /// The mapped attributes of a user that have a value, by name.
    #[must_use]
    pub fn project(&self, doc: &Object) -> Object {
        self.read(doc).values
    }

    /// The same, and what was left out.
    #[must_use]
    pub fn read(&self, doc: &Object) -> Reading {
        let mut reading = Reading::default();
        let mut left = PROJECTION_BYTES_LIMIT;
        for attribute in &self.0 {
            let why = match attribute.read(doc) {
                Ok(None) if attribute.required => Why::Missing,
                Ok(None) => continue,
                Ok(Some(value)) => {
                    let bytes = attribute.name.len() + value_bytes(&value);
                    if let Some(rest) = left.checked_sub(bytes) {
                        left = rest;
                        reading.values.insert(attribute.name.clone(), value);
                        continue;
                    }
                    Why::TooLarge
                }
                Err(why) => why,
            };
            reading.left_out.push(LeftOut { name: attribute.name.clone(), why });
        }
        reading
    }
}

fn add_scope<'a>(
    by_name: &mut BTreeMap<&'a str, Effective>,
    scope: &'a AttributeMapping,
    mapped_by: MappedBy,
) {
    for (name, mapped) in scope {
        let Some(mapped) = mapped else {
            by_name.remove(name.as_str());
            continue;
        };
        let effective = Effective {
            name: name.clone(),
            paths: vec![mapped.path.clone()],
            attribute_type: mapped.attribute_type,
            required: mapped.required,
            mapped_by,
            members: &[],
            selectors: parse_path(&mapped.path).into_iter().collect(),
        };
        by_name.insert(name, effective);
    }
}

impl Effective {
    fn standard(attribute: &StandardAttribute) -> Self {
        Self {
            name: attribute.name.to_owned(),
            paths: attribute.paths.iter().map(|path| (*path).to_owned()).collect(),
            attribute_type: attribute.attribute_type,
            required: false,
            mapped_by: MappedBy::Contract,
            members: attribute.members,
            selectors: attribute.paths.iter().filter_map(|path| parse_path(path).ok()).collect(),
        }
    }

    /// Its value in a user, by the first path that has one that fits.
    fn read(&self, doc: &Object) -> Result<Option<Value>, Why> {
        let mut is_unfit = false;
        for selector in &self.selectors {
            let selected = selector.select(doc);
            if selected.values.is_empty() {
                continue;
            }
            match self.convert(&selected) {
                Some(value) => return Ok(Some(value)),
                None => is_unfit = true,
            }
        }
        if is_unfit { Err(Why::Unfit(self.attribute_type)) } else { Ok(None) }
    }

    fn convert(&self, selected: &Selected<'_>) -> Option<Value> {
        if self.members.is_empty() {
            return self.attribute_type.convert(selected);
        }
        let objects = selected.values.iter().filter_map(|value| value.as_object());
        let renamed: Vec<Value> = objects.map(|object| rename(object, self.members)).collect();
        (!renamed.is_empty()).then_some(Value::Array(renamed))
    }
}

/// An object by our names: null where it does not say; what does not say that it is primary is not.
fn rename(object: &Object, members: &[(&str, &str)]) -> Value {
    let member = |(name, from): &(&str, &str)| {
        let absent = if *from == "primary" { Value::Bool(false) } else { Value::Null };
        ((*name).to_owned(), object.get(*from).cloned().unwrap_or(absent))
    };
    Value::Object(members.iter().map(member).collect())
}

#[cfg(test)]
mod tests;
