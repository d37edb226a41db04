//! The one place where a database's URL becomes a backend.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use lockstep_core::clock::{Clock, Timestamp};
use lockstep_server::requests::{Keeping, Requests};
use lockstep_server::state::{Secrets, SystemSecrets};
use lockstep_store_sqlite::{Sqlite, SqliteRequests};

/// The machine's clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the handle through which everything else gets the time"
    )]
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_microsecond())
    }
}

/// A database by its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    /// A file of the embedded database.
    Sqlite(PathBuf),
}

impl Database {
    /// Reads `sqlite://path`, the path relative to where the program was started, or absolute.
    pub(crate) fn parse(url: &str) -> anyhow::Result<Self> {
        match url.split_once("://") {
            Some(("sqlite", ":memory:")) => {
                bail!("the database must be a file: a server that forgets what it acknowledged is none")
            }
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("sqlite", _)) => {
                bail!("the database URL names no file: write sqlite://path/to/lockstep.db")
            }
            Some(("postgres" | "postgresql", _)) => {
                bail!("PostgreSQL is not supported by this version: use sqlite://path/to/lockstep.db")
            }
            _ => {
                bail!("the database URL must begin with sqlite://, as in sqlite://lockstep-data/lockstep.db")
            }
        }
    }
}

/// Opens the embedded database.
pub(crate) fn open_sqlite(path: &Path, secrets: &Arc<SystemSecrets>) -> anyhow::Result<Sqlite> {
    let numbers = secrets.clone();
    let options =
        lockstep_store_sqlite::Options::new(Arc::new(SystemClock), Arc::new(move || numbers.random()));
    Sqlite::open(path, options).with_context(|| format!("cannot open the database {}", path.display()))
}

/// What records requests: a file beside the database, which no part of it relies on.
pub(crate) fn requests(keeping: Option<Keeping>, database: &Path) -> anyhow::Result<Requests> {
    let Some(keeping) = keeping else { return Ok(Requests::off()) };
    let path = SqliteRequests::beside(database);
    let log = SqliteRequests::open(&path).with_context(|| {
        format!(
            "cannot open the request records {}; they may be moved away, or switched off (`lockstep config`, [requests])",
            path.display()
        )
    })?;
    Ok(Requests::on(Arc::new(log), keeping))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_by_its_url() {
        assert_eq!(Database::parse("sqlite:///var/x.db").unwrap(), Database::Sqlite("/var/x.db".into()));
        assert_eq!(Database::parse("sqlite://x.db").unwrap(), Database::Sqlite("x.db".into()));
        for wrong in ["sqlite://", "sqlite://:memory:", "x.db", "mysql://x", "postgres://x"] {
            assert!(Database::parse(wrong).is_err(), "{wrong}");
        }
    }
}
