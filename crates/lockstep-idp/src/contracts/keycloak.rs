//! Keycloak, by its plugins: it speaks no SCIM itself. libre.sh's (and MIT's fork) replaces by PUT, or by PATCH where
//! told so; suvera's storage provider looks everything up by name. What an answer does not tell them, they never learn.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::detect::{Arrival, Sign, Strength};
use crate::dialect::{Deactivate, Dialect, Find, GroupPush, MemberWrite, Removal, Spelling, Update};
use crate::provider::{
    Authentication, Call, Demand, Does, Mapping, Need, Provider, Reaction, Refused, Scheme, Setup,
};
use crate::repair;

mod quirks;

const CLIENT: &str = "mitodl/keycloak-scim:src/main/java/sh/libre/scim/core/ScimClient.java";
const USERS: &str = "mitodl/keycloak-scim:src/main/java/sh/libre/scim/core/UserAdapter.java";
const FORM: &str = "mitodl/keycloak-scim:src/main/java/sh/libre/scim/storage/ScimStorageProviderFactory.java";
const README: &str = "mitodl/keycloak-scim:README.md";
const STORAGE: &str =
    "suvera/keycloak-scim2-storage:src/main/java/dev/suvera/keycloak/scim2/storage/storage/ScimClient2.java";

pub(crate) static KEYCLOAK: Provider = Provider {
    slug: "keycloak",
    name: "Keycloak",
    directory_types: &[],
    rules,
    repairs: &[
        repair::UNESCAPED_QUERY,
        repair::PATH_SLASHES,
        repair::EMPTY_PARAMETERS,
        repair::DATE_FORMS,
        repair::PATCH_SCHEMA,
        repair::MEMBER_IN_FILTER,
        repair::WRAPPED_VALUES,
        repair::LIST_OF_ONE,
        repair::SINGLE_IN_LIST,
        repair::BOOLEAN_TEXT,
        repair::EMPTY_REFERENCE,
        repair::BARE_VALUES,
        repair::VALUELESS_ELEMENTS,
    ],
    quirks: quirks::QUIRKS,
    authentication: &[
        Authentication {
            scheme: Scheme::BearerToken,
            note: "libre.sh: Auth mode BEARER, the token in Bearer token",
            source: FORM,
        },
        Authentication {
            scheme: Scheme::Basic,
            note: "libre.sh: Auth mode BASIC_AUTH, any user, the token as the password",
            source: FORM,
        },
        Authentication {
            scheme: Scheme::Nothing,
            note: "libre.sh: Auth mode NONE is the default: change it",
            source: FORM,
        },
    ],
    dialect: Dialect { variants: &[("patch", &PATCHES), ("storage", &STORES)], ..PUTS },
    needs: &[
        Need {
            call: Call::CreateUser,
            demand: Demand::Present("/id"),
            otherwise: "it remembers no id, so that the user is never changed and never deleted here",
            source: CLIENT,
        },
        Need {
            call: Call::CreateGroup,
            demand: Demand::Present("/id"),
            otherwise: "it remembers no id, so that the group is never changed and never deleted here",
            source: CLIENT,
        },
        Need {
            call: Call::ListUsers,
            demand: Demand::List("Resources"),
            otherwise: "the import fails",
            source: CLIENT,
        },
        Need {
            call: Call::Any,
            demand: Demand::Within(5_000),
            otherwise: "the answer is lost, and with it the id of what was made",
            source: CLIENT,
        },
    ],
    reactions: &[
        Reaction {
            call: Call::CreateUser,
            to: &[Refused::Client, Refused::Server],
            does: Does::GivesUp,
            note: "logged; without an id nothing later reaches the user, until a sync with import finds the same userName \
                   or address here",
            source: CLIENT,
        },
        Reaction {
            call: Call::DeleteUser,
            to: &[Refused::Client, Refused::Server],
            does: Does::TakesAsDone,
            note: "logged, and its id forgotten: the user stays here",
            source: CLIENT,
        },
        Reaction {
            call: Call::DeleteGroup,
            to: &[Refused::Client, Refused::Server],
            does: Does::TakesAsDone,
            note: "logged, and its id forgotten: the group stays here",
            source: CLIENT,
        },
        Reaction {
            call: Call::Any,
            to: &[Refused::Timeout],
            does: Does::Retries,
            note: "up to ten times, with pauses that double",
            source: CLIENT,
        },
        Reaction {
            call: Call::Any,
            to: &[Refused::Client, Refused::Server],
            does: Does::RetriesNextCycle,
            note: "logged; the next change, or a sync with refresh, sends the whole again",
            source: CLIENT,
        },
    ],
    mapping: &[
        Mapping { from: "id", to: "externalId" },
        Mapping { from: "username", to: "userName" },
        Mapping { from: "firstName", to: "name.givenName" },
        Mapping { from: "lastName", to: "name.familyName" },
        Mapping { from: "firstName and lastName, else username", to: "displayName" },
        Mapping { from: "email", to: "emails.value" },
        Mapping { from: "enabled", to: "active" },
        Mapping { from: "roles that have the attribute scim = true", to: "roles.value" },
    ],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "Admin Console → User Federation → Add provider → scim",
        endpoint_field: "SCIM 2.0 endpoint",
        token_field: "Bearer token",
        steps: &[
            "Put the plugin's JAR into Keycloak's providers folder, and start it anew.",
            "In Admin Console > Events > Config add scim to Event Listeners, and save.",
            "In Admin Console > User Federation click Add provider and select scim.",
            "Fill in SCIM 2.0 endpoint, set Auth mode to BEARER, fill in Bearer token, and save.",
            "Switch on Enable refresh during sync, and a periodic full sync, so that what was lost is sent again.",
        ],
        sources: &[README, FORM, USERS, STORAGE],
    },
    signs: &[Sign {
        name: "three-texts",
        what: "a PATCH of a user with three operations: active as text, userName, displayName",
        strength: Strength::Strong,
        seen: patches_three_texts,
        source: USERS,
    }],
    notes: &[
        "a user who is disabled gets `active` false; one who is deleted is deleted here at once",
        "users and groups with the attribute `scim-skip` = true are left out, and the user `admin` by a sync",
        "a create whose answer was lost is answered with 409, after which the plugin never links the user: a sync with \
         import and the import action NOTHING does",
        "an import with the action DELETE_REMOTE deletes here whoever Keycloak does not know",
        "suvera's plugin puts Keycloak's own ids of groups into a user's `groups`, which are not written; it joins and \
         leaves groups by PATCH as well",
    ],
};

