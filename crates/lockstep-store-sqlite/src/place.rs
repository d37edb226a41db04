//! The place of a database: held while another one is put there, so that no server begins on half of it.

use std::fs;
use std::path::{Path, PathBuf};

use lockstep_store::StoreError;

use crate::error::{Error, Result};
use crate::file::{self, Held};

/// What SQLite keeps beside a database, and what may be nothing without it.
const PARTS: [&str; 3] = ["", "-wal", "-shm"];

/// The right to put a database in its place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    held: Held,
}

impl Place {
    /// Takes the place. Refused where a server runs on the database that is there.
    pub fn take(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { held: file::hold_place(path)? })
    }

    /// Whether somebody has the place of a database now, which is then being served or restored. Nothing is made or changed.
    #[must_use]
    pub fn is_taken(path: &Path) -> bool {
        file::is_held(path)
    }

    /// The database's real name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.held.path
    }

    /// Puts a file, which nobody has open and which is on the disk for good, in the place of nothing. It is the database
    /// when this answers, also after a loss of power.
    pub fn put(&self, file: &Path) -> Result<(), StoreError> {
        let place = self.path();
        if place.exists() {
            let shown = place.display();
            return Err(StoreError::Unavailable(format!("`{shown}` stands there already")));
        }
        for ending in ["-wal", "-shm"] {
            // Of a database that is gone: it would be taken for part of this one.
            remove(&file::beside(place, ending))?;
        }
        fs::rename(file, place).map_err(|error| failed("cannot put in place", place, &error))?;
        settle(place)
    }

    /// Puts away a database that nobody has open, this one or what belongs to it, under another name, where there is none
    /// yet. What it had not folded in yet goes with it.
    pub fn put_away(&self, database: &Path, to: &Path) -> Result<(), StoreError> {
        if to.exists() {
            return Err(StoreError::Unavailable(format!("`{}` stands there already", to.display())));
        }
        // Where it can be opened, one file holds all of it.
        if let Ok(connection) = file::writer(database) {
            let _ = file::shorten(&connection);
        }
        for ending in PARTS {
            let part = file::beside(database, ending);
            if part.exists() {
                fs::rename(&part, file::beside(to, ending))
                    .map_err(|error| failed("cannot put away", &part, &error))?;
            }
        }
        settle(database)
    }
}

/// Takes away what SQLite left beside a database that nobody has open, and makes it durable: then the one file is all of
/// it. Refused where there is something left to be folded in.
pub fn make_single(path: &Path) -> Result<(), StoreError> {
    let connection = file::writer(path)?;
    let whole = file::shorten(&connection).map_err(Error::from)?;
    connection.close().map_err(|(_, error)| Error::from(error))?;
    if !whole || file::log_bytes(path) > 0 {
        return Err(StoreError::Unavailable(format!(
            "`{}` is being read by another program",
            path.display()
        )));
    }
    for ending in ["-wal", "-shm"] {
        remove(&file::beside(path, ending))?;
    }
    fs::File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| failed("cannot make durable", path, &error))
}

fn remove(path: &PathBuf) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(failed("cannot remove", path, &error))
        }
        _ => Ok(()),
    }
}

fn settle(place: &Path) -> Result<(), StoreError> {
    // The directory may be new, and so may be what it is in.
    place.ancestors().skip(1).try_for_each(|parent| {
        file::sync_directory(parent).map_err(|error| failed("cannot make durable", parent, &error))
    })
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("{what} `{}`: {error}", path.display()))
}
