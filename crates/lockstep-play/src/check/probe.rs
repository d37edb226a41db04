//! Probes as data: what is asked, what must come, which lines of the ledger that shows. The form is told in
//! `probes/README.md`.

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use super::expect::{Condition, Expectation, Variables, fill};
use super::ledger::{self, Level};
use crate::fact::JsonPath;

/// One thing that a server gets right or wrong.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Probe {
    pub(crate) id: String,
    pub(crate) title: String,
    /// The lines of the ledger that it shows; the first is what it is mainly about.
    pub(crate) shows: Vec<String>,
    /// Features and attributes without which it says nothing.
    pub(crate) needs: Vec<String>,
    /// The feature whose presence it finds out.
    pub(crate) key: Option<String>,
    pub(crate) given: Vec<Given>,
    /// How to mend what it finds.
    pub(crate) mend: String,
    /// The code that does what the steps can't say.
    pub(crate) code: Option<String>,
    pub(crate) steps: Vec<Step>,
}

/// What must be there before the first step.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Given {
    User(String, Value),
    Group(String, Vec<String>),
}

/// A request and what must come of it.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Step {
    /// It only leads up to what is asked: where it fails, nothing is known.
    pub(crate) is_setup: bool,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) expectations: Vec<Expectation>,
    pub(crate) captures: Vec<(String, Capture)>,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) enum Body {
    #[default]
    None,
    /// As written.
    Text(String),
    /// The operations of a PATCH.
    Operations(String),
    /// A user of this short name, with these members instead of the usual ones.
    User(String, String),
    /// A group of this short name, the same way.
    Group(String, String),
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Capture {
    Path(JsonPath),
    Header(String),
}

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The files, in the order in which they are run.
const FILES: &[(&str, &str)] = &[
    ("discovery", include_str!("../../probes/discovery.probe")),
    ("resources", include_str!("../../probes/resources.probe")),
    ("patch", include_str!("../../probes/patch.probe")),
    ("queries", include_str!("../../probes/queries.probe")),
    ("protocol", include_str!("../../probes/protocol.probe")),
];

/// Every probe.
pub(crate) fn probes() -> anyhow::Result<Vec<Probe>> {
    let mut all = Vec::new();
    for (file, text) in FILES {
        all.extend(parse(text).with_context(|| format!("in probes/{file}.probe"))?);
    }
    Ok(all)
}

const METHODS: &[&str] = &["GET ", "POST ", "PUT ", "PATCH ", "DELETE "];

pub(crate) fn parse(text: &str) -> anyhow::Result<Vec<Probe>> {
    let mut probes: Vec<Probe> = Vec::new();
    let mut expects = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = || format!("line {}: {line}", index + 1);
        if let Some(head) = line.strip_prefix("@ ") {
            let (id, title) = head.split_once(" | ").with_context(place)?;
            probes.push(Probe { id: id.to_owned(), title: title.to_owned(), ..Probe::default() });
            expects = false;
            continue;
        }
        let probe = probes.last_mut().with_context(place)?;
        let (is_setup, asked) = line.strip_prefix("setup ").map_or((false, line), |rest| (true, rest));
        if METHODS.iter().any(|method| asked.starts_with(method)) {
            let (method, target) = asked.split_once(' ').with_context(place)?;
            let (method, target) = (method.to_owned(), target.trim().to_owned());
            probe.steps.push(Step { is_setup, method, target, ..Step::default() });
            expects = false;
            continue;
        }
        match probe.steps.last_mut() {
            None => read_head(probe, line).with_context(place)?,
            Some(step) => {
                if let Some(status) = line.strip_prefix("=> ") {
                    expects = true;
                    step.expectations.push(
                        Expectation::parse(status, true).map_err(anyhow::Error::msg).with_context(place)?,
                    );
                } else if expects {
                    read_expectation(step, line).with_context(place)?;
                } else {
                    read_request(step, line).with_context(place)?;
                }
            }
        }
    }
    for probe in &probes {
        check(probe).with_context(|| format!("probe {}", probe.id))?;
    }
    Ok(probes)
}

fn read_head(probe: &mut Probe, line: &str) -> anyhow::Result<()> {
    let (word, rest) = line.split_once(' ').context("a word and what it says")?;
    let words = || rest.split_whitespace().map(str::to_owned);
    match word {
        "shows" => probe.shows = words().collect(),
        "needs" => probe.needs.extend(words()),
        "key" => probe.key = Some(rest.to_owned()),
        "mend" => rest.clone_into(&mut probe.mend),
        "code" => probe.code = Some(rest.to_owned()),
        "given" => {
            let (kind, rest) = rest.split_once(' ').context("given what?")?;
            let (name, more) = rest.split_once(' ').unwrap_or((rest, ""));
            probe.given.push(match kind {
                "user" if more.is_empty() => Given::User(name.to_owned(), json!({})),
                "user" => Given::User(name.to_owned(), serde_json::from_str(more)?),
                "group" => {
                    Given::Group(name.to_owned(), more.split_whitespace().map(str::to_owned).collect())
                }
                _ => bail!("`{kind}` cannot be given"),
            });
        }
        _ => bail!("`{word}` is no word of a probe's head"),
    }
    Ok(())
}

