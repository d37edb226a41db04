//! `/api_keys`: what a request may still do while its key ends.

use axum::body::{Body, Bytes};
use futures_util::stream;
use http::Request;
use lockstep_testkit::TestApp;
use serde_json::{Value, json};
use tokio::sync::oneshot;

#[tokio::test]
async fn a_body_that_is_on_its_way_does_not_outlive_the_deletion_of_its_key() {
    // Also one whose request may come again: it leaves no receipt.
    for name in [None, Some("once")] {
        let app = TestApp::start_on_sqlite().await;
        let made = app.api("POST", "/api_keys", json!({ "name": "leaked" })).await.expect(201);
        let (key, id) = (made["value"].as_str().unwrap(), made["id"].as_str().unwrap());
        let (started, begun) = oneshot::channel();
        let (go, gone) = oneshot::channel::<()>();
        let body = async move {
            // The body is asked for, so the key was checked.
            started.send(()).unwrap();
            gone.await.unwrap();
            Ok::<_, std::io::Error>(Bytes::from_static(b"{\"name\":\"Late\"}"))
        };
        let mut request = Request::post("/organizations")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json");
        if let Some(name) = name {
            request = request.header("idempotency-key", name);
        }
        let request = request.body(Body::from_stream(stream::once(body))).unwrap();
        let delete = async {
            begun.await.unwrap();
            app.api("DELETE", &format!("/api_keys/{id}"), Value::Null).await.expect(204);
            go.send(()).unwrap();
        };
        let (answer, ()) = tokio::join!(app.send(request), delete);
        assert_eq!(answer.status, 401, "{name:?}: {}", answer.text);
        assert_eq!(app.read("/organizations").await["data"], json!([]), "{name:?}");
        app.finish().await;
    }
}
