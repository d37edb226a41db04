//! By what an IdP is recognized. Must not know any IdP: each lists its own signs.

use crate::repair::Request;

/// A request as it arrived, as far as it tells who sent it.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Before any repair.
    pub request: &'a Request,
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Accept`.
    pub accept: Option<&'a str>,
}

/// Something by which an IdP is recognized.
#[derive(Clone, Copy, Debug)]
pub struct Sign {
    /// Stable name, such as `user-agent`.
    pub name: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// How much it proves.
    pub strength: Strength,
    /// Whether a request shows it.
    pub seen: fn(&Arrival<'_>) -> bool,
    /// Where it was seen.
    pub source: &'static str,
}

/// How much a sign proves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Strength {
    /// Others do so too.
    Weak,
    /// Few others do so.
    Strong,
    /// Nobody else does so.
    Certain,
}
