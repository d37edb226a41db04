//! Whose traffic a directory gets: what was seen of it is kept here, what follows stands in the directory's row. Must
//! not know how an IdP is recognized.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, HeaderName, header};
use lockstep_core::command::{Command, Envelope, Reply};
use lockstep_core::id::{DirectoryNumber, RequestId};
use lockstep_core::query::Kind;
use lockstep_core::recognition::{Contract, Recognized};
use lockstep_idp::detect::{Finding, Headers, Noted};
use lockstep_idp::{Evidence, Exchange, GENERIC_TYPE, Provider};
use lockstep_store::Store;

use crate::auth::ScimCaller;
use crate::limits::EVIDENCE_LIMIT;
use crate::problem::Problem;
use crate::state::AppState;
use crate::trail::Trail;

/// What the requests of each directory have shown since this process began. It is no truth: what is lost of it shows
/// again.
#[derive(Debug, Default)]
pub(crate) struct Recognitions(Mutex<HashMap<DirectoryNumber, Evidence>>);

impl Recognitions {
    fn note(&self, caller: &ScimCaller, request: &lockstep_idp::Request, headers: &HeaderMap) -> Noted {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let headers = Headers {
            user_agent: text(header::USER_AGENT),
            content_type: text(header::CONTENT_TYPE),
            accept: text(header::ACCEPT),
            has: &|name| headers.contains_key(name),
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= EVIDENCE_LIMIT && !known.contains_key(&caller.directory) {
            known.clear();
        }
        known.entry(caller.directory).or_default().note(caller.provider, request, headers)
    }

    fn untell(&self, directory: DirectoryNumber) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(evidence) = known.get_mut(&directory) {
            evidence.untell();
        }
    }
}

/// Notes one more request, before it is repaired. Where it shows another IdP than the directory's, that is suggested in
/// the directory's row; whether the directory now has another contract, so that the request is to be read again. Where it
/// cannot be written, the request goes on as if nothing had been seen, and the next one shows it again.
pub(crate) async fn note<S: Store>(
    state: &AppState<S>,
    caller: &ScimCaller,
    request: &lockstep_idp::Request,
    headers: &HeaderMap,
    request_id: RequestId,
    trail: &mut Trail,
) -> bool {
    let noted = state.recognitions.note(caller, request, headers);
    trail.looks_like = noted.looks_like;
    trail.habits = noted.habits;
    let Some(finding) = noted.news else { return false };
    let switched = recognize(state, caller, &finding, request_id).await.unwrap_or_else(|_| {
        state.recognitions.untell(caller.directory);
        false
    });
    if switched {
        trail.looks_like = None;
        trail.recognized_by = finding.signs;
    }
    switched
}

async fn recognize<S: Store>(
    state: &AppState<S>,
    caller: &ScimCaller,
    finding: &Finding,
    request: RequestId,
) -> Result<bool, Problem> {
    let Some(provider) = lockstep_idp::by_slug(finding.slug) else { return Ok(false) };
    let Some((directory, _)) = state.store.directory(caller.directory).await? else { return Ok(false) };
    let recognized = Recognized {
        contract: contract(provider, &directory.directory_type),
        certain: finding.certain,
        signs: finding.signs.iter().map(|sign| (*sign).to_owned()).collect(),
        // Who may only read does not decide how others' changes are read.
        may_switch: !lockstep_idp::is_profile(caller.provider) && caller.may_change(Kind::User).is_ok(),
    };
    let command = Command::Recognize(Box::new(recognized));
    let envelope = Envelope { directory: caller.directory, request, terms: caller.terms.clone(), command };
    let outcome = state.store.submit(envelope).await??;
    let Reply::Directory(changed) = &outcome.reply else {
        return Err(Problem::fault("a recognized directory was answered with something else"));
    };
    let switched = changed.contract != directory.contract;
    if switched {
        state.begun.notify_one();
        tracing::info!(
            directory.id = %caller.directory_id,
            provider = finding.slug,
            provider.before = directory.contract,
            "the directory is held to the contract of the IdP that its first requests showed"
        );
    }
    Ok(switched)
}

/// A contract with the type that a directory of this type has by it.
pub(crate) fn contract(provider: &Provider, directory_type: &str) -> Contract {
    let keeps = provider.suits(directory_type);
    let directory_type = if keeps { directory_type } else { provider.directory_type() };
    Contract { slug: provider.slug.to_owned(), directory_type: directory_type.to_owned() }
}

/// What the IdP's administrator should change, by what came of a request.
pub(crate) fn advise(trail: &mut Trail, status: http::StatusCode, problem: Option<&Problem>) {
    // Whose contract it is stays unknown to a request without a valid credential.
    let provider = lockstep_idp::by_slug(trail.contract).or_else(|| lockstep_idp::for_type(GENERIC_TYPE));
    let Some(provider) = provider else { return };
    let exchange = Exchange {
        provider,
        operation: &trail.operation,
        repairs: &trail.repairs,
        notes: &trail.notes,
        status: status.as_u16(),
        scim_type: problem.map(|problem| problem.code),
        looks_like: trail.looks_like,
        habits: &trail.habits,
    };
    trail.advice = lockstep_idp::advice(&exchange).into_iter().map(|advice| advice.text.to_owned()).collect();
    if !trail.recognized_by.is_empty() {
        let signs = trail.recognized_by.join("; ");
        trail.notes.push(format!("the directory took the contract `{}` by itself: {signs}", provider.slug));
    }
}
