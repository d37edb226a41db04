//! What `lockstep doctor` finds beside a server, without one, and where something is broken.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::process::{Process, run};

/// The exit code, and of each check the worst level with all that was said.
fn doctor(database: &Path, more: &[&str]) -> (Option<i32>, BTreeMap<String, (String, String)>) {
    let url = format!("sqlite://{}", database.display());
    let (code, out, err) = run(&[&["doctor", "--json", "--database", &url], more].concat());
    let told: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    let mut found: BTreeMap<String, (String, String)> = BTreeMap::new();
    for finding in told["findings"].as_array().unwrap() {
        let text = |field: &str| finding[field].as_str().unwrap_or_default().to_owned();
        if text("level") != "ok" {
            assert!(!text("mend").is_empty(), "nothing is said to do: {finding}");
        }
        let entry = found.entry(text("check")).or_insert_with(|| ("ok".into(), String::new()));
        // ok, problem and warning: the worst stays.
        if entry.0 == "ok" || text("level") == "problem" {
            entry.0 = text("level");
        }
        entry.1 += &(text("says") + " / " + &text("mend") + "\n");
    }
    let problems = found.values().filter(|(level, _)| level == "problem").count();
    assert_eq!(told["problems"].as_u64().unwrap() > 0, problems > 0);
    assert_eq!(code, Some(if problems > 0 { 2 } else { 0 }), "{found:#?}");
    (code, found)
}

#[track_caller]
fn is(found: &BTreeMap<String, (String, String)>, check: &str, level: &str, words: &str) {
    let (found_level, says) = &found[check];
    assert!(found_level == level && says.contains(words), "{check} is {found_level}: {says}");
}

/// Names, lengths and times of all that is in a folder.
fn listed(folder: &Path) -> BTreeMap<String, (u64, std::time::SystemTime)> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let found = entry.metadata().unwrap();
            (entry.file_name().into_string().unwrap(), (found.len(), found.modified().unwrap()))
        })
        .collect()
}

#[tokio::test]
async fn nothing_is_wrong_before_the_first_start_beside_the_server_and_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("data").join("lockstep.db");
    let (_, found) = doctor(&database, &["--listen", "127.0.0.1:0"]);
    is(&found, "database", "ok", "the first start makes it");
    is(&found, "data folder", "ok", "the first start makes it");
    assert!(!database.parent().unwrap().exists(), "nothing is made");

    let server = Process::start(&database);
    let directory = server.directory().await;
    let body = json!({"userName": "ann@example.com"});
    assert_eq!(server.scim(&directory, "POST", "/Users", Some(body)).await.unwrap().0, 201);
    let listen = server.url.strip_prefix("http://").unwrap().to_owned();
    let before = fs::read(&database).unwrap();
    let (_, found) = doctor(&database, &["--listen", &listen, "--public-url", &server.url]);
    is(&found, "listen", "ok", "a server answers");
    is(&found, "reachable", "ok", "answers");
    is(&found, "database", "ok", "1 directories, 2 events");
    is(&found, "database", "ok", "a server uses it");
    is(&found, "pages", "ok", "right");
    is(&found, "master key", "ok", "the one of this database");
    is(&found, "permissions", "ok", "only its owner");
    is(&found, "clock", "ok", "not behind");
    is(&found, "API keys", "ok", "1 that are accepted");
    assert_eq!(fs::read(&database).unwrap(), before);
    assert!(server.stop().success());

    let before = listed(database.parent().unwrap());
    let (_, found) = doctor(&database, &["--quick"]);
    is(&found, "database", "ok", "no server uses it");
    assert!(!found.contains_key("pages"));
    let mut after = listed(database.parent().unwrap());
    // SQLite's index of an empty log may be there, as after any reader.
    after.retain(|name, _| before.contains_key(name) || !(name.ends_with("-shm") || name.ends_with("-wal")));
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert_eq!(after["lockstep.db"], before["lockstep.db"]);
}

#[tokio::test]
async fn each_thing_that_is_broken_is_a_problem_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lockstep.db");
    let server = Process::start(&database);
    server.directory().await;
    assert!(server.stop().success());
    let key = database.with_extension("db.key");

    let text = fs::read_to_string(&key).unwrap();
    fs::remove_file(&key).unwrap();
    is(&doctor(&database, &["--quick"]).1, "master key", "problem", "put it back from a backup");
    fs::write(&key, "ab".repeat(32)).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (_, found) = doctor(&database, &["--quick"]);
    is(&found, "master key", "problem", "not the one that the database was made with");
    is(&found, "permissions", "problem", "chmod 600");
    fs::write(&key, text).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();

    let config = folder.path().join("lockstep.toml");
    fs::write(&config, "listn = 1\n").unwrap();
    let (_, found) = doctor(&database, &["--config", config.to_str().unwrap()]);
    is(&found, "configuration", "problem", "listn");

    let mut bytes = fs::read(&database).unwrap();
    let page = bytes.len() / 4096 / 2 * 4096;
    bytes[page..page + 4096].fill(0x5a);
    fs::write(&database, &bytes).unwrap();
    for ending in ["db-wal", "db-shm"] {
        let _ = fs::remove_file(database.with_extension(ending));
    }
    let (_, found) = doctor(&database, &[]);
    assert!(found.values().any(|(level, says)| level == "problem" && says.contains("damaged")), "{found:?}");
    fs::write(&database, "no database at all ".repeat(500)).unwrap();
    is(&doctor(&database, &[]).1, "database", "problem", "cannot be read");
}

#[tokio::test]
async fn keys_that_end_soon_are_told_by_their_ids() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lockstep.db");
    let server = Process::start(&database);
    let key = |name: &str, expires: &str| {
        let (code, out, err) =
            run(&["key", "create", "--name", name, "--expires", expires, "--json", "--url", &server.url]);
        assert_eq!(code, Some(0), "{err}");
        serde_json::from_str::<Value>(&out).unwrap()
    };
    let (soon, later) = (key("reports", "7d"), key("later", "90d"));
    let (_, found) = doctor(&database, &["--quick"]);
    is(&found, "API keys", "warning", "1 end within 14 days");
    let says = &found["API keys"].1;
    assert!(says.contains(soon["id"].as_str().unwrap()) && says.contains("`reports`"), "{says}");
    assert!(!says.contains(later["id"].as_str().unwrap()), "{says}");
    assert!(!says.contains(soon["value"].as_str().unwrap()), "{says}");
    assert!(server.stop().success());
}

#[test]
fn people_get_a_line_for_each_finding_and_another_for_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("lockstep.db").display());
    let (code, out, _) = run(&["doctor", "--database", &url, "--public-url", "http://scim.example.com/"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("warning  public URL") && out.contains("write it without"), "{out}");
    assert!(out.lines().last().unwrap().contains("0 problems"), "{out}");
}
