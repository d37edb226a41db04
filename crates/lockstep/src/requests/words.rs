//! A request record in words, for a terminal. What an IdP sent is shown without what would steer the terminal.

use std::fmt::Write as _;

use serde_json::Value;

use crate::remote::text;
use crate::terminal::{Ink, Paint, plain};

/// How it is written.
pub(super) struct Words {
    paint: Paint,
}

impl Words {
    pub(super) fn for_terminal() -> Self {
        Self { paint: Paint::for_stdout() }
    }

    fn status(&self, record: &Value) -> String {
        let status = record.get("status").and_then(Value::as_u64).unwrap_or(0);
        self.paint.with(if status < 400 { Ink::Good } else { Ink::Bad }, &status.to_string())
    }

    /// A line for the request, and one for each thing that was repaired, left out or refused.
    pub(super) fn line(&self, record: &Value) -> String {
        let time = text(record, "created_at");
        let clock = time.split_once('T').map_or(time, |(_, clock)| clock.trim_end_matches('Z'));
        let operation = text(record, "operation");
        let mut line = format!("{clock}  {operation:<22} {}  ", self.status(record));
        let _ = write!(line, "{:>7} ms  ", duration(record));
        if operation.ends_with(" unknown") {
            let _ = write!(line, "{}  ", plain(text(record, "path")));
        } else if let Some(resource) = list(record, "resources").first() {
            let _ = write!(line, "{}  ", text(resource, "id"));
        } else if let Some(query) = record.get("query").and_then(Value::as_str) {
            let _ = write!(line, "?{}  ", plain(query));
        }
        match count(record, "events_count") {
            0 => {}
            1 => line.push_str("1 event  "),
            events => {
                let _ = write!(line, "{events} events  ");
            }
        }
        line.push_str(&self.paint.with(Ink::Dim, text(record, "id")));
        line.push('\n');
        for (ink, below) in Self::below(record) {
            let _ = writeln!(line, "    {}", self.paint.with(ink, &plain(&below)));
        }
        line
    }

    /// What stands below a request's line.
    fn below(record: &Value) -> Vec<(Ink, String)> {
        let mut below = Vec::new();
        for repair in list(record, "repairs") {
            let quirk = repair.get("quirk").and_then(Value::as_str);
            let quirk = quirk.map(|quirk| format!(" ({quirk})")).unwrap_or_default();
            let text = format!("repaired: {}{quirk}: {}", text(repair, "name"), text(repair, "detail"));
            below.push((Ink::Told, text));
        }
        for note in list(record, "notes").iter().filter_map(Value::as_str) {
            below.push((Ink::Told, note.to_owned()));
        }
        if let Some(refusal) = record.get("refusal").filter(|refusal| !refusal.is_null()) {
            let kind = refusal.get("scim_type").and_then(Value::as_str).unwrap_or(text(refusal, "code"));
            below.push((Ink::Bad, format!("refused: {kind}: {}", text(refusal, "message"))));
        }
        if let Some(operations) = record.get("operations").filter(|operations| !operations.is_null()) {
            let (count, failed) = (count(operations, "count"), count(operations, "failed"));
            let ink = if failed == 0 { Ink::Dim } else { Ink::Bad };
            below.push((ink, format!("{count} operations, {failed} refused")));
            for failure in list(operations, "failures") {
                let index = self::count(failure, "index");
                let (status, message) = (text(failure, "status"), text(failure, "message"));
                below.push((Ink::Bad, format!("  operation {index}: {status} {message}")));
            }
        }
        if let Some(slug) = record.get("looks_like").and_then(Value::as_str) {
            below.push((Ink::Told, format!("looks like the traffic of {slug}")));
        }
        for advice in list(record, "advice").iter().filter_map(Value::as_str) {
            below.push((Ink::Bold, format!("to change at the IdP: {advice}")));
        }
        below
    }

