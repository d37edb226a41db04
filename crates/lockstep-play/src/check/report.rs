//! A report in three forms: for people at a terminal, for machines, and as a page to send on. Pure.

mod html;
mod json;
mod text;

pub use html::html;
pub use json::{VERSION, json};
pub use text::{Paint, text};

use std::fmt::Write as _;

use super::{Capability, Outcome, Report, Standing};

/// The report in one sentence.
#[must_use]
pub fn verdict(report: &Report) -> String {
    let failed = report.count(Outcome::Failed);
    let warned = report.count(Outcome::Warned);
    let passed = report.count(Outcome::Passed);
    let tried = failed + warned + passed;
    let mut sentence = match (failed, warned) {
        (0, 0) => format!("Nothing wrong was found: {passed} of {tried} probes passed"),
        (0, _) => format!("No MUST is broken; {warned} of {tried} probes found a deviation from a SHOULD"),
        _ => format!("{failed} of {tried} probes found a broken MUST, {warned} a deviation from a SHOULD"),
    };
    if let Some(idp) = &report.idp {
        // Invariant: writing to a String does not fail.
        let _ =
            write!(sentence, "; {} of {} habits of {} go wrong", idp.wrong(true), idp.habits.len(), idp.name);
        if idp.wrong(false) > 0 {
            let _ = write!(sentence, " (and {} of which nobody saw that it has them)", idp.wrong(false));
        }
    }
    if report.stopped {
        sentence.push_str("; stopped before its end");
    }
    sentence.push('.');
    sentence
}

/// How many lines of the ledger stand so.
pub(super) fn lines(report: &Report, standing: Standing) -> usize {
    report.standings().values().filter(|own| **own == standing).count()
}

/// Features and attributes for which claim and finding differ.
pub(super) fn disagreements(report: &Report) -> impl Iterator<Item = &Capability> {
    report
        .capabilities
        .iter()
        .filter(|one| matches!((one.claimed, one.found), (Some(claimed), Some(found)) if claimed != found))
}

pub(super) fn yes(value: Option<bool>) -> &'static str {
    match value {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not known",
    }
}

/// Where a line of the ledger stands, for people: `RFC 7644 §3.5.2`.
pub(super) fn reference(id: &str) -> String {
    let Some(line) = super::requirement(id) else { return String::new() };
    let text = line.reference.replace('§', " §");
    if text.starts_with(|first: char| first.is_ascii_digit()) { format!("RFC {text}") } else { text }
}

#[cfg(test)]
mod tests;
