//! What an application's request records, as one value: so that it can be written in one transaction with the receipt of
//! the request, and with the bounds that it must keep.

use lockstep_core::client::OAuthClient;
use lockstep_core::clock::Timestamp;
use lockstep_core::id::{ApiKeyId, DirectoryNumber, TokenId};
use lockstep_core::model::{ApiKey, Organization, Token};

/// What is to be recorded.
#[derive(Clone, Debug)]
pub enum Entry {
    /// An organization, made or changed, with its domains.
    Organization(Box<Organization>),
    /// An organization that is changed, where it is still as it was read. The id is the same.
    Replacement {
        /// As it was read.
        before: Box<Organization>,
        /// As it shall be.
        after: Box<Organization>,
    },
    /// A bearer token of a directory.
    Token {
        /// Whose it is.
        directory: DirectoryNumber,
        /// The token; the time of its making is the time now.
        token: Token,
        /// How many tokens the directory may have then, those of OAuth clients not counted: an expired one gives way.
        max: usize,
    },
    /// A bearer token in place of another one, which ends soon.
    RotatedToken {
        /// Whose they are.
        directory: DirectoryNumber,
        /// The other one. It was issued to no client.
        old: TokenId,
        /// When it ends, where it does not end before that anyway.
        old_ends_at: Timestamp,
        /// The token; the time of its making is the time now.
        token: Token,
        /// As of [`Entry::Token`].
        max: usize,
    },
    /// An OAuth client of a directory.
    Client {
        /// Whose it is.
        directory: DirectoryNumber,
        /// The client.
        client: OAuthClient,
        /// How many the directory may have then.
        max: usize,
    },
    /// An API key.
    ApiKey {
        /// The key; the time of its making is the time now.
        key: ApiKey,
        /// How many there may be then: an expired one gives way.
        max: usize,
    },
    /// An API key in place of another one, which ends soon.
    RotatedApiKey {
        /// The other one.
        old: ApiKeyId,
        /// When it ends, where it does not end before that anyway.
        old_ends_at: Timestamp,
        /// The key; the time of its making is the time now.
        key: ApiKey,
        /// As of [`Entry::ApiKey`].
        max: usize,
    },
    /// Nothing but the receipt.
    Nothing,
}

/// What became of an entry. Unless it is done, nothing happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entered {
    /// It is recorded.
    Done,
    /// The request was carried out before: its receipt is there.
    Repeated,
    /// There are as many as there may be, and none of them has expired.
    Full,
    /// What was to be replaced is not there, or is another one by now.
    Stale,
    /// It would leave no API key from which nothing is kept.
    LastKey,
}

/// What became of an API key that was to be removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyRemoval {
    /// It is gone.
    Done,
    /// There is none.
    Missing,
    /// It stays: it is the last one from which nothing is kept.
    Last,
}
