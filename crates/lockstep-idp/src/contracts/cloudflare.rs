//! Cloudflare Access.

use lockstep_core::rules::Rules;

use crate::dialect::Dialect;
use crate::provider::{Provider, Setup};

pub(crate) static CLOUDFLARE: Provider = Provider {
    slug: "cloudflare",
    name: "Cloudflare Access",
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
