//! Google Workspace.

use lockstep_core::rules::Rules;

use crate::dialect::Dialect;
use crate::provider::{Provider, Setup};

pub(crate) static GOOGLE: Provider = Provider {
    slug: "google",
    name: "Google Workspace",
    directory_types: &["gsuite directory"],
    rules: Rules::default,
    repairs: super::generic::REPAIRS,
    quirks: &[],
    authentication: &[],
    dialect: Dialect::PLAIN,
    needs: &[],
    reactions: &[],
    mapping: &[],
    setup: Setup::UNKNOWN,
    signs: &[],
    notes: &[],
};
