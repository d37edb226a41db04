//! Where an operation names what another one creates: `bulkId:…` in the place of an id (RFC 7644 §3.7.2), in a `value`
//! or `$ref` and in attributes that are references, wherever in the resource; in the filter of a path too.

use std::collections::BTreeSet;

use lockstep_scim::Object;
use lockstep_scim::filter::{Filter, Literal};
use lockstep_scim::patch::Patch;
use lockstep_scim::schema::{Definition, Type};
use serde_json::Value;

use crate::command::{Command, Envelope};
use crate::id::LocalId;

/// What an operation names by `bulkId`.
#[derive(Debug)]
pub(super) struct References {
    /// In its path.
    pub(super) target: Option<String>,
    /// In its data.
    pub(super) named: BTreeSet<String>,
}

impl References {
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.target.iter().chain(&self.named).map(String::as_str)
    }
}

/// The bulkIds that a command's data names.
pub(super) fn named(envelope: &mut Envelope) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    visit(envelope, &mut |text| {
        names.extend(bulk_id(text).map(|(_, name)| name.to_owned()));
    });
    names
}

/// Puts ids in the places of bulkIds.
pub(super) fn resolve(envelope: &mut Envelope, id: &dyn Fn(&str) -> Option<String>) {
    visit(envelope, &mut |text| {
        let found = bulk_id(text).and_then(|(before, name)| id(name).map(|id| format!("{before}{id}")));
        if let Some(found) = found {
            *text = found;
        }
    });
}

/// Lets a command be about the resource with this id.
pub(super) fn aim(command: &mut Command, to: LocalId) {
    match command {
        Command::ReplaceUser(id, ..)
        | Command::PatchUser(id, ..)
        | Command::DeleteUser(id, _)
        | Command::ReplaceGroup(id, ..)
        | Command::PatchGroup(id, ..)
        | Command::DeleteGroup(id, _) => *id = to,
        Command::CreateDirectory(_)
        | Command::ChangeDirectory { .. }
        | Command::Recognize(_)
        | Command::ChangeSchemas(_)
        | Command::ChangeMapping(_)
        | Command::Reproject
        | Command::Sweep
        | Command::DeleteDirectory
        | Command::CreateUser(_)
        | Command::CreateGroup(_)
        | Command::EndGroup(_)
        | Command::Bulk(..) => {}
    }
}

/// What stands before the bulkId (of a `$ref`: the path), and the bulkId.
fn bulk_id(text: &str) -> Option<(&str, &str)> {
    if let Some(name) = text.strip_prefix("bulkId:") {
        return Some(("", name));
    }
    let start = text.find("/bulkId:")? + 1;
    let (before, last) = text.split_at_checked(start)?;
    Some((before, last.strip_prefix("bulkId:")?))
}

type Visit<'a> = &'a mut dyn FnMut(&mut String);

fn visit(envelope: &mut Envelope, each: Visit<'_>) {
    let terms = &envelope.terms;
    match &mut envelope.command {
        Command::CreateUser(object) | Command::ReplaceUser(_, object, _) => {
            resource(object, &terms.user, each);
        }
        Command::CreateGroup(object) | Command::ReplaceGroup(_, object, _) => {
            resource(object, &terms.group, each);
        }
        Command::PatchUser(_, patch, _) => operations(patch, &terms.user, each),
        Command::PatchGroup(_, patch, _) => operations(patch, &terms.group, each),
        Command::CreateDirectory(_)
        | Command::ChangeDirectory { .. }
        | Command::Recognize(_)
        | Command::ChangeSchemas(_)
        | Command::ChangeMapping(_)
        | Command::Reproject
        | Command::Sweep
        | Command::DeleteDirectory
        | Command::DeleteUser(..)
        | Command::DeleteGroup(..)
        | Command::EndGroup(_)
        | Command::Bulk(..) => {}
    }
}

fn resource(object: &mut Object, definition: &Definition, each: Visit<'_>) {
    for (key, value) in object.iter_mut() {
        let is_reference = definition.top(key).is_some_and(|attribute| attribute.kind == Type::Reference);
        values(value, is_reference, each);
        let Some((extension, members)) = definition.extension(key).zip(value.as_object_mut()) else {
            continue;
        };
        for (name, value) in members.iter_mut() {
            let attribute = extension.attribute(name);
            if attribute.is_some_and(|attribute| attribute.kind == Type::Reference) {
                values(value, true, each);
            }
        }
    }
}

/// The texts of a value: itself where it `is_reference`, and whatever is called `value` or `$ref` in it.
fn values(value: &mut Value, is_reference: bool, each: Visit<'_>) {
    match value {
        Value::String(text) if is_reference => each(text),
        Value::Array(items) => items.iter_mut().for_each(|item| values(item, is_reference, each)),
        Value::Object(members) => {
            for (key, value) in members.iter_mut() {
                let names_somebody = key.eq_ignore_ascii_case("value") || key.eq_ignore_ascii_case("$ref");
                values(value, names_somebody, each);
            }
        }
        _ => {}
    }
}

fn operations(patch: &mut Patch, definition: &Definition, each: Visit<'_>) {
    for operation in &mut patch.operations {
        let target = &mut operation.target;
        if let Some(filter) = &mut target.filter {
            literals(filter, each);
        }
        let attribute = target.attribute.as_deref().and_then(|name| match &target.extension {
            None => definition.top(name),
            Some(urn) => definition.extension(urn).and_then(|extension| extension.attribute(name)),
        });
        let names_somebody = match target.sub.as_deref() {
            Some(sub) => sub.eq_ignore_ascii_case("value") || sub.eq_ignore_ascii_case("$ref"),
            // A text in the place of a complex value is meant as its `value`.
            None => attribute.is_some_and(|found| matches!(found.kind, Type::Reference | Type::Complex)),
        };
        if let Some(value) = &mut operation.value {
            values(value, names_somebody, each);
        }
    }
}

fn literals(filter: &mut Filter, each: Visit<'_>) {
    match filter {
        Filter::Attr { value: Literal::String(text), .. } => each(text),
        Filter::Attr { .. } | Filter::Present(_) => {}
        Filter::ValuePath { filter, .. } | Filter::Not(filter) => literals(filter, each),
        Filter::And(parts) | Filter::Or(parts) => parts.iter_mut().for_each(|part| literals(part, each)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bulk_id_stands_alone_or_at_the_end_of_a_reference() {
        let cases = [
            ("bulkId:ada", Some(("", "ada"))),
            ("../Users/bulkId:ada", Some(("../Users/", "ada"))),
            ("bulkId:a/b", Some(("", "a/b"))),
            ("bulkId:", Some(("", ""))),
            ("bulkid:ada", None),
            ("about bulkId:ada", None),
            ("directory_user_1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(bulk_id(text), expected, "{text}");
        }
    }
}
