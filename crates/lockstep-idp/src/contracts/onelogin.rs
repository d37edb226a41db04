//! OneLogin. Its administrator writes the body of a user as a template, so a user may come in any shape: with the
//! schema's name of SCIM 1.1, with one address instead of a list, with empty texts where nothing was found.

use lockstep_core::mapping::StandardAttribute;
use lockstep_core::rules::Rules;
use serde_json::Value;

use crate::attributes;
use crate::detect::{Arrival, Sign, Strength};
use crate::dialect::{Deactivate, Dialect, Find, GroupPush, MemberWrite, Removal, Spelling, Update};
use crate::provider::{
    Authentication, Call, Demand, Does, Mapping, Need, Provider, Reaction, Refused, Scheme, Setup,
};
use crate::repair;

mod quirks;

const GUIDE: &str = "developers.onelogin.com/scim/implement-scim-api";

const GROUPS: GroupPush = GroupPush {
    external_id: false,
    created_with_members: false,
    add: MemberWrite::Values(1),
    remove: MemberWrite::Filters(1),
    rename: Update::PatchPaths,
    // A group that is deleted there stays here.
    deletes: false,
    nested: false,
    reads_without_members: false,
};

/// The name to show stands in `name.formatted` by its published template (`developers.onelogin.com/scim/create-app`).
const DISPLAY_NAME: StandardAttribute =
    StandardAttribute { paths: &["displayName", "name.formatted"], ..attributes::DISPLAY_NAME };

const ATTRIBUTES: &[StandardAttribute] = &[
    attributes::ADDRESSES,
    attributes::COST_CENTER_NAME,
    attributes::DEPARTMENT_NAME,
    DISPLAY_NAME,
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
];

