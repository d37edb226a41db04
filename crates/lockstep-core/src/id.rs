//! Identities and their written form. An id routes itself: a user's, group's or event's id carries the number of
//! its directory, so that no global index is needed to find it (`docs/decisions/0002-ids.md`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::{Random, Timestamp};

/// Crockford's base 32: no I, L, O or U, so that an id read aloud stays itself.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters that hold a directory's number (32 bits).
const NUMBER_WIDTH: usize = 7;
/// Characters that hold a [`LocalId`] (64 bits).
const LOCAL_WIDTH: usize = 13;
/// Characters that hold an event's number (40 bits) and its time (51 bits of microseconds).
const SEQ_WIDTH: usize = 8;
const TIME_WIDTH: usize = 11;
/// Characters that hold 128 bits.
const WIDE_WIDTH: usize = 26;

/// The highest number an event can have in its directory (40 bits).
pub const SEQ_MAX: u64 = (1 << 40) - 1;

/// Appends `width` characters of base 32, the highest digit first.
fn encode(out: &mut String, value: u128, width: usize) {
    for position in (0..width).rev() {
        let digit = (value >> (5 * position)) & 31;
        let byte = usize::try_from(digit).ok().and_then(|digit| ALPHABET.get(digit)).copied().unwrap_or(b'0');
        out.push(char::from(byte));
    }
}

/// Reads canonical base 32 (upper case); `None` for any other character or for more than `bits` bits.
fn decode(text: &str, bits: u32) -> Option<u128> {
    let mut value: u128 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|&known| known == byte)?;
        value = value.checked_mul(32)?.checked_add(u128::try_from(digit).ok()?)?;
    }
    (bits == 128 || value >> bits == 0).then_some(value)
}

/// Takes `width` characters off the front.
fn take(text: &str, width: usize) -> Option<(&str, &str)> {
    text.is_char_boundary(width).then(|| text.split_at_checked(width)).flatten()
}

/// The number of a directory: drawn at random when it is made, unique on the server. It leads every key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DirectoryNumber(pub u32);

/// A user or group within its directory. Later ones are greater: the upper 42 bits are milliseconds, the lower 22
/// are random, and a directory never gives one twice nor goes back, also when its clock does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalId(pub u64);

impl LocalId {
    /// The id after `last`, drawn at `now`.
    #[must_use]
    pub fn next(last: LocalId, now: Timestamp, random: &mut dyn Random) -> LocalId {
        let noise = random.next_u64();
        let timed = (now.millis() << 22) | (noise & ((1 << 22) - 1));
        // Within one millisecond, or with a clock that went back, count on by a small random step.
        LocalId(timed.max(last.0.saturating_add(1 + (noise & 0xff))))
    }
}

macro_rules! directory_bound_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name {
            /// The directory it belongs to.
            pub directory: DirectoryNumber,
            /// Its identity within the directory.
            pub local: LocalId,
        }

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Reads the written form; `None` for anything that [`fmt::Display`] would not have written.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let (number, local) = take(text.strip_prefix($prefix)?, NUMBER_WIDTH)?;
                if local.len() != LOCAL_WIDTH {
                    return None;
                }
                Some(Self {
                    directory: DirectoryNumber(u32::try_from(decode(number, 32)?).ok()?),
                    local: LocalId(u64::try_from(decode(local, 64)?).ok()?),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut out = String::with_capacity($prefix.len() + NUMBER_WIDTH + LOCAL_WIDTH);
                out.push_str($prefix);
                encode(&mut out, u128::from(self.directory.0), NUMBER_WIDTH);
                encode(&mut out, u128::from(self.local.0), LOCAL_WIDTH);
                f.write_str(&out)
            }
        }
    };
}

directory_bound_id!(
    /// A directory: its number, and a part that makes a guessed or recycled number useless.
    DirectoryId, "directory_"
);
directory_bound_id!(
    /// A user, in the API and as `id` of the SCIM User.
    UserId, "directory_user_"
);
directory_bound_id!(
    /// A group, in the API and as `id` of the SCIM Group.
    GroupId, "directory_group_"
);

/// An event: its directory, its number there and its time. Nothing of it is stored besides these, and a log that was
/// restored from a backup and went another way gives other ids.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EventId {
    /// The directory whose log holds the event.
    pub directory: DirectoryNumber,
    /// Its number in that log, from 1, without gaps; at most [`SEQ_MAX`].
    pub seq: u64,
    /// When it was committed.
    pub at: Timestamp,
}

impl EventId {
    /// What every event's id begins with.
    pub const PREFIX: &'static str = "event_";

    /// Reads the written form; `None` for anything that [`fmt::Display`] would not have written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, rest) = take(text.strip_prefix(Self::PREFIX)?, NUMBER_WIDTH)?;
        let (seq, at) = take(rest, SEQ_WIDTH)?;
        if at.len() != TIME_WIDTH {
            return None;
        }
        Some(Self {
            directory: DirectoryNumber(u32::try_from(decode(number, 32)?).ok()?),
            seq: u64::try_from(decode(seq, 40)?).ok()?,
            at: Timestamp(i64::try_from(decode(at, 55)?).ok()?),
        })
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::with_capacity(Self::PREFIX.len() + WIDE_WIDTH);
        out.push_str(Self::PREFIX);
        encode(&mut out, u128::from(self.directory.0), NUMBER_WIDTH);
        encode(&mut out, u128::from(self.seq), SEQ_WIDTH);
        encode(&mut out, u128::try_from(self.at.0).unwrap_or(0), TIME_WIDTH);
        f.write_str(&out)
    }
}

macro_rules! wide_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub u128);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new one: 48 bits of milliseconds, then 80 random bits, so that later ones sort later.
            #[must_use]
            pub fn draw(now: Timestamp, random: &mut dyn Random) -> Self {
                let noise = (u128::from(random.next_u64()) << 64) | u128::from(random.next_u64());
                Self((u128::from(now.millis()) << 80) | (noise >> 48))
            }

            /// Reads the written form; `None` for anything that [`fmt::Display`] would not have written.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let rest = text.strip_prefix($prefix)?;
                if rest.len() != WIDE_WIDTH || !rest.as_bytes().first().is_some_and(|&first| first <= b'7') {
                    return None;
                }
                decode(rest, 128).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut out = String::with_capacity($prefix.len() + WIDE_WIDTH);
                out.push_str($prefix);
                encode(&mut out, self.0, WIDE_WIDTH);
                f.write_str(&out)
            }
        }
    };
}

wide_id!(
    /// A customer of the application.
    OrganizationId, "org_"
);
wide_id!(
    /// A domain of a customer of the application.
    DomainId, "org_domain_"
);
wide_id!(
    /// One HTTP request; in the log line, in the answer's `x-request-id` and on the events that it caused.
    RequestId, "req_"
);
wide_id!(
    /// An API key, by which the application is known. Not the secret.
    ApiKeyId, "api_key_"
);
wide_id!(
    /// A bearer token, by which an IdP is known. Not the secret.
    TokenId, "directory_token_"
);
wide_id!(
    /// An OAuth client, to which bearer tokens are issued for a while.
    ClientId, "directory_client_"
);

#[cfg(test)]
mod tests;
