//! What happens to groups. Their members are rows: a change of membership is planned as what begins and what ends,
//! and the members that a request does not name are never loaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_scim::patch::{self, Patch};
use lockstep_scim::{Error, Object, resource, text};
use serde_json::Value;

use super::members::{Edits, Member};
use super::schemas::demand_required;
use super::size::demand_size;
use super::{Draft, Planned, demand, demand_stated, refuse_taken};
use crate::clock::Random;
use crate::command::{Envelope, Refusal, Reply};
use crate::event::{Change, EventType, Membership, Told, changed};
use crate::id::{GroupId, LocalId, RequestId};
use crate::limits::STEP_LIMIT;
use crate::model::Group;
use crate::query::Kind;
use crate::rules::UnknownMember;
use crate::version::{self, Precondition};
use crate::view::{Key, Step};

fn names_needed(object: &Object) -> Vec<Key> {
    let mut keys = Vec::new();
    if let Some(name) = object.get("displayName").and_then(Value::as_str) {
        keys.push(Key::GroupName(text::fold(name).into_owned()));
    }
    if let Some(id) = object.get("externalId").and_then(Value::as_str) {
        keys.push(Key::GroupExternalId(text::compose(id).into_owned()));
    }
    keys
}

fn members_needed(envelope: &Envelope, group: Option<LocalId>, edits: &Edits) -> Vec<Key> {
    let mut keys = Vec::new();
    let replaced = edits.replaces_all();
    if let Some(group) = group.filter(|_| replaced) {
        keys.push(Key::MembersOf(group));
    }
    for (member, joins) in edits.named(envelope.directory) {
        match member {
            Member::User(user) => {
                if joins {
                    keys.push(Key::UserSeq(user));
                }
                if let Some(group) = group.filter(|_| !replaced) {
                    keys.push(Key::Membership { group, user });
                    // A membership that ends tells what the user was.
                    keys.push(Key::UserSeq(user));
                }
            }
            Member::Group(child) => keys.push(Key::Group(child)),
            Member::Unknown => {}
        }
    }
    keys
}

pub(super) fn create_needs(envelope: &Envelope, object: &Object) -> Vec<Key> {
    let mut keys = names_needed(object);
    if let Ok(edits) = Edits::of_body(object, "members") {
        keys.extend(members_needed(envelope, None, &edits));
    }
    keys
}

pub(super) fn replace_needs(envelope: &Envelope, id: LocalId, object: &Object) -> Vec<Key> {
    let mut keys = names_needed(object);
    keys.push(Key::Group(id));
    if let Ok(edits) = edits_of_put(object, envelope.terms.rules.put_keeps_members) {
        keys.extend(members_needed(envelope, Some(id), &edits));
    }
    keys
}

pub(super) fn patch_needs(envelope: &Envelope, id: LocalId, patch: &Patch) -> Vec<Key> {
    let mut keys = vec![Key::Group(id)];
    if let Ok(edits) = Edits::of_patch(patch, "members") {
        keys.extend(members_needed(envelope, Some(id), &edits));
    }
    keys
}

/// What the body of a PUT says of the members. RFC 7644 §3.5.1 leaves it to us what a body means that does not name
/// them.
fn edits_of_put(object: &Object, keeps_absent: bool) -> Result<Edits, Error> {
    if keeps_absent || object.contains_key("members") {
        Edits::of_body(object, "members")
    } else {
        Ok(Edits::remove_all())
    }
}

/// A change of membership, decided: who joins and who leaves, by id.
#[derive(Default)]
struct Delta {
    users: BTreeMap<LocalId, bool>,
    groups: BTreeMap<LocalId, bool>,
}

