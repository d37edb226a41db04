//! `lockstep directory`: the connections of organizations' identity providers.

mod attributes;
mod preview;
mod roles;
mod settings;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use crate::confirm::{ConfirmOptions, confirm};
use crate::exit::{Exit, Failure};
use crate::fields::{self, Fields};
use crate::listing::{self, ListOptions, Listed};
use crate::naming;
use crate::remote::{Query, Remote, RemoteOptions, Thing};
use crate::table::{Card, Cell, Column, column, spare, whole};
use crate::terminal::{self, Ink};

#[derive(Debug, Args)]
#[command(after_help = crate::remote::KEY_HELP)]
pub(crate) struct DirectoryOptions {
    #[command(flatten)]
    remote: RemoteOptions,
    #[command(subcommand)]
    command: DirectoryCommand,
}

#[derive(Debug, Subcommand)]
enum DirectoryCommand {
    /// Lists directories, the newest first
    List(List),
    /// Shows one
    Show(Named),
    /// Makes one, and prints its SCIM endpoint and, this one time, its bearer token
    #[command(after_help = "Example:\n  lockstep directory create Staff --org 'Foo Corp' --type okta")]
    Create(Create),
    /// Changes one: what is not given stays
    Update(Update),
    /// Pauses one: its IdP is refused, and nothing changes until it is resumed
    Pause(Named),
    /// Lets a paused one serve again
    Resume(Named),
    /// Shows how one takes what its IdP sends, or sets it
    #[command(
        after_help = "Example:\n  lockstep directory settings Staff require_if_match=on put_keeps_absent=default"
    )]
    Settings(settings::Settings),
    /// Shows which of what its IdP sends applications read under which name, and maps it
    Attributes(attributes::Attributes),
    /// Shows which roles the members of its groups have, and maps them
    Roles(roles::Roles),
    /// Deletes one, with its users and groups; its events stay
    Delete(Delete),
}

#[derive(Debug, Args)]
struct List {
    /// Only those of this organization: its id, external id or name
    #[arg(long)]
    org: Option<String>,
    /// Only those with this in their name
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[command(flatten)]
    part: ListOptions,
}

/// A directory, as it is named.
#[derive(Debug, Args)]
struct Named {
    /// Its id or name
    directory: String,
}

#[derive(Debug, Args)]
struct Create {
    /// Its name
    #[arg(required_unless_present = "list_types")]
    name: Option<String>,
    /// The organization: its id, external id or name
    #[arg(long, required_unless_present = "list_types")]
    org: Option<String>,
    /// The IdP, such as okta, or a directory type, such as 'okta scim v2.0'; --list-types names them
    #[arg(long = "type", value_name = "TYPE", required_unless_present = "list_types")]
    directory_type: Option<String>,
    /// Another contract than that of its type, such as strict_rfc
    #[arg(long, value_name = "IDP")]
    contract: Option<String>,
    /// Name the types that there are, and do nothing
    #[arg(long)]
    list_types: bool,
}

#[derive(Debug, Args)]
struct Update {
    #[command(flatten)]
    named: Named,
    /// Another name
    #[arg(long)]
    name: Option<String>,
    /// The contract to which it is held from now on
    #[arg(long, value_name = "IDP")]
    contract: Option<String>,
    /// The header in which its IdP sends the bearer token besides `Authorization`; an empty one for none
    #[arg(long, value_name = "HEADER")]
    credential_header: Option<String>,
}

#[derive(Debug, Args)]
struct Delete {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    confirm: ConfirmOptions,
}

const COLUMNS: &[Column] = &[
    whole("ID"),
    column("NAME"),
    column("TYPE"),
    whole("STATE"),
    whole("USERS"),
    whole("GROUPS"),
    spare("ORGANIZATION"),
];

