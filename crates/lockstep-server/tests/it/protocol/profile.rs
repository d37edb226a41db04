//! What the interop profile (draft-zollner-scim-interop-profile) asks: of any server, where the RFC does not forbid it,
//! and of a directory that has it for a contract.

use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Map, Value, json};

use super::{ENTERPRISE, GROUP, USER, get, lenient_and_strict, refusal};

async fn user(idp: &ScimClient, name: &str) -> String {
    let email = json!([{ "value": format!("{name}@example.com"), "type": "work" }]);
    let body =
        json!({ "schemas": [USER], "userName": name, "externalId": format!("E-{name}"), "emails": email });
    idp.scim("POST", "/Users", body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn interop(app: &TestApp) -> ScimClient {
    app.directory_of(&app.organization("Acme").await, "interop").await
}

/// The ids of what a filter selects.
async fn found(idp: &ScimClient, endpoint: &str, filter: &str) -> Vec<String> {
    let query: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("filter", filter).finish();
    let list = get(idp, &format!("{endpoint}?{query}")).await;
    let resources = list["Resources"].as_array().unwrap().iter();
    resources.map(|resource| resource["id"].as_str().unwrap().to_owned()).collect()
}

// Shows: PROFILE-01, EVENT-10
#[tokio::test]
async fn nothing_is_advertised_that_is_not_there() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let config = get(&idp, "/ServiceProviderConfig").await;
        for absent in ["interopProfileConformant", "securityEvents"] {
            assert_eq!(config.get(absent), None);
        }
    }
    let config = get(&interop(&app).await, "/ServiceProviderConfig").await;
    assert_eq!((&config["interopProfileConformant"], config.get("securityEvents")), (&json!(true), None));
    app.finish().await;
}

/// A value that fits a definition, for every attribute that a client may write.
fn sample(definition: &Value) -> Option<Value> {
    if definition["mutability"] == "readOnly" {
        return None;
    }
    let one = match definition["type"].as_str().unwrap() {
        "boolean" => json!(true),
        "binary" => json!("MAYwADAAAwA="),
        "reference" => json!("https://example.com/x"),
        "complex" => {
            let parts = definition["subAttributes"].as_array().unwrap().iter();
            let parts = parts.filter_map(|part| Some((part["name"].as_str()?.to_owned(), sample(part)?)));
            Value::Object(parts.collect())
        }
        _ if definition["name"] == "country" => json!("NZ"),
        _ => json!("x"),
    };
    Some(if definition["multiValued"] == true { json!([one]) } else { one })
}

// Shows: PROFILE-02
#[tokio::test]
async fn every_attribute_that_is_published_is_kept() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        for resource_type in get(&idp, "/ResourceTypes").await["Resources"].as_array().unwrap() {
            assert_eq!(resource_type["id"], resource_type["name"]);
            let schema = resource_type["schema"].as_str().unwrap();
            let extensions = resource_type["schemaExtensions"].as_array().into_iter().flatten();
            let mut body = Map::new();
            let mut urns = vec![schema.to_owned()];
            urns.extend(extensions.map(|extension| extension["schema"].as_str().unwrap().to_owned()));
            for urn in &urns {
                let definitions = get(&idp, &format!("/Schemas/{urn}")).await["attributes"].clone();
                let written: Map<String, Value> = definitions
                    .as_array()
                    .unwrap()
                    .iter()
                    // Members must be there before they can be in a group.
                    .filter(|definition| definition["name"] != "members")
                    .filter_map(|definition| {
                        Some((definition["name"].as_str()?.to_owned(), sample(definition)?))
                    })
                    .collect();
                if urn == schema {
                    body.extend(written);
                } else {
                    body.insert(urn.clone(), Value::Object(written));
                }
            }
            body.insert("schemas".into(), json!(urns));
            let endpoint = resource_type["endpoint"].as_str().unwrap();
            let made = idp.scim("POST", endpoint, Value::Object(body.clone())).await.expect(201);
            for (name, value) in body {
                assert_eq!(made[&name], value, "{name}");
            }
        }
    }
    app.finish().await;
}

