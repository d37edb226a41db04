//! Groups, whose members are rows of their own, and who is a member of which.

use std::collections::BTreeMap;

use lockstep_core::id::{DirectoryNumber, LocalId, RequestId};
use lockstep_core::limits::{STEP_LIMIT, SWEEP_STEP_LIMIT};
use lockstep_core::model::Group;
use lockstep_core::query::{Kind, Lookup};
use lockstep_core::version::GroupOfUser;
use lockstep_core::view::Changes;
use lockstep_store::{GroupView, Page};
use rusqlite::types::Null;
use rusqlite::{Connection, Row, ToSql, params};

use crate::blocks;
use crate::codec;
use crate::error::{Error, Result};
use crate::statement::{Paged, execute, many, one, paged};

/// ?1 the directory, ?2 and ?3 the bounds of the id, ?4 the limit, ?5 what is looked for.
macro_rules! group {
    ($rest:literal) => {
        concat!(
            "SELECT g.id, g.created_at, g.modified_at, g.seq, g.doc_seq, g.ended, g.nested, g.doc FROM ",
            $rest
        )
    };
}
macro_rules! groups {
    ($condition:literal) => {
        paged!(
            concat!(
                group!("groups AS g WHERE g.directory = ?1 AND g.id > ?2 AND g.id < ?3 AND g.ended IS NULL"),
                " ",
                $condition
            ),
            "g.id",
            "LIMIT ?4"
        )
    };
}

const GROUP: &str = group!("groups AS g WHERE g.directory = ?1 AND g.id = ?2");
const ID_BY_NAME: &str = "SELECT id FROM groups
    WHERE directory = ?1 AND name_key = ?2 AND ended IS NULL ORDER BY id LIMIT 1";
const ID_BY_EXTERNAL_ID: &str =
    "SELECT id FROM groups WHERE directory = ?1 AND external_id = ?2 AND ended IS NULL ORDER BY id LIMIT 1";

const ALL: Paged = groups!("");
const BY_ID: Paged = groups!("AND g.id = ?5");
const BY_EXTERNAL_ID: Paged = groups!("AND g.external_id = ?5");
const BY_NAME: Paged = groups!("AND g.name_key = ?5");
const BY_USER: Paged = paged!(
    group!(
        "memberships AS m CROSS JOIN groups AS g ON g.directory = m.directory AND g.id = m.group_id
         WHERE m.directory = ?1 AND m.user_id = ?5 AND m.group_id > ?2 AND m.group_id < ?3 AND g.ended IS NULL"
    ),
    "m.group_id",
    "LIMIT ?4"
);
const BY_CHILD: Paged = paged!(
    group!(
        "group_parents AS p CROSS JOIN groups AS g ON g.directory = p.directory AND g.id = p.parent
         WHERE p.directory = ?1 AND p.child = ?5 AND p.parent > ?2 AND p.parent < ?3 AND g.ended IS NULL"
    ),
    "p.parent",
    "LIMIT ?4"
);
/// Sorts the ids of what changed since then; the documents are read for one page only.
const MODIFIED_SINCE: Paged = Paged {
    ascending: group!(
        "(SELECT id FROM groups INDEXED BY groups_modified WHERE directory = ?1 AND modified_at >= ?5
         AND ended IS NULL AND id > ?2 AND id < ?3 ORDER BY id ASC LIMIT ?4) AS found
         CROSS JOIN groups AS g ON g.directory = ?1 AND g.id = found.id ORDER BY found.id ASC"
    ),
    descending: group!(
        "(SELECT id FROM groups INDEXED BY groups_modified WHERE directory = ?1 AND modified_at >= ?5
         AND ended IS NULL AND id > ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4) AS found
         CROSS JOIN groups AS g ON g.directory = ?1 AND g.id = found.id ORDER BY found.id DESC"
    ),
};
/// Walks over what lies before within one block.
const NTH: &str = "SELECT id FROM groups INDEXED BY groups_id WHERE directory = ?1 AND id >= ?2
    AND id NOT IN (SELECT id FROM groups INDEXED BY groups_ended WHERE directory = ?1 AND ended IS NOT NULL)
    ORDER BY id LIMIT 1 OFFSET ?3";
