#![doc = include_str!("../README.md")]

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use lockstep_core::batch::Answer;
use lockstep_core::client::{OAuthClient, UsedAssertion};
use lockstep_core::clock::{Random, Timestamp};
use lockstep_core::command::Envelope;
use lockstep_core::event::{EventType, Record};
use lockstep_core::id::{
    ApiKeyId, ClientId, DirectoryNumber, DomainId, EventId, LocalId, OrganizationId, RequestId, TokenId,
};
use lockstep_core::mapping::{AttributeMapping, DirectoryMapping, StandardAttribute};
use lockstep_core::model::{ApiKey, Directory, Group, Head, Organization, Token, User};
use lockstep_core::query::{Kind, Lookup};
use lockstep_core::receipt::{Receipt, ReceiptKey};
use lockstep_core::schemas::OwnSchemas;
use lockstep_core::version::GroupOfUser;
use lockstep_core::written::Written;
use tokio::sync::watch;

#[cfg(feature = "conformance")]
pub mod conformance;
mod entry;
mod error;
pub mod memory;
mod page;
pub mod requests;

pub use entry::{Entered, Entry, KeyRemoval};
pub use error::{Result, StoreError};
pub use page::{Order, Page, Walk};
pub use requests::{RequestLog, RequestQuery, RequestRecord, RequestsInMemory};

/// Makes the source of randomness of one batch.
pub type RandomFactory = Arc<dyn Fn() -> Box<dyn Random> + Send + Sync>;

/// Tells what the contract of a directory maps by itself; `None` where nobody here knows the contract.
pub type StandardOf = fn(&Directory) -> Option<&'static [StandardAttribute]>;

/// Where an event stands in the list over all directories. Nothing ever appears before a position that was handed
/// out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Position(pub u64);

/// A user with what its representation derives from others.
#[derive(Clone, PartialEq, Debug)]
pub struct UserView {
    /// The user.
    pub user: User,
    /// The groups of which it is a direct member, by id; ended ones left out.
    pub groups: Vec<GroupOfUser>,
}

/// A user as a list shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct ShownUser {
    /// The user; of its resource perhaps only the attributes that were asked for.
    pub user: User,
    /// Where it is only some: the resource as it is stored.
    pub written: Option<Written>,
    /// The groups of which it is a direct member, by id; ended ones left out.
    pub groups: Vec<LocalId>,
}

/// Users as a list shows them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ShownUsers {
    /// The users, in the order of the list.
    pub users: Vec<ShownUser>,
    /// Every group that one of them is in.
    pub groups: BTreeMap<LocalId, Group>,
}

/// A group, with its members where they were asked for.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupView {
    /// The group.
    pub group: Group,
    /// The users that are direct members, by id; `None` where they were not asked for.
    pub members: Option<Vec<LocalId>>,
}

/// A user or group at the moment of an event, told by the record that the event names.
#[derive(Clone, PartialEq, Debug)]
pub struct EventView {
    /// Where it stands.
    pub position: Position,
    /// The record.
    pub record: Record,
    /// Of a membership: the last record about the user itself at that moment.
    pub user: Option<Record>,
    /// Of a membership: the last record about the group itself at that moment.
    pub group: Option<Record>,
}

/// Whose events to read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum EventScope {
    /// Those of all directories.
    #[default]
    All,
    /// Those of all directories, also deleted ones, that these organizations ever had.
    Organizations(Vec<OrganizationId>),
    /// Those of one directory.
    Directory(DirectoryNumber),
}

/// Which events to read. What a page costs does not depend on how far in the log it is, nor on how many
/// other events there are; save for the kinds of one directory, whose other events are read over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventQuery {
    /// Only what stands behind this.
    pub after: Position,
    /// Only what stands in front of this.
    pub before: Option<Position>,
    /// Begin with the last one; else with the first.
    pub newest_first: bool,
    /// Whose.
    pub scope: EventScope,
    /// Only these kinds; empty: all.
    pub types: Vec<EventType>,
    /// Only events of this time or later.
    pub since: Option<Timestamp>,
    /// Only events before this time.
    pub until: Option<Timestamp>,
    /// At most so many.
    pub limit: usize,
}

/// Which directories to list, newest first unless the page says otherwise.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DirectoryQuery {
    /// Only those of these organizations; `None`: of all.
    pub organizations: Option<Vec<OrganizationId>>,
    /// Only those whose name contains this, compared case-folded.
    pub search: Option<String>,
}

