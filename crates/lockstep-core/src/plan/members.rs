//! What a request says about a group's members, before it is known who is one; and about a user's groups, which is the
//! same from the other side.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_scim::filter::{AttrPath, Compare, Filter, Literal, Matcher};
use lockstep_scim::patch::{Op, Operation, Patch};
use lockstep_scim::schema::Definition;
use lockstep_scim::{Error, Object};
use serde_json::{Value, json};

use crate::id::{DirectoryNumber, GroupId, LocalId, UserId};
use crate::limits::MEMBER_COMPARISONS_LIMIT;

/// Whom a member's value names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Member {
    /// Perhaps a user of this directory.
    User(LocalId),
    /// Perhaps a group of this directory.
    Group(LocalId),
    /// Nobody who could be in this directory.
    Unknown,
}

impl Member {
    fn parse(directory: DirectoryNumber, value: &str) -> Self {
        if let Some(id) = UserId::parse(value).filter(|id| id.directory == directory) {
            return Self::User(id.local);
        }
        if let Some(id) = GroupId::parse(value).filter(|id| id.directory == directory) {
            return Self::Group(id.local);
        }
        Self::Unknown
    }
}

/// One thing that a request does to the members.
enum Edit {
    Add(Vec<String>),
    Remove(Vec<String>),
    RemoveAll,
    RemoveWhere(Filter),
    /// Nothing by itself: one of these must be a member by now.
    Demand(Vec<String>),
}

/// All that a request does to the members, in its order.
pub(super) struct Edits(Vec<Edit>);

/// What the edits come to: who shall be a member (true) and who shall not.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) users: BTreeMap<LocalId, bool>,
    pub(super) groups: BTreeMap<LocalId, bool>,
    /// How many values that were to join name nobody.
    pub(super) unknown: usize,
    /// Whether somebody was to be replaced who is no member.
    pub(super) without_target: bool,
}

impl Edits {
    /// What a POST or PUT body says in this attribute. A body that does not name it says nothing.
    pub(super) fn of_body(object: &Object, attribute: &str) -> Result<Self, Error> {
        match object.get(attribute) {
            None => Ok(Self(Vec::new())),
            Some(members) => Ok(Self(vec![Edit::RemoveAll, Edit::Add(values(members, attribute)?)])),
        }
    }

    /// Nobody stays.
    pub(super) fn remove_all() -> Self {
        Self(vec![Edit::RemoveAll])
    }

    /// The operations of a PATCH that are about this attribute.
    pub(super) fn of_patch(patch: &Patch, attribute: &str) -> Result<Self, Error> {
        let mut edits = Vec::new();
        for operation in patch.operations.iter().filter(|operation| operation.target.is_top(attribute)) {
            edit(operation, attribute, &mut edits)?;
        }
        // What comes before everybody goes has no effect, save that it may be refused.
        let demands = edits.iter().any(|edit| matches!(edit, Edit::Demand(_)));
        if let Some(last) = edits.iter().rposition(|edit| matches!(edit, Edit::RemoveAll))
            && !demands
        {
            edits.drain(..last);
        }
        let compared: usize = edits.iter().map(comparisons).sum();
        if compared > MEMBER_COMPARISONS_LIMIT {
            return Err(Error::too_many(format!(
                "members: the filters other than by `value` compare {compared} times with each member; the limit is \
                 {MEMBER_COMPARISONS_LIMIT}: name the members by `value`"
            )));
        }
        Ok(Self(edits))
    }

    /// Whether nothing is said.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether members are selected by more than their value.
    pub(super) fn has_filter(&self) -> bool {
        self.0.iter().any(|edit| matches!(edit, Edit::RemoveWhere(_)))
    }

    /// The values that are no ids of this directory.
    pub(super) fn foreign(&self, directory: DirectoryNumber) -> Vec<String> {
        let mut values = Vec::new();
        for edit in &self.0 {
            if let Edit::Add(named) | Edit::Remove(named) | Edit::Demand(named) = edit {
                values.extend(
                    named.iter().filter(|value| Member::parse(directory, value) == Member::Unknown).cloned(),
                );
            }
        }
        values
    }

    /// Puts ids in the places of the values that mean them.
    pub(super) fn with_ids(mut self, ids: &BTreeMap<String, String>) -> Self {
        for edit in &mut self.0 {
            if let Edit::Add(named) | Edit::Remove(named) | Edit::Demand(named) = edit {
                for value in named {
                    if let Some(id) = ids.get(value) {
                        value.clone_from(id);
                    }
                }
            }
        }
        self
    }

