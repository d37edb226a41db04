//! What a directory's contract decides where the RFC leaves a choice. The core reads these switches and never learns
//! which IdP set them; `lockstep-idp` fills them in.

use lockstep_scim::patch::{self, Patch, PatchOptions};
use lockstep_scim::resource::Unknown;
use lockstep_scim::{Definition, Error, Object, ScimType};
use serde_json::Value;

use crate::limits::NAMES_SHOWN_LIMIT;

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
    /// Whether a PUT of a group that does not say `members` leaves them as they are. RFC 7644 §3.5.1 lets a server take
    /// what is absent for cleared, and a client that sends no empty list means that; but many leave out what they do not
    /// manage, and to keep loses nothing.
    pub put_keeps_members: bool,
    /// Whether a PUT leaves all that it does not name as it was, in complex attributes and extensions too. For IdPs
    /// whose PUT is a partial one. What it names without a value is cleared, and a list that it names is the whole list.
    pub put_keeps_absent: bool,
    /// Whether `groups` of a user can be written, and makes memberships (RFC 7643 §4.1.2 has it readOnly). For IdPs that
    /// manage memberships in no other way.
    pub memberships_through_users: bool,
    /// Whether the only e-mail address of a user is shown as the primary one where nobody said which is. What is kept
    /// and told stays as it was sent.
    pub only_address_is_primary: bool,
    /// Whether a user who comes without userName gets the address of its primary e-mail as such. Such a name is marked as
    /// derived and follows the address, until the IdP gives one.
    pub user_name_from_email: bool,
    /// Whether a PATCH of a user that fails is told of the `add` through a filter that selects nothing, which the RFC
    /// refuses and which is let pass where all else is right. Where not, it is told what failed in the end.
    pub refusals_are_strict: bool,
    /// Whether a bearer token is taken that came without the word `Bearer` (RFC 6750 §2.1), as it was pasted into a form
    /// for the header's whole value.
    pub bare_tokens: bool,
    /// Whether a bearer token is taken as the password of HTTP Basic (RFC 7617), whatever the user is called.
    pub basic_credentials: bool,
}

/// One switch, by its name. Those of PATCH and of reading stand where they are used, too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Rule {
    /// [`Rules::unknown_attributes`] are refused.
    RefuseUnknownAttributes,
    /// [`Rules::unknown_members`] are left out.
    LeaveOutUnknownMembers,
    /// [`Rules::unique_external_ids`].
    UniqueExternalIds,
    /// [`Rules::unique_group_names`].
    UniqueGroupNames,
    /// [`Rules::require_schemas`].
    RequireSchemas,
    /// [`Rules::check_formats`].
    CheckFormats,
    /// [`Rules::group_patch_answers_no_content`].
    GroupPatchAnswersNoContent,
    /// [`Rules::active_is_never_unassigned`].
    ActiveIsNeverUnassigned,
    /// [`Rules::put_keeps_external_id`].
    PutKeepsExternalId,
    /// [`Rules::put_keeps_members`].
    PutKeepsMembers,
    /// [`Rules::put_keeps_absent`].
    PutKeepsAbsent,
    /// [`Rules::memberships_through_users`].
    MembershipsThroughUsers,
    /// [`Rules::only_address_is_primary`].
    OnlyAddressIsPrimary,
    /// [`Rules::user_name_from_email`].
    UserNameFromEmail,
    /// [`Rules::refusals_are_strict`].
    RefusalsAreStrict,
    /// [`Rules::bare_tokens`].
    BareTokens,
    /// [`Rules::basic_credentials`].
    BasicCredentials,
    /// [`PatchOptions::unmatched_add_creates`].
    UnmatchedAddCreates,
    /// [`PatchOptions::unmatched_replace_creates`].
    UnmatchedReplaceCreates,
    /// [`PatchOptions::unmatched_remove_ok`].
    UnmatchedRemoveOk,
    /// [`PatchOptions::replace_complex_whole`].
    ReplaceComplexWhole,
    /// [`PatchOptions::elements_are_their_values`].
    ElementsAreTheirValues,
    /// [`PatchOptions::read_only_unchanged_ok`].
    ReadOnlyUnchangedOk,
    /// [`PatchOptions::undeclared_is_syntax`].
    UndeclaredIsSyntax,
    /// [`PatchOptions::paths_required`].
    PathsRequired,
    /// [`PatchOptions::filters_select_one`].
    FiltersSelectOne,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::RefuseUnknownAttributes,
        Self::LeaveOutUnknownMembers,
        Self::UniqueExternalIds,
        Self::UniqueGroupNames,
        Self::RequireSchemas,
        Self::CheckFormats,
        Self::GroupPatchAnswersNoContent,
        Self::ActiveIsNeverUnassigned,
        Self::PutKeepsExternalId,
        Self::PutKeepsMembers,
        Self::PutKeepsAbsent,
        Self::MembershipsThroughUsers,
        Self::OnlyAddressIsPrimary,
        Self::UserNameFromEmail,
        Self::RefusalsAreStrict,
        Self::BareTokens,
        Self::BasicCredentials,
        Self::UnmatchedAddCreates,
        Self::UnmatchedReplaceCreates,
        Self::UnmatchedRemoveOk,
        Self::ReplaceComplexWhole,
        Self::ElementsAreTheirValues,
        Self::ReadOnlyUnchangedOk,
        Self::UndeclaredIsSyntax,
        Self::PathsRequired,
        Self::FiltersSelectOne,
    ];

    /// Its name, in contracts and in the application's API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RefuseUnknownAttributes => "refuse_unknown_attributes",
            Self::LeaveOutUnknownMembers => "leave_out_unknown_members",
            Self::UniqueExternalIds => "unique_external_ids",
            Self::UniqueGroupNames => "unique_group_names",
            Self::RequireSchemas => "require_schemas",
            Self::CheckFormats => "check_formats",
            Self::GroupPatchAnswersNoContent => "group_patch_answers_no_content",
            Self::ActiveIsNeverUnassigned => "active_is_never_unassigned",
            Self::PutKeepsExternalId => "put_keeps_external_id",
            Self::PutKeepsMembers => "put_keeps_members",
            Self::PutKeepsAbsent => "put_keeps_absent",
            Self::MembershipsThroughUsers => "memberships_through_users",
            Self::OnlyAddressIsPrimary => "only_address_is_primary",
            Self::UserNameFromEmail => "user_name_from_email",
            Self::RefusalsAreStrict => "refusals_are_strict",
            Self::BareTokens => "bare_tokens",
            Self::BasicCredentials => "basic_credentials",
            Self::UnmatchedAddCreates => "unmatched_add_creates",
            Self::UnmatchedReplaceCreates => "unmatched_replace_creates",
            Self::UnmatchedRemoveOk => "unmatched_remove_ok",
            Self::ReplaceComplexWhole => "replace_complex_whole",
            Self::ElementsAreTheirValues => "elements_are_their_values",
            Self::ReadOnlyUnchangedOk => "read_only_unchanged_ok",
            Self::UndeclaredIsSyntax => "undeclared_is_syntax",
            Self::PathsRequired => "paths_required",
            Self::FiltersSelectOne => "filters_select_one",
        }
    }

    /// The rule with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }
}

