//! The log: appended to by the lane, read in the order of positions.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use lockstep_core::clock::Timestamp;
use lockstep_core::event::{Change, EventType, FORMAT, Record, Stored};
use lockstep_core::id::{DirectoryNumber, EventId, RequestId};
use lockstep_store::{EventQuery, EventScope, EventView, Position};
use rusqlite::{Connection, Row, TransactionBehavior, params};

use crate::codec;
use crate::error::{Error, Result};
use crate::statement::{execute, many, one};
use crate::times::{self, Span, Times};

macro_rules! event {
    ($rest:literal) => {
        concat!(
            "SELECT position, directory, seq, at, kind, request, user_id, group_id, user_seq, group_seq, format, ",
            "payload FROM events ",
            $rest
        )
    };
}

const BETWEEN: &str =
    event!("WHERE position > ?1 AND position <= ?2 AND at >= ?3 AND at < ?4 ORDER BY position LIMIT ?5");
const BETWEEN_NEWEST_FIRST: &str =
    event!("WHERE position > ?1 AND position <= ?2 AND at >= ?3 AND at < ?4 ORDER BY position DESC LIMIT ?5");
/// ?3 has the bit n set for each kind n that is wanted.
const IN_DIRECTORY: &str = event!(
    "WHERE directory = ?1 AND seq > ?2 AND seq <= ?7 AND (?3 >> kind) & 1 = 1 AND at >= ?4 AND at < ?5
    ORDER BY seq LIMIT ?6"
);
const IN_DIRECTORY_NEWEST_FIRST: &str = event!(
    "WHERE directory = ?1 AND seq > ?2 AND seq <= ?7 AND (?3 >> kind) & 1 = 1 AND at >= ?4 AND at < ?5
    ORDER BY seq DESC LIMIT ?6"
);
const AT_POSITION: &str = event!("WHERE position = ?1");
/// Positions of a kind, and of a kind and an organization: ?1 the kind, ?2 and ?3 the bounds.
pub(crate) const OF_KIND: &str = "SELECT position FROM events INDEXED BY events_kind
    WHERE kind = ?1 AND position > ?2 AND position <= ?3 ORDER BY position LIMIT ?4";
pub(crate) const OF_KIND_NEWEST_FIRST: &str = "SELECT position FROM events INDEXED BY events_kind
    WHERE kind = ?1 AND position > ?2 AND position <= ?3 ORDER BY position DESC LIMIT ?4";
pub(crate) const OF_OWNER: &str = "SELECT position FROM organization_events
    WHERE owner = ?5 AND kind = ?1 AND position > ?2 AND position <= ?3 ORDER BY position LIMIT ?4";
pub(crate) const OF_OWNER_NEWEST_FIRST: &str = "SELECT position FROM organization_events
    WHERE owner = ?5 AND kind = ?1 AND position > ?2 AND position <= ?3 ORDER BY position DESC LIMIT ?4";
const OWNER: &str = "SELECT number FROM event_owners WHERE organization = ?1";
const OWNER_OF: &str = "SELECT o.number FROM directories AS d
    CROSS JOIN event_owners AS o ON o.organization = d.organization WHERE d.number = ?1";
const EVENT: &str = event!("WHERE directory = ?1 AND seq = ?2");
const ALL_OF_DIRECTORY: &str = event!("WHERE directory = ?1 ORDER BY seq");
const PLACE: &str = "SELECT position, at FROM events WHERE directory = ?1 AND seq = ?2";
const LAST_SEQ: &str = "SELECT last_seq FROM directories WHERE number = ?1";
const LAST_POSITION: &str = "SELECT max(position) FROM events";
const APPEND: &str = "INSERT INTO events
    (position, directory, seq, at, kind, request, user_id, group_id, user_seq, group_seq, format, payload)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const APPEND_TO_OWNER: &str = "INSERT INTO organization_events (owner, kind, position) VALUES (?1, ?2, ?3)";
/// The events of a directory that its organization's list lacks.
const LACKING: &str = "SELECT count(*) FROM events AS e INDEXED BY events_seq WHERE e.directory = ?1 AND NOT EXISTS
    (SELECT 1 FROM organization_events AS o WHERE o.owner = ?2 AND o.kind = e.kind AND o.position = e.position)";
/// Entries that show no event of their organization: an application would read another one's, or nothing at all.
const ASTRAY: &str = "SELECT count(*) FROM organization_events AS o WHERE NOT EXISTS
    (SELECT 1 FROM events AS e CROSS JOIN directories AS d ON d.number = e.directory
    CROSS JOIN event_owners AS w ON w.organization = d.organization
    WHERE e.position = o.position AND e.kind = o.kind AND w.number = o.owner)";
