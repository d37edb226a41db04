//! The report for machines. Its shape has a version, and is told in `docs/guide/check.md`.

use serde_json::{Value, json};

use super::super::{Finding, Outcome, ProbeResult, Report, Shown, Standing};
use super::verdict;

/// The version of the shape: another number where a reader of the old one would go wrong.
pub const VERSION: u32 = 1;

/// The report as JSON.
#[must_use]
pub fn json(report: &Report) -> Value {
    let standings = report.standings();
    let of = |standing: Standing| -> Vec<&str> {
        standings.iter().filter(|(_, own)| **own == standing).map(|(id, _)| *id).collect()
    };
    json!({
        "version": VERSION,
        "url": report.url,
        "read_only": report.read_only,
        "stopped": report.stopped,
        "verdict": verdict(report),
        "broken": report.is_broken(),
        "requests": report.requests,
        "left_behind": report.left_behind,
        "counts": {
            "passed": report.count(Outcome::Passed),
            "warned": report.count(Outcome::Warned),
            "failed": report.count(Outcome::Failed),
            "not_tried": report.count(Outcome::NotTried),
            "not_offered": report.count(Outcome::NotOffered),
        },
        "capabilities": report.capabilities.iter().map(|one| {
            json!({ "name": one.name, "claimed": one.claimed, "found": one.found })
        }).collect::<Vec<_>>(),
        "probes": report.probes.iter().map(probe).collect::<Vec<_>>(),
        "requirements": {
            "broken": of(Standing::Broken),
            "deviating": of(Standing::Deviating),
            "shown": of(Standing::Shown),
            "not_tried": of(Standing::NotTried),
            "not_tested": of(Standing::NotTested),
        },
        "idp": report.idp.as_ref().map(|idp| json!({
            "slug": idp.slug,
            "name": idp.name,
            "habits": idp.habits.iter().map(|habit| json!({
                "file": habit.file, "title": habit.title, "quirks": habit.quirks, "proven": habit.is_proven,
                "wrong": habit.wrong, "then": habit.then,
            })).collect::<Vec<_>>(),
        })),
    })
}

fn probe(probe: &ProbeResult) -> Value {
    json!({
        "id": probe.id,
        "title": probe.title,
        "outcome": probe.outcome.name(),
        "reason": probe.reason,
        "shows": probe.shows,
        "mend": probe.mend,
        "findings": probe.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "level": finding.level.name(),
        "requirement": finding.requirement,
        "reference": super::reference(&finding.requirement),
        "expected": finding.expected,
        "found": finding.found,
        "exchange": finding.exchange.as_ref().map(exchange),
    })
}

fn exchange(shown: &Shown) -> Value {
    let headers: serde_json::Map<String, Value> =
        shown.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    json!({
        "request": { "method": shown.method, "target": shown.target, "body": shown.request_body },
        "response": { "status": shown.status, "headers": headers, "body": shown.body },
    })
}
