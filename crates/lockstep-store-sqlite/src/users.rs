//! Users: their rows, their names, and the lists that indexes give.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{DirectoryNumber, LocalId};
use lockstep_core::limits::SWEEP_STEP_LIMIT;
use lockstep_core::mapping::Projection;
use lockstep_core::model::User;
use lockstep_core::query::{Kind, Lookup};
use lockstep_core::view::Changes;
use lockstep_scim::Object;
use lockstep_store::{Page, ShownUser, ShownUsers, UserView};
use rusqlite::types::Null;
use rusqlite::{Connection, Row, ToSql, params};

use crate::blocks;
use crate::codec;
use crate::error::{Error, Result};
use crate::groups;
use crate::statement::{Paged, execute, many, one, paged};

/// ?1 the directory, ?2 and ?3 the bounds of the id, ?4 the limit, ?5 what is looked for.
macro_rules! user {
    ($rest:literal) => {
        concat!("SELECT u.id, u.created_at, u.modified_at, u.seq, u.doc, u.doc_seq, u.updated_at, u.projection FROM ", $rest)
    };
}
macro_rules! users {
    ($condition:literal) => {
        paged!(
            concat!(user!("users AS u WHERE u.directory = ?1 AND u.id > ?2 AND u.id < ?3"), " ", $condition),
            "u.id",
            "LIMIT ?4"
        )
    };
}

const USER: &str = user!("users AS u WHERE u.directory = ?1 AND u.id = ?2");
const SEQ: &str = "SELECT seq FROM users WHERE directory = ?1 AND id = ?2";
const ID_BY_NAME: &str = "SELECT id FROM users WHERE directory = ?1 AND user_name_key = ?2";
const ID_BY_EXTERNAL_ID: &str =
    "SELECT id FROM users WHERE directory = ?1 AND external_id = ?2 ORDER BY id LIMIT 1";

const ALL: Paged = users!("");
const BY_ID: Paged = users!("AND u.id = ?5");
const BY_NAME: Paged = users!("AND u.user_name_key = ?5");
const BY_EXTERNAL_ID: Paged = users!("AND u.external_id = ?5");
const BY_DISPLAY_NAME: Paged = users!("AND u.display_name_key = ?5");
const BY_EMAIL: Paged = paged!(
    user!(
        "user_emails AS e CROSS JOIN users AS u ON u.directory = e.directory AND u.id = e.user_id
         WHERE e.directory = ?1 AND e.email_key = ?5 AND e.user_id > ?2 AND e.user_id < ?3"
    ),
    "e.user_id",
    "LIMIT ?4"
);
const BY_GROUP: Paged = paged!(
    user!(
        "memberships AS m CROSS JOIN users AS u ON u.directory = m.directory AND u.id = m.user_id
         WHERE m.directory = ?1 AND m.group_id = ?5 AND m.user_id > ?2 AND m.user_id < ?3
         AND EXISTS (SELECT 1 FROM groups AS g WHERE g.directory = ?1 AND g.id = ?5 AND g.ended IS NULL)"
    ),
    "m.user_id",
    "LIMIT ?4"
);
/// Sorts the ids of what changed since then; the documents are read for one page only.
const MODIFIED_SINCE: Paged = Paged {
    ascending: user!(
        "(SELECT id FROM users INDEXED BY users_modified WHERE directory = ?1 AND modified_at >= ?5
         AND id > ?2 AND id < ?3 ORDER BY id ASC LIMIT ?4) AS found
         CROSS JOIN users AS u ON u.directory = ?1 AND u.id = found.id ORDER BY found.id ASC"
    ),
    descending: user!(
        "(SELECT id FROM users INDEXED BY users_modified WHERE directory = ?1 AND modified_at >= ?5
         AND id > ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4) AS found
         CROSS JOIN users AS u ON u.directory = ?1 AND u.id = found.id ORDER BY found.id DESC"
    ),
};
/// Walks over what lies before within one block.
pub(crate) const NTH: &str = "SELECT id FROM users INDEXED BY users_id
    WHERE directory = ?1 AND id >= ?2 ORDER BY id LIMIT 1 OFFSET ?3";

