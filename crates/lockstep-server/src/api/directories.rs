//! Directories: one IdP's connection to one organization.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use lockstep_core::command::{Command, Envelope, NewDirectory, Refusal, Reply};
use lockstep_core::credential_header::CredentialHeader;
use lockstep_core::id::{DirectoryId, DirectoryNumber, LocalId, OrganizationId, RequestId, TokenId};
use lockstep_core::limits::CREDENTIAL_HEADER_BYTES_LIMIT;
use lockstep_core::mapping::STANDARD_VERSION;
use lockstep_core::model::{Directory, DirectoryState, Head, Token};
use lockstep_core::recognition::Recognition;
use lockstep_core::settings::{Setting, Settings};
use lockstep_idp::Provider;
use lockstep_store::{DirectoryQuery, Store};

use super::bodies;
use super::fields::{Fields, Given};
use super::paging::{self, Paging};
use super::query::Query;
use super::render;
use crate::auth::ApiCaller;
use crate::body::JsonObject;
use crate::limits::{NAME_BYTES_LIMIT, NUMBER_DRAWS_LIMIT};
use crate::openapi::{Operation, Tag, text};
use crate::problem::Problem;
use crate::recognition;
use crate::state::{AppState, TOKEN_PREFIX, digest_of, secret_text};
use crate::trail::Trail;

/// A directory that was made, and the secret that is shown this one time.
#[derive(Clone, Debug)]
pub struct Created {
    /// The directory.
    pub directory: Directory,
    /// By what its IdP will be known.
    pub bearer_token: String,
}

/// How [`create`] is described.
pub(crate) const CREATE: Operation = Operation::new("create_directory", Tag::Directories, "Make a directory")
    .about(
        "The answer has, this one time, the `bearer_token`, and the `scim_endpoint`: what the IdP's administrator enters \
         there.",
    )
    .body::<bodies::NewDirectory>()
    .answers::<render::Directory>(201, "The directory, with its endpoint and its first token.")
    .errors(&[404]);

/// `POST /directories`. The answer is the directory and, this one time, `scim_endpoint` and `bearer_token`.
pub(crate) async fn create<S: Store>(
    State(state): State<AppState<S>>,
    Extension(request): Extension<RequestId>,
    caller: ApiCaller,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let mut fields = Fields::new(body, &CREATE);
    let organization = fields.text("organization_id", NAME_BYTES_LIMIT);
    let name = fields.text("name", NAME_BYTES_LIMIT);
    let directory_type = fields.text("type", NAME_BYTES_LIMIT);
    if !directory_type.is_empty() && lockstep_idp::for_type(&directory_type).is_none() {
        let known: Vec<&str> = lockstep_idp::directory_types().collect();
        fields.wrong("type", "invalid_type", format!("`type` must be one of: {}", known.join(", ")));
    }
    let suits = |provider: &Provider| directory_type.is_empty() || provider.suits(&directory_type);
    let contract = contract(&mut fields, " of a directory of this type", suits);
    fields.done()?;
    let provider = contract.or_else(|| lockstep_idp::for_type(&directory_type));
    let provider = provider.ok_or_else(|| Problem::fault("a known type has no contract"))?;
    let organization = caller.organization(&state, &organization).await?;

    let (created, trail) = make(&state, request, organization.id, &name, &directory_type, provider).await?;
    let mut answer =
        render::directory(&created.directory, &Head::default(), &state.contract_rules(&created.directory));
    answer.scim_endpoint = Some(scim_endpoint(&state, created.directory.id));
    answer.bearer_token = Some(created.bearer_token);
    Ok((StatusCode::CREATED, Extension(trail), Json(answer)).into_response())
}

/// The contract that the field `contract` names; nothing where it is left out, or wrong and noted as such.
fn contract(
    fields: &mut Fields,
    whose: &str,
    suits: impl Fn(&Provider) -> bool,
) -> Option<&'static Provider> {
    let slug = fields.optional_text("contract", NAME_BYTES_LIMIT).value()?;
    let suiting = || lockstep_idp::PROVIDERS.iter().copied().filter(|provider| suits(provider));
    let found = suiting().find(|provider| provider.slug == slug);
    if found.is_none() {
        let known: Vec<&str> = suiting().map(|provider| provider.slug).collect();
        let message = format!("`contract`{whose} must be one of: {}", known.join(", "));
        fields.wrong("contract", "invalid_contract", message);
    }
    found
}

