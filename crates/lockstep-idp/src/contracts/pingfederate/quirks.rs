//! The quirks of this contract, by id. Written by hand; a test of the player compares them with the contracts.

use crate::quirk::{Basis, MetBy, Quirk};

pub(super) static QUIRKS: &[Quirk] = &[
    Quirk {
        id: "PING-CREATE-01",
        title: "Two e-mail attributes mapped, one empty: both get the same address, both primary",
        met_by: MetBy::Repair("one-primary"),
        contract: "join.http",
        sources: &["docs.pingidentity.com: pf_scim_connector_known_issues"],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "PING-DEL-01",
        title: "Remove action: disable or delete, chosen by the admin",
        met_by: MetBy::Rfc,
        contract: "change.http",
        sources: &["docs.pingidentity.com: SCIM connector settings (\"Remove User Action\")"],
        proven: Basis::Source,
    },
    Quirk {
        id: "PING-FILTER-02",
        title: "Contains filter (email Co \"x\"), and an e-mail compared without sub-attribute: emails eq \"x\"",
        met_by: MetBy::Rfc,
        contract: "join.http",
        sources: &["docs.pingidentity.com: p1_scim_filter_expressions"],
        proven: Basis::Source,
    },
    Quirk {
        id: "PING-GROUP-01",
        title: "Groups: only displayName and members, no externalId; members replaced by PUT",
        met_by: MetBy::Rfc,
        contract: "group-push.http",
        sources: &["docs.pingidentity.com: p1_scim_provisioning_limitations"],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "PING-PUT-01",
        title: "PingFederate (and older PingOne) only PUT; attributes can not be cleared",
        met_by: MetBy::Rfc,
        contract: "change.http",
        sources: &[
            "docs.pingidentity.com: p1_scim_provisioning_limitations",
            "docs.pingidentity.com: pf_scim_connector_known_issues",
        ],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "PING-PUT-02",
        title: "Older stacks tunnel PUT and DELETE through POST with X-HTTP-Method-Override",
        met_by: MetBy::Rfc,
        contract: "method-override.http",
        sources: &[
            "docs.pingidentity.com: PingFederate SCIM inbound provisioning endpoints (documents the header for its own server)",
        ],
        proven: Basis::Constructed,
    },
];
