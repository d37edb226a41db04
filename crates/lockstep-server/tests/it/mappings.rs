//! Attributes and roles that somebody mapped: what is told, to whom, and that it is what a preview said.

use std::collections::BTreeMap;

use lockstep_store::Store;
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

const ACME: &str = "urn:acme:2.0:User";

/// Makes a user who has these values in an extension that nobody declared.
async fn user(idp: &ScimClient, name: &str, acme: Value) -> String {
    let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ACME], "userName": name,
        "title": "Engineer", "active": true, ACME: acme });
    idp.scim("POST", "/Users", body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

fn attribute(name: &str, kind: &str) -> Value {
    json!({ "path": format!("{ACME}:{name}"), "type": kind })
}

async fn map<S: Store>(app: &TestApp<S>, idp: &ScimClient, attributes: Value) -> Value {
    let path = format!("/directories/{}/attribute_mapping", idp.directory);
    app.api("PUT", &path, json!({ "attributes": attributes })).await.expect(200)
}

async fn map_roles<S: Store>(app: &TestApp<S>, idp: &ScimClient, body: Value) -> Value {
    app.api("PUT", &format!("/directories/{}/role_mapping", idp.directory), body).await.expect(200)
}

async fn read<S: Store>(app: &TestApp<S>, user: &str) -> Value {
    app.read(&format!("/directory_users/{user}")).await
}

/// What each `dsync.user.updated` tells: whose, what is, and what was.
async fn updates<S: Store>(app: &TestApp<S>) -> Vec<(String, Value, Value)> {
    let events = app.events("events=dsync.user.updated").await;
    let each = events.into_iter().map(|event| {
        let data = &event["data"];
        (data["id"].as_str().unwrap().to_owned(), data.clone(), data["previous_attributes"].clone())
    });
    each.collect()
}

/// A preview, by user and attribute: what is before and after.
fn foretold(preview: &Value) -> BTreeMap<(String, String), (Value, Value)> {
    let mut told = BTreeMap::new();
    for row in preview["data"].as_array().unwrap() {
        let id = row["directory_user_id"].as_str().unwrap();
        for (name, value) in row["custom_attributes"].as_object().unwrap() {
            told.insert((id.to_owned(), name.clone()), (value["before"].clone(), value["after"].clone()));
        }
    }
    told
}

/// The same from the events that came.
fn happened(updates: &[(String, Value, Value)]) -> BTreeMap<(String, String), (Value, Value)> {
    let mut told = BTreeMap::new();
    for (id, data, previous) in updates {
        for (name, before) in previous["custom_attributes"].as_object().unwrap() {
            let after = data["custom_attributes"].get(name).cloned().unwrap_or(Value::Null);
            told.insert((id.clone(), name.clone()), (before.clone(), after));
        }
    }
    told
}

#[tokio::test]
async fn what_a_preview_says_of_attributes_is_what_then_happens() {
    for contract in ["okta", "entra", "onelogin", "generic"] {
        let app = TestApp::start().await;
        let organization = app.organization("Acme").await;
        let idp = app.directory_of(&organization, contract).await;
        user(&idp, "ada@example.com", json!({ "badge": "7", "since": "2021-06-27" })).await;
        user(&idp, "bob@example.com", json!({ "badge": "B-8" })).await;
        idp.user("carol@example.com").await;
        let wanted = json!({
            "badge": attribute("badge", "number"), "since": attribute("since", "timestamp"), "job_title": null,
        });
        let path = format!("/directories/{}/attribute_mapping/preview", idp.directory);
        let preview = app.api("POST", &path, json!({ "attributes": wanted })).await.expect(200);
        assert!(updates(&app).await.is_empty(), "{contract}: a preview changes nothing");
        let answer = map(&app, &idp, wanted).await;
        assert_eq!(answer["changes_pending"], true, "{contract}");
        let directory = format!("/directories/{}", idp.directory);
        assert_eq!(app.read(&directory).await["mapping_changes_pending"], true, "{contract}");
        app.work().await;
        assert_eq!(app.read(&directory).await["mapping_changes_pending"], false, "{contract}");
        let updates = updates(&app).await;
        assert_eq!(foretold(&preview), happened(&updates), "{contract}");
        assert_eq!(updates.len(), 2, "{contract}: who has none of it is not told");
        for (id, data, _) in &updates {
            assert_eq!(read(&app, id).await["custom_attributes"], data["custom_attributes"], "{contract}");
        }
        assert_eq!(
            app.api("POST", &path, json!({ "attributes": answer["attributes"] })).await.expect(200)["found"],
            0
        );
        app.finish().await;
    }
}

#[tokio::test]
async fn a_mapping_shows_what_was_mapped_where_and_what_holds() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let of_organization = format!("/organizations/{}/attribute_mapping", idp.organization);
    let body =
        json!({ "attributes": { "badge": attribute("badge", "number"), "shoe": attribute("shoe", "any") } });
    let answer = app.api("PUT", &of_organization, body.clone()).await.expect(200);
    assert_eq!(answer["object"], "attribute_mapping");
    assert_eq!(
        answer["attributes"]["badge"],
        json!({ "path": "urn:acme:2.0:User:badge", "type": "number", "required": false })
    );
    app.work().await;
    assert_eq!(app.read(&of_organization).await["changes_pending"], false);
    let answer = map(&app, &idp, json!({ "badge": attribute("card", "string"), "shoe": null })).await;
    assert_eq!(answer["attributes"]["shoe"], Value::Null);
    let effective = answer["effective"].as_array().unwrap();
    let of = |name: &str| effective.iter().find(|one| one["name"] == name);
    assert_eq!(
        of("badge"),
        Some(
            &json!({ "name": "badge", "paths": ["urn:acme:2.0:User:card"], "type": "string", "required": false,
            "mapped_by": "directory" })
        )
    );
    assert_eq!(of("shoe"), None);
    assert_eq!(of("job_title").unwrap()["mapped_by"], "contract");
    let path = format!("/directories/{}/attribute_mapping", idp.directory);
    assert_eq!(app.read(&path).await["effective"], answer["effective"]);
    // What is left out of a body is not mapped any more.
    let answer = map(&app, &idp, json!({})).await;
    let effective = answer["effective"].as_array().unwrap();
    let badge = effective.iter().find(|one| one["name"] == "badge").unwrap();
    assert_eq!((&badge["mapped_by"], &badge["type"]), (&json!("organization"), &json!("number")));
    app.finish().await;
}

