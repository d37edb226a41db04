//! What a replacement may not touch (RFC 7644 §3.5.1): an immutable attribute that has a value keeps it.

use serde_json::Value;

use crate::schema::{Attribute, Definition, Mutability, Type};
use crate::{Error, Object};

/// Gives the body of a PUT the immutable values that it leaves out. 400 mutability where it has another value for one
/// that has a value. Of a complex attribute with one value its parts are looked at, too.
pub fn keep_immutable(next: &mut Object, current: &Object, definition: &Definition) -> Result<(), Error> {
    keep(next, current, &definition.schema.attributes, "")?;
    for (schema, _) in &definition.extensions {
        let Some(held) = current.get(&schema.id).and_then(Value::as_object) else { continue };
        keep_within(next, &schema.id, held, &schema.attributes, &format!("{}:", schema.id))?;
    }
    Ok(())
}

fn keep(next: &mut Object, current: &Object, attributes: &[Attribute], place: &str) -> Result<(), Error> {
    for attribute in attributes {
        let Some(held) = current.get(&attribute.name) else { continue };
        if attribute.mutability == Mutability::Immutable {
            match next.get(&attribute.name) {
                None => {
                    next.insert(attribute.name.clone(), held.clone());
                }
                Some(given) if given == held => {}
                Some(_) => {
                    let name = &attribute.name;
                    return Err(Error::mutability(format!("{place}{name}: is immutable and has a value")));
                }
            }
        } else if let (Type::Complex, Some(members)) = (attribute.kind, held.as_object()) {
            let place = format!("{place}{}.", attribute.name);
            keep_within(next, &attribute.name, members, &attribute.sub_attributes, &place)?;
        }
    }
    Ok(())
}

/// [`keep`] in the object under `key`, which is made where it is needed.
fn keep_within(
    next: &mut Object,
    key: &str,
    held: &Object,
    attributes: &[Attribute],
    place: &str,
) -> Result<(), Error> {
    let mut members = match next.get(key) {
        Some(Value::Object(members)) => members.clone(),
        _ => Object::new(),
    };
    keep(&mut members, held, attributes, place)?;
    if !members.is_empty() {
        next.insert(key.to_owned(), Value::Object(members));
    }
    Ok(())
}
