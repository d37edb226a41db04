//! What the program says when it cannot start, and when it is asked to stop.

use std::path::Path;

use serde_json::json;

use crate::process::{Process, run};

#[track_caller]
fn refused(database: &Path, says: &[&str]) {
    let url = format!("sqlite://{}", database.display());
    let (code, out, err) = run(&["serve", "--listen", "127.0.0.1:0", "--database", &url]);
    assert_eq!(code, Some(1), "{out}{err}");
    for words in says {
        assert!(err.contains(words), "{err:?} does not say {words:?}");
    }
    assert!(err.contains(&database.display().to_string()), "{err:?} does not name the file");
    assert!(!err.contains("panicked"), "{err}");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("garbage.db");
    std::fs::write(&path, "this is not a database, and long enough to look at".repeat(100)).unwrap();
    let before = std::fs::read(&path).unwrap();
    refused(&path, &["database"]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_folder_is_refused_as_a_database() {
    let folder = tempfile::tempdir().unwrap();
    refused(folder.path(), &["cannot open the database"]);
}

#[tokio::test]
async fn a_database_that_another_process_serves_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lockstep.db");
    let server = Process::start(&path);
    refused(&path, &["in use by process", "stop it first"]);
    assert!(server.stop().success());
}

#[tokio::test]
async fn a_stop_answers_what_is_being_served_and_the_next_start_finds_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lockstep.db");
    let server = Process::start(&path);
    let directory = server.directory().await;
    let body = Some(json!({"userName": "ann@example.com"}));
    let (status, made) = server.scim(&directory, "POST", "/Users", body).await.unwrap();
    assert_eq!(status, 201);
    assert!(server.stop().success());
    let server = Process::start(&path);
    let (status, user) =
        server.api("GET", &format!("/directory_users/{}", made["id"].as_str().unwrap()), None).await;
    assert_eq!((status, &user["username"]), (200, &json!("ann@example.com")));
}

#[test]
fn an_unknown_key_in_the_configuration_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lockstep.toml");
    std::fs::write(&path, "listn = \"127.0.0.1:0\"\n").unwrap();
    let (code, _, err) = run(&["serve", "--config", path.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(err.contains("listn") && err.contains("lockstep.toml"), "{err}");
}

#[tokio::test]
async fn quotes_and_brackets_in_a_query_are_taken_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(&folder.path().join("lockstep.db"));
    let directory = server.directory().await;
    let body = Some(json!({"userName": "ann@example.com", "emails": [{"value": "a@b", "type": "work"}]}));
    assert_eq!(server.scim(&directory, "POST", "/Users", body).await.unwrap().0, 201);
    for filter in [r#"userName+eq+"ann%40example.com""#, r#"emails[type+eq+"work"].value+eq+"a@b""#] {
        let answer = server.raw(&directory, &format!("/Users?filter={filter}"));
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains("\"totalResults\":1"),
            "{filter}: {answer}"
        );
    }
}
