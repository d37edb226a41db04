//! Attributes as data (RFC 7643 §2, §7): what each may hold and who may change or see it.
//! Names are looked up without regard to case; must not know any resource's values.
//!
//! ```
//! use lockstep_scim::{Definition, schema::{ENTERPRISE_USER_URN, Mutability, Type}};
//!
//! let user = Definition::user();
//! let manager = user.resolve(Some(ENTERPRISE_USER_URN), "MANAGER", Some("displayname"));
//! let display_name = manager.map(|found| (found.name, found.leaf().kind, found.leaf().mutability));
//! assert_eq!(display_name, Some(("manager", Type::String, Mutability::ReadOnly)));
//! assert!(user.resolve(None, "shoeSize", None).is_none());
//! ```

use std::sync::LazyLock;

mod builtin;
mod define;
mod evolution;
mod render;

pub use evolution::Evolution;

pub use builtin::{ENTERPRISE_USER_URN, GROUP_URN, USER_URN, enterprise_user, group, user};

/// The type of a value (RFC 7643 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// Text (§2.3.1).
    String,
    /// true or false (§2.3.2).
    Boolean,
    /// A number (§2.3.3).
    Decimal,
    /// A whole number (§2.3.4).
    Integer,
    /// An instant (§2.3.5).
    DateTime,
    /// base64 (§2.3.6).
    Binary,
    /// A URI (§2.3.7).
    Reference,
    /// An object of sub-attributes (§2.3.8).
    Complex,
    /// Whatever came: an attribute of an extension nobody declared.
    Any,
}

/// Who may change a value, and when (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mutability {
    /// Only the server.
    ReadOnly,
    /// Client and server.
    ReadWrite,
    /// The client, once.
    Immutable,
    /// The client; nobody sees it again.
    WriteOnly,
}

/// When a value is in a response (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Returned {
    /// In every response.
    Always,
    /// In no response.
    Never,
    /// Unless the client leaves it out.
    Default,
    /// Only if the client names it.
    Request,
}

/// Among which resources a value is unique (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Uniqueness {
    /// None.
    None,
    /// Those of this directory.
    Server,
    /// All there are.
    Global,
}

/// One attribute and its characteristics (RFC 7643 §2.2, §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Canonical spelling.
    pub name: String,
    /// Type of a value.
    pub kind: Type,
    /// Holds an array of values.
    pub multi_valued: bool,
    /// Must have a value.
    pub required: bool,
    /// Text is compared with regard to case.
    pub case_exact: bool,
    /// Who may change it.
    pub mutability: Mutability,
    /// When it is returned.
    pub returned: Returned,
    /// Where it is unique.
    pub uniqueness: Uniqueness,
    /// For people.
    pub description: String,
    /// Suggested values (RFC 7643 §7); others are accepted.
    pub canonical_values: Vec<String>,
    /// What a reference may point at.
    pub reference_types: Vec<String>,
    /// Members of a complex value.
    pub sub_attributes: Vec<Attribute>,
    /// Understood in a request, but not published in /Schemas.
    pub hidden: bool,
}

impl Attribute {
    /// An attribute with the defaults of RFC 7643 §2.2: a single optional string.
    pub fn new(name: &str, kind: Type) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            multi_valued: false,
            required: false,
            case_exact: matches!(kind, Type::Reference | Type::Binary),
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            description: String::new(),
            canonical_values: Vec::new(),
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
            hidden: false,
        }
    }

    /// The sub-attribute of this name, whatever its case (RFC 7643 §2.1).
    pub fn sub(&self, name: &str) -> Option<&Self> {
        if self.kind == Type::Any {
            return Some(any_attribute());
        }
        find(&self.sub_attributes, name)
    }

    /// Whether clients may not write it.
    pub fn is_read_only(&self) -> bool {
        self.mutability == Mutability::ReadOnly
    }

    /// Whether a client may write it, and the server keeps it.
    pub fn is_written(&self) -> bool {
        matches!(self.mutability, Mutability::ReadWrite | Mutability::Immutable)
    }

    /// Whether a value is taken and forgotten: a password (RFC 7643 §4.1.1).
    pub fn is_dropped(&self) -> bool {
        self.mutability == Mutability::WriteOnly
    }
}

/// A named set of attributes (RFC 7643 §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// URN, in canonical spelling.
    pub id: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: String,
    /// The attributes; `id`, `externalId` and `meta` belong to no schema (RFC 7643 §3.1).
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// The attribute of this name, whatever its case (RFC 7643 §2.1).
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        find(&self.attributes, name)
    }
}

