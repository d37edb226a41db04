//! The contract of every client that has none of its own: lenient where the RFC is silent or clients are known to
//! err, and the RFC's otherwise.

use lockstep_core::rules::Rules;

use crate::provider::Provider;
use crate::repair;

mod quirks;

/// Directory types that WorkOS publishes and whose contract is not written here yet.
pub(crate) static UNWRITTEN: &[&str] = &[
    "bamboohr",
    "breathe hr",
    "cezanne hr",
    "cyberark scim v2.0",
    "fourth hr",
    "gsuite directory",
    "hibob",
    "jump cloud scim v2.0",
    "onelogin scim v2.0",
    "people hr",
    "personio",
    "pingfederate scim v2.0",
    "rippling scim v2.0",
    "s3",
    "sailpoint scim v2.0",
    "sftp",
    "sftp workday",
    "workday",
];

pub(crate) static GENERIC: Provider = Provider {
    slug: "generic",
    name: "Generic SCIM 2.0",
    directory_types: &["generic scim v2.0"],
    rules: Rules::default,
    repairs: &[
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
    ],
    quirks: quirks::QUIRKS,
    connection_test: "differs; most ask for one page of users: GET /Users?count=1",
    notes: &[
        "a body without schemas is accepted",
        "attributes that no schema knows are left out and reported",
        "member ids that name nobody are refused with 400",
    ],
};