const FIRST_DIRECTORY: &str = "SELECT min(number) FROM directories";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    BETWEEN,
    BETWEEN_NEWEST_FIRST,
    IN_DIRECTORY,
    IN_DIRECTORY_NEWEST_FIRST,
    AT_POSITION,
    OF_KIND,
    OF_KIND_NEWEST_FIRST,
    OF_OWNER,
    OF_OWNER_NEWEST_FIRST,
    OWNER,
    OWNER_OF,
    EVENT,
    ALL_OF_DIRECTORY,
    PLACE,
    LAST_SEQ,
    LAST_POSITION,
    APPEND,
    APPEND_TO_OWNER,
    LACKING,
    ASTRAY,
    FIRST_DIRECTORY,
];

/// How many positions of a kind are fetched at first where several kinds or organizations are merged; each time twice as
/// many.
const MERGED_AT_FIRST: usize = 16;

/// The position of the last event over all directories. Invariant: no event is ever removed, so none is used twice;
/// what prunes the log must leave the last one.
pub(crate) fn last_position(connection: &Connection) -> Result<u64> {
    let found = one(connection, LAST_POSITION, [], |row| codec::optional_uint(row, 0))?;
    Ok(found.flatten().unwrap_or(0))
}

/// Brings what lists the log up to the log, where it was written by a version that did not keep it.
pub(crate) fn catch_up(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    times::catch_up(&transaction, last_position(&transaction)?)?;
    Ok(transaction.commit()?)
}

/// Appends records behind the position `last`; gives the position of the last one.
pub(crate) fn append(connection: &Connection, last: u64, records: &[Record]) -> Result<u64> {
    let mut position = last;
    let mut owner = None;
    for record in records {
        position += 1;
        let owner = match owner {
            Some((directory, owner)) if directory == record.directory => owner,
            _ => owner.insert((record.directory, owner_of(connection, record.directory)?)).1,
        };
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
        let params = params![owner, record.event_type() as u8, codec::int(position)?];
        execute(connection, APPEND_TO_OWNER, params)?;
    }
    times::seal(connection, last, position)?;
    Ok(position)
}

/// The number under which an organization's events are listed.
fn owner_of(connection: &Connection, directory: DirectoryNumber) -> Result<i64> {
    let number = codec::number(directory);
    let owner = one(connection, OWNER_OF, [number], |row| Ok(row.get(0)?))?;
    owner.ok_or_else(|| Error::Content(format!("directory {number} has no owner of its events")))
}

pub(crate) fn position(connection: &Connection, event: EventId) -> Result<Option<Position>> {
    let params = params![codec::number(event.directory), codec::int(event.seq)?];
    let found = one(connection, PLACE, params, |row| Ok((codec::uint(row, 0)?, codec::timestamp(row, 1)?)))?;
    Ok(found.filter(|(_, at)| *at == event.at).map(|(position, _)| Position(position)))
}

pub(crate) fn list(connection: &Connection, query: &EventQuery) -> Result<Vec<EventView>> {
    told(connection, query, None)
}

/// Events to be passed on, of whose resources these attributes are read.
pub(crate) fn shown(
    connection: &Connection,
    query: &EventQuery,
    attributes: &[&str],
) -> Result<Vec<EventView>> {
    told(connection, query, Some(attributes))
}

