//! What it does to stored values when a schema becomes another version of itself.
//! Says what is to be done; `resource::conform` does it. Must not know where values are stored.

use super::{Attribute, Mutability, Schema, Type};
use crate::Error;
use crate::filter::AttrPath;

/// What is to be done so that stored resources fit the next version of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Evolution {
    /// Attributes and sub-attributes that were declared and no longer are: their values go, by
    /// [`resource::conform`](crate::resource::conform).
    pub removed: Vec<AttrPath>,
    /// Attributes and sub-attributes that stored resources may lack, and new ones may not. Whoever creates or replaces
    /// a resource must give them from now on; what is stored without them stays as it is, can be read, and can be
    /// patched elsewhere.
    pub newly_required: Vec<AttrPath>,
}

impl Schema {
    /// What changes for stored values if this schema becomes `next`.
    ///
    /// Every stored value stays valid where an attribute is added, is described otherwise, suggests other values, is
    /// returned otherwise, is no longer required, or may be written by more. An attribute that is no longer declared
    /// loses its values: `removed` names it. An attribute that becomes required is required of new writes only.
    ///
    /// Refused, with 400 mutability and the attribute's name: another id or spelling of a name (values are stored by
    /// it), another `type`, `multiValued`, `caseExact` or `uniqueness` (stored values may not fit, or collide), and a
    /// `mutability` that leaves values nobody could mend. Who wants that removes the attribute first and adds it anew.
    ///
    /// ```
    /// use lockstep_scim::{Limits, schema::Schema};
    /// use serde_json::json;
    ///
    /// let schema = |attributes| {
    ///     let json = json!({"id": "urn:example:badge:1.0:User", "name": "Badge", "attributes": attributes});
    ///     Schema::from_json(&json, &Limits::default())
    /// };
    /// let now = schema(json!([{"name": "colour"}, {"name": "number", "type": "integer"}]))?;
    /// let evolution = now.evolution(&schema(json!([{"name": "colour"}, {"name": "size"}]))?)?;
    /// assert_eq!(evolution.removed[0].to_string(), "urn:example:badge:1.0:User:number");
    ///
    /// let error = now.evolution(&schema(json!([{"name": "colour", "type": "boolean"}]))?).unwrap_err();
    /// assert!(error.detail.starts_with("colour: type can't change"));
    /// # Ok::<(), lockstep_scim::Error>(())
    /// ```
    pub fn evolution(&self, next: &Self) -> Result<Evolution, Error> {
        if self.id != next.id {
            return Err(Error::mutability(
                "id: a schema keeps its urn; define another schema for another urn",
            ));
        }
        let mut evolution = Evolution::default();
        evolution.compare(&self.attributes, &next.attributes, &self.id, None)?;
        Ok(evolution)
    }

    /// What is to be done so that stored resources do without this schema.
    #[must_use]
    pub fn removal(&self) -> Evolution {
        let removed = self.attributes.iter().map(|attribute| path(&self.id, None, attribute)).collect();
        Evolution { removed, newly_required: Vec::new() }
    }
}

impl Evolution {
    /// Whether every stored resource fits the next version as it is.
    #[must_use]
    pub fn keeps_every_value(&self) -> bool {
        self.removed.is_empty()
    }

    fn compare(
        &mut self,
        now: &[Attribute],
        next: &[Attribute],
        urn: &str,
        parent: Option<&Attribute>,
    ) -> Result<(), Error> {
        for attribute in now {
            let Some(new) = super::find(next, &attribute.name) else {
                self.removed.push(path(urn, parent, attribute));
                continue;
            };
            if let Some(reason) = why_refused(attribute, new) {
                let parent = parent.map(|parent| format!("{}.", parent.name)).unwrap_or_default();
                return Err(Error::mutability(format!("{parent}{}: {reason}", attribute.name)));
            }
            if new.required && !attribute.required {
                self.newly_required.push(path(urn, parent, new));
            }
            if attribute.kind == Type::Complex {
                self.compare(&attribute.sub_attributes, &new.sub_attributes, urn, Some(new))?;
            }
        }
        let added = next.iter().filter(|new| super::find(now, &new.name).is_none());
        self.newly_required.extend(added.filter(|new| new.required).map(|new| path(urn, parent, new)));
        Ok(())
    }
}

fn path(urn: &str, parent: Option<&Attribute>, attribute: &Attribute) -> AttrPath {
    let (holder, sub) = match parent {
        Some(parent) => (parent, Some(attribute.name.clone())),
        None => (attribute, None),
    };
    AttrPath { urn: Some(urn.to_owned()), attribute: holder.name.clone(), sub }
}

fn why_refused(now: &Attribute, next: &Attribute) -> Option<String> {
    let fixed = |what: &str| {
        format!("{what}, because of the values that are stored; remove the attribute and add it anew")
    };
    if now.name != next.name {
        return Some("its spelling can't change, because values are stored by it".to_owned());
    }
    let changed = [
        (now.kind != next.kind, "type"),
        (now.multi_valued != next.multi_valued, "multiValued"),
        (now.case_exact != next.case_exact, "caseExact"),
        (now.uniqueness != next.uniqueness, "uniqueness"),
    ];
    if let Some((_, what)) = changed.into_iter().find(|(changed, _)| *changed) {
        return Some(fixed(&format!("{what} can't change")));
    }
    // Wider only: a value that came by a client must stay in the hands of clients, and one that is never kept
    // must not have been.
    let wider = now.mutability == next.mutability
        || next.mutability == Mutability::ReadWrite
        || (now.mutability, next.mutability) == (Mutability::ReadOnly, Mutability::Immutable);
    (!wider).then(|| fixed("mutability can only become wider"))
}

#[cfg(test)]
mod tests;