const BEHIND: &str =
    "SELECT id FROM users INDEXED BY users_id WHERE directory = ?1 AND id > ?2 ORDER BY id LIMIT ?3";

const ADD: &str = "INSERT INTO users
    (directory, id, created_at, modified_at, seq, user_name_key, external_id, display_name_key, doc, doc_seq,
    updated_at, projection) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const CHANGE: &str = "UPDATE users SET created_at = ?3, modified_at = ?4, seq = ?5, user_name_key = ?6,
    external_id = ?7, display_name_key = ?8, doc = ?9, doc_seq = ?10, updated_at = ?11, projection = ?12 WHERE directory = ?1 AND id = ?2";
const REMOVE: &str = "DELETE FROM users WHERE directory = ?1 AND id = ?2";
const ADD_EMAIL: &str = "INSERT INTO user_emails (directory, email_key, user_id) VALUES (?1, ?2, ?3)";
const REMOVE_EMAIL: &str = "DELETE FROM user_emails WHERE directory = ?1 AND email_key = ?2 AND user_id = ?3";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    USER,
    SEQ,
    ID_BY_NAME,
    ID_BY_EXTERNAL_ID,
    ALL.ascending,
    ALL.descending,
    BY_ID.ascending,
    BY_ID.descending,
    BY_NAME.ascending,
    BY_NAME.descending,
    BY_EXTERNAL_ID.ascending,
    BY_EXTERNAL_ID.descending,
    BY_DISPLAY_NAME.ascending,
    BY_DISPLAY_NAME.descending,
    BY_EMAIL.ascending,
    BY_EMAIL.descending,
    BY_GROUP.ascending,
    BY_GROUP.descending,
    MODIFIED_SINCE.ascending,
    MODIFIED_SINCE.descending,
    NTH,
    BEHIND,
    ADD,
    CHANGE,
    REMOVE,
    ADD_EMAIL,
    REMOVE_EMAIL,
];

pub(crate) fn user(connection: &Connection, directory: DirectoryNumber, id: LocalId) -> Result<Option<User>> {
    one(connection, USER, params![codec::number(directory), codec::id(id)], read_user)
}

pub(crate) fn seq(connection: &Connection, directory: DirectoryNumber, id: LocalId) -> Result<Option<u64>> {
    one(connection, SEQ, params![codec::number(directory), codec::id(id)], |row| codec::uint(row, 0))
}

pub(crate) fn id_by_name(
    connection: &Connection,
    directory: DirectoryNumber,
    name: &str,
) -> Result<Option<LocalId>> {
    one(connection, ID_BY_NAME, params![codec::number(directory), name], |row| codec::local_id(row, 0))
}

pub(crate) fn id_by_external_id(
    connection: &Connection,
    directory: DirectoryNumber,
    external_id: &str,
) -> Result<Option<LocalId>> {
    one(connection, ID_BY_EXTERNAL_ID, params![codec::number(directory), external_id], |row| {
        codec::local_id(row, 0)
    })
}

/// A user with the groups that its representation shows.
pub(crate) fn view(
    connection: &Connection,
    directory: DirectoryNumber,
    id: LocalId,
) -> Result<Option<UserView>> {
    match user(connection, directory, id)? {
        Some(user) => with_groups(connection, directory, user).map(Some),
        None => Ok(None),
    }
}

fn with_groups(connection: &Connection, directory: DirectoryNumber, user: User) -> Result<UserView> {
    let groups = groups::of_user(connection, directory, user.id)?;
    Ok(UserView { user, groups })
}

pub(crate) fn list(
    connection: &Connection,
    directory: DirectoryNumber,
    lookup: &Lookup,
    page: Page<LocalId>,
) -> Result<Vec<UserView>> {
    let found = rows(connection, directory, lookup, page, read_user)?;
    found.into_iter().map(|user| with_groups(connection, directory, user)).collect()
}

