//! The reference: maps under one lock, no index, no cleverness. What it does is what every other backend must do.
//! Nothing of it outlives the process.

mod entries;
mod island;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockstep_core::batch::{Answer, Batch, Progress};
use lockstep_core::client::OAuthClient;
use lockstep_core::clock::{Clock, Timestamp};
use lockstep_core::command::{Envelope, Refusal};
use lockstep_core::id::{
    ApiKeyId, ClientId, DirectoryNumber, DomainId, EventId, LocalId, OrganizationId, RequestId, TokenId,
};
use lockstep_core::mapping::{AttributeMapping, DirectoryMapping};
use lockstep_core::model::{ApiKey, Directory, DirectoryState, Head, Organization, Reach, Token};
use lockstep_core::query::{Kind, Lookup};
use lockstep_core::receipt::{Receipt, ReceiptKey};
use lockstep_core::schemas::OwnSchemas;
use lockstep_core::view::{Changes, Key, Loaded};
use lockstep_scim::text;
use tokio::sync::watch;

use crate::{
    DirectoryQuery, Entered, Entry, EventQuery, EventScope, EventView, GroupView, Issue, Issued, KeyRemoval,
    KeyUse, OrganizationMapping, Page, Position, RandomFactory, Result, ShownUser, ShownUsers, StandardOf,
    Store, StoreError, TokenUse, UserView, Work,
};
use island::Island;

/// A store in memory.
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    random: RandomFactory,
    state: Mutex<State>,
    committed: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    organizations: BTreeMap<OrganizationId, Organization>,
    organization_mappings: BTreeMap<OrganizationId, OrganizationMapping>,
    /// Deleted organizations: by which request, while they have directories left.
    ended: BTreeMap<OrganizationId, Option<RequestId>>,
    api_keys: BTreeMap<[u8; 32], ApiKey>,
    /// The digests of API keys that were removed.
    removed_keys: BTreeSet<[u8; 32]>,
    receipts: BTreeMap<ReceiptKey, Receipt>,
    tokens: BTreeMap<[u8; 32], (DirectoryNumber, Token)>,
    clients: BTreeMap<ClientId, (DirectoryNumber, OAuthClient)>,
    /// Assertions that were used, by their clients and digests, and until when they are remembered.
    assertions: BTreeMap<(ClientId, [u8; 32]), Timestamp>,
    directories: BTreeMap<DirectoryNumber, Island>,
    /// All events in the order of their positions, the first of which is 1: whose log, and the number there.
    log: Vec<(DirectoryNumber, u64)>,
    master_key_mark: Option<[u8; 16]>,
    epoch: u64,
    stopping: bool,
}

impl Memory {
    /// An empty store that takes the time from `clock` and draws from what `random` makes.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, random: RandomFactory) -> Self {
        let shared =
            Shared { clock, random, state: Mutex::new(State::default()), committed: watch::Sender::new(0) };
        Self { shared: Arc::new(shared) }
    }

    /// Carries commands out as one batch, in this order.
    pub fn submit_batch(&self, envelopes: Vec<Envelope>) -> Result<Vec<Answer>> {
        let mut state = self.lock_to_write()?;
        let mut batch = Batch::new(envelopes, self.shared.clock.now(), (self.shared.random)());
        while let Progress::Need(needs) = batch.advance() {
            for (directory, key) in needs {
                let loaded = state.load(directory, &key);
                batch.supply(directory, key, loaded);
            }
        }
        let (changes, answers) = batch.finish();
        let told = changes.iter().any(|(_, changes)| !changes.records.is_empty());
        for (directory, changes) in changes {
            state.apply(directory, changes);
        }
        drop(state);
        if told {
            self.shared.committed.send_modify(|count| *count += 1);
        }
        Ok(answers)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_to_write(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.lock();
        if state.stopping { Err(StoreError::Stopping) } else { Ok(state) }
    }
}

impl State {
    fn load(&self, number: DirectoryNumber, key: &Key) -> Loaded {
        match key {
            Key::Ended(organization) => Loaded::Present(self.ended.contains_key(organization)),
            Key::Receipt(key, since) => {
                Loaded::Present(self.receipts.get(key).is_some_and(|receipt| receipt.at > *since))
            }
            key => match self.directories.get(&number) {
                Some(island) => island.load(key),
                None => island::load_nothing(key),
            },
        }
    }

