//! Organizations: the customers of the application.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use lockstep_core::clock::{Random, Timestamp};
use lockstep_core::id::{OrganizationId, RequestId};
use lockstep_core::model::{Organization, Reach};
use lockstep_scim::text;
use lockstep_store::{Entered, Entry, Store, StoreError};

use super::bodies;
use super::fields::{Fields, Given};
use super::paging::{self, Paging};
use super::query::Query;
use super::{domains, render};
use crate::auth::ApiCaller;
use crate::body::JsonObject;
use crate::limits::{
    DOMAINS_ASKED_LIMIT, EXTERNAL_ID_BYTES_LIMIT, METADATA_ENTRIES_LIMIT, NAME_BYTES_LIMIT, PAGE_LIMIT,
    STRIPE_ID_BYTES_LIMIT,
};
use crate::once::Once;
use crate::openapi::{Operation, Tag, text};
use crate::path::Path;
use crate::problem::{FieldError, Problem};
use crate::state::AppState;

/// How often an update starts anew where others change the same organization meanwhile: one of those who try always
/// succeeds, so that so many may try at once.
pub(super) const UPDATE_ATTEMPTS: usize = 64;

/// How [`create`] is described.
pub(crate) const CREATE: Operation =
    Operation::new("create_organization", Tag::Organizations, "Make an organization")
        .body::<bodies::NewOrganization>()
        .answers::<render::Organization>(201, "The organization.")
        .errors(&[409]);

/// `POST /organizations`.
pub(crate) async fn create<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    once: Once,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    if caller.reach != Reach::Everything {
        return Err(Problem::forbidden("this API key reaches named organizations only and cannot make one"));
    }
    let mut fields = Fields::new(body, &CREATE);
    let name = fields.text("name", NAME_BYTES_LIMIT);
    let wanted = Wanted::read(&mut fields);
    fields.done()?;

    let now = state.clock.now();
    let mut organization = Organization {
        id: OrganizationId::draw(now, &mut *state.secrets.random()),
        name,
        external_id: None,
        metadata: BTreeMap::new(),
        domains: Vec::new(),
        allow_profiles_outside_organization: false,
        stripe_customer_id: None,
        created_at: now,
        updated_at: now,
    };
    wanted.apply(&mut organization, now, &mut *state.secrets.random())?;
    let answer = render::organization(&organization);
    let receipt = once.receipt(&state, StatusCode::CREATED, &answer)?;
    let entry = Entry::Organization(Box::new(organization.clone()));
    match state.store.enter(entry, receipt).await.map_err(told)? {
        Entered::Repeated => Err(Problem::repeated()),
        _ => Ok((StatusCode::CREATED, Json(answer)).into_response()),
    }
}

/// How [`list`] is described.
pub(crate) const LIST: Operation =
    Operation::new("list_organizations", Tag::Organizations, "List organizations")
        .parameters(&[
            text("search", "Those whose name has this text in it, in any letter case."),
            text("domains", "Those that have one of these domains, at most 100.").many(),
        ])
        .list::<render::Organization>("A part of the organizations within the key's reach.");

/// `GET /organizations`. By `domains`: those that have one of them.
pub(crate) async fn list<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    query: Query,
) -> Result<Response, Problem> {
    let paging = Paging::read(&query, OrganizationId::parse)?;
    let search = query.one("search")?.map(|search| text::fold(search).into_owned());
    let wanted = |organization: &Organization| {
        search.as_ref().is_none_or(|search| text::fold(&organization.name).contains(search.as_str()))
    };
    let asked = query.many("domains");
    if asked.len() > DOMAINS_ASKED_LIMIT {
        let message = format!("`domains` must name at most {DOMAINS_ASKED_LIMIT} domains");
        return Err(Problem::invalid_field("domains", "invalid_list", message));
    }
    let mut found = match (&caller.reach, asked.is_empty()) {
        (_, false) => {
            // What is no domain is nobody's.
            let names = asked.into_iter().filter_map(domains::normalized).collect();
            let mut owners = state.store.organizations_with_domains(names).await?;
            owners.retain(|owner| caller.reach.covers(owner.id) && wanted(owner));
            paging.pick(owners, |organization| organization.id)
        }
        (Reach::Everything, true) => walk(&state, &paging, wanted).await?,
        (Reach::Organizations(ids), true) => {
            let mut all = Vec::new();
            for id in ids {
                all.extend(state.store.organization(*id).await?.filter(wanted));
            }
            paging.pick(all, |organization| organization.id)
        }
    };
    let cursors = paging.cut(&mut found, |organization| organization.id.to_string());
    Ok(paging::list(found.iter().map(render::organization), cursors))
}

