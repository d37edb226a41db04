//! What an operator may ask of a directory besides its contract.

use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

/// A directory with these settings on.
async fn tenant_with(app: &TestApp, settings: Value) -> ScimClient {
    let idp = app.tenant("Acme").await;
    app.api("PUT", &format!("/directories/{}", idp.directory), json!({ "settings": settings }))
        .await
        .expect(200);
    idp
}

#[tokio::test]
async fn each_setting_is_the_contract_s_until_it_is_set_and_again_when_it_is_given_back() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let path = format!("/directories/{}", idp.directory);
    let contract = app.read(&path).await;
    for off in [
        "require_if_match",
        "refuse_sensitive_filters",
        "strict_rfc",
        "method_override",
        "leave_out_unknown_members",
    ] {
        assert_eq!(contract["settings"][off], false, "{off}");
    }
    assert_eq!(contract["settings"]["unique_group_names"], true);
    assert_eq!(contract["settings_set"], json!([]));
    let set =
        json!({ "require_if_match": true, "unique_group_names": false, "leave_out_unknown_members": true });
    app.api("PUT", &path, json!({ "settings": set })).await.expect(200);
    let changed = json!({ "require_if_match": false, "leave_out_unknown_members": null });
    let changed = app.api("PUT", &path, json!({ "settings": changed })).await.expect(200);
    let mut expected = contract["settings"].clone();
    expected["unique_group_names"] = json!(false);
    assert_eq!(changed["settings"], expected);
    assert_eq!(changed["settings_set"], json!(["require_if_match", "unique_group_names"]));
    assert_eq!(app.read(&path).await["settings"], expected);
    for name in ["Staff", "staff"] {
        idp.scim("POST", "/Groups", json!({ "displayName": name })).await.expect(201);
    }
    for wrong in [json!({ "no_such": true }), json!({ "strict_rfc": "yes" }), json!([]), json!(null)] {
        let answer = app.api("PUT", &path, json!({ "settings": wrong })).await;
        assert_eq!(answer.problem(), (422, "invalid_request_parameters", Some("settings")), "{wrong}");
    }
    assert_eq!(app.read(&path).await["settings"], expected);
    let given_back = json!({ "unique_group_names": null, "require_if_match": null });
    let changed = app.api("PUT", &path, json!({ "settings": given_back })).await.expect(200);
    assert_eq!((&changed["settings"], &changed["settings_set"]), (&contract["settings"], &json!([])));
    assert_eq!(idp.scim("POST", "/Groups", json!({ "displayName": "Staff" })).await.status, 409);

    let organization = app.organization("Other").await;
    let okta = app.directory(&organization, "okta scim v2.0").await;
    let shown = app.read(&format!("/directories/{}", okta.directory)).await;
    assert_eq!(shown["settings"]["leave_out_unknown_members"], true, "as its contract has it");
    app.finish().await;
}

