//! Cloudflare Access as a SCIM client of an application. Its bodies are what its administrator's mappings make.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::dialect::{Dialect, Removal};
use crate::provider::{Authentication, Call, Does, Provider, Reaction, Refused, Scheme, Setup};
use crate::quirk::{Basis, MetBy, Quirk};

const SCHEMA: &str =
    "github.com/cloudflare/cloudflare-go/commit/6106e08c90190f845188fdffb4be6986b77ed61f (scim_config)";
const MAPPING: &str = "raw.githubusercontent.com/api-evangelist/engineering-platform/refs/heads/main/json-schema/apis-io-engineering-platform-access-scim-config-schema.json";

pub(crate) static CLOUDFLARE: Provider = Provider {
    slug: "cloudflare",
    name: "Cloudflare Access",
    directory_types: &[],
    rules: Rules::default,
    repairs: super::generic::REPAIRS,
    quirks: &[
        Quirk {
            id: "CLOUDFLARE-AUTH-01",
            title: "Access sends Basic, bearer or OAuth 2",
            met_by: MetBy::Rfc,
            contract: "lifecycle.http",
            sources: &["Cloudflare Access application schema"],
            proven: Basis::Constructed,
        },
        Quirk {
            id: "CLOUDFLARE-DEL-01",
            title: "deactivate_on_delete switches between DELETE and active=false",
            met_by: MetBy::Rfc,
            contract: "lifecycle.http",
            sources: &[
                "Cloudflare Access application schema (scim_config: deactivate_on_delete, authentication basic, bearer or oauth2)",
            ],
            proven: Basis::Constructed,
        },
    ],
    authentication: &[
        Authentication {
            scheme: Scheme::BearerToken,
            note: "authentication scheme oauthbearertoken",
            source: SCHEMA,
        },
        Authentication {
            scheme: Scheme::ClientCredentials,
            note: "authentication scheme oauth2",
            source: SCHEMA,
        },
        Authentication {
            scheme: Scheme::Basic,
            note: "authentication scheme httpbasic; the password is the directory's token here",
            source: SCHEMA,
        },
    ],
    dialect: Dialect {
        content_type: "application/json",
        accept: None,
        connection_test: &[],
        groups: None,
        page: None,
        variants: &[(
            "deactivate_on_delete",
            &Dialect {
                content_type: "application/json",
                accept: None,
                connection_test: &[],
                delete_user: Removal::Never,
                groups: None,
                page: None,
                ..Dialect::PLAIN
            },
        )],
        ..Dialect::PLAIN
    },
    needs: &[],
    reactions: &[Reaction {
        call: Call::DeleteUser,
        to: &[Refused::Client],
        does: Does::GivesUp,
        note: "unproven; its schema says that some targets do not support DELETE, and offers deactivate_on_delete",
        source: MAPPING,
    }],
    mapping: &[],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "the `scim_config` of the Access application",
        endpoint_field: "remote_uri",
        token_field: "token",
        steps: &[
            "Set the identity provider whose users and groups are passed on (idp_uid).",
            "Set remote_uri to the SCIM endpoint, and the authentication to oauthbearertoken with the token.",
            "Set deactivate_on_delete if leavers shall stay here, inactive.",
            "Add mappings where the application needs other values than those of the identity provider.",
        ],
        sources: &[SCHEMA, MAPPING],
    },
    signs: &[],
    notes: &[
        "it passes on what another identity provider sent to it; no default mapping is published beyond that, and each can be a JSONata expression",
        "with deactivate_on_delete a deletion arrives as `active` false; both forms are handled",
        "whether it sends PATCH or PUT is unproven: its schema speaks of both",
    ],
};
