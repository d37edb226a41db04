//! Lists (RFC 7644 §3.4.2, §3.4.3): of one resource type or of all, by GET or by POST of a `.search`, by filter, order
//! and page.

use std::cmp::Ordering;

use axum::response::Response;
use http::StatusCode;
use lockstep_core::command::Refusal;
use lockstep_core::id::LocalId;
use lockstep_core::model::Head;
use lockstep_core::query::Kind;
use lockstep_scim::filter;
use lockstep_scim::list::{self, Paging};
use lockstep_scim::projection::Projection;
use lockstep_scim::search::SearchRequest;
use lockstep_scim::sort::{self, Sort};
use lockstep_scim::{Definition, Error, Limits};
use lockstep_store::{Page, Store};
use serde_json::Value;

use super::endpoint::{Endpoint, Types};
use super::render::Renderer;
use super::walk::{Found, Part, Reader, Walk};
use super::{Asked, answer, base_url, definition};
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
    let renderer = Renderer { base_url: &base_url, directory: caller.directory };
    let question = Question::read(caller, types, &request, &renderer, &state.limits)?;
    let reader = Reader { store: &state.store, directory: caller.directory, renderer };
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
struct Question<'a> {
    /// The types that may have something, in the order of a list over all.
    parts: Vec<Part<'a>>,
    /// In which order, where one was asked for.
    order: Option<Sort>,
}

/// Where a resource stands in a sorted list: by its key, then by type and id.
struct Place {
    key: sort::Key,
    kind: Kind,
    id: LocalId,
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
        let mut parts = Vec::new();
        for ((kind, definition), sort) in kinds.into_iter().zip(definitions).zip(sorts) {
            let shown = Projection::from_lists(
                &request.attributes,
                &request.excluded_attributes,
                definition,
                limits,
            )?;
            let filter = match filter.as_ref().map(|filter| (filter, filter::settled(filter, definition))) {
                Some((_, Some(false))) => continue,
                Some((filter, None)) => Some(filter.clone()),
                Some((_, Some(true))) | None => None,
            };
            parts.push(Part::new(kind, definition, shown, sort, filter, renderer));
        }
        Ok(Self { parts, order })
    }

    /// A page by index, and how many there are in all (RFC 7644 §3.4.2.4).
    async fn page<'q, S: Store>(
        &'q self,
        reader: &Reader<'_, S>,
        paging: Paging,
    ) -> Result<(usize, Vec<Found<'q>>), Problem> {
        match &self.order {
            Some(order) => self.sorted(reader, order, paging).await,
            None if self.parts.iter().all(|part| part.filter.is_none()) => {
                self.everything(reader, paging).await
            }
            None => self.filtered(reader, paging).await,
        }
    }

    /// A page of all there is: counted by the directory's head, found by its place.
    async fn everything<'q, S: Store>(
        &'q self,
        reader: &Reader<'_, S>,
        paging: Paging,
    ) -> Result<(usize, Vec<Found<'q>>), Problem> {
        let (_, head) = reader.store.directory(reader.directory).await?.ok_or(Refusal::NoDirectory)?;
        let (mut total, mut skipped, mut window) = (0, paging.offset(), Vec::new());
        for part in &self.parts {
            let count = count_of(&head, part.kind);
            total += count;
            let wanted = paging.count.saturating_sub(window.len());
            if skipped >= count || wanted == 0 {
                skipped = skipped.saturating_sub(count);
                continue;
            }
            let page = match skipped.checked_sub(1) {
                None => Page::first(wanted),
                Some(before) => {
                    let before = u64::try_from(before).unwrap_or(u64::MAX);
                    let Some(last) = reader.store.nth(reader.directory, part.kind, before).await? else {
                        continue;
                    };
                    Page::behind(last, wanted)
                }
            };
            skipped = 0;
            window.extend(reader.page(part, page).await?);
        }
        Ok((total, window))
    }

    /// A page of what a filter selects, by type and id.
    async fn filtered<'q, S: Store>(
        &'q self,
        reader: &Reader<'_, S>,
        paging: Paging,
    ) -> Result<(usize, Vec<Found<'q>>), Problem> {
        let mut total = 0;
        let mut window = Vec::new();
        let mut walk = Walk::new(reader, &self.parts);
        while let Some(found) = walk.next().await? {
            for found in found {
                if total >= paging.offset() && window.len() < paging.count {
                    window.push(found);
                }
                total += 1;
            }
        }
        Ok((total, reader.shown(window).await?))
    }

    /// A page in an order. Only places are held, and no more of them than lead up to the page's end.
    async fn sorted<'q, S: Store>(
        &'q self,
        reader: &Reader<'_, S>,
        order: &Sort,
        paging: Paging,
    ) -> Result<(usize, Vec<Found<'q>>), Problem> {
        let end = if paging.count == 0 { 0 } else { paging.offset().saturating_add(paging.count) };
        let mut total = 0;
        let mut first = First::new(order, end);
        let mut walk = Walk::new(reader, &self.parts);
        while let Some(found) = walk.next().await? {
            total += found.len();
            for found in found {
                first.offer(Place {
                    key: found.part.key(&found.resource),
                    kind: found.part.kind,
                    id: found.id,
                });
            }
        }
        let places = first.finish().into_iter().skip(paging.offset());
        Ok((total, self.at(reader, places).await?))
    }

    /// The resources at these places.
    async fn at<'q, S: Store>(
        &'q self,
        reader: &Reader<'_, S>,
        places: impl Iterator<Item = Place>,
    ) -> Result<Vec<Found<'q>>, Problem> {
        let mut found = Vec::new();
        for place in places {
            if let Some(part) = self.parts.iter().find(|part| part.kind == place.kind) {
                found.extend(reader.one(part, place.id).await?);
            }
        }
        Ok(found)
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

/// How many of a kind there are.
fn count_of(head: &Head, kind: Kind) -> usize {
    let count = match kind {
        Kind::User => head.users_active + head.users_inactive,
        Kind::Group => head.groups,
    };
    usize::try_from(count).unwrap_or(usize::MAX)
}

impl Place {
    /// RFC 7644 §3.4.2.4 leaves ties open; the type and the id make the order the same each time.
    fn compare(&self, other: &Self, order: &Sort) -> Ordering {
        order.order(&self.key, &other.key).then((self.kind, self.id).cmp(&(other.kind, other.id)))
    }
}

/// The first so many of the places that are offered: holds at most twice as many and a few.
struct First<'a> {
    order: &'a Sort,
    limit: usize,
    kept: Vec<Place>,
}

/// How many places are held at least before those that cannot be wanted are dropped.
const PLACES_BEFORE_DROPPING: usize = 1_024;

impl<'a> First<'a> {
    fn new(order: &'a Sort, limit: usize) -> Self {
        Self { order, limit, kept: Vec::new() }
    }

    fn offer(&mut self, place: Place) {
        if self.limit == 0 {
            return;
        }
        self.kept.push(place);
        if self.kept.len() >= self.limit.saturating_mul(2).max(PLACES_BEFORE_DROPPING) {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.kept.sort_unstable_by(|left, right| left.compare(right, self.order));
        self.kept.truncate(self.limit);
    }

    /// The first ones, in their order.
    fn finish(mut self) -> Vec<Place> {
        self.settle();
        self.kept
    }
}
