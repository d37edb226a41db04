//! What is known of an IdP, as a form that is filled in. Must not know any IdP.

use lockstep_core::mapping::StandardAttribute;
use lockstep_core::rules::Rules;

use crate::detect::Sign;
use crate::dialect::Dialect;
use crate::quirk::Quirk;
use crate::repair::Repair;

/// An IdP's contract.
#[derive(Debug)]
pub struct Provider {
    /// Short name: its folder in `contracts/`, its page in `docs/idp/`.
    pub slug: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// The directory `type`s, as WorkOS publishes them, that have this contract. None where WorkOS has no type for it:
    /// such a directory is of a generic type and names the contract.
    pub directory_types: &'static [&'static str],
    /// The switches of the core.
    pub rules: fn() -> Rules,
    /// What is repaired, in this order.
    pub repairs: &'static [Repair],
    /// Its deviations and habits, each with evidence.
    pub quirks: &'static [Quirk],
    /// How it shows who it is.
    pub authentication: &'static [Authentication],
    /// Which calls it makes, and in which form.
    pub dialect: Dialect,
    /// What it needs in answers.
    pub needs: &'static [Need],
    /// What it does when it is refused.
    pub reactions: &'static [Reaction],
    /// Which of its attributes becomes which of SCIM's, unless its administrator changes it.
    pub mapping: &'static [Mapping],
    /// What an application reads of a user by itself, and where it stands.
    pub attributes: &'static [StandardAttribute],
    /// What a page for its administrator says.
    pub setup: Setup,
    /// By what it is recognized.
    pub signs: &'static [Sign],
    /// What an administrator or a support engineer should know about how it behaves, and what it cannot do.
    pub notes: &'static [&'static str],
}

impl Provider {
    /// The type of a directory that is made for it.
    #[must_use]
    pub fn directory_type(&self) -> &'static str {
        self.directory_types.first().copied().unwrap_or(crate::GENERIC_TYPE)
    }

    /// Whether a directory of this type may have this contract: it is one of its own, or one that says nothing of whose
    /// it is.
    #[must_use]
    pub fn suits(&self, directory_type: &str) -> bool {
        self.directory_types.contains(&directory_type)
            || self.directory_types.is_empty() && directory_type == crate::GENERIC_TYPE
    }

    /// What it is known to do when this call is refused so: what is told of this call and this status goes before
    /// what is told of any call or of a whole class.
    #[must_use]
    pub fn reaction(&self, call: Call, refused: Refused) -> Option<&'static Reaction> {
        let class = match refused {
            Refused::Status(500..=599) => Refused::Server,
            Refused::Status(_) => Refused::Client,
            other => other,
        };
        let told = |call: Call, refused: Refused| {
            self.reactions.iter().find(|one| one.call == call && one.to.contains(&refused))
        };
        told(call, refused)
            .or_else(|| told(Call::Any, refused))
            .or_else(|| told(call, class))
            .or_else(|| told(Call::Any, class))
    }
}

/// One way to show who it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Authentication {
    /// Which.
    pub scheme: Scheme,
    /// What its administrator has to know of it.
    pub note: &'static str,
    /// Where it was seen.
    pub source: &'static str,
}

/// The ways to show who it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// A token that was pasted (RFC 6750).
    BearerToken,
    /// Client credentials of OAuth (RFC 6749 §4.4).
    ClientCredentials,
    /// The authorization code of OAuth (RFC 6749 §4.1): not offered.
    AuthorizationCode,
    /// Tokens that the IdP itself issues.
    OwnTokens,
    /// Name and password (RFC 7617).
    Basic,
    /// A header of its own.
    Header,
    /// Nothing: never accepted.
    Nothing,
}

/// What an IdP needs in the answer to a call, or it goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Need {
    /// In the answer to what.
    pub call: Call,
    /// What.
    pub demand: Demand,
    /// What it does otherwise.
    pub otherwise: &'static str,
    /// Where it was seen.
    pub source: &'static str,
}

