//! Microsoft Entra ID. It changes one attribute at a time by path, writes its operations with a capital and its
//! booleans as text, expects a replace to create what is missing, and deactivates about 30 days before it deletes.

use lockstep_core::rules::{Rules, UnknownMember};
use lockstep_scim::patch::PatchOptions;

use crate::advice::Advice;
use crate::attributes;
use crate::detect::{Sign, Strength};
use crate::dialect::{Deactivate, Dialect, Find, GroupPush, MemberWrite, Removal, Spelling, Update};
use crate::provider::{
    Authentication, Call, Demand, Does, Mapping, Need, Provider, Reaction, Refused, Scheme, Setup,
};
use crate::repair;

mod issuer;
mod quirks;

pub(crate) use issuer::ISSUER;

const TUTORIAL: &str =
    "MicrosoftDocs/entra-docs:docs/identity/app-provisioning/use-scim-to-provision-users-and-groups.md";
const CYCLES: &str = "MicrosoftDocs/entra-docs:docs/identity/app-provisioning/how-provisioning-works.md";
const FLAG: &str = "MicrosoftDocs/entra-docs:docs/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility.md";
const TIMES: &str = "MicrosoftDocs/entra-docs:docs/identity/app-provisioning/application-provisioning-when-will-provisioning-finish-specific-user.md";
const MAPPINGS: &str =
    "MicrosoftDocs/entra-docs:docs/identity/app-provisioning/customize-application-attributes.md";
const QUARANTINE: &str =
    "MicrosoftDocs/entra-docs:docs/identity/app-provisioning/application-provisioning-quarantine-status.md";

/// As it speaks where nobody typed a flag.
const USUAL: Dialect = Dialect {
    // It has none that tells it; a header of its own does.
    user_agent: None,
    content_type: "application/scim+json; charset=utf-8",
    accept: None,
    connection_test: &[
        "GET /Users?filter=userName eq \"{random}\"",
        "GET /Groups?excludedAttributes=members&filter=displayName eq \"{random}\"",
    ],
    find_user: Find::By(&["userName"]),
    find_group: Find::By(&["displayName"]),
    update_user: Update::PatchPaths,
    deactivate: Deactivate::PatchPath,
    delete_user: Removal::AfterDays(30),
    groups: Some(GroupPush {
        external_id: true,
        created_with_members: false,
        add: MemberWrite::OneEach(1),
        remove: MemberWrite::OneEach(1),
        rename: Update::PatchPaths,
        deletes: true,
        // Nested groups are not read: only who is directly in an assigned group is provisioned.
        nested: false,
        reads_without_members: true,
    }),
    user_external_id: true,
    spelling: Spelling::CapitalText,
    page: None,
    full_cycle: "everybody in scope is looked up by the matching attribute, and made or changed; the first one takes \
                 roughly 0.01 to 0.08 minutes for each assigned user, group and member",
    incremental_cycle: "what changed since the last one, about every 40 minutes; what failed is tried again",
    ..Dialect::PLAIN
};

/// With `?aadOptscim062020` behind the tenant URL.
static COMPLIANT: Dialect = Dialect {
    update_user: Update::PatchChanged,
    groups: Some(GroupPush {
        external_id: true,
        created_with_members: false,
        add: MemberWrite::OneEach(1),
        remove: MemberWrite::Filters(1),
        rename: Update::PatchPaths,
        deletes: true,
        nested: false,
        reads_without_members: true,
    }),
    spelling: Spelling::Plain,
    ..USUAL
};

