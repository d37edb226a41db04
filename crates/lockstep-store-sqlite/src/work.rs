//! What was begun and must be gone on with, clearing what a deleted directory leaves, and checking rows against the
//! log.

use lockstep_core::id::{DirectoryNumber, LocalId, OrganizationId, RequestId};
use lockstep_core::mapping::STANDARD_VERSION;
use lockstep_core::model::DirectoryState;
use lockstep_core::query::Kind;
use lockstep_core::verify::{Rows, Verifier};
use lockstep_store::{StandardOf, Work};
use rusqlite::{Connection, params};

use crate::blocks;
use crate::codec;
use crate::directories;
use crate::error::Result;
use crate::events;
use crate::groups;
use crate::mappings;
use crate::statement::{execute, many};
use crate::users;

const TO_CLEAR: &str = "SELECT number FROM directories INDEXED BY directories_to_clear
    WHERE state = 'deleting' AND cleared = 0 ORDER BY number LIMIT ?1";
/// What ended in a deleted directory is cleared with it.
const ENDED: &str = "SELECT g.directory, g.id FROM groups AS g INDEXED BY groups_ended
    CROSS JOIN directories AS d ON d.number = g.directory
    WHERE g.ended IS NOT NULL AND d.state <> 'deleting' ORDER BY g.directory, g.id LIMIT ?1";

/// Each removes up to ?2 rows of the directory ?1. Its tokens and clients stay: by them its IdP is told that it is gone.
const CLEAR: [&str; 9] = [
    "DELETE FROM oauth_assertions WHERE (directory, client, digest) IN
     (SELECT directory, client, digest FROM oauth_assertions WHERE directory = ?1 LIMIT ?2)",
    "DELETE FROM memberships WHERE (directory, group_id, user_id) IN
     (SELECT directory, group_id, user_id FROM memberships WHERE directory = ?1 LIMIT ?2)",
    "DELETE FROM group_parents WHERE (directory, child, parent) IN
     (SELECT directory, child, parent FROM group_parents WHERE directory = ?1 LIMIT ?2)",
    "DELETE FROM user_emails WHERE (directory, email_key, user_id) IN
     (SELECT directory, email_key, user_id FROM user_emails WHERE directory = ?1 LIMIT ?2)",
    "DELETE FROM groups WHERE rowid IN
     (SELECT rowid FROM groups INDEXED BY groups_id WHERE directory = ?1 LIMIT ?2)",
    "DELETE FROM users WHERE rowid IN
     (SELECT rowid FROM users INDEXED BY users_id WHERE directory = ?1 LIMIT ?2)",
    "DELETE FROM blocks WHERE (directory, kind, first_id) IN
     (SELECT directory, kind, first_id FROM blocks WHERE directory = ?1 LIMIT ?2)",
    "DELETE FROM directory_schemas WHERE directory IN
     (SELECT directory FROM directory_schemas WHERE directory = ?1 LIMIT ?2)",
    "DELETE FROM directory_mappings WHERE directory IN
     (SELECT directory FROM directory_mappings WHERE directory = ?1 LIMIT ?2)",
];
const ORGANIZATIONS: &str = "SELECT id, ended FROM organizations INDEXED BY organizations_ending
    WHERE ended IS NOT NULL AND cleared = 0 ORDER BY id LIMIT ?1";
const TO_SWEEP: &str = "SELECT number FROM directories INDEXED BY directories_to_sweep
    WHERE sweep IS NOT NULL AND state <> 'deleting' ORDER BY number LIMIT ?1";
const BEHIND: &str = "SELECT number FROM directories INDEXED BY directories_standard
    WHERE standard_version < ?1 AND state <> 'deleting' ORDER BY standard_version, number LIMIT ?2";
