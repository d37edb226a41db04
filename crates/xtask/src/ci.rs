//! `cargo xtask ci`: the steps, in the order in which they are cheapest to fail.

use std::process::Command;

use anyhow::Result;

use crate::prepare::{self, Prepared};
use crate::repo::Repo;
use crate::report::{Outcome, Report};
use crate::{fuzz, judges, ledger, runner, tidy as rules};

/// Files that a program writes and we keep. Their generator runs as a test; what it changes must be looked at.
const GENERATED: &[&str] = &[
    "Cargo.lock",
    "crates/lockstep-server/src/openapi/examples.json",
    "docs/api",
    "docs/guide/command-line.md",
    "docs/guide/command-line-reference.md",
    "docs/guide/configuration.md",
    "docs/guide/events.md",
    "docs/guide/limits.md",
    "docs/idp",
    "docs/schema.sql",
];

pub(crate) fn run(repo: &Repo, report: &mut Report) {
    let prepared = prepare::run(repo, report);
    report.step("fmt", || checked(repo, "fmt", &mut repo.cargo(&["fmt", "--all", "--check"])));
    tidy(repo, report);
    report.step("ledger", || ledger::check(repo));
    report.step("spelling", || spelling(repo, &prepared));
    report.step("clippy", || {
        let arguments = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
        checked(repo, "clippy", &mut repo.cargo(&arguments))
    });
    report.step("doc", || {
        let arguments = ["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"];
        checked(repo, "doc", repo.cargo(&arguments).env("RUSTDOCFLAGS", "-D warnings"))
    });
    tests(repo, &prepared, &[], report);
    report.step("ledger: tests run", || ledger::check_tests(repo));
    report.step("generated files", || generated(repo));
    judges::run(repo, &[], report);
    fuzz::run(repo, &prepared, report);
}

pub(crate) fn tidy(repo: &Repo, report: &mut Report) {
    let mut notes = Vec::new();
    report.step("tidy", || {
        let found = rules::run(repo)?;
        notes = found.notes;
        let failures = found.failures;
        Ok(if failures.is_empty() {
            Outcome::Passed(String::new())
        } else {
            Outcome::Failed(failures.join("\n"))
        })
    });
    if !notes.is_empty() {
        println!("{}\n", notes.join("\n"));
    }
}

/// The test runner, then the examples in the documentation. With a filter: the tests that it names.
pub(crate) fn tests(repo: &Repo, prepared: &Prepared, filter: &[String], report: &mut Report) {
    let ready = |arguments: &[&str]| {
        let mut command = repo.cargo(arguments);
        // A snapshot that differs is a failure, never a new file.
        command.args(filter).env("INSTA_UPDATE", "no").env("INSTA_FORCE_PASS", "0");
        if let Some(python) = &prepared.python {
            command.env("LOCKSTEP_TEST_PYTHON", python);
        }
        if let Some(node) = &prepared.node {
            command.env("LOCKSTEP_TEST_NODE", node);
        }
        command
    };
    if repo.answers("cargo", &["nextest", "--version"]) {
        report.step("tests (nextest)", || {
            let arguments = ["nextest", "run", "--workspace", "--profile", "ci", "--no-tests", "pass"];
            let ran = repo.run("tests", ready(&arguments).args(["--color", "never"]))?;
            Ok(Outcome::Tests(runner::judged(runner::nextest(&ran.output), ran.ok), ran.output))
        });
    } else {
        report.step("tests (cargo test)", || {
            let arguments = ["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"];
            let ran = repo.run("tests", &mut ready(&arguments))?;
            Ok(Outcome::Tests(runner::judged(runner::libtest(&ran.output), ran.ok), ran.output))
        });
    }
    if filter.is_empty() {
        report.step("doctests", || {
            let ran =
                repo.run("doctests", &mut ready(&["test", "--workspace", "--doc", "--no-fail-fast"]))?;
            Ok(Outcome::Tests(runner::judged(runner::libtest(&ran.output), ran.ok), ran.output))
        });
    }
}

fn checked(repo: &Repo, log: &str, command: &mut Command) -> Result<Outcome> {
    let ran = repo.run(log, command)?;
    Ok(if ran.ok { Outcome::Passed(String::new()) } else { Outcome::Failed(ran.output) })
}

/// Tests that write pages: the package, where in it the test stands, and its name.
const PAGES: &[(&str, &[&str], &str)] = &[
    ("lockstep-idp", &["--lib"], "the_pages_in_docs"),
    ("lockstep", &["--bin", "lockstep"], "the_pages_in_docs"),
    ("lockstep-server", &["--test", "it"], "the_event_catalogue_is"),
    // Examples before the description that shows them.
    ("lockstep-server", &["--test", "it"], "the_examples_are"),
    ("lockstep-server", &["--test", "it"], "the_description_in_docs"),
];

/// Writes what is generated of `docs`. A test that does it fails where it wrote; the second time there is nothing to write.
pub(crate) fn pages(repo: &Repo) -> Result<Outcome> {
    let mut wrote = Vec::new();
    for &(package, place, test) in PAGES {
        let arguments = [&["test", "--quiet", "-p", package], place, &[test]].concat();
        let ran = repo.run("pages", &mut repo.cargo(&arguments))?;
        if ran.ok {
            continue;
        }
        let again = repo.run("pages", &mut repo.cargo(&arguments))?;
        if !again.ok {
            return Ok(Outcome::Failed(again.output));
        }
        wrote.push(test);
    }
    Ok(Outcome::Passed(if wrote.is_empty() {
        "the pages were as they should be".to_owned()
    } else {
        format!("written by {}", wrote.join(" and "))
    }))
}

fn spelling(repo: &Repo, prepared: &Prepared) -> Result<Outcome> {
    let Some(tool) = prepared.tool("typos") else {
        return Ok(Outcome::Skipped("no typos in the Python environment".to_owned()));
    };
    checked(repo, "spelling", &mut repo.command(tool, &["--format", "brief"]))
}

/// After all that generates has run: nothing may differ from what is committed or staged.
fn generated(repo: &Repo) -> Result<Outcome> {
    if !repo.answers("git", &["rev-parse", "--git-dir"]) {
        return Ok(Outcome::Skipped("not a git checkout".to_owned()));
    }
    let status = repo.read("git", &[&["status", "--porcelain", "--"], GENERATED].concat())?;
    let changed = unstaged(&status);
    Ok(if changed.is_empty() {
        Outcome::Passed(String::new())
    } else {
        Outcome::Failed(format!("look at these generated files and `git add` them:\n{}", changed.join("\n")))
    })
}

/// The lines of `git status --porcelain` whose second column, the working tree's, is not blank.
fn unstaged(status: &str) -> Vec<&str> {
    status.lines().filter(|line| line.chars().nth(1).is_some_and(|tree| tree != ' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_file_that_changed_appeared_or_went_is_told() {
        let status = "M  staged\nA  new and staged\n M changed\n D gone\n?? new\nMM staged, then changed\n";
        assert_eq!(unstaged(status), [" M changed", " D gone", "?? new", "MM staged, then changed"]);
    }
}
