//! What is mapped for applications: attributes, of a directory or of all directories of an organization, and roles, by
//! the groups of a directory. A preview tells what a change would do, and changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use lockstep_core::command::{Command, Envelope, Reply};
use lockstep_core::id::{LocalId, OrganizationId, RequestId};
use lockstep_core::limits::MAPPED_NAME_BYTES_LIMIT;
use lockstep_core::mapping::{Attributes, DirectoryMapping, MappingChange, Projection, RoleMapping};
use lockstep_core::model::Directory;
use lockstep_store::{DirectoryQuery, OrganizationMapping, Page, Store};

use super::attributes::{AFTER, EXAMINED, WALKED, examine};
use super::bodies;
use super::fields::{Fields, Given};
use super::mapping_body;
use super::query::Query;
use super::render::mapping as render;
use crate::auth::ApiCaller;
use crate::body::JsonObject;
use crate::limits::PAGE_LIMIT;
use crate::openapi::{Operation, Tag};
use crate::path::Path;
use crate::problem::Problem;
use crate::state::{AppState, provider_of};
use crate::trail::Trail;

/// How [`read`] is described.
pub(crate) const READ: Operation =
    Operation::new("get_attribute_mapping", Tag::Mapping, "Read what is mapped for a directory")
        .about("What is mapped for the directory alone, and all that holds for it.")
        .answers::<render::AttributeMapping>(200, "The mapping.")
        .errors(&[404]);

/// `GET /directories/{id}/attribute_mapping`: what is mapped for the directory alone, and all that holds for it.
pub(crate) async fn read<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let (_, terms) = state.contract_of(&directory).await?;
    let mapping = state.store.mapping(directory.id.directory).await?;
    let pending = is_pending(&directory);
    Ok(Json(render::directory_mapping(&directory, &mapping.own, &terms.attributes, pending)).into_response())
}

/// How [`read_of_organization`] is described.
pub(crate) const READ_OF_ORGANIZATION: Operation = Operation::new(
    "get_organization_attribute_mapping",
    Tag::Mapping,
    "Read what is mapped for all directories of an organization",
)
.answers::<render::AttributeMapping>(200, "The mapping.")
.errors(&[404]);

/// `GET /organizations/{id}/attribute_mapping`: what is mapped for all its directories.
pub(crate) async fn read_of_organization<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let organization = caller.organization(&state, &id).await?;
    let mapping = state.store.organization_mapping(organization.id).await?;
    let pending = is_pending_in(&state, organization.id, &mapping).await?;
    Ok(Json(render::organization_mapping(organization.id, &mapping.attributes, pending)).into_response())
}

/// How [`update`] is described.
pub(crate) const UPDATE: Operation =
    Operation::new("update_attribute_mapping", Tag::Mapping, "Map attributes for a directory")
        .about(
            "The body is the whole mapping of the directory: what it leaves out is not mapped by it any more. What the IdP \
             writes from now on is read by it at once; the users that are there follow in the background, and each that \
             differs is told as `dsync.user.updated`.",
        )
        .body::<bodies::NewAttributeMapping>()
        .answers::<render::AttributeMapping>(200, "The mapping.")
        .errors(&[404]);

/// `PUT /directories/{id}/attribute_mapping`: maps these attributes for the directory alone, and no others.
pub(crate) async fn update<S: Store>(
    State(state): State<AppState<S>>,
    Extension(request): Extension<RequestId>,
    caller: ApiCaller,
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let mut fields = Fields::new(body, &UPDATE);
    let given = mapping_body::attributes(&mut fields);
    fields.done()?;
    let operation = "PUT /directories/{id}/attribute_mapping";
    let (mapping, trail) = change(&state, request, &directory, MappingChange::Own(given), operation).await?;
    let (directory, _) = caller.directory(&state, &id).await?;
    let provider = provider_of(&directory)?;
    let attributes = Attributes::of(provider.attributes, &mapping);
    let answer = render::directory_mapping(&directory, &mapping.own, &attributes, is_pending(&directory));
    Ok((Extension(trail), Json(answer)).into_response())
}

/// How [`update_of_organization`] is described.
pub(crate) const UPDATE_OF_ORGANIZATION: Operation = Operation::new(
    "update_organization_attribute_mapping",
    Tag::Mapping,
    "Map attributes for all directories of an organization",
)
.about(
    "The body is the whole mapping of the organization. What a directory maps for itself goes before it. A directory that \
     is made later has it too.",
)
.body::<bodies::NewAttributeMapping>()
.answers::<render::AttributeMapping>(200, "The mapping.")
.errors(&[404]);

