//! What applications read of users: what arrives, what is mapped, what would come of a change.

use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const ACME: &str = "urn:acme:2.0:User";

/// Makes a user who has these values in an extension that nobody declared.
async fn user(idp: &ScimClient, name: &str, acme: Value) -> String {
    let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ACME], "userName": name,
        "title": "Engineer", "active": true, ACME: acme });
    idp.scim("POST", "/Users", body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

fn row<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    list["data"].as_array().unwrap().iter().find(|row| row[key] == value).unwrap()
}

/// Makes whatever a contract's IdP sends of a person, and answers with what the application reads.
async fn custom_attributes(contract: &str) -> Value {
    let app = TestApp::start().await;
    let organization = app.organization("Acme").await;
    let idp = app.directory_of(&organization, contract).await;
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "userName": "ada@example.com", "displayName": "Ada King", "title": "Engineer", "active": true,
        "preferredLanguage": "en-GB", "userType": "Contractor",
        "name": { "givenName": "Ada", "familyName": "King", "formatted": "Ada King" },
        "emails": [{ "type": "work", "value": "ada@example.com", "primary": true }],
        "addresses": [{ "type": "work", "streetAddress": "1 Road", "locality": "London", "postalCode": "N1",
            "country": "GB", "formatted": "1 Road, London" }],
        ENTERPRISE: { "employeeNumber": "007", "department": "Research", "division": "Science",
            "costCenter": "C-1", "organization": "Acme", "manager": { "value": "boss@example.com" } },
    });
    let id = idp.scim("POST", "/Users", body).await.expect(201)["id"].as_str().unwrap().to_owned();
    let read = app.read(&format!("/directory_users/{id}")).await["custom_attributes"].clone();
    let event = app.events("events=dsync.user.created").await.remove(0);
    assert_eq!(event["data"]["custom_attributes"], read, "an event tells the same");
    app.finish().await;
    read
}

#[tokio::test]
async fn the_standard_attributes_are_read_of_every_contract_without_any_mapping() {
    for contract in ["okta", "entra", "onelogin", "jumpcloud", "rippling", "generic"] {
        assert_eq!(
            custom_attributes(contract).await,
            json!({
                "addresses": [{ "type": "work", "street_address": "1 Road", "locality": "London", "region": null,
                    "postal_code": "N1", "country": "GB", "raw_address": "1 Road, London", "primary": false }],
                "cost_center_name": "C-1",
                "department_name": "Research",
                "display_name": "Ada King",
                "division_name": "Science",
                "emails": [{ "primary": true, "type": "work", "value": "ada@example.com" }],
                "employee_number": "007",
                "employee_type": "Contractor",
                "job_title": "Engineer",
                "manager_email": "boss@example.com",
                "manager_id": "boss@example.com",
                "organization": "Acme",
                "preferred_language": "en-GB",
                "username": "ada@example.com",
            }),
            "{contract}"
        );
    }
}