fn read_request(step: &mut Step, line: &str) -> anyhow::Result<()> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let named = || {
        rest.split_once(' ')
            .map_or((rest.to_owned(), String::new()), |(name, more)| (name.to_owned(), more.to_owned()))
    };
    match word {
        "ops" => step.body = Body::Operations(rest.to_owned()),
        "body" => step.body = Body::Text(rest.to_owned()),
        "user" => {
            let (name, more) = named();
            step.body = Body::User(name, more);
        }
        "group" => {
            let (name, more) = named();
            step.body = Body::Group(name, more);
        }
        "header" => {
            let (name, value) = rest.split_once(':').context("a header is `Name: value`")?;
            step.headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        _ => bail!("`{word}` is no word of a request"),
    }
    Ok(())
}

fn read_expectation(step: &mut Step, line: &str) -> anyhow::Result<()> {
    let Some(capture) = line.strip_prefix("set ") else {
        step.expectations.push(Expectation::parse(line, false).map_err(anyhow::Error::msg)?);
        return Ok(());
    };
    let (name, from) = capture.split_once(" = ").context("`set name = path`")?;
    let capture = match from.strip_prefix("header ") {
        Some(header) => Capture::Header(header.to_owned()),
        None => Capture::Path(JsonPath::parse(from).map_err(anyhow::Error::msg)?),
    };
    step.captures.push((name.to_owned(), capture));
    Ok(())
}

/// What no probe may lack.
fn check(probe: &Probe) -> anyhow::Result<()> {
    anyhow::ensure!(!probe.shows.is_empty(), "it shows no line of the ledger");
    anyhow::ensure!(!probe.mend.is_empty(), "it does not say how to mend what it finds");
    anyhow::ensure!(probe.code.is_some() == probe.steps.is_empty(), "it has either steps or code");
    let named =
        probe.steps.iter().flat_map(|step| &step.expectations).filter_map(|one| one.requirement.as_ref());
    for id in probe.shows.iter().chain(named) {
        anyhow::ensure!(ledger::requirement(id).is_some(), "the ledger has no {id}");
    }
    // What a server may do or not, nothing can be wrong about.
    let mainly = probe.shows.first().and_then(|id| ledger::requirement(id)).map(|line| line.level);
    anyhow::ensure!(mainly > Some(Level::May), "its first line is a MAY: it could find nothing");
    for step in &probe.steps {
        let first = step.expectations.first().map(|one| &one.condition);
        anyhow::ensure!(
            matches!(first, Some(Condition::Status(..))),
            "{} {} expects no status",
            step.method,
            step.target
        );
    }
    Ok(())
}

impl Probe {
    /// Whether it only reads.
    pub(crate) fn only_reads(&self) -> bool {
        const WRITING: &[&str] = &["attributes", "race", "cursors", "pages", "references", "many-members"];
        self.given.is_empty()
            && self.steps.iter().all(|step| step.method == "GET")
            && self.code.as_deref().is_none_or(|code| !WRITING.contains(&code))
    }
}

impl Step {
    /// The body as it is sent, and its type.
    pub(crate) fn body(&self, variables: &Variables) -> Result<Option<String>, String> {
        Ok(match &self.body {
            Body::None => None,
            Body::Text(text) => Some(fill(text, variables)?),
            Body::Operations(text) => {
                Some(format!("{{\"schemas\":[\"{PATCH}\"],\"Operations\":{}}}", fill(text, variables)?))
            }
            Body::User(name, more) => Some(merged(user(name, variables), more, variables)?.to_string()),
            Body::Group(name, more) => {
                Some(merged(group(name, &[], variables), more, variables)?.to_string())
            }
        })
    }
}

fn mark(variables: &Variables) -> &str {
    variables.get("mark").map_or("", String::as_str)
}

/// A user as most servers accept one. Its name is nobody's.
pub(crate) fn user(name: &str, variables: &Variables) -> Value {
    let mark = mark(variables);
    json!({
        "schemas": [USER],
        "userName": format!("{mark}-{name}@example.com"),
        "externalId": format!("{mark}-{name}"),
        "name": { "givenName": "Ada", "familyName": mark },
        "displayName": format!("{mark} {name}"),
        "emails": [{ "value": format!("{mark}-{name}@example.com"), "type": "work", "primary": true }],
        "active": true,
    })
}

pub(crate) fn group(name: &str, members: &[String], variables: &Variables) -> Value {
    let mut group = json!({ "schemas": [GROUP], "displayName": format!("{} {name}", mark(variables)) });
    let members: Vec<Value> =
        members.iter().filter_map(|member| variables.get(member)).map(|id| json!({ "value": id })).collect();
    if let (false, Some(group)) = (members.is_empty(), group.as_object_mut()) {
        group.insert("members".to_owned(), members.into());
    }
    group
}

/// With these members instead; `null` takes one away.
pub(crate) fn merged(mut base: Value, more: &str, variables: &Variables) -> Result<Value, String> {
    if more.is_empty() {
        return Ok(base);
    }
    let more: Map<String, Value> =
        serde_json::from_str(&fill(more, variables)?).map_err(|error| format!("`{more}`: {error}"))?;
    if let Some(base) = base.as_object_mut() {
        for (name, value) in more {
            if value.is_null() {
                base.remove(&name);
            } else {
                base.insert(name, value);
            }
        }
    }
    Ok(base)
}
