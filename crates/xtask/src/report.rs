//! One line a step, one closing line: `N passed, N failed`, with `, N skipped` where something was.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;

/// How many tests or steps ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(out, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// How a step ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Counts as one; the text stands beside it.
    Passed(String),
    /// Counts as one; the text is shown in full.
    Failed(String),
    /// The tool or the input is missing; a failure in CI.
    Skipped(String),
    /// Missing by nature on most machines; never a failure.
    Absent(String),
    /// Many tests with one runner; the text is shown when one failed.
    Tests(Tally, String),
}

pub(crate) struct Report {
    tally: Tally,
    strict: bool,
}

impl Report {
    pub(crate) fn new(strict: bool) -> Report {
        Report { tally: Tally::default(), strict }
    }

    /// Runs one step and says how it went; an error of ours is a failure of the step. True if nothing failed.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Outcome>) -> bool {
        print!("{name:<24}");
        // The name before the result: who waits sees what for. A closed pipe is no reason to stop.
        let _ = std::io::stdout().flush();
        let start = Instant::now();
        let outcome = work().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        let (line, detail, tally) = self.settle(outcome);
        println!("{:>7.1}s  {line}", start.elapsed().as_secs_f64());
        if let Some(detail) = detail {
            println!("{}\n", detail.trim_end());
        }
        self.tally.passed += tally.passed;
        self.tally.failed += tally.failed;
        self.tally.skipped += tally.skipped;
        tally.failed == 0
    }

    /// The line, the details to show below it, and what it counts.
    fn settle(&self, outcome: Outcome) -> (String, Option<String>, Tally) {
        let one = |passed, failed, skipped| Tally { passed, failed, skipped };
        match outcome {
            Outcome::Passed(note) if note.is_empty() => ("ok".to_owned(), None, one(1, 0, 0)),
            Outcome::Passed(note) => (format!("ok  {note}"), None, one(1, 0, 0)),
            Outcome::Failed(detail) => ("FAILED".to_owned(), Some(detail), one(0, 1, 0)),
            Outcome::Skipped(why) if self.strict => {
                (format!("FAILED  skipped in CI: {why}"), None, one(0, 1, 0))
            }
            Outcome::Skipped(why) | Outcome::Absent(why) => (format!("skipped: {why}"), None, one(0, 0, 1)),
            Outcome::Tests(tally, output) if tally.failed > 0 => {
                (format!("FAILED  {tally}"), Some(output), tally)
            }
            Outcome::Tests(tally, _) => (format!("ok  {tally}"), None, tally),
        }
    }

    /// Prints the closing line.
    pub(crate) fn close(self) -> ExitCode {
        println!("{}", self.tally);
        if self.tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_names_skips_only_where_there_are_any() {
        assert_eq!(Tally { passed: 3, failed: 0, skipped: 0 }.to_string(), "3 passed, 0 failed");
        assert_eq!(Tally { passed: 3, failed: 1, skipped: 2 }.to_string(), "3 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn a_skip_fails_in_ci_and_only_there() {
        let skipped = || Outcome::Skipped("no tool".to_owned());
        assert_eq!(Report::new(true).settle(skipped()).2, Tally { passed: 0, failed: 1, skipped: 0 });
        assert_eq!(Report::new(false).settle(skipped()).2, Tally { passed: 0, failed: 0, skipped: 1 });
        let absent = Outcome::Absent("not here".to_owned());
        assert_eq!(Report::new(true).settle(absent).2, Tally { passed: 0, failed: 0, skipped: 1 });
    }

    #[test]
    fn an_error_of_a_step_is_counted_as_a_failure() {
        let mut report = Report::new(false);
        assert!(!report.step("broken", || anyhow::bail!("no")));
        assert!(report.step("whole", || Ok(Outcome::Passed(String::new()))));
        assert_eq!(report.tally, Tally { passed: 1, failed: 1, skipped: 0 });
    }
}
