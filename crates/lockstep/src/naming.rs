//! How people name things: by id, or by a name that only one thing has. What is ambiguous is refused with the ids to
//! choose from.

use anyhow::bail;

use crate::exit::{Exit, Failure};
use crate::listing::Walk;
use crate::remote::{Query, Remote, Thing};
use crate::terminal::plain;

/// Of several things with one name so many are told.
const CHOICES_SHOWN: usize = 5;

/// The organization with this id, external id or name.
pub(crate) async fn organization(remote: &Remote, named: &str) -> anyhow::Result<Thing> {
    let none = Query::default();
    if named.starts_with("org_")
        && let Some(found) = remote.find(&["organizations", named], &none).await?
    {
        return Ok(found);
    }
    if let Some(found) = remote.find(&["organizations", "external_id", named], &none).await? {
        return Ok(found);
    }
    let search = Query::default().with("search", named);
    let mut walk = Walk::new(remote, &["organizations"], search, usize::MAX);
    only("organization", "id, external id or name", named, matching(&mut walk, "name", named).await?)
}

/// The directory with this id or name, of one organization where that is said.
pub(crate) async fn directory(remote: &Remote, named: &str, org: Option<&str>) -> anyhow::Result<Thing> {
    if named.starts_with("directory_")
        && let Some(found) = remote.find(&["directories", named], &Query::default()).await?
    {
        return Ok(found);
    }
    let query = Query::default().with("search", named).with_some("organization_id", org);
    let mut walk = Walk::new(remote, &["directories"], query, usize::MAX);
    only("directory", "id or name", named, matching(&mut walk, "name", named).await?)
}

/// The id of the directory that is named; where none is, of the only one that the API key reaches.
pub(crate) async fn directory_id(remote: &Remote, named: Option<&str>) -> anyhow::Result<String> {
    if let Some(named) = named {
        return Ok(directory(remote, named, None).await?.id().to_owned());
    }
    let few = Walk::new(remote, &["directories"], Query::default(), 2).rest().await?;
    match few.as_slice() {
        [only] => Ok(only.id().to_owned()),
        [] => bail!(Failure::new(
            Exit::Missing,
            "there is no directory yet: `lockstep directory create` makes one"
        )),
        _ => bail!(Failure::usage("there are several directories: say which with --directory")),
    }
}

/// The user with this id; or with this id of the IdP or e-mail address, in a directory.
pub(crate) async fn user(remote: &Remote, named: &str, directory: Option<&str>) -> anyhow::Result<Thing> {
    if named.starts_with("directory_user_") {
        return remote.get(&["directory_users", named], &Query::default()).await;
    }
    let directory = directory_id(remote, directory).await?;
    let mut found = Vec::new();
    for filter in ["idp_id", "email"] {
        let query = Query::default().with("directory", directory.as_str()).with(filter, named);
        found = Walk::new(remote, &["directory_users"], query, CHOICES_SHOWN + 1).rest().await?;
        if !found.is_empty() {
            break;
        }
    }
    only("user", "id, id of the IdP or e-mail address", named, found)
}

/// The group with this id; or with this name or id of the IdP, in a directory.
pub(crate) async fn group(remote: &Remote, named: &str, directory: Option<&str>) -> anyhow::Result<Thing> {
    if named.starts_with("directory_group_") {
        return remote.get(&["directory_groups", named], &Query::default()).await;
    }
    let directory = directory_id(remote, directory).await?;
    let mut found = groups(remote, &[named], &directory).await?;
    found.pop().ok_or_else(|| anyhow::anyhow!("a group that was found is missing"))
}

/// The groups of a directory with these ids, ids of the IdP or names, in their order. The list is walked once.
pub(crate) async fn groups(remote: &Remote, named: &[&str], directory: &str) -> anyhow::Result<Vec<Thing>> {
    let bar = crate::progress::walk("groups looked at", None);
    let query = Query::default().with("directory", directory);
    let mut walk = Walk::new(remote, &["directory_groups"], query, usize::MAX);
    // For each name: those whose id it is, and those that are called so.
    let mut matches: Vec<(Vec<Thing>, Vec<Thing>)> = vec![(Vec::new(), Vec::new()); named.len()];
    while let Some(groups) = walk.next().await? {
        bar.inc(u64::try_from(groups.len()).unwrap_or_default());
        for group in groups {
            for (name, (by_id, by_name)) in named.iter().zip(&mut matches) {
                if group.id() == *name || group.text("idp_id") == *name {
                    by_id.push(group.clone());
                } else if is_same(group.text("name"), name) {
                    by_name.push(group.clone());
                }
            }
        }
    }
    bar.finish_and_clear();
    let chosen = named.iter().zip(matches).map(|(name, (by_id, by_name))| {
        let found = if by_id.is_empty() { exact(by_name, "name", name) } else { by_id };
        only("group", "id, id of the IdP or name", name, found)
    });
    chosen.collect()
}

/// The one of a short list with this id or name.
pub(crate) async fn listed(remote: &Remote, path: &[&str], what: &str, named: &str) -> anyhow::Result<Thing> {
    let all = Walk::new(remote, path, Query::default(), usize::MAX).rest().await?;
    if let Some(found) = all.iter().find(|thing| thing.id() == named) {
        return Ok(found.clone());
    }
    let found = all.into_iter().filter(|thing| is_same(thing.text("name"), named)).collect();
    only(what, "id or name", named, exact(found, "name", named))
}

/// Those of a list of which a field is what was named: exactly where there is such a one, else but for the case.
async fn matching(walk: &mut Walk<'_>, field: &str, named: &str) -> anyhow::Result<Vec<Thing>> {
    let mut found = Vec::new();
    while let Some(things) = walk.next().await? {
        found.extend(things.into_iter().filter(|thing| is_same(thing.text(field), named)));
    }
    Ok(exact(found, field, named))
}

/// Those of which the field is exactly what was named, where there are such.
fn exact(mut found: Vec<Thing>, field: &str, named: &str) -> Vec<Thing> {
    if found.iter().any(|thing| thing.text(field) == named) {
        found.retain(|thing| thing.text(field) == named);
    }
    found
}

fn is_same(name: &str, named: &str) -> bool {
    name.to_lowercase() == named.to_lowercase()
}

fn only(what: &str, by: &str, named: &str, found: Vec<Thing>) -> anyhow::Result<Thing> {
    let named = plain(named);
    let several = found.len();
    let choices: Vec<String> = found.iter().take(CHOICES_SHOWN).map(|thing| plain(thing.id())).collect();
    let mut found = found.into_iter();
    match (found.next(), several) {
        (Some(only), 1) => Ok(only),
        (None, _) => bail!(Failure::new(Exit::Missing, format!("no {what} has the {by} `{named}`"))),
        (Some(_), _) => {
            let more = if several > choices.len() { ", …" } else { "" };
            let message = format!(
                "several have the name `{named}`: say which {what} by its id: {}{more}",
                choices.join(", ")
            );
            bail!(Failure::usage(message))
        }
    }
}
