//! The normalized model: what an organization, a directory, a user and a group are. Plain data; who may change what
//! stands in `plan.rs`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_scim::{Object, text};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::credential_header::CredentialHeader;
use crate::id::{ApiKeyId, ClientId, DirectoryId, DomainId, LocalId, OrganizationId, RequestId, TokenId};
use crate::mapping::Projection;
use crate::recognition::Recognition;
use crate::schemas::Sweep;
use crate::scope::Scopes;
use crate::settings::Settings;

/// A customer of the application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// What people call it.
    pub name: String,
    /// The application's own id for it; unique on this server.
    pub external_id: Option<String>,
    /// Whatever the application wants to keep with it.
    pub metadata: BTreeMap<String, String>,
    /// The domains that are its own, by id.
    pub domains: Vec<OrganizationDomain>,
    /// Whether the application lets people of other domains in. Only kept: nothing here depends on it.
    pub allow_profiles_outside_organization: bool,
    /// Under which id a payment service knows it. Only kept.
    pub stripe_customer_id: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Organization {
    /// The domain by which its directories are shown: the first that it got.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domains.first().map(|domain| domain.name.as_str())
    }
}

/// A domain of an organization.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrganizationDomain {
    /// Its id.
    pub id: DomainId,
    /// The domain in lower case ASCII, as DNS has it; on this server one organization's alone.
    pub name: String,
    /// Whether somebody has said that it is the organization's.
    pub state: DomainState,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Whether a domain is known to be its organization's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DomainState {
    /// Nobody has said so.
    Pending,
    /// The application has said so.
    Verified,
}

impl DomainState {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Pending, Self::Verified];

    /// The name that the application's API uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Verified => "verified",
        }
    }

    /// Reads that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// Whether a directory serves its IdP.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryState {
    /// It does.
    Linked,
    /// The operator paused it: its IdP gets 403 and shows that to its administrator.
    Unlinked,
    /// It was deleted and answers 404; its rows are being cleared.
    Deleting,
}

impl DirectoryState {
    /// The name that the application's API uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Unlinked => "unlinked",
            Self::Deleting => "deleting",
        }
    }
}

/// One IdP's connection to one organization.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directory {
    /// Its id; the number in it leads every key of its rows.
    pub id: DirectoryId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// What people call it.
    pub name: String,
    /// The kind of IdP by the name that WorkOS gives it (`generic scim v2.0`), as given.
    pub directory_type: String,
    /// Which contract it is held to (the `slug` of a provider in `lockstep-idp`).
    pub contract: String,
    /// How it came by it, and which other one is suggested.
    pub recognition: Recognition,
    /// Whether it serves.
    pub state: DirectoryState,
    /// When it was made.
    pub created_at: Timestamp,
    /// What its operator asks besides the contract.
    pub settings: Settings,
    /// In which header its IdP may send the bearer token besides `Authorization`.
    pub credential_header: CredentialHeader,
    /// Grows with each change of what its requests are read by: its settings, its own schemas, and what is mapped. A
    /// command that was read under another version is not carried out.
    pub terms_version: u64,
    /// What stored resources must still follow of a change of its schemas, or of what is mapped.
    pub sweep: Option<Arc<Sweep>>,
    /// Whether being in a group may give a user a role.
    pub maps_roles: bool,
    /// With which version of what contracts map by themselves its users were, or are being, made what they are
    /// ([`STANDARD_VERSION`](crate::mapping::STANDARD_VERSION)).
    pub standard_version: u64,
    /// When it was last changed (not its users or groups).
    pub updated_at: Timestamp,
}

/// Where a directory's log stands, and what is counted. One row, locked by every write to the directory.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Head {
    /// The number of the last event; 0 before the first.
    pub last_seq: u64,
    /// The last [`LocalId`] given out.
    pub last_id: u64,
    /// The time of the last event: times in a directory never decrease.
    pub last_at: Timestamp,
    /// How many users are active.
    pub users_active: u64,
    /// How many users are not.
    pub users_inactive: u64,
    /// How many groups there are, ended ones left out.
    pub groups: u64,
}

/// A user: the SCIM resource without what is derived (`id`, `meta`, `groups`), and what an application reads of it.
#[derive(Clone, PartialEq, Debug)]
pub struct User {
    /// Its identity within the directory.
    pub id: LocalId,
    /// The resource, with canonical attribute names and its `schemas`.
    pub doc: Object,
    /// What was made of it for applications; `None` where that was before anything could be mapped.
    pub projection: Option<Projection>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the resource was last changed: what SCIM shows.
    pub modified_at: Timestamp,
    /// The number of the last event that changed the resource.
    pub doc_seq: u64,
    /// When an event last told of the user itself: what applications are shown.
    pub updated_at: Timestamp,
    /// The number of the last event about the user itself.
    pub seq: u64,
}

