//! The folder of a backup: written under another name and renamed once it is whole and on the disk for good. Also copies
//! that are counted and digested on the way.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use aws_lc_rs::digest::{self, Digest, SHA256};

/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 1024 * 1024;
/// Stands in a folder while somebody writes into it.
const LOCK: &str = ".lock";

/// A folder that is being written. What is in it is taken away where it does not come to its end.
#[derive(Debug)]
pub(crate) struct Partial {
    path: PathBuf,
    last: PathBuf,
    lock: Option<File>,
}

impl Partial {
    /// Begins a folder that will be `last`. What an earlier one, which was killed, left of it is taken away.
    pub(crate) fn begin(last: &Path) -> anyhow::Result<Self> {
        let shown = last.display();
        let name = last.file_name().with_context(|| format!("`{shown}` is no name for a backup"))?;
        ensure!(!last.exists(), "{shown} is there already: a backup never overwrites anything");
        let parent = last.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let parent = fs::canonicalize(parent)
            .with_context(|| format!("the folder {} cannot be used", parent.display()))?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(".partial");
        let path = parent.join(hidden);
        let made = DirBuilder::new().mode(0o700).create(&path);
        match made {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("cannot make {}", path.display()));
            }
            _ => {}
        }
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(LOCK))
            .with_context(|| format!("cannot write into {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another backup is being written to {shown}"),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        let partial = Self { path, last: parent.join(name), lock: Some(lock) };
        partial.empty().with_context(|| format!("cannot clear {}", partial.path.display()))?;
        Ok(partial)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes away everything but the lock.
    fn empty(&self) -> std::io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name() != LOCK {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Gives the folder its name. What is in it must be on the disk for good.
    pub(crate) fn finish(mut self) -> anyhow::Result<PathBuf> {
        let sync = |path: &Path| File::open(path).and_then(|folder| folder.sync_all());
        fs::remove_file(self.path.join(LOCK)).context("cannot finish the backup")?;
        sync(&self.path).context("cannot finish the backup")?;
        // Where somebody made a folder of this name meanwhile, and anything is in it, this is refused.
        fs::rename(&self.path, &self.last)
            .with_context(|| format!("cannot give the backup its name {}", self.last.display()))?;
        self.lock = None;
        if let Some(parent) = self.last.parent() {
            sync(parent).context("cannot finish the backup")?;
        }
        Ok(self.last.clone())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.lock.is_some() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A digest as text.
pub(crate) fn hex(digest: impl AsRef<[u8]>) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
    digest.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The digest of a file and its length; `read` is told of each piece.
pub(crate) fn digest_of(
    path: &Path,
    read: &mut dyn FnMut(usize) -> anyhow::Result<()>,
) -> anyhow::Result<(String, u64)> {
    let (digest, bytes) = through(path, &mut |piece| read(piece.len()))?;
    Ok((hex(digest), bytes))
}

/// Copies a file to one that is not there yet, readable by its owner only and on the disk for good when this answers;
/// gives its digest and its length.
pub(crate) fn copy(
    from: &Path,
    to: &Path,
    read: &mut dyn FnMut(usize) -> anyhow::Result<()>,
) -> anyhow::Result<(String, u64)> {
    let mut copy = create(to)?;
    let (digest, bytes) = through(from, &mut |piece| {
        copy.write_all(piece).with_context(|| format!("cannot write {}", to.display()))?;
        read(piece.len())
    })?;
    copy.sync_all().with_context(|| format!("cannot write {}", to.display()))?;
    Ok((hex(digest), bytes))
}

/// Writes a small file in the same way; gives its digest.
pub(crate) fn write(path: &Path, content: &[u8]) -> anyhow::Result<String> {
    let mut file = create(path)?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(hex(digest::digest(&SHA256, content)))
}

fn create(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot make {}", path.display()))
}

fn through(path: &Path, each: &mut dyn FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<(Digest, u64)> {
    let failed = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(failed)?;
    let mut digest = digest::Context::new(&SHA256);
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer).with_context(failed)?;
        let piece = buffer.get(..count).unwrap_or_default();
        if piece.is_empty() {
            return Ok((digest.finish(), bytes));
        }
        digest.update(piece);
        bytes += count as u64;
        each(piece)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_does_not_come_to_its_end_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let last = parent.path().join("backup");
        let partial = Partial::begin(&last).unwrap();
        write(&partial.path().join("x"), b"x").unwrap();
        drop(partial);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_one_left_is_taken_away_and_one_that_lives_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let last = parent.path().join("backup");
        let partial = Partial::begin(&last).unwrap();
        write(&partial.path().join("x"), b"x").unwrap();
        let error = Partial::begin(&last).unwrap_err().to_string();
        assert!(error.contains("another backup"), "{error}");
        // As a kill leaves it: the folder is there, and nobody has the lock.
        let hidden = partial.path().to_owned();
        let mut partial = partial;
        partial.lock = None;
        drop(partial);
        assert!(hidden.join("x").exists());
        let again = Partial::begin(&last).unwrap();
        assert!(!hidden.join("x").exists());
        write(&again.path().join("y"), b"y").unwrap();
        let finished = again.finish().unwrap();
        let names: Vec<_> =
            fs::read_dir(&finished).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["y"]);
        assert!(Partial::begin(&last).unwrap_err().to_string().contains("never overwrites"));
    }

    #[test]
    fn a_copy_has_the_digest_of_what_it_is_a_copy_of() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let written = write(&one, &vec![7; 3 * BUFFER_BYTES + 5]).unwrap();
        let copied = copy(&one, &two, &mut |_| Ok(())).unwrap();
        assert_eq!(copied, (written.clone(), 3 * 1024 * 1024 + 5));
        assert_eq!(digest_of(&two, &mut |_| Ok(())).unwrap(), copied);
        // SHA-256 of nothing (FIPS 180-4).
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(write(&folder.path().join("none"), b"").unwrap(), nothing);
    }
}
