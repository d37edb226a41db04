//! `lockstep requests`: the request records of a running server, for a person in a terminal or a program behind a pipe.

mod words;

use std::collections::HashSet;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::follow::Follow;
use crate::listing::Walk;
use crate::naming;
use crate::remote::{Query, Remote, RemoteOptions, Thing};
use crate::terminal::{self, plain};
use words::Words;

/// Pages that one question for what is new goes back, at most.
const PAGES: usize = 50;

#[derive(Debug, Args)]
#[command(after_help = crate::remote::KEY_HELP)]
pub(crate) struct RequestsOptions {
    #[command(flatten)]
    remote: RemoteOptions,
    /// Only this directory: its id or name [default: all that the API key reaches]
    #[arg(long, global = true)]
    directory: Option<String>,
    #[command(subcommand)]
    command: RequestsCommand,
}

#[derive(Debug, Subcommand)]
enum RequestsCommand {
    /// Prints the last requests, the newest at the end, a line each; what was repaired, left out or refused below it
    Tail(TailOptions),
    /// Explains one request in full
    Show(ShowOptions),
}

#[derive(Debug, Args)]
struct TailOptions {
    /// Go on with what comes, through restarts of the server too; Ctrl-C ends it
    #[arg(long, short)]
    follow: bool,
    /// How many to begin with
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=100))]
    lines: u16,
    /// Only those answered so: a status such as 409, or a class such as 4xx
    #[arg(long)]
    status: Option<String>,
    /// Only those that needed repair
    #[arg(long)]
    repaired: bool,
    /// Only those about this user or group
    #[arg(long, value_name = "ID")]
    resource: Option<String>,
}

#[derive(Debug, Args)]
struct ShowOptions {
    /// The request's id: in `x-request-id` of its answer, on its events, in the log
    #[arg(value_name = "REQUEST")]
    id: String,
}

pub(crate) async fn run(options: RequestsOptions) -> anyhow::Result<ExitCode> {
    let remote = Remote::of(&options.remote)?;
    let directory = match &options.directory {
        Some(named) => Some(naming::directory(&remote, named, None).await?.id().to_owned()),
        None => None,
    };
    let is_json = options.remote.json;
    match options.command {
        RequestsCommand::Tail(options) => {
            let is_followed = options.follow;
            let mut tail = Tail::new(&remote, is_json, directory, options);
            if is_followed {
                tokio::select! {
                    ended = tail.follow() => ended?,
                    _ = tokio::signal::ctrl_c() => {}
                }
            } else {
                tail.read().await?;
            }
        }
        RequestsCommand::Show(options) => show(&remote, is_json, directory, &options.id).await?,
    }
    Ok(Exit::Done.into())
}

async fn show(remote: &Remote, is_json: bool, directory: Option<String>, id: &str) -> anyhow::Result<()> {
    if !id.starts_with("req_") {
        bail!(Failure::usage(format!("`{}` is not the id of a request: they begin with req_", plain(id))));
    }
    for directory in directories(remote, directory.as_deref()).await? {
        let path = ["directories", &directory, "requests", id];
        let Some(record) = remote.find(&path, &Query::default()).await? else { continue };
        let told = if is_json { record.line() } else { Words::for_terminal().explanation(record.fields()) };
        terminal::write(&told)?;
        return Ok(());
    }
    let message = format!(
        "no record of the request {}: it may be older than what is kept, or not be an IdP's",
        plain(id)
    );
    bail!(Failure::new(Exit::Missing, message))
}

/// The ids of the directories that are asked for.
async fn directories(remote: &Remote, only: Option<&str>) -> anyhow::Result<Vec<String>> {
    if let Some(only) = only {
        return Ok(vec![only.to_owned()]);
    }
    let all = Walk::new(remote, &["directories"], Query::default(), usize::MAX).rest().await?;
    Ok(all.iter().map(|directory| directory.id().to_owned()).collect())
}

