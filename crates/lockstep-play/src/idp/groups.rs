//! How an IdP brings groups and their members to what they are in the company.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};
use lockstep_idp::dialect::{Find, GroupPush, MemberWrite, Update};
use lockstep_idp::provider::{Call, Does};
use serde_json::Value;

use super::call::{Outcome, Weight};
use super::users::{first_id, quoted};
use super::{Idp, Key, KnownGroup, lock};
use crate::company::{Company, Dice, Group};
use crate::target::Target;

enum After {
    Known(KnownGroup),
    Gone,
}

impl<T: Target> Idp<'_, T> {
    /// Whom it would put into a group: who is known to it.
    pub(super) fn wanted_members(&self, group: &Group) -> BTreeSet<Key> {
        let nested = self.speech.dialect.groups.is_some_and(|push| push.nested);
        let people = group.members.iter().map(|number| Key::Person(*number));
        let groups = group.groups.iter().filter(|_| nested).map(|number| Key::Group(*number));
        people.chain(groups).filter(|key| self.id_of(*key).is_some()).collect()
    }

    pub(super) async fn sync_groups(
        &mut self,
        company: &Company,
        numbers: Vec<usize>,
        tell: &(dyn Fn(usize) + Sync),
    ) {
        let Some(push) = self.speech.dialect.groups else { return };
        let order = self.order(numbers);
        let tasks = order.into_iter().filter_map(|number| Some((number, company.groups.get(&number)?)));
        let this = &*self;
        let work = stream::iter(tasks).map(|(number, group)| async move {
            let after = this.sync_group(&push, number, group).await;
            tell(this.calls());
            (number, after)
        });
        let done: Vec<(usize, Option<After>)> = work.buffer_unordered(this.at_once()).collect().await;
        for (number, after) in done {
            match after {
                None => {}
                Some(After::Known(known)) => {
                    self.memory.groups.insert(number, known);
                }
                Some(After::Gone) => {
                    self.memory.groups.remove(&number);
                    for group in self.memory.groups.values_mut() {
                        group.members.remove(&Key::Group(number));
                    }
                }
            }
        }
    }

    async fn sync_group(&self, push: &GroupPush, number: usize, group: &Group) -> Option<After> {
        let wanted = self.wanted_members(group);
        match self.memory.groups.get(&number) {
            None if group.is_gone => None,
            None => self.begin(push, number, group, &wanted).await,
            Some(_) if group.is_gone && !push.deletes => Some(After::Gone),
            Some(known) if group.is_gone => {
                let target = format!("/Groups/{}", known.id);
                match self.call(Call::DeleteGroup, "DELETE", &target, None).await {
                    Outcome::Done(_) | Outcome::Refused(_, Does::TakesAsDone) => Some(After::Gone),
                    Outcome::Refused(..) => None,
                }
            }
            Some(known) => {
                let mut known = known.clone();
                if known.name != group.name {
                    let ids = self.ids(&known.members);
                    let external_id = push.external_id.then_some(group.external_id.as_str());
                    let (method, body) = self.speech.rename(push.rename, &group.name, external_id, &ids);
                    let target = format!("/Groups/{}", known.id);
                    match self.call(Call::UpdateGroup, method, &target, Some(&body)).await {
                        Outcome::Done(_) => known.name.clone_from(&group.name),
                        Outcome::Refused(404, Does::Creates) => {
                            return self.begin(push, number, group, &wanted).await;
                        }
                        Outcome::Refused(..) => return None,
                    }
                }
                self.bring_members(push, group, &mut known, &wanted).await;
                Some(After::Known(known))
            }
        }
    }

    /// A group that it does not know: looked up, and then linked or made.
    async fn begin(
        &self,
        push: &GroupPush,
        number: usize,
        group: &Group,
        wanted: &BTreeSet<Key>,
    ) -> Option<After> {
        let found = self.find_group(push, group).await?;
        let mut members = BTreeSet::new();
        let id = if let Some(id) = found {
            id
        } else {
            let ids = self.ids(wanted);
            let with = push.created_with_members.then_some(ids.as_slice());
            let external_id = push.external_id.then_some(group.external_id.as_str());
            let body = self.speech.group(&group.name, external_id, with);
            match self.call(Call::CreateGroup, "POST", "/Groups", Some(&body)).await {
                Outcome::Done(answer) => {
                    let id = answer.body.as_ref().and_then(|body| body.get("id")).and_then(Value::as_str);
                    let Some(id) = id else {
                        let why = "the answer to a creation has no `id`";
                        self.find(
                            Weight::Mishandled,
                            "POST",
                            "/Groups",
                            why,
                            "it can not change what it made",
                            "",
                        );
                        return None;
                    };
                    if push.created_with_members {
                        members.clone_from(wanted);
                    }
                    id.to_owned()
                }
                Outcome::Refused(status, Does::Links) => {
                    let found = self.find_group_by("displayName", push, &group.name).await.flatten();
                    if found.is_none() {
                        let why = format!("answered with {status}, and a look-up finds no group");
                        let then = "it can neither make nor find the group";
                        self.find(Weight::Mishandled, "POST", "/Groups", &why, then, "");
                    }
                    found?
                }
                Outcome::Refused(..) => return None,
            }
        };
        lock(&self.seen).insert(id.clone(), Key::Group(number));
        if self.speech.dialect.reads_back {
            let without = if push.reads_without_members { "?excludedAttributes=members" } else { "" };
            self.call(Call::ReadGroup, "GET", &format!("/Groups/{id}{without}"), None).await;
        }
        let mut known = KnownGroup { id, name: group.name.clone(), members };
        self.bring_members(push, group, &mut known, wanted).await;
        Some(After::Known(known))
    }

    /// Takes out who left and puts in who joined; what was refused stays to be done.
    async fn bring_members(
        &self,
        push: &GroupPush,
        group: &Group,
        known: &mut KnownGroup,
        wanted: &BTreeSet<Key>,
    ) {
        let leave: BTreeSet<Key> = known.members.difference(wanted).copied().collect();
        let join: BTreeSet<Key> = wanted.difference(&known.members).copied().collect();
        let target = format!("/Groups/{}", known.id);
        let is_whole = |form: MemberWrite| matches!(form, MemberWrite::Put | MemberWrite::ReplaceAll);
        let mut whole_sent = false;
        for (call, op, form, keys) in
            [(Call::RemoveMembers, "remove", push.remove, &leave), (Call::AddMembers, "add", push.add, &join)]
        {
            if keys.is_empty() || is_whole(form) && whole_sent {
                continue;
            }
            whole_sent |= is_whole(form);
            let all = self.ids(wanted);
            let (method, bodies) = if form == MemberWrite::Put {
                let external_id = push.external_id.then_some(group.external_id.as_str());
                let (method, body) = self.speech.rename(Update::Put, &group.name, external_id, &all);
                (method, vec![body])
            } else {
                ("PATCH", self.speech.members(form, op, &self.ids(keys), &all))
            };
            if !self.send_members(call, method, &target, bodies).await {
                return;
            }
            if is_whole(form) {
                known.members.clone_from(wanted);
            } else if op == "add" {
                known.members.extend(keys.iter().copied());
            } else {
                known.members.retain(|key| !keys.contains(key));
            }
        }
    }

    async fn send_members(&self, call: Call, method: &str, target: &str, mut bodies: Vec<Value>) -> bool {
        let at_once = if self.faults.reordering {
            Dice::new(self.faults.seed).shuffle(&mut bodies);
            self.at_once()
        } else {
            1
        };
        let sent = stream::iter(bodies).map(|body| async move {
            match self.call(call, method, target, Some(&body)).await {
                Outcome::Done(_) => true,
                Outcome::Refused(_, does) => does == Does::TakesAsDone,
            }
        });
        sent.buffer_unordered(at_once).fold(true, |all, one| async move { all && one }).await
    }

    /// The id of a group of this name, if there is one; nothing where the look-up failed.
    async fn find_group(&self, push: &GroupPush, group: &Group) -> Option<Option<String>> {
        match self.speech.dialect.find_group {
            Find::Never => Some(None),
            Find::List => self.find_listed(&group.name).await,
            Find::By(names) => {
                for name in names {
                    let value = match name.to_lowercase().as_str() {
                        "displayname" => &group.name,
                        "externalid" => &group.external_id,
                        _ => continue,
                    };
                    if let Some(found) = self.find_group_by(name, push, value).await? {
                        return Some(Some(found));
                    }
                }
                Some(None)
            }
        }
    }

    async fn find_group_by(&self, name: &str, push: &GroupPush, value: &str) -> Option<Option<String>> {
        let without = if push.reads_without_members { "excludedAttributes=members&" } else { "" };
        let target = format!("/Groups?{without}filter={name} eq {}", quoted(value));
        match self.call(Call::FindGroup, "GET", &target, None).await {
            Outcome::Done(answer) => Some(first_id(answer.body.as_ref())),
            Outcome::Refused(404, _) => Some(None),
            Outcome::Refused(..) => None,
        }
    }

    /// Looks through the groups page by page.
    async fn find_listed(&self, name: &str) -> Option<Option<String>> {
        let count = self.speech.dialect.page.map(|count| format!("&count={count}")).unwrap_or_default();
        let mut next = 1;
        loop {
            let target = format!("/Groups?startIndex={next}{count}");
            let Outcome::Done(answer) = self.call(Call::ListGroups, "GET", &target, None).await else {
                return None;
            };
            let page = answer.body.as_ref().and_then(|body| body.get("Resources")).and_then(Value::as_array);
            let page = page.map(Vec::as_slice).unwrap_or_default();
            let named = |group: &&Value| group.get("displayName").and_then(Value::as_str) == Some(name);
            if let Some(group) = page.iter().find(named) {
                return Some(group.get("id").and_then(Value::as_str).map(str::to_owned));
            }
            let total =
                answer.body.as_ref().and_then(|body| body.get("totalResults")).and_then(Value::as_u64);
            next += page.len();
            if page.is_empty() || total.is_none_or(|total| u64::try_from(next).unwrap_or(u64::MAX) > total) {
                return Some(None);
            }
        }
    }

    fn ids(&self, keys: &BTreeSet<Key>) -> Vec<String> {
        keys.iter().filter_map(|key| self.id_of(*key).map(str::to_owned)).collect()
    }
}
