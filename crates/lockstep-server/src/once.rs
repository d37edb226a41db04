//! Requests that may come again: a client that did not see the answer sends the same `Idempotency-Key` again, and gets the
//! answer that was given, while nothing is made twice (`docs/decisions/0027-keys-and-retries.md`). The receipt of what a
//! request made is written in the same transaction, so no crash comes between; answers are sealed, since some hold a
//! secret that is shown once.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::digest::{Context, SHA256};
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use lockstep_core::clock::{Random, Sequence};
use lockstep_core::receipt::{Receipt, ReceiptKey};
use lockstep_store::{Entered, Entry, Store};
use serde::Serialize;

use crate::auth::api_caller;
use crate::body::RawBody;
use crate::limits::{IDEMPOTENCY_KEY_BYTES_LIMIT, RECEIPT_BYTES_LIMIT};
use crate::problem::Problem;
use crate::state::{AppState, digest_of};

const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Says that an answer was given before.
const REPLAYED: &str = "idempotent-replayed";

/// Under what a request may come again; nothing where it has no `Idempotency-Key`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Once(Option<Arc<Asked>>);

#[derive(Debug)]
struct Asked {
    key: ReceiptKey,
    fingerprint: [u8; 32],
    /// Whether the handler made a receipt, to be written with what it does.
    kept: AtomicBool,
}

impl<S: Send + Sync> FromRequestParts<S> for Once {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

impl Once {
    /// What is kept of the request, to be written in the transaction of what it does; nothing where it cannot come again.
    pub(crate) fn receipt<S: Store>(
        &self,
        state: &AppState<S>,
        status: StatusCode,
        answer: &impl Serialize,
    ) -> Result<Option<Receipt>, Problem> {
        let Some(asked) = &self.0 else { return Ok(None) };
        let body = serde_json::to_vec(answer)
            .map_err(|error| Problem::fault(format!("an answer cannot be written: {error}")))?;
        asked.kept.store(true, Ordering::Relaxed);
        asked.receipt(state, status, &body).map(Some)
    }

    /// Numbers for an id by which the store knows that the request came before: the same ones each time it comes. They are
    /// no secret.
    pub(crate) fn numbers<S: Store>(&self, state: &AppState<S>) -> Box<dyn Random> {
        match &self.0 {
            None => state.secrets.random(),
            Some(asked) => {
                let digest = digest_of(&format!("{} {:?}", asked.key.caller, asked.key.digest));
                let (seed, _) = digest.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
                Box::new(Sequence::from_seed(u64::from_le_bytes(*seed)))
            }
        }
    }
}

impl Asked {
    fn receipt<S: Store>(
        &self,
        state: &AppState<S>,
        status: StatusCode,
        body: &[u8],
    ) -> Result<Receipt, Problem> {
        let answer = [&status.as_u16().to_be_bytes()[..], body].concat();
        let seed = state.draw_secret()?;
        let sealed = state.keys.answers.seal_bytes(seed, &self.context(), &answer);
        let answer = sealed.ok_or_else(|| Problem::fault("an answer cannot be sealed"))?;
        Ok(Receipt { key: self.key, fingerprint: self.fingerprint, answer, at: state.clock.now() })
    }

    /// What a sealed answer belongs to.
    fn context(&self) -> Vec<u8> {
        [&self.key.caller.0.to_be_bytes()[..], &self.key.digest, &self.fingerprint].concat()
    }

