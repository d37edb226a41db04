//! What is in the database: a directory of a million people as an IdP tells of them, each in up to five groups and a tenth
//! of them in one more; thousands of organizations with a directory each; and one with a tenth as many directories.

use std::sync::Arc;

use futures_util::future::join_all;
use lockstep_core::clock::{Random, Sequence, Timestamp};
use lockstep_core::command::{Command, Envelope, NewDirectory, Reply, Terms};
use lockstep_core::credential_header::CredentialHeader;
use lockstep_core::event::EventType;
use lockstep_core::id::{DirectoryId, DirectoryNumber, LocalId, OrganizationId, RequestId, TokenId, UserId};
use lockstep_core::mapping::{AttributeMapping, Attributes, DirectoryMapping, STANDARD_VERSION};
use lockstep_core::model::{Directory, DirectoryState, Organization, Token};
use lockstep_core::query::{Kind, Lookup};
use lockstep_core::recognition::Recognition;
use lockstep_core::settings::Settings;
use lockstep_core::version::Precondition;
use lockstep_scim::patch::{self, PatchOptions};
use lockstep_scim::{Limits, Object};
use lockstep_store::{EventQuery, EventScope, Order, Page, Position, Store};
use lockstep_store_sqlite::Sqlite;
use serde_json::{Value, json};

use super::ask::{self, Ask, WANTED};

const BIG: OrganizationId = OrganizationId(1);
/// The one with many directories.
const MANY: OrganizationId = OrganizationId(2);
/// How many commands share a transaction.
const BATCH: usize = 1_000;
/// When all of it was made.
pub(crate) const TIME: Timestamp = Timestamp(1_795_219_200_000_000);

/// What was made.
pub(crate) struct Company {
    /// Whether it was made just now.
    pub(crate) made: bool,
    pub(crate) users: u64,
    pub(crate) events: u64,
    big: DirectoryId,
}

fn directory(number: u32, organization: OrganizationId) -> Directory {
    Directory {
        id: DirectoryId { directory: DirectoryNumber(number), local: LocalId(u64::from(number) << 20) },
        organization,
        name: format!("Directory {number}"),
        directory_type: "okta scim v2.0".into(),
        contract: "okta".into(),
        state: DirectoryState::Linked,
        settings: Settings::default(),
        credential_header: CredentialHeader::default(),
        terms_version: 0,
        recognition: Recognition::default(),
        sweep: None,
        maps_roles: false,
        standard_version: STANDARD_VERSION,
        created_at: TIME,
        updated_at: TIME,
    }
}

fn create(directory: Directory, token: Token) -> Command {
    let mapping = AttributeMapping::default();
    Command::CreateDirectory(Box::new(NewDirectory {
        directory,
        token,
        mapping,
        domains: Vec::new(),
        receipt: None,
    }))
}

/// A person as an IdP tells of one: about a kilobyte.
fn person(directory: u32, number: usize) -> Object {
    let name = format!("user{number}@d{directory}.example.com");
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "userName": name, "externalId": format!("00u{number:017}"), "active": !number.is_multiple_of(20),
        "displayName": format!("Ada {number} Lovelace"), "title": "Senior Engineer", "userType": "Employee",
        "locale": "en-GB", "timezone": "Europe/London", "preferredLanguage": "en",
        "name": { "givenName": format!("Ada {number}"), "familyName": "Lovelace", "middleName": "Augusta",
                  "formatted": format!("Ada {number} Lovelace"), "honorificPrefix": "Dr" },
        "emails": [{ "value": name, "type": "work", "primary": true },
                   { "value": format!("ada{number}@home.example.com"), "type": "home" }],
        "phoneNumbers": [{ "value": "+44 20 7946 0123", "type": "work" },
                         { "value": "+44 7700 900123", "type": "mobile" }],
        "addresses": [{ "type": "work", "streetAddress": "12 St James's Square", "locality": "London",
                        "postalCode": "SW1Y 4JH", "country": "GB" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "employeeNumber": format!("E{number:07}"), "department": format!("Engines {}", number % 100),
            "costCenter": "4130", "organization": "Example", "division": "Analytical",
            "manager": { "value": format!("00u{:017}", number / 10), "displayName": "Charles Babbage" },
        },
    });
    let Value::Object(body) = body else { unreachable!() };
    body
}

struct Maker<'a> {
    store: &'a Sqlite,
    terms: Arc<Terms>,
    request: u128,
}