#[tokio::test]
async fn an_organizations_mapping_reaches_all_its_directories_and_no_others() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let second = app.directory(&idp.organization, "okta scim v2.0").await;
    let other = app.tenant("Other").await;
    let mut users = Vec::new();
    for (index, idp) in [&idp, &second, &other].into_iter().enumerate() {
        users.push(user(idp, &format!("user{index}"), json!({ "badge": index })).await);
    }
    let path = format!("/organizations/{}/attribute_mapping", idp.organization);
    let body = json!({ "attributes": { "badge": attribute("badge", "number") } });
    assert_eq!(app.api("PUT", &path, body).await.expect(200)["changes_pending"], true);
    app.work().await;
    let told: Vec<String> = updates(&app).await.into_iter().map(|(id, ..)| id).collect();
    assert_eq!(told.len(), 2);
    assert!(told.contains(&users[0]) && told.contains(&users[1]), "and nobody of another organization");
    assert_eq!(read(&app, &users[1]).await["custom_attributes"]["badge"], 1);
    assert_eq!(read(&app, &users[2]).await["custom_attributes"].get("badge"), None);
    // A directory that comes later has it too.
    let third = app.directory(&idp.organization, "azure scim v2.0").await;
    let late = user(&third, "late", json!({ "badge": 9 })).await;
    assert_eq!(read(&app, &late).await["custom_attributes"]["badge"], 9);
    app.finish().await;
}

#[tokio::test]
async fn what_is_written_after_a_change_is_read_by_it_at_once() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let ada = user(&idp, "ada", json!({ "badge": 7 })).await;
    map(&app, &idp, json!({ "badge": attribute("badge", "string") })).await;
    idp.patch(&format!("/Users/{ada}"), json!({ "op": "replace", "path": "title", "value": "Boss" }))
        .await
        .expect(200);
    let (_, data, previous) = updates(&app).await.remove(0);
    assert_eq!(data["custom_attributes"]["badge"], "7");
    assert_eq!(previous["custom_attributes"], json!({ "badge": null, "job_title": "Engineer" }));
    app.work().await;
    assert_eq!(updates(&app).await.len(), 1, "and is not told a second time");
    app.finish().await;
}

#[tokio::test]
async fn what_is_left_out_of_a_user_is_told_by_the_api_and_by_the_requests_record() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let required = |kind: &str| json!({ "path": format!("{ACME}:badge"), "type": kind, "required": true });
    map(&app, &idp, json!({ "badge": required("number") })).await;
    user(&idp, "ada", json!({ "badge": 7 })).await;
    let bob = user(&idp, "bob", json!({ "badge": "secret" })).await;
    let carol = idp.user("carol").await;
    let told = app.read(&format!("/directories/{}/attributes_left_out?name=badge", idp.directory)).await;
    let told: Vec<(&str, &Value)> = told["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["directory_user_id"].as_str().unwrap(), &row["attributes_left_out"][0]["reason"]))
        .collect();
    assert_eq!(told, [(bob.as_str(), &json!("unfit")), (carol.as_str(), &json!("missing"))]);
    let requests = app.read(&format!("/directories/{}/requests?limit=2", idp.directory)).await;
    let notes: Vec<&Value> = requests["data"].as_array().unwrap().iter().map(|one| &one["notes"]).collect();
    let notes = serde_json::to_string(&notes).unwrap();
    assert!(notes.contains("badge: a required attribute without a value (missing)"), "{notes}");
    assert!(notes.contains("badge: left out, its value is no number (unfit)"), "{notes}");
    assert!(!notes.contains("secret"), "{notes}");
    app.finish().await;
}

