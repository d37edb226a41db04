//! What happens to users.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_scim::patch::{self, Patch};
use lockstep_scim::{Error, Object, resource, text};
use serde_json::Value;

use super::members::Edits;
use super::schemas::demand_required;
use super::size::demand_size;
use super::{Draft, Planned, Stop, demand, demand_stated, refuse_taken};
use crate::clock::Random;
use crate::command::{Refusal, Reply};
use crate::derived;
use crate::event::{Change, EventType, Membership, Told};
use crate::id::{LocalId, RequestId, UserId};
use crate::limits::NAMES_SHOWN_LIMIT;
use crate::mapping::{LeftOut, Projection};
use crate::model::{Group, User};
use crate::query::Kind;
use crate::version::{self, GroupOfUser, Precondition};
use crate::view::{Key, Step};

/// What the record says where nothing was made of a value that was taken away.
const ACTIVE_KEPT: &str = "active: without a value, and so not changed (active_is_never_unassigned)";

/// Whom a body's names may already belong to.
pub(super) fn names_needed(object: &Object) -> Vec<Key> {
    let mut keys = Vec::new();
    if let Some(name) = object.get("userName").and_then(Value::as_str) {
        keys.push(Key::UserName(text::user_name_key(name)));
    }
    if let Some(id) = object.get("externalId").and_then(Value::as_str) {
        keys.push(Key::UserExternalId(text::compose(id).into_owned()));
    }
    keys
}

/// Whether a body gives a name.
fn names_user(object: &Object) -> bool {
    object.get("userName").and_then(Value::as_str).is_some_and(|name| !name.trim().is_empty())
}

/// Whether a user with these attributes has no access.
fn is_out(doc: &Object) -> bool {
    doc.get("active") != Some(&Value::Bool(true))
}

/// Whom the names that a PATCH gives may already belong to.
pub(super) fn names_patched(patch: &Patch) -> Vec<Key> {
    let mut named = Object::new();
    for operation in &patch.operations {
        for attribute in ["userName", "externalId"] {
            if let Some(value) = operation.value.as_ref().filter(|_| operation.target.is_top(attribute)) {
                named.insert(attribute.into(), value.clone());
            }
        }
    }
    names_needed(&named)
}

pub(super) fn user_needed(id: LocalId, precondition: &Precondition) -> Vec<Key> {
    // The version of a user depends on its groups.
    if precondition.asks_for_version() { vec![Key::User(id), Key::GroupsOf(id)] } else { vec![Key::User(id)] }
}