    fn apply(&mut self, number: DirectoryNumber, changes: Changes) {
        if changes.directory.is_some() || !changes.tokens.is_empty() {
            self.epoch += 1;
        }
        for token in &changes.tokens {
            self.tokens.insert(token.digest, (number, token.clone()));
        }
        for receipt in &changes.receipts {
            self.keep(receipt.clone());
        }
        let appended = changes.records.iter().map(|record| (number, record.seq));
        let first = self.log.len() as u64 + 1;
        self.log.extend(appended);
        match self.directories.get_mut(&number) {
            Some(island) => island.apply(changes, first),
            None => {
                if let Some(island) = Island::new(changes, first) {
                    let organization = island.directory_and_head().0.organization;
                    let nothing = OrganizationMapping::default();
                    let known = self.organization_mappings.get(&organization).unwrap_or(&nothing);
                    if known.attributes != island.mapping().organization
                        && let Some(known) = self.organization_mappings.get_mut(&organization)
                    {
                        known.version += 1;
                    }
                    self.directories.insert(number, island);
                }
            }
        }
    }

    /// Removes up to `limit` tokens; how many it were.
    fn remove_tokens(&mut self, limit: usize, wanted: impl Fn(DirectoryNumber, &Token) -> bool) -> usize {
        let found = self.tokens.values().filter(|(owner, token)| wanted(*owner, token)).take(limit);
        let digests: Vec<[u8; 32]> = found.map(|(_, token)| token.digest).collect();
        for digest in &digests {
            self.tokens.remove(digest);
        }
        if !digests.is_empty() {
            self.epoch += 1;
        }
        digests.len()
    }

    /// The events of the list over all directories behind `after`.
    fn events_behind(&self, after: Position) -> impl DoubleEndedIterator<Item = EventView> {
        let skipped = usize::try_from(after.0).unwrap_or(usize::MAX);
        self.log.iter().skip(skipped).filter_map(|(number, seq)| self.directories.get(number)?.event(*seq))
    }
}

/// The part of `all` (ascending) that a page asks for.
fn part<K: Ord + Copy, T>(
    all: impl DoubleEndedIterator<Item = T>,
    key: impl Fn(&T) -> K,
    page: Page<K>,
) -> Vec<T> {
    let walk = page.walk();
    let within = all.filter(|item| {
        walk.above.is_none_or(|above| key(item) > above) && walk.below.is_none_or(|below| key(item) < below)
    });
    let found: Vec<T> = if walk.descending {
        within.rev().take(walk.limit).collect()
    } else {
        within.take(walk.limit).collect()
    };
    walk.arrange(found)
}

impl Store for Memory {
    async fn submit(&self, envelope: Envelope) -> Result<Answer> {
        let mut answers = self.submit_batch(vec![envelope])?;
        Ok(answers.pop().unwrap_or(Err(Refusal::Fault)))
    }

    async fn enter(&self, entry: Entry, receipt: Option<Receipt>) -> Result<Entered> {
        self.lock_to_write()?.enter(entry, receipt)
    }

    async fn receipt(&self, key: ReceiptKey, since: Timestamp) -> Result<Option<Receipt>> {
        Ok(self.lock().receipts.get(&key).filter(|receipt| receipt.at > since).cloned())
    }

    async fn remove_receipts(&self, until: Timestamp, limit: usize) -> Result<bool> {
        let mut state = self.lock_to_write()?;
        let due = state.receipts.values().filter(|receipt| receipt.at <= until);
        let due: Vec<ReceiptKey> = due.map(|receipt| receipt.key).take(limit).collect();
        for key in &due {
            state.receipts.remove(key);
        }
        Ok(due.len() == limit)
    }

    async fn end_organization(&self, id: OrganizationId, request: RequestId) -> Result<bool> {
        let mut state = self.lock_to_write()?;
        if state.organizations.remove(&id).is_none() {
            return Ok(false);
        }
        state.ended.insert(id, Some(request));
        state.organization_mappings.remove(&id);
        for key in state.api_keys.values_mut() {
            if let Reach::Organizations(list) = &mut key.reach {
                list.retain(|organization| *organization != id);
            }
        }
        state.epoch += 1;
        Ok(true)
    }

