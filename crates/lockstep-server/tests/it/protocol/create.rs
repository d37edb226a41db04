//! POST (RFC 7644 §3.3).

use axum::body::Body;
use http::Request;
use lockstep_testkit::{Answer, ScimClient, TestApp};
use serde_json::{Value, json};

use super::{ENTERPRISE, GROUP, USER, get, lenient_and_strict, refusal};

/// Both endpoints with the least that they take, under a name.
fn smallest(name: &str) -> [(&'static str, Value); 2] {
    [
        ("/Users", json!({ "schemas": [USER], "userName": name })),
        ("/Groups", json!({ "schemas": [GROUP], "displayName": name })),
    ]
}

/// A user's body with these attributes beside the least.
fn user(attributes: &Value) -> Value {
    let mut body = json!({ "schemas": [USER], "userName": "anna" });
    body.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    body
}

/// Posts a text as it is.
async fn post_text(app: &TestApp, idp: &ScimClient, path: &str, text: &'static str) -> Answer {
    let request = Request::post(format!("{}{path}", idp.base))
        .header("authorization", format!("Bearer {}", idp.token))
        .header("content-type", "application/scim+json")
        .body(Body::from(text));
    app.send(request.unwrap()).await
}

// Shows: CREATE-01, CREATE-05, CREATE-06, CREATE-08
#[tokio::test]
async fn a_post_makes_a_resource_and_answers_with_it_and_where_it_is() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        for (endpoint, mut body) in smallest("anna") {
            body["meta"] = json!({ "resourceType": "Device", "location": "https://example.com/x" });
            let answer = idp.scim("POST", endpoint, body).await;
            let location = answer.header("location").expect("a location").to_owned();
            let made = answer.expect(201);
            assert_eq!(made["meta"]["location"], location);
            assert_eq!(made["meta"]["resourceType"], endpoint[1..].trim_end_matches('s'));
            let path = format!("{endpoint}/{}", made["id"].as_str().unwrap());
            assert_eq!(location, format!("https://lockstep.test{}{path}", idp.base));
            assert_eq!(get(&idp, &path).await, made);
        }
    }
    app.finish().await;
}

// Shows: CREATE-02, CREATE-03, CREATE-04, CREATE-09
#[tokio::test]
async fn what_is_the_servers_own_is_the_servers_whatever_a_body_says() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        for (endpoint, mut body) in smallest("anna") {
            body["id"] = json!("mine");
            body["meta"] = json!({
                "version": "\"mine\"",
                "created": "2001-01-01T00:00:00Z",
                "lastModified": "2001-01-01T00:00:00Z",
            });
            if endpoint == "/Users" {
                body["groups"] = json!([{ "value": "mine" }]);
            }
            let made = idp.scim("POST", endpoint, body).await.expect(201);
            assert!(!made.to_string().contains("mine") && !made.to_string().contains("2001"), "{made}");
            let meta = &made["meta"];
            for name in ["resourceType", "created", "lastModified", "location", "version"] {
                assert!(meta[name].as_str().is_some_and(|value| !value.is_empty()), "{name}: {meta}");
            }
            assert_eq!(meta["created"], meta["lastModified"]);
            let path = format!("{endpoint}/{}", made["id"].as_str().unwrap());
            let name = if endpoint == "/Users" { "userName" } else { "displayName" };
            let operation = json!({ "op": "replace", "path": name, "value": "bert" });
            let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]);
            let patch = json!({ "schemas": schemas, "Operations": [operation] });
            let changed = idp.scim("PATCH", &path, patch).await.expect(200);
            assert_eq!(changed["meta"]["created"], meta["created"]);
            assert!(changed["meta"]["lastModified"].as_str() > meta["lastModified"].as_str());
        }
    }
    app.finish().await;
}

