//! Goes on with what was begun: ends the memberships of deleted groups, lets stored resources follow their schemas and what
//! is mapped, hands what an organization maps to its directories, clears the rows of deleted directories. Takes no input: what there is to do stands in the store. May be killed at any moment, and may run twice. Besides, it does
//! what is due by the clock.

use lockstep_core::command::{Command, Envelope, Refusal, Reply};
use lockstep_core::id::{DirectoryNumber, OrganizationId, RequestId};
use lockstep_core::mapping::MappingChange;
use lockstep_core::model::Directory;
use lockstep_core::receipt::Receipt;
use lockstep_store::{DirectoryQuery, Page, Store, StoreError, Work};

use crate::limits::{
    CLEAR_ROWS_LIMIT, EXPIRED_TOKENS_LIMIT, ORGANIZATION_STEP_LIMIT, RECEIPTS_REMOVED_LIMIT,
    SPREAD_DIRECTORIES_LIMIT, TOKEN_USE_PERIOD, WORK_LIMIT, WORK_RETRY_WAIT,
};
use crate::problem::Problem;
use crate::state::AppState;

/// Works until the store stops: at the start, after each commit, and once a minute what is due by the clock.
pub async fn run<S: Store>(state: AppState<S>) {
    let mut committed = state.store.committed();
    let mut minute = tokio::time::interval(TOKEN_USE_PERIOD);
    minute.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        committed.borrow_and_update();
        match turn(&state).await {
            Ok(Turn::More) => {}
            Ok(Turn::Stopping) => return,
            Ok(Turn::Idle) => {
                tokio::select! {
                    changed = committed.changed() => {
                        if changed.is_err() {
                            return;
                        }
                    }
                    () = state.begun.notified() => {}
                    _ = minute.tick() => {
                        if let Err(problem) = tend(&state).await {
                            warn(&problem);
                        }
                    }
                }
            }
            Err(problem) => {
                warn(&problem);
                tokio::time::sleep(WORK_RETRY_WAIT).await;
            }
        }
    }
}

fn warn(problem: &Problem) {
    tracing::warn!(
        problem.code = problem.code,
        problem.detail = problem.detail.as_deref(),
        "background work could not go on; it is tried again"
    );
}