/// How [`read`] is described.
pub(crate) const READ: Operation =
    Operation::new("get_organization", Tag::Organizations, "Read an organization")
        .answers::<render::Organization>(200, "The organization.")
        .errors(&[404]);

/// `GET /organizations/{id}`.
pub(crate) async fn read<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(Json(render::organization(&caller.organization(&state, &id).await?)).into_response())
}

/// How [`read_by_external_id`] is described.
pub(crate) const READ_BY_EXTERNAL_ID: Operation = Operation::new(
    "get_organization_by_external_id",
    Tag::Organizations,
    "Read the organization that the application knows by an id of its own",
)
.answers::<render::Organization>(200, "The organization.")
.errors(&[404]);

/// `GET /organizations/external_id/{id}`.
pub(crate) async fn read_by_external_id<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let found = state.store.organization_by_external_id(&id).await?;
    let found = found.filter(|organization| caller.reach.covers(organization.id));
    Ok(Json(render::organization(&found.ok_or_else(|| Problem::not_found("organization"))?)).into_response())
}

/// How [`update`] is described.
pub(crate) const UPDATE: Operation =
    Operation::new("update_organization", Tag::Organizations, "Change an organization")
        .about("What is left out stays. In `metadata` too: null takes an entry away.")
        .body::<bodies::OrganizationChange>()
        .answers::<render::Organization>(200, "The organization as it is now.")
        .errors(&[404, 409]);

/// `PUT /organizations/{id}`: what is not sent stays. In `metadata` too: null takes an entry away.
pub(crate) async fn update<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let mut fields = Fields::new(body, &UPDATE);
    let name = fields.optional_text("name", NAME_BYTES_LIMIT);
    let stripe_customer_id = fields.optional_text("stripe_customer_id", STRIPE_ID_BYTES_LIMIT);
    let wanted = Wanted::read(&mut fields);
    let well_formed = fields.done();

    for _ in 0..UPDATE_ATTEMPTS {
        let before = caller.organization(&state, &id).await?;
        well_formed.clone()?;
        let mut after = before.clone();
        if let Given::Value(name) = &name {
            after.name.clone_from(name);
        }
        match &stripe_customer_id {
            Given::Absent => {}
            Given::Null => after.stripe_customer_id = None,
            Given::Value(id) => after.stripe_customer_id = Some(id.clone()),
        }
        let now = state.clock.now();
        wanted.clone().apply(&mut after, now, &mut *state.secrets.random())?;
        if after == before {
            return Ok(Json(render::organization(&after)).into_response());
        }
        after.updated_at = now.max(before.updated_at);
        let replaced = state.store.replace_organization(before, after.clone()).await;
        if replaced.map_err(told)? {
            return Ok(Json(render::organization(&after)).into_response());
        }
        // Another request changed it meanwhile: this one changes what that one left.
    }
    Err(StoreError::Busy.into())
}

/// What an organization shall be besides its name.
#[derive(Clone)]
struct Wanted {
    external_id: Given<String>,
    metadata: Given<BTreeMap<String, Option<String>>>,
    domains: Option<Vec<domains::Named>>,
    allow_profiles_outside_organization: Option<bool>,
}

impl Wanted {
    fn read(fields: &mut Fields) -> Self {
        Self {
            external_id: fields.optional_text("external_id", EXTERNAL_ID_BYTES_LIMIT),
            metadata: fields.metadata("metadata"),
            domains: fields.domains(),
            allow_profiles_outside_organization: fields.optional_truth("allow_profiles_outside_organization"),
        }
    }

