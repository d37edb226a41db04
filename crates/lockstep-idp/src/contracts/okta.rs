//! Okta. It reads back what it wrote, links by userName, deactivates instead of deleting, and keeps no memory of a
//! refusal with 400: what fails so is lost until somebody looks.

use lockstep_core::rules::{Rules, UnknownMember};
use lockstep_scim::patch::PatchOptions;

use crate::advice::Advice;
use crate::detect::{Habit, Sign, Strength};
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
    signs: &[Sign {
        name: "user-agent",
        what: "the User-Agent begins with `Okta SCIM Client`",
        strength: Strength::Certain,
        seen: |arrival| arrival.user_agent.is_some_and(|agent| agent.starts_with("Okta SCIM Client")),
        source: "okta/okta-developer-docs:docs/reference/scim (requests as Okta sends them)",
    }],
    notes: &[
        "users are never deleted, only deactivated; a deactivated user stays until your own retention removes it",
        "a PATCH must be answered with 200 and the resource",
        "an app made with the integration wizard sends PUT where an app of the catalogue sends PATCH",
        "groups carry no externalId, and pushed groups keep deactivated users",
    ],
};

pub(super) static ADVICE: &[Advice] = &[Advice {
    name: "assigned-and-pushed",
    text: "this app changes users by PUT, as those of the integration wizard do, and pushes groups: push no group that \
           is assigned to the app as well, or memberships will be lost; make a group of its own for the push",
    fits: |exchange| {
        let habits = exchange.habits;
        exchange.operation.contains("/Groups")
            && habits.contains(&Habit::PutsUsers)
            && !habits.contains(&Habit::PatchesUsers)
            && (habits.contains(&Habit::PutsGroups) || habits.contains(&Habit::PatchesGroups))
    },
    source: "help.okta.com/en-us/content/topics/users-groups-profiles/usgp-group-push-troubleshoot.htm",
}];

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
