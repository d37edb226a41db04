//! PingFederate with its SCIM provisioner. It sends PUT and no PATCH, and of a group its name and its members.

use lockstep_core::rules::Rules;

use super::pingone::{GROUPS, REPAIRS};
use crate::attributes;
use crate::dialect::{Deactivate, Dialect, Find, Removal, Update};
use crate::provider::{Authentication, Call, Demand, Mapping, Need, Provider, Scheme, Setup};

mod quirks;

const SETTINGS: &str =
    "docs.pingidentity.com/integrations/scim/setup/pf_scim_connector_scim_connector_settings_reference.html";
const LIMITS: &str = "docs.pingidentity.com/integrations/scim/release_notes/pf_scim_connector_known_issues_and_limitations.html";
const MANAGEMENT: &str =
    "docs.pingidentity.com/integrations/scim/pf_scim_connector_user_and_group_management.html";

pub(crate) static PINGFEDERATE: Provider = Provider {
    slug: "pingfederate",
    name: "PingFederate",
    directory_types: &["pingfederate scim v2.0"],
    rules: Rules::default,
    repairs: REPAIRS,
    quirks: quirks::QUIRKS,
    authentication: &[
        Authentication {
            scheme: Scheme::BearerToken,
            note: "Authentication Method: OAuth 2 Bearer Token, and the token as Access Token",
            source: SETTINGS,
        },
        Authentication {
            scheme: Scheme::ClientCredentials,
            note: "Authentication Method: OAuth 2 Client Credentials, with Token Request Endpoint, Client ID, Client \
                   Secret and Scope. Whether it sends the secret by HTTP Basic, the only form that is taken, is unproven",
            source: SETTINGS,
        },
        Authentication { scheme: Scheme::Basic, note: "user name and password", source: SETTINGS },
        Authentication {
            scheme: Scheme::Nothing,
            note: "is what it does until another method is chosen, and is refused here",
            source: SETTINGS,
        },
    ],
    dialect: Dialect {
        content_type: "application/json",
        accept: None,
        // Whether it asks for anything when it is set up is not published.
        connection_test: &[],
        find_user: Find::By(&["userName"]),
        find_group: Find::By(&["displayName"]),
        update_user: Update::Put,
        deactivate: Deactivate::Put,
        delete_user: Removal::Never,
        groups: Some(GROUPS),
        user_external_id: false,
        page: None,
        variants: &[
            (
                "by-email",
                &Dialect {
                    content_type: "application/json",
                    accept: None,
                    connection_test: &[],
                    find_user: Find::By(&["emails"]),
                    update_user: Update::Put,
                    deactivate: Deactivate::Put,
                    delete_user: Removal::Never,
                    groups: Some(GROUPS),
                    user_external_id: false,
                    page: None,
                    ..Dialect::PLAIN
                },
            ),
            (
                "delete",
                &Dialect {
                    content_type: "application/json",
                    accept: None,
                    connection_test: &[],
                    update_user: Update::Put,
                    deactivate: Deactivate::Delete,
                    delete_user: Removal::AtOnce,
                    groups: Some(GROUPS),
                    user_external_id: false,
                    page: None,
                    ..Dialect::PLAIN
                },
            ),
        ],
        ..Dialect::PLAIN
    },
    needs: &[
        Need {
            call: Call::FindUser,
            demand: Demand::List("Resources"),
            otherwise: "a user who is here already is not linked",
            source: MANAGEMENT,
        },
        Need {
            call: Call::ReadUser,
            demand: Demand::Present("/emails/0/type"),
            otherwise: "without types, or without a primary value, values of lists are not removed at an update, and \
                        the one that is wanted is not made the primary one",
            source: LIMITS,
        },
    ],
    reactions: &[],
    // What stands in a directory before it is mapped is different at each customer's; this is its pages' example.
    mapping: &[Mapping { from: "sAMAccountName", to: "userName" }],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "the SP connection to this service > Outbound Provisioning > Target",
        endpoint_field: "SCIM URL",
        token_field: "Access Token",
        steps: &[
            "Give the SP connection the SCIM provisioner as its type of outbound provisioning.",
            "Paste the SCIM URL, and choose 2.0 as SCIM Version.",
            "As Authentication Method choose OAuth 2 Bearer Token, and paste the Access Token.",
            "As Unique User Identifier choose userName. It cannot be changed later without a new connection.",
            "Choose Disable or Delete as Remove User Action.",
            "Under Source Location, choose the group or filter whose users are sent; under Attribute Mapping, map \
             userName and a work e-mail address.",
        ],
        sources: &[SETTINGS, MANAGEMENT],
    },
    signs: &[],
    notes: &[
        "it sends no PATCH: what a PUT leaves out is taken away, unless the directory keeps it",
        "an attribute cannot be cleared from there once it was set",
        "a list has one value of each type at most",
        "of a group its name and its members are sent, never an externalId",
        "where two e-mail attributes are mapped and one is empty, both are sent with the same address and as primary; \
         the first stays the primary one",
        "a user who was deleted in an LDAP group is not sent as deleted until another one is added to that group",
        "X-HTTP-Method-Override is what PingFederate takes as a server; it is not known to send it",
    ],
};
