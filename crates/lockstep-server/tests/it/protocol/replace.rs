//! PUT (RFC 7644 §3.5.1).

use http::Request;
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

use super::{ENTERPRISE, GROUP, USER, get, lenient_and_strict, refusal};

fn whole() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "userName": "anna",
        "externalId": "e-1",
        "title": "Head",
        "name": { "givenName": "Anna", "familyName": "Ek" },
        "emails": [{ "value": "a@example.com", "type": "work" }],
        (ENTERPRISE): { "department": "Research" },
    })
}

/// A user with an attribute of every kind: its path and what it is.
async fn anna(idp: &ScimClient) -> (String, Value) {
    let made = idp.scim("POST", "/Users", whole()).await.expect(201);
    (format!("/Users/{}", made["id"].as_str().unwrap()), made)
}

// Shows: PUT-01, PUT-03, PUT-08, PUT-10, PUT-18
#[tokio::test]
async fn a_put_makes_the_resource_what_the_body_says() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let (path, made) = anna(&idp).await;
        let body = json!({
            "schemas": [USER],
            "userName": "Anna.Ek",
            "name": { "givenName": "Ann" },
            "nickName": "An",
        });
        let replaced = idp.scim("PUT", &path, body).await.expect(200);
        let expected = json!({
            "schemas": [USER],
            "id": made["id"],
            "userName": "Anna.Ek",
            "name": { "givenName": "Ann" },
            "nickName": "An",
            "active": true,
            "meta": replaced["meta"],
        });
        assert_eq!(replaced, expected);
        assert_eq!(get(&idp, &path).await, expected);
        assert_eq!(get(&idp, "/Users?filter=title%20pr").await["totalResults"], 0);
    }
    app.finish().await;
}

// Shows: PUT-02
#[tokio::test]
async fn a_put_makes_nothing_new() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let group = json!({ "schemas": [GROUP], "displayName": "Staff" });
        for (path, body) in [("/Users/none", whole()), ("/Groups/none", group)] {
            assert_eq!(refusal(&idp.scim("PUT", path, body).await), (404, None), "{path}");
        }
        for endpoint in ["/Users", "/Groups"] {
            assert_eq!(get(&idp, endpoint).await["totalResults"], 0);
        }
    }
    app.finish().await;
}

// Shows: PUT-04, PUT-12, PUT-14, SCHEMA-11
#[tokio::test]
async fn a_copy_of_what_was_read_may_be_put_back_and_changes_nothing() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let (path, _) = anna(&idp).await;
        let group =
            json!({ "schemas": [GROUP], "displayName": "Staff", "members": [{ "value": &path[7..] }] });
        let group = idp.scim("POST", "/Groups", group).await.expect(201);
        let log = app.events("").await.len();
        for path in [path.clone(), format!("/Groups/{}", group["id"].as_str().unwrap())] {
            let read = get(&idp, &path).await;
            let answer = idp.scim("PUT", &path, read.clone()).await;
            assert_eq!(answer.header("etag"), read["meta"]["version"].as_str());
            assert_eq!(answer.expect(200), read);
            // What the server alone says, said otherwise.
            let mut other = read.clone();
            other["id"] = json!("another");
            other["meta"] = json!({ "created": "2001-01-01T00:00:00Z", "version": "x" });
            if read["groups"].is_array() {
                other["groups"] = json!([{ "value": "another" }]);
            }
            assert_eq!(idp.scim("PUT", &path, other).await.expect(200), read);
        }
        assert_eq!(app.events("").await.len(), log);

        // A change is one: new version, new time, one event.
        let mut changed = whole();
        changed["title"] = json!("Chief");
        let before = get(&idp, &path).await;
        let after = idp.scim("PUT", &path, changed).await.expect(200);
        assert_ne!(after["meta"]["version"], before["meta"]["version"]);
        assert!(after["meta"]["lastModified"].as_str() > before["meta"]["lastModified"].as_str());
        assert_eq!(app.events("").await.len(), log + 1);
    }
    app.finish().await;
}

// Shows: PUT-07, PUT-11
#[tokio::test]
async fn a_put_has_what_is_required_and_takes_nobody_elses_name() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let (path, made) = anna(&idp).await;
        idp.scim("POST", "/Users", json!({ "schemas": [USER], "userName": "bert" })).await.expect(201);
        let group = idp.scim("POST", "/Groups", json!({ "schemas": [GROUP], "displayName": "Staff" })).await;
        let group = group.expect(201);
        let group_path = format!("/Groups/{}", group["id"].as_str().unwrap());
        for (path, body, expected) in [
            (&path, json!({ "schemas": [USER], "title": "Head" }), (400, Some("invalidValue"))),
            (&path, json!({ "schemas": [USER], "userName": "" }), (400, Some("invalidValue"))),
            (&group_path, json!({ "schemas": [GROUP] }), (400, Some("invalidValue"))),
            (&path, json!({ "schemas": [USER], "userName": "BERT" }), (409, Some("uniqueness"))),
        ] {
            let refused = idp.scim("PUT", path, body.clone()).await;
            assert_eq!(refusal(&refused), expected, "{body}");
        }
        assert_eq!((get(&idp, &path).await, get(&idp, &group_path).await), (made, group));
    }
    app.finish().await;
}

