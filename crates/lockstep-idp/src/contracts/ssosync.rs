//! ssosync, AWS's bridge that reads Google Workspace and writes SCIM. It compares everything in each run, counts what a
//! lookup found, and cannot read a group that has members.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::detect::{Sign, Strength};
use crate::dialect::{Deactivate, Dialect, Find, GroupPush, MemberWrite, Removal, Spelling, Update};
use crate::provider::{
    Authentication, Call, Demand, Does, Mapping, Need, Provider, Reaction, Refused, Scheme, Setup,
};
use crate::quirk::{Basis, MetBy, Quirk};
use crate::repair;

const CLIENT: &str = "awslabs/ssosync:internal/aws/client.go";
const SCHEMA: &str = "awslabs/ssosync:internal/aws/schema.go";
const SYNC: &str = "awslabs/ssosync:internal/sync.go";
const USERS: &str = "awslabs/ssosync:internal/aws/users.go";
const COMMAND: &str = "awslabs/ssosync:cmd/root.go";

pub(crate) static SSOSYNC: Provider = Provider {
    slug: "ssosync",
    name: "ssosync (Google Workspace)",
    directory_types: &[],
    rules: Rules::default,
    repairs: &[
        repair::UNESCAPED_QUERY,
        repair::PATH_SLASHES,
        repair::EMPTY_PARAMETERS,
        repair::MEMBERS_LEFT_OUT,
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
    quirks: &[
        Quirk {
            id: "SSOSYNC-FILTER-01",
            title: "Form-encoded query: spaces as +, plus sign as %2B, @ as %40",
            met_by: MetBy::Rfc,
            contract: "users.http",
            sources: &[CLIENT],
            proven: Basis::Source,
        },
        Quirk {
            id: "SSOSYNC-GROUP-01",
            title: "Members are added and removed in batches of 100; removal has a bare path with value list",
            met_by: MetBy::Rfc,
            contract: "groups.http",
            sources: &[CLIENT],
            proven: Basis::Source,
        },
        Quirk {
            id: "SSOSYNC-GROUP-02",
            title: "The members of a group are read as a list of texts, and a group that has some cannot be read",
            met_by: MetBy::Repair("members-left-out"),
            contract: "groups.http",
            sources: &[SCHEMA, CLIENT],
            proven: Basis::Source,
        },
        Quirk {
            id: "SSOSYNC-PUT-01",
            title: "Suspended Google users are updated with PUT active=false (or deleted, by option)",
            met_by: MetBy::Rfc,
            contract: "users.http",
            sources: &[CLIENT],
            proven: Basis::Source,
        },
    ],
    authentication: &[Authentication {
        scheme: Scheme::BearerToken,
        note: "a flag, an environment variable, or a secret of the Lambda function",
        source: COMMAND,
    }],
    dialect: Dialect {
        user_agent: Some("Go-http-client/"),
        content_type: "application/scim+json",
        accept: None,
        connection_test: &[],
        find_user: Find::By(&["userName"]),
        find_group: Find::By(&["displayName"]),
        update_user: Update::Put,
        deactivate: Deactivate::Put,
        delete_user: Removal::AtOnce,
        groups: Some(GroupPush {
            external_id: false,
            created_with_members: false,
            add: MemberWrite::Values(100),
            remove: MemberWrite::Values(100),
            rename: Update::PatchWhole,
            deletes: true,
            nested: false,
            reads_without_members: false,
        }),
        user_external_id: false,
        keeps_ids: false,
        variants: &[],
        spelling: Spelling::Plain,
        reads_back: false,
        page: None,
        parallel: 1,
        full_cycle: "each run, as its schedule says: everybody and every group of Google is compared with what is here; \
                     then who is gone is deleted, and who changed or is new is written",
        incremental_cycle: "there is none",
    },
    needs: &[
        Need {
            call: Call::FindUser,
            demand: Demand::Present("/totalResults"),
            otherwise: "anything but exactly one is taken as \"user not found\", and the user is made again",
            source: CLIENT,
        },
        Need {
            call: Call::FindUser,
            demand: Demand::List("Resources"),
            otherwise: "the run breaks off",
            source: CLIENT,
        },
        Need {
            call: Call::FindGroup,
            demand: Demand::Present("/totalResults"),
            otherwise: "anything but exactly one is taken as \"group not found\", and the group is made again",
            source: CLIENT,
        },
        Need {
            call: Call::CreateUser,
            demand: Demand::Body,
            otherwise: "the run breaks off; without an id in it the user is looked up by address",
            source: CLIENT,
        },
        Need {
            call: Call::CreateGroup,
            demand: Demand::Present("/id"),
            otherwise: "its members are sent to a group without an id",
            source: CLIENT,
        },
    ],
    reactions: &[
        Reaction {
            call: Call::CreateUser,
            to: &[Refused::Status(409)],
            does: Does::TakesAsDone,
            note: "logged as \"user already exists\"; the run goes on",
            source: SYNC,
        },
        Reaction {
            call: Call::Any,
            to: &[Refused::Status(429), Refused::Server, Refused::Timeout],
            does: Does::Retries,
            note: "by hashicorp/go-retryablehttp: up to four times, with growing pauses; then the run breaks off",
            source: SYNC,
        },
        Reaction {
            call: Call::Any,
            to: &[Refused::Client],
            does: Does::RetriesNextCycle,
            note: "the run breaks off where it stands; the next one compares everything anew",
            source: SYNC,
        },
    ],
    mapping: &[
        Mapping { from: "primaryEmail", to: "userName" },
        Mapping { from: "primaryEmail", to: "emails[type eq \"work\"].value" },
        Mapping { from: "name.givenName", to: "name.givenName" },
        Mapping { from: "name.familyName", to: "name.familyName" },
        Mapping { from: "name.givenName and name.familyName", to: "displayName" },
        Mapping { from: "suspended, inverted", to: "active" },
        Mapping { from: "the group's email", to: "Group.displayName" },
    ],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "the command line, or the parameters of the Lambda function",
        endpoint_field: "--endpoint (SSOSYNC_SCIM_ENDPOINT)",
        token_field: "--access-token (SSOSYNC_SCIM_ACCESS_TOKEN)",
        steps: &[
            "Make a service account for the Admin SDK in Google Cloud, with read access to users, groups and members, and \
             keep its credentials file.",
            "Give the file as --google-credentials and an administrator's address as --google-admin.",
            "Give the SCIM endpoint as --endpoint and the token as --access-token.",
            "Choose whom to sync with --user-match and --group-match, and how with --sync-method.",
            "Run it with --dry-run first, then by a schedule.",
        ],
        sources: &[COMMAND, USERS, "github.com/knowtions/ssosync/blob/master/SAR.md"],
    },
    signs: &[
        Sign {
            name: "user-agent",
            what: "the User-Agent is that of Go's HTTP library",
            strength: Strength::Weak,
            seen: |arrival| arrival.user_agent.is_some_and(|agent| agent.starts_with("Go-http-client/")),
            source: CLIENT,
        },
        Sign {
            name: "address-of-nothing",
            what: "a user with an address that has a type and nothing else",
            strength: Strength::Strong,
            seen: |arrival| {
                let body = arrival.request.body.as_ref();
                let addresses = body.and_then(|body| body.get("addresses"));
                addresses.is_some_and(|addresses| *addresses == serde_json::json!([{ "type": "work" }]))
            },
            source: USERS,
        },
    ],
    notes: &[
        "it is made for AWS IAM Identity Center; from 2.0 on it reads groups and memberships by AWS's own interface, so \
         that only its first version, and forks, sync groups with another server",
        "a group is known by its address as the name: who changes the address gets another group",
        "who was suspended before the first run is left out, unless it is told to sync suspended users",
        "lookups of groups are answered without members, since it cannot read them",
    ],
};