/// A resource type (RFC 7643 §6): a schema, its extensions, and where it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// `User`, `Group`: also `meta.resourceType`.
    pub name: String,
    /// Path below the base URL.
    pub endpoint: String,
    /// For people.
    pub description: String,
    /// The base schema.
    pub schema: Schema,
    /// Extensions, and whether each is required.
    pub extensions: Vec<(Schema, bool)>,
    /// Keep `urn:` objects that no extension here declares, as they came.
    pub open_extensions: bool,
    /// URNs of which nothing is kept although others are open: extensions that were declared once.
    pub closed_extensions: Vec<String>,
}

/// An attribute found by name: where it lives in the object and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolved<'a> {
    /// Key of the extension object that holds it; none at the top of the resource.
    pub extension: Option<&'a str>,
    /// Its key: canonical, or as the path spells it in an undeclared extension.
    pub name: &'a str,
    /// Its definition.
    pub attribute: &'a Attribute,
    /// The sub-attribute's key and definition, if the path names one.
    pub sub: Option<(&'a str, &'a Attribute)>,
}

impl<'a> Resolved<'a> {
    /// The attribute whose values the path means: the sub-attribute if there is one.
    pub fn leaf(&self) -> &'a Attribute {
        self.sub.map_or(self.attribute, |(_, sub)| sub)
    }
}

impl Definition {
    /// User with the enterprise extension (RFC 7643 §4.1, §4.3), closed.
    #[must_use]
    pub fn user() -> Self {
        Self {
            name: "User".to_owned(),
            endpoint: "/Users".to_owned(),
            description: "User Account".to_owned(),
            schema: user(),
            extensions: vec![(enterprise_user(), false)],
            open_extensions: false,
            closed_extensions: Vec::new(),
        }
    }

    /// Group (RFC 7643 §4.2), closed.
    #[must_use]
    pub fn group() -> Self {
        Self {
            name: "Group".to_owned(),
            endpoint: "/Groups".to_owned(),
            description: "Group".to_owned(),
            schema: group(),
            extensions: Vec::new(),
            open_extensions: false,
            closed_extensions: Vec::new(),
        }
    }

    /// The same without what is understood and not published: for it there is nothing but what /Schemas says.
    #[must_use]
    pub fn without_hidden(mut self) -> Self {
        self.schema.attributes.retain(|attribute| !attribute.hidden);
        for attribute in &mut self.schema.attributes {
            attribute.sub_attributes.retain(|sub| !sub.hidden);
        }
        self
    }

    /// Every `type` of a list has canonical values: `other` where the schema suggests none (interop profile).
    pub fn suggest_types(&mut self) {
        let extensions = self.extensions.iter_mut().map(|(schema, _)| schema);
        let attributes = extensions.chain([&mut self.schema]).flat_map(|schema| &mut schema.attributes);
        for kind in
            attributes.filter(|attribute| attribute.multi_valued).flat_map(|list| &mut list.sub_attributes)
        {
            if kind.name == "type" && kind.kind == Type::String && kind.canonical_values.is_empty() {
                kind.canonical_values = vec!["other".to_owned()];
            }
        }
    }

    /// The same type, keeping extensions that nobody declared.
    #[must_use]
    pub fn with_open_extensions(mut self) -> Self {
        self.open_extensions = true;
        self
    }

    /// The same type, keeping nothing under these URNs where nobody declares them.
    #[must_use]
    pub fn with_closed_extensions(mut self, urns: impl IntoIterator<Item = String>) -> Self {
        self.closed_extensions.extend(urns);
        self
    }

    /// The same type with one more extension, or with another version of one it has (RFC 7643 §3.3).
    #[must_use]
    pub fn with_extension(mut self, schema: Schema, required: bool) -> Self {
        let held = self.extensions.iter_mut().find(|(held, _)| held.id.eq_ignore_ascii_case(&schema.id));
        match held {
            Some(held) => *held = (schema, required),
            None => self.extensions.push((schema, required)),
        }
        self
    }

    /// The same type without an extension.
    #[must_use]
    pub fn without_extension(mut self, urn: &str) -> Self {
        self.extensions.retain(|(schema, _)| !schema.id.eq_ignore_ascii_case(urn));
        self
    }

