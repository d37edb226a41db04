//! `lockstep events`: read once, and followed through a restart of the server.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::process::{API_KEY, Directory, Process, program, run};

/// A command that follows; ended when dropped.
struct Following {
    child: Child,
    /// What it prints; `None` when nobody reads that any more.
    lines: Option<std::io::Lines<BufReader<ChildStdout>>>,
}

impl Following {
    fn start(arguments: &[&str], url: &str) -> Self {
        let mut child = program()
            .args(arguments)
            .args(["--url", url])
            .env("LOCKSTEP_API_KEY", API_KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Some(BufReader::new(child.stdout.take().unwrap()).lines());
        Self { child, lines }
    }

    fn next(&mut self) -> String {
        self.lines.as_mut().unwrap().next().unwrap().unwrap()
    }

    /// Ends it as Ctrl-C does: its exit code, what else it printed, and what it said besides.
    fn interrupt(mut self) -> (Option<i32>, Vec<String>, String) {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let rest = self.lines.take().unwrap().map_while(Result::ok).collect();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), rest, said)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn provision(server: &Process, directory: &Directory, name: &str) {
    let body = Some(json!({ "userName": name }));
    let (status, made) = server.scim(directory, "POST", "/Users", body).await.unwrap();
    assert_eq!(status, 201, "{made}");
}

fn name(line: &str) -> String {
    let event: Value = serde_json::from_str(line).unwrap();
    event["data"]["username"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn following_loses_and_repeats_nothing_through_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lockstep.db");
    let server = Process::start(&database);
    let directory = server.directory().await;
    provision(&server, &directory, "before").await;
    let mut following = Following::start(&["events", "tail", "-f", "-n", "1", "--json"], &server.url);
    assert_eq!(name(&following.next()), "before");
    provision(&server, &directory, "first").await;
    assert_eq!(name(&following.next()), "first");

    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    server.kill_now();
    drop(server);
    // What comes after the restart is committed before the follower can know of it.
    let server = Process::start_at(&database, &address);
    for name in ["second", "third"] {
        provision(&server, &directory, name).await;
    }
    assert_eq!(name(&following.next()), "second");
    assert_eq!(name(&following.next()), "third");
    let (code, rest, _) = following.interrupt();
    assert_eq!((code, rest), (Some(0), Vec::new()), "Ctrl-C is how it ends, and nothing came twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_told_once_and_so_is_its_return() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lockstep.db");
    let server = Process::start(&database);
    let directory = server.directory().await;
    let mut following =
        Following::start(&["events", "tail", "-f", "--type", "dsync.user.created"], &server.url);
    provision(&server, &directory, "here").await;
    assert!(following.next().contains("here"));
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    assert!(server.stop().success());
    let mut said = BufReader::new(following.child.stderr.take().unwrap()).lines();
    let away = said.next().unwrap().unwrap();
    assert!(away.contains("no answer from") && away.contains("trying again"), "{away}");
    let server = Process::start_at(&database, &address);
    let back = said.next().unwrap().unwrap();
    assert_eq!(back, "the server answers again");
    provision(&server, &directory, "again").await;
    assert!(following.next().contains("again"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_events_are_the_last_however_many_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(&folder.path().join("lockstep.db"));
    let directory = server.directory().await;
    let operations: Vec<Value> = (0..450)
        .map(|number| {
            json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{number}"),
                              "data": { "userName": format!("user{number:03}") } })
        })
        .collect();
    let bulk =
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations });
    let (status, told) = server.scim(&directory, "POST", "/Bulk", Some(bulk)).await.unwrap();
    assert_eq!(status, 200, "{told}");
    let tail = |arguments: &[&str]| {
        let arguments = [&["events", "tail", "--json", "--url", &server.url], arguments].concat();
        let (code, out, err) = run(&arguments);
        assert_eq!(code, Some(0), "{err}");
        out.lines().map(name).collect::<Vec<_>>()
    };
    let users: Vec<String> = (0..450).map(|number| format!("user{number:03}")).collect();
    assert_eq!(tail(&["-n", "3"]), users[447..]);
    assert_eq!(tail(&[]), users[430..]);
    assert_eq!(tail(&["-n", "0"]), Vec::<String>::new());
    assert_eq!(tail(&["-n", "1000", "--type", "dsync.user.created"]), users);
    assert_eq!(tail(&["--since", "1h", "--type", "dsync.user.created"]), users);
    assert_eq!(tail(&["-n", "2", "--since", "1h"]), users[448..]);
    let (_, out, _) = run(&["events", "list", "--all", "--json", "--url", &server.url]);
    let ids: Vec<Value> =
        out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
    assert_eq!(ids.len(), 451);
    let (_, out, _) = run(&[
        "events",
        "list",
        "-n",
        "2",
        "--json",
        "--after",
        ids[448].as_str().unwrap(),
        "--url",
        &server.url,
    ]);
    assert_eq!(out.lines().map(name).collect::<Vec<_>>(), users[448..]);
    assert_eq!(tail(&["--after", ids[449].as_str().unwrap()]), users[449..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_ends_following_and_so_does_a_reader_that_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(&folder.path().join("lockstep.db"));
    let directory = server.directory().await;
    let done = program()
        .args(["events", "tail", "-f", "--url", &server.url])
        .env("LOCKSTEP_API_KEY", "wrong-key-of-this-test")
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(5));
    let mut following = Following::start(&["events", "tail", "-f"], &server.url);
    assert!(following.next().contains("dsync.activated"));
    // As `head -1` does.
    following.lines = None;
    provision(&server, &directory, "unread").await;
    assert!(following.child.wait().unwrap().success());
}
