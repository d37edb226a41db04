//! The runner against a target that answers from a list.

use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::parse;

/// Answers each request with the next of its answers; its events are those it was given.
#[derive(Default)]
struct Scripted {
    answers: Mutex<Vec<(u16, &'static str, Value)>>,
    seen: Mutex<Vec<String>>,
    events: Mutex<Vec<Value>>,
}

impl Target for Scripted {
    async fn send(&self, request: http::Request<Vec<u8>>) -> anyhow::Result<http::Response<Vec<u8>>> {
        self.seen.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
        let (status, repairs, body) = self.answers.lock().unwrap().remove(0);
        let id = format!("event_{}", self.events.lock().unwrap().len());
        if status == 201 {
            self.events
                .lock()
                .unwrap()
                .push(json!({ "id": id, "event": "dsync.user.created", "data": body }));
        }
        Ok(http::Response::builder()
            .status(status)
            .header(REPAIRS_HEADER, repairs)
            .body(body.to_string().into())?)
    }

    async fn events_since(&self, after: Option<&str>) -> anyhow::Result<Option<Vec<Value>>> {
        let events = self.events.lock().unwrap();
        let from = after.map_or(0, |after| events.iter().position(|event| event["id"] == after).unwrap() + 1);
        Ok(Some(events[from..].to_vec()))
    }
}

const CONTRACT: &str = r#"# idp: okta
# title: t
# source: s
# basis: source
# date: 2026-11-21
# given: user ada

### A join
POST /Users

{"userName": "bob", "manager": "{{ada}}"}

=> 201
manager == "{{ada}}"
repairs bare-values
set bob = id
event dsync.user.created
  id == "{{bob}}"

### A look
GET /Users?filter=id eq "{{bob}}"&x=a%20b

=> 200
totalResults == 1
"#;

fn scripted(last: Value) -> Scripted {
    Scripted {
        answers: Mutex::new(vec![
            (201, "", json!({ "id": "u1" })),
            (201, "bare-values", json!({ "id": "u2", "manager": "u1" })),
            (200, "", last),
            (204, "", Value::Null),
            (204, "", Value::Null),
        ]),
        ..Scripted::default()
    }
}

#[tokio::test]
async fn a_contract_is_played_and_cleaned_up_after() {
    let target = scripted(json!({ "totalResults": 1 }));
    let contract = parse("okta/t.http", CONTRACT).unwrap();
    let mut runner = Runner::new(&target);
    let mut told = 0;
    let played = runner.play(&contract, &mut |_| told += 1).await.unwrap();
    assert!(played.is_passed(), "{:?}", played.failures());
    assert_eq!(told, 4);
    runner.clean_up().await.unwrap();
    assert_eq!(
        *target.seen.lock().unwrap(),
        [
            "POST /Users",
            "POST /Users",
            "GET /Users?filter=id%20eq%20%22u2%22&x=a%20b",
            "DELETE /Users/u2",
            "DELETE /Users/u1"
        ]
    );
}

#[tokio::test]
async fn a_failure_says_where_and_what() {
    let target = scripted(json!({ "totalResults": 0 }));
    let contract = parse("okta/t.http", CONTRACT).unwrap();
    let played = Runner::new(&target).play(&contract, &mut |_| ()).await.unwrap();
    assert_eq!(played.failures(), ["okta/t.http:20: A look: totalResults == 1: found 0"]);
}
