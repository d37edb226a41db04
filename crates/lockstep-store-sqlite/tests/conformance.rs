//! The promises of a store, on SQLite.

use lockstep_store::conformance::{Backend, kit::Handles};
use lockstep_store_sqlite::{Options, Sqlite};
use tempfile::TempDir;

struct InFile(TempDir);

impl Backend for InFile {
    type Store = Sqlite;

    fn create() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn open(&self, handles: Handles) -> Sqlite {
        let path = self.0.path().join("data").join("lockstep.db");
        Sqlite::open(&path, Options::new(handles.clock, handles.random)).unwrap()
    }
}

lockstep_store::conformance!(InFile);
