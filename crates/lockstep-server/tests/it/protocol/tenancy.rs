//! A directory is a tenant (RFC 7644 §6): its token selects it, its address must agree, and nothing of a neighbour shows.

use axum::body::Body;
use http::Request;
use lockstep_testkit::{Answer, ScimClient, TestApp};
use serde_json::{Value, json};

use super::{get, refusal};

fn ada() -> Value {
    json!({ "userName": "ada@example.com", "externalId": "x-1", "emails": [{ "value": "ada@example.com" }] })
}

async fn neighbours(app: &TestApp) -> [ScimClient; 2] {
    [app.tenant("One").await, app.tenant("Two").await]
}

fn id_of(answer: Answer) -> String {
    answer.expect(201)["id"].as_str().unwrap().to_owned()
}

// Shows: TENANT-01, TENANT-02
#[tokio::test]
async fn the_token_selects_the_tenant_and_an_address_that_differs_is_not_found() {
    let app = TestApp::start().await;
    let [one, two] = neighbours(&app).await;
    one.user("ada@example.com").await;
    let strayed = two.with_token(&one.token);
    for (method, path) in
        [("GET", "/Users"), ("POST", "/Users"), ("GET", "/ServiceProviderConfig"), ("GET", "/x")]
    {
        let answer = strayed.scim(method, path, Value::Null).await;
        assert_eq!(refusal(&answer), (404, None), "{method} {path}");
        // As an address that never was: whether there is such a directory is not told.
        let nowhere = one.base.replace(&one.directory, "directory_00000010000000000001");
        let request = Request::builder().method(method).uri(format!("{nowhere}{path}"));
        let request = request.header("authorization", format!("Bearer {}", one.token));
        let unknown = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((unknown.status, &unknown.text), (404, &answer.text), "{method} {path}");
    }
    app.finish().await;
}

// Shows: TENANT-04, TENANT-05, TENANT-06, TENANT-07
#[tokio::test]
async fn the_same_person_in_two_tenants_is_two_resources_with_nothing_in_common_but_what_was_sent() {
    let app = TestApp::start().await;
    let [one, two] = neighbours(&app).await;
    let mut shown = Vec::new();
    for idp in [&one, &two] {
        let made = idp.scim("POST", "/Users", ada()).await.expect(201);
        // Within the tenant the userName is unique.
        assert_eq!(refusal(&idp.scim("POST", "/Users", ada()).await), (409, Some("uniqueness")));
        let found = get(idp, "/Users?filter=externalId%20eq%20%22x-1%22").await;
        assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &made["id"]));
        shown.push(made);
    }
    let [left, right] = shown.as_slice() else { panic!("there are two") };
    assert_ne!(left["id"], right["id"]);
    assert_ne!(left["meta"]["location"], right["meta"]["location"]);
    // An id begins with its own directory's number and says nothing of another's.
    let number = |idp: &ScimClient| idp.directory["directory_".len()..][..7].to_owned();
    for (made, idp, other) in [(left, &one, &two), (right, &two, &one)] {
        let id = made["id"].as_str().unwrap();
        assert!(id.starts_with(&format!("directory_user_{}", number(idp))), "{id}");
        assert!(!made.to_string().contains(&number(other)), "{made}");
    }
    app.finish().await;
}

