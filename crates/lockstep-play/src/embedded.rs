//! The contracts that are part of the binary.

use crate::contract::Contract;
use crate::parse::{ParseError, parse};

/// File and text, by file. The build makes the list of what is in the folder.
static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/contracts.rs"));

/// The contract files of the binary: IdP, file such as `okta/join.http`, and text.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    FILES.iter().filter_map(|(file, text)| Some((file.split_once('/')?.0, *file, *text)))
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
    files()
        .filter(|(idp, file, _)| *idp == slug && file.split_once('/').is_some_and(|(_, name)| wanted(name)))
        .map(|(_, file, text)| parse(file, text))
        .collect()
}

#[cfg(test)]
mod tests;
