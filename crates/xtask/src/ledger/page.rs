//! The ledger as a page that people read.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::Ledger;
use super::mark::Test;
use super::requirement::{Cause, Exception, Level, Requirement};

const HEAD: &str = "\
# Conformance, line by line

Written by `cargo xtask ledger` from the marks in the tests; not edited by hand. Each requirement of
[`requirements.jsonl`](requirements.jsonl) stands here with the tests that show it, or with the reason why there is
none: another issue builds it, or it contradicts a decision ([`exceptions.toml`](exceptions.toml)). `cargo xtask ci`
fails where a line has neither, and where a named test is not run.

A source such as 7644§3.5.2 is a section of RFC 7644. Tests stand as `cargo nextest` names them: the binary, then the
path; each links to its file.

";

/// How many lines of one kind have what.
#[derive(Default)]
struct Count {
    shown: usize,
    excepted: usize,
    missing: usize,
}

pub(super) fn render(ledger: &Ledger) -> String {
    let mut page = HEAD.to_owned();
    page.push_str(
        "| | lines | shown by a test | reason instead | missing |\n| --- | --: | --: | --: | --: |\n",
    );
    for level in Level::ALL {
        row(&mut page, level.name(), &count(ledger, |line| line.level == level));
    }
    row(&mut page, "all", &count(ledger, |_| true));
    page.push_str("\n| area | | lines | shown by a test | reason instead | missing |\n");
    page.push_str("| --- | --- | --: | --: | --: | --: |\n");
    for prefix in prefixes(ledger) {
        let title = title(ledger, prefix);
        let link = format!("[{prefix}](#{}) | {title}", prefix.to_lowercase());
        row(&mut page, &link, &count(ledger, |line| line.prefix() == prefix));
    }
    for prefix in prefixes(ledger) {
        // Heading and text apart: a heading of one word has an anchor that holds when the title changes.
        let _ = write!(page, "\n## {prefix}\n\n{}.\n\n", title(ledger, prefix));
        page.push_str("| id | level | source | requirement | shown by |\n| --- | --- | --- | --- | --- |\n");
        for line in ledger.requirements.iter().filter(|line| line.prefix() == prefix) {
            let (id, level) = (&line.id, line.level.name());
            let (source, text) = (cell(&line.source), cell(&line.text));
            let _ = writeln!(page, "| {id} | {level} | {source} | {text} | {} |", proof(ledger, line));
        }
    }
    page
}

/// The areas in the order of the requirements.
fn prefixes(ledger: &Ledger) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    ledger.requirements.iter().map(Requirement::prefix).filter(|prefix| seen.insert(*prefix)).collect()
}

fn title<'a>(ledger: &'a Ledger, prefix: &str) -> &'a str {
    ledger.requirements.iter().find(|line| line.prefix() == prefix).map_or("", |line| &line.area)
}

fn count(ledger: &Ledger, wanted: impl Fn(&Requirement) -> bool) -> Count {
    let mut count = Count::default();
    for line in ledger.requirements.iter().filter(|line| wanted(line)) {
        if ledger.tests.contains_key(&line.id) {
            count.shown += 1;
        } else if ledger.exceptions.contains_key(&line.id) {
            count.excepted += 1;
        } else {
            count.missing += 1;
        }
    }
    count
}

fn row(page: &mut String, name: &str, count: &Count) {
    let Count { shown, excepted, missing } = count;
    let _ = writeln!(page, "| {name} | {} | {shown} | {excepted} | {missing} |", shown + excepted + missing);
}

fn proof(ledger: &Ledger, line: &Requirement) -> String {
    if let Some(tests) = ledger.tests.get(&line.id) {
        return tests.iter().map(link).collect::<Vec<_>>().join("<br>");
    }
    ledger.exceptions.get(&line.id).map_or_else(|| "**missing**".to_owned(), explain)
}

fn link(test: &Test) -> String {
    format!("{} [`{}`](../../{})", test.binary, test.name, test.path)
}

fn explain(exception: &Exception) -> String {
    let reason = cell(&exception.reason);
    match &exception.cause {
        Cause::Issue(number, title) => format!("Issue {number} ({title}): {reason}"),
        Cause::Decision(file) => {
            let number = file.split('-').next().unwrap_or(file);
            format!("[Decision {number}](../decisions/{file}): {reason}")
        }
    }
}

/// A text that stays within its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::ledger;
    use super::*;

    #[test]
    fn the_page_counts_and_shows_every_line() {
        let (ledger, _) = ledger(&[("A-01", "m::x"), ("A-01", "m::y")], &["A-02"]);
        let page = render(&ledger);
        for expected in [
            "| MUST | 1 | 1 | 0 | 0 |",
            "| SHOULD | 1 | 0 | 1 | 0 |",
            "| MAY | 1 | 0 | 0 | 1 |",
            "| all | 3 | 1 | 1 | 1 |",
            "| [A](#a) | Area | 2 | 1 | 1 | 0 |",
            "| A-01 | MUST | 7644§4 | a \\| b | a [`m::x`](../../crates/a/src/lib.rs)<br>a [`m::y`](../../crates/a/src/lib.rs) |",
            "| A-02 | SHOULD | 7644§4 | a \\| b | Issue 6 (fast): Later. |",
            "| B-01 | MAY | 7644§4 | a \\| b | **missing** |",
        ] {
            assert!(page.lines().any(|line| line == expected), "{expected}\n{page}");
        }
    }

    #[test]
    fn a_decision_is_linked() {
        let cause = Cause::Decision("0003-etags.md".to_owned());
        let told = explain(&Exception { cause, reason: "So.".to_owned() });
        assert_eq!(told, "[Decision 0003](../decisions/0003-etags.md): So.");
    }
}
