//! How many users and groups stand in each run of ids, so that a page by index is found without walking over what lies
//! before it: the blocks in front are summed, and one block is walked through. Counts live rows only.

use std::collections::BTreeMap;

use lockstep_core::id::{DirectoryNumber, LocalId};
use lockstep_core::query::Kind;
use rusqlite::{Connection, params};

use crate::codec;
use crate::error::Result;
use crate::statement::{execute, many, one};

/// How many rows a block has when the next one begins. Small in tests, so that they have many.
const BLOCK_ROWS: i64 = if cfg!(test) { 4 } else { 512 };

const ALL: &str = "SELECT first_id, count FROM blocks WHERE directory = ?1 AND kind = ?2 ORDER BY first_id";
/// The block in which an id stands.
const OF: &str = "SELECT first_id, count FROM blocks
    WHERE directory = ?1 AND kind = ?2 AND first_id <= ?3 ORDER BY first_id DESC LIMIT 1";
const SET: &str = "INSERT INTO blocks (directory, kind, first_id, count) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (directory, kind, first_id) DO UPDATE SET count = excluded.count";
const REMOVE: &str = "DELETE FROM blocks WHERE directory = ?1 AND kind = ?2 AND first_id = ?3";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ALL, OF, SET, REMOVE];

/// A run of ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    /// It reaches from here to the next block's first.
    pub(crate) first: i64,
    pub(crate) count: i64,
}

fn code(kind: Kind) -> i64 {
    match kind {
        Kind::User => 0,
        Kind::Group => 1,
    }
}

/// The block that holds the row with `index` others before it, and how many of those are its own.
pub(crate) fn holding(
    connection: &Connection,
    directory: DirectoryNumber,
    kind: Kind,
    index: i64,
) -> Result<Option<(Block, i64)>> {
    let mut before = index;
    for block in all(connection, directory, kind)? {
        if before < block.count {
            return Ok(Some((block, before)));
        }
        before -= block.count;
    }
    Ok(None)
}

pub(crate) fn all(connection: &Connection, directory: DirectoryNumber, kind: Kind) -> Result<Vec<Block>> {
    many(connection, ALL, params![codec::number(directory), code(kind)], |row| {
        Ok(Block { first: row.get(0)?, count: row.get(1)? })
    })
}

/// Counts what came and what went in one batch: one write for each block that changed. Ids only grow (`LocalId`), so
/// that what came stands in the last block, and a block that is full is never cut.
pub(crate) fn apply(
    connection: &Connection,
    directory: DirectoryNumber,
    kind: Kind,
    came: &[LocalId],
    gone: &[LocalId],
) -> Result<()> {
    let mut touched: BTreeMap<i64, i64> = BTreeMap::new();
    for id in gone {
        if let Some(block) = find(connection, directory, kind, &touched, codec::id(*id))? {
            touched.insert(block.first, block.count - 1);
        }
    }
    let mut came: Vec<i64> = came.iter().map(|id| codec::id(*id)).collect();
    came.sort_unstable();
    for id in came {
        match find(connection, directory, kind, &touched, id)? {
            Some(block) if block.count < BLOCK_ROWS => touched.insert(block.first, block.count + 1),
            Some(_) | None => touched.insert(id, 1),
        };
    }
    for (first, count) in touched {
        let (number, kind) = (codec::number(directory), code(kind));
        if count == 0 {
            execute(connection, REMOVE, params![number, kind, first])?;
        } else {
            execute(connection, SET, params![number, kind, first, count])?;
        }
    }
    Ok(())
}

/// The block in which an id stands, as it is with what was `touched` already.
fn find(
    connection: &Connection,
    directory: DirectoryNumber,
    kind: Kind,
    touched: &BTreeMap<i64, i64>,
    id: i64,
) -> Result<Option<Block>> {
    let params = params![codec::number(directory), code(kind), id];
    let stored = one(connection, OF, params, |row| Ok(Block { first: row.get(0)?, count: row.get(1)? }))?;
    let pending =
        touched.range(..=id).next_back().map(|(first, count)| Block { first: *first, count: *count });
    Ok(match (stored, pending) {
        (Some(stored), Some(pending)) if stored.first > pending.first => Some(stored),
        (stored, pending) => pending.or(stored),
    })
}

/// What of the blocks does not count the live rows, which are given by id.
pub(crate) fn check(
    connection: &Connection,
    directory: DirectoryNumber,
    kind: Kind,
    live: &[LocalId],
) -> Result<Vec<String>> {
    let mut counted: BTreeMap<i64, i64> = BTreeMap::new();
    let blocks = all(connection, directory, kind)?;
    let mut findings = Vec::new();
    for id in live.iter().map(|id| codec::id(*id)) {
        let before = blocks.partition_point(|block| block.first <= id);
        match before.checked_sub(1).and_then(|index| blocks.get(index)) {
            Some(block) => *counted.entry(block.first).or_default() += 1,
            None => findings.push(format!("a {kind:?} stands in front of every block")),
        }
    }
    for block in blocks {
        let found = counted.get(&block.first).copied().unwrap_or_default();
        if found != block.count || found == 0 {
            let Block { first, count } = block;
            findings.push(format!("the block of {kind:?}s from {first} on counts {count} and has {found}"));
        }
    }
    Ok(findings)
}
