//! What a client gets of a failure.

use axum::body::to_bytes;
use lockstep_core::clock::{Sequence, Timestamp};

use super::*;

async fn told(problem: Problem, surface: Surface) -> (Response<()>, Value) {
    let id = RequestId::draw(Timestamp(0), &mut Sequence::from_seed(1));
    let (parts, body) = rendered(problem.into_response(), surface, id).into_parts();
    let body = to_bytes(body, 10_000).await.unwrap();
    (Response::from_parts(parts, ()), serde_json::from_slice(&body).unwrap())
}

// Shows: ERR-10
#[tokio::test]
async fn who_shall_come_back_is_told_when() {
    for (problem, status) in [
        (Problem::from(ScimError::too_many_requests("send less")), 429),
        (Problem::from(ScimError::unavailable("later")), 503),
        (Problem::from(StoreError::Busy), 503),
    ] {
        for (surface, content_type) in
            [(Surface::Scim, "application/scim+json"), (Surface::Api, "application/json")]
        {
            let (response, body) = told(problem.clone(), surface).await;
            assert_eq!(response.status(), status);
            let seconds: u32 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!(seconds > 0);
            assert_eq!(response.headers()["content-type"], content_type);
            if surface == Surface::Scim {
                assert_eq!(
                    (&body["schemas"], &body["status"]),
                    (&json!([ERROR_URN]), &json!(status.to_string()))
                );
            }
        }
    }
}

// Shows: ERR-12
#[tokio::test]
async fn what_only_the_log_may_know_is_in_no_answer() {
    let secret = "SELECT the secret FROM stack";
    for problem in [
        Problem::fault(secret),
        Problem::from(StoreError::Fault(secret.into())),
        Problem::from(StoreError::Corrupt(secret.into())),
        Problem::from(StoreError::Unavailable(secret.into())),
        Problem::from(StoreError::Unknown(secret.into())),
    ] {
        for surface in [Surface::Scim, Surface::Api] {
            let (response, body) = told(problem.clone(), surface).await;
            assert!(response.status().is_server_error());
            assert!(!body.to_string().contains("secret"), "{body}");
            if response.status() == 500 {
                assert!(body.to_string().contains("req_"), "{body}");
            }
        }
    }
}
