//! POST /Bulk (RFC 7644 §3.7): each operation is read as the request that it stands for, by the same contract and the
//! same rules, and all of them go to the lane as one command, step by step.

use std::collections::HashMap;
use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use lockstep_core::batch::Answer;
use lockstep_core::bulk::{Bulk, Operation};
use lockstep_core::command::{Command, Envelope, Refusal, Reply};
use lockstep_core::id::{GroupId, LocalId, RequestId, UserId};
use lockstep_core::query::Kind;
use lockstep_core::version;
use lockstep_scim::bulk::{self, Operation as Message, Outcome};
use lockstep_scim::{Error, json};
use lockstep_store::Store;
use serde_json::Value;

use super::endpoint::Endpoint;
use super::{Asked, admit, answer, base_url, endpoint_of, preconditions, write};
use crate::auth::ScimCaller;
use crate::problem::{Problem, scim_body};
use crate::state::AppState;
use crate::trail::Trail;

/// How much of an operation's path is told back.
const PATH_CHARS_SHOWN: usize = 256;

pub(super) async fn carry_out<S: Store>(
    state: &AppState<S>,
    caller: &ScimCaller,
    asked: Asked,
    trail: &mut Trail,
) -> Result<Response, Problem> {
    let request = bulk::parse(asked.body.unwrap_or(Value::Null), &state.limits)?;
    let job = Job { state, caller, base_url: base_url(state, caller), request: asked.request_id };
    let mut messages = request.operations;
    let operations: Vec<Operation> =
        messages.iter_mut().map(|message| job.operation(message, trail)).collect();
    let removes =
        |operation: &Operation| operation.asked.as_ref().is_ok_and(|asked| asked.command.is_removal());
    if !operations.iter().any(removes) {
        admit(state, caller)?;
    }
    let bulk = Arc::new(Bulk::new(operations, request.fail_on_errors));
    let mut progress = bulk.begin();
    while !progress.has_ended() {
        let outcome = state.store.submit(job.envelope(Command::Bulk(bulk.clone(), progress))).await??;
        trail.add(&outcome);
        let Reply::Bulk(next) = outcome.reply else { return Err(Refusal::Fault.into()) };
        progress = next;
    }
    let answers = progress.into_answers();
    trail.resources.extend(answers.iter().flatten().filter_map(standing));
    let outcomes = job.outcomes(&messages, answers).await;
    Ok(answer::message(StatusCode::OK, &bulk::render(outcomes)))
}

/// One request.
struct Job<'a, S: Store> {
    state: &'a AppState<S>,
    caller: &'a ScimCaller,
    base_url: String,
    request: RequestId,
}

