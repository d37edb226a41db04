//! What is kept of the requests of identity providers, so that an administrator sees what became of them. It is no
//! part of a directory: it may be lost or deleted without anything being forgotten that was acknowledged.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, RangeInclusive};
use std::sync::{Mutex, PoisonError};

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{DirectoryNumber, LocalId, RequestId};

use crate::{Page, Result, Walk};

/// Records that [`RequestsInMemory`] keeps; the oldest go.
pub const KEPT_IN_MEMORY: usize = 1_000;

/// One request, explained.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestRecord {
    /// Whose IdP sent it.
    pub directory: DirectoryNumber,
    /// Its id; its upper bits are the time at which the request arrived.
    pub id: RequestId,
    /// The status of the answer.
    pub status: u16,
    /// What was asked, as a template: `PATCH /Users/{id}`.
    pub operation: String,
    /// Whether a repair was used.
    pub repaired: bool,
    /// The users and groups that it was about.
    pub resources: Vec<LocalId>,
    /// What a list shows of it, as JSON.
    pub summary: String,
    /// What is shown of it alone, as JSON: bodies and headers. A list leaves it empty.
    pub detail: String,
}

/// Which records of a directory to list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestQuery {
    /// Whose.
    pub directory: DirectoryNumber,
    /// Which part of the list.
    pub page: Page<RequestId>,
    /// Only requests that arrived then or later, to the millisecond.
    pub since: Option<Timestamp>,
    /// Only requests that arrived before.
    pub until: Option<Timestamp>,
    /// Only those answered so.
    pub status: RangeInclusive<u16>,
    /// Only those that needed repair, or only those that did not.
    pub repaired: Option<bool>,
    /// Only those that asked this.
    pub operation: Option<String>,
    /// Only those about this user or group.
    pub resource: Option<LocalId>,
}

impl RequestQuery {
    /// All records of a directory.
    #[must_use]
    pub fn all(directory: DirectoryNumber, page: Page<RequestId>) -> Self {
        Self {
            directory,
            page,
            since: None,
            until: None,
            status: 0..=u16::MAX,
            repaired: None,
            operation: None,
            resource: None,
        }
    }

    /// How an engine finds them along its index of ids: the time is a part of the id.
    #[must_use]
    pub fn walk(&self) -> Walk<RequestId> {
        let mut walk = self.page.clone().walk();
        // One less than the first id of that millisecond.
        let before_first = |time: Timestamp| RequestId(first_of(time).0.saturating_sub(1));
        if let Some(since) = self.since.filter(|since| since.0 > 0) {
            walk.above = walk.above.max(Some(before_first(since)));
        }
        if let Some(until) = self.until {
            let end = first_of(until);
            walk.below = Some(walk.below.map_or(end, |below| below.min(end)));
        }
        walk
    }
}

/// The lowest id of a request that arrived at this time or later.
#[must_use]
pub fn first_of(time: Timestamp) -> RequestId {
    let millis = time.millis() + u64::from(time.0 > 0 && time.0 % 1_000 != 0);
    RequestId(u128::from(millis) << 80)
}

/// Where request records are kept. Its methods block: call them where that does no harm. None of them ever waits for
/// what the [`Store`](crate::Store) does, nor the other way round.
///
/// What was appended is there for whoever asks next; what outlives a crash is up to the backend. Every method that
/// names a directory answers for no other.
pub trait RequestLog: Send + Sync + 'static {
    /// Appends records, all of them or none. One whose id is there already is left out.
    fn append(&self, records: &[RequestRecord]) -> Result<()>;
    /// Records by id, without what only [`RequestLog::record`] shows.
    fn records(&self, query: &RequestQuery) -> Result<Vec<RequestRecord>>;
    /// One record.
    fn record(&self, directory: DirectoryNumber, id: RequestId) -> Result<Option<RequestRecord>>;
    /// Removes up to `limit` records of a directory; whether there may be more.
    fn clear(&self, directory: DirectoryNumber, limit: usize) -> Result<bool>;
    /// Removes the oldest records, up to `limit`: those that arrived before `before`, and as many as it takes for the rest
    /// to fit into `bytes_max`. Whether there may be more to remove.
    fn prune(&self, before: Timestamp, bytes_max: u64, limit: usize) -> Result<bool>;
}

/// The last records, gone with the process.
#[derive(Debug, Default)]
pub struct RequestsInMemory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    records: BTreeMap<(DirectoryNumber, RequestId), RequestRecord>,
    /// Oldest first.
    order: VecDeque<(DirectoryNumber, RequestId)>,
}

impl Kept {
    fn bytes(&self) -> u64 {
        let bytes = |record: &RequestRecord| record.summary.len() + record.detail.len();
        self.records.values().map(bytes).map(|bytes| u64::try_from(bytes).unwrap_or(u64::MAX)).sum()
    }

    fn drop_oldest(&mut self) {
        if let Some(key) = self.order.pop_front() {
            self.records.remove(&key);
        }
    }
}

impl RequestsInMemory {
    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RequestLog for RequestsInMemory {
    fn append(&self, records: &[RequestRecord]) -> Result<()> {
        let mut kept = self.kept();
        let Kept { records: known, order } = &mut *kept;
        for record in records {
            let key = (record.directory, record.id);
            if let Entry::Vacant(free) = known.entry(key) {
                free.insert(record.clone());
                order.push_back(key);
            }
        }
        while kept.order.len() > KEPT_IN_MEMORY {
            kept.drop_oldest();
        }
        Ok(())
    }

    fn records(&self, query: &RequestQuery) -> Result<Vec<RequestRecord>> {
        let walk = query.walk();
        let lowest = Bound::Excluded((query.directory, walk.above.unwrap_or(RequestId(0))));
        let highest = Bound::Excluded((query.directory, walk.below.unwrap_or(RequestId(u128::MAX))));
        let kept = self.kept();
        if walk.above >= walk.below && walk.below.is_some() {
            return Ok(Vec::new());
        }
        let fits = |record: &&RequestRecord| {
            query.status.contains(&record.status)
                && query.repaired.is_none_or(|repaired| record.repaired == repaired)
                && query.operation.as_ref().is_none_or(|operation| record.operation == *operation)
                && query.resource.is_none_or(|resource| record.resources.contains(&resource))
        };
        let range = kept.records.range((lowest, highest)).map(|(_, record)| record);
        let brief = |record: &RequestRecord| RequestRecord { detail: String::new(), ..record.clone() };
        let found = if walk.descending {
            range.rev().filter(fits).take(walk.limit).map(brief).collect()
        } else {
            range.filter(fits).take(walk.limit).map(brief).collect()
        };
        Ok(walk.arrange(found))
    }

    fn record(&self, directory: DirectoryNumber, id: RequestId) -> Result<Option<RequestRecord>> {
        Ok(self.kept().records.get(&(directory, id)).cloned())
    }

    fn clear(&self, directory: DirectoryNumber, limit: usize) -> Result<bool> {
        let mut kept = self.kept();
        let keys: Vec<_> =
            kept.order.iter().filter(|(number, _)| *number == directory).take(limit).copied().collect();
        for key in &keys {
            kept.records.remove(key);
        }
        let Kept { records, order } = &mut *kept;
        order.retain(|key| records.contains_key(key));
        Ok(keys.len() == limit)
    }

    fn prune(&self, before: Timestamp, bytes_max: u64, limit: usize) -> Result<bool> {
        let mut kept = self.kept();
        for _ in 0..limit {
            match kept.order.front() {
                Some((_, id)) if *id < first_of(before) || kept.bytes() > bytes_max => kept.drop_oldest(),
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
}
