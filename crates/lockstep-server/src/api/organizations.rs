//! Organizations: the customers of the application.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use lockstep_core::id::OrganizationId;
use lockstep_core::model::{Organization, Reach};
use lockstep_scim::text;
use lockstep_store::{Store, StoreError};

use super::bodies;
use super::fields::{Fields, Given};
use super::paging::{self, Paging};
use super::query::Query;
use super::render;
use crate::auth::ApiCaller;
use crate::body::JsonObject;
use crate::limits::{EXTERNAL_ID_BYTES_LIMIT, METADATA_ENTRIES_LIMIT, NAME_BYTES_LIMIT, PAGE_LIMIT};
use crate::openapi::{Operation, Tag, text};
use crate::problem::{FieldError, Problem};
use crate::state::AppState;

/// How often an update starts anew where others change the same organization meanwhile: one of those who try always
/// succeeds, so that so many may try at once.
const UPDATE_ATTEMPTS: usize = 64;

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
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    if caller.reach != Reach::Everything {
        return Err(Problem::forbidden("this API key reaches named organizations only and cannot make one"));
    }
    let mut fields = Fields::new(body, &CREATE);
    let name = fields.text("name", NAME_BYTES_LIMIT);
    let external_id = fields.optional_text("external_id", EXTERNAL_ID_BYTES_LIMIT);
    let metadata = fields.metadata("metadata");
    fields.done()?;

    let now = state.clock.now();
    let mut organization = Organization {
        id: OrganizationId::draw(now, &mut *state.secrets.random()),
        name,
        external_id: None,
        metadata: BTreeMap::new(),
        created_at: now,
        updated_at: now,
    };
    change(&mut organization, external_id, metadata)?;
    state.store.put_organization(organization.clone()).await.map_err(told)?;
    Ok((StatusCode::CREATED, Json(render::organization(&organization))).into_response())
}

/// How [`list`] is described.
pub(crate) const LIST: Operation =
    Operation::new("list_organizations", Tag::Organizations, "List organizations")
        .parameters(&[
            text("search", "Those whose name has this text in it, in any letter case."),
            text(
                "domains",
                "Those with one of these domains. None are kept yet, so that none is found by one.",
            )
            .many(),
        ])
        .list::<render::Organization>("A part of the organizations within the key's reach.");

/// `GET /organizations`. No organization has domains here, so none is found by one.
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
    let mut found = if query.many("domains").is_empty() {
        match &caller.reach {
            Reach::Everything => walk(&state, &paging, wanted).await?,
            Reach::Organizations(ids) => {
                let mut all = Vec::new();
                for id in ids {
                    all.extend(state.store.organization(*id).await?.filter(wanted));
                }
                paging.pick(all, |organization| organization.id)
            }
        }
    } else {
        Vec::new()
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
    let external_id = fields.optional_text("external_id", EXTERNAL_ID_BYTES_LIMIT);
    let metadata = fields.metadata("metadata");
    let well_formed = fields.done();

    for _ in 0..UPDATE_ATTEMPTS {
        let before = caller.organization(&state, &id).await?;
        well_formed.clone()?;
        let mut after = before.clone();
        if let Given::Value(name) = &name {
            after.name.clone_from(name);
        }
        change(&mut after, external_id.clone(), metadata.clone())?;
        if after == before {
            return Ok(Json(render::organization(&after)).into_response());
        }
        after.updated_at = state.clock.now().max(before.updated_at);
        let replaced = state.store.replace_organization(before, after.clone()).await;
        if replaced.map_err(told)? {
            return Ok(Json(render::organization(&after)).into_response());
        }
        // Another request changed it meanwhile: this one changes what that one left.
    }
    Err(StoreError::Busy.into())
}

fn change(
    organization: &mut Organization,
    external_id: Given<String>,
    metadata: Given<BTreeMap<String, Option<String>>>,
) -> Result<(), Problem> {
    match external_id {
        Given::Absent => {}
        Given::Null => organization.external_id = None,
        Given::Value(id) => organization.external_id = Some(id),
    }
    match metadata {
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
    if organization.metadata.len() > METADATA_ENTRIES_LIMIT {
        let message = format!("`metadata` would have more than {METADATA_ENTRIES_LIMIT} entries");
        return Err(Problem::invalid_field("metadata", "invalid_metadata", message));
    }
    Ok(())
}

/// What a store says of an organization that it did not take.
fn told(error: StoreError) -> Problem {
    let StoreError::Conflict { what } = error else { return error.into() };
    let message = "another organization has this external id already".to_owned();
    let mut problem = Problem::conflict("external_id_already_used", message.clone());
    problem.errors = vec![FieldError { field: what.to_owned(), code: "external_id_already_used", message }];
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
