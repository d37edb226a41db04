//! What goes on in the background, and the whole of it on SQLite.

use lockstep_server::limits::SPREAD_DIRECTORIES_LIMIT;
use lockstep_server::worker;
use lockstep_store::Store;
use lockstep_testkit::TestApp;
use serde_json::{Value, json};

/// More than one step ends.
const CROWD: usize = 1_005;

#[tokio::test]
async fn a_great_group_ends_in_steps_and_is_gone_at_once() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let mut members = Vec::new();
    for number in 0..CROWD {
        members.push(idp.user(&format!("user{number}@acme.test")).await);
    }
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let group = idp.group("Everyone", &members).await;
    idp.scim("DELETE", &format!("/Groups/{group}"), Value::Null).await.expect(204);
    assert_eq!(app.api("GET", &format!("/directory_groups/{group}"), Value::Null).await.status, 404);
    assert_eq!(app.events("events=dsync.group.deleted").await, Vec::<Value>::new());
    // Also twice at once.
    let (one, two) = tokio::join!(worker::turn(&app.state), worker::turn(&app.state));
    assert!(one.is_ok() && two.is_ok());
    app.work().await;
    assert_eq!(app.events("events=dsync.group.deleted").await.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn what_an_organization_maps_is_handed_on_some_directories_at_a_time() {
    let app = TestApp::start().await;
    let organization = app.organization("Acme").await;
    for _ in 0..=SPREAD_DIRECTORIES_LIMIT {
        app.directory(&organization, "generic scim v2.0").await;
    }
    let path = format!("/organizations/{organization}/attribute_mapping");
    let body = json!({ "attributes": { "badge": { "path": "userName", "type": "string" } } });
    app.api("PUT", &path, body).await.expect(200);
    let behind = async || {
        let mut count = 0;
        for number in app.state.store.directory_numbers().await.unwrap() {
            count += usize::from(app.state.store.mapping(number).await.unwrap().organization.is_empty());
        }
        count
    };
    assert_eq!(worker::turn(&app.state).await.unwrap(), worker::Turn::More);
    assert_eq!(behind().await, 1, "what else was begun has its turn");
    app.work().await;
    assert_eq!(behind().await, 0);
    assert!(app.state.store.work(1).await.unwrap().is_empty());
    app.finish().await;
}

#[tokio::test]
async fn the_worker_wakes_by_commits() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    idp.user("one@acme.test").await;
    let running = tokio::spawn(worker::run(app.state.clone()));
    app.api("DELETE", &format!("/directories/{}", idp.directory), Value::Null).await.expect(202);
    let mut committed = app.state.store.committed();
    while !app.state.store.work(1).await.unwrap().is_empty() {
        tokio::select! {
            _ = committed.changed() => {}
            () = tokio::task::yield_now() => {}
        }
    }
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    app.finish().await;
}

#[tokio::test]
async fn a_story_on_sqlite_reads_as_in_memory() {
    let app = TestApp::start_on_sqlite().await;
    let (one, two) = (app.tenant("One").await, app.tenant("Two").await);
    let user = one.user("one@one.test").await;
    let other = one.user("other@one.test").await;
    let group = one.group("Staff", &[&user, &other]).await;
    two.user("one@one.test").await;
    let patch = json!({ "op": "replace", "path": "active", "value": false });
    one.patch(&format!("/Users/{user}"), patch).await.expect(200);
    let read = app.read(&format!("/directory_users/{user}")).await;
    assert_eq!((&read["state"], &read["groups"][0]["id"]), (&json!("inactive"), &json!(group)));
    let page = app.read(&format!("/directory_users?group={group}&limit=1")).await;
    assert_eq!((&page["data"][0]["id"], &page["list_metadata"]["after"]), (&json!(other), &json!(other)));
    let found = app.read(&format!("/directory_users?directory={}&email=ONE@one.test", one.directory)).await;
    assert_eq!(found["data"], json!([read]));
    one.scim("DELETE", &format!("/Users/{user}"), Value::Null).await.expect(204);

    let (mut seen, mut path) = (Vec::new(), "/events?limit=2".to_owned());
    loop {
        let page = app.read(&path).await;
        let Some(last) = page["data"].as_array().unwrap().last() else { break };
        path = format!("/events?limit=2&after={}", last["id"].as_str().unwrap());
        seen.extend(page["data"].as_array().unwrap().iter().cloned());
    }
    let names: Vec<&str> = seen.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let expected = [
        "dsync.activated",
        "dsync.activated",
        "dsync.user.created",
        "dsync.user.created",
        "dsync.group.created",
        "dsync.group.user_added",
        "dsync.group.user_added",
        "dsync.user.created",
        "dsync.user.updated",
        "dsync.group.user_removed",
        "dsync.user.deleted",
    ];
    assert_eq!(names, expected);
    app.api("DELETE", &format!("/directories/{}", one.directory), Value::Null).await.expect(202);
    app.work().await;
    assert_eq!(one.scim("GET", "/Users", Value::Null).await.status, 404);
    let last = app.events(&format!("organization_id={}", one.organization)).await.pop().unwrap();
    assert_eq!(last["event"], "dsync.deleted");
    app.finish().await;
}
