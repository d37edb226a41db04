//! `lockstep org domains`: the domains of an organization, one by one.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use crate::confirm::{ConfirmOptions, confirm};
use crate::exit::{Exit, Failure};
use crate::fields::{self, Fields};
use crate::naming;
use crate::remote::{Query, Remote, Thing};
use crate::table::{Card, Cell, Column, Table, column, spare, whole};
use crate::terminal::{self, plain};

#[derive(Debug, Args)]
pub(super) struct DomainsOptions {
    #[command(subcommand)]
    command: DomainsCommand,
}

#[derive(Debug, Subcommand)]
enum DomainsCommand {
    /// Lists an organization's domains
    List(List),
    /// Adds one, which no other organization may have
    #[command(after_help = "Example:\n  lockstep org domains add 'Foo Corp' foo.example.com --verified")]
    Add(Add),
    /// Says that one is the organization's: the server itself asks no DNS
    Verify(Named),
    /// Takes one away: it is free for another organization
    Remove(Remove),
}

#[derive(Debug, Args)]
struct List {
    /// The organization's id, external id or name
    org: String,
}

#[derive(Debug, Args)]
struct Add {
    /// The organization's id, external id or name
    org: String,
    /// The domain, such as foo.example.com
    domain: String,
    /// It is known to be the organization's [default: pending]
    #[arg(long)]
    verified: bool,
}

#[derive(Debug, Args)]
struct Named {
    /// The organization's id, external id or name
    org: String,
    /// The domain, or its id
    domain: String,
}

#[derive(Debug, Args)]
struct Remove {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    confirm: ConfirmOptions,
}

const COLUMNS: &[Column] = &[whole("ID"), whole("DOMAIN"), column("STATE"), spare("CREATED")];

pub(super) async fn run(remote: &Remote, is_json: bool, options: DomainsOptions) -> anyhow::Result<()> {
    match options.command {
        DomainsCommand::List(list) => {
            let org = naming::organization(remote, &list.org).await?;
            print(&org.parts("domains"), is_json)
        }
        DomainsCommand::Add(add) => {
            let org = naming::organization(remote, &add.org).await?;
            let mut body = Fields::default();
            body.set("organization_id", org.id()).set("domain", add.domain);
            let made = remote.call(Method::POST, &["organization_domains"], &body.into()).await?;
            let made = if add.verified { verified(remote, org.id(), &made).await? } else { made };
            show(&made, is_json)
        }
        DomainsCommand::Verify(named) => {
            let (org, domain) = find(remote, &named).await?;
            show(&verified(remote, org.id(), &domain).await?, is_json)
        }
        DomainsCommand::Remove(remove) => {
            let (org, domain) = find(remote, &remove.named).await?;
            let what = format!(
                "take the domain `{}` ({}) from the organization `{}`",
                domain.text("domain"),
                domain.id(),
                org.text("name")
            );
            confirm(remove.confirm, &what)?;
            remote.delete(&["organization_domains", domain.id()]).await?;
            fields::gone(is_json, "organization_domain", domain.id(), "took away the domain")
        }
    }
}

/// An organization, and the one of its domains that is named.
async fn find(remote: &Remote, named: &Named) -> anyhow::Result<(Thing, Thing)> {
    let org = naming::organization(remote, &named.org).await?;
    let wanted = named.domain.trim().to_lowercase();
    let found = org
        .parts("domains")
        .into_iter()
        .find(|domain| domain.id() == named.domain || domain.text("domain") == wanted);
    let Some(domain) = found else {
        let message = format!(
            "the organization `{}` has no domain `{}`: `lockstep org domains list` shows those that it has",
            plain(org.text("name")),
            plain(&named.domain)
        );
        return Err(Failure::new(Exit::Missing, message).into());
    };
    Ok((org, domain))
}

/// Says that a domain is the organization's. The API takes this with all that the organization has: the others are sent as
/// they are at this moment, so that they stay.
async fn verified(remote: &Remote, org: &str, domain: &Thing) -> anyhow::Result<Thing> {
    let before = remote.get(&["organizations", org], &Query::default()).await?;
    let data: Vec<Value> = before
        .parts("domains")
        .iter()
        .map(|other| {
            let state = if other.id() == domain.id() { "verified" } else { other.text("state") };
            json!({ "domain": other.text("domain"), "state": state })
        })
        .collect();
    let mut body = Fields::default();
    body.set("domain_data", data);
    remote.call(Method::PUT, &["organizations", org], &body.into()).await?;
    remote.get(&["organization_domains", domain.id()], &Query::default()).await
}

fn print(domains: &[Thing], is_json: bool) -> anyhow::Result<()> {
    if is_json {
        terminal::write(&domains.iter().map(Thing::line).collect::<String>())?;
    } else if domains.is_empty() {
        eprintln!("no domains");
    } else {
        let rows: Vec<Vec<Cell>> = domains.iter().map(row).collect();
        terminal::write(&Table::for_terminal(COLUMNS).part(&rows))?;
    }
    Ok(())
}

fn row(domain: &Thing) -> Vec<Cell> {
    vec![
        domain.id().into(),
        domain.text("domain").into(),
        domain.text("state").into(),
        fields::time(domain.text("created_at")).into(),
    ]
}

fn show(domain: &Thing, is_json: bool) -> anyhow::Result<()> {
    if is_json {
        terminal::write(&domain.line())?;
        return Ok(());
    }
    let mut card = Card::for_terminal();
    card.line("id", domain.id())
        .line("organization", domain.text("organization_id"))
        .line("domain", domain.text("domain"))
        .line("state", domain.text("state"))
        .line("created", domain.text("created_at"));
    terminal::write(&card.text())?;
    Ok(())
}

/// Domains as they are given to an organization as a whole: `DOMAIN`, or `DOMAIN=STATE`. One empty text: none.
pub(super) fn data(given: &[String]) -> Option<Value> {
    if given.is_empty() {
        return None;
    }
    let one = |text: &String| match text.split_once('=') {
        Some((domain, state)) => json!({ "domain": domain, "state": state }),
        None => json!({ "domain": text }),
    };
    Some(given.iter().filter(|text| !text.is_empty()).map(one).collect())
}
