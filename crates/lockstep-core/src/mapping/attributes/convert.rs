//! What a value is made into. Only what can be read in one way is converted: the rest does not fit.

use lockstep_scim::datetime;
use lockstep_scim::path::Selected;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// What the values of an attribute are made into. Of several values the primary one counts, else the first that fits;
/// of an object its `value`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeType {
    /// A text. Numbers, true and false are written as JSON has them.
    String,
    /// A number, or a text that is one as JSON has it: `"42"` is 42, and `"007"`, `"1,5"` and what a double would round
    /// are none.
    Number,
    /// True or false, or a text that is one of these in any letter case.
    Boolean,
    /// A time in UTC with milliseconds, from a text as in RFC 3339; without a zone it is meant in UTC, a date alone is its
    /// first moment.
    Timestamp,
    /// All that stands there, each as it is; one value is a list of one.
    List,
    /// What stands there, as it is: a list where the attribute is one.
    Any,
}

impl AttributeType {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::String, Self::Number, Self::Boolean, Self::Timestamp, Self::List, Self::Any];

    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Timestamp => "timestamp",
            Self::List => "list",
            Self::Any => "any",
        }
    }

    /// The one that the API writes so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether it takes such a value alone.
    pub(in crate::mapping) fn takes(self, value: &Value) -> bool {
        let selected = Selected { values: vec![value], ..Selected::default() };
        self.convert(&selected).is_some()
    }

    /// The value that is made of what stands at a path, which is something; nothing where none of it fits.
    pub(super) fn convert(self, selected: &Selected<'_>) -> Option<Value> {
        let all = || Value::Array(selected.values.iter().map(|value| (*value).clone()).collect());
        let scalar = match self {
            Self::List => return Some(all()),
            Self::Any if selected.is_list => return Some(all()),
            Self::Any => return selected.values.first().map(|value| (*value).clone()),
            Self::String => text,
            Self::Number => number,
            Self::Boolean => boolean,
            Self::Timestamp => timestamp,
        };
        selected.by_preference().find_map(|value| one_of(value, scalar))
    }
}

/// The first that fits of a value, of the `value` of an object, or of what a list has.
fn one_of(value: &Value, scalar: fn(&Value) -> Option<Value>) -> Option<Value> {
    match value {
        Value::Object(object) => scalar(object.get("value")?),
        Value::Array(items) => items.iter().find_map(|item| match item {
            Value::Object(object) => scalar(object.get("value")?),
            item => scalar(item),
        }),
        value => scalar(value),
    }
}

fn text(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(_) => Some(value.clone()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(truth) => Some(truth.to_string().into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => {
            let text = text.trim();
            let number: Number = serde_json::from_str(text).ok()?;
            // A whole number that no integer of 64 bits holds is rounded.
            let whole = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
            (!(whole && number.is_f64())).then_some(Value::Number(number))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn boolean(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) => Some(value.clone()),
        Value::String(text) => {
            let is = |truth: &str| text.trim().eq_ignore_ascii_case(truth);
            if is("true") { Some(true.into()) } else { is("false").then_some(false.into()) }
        }
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn timestamp(value: &Value) -> Option<Value> {
    let text = value.as_str()?.trim();
    let is_date = text.len() == "2026-11-22".len();
    let instant = if is_date { datetime::parse(&format!("{text}T00:00:00Z")) } else { datetime::parse(text) };
    Some(datetime::render(instant?).into())
}
