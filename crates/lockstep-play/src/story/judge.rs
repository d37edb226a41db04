//! What must have come of a step: the state as it is read over SCIM, and the events where the server has any.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::Request;
use lockstep_idp::dialect::Dialect;
use serde_json::Value;

use super::Stage;
use crate::company::{Company, Group, Person};
use crate::idp::{Key, Presence, presence};
use crate::need::Answer;
use crate::speech::{Sent, Speech};
use crate::target::Target;

/// How often events are asked for that should be there, and how long it waits in between.
const EVENT_ATTEMPTS: usize = 40;
const EVENT_PAUSE: Duration = Duration::from_millis(50);
/// Questions under way at once.
const AT_ONCE: usize = 8;
/// How often a question is asked that was not answered.
const ASKED: usize = 3;

/// An event as the story means it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Event {
    kind: &'static str,
    subject: Option<Key>,
    /// The group that somebody joined or left.
    group: Option<Key>,
}

const USER_CREATED: &str = "dsync.user.created";
const USER_UPDATED: &str = "dsync.user.updated";
const USER_DELETED: &str = "dsync.user.deleted";
const GROUP_CREATED: &str = "dsync.group.created";
const GROUP_UPDATED: &str = "dsync.group.updated";
const GROUP_DELETED: &str = "dsync.group.deleted";
const USER_ADDED: &str = "dsync.group.user_added";
const USER_REMOVED: &str = "dsync.group.user_removed";
const KINDS: [&str; 8] = [
    USER_CREATED,
    USER_UPDATED,
    USER_DELETED,
    GROUP_CREATED,
    GROUP_UPDATED,
    GROUP_DELETED,
    USER_ADDED,
    USER_REMOVED,
];

