//! `/events`.

use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

/// What the story leaves in the log, oldest first.
const STORY: [&str; 9] = [
    "dsync.activated",
    "dsync.user.created",
    "dsync.group.created",
    "dsync.group.user_added",
    "dsync.user.updated",
    "dsync.group.updated",
    "dsync.group.user_removed",
    "dsync.user.deleted",
    "dsync.group.deleted",
];

/// A user comes, joins, moves and goes; answers with the ids of the user and the group.
async fn story(idp: &ScimClient) -> (String, String) {
    let user = idp.user("one@acme.test").await;
    let group = idp.group("Staff", &[&user]).await;
    idp.patch(&format!("/Users/{user}"), json!({ "op": "replace", "path": "title", "value": "Boss" }))
        .await
        .expect(200);
    let path = format!("/Groups/{group}");
    let renamed = idp.patch(&path, json!({ "op": "replace", "path": "displayName", "value": "All" })).await;
    assert!(renamed.status < 300, "{}", renamed.text);
    idp.scim("DELETE", &format!("/Users/{user}"), Value::Null).await.expect(204);
    idp.scim("DELETE", &format!("/Groups/{group}"), Value::Null).await.expect(204);
    (user, group)
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_event_names_the_request_that_caused_it() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let answer = idp.scim("POST", "/Users", json!({ "userName": "one@acme.test" })).await;
    let events = app.events("events=dsync.user.created").await;
    assert_eq!(events[0]["request_id"].as_str(), answer.header("x-request-id"));
    app.finish().await;
}

#[tokio::test]
async fn the_log_tells_the_whole_story_in_order_and_numbered() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let (user, group) = story(&idp).await;
    let events = app.events("").await;
    assert_eq!(names(&events), STORY);
    let numbers: Vec<u64> = events.iter().map(|event| event["directory_seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=9).collect::<Vec<_>>());
    for event in &events {
        assert_eq!(event["object"], "event");
        assert!(event["id"].as_str().unwrap().starts_with("event_"));
        assert!(event["created_at"].as_str().unwrap().ends_with('Z'));
    }
    let activated = &events[0]["data"];
    assert_eq!((&activated["state"], &activated["domains"]), (&json!("active"), &json!([])));
    assert_eq!(activated["external_key"], idp.directory.as_str());
    assert_eq!((&events[1]["data"]["id"], &events[1]["data"]["state"]), (&json!(user), &json!("active")));
    assert_eq!(events[2]["data"]["id"], group.as_str());
    app.finish().await;
}

#[tokio::test]
async fn an_update_tells_what_was_before() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    story(&idp).await;
    let events = app.events("").await;
    let user = &events[4]["data"];
    assert_eq!((&user["job_title"], &user["updated_at"]), (&json!("Boss"), &events[4]["created_at"]));
    let expected = json!({
        "job_title": null,
        "custom_attributes": { "job_title": null },
        "raw_attributes": { "title": null },
    });
    assert_eq!(user["previous_attributes"], expected);
    let group = &events[5]["data"];
    assert_eq!(group["name"], "All");
    let expected =
        json!({ "name": "Staff", "idp_id": "Staff", "raw_attributes": { "displayName": "Staff" } });
    assert_eq!(group["previous_attributes"], expected);
    app.finish().await;
}

#[tokio::test]
async fn a_membership_shows_user_and_group_as_they_were_then() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let (user, group) = story(&idp).await;
    let events = app.events("events=dsync.group.user_added,dsync.group.user_removed").await;
    let [added, removed] = events.as_slice() else { panic!("{events:?}") };
    for event in [added, removed] {
        assert_eq!(event["data"]["directory_id"], idp.directory.as_str());
        assert_eq!(
            (&event["data"]["user"]["id"], &event["data"]["group"]["id"]),
            (&json!(user), &json!(group))
        );
    }
    assert_eq!(
        (&added["data"]["user"]["job_title"], &added["data"]["group"]["name"]),
        (&Value::Null, &json!("Staff"))
    );
    assert_eq!(
        (&removed["data"]["user"]["job_title"], &removed["data"]["group"]["name"]),
        (&json!("Boss"), &json!("All"))
    );
    app.finish().await;
}

#[tokio::test]
async fn a_cursor_sees_every_event_once() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    story(&idp).await;
    let whole = app.events("").await;
    for limit in 1..=4 {
        let (mut seen, mut path) = (Vec::new(), format!("/events?limit={limit}"));
        loop {
            let page = app.read(&path).await;
            let data = page["data"].as_array().unwrap();
            let Some(last) = data.last() else {
                assert_eq!(page["list_metadata"]["after"], Value::Null);
                break;
            };
            assert_eq!(page["list_metadata"]["after"], last["id"]);
            path = format!("/events?limit={limit}&after={}", last["id"].as_str().unwrap());
            seen.extend(data.iter().cloned());
        }
        assert_eq!(seen, whole, "limit {limit}");
    }
    app.finish().await;
}

