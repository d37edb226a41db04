//! The quirks of this contract, by id. Written by hand; a test of the player compares them with the contracts.

use crate::quirk::{Basis, MetBy, Quirk};

pub(super) static QUIRKS: &[Quirk] = &[
    Quirk {
        id: "GOOGLE-AUTH-01",
        title: "Token pasted by the admin, no OAuth flow; wrong token 401",
        met_by: MetBy::Rfc,
        contract: "connection-test.http",
        sources: &[
            "better-auth/better-auth:packages/scim/src/scim-google-conformance.test.ts",
            "knowledge.workspace.google.com/admin/users/advanced/configure-amazon-web-services-user-provisioning",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "GOOGLE-CREATE-01",
        title: "Only userName may be sent, no emails",
        met_by: MetBy::Rfc,
        contract: "join.http",
        sources: &["authn-sh-docs.pages.dev/guides/scim/google-workspace"],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "GOOGLE-DEL-01",
        title: "Suspend and delete are separate triggers: DELETE may hit an active user or come up to 21 days after the suspension",
        met_by: MetBy::Rfc,
        contract: "delete.http",
        sources: &[
            "better-auth/better-auth:packages/scim/src/scim-google-conformance.test.ts",
            "support.google.com/a/answer/7681608",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "GOOGLE-DISC-01",
        title: "The attribute mapping screen is built from /Schemas",
        met_by: MetBy::Rfc,
        contract: "connection-test.http",
        sources: &["better-auth/better-auth:packages/scim/src/scim-google-conformance.test.ts"],
        proven: Basis::Source,
    },
    Quirk {
        id: "GOOGLE-LIST-01",
        title: "Sync runs every few hours; archived users look unchanged",
        met_by: MetBy::Rfc,
        contract: "connection-test.http",
        sources: &["support.google.com/a/answer/7681608"],
        proven: Basis::Source,
    },
    Quirk {
        id: "GOOGLE-PATCH-01",
        title: "Suspension (form not published by Google; the usual path-less replace is assumed)",
        met_by: MetBy::Rfc,
        contract: "join.http",
        sources: &["better-auth/better-auth:packages/scim/src/scim-google-conformance.test.ts"],
        proven: Basis::Constructed,
    },
];
