//! `docs/guide/limits.md`, written from the `limits.rs` of every crate: what is bounded, by how much, and what is beyond.
//! Of Rust just as much is read as such a file needs; what is not understood is an error, never left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::repo::Repo;
use crate::report::Outcome;

const PAGE: &str = "docs/guide/limits.md";

/// The crates whose bounds somebody outside meets, and whom they bound.
const CRATES: &[(&str, &str)] = &[
    ("lockstep-scim", "What an IdP may send"),
    ("lockstep-core", "What one command may do at once"),
    ("lockstep-server", "The API, credentials, lists, background work and request records"),
    ("lockstep-play", "What `simulate` and `check` take from other servers"),
];

const HEAD: &str = "# Limits

<!-- Written from crates/*/src/limits.rs by `cargo xtask pages`; a test fails where it differs. -->

Every bound that stands in the code, with its value. Where a request is beyond one, the answer names it. What an operator
meets first, with words to each, is in `operate.md` under \"Limits\"; what can be set is in `configuration.md`, and nothing
else can.
";

/// One bound.
#[derive(Debug, PartialEq, Eq)]
struct Limit {
    name: String,
    value: Value,
    about: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Count(u128),
    Millis(u128),
}

/// The expressions of a file by their names.
type Known<'a> = BTreeMap<&'a str, &'a str>;

/// Writes the page; whether it was as it should be.
pub(crate) fn write(repo: &Repo) -> Result<bool> {
    let wanted = page(repo)?;
    let path = repo.root.join(PAGE);
    let is_right = fs::read_to_string(&path).unwrap_or_default() == wanted;
    if !is_right {
        fs::write(&path, wanted).with_context(|| format!("cannot write {PAGE}"))?;
    }
    Ok(is_right)
}

/// The same as a step.
pub(crate) fn step(repo: &Repo) -> Result<Outcome> {
    let told = if write(repo)? { "was what the code says" } else { "is written" };
    Ok(Outcome::Passed(format!("{PAGE} {told}")))
}

fn page(repo: &Repo) -> Result<String> {
    let mut text = HEAD.to_owned();
    for (name, about) in CRATES {
        let path = repo.root.join("crates").join(name).join("src/limits.rs");
        let source = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let limits = parse(&source).with_context(|| format!("in {}", path.display()))?;
        let _ =
            writeln!(text, "\n## {about}\n\n| limit | value | bounds | beyond |\n| --- | --- | --- | --- |");
        for limit in limits {
            let (bounds, beyond) = told(&limit.about);
            let _ = writeln!(text, "| `{}` | {} | {bounds} | {beyond} |", limit.name, shown(&limit));
        }
    }
    Ok(text)
}

/// What a file says of a bound, its value not looked at.
struct Written {
    name: String,
    expression: String,
    about: String,
}

/// The constants of a file, and the fields of its struct with their defaults, in the order of the file. A constant may be
/// made of others, which may stand behind it.
fn parse(source: &str) -> Result<Vec<Limit>> {
    let written = read(source)?;
    let known: Known<'_> = written.iter().map(|one| (one.name.as_str(), one.expression.as_str())).collect();
    let valued = written.iter().map(|one| {
        let value = evaluate(&one.expression, &known).with_context(|| format!("`{}`", one.name))?;
        Ok(Limit { name: one.name.clone(), value, about: one.about.clone() })
    });
    valued.collect()
}

fn read(source: &str) -> Result<Vec<Written>> {
    let mut written: Vec<Written> = Vec::new();
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut about = Vec::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if line == "#[cfg(test)]" {
            break;
        } else if let Some(words) = line.strip_prefix("/// ") {
            about.push(words.to_owned());
            continue;
        } else if let Some(constant) = line.strip_prefix("pub const ") {
            let mut text = constant.to_owned();
            while !text.ends_with(';') {
                text += lines.next().context("a constant does not end")?.trim();
            }
            let (name, rest) = text.split_once(':').context("a constant without a type")?;
            let (_, expression) = rest.split_once('=').context("a constant without a value")?;
            ensure!(!about.is_empty(), "`{name}` says nothing of itself");
            let expression = expression.trim_end_matches(';').trim().to_owned();
            written.push(Written { name: name.to_owned(), expression, about: about.join(" ") });
        } else if let Some((name, _)) = line.strip_prefix("pub ").and_then(|field| field.split_once(": ")) {
            fields.push((name.to_owned(), about.join(" ")));
        } else if let Some((name, expression)) = line.split_once(": ")
            && let Some((_, about)) = fields.iter().find(|(field, _)| field == name)
        {
            let expression = expression.trim_end_matches(',').to_owned();
            written.push(Written { name: name.to_owned(), expression, about: about.clone() });
        }
        about.clear();
    }
    if let Some((field, _)) = fields.iter().find(|(field, _)| !written.iter().any(|one| one.name == *field)) {
        bail!("`{field}` has no default");
    }
    Ok(written)
}

/// A sum of products of numbers and names, or a duration made of one.
fn evaluate(expression: &str, known: &Known<'_>) -> Result<Value> {
    let expression = expression.trim();
    for (unit, millis) in [("millis", 1), ("secs", 1_000), ("mins", 60_000), ("hours", 3_600_000)] {
        let inner = expression.strip_prefix(&format!("Duration::from_{unit}("));
        if let Some(inner) = inner.and_then(|inner| inner.strip_suffix(')')) {
            return Ok(Value::Millis(number(inner, known)? * millis));
        }
    }
    number(expression, known).map(Value::Count)
}

fn number(expression: &str, known: &Known<'_>) -> Result<u128> {
    let factor = |text: &str| -> Result<u128> {
        let text = text.trim();
        if let Some(expression) = known.get(text) {
            // The compiler has refused circles.
            return number(expression, known);
        }
        text.replace('_', "").parse().with_context(|| format!("`{text}` is no number"))
    };
    let product = |text: &str| text.split('*').map(factor).product::<Result<u128>>();
    expression.split('+').map(product).sum()
}

/// A value for people, with its unit.
fn shown(limit: &Limit) -> String {
    let name = limit.name.to_lowercase();
    match limit.value {
        Value::Millis(millis) => [(3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms")]
            .into_iter()
            .find(|(unit, _)| millis % unit == 0)
            .map_or_else(String::new, |(unit, word)| format!("{} {word}", grouped(millis / unit))),
        Value::Count(bytes) if name.contains("bytes") || limit.about.starts_with("Bytes ") => {
            [(1 << 20, "MiB"), (1 << 10, "KiB")].into_iter().find(|(unit, _)| bytes % unit == 0).map_or_else(
                || format!("{} bytes", grouped(bytes)),
                |(unit, word)| format!("{} {word}", bytes / unit),
            )
        }
        Value::Count(chars) if name.contains("chars") => format!("{} characters", grouped(chars)),
        Value::Count(minutes) if name.ends_with("minutes") => format!("{} min", grouped(minutes)),
        Value::Count(count) => grouped(count),
    }
}

/// `1,000,000`.
fn grouped(value: u128) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is bounded, and what is beyond: what stands in parentheses that begin with a status, and what follows the first
/// semicolon.
fn told(about: &str) -> (String, String) {
    let mut about = about.replace("[`", "`").replace("`]", "`").replace('|', "\\|");
    let mut beyond = Vec::new();
    if let Some((before, rest)) = about.clone().split_once(" (")
        && let Some((inner, after)) = rest.split_once(')')
        && inner.len() >= 3
        && inner.bytes().take(3).all(|byte| byte.is_ascii_digit())
    {
        beyond.push(inner.to_owned());
        about = format!("{before}{after}");
    }
    let (bounds, rest) = match about.split_once("; ") {
        Some((bounds, rest)) => (bounds.to_owned(), Some(rest.to_owned())),
        None => (about, None),
    };
    beyond.extend(rest.map(|rest| rest.trim_start_matches("beyond, ").trim_end_matches('.').to_owned()));
    (bounds.trim_end_matches('.').to_owned(), beyond.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_limits_is_what_the_code_says() {
        let repo = Repo::open().unwrap();
        assert!(write(&repo).unwrap(), "{PAGE} was not what the code says: it is written anew, look at it");
    }

    #[test]
    fn constants_and_fields_are_read_with_what_they_say() {
        let source = "//! x\n\n/// Bytes of one\n/// thing (413).\npub const A_BYTES_LIMIT: usize = 2 * 1024;\n\
                      /// So long; beyond, it ends.\npub const B_WAIT: Duration = Duration::from_mins(90);\n\
                      /// More.\npub const C_LIMIT: usize =\n    3 * A_BYTES_LIMIT + 1_000;\n\
                      pub struct Limits {\n    /// Of [`B_WAIT`] (RFC 1).\n    pub few: usize,\n}\n\
                      impl Default for Limits {\n        Self {\n            few: 7,\n        }\n}\n";
        let found = parse(source).unwrap();
        let lines: Vec<String> = found
            .iter()
            .map(|limit| format!("{} {} {:?}", limit.name, shown(limit), told(&limit.about)))
            .collect();
        assert_eq!(
            lines,
            [
                "A_BYTES_LIMIT 2 KiB (\"Bytes of one thing\", \"413\")",
                "B_WAIT 90 min (\"So long\", \"it ends\")",
                "C_LIMIT 7,144 (\"More\", \"\")",
                "few 7 (\"Of `B_WAIT` (RFC 1)\", \"\")",
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for source in [
            "/// x\npub const A: usize = other();",
            "pub const A: usize = 1;",
            "/// x\npub const A: usize = 1",
            "pub struct Limits {\n/// x\npub few: usize,\n}",
        ] {
            assert!(parse(source).is_err(), "{source}");
        }
    }
}
