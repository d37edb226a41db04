//! Domains of organizations, one by one. They are a part of their organization and are changed with it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use lockstep_core::id::DomainId;
use lockstep_core::model::{DomainState, Organization, OrganizationDomain};
use lockstep_store::{Entered, Entry, Store, StoreError};

use super::fields::Fields;
use super::organizations::{UPDATE_ATTEMPTS, told};
use super::{bodies, domains, render};
use crate::auth::ApiCaller;
use crate::body::JsonObject;
use crate::limits::{DOMAINS_LIMIT, NAME_BYTES_LIMIT};
use crate::once::Once;
use crate::openapi::{Operation, Tag};
use crate::path::Path;
use crate::problem::Problem;
use crate::state::AppState;

/// How [`create`] is described.
pub(crate) const CREATE: Operation = Operation::new(
    "create_organization_domain",
    Tag::Domains,
    "Add a domain to an organization",
)
.about("It is `pending` until the application says that it is verified. An organization has at most 100.")
.body::<bodies::NewOrganizationDomain>()
.answers::<render::OrganizationDomain>(201, "The domain.")
.errors(&[404, 409]);

/// `POST /organization_domains`: a domain for an organization. It is `pending` until the application says that it is
/// verified.
pub(crate) async fn create<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    once: Once,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let mut fields = Fields::new(body, &CREATE);
    let name = fields.domain("domain");
    let owner = fields.text("organization_id", NAME_BYTES_LIMIT);
    fields.done()?;
    for _ in 0..UPDATE_ATTEMPTS {
        let before = caller.organization(&state, &owner).await?;
        if before.domains.iter().any(|domain| domain.name == name) {
            return Err(told(StoreError::Conflict { what: "domain" }));
        }
        if before.domains.len() >= DOMAINS_LIMIT {
            let message = format!("the organization has {DOMAINS_LIMIT} domains: delete one first");
            return Err(Problem::conflict("too_many_domains", message));
        }
        let now = state.clock.now();
        let domain = domains::new(&name, DomainState::Pending, now, &mut *state.secrets.random());
        let mut after = Organization { updated_at: now.max(before.updated_at), ..before.clone() };
        after.domains.push(domain.clone());
        after.domains.sort_by_key(|domain| domain.id);
        let answer = render::organization_domain(before.id, &domain);
        let receipt = once.receipt(&state, StatusCode::CREATED, &answer)?;
        let entry = Entry::Replacement { before: Box::new(before), after: Box::new(after) };
        match state.store.enter(entry, receipt).await.map_err(told)? {
            Entered::Done => return Ok((StatusCode::CREATED, Json(answer)).into_response()),
            Entered::Repeated => return Err(Problem::repeated()),
            // Another request changed it meanwhile: this one changes what that one left.
            Entered::Stale => {}
            Entered::Full | Entered::LastKey => {
                return Err(Problem::fault("an organization is no credential"));
            }
        }
    }
    Err(StoreError::Busy.into())
}

/// How [`read`] is described.
pub(crate) const READ: Operation =
    Operation::new("get_organization_domain", Tag::Domains, "Get a domain of an organization")
        .answers::<render::OrganizationDomain>(200, "The domain.")
        .errors(&[404]);

/// `GET /organization_domains/{id}`.
pub(crate) async fn read<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (organization, domain) = find(&state, &caller, &id).await?;
    Ok(Json(render::organization_domain(organization.id, &domain)).into_response())
}

/// How [`verify`] is described.
pub(crate) const VERIFY: Operation =
    Operation::new("verify_organization_domain", Tag::Domains, "Verify a domain of an organization")
        .about(
            "A domain that is verified is answered as it is. Otherwise this is refused with 400: the server asks no DNS. \
             The application makes sure of the domain, and says so by `PUT /organizations/{id}`.",
        )
        .answers::<render::OrganizationDomain>(200, "The domain, which is verified.")
        .errors(&[400, 404]);

/// `POST /organization_domains/{id}/verify`. A domain that is verified is answered as it is. Otherwise this is refused: to
/// verify is to look records up in DNS, which this server does not do, and it does not pretend to have done it.
pub(crate) async fn verify<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (organization, domain) = find(&state, &caller, &id).await?;
    match domain.state {
        DomainState::Verified => {
            Ok(Json(render::organization_domain(organization.id, &domain)).into_response())
        }
        DomainState::Pending => Err(Problem::domain_verification_unavailable()),
    }
}

/// How [`remove`] is described.
pub(crate) const REMOVE: Operation =
    Operation::new("delete_organization_domain", Tag::Domains, "Take a domain from an organization")
        .nothing(204, "It is free for another organization.")
        .errors(&[404]);

/// `DELETE /organization_domains/{id}`.
pub(crate) async fn remove<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    for _ in 0..UPDATE_ATTEMPTS {
        let (before, domain) = find(&state, &caller, &id).await?;
        let now = state.clock.now();
        let mut after = Organization { updated_at: now.max(before.updated_at), ..before.clone() };
        after.domains.retain(|other| other.id != domain.id);
        if state.store.replace_organization(before, after).await? {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
    Err(StoreError::Busy.into())
}

/// The domain that `text` names, and whose it is, if it is within reach.
async fn find<S: Store>(
    state: &AppState<S>,
    caller: &ApiCaller,
    text: &str,
) -> Result<(Organization, OrganizationDomain), Problem> {
    let missing = || Problem::not_found("organization domain");
    let id = DomainId::parse(text).ok_or_else(missing)?;
    let owner = state.store.organization_of_domain(id).await?;
    let owner = owner.filter(|owner| caller.reach.covers(owner.id)).ok_or_else(missing)?;
    let domain = owner.domains.iter().find(|domain| domain.id == id).cloned().ok_or_else(missing)?;
    Ok((owner, domain))
}
