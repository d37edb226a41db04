//! OAuth clients of a directory: how an IdP may be known that does not hold a bearer token. A client is replaced by
//! another one; both may live at once, so that an IdP can change over without a pause.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use lockstep_core::client::{OAuthClient, Proof};
use lockstep_core::id::ClientId;
use lockstep_core::model::Directory;
use lockstep_idp::Issuer;
use lockstep_store::{Entered, Entry, Store};

use super::bodies;
use super::fields::Fields;
use super::paging::{self, Paging};
use super::query::Query;
use super::{render, tokens};
use crate::auth::ApiCaller;
use crate::body::JsonObject;
use crate::limits::{CLIENTS_LIMIT, NAME_BYTES_LIMIT};
use crate::oauth::jwk::KeySet;
use crate::oauth::metadata::AUTHENTICATION_METHODS;
use crate::oauth::token::token_endpoint;
use crate::once::Once;
use crate::openapi::{Operation, Tag};
use crate::path::Path;
use crate::problem::Problem;
use crate::state::{AppState, CLIENT_SECRET_PREFIX, digest_of, provider_of, secret_text};
use crate::trail::Trail;

/// How [`list`] is described.
pub(crate) const LIST: Operation = Operation::new(
    "list_directory_oauth_clients",
    Tag::OAuthClients,
    "List the OAuth clients of a directory",
)
.list::<render::DirectoryOAuthClient>("A part of the clients.")
.errors(&[404]);

/// `GET /directories/{id}/oauth_clients`: newest first.
pub(crate) async fn list<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response, Problem> {
    let paging = Paging::read(&query, ClientId::parse)?;
    let (directory, _) = caller.directory(&state, &id).await?;
    let mut found = state.store.clients(directory.id.directory, paging.page.clone()).await?;
    let cursors = paging.cut(&mut found, |client| client.id.to_string());
    let endpoint = token_endpoint(&state);
    Ok(paging::list(
        found.iter().map(|client| render::oauth_client(directory.id, client, &endpoint)),
        cursors,
    ))
}

/// How [`read`] is described.
pub(crate) const READ: Operation =
    Operation::new("get_directory_oauth_client", Tag::OAuthClients, "Read an OAuth client")
        .answers::<render::DirectoryOAuthClient>(200, "The client.")
        .errors(&[404]);

/// `GET /directories/{id}/oauth_clients/{client_id}`.
pub(crate) async fn read<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path((id, client)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let missing = || Problem::not_found("OAuth client");
    let client = ClientId::parse(&client).ok_or_else(missing)?;
    let found = state.store.client(client).await?;
    let (_, client) = found.filter(|(owner, _)| *owner == directory.id.directory).ok_or_else(missing)?;
    Ok(Json(render::oauth_client(directory.id, &client, &token_endpoint(&state))).into_response())
}

/// How [`create`] is described.
pub(crate) const CREATE: Operation =
    Operation::new("create_directory_oauth_client", Tag::OAuthClients, "Make an OAuth client")
        .about("The answer has, this one time, the `client_secret`, where the client proves itself by one.")
        .body::<bodies::NewDirectoryOAuthClient>()
        .answers::<render::DirectoryOAuthClient>(201, "The client.")
        .errors(&[404, 409]);

/// `POST /directories/{id}/oauth_clients`. The answer is the client and, this one time, its `client_secret` where it has
/// one.
pub(crate) async fn create<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    once: Once,
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let mut fields = Fields::new(body, &CREATE);
    let name = fields.optional_text("name", NAME_BYTES_LIMIT).value();
    let scopes = tokens::scopes(&mut fields);
    let secret = state.draw_secret()?;
    let secret = secret_text(CLIENT_SECRET_PREFIX, secret);
    let proof = proof(&mut fields, &secret);
    fields.done()?;
    let proof = proof.ok_or_else(|| Problem::fault("a proof that is wrong was not told to be"))?;

    let now = state.clock.now();
    let id = ClientId::draw(now, &mut *state.secrets.random());
    let client = OAuthClient { id, name, proof, scopes, created_at: now };
    let endpoint = token_endpoint(&state);
    let mut answer = render::oauth_client(directory.id, &client, &endpoint);
    if let Proof::Secret { .. } = client.proof {
        answer.client_secret = Some(secret);
    }
    let receipt = once.receipt(&state, StatusCode::CREATED, &answer)?;
    let entry =
        Entry::Client { directory: directory.id.directory, client: client.clone(), max: CLIENTS_LIMIT };
    match state.store.enter(entry, receipt).await? {
        Entered::Done => {}
        Entered::Repeated => return Err(Problem::repeated()),
        Entered::Full => {
            let message = format!("the directory has {CLIENTS_LIMIT} OAuth clients: delete one first");
            return Err(Problem::conflict("too_many_oauth_clients", message));
        }
        Entered::Stale | Entered::LastKey => return Err(Problem::fault("a client takes nobody's place")),
    }
    let trail = trail("POST /directories/{id}/oauth_clients", &directory, id)?;
    Ok((StatusCode::CREATED, Extension(trail), Json(answer)).into_response())
}

