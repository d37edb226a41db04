//! The report for people at a terminal: the outcome first, then what is wrong, each with how to mend it.

use std::fmt::Write as _;

use super::super::{Finding, Level, Outcome, ProbeResult, Report, Shown, Standing};
use super::{disagreements, lines, reference, verdict, yes};

/// Paints a word: its kind is the name of what it says.
pub type Paint<'p> = &'p dyn Fn(&str, &str) -> String;

/// The report as text. `paint` gets a kind (`good`, `bad`, `warn`, `dim`, `bold`) and a text.
#[must_use]
pub fn text(report: &Report, paint: Paint<'_>) -> String {
    let mut out = String::new();
    // Invariant: writing to a String does not fail.
    let _ = summary(&mut out, report, paint);
    for (outcome, title) in [
        (Outcome::Failed, "Broken: what a server MUST do"),
        (Outcome::Warned, "Deviating: what a server SHOULD do"),
    ] {
        let found: Vec<&ProbeResult> =
            report.probes.iter().filter(|probe| probe.outcome == outcome).collect();
        if !found.is_empty() {
            let _ = writeln!(out, "\n{}", paint("bold", title));
        }
        for probe in found {
            let _ = wrong(&mut out, probe, paint);
        }
    }
    let _ = idp(&mut out, report, paint);
    let _ = untried(&mut out, report, paint);
    out
}

fn summary(out: &mut String, report: &Report, paint: Paint<'_>) -> std::fmt::Result {
    let kind = if report.is_broken() { "bad" } else { "good" };
    writeln!(out, "{}", paint(kind, &verdict(report)))?;
    writeln!(
        out,
        "{} requests to {}{}. Of the ledger's {} lines: {} shown, {} broken, {} deviating, {} not tried, {} not tested.",
        report.requests,
        report.url,
        if report.read_only { ", reading only" } else { "" },
        super::super::requirements().len(),
        lines(report, Standing::Shown),
        lines(report, Standing::Broken),
        lines(report, Standing::Deviating),
        lines(report, Standing::NotTried),
        lines(report, Standing::NotTested),
    )?;
    for path in &report.left_behind {
        writeln!(out, "{} {path}", paint("bad", "could not be removed:"))?;
    }
    writeln!(out, "\n{}", paint("bold", "What it says that it can, and what it can"))?;
    writeln!(out, "  {:<16}  {:<9}  found", "", "claimed")?;
    for one in report.capabilities.iter().filter(|one| !one.name.starts_with("User.")) {
        let differs = matches!((one.claimed, one.found), (Some(claimed), Some(found)) if claimed != found);
        let line = format!("  {:<16}  {:<9}  {}", one.name, yes(one.claimed), yes(one.found));
        writeln!(out, "{}", if differs { paint("warn", &line) } else { line })?;
    }
    for one in disagreements(report).filter(|one| one.name.starts_with("User.")) {
        let line = format!("  {:<25}  published: {}, kept: {}", one.name, yes(one.claimed), yes(one.found));
        writeln!(out, "{}", paint("warn", &line))?;
    }
    Ok(())
}

fn wrong(out: &mut String, probe: &ProbeResult, paint: Paint<'_>) -> std::fmt::Result {
    let kind = if probe.outcome == Outcome::Failed { "bad" } else { "warn" };
    writeln!(out, "\n  {} {}", paint(kind, &probe.title), paint("dim", &format!("({})", probe.id)))?;
    let mut last: Option<&Shown> = None;
    for finding in &probe.findings {
        if let Some(shown) = finding.exchange.as_ref().filter(|shown| last != Some(*shown)) {
            exchange(out, shown, paint)?;
            last = Some(shown);
        }
        told(out, finding)?;
    }
    writeln!(out, "    {} {}", paint("bold", "mend:"), probe.mend)
}

fn told(out: &mut String, finding: &Finding) -> std::fmt::Result {
    writeln!(out, "    must come: {}", finding.expected)?;
    writeln!(out, "    came:      {}", finding.found)?;
    let level = if finding.level == Level::May { "note" } else { finding.level.name() };
    writeln!(out, "    by:        {} ({}, {level})", reference(&finding.requirement), finding.requirement)
}

fn exchange(out: &mut String, shown: &Shown, paint: Paint<'_>) -> std::fmt::Result {
    writeln!(out, "    request:   {} {}", shown.method, shown.target)?;
    if let Some(body) = &shown.request_body {
        writeln!(out, "               {}", paint("dim", &one_line(body)))?;
    }
    let status = if shown.status == 0 { "none".to_owned() } else { shown.status.to_string() };
    writeln!(out, "    answer:    {status} {}", paint("dim", &one_line(&shown.body)))
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    super::super::expect::short(&words.join(" "))
}

fn idp(out: &mut String, report: &Report, paint: Paint<'_>) -> std::fmt::Result {
    let Some(idp) = &report.idp else { return Ok(()) };
    writeln!(out, "\n{}", paint("bold", &format!("What {} would meet", idp.name)))?;
    let wrong: Vec<_> = idp.habits.iter().filter(|habit| !habit.wrong.is_empty()).collect();
    writeln!(
        out,
        "  {} of its {} habits are answered as it needs.",
        idp.habits.len() - wrong.len(),
        idp.habits.len()
    )?;
    for habit in wrong {
        let unproven = if habit.is_proven { "" } else { " (unproven: put together from a description)" };
        writeln!(
            out,
            "\n  {} {}{unproven}",
            paint(if habit.is_proven { "bad" } else { "warn" }, &habit.title),
            paint("dim", &format!("({})", habit.file))
        )?;
        for wrong in &habit.wrong {
            writeln!(out, "    wrong: {wrong}")?;
        }
        for then in &habit.then {
            writeln!(out, "    then:  {then}")?;
        }
    }
    Ok(())
}

fn untried(out: &mut String, report: &Report, paint: Paint<'_>) -> std::fmt::Result {
    for (outcome, title) in [(Outcome::NotTried, "Not tried"), (Outcome::NotOffered, "Not offered")] {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for probe in report.probes.iter().filter(|probe| probe.outcome == outcome) {
            let reason = probe.reason.as_deref().unwrap_or_default();
            match reasons.iter_mut().find(|(own, _)| *own == reason) {
                Some((_, ids)) => ids.push(&probe.id),
                None => reasons.push((reason, vec![&probe.id])),
            }
        }
        if reasons.is_empty() {
            continue;
        }
        writeln!(out, "\n{}", paint("bold", title))?;
        for (reason, ids) in reasons {
            writeln!(out, "  {reason}: {}", paint("dim", &ids.join(", ")))?;
        }
    }
    Ok(())
}