pub(crate) async fn run(options: DirectoryOptions) -> anyhow::Result<ExitCode> {
    if matches!(&options.command, DirectoryCommand::Create(Create { list_types: true, .. })) {
        list_types()?;
        return Ok(Exit::Done.into());
    }
    let remote = Remote::of(&options.remote)?;
    let is_json = options.remote.json;
    match options.command {
        DirectoryCommand::List(list) => print(&remote, is_json, list).await?,
        DirectoryCommand::Show(named) => {
            show(&naming::directory(&remote, &named.directory, None).await?, is_json)?;
        }
        DirectoryCommand::Create(create) => make(&remote, is_json, create).await?,
        DirectoryCommand::Update(update) => {
            let mut body = Fields::default();
            body.some("name", update.name).some("contract", update.contract);
            body.some_or_null("credential_header", update.credential_header);
            if body.is_empty() {
                let message = "nothing to change: give --name, --contract or --credential-header";
                return Err(Failure::usage(message).into());
            }
            show(&change(&remote, &update.named, body).await?, is_json)?;
        }
        DirectoryCommand::Pause(named) => set_state(&remote, is_json, &named, "unlinked").await?,
        DirectoryCommand::Resume(named) => set_state(&remote, is_json, &named, "linked").await?,
        DirectoryCommand::Settings(settings) => settings::run(&remote, is_json, settings).await?,
        DirectoryCommand::Attributes(options) => attributes::run(&remote, is_json, options).await?,
        DirectoryCommand::Roles(options) => roles::run(&remote, is_json, options).await?,
        DirectoryCommand::Delete(delete) => {
            let directory = naming::directory(&remote, &delete.named.directory, None).await?;
            let (active, inactive, groups) = counts(&directory);
            let what = format!(
                "delete the directory `{}` ({}) with {} users and {groups} groups",
                directory.text("name"),
                directory.id(),
                active.saturating_add(inactive)
            );
            confirm(delete.confirm, &what)?;
            remote.delete(&["directories", directory.id()]).await?;
            fields::gone(is_json, "directory", directory.id(), "deleted the directory")?;
        }
    }
    Ok(Exit::Done.into())
}

async fn print(remote: &Remote, is_json: bool, list: List) -> anyhow::Result<()> {
    let mut query = Query::default().with_some("search", list.search.as_deref());
    if let Some(org) = &list.org {
        query = query.with("organization_id", naming::organization(remote, org).await?.id());
    }
    let path = &["directories"];
    let listed = Listed { path, query, columns: COLUMNS, row: &row, what: "directories", total: None };
    listing::print(remote, is_json, &list.part, listed).await
}

async fn make(remote: &Remote, is_json: bool, create: Create) -> anyhow::Result<()> {
    let org = naming::organization(remote, &create.org.unwrap_or_default()).await?;
    let (directory_type, own_contract) = typed(create.directory_type.unwrap_or_default());
    let mut body = Fields::default();
    body.set("organization_id", org.id()).some("name", create.name).set("type", directory_type);
    body.some("contract", create.contract.or(own_contract));
    show(&remote.call(Method::POST, &["directories"], &body.into()).await?, is_json)
}

/// The directory type of what was typed, and the contract where the type alone does not say it. What is no IdP's short
/// name is for the server to know.
fn typed(text: String) -> (String, Option<String>) {
    match lockstep_idp::by_slug(&text) {
        Some(provider) => {
            let says_it = provider.directory_types.contains(&provider.directory_type());
            (provider.directory_type().to_owned(), (!says_it).then(|| provider.slug.to_owned()))
        }
        None => (text, None),
    }
}

