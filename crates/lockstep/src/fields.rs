//! The fields of what is sent and of what is shown: small translations that every command over the API makes the same
//! way.

use serde_json::{Map, Value, json};

use crate::terminal::{self, Ink, Paint};

/// The body of a request: only what was given.
#[derive(Debug, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn some(&mut self, name: &str, value: Option<impl Into<Value>>) -> &mut Self {
        if let Some(value) = value {
            self.set(name, value);
        }
        self
    }

    /// A text; an empty one is sent as null, which takes away what was there.
    pub(crate) fn some_or_null(&mut self, name: &str, value: Option<String>) -> &mut Self {
        let or_null = |text: String| if text.is_empty() { Value::Null } else { text.into() };
        self.some(name, value.map(or_null))
    }

    /// Keys with texts, where there are any; an empty one takes its key away.
    pub(crate) fn entries(&mut self, name: &str, entries: Vec<(String, String)>) -> &mut Self {
        if entries.is_empty() {
            return self;
        }
        let or_null = |text: String| if text.is_empty() { Value::Null } else { text.into() };
        let entries: Map<String, Value> =
            entries.into_iter().map(|(key, value)| (key, or_null(value))).collect();
        self.set(name, entries)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Self::Object(fields.0)
    }
}

/// Reads `key=value`.
pub(crate) fn entry(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// A time for a table: without what nobody reads at a glance.
pub(crate) fn time(text: &str) -> String {
    match (text.split_once('T'), text.get(..16)) {
        (Some((date, _)), Some(minute)) if date.len() == 10 => minute.replace('T', " "),
        _ => text.to_owned(),
    }
}

/// Something that people copy: alone on its line, below its title.
pub(crate) fn to_copy(title: &str, value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    format!("\n{}\n{}\n", Paint::for_stdout().with(Ink::Dim, title), terminal::plain(value))
}

/// Says that something is gone: in words, or as the object that was gone.
pub(crate) fn gone(is_json: bool, object: &str, id: &str, words: &str) -> anyhow::Result<()> {
    let told = if is_json {
        format!("{}\n", json!({ "object": object, "id": id, "deleted": true }))
    } else {
        format!("{words} {}\n", terminal::plain(id))
    };
    terminal::write(&told)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_holds_what_was_given_and_null_for_what_is_taken_away() {
        let mut body = Fields::default();
        body.some("name", None::<String>).some_or_null("external_id", Some(String::new()));
        body.entries("metadata", vec![("a".into(), "1".into()), ("b".into(), String::new())]);
        assert_eq!(Value::from(body), json!({ "external_id": null, "metadata": { "a": "1", "b": null } }));
        assert!(Fields::default().is_empty());
    }

    #[test]
    fn an_entry_has_a_key_and_its_value_may_hold_anything() {
        assert_eq!(entry("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(entry("a").is_err() && entry("=b").is_err());
    }

    #[test]
    fn a_time_at_a_glance_is_to_the_minute() {
        assert_eq!(time("2026-11-22T08:05:35.123Z"), "2026-11-22 08:05");
        for other in ["", "soon", "T"] {
            assert_eq!(time(other), other);
        }
    }
}
