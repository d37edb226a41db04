//! When an issuer is asked for its keys, and what holds meanwhile.

use std::collections::VecDeque;

use lockstep_core::clock::ManualClock;
use lockstep_testkit::Signer;
use serde_json::json;

use super::*;

const URL: &str = "https://issuer.example.com/keys";

/// Answers what it was given, in that order, and counts.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Result<Vec<u8>, OutboundError>>>,
    asked: Mutex<usize>,
}

impl Script {
    fn then(&self, answer: Result<Vec<u8>, OutboundError>) {
        self.answers.lock().unwrap().push_back(answer);
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

impl KeySource for Script {
    fn fetch<'a>(&'a self, _url: &'a str) -> Fetching<'a> {
        *self.asked.lock().unwrap() += 1;
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move {
            tokio::task::yield_now().await;
            answer.unwrap_or(Err(OutboundError::Status(500)))
        })
    }
}

fn set(names: &[&str]) -> Vec<u8> {
    let keys: Vec<_> = names.iter().map(|name| Signer::ed25519(name).jwk()).collect();
    json!({ "keys": keys }).to_string().into_bytes()
}

fn start() -> (Arc<Script>, IssuerKeys, ManualClock) {
    let script = Arc::new(Script::default());
    (script.clone(), IssuerKeys::from(script), ManualClock::at(Timestamp(1_795_262_400_000_000)))
}

fn pass(clock: &ManualClock, time: Duration) {
    clock.advance(i64::try_from(time.as_micros()).unwrap());
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_when_they_have_aged() {
    let (script, keys, clock) = start();
    script.then(Ok(set(&["a"])));
    script.then(Ok(set(&["b"])));
    for _ in 0..3 {
        assert!(keys.key(&clock, URL, Some("a")).await.is_ok());
    }
    assert_eq!(script.asked(), 1);
    pass(&clock, ISSUER_KEYS_FRESH_WAIT);
    // A key that its issuer no longer publishes is none.
    assert_eq!(keys.key(&clock, URL, Some("a")).await, Err(NoKey::Unknown));
    assert!(keys.key(&clock, URL, Some("b")).await.is_ok());
    assert_eq!(script.asked(), 2);
}

#[tokio::test]
async fn an_unknown_name_asks_again_and_at_most_once_a_minute() {
    let (script, keys, clock) = start();
    script.then(Ok(set(&["a"])));
    keys.key(&clock, URL, Some("a")).await.unwrap();
    for _ in 0..10 {
        assert_eq!(keys.key(&clock, URL, Some("x")).await, Err(NoKey::Unknown));
    }
    assert_eq!(script.asked(), 1);
    pass(&clock, ISSUER_KEYS_RETRY_WAIT);
    script.then(Ok(set(&["a", "x"])));
    assert!(keys.key(&clock, URL, Some("x")).await.is_ok());
    assert!(keys.key(&clock, URL, Some("a")).await.is_ok());
    assert_eq!(script.asked(), 2);
}

#[tokio::test]
async fn what_was_fetched_is_used_for_a_day_where_the_issuer_does_not_answer() {
    let (script, keys, clock) = start();
    script.then(Ok(set(&["a"])));
    keys.key(&clock, URL, Some("a")).await.unwrap();
    pass(&clock, ISSUER_KEYS_FRESH_WAIT);
    script.then(Ok(b"no set of keys".to_vec()));
    assert!(keys.key(&clock, URL, Some("a")).await.is_ok());
    assert!(keys.key(&clock, URL, Some("a")).await.is_ok());
    assert_eq!(script.asked(), 2);
    pass(&clock, ISSUER_KEYS_KEPT_LIMIT);
    assert!(matches!(keys.key(&clock, URL, Some("a")).await, Err(NoKey::Unavailable(_))));
}

#[tokio::test]
async fn an_issuer_that_never_answered_is_no_fault_of_the_token() {
    let (script, keys, clock) = start();
    let expected = Err(NoKey::Unavailable("the answer's status was 404".into()));
    script.then(Err(OutboundError::Status(404)));
    assert_eq!(keys.key(&clock, URL, Some("a")).await, expected);
    assert_eq!(keys.key(&clock, URL, Some("a")).await, expected);
    assert_eq!(script.asked(), 1);
    // Another issuer is another matter.
    script.then(Ok(set(&["a"])));
    assert!(keys.key(&clock, "https://other.example.com/keys", Some("a")).await.is_ok());
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let (script, keys, clock) = start();
    script.then(Ok(set(&["a"])));
    let all = (0..16).map(|_| keys.key(&clock, URL, Some("a")));
    let mut all: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        all.retain_mut(|key| key.as_mut().poll(context).map(|key| assert!(key.is_ok())).is_pending());
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    assert_eq!(script.asked(), 1);
}

#[tokio::test]
async fn no_more_issuers_are_remembered_than_the_bound() {
    let (script, keys, clock) = start();
    for number in 0..=ISSUER_KEY_SETS_LIMIT {
        let _ = keys.key(&clock, &format!("https://{number}.example.com/"), None).await;
    }
    assert_eq!(keys.slots.lock().unwrap().len(), 1);
    assert_eq!(script.asked(), ISSUER_KEY_SETS_LIMIT + 1);
}
