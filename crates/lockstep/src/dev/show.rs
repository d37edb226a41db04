//! How `lockstep dev` looks: colour and short ids in a terminal, plain lines in a pipe. Shows only what the server
//! did.

use std::time::Duration;

use lockstep_play::{Progress, StepResult, Verdict};
use serde_json::Value;

use super::{Made, text};
use crate::events::subject;
use crate::terminal::{Ink, Paint, say};

/// Writes to standard output.
pub(super) struct Show {
    paint: Paint,
    steps: usize,
    events: usize,
    repaired: usize,
    failed: usize,
}

impl Show {
    pub(super) fn new() -> Self {
        Self { paint: Paint::for_stdout(), steps: 0, events: 0, repaired: 0, failed: 0 }
    }

    pub(super) fn title(&self, url: &str) {
        say!("{} serves on {url}, on a fresh database", self.paint.with(Ink::Bold, "Lockstep"));
    }

    pub(super) fn idp(&self, name: &str, made: Option<&Value>) {
        say!("\n{}", self.paint.with(Ink::Bold, &format!("{name} provisions")));
        if let Some(event) = made {
            self.event(event);
        }
    }

    pub(super) fn progress(&mut self, progress: &Progress<'_>) {
        match progress {
            Progress::Contract(contract) => {
                say!("\n  {} {}", contract.title, self.paint.with(Ink::Dim, &format!("({})", contract.file)));
            }
            Progress::Step(step) => self.step(step),
        }
    }

    fn step(&mut self, step: &StepResult) {
        self.steps += 1;
        let status = if step.verdict.is_passed() { Ink::Good } else { Ink::Bad };
        say!(
            "    {:<6} {}  {}  {}",
            step.method,
            readable(&step.target),
            self.paint.with(status, &step.status.to_string()),
            self.paint.with(Ink::Dim, &step.name),
        );
        if !step.repairs.is_empty() {
            self.repaired += 1;
            say!("           {} {}", self.paint.with(Ink::Told, "repaired:"), step.repairs.join(", "));
        }
        for event in &step.events {
            self.events += 1;
            self.event(event);
        }
        if let Verdict::Failed(reasons) = &step.verdict {
            self.failed += 1;
            for reason in reasons {
                say!(
                    "           {} {reason} ({})",
                    self.paint.with(Ink::Bad, "not as its contract says:"),
                    step.place
                );
            }
        }
    }

    fn event(&self, event: &Value) {
        let seq = event.pointer("/directory_seq").and_then(Value::as_u64).unwrap_or_default();
        let kind = text(event, "/event");
        say!("           {} {}", self.paint.with(Ink::Event, &format!("#{seq} {kind}")), subject(event));
    }

    pub(super) fn outcome(&self, passed: bool, took: Duration) {
        let verdict = if passed {
            self.paint.with(Ink::Good, "every one answered as its contract says")
        } else {
            self.paint.with(Ink::Bad, &format!("{} not answered as their contracts say", self.failed))
        };
        say!(
            "\n{} requests, {verdict}; {} of them repaired; {} events; {:.1} s",
            self.steps,
            self.repaired,
            self.events,
            took.as_secs_f64()
        );
    }

    pub(super) fn next_steps(&self, url: &str, key: &str, directories: &[Made]) {
        say!("\n{}", self.paint.with(Ink::Bold, "Go on from here"));
        let mut lines = Vec::new();
        for made in directories {
            lines.push((format!("{} SCIM endpoint", made.name), made.endpoint.as_str()));
            lines.push((format!("{} bearer token", made.name), made.token.as_str()));
        }
        lines.push(("Application's API".into(), url));
        lines.push(("API key".into(), key));
        let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, value) in &lines {
            say!("  {name:<width$}  {value}");
        }
        say!(
            "\nIn another terminal: your application, which reads WORKOS_API_KEY (docs/guide/quick-start.md)"
        );
        say!("  export WORKOS_API_KEY={key}");
        say!("  curl -H \"Authorization: Bearer $WORKOS_API_KEY\" '{url}/events?limit=5'");
        if let Some(made) = directories.first() {
            say!("\nAnd {}, for whom you can speak", made.name);
            say!("  export SCIM_ENDPOINT={}", made.endpoint);
            say!("  export SCIM_TOKEN={}", made.token);
            say!(
                "  curl -H \"Authorization: Bearer $SCIM_TOKEN\" \"$SCIM_ENDPOINT/Users\" \\\n       --json '{{\"userName\": \"you@example.com\"}}'",
            );
        }
        say!("\nThe database goes with this process; `lockstep serve` keeps one. Ctrl-C stops.");
    }
}

/// A request's target for people: decoded, and with the middle of our long ids left out.
fn readable(target: &str) -> String {
    let target = percent_encoding::percent_decode_str(target).decode_utf8_lossy();
    let mut out = String::with_capacity(target.len());
    let mut rest = &*target;
    while let Some(start) =
        ["directory_user_", "directory_group_"].iter().filter_map(|prefix| rest.find(prefix)).min()
    {
        let (before, id) = rest.split_at(start);
        let end = id.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(id.len());
        let (id, after) = id.split_at(end);
        out.push_str(before);
        out.push('…');
        out.push_str(id.get(id.len().saturating_sub(5)..).unwrap_or(id));
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_shortened_and_nothing_else() {
        assert_eq!(readable("/Users/directory_user_00000000123456789ABC?x=y"), "/Users/…89ABC?x=y");
        assert_eq!(readable("/Users?filter=userName%20eq%20%22a%22"), "/Users?filter=userName eq \"a\"");
    }
}
