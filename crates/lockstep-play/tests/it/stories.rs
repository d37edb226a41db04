//! Every story is played by every IdP against the server in process, and ends with the exact state and events; and a
//! server that is wrong is found out.

use lockstep_idp::{Dialect, Provider};
use lockstep_play::Target;
use lockstep_play::idp::{Faults, Pace};
use lockstep_play::story::{self, Outcome, Play, Story};
use lockstep_testkit::TestApp;
use serde_json::Value;

use crate::contracts::target;

/// How large a story is played: people, groups and members of the large group.
type Size = (usize, usize, usize);

const SMALL: Size = (30, 4, 60);
/// The sizes of real customers, for the two who are most of them.
const LARGE: Size = (1_000, 50, 5_000);

async fn played(
    provider: &'static Provider,
    dialect: Dialect,
    story: &Story,
    size: Size,
    faults: Faults,
) -> Outcome {
    let app = TestApp::start().await;
    let outcome = {
        let target = target(&app, provider.slug).await;
        told(&target, provider, dialect, story, size, faults).await
    };
    app.finish().await;
    outcome
}

async fn told<T: Target>(
    target: &T,
    provider: &'static Provider,
    dialect: Dialect,
    story: &Story,
    (users, groups, members): Size,
    faults: Faults,
) -> Outcome {
    let pace = Pace::default();
    let play = Play { provider, dialect, seed: 1, users, groups, members, faults, pace: &pace, keeps: false };
    story::play(target, story, &play, &|_| ()).await.expect("the state can be read")
}

/// What was wrong, one line each.
fn wrong(provider: &Provider, variant: &str, outcome: &Outcome) -> Vec<String> {
    let findings = outcome.findings.iter().filter(|_| !outcome.is_passed());
    let findings =
        findings.map(|one| format!("{}: {} ({}x), then {}", one.request, one.why, one.times, one.then));
    let lines = findings.chain(outcome.state.iter().cloned()).chain(outcome.events.iter().cloned());
    let left = (outcome.left_behind > 0).then(|| "not all was deleted afterwards".to_owned());
    lines.chain(left).map(|line| format!("{} {variant} {}: {line}", provider.slug, outcome.story)).collect()
}

