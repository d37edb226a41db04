//! The fields of a body, read one by one. All that is wrong is told at once, each field with what is allowed; one
//! that nobody knows is refused, since what it meant would be lost silently.

use std::collections::BTreeMap;
use std::time::Duration;

use lockstep_core::clock::Timestamp;
use lockstep_core::settings::Setting;
use lockstep_scim::schema::Schema;
use lockstep_scim::{Limits, Object};
use serde_json::Value;

use crate::limits::{METADATA_ENTRIES_LIMIT, METADATA_VALUE_BYTES_LIMIT, NAME_BYTES_LIMIT};
use crate::openapi::Operation;
use crate::problem::{FieldError, Problem};

/// A body that is being read.
pub(crate) struct Fields {
    object: Object,
    errors: Vec<FieldError>,
}

/// A field that may be left out, and may be null.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Given<T> {
    Absent,
    Null,
    Value(T),
}

impl<T> Given<T> {
    /// The value, where to leave it out and to say null mean the same.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

impl Fields {
    /// Begins to read a body; known are the fields that are described.
    pub(crate) fn new(object: Object, operation: &Operation) -> Self {
        let known = operation.field_names();
        let unknown = object.keys().filter(|name| !known.contains(name));
        let errors = unknown
            .map(|name| {
                let field: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
                let message =
                    format!("the field `{field}` is not known here; known are: {}", known.join(", "));
                FieldError { field, code: "unknown_field", message }
            })
            .collect();
        Self { object, errors }
    }

    /// A text that must be there. What is returned counts only once [`Fields::done`] agreed.
    pub(crate) fn text(&mut self, name: &str, bytes_limit: usize) -> String {
        match self.optional_text(name, bytes_limit) {
            Given::Value(text) => text,
            Given::Absent | Given::Null => {
                self.wrong(name, "required", format!("`{name}` is required"));
                String::new()
            }
        }
    }

    /// A text that may be left out.
    pub(crate) fn optional_text(&mut self, name: &str, bytes_limit: usize) -> Given<String> {
        match self.object.get(name) {
            None => return Given::Absent,
            Some(Value::Null) => return Given::Null,
            Some(Value::String(text)) if fits(text, bytes_limit) => return Given::Value(text.clone()),
            Some(_) => {}
        }
        let message = format!(
            "`{name}` must be a text of 1 to {bytes_limit} bytes, not only blanks, without control characters"
        );
        self.wrong(name, "invalid_text", message);
        // Something was given, so that it is not told to be missing besides.
        Given::Value(String::new())
    }

    /// Whether there is such a field that is not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.object.get(name).is_some_and(|value| !value.is_null())
    }

    /// A field as it was sent.
    pub(crate) fn raw(&self, name: &str) -> Option<&Value> {
        self.object.get(name)
    }

    /// An object, whatever is in it; `None` where it is left out or something else.
    pub(crate) fn object(&self, name: &str) -> Option<&Value> {
        self.object.get(name).filter(|value| value.is_object())
    }

    /// A list of texts that may be left out.
    pub(crate) fn optional_texts(&mut self, name: &str, limit: usize) -> Given<Vec<String>> {
        let texts = match self.object.get(name) {
            None => return Given::Absent,
            Some(Value::Null) => return Given::Null,
            Some(Value::Array(list)) if list.len() <= limit => {
                list.iter().map(|value| value.as_str().map(str::to_owned)).collect()
            }
            Some(_) => None,
        };
        texts.map_or_else(
            || {
                let message = format!("`{name}` must be a list of at most {limit} texts");
                self.wrong(name, "invalid_list", message);
                Given::Absent
            },
            Given::Value,
        )
    }

    /// Metadata: texts by name. Null as a value takes the name away.
    pub(crate) fn metadata(&mut self, name: &str) -> Given<BTreeMap<String, Option<String>>> {
        let entries = match self.object.get(name) {
            None => return Given::Absent,
            Some(Value::Null) => return Given::Null,
            Some(Value::Object(entries)) if entries.len() <= METADATA_ENTRIES_LIMIT => entries,
            Some(_) => {
                let message =
                    format!("`{name}` must be an object with at most {METADATA_ENTRIES_LIMIT} entries");
                self.wrong(name, "invalid_metadata", message);
                return Given::Absent;
            }
        };
        let read: Option<BTreeMap<_, _>> = entries
            .iter()
            .map(|(key, value)| match value {
                Value::Null if fits(key, NAME_BYTES_LIMIT) => Some((key.clone(), None)),
                Value::String(text)
                    if fits(key, NAME_BYTES_LIMIT) && text.len() <= METADATA_VALUE_BYTES_LIMIT =>
                {
                    Some((key.clone(), Some(text.clone())))
                }
                _ => None,
            })
            .collect();
        if let Some(read) = read {
            return Given::Value(read);
        }
        let message = format!(
            "the values of `{name}` must be texts of at most {METADATA_VALUE_BYTES_LIMIT} bytes, and their names of 1 \
             to {NAME_BYTES_LIMIT}"
        );
        self.wrong(name, "invalid_metadata", message);
        Given::Absent
    }

