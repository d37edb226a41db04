//! The talk with a server: no faster than allowed, every exchange kept for the report, everything made removed again.
//! What is nobody's business but the server's is left out of what is shown.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::expect::short;
use crate::run::encoded;
use crate::target::{Anonymous, Target};

/// How everything that a check makes begins.
pub(crate) const MARK: &str = "lockstep-check-";

/// The headers that a report shows.
const SHOWN_HEADERS: &[&str] =
    &["content-type", "location", "etag", "www-authenticate", "allow", "retry-after"];

/// A request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Ask {
    pub(crate) method: String,
    /// Path below the SCIM base and query, as people write it.
    pub(crate) target: String,
    /// Headers besides the usual ones; one without a value is left out.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
}

impl Ask {
    pub(crate) fn get(target: &str) -> Self {
        Self { method: "GET".to_owned(), target: target.to_owned(), ..Self::default() }
    }

    pub(crate) fn post(target: &str, body: &Value) -> Self {
        Self {
            method: "POST".to_owned(),
            target: target.to_owned(),
            body: Some(body.to_string()),
            ..Self::default()
        }
    }

    fn request(&self) -> anyhow::Result<http::Request<Vec<u8>>> {
        let mut builder = http::Request::builder().method(self.method.as_str()).uri(encoded(&self.target));
        let names = |name: &str| self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if self.body.is_some() && !names(CONTENT_TYPE.as_str()) {
            builder = builder.header(CONTENT_TYPE, "application/scim+json");
        }
        for (name, value) in &self.headers {
            if !value.is_empty() {
                builder = builder.header(name, value);
            }
        }
        if names(AUTHORIZATION.as_str()) {
            builder = builder.extension(Anonymous);
        }
        Ok(builder.body(self.body.clone().unwrap_or_default().into_bytes())?)
    }
}

/// A request and its answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Exchange {
    pub(crate) ask: Ask,
    /// 0 where there was no answer.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) json: Option<Value>,
    /// Why there was none.
    pub(crate) failure: Option<String>,
}

impl Exchange {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body at a JSON Pointer, as text.
    pub(crate) fn at(&self, pointer: &str) -> Option<&str> {
        self.json.as_ref().and_then(|json| json.pointer(pointer)).and_then(Value::as_str)
    }

    /// The answer in a few words.
    pub(crate) fn outcome(&self) -> String {
        if let Some(failure) = &self.failure {
            return format!("no answer: {failure}");
        }
        let said = self.at("/detail").map(|detail| format!(": {}", short(detail))).unwrap_or_default();
        format!("status {}{said}", self.status)
    }

    /// The body as far as others may see it: resources that this check did not make are left out.
    pub(crate) fn shown(&self) -> Value {
        let mut body = self.json.clone().unwrap_or_default();
        if let Some(listed) = body.get_mut("Resources").and_then(Value::as_array_mut) {
            for one in listed.iter_mut().filter(|one| is_foreign(one)) {
                *one = json!({ "…": "not made by this check, left out" });
            }
        } else if is_foreign(&body) {
            body = json!({ "…": "not made by this check, left out" });
        }
        body
    }

    /// The headers that a report shows.
    pub(crate) fn shown_headers(&self) -> impl Iterator<Item = &(String, String)> {
        self.headers.iter().filter(|(name, _)| SHOWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()))
    }
}

/// A user or group that is none of ours: only what bears the mark is. Documents about the server are nobody's.
fn is_foreign(resource: &Value) -> bool {
    let about = |word: &str| {
        resource.get("schemas").and_then(Value::as_array).is_some_and(|schemas| {
            schemas.iter().filter_map(Value::as_str).any(|schema| schema.contains(word))
        })
    };
    let is_document = ["ServiceProviderConfig", ":ResourceType", ":Schema", ":api:messages:"]
        .iter()
        .any(|word| about(word));
    resource.get("id").is_some() && !is_document && !resource.to_string().contains(MARK)
}

/// The talk with one server.
pub(crate) struct Session<'t, T> {
    pub(crate) target: &'t T,
    /// Between the beginnings of two requests.
    pause: Duration,
    next: Instant,
    stop: &'t AtomicBool,
    pub(crate) requests: usize,
    /// What was made and is not removed yet; whether it is known to bear the mark.
    created: Vec<(String, bool)>,
    /// What could not be removed.
    pub(crate) left_behind: BTreeSet<String>,
    /// Something may have been made without our knowing its id.
    pub(crate) lost_one: bool,
    /// The last exchanges of the probe that is run.
    pub(crate) exchanges: Vec<Exchange>,
}

