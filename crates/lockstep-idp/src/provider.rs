//! What is known of an IdP, as a form that is filled in. Must not know any IdP.

use lockstep_core::rules::Rules;

use crate::quirk::Quirk;
use crate::repair::Repair;

/// An IdP's contract.
#[derive(Debug)]
pub struct Provider {
    /// Short name: its folder in `contracts/`, its page in `docs/idp/`.
    pub slug: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// The directory `type`s, as WorkOS publishes them, that have this contract.
    pub directory_types: &'static [&'static str],
    /// The switches of the core.
    pub rules: fn() -> Rules,
    /// What is repaired, in this order.
    pub repairs: &'static [Repair],
    /// Its deviations and habits, each with evidence.
    pub quirks: &'static [Quirk],
    /// What its button "test connection" sends, for the page that waits for the first request.
    pub connection_test: &'static str,
    /// What an administrator or a support engineer should know about how it behaves.
    pub notes: &'static [&'static str],
}