/// What of the resources is read where not all of it must be.
type Read<'a> = Option<&'a [&'a str]>;

fn told(connection: &Connection, query: &EventQuery, read: Read<'_>) -> Result<Vec<EventView>> {
    let read_event = |row: &Row<'_>| read_event_as(row, read);
    let times = Times {
        since: query.since.map_or(Times::ALL.since, |time| time.0),
        until: query.until.map_or(Times::ALL.until, |time| time.0),
    };
    let found = match &query.scope {
        EventScope::Directory(directory) => of_directory(connection, *directory, query, times, read)?,
        EventScope::All if query.types.is_empty() => {
            let mut found = Vec::new();
            for span in spans(connection, query, times)? {
                if found.len() == query.limit {
                    break;
                }
                let limit = codec::limit(query.limit - found.len());
                let (after, last) = (codec::int(span.after)?, codec::int(span.last)?);
                let params = params![after, last, times.since, times.until, limit];
                let sql = if query.newest_first { BETWEEN_NEWEST_FIRST } else { BETWEEN };
                found.extend(many(connection, sql, params, read_event)?);
            }
            found
        }
        EventScope::All => merged(connection, &[None], query, times, read)?,
        EventScope::Organizations(organizations) => {
            let mut owners = BTreeSet::new();
            for organization in organizations {
                let owner = |row: &Row<'_>| Ok(row.get::<_, i64>(0)?);
                owners.extend(one(connection, OWNER, [codec::wide(organization.0)], owner)?);
            }
            merged(connection, &owners.into_iter().map(Some).collect::<Vec<_>>(), query, times, read)?
        }
    };
    let mut named = BTreeMap::new();
    found
        .into_iter()
        .map(|(position, record)| complete(connection, position, record, read, &mut named))
        .collect()
}

fn of_directory(
    connection: &Connection,
    directory: DirectoryNumber,
    query: &EventQuery,
    times: Times,
    read: Read<'_>,
) -> Result<Vec<(Position, Record)>> {
    let bit = |kind: &EventType| 1_i64 << (*kind as u8);
    let kinds =
        if query.types.is_empty() { -1 } else { query.types.iter().map(bit).fold(0, |all, one| all | one) };
    let last = query.before.map(|before| seq_at(connection, directory, Position(before.0.saturating_sub(1))));
    let params = params![
        codec::number(directory),
        codec::int(seq_at(connection, directory, query.after)?)?,
        kinds,
        times.since,
        times.until,
        codec::limit(query.limit),
        last.transpose()?.map_or(Ok(i64::MAX), codec::int)?
    ];
    let sql = if query.newest_first { IN_DIRECTORY_NEWEST_FIRST } else { IN_DIRECTORY };
    many(connection, sql, params, |row| read_event_as(row, read))
}

/// Where what is asked for may stand, in the order in which it is asked for.
fn spans(connection: &Connection, query: &EventQuery, times: Times) -> Result<Vec<Span>> {
    let last = if times == Times::ALL { 0 } else { last_position(connection)? };
    // No position is greater than a signed number can be.
    let mut spans = times::spans(connection, times, query.after.0.min(i64::MAX.unsigned_abs()), last)?;
    if let Some(before) = query.before {
        spans.retain_mut(|span| {
            span.last = span.last.min(before.0.saturating_sub(1));
            span.after < span.last
        });
    }
    if query.newest_first {
        spans.reverse();
    }
    Ok(spans)
}

/// Positions of one kind, of all organizations or of one, fetched some at a time.
struct Run {
    owner: Option<i64>,
    kind: EventType,
    newest_first: bool,
    /// What was not fetched yet.
    rest: Span,
    at_once: usize,
    fetched: VecDeque<u64>,
}

impl Run {
    /// The next position.
    fn next(&mut self, connection: &Connection) -> Result<Option<u64>> {
        if self.fetched.is_empty() && self.rest.after < self.rest.last {
            let (after, last) = (codec::int(self.rest.after)?, codec::int(self.rest.last)?);
            let (kind, limit) = (self.kind as u8, codec::limit(self.at_once));
            let position = |row: &Row<'_>| codec::uint(row, 0);
            let found = match (self.owner, self.newest_first) {
                (None, false) => many(connection, OF_KIND, params![kind, after, last, limit], position),
                (None, true) => {
                    many(connection, OF_KIND_NEWEST_FIRST, params![kind, after, last, limit], position)
                }
                (Some(owner), false) => {
                    many(connection, OF_OWNER, params![kind, after, last, limit, owner], position)
                }
                (Some(owner), true) => many(
                    connection,
                    OF_OWNER_NEWEST_FIRST,
                    params![kind, after, last, limit, owner],
                    position,
                ),
            }?;
            match found.last().filter(|_| found.len() == self.at_once) {
                None => self.rest.after = self.rest.last,
                Some(end) if self.newest_first => self.rest.last = end.saturating_sub(1),
                Some(end) => self.rest.after = *end,
            }
            self.at_once = self.at_once.saturating_mul(2);
            self.fetched = found.into();
        }
        Ok(self.fetched.pop_front())
    }
}

/// The events of some kinds, of all organizations (`None`) or of some, in the order that is asked for.
fn merged(
    connection: &Connection,
    owners: &[Option<i64>],
    query: &EventQuery,
    times: Times,
    read: Read<'_>,
) -> Result<Vec<(Position, Record)>> {
    let kinds: BTreeSet<EventType> =
        if query.types.is_empty() { EventType::ALL.into() } else { query.types.iter().copied().collect() };
    let alone = owners.len() == 1 && kinds.len() == 1;
    let at_once = if alone { query.limit } else { query.limit.min(MERGED_AT_FIRST) };
    // The least rank comes next.
    let rank = |position: u64| if query.newest_first { u64::MAX - position } else { position };
    let mut found = Vec::new();
    for span in spans(connection, query, times)? {
        if found.len() == query.limit {
            break;
        }
        let mut runs = Vec::with_capacity(owners.len() * kinds.len());
        let mut next = BinaryHeap::new();
        for (owner, kind) in owners.iter().flat_map(|owner| kinds.iter().map(move |kind| (*owner, *kind))) {
            let newest_first = query.newest_first;
            let mut run = Run { owner, kind, newest_first, rest: span, at_once, fetched: VecDeque::new() };
            if let Some(position) = run.next(connection)? {
                next.push(Reverse((rank(position), position, runs.len())));
                runs.push(run);
            }
        }
        while found.len() < query.limit
            && let Some(Reverse((_, position, index))) = next.pop()
        {
            let event =
                one(connection, AT_POSITION, [codec::int(position)?], |row| read_event_as(row, read))?;
            let event = event
                .ok_or_else(|| Error::Content(format!("the event at position {position} is missing")))?;
            if times.holds(event.1.at.0) {
                found.push(event);
            }
            if let Some(run) = runs.get_mut(index)
                && let Some(position) = run.next(connection)?
            {
                next.push(Reverse((rank(position), position, index)));
            }
        }
    }
    Ok(found)
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

/// Records that events of a page name: many join the same group, and it is read once.
type Named = BTreeMap<(DirectoryNumber, u64), Option<Record>>;

/// An event with the records that it names.
fn complete(
    connection: &Connection,
    position: Position,
    record: Record,
    read: Read<'_>,
    named: &mut Named,
) -> Result<EventView> {
    let (user, group) = match &record.change {
        Change::Membership(_, membership) => (
            by_seq(connection, record.directory, membership.user_seq, read, named)?,
            by_seq(connection, record.directory, membership.group_seq, read, named)?,
        ),
        Change::Activated(_) | Change::Deleted(_) | Change::User(..) | Change::Group(..) => (None, None),
    };
    Ok(EventView { position, record, user, group })
}

fn by_seq(
    connection: &Connection,
    directory: DirectoryNumber,
    seq: u64,
    read: Read<'_>,
    named: &mut Named,
) -> Result<Option<Record>> {
    if let Some(known) = named.get(&(directory, seq)) {
        return Ok(known.clone());
    }
    let params = params![codec::number(directory), codec::int(seq)?];
    let found = one(connection, EVENT, params, |row| read_event_as(row, read))?.map(|(_, record)| record);
    named.insert((directory, seq), found.clone());
    Ok(found)
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

/// What of the lists does not show the events of a directory; with the first directory, what shows events of nobody.
pub(crate) fn check(connection: &Connection, directory: DirectoryNumber) -> Result<Vec<String>> {
    let number = codec::number(directory);
    let params = params![number, owner_of(connection, directory)?];
    let lacking = one(connection, LACKING, params, |row| codec::uint(row, 0))?.unwrap_or(0);
    let mut findings = times::check(connection, number, last_position(connection)?)?;
    if lacking > 0 {
        findings.push(format!("{lacking} events are not in the list of their organization"));
    }
    if one(connection, FIRST_DIRECTORY, [], |row| Ok(row.get(0)?))?.flatten() == Some(number) {
        let astray = one(connection, ASTRAY, [], |row| codec::uint(row, 0))?.unwrap_or(0);
        if astray > 0 {
            findings.push(format!("{astray} entries of organizations' lists show no event of theirs"));
        }
    }
    Ok(findings)
}

fn read_event(row: &Row<'_>) -> Result<(Position, Record)> {
    read_event_as(row, None)
}

fn read_event_as(row: &Row<'_>, read: Read<'_>) -> Result<(Position, Record)> {
    let format: i64 = row.get(10)?;
    if format != i64::from(FORMAT) {
        return Err(Error::Content(format!(
            "an event has the format {format}, which this version does not know"
        )));
    }
    let payload = row.get_ref(11)?.as_str_or_null().map_err(|error| Error::Content(error.to_string()))?;
    let stored = Stored {
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
    };
    let record = match read {
        None => Record::restore(&stored),
        Some(attributes) => Record::restore_in_brief(&stored, attributes),
    };
    let record = record.map_err(Error::Content)?;
    Ok((Position(codec::uint(row, 0)?), record))
}