impl Rules {
    /// Whether a rule holds.
    #[must_use]
    pub fn holds(&self, rule: Rule) -> bool {
        match rule {
            Rule::RefuseUnknownAttributes => self.unknown_attributes == Unknown::Refuse,
            Rule::LeaveOutUnknownMembers => self.unknown_members == UnknownMember::LeaveOut,
            Rule::UniqueExternalIds => self.unique_external_ids,
            Rule::UniqueGroupNames => self.unique_group_names,
            Rule::RequireSchemas => self.require_schemas,
            Rule::CheckFormats => self.check_formats,
            Rule::GroupPatchAnswersNoContent => self.group_patch_answers_no_content,
            Rule::ActiveIsNeverUnassigned => self.active_is_never_unassigned,
            Rule::PutKeepsExternalId => self.put_keeps_external_id,
            Rule::PutKeepsMembers => self.put_keeps_members,
            Rule::PutKeepsAbsent => self.put_keeps_absent,
            Rule::MembershipsThroughUsers => self.memberships_through_users,
            Rule::OnlyAddressIsPrimary => self.only_address_is_primary,
            Rule::UserNameFromEmail => self.user_name_from_email,
            Rule::RefusalsAreStrict => self.refusals_are_strict,
            Rule::BareTokens => self.bare_tokens,
            Rule::BasicCredentials => self.basic_credentials,
            Rule::UnmatchedAddCreates => self.patch.unmatched_add_creates,
            Rule::UnmatchedReplaceCreates => self.patch.unmatched_replace_creates,
            Rule::UnmatchedRemoveOk => self.patch.unmatched_remove_ok,
            Rule::ReplaceComplexWhole => self.patch.replace_complex_whole,
            Rule::ElementsAreTheirValues => self.patch.elements_are_their_values,
            Rule::ReadOnlyUnchangedOk => self.patch.read_only_unchanged_ok,
            Rule::UndeclaredIsSyntax => self.patch.undeclared_is_syntax,
            Rule::PathsRequired => self.patch.paths_required,
            Rule::FiltersSelectOne => self.patch.filters_select_one,
        }
    }