    /// Whether the outcome depends on who all the members are.
    pub(super) fn replaces_all(&self) -> bool {
        self.0.iter().any(|edit| matches!(edit, Edit::RemoveAll))
    }

    /// Whether a filter must be decided over the members.
    pub(super) fn filters_members(&self) -> bool {
        self.0.iter().any(|edit| matches!(edit, Edit::RemoveWhere(_) | Edit::Demand(_)))
    }

    /// Everybody whom the edits name, and whether to let them join.
    pub(super) fn named(&self, directory: DirectoryNumber) -> impl Iterator<Item = (Member, bool)> {
        self.0.iter().flat_map(move |edit| {
            let (values, joins): (&[String], bool) = match edit {
                Edit::Add(values) => (values, true),
                Edit::Remove(values) => (values, false),
                Edit::RemoveAll | Edit::RemoveWhere(_) | Edit::Demand(_) => (&[], false),
            };
            values.iter().map(move |value| (Member::parse(directory, value), joins))
        })
    }

    pub(super) fn local_ids(&self, directory: DirectoryNumber) -> Vec<LocalId> {
        let local = |member| match member {
            Member::User(id) | Member::Group(id) => Some(id),
            Member::Unknown => None,
        };
        self.named(directory).filter_map(|(member, _)| local(member)).collect()
    }

    /// Carries the edits out over the names alone. `current` is all user members where an edit needs them.
    pub(super) fn resolve(
        &self,
        directory: DirectoryNumber,
        current: Option<&BTreeSet<LocalId>>,
        nested: &[LocalId],
    ) -> Wanted {
        let mut wanted = Wanted::default();
        let mut unknown = BTreeSet::new();
        for edit in &self.0 {
            match edit {
                Edit::Add(values) | Edit::Remove(values) => {
                    let joins = matches!(edit, Edit::Add(_));
                    for value in values {
                        match Member::parse(directory, value) {
                            Member::User(user) => {
                                wanted.users.insert(user, joins);
                            }
                            Member::Group(group) => {
                                wanted.groups.insert(group, joins);
                            }
                            Member::Unknown if joins => {
                                unknown.insert(value.as_str());
                            }
                            // Removing whom nobody knows has nothing to do (ambiguity 5).
                            Member::Unknown => {
                                unknown.remove(value.as_str());
                            }
                        }
                    }
                }
                Edit::RemoveAll => {
                    unknown.clear();
                    wanted.users = current.into_iter().flatten().map(|user| (*user, false)).collect();
                    wanted.groups = nested.iter().map(|group| (*group, false)).collect();
                }
                Edit::RemoveWhere(filter) => remove_where(filter, directory, current, nested, &mut wanted),
                Edit::Demand(values) => {
                    let is_member = |value: &String| match Member::parse(directory, value) {
                        Member::User(user) => wanted
                            .users
                            .get(&user)
                            .copied()
                            .unwrap_or_else(|| current.is_some_and(|current| current.contains(&user))),
                        Member::Group(group) => {
                            wanted.groups.get(&group).copied().unwrap_or_else(|| nested.contains(&group))
                        }
                        Member::Unknown => false,
                    };
                    wanted.without_target |= !values.iter().any(is_member);
                }
            }
        }
        wanted.unknown = unknown.len();
        wanted
    }
}

/// The users and groups of this directory that a body names as members; none where it is wrong, and will be refused.
pub(crate) fn of_body(directory: DirectoryNumber, object: &Object) -> Vec<LocalId> {
    Edits::of_body(object, "members").map(|edits| edits.local_ids(directory)).unwrap_or_default()
}

/// [`of_body`] of a PATCH.
pub(crate) fn of_patch(directory: DirectoryNumber, patch: &Patch) -> Vec<LocalId> {
    Edits::of_patch(patch, "members").map(|edits| edits.local_ids(directory)).unwrap_or_default()
}

/// Lets those members leave for whom the filter holds; it sees what a member shows: `value` and `type`.
fn remove_where(
    filter: &Filter,
    directory: DirectoryNumber,
    current: Option<&BTreeSet<LocalId>>,
    nested: &[LocalId],
    wanted: &mut Wanted,
) {
    let selected = Matcher::unchecked(filter, &Definition::group());
    let holds = |value: String, kind: &str| {
        let mut member = Object::new();
        member.insert("members".into(), json!([{ "value": value, "type": kind }]));
        selected.matches(&member)
    };
    let users: BTreeSet<LocalId> = current.into_iter().flatten().copied().collect();
    let joined: Vec<LocalId> =
        wanted.users.iter().filter(|(_, joins)| **joins).map(|(user, _)| *user).collect();
    for user in users.into_iter().chain(joined) {
        if holds(UserId { directory, local: user }.to_string(), "User") {
            wanted.users.insert(user, false);
        }
    }
    let joined: Vec<LocalId> =
        wanted.groups.iter().filter(|(_, joins)| **joins).map(|(group, _)| *group).collect();
    for group in nested.iter().copied().chain(joined) {
        if holds(GroupId { directory, local: group }.to_string(), "Group") {
            wanted.groups.insert(group, false);
        }
    }
}

