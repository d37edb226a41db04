//! The log: appended to by the lane, read in the order of positions.

use std::collections::VecDeque;

use lockstep_core::clock::Timestamp;
use lockstep_core::event::{Change, EventType, FORMAT, Record, Stored};
use lockstep_core::id::{DirectoryNumber, EventId, RequestId};
use lockstep_store::{EventQuery, EventView, Position};
use rusqlite::{Connection, Row, params};

use crate::codec;
use crate::error::{Error, Result};
use crate::statement::{execute, many, one};

macro_rules! event {
    ($rest:literal) => {
        concat!(
            "SELECT position, directory, seq, at, kind, request, user_id, group_id, user_seq, group_seq, format, ",
            "payload FROM events ",
            $rest
        )
    };
}

/// ?2 has the bit n set for each kind n that is wanted.
const BEHIND: &str = event!(
    "WHERE position > ?1 AND (?2 >> kind) & 1 = 1 AND at >= ?3 AND at < ?4 ORDER BY position LIMIT ?5"
);
const BEHIND_IN_DIRECTORY: &str = event!(
    "WHERE directory = ?1 AND seq > ?2 AND (?3 >> kind) & 1 = 1 AND at >= ?4 AND at < ?5 ORDER BY seq LIMIT ?6"
);
const EVENT: &str = event!("WHERE directory = ?1 AND seq = ?2");
const ALL_OF_DIRECTORY: &str = event!("WHERE directory = ?1 ORDER BY seq");
const PLACE: &str = "SELECT position, at FROM events WHERE directory = ?1 AND seq = ?2";
const LAST_SEQ: &str = "SELECT last_seq FROM directories WHERE number = ?1";
const LAST_POSITION: &str = "SELECT max(position) FROM events";
const APPEND: &str = "INSERT INTO events
    (position, directory, seq, at, kind, request, user_id, group_id, user_seq, group_seq, format, payload)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[BEHIND, BEHIND_IN_DIRECTORY, EVENT, ALL_OF_DIRECTORY, PLACE, LAST_SEQ, LAST_POSITION, APPEND];

/// How many events are fetched at once for each of many directories.
const MERGED_AT_ONCE: usize = 64;

/// The position of the last event over all directories. Invariant: no event is ever removed, so none is used twice;
/// what prunes the log must leave the last one.
pub(crate) fn last_position(connection: &Connection) -> Result<u64> {
    let found = one(connection, LAST_POSITION, [], |row| codec::optional_uint(row, 0))?;
    Ok(found.flatten().unwrap_or(0))
}

/// Appends records behind the position `last`; gives the position of the last one.
pub(crate) fn append(connection: &Connection, last: u64, records: &[Record]) -> Result<u64> {
    let mut position = last;
    for record in records {
        position += 1;
        let membership = match &record.change {
            Change::Membership(_, membership) => Some(membership),
            Change::Activated(_) | Change::Deleted(_) | Change::User(..) | Change::Group(..) => None,
        };
        let seq_of = |seq: Option<u64>| seq.map(codec::int).transpose();
        execute(
            connection,
            APPEND,
            params![
                codec::int(position)?,
                codec::number(record.directory),
                codec::int(record.seq)?,
                record.at.0,
                record.event_type() as u8,
                codec::wide(record.request.0),
                record.user().map(codec::id),
                record.group().map(codec::id),
                seq_of(membership.map(|membership| membership.user_seq))?,
                seq_of(membership.map(|membership| membership.group_seq))?,
                FORMAT,
                record.payload()
            ],
        )?;
    }
    Ok(position)
}

pub(crate) fn position(connection: &Connection, event: EventId) -> Result<Option<Position>> {
    let params = params![codec::number(event.directory), codec::int(event.seq)?];
    let found = one(connection, PLACE, params, |row| Ok((codec::uint(row, 0)?, codec::timestamp(row, 1)?)))?;
    Ok(found.filter(|(_, at)| *at == event.at).map(|(position, _)| Position(position)))
}

pub(crate) fn list(connection: &Connection, query: &EventQuery) -> Result<Vec<EventView>> {
    let wanted = Wanted::of(query);
    let found = match query.directories.as_deref() {
        None => {
            let params = params![
                codec::int(query.after.0).unwrap_or(i64::MAX),
                wanted.kinds,
                wanted.since,
                wanted.until,
                codec::limit(query.limit)
            ];
            many(connection, BEHIND, params, read_event)?
        }
        Some(directories) => merged(connection, directories, query, &wanted)?,
    };
    found.into_iter().map(|(position, record)| complete(connection, position, record)).collect()
}

/// The filter of a query as the statements take it.
struct Wanted {
    kinds: i64,
    since: i64,
    until: i64,
}

impl Wanted {
    fn of(query: &EventQuery) -> Self {
        let bit = |kind: &EventType| 1_i64 << (*kind as u8);
        let kinds = if query.types.is_empty() {
            -1
        } else {
            query.types.iter().map(bit).fold(0, |all, one| all | one)
        };
        Self {
            kinds,
            since: query.since.map_or(i64::MIN, |time| time.0),
            until: query.until.map_or(i64::MAX, |time| time.0),
        }
    }
}

