//! What can go wrong in a store, in words of the domain.

/// A result of a store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a store did not do what was asked. Texts are for the operator; clients learn only the kind.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// Something that must be unique is another's.
    #[error("{what} is taken")]
    Conflict {
        /// What: `external_id`, …
        what: &'static str,
    },
    /// What the write is for is not there, or no longer. Nothing happened.
    #[error("there is no such {what}")]
    NotFound {
        /// What: `directory`, …
        what: &'static str,
    },
    /// Too many commands wait already. Nothing happened; try again.
    #[error("too many writes are waiting")]
    Busy,
    /// The server is stopping and takes no more writes. Nothing happened.
    #[error("the store is stopping")]
    Stopping,
    /// The database cannot be written or read now: locked, full, read-only, unreachable. Nothing happened; it may
    /// work again by itself.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The commit failed in a way that leaves open whether it happened. The client must ask.
    #[error("the database did not say whether it committed: {0}")]
    Unknown(String),
    /// The database's content is damaged.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// A newer version of Lockstep has written the database.
    #[error(
        "the database has the schema version {found}, and this version of lockstep knows {known}: use a newer one"
    )]
    Newer {
        /// The version in the database.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// A fault of ours.
    #[error("fault in the store: {0}")]
    Fault(String),
}