impl<T: Target> Stage<'_, T> {
    pub(super) async fn judge(&mut self, step: &str) -> anyhow::Result<()> {
        let mut wrong = Vec::new();
        if self.looks_at_people {
            let people: Vec<(usize, &Person)> =
                self.company.people.iter().map(|(number, person)| (*number, person)).collect();
            let this = &*self;
            let looked = stream::iter(people).map(|(number, person)| this.judge_person(number, person));
            let found: Vec<Option<String>> = looked.buffered(AT_ONCE).try_collect().await?;
            wrong.extend(found.into_iter().flatten());
        }
        if self.idp.speech.dialect.groups.is_some() {
            for (number, group) in &self.company.groups {
                wrong.extend(self.judge_group(*number, group).await?);
            }
        }
        self.state.extend(wrong.into_iter().map(|line| format!("{step}: {line}")));
        self.judge_events(step).await
    }

    /// What is asked for; asked again where a server is busy or a connection breaks.
    async fn ask(&self, path: &str) -> anyhow::Result<Answer> {
        let mut last = anyhow::anyhow!("not asked");
        for _ in 0..ASKED {
            let request = Request::get(crate::run::encoded(path)).body(Vec::new())?;
            match self.target.send(request).await {
                Ok(response) => {
                    let answer = Answer::of(&response, Duration::ZERO);
                    if answer.status != 429 {
                        return Ok(answer);
                    }
                    let wait = Duration::from_secs(answer.retry_after.unwrap_or(1).min(60));
                    tokio::time::sleep(wait).await;
                    last = anyhow::anyhow!("the server answers 429 again and again");
                }
                Err(error) => last = error,
            }
        }
        Err(last.context("the state at the end of a step could not be read"))
    }

    async fn judge_person(&self, number: usize, person: &Person) -> anyhow::Result<Option<String>> {
        let wanted = presence(&self.idp.speech.dialect, person, self.company.day);
        let was = self.before.people.get(&number);
        let name = format!("user {number}");
        if let Some(was) = was
            && was.user_name != person.user_name
            && !self.users_named(&was.user_name).await?.is_empty()
        {
            return Ok(Some(format!("{name}: somebody is still found under the userName before")));
        }
        let found = self.users_named(&person.user_name).await?;
        if wanted == Presence::Absent {
            return Ok((!found.is_empty()).then(|| format!("{name} is still there")));
        }
        let user = match found.as_slice() {
            // Who was switched off before the IdP ever sent them is not sent at all.
            [] if wanted == Presence::Inactive && self.idp.id_of(Key::Person(number)).is_none() => {
                return Ok(None);
            }
            [] => return Ok(Some(format!("{name} is not found by userName"))),
            [one] => one,
            many => return Ok(Some(format!("{name} is there {} times", many.len()))),
        };
        let id = user.get("id").and_then(Value::as_str).unwrap_or_default();
        if self.idp.id_of(Key::Person(number)).is_some_and(|known| known != id) {
            return Ok(Some(format!("{name} has another id than the one the IdP was given")));
        }
        let sent = self.idp.wanted(&self.company, person);
        let is_active = user.get("active").and_then(Value::as_bool).unwrap_or(true);
        if is_active != (wanted == Presence::Active) {
            return Ok(Some(format!("{name}: active is {is_active}")));
        }
        let wrong: Vec<String> = sent
            .values
            .iter()
            .filter(|(attribute, value)| attribute.read(user) != Some(value))
            .map(|(attribute, _)| format!("{attribute:?}"))
            .collect();
        // Names only: whose data it is, is nobody's business.
        Ok((!wrong.is_empty()).then(|| format!("{name}: not what was sent: {}", wrong.join(", "))))
    }

    async fn users_named(&self, user_name: &str) -> anyhow::Result<Vec<Value>> {
        let answer = self.ask(&format!("/Users?filter=userName eq {}", Value::from(user_name))).await?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        anyhow::ensure!(answer.is_success(), "a filter by userName was answered with {}", answer.status);
        Ok(resources(&answer))
    }

    async fn judge_group(&self, number: usize, group: &Group) -> anyhow::Result<Option<String>> {
        let name = format!("group {number}");
        let filter = format!("/Groups?filter=displayName eq {}", Value::from(group.name.as_str()));
        let found = resources(&self.ask(&filter).await?);
        if group.is_gone {
            return Ok((!found.is_empty()).then(|| format!("{name} is still there")));
        }
        if found.len() > 1 {
            return Ok(Some(format!("{name} is there {} times", found.len())));
        }
        let Some(id) = self.idp.id_of(Key::Group(number)) else {
            return Ok(Some(format!("{name}: the IdP has no id for it")));
        };
        let answer = self.ask(&format!("/Groups/{id}")).await?;
        if !answer.is_success() {
            return Ok(Some(format!("{name}: reading it was answered with {}", answer.status)));
        }
        let shown = answer.body.as_ref().and_then(|body| body.get("displayName")).and_then(Value::as_str);
        if shown != Some(group.name.as_str()) {
            return Ok(Some(format!("{name}: displayName is not what was sent")));
        }
        let members = answer.body.as_ref().and_then(|body| body.get("members")).and_then(Value::as_array);
        let there: Vec<&str> = members
            .into_iter()
            .flatten()
            .filter_map(|member| member.get("value").and_then(Value::as_str))
            .collect();
        let wanted: BTreeSet<&str> = members_of(&self.idp.speech.dialect, &self.company, group)
            .filter_map(|key| self.idp.id_of(key))
            .collect();
        let distinct: BTreeSet<&str> = there.iter().copied().collect();
        let (missing, more) = (wanted.difference(&distinct).count(), distinct.difference(&wanted).count());
        Ok(if there.len() != distinct.len() {
            Some(format!("{name}: a member is named twice"))
        } else if missing + more > 0 {
            Some(format!(
                "{name}: of {} members {missing} are missing, and {more} are too many",
                wanted.len()
            ))
        } else {
            None
        })
    }

    /// Forgets what was told before the story began.
    pub(super) async fn skip_events(&mut self) -> anyhow::Result<()> {
        self.read_events().await.map(|_| ())
    }

    async fn read_events(&mut self) -> anyhow::Result<Option<Vec<Value>>> {
        let events =
            self.target.events_since(self.cursor.as_deref()).await.context("the events could not be read")?;
        let last = events.iter().flatten().last();
        if let Some(id) = last.and_then(|event| event.get("id")).and_then(Value::as_str) {
            self.cursor = Some(id.to_owned());
        }
        Ok(events)
    }

    async fn judge_events(&mut self, step: &str) -> anyhow::Result<()> {
        let wanted = expected(&self.idp.speech, &self.before, &self.company);
        let mut found: Vec<Value> = Vec::new();
        let attempts = if self.target.is_patient() { EVENT_ATTEMPTS } else { 1 };
        for attempt in 0..attempts {
            if attempt > 0 {
                tokio::time::sleep(EVENT_PAUSE).await;
            }
            let Some(more) = self.read_events().await? else { return Ok(()) };
            found.extend(more);
            if found.len() >= wanted.len() {
                break;
            }
        }
        let mut wrong = Vec::new();
        for event in &found {
            let number = event.get("directory_seq").and_then(Value::as_u64);
            if let (Some(last), Some(number)) = (self.last_number, number)
                && number != last + 1
            {
                wrong.push(format!("event number {number} follows on {last}"));
            }
            self.last_number = number.or(self.last_number);
        }
        let found: Vec<Event> = found.iter().map(|event| self.event(event)).collect();
        wrong.extend(differences(&wanted, &found, self.faults.loses_answers()));
        wrong.extend(out_of_order(&found));
        self.events.extend(wrong.into_iter().map(|line| format!("{step}: {line}")));
        Ok(())
    }

    fn event(&self, event: &Value) -> Event {
        let kind = event.get("event").and_then(Value::as_str).unwrap_or_default();
        let key =
            |pointer: &str| event.pointer(pointer).and_then(Value::as_str).and_then(|id| self.idp.key_of(id));
        Event {
            kind: KINDS.into_iter().find(|known| *known == kind).unwrap_or("an unknown event"),
            subject: key("/data/user/id").or_else(|| key("/data/id")),
            group: key("/data/group/id"),
        }
    }
}

