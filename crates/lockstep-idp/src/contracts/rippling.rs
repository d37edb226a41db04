//! Rippling. Its administrator types the names of the attributes that are sent, and says whether groups are changed by
//! PUT or PATCH.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::dialect::{Dialect, GroupPush, MemberWrite, Update};
use crate::provider::{
    Authentication, Call, Demand, Does, Mapping, Need, Provider, Reaction, Refused, Scheme, Setup,
};
use crate::quirk::{Basis, MetBy, Quirk};

const WORKOS: &str = "workos.com/docs/integrations/rippling-scim";
const KOMBO: &str = "help.kombo.dev/hc/en-us/articles/35612530773521-Rippling-SCIM-How-do-I-link-my-account";
const GUIDE: &str = "authn-sh-docs.pages.dev/guides/scim/rippling (third-party guide)";
const WAYMARK: &str = "mcp.waymark.network/r/41cf6d93-f8d6-4168-8143-c0abaf3de8a0 (route notes, unverified)";

pub(crate) static RIPPLING: Provider = Provider {
    slug: "rippling",
    name: "Rippling",
    directory_types: &["rippling scim v2.0"],
    rules,
    repairs: super::generic::REPAIRS,
    quirks: &[
        Quirk {
            id: "RIPPLING-CREATE-01",
            title: "The attribute \"emails.primary\" is an admin-typed name; only the e-mail list may be sent, without a meaningful userName",
            met_by: MetBy::Rule("user_name_from_email"),
            contract: "join.http",
            sources: &[
                "authn.sh docs (\"Rippling sends only the emails[] filter\")",
                "workos.com/docs/integrations/rippling-scim",
            ],
            proven: Basis::Constructed,
        },
        Quirk {
            id: "RIPPLING-GROUP-01",
            title: "Groups by PUT unless \"Use PATCH to edit Groups\" is ticked",
            met_by: MetBy::Rfc,
            contract: "groups.http",
            sources: &["workos.com/docs/integrations/rippling-scim", "help.kombo.dev Rippling SCIM article"],
            proven: Basis::Constructed,
        },
        Quirk {
            id: "RIPPLING-GROUP-02",
            title: "\"Mutually Exclusive Groups\": moving a person is a removal and an addition in two requests in any order",
            met_by: MetBy::Rfc,
            contract: "groups.http",
            sources: &["help.kombo.dev Rippling SCIM article"],
            proven: Basis::Constructed,
        },
        Quirk {
            id: "RIPPLING-RATE-01",
            title: "Retried POSTs must not create a second user",
            met_by: MetBy::Rfc,
            contract: "join.http",
            sources: &["mcp.waymark.network route notes (unverified)"],
            proven: Basis::Constructed,
        },
        Quirk {
            id: "RIPPLING-TEST-01",
            title: "Test connection reads /ServiceProviderConfig",
            met_by: MetBy::Rfc,
            contract: "connection-test.http",
            sources: &["authn-sh-docs.pages.dev/guides/scim/rippling (third-party guide)"],
            proven: Basis::Constructed,
        },
    ],
    authentication: &[Authentication {
        scheme: Scheme::BearerToken,
        note: "chosen as SCIM Authorization Method: Bearer Token",
        source: WORKOS,
    }],
    dialect: Dialect {
        content_type: "application/json",
        accept: None,
        connection_test: &["GET /ServiceProviderConfig"],
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
        page: None,
        incremental_cycle: "changes of people are sent when they happen: hire, change, termination (unproven)",
        variants: &[(
            "groups by PUT",
            &Dialect {
                content_type: "application/json",
                accept: None,
                connection_test: &["GET /ServiceProviderConfig"],
                groups: Some(GroupPush {
                    external_id: false,
                    created_with_members: true,
                    add: MemberWrite::Put,
                    remove: MemberWrite::Put,
                    rename: Update::Put,
                    deletes: true,
                    nested: false,
                    reads_without_members: false,
                }),
                page: None,
                ..Dialect::PLAIN
            },
        )],
        ..Dialect::PLAIN
    },
    needs: &[Need {
        call: Call::ConnectionTest,
        demand: Demand::Status(&[200]),
        otherwise: "the connection is not confirmed",
        source: GUIDE,
    }],
    reactions: &[Reaction {
        call: Call::CreateUser,
        to: &[Refused::Server, Refused::Timeout],
        does: Does::Retries,
        note: "unproven; the same POST is sent again",
        source: WAYMARK,
    }],
    mapping: &[
        Mapping { from: "externalId", to: "externalId" },
        Mapping { from: "emails.primary", to: "emails[primary eq true].value" },
        Mapping { from: "name.givenName", to: "name.givenName" },
        Mapping { from: "name.familyName", to: "name.familyName" },
        Mapping {
            from: "employeeNumber",
            to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
        },
    ],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "IT > Third-Party Access > Add Integration > Create New Custom Integration",
        endpoint_field: "SCIM base URL",
        token_field: "Bearer Token",
        steps: &[
            "Select User Management via SCIM, then Continue.",
            "Set SCIM Version to 2.0.",
            "Set SCIM Authorization Method to Bearer Token.",
            "Tick Supports Groups, Supports Pagination, Create & Delete Groups and Use PATCH to edit Groups.",
            "Under Supported SCIM Attributes, add externalId, emails.primary, name.givenName and name.familyName.",
            "Install the application, and map the attributes with the cadence On user creation and updates.",
        ],
        sources: &[WORKOS, KOMBO],
    },
    signs: &[],
    notes: &[
        "the names of attributes are typed by the administrator: `emails.primary` stands for the primary address",
        "Mutually Exclusive Groups: a person who moves is in both groups or in none for a moment; each change is an event when it happens",
        "without userName in its list of attributes the userName is the primary address, is marked as derived, and follows it",
        "nothing can be pulled from it: it only pushes",
        "its wire is not published: how it looks for a user and how it changes and deactivates one is unproven",
    ],
};
fn rules() -> Rules {
    // The administrator's list of attributes may have the addresses alone.
    Rules { user_name_from_email: true, ..Rules::default() }
}
