//! The quirks of this contract, by id. Written by hand; a test of the player compares them with the contracts.

use crate::quirk::{Basis, MetBy, Quirk};

pub(super) static QUIRKS: &[Quirk] = &[
    Quirk {
        id: "PING-CREATE-01",
        title: "Two e-mail attributes mapped, one empty: both get the same address, both primary",
        met_by: MetBy::Repair("one-primary"),
        contract: "join.http",
        sources: &[
            "docs.pingidentity.com/integrations/scim/release_notes/pf_scim_connector_known_issues_and_limitations.html",
        ],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "PING-DEL-01",
        title: "Remove action: disable or delete, chosen by the admin",
        met_by: MetBy::Rfc,
        contract: "change.http",
        sources: &[
            "docs.pingidentity.com/integrations/scim/setup/pf_scim_connector_scim_connector_settings_reference.html (Remove User Action)",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "PING-FILTER-02",
        title: "Contains filter (email Co \"x\"), and an e-mail compared without sub-attribute: emails eq \"x\"",
        met_by: MetBy::Rfc,
        contract: "join.http",
        sources: &["docs.pingidentity.com/pingone/integrations/p1_scim_filter_expressions.html"],
        proven: Basis::Source,
    },
    Quirk {
        id: "PING-GROUP-01",
        title: "Groups: only displayName and members, no externalId; members replaced by PUT",
        met_by: MetBy::Rfc,
        contract: "group-push.http",
        sources: &["docs.pingidentity.com/pingone/integrations/p1_scim_provisioning_limitations.html"],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "PING-PUT-01",
        title: "PingFederate (and older PingOne) only PUT; attributes can not be cleared",
        met_by: MetBy::Rfc,
        contract: "change.http",
        sources: &[
            "docs.pingidentity.com/pingone/integrations/p1_scim_provisioning_limitations.html",
            "docs.pingidentity.com/integrations/scim/release_notes/pf_scim_connector_known_issues_and_limitations.html",
        ],
        proven: Basis::Constructed,
    },
    Quirk {
        id: "PING-PUT-02",
        title: "Older stacks tunnel PUT and DELETE through POST with X-HTTP-Method-Override",
        met_by: MetBy::Rfc,
        contract: "method-override.http",
        sources: &[
            "docs.pingidentity.com/pingfederate/latest/developers_reference_guide/pf_scim_inbound_provis_endpoints.html (documents the header for its own server)",
        ],
        proven: Basis::Constructed,
    },
];