    /// The answer that was given before; nothing where there was none.
    async fn answered<S: Store>(&self, state: &AppState<S>) -> Result<Option<Response>, Problem> {
        let since = Receipt::ended(state.clock.now());
        let Some(receipt) = state.store.receipt(self.key, since).await? else { return Ok(None) };
        if receipt.fingerprint != self.fingerprint {
            let message = "this `Idempotency-Key` was used within the last 24 hours for a request that asked something \
                           else: draw a new one for each request";
            return Err(Problem::invalid_field("Idempotency-Key", "idempotency_key_reused", message));
        }
        let opened = state.keys.answers.open_bytes(&self.context(), &receipt.answer);
        let answer = opened.as_deref().and_then(|answer| answer.split_first_chunk::<2>());
        let status = answer.and_then(|(status, _)| StatusCode::from_u16(u16::from_be_bytes(*status)).ok());
        let (Some((_, body)), Some(status)) = (answer, status) else {
            let message = "this request was carried out before, and its answer cannot be shown again, since the server's \
                           master key has changed: read what it made";
            return Err(Problem::conflict("answer_lost", message));
        };
        let mut response = Response::new(Body::from(body.to_vec()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if !body.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(Some(response))
    }
}

/// Wraps what the application may send again. What is refused leaves nothing, so it is not kept: sent again, it is looked at
/// again.
pub(crate) async fn once<S: Store>(
    State(state): State<AppState<S>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    // Who asks is asked before what.
    let caller = api_caller(&state, &parts).await?;
    let name = named(&parts.headers)?;
    let body = Request::from_parts(parts.clone(), body);
    let RawBody(bytes) = RawBody::from_request(body, &state).await?;
    let key = ReceiptKey { caller: caller.known_by.key.id, digest: digest_of(&name) };
    let asked =
        Arc::new(Asked { key, fingerprint: fingerprint(&parts, &bytes), kept: AtomicBool::new(false) });
    if let Some(answer) = asked.answered(&state).await? {
        return Ok(answer);
    }
    parts.extensions.insert(Once(Some(asked.clone())));
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    if response.extensions().get::<Problem>().is_some_and(Problem::is_repeated) {
        // Another one of the same name was carried out meanwhile.
        return Ok(asked.answered(&state).await?.unwrap_or(response));
    }
    if !response.status().is_success() || asked.kept.load(Ordering::Relaxed) {
        return Ok(response);
    }
    keep(&state, &asked, response).await
}

/// Keeps an answer whose handler did not: of what makes nothing twice, whatever becomes of this.
async fn keep<S: Store>(state: &AppState<S>, asked: &Asked, response: Response) -> Result<Response, Problem> {
    let (parts, body) = response.into_parts();
    let body =
        body.collect().await.map_err(|error| Problem::fault(format!("an answer broke off: {error}")))?;
    let bytes = body.to_bytes();
    if bytes.len() <= RECEIPT_BYTES_LIMIT {
        let receipt = asked.receipt(state, parts.status, &bytes)?;
        match state.store.enter(Entry::Nothing, Some(receipt)).await {
            Ok(Entered::Repeated) => {
                if let Some(first) = asked.answered(state).await? {
                    return Ok(first);
                }
            }
            // It was carried out, and is answered.
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the answer to a request that may come again was not kept"),
        }
    }
    Ok(Response::from_parts(parts, Body::from(bytes)).into_response())
}

/// What the client calls the request.
fn named(headers: &HeaderMap) -> Result<String, Problem> {
    let mut sent = headers.get_all(IDEMPOTENCY_KEY).iter();
    let name = sent.next().filter(|_| sent.next().is_none()).and_then(|value| value.to_str().ok());
    let fits = |name: &str| {
        (1..=IDEMPOTENCY_KEY_BYTES_LIMIT).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_graphic())
    };
    name.map(str::trim).filter(|name| fits(name)).map(str::to_owned).ok_or_else(|| {
        Problem::bad_request(format!(
            "send the header `Idempotency-Key` once, with 1 to {IDEMPOTENCY_KEY_BYTES_LIMIT} visible ASCII characters"
        ))
    })
}

/// All that a request asks.
fn fingerprint(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in [parts.method.as_str(), parts.uri.path(), parts.uri.query().unwrap_or_default()] {
        context.update(part.as_bytes());
        // No part holds it, so that none reaches into the next.
        context.update(b"\n");
    }
    context.update(body);
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}
