//! A page by index (RFC 7644 §3.4.2.4), and the parts of it that a page by cursor is made of too.

use std::cmp::Ordering;

use lockstep_core::command::Refusal;
use lockstep_core::id::LocalId;
use lockstep_core::model::Head;
use lockstep_core::query::Kind;
use lockstep_scim::list::Paging;
use lockstep_scim::sort::{self, Sort};
use lockstep_store::{Page, Store};

use super::search::Question;
use super::walk::{Direction, Found, Reader, Walk};
use crate::problem::Problem;

impl Question<'_> {
    /// A page by index, and how many there are in all (RFC 7644 §3.4.2.4).
    pub(super) async fn page<'q, S: Store>(
        &'q self,
        reader: &Reader<'_, S>,
        paging: Paging,
    ) -> Result<(usize, Vec<Found<'q>>), Problem> {
        match &self.order {
            Some(order) if paging.count > 0 => self.sorted(reader, order, paging).await,
            _ if self.selects_everything() => self.everything(reader, paging).await,
            _ => self.filtered(reader, paging).await,
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
                        // So many were deleted since they were counted that the page begins with the next type.
                        skipped = 0;
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
        let end = paging.offset().saturating_add(paging.count);
        let mut total = 0;
        let mut first = First::new(order, Direction::Forwards, end);
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
    pub(super) async fn at<'q, S: Store>(
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

/// Where a resource stands in a sorted list: by its key, then by type and id.
pub(super) struct Place {
    pub(super) key: sort::Key,
    pub(super) kind: Kind,
    pub(super) id: LocalId,
}

/// How many of a kind there are.
pub(super) fn count_of(head: &Head, kind: Kind) -> usize {
    let count = match kind {
        Kind::User => head.users_active + head.users_inactive,
        Kind::Group => head.groups,
    };
    usize::try_from(count).unwrap_or(usize::MAX)
}

impl Place {
    /// RFC 7644 §3.4.2.4 leaves ties open; the type and the id make the order the same each time.
    pub(super) fn compare(&self, other: &Self, order: &Sort) -> Ordering {
        order.order(&self.key, &other.key).then((self.kind, self.id).cmp(&(other.kind, other.id)))
    }
}

/// The first so many of the places that are offered, or backwards the last: holds at most twice as many and a few.
pub(super) struct First<'a> {
    order: &'a Sort,
    direction: Direction,
    limit: usize,
    kept: Vec<Place>,
}

/// How many places are held at least before those that cannot be wanted are dropped.
const PLACES_BEFORE_DROPPING: usize = 1_024;

impl<'a> First<'a> {
    pub(super) fn new(order: &'a Sort, direction: Direction, limit: usize) -> Self {
        Self { order, direction, limit, kept: Vec::new() }
    }

    pub(super) fn offer(&mut self, place: Place) {
        self.kept.push(place);
        if self.kept.len() >= self.limit.saturating_mul(2).max(PLACES_BEFORE_DROPPING) {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.kept.sort_unstable_by(|left, right| match self.direction {
            Direction::Forwards => left.compare(right, self.order),
            Direction::Backwards => right.compare(left, self.order),
        });
        self.kept.truncate(self.limit);
    }

    /// The first ones, in their order.
    pub(super) fn finish(mut self) -> Vec<Place> {
        self.settle();
        self.kept
    }
}
