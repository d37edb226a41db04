//! The whole server without a socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::middleware::Next;
use http::Request;
use lockstep_core::clock::{ManualClock, Sequence, Timestamp};
use lockstep_core::id::{ApiKeyId, OrganizationId};
use lockstep_core::model::{ApiKey, Reach};
use lockstep_core::rules::Rule;
use lockstep_scim::Limits;
use lockstep_server::keys::MasterKey;
use lockstep_server::oauth::KeySource;
use lockstep_server::requests::{Keeping, Requests};
use lockstep_server::state::{AppState, Secrets, SeededSecrets, digest_of, standard_of};
use lockstep_server::worker::{self, Turn};
use lockstep_server::{auth, routes};
use lockstep_store::memory::Memory;
use lockstep_store::{RandomFactory, Store};
use lockstep_store_sqlite::{Options, Sqlite, SqliteRequests};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::answer::{Answer, ask, request};
use crate::client::{ScimClient, id_of};

/// The time at which every test's clock begins: 2026-11-21T12:00:00Z.
pub const CLOCK_START: Timestamp = Timestamp(1_795_262_400_000_000);

/// A server in process, with one API key that reaches everything.
pub struct TestApp<S: Store = Memory> {
    /// What the server shares.
    pub state: AppState<S>,
    /// The server.
    pub router: Router,
    /// The API key.
    pub api_key: String,
    /// The server's clock: a millisecond passes with each request.
    pub clock: Arc<ManualClock>,
    /// Where the database stands, if there is a file; it goes with the server.
    folder: Option<TempDir>,
}

impl TestApp {
    /// A server over an empty store in memory.
    pub async fn start() -> Self {
        let clock = Arc::new(ManualClock::at(CLOCK_START));
        Self::over(Memory::new(clock.clone(), seeded()), clock).await
    }
}

impl TestApp<Sqlite> {
    /// A server over a new SQLite database.
    pub async fn start_on_sqlite() -> Self {
        let clock = Arc::new(ManualClock::at(CLOCK_START));
        let folder = tempfile::tempdir().expect("a folder for the database");
        let options = Options::new(clock.clone(), seeded());
        let path = folder.path().join("lockstep.db");
        let store = Sqlite::open(&path, options).expect("a new database");
        let requests = SqliteRequests::open(&SqliteRequests::beside(&path)).expect("a new file");
        let mut app = Self::over(store, clock).await;
        app.folder = Some(folder);
        app.with_requests(Requests::on(Arc::new(requests), Keeping::default()))
    }

