//! Versions and conditional requests (RFC 7644 §3.14, RFC 9110 §13).

use lockstep_testkit::{Answer, ScimClient, TestApp};
use serde_json::{Value, json};

fn patch(operation: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] })
}

fn title(text: &str) -> Value {
    patch(&json!({ "op": "replace", "path": "title", "value": text }))
}

/// The version that an answer's header and its resource agree on.
#[track_caller]
fn version(answer: &Answer) -> String {
    let tag = answer.header("etag").unwrap();
    assert_eq!(answer.body["meta"]["version"].as_str(), Some(tag), "{}", answer.asked);
    tag.to_owned()
}

async fn read(idp: &ScimClient, path: &str) -> Answer {
    idp.scim("GET", path, Value::Null).await
}

// Shows: ETAG-01, ETAG-02, ETAG-03, ETAG-07
#[tokio::test]
async fn every_answer_about_a_resource_has_its_strong_version() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let config = read(&idp, "/ServiceProviderConfig").await.expect(200);
    assert_eq!(config["etag"]["supported"], true);
    for (endpoint, name) in [("/Users", "userName"), ("/Groups", "displayName")] {
        let made = idp.scim("POST", endpoint, json!({ (name): "one@example.com" })).await;
        let path = format!("{endpoint}/{}", made.body["id"].as_str().unwrap());
        let created = version(&made);
        assert!(created.starts_with('"') && created.ends_with('"'), "a strong tag: {created}");
        assert_eq!(version(&read(&idp, &path).await), created);
        let list = read(&idp, endpoint).await.expect(200);
        assert_eq!(list["Resources"][0]["meta"]["version"], created.as_str());
        let put = idp.scim("PUT", &path, json!({ (name): "two@example.com" })).await;
        let replaced = version(&put);
        let patched =
            version(&idp.patch(&path, json!({ "op": "add", "path": name, "value": "three" })).await);
        assert!(created != replaced && replaced != patched);
        let minimal = idp
            .scim_with(&[("prefer", "return=minimal")], "PUT", &path, json!({ (name): "four@example.com" }))
            .await;
        assert_eq!((minimal.status, minimal.text.as_str()), (204, ""));
        assert_eq!(minimal.header("etag"), Some(version(&read(&idp, &path).await).as_str()));
    }
    app.finish().await;
}

// Shows: ETAG-04, ETAG-06
#[tokio::test]
async fn a_read_is_answered_as_its_preconditions_say() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@example.com").await;
    let group = idp.group("Staff", &[&user]).await;
    for path in [format!("/Users/{user}"), format!("/Groups/{group}")] {
        let tag = version(&read(&idp, &path).await);
        let (weak, among) = (format!("W/{tag}"), format!("\"x\", W/{tag} , \"y\""));
        for (headers, status) in [
            (vec![("if-none-match", tag.as_str())], 304),
            (vec![("if-none-match", &weak)], 304),
            (vec![("if-none-match", &among)], 304),
            (vec![("if-none-match", "*")], 304),
            (vec![("if-none-match", "\"x\"")], 200),
            (vec![("if-none-match", "x")], 200),
            (vec![("if-match", &tag)], 200),
            (vec![("if-match", &among)], 200),
            (vec![("if-match", "*")], 200),
            (vec![("if-match", "\"x\"")], 412),
            (vec![("if-match", "\"x\""), ("if-none-match", &tag)], 412),
            (vec![("if-match", &tag), ("if-none-match", &tag)], 304),
        ] {
            for method in ["GET", "HEAD"] {
                let answer = idp.scim_with(&headers, method, &path, Value::Null).await;
                assert_eq!(answer.status, status, "{method} {headers:?}: {}", answer.text);
                if status == 304 {
                    assert_eq!((answer.text.as_str(), answer.header("content-type")), ("", None));
                    assert_eq!(answer.header("etag"), Some(tag.as_str()));
                }
            }
            if status == 412 {
                idp.scim_with(&headers, "GET", &path, Value::Null).await.scim_error(412, None);
            }
        }
    }
    app.finish().await;
}

// Shows: ETAG-05, ETAG-06, ETAG-07, ETAG-11, DEL-07
#[tokio::test]
async fn a_write_happens_where_its_preconditions_hold_and_else_nothing_does() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@example.com").await;
    let path = format!("/Users/{user}");
    let put = || json!({ "userName": "one@example.com", "title": "Put" });
    let stale = version(&read(&idp, &path).await);
    idp.scim("PATCH", &path, title("First")).await.expect(200);
    let before = read(&idp, &path).await;
    let (tag, events) = (version(&before), app.events("").await.len());
    assert_ne!(tag, stale);
    let weak_stale = format!("W/{stale}");
    for headers in [
        vec![("if-match", stale.as_str())],
        vec![("if-match", &weak_stale)],
        vec![("if-match", "\"x\", \"y\"")],
        vec![("if-match", tag.trim_matches('"'))],
        vec![("if-match", "")],
        vec![("if-match", "\"\u{e9}\"")],
        vec![("if-none-match", "*")],
        vec![("if-none-match", &tag)],
        vec![("if-match", &tag), ("if-none-match", &tag)],
        vec![("if-match", "*"), ("if-none-match", "*")],
    ] {
        for (method, body) in [("PUT", put()), ("PATCH", title("Lost")), ("DELETE", Value::Null)] {
            idp.scim_with(&headers, method, &path, body).await.scim_error(412, None);
        }
    }
    assert_eq!(read(&idp, &path).await.body, before.body);
    assert_eq!(app.events("").await.len(), events);
    for (number, wanted) in ["{}", "W/{}", "\"x\", {}", "*"].into_iter().enumerate() {
        let tag = version(&read(&idp, &path).await);
        let wanted = wanted.replace("{}", &tag);
        let body = title(&number.to_string());
        let answer = idp.scim_with(&[("if-match", &wanted)], "PATCH", &path, body).await;
        assert_eq!((answer.status, &answer.body["title"]), (200, &json!(number.to_string())), "{wanted}");
    }
    idp.scim_with(&[("if-none-match", &stale)], "PUT", &path, put()).await.expect(200);
    let tag = version(&read(&idp, &path).await);
    assert_eq!(idp.scim_with(&[("if-match", &tag)], "DELETE", &path, Value::Null).await.status, 204);
    app.finish().await;
}

