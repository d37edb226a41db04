//! What a user's `groups` does where it can be written: memberships, told as if each group had been changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_scim::patch::Patch;
use lockstep_scim::{Error, Object, text};

use super::mapping::after;
use super::members::Edits;
use super::{Draft, Planned};
use crate::command::Envelope;
use crate::event::{Change, EventType, Membership};
use crate::id::{DirectoryNumber, GroupId, LocalId};
use crate::model::{Group, User};
use crate::view::{Key, Missing, Step};

/// Groups that a user joins (true) and leaves.
type Delta = BTreeMap<LocalId, bool>;

pub(super) fn body_needs(envelope: &Envelope, user: Option<LocalId>, object: &Object) -> Vec<Key> {
    Edits::of_body(object, "groups").map(|edits| needs(envelope, user, &edits)).unwrap_or_default()
}

pub(super) fn patch_needs(envelope: &Envelope, user: LocalId, patch: &Patch) -> Vec<Key> {
    Edits::of_patch(patch, "groups").map(|edits| needs(envelope, Some(user), &edits)).unwrap_or_default()
}

fn needs(envelope: &Envelope, user: Option<LocalId>, edits: &Edits) -> Vec<Key> {
    let foreign = edits.foreign(envelope.directory);
    let mut keys: Vec<Key> =
        foreign.iter().map(|value| Key::GroupExternalId(text::compose(value).into_owned())).collect();
    if let Some(user) = user.filter(|_| edits.replaces_all()) {
        keys.push(Key::GroupsOf(user));
    }
    for group in edits.local_ids(envelope.directory) {
        keys.push(Key::Group(group));
        keys.extend(user.map(|user| Key::Membership { group, user }));
    }
    keys
}

/// The groups of this directory that a user's body names; none where it is wrong, and will be refused.
pub(crate) fn of_body(directory: DirectoryNumber, object: &Object) -> Vec<LocalId> {
    Edits::of_body(object, "groups").map(|edits| edits.local_ids(directory)).unwrap_or_default()
}

/// [`of_body`] of a PATCH.
pub(crate) fn of_patch(directory: DirectoryNumber, patch: &Patch) -> Vec<LocalId> {
    Edits::of_patch(patch, "groups").map(|edits| edits.local_ids(directory)).unwrap_or_default()
}

impl Draft<'_> {
    /// What the edits come to against the groups in which the user is.
    pub(super) fn groups_delta(&mut self, user: Option<LocalId>, edits: Edits) -> Planned<Delta> {
        if edits.is_empty() {
            return Ok(Delta::new());
        }
        if edits.has_filter() {
            let why = "groups: select a group by its `value`, and by nothing else";
            return Err(Error::invalid_path(why).into());
        }
        let directory = self.context.envelope.directory;
        let edits = self.by_external_id(edits)?;
        let replaced = edits.replaces_all();
        let current = match user {
            Some(user) if replaced || edits.filters_members() => {
                let groups = self.view.groups(self.view.groups_of(user)?)?;
                groups.iter().filter(|group| !group.is_ended()).map(|group| group.id).collect()
            }
            _ => Vec::new(),
        };
        let wanted = edits.resolve(directory, Some(&BTreeSet::new()), &current);
        if wanted.without_target {
            return Err(Error::no_target("groups[...]: no group is selected").into());
        }
        let mut delta = Delta::new();
        let mut unknown = wanted.unknown + wanted.users.values().filter(|joins| **joins).count();
        // Whether any group that is known stays or is joined.
        let mut named = false;
        for (group, joins) in wanted.groups {
            if self.view.group(group)?.is_none_or(|group| group.is_ended()) {
                unknown += usize::from(joins);
                continue;
            }
            let is_member = match user {
                Some(_) if current.contains(&group) => true,
                Some(user) => self.view.is_member(group, user)?,
                None => false,
            };
            named |= joins;
            if joins != is_member {
                delta.insert(group, joins);
            }
        }
        if unknown > 0 {
            self.settle_unknown("groups", unknown, replaced && !named && user.is_some())?;
        }
        Ok(delta)
    }

    /// The edits with ids in the places of the IdP's own ids for groups. An id of ours is never one of those.
    fn by_external_id(&self, edits: Edits) -> Planned<Edits> {
        let directory = self.context.envelope.directory;
        let (mut ids, mut missing) = (BTreeMap::new(), Vec::new());
        for value in edits.foreign(directory) {
            match self.view.group_with_external_id(&text::compose(&value)) {
                Ok(Some(local)) => {
                    ids.insert(value, GroupId { directory, local }.to_string());
                }
                Ok(None) => {}
                Err(Missing(keys)) => missing.extend(keys),
            }
        }
        if missing.is_empty() { Ok(edits.with_ids(&ids)) } else { Err(Missing(missing).into()) }
    }

    /// Tells which groups the user leaves and which it joins, in order of id, and behind that which roles it has now. Each
    /// group's version moves along. `before`: in which groups a user is that is new. The user as it is then.
    pub(super) fn tell_groups(
        &mut self,
        user: Arc<User>,
        delta: &Delta,
        before: Option<BTreeSet<LocalId>>,
    ) -> Planned<Arc<User>> {
        for (leaving, kind) in [(true, EventType::UserRemoved), (false, EventType::UserAdded)] {
            let concerned = delta.iter().filter(|(_, joins)| **joins != leaving).map(|(group, _)| *group);
            for group in self.view.groups(concerned)? {
                let membership = Membership {
                    group: group.id,
                    user: user.id,
                    group_seq: group.doc_seq,
                    user_seq: user.seq,
                };
                let seq = self.record(Change::Membership(kind, membership));
                self.steps.push(Step::Membership { group: group.id, user: user.id, present: !leaving });
                let group = Group { seq, modified_at: self.at, ..(*group).clone() };
                self.steps.push(Step::Group(group.id, Some(Arc::new(group))));
            }
        }
        let Some(mapping) = self.roles_by(delta.keys().copied())? else { return Ok(user) };
        let before = match before {
            Some(groups) => groups,
            None => self.view.groups_of(user.id)?,
        };
        let request = self.context.envelope.request;
        Ok(self.settle_roles(request, &mapping, &user, &after(before, delta)))
    }
}