// Shows: TENANT-03
#[tokio::test]
async fn ids_tags_references_and_filters_of_a_neighbour_lead_nowhere() {
    let app = TestApp::start().await;
    let [one, two] = neighbours(&app).await;
    let user = id_of(one.scim("POST", "/Users", ada()).await);
    let group = one.group("Staff", &[&user]).await;
    let mine = two.group("Mine", &[]).await;
    let before = app.events("").await;
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "displayName", "value": "theirs" }],
    });
    for (kind, id, body) in [("Users", &user, ada()), ("Groups", &group, json!({ "displayName": "x" }))] {
        let path = format!("/{kind}/{id}");
        // An id of one's own that never was.
        let never = id.replace(&one.directory[10..17], &two.directory[10..17]);
        let requests =
            [("GET", Value::Null), ("PUT", body), ("PATCH", patch.clone()), ("DELETE", Value::Null)];
        for (method, body) in requests {
            let theirs = two.scim(method, &path, body.clone()).await;
            assert_eq!(refusal(&theirs), (404, None), "{method} {path}");
            let own = two.scim(method, &format!("/{kind}/{never}"), body).await;
            assert_eq!(own.text.replace(&never, ""), theirs.text.replace(id.as_str(), ""), "word for word");
        }
        // A tag that fits does not help (tags are numbers, and may be equal).
        for (header, tag) in [("if-match", "*"), ("if-none-match", "*"), ("if-match", "\"2\"")] {
            let request = Request::delete(format!("{}{path}", two.base))
                .header("authorization", format!("Bearer {}", two.token))
                .header(header, tag);
            assert_eq!(app.send(request.body(Body::empty()).unwrap()).await.status, 404, "{header}: {tag}");
        }
    }
    let reference = format!("https://lockstep.test{}/Users/{user}", one.base);
    for member in [json!({ "value": user }), json!({ "value": user, "$ref": reference })] {
        let add = json!({ "op": "add", "path": "members", "value": [member] });
        assert!(two.patch(&format!("/Groups/{mine}"), add).await.status >= 400);
    }
    for filter in [format!("id eq \"{user}\""), format!("members.value eq \"{user}\"")] {
        let kind = if filter.starts_with("id") { "Users" } else { "Groups" };
        let query: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        assert_eq!(get(&two, &format!("/{kind}?filter={query}")).await["totalResults"], 0);
    }
    assert_eq!(app.events("").await, before);
    app.finish().await;
}

// Shows: TENANT-09, TENANT-03
#[tokio::test]
async fn totals_errors_and_events_of_a_tenant_do_not_show_what_its_neighbour_does() {
    // What the second tenant sees, with and without a busy neighbour.
    let mut seen = Vec::new();
    for busy in [false, true] {
        let app = TestApp::start().await;
        let [one, two] = neighbours(&app).await;
        let key = app.key_for(&[&two.organization]).await;
        if busy {
            let user = id_of(one.scim("POST", "/Users", ada()).await);
            one.group("Staff", &[&user]).await;
            one.scim("POST", "/Users", json!({ "userName": "bob@example.com" })).await.expect(201);
        } else {
            // As many requests, so that both stories happen at the same times.
            for _ in 0..3 {
                one.scim("GET", "/Users", Value::Null).await.expect(200);
            }
        }
        let mut story = Vec::new();
        story.push(two.scim("POST", "/Users", ada()).await);
        story.push(two.scim("POST", "/Users", ada()).await);
        story.push(two.scim("POST", "/Groups", json!({ "displayName": "Staff" })).await);
        for path in ["/Users", "/Groups", "/", "/Users?filter=userName%20sw%20%22b%22", "/Users?startIndex=2"]
        {
            story.push(two.scim("GET", path, Value::Null).await);
        }
        for path in ["/events", "/directories", "/organizations"] {
            story.push(app.api_as(&key, "GET", path, Value::Null).await);
        }
        let shape: Vec<(u16, Value, usize)> = story
            .iter()
            .map(|answer| {
                let total = answer.body["totalResults"].clone();
                let data = answer.body["data"].as_array().map_or(0, Vec::len);
                (answer.status, total, data)
            })
            .collect();
        for answer in &story {
            for word in [&one.directory, &one.organization, "bob", "One"] {
                assert!(!answer.text.contains(word), "{}: {}", answer.asked, answer.text);
            }
        }
        seen.push(shape);
        app.finish().await;
    }
    assert_eq!(seen[0], seen[1]);
}

// Shows: TENANT-08
#[tokio::test]
async fn every_discovery_document_stands_below_its_own_directory() {
    let app = TestApp::start().await;
    let [one, two] = neighbours(&app).await;
    for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
        let (left, right) = (get(&one, path).await.to_string(), get(&two, path).await.to_string());
        assert!(left.contains(&one.base) && !left.contains(&two.base), "{left}");
        assert!(right.contains(&two.base) && !right.contains(&one.base), "{right}");
    }
    app.finish().await;
}
