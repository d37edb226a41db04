//! The interop profile (draft-zollner-scim-interop-profile): the RFCs with fewer choices. An option of a directory.

use lockstep_core::rules::Rules;
use lockstep_scim::patch::PatchOptions;
use lockstep_scim::resource::Unknown;

use crate::attributes;
use crate::dialect::Dialect;
use crate::provider::{Authentication, Provider, Scheme, Setup};

pub(crate) static INTEROP: Provider = Provider {
    slug: "interop",
    name: "SCIM 2.0 Interoperability Profile",
    directory_types: &[],
    rules,
    repairs: &[],
    quirks: &[],
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
    ],
    dialect: Dialect::PLAIN,
    needs: &[],
    reactions: &[],
    mapping: &[],
    attributes: attributes::STANDARD,
    setup: Setup::UNKNOWN,
    signs: &[],
    notes: &[
        "for clients that keep to draft-zollner-scim-interop-profile: of the IdPs with a contract here many send an \
         operation without a path",
        "ServiceProviderConfig says interopProfileConformant: true",
        "the type of every value has canonicalValues; where neither the RFC nor the schema names any it is other",
        "no path with a filter alone: a member leaves by a remove of members that lists it in its value",
    ],
};

fn rules() -> Rules {
    Rules {
        unknown_attributes: Unknown::Refuse,
        patch: PatchOptions {
            replace_complex_whole: true,
            unknown: Unknown::Refuse,
            undeclared_is_syntax: true,
            paths_required: true,
            filters_select_one: true,
            ..PatchOptions::default()
        },
        basic_credentials: false,
        ..Rules::default()
    }
}
