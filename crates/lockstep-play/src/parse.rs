//! Contract files: text to data. Every error names the file and the line.

use std::fmt;

use serde_json::Value;

use crate::contract::{Contract, ExpectedEvent, Given, Step};
use crate::fact::{Fact, JsonPath};

/// What is wrong with a contract file, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.file, self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

/// Reads a contract. `file` is its name in messages.
pub fn parse(file: &str, text: &str) -> Result<Contract, ParseError> {
    let fail = |line: usize, message: String| ParseError { file: file.to_owned(), line, message };
    let mut contract = Contract { file: file.to_owned(), ..Contract::default() };
    let mut place = Place::Head;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let line = line.trim_end();
        if let Some(name) = line.strip_prefix("###") {
            if let Some(step) = contract.steps.last() {
                finished(step, place).map_err(|message| fail(number, message))?;
            }
            let name = name.trim().to_owned();
            contract.steps.push(Step { name, line: number, ..Step::default() });
            place = Place::Request;
            continue;
        }
        let placed = match contract.steps.last_mut() {
            None => head(&mut contract, line).map(|()| Place::Head),
            Some(step) => step_line(step, place, line),
        };
        place = placed.map_err(|message| fail(number, message))?;
    }
    let last = text.lines().count();
    match contract.steps.last() {
        None => return Err(fail(last, "no step: a line `### what happens` begins one".to_owned())),
        Some(step) => finished(step, place).map_err(|message| fail(last, message))?,
    }
    for (value, key) in [(&contract.idp, "idp"), (&contract.title, "title"), (&contract.date, "date")] {
        if value.is_empty() {
            return Err(fail(1, format!("the head lacks `# {key}: …`")));
        }
    }
    if contract.sources.is_empty() {
        return Err(fail(1, "the head lacks `# source: …`".to_owned()));
    }
    Ok(contract)
}

/// Where in a file the next line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Head,
    Request,
    Headers,
    Body,
    Expect,
    Event,
}

fn finished(step: &Step, place: Place) -> Result<(), String> {
    if matches!(place, Place::Expect | Place::Event) {
        return Ok(());
    }
    Err(format!("the step `{}` in line {} expects nothing: a line `=> 200` says what", step.name, step.line))
}

fn head(contract: &mut Contract, line: &str) -> Result<(), String> {
    if line.is_empty() {
        return Ok(());
    }
    let (key, value) = line
        .strip_prefix('#')
        .and_then(|rest| rest.split_once(':'))
        .ok_or("expected `# key: value` before the first step")?;
    let value = value.trim().to_owned();
    match key.trim() {
        "idp" => contract.idp = value,
        "title" => contract.title = value,
        "date" => contract.date = value,
        "source" => contract.sources.push(value),
        "quirks" => contract.quirks.extend(words(&value)),
        "basis" => {
            contract.is_source = match value.as_str() {
                "source" => true,
                "constructed (unproven)" => false,
                _ => return Err("basis is `source` or `constructed (unproven)`".to_owned()),
            }
        }
        "given" => contract.given.extend(given(&value)?),
        "note" => {}
        other => {
            return Err(format!(
                "`{other}` is no key of the head: idp title quirks source basis date given note"
            ));
        }
    }
    Ok(())
}