impl Maker<'_> {
    /// Carries commands out, as many at once as share a transaction.
    async fn all(&mut self, commands: Vec<(u32, Command)>) -> Vec<Reply> {
        let envelopes = commands.into_iter().map(|(directory, command)| {
            self.request += 1;
            let (directory, request) = (DirectoryNumber(directory), RequestId(self.request));
            Envelope { directory, request, terms: self.terms.clone(), command }
        });
        let answers = join_all(envelopes.map(|envelope| self.store.submit(envelope))).await;
        answers.into_iter().map(|answer| answer.unwrap().unwrap().reply).collect()
    }

    async fn organization(&self, id: u128) {
        let organization = Organization {
            id: OrganizationId(id),
            name: format!("Organization {id}"),
            external_id: Some(format!("customer-{id}")),
            metadata: [("plan".to_owned(), "enterprise".to_owned())].into(),
            domains: Vec::new(),
            allow_profiles_outside_organization: false,
            stripe_customer_id: None,
            created_at: TIME,
            updated_at: TIME,
        };
        self.store.put_organization(organization).await.unwrap();
    }

    /// Directories with these numbers, with so many users each.
    async fn directories(&mut self, directories: Vec<(u32, OrganizationId)>, users: usize) {
        for some in directories.chunks(BATCH) {
            let make = |&(number, organization): &(u32, OrganizationId)| {
                let mut digest = [0; 32];
                digest[..4].copy_from_slice(&number.to_be_bytes());
                let token = Token::unrestricted(TokenId(u128::from(number)), digest, TIME);
                (number, create(directory(number, organization), token))
            };
            self.all(some.iter().map(make).collect()).await;
            for user in 0..users {
                let create = |&(number, _): &(u32, OrganizationId)| {
                    (number, Command::CreateUser(person(number, user)))
                };
                self.all(some.iter().map(create).collect()).await;
            }
        }
    }

    async fn people(&mut self, directory: u32, count: usize) -> Vec<LocalId> {
        let mut ids = Vec::with_capacity(count);
        for begin in (0..count).step_by(BATCH) {
            let numbers = begin..count.min(begin + BATCH);
            let commands = numbers.map(|number| (directory, Command::CreateUser(person(directory, number))));
            for reply in self.all(commands.collect()).await {
                let Reply::User(user) = reply else { unreachable!() };
                ids.push(user.id);
            }
        }
        ids
    }

    async fn group(&mut self, directory: u32, name: &str, members: &[LocalId]) {
        let number = DirectoryNumber(directory);
        let body = json!({ "displayName": name, "externalId": format!("00g{name}"),
                           "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"] });
        let Value::Object(body) = body else { unreachable!() };
        let created = self.all(vec![(directory, Command::CreateGroup(body))]).await;
        let Reply::Group(group) = &created[0] else { unreachable!() };
        for members in members.chunks(BATCH) {
            let value =
                |local: &LocalId| json!({ "value": UserId { directory: number, local: *local }.to_string() });
            let members: Value = members.iter().map(value).collect();
            let raw = json!({ "schemas": [patch::PATCH_OP_URN],
                              "Operations": [{ "op": "add", "path": "members", "value": members }] });
            let options = PatchOptions::default();
            let patch = patch::parse(&raw, &self.terms.group, &options, &Limits::default()).unwrap();
            self.all(vec![(directory, Command::PatchGroup(group.id, patch, Precondition::None))]).await;
        }
    }
}

impl Company {
    /// What is in the store; made where there is nothing yet.
    pub(crate) async fn in_store(store: &Sqlite, users: usize) -> Self {
        let big = directory(1, BIG).id;
        let made = store.directory(DirectoryNumber(1)).await.unwrap().is_none();
        if made {
            make(store, users).await;
        }
        let last = last_position(store).await;
        let (_, head) = store.directory(DirectoryNumber(1)).await.unwrap().unwrap();
        assert_eq!(
            head.users_active + head.users_inactive,
            users as u64,
            "it was not made to its end: remove it"
        );
        Self { made, users: users as u64, events: last, big }
    }

    /// Every list that is measured.
    pub(crate) async fn asks(&self, store: &Sqlite, rounds: usize) -> Vec<(String, Vec<Ask>)> {
        let mut asks = self.of_users(store, rounds).await;
        asks.extend(self.of_events(store, rounds).await);
        asks.extend(self.of_others(store, rounds).await);
        asks
    }

