//! Lists (RFC 7644 §3.4.2, §3.4.3): of one resource type or of all, by GET or by POST of a `.search`, by filter, order
//! and page.

use axum::response::Response;
use http::StatusCode;
use lockstep_core::query::Kind;
use lockstep_scim::filter;
use lockstep_scim::list::{self, Cursors, Paging};
use lockstep_scim::projection::Projection;
use lockstep_scim::search::SearchRequest;
use lockstep_scim::sort::Sort;
use lockstep_scim::{Definition, Error, Limits};
use lockstep_store::Store;
use serde_json::{Value, json};

use super::endpoint::{Endpoint, Types};
use super::render::Renderer;
use super::walk::{Found, Part, Reader};
use super::{Asked, answer, base_url, by_cursor, definition};
use crate::auth::ScimCaller;
use crate::limits::SCIM_PAGE_DEFAULT;
use crate::problem::Problem;
use crate::state::AppState;

pub(super) async fn answer<S: Store>(
    state: &AppState<S>,
    caller: &ScimCaller,
    types: Types,
    asked: &Asked,
) -> Result<Response, Problem> {
    let request = if let Endpoint::Search(_) = &asked.endpoint {
        SearchRequest::from_body(asked.body.as_ref().unwrap_or(&Value::Null), &state.limits)?
    } else {
        let parameters = asked.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        SearchRequest::from_parameters(parameters)?
    };
    let base_url = base_url(state, caller);
    let renderer = Renderer { base_url: &base_url, directory: caller.directory, terms: &caller.terms };
    let question = Question::read(caller, types, &request, &renderer, &state.limits)?;
    let reader = Reader {
        store: &state.store,
        directory: caller.directory,
        renderer,
        scans: &state.scans,
        client: &asked.client,
    };
    if let Some(cursor) = &request.cursor {
        let page = by_cursor::page(state, caller, &question, &reader, &request, cursor).await?;
        let cursors = Cursors { next: page.next, previous: page.previous };
        let body = list::render_cursor_page(page.total, cursors, rendered(&page.found));
        return Ok(answer::message(StatusCode::OK, &body));
    }
    let paging = Paging::parse(
        request.start_index.as_deref(),
        request.count.as_deref(),
        SCIM_PAGE_DEFAULT,
        state.limits.page_resources,
    )?;
    let (total, found) = question.page(&reader, paging).await?;
    let body = list::render(total, paging.start_index, rendered(&found));
    Ok(answer::message(StatusCode::OK, &body))
}

/// What is shown of what was found.
fn rendered(found: &[Found<'_>]) -> Vec<Value> {
    let shown =
        |found: &Found<'_>| Value::Object(found.part.shown.apply(&found.resource, found.part.definition));
    found.iter().map(shown).collect()
}

/// What is asked, as it is meant for each resource type.
pub(super) struct Question<'a> {
    /// The types that may have something, in the order of a list over all.
    pub(super) parts: Vec<Part<'a>>,
    /// In which order, where one was asked for.
    pub(super) order: Option<Sort>,
    /// What is asked, by which it is told from every other question: the same however it was spelled.
    pub(super) identity: String,
}

impl<'a> Question<'a> {
    fn read(
        caller: &'a ScimCaller,
        types: Types,
        request: &SearchRequest,
        renderer: &Renderer<'_>,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let kinds = match types {
            // What the token does not see is not there for it.
            Types::All => [Kind::User, Kind::Group].into_iter().filter(|kind| caller.sees(*kind)).collect(),
            Types::One(kind) => vec![kind],
        };
        let definitions: Vec<&Definition> = kinds.iter().map(|kind| definition(caller, *kind)).collect();
        let filter = match &request.filter {
            None => None,
            Some(text) => {
                let filter = filter::parse(text, limits)?;
                match types {
                    Types::All => filter::check_across(&filter, &definitions)?,
                    Types::One(kind) => filter::check(&filter, definition(caller, kind))?,
                }
                Some(filter)
            }
        };
        let sorts = read_sorts(request, &definitions)?;
        let order = sorts.iter().flatten().next().cloned();
        let mut identity = json!([
            caller.provider.slug,
            matches!(types, Types::All),
            filter.as_ref().map(ToString::to_string),
            format!("{sorts:?}"),
        ]);
        let mut parts = Vec::new();
        for ((kind, definition), sort) in kinds.into_iter().zip(definitions).zip(sorts) {
            let shown = Projection::from_lists(
                &request.attributes,
                &request.excluded_attributes,
                definition,
                limits,
            )?;
            if let Some(identity) = identity.as_array_mut() {
                identity.push(json!([definition.name, format!("{shown:?}")]));
            }
            let filter = match filter.as_ref().map(|filter| (filter, filter::settled(filter, definition))) {
                Some((_, Some(false))) => continue,
                Some((filter, None)) => Some(filter.clone()),
                Some((_, Some(true))) | None => None,
            };
            parts.push(Part::new(kind, definition, shown, sort, filter, renderer));
        }
        Ok(Self { parts, order, identity: identity.to_string() })
    }

    /// Whether there is no filter to decide by: then nothing needs to be looked at to be counted.
    pub(super) fn selects_everything(&self) -> bool {
        self.parts.iter().all(|part| part.filter.is_none())
    }
}

/// The order as each type has it; refused where no type can be sorted so.
fn read_sorts(request: &SearchRequest, definitions: &[&Definition]) -> Result<Vec<Option<Sort>>, Error> {
    let sorts: Vec<Result<Option<Sort>, Error>> = definitions
        .iter()
        .map(|definition| Sort::parse(request.sort_by.as_deref(), request.sort_order.as_deref(), definition))
        .collect();
    if sorts.iter().all(Result::is_err) {
        return sorts.into_iter().collect();
    }
    Ok(sorts.into_iter().map(|sort| sort.ok().flatten()).collect())
}