    /// Lets a rule hold, or not.
    pub fn set(&mut self, rule: Rule, on: bool) {
        match rule {
            Rule::RefuseUnknownAttributes => {
                self.unknown_attributes = if on { Unknown::Refuse } else { Unknown::Ignore };
                self.patch.unknown = self.unknown_attributes;
            }
            Rule::LeaveOutUnknownMembers => {
                self.unknown_members = if on { UnknownMember::LeaveOut } else { UnknownMember::Refuse };
            }
            Rule::UniqueExternalIds => self.unique_external_ids = on,
            Rule::UniqueGroupNames => self.unique_group_names = on,
            Rule::RequireSchemas => {
                self.require_schemas = on;
                self.patch.require_schemas = on;
            }
            Rule::CheckFormats => {
                self.check_formats = on;
                self.patch.check_formats = on;
            }
            Rule::GroupPatchAnswersNoContent => self.group_patch_answers_no_content = on,
            Rule::ActiveIsNeverUnassigned => self.active_is_never_unassigned = on,
            Rule::PutKeepsExternalId => self.put_keeps_external_id = on,
            Rule::PutKeepsMembers => self.put_keeps_members = on,
            Rule::PutKeepsAbsent => self.put_keeps_absent = on,
            Rule::MembershipsThroughUsers => self.memberships_through_users = on,
            Rule::OnlyAddressIsPrimary => self.only_address_is_primary = on,
            Rule::UserNameFromEmail => self.user_name_from_email = on,
            Rule::RefusalsAreStrict => self.refusals_are_strict = on,
            Rule::BareTokens => self.bare_tokens = on,
            Rule::BasicCredentials => self.basic_credentials = on,
            Rule::UnmatchedAddCreates => self.patch.unmatched_add_creates = on,
            Rule::UnmatchedReplaceCreates => self.patch.unmatched_replace_creates = on,
            Rule::UnmatchedRemoveOk => self.patch.unmatched_remove_ok = on,
            Rule::ReplaceComplexWhole => self.patch.replace_complex_whole = on,
            Rule::ElementsAreTheirValues => self.patch.elements_are_their_values = on,
            Rule::ReadOnlyUnchangedOk => self.patch.read_only_unchanged_ok = on,
            Rule::UndeclaredIsSyntax => self.patch.undeclared_is_syntax = on,
            Rule::PathsRequired => self.patch.paths_required = on,
            Rule::FiltersSelectOne => self.patch.filters_select_one = on,
        }
    }

    /// Whether all holds that draft-zollner-scim-interop-profile asks beyond the RFC.
    #[must_use]
    pub fn keep_interop_profile(&self) -> bool {
        [
            Rule::RefuseUnknownAttributes,
            Rule::UndeclaredIsSyntax,
            Rule::PathsRequired,
            Rule::FiltersSelectOne,
            Rule::ReplaceComplexWhole,
        ]
        .into_iter()
        .all(|rule| self.holds(rule))
    }

    /// The same with one rule put to what it is elsewhere: so a test shows that a contract fails without it.
    #[must_use]
    pub fn without(mut self, rule: Rule) -> Self {
        self.set(rule, !self.holds(rule));
        self
    }

    /// Gives the body of a PUT the externalId of what it replaces, where the contract wants that.
    pub fn keep_external_id(&self, doc: &mut Object, current: &Object) {
        if self.put_keeps_external_id
            && !doc.contains_key("externalId")
            && let Some(kept) = current.get("externalId")
        {
            doc.insert("externalId".into(), kept.clone());
        }
    }

    /// Gives the body of a PUT what it does not name of what it replaces, where the contract wants that, and says what.
    /// Null in it says that there is no value; it is taken out. `active` has rules of its own.
    pub(crate) fn keep_absent(&self, doc: &mut Object, current: &Object) -> Option<String> {
        if !self.put_keeps_absent {
            return None;
        }
        let mut kept = Vec::new();
        for (name, had) in current.iter().filter(|(name, _)| *name != "active") {
            match (doc.get_mut(name), had) {
                (None, had) => {
                    doc.insert(name.clone(), had.clone());
                    kept.push(name.clone());
                }
                (Some(Value::Object(given)), Value::Object(had)) => {
                    for (sub, had) in
                        had.iter().filter(|(sub, _)| !given.contains_key(*sub)).collect::<Vec<_>>()
                    {
                        given.insert(sub.clone(), had.clone());
                        kept.push(format!("{name}.{sub}"));
                    }
                }
                (Some(_), _) => {}
            }
        }
        for value in doc.values_mut() {
            if let Value::Object(given) = value {
                given.retain(|_, value| !value.is_null());
            }
        }
        doc.retain(|_, value| !value.is_null() && value.as_object().is_none_or(|given| !given.is_empty()));
        if kept.is_empty() {
            return None;
        }
        let others = kept.len().saturating_sub(NAMES_SHOWN_LIMIT);
        kept.truncate(NAMES_SHOWN_LIMIT);
        let others = if others > 0 { format!(" and {others} more") } else { String::new() };
        Some(format!(
            "not in the body, and so left as it was (put_keeps_absent): {}{others}",
            kept.join(", ")
        ))
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
            put_keeps_members: true,
            put_keeps_absent: false,
            memberships_through_users: false,
            only_address_is_primary: false,
            user_name_from_email: false,
            refusals_are_strict: true,
            bare_tokens: true,
            basic_credentials: true,
        }
    }
}
