//! An event in one line, for people.

use console::measure_text_width;
use serde_json::Value;

use crate::remote::Thing;
use crate::table::cut;
use crate::terminal::{self, Ink, Paint, plain};

/// So much of whom an event is about is shown in the narrowest terminal.
const SUBJECT_MIN: usize = 12;

/// How it is written.
pub(super) struct Words {
    paint: Paint,
    width: Option<usize>,
}

impl Words {
    pub(super) fn for_terminal() -> Self {
        Self { paint: Paint::for_stdout(), width: terminal::width() }
    }

    pub(super) fn line(&self, event: &Thing) -> String {
        let fields = event.fields();
        let time = event.text("created_at").trim_end_matches('Z').replace('T', " ");
        let seq = fields.get("directory_seq").and_then(Value::as_u64).unwrap_or_default();
        let directory = match text(fields, "/data/directory_id") {
            "" => text(fields, "/data/id"),
            directory => directory,
        };
        let (begin, kind) =
            (format!("{}  #{seq:<6} ", plain(&time)), format!("{:<24}", plain(event.text("event"))));
        let (mut place, mut subject) =
            (format!("{}  {}", plain(directory), plain(event.id())), subject(fields));
        if let Some(limit) = self.width {
            let fixed = [&begin, &kind, &plain(event.id())].map(|text| measure_text_width(text));
            let room = limit.saturating_sub(fixed.iter().sum::<usize>() + 4);
            // The id is copied, the directory can be asked for.
            if measure_text_width(&subject) + measure_text_width(directory) + 2 > room {
                place = plain(event.id());
                subject = cut(&subject, room.max(SUBJECT_MIN));
            }
        }
        let (kind, place) = (self.paint.with(Ink::Event, &kind), self.paint.with(Ink::Dim, &place));
        format!("{begin}{kind}  {subject}  {place}\n")
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
