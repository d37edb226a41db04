//! `cargo xtask ledger`: each requirement of SCIM tied to the tests that show it, or to the reason why there is none.
//! It writes `docs/scim/conformance.md` from the marks in the tests, and CI fails where the two differ.

mod mark;
mod page;
mod requirement;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::repo::{Repo, walk};
use crate::report::Outcome;
use mark::{Mark, Test};
use requirement::{Exception, Requirement};

const REQUIREMENTS: &str = "docs/scim/requirements.jsonl";
const EXCEPTIONS: &str = "docs/scim/exceptions.toml";
const PAGE: &str = "docs/scim/conformance.md";

/// The requirements with what is known of each.
struct Ledger {
    requirements: Vec<Requirement>,
    exceptions: BTreeMap<String, Exception>,
    /// Tests by the id that they show.
    tests: BTreeMap<String, BTreeSet<Test>>,
}

/// Prints the lines with neither test nor reason.
pub(crate) fn list_missing(repo: &Repo) -> Result<()> {
    let (ledger, _) = Ledger::read(repo)?;
    for requirement in ledger.missing() {
        println!("{} {} {}", requirement.id, requirement.level.name(), requirement.text);
    }
    Ok(())
}

/// Writes the page.
pub(crate) fn write(repo: &Repo) -> Result<Outcome> {
    let (ledger, errors) = Ledger::read(repo)?;
    if !errors.is_empty() {
        return Ok(Outcome::Failed(errors.join("\n")));
    }
    fs::write(repo.root.join(PAGE), page::render(&ledger))?;
    Ok(Outcome::Passed(format!("{PAGE}, {} lines are missing", ledger.missing().count())))
}

/// The step of CI that needs no build: every line has a test or a reason, and the page says so.
pub(crate) fn check(repo: &Repo) -> Result<Outcome> {
    let (ledger, errors) = Ledger::read(repo)?;
    let page = fs::read_to_string(repo.root.join(PAGE)).unwrap_or_default();
    Ok(judge(&ledger, errors, &page))
}

fn judge(ledger: &Ledger, mut errors: Vec<String>, page: &str) -> Outcome {
    let missing = ledger.missing();
    errors.extend(missing.map(|line| format!("{} has neither a test nor a reason in {EXCEPTIONS}", line.id)));
    if errors.is_empty() && page != page::render(ledger) {
        errors.push(format!("{PAGE} is not what the tests say: run `cargo xtask ledger`"));
    }
    if errors.is_empty() { Outcome::Passed(String::new()) } else { Outcome::Failed(errors.join("\n")) }
}

/// The step of CI after the tests: every test that the ledger names was among them.
pub(crate) fn check_tests(repo: &Repo) -> Result<Outcome> {
    if !repo.answers("cargo", &["nextest", "--version"]) {
        return Ok(Outcome::Absent("only cargo-nextest lists tests by their binary".to_owned()));
    }
    let list = ["nextest", "list", "--workspace", "--profile", "ci", "--message-format", "json"];
    let running = running(&serde_json::from_str(&repo.read("cargo", &list)?)?);
    let (ledger, _) = Ledger::read(repo)?;
    let named: BTreeSet<&Test> = ledger.tests.values().flatten().collect();
    let strangers = strangers(&named, &running);
    Ok(if strangers.is_empty() {
        Outcome::Passed(format!("{} tests are named", named.len()))
    } else {
        Outcome::Failed(strangers.join("\n"))
    })
}

/// Binary and name of every test that `cargo nextest list` says is run.
fn running(list: &Value) -> BTreeSet<(String, String)> {
    let mut running = BTreeSet::new();
    let suites = list.get("rust-suites").and_then(Value::as_object);
    for (binary, suite) in suites.into_iter().flatten() {
        let cases = suite.get("testcases").and_then(Value::as_object);
        for (name, case) in cases.into_iter().flatten() {
            let ignored = case.get("ignored") != Some(&Value::Bool(false));
            let status = case.pointer("/filter-match/status").and_then(Value::as_str);
            if !ignored && status == Some("matches") {
                running.insert((binary.clone(), name.clone()));
            }
        }
    }
    running
}

/// The named tests that are not run.
fn strangers(named: &BTreeSet<&Test>, running: &BTreeSet<(String, String)>) -> Vec<String> {
    let strange = |test: &&&Test| !running.contains(&(test.binary.clone(), test.name.clone()));
    named
        .iter()
        .filter(strange)
        .map(|test| format!("{}: no test `{} {}` is run", test.path, test.binary, test.name))
        .collect()
}

impl Ledger {
    /// The ledger, and what is wrong with marks and exceptions.
    fn read(repo: &Repo) -> Result<(Ledger, Vec<String>)> {
        let text = |path: &str| {
            fs::read_to_string(repo.root.join(path)).with_context(|| format!("cannot read {path}"))
        };
        let requirements = requirement::parse_requirements(&text(REQUIREMENTS)?).context(REQUIREMENTS)?;
        let decisions: Vec<String> = walk(&repo.root.join("docs/decisions"), &|_| false)?
            .iter()
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        let exceptions = requirement::parse_exceptions(&text(EXCEPTIONS)?, &decisions).context(EXCEPTIONS)?;
        let (marks, mut errors) = read_marks(repo)?;
        let (ledger, wrong) = Ledger::join(requirements, exceptions, marks);
        errors.extend(wrong);
        Ok((ledger, errors))
    }

