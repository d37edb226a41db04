//! Values whose type or form is not the one that the schema gives.

use lockstep_core::command::Terms;
use lockstep_scim::Limits;
use lockstep_scim::schema::{Attribute, Mutability, Type};
use serde_json::{Map, Value};

use super::walk::{each_value, member};
use super::{Repair, Request, Tally};

/// `"False"` for false.
pub const BOOLEAN_TEXT: Repair = Repair {
    name: "boolean-text",
    why: "the words true and false arrive as text, in any case; where the schema wants a boolean, that is what they mean",
    apply: boolean_text,
};

/// `701984` for `"701984"`.
pub const NUMBER_AS_TEXT: Repair = Repair {
    name: "number-as-text",
    why: "a number arrives where the schema wants text; its digits are the text",
    apply: number_as_text,
};

/// `{"value": "{\"value\":\"Admin\"}"}` for `{"value": "Admin"}`.
pub const JSON_TEXT_VALUES: Repair = Repair {
    name: "json-text-values",
    why: "a value of a list is a JSON document in a text; what the document says is the value",
    apply: json_text_values,
};

/// `{"type": "work"}` in a list of e-mail addresses.
pub const VALUELESS_ELEMENTS: Repair = Repair {
    name: "valueless-elements",
    why: "a mapping that found nothing still sends the type of a value; an element without its value says nothing",
    apply: valueless_elements,
};

/// `"emails": {"value": …}` for a list of one.
pub const LIST_OF_ONE: Repair = Repair {
    name: "list-of-one",
    why: "a list that has one value arrives as that value",
    apply: list_of_one,
};

/// `"manager": [{"value": …}]` for the one manager.
pub const SINGLE_IN_LIST: Repair = Repair {
    name: "single-in-list",
    why: "an attribute that has one value, such as the manager or a name, arrives as a list of that one",
    apply: single_in_list,
};

/// Two addresses with `"primary": true`.
pub const ONE_PRIMARY: Repair = Repair {
    name: "one-primary",
    why: "several values of a list say that they are the primary one; the first of them is",
    apply: one_primary,
};

fn one_primary(request: &mut Request, terms: &Terms) -> Option<String> {
    let mut tally = Tally::default();
    each_value(request, terms, &mut |attribute, value, element| {
        // RFC 7643 §2.4: at most one value is primary.
        if element || !attribute.multi_valued || attribute.sub("primary").is_none() {
            return;
        }
        let Value::Array(items) = value else { return };
        let says_so = |item: &&mut Map<String, Value>| {
            member(item, "primary").is_some_and(|value| *value == Value::Bool(true))
        };
        for item in items.iter_mut().filter_map(Value::as_object_mut).filter(says_so).skip(1) {
            item.retain(|key, _| !key.eq_ignore_ascii_case("primary"));
            tally.count(&attribute.name);
        }
    });
    tally.detail("a second primary value read as one that is not")
}

/// What an object holds that has a `value` and nothing else that says something.
fn only_value(item: &Value) -> Option<Value> {
    let object = item.as_object()?;
    let inner = object.get("value").filter(|inner| !inner.is_null())?;
    object.iter().all(|(name, other)| name == "value" || other.is_null()).then(|| inner.clone())
}

fn single_in_list(request: &mut Request, terms: &Terms) -> Option<String> {
    let mut tally = Tally::default();
    each_value(request, terms, &mut |attribute, value, element| {
        if (attribute.multi_valued && !element) || attribute.is_read_only() {
            return;
        }
        if let Value::Array(items) = value
            && let [item] = items.as_mut_slice()
        {
            // `[{"$ref": null, "value": "x"}]`, where `"x"` is meant.
            if let Some(inner) = only_value(item).filter(|_| attribute.kind != Type::Complex) {
                *item = inner;
            }
        }
        if let Value::Array(items) = value
            && let [item] = items.as_mut_slice()
            && item.is_object() == (attribute.kind == Type::Complex)
            && !(item.is_array() || item.is_null())
        {
            *value = item.take();
            tally.count(&attribute.name);
        }
    });
    tally.detail("a list of one read as the value")
}

