//! Where the data stands: the folder, who may read what is in it, the file system, and room.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lockstep_store_sqlite::SqliteRequests;
use rustix::fs::{Access, access, statfs};

use crate::doctor::database::Looked;
use crate::doctor::finding::Finding;
use crate::machine::{free_bytes, sized};
use crate::master_key;

/// Below this a write-ahead log of a burst does not fit.
const FREE_MIN: u64 = 256 << 20;
/// With how many days of growth left it is time to do something.
const DAYS_ADVISED: u64 = 30;

pub(crate) fn findings(database: &Path) -> Vec<Finding> {
    let folder = folder_of(database);
    let mut findings = vec![usable(&folder)];
    if folder.is_dir() {
        findings.extend(statfs(&folder).ok().map(|found| file_system(&folder, found.f_type.cast_unsigned())));
        findings.push(private(&folder, database));
    }
    findings
}

fn folder_of(database: &Path) -> PathBuf {
    let parent = database.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}

/// Whether the folder is there and can be written in.
fn usable(folder: &Path) -> Finding {
    let shown = folder.display();
    if !folder.exists() {
        let above = folder.ancestors().find(|above| above.is_dir());
        let writable = above.is_none_or(|above| access(above, Access::WRITE_OK | Access::EXEC_OK).is_ok());
        return if writable {
            Finding::ok("data folder", format!("{shown} is not there yet: the first start makes it"))
        } else {
            Finding::problem("data folder", format!("{shown} is not there and cannot be made by this user"))
                .mend("make it for the user that runs the server, with mode 0700")
        };
    }
    if !folder.is_dir() {
        return Finding::problem("data folder", format!("{shown} is no folder"))
            .mend("set `database` to a path within one");
    }
    match access(folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::ok("data folder", format!("{shown} can be written")),
        Err(_) => Finding::problem("data folder", format!("{shown} cannot be written by this user"))
            .mend(format!("run this as the user that runs the server; else give that user the folder: `chown -R USER {shown}`")),
    }
}

/// Whether a write-ahead log, its shared memory and its locks work on a file system, and whether it lasts.
fn file_system(folder: &Path, kind: u64) -> Finding {
    /// Their magic numbers (statfs(2)), truncated to 32 bits.
    const NETWORK: [(u64, &str); 6] = [
        (0x6969, "NFS"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB"),
        (0x517b, "SMB"),
        (0x0102_1997, "9P"),
        (0x00c3_6400, "Ceph"),
    ];
    let shown = folder.display();
    let kind = kind & 0xffff_ffff;
    if let Some((_, name)) = NETWORK.iter().find(|(magic, _)| *magic == kind) {
        return Finding::problem(
            "file system",
            format!("{shown} is on {name}, a network file system: SQLite's locks and shared memory do not hold there"),
        )
        .mend("keep the database on a disk of the machine, and copy backups to the network");
    }
    match kind {
        0x0102_1994 => Finding::warning(
            "file system",
            format!("{shown} is in memory (tmpfs): it is gone after a restart"),
        )
        .mend("keep the database on a disk"),
        0x794c_7630 => Finding::warning(
            "file system",
            format!("{shown} is a container's own layer: it goes with the container"),
        )
        .mend("mount a volume there"),
        0x6573_5546 => Finding::warning(
            "file system",
            format!("{shown} is on FUSE: what flushing means there is its own affair"),
        )
        .mend("keep the database on a disk of the machine"),
        _ => Finding::ok("file system", format!("{shown} is on a disk")),
    }
}

/// Whether anybody else may read or write what is secret.
fn private(folder: &Path, database: &Path) -> Finding {
    let requests = SqliteRequests::beside(database);
    let mut files = vec![master_key::beside(database)];
    for file in [database, requests.as_path()] {
        for ending in ["", "-wal", "-shm"] {
            let mut name = file.as_os_str().to_owned();
            name.push(ending);
            files.push(PathBuf::from(name));
        }
    }
    let open: Vec<String> = files
        .iter()
        .filter(|path| fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0))
        .map(|path| path.display().to_string())
        .collect();
    if open.is_empty() {
        return Finding::ok("permissions", format!("only its owner reads what is in {}", folder.display()));
    }
    let files = open.join(" ");
    Finding::problem(
        "permissions",
        format!("others on this machine may read {files}: people's data, and secrets"),
    )
    .mend(format!("chmod 600 {files}"))
}