/// How [`remove`] is described.
pub(crate) const REMOVE: Operation =
    Operation::new("delete_directory_oauth_client", Tag::OAuthClients, "Delete an OAuth client")
        .about("It gets no tokens any more, and those that it has are refused from now on.")
        .nothing(204, "It is gone.")
        .errors(&[404]);

/// `DELETE /directories/{id}/oauth_clients/{client_id}`: it gets no tokens any more, and those that it has are refused
/// from now on.
pub(crate) async fn remove<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path((id, client)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let missing = || Problem::not_found("OAuth client");
    let client = ClientId::parse(&client).ok_or_else(missing)?;
    if !state.store.remove_client(directory.id.directory, client).await? {
        return Err(missing());
    }
    let trail = trail("DELETE /directories/{id}/oauth_clients/{client_id}", &directory, client)?;
    Ok((StatusCode::NO_CONTENT, Extension(trail)).into_response())
}

/// How the client shall prove itself; `None` where what is wrong was told to `fields`. `secret` is what a client by
/// secret gets.
fn proof(fields: &mut Fields, secret: &str) -> Option<Proof> {
    let authentication = fields.text("authentication", NAME_BYTES_LIMIT);
    let (method, own): (_, &[&str]) = match authentication.as_str() {
        "client_secret_basic" => (Some(Method::Secret), &[]),
        "private_key_jwt" => (Some(Method::Keys), &["jwks"]),
        other => {
            let issuer = lockstep_idp::issuer(other).map(Method::Issuer);
            (issuer, &["tenant_id", "audience", "application_id"])
        }
    };
    let Some(method) = method else {
        if !authentication.is_empty() {
            let issuers = lockstep_idp::ISSUERS.iter().map(|issuer| issuer.name);
            let known: Vec<&str> = AUTHENTICATION_METHODS.into_iter().chain(issuers).collect();
            let message = format!("`authentication` must be one of: {}", known.join(", "));
            fields.wrong("authentication", "invalid_authentication", message);
        }
        return None;
    };
    // What has no meaning here was meant for something else.
    for field in ["jwks", "tenant_id", "audience", "application_id"] {
        if !own.contains(&field) && fields.has(field) {
            let message = format!("`{field}` has no meaning where `authentication` is `{authentication}`");
            fields.wrong(field, "not_applicable", message);
        }
    }
    match method {
        Method::Secret => Some(Proof::Secret { digest: digest_of(secret) }),
        Method::Keys => keys(fields),
        Method::Issuer(issuer) => trust(fields, issuer),
    }
}

#[derive(Clone, Copy)]
enum Method {
    Secret,
    Keys,
    Issuer(&'static Issuer),
}

fn keys(fields: &mut Fields) -> Option<Proof> {
    let Some(set) = fields.object("jwks") else {
        fields.wrong("jwks", "required", "`jwks` must be a JSON Web Key Set (RFC 7517 §5)".to_owned());
        return None;
    };
    match KeySet::parse_registered(set.to_string().as_bytes()) {
        Ok(keys) => Some(Proof::Keys { jwks: keys.to_json().to_string() }),
        Err(error) => {
            fields.wrong("jwks", "invalid_jwks", format!("`jwks` is not taken: {error}"));
            None
        }
    }
}

fn trust(fields: &mut Fields, issuer: &'static Issuer) -> Option<Proof> {
    let tenant = fields.text("tenant_id", NAME_BYTES_LIMIT).to_ascii_lowercase();
    let application =
        fields.optional_text("application_id", NAME_BYTES_LIMIT).value().map(|id| id.to_ascii_lowercase());
    let audience = fields
        .optional_text("audience", NAME_BYTES_LIMIT)
        .value()
        .unwrap_or_else(|| issuer.audience.to_owned());
    let mut valid = true;
    for (field, id) in [("tenant_id", Some(&tenant)), ("application_id", application.as_ref())] {
        if id.is_some_and(|id| !id.is_empty() && !(issuer.is_id)(id)) {
            let message = format!("`{field}` must be an id as {} writes it, a GUID", issuer.title);
            fields.wrong(field, "invalid_id", message);
            valid = false;
        }
    }
    // Anybody in the tenant can get a token for it: what remains is who got it.
    if application.is_none() && issuer.common_audiences.contains(&audience.as_str()) {
        let message = "anybody in the tenant gets tokens for this `audience`: say the `application_id` that must have it";
        fields.wrong("application_id", "required", message.to_owned());
        valid = false;
    }
    let issuer = issuer.name.to_owned();
    valid.then_some(Proof::Issuer { issuer, tenant, audience, application })
}

fn trail(operation: &str, directory: &Directory, client: ClientId) -> Result<Trail, Problem> {
    let provider = provider_of(directory)?;
    Ok(Trail { client: Some(client), ..Trail::about(operation, directory.id, provider.slug) })
}
