//! `docs/guide/events.md` shows what the server really says of a small story, and explains each field of it. Where it
//! does not, this writes the payloads anew and fails; a field without a word fails until somebody writes one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use lockstep_core::event::EventType;
use lockstep_testkit::TestApp;
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[tokio::test]
async fn the_event_catalogue_is_what_the_server_says() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/events.md"));
    let page = std::fs::read_to_string(&path).unwrap();
    let events = story().await;
    let written = with_payloads(&page, &events);
    if written != page {
        std::fs::write(&path, &written).unwrap();
    }
    assert!(written == page, "docs/guide/events.md was not what the server says; it is now: look at it");
    let explained: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let fields: BTreeSet<String> = events.values().flatten().flat_map(fields).collect();
    let unexplained: Vec<&String> =
        fields.iter().filter(|field| !explained.contains(field.as_str())).collect();
    assert!(unexplained.is_empty(), "the page has no word on {unexplained:?}");
    let stale: Vec<&&str> =
        explained.iter().filter(|field| !field.starts_with("dsync.") && !fields.contains(**field)).collect();
    assert!(stale.is_empty(), "the page explains what no event has: {stale:?}");
    let kinds: BTreeSet<&str> = EventType::ALL.into_iter().map(EventType::as_str).collect();
    assert_eq!(events.keys().map(String::as_str).collect::<BTreeSet<_>>(), kinds, "each kind is told once");
}

/// The page with the payloads of its headings: below each, as many blocks as there are events of that kind.
fn with_payloads(page: &str, events: &BTreeMap<String, Vec<Value>>) -> String {
    let mut out = String::new();
    let mut waiting: Vec<&Value> = Vec::new();
    let mut inside = false;
    for line in page.split_inclusive('\n') {
        if let Some(kind) = line.strip_prefix("## `").and_then(|rest| rest.trim_end().strip_suffix('`')) {
            assert!(waiting.is_empty(), "too few blocks before {kind}");
            waiting = events.get(kind).ok_or(kind).unwrap().iter().rev().collect();
        }
        match (inside, line.trim_end()) {
            (false, "```json") => {
                let event = waiting.pop().ok_or(line).unwrap();
                out.push_str(line);
                out.push_str(&serde_json::to_string_pretty(event).unwrap());
                out.push('\n');
                inside = true;
            }
            (true, "```") => {
                out.push_str(line);
                inside = false;
            }
            (true, _) => {}
            (false, _) => out.push_str(line),
        }
    }
    assert!(waiting.is_empty(), "too few blocks at the end");
    out
}

/// The names of all fields that the server itself names: not what an IdP named.
fn fields(event: &Value) -> BTreeSet<String> {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    found.insert(name.clone());
                    if !["raw_attributes", "custom_attributes", "previous_attributes"]
                        .contains(&name.as_str())
                    {
                        collect(value, found);
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(event, &mut found);
    found
}

/// Ann joins, moves and leaves: every kind of event, in the order in which they happened.
async fn story() -> BTreeMap<String, Vec<Value>> {
    let app = TestApp::start().await;
    let organization = app.organization("Example Corporation").await;
    let idp = app.directory(&organization, "okta scim v2.0").await;
    let ann = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "userName": "ann.lee@example.com",
        "externalId": "00u1a2b3c4d5",
        "name": { "givenName": "Ann", "familyName": "Lee" },
        "emails": [{ "value": "ann.lee@example.com", "type": "work", "primary": true }],
        "title": "Engineer",
        ENTERPRISE: { "department": "Engines" },
        "active": true,
    });
    let ann = idp.scim("POST", "/Users", ann).await.expect(201)["id"].as_str().unwrap().to_owned();
    let group = idp.group("Engineering", &[]).await;
    let roles = json!({ "roles": [{ "slug": "engineer", "group_ids": [group] }] });
    app.api("PUT", &format!("/directories/{}/role_mapping", idp.directory), roles).await.expect(200);
    let replace = |path, value: Value| json!({ "op": "replace", "path": path, "value": value });
    let (user, group) = (format!("/Users/{ann}"), format!("/Groups/{group}"));
    let join = json!({ "op": "add", "path": "members", "value": [{ "value": ann }] });
    idp.patch(&group, join).await.expect(200);
    idp.patch(&user, replace("title", "Chief engineer".into())).await.expect(200);
    idp.patch(&group, replace("displayName", "Engine works".into())).await.expect(200);
    idp.patch(&user, replace("active", false.into())).await.expect(200);
    idp.scim("DELETE", &user, Value::Null).await.expect(204);
    idp.scim("DELETE", &group, Value::Null).await.expect(204);
    app.api("DELETE", &format!("/directories/{}", idp.directory), Value::Null).await.expect(202);
    let mut events: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for event in app.events("").await {
        events.entry(event["event"].as_str().unwrap().to_owned()).or_default().push(event);
    }
    app.finish().await;
    events
}
