//! The RFCs and nothing else: an option of a directory, and what the other contracts are measured against.

use lockstep_core::rules::Rules;
use lockstep_scim::patch::PatchOptions;
use lockstep_scim::resource::Unknown;

use crate::attributes;
use crate::dialect::Dialect;
use crate::provider::{Authentication, Provider, Scheme, Setup};

pub(crate) static STRICT: Provider = Provider {
    slug: "strict_rfc",
    name: "Strict RFC 7643 and 7644",
    directory_types: &["strict-rfc"],
    rules,
    repairs: &[],
    quirks: &[],
    authentication: &[
        Authentication {
            scheme: Scheme::BearerToken,
            note: "behind the word Bearer, and in no other form",
            source: "RFC 6750 section 2.1",
        },
        Authentication {
            scheme: Scheme::ClientCredentials,
            note: "where the directory has an OAuth client",
            source: "RFC 6749 section 4.4",
        },
    ],
    dialect: Dialect::PLAIN,
    needs: &[],
    reactions: &[],
    mapping: &[],
    attributes: attributes::STANDARD,
    setup: Setup::UNKNOWN,
    signs: &[],
    notes: &[
        "a body names its schemas, and attributes that no schema knows are refused",
        "text is never read as a boolean, and nothing is read as a list that is none",
        "a country has two letters, a certificate is exactly one, and a removal that selects nothing is 400 noTarget",
    ],
};

fn rules() -> Rules {
    Rules {
        unknown_attributes: Unknown::Refuse,
        unique_group_names: false,
        patch: PatchOptions {
            unmatched_add_creates: false,
            unmatched_replace_creates: false,
            unmatched_remove_ok: false,
            check_formats: true,
            unknown: Unknown::Refuse,
            require_schemas: true,
            ..PatchOptions::default()
        },
        require_schemas: true,
        check_formats: true,
        bare_tokens: false,
        basic_credentials: false,
        ..Rules::default()
    }
}
