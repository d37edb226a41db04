//! Connections that read. A read takes one, sees one state, and gives it back; nothing it begins outlives it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use crate::error::Result;
use crate::file;
use crate::statement::consistently;

/// The connections that nobody uses just now.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    idle_max: usize,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, idle_max: usize) -> Self {
        Self { path, idle: Mutex::new(Vec::new()), idle_max }
    }

    /// Reads on the caller's thread. A reader never waits for another: where all are in use, one more is opened, so
    /// there are at most as many as threads that read.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => file::reader(&self.path)?,
        };
        // Where this fails or panics the connection is closed with whatever it had begun.
        let found = consistently(&connection, read)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.idle_max {
            idle.push(connection);
        }
        Ok(found)
    }
}
