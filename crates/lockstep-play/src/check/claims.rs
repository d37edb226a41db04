//! What a server says that it can, and what it can. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Outcome;
use super::probe::USER;

/// A feature or attribute: claimed, and found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Capability {
    /// Which.
    pub name: String,
    /// What the server says of it; nothing where it does not say.
    pub claimed: Option<bool>,
    /// What was found; nothing where that was not tried.
    pub found: Option<bool>,
}

/// What is known of a server by now.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Known {
    pub(crate) config: Option<Value>,
    pub(crate) types: Option<Value>,
    pub(crate) schemas: Option<Value>,
    /// Features that were tried.
    pub(crate) found: BTreeMap<String, bool>,
    /// The attributes of a user that come back when they were sent.
    pub(crate) kept: Option<BTreeSet<String>>,
}

/// The features of a server, in the order in which a report tells them; whether it may lack them.
const FEATURES: &[(&str, bool)] = &[
    ("users", false),
    ("groups", true),
    ("patch", true),
    ("filter", true),
    ("sort", true),
    ("etag", true),
    ("bulk", true),
    ("index", true),
    ("cursor", true),
    ("search", true),
    ("changePassword", true),
];

/// The extension that RFC 7643 §4.3 defines.
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Whether a server may lack this.
pub(crate) fn is_optional(feature: &str) -> bool {
    FEATURES.iter().any(|(name, is_optional)| *name == feature && *is_optional)
}

impl Known {
    pub(crate) fn new(config: Option<Value>, types: Option<Value>, schemas: Option<Value>) -> Self {
        Self { config, types, schemas, ..Self::default() }
    }

    /// What the server says of a feature.
    pub(crate) fn claimed(&self, feature: &str) -> Option<bool> {
        let pointer = match feature {
            "groups" => {
                return self.types.as_ref().map(|types| {
                    resources(types).any(|one| {
                        one.get("endpoint")
                            .and_then(Value::as_str)
                            .is_some_and(|endpoint| endpoint.ends_with("/Groups"))
                    })
                });
            }
            "index" | "cursor" => format!("/pagination/{feature}"),
            _ => format!("/{feature}/supported"),
        };
        self.config.as_ref()?.pointer(&pointer)?.as_bool()
    }

    /// The attributes of users by `/Schemas`; nothing where that cannot be read.
    pub(crate) fn published(&self) -> Option<BTreeSet<String>> {
        let schemas = self.schemas.as_ref()?;
        let own = resources(schemas).find(|schema| schema.get("id").and_then(Value::as_str) == Some(USER))?;
        let attributes = own.get("attributes").and_then(Value::as_array)?;
        let mut names: BTreeSet<String> = attributes
            .iter()
            .filter_map(|one| one.get("name").and_then(Value::as_str))
            .map(str::to_owned)
            .collect();
        if resources(schemas).any(|schema| schema.get("id").and_then(Value::as_str) == Some(ENTERPRISE)) {
            names.insert("enterprise".to_owned());
        }
        // Common attributes need not be published.
        names.insert("externalId".to_owned());
        Some(names)
    }

    /// Why a probe that needs this feature or attribute says nothing.
    pub(crate) fn obstacle(&self, need: &str) -> Option<(Outcome, String)> {
        if FEATURES.iter().any(|(name, _)| *name == need) {
            return match (self.found.get(need), self.claimed(need)) {
                (Some(true), _) | (None, Some(true) | None) => None,
                (Some(false), Some(true)) => {
                    Some((Outcome::NotTried, format!("{need} is claimed and does not work")))
                }
                (Some(false), _) if !is_optional(need) => {
                    Some((Outcome::NotTried, format!("{need} do not work")))
                }
                (Some(false), _) | (None, Some(false)) => {
                    Some((Outcome::NotOffered, format!("the server offers no {need}")))
                }
            };
        }
        let kept = self.kept.as_ref()?;
        if kept.contains(need) {
            return None;
        }
        let is_published = self.published().is_some_and(|published| published.contains(need));
        Some(if is_published {
            (Outcome::NotTried, format!("`{need}` is published in /Schemas, and is dropped when it is sent"))
        } else {
            (Outcome::NotOffered, format!("the server's users have no `{need}`"))
        })
    }

    /// Claims beside findings.
    pub(crate) fn capabilities(&self) -> Vec<Capability> {
        let features = FEATURES.iter().map(|(name, _)| Capability {
            name: (*name).to_owned(),
            claimed: self.claimed(name),
            found: self.found.get(*name).copied(),
        });
        let published = self.published();
        let attributes = super::coded::ATTRIBUTES.iter().map(|name| Capability {
            name: format!("User.{name}"),
            claimed: published.as_ref().map(|published| published.contains(*name)),
            found: self.kept.as_ref().map(|kept| kept.contains(*name)),
        });
        features.chain(attributes).collect()
    }
}

/// The resources of a list; tolerates a bare array.
pub(crate) fn resources(list: &Value) -> impl Iterator<Item = &Value> {
    list.get("Resources").unwrap_or(list).as_array().into_iter().flatten()
}