/// `PUT /organizations/{id}/attribute_mapping`: maps these attributes for all its directories, and no others. A directory
/// that is made later has them too.
pub(crate) async fn update_of_organization<S: Store>(
    State(state): State<AppState<S>>,
    Extension(request): Extension<RequestId>,
    caller: ApiCaller,
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let organization = caller.organization(&state, &id).await?;
    let mut fields = Fields::new(body, &UPDATE_OF_ORGANIZATION);
    let given = mapping_body::attributes(&mut fields);
    fields.done()?;
    let mapping = state.store.put_organization_mapping(organization.id, given, request).await?;
    // No event tells the worker of it.
    state.begun.notify_one();
    let pending = is_pending_in(&state, organization.id, &mapping).await?;
    Ok(Json(render::organization_mapping(organization.id, &mapping.attributes, pending)).into_response())
}

/// How [`read_roles`] is described.
pub(crate) const READ_ROLES: Operation =
    Operation::new("get_role_mapping", Tag::Mapping, "Read which roles a directory's groups give")
        .answers::<render::RoleMapping>(200, "The mapping.")
        .errors(&[404]);

/// `GET /directories/{id}/role_mapping`.
pub(crate) async fn read_roles<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let mapping = state.store.mapping(directory.id.directory).await?;
    Ok(Json(render::role_mapping(&directory, &mapping.roles, is_pending(&directory))).into_response())
}

/// How [`update_roles`] is described.
pub(crate) const UPDATE_ROLES: Operation =
    Operation::new("update_role_mapping", Tag::Mapping, "Map roles to a directory's groups")
        .about(
            "The body is the whole mapping. The users follow in the background, and each whose roles differ is told as \
             `dsync.user.updated`.",
        )
        .body::<bodies::NewRoleMapping>()
        .answers::<render::RoleMapping>(200, "The mapping.")
        .errors(&[404]);

/// `PUT /directories/{id}/role_mapping`: maps these roles, and no others.
pub(crate) async fn update_roles<S: Store>(
    State(state): State<AppState<S>>,
    Extension(request): Extension<RequestId>,
    caller: ApiCaller,
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let roles = roles(&state, &directory, body).await?;
    let operation = "PUT /directories/{id}/role_mapping";
    let (mapping, trail) =
        change(&state, request, &directory, MappingChange::Roles(roles), operation).await?;
    let (directory, _) = caller.directory(&state, &id).await?;
    let answer = render::role_mapping(&directory, &mapping.roles, is_pending(&directory));
    Ok((Extension(trail), Json(answer)).into_response())
}

/// Changes what is mapped for a directory; what is then, and what is to be noted of the request.
async fn change<S: Store>(
    state: &AppState<S>,
    request: RequestId,
    directory: &Directory,
    change: MappingChange,
    operation: &str,
) -> Result<(Arc<DirectoryMapping>, Trail), Problem> {
    let (provider, terms) = state.contract_of(directory).await?;
    let command = Command::ChangeMapping(Box::new(change));
    let envelope = Envelope { directory: directory.id.directory, request, terms, command };
    let outcome = state.store.submit(envelope).await??;
    // No event tells the worker of it.
    state.begun.notify_one();
    let trail = Trail::about(operation, directory.id, provider.slug).with(&outcome);
    match &outcome.reply {
        Reply::Mapping(mapping) => Ok((mapping.clone(), trail)),
        _ => Err(Problem::fault("a mapping was answered with something else")),
    }
}

/// Whether users of a directory are still being made what they are to be by what is mapped.
fn is_pending(directory: &Directory) -> bool {
    directory.sweep.as_ref().is_some_and(|sweep| sweep.reproject)
}

/// The same of any directory of an organization.
async fn is_pending_in<S: Store>(
    state: &AppState<S>,
    organization: OrganizationId,
    mapping: &OrganizationMapping,
) -> Result<bool, Problem> {
    if !mapping.is_everywhere() {
        return Ok(true);
    }
    let mut page = Page::first(PAGE_LIMIT);
    loop {
        let query = DirectoryQuery { organizations: Some(vec![organization]), search: None };
        let found = state.store.directories(query, page).await?;
        if found.iter().any(|(directory, _)| is_pending(directory)) {
            return Ok(true);
        }
        match found.last() {
            Some((last, _)) if found.len() == PAGE_LIMIT => page = Page::behind(last.id.local, PAGE_LIMIT),
            _ => return Ok(false),
        }
    }
}