fn resources(answer: &Answer) -> Vec<Value> {
    let listed = answer.body.as_ref().and_then(|body| body.get("Resources")).and_then(Value::as_array);
    listed.cloned().unwrap_or_default()
}

/// Who is in a group at the server.
fn members_of<'a>(
    dialect: &'a Dialect,
    company: &'a Company,
    group: &'a Group,
) -> impl Iterator<Item = Key> + 'a {
    let there = |number: &usize| {
        company
            .people
            .get(number)
            .is_some_and(|person| presence(dialect, person, company.day) != Presence::Absent)
    };
    let nested = dialect.groups.is_some_and(|push| push.nested);
    let groups = group.groups.iter().filter(move |_| nested).map(|number| Key::Group(*number));
    group.members.iter().copied().filter(there).map(Key::Person).chain(groups)
}

/// The events of what changed between two moments.
fn expected(speech: &Speech, before: &Company, after: &Company) -> Vec<Event> {
    let dialect = &speech.dialect;
    let mut events = Vec::new();
    let mut tell = |kind, subject, group| events.push(Event { kind, subject: Some(subject), group });
    for (number, person) in &after.people {
        let was = before.people.get(number);
        let was_there = was.map_or(Presence::Absent, |was| presence(dialect, was, before.day));
        let is_there = presence(dialect, person, after.day);
        let sent = |company: &Company, person: &Person, presence: Presence| -> Sent {
            let manager = person.manager.filter(|manager| company.people.contains_key(manager));
            let manager = manager.map(|manager| manager.to_string());
            speech.of(person, manager.as_deref(), presence == Presence::Active)
        };
        match (was, was_there, is_there) {
            (_, Presence::Absent, Presence::Active) => tell(USER_CREATED, Key::Person(*number), None),
            // Who was never sent is not sent to be switched off.
            (_, Presence::Absent, Presence::Absent | Presence::Inactive) => {}
            (_, _, Presence::Absent) => tell(USER_DELETED, Key::Person(*number), None),
            (Some(was), _, _) => {
                // Who is switched off is not changed otherwise.
                let is_changed = if is_there == Presence::Inactive {
                    was_there == Presence::Active
                } else {
                    sent(before, was, was_there) != sent(after, person, is_there)
                };
                if is_changed {
                    tell(USER_UPDATED, Key::Person(*number), None);
                }
            }
            (None, _, _) => {}
        }
    }
    if let Some(push) = dialect.groups {
        for (number, group) in &after.groups {
            let key = Key::Group(*number);
            let was = before.groups.get(number).filter(|was| !was.is_gone);
            let now = Some(group).filter(|group| !group.is_gone || !push.deletes);
            let members = |company, group: Option<&Group>| -> BTreeSet<Key> {
                group.map(|group| members_of(dialect, company, group).collect()).unwrap_or_default()
            };
            let (left, joined) = (members(before, was), members(after, now));
            let people = |keys: &BTreeSet<Key>, others: &BTreeSet<Key>| -> Vec<Key> {
                keys.difference(others).filter(|key| matches!(key, Key::Person(_))).copied().collect()
            };
            for person in people(&left, &joined) {
                tell(USER_REMOVED, person, Some(key));
            }
            for person in people(&joined, &left) {
                tell(USER_ADDED, person, Some(key));
            }
            let nested =
                |keys: &BTreeSet<Key>| keys.iter().filter(|key| matches!(key, Key::Group(_))).count();
            match (was, now) {
                (None, Some(_)) => {
                    tell(GROUP_CREATED, key, None);
                    if !push.created_with_members && nested(&joined) > 0 {
                        tell(GROUP_UPDATED, key, None);
                    }
                }
                (Some(_), None) => tell(GROUP_DELETED, key, None),
                (Some(was), Some(now)) => {
                    if was.name != now.name {
                        tell(GROUP_UPDATED, key, None);
                    }
                    if nested(&left) != nested(&joined) {
                        tell(GROUP_UPDATED, key, None);
                    }
                }
                (None, None) => {}
            }
        }
    }
    events
}

