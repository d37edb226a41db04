#![doc = include_str!("../README.md")]
// The one list of IdPs, and how a request is repaired. Must not know: HTTP, a database, a clock.

pub mod advice;
mod attributes;
mod contracts;
pub mod detect;
pub mod dialect;
pub mod issuer;
pub mod page;
pub mod provider;
pub mod quirk;
pub mod repair;

use lockstep_core::command::Terms;

pub use advice::{Advice, Exchange, advice};
pub use contracts::{ISSUERS, PROVIDERS};
pub use detect::{Arrival, Evidence};
pub use dialect::Dialect;
pub use issuer::Issuer;
pub use provider::Provider;
pub use quirk::{Basis, MetBy, Quirk};
pub use repair::{Note, Repair, Request};

/// The type of a directory of which nobody said whose it is.
pub const GENERIC_TYPE: &str = "generic scim v2.0";

/// The issuer that the API calls so.
#[must_use]
pub fn issuer(name: &str) -> Option<&'static Issuer> {
    ISSUERS.iter().find(|issuer| issuer.name == name).copied()
}

/// The contract for a directory `type`; nothing for a type that nobody publishes. A type whose contract is not
/// written behaves as generic.
#[must_use]
pub fn for_type(directory_type: &str) -> Option<&'static Provider> {
    if let Some(provider) =
        PROVIDERS.iter().find(|provider| provider.directory_types.contains(&directory_type))
    {
        return Some(provider);
    }
    contracts::UNWRITTEN.contains(&directory_type).then_some(contracts::GENERIC)
}

/// Every directory `type` that is accepted.
pub fn directory_types() -> impl Iterator<Item = &'static str> {
    let written = PROVIDERS.iter().flat_map(|provider| provider.directory_types);
    written.chain(contracts::UNWRITTEN).copied()
}

/// The IdP with this short name, which is also the name of its folder in `contracts/`.
#[must_use]
pub fn by_slug(slug: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.slug == slug).copied()
}

/// The contract of a directory that shall be held to the RFCs and nothing else, where `provider` is one for clients
/// that have no contract of their own; nothing for an IdP that deviates and needs its repairs.
#[must_use]
pub fn strict(provider: &Provider) -> Option<&'static Provider> {
    (provider.slug == contracts::GENERIC.slug || is_profile(provider)).then_some(contracts::STRICT)
}

/// Whether a contract is a reading of the RFCs that somebody must have wanted, and no IdP's.
#[must_use]
pub fn is_profile(provider: &Provider) -> bool {
    contracts::PROFILES.iter().any(|profile| profile.slug == provider.slug)
}

/// Turns a request into what the RFC means by the repairs of its IdP, in their order, and tells which were used.
/// Repairs named in `off` are left out: so a test shows that a contract fails without them.
pub fn repair(provider: &Provider, request: &mut Request, terms: &Terms, off: &[&str]) -> Vec<Note> {
    let mut notes = Vec::new();
    for repair in provider.repairs.iter().filter(|repair| !off.contains(&repair.name)) {
        if let Some(detail) = (repair.apply)(request, terms) {
            let quirk = quirk_behind(provider, repair.name);
            notes.push(Note { repair: repair.name, quirk: quirk.map(|quirk| quirk.id), detail });
        }
    }
    notes
}

/// The quirk that a repair is there for: the IdP's own, or one that several clients have.
#[must_use]
pub fn quirk_behind(provider: &Provider, repair: &str) -> Option<&'static Quirk> {
    let own = provider.quirks.iter().find(|quirk| quirk.repair() == Some(repair));
    own.or_else(|| contracts::GENERIC.quirks.iter().find(|quirk| quirk.repair() == Some(repair)))
}

#[cfg(test)]
mod tests;
