//! The API of a running server, as every command that works over it asks: one client, one way to find the API key, and
//! errors that say what to do. Knows no command.

mod answer;
mod failure;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;

use crate::exit::{Exit, Failure};
pub(crate) use answer::{Page, Thing, text};
use failure::Asked;

/// How long the server may take to answer.
const ANSWER_WAIT: Duration = Duration::from_mins(1);
/// How long it may take to be reached.
const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// How the API key is given unseen.
pub(crate) const KEY_HELP: &str = "\
The API key comes from the file that --api-key-file names, else from LOCKSTEP_API_KEY, else from the file that
LOCKSTEP_API_KEY_FILE names: never from a flag, which everybody on the machine could read. A server whose certificate is
of a private authority is trusted by SSL_CERT_FILE.";

/// Where the server is, and in which form its answers are wanted.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server and output")]
pub(crate) struct RemoteOptions {
    /// Where the server is
    #[arg(
        long,
        global = true,
        env = "LOCKSTEP_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8480"
    )]
    pub(crate) url: String,
    /// File that holds the API key [env: `LOCKSTEP_API_KEY`, `LOCKSTEP_API_KEY_FILE`]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// JSON, as the API has it: one thing a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// A server that is asked.
pub(crate) struct Remote {
    client: reqwest::Client,
    url: String,
    key: String,
    key_source: KeySource,
}

/// Where the API key was found: for whoever must mend it.
#[derive(Clone, Debug)]
enum KeySource {
    Variable,
    File(PathBuf),
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable => f.write_str("LOCKSTEP_API_KEY"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Remote {
    pub(crate) fn of(options: &RemoteOptions) -> anyhow::Result<Self> {
        let url = base(&options.url)?;
        let (key, key_source) = api_key(options, |name| std::env::var(name).ok())?;
        let client = reqwest::Client::builder()
            .timeout(ANSWER_WAIT)
            .connect_timeout(CONNECT_WAIT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("lockstep/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("cannot prepare requests")?;
        Ok(Self { client, url, key, key_source })
    }

    /// What stands at a path.
    pub(crate) async fn get(&self, path: &[&str], query: &Query) -> anyhow::Result<Thing> {
        Thing::read(&self.send(Method::GET, path, query, None).await?)
    }

    /// The same; nothing where there is no such thing.
    pub(crate) async fn find(&self, path: &[&str], query: &Query) -> anyhow::Result<Option<Thing>> {
        match self.get(path, query).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if Failure::exit_of(&error) == Exit::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A part of a list.
    pub(crate) async fn page(&self, path: &[&str], query: &Query) -> anyhow::Result<Page> {
        Page::read(&self.send(Method::GET, path, query, None).await?)
    }

    /// A part of a list that is asked for with a body.
    pub(crate) async fn post_page(&self, path: &[&str], query: &Query, body: &Value) -> anyhow::Result<Page> {
        Page::read(&self.send(Method::POST, path, query, Some(body)).await?)
    }

    /// Makes, changes or does something.
    pub(crate) async fn call(&self, method: Method, path: &[&str], body: &Value) -> anyhow::Result<Thing> {
        Thing::read(&self.send(method, path, &Query::default(), Some(body)).await?)
    }

    /// Removes something. The answer says nothing.
    pub(crate) async fn delete(&self, path: &[&str]) -> anyhow::Result<()> {
        self.send(Method::DELETE, path, &Query::default(), None).await.map(drop)
    }

    async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &Query,
        body: Option<&Value>,
    ) -> anyhow::Result<String> {
        let path: String = path.iter().flat_map(|part| ["/".to_owned(), encoded(part).to_string()]).collect();
        let request =
            self.client.request(method, format!("{}{path}{query}", self.url)).bearer_auth(&self.key);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = request.send().await.map_err(|error| failure::no_answer(&self.url, &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.map_err(|error| failure::no_answer(&self.url, &error))?;
        if status.is_success() {
            return Ok(text);
        }
        let asked = Asked { url: &self.url, path: &path, key_source: &self.key_source };
        Err(failure::refused(&asked, status, &headers, &text))
    }
}

/// What is asked of a list: names and values, empty ones left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// The same with another value; one that is empty is as if it were not given.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        self.0.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            self.0.push((name, value));
        }
        self
    }

    /// Whether there is a value of this name.
    pub(crate) fn holds(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == name)
    }

    /// The same, where there is a value.
    #[must_use]
    pub(crate) fn with_some(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.0.iter().enumerate() {
            write!(f, "{}{name}={}", if place == 0 { '?' } else { '&' }, encoded(value))?;
        }
        Ok(())
    }
}

/// All but what RFC 3986 §2.3 has as unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encoded(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, RESERVED)
}

/// The server's address without what must not stand in it.
fn base(url: &str) -> anyhow::Result<String> {
    let wrong = |why: &str| {
        // What was typed may hold a password: it is not said again.
        Failure::usage(format!("--url (LOCKSTEP_URL) {why}: write it as in https://lockstep.example.com"))
    };
    let parsed = reqwest::Url::parse(url).map_err(|_| wrong("is no URL"))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(wrong("must begin with http:// or https://").into());
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(wrong("must not hold a name or password").into());
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(wrong("must have neither query nor fragment").into());
    }
    Ok(parsed.as_str().trim_end_matches('/').to_owned())
}

