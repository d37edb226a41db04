//! GET of one resource (RFC 7644 §3.4.1), and what a representation holds.

use std::collections::BTreeSet;

use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

use super::{ENTERPRISE, GROUP, USER, get, lenient_and_strict, refusal};

/// A user with an attribute of every kind, and the path at which it is.
async fn whole_user(idp: &ScimClient) -> (String, Value) {
    let body = json!({
        "schemas": [USER, ENTERPRISE],
        "userName": "anna@example.com",
        "externalId": "e-1",
        "name": { "formatted": "Anna Ek", "givenName": "Anna", "familyName": "Ek" },
        "displayName": "Anna",
        "profileUrl": "https://example.com/anna",
        "active": true,
        "password": "never shown",
        "emails": [{ "value": "anna@example.com", "type": "work", "primary": true }],
        "x509Certificates": [{ "value": "MAYwADAAAwA=" }],
        (ENTERPRISE): { "employeeNumber": "7", "manager": { "value": "nobody" } },
    });
    let made = idp.scim("POST", "/Users", body).await.expect(201);
    (format!("/Users/{}", made["id"].as_str().unwrap()), made)
}

/// Every string in a document, with the key that holds it.
fn strings<'a>(key: &'a str, value: &'a Value, found: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::String(text) => found.push((key, text)),
        Value::Array(items) => items.iter().for_each(|item| strings(key, item, found)),
        Value::Object(members) => members.iter().for_each(|(key, value)| strings(key, value, found)),
        // RFC 7643 §2.5: what has no value is left out.
        Value::Null => assert!(!value.is_null(), "{key} is null"),
        Value::Bool(_) | Value::Number(_) => {}
    }
}

// Shows: READ-01, READ-05, READ-06, READ-10
#[tokio::test]
async fn a_resource_is_shown_with_what_it_has_and_its_schemas() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let (path, made) = whole_user(&idp).await;
        let read = get(&idp, &path).await;
        assert_eq!(read, made);
        let keys: BTreeSet<&str> = read.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = [
            "schemas",
            "id",
            "externalId",
            "meta",
            "userName",
            "name",
            "displayName",
            "profileUrl",
            "active",
            "emails",
            "x509Certificates",
            ENTERPRISE,
        ];
        assert_eq!(keys, BTreeSet::from(expected));
        assert_eq!(read["schemas"], json!([USER, ENTERPRISE]));
        strings("", &read, &mut Vec::new());

        let plain = idp.scim("POST", "/Users", json!({ "schemas": [USER], "userName": "b" })).await;
        assert_eq!(plain.expect(201)["schemas"], json!([USER]));
        let group = idp.scim("POST", "/Groups", json!({ "schemas": [GROUP], "displayName": "Staff" })).await;
        assert_eq!(group.expect(201)["schemas"], json!([GROUP]));
        for unknown in ["/Users/none", "/Groups/none", &path.replace("Users", "Groups")] {
            assert_eq!(refusal(&idp.scim("GET", unknown, Value::Null).await), (404, None), "{unknown}");
        }
    }
    app.finish().await;
}

// Shows: READ-02, READ-03, READ-04
#[tokio::test]
async fn an_id_is_one_resources_own_for_good() {
    let app = TestApp::start().await;
    let mut ids = BTreeSet::new();
    for idp in lenient_and_strict(&app).await {
        for round in 0..5 {
            let (path, made) = whole_user(&idp).await;
            let id = made["id"].as_str().unwrap();
            let group = json!({ "schemas": [GROUP], "displayName": format!("Group {round}") });
            let group = idp.scim("POST", "/Groups", group).await.expect(201);
            assert!(ids.insert(id.to_owned()) && ids.insert(group["id"].as_str().unwrap().to_owned()));
            let changed = json!({ "schemas": [USER], "userName": format!("renamed{round}") });
            assert_eq!(idp.scim("PUT", &path, changed).await.expect(200)["id"], id);
            let operation = json!({ "op": "replace", "path": "userName", "value": "renamed" });
            assert_eq!(idp.patch(&path, operation).await.expect(200)["id"], id);
            assert_eq!(idp.scim("DELETE", &path, Value::Null).await.status, 204);
        }
    }
    assert_eq!(ids.len(), 20);
    for id in ids {
        // RFC 7643 §3.1: the word is reserved. The alphabet of ids has not all of its letters.
        let (_, drawn) = id.rsplit_once('_').unwrap();
        assert!(!id.contains("bulkId") && !drawn.to_lowercase().contains(['u', 'l', 'i']), "{id}");
    }
    app.finish().await;
}

