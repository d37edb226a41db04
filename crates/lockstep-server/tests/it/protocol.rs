//! The protocol as an IdP sees it, requirement by requirement: `docs/scim/conformance.md` names these tests.

mod auth;
mod bulk;
mod create;
mod cursor;
mod delete;
mod discovery;
mod errors;
mod etag;
mod filter;
mod me;
mod media;
mod own_schemas;
mod page;
mod patch;
mod policies;
mod profile;
mod projection;
mod rate;
mod read;
mod replace;
mod schema;
mod search;
mod settings;
mod tenancy;

use lockstep_testkit::{Answer, ScimClient, TestApp};
use serde_json::Value;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A directory of the most general type and one that takes the RFC at its word.
async fn lenient_and_strict(app: &TestApp) -> [ScimClient; 2] {
    let organization = app.organization("Acme").await;
    [
        app.directory(&organization, "generic scim v2.0").await,
        app.directory(&organization, "strict-rfc").await,
    ]
}

/// Reads what must be there.
async fn get(idp: &ScimClient, path: &str) -> Value {
    idp.scim("GET", path, Value::Null).await.expect(200)
}

/// Status and scimType of what was refused.
#[track_caller]
fn refusal(answer: &Answer) -> (u16, Option<&str>) {
    assert!(answer.status >= 400, "{}: {}", answer.asked, answer.text);
    (answer.status, answer.body["scimType"].as_str())
}