/// How [`list`] is described.
pub(crate) const LIST: Operation = Operation::new("list_directories", Tag::Directories, "List directories")
    .parameters(&[
        text("organization_id", "Those of this organization."),
        text("search", "Those whose name has this text in it, in any letter case."),
        text("domain", "Those with this domain. No directory has one, so that none is found by one."),
    ])
    .list::<render::Directory>("A part of the directories within the key's reach.")
    .errors(&[404]);

/// `GET /directories`. No directory has a domain here, so none is found by one.
pub(crate) async fn list<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    query: Query,
) -> Result<Response, Problem> {
    let paging = Paging::read(&query, |text| DirectoryId::parse(text).map(|id| id.local))?;
    let organizations = caller.scope(&state, query.one("organization_id")?).await?;
    let search = query.one("search")?.map(str::to_owned);
    let mut found = if query.one("domain")?.is_none() {
        state.store.directories(DirectoryQuery { organizations, search }, paging.page.clone()).await?
    } else {
        Vec::new()
    };
    let cursors = paging.cut(&mut found, |(directory, _)| directory.id.to_string());
    let rendered = found
        .iter()
        .map(|(directory, head)| render::directory(directory, head, &state.contract_rules(directory)));
    Ok(paging::list(rendered, cursors))
}

/// How [`read`] is described.
pub(crate) const READ: Operation = Operation::new("get_directory", Tag::Directories, "Read a directory")
    .answers::<render::Directory>(200, "The directory.")
    .errors(&[404]);

/// `GET /directories/{id}`.
pub(crate) async fn read<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (directory, head) = caller.directory(&state, &id).await?;
    Ok(Json(render::directory(&directory, &head, &state.contract_rules(&directory))).into_response())
}

/// How [`update`] is described.
pub(crate) const UPDATE: Operation =
    Operation::new("update_directory", Tag::Directories, "Change a directory")
        .about("What is left out stays.")
        .body::<bodies::DirectoryChange>()
        .answers::<render::Directory>(200, "The directory as it is now.")
        .errors(&[404, 409]);

/// `PUT /directories/{id}`: another `name`, or a `state`: `unlinked` pauses it, so that its IdP gets 403 and nothing
/// changes, and `linked` lets it serve again; `settings`, each true, false, or null for what its contract says; the
/// `contract` to which it is held from now on, which settles what is suggested; or `credential_header`, the header in which
/// its IdP sends the bearer token besides `Authorization`, null for none. What is left out stays.
pub(crate) async fn update<S: Store>(
    State(state): State<AppState<S>>,
    Extension(request): Extension<RequestId>,
    caller: ApiCaller,
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let (directory, head) = caller.directory(&state, &id).await?;
    let (provider, terms) = state.contract_of(&directory).await?;
    let mut fields = Fields::new(body, &UPDATE);
    let name = fields.optional_text("name", NAME_BYTES_LIMIT).value();
    let wanted = match fields.optional_text("state", NAME_BYTES_LIMIT) {
        Given::Value(text) if text == "linked" => Some(DirectoryState::Linked),
        Given::Value(text) if text == "unlinked" => Some(DirectoryState::Unlinked),
        Given::Value(_) => {
            fields.wrong("state", "invalid_state", "`state` must be one of: linked, unlinked".to_owned());
            None
        }
        Given::Absent | Given::Null => None,
    };
    let settings = fields.settings("settings");
    let chosen = contract(&mut fields, "", |_| true);
    let provider = chosen.unwrap_or(provider);
    let strict = settings.iter().rfind(|(setting, _)| *setting == Setting::StrictRfc);
    let strict = strict.map_or(directory.settings.has(Setting::StrictRfc), |(_, on)| *on == Some(true));
    if strict && lockstep_idp::strict(provider).is_none() {
        let message = "`strict_rfc` is for directories of a generic type: this one's IdP needs its repairs";
        fields.wrong("settings", "invalid_setting", message.to_owned());
    }
    let credential_header = credential_header(&mut fields);
    fields.done()?;
    let contract = chosen.map(|provider| recognition::contract(provider, &directory.directory_type));
    let command = Command::ChangeDirectory { name, state: wanted, settings, contract, credential_header };
    let envelope = Envelope { directory: directory.id.directory, request, terms, command };
    let outcome = state.store.submit(envelope).await??;
    let trail = Trail::about("PUT /directories/{id}", directory.id, provider.slug).with(&outcome);
    let Reply::Directory(changed) = &outcome.reply else {
        return Err(Problem::fault("a changed directory was answered with something else"));
    };
    // Another contract may map other attributes.
    if changed.sweep.is_some() {
        state.begun.notify_one();
    }
    let answer = render::directory(changed, &head, &state.contract_rules(changed));
    Ok((Extension(trail), Json(answer)).into_response())
}

