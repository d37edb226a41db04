//! Resources as they stand in rows. Who only passes one on need not take it apart: of its attributes those that are
//! looked at are read, and the whole goes out as it is written.

use std::fmt;

use lockstep_scim::Object;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A JSON object as text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Written(Box<RawValue>);

impl Written {
    /// A text that is a JSON object.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: &RawValue = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if value.get().starts_with('{') {
            Ok(Self(value.to_owned()))
        } else {
            Err("it is no object".to_owned())
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Those of its members that have these names.
    pub fn members(&self, names: &[&str]) -> Result<Object, String> {
        let mut text = serde_json::Deserializer::from_str(self.as_str());
        Members(names).deserialize(&mut text).map_err(|error| error.to_string())
    }

    /// All of it.
    pub fn object(&self) -> Result<Object, String> {
        serde_json::from_str(self.as_str()).map_err(|error| error.to_string())
    }
}

impl From<&RawValue> for Written {
    fn from(value: &RawValue) -> Self {
        Self(value.to_owned())
    }
}

impl PartialEq for Written {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// Reads of an object the members with these names; the others are passed over.
struct Members<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = Object;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Object, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut members = Object::new();
        while let Some(name) = map.next_key_seed(Name(self.0))? {
            match name {
                Some(name) => drop(members.insert(name.to_owned(), map.next_value()?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(members)
    }
}

/// Which of these names a member has, if one of them.
struct Name<'a>(&'a [&'a str]);

impl<'de, 'a> DeserializeSeed<'de> for Name<'a> {
    type Value = Option<&'a str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Name<'a> {
    type Value = Option<&'a str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|known| **known == name).copied())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_read_of_a_text_is_what_it_says_and_the_whole_stays_as_it_is() {
        let text = r#"{"a":{"x":[1,{"b":2}]},"b":"\u00e9\"","c":null,"d\n":1.50,"e":[]}"#;
        let written = Written::parse(text).unwrap();
        assert_eq!(serde_json::to_string(&written).unwrap(), text);
        let all = written.object().unwrap();
        assert_eq!(
            all,
            *json!({ "a": { "x": [1, { "b": 2 }] }, "b": "é\"", "c": null, "d\n": 1.50, "e": [] })
                .as_object()
                .unwrap()
        );
        for names in [&[][..], &["a"], &["b", "c", "d\n"], &["x", "e", "a"]] {
            let expected: Object =
                all.clone().into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect();
            assert_eq!(written.members(names).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["", "[]", "1", "{", "{}x", "null", r#"{"a":}"#] {
            assert!(Written::parse(text).is_err(), "{text}");
        }
    }
}
