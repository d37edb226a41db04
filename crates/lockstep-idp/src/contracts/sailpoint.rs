//! SailPoint's SCIM 2.0 connector. It learns the schema from five documents, reads everybody on a schedule, and may
//! write memberships to the user.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::dialect::{Dialect, Find, GroupPush, MemberWrite, Update};
use crate::provider::{Authentication, Call, Demand, Does, Need, Provider, Reaction, Refused, Scheme, Setup};
use crate::quirk::{Basis, MetBy, Quirk};

const PREREQUISITES: &str = "documentation.sailpoint.com/connectors/saas/scim_2_0/help/saas_connectivity/scim_2_0_saas/prerequisites.html";
const PARAMETERS: &str = "documentation.sailpoint.com/connectors/identityiq/scim_2_0/help/integrating_scim2/configuration_parameters.html";
const FEATURES: &str =
    "documentation.sailpoint.com/connectors/scim_2_0/help/integrating_scim2/supported_features.html";
const AGGREGATION: &str =
    "documentation.sailpoint.com/connectors/scim_2_0/help/integrating_scim2/aggregation_settings.html";

pub(crate) static SAILPOINT: Provider = Provider {
    slug: "sailpoint",
    name: "SailPoint",
    directory_types: &["sailpoint scim v2.0"],
    rules,
    repairs: super::generic::REPAIRS,
    quirks: &[
        Quirk {
            id: "SAILPOINT-DISC-01",
            title: "Schema discovery needs all five discovery endpoints, single resource types included",
            met_by: MetBy::Rfc,
            contract: "discovery.http",
            sources: &["documentation.sailpoint.com: SCIM 2.0 connector"],
            proven: Basis::Constructed,
        },
        Quirk {
            id: "SAILPOINT-GROUP-01",
            title: "updateGroupsViaUsers: entitlements are written to User.groups",
            met_by: MetBy::Rule("memberships_through_users"),
            contract: "entitlements.http",
            sources: &["documentation.sailpoint.com: SCIM 2.0 connector"],
            proven: Basis::Constructed,
        },
        Quirk {
            id: "SAILPOINT-LIST-01",
            title: "Full aggregation of users and groups on a schedule",
            met_by: MetBy::Rfc,
            contract: "discovery.http",
            sources: &["documentation.sailpoint.com: SCIM 2.0 connector"],
            proven: Basis::Constructed,
        },
        Quirk {
            id: "SAILPOINT-PATCH-01",
            title: "replace on a complex attribute that does not exist yet",
            met_by: MetBy::Rfc,
            contract: "change.http",
            sources: &["github.com/Captain-P-Goldfish/SCIM-SDK/issues/327"],
            proven: Basis::Constructed,
        },
    ],
    authentication: &[
        Authentication {
            scheme: Scheme::BearerToken,
            note: "the Authentication Type API Token",
            source: PARAMETERS,
        },
        Authentication {
            scheme: Scheme::ClientCredentials,
            note: "the Authentication Type OAuth 2.0",
            source: PARAMETERS,
        },
        Authentication {
            scheme: Scheme::Basic,
            note: "the Authentication Type Basic Authentication; the password is the directory's token here",
            source: PARAMETERS,
        },
        Authentication {
            scheme: Scheme::Nothing,
            note: "No Authentication, with headers of its own",
            source: PARAMETERS,
        },
    ],
    dialect: Dialect {
        connection_test: &[
            "GET /ServiceProviderConfig",
            "GET /ResourceTypes",
            "GET /Schemas",
            "GET /ResourceTypes/User",
            "GET /ResourceTypes/Group",
        ],
        find_user: Find::List,
        find_group: Find::List,
        groups: Some(GroupPush {
            external_id: false,
            created_with_members: false,
            add: MemberWrite::Values(1),
            remove: MemberWrite::Values(1),
            rename: Update::PatchPaths,
            deletes: false,
            nested: false,
            reads_without_members: false,
        }),
        user_external_id: false,
        page: Some(100),
        full_cycle: "every user and every group is read on a schedule, in pages whose size is set there",
        incremental_cycle: "where delta aggregation is on, those whose `meta.lastModified` is later than the last time",
        ..Dialect::PLAIN
    },
    needs: &[
        Need {
            call: Call::Discovery,
            demand: Demand::Status(&[200]),
            otherwise: "it cannot discover the schema; where it is told that the server is non-compliant it does without",
            source: PREREQUISITES,
        },
        Need {
            call: Call::ListUsers,
            demand: Demand::List("Resources"),
            otherwise: "the aggregation fails",
            source: AGGREGATION,
        },
        Need {
            call: Call::ListGroups,
            demand: Demand::List("Resources"),
            otherwise: "the aggregation fails",
            source: AGGREGATION,
        },
    ],
    reactions: &[
        Reaction {
            call: Call::Any,
            to: &[Refused::Status(429)],
            does: Does::Retries,
            note: "it reads x-rate-limit-remaining, -limit, -reset and -retry-after-seconds; other names can be set (rateLimitHeaders)",
            source: FEATURES,
        },
        Reaction {
            call: Call::Any,
            to: &[Refused::Timeout],
            does: Does::GivesUp,
            note: "after one minute, unless another time is set",
            source: PARAMETERS,
        },
    ],
    mapping: &[],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "a source of the type SCIM 2.0",
        endpoint_field: "Base URL",
        token_field: "API Token",
        steps: &[
            "Choose API Token as Authentication Type.",
            "Leave the Accept and Content-Type headers blank: they are application/scim+json then.",
            "Discover the schema, then aggregate accounts and groups.",
            "Delta aggregation works here: users have `meta.lastModified` and can be filtered by it.",
        ],
        sources: &[PARAMETERS, PREREQUISITES, AGGREGATION],
    },
    signs: &[],
    notes: &[
        "no default mapping is published: the attributes are those of the schema that it discovers",
        "with updateGroupsViaUsers it writes `User.groups`, which is accepted here and makes memberships",
        "delta aggregation does not see who was deleted; a full one does",
        "whether it sends one change or many in a PATCH is unproven, and so is that it waits and tries again after a 429: \
         that it reads the headers is what its pages say",
    ],
};
fn rules() -> Rules {
    // Entitlements may be written to the user, and nowhere else.
    Rules { memberships_through_users: true, ..Rules::default() }
}
