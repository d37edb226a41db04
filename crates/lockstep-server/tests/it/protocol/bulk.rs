//! POST /Bulk (RFC 7644 §3.7).

#![expect(clippy::needless_pass_by_value, reason = "a test's JSON is written where it is used")]

use lockstep_core::id::{DirectoryId, TokenId};
use lockstep_core::model::Token;
use lockstep_core::scope::Scope;
use lockstep_server::state::digest_of;
use lockstep_store::Store;
use lockstep_testkit::{CLOCK_START, ScimClient, TestApp};
use serde_json::{Value, json};

use super::ENTERPRISE;

fn request(operations: Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })
}

async fn bulk(idp: &ScimClient, operations: Value) -> Vec<Value> {
    let answer = idp.scim("POST", "/Bulk", request(operations)).await.expect(200);
    assert_eq!(answer["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
    answer["Operations"].as_array().unwrap().clone()
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["status"].as_str().unwrap()).collect()
}

fn new_user(bulk_id: &str) -> Value {
    let data = json!({ "userName": format!("{bulk_id}@example.com") });
    json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data })
}

fn new_group(bulk_id: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
    let data = json!({ "displayName": bulk_id, "members": members });
    json!({ "method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data })
}

fn patch(path: &str, operation: Value) -> Value {
    let data =
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] });
    json!({ "method": "PATCH", "path": path, "data": data })
}