    fn apply(
        self,
        organization: &mut Organization,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<(), Problem> {
        match self.external_id {
            Given::Absent => {}
            Given::Null => organization.external_id = None,
            Given::Value(id) => organization.external_id = Some(id),
        }
        match self.metadata {
            Given::Absent => {}
            Given::Null => organization.metadata.clear(),
            Given::Value(entries) => {
                for (name, value) in entries {
                    match value {
                        Some(value) => organization.metadata.insert(name, value),
                        None => organization.metadata.remove(&name),
                    };
                }
            }
        }
        if let Some(named) = self.domains {
            domains::set(organization, &named, now, random);
        }
        if let Some(allow) = self.allow_profiles_outside_organization {
            organization.allow_profiles_outside_organization = allow;
        }
        if organization.metadata.len() > METADATA_ENTRIES_LIMIT {
            let message = format!("`metadata` would have more than {METADATA_ENTRIES_LIMIT} entries");
            return Err(Problem::invalid_field("metadata", "invalid_metadata", message));
        }
        Ok(())
    }
}

/// How [`remove`] is described.
pub(crate) const REMOVE: Operation =
    Operation::new("delete_organization", Tag::Organizations, "Delete an organization")
        .about(
            "It is gone at once, with its domains and its directories. Those are deleted one after another, each with its \
             `dsync.deleted`. API keys that are limited to some organizations lose it.",
        )
        .nothing(202, "It is gone; what is left of it is being cleared.")
        .errors(&[404]);

/// `DELETE /organizations/{id}`: gone at once, with its domains and its directories. Those are deleted one after another,
/// each with its `dsync.deleted`, whatever happens meanwhile.
pub(crate) async fn remove<S: Store>(
    State(state): State<AppState<S>>,
    Extension(request): Extension<RequestId>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let organization = caller.organization(&state, &id).await?;
    if !state.store.end_organization(organization.id, request).await? {
        return Err(Problem::not_found("organization"));
    }
    state.begun.notify_one();
    // As of a directory: a deletion is accepted, and has no body.
    Ok(StatusCode::ACCEPTED.into_response())
}

/// What a store says of an organization that it did not take.
pub(super) fn told(error: StoreError) -> Problem {
    let (code, message) = match &error {
        StoreError::Conflict { what: "external_id" } => {
            ("external_id_already_used", "another organization has this external id already")
        }
        StoreError::Conflict { what: "domain" } => {
            ("domain_already_used", "an organization has this domain already")
        }
        _ => return error.into(),
    };
    let StoreError::Conflict { what } = error else { return error.into() };
    let mut problem = Problem::conflict(code, message);
    problem.errors = vec![FieldError { field: what.to_owned(), code, message: message.to_owned() }];
    problem
}

/// Walks the list until the part is full, passing over what is not wanted.
async fn walk<S: Store>(
    state: &AppState<S>,
    paging: &Paging<OrganizationId>,
    wanted: impl Fn(&Organization) -> bool,
) -> Result<Vec<Organization>, Problem> {
    let enough = paging.page.limit;
    let backwards = paging.page.before.is_some();
    let mut page = paging.page.clone();
    page.limit = PAGE_LIMIT + 1;
    let mut found: Vec<Organization> = Vec::new();
    loop {
        let rows = state.store.organizations(page.clone()).await?;
        let last = rows.len() < page.limit;
        let edge = if backwards { rows.first() } else { rows.last() }.map(|organization| organization.id);
        let mut rows: Vec<_> = rows.into_iter().filter(&wanted).collect();
        if backwards {
            page.before = edge;
            rows.append(&mut found);
            found = rows;
            let surplus = found.len().saturating_sub(enough);
            found.drain(..surplus);
        } else {
            page.after = edge;
            found.append(&mut rows);
            found.truncate(enough);
        }
        if last || found.len() >= enough {
            return Ok(found);
        }
    }
}
