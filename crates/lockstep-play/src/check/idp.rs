//! What an IdP would meet at this server: its contract's files are played, and each answer is held against what it
//! needs. What Lockstep itself makes of them, its repairs and events, is not asked of others.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lockstep_idp::Provider;
use lockstep_idp::provider::{Call, Does, Refused};
use lockstep_idp::quirk::Basis;
use serde_json::Value;
use tokio::time::Instant;

use super::session::MARK;
use super::{Options, Progress, scrub};
use crate::need::{Answer, is_only_told, unmet};
use crate::target::Target;
use crate::{Contract, Runner, Verdict, files, parse};

/// What an IdP would meet.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IdpReport {
    /// Its short name.
    pub slug: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its habits, one for each file of its contract.
    pub habits: Vec<Habit>,
    /// How many requests were sent.
    pub requests: usize,
}

/// One habit of an IdP, and how the server takes it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Habit {
    /// The contract's file.
    pub file: String,
    /// What the IdP does.
    pub title: String,
    /// The quirks that it shows.
    pub quirks: Vec<String>,
    /// Whether its requests were seen; else they were put together from a description.
    pub is_proven: bool,
    /// What goes wrong.
    pub wrong: Vec<String>,
    /// What the IdP would do then.
    pub then: Vec<String>,
}

impl IdpReport {
    /// Whether the IdP would go wrong somewhere. What was not seen of it is told and not counted.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.wrong(true) > 0
    }

    /// How many habits go wrong, of those that were seen or of those that were not.
    #[must_use]
    pub fn wrong(&self, proven: bool) -> usize {
        self.habits.iter().filter(|habit| habit.is_proven == proven && !habit.wrong.is_empty()).count()
    }
}

/// How many contracts an IdP has.
pub(super) fn count(slug: &str) -> usize {
    texts(slug).count()
}

fn texts(slug: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    // A story is a day in parts; what it shows, the single contracts show.
    let of = files().filter(move |(idp, file, _)| *idp == slug && !file.contains("/story-"));
    of.map(|(_, file, text)| (file, text))
}

/// Plays the IdP's contracts, each for itself, and removes what they made.
pub(super) async fn play<T: Target>(
    target: &T,
    provider: &'static Provider,
    options: &Options,
    stop: &AtomicBool,
    tell: &mut (dyn FnMut(Progress<'_>) + Send),
) -> anyhow::Result<IdpReport> {
    let mut report = IdpReport { slug: provider.slug, name: provider.name, ..IdpReport::default() };
    let pause = options.rate.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.max(1));
    for (index, (file, text)) in texts(provider.slug).enumerate() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let contract = parse(file, text)?;
        let heard = Heard {
            target,
            domain: format!("{MARK}{}-c{index}.example.", options.run),
            pause,
            next: Mutex::new(Instant::now()),
            made: Mutex::new(Vec::new()),
            wanted: std::iter::repeat_n(201, contract.given.len())
                .chain(contract.steps.iter().map(|step| step.expect.status))
                .collect(),
            calls: Mutex::new(Vec::new()),
        };
        let mut runner = Runner::new(&heard).without_repairs();
        let played = runner.play(&contract, &mut |_| ()).await;
        // What was made is removed whatever came of it.
        let cleaned = runner.clean_up().await;
        heard.remove_the_rest().await;
        let calls = heard.calls.into_inner().unwrap_or_default();
        report.requests += calls.len();
        report.habits.push(match played {
            Ok(played) => habit(target, provider, &contract, &played, &calls),
            Err(error) => Habit {
                file: contract.file.clone(),
                title: contract.title.clone(),
                quirks: contract.quirks.clone(),
                is_proven: true,
                wrong: vec![scrub(target, &format!("{error:#}"))],
                then: Vec::new(),
            },
        });
        cleaned?;
        tell(Progress::Contract(file));
    }
    Ok(report)
}

/// A request that was sent, what it was for, and its answer.
struct Kept {
    call: Call,
    sent: Option<Value>,
    answer: Answer,
}

