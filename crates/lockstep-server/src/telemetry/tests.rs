//! A panic in a handler.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http::Request;
use lockstep_core::clock::{ManualClock, Sequence};
use lockstep_scim::Limits;
use lockstep_store::memory::Memory;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::keys::MasterKey;
use crate::state::SeededSecrets;

async fn panics() -> &'static str {
    panic!("a secret of the handler's")
}

fn router() -> Router {
    let routes = Router::new().route("/panics", get(panics)).route("/scim/panics", get(panics));
    observed(routes)
}

fn observed(routes: Router<AppState<Memory>>) -> Router {
    let clock = Arc::new(ManualClock::default());
    let store = Memory::new(clock.clone(), Arc::new(|| Box::new(Sequence::from_seed(1))));
    let secrets = Arc::new(SeededSecrets::from_seed(1));
    let state =
        AppState::new(store, clock, secrets, Limits::default(), "http://localhost", &MasterKey::new([1; 32]));
    routes.layer(from_fn_with_state(state.clone(), observe::<Memory>)).with_state(state)
}

async fn ask(path: &str) -> (u16, String, Value) {
    let response = router().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, id, serde_json::from_slice(&body).unwrap())
}

// Shows: ERR-12
#[tokio::test]
async fn a_panic_loses_one_request_and_tells_only_its_id() {
    let (status, id, body) = ask("/panics").await;
    let message = format!("internal error; give request id {id} to the operator");
    assert_eq!((status, body), (500, json!({ "message": message, "code": "internal_error" })));
    let (status, id, body) = ask("/scim/panics").await;
    assert_eq!((status, &body["status"]), (500, &json!("500")));
    assert!(body["detail"].as_str().unwrap().contains(&id), "{body}");
    assert!(!body.to_string().contains("secret"), "{body}");
}

#[tokio::test]
async fn a_request_learns_that_its_client_went_away() {
    let (told, mut tell) = tokio::sync::mpsc::unbounded_channel();
    let told = Arc::new(told);
    let handler = move |axum::Extension(client): axum::Extension<Client>| {
        let told = told.clone();
        async move {
            told.send("began").unwrap();
            while client.check().is_ok() {
                tokio::task::yield_now().await;
            }
            told.send("gone").unwrap();
        }
    };
    let router = observed(Router::new().route("/waits", get(handler)));
    let asking = tokio::spawn(router.oneshot(Request::get("/waits").body(Body::empty()).unwrap()));
    assert_eq!(tell.recv().await, Some("began"));
    asking.abort();
    assert_eq!(tell.recv().await, Some("gone"));
}