// Shows: CREATE-07, CREATE-29
#[tokio::test]
async fn a_user_name_is_there_is_not_blank_and_is_nobody_elses_in_any_letter_case() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        for missing in [Value::Null, json!(""), json!("  ")] {
            let refused = idp.scim("POST", "/Users", json!({ "schemas": [USER], "userName": missing })).await;
            assert_eq!(refusal(&refused), (400, Some("invalidValue")), "{missing}");
        }
        let body = |name: &str| json!({ "schemas": [USER], "userName": name });
        idp.scim("POST", "/Users", body("Anna@example.com")).await.expect(201);
        for name in ["Anna@example.com", "anna@EXAMPLE.com"] {
            let refused = idp.scim("POST", "/Users", body(name)).await;
            assert_eq!(refusal(&refused), (409, Some("uniqueness")), "{name}");
        }
        assert_eq!(get(&idp, "/Users").await["totalResults"], 1);
    }
    app.finish().await;
}

// Shows: CREATE-30
#[tokio::test]
async fn a_group_has_a_display_name() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        for missing in [Value::Null, json!("")] {
            let body = json!({ "schemas": [GROUP], "displayName": missing });
            let refused = idp.scim("POST", "/Groups", body).await;
            assert_eq!(refusal(&refused), (400, Some("invalidValue")), "{missing}");
        }
        assert_eq!(get(&idp, "/Groups").await["totalResults"], 0);
    }
    app.finish().await;
}

// Shows: CREATE-11, CREATE-12
#[tokio::test]
async fn schemas_has_the_endpoints_own_and_each_once_in_any_order() {
    let app = TestApp::start().await;
    let [lenient, strict] = lenient_and_strict(&app).await;
    let with = |schemas: Value| json!({ "schemas": schemas, "userName": "anna", (ENTERPRISE): { "department": "Research" } });
    for schemas in [
        json!([GROUP]),
        json!([ENTERPRISE]),
        json!(USER),
        json!([7]),
        json!([USER, USER]),
        json!([USER, ENTERPRISE, USER]),
    ] {
        for idp in [&lenient, &strict] {
            let refused = idp.scim("POST", "/Users", with(schemas.clone())).await;
            assert_eq!(refusal(&refused), (400, Some("invalidSyntax")), "{schemas}");
        }
    }
    // Many clients forget them; the endpoint says what is meant.
    for schemas in [Value::Null, json!([])] {
        let refused = strict.scim("POST", "/Users", with(schemas.clone())).await;
        assert_eq!(refusal(&refused), (400, Some("invalidSyntax")), "{schemas}");
    }
    for idp in [&lenient, &strict] {
        for schemas in [json!([USER, ENTERPRISE]), json!([ENTERPRISE, USER])] {
            let made = idp.scim("POST", "/Users", with(schemas)).await.expect(201);
            assert_eq!(made["schemas"], json!([USER, ENTERPRISE]));
            assert_eq!(made[ENTERPRISE]["department"], "Research");
            let path = format!("/Users/{}", made["id"].as_str().unwrap());
            idp.scim("DELETE", &path, Value::Null).await;
        }
    }
    app.finish().await;
}

// Shows: CREATE-14, CREATE-15
#[tokio::test]
async fn a_user_is_active_unless_the_body_says_otherwise_or_says_null() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        for (name, extra, expected) in [
            ("unsaid", json!({}), json!(true)),
            ("said", json!({ "active": false }), json!(false)),
            ("null", json!({ "active": null }), Value::Null),
            ("NULL", json!({ "ACTIVE": null }), Value::Null),
        ] {
            let mut body = user(&extra);
            body["userName"] = json!(format!("{name} {}", name.len()));
            body["title"] = Value::Null;
            body["emails"] = json!([]);
            if name == "NULL" {
                body["userName"] = json!("upper");
            }
            let made = idp.scim("POST", "/Users", body).await.expect(201);
            assert_eq!(made["active"], expected, "{name}");
            let keys: Vec<&str> = made.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(keys.contains(&"active"), !expected.is_null(), "{name}");
            assert!(!keys.contains(&"title") && !keys.contains(&"emails"), "{made}");
            let state = app.read(&format!("/directory_users/{}", made["id"].as_str().unwrap())).await;
            assert_eq!(state["state"], if expected == json!(true) { "active" } else { "inactive" });
        }
    }
    app.finish().await;
}

