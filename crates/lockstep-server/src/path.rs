//! What stands in a path where its route has a name. What cannot be read is nobody's name: 404, in the published shape.

use axum::extract::FromRequestParts;
use axum::extract::rejection::PathRejection;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The named parts of a path, percent-decoded.
#[derive(Clone, Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(named)) => Ok(Self(named)),
            // Bytes that are no UTF-8.
            Err(PathRejection::FailedToDeserializePathParams(_)) => Err(Problem::no_route()),
            Err(error) => Err(Problem::fault(format!("a path cannot be read: {error}"))),
        }
    }
}
