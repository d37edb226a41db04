//! Where in the log a time may stand. Times never decrease within a directory; over all directories the order of
//! positions follows them only nearly, so runs of positions are kept with the earliest and the latest time in them, and
//! what can hold nothing of a range is stepped over. What is left is a little more than the range, never less.

use rusqlite::{Connection, params};

use crate::codec;
use crate::error::Result;
use crate::statement::{execute, one};

/// How many positions are in a run, and how many runs in a run of the next level. Small in tests, so that they have many.
const RUN: u64 = if cfg!(test) { 4 } else { 64 };
/// The runs of the last level hold 16 million positions each.
const LEVELS: u32 = 4;

const SEAL: &str = "INSERT INTO event_times (level, block, min_at, max_at)
    SELECT 0, ?1, min(at), max(at) FROM events WHERE position > ?2 AND position <= ?3";
const SEAL_ABOVE: &str = "INSERT INTO event_times (level, block, min_at, max_at)
    SELECT ?1, ?2, min(min_at), max(max_at) FROM event_times WHERE level = ?1 - 1 AND block >= ?3 AND block < ?4";
const LAST_SEALED: &str = "SELECT max(block) FROM event_times WHERE level = 0";
const NEXT: &str = "SELECT block FROM event_times WHERE level = ?1 AND block >= ?2 AND block < ?3
    AND max_at >= ?4 AND min_at < ?5 ORDER BY block LIMIT 1";
const PREVIOUS: &str = "SELECT block FROM event_times WHERE level = ?1 AND block >= ?2 AND block < ?3
    AND max_at >= ?4 AND min_at < ?5 ORDER BY block DESC LIMIT 1";
/// The events of a directory whose run does not enclose them, and how many of its events stand in runs.
const OUTSIDE: &str = "SELECT count(*) - count(CASE WHEN e.at BETWEEN t.min_at AND t.max_at THEN 1 END)
    FROM events AS e INDEXED BY events_seq LEFT JOIN event_times AS t ON t.level = ?2 AND t.block = (e.position - 1) / ?3
    WHERE e.directory = ?1 AND e.position <= ?4";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[SEAL, SEAL_ABOVE, LAST_SEALED, NEXT, PREVIOUS, OUTSIDE];

/// A range of times: from `since` on and before `until`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Times {
    pub(crate) since: i64,
    pub(crate) until: i64,
}

impl Times {
    pub(crate) const ALL: Self = Self { since: i64::MIN, until: i64::MAX };

    pub(crate) fn holds(self, at: i64) -> bool {
        self.since <= at && at < self.until
    }
}

/// Positions behind `after`, up to `last` and with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    pub(crate) after: u64,
    pub(crate) last: u64,
}

fn size(level: u32) -> u64 {
    RUN.pow(level + 1)
}

/// Notes the times of the runs that became full when the log grew from the position `from` to `to`.
pub(crate) fn seal(connection: &Connection, from: u64, to: u64) -> Result<()> {
    for level in 0..LEVELS {
        let size = size(level);
        for block in from / size..to / size {
            let number = codec::int(block)?;
            if level == 0 {
                let (first, last) = (codec::int(block * size)?, codec::int((block + 1) * size)?);
                execute(connection, SEAL, params![number, first, last])?;
            } else {
                let (first, end) = (codec::int(block * RUN)?, codec::int((block + 1) * RUN)?);
                execute(connection, SEAL_ABOVE, params![level, number, first, end])?;
            }
        }
    }
    Ok(())
}

/// Notes the times of what was in the log before they were kept.
pub(crate) fn catch_up(connection: &Connection, last: u64) -> Result<()> {
    let sealed = one(connection, LAST_SEALED, [], |row| codec::optional_uint(row, 0))?.flatten();
    seal(connection, sealed.map_or(0, |block| (block + 1) * RUN), last)
}

/// Whether the times of all that is in the log are noted.
pub(crate) fn is_caught_up(connection: &Connection, last: u64) -> Result<bool> {
    let sealed = one(connection, LAST_SEALED, [], |row| codec::optional_uint(row, 0))?.flatten();
    Ok(sealed.map_or(0, |block| block + 1) >= last / RUN)
}

/// Where behind `after` events of these times may stand, in order, in a log that ends at `last`. What the log gains is
/// in it.
pub(crate) fn spans(connection: &Connection, times: Times, after: u64, last: u64) -> Result<Vec<Span>> {
    let end = Span { after, last: i64::MAX.unsigned_abs() };
    if times == Times::ALL || after >= last {
        return Ok(vec![end]);
    }
    let search = Search { connection, times, after, log_end: last };
    let rest = Span { after: after.max(last / RUN * RUN), ..end };
    let Some(begin) = search.first()? else { return Ok(vec![rest]) };
    let full = Span { after: begin.max(after), last: search.last()?.unwrap_or(rest.after) };
    if full.last >= rest.after {
        return Ok(vec![Span { after: full.after, ..rest }]);
    }
    Ok(vec![full, rest])
}

struct Search<'a> {
    connection: &'a Connection,
    times: Times,
    after: u64,
    log_end: u64,
}

impl Search<'_> {
    /// How many runs of a level are full.
    fn full(&self, level: u32) -> u64 {
        if level < LEVELS { self.log_end / size(level) } else { 0 }
    }

    /// Behind which position the first run begins that may hold something.
    fn first(&self) -> Result<Option<u64>> {
        // The highest level comes first in the log; what is behind its last full run stands in the next level's.
        for level in (0..LEVELS).rev() {
            let begin = self.full(level + 1) * RUN;
            if let Some(block) = self.within(NEXT, level, begin, self.full(level))? {
                return Ok(Some(block * RUN));
            }
        }
        Ok(None)
    }

    /// With which position the last run ends that may hold something.
    fn last(&self) -> Result<Option<u64>> {
        for level in 0..LEVELS {
            let begin = self.full(level + 1) * RUN;
            if let Some(block) = self.within(PREVIOUS, level, begin, self.full(level))? {
                return Ok(Some((block + 1) * RUN));
            }
        }
        Ok(None)
    }

    /// The first or the last run of the lowest level that may hold something, among these runs of a level.
    fn within(&self, sql: &str, level: u32, begin: u64, end: u64) -> Result<Option<u64>> {
        let (mut begin, mut end) = (begin.max(self.after / size(level)), end);
        while begin < end {
            let Times { since, until } = self.times;
            let params = params![level, codec::int(begin)?, codec::int(end)?, since, until];
            let Some(block) = one(self.connection, sql, params, |row| codec::uint(row, 0))? else { break };
            let Some(below) = level.checked_sub(1) else { return Ok(Some(block)) };
            let found = self.within(sql, below, block * RUN, (block + 1) * RUN)?;
            if found.is_some() {
                return Ok(found);
            }
            if sql == NEXT { begin = block + 1 } else { end = block }
        }
        Ok(None)
    }
}

/// What of the runs does not enclose the events of a directory, in a log that ends at `last`.
pub(crate) fn check(connection: &Connection, directory: i64, last: u64) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for level in 0..LEVELS {
        let size = size(level);
        let params = params![directory, level, codec::int(size)?, codec::int(last / size * size)?];
        let outside = one(connection, OUTSIDE, params, |row| codec::uint(row, 0))?.unwrap_or(0);
        if outside > 0 {
            findings.push(format!("the times of {outside} events are not in their runs of level {level}"));
        }
    }
    Ok(findings)
}
