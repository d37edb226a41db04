//! What an answer must be, a line each, and what is wrong with one that is not. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ledger::Level;
use super::session::Exchange;
use crate::fact::{Fact, JsonPath};

/// Names and what they stand for in a probe's text: `{{name}}`.
pub(crate) type Variables = BTreeMap<String, String>;

/// A line after `=>`.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Expectation {
    /// The requirement that it is about, where not the probe's first.
    pub(crate) requirement: Option<String>,
    /// How much it demands, where not what the requirement does.
    pub(crate) level: Option<Level>,
    /// As written.
    pub(crate) line: String,
    /// What must hold.
    pub(crate) condition: Condition,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Condition {
    /// One of these; one of the second list is let pass with a warning.
    Status(Vec<Statuses>, Vec<Statuses>),
    /// Something about the body.
    Fact(Fact),
    /// Another value than this.
    Not(JsonPath, String),
    /// The text that this variable stands for.
    Same(JsonPath, String),
    /// The same text, whatever its case.
    Alike(JsonPath, String),
    /// A value of this JSON type; with `?` behind it, or none at all.
    Kind(JsonPath, String),
    /// A number, or the length of a list, is at most this.
    AtMost(JsonPath, u64),
    /// A number, or the length of a list, is at least this.
    AtLeast(JsonPath, u64),
    /// An instant, with date and time.
    Instant(JsonPath),
    /// Absent, null or an empty list: RFC 7643 §2.5 takes them as the same.
    Unassigned(JsonPath),
    /// At most one element has `primary` true.
    OnePrimary(JsonPath),
    /// Every resource of a list has something here, or none has.
    Each(JsonPath, bool),
    Header(String, HeaderCondition),
    /// The body does not contain this text.
    TextLacks(String),
    /// No body at all.
    Empty,
    /// The error's `scimType` is absent or one of these.
    Keyword(Vec<String>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum HeaderCondition {
    Present,
    Is(String),
    IsNot(String),
    Starts(String),
}

/// A status or a class of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Statuses {
    One(u16),
    Class(u16),
}

impl Statuses {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no status");
        match text.strip_suffix("xx") {
            Some(class) => Ok(Self::Class(class.parse().map_err(|_| wrong())?)),
            None => Ok(Self::One(text.parse().map_err(|_| wrong())?)),
        }
    }

    fn has(self, status: u16) -> bool {
        match self {
            Self::One(one) => one == status,
            Self::Class(class) => status / 100 == class,
        }
    }
}

impl std::fmt::Display for Statuses {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(one) => write!(out, "{one}"),
            Self::Class(class) => write!(out, "{class}xx"),
        }
    }
}

/// What is wrong with an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wrong {
    pub(crate) expected: String,
    pub(crate) found: String,
    /// Let pass with a warning, though the expectation demands more.
    pub(crate) tolerated: bool,
}

impl Expectation {
    /// Reads `[ID] should CONDITION`; both in front are optional. `after_arrow`: the line is the one with the status.
    pub(crate) fn parse(line: &str, after_arrow: bool) -> Result<Self, String> {
        let mut rest = line.trim();
        let mut requirement = None;
        if let Some((id, tail)) = rest.strip_prefix('[').and_then(|tail| tail.split_once("] ")) {
            requirement = Some(id.to_owned());
            rest = tail.trim_start();
        }
        let mut level = None;
        for (word, meant) in [("should ", Level::Should), ("may ", Level::May), ("must ", Level::Must)] {
            if let Some(tail) = rest.strip_prefix(word) {
                level = Some(meant);
                rest = tail.trim_start();
            }
        }
        let condition = if after_arrow { statuses(rest)? } else { condition(rest)? };
        Ok(Self { requirement, level, line: rest.to_owned(), condition })
    }

