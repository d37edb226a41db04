//! Bearer tokens of a directory: made, listed and revoked by the application. Several may live at once, so that one can
//! be replaced without a pause. The secret is shown when the token is made and never again: only its digest is kept.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use lockstep_core::clock::Timestamp;
use lockstep_core::id::TokenId;
use lockstep_core::model::{Directory, Token};
use lockstep_core::scope::{Scope, Scopes, UnknownScope};
use lockstep_store::{Entered, Entry, Page, Store};

use super::bodies;
use super::fields::{Fields, Given};
use super::paging::{self, Paging};
use super::query::Query;
use super::render;
use crate::auth::ApiCaller;
use crate::body::JsonObject;
use crate::limits::{NAME_BYTES_LIMIT, OVERLAP_LIMIT, TOKENS_LIMIT};
use crate::once::Once;
use crate::openapi::{Operation, Tag};
use crate::path::Path;
use crate::problem::Problem;
use crate::state::{AppState, TOKEN_PREFIX, digest_of, provider_of, secret_text};
use crate::trail::Trail;

/// The last time that can be said: 9999-12-30.
const LAST_END: Timestamp = Timestamp(253_402_128_000_000_000);

/// How [`list`] is described.
pub(crate) const LIST: Operation =
    Operation::new("list_directory_tokens", Tag::Tokens, "List the bearer tokens of a directory")
        .about("Expired ones too. Those that were issued to OAuth clients are not here.")
        .list::<render::DirectoryToken>("A part of the tokens.")
        .errors(&[404]);

/// `GET /directories/{id}/tokens`: newest first, expired ones too; those that were issued to OAuth clients are not here.
pub(crate) async fn list<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response, Problem> {
    let paging = Paging::read(&query, TokenId::parse)?;
    let (directory, _) = caller.directory(&state, &id).await?;
    let mut found = state.store.tokens(directory.id.directory, None, paging.page.clone()).await?;
    let cursors = paging.cut(&mut found, |token| token.id.to_string());
    Ok(paging::list(found.iter().map(|token| render::token(directory.id, token)), cursors))
}

/// How [`create`] is described.
pub(crate) const CREATE: Operation =
    Operation::new("create_directory_token", Tag::Tokens, "Make a bearer token")
        .about("The answer has, this one time, the `bearer_token`. A directory has at most 20 that live.")
        .body::<bodies::NewDirectoryToken>()
        .answers::<render::DirectoryToken>(201, "The token, with its secret.")
        .errors(&[404, 409]);

/// `POST /directories/{id}/tokens`. The answer is the token and, this one time, `bearer_token`.
pub(crate) async fn create<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    once: Once,
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let now = state.clock.now();
    let mut fields = Fields::new(body, &CREATE);
    let name = fields.optional_text("name", NAME_BYTES_LIMIT).value();
    let scopes = scopes(&mut fields);
    let expires_at = fields.optional_end("expires_at", now).value();
    fields.done()?;

    let secret = state.draw_secret()?;
    let bearer_token = secret_text(TOKEN_PREFIX, secret);
    let id = TokenId::draw(now, &mut *state.secrets.random());
    let token = Token { name, scopes, expires_at, ..Token::unrestricted(id, digest_of(&bearer_token), now) };
    let mut answer = render::token(directory.id, &token);
    answer.bearer_token = Some(bearer_token);
    let receipt = once.receipt(&state, StatusCode::CREATED, &answer)?;
    let entry = Entry::Token { directory: directory.id.directory, token: token.clone(), max: TOKENS_LIMIT };
    told(state.store.enter(entry, receipt).await?)?;
    let trail = trail("POST /directories/{id}/tokens", &directory, id)?;
    Ok((StatusCode::CREATED, Extension(trail), Json(answer)).into_response())
}

/// How [`rotate`] is described.
pub(crate) const ROTATE: Operation =
    Operation::new("rotate_directory_token", Tag::Tokens, "Replace a bearer token")
        .about(
            "The new token has the name and the scopes of the old one, which is accepted for `overlap_seconds` more. The \
             answer has, this one time, the `bearer_token`.",
        )
        .body::<bodies::Rotation>()
        .answers::<render::DirectoryToken>(201, "The new token, with its secret.")
        .errors(&[404, 409]);

