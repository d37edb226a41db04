//! What the API answers: each thing read, and beside it the text as it came.

use std::fmt::Write as _;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Something that the API told of: its fields, and its JSON as it came.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    raw: String,
    fields: Value,
}

impl Thing {
    pub(super) fn read(text: &str) -> anyhow::Result<Self> {
        // A body that has nothing to say.
        let text = if text.is_empty() { "null" } else { text };
        let fields: Value =
            serde_json::from_str(text).context("the server's answer is no JSON: is it Lockstep?")?;
        Ok(Self { raw: text.to_owned(), fields })
    }

    pub(crate) fn fields(&self) -> &Value {
        &self.fields
    }

    /// A text field; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        text(&self.fields, name)
    }

    pub(crate) fn id(&self) -> &str {
        self.text("id")
    }

    /// The things of a list that it holds.
    pub(crate) fn parts(&self, name: &str) -> Vec<Self> {
        let parts = self.fields.get(name).and_then(Value::as_array).into_iter().flatten();
        parts.map(|part| Self { raw: part.to_string(), fields: part.clone() }).collect()
    }

    /// One line of JSON. What could steer a terminal stands as an escape, which is the same JSON.
    pub(crate) fn line(&self) -> String {
        let mut line = String::with_capacity(self.raw.len() + 1);
        for c in self.raw.chars() {
            if c == '\n' || c == '\r' {
                // Between tokens only: within a text JSON has them as escapes.
                line.push(' ');
            } else if crate::terminal::is_plain(c) {
                line.push(c);
            } else {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(line, "\\u{unit:04x}");
                }
            }
        }
        line.push('\n');
        line
    }
}

/// A part of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) data: Vec<Thing>,
    /// Where the next part begins; none where nothing follows.
    pub(crate) after: Option<String>,
    /// The answer without the list.
    pub(crate) rest: Value,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    #[serde(flatten)]
    rest: Value,
}

impl Page {
    pub(super) fn read(text: &str) -> anyhow::Result<Self> {
        let list: List<'_> =
            serde_json::from_str(text).context("the server's answer is no list: is it Lockstep?")?;
        let data = list.data.iter().map(|thing| Thing::read(thing.get())).collect::<anyhow::Result<_>>()?;
        let after = list.rest.pointer("/list_metadata/after").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { data, after, rest: list.rest })
    }
}

/// A text field of a value; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_passed_on_as_it_came_in_one_line_that_steers_no_terminal() {
        let came = "{\"z\": 1.50,\n \"a\":\"\u{9b}2J\u{202e}\u{7f}é\"}";
        let thing = Thing::read(came).unwrap();
        let line = thing.line();
        assert_eq!(line, "{\"z\": 1.50,  \"a\":\"\\u009b2J\\u202e\\u007fé\"}\n");
        assert_eq!(
            serde_json::from_str::<Value>(&line).unwrap(),
            serde_json::from_str::<Value>(came).unwrap()
        );
    }

    #[test]
    fn a_list_is_its_things_and_where_the_next_begin() {
        let page = Page::read(r#"{"data":[{"id":"a"},{"id":"b"}],"list_metadata":{"after":"b"}}"#).unwrap();
        assert_eq!(page.data.iter().map(Thing::id).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(page.after.as_deref(), Some("b"));
        assert!(Page::read("<html>").is_err() && Page::read("{}").is_err());
    }
}
