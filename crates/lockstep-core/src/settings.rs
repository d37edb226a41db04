//! What an administrator may ask of one directory: what no contract says, and what its contract says where they want
//! it otherwise. The version that its terms have changes with it.

use std::collections::BTreeMap;

use crate::rules::{Rule, Rules};

/// Something that can be switched for a directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Setting {
    /// A PUT, PATCH or DELETE of a resource must say by `If-Match` which version it means: 428 where it does not
    /// (RFC 6585 §3). Off unless it was switched on.
    RequireIfMatch,
    /// A GET whose filter names personal data is refused with 403 `sensitive` (RFC 7644 §7.5.2). Off unless it was
    /// switched on.
    RefuseSensitiveFilters,
    /// The RFCs and nothing else: no repairs, and what they leave open is refused. For directories without a contract
    /// of their own. Off unless it was switched on.
    StrictRfc,
    /// A POST whose `X-HTTP-Method-Override` names PUT, PATCH or DELETE is that request. For clients behind proxies that
    /// let nothing else pass. Off unless it was switched on, since rules by method would be got around.
    MethodOverride,
    /// A switch of the contract: as the contract has it unless it was set.
    Rule(Rule),
}

impl Setting {
    /// All of them. Of the contract's switches those where an IdP's administrator may know better than its contract.
    pub const ALL: [Self; 15] = [
        Self::RequireIfMatch,
        Self::RefuseSensitiveFilters,
        Self::StrictRfc,
        Self::MethodOverride,
        Self::Rule(Rule::LeaveOutUnknownMembers),
        Self::Rule(Rule::UniqueExternalIds),
        Self::Rule(Rule::UniqueGroupNames),
        Self::Rule(Rule::PutKeepsExternalId),
        Self::Rule(Rule::PutKeepsMembers),
        Self::Rule(Rule::PutKeepsAbsent),
        Self::Rule(Rule::MembershipsThroughUsers),
        Self::Rule(Rule::OnlyAddressIsPrimary),
        Self::Rule(Rule::UserNameFromEmail),
        Self::Rule(Rule::BareTokens),
        Self::Rule(Rule::BasicCredentials),
    ];

    /// The name that the application's API uses, and under which it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequireIfMatch => "require_if_match",
            Self::RefuseSensitiveFilters => "refuse_sensitive_filters",
            Self::StrictRfc => "strict_rfc",
            Self::MethodOverride => "method_override",
            Self::Rule(rule) => rule.as_str(),
        }
    }

    /// The setting with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.as_str() == name)
    }
}

/// The settings of a directory that were set, on or off. The others are as its contract has them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings(BTreeMap<Setting, bool>);

impl Settings {
    /// Whether this one was switched on.
    #[must_use]
    pub fn has(&self, setting: Setting) -> bool {
        self.0.get(&setting).copied().unwrap_or_default()
    }

    /// Switches one on or off, or leaves it to the contract again.
    pub fn set(&mut self, setting: Setting, on: Option<bool>) {
        match on {
            Some(on) => self.0.insert(setting, on),
            None => self.0.remove(&setting),
        };
    }

    /// Those that were set, and how.
    pub fn iter(&self) -> impl Iterator<Item = (Setting, bool)> {
        self.0.iter().map(|(setting, on)| (*setting, *on))
    }

    /// Whether this one is on in a directory with this contract.
    #[must_use]
    pub fn effective(&self, setting: Setting, contract: &Rules) -> bool {
        let own = self.0.get(&setting).copied();
        own.unwrap_or_else(|| match setting {
            Setting::Rule(rule) => contract.holds(rule),
            Setting::RequireIfMatch
            | Setting::RefuseSensitiveFilters
            | Setting::StrictRfc
            | Setting::MethodOverride => false,
        })
    }

    /// The contract's switches, with those that were set as they were set.
    #[must_use]
    pub fn over(&self, contract: Rules) -> Rules {
        let mut rules = contract;
        for (setting, on) in self.iter() {
            if let Setting::Rule(rule) = setting {
                rules.set(rule, on);
            }
        }
        rules
    }

    /// As it is stored: a name where it is on, `-` before it where it is off, and a blank between.
    #[must_use]
    pub fn to_text(&self) -> String {
        let names =
            self.iter().map(|(setting, on)| format!("{}{}", if on { "" } else { "-" }, setting.as_str()));
        names.collect::<Vec<_>>().join(" ")
    }

    /// What [`Settings::to_text`] wrote. One that only a newer version knows is not set here.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let set = text.split(' ').filter_map(|word| {
            let name = word.strip_prefix('-');
            Some((Setting::parse(name.unwrap_or(word))?, name.is_none()))
        });
        set.collect()
    }
}

impl FromIterator<(Setting, bool)> for Settings {
    fn from_iter<T: IntoIterator<Item = (Setting, bool)>>(settings: T) -> Self {
        Self(settings.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_kept_and_the_rest_is_the_contract_s() {
        let unique = Setting::Rule(Rule::UniqueGroupNames);
        let contract = Rules::default();
        for set in [None, Some(true), Some(false)] {
            let mut settings: Settings = [(Setting::StrictRfc, true)].into_iter().collect();
            settings.set(unique, set);
            assert_eq!(settings.effective(unique, &contract), set.unwrap_or(contract.unique_group_names));
            assert_eq!(settings.over(contract.clone()).unique_group_names, set.unwrap_or(true));
            assert_eq!(Settings::from_text(&settings.to_text()), settings, "{}", settings.to_text());
            settings.set(unique, None);
            assert_eq!(settings, Settings::from_text("strict_rfc a_newer_one -another"));
        }
    }
}
