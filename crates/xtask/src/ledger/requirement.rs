//! The requirements, one JSON object a line, and the reasons for which a line may stand without a test.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// The issues that may build what a line wants.
const ISSUES: &[(i64, &str)] = &[
    (4, "every IdP a contract: simulate, check"),
    (5, "the application's API, SDKs, mapping, CLI"),
    (6, "fast and unbreakable"),
    (7, "delivery, events, security event tokens"),
    (8, "PostgreSQL, many nodes"),
];

/// One line of `requirements.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requirement {
    /// `DISC-01`
    pub(super) id: String,
    pub(super) area: String,
    pub(super) level: Level,
    /// Where the requirement is from: `7644§3.4.2.2`.
    pub(super) source: String,
    pub(super) text: String,
}

impl Requirement {
    /// `DISC` of `DISC-01`.
    pub(super) fn prefix(&self) -> &str {
        self.id.split('-').next().unwrap_or(&self.id)
    }
}

/// RFC 2119.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Must,
    Should,
    May,
}

impl Level {
    pub(super) const ALL: [Level; 3] = [Level::Must, Level::Should, Level::May];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Level::Must => "MUST",
            Level::Should => "SHOULD",
            Level::May => "MAY",
        }
    }
}

/// Why a line has no test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exception {
    pub(super) cause: Cause,
    /// One sentence.
    pub(super) reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Another issue builds it.
    Issue(i64, &'static str),
    /// It contradicts a decision: the name of the file in `docs/decisions`.
    Decision(String),
}

pub(super) fn parse_requirements(text: &str) -> Result<Vec<Requirement>> {
    let mut requirements: Vec<Requirement> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let requirement = parse_requirement(line).with_context(|| format!("line {}", index + 1))?;
        ensure!(
            requirements.iter().all(|earlier| earlier.id != requirement.id),
            "line {}: {} stands there twice",
            index + 1,
            requirement.id
        );
        requirements.push(requirement);
    }
    Ok(requirements)
}

fn parse_requirement(line: &str) -> Result<Requirement> {
    let object: Value = serde_json::from_str(line)?;
    let text = |key: &str| -> Result<String> {
        Ok(object.get(key).and_then(Value::as_str).with_context(|| format!("no text `{key}`"))?.to_owned())
    };
    let level = text("level")?;
    let known = Level::ALL.into_iter().find(|known| known.name() == level);
    Ok(Requirement {
        id: text("id")?,
        area: text("area")?,
        level: known.with_context(|| format!("no such level: `{level}`"))?,
        source: text("ref")?,
        text: text("text")?,
    })
}

/// `[ID]` with `reason` and either `issue` or `decision`; `decisions` are the names of the files there are.
pub(super) fn parse_exceptions(text: &str, decisions: &[String]) -> Result<BTreeMap<String, Exception>> {
    let table: toml::Table = text.parse()?;
    table
        .into_iter()
        .map(|(id, entry)| {
            let exception = parse_exception(&entry, decisions).with_context(|| id.clone())?;
            Ok((id, exception))
        })
        .collect()
}

fn parse_exception(entry: &toml::Value, decisions: &[String]) -> Result<Exception> {
    let table = entry.as_table().context("wants a table with `reason`, and `issue` or `decision`")?;
    if let Some(other) = table.keys().find(|key| !matches!(key.as_str(), "reason" | "issue" | "decision")) {
        bail!("no such key: `{other}`");
    }
    let reason = table.get("reason").and_then(toml::Value::as_str).unwrap_or_default();
    ensure!(reason.ends_with('.'), "wants a `reason`: a sentence with its full stop");
    let cause = match (table.get("issue"), table.get("decision")) {
        (Some(issue), None) => {
            let known = ISSUES.iter().find(|(number, _)| issue.as_integer() == Some(*number));
            let (number, title) = known.with_context(|| format!("no such issue: {issue}"))?;
            Cause::Issue(*number, title)
        }
        (None, Some(decision)) => {
            let number = decision.as_str().filter(|number| number.len() == 4).unwrap_or_default();
            let mut files = decisions.iter().filter(|file| file.split('-').next() == Some(number));
            let file = files.next().with_context(|| format!("no such decision: {decision}"))?;
            ensure!(files.next().is_none(), "two decisions have the number {decision}: renumber one");
            Cause::Decision(file.clone())
        }
        (Some(_), Some(_)) => bail!("names both an issue and a decision; one of them builds or refuses it"),
        (None, None) => bail!("names neither the issue that builds it nor the decision that it contradicts"),
    };
    Ok(Exception { cause, reason: reason.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_is_read_and_a_broken_line_is_told() {
        let line = r#"{"id": "A-01", "area": "Area", "level": "MUST", "ref": "7644§4", "text": "It is so."}"#;
        let read = parse_requirements(line).unwrap();
        assert_eq!((read[0].prefix(), read[0].level, read.len()), ("A", Level::Must, 1));
        for (text, expected) in [
            (format!("{line}\n{line}"), "line 2: A-01 stands there twice"),
            (line.replace("MUST", "MOST"), "line 1: no such level: `MOST`"),
            (line.replace("\"ref\"", "\"source\""), "line 1: no text `ref`"),
            (format!("{line}\n{{"), "line 2: "),
        ] {
            let error = format!("{:#}", parse_requirements(&text).unwrap_err());
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_reason_names_another_issue_or_a_decision_that_exists() {
        let decisions = ["0003-etags.md", "0011-one.md", "0011-other.md"].map(str::to_owned);
        let read = |entry: &str| parse_exceptions(&format!("[A-01]\n{entry}"), &decisions);
        let exception = |entry: &str| read(entry).unwrap().remove("A-01").unwrap().cause;
        assert_eq!(exception("issue = 6\nreason = 'So.'"), Cause::Issue(6, "fast and unbreakable"));
        assert_eq!(exception("decision = '0003'\nreason = 'So.'"), Cause::Decision(decisions[0].clone()));
        for (entry, expected) in [
            ("reason = 'So.'", "A-01: names neither"),
            ("issue = 6\ndecision = '0003'\nreason = 'So.'", "A-01: names both"),
            ("issue = 3\nreason = 'So.'", "A-01: no such issue: 3"),
            ("issue = '6'\nreason = 'So.'", "A-01: no such issue: \"6\""),
            ("decision = '0099'\nreason = 'So.'", "A-01: no such decision: \"0099\""),
            ("decision = '0011'\nreason = 'So.'", "A-01: two decisions have the number"),
            ("decision = ''\nreason = 'So.'", "A-01: no such decision: \"\""),
            ("issue = 6", "A-01: wants a `reason`"),
            ("issue = 6\nreason = ''", "A-01: wants a `reason`"),
            ("issue = 6\nreason = 'So.'\nwhy = 1", "A-01: no such key: `why`"),
            ("issue = 6\nreason = 'So.'\n[A-01]", "TOML parse error"),
        ] {
            let error = format!("{:#}", read(entry).unwrap_err());
            assert!(error.starts_with(expected), "{entry}: {error}");
        }
    }
}
