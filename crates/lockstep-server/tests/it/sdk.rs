//! The official WorkOS SDKs, unmodified but for the base URL, through every method of theirs that Lockstep serves.
//! What is called, and that nothing is left out, stands in the scripts in `tests/sdk`.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

pub(crate) const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/sdk");
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_finds_everything() {
    python("sync").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_asynchronous_python_sdk_finds_everything() {
    python("async").await;
}

async fn python(kind: &str) {
    let Some(python) = tool("LOCKSTEP_TEST_PYTHON", "workos==10.8.0") else { return };
    let mut command = Command::new(python);
    command.arg("-B").arg(Path::new(SCRIPTS).join("python/everything.py")).arg(kind);
    plays(command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_sdk_finds_everything() {
    let Some(node) = tool("LOCKSTEP_TEST_NODE", "@workos-inc/node 8.13.0") else { return };
    // A script finds its packages beside itself or above.
    let folder = tempfile::tempdir().unwrap();
    let packages = Path::new(&node).ancestors().nth(2).unwrap().join("node_modules");
    std::os::unix::fs::symlink(packages, folder.path().join("node_modules")).unwrap();
    for file in ["everything.mjs", "watched.mjs", "out_of_scope.json"] {
        std::fs::copy(Path::new(SCRIPTS).join("node").join(file), folder.path().join(file)).unwrap();
    }
    let mut command = Command::new(node);
    command.arg(folder.path().join("everything.mjs"));
    plays(command).await;
}

/// What `cargo xtask prepare` made ready; without it there is no test here, save where everything must be tested.
pub(crate) fn tool(variable: &str, package: &str) -> Option<OsString> {
    let found = std::env::var_os(variable);
    if found.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{variable} is not set");
        println!("skipped: {variable} is not set, so that there is no {package} (cargo xtask prepare)");
    }
    found
}

/// Lets a script find all of [`world`], and prove that its SDK was left nothing to call.
async fn plays(mut command: Command) {
    let app = TestApp::start().await;
    let expected = world(&app).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("expected.json");
    std::fs::write(&file, expected.to_string()).unwrap();
    let address = app.serve().await;
    command.arg(format!("http://{address}")).arg(&app.api_key).arg(&file);
    command.env_remove("WORKOS_API_KEY").env_remove("WORKOS_BASE_URL").env_remove("WORKOS_CLIENT_ID");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    app.finish().await;
}

/// Two organizations with a directory each, one small and known in full, one of a hundred users and three. Answers with
/// what a script must find.
async fn world(app: &TestApp) -> Value {
    let body = json!({ "name": "Acme", "external_id": "acme-1" });
    let organization = app.api("POST", "/organizations", body).await.expect(201);
    let organization = organization["id"].as_str().unwrap().to_owned();
    let idp = app.directory(&organization, "okta scim v2.0").await;
    let renamed = json!({ "name": "Okta of Acme" });
    app.api("PUT", &format!("/directories/{}", idp.directory), renamed).await.expect(200);
    let mut expected = story(&idp).await;
    let roles = json!({ "roles": [{ "slug": "staff", "group_ids": [expected["group"]] }] });
    app.api("PUT", &format!("/directories/{}/role_mapping", idp.directory), roles).await.expect(200);
    app.work().await;

    let of_acme = ids(&app.events(&format!("organization_id={organization}")).await);
    let other = app.organization("Large").await;
    let large = app.directory(&other, "azure scim v2.0").await;
    for number in 0..103 {
        large.user(&format!("user{number}@example.com")).await;
    }
    let mut events = app.events("").await;
    let last = events.last().unwrap()["id"].as_str().unwrap().to_owned();
    events.extend(app.events(&format!("after={last}")).await);
    let told = events.iter().map(|event| json!({ "id": event["id"], "event": event["event"] }));
    let kinds: std::collections::BTreeSet<&str> =
        events.iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(kinds.len(), 9, "all but dsync.deleted, which the script causes: {kinds:?}");

    let more = json!({
        "organization": organization,
        "organizations": [other, organization],
        "external_id": "acme-1",
        "limited_key": app.key_for(&[&organization]).await,
        "directory": idp.directory,
        "directories": [large.directory, idp.directory],
        "type": "okta scim v2.0",
        "large": large.directory,
        "events": told.collect::<Vec<_>>(),
        "events_of": of_acme,
    });
    expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    expected
}

fn ids(rows: &[Value]) -> Vec<Value> {
    rows.iter().map(|row| row["id"].clone()).collect()
}

/// A small directory in which everything happens that makes an event.
async fn story(idp: &ScimClient) -> Value {
    let mut users = Vec::new();
    for number in 0..4 {
        users.push(idp.user(&format!("user{number}@example.com")).await);
    }
    let body = json!({
        "userName": "carol@example.com",
        "externalId": "00u1",
        "name": { "givenName": "Carol", "familyName": "Jones" },
        "emails": [{ "value": "c.jones@example.com", "type": "work", "primary": true }],
        "title": "Engineer",
        "userType": "Employee",
        ENTERPRISE: { "department": "Engines", "division": "Works", "costCenter": "42" },
        "active": true,
    });
    let carol = idp.scim("POST", "/Users", body).await.expect(201)["id"].as_str().unwrap().to_owned();
    users.push(carol.clone());
    let members = [carol.clone(), users[0].clone()];
    let group = idp.group("Staff", &[&carol, &users[0]]).await;
    let empty = idp.group("Nobody", &[]).await;
    let third = idp.group("Third", &[&users[1]]).await;
    let change = |path, value: Value| json!({ "op": "replace", "path": path, "value": value });
    idp.patch(&format!("/Users/{carol}"), change("active", false.into())).await.expect(200);
    idp.patch(&format!("/Users/{carol}"), change("title", "Chief".into())).await.expect(200);
    idp.patch(&format!("/Groups/{third}"), change("displayName", "Third floor".into())).await.expect(200);
    let short = idp.group("Of a day", &[]).await;
    idp.scim("DELETE", &format!("/Groups/{short}"), Value::Null).await.expect(204);
    idp.scim("DELETE", &format!("/Users/{}", users[1]), Value::Null).await.expect(204);
    users.remove(1);
    users.reverse();
    json!({
        "active": 3,
        "inactive": 1,
        "users": users,
        "person": {
            "id": carol,
            "idp_id": "00u1",
            "email": "c.jones@example.com",
            "first_name": "Carol",
            "last_name": "Jones",
            "name": "Carol Jones",
            "job_title": "Chief",
            "username": "carol@example.com",
            "mail": [true, "work", "c.jones@example.com"],
            "custom_attributes": {
                "department_name": "Engines", "division_name": "Works", "cost_center_name": "42",
                "employee_type": "Employee", "job_title": "Chief",
            },
        },
        "role": "staff",
        "previous_attributes": [
            { "state": "active", "raw_attributes": { "active": true } },
            { "job_title": "Engineer", "custom_attributes": { "job_title": "Engineer" },
              "raw_attributes": { "title": "Engineer" } },
            // Each of the two who are in the group that the role is mapped to.
            { "role": null, "roles": null },
            { "role": null, "roles": null },
        ],
        "group": group,
        "group_name": "Staff",
        "group_idp_id": "Staff",
        "groups": [third, empty, group],
        "renamed": [["Third floor", "Third"]],
        "members": members,
    })
}
