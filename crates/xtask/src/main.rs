#![doc = include_str!("../README.md")]

mod ci;
mod fuzz;
mod http;
mod judges;
mod ledger;
mod limits;
mod prepare;
mod repo;
mod report;
mod runner;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::repo::Repo;
use crate::report::Report;

const USAGE: &str = "\
cargo xtask ci                 everything that must hold before a change is merged
cargo xtask test [filter …]    the tests alone; a filter goes to the test runner
cargo xtask tidy               the rules of the house alone
cargo xtask ledger             write docs/scim/conformance.md; --missing: what has neither test nor reason;
                               --check: what CI looks at
cargo xtask pages              write docs/idp from the contracts, docs/guide/{configuration,limits}.md from the code,
                               docs/guide/events.md from a server's answers
cargo xtask judges [name …]    the SCIM suites in ../shared/judges against a fresh server
cargo xtask fuzz               the API against requests that are made up from its description
cargo xtask prepare            install what the tests need, then stop";

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let repo = Repo::open()?;
    let mut report = Report::new(repo.strict);
    match command.as_str() {
        "ci" => ci::run(&repo, &mut report),
        "test" => {
            let prepared = prepare::run(&repo, &mut report);
            ci::tests(&repo, &prepared, &rest, &mut report);
        }
        "tidy" => ci::tidy(&repo, &mut report),
        "pages" => {
            report.step("pages", || ci::pages(&repo));
            report.step("limits", || limits::step(&repo));
        }
        "fuzz" => {
            let prepared = prepare::run(&repo, &mut report);
            fuzz::run(&repo, &prepared, &mut report);
        }
        "judges" => {
            prepare::run(&repo, &mut report);
            judges::run(&repo, &rest, &mut report);
        }
        "ledger" if rest == ["--missing"] => {
            ledger::list_missing(&repo)?;
            return Ok(ExitCode::SUCCESS);
        }
        "ledger" if rest == ["--check"] => {
            report.step("ledger", || ledger::check(&repo));
            report.step("ledger: tests run", || ledger::check_tests(&repo));
        }
        "ledger" => {
            report.step("ledger", || ledger::write(&repo));
        }
        "prepare" => {
            prepare::run(&repo, &mut report);
        }
        "" | "help" | "--help" | "-h" => {
            println!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        other => bail!("no such command: `{other}`\n\n{USAGE}"),
    }
    Ok(report.close())
}
