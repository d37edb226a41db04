//! `/Me` (RFC 7644 §3.11), which a bearer token that is a machine's cannot have.

use lockstep_testkit::TestApp;
use serde_json::{Value, json};

use super::lenient_and_strict;

// Shows: ME-01, ME-05
#[tokio::test]
async fn every_method_on_me_is_501_and_only_for_who_may_ask() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let user = idp.user("one@example.com").await;
        for path in ["/Me", "/Me?attributes=userName", "/Me/emails", "/Me/.search"] {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                // Also where there is no body to look at, or one that nobody could read.
                for (content_type, body) in [("", ""), ("text/plain", "{"), ("application/json", "{}")] {
                    let headers = [("content-type", content_type)];
                    let answer = idp.scim_raw(&headers, method, path, body).await;
                    assert!(answer.scim_error(501, None).contains("/Me"), "{method} {path}");
                    let stranger = idp.with_token("nobody").scim_raw(&headers, method, path, body).await;
                    stranger.scim_error(401, None);
                }
            }
            let head = idp.scim("HEAD", path, Value::Null).await;
            assert_eq!((head.status, head.header("location")), (501, None));
        }
        let read = idp.scim("GET", &format!("/Users/{user}"), Value::Null).await.expect(200);
        assert_eq!(read["userName"], json!("one@example.com"));
    }
    app.finish().await;
}