/// Whether there is room for what is there and what will come.
pub(crate) fn room(database: &Path, looked: &Looked) -> Vec<Finding> {
    let folder = folder_of(database);
    let folder = folder.ancestors().find(|above| above.is_dir()).unwrap_or(Path::new("/"));
    let Some(free) = free_bytes(folder) else { return Vec::new() };
    let state = looked.state.as_ref();
    vec![enough(free, state.map_or(0, |state| state.bytes), state.and_then(|state| state.bytes_a_day))]
}

fn enough(free: u64, database: u64, a_day: Option<u64>) -> Finding {
    let days = a_day.filter(|a_day| *a_day > 0).map(|a_day| free / a_day);
    let growth =
        days.map_or_else(String::new, |days| format!(", enough for about {days} days as it grows now"));
    let says = format!("{} are free, the database has {}{growth}", sized(free), sized(database));
    let mend = "make room: where the disk is full every write is answered 503";
    if free < FREE_MIN {
        Finding::problem("disk", says).mend(mend)
    } else if days.is_some_and(|days| days < DAYS_ADVISED) {
        Finding::warning("disk", says).mend(mend)
    } else if free < database {
        Finding::warning("disk", says)
            .mend("a copy of the database does not fit beside it: back up to another disk")
    } else {
        Finding::ok("disk", says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    #[test]
    fn a_folder_that_is_no_folder_or_not_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(usable(folder.path()).level, Level::Ok);
        assert!(usable(&folder.path().join("a/b")).says.contains("the first start makes it"));
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(usable(&file).level, Level::Problem);
        let shut = folder.path().join("shut");
        fs::create_dir(&shut).unwrap();
        fs::set_permissions(&shut, fs::Permissions::from_mode(0o500)).unwrap();
        // The superuser writes everywhere: for it there is no such folder.
        if fs::write(shut.join("x"), "").is_err() {
            assert_eq!(usable(&shut).level, Level::Problem);
            assert_eq!(usable(&shut.join("deeper")).level, Level::Problem);
        }
    }

    #[test]
    fn a_file_system_that_does_not_hold_locks_or_does_not_last_is_told() {
        for (kind, level) in [
            (0xef53, Level::Ok),
            (0x6969, Level::Problem),
            (0xffff_ffff_ff53_4d42, Level::Problem),
            (0x0102_1994, Level::Warning),
            (0x794c_7630, Level::Warning),
            (0x6573_5546, Level::Warning),
        ] {
            assert_eq!(file_system(Path::new("data"), kind).level, level, "{kind:x}");
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_a_problem_whichever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("lockstep.db");
        for name in ["lockstep.db", "lockstep.db-wal", "lockstep.db.key", "lockstep-requests.db"] {
            let file = folder.path().join(name);
            fs::write(&file, "").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
            let found = private(folder.path(), &database);
            assert!(found.level == Level::Problem && found.mend.unwrap().ends_with(name), "{name}");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(private(folder.path(), &database).level, Level::Ok);
        }
    }

    #[test]
    fn room_is_judged_by_what_is_there_and_what_comes() {
        let gib = 1 << 30;
        for (free, database, a_day, level) in [
            (100 * gib, gib, None, Level::Ok),
            (100 * gib, gib, Some(gib), Level::Ok),
            (29 * gib, gib, Some(gib), Level::Warning),
            (gib, 2 * gib, None, Level::Warning),
            (FREE_MIN - 1, 0, None, Level::Problem),
        ] {
            assert_eq!(enough(free, database, a_day).level, level, "{free} {database} {a_day:?}");
        }
    }
}
