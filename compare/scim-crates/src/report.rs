//! Asks every crate every case and writes what came out as Markdown.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Failure;
use crate::process::{Outcome, run, run_within};
use crate::subject;

const GRAMMAR: &str = include_str!("../cases/grammar.json");
const PATHS: &str = include_str!("../cases/paths.json");
const EVALUATE: &str = include_str!("../cases/evaluate.json");
const PATCH: &str = include_str!("../cases/patch.json");
const HOSTILE: &str = include_str!("../cases/hostile.json");
const SPEED: &str = include_str!("../cases/speed.json");
const LOCK: &str = include_str!("../Cargo.lock");

const ROUNDS: usize = 9;

/// One cell, and whether the crate did what was expected; `None` if no one thing was expected.
struct Cell {
    text: String,
    good: Option<bool>,
}

struct Table {
    heads: Vec<String>,
    columns: Vec<String>,
    rows: Vec<(Vec<String>, Vec<Cell>)>,
}

/// All tables.
pub fn report() -> Result<String, Failure> {
    let mut out = String::new();
    versions(&mut out)?;
    grammar(&mut out)?;
    paths(&mut out)?;
    evaluation(&mut out)?;
    messages(&mut out)?;
    patches(&mut out)?;
    hostile(&mut out)?;
    speed(&mut out)?;
    Ok(out)
}

fn names() -> Vec<&'static str> {
    subject::all().iter().map(|subject| subject.name()).collect()
}

fn versions(out: &mut String) -> Result<(), Failure> {
    writeln!(out, "### Versions\n\n| crate | version |\n| --- | --- |")?;
    for name in names() {
        let (_, after) = LOCK
            .split_once(&format!("name = \"{name}\"\nversion = \""))
            .ok_or_else(|| format!("{name} is not in Cargo.lock"))?;
        let version = after.split('"').next().unwrap_or_default();
        writeln!(out, "| {name} | {version} |")?;
    }
    writeln!(out)?;
    Ok(())
}

/// The crates that have a function for a task.
fn able(probe: &Value) -> Result<Vec<&'static str>, Failure> {
    let mut able = Vec::new();
    for name in names() {
        if run(name, probe)? != Outcome::Answer(json!({"absent": true})) {
            able.push(name);
        }
    }
    Ok(able)
}

