//! OAuth clients: whose they are, what is issued to them, and that nothing outlives them.

use lockstep_core::client::{OAuthClient, Proof, UsedAssertion};
use lockstep_core::clock::Timestamp;
use lockstep_core::command::Command;
use lockstep_core::id::{ClientId, DirectoryNumber, TokenId};
use lockstep_core::model::Token;
use lockstep_core::scope::{Scope, Scopes};

use super::kit::{START, Tenant, token};
use crate::{Issue, Issued, Order, Page, Store, StoreError};

fn client(id: u128) -> OAuthClient {
    OAuthClient {
        id: ClientId(id),
        name: None,
        proof: Proof::Secret { digest: [9; 32] },
        scopes: Scopes::EVERYTHING,
        created_at: START,
    }
}

/// So many seconds after the start.
fn after(seconds: i64) -> Timestamp {
    Timestamp(START.0 + seconds * 1_000_000)
}

/// A token for this client, issued so many seconds after the start.
fn issue(number: u8, client: u128, at: i64) -> Issue {
    let token = Token {
        client: Some(ClientId(client)),
        created_at: after(at),
        expires_at: Some(after(at + 3_600)),
        ..token(number)
    };
    Issue { token, assertion: None, tokens_max: 3, assertions_max: 2 }
}

/// The same, asked for with this assertion, which is of use for ten seconds.
fn shown(number: u8, client: u128, assertion: u8, at: i64) -> Issue {
    let used = UsedAssertion { digest: [assertion; 32], expires_at: after(at + 10) };
    Issue { assertion: Some(used), ..issue(number, client, at) }
}

async fn tokens_of(store: &impl Store, tenant: DirectoryNumber, client: u128) -> Vec<u128> {
    let found = store.tokens(tenant, Some(ClientId(client)), Page::first(100)).await.unwrap();
    found.into_iter().map(|token| token.id.0).collect()
}

pub async fn a_client_is_kept_as_it_was_given(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let proofs = [
        Proof::Secret { digest: [255; 32] },
        Proof::Keys { jwks: "{\"keys\":[]}".into() },
        Proof::Issuer {
            issuer: "issuer".into(),
            tenant: "t\u{1f947}".into(),
            audience: "a".into(),
            application: Some(String::new()),
        },
        Proof::Issuer { issuer: "i".into(), tenant: "t".into(), audience: "a".into(), application: None },
    ];
    for (id, proof) in [u128::MAX, 1, 2, 3].into_iter().zip(proofs) {
        let whole = OAuthClient {
            name: Some("IdP of \u{1f947}".into()),
            scopes: [Scope::Users, Scope::NoDelete].into_iter().collect(),
            proof,
            ..client(id)
        };
        store.put_client(tenant.number, whole.clone()).await.unwrap();
        assert_eq!(store.client(whole.id).await.unwrap(), Some((tenant.number, whole.clone())));
        assert!(store.clients(tenant.number, Page::first(9)).await.unwrap().contains(&whole));
    }
}

pub async fn a_client_is_of_its_directory_only(store: impl Store) {
    let (one, two) = (Tenant::create(&store, 1).await, Tenant::create(&store, 2).await);
    store.put_client(one.number, client(1)).await.unwrap();
    let taken = StoreError::Conflict { what: "client" };
    assert_eq!(store.put_client(two.number, client(1)).await, Err(taken));
    let missing = StoreError::NotFound { what: "directory" };
    assert_eq!(store.put_client(DirectoryNumber(99), client(2)).await, Err(missing.clone()));
    assert_eq!(store.clients(two.number, Page::first(9)).await.unwrap(), []);
    assert_eq!(store.client(ClientId(2)).await.unwrap(), None);
    assert_eq!(store.issue_token(two.number, issue(7, 1, 0)).await.unwrap(), Issued::NoClient);
    assert!(!store.remove_client(two.number, ClientId(1)).await.unwrap());
    assert!(store.client(ClientId(1)).await.unwrap().is_some());

    two.must(Command::DeleteDirectory).await;
    assert_eq!(store.put_client(two.number, client(3)).await, Err(missing));
}

pub async fn clients_are_listed_by_their_ids(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    for id in [5, 1, 1 << 127, 3] {
        store.put_client(tenant.number, client(id)).await.unwrap();
    }
    let ids = async |page: Page<ClientId>| -> Vec<u128> {
        store.clients(tenant.number, page).await.unwrap().into_iter().map(|client| client.id.0).collect()
    };
    assert_eq!(ids(Page::first(9)).await, [1, 3, 5, 1 << 127]);
    assert_eq!(ids(Page { after: Some(ClientId(1)), ..Page::first(2) }).await, [3, 5]);
    let descending = Page { order: Order::Descending, ..Page::first(2) };
    assert_eq!(ids(descending).await, [1 << 127, 5]);
}