/// What was told too often, or not often enough. Where answers are lost, a manager may be known late, and is sent later.
fn differences(wanted: &[Event], found: &[Event], may_follow: bool) -> Vec<String> {
    let mut counts: BTreeMap<Event, (usize, usize)> = BTreeMap::new();
    for event in wanted {
        counts.entry(*event).or_default().0 += 1;
    }
    for event in found {
        counts.entry(*event).or_default().1 += 1;
    }
    let follows =
        |event: &Event, wanted, found| may_follow && event.kind == USER_UPDATED && found == wanted + 1;
    let wrong = counts
        .into_iter()
        .filter(|(event, (wanted, found))| wanted != found && !follows(event, *wanted, *found));
    wrong
        .map(|(event, (wanted, found))| format!("{}: expected {wanted}, found {found}", said(&event)))
        .collect()
}

/// What was told before what it rests on: nothing comes before a creation or after a deletion.
fn out_of_order(found: &[Event]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut last: BTreeMap<Key, usize> = BTreeMap::new();
    let mut created: BTreeMap<Key, usize> = BTreeMap::new();
    let mut deleted: BTreeMap<Key, usize> = BTreeMap::new();
    for (index, event) in found.iter().enumerate() {
        let keys = [event.subject, event.group];
        for key in keys.into_iter().flatten() {
            if deleted.get(&key).is_some_and(|at| created.get(&key).is_none_or(|again| again < at))
                && ![USER_CREATED, GROUP_CREATED].contains(&event.kind)
            {
                wrong.push(format!("{} comes after the deletion", said(event)));
            }
        }
        if let Some(key) = event.subject {
            match event.kind {
                USER_CREATED | GROUP_CREATED => {
                    if last.contains_key(&key) && !deleted.contains_key(&key) {
                        wrong.push(format!("something comes before {}", said(event)));
                    }
                    created.insert(key, index);
                }
                USER_DELETED | GROUP_DELETED => _ = deleted.insert(key, index),
                _ => {}
            }
        }
        for key in keys.into_iter().flatten() {
            last.insert(key, index);
        }
    }
    wrong
}

fn said(event: &Event) -> String {
    let name = |key: Key| match key {
        Key::Person(number) => format!("user {number}"),
        Key::Group(number) => format!("group {number}"),
    };
    let subject = event.subject.map_or_else(|| "somebody unknown".to_owned(), name);
    match event.group {
        Some(group) => format!("{} of {subject} and {}", event.kind, name(group)),
        None => format!("{} of {subject}", event.kind),
    }
}
