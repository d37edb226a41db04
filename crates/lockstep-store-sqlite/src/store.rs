//! The store on SQLite: writes go to the lane, reads to connections of their own.
//!
//! What reads a row or two does so on the caller's thread, which costs less than handing it on; what reads a page or
//! more goes to the runtime's threads for blocking work.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use lockstep_core::batch::Answer;
use lockstep_core::client::OAuthClient;
use lockstep_core::clock::{Clock, Timestamp};
use lockstep_core::command::Envelope;
use lockstep_core::id::{
    ApiKeyId, ClientId, DirectoryNumber, DomainId, EventId, LocalId, OrganizationId, RequestId, TokenId,
};
use lockstep_core::mapping::{AttributeMapping, DirectoryMapping};
use lockstep_core::model::{ApiKey, Directory, Head, Organization, Token};
use lockstep_core::query::{Kind, Lookup};
use lockstep_core::receipt::{Receipt, ReceiptKey};
use lockstep_core::schemas::OwnSchemas;
use lockstep_store::{
    DirectoryQuery, Entered, Entry, EventQuery, EventView, GroupView, Issue, Issued, KeyRemoval, KeyUse,
    OrganizationMapping, Page, Position, RandomFactory, Result, ShownUsers, StandardOf, Store, StoreError,
    TokenUse, UserView, Work,
};
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use crate::error::Result as Inner;
use crate::lane::{Lane, Sizes};
use crate::queue::{Job, Shared};
use crate::readers::Readers;
use crate::{
    clients, directories, entries, events, file, groups, keys, mappings, migrate, organizations, receipts,
    tokens, users, work,
};

/// How to open a database.
#[derive(Clone)]
pub struct Options {
    /// Tells the time of a batch.
    pub clock: Arc<dyn Clock>,
    /// Makes the randomness of a batch.
    pub random: RandomFactory,
    /// How many writes may wait before more are refused as [`StoreError::Busy`].
    pub waiting_max: usize,
    /// How many removals may wait beyond that.
    pub removals_reserve: usize,
    /// How many commands share one transaction at most.
    pub batch_max: usize,
    /// How many idle connections are kept for readers.
    pub readers_idle_max: usize,
    /// How long the write-ahead log may become before the lane waits a moment for readers, to begin it anew.
    pub log_bytes_max: u64,
}

impl Options {
    /// The usual sizes.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, random: RandomFactory) -> Self {
        Self {
            clock,
            random,
            waiting_max: 4_096,
            removals_reserve: 1_024,
            batch_max: 1_024,
            readers_idle_max: 16,
            log_bytes_max: 64 << 20,
        }
    }
}

/// A store in an SQLite database, for one process at a time.
#[derive(Clone)]
pub struct Sqlite {
    handle: Arc<Handle>,
}

/// Ends the lane when the last store is dropped: what waits is still done.
struct Handle {
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.stop();
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A lane that panicked has told those who waited.
            let _ = thread.join();
        }
    }
}

impl Sqlite {
    /// Opens a database, making it where there is none and bringing it to the newest version. Refuses one that
    /// another process uses, that another program or a newer version wrote, or that cannot be read or written.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        let held = file::hold(path)?;
        let readers = Arc::new(Readers::new(held.path.clone(), options.readers_idle_max));
        let mut connection = file::writer(&held.path)?;
        migrate::migrate(&mut connection, options.clock.now())?;
        events::catch_up(&mut connection)?;
        readers.read(keys::any)?;
        let shared = Arc::new(Shared::new(options.waiting_max, options.removals_reserve));
        let sizes = Sizes { batch_max: options.batch_max, log_bytes_max: options.log_bytes_max };
        let lane = Lane::new(connection, held, options.clock, options.random, shared.clone(), sizes);
        let closing = shared.clone();
        let thread = std::thread::Builder::new()
            .name("lockstep-writer".into())
            .spawn(move || {
                // Whatever ends the lane, nobody waits for it for ever; it is told once the file is given back.
                let _closing = closing.closing();
                lane.run();
            })
            .map_err(|error| StoreError::Unavailable(format!("the writer's thread cannot start: {error}")))?;
        let handle = Handle { shared, readers, thread: Mutex::new(Some(thread)) };
        Ok(Self { handle: Arc::new(handle) })
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Shared {
        &self.handle.shared
    }