// Shows: CREATE-16, SCHEMA-16
#[tokio::test]
async fn the_members_of_a_group_are_set_when_it_is_made_and_each_is_what_it_is_for_good() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let made = idp.scim("POST", "/Users", json!({ "schemas": [USER], "userName": "anna" })).await;
        let anna = made.expect(201)["id"].as_str().unwrap().to_owned();
        let group = async |name: &str, member: &str| {
            let members = json!([{ "value": member }]);
            let body = json!({ "schemas": [GROUP], "displayName": name, "members": members });
            idp.scim("POST", "/Groups", body).await.expect(201)
        };
        let staff = group("Staff", &anna).await;
        let url = |path: String| format!("https://lockstep.test{}{path}", idp.base);
        let member = json!([{ "value": anna, "$ref": url(format!("/Users/{anna}")), "type": "User" }]);
        assert_eq!(staff["members"], member);
        let staff = staff["id"].as_str().unwrap();
        let all = group("All", staff).await;
        let nested = json!([{ "value": staff, "$ref": url(format!("/Groups/{staff}")), "type": "Group" }]);
        assert_eq!(all["members"], nested);
        // Another value is another member, not a change of this one.
        let selected = format!("members[value eq \"{anna}\"].value");
        let operation = json!({ "op": "replace", "path": selected, "value": staff });
        let refused = idp.patch(&format!("/Groups/{staff}"), operation).await;
        assert_eq!(refusal(&refused), (400, Some("mutability")));
        assert_eq!(get(&idp, &format!("/Groups/{staff}")).await["members"], member);
    }
    app.finish().await;
}

// Shows: CREATE-17, READ-07, READ-08
#[tokio::test]
async fn a_password_is_taken_and_never_seen_again() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let secret = "correct horse battery";
        let body = user(&json!({ "password": secret }));
        let made = idp.scim("POST", "/Users", body.clone()).await;
        let path = format!("/Users/{}", made.body["id"].as_str().unwrap());
        let shows = "?attributes=password,userName";
        let answers = [
            made,
            idp.scim("GET", &path, Value::Null).await,
            idp.scim("GET", &format!("{path}{shows}"), Value::Null).await,
            idp.scim("GET", &format!("/Users{shows}"), Value::Null).await,
            idp.scim("PUT", &path, body.clone()).await,
            idp.scim("POST", "/Users", body).await,
            idp.scim("POST", "/Users", user(&json!({ "password": [secret] }))).await,
            idp.scim("GET", "/Users?filter=password%20pr", Value::Null).await,
        ];
        for answer in answers {
            assert!(!answer.text.contains("horse"), "{}: {}", answer.asked, answer.text);
            assert!(answer.body.get("password").is_none(), "{}", answer.text);
        }
        let events = Value::from(app.events("").await).to_string();
        assert!(!events.contains("horse") && !events.contains("password"));
    }
    app.finish().await;
}

// Shows: CREATE-18, CREATE-19, CREATE-28
#[tokio::test]
async fn names_are_read_in_any_case_and_order_and_shown_as_the_schema_spells_them() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let text = concat!(
            r#"{"EMAILS":[{"TYPE":"work","VALUE":"anna@example.com"}],"nickname":"An","USERNAME":"Anna","#,
            r#""NAME":{"GIVENNAME":"Anna"},"SCHEMAS":["urn:ietf:params:scim:schemas:core:2.0:USER"]}"#
        );
        let made = post_text(&app, &idp, "/Users", text).await.expect(201);
        let expected = json!({
            "userName": "Anna",
            "nickName": "An",
            "name": { "givenName": "Anna" },
            "emails": [{ "type": "work", "value": "anna@example.com" }],
            "schemas": [USER],
            "active": true,
            "id": made["id"],
            "meta": made["meta"],
        });
        assert_eq!(made, expected);
        assert_eq!(get(&idp, &format!("/Users/{}", made["id"].as_str().unwrap())).await, expected);
    }
    app.finish().await;
}

