//! PATCH as a whole (RFC 7644 §3.5.2): order, atomicity, what an answer holds. What each operation does to each kind of
//! attribute is shown in `lockstep-scim/src/patch/tests.rs`.

use std::fmt::Write as _;

use lockstep_testkit::{Answer, ScimClient, TestApp};
use serde_json::{Value, json};

use super::{ENTERPRISE, USER, get, lenient_and_strict};

fn message(operations: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

async fn patch(idp: &ScimClient, path: &str, operations: &Value) -> Answer {
    idp.scim("PATCH", path, message(operations)).await
}

/// A user with something of everything; answers with its path.
async fn ann(idp: &ScimClient) -> String {
    let body = json!({
        "schemas": [USER, ENTERPRISE], "userName": "ann@example.com", "externalId": "e1", "title": "Dr",
        "active": true, "name": { "familyName": "A", "givenName": "B" },
        "emails": [
            { "value": "w@example.com", "type": "work", "primary": true },
            { "value": "h@example.com", "type": "home" },
        ],
        (ENTERPRISE): { "department": "R", "manager": { "value": "m" } },
    });
    let made = idp.scim("POST", "/Users", body).await.expect(201);
    format!("/Users/{}", made["id"].as_str().unwrap())
}

// Shows: PATCH-01, PATCH-07, PATCH-14
#[tokio::test]
async fn patch_is_advertised_and_paths_may_be_spelled_in_any_case() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        assert_eq!(get(&idp, "/ServiceProviderConfig").await["patch"]["supported"], true);
        let path = ann(&idp).await;
        let upper = ENTERPRISE.to_uppercase();
        for (number, (target, pointer)) in [
            ("TITLE".to_owned(), "/title".to_owned()),
            (format!("{USER}:title"), "/title".to_owned()),
            (format!("{}:NAME.FAMILYNAME", USER.to_uppercase()), "/name/familyName".to_owned()),
            (format!("{upper}:DEPARTMENT"), format!("/{ENTERPRISE}/department")),
            (format!("{upper}:Manager.Value"), format!("/{ENTERPRISE}/manager/value")),
            (
                format!("{USER}:Emails[TYPE EQ \"WORK\" AND NOT (VALUE CO \"zz\")].DISPLAY"),
                "/emails/0/display".to_owned(),
            ),
            (
                "emails[type eq \"none\" or (primary eq true)].display".to_owned(),
                "/emails/0/display".to_owned(),
            ),
            ("emails[not (type eq \"work\")].display".to_owned(), "/emails/1/display".to_owned()),
        ]
        .into_iter()
        .enumerate()
        {
            let value = format!("V{number}");
            let operations = json!([{ "op": "replace", "path": target, "value": value }]);
            let answer = patch(&idp, &path, &operations).await.expect(200);
            assert_eq!(answer.pointer(&pointer), Some(&json!(value)), "{target}: {answer}");
            assert_eq!(answer["schemas"], json!([USER, ENTERPRISE]));
        }
    }
    app.finish().await;
}