/// How [`preview_attributes`] is described.
pub(crate) const PREVIEW_ATTRIBUTES: Operation =
    Operation::new("preview_attribute_mapping", Tag::Mapping, "Preview a mapping of attributes")
        .about("Whose attributes would change, and how, if these were mapped. Nothing is changed.")
        .parameters(&[EXAMINED, AFTER])
        .body::<bodies::AttributeMappingPreview>()
        .all::<render::PreviewedUser>("Those who would change, the oldest first.", WALKED)
        .errors(&[404]);

/// `POST /directories/{id}/attribute_mapping/preview`: whose attributes would change, and how, if these were mapped for
/// the directory, or where `mapped_by` says so for its organization.
pub(crate) async fn preview_attributes<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
    query: Query,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let (directory, head) = caller.directory(&state, &id).await?;
    let mut fields = Fields::new(body, &PREVIEW_ATTRIBUTES);
    let given = mapping_body::attributes(&mut fields);
    let of_organization = match fields.optional_text("mapped_by", MAPPED_NAME_BYTES_LIMIT) {
        Given::Value(text) if text == "organization" => true,
        Given::Value(text) if text != "directory" => {
            let message = "`mapped_by` must be one of: directory, organization".to_owned();
            fields.wrong("mapped_by", "invalid_mapped_by", message);
            false
        }
        Given::Absent | Given::Null | Given::Value(_) => false,
    };
    fields.done()?;
    let (provider, _) = state.contract_of(&directory).await?;
    let mut mapping = state.store.mapping(directory.id.directory).await?;
    *(if of_organization { &mut mapping.organization } else { &mut mapping.own }) = given;
    let attributes = Attributes::of(provider.attributes, &mapping);
    let total = head.users_active + head.users_inactive;
    let examined = examine(&state, &directory, &query, total, |id, view| {
        let before = view.user.projection();
        let reading = attributes.read(&view.user.doc);
        let after = Projection { attributes: reading.values, roles: before.roles.clone() };
        render::previewed_user(id, &view.user.doc, &before, &after, &reading.left_out)
    })
    .await?;
    Ok(Json(examined).into_response())
}

/// How [`preview_roles`] is described.
pub(crate) const PREVIEW_ROLES: Operation =
    Operation::new("preview_role_mapping", Tag::Mapping, "Preview a mapping of roles")
        .about("Whose roles would change, and how, if these were mapped. Nothing is changed.")
        .parameters(&[EXAMINED, AFTER])
        .body::<bodies::NewRoleMapping>()
        .all::<render::PreviewedUser>("Those who would change, the oldest first.", WALKED)
        .errors(&[404]);

/// `POST /directories/{id}/role_mapping/preview`: whose roles would change, and how, if these were mapped.
pub(crate) async fn preview_roles<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
    query: Query,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let (directory, head) = caller.directory(&state, &id).await?;
    let roles = roles(&state, &directory, body).await?;
    let total = head.users_active + head.users_inactive;
    let examined = examine(&state, &directory, &query, total, |id, view| {
        let before = view.user.projection();
        let groups: BTreeSet<LocalId> = view.groups.iter().map(|group| group.id).collect();
        let after = Projection { roles: roles.roles_of(&groups), ..before.clone().into_owned() };
        render::previewed_user(id, &view.user.doc, &before, &after, &[])
    })
    .await?;
    Ok(Json(examined).into_response())
}

/// The roles of a body, whose groups are groups of the directory. One that is mapped already may be gone meanwhile: what is
/// shown can be sent back.
async fn roles<S: Store>(
    state: &AppState<S>,
    directory: &Directory,
    body: lockstep_scim::Object,
) -> Result<RoleMapping, Problem> {
    let mut fields = Fields::new(body, &PREVIEW_ROLES);
    let (roles, groups) = mapping_body::roles(&mut fields, directory.id);
    let mapped = state.store.mapping(directory.id.directory).await?.roles;
    let mapped: BTreeSet<LocalId> = mapped.roles.into_iter().flat_map(|role| role.groups).collect();
    for (place, group) in groups {
        if !mapped.contains(&group)
            && state.store.group(directory.id.directory, group, false).await?.is_none()
        {
            mapping_body::unknown_group(&mut fields, &place);
        }
    }
    fields.done()?;
    Ok(roles)
}
