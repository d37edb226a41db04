//! Directories: one IdP's connection to one organization.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use lockstep_core::command::{Command, Envelope, NewDirectory, Refusal, Reply};
use lockstep_core::credential_header::CredentialHeader;
use lockstep_core::event::ToldDomain;
use lockstep_core::id::{DirectoryId, DirectoryNumber, LocalId, OrganizationId, RequestId, TokenId};
use lockstep_core::limits::CREDENTIAL_HEADER_BYTES_LIMIT;
use lockstep_core::mapping::STANDARD_VERSION;
use lockstep_core::model::{Directory, DirectoryState, Head, Organization, OrganizationDomain, Token};
use lockstep_core::recognition::Recognition;
use lockstep_core::settings::{Setting, Settings};
use lockstep_idp::Provider;
use lockstep_store::{DirectoryQuery, Store};

use super::bodies;
use super::fields::{Fields, Given};
use super::paging::{self, Paging};
use super::query::Query;
use super::{domains, render};
use crate::auth::ApiCaller;
use crate::body::JsonObject;
use crate::limits::{NAME_BYTES_LIMIT, NUMBER_DRAWS_LIMIT};
use crate::once::Once;
use crate::openapi::{Operation, Tag, text};
use crate::path::Path;
use crate::problem::Problem;
use crate::recognition;
use crate::state::{AppState, TOKEN_PREFIX, digest_of, secret_text};
use crate::trail::Trail;

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
    once: Once,
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

    let new = New { organization: &organization, name: &name, directory_type: &directory_type, provider };
    make(&state, request, &once, new).await
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
        text("domain", "Those of the organization that has this domain."),
    ])
    .list::<render::Directory>("A part of the directories within the key's reach.")
    .errors(&[404]);

/// `GET /directories`. By `domain`: those of the organization that has it.
pub(crate) async fn list<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    query: Query,
) -> Result<Response, Problem> {
    let paging = Paging::read(&query, |text| DirectoryId::parse(text).map(|id| id.local))?;
    let organizations = caller.scope(&state, query.one("organization_id")?).await?;
    let search = query.one("search")?.map(str::to_owned);
    let organizations = match query.one("domain")? {
        None => organizations,
        Some(domain) => {
            let names = domains::normalized(domain).into_iter().collect();
            let owners = state.store.organizations_with_domains(names).await?.into_iter();
            let within = |id: &OrganizationId| organizations.as_ref().is_none_or(|list| list.contains(id));
            Some(owners.map(|owner| owner.id).filter(within).collect())
        }
    };
    let query = DirectoryQuery { organizations, search };
    let mut found = state.store.directories(query, paging.page.clone()).await?;
    let cursors = paging.cut(&mut found, |(directory, _)| directory.id.to_string());
    let domains = domains_of(&state, found.iter().map(|(directory, _)| directory.organization)).await?;
    let rendered = found.iter().map(|(directory, head)| {
        let domain = domains.get(&directory.organization).map(String::as_str);
        render::directory(directory, head, &state.contract_rules(directory), domain)
    });
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
    let domains = domains_of(&state, std::iter::once(directory.organization)).await?;
    let domain = domains.get(&directory.organization).map(String::as_str);
    Ok(Json(render::directory(&directory, &head, &state.contract_rules(&directory), domain)).into_response())
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
    let domains = domains_of(&state, std::iter::once(changed.organization)).await?;
    let domain = domains.get(&changed.organization).map(String::as_str);
    let answer = render::directory(changed, &head, &state.contract_rules(changed), domain);
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

/// How [`sync`] is described.
pub(crate) const SYNC: Operation = Operation::new("sync_directory", Tag::Directories, "Pull a directory from its provider")
    .about("Refused: it asks a provider that is pulled from to be pulled, and to every directory here its IdP pushes.")
    .answers::<render::DirectorySync>(202, "It is queued. No directory here is answered so.")
    .errors(&[404]);

/// `POST /directories/{id}/sync`: refused. It asks a provider that is pulled from to be pulled; to every directory here its
/// IdP pushes.
pub(crate) async fn sync<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.directory(&state, &id).await?;
    let message = "this directory's provider is not pulled from: its IdP pushes each change by SCIM. To have everything \
                   sent again, start a full synchronization in the IdP";
    Err(Problem::invalid_field("id", "directory_sync_not_supported", message))
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

/// A directory that is to be made, of a type that is known and with a contract that suits it.
struct New<'a> {
    organization: &'a Organization,
    name: &'a str,
    directory_type: &'a str,
    provider: &'static Provider,
}