    /// An attribute at the top of the resource: common (RFC 7643 §3.1) or of the base schema.
    /// Common attributes win over a schema that names one again.
    #[must_use]
    pub fn top(&self, name: &str) -> Option<&Attribute> {
        find(common(), name).or_else(|| self.schema.attribute(name))
    }

    /// The attributes at the top of the resource: common ones first.
    pub fn top_attributes(&self) -> impl Iterator<Item = &Attribute> {
        common().iter().chain(&self.schema.attributes)
    }

    /// A declared extension, by URN whatever its case (RFC 7644 §3.10).
    #[must_use]
    pub fn extension(&self, urn: &str) -> Option<&Schema> {
        self.extensions.iter().map(|(schema, _)| schema).find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// Whether `urn` is the base schema's, whatever its case.
    pub fn is_base(&self, urn: &str) -> bool {
        self.schema.id.eq_ignore_ascii_case(urn)
    }

    /// Whether a key or URN is that of an undeclared extension this type keeps.
    pub fn is_open_extension(&self, urn: &str) -> bool {
        self.open_extensions
            && is_urn(urn)
            && !is_of_the_standard(urn)
            && !self.is_base(urn)
            && self.extension(urn).is_none()
            && !self.closed_extensions.iter().any(|closed| closed.eq_ignore_ascii_case(urn))
            && !self.names_declared_attribute(urn)
    }

    /// Whether a URN goes on after a declared schema's: then it names an attribute of that one (RFC 7644 §3.10).
    fn names_declared_attribute(&self, urn: &str) -> bool {
        let mut declared =
            std::iter::once(&self.schema).chain(self.extensions.iter().map(|(schema, _)| schema));
        declared.any(|schema| {
            urn.as_bytes().get(schema.id.len()) == Some(&b':')
                && urn.get(..schema.id.len()).is_some_and(|start| start.eq_ignore_ascii_case(&schema.id))
        })
    }

    /// Finds what `[urn:]attribute[.sub]` names (RFC 7644 §3.10).
    #[must_use]
    pub fn resolve<'a>(
        &'a self,
        urn: Option<&'a str>,
        attribute: &'a str,
        sub: Option<&'a str>,
    ) -> Option<Resolved<'a>> {
        let (extension, found) = match urn {
            None => (None, self.top(attribute)?),
            Some(urn) if self.is_base(urn) => (None, self.top(attribute)?),
            Some(urn) => match self.extension(urn) {
                Some(schema) => (Some(schema.id.as_str()), schema.attribute(attribute)?),
                None if self.is_open_extension(urn) => (Some(urn), any_attribute()),
                None => return None,
            },
        };
        let sub = match sub {
            None => None,
            Some(name) => {
                let sub = found.sub(name)?;
                Some((key(sub, name), sub))
            }
        };
        Some(Resolved { extension, name: key(found, attribute), attribute: found, sub })
    }
}

/// The key of an attribute in an object: its canonical name, or the name as given if undeclared.
fn key<'a>(attribute: &'a Attribute, given: &'a str) -> &'a str {
    if attribute.kind == Type::Any { given } else { &attribute.name }
}

/// A list of some twenty names is searched faster than hashed: lengths differ first.
fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// Whether a key names a schema rather than an attribute.
pub fn is_urn(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

/// Whether a URN is one that the standard, or its version before, names its own things by: its schemas and messages
/// are nobody's extension (RFC 7643 §10.3, RFC 7644 §8.2).
fn is_of_the_standard(urn: &str) -> bool {
    ["urn:ietf:params:scim:schemas:core", "urn:ietf:params:scim:api", "urn:scim:schemas:core"].iter().any(
        |space| {
            urn.get(..space.len()).is_some_and(|start| start.eq_ignore_ascii_case(space))
                && matches!(urn.as_bytes().get(space.len()), None | Some(b':'))
        },
    )
}

/// `schemas`, `id`, `externalId`, `meta` (RFC 7643 §3, §3.1): of every resource, in no schema.
pub fn common() -> &'static [Attribute] {
    static COMMON: LazyLock<Vec<Attribute>> = LazyLock::new(builtin::common);
    &COMMON
}

/// The attribute of an undeclared extension.
pub fn any_attribute() -> &'static Attribute {
    static ANY: LazyLock<Attribute> = LazyLock::new(|| Attribute::new("", Type::Any));
    &ANY
}

#[cfg(test)]
mod tests;
