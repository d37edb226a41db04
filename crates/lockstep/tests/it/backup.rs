//! Backups of a server that runs and writes, and what a restore makes of them, whole and damaged.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::process::{Directory, Process, program, run};

fn url(database: &Path) -> String {
    format!("sqlite://{}", database.display())
}

#[track_caller]
fn succeeds(arguments: &[&str]) -> String {
    let (code, out, err) = run(arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {out}{err}");
    out
}

/// What is said where it ends with this code.
#[track_caller]
fn ends(code: i32, arguments: &[&str]) -> String {
    let (found, out, err) = run(arguments);
    assert_eq!(found, Some(code), "{arguments:?}: {out}{err}");
    assert!(!err.contains("panicked"), "{err}");
    out + &err
}

fn back_up(database: &Path, to: &Path) -> Value {
    let out = succeeds(&["backup", "--json", "--database", &url(database), "--to", to.to_str().unwrap()]);
    serde_json::from_str(&out).unwrap()
}

fn restore(from: &Path, database: &Path) -> String {
    succeeds(&["restore", "--from", from.to_str().unwrap(), "--database", &url(database)])
}

async fn create(server: &Process, directory: &Directory, name: &str) {
    let body = json!({"userName": format!("{name}@example.com")});
    let (status, made) = server.scim(directory, "POST", "/Users", Some(body)).await.unwrap();
    assert_eq!(status, 201, "{made}");
}

/// Everything on a list of the API, page by page.
async fn all(server: &Process, path: &str) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    loop {
        let after =
            found.last().map_or_else(String::new, |last| format!("&after={}", last["id"].as_str().unwrap()));
        let (status, page) = server.api("GET", &format!("{path}&limit=100{after}"), None).await;
        assert_eq!(status, 200, "{page}");
        let page = page["data"].as_array().unwrap().clone();
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

const EVENTS: &str = "/events?events=dsync.activated&events=dsync.user.created";

/// A database with some users, and a backup of it, both in a folder.
async fn backed_up() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (database, backup) = (folder.path().join("data").join("lockstep.db"), folder.path().join("backup"));
    let server = Process::start(&database);
    let directory = server.directory().await;
    for number in 0..5 {
        create(&server, &directory, &format!("u{number}")).await;
    }
    assert!(server.stop().success());
    back_up(&database, &backup);
    (folder, database, backup)
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_server_that_writes_all_the_while_restores_to_one_moment_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (database, backup) = (folder.path().join("lockstep.db"), folder.path().join("backup"));
    let server = Arc::new(Process::start(&database));
    let directory = server.directory().await;
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let (server, directory, done) = (server.clone(), directory.clone(), done.clone());
            tokio::spawn(async move {
                let mut number = 0;
                while !done.load(Ordering::Relaxed) {
                    create(&server, &directory, &format!("w{writer}-{number}")).await;
                    number += 1;
                }
            })
        })
        .collect();
    while all(&server, EVENTS).await.len() < 50 {}
    let (from, to) = (database.clone(), backup.clone());
    let manifest = tokio::task::spawn_blocking(move || back_up(&from, &to)).await.unwrap();
    let taken = all(&server, EVENTS).await.len();
    while all(&server, EVENTS).await.len() < taken + 20 {}
    done.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let original = all(&server, EVENTS).await;

    let restored_to = folder.path().join("restored").join("lockstep.db");
    let said = restore(&backup, &restored_to);
    assert!(said.contains("0 differences") && said.contains("restored to"), "{said}");
    let restored = Process::start(&restored_to);
    let events = all(&restored, EVENTS).await;
    assert!(
        events.len() >= 50 && events.len() + 20 <= original.len(),
        "{} of {}",
        events.len(),
        original.len()
    );
    assert_eq!(events, original[..events.len()], "the log of one moment, with the same ids");
    assert_eq!(manifest["contents"]["events"], json!(events.len()));
    let names = |list: &[Value], pointer: &str| -> BTreeSet<String> {
        list.iter().filter_map(|entry| entry.pointer(pointer)?.as_str().map(str::to_owned)).collect()
    };
    let users = all(&restored, &format!("/directory_users?directory={}", directory.id)).await;
    assert_eq!(names(&users, "/username"), names(&events, "/data/username"));
    assert_eq!(manifest["contents"]["users"], json!(users.len()));
    // The same credentials open it, and what came after the backup is not known: whoever read on is told.
    create(&restored, &directory, "after").await;
    let later = original.last().unwrap()["id"].as_str().unwrap();
    let (status, told) = restored.api("GET", &format!("{EVENTS}&after={later}"), None).await;
    assert_eq!(status, 422, "{told}");
    let known = events.last().unwrap()["id"].as_str().unwrap();
    let (status, told) = restored.api("GET", &format!("{EVENTS}&after={known}"), None).await;
    assert_eq!((status, told["data"].as_array().unwrap().len()), (200, 1), "{told}");
}

