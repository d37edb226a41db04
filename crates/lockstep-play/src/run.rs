//! Plays contracts: sends each request, compares what comes back and which events follow, and tells every step as it
//! happens.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::contract::{Contract, Expectation, ExpectedEvent, Given, Step};
use crate::target::{Target, default_headers};

/// The response header in which Lockstep names the repairs that it used.
pub const REPAIRS_HEADER: &str = "lockstep-repairs";

/// How often events are asked for that should be there, and how long it waits in between.
const EVENT_ATTEMPTS: usize = 40;
const EVENT_PAUSE: Duration = Duration::from_millis(50);

/// Whether a step went as its contract says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It did.
    Passed,
    /// It did not, and why.
    Failed(Vec<String>),
}

impl Verdict {
    /// Whether it went as the contract says.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        *self == Self::Passed
    }
}

/// What came of a step.
#[derive(Clone, PartialEq, Debug)]
pub struct StepResult {
    /// What happens, for people.
    pub name: String,
    /// File and line.
    pub place: String,
    /// The method.
    pub method: String,
    /// Path and query, variables filled in.
    pub target: String,
    /// The request's body.
    pub request_body: Option<Value>,
    /// The answer's status; 0 where there was no answer.
    pub status: u16,
    /// The answer's body.
    pub response_body: Option<Value>,
    /// The repairs that the server says it used.
    pub repairs: Vec<String>,
    /// The events that followed.
    pub events: Vec<Value>,
    /// Whether that is what the contract says.
    pub verdict: Verdict,
}

/// What the player tells while it plays.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A contract begins.
    Contract(&'a Contract),
    /// A step was played. What is given counts as steps too.
    Step(&'a StepResult),
}

/// What came of a contract. It ends with the first step that failed.
#[derive(Clone, PartialEq, Debug)]
pub struct Played {
    /// The contract's file.
    pub file: String,
    /// The steps that were played.
    pub steps: Vec<StepResult>,
    /// How many were not, because one before them failed.
    pub left_out: usize,
}

impl Played {
    /// Whether every step went as the contract says.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.left_out == 0 && self.steps.iter().all(|step| step.verdict.is_passed())
    }

    /// What went wrong, one line each, with file and line.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        let failed = |step: &StepResult| match &step.verdict {
            Verdict::Passed => Vec::new(),
            Verdict::Failed(reasons) => {
                reasons.iter().map(|reason| format!("{}: {}: {reason}", step.place, step.name)).collect()
            }
        };
        self.steps.iter().flat_map(failed).collect()
    }
}

/// Plays contracts against one target. What they capture is kept from one to the next, so that the parts of a story
/// can refer to each other.
#[derive(Debug)]
pub struct Runner<'t, T> {
    target: &'t T,
    variables: BTreeMap<String, String>,
    created: Vec<String>,
    cursor: Option<String>,
    started: bool,
    checks_repairs: bool,
}

impl<'t, T: Target> Runner<'t, T> {
    /// A runner for a target.
    pub fn new(target: &'t T) -> Self {
        let mut variables: BTreeMap<String, String> = target.variables().into_iter().collect();
        for (name, id) in
            [("unknown_user", "directory_user_nobody"), ("unknown_group", "directory_group_nobody")]
        {
            variables.insert(name.to_owned(), id.to_owned());
        }
        Self { target, variables, created: Vec::new(), cursor: None, started: false, checks_repairs: true }
    }

    /// Leaves the names of repairs unchecked: for servers that are not Lockstep, and where one is switched off.
    #[must_use]
    pub fn without_repairs(mut self) -> Self {
        self.checks_repairs = false;
        self
    }

