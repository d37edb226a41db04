//! `lockstep users`: who IdPs have told of.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::directory::counts;
use crate::exit::{Exit, Failure};
use crate::fields;
use crate::listing::{self, ListOptions, Listed};
use crate::naming;
use crate::remote::{Query, Remote, RemoteOptions, Thing, text};
use crate::table::{Card, Cell, Column, column, spare, whole};
use crate::terminal::{self, Ink};

#[derive(Debug, Args)]
#[command(after_help = crate::remote::KEY_HELP)]
pub(crate) struct UsersOptions {
    #[command(flatten)]
    remote: RemoteOptions,
    #[command(subcommand)]
    command: UsersCommand,
}

#[derive(Debug, Subcommand)]
enum UsersCommand {
    /// Lists the users of a directory or a group, the newest first
    #[command(after_help = "\
Examples:
  lockstep users list --directory Staff
  lockstep users list --directory Staff --group Engineering --all
  lockstep users list --all --json | jq -r 'select(.state == \"inactive\").email'")]
    List(List),
    /// Shows one with all that is known of it
    Show(Show),
}

#[derive(Debug, Args)]
struct List {
    /// The directory's id or name [default: the only one]
    #[arg(long, short)]
    directory: Option<String>,
    /// Only members of this group: its id, id of the IdP or name
    #[arg(long, short)]
    group: Option<String>,
    /// Only those with this e-mail address
    #[arg(long)]
    email: Option<String>,
    /// Only the one with this id of the IdP
    #[arg(long, value_name = "ID")]
    idp_id: Option<String>,
    #[command(flatten)]
    part: ListOptions,
}

#[derive(Debug, Args)]
struct Show {
    /// The user's id; or, in a directory, its id of the IdP or e-mail address
    user: String,
    /// The directory's id or name [default: the only one]
    #[arg(long, short)]
    directory: Option<String>,
}

pub(crate) const COLUMNS: &[Column] =
    &[whole("ID"), column("NAME"), column("EMAIL"), column("USERNAME"), whole("STATE"), spare("UPDATED")];

pub(crate) async fn run(options: UsersOptions) -> anyhow::Result<ExitCode> {
    let remote = Remote::of(&options.remote)?;
    let is_json = options.remote.json;
    match options.command {
        UsersCommand::List(list) => {
            let group = match &list.group {
                Some(named) => Some(naming::group(&remote, named, list.directory.as_deref()).await?),
                None => None,
            };
            let filters = list.email.is_some() || list.idp_id.is_some();
            let directory = match &group {
                Some(group) => group.text("directory_id").to_owned(),
                None => naming::directory_id(&remote, list.directory.as_deref()).await?,
            };
            let total = if group.is_none() && !filters && list.part.all {
                let directory = remote.get(&["directories", &directory], &Query::default()).await?;
                let (active, inactive, _) = counts(&directory);
                Some(active.saturating_add(inactive))
            } else {
                None
            };
            let query = Query::default()
                .with("directory", directory)
                .with_some("group", group.as_ref().map(Thing::id))
                .with_some("email", list.email.as_deref())
                .with_some("idp_id", list.idp_id.as_deref());
            let path = &["directory_users"];
            let listed = Listed { path, query, columns: COLUMNS, row: &row, what: "users", total };
            listing::print(&remote, is_json, &list.part, listed).await?;
        }
        UsersCommand::Show(wanted) => {
            let user = naming::user(&remote, &wanted.user, wanted.directory.as_deref()).await?;
            let told = if is_json { user.line() } else { card(&user)? };
            terminal::write(&told)?;
        }
    }
    Ok(Exit::Done.into())
}

pub(crate) fn row(user: &Thing) -> Vec<Cell> {
    vec![
        user.id().into(),
        user.text("name").into(),
        user.text("email").into(),
        user.text("username").into(),
        state(user),
        fields::time(user.text("updated_at")).into(),
    ]
}

fn state(user: &Thing) -> Cell {
    let state = user.text("state");
    Cell::from(state).with(if state == "active" { Ink::Good } else { Ink::Told })
}

fn card(user: &Thing) -> anyhow::Result<String> {
    let mut card = Card::for_terminal();
    card.line("id", user.id());
    for (name, field) in [
        ("directory", "directory_id"),
        ("organization", "organization_id"),
        ("id of the IdP", "idp_id"),
        ("username", "username"),
        ("email", "email"),
        ("name", "name"),
        ("first name", "first_name"),
        ("last name", "last_name"),
        ("job title", "job_title"),
    ] {
        card.line(name, user.text(field));
    }
    card.line("state", state(user));
    let list = |field: &str| {
        user.fields().get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    };
    let roles: Vec<&str> = list("roles").iter().map(|role| text(role, "slug")).collect();
    let role = user.fields().get("role").map(|role| text(role, "slug")).unwrap_or_default();
    card.line("role", role).line("roles", roles.join(", "));
    for group in list("groups") {
        card.line("group", format!("{} ({})", text(group, "name"), text(group, "id")));
    }
    for (name, value) in
        user.fields().get("custom_attributes").and_then(Value::as_object).into_iter().flatten()
    {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        card.line(&format!("custom.{name}"), value);
    }
    card.line("created", user.text("created_at")).line("updated", user.text("updated_at"));
    let mut told = card.text();
    if let Some(raw) = user.fields().get("raw_attributes").filter(|raw| !raw.is_null()) {
        told.push_str("\nas the IdP sent it\n");
        let raw = serde_json::to_string_pretty(raw)
            .map_err(|error| Failure::new(Exit::Failed, format!("cannot print the user: {error}")))?;
        for line in raw.lines() {
            told.extend(["  ", &terminal::plain(line), "\n"]);
        }
    }
    Ok(told)
}
