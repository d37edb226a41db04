//! What a bearer token may do. Scopes are restrictions: a token without any may do all that its directory can, and each
//! one that it has takes something away.

use std::fmt;
use std::str::FromStr;

use crate::query::Kind;

/// One restriction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Scope {
    /// May only read.
    Read,
    /// Users only; together with [`Scope::Groups`] both.
    Users,
    /// Groups only; together with [`Scope::Users`] both.
    Groups,
    /// May not delete a resource. To deactivate a user is a change, and is allowed.
    NoDelete,
}

impl Scope {
    /// All there are, in the order in which they are written.
    pub const ALL: [Self; 4] = [Self::Read, Self::Users, Self::Groups, Self::NoDelete];

    /// How it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Users => "users",
            Self::Groups => "groups",
            Self::NoDelete => "no-delete",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Users => 2,
            Self::Groups => 4,
            Self::NoDelete => 8,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a scope is one of: read, users, groups, no-delete")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

/// What is done to resources, as far as scopes care.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Access {
    /// One or many are shown.
    Read,
    /// One is made or changed.
    Write,
    /// One is removed.
    Delete,
}

/// The restrictions of one token. Empty: it may do everything.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// No restriction.
    pub const EVERYTHING: Self = Self(0);

    /// Whether this restriction is among them.
    #[must_use]
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Each restriction, in the order in which they are written.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }

    /// These restrictions and those that were asked for besides: never fewer than before. `None` where what is left is
    /// nothing, since the one names only users and the other only groups.
    #[must_use]
    pub fn narrowed_by(self, wanted: Self) -> Option<Self> {
        let kinds = Scope::Users.bit() | Scope::Groups.bit();
        let (own, other) = (self.0 & kinds, wanted.0 & kinds);
        // Kinds are named to be the only ones, so what both name counts; the rest adds up.
        let named = if own == 0 || other == 0 { own | other } else { own & other };
        let is_left = named != 0 || own == 0 || other == 0;
        is_left.then_some(Self(((self.0 | wanted.0) & !kinds) | named))
    }

    /// What of `access` to resources of this kind they do not allow; `None` where they allow it.
    #[must_use]
    pub fn refuse(self, access: Access, kind: Kind) -> Option<Missing> {
        let (one_kind, own) = match kind {
            Kind::User => (Scope::Users, Missing::Users),
            Kind::Group => (Scope::Groups, Missing::Groups),
        };
        let names_kinds = self.contains(Scope::Users) || self.contains(Scope::Groups);
        if names_kinds && !self.contains(one_kind) {
            return Some(own);
        }
        match access {
            Access::Write | Access::Delete if self.contains(Scope::Read) => Some(Missing::Write),
            Access::Delete if self.contains(Scope::NoDelete) => Some(Missing::Delete),
            Access::Read | Access::Write | Access::Delete => None,
        }
    }
}

/// What a token may not do, and a token that may has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Missing {
    /// It is for other kinds of resource than users.
    Users,
    /// It is for other kinds of resource than groups.
    Groups,
    /// It may only read.
    Write,
    /// It may not delete.
    Delete,
}

impl Missing {
    /// What is to be said: what the token may not, and which token may.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Users => {
                "this token's scopes leave users out: take one with the scope `users`, or without `groups`"
            }
            Self::Groups => {
                "this token's scopes leave groups out: take one with the scope `groups`, or without `users`"
            }
            Self::Write => "this token may only read: take one without the scope `read`",
            Self::Delete => "this token may not delete: take one without the scope `no-delete`",
        }
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