pub async fn a_removed_client_takes_its_tokens_along(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    for id in [1, 2] {
        store.put_client(tenant.number, client(id)).await.unwrap();
    }
    let before = store.epoch();
    assert_eq!(store.issue_token(tenant.number, issue(7, 1, 0)).await.unwrap(), Issued::Done);
    assert_eq!(store.issue_token(tenant.number, issue(8, 2, 0)).await.unwrap(), Issued::Done);
    assert_eq!(store.epoch(), before, "nothing that was cached is wrong because of another token");
    assert_eq!(store.token([7; 32]).await.unwrap(), Some((tenant.number, issue(7, 1, 0).token)));

    assert!(store.remove_client(tenant.number, ClientId(1)).await.unwrap());
    assert!(store.epoch() > before);
    assert_eq!(store.token([7; 32]).await.unwrap(), None);
    assert!(store.token([8; 32]).await.unwrap().is_some());
    assert!(store.token([1; 32]).await.unwrap().is_some(), "it was not the client's");
    assert!(!store.remove_client(tenant.number, ClientId(1)).await.unwrap());
    // It asked before, and is late.
    assert_eq!(store.issue_token(tenant.number, issue(9, 1, 0)).await.unwrap(), Issued::NoClient);
    assert_eq!(store.token([9; 32]).await.unwrap(), None);
    // Also without any token of it the caches must know: an issuer's token is kept nowhere.
    let before = store.epoch();
    store.put_client(tenant.number, client(3)).await.unwrap();
    assert!(store.remove_client(tenant.number, ClientId(3)).await.unwrap());
    assert!(store.epoch() > before);
}

pub async fn nothing_is_issued_for_a_deleted_directory(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    store.put_client(tenant.number, client(1)).await.unwrap();
    tenant.must(Command::DeleteDirectory).await;
    assert_eq!(store.issue_token(tenant.number, issue(7, 1, 0)).await.unwrap(), Issued::NoClient);
    tenant.work_off(9).await;
    assert_eq!(store.issue_token(tenant.number, issue(7, 1, 0)).await.unwrap(), Issued::NoClient);
}

pub async fn of_a_clients_tokens_the_oldest_go(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    for id in [1, 2] {
        store.put_client(tenant.number, client(id)).await.unwrap();
    }
    store.issue_token(tenant.number, issue(200, 2, 0)).await.unwrap();
    for number in 10..13 {
        store.issue_token(tenant.number, issue(number, 1, 0)).await.unwrap();
    }
    let before = store.epoch();
    assert_eq!(tokens_of(&store, tenant.number, 1).await, [10, 11, 12]);
    assert_eq!(store.issue_token(tenant.number, issue(13, 1, 0)).await.unwrap(), Issued::Done);
    assert_eq!(tokens_of(&store, tenant.number, 1).await, [11, 12, 13]);
    assert!(store.epoch() > before, "the oldest may be cached");
    assert_eq!(tokens_of(&store, tenant.number, 2).await, [200]);
    let taken = StoreError::Conflict { what: "token" };
    assert_eq!(store.issue_token(tenant.number, issue(200, 1, 0)).await, Err(taken));
}

pub async fn an_assertion_is_good_for_once(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    for id in [1, 2] {
        store.put_client(tenant.number, client(id)).await.unwrap();
    }
    let issued = async |issue: Issue| store.issue_token(tenant.number, issue).await.unwrap();
    assert_eq!(issued(shown(10, 1, 1, 0)).await, Issued::Done);
    assert_eq!(issued(shown(11, 1, 1, 5)).await, Issued::UsedBefore);
    assert_eq!(store.token([11; 32]).await.unwrap(), None);
    // Another client's is another one, whatever it is called.
    assert_eq!(issued(shown(12, 2, 1, 5)).await, Issued::Done);
    // No more are remembered than may be, until they have expired.
    assert_eq!(issued(shown(13, 1, 2, 5)).await, Issued::Done);
    assert_eq!(issued(shown(14, 1, 3, 9)).await, Issued::TooManyAssertions);
    assert_eq!(issued(issue(14, 1, 9)).await, Issued::Done);
    assert_eq!(issued(shown(15, 1, 3, 10)).await, Issued::Done);
    assert_eq!(issued(shown(16, 1, 2, 10)).await, Issued::UsedBefore);
}

pub async fn of_two_that_show_one_assertion_at_once_one_is_refused(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    store.put_client(tenant.number, client(1)).await.unwrap();
    let (left, right) = tokio::join!(
        store.issue_token(tenant.number, shown(10, 1, 1, 0)),
        store.issue_token(tenant.number, shown(11, 1, 1, 0))
    );
    let mut outcomes = [left.unwrap(), right.unwrap()];
    outcomes.sort_by_key(|outcome| *outcome != Issued::Done);
    assert_eq!(outcomes, [Issued::Done, Issued::UsedBefore]);
    let found = store.tokens(tenant.number, Some(ClientId(1)), Page::first(9)).await.unwrap();
    assert!(matches!(found.as_slice(), [Token { id: TokenId(10 | 11), .. }]), "{found:?}");
}
