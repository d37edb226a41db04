//! The token endpoint: a client proves who it is and gets a bearer token for a while (RFC 6749 §3.2, §4.4). Errors are
//! those of §5.2, and hold nothing of what was sent.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};
use lockstep_core::client::{OAuthClient, Proof, UsedAssertion};
use lockstep_core::clock::Timestamp;
use lockstep_core::id::{ClientId, TokenId};
use lockstep_core::model::{Directory, DirectoryState, Token};
use lockstep_core::scope::{Scope, Scopes};
use lockstep_store::{Issue, Issued, Store};
use serde::Serialize;
use utoipa::ToSchema;

use super::assertion::{self, ASSERTION_TYPE};
use super::jwk::KeySet;
use super::jwt::JwtError;
use crate::api::bodies::TokenRequest;
use crate::body::Form;
use crate::limits::{
    ACCESS_TOKEN_LIFETIME, CLIENT_ASSERTIONS_LIMIT, CLIENT_TOKENS_LIMIT, CREDENTIAL_BYTES_LIMIT,
};
use crate::openapi::{Operation, Tag};
use crate::problem::Problem;
use crate::state::{ACCESS_TOKEN_PREFIX, AppState, digest_of, provider_of, secret_text};
use crate::trail::Trail;

/// The scope that says: all that the client may do.
pub(super) const SCIM_SCOPE: &str = "scim";

/// Where tokens are asked for.
pub(crate) fn token_endpoint<S: Store>(state: &AppState<S>) -> String {
    format!("{}/oauth2/token", state.public_url)
}

/// How [`issue`] is described.
pub(crate) const ISSUE: Operation =
    Operation::new("create_access_token", Tag::OAuth, "Get a token as an OAuth client of a directory")
        .about(
            "The client proves who it is by HTTP Basic, or by an assertion that it signed (RFC 7523 §2.2). Errors are \
             those of RFC 6749 §5.2.",
        )
        .form::<TokenRequest>()
        .answers::<AccessToken>(200, "The token.");

/// A token for an OAuth client (RFC 6749 §5.1).
#[derive(Serialize, ToSchema)]
pub(crate) struct AccessToken {
    /// The token itself.
    #[serde(rename = "access_token")]
    secret: String,
    /// How it is sent.
    #[schema(pattern = "^Bearer$")]
    token_type: &'static str,
    /// For how many seconds it is good.
    expires_in: u64,
    /// What it is good for.
    scope: String,
}

/// `POST /oauth2/token`.
pub(crate) async fn issue<S: Store>(
    State(state): State<AppState<S>>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    check_grant_type(&form)?;
    let now = state.clock.now();
    let asker = authenticate(&state, &headers, &form, now).await?;
    if asker.directory.state == DirectoryState::Unlinked {
        let message = "the directory is paused: ask the application's operator to resume it, and then ask for a token again";
        return Err(Problem::oauth("unauthorized_client", message));
    }
    let scopes = granted(asker.client.scopes, form.one("scope")?)?;

    let secret = state.draw_secret()?;
    let access_token = secret_text(ACCESS_TOKEN_PREFIX, secret);
    let id = TokenId::draw(now, &mut *state.secrets.random());
    let lifetime = i64::try_from(ACCESS_TOKEN_LIFETIME.as_micros()).unwrap_or(i64::MAX);
    let token = Token {
        scopes,
        expires_at: Some(Timestamp(now.0.saturating_add(lifetime))),
        client: Some(asker.client.id),
        ..Token::unrestricted(id, digest_of(&access_token), now)
    };
    let issue = Issue {
        token,
        assertion: asker.assertion,
        tokens_max: CLIENT_TOKENS_LIMIT,
        assertions_max: CLIENT_ASSERTIONS_LIMIT,
    };
    match state.store.issue_token(asker.directory.id.directory, issue).await? {
        Issued::Done => {}
        Issued::NoClient => return Err(unknown_client()),
        Issued::UsedBefore => {
            return Err(Problem::invalid_client(
                "the assertion was used before: sign a new one for each request",
            ));
        }
        Issued::TooManyAssertions => {
            let message =
                "too many assertions of this client are still valid: use an access token until it expires";
            return Err(Problem::slow_down(message));
        }
    }
    let provider = provider_of(&asker.directory)?;
    let trail = Trail {
        operation: "POST /oauth2/token".to_owned(),
        directory: Some(asker.directory.id),
        token: Some(id),
        client: Some(asker.client.id),
        contract: provider.slug,
        ..Trail::default()
    };
    let answer = AccessToken {
        secret: access_token,
        token_type: "Bearer",
        expires_in: ACCESS_TOKEN_LIFETIME.as_secs(),
        scope: scope_text(scopes),
    };
    // RFC 6749 §5.1.
    let private = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    Ok((private, Extension(trail), Json(answer)).into_response())
}

fn check_grant_type(form: &Form) -> Result<(), Problem> {
    match form.one("grant_type")? {
        Some("client_credentials") => Ok(()),
        Some(_) => {
            let message = "the only grant type here is `client_credentials`";
            Err(Problem::oauth("unsupported_grant_type", message))
        }
        None => Err(Problem::oauth("invalid_request", "the parameter `grant_type` is missing")),
    }
}

/// Who asks, proved.
struct Asker {
    client: OAuthClient,
    directory: Directory,
    assertion: Option<UsedAssertion>,
}

/// Says the same of a client that never was, one that is gone, and a wrong secret.
fn unknown_client() -> Problem {
    Problem::invalid_client("the client is not known, or what it sent does not prove that it is this client")
}

