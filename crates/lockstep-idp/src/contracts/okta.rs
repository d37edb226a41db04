//! Okta. It reads back what it wrote, links by userName, deactivates instead of deleting, and keeps no memory of a
//! refusal with 400: what fails so is lost until somebody looks.

use lockstep_core::rules::{Rules, UnknownMember};
use lockstep_scim::patch::PatchOptions;

use crate::advice::Advice;
use crate::attributes;
use crate::detect::{Habit, Sign, Strength};
use crate::dialect::{Deactivate, Dialect, Find, GroupPush, MemberWrite, Removal, Update};
use crate::provider::{
    Authentication, Call, Demand, Does, Mapping, Need, Provider, Reaction, Refused, Scheme, Setup,
};
use crate::repair;

mod quirks;

const REFERENCE: &str =
    "okta/okta-developer-docs:packages/@okta/vuepress-site/docs/reference/scim/scim-20/index.md";
const FAQ: &str = "okta/okta-developer-docs:packages/@okta/vuepress-site/docs/concepts/scim/faqs/index.md";
const PREPARE: &str = "okta/okta-developer-docs:packages/@okta/vuepress-site/docs/guides/scim-provisioning-integration-prepare/main/index.md";
const CONNECT: &str = "okta/okta-developer-docs:packages/@okta/vuepress-site/docs/guides/scim-provisioning-integration-connect/main/index.md";
const GROUPS: &str =
    "help.okta.com/en-us/content/topics/users-groups-profiles/app-assignments-group-push.htm";
const SPEC_TEST: &str = "okta/okta-developer-docs:packages/@okta/vuepress-site/.vuepress/public/standards/SCIM/SCIMFiles/Okta-SCIM-20-SPEC-Test.json";

/// An app of the catalogue: PATCH deactivates and pushes groups; a changed profile is a PUT all the same.
const CATALOGUE: Dialect = Dialect {
    user_agent: Some("Okta SCIM Client 1.0.0"),
    content_type: "application/scim+json; charset=utf-8",
    accept: Some("application/scim+json; charset=utf-8"),
    connection_test: &["GET /Users?startIndex=1&count=2"],
    find_user: Find::By(&["userName"]),
    find_group: Find::By(&["displayName"]),
    update_user: Update::Put,
    deactivate: Deactivate::PatchWithoutPath,
    delete_user: Removal::Never,
    groups: Some(GroupPush {
        external_id: false,
        created_with_members: false,
        add: MemberWrite::Values(100),
        remove: MemberWrite::Filters(100),
        rename: Update::PatchChanged,
        deletes: true,
        nested: false,
        reads_without_members: false,
    }),
    user_external_id: true,
    reads_back: true,
    page: Some(100),
    full_cycle: "an import reads every page of users, and of groups where Import Groups is ticked; by hand, or \
                 hourly, daily or weekly as its administrator schedules it",
    incremental_cycle: "a change of an assigned user or of a pushed group is sent when it happens; a group is pushed \
                        whole where its administrator chooses Push now",
    ..Dialect::PLAIN
};

/// An app made with the integration wizard writes everything whole.
static WIZARD: Dialect = Dialect {
    update_user: Update::Put,
    deactivate: Deactivate::Put,
    groups: Some(GroupPush {
        external_id: false,
        created_with_members: false,
        add: MemberWrite::Put,
        remove: MemberWrite::Put,
        rename: Update::Put,
        deletes: true,
        nested: false,
        reads_without_members: false,
    }),
    ..CATALOGUE
};

