//! The contract of every client that has none of its own: lenient where the RFC is silent or clients are known to
//! err, and the RFC's otherwise.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::dialect::Dialect;
use crate::provider::{Authentication, Provider, Scheme, Setup};
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
    authentication: &[
        Authentication {
            scheme: Scheme::BearerToken,
            note: "with or without the word Bearer before it",
            source: "RFC 6750 section 2.1",
        },
        Authentication {
            scheme: Scheme::ClientCredentials,
            note: "where the directory has an OAuth client",
            source: "RFC 6749 section 4.4",
        },
        Authentication {
            scheme: Scheme::Basic,
            note: "any user name, and the bearer token as password",
            source: "RFC 7617",
        },
        Authentication {
            scheme: Scheme::Header,
            note: "where the directory's credential_header names one",
            source: "docs.pingidentity.com: p1_create_scim_connection",
        },
    ],
    dialect: Dialect::PLAIN,
    needs: &[],
    reactions: &[],
    mapping: &[],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "where the client asks for a SCIM 2.0 endpoint",
        endpoint_field: "SCIM base URL, SCIM endpoint, or Tenant URL",
        token_field: "bearer token, API token, or secret token",
        steps: &[
            "Paste the endpoint as base URL, without /Users behind it.",
            "Paste the bearer token. Where the form asks for a user name too, type any.",
            "Choose SCIM 2.0, and userName as the attribute by which users are found.",
            "Test the connection: a request must show here.",
        ],
        sources: &["RFC 7644 section 3.2", "RFC 6750 section 2.1"],
    },
    signs: &[],
    notes: &[
        "a body without schemas is accepted",
        "attributes that no schema knows are left out and reported",
        "member ids that name nobody are refused with 400",
    ],
};