fn id_in(result: &Value) -> String {
    result["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

// Shows: BULK-01, BULK-02, BULK-07, BULK-10, BULK-11, BULK-12
#[tokio::test]
async fn each_operation_has_a_result_by_which_the_client_knows_what_came_of_it() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let (ann, bob) = (idp.user("ann@example.com").await, idp.user("bob@example.com").await);
    let replaced = json!({ "userName": "ann@example.com", "title": "Head" });
    let results = bulk(
        &idp,
        json!([
            new_user("cy"),
            { "method": "PUT", "path": format!("/Users/{ann}"), "data": replaced },
            patch(&format!("/Users/{ann}"), json!({ "op": "replace", "path": "active", "value": false })),
            { "method": "DELETE", "path": format!("/Users/{bob}") },
            { "method": "POST", "path": "/Users", "bulkId": "twin", "data": { "userName": "ANN@example.com" } },
            { "method": "DELETE", "path": format!("/Users/{bob}") },
        ]),
    )
    .await;
    assert_eq!(statuses(&results), ["201", "200", "200", "204", "409", "404"]);
    let methods: Vec<&Value> = results.iter().map(|result| &result["method"]).collect();
    assert_eq!(methods, ["POST", "PUT", "PATCH", "DELETE", "POST", "DELETE"]);
    assert_eq!((&results[0]["bulkId"], &results[4]["bulkId"]), (&json!("cy"), &json!("twin")));

    let made = idp.scim("GET", &format!("/Users/{}", id_in(&results[0])), Value::Null).await;
    assert_eq!(made.header("etag"), results[0]["version"].as_str());
    assert_eq!(made.body["meta"]["location"], results[0]["location"]);
    let ann_now = idp.scim("GET", &format!("/Users/{ann}"), Value::Null).await;
    assert_eq!((&ann_now.body["title"], &ann_now.body["active"]), (&json!("Head"), &json!(false)));
    assert_eq!(ann_now.header("etag"), results[2]["version"].as_str());
    assert_eq!(results[1]["location"], ann_now.body["meta"]["location"]);

    let failed = &results[4];
    assert!(failed.get("location").is_none(), "a creation that failed stands nowhere");
    assert_eq!(failed["response"]["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
    assert_eq!(
        (&failed["response"]["scimType"], &failed["response"]["status"]),
        (&json!("uniqueness"), &json!("409"))
    );
    assert!(results[5]["location"].is_string() && results[5]["response"].is_object());

    let all_fail = bulk(&idp, json!([{ "method": "DELETE", "path": "/Users/nobody" }])).await;
    assert_eq!(statuses(&all_fail), ["404"], "the job was processed");
    app.finish().await;
}

// Shows: BULK-03, BULK-04, BULK-05, BULK-06, BULK-23
#[tokio::test]
async fn what_no_operation_can_be_fails_alone() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let other = app.tenant("Other").await;
    let secret = other.user("secret@example.com").await;
    let ann = idp.user("ann@example.com").await;
    let cases = [
        (json!({ "method": "GET", "path": format!("/Users/{ann}") }), "400"),
        (json!({ "method": "OPTIONS", "path": "/Users" }), "400"),
        (json!({ "method": "DELETE", "path": "/Users" }), "405"),
        (json!({ "method": "DELETE" }), "400"),
        (json!({ "method": "POST", "path": format!("/Users/{ann}"), "bulkId": "a", "data": {} }), "405"),
        (json!({ "method": "POST", "path": "/Nothing", "bulkId": "b", "data": {} }), "404"),
        (json!({ "method": "POST", "path": "/Bulk", "bulkId": "c", "data": request(json!([])) }), "400"),
        (json!({ "method": "POST", "path": "/Me", "bulkId": "d", "data": {} }), "501"),
        (json!({ "method": "PUT", "path": "/Schemas", "data": {} }), "405"),
        (json!({ "method": "POST", "path": "/Users", "bulkId": "e" }), "400"),
        (
            json!({ "method": "POST", "path": "/Users", "data": { "userName": "nameless@example.com" } }),
            "400",
        ),
        (json!({ "method": "PATCH", "path": format!("/Users/{ann}") }), "400"),
        (json!({ "method": "PATCH", "path": format!("/Users/{ann}"), "data": "no JSON" }), "400"),
        (json!({ "method": "DELETE", "path": format!("/Users/{secret}") }), "404"),
        (json!({ "method": "DELETE", "path": format!("{}/Users/{secret}", other.base) }), "404"),
        (json!({ "method": "DELETE", "path": format!("/../{}/Users/{secret}", other.directory) }), "404"),
        (json!({ "method": "DELETE", "path": format!("https://elsewhere.example/Users/{ann}") }), "404"),
        (
            json!({ "method": "DELETE", "path": format!("https://lockstep.test{}/Users/{ann}", idp.base) }),
            "204",
        ),
    ];
    let (operations, expected): (Vec<Value>, Vec<&str>) = cases.into_iter().unzip();
    let results = bulk(&idp, Value::Array(operations)).await;
    assert_eq!(statuses(&results), expected);
    other.scim("GET", &format!("/Users/{secret}"), Value::Null).await.expect(200);
    app.finish().await;
}

// Shows: BULK-04, BULK-19
#[tokio::test]
async fn a_request_that_is_wrong_as_a_whole_does_nothing() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let before = app.events("").await;
    let ann = new_user("ann");
    let many: Vec<Value> = (0..1_001).map(|index| new_user(&format!("u{index}"))).collect();
    let cases = [
        (json!({ "Operations": [ann] }), 400, Some("invalidSyntax")),
        (request(json!([])), 400, Some("invalidSyntax")),
        (request(json!([ann, ann])), 400, Some("invalidValue")),
        (request(Value::Array(many)), 413, None),
    ];
    for (body, status, scim_type) in cases {
        let answer = idp.scim("POST", "/Bulk", body).await;
        assert_eq!((answer.status, answer.body["scimType"].as_str()), (status, scim_type), "{}", answer.text);
    }
    assert_eq!(idp.scim("GET", "/Bulk", Value::Null).await.status, 405);
    assert_eq!(app.events("").await, before);
    app.finish().await;
}

// Shows: BULK-19, BULK-20
#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_while_it_is_read() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let config = idp.scim("GET", "/ServiceProviderConfig", Value::Null).await.expect(200);
    assert_eq!(
        (&config["bulk"]["supported"], &config["bulk"]["maxOperations"]),
        (&json!(true), &json!(1_000))
    );
    let limit = usize::try_from(config["bulk"]["maxPayloadSize"].as_u64().unwrap()).unwrap();
    // It is no JSON either, which nobody finds out.
    let answer = idp.scim("POST", "/Bulk", Value::String("x".repeat(limit))).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body["detail"].as_str().unwrap().contains(&limit.to_string()), "{}", answer.text);
    app.finish().await;
}

