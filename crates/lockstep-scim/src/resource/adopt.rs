//! Values that came before their extension was declared, or after it no longer is. What fits its schema stays; what no
//! longer has one goes. Must not know who declared it, or when.

use serde_json::Value;

use super::{Reading, Unknown, refresh_schemas};
use crate::schema::{Definition, Schema};
use crate::{Limits, Object};

/// What became of the values under a URN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopted {
    /// They are as they were, or there are none.
    Unchanged,
    /// They are spelled otherwise, and all there.
    Respelled,
    /// Something was left out, because it does not fit.
    Lost,
}

/// Makes the values that a stored resource has under `urn` those of the extension that the definition declares by it,
/// each as far as it fits; without such an extension all of them go. `schemas` follows (RFC 7643 §3).
pub fn adopt(object: &mut Object, definition: &Definition, urn: &str) -> Adopted {
    let declared = definition.extension(urn);
    // What goes on after a declared URN names an attribute of it: no key of its own any more.
    let concerns = |key: &str| {
        key.get(..urn.len()).is_some_and(|start| start.eq_ignore_ascii_case(urn))
            && match key.as_bytes().get(urn.len()) {
                None => true,
                Some(next) => *next == b':' && declared.is_some(),
            }
    };
    let keys: Vec<String> = object.keys().filter(|key| concerns(key)).cloned().collect();
    if keys.is_empty() {
        return Adopted::Unchanged;
    }
    let before = object.clone();
    let (mut fitting, mut lost) = (Object::new(), false);
    for key in keys {
        let value = object.remove(&key);
        match (declared, value) {
            (Some(schema), Some(Value::Object(members))) if key.len() == urn.len() => {
                lost |= take_over(schema, members, &mut fitting);
            }
            _ => lost = true,
        }
    }
    if let (Some(schema), false) = (declared, fitting.is_empty()) {
        object.insert(schema.id.clone(), Value::Object(fitting));
    }
    if *object == before {
        return Adopted::Unchanged;
    }
    if object.contains_key("schemas") {
        refresh_schemas(object, definition);
    }
    if lost { Adopted::Lost } else { Adopted::Respelled }
}

/// Adds what fits to `fitting`; whether anything was left out.
fn take_over(schema: &Schema, members: Object, fitting: &mut Object) -> bool {
    // What was accepted once is not measured again.
    let limits = Limits { values_per_attribute: usize::MAX, string_bytes: usize::MAX, ..Limits::default() };
    let mut lost = false;
    for (key, value) in members {
        let mut reading = Reading::new(Unknown::Ignore, false, &limits);
        let attribute = schema.attribute(&key).filter(|attribute| attribute.is_written());
        let read =
            attribute.map(|attribute| (attribute, reading.attribute(attribute, value, &attribute.name)));
        match read {
            Some((attribute, Ok(Some(value)))) if !fitting.contains_key(&attribute.name) => {
                lost |= !reading.ignored.is_empty();
                fitting.insert(attribute.name.clone(), value);
            }
            _ => lost = true,
        }
    }
    lost
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const URN: &str = "urn:example:badge:1.0:User";

    fn object(value: &Value) -> Object {
        value.as_object().cloned().unwrap()
    }

    fn declared() -> Definition {
        let badge = json!({"id": URN, "name": "Badge", "attributes": [
            {"name": "colour"}, {"name": "number", "type": "integer"},
            {"name": "desk", "type": "complex", "subAttributes": [{"name": "floor", "type": "integer"}]},
        ]});
        Definition::user()
            .with_open_extensions()
            .with_extension(Schema::from_json(&badge, &Limits::default()).unwrap(), false)
    }

    #[test]
    fn what_fits_stays_and_the_rest_goes() {
        let base = crate::schema::USER_URN;
        let other = "urn:example:other:1.0";
        let cases = [
            (json!({"userName": "a"}), json!({"userName": "a"}), Adopted::Unchanged),
            (json!({URN: {"number": 1}}), json!({URN: {"number": 1}}), Adopted::Unchanged),
            (
                json!({URN.to_uppercase(): {"Colour": "red"}}),
                json!({URN: {"colour": "red"}}),
                Adopted::Respelled,
            ),
            (
                json!({URN: {"colour": "red", "number": "one"}}),
                json!({URN: {"colour": "red"}}),
                Adopted::Lost,
            ),
            (
                json!({URN: {"desk": {"floor": 1, "row": 2}}}),
                json!({URN: {"desk": {"floor": 1}}}),
                Adopted::Lost,
            ),
            (json!({URN: {"shape": "round"}}), json!({}), Adopted::Lost),
            (json!({format!("{URN}:more"): {"a": 1}}), json!({}), Adopted::Lost),
            (
                json!({"schemas": [base, URN, other], URN: {"number": true}, other: {"a": 1}}),
                json!({"schemas": [base, other], other: {"a": 1}}),
                Adopted::Lost,
            ),
        ];
        for (before, after, became) in cases {
            let mut found = object(&before);
            assert_eq!(adopt(&mut found, &declared(), URN), became, "{before}");
            assert_eq!(Value::Object(found.clone()), after, "{before}");
            assert_eq!(adopt(&mut found, &declared(), URN), Adopted::Unchanged, "twice: {before}");
        }
    }

    #[test]
    fn without_a_schema_all_of_it_goes() {
        let closed = Definition::user().with_open_extensions().with_closed_extensions([URN.to_owned()]);
        let base = crate::schema::USER_URN;
        let mut found = object(&json!({"schemas": [base, URN], "userName": "a", URN: {"colour": "red"}}));
        assert_eq!(adopt(&mut found, &closed, URN), Adopted::Lost);
        assert_eq!(Value::Object(found), json!({"schemas": [base], "userName": "a"}));
    }
}
