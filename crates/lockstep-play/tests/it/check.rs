//! `check` against the real server: nothing is wrong with it, nothing stays behind, and each of many seeded faults is
//! found.

mod faults;

use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use http::header::AUTHORIZATION;
use http_body_util::BodyExt as _;
use lockstep_play::check::{CannotRun, Options, Outcome, Report, check, report};
use lockstep_play::{Anonymous, Target};
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// A request on its way, for a fault to change.
struct Asked {
    method: String,
    target: String,
    headers: http::HeaderMap,
    anonymous: bool,
    body: String,
}

/// An answer on its way back.
struct Answered {
    status: u16,
    headers: http::HeaderMap,
    json: Value,
}

/// A directory of a server in process, which does one thing wrong.
struct Wrong<'a> {
    app: &'a TestApp,
    client: ScimClient,
    ask: fn(&mut Asked),
    answer: fn(&Asked, &mut Answered),
}

impl Target for Wrong<'_> {
    async fn send(&self, request: http::Request<Vec<u8>>) -> anyhow::Result<http::Response<Vec<u8>>> {
        let (parts, body) = request.into_parts();
        let mut asked = Asked {
            method: parts.method.to_string(),
            target: parts.uri.to_string(),
            anonymous: parts.extensions.get::<Anonymous>().is_some(),
            headers: parts.headers,
            body: String::from_utf8(body)?,
        };
        (self.ask)(&mut asked);
        if !asked.headers.contains_key(AUTHORIZATION) && !asked.anonymous {
            asked.headers.insert(AUTHORIZATION, format!("Bearer {}", self.client.token).parse()?);
        }
        let mut builder = http::Request::builder()
            .method(asked.method.as_str())
            .uri(format!("{}{}", self.client.base, asked.target));
        if let Some(headers) = builder.headers_mut() {
            headers.clone_from(&asked.headers);
        }
        let request = builder.body(Body::from(asked.body.clone()))?;
        let (parts, body) = self.app.router.clone().oneshot(request).await?.into_parts();
        let bytes = body.collect().await?.to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        let mut answered = Answered { status: parts.status.as_u16(), headers: parts.headers, json };
        (self.answer)(&asked, &mut answered);
        let mut response = http::Response::builder().status(answered.status);
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(&answered.headers);
        }
        let text =
            if answered.json.is_null() { bytes.to_vec() } else { answered.json.to_string().into_bytes() };
        Ok(response.body(text)?)
    }

    async fn events_since(&self, _: Option<&str>) -> anyhow::Result<Option<Vec<Value>>> {
        Ok(None)
    }

    fn is_patient(&self) -> bool {
        false
    }

    fn variables(&self) -> Vec<(String, String)> {
        vec![("token".to_owned(), self.client.token.clone())]
    }
}

async fn wrong<'a>(app: &'a TestApp, slug: &str) -> Wrong<'a> {
    let organization = app.organization(slug).await;
    Wrong { app, client: app.directory_of(&organization, slug).await, ask: |_| (), answer: |_, _| () }
}

async fn run(server: &Wrong<'_>, options: Options) -> Result<Report, CannotRun> {
    let options = Options { run: "t1".to_owned(), ..options };
    check(server, "https://scim.example.com", &options, &AtomicBool::new(false), &mut |_| ()).await
}

/// What was found, one line each.
fn findings(report: &Report) -> Vec<String> {
    let told = report.probes.iter().flat_map(|probe| {
        let findings = probe.findings.iter().map(|one| {
            format!(
                "{} {} [{}] must come {}, came {}",
                one.level.name(),
                probe.id,
                one.requirement,
                one.expected,
                one.found
            )
        });
        let untried =
            probe.reason.iter().map(|reason| format!("{} {}: {reason}", probe.outcome.name(), probe.id));
        findings.chain(untried).collect::<Vec<_>>()
    });
    told.collect()
}

async fn finds_nothing(slug: &str, but: &[&str]) {
    let app = TestApp::start().await;
    let server = wrong(&app, slug).await;
    let report = run(&server, Options::default()).await.expect("the server can be checked");
    let unexpected: Vec<String> =
        findings(&report).into_iter().filter(|line| !but.iter().any(|known| line.contains(known))).collect();
    assert!(unexpected.is_empty(), "\n{}", unexpected.join("\n"));
    assert!(report.left_behind.is_empty());
    for kind in ["/Users", "/Groups"] {
        let left = server.client.scim("GET", kind, Value::Null).await.expect(200);
        assert_eq!(left.get("totalResults"), Some(&json!(0)), "{kind} are left behind");
    }
    app.finish().await;
}

#[tokio::test]
async fn nothing_is_wrong_with_a_strict_directory() {
    finds_nothing("strict_rfc", &[]).await;
}

#[tokio::test]
async fn nothing_is_wrong_with_a_generic_directory() {
    finds_nothing("generic", &[]).await;
}

/// Every coded probe has a fault here; what steps can find, the unit tests show for each expectation.
#[tokio::test]
async fn every_seeded_fault_is_found() {
    let app = TestApp::start().await;
    let mut missed = Vec::new();
    for fault in faults::FAULTS {
        let server = Wrong { ask: fault.ask, answer: fault.answer, ..wrong(&app, "strict_rfc").await };
        let only = fault.found_by.iter().map(|id| (*id).to_owned()).collect();
        let report =
            run(&server, Options { only, ..Options::default() }).await.expect("the server can be checked");
        for id in fault.found_by {
            let found = report.probes.iter().find(|probe| probe.id == *id).expect("there is such a probe");
            if !matches!(found.outcome, Outcome::Failed | Outcome::Warned) {
                missed.push(format!("{}: {id} {:?} {:?}", fault.name, found.outcome, found.reason));
            }
        }
    }
    assert!(missed.is_empty(), "\n{}", missed.join("\n"));
}