// Shows: BULK-13, BULK-14, BULK-16
#[tokio::test]
async fn a_bulk_id_stands_for_the_id_wherever_it_is_named() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.directory(&app.organization("Acme").await, "azure scim v2.0").await;
    let boss =
        json!({ "userName": "boss@example.com", ENTERPRISE: { "manager": { "value": "bulkId:ann" } } });
    let member = json!({ "op": "add", "path": "members", "value": [{ "value": "bulkId:bob" }] });
    let manager = json!({ "op": "add", "path": format!("{ENTERPRISE}:manager"), "value": "bulkId:boss" });
    let results = bulk(
        &idp,
        json!([
            patch("/Groups/bulkId:sales", member),
            new_group("sales", &["bulkId:ann"]),
            { "method": "POST", "path": "/Users", "bulkId": "boss", "data": boss },
            new_user("ann"),
            new_user("bob"),
            patch("/Users/bulkId:bob", manager),
        ]),
    )
    .await;
    assert_eq!(statuses(&results), ["200", "201", "201", "201", "201", "200"]);
    let [sales, boss, ann, bob] = [1, 2, 3, 4].map(|index| id_in(&results[index]));
    assert_eq!((id_in(&results[0]), id_in(&results[5])), (sales.clone(), bob.clone()));
    let group = idp.scim("GET", &format!("/Groups/{sales}"), Value::Null).await.expect(200);
    let members: Vec<&Value> =
        group["members"].as_array().unwrap().iter().map(|member| &member["value"]).collect();
    assert_eq!(members, [&ann, &bob]);
    let manager_of = async |id: &str| {
        let user = idp.scim("GET", &format!("/Users/{id}"), Value::Null).await.expect(200);
        user[ENTERPRISE]["manager"]["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(manager_of(&boss).await, ann);
    assert_eq!(manager_of(&bob).await, boss);
    app.finish().await;
}

// Shows: BULK-15, BULK-17
#[tokio::test]
async fn a_circle_happens_whole_or_not_at_all_and_who_names_what_failed_fails() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let results = bulk(&idp, json!([new_group("a", &["bulkId:b"]), new_group("b", &["bulkId:a"])])).await;
    assert_eq!(statuses(&results), ["201", "201"]);
    for (own, other) in [(0, 1), (1, 0)] {
        let group =
            idp.scim("GET", &format!("/Groups/{}", id_in(&results[own])), Value::Null).await.expect(200);
        assert_eq!(group["members"][0]["value"], json!(id_in(&results[other])));
        assert_eq!(group["members"][0]["type"], "Group");
    }
    let operations = json!([
        new_group("c", &["bulkId:A"]),
        { "method": "POST", "path": "/Groups", "bulkId": "A", "data": { "displayName": "a", "members": [{ "value": "bulkId:c" }] } },
        new_group("d", &["bulkId:c"]),
        new_group("e", &["bulkId:nobody"]),
        patch("/Groups/bulkId:c", json!({ "op": "replace", "path": "displayName", "value": "C" })),
    ]);
    let results = bulk(&idp, operations).await;
    assert_eq!(statuses(&results), ["409", "409", "409", "400", "409"]);
    let groups = idp.scim("GET", "/Groups", Value::Null).await.expect(200);
    assert_eq!(groups["totalResults"], 2);
    app.finish().await;
}

// Shows: BULK-08, BULK-09
#[tokio::test]
async fn fail_on_errors_ends_the_job_and_what_was_not_reached_has_no_result() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let gone = json!({ "method": "DELETE", "path": "/Users/nobody" });
    for (limit, expected) in [(None, 4), (Some(1), 1), (Some(2), 3), (Some(3), 4)] {
        let name = format!("u{}", limit.unwrap_or(0));
        let mut body = request(json!([gone, new_user(&name), gone, new_user(&format!("{name}b"))]));
        if let Some(limit) = limit {
            body["failOnErrors"] = json!(limit);
        }
        let answer = idp.scim("POST", "/Bulk", body).await.expect(200);
        assert_eq!(answer["Operations"].as_array().unwrap().len(), expected, "{limit:?}");
    }
    app.finish().await;
}