// Shows: READ-11
#[tokio::test]
async fn null_nothing_and_an_empty_list_are_one_state() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let mut shown = Vec::new();
        for (name, extra) in [
            ("absent", json!({})),
            ("null", json!({ "title": null, "emails": null, "name": null, (ENTERPRISE): null })),
            ("empty", json!({ "emails": [], "name": {}, (ENTERPRISE): {} })),
        ] {
            let mut body = json!({ "schemas": [USER], "userName": name });
            body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            let made = idp.scim("POST", "/Users", body.clone()).await.expect(201);
            let path = format!("/Users/{}", made["id"].as_str().unwrap());
            // Said in another way it is no change.
            let directory = format!("directory={}", idp.directory);
            let before = app.read(&format!("/directory_users?{directory}")).await["data"].clone();
            let log = app.events("").await.len();
            for again in [json!({ "title": null }), json!({ "emails": [] }), json!({})] {
                let mut body = json!({ "schemas": [USER], "userName": name });
                body.as_object_mut().unwrap().extend(again.as_object().unwrap().clone());
                assert_eq!(idp.scim("PUT", &path, body).await.expect(200), made, "{name}");
            }
            assert_eq!(app.events("").await.len(), log);
            assert_eq!(app.read(&format!("/directory_users?{directory}")).await["data"], before);
            let mut keys: Vec<String> = made.as_object().unwrap().keys().cloned().collect();
            keys.sort_unstable();
            shown.push(keys);
        }
        assert!(shown[0] == shown[1] && shown[1] == shown[2], "{shown:?}");
        for attribute in ["title", "emails", "name"] {
            let found = get(&idp, &format!("/Users?filter={attribute}%20pr")).await;
            assert_eq!(found["totalResults"], 0, "{attribute}");
            let found = get(&idp, &format!("/Users?filter=not%20({attribute}%20pr)")).await;
            assert_eq!(found["totalResults"], 3, "{attribute}");
        }
    }
    app.finish().await;
}

// Shows: READ-12, READ-13
#[tokio::test]
async fn a_representation_says_where_it_is_and_which_version_it_has() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let (path, _) = whole_user(&idp).await;
        let operation = json!({ "op": "replace", "path": "displayName", "value": "An" });
        for answer in [idp.scim("GET", &path, Value::Null).await, idp.patch(&path, operation).await] {
            let meta = &answer.body["meta"];
            assert_eq!(meta["location"], format!("https://lockstep.test{}{path}", idp.base));
            let content = answer.header("content-location");
            assert!(content.is_none_or(|location| meta["location"] == location));
            assert_eq!(meta["version"].as_str(), answer.header("etag"));
        }
    }
    app.finish().await;
}

// Shows: READ-14, READ-18
#[tokio::test]
async fn a_users_groups_are_derived_and_lead_to_the_groups_and_back() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let anna = idp.user("anna").await;
    let staff = idp.group("Staff", &[&anna]).await;
    let groups = get(&idp, &format!("/Users/{anna}")).await["groups"].clone();
    let group_url = format!("https://lockstep.test{}/Groups/{staff}", idp.base);
    assert_eq!(groups, json!([{ "value": staff, "$ref": group_url, "display": "Staff", "type": "direct" }]));
    let below = |url: &Value| {
        let start = format!("https://lockstep.test{}", idp.base);
        url.as_str().unwrap().strip_prefix(&start).expect("a URL of this directory").to_owned()
    };
    let group = get(&idp, &below(&groups[0]["$ref"])).await;
    assert_eq!(group["id"], staff);
    assert_eq!(get(&idp, &below(&group["members"][0]["$ref"])).await["id"], anna);

    // What a PUT says of them is not heard; a PATCH may not name them.
    let body = json!({ "userName": "anna", "groups": [{ "value": "another" }] });
    let replaced = idp.scim("PUT", &format!("/Users/{anna}"), body).await.expect(200);
    assert_eq!(replaced["groups"], groups);
    let operation = json!({ "op": "remove", "path": "groups" });
    let refused = idp.patch(&format!("/Users/{anna}"), operation).await;
    assert_eq!(refusal(&refused), (400, Some("mutability")));

    // Once the group has gone the reference leads nowhere, and is shown no more.
    idp.scim("DELETE", &format!("/Groups/{staff}"), Value::Null).await;
    assert_eq!(refusal(&idp.scim("GET", &below(&groups[0]["$ref"]), Value::Null).await), (404, None));
    assert_eq!(get(&idp, &format!("/Users/{anna}")).await.get("groups"), None);
    app.finish().await;
}

// Shows: READ-16, READ-17
#[tokio::test]
async fn times_have_date_and_time_and_references_are_uris() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let (path, user) = whole_user(&idp).await;
    let group = idp.group("Staff", &[user["id"].as_str().unwrap()]).await;
    let documents = [get(&idp, &path).await, get(&idp, &format!("/Groups/{group}")).await];
    let (mut times, mut references) = (0, 0);
    for document in &documents {
        let mut found = Vec::new();
        strings("", document, &mut found);
        for (key, text) in found {
            match key {
                "created" | "lastModified" => {
                    times += 1;
                    let shape: String =
                        text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
                    assert!(shape.starts_with("0000-00-00T00:00:00") && shape.ends_with('Z'), "{text}");
                }
                "$ref" | "location" | "profileUrl" => {
                    references += 1;
                    assert!(text.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_some()), "{text}");
                }
                _ => {}
            }
        }
    }
    assert_eq!((times, references), (4, 5));
    app.finish().await;
}