#[tokio::test]
async fn roles_follow_from_groups_by_joining_leaving_and_mapping() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let (ada, bob) = (idp.user("ada").await, idp.user("bob").await);
    let admins = idp.group("Admins", &[&ada]).await;
    let staff = idp.group("Staff", &[&ada, &bob]).await;
    assert_eq!(read(&app, &ada).await.get("role"), None, "no roles are mapped");
    let body = json!({ "roles": [
        { "slug": "admin", "group_ids": [admins] }, { "slug": "member", "group_ids": [staff] },
    ] });
    let preview =
        app.api("POST", &format!("/directories/{}/role_mapping/preview", idp.directory), body.clone()).await;
    let preview = preview.expect(200);
    let answer = map_roles(&app, &idp, body).await;
    assert_eq!(answer["roles"][0], json!({ "slug": "admin", "group_ids": [admins] }));
    assert_eq!((&answer["default_role"], &answer["multiple_roles"]), (&Value::Null, &json!(false)));
    app.work().await;
    let told = updates(&app).await;
    assert_eq!(told.len(), 2);
    for (id, data, previous) in &told {
        let row =
            preview["data"].as_array().unwrap().iter().find(|row| row["directory_user_id"] == **id).unwrap();
        assert_eq!(data["roles"], row["roles"]["after"], "as the preview said");
        assert_eq!(*previous, json!({ "role": null, "roles": null }));
    }
    let shown = read(&app, &ada).await;
    assert_eq!(
        (&shown["role"], &shown["roles"]),
        (&json!({ "slug": "admin" }), &json!([{ "slug": "admin" }]))
    );
    // Bob becomes an admin, and then is nothing.
    idp.patch(
        &format!("/Groups/{admins}"),
        json!({ "op": "add", "path": "members", "value": [{ "value": bob }] }),
    )
    .await
    .expect(200);
    let (_, data, previous) = updates(&app).await.pop().unwrap();
    assert_eq!(
        (&data["role"], &previous["role"]),
        (&json!({ "slug": "admin" }), &json!({ "slug": "member" }))
    );
    for group in [&admins, &staff] {
        let path = format!("members[value eq \"{bob}\"]");
        idp.patch(&format!("/Groups/{group}"), json!({ "op": "remove", "path": path })).await.expect(200);
    }
    assert_eq!(read(&app, &bob).await.get("role"), None);
    // Several roles, and one for whom no group gives any.
    let body = json!({ "roles": answer["roles"], "default_role": "guest", "multiple_roles": true });
    map_roles(&app, &idp, body).await;
    app.work().await;
    assert_eq!(read(&app, &ada).await["roles"], json!([{ "slug": "admin" }, { "slug": "member" }]));
    assert_eq!(read(&app, &bob).await["role"], json!({ "slug": "guest" }));
    let late = idp.user("late").await;
    assert_eq!(read(&app, &late).await["role"], json!({ "slug": "guest" }));
    map_roles(&app, &idp, json!({ "roles": [] })).await;
    app.work().await;
    assert_eq!(read(&app, &ada).await.get("roles"), None);
    app.finish().await;
}

