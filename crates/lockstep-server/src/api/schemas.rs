//! The schemas that a directory has of its own, by which its users and groups are extended. Standard ones are not among
//! them.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use lockstep_core::command::{Command, Envelope, Outcome, Reply, Terms};
use lockstep_core::id::{LocalId, RequestId};
use lockstep_core::model::Directory;
use lockstep_core::query::{Kind, Lookup};
use lockstep_core::schemas::SchemaChange;
use lockstep_scim::resource::{self, Adopted};
use lockstep_scim::schema::Schema;
use lockstep_scim::{Definition, Object};
use lockstep_store::{Page, Store};

use super::bodies;
use super::fields::{Fields, Given};
use super::paging::{self, Cursors};
use super::render::{self, DirectorySchema};
use crate::auth::ApiCaller;
use crate::body::JsonObject;
use crate::limits::{CANDIDATES_LIMIT, NAME_BYTES_LIMIT};
use crate::openapi::{Operation, Tag};
use crate::path::Path;
use crate::problem::Problem;
use crate::state::AppState;
use crate::trail::Trail;

/// How [`list`] is described.
pub(crate) const LIST: Operation =
    Operation::new("list_directory_schemas", Tag::Schemas, "List the schemas of a directory")
        .about("All of them, in the order in which they were defined. There are few.")
        .all::<render::DirectorySchema>("The schemas.", &[])
        .errors(&[404]);

/// `GET /directories/{id}/schemas`: all of them, in the order in which they were defined. There are few.
pub(crate) async fn list<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let schemas = state.store.schemas(directory.id.directory).await?;
    let rendered = schemas.list.iter().map(|own| render::schema(&directory, own));
    Ok(paging::list(rendered, Cursors { before: None, after: None }))
}

/// How [`read`] is described.
pub(crate) const READ: Operation = Operation::new("get_directory_schema", Tag::Schemas, "Read a schema")
    .answers::<render::DirectorySchema>(200, "The schema.")
    .errors(&[404]);

/// `GET /directories/{id}/schemas/{urn}`, whatever the letter case of the URN.
pub(crate) async fn read<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    Path((id, urn)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let schemas = state.store.schemas(directory.id.directory).await?;
    let own = schemas.find(&urn).ok_or_else(|| Problem::not_found("schema"))?;
    Ok(Json(render::schema(&directory, own)).into_response())
}

/// How [`create`] is described.
pub(crate) const CREATE: Operation = Operation::new("create_directory_schema", Tag::Schemas, "Define a schema")
    .about(
        "409 where the URN has one, where its removal is still under way, or where resources have values under it that do \
         not fit.",
    )
    .body::<bodies::NewDirectorySchema>()
    .answers::<render::DirectorySchema>(201, "The schema.")
    .errors(&[404, 409]);

/// `POST /directories/{id}/schemas`: defines one. 409 where the URN has one, where its removal is still under way, or
/// where resources have values under it that do not fit.
pub(crate) async fn create<S: Store>(
    State(state): State<AppState<S>>,
    Extension(request): Extension<RequestId>,
    caller: ApiCaller,
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let mut fields = Fields::new(body, &CREATE);
    let kind = kind(&mut fields);
    let required = fields.optional_truth("required").unwrap_or(false);
    let schema = fields.schema("schema", &state.limits);
    fields.done()?;
    let (Some(schema), Some(kind)) = (schema, kind) else {
        return Err(Problem::fault("a body was accepted without what it must have"));
    };
    let (provider, terms) = state.contract_of(&directory).await?;
    if state.store.schemas(directory.id.directory).await?.find(&schema.id).is_none() {
        demand_fit(&state, &directory, &terms, kind, &schema).await?;
    }
    let change = SchemaChange::Define { schema, kind, required };
    let outcome = submit(&state, request, &directory, terms, change).await?;
    let trail = Trail::about("POST /directories/{id}/schemas", directory.id, provider.slug).with(&outcome);
    Ok((StatusCode::CREATED, Extension(trail), Json(shown(&directory, &outcome)?)).into_response())
}

/// How [`update`] is described.
pub(crate) const UPDATE: Operation = Operation::new(
    "update_directory_schema",
    Tag::Schemas,
    "Define the next version of a schema",
)
.about(
    "What it no longer declares is taken away from the resources; what stored values stand against is 409.",
)
.body::<bodies::DirectorySchemaChange>()
.answers::<render::DirectorySchema>(200, "The schema as it is now.")
.errors(&[404, 409]);

/// `PUT /directories/{id}/schemas/{urn}`: the next version. What it no longer declares is taken away; what stored values
/// stand against is 409.
pub(crate) async fn update<S: Store>(
    State(state): State<AppState<S>>,
    Extension(request): Extension<RequestId>,
    caller: ApiCaller,
    Path((id, urn)): Path<(String, String)>,
    JsonObject(body): JsonObject,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let schemas = state.store.schemas(directory.id.directory).await?;
    let own = schemas.find(&urn).ok_or_else(|| Problem::not_found("schema"))?;
    let mut fields = Fields::new(body, &UPDATE);
    match fields.optional_text("resource_type", NAME_BYTES_LIMIT) {
        Given::Value(name) if name != own.kind.as_str() => {
            let message = format!("`resource_type` stays `{}`: remove the schema first", own.kind.as_str());
            fields.wrong("resource_type", "immutable", message);
        }
        Given::Absent | Given::Null | Given::Value(_) => {}
    }
    let required = fields.optional_truth("required");
    let schema = fields.schema("schema", &state.limits);
    if schema.as_ref().is_some_and(|schema| schema.id != own.schema.id) {
        let message = format!("the `id` of the schema must be `{}`, as in the address", own.schema.id);
        fields.wrong("schema", "invalid_schema", message);
    }
    fields.done()?;
    let schema = schema.ok_or_else(|| Problem::fault("a body was accepted without its schema"))?;
    let (provider, terms) = state.contract_of(&directory).await?;
    let change = SchemaChange::Evolve { schema, required };
    let outcome = submit(&state, request, &directory, terms, change).await?;
    let trail =
        Trail::about("PUT /directories/{id}/schemas/{urn}", directory.id, provider.slug).with(&outcome);
    Ok((Extension(trail), Json(shown(&directory, &outcome)?)).into_response())
}

