//! `lockstep requests`: the request records of a running server, for a person in a terminal or a program behind a pipe.

mod words;

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::serve;
use crate::terminal;
use words::Words;

/// How long between two questions for what is new.
const FOLLOW_PAUSE: Duration = Duration::from_secs(1);
/// How long the server may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// Pages that one question for what is new goes back, at most.
const PAGES: usize = 50;

#[derive(Debug, Subcommand)]
pub(crate) enum RequestsCommand {
    /// Prints the last requests, the newest at the end, a line each; what was repaired, left out or refused below it
    Tail(TailOptions),
    /// Explains one request in full
    Show(ShowOptions),
}

#[derive(Debug, Args)]
pub(crate) struct ServerOptions {
    /// Where the server is
    #[arg(long, env = "LOCKSTEP_URL", value_name = "URL", default_value = "http://127.0.0.1:8480")]
    pub(crate) url: String,
    /// Only this directory [default: all that the API key reaches]
    #[arg(long, value_name = "ID")]
    pub(crate) directory: Option<String>,
    /// JSON, as the API has it; of a list a line each
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TailOptions {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
    /// Go on with what comes
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// How many to begin with
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=100))]
    pub(crate) lines: u16,
    /// Only those answered so: a status such as 409, or a class such as 4xx
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// Only those that needed repair
    #[arg(long)]
    pub(crate) repaired: bool,
    /// Only those about this user or group
    #[arg(long, value_name = "ID")]
    pub(crate) resource: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowOptions {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
    /// The request's id: in `x-request-id` of its answer, on its events, in the log
    #[arg(value_name = "REQUEST")]
    pub(crate) id: String,
}

pub(crate) fn run(command: &RequestsCommand) -> anyhow::Result<ExitCode> {
    serve::runtime()?.block_on(async {
        match command {
            RequestsCommand::Tail(options) => tail(options).await,
            RequestsCommand::Show(options) => show(options).await,
        }
    })
}

async fn tail(options: &TailOptions) -> anyhow::Result<ExitCode> {
    let server = Server::of(&options.server)?;
    let words = Words::for_terminal();
    let mut shown: HashSet<String> = HashSet::new();
    let mut dropped = 0;
    let mut wanted = Some(usize::from(options.lines));
    loop {
        // While following, directories may be added.
        let directories = server.directories().await?;
        let mut found = Vec::new();
        let mut dropped_now = 0;
        for directory in &directories {
            let (records, lost) = server.last(directory, options, &shown, wanted).await?;
            found.extend(records);
            dropped_now = lost;
        }
        // An id begins with its time.
        found.sort_by(|one: &Value, other| text(one, "id").cmp(text(other, "id")));
        let skipped = wanted.map_or(0, |wanted| found.len().saturating_sub(wanted));
        for record in found.iter().skip(skipped) {
            let line = if options.server.json { format!("{record}\n") } else { words.line(record) };
            if !terminal::write(&line)? {
                return Ok(ExitCode::SUCCESS);
            }
        }
        if dropped_now > dropped && !options.server.json {
            eprintln!(
                "{dropped_now} requests were not recorded since the server started: it was too busy to write them"
            );
        }
        dropped = dropped_now;
        shown.extend(found.iter().map(|record| text(record, "id").to_owned()));
        if !options.follow {
            return Ok(ExitCode::SUCCESS);
        }
        wanted = None;
        tokio::select! {
            () = tokio::time::sleep(FOLLOW_PAUSE) => {}
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
        }
    }
}

async fn show(options: &ShowOptions) -> anyhow::Result<ExitCode> {
    let server = Server::of(&options.server)?;
    ensure!(
        options.id.starts_with("req_")
            && options.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
        "`{}` is not the id of a request: they begin with req_",
        options.id.escape_debug()
    );
    for directory in server.directories().await? {
        let path = format!("/directories/{directory}/requests/{}", options.id);
        let Some(record) = server.get(&path, &[]).await? else { continue };
        let told = if options.server.json {
            format!("{record}\n")
        } else {
            Words::for_terminal().explanation(&record)
        };
        terminal::write(&told)?;
        return Ok(ExitCode::SUCCESS);
    }
    bail!("no record of the request {}: it may be older than what is kept, or not be an IdP's", options.id)
}