fn habit<T: Target>(
    target: &T,
    provider: &Provider,
    contract: &Contract,
    played: &crate::Played,
    calls: &[Kept],
) -> Habit {
    let mut habit = Habit {
        file: contract.file.clone(),
        title: contract.title.clone(),
        quirks: contract.quirks.clone(),
        is_proven: contract.is_source,
        ..Habit::default()
    };
    let quirks = provider.quirks.iter().filter(|quirk| contract.quirks.iter().any(|id| id == quirk.id));
    habit.is_proven &= quirks.clone().all(|quirk| quirk.proven == Basis::Source);
    for step in &played.steps {
        let Verdict::Failed(reasons) = &step.verdict else { continue };
        let lists = matches!(
            call_of(&step.method, &step.target, None),
            Call::ListUsers | Call::ListGroups | Call::FindUser | Call::FindGroup
        );
        for reason in reasons {
            // What a list holds may be people whom the check did not make.
            let reason = if lists { reason.split(": found ").next().unwrap_or(reason) } else { reason };
            let told = format!("{} ({} {}): {reason}", step.name, step.method, step.target);
            habit.wrong.push(scrub(target, &told));
        }
        let call = call_of(&step.method, &step.target, step.request_body.as_ref());
        habit.then.extend(reactions(provider, call, step.status));
    }
    // Only what was played before the first failure is the IdP's own; the rest was the clean-up.
    for heard in calls.iter().take(played.steps.len()) {
        for one in unmet(provider, heard.call, heard.sent.as_ref(), &heard.answer) {
            if !is_only_told(one.need.demand) {
                habit.wrong.push(scrub(target, &one.why));
                habit.then.push(one.need.otherwise.to_owned());
            }
        }
    }
    habit.then.dedup();
    habit
}

/// What the IdP does when this call is refused so.
fn reactions(provider: &Provider, call: Call, status: u16) -> Vec<String> {
    let fits = |refused: &Refused| match refused {
        Refused::Status(own) => *own == status,
        Refused::Client => (400..500).contains(&status),
        Refused::Server => status >= 500,
        Refused::Timeout => status == 0,
    };
    let of = provider.reactions.iter().filter(|reaction| {
        (reaction.call == call || reaction.call == Call::Any) && reaction.to.iter().any(fits)
    });
    of.map(
        |reaction| {
            if reaction.note.is_empty() { words(reaction.does).to_owned() } else { reaction.note.to_owned() }
        },
    )
    .collect()
}

fn words(does: Does) -> &'static str {
    match does {
        Does::Retries => "It sends the same again.",
        Does::RetriesNextCycle => "It sends it again at its next cycle.",
        Does::GivesUp => "It gives up until somebody looks.",
        Does::Links => "It looks the resource up and goes on with the one that it finds.",
        Does::Creates => "It makes the resource anew.",
        Does::TakesAsDone => "It takes it as done.",
        Does::Stops => "It stops everything for this application.",
    }
}

/// What a request is for, by what it looks like.
pub(super) fn call_of(method: &str, target: &str, body: Option<&Value>) -> Call {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let of_groups = path.contains("Groups");
    let has_id =
        path.trim_end_matches('/').rsplit('/').next().is_some_and(|last| !matches!(last, "Users" | "Groups"));
    let finds = query.contains("filter=");
    let body = body.map(|body| body.to_string().to_lowercase()).unwrap_or_default();
    match (method, of_groups) {
        ("GET", _) if !path.contains("Users") && !of_groups => Call::Discovery,
        ("GET", false) if has_id => Call::ReadUser,
        ("GET", true) if has_id => Call::ReadGroup,
        ("GET", false) if finds => Call::FindUser,
        ("GET", true) if finds => Call::FindGroup,
        ("GET", false) => Call::ListUsers,
        ("GET", true) => Call::ListGroups,
        ("POST", false) => Call::CreateUser,
        ("POST", true) => Call::CreateGroup,
        ("DELETE", false) => Call::DeleteUser,
        ("DELETE", true) => Call::DeleteGroup,
        (_, true) if body.contains("\"remove\"") => Call::RemoveMembers,
        (_, true) if body.contains("members") => Call::AddMembers,
        (_, true) => Call::UpdateGroup,
        (_, false) if body.contains("active") && body.contains("false") => Call::DeactivateUser,
        (_, false) => Call::UpdateUser,
    }
}

/// Passes requests on, no faster than allowed, and keeps what came. On their way the people of the contracts get a
/// domain of their own: they meet nobody, and are known by it.
struct Heard<'t, T> {
    target: &'t T,
    domain: String,
    pause: Duration,
    next: Mutex<Instant>,
    /// The paths of what was made.
    made: Mutex<Vec<String>>,
    /// The statuses that the contract names, request by request.
    wanted: Vec<u16>,
    calls: Mutex<Vec<Kept>>,
}

/// The paths of what a POST made: one resource, or those of a bulk.
fn made_by(path: &str, answered: &Value) -> Vec<String> {
    let kind = if path.contains("Groups") { "/Groups" } else { "/Users" };
    if let Some(id) = answered.get("id").and_then(Value::as_str) {
        return vec![format!("{kind}/{id}")];
    }
    let operations = answered.get("Operations").and_then(Value::as_array).into_iter().flatten();
    let made = operations.filter(|one| one.get("method").and_then(Value::as_str) == Some("POST"));
    made.filter_map(|one| {
        let location = one.get("location").and_then(Value::as_str)?;
        let at = location.rfind("/Users/").or_else(|| location.rfind("/Groups/"))?;
        location.get(at..).map(str::to_owned)
    })
    .collect()
}

