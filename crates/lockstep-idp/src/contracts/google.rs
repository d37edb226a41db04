//! Google Workspace, provisioning outwards to the apps of its catalogue. Its wire is not published: what is told here
//! of calls is what a server must be ready for. Its Directory API, which would be read from here, is another thing.

use lockstep_core::rules::Rules;

use crate::attributes;
use crate::dialect::{Deactivate, Dialect, Find, Removal, Update};
use crate::provider::{Authentication, Call, Demand, Need, Provider, Scheme, Setup};

mod quirks;

const ABOUT: &str = "support.google.com/a/answer/7681608";
const CONFIGURE: &str =
    "knowledge.workspace.google.com/admin/users/advanced/configure-screensteps-user-provisioning";
const AWS: &str =
    "knowledge.workspace.google.com/admin/users/advanced/configure-amazon-web-services-user-provisioning";

pub(crate) static GOOGLE: Provider = Provider {
    slug: "google",
    name: "Google Workspace",
    directory_types: &["gsuite directory"],
    rules: Rules::default,
    repairs: super::generic::REPAIRS,
    quirks: quirks::QUIRKS,
    authentication: &[Authentication {
        scheme: Scheme::BearerToken,
        note: "pasted as Access token; there is no OAuth flow",
        source: AWS,
    }],
    dialect: Dialect {
        connection_test: &["GET /Users?count=1"],
        find_user: Find::By(&["userName"]),
        // Not published: the usual form is assumed.
        update_user: Update::PatchChanged,
        deactivate: Deactivate::PatchWithoutPath,
        delete_user: Removal::AfterDays(21),
        groups: None,
        user_external_id: false,
        variants: &[(
            "delete",
            &Dialect {
                connection_test: &["GET /Users?count=1"],
                update_user: Update::PatchChanged,
                deactivate: Deactivate::Delete,
                delete_user: Removal::AtOnce,
                groups: None,
                user_external_id: false,
                ..Dialect::PLAIN
            },
        )],
        incremental_cycle: "users are synced every few hours: silence of several hours is no fault",
        ..Dialect::PLAIN
    },
    needs: &[
        Need {
            call: Call::ConnectionTest,
            demand: Demand::Status(&[200]),
            otherwise: "the address or the token is not accepted, and autoprovisioning cannot be turned on",
            source: "authn-sh-docs.pages.dev/guides/scim/google-workspace",
        },
        Need {
            call: Call::DeleteUser,
            // A second one finds nobody, and nothing is lost.
            demand: Demand::Status(&[204, 404]),
            otherwise: "a user who was deleted there stays here",
            source: "better-auth/better-auth:packages/scim/src/scim-google-conformance.test.ts",
        },
    ],
    reactions: &[],
    // It is made for each app, from the app's attributes.
    mapping: &[],
    attributes: attributes::STANDARD,
    setup: Setup {
        place: "Menu > Apps > Web and mobile apps > the app > Autoprovisioning > Configure autoprovisioning",
        endpoint_field: "Endpoint URL",
        token_field: "Access token",
        steps: &[
            "Set up single sign-on for the app first: autoprovisioning is a part of a SAML app of Google's catalogue.",
            "Paste the Access token, and choose Continue.",
            "Paste the Endpoint URL, and choose Continue.",
            "Under App attributes, map every attribute that has an asterisk, and an e-mail address, and choose Continue.",
            "If only some are to be sent, search groups and choose their scope.",
            "Choose after which time a user is suspended or deleted: when the app is turned off for them, when they are \
             suspended at Google, when they are deleted at Google.",
            "Turn autoprovisioning on.",
        ],
        sources: &[CONFIGURE, AWS, ABOUT, "support.google.com/a/answer/9338944"],
    },
    signs: &[],
    notes: &[
        "there is no one default mapping: each application of its catalogue has its own",
        "users are synced every few hours, so a change may take as long to arrive",
        "archived users are left out: whoever is archived there stays here as they are",
        "a suspension and a deletion are triggers of their own, each after within 24 hours, 1, 7 or 21 days: a deletion \
         may come to an active user, and need not follow a suspension",
        "users of a secondary domain or from outside the organization are not sent, also where they are in a group that \
         is chosen",
        "no groups are known to be sent: they choose which users are",
        "where no address is mapped, a userName that is one is shown as the e-mail address",
        "which calls it makes and in which form is not published: what is told here of them is unproven",
    ],
};
