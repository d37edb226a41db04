//! authentik. It reads what the server says of itself strictly, keeps the ids that it was given, replaces users by PUT
//! and changes groups by PATCH, and reads each group back to compare who is in it.

use lockstep_core::mapping::StandardAttribute;
use lockstep_core::rules::Rules;

use crate::attributes;
use crate::detect::{Sign, Strength};
use crate::dialect::{Deactivate, Dialect, Find, GroupPush, MemberWrite, Removal, Spelling, Update};
use crate::provider::{
    Authentication, Call, Demand, Does, Mapping, Need, Provider, Reaction, Refused, Scheme, Setup,
};
use crate::repair;

mod quirks;

const BASE: &str = "goauthentik/authentik:authentik/providers/scim/clients/base.py";
const USERS: &str = "goauthentik/authentik:authentik/providers/scim/clients/users.py";
const GROUPS: &str = "goauthentik/authentik:authentik/providers/scim/clients/groups.py";
const SCHEMA: &str = "goauthentik/authentik:authentik/providers/scim/clients/schema.py";
const PAGE: &str = "goauthentik/authentik:website/docs/add-secure-apps/providers/scim/index.md";
const MAPPINGS: &str = "goauthentik/authentik:blueprints/system/providers-scim.yaml";

/// Its mapping for one application says when somebody began (AUTHENTIK-SCHEMA-01).
const START_DATE: StandardAttribute = attributes::employment_start_date(&[
    "urn:ietf:params:scim:schemas:extension:slack:profile:2.0:User:startDate",
]);

const ATTRIBUTES: &[StandardAttribute] = &[
    attributes::ADDRESSES,
    attributes::COST_CENTER_NAME,
    attributes::DEPARTMENT_NAME,
    attributes::DISPLAY_NAME,
    attributes::DIVISION_NAME,
    attributes::EMAILS,
    attributes::EMPLOYEE_NUMBER,
    attributes::EMPLOYEE_TYPE,
    attributes::JOB_TITLE,
    attributes::MANAGER_EMAIL,
    attributes::MANAGER_ID,
    attributes::ORGANIZATION,
    attributes::PREFERRED_LANGUAGE,
    attributes::USERNAME,
    START_DATE,
];

