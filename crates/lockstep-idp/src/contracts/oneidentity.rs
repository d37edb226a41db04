//! One Identity Manager's SCIM connector. It asks for many users in one query.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::dialect::{Dialect, GroupPush, MemberWrite, Update};
use crate::provider::{Authentication, Call, Demand, Need, Provider, Scheme, Setup};
use crate::quirk::{Basis, MetBy, Quirk};

const GATEWAY: &str = "jelhub/scimgateway:README.md (list of queries)";
const GUIDE: &str = "support.oneidentity.com/technical-documents/identity-manager/8.2/administration-guide-for-connecting-to-cloud-applications";

pub(crate) static ONEIDENTITY: Provider = Provider {
    slug: "oneidentity",
    name: "One Identity Manager",
    directory_types: &[],
    rules: Rules::default,
    repairs: super::generic::REPAIRS,
    quirks: &[
        Quirk {
            id: "ONEIDENTITY-FILTER-01",
            title: "Long or-chains: userName eq \"a\" or userName eq \"b\" or ... in one query",
            met_by: MetBy::Rfc,
            contract: "filters.http",
            sources: &[
                "jelhub/scimgateway:README.md",
                "learn.microsoft.com Databricks SCIM 2.1 limits (200 nodes)",
            ],
            proven: Basis::Source,
        },
        Quirk {
            id: "ONEIDENTITY-LIST-01",
            title: "attributes limits plus filter on members.value",
            met_by: MetBy::Rfc,
            contract: "filters.http",
            sources: &["jelhub/scimgateway:README.md (list of queries)"],
            proven: Basis::Source,
        },
    ],
    authentication: &[Authentication {
        scheme: Scheme::BearerToken,
        note: "unproven: which ways its connector offers is not published where we could read it",
        source: GATEWAY,
    }],
    dialect: Dialect {
        accept: None,
        connection_test: &["GET /ServiceProviderConfig", "GET /ResourceTypes", "GET /Schemas"],
        groups: Some(GroupPush {
            external_id: false,
            created_with_members: true,
            add: MemberWrite::Values(100),
            remove: MemberWrite::Filters(100),
            rename: Update::PatchPaths,
            deletes: true,
            nested: false,
            reads_without_members: false,
        }),
        user_external_id: false,
        page: Some(100),
        full_cycle: "a synchronization of users and groups on a schedule; changes are provisioned one by one",
        ..Dialect::PLAIN
    },
    needs: &[
        Need {
            call: Call::ListUsers,
            demand: Demand::List("Resources"),
            otherwise: "the synchronization has nobody to compare with",
            source: GATEWAY,
        },
        Need {
            call: Call::ListGroups,
            demand: Demand::List("Resources"),
            otherwise: "memberships cannot be compared",
            source: GATEWAY,
        },
    ],
    reactions: &[],
    mapping: &[],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "a new synchronization project in the Synchronization Editor, with the connector for SCIM",
        endpoint_field: "",
        token_field: "",
        steps: &[
            "Take the project template SCIM synchronization.",
            "Give the address of the directory and the token.",
            "The template maps Group to UCIGroup and User to UCIUser; every method is allowed by default.",
        ],
        sources: &[GUIDE, GATEWAY],
    },
    signs: &[],
    notes: &[
        "no default mapping of attributes is published: the template maps the resource types",
        "a query may have at most 200 comparisons; more of them are refused with 400 `invalidFilter` and the bound",
        "failed provisioning is kept for 30 days there unless set otherwise",
    ],
};
