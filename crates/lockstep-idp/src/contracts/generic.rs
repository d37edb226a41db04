//! The contract of every client that has none of its own: lenient where the RFC is silent or clients are known to
//! err, and the RFC's otherwise.

use lockstep_core::rules::Rules;

use crate::dialect::Dialect;
use crate::provider::{Provider, Setup};
use crate::repair::{self, Repair};

mod quirks;

/// Directory types that WorkOS publishes and whose contract is not written here yet.
pub(crate) static UNWRITTEN: &[&str] = &[
    "bamboohr",
    "breathe hr",
    "cezanne hr",
    "fourth hr",
    "hibob",
    "people hr",
    "personio",
    "s3",
    "sftp",
    "sftp workday",
    "workday",
];

/// What no client can be hurt by: what many clients are known to send, read as they mean it.
pub(crate) static REPAIRS: &[Repair] = &[
    repair::UNESCAPED_QUERY,
    repair::PATH_SLASHES,
    repair::EMPTY_PARAMETERS,
    repair::DATE_FORMS,
    repair::PATCH_SCHEMA,
    repair::MEMBER_IN_FILTER,
    repair::WRAPPED_VALUES,
    repair::LIST_OF_ONE,
    repair::BOOLEAN_TEXT,
    repair::EMPTY_REFERENCE,
    repair::BARE_VALUES,
    repair::VALUELESS_ELEMENTS,
];

pub(crate) static GENERIC: Provider = Provider {
    slug: "generic",
    name: "Generic SCIM 2.0",
    directory_types: &["generic scim v2.0"],
    rules: Rules::default,
    repairs: REPAIRS,
    quirks: quirks::QUIRKS,
    authentication: &[],
    dialect: Dialect::PLAIN,
    needs: &[],
    reactions: &[],
    mapping: &[],
    setup: Setup::UNKNOWN,
    signs: &[],
    notes: &[
        "a body without schemas is accepted",
        "attributes that no schema knows are left out and reported",
        "member ids that name nobody are refused with 400",
    ],
};