async fn play_all(slug: &str) {
    let provider = lockstep_idp::by_slug(slug).expect("a known IdP");
    let mut failed = Vec::new();
    let variants = provider.dialect.variants.iter().map(|(name, dialect)| (*name, **dialect));
    for (variant, dialect) in std::iter::once(("", provider.dialect)).chain(variants) {
        for story in story::STORIES {
            let outcome = played(provider, dialect, story, SMALL, Faults::default()).await;
            failed.extend(wrong(provider, variant, &outcome));
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// A test for each IdP whose dialect is known and whose contract promises what a story ends with: `strict-rfc` lets two
/// groups have one name, and ssosync is never shown members.
macro_rules! every_story {
    ($($slug:ident),* $(,)?) => {
        mod every_story {
            $(
                #[tokio::test]
                async fn $slug() {
                    super::play_all(stringify!($slug)).await;
                }
            )*
        }
    };
}

every_story! {
    okta, entra, google, onelogin, jumpcloud, pingone, pingfederate, cyberark, rippling, sailpoint, authentik,
    rauthy, canaille, auth0, oracle, ibm, oneidentity, wso2, cloudflare, generic,
}

async fn play_large(slug: &str, name: &str) {
    let provider = lockstep_idp::by_slug(slug).expect("a known IdP");
    let story = story::by_name(name).expect("a known story");
    let outcome = played(provider, provider.dialect, story, LARGE, Faults::default()).await;
    let failed = wrong(provider, "", &outcome);
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    let least = if name == "first-sync" { 1_050 } else { 5_000 };
    assert!(outcome.left_out.is_empty() && outcome.requests > least, "{} requests", outcome.requests);
}

#[tokio::test]
async fn okta_syncs_a_thousand_users_and_fifty_groups() {
    play_large("okta", "first-sync").await;
}

#[tokio::test]
async fn entra_syncs_a_thousand_users_and_fifty_groups() {
    play_large("entra", "first-sync").await;
}

#[tokio::test]
async fn okta_pushes_a_group_of_five_thousand() {
    play_large("okta", "large-group").await;
}

#[tokio::test]
async fn entra_pushes_a_group_of_five_thousand() {
    play_large("entra", "large-group").await;
}

#[tokio::test]
async fn faults_on_the_way_change_neither_state_nor_events() {
    let faults =
        Faults { retries: true, duplicates: true, reordering: true, percent: 30, ..Faults::default() };
    for slug in ["okta", "entra", "generic"] {
        let provider = lockstep_idp::by_slug(slug).expect("a known IdP");
        for name in ["first-sync", "mover", "leaver", "rehire", "broken-cycle"] {
            let story = story::by_name(name).expect("a known story");
            let outcome = played(provider, provider.dialect, story, SMALL, faults).await;
            let failed = wrong(provider, "with faults", &outcome);
            assert!(failed.is_empty(), "\n{}", failed.join("\n"));
        }
    }
}

/// How a server is wrong.
#[derive(Clone, Copy)]
enum Bend {
    /// What matches is answered as done and not done.
    Ignores(&'static str, &'static str),
    /// The first events are told twice.
    TellsTwice,
    /// What matches is refused.
    Refuses(&'static str, &'static str, u16),
}

/// A server that is wrong in one way.
struct Bent<T>(T, Bend);

impl<T: Target> Target for Bent<T> {
    async fn send(&self, request: http::Request<Vec<u8>>) -> anyhow::Result<http::Response<Vec<u8>>> {
        let text = String::from_utf8_lossy(request.body()).into_owned();
        let matches = |method: &str, part: &str| {
            request.method() == method && (text.contains(part) || request.uri().path().contains(part))
        };
        match self.1 {
            Bend::Ignores(method, part) if matches(method, part) => {
                Ok(http::Response::builder().status(204).body(Vec::new())?)
            }
            Bend::Refuses(method, part, status) if matches(method, part) => {
                Ok(http::Response::builder().status(status).body(Vec::new())?)
            }
            Bend::Ignores(..) | Bend::Refuses(..) | Bend::TellsTwice => self.0.send(request).await,
        }
    }

    async fn events_since(&self, after: Option<&str>) -> anyhow::Result<Option<Vec<Value>>> {
        let mut events = self.0.events_since(after).await?;
        if let (Bend::TellsTwice, Some(events)) = (self.1, &mut events)
            && let Some(first) = events.first().cloned()
        {
            events.insert(0, first);
        }
        Ok(events)
    }

    fn is_patient(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn a_server_that_is_wrong_is_found_out() {
    let provider = lockstep_idp::by_slug("generic").expect("a known IdP");
    let cases: &[(&str, Bend, &str)] = &[
        ("leaver", Bend::Ignores("PATCH", "active"), "deactivated: user 6: active is true"),
        ("leaver", Bend::Ignores("DELETE", "/Users/"), "30 days later: user 6 is still there"),
        ("mover", Bend::Ignores("PATCH", "department"), "user 6: not what was sent: Title, Department"),
        ("mover", Bend::Ignores("PATCH", "members"), "group 0: of"),
        ("rename", Bend::Ignores("PATCH", "userName"), "somebody is still found under the userName before"),
        ("group-rename", Bend::Ignores("PATCH", "displayName"), "displayName is not what was sent"),
        ("joiner", Bend::TellsTwice, "dsync.user.created of user 0: expected 1, found 2"),
        ("joiner", Bend::Refuses("POST", "/Groups", 400), "POST /Groups: answered with 400"),
        ("leaver", Bend::Refuses("PATCH", "active", 403), "PATCH /Users/{id}: answered with 403"),
    ];
    for (name, bend, wanted) in cases {
        let app = TestApp::start().await;
        let bent = Bent(target(&app, "generic").await, *bend);
        let story = story::by_name(name).expect("a known story");
        let outcome = told(&bent, provider, provider.dialect, story, SMALL, Faults::default()).await;
        let lines = wrong(provider, "", &outcome);
        assert!(!outcome.is_passed(), "{name}: {wanted}");
        assert!(lines.iter().any(|line| line.contains(wanted)), "{wanted}:\n{}", lines.join("\n"));
    }
}
