//! The switches of a contract that differ from the generic one's, in sentences. Knows no IdP.

use lockstep_core::rules::{Rule, Rules};

use super::document::{Item, Span, text};
use crate::provider::Provider;

/// The name of a rule, which leads to its sentence where the page has one.
pub(super) fn link(provider: &Provider, name: &str) -> Span {
    let is_told = differing(provider).any(|rule| rule.as_str() == name);
    if is_told { Span::Here(name.to_owned(), name.to_owned()) } else { Span::Code(name.to_owned()) }
}

fn differing(provider: &Provider) -> impl Iterator<Item = Rule> {
    let (here, elsewhere) = ((provider.rules)(), Rules::default());
    Rule::ALL.into_iter().filter(move |rule| here.holds(*rule) != elsewhere.holds(*rule))
}

pub(super) fn sentences(provider: &Provider) -> Vec<Item> {
    let here = (provider.rules)();
    differing(provider)
        .map(|rule| {
            let (on, off) = sentence(rule);
            let mut words = vec![Span::Strong(rule.as_str().to_owned()), Span::Plain(": ".to_owned())];
            words.extend(text(if here.holds(rule) { on } else { off }));
            Item { anchor: Some(rule.as_str().to_owned()), text: words }
        })
        .collect()
}

/// What is where a rule holds, and where it does not.
fn sentence(rule: Rule) -> (&'static str, &'static str) {
    match rule {
        Rule::RefuseUnknownAttributes => (
            "attributes that no schema knows are refused with 400",
            "attributes that no schema knows are left out and reported",
        ),
        Rule::LeaveOutUnknownMembers => (
            "members who are not here are left out and reported, and the others join",
            "a member who is not here refuses the request with 400",
        ),
        Rule::UniqueExternalIds => {
            ("two resources may not share an `externalId`: 409", "two resources may share an `externalId`")
        }
        Rule::UniqueGroupNames => {
            ("two groups may not share a `displayName`: 409", "two groups may share a `displayName`")
        }
        Rule::RequireSchemas => ("a body must name its schemas", "a body need not name its schemas"),
        Rule::CheckFormats => (
            "the form of countries and certificates is checked",
            "the form of countries and certificates is not checked",
        ),
        Rule::GroupPatchAnswersNoContent => (
            "a PATCH of a group is answered with 204 and no body",
            "a PATCH of a group is answered with 200 and the group",
        ),
        Rule::ActiveIsNeverUnassigned => (
            "a PATCH that takes `active` away leaves it as it was",
            "a PATCH that takes `active` away ends the access",
        ),
        Rule::PutKeepsExternalId => {
            ("a PUT without `externalId` keeps it", "a PUT without `externalId` takes it away")
        }
        Rule::BareTokens => {
            ("a token without the word Bearer before it is taken", "a token needs the word Bearer before it")
        }
        Rule::BasicCredentials => {
            ("a token that comes as the password of HTTP Basic is taken", "HTTP Basic is refused")
        }
        Rule::RefusalsAreStrict => (
            "a PATCH that fails is told of an `add` through a filter that selects nothing",
            "a PATCH that fails is told what failed in the end",
        ),
        Rule::UnmatchedAddCreates => (
            "`add` through a filter that selects nothing makes the value",
            "`add` through a filter that selects nothing is refused with 400 `noTarget`",
        ),
        Rule::UnmatchedReplaceCreates => (
            "`replace` through a filter that selects nothing makes the value",
            "`replace` through a filter that selects nothing is refused with 400 `noTarget`",
        ),
        Rule::UnmatchedRemoveOk => (
            "`remove` through a filter that selects nothing changes nothing",
            "`remove` through a filter that selects nothing is refused with 400 `noTarget`",
        ),
        Rule::ReplaceComplexWhole => {
            ("`replace` of a value with parts replaces it whole", "`replace` of a value with parts merges")
        }
        Rule::ElementsAreTheirValues => (
            "an element of a list is its `value`: whoever takes the value takes the element",
            "taking the `value` of an element leaves the rest of it",
        ),
        Rule::ReadOnlyUnchangedOk => (
            "a path to what only the server may change is accepted where it changes nothing",
            "a path to what only the server may change is refused",
        ),
        Rule::UndeclaredIsSyntax => (
            "what `/Schemas` does not publish is 400 `invalidSyntax` wherever it stands, a `password` too",
            "an unknown path is 400 `invalidPath`, and an unknown member that is refused 400 `invalidValue`",
        ),
        Rule::PathsRequired => (
            "an operation without `path` is refused with 400 `invalidSyntax`",
            "an operation without `path` names its attributes in its value",
        ),
        Rule::FiltersSelectOne => (
            "a path with a filter names a part of the value behind it, and more than one value selected is refused \
             with 400 `invalidFilter`",
            "a path with a filter is about every value that it selects",
        ),
        Rule::PutKeepsMembers => {
            ("a PUT of a group without `members` keeps them", "a PUT of a group without `members` empties it")
        }
        Rule::PutKeepsAbsent => {
            ("a PUT leaves what it does not name as it was", "a PUT takes away what it does not name")
        }
        Rule::MembershipsThroughUsers => {
            ("`groups` of a user can be written, and makes memberships", "`groups` of a user is not written")
        }
        Rule::UserNameFromEmail => (
            "a user without `userName` gets the address of its primary e-mail as such, marked as derived",
            "a user without `userName` is refused with 400",
        ),
        Rule::OnlyAddressIsPrimary => (
            "the only e-mail address of a user is shown as the primary one",
            "an e-mail address is shown as primary only where somebody said so",
        ),
    }
}