pub(crate) static OKTA: Provider = Provider {
    slug: "okta",
    name: "Okta",
    directory_types: &["okta scim v2.0"],
    rules,
    repairs: &[
        repair::PATH_SLASHES,
        repair::EMPTY_PARAMETERS,
        repair::DATE_FORMS,
        repair::PATCH_SCHEMA,
        repair::READ_ONLY_VALUES,
        repair::MEMBER_IN_FILTER,
        repair::WRAPPED_VALUES,
        repair::LIST_OF_ONE,
        repair::BOOLEAN_TEXT,
        repair::NUMBER_AS_TEXT,
        repair::EMPTY_REFERENCE,
        repair::BARE_VALUES,
        repair::VALUELESS_ELEMENTS,
    ],
    quirks: quirks::QUIRKS,
    authentication: &[
        Authentication {
            scheme: Scheme::Header,
            note: "Authentication Mode HTTP Header: what is typed is the bearer token; whether the word Bearer comes \
                   before it in an app of the catalogue is unproven, and both are read",
            source: CONNECT,
        },
        Authentication {
            scheme: Scheme::Basic,
            note: "Authentication Mode Basic Auth: any username, and the bearer token as password",
            source: PREPARE,
        },
        Authentication {
            scheme: Scheme::AuthorizationCode,
            note: "Authentication Mode OAuth 2, of which it has no other grant: not offered; take HTTP Header",
            source: FAQ,
        },
    ],
    dialect: Dialect { variants: &[("wizard", &WIZARD)], ..CATALOGUE },
    needs: &[
        Need {
            call: Call::ConnectionTest,
            demand: Demand::Status(&[200]),
            otherwise: "the credentials are said to be wrong, and provisioning cannot be switched on",
            source: CONNECT,
        },
        Need {
            call: Call::ListUsers,
            demand: Demand::List("Resources"),
            otherwise: "the import fails",
            source: SPEC_TEST,
        },
        Need {
            call: Call::FindUser,
            demand: Demand::Status(&[200]),
            otherwise: "the tests for its catalogue fail; in use a 404 is taken for nobody of that name",
            source: SPEC_TEST,
        },
        Need {
            call: Call::FindUser,
            demand: Demand::List("Resources"),
            otherwise: "a user of that name cannot be linked (what else happens is unproven)",
            source: REFERENCE,
        },
        Need {
            call: Call::ReadUser,
            demand: Demand::Present("/id"),
            otherwise: "the user cannot be linked",
            source: SPEC_TEST,
        },
        Need {
            call: Call::CreateUser,
            demand: Demand::Status(&[201]),
            otherwise: "the assignment shows an error until somebody tries again",
            source: SPEC_TEST,
        },
        Need {
            call: Call::CreateUser,
            demand: Demand::Present("/id"),
            otherwise: "the user cannot be linked; where there is no body at all, the assignment fails: Create new user \
                        returned empty user",
            source: REFERENCE,
        },
        Need {
            call: Call::CreateUser,
            demand: Demand::Is("/active", "true"),
            otherwise: "the tests for its catalogue fail (what it takes such a user for is unproven)",
            source: SPEC_TEST,
        },
        Need {
            call: Call::DeactivateUser,
            demand: Demand::Status(&[200, 204]),
            otherwise: "a failed deprovisioning task stays with the administrator, and is not tried again",
            source: "github.com/oktadeveloper/okta-blog-archive/pull/1956",
        },
        Need {
            call: Call::CreateGroup,
            demand: Demand::Present("/id"),
            otherwise: "the group cannot be pushed again",
            source: REFERENCE,
        },
        Need {
            call: Call::AddMembers,
            demand: Demand::Status(&[200, 204]),
            otherwise: "the push shows an error, and the membership is lost until somebody pushes again",
            source: "github.com/fleetdm/fleet/issues/52600",
        },
        Need {
            call: Call::Any,
            demand: Demand::Within(60_000),
            otherwise: "the request counts as failed",
            source: FAQ,
        },
    ],
    reactions: &[
        Reaction {
            call: Call::Any,
            to: &[Refused::Status(429)],
            does: Does::Retries,
            note: "after as many seconds as Retry-After says; without it after five minutes, and twice as long each \
                   time, ten times at most (these numbers are unproven: no copy of its pages that could be read again \
                   has them)",
            source: "support.okta.com/help/s/article/slack-provisioning-jobs-failed-with-error-api-rate-limit-exceeded-rate-limit-exceeded",
        },
        Reaction {
            call: Call::CreateUser,
            to: &[Refused::Status(409)],
            does: Does::GivesUp,
            note: "the assignment shows the error's detail; a user whom the lookup finds is linked before that",
            source: REFERENCE,
        },
        Reaction {
            call: Call::DeactivateUser,
            to: &[Refused::Client, Refused::Status(501)],
            does: Does::GivesUp,
            note: "there is no second form: a failed deprovisioning task stays until somebody does it by hand",
            source: "github.com/oktadeveloper/okta-blog-archive/pull/1956",
        },
        Reaction {
            call: Call::Any,
            to: &[Refused::Client],
            does: Does::GivesUp,
            note: "a 400 is final: the task shows the error's detail, and stays until somebody tries again",
            source: "github.com/fleetdm/fleet/issues/52600",
        },
    ],
    mapping: MAPPING,
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "Applications > the app > Provisioning > Integration (an app of the wizard: General > App Settings > \
                Provisioning: SCIM first; an app of the catalogue: Configure API Integration)",
        endpoint_field: "SCIM connector base URL; Base URL in an app of the catalogue",
        token_field: "Authorization (HTTP Header); API Token in an app of the catalogue",
        steps: &[
            "In an app made with the wizard, choose SCIM as Provisioning under General > App Settings, and save.",
            "Under Provisioning > Integration, choose Edit, and paste the endpoint as SCIM connector base URL. Where the \
             form refuses an underscore, write directory-… instead of directory_….",
            "As Unique identifier field for users, type userName.",
            "As Supported provisioning actions, check Push New Users, Push Profile Updates and Push Groups; Import New \
             Users and Profile Updates only where users shall come from here.",
            "As Authentication Mode, choose HTTP Header, and paste the bearer token without the word Bearer.",
            "Choose Test Connector Configuration, and save.",
            "Under Provisioning > To App, enable Create Users, Update User Attributes and Deactivate Users.",
            "Under Assignments, assign people and groups. Under Push Groups, push groups that are not assigned: one that \
             is both is not supported by Okta, and loses memberships.",
        ],
        sources: &[
            CONNECT,
            PREPARE,
            GROUPS,
            "docs.envzero.com/guides/sso-integrations/scim-provisioning-okta.md",
            "help.ninjio.com/hc/en-us/articles/47661718960916-Okta-SCIM-Default-Attributes",
            "help.signinsolutions.com/en/articles/10578218-what-are-the-okta-attributes-and-mappings-i-need-to-provision-hosts-to-traction-guest-via-scim",
        ],
    },
    signs: &[Sign {
        name: "user-agent",
        what: "the User-Agent begins with `Okta SCIM Client`",
        strength: Strength::Certain,
        seen: |arrival| arrival.user_agent.is_some_and(|agent| agent.starts_with("Okta SCIM Client")),
        source: REFERENCE,
    }],
    notes: &[
        "users are never deleted, only deactivated; a deactivated user stays until your own retention removes it",
        "a PATCH may be answered with 200 and the resource, or with 204 and nothing",
        "an app made with the integration wizard sends PUT where an app of the catalogue sends PATCH",
        "groups carry no externalId, and pushed groups keep deactivated users",
    ],
};