// Shows: PROFILE-03, PROFILE-06, PROFILE-11
#[tokio::test]
async fn what_is_refused_as_taken_is_what_a_filter_finds() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let anna = user(&idp, "anna.ek").await;
        let bert = user(&idp, "bert").await;
        for (name, same) in
            [("anna.ek", true), ("ANNA.EK", true), ("Ａnna.ek", true), ("anna.ék", false), ("annaek", false)]
        {
            let filter = format!("userName eq \"{name}\" and active eq true");
            assert_eq!(found(&idp, "/Users", &filter).await.contains(&anna), same, "{name}");
            let operation = json!({ "op": "replace", "path": "userName", "value": name });
            let patched = idp.patch(&format!("/Users/{bert}"), operation).await;
            let posted = idp.scim("POST", "/Users", json!({ "schemas": [USER], "userName": name })).await;
            if same {
                assert_eq!(refusal(&patched), (409, Some("uniqueness")), "{name}");
                assert_eq!(refusal(&posted), (409, Some("uniqueness")), "{name}");
            } else {
                // The one took the name, so that the other could not.
                assert_eq!((patched.status, posted.status), (200, 409), "{name}");
            }
        }
        let unknown = idp.scim("GET", "/Users?filter=nosuch%20eq%20%22x%22", Value::Null).await;
        assert_eq!(refusal(&unknown), (400, Some("invalidFilter")));
    }
    app.finish().await;
}

#[tokio::test]
async fn a_strict_directory_refuses_what_no_schema_declares() {
    let app = TestApp::start().await;
    let [lenient, strict] = lenient_and_strict(&app).await;
    for idp in [&lenient, &strict] {
        let anna = user(idp, "anna").await;
        for (name, unknown) in [
            ("b", json!({ "nosuch": 1 })),
            ("c", json!({ "name": { "nosuch": "x" } })),
            ("d", json!({ "urn:example:Badge": { "colour": "red" } })),
            ("e", json!({ (ENTERPRISE): { "nosuch": "x" } })),
            ("f", json!({ "schemas": [USER, "urn:example:Badge"] })),
        ] {
            let mut body = json!({ "schemas": [USER], "userName": name });
            body.as_object_mut().unwrap().extend(unknown.as_object().unwrap().clone());
            let posted = idp.scim("POST", "/Users", body).await;
            let operation = json!({ "op": "add", "value": unknown });
            let patched = idp.patch(&format!("/Users/{anna}"), operation).await;
            if idp.directory == strict.directory {
                assert_eq!(refusal(&posted), (400, Some("invalidSyntax")), "{unknown}");
                // RFC 7644 §3.5.2 leaves a PATCH of `schemas` to the server: they follow from what there is.
                let expected = if name == "f" { 200 } else { 400 };
                assert_eq!(patched.status, expected, "{unknown}");
            } else {
                assert_eq!(posted.status, 201, "{unknown}");
            }
        }
    }
    app.finish().await;
}

// Shows: PROFILE-04
#[tokio::test]
async fn by_the_profile_what_no_schema_publishes_is_invalid_syntax() {
    let app = TestApp::start().await;
    let idp = interop(&app).await;
    let path = format!("/Users/{}", user(&idp, "anna").await);
    let before = get(&idp, &path).await;
    for unknown in [
        json!({ "nosuch": 1 }),
        json!({ "password": "x" }),
        json!({ "name": { "nosuch": "x" } }),
        json!({ "emails": [{ "value": "b@example.com", "nosuch": "x" }] }),
        json!({ "urn:example:Badge": { "colour": "red" } }),
        json!({ (ENTERPRISE): { "nosuch": "x" } }),
        json!({ "schemas": [USER, "urn:example:Badge"] }),
    ] {
        let mut body = json!({ "schemas": [USER], "userName": "b" });
        body.as_object_mut().unwrap().extend(unknown.as_object().unwrap().clone());
        for (method, path) in [("POST", "/Users"), ("PUT", &path)] {
            let written = idp.scim(method, path, body.clone()).await;
            assert_eq!(refusal(&written), (400, Some("invalidSyntax")), "{method} {unknown}");
        }
        let (name, value) = unknown.as_object().unwrap().iter().next().unwrap();
        for op in ["add", "replace"] {
            let patched = idp.patch(&path, json!({ "op": op, "path": name, "value": value })).await;
            assert_eq!(refusal(&patched), (400, Some("invalidSyntax")), "{op} {unknown}");
        }
    }
    for unknown in ["urn:example:Badge:colour", &format!("{ENTERPRISE}:nosuch"), "name.nosuch"] {
        let patched = idp.patch(&path, json!({ "op": "add", "path": unknown, "value": "x" })).await;
        assert_eq!(refusal(&patched), (400, Some("invalidSyntax")), "{unknown}");
    }
    assert_eq!(get(&idp, &path).await, before);
    let own = json!({ "op": "add", "path": "schemas", "value": [USER, ENTERPRISE] });
    assert_eq!(idp.patch(&path, own).await.status, 200);
    app.finish().await;
}