    async fn clear_organization(&self, id: OrganizationId) -> Result<bool> {
        let mut state = self.lock_to_write()?;
        let mut directories = state.directories.values();
        if directories.any(|island| !island.is_deleted() && island.organization() == id) {
            return Ok(false);
        }
        state.ended.entry(id).and_modify(|request| *request = None);
        Ok(true)
    }

    async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>> {
        Ok(self.lock().organizations.get(&id).cloned())
    }

    async fn organization_by_external_id(&self, external_id: &str) -> Result<Option<Organization>> {
        let state = self.lock();
        let mut all = state.organizations.values();
        Ok(all.find(|organization| organization.external_id.as_deref() == Some(external_id)).cloned())
    }

    async fn organizations(&self, page: Page<OrganizationId>) -> Result<Vec<Organization>> {
        let state = self.lock();
        Ok(part(state.organizations.values(), |organization| organization.id, page)
            .into_iter()
            .cloned()
            .collect())
    }

    async fn master_key_mark(&self) -> Result<Option<[u8; 16]>> {
        Ok(self.lock().master_key_mark)
    }

    async fn put_master_key_mark(&self, mark: [u8; 16]) -> Result<()> {
        self.lock_to_write()?.master_key_mark = Some(mark);
        Ok(())
    }

    async fn organization_of_domain(&self, domain: DomainId) -> Result<Option<Organization>> {
        let state = self.lock();
        let mut all = state.organizations.values();
        Ok(all.find(|organization| organization.domains.iter().any(|own| own.id == domain)).cloned())
    }

    async fn organizations_with_domains(&self, names: Vec<String>) -> Result<Vec<Organization>> {
        let state = self.lock();
        let all = state.organizations.values();
        Ok(all.filter(|one| one.domains.iter().any(|own| names.contains(&own.name))).cloned().collect())
    }

    async fn api_keys(&self, page: Page<ApiKeyId>) -> Result<Vec<ApiKey>> {
        let mut found: Vec<ApiKey> = self.lock().api_keys.values().cloned().collect();
        found.sort_by_key(|key| key.id);
        Ok(part(found.into_iter(), |key| key.id, page))
    }

    async fn remove_api_key(&self, id: ApiKeyId) -> Result<KeyRemoval> {
        let mut state = self.lock_to_write()?;
        let Some(key) = state.api_key(id).cloned() else { return Ok(KeyRemoval::Missing) };
        if key.is_master() && state.master_keys() == 1 {
            return Ok(KeyRemoval::Last);
        }
        state.remove_key(key.digest);
        Ok(KeyRemoval::Done)
    }

    async fn touch_api_keys(&self, uses: Vec<KeyUse>) -> Result<()> {
        let mut state = self.lock_to_write()?;
        for key in state.api_keys.values_mut() {
            let used = uses.iter().filter(|used| used.key == key.id);
            key.last_used_at = used.map(|used| used.at).chain(key.last_used_at).max();
        }
        Ok(())
    }

    async fn api_key(&self, digest: [u8; 32]) -> Result<Option<ApiKey>> {
        Ok(self.lock().api_keys.get(&digest).cloned())
    }

    async fn has_api_keys(&self) -> Result<bool> {
        Ok(!self.lock().api_keys.is_empty())
    }

    async fn schemas(&self, directory: DirectoryNumber) -> Result<OwnSchemas> {
        Ok(self.lock().directories.get(&directory).map(Island::schemas).unwrap_or_default())
    }

    async fn mapping(&self, directory: DirectoryNumber) -> Result<DirectoryMapping> {
        Ok(self.lock().directories.get(&directory).map(Island::mapping).unwrap_or_default())
    }

    async fn organization_mapping(&self, id: OrganizationId) -> Result<OrganizationMapping> {
        Ok(self.lock().organization_mappings.get(&id).cloned().unwrap_or_default())
    }

