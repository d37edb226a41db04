//! The quirks of this contract, by id. Written by hand; a test of the player compares them with the contracts.

use crate::quirk::{Basis, MetBy, Quirk};

pub(super) static QUIRKS: &[Quirk] = &[
    Quirk {
        id: "AUTHENTIK-CREATE-01",
        title: "POST user: e-mail type \"other\", primary true, externalId is the uid hash",
        met_by: MetBy::Rfc,
        contract: "join.http",
        sources: &[
            "goauthentik/authentik:authentik/providers/scim/tests/test_user.py",
            "goauthentik/authentik:authentik/providers/scim/clients/users.py",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-CREATE-03",
        title: "409 is followed by a filter by userName and adoption of the first hit",
        met_by: MetBy::Rfc,
        contract: "join.http",
        sources: &[
            "goauthentik/authentik:authentik/providers/scim/clients/users.py",
            "goauthentik/authentik:authentik/providers/scim/tests/test_user.py",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-DEL-01",
        title: "User removed from the provider: DELETE at once, no prior deactivation",
        met_by: MetBy::Rfc,
        contract: "leave.http",
        sources: &["goauthentik/authentik:authentik/providers/scim/tests/test_user.py"],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-DISC-01",
        title: "ServiceProviderConfig is parsed strictly; one missing member silently turns PATCH and filter off",
        met_by: MetBy::Rfc,
        contract: "discovery.http",
        sources: &[
            "github.com/goauthentik/authentik/issues/25056",
            "goauthentik/authentik:authentik/providers/scim/clients/base.py",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-DISC-02",
        title: "A 404 on ServiceProviderConfig is taken as \"nothing is supported\"",
        met_by: MetBy::Rfc,
        contract: "discovery.http",
        sources: &["github.com/Infisical/infisical/issues/6552"],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-FILTER-01",
        title: "Unquoted comparison value in some releases: userName eq jdoe",
        met_by: MetBy::Repair("unquoted-values"),
        contract: "unquoted.http",
        sources: &[
            "goauthentik/authentik:authentik/providers/scim/clients/users.py (one stored version formats the filter without quotes)",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-GROUP-01",
        title: "POST group without members",
        met_by: MetBy::Rfc,
        contract: "join.http",
        sources: &[
            "goauthentik/authentik:authentik/providers/scim/tests/test_group.py",
            "goauthentik/authentik:authentik/providers/scim/clients/groups.py",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-GROUP-02",
        title: "Group update: path-less replace whose value is the whole group, schemas and (older) id included",
        met_by: MetBy::Rfc,
        contract: "groups.http",
        sources: &[
            "goauthentik/authentik:authentik/providers/scim/clients/groups.py",
            "goauthentik/authentik:authentik/providers/scim/tests/test_membership.py",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-GROUP-03",
        title: "One operation per member, many operations per request, chunked by bulk.maxOperations",
        met_by: MetBy::Rfc,
        contract: "join.http",
        sources: &[
            "goauthentik/authentik:authentik/providers/scim/clients/groups.py",
            "goauthentik/authentik:authentik/providers/scim/tests/test_membership.py",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-GROUP-05",
        title: "After each group update the client reads the group back and diffs members",
        met_by: MetBy::Rfc,
        contract: "join.http",
        sources: &["goauthentik/authentik:authentik/providers/scim/clients/groups.py"],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-GROUP-06",
        title: "Discovery import pages with startIndex only, no count",
        met_by: MetBy::Rfc,
        contract: "discover.http",
        sources: &["goauthentik/authentik:authentik/providers/scim/clients/groups.py"],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-GROUP-07",
        title: "When PATCH is off: PUT group with members lacking display and body lacking schemas",
        met_by: MetBy::Rfc,
        contract: "put.http",
        sources: &[
            "github.com/Infisical/infisical/issues/6552",
            "goauthentik/authentik:authentik/providers/scim/clients/groups.py",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-GROUP-08",
        title: "AWS compatibility mode: two replaces by path",
        met_by: MetBy::Rfc,
        contract: "groups.http",
        sources: &["goauthentik/authentik:authentik/providers/scim/clients/groups.py"],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-PUT-02",
        title: "A 404 on PUT makes authentik forget the link and POST again",
        met_by: MetBy::Rfc,
        contract: "put.http",
        sources: &["github.com/goauthentik/authentik/issues/16678"],
        proven: Basis::Source,
    },
    Quirk {
        id: "AUTHENTIK-SCHEMA-01",
        title: "Slack mode adds an unknown extension with a non-RFC date",
        met_by: MetBy::Rfc,
        contract: "put.http",
        sources: &[
            "goauthentik docs: Slack SCIM mapping",
            "goauthentik/authentik:authentik/providers/scim/clients/schema.py",
        ],
        proven: Basis::Source,
    },
];
