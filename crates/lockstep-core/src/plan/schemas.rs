//! What happens to a directory's own schemas, and to what is stored when they change.

use std::sync::Arc;

use lockstep_scim::filter::AttrPath;
use lockstep_scim::schema::{Attribute, Schema, Uniqueness};
use lockstep_scim::{Definition, Error, Object};
use serde_json::Value;

use super::{Draft, Planned};
use crate::command::Reply;
use crate::id::LocalId;
use crate::limits::{RETIRED_SCHEMAS_LIMIT, SCHEMAS_BYTES_LIMIT, SCHEMAS_LIMIT, SWEEP_STEP_LIMIT};
use crate::model::{Directory, Group, User};
use crate::query::Kind;
use crate::schemas::{OwnSchema, OwnSchemas, Refused, SchemaChange, Sweep};
use crate::view::Step;

impl Draft<'_> {
    pub(super) fn change_schemas(mut self, directory: &Arc<Directory>, change: &SchemaChange) -> Planned {
        let mut schemas = OwnSchemas::clone(self.view.schemas()?);
        let mut sweep = Sweep::anew(directory.sweep.as_deref(), self.context.envelope.request);
        let reply = match change {
            SchemaChange::Define { schema, kind, required } => {
                let own = OwnSchema {
                    schema: schema.clone(),
                    kind: *kind,
                    required: *required,
                    created_at: self.context.now,
                    updated_at: self.context.now,
                };
                define(&mut schemas, &mut sweep, own).map_err(crate::command::Refusal::from)?
            }
            SchemaChange::Evolve { schema, required } => {
                let now = self.context.now;
                let evolved = evolve(&mut schemas, &mut sweep, schema, *required, now);
                evolved.map_err(crate::command::Refusal::from)?
            }
            SchemaChange::Remove(urn) => {
                remove(&mut schemas, &mut sweep, urn).map_err(crate::command::Refusal::from)?
            }
        };
        if schemas == **self.view.schemas()? {
            return Ok(self.done(reply));
        }
        // What has been gone through already must be gone through again, unless nothing more is to be done.
        let more = match change {
            SchemaChange::Define { .. } | SchemaChange::Remove(_) => true,
            SchemaChange::Evolve { .. } => {
                directory.sweep.as_deref().map_or(0, |known| known.removed.len()) < sweep.removed.len()
            }
        };
        let empty = self.head.users_active + self.head.users_inactive + self.head.groups == 0;
        let next = Directory {
            terms_version: directory.terms_version + 1,
            updated_at: self.context.now.max(directory.updated_at),
            sweep: match (more, empty) {
                (false, _) => directory.sweep.clone(),
                (true, true) => None,
                (true, false) => Some(Arc::new(sweep)),
            },
            ..Directory::clone(directory)
        };
        self.steps.push(Step::Schemas(Arc::new(schemas)));
        self.steps.push(Step::Directory(Arc::new(next)));
        Ok(self.done(reply))
    }

    /// One step: looks at the next resources, and lets those that no longer fit become what they are read as.
    pub(super) fn sweep(mut self, directory: &Arc<Directory>) -> Planned {
        let Some(sweep) = directory.sweep.clone() else {
            return Ok(self.done(Reply::Step { more: false }));
        };
        let ids = self.view.behind(sweep.kind, sweep.after)?;
        match sweep.kind {
            Kind::User => self.sweep_users(directory, &sweep, &ids)?,
            Kind::Group => {
                for group in self.view.groups(ids.iter().copied())? {
                    self.sweep_group(&sweep, &group);
                }
            }
        }
        let last = ids.last().copied().filter(|_| ids.len() >= SWEEP_STEP_LIMIT);
        let next = match (last, sweep.kind) {
            (Some(after), kind) => Some(Sweep { kind, after, ..(*sweep).clone() }),
            (None, Kind::User) if !sweep.changes_resources() => None,
            (None, Kind::User) => Some(Sweep { kind: Kind::Group, after: LocalId(0), ..(*sweep).clone() }),
            (None, Kind::Group) => None,
        };
        let more = next.is_some();
        let row = Directory { sweep: next.map(Arc::new), ..Directory::clone(directory) };
        self.steps.push(Step::Directory(Arc::new(row)));
        Ok(self.done(Reply::Step { more }))
    }

    fn sweep_users(&mut self, directory: &Directory, sweep: &Sweep, ids: &[LocalId]) -> Planned<()> {
        let ids = ids.iter().copied();
        if !(sweep.reproject && directory.maps_roles) {
            for user in self.view.users(ids)? {
                let roles = if sweep.reproject { Vec::new() } else { user.projection().roles.clone() };
                self.sweep_user(sweep, &user, roles);
            }
            return Ok(());
        }
        let mapping = self.view.mapping()?.clone();
        for user in self.view.users_with_groups(ids)? {
            let roles = mapping.roles.roles_of(&self.view.groups_of(user.id)?);
            self.sweep_user(sweep, &user, roles);
        }
        Ok(())
    }

    fn sweep_user(&mut self, sweep: &Sweep, user: &Arc<User>, roles: Vec<String>) {
        let mut doc = user.doc.clone();
        let conforms = !sweep.conform(&mut doc, &self.context.envelope.terms.user) || doc == user.doc;
        if conforms && !sweep.reproject {
            return;
        }
        let projection = self.projected(&doc, roles);
        if conforms && *user.projection() == projection {
            return;
        }
        let next = self.user_as(user, doc, projection);
        self.tell_user(user, next);
    }

    fn sweep_group(&mut self, sweep: &Sweep, group: &Arc<Group>) {
        let mut doc = group.doc.clone();
        let stays = !sweep.conform(&mut doc, &self.context.envelope.terms.group) || doc == group.doc;
        if stays || group.is_ended() {
            return;
        }
        let seq = self.next_seq();
        let next = Group { doc, modified_at: self.at, seq, doc_seq: seq, ..(**group).clone() };
        self.tell_group(&next, Some(group));
        self.steps.push(Step::Group(next.id, Some(Arc::new(next))));
    }
}