    /// Reads on the caller's thread.
    fn read_here<T>(&self, read: impl FnOnce(&Connection) -> Inner<T>) -> Result<T> {
        Ok(self.handle.readers.read(read)?)
    }

    /// Reads on a thread for blocking work, where there is a runtime that has them.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Inner<T> + Send + 'static,
    ) -> Result<T> {
        let readers = self.handle.readers.clone();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return Ok(readers.read(read)?) };
        let found = runtime.spawn_blocking(move || readers.read(read)).await;
        Ok(found.map_err(|error| StoreError::Fault(format!("a read did not end: {error}")))??)
    }

    /// Writes in the lane, in a transaction of its own. `write` also says whether a credential or a directory's row
    /// changed.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        removal: bool,
        write: impl FnOnce(&Connection) -> Inner<(T, bool)> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let found = Arc::new(Mutex::new(None));
        let result = found.clone();
        let job = Job {
            write: Box::new(move |connection| {
                let (value, credentials) = write(connection)?;
                *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
                Ok(credentials)
            }),
            answer: Box::new(move |settled| {
                // Whoever asked may have gone.
                let _ = sender.send(settled);
            }),
        };
        self.handle.shared.enter_job(job, removal)?;
        receiver.await.map_err(|_| ended())??;
        let value = found.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.ok_or_else(|| StoreError::Fault("a write has no result".into()))
    }
}

/// What is told to those whose request was with a lane that ended.
fn ended() -> StoreError {
    StoreError::Unknown("the writer's thread ended".into())
}

impl Store for Sqlite {
    async fn submit(&self, envelope: Envelope) -> Result<Answer> {
        let answer = self.handle.shared.submit(envelope)?;
        answer.await.map_err(|_| ended())?
    }

    async fn enter(&self, entry: Entry, receipt: Option<Receipt>) -> Result<Entered> {
        self.write(false, move |connection| entries::enter(connection, &entry, receipt.as_ref())).await
    }

    async fn receipt(&self, key: ReceiptKey, since: Timestamp) -> Result<Option<Receipt>> {
        self.read_here(|connection| receipts::receipt(connection, key, since))
    }

    async fn remove_receipts(&self, until: Timestamp, limit: usize) -> Result<bool> {
        self.write(false, move |connection| {
            receipts::remove(connection, until, limit).map(|removed| (removed == limit, false))
        })
        .await
    }

    async fn end_organization(&self, id: OrganizationId, request: RequestId) -> Result<bool> {
        self.write(true, move |connection| {
            organizations::end(connection, id, request).map(|ended| (ended, ended))
        })
        .await
    }

    async fn master_key_mark(&self) -> Result<Option<[u8; 16]>> {
        self.read_here(directories::master_key_mark)
    }

    async fn put_master_key_mark(&self, mark: [u8; 16]) -> Result<()> {
        self.write(false, move |connection| {
            directories::put_master_key_mark(connection, mark).map(|()| ((), false))
        })
        .await
    }

    async fn clear_organization(&self, id: OrganizationId) -> Result<bool> {
        self.write(false, move |connection| organizations::clear(connection, id).map(|done| (done, false)))
            .await
    }

    async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>> {
        self.read_here(|connection| organizations::organization(connection, id))
    }

    async fn organization_by_external_id(&self, external_id: &str) -> Result<Option<Organization>> {
        self.read_here(|connection| organizations::by_external_id(connection, external_id))
    }

    async fn organization_of_domain(&self, domain: DomainId) -> Result<Option<Organization>> {
        self.read_here(|connection| organizations::by_domain(connection, domain))
    }

    async fn organizations_with_domains(&self, names: Vec<String>) -> Result<Vec<Organization>> {
        self.read(move |connection| organizations::by_domains(connection, &names)).await
    }

    async fn organizations(&self, page: Page<OrganizationId>) -> Result<Vec<Organization>> {
        self.read(move |connection| organizations::list(connection, page)).await
    }

    async fn api_keys(&self, page: Page<ApiKeyId>) -> Result<Vec<ApiKey>> {
        self.read(move |connection| keys::list(connection, page)).await
    }

    async fn remove_api_key(&self, id: ApiKeyId) -> Result<KeyRemoval> {
        self.write(true, move |connection| {
            keys::remove(connection, id).map(|removal| (removal, removal == KeyRemoval::Done))
        })
        .await
    }

