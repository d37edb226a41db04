//! Oracle Identity Cloud Service and the identity domains of OCI IAM, by their GenericScim templates. They insist on a
//! primary address.

use lockstep_core::rules::Rules;
use lockstep_scim::patch::PatchOptions;
use serde_json::Value;

use crate::attributes;
use crate::detect::{Arrival, Sign, Strength};
use crate::dialect::{Dialect, Find};
use crate::provider::{Authentication, Call, Demand, Mapping, Need, Provider, Scheme, Setup};
use crate::quirk::{Basis, MetBy, Quirk};

const TEMPLATE: &str = "docs.public.content.oci.oraclecloud.com/en-us/iaas/Content/Identity/scim/add-application-using-generic-scim-app-template.htm";
const TESTING: &str = "docs.public.content.oci.oraclecloud.com/en-us/iaas/Content/Identity/scim/test-provisioning-operations-you-selected.htm";
const IMPORT: &str = "github.com/jelhub/scimgateway/issues/58";

pub(crate) static ORACLE: Provider = Provider {
    slug: "oracle",
    name: "Oracle Identity Cloud Service and OCI IAM",
    directory_types: &[],
    rules,
    repairs: super::generic::REPAIRS,
    quirks: &[
        Quirk {
            id: "OCI-FILTER-01",
            title: "Path with two conditions: emails[primary eq true and type eq \"work\"].value",
            met_by: MetBy::Rule("unmatched_replace_creates"),
            contract: "primary-address.http",
            sources: &["github.com/jelhub/scimgateway/issues/58"],
            proven: Basis::Source,
        },
        Quirk {
            id: "OCI-LIST-01",
            title: "Import refuses users without a primary e-mail",
            met_by: MetBy::Rule("only_address_is_primary"),
            contract: "import.http",
            sources: &["github.com/jelhub/scimgateway/issues/58"],
            proven: Basis::Source,
        },
    ],
    authentication: &[
        Authentication {
            scheme: Scheme::BearerToken,
            note: "the template GenericScim - Bearer Token",
            source: TEMPLATE,
        },
        Authentication {
            scheme: Scheme::ClientCredentials,
            note: "the template GenericScim - Client Credentials",
            source: TEMPLATE,
        },
        Authentication {
            scheme: Scheme::Basic,
            note: "the template GenericScim - Basic; the password is the directory's token here",
            source: TEMPLATE,
        },
    ],
    dialect: Dialect {
        content_type: "application/json",
        accept: None,
        connection_test: &["GET /Users?startIndex=1&count=50"],
        find_user: Find::List,
        groups: None,
        page: Some(50),
        full_cycle: "an import lists all users and matches each with one of the domain",
        ..Dialect::PLAIN
    },
    needs: &[Need {
        call: Call::ListUsers,
        demand: Demand::EachHas("/emails"),
        otherwise: "a user without a primary address is not imported: Primary email must be set",
        source: IMPORT,
    }],
    reactions: &[],
    mapping: &[Mapping {
        from: "$(account.primaryEmail)",
        to: "emails[primary eq true and type eq \"work\"].value",
    }],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "Identity & Security > Domains > Integrated applications > Add application > Application Catalog > GenericScim - Bearer Token",
        endpoint_field: "Host Name and Base URI",
        token_field: "Access Token",
        steps: &[
            "Choose the type of integration Provisioning, and the template GenericScim - Bearer Token.",
            "Host Name is the host of the SCIM endpoint; Base URI is its path, from `/scim/v2/` on.",
            "Enable Provisioning and test the connectivity.",
            "Assign users, then use Import to match those who are here already.",
        ],
        sources: &[TEMPLATE, TESTING, IMPORT],
    },
    signs: &[Sign {
        name: "primary-work-address",
        what: "a path names the primary work address by two conditions",
        strength: Strength::Strong,
        seen: primary_work_address,
        source: IMPORT,
    }],
    notes: &[
        "an only address is shown as the primary one, so that an import does not refuse it; of several, the one that was said to be",
        "a replacement through two conditions that match nothing makes the address",
        "users are created, deactivated, activated and removed when they are assigned or unassigned; by which calls is unproven",
        "of the default mapping only the address is published",
    ],
};
fn rules() -> Rules {
    Rules {
        // An import refuses who has no primary address.
        only_address_is_primary: true,
        // The address of a user who has none is replaced by its two conditions.
        patch: PatchOptions { unmatched_replace_creates: true, ..PatchOptions::default() },
        ..Rules::default()
    }
}
fn primary_work_address(arrival: &Arrival<'_>) -> bool {
    let operations =
        arrival.request.body.as_ref().and_then(|body| body.get("Operations")).and_then(Value::as_array);
    let path = |operation: &Value| operation.get("path").and_then(Value::as_str).map(str::to_owned);
    operations
        .into_iter()
        .flatten()
        .filter_map(path)
        .any(|path| path.starts_with("emails[primary eq true and type eq "))
}
