//! Bearer tokens: whose they are, until when, what they were last used for, and that revoking one is at once.

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{ClientId, DirectoryNumber, TokenId};
use lockstep_core::model::Token;
use lockstep_core::scope::{Scope, Scopes};

use super::kit::{START, Tenant, token};
use crate::{Order, Page, Store, StoreError, TokenUse};

const SECOND: i64 = 1_000_000;

/// So many seconds after the start.
fn after(seconds: i64) -> Timestamp {
    Timestamp(START.0 + seconds * SECOND)
}

/// A token that was issued to a client and expires so many seconds after the start.
fn issued(number: u8, client: u128, expires: i64) -> Token {
    Token { client: Some(ClientId(client)), expires_at: Some(after(expires)), ..token(number) }
}

async fn ids(store: &impl Store, tenant: DirectoryNumber, client: Option<u128>) -> Vec<u128> {
    let found = store.tokens(tenant, client.map(ClientId), Page::first(100)).await.unwrap();
    found.into_iter().map(|token| token.id.0).collect()
}

pub async fn a_token_is_known_until_it_is_revoked(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let other = Tenant::create(&store, 2).await;
    assert_eq!(store.token([1; 32]).await.unwrap(), Some((tenant.number, token(1))));
    let before = store.epoch();
    store.put_token(tenant.number, token(7)).await.unwrap();
    assert!(store.epoch() > before, "what was cached must be read again");
    assert_eq!(store.token([7; 32]).await.unwrap(), Some((tenant.number, token(7))));
    let taken = StoreError::Conflict { what: "token" };
    assert_eq!(store.put_token(other.number, token(7)).await, Err(taken));

    let before = store.epoch();
    assert!(!store.revoke_token(other.number, TokenId(7)).await.unwrap(), "it is not this directory's");
    assert_eq!(store.epoch(), before);
    assert!(store.revoke_token(tenant.number, TokenId(7)).await.unwrap());
    assert!(store.epoch() > before);
    assert!(!store.revoke_token(tenant.number, TokenId(7)).await.unwrap());
    assert_eq!(store.token([7; 32]).await.unwrap(), None);
    assert_eq!(store.token([1; 32]).await.unwrap(), Some((tenant.number, token(1))));
    assert_eq!(ids(&store, tenant.number, None).await, [1]);
    let missing = StoreError::NotFound { what: "directory" };
    assert_eq!(store.put_token(DirectoryNumber(99), token(8)).await, Err(missing));
}

pub async fn a_token_is_kept_as_it_was_given(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let whole = Token {
        name: Some("Key of \u{1f947}".into()),
        scopes: [Scope::Read, Scope::NoDelete].into_iter().collect(),
        expires_at: Some(after(60)),
        last_used_at: Some(after(3)),
        client: Some(ClientId(u128::MAX)),
        id: TokenId(u128::MAX),
        ..token(7)
    };
    let all = Token { scopes: Scope::ALL.into_iter().collect::<Scopes>(), ..token(8) };
    for given in [whole, all] {
        store.put_token(tenant.number, given.clone()).await.unwrap();
        assert_eq!(store.token(given.digest).await.unwrap(), Some((tenant.number, given.clone())));
        let listed = store.tokens(tenant.number, given.client, Page::first(9)).await.unwrap();
        assert!(listed.contains(&given));
    }
}

pub async fn an_expired_token_is_found_and_says_so(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let given = Token { expires_at: Some(after(60)), ..token(7) };
    store.put_token(tenant.number, given).await.unwrap();
    let (_, found) = store.token([7; 32]).await.unwrap().unwrap();
    assert!(found.is_alive(after(59)));
    assert!(!found.is_alive(after(60)), "the end is the first moment at which it is not accepted");
}

pub async fn every_page_of_tokens_holds_what_it_must(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    Tenant::create(&store, 200).await;
    for number in 2..=5 {
        store.put_token(tenant.number, token(number)).await.unwrap();
    }
    let list = async |page| {
        let found = store.tokens(tenant.number, None, page).await.unwrap();
        found.into_iter().map(|token| token.id.0).collect::<Vec<_>>()
    };
    let (first, id) = (Page::<TokenId>::first(2), |number| Some(TokenId(number)));
    assert_eq!(list(Page::first(9)).await, [1, 2, 3, 4, 5]);
    assert_eq!(list(first.clone()).await, [1, 2]);
    assert_eq!(list(Page { after: id(2), ..first.clone() }).await, [3, 4]);
    assert_eq!(list(Page { after: id(5), ..first.clone() }).await, [0_u128; 0]);
    assert_eq!(list(Page { before: id(4), ..first.clone() }).await, [2, 3]);
    let newest = Page { order: Order::Descending, ..first };
    assert_eq!(list(newest.clone()).await, [5, 4]);
    assert_eq!(list(Page { after: id(4), ..newest.clone() }).await, [3, 2]);
    assert_eq!(list(Page { before: id(2), ..newest }).await, [4, 3]);
    assert_eq!(ids(&store, DirectoryNumber(99), None).await, [0_u128; 0]);
}

