//! Resources as they stand in rows. Who only passes one on need not take it apart: of its attributes those that are
//! looked at are read, and the whole goes out as it is written.

use std::fmt;

use lockstep_scim::Object;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A JSON object whose members are texts: it was looked through once, and nothing of it was taken apart.
#[derive(Clone, Debug)]
pub struct Written(Vec<(String, Box<RawValue>)>);

impl Written {
    /// A text that is a JSON object.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// Those of its members that have these names.
    pub fn members(&self, names: &[&str]) -> Result<Object, String> {
        self.read(|name| names.contains(&name))
    }

    /// All of it.
    pub fn object(&self) -> Result<Object, String> {
        self.read(|_| true)
    }

    fn read(&self, wanted: impl Fn(&str) -> bool) -> Result<Object, String> {
        let members = self.0.iter().filter(|(name, _)| wanted(name));
        let read = members.map(|(name, value)| Ok((name.clone(), serde_json::from_str(value.get())?)));
        read.collect::<serde_json::Result<_>>().map_err(|error| error.to_string())
    }
}

impl PartialEq for Written {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self
                .0
                .iter()
                .zip(&other.0)
                .all(|((name, value), (other, theirs))| name == other && value.get() == theirs.get())
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Written, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Written(members))
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