    async fn put_organization_mapping(
        &self,
        id: OrganizationId,
        attributes: AttributeMapping,
        request: RequestId,
    ) -> Result<OrganizationMapping> {
        let mut state = self.lock_to_write()?;
        if !state.organizations.contains_key(&id) {
            return Err(StoreError::NotFound { what: "organization" });
        }
        let known = state.organization_mappings.get(&id).cloned().unwrap_or_default();
        if known.attributes == attributes {
            return Ok(known);
        }
        let next = OrganizationMapping {
            attributes,
            request: Some(request),
            version: known.version + 1,
            spread: known.spread,
        };
        state.organization_mappings.insert(id, next.clone());
        Ok(next)
    }

    async fn note_mapping_spread(&self, id: OrganizationId, version: u64) -> Result<()> {
        if let Some(known) = self.lock_to_write()?.organization_mappings.get_mut(&id) {
            known.spread = known.spread.max(version.min(known.version));
        }
        Ok(())
    }

    async fn directory(&self, number: DirectoryNumber) -> Result<Option<(Directory, Head)>> {
        Ok(self.lock().directories.get(&number).map(Island::directory_and_head))
    }

    async fn directories(
        &self,
        query: DirectoryQuery,
        page: Page<LocalId>,
    ) -> Result<Vec<(Directory, Head)>> {
        let search = query.search.as_deref().map(text::fold);
        let (mut found, ended): (Vec<(Directory, Head)>, Vec<OrganizationId>) = {
            let state = self.lock();
            let rows = state.directories.values().map(Island::directory_and_head).collect();
            (rows, state.ended.keys().copied().collect())
        };
        found.retain(|(directory, _)| {
            directory.state != DirectoryState::Deleting
                && (query.organizations.is_some() || !ended.contains(&directory.organization))
                && query.organizations.as_ref().is_none_or(|list| list.contains(&directory.organization))
                && search.as_ref().is_none_or(|part| text::fold(&directory.name).contains(part.as_ref()))
        });
        found.sort_by_key(|(directory, _)| directory.id.local);
        Ok(part(found.into_iter(), |(directory, _)| directory.id.local, page))
    }

    async fn token(&self, digest: [u8; 32]) -> Result<Option<(DirectoryNumber, Token)>> {
        Ok(self.lock().tokens.get(&digest).cloned())
    }

    async fn tokens(
        &self,
        directory: DirectoryNumber,
        client: Option<ClientId>,
        page: Page<TokenId>,
    ) -> Result<Vec<Token>> {
        let mut found: Vec<Token> = self
            .lock()
            .tokens
            .values()
            .filter(|(owner, _)| *owner == directory)
            .map(|(_, token)| token.clone())
            .collect();
        found.retain(|token| token.client == client);
        found.sort_by_key(|token| token.id);
        Ok(part(found.into_iter(), |token| token.id, page))
    }

    async fn revoke_token(&self, directory: DirectoryNumber, token: TokenId) -> Result<bool> {
        let found = self
            .lock_to_write()?
            .remove_tokens(usize::MAX, |owner, found| owner == directory && found.id == token);
        Ok(found > 0)
    }

    async fn revoke_tokens_of(&self, directory: DirectoryNumber, client: ClientId) -> Result<usize> {
        let issued = |owner, found: &Token| owner == directory && found.client == Some(client);
        Ok(self.lock_to_write()?.remove_tokens(usize::MAX, issued))
    }

    async fn touch_tokens(&self, uses: Vec<TokenUse>) -> Result<()> {
        let mut state = self.lock_to_write()?;
        for (owner, token) in state.tokens.values_mut() {
            let used = uses.iter().filter(|used| used.directory == *owner && used.token == token.id);
            token.last_used_at = used.map(|used| used.at).chain(token.last_used_at).max();
        }
        Ok(())
    }

    async fn remove_expired_tokens(&self, now: Timestamp, limit: usize) -> Result<bool> {
        let removed = self
            .lock_to_write()?
            .remove_tokens(limit, |_, found| found.client.is_some() && !found.is_alive(now));
        Ok(removed == limit)
    }

    async fn client(&self, id: ClientId) -> Result<Option<(DirectoryNumber, OAuthClient)>> {
        Ok(self.lock().clients.get(&id).cloned())
    }

