//! A schema as the JSON of /Schemas (RFC 7643 §7, §8.7). No nulls, no empty lists, no hidden attribute.

use serde_json::{Value, json};

use super::{Attribute, Mutability, Returned, Schema, Type, Uniqueness};
use crate::Object;

/// URN of the Schema schema (RFC 7643 §7).
const SCHEMA_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

impl Type {
    /// The types that a schema can declare (RFC 7643 §2.3, with binary: erratum 5606).
    pub(super) const DECLARED: [Self; 8] = [
        Self::String,
        Self::Boolean,
        Self::Decimal,
        Self::Integer,
        Self::DateTime,
        Self::Binary,
        Self::Reference,
        Self::Complex,
    ];

    /// Name on the wire (RFC 7643 §7).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String | Self::Any => "string",
            Self::Boolean => "boolean",
            Self::Decimal => "decimal",
            Self::Integer => "integer",
            Self::DateTime => "dateTime",
            Self::Binary => "binary",
            Self::Reference => "reference",
            Self::Complex => "complex",
        }
    }
}

impl Mutability {
    /// Name on the wire (RFC 7643 §7).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
            Self::WriteOnly => "writeOnly",
        }
    }
}

impl Returned {
    /// Name on the wire (RFC 7643 §7).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Default => "default",
            Self::Request => "request",
        }
    }
}

impl Uniqueness {
    /// Name on the wire (RFC 7643 §7).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
            Self::Global => "global",
        }
    }
}

impl Attribute {
    /// One entry of `attributes` or `subAttributes` (RFC 7643 §7).
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut entry = Object::new();
        let mut set = |name: &str, value: Value| {
            entry.insert(name.to_owned(), value);
        };
        set("name", json!(self.name));
        set("type", json!(self.kind.as_str()));
        set("multiValued", json!(self.multi_valued));
        if !self.description.is_empty() {
            set("description", json!(self.description));
        }
        set("required", json!(self.required));
        if !self.canonical_values.is_empty() {
            set("canonicalValues", json!(self.canonical_values));
        }
        set("mutability", json!(self.mutability.as_str()));
        set("returned", json!(self.returned.as_str()));
        // Case and uniqueness mean nothing for an object, a boolean or an instant (erratum 6004).
        if matches!(self.kind, Type::String | Type::Reference | Type::Binary) {
            set("caseExact", json!(self.case_exact));
        }
        if !matches!(self.kind, Type::Complex | Type::Boolean) {
            set("uniqueness", json!(self.uniqueness.as_str()));
        }
        if !self.reference_types.is_empty() {
            set("referenceTypes", json!(self.reference_types));
        }
        if !self.sub_attributes.is_empty() {
            let subs = self.sub_attributes.iter().filter(|sub| !sub.hidden).map(Self::to_json).collect();
            set("subAttributes", Value::Array(subs));
        }
        Value::Object(entry)
    }
}

impl Schema {
    /// The resource at `/Schemas/{id}` (RFC 7643 §7). `base_url` has no slash at its end.
    #[must_use]
    pub fn to_json(&self, base_url: &str) -> Value {
        let attributes: Vec<Value> =
            self.attributes.iter().filter(|attribute| !attribute.hidden).map(Attribute::to_json).collect();
        json!({
            "schemas": [SCHEMA_URN],
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "attributes": attributes,
            "meta": {
                "resourceType": "Schema",
                "location": format!("{base_url}/Schemas/{}", self.id),
            },
        })
    }
}