    async fn of_users(&self, store: &Sqlite, rounds: usize) -> Vec<(String, Vec<Ask>)> {
        let number = self.big.directory;
        let page = |order| Page { order, ..Page::first(WANTED + 1) };
        let (ascending, descending) = (page(Order::Ascending), page(Order::Descending));
        let one = |group, page| Ask::Users { directory: self.big, group, page };
        let mut asks = vec![
            ("users, first page, newest first".to_owned(), vec![one(None, descending.clone()); rounds]),
            ("users, first page, oldest first".to_owned(), vec![one(None, ascending.clone()); rounds]),
        ];
        for (name, part, page) in [
            ("users, in the middle, newest first", 0.5, &descending),
            ("users, at the end, newest first", 0.01, &descending),
            ("users, in the middle, oldest first", 0.5, &ascending),
            ("users, at the end, oldest first", 0.98, &ascending),
        ] {
            let places = self.places(store, Kind::User, self.users, part, rounds).await;
            let asked = |local: &LocalId| one(None, Page { after: Some(*local), ..page.clone() });
            asks.push((name.to_owned(), places.iter().map(asked).collect()));
            if part > 0.4 && part < 0.6 {
                let asked = |local: &LocalId| one(None, Page { before: Some(*local), ..page.clone() });
                asks.push((format!("{name}, before"), places.iter().map(asked).collect()));
            }
        }
        for name in ["everyone in ten", "few", "group00007"] {
            let found = store.groups(number, Lookup::DisplayName(name.into()), Page::first(1), false).await;
            let group = found.unwrap()[0].group.id;
            let members = store.users(number, Lookup::MembersOf(group), Page::first(200_000)).await.unwrap();
            let count = members.len();
            let title = format!("users of a group of {count}");
            asks.push((title.clone(), vec![one(Some(group), descending.clone()); rounds]));
            if count > WANTED * 2 {
                let places =
                    (0..rounds).map(|round| members[count / 2 + round * (count / 3) / rounds].user.id);
                let asked = |local| one(Some(group), Page { after: Some(local), ..ascending.clone() });
                asks.push((format!("{title}, deep"), places.map(asked).collect()));
            }
        }
        asks
    }

    async fn of_others(&self, store: &Sqlite, rounds: usize) -> Vec<(String, Vec<Ask>)> {
        let page = |order| Page { order, ..Page::first(WANTED + 1) };
        let (ascending, descending) = (page(Order::Ascending), page(Order::Descending));
        let (_, head) = store.directory(self.big.directory).await.unwrap().unwrap();
        let places = self.places(store, Kind::Group, head.groups, 0.8, rounds).await;
        let one = |page| Ask::Groups { directory: self.big, page };
        let deep = |local: &LocalId| one(Page { after: Some(*local), ..ascending.clone() });
        let mut asks = vec![
            ("groups, first page".to_owned(), vec![one(descending.clone()); rounds]),
            ("groups, deep".to_owned(), places.iter().map(deep).collect()),
        ];
        let first = |page| Ask::Directories { page, after: None };
        asks.push(("directories, first page".to_owned(), vec![first(descending); rounds]));
        let many = many_of(usize::try_from(self.users).unwrap());
        let deep = |round: usize| {
            let number = u32::try_from(10 + many / 2 + many * round / rounds / 3).unwrap();
            let after = directory(number, BIG).id;
            Ask::Directories {
                page: Page { after: Some(after.local), ..ascending.clone() },
                after: Some(after),
            }
        };
        asks.push(("directories, deep".to_owned(), (0..rounds).map(deep).collect()));
        let newest = Page { order: Order::Descending, ..Page::first(WANTED + 1) };
        asks.push((
            "organizations, first page".to_owned(),
            vec![Ask::Organizations { page: newest }; rounds],
        ));
        let deep = |round: usize| {
            let after = OrganizationId((10 + many / 2 + many * round / rounds / 3) as u128);
            Ask::Organizations { page: Page { after: Some(after), ..Page::first(WANTED + 1) } }
        };
        asks.push(("organizations, deep".to_owned(), (0..rounds).map(deep).collect()));
        asks
    }

    /// The ids of so many users or groups around a place of the list.
    async fn places(&self, store: &Sqlite, kind: Kind, count: u64, part: f64, rounds: usize) -> Vec<LocalId> {
        let mut places = Vec::new();
        for round in 0..rounds {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
            let index = (count as f64 * (part + 0.009 * round as f64 / rounds as f64)) as u64;
            places.push(store.nth(self.big.directory, kind, index).await.unwrap().unwrap());
        }
        places
    }

