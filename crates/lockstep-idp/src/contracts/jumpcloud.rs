//! JumpCloud.

use lockstep_core::rules::Rules;

use crate::dialect::Dialect;
use crate::provider::{Provider, Setup};

pub(crate) static JUMPCLOUD: Provider = Provider {
    slug: "jumpcloud",
    name: "JumpCloud",
    directory_types: &["jump cloud scim v2.0"],
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