#[tokio::test]
async fn kinds_are_asked_for_in_every_style_that_clients_send() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    story(&idp).await;
    let (one, two) = ("dsync.user.created", "dsync.user.deleted");
    for query in [
        format!("events={one},{two}"),
        format!("events={one}%2C{two}"),
        format!("events={one}&events={two}"),
        format!("events[]={one}&events[]={two}"),
        format!("events%5B0%5D={one}&events%5B1%5D={two}"),
    ] {
        assert_eq!(names(&app.events(&query).await), [one, two], "{query}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_time_range_filters_and_does_not_order() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    story(&idp).await;
    let events = app.events("").await;
    let at = |index: usize| events[index]["created_at"].as_str().unwrap();
    assert_eq!(app.events(&format!("range_start={}", at(4))).await, events[4..]);
    assert_eq!(app.events(&format!("range_end={}", at(4))).await, events[..4]);
    assert_eq!(app.events(&format!("range_start={}&range_end={}", at(1), at(2))).await, events[1..2]);
    app.finish().await;
}

#[tokio::test]
async fn the_log_is_read_from_both_ends() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    story(&idp).await;
    let events = app.events("").await;
    let newest: Vec<Value> = events.iter().rev().cloned().collect();
    let id = |index: usize| events[index]["id"].as_str().unwrap();
    assert_eq!(app.events("order=desc").await, newest);
    assert_eq!(
        app.read("/events?order=desc&limit=1").await["data"],
        json!([events[8]]),
        "the newest at once"
    );
    let page = async |query: String| app.read(&format!("/events?limit=2&{query}")).await["data"].clone();
    assert_eq!(page(format!("before={}", id(6))).await, json!(events[4..6]));
    assert_eq!(page(format!("before={}", id(0))).await, json!([]));
    assert_eq!(page(format!("after={}&before={}", id(4), id(6))).await, json!(events[5..6]));
    assert_eq!(page(format!("order=desc&after={}", id(6))).await, json!([events[5], events[4]]));
    assert_eq!(page(format!("order=desc&before={}", id(6))).await, json!([events[8], events[7]]));
    assert_eq!(page(format!("order=desc&before={}", id(5))).await, json!([events[7], events[6]]));
    let kinds = "events=dsync.user.created&events=dsync.group.created";
    let of_kinds: Vec<Value> = app.events(kinds).await.into_iter().rev().collect();
    assert!(of_kinds.len() > 1);
    assert_eq!(app.events(&format!("order=desc&{kinds}")).await, of_kinds);
    app.finish().await;
}

#[tokio::test]
async fn an_organization_sees_its_own_events_only() {
    let app = TestApp::start().await;
    let (one, two) = (app.tenant("One").await, app.tenant("Two").await);
    story(&one).await;
    two.user("stranger@two.test").await;
    assert_eq!(app.events("").await.len(), 11);
    assert_eq!(names(&app.events(&format!("organization_id={}", one.organization)).await), STORY);
    let key = app.key_for(&[&two.organization]).await;
    let own = app.api_as(&key, "GET", "/events", Value::Null).await.expect(200);
    assert_eq!(names(own["data"].as_array().unwrap()), ["dsync.activated", "dsync.user.created"]);

    // Another organization's event is no cursor, and looks like one that never was.
    let foreign = app.events("").await[0]["id"].as_str().unwrap().to_owned();
    let refused = app.api_as(&key, "GET", &format!("/events?after={foreign}"), Value::Null).await;
    assert_eq!(refused.problem(), (422, "invalid_request_parameters", Some("after")));
    let never = app.api_as(&key, "GET", "/events?after=event_01", Value::Null).await;
    assert_eq!(never.body, refused.body);
    let named =
        app.api_as(&key, "GET", &format!("/events?organization_id={}", one.organization), Value::Null).await;
    assert_eq!(named.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let app = TestApp::start().await;
    let cases = [
        ("events=dsync.user.createdd", "events"),
        ("after=nothing", "after"),
        ("range_start=yesterday", "range_start"),
        ("range_start=2026-01-02T00:00:00Z&range_end=2026-01-01T00:00:00Z", "range_end"),
        ("limit=1000", "limit"),
        ("order=normal", "order"),
        ("before=event_1", "before"),
    ];
    for (query, field) in cases {
        let answer = app.api("GET", &format!("/events?{query}"), Value::Null).await;
        assert_eq!(answer.problem(), (422, "invalid_request_parameters", Some(field)), "{query}");
    }
    app.finish().await;
}

#[tokio::test]
async fn kinds_that_are_never_made_here_find_nothing_and_do_not_spoil_the_others() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    idp.user("one@acme.test").await;
    let alone = app.read("/events?events=connection.activated,user.created").await;
    assert_eq!((&alone["data"], &alone["list_metadata"]["after"]), (&json!([]), &Value::Null));
    let mixed = app.events("events=connection.activated,dsync.user.created&events=vault.data.read").await;
    assert_eq!(names(&mixed), ["dsync.user.created"]);
    // What else is wrong is said all the same.
    for (query, field) in [
        ("events=connection.activated,connection.activate", "events"),
        ("events=connection.activated&after=event_01", "after"),
        ("events=connection.activated&limit=0", "limit"),
    ] {
        let refused = app.api("GET", &format!("/events?{query}"), Value::Null).await;
        assert_eq!(refused.problem(), (422, "invalid_request_parameters", Some(field)), "{query}");
    }
    let refused = app.api("GET", "/events?events=dsync.user.createdd", Value::Null).await;
    let message = refused.body["message"].as_str().unwrap();
    assert!(message.contains("dsync.user.created,") && !message.contains("connection"), "{message}");
    let missing = "/events?events=connection.activated&organization_id=org_nobody";
    assert_eq!(app.api("GET", missing, Value::Null).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn a_request_that_changes_nothing_tells_nothing() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@acme.test").await;
    let before = app.events("").await;
    let path = format!("/Users/{user}");
    idp.patch(&path, json!({ "op": "replace", "path": "active", "value": true })).await.expect(200);
    assert_eq!(app.events("").await, before);
    app.finish().await;
}
