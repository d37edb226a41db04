//! Goes on with what was begun: ends the memberships of deleted groups, clears the rows of deleted directories. Takes
//! no input: what there is to do stands in the store. May be killed at any moment, and may run twice.

use lockstep_core::command::{Command, Envelope, Refusal, Reply};
use lockstep_store::{Store, StoreError, Work};

use crate::limits::{CLEAR_ROWS_LIMIT, WORK_LIMIT, WORK_RETRY_WAIT};
use crate::problem::Problem;
use crate::state::AppState;

/// Works until the store stops: at the start, and after each commit.
pub async fn run<S: Store>(state: AppState<S>) {
    let mut committed = state.store.committed();
    loop {
        committed.borrow_and_update();
        match turn(&state).await {
            Ok(Turn::More) => {}
            Ok(Turn::Stopping) => return,
            Ok(Turn::Idle) => {
                if committed.changed().await.is_err() {
                    return;
                }
            }
            Err(problem) => {
                tracing::warn!(
                    problem.code = problem.code,
                    problem.detail = problem.detail.as_deref(),
                    "background work could not go on; it is tried again"
                );
                tokio::time::sleep(WORK_RETRY_WAIT).await;
            }
        }
    }
}

/// What a turn left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// There is more to do.
    More,
    /// There is nothing to do.
    Idle,
    /// The store takes no more writes.
    Stopping,
}

/// One bounded step of everything that was begun. What fails does not keep the rest from going on.
pub async fn turn<S: Store>(state: &AppState<S>) -> Result<Turn, Problem> {
    let work = state.store.work(WORK_LIMIT).await?;
    // Where the list was full, there may be more that it did not name.
    let mut left = if work.len() < WORK_LIMIT { Turn::Idle } else { Turn::More };
    let mut failed = None;
    for work in work {
        match step(state, work).await {
            Ok(Turn::Stopping) => return Ok(Turn::Stopping),
            Ok(Turn::More) => left = Turn::More,
            Ok(Turn::Idle) => {}
            Err(problem) => failed = Some(problem),
        }
    }
    failed.map_or(Ok(left), Err)
}

async fn step<S: Store>(state: &AppState<S>, work: Work) -> Result<Turn, Problem> {
    match work {
        Work::Clear(directory) => match state.store.clear(directory, CLEAR_ROWS_LIMIT).await {
            Ok(more) => Ok(if more { Turn::More } else { Turn::Idle }),
            Err(StoreError::Stopping) => Ok(Turn::Stopping),
            Err(error) => Err(error.into()),
        },
        Work::EndGroup(number, group) => {
            let Some((directory, _)) = state.store.directory(number).await? else { return Ok(Turn::Idle) };
            let (_, terms) = state.contract_of(&directory)?;
            let request = state.draw_request_id();
            let envelope = Envelope { directory: number, request, terms, command: Command::EndGroup(group) };
            match state.store.submit(envelope).await {
                Ok(Ok(outcome)) => Ok(match outcome.reply {
                    Reply::Step { more: true } => Turn::More,
                    _ => Turn::Idle,
                }),
                Ok(Err(Refusal::NoDirectory)) => Ok(Turn::Idle),
                Ok(Err(refusal)) => Err(refusal.into()),
                Err(StoreError::Stopping) => Ok(Turn::Stopping),
                Err(error) => Err(error.into()),
            }
        }
    }
}
