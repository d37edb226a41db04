//! Acknowledged means durable: a server that is killed under load loses nothing that it answered.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::process::{Directory, Process, run};

const ROUNDS: usize = 5;
const WRITERS: usize = 8;
/// How many answers a round waits for before it kills.
const ANSWERS: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_no_acknowledged_write_and_its_log_has_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lockstep.db");
    let mut server = Process::start(&database);
    let directory = server.directory().await;
    let mut acknowledged: BTreeSet<String> = BTreeSet::new();

    for round in 0..ROUNDS {
        let killed = Arc::new(server);
        let (answers, mut answered) = mpsc::unbounded_channel();
        let mut writers = Vec::new();
        for writer in 0..WRITERS {
            let (server, directory, answers) = (killed.clone(), directory.clone(), answers.clone());
            writers.push(tokio::spawn(async move {
                for n in 0.. {
                    let body = json!({"userName": format!("user-{round}-{writer}-{n}@example.com")});
                    match server.scim(&directory, "POST", "/Users", Some(body)).await {
                        Some((201, user)) => answers.send(user["id"].as_str().unwrap().to_owned()).unwrap(),
                        Some((status, body)) => panic!("{status} {body}"),
                        None => break,
                    }
                }
            }));
        }
        drop(answers);
        for _ in 0..ANSWERS {
            acknowledged.insert(answered.recv().await.unwrap());
        }
        // The writers go on while it dies; what they were answered until then counts too.
        killed.kill_now();
        while let Some(id) = answered.recv().await {
            acknowledged.insert(id);
        }
        for writer in writers {
            writer.await.unwrap();
        }
        drop(killed);

        server = Process::start(&database);
        let there = ids(&server, &directory).await;
        let lost: Vec<&String> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "round {round}: lost {lost:?}");
        let seqs = seqs(&server).await;
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "round {round}: the log has a gap");
    }

    assert!(server.stop().success());
    let url = format!("sqlite://{}", database.display());
    let (code, out, err) = run(&["verify", "--database", &url]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains(&directory.id) && out.contains("0 differences"), "{out}");
}

#[tokio::test]
async fn a_database_that_cannot_grow_is_503_and_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lockstep.db");
    let server = Process::start_with_file_size_limit(&database, 1_000);
    let directory = server.directory().await;
    let mut acknowledged = BTreeSet::new();
    let refused = loop {
        let name = format!("user-{}@example.com", acknowledged.len());
        let body = json!({"userName": name, "displayName": "x".repeat(20_000)});
        match server.scim(&directory, "POST", "/Users", Some(body)).await.unwrap() {
            (201, user) => acknowledged.insert(user["id"].as_str().unwrap().to_owned()),
            refused => break refused,
        };
    };
    assert_eq!((refused.0, &refused.1["status"]), (503, &json!("503")), "{}", refused.1);
    assert_eq!(ids(&server, &directory).await, acknowledged, "reads go on, and see what was acknowledged");
    assert!(server.stop().success());

    let server = Process::start(&database);
    assert_eq!(ids(&server, &directory).await, acknowledged);
    let body = json!({"userName": "after@example.com"});
    assert_eq!(server.scim(&directory, "POST", "/Users", Some(body)).await.unwrap().0, 201);
}

#[tokio::test]
async fn a_damaged_database_is_an_error_at_start_or_503_and_never_a_guess() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lockstep.db");
    let server = Process::start(&database);
    let directory = server.directory().await;
    for n in 0..200 {
        let body = json!({"userName": format!("user-{n}@example.com"), "displayName": "x".repeat(3_000)});
        assert_eq!(server.scim(&directory, "POST", "/Users", Some(body)).await.unwrap().0, 201);
    }
    assert!(server.stop().success());
    // What the log holds is moved into the file, and the file is overwritten in its middle: a start looks at the first
    // pages and at the last event.
    let url = format!("sqlite://{}", database.display());
    assert_eq!(run(&["verify", "--database", &url]).0, Some(0));
    let mut bytes = std::fs::read(&database).unwrap();
    assert!(bytes.len() > 1_000_000, "the log was not moved into the file: {}", bytes.len());
    bytes[300_000..600_000].fill(0x5a);
    std::fs::write(&database, &bytes).unwrap();
    // Its pages would be read from the log instead.
    std::fs::remove_file(database.with_extension("db-wal")).unwrap();
    std::fs::remove_file(database.with_extension("db-shm")).unwrap();

    let server = Process::start(&database);
    let (status, answer) = server.scim(&directory, "GET", "/Users?count=500", None).await.unwrap();
    assert_eq!((status, &answer["status"]), (503, &json!("503")), "{}", answer["detail"]);
    assert!(server.stop().success());
    assert_eq!(run(&["verify", "--database", &url]).0, Some(1));

    std::fs::write(&database, &bytes[..5_000]).unwrap();
    let (code, _, err) = run(&["serve", "--listen", "127.0.0.1:0", "--database", &url]);
    assert!(code == Some(1) && err.contains("damaged"), "{err}");
}