fn list_of_one(request: &mut Request, terms: &Terms) -> Option<String> {
    if !request.is_resource() {
        // In a PATCH the RFC's own examples do it, and the library reads it.
        return None;
    }
    let mut tally = Tally::default();
    each_value(request, terms, &mut |attribute, value, element| {
        if attribute.multi_valued && !element && !attribute.is_read_only() && value.is_object() {
            *value = Value::Array(vec![value.take()]);
            tally.count(&attribute.name);
        }
    });
    tally.detail("one value read as a list of one")
}

fn boolean_text(request: &mut Request, terms: &Terms) -> Option<String> {
    let mut tally = Tally::default();
    each_value(request, terms, &mut |attribute, value, _| {
        if attribute.kind != Type::Boolean {
            return;
        }
        let Value::String(text) = value else { return };
        // RFC 7643 §2.3.2 knows two values; nothing else can be meant by these words, and no other word is guessed.
        let meant = if text.eq_ignore_ascii_case("true") {
            true
        } else if text.eq_ignore_ascii_case("false") {
            false
        } else {
            return;
        };
        *value = Value::Bool(meant);
        tally.count(&attribute.name);
    });
    tally.detail("text read as true or false")
}

fn number_as_text(request: &mut Request, terms: &Terms) -> Option<String> {
    let mut tally = Tally::default();
    each_value(request, terms, &mut |attribute, value, _| {
        if attribute.kind == Type::String
            && let Value::Number(number) = value
            // A number with a fraction, or too long to be held exactly, is not what was sent any more.
            && (number.is_i64() || number.is_u64())
        {
            *value = Value::String(number.to_string());
            tally.count(&attribute.name);
        }
    });
    tally.detail("number read as text")
}

fn json_text_values(request: &mut Request, terms: &Terms) -> Option<String> {
    let mut tally = Tally::default();
    each_value(request, terms, &mut |attribute, value, element| {
        if !element || attribute.kind != Type::Complex {
            return;
        }
        let Value::Object(members) = value else { return };
        let Some(document) = member(members, "value").and_then(Value::as_str).and_then(document) else {
            return;
        };
        for (key, inner) in document {
            // The document calls the text for people displayName; the schema calls it display.
            let key = if key.eq_ignore_ascii_case("displayName") { "display".to_owned() } else { key };
            let Some(sub) = attribute.sub(&key) else { continue };
            if sub.name == "value" || member(members, &sub.name).is_none() {
                members.retain(|known, _| !known.eq_ignore_ascii_case(&sub.name));
                members.insert(sub.name.clone(), inner);
            }
        }
        tally.count(&attribute.name);
    });
    tally.detail("values unpacked from JSON documents in text")
}

/// The JSON object with a text `value` that a text is.
fn document(text: &str) -> Option<Map<String, Value>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let Ok(Value::Object(document)) = lockstep_scim::json::parse(text.as_bytes(), &Limits::default()) else {
        return None;
    };
    document.get("value").is_some_and(Value::is_string).then_some(document)
}

fn valueless_elements(request: &mut Request, terms: &Terms) -> Option<String> {
    if !request.is_resource() {
        return None;
    }
    let mut tally = Tally::default();
    each_value(request, terms, &mut |attribute, value, element| {
        if element || !attribute.multi_valued || !is_named_by_value(attribute) {
            return;
        }
        let Value::Array(items) = value else { return };
        items.retain(|item| {
            let says = says_something(item);
            if !says {
                tally.count(&attribute.name);
            }
            says
        });
    });
    tally.detail("elements without a value left out")
}

/// Whether each value of the list is nothing without its `value`. Members are refused without one instead: who was
/// meant is not ours to guess.
fn is_named_by_value(attribute: &Attribute) -> bool {
    attribute.kind == Type::Complex
        && attribute.sub("value").is_some_and(|sub| sub.mutability == Mutability::ReadWrite)
}

fn says_something(item: &Value) -> bool {
    let Value::Object(members) = item else { return true };
    match member(members, "value") {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}
