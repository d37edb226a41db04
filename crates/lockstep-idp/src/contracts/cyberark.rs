//! CyberArk Identity. It reads single discovery documents, changes users by PUT and groups by PATCH, and deletes
//! neither.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::dialect::{Deactivate, Dialect, Find, GroupPush, MemberWrite, Removal, Update};
use crate::provider::{Authentication, Call, Demand, Need, Provider, Scheme, Setup};
use crate::quirk::{Basis, MetBy, Quirk};

const REQUIREMENTS: &str = "identity-developer.cyberark.com/docs/for-more-information-about-scim-provisioning-redirected (table of calls)";
const OVERVIEW: &str =
    "docs.cyberark.com/Idaptive/Latest/en/Content/Developer/scim-management/scim-outbound-provisioning.htm";

pub(crate) static CYBERARK: Provider = Provider {
    slug: "cyberark",
    name: "CyberArk Identity",
    directory_types: &["cyberark scim v2.0"],
    rules: Rules::default,
    repairs: super::generic::REPAIRS,
    quirks: &[
        Quirk {
            id: "CYBERARK-DISC-01",
            title: "Reads single discovery resources: /ResourceTypes/User, /ResourceTypes/Group and /Schemas/<urn>",
            met_by: MetBy::Rfc,
            contract: "discovery.http",
            sources: &["identity-developer.cyberark.com: SCIM API requirements for outbound provisioning"],
            proven: Basis::Constructed,
        },
        Quirk {
            id: "CYBERARK-DISC-02",
            title: "SCIM 1.1 mode reads /ServiceProviderConfigs (plural) and /Schemas or /Schemas/User",
            met_by: MetBy::Rfc,
            contract: "discovery.http",
            sources: &["identity-developer.cyberark.com: SCIM API requirements for outbound provisioning"],
            proven: Basis::Constructed,
        },
        Quirk {
            id: "CYBERARK-GROUP-01",
            title: "Groups are read, created and patched; group deletion is not sent",
            met_by: MetBy::Rfc,
            contract: "lifecycle.http",
            sources: &["identity-developer.cyberark.com: SCIM API requirements for outbound provisioning"],
            proven: Basis::Constructed,
        },
        Quirk {
            id: "CYBERARK-LIST-01",
            title: "Connection check: GET /Users?count=1 without startIndex",
            met_by: MetBy::Rfc,
            contract: "discovery.http",
            sources: &["identity-developer.cyberark.com: SCIM API requirements for outbound provisioning"],
            proven: Basis::Constructed,
        },
        Quirk {
            id: "CYBERARK-PUT-01",
            title: "Users change by PUT only, groups by PATCH only",
            met_by: MetBy::Rfc,
            contract: "lifecycle.http",
            sources: &["identity-developer.cyberark.com: SCIM API requirements for outbound provisioning"],
            proven: Basis::Constructed,
        },
    ],
    authentication: &[Authentication {
        scheme: Scheme::BearerToken,
        note: "an access token that is pasted",
        source: OVERVIEW,
    }],
    dialect: Dialect {
        content_type: "application/json",
        accept: None,
        connection_test: &["GET /Users?count=1"],
        find_user: Find::By(&["userName"]),
        find_group: Find::List,
        update_user: Update::Put,
        deactivate: Deactivate::Put,
        delete_user: Removal::Never,
        groups: Some(GroupPush {
            external_id: false,
            created_with_members: true,
            add: MemberWrite::Values(100),
            remove: MemberWrite::Filters(100),
            rename: Update::PatchPaths,
            deletes: false,
            nested: false,
            reads_without_members: false,
        }),
        user_external_id: false,
        page: None,
        ..Dialect::PLAIN
    },
    needs: &[
        Need {
            call: Call::Discovery,
            demand: Demand::Status(&[200]),
            otherwise: "it does not know the schema of users and groups",
            source: REQUIREMENTS,
        },
        Need {
            call: Call::ConnectionTest,
            demand: Demand::Status(&[200]),
            otherwise: "the connection is not accepted",
            source: REQUIREMENTS,
        },
    ],
    reactions: &[],
    mapping: &[],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "the provisioning settings of the application",
        endpoint_field: "SCIM URL",
        token_field: "Access Token",
        steps: &[
            "Install, configure and deploy the application; a custom SAML application can be provisioned, too.",
            "Choose SCIM 2.0: SCIM 1.1 is not spoken here.",
            "Enter the SCIM URL and the access token.",
        ],
        sources: &[OVERVIEW, REQUIREMENTS],
    },
    signs: &[],
    notes: &[
        "no default mapping is published; whether the table of calls is all that it sends is unproven, and so is how its \
         PATCH of a group is written and by which attribute it looks for a user",
        "no call deletes a user or a group: a leaver is set inactive by PUT, and a group that goes stays here",
        "a connection in the mode for SCIM 1.1 is refused, and told the path of SCIM 2.0",
    ],
};