/// That a bearer token was used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenUse {
    /// Whose it is.
    pub directory: DirectoryNumber,
    /// Which one.
    pub token: TokenId,
    /// When.
    pub at: Timestamp,
}

/// A token to be issued to an OAuth client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issue {
    /// The token; it names its client, and the time of its making is the time now.
    pub token: Token,
    /// The assertion that the client showed.
    pub assertion: Option<UsedAssertion>,
    /// How many of the client's tokens may be alive.
    pub tokens_max: usize,
    /// How many of its assertions may be remembered.
    pub assertions_max: usize,
}

/// That an API key was used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyUse {
    /// Which one.
    pub key: ApiKeyId,
    /// When.
    pub at: Timestamp,
}

/// What became of a token that was to be issued.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Issued {
    /// It is there.
    Done,
    /// There is no such client in the directory any more.
    NoClient,
    /// The assertion was used before.
    UsedBefore,
    /// So many assertions are remembered that another one could not be.
    TooManyAssertions,
}

/// What an organization maps for all its directories, and whether all of them have it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OrganizationMapping {
    /// The attributes.
    pub attributes: AttributeMapping,
    /// The request that changed it last; `None` where nothing was ever mapped.
    pub request: Option<RequestId>,
    /// Grows with each change, and with each directory that comes without it.
    pub version: u64,
    /// The version by which all directories have it.
    pub spread: u64,
}

impl OrganizationMapping {
    /// Whether all its directories have it.
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        self.spread == self.version
    }
}

/// Something that was begun and must be gone on with. It is found in the rows, so that a crash loses none of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// A deleted group has memberships left: submit `Command::EndGroup`.
    EndGroup(DirectoryNumber, LocalId),
    /// A directory's stored resources must follow a change of its schemas or of what is mapped: submit `Command::Sweep`.
    Sweep(DirectoryNumber),
    /// A directory is behind what contracts map by themselves
    /// ([`STANDARD_VERSION`](lockstep_core::mapping::STANDARD_VERSION)): submit `Command::Reproject`.
    Reproject(DirectoryNumber),
    /// Some directories of an organization may not have what it maps: submit `Command::ChangeMapping` to each, and then
    /// call [`Store::note_mapping_spread`].
    SpreadMapping(OrganizationId),
    /// A deleted directory has rows left: call [`Store::clear`].
    Clear(DirectoryNumber),
    /// An organization was deleted by this request: delete its directories, then call [`Store::clear_organization`].
    EndOrganization(OrganizationId, RequestId),
}

