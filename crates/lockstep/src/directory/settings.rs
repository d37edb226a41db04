//! `lockstep directory settings`: what is effective, and by whom.

use clap::Args;
use reqwest::Method;
use serde_json::{Map, Value};

use crate::fields::Fields;
use crate::naming;
use crate::remote::{Remote, Thing};
use crate::table::{Cell, Column, Table, whole};
use crate::terminal::{self, Ink};

#[derive(Debug, Args)]
pub(super) struct Settings {
    /// The directory's id or name
    directory: String,
    /// What to set: on, off, or default, which is what its contract says
    #[arg(value_name = "SETTING=on|off|default", value_parser = setting)]
    settings: Vec<(String, Option<bool>)>,
}

const COLUMNS: &[Column] = &[whole("SETTING"), whole("VALUE"), whole("SET BY")];

pub(super) async fn run(remote: &Remote, is_json: bool, options: Settings) -> anyhow::Result<()> {
    let mut directory = naming::directory(remote, &options.directory, None).await?;
    if !options.settings.is_empty() {
        let settings: Map<String, Value> =
            options.settings.into_iter().map(|(name, on)| (name, on.into())).collect();
        let mut body = Fields::default();
        body.set("settings", settings);
        let id = directory.id().to_owned();
        directory = remote.call(Method::PUT, &["directories", &id], &body.into()).await?;
    }
    let told = if is_json { directory.line() } else { table(&directory) };
    terminal::write(&told)?;
    Ok(())
}

fn table(directory: &Thing) -> String {
    let set = directory
        .fields()
        .get("settings_set")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let settings = directory.fields().get("settings").and_then(Value::as_object).into_iter().flatten();
    let rows = settings.map(|(name, on)| {
        let is_on = on.as_bool().unwrap_or_default();
        let is_set = set.iter().any(|one| one.as_str() == Some(name));
        let value = Cell::from(if is_on { "on" } else { "off" });
        vec![
            name.as_str().into(),
            if is_on { value.with(Ink::Good) } else { value },
            if is_set { Cell::from("this directory").with(Ink::Told) } else { "its contract".into() },
        ]
    });
    Table::for_terminal(COLUMNS).part(&rows.collect::<Vec<_>>())
}

fn setting(text: &str) -> Result<(String, Option<bool>), String> {
    let (name, value) = text.split_once('=').ok_or("expected SETTING=on, SETTING=off or SETTING=default")?;
    let value = match value {
        "on" | "true" => Some(true),
        "off" | "false" => Some(false),
        "default" => None,
        _ => return Err(format!("`{name}` can be on, off or default")),
    };
    Ok((name.to_owned(), value))
}
