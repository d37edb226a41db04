//! Lists, orders and searches (RFC 7644 §3.4.2, §3.4.3), over one resource type and over all.

use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// The list that a search gives, asked both ways: what GET answers must be what POST answers.
async fn list(idp: &ScimClient, endpoint: &str, question: &Value) -> Value {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in question.as_object().unwrap() {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Array(names) => {
                names.iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>().join(",")
            }
            other => other.to_string(),
        };
        query.append_pair(name, &text);
    }
    let path = format!("{}?{}", if endpoint.is_empty() { "/" } else { endpoint }, query.finish());
    let got = idp.scim("GET", &path, Value::Null).await.expect(200);
    let posted = search(idp, endpoint, question.clone()).await.expect(200);
    assert_eq!(got, posted, "{question}");
    got
}

async fn search(idp: &ScimClient, endpoint: &str, mut question: Value) -> lockstep_testkit::Answer {
    question["schemas"] = json!([SEARCH]);
    idp.scim("POST", &format!("{endpoint}/.search"), question).await
}

/// The names of what is on a page.
fn names(list: &Value) -> Vec<&str> {
    list["Resources"].as_array().unwrap().iter().map(name).collect()
}

fn name(resource: &Value) -> &str {
    resource["userName"].as_str().or(resource["displayName"].as_str()).unwrap_or_default()
}

async fn people(app: &TestApp) -> ScimClient {
    let idp = app.tenant("Acme").await;
    for body in [
        json!({ "userName": "bob", "displayName": "beta", "externalId": "b", "active": true,
            "emails": [{ "value": "z@example.com" }, { "value": "a@example.com", "primary": true }] }),
        json!({ "userName": "Alice", "displayName": "Alpha", "externalId": "B", "active": false,
            "emails": [{ "value": "M@example.com" }] }),
        json!({ "userName": "émile", "name": { "familyName": "x" } }),
        json!({ "userName": "Zoe", "externalId": "a", "active": true }),
    ] {
        idp.scim("POST", "/Users", body).await.expect(201);
    }
    idp.group("gamma", &[]).await;
    idp.group("Aleph", &[]).await;
    idp
}

// Shows: LIST-01, LIST-03, LIST-05, LIST-06, LIST-07, SEARCH-01, SEARCH-02, SEARCH-03, SEARCH-04
#[tokio::test]
async fn a_search_answers_a_list_whether_asked_by_get_or_by_post() {
    let app = TestApp::start().await;
    let idp = people(&app).await;
    let before = app.events("").await;
    let found =
        list(&idp, "/Users", &json!({ "filter": "externalId pr and active eq true", "colour": "red" })).await;
    assert_eq!(found["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
    assert_eq!(names(&found), ["bob", "Zoe"]);
    let mut members: Vec<&String> = found.as_object().unwrap().keys().collect();
    members.sort_unstable();
    assert_eq!(members, ["Resources", "itemsPerPage", "schemas", "startIndex", "totalResults"]);
    let nothing = list(&idp, "/Groups", &json!({ "filter": "displayName eq \"nobody\"" })).await;
    assert_eq!((&nothing["totalResults"], &nothing["Resources"]), (&json!(0), &json!([])));
    for attributes in
        [json!({ "attributes": ["userName"] }), json!({ "excludedAttributes": ["meta", "emails"] })]
    {
        let found = list(&idp, "/Users", &attributes).await;
        assert_eq!(found["totalResults"], 4, "{attributes}");
        assert!(found["Resources"][0]["emails"].is_null() && found["Resources"][0]["meta"].is_null());
    }
    // A search makes nothing, also where its body looks like a user.
    search(&idp, "/Users", json!({ "userName": "new@example.com" })).await.expect(200);
    assert_eq!(app.events("").await, before);
    app.finish().await;
}

// Shows: SEARCH-01
#[tokio::test]
async fn only_post_is_known_at_a_search_endpoint() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    for path in ["/.search", "/Users/.search", "/Groups/.search"] {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let body = if method == "GET" || method == "DELETE" { Value::Null } else { json!({}) };
            let answer = idp.scim(method, path, body).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method} {path}");
        }
    }
    idp.scim("POST", "/Devices/.search", json!({ "schemas": [SEARCH] })).await.expect(404);
    app.finish().await;
}