fn rules() -> Rules {
    // libre.sh sends an address and nothing else, and reads it as the user's.
    Rules { only_address_is_primary: true, ..Rules::default() }
}

const PUTS: Dialect = Dialect {
    user_agent: None,
    content_type: "application/scim+json",
    accept: None,
    connection_test: &[],
    find_user: Find::Never,
    find_group: Find::Never,
    update_user: Update::Put,
    deactivate: Deactivate::Put,
    delete_user: Removal::AtOnce,
    groups: Some(GroupPush {
        external_id: true,
        created_with_members: true,
        add: MemberWrite::Put,
        remove: MemberWrite::Put,
        rename: Update::Put,
        deletes: true,
        nested: false,
        reads_without_members: false,
    }),
    user_external_id: true,
    keeps_ids: true,
    variants: &[],
    spelling: Spelling::Plain,
    reads_back: false,
    page: None,
    parallel: 1,
    full_cycle: "a sync by its schedule: with import it reads the users and groups that are here, with refresh it writes \
                 every enabled user and every group",
    incremental_cycle: "at once with each event of Keycloak",
};

/// With user-patchOp and group-patchOp.
const PATCHES: Dialect = Dialect {
    update_user: Update::PatchPaths,
    deactivate: Deactivate::PatchPath,
    groups: Some(GroupPush {
        external_id: true,
        created_with_members: true,
        add: MemberWrite::ReplaceAll,
        remove: MemberWrite::ReplaceAll,
        rename: Update::PatchPaths,
        deletes: true,
        nested: false,
        reads_without_members: false,
    }),
    spelling: Spelling::BooleanText,
    ..PUTS
};

/// suvera's plugin.
const STORES: Dialect = Dialect {
    find_user: Find::By(&["userName"]),
    find_group: Find::By(&["displayName"]),
    groups: Some(GroupPush {
        external_id: false,
        created_with_members: false,
        add: MemberWrite::Values(1),
        remove: MemberWrite::Filters(1),
        rename: Update::Put,
        deletes: true,
        nested: false,
        reads_without_members: false,
    }),
    full_cycle: "",
    ..PUTS
};

fn patches_three_texts(arrival: &Arrival<'_>) -> bool {
    let body = arrival.request.body.as_ref();
    let Some(operations) =
        body.and_then(|body| body.get("Operations")).and_then(|operations| operations.as_array())
    else {
        return false;
    };
    let paths = operations.iter().map(|operation| operation.get("path").and_then(|path| path.as_str()));
    let active_is_text = operations.first().and_then(|first| first.get("value")).is_some_and(|value| {
        // The library below put it into a list for some time.
        let value = value.as_array().and_then(|values| values.first()).unwrap_or(value);
        matches!(value.as_str(), Some("true" | "false"))
    });
    active_is_text && paths.eq([Some("active"), Some("userName"), Some("displayName")])
}