/// Users to be passed on, with these attributes of theirs and with their groups, each of which is read once.
pub(crate) fn shown(
    connection: &Connection,
    directory: DirectoryNumber,
    lookup: &Lookup,
    page: Page<LocalId>,
    attributes: &[&str],
) -> Result<ShownUsers> {
    let mut users = rows(connection, directory, lookup, page, |row| read_shown(row, attributes))?;
    let ids: Vec<LocalId> = users.iter().map(|user| user.user.id).collect();
    let mut groups_of = groups::groups_of_each(connection, directory, &ids)?;
    let named: BTreeSet<LocalId> = groups_of.values().flatten().copied().collect();
    let groups = groups::live(connection, directory, named)?;
    for user in &mut users {
        user.groups = groups_of.remove(&user.user.id).unwrap_or_default();
        user.groups.retain(|id| groups.contains_key(id));
    }
    Ok(ShownUsers { users, groups })
}

/// What `read` makes of the rows that an index gives.
fn rows<T>(
    connection: &Connection,
    directory: DirectoryNumber,
    lookup: &Lookup,
    page: Page<LocalId>,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let wanted_id;
    let (statement, wanted): (Paged, &dyn ToSql) = match lookup {
        Lookup::Nothing | Lookup::GroupsOf(_) => return Ok(Vec::new()),
        Lookup::All => (ALL, &Null),
        Lookup::UserName(name) => (BY_NAME, name),
        Lookup::ExternalId(id) => (BY_EXTERNAL_ID, id),
        Lookup::Email(email) => (BY_EMAIL, email),
        Lookup::DisplayName(name) => (BY_DISPLAY_NAME, name),
        Lookup::ModifiedSince(time) => (MODIFIED_SINCE, &time.0),
        Lookup::Id(id) => {
            wanted_id = codec::id(*id);
            (BY_ID, &wanted_id)
        }
        Lookup::MembersOf(group) => {
            wanted_id = codec::id(*group);
            (BY_GROUP, &wanted_id)
        }
    };
    let walk = page.walk();
    let (above, below) = codec::bounds(&walk);
    let (number, limit) = (codec::number(directory), codec::limit(walk.limit));
    let sql = statement.towards(walk.descending);
    let found = match lookup {
        Lookup::All => many(connection, sql, params![number, above, below, limit], read),
        _ => many(connection, sql, params![number, above, below, limit, wanted], read),
    }?;
    Ok(walk.arrange(found))
}

/// The first ones behind this, as many as one step of a sweep looks at.
pub(crate) fn behind(
    connection: &Connection,
    directory: DirectoryNumber,
    after: LocalId,
) -> Result<Vec<LocalId>> {
    let params = params![codec::number(directory), codec::id(after), codec::limit(SWEEP_STEP_LIMIT)];
    many(connection, BEHIND, params, |row| codec::local_id(row, 0))
}

pub(crate) fn nth(
    connection: &Connection,
    directory: DirectoryNumber,
    index: u64,
) -> Result<Option<LocalId>> {
    let Ok(index) = i64::try_from(index) else { return Ok(None) };
    let Some((block, before)) = blocks::holding(connection, directory, Kind::User, index)? else {
        return Ok(None);
    };
    one(connection, NTH, params![codec::number(directory), block.first, before], |row| {
        codec::local_id(row, 0)
    })
}

/// All users, for `verify`.
pub(crate) fn all(connection: &Connection, directory: DirectoryNumber) -> Result<Vec<User>> {
    let params = params![codec::number(directory), i64::MIN, i64::MAX, -1];
    many(connection, ALL.ascending, params, read_user)
}

fn read_user(row: &Row<'_>) -> Result<User> {
    Ok(User { doc: codec::read_doc(row, 4)?, ..read_without_doc(row)? })
}