/// What a store promises. Every backend passes the cases of `conformance`, which is where each promise is told as a case.
///
/// Every method that is about a directory takes its number first, and answers for no other. Reads see one consistent
/// state, never wait for writers, and hold no transaction when they return.
pub trait Store: Clone + Send + Sync + 'static {
    /// Carries a command out in its directory's writer lane, in one transaction with all that wait there. When this
    /// answers `Ok(Ok(_))` the change and its events are durable; `Ok(Err(_))` is a refusal that left nothing. On
    /// `Err(_)` nothing of it happened, save for [`StoreError::Unknown`]. Dropping the future cancels nothing.
    ///
    /// Removals go ahead of what waits; but two commands that name the same user or group are carried out in the order in
    /// which they were submitted.
    fn submit(&self, envelope: Envelope) -> impl Future<Output = Result<Answer>> + Send;

    /// Records what an application's request asks for, with the receipt of the request, in one transaction. Where the
    /// request was carried out before, within [`RECEIPT_LIFETIME`](lockstep_core::receipt::RECEIPT_LIFETIME), nothing
    /// happens. [`StoreError::Conflict`] where something that is one's alone is another's: an organization's
    /// `external_id`, a `domain`, a `token`, a `client`, an `api_key` (one that was removed included).
    /// [`StoreError::NotFound`] where the directory that it is for is not there or was deleted.
    fn enter(&self, entry: Entry, receipt: Option<Receipt>) -> impl Future<Output = Result<Entered>> + Send;
    /// What is kept of a request that was carried out after this time.
    fn receipt(
        &self,
        key: ReceiptKey,
        since: Timestamp,
    ) -> impl Future<Output = Result<Option<Receipt>>> + Send;
    /// Removes up to `limit` receipts of this time and before; whether there may be more.
    fn remove_receipts(&self, until: Timestamp, limit: usize) -> impl Future<Output = Result<bool>> + Send;

    /// Makes or changes an organization. [`StoreError::Conflict`] where its external id or a domain is another's.
    fn put_organization(&self, organization: Organization) -> impl Future<Output = Result<()>> + Send {
        async move { self.enter(Entry::Organization(Box::new(organization)), None).await.map(drop) }
    }
    /// Changes an organization from `before` to `after`, which has the same id. False where it is no longer as `before`
    /// says (or there is none), and nothing happened; [`StoreError::Conflict`] where the external id or a domain is
    /// another's.
    fn replace_organization(
        &self,
        before: Organization,
        after: Organization,
    ) -> impl Future<Output = Result<bool>> + Send {
        let entry = Entry::Replacement { before: Box::new(before), after: Box::new(after) };
        async move { Ok(self.enter(entry, None).await? == Entered::Done) }
    }
    /// Deletes an organization: it is not found any more, its domains and its external id are free, no directory is made
    /// for it, and API keys that are limited to some organizations lose it, [`Store::epoch`] included. What is left is
    /// [`Work::EndOrganization`]. Whether there was one.
    fn end_organization(
        &self,
        id: OrganizationId,
        request: RequestId,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Ends the work of a deleted organization that has no directories any more; whether that is so.
    fn clear_organization(&self, id: OrganizationId) -> impl Future<Output = Result<bool>> + Send;
    /// An organization.
    fn organization(&self, id: OrganizationId) -> impl Future<Output = Result<Option<Organization>>> + Send;
    /// The organization that the application knows by this id.
    fn organization_by_external_id(
        &self,
        external_id: &str,
    ) -> impl Future<Output = Result<Option<Organization>>> + Send;
    /// The organization that has the domain with this id.
    fn organization_of_domain(
        &self,
        domain: DomainId,
    ) -> impl Future<Output = Result<Option<Organization>>> + Send;
    /// The organizations that have one of these domains, each once, by id.
    fn organizations_with_domains(
        &self,
        names: Vec<String>,
    ) -> impl Future<Output = Result<Vec<Organization>>> + Send;
    /// Organizations, by id.
    fn organizations(
        &self,
        page: Page<OrganizationId>,
    ) -> impl Future<Output = Result<Vec<Organization>>> + Send;

    /// The mark of the master key that the stored secrets are sealed with, as it was noted last.
    fn master_key_mark(&self) -> impl Future<Output = Result<Option<[u8; 16]>>> + Send;
    /// Notes the mark of the master key, in place of another.
    fn put_master_key_mark(&self, mark: [u8; 16]) -> impl Future<Output = Result<()>> + Send;

    /// Adds an API key, however many there are. [`StoreError::Conflict`] where the digest or the id is another's, or was
    /// one that was removed.
    fn put_api_key(&self, key: ApiKey) -> impl Future<Output = Result<()>> + Send {
        async move { self.enter(Entry::ApiKey { key, max: usize::MAX }, None).await.map(drop) }
    }
    /// API keys by id, expired ones included.
    fn api_keys(&self, page: Page<ApiKeyId>) -> impl Future<Output = Result<Vec<ApiKey>>> + Send;
    /// Removes an API key, unless it is the last one from which nothing is kept. Effective at once, [`Store::epoch`]
    /// included; and its secret never becomes a key again.
    fn remove_api_key(&self, id: ApiKeyId) -> impl Future<Output = Result<KeyRemoval>> + Send;
    /// Notes when API keys were last used, as [`Store::touch_tokens`] does of tokens.
    fn touch_api_keys(&self, uses: Vec<KeyUse>) -> impl Future<Output = Result<()>> + Send;
    /// The API key with this digest, expired or not.
    fn api_key(&self, digest: [u8; 32]) -> impl Future<Output = Result<Option<ApiKey>>> + Send;
    /// Whether there is any API key.
    fn has_api_keys(&self) -> impl Future<Output = Result<bool>> + Send;

    /// The schemas that a directory has of its own; none for a directory that is not there.
    fn schemas(&self, directory: DirectoryNumber) -> impl Future<Output = Result<OwnSchemas>> + Send;
    /// What is mapped for a directory; nothing for one that is not there.
    fn mapping(&self, directory: DirectoryNumber) -> impl Future<Output = Result<DirectoryMapping>> + Send;
    /// What an organization maps for all its directories; nothing for one that is not there.
    fn organization_mapping(
        &self,
        id: OrganizationId,
    ) -> impl Future<Output = Result<OrganizationMapping>> + Send;
    /// Lets an organization map this, where it mapped something else; what it maps then. Until all its directories have
    /// it, [`Work::SpreadMapping`] tells. [`StoreError::NotFound`] where there is no such organization.
    fn put_organization_mapping(
        &self,
        id: OrganizationId,
        attributes: AttributeMapping,
        request: RequestId,
    ) -> impl Future<Output = Result<OrganizationMapping>> + Send;
    /// Notes that all directories of an organization have what it mapped by this version. What was mapped since then, and
    /// a directory that came since then without it, must still follow.
    fn note_mapping_spread(
        &self,
        id: OrganizationId,
        version: u64,
    ) -> impl Future<Output = Result<()>> + Send;
    /// A directory and the head of its log. Deleted ones are found too, also once they are cleared: their log stays,
    /// their number stays taken, and their last event is told with what the row says.
    fn directory(
        &self,
        number: DirectoryNumber,
    ) -> impl Future<Output = Result<Option<(Directory, Head)>>> + Send;
    /// Directories that are not deleted, those of deleted organizations left out unless they are asked for, by `local` part of their id (which grows with time).
    fn directories(
        &self,
        query: DirectoryQuery,
        page: Page<LocalId>,
    ) -> impl Future<Output = Result<Vec<(Directory, Head)>>> + Send;
    /// The bearer token with this digest, expired or not, and whose it is.
    fn token(
        &self,
        digest: [u8; 32],
    ) -> impl Future<Output = Result<Option<(DirectoryNumber, Token)>>> + Send;
    /// A directory's bearer tokens by id, expired ones included: those that were issued to this client, or with `None`
    /// those that were issued to none.
    fn tokens(
        &self,
        directory: DirectoryNumber,
        client: Option<ClientId>,
        page: Page<TokenId>,
    ) -> impl Future<Output = Result<Vec<Token>>> + Send;
    /// Adds a bearer token to a directory. [`StoreError::NotFound`] where there is no such directory or it was
    /// deleted, [`StoreError::Conflict`] where the digest is another's.
    fn put_token(&self, directory: DirectoryNumber, token: Token) -> impl Future<Output = Result<()>> + Send {
        async move { self.enter(Entry::Token { directory, token, max: usize::MAX }, None).await.map(drop) }
    }
    /// Removes a bearer token; whether there was one. Effective at once, [`Store::epoch`] included.
    fn revoke_token(
        &self,
        directory: DirectoryNumber,
        token: TokenId,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Removes the bearer tokens that were issued to a client; how many there were. Effective at once,
    /// [`Store::epoch`] included.
    fn revoke_tokens_of(
        &self,
        directory: DirectoryNumber,
        client: ClientId,
    ) -> impl Future<Output = Result<usize>> + Send;
    /// Notes when bearer tokens were last used, in one write: a time that is earlier than what is noted changes nothing,
    /// nor does a token that is gone. [`Store::epoch`] stays, since what a token grants does not change.
    fn touch_tokens(&self, uses: Vec<TokenUse>) -> impl Future<Output = Result<()>> + Send;
    /// Removes up to `limit` tokens that were issued to clients and expired at `now` or before, in any directory; whether
    /// there may be more. The others stay until they are revoked, so that it can be seen what became of them.
    fn remove_expired_tokens(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Adds an OAuth client to a directory. [`StoreError::NotFound`] where there is no such directory or it was deleted,
    /// [`StoreError::Conflict`] where the id is another's.
    fn put_client(
        &self,
        directory: DirectoryNumber,
        client: OAuthClient,
    ) -> impl Future<Output = Result<()>> + Send {
        async move { self.enter(Entry::Client { directory, client, max: usize::MAX }, None).await.map(drop) }
    }
    /// The OAuth client with this id, and whose it is.
    fn client(
        &self,
        id: ClientId,
    ) -> impl Future<Output = Result<Option<(DirectoryNumber, OAuthClient)>>> + Send;
    /// A directory's OAuth clients, by id.
    fn clients(
        &self,
        directory: DirectoryNumber,
        page: Page<ClientId>,
    ) -> impl Future<Output = Result<Vec<OAuthClient>>> + Send;
    /// Removes an OAuth client and with it the tokens that were issued to it, at once; whether there was one. Effective
    /// at once, [`Store::epoch`] included.
    fn remove_client(
        &self,
        directory: DirectoryNumber,
        id: ClientId,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Adds a token to a client that is still there, and remembers the assertion by which it was asked for, in one step:
    /// of two that show the same assertion one is refused, and no token outlives its client. Where the client has more
    /// tokens than it may, the oldest go. Assertions that have expired are forgotten. [`StoreError::Conflict`] where the
    /// digest is another's.
    fn issue_token(
        &self,
        directory: DirectoryNumber,
        issue: Issue,
    ) -> impl Future<Output = Result<Issued>> + Send;
    /// A number that grows whenever an API key, a token or a directory's row changed: what was cached of them under
    /// another number must be read again. That a token expires is no change, and its last use is none. It grows too where it is not known whether a write happened.
    fn epoch(&self) -> u64;

    /// A user.
    fn user(
        &self,
        directory: DirectoryNumber,
        id: LocalId,
    ) -> impl Future<Output = Result<Option<UserView>>> + Send;
    /// The users that an index gives, by id.
    fn users(
        &self,
        directory: DirectoryNumber,
        lookup: Lookup,
        page: Page<LocalId>,
    ) -> impl Future<Output = Result<Vec<UserView>>> + Send;
    /// The users that an index gives, by id, to be passed on: of their resources these attributes are read at least. All
    /// in one consistent read, groups too.
    fn shown_users(
        &self,
        directory: DirectoryNumber,
        lookup: Lookup,
        page: Page<LocalId>,
        attributes: &'static [&'static str],
    ) -> impl Future<Output = Result<ShownUsers>> + Send;
    /// A group, not ended; the members in the same consistent read where they are wanted.
    fn group(
        &self,
        directory: DirectoryNumber,
        id: LocalId,
        members: bool,
    ) -> impl Future<Output = Result<Option<GroupView>>> + Send;
    /// The groups, not ended, that an index gives, by id.
    fn groups(
        &self,
        directory: DirectoryNumber,
        lookup: Lookup,
        page: Page<LocalId>,
        members: bool,
    ) -> impl Future<Output = Result<Vec<GroupView>>> + Send;
    /// The user or group (not ended) with `index` others of its kind before it, by id.
    fn nth(
        &self,
        directory: DirectoryNumber,
        kind: Kind,
        index: u64,
    ) -> impl Future<Output = Result<Option<LocalId>>> + Send;

    /// Where an event stands; `None` where there is no such event.
    fn position(&self, event: EventId) -> impl Future<Output = Result<Option<Position>>> + Send;
    /// Events, oldest first.
    fn events(&self, query: EventQuery) -> impl Future<Output = Result<Vec<EventView>>> + Send;
    /// The same events to be passed on: of the resources that they tell of these attributes are read at least.
    fn shown_events(
        &self,
        query: EventQuery,
        attributes: &'static [&'static str],
    ) -> impl Future<Output = Result<Vec<EventView>>> + Send;
    /// Wakes whoever waits for events, after a commit. Carries nothing: what there is stands in the store.
    fn committed(&self) -> watch::Receiver<u64>;

    /// What was begun and must be gone on with; at most `limit`.
    fn work(&self, limit: usize) -> impl Future<Output = Result<Vec<Work>>> + Send;
    /// Clears up to `limit` rows of a deleted directory, never its log nor its own row; whether there is more.
    /// Idempotent. Does nothing to a directory that was not deleted.
    fn clear(&self, directory: DirectoryNumber, limit: usize) -> impl Future<Output = Result<bool>> + Send;

    /// Replays a directory's log against its rows, and makes what was made of its users anew, in one consistent read. Empty where every promise holds; what is
    /// found is named by ids, without personal data.
    fn verify(
        &self,
        directory: DirectoryNumber,
        standard: StandardOf,
    ) -> impl Future<Output = Result<Vec<String>>> + Send;
    /// The numbers of all directories, deleted ones included.
    fn directory_numbers(&self) -> impl Future<Output = Result<Vec<DirectoryNumber>>> + Send;
    /// Answers once every write that was submitted has been answered; later ones are refused as
    /// [`StoreError::Stopping`].
    fn stop(&self) -> impl Future<Output = ()> + Send;
    /// Whether the store can serve: a read works, and since the last write that failed for a reason of the store's own,
    /// one has succeeded. Asking makes sure of that by a write, one at a time.
    fn ready(&self) -> impl Future<Output = Result<()>> + Send;
}
