//! The unmodified WorkOS SDK for Python reads everything, with only its base URL changed.

use std::process::Command;

use lockstep_testkit::TestApp;
use serde_json::{Value, json};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/sdk/python/read_everything.py");

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_reads_everything() {
    let Some(python) = std::env::var_os("LOCKSTEP_TEST_PYTHON") else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "LOCKSTEP_TEST_PYTHON names no interpreter");
        println!(
            "skipped: LOCKSTEP_TEST_PYTHON names no interpreter that has workos==10.8.0 (cargo xtask prepare)"
        );
        return;
    };
    let app = TestApp::start().await;
    let organization = app.organization("Acme").await;
    let idp = app.directory(&organization, "okta scim v2.0").await;
    let mut users = Vec::new();
    for number in 0..4 {
        users.push(idp.user(&format!("user{number}@acme.test")).await);
    }
    let body = json!({
        "userName": "carol@acme.test",
        "externalId": "00u1",
        "name": { "givenName": "Carol", "familyName": "Jones" },
        "emails": [{ "value": "c.jones@acme.test", "type": "work", "primary": true }],
        "active": true,
    });
    let carol = idp.scim("POST", "/Users", body).await.expect(201)["id"].as_str().unwrap().to_owned();
    users.push(carol.clone());
    let members = [carol.clone(), users[0].clone()];
    let group = idp.group("Staff", &[&carol, &users[0]]).await;
    let empty = idp.group("Nobody", &[]).await;
    let path = format!("/Users/{carol}");
    idp.patch(&path, json!({ "op": "replace", "path": "active", "value": false })).await.expect(200);

    let events: Vec<Value> = app
        .events("")
        .await
        .iter()
        .map(|event| json!({ "id": event["id"], "event": event["event"] }))
        .collect();
    users.reverse();
    let expected = json!({
        "organization": organization,
        "directory": idp.directory,
        "type": "okta scim v2.0",
        "active": 4,
        "inactive": 1,
        "users": users,
        "person": { "id": carol, "idp_id": "00u1", "email": "c.jones@acme.test", "name": ["Carol", "Jones"] },
        "group": group,
        "group_name": "Staff",
        "groups": [empty, group],
        "members": members,
        "events": events,
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("expected.json");
    std::fs::write(&file, expected.to_string()).unwrap();
    let address = app.serve().await;
    let mut command = Command::new(python);
    command.arg(SCRIPT).arg(format!("http://{address}")).arg(&app.api_key).arg(&file);
    command.env_remove("WORKOS_API_KEY").env_remove("WORKOS_BASE_URL");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    app.finish().await;
}