    async fn clients(&self, directory: DirectoryNumber, page: Page<ClientId>) -> Result<Vec<OAuthClient>> {
        let state = self.lock();
        let own = state.clients.values().filter(|(owner, _)| *owner == directory).map(|(_, client)| client);
        Ok(part(own, |client| client.id, page).into_iter().cloned().collect())
    }

    async fn remove_client(&self, directory: DirectoryNumber, id: ClientId) -> Result<bool> {
        let mut state = self.lock_to_write()?;
        if state.clients.get(&id).is_none_or(|(owner, _)| *owner != directory) {
            return Ok(false);
        }
        state.clients.remove(&id);
        state.assertions.retain(|(client, _), _| *client != id);
        state.remove_tokens(usize::MAX, |owner, found| owner == directory && found.client == Some(id));
        state.epoch += 1;
        Ok(true)
    }

    async fn issue_token(&self, directory: DirectoryNumber, issue: Issue) -> Result<Issued> {
        let mut state = self.lock_to_write()?;
        let Issue { token, assertion, tokens_max, assertions_max } = issue;
        let deleted = state.directories.get(&directory).is_none_or(Island::is_deleted);
        let client =
            token.client.filter(|id| state.clients.get(id).is_some_and(|(owner, _)| *owner == directory));
        let (Some(client), false) = (client, deleted) else { return Ok(Issued::NoClient) };
        let now = token.created_at;
        state.assertions.retain(|(owner, _), expires_at| *owner != client || *expires_at > now);
        if let Some(used) = assertion {
            if state.assertions.contains_key(&(client, used.digest)) {
                return Ok(Issued::UsedBefore);
            }
            if state.assertions.keys().filter(|(owner, _)| *owner == client).count() >= assertions_max {
                return Ok(Issued::TooManyAssertions);
            }
        }
        if state.tokens.values().any(|(_, other)| other.digest == token.digest || other.id == token.id) {
            return Err(StoreError::Conflict { what: "token" });
        }
        if let Some(used) = assertion {
            state.assertions.insert((client, used.digest), used.expires_at);
        }
        state.tokens.insert(token.digest, (directory, token));
        let own = state.tokens.values().filter(|(_, token)| token.client == Some(client));
        let mut ids: Vec<TokenId> = own.map(|(_, token)| token.id).collect();
        ids.sort_unstable();
        ids.truncate(ids.len().saturating_sub(tokens_max));
        state.remove_tokens(usize::MAX, |_, found| ids.contains(&found.id));
        Ok(Issued::Done)
    }

    fn epoch(&self) -> u64 {
        self.lock().epoch
    }

    async fn user(&self, directory: DirectoryNumber, id: LocalId) -> Result<Option<UserView>> {
        Ok(self.lock().directories.get(&directory).and_then(|island| island.user(id)))
    }

    async fn users(
        &self,
        directory: DirectoryNumber,
        lookup: Lookup,
        page: Page<LocalId>,
    ) -> Result<Vec<UserView>> {
        let state = self.lock();
        let Some(island) = state.directories.get(&directory) else { return Ok(Vec::new()) };
        let ids = part(island.users_found_by(&lookup).into_iter(), |id| *id, page);
        Ok(ids.into_iter().filter_map(|id| island.user(id)).collect())
    }