/// The calls of IdPs, by what they are for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Call {
    /// Any of them.
    Any,
    /// `GET /ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`.
    Discovery,
    /// What the button "test connection" sends.
    ConnectionTest,
    /// A page of all users.
    ListUsers,
    /// A page of all groups.
    ListGroups,
    /// Is there such a user?
    FindUser,
    /// Is there such a group?
    FindGroup,
    /// One user by id.
    ReadUser,
    /// One group by id.
    ReadGroup,
    /// A new user.
    CreateUser,
    /// Changed attributes of a user.
    UpdateUser,
    /// `active` becomes false.
    DeactivateUser,
    /// `active` becomes true.
    ReactivateUser,
    /// A user goes.
    DeleteUser,
    /// A new group.
    CreateGroup,
    /// Changed attributes of a group.
    UpdateGroup,
    /// Somebody joins a group.
    AddMembers,
    /// Somebody leaves a group.
    RemoveMembers,
    /// A group goes.
    DeleteGroup,
}

/// What an answer must have. Besides its status and form nothing is asked of a refusal: what follows then is a
/// [`Reaction`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Demand {
    /// One of these statuses.
    Status(&'static [u16]),
    /// A value there, by JSON Pointer (RFC 6901): `/id`.
    Present(&'static str),
    /// This value there, as JSON: `/patch/supported` and `true`.
    Is(&'static str, &'static str),
    /// What was sent there comes back as it was sent, where something was.
    Echo(&'static str),
    /// Each resource of a list has a value there, by JSON Pointer into the resource.
    EachHas(&'static str),
    /// The list of this name is there, also where it is empty, and a list.
    List(&'static str),
    /// A body.
    Body,
    /// What has a body is JSON, refusals too.
    Json,
    /// No `null` stands anywhere in the body.
    NoNulls,
    /// A `Content-Type` that begins with one of these, where there is a body.
    ContentType(&'static [&'static str]),
    /// An answer within so many milliseconds. Told, and never a test.
    Within(u32),
}

/// What an IdP does when it is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reaction {
    /// On which call.
    pub call: Call,
    /// By which answers.
    pub to: &'static [Refused],
    /// What.
    pub does: Does,
    /// In words, with numbers where they are known.
    pub note: &'static str,
    /// Where it was seen.
    pub source: &'static str,
}

/// How a request can be refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// With this status.
    Status(u16),
    /// With any 4xx that is not told by itself.
    Client,
    /// With any 5xx that is not told by itself.
    Server,
    /// By no answer in time.
    Timeout,
}

/// What follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Does {
    /// It sends the same again, by itself.
    Retries,
    /// It sends it again at its next cycle.
    RetriesNextCycle,
    /// It gives up until somebody looks.
    GivesUp,
    /// It looks the resource up and goes on with the one that it finds.
    Links,
    /// It makes the resource anew.
    Creates,
    /// It takes it as done.
    TakesAsDone,
    /// It stops everything for this application.
    Stops,
}

/// One attribute of the default mapping.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mapping {
    /// The IdP's name for it.
    pub from: &'static str,
    /// SCIM's: `emails[type eq "work"].value`.
    pub to: &'static str,
}

/// What a page for an IdP's administrator needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setup {
    /// Where it is set up, as a path through its menus.
    pub place: &'static str,
    /// What its field for the SCIM endpoint is called.
    pub endpoint_field: &'static str,
    /// What its field for the bearer token is called.
    pub token_field: &'static str,
    /// What to do, in order, in its own words for things.
    pub steps: &'static [&'static str],
    /// Where this and the default mapping were seen.
    pub sources: &'static [&'static str],
}

impl Setup {
    /// Nothing is known.
    pub const UNKNOWN: Self =
        Self { place: "", endpoint_field: "", token_field: "", steps: &[], sources: &[] };
}