// Shows: READ-19
#[tokio::test]
async fn one_value_of_one_type_is_shown_once() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let twice = json!([
            { "value": "anna@example.com", "type": "work" },
            { "value": "anna@example.com", "type": "work", "primary": true },
            { "value": "anna@example.com", "type": "home" },
        ]);
        let once = json!([
            { "value": "anna@example.com", "type": "work", "primary": true },
            { "value": "anna@example.com", "type": "home" },
        ]);
        let body = json!({ "schemas": [USER], "userName": "anna", "emails": twice });
        let made = idp.scim("POST", "/Users", body.clone()).await.expect(201);
        assert_eq!(made["emails"], once);
        let path = format!("/Users/{}", made["id"].as_str().unwrap());
        assert_eq!(idp.scim("PUT", &path, body).await.expect(200), made);
        let operation = json!({ "op": "add", "path": "emails", "value": [once[1]] });
        assert_eq!(idp.patch(&path, operation).await.expect(200), made);
    }
    app.finish().await;
}

// Shows: READ-20
#[tokio::test]
async fn one_value_at_most_is_primary_and_who_does_not_say_so_is_not() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let emails = json!([
            { "value": "a@example.com", "type": "work", "primary": true },
            { "value": "b@example.com", "type": "home" },
        ]);
        let body = json!({ "schemas": [USER], "userName": "anna", "emails": emails });
        let made = idp.scim("POST", "/Users", body).await.expect(201);
        let path = format!("/Users/{}", made["id"].as_str().unwrap());
        let filter = async |filter: &str| {
            let query = filter.replace(' ', "%20").replace('"', "%22");
            get(&idp, &format!("/Users?filter={query}")).await["totalResults"].clone()
        };
        assert_eq!(filter("emails[type eq \"home\" and not (primary eq true)]").await, 1);
        assert_eq!(filter("emails[type eq \"home\" and primary ne true]").await, 1);
        assert_eq!(filter("emails[type eq \"home\" and primary eq true]").await, 0);
        let value = json!([{ "value": "c@example.com", "primary": true }]);
        let changed = idp.patch(&path, json!({ "op": "add", "path": "emails", "value": value })).await;
        let emails = changed.expect(200)["emails"].clone();
        let primary = emails.as_array().unwrap().iter().filter(|email| email["primary"] == true);
        assert_eq!(primary.map(|email| &email["value"]).collect::<Vec<_>>(), ["c@example.com"]);
    }
    app.finish().await;
}

// Shows: READ-22, READ-23
#[tokio::test]
async fn what_is_deleted_or_in_another_directory_is_as_if_it_never_was() {
    let app = TestApp::start().await;
    let [one, other] = lenient_and_strict(&app).await;
    for (endpoint, body) in [
        ("/Users", json!({ "schemas": [USER], "userName": "anna" })),
        ("/Groups", json!({ "schemas": [GROUP], "displayName": "Staff" })),
    ] {
        let deleted = one.scim("POST", endpoint, body.clone()).await.expect(201);
        let deleted = format!("{endpoint}/{}", deleted["id"].as_str().unwrap());
        assert_eq!(one.scim("DELETE", &deleted, Value::Null).await.status, 204);
        let foreign = other.scim("POST", endpoint, body.clone()).await.expect(201);
        let foreign = format!("{endpoint}/{}", foreign["id"].as_str().unwrap());
        let never = format!("{}0", &deleted[..deleted.len() - 1]);
        let never = if never == deleted { format!("{}1", &deleted[..deleted.len() - 1]) } else { never };
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let body = match method {
                "PUT" => body.clone(),
                "PATCH" => json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [{ "op": "replace", "path": "externalId", "value": "x" }],
                }),
                _ => Value::Null,
            };
            let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
            let mut texts = BTreeSet::new();
            for path in [&deleted, &foreign, &never] {
                let answer = one.scim(method, path, body.clone()).await;
                assert_eq!(refusal(&answer), (404, None), "{method} {path}");
                texts.insert(answer.text.replace(&id(path), "ID"));
            }
            assert_eq!(texts.len(), 1, "{method}: {texts:?}");
        }
    }
    app.finish().await;
}

// Shows: LIST-11
#[tokio::test]
async fn of_the_parameters_of_a_list_one_resource_takes_those_about_its_attributes() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let (path, made) = whole_user(&idp).await;
        for query in ["filter=title%20pr", "sortBy=userName", "startIndex=7&count=0"] {
            assert_eq!(get(&idp, &format!("{path}?{query}")).await, made, "{query}");
        }
        let part = get(&idp, &format!("{path}?attributes=displayName")).await;
        assert_eq!(part, json!({ "schemas": made["schemas"], "id": made["id"], "displayName": "Anna" }));
    }
    app.finish().await;
}