#[tokio::test]
async fn a_backup_is_private_and_its_digests_are_as_sha256sum_reads_them() {
    let (_folder, database, backup) = backed_up().await;
    let whole = ["SHA256SUMS", "lockstep-requests.db", "lockstep.db", "manifest.json", "master.key"];
    assert_eq!(names(&backup), whole.map(str::to_owned).into());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&backup), 0o700);
    for name in whole {
        assert_eq!(mode(&backup.join(name)), 0o600, "{name}");
    }
    let key = |path: PathBuf| fs::read_to_string(path).unwrap();
    assert_eq!(key(backup.join("master.key")), key(database.with_extension("db.key")));
    let summed = Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(&backup)
        .status()
        .unwrap();
    assert!(summed.success());
    let less = backup.with_file_name("less");
    let to = less.to_str().unwrap();
    let flags = ["backup", "--without-requests", "--without-master-key", "--check", "--to", to];
    let said = succeeds(&[&flags[..], &["--database", &url(&database)]].concat());
    assert!(said.contains("the master key is not in it"), "{said}");
    assert_eq!(names(&less), ["SHA256SUMS", "lockstep.db", "manifest.json"].map(str::to_owned).into());
}

#[tokio::test]
async fn each_damage_to_a_backup_is_found_and_named_and_nothing_is_put_anywhere() {
    let (folder, _, backup) = backed_up().await;
    let target = folder.path().join("target").join("lockstep.db");
    let try_both = |damaged: &Path, code: i32, words: &[&str]| {
        let from = damaged.to_str().unwrap();
        for arguments in [
            vec!["restore", "--check", "--from", from],
            vec!["restore", "--from", from, "--database", &url(&target)],
        ] {
            let said = ends(code, &arguments);
            for words in words {
                assert!(said.contains(words), "{arguments:?} does not say {words:?}: {said}");
            }
        }
        assert!(!target.exists());
        let beside = target.parent().unwrap();
        assert!(
            !beside.exists() || names(beside).iter().all(|name| name == "lockstep.db.lock"),
            "{beside:?}"
        );
        fs::remove_dir_all(damaged).unwrap();
    };
    for name in ["lockstep.db", "lockstep-requests.db", "master.key"] {
        let damaged = folder.path().join("damaged");
        let file = damaged.join(name);
        let bytes = fs::read(backup.join(name)).unwrap();
        copy_folder(&backup, &damaged);
        let mut flipped = bytes.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        fs::write(&file, flipped).unwrap();
        try_both(&damaged, 2, &[name, "SHA-256", "damaged"]);
        copy_folder(&backup, &damaged);
        fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
        try_both(&damaged, 2, &[name, "bytes and had"]);
        copy_folder(&backup, &damaged);
        fs::remove_file(&file).unwrap();
        try_both(&damaged, 2, &[name, "missing"]);
    }
    let damaged = folder.path().join("damaged");
    copy_folder(&backup, &damaged);
    fs::remove_file(damaged.join("SHA256SUMS")).unwrap();
    try_both(&damaged, 2, &["SHA256SUMS", "missing"]);
    copy_folder(&backup, &damaged);
    fs::remove_file(damaged.join("manifest.json")).unwrap();
    try_both(&damaged, 1, &["manifest.json", "is no backup"]);
    // A manifest that still reads, and says another thing.
    copy_folder(&backup, &damaged);
    let text = fs::read_to_string(damaged.join("manifest.json")).unwrap();
    fs::write(damaged.join("manifest.json"), text.replace("\"users\": 5", "\"users\": 6")).unwrap();
    try_both(&damaged, 2, &["manifest.json", "SHA256SUMS has another digest"]);
    // A newer version's, whose digests are right.
    copy_folder(&backup, &damaged);
    let newer = text.replace("\"schema_version\": ", "\"schema_version\": 9");
    assert_ne!(newer, text);
    fs::write(damaged.join("manifest.json"), newer).unwrap();
    try_both(&damaged, 1, &["use a newer one"]);
}

