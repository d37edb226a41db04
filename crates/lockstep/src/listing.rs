//! Lists of the API, walked page by page: a table for people, a line of JSON each for programs. Says where a list goes on.

use std::collections::VecDeque;

use clap::Args;

use crate::progress;
use crate::remote::{Query, Remote, Thing};
use crate::table::{Cell, Column, Table};
use crate::terminal;

/// Things on a page, as many as the API gives.
const PAGE: usize = 100;

/// How much of a list.
#[derive(Clone, Debug, Args)]
pub(crate) struct ListOptions {
    /// How many, at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// All, however many they are
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
    /// Go on behind the thing with this id
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,
}

impl ListOptions {
    fn wanted(&self) -> usize {
        if self.all { usize::MAX } else { usize::try_from(self.limit).unwrap_or(usize::MAX) }
    }
}

/// A walk over a list, a page at a time.
pub(crate) struct Walk<'a> {
    remote: &'a Remote,
    path: Vec<String>,
    query: Query,
    /// Where the next page begins; `None` when there is no next one.
    next: Option<Query>,
    wanted: usize,
    /// Whether the last page was as long as was asked for, so that more may follow.
    was_full: bool,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(remote: &'a Remote, path: &[&str], query: Query, wanted: usize) -> Self {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Self { remote, path, next: Some(query.clone()), query, wanted, was_full: false }
    }

    /// The next things; nothing at the end, or when there are as many as were wanted.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Vec<Thing>>> {
        if self.wanted == 0 {
            return Ok(None);
        }
        let Some(query) = self.next.take() else { return Ok(None) };
        let limit = self.wanted.min(PAGE);
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let page = self.remote.page(&path, &query.with("limit", limit.to_string())).await?;
        self.wanted = self.wanted.saturating_sub(page.data.len());
        self.was_full = page.data.len() >= limit;
        // A list that never ends has a cursor also at its end, but then nothing behind it.
        self.next =
            page.after.filter(|_| !page.data.is_empty()).map(|after| self.query.clone().with("after", after));
        Ok(Some(page.data))
    }

    /// All that is left, in memory: for lists that are short.
    pub(crate) async fn rest(mut self) -> anyhow::Result<Vec<Thing>> {
        let mut all = VecDeque::new();
        while let Some(things) = self.next().await? {
            all.extend(things);
        }
        Ok(all.into())
    }
}

/// What is listed, and how a row of it looks.
pub(crate) struct Listed<'a> {
    pub(crate) path: &'a [&'a str],
    pub(crate) query: Query,
    pub(crate) columns: &'static [Column],
    pub(crate) row: &'a dyn Fn(&Thing) -> Vec<Cell>,
    /// What they are, in the plural.
    pub(crate) what: &'a str,
    /// How many there are, where that is known.
    pub(crate) total: Option<u64>,
}

/// Prints a list.
pub(crate) async fn print(
    remote: &Remote,
    is_json: bool,
    options: &ListOptions,
    listed: Listed<'_>,
) -> anyhow::Result<()> {
    let query = listed.query.with_some("after", options.after.as_deref());
    let mut walk = Walk::new(remote, listed.path, query, options.wanted());
    let mut table = Table::for_terminal(listed.columns);
    let bar = progress::walk(listed.what, listed.total.filter(|_| options.all));
    let mut last = None;
    while let Some(things) = walk.next().await? {
        let text = if is_json {
            things.iter().map(Thing::line).collect()
        } else if things.is_empty() {
            String::new()
        } else {
            table.part(&things.iter().map(listed.row).collect::<Vec<_>>())
        };
        bar.inc(u64::try_from(things.len()).unwrap_or(u64::MAX));
        if !terminal::write(&text)? {
            return Ok(());
        }
        last = things.last().map(|thing| thing.id().to_owned()).or(last);
    }
    bar.finish_and_clear();
    say_rest(&walk, last.as_deref(), is_json, listed.what);
    Ok(())
}

/// Says that a list goes on behind what was printed, or that there was nothing. A program that reads JSON sees the latter.
pub(crate) fn say_rest(walk: &Walk<'_>, last: Option<&str>, is_json: bool, what: &str) {
    match last {
        Some(last) if walk.next.is_some() && walk.was_full => {
            eprintln!(
                "there may be more {what}: --all, a larger --limit, or --after {}",
                terminal::plain(last)
            );
        }
        None if !is_json => eprintln!("no {what}"),
        _ => {}
    }
}