const CLEARED: &str = "UPDATE directories SET cleared = 1 WHERE number = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    ORGANIZATIONS,
    TO_CLEAR,
    TO_SWEEP,
    BEHIND,
    ENDED,
    CLEAR[0],
    CLEAR[1],
    CLEAR[2],
    CLEAR[3],
    CLEAR[4],
    CLEAR[5],
    CLEAR[6],
    CLEAR[7],
    CLEAR[8],
    CLEARED,
];

pub(crate) fn list(connection: &Connection, limit: usize) -> Result<Vec<Work>> {
    let mut work = many(connection, ORGANIZATIONS, [codec::limit(limit)], |row| {
        let (id, request) = (codec::read_wide(row, 0)?, codec::read_wide(row, 1)?);
        Ok(Work::EndOrganization(OrganizationId(id), RequestId(request)))
    })?;
    let rest = limit.saturating_sub(work.len());
    work.extend(many(connection, ENDED, [codec::limit(rest)], |row| {
        Ok(Work::EndGroup(codec::directory_number(row, 0)?, codec::local_id(row, 1)?))
    })?);
    let rest = limit.saturating_sub(work.len());
    work.extend(many(connection, TO_SWEEP, [codec::limit(rest)], |row| {
        codec::directory_number(row, 0).map(Work::Sweep)
    })?);
    let rest = limit.saturating_sub(work.len());
    let known = codec::int(STANDARD_VERSION)?;
    work.extend(many(connection, BEHIND, [known, codec::limit(rest)], |row| {
        codec::directory_number(row, 0).map(Work::Reproject)
    })?);
    let rest = limit.saturating_sub(work.len());
    work.extend(mappings::to_spread(connection, rest)?.into_iter().map(Work::SpreadMapping));
    let rest = limit.saturating_sub(work.len());
    work.extend(many(connection, TO_CLEAR, [codec::limit(rest)], |row| {
        codec::directory_number(row, 0).map(Work::Clear)
    })?);
    Ok(work)
}

/// Clears up to `limit` rows of a deleted directory; whether a step must follow.
pub(crate) fn clear(connection: &Connection, directory: DirectoryNumber, limit: usize) -> Result<bool> {
    let deleted = directories::directory(connection, directory)?
        .is_some_and(|(directory, _)| directory.state == DirectoryState::Deleting);
    if !deleted {
        return Ok(false);
    }
    let number = codec::number(directory);
    let mut left = limit;
    for sql in CLEAR {
        left = left.saturating_sub(execute(connection, sql, params![number, codec::limit(left)])?);
        if left == 0 {
            // Perhaps that was the last row: the next step will see.
            return Ok(true);
        }
    }
    execute(connection, CLEARED, [number])?;
    Ok(false)
}

/// Replays a log against its rows; `told` is called for each event.
pub(crate) fn verify(
    connection: &Connection,
    directory: DirectoryNumber,
    standard: StandardOf,
    told: &mut dyn FnMut(),
) -> Result<Vec<String>> {
    let Some((row, head)) = directories::directory(connection, directory)? else { return Ok(Vec::new()) };
    let mut verifier = Verifier::default();
    events::each(connection, directory, |record| {
        verifier.record(record);
        told();
    })?;
    let (users, groups) = (users::all(connection, directory)?, groups::all(connection, directory)?);
    let mut findings = events::check(connection, directory)?;
    if row.state != DirectoryState::Deleting {
        let live_users: Vec<LocalId> = users.iter().map(|user| user.id).collect();
        let live_groups: Vec<LocalId> =
            groups.iter().filter(|group| !group.is_ended()).map(|group| group.id).collect();
        findings.extend(blocks::check(connection, directory, Kind::User, &live_users)?);
        findings.extend(blocks::check(connection, directory, Kind::Group, &live_groups)?);
    }
    let memberships = groups::memberships(connection, directory)?;
    let (mapping, standard) = (mappings::of_directory(connection, directory)?, standard(&row));
    let rows = Rows { directory: row, mapping, standard, head, users, groups, memberships };
    findings.extend(verifier.finish(rows));
    Ok(findings)
}