// Shows: PUT-09
#[tokio::test]
async fn null_and_an_empty_list_clear_also_what_has_a_default() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let (path, _) = anna(&idp).await;
        let mut body = whole();
        for (name, empty) in [("title", Value::Null), ("emails", json!([])), ("active", Value::Null)] {
            body[name] = empty;
        }
        let replaced = idp.scim("PUT", &path, body).await.expect(200);
        for name in ["title", "emails", "active"] {
            assert_eq!(replaced.get(name), None, "{name}");
        }
        let state = app.read(&format!("/directory_users/{}", replaced["id"].as_str().unwrap())).await;
        assert_eq!(state["state"], "inactive");
        // What says nothing of it changes nothing of it.
        let kept = idp.scim("PUT", &path, whole()).await.expect(200);
        assert_eq!(kept.get("active"), None);
        let log = app.events("").await.len();
        assert_eq!(idp.scim("PUT", &path, get(&idp, &path).await).await.expect(200), kept);
        assert_eq!(app.events("").await.len(), log);
    }
    app.finish().await;
}

// Shows: PUT-13
#[tokio::test]
async fn a_password_that_was_never_kept_is_not_cleared_by_a_put() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let mut with = whole();
        with["password"] = json!("never kept");
        let made = idp.scim("POST", "/Users", with.clone()).await.expect(201);
        let path = format!("/Users/{}", made["id"].as_str().unwrap());
        let log = app.events("").await.len();
        for body in [whole(), with] {
            assert_eq!(idp.scim("PUT", &path, body).await.expect(200), made);
        }
        assert_eq!(app.events("").await.len(), log);
    }
    app.finish().await;
}

// Shows: PUT-15
#[tokio::test]
async fn a_put_of_members_is_a_set_of_which_each_stays_as_it_is() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let mut ids = Vec::new();
        for name in ["anna", "bert", "cleo"] {
            let made = idp.scim("POST", "/Users", json!({ "schemas": [USER], "userName": name })).await;
            ids.push(made.expect(201)["id"].as_str().unwrap().to_owned());
        }
        let body = |members: Value| json!({ "schemas": [GROUP], "displayName": "Staff", "members": members });
        let (anna, bert, cleo) = (&ids[0], &ids[1], &ids[2]);
        let made = idp.scim("POST", "/Groups", body(json!([{ "value": anna }, { "value": bert }]))).await;
        let made = made.expect(201);
        let path = format!("/Groups/{}", made["id"].as_str().unwrap());
        let told = async || {
            let events = app.events(&format!("organization_id={}", idp.organization)).await;
            let of_groups = events.iter().filter(|event| event["data"]["directory_id"] == idp.directory);
            let names = of_groups.map(|event| event["event"].as_str().unwrap().to_owned());
            names.filter(|name| name.starts_with("dsync.group.user_")).collect::<Vec<_>>()
        };
        let before = told().await.len();
        // The same set in another order and told twice is no change; an immutable value that is the same is accepted.
        let same = json!([{ "value": bert, "type": "User" }, { "value": anna }, { "value": bert }]);
        assert_eq!(idp.scim("PUT", &path, body(same)).await.expect(200)["meta"], made["meta"]);
        assert_eq!(told().await.len(), before);
        // Another set is the difference, member by member.
        let other = json!([{ "value": bert }, { "value": cleo }]);
        let replaced = idp.scim("PUT", &path, body(other)).await.expect(200);
        let members = replaced["members"].as_array().unwrap().iter();
        let mut members: Vec<&str> = members.map(|member| member["value"].as_str().unwrap()).collect();
        members.sort_unstable();
        assert_eq!(members, [bert, cleo]);
        let mut changes = told().await.split_off(before);
        changes.sort_unstable();
        assert_eq!(changes, ["dsync.group.user_added", "dsync.group.user_removed"]);
    }
    app.finish().await;
}

// Shows: PUT-17
#[tokio::test]
async fn a_put_of_another_version_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let (path, made) = anna(&idp).await;
        let put = |tag: String| {
            let request = Request::put(format!("{}{path}", idp.base))
                .header("authorization", format!("Bearer {}", idp.token))
                .header("content-type", "application/scim+json")
                .header("if-match", tag);
            let body = json!({ "schemas": [USER], "userName": "renamed" });
            request.body(axum::body::Body::from(body.to_string())).unwrap()
        };
        let stale = app.send(put("\"0\"".into())).await;
        assert_eq!(refusal(&stale), (412, None));
        assert_eq!(get(&idp, &path).await, made);
        let version = made["meta"]["version"].as_str().unwrap();
        assert_eq!(app.send(put(version.into())).await.expect(200)["userName"], "renamed");
        assert_eq!(refusal(&app.send(put(version.into())).await), (412, None));
    }
    app.finish().await;
}