// Shows: PATCH-02, PATCH-03, PATCH-04
#[tokio::test]
async fn a_body_that_is_no_patch_message_is_invalid_syntax() {
    let app = TestApp::start().await;
    let urn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    let good = json!([{ "op": "add", "path": "title", "value": "x" }]);
    for (number, idp) in lenient_and_strict(&app).await.into_iter().enumerate() {
        let path = ann(&idp).await;
        let before = get(&idp, &path).await;
        for body in [
            json!({ "schemas": [urn] }),
            json!({ "schemas": [urn], "Operations": [] }),
            json!({ "schemas": [urn], "Operations": null }),
            json!({ "schemas": [urn], "Operations": "add" }),
            json!({ "schemas": [urn], "Operations": [null] }),
            json!({ "schemas": [urn], "Operations": [["add"]] }),
            json!({ "schemas": [USER], "Operations": good }),
            json!({ "schemas": [urn], "Operations": [{ "path": "title", "value": "x" }] }),
            json!({ "schemas": [urn], "Operations": [{ "op": "test", "path": "title", "value": "Dr" }] }),
            json!({ "schemas": [urn], "Operations": [{ "op": "move", "from": "title", "path": "nickName" }] }),
            json!({ "schemas": [urn], "Operations": [{ "op": ["add"], "path": "title", "value": "x" }] }),
            json!([]),
            json!("x"),
        ] {
            idp.scim("PATCH", &path, body).await.scim_error(400, Some("invalidSyntax"));
        }
        for twice in [
            r#"{"Operations":[{"op":"add","op":"remove","path":"title","value":"x"}]}"#,
            r#"{"Operations":[{"op":"add","path":"title","PATH":"nickName","value":"x"}]}"#,
        ] {
            idp.scim_raw(&[], "PATCH", &path, twice).await.scim_error(400, Some("invalidSyntax"));
        }
        assert_eq!(get(&idp, &path).await, before);
        // A message that does not say what it is: a strict directory wants to be told.
        let unsaid = idp.scim("PATCH", &path, json!({ "Operations": good })).await;
        if number == 0 {
            unsaid.expect(200);
        } else {
            unsaid.scim_error(400, Some("invalidSyntax"));
        }
    }
    app.finish().await;
}

// Shows: PATCH-09, PATCH-15, PATCH-16
#[tokio::test]
async fn each_operation_sees_what_those_before_it_did() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let department = format!("{ENTERPRISE}:department");
    for (operations, pointer, expected) in [
        (
            json!([
                { "op": "add", "path": "emails", "value": [{ "value": "n@example.com", "type": "other" }] },
                { "op": "replace", "path": "emails[type eq \"other\"].value", "value": "m@example.com" },
                { "op": "remove", "path": "emails[not (value eq \"m@example.com\")]" },
            ]),
            "/emails".to_owned(),
            json!([{ "value": "m@example.com", "type": "other" }]),
        ),
        (
            json!([{ "op": "remove", "path": "title" }, { "op": "add", "value": { "title": "New" } }]),
            "/title".to_owned(),
            json!("New"),
        ),
        (
            json!([{ "op": "add", "path": "title", "value": "New" }, { "op": "remove", "path": "title" }]),
            "/title".to_owned(),
            Value::Null,
        ),
        // The second mark takes the first one's, and a filter in between sees it where it is.
        (
            json!([
                { "op": "replace", "path": "emails[type eq \"home\"].primary", "value": true },
                { "op": "replace", "path": "emails[primary eq true].display", "value": "then" },
                { "op": "add", "path": "emails", "value": [{ "value": "n@example.com", "primary": true }] },
            ]),
            "/emails".to_owned(),
            json!([
                { "value": "w@example.com", "type": "work", "primary": false },
                { "value": "h@example.com", "type": "home", "display": "then", "primary": false },
                { "value": "n@example.com", "primary": true },
            ]),
        ),
        (
            json!([
                { "op": "remove", "path": ENTERPRISE },
                { "op": "add", "path": department, "value": "S" },
                { "op": "replace", "path": ENTERPRISE, "value": { "costCenter": "7" } },
            ]),
            format!("/{ENTERPRISE}"),
            json!({ "department": "S", "costCenter": "7" }),
        ),
        (json!([{ "op": "remove", "path": ENTERPRISE }]), "/schemas".to_owned(), json!([USER])),
        (
            json!([{ "op": "remove", "path": ENTERPRISE }, { "op": "add", "path": department, "value": "S" }]),
            "/schemas".to_owned(),
            json!([USER, ENTERPRISE]),
        ),
        // What a PATCH says of `schemas` is kept by what there is, not by what is said.
        (
            json!([{ "op": "add", "path": "schemas", "value": ["urn:x"] }, { "op": "replace", "path": "schemas", "value": [USER] }]),
            "/schemas".to_owned(),
            json!([USER, ENTERPRISE]),
        ),
    ] {
        let path = ann(&idp).await;
        let answer = patch(&idp, &path, &operations).await.expect(200);
        assert_eq!(answer.pointer(&pointer).unwrap_or(&Value::Null), &expected, "{operations}");
        assert_eq!(get(&idp, &path).await, answer, "what was answered is what is read");
        idp.scim("DELETE", &path, Value::Null).await.expect(204);
    }
    app.finish().await;
}

