//! Microsoft Entra ID. It changes one attribute at a time by path, writes its operations with a capital and its
//! booleans as text, expects a replace to create what is missing, and deactivates about 30 days before it deletes.

use lockstep_core::rules::{Rules, UnknownMember};
use lockstep_scim::patch::PatchOptions;

use crate::advice::Advice;
use crate::detect::{Sign, Strength};
use crate::dialect::Dialect;
use crate::provider::{Provider, Setup};
use crate::repair;

mod issuer;
mod quirks;

pub(crate) use issuer::ISSUER;

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
    authentication: &[],
    dialect: Dialect::PLAIN,
    needs: &[],
    reactions: &[],
    mapping: &[],
    setup: Setup::UNKNOWN,
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