pub(crate) static AUTHENTIK: Provider = Provider {
    slug: "authentik",
    name: "authentik",
    directory_types: &[],
    rules: Rules::default,
    repairs: &[
        repair::UNESCAPED_QUERY,
        repair::PATH_SLASHES,
        repair::EMPTY_PARAMETERS,
        repair::UNQUOTED_VALUES,
        repair::DATE_FORMS,
        repair::PATCH_SCHEMA,
        repair::MEMBER_IN_FILTER,
        repair::WRAPPED_VALUES,
        repair::LIST_OF_ONE,
        repair::BOOLEAN_TEXT,
        repair::EMPTY_REFERENCE,
        repair::BARE_VALUES,
        repair::VALUELESS_ELEMENTS,
    ],
    quirks: quirks::QUIRKS,
    authentication: &[
        Authentication {
            scheme: Scheme::BearerToken,
            note: "the default: a static token, pasted into the provider",
            source: PAGE,
        },
        Authentication {
            scheme: Scheme::ClientCredentials,
            note: "Enterprise only: an OAuth source whose additional token parameters say `grant_type: client_credentials`",
            source: PAGE,
        },
    ],
    dialect: DIALECT,
    needs: &[
        Need {
            call: Call::Discovery,
            demand: Demand::Is("/patch/supported", "true"),
            otherwise: "groups are written by PUT, and memberships are lost where PUT is not taken",
            source: BASE,
        },
        Need {
            call: Call::Discovery,
            demand: Demand::Is("/filter/supported", "true"),
            otherwise: "a user who is here already is never linked: the create fails with 409 each time",
            source: USERS,
        },
        Need {
            call: Call::Discovery,
            demand: Demand::Present("/bulk/maxOperations"),
            otherwise: "the whole document is thrown away: PATCH and filters are taken as not supported",
            source: SCHEMA,
        },
        Need {
            call: Call::Discovery,
            demand: Demand::Present("/authenticationSchemes"),
            otherwise: "the whole document is thrown away: PATCH and filters are taken as not supported",
            source: SCHEMA,
        },
        Need {
            call: Call::Discovery,
            demand: Demand::Present("/changePassword/supported"),
            otherwise: "the whole document is thrown away: PATCH and filters are taken as not supported",
            source: SCHEMA,
        },
        Need {
            call: Call::Discovery,
            demand: Demand::Present("/sort/supported"),
            otherwise: "the whole document is thrown away: PATCH and filters are taken as not supported",
            source: SCHEMA,
        },
        Need {
            call: Call::CreateUser,
            demand: Demand::Present("/id"),
            otherwise: "the sync stops: \"SCIM Response with missing or invalid `id`\"",
            source: USERS,
        },
        Need {
            call: Call::CreateGroup,
            demand: Demand::Present("/id"),
            otherwise: "the sync stops: \"SCIM Response with missing or invalid `id`\"",
            source: GROUPS,
        },
        Need {
            call: Call::ReadGroup,
            demand: Demand::List("members"),
            otherwise: "it compares with nobody: everyone is added again, or nobody, as the release has it",
            source: GROUPS,
        },
    ],
    reactions: &[
        Reaction {
            call: Call::CreateUser,
            to: &[Refused::Status(409)],
            does: Does::Links,
            note: "looks for the userName and takes the first user of the answer, where filters are supported",
            source: USERS,
        },
        Reaction {
            call: Call::CreateGroup,
            to: &[Refused::Status(409)],
            does: Does::Links,
            note: "looks for the displayName and takes the first group of the answer, where filters are supported",
            source: GROUPS,
        },
        Reaction {
            call: Call::UpdateUser,
            to: &[Refused::Status(404)],
            does: Does::Creates,
            note: "forgets the id and sends a POST",
            source: "github.com/goauthentik/authentik/issues/16678",
        },
        Reaction {
            call: Call::UpdateGroup,
            to: &[Refused::Status(404)],
            does: Does::Creates,
            note: "forgets the id and sends a POST",
            source: GROUPS,
        },
        Reaction {
            call: Call::Discovery,
            to: &[Refused::Status(404), Refused::Client, Refused::Server],
            does: Does::TakesAsDone,
            note: "taken as \"nothing is supported\", and kept so for an hour",
            source: BASE,
        },
        Reaction {
            call: Call::Any,
            to: &[Refused::Status(429), Refused::Status(503)],
            does: Does::Retries,
            note: "the task is tried again later; Retry-After is not read",
            source: BASE,
        },
        Reaction {
            call: Call::Any,
            to: &[Refused::Client, Refused::Server, Refused::Timeout],
            does: Does::RetriesNextCycle,
            note: "logged on the provider; the hourly sync sends it again",
            source: BASE,
        },
    ],
    mapping: &[
        Mapping { from: "uid (hashed user id)", to: "externalId" },
        Mapping { from: "username", to: "userName" },
        Mapping { from: "name", to: "name.formatted" },
        Mapping { from: "name, up to its first space", to: "name.givenName" },
        Mapping { from: "name, after its first space", to: "name.familyName" },
        Mapping { from: "name", to: "displayName" },
        Mapping { from: "email", to: "emails[type eq \"other\"].value" },
        Mapping { from: "avatar, where it is a URL", to: "photos[type eq \"photo\"].value" },
        Mapping { from: "locale", to: "locale" },
        Mapping { from: "is_active", to: "active" },
    ],
    attributes: ATTRIBUTES,
    setup: Setup {
        place: "Admin interface → Applications → Applications → New Application → SCIM",
        endpoint_field: "URL",
        token_field: "Token",
        steps: &[
            "In the Admin interface open Applications > Applications and click New Application.",
            "Fill in the application, click Next, select SCIM as the Provider Type, and click Next.",
            "Paste the SCIM endpoint into URL and the token into Token; leave the authentication mode at the static token.",
            "Finish the wizard with Create.",
            "Edit the application, click the plus icon next to Backchannel providers, select the new SCIM provider, \
             confirm, and save.",
        ],
        sources: &[
            "goauthentik/authentik:website/docs/add-secure-apps/providers/scim/create-scim-provider.md",
            "goauthentik/authentik:web/src/admin/providers/scim/SCIMProviderFormForm.ts",
            MAPPINGS,
        ],
    },
    signs: &[Sign {
        name: "user-agent",
        what: "the User-Agent begins with `authentik@`",
        strength: Strength::Certain,
        seen: |arrival| arrival.user_agent.is_some_and(|agent| agent.starts_with("authentik@")),
        source: "goauthentik/authentik:authentik/lib/utils/http.py",
    }],
    notes: &[
        "the configuration of this server is kept for an hour; saving the provider in authentik reads it anew",
        "`bulk.maxOperations` is taken as the number of operations in one PATCH",
        "who no longer has access to the application is deleted at once; a user who is only disabled gets `active` false",
        "service accounts are left out by default, and users outside of the selected group are not removed when the \
         group is selected later",
        "without a last name the family name is an empty text, and the first address has the type `other`",
        "older releases write the text of a filter without quotes",
    ],
};

const DIALECT: Dialect = Dialect {
    user_agent: Some("authentik@"),
    content_type: "application/scim+json",
    accept: Some("application/scim+json"),
    connection_test: &["GET /ServiceProviderConfig"],
    find_user: Find::Never,
    find_group: Find::Never,
    update_user: Update::Put,
    deactivate: Deactivate::Put,
    delete_user: Removal::AtOnce,
    groups: Some(GroupPush {
        external_id: true,
        created_with_members: false,
        add: MemberWrite::OneEach(1_000),
        remove: MemberWrite::OneEach(1_000),
        rename: Update::PatchWhole,
        deletes: true,
        nested: false,
        reads_without_members: false,
    }),
    user_external_id: true,
    keeps_ids: true,
    variants: &[],
    spelling: Spelling::Plain,
    reads_back: true,
    page: None,
    parallel: 1,
    full_cycle: "every hour: what is here is read page by page, then every user is written, then every group, each read \
                 back to compare its members; a task for each 100 of them",
    incremental_cycle: "at once with each change of a user, a group or a membership",
};