pub async fn a_clients_tokens_are_listed_and_revoked_apart(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let other = Tenant::create(&store, 2).await;
    for (number, client) in [(3, 7), (4, 7), (5, 8)] {
        store.put_token(tenant.number, issued(number, client, 60)).await.unwrap();
    }
    store.put_token(other.number, issued(6, 7, 60)).await.unwrap();
    assert_eq!(ids(&store, tenant.number, None).await, [1]);
    assert_eq!(ids(&store, tenant.number, Some(7)).await, [3, 4]);

    let before = store.epoch();
    assert_eq!(store.revoke_tokens_of(tenant.number, ClientId(9)).await.unwrap(), 0);
    assert_eq!(store.epoch(), before);
    assert_eq!(store.revoke_tokens_of(tenant.number, ClientId(7)).await.unwrap(), 2);
    assert!(store.epoch() > before);
    assert_eq!(store.token([3; 32]).await.unwrap(), None);
    assert_eq!(ids(&store, tenant.number, Some(7)).await, [0_u128; 0]);
    assert_eq!(ids(&store, tenant.number, Some(8)).await, [5]);
    assert_eq!(ids(&store, tenant.number, None).await, [1]);
    assert_eq!(ids(&store, other.number, Some(7)).await, [6]);
}

pub async fn a_tokens_last_use_never_goes_back(store: impl Store) {
    let one = Tenant::create(&store, 1).await;
    let two = Tenant::create(&store, 2).await;
    let used = |tenant: DirectoryNumber, token, at| TokenUse {
        directory: tenant,
        token: TokenId(token),
        at: after(at),
    };
    let last = async |digest| store.token([digest; 32]).await.unwrap().unwrap().1.last_used_at;
    let before = store.epoch();
    assert_eq!(last(1).await, None);
    store.touch_tokens(vec![used(one.number, 1, 10), used(two.number, 2, 20)]).await.unwrap();
    assert_eq!((last(1).await, last(2).await), (Some(after(10)), Some(after(20))));
    store.touch_tokens(vec![used(one.number, 1, 9), used(two.number, 2, 21)]).await.unwrap();
    assert_eq!((last(1).await, last(2).await), (Some(after(10)), Some(after(21))));
    // Neither one that is gone nor another directory's.
    store.touch_tokens(vec![used(one.number, 2, 99), used(one.number, 77, 99)]).await.unwrap();
    store.touch_tokens(Vec::new()).await.unwrap();
    assert_eq!((last(1).await, last(2).await), (Some(after(10)), Some(after(21))));
    assert_eq!(store.token([77; 32]).await.unwrap(), None);
    assert_eq!(store.epoch(), before, "what a token grants has not changed");
}

pub async fn expired_tokens_of_clients_are_removed_in_steps_and_others_stay(store: impl Store) {
    let one = Tenant::create(&store, 1).await;
    let two = Tenant::create(&store, 2).await;
    for number in 10..15 {
        store.put_token(one.number, issued(number, 7, 60)).await.unwrap();
    }
    store.put_token(two.number, issued(20, 8, 30)).await.unwrap();
    store.put_token(two.number, issued(21, 8, 61)).await.unwrap();
    store.put_token(two.number, Token { client: Some(ClientId(8)), ..token(22) }).await.unwrap();
    store.put_token(two.number, Token { expires_at: Some(after(1)), ..token(23) }).await.unwrap();

    let before = store.epoch();
    assert!(!store.remove_expired_tokens(after(29), 4).await.unwrap());
    assert_eq!(store.epoch(), before);
    assert!(store.remove_expired_tokens(after(60), 4).await.unwrap(), "a step is bounded");
    assert!(store.epoch() > before, "should the clock go back, none of them comes back");
    assert!(!store.remove_expired_tokens(after(60), 4).await.unwrap());
    assert_eq!(ids(&store, one.number, Some(7)).await, [0_u128; 0]);
    assert_eq!(ids(&store, two.number, Some(8)).await, [21, 22]);
    assert_eq!(ids(&store, one.number, None).await, [1]);
    assert_eq!(ids(&store, two.number, None).await, [2, 23]);
}
