//! DELETE (RFC 7644 §3.6): what is deleted is gone, for everybody and everywhere.

use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

use super::{ENTERPRISE, GROUP, USER, get, lenient_and_strict};

/// Everything that can be asked of what a path names.
fn operations(path: &str) -> Vec<(&'static str, Value)> {
    let (schema, name) = if path.starts_with("/Users") { (USER, "userName") } else { (GROUP, "displayName") };
    let operation = json!({ "op": "replace", "path": name, "value": "again@example.com" });
    let urn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    vec![
        ("GET", Value::Null),
        ("PUT", json!({ "schemas": [schema], (name): "again@example.com" })),
        ("PATCH", json!({ "schemas": [urn], "Operations": [operation] })),
        ("DELETE", Value::Null),
    ]
}

async fn delete(idp: &ScimClient, path: &str) {
    let answer = idp.scim("DELETE", path, Value::Null).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{path}");
    for header in ["content-type", "etag", "location"] {
        assert_eq!(answer.header(header), None);
    }
}

// Shows: DEL-01, DEL-02, DEL-04, DEL-08
#[tokio::test]
async fn what_is_deleted_is_nowhere_any_more() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let (one, two) = (idp.user("one@example.com").await, idp.user("two@example.com").await);
        let (staff, other) = (idp.group("Staff", &[&one, &two]).await, idp.group("Other", &[&one]).await);
        let parent = idp.group("Parent", &[&staff]).await;
        let total = async |path: &str| get(&idp, path).await["totalResults"].clone();

        let path = format!("/Users/{one}");
        delete(&idp, &path).await;
        for (method, body) in operations(&path) {
            idp.scim(method, &path, body).await.scim_error(404, None);
        }
        assert_eq!(total("/Users").await, 1);
        assert_eq!(total("/Users?count=0").await, 1);
        for filter in [
            "userName%20eq%20%22one@example.com%22",
            &format!("id%20eq%20%22{one}%22"),
            "userName%20sw%20%22one%22",
        ] {
            assert_eq!(total(&format!("/Users?filter={filter}")).await, 0, "{filter}");
        }
        assert_eq!(total(&format!("/Groups?filter=members.value%20eq%20%22{one}%22")).await, 0);
        let members = get(&idp, &format!("/Groups/{staff}")).await["members"].clone();
        assert_eq!(members.as_array().unwrap().len(), 1);
        assert_eq!(members[0]["value"], two.as_str());
        assert_eq!(get(&idp, &format!("/Groups/{other}")).await["members"], json!([]));

        let path = format!("/Groups/{staff}");
        delete(&idp, &path).await;
        for (method, body) in operations(&path) {
            idp.scim(method, &path, body).await.scim_error(404, None);
        }
        assert_eq!(total("/Groups").await, 2);
        assert_eq!(total("/Groups?filter=displayName%20eq%20%22Staff%22").await, 0);
        assert_eq!(get(&idp, &format!("/Users/{two}")).await.get("groups"), None);
        assert_eq!(get(&idp, &format!("/Groups/{parent}")).await["members"], json!([]));
        delete(&idp, &format!("/Users/{two}")).await;
        delete(&idp, &format!("/Groups/{other}")).await;
        delete(&idp, &format!("/Groups/{parent}")).await;
        assert_eq!((total("/Users").await, total("/Groups").await), (json!(0), json!(0)));
    }
    // A deletion is told as one, never as a deactivation.
    assert_eq!(app.events("events=dsync.user.updated").await, Vec::<Value>::new());
    assert_eq!(app.events("events=dsync.user.deleted").await.len(), 4);
    assert_eq!(app.events("events=dsync.group.deleted").await.len(), 6);
    app.finish().await;
}

// Shows: DEL-05, DEL-06
#[tokio::test]
async fn who_is_created_again_is_somebody_new() {
    let app = TestApp::start().await;
    let organization = app.organization("Acme").await;
    for kind in ["generic scim v2.0", "okta scim v2.0"] {
        let idp = app.directory(&organization, kind).await;
        for (endpoint, schema, name) in [("/Users", USER, "userName"), ("/Groups", GROUP, "displayName")] {
            let mut ids = std::collections::BTreeSet::new();
            for spelling in ["One@example.com", "one@example.com", "ONE@example.com"] {
                let body = json!({ "schemas": [schema], (name): spelling, "externalId": "e1", "id": "mine" });
                let made = idp.scim("POST", endpoint, body).await.expect(201);
                let id = made["id"].as_str().unwrap().to_owned();
                let list = get(&idp, &format!("{endpoint}?filter=externalId%20eq%20%22e1%22")).await;
                assert_eq!((&list["totalResults"], &list["Resources"][0]["id"]), (&json!(1), &json!(id)));
                delete(&idp, &format!("{endpoint}/{id}")).await;
                assert!(ids.insert(id), "{endpoint}: an id came twice");
            }
        }
    }
    app.finish().await;
}

// Shows: DEL-09
#[tokio::test]
async fn memberships_end_with_whom_they_join_and_other_references_stay_as_they_were_sent() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let boss = idp.user("boss@example.com").await;
    let body = json!({ "userName": "one@example.com", (ENTERPRISE): { "manager": { "value": boss } } });
    let one = idp.scim("POST", "/Users", body).await.expect(201);
    let staff = idp.group("Staff", &[&boss]).await;
    delete(&idp, &format!("/Users/{boss}")).await;
    let ended = app.events("events=dsync.group.user_removed").await;
    assert_eq!((ended.len(), &ended[0]["data"]["group"]["id"]), (1, &json!(staff)));
    // Whose manager went is told by the IdP that knows the next one (decision 0012).
    assert_eq!(get(&idp, &format!("/Users/{}", one["id"].as_str().unwrap())).await, one);
    app.finish().await;
}

#[tokio::test]
async fn a_deletion_needs_no_body_and_reads_none() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let path = format!("/Users/{}", idp.user("one@example.com").await);
        let headers = [("content-type", "text/plain"), ("content-encoding", "gzip")];
        for (method, status) in [("GET", 200), ("DELETE", 204), ("DELETE", 404)] {
            assert_eq!(idp.scim_raw(&headers, method, &path, "{ broken").await.status, status);
        }
    }
    app.finish().await;
}