// Shows: CREATE-20
#[tokio::test]
async fn what_is_no_json_is_refused_as_syntax() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        for text in ["", "{", "[]", "7", "nonsense", r#"{"userName":"a",}"#, r#"{"userName":"a"} x"#] {
            let refused = post_text(&app, &idp, "/Users", text).await;
            assert_eq!(refusal(&refused), (400, Some("invalidSyntax")), "{text}");
        }
    }
    app.finish().await;
}

// Shows: CREATE-21, SCHEMA-08
#[tokio::test]
async fn a_value_of_another_type_is_refused_by_its_name() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        for (attribute, value) in [
            ("userName", json!(7)),
            ("displayName", json!({ "value": "Anna" })),
            ("active", json!(3)),
            ("active", json!("perhaps")),
            ("name", json!("Anna")),
            ("name", json!(["Anna"])),
            ("emails", json!([{ "value": true }])),
            ("x509Certificates", json!([{ "value": "not base64!" }])),
        ] {
            let refused = idp.scim("POST", "/Users", user(&json!({ (attribute): value }))).await;
            assert_eq!(refusal(&refused), (400, Some("invalidValue")), "{attribute} {value}");
            assert!(refused.body["detail"].as_str().unwrap().contains(attribute), "{}", refused.text);
        }
        assert_eq!(get(&idp, "/Users").await["totalResults"], 0);
    }
    app.finish().await;
}

// Shows: CREATE-22, CREATE-23
#[tokio::test]
async fn an_external_id_is_the_clients_and_is_its_own_in_each_directory() {
    let app = TestApp::start().await;
    let mut ids = Vec::new();
    for idp in lenient_and_strict(&app).await {
        for (endpoint, mut body) in smallest("anna") {
            body["externalId"] = json!("eXt-É 1");
            let made = idp.scim("POST", endpoint, body).await.expect(201);
            assert_eq!(made["externalId"], "eXt-É 1");
            let found = get(&idp, &format!("{endpoint}?filter=externalId%20eq%20%22eXt-%C3%89%201%22")).await;
            assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &made["id"]));
            ids.push(made["id"].clone());
        }
        for (endpoint, body) in smallest("bert") {
            assert_eq!(idp.scim("POST", endpoint, body).await.expect(201).get("externalId"), None);
        }
    }
    assert_eq!(ids.len(), 4);
    app.finish().await;
}

// Shows: CREATE-24
#[tokio::test]
async fn an_extensions_attribute_is_taken_only_below_its_urn() {
    let app = TestApp::start().await;
    let [lenient, strict] = lenient_and_strict(&app).await;
    for (idp, status) in [(&lenient, 201), (&strict, 400)] {
        let loose = idp.scim("POST", "/Users", user(&json!({ "department": "Research" }))).await;
        assert_eq!(loose.status, status);
        assert!(!loose.text.contains("Research"), "{}", loose.text);
        let mut body = user(&json!({ "userName": "bert", (ENTERPRISE): { "department": "Research" } }));
        body["schemas"] = json!([USER, ENTERPRISE]);
        let made = idp.scim("POST", "/Users", body).await.expect(201);
        assert_eq!(made[ENTERPRISE], json!({ "department": "Research" }));
        assert_eq!(made.get("department"), None);
    }
    app.finish().await;
}

// Shows: CREATE-25, PUT-16
#[tokio::test]
async fn a_body_with_two_primary_values_is_refused() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let emails = json!([
            { "value": "a@example.com", "type": "work", "primary": true },
            { "value": "b@example.com", "type": "home", "primary": true },
        ]);
        let body = user(&json!({ "emails": emails }));
        let refused = idp.scim("POST", "/Users", body.clone()).await;
        assert_eq!(refusal(&refused), (400, Some("invalidValue")));
        let made = idp.scim("POST", "/Users", user(&json!({}))).await.expect(201);
        let path = format!("/Users/{}", made["id"].as_str().unwrap());
        let refused = idp.scim("PUT", &path, body).await;
        assert_eq!(refusal(&refused), (400, Some("invalidValue")));
        assert_eq!(get(&idp, &path).await, made);
    }
    app.finish().await;
}