// Shows: PATCH-10, PATCH-05, PATCH-06, PATCH-11, PATCH-13, PADD-14, PADD-16, PREM-06, PREM-07, PREP-08
#[tokio::test]
async fn whatever_is_wrong_at_the_end_nothing_of_a_request_happens() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let path = ann(&idp).await;
        idp.user("taken@example.com").await;
        let member = path.trim_start_matches("/Users/").to_owned();
        let group = format!("/Groups/{}", idp.group("Staff", &[&member]).await);
        let seen = async || {
            let (user, group) = (get(&idp, &path).await, get(&idp, &group).await);
            (user, group, app.events("").await.len())
        };
        let before = seen().await;
        for (last, scim_type) in [
            (json!({ "op": "replace", "path": "id", "value": "x" }), "mutability"),
            (
                json!({ "op": "add", "path": "meta", "value": { "created": "2020-01-01T00:00:00Z" } }),
                "mutability",
            ),
            (json!({ "op": "replace", "path": "meta.version", "value": "x" }), "mutability"),
            (json!({ "op": "remove", "path": "meta.location" }), "mutability"),
            (json!({ "op": "add", "path": "groups", "value": [{ "value": "x" }] }), "mutability"),
            (json!({ "op": "remove", "path": "groups" }), "mutability"),
            (
                json!({ "op": "replace", "path": "groups[value eq \"x\"].display", "value": "y" }),
                "mutability",
            ),
            (json!({ "op": "replace", "value": { "groups": [] } }), "mutability"),
            (json!({ "op": "remove", "path": "userName" }), "mutability"),
            (json!({ "op": "replace", "path": "userName", "value": null }), "mutability"),
            (json!({ "op": "remove", "path": "schemas" }), "mutability"),
            (
                json!({ "op": "replace", "path": format!("{ENTERPRISE}:manager.displayName"), "value": "x" }),
                "mutability",
            ),
            (json!({ "op": "replace", "path": "emails[type eq \"fax\"].value", "value": "x" }), "noTarget"),
            (
                json!({ "op": "replace", "path": "emails[type eq \"fax\"]", "value": { "value": "x" } }),
                "noTarget",
            ),
            (json!({ "op": "remove" }), "noTarget"),
            (json!({ "op": "replace", "path": "nosuch", "value": "x" }), "invalidPath"),
            (json!({ "op": "add", "path": "name.nosuch", "value": "x" }), "invalidPath"),
            (json!({ "op": "add", "path": "/title", "value": "x" }), "invalidPath"),
            (json!({ "op": "add", "path": "emails[0].value", "value": "x" }), "invalidPath"),
            (json!({ "op": "remove", "path": "emails[type eq \"work\"" }), "invalidPath"),
            (json!({ "op": "remove", "path": "emails[nosuch eq \"x\"]" }), "invalidFilter"),
            (json!({ "op": "remove", "path": "emails[primary gt true]" }), "invalidFilter"),
            (json!({ "op": "remove", "path": "name[familyName eq \"A\"]" }), "invalidFilter"),
            (json!({ "op": "replace", "path": "active", "value": "perhaps" }), "invalidValue"),
            (json!({ "op": "replace", "path": "active", "value": 0 }), "invalidValue"),
            (json!({ "op": "replace", "path": "title", "value": 7 }), "invalidValue"),
            (json!({ "op": "replace", "path": "title", "value": ["x"] }), "invalidValue"),
            (json!({ "op": "replace", "path": "name", "value": "x" }), "invalidValue"),
            (json!({ "op": "add", "path": "emails", "value": [7] }), "invalidValue"),
            (json!({ "op": "add", "path": "title" }), "invalidValue"),
            (json!({ "op": "add", "value": "x" }), "invalidValue"),
            (json!({ "op": "replace", "path": ENTERPRISE, "value": "x" }), "invalidValue"),
        ] {
            let operations = json!([
                { "op": "replace", "path": "title", "value": "Changed" },
                { "op": "remove", "path": "emails" },
                { "op": "replace", "path": "active", "value": false },
                last,
            ]);
            let detail = patch(&idp, &path, &operations).await.scim_error(400, Some(scim_type));
            assert!(!detail.contains("example.com"), "{detail}");
        }
        let taken = json!([
            { "op": "replace", "path": "title", "value": "Changed" },
            { "op": "replace", "path": "userName", "value": "TAKEN@example.com" },
        ]);
        patch(&idp, &path, &taken).await.scim_error(409, Some("uniqueness"));
        for (last, scim_type) in [
            (json!({ "op": "add", "path": "members", "value": [{ "value": "nobody" }] }), "invalidValue"),
            (json!({ "op": "replace", "path": "members.value", "value": "x" }), "mutability"),
            (
                json!({ "op": "replace", "path": format!("members[value eq \"{member}\"].value"), "value": "x" }),
                "mutability",
            ),
            (json!({ "op": "remove", "path": "displayName" }), "mutability"),
            (json!({ "op": "replace", "path": "userName", "value": "x" }), "invalidPath"),
        ] {
            let operations = json!([
                { "op": "replace", "path": "displayName", "value": "Changed" },
                { "op": "remove", "path": "members" },
                last,
            ]);
            patch(&idp, &group, &operations).await.scim_error(400, Some(scim_type));
        }
        assert_eq!(seen().await, before, "neither what is there, nor a version, nor the log");
        idp.scim("DELETE", &path, Value::Null).await.expect(204);
    }
    app.finish().await;
}