const BEHIND: &str =
    "SELECT id FROM groups INDEXED BY groups_id WHERE directory = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
const ENDED_TOO: &str = group!("groups AS g WHERE g.directory = ?1 ORDER BY g.id");

const PARENTS: &str = "SELECT parent FROM group_parents WHERE directory = ?1 AND child = ?2 ORDER BY parent";
const GROUPS_OF: &str =
    "SELECT group_id FROM memberships WHERE directory = ?1 AND user_id = ?2 ORDER BY group_id";
/// ?2 is a list of users as JSON; each one's groups stand together.
const GROUPS_OF_EACH: &str = "SELECT m.user_id, m.group_id FROM json_each(?2) AS found
    CROSS JOIN memberships AS m ON m.directory = ?1 AND m.user_id = found.value";
/// ?2 is a list of groups as JSON.
const LIVE: &str = group!(
    "json_each(?2) AS found CROSS JOIN groups AS g ON g.directory = ?1 AND g.id = found.value
     WHERE g.ended IS NULL"
);
const MEMBERS: &str =
    "SELECT user_id FROM memberships WHERE directory = ?1 AND group_id = ?2 ORDER BY user_id LIMIT ?3";
const IS_MEMBER: &str = "SELECT 1 FROM memberships WHERE directory = ?1 AND group_id = ?2 AND user_id = ?3";
const SHOWN_GROUPS: &str = "SELECT g.id, g.display_name, g.doc_seq
    FROM memberships AS m CROSS JOIN groups AS g ON g.directory = m.directory AND g.id = m.group_id
    WHERE m.directory = ?1 AND m.user_id = ?2 AND g.ended IS NULL ORDER BY m.group_id";
const MEMBERSHIPS: &str =
    "SELECT group_id, user_id FROM memberships WHERE directory = ?1 ORDER BY group_id, user_id";

const ADD: &str = "INSERT INTO groups
    (directory, id, created_at, modified_at, seq, doc_seq, ended, name_key, external_id, display_name, nested, doc)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
/// Where nothing but the membership changed, the document and what is indexed of it stay as they are.
const TOUCH: &str = "UPDATE groups SET modified_at = ?3, seq = ?4 WHERE directory = ?1 AND id = ?2";
const CHANGE: &str = "UPDATE groups SET created_at = ?3, modified_at = ?4, seq = ?5, doc_seq = ?6, ended = ?7,
    name_key = ?8, external_id = ?9, display_name = ?10, nested = ?11, doc = ?12 WHERE directory = ?1 AND id = ?2";
const REMOVE: &str = "DELETE FROM groups WHERE directory = ?1 AND id = ?2";
const ADD_PARENT: &str = "INSERT INTO group_parents (directory, child, parent) VALUES (?1, ?2, ?3)";
const REMOVE_PARENT: &str = "DELETE FROM group_parents WHERE directory = ?1 AND child = ?2 AND parent = ?3";
const ADD_MEMBER: &str =
    "INSERT OR IGNORE INTO memberships (directory, group_id, user_id) VALUES (?1, ?2, ?3)";