    async fn touch_api_keys(&self, uses: Vec<KeyUse>) -> Result<()> {
        self.write(false, move |connection| keys::touch(connection, &uses).map(|()| ((), false))).await
    }

    async fn api_key(&self, digest: [u8; 32]) -> Result<Option<ApiKey>> {
        self.read_here(|connection| keys::key(connection, digest))
    }

    async fn has_api_keys(&self) -> Result<bool> {
        self.read_here(keys::any)
    }

    async fn schemas(&self, directory: DirectoryNumber) -> Result<OwnSchemas> {
        self.read_here(|connection| directories::schemas(connection, directory))
    }

    async fn mapping(&self, directory: DirectoryNumber) -> Result<DirectoryMapping> {
        self.read_here(|connection| mappings::of_directory(connection, directory))
    }

    async fn organization_mapping(&self, id: OrganizationId) -> Result<OrganizationMapping> {
        self.read_here(|connection| mappings::of_organization(connection, id))
    }

    async fn put_organization_mapping(
        &self,
        id: OrganizationId,
        attributes: AttributeMapping,
        request: RequestId,
    ) -> Result<OrganizationMapping> {
        self.write(false, move |connection| {
            mappings::put_of_organization(connection, id, &attributes, request).map(|known| (known, false))
        })
        .await
    }

    async fn note_mapping_spread(&self, id: OrganizationId, version: u64) -> Result<()> {
        self.write(false, move |connection| mappings::spread(connection, id, version).map(|()| ((), false)))
            .await
    }

    async fn directory(&self, number: DirectoryNumber) -> Result<Option<(Directory, Head)>> {
        self.read_here(|connection| directories::directory(connection, number))
    }

    async fn directories(
        &self,
        query: DirectoryQuery,
        page: Page<LocalId>,
    ) -> Result<Vec<(Directory, Head)>> {
        self.read(move |connection| directories::directories(connection, &query, page)).await
    }

    async fn token(&self, digest: [u8; 32]) -> Result<Option<(DirectoryNumber, Token)>> {
        self.read_here(|connection| tokens::token(connection, digest))
    }

    async fn tokens(
        &self,
        directory: DirectoryNumber,
        client: Option<ClientId>,
        page: Page<TokenId>,
    ) -> Result<Vec<Token>> {
        self.read(move |connection| tokens::list(connection, directory, client, page)).await
    }

    async fn revoke_token(&self, directory: DirectoryNumber, token: TokenId) -> Result<bool> {
        self.write(true, move |connection| {
            tokens::revoke(connection, directory, token).map(|revoked| (revoked, revoked))
        })
        .await
    }

    async fn revoke_tokens_of(&self, directory: DirectoryNumber, client: ClientId) -> Result<usize> {
        self.write(true, move |connection| {
            tokens::revoke_of(connection, directory, client).map(|revoked| (revoked, revoked > 0))
        })
        .await
    }

    async fn touch_tokens(&self, uses: Vec<TokenUse>) -> Result<()> {
        self.write(false, move |connection| tokens::touch(connection, &uses).map(|()| ((), false))).await
    }

    async fn remove_expired_tokens(&self, now: Timestamp, limit: usize) -> Result<bool> {
        self.write(false, move |connection| {
            tokens::remove_expired(connection, now, limit).map(|removed| (removed == limit, removed > 0))
        })
        .await
    }

    async fn client(&self, id: ClientId) -> Result<Option<(DirectoryNumber, OAuthClient)>> {
        self.read_here(|connection| clients::client(connection, id))
    }

    async fn clients(&self, directory: DirectoryNumber, page: Page<ClientId>) -> Result<Vec<OAuthClient>> {
        self.read_here(|connection| clients::list(connection, directory, page))
    }

    async fn remove_client(&self, directory: DirectoryNumber, id: ClientId) -> Result<bool> {
        self.write(true, move |connection| {
            clients::remove(connection, directory, id).map(|removed| (removed, removed))
        })
        .await
    }

    async fn issue_token(&self, directory: DirectoryNumber, issue: Issue) -> Result<Issued> {
        self.write(false, move |connection| clients::issue(connection, directory, &issue)).await
    }

