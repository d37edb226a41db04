//! Keys of a body that say where their attribute lives, as `urn:…:User:department` and `name.givenName` do
//! (RFC 7644 §3.10): each goes to its place before the body is read. Must not judge any value.

use serde_json::Value;

use crate::filter::parser::attr_path;
use crate::schema::{Attribute, Definition, Type};
use crate::{Error, Object, error::shown};

/// A body in which each attribute stands where the schema has it. What is no such key stays as it is. Where one
/// attribute gets two values, 400 invalidSyntax: which is meant nobody knows.
pub(super) fn settle(raw: Object, definition: &Definition) -> Result<Object, Error> {
    let mut body = Object::new();
    let mut moved = Vec::new();
    let mut within_base = Vec::new();
    for (key, value) in raw {
        match value {
            Value::Object(members) if definition.is_base(&key) => {
                for (key, value) in members {
                    match place(&key, definition) {
                        Some(place) => moved.push((place, value)),
                        None => within_base.push((key, value)),
                    }
                }
            }
            value => match place(&key, definition) {
                Some(place) => moved.push((place, value)),
                None => {
                    body.insert(key, value);
                }
            },
        }
    }
    take_up(&mut body, within_base, definition, &mut moved);
    for (extension, _) in &definition.extensions {
        let holder = spelled(&body, &extension.id);
        let Some(members) = body.get_mut(&holder).and_then(Value::as_object_mut) else { continue };
        for key in members.keys().cloned().collect::<Vec<_>>() {
            let parts = attr_path(&key)
                .filter(|path| path.urn.is_none())
                .and_then(|path| Some((path.attribute, path.sub?)))
                .filter(|(attribute, sub)| part_of_one(extension.attribute(attribute), sub));
            if let Some((attribute, sub)) = parts
                && let Some(value) = members.remove(&key)
            {
                moved.push((vec![extension.id.clone(), attribute, sub], value));
            }
        }
    }
    for (place, value) in moved {
        put(&mut body, &place, value)?;
    }
    Ok(body)
}

/// What stands in an object of the base schema stands at the top. An attribute may be there already, which `put` sees
/// to; of anything else there may be as much as a body holds, so it is not looked for.
fn take_up(
    body: &mut Object,
    within_base: Vec<(String, Value)>,
    definition: &Definition,
    moved: &mut Vec<(Vec<String>, Value)>,
) {
    for (key, value) in within_base {
        let may_be_there =
            definition.top(&key).is_some() || definition.extension(&key).is_some() || body.contains_key(&key);
        if may_be_there {
            moved.push((vec![key], value));
        } else {
            body.insert(key, value);
        }
    }
}

/// The names that lead to what a key means, from the top of the resource.
fn place(key: &str, definition: &Definition) -> Option<Vec<String>> {
    if definition.extension(key).is_some() || definition.is_open_extension(key) {
        return None;
    }
    let path = attr_path(key).filter(|path| path.urn.is_some() || path.sub.is_some())?;
    let found = definition.resolve(path.urn.as_deref(), &path.attribute, path.sub.as_deref())?;
    let named = match &path.sub {
        Some(sub) => part_of_one(Some(found.attribute), sub),
        None => found.attribute.kind != Type::Any,
    };
    let names = found.extension.into_iter().chain([found.name]).chain(found.sub.map(|(sub, _)| sub));
    named.then(|| names.map(str::to_owned).collect())
}

/// Whether it is a part of an attribute that has one value: of several, which one would be a guess.
fn part_of_one(attribute: Option<&Attribute>, sub: &str) -> bool {
    attribute.is_some_and(|attribute| {
        attribute.kind == Type::Complex && !attribute.multi_valued && attribute.sub(sub).is_some()
    })
}

fn put(holder: &mut Object, place: &[String], value: Value) -> Result<(), Error> {
    let Some((name, rest)) = place.split_first() else { return Ok(()) };
    let key = spelled(holder, name);
    let old = holder.get_mut(&key).filter(|old| !old.is_null());
    if rest.is_empty() {
        return match old {
            None => {
                holder.insert(key, value);
                Ok(())
            }
            Some(old) if value.is_null() || *old == value => Ok(()),
            Some(_) => Err(Error::invalid_syntax(format!("{}: has two values", shown(name)))),
        };
    }
    match old {
        None => {
            let mut inner = Object::new();
            put(&mut inner, rest, value)?;
            holder.insert(key, Value::Object(inner));
            Ok(())
        }
        Some(Value::Object(inner)) => put(inner, rest, value),
        // Refused for its type when the body is read.
        Some(_) => Ok(()),
    }
}

/// The key as the object spells it.
fn spelled(object: &Object, name: &str) -> String {
    if object.contains_key(name) {
        return name.to_owned();
    }
    object.keys().find(|key| key.eq_ignore_ascii_case(name)).map_or_else(|| name.to_owned(), Clone::clone)
}
