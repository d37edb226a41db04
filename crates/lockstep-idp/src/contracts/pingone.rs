//! PingOne, provisioning outwards. Its administrator types the path of the users and the filter by which one is found.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::dialect::{Deactivate, Dialect, Find, GroupPush, MemberWrite, Removal, Update};
use crate::provider::{Authentication, Call, Demand, Mapping, Need, Provider, Scheme, Setup};
use crate::repair::{self, Repair};

mod quirks;

const CONNECTION: &str = "docs.pingidentity.com/r/en-us/pingone/p1_create_scim_connection";
const FILTERS: &str = "docs.pingidentity.com/pingone/integrations/p1_scim_filter_expressions.html";

/// PingFederate's connector is of the same kind.
pub(super) static REPAIRS: &[Repair] = &[
    repair::PATH_SLASHES,
    repair::EMPTY_PARAMETERS,
    repair::DATE_FORMS,
    repair::PATCH_SCHEMA,
    repair::MEMBER_IN_FILTER,
    repair::WRAPPED_VALUES,
    repair::LIST_OF_ONE,
    repair::BOOLEAN_TEXT,
    repair::ONE_PRIMARY,
    repair::EMPTY_REFERENCE,
    repair::BARE_VALUES,
    repair::VALUELESS_ELEMENTS,
];

/// A group is its name and its members, and is written whole.
pub(super) const GROUPS: GroupPush = GroupPush {
    external_id: false,
    created_with_members: true,
    add: MemberWrite::Put,
    remove: MemberWrite::Put,
    rename: Update::Put,
    deletes: true,
    nested: false,
    reads_without_members: false,
};

pub(crate) static PINGONE: Provider = Provider {
    slug: "pingone",
    name: "PingOne",
    directory_types: &[],
    rules: Rules::default,
    repairs: REPAIRS,
    quirks: quirks::QUIRKS,
    authentication: &[
        Authentication {
            scheme: Scheme::BearerToken,
            note: "Authentication Method: OAuth 2 Bearer Token, and the token as OAuth Access Token",
            source: CONNECTION,
        },
        Authentication {
            scheme: Scheme::ClientCredentials,
            note: "Authentication Method: OAuth 2 Client Credentials; the address of the tokens goes into OAuth Token \
                   Request. Whether it sends the secret by HTTP Basic, the only form that is taken, is unproven",
            source: CONNECTION,
        },
        Authentication { scheme: Scheme::Basic, note: "its own pages advise against it", source: CONNECTION },
        Authentication {
            scheme: Scheme::Header,
            note: "Auth Type Header: Custom writes another word before the credential, in the header Authorization",
            source: CONNECTION,
        },
        Authentication {
            scheme: Scheme::Nothing,
            note: "can be chosen there, and is refused here",
            source: CONNECTION,
        },
    ],
    dialect: Dialect {
        content_type: "application/json",
        accept: None,
        // What the button sends is not published.
        connection_test: &[],
        find_user: Find::By(&["userName"]),
        find_group: Find::By(&["displayName"]),
        update_user: Update::Put,
        deactivate: Deactivate::Put,
        delete_user: Removal::Never,
        groups: Some(GROUPS),
        user_external_id: false,
        page: None,
        variants: &[(
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
        )],
        ..Dialect::PLAIN
    },
    needs: &[
        Need {
            call: Call::FindUser,
            demand: Demand::List("Resources"),
            otherwise: "a user who is here already is not matched",
            source: FILTERS,
        },
        Need {
            call: Call::ReadUser,
            demand: Demand::Present("/emails/0/type"),
            otherwise: "without types, or without a primary value, values of lists are not removed at an update, and \
                        the one that is wanted is not made the primary one",
            source: "docs.pingidentity.com/pingone/integrations/p1_scim_provisioning_limitations.html",
        },
    ],
    reactions: &[],
    mapping: &[
        Mapping { from: "Username", to: "userName" },
        Mapping { from: "Given Name", to: "name.givenName" },
        Mapping { from: "Family Name", to: "name.familyName" },
        Mapping { from: "Email Address", to: "emails[type eq \"work\"].value" },
        Mapping { from: "Primary Phone", to: "phoneNumbers[type eq \"work\"].value" },
    ],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "Integrations > Provisioning > New Connection > Identity Store > SCIM Outbound",
        endpoint_field: "SCIM Base URL",
        token_field: "OAuth Access Token",
        steps: &[
            "Make a connection of the type Identity Store, choose SCIM Outbound, and name it.",
            "Paste the SCIM Base URL; Users Resource is /Users, Groups Resource is /Groups, SCIM Version is 2.0.",
            "As Authentication Method choose OAuth 2 Bearer Token, paste the token as OAuth Access Token, and choose \
             Bearer as Auth Type Header.",
            "Choose Test connection.",
            "Leave User Filter Expression at username Eq \"%s\" with userName as User Identifier. The other example of \
             its pages, email Co \"%s\", names no attribute of SCIM; write emails.value Eq \"%s\" instead.",
            "Choose whether users are created, updated and disabled, and as Remove Action Disable or Delete.",
            "Under Rules, make a rule for this connection, with its user filter and its attribute mapping, and turn \
             both on.",
        ],
        sources: &[
            CONNECTION,
            "docs.pingidentity.com/pingone/pingone_tutorials/p1_tutorial_create_provisioning_connection.html",
            FILTERS,
            "docs.pingidentity.com/integrations/code42-pingone/provisioning_setup/p1_code42_integration_configuring_attribute_mapping_on_the_provisioning_rule.html",
            "developer.pingidentity.com/pingone-api/platform/identity-propagation-provisioning/propagation-stores/create-store-scim.html",
        ],
    },
    signs: &[],
    notes: &[
        "its own pages say that it cannot clear an attribute once it was set; where it sends a PUT without one, that is \
         taken away here, unless the directory keeps what a PUT leaves out",
        "whether it changes users and groups by PUT, as PingFederate's connector does, is unproven",
        "a list has one value of each type at most, and of several values at the source the first is sent",
        "where two e-mail attributes are mapped and one is empty, both are sent with the same address and as primary; \
         the first stays the primary one",
        "which attribute identifies a user cannot be changed for a connection: a new one is needed",
    ],
};