    /// Gives a variable a value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Plays one contract up to its end or its first failure.
    pub async fn play(
        &mut self,
        contract: &Contract,
        tell: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> anyhow::Result<Played> {
        tell(Progress::Contract(contract));
        if !self.started {
            self.events().await?;
            self.started = true;
        }
        let mut played = Played { file: contract.file.clone(), steps: Vec::new(), left_out: 0 };
        let given: Vec<Step> = contract.given.iter().map(step_of).collect();
        let steps: Vec<(bool, &Step)> = given
            .iter()
            .map(|step| (true, step))
            .chain(contract.steps.iter().map(|step| (false, step)))
            .collect();
        for (index, (is_given, step)) in steps.iter().enumerate() {
            let result = self.step(contract, step, *is_given).await?;
            tell(Progress::Step(&result));
            let failed = !result.verdict.is_passed();
            played.steps.push(result);
            if failed {
                played.left_out = steps.len() - index - 1;
                break;
            }
        }
        Ok(played)
    }

    /// Deletes what the contracts made and did not delete themselves.
    pub async fn clean_up(&mut self) -> anyhow::Result<()> {
        while let Some(path) = self.created.pop() {
            let request = http::Request::delete(&path).body(Vec::new())?;
            self.target.send(request).await?;
        }
        self.events().await?;
        Ok(())
    }

    async fn step(&mut self, contract: &Contract, step: &Step, is_given: bool) -> anyhow::Result<StepResult> {
        let mut result = StepResult {
            name: step.name.clone(),
            place: format!("{}:{}", contract.file, step.line),
            method: step.method.clone(),
            target: step.target.clone(),
            request_body: None,
            status: 0,
            response_body: None,
            repairs: Vec::new(),
            events: Vec::new(),
            verdict: Verdict::Passed,
        };
        let (target, body) = match (self.fill(&step.target), self.fill(&step.body)) {
            (Ok(target), Ok(body)) => (target, body),
            (Err(reason), _) | (_, Err(reason)) => {
                result.verdict = Verdict::Failed(vec![reason]);
                return Ok(result);
            }
        };
        let response = self.target.send(self.request(step, &target, &body)?).await?;
        result.target = target;
        result.request_body = serde_json::from_str(&body).ok();
        result.status = response.status().as_u16();
        result.response_body = serde_json::from_slice(response.body()).ok();
        let repairs =
            response.headers().get(REPAIRS_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
        result.repairs =
            repairs.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        self.remember(step, &result);

        let mut reasons = self.compare(&step.expect, &result, &response, is_given);
        if is_given {
            // What is given makes events too: the thing itself and, for a group, its memberships.
            let members =
                result.request_body.as_ref().and_then(|body| body.get("members")).and_then(Value::as_array);
            self.events_of(1 + members.map_or(0, Vec::len)).await?;
        } else {
            let wanted: usize = step.expect.events.iter().map(|event| event.times).sum();
            if let Some(events) = self.events_of(wanted).await? {
                result.events = events;
                reasons.extend(self.compare_events(&step.expect.events, &result.events));
            }
        }
        if !reasons.is_empty() {
            result.verdict = Verdict::Failed(reasons);
        }
        Ok(result)
    }

    fn request(&self, step: &Step, target: &str, body: &str) -> anyhow::Result<http::Request<Vec<u8>>> {
        let mut builder = http::Request::builder().method(step.method.as_str()).uri(encoded(target));
        let sets_type = step.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()));
        if !sets_type {
            builder = default_headers(builder, !body.is_empty());
        }
        for (name, value) in &step.headers {
            // An empty value takes a header away that would be sent otherwise.
            if !value.is_empty() {
                let value = self.fill(value).map_err(anyhow::Error::msg)?;
                builder = builder.header(name, value);
            }
        }
        let bytes = body.trim().as_bytes().to_vec();
        builder.body(bytes).with_context(|| format!("`{} {target}` is no request", step.method))
    }