pub(crate) static ENTRA: Provider = Provider {
    slug: "entra",
    name: "Microsoft Entra ID",
    directory_types: &["azure scim v2.0"],
    rules,
    repairs: &[
        repair::PATH_SLASHES,
        repair::EMPTY_PARAMETERS,
        repair::FILTERED_ATTRIBUTES,
        repair::UNQUOTED_VALUES,
        repair::DOUBLE_ENCODED_VALUES,
        repair::REFERENCE_FILTERS,
        repair::DATE_FORMS,
        repair::PATCH_SCHEMA,
        repair::EMPTY_OPERATIONS,
        repair::READ_ONLY_VALUES,
        repair::EXTENSION_PATHS,
        repair::MEMBER_IN_FILTER,
        repair::WRAPPED_VALUES,
        repair::LIST_OF_ONE,
        repair::SINGLE_IN_LIST,
        repair::BOOLEAN_TEXT,
        repair::EMPTY_REFERENCE,
        repair::BARE_VALUES,
        repair::JSON_TEXT_VALUES,
        repair::VALUELESS_ELEMENTS,
    ],
    quirks: quirks::QUIRKS,
    authentication: &[
        Authentication {
            scheme: Scheme::BearerToken,
            note: "Secret Token: pasted without the word Bearer",
            source: TUTORIAL,
        },
        Authentication {
            scheme: Scheme::ClientCredentials,
            note: "Token Endpoint, Client Identifier and Client Secret, where its form offers them (the names of the \
                   fields are unproven); its tutorial has this for apps of the gallery only, and others have set it up \
                   in an app of their own",
            source: "www.twilio.com/docs/iam/scim/entra-integration.md",
        },
        Authentication {
            scheme: Scheme::OwnTokens,
            note: "Secret Token left empty: a token of its own comes; meant for tests, by its own pages",
            source: TUTORIAL,
        },
        Authentication {
            scheme: Scheme::AuthorizationCode,
            note: "for apps of the gallery: not offered",
            source: TUTORIAL,
        },
    ],
    dialect: Dialect { variants: &[("compliant", &COMPLIANT)], ..USUAL },
    needs: &[
        Need {
            call: Call::ConnectionTest,
            demand: Demand::Status(&[200]),
            otherwise: "the test fails, and no provisioning job can be made; a 404 for nobody of that name fails it too",
            source: TUTORIAL,
        },
        Need {
            call: Call::ConnectionTest,
            demand: Demand::List("Resources"),
            otherwise: "the test fails",
            source: TUTORIAL,
        },
        Need {
            call: Call::FindUser,
            demand: Demand::Status(&[200]),
            otherwise: "a 404 counts towards quarantine, and the user is not provisioned",
            source: QUARANTINE,
        },
        Need {
            call: Call::FindUser,
            demand: Demand::List("Resources"),
            otherwise: "the user is not provisioned",
            source: TUTORIAL,
        },
        Need {
            call: Call::FindGroup,
            demand: Demand::List("Resources"),
            otherwise: "the group is not provisioned",
            source: TUTORIAL,
        },
        Need {
            call: Call::CreateUser,
            demand: Demand::Status(&[201]),
            otherwise: "the user is not linked (that it is made again at the next cycle is unproven)",
            source: TUTORIAL,
        },
        Need {
            call: Call::CreateUser,
            demand: Demand::Present("/id"),
            otherwise: "the user is not linked (that it is made again at the next cycle is unproven)",
            source: TUTORIAL,
        },
        Need {
            call: Call::UpdateUser,
            demand: Demand::Status(&[200, 204]),
            otherwise: "the change is tried again at later cycles",
            source: TUTORIAL,
        },
        Need {
            call: Call::DeactivateUser,
            demand: Demand::Status(&[200, 204]),
            otherwise: "the leaver is tried again at later cycles",
            source: TUTORIAL,
        },
        Need {
            call: Call::CreateGroup,
            demand: Demand::Present("/id"),
            otherwise: "the group is not linked (that it is made again at the next cycle is unproven)",
            source: TUTORIAL,
        },
        Need {
            call: Call::AddMembers,
            demand: Demand::Status(&[200, 204]),
            otherwise: "the membership is tried again at later cycles",
            source: TUTORIAL,
        },
        Need {
            call: Call::RemoveMembers,
            demand: Demand::Status(&[200, 204]),
            otherwise: "the membership is tried again at later cycles",
            source: TUTORIAL,
        },
        Need {
            call: Call::DeleteUser,
            demand: Demand::Status(&[204]),
            otherwise: "the deletion is tried again at later cycles",
            source: TUTORIAL,
        },
    ],
    reactions: &[
        Reaction {
            call: Call::CreateUser,
            to: &[Refused::Status(409)],
            does: Does::Links,
            note: "the matching attribute is asked for again, and who is found is linked and changed; that this comes \
                   before the next cycle is unproven",
            source: CYCLES,
        },
        Reaction {
            call: Call::Any,
            to: &[Refused::Status(401), Refused::Status(403)],
            does: Does::Stops,
            note: "the job goes into quarantine: it runs less and less often, down to once a day, and is disabled after \
                   four weeks",
            source: QUARANTINE,
        },
        Reaction {
            call: Call::DeleteUser,
            to: &[Refused::Status(404)],
            does: Does::TakesAsDone,
            note: "who is gone already is gone (unproven: no page of its own says it)",
            source: "pranems/SCIMServer:api/test/e2e/scim-validator-compliance.e2e-spec.ts",
        },
        Reaction {
            call: Call::Any,
            to: &[Refused::Client, Refused::Server, Refused::Timeout],
            does: Does::RetriesNextCycle,
            note: "a failed change is tried again at the next cycles, less and less often: after 6, 12 and 24 hours, \
                   then daily, for 28 days. From 5,000 failures on, more than 40 percent or more than 40,000 put the job \
                   into quarantine, where managers and members are not counted; with them, more than 60,000 do",
            source: QUARANTINE,
        },
    ],
    mapping: MAPPING,
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "Entra admin center > Entra ID > Enterprise apps > the app > Provisioning",
        endpoint_field: "Tenant URL",
        token_field: "Secret Token",
        steps: &[
            "Under Enterprise apps, choose New application and Create your own application, of the kind that is not in \
             the gallery, or open the one that is there.",
            "Under Provisioning, choose New configuration (in an older form: Automatic as Provisioning Mode, and Admin \
             Credentials).",
            "Paste the endpoint as Tenant URL, with ?aadOptscim062020 behind it, and the bearer token as Secret Token. \
             Its own pages say that this flag does not work with Provision on demand.",
            "Choose Test Connection, then Create (in an older form: Save).",
            "Under Attribute mapping, leave userPrincipalName to userName as the matching attribute. Map objectId to \
             externalId instead of mailNickname, which two people may share.",
            "Under Users and groups, assign who shall be provisioned: of a group, only who is directly in it.",
            "Under Overview > Properties, give an address for the e-mail that tells of a quarantine.",
            "Under Overview, choose Start provisioning (in an older form: Provisioning Status On, and Save).",
        ],
        sources: &[
            TUTORIAL,
            FLAG,
            CYCLES,
            TIMES,
            MAPPINGS,
            "docs.hyperproof.io/admin/en/get-to-know-hyperproof/manage-users/scim-config-overview/scim-entra-attribute-mappings",
        ],
    },
    signs: &[Sign {
        name: "adscimversion",
        what: "there is a header `ADSCIMVersion`",
        strength: Strength::Certain,
        seen: |arrival| (arrival.has_header)("adscimversion"),
        source: "bitwarden/server:bitwarden_license/src/Scim/Context/ScimContext.cs",
    }],
    notes: &[
        "a user who loses the assignment is deactivated and never deleted; one who is deleted is deactivated first \
         and deleted about 30 days later",
        "an attribute that was emptied is not sent at all, so its old value stays here",
        "memberships are not sent again after a reactivation",
        "whether aadOptscim062020 is typed behind the tenant URL or not, both forms of PATCH are read",
    ],
};

