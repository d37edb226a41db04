//! What each crate can be asked, in words that fit all of them.

mod lockstep_scim;
mod rustauth_scim;
mod scim_filter;
mod scim_proto;
mod scim_server;
mod scim_v2;

use std::fmt;
use std::time::Instant;

use serde_json::{Value, json};

/// What a crate said: something, or a refusal with its words.
pub type Answer<T> = Result<T, Refusal>;

/// A refusal.
pub struct Refusal {
    /// `scimType`, if the crate says one.
    pub kind: Option<String>,
    /// The crate's own words.
    pub text: String,
}

impl<E: fmt::Display> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self { kind: None, text: error.to_string() }
    }
}

/// A crate. `None` is: it has no function for this.
pub trait Subject: Send {
    /// Name of the package.
    fn name(&self) -> &'static str;
    /// Parses a filter and tells what it understood.
    fn parse(&self, _filter: &str) -> Option<Answer<Tree>> {
        None
    }
    /// Parses a filter as its user would, for the time it takes.
    fn parse_only(&self, _filter: &str) -> bool {
        false
    }
    /// Parses the path of a PATCH operation.
    fn path(&self, _path: &str) -> Option<Answer<()>> {
        None
    }
    /// Which of the resources a filter selects.
    fn select(&self, _filter: &str, _resources: &[Value]) -> Option<Answer<Vec<Value>>> {
        None
    }
    /// Reads a PATCH request without a resource.
    fn message(&self, _request: &Value) -> Option<Answer<()>> {
        None
    }
    /// Applies a PATCH request to a resource of a type, `User` or `Group`.
    fn patch(&self, _kind: &str, _resource: &Value, _request: &Value) -> Option<Answer<Value>> {
        None
    }
}

/// All of them, ours first.
pub fn all() -> Vec<Box<dyn Subject>> {
    vec![
        Box::new(lockstep_scim::LockstepScim),
        Box::new(scim_v2::ScimV2),
        Box::new(scim_proto::ScimProto),
        Box::new(scim_filter::ScimFilter),
        Box::new(rustauth_scim::RustauthScim),
        Box::new(scim_server::ScimServer),
    ]
}

/// What a crate understood by a filter. Printed with all parentheses; chains of one operator are one.
pub enum Tree {
    /// A comparison or `pr`.
    Leaf(String),
    /// `attribute[…]`.
    Values(String, Box<Tree>),
    /// `not (…)`.
    Not(Box<Tree>),
    /// `and` of two or more.
    And(Vec<Tree>),
    /// `or` of two or more.
    Or(Vec<Tree>),
}

impl Tree {
    /// A comparison.
    pub fn compare(path: impl fmt::Display, op: &str, value: impl fmt::Display) -> Self {
        Self::Leaf(format!("{path} {op} {value}"))
    }

    /// Joins two by `and`.
    pub fn and(self, other: Self) -> Self {
        let mut parts = match self {
            Self::And(parts) => parts,
            one => vec![one],
        };
        match other {
            Self::And(more) => parts.extend(more),
            one => parts.push(one),
        }
        Self::And(parts)
    }

    /// Joins two by `or`.
    pub fn or(self, other: Self) -> Self {
        let mut parts = match self {
            Self::Or(parts) => parts,
            one => vec![one],
        };
        match other {
            Self::Or(more) => parts.extend(more),
            one => parts.push(one),
        }
        Self::Or(parts)
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, parts) = match self {
            Self::Leaf(text) => return out.write_str(text),
            Self::Values(attribute, inner) => return write!(out, "{attribute}[{inner}]"),
            Self::Not(inner) => return write!(out, "not ({inner})"),
            Self::And(parts) => (" and ", parts),
            Self::Or(parts) => (" or ", parts),
        };
        let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
        write!(out, "({})", parts.join(word))
    }
}

/// Does a task in the child process.
pub fn answer(subject: &dyn Subject, task: &Value) -> Value {
    let text = |key: &str| task[key].as_str().unwrap_or_default();
    match text("task") {
        "parse" => {
            say(subject.parse(text("filter")).map(|answer| answer.map(|tree| tree.to_string().into())))
        }
        "path" => say(subject.path(text("path")).map(|answer| answer.map(|()| Value::Null))),
        "survive" => survive(subject, &generate(task), text("kind")),
        "select" => {
            let resources = task["resources"].as_array().map_or(&[][..], Vec::as_slice);
            say(subject.select(text("filter"), resources).map(|answer| answer.map(Value::from)))
        }
        "message" => say(subject.message(&task["request"]).map(|answer| answer.map(|()| Value::Null))),
        "patch" => say(subject.patch(text("kind"), &task["resource"], &task["request"])),
        "time" => time(subject, text("filter"), task["count"].as_u64().unwrap_or(1)),
        other => json!({"error": format!("no task `{other}`")}),
    }
}

fn say(answer: Option<Answer<Value>>) -> Value {
    match answer {
        None => json!({"absent": true}),
        Some(Ok(value)) => json!({"ok": value}),
        Some(Err(refusal)) => json!({"refused": refusal.text, "kind": refusal.kind}),
    }
}

/// A large input from a small description: `before`, `open` so many times, `middle`, `close` as often, `after`.
fn generate(task: &Value) -> String {
    let text = |key: &str| task[key].as_str().unwrap_or_default();
    let times = task["times"].as_u64().and_then(|times| usize::try_from(times).ok()).unwrap_or(0);
    let (open, close) = (text("open").repeat(times), text("close").repeat(times));
    [text("before"), &open, text("middle"), &close, text("after")].concat()
}

/// Parses; what is accepted is also evaluated, if the crate can, and dropped.
fn survive(subject: &dyn Subject, input: &str, kind: &str) -> Value {
    if kind == "path" {
        return say(subject.path(input).map(|answer| answer.map(|()| Value::Null)));
    }
    let accepted = subject.parse_only(input);
    if !accepted {
        // Whether it has a parser at all, and its words.
        return match subject.parse("a pr") {
            None => json!({"absent": true}),
            Some(_) => json!({"refused": ""}),
        };
    }
    let resource = json!({"id": "1", "a": "x", "userName": "x"});
    let _ = subject.select(input, &[resource]);
    json!({"ok": null})
}

/// Nanoseconds for one parse.
fn time(subject: &dyn Subject, filter: &str, count: u64) -> Value {
    if !subject.parse_only(filter) {
        return json!({"absent": true});
    }
    let start = Instant::now();
    for _ in 0..count {
        std::hint::black_box(subject.parse_only(std::hint::black_box(filter)));
    }
    let elapsed = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    json!({"ok": elapsed / count.max(1)})
}