impl Draft<'_> {
    pub(super) fn create_group(mut self, object: &Object, random: &mut dyn Random) -> Planned {
        let edits = Edits::of_body(object, "members")?;
        let mut doc = object.clone();
        doc.remove("members");
        demand_size(&doc, None)?;
        let group = Group {
            id: LocalId(0),
            doc,
            nested: Vec::new(),
            created_at: self.at,
            modified_at: self.at,
            seq: self.next_seq(),
            doc_seq: self.next_seq(),
            ended: None,
        };
        self.refuse_taken_group_names(&group, None)?;
        let delta = self.membership_delta(None, &edits)?;
        let mut group = Group { id: self.draw_id(random), ..group };
        group.nested = delta.groups.iter().filter(|(_, joins)| **joins).map(|(id, _)| *id).collect();
        self.head.groups += 1;
        self.tell_group(&group, None);
        self.tell_memberships(&mut group, &delta)?;
        let group = Arc::new(group);
        self.steps.push(Step::Group(group.id, Some(group.clone())));
        Ok(self.done(Reply::Group(group)))
    }

    pub(super) fn replace_group(
        mut self,
        id: LocalId,
        object: &Object,
        precondition: &Precondition,
    ) -> Planned {
        let group = self.group_for_write(id, precondition)?;
        let keeps = self.context.envelope.terms.rules.put_keeps_members;
        let edits = edits_of_put(object, keeps)?;
        if !object.contains_key("members") {
            // RFC 7644 §3.5.1 leaves it to us what is meant: the record says how it was read.
            self.notes.push(if keeps {
                "members: not in the body, so whoever is one stays one (put_keeps_members)".to_owned()
            } else {
                "members: not in the body, so nobody is one (put_keeps_members is off)".to_owned()
            });
        }
        let mut doc = object.clone();
        doc.remove("members");
        let terms = &self.context.envelope.terms;
        resource::keep_immutable(&mut doc, &terms.conformed(Kind::Group, &group.doc), &terms.group)?;
        resource::refresh_schemas(&mut doc, &terms.group);
        let current = terms.conformed(Kind::Group, &group.doc);
        let kept = terms.rules.keep_absent(&mut doc, &current);
        resource::refresh_schemas(&mut doc, &terms.group);
        terms.rules.keep_external_id(&mut doc, &group.doc);
        self.notes.extend(kept);
        self.change_group(&group, doc, &edits)
    }

    pub(super) fn patch_group(self, id: LocalId, patch: &Patch, precondition: &Precondition) -> Planned {
        let group = self.group_for_write(id, precondition)?;
        let edits = Edits::of_patch(patch, "members")?;
        let others = patch.operations.iter().filter(|operation| !operation.target.is_top("members"));
        let terms = &self.context.envelope.terms;
        let mut current = terms.conformed(Kind::Group, &group.doc).into_owned();
        let shown = GroupId { directory: self.context.envelope.directory, local: id };
        current.insert("id".into(), Value::String(shown.to_string()));
        let mut doc = patch::apply(others, &current, &terms.group, &terms.rules.patch, &patch.limits)?;
        doc.remove("id");
        demand_required(&current, &doc, &terms.group)?;
        resource::refresh_schemas(&mut doc, &terms.group);
        self.change_group(&group, doc, &edits)
    }

    pub(super) fn delete_group(mut self, id: LocalId, precondition: &Precondition) -> Planned {
        let group = self.group_for_write(id, precondition)?;
        for parent in self.view.groups(self.view.parents_of(id)?)? {
            let mut row = (*parent).clone();
            row.nested.retain(|child| *child != id);
            row.seq = self.next_seq();
            row.doc_seq = row.seq;
            row.modified_at = self.at;
            self.tell_group(&row, Some(&parent));
            self.steps.push(Step::Group(row.id, Some(Arc::new(row))));
        }
        self.head.groups -= 1;
        let request = self.context.envelope.request;
        // What is left after the first step is told in further ones: the group's row as ended is the job.
        self.end_memberships(&group, request)?;
        Ok(self.done(Reply::Gone))
    }

    /// One more step of a deletion that had too much to tell at once.
    pub(super) fn end_group(mut self, id: LocalId) -> Planned {
        let Some(group) = self.view.group(id)?.cloned() else {
            return Ok(self.done(Reply::Step { more: false }));
        };
        let Some(request) = group.ended else {
            return Ok(self.done(Reply::Step { more: false }));
        };
        let done = self.end_memberships(&group, request)?;
        Ok(self.done(Reply::Step { more: !done }))
    }

    /// Ends up to [`STEP_LIMIT`] memberships of a group that goes, and the group itself after the last one. Says
    /// whether it is done; if not, the group stays as ended, which is what the next step starts from.
    fn end_memberships(&mut self, group: &Arc<Group>, request: RequestId) -> Planned<bool> {
        let members = self.view.first_members_of(group.id)?;
        let done = members.len() <= STEP_LIMIT && self.view.first_members_are_all(group.id);
        let mut last_seq = group.seq;
        let roles = self.roles_of_members(group.id, members.iter().copied().take(STEP_LIMIT))?;
        for (user, user_seq) in self.view.user_seqs(members.into_iter().take(STEP_LIMIT))? {
            // Invariant: a member exists. An event about one that does not could never be told.
            let user_seq = user_seq.ok_or(Refusal::Fault)?;
            let membership = Membership { group: group.id, user, group_seq: group.doc_seq, user_seq };
            last_seq = self.record_for(request, Change::Membership(EventType::UserRemoved, membership));
            self.steps.push(Step::Membership { group: group.id, user, present: false });
            if let Some(mapping) = &roles {
                self.settle_member(request, mapping, (group.id, user), false)?;
            }
        }
        if done {
            let told =
                Told { nested: group.nested.clone(), ..Told::new(group.doc.clone(), group.created_at) };
            self.record_for(request, Change::Group(EventType::GroupDeleted, group.id, Box::new(told)));
            self.steps.push(Step::Group(group.id, None));
        } else {
            let ended =
                Group { ended: Some(request), seq: last_seq, modified_at: self.at, ..(**group).clone() };
            self.steps.push(Step::Group(group.id, Some(Arc::new(ended))));
        }
        Ok(done)
    }

    /// Gives the group another resource and other members; nothing at all happens where both are the same.
    fn change_group(mut self, group: &Arc<Group>, doc: Object, edits: &Edits) -> Planned {
        demand_size(&doc, Some(&group.doc))?;
        let delta = self.membership_delta(Some(group), edits)?;
        let mut nested = group.nested.clone();
        for (&child, &joins) in &delta.groups {
            nested.retain(|known| *known != child);
            if joins {
                nested.push(child);
            }
        }
        nested.sort_unstable();
        let mut next = Group { doc, nested, ..(**group).clone() };
        if next.doc != group.doc || next.nested != group.nested {
            self.refuse_taken_group_names(&next, Some(group))?;
            next.seq = self.next_seq();
            next.doc_seq = next.seq;
            self.tell_group(&next, Some(group));
        }
        self.tell_memberships(&mut next, &delta)?;
        if self.events == 0 {
            return Ok(self.done(Reply::Group(group.clone())));
        }
        next.modified_at = self.at;
        let next = Arc::new(next);
        self.steps.push(Step::Group(next.id, Some(next.clone())));
        Ok(self.done(Reply::Group(next)))
    }

    /// What the edits come to against what is there. Members that are named and unknown are refused or left out, as
    /// the contract says.
    fn membership_delta(&mut self, group: Option<&Arc<Group>>, edits: &Edits) -> Planned<Delta> {
        let directory = self.context.envelope.directory;
        let reserved = self.context.reserved;
        let own = group.map(|group| group.id);
        let is_coming = |id: LocalId| reserved.is_some_and(|reserved| reserved.coming.contains(&id));
        let replaced = edits.replaces_all();
        // Filters other than by value are decided over all members; the rest needs only those that are named.
        let current = match own {
            Some(own) if replaced || edits.filters_members() => Some(self.view.members_of(own)?),
            Some(_) => None,
            None => Some(std::collections::BTreeSet::new()),
        };
        let nested: &[LocalId] = group.map_or(&[], |group| group.nested.as_slice());
        let wanted = edits.resolve(directory, current.as_ref(), nested);
        if wanted.without_target {
            return Err(Error::no_target("members[...]: no member is selected").into());
        }

        let mut delta = Delta::default();
        let mut unknown = wanted.unknown;
        // Whether anybody who is known stays or joins.
        let mut named = false;
        for (user, joins) in wanted.users {
            let is_member = match (&current, own) {
                (Some(current), _) => current.contains(&user),
                (None, Some(own)) => self.view.is_member(own, user)?,
                (None, None) => false,
            };
            if joins == is_member {
                named |= joins;
                continue;
            }
            if joins && self.view.user_seq(user)?.is_none() {
                unknown += 1;
                continue;
            }
            named |= joins;
            delta.users.insert(user, joins);
        }
        for (child, joins) in wanted.groups {
            if joins && Some(child) == own.or(reserved.map(|reserved| reserved.id)) {
                return Err(Error::invalid_value("members: a group cannot be a member of itself").into());
            }
            if joins == nested.contains(&child) {
                named |= joins;
                continue;
            }
            if joins && !is_coming(child) && self.view.group(child)?.is_none_or(|group| group.is_ended()) {
                unknown += 1;
                continue;
            }
            named |= joins;
            delta.groups.insert(child, joins);
        }
        if unknown > 0 {
            let leaves_nobody = replaced && !named && own.is_some();
            self.settle_unknown("members", unknown, leaves_nobody)?;
        }
        Ok(delta)
    }

    /// Members that are named and nobody knows: refused or left out, as the contract says; refused in any case where to
    /// leave them out `leaves_nobody` of a list that said who stays.
    pub(super) fn settle_unknown(
        &mut self,
        attribute: &str,
        unknown: usize,
        leaves_nobody: bool,
    ) -> Planned<()> {
        match self.context.envelope.terms.rules.unknown_members {
            UnknownMember::Refuse => Err(Error::invalid_value(format!(
                "{attribute}: {unknown} of the values name no User or Group of this directory; create them first and \
                 give the id that the answer holds"
            ))
            .into()),
            // Where those who stay are listed and none of them is known, the list cannot mean that nobody stays.
            UnknownMember::LeaveOut if leaves_nobody => Err(Error::invalid_value(format!(
                "{attribute}: none of the {unknown} values names a User or Group of this directory, and leaving them \
                 out would leave nobody; nothing was changed"
            ))
            .into()),
            UnknownMember::LeaveOut => {
                self.notes
                    .push(format!("{unknown} {attribute} were left out: nobody in this directory has such an id"));
                Ok(())
            }
        }
    }

    /// Tells who left and who joined, in order of id, each with the roles that follow from it, and moves the group's
    /// version along. The roles of more than a step tells follow in steps: what is told of a role is a whole user.
    fn tell_memberships(&mut self, group: &mut Group, delta: &Delta) -> Planned<()> {
        let roles = if delta.users.len() > STEP_LIMIT {
            self.settle_later(group.id)?;
            None
        } else {
            self.roles_of_members(group.id, delta.users.keys().copied())?
        };
        let request = self.context.envelope.request;
        for (leaving, kind) in [(true, EventType::UserRemoved), (false, EventType::UserAdded)] {
            let concerned = delta.users.iter().filter(|(_, joins)| **joins != leaving).map(|(user, _)| *user);
            for (user, user_seq) in self.view.user_seqs(concerned)? {
                let user_seq = user_seq.ok_or(Refusal::Fault)?;
                let membership = Membership { group: group.id, user, group_seq: group.doc_seq, user_seq };
                group.seq = self.record(Change::Membership(kind, membership));
                self.steps.push(Step::Membership { group: group.id, user, present: !leaving });
                if let Some(mapping) = &roles {
                    self.settle_member(request, mapping, (group.id, user), !leaving)?;
                }
            }
        }
        Ok(())
    }

    /// Tells of a group that it came, or that it changed from what it was `before`.
    pub(super) fn tell_group(&mut self, group: &Group, before: Option<&Group>) {
        let mut told =
            Told { nested: group.nested.clone(), ..Told::new(group.doc.clone(), group.created_at) };
        let kind = match before {
            None => EventType::GroupCreated,
            Some(before) => {
                told.before = changed(&before.doc, &group.doc);
                told.nested_before = (before.nested != group.nested).then(|| before.nested.clone());
                EventType::GroupUpdated
            }
        };
        self.record(Change::Group(kind, group.id, Box::new(told)));
    }

    /// The group, where there is one and it has the version that the request demands.
    fn group_for_write(&self, id: LocalId, precondition: &Precondition) -> Planned<Arc<Group>> {
        let Some(group) = self.view.group(id)?.filter(|group| !group.is_ended()).cloned() else {
            let id = GroupId { directory: self.context.envelope.directory, local: id };
            return Err(Error::not_found(format!("there is no Group `{id}` in this directory")).into());
        };
        demand_stated(precondition, self.view.directory()?)?;
        demand(precondition, &version::group(&group))?;
        Ok(group)
    }

    /// As for users: 409 where a name that the group gets is another group's.
    fn refuse_taken_group_names(&self, group: &Group, before: Option<&Group>) -> Planned<()> {
        let rules = &self.context.envelope.terms.rules;
        let name = Some(group.display_name_key())
            .filter(|_| rules.unique_group_names)
            .filter(|key| before.is_none_or(|old| old.display_name_key() != *key));
        let external_id = group
            .external_id_key()
            .filter(|_| rules.unique_external_ids)
            .filter(|key| before.is_none_or(|old| old.external_id_key().as_ref() != Some(key)));
        let name = name.map(|key| ("displayName", self.view.group_named(&key)));
        let external_id = external_id.map(|key| ("externalId", self.view.group_with_external_id(&key)));
        refuse_taken(group.id, name.into_iter().chain(external_id))
    }
}
