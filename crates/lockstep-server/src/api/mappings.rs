//! What is mapped for applications: attributes, of a directory or of all directories of an organization, and roles, by
//! the groups of a directory. A preview tells what a change would do, and changes nothing.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use lockstep_core::id::LocalId;
use lockstep_core::limits::MAPPED_NAME_BYTES_LIMIT;
use lockstep_core::mapping::{AttributeMapping, Attributes, DirectoryMapping, Projection, RoleMapping};
use lockstep_core::model::Directory;
use lockstep_store::Store;

use super::attributes::{AFTER, EXAMINED, WALKED, examine};
use super::bodies;
use super::fields::{Fields, Given};
use super::mapping_body;
use super::query::Query;
use super::render::mapping as render;
use crate::auth::ApiCaller;
use crate::body::JsonObject;
use crate::openapi::{Operation, Tag};
use crate::problem::Problem;
use crate::state::AppState;

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
    let mapping = DirectoryMapping::default();
    let pending = directory.sweep.is_some();
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
    let mapping = AttributeMapping::new();
    Ok(Json(render::organization_mapping(organization.id, &mapping, false)).into_response())
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
    let mut mapping = DirectoryMapping::default();
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

/// The roles of a body, whose groups are groups of the directory.
async fn roles<S: Store>(
    state: &AppState<S>,
    directory: &Directory,
    body: lockstep_scim::Object,
) -> Result<RoleMapping, Problem> {
    let mut fields = Fields::new(body, &PREVIEW_ROLES);
    let (roles, groups) = mapping_body::roles(&mut fields, directory.id);
    for (place, group) in groups {
        if state.store.group(directory.id.directory, group, false).await?.is_none() {
            mapping_body::unknown_group(&mut fields, &place);
        }
    }
    fields.done()?;
    Ok(roles)
}