fn list_types() -> anyhow::Result<()> {
    let mut table =
        crate::table::Table::for_terminal(const { &[whole("NAME"), whole("TYPE"), column("IDP")] });
    let named = lockstep_idp::PROVIDERS
        .iter()
        .map(|provider| [provider.slug, provider.directory_type(), provider.name].map(Cell::from).to_vec());
    let is_named =
        |wanted: &&str| lockstep_idp::PROVIDERS.iter().any(|provider| provider.directory_type() == *wanted);
    let others = lockstep_idp::directory_types().filter(|wanted| !is_named(wanted));
    let others = others.map(|wanted| {
        let contract = lockstep_idp::for_type(wanted).map(|provider| provider.name).unwrap_or_default();
        ["", wanted, &format!("held to the contract: {contract}")].map(Cell::from).to_vec()
    });
    terminal::write(&table.part(&named.chain(others).collect::<Vec<_>>()))?;
    Ok(())
}

async fn change(remote: &Remote, named: &Named, body: Fields) -> anyhow::Result<Thing> {
    let directory = naming::directory(remote, &named.directory, None).await?;
    remote.call(Method::PUT, &["directories", directory.id()], &body.into()).await
}

async fn set_state(remote: &Remote, is_json: bool, named: &Named, state: &str) -> anyhow::Result<()> {
    let mut body = Fields::default();
    body.set("state", state);
    show(&change(remote, named, body).await?, is_json)
}

fn row(directory: &Thing) -> Vec<Cell> {
    let (active, inactive, groups) = counts(directory);
    let users = if inactive == 0 { active.to_string() } else { format!("{active} (+{inactive} inactive)") };
    vec![
        directory.id().into(),
        directory.text("name").into(),
        directory.text("type").into(),
        state(directory),
        users.into(),
        groups.to_string().into(),
        directory.text("organization_id").into(),
    ]
}

fn state(directory: &Thing) -> Cell {
    let ink = if directory.text("state") == "linked" { Ink::Good } else { Ink::Told };
    Cell::from(directory.text("state")).with(ink)
}

/// Users that are active, users that are not, and groups.
pub(crate) fn counts(directory: &Thing) -> (u64, u64, u64) {
    let count = |path| directory.fields().pointer(path).and_then(Value::as_u64).unwrap_or_default();
    (count("/metadata/users/active"), count("/metadata/users/inactive"), count("/metadata/groups"))
}

fn show(directory: &Thing, is_json: bool) -> anyhow::Result<()> {
    if is_json {
        terminal::write(&directory.line())?;
        return Ok(());
    }
    let (active, inactive, groups) = counts(directory);
    let mut card = Card::for_terminal();
    card.line("id", directory.id())
        .line("name", directory.text("name"))
        .line("organization", directory.text("organization_id"))
        .line("type", directory.text("type"))
        .line(
            "contract",
            format!("{} ({})", directory.text("contract"), directory.text("contract_chosen_by")),
        )
        .line("state", state(directory))
        .line("users", format!("{active} active, {inactive} inactive"))
        .line("groups", groups.to_string())
        .line("credential header", directory.text("credential_header"))
        .line("created", directory.text("created_at"))
        .line("updated", directory.text("updated_at"));
    if let Some(suggested) = directory.fields().get("suggested_contract").filter(|one| !one.is_null()) {
        let slug = crate::remote::text(suggested, "contract");
        let take = format!("{slug}: its traffic looks so; `directory update --contract {slug}` takes it");
        card.line("suggested", Cell::from(take).with(Ink::Told));
    }
    let told = [
        card.text(),
        fields::to_copy("SCIM endpoint", directory.text("scim_endpoint")),
        fields::to_copy("Bearer token (printed this once, keep it)", directory.text("bearer_token")),
    ]
    .concat();
    terminal::write(&told)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idps_short_name_is_its_type_and_its_contract_where_the_type_does_not_say_it() {
        assert_eq!(typed("okta".into()), ("okta scim v2.0".into(), None));
        assert_eq!(typed("gsuite directory".into()), ("gsuite directory".into(), None));
        let unnamed =
            lockstep_idp::PROVIDERS.iter().find(|provider| provider.directory_types.is_empty()).unwrap();
        assert_eq!(typed(unnamed.slug.into()), ("generic scim v2.0".into(), Some(unnamed.slug.into())));
    }
}
