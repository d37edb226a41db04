//! One call: sent as the dialect says, met by faults, looked at by what the IdP needs, and what it does on a refusal.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use lockstep_idp::provider::{Call, Demand, Does, Refused};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{Idp, Key, UNANSWERED, lock};
use crate::need::{self, Answer};
use crate::target::Target;

/// How often the same is sent again by itself at most.
const ATTEMPTS: u32 = 4;
/// How long it waits before it does at most, whatever the server asks for.
const WAIT: Duration = Duration::from_mins(1);
/// How long it waits before the first time where the server does not say.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// After how long a fault hangs up.
const HANG_UP: Duration = Duration::from_millis(3);

/// A step that was answered in a way that the IdP makes something else of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// What was asked for: method and path, ids left out.
    pub request: String,
    /// What is wrong with the answer.
    pub why: String,
    /// What the IdP does then.
    pub then: String,
    /// Where that was seen; empty where it is only taken to be so.
    pub source: String,
    /// How much it weighs.
    pub weight: Weight,
    /// How often it happened.
    pub times: usize,
}

/// How much a finding weighs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Worth telling; nothing is lost by it.
    Told,
    /// The IdP mishandles it.
    Mishandled,
}

/// What came of a call in the end.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was done.
    Done(Answer),
    /// It was refused with this status (0: no answer), and the IdP goes on so.
    Refused(u16, Does),
}