/// `user ada`, `group sales: ada, bob`, or many of them: `users person 250`, `groups team 250`.
fn given(text: &str) -> Result<Vec<Given>, String> {
    match text.split_once(' ') {
        Some(("user", name)) => Ok(vec![Given::User(name.trim().to_owned())]),
        Some(("group", rest)) => {
            let (name, members) = rest.split_once(':').unwrap_or((rest, ""));
            Ok(vec![Given::Group(name.trim().to_owned(), words(members))])
        }
        Some((kind @ ("users" | "groups"), rest)) => {
            let (name, count) = rest.split_once(' ').ok_or("expected a name and how many")?;
            let count: usize = count.trim().parse().map_err(|_| "how many is a number")?;
            let many = (1..=count).map(|number| format!("{name}{number}"));
            Ok(many
                .map(|name| if kind == "users" { Given::User(name) } else { Given::Group(name, Vec::new()) })
                .collect())
        }
        _ => Err(
            "expected `user NAME`, `group NAME: MEMBER, MEMBER`, `users NAME COUNT` or `groups NAME COUNT`"
                .to_owned(),
        ),
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn step_line(step: &mut Step, place: Place, line: &str) -> Result<Place, String> {
    if place != Place::Request
        && let Some(status) = line.strip_prefix("=>")
    {
        step.expect.status = status.trim().parse().map_err(|_| "`=>` needs a status after it")?;
        if place == Place::Body {
            check_body(&step.body)?;
        }
        return Ok(Place::Expect);
    }
    match place {
        Place::Head | Place::Request if line.is_empty() => Ok(place),
        Place::Head | Place::Request => {
            let (method, target) = line.split_once(' ').ok_or("expected a method and a path")?;
            if !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method) || !target.starts_with('/') {
                return Err(
                    "expected GET, POST, PUT, PATCH or DELETE and a path below the SCIM base".to_owned()
                );
            }
            method.clone_into(&mut step.method);
            target.trim().clone_into(&mut step.target);
            Ok(Place::Headers)
        }
        Place::Headers if line.is_empty() => Ok(Place::Body),
        Place::Headers => {
            let (name, value) = line.split_once(':').ok_or("expected `Name: value` or an empty line")?;
            step.headers.push((name.trim().to_owned(), value.trim().to_owned()));
            Ok(Place::Headers)
        }
        Place::Body => {
            if !step.body.is_empty() || !line.is_empty() {
                step.body.push_str(line);
                step.body.push('\n');
            }
            Ok(Place::Body)
        }
        Place::Expect | Place::Event => expectation(step, place, line),
    }
}

/// A body is JSON once its variables are filled; what is written between double braces stands inside quotes.
fn check_body(body: &str) -> Result<(), String> {
    if body.trim().is_empty() {
        return Ok(());
    }
    serde_json::from_str::<Value>(body).map(|_| ()).map_err(|error| format!("the body is not JSON: {error}"))
}

fn expectation(step: &mut Step, place: Place, line: &str) -> Result<Place, String> {
    let expect = &mut step.expect;
    let trimmed = line.trim();
    if trimmed.is_empty() || trimmed.starts_with("# ") {
        return Ok(if trimmed.is_empty() { Place::Expect } else { place });
    }
    if line.starts_with(' ') {
        let event = (place == Place::Event).then(|| expect.events.last_mut()).flatten();
        let event = event.ok_or("an indented line belongs to the event above it, and there is none")?;
        event.facts.push(Fact::parse(trimmed)?);
        return Ok(Place::Event);
    }
    let (word, rest) = trimmed.split_once(' ').unwrap_or((trimmed, ""));
    match word {
        "event" => {
            let (kind, times) = match rest.split_once(" x ") {
                Some((kind, times)) => {
                    (kind, times.trim().parse().map_err(|_| "`x` needs a number after it")?)
                }
                None => (rest, 1),
            };
            expect.events.push(ExpectedEvent { kind: kind.trim().to_owned(), times, facts: Vec::new() });
            return Ok(Place::Event);
        }
        "repairs" => expect.repairs.extend(words(rest)),
        "header" => {
            let (name, value) = rest.split_once(':').ok_or("expected `header Name: value`")?;
            expect.headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        "set" => {
            let (name, path) = rest.split_once('=').ok_or("expected `set NAME = PATH`")?;
            expect.captures.push((name.trim().to_owned(), JsonPath::parse(path.trim())?));
        }
        _ => expect.facts.push(Fact::parse(trimmed)?),
    }
    Ok(Place::Expect)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# idp: okta\n# title: t\n# source: s\n# basis: source\n# date: 2026-11-21\n\n";

    #[test]
    fn a_file_is_read() {
        let text = format!(
            "{HEAD}# given: user ada\n# given: group sales: ada\n\n### Join\nPATCH /Groups/{{{{sales}}}}\nA: b\n\n\
             {{\"a\": 1}}\n\n=> 200\nid == \"x\"\nrepairs one, two\nset it = id\n\nevent dsync.user.updated x 2\n  \
             state == \"active\"\n"
        );
        let contract = parse("okta/t.http", &text).unwrap();
        assert_eq!(
            contract.given,
            [Given::User("ada".into()), Given::Group("sales".into(), vec!["ada".into()])]
        );
        let step = &contract.steps[0];
        assert_eq!((step.method.as_str(), step.target.as_str()), ("PATCH", "/Groups/{{sales}}"));
        assert_eq!(step.headers, [("A".to_owned(), "b".to_owned())]);
        assert_eq!(step.expect.repairs, ["one", "two"]);
        assert_eq!((step.expect.events[0].times, step.expect.events[0].facts.len()), (2, 1));
    }

    #[test]
    fn errors_name_file_and_line() {
        for (text, line, message) in [
            ("x".to_owned(), 1, "before the first step"),
            (HEAD.to_owned(), 6, "no step"),
            (format!("{HEAD}### a\nFETCH /Users\n"), 8, "expected GET"),
            (format!("{HEAD}### a\nGET /Users\n\n"), 9, "expects nothing"),
            (format!("{HEAD}### a\nGET /Users\n\n=> ok\n"), 10, "needs a status"),
            (format!("{HEAD}### a\nPOST /Users\n\n{{\n\n=> 200\n"), 12, "not JSON"),
            (format!("{HEAD}### a\nGET /Users\n\n=> 200\n  state == 1\n"), 11, "indented"),
            (format!("{HEAD}### a\nGET /Users\n\n=> 200\nid is 1\n"), 11, "no condition"),
            (format!("{HEAD}# colour: red\n### a\n"), 7, "no key"),
        ] {
            let error = parse("okta/t.http", &text).unwrap_err();
            assert_eq!((error.file.as_str(), error.line), ("okta/t.http", line), "{error}");
            assert!(error.message.contains(message), "{error}");
        }
    }
}
