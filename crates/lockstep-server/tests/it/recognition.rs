//! A directory that was made for another IdP than the one that talks to it.

use lockstep_store::Store as _;
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

const OKTA: &[(&str, &str)] = &[("user-agent", "Okta SCIM Client 1.0.0")];
const PLAIN: &[(&str, &str)] = &[("user-agent", "curl/8.5.0")];

async fn directory(app: &TestApp, client: &ScimClient) -> Value {
    app.read(&format!("/directories/{}", client.directory)).await
}

/// What only Okta's contract accepts: a number where text is specified.
fn numbers() -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@example.com", "externalId": 7 })
}

#[tokio::test]
async fn an_empty_directory_takes_the_contract_of_an_idp_that_is_certain_and_reads_its_first_request_by_it() {
    let app = TestApp::start().await;
    let client = app.tenant("Example").await;
    client.scim_with(OKTA, "POST", "/Users", numbers()).await.expect(201);
    let directory = directory(&app, &client).await;
    assert_eq!(directory["contract"], "okta");
    assert_eq!(directory["type"], "okta scim v2.0");
    assert_eq!(directory["contract_chosen_by"], "detection");
    assert_eq!(directory["suggested_contract"], Value::Null);
    let page = app.read(&format!("/directories/{}/requests", client.directory)).await;
    let record = &page["data"][0];
    assert_eq!((&record["contract"], &record["looks_like"]), (&json!("okta"), &Value::Null));
    assert!(record["notes"][0].as_str().unwrap().contains("took the contract `okta`"), "{record}");
    app.finish().await;
}

#[tokio::test]
async fn a_directory_with_people_in_it_is_only_given_a_suggestion_until_it_is_told_to_switch() {
    let app = TestApp::start().await;
    let client = app.tenant("Example").await;
    client.scim_with(PLAIN, "POST", "/Users", json!({ "userName": "grace@example.com" })).await.expect(201);
    app.clock.advance(3_600_000_000);
    client.scim_with(OKTA, "POST", "/Users", numbers()).await.expect(400);

    let suggested = directory(&app, &client).await;
    assert_eq!(suggested["contract"], "generic");
    let suggestion = &suggested["suggested_contract"];
    assert_eq!((&suggestion["contract"], &suggestion["certain"]), (&json!("okta"), &json!(true)));
    assert!(suggestion["signs"][0].is_string(), "{suggestion}");
    let page = app.read(&format!("/directories/{}/requests", client.directory)).await;
    assert_eq!(page["data"][0]["looks_like"], "okta");
    assert!(page["data"][0]["advice"][0].as_str().unwrap().contains("another IdP"), "{page}");

    let path = format!("/directories/{}", client.directory);
    let told = app.api("PUT", &path, json!({ "contract": "okta" })).await.expect(200);
    assert_eq!((&told["contract"], &told["type"]), (&json!("okta"), &json!("okta scim v2.0")));
    assert_eq!(told["contract_chosen_by"], "operator");
    assert_eq!(told["suggested_contract"], Value::Null);
    client.scim_with(OKTA, "POST", "/Users", numbers()).await.expect(201);
    app.finish().await;
}

#[tokio::test]
async fn a_contract_that_was_chosen_stays_whatever_is_sent() {
    let app = TestApp::start().await;
    let client = app.tenant("Example").await;
    let path = format!("/directories/{}", client.directory);
    app.api("PUT", &path, json!({ "contract": "generic" })).await.expect(200);
    client.scim_with(OKTA, "POST", "/Users", numbers()).await.expect(400);
    let kept = directory(&app, &client).await;
    assert_eq!((&kept["contract"], &kept["suggested_contract"]), (&json!("generic"), &Value::Null));
    app.finish().await;
}

#[tokio::test]
async fn a_directory_that_is_held_to_the_rfcs_alone_is_not_switched() {
    let app = TestApp::start().await;
    let client = app.tenant("Example").await;
    let path = format!("/directories/{}", client.directory);
    app.api("PUT", &path, json!({ "settings": { "strict_rfc": true } })).await.expect(200);
    client.scim_with(OKTA, "POST", "/Users", numbers()).await.expect(400);
    let kept = directory(&app, &client).await;
    assert_eq!(
        (&kept["contract"], &kept["suggested_contract"]["contract"]),
        (&json!("generic"), &json!("okta"))
    );
    let refused = app.api("PUT", &path, json!({ "contract": "okta" })).await.expect(422);
    assert_eq!(refused["errors"][0]["code"], "invalid_setting", "{refused}");
    app.finish().await;
}

#[tokio::test]
async fn a_contract_that_nobody_knows_is_refused_with_those_there_are() {
    let app = TestApp::start().await;
    let client = app.tenant("Example").await;
    let path = format!("/directories/{}", client.directory);
    let refused = app.api("PUT", &path, json!({ "contract": "nobody" })).await.expect(422);
    assert_eq!(refused["errors"][0]["code"], "invalid_contract");
    assert!(refused["message"].as_str().unwrap().contains("okta"), "{refused}");
    app.finish().await;
}

#[tokio::test]
async fn a_read_is_answered_also_where_what_it_shows_cannot_be_written() {
    let app = TestApp::start().await;
    let client = app.tenant("Example").await;
    app.state.store.stop().await;
    client.scim_with(OKTA, "GET", "/Users", Value::Null).await.expect(200);
    assert_eq!(directory(&app, &client).await["contract"], "generic");
}

#[tokio::test]
async fn a_token_that_may_only_read_switches_nothing() {
    let app = TestApp::start().await;
    let client = app.tenant("Example").await;
    let path = format!("/directories/{}/tokens", client.directory);
    let made = app.api("POST", &path, json!({ "scopes": ["read"] })).await.expect(201);
    let reader = client.with_token(made["bearer_token"].as_str().unwrap());
    reader.scim_with(OKTA, "GET", "/Users", Value::Null).await.expect(200);
    let kept = directory(&app, &client).await;
    assert_eq!(
        (&kept["contract"], &kept["suggested_contract"]["contract"]),
        (&json!("generic"), &json!("okta"))
    );
    app.finish().await;
}