fn cases(text: &str) -> Result<Vec<Value>, Failure> {
    Ok(serde_json::from_str(text)?)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// How it ended when it gave no answer.
fn crash(outcome: &Outcome) -> Option<Cell> {
    let text = match outcome {
        Outcome::Answer(_) => return None,
        Outcome::Panicked => "**panics**".to_owned(),
        Outcome::Aborted(why) => format!("**aborts: {why}**"),
        Outcome::TooSlow => "**no answer in 5 s**".to_owned(),
    };
    Some(Cell { text, good: Some(false) })
}

fn good(text: &str) -> Cell {
    Cell { text: text.to_owned(), good: Some(true) }
}

fn bad(text: impl Into<String>) -> Cell {
    Cell { text: format!("✗ {}", text.into()), good: Some(false) }
}

/// Whether it accepts what is valid, understands it right, and refuses what is invalid.
fn judge_syntax(case: &Value, outcome: &Outcome) -> Cell {
    let Outcome::Answer(answer) = outcome else { return crash(outcome).unwrap_or_else(|| bad("")) };
    let accepted = answer.get("ok");
    match (text(case, "expect"), accepted) {
        ("valid", Some(understood)) => match (case["tree"].as_str(), understood.as_str()) {
            (Some(expected), Some(understood)) if expected != understood => {
                bad(format!("understands {}", code(understood)))
            }
            _ => good("✓"),
        },
        ("invalid", None) => good("✓"),
        ("valid", None) => bad("refuses"),
        ("invalid", Some(_)) => bad("accepts"),
        (_, accepted) => {
            Cell { text: if accepted.is_some() { "accepts" } else { "refuses" }.to_owned(), good: None }
        }
    }
}

fn grammar(out: &mut String) -> Result<(), Failure> {
    let columns = able(&json!({"task": "parse", "filter": "a pr"}))?;
    let cases = cases(GRAMMAR)?;
    for (expect, title) in [
        ("valid", "### Filters that are valid\n\nAccepted, and understood as printed in the data: ✓."),
        ("invalid", "### Filters that are not valid\n\nRefused: ✓."),
        ("either", "### Filters about which the text is silent\n\nNothing is expected."),
    ] {
        let mut table = Table::new(&["case", "filter"], &columns);
        for case in cases.iter().filter(|case| text(case, "expect") == expect) {
            let filter = text(case, "filter");
            let task = json!({"task": "parse", "filter": filter});
            table.row(vec![text(case, "name").to_owned(), code(filter)], |name| {
                let mut cell = judge_syntax(case, &run(name, &task)?);
                // The crate keeps a path's URN to itself: that it is missing is not held against it.
                if name == "scim-filter" && cell.text.contains("understands") && filter.contains("urn:") {
                    cell = good("✓");
                }
                Ok(cell)
            })?;
        }
        table.write(out, title)?;
    }
    Ok(())
}

fn paths(out: &mut String) -> Result<(), Failure> {
    let columns = able(&json!({"task": "path", "path": "a"}))?;
    let mut table = Table::new(&["case", "path", "expected"], &columns);
    for case in cases(PATHS)? {
        let path = text(&case, "path");
        let task = json!({"task": "path", "path": path});
        let heads = vec![text(&case, "name").to_owned(), code(path), text(&case, "expect").to_owned()];
        table.row(heads, |name| Ok(judge_syntax(&case, &run(name, &task)?)))?;
    }
    table.write(out, "### Paths of PATCH operations (RFC 7644 §3.5.2, Figure 7)")
}

fn ids(resources: &Value) -> Vec<&str> {
    resources.as_array().into_iter().flatten().filter_map(|resource| resource["id"].as_str()).collect()
}

fn evaluation(out: &mut String) -> Result<(), Failure> {
    let columns = able(&json!({"task": "select", "filter": "a pr", "resources": []}))?;
    let all: Value = serde_json::from_str(EVALUATE)?;
    let mut table = Table::new(&["case", "filter", "expected"], &columns);
    for case in all["cases"].as_array().into_iter().flatten() {
        let filter = text(case, "filter");
        let expected = case["expect"].as_array().map(|_| {
            case["expect"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>()
        });
        let shown = match &expected {
            None => "refused".to_owned(),
            Some(ids) if ids.is_empty() => "none".to_owned(),
            Some(ids) => ids.join(", "),
        };
        let task = json!({"task": "select", "filter": filter, "resources": all["resources"]});
        table.row(vec![text(case, "name").to_owned(), code(filter), shown], |name| {
            let outcome = run(name, &task)?;
            let Outcome::Answer(answer) = &outcome else {
                return Ok(crash(&outcome).unwrap_or_else(|| bad("")));
            };
            Ok(match (&expected, answer.get("ok")) {
                (None, None) => good("✓"),
                (Some(_), None) => bad("refuses"),
                (Some(expected), Some(found)) if ids(found) == *expected => good("✓"),
                (_, Some(found)) if ids(found).is_empty() => bad("none"),
                (_, Some(found)) => bad(ids(found).join(", ")),
            })
        })?;
    }
    table.write(out, "### Evaluation of filters over three users\n\nThe users are in `cases/evaluate.json`.")
}

fn request(operations: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

/// What can be refused without knowing the resource.
fn messages(out: &mut String) -> Result<(), Failure> {
    let all: Value = serde_json::from_str(PATCH)?;
    let fine = json!([{"op": "add", "path": "title", "value": "x"}]);
    let columns = able(&json!({"task": "message", "request": request(&fine)}))?;
    let mut table = Table::new(&["case", "operations"], &columns);
    for case in all["cases"].as_array().into_iter().flatten().filter(|case| case["message"] == true) {
        let task = json!({"task": "message", "request": request(&case["operations"])});
        let heads = vec![text(case, "name").to_owned(), code(&case["operations"].to_string())];
        table.row(heads, |name| {
            let outcome = run(name, &task)?;
            Ok(match &outcome {
                Outcome::Answer(answer) if answer.get("ok").is_none() => good("✓"),
                Outcome::Answer(_) => bad("accepts"),
                other => crash(other).unwrap_or_else(|| bad("")),
            })
        })?;
    }
    table.write(out, "### PATCH messages that are wrong whatever the resource is\n\nRefused: ✓.")
}

fn patches(out: &mut String) -> Result<(), Failure> {
    let all: Value = serde_json::from_str(PATCH)?;
    let fine = request(&json!([{"op": "add", "path": "title", "value": "x"}]));
    let columns = able(&json!({"task": "patch", "kind": "User", "resource": all["user"], "request": fine}))?;
    let mut table = Table::new(&["case", "operations", "expected"], &columns);
    for case in all["cases"].as_array().into_iter().flatten() {
        let group = case["group"] == true;
        let (kind, resource) = if group { ("Group", &all["group"]) } else { ("User", &all["user"]) };
        let task = json!({
            "task": "patch", "kind": kind, "resource": resource, "request": request(&case["operations"]),
        });
        let kinds = error_kinds(case);
        let shown = match (case["after"].is_object(), kinds.is_empty()) {
            (true, true) => "applied".to_owned(),
            (true, false) => format!("applied, or {}", kinds.join(" or ")),
            (false, _) => kinds.join(" or "),
        };
        let heads = vec![text(case, "name").to_owned(), code(&case["operations"].to_string()), shown];
        table.row(heads, |name| {
            let outcome = run(name, &task)?;
            let Outcome::Answer(answer) = &outcome else {
                return Ok(crash(&outcome).unwrap_or_else(|| bad("")));
            };
            judge_patch(case, &kinds, answer)
        })?;
    }
    table.write(
        out,
        "### PATCH applied\n\nA crate that has no `scimType` for its errors passes by any error. Lists are \
         compared without regard to order; `primary` false and no `primary` are the same.",
    )
}

fn error_kinds(case: &Value) -> Vec<&str> {
    match &case["error"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn judge_patch(case: &Value, kinds: &[&str], answer: &Value) -> Result<Cell, Failure> {
    let Some(after) = answer.get("ok") else {
        let words = text(answer, "refused");
        if words.starts_with("setup:") {
            return Err(format!("the case could not be prepared: {words}").into());
        }
        return Ok(match (kinds.is_empty(), answer["kind"].as_str()) {
            (true, _) => bad("refuses"),
            (false, Some(kind)) if !kinds.contains(&kind) => bad(format!("refuses with {kind}")),
            (false, _) => good("✓"),
        });
    };
    let Some(expected) = case["after"].as_object() else { return Ok(bad("accepts")) };
    for (pointer, value) in expected {
        let found = after.pointer(pointer).cloned().unwrap_or(Value::Null);
        // A URN has no slash, so it is one step of a pointer as it is.
        if settled(&found) != settled(value) {
            let name = pointer.trim_start_matches('/');
            return Ok(bad(format!("{} is {}", code(name), code(&found.to_string()))));
        }
    }
    Ok(good("✓"))
}

/// The same for what means the same: order of lists and keys, `primary` false, null.
fn settled(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(settled).collect();
            items.sort_by_key(Value::to_string);
            if items.is_empty() { Value::Null } else { Value::Array(items) }
        }
        Value::Object(object) => {
            let mut members: Vec<_> = object
                .iter()
                .filter(|(key, value)| !(value.is_null() || *key == "primary" && **value == false))
                .map(|(key, value)| (key.clone(), settled(value)))
                .collect();
            members.sort_by(|left, right| left.0.cmp(&right.0));
            if members.is_empty() { Value::Null } else { Value::Object(members.into_iter().collect()) }
        }
        other => other.clone(),
    }
}

fn hostile(out: &mut String) -> Result<(), Failure> {
    let columns: Vec<_> = able(&json!({"task": "parse", "filter": "a pr"}))?;
    let mut table = Table::new(&["input"], &columns);
    for case in cases(HOSTILE)? {
        let mut task = case.clone();
        task["task"] = "survive".into();
        table.row(vec![text(&case, "name").to_owned()], |name| {
            let outcome = run(name, &task)?;
            Ok(match &outcome {
                Outcome::Answer(answer) if answer.get("absent").is_some() => {
                    Cell { text: "–".to_owned(), good: None }
                }
                Outcome::Answer(answer) if answer.get("ok").is_some() => good("accepts"),
                Outcome::Answer(_) => good("refuses"),
                other => crash(other).unwrap_or_else(|| bad("")),
            })
        })?;
    }
    table.write(
        out,
        "### Hostile inputs\n\nWithin 5 seconds, 2 GiB of address space and a stack of 2 MiB; what is accepted is \
         also evaluated where the crate can, and dropped. Accepting and refusing are both right; –: the crate \
         has no parser for paths.",
    )
}

fn speed(out: &mut String) -> Result<(), Failure> {
    const TIME: Duration = Duration::from_secs(60);
    let columns = able(&json!({"task": "time", "filter": "a pr", "count": 1}))?;
    writeln!(
        out,
        "### Time to parse\n\nNanoseconds for one parse without regard to what is done with the result: median \
         (least to most) of {ROUNDS} rounds of 20,000 parses in one process each, the crates in turn in every \
         round. Only as good as the machine was quiet.\n"
    )?;
    writeln!(out, "| filter | {} |\n| --- |{}", columns.join(" | "), " --- |".repeat(columns.len()))?;
    for case in cases(SPEED)? {
        let task = json!({"task": "time", "filter": case["filter"], "count": 20_000});
        let mut times: Vec<Vec<u64>> = vec![Vec::new(); columns.len()];
        for _ in 0..ROUNDS {
            for (name, times) in columns.iter().zip(&mut times) {
                if let Outcome::Answer(answer) = run_within(name, &task, TIME)? {
                    times.extend(answer["ok"].as_u64());
                }
            }
        }
        write!(out, "| {} |", code(text(&case, "filter")))?;
        for mut times in times {
            times.sort_unstable();
            match (times.first(), times.get(times.len() / 2), times.last()) {
                (Some(least), Some(median), Some(most)) => write!(out, " {median} ({least}–{most}) |")?,
                _ => write!(out, " refuses |")?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

impl Table {
    fn new(heads: &[&str], columns: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self { heads: owned(heads), columns: owned(columns), rows: Vec::new() }
    }

    fn row(
        &mut self,
        heads: Vec<String>,
        mut cell: impl FnMut(&str) -> Result<Cell, Failure>,
    ) -> Result<(), Failure> {
        let cells = self.columns.iter().map(|name| cell(name)).collect::<Result<_, _>>()?;
        self.rows.push((heads, cells));
        Ok(())
    }

    /// The table, and above its rows how many of them each crate does as expected.
    fn write(&self, out: &mut String, title: &str) -> Result<(), Failure> {
        let width = self.heads.len() + self.columns.len();
        writeln!(out, "{title}\n")?;
        writeln!(out, "| {} | {} |", self.heads.join(" | "), self.columns.join(" | "))?;
        writeln!(out, "|{}", " --- |".repeat(width))?;
        let judged = |column: usize| {
            self.rows.iter().filter_map(|(_, cells)| cells.get(column)?.good).collect::<Vec<bool>>()
        };
        if (0..self.columns.len()).any(|column| !judged(column).is_empty()) {
            write!(out, "| **as expected** |{}", " |".repeat(self.heads.len() - 1))?;
            for column in 0..self.columns.len() {
                let judged = judged(column);
                write!(out, " **{} of {}** |", judged.iter().filter(|good| **good).count(), judged.len())?;
            }
            writeln!(out)?;
        }
        for (heads, cells) in &self.rows {
            let cells: Vec<&str> = cells.iter().map(|cell| cell.text.as_str()).collect();
            writeln!(out, "| {} | {} |", heads.join(" | "), cells.join(" | "))?;
        }
        writeln!(out)?;
        Ok(())
    }
}

/// As code in a cell of a table.
fn code(text: &str) -> String {
    let shown: String = text
        .chars()
        .flat_map(|c| match c {
            '|' => vec!['\\', '|'],
            '\t' => "\\t".chars().collect(),
            c if c.is_control() => c.escape_unicode().collect(),
            c => vec![c],
        })
        .collect();
    if shown.is_empty() {
        return "(empty)".to_owned();
    }
    // A space at an edge of code would not be seen.
    if shown.starts_with(' ') || shown.ends_with(' ') {
        return format!("`{}`", shown.replace(' ', "\u{2423}"));
    }
    format!("`{shown}`")
}