/// `POST /directories/{id}/tokens/{token_id}/rotate`: a token in its place, with its name and its scopes, that lives as
/// long as it was to live. The old one is accepted for `overlap_seconds` more. The answer is the new token and, this one
/// time, `bearer_token`.
pub(crate) async fn rotate<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    once: Once,
    Path((id, old)): Path<(String, String)>,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let number = directory.id.directory;
    let old = match TokenId::parse(&old) {
        Some(id) => state.store.tokens(number, None, only(id)).await?.pop().filter(|token| token.id == id),
        None => None,
    };
    let old = old.ok_or_else(|| Problem::not_found("directory token"))?;
    let now = state.clock.now();
    let mut fields = Fields::new(body, &ROTATE);
    let overlap = fields.seconds("overlap_seconds", OVERLAP_LIMIT);
    let expires_at = fields.optional_end("expires_at", now);
    fields.done()?;

    let bearer_token = secret_text(TOKEN_PREFIX, state.draw_secret()?);
    let token = Token {
        id: TokenId::draw(now, &mut *state.secrets.random()),
        digest: digest_of(&bearer_token),
        created_at: now,
        expires_at: renewed(&expires_at, old.created_at, old.expires_at, now),
        last_used_at: None,
        ..old.clone()
    };
    let mut answer = render::token(directory.id, &token);
    answer.bearer_token = Some(bearer_token);
    let receipt = once.receipt(&state, StatusCode::CREATED, &answer)?;
    let entry = Entry::RotatedToken {
        directory: number,
        old: old.id,
        old_ends_at: after(now, overlap),
        token: token.clone(),
        max: TOKENS_LIMIT,
    };
    told(state.store.enter(entry, receipt).await?)?;
    let trail = trail("POST /directories/{id}/tokens/{token_id}/rotate", &directory, token.id)?;
    Ok((StatusCode::CREATED, Extension(trail), Json(answer)).into_response())
}

/// The page that begins with this token.
fn only(id: TokenId) -> Page<TokenId> {
    Page { after: id.0.checked_sub(1).map(TokenId), ..Page::first(1) }
}

/// When a credential ends that takes another one's place: where nothing is said, after as long a life.
pub(super) fn renewed(
    given: &Given<Timestamp>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    match given {
        Given::Value(end) => Some(*end),
        Given::Null => None,
        Given::Absent => expires_at.map(|end| {
            let life = end.0.saturating_sub(created_at.0);
            Timestamp(now.0.saturating_add(life).min(LAST_END.0))
        }),
    }
}

/// So much later.
pub(super) fn after(now: Timestamp, wait: Duration) -> Timestamp {
    Timestamp(now.0.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)))
}

/// How [`remove`] is described.
pub(crate) const REMOVE: Operation = Operation::new("delete_directory_token", Tag::Tokens, "Revoke a bearer token")
    .about("It is refused from now on, also where it is the last one; so is a request whose body is still on its way.")
    .nothing(204, "It is revoked.")
    .errors(&[404]);

/// `DELETE /directories/{id}/tokens/{token_id}`: refused from now on, also where it is the last one; so is a request whose
/// body is still on its way.
pub(crate) async fn remove<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path((id, token)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let missing = || Problem::not_found("directory token");
    let token = TokenId::parse(&token).ok_or_else(missing)?;
    if !state.store.revoke_token(directory.id.directory, token).await? {
        return Err(missing());
    }
    let trail = trail("DELETE /directories/{id}/tokens/{token_id}", &directory, token)?;
    Ok((StatusCode::NO_CONTENT, Extension(trail)).into_response())
}

/// The field `scopes`: what may not be done.
pub(super) fn scopes(fields: &mut Fields) -> Scopes {
    let names = fields.optional_texts("scopes", Scope::ALL.len()).value().unwrap_or_default();
    names.iter().map(|name| name.parse::<Scope>()).collect::<Result<_, UnknownScope>>().unwrap_or_else(
        |unknown| {
            fields.wrong("scopes", "invalid_scopes", unknown.to_string());
            Scopes::EVERYTHING
        },
    )
}

/// What became of a token that was to be recorded: 409 where the directory has as many as it may.
fn told(entered: Entered) -> Result<(), Problem> {
    match entered {
        Entered::Done => Ok(()),
        Entered::Repeated => Err(Problem::repeated()),
        Entered::Stale => Err(Problem::not_found("directory token")),
        Entered::Full => {
            let message = format!("the directory has {TOKENS_LIMIT} tokens that live: revoke one first");
            Err(Problem::conflict("too_many_tokens", message))
        }
        Entered::LastKey => Err(Problem::fault("a token is no API key")),
    }
}

fn trail(operation: &str, directory: &Directory, token: TokenId) -> Result<Trail, Problem> {
    let provider = provider_of(directory)?;
    Ok(Trail { token: Some(token), ..Trail::about(operation, directory.id, provider.slug) })
}
