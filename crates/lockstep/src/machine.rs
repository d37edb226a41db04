//! What the machine has: room on its disks, and what it allows a process.

use std::path::Path;

use rustix::fs::{StatVfs, statvfs};

/// Bytes that this user may still write on the file system of a path.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let found: StatVfs = statvfs(path).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Bytes for people: `1.5 GiB`.
pub(crate) fn sized(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}
