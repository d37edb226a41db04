//! What an administrator should change in their IdP, by what its requests came to. Must not know any IdP: what is one
//! IdP's stands in its file.

use std::collections::BTreeSet;

use crate::contracts;
use crate::detect::Habit;
use crate::provider::Provider;
use crate::repair::Note;

/// A request and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The contract by which it was read.
    pub provider: &'static Provider,
    /// What was asked, as a template: `PATCH /Users/{id}`.
    pub operation: &'a str,
    /// What was repaired.
    pub repairs: &'a [Note],
    /// What was left out, and why.
    pub notes: &'a [String],
    /// The answer's status.
    pub status: u16,
    /// The answer's `scimType`, where it has one.
    pub scim_type: Option<&'a str>,
    /// Whose it looks like, where that is another IdP.
    pub looks_like: Option<&'static str>,
    /// What the IdP was seen to do.
    pub habits: &'a BTreeSet<Habit>,
}

/// Something to change.
#[derive(Clone, Copy, Debug)]
pub struct Advice {
    /// Stable name.
    pub name: &'static str,
    /// What to change, and why: for the IdP's administrator.
    pub text: &'static str,
    /// Whether an exchange calls for it.
    pub fits: fn(&Exchange<'_>) -> bool,
    /// Where it was learned, for what is one IdP's.
    pub source: &'static str,
}

impl Exchange<'_> {
    fn used(&self, repair: &str) -> bool {
        self.repairs.iter().any(|note| note.repair == repair)
    }

    fn noted(&self, words: &str) -> bool {
        self.notes.iter().any(|note| note.contains(words))
    }
}

/// All that fits, the IdP's own first.
pub fn advice(exchange: &Exchange<'_>) -> Vec<&'static Advice> {
    let all = contracts::advice_of(exchange.provider).iter().chain(GENERAL);
    all.filter(|advice| (advice.fits)(exchange)).collect()
}

/// What holds for every IdP.
static GENERAL: &[Advice] = &[
    Advice {
        name: "another-idp",
        text: "this looks like another IdP than the directory's: take the contract that is suggested, or look which \
               application this endpoint and token were given to",
        fits: |exchange| exchange.looks_like.is_some(),
        source: "",
    },
    Advice {
        name: "base-url",
        text: "the base URL in the IdP has a slash or a version too many: paste the SCIM endpoint as it is shown",
        fits: |exchange| exchange.used("path-slashes"),
        source: "",
    },
    Advice {
        name: "unknown-attributes",
        text: "attributes that no schema of this directory declares are left out: take them out of the IdP's mapping, \
               or declare a schema for them",
        fits: |exchange| exchange.noted("no schema of the directory declares it"),
        source: "",
    },
    Advice {
        name: "unknown-members",
        text: "members that are not here were left out: assign them to the application in the IdP, so that they are \
               sent before the group is",
        fits: |exchange| exchange.noted("members were left out"),
        source: "",
    },
    Advice {
        name: "taken-name",
        text: "another user or group of this directory has this name: look whether it is the same person under another \
               id, and match on that attribute in the IdP",
        fits: |exchange| exchange.status == 409,
        source: "",
    },
    Advice {
        name: "unknown-id",
        text: "the IdP remembers an id that is not here, perhaps of another directory or of before a reset: let it \
               provision from the start, so that it links by name again",
        fits: |exchange| exchange.status == 404 && exchange.operation.ends_with("{id}"),
        source: "",
    },
    Advice {
        name: "credential",
        text: "the token that the IdP sends is not one of this directory, or it has expired or was revoked: make a new one \
               and paste it into the IdP, whole and without blanks",
        fits: |exchange| exchange.status == 401,
        source: "",
    },
    Advice {
        name: "too-often",
        text: "the IdP asks more often than this server lets it: it is told when to ask again, and nothing is lost if \
               it does",
        fits: |exchange| exchange.status == 429,
        source: "",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::by_slug;

    static NO_HABITS: BTreeSet<Habit> = BTreeSet::new();

    /// A request of this IdP that went well.
    fn exchange(slug: &str) -> Exchange<'static> {
        Exchange {
            provider: by_slug(slug).unwrap(),
            operation: "PATCH /Users/{id}",
            repairs: &[],
            notes: &[],
            status: 200,
            scim_type: None,
            looks_like: None,
            habits: &NO_HABITS,
        }
    }

    #[test]
    fn what_was_refused_or_left_out_says_what_to_change_and_what_went_well_says_nothing() {
        let notes = ["2 members were left out: nobody in this directory has such an id".to_owned()];
        let undeclared = ["left out, because no schema of the directory declares it: shoeSize".to_owned()];
        let repairs = [Note { repair: "path-slashes", quirk: None, detail: String::new() }];
        let fine = exchange("generic");
        for (exchange, wanted) in [
            (Exchange { status: 409, ..fine }, "taken-name"),
            (Exchange { status: 404, ..fine }, "unknown-id"),
            (Exchange { status: 401, ..fine }, "credential"),
            (Exchange { status: 429, ..fine }, "too-often"),
            (Exchange { notes: &notes, ..fine }, "unknown-members"),
            (Exchange { notes: &undeclared, ..fine }, "unknown-attributes"),
            (Exchange { repairs: &repairs, ..fine }, "base-url"),
            (Exchange { looks_like: Some("okta"), ..fine }, "another-idp"),
        ] {
            let names: Vec<&str> = advice(&exchange).iter().map(|advice| advice.name).collect();
            assert_eq!(names, [wanted]);
        }
        assert!(advice(&fine).is_empty());
    }

    #[test]
    fn an_app_that_puts_users_and_pushes_groups_is_told_what_will_be_lost() {
        let told = |habits: &[Habit]| {
            let habits: BTreeSet<Habit> = habits.iter().copied().collect();
            let exchange = Exchange { operation: "PATCH /Groups/{id}", habits: &habits, ..exchange("okta") };
            advice(&exchange).iter().any(|advice| advice.name == "assigned-and-pushed")
        };
        assert!(told(&[Habit::PutsUsers, Habit::PatchesGroups]));
        assert!(!told(&[Habit::PutsUsers, Habit::PatchesUsers, Habit::PatchesGroups]));
        assert!(!told(&[Habit::PutsUsers]));
    }
}