#[tokio::test]
async fn a_change_goes_on_after_a_restart_and_every_user_is_told_once() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let count = 450;
    for number in 0..count {
        user(&idp, &format!("user{number:03}"), json!({ "badge": number })).await;
    }
    map(&app, &idp, json!({ "badge": attribute("badge", "number") })).await;
    // One step, and the server is another one that remembers nothing.
    lockstep_server::worker::turn(&app.state).await.unwrap();
    let app = app.with_requests(lockstep_server::requests::Requests::off());
    let directory = format!("/directories/{}", idp.directory);
    assert_eq!(app.read(&directory).await["mapping_changes_pending"], true);
    app.work().await;
    assert_eq!(app.read(&directory).await["mapping_changes_pending"], false);
    let mut told = Vec::new();
    let mut after = String::new();
    loop {
        let events = app.events(&format!("events=dsync.user.updated{after}")).await;
        let Some(last) = events.last() else { break };
        after = format!("&after={}", last["id"].as_str().unwrap());
        told.extend(events.iter().map(|event| event["data"]["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(told.len(), count);
    told.sort();
    told.dedup();
    assert_eq!(told.len(), count, "nobody twice");
    app.finish().await;
}

#[tokio::test]
async fn changes_of_a_mapping_while_the_idp_writes_leave_every_user_as_the_last_one_says() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let mut users = Vec::new();
    for number in 0..30 {
        users.push(user(&idp, &format!("user{number:02}"), json!({ "badge": number.to_string() })).await);
    }
    let path = format!("/directories/{}/attribute_mapping", idp.directory);
    let of_organization = format!("/organizations/{}/attribute_mapping", idp.organization);
    let mapped = |kind: &str| json!({ "attributes": { "badge": attribute("badge", kind) } });
    for round in 0..5 {
        let kind = if round % 2 == 0 { "number" } else { "list" };
        let title = json!({ "op": "replace", "path": "title", "value": format!("Title {round}") });
        let patches = async {
            for user in &users {
                idp.patch(&format!("/Users/{user}"), title.clone()).await.expect(200);
            }
        };
        let (own, organization, turn, ()) = tokio::join!(
            app.api("PUT", &path, mapped(kind)),
            app.api("PUT", &of_organization, mapped("string")),
            lockstep_server::worker::turn(&app.state),
            patches,
        );
        own.expect(200);
        organization.expect(200);
        turn.unwrap();
    }
    app.work().await;
    for (number, user) in users.iter().enumerate() {
        let custom = read(&app, user).await["custom_attributes"].clone();
        assert_eq!((&custom["badge"], &custom["job_title"]), (&json!(number), &json!("Title 4")));
    }
    app.api("PUT", &path, json!({ "attributes": {} })).await.expect(200);
    app.work().await;
    assert_eq!(read(&app, &users[3]).await["custom_attributes"]["badge"], "3", "the organization's again");
    app.finish().await;
}

#[tokio::test]
async fn what_an_idp_sends_at_worst_is_mapped_within_bounds() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let attributes: serde_json::Map<String, Value> = (0..100)
        .map(|number| (format!("a{number:02}"), json!({ "path": format!("{ACME}:it"), "type": "any" })))
        .collect();
    map(&app, &idp, Value::Object(attributes)).await;
    let long = user(&idp, "long", json!({ "it": "x".repeat(60_000) })).await;
    let custom = read(&app, &long).await["custom_attributes"].clone();
    let held = custom.as_object().unwrap().keys().filter(|name| name.starts_with('a')).count();
    assert_eq!(held, 4, "256 KiB of it");
    let deep =
        user(&idp, "deep", json!({ "it": [[[{ "a": [null, {}, [1]] }]]], "it\u{202e}[x]": "odd" })).await;
    assert_eq!(read(&app, &deep).await["custom_attributes"]["a00"], json!([[[{ "a": [[1]] }]]]));
    let seen = app.read(&format!("/directories/{}/attributes_seen", idp.directory)).await;
    assert_eq!(seen["left_out"], 1, "a name that can stand in no path");
    let told = app.read(&format!("/directories/{}/attributes_left_out", idp.directory)).await;
    assert_eq!(told["data"][0]["attributes_left_out"].as_array().unwrap().len(), 96);
    app.finish().await;
}

#[tokio::test]
async fn a_mapping_of_roles_is_taken_back_as_it_is_shown_though_a_group_of_it_is_gone() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let ada = idp.user("ada@example.com").await;
    let (admins, members) = (idp.group("Admins", &[&ada]).await, idp.group("Members", &[&ada]).await);
    let path = format!("/directories/{}/role_mapping", idp.directory);
    let body = json!({ "roles": [
        { "slug": "admin", "group_ids": [admins] },
        { "slug": "member", "group_ids": [members] },
    ] });
    map_roles(&app, &idp, body).await;
    app.work().await;
    idp.scim("DELETE", &format!("/Groups/{admins}"), Value::Null).await.expect(204);
    app.work().await;
    let shown = app.read(&path).await;
    let again = json!({ "roles": shown["roles"], "default_role": "guest", "multiple_roles": shown["multiple_roles"] });
    let preview = app.api("POST", &format!("{path}/preview"), again.clone()).await.expect(200);
    assert_eq!(preview["found"], 0, "who has a role keeps it");
    assert_eq!(map_roles(&app, &idp, again).await["roles"], shown["roles"]);
    app.work().await;
    assert_eq!(read(&app, &ada).await["roles"], json!([{ "slug": "member" }]));
    // Once it is mapped no more, it is as unknown as any other that is not there.
    map_roles(&app, &idp, json!({ "roles": [] })).await;
    let late = json!({ "roles": [{ "slug": "admin", "group_ids": [admins] }] });
    let refused = app.api("PUT", &path, late).await;
    assert_eq!(refused.problem(), (422, "invalid_request_parameters", Some("roles[0].group_ids[0]")));
    app.finish().await;
}