impl<T: Target> Idp<'_, T> {
    /// Sends a call until it is done or the IdP does something else.
    pub(super) async fn call(&self, call: Call, method: &str, target: &str, body: Option<&Value>) -> Outcome {
        let mut attempt = 0;
        loop {
            let answer = self.send(method, target, body, attempt).await;
            if self.is_broken.load(Ordering::Relaxed) {
                return Outcome::Refused(0, Does::RetriesNextCycle);
            }
            attempt += 1;
            let (status, refused, why, wait) = match answer {
                Ok(answer) => {
                    let does = self.does(call, Refused::Status(answer.status));
                    self.look(call, method, target, body, &answer, is_overcome(does));
                    if answer.is_success() {
                        return Outcome::Done(answer);
                    }
                    let why = match answer.detail() {
                        "" => format!("answered with {}", answer.status),
                        detail => format!("answered with {}: {detail}", answer.status),
                    };
                    let wait = answer.retry_after.map(Duration::from_secs);
                    (answer.status, Refused::Status(answer.status), why, wait)
                }
                Err(Lost::Fault) => (0, Refused::Timeout, String::new(), Some(Duration::ZERO)),
                Err(Lost::Error(error)) => (0, Refused::Timeout, error, None),
            };
            let known = self.provider.reaction(call, refused);
            let does = self.does(call, refused);
            if does == Does::Retries && attempt < ATTEMPTS {
                if !why.is_empty() {
                    self.find(
                        Weight::Told,
                        method,
                        target,
                        &why,
                        known.map_or("it sends it again", |one| one.note),
                        "",
                    );
                }
                tokio::time::sleep(wait.unwrap_or(FIRST_WAIT * attempt).min(WAIT)).await;
                continue;
            }
            // That it is there already, or is gone already, is no harm; nor is what we broke ourselves.
            let is_harm = !is_overcome(does) && !why.is_empty();
            if is_harm {
                let (then, source) = match known {
                    Some(reaction) => (reaction.note, reaction.source),
                    None => (in_words(does), ""),
                };
                // What it made itself and was not told of is in its way.
                let is_own = status == 409 && self.faults.loses_answers();
                let weight = if is_own { Weight::Told } else { Weight::Mishandled };
                self.find(weight, method, target, &why, then, source);
            }
            if does == Does::Stops {
                self.is_broken.store(true, Ordering::Relaxed);
            }
            return Outcome::Refused(status, does);
        }
    }

    /// What it does when it is refused so: what is known of it, or what is usual.
    fn does(&self, call: Call, refused: Refused) -> Does {
        self.provider.reaction(call, refused).map_or_else(|| usual(call, refused), |reaction| reaction.does)
    }

    /// What the IdP needs in this answer; of a refusal that it gets over, no other status.
    fn look(
        &self,
        call: Call,
        method: &str,
        target: &str,
        body: Option<&Value>,
        answer: &Answer,
        is_overcome: bool,
    ) {
        for unmet in need::unmet(self.provider, call, body, answer) {
            if !answer.is_success() && is_overcome && matches!(unmet.need.demand, Demand::Status(_)) {
                continue;
            }
            let weight =
                if need::is_only_told(unmet.need.demand) { Weight::Told } else { Weight::Mishandled };
            self.find(weight, method, target, &unmet.why, unmet.need.otherwise, unmet.need.source);
        }
    }

    pub(super) fn find(
        &self,
        weight: Weight,
        method: &str,
        target: &str,
        why: &str,
        then: &str,
        source: &str,
    ) {
        let request = format!("{method} {}", without_ids(target));
        let mut findings = lock(&self.findings);
        let same = |finding: &&mut Finding| {
            finding.request == request && finding.why == why && finding.weight == weight
        };
        if let Some(finding) = findings.iter_mut().find(same) {
            finding.times += 1;
            return;
        }
        let (why, then, source) = (why.to_owned(), then.to_owned(), source.to_owned());
        findings.push(Finding { request, why, then, source, weight, times: 1 });
    }

    /// Sends once, as far as the faults let it.
    async fn send(
        &self,
        method: &str,
        target: &str,
        body: Option<&Value>,
        attempt: u32,
    ) -> Result<Answer, Lost> {
        if self.pace.is_stopped() {
            self.is_broken.store(true, Ordering::Relaxed);
        }
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(Lost::Fault);
        }
        let made = self.calls.fetch_add(1, Ordering::Relaxed);
        if self.breaks_after.is_some_and(|limit| made >= limit) {
            // What was sent last arrives; only the answer does not.
            let _ = self.once(method, target, body).await;
            self.is_broken.store(true, Ordering::Relaxed);
            return Err(Lost::Fault);
        }
        let name = format!("{method} {target} {}", body.map(Value::to_string).unwrap_or_default());
        let first = attempt == 0;
        let meets = |is_on: bool, number: u64| is_on && self.faults.meets(number, &name);
        if meets(self.faults.duplicates, 1) {
            let (one, other) =
                futures_util::future::join(self.once(method, target, body), self.once(method, target, body))
                    .await;
            return Ok(self.both(method, target, one?, other?));
        }
        if first && meets(self.faults.timeouts, 2) {
            let cut = tokio::time::timeout(HANG_UP, self.once(method, target, body)).await;
            return cut.unwrap_or(Err(Lost::Fault));
        }
        let answer = self.once(method, target, body).await?;
        if first && meets(self.faults.retries, 3) { Err(Lost::Fault) } else { Ok(answer) }
    }

    /// What the IdP makes of two answers to the same call: one of them says what was done.
    fn both(&self, method: &str, target: &str, one: Answer, other: Answer) -> Answer {
        let id = |answer: &Answer| answer.body.as_ref()?.get("id")?.as_str().map(str::to_owned);
        if method == "POST" && one.is_success() && other.is_success() && id(&one) != id(&other) {
            // Known, so that the clean-up finds it.
            if let Some(twin) = id(&other) {
                let key = if target.starts_with("/Groups") {
                    Key::Group(usize::MAX)
                } else {
                    Key::Person(usize::MAX)
                };
                lock(&self.seen).insert(twin, key);
            }
            let why = "the same request, sent twice at the same moment, made two resources";
            self.find(
                Weight::Mishandled,
                method,
                target,
                why,
                "it knows one of the two; the other stays for ever",
                "",
            );
        }
        if one.is_success() || !other.is_success() { one } else { other }
    }

    async fn once(&self, method: &str, target: &str, body: Option<&Value>) -> Result<Answer, Lost> {
        self.pace.turn().await;
        let dialect = &self.speech.dialect;
        let mut request = http::Request::builder().method(method).uri(crate::run::encoded(target));
        if body.is_some() {
            request = request.header(CONTENT_TYPE, dialect.content_type);
        }
        if let Some(accept) = dialect.accept {
            request = request.header(ACCEPT, accept);
        }
        if let Some(agent) = dialect.user_agent {
            request = request.header(USER_AGENT, agent);
        }
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let request = request.body(bytes).map_err(|error| Lost::Error(error.to_string()))?;
        let began = Instant::now();
        let response = self.target.send(request).await.map_err(|error| {
            if self.unanswered.fetch_add(1, Ordering::Relaxed) + 1 >= UNANSWERED {
                self.is_broken.store(true, Ordering::Relaxed);
            }
            let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
            Lost::Error(chain.join(": "))
        })?;
        self.unanswered.store(0, Ordering::Relaxed);
        Ok(Answer::of(&response, began.elapsed()))
    }

    /// Deletes these, several at once. How many are still there.
    pub(super) async fn delete_all(&self, paths: Vec<String>) -> usize {
        let deleted = stream::iter(paths).map(|path| async move {
            for _ in 0..ATTEMPTS {
                match self.once("DELETE", &path, None).await {
                    Ok(answer) if answer.is_success() || answer.status == 404 => return 0,
                    Ok(answer) if answer.status == 429 => {
                        let wait = answer.retry_after.map_or(FIRST_WAIT, Duration::from_secs);
                        tokio::time::sleep(wait.min(WAIT)).await;
                    }
                    Ok(_) | Err(_) => {}
                }
            }
            1
        });
        deleted.buffer_unordered(4).fold(0, |sum, left: usize| async move { sum + left }).await
    }
}