fn edit(operation: &Operation, attribute: &str, edits: &mut Vec<Edit>) -> Result<(), Error> {
    // RFC 7643 §4.2: a member's sub-attributes are immutable; whole members come and go.
    if operation.target.sub.is_some() {
        return Err(Error::mutability(format!(
            "{attribute}: what an element says is immutable; remove it and add another"
        )));
    }
    match (operation.op, &operation.target.filter, &operation.value) {
        (Op::Add, None, Some(value)) => edits.push(Edit::Add(values(value, attribute)?)),
        (Op::Replace, None, Some(value)) => {
            edits.push(Edit::RemoveAll);
            edits.push(Edit::Add(values(value, attribute)?));
        }
        (Op::Remove, None, None) => edits.push(Edit::RemoveAll),
        // Not in the RFC, and sent: the members to remove stand in the body (ambiguity 11).
        (Op::Remove, None, Some(value)) => edits.push(Edit::Remove(values(value, attribute)?)),
        (Op::Remove, Some(filter), _) => edits.push(match named_by(filter) {
            Some(values) => Edit::Remove(values),
            None => Edit::RemoveWhere(in_members(filter)),
        }),
        // RFC 7644 §3.5.2.3: the member that the filter selects goes, and another comes.
        (Op::Replace, Some(filter), Some(value)) if let Some(replaced) = named_by(filter) => {
            edits.push(Edit::Demand(replaced.clone()));
            edits.push(Edit::Remove(replaced));
            edits.push(Edit::Add(values(value, attribute)?));
        }
        (Op::Add | Op::Replace, Some(_), _) => {
            return Err(Error::invalid_path(format!(
                "{attribute}: add takes no value filter, and replace none but by `value`; name the {attribute} in the value"
            )));
        }
        (Op::Add | Op::Replace, None, None) => {
            return Err(Error::invalid_value(format!("{attribute}: the operation has no value")));
        }
    }
    Ok(())
}

/// Whether a filter is nothing but names of members, so that nobody else is looked at.
pub(crate) fn names(filter: &Filter) -> bool {
    named_by(filter).is_some()
}

/// The values that a filter asks for, where it is nothing but `value eq "…"` joined by `or`.
fn named_by(filter: &Filter) -> Option<Vec<String>> {
    match filter {
        Filter::Attr { path, op: Compare::Eq, value: Literal::String(value) }
            if path.sub.is_none() && path.attribute.eq_ignore_ascii_case("value") =>
        {
            Some(vec![value.clone()])
        }
        Filter::Or(parts) => {
            parts.iter().map(named_by).collect::<Option<Vec<_>>>().map(|values| values.concat())
        }
        _ => None,
    }
}

/// How often an edit compares with each member.
fn comparisons(edit: &Edit) -> usize {
    match edit {
        Edit::RemoveWhere(filter) => filter.terms(),
        Edit::Add(_) | Edit::Remove(_) | Edit::RemoveAll | Edit::Demand(_) => 0,
    }
}

/// A value filter as a filter over the whole group.
fn in_members(filter: &Filter) -> Filter {
    let attr = AttrPath { urn: None, attribute: "members".into(), sub: None };
    Filter::ValuePath { attr, filter: Box::new(filter.clone()) }
}

/// The `value` of each member: an array of objects, or one object. A member that only has a `$ref` is named by the
/// last part of it, which is an id of ours or nobody (ambiguity 36: it is never fetched).
fn values(members: &Value, attribute: &str) -> Result<Vec<String>, Error> {
    let list = match members {
        Value::Array(list) => list.as_slice(),
        Value::Object(_) => std::slice::from_ref(members),
        _ => {
            let message = format!("{attribute}: expected an array of objects, each with a `value`");
            return Err(Error::invalid_value(message));
        }
    };
    list.iter()
        .enumerate()
        .map(|(index, member)| {
            let named = member.get("value").and_then(Value::as_str);
            let referred = member.get("$ref").and_then(Value::as_str).and_then(|url| url.rsplit('/').next());
            named.or(referred).map(str::to_owned).ok_or_else(|| {
                Error::invalid_value(format!(
                    "{attribute}[{index}]: expected an object with a `value`, its id"
                ))
            })
        })
        .collect()
}