    /// Captures what later steps refer to, and keeps in mind what exists because of us.
    fn remember(&mut self, step: &Step, result: &StepResult) {
        let body = result.response_body.as_ref();
        for (name, path) in &step.expect.captures {
            if let Some(value) = body.and_then(|body| path.find(body)) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                self.variables.insert(name.clone(), text);
            }
        }
        let id = body.and_then(|body| body.get("id")).and_then(Value::as_str);
        if let (201, Some(id)) = (result.status, id) {
            let kind = if step.target.contains("Groups") { "Groups" } else { "Users" };
            self.created.push(format!("/{kind}/{id}"));
        }
        if result.method == "DELETE" && result.status < 300 {
            self.created.retain(|path| !result.target.trim_end_matches('/').ends_with(path.as_str()));
        }
    }

    fn compare(
        &self,
        expect: &Expectation,
        result: &StepResult,
        response: &http::Response<Vec<u8>>,
        is_given: bool,
    ) -> Vec<String> {
        let mut reasons = Vec::new();
        if result.status != expect.status {
            let detail =
                result.response_body.as_ref().and_then(|body| body.get("detail")).and_then(Value::as_str);
            let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
            return vec![format!("expected {}, was answered with {}{detail}", expect.status, result.status)];
        }
        for (name, wanted) in &expect.headers {
            let found = response.headers().get(name).and_then(|value| value.to_str().ok());
            let holds = self.fill(wanted).is_ok_and(|wanted| found == Some(&wanted));
            if !holds {
                reasons.push(format!("header {name}: {wanted}: found {}", found.unwrap_or("absent")));
            }
        }
        let body = result.response_body.clone().unwrap_or_default();
        for fact in &expect.facts {
            reasons.extend(fact.check(&body, &|text| self.fill(text)).err());
        }
        if self.checks_repairs && !is_given && expect.repairs != result.repairs {
            let shown =
                |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            reasons.push(format!("repairs {}: found {}", shown(&expect.repairs), shown(&result.repairs)));
        }
        reasons
    }

    fn compare_events(&self, expected: &[ExpectedEvent], found: &[Value]) -> Vec<String> {
        let kinds = |event: &Value| event.get("event").and_then(Value::as_str).unwrap_or_default().to_owned();
        let found_kinds: Vec<String> = found.iter().map(kinds).collect();
        let wanted: Vec<&ExpectedEvent> =
            expected.iter().flat_map(|event| std::iter::repeat_n(event, event.times)).collect();
        let wanted_kinds: Vec<&str> = wanted.iter().map(|event| event.kind.as_str()).collect();
        if found_kinds != wanted_kinds {
            return vec![format!("events [{}]: found [{}]", wanted_kinds.join(", "), found_kinds.join(", "))];
        }
        let empty = Value::Null;
        let mut reasons = Vec::new();
        for (event, found) in wanted.iter().zip(found) {
            let data = found.get("data").unwrap_or(&empty);
            for fact in &event.facts {
                let checked = fact.check(data, &|text| self.fill(text));
                reasons.extend(checked.err().map(|reason| format!("{}: {reason}", event.kind)));
            }
        }
        reasons
    }

    /// The events since the last time; waits for as many as should be there.
    async fn events_of(&mut self, wanted: usize) -> anyhow::Result<Option<Vec<Value>>> {
        let mut events: Option<Vec<Value>> = None;
        let attempts = if self.target.is_patient() { EVENT_ATTEMPTS } else { 1 };
        for attempt in 0..attempts {
            if attempt > 0 {
                tokio::time::sleep(EVENT_PAUSE).await;
            }
            let Some(more) = self.events().await? else { return Ok(events) };
            let all = events.get_or_insert_with(Vec::new);
            all.extend(more);
            if all.len() >= wanted {
                break;
            }
        }
        Ok(events)
    }

    async fn events(&mut self) -> anyhow::Result<Option<Vec<Value>>> {
        let events = self.target.events_since(self.cursor.as_deref()).await?;
        let last = events.iter().flatten().last().and_then(|event| event.get("id")).and_then(Value::as_str);
        if let Some(last) = last {
            self.cursor = Some(last.to_owned());
        }
        Ok(events)
    }

    /// Replaces `{{name}}` by what it stands for.
    fn fill(&self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, tail)) = after.split_once("}}") else { break };
            let known = name.trim();
            let value =
                self.variables.get(known).ok_or_else(|| format!("nothing was captured as `{known}`"))?;
            out.push_str(before);
            out.push_str(value);
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// What is given, as a step.
fn step_of(given: &Given) -> Step {
    let (path, body) = given.request();
    let path_to_id = crate::fact::JsonPath(vec![crate::fact::Part::Key("id".to_owned())]);
    Step {
        name: format!("given: {}", given.name()),
        line: 1,
        method: "POST".to_owned(),
        target: path.to_owned(),
        headers: Vec::new(),
        body: body.to_string(),
        expect: Expectation {
            status: 201,
            captures: vec![(given.name().to_owned(), path_to_id)],
            ..Expectation::default()
        },
    }
}

/// A path and query with what no URL may have encoded. What is encoded already stays.
pub(crate) fn encoded(target: &str) -> String {
    let mut out = String::with_capacity(target.len() + 16);
    for byte in target.bytes() {
        match byte {
            b' '
            | b'"'
            | b'<'
            | b'>'
            | b'['
            | b']'
            | b'\\'
            | b'^'
            | b'`'
            | b'{'
            | b'|'
            | b'}'
            | b'#'
            | 0..=31
            | 127.. => {
                out.push('%');
                for digit in [byte >> 4, byte & 15] {
                    out.extend(
                        char::from_digit(u32::from(digit), 16).map(|digit| digit.to_ascii_uppercase()),
                    );
                }
            }
            _ => out.push(char::from(byte)),
        }
    }
    out
}

#[cfg(test)]
mod tests;