// Shows: BULK-18
#[tokio::test]
async fn the_version_of_an_operation_is_its_if_match() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let ann = idp.user("ann@example.com").await;
    let path = format!("/Users/{ann}");
    let tag = idp.scim("GET", &path, Value::Null).await.header("etag").unwrap().to_owned();
    let rename = |version: &str, title: &str| {
        let mut operation = patch(&path, json!({ "op": "replace", "path": "title", "value": title }));
        operation["version"] = json!(version);
        operation
    };
    let results =
        bulk(&idp, json!([rename(&format!("W/{tag}"), "one"), rename(&tag, "two"), rename("*", "three")]))
            .await;
    assert_eq!(statuses(&results), ["200", "412", "200"]);
    assert_eq!(idp.scim("GET", &path, Value::Null).await.body["title"], "three");
    app.finish().await;
}

// Shows: BULK-21
#[tokio::test]
async fn an_operation_is_atomic_and_the_job_is_not() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let ann = idp.user("ann@example.com").await;
    let mut half =
        patch(&format!("/Users/{ann}"), json!({ "op": "replace", "path": "title", "value": "Head" }));
    half["data"]["Operations"].as_array_mut().unwrap().push(json!({ "op": "remove", "path": "userName" }));
    let before = idp.scim("GET", &format!("/Users/{ann}"), Value::Null).await;
    let results = bulk(&idp, json!([new_user("bob"), half, new_user("cy")])).await;
    assert_eq!(statuses(&results), ["201", "400", "201"]);
    assert_eq!(results[1]["response"]["scimType"], "mutability");
    assert_eq!(idp.scim("GET", &format!("/Users/{ann}"), Value::Null).await.text, before.text);
    app.finish().await;
}

#[tokio::test]
async fn each_operation_is_read_by_the_contract_of_the_directory() {
    let app = TestApp::start().await;
    let idp = app.directory(&app.organization("Acme").await, "azure scim v2.0").await;
    let ann = idp.user("ann@example.com").await;
    let data = patch("", json!({ "op": "Replace", "path": "active", "value": "False" }))["data"].to_string();
    let operations = json!([{ "method": "patch", "path": format!("Users/{ann}"), "data": data }]);
    let answer = idp.scim("POST", "/Bulk", request(operations)).await;
    assert_eq!(answer.body["Operations"][0]["status"], "200", "{}", answer.text);
    assert!(answer.header("lockstep-repairs").unwrap().contains("boolean-text"));
    assert_eq!(idp.scim("GET", &format!("/Users/{ann}"), Value::Null).await.body["active"], false);
    app.finish().await;
}

// Shows: BULK-22
#[tokio::test]
async fn each_operation_needs_the_right_to_it() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let ann = idp.user("ann@example.com").await;
    let gone = json!({ "method": "DELETE", "path": format!("/Users/{ann}") });
    let cases = [
        (vec![Scope::Groups], ["403", "201", "403"]),
        (vec![Scope::NoDelete], ["201", "201", "403"]),
        (vec![Scope::Read], ["403", "403", "403"]),
        (vec![Scope::Users], ["201", "403", "204"]),
    ];
    for (number, (scopes, expected)) in cases.into_iter().enumerate() {
        let scoped = scoped(&app, &idp, scopes).await;
        let operations =
            json!([new_user(&format!("u{number}")), new_group(&format!("g{number}"), &[]), gone]);
        assert_eq!(statuses(&bulk(&scoped, operations).await), expected, "case {number}");
    }
    app.finish().await;
}

/// The same IdP with a token of these scopes.
async fn scoped(app: &TestApp, idp: &ScimClient, scopes: Vec<Scope>) -> ScimClient {
    let secret = format!("{scopes:?}");
    let token = Token {
        id: TokenId::draw(CLOCK_START, &mut *app.state.secrets.random()),
        digest: digest_of(&secret),
        name: None,
        scopes: scopes.into_iter().collect(),
        created_at: CLOCK_START,
        expires_at: None,
        last_used_at: None,
        client: None,
    };
    let directory = DirectoryId::parse(&idp.directory).unwrap().directory;
    app.state.store.put_token(directory, token).await.unwrap();
    idp.with_token(&secret)
}
