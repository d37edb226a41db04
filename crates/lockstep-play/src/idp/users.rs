//! How an IdP brings users to what the people are.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use lockstep_idp::dialect::Find;
use lockstep_idp::provider::{Call, Does};
use serde_json::Value;

use super::call::{Outcome, Weight};
use super::{Idp, Key, KnownUser, Presence, lock, presence};
use crate::company::{Company, Person};
use crate::speech::{Attribute, Sent};
use crate::target::Target;

/// How many pages are read at most where everybody is listed.
const PAGES: usize = 1_000;

/// What came of somebody.
enum After {
    Known(KnownUser),
    Gone,
}

/// Whether something has to be sent.
pub(super) fn differs(before: Option<&Sent>, now: &Sent) -> bool {
    before.is_none_or(|before| {
        before.is_active != now.is_active || now.values.iter().any(|value| !before.values.contains(value))
    })
}

impl<T: Target> Idp<'_, T> {
    pub(super) async fn sync_users(
        &mut self,
        company: &Company,
        numbers: Vec<usize>,
        tell: &(dyn Fn(usize) + Sync),
    ) {
        let order = self.order(numbers);
        let tasks = order.into_iter().filter_map(|number| Some((number, company.people.get(&number)?)));
        let this = &*self;
        let work = stream::iter(tasks).map(|(number, person)| async move {
            let after = this.sync_user(company, number, person).await;
            tell(this.calls());
            (number, after)
        });
        let done: Vec<(usize, Option<After>)> = work.buffer_unordered(this.at_once()).collect().await;
        for (number, after) in done {
            match after {
                None => {}
                Some(After::Known(known)) => {
                    self.memory.users.insert(number, known);
                }
                Some(After::Gone) => {
                    self.memory.users.remove(&number);
                    // The server ends the memberships of who goes.
                    for group in self.memory.groups.values_mut() {
                        group.members.remove(&Key::Person(number));
                    }
                }
            }
        }
    }

    async fn sync_user(&self, company: &Company, number: usize, person: &Person) -> Option<After> {
        let wanted = self.wanted(company, person);
        let known = self.memory.users.get(&number);
        let sent = known.map(|known| &known.sent);
        match (known, presence(&self.speech.dialect, person, company.day)) {
            (None, Presence::Active) => self.join(number, person, &wanted).await,
            (Some(known), Presence::Absent) => self.delete(&self.current_id(person, known).await?).await,
            (Some(known), Presence::Inactive) if known.sent.is_active => {
                let off = Sent { is_active: false, ..known.sent.clone() };
                let id = self.current_id(person, known).await?;
                self.switch(&id, off, Call::DeactivateUser).await
            }
            (Some(known), Presence::Active) if !known.sent.is_active => {
                // Whoever comes back is looked for as if new, and then found.
                match self.find_user(person).await {
                    Looked::Failed => None,
                    Looked::Nobody if self.speech.dialect.find_user != Find::Never => {
                        self.create(number, person, &wanted).await
                    }
                    Looked::Nobody | Looked::Found(_) => {
                        let on = Sent { is_active: true, ..known.sent.clone() };
                        let id = known.id.clone();
                        match self.switch(&id, on, Call::ReactivateUser).await {
                            Some(After::Known(known)) if differs(Some(&known.sent), &wanted) => {
                                self.update(number, person, &known.id, Some(&known.sent), &wanted).await
                            }
                            other => other,
                        }
                    }
                }
            }
            (Some(known), Presence::Active) if differs(sent, &wanted) => {
                let id = self.current_id(person, known).await?;
                self.update(number, person, &id, sent, &wanted).await
            }
            (None, Presence::Absent | Presence::Inactive)
            | (Some(_), Presence::Inactive | Presence::Active) => None,
        }
    }

    /// The id under which somebody is changed: the one that was kept, or found again where none is.
    async fn current_id(&self, person: &Person, known: &KnownUser) -> Option<String> {
        if self.speech.dialect.keeps_ids {
            return Some(known.id.clone());
        }
        match self.find_user(&as_sent(person, &known.sent)).await {
            Looked::Found(id) => Some(id),
            Looked::Nobody => Some(known.id.clone()),
            Looked::Failed => None,
        }
    }

    /// Somebody new: looked up, and then linked or made.
    async fn join(&self, number: usize, person: &Person, wanted: &Sent) -> Option<After> {
        match self.find_user(person).await {
            Looked::Found(id) => {
                lock(&self.seen).insert(id.clone(), Key::Person(number));
                self.update(number, person, &id, None, wanted).await
            }
            Looked::Nobody => self.create(number, person, wanted).await,
            Looked::Failed => None,
        }
    }

    async fn create(&self, number: usize, person: &Person, wanted: &Sent) -> Option<After> {
        let body = self.speech.user(wanted);
        match self.call(Call::CreateUser, "POST", "/Users", Some(&body)).await {
            Outcome::Done(answer) => {
                let id = answer.body.as_ref().and_then(|body| body.get("id")).and_then(Value::as_str);
                let Some(id) = id else {
                    let why = "the answer to a creation has no `id`";
                    let then = "it can not change what it made, and looks it up at its next cycle if it looks up at all";
                    self.find(Weight::Mishandled, "POST", "/Users", why, then, "");
                    return None;
                };
                lock(&self.seen).insert(id.to_owned(), Key::Person(number));
                self.read_back_user(id).await;
                Some(After::Known(KnownUser { id: id.to_owned(), sent: wanted.clone() }))
            }
            Outcome::Refused(status, Does::Links) => {
                let found = match self.find_user(person).await {
                    Looked::Found(id) => Some(id),
                    Looked::Nobody => self.find_user_by("userName", &person.user_name).await.into_id(),
                    Looked::Failed => None,
                };
                let Some(id) = found else {
                    let why = format!("answered with {status}, and a look-up finds nobody");
                    let then = "it can neither make nor find the user";
                    self.find(Weight::Mishandled, "POST", "/Users", &why, then, "");
                    return None;
                };
                lock(&self.seen).insert(id.clone(), Key::Person(number));
                Box::pin(self.update(number, person, &id, None, wanted)).await
            }
            Outcome::Refused(..) => None,
        }
    }

    async fn update(
        &self,
        number: usize,
        person: &Person,
        id: &str,
        before: Option<&Sent>,
        wanted: &Sent,
    ) -> Option<After> {
        let (method, body) = self.speech.update(before, wanted);
        match self.call(Call::UpdateUser, method, &format!("/Users/{id}"), Some(&body)).await {
            Outcome::Done(_) => {
                self.read_back_user(id).await;
                Some(After::Known(KnownUser { id: id.to_owned(), sent: wanted.clone() }))
            }
            Outcome::Refused(404, Does::Creates) => Box::pin(self.create(number, person, wanted)).await,
            // Forgotten, so that the next cycle looks it up.
            Outcome::Refused(404, Does::Links) => Some(After::Gone),
            Outcome::Refused(..) => None,
        }
    }

    async fn switch(&self, id: &str, sent: Sent, call: Call) -> Option<After> {
        let Some((method, body)) = self.speech.activity(&sent) else {
            return if sent.is_active { None } else { self.delete(id).await };
        };
        match self.call(call, method, &format!("/Users/{id}"), Some(&body)).await {
            Outcome::Done(_) => {
                self.read_back_user(id).await;
                Some(After::Known(KnownUser { id: id.to_owned(), sent }))
            }
            Outcome::Refused(_, Does::TakesAsDone) if !sent.is_active => {
                Some(After::Known(KnownUser { id: id.to_owned(), sent }))
            }
            Outcome::Refused(..) => None,
        }
    }

    async fn delete(&self, id: &str) -> Option<After> {
        match self.call(Call::DeleteUser, "DELETE", &format!("/Users/{id}"), None).await {
            Outcome::Done(_) | Outcome::Refused(_, Does::TakesAsDone) => Some(After::Gone),
            Outcome::Refused(..) => None,
        }
    }

    async fn read_back_user(&self, id: &str) {
        if self.speech.dialect.reads_back {
            self.call(Call::ReadUser, "GET", &format!("/Users/{id}"), None).await;
        }
    }

    async fn find_user(&self, person: &Person) -> Looked {
        match self.speech.dialect.find_user {
            Find::Never => Looked::Nobody,
            Find::List => self.listed.get(&person.user_name.to_lowercase()).cloned().into(),
            Find::By(names) => {
                let mut looked = Looked::Nobody;
                for name in names {
                    let Some(attribute) = Attribute::of(name) else { continue };
                    looked = self.find_user_by(name, &attribute.value(person)).await;
                    if matches!(looked, Looked::Found(_)) {
                        break;
                    }
                }
                looked
            }
        }
    }

    pub(super) async fn find_user_by(&self, name: &str, value: &str) -> Looked {
        let target = format!("/Users?filter={name} eq {}", quoted(value));
        match self.call(Call::FindUser, "GET", &target, None).await {
            Outcome::Done(answer) => first_id(answer.body.as_ref()).into(),
            Outcome::Refused(404, _) => Looked::Nobody,
            Outcome::Refused(..) => Looked::Failed,
        }
    }

    /// Everybody, page by page.
    pub(super) async fn list_users(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let count = self.speech.dialect.page.map(|count| format!("&count={count}")).unwrap_or_default();
        let mut next = 1;
        for _ in 0..PAGES {
            let target = format!("/Users?startIndex={next}{count}");
            let Outcome::Done(answer) = self.call(Call::ListUsers, "GET", &target, None).await else { break };
            let page = answer.body.as_ref().and_then(|body| body.get("Resources")).and_then(Value::as_array);
            let page = page.map(Vec::as_slice).unwrap_or_default();
            for user in page {
                let text = |name: &str| user.get(name).and_then(Value::as_str).unwrap_or_default();
                all.insert(text("userName").to_lowercase(), text("id").to_owned());
            }
            let total =
                answer.body.as_ref().and_then(|body| body.get("totalResults")).and_then(Value::as_u64);
            next += page.len();
            if page.is_empty() || total.is_some_and(|total| u64::try_from(next).unwrap_or(u64::MAX) > total) {
                break;
            }
        }
        all
    }
}

/// What came of a look-up.
pub(super) enum Looked {
    Found(String),
    Nobody,
    Failed,
}

impl Looked {
    pub(super) fn into_id(self) -> Option<String> {
        match self {
            Self::Found(id) => Some(id),
            Self::Nobody | Self::Failed => None,
        }
    }
}

impl From<Option<String>> for Looked {
    fn from(id: Option<String>) -> Self {
        id.map_or(Self::Nobody, Self::Found)
    }
}

/// The id of the first of a list.
pub(super) fn first_id(list: Option<&Value>) -> Option<String> {
    list?.pointer("/Resources/0/id")?.as_str().map(str::to_owned)
}

/// A text as the value of a comparison in a filter (RFC 7644 §3.4.2.2).
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Somebody as the server knows them still: by what was sent last.
fn as_sent(person: &Person, sent: &Sent) -> Person {
    let mut known = person.clone();
    for (attribute, value) in &sent.values {
        match attribute {
            Attribute::UserName => known.user_name.clone_from(value),
            Attribute::Email => known.email.clone_from(value),
            Attribute::ExternalId => known.external_id.clone_from(value),
            _ => {}
        }
    }
    known
}