fn define(schemas: &mut OwnSchemas, sweep: &mut Sweep, own: OwnSchema) -> Result<Reply, Refused> {
    let urn = own.schema.id.clone();
    if schemas.find(&urn).is_some() {
        return Err(Refused::Exists);
    }
    if sweep.extensions.iter().any(|known| known.eq_ignore_ascii_case(&urn)) {
        return Err(Refused::Pending(urn));
    }
    let overlapping = schemas.list.iter().map(|other| &other.schema.id);
    if let Some(other) = overlapping.into_iter().find(|other| begins(other, &urn) || begins(&urn, other)) {
        return Err(Refused::Overlaps(other.clone()));
    }
    if schemas.list.len() >= SCHEMAS_LIMIT {
        return Err(Refused::TooMany(SCHEMAS_LIMIT));
    }
    offered(&own.schema)?;
    schemas.retired.retain(|retired| !retired.eq_ignore_ascii_case(&urn));
    schemas.list.push(own.clone());
    fits(schemas)?;
    // Values that came before it was declared stay as far as they fit it.
    sweep.extensions.insert(urn);
    Ok(Reply::Schema(Arc::new(own)))
}

fn evolve(
    schemas: &mut OwnSchemas,
    sweep: &mut Sweep,
    next: &Schema,
    required: Option<bool>,
    now: crate::clock::Timestamp,
) -> Result<Reply, Refused> {
    let found = schemas.list.iter_mut().find(|own| own.schema.id.eq_ignore_ascii_case(&next.id));
    let own = found.ok_or(Refused::Unknown)?;
    let required = required.unwrap_or(own.required);
    if own.schema == *next && own.required == required {
        return Ok(Reply::Schema(Arc::new(own.clone())));
    }
    offered(next)?;
    let evolution = own.schema.evolution(next).map_err(|error| Refused::Incompatible(error.detail))?;
    if let Some(path) = sweep.removed.iter().find(|path| declares(next, path)) {
        return Err(Refused::Pending(path.to_string()));
    }
    *own = OwnSchema { schema: next.clone(), required, updated_at: now, ..own.clone() };
    let reply = Reply::Schema(Arc::new(own.clone()));
    fits(schemas)?;
    sweep.removed.extend(evolution.removed);
    Ok(reply)
}

fn remove(schemas: &mut OwnSchemas, sweep: &mut Sweep, urn: &str) -> Result<Reply, Refused> {
    let own = schemas.find(urn).ok_or(Refused::Unknown)?.clone();
    schemas.list.retain(|other| other.schema.id != own.schema.id);
    schemas.retired.push(own.schema.id.clone());
    let beyond = schemas.retired.len().saturating_sub(RETIRED_SCHEMAS_LIMIT);
    schemas.retired.drain(..beyond);
    sweep.removed.retain(|path| path.urn.as_deref() != Some(own.schema.id.as_str()));
    sweep.extensions.insert(own.schema.id);
    Ok(Reply::Gone)
}

/// Whether a URN goes on where another ends.
fn begins(urn: &str, other: &str) -> bool {
    other.as_bytes().get(urn.len()) == Some(&b':')
        && other.get(..urn.len()).is_some_and(|start| start.eq_ignore_ascii_case(urn))
}

/// Whether a schema declares what a path names.
fn declares(schema: &Schema, path: &AttrPath) -> bool {
    path.urn.as_deref() == Some(schema.id.as_str())
        && schema
            .attribute(&path.attribute)
            .is_some_and(|attribute| path.sub.as_deref().is_none_or(|sub| attribute.sub(sub).is_some()))
}

/// Nothing is promised that is not kept.
fn offered(schema: &Schema) -> Result<(), Refused> {
    fn unique(attribute: &Attribute) -> Option<String> {
        if attribute.uniqueness != Uniqueness::None {
            return Some(attribute.name.clone());
        }
        attribute.sub_attributes.iter().find_map(unique).map(|sub| format!("{}.{sub}", attribute.name))
    }
    match schema.attributes.iter().find_map(unique) {
        None => Ok(()),
        Some(name) => Err(Refused::NotOffered(format!(
            "{name}: uniqueness of attributes of one's own is not offered yet; leave it out or say `none`"
        ))),
    }
}

fn fits(schemas: &OwnSchemas) -> Result<(), Refused> {
    if schemas.to_text().len() > SCHEMAS_BYTES_LIMIT {
        return Err(Refused::TooLarge(SCHEMAS_BYTES_LIMIT));
    }
    Ok(())
}

/// What a PATCH may not leave behind: an extension that the resource did not have, without what is required of it (RFC
/// 7643 §7). What a resource lacked before, it may go on lacking: whoever leaves must not be held back by it.
pub(super) fn demand_required(before: &Object, after: &Object, definition: &Definition) -> Result<(), Error> {
    for (schema, _) in definition.extensions.iter().filter(|(schema, _)| !before.contains_key(&schema.id)) {
        let Some(members) = after.get(&schema.id).and_then(Value::as_object) else { continue };
        let lacks = |attribute: &&Attribute| {
            attribute.required && attribute.is_written() && !members.contains_key(&attribute.name)
        };
        if let Some(attribute) = schema.attributes.iter().find(lacks) {
            return Err(Error::invalid_value(format!("{}:{}: is required", schema.id, attribute.name)));
        }
    }
    Ok(())
}