// Shows: PADD-09, PADD-10, PREM-08, PREM-09, PREM-10, PREP-09, PREP-11, PADD-05
#[tokio::test]
async fn what_changes_nothing_leaves_version_time_and_log_alone() {
    let app = TestApp::start().await;
    for (number, idp) in lenient_and_strict(&app).await.into_iter().enumerate() {
        let path = ann(&idp).await;
        let (member, other) =
            (path.trim_start_matches("/Users/").to_owned(), idp.user("two@example.com").await);
        let group = format!("/Groups/{}", idp.group("Staff", &[&member]).await);
        let seen = async || (get(&idp, &path).await, get(&idp, &group).await, app.events("").await.len());
        let before = seen().await;
        for operations in [
            json!([{ "op": "add", "path": "title", "value": "Dr" }]),
            json!([{ "op": "replace", "path": "active", "value": true }]),
            json!([{ "op": "replace", "value": { "userName": "ann@example.com", "title": "Dr" } }]),
            json!([{ "op": "add", "path": "emails", "value": [{ "value": "h@example.com", "type": "home" }] }]),
            json!([{ "op": "add", "path": "emails", "value": [{ "value": "w@example.com", "type": "work", "primary": true }] }]),
            json!([{ "op": "replace", "path": "name", "value": { "givenName": "B" } }]),
            json!([{ "op": "replace", "path": "emails[type eq \"work\"].primary", "value": true }]),
            json!([{ "op": "remove", "path": "nickName" }]),
            json!([{ "op": "remove", "path": "name.middleName" }]),
            json!([{ "op": "remove", "path": "phoneNumbers" }]),
            json!([{ "op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "R" }]),
            json!([{ "op": "remove", "path": format!("{ENTERPRISE}:division") }]),
            json!([{ "op": "add", "path": "nickName", "value": "N" }, { "op": "remove", "path": "nickName" }]),
            json!([{ "op": "replace", "value": { "id": member } }]),
            json!([{ "op": "replace", "path": "password", "value": "a secret of the test" }]),
        ] {
            assert_eq!(patch(&idp, &path, &operations).await.expect(200), before.0, "{operations}");
        }
        // A filter that selects nothing: a strict directory wants to be told that there was something to remove.
        let answer =
            patch(&idp, &path, &json!([{ "op": "remove", "path": "emails[type eq \"fax\"]" }])).await;
        if number == 0 {
            assert_eq!(answer.expect(200), before.0);
        } else {
            answer.scim_error(400, Some("noTarget"));
        }
        for operations in [
            json!([{ "op": "add", "path": "members", "value": [{ "value": member }] }]),
            json!([{ "op": "replace", "path": "members", "value": [{ "value": member }] }]),
            json!([{ "op": "remove", "path": format!("members[value eq \"{other}\"]") }]),
            json!([{ "op": "remove", "path": "members[value eq \"nobody\"]" }]),
            json!([{ "op": "replace", "path": "displayName", "value": "Staff" }]),
            json!([
                { "op": "add", "path": "members", "value": [{ "value": other }] },
                { "op": "remove", "path": format!("members[value eq \"{other}\"]") },
            ]),
        ] {
            assert_eq!(patch(&idp, &group, &operations).await.expect(200), before.1, "{operations}");
        }
        assert_eq!(seen().await, before);
        for path in [path, format!("/Users/{other}")] {
            idp.scim("DELETE", &path, Value::Null).await.expect(204);
        }
    }
    app.finish().await;
}

// Shows: PADD-16
#[tokio::test]
async fn an_external_id_is_replaced_by_the_one_that_is_added() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let path = ann(&idp).await;
    for (op, value) in [("add", "E2"), ("replace", "e2"), ("add", "e3")] {
        let operations = json!([{ "op": op, "path": "externalId", "value": value }]);
        assert_eq!(patch(&idp, &path, &operations).await.expect(200)["externalId"], value);
    }
    let answer = patch(&idp, &path, &json!([{ "op": "remove", "path": "externalId" }])).await.expect(200);
    assert_eq!(answer.get("externalId"), None);
    app.finish().await;
}

type Headers = &'static [(&'static str, &'static str)];

// Shows: PATCH-17, PATCH-18
#[tokio::test]
async fn an_answer_is_the_resource_or_204_with_its_version_and_attributes_that_are_asked_for_are_answered() {
    let app = TestApp::start().await;
    let organization = app.organization("Acme").await;
    for (kind, quiet) in [("generic scim v2.0", false), ("azure scim v2.0", true)] {
        let idp = app.directory(&organization, kind).await;
        let path = ann(&idp).await;
        let member = path.trim_start_matches("/Users/").to_owned();
        let group = format!("/Groups/{}", idp.group("Staff", &[&member]).await);
        for (path, attribute, no_content) in [(&path, "title", false), (&group, "displayName", quiet)] {
            let change =
                |value: &str| message(&json!([{ "op": "replace", "path": attribute, "value": value }]));
            let minimal: Headers = &[("prefer", "return=minimal")];
            let cases: [(&str, Headers, bool); 9] = [
                ("", &[], no_content),
                ("", minimal, true),
                ("", &[("prefer", "respond-async, return=\"minimal\"; x=1")], true),
                ("", &[("prefer", "return=representation, return=minimal")], no_content),
                ("?excludedAttributes=members", &[], no_content),
                ("?attributes=meta", &[], false),
                ("?attributes=meta", minimal, false),
                ("?ATTRIBUTES=meta", minimal, false),
                ("?attributes=id", &[], false),
            ];
            for (number, (query, headers, empty)) in cases.into_iter().enumerate() {
                let answer = idp
                    .scim_with(headers, "PATCH", &format!("{path}{query}"), change(&format!("V{number}")))
                    .await;
                let case = format!("{kind} {path}{query} {headers:?}: {}", answer.text);
                let read = get(&idp, path).await;
                assert_eq!(answer.header("etag"), read["meta"]["version"].as_str(), "{case}");
                assert_eq!(read[attribute], format!("V{number}"), "{case}");
                assert_eq!(answer.status, if empty { 204 } else { 200 }, "{case}");
                if empty {
                    assert_eq!((answer.text.as_str(), answer.header("content-type")), ("", None), "{case}");
                } else if query.is_empty() {
                    assert_eq!(answer.body, read, "{case}");
                } else if query.to_lowercase() == "?attributes=meta" {
                    assert_eq!(answer.body["meta"], read["meta"], "{case}");
                    assert_eq!(answer.body.get(attribute), None, "{case}");
                }
                let applied = answer.header("preference-applied");
                let preferred = empty && headers.iter().any(|(_, value)| !value.starts_with("return=repr"));
                assert_eq!(applied.is_some(), preferred, "{case}");
            }
        }
    }
    app.finish().await;
}

// Shows: PATCH-19, ERR-05
#[tokio::test]
async fn what_belongs_to_another_is_409_by_every_method() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    for (endpoint, name) in [("/Users", "userName"), ("/Groups", "displayName")] {
        idp.scim("POST", endpoint, json!({ (name): "first@example.com" })).await.expect(201);
        let second = idp.scim("POST", endpoint, json!({ (name): "second@example.com" })).await.expect(201);
        let path = format!("{endpoint}/{}", second["id"].as_str().unwrap());
        for taken in ["first@example.com", "FIRST@Example.com"] {
            let body = json!({ (name): taken });
            idp.scim("POST", endpoint, body.clone()).await.scim_error(409, Some("uniqueness"));
            idp.scim("PUT", &path, body.clone()).await.scim_error(409, Some("uniqueness"));
            for operations in [
                json!([{ "op": "replace", "path": name, "value": taken }]),
                json!([{ "op": "add", "value": body }]),
            ] {
                patch(&idp, &path, &operations).await.scim_error(409, Some("uniqueness"));
            }
        }
        assert_eq!(get(&idp, &path).await, second);
        // One's own name in other letters is no other's.
        let own = json!([{ "op": "replace", "path": name, "value": "SECOND@example.com" }]);
        patch(&idp, &path, &own).await.expect(200);
    }
    app.finish().await;
}

// Shows: PREP-08, PREP-06
#[tokio::test]
async fn a_member_is_replaced_only_where_the_filter_selects_one() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let (one, two) = (idp.user("one@example.com").await, idp.user("two@example.com").await);
        let group = format!("/Groups/{}", idp.group("Staff", &[&one]).await);
        let replace = |who: &str, by: &str| {
            let path = format!("members[value eq \"{who}\"]");
            json!({ "op": "replace", "path": path, "value": { "value": by } })
        };
        let before = get(&idp, &group).await;
        let rename = json!({ "op": "replace", "path": "displayName", "value": "All" });
        for nobody in ["nobody", &two] {
            let operations = json!([rename, replace(nobody, &two)]);
            patch(&idp, &group, &operations).await.scim_error(400, Some("noTarget"));
            let operations = json!([replace(nobody, &two), { "op": "remove", "path": "members" }]);
            patch(&idp, &group, &operations).await.scim_error(400, Some("noTarget"));
        }
        assert_eq!(get(&idp, &group).await, before);
        let answer = patch(&idp, &group, &json!([replace(&one, &one)])).await.expect(200);
        assert_eq!(answer, before, "one that is replaced by itself stays");
        // What an operation before it added is there to be replaced.
        let add = json!({ "op": "add", "path": "members", "value": [{ "value": two }] });
        patch(&idp, &group, &json!([add, replace(&two, &one)])).await.expect(200);
        assert_eq!(get(&idp, &group).await["members"], before["members"]);
        let answer = patch(&idp, &group, &json!([replace(&one, &two)])).await.expect(200);
        let members = answer["members"].as_array().unwrap();
        assert_eq!((members.len(), &members[0]["value"]), (1, &json!(two)));
    }
    app.finish().await;
}

