//! Bearer tokens of a directory: made, listed and revoked by the application. Several may live at once, so that one can
//! be replaced without a pause. The secret is shown when the token is made and never again: only its digest is kept.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use lockstep_core::clock::Timestamp;
use lockstep_core::id::{DirectoryNumber, TokenId};
use lockstep_core::model::{Directory, Token};
use lockstep_core::scope::{Scope, Scopes, UnknownScope};
use lockstep_store::{Page, Store};

use super::bodies;
use super::fields::Fields;
use super::paging::{self, Paging};
use super::query::Query;
use super::render;
use crate::auth::ApiCaller;
use crate::body::JsonObject;
use crate::limits::{NAME_BYTES_LIMIT, TOKENS_LIMIT};
use crate::openapi::{Operation, Tag};
use crate::problem::Problem;
use crate::state::{AppState, TOKEN_PREFIX, digest_of, provider_of, secret_text};
use crate::trail::Trail;

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
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let now = state.clock.now();
    let mut fields = Fields::new(body, &CREATE);
    let name = fields.optional_text("name", NAME_BYTES_LIMIT).value();
    let scopes = scopes(&mut fields);
    let expires_at = expires_at(&mut fields, now);
    fields.done()?;

    make_room(&state, directory.id.directory, now).await?;
    let secret = state.draw_secret()?;
    let bearer_token = secret_text(TOKEN_PREFIX, secret);
    let id = TokenId::draw(now, &mut *state.secrets.random());
    let token = Token { name, scopes, expires_at, ..Token::unrestricted(id, digest_of(&bearer_token), now) };
    state.store.put_token(directory.id.directory, token.clone()).await?;
    let mut answer = render::token(directory.id, &token);
    answer.bearer_token = Some(bearer_token);
    let trail = trail("POST /directories/{id}/tokens", &directory, id)?;
    Ok((StatusCode::CREATED, Extension(trail), Json(answer)).into_response())
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

fn expires_at(fields: &mut Fields, now: Timestamp) -> Option<Timestamp> {
    let text = fields.optional_text("expires_at", NAME_BYTES_LIMIT).value()?;
    let time = Timestamp::parse(&text).filter(|time| now < *time);
    if time.is_none() {
        let message = "`expires_at` must be a time that is still to come and before 9999-12-30, such as \
                       `2030-01-31T12:00:00Z`; leave it out where there is no end";
        fields.wrong("expires_at", "invalid_time", message.to_owned());
    }
    time
}

/// Where a directory has as many tokens as it may, the oldest expired one gives way; 409 where none has expired.
async fn make_room<S: Store>(
    state: &AppState<S>,
    directory: DirectoryNumber,
    now: Timestamp,
) -> Result<(), Problem> {
    let oldest_first = state.store.tokens(directory, None, Page::first(TOKENS_LIMIT)).await?;
    if oldest_first.len() < TOKENS_LIMIT {
        return Ok(());
    }
    let Some(expired) = oldest_first.iter().find(|token| !token.is_alive(now)) else {
        let message = format!("the directory has {TOKENS_LIMIT} tokens that live: revoke one first");
        return Err(Problem::conflict("too_many_tokens", message));
    };
    state.store.revoke_token(directory, expired.id).await?;
    Ok(())
}

fn trail(operation: &str, directory: &Directory, token: TokenId) -> Result<Trail, Problem> {
    let provider = provider_of(directory)?;
    Ok(Trail { token: Some(token), ..Trail::about(operation, directory.id, provider.slug) })
}
