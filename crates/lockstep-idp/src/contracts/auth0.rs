//! Auth0, by the Action of its event streams that sends SCIM. It knows users by its own id alone, looks them up before
//! each change, and knows no groups.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::detect::{Arrival, Sign, Strength};
use crate::dialect::{Deactivate, Dialect, Find, Removal, Spelling, Update};
use crate::provider::{
    Authentication, Call, Demand, Does, Mapping, Need, Provider, Reaction, Refused, Scheme, Setup,
};
use crate::quirk::{Basis, MetBy, Quirk};
use crate::repair;

const PAGE: &str = "auth0/docs-v2:main/docs/customize/events/send-outbound-scim.mdx";
const CODE: &str = "auth0/opensource-marketplace:templates/outbound-scim-EVENT_STREAM/code.js";

pub(crate) static AUTH0: Provider = Provider {
    slug: "auth0",
    name: "Auth0",
    directory_types: &[],
    rules: Rules::default,
    repairs: &[
        repair::UNESCAPED_QUERY,
        repair::PATH_SLASHES,
        repair::EMPTY_PARAMETERS,
        repair::DATE_FORMS,
        repair::PATCH_SCHEMA,
        repair::MEMBER_IN_FILTER,
        repair::WRAPPED_VALUES,
        repair::LIST_OF_ONE,
        repair::BOOLEAN_TEXT,
        repair::EMPTY_TEXT,
        repair::EMPTY_REFERENCE,
        repair::BARE_VALUES,
        repair::VALUELESS_ELEMENTS,
    ],
    quirks: &[
        Quirk {
            id: "AUTH0-FILTER-01",
            title: "Lookup by externalId; if the filter is rejected it falls back to userName",
            met_by: MetBy::Rfc,
            contract: "events.http",
            sources: &[PAGE],
            proven: Basis::Source,
        },
        Quirk {
            id: "AUTH0-PUT-01",
            title: "Update is lookup then PUT; delete is lookup then DELETE",
            met_by: MetBy::Rfc,
            contract: "events.http",
            sources: &[PAGE],
            proven: Basis::Source,
        },
        Quirk {
            id: "AUTH0-PUT-02",
            title: "Okta-made empty type strings are refused by Auth0 and have to be filtered out: a PUT body with type \"\"",
            met_by: MetBy::Repair("empty-text"),
            contract: "empty-type.http",
            sources: &[
                "auth0/docs-v2:main/docs/authenticate/protocols/scim/inbound-scim-for-okta-workforce-connections.mdx",
            ],
            proven: Basis::Source,
        },
        Quirk {
            id: "AUTH0-RATE-01",
            title: "1.5 s timeout and one retry on 429 or 5xx",
            met_by: MetBy::Rfc,
            contract: "events.http",
            sources: &[PAGE],
            proven: Basis::Source,
        },
    ],
    authentication: &[Authentication {
        scheme: Scheme::BearerToken,
        note: "kept as the Action's secret SCIM_BEARER_TOKEN",
        source: PAGE,
    }],
    dialect: Dialect {
        user_agent: None,
        content_type: "application/scim+json",
        accept: Some("application/scim+json"),
        connection_test: &[],
        find_user: Find::By(&["externalId"]),
        find_group: Find::Never,
        update_user: Update::Put,
        deactivate: Deactivate::Put,
        delete_user: Removal::AtOnce,
        groups: None,
        user_external_id: true,
        keeps_ids: false,
        variants: &[("patch", &PATCHES)],
        spelling: Spelling::Plain,
        reads_back: false,
        page: None,
        parallel: 1,
        full_cycle: "",
        incremental_cycle: "a request or two for each event of a user: created, updated, deleted",
    },
    needs: &[
        Need {
            call: Call::CreateUser,
            demand: Demand::Status(&[201]),
            otherwise: "the event counts as failed",
            source: CODE,
        },
        Need {
            call: Call::CreateUser,
            demand: Demand::Present("/id"),
            otherwise: "\"invalid response shape\": the event counts as failed",
            source: CODE,
        },
        Need {
            call: Call::FindUser,
            demand: Demand::List("Resources"),
            otherwise: "\"invalid response shape\": the event counts as failed",
            source: CODE,
        },
        Need {
            call: Call::UpdateUser,
            demand: Demand::Status(&[200, 204]),
            otherwise: "the event counts as failed",
            source: CODE,
        },
        Need {
            call: Call::DeleteUser,
            demand: Demand::Status(&[200, 204]),
            otherwise: "the event counts as failed, unless it is 404",
            source: CODE,
        },
        Need {
            call: Call::Any,
            demand: Demand::Within(1_500),
            otherwise: "it gives up waiting and sends the same again, once",
            source: CODE,
        },
    ],
    reactions: &[
        Reaction {
            call: Call::CreateUser,
            to: &[Refused::Status(409)],
            does: Does::Links,
            note: "looks for its externalId: the user's own is a delivery that came twice, anybody else's a failed event",
            source: CODE,
        },
        Reaction {
            call: Call::FindUser,
            to: &[Refused::Status(400)],
            does: Does::Links,
            note: "looks for the userName instead; then a changed address is no longer found",
            source: CODE,
        },
        Reaction {
            call: Call::DeleteUser,
            to: &[Refused::Status(404)],
            does: Does::TakesAsDone,
            note: "already gone",
            source: CODE,
        },
        Reaction {
            call: Call::Any,
            to: &[Refused::Status(429), Refused::Server, Refused::Timeout],
            does: Does::Retries,
            note: "once, after a quarter of a second; then the event counts as failed and is delivered again; Retry-After \
                   is not read",
            source: CODE,
        },
        Reaction {
            call: Call::Any,
            to: &[Refused::Client],
            does: Does::Retries,
            note: "the event counts as failed, is delivered again, and ends in the dead-letter queue",
            source: PAGE,
        },
    ],
    mapping: &[
        Mapping { from: "user_id", to: "externalId" },
        Mapping { from: "blocked, inverted", to: "active" },
        Mapping { from: "email", to: "userName" },
        Mapping { from: "email", to: "emails[type eq \"work\"].value" },
        Mapping { from: "given_name", to: "name.givenName" },
        Mapping { from: "family_name", to: "name.familyName" },
        Mapping { from: "name", to: "name.formatted" },
        Mapping { from: "name", to: "displayName" },
        Mapping { from: "nickname", to: "nickName" },
        Mapping { from: "user_metadata.phone", to: "phoneNumbers[type eq \"work\"].value" },
    ],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "Auth0 Dashboard → Event Streams → Create Event Stream → Auth0 Actions",
        endpoint_field: "SCIM_BASE_URL",
        token_field: "SCIM_BEARER_TOKEN",
        steps: &[
            "In the Dashboard open Event Streams and select + Create Event Stream, with Auth0 Actions as the destination.",
            "Select the events user.created, user.updated and user.deleted.",
            "In the Actions Editor open Secrets (the key) and add SCIM_BASE_URL with the SCIM endpoint and \
             SCIM_BEARER_TOKEN with the token.",
            "Paste the template of the outbound SCIM Action into the editor.",
            "Sync the users who are there already once: the stream tells only what happens from now on.",
            "Select Save Draft, then Deploy.",
        ],
        sources: &[PAGE, CODE],
    },
    signs: &[Sign {
        name: "connection-in-id",
        what: "an externalId that names a connection of Auth0 before a pipe: `auth0|…`",
        strength: Strength::Strong,
        seen: names_connection,
        source: PAGE,
    }],
    notes: &[
        "groups are not sent",
        "a user without an address is skipped",
        "an event for a user who is not here is skipped, unless the administrator switched upserts on",
        "who was blocked for too many wrong passwords is not reported when the block ends",
        "when two accounts are linked, the second one is deleted here",
        "its administrator may have changed the code: the mapping, PUT to PATCH, the extension for enterprises",
    ],
};

const PATCHES: Dialect = Dialect {
    update_user: Update::PatchWhole,
    deactivate: Deactivate::PatchWithoutPath,
    find_user: Find::By(&["externalId"]),
    find_group: Find::Never,
    groups: None,
    keeps_ids: false,
    page: None,
    ..Dialect::PLAIN
};

fn names_connection(arrival: &Arrival<'_>) -> bool {
    let body = arrival.request.body.as_ref();
    let sent = body.and_then(|body| body.get("externalId")).and_then(|id| id.as_str());
    sent.is_some_and(|id| id.starts_with("auth0|"))
        || arrival
            .request
            .query_value("filter")
            .is_some_and(|filter| filter.contains("externalId eq \"auth0|"))
}