/// What is due by the clock: writes when tokens were last used, removes tokens of OAuth clients that have expired and
/// request records that are kept no longer.
pub async fn tend<S: Store>(state: &AppState<S>) -> Result<(), Problem> {
    match write_what_is_due(state).await {
        Ok(()) | Err(StoreError::Stopping) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn write_what_is_due<S: Store>(state: &AppState<S>) -> Result<(), StoreError> {
    let uses = state.credentials.uses.take();
    if !uses.is_empty()
        && let Err(error) = state.store.touch_tokens(uses.clone()).await
    {
        // They are due again next time.
        for used in uses {
            state.credentials.uses.note(used);
        }
        return Err(error);
    }
    let uses = state.credentials.key_uses.take();
    if !uses.is_empty()
        && let Err(error) = state.store.touch_api_keys(uses.clone()).await
    {
        for used in uses {
            state.credentials.key_uses.note(used);
        }
        return Err(error);
    }
    let now = state.clock.now();
    while state.store.remove_receipts(Receipt::ended(now), RECEIPTS_REMOVED_LIMIT).await? {}
    while state.store.remove_expired_tokens(now, EXPIRED_TOKENS_LIMIT).await? {}
    while state.requests.prune(now).await? {}
    Ok(())
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
        Work::Clear(directory) if clear_requests(state, directory).await => Ok(Turn::More),
        Work::Clear(directory) => match state.store.clear(directory, CLEAR_ROWS_LIMIT).await {
            Ok(more) => Ok(if more { Turn::More } else { Turn::Idle }),
            Err(StoreError::Stopping) => Ok(Turn::Stopping),
            Err(error) => Err(error.into()),
        },
        Work::EndOrganization(organization, request) => end_organization(state, organization, request).await,
        Work::EndGroup(number, group) => {
            let Some((directory, _)) = state.store.directory(number).await? else { return Ok(Turn::Idle) };
            let request = state.draw_request_id();
            go_on(state, &directory, request, Command::EndGroup(group)).await
        }
        Work::Reproject(number) => {
            let Some((directory, _)) = state.store.directory(number).await? else { return Ok(Turn::Idle) };
            go_on(state, &directory, state.draw_request_id(), Command::Reproject).await
        }
        Work::SpreadMapping(organization) => spread(state, organization).await,
        Work::Sweep(number) => {
            let Some((directory, _)) = state.store.directory(number).await? else { return Ok(Turn::Idle) };
            let Some(sweep) = directory.sweep.clone() else { return Ok(Turn::Idle) };
            // What comes of it was caused by whoever changed the schemas, or what is mapped.
            go_on(state, &directory, sweep.request, Command::Sweep).await
        }
    }
}

/// Hands what an organization maps to some of its directories that do not have it. Once all of them have, that is noted.
async fn spread<S: Store>(state: &AppState<S>, organization: OrganizationId) -> Result<Turn, Problem> {
    let known = state.store.organization_mapping(organization).await?;
    let Some(request) = known.request else { return Ok(Turn::Idle) };
    let query = DirectoryQuery { organizations: Some(vec![organization]), search: None };
    let mut page = Page::first(SPREAD_DIRECTORIES_LIMIT);
    let mut given = 0;
    let mut failed = None;
    loop {
        let found = state.store.directories(query.clone(), page.clone()).await?;
        for (directory, _) in &found {
            if state.store.mapping(directory.id.directory).await?.organization == known.attributes {
                continue;
            }
            // What else was begun does not wait for all of them.
            if given == SPREAD_DIRECTORIES_LIMIT {
                return Ok(Turn::More);
            }
            let change = MappingChange::Organization(known.attributes.clone());
            let command = Command::ChangeMapping(Box::new(change));
            match go_on(state, directory, request, command).await {
                Ok(Turn::Stopping) => return Ok(Turn::Stopping),
                Ok(Turn::More | Turn::Idle) => given += 1,
                Err(problem) => failed = Some(problem),
            }
        }
        match found.last() {
            Some((last, _)) if found.len() == SPREAD_DIRECTORIES_LIMIT => {
                page = Page::behind(last.id.local, SPREAD_DIRECTORIES_LIMIT);
            }
            _ => break,
        }
    }
    if let Some(problem) = failed {
        return Err(problem);
    }
    match state.store.note_mapping_spread(organization, known.version).await {
        // There may be users to go through now.
        Ok(()) => Ok(Turn::More),
        Err(StoreError::Stopping) => Ok(Turn::Stopping),
        Err(error) => Err(error.into()),
    }
}

/// Deletes some of the directories of a deleted organization.
async fn end_organization<S: Store>(
    state: &AppState<S>,
    organization: OrganizationId,
    request: RequestId,
) -> Result<Turn, Problem> {
    let query = DirectoryQuery { organizations: Some(vec![organization]), search: None };
    for (directory, _) in state.store.directories(query, Page::first(ORGANIZATION_STEP_LIMIT)).await? {
        match go_on(state, &directory, request, Command::DeleteDirectory).await? {
            Turn::Stopping => return Ok(Turn::Stopping),
            Turn::More | Turn::Idle => {}
        }
    }
    match state.store.clear_organization(organization).await {
        // Its directories have rows to be cleared now.
        Ok(_) => Ok(Turn::More),
        Err(StoreError::Stopping) => Ok(Turn::Stopping),
        Err(error) => Err(error.into()),
    }
}

/// Removes some records of a deleted directory's requests; whether there are more. Where that fails, they go when they
/// are old enough: the directory's rows do not wait for it.
async fn clear_requests<S: Store>(state: &AppState<S>, directory: DirectoryNumber) -> bool {
    state.requests.clear(directory).await.unwrap_or_else(|error| {
        warn(&error.into());
        false
    })
}

/// One step of what is done by commands.
async fn go_on<S: Store>(
    state: &AppState<S>,
    directory: &Directory,
    request: RequestId,
    command: Command,
) -> Result<Turn, Problem> {
    let (_, terms) = state.contract_of(directory).await?;
    let envelope = Envelope { directory: directory.id.directory, request, terms, command };
    match state.store.submit(envelope).await {
        Ok(Ok(outcome)) => Ok(match outcome.reply {
            Reply::Step { more: true } => Turn::More,
            _ => Turn::Idle,
        }),
        // The directory's row is read again at the next turn.
        Ok(Err(Refusal::Stale)) => Ok(Turn::More),
        Ok(Err(Refusal::NoDirectory)) => Ok(Turn::Idle),
        Ok(Err(refusal)) => Err(refusal.into()),
        Err(StoreError::Stopping) => Ok(Turn::Stopping),
        Err(error) => Err(error.into()),
    }
}