/// How [`remove`] is described.
pub(crate) const REMOVE: Operation =
    Operation::new("delete_directory_schema", Tag::Schemas, "Remove a schema")
        .about("It is gone at once for everybody; the stored values follow in steps.")
        .nothing(202, "It is gone; the values are being removed.")
        .errors(&[404, 409]);

/// `DELETE /directories/{id}/schemas/{urn}`: gone at once for everybody; the stored values follow in steps.
pub(crate) async fn remove<S: Store>(
    State(state): State<AppState<S>>,
    Extension(request): Extension<RequestId>,
    caller: ApiCaller,
    Path((id, urn)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (directory, _) = caller.directory(&state, &id).await?;
    let (provider, terms) = state.contract_of(&directory).await?;
    let outcome = submit(&state, request, &directory, terms, SchemaChange::Remove(urn)).await?;
    let trail =
        Trail::about("DELETE /directories/{id}/schemas/{urn}", directory.id, provider.slug).with(&outcome);
    Ok((StatusCode::ACCEPTED, Extension(trail)).into_response())
}

/// What a new schema extends.
fn kind(fields: &mut Fields) -> Option<Kind> {
    let name = fields.text("resource_type", NAME_BYTES_LIMIT);
    let kind = Kind::parse(&name);
    if kind.is_none() && !name.is_empty() {
        let message = "`resource_type` must be one of: User, Group".to_owned();
        fields.wrong("resource_type", "invalid_resource_type", message);
    }
    kind
}

async fn submit<S: Store>(
    state: &AppState<S>,
    request: RequestId,
    directory: &Directory,
    terms: std::sync::Arc<Terms>,
    change: SchemaChange,
) -> Result<Outcome, Problem> {
    let command = Command::ChangeSchemas(Box::new(change));
    let envelope = Envelope { directory: directory.id.directory, request, terms, command };
    let outcome = state.store.submit(envelope).await??;
    // No event tells the worker of it.
    state.begun.notify_one();
    Ok(outcome)
}

fn shown<'a>(directory: &Directory, outcome: &'a Outcome) -> Result<DirectorySchema<'a>, Problem> {
    match &outcome.reply {
        Reply::Schema(own) => Ok(render::schema(directory, own)),
        _ => Err(Problem::fault("a schema was answered with something else")),
    }
}

/// Where extensions that nobody declared are kept, resources may have values under the URN already. Those that do not
/// fit would be lost: 409 with how many resources have such. What comes between this look and the definition is taken
/// over as far as it fits, and each resource that loses something tells what, in its event.
async fn demand_fit<S: Store>(
    state: &AppState<S>,
    directory: &Directory,
    terms: &Terms,
    kind: Kind,
    schema: &Schema,
) -> Result<(), Problem> {
    let definition = terms.definition(kind);
    if !definition.open_extensions {
        return Ok(());
    }
    let next = definition.clone().with_extension(schema.clone(), false);
    let (number, mut page, mut misfits) = (directory.id.directory, Page::first(CANDIDATES_LIMIT), 0_usize);
    loop {
        let docs: Vec<(LocalId, Object)> = match kind {
            Kind::User => {
                let found = state.store.users(number, Lookup::All, page.clone()).await?;
                found.into_iter().map(|view| (view.user.id, view.user.doc)).collect()
            }
            Kind::Group => {
                let found = state.store.groups(number, Lookup::All, page.clone(), false).await?;
                found.into_iter().map(|view| (view.group.id, view.group.doc)).collect()
            }
        };
        // What is being taken away stands against nothing.
        let misfit = |doc| loses(&terms.conformed(kind, doc), &next, &schema.id);
        misfits += docs.iter().filter(|(_, doc)| misfit(doc)).count();
        match docs.last() {
            Some((last, _)) if docs.len() == CANDIDATES_LIMIT => page = Page::behind(*last, CANDIDATES_LIMIT),
            _ => break,
        }
    }
    if misfits == 0 {
        return Ok(());
    }
    let message = format!(
        "{misfits} resources have values under this urn that do not fit the schema: let it declare them as they are, or \
         let the IdP remove them first"
    );
    Err(Problem::conflict("stored_values_do_not_fit", message))
}

fn loses(doc: &Object, definition: &Definition, urn: &str) -> bool {
    let concerned =
        doc.keys().any(|key| key.get(..urn.len()).is_some_and(|start| start.eq_ignore_ascii_case(urn)));
    concerned && resource::adopt(&mut doc.clone(), definition, urn) == Adopted::Lost
}