    /// True or false, which may be left out.
    pub(crate) fn optional_truth(&mut self, name: &str) -> Option<bool> {
        match self.object.get(name) {
            None => None,
            Some(Value::Bool(value)) => Some(*value),
            Some(_) => {
                self.wrong(name, "invalid_boolean", format!("`{name}` must be true or false"));
                None
            }
        }
    }

    /// A whole number of seconds within bounds, which must be there.
    pub(crate) fn seconds(&mut self, name: &str, limit: Duration) -> Duration {
        let max = limit.as_secs();
        match self.object.get(name) {
            None | Some(Value::Null) => {
                let message = format!("`{name}` is required: a whole number from 0 to {max}");
                self.wrong(name, "required", message);
            }
            Some(value) => match value.as_u64().filter(|seconds| *seconds <= max) {
                Some(seconds) => return Duration::from_secs(seconds),
                None => {
                    self.wrong(
                        name,
                        "invalid_number",
                        format!("`{name}` must be a whole number from 0 to {max}"),
                    );
                }
            },
        }
        Duration::ZERO
    }

    /// A time that is still to come, which may be left out.
    pub(crate) fn optional_end(&mut self, name: &str, now: Timestamp) -> Given<Timestamp> {
        let text = match self.optional_text(name, NAME_BYTES_LIMIT) {
            Given::Value(text) => text,
            Given::Absent => return Given::Absent,
            Given::Null => return Given::Null,
        };
        let time = Timestamp::parse(&text).filter(|time| now < *time);
        if let Some(time) = time {
            return Given::Value(time);
        }
        let message = format!(
            "`{name}` must be a time that is still to come and before 9999-12-30, such as `2030-01-31T12:00:00Z`; leave \
             it out where there is no end"
        );
        self.wrong(name, "invalid_time", message);
        Given::Absent
    }

    /// A schema, as SCIM has it at /Schemas. What is wrong with it is told with its place.
    pub(crate) fn schema(&mut self, name: &str, limits: &Limits) -> Option<Schema> {
        let Some(given) = self.object.get(name).filter(|given| !given.is_null()) else {
            self.wrong(name, "required", format!("`{name}` is required"));
            return None;
        };
        match Schema::from_json(given, limits) {
            Ok(schema) => Some(schema),
            Err(error) => {
                self.wrong(name, "invalid_schema", error.detail);
                None
            }
        }
    }

    /// Settings of a directory, to be switched on or off, or by null left to its contract again; those that are left out
    /// stay.
    pub(crate) fn settings(&mut self, name: &str) -> Vec<(Setting, Option<bool>)> {
        let given = match self.object.get(name) {
            None => return Vec::new(),
            Some(Value::Object(given)) => given,
            Some(_) => {
                self.wrong(name, "invalid_settings", format!("`{name}` must be an object"));
                return Vec::new();
            }
        };
        let read = given.iter().map(|(key, value)| match value {
            Value::Null => Some((Setting::parse(key)?, None)),
            value => Some((Setting::parse(key)?, Some(value.as_bool()?))),
        });
        if let Some(read) = read.collect() {
            return read;
        }
        let known: Vec<&str> = Setting::ALL.into_iter().map(Setting::as_str).collect();
        let message = format!("`{name}` holds true, false or null for some of: {}", known.join(", "));
        self.wrong(name, "invalid_settings", message);
        Vec::new()
    }

    /// Says that a field is wrong.
    pub(crate) fn wrong(&mut self, field: &str, code: &'static str, message: String) {
        self.errors.push(FieldError { field: field.to_owned(), code, message });
    }

    /// 422 where anything was wrong.
    pub(crate) fn done(self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid(self.errors)) }
    }
}

fn fits(text: &str, bytes_limit: usize) -> bool {
    text.len() <= bytes_limit && !text.trim().is_empty() && !text.chars().any(char::is_control)
}
