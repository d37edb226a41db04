//! `lockstep groups`: the groups that IdPs have told of, and who is in them.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::exit::Exit;
use crate::fields;
use crate::listing::{self, ListOptions, Listed};
use crate::naming;
use crate::remote::{Query, Remote, RemoteOptions, Thing};
use crate::table::{Card, Cell, Column, column, spare, whole};
use crate::{terminal, users};

#[derive(Debug, Args)]
#[command(after_help = crate::remote::KEY_HELP)]
pub(crate) struct GroupsOptions {
    #[command(flatten)]
    remote: RemoteOptions,
    #[command(subcommand)]
    command: GroupsCommand,
}

#[derive(Debug, Subcommand)]
enum GroupsCommand {
    /// Lists the groups of a directory or a user, the newest first
    List(List),
    /// Shows one
    Show(Show),
    /// Lists a group's members, the newest users first
    #[command(after_help = "Example:\n  lockstep groups members Engineering --directory Staff --all")]
    Members(Members),
}

#[derive(Debug, Args)]
struct List {
    /// The directory's id or name [default: the only one]
    #[arg(long, short)]
    directory: Option<String>,
    /// Only those that this user is in: its id, id of the IdP or e-mail address
    #[arg(long, short)]
    user: Option<String>,
    #[command(flatten)]
    part: ListOptions,
}

#[derive(Debug, Args)]
struct Show {
    /// The group's id; or, in a directory, its id of the IdP or name
    group: String,
    /// The directory's id or name [default: the only one]
    #[arg(long, short)]
    directory: Option<String>,
}

#[derive(Debug, Args)]
struct Members {
    #[command(flatten)]
    group: Show,
    #[command(flatten)]
    part: ListOptions,
}

const COLUMNS: &[Column] = &[whole("ID"), column("NAME"), column("ID OF THE IDP"), spare("UPDATED")];

pub(crate) async fn run(options: GroupsOptions) -> anyhow::Result<ExitCode> {
    let remote = Remote::of(&options.remote)?;
    let is_json = options.remote.json;
    match options.command {
        GroupsCommand::List(list) => {
            let query = if let Some(named) = &list.user {
                let user = naming::user(&remote, named, list.directory.as_deref()).await?;
                Query::default().with("user", user.id())
            } else {
                let directory = naming::directory_id(&remote, list.directory.as_deref()).await?;
                Query::default().with("directory", directory)
            };
            let path = &["directory_groups"];
            let listed = Listed { path, query, columns: COLUMNS, row: &row, what: "groups", total: None };
            listing::print(&remote, is_json, &list.part, listed).await?;
        }
        GroupsCommand::Show(wanted) => {
            let group = find(&remote, &wanted).await?;
            let told = if is_json { group.line() } else { card(&group) };
            terminal::write(&told)?;
        }
        GroupsCommand::Members(members) => {
            let group = find(&remote, &members.group).await?;
            let listed = Listed {
                path: &["directory_users"],
                query: Query::default().with("group", group.id()),
                columns: users::COLUMNS,
                row: &users::row,
                what: "members",
                total: None,
            };
            listing::print(&remote, is_json, &members.part, listed).await?;
        }
    }
    Ok(Exit::Done.into())
}

async fn find(remote: &Remote, wanted: &Show) -> anyhow::Result<Thing> {
    naming::group(remote, &wanted.group, wanted.directory.as_deref()).await
}

fn row(group: &Thing) -> Vec<Cell> {
    vec![
        group.id().into(),
        group.text("name").into(),
        group.text("idp_id").into(),
        fields::time(group.text("updated_at")).into(),
    ]
}

fn card(group: &Thing) -> String {
    let mut card = Card::for_terminal();
    for (name, field) in [
        ("id", "id"),
        ("name", "name"),
        ("directory", "directory_id"),
        ("organization", "organization_id"),
        ("id of the IdP", "idp_id"),
        ("created", "created_at"),
        ("updated", "updated_at"),
    ] {
        card.line(name, group.text(field));
    }
    card.text()
}
