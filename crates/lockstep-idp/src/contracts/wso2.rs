//! WSO2 Identity Server's outbound connector. It names no schema, and its members carry the store of their names.

use lockstep_core::rules::Rules;
use serde_json::Value;

use crate::attributes;
use crate::detect::{Arrival, Sign, Strength};
use crate::dialect::{Deactivate, Dialect, GroupPush, MemberWrite, Removal, Update};
use crate::provider::{Authentication, Call, Demand, Does, Need, Provider, Reaction, Refused, Scheme, Setup};
use crate::quirk::{Basis, MetBy, Quirk};

const CONNECTOR: &str =
    "is.docs.wso2.com/en/7.1.0/guides/users/outbound-provisioning/outbound-connectors/scim2";
const CODE: &str = "wso2-extensions/identity-outbound-provisioning-scim2:components/org.wso2.carbon.identity.provisioning.connector.scim2/src/main/java/org/wso2/carbon/identity/provisioning/connector/scim2/SCIM2ProvisioningConnector.java";
const GROUPS: &str = "github.com/wso2/product-is/issues/16933";

pub(crate) static WSO2: Provider = Provider {
    slug: "wso2",
    name: "WSO2 Identity Server",
    directory_types: &[],
    rules: Rules::default,
    repairs: super::generic::REPAIRS,
    quirks: &[
        Quirk {
            id: "WSO2-CREATE-01",
            title: "schemas sent as an empty array",
            met_by: MetBy::Rfc,
            contract: "join.http",
            sources: &["github.com/wso2/docs-is/issues/1913"],
            proven: Basis::Source,
        },
        Quirk {
            id: "WSO2-GROUP-01",
            title: "add without path, value {members:[...]}, display prefixed by the user store \"PRIMARY/\"",
            met_by: MetBy::Rfc,
            contract: "group-push.http",
            sources: &["github.com/wso2/product-is/issues/5333", "github.com/wso2/product-is/issues/16933"],
            proven: Basis::Source,
        },
    ],
    authentication: &[
        Authentication {
            scheme: Scheme::Basic,
            note: "a user name and a password; the default. The password is the directory's token here",
            source: CODE,
        },
        Authentication {
            scheme: Scheme::BearerToken,
            note: "an access token, in versions whose connector has an authentication type",
            source: CODE,
        },
        Authentication {
            scheme: Scheme::Header,
            note: "a header of its own name, in the same versions",
            source: CODE,
        },
        Authentication { scheme: Scheme::Nothing, note: "possible there, never accepted here", source: CODE },
    ],
    dialect: Dialect {
        content_type: "application/json",
        accept: None,
        connection_test: &[],
        update_user: Update::Put,
        deactivate: Deactivate::Delete,
        delete_user: Removal::AtOnce,
        groups: Some(GroupPush {
            external_id: false,
            created_with_members: true,
            add: MemberWrite::Values(100),
            remove: MemberWrite::Filters(100),
            rename: Update::PatchPaths,
            deletes: true,
            nested: false,
            reads_without_members: false,
        }),
        user_external_id: false,
        page: None,
        keeps_ids: false,
        incremental_cycle: "a change is sent when it happens, and not again",
        variants: &[(
            "patch",
            &Dialect {
                content_type: "application/json",
                accept: None,
                connection_test: &[],
                deactivate: Deactivate::Delete,
                delete_user: Removal::AtOnce,
                user_external_id: false,
                page: None,
                keeps_ids: false,
                ..Dialect::PLAIN
            },
        )],
        ..Dialect::PLAIN
    },
    needs: &[
        Need {
            call: Call::FindUser,
            demand: Demand::List("Resources"),
            otherwise: "it knows no id to change or delete",
            source: CODE,
        },
        Need {
            call: Call::CreateUser,
            demand: Demand::Status(&[201]),
            otherwise: "the user is not provisioned",
            source: CODE,
        },
    ],
    reactions: &[Reaction {
        call: Call::Any,
        to: &[Refused::Client, Refused::Server, Refused::Timeout],
        does: Does::GivesUp,
        note: "the operation fails with an error in its log and is not sent again",
        source: CODE,
    }],
    mapping: &[],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "an outbound provisioning connection of the organization with the connector SCIM2",
        endpoint_field: "User Endpoint and Group Endpoint",
        token_field: "Access token",
        steps: &[
            "User Endpoint is the SCIM endpoint with `/Users` behind it, Group Endpoint with `/Groups`.",
            "Choose Bearer as authentication type where the version has one; else it sends a name and a password by HTTP Basic: give the token as the password.",
            "Leave password provisioning off: passwords are not kept here.",
            "Add the connection to the outbound provisioning of the applications or of the whole organization.",
        ],
        sources: &[CONNECTOR, CODE],
    },
    signs: &[Sign {
        name: "store-in-display",
        what: "a member's display name begins with the name of a user store: PRIMARY/",
        strength: Strength::Strong,
        seen: store_in_display,
        source: GROUPS,
    }],
    notes: &[
        "no default mapping is published: claims of its SCIM dialect are sent as they are",
        "a POST may have an empty list of schemas; they are taken from the endpoint and from the body",
        "members come with `display` names such as PRIMARY/ada and references to its own host, which are left out",
        "a deleted user is deleted here; deactivation is a change of a claim and unproven",
    ],
};

fn store_in_display(arrival: &Arrival<'_>) -> bool {
    let body = arrival.request.body.as_ref();
    let in_operations = body.and_then(|body| body.get("Operations")).and_then(Value::as_array);
    let values = in_operations.into_iter().flatten().filter_map(|operation| operation.get("value"));
    let lists =
        body.into_iter().chain(values).filter_map(|value| value.get("members")).filter_map(Value::as_array);
    let display = |member: &Value| member.get("display").and_then(Value::as_str).map(str::to_owned);
    lists.flatten().filter_map(display).any(|display| display.starts_with("PRIMARY/"))
}
