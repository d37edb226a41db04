//! What a directory's contract decides where the RFC leaves a choice. The core reads these switches and never learns
//! which IdP set them; `lockstep-idp` fills them in.

use lockstep_scim::patch::{self, Patch, PatchOptions};
use lockstep_scim::resource::Unknown;
use lockstep_scim::{Definition, Error, Object, ScimType};

/// What happens to a member id that names nobody in this directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnknownMember {
    /// The request is refused with 400 `invalidValue`, and nothing of it happens.
    Refuse,
    /// The member is left out, and the rest of the request happens. The record of the request says so.
    LeaveOut,
}

/// The switches of one contract.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rules {
    /// Attributes that no schema of the directory knows: kept out and reported, or refused with 400.
    pub unknown_attributes: Unknown,
    /// Member ids that name nobody.
    pub unknown_members: UnknownMember,
    /// Whether two users, or two groups, of one directory may not share an externalId: 409 `uniqueness`. RFC 7643
    /// §3.1 leaves it to the client; an IdP that gives its own ids never means two by one.
    pub unique_external_ids: bool,
    /// Whether two groups of one directory may not share a displayName (compared case-folded): 409 `uniqueness`.
    pub unique_group_names: bool,
    /// Choices within PATCH (RFC 7644 §3.5.2).
    pub patch: PatchOptions,
    /// Whether a body must name its schemas (RFC 7643 §3). Where not, they are taken from the endpoint.
    pub require_schemas: bool,
    /// Whether the form of values is checked where the standard says it (RFC 7643 §4.1.2): a country has two letters,
    /// a certificate is one. Also in `patch`.
    pub check_formats: bool,
    /// Whether a successful PATCH of a group answers 204 without a body instead of 200 with the group.
    pub group_patch_answers_no_content: bool,
    /// Whether a PATCH that takes `active` away leaves it as it was. Where it does not, the attribute is unassigned as
    /// the RFC says, and the user is inactive: what nobody vouches for is no access.
    pub active_is_never_unassigned: bool,
    /// Whether a PUT that does not say `externalId` leaves it as it was. For IdPs whose PUT forgets it: without it
    /// they do not find again what they sent.
    pub put_keeps_external_id: bool,
    /// Whether a PATCH of a user that fails is told of the `add` through a filter that selects nothing, which the RFC
    /// refuses and which is let pass where all else is right. Where not, it is told what failed in the end.
    pub refusals_are_strict: bool,
}

impl Rules {
    /// Gives the body of a PUT the externalId of what it replaces, where the contract wants that.
    pub fn keep_external_id(&self, doc: &mut Object, current: &Object) {
        if self.put_keeps_external_id
            && !doc.contains_key("externalId")
            && let Some(kept) = current.get("externalId")
        {
            doc.insert("externalId".into(), kept.clone());
        }
    }

    /// What a PATCH of `current` is told that failed with `error`.
    pub(crate) fn refusal(
        &self,
        patch: &Patch,
        current: &Object,
        definition: &Definition,
        error: Error,
    ) -> Error {
        if !self.refusals_are_strict || !self.patch.unmatched_add_creates {
            return error;
        }
        let strict = PatchOptions { unmatched_add_creates: false, ..self.patch.clone() };
        let refused = patch::apply(&patch.operations, current, definition, &strict, &patch.limits).err();
        refused.filter(|refused| refused.scim_type == Some(ScimType::NoTarget)).unwrap_or(error)
    }
}

impl Default for Rules {
    /// `generic scim v2.0`: lenient where the RFC is silent or clients are known to err.
    fn default() -> Self {
        Self {
            unknown_attributes: Unknown::Ignore,
            unknown_members: UnknownMember::Refuse,
            unique_external_ids: false,
            unique_group_names: true,
            patch: PatchOptions::default(),
            require_schemas: false,
            check_formats: false,
            group_patch_answers_no_content: false,
            active_is_never_unassigned: false,
            put_keeps_external_id: false,
            refusals_are_strict: true,
        }
    }
}