impl<T: Target> Heard<'_, T> {
    /// A contract writes to whom a look-up found. Where the server answers that with somebody else, nothing is sent.
    async fn leave_others_alone(&self, request: &http::Request<Vec<u8>>) -> anyhow::Result<()> {
        let path = request.uri().path();
        let Some(at) = path.find("/Users/").or_else(|| path.find("/Groups/")) else { return Ok(()) };
        let path = path.get(at..).unwrap_or_default();
        let writes = !matches!(*request.method(), http::Method::GET | http::Method::POST);
        let is_ours = self.made.lock().is_ok_and(|made| {
            made.iter()
                .filter_map(|own| own.rsplit('/').next())
                .any(|id| path.split('/').any(|part| part == id))
        });
        if !writes || is_ours {
            return Ok(());
        }
        let read = self.target.send(http::Request::get(path).body(Vec::new())?).await?;
        anyhow::ensure!(
            !read.status().is_success(),
            "the server answered a look-up with somebody whom this check did not make; the contract ends before {} {path}",
            request.method()
        );
        Ok(())
    }

    /// Removes what the runner did not see being made.
    async fn remove_the_rest(&self) {
        let made = self.made.lock().map(|mut made| std::mem::take(&mut *made)).unwrap_or_default();
        for path in made.iter().rev() {
            if let Ok(request) = http::Request::delete(path).body(Vec::new()) {
                // What is gone already is answered with 404.
                let _ = self.target.send(request).await;
            }
        }
    }
}

impl<T> Heard<'_, T> {
    fn disguised(&self, text: &str) -> String {
        ["com", "org"].iter().fold(text.to_owned(), |text, end| {
            text.replace(&format!("example.{end}"), &format!("{}{end}", self.domain))
        })
    }

    /// When the next request may go, if it has to wait.
    fn turn(&self) -> Option<Instant> {
        if self.pause.is_zero() {
            return None;
        }
        let mut next = self.next.lock().ok()?;
        let turn = Instant::now().max(*next);
        *next = turn + self.pause;
        Some(turn)
    }
}

impl<T: Target> Target for Heard<'_, T> {
    async fn send(&self, request: http::Request<Vec<u8>>) -> anyhow::Result<http::Response<Vec<u8>>> {
        let (mut parts, body) = request.into_parts();
        parts.uri = self.disguised(&parts.uri.to_string()).parse()?;
        let body = String::from_utf8(body)
            .map_or_else(std::string::FromUtf8Error::into_bytes, |text| self.disguised(&text).into_bytes());
        let request = http::Request::from_parts(parts, body);
        if let Some(turn) = self.turn() {
            tokio::time::sleep_until(turn).await;
        }
        self.leave_others_alone(&request).await?;
        let sent: Option<Value> = serde_json::from_slice(request.body()).ok();
        let target = request.uri().to_string();
        let call = call_of(request.method().as_str(), &target, sent.as_ref());
        let began = Instant::now();
        let path = request.uri().path().to_owned();
        let method = request.method().clone();
        let (mut parts, mut body) = self.target.send(request).await?.into_parts();
        let own = |body: Vec<u8>| {
            String::from_utf8(body).map_or_else(std::string::FromUtf8Error::into_bytes, |text| {
                text.replace(&self.domain, "example.").into_bytes()
            })
        };
        body = own(body);
        if method == http::Method::POST
            && parts.status.is_success()
            && let Ok(mut made) = self.made.lock()
        {
            made.extend(made_by(&path, &serde_json::from_slice(&body).unwrap_or_default()));
        }
        // What the IdP needs is asked of the answer as it came.
        let answer = Answer::of(&http::Response::from_parts(parts.clone(), body.clone()), began.elapsed());
        let wanted = self.calls.lock().ok().and_then(|mut calls| {
            calls.push(Kept { call, sent, answer });
            self.wanted.get(calls.len() - 1).copied()
        });
        // RFC 7644 §3.5.2: a PATCH is answered with 200 and the resource or with 204, whichever Lockstep's contract has.
        // Unless the IdP says that it needs one of them, both are right; what the contract says of the body is then read.
        match (method, parts.status.as_u16(), wanted) {
            (http::Method::PATCH, 204, Some(200)) => {
                let read = self.target.send(http::Request::get(&path).body(Vec::new())?).await?;
                parts.status = read.status();
                body = own(read.into_body());
            }
            (http::Method::PATCH, 200, Some(204)) | (http::Method::DELETE, 200 | 202, Some(204)) => {
                parts.status = http::StatusCode::NO_CONTENT;
            }
            _ => {}
        }
        Ok(http::Response::from_parts(parts, body))
    }

    async fn events_since(&self, _: Option<&str>) -> anyhow::Result<Option<Vec<Value>>> {
        Ok(None)
    }

    fn is_patient(&self) -> bool {
        false
    }

    fn variables(&self) -> Vec<(String, String)> {
        self.target.variables()
    }
}