// Shows: PATCH-20
#[tokio::test]
async fn a_user_who_is_deactivated_is_read_listed_and_comes_back() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let path = ann(&idp).await;
    let group = idp.group("Staff", &[path.trim_start_matches("/Users/")]).await;
    for active in [false, true] {
        let operations = json!([{ "op": "replace", "path": "active", "value": active }]);
        patch(&idp, &path, &operations).await.expect(200);
        let read = get(&idp, &path).await;
        assert_eq!((&read["active"], &read["groups"][0]["value"]), (&json!(active), &json!(group)));
        assert_eq!(get(&idp, "/Users").await["Resources"], json!([read]));
        let found = get(&idp, "/Users?filter=userName%20eq%20%22ann@example.com%22").await;
        assert_eq!(found["totalResults"], 1);
    }
    let deleted = app.events("events=dsync.user.deleted").await;
    assert!(deleted.is_empty());
    app.finish().await;
}

// Shows: PATCH-21
#[tokio::test]
async fn nobody_is_patched_whom_there_is_not() {
    let app = TestApp::start().await;
    let (idp, other) = (app.tenant("Acme").await, app.tenant("Other").await);
    let (theirs, group) = (other.user("one@example.com").await, idp.group("Staff", &[]).await);
    for path in [
        "/Users/nobody".to_owned(),
        format!("/Users/{theirs}"),
        format!("/Users/{group}"),
        format!("/Groups/{theirs}"),
        "/Users/%00".to_owned(),
    ] {
        for operations in [
            json!([{ "op": "replace", "path": "externalId", "value": "x" }]),
            json!([{ "op": "remove", "path": "externalId" }]),
        ] {
            patch(&idp, &path, &operations).await.scim_error(404, None);
        }
    }
    assert_eq!(other.scim("GET", &format!("/Users/{theirs}"), Value::Null).await.status, 200);
    app.finish().await;
}

