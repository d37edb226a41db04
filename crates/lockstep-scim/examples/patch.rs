//! Applies a PATCH to a user: `echo '{"Operations": […]}' | cargo run -p lockstep-scim --example patch`. Without input it
//! shows one. What is wrong with the request is answered as a server would.

use std::io::{IsTerminal, Read};

use lockstep_scim::{Definition, Error, Limits, Object, json, patch, resource};
use serde_json::{Value, json};

const SAMPLE: &str = r#"{
  "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
  "Operations": [
    {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "ada.king@example.com"},
    {"op": "add", "path": "emails", "value": [{"type": "home", "value": "ada@example.org", "primary": true}]},
    {"op": "add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "Engines"},
    {"op": "remove", "path": "title"}
  ]
}"#;

fn stored(user: &Definition, limits: &Limits) -> Result<Object, Error> {
    let body = json!({
        "schemas": [user.schema.id],
        "userName": "ada",
        "title": "Countess",
        "emails": [{"type": "work", "value": "ada@example.com", "primary": true}],
    });
    Ok(resource::read(body, user, &resource::ReadOptions::default(), limits)?.object)
}

fn answer(request: &[u8]) -> Result<Value, Error> {
    let (user, limits, options) = (Definition::user(), Limits::default(), patch::PatchOptions::default());
    let body = json::parse(request, &limits)?;
    let request = patch::parse(&body, &user, &options, &limits)?;
    let after = patch::apply(&request.operations, &stored(&user, &limits)?, &user, &options, &limits)?;
    Ok(Value::Object(after))
}

fn main() -> std::io::Result<()> {
    let mut request = Vec::new();
    if !std::io::stdin().is_terminal() {
        std::io::stdin().read_to_end(&mut request)?;
    }
    let request = if request.trim_ascii().is_empty() { SAMPLE.as_bytes() } else { &request };
    let answer = answer(request).unwrap_or_else(|error| error.to_json());
    println!("{answer:#}");
    Ok(())
}