fn credential_header(fields: &mut Fields) -> Option<CredentialHeader> {
    let name = match fields.optional_text("credential_header", NAME_BYTES_LIMIT) {
        Given::Absent => return None,
        Given::Null => return Some(CredentialHeader::default()),
        Given::Value(name) => name,
    };
    let header = CredentialHeader::parse(&name);
    if header.is_none() {
        let message = format!(
            "`credential_header` must be the name of a header that means nothing else, of at most \
             {CREDENTIAL_HEADER_BYTES_LIMIT} bytes, such as `X-Api-Key`; null where `Authorization` is used"
        );
        fields.wrong("credential_header", "invalid_credential_header", message);
    }
    header
}

/// How [`remove`] is described.
pub(crate) const REMOVE: Operation =
    Operation::new("delete_directory", Tag::Directories, "Delete a directory")
        .about("It is gone at once, with everything in it. Its rows are cleared afterwards; its events stay.")
        .nothing(202, "It is gone; what is left of it is being cleared.")
        .errors(&[404]);

/// `DELETE /directories/{id}`: gone at once, with everything in it; its rows are cleared afterwards, its events stay.
pub(crate) async fn remove<S: Store>(
    State(state): State<AppState<S>>,
    Extension(request): Extension<RequestId>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let (provider, terms) = state.contract_of(&directory).await?;
    let number = directory.id.directory;
    let envelope = Envelope { directory: number, request, terms, command: Command::DeleteDirectory };
    let outcome = state.store.submit(envelope).await??;
    let trail = Trail::about("DELETE /directories/{id}", directory.id, provider.slug).with(&outcome);
    // As published: a deletion is accepted, and has no body.
    Ok((StatusCode::ACCEPTED, Extension(trail)).into_response())
}

/// Makes a directory of a type that is known and with a contract that suits it, with one bearer token.
pub async fn make<S: Store>(
    state: &AppState<S>,
    request: RequestId,
    organization: OrganizationId,
    name: &str,
    directory_type: &str,
    provider: &'static Provider,
) -> Result<(Created, Trail), Problem> {
    let secret = state.draw_secret()?;
    let bearer_token = secret_text(TOKEN_PREFIX, secret);
    let mut random = state.secrets.random();
    // Where it changes before the directory is there, it is handed to the directory afterwards.
    let mapping = state.store.organization_mapping(organization).await?.attributes;
    for _ in 0..NUMBER_DRAWS_LIMIT {
        let now = state.clock.now();
        let number = DirectoryNumber(u32::try_from(random.next_u64() >> 32).unwrap_or_default());
        let directory = Directory {
            id: DirectoryId { directory: number, local: LocalId::next(LocalId(0), now, &mut *random) },
            organization,
            name: name.to_owned(),
            directory_type: directory_type.to_owned(),
            contract: provider.slug.to_owned(),
            state: DirectoryState::Linked,
            settings: Settings::default(),
            credential_header: CredentialHeader::default(),
            terms_version: 0,
            recognition: Recognition::default(),
            sweep: None,
            maps_roles: false,
            standard_version: STANDARD_VERSION,
            created_at: now,
            updated_at: now,
        };
        let token = Token::unrestricted(TokenId::draw(now, &mut *random), digest_of(&bearer_token), now);
        let envelope = Envelope {
            directory: number,
            request,
            terms: state.terms_of(provider),
            command: Command::CreateDirectory(Box::new(NewDirectory {
                directory,
                token,
                mapping: mapping.clone(),
            })),
        };
        match state.store.submit(envelope).await? {
            Err(Refusal::NumberTaken) => {}
            Err(refusal) => return Err(refusal.into()),
            Ok(outcome) => {
                let Reply::Directory(directory) = &outcome.reply else {
                    return Err(Problem::fault("a new directory was answered with something else"));
                };
                let trail = Trail::about("POST /directories", directory.id, provider.slug).with(&outcome);
                return Ok((Created { directory: Directory::clone(directory), bearer_token }, trail));
            }
        }
    }
    Err(Refusal::NumberTaken.into())
}

/// Where a directory's IdP sends its requests.
pub fn scim_endpoint<S: Store>(state: &AppState<S>, directory: DirectoryId) -> String {
    format!("{}/scim/v2/{directory}", state.public_url)
}
