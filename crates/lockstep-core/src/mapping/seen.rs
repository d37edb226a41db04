//! What users really hold: each path at which something stands, of how many users, and what for example. So that a
//! mapping is chosen from what arrives.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_scim::Object;
use lockstep_scim::schema::is_urn;
use serde_json::Value;

use super::attributes::{AttributeType, Attributes, parse_path};
use crate::limits::{SEEN_EXAMPLES_LIMIT, SEEN_PATHS_LIMIT, SEEN_TEXT_CHARS_LIMIT};

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    examined: u64,
    paths: BTreeMap<String, SeenPath>,
    /// Paths that were not noted: beyond the bound, or no path can name them.
    unnamed: BTreeSet<String>,
}

/// What was seen at one path.
#[derive(Clone, Debug, Default)]
pub struct SeenPath {
    /// How many users have something there.
    pub users: u64,
    /// As which types of JSON.
    pub json_types: BTreeSet<&'static str>,
    /// Some values that differ; longer texts are cut. Objects are none.
    pub examples: Vec<Value>,
    /// The types that every value fits.
    fits: Option<Fits>,
}

/// Which types every value so far fits.
#[derive(Clone, Copy, Debug)]
struct Fits {
    number: bool,
    boolean: bool,
    timestamp: bool,
    scalar: bool,
    several: bool,
}

impl Seen {
    /// How many users were looked at.
    #[must_use]
    pub fn examined(&self) -> u64 {
        self.examined
    }

    /// How many paths were left out: beyond the bound, or of names that no path can have. At most the bound is counted.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.unnamed.len()
    }

    /// The paths, in their order.
    pub fn paths(&self) -> impl Iterator<Item = (&str, &SeenPath)> {
        self.paths.iter().map(|(path, seen)| (path.as_str(), seen))
    }

    /// Looks at one user's resource.
    pub fn add(&mut self, doc: &Object) {
        self.examined += 1;
        let mut found = BTreeMap::new();
        for (name, value) in doc {
            match value {
                Value::Object(members) if is_urn(name) => {
                    for (attribute, value) in members {
                        walk(&mut found, &format!("{name}:{attribute}"), value);
                    }
                }
                _ if name == "schemas" => {}
                value => walk(&mut found, name, value),
            }
        }
        for (path, values) in found {
            self.note(path, &values, doc);
        }
    }

    fn note(&mut self, path: String, values: &[&Value], doc: &Object) {
        // Some names can stand in no path.
        let is_path = || parse_path(&path).is_ok_and(|selector| !selector.select(doc).values.is_empty());
        if !self.paths.contains_key(&path) && (self.paths.len() >= SEEN_PATHS_LIMIT || !is_path()) {
            if self.unnamed.len() < SEEN_PATHS_LIMIT {
                self.unnamed.insert(path);
            }
            return;
        }
        let seen = self.paths.entry(path).or_default();
        seen.users += 1;
        for value in values {
            seen.add(value, values.len() > 1);
        }
    }
}

impl SeenPath {
    fn add(&mut self, value: &Value, several: bool) {
        self.json_types.insert(type_of(value));
        let here = Fits::of(value, several);
        self.fits = Some(self.fits.map_or(here, |fits| fits.and(here)));
        let example = match value {
            Value::String(text) => Value::String(text.chars().take(SEEN_TEXT_CHARS_LIMIT).collect()),
            Value::Bool(_) | Value::Number(_) => value.clone(),
            Value::Null | Value::Array(_) | Value::Object(_) => return,
        };
        if self.examples.len() < SEEN_EXAMPLES_LIMIT && !self.examples.contains(&example) {
            self.examples.push(example);
        }
    }

    /// The type into which every value that was seen can be made.
    #[must_use]
    pub fn suggested_type(&self) -> AttributeType {
        match self.fits {
            Some(Fits { several: true, .. }) => AttributeType::List,
            Some(Fits { scalar: false, .. }) | None => AttributeType::Any,
            Some(Fits { boolean: true, .. }) => AttributeType::Boolean,
            Some(Fits { number: true, .. }) => AttributeType::Number,
            Some(Fits { timestamp: true, .. }) => AttributeType::Timestamp,
            Some(_) => AttributeType::String,
        }
    }
}

impl Fits {
    fn of(value: &Value, several: bool) -> Self {
        Self {
            // A number that comes as text is an id as often as not: only what is a number is called one.
            number: value.is_number(),
            boolean: AttributeType::Boolean.takes(value),
            timestamp: AttributeType::Timestamp.takes(value),
            scalar: !value.is_object() && !value.is_array(),
            several,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            number: self.number && other.number,
            boolean: self.boolean && other.boolean,
            timestamp: self.timestamp && other.timestamp,
            scalar: self.scalar && other.scalar,
            several: self.several || other.several,
        }
    }
}

/// The attributes that read something at this path, or of which it is a part.
pub fn read_by<'a>(attributes: &'a Attributes, path: &'a str) -> impl Iterator<Item = &'a str> {
    let covers = move |mapped: &str| {
        let start = path.get(..mapped.len());
        let rest = path.get(mapped.len()..).unwrap_or_default();
        start.is_some_and(|start| start.eq_ignore_ascii_case(mapped))
            && (rest.is_empty() || rest.starts_with(['.', '[']))
    };
    attributes
        .iter()
        .filter(move |one| one.paths.iter().any(|mapped| covers(mapped)))
        .map(|one| one.name.as_str())
}