// Shows: ETAG-12
#[tokio::test]
async fn where_if_match_is_required_a_change_without_it_is_428_and_with_it_goes_through() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@example.com").await;
    let path = format!("/Users/{user}");
    idp.patch(&path, json!({ "op": "add", "path": "title", "value": "Dr" })).await.expect(200);
    let settings = json!({ "settings": { "require_if_match": true } });
    app.api("PUT", &format!("/directories/{}", idp.directory), settings).await.expect(200);

    let put = || json!({ "userName": "one@example.com" });
    let operation = json!({ "op": "replace", "path": "active", "value": false });
    let patch =
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] });
    for (method, body) in [("PUT", put()), ("PATCH", patch.clone()), ("DELETE", Value::Null)] {
        let answer = idp.scim(method, &path, body).await;
        assert_eq!(
            (answer.status, &answer.body["status"]),
            (428, &json!("428")),
            "{method}: {}",
            answer.text
        );
        assert_eq!(answer.body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
        assert!(answer.body["detail"].as_str().unwrap().contains("If-Match"), "{}", answer.text);
        assert!(answer.body.get("scimType").is_none());
    }
    let read = idp.scim("GET", &path, Value::Null).await;
    assert_eq!(read.body["title"], "Dr", "nothing happened");
    let tag = read.header("etag").unwrap().to_owned();
    let changed = idp.scim_with(&[("if-match", &tag)], "PATCH", &path, patch.clone()).await;
    assert_eq!((changed.status, &changed.body["active"]), (200, &json!(false)));
    assert_eq!(idp.scim_with(&[("if-match", &tag)], "PATCH", &path, patch).await.status, 412);
    assert_eq!(idp.scim_with(&[("if-match", "*")], "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(idp.scim("DELETE", &path, Value::Null).await.status, 404, "what is gone is gone");
    idp.user("two@example.com").await;
    app.finish().await;
}

// Shows: LIST-12
#[tokio::test]
async fn filters_that_name_personal_data_are_refused_in_a_url_where_the_directory_wants_it() {
    let app = TestApp::start().await;
    let idp = tenant_with(&app, json!({ "refuse_sensitive_filters": true })).await;
    idp.user("one@example.com").await;
    for filter in [
        "userName eq \"one@example.com\"",
        "USERNAME sw \"one\"",
        "active eq true and emails[value eq \"one@example.com\"]",
        "not (name.familyName pr)",
        "urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"x\"",
    ] {
        let answer = idp.scim("GET", &list("/Users", filter), Value::Null).await;
        assert_eq!((answer.status, &answer.body["scimType"]), (403, &json!("sensitive")), "{filter}");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(".search") && !detail.contains("example.com"), "{detail}");
    }
    for filter in ["active eq true", "meta.lastModified gt \"2020-01-01T00:00:00Z\"", "title pr"] {
        idp.scim("GET", &list("/Users", filter), Value::Null).await.expect(200);
    }
    idp.scim("GET", &list("/Groups", "displayName eq \"Staff\""), Value::Null).await.expect(200);
    idp.scim("GET", "/Users", Value::Null).await.expect(200);
    assert_eq!(
        idp.scim("GET", &list("/", "userName pr"), Value::Null).await.status,
        403,
        "over all types too"
    );
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "userName eq \"one@example.com\"",
    });
    let found = idp.scim("POST", "/Users/.search", body).await.expect(200);
    assert_eq!(found["totalResults"], 1, "in a body it may be asked");
    let broken = idp.scim("GET", &list("/Users", "userName eq"), Value::Null).await;
    assert_eq!((broken.status, &broken.body["scimType"]), (400, &json!("invalidFilter")));

    let other = app.tenant("Off").await;
    other.scim("GET", &list("/Users", "userName eq \"x\""), Value::Null).await.expect(200);
    app.finish().await;
}

fn list(path: &str, filter: &str) -> String {
    format!(
        "{path}?{}",
        form_urlencoded::Serializer::new(String::new()).append_pair("filter", filter).finish()
    )
}

#[tokio::test]
async fn a_generic_directory_may_be_held_to_the_rfcs_and_let_go_again() {
    let app = TestApp::start().await;
    let idp = tenant_with(&app, json!({ "strict_rfc": true })).await;
    let path = format!("/directories/{}", idp.directory);
    let lenient = || json!({ "userName": "one@example.com", "active": "true" });
    let answer = idp.scim("POST", "/Users", lenient()).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    let strict = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "one@example.com", "shoeSize": 43,
    });
    let answer = idp.scim("POST", "/Users", strict).await;
    assert_eq!((answer.status, &answer.body["scimType"]), (400, &json!("invalidSyntax")), "{}", answer.text);
    assert!(answer.header("lockstep-repairs").is_none());
    app.api("PUT", &path, json!({ "settings": { "strict_rfc": false } })).await.expect(200);
    idp.scim("POST", "/Users", lenient()).await.expect(201);

    let organization = app.organization("Other").await;
    let okta = app.directory(&organization, "okta scim v2.0").await;
    let body = json!({ "settings": { "strict_rfc": true } });
    let answer = app.api("PUT", &format!("/directories/{}", okta.directory), body).await;
    assert_eq!(answer.problem(), (422, "invalid_request_parameters", Some("settings")));
    app.finish().await;
}

/// Each change of the settings makes stale what was read before it: nobody may notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_go_through_while_settings_change() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let writes = (0..60).map(|number| {
        let idp = idp.clone();
        tokio::spawn(async move {
            let body = json!({ "userName": format!("user{number}@example.com"), "active": true });
            idp.scim("POST", "/Users", body).await
        })
    });
    let writes: Vec<_> = writes.collect();
    let path = format!("/directories/{}", idp.directory);
    for turn in 0..20 {
        let settings = json!({ "settings": { "refuse_sensitive_filters": turn % 2 == 0 } });
        app.api("PUT", &path, settings).await.expect(200);
    }
    for write in writes {
        write.await.unwrap().expect(201);
    }
    assert_eq!(app.read(&path).await["metadata"]["users"]["active"], 60);
    app.finish().await;
}
