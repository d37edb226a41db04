//! IBM Verify. Whoever loses the entitlement is deleted; who is suspended becomes inactive.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::dialect::{Dialect, Removal};
use crate::provider::{Authentication, Call, Demand, Mapping, Need, Provider, Scheme, Setup};
use crate::quirk::{Basis, MetBy, Quirk};

const PROVISIONING: &str =
    "ibm.com/docs/en/security-verify?topic=endpoints-configuring-provisioning-custom-applications";
const ATTRIBUTES: &str = "ibm.com/docs/en/security-verify?topic=applications-custom-application-supported-attributes-error-handling";
const ACCOUNTS: &str = "ibm.com/docs/en/security-verify?topic=applications-managing-account-lifecycle";

pub(crate) static IBM: Provider = Provider {
    slug: "ibm",
    name: "IBM Verify",
    directory_types: &[],
    rules: Rules::default,
    repairs: super::generic::REPAIRS,
    quirks: &[
        Quirk {
            id: "IBM-AUTH-01",
            title: "Bearer, OAuth, JSON web token or Basic",
            met_by: MetBy::Rfc,
            contract: "lifecycle.http",
            sources: &["ibm.com/docs/en/security-verify: Configuring provisioning for custom applications"],
            proven: Basis::Constructed,
        },
        Quirk {
            id: "IBM-DEL-01",
            title: "Removing access or deactivating the account DELETEs the user; suspend is active=false",
            met_by: MetBy::Rfc,
            contract: "lifecycle.http",
            sources: &["ibm.com/docs/en/security-verify: Configuring provisioning for custom applications"],
            proven: Basis::Constructed,
        },
    ],
    authentication: &[
        Authentication { scheme: Scheme::BearerToken, note: "OAuth Bearer Token", source: PROVISIONING },
        Authentication { scheme: Scheme::ClientCredentials, note: "OAuth", source: PROVISIONING },
        Authentication {
            scheme: Scheme::OwnTokens,
            note: "JSON Web Token: not accepted here",
            source: PROVISIONING,
        },
        Authentication {
            scheme: Scheme::Basic,
            note: "Basic Authentication; the password is the directory's token here",
            source: PROVISIONING,
        },
    ],
    dialect: Dialect {
        connection_test: &["GET /Users"],
        delete_user: Removal::AtOnce,
        groups: None,
        user_external_id: false,
        page: None,
        full_cycle: "an account synchronization, started through its API, lists all users and matches them by the adoption policy",
        incremental_cycle: "changes of profiles and entitlements are sent when they happen",
        ..Dialect::PLAIN
    },
    needs: &[
        Need {
            call: Call::ConnectionTest,
            demand: Demand::Status(&[200]),
            otherwise: "the base URL is not valid",
            source: PROVISIONING,
        },
        Need {
            call: Call::ConnectionTest,
            demand: Demand::List("Resources"),
            otherwise: "the base URL is not valid",
            source: PROVISIONING,
        },
    ],
    reactions: &[],
    mapping: &[
        Mapping { from: "preferred_username", to: "userName" },
        Mapping { from: "email", to: "emails[type eq \"work\"].value" },
        Mapping { from: "name", to: "name.formatted" },
        Mapping { from: "family_name", to: "name.familyName" },
        Mapping { from: "given_name", to: "name.givenName" },
        Mapping { from: "name", to: "displayName" },
        Mapping { from: "name", to: "nickName" },
        Mapping { from: "mobile_number", to: "phoneNumbers[type eq \"work\"].value" },
        Mapping { from: "job_title", to: "title" },
        Mapping { from: "language", to: "preferredLanguage" },
    ],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "Applications > Add application > Custom Application > Account lifecycle",
        endpoint_field: "SCIM Base URL",
        token_field: "Bearer token",
        steps: &[
            "Provide the details in General and Sign-on.",
            "Under Account lifecycle, enable provisioning and deprovisioning, and choose the grace period.",
            "Choose OAuth Bearer Token as authentication type, and give the SCIM Base URL and the token.",
            "Check the attribute mapping; a user name and a work address are mandatory.",
        ],
        sources: &[PROVISIONING, ATTRIBUTES, ACCOUNTS],
    },
    signs: &[],
    notes: &[
        "removing the entitlement, or deactivating the account, deletes the user; granting it again creates a new one under another id",
        "a deletion waits for the grace period that is set for the application",
        "suspending sets `active` to false; by which method is unproven",
        "groups are not managed for custom applications",
    ],
};