// Shows: PROFILE-05
#[tokio::test]
async fn by_the_profile_every_type_of_a_value_is_one_of_those_published() {
    let app = TestApp::start().await;
    let idp = interop(&app).await;
    let mut seen = 0;
    for schema in get(&idp, "/Schemas").await["Resources"].as_array().unwrap() {
        let lists =
            schema["attributes"].as_array().unwrap().iter().filter(|list| list["multiValued"] == true);
        for list in lists {
            let parts = list["subAttributes"].as_array().into_iter().flatten();
            for kind in parts.filter(|part| part["name"] == "type") {
                seen += 1;
                assert!(!kind["canonicalValues"].as_array().unwrap().is_empty(), "{}", list["name"]);
            }
        }
    }
    assert_eq!(seen, 10);
    app.finish().await;
}

// Shows: PROFILE-08
#[tokio::test]
async fn by_the_profile_a_change_has_a_path_to_one_thing() {
    let app = TestApp::start().await;
    let idp = interop(&app).await;
    let path = format!("/Users/{}", user(&idp, "anna").await);
    let second = json!({ "value": "anna.two@example.com", "type": "work" });
    idp.patch(&path, json!({ "op": "add", "path": "emails", "value": [second] })).await.expect(200);
    let before = get(&idp, &path).await;
    for (operation, expected) in [
        (json!({ "op": "add", "value": { "title": "x" } }), "invalidSyntax"),
        (json!({ "op": "replace", "path": null, "value": { "title": "x" } }), "invalidSyntax"),
        (json!({ "op": "replace", "path": " ", "value": { "title": "x" } }), "invalidSyntax"),
        (json!({ "op": "remove" }), "invalidSyntax"),
        (json!({ "op": "remove", "path": "emails[value eq \"anna@example.com\"]" }), "invalidPath"),
        (
            json!({ "op": "replace", "path": "emails[primary eq true]", "value": { "value": "x@example.com" } }),
            "invalidPath",
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq \"work\"].display", "value": "x" }),
            "invalidFilter",
        ),
        (json!({ "op": "remove", "path": "emails[type eq \"work\"].type" }), "invalidFilter"),
    ] {
        let patched = idp.patch(&path, operation.clone()).await;
        assert_eq!(refusal(&patched), (400, Some(expected)), "{operation}");
    }
    assert_eq!(get(&idp, &path).await, before);
    let one =
        json!({ "op": "replace", "path": "emails[value eq \"anna@example.com\"].type", "value": "home" });
    assert_eq!(idp.patch(&path, one).await.expect(200)["emails"][0]["type"], "home");
    app.finish().await;
}

// Shows: PROFILE-09
#[tokio::test]
async fn by_the_profile_a_complex_attribute_is_replaced_whole() {
    let app = TestApp::start().await;
    let idp = interop(&app).await;
    let path = format!("/Users/{}", user(&idp, "anna").await);
    let manager = format!("{ENTERPRISE}:manager");
    for (attribute, had, given) in [
        ("name", json!({ "givenName": "Anna", "familyName": "Ek" }), json!({ "familyName": "Berg" })),
        (&manager, json!({ "value": "M-1", "$ref": "https://example.com/M-1" }), json!({ "value": "M-2" })),
    ] {
        for (op, value) in [("add", &had), ("replace", &given)] {
            idp.patch(&path, json!({ "op": op, "path": attribute, "value": value })).await.expect(200);
        }
        let after = get(&idp, &path).await;
        let shown = if attribute == "name" { &after["name"] } else { &after[ENTERPRISE]["manager"] };
        assert_eq!(*shown, given);
    }
    app.finish().await;
}