// Shows: ETAG-08
#[tokio::test]
async fn who_may_not_ask_or_asks_for_nothing_is_told_so_before_any_precondition() {
    let app = TestApp::start().await;
    let (idp, other) = (app.tenant("Acme").await, app.tenant("Other").await);
    let path = format!("/Users/{}", idp.user("one@example.com").await);
    let stranger = idp.with_token("nobody");
    // RFC 9110 §13.2.1: what would not succeed without the condition is answered as without it.
    for headers in [[("if-match", "\"x\"")], [("if-match", "*")], [("if-none-match", "*")]] {
        for (method, body) in [
            ("GET", Value::Null),
            ("PATCH", title("x")),
            ("PUT", json!({ "userName": "x" })),
            ("DELETE", Value::Null),
        ] {
            stranger.scim_with(&headers, method, &path, body.clone()).await.scim_error(401, None);
            other.scim_with(&headers, method, &path, body).await.scim_error(404, None);
        }
    }
    // Of two that found the same version, one writes.
    let tag = version(&read(&idp, &path).await);
    let headers = [("if-match", tag.as_str())];
    let (left, right) = tokio::join!(
        idp.scim_with(&headers, "PATCH", &path, title("left")),
        idp.scim_with(&headers, "PATCH", &path, title("right")),
    );
    let mut statuses = [left.status, right.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    app.finish().await;
}

// Shows: ETAG-09
#[tokio::test]
async fn whatever_changes_what_is_seen_changes_the_version() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let (one, two) = (idp.user("one@example.com").await, idp.user("two@example.com").await);
    let group = idp.group("Staff", &[]).await;
    let (user_path, group_path) = (format!("/Users/{one}"), format!("/Groups/{group}"));
    let seen = async || {
        let (user, group) = (read(&idp, &user_path).await, read(&idp, &group_path).await);
        (version(&user), version(&group), user.body["meta"]["lastModified"].clone())
    };
    let other = idp.group("Other", &[]).await;
    // What is changed, and whose version follows: the user's, the group's.
    let member = json!([{ "value": one }]);
    let mut before = seen().await;
    for (path, operation, user, group) in [
        (&group_path, json!({ "op": "add", "path": "members", "value": member }), true, true),
        (&group_path, json!({ "op": "add", "path": "members", "value": member }), false, false),
        (&group_path, json!({ "op": "add", "path": "members", "value": [{ "value": two }] }), false, true),
        (&group_path, json!({ "op": "replace", "path": "displayName", "value": "All" }), true, true),
        (
            &format!("/Groups/{other}"),
            json!({ "op": "add", "path": "members", "value": member }),
            true,
            false,
        ),
        (&format!("/Users/{two}"), json!({ "op": "add", "path": "title", "value": "T" }), false, false),
        (&user_path, json!({ "op": "replace", "path": "active", "value": false }), true, false),
        (&group_path, json!({ "op": "remove", "path": "members", "value": member }), true, true),
    ] {
        idp.patch(path, operation.clone()).await.expect(200);
        let after = seen().await;
        assert_eq!((after.0 != before.0, after.1 != before.1), (user, group), "{operation}");
        let own = path == &user_path;
        assert_eq!(after.2 != before.2, own, "lastModified is of the user's own change: {operation}");
        before = after;
    }
    idp.scim("DELETE", &format!("/Groups/{other}"), Value::Null).await.expect(204);
    assert_ne!(seen().await.0, before.0, "a group that goes is seen at its members");
    app.finish().await;
}

// Shows: ETAG-10
#[tokio::test]
async fn what_is_shown_of_a_resource_does_not_change_its_version() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@example.com").await;
    let group = idp.group("Staff", &[&user]).await;
    for path in [format!("/Users/{user}"), format!("/Groups/{group}")] {
        let tag = version(&read(&idp, &path).await);
        for query in ["attributes=id", "attributes=meta.version", "excludedAttributes=members,groups,meta"] {
            let path = format!("{path}?{query}");
            let answer = read(&idp, &path).await;
            assert_eq!((answer.status, answer.header("etag")), (200, Some(tag.as_str())), "{path}");
            if let Some(shown) = answer.body.pointer("/meta/version") {
                assert_eq!(shown, tag.as_str());
            }
            let again = idp.scim_with(&[("if-none-match", &tag)], "GET", &path, Value::Null).await;
            assert_eq!(again.status, 304);
        }
    }
    app.finish().await;
}
