//! `/organizations`.

use lockstep_testkit::TestApp;
use serde_json::{Value, json};

#[tokio::test]
async fn an_organization_is_made_and_read_as_published() {
    let app = TestApp::start().await;
    let body = json!({ "name": "Acme", "external_id": "cust/1", "metadata": { "tier": "gold" } });
    let answer = app.api("POST", "/organizations", body).await;
    assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
    let made = answer.expect(201);
    assert_eq!(made["object"], "organization");
    assert!(made["id"].as_str().is_some_and(|id| id.starts_with("org_")));
    assert_eq!((&made["name"], &made["external_id"]), (&json!("Acme"), &json!("cust/1")));
    assert_eq!((&made["metadata"], &made["domains"]), (&json!({ "tier": "gold" }), &json!([])));
    assert_eq!(made["created_at"], made["updated_at"]);

    let id = made["id"].as_str().unwrap();
    assert_eq!(app.read(&format!("/organizations/{id}")).await, made);
    assert_eq!(app.read("/organizations/external_id/cust%2F1").await, made);
    assert_eq!(app.api("GET", "/organizations/external_id/none", Value::Null).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_told_at_once() {
    let app = TestApp::start().await;
    let wrong = [
        (json!({}), "name"),
        (json!({ "name": " " }), "name"),
        (json!({ "name": 7 }), "name"),
        (json!({ "name": "a\u{7}b" }), "name"),
        (json!({ "name": "x".repeat(257) }), "name"),
        (json!({ "name": "a", "external_id": 7 }), "external_id"),
        (json!({ "name": "a", "metadata": [] }), "metadata"),
        (json!({ "name": "a", "metadata": { "k": 1 } }), "metadata"),
        (json!({ "name": "a", "domain_data": [{ "name": "a.example" }] }), "domain_data"),
    ];
    for (body, field) in wrong {
        let answer = app.api("POST", "/organizations", body.clone()).await;
        assert_eq!(answer.problem(), (422, "invalid_request_parameters", Some(field)), "{body}");
    }
    let both = app.api("POST", "/organizations", json!({ "nmae": "a", "external_id": 1 })).await;
    let fields: Vec<_> =
        both.body["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert_eq!(fields, ["nmae", "name", "external_id"]);
    assert_eq!(app.read("/organizations").await["data"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn an_external_id_is_one_organizations() {
    let app = TestApp::start().await;
    app.api("POST", "/organizations", json!({ "name": "A", "external_id": "1" })).await.expect(201);
    let answer = app.api("POST", "/organizations", json!({ "name": "B", "external_id": "1" })).await;
    assert_eq!(answer.problem(), (409, "external_id_already_used", Some("external_id")));
    app.finish().await;
}

#[tokio::test]
async fn an_update_changes_only_what_it_names() {
    let app = TestApp::start().await;
    let body = json!({ "name": "A", "external_id": "1", "metadata": { "a": "1", "b": "2" } });
    let made = app.api("POST", "/organizations", body).await.expect(201);
    let path = format!("/organizations/{}", made["id"].as_str().unwrap());

    let changed = app.api("PUT", &path, json!({ "metadata": { "a": null, "c": "3" } })).await.expect(200);
    assert_eq!((&changed["name"], &changed["external_id"]), (&json!("A"), &json!("1")));
    assert_eq!(changed["metadata"], json!({ "b": "2", "c": "3" }));
    assert_ne!(changed["updated_at"], made["updated_at"]);

    let cleared = app.api("PUT", &path, json!({ "name": "B", "external_id": null })).await.expect(200);
    assert_eq!((&cleared["name"], &cleared["external_id"]), (&json!("B"), &Value::Null));
    // Nothing changes: nothing is touched.
    assert_eq!(app.api("PUT", &path, json!({ "name": "B" })).await.expect(200), cleared);
    app.finish().await;
}

#[tokio::test]
async fn organizations_are_listed_newest_first_and_found_by_name() {
    let app = TestApp::start().await;
    for name in ["Alpha", "Beta", "alphabet", "Gamma", "ALPHA two"] {
        app.organization(name).await;
    }
    let names = |page: &Value| -> Vec<String> {
        page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&app.read("/organizations").await), ["ALPHA two", "Gamma", "alphabet", "Beta", "Alpha"]);
    assert_eq!(names(&app.read("/organizations?search=Alpha").await), ["ALPHA two", "alphabet", "Alpha"]);

    let first = app.read("/organizations?search=alpha&limit=2").await;
    assert_eq!(names(&first), ["ALPHA two", "alphabet"]);
    let after = first["list_metadata"]["after"].as_str().unwrap();
    let second = app.read(&format!("/organizations?search=alpha&limit=2&after={after}")).await;
    assert_eq!((names(&second), &second["list_metadata"]["after"]), (vec!["Alpha".to_owned()], &Value::Null));
    let before = second["list_metadata"]["before"].as_str().unwrap();
    let back = app.read(&format!("/organizations?search=alpha&limit=1&before={before}")).await;
    assert_eq!(names(&back), ["alphabet"]);
    assert_eq!(app.read("/organizations?domains=a.example").await["data"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn a_key_for_one_organization_sees_only_that_one() {
    let app = TestApp::start().await;
    let (mine, _other) = (app.organization("Mine").await, app.organization("Other").await);
    let key = app.key_for(&[&mine]).await;
    let listed = app.api_as(&key, "GET", "/organizations", Value::Null).await.expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"][0]["id"], mine.as_str());
    assert_eq!(app.api_as(&key, "POST", "/organizations", json!({ "name": "New" })).await.status, 403);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn updates_at_the_same_time_lose_none() {
    let app = std::sync::Arc::new(TestApp::start_on_sqlite().await);
    let path = format!("/organizations/{}", app.organization("A").await);
    let updates: Vec<_> = (0..24)
        .map(|index| {
            let (app, path) = (app.clone(), path.clone());
            tokio::spawn(async move {
                let body = json!({ "metadata": { format!("k{index}"): "v" } });
                app.api("PUT", &path, body).await.status
            })
        })
        .collect();
    for update in updates {
        assert_eq!(update.await.unwrap(), 200);
    }
    let metadata = app.read(&path).await["metadata"].as_object().unwrap().len();
    assert_eq!(metadata, 24);
}
