//! Request records: every request of a directory can be seen and is explained, and nothing stands in them that must not.

use std::sync::Arc;

use http::Request;
use lockstep_server::limits::STRANGERS_RECORDED_LIMIT;
use lockstep_server::requests::{Keeping, Requests};
use lockstep_store::{RequestsInMemory, Store};
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

async fn listed<S: Store>(app: &TestApp<S>, idp: &ScimClient, query: &str) -> Vec<Value> {
    let page = app.read(&format!("/directories/{}/requests?limit=100&{query}", idp.directory)).await;
    page["data"].as_array().unwrap().clone()
}

/// The last request's record, in full.
async fn last<S: Store>(app: &TestApp<S>, idp: &ScimClient) -> Value {
    let id = listed(app, idp, "").await[0]["id"].as_str().unwrap().to_owned();
    app.read(&format!("/directories/{}/requests/{id}", idp.directory)).await
}

fn patch(operations: &Value) -> Value {
    json!({ "schemas": [PATCH_OP], "Operations": operations })
}

#[tokio::test]
async fn a_repaired_request_is_explained_in_full() {
    let app = TestApp::start_on_sqlite().await;
    let organization = app.organization("Example").await;
    let idp = app.directory_of(&organization, "entra").await;
    let user = idp.user("ada@example.com").await;
    let change = patch(&json!([{ "op": "Replace", "path": "active", "value": "False" }]));
    let answer = idp.scim("PATCH", &format!("/Users/{user}"), change.clone()).await;
    let id = answer.header("x-request-id").unwrap().to_owned();
    answer.expect(200);

    let record = app.read(&format!("/directories/{}/requests/{id}", idp.directory)).await;
    let events = app.events("events=dsync.user.updated").await;
    assert_eq!(record["object"], "directory_request");
    assert_eq!(record["operation"], "PATCH /Users/{id}");
    assert_eq!((&record["status"], &record["repaired"]), (&json!(200), &json!(true)));
    assert_eq!(record["resources"], json!([{ "type": "User", "id": user }]));
    assert_eq!(record["event_ids"], json!([events[0]["id"]]));
    assert_eq!(record["request"]["body"], change);
    assert_eq!(record["understood"]["body"]["Operations"][0]["value"], false);
    assert_eq!(record["answer"]["body"]["active"], false);
    assert!(record["token_id"].is_string() && record["duration_ms"].is_number(), "{record}");
    assert_eq!(record["decided"], format!("changed the user {user}: 1 event followed"));
    let repair = record["repairs"].as_array().unwrap().iter().find(|repair| repair["quirk"].is_string());
    let repair = repair.unwrap();
    let name = repair["name"].as_str().unwrap();
    assert_eq!(repair["link"], format!("https://lockstep.test/idp/entra#{name}"));
    assert!(!repair["why"].as_str().unwrap().is_empty() && !repair["detail"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn what_was_refused_is_there_too() {
    let app = TestApp::start().await;
    let idp = app.tenant("Example").await;
    let user = json!({ "userName": "ada@example.com" });
    idp.scim("POST", "/Users", user.clone()).await.expect(201);
    idp.scim("POST", "/Users", user).await.expect(409);
    let record = last(&app, &idp).await;
    assert_eq!((&record["status"], &record["refusal"]["scim_type"]), (&json!(409), &json!("uniqueness")));
    assert!(record["decided"].as_str().unwrap().starts_with("refused with 409 uniqueness: "), "{record}");
    assert_eq!(record["answer"]["body"]["status"], "409");

    let send = |method: &str, path: &str, token: &str, body: &'static str| {
        let request = Request::builder().method(method).uri(format!("{}{path}", idp.base));
        let request = request.header("authorization", format!("Bearer {token}"));
        app.send(request.header("content-type", "application/scim+json").body(body.into()).unwrap())
    };
    let malformed = send("POST", "/Users", &idp.token, "{\"password\":\"hidden").await;
    malformed.expect(400);
    let record = last(&app, &idp).await;
    assert_eq!(record["operation"], "POST /Users");
    // What cannot be read cannot be redacted either: it is counted.
    assert_eq!((&record["request"]["body"], &record["request"]["body_bytes"]), (&Value::Null, &json!(19)));
    assert!(!record.to_string().contains("hidden"));

    send("GET", "/Devices", &idp.token, "").await.expect(404);
    assert_eq!(last(&app, &idp).await["path"], format!("{}/Devices", idp.base));
    send("PATCH", "/Users/x", "wrong", "{}").await.expect(401);
    let record = last(&app, &idp).await;
    assert_eq!((&record["status"], &record["token_id"]), (&json!(401), &Value::Null));
    assert_eq!(record["request"]["body"], Value::Null);
    assert_eq!(listed(&app, &idp, "status=4xx").await.len(), 4);
    assert_eq!(listed(&app, &idp, "status=401").await.len(), 1);
}

#[tokio::test]
async fn nobody_without_a_credential_fills_the_records() {
    let app = TestApp::start().await;
    let idp = app.tenant("Example").await;
    let other = app.tenant("Other").await;
    for _ in 0..STRANGERS_RECORDED_LIMIT + 5 {
        let stranger = idp.with_token("wrong");
        stranger.scim("GET", "/Users", Value::Null).await.expect(401);
        // A good token of another directory is none here.
        let stranger = idp.with_token(&other.token);
        stranger.scim("GET", "/Users", Value::Null).await.expect(404);
    }
    assert_eq!(listed(&app, &idp, "").await.len(), usize::try_from(STRANGERS_RECORDED_LIMIT).unwrap());
    assert!(listed(&app, &other, "").await.is_empty());
}

#[tokio::test]
async fn a_list_has_what_was_asked_for_and_comes_in_pages() {
    let app = TestApp::start_on_sqlite().await;
    let organization = app.organization("Example").await;
    let idp = app.directory_of(&organization, "entra").await;
    let other = app.tenant("Other").await;
    let (ada, eve) = (idp.user("ada@example.com").await, idp.user("eve@example.com").await);
    let change = patch(&json!([{ "op": "Replace", "path": "active", "value": "False" }]));
    idp.scim("PATCH", &format!("/Users/{ada}"), change).await.expect(200);
    idp.scim("GET", &format!("/Users/{eve}"), Value::Null).await.expect(200);
    let operations = |list: Vec<Value>| -> Vec<String> {
        list.iter().map(|record| record["operation"].as_str().unwrap().to_owned()).collect()
    };
    let all = ["GET /Users/{id}", "PATCH /Users/{id}", "POST /Users", "POST /Users"];
    assert_eq!(operations(listed(&app, &idp, "").await), all);
    assert_eq!(operations(listed(&app, &idp, "repaired=true").await), ["PATCH /Users/{id}"]);
    assert_eq!(operations(listed(&app, &idp, "repaired=false").await).len(), 3);
    assert_eq!(operations(listed(&app, &idp, "status=201").await), ["POST /Users", "POST /Users"]);
    assert_eq!(operations(listed(&app, &idp, &format!("resource={ada}")).await), [all[1], all[2]]);
    assert_eq!(operations(listed(&app, &idp, "operation=GET%20/Users/%7Bid%7D").await), [all[0]]);
    let elsewhere = format!("/directories/{}/requests?resource={ada}", other.directory);
    app.api("GET", &elsewhere, Value::Null).await.expect(404);

    let path = format!("/directories/{}/requests", idp.directory);
    let first = app.read(&format!("{path}?limit=3")).await;
    let after = first["list_metadata"]["after"].as_str().unwrap();
    let second = app.read(&format!("{path}?limit=3&after={after}")).await;
    assert_eq!(second["data"].as_array().unwrap().len(), 1);
    assert_eq!(first["recording"], json!({ "enabled": true, "dropped": 0 }));
    let time = second["data"][0]["created_at"].as_str().unwrap();
    assert_eq!(listed(&app, &idp, &format!("range_start={time}")).await.len(), 4);
    assert!(listed(&app, &idp, &format!("range_end={time}")).await.is_empty());
    for wrong in [
        "status=6xx",
        "status=x",
        "repaired=yes",
        "resource=ada",
        "operation=DELETE",
        "range_start=now",
        "after=x",
    ] {
        assert_eq!(app.api("GET", &format!("{path}?{wrong}"), Value::Null).await.status, 422, "{wrong}");
    }
    let known = first["data"][0]["id"].as_str().unwrap();
    let elsewhere = format!("/directories/{}/requests/{known}", other.directory);
    app.api("GET", &elsewhere, Value::Null).await.expect(404);
    app.finish().await;
}

#[tokio::test]
async fn a_bulk_is_one_record_with_what_came_of_its_operations() {
    let app = TestApp::start().await;
    let idp = app.tenant("Example").await;
    let create = |(index, name): (usize, &str)| {
        json!({ "method": "POST", "path": "/Users", "bulkId": index.to_string(),
                "data": { "userName": name, "password": "hiddenpassword" } })
    };
    let operations: Vec<Value> = ["ada", "eve", "ada"].into_iter().enumerate().map(create).collect();
    let urn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
    let body = json!({ "schemas": [urn], "Operations": operations });
    idp.scim("POST", "/Bulk", body).await.expect(200);
    let record = last(&app, &idp).await;
    let operations = &record["operations"];
    assert_eq!((&operations["count"], &operations["failed"]), (&json!(3), &json!(1)), "{record}");
    assert_eq!(operations["failures"][0]["status"], "409");
    assert_eq!(record["resources_count"], 2);
    assert_eq!(record["event_ids"].as_array().unwrap().len(), 2);
    assert!(!record.to_string().contains("hiddenpassword"));
}

/// The words that stand for secrets below.
const SECRET: &str = "Tr0ub4dor";

#[tokio::test]
async fn no_secret_stands_in_any_file() {
    let app = TestApp::start_on_sqlite().await;
    let organization = app.organization("Example").await;
    let idp = app.directory_of(&organization, "entra").await;
    let schema = json!({ "resource_type": "User", "schema": {
        "id": "urn:example:door:1.0:User", "name": "Door", "attributes": [
            { "name": "pin", "returned": "never", "mutability": "writeOnly" },
            { "name": "badge", "type": "complex", "subAttributes": [
                { "name": "code", "returned": "never", "mutability": "writeOnly" }, { "name": "colour" }] }] } });
    app.api("POST", &format!("/directories/{}/schemas", idp.directory), schema).await.expect(201);
    let door = json!({ "pin": SECRET, "badge": { "code": SECRET, "colour": "red" } });
    let made = json!({ "userName": "ada@example.com", "password": SECRET, "PassWord": SECRET, "externalId": "1",
                       "urn:example:door:1.0:User": door });
    let answer = idp.scim("POST", "/Users", made.clone()).await;
    assert!(answer.status == 201 || answer.status == 400, "{}", answer.text);
    let user = idp.user("eve@example.com").await;
    for operations in [
        json!([{ "op": "replace", "path": "password", "value": SECRET }]),
        json!([{ "op": "Add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password", "value": SECRET }]),
        json!([{ "op": "Replace", "value": { "password": SECRET, "displayName": "Eve" } }]),
        json!([{ "op": "Replace", "path": "urn:example:door:1.0:User:badge.code", "value": SECRET }]),
        json!([{ "op": "Replace", "path": "urn:example:door:1.0:User:badge", "value": { "code": SECRET } }]),
        json!([{ "op": "Replace", "path": "urn:example:door:1.0:User", "value": door }]),
        json!([{ "op": "Replace", "path": format!("emails[password eq \"{SECRET}\"]"), "value": "x" }]),
        json!([{ "op": "Replace", "path": "password", "value": { "nested": [SECRET] } }]),
    ] {
        idp.scim("PATCH", &format!("/Users/{user}"), patch(&operations)).await;
    }
    let filter = format!("/Users?filter=password%20eq%20%22{SECRET}%22");
    idp.scim("GET", &filter, Value::Null).await;
    idp.scim("GET", &format!("/Users?access_token={SECRET}"), Value::Null).await;
    idp.scim("GET", &format!("/Users?{}&token={SECRET}", "a=1&".repeat(50)), Value::Null).await;
    idp.scim("POST", "/Users/.search", json!({ "filter": format!("password eq \"{SECRET}\"") })).await;
    let operation = json!({ "method": "POST", "path": "/Users", "bulkId": "b",
                            "data": format!("{{\"userName\":\"bob\",\"password\":\"{SECRET}\"}}") });
    let urn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
    idp.scim("POST", "/Bulk", json!({ "schemas": [urn], "Operations": [operation] })).await;

    let records = listed(&app, &idp, "").await;
    assert_eq!(records.len(), 15);
    for record in &records {
        let id = record["id"].as_str().unwrap();
        let whole = app.read(&format!("/directories/{}/requests/{id}", idp.directory)).await.to_string();
        assert!(!whole.contains(SECRET), "{whole}");
        assert!(!whole.contains(&idp.token), "{whole}");
    }
    let files = app.database();
    assert!(files.contains("body_bytes") && !files.contains(SECRET) && !files.contains(&idp.token));
}

#[tokio::test]
async fn long_lists_and_texts_are_bounded() {
    let app = TestApp::start().await;
    let idp = app.tenant("Example").await;
    let members: Vec<Value> = (0..5_000).map(|n| json!({ "value": format!("nobody-{n}") })).collect();
    let group = json!({ "displayName": "x".repeat(2_000), "members": members });
    idp.scim("POST", "/Groups", group).await;
    let record = last(&app, &idp).await;
    assert_eq!(record["request"]["body"]["members"], "[5000 values, counted instead of listed]");
    assert!(record["request"]["body_bytes"].as_u64().unwrap() > 100_000);
    assert!(record.to_string().len() < 20_000, "{}", record.to_string().len());
    let many: Vec<Value> = (0..200)
        .map(|n| json!({ "op": "add", "path": "title", "value": format!("{n}{}", "y".repeat(400)) }))
        .collect();
    let user = idp.user("ada@example.com").await;
    idp.scim("PATCH", &format!("/Users/{user}"), patch(&Value::Array(many))).await;
    let record = last(&app, &idp).await;
    assert!(record["request"].to_string().len() < 20_000, "{}", record["request"].to_string().len());
}

#[tokio::test]
async fn masked_records_hold_names_and_no_values() {
    let keeping = Keeping { masked: true, ..Keeping::default() };
    let app = TestApp::start().await;
    let app = app.with_requests(Requests::on(Arc::new(RequestsInMemory::default()), keeping));
    let idp = app.tenant("Example").await;
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada.lovelace@example.com", "name": { "familyName": "Lovelace" }, "active": true,
        "emails": [{ "value": "ada.lovelace@example.com" }],
    });
    idp.scim("POST", "/Users", body.clone()).await.expect(201);
    idp.scim("POST", "/Users", body).await.expect(409);
    let filter = "/Users?filter=userName%20eq%20%22ada.lovelace@example.com%22%20and%20active%20eq%20true";
    idp.scim("GET", filter, Value::Null).await.expect(200);
    idp.scim("GET", "/Users/ada.lovelace@example.com", Value::Null).await.expect(404);
    let records = listed(&app, &idp, "").await;
    assert_eq!(records.len(), 4);
    for record in records {
        let id = record["id"].as_str().unwrap();
        let whole = app.read(&format!("/directories/{}/requests/{id}", idp.directory)).await;
        let text = whole.to_string();
        assert!(!text.to_lowercase().contains("lovelace") && !text.contains("ada."), "{text}");
    }
    let made = listed(&app, &idp, "status=201").await[0]["id"].as_str().unwrap().to_owned();
    let made = app.read(&format!("/directories/{}/requests/{made}", idp.directory)).await;
    assert_eq!(made["request"]["body"]["userName"], "[text of 24]");
    assert_eq!(made["request"]["body"]["name"], json!({ "familyName": "[text of 8]" }));
    assert_eq!(made["request"]["body"]["active"], true);
    let read = &listed(&app, &idp, "operation=GET%20/Users").await[0];
    let query =
        form_urlencoded::parse(read["query"].as_str().unwrap().as_bytes()).next().unwrap().1.into_owned();
    assert_eq!(query, "userName eq [text of 24] and active eq true");
}

