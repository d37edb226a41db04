//! `/directory_groups`.

use lockstep_testkit::TestApp;
use serde_json::{Value, json};

#[tokio::test]
async fn a_group_is_read_without_its_members() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@acme.test").await;
    let body = json!({ "displayName": "Staff", "externalId": "ext-g", "members": [{ "value": user }] });
    let made = idp.scim("POST", "/Groups", body).await.expect(201);
    let id = made["id"].as_str().unwrap();
    let read = app.read(&format!("/directory_groups/{id}")).await;
    assert_eq!((&read["object"], &read["id"]), (&json!("directory_group"), &json!(id)));
    assert_eq!((&read["idp_id"], &read["name"]), (&json!("ext-g"), &json!("Staff")));
    assert_eq!(read["directory_id"], idp.directory.as_str());
    assert_eq!(read["organization_id"], idp.organization.as_str());
    assert!(read["raw_attributes"].get("members").is_none());
    app.finish().await;
}

#[tokio::test]
async fn groups_are_listed_by_directory_and_by_user() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@acme.test").await;
    for number in 0..4 {
        let members: &[&str] = if number % 2 == 0 { &[&user] } else { &[] };
        idp.group(&format!("Group {number}"), members).await;
    }
    let names = async |query: String| -> Vec<String> {
        let page = app.read(&format!("/directory_groups?{query}")).await;
        page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = format!("directory={}", idp.directory);
    assert_eq!(names(all.clone()).await, ["Group 3", "Group 2", "Group 1", "Group 0"]);
    assert_eq!(names(format!("{all}&order=asc&limit=3")).await, ["Group 0", "Group 1", "Group 2"]);
    assert_eq!(names(format!("user={user}")).await, ["Group 2", "Group 0"]);
    assert_eq!(names(format!("user={user}&{all}&limit=1")).await, ["Group 2"]);
    assert_eq!(app.api("GET", "/directory_groups", Value::Null).await.problem().2, Some("directory"));
    app.finish().await;
}

#[tokio::test]
async fn a_deleted_group_is_gone() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@acme.test").await;
    let group = idp.group("Staff", &[&user]).await;
    idp.scim("DELETE", &format!("/Groups/{group}"), Value::Null).await.expect(204);
    assert_eq!(app.api("GET", &format!("/directory_groups/{group}"), Value::Null).await.status, 404);
    assert_eq!(app.api("GET", &format!("/directory_users?group={group}"), Value::Null).await.status, 404);
    assert_eq!(app.read(&format!("/directory_users/{user}")).await["groups"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn a_put_that_says_nobody_empties_the_group_however_it_says_so() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@acme.test").await;
    let core = "urn:ietf:params:scim:schemas:core:2.0:Group";
    for (index, body) in [
        json!({ "displayName": "G0", "members": [] }),
        json!({ "displayName": "G1", "MEMBERS": [] }),
        json!({ "displayName": "G2", (format!("{core}:members")): [] }),
        json!({ (core): { "displayName": "G3", "members": [] } }),
    ]
    .into_iter()
    .enumerate()
    {
        let group = idp.group(&format!("G{index}"), &[&user]).await;
        let path = format!("/Groups/{group}");
        idp.scim("PUT", &path, json!({ "displayName": format!("G{index}") })).await.expect(200);
        let read = idp.scim("GET", &path, Value::Null).await.expect(200);
        assert_eq!(read["members"].as_array().map(Vec::len), Some(1), "who is not named stays: {index}");
        let answer = idp.scim("PUT", &path, body.clone()).await.expect(200);
        assert_eq!(answer["members"], json!([]), "{body}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_group_that_joins_or_leaves_a_group_is_told() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let child = idp.group("Child", &[]).await;
    let parent = idp.group("Parent", &[&child]).await;
    let members = json!([{ "type": "Group", "value": child }]);
    let read = app.read(&format!("/directory_groups/{parent}")).await;
    assert_eq!(read["raw_attributes"]["members"], members);
    idp.scim("DELETE", &format!("/Groups/{child}"), Value::Null).await.expect(204);
    let events = app.events("events=dsync.group.updated").await;
    let data = &events[0]["data"];
    assert_eq!((&data["id"], data["raw_attributes"].get("members")), (&json!(parent), None));
    assert_eq!(data["previous_attributes"], json!({ "raw_attributes": { "members": members } }));
    app.finish().await;
}
