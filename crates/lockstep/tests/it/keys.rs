//! API keys and requests that come again, over the life of a process.

use serde_json::{Value, json};

use crate::process::{API_KEY, Process, run};

/// Makes an organization under an `Idempotency-Key`: status, whether it was answered before, and the answer's text.
async fn create(server: &Process, key: &str, name: &str, body: &Value) -> (u16, bool, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("{}/api_keys", server.url)).bearer_auth(key).json(body);
    let answer = request.header("idempotency-key", name).send().await.unwrap();
    let replayed = answer.headers().contains_key("idempotent-replayed");
    (answer.status().as_u16(), replayed, answer.text().await.unwrap())
}

#[tokio::test]
async fn a_request_that_comes_again_after_a_restart_or_a_kill_gets_its_first_answer() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lockstep.db");
    let body = json!({"name": "reports", "read_only": true});
    let server = Process::start(&database);
    let first = create(&server, API_KEY, "one", &body).await;
    assert_eq!((first.0, first.1), (201, false), "{}", first.2);
    assert!(server.stop().success());

    let server = Process::start(&database);
    let again = create(&server, API_KEY, "one", &body).await;
    assert_eq!(again, (201, true, first.2.clone()), "also the secret, which is shown once");
    let second = create(&server, API_KEY, "two", &body).await;
    assert_eq!((second.0, second.1), (201, false));
    server.kill_now();
    drop(server);

    let server = Process::start(&database);
    assert_eq!(create(&server, API_KEY, "two", &body).await, (201, true, second.2));
    let other = create(&server, API_KEY, "one", &json!({"name": "another"})).await;
    assert_eq!(other.0, 422, "another request of the same name: {}", other.2);
    let (_, keys) = server.api("GET", "/api_keys?limit=100", None).await;
    let reports = keys["data"].as_array().unwrap().iter().filter(|key| key["name"] == "reports");
    assert_eq!(reports.count(), 2, "{keys}");
    assert!(server.stop().success());
}

#[tokio::test]
async fn a_deleted_key_that_is_configured_again_ends_the_start_with_clear_words() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lockstep.db");
    let server = Process::start(&database);
    let (status, made) = server.api("POST", "/api_keys", Some(json!({"name": "next"}))).await;
    assert_eq!(status, 201, "{made}");
    let (_, keys) = server.api("GET", "/api_keys", None).await;
    let first = keys["data"].as_array().unwrap().iter().find(|key| key["id"] != made["id"]).unwrap().clone();
    let path = format!("/api_keys/{}", first["id"].as_str().unwrap());
    assert_eq!(server.api("DELETE", &path, None).await.0, 204);
    let (status, refused) = server.api("GET", "/api_keys", None).await;
    assert_eq!(status, 401, "{refused}");
    assert!(server.stop().success());

    let url = format!("sqlite://{}", database.display());
    let (code, out, err) = run(&["serve", "--listen", "127.0.0.1:0", "--database", &url]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(err.contains("deleted") && err.contains("LOCKSTEP_API_KEY"), "{err}");
    assert!(!err.contains(API_KEY) && !out.contains(API_KEY), "{out}{err}");
}