#[tokio::test]
async fn a_deleted_directory_takes_its_records_with_it_and_old_ones_go() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Example").await;
    let other = app.tenant("Other").await;
    idp.user("ada.lovelace@example.com").await;
    other.user("eve@example.com").await;
    assert_eq!(listed(&app, &idp, "").await.len(), 1);
    app.api("DELETE", &format!("/directories/{}", idp.directory), Value::Null).await.expect(202);
    app.work().await;
    app.api("GET", &format!("/directories/{}/requests", idp.directory), Value::Null).await.expect(404);
    assert_eq!(listed(&app, &other, "").await.len(), 1);
    let day = 24 * 60 * 60 * 1_000_000;
    app.clock.advance(13 * day);
    app.work().await;
    assert_eq!(listed(&app, &other, "").await.len(), 1);
    app.clock.advance(2 * day);
    app.work().await;
    assert!(listed(&app, &other, "").await.is_empty());
    app.finish().await;
}

#[tokio::test]
async fn where_nothing_is_recorded_the_list_says_so() {
    let app = TestApp::start().await.with_requests(Requests::off());
    let idp = app.tenant("Example").await;
    idp.user("ada@example.com").await;
    let list = app.read(&format!("/directories/{}/requests", idp.directory)).await;
    assert_eq!((&list["data"], &list["recording"]["enabled"]), (&json!([]), &json!(false)));
}
