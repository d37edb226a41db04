//! `lockstep org`: organizations, the customers of the application.

mod domains;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use crate::confirm::{ConfirmOptions, confirm};
use crate::exit::{Exit, Failure};
use crate::fields::{self, Fields, entry};
use crate::listing::{self, ListOptions, Listed};
use crate::naming;
use crate::remote::{Query, Remote, RemoteOptions, Thing};
use crate::table::{Card, Cell, Column, column, spare, whole};
use crate::terminal;

#[derive(Debug, Args)]
#[command(after_help = crate::remote::KEY_HELP)]
pub(crate) struct OrgOptions {
    #[command(flatten)]
    remote: RemoteOptions,
    #[command(subcommand)]
    command: OrgCommand,
}

#[derive(Debug, Subcommand)]
enum OrgCommand {
    /// Lists organizations, the newest first
    List(List),
    /// Shows one
    Show(Named),
    /// Makes one
    #[command(
        after_help = "Example:\n  lockstep org create 'Foo Corp' --external-id cust_42 --domain foo.example.com --metadata tier=gold"
    )]
    Create(Create),
    /// Changes one: what is not given stays
    Update(Update),
    /// Deletes one
    Delete(Delete),
    /// Lists, adds, verifies and takes away the domains of one
    Domains(domains::DomainsOptions),
}

#[derive(Debug, Args)]
struct List {
    /// Only those with this in their name
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only those with this domain; may be given several times
    #[arg(long, value_name = "DOMAIN")]
    domain: Vec<String>,
    #[command(flatten)]
    part: ListOptions,
}

#[derive(Debug, Args)]
struct Named {
    /// Its id, external id or name
    org: String,
}

#[derive(Debug, Args)]
struct Create {
    /// Its name
    name: String,
    /// By what the application knows it
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// A domain of it; may be given several times. DOMAIN=verified where it is known to be its own [default: pending]
    #[arg(long, value_name = "DOMAIN")]
    domain: Vec<String>,
    /// Something that the application wants to know of it; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = entry)]
    metadata: Vec<(String, String)>,
}

#[derive(Debug, Args)]
struct Update {
    #[command(flatten)]
    named: Named,
    /// Another name
    #[arg(long)]
    name: Option<String>,
    /// Another external id; an empty one takes it away
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// Its domains, all of them: others are taken away, and an empty one takes all away. DOMAIN or DOMAIN=STATE, which is
    /// verified or pending [default: as it is]. `lockstep org domains` changes one
    #[arg(long, value_name = "DOMAIN")]
    domain: Vec<String>,
    /// Metadata to set; an empty value takes the key away
    #[arg(long, value_name = "KEY=VALUE", value_parser = entry)]
    metadata: Vec<(String, String)>,
}

#[derive(Debug, Args)]
struct Delete {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    confirm: ConfirmOptions,
}

const COLUMNS: &[Column] =
    &[whole("ID"), column("NAME"), column("EXTERNAL ID"), column("DOMAINS"), spare("CREATED")];

pub(crate) async fn run(options: OrgOptions) -> anyhow::Result<ExitCode> {
    let remote = Remote::of(&options.remote)?;
    let is_json = options.remote.json;
    match options.command {
        OrgCommand::List(list) => {
            let query = Query::default()
                .with_some("search", list.search.as_deref())
                .with("domains", list.domain.join(","));
            let listed = Listed {
                path: &["organizations"],
                query,
                columns: COLUMNS,
                row: &row,
                what: "organizations",
                total: None,
            };
            listing::print(&remote, is_json, &list.part, listed).await?;
        }
        OrgCommand::Show(named) => show(&naming::organization(&remote, &named.org).await?, is_json)?,
        OrgCommand::Create(create) => {
            let mut body = Fields::default();
            body.set("name", create.name).some("external_id", create.external_id);
            body.some("domain_data", domains::data(&create.domain));
            body.entries("metadata", create.metadata);
            show(&remote.call(Method::POST, &["organizations"], &body.into()).await?, is_json)?;
        }
        OrgCommand::Update(update) => {
            let mut body = Fields::default();
            body.some("name", update.name).some_or_null("external_id", update.external_id);
            body.some("domain_data", domains::data(&update.domain));
            body.entries("metadata", update.metadata);
            if body.is_empty() {
                let message = "nothing to change: give --name, --external-id, --domain or --metadata";
                return Err(Failure::usage(message).into());
            }
            let org = naming::organization(&remote, &update.named.org).await?;
            show(&remote.call(Method::PUT, &["organizations", org.id()], &body.into()).await?, is_json)?;
        }
        OrgCommand::Delete(delete) => {
            let org = naming::organization(&remote, &delete.named.org).await?;
            let what = format!(
                "delete the organization `{}` ({}) with all its directories",
                org.text("name"),
                org.id()
            );
            confirm(delete.confirm, &what)?;
            remote.delete(&["organizations", org.id()]).await?;
            fields::gone(is_json, "organization", org.id(), "deleted the organization")?;
        }
        OrgCommand::Domains(options) => domains::run(&remote, is_json, options).await?,
    }
    Ok(Exit::Done.into())
}

fn row(org: &Thing) -> Vec<Cell> {
    vec![
        org.id().into(),
        org.text("name").into(),
        org.text("external_id").into(),
        names_of_domains(org).into(),
        fields::time(org.text("created_at")).into(),
    ]
}

fn names_of_domains(org: &Thing) -> String {
    let names: Vec<String> =
        org.parts("domains").iter().map(|domain| domain.text("domain").to_owned()).collect();
    names.join(", ")
}

fn show(org: &Thing, is_json: bool) -> anyhow::Result<()> {
    if is_json {
        terminal::write(&org.line())?;
        return Ok(());
    }
    let mut card = Card::for_terminal();
    card.line("id", org.id())
        .line("name", org.text("name"))
        .line("external id", org.text("external_id"))
        .line("domains", names_of_domains(org));
    for (key, value) in org.fields().get("metadata").and_then(Value::as_object).into_iter().flatten() {
        card.line(&format!("metadata.{key}"), value.as_str().unwrap_or_default());
    }
    card.line("created", org.text("created_at")).line("updated", org.text("updated_at"));
    terminal::write(&card.text())?;
    Ok(())
}
