//! The quirks of this contract, by id. Written by hand; a test of the player compares them with the contracts.

use crate::quirk::{Basis, MetBy, Quirk};

pub(super) static QUIRKS: &[Quirk] = &[
    Quirk {
        id: "ONELOGIN-CREATE-01",
        title: "emails as one object instead of an array",
        met_by: MetBy::Repair("list-of-one"),
        contract: "join.http",
        sources: &[
            "15five/django-scim2:src/django_scim/adapters.py (comment \"OneLogin sends a dict despite the spec\")",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "ONELOGIN-CREATE-03",
        title: "The admin-edited JSON template may carry the SCIM 1.1 core URN against a 2.0 base URL",
        met_by: MetBy::Repair("old-schemas"),
        contract: "template.http",
        sources: &["scim.dev/guide/applications/onelogin", "developers.onelogin.com/scim/test-your-scim"],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "ONELOGIN-CREATE-04",
        title: "Template placeholders that found no value come as empty strings",
        met_by: MetBy::Repair("empty-text"),
        contract: "template.http",
        sources: &["developers.onelogin.com/scim/test-your-scim"],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "ONELOGIN-DEL-01",
        title: "On user deletion the admin picks delete, suspend or do nothing",
        met_by: MetBy::Rfc,
        contract: "change.http",
        sources: &["developers.onelogin.com/scim/test-your-scim"],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "ONELOGIN-DISC-01",
        title: "Some setups read /ServiceProviderConfig on save",
        met_by: MetBy::Rfc,
        contract: "connection-test.http",
        sources: &["per-IdP cheat sheet (2026-06)"],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "ONELOGIN-GROUP-01",
        title: "Groups come from roles and rules: GET /Groups first, then POST of missing ones, then PATCH members",
        met_by: MetBy::Rfc,
        contract: "group-push.http",
        sources: &["developers.onelogin.com/scim/implement-scim-api"],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "ONELOGIN-GROUP-02",
        title: "Membership PATCH must not be answered by 405",
        met_by: MetBy::Rfc,
        contract: "group-push.http",
        sources: &["github.com/goauthentik/authentik/issues/11249"],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "ONELOGIN-GROUP-03",
        title: "Deleting a group in OneLogin sends nothing; members stay until each is removed",
        met_by: MetBy::Rfc,
        contract: "group-push.http",
        sources: &["boxyhq/website docs: OneLogin directory sync", "workos.com/blog/scim-challenges"],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "ONELOGIN-HDR-01",
        title: "Empty User-Agent header",
        met_by: MetBy::Rfc,
        contract: "join.http",
        sources: &[
            "github.com/goauthentik/authentik/issues/11249 (proxy log: \"User-Agent\": \"\", Content-Type application/scim+json)",
        ],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "ONELOGIN-TEST-01",
        title: "Enabling the API connection probes a user name that does not exist",
        met_by: MetBy::Rfc,
        contract: "connection-test.http",
        sources: &["developers.onelogin.com/scim/implement-scim-api"],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "ONELOGIN-UPDATE-01",
        title: "Update user: the app template decides between PUT and PATCH; both carry the whole template",
        met_by: MetBy::Rfc,
        contract: "change.http",
        sources: &["developers.onelogin.com/scim/implement-scim-api"],
        proven: Basis::Constructed,
    },
];