/// The API of a running server.
struct Server {
    client: reqwest::Client,
    url: String,
    key: String,
    directory: Option<String>,
}

impl Server {
    fn of(options: &ServerOptions) -> anyhow::Result<Self> {
        let key = std::env::var("LOCKSTEP_API_KEY").ok().filter(|key| !key.is_empty());
        let key = key.context("set LOCKSTEP_API_KEY to the server's API key")?;
        if let Some(directory) = &options.directory {
            ensure!(
                directory.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
                "`{}` is not the id of a directory",
                directory.escape_debug()
            );
        }
        let client = reqwest::Client::builder().timeout(ANSWER_WAIT).build()?;
        let url = options.url.trim_end_matches('/').to_owned();
        Ok(Self { client, url, key, directory: options.directory.clone() })
    }

    /// The ids of the directories that are asked for.
    async fn directories(&self) -> anyhow::Result<Vec<String>> {
        if let Some(directory) = &self.directory {
            return Ok(vec![directory.clone()]);
        }
        let mut ids = Vec::new();
        let mut after = String::new();
        loop {
            let query = [("limit", "100"), ("after", after.as_str())];
            let page = self.get("/directories", &query).await?.context("the server has no /directories")?;
            ids.extend(data(&page).iter().map(|directory| text(directory, "id").to_owned()));
            let next = text(page.get("list_metadata").unwrap_or(&Value::Null), "after").to_owned();
            if next.is_empty() {
                return Ok(ids);
            }
            after = next;
        }
    }

    /// The last records of a directory, newest first: `wanted` of them, or those behind what was `shown`. And how many
    /// the server has dropped.
    async fn last(
        &self,
        directory: &str,
        options: &TailOptions,
        shown: &HashSet<String>,
        wanted: Option<usize>,
    ) -> anyhow::Result<(Vec<Value>, u64)> {
        let path = format!("/directories/{directory}/requests");
        let (mut found, mut dropped, mut after) = (Vec::new(), 0, String::new());
        for _ in 0..PAGES {
            let limit = wanted.map_or(100, |wanted| wanted.clamp(1, 100)).to_string();
            let query = [
                ("limit", limit.as_str()),
                ("after", after.as_str()),
                ("status", options.status.as_deref().unwrap_or_default()),
                ("repaired", if options.repaired { "true" } else { "" }),
                ("resource", options.resource.as_deref().unwrap_or_default()),
            ];
            let page = self.get(&path, &query).await?;
            let page = page.with_context(|| format!("there is no directory {directory}"))?;
            dropped = page.pointer("/recording/dropped").and_then(Value::as_u64).unwrap_or(0);
            if page.pointer("/recording/enabled") == Some(&Value::Bool(false)) {
                bail!("this server records no requests: [requests] enabled is false in its configuration");
            }
            let records = data(&page);
            let new = records.iter().filter(|record| !shown.contains(text(record, "id")));
            let before = found.len();
            found.extend(new.cloned());
            // A request that took long may stand among those that were shown: one page of them is looked at.
            let all_new = found.len() - before == records.len();
            text(page.get("list_metadata").unwrap_or(&Value::Null), "after").clone_into(&mut after);
            if wanted.is_some() || !all_new || after.is_empty() || shown.is_empty() {
                break;
            }
        }
        Ok((found, dropped))
    }

    /// What stands at a path; nothing where nothing does.
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Option<Value>> {
        let given = query.iter().filter(|(_, value)| !value.is_empty());
        let encoded = |(name, value): &(&str, &str)| {
            format!(
                "{name}={}",
                percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC)
            )
        };
        let query = given.map(encoded).collect::<Vec<_>>().join("&");
        let request = self.client.get(format!("{}{path}?{query}", self.url));
        let response = request.bearer_auth(&self.key).send().await;
        let response = response.with_context(|| format!("no answer from {}", self.url))?;
        let status = response.status();
        if status == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let body: Value = response.json().await.context("the server's answer is not JSON")?;
        ensure!(status.is_success(), "the server answered {status}: {}", text(&body, "message"));
        Ok(Some(body))
    }
}

fn data(page: &Value) -> &[Value] {
    page.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