/// Why there is no answer.
enum Lost {
    /// A fault that we made.
    Fault,
    /// The server's or the network's.
    Error(String),
}

/// Whether nothing is lost: that it is there already, or is gone already, is no harm.
fn is_overcome(does: Does) -> bool {
    matches!(does, Does::Links | Does::TakesAsDone | Does::Creates)
}

/// What an IdP does of which nothing is known.
fn usual(call: Call, refused: Refused) -> Does {
    match (call, refused) {
        (_, Refused::Timeout | Refused::Server | Refused::Status(429 | 500..=599)) => Does::Retries,
        (Call::CreateUser | Call::CreateGroup, Refused::Status(409)) => Does::Links,
        (Call::DeleteUser | Call::DeleteGroup | Call::RemoveMembers, Refused::Status(404)) => {
            Does::TakesAsDone
        }
        (_, Refused::Status(_) | Refused::Client) => Does::RetriesNextCycle,
    }
}

/// What follows, in words.
#[must_use]
pub(super) fn in_words(does: Does) -> &'static str {
    match does {
        Does::Retries => "it sends the same again, and gives up after some times",
        Does::RetriesNextCycle => "it sends it again at its next cycle, and fails the same way",
        Does::GivesUp => "it gives up until somebody looks",
        Does::Links => "it looks the resource up and goes on with the one that it finds",
        Does::Creates => "it makes the resource anew",
        Does::TakesAsDone => "it takes it as done",
        Does::Stops => "it stops everything for this application",
    }
}

/// A path with its ids and looked-up values left out.
fn without_ids(target: &str) -> String {
    let (path, query) = target.split_once('?').map_or((target, ""), |(path, query)| (path, query));
    let mut parts = path.trim_start_matches('/').splitn(2, '/');
    let kind = parts.next().unwrap_or_default();
    let id = if parts.next().is_some() && ["Users", "Groups"].contains(&kind) { "/{id}" } else { "" };
    let filter = query.split('&').find_map(|part| part.strip_prefix("filter="));
    match filter.and_then(|filter| filter.split_once('"')) {
        Some((question, _)) => format!("/{kind}{id}?filter={question}…"),
        None => format!("/{kind}{id}"),
    }
}