/// The ids of all users, as SCIM lists them.
async fn ids(server: &Process, directory: &Directory) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    loop {
        let path = format!("/Users?attributes=id&count=500&startIndex={}", ids.len() + 1);
        let (status, list) = server.scim(directory, "GET", &path, None).await.unwrap();
        assert_eq!(status, 200, "{list}");
        let before = ids.len();
        ids.extend(
            list["Resources"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()),
        );
        if ids.len() == before {
            return ids;
        }
    }
}

/// The numbers of all events, as the application reads them.
async fn seqs(server: &Process) -> Vec<u64> {
    let mut seqs = Vec::new();
    let mut after = String::new();
    loop {
        let (status, page) = server.api("GET", &format!("/events?limit=100{after}"), None).await;
        assert_eq!(status, 200, "{page}");
        let events = page["data"].as_array().unwrap();
        seqs.extend(events.iter().filter_map(|event| event["directory_seq"].as_u64()));
        match events.last().map(|event| &event["id"]) {
            Some(Value::String(last)) => after = format!("&after={last}"),
            _ => return seqs,
        }
    }
}

const MANY_DIRECTORIES: usize = 60;

#[tokio::test]
async fn an_organization_whose_deletion_was_killed_is_deleted_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lockstep.db");
    let mut server = Process::start(&database);
    let kept = server.directory().await;
    let doomed = server.directory().await;
    let (_, directory) = server.api("GET", &format!("/directories/{}", doomed.id), None).await;
    let organization = directory["organization_id"].as_str().unwrap().to_owned();
    for n in 1..MANY_DIRECTORIES {
        let body = json!({"organization_id": organization, "name": format!("Staff {n}"), "type": "generic scim v2.0"});
        assert_eq!(server.api("POST", "/directories", Some(body)).await.0, 201);
    }
    let user = json!({"userName": "ann@example.com"});
    assert_eq!(server.scim(&doomed, "POST", "/Users", Some(user.clone())).await.unwrap().0, 201);
    assert_eq!(server.api("DELETE", &format!("/organizations/{organization}"), None).await.0, 202);
    // It is killed as soon as that was acknowledged, and again while directories are still being deleted.
    let (mut told, mut kills) = (Vec::new(), 0);
    while told.len() < MANY_DIRECTORIES {
        if kills < 3 {
            server.kill_now();
            drop(server);
            server = Process::start(&database);
            kills += 1;
        }
        // From the first answer on nothing of it is there, however far the deletion went.
        assert_eq!(server.api("GET", &format!("/organizations/{organization}"), None).await.0, 404);
        assert_eq!(server.api("GET", &format!("/directories/{}", doomed.id), None).await.0, 404);
        let refused = server.scim(&doomed, "POST", "/Users", Some(user.clone())).await.unwrap().0;
        assert!([401, 404].contains(&refused), "{refused}");
        let before = told;
        told = deleted(&server).await;
        assert!(told.len() >= before.len() && told[..before.len()] == before[..], "what was told stays told");
    }
    let each: BTreeSet<&String> = told.iter().collect();
    assert_eq!((told.len(), each.len()), (MANY_DIRECTORIES, MANY_DIRECTORIES), "each is told once");
    assert!(!each.contains(&kept.id), "the neighbour's stays");
    assert_eq!(server.scim(&kept, "POST", "/Users", Some(user)).await.unwrap().0, 201);
    assert!(server.stop().success());
    let url = format!("sqlite://{}", database.display());
    let (code, out, err) = run(&["verify", "--database", &url]);
    assert_eq!(code, Some(0), "{out}{err}");
}

/// The directories whose deletion was told, in the order of the log.
async fn deleted(server: &Process) -> Vec<String> {
    let mut ids = Vec::new();
    let mut after = String::new();
    loop {
        let (status, page) =
            server.api("GET", &format!("/events?events=dsync.deleted&limit=100{after}"), None).await;
        assert_eq!(status, 200, "{page}");
        let events = page["data"].as_array().unwrap();
        ids.extend(events.iter().map(|event| event["data"]["id"].as_str().unwrap().to_owned()));
        match events.last().map(|event| &event["id"]) {
            Some(Value::String(last)) => after = format!("&after={last}"),
            _ => return ids,
        }
    }
}
