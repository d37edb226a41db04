//! `lockstep key`: the API keys by which applications are known.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use crate::confirm::{ConfirmOptions, confirm};
use crate::exit::Exit;
use crate::fields::{self, Fields};
use crate::listing::{self, ListOptions, Listed};
use crate::naming;
use crate::remote::{Query, Remote, RemoteOptions, Thing};
use crate::table::{Card, Cell, Column, column, spare, whole};
use crate::{terminal, times};

#[derive(Debug, Args)]
#[command(after_help = crate::remote::KEY_HELP)]
pub(crate) struct KeyOptions {
    #[command(flatten)]
    remote: RemoteOptions,
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Lists the keys that may do no more than the one in use, the newest first
    List(List),
    /// Makes one, and prints it this one time
    #[command(
        after_help = "Example:\n  lockstep key create --name reports --org 'Foo Corp' --read-only --expires 90d"
    )]
    Create(Create),
    /// Makes one in place of another, which is accepted for a while longer, and prints it this one time
    #[command(after_help = "Example:\n  lockstep key rotate reports --overlap 24h")]
    Rotate(Rotate),
    /// Ends one at once
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    part: ListOptions,
}

#[derive(Debug, Args)]
struct Create {
    /// What it is for
    #[arg(long)]
    name: Option<String>,
    /// Only this organization: its id, external id or name; may be given several times [default: all]
    #[arg(long)]
    org: Vec<String>,
    /// It changes nothing
    #[arg(long)]
    read_only: bool,
    /// When it ends: a time, a day, or how long from now, such as 90d [default: never]
    #[arg(long, value_name = "WHEN", value_parser = times::coming)]
    expires: Option<String>,
}

#[derive(Debug, Args)]
struct Rotate {
    /// The key's id or name
    key: String,
    #[command(flatten)]
    overlap: OverlapOptions,
}

/// How one secret follows another.
#[derive(Debug, Args)]
pub(crate) struct OverlapOptions {
    /// How much longer the old one is accepted, such as 24h [default: not at all]
    #[arg(long, value_name = "LENGTH", value_parser = times::seconds)]
    overlap: Option<i64>,
    /// When the new one ends [default: it lives as long as the old one was to live]
    #[arg(long, value_name = "WHEN", value_parser = times::coming)]
    expires: Option<String>,
}

impl OverlapOptions {
    pub(crate) fn body(self) -> Value {
        let mut body = Fields::default();
        body.some("overlap_seconds", self.overlap).some("expires_at", self.expires);
        body.into()
    }
}

#[derive(Debug, Args)]
struct Revoke {
    /// The key's id or name
    key: String,
    #[command(flatten)]
    confirm: ConfirmOptions,
}

const COLUMNS: &[Column] = &[
    whole("ID"),
    column("NAME"),
    spare("KEY"),
    column("REACHES"),
    whole("MAY"),
    spare("LAST USED"),
    spare("EXPIRES"),
];

pub(crate) async fn run(options: KeyOptions) -> anyhow::Result<ExitCode> {
    let remote = Remote::of(&options.remote)?;
    let is_json = options.remote.json;
    let path = &["api_keys"];
    match options.command {
        KeyCommand::List(list) => {
            let query = Query::default();
            let listed = Listed { path, query, columns: COLUMNS, row: &row, what: "API keys", total: None };
            listing::print(&remote, is_json, &list.part, listed).await?;
        }
        KeyCommand::Create(create) => {
            let mut organizations = Vec::new();
            for named in &create.org {
                organizations.push(naming::organization(&remote, named).await?.id().to_owned());
            }
            let mut body = Fields::default();
            body.some("name", create.name).some("expires_at", create.expires);
            body.some("organization_ids", (!organizations.is_empty()).then_some(organizations));
            body.some("read_only", create.read_only.then_some(true));
            show(&remote.call(Method::POST, path, &body.into()).await?, is_json)?;
        }
        KeyCommand::Rotate(rotate) => {
            let key = naming::listed(&remote, path, "API key", &rotate.key).await?;
            let path = ["api_keys", key.id(), "rotate"];
            show(&remote.call(Method::POST, &path, &rotate.overlap.body()).await?, is_json)?;
        }
        KeyCommand::Revoke(revoke) => {
            let key = naming::listed(&remote, path, "API key", &revoke.key).await?;
            let what = format!("revoke the API key `{}` ({}, {})", key.text("name"), key.id(), reaches(&key));
            confirm(revoke.confirm, &what)?;
            remote.delete(&["api_keys", key.id()]).await?;
            fields::gone(is_json, "server_api_key", key.id(), "revoked the API key")?;
        }
    }
    Ok(Exit::Done.into())
}

fn row(key: &Thing) -> Vec<Cell> {
    let or_never = |text: &str| if text.is_empty() { "never".to_owned() } else { fields::time(text) };
    vec![
        key.id().into(),
        key.text("name").into(),
        key.text("obfuscated_value").into(),
        reaches(key).into(),
        may(key).into(),
        or_never(key.text("last_used_at")).into(),
        or_never(key.text("expires_at")).into(),
    ]
}

fn reaches(key: &Thing) -> String {
    match key.fields().get("organization_ids").and_then(Value::as_array) {
        None => "everything".to_owned(),
        Some(ids) => ids.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
    }
}

fn may(key: &Thing) -> &'static str {
    if key.fields().get("read_only") == Some(&Value::Bool(true)) { "read" } else { "read, write" }
}

fn show(key: &Thing, is_json: bool) -> anyhow::Result<()> {
    if is_json {
        terminal::write(&key.line())?;
        return Ok(());
    }
    let mut card = Card::for_terminal();
    card.line("id", key.id())
        .line("name", key.text("name"))
        .line("reaches", reaches(key))
        .line("may", may(key))
        .line("expires", key.text("expires_at"))
        .line("created", key.text("created_at"));
    let secret = fields::to_copy("API key (printed this once, keep it)", key.text("value"));
    terminal::write(&[card.text(), secret].concat())?;
    Ok(())
}
