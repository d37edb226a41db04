//! `/directories`.

use lockstep_testkit::TestApp;
use serde_json::{Value, json};

#[tokio::test]
async fn a_directory_is_made_with_its_endpoint_and_a_token_that_is_shown_once() {
    let app = TestApp::start().await;
    let organization = app.organization("Acme").await;
    let body = json!({ "organization_id": organization, "name": "Staff", "type": "okta scim v2.0" });
    let made = app.api("POST", "/directories", body).await.expect(201);
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("directory_"));
    assert_eq!(made["scim_endpoint"], format!("https://lockstep.test/scim/v2/{id}"));
    let token = made["bearer_token"].as_str().unwrap();
    assert_eq!((token.len(), token.starts_with("lockstep_scim_")), ("lockstep_scim_".len() + 43, true));

    let read = app.read(&format!("/directories/{id}")).await;
    assert_eq!((&read["object"], &read["state"]), (&json!("directory"), &json!("linked")));
    assert_eq!((&read["organization_id"], &read["external_key"]), (&json!(organization), &json!(id)));
    assert_eq!((&read["name"], &read["type"]), (&json!("Staff"), &json!("okta scim v2.0")));
    assert_eq!(read["metadata"], json!({ "users": { "active": 0, "inactive": 0 }, "groups": 0 }));
    assert!(read.get("bearer_token").is_none() && read.get("scim_endpoint").is_none());
    app.finish().await;
}

#[tokio::test]
async fn every_published_type_is_taken_and_another_is_refused_with_the_list() {
    let app = TestApp::start().await;
    let organization = app.organization("Acme").await;
    for directory_type in lockstep_idp::directory_types() {
        let made = app.directory(&organization, directory_type).await;
        let read = app.read(&format!("/directories/{}", made.directory)).await;
        assert_eq!(read["type"], directory_type);
    }
    let body = json!({ "organization_id": organization, "name": "Staff", "type": "carrier pigeon" });
    let answer = app.api("POST", "/directories", body).await;
    assert_eq!(answer.problem(), (422, "invalid_request_parameters", Some("type")));
    assert!(answer.body["message"].as_str().unwrap().contains("generic scim v2.0"), "{}", answer.text);
    let nobody = json!({ "organization_id": "org_nobody", "name": "Staff", "type": "generic scim v2.0" });
    assert_eq!(app.api("POST", "/directories", nobody).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn a_contract_without_a_type_of_its_own_is_named() {
    let app = TestApp::start().await;
    let organization = app.organization("Example").await;
    let make = |kind: &str, contract: &str| json!({ "organization_id": organization, "name": "Staff", "type": kind, "contract": contract });
    for (kind, contract) in [("generic scim v2.0", "keycloak"), ("okta scim v2.0", "okta")] {
        let made = app.api("POST", "/directories", make(kind, contract)).await.expect(201);
        assert_eq!((&made["type"], &made["contract"]), (&json!(kind), &json!(contract)));
    }
    for (kind, contract) in
        [("okta scim v2.0", "entra"), ("generic scim v2.0", "okta"), ("generic scim v2.0", "nobody")]
    {
        let refused = app.api("POST", "/directories", make(kind, contract)).await.expect(422);
        assert_eq!(refused["errors"][0]["code"], "invalid_contract", "{kind} {contract}: {refused}");
    }
    app.finish().await;
}

#[tokio::test]
async fn users_and_groups_are_counted() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let one = idp.user("one@acme.test").await;
    let two = idp.user("two@acme.test").await;
    idp.group("Staff", &[&one, &two]).await;
    idp.patch(&format!("/Users/{two}"), json!({ "op": "replace", "path": "active", "value": false }))
        .await
        .expect(200);
    let read = app.read(&format!("/directories/{}", idp.directory)).await;
    assert_eq!(read["metadata"], json!({ "users": { "active": 1, "inactive": 1 }, "groups": 1 }));
    app.finish().await;
}

#[tokio::test]
async fn directories_are_listed_by_organization_and_by_name() {
    let app = TestApp::start().await;
    let (one, two) = (app.organization("One").await, app.organization("Two").await);
    for (organization, name) in [(&one, "North"), (&one, "South"), (&two, "North East")] {
        let body = json!({ "organization_id": organization, "name": name, "type": "generic scim v2.0" });
        app.api("POST", "/directories", body).await.expect(201);
    }
    let names = async |query: &str| -> Vec<String> {
        let page = app.read(&format!("/directories{query}")).await;
        page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("").await, ["North East", "South", "North"]);
    assert_eq!(names("?order=asc&limit=2").await, ["North", "South"]);
    assert_eq!(names(&format!("?organization_id={one}")).await, ["South", "North"]);
    assert_eq!(names("?search=NORTH").await, ["North East", "North"]);
    assert_eq!(names("?domain=acme.test").await, Vec::<String>::new());
    assert_eq!(app.api("GET", "/directories?organization_id=org_nobody", Value::Null).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn a_deleted_directory_is_gone_for_everyone_and_its_log_stays() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@acme.test").await;
    idp.group("Staff", &[&user]).await;
    let path = format!("/directories/{}", idp.directory);
    let answer = app.api("DELETE", &path, Value::Null).await;
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));

    for gone in [
        path.clone(),
        format!("/directory_users/{user}"),
        format!("/directory_users?directory={}", idp.directory),
    ] {
        assert_eq!(app.api("GET", &gone, Value::Null).await.status, 404, "{gone}");
    }
    assert_eq!(app.api("DELETE", &path, Value::Null).await.status, 404);
    assert_eq!(app.read("/directories").await["data"], json!([]));
    // Its IdP is told so from then on.
    assert_eq!(idp.scim("GET", "/Users", Value::Null).await.status, 404);
    app.work().await;
    assert_eq!(idp.scim("GET", "/Users", Value::Null).await.status, 404);

    let events = app.events("").await;
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["data"]["id"]), (&json!("dsync.deleted"), &json!(idp.directory)));
    assert_eq!(
        (&last["data"]["state"], &last["data"]["organization_id"]),
        (&json!("deleting"), &json!(idp.organization))
    );
    assert_eq!(app.events(&format!("organization_id={}", idp.organization)).await, events);
    app.finish().await;
}

