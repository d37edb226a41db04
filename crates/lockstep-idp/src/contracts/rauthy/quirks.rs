//! The quirks of this contract, by id. Written by hand; a test of the player compares them with the contracts.

use crate::quirk::{Basis, MetBy, Quirk};

pub(super) static QUIRKS: &[Quirk] = &[
    Quirk {
        id: "RAUTHY-CREATE-01",
        title: "POST user: no e-mail type, addresses without type, roles as objects, a top-level member \"custom\"",
        met_by: MetBy::Rfc,
        contract: "sync.http",
        sources: &[
            "sebadob/rauthy:src/data/src/entity/clients_scim.rs",
            "sebadob/rauthy:src/data/src/entity/scim_types.rs",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "RAUTHY-DISC-01",
        title: "Double slash when the base URI ends in a slash (all verbs but POST)",
        met_by: MetBy::Repair("path-slashes"),
        contract: "slashes.http",
        sources: &["sebadob/rauthy:src/data/src/entity/clients_scim.rs"],
        proven: Basis::Source,
    },
    Quirk {
        id: "RAUTHY-ERR-01",
        title: "Error.status is parsed as a number; a string fails and the raw text is logged",
        met_by: MetBy::Rfc,
        contract: "refused.http",
        sources: &["sebadob/rauthy:src/data/src/entity/scim_types.rs"],
        proven: Basis::Source,
    },
    Quirk {
        id: "RAUTHY-FILTER-01",
        title: "Lookup by externalId, then by userName (the old e-mail on a rename)",
        met_by: MetBy::Rfc,
        contract: "sync.http",
        sources: &[
            "sebadob/rauthy:src/data/src/entity/clients_scim.rs",
            "sebadob/rauthy:src/data/src/entity/scim_types.rs",
        ],
        proven: Basis::Source,
    },
    Quirk {
        id: "RAUTHY-FILTER-02",
        title: "Values are put into the query without percent-encoding: a plus, ampersand or quote arrives raw",
        met_by: MetBy::Repair("unescaped-query"),
        contract: "plus.http",
        sources: &["sebadob/rauthy:src/data/src/entity/clients_scim.rs"],
        proven: Basis::Source,
    },
    Quirk {
        id: "RAUTHY-GROUP-01",
        title: "POST group must echo externalId, else \"has not respected our group id\"",
        met_by: MetBy::Rfc,
        contract: "sync.http",
        sources: &["sebadob/rauthy:src/data/src/entity/clients_scim.rs"],
        proven: Basis::Source,
    },
    Quirk {
        id: "RAUTHY-GROUP-02",
        title: "Rename: path-less replace of displayName and externalId; null to unlink",
        met_by: MetBy::Rfc,
        contract: "unlink.http",
        sources: &["sebadob/rauthy:src/data/src/entity/clients_scim.rs"],
        proven: Basis::Source,
    },
    Quirk {
        id: "RAUTHY-GROUP-04",
        title: "Add and remove one member per request; removal with bare path and value list",
        met_by: MetBy::Rfc,
        contract: "sync.http",
        sources: &["sebadob/rauthy:src/data/src/entity/clients_scim.rs"],
        proven: Basis::Source,
    },
    Quirk {
        id: "RAUTHY-LIST-01",
        title: "Groups are read in pages of 100 until a short page comes",
        met_by: MetBy::Rfc,
        contract: "pages.http",
        sources: &["sebadob/rauthy:src/data/src/entity/clients_scim.rs"],
        proven: Basis::Source,
    },
    Quirk {
        id: "RAUTHY-PUT-01",
        title: "PUT must return the full user with groups[].value and display: memberships are diffed from it",
        met_by: MetBy::Rfc,
        contract: "sync.http",
        sources: &["sebadob/rauthy:src/data/src/entity/clients_scim.rs"],
        proven: Basis::Source,
    },
    Quirk {
        id: "RAUTHY-PUT-02",
        title: "Unlink instead of delete: externalId null",
        met_by: MetBy::Rfc,
        contract: "unlink.http",
        sources: &[
            "sebadob/rauthy:src/data/src/entity/clients_scim.rs",
            "sebadob/rauthy: the SCIM page of its book",
        ],
        proven: Basis::Source,
    },
];
