//! What the characteristics of attributes mean for requests (RFC 7643 §2, §7).

use lockstep_testkit::TestApp;
use serde_json::{Value, json};

use super::{ENTERPRISE, GROUP, USER, get, lenient_and_strict, refusal};

fn user(attributes: &Value) -> Value {
    let mut body = json!({ "schemas": [USER, ENTERPRISE], "userName": "anna" });
    body.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    body
}

// Shows: SCHEMA-02
#[tokio::test]
async fn values_keep_their_case_and_are_found_as_their_attribute_says() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let body =
            user(&json!({ "externalId": "aBc", "title": "HeAd", "profileUrl": "https://example.com/aBc" }));
        let made = idp.scim("POST", "/Users", body.clone()).await.expect(201);
        for name in ["userName", "externalId", "title", "profileUrl"] {
            assert_eq!(made[name], body[name]);
        }
        for (filter, expected) in [
            ("externalId%20eq%20%22ABC%22", 0),
            ("externalId%20eq%20%22aBc%22", 1),
            ("title%20eq%20%22hEaD%22", 1),
        ] {
            assert_eq!(get(&idp, &format!("/Users?filter={filter}")).await["totalResults"], expected);
        }
    }
    app.finish().await;
}

// Shows: SCHEMA-03, SCHEMA-09
#[tokio::test]
async fn a_strict_directory_takes_no_text_for_a_boolean_and_no_object_for_a_list() {
    let app = TestApp::start().await;
    let [lenient, strict] = lenient_and_strict(&app).await;
    for (name, value, repaired) in [
        ("active", json!("False"), json!(false)),
        ("emails", json!({ "value": "a@example.com" }), json!([{ "value": "a@example.com" }])),
    ] {
        let body = user(&json!({ (name): value }));
        let refused = strict.scim("POST", "/Users", body.clone()).await;
        assert_eq!(refusal(&refused), (400, Some("invalidValue")), "{name}");
        // Elsewhere it is repaired, and the answer says so.
        let answer = lenient.scim("POST", "/Users", body).await;
        assert!(answer.header("lockstep-repairs").is_some());
        let made = answer.expect(201);
        assert_eq!(made[name], repaired);
        lenient.scim("DELETE", &format!("/Users/{}", made["id"].as_str().unwrap()), Value::Null).await;
    }
    app.finish().await;
}

// Shows: SCHEMA-07
#[tokio::test]
async fn a_binary_value_is_base64_with_or_without_its_padding() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    for (index, (value, fits)) in
        [("MAMCAQE=", true), ("MAMCAQE", true), ("MAMCAQE==", false), ("MAM*", false), ("M", false)]
            .into_iter()
            .enumerate()
    {
        let mut body = user(&json!({ "x509Certificates": [{ "value": value }] }));
        body["userName"] = json!(format!("user {index}"));
        let answer = idp.scim("POST", "/Users", body).await;
        if fits {
            assert_eq!(answer.expect(201)["x509Certificates"][0]["value"], value);
        } else {
            assert_eq!(refusal(&answer), (400, Some("invalidValue")), "{value}");
        }
    }
    app.finish().await;
}

// Shows: SCHEMA-10, SCHEMA-13, SCHEMA-15
#[tokio::test]
async fn what_only_the_server_knows_is_not_taken_from_a_body() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let boss = idp.scim("POST", "/Users", json!({ "schemas": [USER], "userName": "boss" })).await;
        let boss = boss.expect(201)["id"].clone();
        let body = user(&json!({
            "emails": [{ "value": "a@example.com", "type": "work", "primary": true, "display": "A" }],
            (ENTERPRISE): { "manager": { "value": boss, "displayName": "Not her name" } },
        }));
        let made = idp.scim("POST", "/Users", body).await.expect(201);
        assert_eq!(made[ENTERPRISE], json!({ "manager": { "value": boss } }));
        let emails = json!([{ "value": "a@example.com", "type": "work", "primary": true, "display": "A" }]);
        assert_eq!(made["emails"], emails);
        let path = format!("/Users/{}", made["id"].as_str().unwrap());
        let manager = format!("{ENTERPRISE}:manager.displayName");
        for (path_of, value) in
            [(manager.as_str(), "X"), ("id", "X"), ("meta.created", "2001-01-01T00:00:00Z")]
        {
            let operation = json!({ "op": "replace", "path": path_of, "value": value });
            assert_eq!(refusal(&idp.patch(&path, operation).await), (400, Some("mutability")), "{path_of}");
        }
        assert_eq!(get(&idp, &path).await, made);

        let member = json!([{ "value": boss, "display": "Not her name" }]);
        let group = json!({ "schemas": [GROUP], "displayName": "Staff", "members": member });
        let group = idp.scim("POST", "/Groups", group).await.expect(201);
        assert_eq!(group["members"][0].get("display"), None);
        let url = format!("https://lockstep.test{}/Users/{}", idp.base, boss.as_str().unwrap());
        assert_eq!(group["members"][0]["$ref"], url);
    }
    app.finish().await;
}

// Shows: SCHEMA-12, SCHEMA-17
#[tokio::test]
async fn a_user_name_is_compared_as_it_is_prepared_and_is_unique_in_its_directory() {
    let app = TestApp::start().await;
    let [one, other] = lenient_and_strict(&app).await;
    let named = |name: &str| json!({ "schemas": [USER], "userName": name });
    let made = one.scim("POST", "/Users", named("Zoé")).await.expect(201);
    assert_eq!(made["userName"], "Zoé");
    // RFC 8265 §3.3: width, case and composition.
    for same in ["zoé", "ZOE\u{301}", "Ｚｏｅ\u{301}"] {
        let refused = one.scim("POST", "/Users", named(same)).await;
        assert_eq!(refusal(&refused), (409, Some("uniqueness")), "{same}");
    }
    other.scim("POST", "/Users", named("zoé")).await.expect(201);
    one.scim("POST", "/Users", named("zoe")).await.expect(201);
    app.finish().await;
}

// Shows: SCHEMA-14
#[tokio::test]
async fn an_extension_adds_below_its_urn_and_hides_nothing() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let body = user(&json!({ "title": "Head", (ENTERPRISE): { "organization": "Acme" } }));
        let made = idp.scim("POST", "/Users", body).await.expect(201);
        assert_eq!((&made["title"], &made[ENTERPRISE]["organization"]), (&json!("Head"), &json!("Acme")));
        let path = format!("/Users/{}", made["id"].as_str().unwrap());
        let operation = json!({ "op": "remove", "path": format!("{ENTERPRISE}:organization") });
        let changed = idp.patch(&path, operation).await.expect(200);
        assert_eq!((changed.get(ENTERPRISE), &changed["title"]), (None, &json!("Head")));
        assert_eq!(changed["schemas"], json!([USER]));
    }
    app.finish().await;
}