/// Makes a directory with one bearer token. The answer is the directory with `scim_endpoint` and `bearer_token`.
async fn make<S: Store>(
    state: &AppState<S>,
    request: RequestId,
    once: &Once,
    new: New<'_>,
) -> Result<Response, Problem> {
    let New { organization, name, directory_type, provider } = new;
    let bearer_token = secret_text(TOKEN_PREFIX, state.draw_secret()?);
    let mut random = state.secrets.random();
    // Where it changes before the directory is there, it is handed to the directory afterwards.
    let mapping = state.store.organization_mapping(organization.id).await?.attributes;
    // A request that comes again must draw the same: by its number the lane sees that the two are one.
    let mut numbers = once.numbers(state);
    let told = |domain: &OrganizationDomain| ToldDomain { id: domain.id, name: domain.name.clone() };
    for _ in 0..NUMBER_DRAWS_LIMIT {
        let now = state.clock.now();
        let number = DirectoryNumber(u32::try_from(numbers.next_u64() >> 32).unwrap_or_default());
        let directory = Directory {
            id: DirectoryId { directory: number, local: LocalId::next(LocalId(0), now, &mut *random) },
            organization: organization.id,
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
        let rules = state.contract_rules(&directory);
        let mut answer = render::directory(&directory, &Head::default(), &rules, organization.domain());
        answer.scim_endpoint = Some(scim_endpoint(state, directory.id));
        answer.bearer_token = Some(bearer_token.clone());
        let new = NewDirectory {
            directory: directory.clone(),
            token: Token::unrestricted(TokenId::draw(now, &mut *random), digest_of(&bearer_token), now),
            mapping: mapping.clone(),
            domains: organization.domains.iter().map(told).collect(),
            receipt: once.receipt(state, StatusCode::CREATED, &answer)?,
        };
        let command = Command::CreateDirectory(Box::new(new));
        let envelope = Envelope { directory: number, request, terms: state.terms_of(provider), command };
        match state.store.submit(envelope).await? {
            Err(Refusal::NumberTaken) => {}
            Err(refusal) => return Err(refusal.into()),
            Ok(outcome) => {
                let trail = Trail::about("POST /directories", directory.id, provider.slug).with(&outcome);
                return Ok((StatusCode::CREATED, Extension(trail), Json(answer)).into_response());
            }
        }
    }
    Err(Refusal::NumberTaken.into())
}

/// The domain of each organization that has one, as its directories show it.
async fn domains_of<S: Store>(
    state: &AppState<S>,
    organizations: impl Iterator<Item = OrganizationId>,
) -> Result<BTreeMap<OrganizationId, String>, Problem> {
    let mut domains = BTreeMap::new();
    for id in organizations.collect::<BTreeSet<_>>() {
        let organization = state.store.organization(id).await?;
        let domain = organization.as_ref().and_then(Organization::domain).map(str::to_owned);
        domains.extend(domain.map(|domain| (id, domain)));
    }
    Ok(domains)
}

/// Where a directory's IdP sends its requests.
pub fn scim_endpoint<S: Store>(state: &AppState<S>, directory: DirectoryId) -> String {
    format!("{}/scim/v2/{directory}", state.public_url)
}