    fn join(
        requirements: Vec<Requirement>,
        exceptions: BTreeMap<String, Exception>,
        marks: Vec<Mark>,
    ) -> (Ledger, Vec<String>) {
        let ids: BTreeSet<String> = requirements.iter().map(|requirement| requirement.id.clone()).collect();
        let mut errors = Vec::new();
        let mut tests: BTreeMap<String, BTreeSet<Test>> = BTreeMap::new();
        for mark in marks {
            if ids.contains(&mark.id) {
                tests.entry(mark.id).or_default().insert(mark.test);
            } else {
                errors.push(format!("{}:{}: no such requirement: `{}`", mark.test.path, mark.line, mark.id));
            }
        }
        for id in exceptions.keys() {
            if !ids.contains(id) {
                errors.push(format!("{EXCEPTIONS}: no such requirement: `{id}`"));
            } else if let Some(test) = tests.get(id).and_then(BTreeSet::first) {
                errors.push(format!("{EXCEPTIONS}: {id} has a test, `{}`: no reason is wanted", test.name));
            }
        }
        (Ledger { requirements, exceptions, tests }, errors)
    }

    /// The lines with neither a test nor a reason.
    fn missing(&self) -> impl Iterator<Item = &Requirement> {
        self.requirements.iter().filter(|requirement| {
            !self.tests.contains_key(&requirement.id) && !self.exceptions.contains_key(&requirement.id)
        })
    }
}

/// The marks of all our sources.
fn read_marks(repo: &Repo) -> Result<(Vec<Mark>, Vec<String>)> {
    let (mut marks, mut errors) = (Vec::new(), Vec::new());
    for path in walk(&repo.root.join("crates"), &|name| name == "target")? {
        let name = path.strip_prefix(&repo.root)?.to_string_lossy().replace('\\', "/");
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        let Some(package) = name.split('/').nth(1).filter(|_| is_rust) else { continue };
        let has_library = repo.root.join("crates").join(package).join("src/lib.rs").exists();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        let (found, wrong) = mark::read(&name, &text, has_library);
        marks.extend(found);
        errors.extend(wrong);
    }
    Ok((marks, errors))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use requirement::{Cause, parse_requirements};

    fn test(name: &str) -> Test {
        Test { binary: "a".to_owned(), name: name.to_owned(), path: "crates/a/src/lib.rs".to_owned() }
    }

    pub(super) fn ledger(marks: &[(&str, &str)], exceptions: &[&str]) -> (Ledger, Vec<String>) {
        let line = |id: &str, level: &str| {
            json!({ "id": id, "area": "Area", "level": level, "ref": "7644§4", "text": "a | b" }).to_string()
        };
        let lines = [line("A-01", "MUST"), line("A-02", "SHOULD"), line("B-01", "MAY")].join("\n");
        let marks = marks.iter().map(|(id, name)| Mark { id: (*id).to_owned(), test: test(name), line: 7 });
        let exception = Exception { cause: Cause::Issue(6, "fast"), reason: "Later.".to_owned() };
        let exceptions = exceptions.iter().map(|id| ((*id).to_owned(), exception.clone()));
        Ledger::join(parse_requirements(&lines).unwrap(), exceptions.collect(), marks.collect())
    }

    #[test]
    fn a_line_has_a_test_or_a_reason_or_is_missing() {
        let (ledger, errors) = ledger(&[("A-01", "x"), ("A-01", "x"), ("A-01", "y")], &["A-02"]);
        assert_eq!(errors, [""; 0]);
        assert_eq!(ledger.missing().map(|line| line.id.as_str()).collect::<Vec<_>>(), ["B-01"]);
        assert_eq!(ledger.tests["A-01"].len(), 2);
    }

    #[test]
    fn a_mark_or_a_reason_for_nothing_and_a_stale_reason_are_told() {
        let (_, errors) = ledger(&[("A-01", "x"), ("Z-01", "y")], &["A-01", "Z-02"]);
        assert_eq!(
            errors,
            [
                "crates/a/src/lib.rs:7: no such requirement: `Z-01`",
                "docs/scim/exceptions.toml: A-01 has a test, `x`: no reason is wanted",
                "docs/scim/exceptions.toml: no such requirement: `Z-02`",
            ]
        );
    }

    #[test]
    fn a_missing_line_a_wrong_mark_and_a_stale_page_fail() {
        let failure = |ledger: &Ledger, errors: Vec<String>, page: &str| match judge(ledger, errors, page) {
            Outcome::Failed(text) => Some(text),
            _ => None,
        };
        let (whole, _) = ledger(&[("A-01", "x"), ("B-01", "x")], &["A-02"]);
        let page = page::render(&whole);
        assert_eq!(failure(&whole, Vec::new(), &page), None);
        assert_eq!(failure(&whole, vec!["wrong".to_owned()], &page).as_deref(), Some("wrong"));
        let stale = "docs/scim/conformance.md is not what the tests say: run `cargo xtask ledger`";
        assert_eq!(failure(&whole, Vec::new(), &page.replace('x', "y")).as_deref(), Some(stale));

        let (part, _) = ledger(&[("A-01", "x")], &["A-02"]);
        let missing = "B-01 has neither a test nor a reason in docs/scim/exceptions.toml";
        assert_eq!(failure(&part, Vec::new(), &page::render(&part)).as_deref(), Some(missing));
    }
}