// Shows: SEARCH-05, PROJ-12, SORT-02, SORT-11, PAGE-10, FILTER-36
#[tokio::test]
async fn a_malformed_search_is_refused_by_its_kind() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    for (question, kind) in [
        (json!({ "attributes": "userName" }), "invalidSyntax"),
        (json!({ "filter": 5 }), "invalidSyntax"),
        (json!({ "filter": "userName eq" }), "invalidFilter"),
        (json!({ "filter": "nobody eq 1" }), "invalidFilter"),
        (json!({ "sortBy": "nobody" }), "invalidValue"),
        (json!({ "sortBy": "userName", "sortOrder": "upwards" }), "invalidValue"),
        (json!({ "startIndex": "one" }), "invalidValue"),
        (json!({ "count": 1.5 }), "invalidValue"),
    ] {
        let refused = search(&idp, "/Users", question.clone()).await.expect(400);
        assert_eq!(refused["scimType"], kind, "{question}");
    }
    for body in
        [json!([]), json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"] }), json!({})]
    {
        let refused = idp.scim("POST", "/.search", body).await.expect(400);
        assert_eq!(refused["scimType"], "invalidSyntax");
    }
    for (query, kind) in [
        ("startIndex=one", "invalidValue"),
        ("count=ten", "invalidValue"),
        ("sortOrder=up&sortBy=userName", "invalidValue"),
        ("sortBy=nobody", "invalidValue"),
        ("filter=nobody%20pr", "invalidFilter"),
    ] {
        let refused = idp.scim("GET", &format!("/Users?{query}"), Value::Null).await.expect(400);
        assert_eq!(refused["scimType"], kind, "{query}");
    }
    app.finish().await;
}

// Shows: LIST-08, LIST-10
#[tokio::test]
async fn a_search_at_the_root_covers_all_types() {
    let app = TestApp::start().await;
    let idp = people(&app).await;
    for (filter, expected) in [
        ("id pr", vec!["bob", "Alice", "émile", "Zoe", "gamma", "Aleph"]),
        ("userName sw \"a\"", vec!["Alice"]),
        ("displayName co \"a\"", vec!["bob", "Alice", "gamma", "Aleph"]),
        ("userName pr or displayName eq \"aleph\"", vec!["bob", "Alice", "émile", "Zoe", "Aleph"]),
        ("not (userName pr)", vec!["gamma", "Aleph"]),
        ("userName ne \"bob\"", vec!["Alice", "émile", "Zoe", "gamma", "Aleph"]),
        ("meta.resourceType eq \"User\"", vec!["bob", "Alice", "émile", "Zoe"]),
        ("meta.resourceType eq \"Group\" and displayName pr", vec!["gamma", "Aleph"]),
        ("nobody eq 1", vec![]),
        ("nobody pr", vec![]),
    ] {
        let found = list(&idp, "", &json!({ "filter": filter })).await;
        assert_eq!(names(&found), expected, "{filter}");
        assert_eq!(found["totalResults"], expected.len(), "{filter}");
    }
    let refused = search(&idp, "", json!({ "filter": "userName gt 5" })).await.expect(400);
    assert_eq!(refused["scimType"], "invalidFilter");
    // Everything, page by page, across the border between the types.
    let mut walked = Vec::new();
    for start in [1, 3, 5] {
        let page = list(&idp, "", &json!({ "startIndex": start, "count": 2 })).await;
        assert_eq!((&page["totalResults"], &page["startIndex"]), (&json!(6), &json!(start)));
        walked.extend(names(&page).into_iter().map(str::to_owned));
    }
    assert_eq!(walked, ["bob", "Alice", "émile", "Zoe", "gamma", "Aleph"]);
    for start in [4, 5, 7] {
        let page = list(&idp, "", &json!({ "startIndex": start, "count": 10 })).await;
        assert_eq!(page["itemsPerPage"], 7 - start, "{start}");
    }
    // Projection over both: what one type has not is left out there.
    let shown = list(&idp, "", &json!({ "attributes": ["userName"] })).await;
    assert!(shown["Resources"].as_array().unwrap().iter().all(|one| one["displayName"].is_null()));
    let slash = idp.scim("GET", "", Value::Null).await.expect(200);
    assert_eq!(slash["totalResults"], 6);
    app.finish().await;
}

