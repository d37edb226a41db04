//! `attributes` and `excludedAttributes` (RFC 7644 §3.4.2.5, §3.9).

use std::collections::BTreeSet;

use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

use super::{ENTERPRISE, GROUP, USER, get, lenient_and_strict, refusal};

fn body() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "userName": "anna",
        "title": "Head",
        "name": { "givenName": "Anna", "familyName": "Ek" },
        "emails": [{ "value": "a@example.com", "type": "work" }, { "value": "b@example.com", "type": "home" }],
        (ENTERPRISE): { "department": "Research", "division": "R" },
    })
}

async fn anna(idp: &ScimClient) -> String {
    let made = idp.scim("POST", "/Users", body()).await.expect(201);
    format!("/Users/{}", made["id"].as_str().unwrap())
}

/// The names of what is shown, without what always is.
fn shown(resource: &Value) -> Vec<&str> {
    let keys = resource.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>();
    assert!(keys.contains("id") && keys.contains("schemas"), "{resource}");
    keys.into_iter().filter(|key| !["id", "schemas"].contains(key)).collect()
}

// Shows: PROJ-01, PROJ-03, PROJ-04, PROJ-05, PROJ-06, PROJ-08, PROJ-11, PROJ-13, PROJ-14
#[tokio::test]
async fn what_is_named_is_shown_or_left_out_and_id_and_schemas_stay() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let path = anna(&idp).await;
        let all = ["active", "emails", "meta", "name", "title", ENTERPRISE, "userName"];
        let without =
            |names: &[&str]| -> Vec<&str> { all.into_iter().filter(|name| !names.contains(name)).collect() };
        let department = format!("attributes={ENTERPRISE}:department");
        let shouted = format!("attributes={}:USERNAME", USER.to_uppercase());
        let cases: Vec<(&str, Vec<&str>)> = vec![
            ("", all.to_vec()),
            ("attributes=title", vec!["title"]),
            ("attributes=TITLE,%20username", vec!["title", "userName"]),
            ("attributes=name.givenName,emails", vec!["emails", "name"]),
            (&shouted, vec!["userName"]),
            (&department, vec![ENTERPRISE]),
            ("attributes=id", vec![]),
            ("attributes=password", vec![]),
            ("attributes=nosuch,title,x.y", vec!["title"]),
            ("excludedAttributes=title", without(&["title"])),
            ("excludedAttributes=ID,schemas,meta", without(&["meta"])),
            ("excludedAttributes=nosuch", all.to_vec()),
            ("excludedAttributes=emails,NAME", without(&["emails", "name"])),
        ];
        for (query, expected) in cases {
            let one = get(&idp, &format!("{path}?{query}")).await;
            assert_eq!(shown(&one), expected, "{query}");
            let list = get(&idp, &format!("/Users?{query}")).await;
            assert_eq!(list["Resources"], json!([one]), "{query}");
        }
        let whole = get(&idp, &format!("{path}?attributes={ENTERPRISE}")).await;
        assert_eq!(whole[ENTERPRISE], json!({ "department": "Research", "division": "R" }));
        assert_eq!(whole["schemas"], json!([USER, ENTERPRISE]));
        let part = get(&idp, &format!("{path}?{department}")).await;
        assert_eq!(part[ENTERPRISE], json!({ "department": "Research" }));
    }
    app.finish().await;
}

// Shows: PROJ-02
#[tokio::test]
async fn every_answer_with_a_resource_is_projected() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        for (query, expected) in [
            ("attributes=title", vec!["title"]),
            ("excludedAttributes=active,emails,meta,name,userName", vec!["title", ENTERPRISE]),
        ] {
            let made = idp.scim("POST", &format!("/Users?{query}"), body()).await.expect(201);
            let path = format!("/Users/{}", made["id"].as_str().unwrap());
            assert_eq!(shown(&made), expected, "POST");
            let asked = format!("{path}?{query}");
            assert_eq!(shown(&get(&idp, &asked).await), expected, "GET");
            assert_eq!(shown(&idp.scim("PUT", &asked, body()).await.expect(200)), expected, "PUT");
            let operation = json!({ "op": "replace", "path": "nickName", "value": "An" });
            let nick = query.starts_with("excluded");
            let patched = idp.patch(&asked, operation).await.expect(200);
            assert_eq!(shown(&patched).len(), expected.len() + usize::from(nick), "PATCH");
            let (name, list) = query.split_once('=').unwrap();
            let names: Vec<&str> = list.split(',').chain(["nickName"]).collect();
            let search = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
                (name): names,
            });
            let found = idp.scim("POST", "/Users/.search", search).await.expect(200);
            let expected = expected.len() + usize::from(!nick);
            assert_eq!(shown(&found["Resources"][0]).len(), expected, ".search");
            idp.scim("DELETE", &path, Value::Null).await;
        }
    }
    app.finish().await;
}

// Shows: PROJ-09
#[tokio::test]
async fn the_two_lists_exclude_each_other() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let path = anna(&idp).await;
        let both = "attributes=title&excludedAttributes=name";
        for (method, path) in [("GET", path.as_str()), ("GET", "/Users"), ("PUT", &path), ("POST", "/Users")]
        {
            let body = if method == "GET" { Value::Null } else { body() };
            let refused = idp.scim(method, &format!("{path}?{both}"), body).await;
            assert_eq!(refusal(&refused), (400, Some("invalidValue")), "{method} {path}");
        }
    }
    app.finish().await;
}

// Shows: PROJ-10
#[tokio::test]
async fn a_part_of_an_attribute_is_shown_alone_in_every_value() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let path = anna(&idp).await;
        let read = get(&idp, &format!("{path}?attributes=name.givenName,emails.value")).await;
        assert_eq!(read["name"], json!({ "givenName": "Anna" }));
        assert_eq!(read["emails"], json!([{ "value": "a@example.com" }, { "value": "b@example.com" }]));
        let read = get(&idp, &format!("{path}?excludedAttributes=name.givenName,emails.value")).await;
        assert_eq!(read["name"], json!({ "familyName": "Ek" }));
        assert_eq!(read["emails"], json!([{ "type": "work" }, { "type": "home" }]));
    }
    app.finish().await;
}

// Shows: PROJ-15
#[tokio::test]
async fn members_that_are_left_out_are_left_out_everywhere() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let user = idp.scim("POST", "/Users", json!({ "schemas": [USER], "userName": "anna" })).await;
        let user = user.expect(201)["id"].clone();
        let group = json!({ "schemas": [GROUP], "displayName": "Staff", "members": [{ "value": user }] });
        let made = idp.scim("POST", "/Groups?excludedAttributes=members", group).await.expect(201);
        assert_eq!(shown(&made), ["displayName", "meta"]);
        let path = format!("/Groups/{}", made["id"].as_str().unwrap());
        let one = get(&idp, &format!("{path}?excludedAttributes=members")).await;
        assert_eq!(one, made);
        let list = get(&idp, "/Groups?excludedAttributes=members").await;
        assert_eq!(list["Resources"], json!([made]));
        assert_eq!(get(&idp, &path).await["members"][0]["value"], user);
    }
    app.finish().await;
}
