//! The words that the official SDK publishes: each is known here. They are read out of the SDK's package.

use std::path::Path;
use std::process::Command;

use lockstep_testkit::TestApp;
use serde_json::{Value, json};

use crate::sdk::{SCRIPTS, tool};

/// What a directory may be put to; the others are states of a connection that the server keeps up itself, or its end.
const GIVEN_STATES: [&str; 2] = ["linked", "unlinked"];

/// The words of the SDK under this name; nothing where there is no SDK.
fn words(name: &str) -> Option<Vec<String>> {
    let python = tool("LOCKSTEP_TEST_PYTHON", "workos==10.8.0")?;
    let script = Path::new(SCRIPTS).join("python/published.py");
    let output = Command::new(python).arg("-B").arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    let words = all[name].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned());
    let words: Vec<String> = words.collect();
    assert!(words.len() > 1, "{name}: {words:?}");
    Some(words)
}

#[tokio::test]
async fn every_kind_of_event_that_the_sdk_knows_may_be_asked_for() {
    let Some(kinds) = words("events") else { return };
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    idp.user("one@acme.test").await;
    let made = app.events("").await;
    assert_eq!(app.events(&format!("events={}", kinds.join(","))).await, made, "all of them at once");
    for kind in &kinds {
        let found = app.events(&format!("events={kind}")).await;
        let expected: Vec<&Value> = made.iter().filter(|event| event["event"] == kind.as_str()).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{kind}");
    }
    // What is taken is no more than what is published.
    let described = app.read("/openapi.json").await["components"]["schemas"]["AskedEvent"]["enum"].clone();
    let mut described: Vec<String> = serde_json::from_value(described).unwrap();
    described.sort();
    assert_eq!(described, kinds);
    app.finish().await;
}

#[tokio::test]
async fn every_type_of_directory_that_the_sdk_knows_is_made_and_shown() {
    let Some(types) = words("directory_types") else { return };
    let app = TestApp::start().await;
    let organization = app.organization("Acme").await;
    for kind in &types {
        let made = app.directory(&organization, kind).await;
        assert_eq!(app.read(&format!("/directories/{}", made.directory)).await["type"], kind.as_str());
    }
    app.finish().await;
}

#[tokio::test]
async fn every_state_of_a_directory_that_the_sdk_knows_is_taken_and_shown_or_refused_by_name() {
    let Some(states) = words("directory_states") else { return };
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let path = format!("/directories/{}", idp.directory);
    for given in GIVEN_STATES {
        assert!(states.iter().any(|state| state == given), "{given} is not the SDK's word");
    }
    for state in &states {
        let before = app.read(&path).await["state"].clone();
        let answer = app.api("PUT", &path, json!({ "state": state })).await;
        if GIVEN_STATES.contains(&state.as_str()) {
            assert_eq!((answer.status, &answer.body["state"]), (200, &json!(state)), "{}", answer.text);
            assert_eq!(app.read(&path).await["state"], state.as_str());
        } else {
            assert_eq!(answer.problem(), (422, "invalid_request_parameters", Some("state")), "{state}");
            assert!(answer.text.contains("linked, unlinked"), "{}", answer.text);
            assert_eq!(app.read(&path).await["state"], before);
        }
    }
    app.finish().await;
}
