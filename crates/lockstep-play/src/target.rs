//! What contracts are played against: a SCIM server, and where it has one its list of events.

use std::future::Future;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;

use crate::limits::ANSWER_BYTES_MAX;

/// A SCIM server.
pub trait Target: Sync {
    /// Sends a request whose URI is path and query below the SCIM base. Adds the bearer token unless the request has
    /// credentials of its own.
    fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> impl Future<Output = anyhow::Result<http::Response<Vec<u8>>>> + Send;

    /// The events after the one with this id, oldest first, as `GET /events` shows them; all where no id is given.
    /// Nothing where the server has no such list: then events are not checked.
    fn events_since(
        &self,
        after: Option<&str>,
    ) -> impl Future<Output = anyhow::Result<Option<Vec<Value>>>> + Send;

    /// Whether events may appear a moment after the answer, so that it is worth asking again.
    fn is_patient(&self) -> bool {
        true
    }

    /// What contracts may refer to besides what they capture, such as `token`.
    fn variables(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// Marks a request that takes no bearer token, whether it has credentials of its own or none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Anonymous;

/// A server over HTTP.
#[derive(Clone, Debug)]
pub struct HttpTarget {
    client: reqwest::Client,
    scim_base: String,
    token: String,
    events: Option<Events>,
}

#[derive(Clone, Debug)]
struct Events {
    base: String,
    key: String,
    directory: String,
}

impl HttpTarget {
    /// A SCIM server at this base URL with this bearer token.
    pub fn new(scim_base: &str, token: &str) -> anyhow::Result<Self> {
        Self::with_timeout(scim_base, token, Duration::from_mins(1))
    }

    /// The same, which waits for an answer so long at most.
    pub fn with_timeout(scim_base: &str, token: &str, timeout: Duration) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .build()
            .context("could not set up an HTTP client")?;
        let scim_base = scim_base.trim_end_matches('/').to_owned();
        Ok(Self { client, scim_base, token: token.to_owned(), events: None })
    }

    /// The same, with the application's API from which the events of a directory are read.
    #[must_use]
    pub fn with_events(mut self, api_base: &str, key: &str, directory: &str) -> Self {
        self.events = Some(Events {
            base: api_base.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            directory: directory.to_owned(),
        });
        self
    }
}

/// The events that `GET /events` is asked for.
const EVENTS: &str = "events=dsync.user.created&events=dsync.user.updated&events=dsync.user.deleted\
     &events=dsync.group.created&events=dsync.group.updated&events=dsync.group.deleted\
     &events=dsync.group.user_added&events=dsync.group.user_removed";

impl Target for HttpTarget {
    async fn send(&self, request: http::Request<Vec<u8>>) -> anyhow::Result<http::Response<Vec<u8>>> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
        let mut sent = self.client.request(parts.method, format!("{}{path}", self.scim_base));
        if !parts.headers.contains_key(AUTHORIZATION) && parts.extensions.get::<Anonymous>().is_none() {
            sent = sent.bearer_auth(&self.token);
        }
        let mut answer =
            sent.headers(parts.headers).body(body).send().await.context("no answer from the SCIM server")?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.context("the SCIM server's answer broke off")? {
            anyhow::ensure!(
                body.len() + chunk.len() <= ANSWER_BYTES_MAX,
                "the SCIM server's answer has more than {ANSWER_BYTES_MAX} bytes"
            );
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body)?)
    }

    async fn events_since(&self, after: Option<&str>) -> anyhow::Result<Option<Vec<Value>>> {
        let Some(api) = &self.events else { return Ok(None) };
        let mut after = after.map(str::to_owned);
        let mut events = Vec::new();
        loop {
            let mut url = format!("{}/events?limit=100&{EVENTS}", api.base);
            if let Some(after) = &after {
                url.push_str("&after=");
                url.push_str(after);
            }
            let answer =
                self.client.get(url).bearer_auth(&api.key).send().await.context("no answer from the API")?;
            let page: Value =
                answer.error_for_status().context("the API refused to list events")?.json().await?;
            let page = page.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
            let Some(last) = page.last().and_then(|event| event.get("id")).and_then(Value::as_str) else {
                break;
            };
            after = Some(last.to_owned());
            events.extend(page.into_iter().filter(|event| is_of(event, &api.directory)));
        }
        Ok(Some(events))
    }

    fn variables(&self) -> Vec<(String, String)> {
        vec![("token".to_owned(), self.token.clone()), ("basic".to_owned(), basic(&self.token))]
    }
}

/// The token as a client sends it that knows a name and a password only (RFC 7617).
#[must_use]
pub fn basic(token: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("scim:{token}"))
}

/// Whether an event is about this directory.
fn is_of(event: &Value, directory: &str) -> bool {
    let data = event.get("data");
    let named = |name: &str| data.and_then(|data| data.get(name)).and_then(Value::as_str);
    named("directory_id").or_else(|| named("id")) == Some(directory)
}

/// The headers that every request has unless a contract says otherwise.
pub(crate) fn default_headers(builder: http::request::Builder, has_body: bool) -> http::request::Builder {
    if has_body { builder.header(CONTENT_TYPE, "application/scim+json; charset=utf-8") } else { builder }
}