impl User {
    /// What applications read of it.
    #[must_use]
    pub fn projection(&self) -> Cow<'_, Projection> {
        Projection::known(self.projection.as_ref(), &self.doc)
    }

    /// The userName as it was given.
    #[must_use]
    pub fn user_name(&self) -> &str {
        text_of(&self.doc, "userName").unwrap_or_default()
    }

    /// The userName as it is compared.
    #[must_use]
    pub fn user_name_key(&self) -> String {
        text::user_name_key(self.user_name())
    }

    /// The IdP's own id for the user.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        text_of(&self.doc, "externalId")
    }

    /// The externalId as it is compared: exactly, in Unicode's composed form.
    #[must_use]
    pub fn external_id_key(&self) -> Option<String> {
        self.external_id().map(|id| text::compose(id).into_owned())
    }

    /// Whether the user may use the application.
    #[must_use]
    pub fn active(&self) -> bool {
        is_active(&self.doc)
    }

    /// The displayName as it is compared.
    #[must_use]
    pub fn display_name_key(&self) -> Option<String> {
        text_of(&self.doc, "displayName").map(|name| text::fold(name).into_owned())
    }

    /// The e-mail addresses as they are compared, each once.
    #[must_use]
    pub fn email_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self
            .doc
            .get("emails")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|email| email.get("value")?.as_str())
            .map(|value| text::fold(value).into_owned())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// A group: the SCIM resource without what is derived and without its members, which are rows of their own.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// Its identity within the directory.
    pub id: LocalId,
    /// The resource, with canonical attribute names and its `schemas`; no `members`.
    pub doc: Object,
    /// The groups that are members of this one, in order of id: direct ones only.
    pub nested: Vec<LocalId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it or its membership was last changed.
    pub modified_at: Timestamp,
    /// The number of the last event about the group or its membership.
    pub seq: u64,
    /// The number of the last event about the group itself.
    pub doc_seq: u64,
    /// The request that deleted it, while its memberships are still being ended: it is gone for everyone but the log.
    pub ended: Option<RequestId>,
}

impl Group {
    /// Whether it was deleted and only its memberships are still to be ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// The displayName as it was given.
    #[must_use]
    pub fn display_name(&self) -> &str {
        text_of(&self.doc, "displayName").unwrap_or_default()
    }

    /// The displayName as it is compared.
    #[must_use]
    pub fn display_name_key(&self) -> String {
        text::fold(self.display_name()).into_owned()
    }

    /// The IdP's own id for the group.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        text_of(&self.doc, "externalId")
    }

    /// The externalId as it is compared: exactly, in Unicode's composed form.
    #[must_use]
    pub fn external_id_key(&self) -> Option<String> {
        self.external_id().map(|id| text::compose(id).into_owned())
    }
}

/// A bearer token, by which an IdP is known. The secret itself is nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// SHA-256 of the secret.
    pub digest: [u8; 32],
    /// What people call it.
    pub name: Option<String>,
    /// What it may not do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not accepted; `None`: for ever.
    pub expires_at: Option<Timestamp>,
    /// When a request was last let in by it, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// The OAuth client that it was issued to; `None` for one that was given to an administrator.
    pub client: Option<ClientId>,
}

impl Token {
    /// A token without name, restriction and end.
    #[must_use]
    pub fn unrestricted(id: TokenId, digest: [u8; 32], created_at: Timestamp) -> Self {
        Self {
            id,
            digest,
            name: None,
            scopes: Scopes::EVERYTHING,
            created_at,
            expires_at: None,
            last_used_at: None,
            client: None,
        }
    }

    /// Whether it is accepted at this time.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// What an API key reaches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Every organization.
    Everything,
    /// Only these.
    Organizations(Vec<OrganizationId>),
}

impl Reach {
    /// Whether `organization` is within reach.
    #[must_use]
    pub fn covers(&self, organization: OrganizationId) -> bool {
        match self {
            Self::Everything => true,
            Self::Organizations(list) => list.contains(&organization),
        }
    }
}

/// An API key, by which the application is known. The secret itself is nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// SHA-256 of the secret.
    pub digest: [u8; 32],
    /// What people call it.
    pub name: Option<String>,
    /// As much of the secret as may be shown, so that people know which one it is.
    pub shown: String,
    /// What it reaches.
    pub reach: Reach,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not accepted; `None`: for ever.
    pub expires_at: Option<Timestamp>,
    /// When a request was last let in by it, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// A key that reaches everything, for ever, of which nothing is shown.
    #[must_use]
    pub fn unrestricted(id: ApiKeyId, digest: [u8; 32], created_at: Timestamp) -> Self {
        Self {
            id,
            digest,
            name: None,
            shown: "…".to_owned(),
            reach: Reach::Everything,
            read_only: false,
            created_at,
            expires_at: None,
            last_used_at: None,
        }
    }

    /// Whether it is accepted at this time.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether nothing is kept from it, ever. Of these one must remain.
    #[must_use]
    pub fn is_master(&self) -> bool {
        self.reach == Reach::Everything && !self.read_only && self.expires_at.is_none()
    }

    /// Whether this key does whatever a key with this reach does.
    #[must_use]
    pub fn covers(&self, reach: &Reach, read_only: bool) -> bool {
        let reaches = match (&self.reach, reach) {
            (Reach::Everything, _) => true,
            (Reach::Organizations(_), Reach::Everything) => false,
            // A key whose organizations are all gone reaches nothing, and is nobody's but whose that reaches all.
            (Reach::Organizations(own), Reach::Organizations(list)) => {
                !list.is_empty() && list.iter().all(|organization| own.contains(organization))
            }
        };
        reaches && (!self.read_only || read_only)
    }
}

/// Whether a user's resource says that it is active. A new user's always says something; where an IdP has taken the
/// attribute away, nobody says that the user may come in.
#[must_use]
pub fn is_active(doc: &Object) -> bool {
    doc.get("active").and_then(Value::as_bool).unwrap_or(false)
}

fn text_of<'a>(doc: &'a Object, attribute: &str) -> Option<&'a str> {
    doc.get(attribute).and_then(Value::as_str)
}
