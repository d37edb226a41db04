//! Whose traffic a directory gets, as far as it shows, and whether its contract follows. Must not know how that is
//! recognized, nor any IdP.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::limits::FIRST_MINUTES;
use crate::model::{Directory, Head};

/// By whom a directory's contract was chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenBy {
    /// By whoever made the directory.
    #[default]
    Creation,
    /// By what the IdP sent.
    Detection,
    /// By the operator, later: nothing is suggested any more.
    Operator,
}

impl ChosenBy {
    /// The name that the application's API uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creation => "creation",
            Self::Detection => "detection",
            Self::Operator => "operator",
        }
    }
}

/// A contract, and the type that a directory has by it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contract {
    /// The short name of a provider in `lockstep-idp`.
    pub slug: String,
    /// The directory's type from then on.
    pub directory_type: String,
}

/// What a directory's requests showed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recognized {
    /// The contract that would suit.
    pub contract: Contract,
    /// Nobody else sends this.
    pub certain: bool,
    /// What was seen, in words.
    pub signs: Vec<String>,
    /// The contract of now may be left without asking: it is not one that somebody must have wanted.
    pub may_switch: bool,
}

/// Another contract that would suit a directory better.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Suggestion {
    /// The short name of a provider in `lockstep-idp`.
    pub contract: String,
    /// Nobody else sends what was seen.
    pub certain: bool,
    /// What was seen, in words.
    pub signs: Vec<String>,
    /// When it was first seen.
    pub at: Timestamp,
}

/// How a directory came by its contract, and which other one is suggested.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Recognition {
    /// By whom it was chosen.
    pub chosen_by: ChosenBy,
    /// What is suggested instead.
    pub suggestion: Option<Suggestion>,
}

impl Directory {
    /// The directory with another contract: what was read under the old one is read again.
    pub(crate) fn hold_to(&mut self, contract: &Contract, chosen_by: ChosenBy) {
        if self.contract != contract.slug {
            self.contract.clone_from(&contract.slug);
            self.directory_type.clone_from(&contract.directory_type);
            self.terms_version += 1;
        }
        self.recognition = Recognition { chosen_by, suggestion: None };
    }

    /// The directory as what was recognized leaves it at `now`.
    pub(crate) fn recognize(&mut self, head: &Head, recognized: &Recognized, now: Timestamp) {
        let contract = &recognized.contract;
        if self.recognition.chosen_by == ChosenBy::Operator || self.contract == contract.slug {
            return;
        }
        let is_first_choice = self.recognition.chosen_by == ChosenBy::Creation;
        if recognized.certain && recognized.may_switch && is_first_choice && self.is_new(head, now) {
            self.hold_to(contract, ChosenBy::Detection);
            return;
        }
        let known = self.recognition.suggestion.as_ref();
        if known.is_some_and(|known| known.contract == contract.slug && known.certain >= recognized.certain) {
            return;
        }
        self.recognition.suggestion = Some(Suggestion {
            contract: contract.slug.clone(),
            certain: recognized.certain,
            signs: recognized.signs.clone(),
            at: now,
        });
    }

    /// Whether nothing can have been read wrongly yet that matters: nobody is in it, or it is minutes old.
    fn is_new(&self, head: &Head, now: Timestamp) -> bool {
        head.users_active + head.users_inactive + head.groups == 0
            || now.0 - self.created_at.0 < FIRST_MINUTES * 60_000_000
    }
}

#[cfg(test)]
mod tests;