/// Notes what stands below an attribute: a simple value by its name, the parts of an object, and of a list the values
/// by their type where they say one.
fn walk<'a>(found: &mut BTreeMap<String, Vec<&'a Value>>, path: &str, value: &'a Value) {
    let mut note = |path: String, value: &'a Value| {
        if is_something(value) {
            found.entry(path).or_default().push(value);
        }
    };
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                note(format!("{path}.{name}"), value);
            }
        }
        Value::Array(items) => {
            for item in items {
                let Value::Object(members) = item else {
                    note(path.to_owned(), item);
                    continue;
                };
                let selector = match members.get("type") {
                    Some(Value::String(text)) if !text.is_empty() => {
                        format!("[type eq {}]", Value::String(text.clone()))
                    }
                    _ => String::new(),
                };
                for (name, value) in members.iter().filter(|(name, _)| *name != "type" && *name != "primary")
                {
                    note(format!("{path}{selector}.{name}"), value);
                }
            }
        }
        value => note(path.to_owned(), value),
    }
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(is_something),
        Value::Object(members) => members.values().any(is_something),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::mapping::{DirectoryMapping, StandardAttribute};

    fn seen(users: &[Value]) -> Seen {
        let mut seen = Seen::default();
        for user in users {
            seen.add(user.as_object().expect("an object"));
        }
        seen
    }

    #[test]
    fn each_path_that_arrives_is_told_with_how_many_have_it() {
        let acme = "urn:acme:2.0:User";
        let seen = seen(&[
            json!({ "schemas": [acme], "userName": "ada", "name": { "givenName": "Ada" }, "title": "",
                "emails": [{ "type": "work", "value": "a@example.com", "primary": true }, { "value": "b@example.com" }],
                acme: { "badge": 7, "flag": "True", "tags": ["x", "y"], "desk": { "floor": "3" } } }),
            json!({ "userName": "alan", "emails": [{ "type": "work", "value": "c@example.com" }],
                acme: { "badge": 8, "flag": "false", "since": "2026-11-22" } }),
        ]);
        let told: Vec<(&str, u64, &str)> =
            seen.paths().map(|(path, seen)| (path, seen.users, seen.suggested_type().as_str())).collect();
        assert_eq!(
            told,
            [
                ("emails.value", 1, "string"),
                ("emails[type eq \"work\"].value", 2, "string"),
                ("name.givenName", 1, "string"),
                ("urn:acme:2.0:User:badge", 2, "number"),
                ("urn:acme:2.0:User:desk.floor", 1, "string"),
                ("urn:acme:2.0:User:flag", 2, "boolean"),
                ("urn:acme:2.0:User:since", 1, "timestamp"),
                ("urn:acme:2.0:User:tags", 1, "list"),
                ("userName", 2, "string"),
            ]
        );
        assert_eq!(seen.examined(), 2);
        let badges = seen.paths().find(|(path, _)| path.ends_with("badge")).expect("seen");
        assert_eq!(badges.1.examples, [json!(7), json!(8)]);
    }

    #[test]
    fn a_path_says_which_attributes_read_it() {
        const STANDARD: &[StandardAttribute] = &[
            StandardAttribute {
                name: "emails",
                paths: &["emails"],
                attribute_type: AttributeType::List,
                members: &[],
            },
            StandardAttribute {
                name: "t",
                paths: &["TITLE"],
                attribute_type: AttributeType::String,
                members: &[],
            },
        ];
        let attributes = Attributes::of(STANDARD, &DirectoryMapping::default());
        let read = |path| read_by(&attributes, path).collect::<Vec<_>>();
        assert_eq!(read("emails[type eq \"work\"].value"), ["emails"]);
        assert_eq!(read("title"), ["t"]);
        assert!(read("titles").is_empty());
    }

    #[test]
    fn many_names_and_long_texts_are_bounded() {
        let many: Object =
            (0..2 * SEEN_PATHS_LIMIT).map(|i| (format!("a{i}"), json!("x".repeat(10_000)))).collect();
        let seen = seen(&[json!({ "urn:acme:User": many, "urn:b:User": { "not a name": 1 } })]);
        assert_eq!(seen.paths().count(), SEEN_PATHS_LIMIT);
        assert_eq!(seen.left_out(), SEEN_PATHS_LIMIT);
        let longest =
            seen.paths().flat_map(|(_, seen)| &seen.examples).filter_map(Value::as_str).map(str::len).max();
        assert_eq!(longest, Some(SEEN_TEXT_CHARS_LIMIT));
    }

    proptest! {
        #[test]
        fn whatever_is_seen_can_be_mapped(
            name in "\\PC{1,6}", kind in "\\PC{0,6}", value in prop_oneof![Just(json!(1)), "\\PC{1,4}".prop_map(Value::from)],
        ) {
            let user = json!({
                "emails": [{ "type": kind.clone(), "value": "a" }],
                "urn:acme:User": { name.clone(): value.clone(), "l": [{ "type": kind, name: value }] },
            });
            let seen = seen(std::slice::from_ref(&user));
            for (path, told) in seen.paths() {
                let own = BTreeMap::from([(
                    "it".to_owned(),
                    Some(crate::mapping::MappedAttribute {
                        path: path.to_owned(), attribute_type: told.suggested_type(), required: true,
                    }),
                )]);
                let attributes = Attributes::of(&[], &DirectoryMapping { own, ..DirectoryMapping::default() });
                prop_assert!(attributes.project(user.as_object().unwrap()).contains_key("it"), "{}", path);
            }
        }
    }
}
