//! Every bound on what the application and the network may ask of this crate. What an IdP may send is bounded by
//! `lockstep_scim::Limits`.

use std::time::Duration;

/// Bytes of the body of an API request (413).
pub const API_BODY_BYTES_LIMIT: usize = 1024 * 1024;
/// Bytes of a body beyond its bound that are read and forgotten before the answer; then the connection ends.
pub const BODY_DISCARDED_LIMIT: usize = 64 * 1024 * 1024;
/// How long a request's body may take to arrive (408).
pub const BODY_WAIT_LIMIT: Duration = Duration::from_secs(30);
/// Things on a page of a list where the request does not say.
pub const PAGE_DEFAULT: usize = 10;
/// Things on a page of a list at most (422).
pub const PAGE_LIMIT: usize = 100;
/// Bytes of a name: of an organization, of a directory, of a key in metadata (422).
pub const NAME_BYTES_LIMIT: usize = 256;
/// Bytes of an organization's `external_id` (422).
pub const EXTERNAL_ID_BYTES_LIMIT: usize = 256;
/// Bytes of one value in metadata (422).
pub const METADATA_VALUE_BYTES_LIMIT: usize = 600;
/// Entries in an organization's metadata (422).
pub const METADATA_ENTRIES_LIMIT: usize = 50;
/// Users that share an e-mail address or an id of the IdP and are looked at to answer one filter.
pub const FILTER_ROWS_LIMIT: usize = 1_000;
/// Credentials that are remembered; beyond, all are forgotten and read again.
pub const CREDENTIALS_REMEMBERED_LIMIT: usize = 10_000;
/// How long the noted last use of a token may stand behind the last one, and how often what is due by the clock is done.
pub const TOKEN_USE_PERIOD: Duration = Duration::from_mins(1);
/// Bearer tokens of a directory (409), those of OAuth clients not counted; beyond, expired ones give way.
pub const TOKENS_LIMIT: usize = 20;
/// Expired tokens that one step removes.
pub const EXPIRED_TOKENS_LIMIT: usize = 1_000;
/// How often a number for a new directory is drawn before giving up.
pub const NUMBER_DRAWS_LIMIT: usize = 16;
/// Characters below which an API key that an operator chose is warned of: it could be guessed.
pub const API_KEY_CHARS_ADVISED: usize = 16;
/// Characters of the end of an API key that are shown where it is listed.
pub const API_KEY_CHARS_SHOWN: usize = 4;
/// Characters from which on an API key may show its end: what is left is still more than anybody can guess.
pub const API_KEY_CHARS_UNGUESSABLE: usize = 32;
/// API keys; beyond, expired ones give way (409).
pub const API_KEYS_LIMIT: usize = 1_000;
/// Organizations to which an API key may be limited.
pub const API_KEY_ORGANIZATIONS_LIMIT: usize = 100;
/// How long a credential may live on that was rotated: 30 days.
pub const OVERLAP_LIMIT: Duration = Duration::from_hours(30 * 24);
/// Bytes of what a client calls a request that may come again.
pub const IDEMPOTENCY_KEY_BYTES_LIMIT: usize = 255;
/// Bytes of an answer that is kept for a request that may come again; of a longer one it is not.
pub const RECEIPT_BYTES_LIMIT: usize = 256 * 1024;
/// Receipts that one step removes.
pub const RECEIPTS_REMOVED_LIMIT: usize = 1_000;
/// Domains of an organization.
pub const DOMAINS_LIMIT: usize = 100;
/// Domains by which organizations are looked for at once.
pub const DOMAINS_ASKED_LIMIT: usize = 100;
/// Bytes of a domain, as DNS has them (RFC 1035 §2.3.4).
pub const DOMAIN_BYTES_LIMIT: usize = 253;
/// Bytes of a `stripe_customer_id`.
pub const STRIPE_ID_BYTES_LIMIT: usize = 256;
/// Directories of a deleted organization that one step deletes.
pub const ORGANIZATION_STEP_LIMIT: usize = 16;
/// Bytes of an `Authorization` header; a longer one is no credential. A JWT with its scheme fits.
pub const CREDENTIAL_BYTES_LIMIT: usize = JWT_BYTES_LIMIT + 64;
/// How often a request is read anew because its directory's terms changed meanwhile, before it is answered 503.
pub const READINGS_LIMIT: usize = 8;
/// Things that one turn of the worker takes up.
pub const WORK_LIMIT: usize = 64;
/// Directories that one step hands what their organization maps, and how many are read at once for it.
pub const SPREAD_DIRECTORIES_LIMIT: usize = 100;
/// Rows of a deleted directory that one step clears.
pub const CLEAR_ROWS_LIMIT: usize = 1_000;
/// How long the worker waits before it tries again what the store could not do.
pub const WORK_RETRY_WAIT: Duration = Duration::from_secs(1);
/// Resources that a SCIM list answers with where the request does not say; at most `lockstep_scim::Limits` says.
pub const SCIM_PAGE_DEFAULT: usize = 100;
/// Candidates of a filter or order that are read at a time.
pub const CANDIDATES_LIMIT: usize = 500;
/// The same where each comes with all its members.
pub const CANDIDATES_WITH_MEMBERS_LIMIT: usize = 16;
/// How long a cursor of a SCIM list is good for after it was answered (400 expiredCursor).
pub const CURSOR_TIMEOUT: Duration = Duration::from_hours(1);
/// Changes and deletions since a sorted walk began that a page of it puts back (400 expiredCursor).
pub const HISTORY_EVENTS_LIMIT: usize = 10_000;
/// How many of them are read at a time.
pub const HISTORY_EVENTS_READ: usize = 500;
/// Characters of a sealed text, such as a cursor; a longer one is none of ours.
pub const SEALED_CHARS_LIMIT: usize = 512;
/// Searches that look at many candidates, because no index answers them, at once; others wait.
pub const SCANS_LIMIT: usize = 4;
/// How many candidates a search may look at before it is one of those.
pub const SCAN_FREE_LIMIT: usize = 5_000;
/// How long such a search waits for its turn (503).
pub const SCAN_WAIT_LIMIT: Duration = Duration::from_secs(10);
/// Directories of which is remembered what their requests showed; beyond, all is forgotten and seen again.
pub const EVIDENCE_LIMIT: usize = 10_000;
/// Bytes of a JWT: a bearer token that an IdP's issuer signed, or a client's assertion.
pub const JWT_BYTES_LIMIT: usize = 8 * 1024;
/// Bytes of a JSON Web Key Set, fetched or registered.
pub const JWK_SET_BYTES_LIMIT: usize = 256 * 1024;
/// Keys in a JSON Web Key Set.
pub const JWK_SET_KEYS_LIMIT: usize = 100;
/// Bytes of the name of a key in a JSON Web Key Set.
pub const KEY_ID_BYTES_LIMIT: usize = 256;
/// By how much the clocks of two machines may differ when a JWT's times are checked.
pub const CLOCK_LEEWAY: Duration = Duration::from_mins(1);
/// How long a connection to another server may take, TLS included.
pub const OUTBOUND_CONNECT_WAIT: Duration = Duration::from_secs(3);
/// How long a request to another server may take in all.
pub const OUTBOUND_WAIT: Duration = Duration::from_secs(5);
/// Issuers whose keys are remembered; beyond, all are forgotten and fetched again.
pub const ISSUER_KEY_SETS_LIMIT: usize = 1_000;
/// After how long an issuer's keys are fetched again.
pub const ISSUER_KEYS_FRESH_WAIT: Duration = Duration::from_hours(1);
/// How long an issuer's keys are used where they cannot be fetched again.
pub const ISSUER_KEYS_KEPT_LIMIT: Duration = Duration::from_hours(24);
/// How long after a fetch of an issuer's keys the next may be tried, whatever tokens name.
pub const ISSUER_KEYS_RETRY_WAIT: Duration = Duration::from_mins(1);
/// How long a client's assertion may be of use, at most: so long it is remembered, too.
pub const ASSERTION_LIFETIME_LIMIT: Duration = Duration::from_mins(10);
/// How long an IdP's own token may be of use, at most: one that says more is not as its issuer makes them.
pub const ISSUED_TOKEN_LIFETIME_LIMIT: Duration = Duration::from_hours(48);
/// How long a token is of use that an OAuth client was issued.
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_hours(1);
/// Tokens that an OAuth client may have at a time; beyond, its oldest goes.
pub const CLIENT_TOKENS_LIMIT: usize = 100;
/// Assertions of an OAuth client that are remembered at a time; beyond, 429.
pub const CLIENT_ASSERTIONS_LIMIT: usize = 1_000;
/// OAuth clients of a directory (409).
pub const CLIENTS_LIMIT: usize = 100;
/// Bytes of the body of a request for a token (413).
pub const FORM_BYTES_LIMIT: usize = 32 * 1024;
/// Request records that wait to be written; beyond, the oldest are dropped and counted. Of reads half as many.
pub const RECORDS_WAITING_LIMIT: usize = 4_096;
/// Bytes that they hold in memory meanwhile.
pub const RECORDS_WAITING_BYTES_LIMIT: usize = 32 * 1024 * 1024;
/// Request records that are written in one transaction.
pub const RECORDS_BATCH_LIMIT: usize = 1_024;
/// How long a request record waits for others to be written together with it: a crash takes so many with it.
pub const RECORDS_GATHER_WAIT: Duration = Duration::from_millis(250);
/// How long whoever asks for records waits for those that are not written yet.
pub const RECORDS_SETTLE_WAIT: Duration = Duration::from_secs(2);
/// Request records that one step of pruning or clearing removes.
pub const RECORDS_REMOVED_LIMIT: usize = 1_000;
/// Requests with a wrong credential, or none, that are recorded in a minute, for each directory: nobody without a
/// credential fills the records.
pub const STRANGERS_RECORDED_LIMIT: u32 = 10;
/// Characters of a text in a request record; the rest is cut.
pub const RECORDED_TEXT_CHARS_LIMIT: usize = 512;
/// Elements of a list in a request record; a longer one is counted instead.
pub const RECORDED_LIST_LIMIT: usize = 20;
/// The same of the operations of a PATCH or a bulk, of which the first are kept.
pub const RECORDED_OPERATIONS_LIMIT: usize = 50;
/// Bytes of a body in a request record; what is behind is left out.
pub const RECORDED_BODY_BYTES_LIMIT: usize = 16 * 1024;
/// Bytes of a body that a request record may hold as it came, where it names no secret: it is bounded when it is shown.
pub const RECORDED_AS_SENT_BYTES_LIMIT: usize = 4 * 1024;
/// Bytes of an answer beyond which a request record holds its length alone.
pub const RECORDED_ANSWER_BYTES_LIMIT: usize = 64 * 1024;
/// Repairs, notes and pieces of advice in a request record, of each.
pub const RECORDED_NOTES_LIMIT: usize = 50;
/// Events of which a request record tells the ids; of others it tells how many.
pub const RECORDED_EVENTS_LIMIT: usize = 100;
/// Users at whom one look at mapped attributes or roles looks where the request does not say.
pub const EXAMINED_DEFAULT: usize = 100;
/// The same at most.
pub const EXAMINED_LIMIT: usize = 1_000;
/// Bytes that such a look tells, about; beyond, it ends at the user where it is.
pub const EXAMINED_BYTES_LIMIT: usize = 4 * 1024 * 1024;