/// RFC 6749 §2.3: by exactly one method, and by the one that the client was made for.
async fn authenticate<S: Store>(
    state: &AppState<S>,
    headers: &HeaderMap,
    form: &Form,
    now: Timestamp,
) -> Result<Asker, Problem> {
    let basic = headers.contains_key(header::AUTHORIZATION);
    let assertion = form.one("client_assertion")?;
    let assertion_type = form.one("client_assertion_type")?;
    let in_body = form.one("client_secret")?.is_some();
    let by_assertion = assertion.is_some() || assertion_type.is_some();
    if usize::from(basic) + usize::from(by_assertion) + usize::from(in_body) > 1 {
        return Err(Problem::oauth("invalid_request", "prove who you are in one way only"));
    }
    let asker = match (assertion, assertion_type) {
        _ if in_body => {
            let message =
                "a secret in the body is not taken: send it by HTTP Basic, as `client_secret_basic` says";
            return Err(Problem::invalid_client(message));
        }
        _ if basic => by_secret(state, headers).await?,
        (Some(assertion), Some(ASSERTION_TYPE)) => by_signature(state, assertion, now).await?,
        (Some(_), _) => {
            let message = format!("`client_assertion_type` must be `{ASSERTION_TYPE}`");
            return Err(Problem::oauth("invalid_request", message));
        }
        (None, Some(_)) => {
            return Err(Problem::oauth("invalid_request", "the parameter `client_assertion` is missing"));
        }
        (None, None) => {
            let message = "prove who you are: by HTTP Basic, or by an assertion in `client_assertion`";
            return Err(Problem::invalid_client(message));
        }
    };
    // RFC 7521 §4.2: where it is said besides, it must be the same.
    if form.one("client_id")?.is_some_and(|id| id != asker.client.id.to_string()) {
        return Err(unknown_client());
    }
    Ok(asker)
}

/// The client with this id, and its directory, where that was not deleted.
async fn find<S: Store>(state: &AppState<S>, id: &str) -> Result<Option<(OAuthClient, Directory)>, Problem> {
    let Some(id) = ClientId::parse(id) else { return Ok(None) };
    let Some((number, client)) = state.store.client(id).await? else { return Ok(None) };
    let found = state.store.directory(number).await?;
    let directory = found.map(|(directory, _)| directory);
    let directory = directory.filter(|directory| directory.state != DirectoryState::Deleting);
    Ok(directory.map(|directory| (client, directory)))
}

async fn by_secret<S: Store>(state: &AppState<S>, headers: &HeaderMap) -> Result<Asker, Problem> {
    let (id, secret) = basic_credentials(headers)?;
    let (client, directory) = find(state, &id).await?.ok_or_else(unknown_client)?;
    let Proof::Secret { digest } = &client.proof else { return Err(unknown_client()) };
    aws_lc_rs::constant_time::verify_slices_are_equal(digest, &digest_of(&secret))
        .map_err(|_| unknown_client())?;
    Ok(Asker { client, directory, assertion: None })
}

async fn by_signature<S: Store>(
    state: &AppState<S>,
    assertion: &str,
    now: Timestamp,
) -> Result<Asker, Problem> {
    let refused = |error: JwtError| Problem::invalid_client(format!("the assertion was not taken: {error}"));
    let (token, issuer) = assertion::read(assertion).map_err(refused)?;
    let (client, directory) = find(state, &issuer).await?.ok_or_else(unknown_client)?;
    let Proof::Keys { jwks } = &client.proof else { return Err(unknown_client()) };
    let keys = KeySet::parse_registered(jwks.as_bytes())
        .map_err(|error| Problem::fault(format!("a client's keys cannot be read: {error}")))?;
    // RFC 7523 §3: the token endpoint; and the issuer, which the successor of that text wants.
    let audiences = [token_endpoint(state), state.public_url.clone()];
    let audiences: Vec<&str> = audiences.iter().map(String::as_str).collect();
    let used = assertion::check(token, &client, &keys, &audiences, now).map_err(refused)?;
    Ok(Asker { client, directory, assertion: Some(used) })
}

/// RFC 6749 §2.3.1: id and secret, each form-encoded, by HTTP Basic (RFC 7617).
fn basic_credentials(headers: &HeaderMap) -> Result<(String, String), Problem> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else {
        return Err(Problem::oauth("invalid_request", "send the header `Authorization` once"));
    };
    let read = || {
        let value = value.to_str().ok().filter(|value| value.len() <= CREDENTIAL_BYTES_LIMIT)?;
        let (scheme, encoded) = value.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (id, secret) = pair.split_once(':')?;
        Some((form_decoded(id)?, form_decoded(secret)?))
    };
    read().ok_or_else(|| {
        let message = "the header `Authorization` must be `Basic` and the base64 of the client's id, a colon and its secret";
        Problem::invalid_client(message)
    })
}

fn form_decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// What the token may not do: what the client may not, and what was asked to be taken away besides. `scim` asks for
/// all that the client has; so does to ask for nothing.
fn granted(own: Scopes, wanted: Option<&str>) -> Result<Scopes, Problem> {
    let invalid = |message: &str| Problem::oauth("invalid_scope", message);
    let names = wanted.unwrap_or(SCIM_SCOPE).split(' ').filter(|name| *name != SCIM_SCOPE);
    let wanted: Result<Scopes, _> = names.map(str::parse::<Scope>).collect();
    let wanted = wanted.map_err(|_| {
        invalid("a scope is `scim` or one of: read, users, groups, no-delete; several have one space between them")
    })?;
    own.narrowed_by(wanted).ok_or_else(|| invalid("nothing is left of what the client may do"))
}

fn scope_text(scopes: Scopes) -> String {
    let names: Vec<&str> = std::iter::once(SCIM_SCOPE).chain(scopes.iter().map(Scope::as_str)).collect();
    names.join(" ")
}
