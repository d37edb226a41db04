//! The quirks of this contract, by id. Written by hand; a test of the player compares them with the contracts.

use crate::quirk::{Basis, MetBy, Quirk};

pub(super) static QUIRKS: &[Quirk] = &[
    Quirk {
        id: "JUMPCLOUD-AUTH-01",
        title: "Token types: API key or bearer, SCIM 1.1 or 2.0 selectable",
        met_by: MetBy::Rfc,
        contract: "activation.http",
        sources: &[
            "jumpcloud.com/support/provision-and-manage-users-and-groups-in-apps-using-custom-scim-identity-management-integration",
        ],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "JUMPCLOUD-GROUP-01",
        title: "Add member: minimal member object with value only",
        met_by: MetBy::Rfc,
        contract: "group-push.http",
        sources: &[
            "Rust SCIM crate tests (test_data/jumpcloud_*.json; same code line as ShiftControl-io/scim-v2-rust)",
            "ssoready/ssoready:internal/authservice/scim.go",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "JUMPCLOUD-GROUP-02",
        title: "Remove member: bare path plus value list (the Entra form)",
        met_by: MetBy::Rfc,
        contract: "group-push.http",
        sources: &[
            "Rust SCIM crate tests (test_data/jumpcloud_*.json; same code line as ShiftControl-io/scim-v2-rust)",
            "app.uni-moni.com/en/kb/sso-setup-jumpcloud",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "JUMPCLOUD-GROUP-04",
        title: "Takes over an existing group of the same name instead of creating a second one",
        met_by: MetBy::Rfc,
        contract: "group-push.http",
        sources: &[
            "jumpcloud.com/wp-json/wp/v2/support/85119",
            "jumpcloud.com/support/provision-and-manage-users-and-groups-in-apps-using-custom-scim-identity-management-integration",
        ],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "JUMPCLOUD-GROUP-05",
        title: "Empty groups are never created; a group appears with its first member",
        met_by: MetBy::Rfc,
        contract: "group-push.http",
        sources: &["jumpcloud.com/wp-json/wp/v2/support/85119"],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "JUMPCLOUD-GROUP-06",
        title: "Disassociating a group empties or deactivates its members but never deletes the group",
        met_by: MetBy::Rfc,
        contract: "group-push.http",
        sources: &[
            "jumpcloud.com/wp-json/wp/v2/support/85119",
            "scalekit-inc/developer-docs (JumpCloud guide)",
        ],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "JUMPCLOUD-PATCH-01",
        title: "One replace operation per attribute, each with a path, plain JSON booleans",
        met_by: MetBy::Rfc,
        contract: "change.http",
        sources: &[
            "Rust SCIM crate tests (test_data/jumpcloud_*.json; same code line as ShiftControl-io/scim-v2-rust)",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "JUMPCLOUD-PUT-01",
        title: "User updates may be PUT; suspended or unbound users get active false, deletion is not sent",
        met_by: MetBy::Rfc,
        contract: "change.http",
        sources: &[
            "jumpcloud.com/support/provision-and-manage-users-and-groups-in-apps-using-custom-scim-identity-management-integration",
        ],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "JUMPCLOUD-TEST-01",
        title: "Activation runs a real life cycle: it creates a test user and a test group and deletes them",
        met_by: MetBy::Rfc,
        contract: "activation.http",
        sources: &[
            "jumpcloud.com/support/provision-and-manage-users-and-groups-in-apps-using-custom-scim-identity-management-integration",
            "github.com/grokability/snipe-it/issues/17002",
        ],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "JUMPCLOUD-TEST-02",
        title: "Validation also lists users and groups; an empty directory must still be a ListResponse",
        met_by: MetBy::Rfc,
        contract: "activation.http",
        sources: &["per-IdP cheat sheet (2026-06)"],
        proven: Basis::Constructed,
    },
];