    /// Everything that is known of one request.
    pub(super) fn explanation(&self, record: &Value) -> String {
        let mut out = String::new();
        let query = record.get("query").and_then(Value::as_str).map(|query| format!("?{query}"));
        let target = plain(&format!("{}{}", text(record, "path"), query.unwrap_or_default()));
        let _ = writeln!(
            out,
            "{}",
            self.paint.with(Ink::Bold, &format!("{} {target}", plain(text(record, "method"))))
        );
        let _ = writeln!(
            out,
            "  {} answered in {} ms, {}",
            self.status(record),
            duration(record),
            text(record, "created_at")
        );
        for (name, field) in [
            ("request", "id"),
            ("directory", "directory_id"),
            ("contract", "contract"),
            ("token", "token_id"),
            ("client", "client_id"),
        ] {
            if let Some(value) = record.get(field).and_then(Value::as_str) {
                let _ = writeln!(out, "  {name} {}", plain(value));
            }
        }
        for resource in list(record, "resources") {
            let _ = writeln!(out, "  {} {}", text(resource, "type").to_lowercase(), text(resource, "id"));
        }
        self.title(&mut out, "What arrived");
        message(&mut out, record.get("request"));
        if !list(record, "repairs").is_empty() {
            self.title(&mut out, "What was repaired");
            for repair in list(record, "repairs") {
                let name = self.paint.with(Ink::Told, text(repair, "name"));
                let _ = writeln!(out, "  {name}: {}", plain(text(repair, "detail")));
                for field in ["why", "quirk", "link"] {
                    if let Some(value) = repair.get(field).and_then(Value::as_str) {
                        let _ = writeln!(out, "    {}", plain(value));
                    }
                }
            }
            if let Some(understood) = record.get("understood").filter(|understood| !understood.is_null()) {
                self.title(&mut out, "What it was read as");
                let _ = writeln!(out, "  {} {}", text(understood, "method"), plain(text(understood, "path")));
                message(&mut out, Some(understood));
            }
        }
        self.title(&mut out, "What was decided");
        let _ = writeln!(out, "  {}", plain(text(record, "decided")));
        for (ink, below) in Self::below(record) {
            if !below.starts_with("repaired: ") && !below.starts_with("refused: ") {
                let _ = writeln!(out, "  {}", self.paint.with(ink, &plain(&below)));
            }
        }
        if count(record, "events_count") > 0 {
            self.title(&mut out, "What followed");
            for event in list(record, "event_ids").iter().filter_map(Value::as_str) {
                let _ = writeln!(out, "  {event}");
            }
            let left = count(record, "events_count").saturating_sub(length(list(record, "event_ids")));
            if left > 0 {
                let _ = writeln!(out, "  and {left} more");
            }
        }
        self.title(&mut out, "What was answered");
        let _ = writeln!(out, "  {}", self.status(record));
        message(&mut out, record.get("answer"));
        out
    }

    fn title(&self, out: &mut String, title: &str) {
        let _ = writeln!(out, "\n{}", self.paint.with(Ink::Bold, title));
    }
}

/// Headers and body.
fn message(out: &mut String, message: Option<&Value>) {
    let Some(message) = message else { return };
    for (name, value) in message.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let _ = writeln!(out, "  {name}: {}", plain(value.as_str().unwrap_or_default()));
    }
    match message.get("body").filter(|body| !body.is_null()) {
        Some(body) => {
            let body = serde_json::to_string_pretty(body).unwrap_or_default();
            for line in body.lines() {
                let _ = writeln!(out, "  {}", plain(line));
            }
        }
        None => {
            if let Some(bytes) = message.get("body_bytes").and_then(Value::as_u64) {
                let _ = writeln!(out, "  {bytes} bytes that are not kept");
            }
        }
    }
}

fn list<'a>(record: &'a Value, name: &str) -> &'a [Value] {
    record.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn length(list: &[Value]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

fn count(record: &Value, name: &str) -> u64 {
    record.get(name).and_then(Value::as_u64).unwrap_or(0)
}

fn duration(record: &Value) -> String {
    format!("{:.1}", record.get("duration_ms").and_then(Value::as_f64).unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record() -> Value {
        json!({
            "id": "req_1", "created_at": "2026-11-21T12:00:00.123Z", "duration_ms": 4.26,
            "method": "PATCH", "operation": "PATCH /Users/{id}", "path": "/scim/v2/d/Users/u", "query": null,
            "status": 409, "resources": [{ "type": "User", "id": "directory_user_1" }],
            "repairs": [{ "name": "boolean_text", "quirk": "X-1", "detail": "active: text became true", "why": "Why.",
                          "link": "https://lockstep.test/idp/x#boolean_text" }],
            "notes": ["left out: shoeSize"], "advice": ["send it right"], "looks_like": null, "operations": null,
            "refusal": { "code": "conflict", "scim_type": "uniqueness", "message": "`\u{1b}[2J` is taken" },
            "decided": "refused with 409 uniqueness: it is taken", "events_count": 2, "event_ids": ["event_1"],
            "request": { "headers": { "user-agent": "x" }, "body": { "a": 1 } },
            "answer": { "headers": {}, "body": null, "body_bytes": 70_000 },
        })
    }

    #[test]
    fn a_line_shows_what_was_repaired_left_out_and_refused() {
        let line = Words { paint: Paint::plain() }.line(&record());
        let expected = "12:00:00.123  PATCH /Users/{id}      409      4.3 ms  directory_user_1  2 events  req_1\n    \
                        repaired: boolean_text (X-1): active: text became true\n    left out: shoeSize\n    \
                        refused: uniqueness: `\u{fffd}[2J` is taken\n    to change at the IdP: send it right\n";
        assert_eq!(line, expected);
    }

    #[test]
    fn an_explanation_has_everything_and_steers_no_terminal() {
        let text = Words { paint: Paint::plain() }.explanation(&record());
        for part in [
            "PATCH /scim/v2/d/Users/u",
            "user-agent: x",
            "\"a\": 1",
            "Why.",
            "https://lockstep.test/idp/x#boolean_text",
            "refused with 409",
            "left out: shoeSize",
            "event_1",
            "and 1 more",
            "70000 bytes that are not kept",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains('\u{1b}'));
    }
}