impl<S: Store> Job<'_, S> {
    fn envelope(&self, command: Command) -> Envelope {
        let terms = self.caller.terms.clone();
        Envelope { directory: self.caller.directory, request: self.request, terms, command }
    }

    /// An operation as a command. Its data is taken out of the message, which has no more use for it.
    fn operation(&self, message: &mut Message, trail: &mut Trail) -> Operation {
        let mut target = None;
        let asked = self.command(message, &mut target, trail).map(|command| self.envelope(command));
        let asked = asked.map_err(|problem| {
            Refusal::Scim(Error::new(problem.status.as_u16(), problem.scim_type, problem.message))
        });
        let bulk_id = message.bulk_id.clone().filter(|_| message.method == "POST");
        Operation { asked, bulk_id, target }
    }

    fn command(
        &self,
        message: &mut Message,
        target: &mut Option<(Kind, String)>,
        trail: &mut Trail,
    ) -> Result<Command, Problem> {
        if let Some(fault) = message.fault.take() {
            return Err(fault.into());
        }
        let path = message.path.strip_prefix(&self.base_url).unwrap_or(&message.path);
        message.path = path.split('?').next().unwrap_or_default().to_owned();
        let body = match message.data.take() {
            // Some clients put the data's JSON into a string.
            Some(Value::String(text)) => Some(json::parse(text.as_bytes(), &self.state.limits)?),
            data => data,
        };
        let mut raw = lockstep_idp::Request {
            method: message.method.clone(),
            path: message.path.clone(),
            raw_query: String::new(),
            query: Vec::new(),
            body: body.filter(|_| message.method != "DELETE"),
        };
        let repairs_off = &self.state.repairs_off;
        trail.repairs.extend(lockstep_idp::repair(
            self.caller.provider,
            &mut raw,
            &self.caller.terms,
            repairs_off,
        ));
        let mut endpoint = endpoint_of(&raw)?;
        self.caller.may(&endpoint)?;
        trail.resources.extend(endpoint.resource(self.caller.directory));
        match &mut endpoint {
            Endpoint::Replace(kind, id) | Endpoint::Patch(kind, id) | Endpoint::Delete(kind, id) => {
                if let Some(name) = id.strip_prefix("bulkId:") {
                    *target = Some((*kind, name.to_owned()));
                    // Whose id it is, is known once that was made.
                    *id = self.id(*kind, LocalId(0));
                }
            }
            Endpoint::Create(_) => {}
            Endpoint::Bulk
            | Endpoint::Discovery(_)
            | Endpoint::List(_)
            | Endpoint::Search(_)
            | Endpoint::Read(..) => {
                return Err(Error::invalid_syntax(
                    "path: names nothing that an operation of Bulk can change",
                )
                .into());
            }
        }
        let precondition = preconditions::of_operation(message.version.as_deref());
        let body = raw.body.unwrap_or(Value::Null);
        write::command(self.caller, &self.state.limits, &endpoint, body, precondition, trail)
    }

    fn id(&self, kind: Kind, local: LocalId) -> String {
        let directory = self.caller.directory;
        match kind {
            Kind::User => UserId { directory, local }.to_string(),
            Kind::Group => GroupId { directory, local }.to_string(),
        }
    }

    /// What came of the operations; nothing of those that were not carried out (RFC 7644 §3.7.3).
    async fn outcomes<'a>(&self, messages: &'a [Message], answers: Vec<Option<Answer>>) -> Vec<Outcome<'a>> {
        let made: HashMap<&str, String> = messages
            .iter()
            .zip(&answers)
            .filter_map(|(message, answer)| Some((message.bulk_id.as_deref()?, self.made(answer.as_ref()?)?)))
            .collect();
        // Read once, however many operations changed it.
        let mut versions: HashMap<(Kind, LocalId), Option<String>> = HashMap::new();
        let mut outcomes = Vec::with_capacity(messages.len());
        for (operation, answer) in messages.iter().zip(answers) {
            let Some(answer) = answer else { continue };
            let (status, response) = match &answer {
                Ok(_) => (success(&operation.method), None),
                Err(refusal) => {
                    let problem = Problem::from(refusal.clone());
                    (problem.status, Some(scim_body(&problem, self.request)))
                }
            };
            let path = match operation.method.as_str() {
                "POST" => operation.bulk_id.as_deref().and_then(|name| made.get(name)).cloned(),
                _ => told_path(&operation.path, &made),
            };
            if let Some(standing @ (kind, id)) = standing(&answer)
                && !versions.contains_key(&standing)
            {
                versions.insert(standing, self.version(kind, id).await);
            }
            let version = standing(&answer).and_then(|standing| versions.get(&standing)).cloned().flatten();
            outcomes.push(Outcome {
                operation,
                location: path.map(|path| format!("{}{path}", self.base_url)),
                version,
                status: status.as_u16(),
                response,
            });
        }
        outcomes
    }

    /// Where what a creation made stands, below the base URL.
    fn made(&self, answer: &Answer) -> Option<String> {
        let (kind, local) = standing(answer)?;
        let id = self.id(kind, local);
        Some(match kind {
            Kind::User => format!("/Users/{id}"),
            Kind::Group => format!("/Groups/{id}"),
        })
    }

    /// The version of what operations left, as it is now: those behind one may have changed it. It is done by now: where
    /// it cannot be read, the result is without it.
    async fn version(&self, kind: Kind, id: LocalId) -> Option<String> {
        let (store, directory) = (&self.state.store, self.caller.directory);
        match kind {
            Kind::User => {
                let view = store.user(directory, id).await.ok()??;
                Some(version::user(&view.user, &view.groups))
            }
            Kind::Group => {
                let view = store.group(directory, id, false).await.ok()??;
                Some(version::group(&view.group))
            }
        }
    }
}

/// What an operation made or changed.
fn standing(answer: &Answer) -> Option<(Kind, LocalId)> {
    match answer.as_ref().ok()?.reply {
        Reply::Stands(kind, id) => Some((kind, id)),
        _ => None,
    }
}

/// The status of what succeeded (RFC 7644 §3.7.3).
fn success(method: &str) -> StatusCode {
    match method {
        "POST" => StatusCode::CREATED,
        "DELETE" => StatusCode::NO_CONTENT,
        _ => StatusCode::OK,
    }
}

/// An operation's path with the id of what it names by its bulkId; nothing where it is none below the base URL.
fn told_path(path: &str, made: &HashMap<&str, String>) -> Option<String> {
    if let Some(made) = path.split_once("/bulkId:").and_then(|(_, name)| made.get(name)) {
        return Some(made.clone());
    }
    let shown = path.chars().filter(char::is_ascii_graphic).take(PATH_CHARS_SHOWN);
    path.starts_with('/').then(|| shown.collect())
}
