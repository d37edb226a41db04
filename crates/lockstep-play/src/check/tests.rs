//! The probes as data: each can be read, and each of its expectations can be missed.

use http_body_util::BodyExt as _;
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::json;
use tower::ServiceExt as _;

use super::expect::{Condition, HeaderCondition};
use super::*;
use crate::fact::{self, JsonPath, Part};
use crate::target::Anonymous;

/// A directory of a server in process.
struct Server<'a> {
    app: &'a TestApp,
    client: ScimClient,
}

impl Target for Server<'_> {
    async fn send(&self, request: http::Request<Vec<u8>>) -> anyhow::Result<http::Response<Vec<u8>>> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("", |path| path.as_str()).to_owned();
        parts.uri = format!("{}{path}", self.client.base).parse()?;
        if !parts.headers.contains_key("authorization") && parts.extensions.get::<Anonymous>().is_none() {
            parts.headers.insert("authorization", format!("Bearer {}", self.client.token).parse()?);
        }
        let request = http::Request::from_parts(parts, axum::body::Body::from(body));
        let (parts, body) = self.app.router.clone().oneshot(request).await?.into_parts();
        Ok(http::Response::from_parts(parts, body.collect().await?.to_bytes().to_vec()))
    }

    async fn events_since(&self, _: Option<&str>) -> anyhow::Result<Option<Vec<Value>>> {
        Ok(None)
    }
}

#[test]
fn every_probe_can_be_read() {
    let probes = probe::probes().map_err(|error| format!("{error:#}")).unwrap();
    assert!(probes.len() >= 120, "{}", probes.len());
    let mut ids: Vec<&str> = probes.iter().map(|probe| probe.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), probes.len(), "an id stands twice");
}

#[test]
fn a_probe_that_lacks_something_is_refused() {
    for (text, wanted) in [
        ("@ a | b\nmend m\nGET /Users\n=> 200\n", "shows no line"),
        ("@ a | b\nshows NOTHING-01\nmend m\nGET /Users\n=> 200\n", "no NOTHING-01"),
        ("@ a | b\nshows DISC-01\nGET /Users\n=> 200\n", "how to mend"),
        ("@ a | b\nshows DISC-01\nmend m\nGET /Users\n", "expects no status"),
        ("@ a | b\nshows DISC-01\nmend m\n", "steps or code"),
        ("@ a | b\nshows DISC-01\nmend m\nGET /Users\n=> ok\n", "no status"),
    ] {
        let error = format!("{:#}", probe::parse(text).unwrap_err());
        assert!(error.contains(wanted), "{error}");
    }
}

/// No check that can't fail: for each expectation there is an answer that misses it.
#[tokio::test]
async fn every_expectation_can_be_missed() {
    let app = TestApp::start().await;
    let organization = app.organization("check").await;
    let server = Server { app: &app, client: app.directory_of(&organization, "strict_rfc").await };
    let stop = AtomicBool::new(false);
    let mut session = Session::new(&server, None, &stop);
    let mut idle = Vec::new();
    for (index, probe) in
        probe::probes().unwrap().iter().enumerate().filter(|(_, probe)| probe.code.is_none())
    {
        let mark = format!("{MARK}t-{index}");
        let mut variables =
            Variables::from([("mark".to_owned(), mark), ("run".to_owned(), format!("{MARK}t"))]);
        for given in &probe.given {
            give(&mut session, given, &mut variables).await.unwrap();
        }
        for step in &probe.steps {
            let exchange = session.send(ask(step, &variables).unwrap()).await;
            capture(step, &exchange, &mut variables);
            for expectation in &step.expectations {
                let misses = spoilt(&exchange, expectation, &variables);
                if !misses.iter().any(|answer| expectation.check(answer, &variables).is_err()) {
                    idle.push(format!("{}: {} {}: {}", probe.id, step.method, step.target, expectation.line));
                }
            }
        }
        session.clean_up().await;
    }
    assert!(idle.is_empty(), "\n{}", idle.join("\n"));
}

/// The answer, spoilt in every way that an expectation of this kind may be about.
fn spoilt(answer: &Exchange, expectation: &Expectation, variables: &Variables) -> Vec<Exchange> {
    let with = |json: Value| Exchange { text: json.to_string(), json: Some(json), ..answer.clone() };
    let fill = |text: &str| expect::fill(text, variables).unwrap();
    match &expectation.condition {
        Condition::Status(..) => vec![Exchange { status: 599, ..answer.clone() }],
        Condition::Fact(fact) => match &fact.condition {
            fact::Condition::Lacks(value) => {
                vec![with(at(&fact.path, json!([serde_json::from_str::<Value>(&fill(value)).unwrap()])))]
            }
            fact::Condition::Count(0) => vec![with(at(&fact.path, json!([1])))],
            fact::Condition::Absent => vec![with(at(&fact.path, json!("there")))],
            _ => vec![with(json!({}))],
        },
        Condition::Not(path, value) => vec![with(at(path, serde_json::from_str(&fill(value)).unwrap()))],
        Condition::Unassigned(path) => vec![with(at(path, json!("there")))],
        Condition::AtMost(path, _) => vec![with(at(path, json!([1, 2, 3, 4, 5, 6, 7, 8, 9])))],
        Condition::Kind(path, kind) if kind.ends_with('?') => vec![with(at(path, json!(7)))],
        Condition::Same(..)
        | Condition::Alike(..)
        | Condition::Kind(..)
        | Condition::AtLeast(..)
        | Condition::Instant(..) => vec![with(json!({}))],
        Condition::OnePrimary(path) => {
            vec![with(at(path, json!([{ "primary": true }, { "primary": true }])))]
        }
        Condition::Each(path, is_present) => {
            let one = if *is_present { json!({}) } else { at(path, json!("there")) };
            vec![with(json!({ "Resources": [one] }))]
        }
        Condition::Header(name, HeaderCondition::IsNot(value)) => {
            vec![Exchange { headers: vec![(name.clone(), fill(value))], ..answer.clone() }]
        }
        Condition::Header(..) => vec![Exchange { headers: Vec::new(), ..answer.clone() }],
        Condition::TextLacks(text) => vec![Exchange { text: fill(text), ..answer.clone() }],
        Condition::Empty => vec![Exchange { text: "body".to_owned(), ..answer.clone() }],
        Condition::Keyword(_) => vec![with(json!({ "scimType": "other" }))],
    }
}

/// JSON that has this value there.
fn at(path: &JsonPath, value: Value) -> Value {
    path.0.iter().rev().fold(value, |value, part| match part {
        Part::Key(key) => json!({ key.as_str(): value }),
        Part::Index(index) => Value::Array(vec![value; index + 1]),
        Part::Where(key, text) => {
            let mut one = value.as_object().cloned().unwrap_or_default();
            one.insert(key.clone(), json!(text));
            json!([one])
        }
    })
}

#[test]
fn what_this_check_did_not_make_is_not_shown() {
    let exchange = |json: Value| Exchange { text: json.to_string(), json: Some(json), ..Exchange::default() };
    let user = |name: &str| json!({ "schemas": [probe::USER], "id": "1", "userName": name });
    let ours = user(&format!("{MARK}x@example.com"));
    assert_eq!(exchange(ours.clone()).shown(), ours);
    assert!(!exchange(user("grace@example.com")).shown().to_string().contains("grace"));
    let list = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "Resources": [ours, user("grace@example.com")] });
    let shown = exchange(list).shown().to_string();
    assert!(shown.contains(MARK) && !shown.contains("grace"), "{shown}");
}
