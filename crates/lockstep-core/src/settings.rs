//! What an operator may ask of one directory besides its contract, and the version that its terms have by it.

use std::collections::BTreeSet;

/// Something that an operator may switch on for a directory. Off unless it was.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Setting {
    /// A PUT, PATCH or DELETE of a resource must say by `If-Match` which version it means: 428 where it does not
    /// (RFC 6585 §3).
    RequireIfMatch,
    /// A GET whose filter names personal data is refused with 403 `sensitive` (RFC 7644 §7.5.2).
    RefuseSensitiveFilters,
    /// The RFCs and nothing else: no repairs, and what they leave open is refused. For directories without a contract
    /// of their own.
    StrictRfc,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::RequireIfMatch, Self::RefuseSensitiveFilters, Self::StrictRfc];

    /// The name that the application's API uses, and under which it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequireIfMatch => "require_if_match",
            Self::RefuseSensitiveFilters => "refuse_sensitive_filters",
            Self::StrictRfc => "strict_rfc",
        }
    }

    /// The setting with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.as_str() == name)
    }
}

/// The settings of a directory that are on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings(BTreeSet<Setting>);

impl Settings {
    /// Whether this one is on.
    #[must_use]
    pub fn has(&self, setting: Setting) -> bool {
        self.0.contains(&setting)
    }

    /// Switches one on or off.
    pub fn set(&mut self, setting: Setting, on: bool) {
        if on {
            self.0.insert(setting)
        } else {
            self.0.remove(&setting)
        };
    }

    /// Those that are on.
    pub fn iter(&self) -> impl Iterator<Item = Setting> {
        self.0.iter().copied()
    }
}

impl FromIterator<Setting> for Settings {
    fn from_iter<T: IntoIterator<Item = Setting>>(settings: T) -> Self {
        Self(settings.into_iter().collect())
    }
}
