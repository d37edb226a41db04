//! A page by cursor (RFC 9865). A walk sees each resource that is there from its beginning to its end exactly once,
//! whatever is written meanwhile: without an order it goes by type and id, which never change; with one it goes in the
//! order that held when it began. Nothing is kept between the pages. Who comes during the walk is not part of it.

use std::cmp::Ordering;

use lockstep_core::command::Refusal;
use lockstep_core::id::{EventId, LocalId};
use lockstep_core::query::{Kind, Lookup};
use lockstep_scim::Error;
use lockstep_scim::list::Paging;
use lockstep_scim::search::SearchRequest;
use lockstep_scim::sort::Sort;
use lockstep_store::Store;

use super::by_index::{First, Place, count_of};
use super::cursor::{Beginning, Binding, Cursor, expired};
use super::history::{self, History};
use super::search::Question;
use super::walk::{Direction, Found, Reader, Walk};
use crate::auth::ScimCaller;
use crate::limits::SCIM_PAGE_DEFAULT;
use crate::problem::Problem;
use crate::state::AppState;

/// A page of a walk.
pub(super) struct CursorPage<'q> {
    /// How many there are in all, where that is known.
    pub(super) total: Option<usize>,
    pub(super) found: Vec<Found<'q>>,
    /// Where to go on; nothing on the last page.
    pub(super) next: Option<String>,
    /// Where to go back; nothing on the first page.
    pub(super) previous: Option<String>,
}

/// A resource where a walk stands.
type Standing = (Kind, LocalId);

/// Where another page begins: at a resource, or beside it.
struct Origin {
    standing: Standing,
    inclusive: bool,
}

/// A page of a walk, before its cursors are sealed.
#[derive(Default)]
struct Step<'q> {
    total: Option<usize>,
    found: Vec<Found<'q>>,
    /// The first and the last resource of the page, where there are any.
    ends: Option<(Standing, Standing)>,
    /// Whether there are more in the direction of the walk.
    more: bool,
}

/// The page that `sent`, the cursor of a request, asks for.
pub(super) async fn page<'q, S: Store>(
    state: &AppState<S>,
    caller: &ScimCaller,
    question: &'q Question<'q>,
    reader: &Reader<'_, S>,
    request: &SearchRequest,
    sent: &str,
) -> Result<CursorPage<'q>, Problem> {
    if request.start_index.is_some() {
        return Err(Error::invalid_cursor("cursor and startIndex exclude each other; send one").into());
    }
    if let Some(order) =
        question.parts.iter().filter_map(|part| part.sort.as_ref()).find(|sort| !history::is_told(sort))
    {
        return Err(Error::invalid_value(format!(
            "sortBy: the log does not tell what {} was, so a walk by cursor cannot keep this order: leave sortBy out, \
             sort by another attribute, or page by startIndex",
            order.attribute
        ))
        .into());
    }
    let paging =
        Paging::parse(None, request.count.as_deref(), SCIM_PAGE_DEFAULT, state.limits.page_resources)
            .map_err(|error| Error::invalid_count(error.detail))?;
    let binding = Binding::new(caller, &question.identity);
    let (beginning, count, place) = if sent.is_empty() {
        (begin(reader).await?, paging.count, None)
    } else {
        let cursor = Cursor::open(state, &binding, caller.directory, sent)?;
        // A client that does not say it again means the same.
        if request.count.is_some() && paging.count != cursor.count {
            let message = "count must stay the same from the first page of a walk to its last";
            return Err(Error::invalid_count(message).into());
        }
        (cursor.beginning, cursor.count, Some(cursor))
    };
    let walk = CursorWalk { question, reader, beginning, count, place };
    let step = match &question.order {
        _ if count == 0 => Step { total: Some(walk.total().await?), ..Step::default() },
        Some(order) => walk.sorted(order).await?,
        None => walk.by_id().await?,
    };
    let issued_at = state.clock.now();
    let seal = |direction: Direction, from: Option<Origin>| match from {
        Some(Origin { standing: (kind, id), inclusive }) => {
            let cursor = Cursor { beginning, kind, id, direction, inclusive, count, issued_at };
            cursor.seal(state, &binding).map(Some)
        }
        None => Ok(None),
    };
    let (next, previous) = onwards(&step, place.as_ref());
    let (next, previous) = (seal(Direction::Forwards, next)?, seal(Direction::Backwards, previous)?);
    Ok(CursorPage { total: step.total, found: step.found, next, previous })
}

/// From where the next and the previous page begin.
fn onwards(step: &Step<'_>, place: Option<&Cursor>) -> (Option<Origin>, Option<Origin>) {
    let Some((first, last)) = step.ends else {
        // What was to come is gone meanwhile: back to what was seen.
        let seen = place.map(|place| Origin { standing: (place.kind, place.id), inclusive: true });
        return match place.map(|place| place.direction) {
            Some(Direction::Forwards) => (None, seen),
            Some(Direction::Backwards) => (seen, None),
            None => (None, None),
        };
    };
    // Whence one came there was something, and whither one goes there is what was looked for.
    let (has_previous, has_next) = match place.map(|place| place.direction) {
        None => (false, step.more),
        Some(Direction::Forwards) => (true, step.more),
        Some(Direction::Backwards) => (step.more, true),
    };
    let beside = |standing: Standing| Origin { standing, inclusive: false };
    (has_next.then(|| beside(last)), has_previous.then(|| beside(first)))
}