// Shows: PATCH-22
#[tokio::test]
async fn a_hundred_operations_on_members_are_one_request() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let mut users = Vec::new();
    for number in 0..100 {
        let mut name = String::new();
        write!(name, "user{number}@example.com").unwrap();
        users.push(idp.user(&name).await);
    }
    let group = format!("/Groups/{}", idp.group("Staff", &[]).await);
    let members = async || -> Vec<String> {
        let read = get(&idp, &group).await;
        let members = read["members"].as_array().cloned().unwrap_or_default();
        members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
    };
    let each = |op: &str| -> Value {
        users.iter().map(|id| json!({ "op": op, "path": "members", "value": [{ "value": id }] })).collect()
    };
    patch(&idp, &group, &each("add")).await.expect(200);
    let mut all = users.clone();
    all.sort_unstable();
    let mut joined = members().await;
    joined.sort_unstable();
    assert_eq!(joined, all);
    // Half of them by filter, each in an operation of its own, and two by one filter.
    let mut leaving: Vec<Value> = users[..50]
        .iter()
        .map(|id| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }))
        .collect();
    let pair = format!("members[value eq \"{}\" or value eq \"{}\"]", users[50], users[51]);
    leaving.push(json!({ "op": "remove", "path": pair }));
    patch(&idp, &group, &Value::Array(leaving)).await.expect(200);
    assert_eq!(members().await.len(), 48);
    assert_eq!(app.events("events=dsync.group.user_removed").await.len(), 52);
    patch(&idp, &group, &json!([{ "op": "replace", "path": "members", "value": [] }])).await.expect(200);
    assert_eq!(get(&idp, &group).await["members"], json!([]));
    app.finish().await;
}
