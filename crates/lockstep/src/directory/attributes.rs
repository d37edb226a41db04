//! `lockstep directory attributes`: which of what an IdP sends applications read under which name.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::preview::{self, PreviewOptions};
use crate::exit::Failure;
use crate::naming;
use crate::remote::{Query, Remote, Thing, text};
use crate::table::{Cell, Column, Table, column, spare, whole};
use crate::terminal::{self, Ink};

#[derive(Debug, Args)]
pub(super) struct Attributes {
    #[command(subcommand)]
    command: AttributesCommand,
}

#[derive(Debug, Subcommand)]
enum AttributesCommand {
    /// Shows all that holds for a directory, and who mapped it
    Show(Named),
    /// Shows what its users really have, so that a mapping is chosen from it
    Seen(Seen),
    /// Tells whose attributes a change would change, and how, and changes nothing
    #[command(
        after_help = "Example:\n  lockstep directory attributes preview Staff badge=urn:example:User:badge,type=number"
    )]
    Preview(Preview),
    /// Maps attributes; what is not named stays
    #[command(after_help = "\
Examples:
  lockstep directory attributes set Staff nickname=nickName badge=urn:example:User:badge,type=number,required
  lockstep directory attributes set Staff 'work_phone=phoneNumbers[type eq \"work\"].value'")]
    Set(Set),
}

#[derive(Debug, Args)]
struct Named {
    /// The directory's id or name
    directory: String,
}

#[derive(Debug, Args)]
struct Seen {
    #[command(flatten)]
    named: Named,
    /// How many users are looked at, the newest first
    #[arg(long, short = 'n', value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

#[derive(Debug, Args)]
struct Change {
    #[command(flatten)]
    named: Named,
    /// An attribute and the SCIM path from which it is read; behind it `,type=` (string, number, boolean, timestamp, list,
    /// any) and `,required`
    #[arg(value_name = "NAME=PATH", value_parser = mapped)]
    attributes: Vec<(String, Value)>,
    /// An attribute that nobody maps any more, also where a wider scope maps it
    #[arg(long, value_name = "NAME")]
    hide: Vec<String>,
    /// An attribute that is what a wider scope says again
    #[arg(long, value_name = "NAME")]
    forget: Vec<String>,
    /// For all directories of the directory's organization
    #[arg(long)]
    organization: bool,
}

#[derive(Debug, Args)]
struct Preview {
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    options: PreviewOptions,
}

#[derive(Debug, Args)]
struct Set {
    #[command(flatten)]
    change: Change,
}

const COLUMNS: &[Column] =
    &[whole("NAME"), whole("TYPE"), spare("REQUIRED"), whole("MAPPED BY"), column("READ FROM")];
const SEEN_COLUMNS: &[Column] =
    &[whole("PATH"), whole("USERS"), whole("TYPE"), column("MAPPED AS"), column("EXAMPLES")];

pub(super) async fn run(remote: &Remote, is_json: bool, options: Attributes) -> anyhow::Result<()> {
    match options.command {
        AttributesCommand::Show(named) => {
            let directory = naming::directory(remote, &named.directory, None).await?;
            let path = ["directories", directory.id(), "attribute_mapping"];
            show(&remote.get(&path, &Query::default()).await?, is_json)
        }
        AttributesCommand::Seen(seen) => print_seen(remote, is_json, &seen).await,
        AttributesCommand::Preview(preview) => {
            let directory = naming::directory(remote, &preview.change.named.directory, None).await?;
            let mapping = preview.change.mapping(remote, &directory).await?;
            let scope = if preview.change.organization { "organization" } else { "directory" };
            let body = json!({ "attributes": mapping, "mapped_by": scope });
            preview::print(remote, is_json, &preview.options, &directory, "attribute_mapping", &body).await
        }
        AttributesCommand::Set(set) => {
            let directory = naming::directory(remote, &set.change.named.directory, None).await?;
            let body = json!({ "attributes": set.change.mapping(remote, &directory).await? });
            show(&remote.call(Method::PUT, &set.change.place(&directory), &body).await?, is_json)
        }
    }
}

impl Change {
    /// Where the mapping stands that is changed.
    fn place<'a>(&self, directory: &'a Thing) -> [&'a str; 3] {
        if self.organization {
            ["organizations", directory.text("organization_id"), "attribute_mapping"]
        } else {
            ["directories", directory.id(), "attribute_mapping"]
        }
    }

    /// What would be mapped: what is, and over it what was given.
    async fn mapping(&self, remote: &Remote, directory: &Thing) -> anyhow::Result<Map<String, Value>> {
        if self.attributes.is_empty() && self.hide.is_empty() && self.forget.is_empty() {
            return Err(Failure::usage("nothing to map: give NAME=PATH, --hide NAME or --forget NAME").into());
        }
        let now = remote.get(&self.place(directory), &Query::default()).await?;
        let mut mapping =
            now.fields().get("attributes").and_then(Value::as_object).cloned().unwrap_or_default();
        mapping.extend(self.attributes.iter().cloned());
        mapping.extend(self.hide.iter().map(|name| (name.clone(), Value::Null)));
        for name in &self.forget {
            if mapping.remove(name).is_none() {
                let name = terminal::plain(name);
                return Err(Failure::usage(format!(
                    "`{name}` is not mapped here: there is nothing to forget"
                ))
                .into());
            }
        }
        Ok(mapping)
    }
}

