//! What SQLite's errors mean in words of the store: the one table for it.

use lockstep_store::StoreError;
use rusqlite::ErrorCode;

/// A result inside this crate.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong inside this crate.
#[derive(Debug)]
pub(crate) enum Error {
    /// SQLite said so.
    Engine(rusqlite::Error),
    /// A row holds what was never written by us.
    Content(String),
    /// Something that a store says of itself.
    Store(StoreError),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::Engine(error) => meaning(&error),
            Error::Content(what) => Self::Corrupt(what),
            Error::Store(error) => error,
        }
    }
}

fn meaning(error: &rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::PermissionDenied
            | ErrorCode::OperationInterrupted
            | ErrorCode::NoLargeFileSupport => StoreError::Unavailable(text),
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt(text),
            _ => StoreError::Fault(text),
        },
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => StoreError::Corrupt(text),
        _ => StoreError::Fault(text),
    }
}

/// Whether a failed COMMIT leaves open what is on the disk: the last write may have arrived, and its
/// acknowledgement not. Only a lock that was not given says that nothing was written.
pub(crate) fn leaves_commit_open(error: &rusqlite::Error) -> bool {
    !matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Whether an error comes of what a command brought, or of what this program wrote for it earlier, rather than of the
/// state of the database's file: then only that command must answer for it.
pub(crate) fn is_ours(error: &Error) -> bool {
    match error {
        Error::Engine(rusqlite::Error::SqliteFailure(failure, _)) => {
            matches!(
                failure.code,
                ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig
            )
        }
        Error::Engine(rusqlite::Error::SqlInputError { .. }) => false,
        // The rest of what the engine says: a value that does not fit its column or ours.
        Error::Content(_) | Error::Engine(_) => true,
        Error::Store(error) => match error {
            StoreError::Fault(_) | StoreError::Conflict { .. } | StoreError::NotFound { .. } => true,
            StoreError::Busy
            | StoreError::Stopping
            | StoreError::Unavailable(_)
            | StoreError::Unknown(_)
            | StoreError::Corrupt(_)
            | StoreError::Newer { .. } => false,
        },
    }
}