/// As an app that is not in the gallery has it. The tutorial's table is of examples, and is shorter; that the addresses
/// are of the type work and nothing else is from those who tell their customers which of the defaults to take away.
static MAPPING: &[Mapping] = &[
    Mapping { from: "userPrincipalName", to: "userName" },
    Mapping {
        from: "Not([IsSoftDeleted]); in older apps Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")",
        to: "active",
    },
    Mapping { from: "displayName", to: "displayName" },
    Mapping { from: "jobTitle", to: "title" },
    Mapping { from: "mail", to: "emails[type eq \"work\"].value" },
    Mapping { from: "preferredLanguage", to: "preferredLanguage" },
    Mapping { from: "givenName", to: "name.givenName" },
    Mapping { from: "surname", to: "name.familyName" },
    Mapping { from: "Join(\" \", [givenName], [surname])", to: "name.formatted" },
    Mapping { from: "physicalDeliveryOfficeName", to: "addresses[type eq \"work\"].formatted" },
    Mapping { from: "streetAddress", to: "addresses[type eq \"work\"].streetAddress" },
    Mapping { from: "city", to: "addresses[type eq \"work\"].locality" },
    Mapping { from: "state", to: "addresses[type eq \"work\"].region" },
    Mapping { from: "postalCode", to: "addresses[type eq \"work\"].postalCode" },
    Mapping { from: "country", to: "addresses[type eq \"work\"].country" },
    Mapping { from: "telephoneNumber", to: "phoneNumbers[type eq \"work\"].value" },
    Mapping { from: "mobile", to: "phoneNumbers[type eq \"mobile\"].value" },
    Mapping { from: "facsimileTelephoneNumber", to: "phoneNumbers[type eq \"fax\"].value" },
    Mapping { from: "mailNickname", to: "externalId" },
    Mapping {
        from: "employeeId",
        to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
    },
    Mapping {
        from: "department",
        to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    },
    Mapping { from: "manager", to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager" },
    Mapping { from: "displayName of a group", to: "displayName" },
    Mapping { from: "objectId of a group", to: "externalId" },
    Mapping { from: "members of a group", to: "members" },
];

pub(super) static ADVICE: &[Advice] = &[Advice {
    name: "compliant-patch",
    text: "the provisioning job sends booleans as text: nothing is lost by it, and with `?aadOptscim062020` behind the \
           tenant URL it sends what RFC 7644 wants",
    fits: |exchange| {
        exchange.operation.starts_with("PATCH")
            && exchange.repairs.iter().any(|note| note.repair == "boolean-text")
    },
    source: "learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility",
}];

fn rules() -> Rules {
    Rules {
        // Members that failed are counted there and sent again.
        unknown_members: UnknownMember::LeaveOut,
        // Every answer must say whether the user is active.
        active_is_never_unassigned: true,
        patch: PatchOptions {
            unmatched_replace_creates: true,
            // Whose value goes is gone, and a value named again is no second one.
            elements_are_their_values: true,
            ..PatchOptions::default()
        },
        // A list of all members in the answer to each change of one helps nobody.
        group_patch_answers_no_content: true,
        // A name that is taken must be told as such, also beside an address that is made.
        refusals_are_strict: false,
        // It knows bearer tokens only.
        basic_credentials: false,
        ..Rules::default()
    }
}