fn show(mapping: &Thing, is_json: bool) -> anyhow::Result<()> {
    if is_json {
        terminal::write(&mapping.line())?;
        return Ok(());
    }
    // Of an organization there is only what was mapped for it.
    let effective = mapping.fields().get("effective").and_then(Value::as_array);
    let rows: Vec<Vec<Cell>> = if let Some(list) = effective {
        list.iter().map(row).collect()
    } else {
        let own = mapping.fields().get("attributes").and_then(Value::as_object).into_iter().flatten();
        own.map(|(name, entry)| own_row(name, entry)).collect()
    };
    let told = if rows.is_empty() {
        "nothing is mapped\n".to_owned()
    } else {
        Table::for_terminal(COLUMNS).part(&rows)
    };
    terminal::write(&told)?;
    if mapping.fields().get("changes_pending") == Some(&Value::Bool(true)) {
        eprintln!("users are still being made what they are to be by it");
    }
    Ok(())
}

fn row(attribute: &Value) -> Vec<Cell> {
    let paths = attribute.get("paths").and_then(Value::as_array).into_iter().flatten();
    let paths: Vec<&str> = paths.filter_map(Value::as_str).collect();
    let by = text(attribute, "mapped_by");
    vec![
        text(attribute, "name").into(),
        text(attribute, "type").into(),
        required(attribute),
        if by == "contract" { by.into() } else { Cell::from(by).with(Ink::Told) },
        paths.join(", ").into(),
    ]
}

fn own_row(name: &str, entry: &Value) -> Vec<Cell> {
    let path = if entry.is_null() { "(hidden)" } else { text(entry, "path") };
    vec![
        name.into(),
        text(entry, "type").into(),
        required(entry),
        Cell::from("organization").with(Ink::Told),
        path.into(),
    ]
}

fn required(attribute: &Value) -> Cell {
    if attribute.get("required") == Some(&Value::Bool(true)) { "yes".into() } else { "".into() }
}

async fn print_seen(remote: &Remote, is_json: bool, options: &Seen) -> anyhow::Result<()> {
    let directory = naming::directory(remote, &options.named.directory, None).await?;
    let query = Query::default().with("limit", options.limit.to_string());
    let seen = remote.page(&["directories", directory.id(), "attributes_seen"], &query).await?;
    let told = if is_json {
        seen.data.iter().map(Thing::line).collect()
    } else if seen.data.is_empty() {
        "its users have nothing yet\n".to_owned()
    } else {
        let rows: Vec<Vec<Cell>> = seen.data.iter().map(seen_row).collect();
        Table::for_terminal(SEEN_COLUMNS).part(&rows)
    };
    terminal::write(&told)?;
    let count = |name: &str| seen.rest.get(name).and_then(Value::as_u64).unwrap_or_default();
    if count("left_out") > 0 {
        eprintln!("{} paths more are not shown", count("left_out"));
    }
    if count("examined") < count("total") {
        eprintln!("of the newest {} of {} users", count("examined"), count("total"));
    }
    Ok(())
}

fn seen_row(seen: &Thing) -> Vec<Cell> {
    let list = |name: &str| {
        let values = seen.fields().get(name).and_then(Value::as_array).into_iter().flatten();
        let texts = values.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        texts.collect::<Vec<_>>().join(", ")
    };
    let users = seen.fields().get("users").and_then(Value::as_u64).unwrap_or_default();
    vec![
        seen.text("path").into(),
        users.to_string().into(),
        seen.text("suggested_type").into(),
        Cell::from(list("mapped_as")).with(Ink::Good),
        list("examples").into(),
    ]
}

/// Reads `name=path`, with `,type=…` and `,required` behind it. A path may hold both characters itself.
fn mapped(given: &str) -> Result<(String, Value), String> {
    let (name, mut path) = given.split_once('=').ok_or("expected NAME=PATH")?;
    let (mut kind, mut is_required) = (None, false);
    while let Some((before, last)) = path.rsplit_once(',') {
        if last == "required" {
            is_required = true;
        } else if let Some(named) = last.strip_prefix("type=") {
            kind = Some(named);
        } else {
            break;
        }
        path = before;
    }
    if name.is_empty() || path.is_empty() {
        return Err("expected NAME=PATH".to_owned());
    }
    Ok((name.to_owned(), json!({ "path": path, "type": kind.unwrap_or("string"), "required": is_required })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_read_with_its_type_and_mark_whatever_its_path_holds() {
        for (given, name, path, kind, required) in [
            ("a=nickName", "a", "nickName", "string", false),
            ("a=urn:x:User:b,type=number,required", "a", "urn:x:User:b", "number", true),
            ("a=b,required,type=list", "a", "b", "list", true),
            (
                r#"a=emails[value eq "x,y=z"].value,type=any"#,
                "a",
                r#"emails[value eq "x,y=z"].value"#,
                "any",
                false,
            ),
        ] {
            let expected = json!({ "path": path, "type": kind, "required": required });
            assert_eq!(mapped(given), Ok((name.to_owned(), expected)), "{given}");
        }
        for wrong in ["a", "=b", "a=", "a=,required"] {
            assert!(mapped(wrong).is_err(), "{wrong}");
        }
    }
}
