//! The log: one wide line a request, and nothing of what IdPs and applications entrust to us.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use lockstep_testkit::TestApp;
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// What one thread logs, while other tests run beside it.
#[derive(Clone)]
struct Log(ThreadId, Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::thread::current().id() == self.0 {
            self.1.lock().unwrap().extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

// Shows: SEARCH-06
// Shows: AUTH-05, AUTH-11, AUTH-14, AUTH-15
#[tokio::test]
async fn every_request_is_one_line_that_names_ids_only() {
    let log = Log(std::thread::current().id(), Arc::default());
    tracing_subscriber::fmt().json().with_max_level(LevelFilter::TRACE).with_writer(log.clone()).init();

    let app = TestApp::start().await;
    let idp = app.tenant("Secretorg").await;
    let secret_user = json!({
        "userName": "secretuser@secret.test",
        "displayName": "Secretname",
        "emails": [{ "value": "secretmail@secret.test" }],
        "unknownAttribute": "secretvalue",
        "password": "secretpassword",
    });
    let user = idp.scim("POST", "/Users", secret_user.clone()).await.expect(201)["id"].clone();
    let user = user.as_str().unwrap();
    idp.scim("POST", "/Users", secret_user).await.expect(409);
    idp.group("Secretgroup", &[user]).await;
    idp.scim("GET", "/Users?filter=userName%20eq%20%22secretuser%40secret.test%22", Value::Null)
        .await
        .expect(200);
    for endpoint in ["/.search", "/Users/.search"] {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"];
        let filter = "userName eq \"secretuser@secret.test\"";
        idp.scim("POST", endpoint, json!({ "schemas": schemas, "filter": filter })).await.expect(200);
        let wrong = "secretname eq \"secretvalue";
        idp.scim("POST", endpoint, json!({ "schemas": schemas, "filter": wrong })).await.expect(400);
    }
    idp.scim("GET", "/Secretpath", Value::Null).await.expect(404);
    idp.scim("GET", &format!("/Users?access_token={}", idp.token), Value::Null).await.expect(400);
    idp.with_token("secrettoken").scim("GET", "/Users", Value::Null).await.expect(401);
    idp.patch(&format!("/Users/{user}"), json!({ "op": "add", "path": "secretpath[", "value": 1 }))
        .await
        .expect(400);
    app.read(&format!("/directory_users?directory={}&email=secretmail@secret.test", idp.directory)).await;
    app.api("GET", "/organizations/external_id/secretexternal", Value::Null).await.expect(404);
    app.api("GET", "/secretpath?secretquery=1", Value::Null).await.expect(404);
    app.api("POST", "/organizations", json!({ "secretfield": 1 })).await.expect(422);
    let tokens = app.read(&format!("/directories/{}/tokens", idp.directory)).await;
    let told = app.events("events=dsync.user.created").await;
    let api_key = app.api_key.clone();
    let reader = app.api("POST", "/api_keys", json!({ "read_only": true })).await.expect(201);
    let value = reader["value"].as_str().unwrap().to_lowercase();
    app.api_as(reader["value"].as_str().unwrap(), "POST", "/organizations", json!({})).await.expect(403);
    app.finish().await;

    let text = String::from_utf8(log.1.lock().unwrap().clone()).unwrap();
    let lower = text.to_lowercase();
    for secret in ["secret", &idp.token.to_lowercase(), &api_key.to_lowercase(), &value] {
        assert!(!lower.contains(secret), "{secret}: {text}");
    }
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests = lines.iter().filter(|line| !line["fields"]["request.id"].is_null());
    assert_eq!(requests.count(), 22, "{text}");
    let created = lines.iter().find(|line| line["fields"]["http.operation"] == "POST /Users").unwrap();
    let expected = json!({
        "http.method": "POST",
        "http.status": 201,
        "directory.id": idp.directory,
        "token.id": tokens["data"][0]["id"],
        "request.id": told[0]["request_id"],
        "provider": "generic",
        "events": 1,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(created["fields"][name], *value, "{name}: {created}");
    }

    // By which API key the application came: in each of its lines, also where it was refused, and in no IdP's.
    let by = |line: &Value| line["fields"]["key.id"].clone();
    let refused = lines.iter().find(|line| line["fields"]["http.status"] == 403).unwrap();
    assert_eq!(by(refused), reader["id"], "{refused}");
    let own = by(lines.iter().find(|line| line["fields"]["http.status"] == 422).unwrap());
    assert!(own.as_str().is_some_and(|id| id != reader["id"] && id.starts_with("api_key_")), "{own}");
    assert_eq!(by(created), Value::Null, "{created}");
}