    fn epoch(&self) -> u64 {
        self.handle.shared.epoch()
    }

    async fn user(&self, directory: DirectoryNumber, id: LocalId) -> Result<Option<UserView>> {
        self.read_here(|connection| users::view(connection, directory, id))
    }

    async fn users(
        &self,
        directory: DirectoryNumber,
        lookup: Lookup,
        page: Page<LocalId>,
    ) -> Result<Vec<UserView>> {
        if gives_few(&lookup) {
            return self.read_here(|connection| users::list(connection, directory, &lookup, page));
        }
        self.read(move |connection| users::list(connection, directory, &lookup, page)).await
    }

    async fn shown_users(
        &self,
        directory: DirectoryNumber,
        lookup: Lookup,
        page: Page<LocalId>,
        attributes: &'static [&'static str],
    ) -> Result<ShownUsers> {
        self.read(move |connection| users::shown(connection, directory, &lookup, page, attributes)).await
    }

    async fn group(
        &self,
        directory: DirectoryNumber,
        id: LocalId,
        members: bool,
    ) -> Result<Option<GroupView>> {
        if !members {
            return self.read_here(|connection| groups::view(connection, directory, id, false));
        }
        self.read(move |connection| groups::view(connection, directory, id, true)).await
    }

    async fn groups(
        &self,
        directory: DirectoryNumber,
        lookup: Lookup,
        page: Page<LocalId>,
        members: bool,
    ) -> Result<Vec<GroupView>> {
        if gives_few(&lookup) && !members {
            return self.read_here(|connection| groups::list(connection, directory, &lookup, page, false));
        }
        self.read(move |connection| groups::list(connection, directory, &lookup, page, members)).await
    }

    async fn nth(&self, directory: DirectoryNumber, kind: Kind, index: u64) -> Result<Option<LocalId>> {
        self.read(move |connection| match kind {
            Kind::User => users::nth(connection, directory, index),
            Kind::Group => groups::nth(connection, directory, index),
        })
        .await
    }

    async fn position(&self, event: EventId) -> Result<Option<Position>> {
        self.read_here(|connection| events::position(connection, event))
    }

    async fn events(&self, query: EventQuery) -> Result<Vec<EventView>> {
        self.read(move |connection| events::list(connection, &query)).await
    }

    async fn shown_events(
        &self,
        query: EventQuery,
        attributes: &'static [&'static str],
    ) -> Result<Vec<EventView>> {
        self.read(move |connection| events::shown(connection, &query, attributes)).await
    }

    fn committed(&self) -> watch::Receiver<u64> {
        self.handle.shared.committed()
    }

    async fn work(&self, limit: usize) -> Result<Vec<Work>> {
        self.read(move |connection| work::list(connection, limit)).await
    }

    async fn clear(&self, directory: DirectoryNumber, limit: usize) -> Result<bool> {
        self.write(false, move |connection| {
            work::clear(connection, directory, limit).map(|more| (more, false))
        })
        .await
    }

    async fn verify(&self, directory: DirectoryNumber, standard: StandardOf) -> Result<Vec<String>> {
        self.read(move |connection| work::verify(connection, directory, standard, &mut || ())).await
    }

    async fn directory_numbers(&self) -> Result<Vec<DirectoryNumber>> {
        self.read(directories::numbers).await
    }

    async fn stop(&self) {
        self.handle.shared.stop();
        self.handle.shared.ended().await;
    }

    async fn ready(&self) -> Result<()> {
        self.read_here(keys::any)?;
        let shared = &self.handle.shared;
        if shared.has_died() {
            return Err(StoreError::Fault("the writer's thread ended".into()));
        }
        let Some(error) = shared.health() else { return Ok(()) };
        // A write failed and none has succeeded since. Whether one does now is found out by one, and by one at a time.
        let Some(probing) = shared.begin_probe() else { return Err(error) };
        let probed =
            self.write(false, move |connection| migrate::touch(connection).map(|()| (probing, false)));
        probed.await.map(drop)
    }
}

/// Whether an index gives one row or hardly more, so that reading it is not worth another thread.
fn gives_few(lookup: &Lookup) -> bool {
    matches!(lookup, Lookup::Id(_) | Lookup::UserName(_) | Lookup::ExternalId(_) | Lookup::Nothing)
}
