//! Where a request can be read in two ways: as the directory's contract has it, or as it was set for the directory.

use lockstep_core::derived::DERIVED_URN;
use lockstep_store::Store;
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

use super::{ENTERPRISE, get, refusal};

async fn set<S: Store>(app: &TestApp<S>, idp: &ScimClient, setting: &str, on: bool) {
    let path = format!("/directories/{}", idp.directory);
    app.api("PUT", &path, json!({ "settings": { setting: on } })).await.expect(200);
}

#[tokio::test]
async fn what_a_put_leaves_out_stays_or_goes_as_it_was_set() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("ann@example.com").await;
    let group = idp.group("Staff", &[&user]).await;
    let (user, group) = (format!("/Users/{user}"), format!("/Groups/{group}"));
    let full = json!({
        "userName": "ann@example.com", "title": "Dr", "active": true,
        "name": { "givenName": "Ann", "familyName": "Example" },
        ENTERPRISE: { "department": "Sales", "division": "West" },
    });
    let partial = json!({
        "userName": "ann@example.com", "NAME": { "givenName": null, "familyName": "Other" },
        ENTERPRISE: { "Department": null },
    });
    idp.scim("PUT", &user, full.clone()).await.expect(200);
    let put = idp.scim("PUT", &user, partial.clone()).await.expect(200);
    assert_eq!((&put["title"], &put["name"]), (&Value::Null, &json!({ "familyName": "Other" })));
    let put = idp.scim("PUT", &group, json!({ "displayName": "Crew" })).await.expect(200);
    assert_eq!(put["members"].as_array().unwrap().len(), 1, "nobody said that anybody left");

    set(&app, &idp, "put_keeps_absent", true).await;
    set(&app, &idp, "put_keeps_members", false).await;
    idp.scim("PUT", &user, full).await.expect(200);
    let put = idp.scim("PUT", &user, partial).await.expect(200);
    assert_eq!((&put["title"], &put["name"]), (&json!("Dr"), &json!({ "familyName": "Other" })));
    assert_eq!(put[ENTERPRISE], json!({ "division": "West" }));
    assert!(put["schemas"].as_array().unwrap().contains(&json!(ENTERPRISE)));
    let cleared = json!({ "userName": "ann@example.com", "title": null, ENTERPRISE: null });
    let put = idp.scim("PUT", &user, cleared).await.expect(200);
    assert_eq!((&put["title"], &put[ENTERPRISE]), (&Value::Null, &Value::Null));
    let put = idp.scim("PUT", &group, json!({ "displayName": "Crew" })).await.expect(200);
    assert_eq!(put["members"], json!([]));

    set(&app, &idp, "put_keeps_members", true).await;
    let add =
        json!({ "op": "add", "path": "members", "value": [{ "value": user.trim_start_matches("/Users/") }] });
    idp.patch(&group, add).await.expect(200);
    let none = json!({ "displayName": "Crew", "members": null });
    let put = idp.scim("PUT", &group, none).await.expect(200);
    assert_eq!(put["members"].as_array().unwrap().len(), 1, "null says as little as nothing");
    let put = idp.scim("PUT", &group, json!({ "displayName": "Crew", "members": [] })).await.expect(200);
    assert_eq!(put["members"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn groups_of_a_user_are_the_groups_to_change_until_it_was_set_otherwise() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let group = idp.group("Staff", &[]).await;
    let body = json!({ "userName": "ann@example.com", "groups": [{ "value": group, "display": "Staff" }] });
    let made = idp.scim("POST", "/Users", body.clone()).await.expect(201);
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let add = json!({ "op": "add", "path": "groups", "value": [{ "value": group }] });
    assert_eq!(refusal(&idp.patch(&path, add.clone()).await), (400, Some("mutability")));
    assert_eq!(get(&idp, &path).await["groups"], Value::Null);

    set(&app, &idp, "memberships_through_users", true).await;
    let added = idp.patch(&path, add.clone()).await;
    let tag = added.header("etag").unwrap().to_owned();
    assert_eq!(added.expect(200)["groups"][0]["value"], json!(group));
    assert_eq!(get(&idp, &format!("/Groups/{group}")).await["members"][0]["value"], made["id"]);
    let again = idp.patch(&path, add).await;
    assert_eq!(again.header("etag"), Some(tag.as_str()), "twice is once");
    idp.scim("PUT", &path, json!({ "userName": "ann@example.com" })).await.expect(200);
    assert_eq!(get(&idp, &path).await["groups"][0]["display"], "Staff", "what a PUT does not say stays");
    let none = idp.scim("PUT", &path, json!({ "userName": "ann@example.com", "groups": [] })).await;
    assert_eq!(none.expect(200)["groups"], Value::Null);
    let other = json!({ "userName": "bob@example.com", "groups": [{ "value": group }] });
    let made = idp.scim("POST", "/Users", other).await.expect(201);
    assert_eq!(made["groups"][0]["value"], json!(group));

    let tokens = format!("/directories/{}/tokens", idp.directory);
    let token = app.api("POST", &tokens, json!({ "scopes": ["users"] })).await.expect(201);
    let users_only = idp.with_token(token["bearer_token"].as_str().unwrap());
    assert_eq!(users_only.scim("PUT", &path, body).await.status, 403);
    let add = json!({ "op": "add", "value": { "groups": [{ "value": group }], "title": "Dr" } });
    assert_eq!(users_only.patch(&path, add).await.status, 403);
    assert_eq!(get(&idp, &path).await["title"], Value::Null, "nothing of it happened");
    let plain = json!({ "op": "add", "path": "title", "value": "Dr" });
    users_only.patch(&path, plain).await.expect(200);
    app.finish().await;
}

/// KEYCLOAK-PUT-01: what suvera's plugin sends, with the IdP's own id of the group.
#[tokio::test]
async fn a_put_with_many_empty_lists_makes_exactly_the_memberships_that_it_lists() {
    let app = TestApp::start().await;
    let organization = app.organization("Acme").await;
    let idp = app.directory_of(&organization, "keycloak").await;
    let user = idp.user("ada").await;
    let other = idp.group("Other", &[&user]).await;
    let group = json!({ "displayName": "staff", "externalId": "9" });
    let group = idp.scim("POST", "/Groups", group).await.expect(201)["id"].clone();
    let path = format!("/Users/{user}");
    let put = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": user, "userName": "ada",
        "name": { "givenName": "Ada", "familyName": "L" }, "active": true,
        "emails": [{ "value": "ada@example.com", "type": "work", "primary": true }],
        "phoneNumbers": [], "ims": [], "photos": [], "addresses": [], "entitlements": [], "x509Certificates": [],
        "roles": [{ "value": "admin", "type": "direct" }],
        "groups": [{ "value": "9", "display": "staff", "type": "direct" }],
    });
    let answer = idp.scim("PUT", &path, put.clone()).await.expect(200);
    assert_eq!(answer["groups"][0]["value"], json!(other), "memberships are the groups' to change");
    set(&app, &idp, "memberships_through_users", true).await;
    let answer = idp.scim("PUT", &path, put).await.expect(200);
    let groups: Vec<&Value> =
        answer["groups"].as_array().unwrap().iter().map(|group| &group["value"]).collect();
    assert_eq!(groups, [&group], "and exactly those that are listed where users may");
    let told = app.events("events=dsync.group.user_added&events=dsync.group.user_removed").await;
    assert_eq!(told.len(), 3, "one joined at first, then left and joined: {told:?}");
    app.finish().await;
}

