//! The database's file: made so that only its owner reads it, opened by one process at a time, and each connection to
//! it set up alike.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lockstep_store::StoreError;
use rusqlite::{Connection, OpenFlags};

use crate::error::{Error, Result};

/// The oldest SQLite without the defect by which a WAL checkpoint could damage a database.
const VERSION_MIN: i32 = 3_051_003;
/// How long a connection waits for a lock that another program holds.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// How long the writer waits for readers of the write-ahead log before it goes on without having begun it anew.
const READERS_WAIT: Duration = Duration::from_millis(50);
/// More than the crate has statements.
const STATEMENTS_KEPT: usize = 256;

/// Holds the right to use a database's file; given back when dropped.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) path: PathBuf,
    _lock: File,
}

/// Takes a database's file for this process, making it where there is none. What is made stands in its directory for
/// good before this answers.
pub(crate) fn hold(path: &Path) -> Result<Held> {
    hold_with(path, sync_directory)
}

/// [`hold`] with another way to make a directory's entries durable.
pub(crate) fn hold_with(path: &Path, mut sync: impl FnMut(&Path) -> std::io::Result<()>) -> Result<Held> {
    if rusqlite::version_number() < VERSION_MIN {
        let found = rusqlite::version();
        return Err(StoreError::Fault(format!("SQLite {found} is too old: 3.51.3 or later is needed")).into());
    }
    let shown = path.display();
    let failed = |what: &str, error: &std::io::Error| {
        Error::Store(StoreError::Unavailable(format!("{what} `{shown}`: {error}")))
    };
    if path.is_dir() {
        return Err(
            StoreError::Unavailable(format!("`{shown}` is a directory: give the path of a file")).into()
        );
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_private_directory(parent).map_err(|error| failed("cannot make the directory of", &error))?;
    }
    private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
        .open(path)
        .map_err(|error| failed("cannot open", &error))?;
    // By its real name, so that a link to it leads to the same lock.
    let path = fs::canonicalize(path).map_err(|error| failed("cannot find", &error))?;
    // While it is empty nothing was acknowledged, and a start that was cut short may have made it and what it is in.
    if fs::metadata(&path).map_err(|error| failed("cannot find", &error))?.len() == 0 {
        for directory in path.ancestors().skip(1) {
            sync(directory).map_err(|error| failed("cannot make durable the directory of", &error))?;
        }
    }
    lock(path)
}

/// Takes the lock beside a database whose real name this is.
fn lock(path: PathBuf) -> Result<Held> {
    let shown = path.display();
    let failed = |what: &str, error: &std::io::Error| {
        Error::Store(StoreError::Unavailable(format!("{what} `{shown}`: {error}")))
    };
    let mut lock = private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
        .open(beside(&path, ".lock"))
        .map_err(|error| failed("cannot make the lock of", &error))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            let known = lock.read_to_string(&mut owner).is_ok() && !owner.is_empty();
            let owner = if known { format!("process {}", owner.trim()) } else { "another process".into() };
            return Err(
                StoreError::Unavailable(format!("`{shown}` is in use by {owner}: stop it first")).into()
            );
        }
        Err(TryLockError::Error(error)) => return Err(failed("cannot lock", &error)),
    }
    // Only told to whoever finds the file locked: it need not succeed.
    let _ =
        lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| write!(lock, "{}", std::process::id()));
    Ok(Held { path, _lock: lock })
}

/// Whether a process holds a database. Whoever would take it in this very moment is told that it is in use.
pub(crate) fn is_held(path: &Path) -> bool {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let Ok(lock) = File::open(beside(&path, ".lock")) else { return false };
    // Shared, so that two that look do not see each other.
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// What stands beside a database and bears its name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(ending);
    PathBuf::from(name)
}

/// Takes the place of a database for this process, whether or not there is one; of its name's directory at least the last
/// part is made.
pub(crate) fn hold_place(path: &Path) -> Result<Held> {
    let shown = path.display();
    let failed = |error: &std::io::Error| {
        Error::Store(StoreError::Unavailable(format!("cannot use the directory of `{shown}`: {error}")))
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_private_directory(parent).map_err(|error| failed(&error))?;
    let path = if let Ok(real) = fs::canonicalize(path) {
        real
    } else {
        let parent = fs::canonicalize(parent).map_err(|error| failed(&error))?;
        parent.join(path.file_name().unwrap_or_default())
    };
    if path.is_dir() {
        return Err(
            StoreError::Unavailable(format!("`{shown}` is a directory: give the path of a file")).into()
        );
    }
    lock(path)
}

/// Makes durable which entries a directory has. A file system that cannot do it does it without being asked, or not at
/// all.
#[cfg(unix)]
pub(crate) fn sync_directory(path: &Path) -> std::io::Result<()> {
    use std::io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    match File::open(path).and_then(|directory| directory.sync_all()) {
        Err(error) if matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => Ok(()),
        done => done,
    }
}

#[cfg(not(unix))]
pub(crate) fn sync_directory(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Makes a file that only its owner reads; an error where there is one.
pub(crate) fn create_private(path: &Path) -> std::io::Result<File> {
    private(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}

fn make_private_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// The writer's connection.
pub(crate) fn writer(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    if connection.is_readonly("main")? {
        return Err(StoreError::Unavailable(format!("`{}` cannot be written", path.display())).into());
    }
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Unavailable(format!(
            "`{}` is on a file system on which SQLite cannot keep a write-ahead log",
            path.display()
        ))
        .into());
    }
    // The log is folded into the database when the lane is idle; during a burst it may grow to 64 MB first.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 16000;
         PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;
         PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
    )?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

/// Folds the write-ahead log into the database as far as readers let it; whether all of it is there now.
pub(crate) fn fold(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        let (busy, frames, moved): (bool, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(!busy && moved >= frames)
    })
}

/// Folds the whole log in, waits a moment until nobody reads in it any more, and empties it; whether that came about.
pub(crate) fn shorten(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(READERS_WAIT)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
    connection.busy_timeout(BUSY_WAIT)?;
    busy.map(|busy| !busy)
}

/// How long the write-ahead log of a database is.
pub(crate) fn log_bytes(path: &Path) -> u64 {
    fs::metadata(beside(path, "-wal")).map_or(0, |file| file.len())
}

/// A reader's connection.
pub(crate) fn reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    set_up_reader(Connection::open_with_flags(path, flags)?)
}

/// A reader's connection to a file that nobody writes: SQLite neither locks it nor makes anything beside it.
pub(crate) fn still_reader(path: &Path) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let path = fs::canonicalize(path).map_err(|error| {
        Error::Store(StoreError::Unavailable(format!("cannot find `{}`: {error}", path.display())))
    })?;
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            byte => {
                let hex = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
                uri.extend(['%', hex(byte >> 4), hex(byte & 15)]);
            }
        }
    }
    uri.push_str("?immutable=1");
    set_up_reader(Connection::open_with_flags(uri, flags)?)
}

fn set_up_reader(connection: Connection) -> Result<Connection> {
    connection.busy_timeout(BUSY_WAIT)?;
    connection.execute_batch(
        "PRAGMA query_only = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;
         PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
    )?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}
