//! Lists by cursor: `limit`, `before`, `after` and `order` in, `list_metadata` out. A cursor is the id of a thing, and
//! holds its place also when that thing has gone.

use axum::Json;
use axum::response::{IntoResponse, Response};
use lockstep_store::{Order, Page};
use serde::Serialize;
use utoipa::ToSchema;

use super::query::Query;
use crate::limits::{PAGE_DEFAULT, PAGE_LIMIT};
use crate::problem::Problem;

/// Which part of a list is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Paging<K> {
    /// What to ask of the store: one more than is wanted, which tells whether there are more.
    pub(crate) page: Page<K>,
    wanted: usize,
    /// Whether `before` and `after` have changed places (`order=normal`).
    swapped: bool,
}

impl<K> Paging<K> {
    /// Reads the parameters. `parse` reads a cursor, and refuses what is no id of a thing in this list.
    pub(crate) fn read(query: &Query, parse: impl Fn(&str) -> Option<K>) -> Result<Self, Problem> {
        let wanted = limit(query)?;
        let (order, swapped) = match query.one("order")? {
            None | Some("desc") => (Order::Descending, false),
            Some("asc") => (Order::Ascending, false),
            // The newest first, and yet what is "after" is newer.
            Some("normal") => (Order::Descending, true),
            Some(_) => {
                let message = "`order` must be `asc`, `desc` or `normal`";
                return Err(Problem::invalid_field("order", "invalid_order", message));
            }
        };
        let cursor = |name: &str| match query.one(name)? {
            None => Ok(None),
            Some(text) => parse(text).map(Some).ok_or_else(|| {
                let message =
                    format!("`{name}` is not the id of a thing in this list; leave it out to begin again");
                Problem::invalid_field(name, "invalid_cursor", message)
            }),
        };
        let (mut before, mut after) = (cursor("before")?, cursor("after")?);
        if swapped {
            std::mem::swap(&mut before, &mut after);
        }
        Ok(Self { page: Page { after, before, order, limit: wanted + 1 }, wanted, swapped })
    }

    /// Drops the surplus of what the store found, and tells the cursors of the neighbouring parts.
    pub(crate) fn cut<T>(&self, found: &mut Vec<T>, id: impl Fn(&T) -> String) -> Cursors {
        let surplus = found.len() > self.wanted;
        let backwards = self.page.before.is_some();
        if surplus && backwards {
            found.drain(..found.len() - self.wanted);
        }
        found.truncate(self.wanted);
        let more_before = if backwards { surplus } else { self.page.after.is_some() };
        let more_after = backwards || surplus;
        let before = found.first().filter(|_| more_before).map(&id);
        let after = found.last().filter(|_| more_after).map(&id);
        if self.swapped { Cursors { before: after, after: before } } else { Cursors { before, after } }
    }
}

impl<K: Ord + Copy> Paging<K> {
    /// The part of what is all in memory, in any order.
    pub(crate) fn pick<T>(&self, mut all: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
        all.sort_by_key(&key);
        let walk = self.page.clone().walk();
        all.retain(|thing| {
            let key = key(thing);
            walk.above.is_none_or(|above| key > above) && walk.below.is_none_or(|below| key < below)
        });
        if walk.descending {
            all.reverse();
        }
        all.truncate(walk.limit);
        walk.arrange(all)
    }
}

/// Where the neighbouring parts of a list begin.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
#[schema(as = ListMetadata)]
pub(crate) struct Cursors {
    /// What to send as `before` for the part before this one; null where there is none.
    pub(crate) before: Option<String>,
    /// What to send as `after` for the part behind this one; null where there is none.
    pub(crate) after: Option<String>,
}

/// A part of a list.
#[derive(Serialize)]
pub(crate) struct List<T> {
    object: &'static str,
    data: Vec<T>,
    #[serde(rename = "list_metadata")]
    cursors: Cursors,
}

impl<T> List<T> {
    pub(crate) fn new(data: impl IntoIterator<Item = T>, cursors: Cursors) -> Self {
        Self { object: "list", data: data.into_iter().collect(), cursors }
    }
}

/// A part of a list, as it is published.
pub(crate) fn list<T: Serialize>(data: impl IntoIterator<Item = T>, cursors: Cursors) -> Response {
    Json(List::new(data, cursors)).into_response()
}

/// How many things are wanted.
pub(crate) fn limit(query: &Query) -> Result<usize, Problem> {
    let Some(text) = query.one("limit")? else { return Ok(PAGE_DEFAULT) };
    text.parse().ok().filter(|limit| (1..=PAGE_LIMIT).contains(limit)).ok_or_else(|| {
        let message = format!("`limit` must be a whole number from 1 to {PAGE_LIMIT}");
        Problem::invalid_field("limit", "invalid_limit", message)
    })
}

#[cfg(test)]
mod tests;
