//! How an IdP speaks, in sentences. Knows no IdP.

use super::document::Item;
use super::point;
use crate::dialect::{Deactivate, Dialect, Find, GroupPush, MemberWrite, Removal, Spelling, Update};
use crate::provider::Provider;

/// Nothing for an IdP of whose dialect nothing is known.
pub(super) fn sentences(provider: &Provider) -> Vec<Item> {
    if provider.dialect == Dialect::PLAIN {
        return Vec::new();
    }
    let mut items: Vec<Item> = lines(&provider.dialect).iter().map(|line| point(line)).collect();
    for (name, variant) in provider.dialect.variants {
        let lines = lines(variant);
        items.extend(lines.iter().map(|line| point(&format!("{name}: {line}"))));
    }
    items
}

fn lines(dialect: &Dialect) -> Vec<String> {
    let mut lines = Vec::new();
    match dialect.user_agent {
        Some("") => lines.push("It sends no `User-Agent`.".to_owned()),
        Some(agent) => lines.push(format!("Its `User-Agent` begins with `{agent}`.")),
        None => {}
    }
    let accept = dialect.accept.map(|accept| format!("; it accepts `{accept}`")).unwrap_or_default();
    lines.push(format!("Bodies are sent as `{}`{accept}.", dialect.content_type));
    if !dialect.connection_test.is_empty() {
        let calls: Vec<String> = dialect.connection_test.iter().map(|call| format!("`{call}`")).collect();
        lines.push(format!("The test of the connection sends {}.", calls.join(", then ")));
    }
    lines.push(format!("Before it creates or changes a user, it {}.", find(dialect.find_user)));
    lines.push(format!("It changes users by {}.", update(dialect.update_user)));
    lines.push(format!("A leaver is {}.", deactivate(dialect.deactivate)));
    lines.push(match dialect.delete_user {
        Removal::Never => "Users are never deleted.".to_owned(),
        Removal::AtOnce => "Users are deleted at once.".to_owned(),
        Removal::AfterDays(days) => format!("Users are deleted {days} days after they were deactivated."),
    });
    if !dialect.user_external_id {
        lines.push("Users have no `externalId`.".to_owned());
    }
    match dialect.groups {
        None => lines.push("Groups are not pushed.".to_owned()),
        Some(push) => groups(&push, dialect.find_group, &mut lines),
    }
    match dialect.spelling {
        Spelling::Plain => {}
        Spelling::CapitalOperations => {
            lines.push("Operations are spelled with a capital: `Replace`.".to_owned());
        }
        Spelling::CapitalText => {
            lines.push("Operations and booleans are spelled with a capital, and booleans are text: `Replace`, `\"True\"`.".to_owned());
        }
        Spelling::BooleanText => lines.push("Booleans are text: `\"true\"`.".to_owned()),
    }
    if dialect.reads_back {
        lines.push("It reads a resource back after it wrote.".to_owned());
    }
    if !dialect.keeps_ids {
        lines.push("It does not keep the ids that it was given, and looks up before each change.".to_owned());
    }
    if let Some(page) = dialect.page {
        lines.push(format!("It asks for pages of {page}."));
    }
    if dialect.parallel > 1 {
        lines.push(format!("It has up to {} requests under way at once.", dialect.parallel));
    }
    for (cycle, what) in
        [("A full cycle", dialect.full_cycle), ("An incremental cycle", dialect.incremental_cycle)]
    {
        if !what.is_empty() {
            lines.push(format!("{cycle}: {what}."));
        }
    }
    lines
}

fn groups(push: &GroupPush, lookup: Find, lines: &mut Vec<String>) {
    let members = if push.created_with_members { "with its members" } else { "without members" };
    let external = if push.external_id { "with `externalId`" } else { "without `externalId`" };
    lines.push(format!(
        "Groups are pushed. It {} first, and creates a group {members} and {external}.",
        find(lookup)
    ));
    lines.push(format!("Members join by {}.", member_write(push.add)));
    lines.push(format!("Members leave by {}.", member_write(push.remove)));
    lines.push(format!("A group is renamed by {}.", update(push.rename)));
    if !push.deletes {
        lines.push("Groups are never deleted.".to_owned());
    }
}

fn find(lookup: Find) -> String {
    match lookup {
        Find::Never => "looks nothing up".to_owned(),
        Find::By(attributes) => {
            let filters: Vec<String> = attributes.iter().map(|name| format!("`{name} eq \"…\"`")).collect();
            format!("looks up {}", filters.join(", then "))
        }
        Find::List => "reads every page of the list".to_owned(),
    }
}

fn update(update: Update) -> &'static str {
    match update {
        Update::Put => "PUT of the whole resource",
        Update::PatchWhole => "PATCH with one `replace` without path that holds the whole resource",
        Update::PatchChanged => "PATCH with one `replace` without path that holds what changed",
        Update::PatchPaths => "PATCH with an operation by path for each attribute",
    }
}

fn deactivate(how: Deactivate) -> &'static str {
    match how {
        Deactivate::Put => "deactivated by PUT of the whole user with `active` false",
        Deactivate::PatchWithoutPath => {
            "deactivated by PATCH with a `replace` of `{\"active\": false}` without path"
        }
        Deactivate::PatchPath => "deactivated by PATCH with a `replace` of the path `active`",
        Deactivate::Delete => "deleted: there is no deactivation",
    }
}

fn member_write(write: MemberWrite) -> String {
    match write {
        MemberWrite::Values(count) => {
            format!("PATCH with one operation on `members` for up to {count} of them")
        }
        MemberWrite::Filters(count) => {
            format!(
                "PATCH with an operation on `members[value eq \"…\"]` for each, up to {count} in a request"
            )
        }
        MemberWrite::OneEach(count) => {
            format!("PATCH with an operation on `members` for each, up to {count} in a request")
        }
        MemberWrite::ReplaceAll => "PATCH with a `replace` of all members".to_owned(),
        MemberWrite::Put => "PUT of the whole group".to_owned(),
    }
}
