//! An event in one line, for people.

use serde_json::Value;

use crate::remote::Thing;
use crate::terminal::{Ink, Paint, plain};

/// How it is written.
pub(super) struct Words {
    paint: Paint,
}

impl Words {
    pub(super) fn for_terminal() -> Self {
        Self { paint: Paint::for_stdout() }
    }

    pub(super) fn line(&self, event: &Thing) -> String {
        let fields = event.fields();
        let time = event.text("created_at").trim_end_matches('Z').replace('T', " ");
        let seq = fields.get("directory_seq").and_then(Value::as_u64).unwrap_or_default();
        let kind = self.paint.with(Ink::Event, &format!("{:<24}", plain(event.text("event"))));
        let directory = match text(fields, "/data/directory_id") {
            "" => text(fields, "/data/id"),
            directory => directory,
        };
        let place = self.paint.with(Ink::Dim, &plain(&format!("{directory}  {}", event.id())));
        format!("{}  #{seq:<6} {kind}  {}  {place}\n", plain(&time), subject(fields))
    }
}

/// Whom an event is about, and what changed.
pub(crate) fn subject(event: &Value) -> String {
    if event.pointer("/data/group").is_some() {
        let arrow = if text(event, "/event").ends_with("added") { "→" } else { "⇠" };
        let (user, group) = (text(event, "/data/user/username"), text(event, "/data/group/name"));
        return plain(&format!("{user} {arrow} {group}"));
    }
    let name = match text(event, "/data/username") {
        "" => text(event, "/data/name"),
        name => name,
    };
    let told = match event.pointer("/data/previous_attributes").and_then(Value::as_object) {
        Some(before) => {
            let mut changed: Vec<&str> = before.keys().map(String::as_str).collect();
            // What was received changes with everything that is made of it: said only where nothing else did.
            if changed.len() > 1 {
                changed.retain(|name| *name != "raw_attributes");
            }
            changed.sort_unstable();
            format!("{name} ({})", changed.join(", "))
        }
        None => name.to_owned(),
    };
    plain(&told)
}

fn text<'a>(event: &'a Value, pointer: &str) -> &'a str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_told_by_its_subject_and_what_changed() {
        let event = json!({
            "event": "dsync.user.updated",
            "data": {"username": "ann", "previous_attributes": {"state": "active", "raw_attributes": {}}},
        });
        assert_eq!(subject(&event), "ann (state)");
        let event = json!({
            "event": "dsync.group.user_added",
            "data": {"user": {"username": "ann"}, "group": {"name": "Staff\u{1b}[2J"}},
        });
        assert_eq!(subject(&event), "ann → Staff\u{fffd}[2J");
    }
}
