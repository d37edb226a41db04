//! The test runners' own counts, read from what they print.

use crate::report::Tally;

/// nextest's closing line: `Summary [ 0.5s] 5 tests run: 4 passed (1 slow), 1 failed, 2 skipped`.
/// `None` if there is none: nothing was built, so nothing was run.
pub(crate) fn nextest(output: &str) -> Option<Tally> {
    let line = output.lines().rev().find(|line| line.trim_start().starts_with("Summary ["))?;
    let (_, counts) = line.split_once("run: ")?;
    let mut tally = Tally::default();
    for part in without_parentheses(counts).split(',') {
        let (number, word) = part.trim().split_once(' ')?;
        let number: usize = number.parse().ok()?;
        match word.trim() {
            "passed" => tally.passed += number,
            "skipped" => tally.skipped += number,
            // `failed`, `exec failed`, `timed out`, and whatever a later version adds.
            _ => tally.failed += number,
        }
    }
    Some(tally)
}

/// The sum of the lines `test result: ok. 3 passed; 0 failed; 1 ignored; …` of `cargo test`.
pub(crate) fn libtest(output: &str) -> Option<Tally> {
    let mut found = None;
    for line in output.lines() {
        let Some((_, counts)) =
            line.trim_start().strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
        else {
            continue;
        };
        let tally: &mut Tally = found.get_or_insert_default();
        for part in counts.split(';') {
            let Some((number, word)) = part.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            match word {
                "passed" => tally.passed += number,
                "failed" => tally.failed += number,
                "ignored" => tally.skipped += number,
                _ => {}
            }
        }
    }
    found
}

/// A run whose counts and exit code disagree is a failure, whichever of the two says so.
pub(crate) fn judged(tally: Option<Tally>, ok: bool) -> Tally {
    let mut tally = tally.unwrap_or_default();
    if !ok && tally.failed == 0 {
        tally.failed = 1;
    }
    tally
}

fn without_parentheses(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|&c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn tally(passed: usize, failed: usize, skipped: usize) -> Tally {
        Tally { passed, failed, skipped }
    }

    #[test]
    fn nextest_summaries_are_read() {
        for (line, expected) in [
            ("     Summary [   0.005s] 3 tests run: 3 passed, 0 skipped", tally(3, 0, 0)),
            (
                "     Summary [   1.2s] 9 tests run: 6 passed (1 slow, 2 leaky), 3 failed, 4 skipped",
                tally(6, 3, 4),
            ),
            ("     Summary [   1.2s] 2/9 tests run: 1 passed, 1 timed out, 0 skipped", tally(1, 1, 0)),
            ("     Summary [   1.2s] 1 test run: 0 passed, 1 exec failed, 0 skipped", tally(0, 1, 0)),
        ] {
            assert_eq!(nextest(&format!("noise\n{line}\n  FAIL [ 0.1s] a b\n")), Some(expected), "{line}");
        }
        assert_eq!(nextest("error: could not compile"), None);
    }

    #[test]
    fn every_result_line_of_cargo_test_is_summed() {
        let output = "test a ... ok\ntest result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; \
                      finished in 0.1s\n\ntest result: FAILED. 1 passed; 3 failed; 0 ignored; 0 measured";
        assert_eq!(libtest(output), Some(tally(3, 3, 1)));
        assert_eq!(libtest("error: could not compile"), None);
    }

    #[test]
    fn a_run_that_could_not_start_is_one_failure() {
        assert_eq!(judged(None, false), tally(0, 1, 0));
        assert_eq!(judged(Some(tally(5, 0, 0)), false), tally(5, 1, 0));
        assert_eq!(judged(Some(tally(5, 2, 0)), false), tally(5, 2, 0));
        assert_eq!(judged(Some(tally(5, 0, 1)), true), tally(5, 0, 1));
    }
}