    /// What is wrong with this answer.
    pub(crate) fn check(&self, exchange: &Exchange, variables: &Variables) -> Result<(), Wrong> {
        let nothing = Value::Null;
        let body = exchange.json.as_ref().unwrap_or(&nothing);
        let text = |text: &str| fill(text, variables);
        let value = |written: &str| {
            let filled = text(written).unwrap_or_default();
            serde_json::from_str::<Value>(&filled).unwrap_or(Value::String(filled))
        };
        let wrong = |expected: String, found: String| Err(Wrong { expected, found, tolerated: false });
        let line = || text(&self.line).unwrap_or_else(|_| self.line.clone());
        let unless = |holds: bool, path: &JsonPath| {
            if holds { Ok(()) } else { wrong(line(), shown(path.find(&exchange.shown()))) }
        };
        match &self.condition {
            Condition::Status(wanted, tolerated) => {
                let is_one_of = |list: &[Statuses]| list.iter().any(|one| one.has(exchange.status));
                if is_one_of(wanted) {
                    return Ok(());
                }
                let names: Vec<String> = wanted.iter().map(ToString::to_string).collect();
                let tolerated = is_one_of(tolerated);
                let expected = format!("status {}", names.join(" or "));
                Err(Wrong { expected, found: exchange.outcome(), tolerated })
            }
            Condition::Fact(fact) => {
                if fact.check(body, &|written| text(written)).is_ok() {
                    return Ok(());
                }
                // Told by what may be shown: a list may hold people that are none of ours.
                let told = fact.check(&exchange.shown(), &|written| text(written)).err();
                let found =
                    told.as_deref().and_then(|told| told.rsplit_once(": found ")).map(|(_, found)| found);
                wrong(line(), short(found.unwrap_or("something that this check did not make")))
            }
            Condition::Not(path, written) => unless(path.find(body) != Some(&value(written)), path),
            Condition::Same(path, name) => unless(
                path.find(body).and_then(Value::as_str) == variables.get(name).map(String::as_str),
                path,
            ),
            Condition::Alike(path, written) => {
                let wanted = value(written).as_str().unwrap_or_default().to_lowercase();
                let found = path.find(body).and_then(Value::as_str).map(str::to_lowercase);
                unless(found.as_deref() == Some(&wanted), path)
            }
            Condition::Kind(path, kind) => {
                let found = path.find(body);
                let holds = match kind.strip_suffix('?') {
                    Some(kind) => found.is_none_or(|found| is_kind(found, kind)),
                    None => found.is_some_and(|found| is_kind(found, kind)),
                };
                unless(holds, path)
            }
            Condition::AtMost(path, limit) => {
                unless(path.find(body).and_then(size).unwrap_or(0) <= *limit, path)
            }
            Condition::AtLeast(path, limit) => {
                unless(path.find(body).and_then(size).unwrap_or(0) >= *limit, path)
            }
            Condition::Instant(path) => {
                unless(path.find(body).and_then(Value::as_str).is_some_and(is_instant), path)
            }
            Condition::Unassigned(path) => unless(
                path.find(body)
                    .is_none_or(|found| found.is_null() || found.as_array().is_some_and(Vec::is_empty)),
                path,
            ),
            Condition::OnePrimary(path) => {
                let listed = path.find(body).and_then(Value::as_array).into_iter().flatten();
                let primary =
                    listed.filter(|one| one.get("primary").and_then(Value::as_bool) == Some(true)).count();
                unless(primary <= 1, path)
            }
            Condition::Each(path, present) => {
                let listed = body.get("Resources").and_then(Value::as_array);
                let holds = listed.is_some_and(|listed| {
                    listed.iter().all(|one| path.find(one).is_some_and(|found| !found.is_null()) == *present)
                });
                if holds { Ok(()) } else { wrong(line(), "a resource for which that is not so".to_owned()) }
            }
            Condition::Header(name, condition) => {
                let found = exchange.header(name);
                let holds = match condition {
                    HeaderCondition::Present => found.is_some(),
                    HeaderCondition::Is(written) => found.map(str::to_owned) == text(written).ok(),
                    HeaderCondition::IsNot(written) => {
                        found.is_some() && found.map(str::to_owned) != text(written).ok()
                    }
                    HeaderCondition::Starts(written) => {
                        found.is_some_and(|found| found.to_ascii_lowercase().starts_with(written.as_str()))
                    }
                };
                if holds {
                    Ok(())
                } else {
                    wrong(line(), found.map_or_else(|| "no such header".to_owned(), short))
                }
            }
            Condition::TextLacks(written) => {
                let unwanted = text(written).unwrap_or_default();
                if exchange.text.contains(&unwanted) {
                    wrong(format!("an answer without `{unwanted}`"), "an answer with it".to_owned())
                } else {
                    Ok(())
                }
            }
            Condition::Empty => {
                if exchange.text.is_empty() {
                    Ok(())
                } else {
                    wrong("no body".to_owned(), format!("a body of {} bytes", exchange.text.len()))
                }
            }
            Condition::Keyword(allowed) => match body.get("scimType") {
                None | Some(Value::Null) => Ok(()),
                Some(found) if allowed.iter().any(|word| found.as_str() == Some(word)) => Ok(()),
                Some(found) => {
                    wrong(format!("scimType {}, or none", allowed.join(" or ")), short(&found.to_string()))
                }
            },
        }
    }
}

