//! The report as one page: no script, nothing loaded from elsewhere, light and dark, and fit to print.

use std::fmt::Write as _;

use super::super::{Level, Outcome, ProbeResult, Report, Shown, Standing, requirements};
use super::{reference, verdict, yes};

const STYLE: &str = include_str!("page.css");

/// The report as one HTML page. `when` is shown as it is.
#[must_use]
pub fn html(report: &Report, when: &str) -> String {
    let mut out = String::new();
    // Invariant: writing to a String does not fail.
    let _ = page(&mut out, report, when);
    out
}

fn page(out: &mut String, report: &Report, when: &str) -> std::fmt::Result {
    let title = format!("SCIM check of {}", report.url);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>SCIM check</h1>\n",
        escaped(&title)
    )?;
    let kind = if report.is_broken() { "bad" } else { "good" };
    writeln!(out, "<p class=\"verdict {kind}\">{}</p>", escaped(&verdict(report)))?;
    writeln!(
        out,
        "<p>{} · {} · {} requests{}</p>",
        escaped(&report.url),
        escaped(when),
        report.requests,
        if report.read_only { " · reading only" } else { "" }
    )?;
    ledger(out, report)?;
    capabilities(out, report)?;
    for (outcome, title) in [
        (Outcome::Failed, "Broken: what a server MUST do"),
        (Outcome::Warned, "Deviating: what a server SHOULD do"),
    ] {
        let found: Vec<&ProbeResult> =
            report.probes.iter().filter(|probe| probe.outcome == outcome).collect();
        if !found.is_empty() {
            writeln!(out, "<h2>{title}</h2>")?;
        }
        for probe in found {
            wrong(out, probe)?;
        }
    }
    idp(out, report)?;
    rest(out, report)?;
    not_tested(out, report)?;
    writeln!(
        out,
        "<footer>Made by <code>lockstep check</code>. All people in it are invented.</footer>\n</main>\n</body>\n</html>"
    )
}

fn ledger(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(
        out,
        "<table><caption>The {} lines of the requirement ledger</caption><tr>",
        requirements().len()
    )?;
    for (standing, name) in STANDINGS {
        let _ = standing;
        write!(out, "<th scope=\"col\">{name}</th>")?;
    }
    write!(out, "</tr><tr>")?;
    for (standing, _) in STANDINGS {
        write!(out, "<td>{}</td>", super::lines(report, *standing))?;
    }
    writeln!(out, "</tr></table>")
}

const STANDINGS: &[(Standing, &str)] = &[
    (Standing::Shown, "shown"),
    (Standing::Broken, "broken"),
    (Standing::Deviating, "deviating"),
    (Standing::NotTried, "not tried"),
    (Standing::NotTested, "not tested"),
];

fn capabilities(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(
        out,
        "<h2>What it says that it can, and what it can</h2>\n<table><tr><th scope=\"col\">feature</th>\
         <th scope=\"col\">claimed</th><th scope=\"col\">found</th></tr>"
    )?;
    for one in &report.capabilities {
        let differs = matches!((one.claimed, one.found), (Some(claimed), Some(found)) if claimed != found);
        let class = if differs { " class=\"warn\"" } else { "" };
        let (claimed, found) = (yes(one.claimed), yes(one.found));
        writeln!(out, "<tr{class}><td>{}</td><td>{claimed}</td><td>{found}</td></tr>", escaped(&one.name))?;
    }
    writeln!(out, "</table>")
}

fn wrong(out: &mut String, probe: &ProbeResult) -> std::fmt::Result {
    let kind = if probe.outcome == Outcome::Failed { "bad" } else { "warn" };
    writeln!(
        out,
        "<section class=\"{kind}\">\n<h3>{} <small>{}</small></h3>",
        escaped(&probe.title),
        escaped(&probe.id)
    )?;
    let mut last: Option<&Shown> = None;
    for finding in &probe.findings {
        let level = if finding.level == Level::May { "note" } else { finding.level.name() };
        writeln!(
            out,
            "<dl><dt>must come</dt><dd>{}</dd><dt>came</dt><dd>{}</dd><dt>by</dt><dd>{} ({}, {level})</dd></dl>",
            escaped(&finding.expected),
            escaped(&finding.found),
            escaped(&reference(&finding.requirement)),
            escaped(&finding.requirement)
        )?;
        if let Some(shown) = finding.exchange.as_ref().filter(|shown| last != Some(*shown)) {
            exchange(out, shown)?;
            last = Some(shown);
        }
    }
    writeln!(out, "<p><strong>Mend:</strong> {}</p>\n</section>", escaped(&probe.mend))
}