impl<'t, T: Target> Session<'t, T> {
    pub(crate) fn new(target: &'t T, rate: Option<u32>, stop: &'t AtomicBool) -> Self {
        let pause = rate.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.max(1));
        Self {
            target,
            pause,
            next: Instant::now(),
            stop,
            requests: 0,
            created: Vec::new(),
            left_behind: BTreeSet::new(),
            lost_one: false,
            exchanges: Vec::new(),
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Sends a request when its turn has come.
    pub(crate) async fn send(&mut self, ask: Ask) -> Exchange {
        self.wait().await;
        let exchange = answer(self.target, ask).await;
        self.keep(exchange.clone());
        exchange
    }

    /// Sends two at the same time.
    pub(crate) async fn send_both(&mut self, one: Ask, other: Ask) -> (Exchange, Exchange) {
        self.wait().await;
        let (one, other) = tokio::join!(answer(self.target, one), answer(self.target, other));
        self.keep(one.clone());
        self.keep(other.clone());
        (one, other)
    }

    async fn wait(&mut self) {
        if !self.pause.is_zero() {
            tokio::time::sleep_until(self.next).await;
            self.next = Instant::now() + self.pause;
        }
    }

    fn keep(&mut self, exchange: Exchange) {
        self.requests += 1;
        let path = exchange.ask.target.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned();
        if exchange.ask.method == "POST" && !path.ends_with(".search") {
            self.remember(&exchange, &path);
        }
        if exchange.ask.method == "DELETE" && exchange.is_success() {
            self.created.retain(|(created, _)| *created != path);
        }
        self.exchanges.push(exchange);
    }

    /// Keeps in mind what a POST made.
    fn remember(&mut self, exchange: &Exchange, path: &str) {
        if exchange.failure.is_some() || exchange.status >= 500 {
            self.lost_one = true;
        }
        if !exchange.is_success() {
            return;
        }
        if path == "/Bulk" {
            let operations =
                exchange.json.as_ref().and_then(|json| json.get("Operations")).and_then(Value::as_array);
            let made =
                operations.into_iter().flatten().filter(|one| one.get("method") == Some(&json!("POST")));
            for location in made.filter_map(|one| one.get("location").and_then(Value::as_str)) {
                if let Some(path) = ["/Users/", "/Groups/"].iter().find_map(|kind| location.rfind(kind)) {
                    self.created.push((location.get(path..).unwrap_or_default().to_owned(), false));
                }
            }
            return;
        }
        match exchange.at("/id") {
            Some(id) => self.created.push((format!("{path}/{id}"), exchange.text.contains(MARK))),
            None => self.lost_one = true,
        }
    }

    /// Removes what was made, the last first. What does not bear the mark is looked at before: nobody else's is removed.
    pub(crate) async fn clean_up(&mut self) {
        while let Some((path, is_marked)) = self.created.pop() {
            if !is_marked {
                let found = self.send(Ask::get(&path)).await;
                if found.status == 404 || (found.is_success() && !found.text.contains(MARK)) {
                    continue;
                }
            }
            let removed =
                self.send(Ask { method: "DELETE".to_owned(), target: path.clone(), ..Ask::default() }).await;
            if !(removed.is_success() || removed.status == 404) {
                self.left_behind.insert(path);
            }
        }
    }

    /// Looks for what bears this run's mark and was made without our learning its id, and removes it.
    pub(crate) async fn sweep(&mut self, run: &str) {
        for (kind, attribute) in [("/Groups", "displayName"), ("/Users", "userName")] {
            let found =
                self.send(Ask::get(&format!("{kind}?filter={attribute} sw \"{run}\"&count=100"))).await;
            let listed = found.json.as_ref().and_then(|json| json.get("Resources")).and_then(Value::as_array);
            for one in listed.into_iter().flatten().filter(|one| one.to_string().contains(run)) {
                if let Some(id) = one.get("id").and_then(Value::as_str) {
                    self.created.push((format!("{kind}/{id}"), true));
                }
            }
        }
        self.clean_up().await;
    }
}

async fn answer<T: Target>(target: &T, ask: Ask) -> Exchange {
    let request = match ask.request() {
        Ok(request) => request,
        Err(error) => return Exchange { ask, failure: Some(error.to_string()), ..Exchange::default() },
    };
    match target.send(request).await {
        Ok(response) => {
            let headers = response.headers().iter().map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            });
            Exchange {
                ask,
                status: response.status().as_u16(),
                headers: headers.collect(),
                text: String::from_utf8_lossy(response.body()).into_owned(),
                json: serde_json::from_slice(response.body()).ok(),
                failure: None,
            }
        }
        Err(error) => Exchange { ask, failure: Some(format!("{error:#}")), ..Exchange::default() },
    }
}
