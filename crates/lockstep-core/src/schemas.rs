//! The extension schemas that a directory has of its own (RFC 7643 §3.3): which they are, how they are written down, and
//! what of the stored values must still follow a change of them.

use std::collections::BTreeSet;

use lockstep_scim::filter::AttrPath;
use lockstep_scim::schema::Schema;
use lockstep_scim::{Definition, Limits, Object, resource};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::id::{LocalId, RequestId};
use crate::query::Kind;

/// A schema that extends a directory's users or groups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnSchema {
    /// The schema.
    pub schema: Schema,
    /// What it extends.
    pub kind: Kind,
    /// Whether a new or replaced resource must have it (RFC 7643 §6).
    pub required: bool,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// All that a directory has of its own.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OwnSchemas {
    /// The schemas, in the order in which they were defined.
    pub list: Vec<OwnSchema>,
    /// The URNs of those that were removed, the oldest first. What an IdP sends under one of them is left out, also where
    /// extensions that nobody declared are kept: what was removed stays removed until it is defined anew.
    pub retired: Vec<String>,
}

impl OwnSchemas {
    /// The schema with this URN, whatever its letter case.
    #[must_use]
    pub fn find(&self, urn: &str) -> Option<&OwnSchema> {
        self.list.iter().find(|own| own.schema.id.eq_ignore_ascii_case(urn))
    }

    /// A resource type with those of these that extend it.
    #[must_use]
    pub fn extend(&self, kind: Kind, definition: Definition) -> Definition {
        let own = self.list.iter().filter(|own| own.kind == kind);
        let extended = own
            .fold(definition, |definition, own| definition.with_extension(own.schema.clone(), own.required));
        extended.with_closed_extensions(self.retired.iter().cloned())
    }

    /// As a store keeps it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let list: Vec<Value> = self
            .list
            .iter()
            .map(|own| {
                json!({
                    "schema": written(&own.schema),
                    "kind": own.kind.as_str(),
                    "required": own.required,
                    "created_at": own.created_at,
                    "updated_at": own.updated_at,
                })
            })
            .collect();
        json!({ "list": list, "retired": self.retired }).to_string()
    }

    /// What [`OwnSchemas::to_text`] wrote. Says what is wrong where it did not.
    pub fn from_text(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Stored {
            list: Vec<StoredSchema>,
            retired: Vec<String>,
        }
        #[derive(Deserialize)]
        struct StoredSchema {
            schema: Value,
            kind: String,
            required: bool,
            created_at: Timestamp,
            updated_at: Timestamp,
        }
        let stored: Stored =
            serde_json::from_str(text).map_err(|error| format!("no list of schemas: {error}"))?;
        let list = stored.list.into_iter().map(|own| {
            Ok(OwnSchema {
                schema: Schema::from_json(&own.schema, &unlimited()).map_err(|error| error.detail)?,
                kind: Kind::parse(&own.kind).ok_or("a schema extends what there is not")?,
                required: own.required,
                created_at: own.created_at,
                updated_at: own.updated_at,
            })
        });
        Ok(Self { list: list.collect::<Result<_, String>>()?, retired: stored.retired })
    }
}

/// A schema as JSON, without the URL at which it is shown.
#[must_use]
pub fn written(schema: &Schema) -> Value {
    let mut json = schema.to_json("");
    if let Some(fields) = json.as_object_mut() {
        fields.remove("meta");
    }
    json
}

/// What was taken once is read again, whatever the limits are now.
fn unlimited() -> Limits {
    Limits {
        schema_attributes: usize::MAX,
        schema_sub_attributes: usize::MAX,
        schema_canonical_values: usize::MAX,
        schema_name_bytes: usize::MAX,
        schema_description_bytes: usize::MAX,
        ..Limits::default()
    }
}

/// What is asked of a directory's own schemas.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SchemaChange {
    /// Adds one.
    Define {
        /// The schema.
        schema: Schema,
        /// What it extends.
        kind: Kind,
        /// Whether a resource must have it.
        required: bool,
    },
    /// Puts another version in the place of the one with the same URN.
    Evolve {
        /// The next version.
        schema: Schema,
        /// Whether a resource must have it, where that is said.
        required: Option<bool>,
    },
    /// Removes the one with this URN.
    Remove(String),
}