#[tokio::test]
async fn a_backup_whose_digests_were_made_again_after_a_change_is_found_by_what_it_holds() {
    let (folder, database, backup) = backed_up().await;
    // The database of another moment, with digests that are right: the manifest tells of another one.
    let server = Process::start(&database);
    let directory = server.directory().await;
    create(&server, &directory, "later").await;
    assert!(server.stop().success());
    let other = folder.path().join("other");
    back_up(&database, &other);
    let mixed = folder.path().join("mixed");
    copy_folder(&other, &mixed);
    let read = |folder: &Path| -> Value {
        serde_json::from_str(&fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap()
    };
    let mut manifest = read(&other);
    manifest["contents"] = read(&backup)["contents"].clone();
    fs::write(mixed.join("manifest.json"), manifest.to_string()).unwrap();
    let sums = Command::new("sha256sum")
        .args(["lockstep.db", "lockstep-requests.db", "master.key", "manifest.json"])
        .current_dir(&mixed)
        .output()
        .unwrap();
    fs::write(mixed.join("SHA256SUMS"), sums.stdout).unwrap();
    let said = ends(2, &["restore", "--check", "--from", mixed.to_str().unwrap()]);
    assert!(said.contains("does not hold what manifest.json says"), "{said}");
}

#[tokio::test]
async fn nothing_is_ever_overwritten() {
    let (folder, database, backup) = backed_up().await;
    let (from, to, there) = (backup.to_str().unwrap(), url(&database), fs::read(&database).unwrap());
    let said = ends(1, &["backup", "--database", &to, "--to", from]);
    assert!(said.contains("never overwrites"), "{said}");
    let said = ends(1, &["restore", "--from", from, "--database", &to]);
    assert!(said.contains("stands there already") && said.contains("--replace"), "{said}");
    assert_eq!(fs::read(&database).unwrap(), there);
    let server = Process::start(&database);
    for more in [&[][..], &["--replace"]] {
        let said = ends(1, &[&["restore", "--from", from, "--database", &to], more].concat());
        assert!(said.contains("in use by process"), "{said}");
    }
    assert!(server.stop().success());
    let nowhere = folder.path().join("no").join("backup");
    let said = ends(1, &["backup", "--database", &to, "--to", nowhere.to_str().unwrap()]);
    assert!(said.contains("cannot be used"), "{said}");
}

#[tokio::test]
async fn a_restore_that_is_told_to_replace_puts_the_old_database_away_whole() {
    let (folder, database, backup) = backed_up().await;
    let server = Process::start(&database);
    let directory = server.directory().await;
    create(&server, &directory, "later").await;
    server.kill_now();
    drop(server);
    let from = backup.to_str().unwrap();
    let out = succeeds(&["restore", "--replace", "--json", "--from", from, "--database", &url(&database)]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told["right"], told["directories"].as_array().unwrap().len()), (&json!(true), 1), "{told}");
    let away = PathBuf::from(told["put_away"][0].as_str().unwrap());
    let server = Process::start(&database);
    assert_eq!(server.api("GET", &format!("/directories/{}", directory.id), None).await.0, 404);
    assert!(server.stop().success());
    // Not even what only its log held is lost of the old one.
    let moved = folder.path().join("moved.db");
    fs::rename(&away, &moved).unwrap();
    fs::copy(database.with_extension("db.key"), folder.path().join("moved.db.key")).unwrap();
    let server = Process::start(&moved);
    assert_eq!(server.api("GET", &format!("/directories/{}", directory.id), None).await.0, 200);
    assert_eq!(all(&server, &format!("/directory_users?directory={}", directory.id)).await.len(), 1);
}

