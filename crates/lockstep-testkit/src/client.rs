//! An IdP's side of one directory.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use lockstep_core::clock::ManualClock;
use serde_json::{Value, json};

use crate::answer::{Answer, ask, request};

/// What an IdP has been given: its directory's endpoint and token.
#[derive(Clone, Debug)]
pub struct ScimClient {
    /// The directory's id.
    pub directory: String,
    /// The organization's id.
    pub organization: String,
    /// The path below which the resources stand.
    pub base: String,
    /// The bearer token.
    pub token: String,
    pub(crate) router: Router,
    pub(crate) clock: Arc<ManualClock>,
}

impl ScimClient {
    /// The same endpoint, asked with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Sends a request below the directory's endpoint; null for no body.
    pub async fn scim(&self, method: &str, path: &str, body: Value) -> Answer {
        self.clock.advance(1_000);
        let path = format!("{}{path}", self.base);
        ask(&self.router, request(method, &path, Some(&self.token), "application/scim+json", &body)).await
    }

    /// Sends a request below the directory's endpoint without a credential.
    pub async fn anonymous(&self, method: &str, path: &str) -> Answer {
        self.clock.advance(1_000);
        let path = format!("{}{path}", self.base);
        ask(&self.router, request(method, &path, None, "application/scim+json", &Value::Null)).await
    }

    /// [`ScimClient::scim`] with further headers.
    pub async fn scim_with(
        &self,
        headers: &[(&'static str, &str)],
        method: &str,
        path: &str,
        body: Value,
    ) -> Answer {
        self.clock.advance(1_000);
        let path = format!("{}{path}", self.base);
        let mut request = request(method, &path, Some(&self.token), "application/scim+json", &body);
        for (name, value) in headers {
            let value = value.parse().expect("a header that can be written");
            request.headers_mut().insert(*name, value);
        }
        ask(&self.router, request).await
    }

    /// Sends bytes as they are: no header but the credential and these.
    pub async fn scim_raw(
        &self,
        headers: &[(&'static str, &str)],
        method: &str,
        path: &str,
        body: impl Into<Body>,
    ) -> Answer {
        self.clock.advance(1_000);
        let mut request =
            request(method, &format!("{}{path}", self.base), Some(&self.token), "", &Value::Null);
        for (name, value) in headers {
            let value = value.parse().expect("a header that can be written");
            request.headers_mut().insert(*name, value);
        }
        *request.body_mut() = body.into();
        ask(&self.router, request).await
    }

    /// Makes a user with this userName and answers with its id.
    pub async fn user(&self, user_name: &str) -> String {
        let schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
        let body = json!({ "schemas": schemas, "userName": user_name, "active": true });
        id_of(&self.scim("POST", "/Users", body).await.expect(201))
    }

    /// Makes a group with these members and answers with its id.
    pub async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
        let body = json!({ "schemas": schemas, "displayName": name, "members": members });
        id_of(&self.scim("POST", "/Groups", body).await.expect(201))
    }

    /// Changes a user or group by one operation.
    pub async fn patch(&self, path: &str, operation: Value) -> Answer {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
        self.scim("PATCH", path, json!({ "schemas": schemas, "Operations": [operation] })).await
    }
}

/// The `id` of what was answered.
pub(crate) fn id_of(body: &Value) -> String {
    body.get("id").and_then(Value::as_str).expect("the answer has an id").to_owned()
}