/// A walk begins with how the directory stands now.
async fn begin<S: Store>(reader: &Reader<'_, S>) -> Result<Beginning, Problem> {
    let (_, head) = reader.store.directory(reader.directory).await?.ok_or(Refusal::NoDirectory)?;
    let event = EventId { directory: reader.directory, seq: head.last_seq, at: head.last_at };
    Ok(Beginning { event, last_id: LocalId(head.last_id) })
}

struct CursorWalk<'r, 'q, S> {
    question: &'q Question<'q>,
    reader: &'r Reader<'r, S>,
    beginning: Beginning,
    count: usize,
    /// From where the page goes in which direction; nothing for the first page.
    place: Option<Cursor>,
}

impl<'q, S: Store> CursorWalk<'_, 'q, S> {
    /// A page by type and id.
    async fn by_id(&self) -> Result<Step<'q>, Problem> {
        let question = self.question;
        let mut walk = Walk::new(self.reader, &question.parts).up_to(self.beginning.last_id);
        if let Some(Cursor { kind, id, direction, inclusive, .. }) = self.place {
            walk = walk.from(kind, id, direction, inclusive);
        }
        if question.selects_everything() {
            walk = walk.reading(self.count + 1);
        }
        let mut found: Vec<Found<'q>> = Vec::new();
        while found.len() <= self.count
            && let Some(next) = walk.next().await?
        {
            found.extend(next);
        }
        let more = found.len() > self.count;
        found.truncate(self.count);
        if self.direction() == Direction::Backwards {
            found.reverse();
        }
        // Its turn is over before another walk may want one.
        drop(walk);
        let standing = |found: &Found<'_>| (found.part.kind, found.id);
        let ends = found.first().map(standing).zip(found.last().map(standing));
        let total = match self.place {
            _ if question.selects_everything() => Some(self.total().await?),
            // The whole walk was seen.
            None if !more => Some(found.len()),
            // What an index answers is counted once: with each page it would cost the walk once more.
            None if question.parts.iter().all(|part| part.lookup != Lookup::All) => Some(self.total().await?),
            // RFC 9865 §2: it may be left out.
            _ => None,
        };
        Ok(Step { total, found: self.reader.shown(found).await?, ends, more })
    }

    /// A page in the order of the beginning: each looks at all that is selected, and holds no more places than it
    /// answers.
    async fn sorted(&self, order: &Sort) -> Result<Step<'q>, Problem> {
        let question = self.question;
        let mut history = History::since(self.beginning, self.reader, &question.parts).await?;
        let place = match self.place {
            None => None,
            Some(Cursor { kind, id, .. }) => {
                let key = history.key_of(kind, id).await?;
                let key = key.ok_or_else(|| expired("the resource where the walk stood is gone"))?;
                Some(Place { key, kind, id })
            }
        };
        let mut total = 0;
        let mut first = First::new(order, self.direction(), self.count + 1);
        let mut walk = Walk::new(self.reader, &question.parts).up_to(self.beginning.last_id);
        while let Some(found) = walk.next().await? {
            history.cover(&found).await?;
            total += found.len();
            for found in found {
                let candidate = Place { key: history.key(&found), kind: found.part.kind, id: found.id };
                let ahead = place.as_ref().is_none_or(|place| match place.compare(&candidate, order) {
                    Ordering::Less => self.direction() == Direction::Forwards,
                    Ordering::Greater => self.direction() == Direction::Backwards,
                    Ordering::Equal => self.place.is_some_and(|place| place.inclusive),
                });
                if ahead {
                    first.offer(candidate);
                }
            }
        }
        let mut places = first.finish();
        let more = places.len() > self.count;
        places.truncate(self.count);
        if self.direction() == Direction::Backwards {
            places.reverse();
        }
        let standing = |place: &Place| (place.kind, place.id);
        let ends = places.first().map(standing).zip(places.last().map(standing));
        let found = question.at(self.reader, places.into_iter()).await?;
        Ok(Step { total: Some(total), found, ends, more })
    }

    fn direction(&self) -> Direction {
        self.place.map_or(Direction::Forwards, |place| place.direction)
    }

    /// How many there are in all.
    async fn total(&self) -> Result<usize, Problem> {
        let question = self.question;
        if question.selects_everything() {
            let (_, head) =
                self.reader.store.directory(self.reader.directory).await?.ok_or(Refusal::NoDirectory)?;
            return Ok(question.parts.iter().map(|part| count_of(&head, part.kind)).sum());
        }
        let mut total = 0;
        let mut walk = Walk::new(self.reader, &question.parts);
        while let Some(found) = walk.next().await? {
            total += found.len();
        }
        Ok(total)
    }
}