// Shows: SORT-01, SORT-02, SORT-04, SORT-05, SORT-06, SORT-07, SORT-10
#[tokio::test]
async fn each_type_of_value_has_its_order() {
    let app = TestApp::start().await;
    let idp = people(&app).await;
    let user = "urn:ietf:params:scim:schemas:core:2.0:User";
    for (by, order, expected) in [
        ("userName", None, ["Alice", "bob", "Zoe", "émile"]),
        ("USERNAME", Some("ascending"), ["Alice", "bob", "Zoe", "émile"]),
        ("userName", Some("descending"), ["émile", "Zoe", "bob", "Alice"]),
        // caseExact: B before a before b; who has none is last, and first when descending.
        ("externalId", None, ["Alice", "Zoe", "bob", "émile"]),
        ("externalId", Some("descending"), ["émile", "bob", "Zoe", "Alice"]),
        // The primary one, else the first.
        ("emails", None, ["bob", "Alice", "émile", "Zoe"]),
        ("emails.value", Some("descending"), ["émile", "Zoe", "Alice", "bob"]),
        ("active", None, ["Alice", "bob", "émile", "Zoe"]),
        ("meta.created", Some("descending"), ["Zoe", "émile", "Alice", "bob"]),
        ("name.familyName", None, ["émile", "bob", "Alice", "Zoe"]),
    ] {
        let mut question = json!({ "sortBy": by });
        if let Some(order) = order {
            question["sortOrder"] = order.into();
        }
        // Among those without a value, and among equals, the id decides.
        let found = list(&idp, "/Users", &question).await;
        assert_eq!(names(&found), expected, "{question}");
        let qualified =
            json!({ "sortBy": format!("{user}:{by}"), "sortOrder": order.unwrap_or("Ascending") });
        if !by.starts_with("meta") && !by.starts_with("externalId") {
            assert_eq!(
                list(&idp, "/Users", &qualified).await["Resources"],
                found["Resources"],
                "{qualified}"
            );
        }
    }
    // RFC 7644 §3.4.2.3: a complex attribute is sorted by one of its parts.
    let refused = search(&idp, "/Users", json!({ "sortBy": "name" })).await.expect(400);
    assert_eq!(refused["scimType"], "invalidValue");
    app.finish().await;
}

// Shows: SORT-03
#[tokio::test]
async fn a_complex_attribute_is_sorted_by_a_part_only() {
    let app = TestApp::start().await;
    let idp = people(&app).await;
    for (by, status) in [("name", 400), ("name.familyName", 200), ("meta", 400), ("meta.created", 200)] {
        assert_eq!(search(&idp, "/Users", json!({ "sortBy": by })).await.status, status, "{by}");
    }
    app.finish().await;
}

