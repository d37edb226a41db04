//! The promises of a store, on SQLite.

use lockstep_core::batch::Answer;
use lockstep_core::command::Envelope;
use lockstep_store::conformance::{Backend, kit::Handles};
use tempfile::TempDir;

use crate::{Options, Sqlite};

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

    async fn submit_together(store: &Sqlite, envelopes: Vec<Envelope>) -> Vec<Answer> {
        super::submit_as_one(store, envelopes).await.into_iter().map(Result::unwrap).collect()
    }
}

lockstep_store::conformance!(InFile);
