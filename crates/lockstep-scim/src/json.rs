//! Bytes of a body to a JSON value, within limits. Refuses what two readers could read differently.
//!
//! ```
//! use lockstep_scim::{Limits, json};
//!
//! assert!(json::parse(br#"{"userName": "ada"}"#, &Limits::default()).is_ok());
//! let error = json::parse(br#"{"userName": "ada", "USERNAME": "bob"}"#, &Limits::default()).unwrap_err();
//! assert!(error.detail.contains("duplicate member `USERNAME`"));
//! ```

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::limits::DEPTH_MAX;
use crate::{Error, Limits, error::shown};

/// Reads a request body (RFC 7644 §3.1). Refuses a body over the limits, duplicate member names
/// (also names that differ only in ASCII case, since SCIM names ignore case: RFC 7643 §2.1),
/// text that is not UTF-8, numbers beyond a double, and anything after the value.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Value, Error> {
    if bytes.len() > limits.body_bytes {
        return Err(Error::too_large(format!(
            "the body has {} bytes; the limit body_bytes is {}",
            bytes.len(),
            limits.body_bytes
        ))
        .over("body_bytes"));
    }
    if let Err(fault) = std::str::from_utf8(bytes) {
        return Err(Error::invalid_syntax(format!("the body is not UTF-8 at byte {}", fault.valid_up_to())));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let exceeded = Cell::new(None);
    let seed = Seed { depth: limits.json_depth.min(DEPTH_MAX), limits, exceeded: &exceeded };
    let value =
        seed.deserialize(&mut reader).map_err(|fault| Error { limit: exceeded.get(), ..syntax(&fault) })?;
    reader.end().map_err(|fault| syntax(&fault))?;
    Ok(value)
}

/// The reader's messages carry line and column, and name tokens, never a value.
fn syntax(fault: &serde_json::Error) -> Error {
    Error::invalid_syntax(format!("the body is not acceptable JSON: {fault}"))
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    /// How many more arrays and objects may be opened.
    depth: usize,
    limits: &'a Limits,
    /// The name of the limit that ended the reading: the reader's errors hold no more than a text.
    exceeded: &'a Cell<Option<&'static str>>,
}

impl Seed<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if let Some(depth) = self.depth.checked_sub(1) {
            return Ok(Self { depth, ..self });
        }
        self.exceeded.set(Some("json_depth"));
        let limit = self.limits.json_depth.min(DEPTH_MAX);
        Err(E::custom(format!("nested deeper than the limit json_depth of {limit}")))
    }

    fn text<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        // No name or address holds it, and databases and programs end a text there.
        if text.contains('\0') {
            return Err(E::custom("a string holds the character U+0000; leave it out"));
        }
        if text.len() > self.limits.string_bytes {
            self.exceeded.set(Some("string_bytes"));
            return Err(E::custom(format!(
                "a string has {} bytes; the limit string_bytes is {}",
                text.len(),
                self.limits.string_bytes
            )));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.text(value)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Value, E> {
        self.text(&value)?;
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(seed)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut object = Map::new();
        let mut seen = HashSet::new();
        while let Some(key) = access.next_key::<String>()? {
            self.text(&key)?;
            if !seen.insert(key.to_ascii_lowercase()) {
                return Err(A::Error::custom(format!(
                    "duplicate member `{}` (names ignore case); send it once",
                    shown(&key)
                )));
            }
            let value = access.next_value_seed(seed)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests;
