//! Versions of resources (RFC 7644 §3.14). A version is the number of the last event that changed what is visible, so
//! it needs no counter of its own and replay gives the same (`docs/decisions/0003-etags.md`).

use crate::id::LocalId;
use crate::model::{Group, User};

/// A group of which a user is a member, as the user's `groups` attribute shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupOfUser {
    /// The group.
    pub id: LocalId,
    /// Its displayName.
    pub display_name: String,
    /// The number of the last event about the group itself.
    pub doc_seq: u64,
}

impl From<&Group> for GroupOfUser {
    fn from(group: &Group) -> Self {
        Self { id: group.id, display_name: group.display_name().to_owned(), doc_seq: group.doc_seq }
    }
}

/// What a write demands of the version that it finds (RFC 9110 §13.1.1, §13.1.2).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Precondition {
    /// Nothing.
    #[default]
    None,
    /// That the resource exists (`If-Match: *`).
    Exists,
    /// That its version is one of these, each as [`user`] or [`group`] writes it.
    OneOf(Vec<String>),
    /// That its version is none of these (`If-None-Match`); `*` stands for every version.
    NoneOf(Vec<String>),
}

impl Precondition {
    /// Whether a resource with version `tag` meets it.
    #[must_use]
    pub fn met_by(&self, tag: &str) -> bool {
        match self {
            Self::None | Self::Exists => true,
            Self::OneOf(tags) => tags.iter().any(|wanted| wanted == tag),
            Self::NoneOf(tags) => !tags.iter().any(|known| known == tag || known == "*"),
        }
    }

    /// Whether it asks for the version at all.
    #[must_use]
    pub fn asks_for_version(&self) -> bool {
        matches!(self, Self::OneOf(_) | Self::NoneOf(_))
    }
}

/// The strong ETag of a user: the last event that changed its resource and, where it is in groups, a digest of which and of their names.
/// `groups` in any order.
#[must_use]
pub fn user(user: &User, groups: &[GroupOfUser]) -> String {
    if groups.is_empty() {
        return format!("\"{}\"", user.doc_seq);
    }
    // A sum of well-mixed terms does not depend on the order of the groups.
    let digest =
        groups.iter().fold(0u64, |sum, group| sum.wrapping_add(mix(group.id.0 ^ mix(group.doc_seq))));
    format!("\"{}-{digest:x}\"", user.doc_seq)
}

/// The strong ETag of a group: the last event about it or its membership.
#[must_use]
pub fn group(group: &Group) -> String {
    format!("\"{}\"", group.seq)
}

/// Spreads every bit over all (the finalizer of SplitMix64).
fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
