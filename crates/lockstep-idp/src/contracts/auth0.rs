//! Auth0.

use lockstep_core::rules::Rules;

use crate::dialect::Dialect;
use crate::provider::{Provider, Setup};

pub(crate) static AUTH0: Provider = Provider {
    slug: "auth0",
    name: "Auth0",
    directory_types: &[],
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