const REMOVE_MEMBER: &str = "DELETE FROM memberships WHERE directory = ?1 AND group_id = ?2 AND user_id = ?3";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    GROUP,
    ID_BY_NAME,
    ID_BY_EXTERNAL_ID,
    ALL.ascending,
    ALL.descending,
    BY_ID.ascending,
    BY_ID.descending,
    BY_EXTERNAL_ID.ascending,
    BY_EXTERNAL_ID.descending,
    BY_NAME.ascending,
    BY_NAME.descending,
    BY_USER.ascending,
    BY_USER.descending,
    BY_CHILD.ascending,
    BY_CHILD.descending,
    MODIFIED_SINCE.ascending,
    MODIFIED_SINCE.descending,
    NTH,
    BEHIND,
    ENDED_TOO,
    PARENTS,
    GROUPS_OF,
    GROUPS_OF_EACH,
    LIVE,
    MEMBERS,
    IS_MEMBER,
    SHOWN_GROUPS,
    MEMBERSHIPS,
    ADD,
    TOUCH,
    CHANGE,
    REMOVE,
    ADD_PARENT,
    REMOVE_PARENT,
    ADD_MEMBER,
    REMOVE_MEMBER,
];

/// A group, ended ones included.
pub(crate) fn group(
    connection: &Connection,
    directory: DirectoryNumber,
    id: LocalId,
) -> Result<Option<Group>> {
    one(connection, GROUP, params![codec::number(directory), codec::id(id)], read_group)
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

pub(crate) fn parents(
    connection: &Connection,
    directory: DirectoryNumber,
    child: LocalId,
) -> Result<Vec<LocalId>> {
    many(connection, PARENTS, params![codec::number(directory), codec::id(child)], |row| {
        codec::local_id(row, 0)
    })
}

/// The groups of a user, ended ones included.
pub(crate) fn groups_of(
    connection: &Connection,
    directory: DirectoryNumber,
    user: LocalId,
) -> Result<Vec<LocalId>> {
    many(connection, GROUPS_OF, params![codec::number(directory), codec::id(user)], |row| {
        codec::local_id(row, 0)
    })
}

/// The groups of each of these users that is in any, by id, ended ones included.
pub(crate) fn groups_of_each(
    connection: &Connection,
    directory: DirectoryNumber,
    users: &[LocalId],
) -> Result<BTreeMap<LocalId, Vec<LocalId>>> {
    let mut groups: BTreeMap<LocalId, Vec<LocalId>> = BTreeMap::new();
    let params = params![codec::number(directory), codec::id_list(users.iter().copied())];
    many(connection, GROUPS_OF_EACH, params, |row| {
        groups.entry(codec::local_id(row, 0)?).or_default().push(codec::local_id(row, 1)?);
        Ok(())
    })?;
    for of_one in groups.values_mut() {
        of_one.sort_unstable();
    }
    Ok(groups)
}

/// Those of these groups that have not ended.
pub(crate) fn live(
    connection: &Connection,
    directory: DirectoryNumber,
    ids: impl IntoIterator<Item = LocalId>,
) -> Result<BTreeMap<LocalId, Group>> {
    let params = params![codec::number(directory), codec::id_list(ids)];
    let found = many(connection, LIVE, params, read_group)?;
    Ok(found.into_iter().map(|group| (group.id, group)).collect())
}

pub(crate) fn members(
    connection: &Connection,
    directory: DirectoryNumber,
    group: LocalId,
) -> Result<Vec<LocalId>> {
    read_members(connection, directory, group, -1)
}

pub(crate) fn first_members(
    connection: &Connection,
    directory: DirectoryNumber,
    group: LocalId,
) -> Result<Vec<LocalId>> {
    read_members(connection, directory, group, codec::limit(STEP_LIMIT + 1))
}

fn read_members(
    connection: &Connection,
    directory: DirectoryNumber,
    group: LocalId,
    limit: i64,
) -> Result<Vec<LocalId>> {
    let params = params![codec::number(directory), codec::id(group), limit];
    many(connection, MEMBERS, params, |row| codec::local_id(row, 0))
}

pub(crate) fn is_member(
    connection: &Connection,
    directory: DirectoryNumber,
    group: LocalId,
    user: LocalId,
) -> Result<bool> {
    let params = params![codec::number(directory), codec::id(group), codec::id(user)];
    Ok(one(connection, IS_MEMBER, params, |_| Ok(()))?.is_some())
}

/// The groups that a user's representation shows.
pub(crate) fn of_user(
    connection: &Connection,
    directory: DirectoryNumber,
    user: LocalId,
) -> Result<Vec<GroupOfUser>> {
    many(connection, SHOWN_GROUPS, params![codec::number(directory), codec::id(user)], |row| {
        Ok(GroupOfUser {
            id: codec::local_id(row, 0)?,
            display_name: row.get(1)?,
            doc_seq: codec::uint(row, 2)?,
        })
    })
}

pub(crate) fn view(
    connection: &Connection,
    directory: DirectoryNumber,
    id: LocalId,
    with_members: bool,
) -> Result<Option<GroupView>> {
    match group(connection, directory, id)?.filter(|group| !group.is_ended()) {
        Some(group) => complete(connection, directory, group, with_members).map(Some),
        None => Ok(None),
    }
}

fn complete(
    connection: &Connection,
    directory: DirectoryNumber,
    group: Group,
    with_members: bool,
) -> Result<GroupView> {
    let members = if with_members { Some(members(connection, directory, group.id)?) } else { None };
    Ok(GroupView { group, members })
}

pub(crate) fn list(
    connection: &Connection,
    directory: DirectoryNumber,
    lookup: &Lookup,
    page: Page<LocalId>,
    with_members: bool,
) -> Result<Vec<GroupView>> {
    let wanted_id;
    let (statement, wanted): (Paged, &dyn ToSql) = match lookup {
        Lookup::Nothing | Lookup::UserName(_) | Lookup::Email(_) => return Ok(Vec::new()),
        Lookup::All => (ALL, &Null),
        Lookup::ExternalId(id) => (BY_EXTERNAL_ID, id),
        Lookup::DisplayName(name) => (BY_NAME, name),
        Lookup::ModifiedSince(time) => (MODIFIED_SINCE, &time.0),
        Lookup::Id(id) => {
            wanted_id = codec::id(*id);
            (BY_ID, &wanted_id)
        }
        Lookup::MembersOf(child) => {
            wanted_id = codec::id(*child);
            (BY_CHILD, &wanted_id)
        }
        Lookup::GroupsOf(user) => {
            wanted_id = codec::id(*user);
            (BY_USER, &wanted_id)
        }
    };
    let walk = page.walk();
    let (above, below) = codec::bounds(&walk);
    let (number, limit) = (codec::number(directory), codec::limit(walk.limit));
    let sql = statement.towards(walk.descending);
    let found = match lookup {
        Lookup::All => many(connection, sql, params![number, above, below, limit], read_group),
        _ => many(connection, sql, params![number, above, below, limit, wanted], read_group),
    }?;
    walk.arrange(found)
        .into_iter()
        .map(|group| complete(connection, directory, group, with_members))
        .collect()
}

/// The first ones behind this, ended ones included, as many as one step of a sweep looks at.
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
    let Some((block, before)) = blocks::holding(connection, directory, Kind::Group, index)? else {
        return Ok(None);
    };
    one(connection, NTH, params![codec::number(directory), block.first, before], |row| {
        codec::local_id(row, 0)
    })
}