    /// All that stands in the database's files, read as text: to look for what must not be there.
    pub fn database(&self) -> String {
        let folder = self.folder.as_ref().expect("a database in a folder").path();
        let files = std::fs::read_dir(folder).expect("the folder can be read");
        let files = files.map(|file| std::fs::read(file.expect("the folder can be read").path()));
        let bytes: Vec<u8> = files.flat_map(|bytes| bytes.expect("the file can be read")).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The same random numbers for every test.
fn seeded() -> RandomFactory {
    let draws = AtomicU64::new(1);
    Arc::new(move || Box::new(Sequence::from_seed(draws.fetch_add(1, Ordering::Relaxed))))
}

impl<S: Store> TestApp<S> {
    /// A server over this store, which reads this clock.
    pub async fn over(store: S, clock: Arc<ManualClock>) -> Self {
        let secrets: Arc<dyn Secrets> = Arc::new(SeededSecrets::from_seed(1));
        let key = MasterKey::new([1; 32]);
        let state =
            AppState::new(store, clock.clone(), secrets, Limits::default(), "https://lockstep.test/", &key);
        let accepted = auth::accept_api_key(&state, None).await.expect("the store takes an API key");
        let api_key = accepted.expect("a new API key is shown");
        Self { router: routes::app(state.clone()), state, api_key, clock, folder: None }
    }

    /// The same server without the repairs of these names.
    #[must_use]
    pub fn without_repairs(mut self, names: &[&'static str]) -> Self {
        self.state = self.state.without_repairs(names);
        self.router = routes::app(self.state.clone());
        self
    }

    /// The same server with these rules of every contract put to what they are elsewhere.
    #[must_use]
    pub fn without_rules(mut self, rules: &[Rule]) -> Self {
        self.state = self.state.without_rules(rules);
        self.router = routes::app(self.state.clone());
        self
    }

    /// The same server, which records no requests.
    #[must_use]
    pub fn without_records(self) -> Self {
        self.with_requests(Requests::off())
    }

    /// The same server, which records requests so.
    #[must_use]
    pub fn with_requests(mut self, requests: Requests) -> Self {
        self.state = self.state.with_requests(requests);
        self.router = routes::app(self.state.clone());
        self
    }

    /// The same server, in which an IdP may ask so often in a second.
    #[must_use]
    pub fn with_scim_requests_per_second(mut self, rate: u32) -> Self {
        self.state = self.state.with_scim_requests_per_second(rate.try_into().expect("more than none"));
        self.router = routes::app(self.state.clone());
        self
    }

    /// The same server, which gets the keys of issuers of tokens from there.
    #[must_use]
    pub fn with_key_source(mut self, source: Arc<dyn KeySource>) -> Self {
        self.state = self.state.with_key_source(source);
        self.router = routes::app(self.state.clone());
        self
    }

    /// Sends any request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        self.clock.advance(1_000);
        ask(&self.router, request).await
    }

    /// Sends a request with the API key; null for no body.
    pub async fn api(&self, method: &str, path: &str, body: Value) -> Answer {
        self.api_as(&self.api_key, method, path, body).await
    }

    /// Sends a request with another API key.
    pub async fn api_as(&self, key: &str, method: &str, path: &str, body: Value) -> Answer {
        self.send(request(method, path, Some(key), "application/json", &body)).await
    }

    /// The body of a successful `GET`.
    pub async fn read(&self, path: &str) -> Value {
        self.api("GET", path, Value::Null).await.expect(200)
    }

    /// Makes an organization and answers with its id.
    pub async fn organization(&self, name: &str) -> String {
        id_of(&self.api("POST", "/organizations", json!({ "name": name })).await.expect(201))
    }

    /// Makes a directory of this type, and the client of its IdP.
    pub async fn directory(&self, organization: &str, directory_type: &str) -> ScimClient {
        let body = json!({ "organization_id": organization, "name": "Directory", "type": directory_type });
        self.directory_as(body, organization).await
    }

    /// Makes a directory with the contract of this short name, and the client of its IdP.
    pub async fn directory_of(&self, organization: &str, slug: &str) -> ScimClient {
        let provider = lockstep_idp::by_slug(slug).expect("a known IdP");
        let body = json!({
            "organization_id": organization, "name": "Directory",
            "type": provider.directory_type(), "contract": slug,
        });
        self.directory_as(body, organization).await
    }

    async fn directory_as(&self, body: Value, organization: &str) -> ScimClient {
        let made = self.api("POST", "/directories", body).await.expect(201);
        let text =
            |name: &str| made.get(name).and_then(Value::as_str).expect("the answer is whole").to_owned();
        let base = text("scim_endpoint");
        let base = base.strip_prefix(&self.state.public_url).expect("the endpoint is below the public URL");
        ScimClient {
            directory: text("id"),
            organization: organization.to_owned(),
            base: base.to_owned(),
            token: text("bearer_token"),
            router: self.router.clone(),
            clock: self.clock.clone(),
        }
    }

    /// Makes an organization with one directory of the most general type.
    pub async fn tenant(&self, name: &str) -> ScimClient {
        let organization = self.organization(name).await;
        self.directory(&organization, "generic scim v2.0").await
    }

    /// An API key that reaches only these organizations.
    pub async fn key_for(&self, organizations: &[&str]) -> String {
        let ids =
            organizations.iter().map(|id| OrganizationId::parse(id).expect("an organization's id")).collect();
        let mut random = self.state.secrets.random();
        let id = ApiKeyId::draw(CLOCK_START, &mut *random);
        let secret = format!("key-of-a-test-{id}");
        let reach = Reach::Organizations(ids);
        let key = ApiKey { reach, ..ApiKey::unrestricted(id, digest_of(&secret), CLOCK_START) };
        self.state.store.put_api_key(key).await.expect("the store takes an API key");
        secret
    }

    /// The events of this query, all on one page.
    pub async fn events(&self, query: &str) -> Vec<Value> {
        let page = self.read(&format!("/events?limit=100&{query}")).await;
        page.get("data").and_then(Value::as_array).expect("a list").clone()
    }

    /// Does all background work that there is.
    pub async fn work(&self) {
        while worker::turn(&self.state).await.expect("the work can be done") == Turn::More {}
        worker::tend(&self.state).await.expect("the work can be done");
    }

    /// Serves on a loopback port of its own until the test's runtime ends.
    pub async fn serve(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free loopback port");
        let address = listener.local_addr().expect("the listener has an address");
        let clock = self.clock.clone();
        let router = self.router.clone().layer(axum::middleware::from_fn(
            move |request: Request<Body>, next: Next| {
                clock.advance(1_000);
                next.run(request)
            },
        ));
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    /// Replays every log against its rows, and fails where a promise was broken.
    pub async fn finish(self) {
        self.work().await;
        let store = &self.state.store;
        for number in store.directory_numbers().await.expect("the store reads") {
            let findings = store.verify(number, standard_of).await.expect("the store reads");
            assert!(findings.is_empty(), "directory {}: {}", number.0, findings.join("; "));
        }
    }
}