// Shows: PROFILE-07, PROFILE-17
#[tokio::test]
async fn a_page_has_a_hundred_where_asked_and_a_thousand_at_most() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    for part in 0..13 {
        let operation = |number: usize| {
            let data = json!({ "schemas": [USER], "userName": format!("user{part}.{number}") });
            json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": data })
        };
        let operations: Vec<Value> = (0..77).map(operation).collect();
        let urn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
        let bulk = json!({ "schemas": [urn], "Operations": operations });
        idp.scim("POST", "/Bulk", bulk).await.expect(200);
    }
    for (count, expected) in [("100", 100), ("1000", 1_000), ("100000", 1_000)] {
        let page = get(&idp, &format!("/Users?count={count}&attributes=id")).await;
        assert_eq!((&page["itemsPerPage"], &page["totalResults"]), (&json!(expected), &json!(1_001)));
    }
    assert_eq!(get(&idp, "/ServiceProviderConfig").await["filter"]["maxResults"], 1_000);
    app.finish().await;
}

// Shows: PROFILE-10
#[tokio::test]
async fn only_a_delete_deletes_and_then_the_names_are_free() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let anna = user(&idp, "anna").await;
        let path = format!("/Users/{anna}");
        let operation = json!({ "op": "replace", "path": "active", "value": false });
        assert_eq!(idp.patch(&path, operation).await.expect(200)["active"], false);
        assert_eq!(get(&idp, &path).await["id"], anna);
        let taken = idp.scim("POST", "/Users", json!({ "schemas": [USER], "userName": "anna" })).await;
        assert_eq!(refusal(&taken), (409, Some("uniqueness")));
        assert_eq!(idp.scim("DELETE", &path, Value::Null).await.status, 204);
        assert_ne!(user(&idp, "anna").await, anna);
    }
    app.finish().await;
}

// Shows: PROFILE-12, PROFILE-13
#[tokio::test]
async fn users_and_groups_are_found_by_what_provisioners_look_for() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let anna = user(&idp, "anna").await;
        user(&idp, "bert").await;
        for filter in [
            r#"userName eq "anna""#,
            r#"externalId eq "E-anna""#,
            r#"emails[value eq "anna@example.com"]"#,
            r#"emails[type eq "work" and value eq "anna@example.com"]"#,
        ] {
            assert_eq!(found(&idp, "/Users", filter).await.as_slice(), [&*anna], "{filter}");
        }
        let group = async |name: &str, members: Value| {
            let body =
                json!({ "schemas": [GROUP], "displayName": name, "externalId": name, "members": members });
            let made = idp.scim("POST", "/Groups", body).await.expect(201);
            made["id"].as_str().unwrap().to_owned()
        };
        group("Empty", json!([])).await;
        let staff = group("Staff", json!([{ "value": anna }])).await;
        for filter in [
            r#"displayName eq "staff""#,
            r#"externalId eq "Staff""#,
            &format!("members[value eq \"{anna}\"]"),
        ] {
            assert_eq!(found(&idp, "/Groups", filter).await.as_slice(), [&*staff], "{filter}");
        }
    }
    app.finish().await;
}

// Shows: PROFILE-16
#[tokio::test]
async fn the_application_cannot_change_what_the_idp_owns() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let anna = idp.user("anna").await;
    let staff = idp.group("Staff", &[&anna]).await;
    let log = app.events("").await;
    for path in [
        "/directory_users".to_owned(),
        format!("/directory_users/{anna}"),
        "/directory_groups".to_owned(),
        format!("/directory_groups/{staff}"),
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let answer = app.api(method, &path, json!({ "state": "inactive" })).await;
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
    assert_eq!(app.events("").await, log);
    app.finish().await;
}
