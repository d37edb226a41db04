//! `lockstep token`: a directory's bearer tokens, by which its IdP is known.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use crate::confirm::{ConfirmOptions, confirm};
use crate::exit::Exit;
use crate::fields::{self, Fields};
use crate::key::OverlapOptions;
use crate::listing::{self, ListOptions, Listed};
use crate::naming;
use crate::remote::{Query, Remote, RemoteOptions, Thing};
use crate::table::{Card, Cell, Column, column, spare, whole};
use crate::terminal;
use crate::times;

#[derive(Debug, Args)]
#[command(after_help = crate::remote::KEY_HELP)]
pub(crate) struct TokenOptions {
    #[command(flatten)]
    remote: RemoteOptions,
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Lists a directory's tokens, the newest first
    List(List),
    /// Makes one beside those that there are, and prints it this one time
    #[command(after_help = "Example:\n  lockstep token create Staff --name 'Okta 2027' --expires 365d")]
    Create(Create),
    /// Makes one in place of another, which is accepted for a while longer, and prints it this one time
    #[command(after_help = "Example:\n  lockstep token rotate Staff 'Okta 2027' --overlap 24h")]
    Rotate(Rotate),
    /// Ends one at once
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct List {
    /// The directory's id or name
    directory: String,
    #[command(flatten)]
    part: ListOptions,
}

#[derive(Debug, Args)]
struct Create {
    /// The directory's id or name
    directory: String,
    /// What it is for
    #[arg(long)]
    name: Option<String>,
    /// What it may not do: read (only reads), users (only users), groups (only groups), no-delete
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<String>,
    /// When it ends: a time, a day, or how long from now, such as 90d [default: never]
    #[arg(long, value_name = "WHEN", value_parser = times::coming)]
    expires: Option<String>,
}

#[derive(Debug, Args)]
struct Rotate {
    /// The directory's id or name
    directory: String,
    /// The token's id or name
    token: String,
    #[command(flatten)]
    overlap: OverlapOptions,
}

#[derive(Debug, Args)]
struct Revoke {
    /// The directory's id or name
    directory: String,
    /// The token's id or name
    token: String,
    #[command(flatten)]
    confirm: ConfirmOptions,
}

const COLUMNS: &[Column] =
    &[whole("ID"), column("NAME"), column("SCOPES"), whole("LAST USED"), spare("EXPIRES"), spare("CREATED")];

pub(crate) async fn run(options: TokenOptions) -> anyhow::Result<ExitCode> {
    let remote = Remote::of(&options.remote)?;
    let is_json = options.remote.json;
    match options.command {
        TokenCommand::List(list) => {
            let directory = naming::directory(&remote, &list.directory, None).await?;
            let path = &["directories", directory.id(), "tokens"];
            let listed = Listed {
                path,
                query: Query::default(),
                columns: COLUMNS,
                row: &row,
                what: "tokens",
                total: None,
            };
            listing::print(&remote, is_json, &list.part, listed).await?;
        }
        TokenCommand::Create(create) => {
            let directory = naming::directory(&remote, &create.directory, None).await?;
            let mut body = Fields::default();
            body.some("name", create.name).some("expires_at", create.expires);
            body.some("scopes", (!create.scopes.is_empty()).then_some(create.scopes));
            let path = ["directories", directory.id(), "tokens"];
            show(&remote.call(Method::POST, &path, &body.into()).await?, is_json)?;
        }
        TokenCommand::Rotate(rotate) => {
            let directory = naming::directory(&remote, &rotate.directory, None).await?;
            let path = ["directories", directory.id(), "tokens"];
            let token = naming::listed(&remote, &path, "token", &rotate.token).await?;
            let path = ["directories", directory.id(), "tokens", token.id(), "rotate"];
            show(&remote.call(Method::POST, &path, &rotate.overlap.body()).await?, is_json)?;
        }
        TokenCommand::Revoke(revoke) => {
            let directory = naming::directory(&remote, &revoke.directory, None).await?;
            let path = ["directories", directory.id(), "tokens"];
            let token = naming::listed(&remote, &path, "token", &revoke.token).await?;
            let what = format!(
                "revoke the token `{}` ({}) of the directory `{}`",
                token.text("name"),
                token.id(),
                directory.text("name")
            );
            confirm(revoke.confirm, &what)?;
            remote.delete(&["directories", directory.id(), "tokens", token.id()]).await?;
            fields::gone(is_json, "directory_token", token.id(), "revoked the token")?;
        }
    }
    Ok(Exit::Done.into())
}

fn row(token: &Thing) -> Vec<Cell> {
    let or =
        |text: &str, otherwise: &str| if text.is_empty() { otherwise.to_owned() } else { fields::time(text) };
    vec![
        token.id().into(),
        token.text("name").into(),
        scopes(token).into(),
        or(token.text("last_used_at"), "never").into(),
        or(token.text("expires_at"), "never").into(),
        fields::time(token.text("created_at")).into(),
    ]
}

fn scopes(token: &Thing) -> String {
    let scopes = token.fields().get("scopes").and_then(Value::as_array).into_iter().flatten();
    let scopes: Vec<&str> = scopes.filter_map(Value::as_str).collect();
    if scopes.is_empty() { "everything".to_owned() } else { scopes.join(", ") }
}

fn show(token: &Thing, is_json: bool) -> anyhow::Result<()> {
    if is_json {
        terminal::write(&token.line())?;
        return Ok(());
    }
    let mut card = Card::for_terminal();
    card.line("id", token.id())
        .line("directory", token.text("directory_id"))
        .line("name", token.text("name"))
        .line("scopes", scopes(token))
        .line("expires", token.text("expires_at"))
        .line("created", token.text("created_at"));
    let secret = fields::to_copy("Bearer token (printed this once, keep it)", token.text("bearer_token"));
    let told = [card.text(), secret].concat();
    terminal::write(&told)?;
    Ok(())
}
