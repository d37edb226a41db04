//! The log over all directories within reach, oldest first unless it is asked for the other way round.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use lockstep_core::event::EventType;
use lockstep_core::id::{DirectoryNumber, EventId};
use lockstep_core::model::Directory;
use lockstep_store::{EventQuery, EventScope, Order, Page, Position, Store};

use self::never_made::NEVER_MADE;
use super::paging::{self, Cursors};
use super::query::Query;
use super::render;
use crate::auth::ApiCaller;
use crate::openapi::vocabulary::{AskedEvent, EventOrder};
use crate::openapi::{LIMIT, Operation, Tag, of, text, time};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) mod never_made;

/// How [`list`] is described.
pub(crate) const LIST: Operation = Operation::new("list_events", Tag::Events, "List events")
    .about(
        "Oldest first, unless `order` says otherwise. `list_metadata.after` is the last event's id, also where none follows \
         yet: keep it, and ask again behind it. An empty part has no cursor: keep the one that was sent.",
    )
    .parameters(&[
        of::<AskedEvent>(
            "events",
            "These kinds alone: repeated, as `events[]`, or with commas between them. Kinds that the SDKs know and that \
             are never made here, such as `connection.activated`, are taken and find nothing.",
        )
        .many(),
        text("after", "Those behind the event with this id, in the order that is asked for."),
        text("before", "Those in front of the event with this id, in the order that is asked for; the nearest ones."),
        LIMIT,
        of::<EventOrder>("order", "`asc`: the oldest first, as without it; `desc`: the newest first."),
        time("range_start", "Those at this time or later (RFC 3339)."),
        time("range_end", "Those before this time (RFC 3339)."),
        text("organization_id", "Those of this organization."),
    ])
    .all::<render::Event>("The next events.", &[])
    .errors(&[404]);

/// `GET /events`. `list_metadata.after` is the last event's id, also where none follows yet: whoever keeps it and asks
/// again behind it sees every event once. An empty part has no cursor: keep the one that was sent.
pub(crate) async fn list<S: Store>(
    State(state): State<AppState<S>>,
    caller: ApiCaller,
    query: Query,
) -> Result<Response, Problem> {
    let order = match query.one("order")? {
        None | Some("asc") => Order::Ascending,
        Some("desc") => Order::Descending,
        Some(_) => {
            let message = "`order` must be `asc` or `desc`";
            return Err(Problem::invalid_field("order", "invalid_order", message));
        }
    };
    let (since, until) = (query.time("range_start")?, query.time("range_end")?);
    if since.zip(until).is_some_and(|(since, until)| since >= until) {
        let message = "`range_end` must be later than `range_start`";
        return Err(Problem::invalid_field("range_end", "invalid_range", message));
    }
    let after = position(&state, &caller, &query, "after").await?;
    let before = position(&state, &caller, &query, "before").await?;
    let walk = Page { after, before, order, limit: paging::limit(&query)? }.walk();
    let types = types(&query)?;
    let scope = match caller.scope(&state, query.one("organization_id")?).await? {
        None => EventScope::All,
        Some(organizations) => EventScope::Organizations(organizations),
    };
    let Some(types) = types else {
        return Ok(paging::list(Vec::<render::Event<'_>>::new(), Cursors { before: None, after: None }));
    };
    let question = EventQuery {
        after: walk.above.unwrap_or_default(),
        before: walk.below,
        newest_first: walk.descending,
        scope,
        types,
        since,
        until,
        limit: walk.limit,
    };
    let found = walk.arrange(state.store.shown_events(question, render::ATTRIBUTES).await?);

    let mut directories: BTreeMap<DirectoryNumber, Directory> = BTreeMap::new();
    for view in &found {
        let number = view.record.directory;
        if let std::collections::btree_map::Entry::Vacant(free) = directories.entry(number) {
            let row = state.store.directory(number).await?;
            let (directory, _) = row.ok_or_else(|| Problem::fault("an event's directory has no row"))?;
            free.insert(directory);
        }
    }
    let rendered = found.iter().map(|view| {
        let directory = directories.get(&view.record.directory);
        render::event(directory.ok_or_else(|| Problem::fault("an event has no directory"))?, view)
    });
    let rendered: Vec<_> = rendered.collect::<Result<_, Problem>>()?;
    let last = found.last().map(|view| view.record.id().to_string());
    Ok(paging::list(rendered, Cursors { before: None, after: last }))
}

/// Where a cursor stands. Another organization's event is as unknown as one that never was.
async fn position<S: Store>(
    state: &AppState<S>,
    caller: &ApiCaller,
    query: &Query,
    name: &str,
) -> Result<Option<Position>, Problem> {
    let Some(text) = query.one(name)? else { return Ok(None) };
    let unknown = || {
        let message =
            format!("`{name}` names no event: send the id of an event that was read here, or leave it out");
        Problem::invalid_field(name, "invalid_cursor", message)
    };
    let id = EventId::parse(text).ok_or_else(unknown)?;
    let owner = state.catalog.owner(&state.store, id.directory).await?;
    if !owner.is_some_and(|owner| caller.reach.covers(owner)) {
        return Err(unknown());
    }
    state.store.position(id).await?.ok_or_else(unknown).map(Some)
}

/// Which kinds are asked for: none named means all, and nothing where those that are named are never made here.
fn types(query: &Query) -> Result<Option<Vec<EventType>>, Problem> {
    let names = query.many("events");
    let mut made = Vec::with_capacity(names.len());
    for name in &names {
        match EventType::parse(name) {
            Some(kind) => made.push(kind),
            None if NEVER_MADE.contains(name) => {}
            None => {
                let known: Vec<&str> = EventType::ALL.into_iter().map(EventType::as_str).collect();
                let message = format!("`events` must name some of: {}", known.join(", "));
                return Err(Problem::invalid_field("events", "invalid_event", message));
            }
        }
    }
    Ok((names.is_empty() || !made.is_empty()).then_some(made))
}