#[tokio::test]
async fn a_paused_directory_refuses_its_idp_with_a_text_that_says_so_and_serves_again_at_once() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@acme.test").await;
    let path = format!("/directories/{}", idp.directory);

    let paused = app.api("PUT", &path, json!({ "state": "unlinked" })).await.expect(200);
    assert_eq!((&paused["state"], &paused["name"]), (&json!("unlinked"), &json!("Directory")));
    for (method, below) in [("GET", "/Users"), ("DELETE", &format!("/Users/{user}")), ("POST", "/Users")] {
        let answer = idp.scim(method, below, json!({ "userName": "two@acme.test" })).await;
        assert_eq!((answer.status, &answer.body["status"]), (403, &json!("403")), "{method} {below}");
        assert!(answer.body["detail"].as_str().unwrap().contains("paused"), "{}", answer.text);
    }
    app.read(&format!("/directory_users/{user}")).await;

    app.api("PUT", &path, json!({ "state": "linked", "name": "Renamed" })).await.expect(200);
    idp.scim("DELETE", &format!("/Users/{user}"), Value::Null).await.expect(204);
    assert_eq!(app.read(&path).await["name"], "Renamed");
    let events = app.events("events=dsync.activated").await;
    assert_eq!(events[0]["data"]["name"], "Directory", "an event tells what was at its moment");
    let answer = app.api("PUT", &path, json!({ "state": "deleting" })).await;
    assert_eq!(answer.problem(), (422, "invalid_request_parameters", Some("state")));
    app.finish().await;
}

#[tokio::test]
async fn an_endpoint_may_be_written_with_a_hyphen_where_a_form_takes_no_underscore() {
    let app = TestApp::start().await;
    let mut idp = app.tenant("Acme").await;
    idp.base = idp.base.replace("directory_", "directory-");
    idp.user("one@acme.test").await;
    app.finish().await;
}
