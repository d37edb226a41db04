//! Okta. It reads back what it wrote, links by userName, deactivates instead of deleting, and keeps no memory of a
//! refusal with 400: what fails so is lost until somebody looks.

use lockstep_core::rules::{Rules, UnknownMember};
use lockstep_scim::patch::PatchOptions;

use crate::dialect::Dialect;
use crate::provider::{Provider, Setup};
use crate::repair;

mod quirks;

pub(crate) static OKTA: Provider = Provider {
    slug: "okta",
    name: "Okta",
    directory_types: &["okta scim v2.0"],
    rules,
    repairs: &[
        repair::PATH_SLASHES,
        repair::EMPTY_PARAMETERS,
        repair::DATE_FORMS,
        repair::PATCH_SCHEMA,
        repair::READ_ONLY_VALUES,
        repair::MEMBER_IN_FILTER,
        repair::WRAPPED_VALUES,
        repair::LIST_OF_ONE,
        repair::BOOLEAN_TEXT,
        repair::NUMBER_AS_TEXT,
        repair::EMPTY_REFERENCE,
        repair::BARE_VALUES,
        repair::VALUELESS_ELEMENTS,
    ],
    quirks: quirks::QUIRKS,
    authentication: &[],
    dialect: Dialect::PLAIN,
    needs: &[],
    reactions: &[],
    mapping: &[],
    setup: Setup::UNKNOWN,
    signs: &[],
    notes: &[
        "users are never deleted, only deactivated; a deactivated user stays until your own retention removes it",
        "a PATCH must be answered with 200 and the resource",
        "an app made with the integration wizard sends PUT where an app of the catalogue sends PATCH",
        "groups carry no externalId, and pushed groups keep deactivated users",
    ],
};

fn rules() -> Rules {
    // A push with one member that is not here yet must not lose the others: a 400 is final there.
    Rules {
        unknown_members: UnknownMember::LeaveOut,
        // Every answer must say whether the user is active.
        active_is_never_unassigned: true,
        // Whose value goes is gone, and a value named again is no second one.
        patch: PatchOptions { elements_are_their_values: true, ..PatchOptions::default() },
        // Its ids are its own, one a user.
        unique_external_ids: true,
        // A PUT that deactivates leaves the id out.
        put_keeps_external_id: true,
        // A name that is taken must be told as such, also beside an address that is made.
        refusals_are_strict: false,
        ..Rules::default()
    }
}