/// As the template of SCIM 2.0 has it.
static MAPPING: &[Mapping] = &[
    Mapping { from: "Username, as set under Sign On", to: "userName" },
    Mapping { from: "the user's id (00u…)", to: "externalId" },
    Mapping { from: "user.firstName", to: "name.givenName" },
    Mapping { from: "user.lastName", to: "name.familyName" },
    Mapping { from: "user.middleName", to: "name.middleName" },
    Mapping { from: "user.honorificPrefix", to: "name.honorificPrefix" },
    Mapping { from: "user.honorificSuffix", to: "name.honorificSuffix" },
    Mapping { from: "user.email", to: "emails[primary eq true].value" },
    Mapping { from: "\"work\", where there is an address", to: "emails[primary eq true].type" },
    Mapping { from: "user.title", to: "title" },
    Mapping { from: "user.displayName", to: "displayName" },
    Mapping { from: "user.nickName", to: "nickName" },
    Mapping { from: "user.profileUrl", to: "profileUrl" },
    Mapping { from: "user.primaryPhone", to: "phoneNumbers[primary eq true].value" },
    Mapping { from: "\"work\", where there is a number", to: "phoneNumbers[primary eq true].type" },
    Mapping { from: "user.streetAddress", to: "addresses[primary eq true].streetAddress" },
    Mapping { from: "user.city", to: "addresses[primary eq true].locality" },
    Mapping { from: "user.state", to: "addresses[primary eq true].region" },
    Mapping { from: "user.zipCode", to: "addresses[primary eq true].postalCode" },
    Mapping { from: "user.countryCode", to: "addresses[primary eq true].country" },
    Mapping { from: "user.postalAddress", to: "addresses[primary eq true].formatted" },
    Mapping { from: "user.preferredLanguage", to: "preferredLanguage" },
    Mapping { from: "user.locale", to: "locale" },
    Mapping { from: "user.timezone", to: "timezone" },
    Mapping { from: "user.userType", to: "userType" },
    Mapping {
        from: "user.employeeNumber",
        to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
    },
    Mapping {
        from: "user.costCenter",
        to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter",
    },
    Mapping {
        from: "user.organization",
        to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:organization",
    },
    Mapping {
        from: "user.division",
        to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division",
    },
    Mapping {
        from: "user.department",
        to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    },
    Mapping {
        from: "user.managerId",
        to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
    },
    Mapping {
        from: "user.manager",
        to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName",
    },
];

pub(super) static ADVICE: &[Advice] = &[Advice {
    name: "assigned-and-pushed",
    text: "this app changes users by PUT, as those of the integration wizard do, and pushes groups: push no group that \
           is assigned to the app as well, or memberships will be lost; make a group of its own for the push",
    fits: |exchange| {
        let habits = exchange.habits;
        exchange.operation.contains("/Groups")
            && habits.contains(&Habit::PutsUsers)
            && !habits.contains(&Habit::PatchesUsers)
            && (habits.contains(&Habit::PutsGroups) || habits.contains(&Habit::PatchesGroups))
    },
    source: GROUPS,
}];

fn rules() -> Rules {
    // A push with one member that is not here yet must not lose the others: a 400 is final there.
    Rules {
        unknown_members: UnknownMember::LeaveOut,
        // Every answer must say whether the user is active.
        active_is_never_unassigned: true,
        // Whose value goes is gone, and a value named again is no second one.
        patch: PatchOptions { elements_are_their_values: true, ..PatchOptions::default() },
        // Its ids are its own, one a user.
        unique_external_ids: true,
        // A PUT that deactivates leaves the id out.
        put_keeps_external_id: true,
        // A name that is taken must be told as such, also beside an address that is made.
        refusals_are_strict: false,
        ..Rules::default()
    }
}