fn exchange(out: &mut String, shown: &Shown) -> std::fmt::Result {
    let mut text = format!("{} {}\n", shown.method, shown.target);
    if let Some(body) = &shown.request_body {
        let _ = writeln!(text, "\n{body}");
    }
    let _ = writeln!(
        text,
        "\n{}",
        if shown.status == 0 { "no answer".to_owned() } else { shown.status.to_string() }
    );
    for (name, value) in &shown.headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    if !shown.body.is_empty() && shown.body != "null" {
        let _ = writeln!(text, "\n{}", shown.body);
    }
    writeln!(out, "<pre>{}</pre>", escaped(&text))
}

fn idp(out: &mut String, report: &Report) -> std::fmt::Result {
    let Some(idp) = &report.idp else { return Ok(()) };
    writeln!(out, "<h2>What {} would meet</h2>", escaped(idp.name))?;
    let wrong: Vec<_> = idp.habits.iter().filter(|habit| !habit.wrong.is_empty()).collect();
    writeln!(
        out,
        "<p>{} of its {} habits are answered as it needs.</p>",
        idp.habits.len() - wrong.len(),
        idp.habits.len()
    )?;
    for habit in wrong {
        let (class, unproven) = if habit.is_proven { ("bad", "") } else { ("warn", " (unproven)") };
        writeln!(
            out,
            "<section class=\"{class}\">\n<h3>{} <small>{}{unproven}</small></h3>\n<ul>",
            escaped(&habit.title),
            escaped(&habit.file)
        )?;
        for wrong in &habit.wrong {
            writeln!(out, "<li>{}</li>", escaped(wrong))?;
        }
        writeln!(out, "</ul>")?;
        for then in &habit.then {
            writeln!(out, "<p><strong>Then:</strong> {}</p>", escaped(then))?;
        }
        writeln!(out, "</section>")?;
    }
    Ok(())
}

/// What passed, what was not tried, what is not offered.
fn rest(out: &mut String, report: &Report) -> std::fmt::Result {
    for (outcome, title) in
        [(Outcome::NotTried, "Not tried"), (Outcome::NotOffered, "Not offered"), (Outcome::Passed, "Passed")]
    {
        let of: Vec<&ProbeResult> = report.probes.iter().filter(|probe| probe.outcome == outcome).collect();
        if of.is_empty() {
            continue;
        }
        writeln!(out, "<h2>{title}</h2>\n<ul>")?;
        for probe in of {
            let reason =
                probe.reason.as_deref().map(|reason| format!(": {}", escaped(reason))).unwrap_or_default();
            writeln!(
                out,
                "<li>{} <small>{}</small>{reason}</li>",
                escaped(&probe.title),
                escaped(&probe.id)
            )?;
        }
        writeln!(out, "</ul>")?;
    }
    Ok(())
}

fn not_tested(out: &mut String, report: &Report) -> std::fmt::Result {
    let standings = report.standings();
    writeln!(
        out,
        "<h2>Not tested</h2>\n<p>No probe is about these lines of the ledger; nothing is said of them.</p>\n<ul>"
    )?;
    for line in
        requirements().iter().filter(|line| standings.get(line.id.as_str()) == Some(&Standing::NotTested))
    {
        let (id, level) = (escaped(&line.id), line.level.name());
        writeln!(
            out,
            "<li><small>{id} {level} {}</small> {}</li>",
            escaped(&line.reference),
            escaped(&line.text)
        )?;
    }
    writeln!(out, "</ul>")
}

/// Text as it may stand in HTML, in attributes too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
