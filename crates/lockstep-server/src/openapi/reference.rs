//! The description for those who read it: for programs at `/openapi.json`. It is made of the routes alone and holds
//! nothing of any tenant.

use std::sync::OnceLock;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use lockstep_store::Store;
use serde_json::{Value, json};

use super::document::{self, Document};
use super::{Operation, Tag};
use crate::state::AppState;

/// How [`document`] is described.
pub(crate) const DOCUMENT: Operation =
    Operation::new("get_openapi", Tag::Server, "This description of the API, as OpenAPI 3.1")
        .answers::<Value>(200, "The description.");

/// It changes with the program and not otherwise.
static DESCRIBED: OnceLock<Document> = OnceLock::new();

/// `GET /openapi.json`. The server says where it is.
pub(crate) async fn document<S: Store>(State(state): State<AppState<S>>) -> Response {
    let mut described = DESCRIBED.get_or_init(document::document::<S>).value.clone();
    if let Some(fields) = described.as_object_mut() {
        fields.insert("servers".into(), json!([{ "url": state.public_url }]));
    }
    Json(described).into_response()
}