#[tokio::test]
async fn the_only_address_is_shown_as_primary_and_kept_as_it_was_sent() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let only = json!({ "userName": "ann", "emails": [{ "value": "ann@example.com", "type": "work" }] });
    let made = idp.scim("POST", "/Users", only.clone()).await.expect(201);
    assert_eq!(made["emails"][0]["primary"], Value::Null);
    set(&app, &idp, "only_address_is_primary", true).await;
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    assert_eq!(get(&idp, &path).await["emails"][0]["primary"], true);
    assert_eq!(get(&idp, "/Users").await["Resources"][0]["emails"][0]["primary"], true);
    let two =
        json!({ "userName": "bob", "emails": [{ "value": "a@example.com" }, { "value": "b@example.com" }] });
    let two = idp.scim("POST", "/Users", two).await.expect(201);
    assert_eq!(two["emails"][0]["primary"], Value::Null, "of two nobody knows which");
    let log = app.events("events=dsync.user.updated").await;
    idp.scim("PUT", &path, only).await.expect(200);
    assert_eq!(app.events("events=dsync.user.updated").await, log, "what is kept is what was sent");
    app.finish().await;
}

#[tokio::test]
async fn a_user_name_that_is_left_out_is_the_address_where_it_was_set_and_shown_as_derived() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let body = json!({ "emails": [{ "value": "ann@example.com", "primary": true }], "active": true });
    assert_eq!(refusal(&idp.scim("POST", "/Users", body.clone()).await), (400, Some("invalidValue")));
    set(&app, &idp, "user_name_from_email", true).await;
    let made = idp.scim("POST", "/Users", body.clone()).await.expect(201);
    assert_eq!(
        (&made["userName"], &made[DERIVED_URN]["userNameDerived"]),
        (&json!("ann@example.com"), &json!(true))
    );
    assert_eq!(refusal(&idp.scim("POST", "/Users", body).await), (409, Some("uniqueness")));
    let found = get(&idp, "/Users?filter=userName%20eq%20%22ANN@example.com%22").await;
    assert_eq!(found["Resources"][0]["id"], made["id"]);
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let moved = json!({ "op": "replace", "path": "emails", "value": [{ "value": "ann2@example.com" }] });
    assert_eq!(idp.patch(&path, moved).await.expect(200)["userName"], "ann2@example.com");
    let marked = json!({ DERIVED_URN: { "userNameDerived": false } });
    let refused = idp.patch(&path, json!({ "op": "replace", "value": marked })).await;
    assert_eq!(refusal(&refused), (400, Some("mutability")), "the mark is the server's");
    let mine = |address: &str| json!([{ "value": address, "primary": true }]);
    let other = json!({ "emails": mine(" bob@example.com "), "userName": "" });
    let other = idp.scim("POST", "/Users", other).await.expect(201);
    assert_eq!(other["userName"], "bob@example.com", "an empty name is none, and blanks are no part of one");
    let taken = json!({ "emails": mine("bob@example.com"), "active": true });
    assert_eq!(refusal(&idp.scim("PUT", &path, taken.clone()).await), (409, Some("uniqueness")));
    let mut out = taken;
    out["active"] = json!(false);
    let out = idp.scim("PUT", &path, out).await.expect(200);
    assert_eq!((&out["active"], &out["userName"]), (&json!(false), &json!("ann2@example.com")));
    let empty = json!({ "userName": "", "emails": mine("ann3@example.com") });
    let put = idp.scim("PUT", &path, empty).await.expect(200);
    assert_eq!(put["userName"], "ann3@example.com", "the next address is followed again");
    let schemas = get(&idp, "/Schemas").await;
    let ids: Vec<&Value> =
        schemas["Resources"].as_array().unwrap().iter().map(|schema| &schema["id"]).collect();
    assert!(ids.contains(&&json!(DERIVED_URN)), "what is shown is described: {ids:?}");
    app.finish().await;
}