/// All groups, ended ones included, for `verify`.
pub(crate) fn all(connection: &Connection, directory: DirectoryNumber) -> Result<Vec<Group>> {
    many(connection, ENDED_TOO, [codec::number(directory)], read_group)
}

/// All memberships, for `verify`: (group, user).
pub(crate) fn memberships(
    connection: &Connection,
    directory: DirectoryNumber,
) -> Result<Vec<(LocalId, LocalId)>> {
    many(connection, MEMBERSHIPS, [codec::number(directory)], |row| {
        Ok((codec::local_id(row, 0)?, codec::local_id(row, 1)?))
    })
}

fn read_group(row: &Row<'_>) -> Result<Group> {
    let ended = match row.get::<_, Option<[u8; 16]>>(5)? {
        None => None,
        Some(_) => Some(RequestId(codec::read_wide(row, 5)?)),
    };
    let nested = match row.get::<_, Option<String>>(6)? {
        None => Vec::new(),
        Some(list) => serde_json::from_str(&list)
            .map_err(|_| Error::Content("a group's groups are no list of ids".into()))?,
    };
    Ok(Group {
        id: codec::local_id(row, 0)?,
        created_at: codec::timestamp(row, 1)?,
        modified_at: codec::timestamp(row, 2)?,
        seq: codec::uint(row, 3)?,
        doc_seq: codec::uint(row, 4)?,
        ended,
        nested,
        doc: codec::read_doc(row, 7)?,
    })
}