/// A reader of request records, and what it has shown.
struct Tail<'a> {
    remote: &'a Remote,
    is_json: bool,
    directory: Option<String>,
    options: TailOptions,
    words: Words,
    shown: HashSet<String>,
    /// How many the server has not recorded, as far as that was said.
    dropped: u64,
    is_begun: bool,
}

impl<'a> Tail<'a> {
    fn new(remote: &'a Remote, is_json: bool, directory: Option<String>, options: TailOptions) -> Self {
        let words = Words::for_terminal();
        Self {
            remote,
            is_json,
            directory,
            options,
            words,
            shown: HashSet::new(),
            dropped: 0,
            is_begun: false,
        }
    }

    async fn follow(&mut self) -> anyhow::Result<()> {
        // Who never answered may be the wrong one.
        if !self.read().await? {
            return Ok(());
        }
        let mut follow = Follow::default();
        loop {
            tokio::time::sleep(follow.pause()).await;
            let outcome = self.read().await;
            if matches!(outcome, Ok(false)) {
                return Ok(());
            }
            follow.heard(outcome.map(drop))?;
        }
    }

    /// Prints what was not shown yet; whether anybody still reads it.
    async fn read(&mut self) -> anyhow::Result<bool> {
        let wanted = (!self.is_begun).then_some(usize::from(self.options.lines));
        let mut found = Vec::new();
        let mut dropped = 0;
        // While following, directories may be added.
        for directory in directories(self.remote, self.directory.as_deref()).await? {
            let (records, lost) = self.last(&directory, wanted).await?;
            found.extend(records);
            dropped = lost;
        }
        // An id begins with its time.
        found.sort_by(|one, other| one.id().cmp(other.id()));
        let skipped = wanted.map_or(0, |wanted| found.len().saturating_sub(wanted));
        for record in found.iter().skip(skipped) {
            let line = if self.is_json { record.line() } else { self.words.line(record.fields()) };
            if !terminal::write(&line)? {
                return Ok(false);
            }
        }
        if dropped > self.dropped {
            eprintln!(
                "{dropped} requests were not recorded since the server started: it was too busy to write them"
            );
        }
        self.dropped = dropped;
        self.shown.extend(found.iter().map(|record| record.id().to_owned()));
        self.is_begun = true;
        Ok(true)
    }

    /// The last records of a directory, newest first: `wanted` of them, or those behind what was shown. And how many the
    /// server has dropped.
    async fn last(&self, directory: &str, wanted: Option<usize>) -> anyhow::Result<(Vec<Thing>, u64)> {
        let path = ["directories", directory, "requests"];
        let limit = wanted.map_or(100, |wanted| wanted.clamp(1, 100));
        let mut query = Query::default()
            .with("limit", limit.to_string())
            .with_some("status", self.options.status.as_deref())
            .with("repaired", if self.options.repaired { "true" } else { "" })
            .with_some("resource", self.options.resource.as_deref());
        let (mut found, mut dropped) = (Vec::new(), 0);
        for _ in 0..PAGES {
            let page = self.remote.page(&path, &query).await?;
            dropped = page.rest.pointer("/recording/dropped").and_then(Value::as_u64).unwrap_or(0);
            if page.rest.pointer("/recording/enabled") == Some(&Value::Bool(false)) {
                let message =
                    "this server records no requests: [requests] enabled is false in its configuration";
                bail!(Failure::new(Exit::Missing, message));
            }
            let all = page.data.len();
            let new: Vec<Thing> =
                page.data.into_iter().filter(|record| !self.shown.contains(record.id())).collect();
            // A request that took long may stand among those that were shown: one page of them is looked at.
            let all_new = new.len() == all;
            found.extend(new);
            let Some(after) = page.after else { break };
            if wanted.is_some() || !all_new || self.shown.is_empty() {
                break;
            }
            query = query.with("after", after);
        }
        Ok((found, dropped))
    }
}