// Shows: SORT-05, SORT-08
#[tokio::test]
async fn a_search_over_all_types_is_sorted_over_all_and_ties_have_one_order() {
    let app = TestApp::start().await;
    let idp = people(&app).await;
    for (question, expected) in [
        (json!({ "sortBy": "displayName" }), ["Aleph", "Alice", "bob", "gamma", "émile", "Zoe"]),
        (
            json!({ "sortBy": "displayName", "sortOrder": "descending" }),
            ["émile", "Zoe", "gamma", "bob", "Alice", "Aleph"],
        ),
        (json!({ "sortBy": "userName" }), ["Alice", "bob", "Zoe", "émile", "gamma", "Aleph"]),
        (json!({ "sortBy": "meta.resourceType" }), ["gamma", "Aleph", "bob", "Alice", "émile", "Zoe"]),
    ] {
        assert_eq!(names(&list(&idp, "", &question).await), expected, "{question}");
        // Each page of one is a part of the same order.
        for (index, name) in expected.iter().enumerate() {
            let mut question = question.clone();
            question["startIndex"] = json!(index + 1);
            question["count"] = json!(1);
            assert_eq!(names(&list(&idp, "", &question).await), [*name], "{question}");
        }
    }
    search(&idp, "", json!({ "sortBy": "nobody" })).await.expect(400);
    app.finish().await;
}

// Shows: LIST-11
#[tokio::test]
async fn one_resource_may_be_asked_for_in_part() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let path = format!("/Users/{}", idp.user("one@example.com").await);
    let part = idp.scim("GET", &format!("{path}?attributes=userName"), Value::Null).await.expect(200);
    assert_eq!((&part["userName"], &part["meta"]), (&json!("one@example.com"), &Value::Null));
    let rest = idp.scim("GET", &format!("{path}?excludedAttributes=userName,meta"), Value::Null).await;
    assert!(rest.expect(200)["meta"].is_null());
    // What is only for lists is ignored.
    idp.scim("GET", &format!("{path}?startIndex=9&count=0"), Value::Null).await.expect(200);
    app.finish().await;
}

// Shows: LIST-13
#[tokio::test]
async fn a_query_string_is_decoded_once_and_a_plus_is_a_blank() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    for name in ["a+b@example.com", "a%2Bb@example.com", "jürgen@example.com"] {
        idp.user(name).await;
    }
    for (query, expected) in [
        ("filter=userName+eq+%22a%2Bb@example.com%22", "a+b@example.com"),
        ("filter=userName%20eq%20%22j%C3%BCrgen%40example.com%22", "jürgen@example.com"),
    ] {
        let found = idp.scim("GET", &format!("/Users?{query}"), Value::Null).await.expect(200);
        assert_eq!(names(&found), [expected], "{query}");
    }
    app.finish().await;
}

// Shows: LIST-14
#[tokio::test]
async fn who_was_deleted_is_in_no_list_and_no_count() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let (gone, stays) = (idp.user("gone@example.com").await, idp.user("stays@example.com").await);
    let group = idp.group("gone", &[&stays]).await;
    for path in [format!("/Users/{gone}"), format!("/Groups/{group}")] {
        idp.scim("DELETE", &path, Value::Null).await.expect(204);
    }
    for question in [json!({}), json!({ "filter": "id pr" }), json!({ "sortBy": "displayName" })] {
        let found = list(&idp, "", &question).await;
        assert_eq!((found["totalResults"].as_u64(), names(&found)), (Some(1), vec!["stays@example.com"]));
    }
    app.finish().await;
}

#[tokio::test]
async fn the_repairs_of_a_contract_reach_the_filter_of_a_search_too() {
    let app = TestApp::start().await;
    let organization = app.organization("Acme").await;
    let idp = app.directory(&organization, "azure scim v2.0").await;
    idp.scim("POST", "/Users", json!({ "userName": "o'brien@example.com", "externalId": "jyoung" }))
        .await
        .expect(201);
    let answer = search(&idp, "/Users", json!({ "filter": "externalId eq jyoung", "sortBy": "" })).await;
    let repairs = answer.header("lockstep-repairs").unwrap_or_default().to_owned();
    assert_eq!(answer.expect(200)["totalResults"], 1);
    assert!(repairs.contains("unquoted-values"), "{repairs}");
    app.finish().await;
}