fn statuses(text: &str) -> Result<Condition, String> {
    let (wanted, tolerated) = text.split_once('~').unwrap_or((text, ""));
    let list = |text: &str| text.split_whitespace().map(Statuses::parse).collect::<Result<Vec<_>, _>>();
    let wanted = list(wanted)?;
    if wanted.is_empty() {
        Err("`=>` needs a status".to_owned())
    } else {
        Ok(Condition::Status(wanted, list(tolerated)?))
    }
}

fn condition(line: &str) -> Result<Condition, String> {
    if let Some(text) = line.strip_prefix("text lacks ") {
        return Ok(Condition::TextLacks(text.to_owned()));
    }
    if line == "no body" {
        return Ok(Condition::Empty);
    }
    if let Some(words) = line.strip_prefix("keyword ") {
        return Ok(Condition::Keyword(words.split_whitespace().map(str::to_owned).collect()));
    }
    if let Some(rest) = line.strip_prefix("header ") {
        let (name, rest) = rest.split_once(' ').ok_or("a header needs a condition")?;
        let condition = match rest.split_once(' ').unwrap_or((rest, "")) {
            ("present", "") => HeaderCondition::Present,
            ("==", text) => HeaderCondition::Is(text.to_owned()),
            ("!=", text) => HeaderCondition::IsNot(text.to_owned()),
            ("starts", text) => HeaderCondition::Starts(text.to_owned()),
            _ => return Err(format!("`{rest}` is no condition of a header")),
        };
        return Ok(Condition::Header(name.to_owned(), condition));
    }
    if let Some(rest) = line.strip_prefix("each ") {
        let (path, word) = rest.rsplit_once(' ').ok_or("`each` needs a path, and present or absent")?;
        return Ok(Condition::Each(JsonPath::parse(path)?, word == "present"));
    }
    for (word, make) in MAKERS {
        if let Some((path, operand)) = line.split_once(word) {
            return make(JsonPath::parse(path.trim())?, operand.trim());
        }
    }
    if let Some(path) = line.strip_suffix(" instant") {
        return Ok(Condition::Instant(JsonPath::parse(path)?));
    }
    if let Some(path) = line.strip_suffix(" one primary") {
        return Ok(Condition::OnePrimary(JsonPath::parse(path)?));
    }
    if let Some(path) = line.strip_suffix(" unassigned") {
        return Ok(Condition::Unassigned(JsonPath::parse(path)?));
    }
    Fact::parse(line).map(Condition::Fact)
}

type Maker = fn(JsonPath, &str) -> Result<Condition, String>;

/// The conditions that contracts have not.
const MAKERS: &[(&str, Maker)] = &[
    (" != ", |path, operand| Ok(Condition::Not(path, operand.to_owned()))),
    (" is the ", |path, operand| Ok(Condition::Same(path, operand.to_owned()))),
    (" ~ ", |path, operand| Ok(Condition::Alike(path, operand.to_owned()))),
    (" type ", |path, operand| Ok(Condition::Kind(path, operand.to_owned()))),
    (" max ", |path, operand| Ok(Condition::AtMost(path, number(operand)?))),
    (" min ", |path, operand| Ok(Condition::AtLeast(path, number(operand)?))),
];

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn size(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_array().and_then(|list| list.len().try_into().ok()))
}

pub(crate) fn is_kind(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

/// An `xsd:dateTime`: date and time, a fraction and a zone where there are.
fn is_instant(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits =
        |from: usize, to: usize| bytes.get(from..to).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let at = |index: usize, wanted: u8| bytes.get(index) == Some(&wanted);
    digits(0, 4)
        && at(4, b'-')
        && digits(5, 7)
        && at(7, b'-')
        && digits(8, 10)
        && at(10, b'T')
        && digits(11, 13)
        && at(13, b':')
        && digits(14, 16)
        && at(16, b':')
        && digits(17, 19)
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing there".to_owned(), |value| short(&value.to_string()))
}

/// The beginning of a text, for a line of a report.
pub(crate) fn short(text: &str) -> String {
    const SHOWN: usize = 200;
    if text.chars().count() <= SHOWN {
        text.to_owned()
    } else {
        format!("{}…", text.chars().take(SHOWN).collect::<String>())
    }
}

/// Replaces `{{name}}` by what it stands for.
pub(crate) fn fill(text: &str, variables: &Variables) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        let value =
            variables.get(name.trim()).ok_or_else(|| format!("nothing was captured as `{}`", name.trim()))?;
        out.push_str(before);
        out.push_str(value);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}
