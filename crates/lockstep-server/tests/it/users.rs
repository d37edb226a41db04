//! `/directory_users`.

use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

async fn carol(idp: &ScimClient) -> String {
    let body = json!({
        "userName": "carol",
        "externalId": "ext-1",
        "name": { "givenName": "Carol", "familyName": "Jones" },
        "emails": [
            { "value": "home@acme.test", "type": "home" },
            { "value": "carol@acme.test", "type": "work", "primary": true },
        ],
        "title": "Engineer",
        "active": true,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Research" },
    });
    let made = idp.scim("POST", "/Users", body).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_user_is_read_normalized_and_with_its_groups() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = carol(&idp).await;
    let group = idp.group("Staff", &[&user]).await;
    let read = app.read(&format!("/directory_users/{user}")).await;
    let expected = json!({
        "object": "directory_user",
        "id": user,
        "idp_id": "ext-1",
        "directory_id": idp.directory,
        "organization_id": idp.organization,
        "email": "carol@acme.test",
        "first_name": "Carol",
        "last_name": "Jones",
        "name": "Carol Jones",
        "job_title": "Engineer",
        "username": "carol",
        "state": "active",
        "custom_attributes": {
            "department_name": "Research",
            "emails": [
                { "primary": false, "type": "home", "value": "home@acme.test" },
                { "primary": true, "type": "work", "value": "carol@acme.test" },
            ],
            "job_title": "Engineer",
            "username": "carol",
        },
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(read[name], *value, "{name}");
    }
    assert_eq!(read["raw_attributes"]["userName"], "carol");
    assert_eq!(read["emails"][1], json!({ "primary": true, "type": "work", "value": "carol@acme.test" }));
    assert_eq!(read["groups"], json!([app.read(&format!("/directory_groups/{group}")).await]));
    assert_eq!(
        app.read(&format!("/directory_users?directory={}", idp.directory)).await["data"],
        json!([read])
    );
    app.finish().await;
}

#[tokio::test]
async fn a_list_and_an_event_show_all_of_a_user_though_they_do_not_read_it_whole() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let everything = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:example:params:scim:schemas:Own"],
        "userName": "carol@acme.test", "externalId": "ext-1", "displayName": "C. \"CJ\" Jones é\n", "nickName": "CJ",
        "name": { "formatted": "Carol M. Jones", "givenName": "Carol", "familyName": "Jones", "middleName": "M." },
        "emails": [{ "value": "home@acme.test", "type": "home", "primary": true }], "title": "Engineer",
        "userType": "Employee", "active": false, "preferredLanguage": "en", "locale": "en-GB",
        "timezone": "Europe/London", "profileUrl": "https://example.com/carol",
        "phoneNumbers": [{ "value": "tel:+44-20-7946-0123", "type": "work" }],
        "addresses": [{ "type": "work", "locality": "London", "primary": true }],
        "ims": [{ "value": "carol", "type": "xmpp" }], "roles": [{ "value": "admin" }],
        "entitlements": [{ "value": "all" }], "photos": [{ "value": "https://example.com/carol.png" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "employeeNumber": "701", "department": "Research", "division": "North", "costCenter": "4130",
            "organization": "Acme", "manager": { "value": "ext-2", "displayName": "Dora" },
        },
        "urn:example:params:scim:schemas:Own": { "badge": 7.50, "tags": ["a", "b"] },
    });
    let made = idp.scim("POST", "/Users", everything).await.expect(201);
    let bare = idp.user("nothing-else").await;
    let group = idp.group("Staff", &[made["id"].as_str().unwrap(), &bare]).await;
    let mut alone = Vec::new();
    for id in [made["id"].as_str().unwrap(), &bare] {
        alone.push(app.read(&format!("/directory_users/{id}")).await);
    }
    for asked in [format!("directory={}", idp.directory), format!("group={group}")] {
        let list = app.read(&format!("/directory_users?order=asc&{asked}")).await;
        assert_eq!(list["data"], json!(alone));
    }
    let events = app.read("/events?events=dsync.user.created&events=dsync.group.user_added").await;
    let events = events["data"].as_array().unwrap();
    assert_eq!(events.len(), 4);
    for event in events {
        let told = event["data"].get("user").unwrap_or(&event["data"]);
        let mut expected = alone.iter().find(|user| user["id"] == told["id"]).unwrap().clone();
        expected.as_object_mut().unwrap().remove("groups");
        assert_eq!(*told, expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn users_are_listed_by_directory_and_by_group_in_pages() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let mut users = Vec::new();
    for number in 0..5 {
        users.push(idp.user(&format!("user{number}@acme.test")).await);
    }
    let group = idp.group("Staff", &[&users[1], &users[3]]).await;
    users.reverse();
    let all = format!("/directory_users?directory={}", idp.directory);
    assert_eq!(ids(&app.read(&all).await), users);
    let first = app.read(&format!("{all}&limit=2")).await;
    assert_eq!(ids(&first), users[..2]);
    let after = first["list_metadata"]["after"].as_str().unwrap();
    assert_eq!(ids(&app.read(&format!("{all}&limit=2&after={after}")).await), users[2..4]);
    assert_eq!(ids(&app.read(&format!("{all}&limit=2&before={}", users[4])).await), users[2..4]);
    // A cursor holds its place also when its user has gone.
    idp.scim("DELETE", &format!("/Users/{}", users[1]), Value::Null).await.expect(204);
    assert_eq!(ids(&app.read(&format!("{all}&limit=2&after={after}")).await), users[2..4]);

    let members = app.read(&format!("/directory_users?group={group}")).await;
    assert_eq!(ids(&members), [users[3].clone()]);
    app.finish().await;
}

#[tokio::test]
async fn users_are_found_by_the_idps_id_and_by_their_address() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let carol = carol(&idp).await;
    let plain = idp.user("dave@acme.test").await;
    let cases = [
        ("idp_id=ext-1", vec![&carol]),
        ("idp_id=carol", vec![]),
        ("idp_id=dave@acme.test", vec![&plain]),
        ("email=CAROL@acme.test", vec![&carol]),
        ("email=home@acme.test", vec![]),
        ("email=dave@acme.test", vec![&plain]),
        ("email=dave@acme.test&idp_id=ext-1", vec![]),
    ];
    for (query, expected) in cases {
        let page = app.read(&format!("/directory_users?directory={}&{query}", idp.directory)).await;
        assert_eq!(ids(&page).iter().collect::<Vec<_>>(), expected, "{query}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_list_says_whose_users_and_knows_its_parameters() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let other = app.tenant("Other").await;
    let group = other.group("Staff", &[]).await;
    let stranger = other.user("stranger@other.test").await;
    let mine = format!("directory={}", idp.directory);
    let cases = [
        (String::new(), (422, Some("directory"))),
        ("email=a@b".into(), (422, Some("directory"))),
        (format!("{mine}&user_id=7"), (422, Some("user_id"))),
        (format!("{mine}&limit=0"), (422, Some("limit"))),
        (format!("{mine}&after={stranger}"), (422, Some("after"))),
        (format!("{mine}&group={group}"), (404, None)),
        ("directory=directory_x".into(), (404, None)),
        (format!("directory={}", idp.organization), (404, None)),
    ];
    for (query, (status, field)) in cases {
        let answer = app.api("GET", &format!("/directory_users?{query}"), Value::Null).await;
        let (found, _, named) = answer.problem();
        assert_eq!((found, named), (status, field), "{query}: {}", answer.text);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_deactivated_user_is_inactive_and_keeps_its_groups() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@acme.test").await;
    idp.group("Staff", &[&user]).await;
    idp.patch(&format!("/Users/{user}"), json!({ "op": "replace", "path": "active", "value": false }))
        .await
        .expect(200);
    let read = app.read(&format!("/directory_users/{user}")).await;
    assert_eq!((&read["state"], read["groups"].as_array().unwrap().len()), (&json!("inactive"), 1));
    idp.scim("DELETE", &format!("/Users/{user}"), Value::Null).await.expect(204);
    assert_eq!(app.api("GET", &format!("/directory_users/{user}"), Value::Null).await.status, 404);
    app.finish().await;
}