impl Draft<'_> {
    pub(super) fn create_user(mut self, object: &Object, random: &mut dyn Random) -> Planned {
        let edits = Edits::of_body(object, "groups")?;
        let mut doc = object.clone();
        doc.remove("groups");
        self.settle_active(&mut doc, Some(true));
        self.settle_user_name(&mut doc, None, names_user(object))?;
        demand_size(&doc, None)?;
        let roles = self.roles_without_groups()?;
        let user = User {
            id: LocalId(0),
            projection: Some(self.projected_and_noted(&doc, roles)),
            doc,
            created_at: self.at,
            modified_at: self.at,
            doc_seq: self.next_seq(),
            updated_at: self.at,
            seq: self.next_seq(),
        };
        self.refuse_taken_user_names(&user, None)?;
        let memberships = self.groups_delta(None, edits)?;
        let user = User { id: self.draw_id(random), ..user };
        *self.users_counted_with(&user) += 1;
        self.record(Change::User(EventType::UserCreated, user.id, Box::new(Told::user(&user))));
        let user = Arc::new(user);
        self.steps.push(Step::User(user.id, Some(user.clone())));
        let user = self.tell_groups(user, &memberships, Some(BTreeSet::new()))?;
        Ok(self.done(Reply::User(user)))
    }

    pub(super) fn replace_user(
        mut self,
        id: LocalId,
        object: &Object,
        precondition: &Precondition,
    ) -> Planned {
        let user = self.user_for_write(id, precondition)?;
        let terms = self.context.envelope.terms.clone();
        let edits = Edits::of_body(object, "groups")?;
        let mut doc = object.clone();
        doc.remove("groups");
        let current = terms.conformed(Kind::User, &user.doc);
        resource::keep_immutable(&mut doc, &current, &terms.user)?;
        // A body that does not say it lets nobody in and puts nobody out (RFC 7644 §3.5.1 leaves it to us).
        self.settle_active(&mut doc, user.doc.get("active").and_then(Value::as_bool));
        self.notes.extend(terms.rules.keep_absent(&mut doc, &current));
        self.settle_user_name(&mut doc, Some((id, &current)), names_user(object))?;
        resource::refresh_schemas(&mut doc, &terms.user);
        terms.rules.keep_external_id(&mut doc, &user.doc);
        self.change_user(&user, doc, edits)
    }

    pub(super) fn patch_user(self, id: LocalId, patch: &Patch, precondition: &Precondition) -> Planned {
        let user = self.user_for_write(id, precondition)?;
        let terms = self.context.envelope.terms.clone();
        // A value that says the id that the user has says nothing new; another one is 400 mutability.
        let mut current = terms.conformed(Kind::User, &user.doc).into_owned();
        let shown = UserId { directory: self.context.envelope.directory, local: id };
        current.insert("id".into(), Value::String(shown.to_string()));
        match self.apply_to_user(&user, &current, patch) {
            Err(Stop::Refused(Refusal::Scim(error))) => {
                Err(terms.rules.refusal(patch, &current, &terms.user, error).into())
            }
            planned => planned,
        }
    }

    fn apply_to_user(mut self, user: &Arc<User>, current: &Object, patch: &Patch) -> Planned {
        let terms = self.context.envelope.terms.clone();
        let edits = Edits::of_patch(patch, "groups")?;
        let others = patch.operations.iter().filter(|operation| !operation.target.is_top("groups"));
        let mut doc = patch::apply(others, current, &terms.user, &terms.rules.patch, &patch.limits)?;
        doc.remove("id");
        if terms.rules.active_is_never_unassigned && !doc.contains_key("active") {
            doc.insert("active".into(), Value::Bool(user.active()));
            self.notes.push(ACTIVE_KEPT.into());
        }
        let named = patch.operations.iter().any(|operation| operation.target.is_top("userName"));
        self.settle_user_name(&mut doc, Some((user.id, current)), named)?;
        demand_required(current, &doc, &terms.user)?;
        resource::refresh_schemas(&mut doc, &terms.user);
        self.change_user(user, doc, edits)
    }

    pub(super) fn delete_user(mut self, id: LocalId, precondition: &Precondition) -> Planned {
        let user = self.user_for_write(id, precondition)?;
        for group in self.view.groups(self.view.groups_of(id)?)? {
            let membership =
                Membership { group: group.id, user: id, group_seq: group.doc_seq, user_seq: user.seq };
            let seq = self.record(Change::Membership(EventType::UserRemoved, membership));
            self.steps.push(Step::Membership { group: group.id, user: id, present: false });
            let group = Group { seq, modified_at: self.at, ..(*group).clone() };
            self.steps.push(Step::Group(group.id, Some(Arc::new(group))));
        }
        self.record(Change::User(EventType::UserDeleted, id, Box::new(Told::user(&user))));
        *self.users_counted_with(&user) -= 1;
        self.steps.push(Step::User(id, None));
        Ok(self.done(Reply::Gone))
    }

    /// Gives a body that does not say `active` what holds then. Null says that it has no value (RFC 7644 §3.3, §3.5.1),
    /// and whom nobody vouches for has no access; but for a contract in which that never happens.
    fn settle_active(&mut self, doc: &mut Object, unsaid: Option<bool>) {
        let cleared = doc.get("active").is_some_and(Value::is_null);
        if cleared {
            doc.remove("active");
        }
        let keeps = !cleared || self.context.envelope.terms.rules.active_is_never_unassigned;
        if cleared && keeps {
            self.notes.push(ACTIVE_KEPT.into());
        }
        if let Some(active) = unsaid.filter(|_| keeps) {
            doc.entry("active").or_insert(Value::Bool(active));
        }
    }

    /// Takes a name that the request does not give from the address, where the contract wants that.
    fn settle_user_name(
        &mut self,
        doc: &mut Object,
        before: Option<(LocalId, &Object)>,
        named: bool,
    ) -> Planned<()> {
        let terms = &self.context.envelope.terms;
        if !terms.rules.user_name_from_email {
            return Ok(());
        }
        let own = before;
        let before = own.map(|(_, before)| before);
        let mut derived = derived::settle_user_name(doc, before, named)?;
        // Who is put out is not kept in for a name that the request did not give.
        if let (true, Some((id, before))) = (derived && is_out(doc), own)
            && let Some(name) = doc.get("userName").and_then(Value::as_str)
            && self.view.user_named(&text::user_name_key(name))?.is_some_and(|owner| owner != id)
        {
            derived::keep_user_name(doc, before);
            self.notes.push("userName: left as it was, since the address is another user's name".into());
            derived = false;
        }
        let is_news = before.is_none_or(|before| before.get("userName") != doc.get("userName"));
        resource::refresh_schemas(doc, &terms.user);
        if derived && is_news {
            self.notes.push("userName: taken from the primary e-mail address (user_name_from_email)".into());
        }
        Ok(())
    }

    /// Gives the user another resource and other memberships; nothing at all happens where both are the same.
    fn change_user(mut self, user: &Arc<User>, doc: Object, edits: Edits) -> Planned {
        let memberships = self.groups_delta(Some(user.id), edits)?;
        if doc == user.doc {
            let user = self.tell_groups(user.clone(), &memberships, None)?;
            return Ok(self.done(Reply::User(user)));
        }
        demand_size(&doc, Some(&user.doc))?;
        let projection = self.projected_and_noted(&doc, user.projection().roles.clone());
        let next = self.user_as(user, doc, projection);
        self.refuse_taken_user_names(&next, Some(user))?;
        *self.users_counted_with(user) -= 1;
        *self.users_counted_with(&next) += 1;
        let next = self.tell_user(user, next);
        let next = self.tell_groups(next, &memberships, None)?;
        Ok(self.done(Reply::User(next)))
    }

    /// What applications read of a user with this resource and these roles.
    pub(super) fn projected(&self, doc: &Object, roles: Vec<String>) -> Projection {
        Projection::of(&self.context.envelope.terms.attributes, doc, roles)
    }

    /// The same for a request that writes it: what of it applications cannot read is noted.
    fn projected_and_noted(&mut self, doc: &Object, roles: Vec<String>) -> Projection {
        let reading = self.context.envelope.terms.attributes.read(doc);
        let noted = reading.left_out.iter().take(NAMES_SHOWN_LIMIT);
        self.notes.extend(noted.map(LeftOut::note));
        Projection { attributes: reading.values, roles }
    }

    /// The user with another resource, or with something else made of it. Its version is one of what SCIM shows.
    pub(super) fn user_as(&self, user: &User, doc: Object, projection: Projection) -> User {
        let mut next =
            User { projection: Some(projection), updated_at: self.at, seq: self.next_seq(), ..user.clone() };
        if doc != user.doc {
            next = User { doc, modified_at: self.at, doc_seq: next.seq, ..next };
        }
        next
    }

    /// Tells what [`Draft::user_as`] gave.
    pub(super) fn tell_user(&mut self, before: &User, next: User) -> Arc<User> {
        self.tell_user_for(self.context.envelope.request, before, next)
    }

    /// [`Draft::tell_user`] with the request that caused it, where that was an earlier one.
    pub(super) fn tell_user_for(&mut self, request: RequestId, before: &User, next: User) -> Arc<User> {
        let told = Told::user_changed(before, &next);
        self.record_for(request, Change::User(EventType::UserUpdated, next.id, Box::new(told)));
        let next = Arc::new(next);
        self.steps.push(Step::User(next.id, Some(next.clone())));
        next
    }

    /// The user, where there is one and it has the version that the request demands.
    fn user_for_write(&self, id: LocalId, precondition: &Precondition) -> Planned<Arc<User>> {
        let Some(user) = self.view.user(id)?.cloned() else {
            let id = UserId { directory: self.context.envelope.directory, local: id };
            return Err(Error::not_found(format!("there is no User `{id}` in this directory")).into());
        };
        demand_stated(precondition, self.view.directory()?)?;
        if precondition.asks_for_version() {
            let groups = self.view.groups(self.view.groups_of(id)?)?;
            let groups: Vec<GroupOfUser> = groups
                .iter()
                .filter(|group| !group.is_ended())
                .map(|group| GroupOfUser::from(&**group))
                .collect();
            demand(precondition, &version::user(&user, &groups))?;
        }
        Ok(user)
    }

    /// One person, one record: RFC 7644 §3.3, 409 where a name that the user gets is another user's. What it had
    /// `before` it keeps, so that whoever shares a name from former times can still be deactivated.
    fn refuse_taken_user_names(&self, user: &User, before: Option<&User>) -> Planned<()> {
        let unique_external_ids = self.context.envelope.terms.rules.unique_external_ids;
        let user_name =
            Some(user.user_name_key()).filter(|key| before.is_none_or(|old| old.user_name_key() != *key));
        let external_id = user
            .external_id_key()
            .filter(|_| unique_external_ids)
            .filter(|key| before.is_none_or(|old| old.external_id_key().as_ref() != Some(key)));
        let user_name = user_name.map(|key| ("userName", self.view.user_named(&key)));
        let external_id = external_id.map(|key| ("externalId", self.view.user_with_external_id(&key)));
        refuse_taken(user.id, user_name.into_iter().chain(external_id))
    }

    fn users_counted_with(&mut self, user: &User) -> &mut u64 {
        if user.active() { &mut self.head.users_active } else { &mut self.head.users_inactive }
    }
}