/// A user of whose resource these attributes are read; all of it where what is made of it must be made now.
fn read_shown(row: &Row<'_>, attributes: &[&str]) -> Result<ShownUser> {
    let mut user = read_without_doc(row)?;
    let written = codec::read_written(row, 4)?;
    let whole = user.projection.is_none();
    let doc = if whole { written.object() } else { written.members(attributes) };
    user.doc = doc.map_err(Error::Content)?;
    Ok(ShownUser { user, written: Some(written).filter(|_| !whole), groups: Vec::new() })
}

fn read_without_doc(row: &Row<'_>) -> Result<User> {
    let (modified_at, seq) = (codec::timestamp(row, 2)?, codec::uint(row, 3)?);
    Ok(User {
        id: codec::local_id(row, 0)?,
        created_at: codec::timestamp(row, 1)?,
        modified_at,
        // Older rows were only ever changed with their resource.
        doc_seq: codec::optional_uint(row, 5)?.unwrap_or(seq),
        updated_at: row.get::<_, Option<i64>>(6)?.map_or(modified_at, Timestamp),
        seq,
        doc: Object::new(),
        projection: row.get::<_, Option<String>>(7)?.map(|text| read_projection(&text)).transpose()?,
    })
}

fn read_projection(text: &str) -> Result<Projection> {
    serde_json::from_str(text).map_err(|why| Error::Content(format!("what was made of a user: {why}")))
}

fn written_projection(projection: &Projection) -> Result<String> {
    serde_json::to_string(projection)
        .map_err(|error| Error::Store(lockstep_store::StoreError::Fault(error.to_string())))
}

/// Writes what a batch changed of users as if at once: names may have passed from one to another, so every row that
/// gives one up goes before any row that takes one comes.
pub(crate) fn apply(connection: &Connection, directory: DirectoryNumber, changes: &Changes) -> Result<()> {
    let those = |holds: fn(bool, bool) -> bool| -> Vec<LocalId> {
        let concerned = changes
            .users
            .iter()
            .filter(|(_, changed)| holds(changed.before.is_some(), changed.after.is_some()));
        concerned.map(|(id, _)| *id).collect()
    };
    let (came, gone) = (those(|before, after| !before && after), those(|before, after| before && !after));
    blocks::apply(connection, directory, Kind::User, &came, &gone)?;
    for (id, changed) in &changes.users {
        let Some(before) = &changed.before else { continue };
        if changed.after.as_ref().is_none_or(|after| gives_up_name(before, after)) {
            execute(connection, REMOVE, params![codec::number(directory), codec::id(*id)])?;
        }
    }
    for (id, changed) in &changes.users {
        if let Some(after) = &changed.after {
            let stays = changed.before.as_ref().is_some_and(|before| !gives_up_name(before, after));
            write(connection, if stays { CHANGE } else { ADD }, directory, after)?;
        }
        let emails =
            |user: &Option<Arc<User>>| user.as_ref().map(|user| user.email_keys()).unwrap_or_default();
        let (before, after) = (emails(&changed.before), emails(&changed.after));
        for (sql, keys, others) in [(REMOVE_EMAIL, &before, &after), (ADD_EMAIL, &after, &before)] {
            for key in keys.iter().filter(|key| !others.contains(key)) {
                execute(connection, sql, params![codec::number(directory), key, codec::id(*id)])?;
            }
        }
    }
    Ok(())
}

/// Only a userName is unique in the schema.
fn gives_up_name(before: &User, after: &User) -> bool {
    before.user_name_key() != after.user_name_key()
}

fn write(connection: &Connection, sql: &str, directory: DirectoryNumber, user: &User) -> Result<()> {
    execute(
        connection,
        sql,
        params![
            codec::number(directory),
            codec::id(user.id),
            user.created_at.0,
            user.modified_at.0,
            codec::int(user.seq)?,
            user.user_name_key(),
            user.external_id_key(),
            user.display_name_key(),
            codec::doc(&user.doc)?,
            codec::int(user.doc_seq)?,
            user.updated_at.0,
            user.projection.as_ref().map(written_projection).transpose()?
        ],
    )?;
    Ok(())
}
