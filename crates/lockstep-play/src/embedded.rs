//! The contracts that are part of the binary: one line a file.

use crate::contract::Contract;
use crate::parse::{ParseError, parse};

macro_rules! files {
    ($($idp:literal / $name:literal),* $(,)?) => {
        &[$((
            $idp,
            $name,
            concat!($idp, "/", $name, ".http"),
            include_str!(concat!("../../../contracts/", $idp, "/", $name, ".http")),
        )),*]
    };
}

/// IdP, name, file and text. A test compares the list with the folder.
static FILES: &[(&str, &str, &str, &str)] = files![
    "okta" / "connection-test",
    "okta" / "create-shapes",
    "okta" / "deactivate",
    "okta" / "group-members-odd",
    "okta" / "group-push-pathless",
    "okta" / "group-push",
    "okta" / "group-put",
    "okta" / "import",
    "okta" / "join",
    "okta" / "manager",
    "okta" / "numbers-for-text",
    "okta" / "password",
    "okta" / "primary-address",
    "okta" / "put",
    "okta" / "reassign",
    "okta" / "refusals",
    "okta" / "story-1-connection",
    "okta" / "story-2-joiners",
    "okta" / "story-3-groups",
    "okta" / "story-4-mover",
    "okta" / "story-5-leaver",
    "okta" / "story-6-return",
    "entra" / "addresses",
    "entra" / "change-pathless",
    "entra" / "change",
    "entra" / "connection-test",
    "entra" / "create-shapes",
    "entra" / "delete",
    "entra" / "disable",
    "entra" / "duplicate",
    "entra" / "empty-patch",
    "entra" / "extension",
    "entra" / "filters",
    "entra" / "group-members-odd",
    "entra" / "group-push",
    "entra" / "join",
    "entra" / "list",
    "entra" / "manager",
    "entra" / "roles",
    "entra" / "story-1-connection",
    "entra" / "story-2-joiners",
    "entra" / "story-3-groups",
    "entra" / "story-4-mover",
    "entra" / "story-5-leaver",
    "entra" / "story-6-return",
    "entra" / "tenant-url",
    "generic" / "changes",
    "generic" / "create",
    "generic" / "filters",
    "generic" / "lifecycle",
    "generic" / "members",
    "generic" / "references",
    "generic" / "requests",
    "generic" / "spellings",
];

/// The contract files of the binary: IdP and text, by file name such as `okta/join.http`.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    FILES.iter().map(|(idp, _, file, text)| (*idp, *file, *text))
}

/// The contracts of an IdP, its story left out.
pub fn contracts(slug: &str) -> Result<Vec<Contract>, ParseError> {
    named(slug, |name| !name.starts_with(STORY))
}

/// A working day of an IdP in parts that follow each other: its connection test, joiners, groups, a mover, a leaver
/// and a return. Played by one runner, since a part refers to what one before it made. Empty for an IdP without one.
#[must_use]
pub fn story(slug: &str) -> Vec<Contract> {
    // That every file can be read is tested, so nothing is lost here.
    named(slug, |name| name.starts_with(STORY)).unwrap_or_default()
}

/// How the names of a story's files begin; their order is that of the story.
const STORY: &str = "story-";

fn named(slug: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<Contract>, ParseError> {
    FILES
        .iter()
        .filter(|(idp, name, _, _)| *idp == slug && wanted(name))
        .map(|(_, _, file, text)| parse(file, text))
        .collect()
}

#[cfg(test)]
mod tests;
