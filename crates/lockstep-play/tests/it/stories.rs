//! Every story is played by every IdP against the server in process, and ends with the exact state and events.

use lockstep_idp::{Dialect, Provider};
use lockstep_play::idp::{Faults, Pace};
use lockstep_play::story::{self, Outcome, Play, Story};
use lockstep_testkit::TestApp;

use crate::contracts::target;

/// How large a story is played: people, groups and members of the large group.
type Size = (usize, usize, usize);

const SMALL: Size = (30, 4, 60);

async fn played(
    provider: &'static Provider,
    dialect: Dialect,
    story: &Story,
    size: Size,
    faults: Faults,
) -> Outcome {
    let app = TestApp::start().await;
    let (users, groups, members) = size;
    let outcome = {
        let target = target(&app, provider.slug).await;
        let pace = Pace::default();
        let play =
            Play { provider, dialect, seed: 1, users, groups, members, faults, pace: &pace, keeps: false };
        story::play(&target, story, &play, &|_| ()).await.expect("the state can be read")
    };
    app.finish().await;
    outcome
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

/// A test for each IdP, and one that none is missing.
macro_rules! every_story {
    ($($slug:ident),* $(,)?) => {
        mod every_story {
            $(
                #[tokio::test]
                async fn $slug() {
                    super::play_all(&stringify!($slug).replace('_', "-")).await;
                }
            )*
        }
    };
}

every_story! {
    okta, entra, google, onelogin, jumpcloud, pingone, pingfederate, generic,
}
