//! Canaille. It reads and validates the discovery documents before each push, finds everything by its own ids, and
//! replaces whole resources. What fails is logged and not sent again.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::detect::{Sign, Strength};
use crate::dialect::{Deactivate, Dialect, Find, GroupPush, MemberWrite, Removal, Spelling, Update};
use crate::provider::{
    Authentication, Call, Demand, Does, Mapping, Need, Provider, Reaction, Refused, Scheme, Setup,
};
use crate::quirk::{Basis, MetBy, Quirk};

const CLIENT: &str = "yaal-coop/canaille:canaille/scim/client.py";
const CASTING: &str = "yaal-coop/canaille:canaille/scim/casting.py";
const PAGE: &str = "yaal-coop/canaille:doc/howtos/provisioning.rst";
const LIBRARY: &str = "python-scim/scim2-client:scim2_client/client.py";

pub(crate) static CANAILLE: Provider = Provider {
    slug: "canaille",
    name: "Canaille",
    directory_types: &[],
    rules,
    repairs: super::generic::REPAIRS,
    quirks: &[
        Quirk {
            id: "CANAILLE-DISC-01",
            title: "scim2-client discovers and validates all three discovery documents before anything else",
            met_by: MetBy::Rfc,
            contract: "discovery.http",
            sources: &[CLIENT],
            proven: Basis::Source,
        },
        Quirk {
            id: "CANAILLE-GROUP-01",
            title: "PUT group with members carrying $ref = our own meta.location",
            met_by: MetBy::Rfc,
            contract: "groups.http",
            sources: &[CLIENT],
            proven: Basis::Source,
        },
        Quirk {
            id: "CANAILLE-GROUP-02",
            title: "One filter request per member when a group is pushed (N+1)",
            met_by: MetBy::Rfc,
            contract: "groups.http",
            sources: &[CLIENT],
            proven: Basis::Source,
        },
        Quirk {
            id: "CANAILLE-GROUP-03",
            title: "An empty group is sent without members at all",
            met_by: MetBy::Rule("put_keeps_members"),
            contract: "groups.http",
            sources: &[CLIENT],
            proven: Basis::Source,
        },
    ],
    authentication: &[Authentication {
        scheme: Scheme::OwnTokens,
        note: "an opaque token that Canaille makes for the application's OIDC client, a new one every hour: not accepted \
               yet, since it can be known by introspection only (RFC 7662). Until then a proxy has to put the \
               directory's token in its place",
        source: CLIENT,
    }],
    dialect: Dialect {
        user_agent: Some("python-httpx/"),
        content_type: "application/scim+json",
        accept: Some("application/scim+json"),
        connection_test: &["GET /ServiceProviderConfig", "GET /ResourceTypes", "GET /Schemas"],
        find_user: Find::By(&["externalId"]),
        find_group: Find::By(&["externalId"]),
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
        keeps_ids: false,
        variants: &[],
        spelling: Spelling::Plain,
        reads_back: false,
        page: None,
        parallel: 1,
        full_cycle: "there is none",
        incremental_cycle: "at once with each change of a user or a group; each push reads the discovery documents, and a \
                            group looks up every member",
    },
    needs: &[
        Need {
            call: Call::Discovery,
            demand: Demand::Status(&[200]),
            otherwise: "the application is taken as one without SCIM, which only a line of the log says",
            source: CLIENT,
        },
        Need {
            call: Call::FindUser,
            demand: Demand::Status(&[200]),
            otherwise: "the push ends there",
            source: LIBRARY,
        },
        Need {
            call: Call::CreateUser,
            demand: Demand::Body,
            otherwise: "logged as failed, and not sent again",
            source: LIBRARY,
        },
        Need {
            call: Call::UpdateGroup,
            demand: Demand::Body,
            otherwise: "logged as failed, and not sent again",
            source: LIBRARY,
        },
    ],
    reactions: &[
        Reaction {
            call: Call::Discovery,
            to: &[Refused::Client, Refused::Server, Refused::Timeout],
            does: Does::GivesUp,
            note: "\"SCIM protocol not supported by client\" in the log; nothing is sent",
            source: CLIENT,
        },
        Reaction {
            call: Call::Any,
            to: &[Refused::Client, Refused::Server, Refused::Timeout],
            does: Does::GivesUp,
            note: "a warning in the log; the next change of the same user or group sends all of it again",
            source: CLIENT,
        },
    ],
    mapping: &[
        Mapping { from: "id", to: "externalId" },
        Mapping { from: "user_name", to: "userName" },
        Mapping { from: "formatted_name", to: "name.formatted" },
        Mapping { from: "given_name", to: "name.givenName" },
        Mapping { from: "family_name", to: "name.familyName" },
        Mapping { from: "display_name", to: "displayName" },
        Mapping { from: "title", to: "title" },
        Mapping { from: "preferred_language", to: "preferredLanguage" },
        Mapping { from: "profile_url", to: "profileUrl" },
        Mapping { from: "emails, the first as primary", to: "emails.value" },
        Mapping { from: "phone_numbers, the first as primary", to: "phoneNumbers.value" },
        Mapping { from: "no lock_date", to: "active" },
        Mapping {
            from: "employee_number",
            to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
        },
        Mapping {
            from: "organization",
            to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:organization",
        },
        Mapping {
            from: "department",
            to: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        },
    ],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "Canaille's configuration, and the administration of its clients",
        endpoint_field: "the URI of the client (client_uri)",
        token_field: "",
        steps: &[
            "In Canaille's configuration set ENABLE_CLIENT = true below [CANAILLE_SCIM].",
            "Make an OIDC client for the application, whose URI is the SCIM endpoint.",
            "Trust the client, or let its users consent: only then are they sent.",
            "Put a proxy in between that replaces Canaille's token by the directory's.",
        ],
        sources: &[PAGE, CLIENT, CASTING],
    },
    signs: &[Sign {
        name: "user-agent",
        what: "the User-Agent is that of the HTTP library httpx",
        strength: Strength::Weak,
        seen: |arrival| arrival.user_agent.is_some_and(|agent| agent.starts_with("python-httpx/")),
        source: CLIENT,
    }],
    notes: &[
        "its own tokens are not accepted yet",
        "releases that know nothing of RFC 9865 refuse the member `pagination` of this server's configuration, and then \
         take the server as one without SCIM (seen with scim2-client 0.7.3 and 0.8.0, not with 0.13.2)",
        "its code names `display` of a member, which no schema of this server has (RFC 7643 §8.7.1): with scim2-client \
         0.13.2 a group with members is not sent",
        "a user is sent once they consented to the application, or where the application is trusted",
    ],
};

fn rules() -> Rules {
    // A group without members is sent without the list.
    Rules { put_keeps_members: false, ..Rules::default() }
}
