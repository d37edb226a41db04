//! WSO2 Identity Server.

use lockstep_core::rules::Rules;

use crate::dialect::Dialect;
use crate::provider::{Provider, Setup};

pub(crate) static WSO2: Provider = Provider {
    slug: "wso2",
    name: "WSO2 Identity Server",
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
