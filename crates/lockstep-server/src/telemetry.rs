//! One wide line a request, its id on every answer, and what keeps a panic from being more than one failed request.
//! Never logged: a token, an e-mail address, a name, an address, a body, a query string.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::HeaderValue;
use lockstep_core::id::{ApiKeyId, RequestId};
use lockstep_store::Store;

use crate::problem::{DAMAGED, Problem, Surface, Told, rendered};
use crate::requests::{self, Arrived};
use crate::scans::Client;
use crate::state::AppState;
use crate::trail::{CameBy, Trail};

/// Wraps every request: draws its id, which handlers find as an extension; catches a panic; gives a failure its shape;
/// writes the line.
pub(crate) async fn observe<S: Store>(
    State(state): State<AppState<S>>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let surface = Surface::of(request.uri().path());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let id = state.draw_request_id();
    request.extensions_mut().insert(id);
    let came_by = CameBy::default();
    request.extensions_mut().insert(came_by.clone());
    let arrived = (surface == Surface::Scim && state.requests.is_on()).then(|| Arrived::of(&request));
    // Dropped with this future, when the client goes away.
    let (client, _waits) = Client::waiting();
    request.extensions_mut().insert(client);

    // A task of its own: what a client that went away began is ended and logged like everything else. A long read asks
    // whether it still waits.
    let served = tokio::spawn(async move {
        let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let response = answered.unwrap_or_else(|_| Problem::fault("a handler panicked").into_response());
        let mut response = with_id(rendered(response, surface, id), id);
        let took = began.elapsed();
        let line = Line {
            id: &id.to_string(),
            method: method.as_str(),
            route: route.as_deref().unwrap_or("none"),
            status: response.status().as_u16(),
            key: came_by.key(),
            duration_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        };
        line.write(response.extensions().get(), response.extensions().get());
        if let Some(arrived) = arrived {
            requests::record(&state, arrived, id, &mut response, took).await;
        }
        response
    });
    served.await.unwrap_or_else(|ended| {
        let problem = Problem::fault(format!("a request's task ended early: {ended}"));
        with_id(rendered(problem.into_response(), surface, id), id)
    })
}

fn with_id(mut response: Response, id: RequestId) -> Response {
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

struct Line<'a> {
    id: &'a str,
    method: &'a str,
    route: &'a str,
    status: u16,
    key: Option<ApiKeyId>,
    duration_us: u64,
}

impl Line<'_> {
    fn write(&self, trail: Option<&Trail>, told: Option<&Told>) {
        let problem = told.map(|told| &told.0);
        let repairs: Vec<&str> =
            trail.iter().flat_map(|trail| &trail.repairs).map(|note| note.repair).collect();
        let what =
            trail.map_or_else(|| format!("{} {}", self.method, self.route), |trail| trail.operation.clone());
        // The macro wants its level to be constant.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    http.method = self.method,
                    http.route = self.route,
                    http.operation = trail.map(|trail| trail.operation.as_str()),
                    http.status = self.status,
                    directory.id = trail.and_then(|trail| trail.directory).map(tracing::field::display),
                    token.id = trail.and_then(|trail| trail.token).map(tracing::field::display),
                    key.id = self.key.map(tracing::field::display),
                    client.id = trail.and_then(|trail| trail.client).map(tracing::field::display),
                    provider = trail.map(|trail| trail.contract),
                    repairs = repairs.join(","),
                    events = trail.map_or(0, |trail| trail.events),
                    notes = trail.map(|trail| trail.notes.join("; ")),
                    problem.code = problem.map(|problem| problem.code),
                    problem.detail = problem.and_then(|problem| problem.detail.as_deref()),
                    duration_us = self.duration_us,
                    request.id = self.id,
                    "{what} answered {}",
                    self.status
                )
            };
        }
        match self.status {
            501 => line!(info),
            503 if problem.is_none_or(|problem| problem.code != DAMAGED) => line!(warn),
            500.. => line!(error),
            _ => line!(info),
        }
    }
}

#[cfg(test)]
mod tests;