/// Why a directory's own schemas were not changed. Nothing happened.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// There is one with this URN.
    #[error("the directory has a schema with this urn; change it by PUT")]
    Exists,
    /// There is none with this URN.
    #[error("the directory has no schema of its own with this urn")]
    Unknown,
    /// One URN goes on where another ends: a path could mean either.
    #[error("`{0}` is a schema of the directory, and one urn begins with the other; choose another urn")]
    Overlaps(String),
    /// A removal that concerns it is still under way.
    #[error(
        "values of `{0}` are still being taken away; define it anew when that is done (`schema_changes_pending` of the \
         directory is false then)"
    )]
    Pending(String),
    /// Stored values stand against it.
    #[error("{0}")]
    Incompatible(String),
    /// It asks for what is not offered.
    #[error("{0}")]
    NotOffered(String),
    /// There would be too many.
    #[error("a directory has at most {0} schemas of its own")]
    TooMany(usize),
    /// They would be too large.
    #[error("the schemas of a directory have at most {0} bytes in all")]
    TooLarge(usize),
}

/// What must still be done to stored resources after a change of schemas or of what is mapped: it goes on in bounded
/// steps, from where it stands. Until it is done everybody reads what is stored as if it were.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sweep {
    /// The request that caused it.
    pub request: RequestId,
    /// Which resources are gone through: users first, then groups.
    pub kind: Kind,
    /// The last one that was looked at.
    pub after: LocalId,
    /// Attributes whose values go.
    pub removed: Vec<AttrPath>,
    /// Extensions of which everything must be looked at: where one is declared, what fits its schema stays; where it is
    /// not, all of it goes.
    pub extensions: BTreeSet<String>,
    /// Whether what is made of users for applications is made anew.
    pub reproject: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredSweep {
    request: String,
    kind: String,
    after: u64,
    removed: Vec<(String, String, Option<String>)>,
    extensions: BTreeSet<String>,
    #[serde(default)]
    reproject: bool,
}

impl Sweep {
    /// One that has everything before it: what is known must be done still, and what this request adds.
    #[must_use]
    pub fn anew(known: Option<&Self>, request: RequestId) -> Self {
        let (kind, after) = (Kind::User, LocalId(0));
        match known {
            Some(known) => Self { request, kind, after, ..known.clone() },
            None => Self {
                request,
                kind,
                after,
                removed: Vec::new(),
                extensions: BTreeSet::new(),
                reproject: false,
            },
        }
    }

    /// Whether stored resources are read otherwise until it is done.
    #[must_use]
    pub fn changes_resources(&self) -> bool {
        !(self.removed.is_empty() && self.extensions.is_empty())
    }

    /// Makes a stored resource what it will be when this is done; whether that is another one.
    #[must_use]
    pub fn conform(&self, object: &mut Object, definition: &Definition) -> bool {
        let mut changed = resource::conform(object, definition, &self.removed);
        for urn in &self.extensions {
            changed |= resource::adopt(object, definition, urn) != resource::Adopted::Unchanged;
        }
        changed
    }

    /// As a store keeps it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let removed = self
            .removed
            .iter()
            .map(|path| (path.urn.clone().unwrap_or_default(), path.attribute.clone(), path.sub.clone()));
        let stored = StoredSweep {
            request: format!("{:032x}", self.request.0),
            kind: self.kind.as_str().to_owned(),
            after: self.after.0,
            removed: removed.collect(),
            extensions: self.extensions.clone(),
            reproject: self.reproject,
        };
        json!(stored).to_string()
    }

    /// What [`Sweep::to_text`] wrote. Says what is wrong where it did not.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let stored: StoredSweep = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let request = u128::from_str_radix(&stored.request, 16).map_err(|error| error.to_string())?;
        let removed = stored.removed.into_iter().map(|(urn, attribute, sub)| AttrPath {
            urn: Some(urn),
            attribute,
            sub,
        });
        Ok(Self {
            request: RequestId(request),
            kind: Kind::parse(&stored.kind).ok_or("it goes through what there is not")?,
            after: LocalId(stored.after),
            removed: removed.collect(),
            extensions: stored.extensions,
            reproject: stored.reproject,
        })
    }
}