fn api_key(
    options: &RemoteOptions,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<(String, KeySource)> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let file = |path: PathBuf| {
        let key = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the API key from {}", path.display()))?;
        anyhow::Ok((key, KeySource::File(path)))
    };
    let (key, source) = match (&options.api_key_file, variable("LOCKSTEP_API_KEY")) {
        (Some(path), _) => file(path.clone())?,
        (None, Some(key)) => (key, KeySource::Variable),
        (None, None) => {
            if let Some(path) = variable("LOCKSTEP_API_KEY_FILE") {
                file(path.into())?
            } else {
                let message = "no API key: set LOCKSTEP_API_KEY, or name a file that holds it with --api-key-file; \
                               `lockstep serve` printed one at its first start";
                return Err(Failure::new(Exit::Denied, message).into());
            }
        }
    };
    let key = key.trim().to_owned();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!("the API key from {source} is empty, or has a character that no key has");
        return Err(Failure::new(Exit::Denied, message).into());
    }
    Ok((key, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(api_key_file: Option<PathBuf>) -> RemoteOptions {
        RemoteOptions { url: String::new(), api_key_file, json: false }
    }

    #[test]
    fn the_api_key_comes_from_the_flags_file_then_the_variable_then_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        std::fs::write(&one, "from-flag\n").unwrap();
        std::fs::write(&other, " from-file ").unwrap();
        let other = other.to_str().unwrap().to_owned();
        let both = |name: &str| match name {
            "LOCKSTEP_API_KEY" => Some("from-variable".to_owned()),
            _ => Some(other.clone()),
        };
        let file_alone = |name: &str| (name == "LOCKSTEP_API_KEY_FILE").then(|| other.clone());
        assert_eq!(api_key(&options(Some(one)), both).unwrap().0, "from-flag");
        assert_eq!(api_key(&options(None), both).unwrap().0, "from-variable");
        assert_eq!(api_key(&options(None), file_alone).unwrap().0, "from-file");
    }

    #[test]
    fn without_a_key_or_with_one_that_none_is_nothing_is_asked() {
        for given in [None, Some(""), Some(" \n"), Some("a b"), Some("ü")] {
            let variable = |name: &str| given.filter(|_| name == "LOCKSTEP_API_KEY").map(str::to_owned);
            let error = api_key(&options(None), variable).unwrap_err();
            assert_eq!(Failure::exit_of(&error), Exit::Denied, "{given:?}");
            assert!(error.to_string().contains("LOCKSTEP_API_KEY"), "{error}");
        }
    }

    #[test]
    fn a_url_with_a_password_is_refused_without_repeating_it() {
        assert_eq!(base("https://lockstep.example.com/").unwrap(), "https://lockstep.example.com");
        for wrong in ["lockstep", "ftp://a", "https://ann:hunter@a", "https://a?b", "https://a#b"] {
            let error = base(wrong).unwrap_err();
            assert_eq!(Failure::exit_of(&error), Exit::Usage, "{wrong}");
            assert!(!error.to_string().contains("hunter"), "{error}");
        }
    }

    #[test]
    fn a_query_holds_what_is_given_once_and_encoded() {
        let query = Query::default().with("a", "x&y").with("b", "").with("a", "ü").with_some("c", None);
        assert_eq!(query.to_string(), "?a=%C3%BC");
        assert_eq!(Query::default().to_string(), "");
    }
}