#[tokio::test]
async fn a_disk_that_is_full_leaves_no_backup_and_no_half_of_one() {
    let (folder, database, _) = backed_up().await;
    let to = folder.path().join("full");
    let mut shell = Command::new("bash");
    let output = shell
        .args(["-c", r#"ulimit -f 40; exec "$0" "$@""#, env!("CARGO_BIN_EXE_lockstep")])
        .args(["backup", "--without-requests", "--database", &url(&database), "--to", to.to_str().unwrap()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot copy") && said.contains("are free there"), "{said}");
    let left = names(folder.path());
    assert!(left.iter().all(|name| !name.contains("full")), "{left:?}");
}

#[tokio::test]
async fn a_backup_that_is_killed_is_whole_or_not_there_and_the_next_one_goes() {
    let (folder, database, _) = backed_up().await;
    let (to, hidden) = (folder.path().join("killed"), folder.path().join(".killed.partial"));
    let mut was_cut = 0;
    for turn in 0..20 {
        let mut child = program()
            .args(["backup", "--database", &url(&database), "--to", to.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Each turn a file later: the lock, the database, the request records, …
        while names_if_there(&hidden).len() <= turn % 5 && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
        if to.exists() {
            succeeds(&["restore", "--check", "--from", to.to_str().unwrap()]);
            fs::remove_dir_all(&to).unwrap();
        } else {
            was_cut += 1;
        }
    }
    assert!(was_cut > 0, "no turn was killed before its end");
    back_up(&database, &to);
    assert!(!hidden.exists());
    succeeds(&["restore", "--check", "--from", to.to_str().unwrap()]);
}

fn names_if_there(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

#[tokio::test]
async fn a_master_key_that_is_lost_is_noticed_at_the_start_and_comes_back_with_a_backup() {
    let (_folder, database, backup) = backed_up().await;
    let key = database.with_extension("db.key");
    let kept = fs::read_to_string(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--database", &url(&database)];
    let said = ends(1, &serve);
    for words in ["the master key of this database is missing", "lockstep.db.key", "--replace-master-key"] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!key.exists(), "none is made in silence");
    fs::write(&key, "ab".repeat(32)).unwrap();
    assert!(ends(1, &serve).contains("is not the one that this database was made with"));
    fs::copy(backup.join("master.key"), &key).unwrap();
    assert!(Process::start(&database).stop().success());
    assert_eq!(fs::read_to_string(&key).unwrap(), kept);
}

#[tokio::test]
async fn a_server_is_verified_while_it_runs_and_one_directory_alone() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lockstep.db");
    let server = Process::start(&database);
    let (one, two) = (server.directory().await, server.directory().await);
    create(&server, &one, "ann").await;
    let to = url(&database);
    let verify = |more: &[&str]| -> Value {
        let out = succeeds(&[&["verify", "--json", "--database", &to], more].concat());
        serde_json::from_str(&out).unwrap()
    };
    let found = verify(&[]);
    assert_eq!((&found["events"], &found["differences"]), (&json!(3), &json!(0)), "{found}");
    let found = verify(&["--directory", &one.id]);
    assert_eq!(found["directories"].as_array().unwrap().len(), 1);
    assert_eq!((&found["directories"][0]["id"], &found["events"]), (&json!(one.id), &json!(2)));
    assert_ne!(one.id, two.id);
    let said = ends(4, &["verify", "--database", &to, "--directory", "directory_00000006H04N84VJ2C1Y"]);
    assert!(said.contains("there is no directory"), "{said}");
    let said = ends(64, &["verify", "--database", &to, "--directory", "org_1"]);
    assert!(said.contains("begin with directory_"), "{said}");
}