// Shows: CREATE-26
#[tokio::test]
async fn a_new_resource_is_shown_as_it_was_asked_for() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let made = idp.scim("POST", "/Users?attributes=userName", user(&json!({ "title": "Head" }))).await;
        let made = made.expect(201);
        assert_eq!(made, json!({ "schemas": [USER], "id": made["id"], "userName": "anna" }));
        let path = "/Groups?excludedAttributes=meta";
        let group = json!({ "schemas": [GROUP], "displayName": "Staff" });
        let made = idp.scim("POST", path, group).await.expect(201);
        assert_eq!(
            made,
            json!({ "schemas": [GROUP], "id": made["id"], "displayName": "Staff", "members": [] })
        );
    }
    app.finish().await;
}

// Shows: CREATE-31, CREATE-32
#[tokio::test]
async fn a_strict_directory_looks_into_certificates_and_countries() {
    let app = TestApp::start().await;
    let [lenient, strict] = lenient_and_strict(&app).await;
    // RFC 5280 §4.1, in outline: what is signed, an algorithm, a signature, and nothing after them.
    let (one, two, cut) = ("MAYwADAAAwA=", "MAYwADAAAwAwBjAAMAADAA==", "MAYwADAAAw==");
    for (attribute, value, fits) in [
        ("x509Certificates", json!([{ "value": one }]), true),
        ("x509Certificates", json!([{ "value": two }]), false),
        ("x509Certificates", json!([{ "value": cut }]), false),
        ("x509Certificates", json!([{ "value": "AAAA" }]), false),
        ("addresses", json!([{ "country": "NZ" }]), true),
        ("addresses", json!([{ "country": "New Zealand" }]), false),
        ("addresses", json!([{ "country": "N1" }]), false),
    ] {
        let body = user(&json!({ (attribute): value }));
        let answer = strict.scim("POST", "/Users", body.clone()).await;
        if fits {
            let path = format!("/Users/{}", answer.expect(201)["id"].as_str().unwrap());
            let patch = |value: &Value| json!({ "op": "replace", "path": attribute, "value": value });
            assert_eq!(strict.patch(&path, patch(&value)).await.status, 200);
            let wrong = if attribute == "addresses" {
                json!([{ "country": "N1" }])
            } else {
                json!([{ "value": two }])
            };
            assert!(strict.patch(&path, patch(&wrong)).await.status == 400, "{wrong}");
            strict.scim("DELETE", &path, Value::Null).await;
        } else {
            assert_eq!(refusal(&answer), (400, Some("invalidValue")), "{value}");
        }
        // Elsewhere they are kept as they were sent.
        let made = lenient.scim("POST", "/Users", body).await.expect(201);
        assert_eq!(made[attribute], value);
        lenient.scim("DELETE", &format!("/Users/{}", made["id"].as_str().unwrap()), Value::Null).await;
    }
    app.finish().await;
}

// Shows: CREATE-34, CREATE-35, SCHEMA-18
#[tokio::test]
async fn a_locale_may_have_an_underscore_and_a_type_may_be_one_that_nobody_suggested() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let emails = json!([{ "value": "anna@example.com", "type": "Boat" }]);
        let body = user(&json!({ "locale": "en_US", "emails": emails }));
        let made = idp.scim("POST", "/Users", body).await.expect(201);
        assert_eq!((&made["locale"], &made["emails"]), (&json!("en_US"), &emails));
        let found = get(&idp, "/Users?filter=emails.type%20eq%20%22bOAT%22").await;
        assert_eq!(found["totalResults"], 1);
    }
    app.finish().await;
}
