//! Organizations: the customers of the application.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use lockstep_core::id::OrganizationId;
use lockstep_core::model::{Organization, Reach};
use lockstep_scim::text;
use lockstep_store::{Store, StoreError};
use serde_json::Value;

use super::fields::{Fields, Given};
use super::paging::{self, Paging};
use super::query::Query;
use super::render;
use crate::auth::ApiCaller;
use crate::body::JsonObject;
use crate::limits::{EXTERNAL_ID_BYTES_LIMIT, METADATA_ENTRIES_LIMIT, NAME_BYTES_LIMIT, PAGE_LIMIT};
use crate::problem::{FieldError, Problem};
use crate::state::AppState;

/// `POST /organizations`.
pub(crate) async fn create<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    JsonObject(body): JsonObject,
) -> Result<(StatusCode, Json<Value>), Problem> {
    if caller.reach != Reach::Everything {
        return Err(Problem::forbidden("this API key reaches named organizations only and cannot make one"));
    }
    let mut fields = Fields::new(body, &["name", "external_id", "metadata"]);
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
    put(&state, organization.clone()).await?;
    Ok((StatusCode::CREATED, Json(render::organization(&organization))))
}

/// `GET /organizations`. No organization has domains here, so none is found by one.
pub(crate) async fn list<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    query: Query,
) -> Result<Json<Value>, Problem> {
    let [limit, before, after, order] = paging::PARAMETERS;
    query.knows(&[limit, before, after, order, "domains", "search"])?;
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
    Ok(paging::list(found.iter().map(render::organization), &cursors))
}

/// `GET /organizations/{id}`.
pub(crate) async fn read<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(render::organization(&caller.organization(&state, &id).await?)))
}

/// `GET /organizations/external_id/{id}`.
pub(crate) async fn read_by_external_id<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let found = state.store.organization_by_external_id(&id).await?;
    let found = found.filter(|organization| caller.reach.covers(organization.id));
    Ok(Json(render::organization(&found.ok_or_else(|| Problem::not_found("organization"))?)))
}

/// `PUT /organizations/{id}`: what is not sent stays. In `metadata` too: null takes an entry away.
pub(crate) async fn update<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Json<Value>, Problem> {
    let before = caller.organization(&state, &id).await?;
    let mut fields = Fields::new(body, &["name", "external_id", "metadata"]);
    let name = fields.optional_text("name", NAME_BYTES_LIMIT);
    let external_id = fields.optional_text("external_id", EXTERNAL_ID_BYTES_LIMIT);
    let metadata = fields.metadata("metadata");
    fields.done()?;

    let mut organization = before.clone();
    if let Given::Value(name) = name {
        organization.name = name;
    }
    change(&mut organization, external_id, metadata)?;
    if organization != before {
        organization.updated_at = state.clock.now().max(before.updated_at);
        put(&state, organization.clone()).await?;
    }
    Ok(Json(render::organization(&organization)))
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

async fn put<S: Store>(state: &AppState<S>, organization: Organization) -> Result<(), Problem> {
    match state.store.put_organization(organization).await {
        Err(StoreError::Conflict { what }) => {
            let message = "another organization has this external id already".to_owned();
            let mut problem = Problem::conflict("external_id_already_used", message.clone());
            problem.errors =
                vec![FieldError { field: what.to_owned(), code: "external_id_already_used", message }];
            Err(problem)
        }
        done => Ok(done?),
    }
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
