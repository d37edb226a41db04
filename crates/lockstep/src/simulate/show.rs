//! How `lockstep simulate` looks: a bar in a terminal, plain lines in a pipe, nothing where JSON is asked for.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lockstep_idp::Provider;
use lockstep_play::idp::{Finding, Weight};
use lockstep_play::story::{Outcome, Story};

use crate::terminal::{Ink, Paint, say};

/// How wide the bar is.
const BAR: usize = 24;
/// How often the bar is drawn at most.
const DRAWN_EVERY: Duration = Duration::from_millis(80);
/// Findings that are shown for a story; the others are counted.
const SHOWN: usize = 10;

/// Writes to standard output; the bar to standard error.
pub(super) struct Show {
    is_quiet: bool,
    paint: Paint,
    bar: Option<Mutex<Cell<Instant>>>,
    stories: usize,
    done: usize,
    now: &'static str,
    began: Instant,
}

impl Show {
    pub(super) fn new(is_quiet: bool, stories: usize) -> Self {
        let began = Instant::now();
        Self {
            is_quiet,
            paint: Paint::for_stdout(),
            bar: std::io::stderr().is_terminal().then(|| Mutex::new(Cell::new(began))),
            stories,
            done: 0,
            now: "",
            began,
        }
    }

    fn line(&self, text: &str) {
        self.clear();
        if !self.is_quiet {
            say!("{text}");
        }
    }

    pub(super) fn title(&self, provider: &Provider, url: &str, seed: u64) {
        let name = self.paint.with(Ink::Bold, provider.name);
        self.line(&format!("{name} provisions into {url} (seed {seed})\n"));
    }

    pub(super) fn begin(&mut self, story: &'static Story) {
        self.now = story.name;
        self.draw(0);
    }

    /// Draws the bar anew, if that is due.
    pub(super) fn requests(&self, requests: usize) {
        let Some(last) = &self.bar else { return };
        let is_due = last.lock().is_ok_and(|last| {
            let is_due = last.get().elapsed() >= DRAWN_EVERY;
            if is_due {
                last.set(Instant::now());
            }
            is_due
        });
        if is_due {
            self.draw(requests);
        }
    }

    fn draw(&self, requests: usize) {
        if self.bar.is_none() {
            return;
        }
        let full = self.done * BAR / self.stories.max(1);
        let bar = format!("{}{}", "█".repeat(full), "░".repeat(BAR.saturating_sub(full)));
        let took = self.began.elapsed().as_secs();
        let (done, stories, now) = (self.done, self.stories, self.now);
        eprint!("\r\x1b[K{bar} {done}/{stories}  {now}: {requests} requests, {took} s");
        let _ = std::io::stderr().flush();
    }

    fn clear(&self) {
        if self.bar.is_some() {
            eprint!("\r\x1b[K");
        }
    }

    pub(super) fn outcome(&mut self, provider: &Provider, outcome: &Outcome) {
        self.done += 1;
        let (ink, word) = match (outcome.left_out, outcome.is_passed()) {
            ("", true) => (Ink::Good, "right   "),
            ("", false) => (Ink::Bad, "wrong   "),
            _ => (Ink::Dim, "left out"),
        };
        let what = if outcome.left_out.is_empty() { outcome.title } else { outcome.left_out };
        let requests = format!("{:>6} requests", outcome.requests);
        let mut text = format!("{}  {:<16}{requests}  {}", self.paint.with(ink, word), outcome.story, what);
        for finding in outcome.findings.iter().take(SHOWN) {
            text.push('\n');
            text.push_str(&self.finding(provider, finding));
        }
        let more = outcome.findings.len().saturating_sub(SHOWN);
        if more > 0 {
            let _ = write!(text, "\n          and {more} more");
        }
        for (kind, lines) in [("state", &outcome.state), ("events", &outcome.events)] {
            for line in lines {
                let _ = write!(text, "\n          {} {line}", self.paint.with(Ink::Bad, &format!("{kind}:")));
            }
        }
        if outcome.is_unreachable {
            text.push_str("\n          the server stopped answering; the rest was not played");
        }
        if outcome.left_behind > 0 {
            let _ = write!(text, "\n          {} could not be deleted afterwards", outcome.left_behind);
        }
        self.line(&text);
    }

    fn finding(&self, provider: &Provider, finding: &Finding) -> String {
        let ink = if finding.weight == Weight::Mishandled { Ink::Bad } else { Ink::Told };
        let times = if finding.times > 1 { format!(" ({} times)", finding.times) } else { String::new() };
        let mut text = format!(
            "          {} {}{times}",
            self.paint.with(ink, &format!("{}:", finding.request)),
            finding.why
        );
        if !finding.then.is_empty() {
            let _ = write!(text, "\n            then {}: {}", provider.name, finding.then);
        }
        if !finding.source.is_empty() {
            let _ = write!(text, "\n            {}", self.paint.with(Ink::Dim, &finding.source));
        }
        text
    }

    pub(super) fn verdict(&self, provider: &Provider, outcomes: &[Outcome]) {
        let played: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.left_out.is_empty()).collect();
        let wrong = played.iter().filter(|outcome| !outcome.is_passed()).count();
        let requests: usize = played.iter().map(|outcome| outcome.requests).sum();
        let verdict = if wrong == 0 {
            self.paint.with(
                Ink::Good,
                &format!("{} is served right in all {} stories", provider.name, played.len()),
            )
        } else {
            self.paint.with(
                Ink::Bad,
                &format!("{} is served wrong in {wrong} of {} stories", provider.name, played.len()),
            )
        };
        self.line(&format!("\n{verdict}; {requests} requests, {:.1} s", self.began.elapsed().as_secs_f64()));
    }
}