pub(crate) static ONELOGIN: Provider = Provider {
    slug: "onelogin",
    name: "OneLogin",
    directory_types: &["onelogin scim v2.0"],
    rules: Rules::default,
    repairs: &[
        repair::PATH_SLASHES,
        repair::EMPTY_PARAMETERS,
        repair::DATE_FORMS,
        repair::PATCH_SCHEMA,
        repair::READ_ONLY_VALUES,
        repair::OLD_SCHEMAS,
        repair::MEMBER_IN_FILTER,
        repair::WRAPPED_VALUES,
        repair::LIST_OF_ONE,
        repair::BOOLEAN_TEXT,
        repair::EMPTY_TEXT,
        repair::EMPTY_REFERENCE,
        repair::BARE_VALUES,
        repair::VALUELESS_ELEMENTS,
    ],
    quirks: quirks::QUIRKS,
    authentication: &[Authentication {
        scheme: Scheme::BearerToken,
        note: "pasted as SCIM Bearer Token",
        source: "developers.onelogin.com/scim/create-app",
    }],
    dialect: Dialect {
        // The header is there and empty, or a proxy shows it so.
        user_agent: Some(""),
        content_type: "application/scim+json",
        accept: None,
        connection_test: &["GET /Users?filter=userName eq \"{random}\""],
        find_user: Find::By(&["userName"]),
        find_group: Find::List,
        update_user: Update::Put,
        deactivate: Deactivate::Put,
        delete_user: Removal::AtOnce,
        groups: Some(GROUPS),
        user_external_id: false,
        keeps_ids: true,
        variants: &[(
            "patch",
            &Dialect {
                user_agent: Some(""),
                accept: None,
                connection_test: &["GET /Users?filter=userName eq \"{random}\""],
                find_group: Find::List,
                update_user: Update::PatchWhole,
                deactivate: Deactivate::PatchWithoutPath,
                groups: Some(GROUPS),
                user_external_id: false,
                page: None,
                ..Dialect::PLAIN
            },
        )],
        spelling: Spelling::Plain,
        reads_back: false,
        page: None,
        parallel: 1,
        full_cycle: "",
        incremental_cycle: "a user is provisioned when a role or a rule gives them the app, and when they change; where \
                            approval is asked for, a task waits until it was given",
    },
    needs: &[
        Need {
            call: Call::ConnectionTest,
            demand: Demand::Status(&[200, 404]),
            otherwise: "the API connection is not enabled",
            source: GUIDE,
        },
        Need {
            call: Call::FindUser,
            demand: Demand::List("Resources"),
            otherwise: "it does not know whether the user is there",
            source: GUIDE,
        },
        Need {
            call: Call::CreateUser,
            demand: Demand::Present("/id"),
            otherwise: "later changes have no user to go to",
            source: GUIDE,
        },
        Need {
            call: Call::ListGroups,
            demand: Demand::List("Resources"),
            otherwise: "no group can be chosen in a rule",
            source: "stackoverflow.com/questions/44686570 (Refresh Entitlements reads the groups)",
        },
        Need {
            call: Call::AddMembers,
            demand: Demand::Status(&[200, 204]),
            otherwise: "the membership is not made, and the task fails",
            source: "github.com/goauthentik/authentik/issues/11249",
        },
    ],
    reactions: &[Reaction {
        call: Call::ConnectionTest,
        to: &[Refused::Status(404)],
        does: Does::TakesAsDone,
        note: "a 404 is read as nobody of that name, and the connection is enabled",
        source: GUIDE,
    }],
    mapping: &[
        Mapping { from: "{$parameters.scimusername}", to: "userName" },
        Mapping { from: "{$user.firstname}", to: "name.givenName" },
        Mapping { from: "{$user.lastname}", to: "name.familyName" },
        Mapping { from: "{$user.display_name}", to: "name.formatted" },
        Mapping { from: "{$user.email}", to: "emails[type eq \"work\"].value" },
        Mapping { from: "{$user.phone}", to: "phoneNumbers[primary eq true].value" },
        Mapping { from: "{$parameters.title}", to: "title" },
        Mapping {
            from: "{$parameters.department}",
            to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        },
        Mapping {
            from: "{$parameters.external_manager_id}",
            to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
        },
    ],
    attributes: ATTRIBUTES,
    setup: Setup {
        place: "Applications > Add App > SCIM Provisioner with SAML (SCIM v2 Enterprise) > Configuration",
        endpoint_field: "SCIM Base URL",
        token_field: "SCIM Bearer Token",
        steps: &[
            "Add the app SCIM Provisioner with SAML (SCIM v2 Enterprise), give it a name, and save it: only then its \
             other tabs are there.",
            "Under Configuration, paste the SCIM Base URL and the SCIM Bearer Token.",
            "As SCIM JSON Template, use one whose schemas are urn:ietf:params:scim:schemas:core:2.0:User and \
             urn:ietf:params:scim:schemas:extension:enterprise:2.0:User, and that has emails as a list.",
            "Choose Enable beside API Status. A user that nobody has is asked for.",
            "Under Parameters, set SCIM Username to the e-mail address; open Groups and check Include in User \
             Provisioning.",
            "Under Provisioning, check Enable provisioning, decide which actions wait for an approval, and what \
             happens when users are deleted: Delete, Suspend, or Do Nothing.",
            "Under Rules, set groups from roles or from another attribute.",
            "Under Access, give the app to roles.",
        ],
        sources: &[
            "developers.onelogin.com/scim/create-app",
            "developers.onelogin.com/scim/test-your-scim",
            "userguide.qualytics.io/managed-deployment/directory-sync/managing/onelogin/",
            "help.scalefusion.com/docs/scim-integration-with-onelogin",
            "www.livingsecurity.com/migration/support/configuring-scim-for-onelogin",
        ],
    },
    signs: &[
        Sign {
            name: "address-as-object",
            what: "a user's addresses are one object instead of a list",
            strength: Strength::Strong,
            seen: address_as_object,
            source: "15five/django-scim2:src/django_scim/adapters.py",
        },
        Sign {
            name: "empty-user-agent",
            what: "the User-Agent is empty",
            strength: Strength::Weak,
            seen: |arrival| arrival.user_agent == Some(""),
            source: "github.com/goauthentik/authentik/issues/11249",
        },
        Sign {
            name: "schema-of-old",
            what: "a user is announced by the schema's name of SCIM 1.1",
            strength: Strength::Weak,
            seen: schema_of_old,
            source: "scim.dev/guide/applications/onelogin",
        },
    ],
    notes: &[
        "the body of a user is what its administrator wrote as template; an attribute that the template lacks is never \
         sent, and a PUT without it takes it away",
        "a placeholder that finds nothing is sent as an empty text and read as no value",
        "what happens to a leaver is the administrator's choice: Delete comes as DELETE, Suspend as active: false, Do \
         Nothing as nothing",
        "a group that is deleted there is not deleted here, and its members stay until each is removed: a group without \
         change for a long time may be one",
        "an action that waits for approval there is not sent until it is given",
    ],
};

/// The body of a user that is made or replaced.
fn user<'a>(arrival: &Arrival<'a>) -> Option<&'a Value> {
    let request = arrival.request;
    let writes = ["POST", "PUT"].contains(&request.method.as_str()) && request.path.starts_with("/Users");
    request.body.as_ref().filter(|_| writes)
}

fn address_as_object(arrival: &Arrival<'_>) -> bool {
    user(arrival).and_then(|body| body.get("emails")).is_some_and(Value::is_object)
}

fn schema_of_old(arrival: &Arrival<'_>) -> bool {
    let urns = user(arrival).and_then(|body| body.get("schemas")).and_then(Value::as_array);
    urns.is_some_and(|urns| urns.iter().any(|urn| urn == "urn:scim:schemas:core:1.0"))
}