#[tokio::test]
async fn reading_only_sends_only_get() {
    let app = TestApp::start().await;
    let server = Wrong { ask: |asked| assert_eq!(asked.method, "GET"), ..wrong(&app, "strict_rfc").await };
    let report = run(&server, Options { read_only: true, ..Options::default() })
        .await
        .expect("the server can be checked");
    assert!(report.count(Outcome::Passed) > 30, "{:?}", findings(&report));
    assert!(!report.is_broken());
}

#[tokio::test]
async fn what_was_made_is_removed_after_a_stop_and_after_answers_that_got_lost() {
    let app = TestApp::start().await;
    // Every tenth create is answered with an error, though it was done.
    let server = Wrong {
        answer: |asked, it| {
            if asked.method == "POST" && asked.body.contains("-5") {
                it.status = 500;
                it.json = json!({});
            }
        },
        ..wrong(&app, "strict_rfc").await
    };
    let report = run(&server, Options::default()).await.expect("the server can be checked");
    assert!(report.is_broken());
    let stop = AtomicBool::new(false);
    let mut told = 0;
    let options = Options { run: "t2".to_owned(), ..Options::default() };
    let mut tell = |_: lockstep_play::check::Progress<'_>| {
        told += 1;
        stop.store(told > 60, Ordering::Relaxed);
    };
    let stopped = check(&server, "", &options, &stop, &mut tell).await.expect("the server can be checked");
    assert!(stopped.stopped);
    for kind in ["/Users", "/Groups"] {
        let left = server.client.scim("GET", kind, Value::Null).await.expect(200);
        assert_eq!(left.get("totalResults"), Some(&json!(0)), "{kind} are left behind");
    }
}

#[tokio::test]
async fn no_report_has_the_token_or_other_people() {
    let app = TestApp::start().await;
    let mut server = wrong(&app, "strict_rfc").await;
    server.client.user("grace.hopper@example.org").await;
    server.answer = |asked, it| {
        // A server that repeats the credential in every answer, and fails.
        let token = asked.headers.get(AUTHORIZATION).map_or("", |value| value.to_str().unwrap());
        if let Some(body) = it.json.as_object_mut() {
            body.insert("echo".into(), json!(token));
            body.insert("detail".into(), json!(token));
        }
        if asked.target.contains("count=2") {
            faults::set(it, "/totalResults", json!("many"));
        }
    };
    let report = run(&server, Options::default()).await.expect("the server can be checked");
    let text = report::text(&report, &|_, text| text.to_owned());
    for form in [text, report::json(&report).to_string(), report::html(&report, "")] {
        assert!(!form.contains(&server.client.token), "the token is shown");
        assert!(!form.contains("grace.hopper"), "somebody is shown");
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_checked_is_told_in_one_sentence() {
    let app = TestApp::start().await;
    for (answer, wanted) in [
        (
            (|_, it| it.status = 401) as fn(&Asked, &mut Answered),
            "the server does not accept this token: it answered 401 to GET /Users",
        ),
        (
            |_, it| {
                it.status = 404;
                it.json = json!({});
            },
            "there is no SCIM server at this URL: GET /ServiceProviderConfig was answered with 404, GET /Users with 404",
        ),
    ] {
        let server = Wrong { answer, ..wrong(&app, "strict_rfc").await };
        assert_eq!(run(&server, Options::default()).await.expect_err("it cannot run").to_string(), wanted);
    }
}

#[tokio::test]
async fn as_an_idp_its_own_directory_is_as_it_needs() {
    let app = TestApp::start().await;
    for slug in ["okta", "entra", "generic"] {
        let server = wrong(&app, slug).await;
        let provider = lockstep_idp::by_slug(slug);
        let only = vec!["users".to_owned()];
        let report =
            run(&server, Options { provider, only, ..Options::default() }).await.expect("it can be checked");
        let idp = report.idp.expect("an IdP was asked for");
        assert!(!idp.habits.is_empty());
        let wrong: Vec<String> = idp.habits.iter().flat_map(|habit| habit.wrong.clone()).collect();
        assert!(wrong.is_empty(), "{slug}:\n{}", wrong.join("\n"));
    }
}

#[tokio::test]
async fn as_an_idp_nobody_is_changed_whom_the_check_did_not_make() {
    let app = TestApp::start().await;
    let mut server = wrong(&app, "okta").await;
    let other = server.client.user("grace.hopper@example.org").await;
    // A server that finds everybody, whatever is asked for.
    server.ask = |asked| faults::without_parameter(asked, "filter");
    let before = server.client.scim("GET", &format!("/Users/{other}"), Value::Null).await.expect(200);
    let (provider, only) = (lockstep_idp::by_slug("okta"), vec!["users".to_owned()]);
    let report =
        run(&server, Options { provider, only, ..Options::default() }).await.expect("it can be checked");
    assert!(report.is_broken());
    let after = server.client.scim("GET", &format!("/Users/{other}"), Value::Null).await.expect(200);
    assert_eq!(before, after);
    let text = report::text(&report, &|_, text| text.to_owned());
    assert!(!text.contains("grace.hopper"), "{text}");
}
