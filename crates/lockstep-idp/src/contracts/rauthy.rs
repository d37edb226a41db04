//! rauthy. It looks everything up before each write, diffs memberships by what a PUT of the user answers, and puts
//! text into its URLs as it is.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::detect::{Sign, Strength};
use crate::dialect::{Deactivate, Dialect, Find, GroupPush, MemberWrite, Removal, Spelling, Update};
use crate::provider::{
    Authentication, Call, Demand, Does, Mapping, Need, Provider, Reaction, Refused, Scheme, Setup,
};

mod quirks;

const CLIENT: &str = "sebadob/rauthy:src/data/src/entity/clients_scim.rs";
const TYPES: &str = "sebadob/rauthy:src/data/src/entity/scim_types.rs";
const TASKS: &str = "sebadob/rauthy:src/schedulers/src/scim_tasks.rs";
const FORM: &str = "sebadob/rauthy:frontend/src/lib/admin/clients/ClientConfig.svelte";

pub(crate) static RAUTHY: Provider = Provider {
    slug: "rauthy",
    name: "rauthy",
    directory_types: &[],
    rules: Rules::default,
    repairs: super::generic::REPAIRS,
    quirks: quirks::QUIRKS,
    authentication: &[Authentication {
        scheme: Scheme::BearerToken,
        note: "pasted into the client's SCIM settings; nothing else is offered",
        source: CLIENT,
    }],
    dialect: DIALECT,
    needs: &[
        Need {
            call: Call::FindUser,
            demand: Demand::Present("/totalResults"),
            otherwise: "the answer cannot be read, and the user is tried again later",
            source: TYPES,
        },
        Need {
            call: Call::FindUser,
            demand: Demand::Present("/itemsPerPage"),
            otherwise: "the answer cannot be read, and the user is tried again later",
            source: TYPES,
        },
        Need {
            call: Call::FindUser,
            demand: Demand::List("Resources"),
            otherwise: "the answer cannot be read, and the user is tried again later",
            source: TYPES,
        },
        Need {
            call: Call::FindGroup,
            demand: Demand::List("Resources"),
            otherwise: "the answer cannot be read, and the group is tried again later",
            source: TYPES,
        },
        Need {
            call: Call::CreateUser,
            demand: Demand::Present("/id"),
            otherwise: "the user's memberships are not written",
            source: CLIENT,
        },
        Need {
            call: Call::UpdateUser,
            demand: Demand::Body,
            otherwise: "memberships are compared with the user's `groups` in the answer; without it nobody leaves a group",
            source: CLIENT,
        },
        Need {
            call: Call::CreateGroup,
            demand: Demand::Echo("/externalId"),
            otherwise: "it says that its group id has not been respected, and does not go on",
            source: CLIENT,
        },
        Need {
            call: Call::Any,
            demand: Demand::Within(10_000),
            otherwise: "it counts as failed, and is tried again",
            source: "sebadob/rauthy:src/common/src/lib.rs",
        },
    ],
    reactions: &[
        Reaction {
            call: Call::Any,
            to: &[Refused::Client, Refused::Server, Refused::Timeout],
            does: Does::Retries,
            note: "the task is kept and tried again every few seconds, up to 100 times; then an event tells the administrator",
            source: TASKS,
        },
        Reaction {
            call: Call::AddMembers,
            to: &[Refused::Client, Refused::Server],
            does: Does::RetriesNextCycle,
            note: "logged; the membership is compared again when the user changes or everything is synced",
            source: CLIENT,
        },
        Reaction {
            call: Call::RemoveMembers,
            to: &[Refused::Client, Refused::Server],
            does: Does::RetriesNextCycle,
            note: "logged; the membership is compared again when the user changes or everything is synced",
            source: CLIENT,
        },
    ],
    mapping: &[
        Mapping { from: "id", to: "externalId" },
        Mapping { from: "email", to: "userName" },
        Mapping { from: "email", to: "displayName" },
        Mapping { from: "email", to: "emails[primary eq true].value" },
        Mapping { from: "given_name", to: "name.givenName" },
        Mapping { from: "family_name", to: "name.familyName" },
        Mapping { from: "enabled", to: "active" },
        Mapping { from: "language", to: "preferredLanguage" },
        Mapping { from: "language", to: "locale" },
        Mapping { from: "tz", to: "timezone" },
        Mapping { from: "picture", to: "photos[primary eq true].value" },
        Mapping { from: "phone", to: "phoneNumbers[primary eq true].value" },
        Mapping { from: "street", to: "addresses.streetAddress" },
        Mapping { from: "zip", to: "addresses.postalCode" },
        Mapping { from: "city", to: "addresses.locality" },
        Mapping { from: "country", to: "addresses.country" },
        Mapping { from: "roles", to: "roles.value" },
    ],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "Admin UI → Clients → your client → Config → SCIM",
        endpoint_field: "SCIM Base URI",
        token_field: "Bearer Token",
        steps: &[
            "Open the OIDC client of the application and tick \"Enable SCIMv2\".",
            "Paste the SCIM endpoint into \"SCIM Base URI\", without a slash at its end, and the token into \"Bearer Token\".",
            "Tick \"Synchronize Groups\"; \"Groups Filter Prefix\" limits users and groups to those of a prefix.",
            "Save: all groups are synced at once, then all users.",
        ],
        sources: &[FORM, "sebadob/rauthy:frontend/src/i18n/admin/en.ts", TYPES],
    },
    signs: &[
        Sign {
            name: "user-agent",
            what: "the User-Agent begins with `Rauthy v`",
            strength: Strength::Certain,
            seen: |arrival| arrival.user_agent.is_some_and(|agent| agent.starts_with("Rauthy v")),
            source: "sebadob/rauthy:src/common/src/lib.rs (http_client)",
        },
        Sign {
            name: "custom-member",
            what: "a user has a member `custom` outside of every schema",
            strength: Strength::Weak,
            seen: |arrival| {
                arrival.request.path.trim_start_matches('/').starts_with("Users")
                    && arrival.request.body.as_ref().is_some_and(|body| body.get("custom").is_some())
            },
            source: TYPES,
        },
    ],
    notes: &[
        "a user who is disabled gets `active` false; one who is deleted, or leaves the prefix of groups, loses only its \
         `externalId`, unless `scim.sync_delete_users` is set in rauthy's configuration; groups likewise \
         (`scim.sync_delete_groups`)",
        "an address with a number sign (`#`) cannot be looked up: it ends rauthy's URL",
        "a name or id of a group with a quotation mark makes rauthy send a body that is no JSON",
        "attributes of its own come in `custom`, outside of every schema, and are left out",
        "status texts of errors are logged as the whole body, since it expects a number",
    ],
};

const DIALECT: Dialect = Dialect {
    user_agent: Some("Rauthy v"),
    content_type: "application/scim+json",
    accept: Some("application/scim+json"),
    connection_test: &["GET /Groups?startIndex=1&count=100"],
    find_user: Find::By(&["externalId", "userName"]),
    find_group: Find::By(&["externalId", "displayName"]),
    update_user: Update::Put,
    deactivate: Deactivate::Put,
    delete_user: Removal::Never,
    groups: Some(GroupPush {
        external_id: true,
        created_with_members: false,
        add: MemberWrite::OneEach(1),
        remove: MemberWrite::Values(1),
        rename: Update::PatchWhole,
        deletes: false,
        nested: false,
        reads_without_members: false,
    }),
    user_external_id: true,
    keeps_ids: false,
    variants: &[],
    spelling: Spelling::Plain,
    reads_back: false,
    page: Some(100),
    parallel: 1,
    full_cycle: "when SCIM is switched on or its settings change: all groups, then all users in steps of 100, each \
                 looked up, written, and its memberships compared",
    incremental_cycle: "at once with each change of a user or a group",
};
