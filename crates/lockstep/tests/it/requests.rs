//! `lockstep requests` against a running server, and what its file holds after a restart.

use serde_json::{Value, json};

use crate::process::{Process, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_shown_and_outlive_the_process_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lockstep.db");
    let server = Process::start(&database);
    let directory = server.directory().await;
    let user = json!({ "userName": "ada@example.com", "password": "Tr0ub4dor" });
    server.scim(&directory, "POST", "/Users", Some(user.clone())).await.unwrap();
    server.scim(&directory, "POST", "/Users", Some(user)).await.unwrap();
    let (code, out, err) = run(&["requests", "tail", "--url", &server.url]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[0].contains("POST /Users") && lines[0].contains("201") && lines[0].contains("1 event"),
        "{out}"
    );
    assert!(lines[2].contains("refused: uniqueness"), "{out}");
    assert!(server.stop().success());

    let server = Process::start(&database);
    let (_, out, _) = run(&[
        "requests",
        "tail",
        "--json",
        "--status",
        "4xx",
        "--directory",
        &directory.id,
        "--url",
        &server.url,
    ]);
    let record: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(record["status"], 409);
    let id = record["id"].as_str().unwrap();
    let (code, out, _) = run(&["requests", "show", id, "--url", &server.url]);
    assert_eq!(code, Some(0));
    for part in
        ["What arrived", "\"userName\": \"ada@example.com\"", "refused with 409 uniqueness", "[redacted]"]
    {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (code, _, err) = run(&["requests", "show", "req_00000000000000000000000000", "--url", &server.url]);
    assert_eq!(code, Some(4));
    assert!(err.contains("no record of the request"), "{err}");
    server.stop();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(9).any(|window| window == b"Tr0ub4dor"));
    }
}