/// Writes what a batch changed of groups and memberships. No name of a group is unique in the schema, so that the order
/// of the rows does not matter.
pub(crate) fn apply(connection: &Connection, directory: DirectoryNumber, changes: &Changes) -> Result<()> {
    let number = codec::number(directory);
    let (mut came, mut gone) = (Vec::new(), Vec::new());
    for (id, changed) in &changes.groups {
        let is_live = |group: Option<&Group>| group.is_some_and(|group| !group.is_ended());
        match (is_live(changed.before.as_deref()), is_live(changed.after.as_deref())) {
            (false, true) => came.push(*id),
            (true, false) => gone.push(*id),
            _ => {}
        }
    }
    blocks::apply(connection, directory, Kind::Group, &came, &gone)?;
    for (id, changed) in &changes.groups {
        let (before, after) = (changed.before.as_deref(), changed.after.as_deref());
        match (before, after) {
            (None, None) => {}
            (Some(_), None) => {
                execute(connection, REMOVE, params![number, codec::id(*id)])?;
            }
            (Some(before), Some(after)) if only_members_changed(before, after) => {
                let params = params![number, codec::id(*id), after.modified_at.0, codec::int(after.seq)?];
                execute(connection, TOUCH, params)?;
            }
            (Some(_), Some(after)) => write(connection, CHANGE, directory, after)?,
            (None, Some(after)) => write(connection, ADD, directory, after)?,
        }
        let (before, after) = (children(before), children(after));
        for (sql, children, others) in [(REMOVE_PARENT, before, after), (ADD_PARENT, after, before)] {
            for child in children.iter().filter(|child| !others.contains(child)) {
                execute(connection, sql, params![number, codec::id(*child), codec::id(*id)])?;
            }
        }
    }
    for ((group, user), present) in &changes.memberships {
        let sql = if *present { ADD_MEMBER } else { REMOVE_MEMBER };
        execute(connection, sql, params![number, codec::id(*group), codec::id(*user)])?;
    }
    Ok(())
}

/// What stands in `group_parents` for a group.
fn children(group: Option<&Group>) -> &[LocalId] {
    group.filter(|group| !group.is_ended()).map_or(&[], |group| group.nested.as_slice())
}

fn only_members_changed(before: &Group, after: &Group) -> bool {
    before.doc_seq == after.doc_seq && before.ended == after.ended
}

fn write(connection: &Connection, sql: &str, directory: DirectoryNumber, group: &Group) -> Result<()> {
    let nested = if group.nested.is_empty() { None } else { Some(nested_text(&group.nested)?) };
    execute(
        connection,
        sql,
        params![
            codec::number(directory),
            codec::id(group.id),
            group.created_at.0,
            group.modified_at.0,
            codec::int(group.seq)?,
            codec::int(group.doc_seq)?,
            group.ended.map(|request| codec::wide(request.0)),
            group.display_name_key(),
            group.external_id_key(),
            group.display_name(),
            nested,
            codec::doc(&group.doc)?
        ],
    )?;
    Ok(())
}

fn nested_text(nested: &[LocalId]) -> Result<String> {
    serde_json::to_string(nested)
        .map_err(|error| Error::Store(lockstep_store::StoreError::Fault(error.to_string())))
}
