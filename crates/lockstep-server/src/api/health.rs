//! Whether the server lives, and whether it can serve. Without credentials, and without saying more than that.

use axum::Json;
use axum::extract::State;
use lockstep_store::{Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::{Operation, Tag};
use crate::problem::Problem;
use crate::state::AppState;

/// That all is well.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    #[schema(pattern = "^ok$")]
    status: &'static str,
}

/// How [`live`] is described.
pub(crate) const LIVE: Operation =
    Operation::new("get_health_live", Tag::Server, "Whether the process answers")
        .answers::<Health>(200, "It does.");

/// `GET /health/live`: the process answers.
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// How [`ready`] is described.
pub(crate) const READY: Operation =
    Operation::new("get_health_ready", Tag::Server, "Whether the server can serve")
        .answers::<Health>(200, "The store can be read and written.")
        .errors(&[503]);

/// `GET /health/ready`: the store can be read and written. 503 with the kind of reason where it can't.
pub(crate) async fn ready<S: Store>(State(state): State<AppState<S>>) -> Result<Json<Health>, Problem> {
    match state.store.ready().await {
        Ok(()) => Ok(Json(Health { status: "ok" })),
        Err(error) => Err(Problem::unavailable(reason(&error), "the server cannot serve now", 5)
            .with_detail(error.to_string())),
    }
}

fn reason(error: &StoreError) -> &'static str {
    match error {
        StoreError::Busy => "store_busy",
        StoreError::Stopping => "store_stopping",
        StoreError::Unavailable(_) | StoreError::Unknown(_) => "store_unavailable",
        StoreError::Corrupt(_) => "store_damaged",
        StoreError::Newer { .. } => "store_newer",
        StoreError::Conflict { .. } | StoreError::NotFound { .. } | StoreError::Fault(_) => "store_fault",
    }
}
