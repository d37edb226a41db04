//! `lockstep directory roles`: which roles the members of which groups have.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::preview::{self, PreviewOptions};
use crate::exit::Failure;
use crate::fields::entry;
use crate::naming;
use crate::remote::{Query, Remote, Thing, text};
use crate::table::{Cell, Column, Table, column, whole};
use crate::terminal;

#[derive(Debug, Args)]
pub(super) struct Roles {
    #[command(subcommand)]
    command: RolesCommand,
}

#[derive(Debug, Subcommand)]
enum RolesCommand {
    /// Shows the roles of a directory, the one with the highest priority first
    Show(Named),
    /// Tells whose roles a mapping would change, and how, and changes nothing
    Preview(Preview),
    /// Maps roles, in place of those that are mapped
    #[command(after_help = "\
Example, in which admin goes before member:
  lockstep directory roles set Staff admin=Admins admin=Owners member=Everyone --default guest")]
    Set(Mapping),
}

#[derive(Debug, Args)]
struct Named {
    /// The directory's id or name
    directory: String,
}

#[derive(Debug, Args)]
struct Mapping {
    #[command(flatten)]
    named: Named,
    /// A role and a group (its id, id of the IdP or name) whose members have it; the role with the highest priority first
    #[arg(value_name = "ROLE=GROUP", value_parser = entry)]
    roles: Vec<(String, String)>,
    /// The role of a user whom no group gives one
    #[arg(long, value_name = "ROLE")]
    default: Option<String>,
    /// A user has every role that a group gives, instead of the one with the highest priority
    #[arg(long)]
    multiple: bool,
    /// Map no role at all
    #[arg(long, conflicts_with_all = ["roles", "default", "multiple"])]
    none: bool,
}

#[derive(Debug, Args)]
struct Preview {
    #[command(flatten)]
    mapping: Mapping,
    #[command(flatten)]
    options: PreviewOptions,
}

const COLUMNS: &[Column] = &[whole("PRIORITY"), whole("ROLE"), column("GROUPS")];

pub(super) async fn run(remote: &Remote, is_json: bool, options: Roles) -> anyhow::Result<()> {
    match options.command {
        RolesCommand::Show(named) => {
            let directory = naming::directory(remote, &named.directory, None).await?;
            let path = ["directories", directory.id(), "role_mapping"];
            show(remote, &remote.get(&path, &Query::default()).await?, is_json).await
        }
        RolesCommand::Preview(preview) => {
            let directory = naming::directory(remote, &preview.mapping.named.directory, None).await?;
            let body = body(remote, &directory, &preview.mapping).await?;
            preview::print(remote, is_json, &preview.options, &directory, "role_mapping", &body).await
        }
        RolesCommand::Set(mapping) => {
            let directory = naming::directory(remote, &mapping.named.directory, None).await?;
            let body = body(remote, &directory, &mapping).await?;
            let path = ["directories", directory.id(), "role_mapping"];
            show(remote, &remote.call(Method::PUT, &path, &body).await?, is_json).await
        }
    }
}

/// The mapping as the API takes it: a role that is named several times has several groups.
async fn body(remote: &Remote, directory: &Thing, mapping: &Mapping) -> anyhow::Result<Value> {
    if mapping.roles.is_empty() && mapping.default.is_none() && !mapping.none {
        return Err(Failure::usage("no role is given: name some as ROLE=GROUP, or give --none").into());
    }
    let names: Vec<&str> = mapping.roles.iter().map(|(_, group)| group.as_str()).collect();
    let groups =
        if names.is_empty() { Vec::new() } else { naming::groups(remote, &names, directory.id()).await? };
    let mut roles: Vec<(&str, Vec<&str>)> = Vec::new();
    for ((role, _), group) in mapping.roles.iter().zip(&groups) {
        match roles.iter_mut().find(|(known, _)| known == role) {
            Some((_, groups)) => groups.push(group.id()),
            None => roles.push((role, vec![group.id()])),
        }
    }
    let roles: Vec<Value> =
        roles.into_iter().map(|(slug, group_ids)| json!({ "slug": slug, "group_ids": group_ids })).collect();
    Ok(json!({ "roles": roles, "default_role": mapping.default, "multiple_roles": mapping.multiple }))
}

async fn show(remote: &Remote, mapping: &Thing, is_json: bool) -> anyhow::Result<()> {
    if is_json {
        terminal::write(&mapping.line())?;
        return Ok(());
    }
    let roles =
        mapping.fields().get("roles").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (place, role) in roles.iter().enumerate() {
        let mut names = Vec::new();
        for id in
            role.get("group_ids").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            let group = remote.find(&["directory_groups", id], &Query::default()).await?;
            names.push(group.map_or_else(|| format!("{id} (gone)"), |group| group.text("name").to_owned()));
        }
        rows.push(vec![(place + 1).to_string().into(), text(role, "slug").into(), names.join(", ").into()]);
    }
    let default = mapping.text("default_role");
    if !default.is_empty() {
        rows.push(vec!["".into(), default.into(), "(whom no group gives a role)".into()]);
    }
    let told = if rows.is_empty() {
        "no roles are mapped\n".to_owned()
    } else {
        Table::for_terminal(COLUMNS).part(&rows)
    };
    terminal::write(&told)?;
    if !rows.is_empty() {
        let has_all = mapping.fields().get("multiple_roles") == Some(&Value::Bool(true));
        eprintln!(
            "a user has {}",
            if has_all { "every role that a group gives" } else { "the first of these alone" }
        );
    }
    if mapping.fields().get("changes_pending") == Some(&Value::Bool(true)) {
        eprintln!("users are still being made what they are to be by it");
    }
    Ok(())
}