/// The events of one directory, fetched some at a time.
struct Source {
    directory: DirectoryNumber,
    after_seq: u64,
    fetched: VecDeque<(Position, Record)>,
}

/// The events of some directories, in the order of positions.
fn merged(
    connection: &Connection,
    directories: &[DirectoryNumber],
    query: &EventQuery,
    wanted: &Wanted,
) -> Result<Vec<(Position, Record)>> {
    let mut numbers = directories.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let at_once = if numbers.len() == 1 { query.limit } else { query.limit.min(MERGED_AT_ONCE) };
    let mut sources = Vec::new();
    for directory in numbers {
        let after_seq = seq_at(connection, directory, query.after)?;
        let mut source = Source { directory, after_seq, fetched: VecDeque::new() };
        source.fetch(connection, wanted, at_once)?;
        if !source.fetched.is_empty() {
            sources.push(source);
        }
    }
    let mut found = Vec::new();
    while found.len() < query.limit {
        let next = sources.iter_mut().filter(|source| !source.fetched.is_empty());
        let Some(source) = next.min_by_key(|source| source.fetched.front().map(|(position, _)| *position))
        else {
            break;
        };
        found.extend(source.fetched.pop_front());
        if source.fetched.is_empty() && found.len() < query.limit {
            source.fetch(connection, wanted, at_once)?;
        }
    }
    Ok(found)
}

impl Source {
    fn fetch(&mut self, connection: &Connection, wanted: &Wanted, limit: usize) -> Result<()> {
        let params = params![
            codec::number(self.directory),
            codec::int(self.after_seq)?,
            wanted.kinds,
            wanted.since,
            wanted.until,
            codec::limit(limit)
        ];
        self.fetched = many(connection, BEHIND_IN_DIRECTORY, params, read_event)?.into();
        if let Some((_, last)) = self.fetched.back() {
            self.after_seq = last.seq;
        }
        Ok(())
    }
}

/// The number of a directory's last event at or in front of a position; 0 where there is none. Positions grow with
/// the numbers, and numbers are dense, so halving finds it without a further index.
fn seq_at(connection: &Connection, directory: DirectoryNumber, position: Position) -> Result<u64> {
    let number = codec::number(directory);
    let last = one(connection, LAST_SEQ, [number], |row| codec::uint(row, 0))?.unwrap_or(0);
    // Invariant: `low` is at or in front of the position (or 0), `high` behind it (or beyond the last).
    let (mut low, mut high) = (0, last + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let place = one(connection, PLACE, params![number, codec::int(middle)?], |row| codec::uint(row, 0))?;
        let place = place
            .ok_or_else(|| Error::Content(format!("event {middle} of directory {number} is missing")))?;
        if place <= position.0 { low = middle } else { high = middle }
    }
    Ok(low)
}

/// An event with the records that it names.
fn complete(connection: &Connection, position: Position, record: Record) -> Result<EventView> {
    let (user, group) = match &record.change {
        Change::Membership(_, membership) => (
            by_seq(connection, record.directory, membership.user_seq)?,
            by_seq(connection, record.directory, membership.group_seq)?,
        ),
        Change::Activated(_) | Change::Deleted(_) | Change::User(..) | Change::Group(..) => (None, None),
    };
    Ok(EventView { position, record, user, group })
}

fn by_seq(connection: &Connection, directory: DirectoryNumber, seq: u64) -> Result<Option<Record>> {
    let params = params![codec::number(directory), codec::int(seq)?];
    Ok(one(connection, EVENT, params, read_event)?.map(|(_, record)| record))
}

/// Shows every record of a directory to `visit`, in their order, holding one at a time.
pub(crate) fn each(
    connection: &Connection,
    directory: DirectoryNumber,
    mut visit: impl FnMut(&Record),
) -> Result<()> {
    let mut statement = connection.prepare_cached(ALL_OF_DIRECTORY)?;
    let mut rows = statement.query([codec::number(directory)])?;
    while let Some(row) = rows.next()? {
        visit(&read_event(row)?.1);
    }
    Ok(())
}

fn read_event(row: &Row<'_>) -> Result<(Position, Record)> {
    let format: i64 = row.get(10)?;
    if format != i64::from(FORMAT) {
        return Err(Error::Content(format!(
            "an event has the format {format}, which this version does not know"
        )));
    }
    let payload = row.get_ref(11)?.as_str_or_null().map_err(|error| Error::Content(error.to_string()))?;
    let record = Record::restore(&Stored {
        directory: codec::directory_number(row, 1)?,
        seq: codec::uint(row, 2)?,
        at: Timestamp(row.get(3)?),
        kind: row.get(4)?,
        request: RequestId(codec::read_wide(row, 5)?),
        user: codec::optional_local_id(row, 6)?,
        group: codec::optional_local_id(row, 7)?,
        user_seq: codec::optional_uint(row, 8)?,
        group_seq: codec::optional_uint(row, 9)?,
        payload,
    })
    .map_err(Error::Content)?;
    Ok((Position(codec::uint(row, 0)?), record))
}
