//! JumpCloud. It proves the connection by a life cycle of its own, never deletes a person, and takes a group over by
//! its name.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::dialect::{Deactivate, Dialect, Find, GroupPush, MemberWrite, Removal, Update};
use crate::provider::{
    Authentication, Call, Demand, Does, Mapping, Need, Provider, Reaction, Refused, Scheme, Setup,
};

mod quirks;

const SUPPORT: &str = "jumpcloud.com/support/provision-and-manage-users-and-groups-in-apps-using-custom-scim-identity-management-integration";
const GROUPS: &str = "jumpcloud.com/wp-json/wp/v2/support/85119 (Group Management Considerations)";

pub(crate) static JUMPCLOUD: Provider = Provider {
    slug: "jumpcloud",
    name: "JumpCloud",
    directory_types: &["jump cloud scim v2.0"],
    rules: Rules::default,
    repairs: super::generic::REPAIRS,
    quirks: quirks::QUIRKS,
    authentication: &[Authentication {
        scheme: Scheme::BearerToken,
        note: "pasted as Token Key, without the word Bearer",
        source: SUPPORT,
    }],
    dialect: Dialect {
        content_type: "application/json",
        accept: None,
        connection_test: &["GET /Users", "GET /Groups"],
        find_user: Find::By(&["userName"]),
        find_group: Find::By(&["displayName"]),
        update_user: Update::PatchPaths,
        deactivate: Deactivate::PatchPath,
        delete_user: Removal::Never,
        groups: Some(GroupPush {
            external_id: false,
            created_with_members: true,
            add: MemberWrite::Values(1),
            remove: MemberWrite::Values(1),
            rename: Update::PatchPaths,
            deletes: true,
            nested: false,
            reads_without_members: false,
        }),
        user_external_id: false,
        page: None,
        variants: &[(
            "put",
            &Dialect {
                content_type: "application/json",
                accept: None,
                connection_test: &["GET /Users", "GET /Groups"],
                update_user: Update::Put,
                deactivate: Deactivate::Put,
                delete_user: Removal::Never,
                user_external_id: false,
                page: None,
                ..Dialect::PLAIN
            },
        )],
        incremental_cycle: "all groups of the application are sent again whenever a membership or a group changes",
        ..Dialect::PLAIN
    },
    needs: &[
        Need {
            call: Call::CreateUser,
            demand: Demand::Status(&[201]),
            otherwise: "activation fails: There was a problem activating identity management",
            source: SUPPORT,
        },
        Need {
            call: Call::CreateGroup,
            demand: Demand::Status(&[201]),
            otherwise: "activation fails where groups are managed",
            source: SUPPORT,
        },
        Need {
            call: Call::FindUser,
            demand: Demand::List("Resources"),
            otherwise: "it does not know whether to create or to update, and logs user_lookup_provision",
            source: "jumpcloud.com/wp-json/wp/v2/support/76256",
        },
        Need {
            call: Call::FindGroup,
            demand: Demand::List("Resources"),
            otherwise: "a group of the name is not taken over",
            source: GROUPS,
        },
    ],
    reactions: &[Reaction {
        call: Call::DeleteUser,
        to: &[Refused::Client, Refused::Server],
        does: Does::TakesAsDone,
        note: "the test user of an activation is deactivated instead, and somebody has to delete it by hand",
        source: SUPPORT,
    }],
    mapping: &[
        Mapping { from: "username", to: "userName" },
        Mapping { from: "firstname", to: "name.givenName" },
        Mapping { from: "lastname", to: "name.familyName" },
        Mapping { from: "email", to: "emails[type eq \"work\"].value" },
        Mapping { from: "displayName", to: "displayName" },
        Mapping { from: "active", to: "active" },
    ],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "SSO Applications > your application > Identity Management",
        endpoint_field: "Base URL",
        token_field: "Token Key",
        steps: &[
            "Choose SCIM 2.0 as SCIM Version.",
            "Paste the Base URL and the Token Key.",
            "As Test User Email, give an address that belongs to nobody: a user with it is made and deleted.",
            "Check Enable management of User Groups and Group Membership in this application, if groups are wanted.",
            "Choose Test Connection, then Activate, then Save.",
            "Under User Groups, choose the groups whose members are to be sent.",
        ],
        sources: &[
            SUPPORT,
            "boxyhq.com/docs/directory-sync/providers/jumpcloud",
            "help.kisi.io/marketplace/identity_management/scim/jumpcloud",
            GROUPS,
            "jumpcloud.com/wp-json/wp/v2/support/92139 (attributes)",
        ],
    },
    signs: &[],
    notes: &[
        "activation makes a test user and a test group and deletes both; the log tells of them as of anybody, since \
         nothing is hidden in it",
        "a person is never deleted: who is suspended, or unbound from the application, becomes inactive",
        "a group without members is never created; one whose name is here already is taken over",
        "a group that is unbound from the application is left as it is, and its members become inactive unless another \
         group of the application has them",
        "a group that is deleted there is deleted here",
        "whether users are changed by PATCH or PUT differs between its connectors",
        "what Test Connection asks for is unproven",
    ],
};
