//! A quirk: one habit or deviation of an IdP, with evidence and the contract that shows it. Declared in the IdP's
//! own file.

/// What a claim about an IdP rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Basis {
    /// A payload from the IdP's own pages, a capture, a test's fixture or an issue that shows it.
    Source,
    /// A payload that was put together from a description: unproven.
    Constructed,
}

impl Basis {
    /// As contract files and pages say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Constructed => "unproven",
        }
    }
}

/// What takes care of a quirk. What is switched here has a contract that fails without it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MetBy {
    /// A repair, by its name.
    Repair(&'static str),
    /// A switch of the contract, on or off, that is not so elsewhere: by its name in `lockstep_core::rules::Rule`.
    Rule(&'static str),
    /// What every directory does, because the RFC says so or nothing speaks against it.
    Rfc,
}

/// One habit or deviation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quirk {
    /// Stable id, such as `ENTRA-PATCH-01`.
    pub id: &'static str,
    /// What the IdP does.
    pub title: &'static str,
    /// What takes care of it.
    pub met_by: MetBy,
    /// The file in the IdP's folder of `contracts/` that shows it.
    pub contract: &'static str,
    /// Where it was seen.
    pub sources: &'static [&'static str],
    /// What the claim rests on.
    pub proven: Basis,
}

impl Quirk {
    /// The repair that it needs.
    #[must_use]
    pub fn repair(&self) -> Option<&'static str> {
        match self.met_by {
            MetBy::Repair(name) => Some(name),
            MetBy::Rule(_) | MetBy::Rfc => None,
        }
    }
}
