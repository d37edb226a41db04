//! `lockstep events`: the log over all directories, read once or followed.

mod words;

use std::collections::VecDeque;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::exit::Exit;
use crate::follow::Follow;
use crate::listing::Walk;
use crate::naming;
use crate::remote::{Query, Remote, RemoteOptions, Thing};
use crate::{terminal, times};
pub(crate) use words::subject;

#[derive(Debug, Args)]
#[command(after_help = crate::remote::KEY_HELP)]
pub(crate) struct EventsOptions {
    #[command(flatten)]
    remote: RemoteOptions,
    #[command(subcommand)]
    command: EventsCommand,
}

#[derive(Debug, Subcommand)]
enum EventsCommand {
    /// Lists events, the oldest first
    #[command(after_help = "\
Examples:
  lockstep events list --since 2h --type dsync.user.deleted
  lockstep events list --all --json > events.jsonl")]
    List(List),
    /// Prints the last events, the newest at the end, and with -f every one that comes
    ///
    /// It follows by a cursor: every event is printed once and in order, also when the server is restarted meanwhile.
    /// Ctrl-C ends it, with exit code 0.
    #[command(after_help = "\
Examples:
  lockstep events tail -f
  lockstep events tail -f -n 0 --type dsync.user.deleted --json | while read -r event; do …; done
  lockstep events tail -f --after \"$LAST_EVENT_ID\"")]
    Tail(Tail),
}

/// Which events.
#[derive(Debug, Args)]
struct Filter {
    /// Only these kinds, such as dsync.user.created; may be given several times
    #[arg(long = "type", short, value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// Only those of this organization: its id, external id or name
    #[arg(long)]
    org: Option<String>,
    /// Only those from then on: a time, a day, or how long ago, such as 2h
    #[arg(long, value_name = "WHEN", value_parser = times::past)]
    since: Option<String>,
    /// Only those behind the event with this id
    #[arg(long, value_name = "ID")]
    after: Option<String>,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    filter: Filter,
    /// Only those before then
    #[arg(long, value_name = "WHEN", value_parser = times::past)]
    until: Option<String>,
    /// How many, at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// All, however many they are
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

#[derive(Debug, Args)]
struct Tail {
    #[command(flatten)]
    filter: Filter,
    /// Go on with what comes
    #[arg(long, short)]
    follow: bool,
    /// How many to begin with [default: 20; with --since or --after all from there]
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1000))]
    lines: Option<u16>,
}

/// How many a tail begins with.
const LINES_DEFAULT: u16 = 20;

pub(crate) async fn run(options: EventsOptions) -> anyhow::Result<ExitCode> {
    let remote = Remote::of(&options.remote)?;
    let is_json = options.remote.json;
    match options.command {
        EventsCommand::List(list) => {
            let query = list.filter.query(&remote).await?.with_some("range_end", list.until.as_deref());
            let wanted =
                if list.all { usize::MAX } else { usize::try_from(list.limit).unwrap_or(usize::MAX) };
            let mut walk = Walk::new(&remote, &["events"], query, wanted);
            let bar = crate::progress::walk("events", None);
            let mut last = None;
            while let Some(events) = walk.next().await? {
                bar.inc(u64::try_from(events.len()).unwrap_or_default());
                if !print(&events, is_json)? {
                    return Ok(Exit::Done.into());
                }
                last = events.last().map(|event| event.id().to_owned()).or(last);
            }
            bar.finish_and_clear();
            crate::listing::say_rest(&walk, last.as_deref(), is_json, "events");
        }
        EventsCommand::Tail(options) => tail(&remote, is_json, options).await?,
    }
    Ok(Exit::Done.into())
}

impl Filter {
    async fn query(&self, remote: &Remote) -> anyhow::Result<Query> {
        let mut query = Query::default()
            .with("events", self.types.join(","))
            .with_some("range_start", self.since.as_deref())
            .with_some("after", self.after.as_deref());
        if let Some(org) = &self.org {
            query = query.with("organization_id", naming::organization(remote, org).await?.id());
        }
        Ok(query)
    }
}

async fn tail(remote: &Remote, is_json: bool, options: Tail) -> anyhow::Result<()> {
    let mut query = options.filter.query(remote).await?;
    let is_begun_by_place = options.filter.since.is_some() || options.filter.after.is_some();
    if options.lines.is_some() || !is_begun_by_place {
        let lines = usize::from(options.lines.unwrap_or(LINES_DEFAULT));
        // One at least is read: behind it what comes is new.
        let newest = newest(remote, &query, lines.max(1)).await?;
        let shown = newest.get(newest.len().saturating_sub(lines)..).unwrap_or_default();
        if !print(shown, is_json)? {
            return Ok(());
        }
        if let Some(last) = newest.last() {
            query = query.with("after", last.id());
        }
        if !options.follow {
            return Ok(());
        }
    }
    let mut cursor = Cursor { remote, query, is_json };
    if !options.follow {
        return cursor.read().await.map(drop);
    }
    tokio::select! {
        ended = cursor.follow() => ended,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// The last events that the query asks for, the newest at the end.
async fn newest(remote: &Remote, query: &Query, wanted: usize) -> anyhow::Result<Vec<Thing>> {
    if !query.holds("after") {
        let backwards = query.clone().with("order", "desc");
        let mut found = Walk::new(remote, &["events"], backwards, wanted).rest().await?;
        found.reverse();
        return Ok(found);
    }
    // From a place on, the log is read forwards.
    let mut walk = Walk::new(remote, &["events"], query.clone(), usize::MAX);
    let mut kept = VecDeque::new();
    while let Some(events) = walk.next().await? {
        kept.extend(events);
        kept.drain(..kept.len().saturating_sub(wanted));
    }
    Ok(kept.into())
}

/// A reader of the log, and how far it came.
struct Cursor<'a> {
    remote: &'a Remote,
    query: Query,
    is_json: bool,
}

impl Cursor<'_> {
    async fn follow(&mut self) -> anyhow::Result<()> {
        let mut follow = Follow::default();
        loop {
            let outcome = self.read().await;
            if matches!(outcome, Ok(false)) {
                return Ok(());
            }
            follow.heard(outcome.map(drop))?;
            tokio::time::sleep(follow.pause()).await;
        }
    }

    /// Prints what is there; whether anybody still reads it. What was printed is behind the cursor, whatever happens next.
    async fn read(&mut self) -> anyhow::Result<bool> {
        let mut walk = Walk::new(self.remote, &["events"], self.query.clone(), usize::MAX);
        while let Some(events) = walk.next().await? {
            if !print(&events, self.is_json)? {
                return Ok(false);
            }
            if let Some(last) = events.last() {
                self.query = self.query.clone().with("after", last.id());
            }
        }
        Ok(true)
    }
}

/// Prints events, a line each; whether anybody still reads them.
fn print(events: &[Thing], is_json: bool) -> anyhow::Result<bool> {
    let words = words::Words::for_terminal();
    let lines: String =
        events.iter().map(|event| if is_json { event.line() } else { words.line(event) }).collect();
    Ok(lines.is_empty() || terminal::write(&lines)?)
}