#[tokio::test]
async fn what_arrives_is_told_path_by_path_with_examples_and_who_reads_it() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    user(&idp, "ada", json!({ "badge": 7, "remote": "True", "tags": ["a", "b"] })).await;
    user(&idp, "bob", json!({ "badge": 8 })).await;
    let path = format!("/directories/{}/attributes_seen", idp.directory);
    let seen = app.read(&path).await;
    assert_eq!((&seen["examined"], &seen["total"], &seen["left_out"]), (&json!(2), &json!(2), &json!(0)));
    assert_eq!(
        row(&seen, "path", "urn:acme:2.0:User:badge"),
        &json!({ "object": "attribute_seen", "path": "urn:acme:2.0:User:badge", "users": 2,
            "json_types": ["number"], "suggested_type": "number", "examples": [8, 7], "mapped_as": [] })
    );
    assert_eq!(row(&seen, "path", "urn:acme:2.0:User:remote")["suggested_type"], "boolean");
    assert_eq!(row(&seen, "path", "urn:acme:2.0:User:tags")["suggested_type"], "list");
    assert_eq!(row(&seen, "path", "title")["mapped_as"], json!(["job_title"]));
    let newest = app.read(&format!("{path}?limit=1")).await;
    assert_eq!((&newest["examined"], &newest["total"]), (&json!(1), &json!(2)));
    assert_eq!(row(&newest, "path", "userName")["examples"], json!(["bob"]));
    for wrong in ["limit=0", "limit=1001", "limit=x", "after=x"] {
        app.api("GET", &format!("{path}?{wrong}"), Value::Null).await.expect(422);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_preview_tells_whose_attributes_would_change_and_changes_nothing() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let ada = user(&idp, "ada", json!({ "badge": "7" })).await;
    let bob = user(&idp, "bob", json!({ "badge": "B-8" })).await;
    let carol = user(&idp, "carol", json!({ "other": 1 })).await;
    let path = format!("/directories/{}/attribute_mapping/preview", idp.directory);
    let body = json!({ "attributes": {
        "badge": { "path": format!("{ACME}:badge"), "type": "number", "required": true },
        "job_title": null,
    } });
    let shown = app.api("POST", &path, body.clone()).await.expect(200);
    assert_eq!((&shown["examined"], &shown["found"], &shown["total"]), (&json!(3), &json!(3), &json!(3)));
    assert_eq!(shown["list_metadata"], json!({ "before": null, "after": null }));
    assert_eq!(
        row(&shown, "directory_user_id", &ada)["custom_attributes"],
        json!({ "badge": { "before": null, "after": 7 }, "job_title": { "before": "Engineer", "after": null } })
    );
    let left_out = |id: &str| row(&shown, "directory_user_id", id)["attributes_left_out"].clone();
    assert_eq!(left_out(&ada), json!([]));
    assert_eq!(left_out(&bob), json!([{ "name": "badge", "reason": "unfit" }]));
    assert_eq!(left_out(&carol), json!([{ "name": "badge", "reason": "missing" }]));
    // Part by part it is the same.
    let first = app.api("POST", &format!("{path}?limit=2"), body.clone()).await.expect(200);
    let after = first["list_metadata"]["after"].as_str().unwrap();
    assert_eq!((after, &first["examined"]), (bob.as_str(), &json!(2)));
    let rest = app.api("POST", &format!("{path}?limit=2&after={after}"), body.clone()).await.expect(200);
    assert_eq!(rest["list_metadata"]["after"], Value::Null);
    assert_eq!(rest["data"][0]["directory_user_id"], json!(carol));
    // An organization's mapping goes behind the directory's: nothing is mapped for the directory here.
    let of_organization = json!({ "attributes": body["attributes"], "mapped_by": "organization" });
    assert_eq!(app.api("POST", &path, of_organization).await.expect(200)["data"], shown["data"]);
    assert!(app.events("events=dsync.user.updated").await.is_empty());
    assert_eq!(
        app.read(&format!("/directory_users/{ada}")).await["custom_attributes"]["job_title"],
        "Engineer"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_preview_of_roles_tells_whose_roles_would_change() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let (ada, bob) = (idp.user("ada").await, idp.user("bob").await);
    let admins = idp.group("Admins", &[&ada]).await;
    let staff = idp.group("Staff", &[&ada, &bob]).await;
    let path = format!("/directories/{}/role_mapping/preview", idp.directory);
    let roles = json!([
        { "slug": "admin", "group_ids": [admins] },
        { "slug": "member", "group_ids": [staff] },
    ]);
    let one = app.api("POST", &path, json!({ "roles": roles })).await.expect(200);
    let after = |shown: &Value, id: &str| row(shown, "directory_user_id", id)["roles"]["after"].clone();
    assert_eq!(after(&one, &ada), json!([{ "slug": "admin" }]));
    assert_eq!(after(&one, &bob), json!([{ "slug": "member" }]));
    let all = app.api("POST", &path, json!({ "roles": roles, "multiple_roles": true })).await.expect(200);
    assert_eq!(after(&all, &ada), json!([{ "slug": "admin" }, { "slug": "member" }]));
    assert_eq!(app.api("POST", &path, json!({ "roles": [] })).await.expect(200)["found"], json!(0));
    app.finish().await;
}

#[tokio::test]
async fn groups_of_another_directory_give_no_role_here() {
    let app = TestApp::start().await;
    let (idp, other) = (app.tenant("Acme").await, app.tenant("Other").await);
    let theirs = other.group("Admins", &[]).await;
    let gone = idp.group("Gone", &[]).await;
    idp.scim("DELETE", &format!("/Groups/{gone}"), Value::Null).await.expect(204);
    let path = format!("/directories/{}/role_mapping/preview", idp.directory);
    let body = json!({ "roles": [{ "slug": "admin", "group_ids": [theirs, gone, "x"] }] });
    let refused = app.api("POST", &path, body).await.expect(422);
    let mut fields: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["roles[0].group_ids[0]", "roles[0].group_ids[1]", "roles[0].group_ids[2]"]);
    app.finish().await;
}

#[tokio::test]
async fn a_wrong_mapping_is_refused_with_the_place_the_column_and_the_forms() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let path = format!("/directories/{}/attribute_mapping/preview", idp.directory);
    let body = json!({ "attributes": { "mail": { "path": "emails[type eq work].value" } } });
    let error = app.api("POST", &path, body).await.expect(422)["errors"][0].clone();
    assert_eq!((&error["field"], &error["code"]), (&json!("attributes.mail.path"), &json!("invalid_path")));
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("column 16") && message.contains("`attribute[filter].part`"), "{message}");
    for wrong in [
        json!({}),
        json!({ "attributes": {}, "more": 1 }),
        json!({ "attributes": {}, "mapped_by": "contract" }),
        json!({ "attributes": { "x": { "path": "id" } } }),
    ] {
        app.api("POST", &path, wrong).await.expect(422);
    }
    let cursor = app.api("POST", &format!("{path}?after=x"), json!({ "attributes": {} })).await.expect(422);
    assert_eq!(cursor["errors"][0]["field"], "after");
    app.finish().await;
}

#[tokio::test]
async fn a_user_who_lacks_nothing_that_is_required_is_not_told_as_incomplete() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    user(&idp, "ada", json!({ "badge": 7 })).await;
    let path = format!("/directories/{}/attributes_left_out", idp.directory);
    let told = app.read(&path).await;
    assert_eq!((&told["examined"], &told["data"]), (&json!(1), &json!([])));
    let unknown = app.api("GET", &format!("{path}?name=badge"), Value::Null).await.expect(422);
    assert_eq!(unknown["errors"][0]["code"], "unknown_attribute");
    app.finish().await;
}