    async fn of_events(&self, store: &Sqlite, rounds: usize) -> Vec<(String, Vec<Ask>)> {
        let organization = |id: OrganizationId| EventScope::Organizations(vec![id]);
        let small = OrganizationId(10 + many_of(usize::try_from(self.users).unwrap()) as u128 / 2);
        let (deletions, additions) = (vec![EventType::GroupDeleted], vec![EventType::UserAdded]);
        let creations = vec![EventType::UserCreated, EventType::GroupCreated];
        let deep = self.events * 9 / 10;
        let cases = [
            ("events", EventScope::All, vec![], 0),
            ("events, deep", EventScope::All, vec![], deep),
            ("events of users that came", EventScope::All, vec![EventType::UserCreated], 0),
            ("events of users that joined, deep", EventScope::All, additions, self.events / 2),
            ("events of two kinds, deep", EventScope::All, creations.clone(), self.events / 2),
            ("events of a rare kind", EventScope::All, deletions.clone(), 0),
            ("events of a rare kind, deep", EventScope::All, deletions.clone(), self.events / 2),
            ("events of a small organization", organization(small), vec![], 0),
            ("events of an organization of many directories", organization(MANY), vec![], 0),
            ("events of an organization of many directories, deep", organization(MANY), vec![], deep),
            ("events of a large organization, deep", organization(BIG), vec![], self.events / 2),
            ("events of a large organization, rare kind", organization(BIG), deletions, self.events / 2),
        ];
        let mut asks = Vec::new();
        for (name, scope, types, after) in cases {
            let mut asked = Vec::new();
            for round in 0..rounds {
                // Each time a little further, but for the first page.
                let further = round as u64 * (self.events / 2_000).min(150);
                let after = Position(if after == 0 { 0 } else { after + further });
                let query =
                    EventQuery { after, scope: scope.clone(), types: types.clone(), ..EventQuery::default() };
                asked.push(ask::events(store, query).await);
            }
            asks.push((name.to_owned(), asked));
        }
        let ranges = [
            ("events from a time on", EventScope::All, vec![]),
            ("events of two kinds from a time on", EventScope::All, creations),
            ("events of an organization from a time on", organization(BIG), vec![]),
        ];
        for (name, scope, types) in ranges {
            let mut asked = Vec::new();
            for round in 0..rounds {
                let position = self.events / 3 + self.events * round as u64 / 3 / rounds as u64;
                let beginning = EventQuery { after: Position(position), limit: 1, ..EventQuery::default() };
                let since = store.events(beginning).await.unwrap()[0].record.at;
                let until = Some(Timestamp(since.0 + 60_000_000));
                let query = EventQuery {
                    since: Some(since),
                    until,
                    scope: scope.clone(),
                    types: types.clone(),
                    ..EventQuery::default()
                };
                asked.push(ask::events(store, query).await);
            }
            asks.push((name.to_owned(), asked));
        }
        asks
    }
}

/// How many small organizations there are beside so many users.
fn many_of(users: usize) -> usize {
    (users / 100).max(WANTED * 4)
}

async fn last_position(store: &Sqlite) -> u64 {
    let (mut low, mut high) = (0, 1 << 40);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let query = EventQuery { after: Position(middle), limit: 1, ..EventQuery::default() };
        if store.events(query).await.unwrap().is_empty() { high = middle } else { low = middle }
    }
    high
}

async fn make(store: &Sqlite, users: usize) {
    let provider = lockstep_idp::by_slug("okta").unwrap();
    let attributes = Attributes::of(provider.attributes, &DirectoryMapping::default());
    let terms = Terms::new((provider.rules)()).with_attributes(attributes);
    let mut maker = Maker { store, terms: Arc::new(terms), request: 0 };
    let many = many_of(users);
    for id in [1, 2].into_iter().chain((10..10 + many).map(|id| id as u128)) {
        maker.organization(id).await;
    }
    maker.directories(vec![(1, BIG)], 0).await;
    let small = |index: usize| (u32::try_from(10 + index).unwrap(), OrganizationId(10 + index as u128));
    maker.directories((0..many / 2).map(small).collect(), 2).await;
    let ids = maker.people(1, users).await;
    maker.group(1, "everyone in ten", &ids.iter().copied().step_by(10).collect::<Vec<_>>()).await;
    maker.group(1, "few", &ids[..20]).await;
    // Each is in none to five of them.
    let mut groups: Vec<Vec<LocalId>> = vec![Vec::new(); (users / 500).max(10)];
    let mut numbers = Sequence::from_seed(1);
    let mut draw = |below: usize| usize::try_from(numbers.next_u64() % below as u64).unwrap();
    for id in &ids {
        for _ in 0..draw(6) {
            let group = draw(groups.len());
            if groups[group].last() != Some(id) {
                groups[group].push(*id);
            }
        }
    }
    for (index, members) in groups.iter().enumerate() {
        maker.group(1, &format!("group{index:05}"), members).await;
        // Now and then one that goes again: rare among all events.
        if index.is_multiple_of(3) {
            maker.group(1, "short-lived", &[]).await;
            let name = Lookup::DisplayName("short-lived".into());
            let found = store.groups(DirectoryNumber(1), name, Page::first(1), false).await.unwrap();
            let remove = Command::DeleteGroup(found[0].group.id, Precondition::None);
            maker.all(vec![(1, remove)]).await;
        }
    }
    maker.directories((many / 2..many).map(small).collect(), 2).await;
    let first = u32::try_from(10 + many).unwrap();
    let tenth = u32::try_from(many / 2).unwrap();
    maker.directories((first..first + tenth).map(|number| (number, MANY)).collect(), 3).await;
}