    async fn shown_users(
        &self,
        directory: DirectoryNumber,
        lookup: Lookup,
        page: Page<LocalId>,
        _: &'static [&'static str],
    ) -> Result<ShownUsers> {
        let state = self.lock();
        let Some(island) = state.directories.get(&directory) else { return Ok(ShownUsers::default()) };
        let ids = island.users_found_by(&lookup);
        let found = part(ids.into_iter(), |id| *id, page).into_iter().filter_map(|id| island.user(id));
        let shown = found.map(|view| {
            let groups = view.groups.into_iter().map(|group| group.id).collect();
            ShownUser { user: view.user, written: None, groups }
        });
        let users: Vec<ShownUser> = shown.collect();
        let groups = users.iter().flat_map(|user| &user.groups);
        let groups = groups.filter_map(|id| Some((*id, island.group(*id, false)?.group))).collect();
        Ok(ShownUsers { users, groups })
    }

    async fn group(
        &self,
        directory: DirectoryNumber,
        id: LocalId,
        members: bool,
    ) -> Result<Option<GroupView>> {
        Ok(self.lock().directories.get(&directory).and_then(|island| island.group(id, members)))
    }

    async fn groups(
        &self,
        directory: DirectoryNumber,
        lookup: Lookup,
        page: Page<LocalId>,
        members: bool,
    ) -> Result<Vec<GroupView>> {
        let state = self.lock();
        let Some(island) = state.directories.get(&directory) else { return Ok(Vec::new()) };
        let ids = part(island.groups_found_by(&lookup).into_iter(), |id| *id, page);
        Ok(ids.into_iter().filter_map(|id| island.group(id, members)).collect())
    }

    async fn nth(&self, directory: DirectoryNumber, kind: Kind, index: u64) -> Result<Option<LocalId>> {
        let state = self.lock();
        let Some(island) = state.directories.get(&directory) else { return Ok(None) };
        let ids = match kind {
            Kind::User => island.users_found_by(&Lookup::All),
            Kind::Group => island.groups_found_by(&Lookup::All),
        };
        Ok(usize::try_from(index).ok().and_then(|index| ids.get(index).copied()))
    }

    async fn position(&self, event: EventId) -> Result<Option<Position>> {
        let state = self.lock();
        let found = state.directories.get(&event.directory).and_then(|island| island.event(event.seq));
        Ok(found.filter(|found| found.record.id() == event).map(|found| found.position))
    }

    async fn events(&self, query: EventQuery) -> Result<Vec<EventView>> {
        let state = self.lock();
        let wanted = |event: &EventView| {
            let record = &event.record;
            let within = match &query.scope {
                EventScope::All => true,
                EventScope::Directory(directory) => record.directory == *directory,
                EventScope::Organizations(list) => state
                    .directories
                    .get(&record.directory)
                    .is_some_and(|island| list.contains(&island.directory_and_head().0.organization)),
            };
            within
                && query.before.is_none_or(|before| event.position < before)
                && (query.types.is_empty() || query.types.contains(&record.event_type()))
                && query.since.is_none_or(|since| record.at >= since)
                && query.until.is_none_or(|until| record.at < until)
        };
        let found = state.events_behind(query.after).filter(wanted);
        Ok(if query.newest_first {
            found.rev().take(query.limit).collect()
        } else {
            found.take(query.limit).collect()
        })
    }

    async fn shown_events(&self, query: EventQuery, _: &'static [&'static str]) -> Result<Vec<EventView>> {
        self.events(query).await
    }

    fn committed(&self) -> watch::Receiver<u64> {
        self.shared.committed.subscribe()
    }

    async fn work(&self, limit: usize) -> Result<Vec<Work>> {
        let state = self.lock();
        let work = state.directories.iter().flat_map(|(number, island)| island.work(*number));
        let mapped = state.organization_mappings.iter().filter(|(_, mapping)| !mapping.is_everywhere());
        let work = work.chain(mapped.map(|(id, _)| Work::SpreadMapping(*id)));
        let ended = state.ended.iter().filter_map(|(id, request)| Some((*id, (*request)?)));
        let ended = ended.map(|(id, request)| Work::EndOrganization(id, request));
        Ok(ended.chain(work).take(limit).collect())
    }

    async fn clear(&self, directory: DirectoryNumber, limit: usize) -> Result<bool> {
        let mut state = self.lock_to_write()?;
        let Some(island) = state.directories.get_mut(&directory) else { return Ok(false) };
        if !island.is_deleted() {
            return Ok(false);
        }
        Ok(island.clear(limit))
    }

    async fn verify(&self, directory: DirectoryNumber, standard: StandardOf) -> Result<Vec<String>> {
        let state = self.lock();
        Ok(state.directories.get(&directory).map(|island| island.verify(standard)).unwrap_or_default())
    }

    async fn directory_numbers(&self) -> Result<Vec<DirectoryNumber>> {
        Ok(self.lock().directories.keys().copied().collect())
    }

    async fn stop(&self) {
        self.lock().stopping = true;
    }

    async fn ready(&self) -> Result<()> {
        Ok(())
    }
}
