//! What applications record: API keys, organizations with their domains, and requests that come again.

use lockstep_core::client::{OAuthClient, Proof};
use lockstep_core::clock::Timestamp;
use lockstep_core::command::{Command, NewDirectory, Refusal};
use lockstep_core::event::{Change, ToldDomain};
use lockstep_core::id::{ApiKeyId, ClientId, DirectoryNumber, DomainId, OrganizationId, RequestId, TokenId};
use lockstep_core::mapping::AttributeMapping;
use lockstep_core::model::{ApiKey, Directory, DomainState, Organization, OrganizationDomain, Reach, Token};
use lockstep_core::receipt::{Receipt, ReceiptKey};
use lockstep_core::rules::Rules;
use lockstep_core::scope::Scopes;

use super::kit::{self, START, Tenant, api_key, organization, token};
use crate::{
    DirectoryQuery, Entered, Entry, EventQuery, KeyRemoval, KeyUse, Order, OrganizationMapping, Page, Store,
    StoreError, Work,
};

const SECOND: i64 = 1_000_000;

/// So many seconds after the start.
fn after(seconds: i64) -> Timestamp {
    Timestamp(START.0 + seconds * SECOND)
}

fn receipt(number: u8, seconds: i64) -> Receipt {
    Receipt {
        key: ReceiptKey { caller: ApiKeyId(1), digest: [number; 32] },
        fingerprint: [number; 32],
        answer: vec![number; 3],
        at: after(seconds),
    }
}

fn domain(number: u128, name: &str) -> OrganizationDomain {
    OrganizationDomain {
        id: DomainId(number),
        name: name.to_owned(),
        state: DomainState::Pending,
        created_at: START,
        updated_at: START,
    }
}

fn with_domains(number: u128, domains: &[OrganizationDomain]) -> Organization {
    Organization { domains: domains.to_vec(), ..organization(number) }
}

async fn keys(store: &impl Store) -> Vec<u128> {
    store.api_keys(Page::first(100)).await.unwrap().into_iter().map(|key| key.id.0).collect()
}

async fn tokens(store: &impl Store, tenant: DirectoryNumber) -> Vec<u128> {
    let found = store.tokens(tenant, None, Page::first(100)).await.unwrap();
    found.into_iter().map(|token| token.id.0).collect()
}

async fn add_key(store: &impl Store, key: ApiKey, max: usize) -> Entered {
    store.enter(Entry::ApiKey { key, max }, None).await.unwrap()
}

pub async fn an_api_key_is_kept_as_it_was_given(store: impl Store) {
    let whole = ApiKey {
        id: ApiKeyId(u128::MAX),
        name: Some("Key of \u{1f947}".into()),
        shown: "lockstep_key_…abcd".into(),
        reach: Reach::Organizations(vec![OrganizationId(7)]),
        read_only: true,
        expires_at: Some(after(60)),
        last_used_at: Some(after(3)),
        ..api_key(9)
    };
    for given in [api_key(1), whole] {
        let before = store.epoch();
        store.put_api_key(given.clone()).await.unwrap();
        assert!(store.epoch() > before);
        assert_eq!(store.api_key(given.digest).await.unwrap(), Some(given.clone()));
        assert!(store.api_keys(Page::first(9)).await.unwrap().contains(&given));
    }
}

pub async fn every_page_of_api_keys_holds_what_it_must(store: impl Store) {
    for number in 1..=5 {
        store.put_api_key(api_key(number)).await.unwrap();
    }
    let list = async |page| {
        let found = store.api_keys(page).await.unwrap();
        found.into_iter().map(|key| key.id.0).collect::<Vec<_>>()
    };
    let (first, id) = (Page::<ApiKeyId>::first(2), |number| Some(ApiKeyId(number)));
    assert_eq!(list(first.clone()).await, [1, 2]);
    assert_eq!(list(Page { after: id(2), ..first.clone() }).await, [3, 4]);
    assert_eq!(list(Page { before: id(4), ..first.clone() }).await, [2, 3]);
    let newest = Page { order: Order::Descending, ..first };
    assert_eq!(list(newest.clone()).await, [5, 4]);
    assert_eq!(list(Page { after: id(4), ..newest }).await, [3, 2]);
}

pub async fn a_removed_api_key_is_none_again(store: impl Store) {
    store.put_api_key(api_key(1)).await.unwrap();
    store.put_api_key(api_key(2)).await.unwrap();
    let before = store.epoch();
    assert_eq!(store.remove_api_key(ApiKeyId(2)).await.unwrap(), KeyRemoval::Done);
    assert!(store.epoch() > before);
    assert_eq!(store.api_key([2; 32]).await.unwrap(), None);
    let before = store.epoch();
    assert_eq!(store.remove_api_key(ApiKeyId(2)).await.unwrap(), KeyRemoval::Missing);
    assert_eq!(store.epoch(), before);
    let again = ApiKey { id: ApiKeyId(3), ..api_key(2) };
    assert_eq!(store.put_api_key(again).await, Err(StoreError::Conflict { what: "api_key" }));
    assert_eq!(keys(&store).await, [1]);
}

pub async fn one_key_from_which_nothing_is_kept_remains(store: impl Store) {
    store.put_api_key(api_key(1)).await.unwrap();
    let others = [
        ApiKey { read_only: true, ..api_key(2) },
        ApiKey { expires_at: Some(after(9)), ..api_key(3) },
        ApiKey { reach: Reach::Organizations(vec![OrganizationId(7)]), ..api_key(4) },
    ];
    for other in others {
        store.put_api_key(other).await.unwrap();
    }
    assert_eq!(store.remove_api_key(ApiKeyId(1)).await.unwrap(), KeyRemoval::Last);
    let ending = ApiKey { expires_at: Some(after(9)), ..api_key(5) };
    let rotate = |key| Entry::RotatedApiKey { old: ApiKeyId(1), old_ends_at: after(0), key, max: 9 };
    assert_eq!(store.enter(rotate(ending), None).await.unwrap(), Entered::LastKey);
    assert_eq!(store.api_key([1; 32]).await.unwrap(), Some(api_key(1)));
    for number in 2..=4 {
        assert_eq!(store.remove_api_key(ApiKeyId(number)).await.unwrap(), KeyRemoval::Done);
    }
    assert_eq!(store.enter(rotate(api_key(6)), None).await.unwrap(), Entered::Done);
    assert_eq!(store.remove_api_key(ApiKeyId(1)).await.unwrap(), KeyRemoval::Done);
    assert_eq!(store.remove_api_key(ApiKeyId(6)).await.unwrap(), KeyRemoval::Last);
}

pub async fn of_api_keys_an_expired_one_gives_way_and_none_that_lives(store: impl Store) {
    store.put_api_key(api_key(1)).await.unwrap();
    for number in [2, 3] {
        store.put_api_key(ApiKey { expires_at: Some(after(9)), ..api_key(number) }).await.unwrap();
    }
    let at = |number, seconds| ApiKey { created_at: after(seconds), ..api_key(number) };
    assert_eq!(add_key(&store, at(4, 8), 3).await, Entered::Full);
    assert_eq!(keys(&store).await, [1, 2, 3]);
    assert_eq!(add_key(&store, at(4, 9), 3).await, Entered::Done);
    assert_eq!(keys(&store).await, [1, 3, 4]);
    assert_eq!(store.put_api_key(api_key(2)).await, Err(StoreError::Conflict { what: "api_key" }));
    assert_eq!(add_key(&store, at(5, 9), 4).await, Entered::Done);
}

pub async fn a_rotated_api_key_lives_on_for_a_while(store: impl Store) {
    store.put_api_key(api_key(1)).await.unwrap();
    let before = store.epoch();
    let rotate = |old, seconds, number, max| Entry::RotatedApiKey {
        old: ApiKeyId(old),
        old_ends_at: after(seconds),
        key: api_key(number),
        max,
    };
    assert_eq!(store.enter(rotate(1, 60, 2, 9), None).await.unwrap(), Entered::Done);
    assert!(store.epoch() > before);
    let end = async |digest| store.api_key([digest; 32]).await.unwrap().unwrap().expires_at;
    assert_eq!((end(1).await, end(2).await), (Some(after(60)), None));
    // It ends earlier, never later.
    assert_eq!(store.enter(rotate(1, 99, 3, 9), None).await.unwrap(), Entered::Done);
    assert_eq!(end(1).await, Some(after(60)));
    assert_eq!(store.enter(rotate(8, 60, 4, 9), None).await.unwrap(), Entered::Stale);
    // Where there is no room, the one that ends now gives way, and one that lives on does not.
    assert_eq!(store.enter(rotate(3, 60, 4, 3), None).await.unwrap(), Entered::Full);
    assert_eq!(end(3).await, None);
    assert_eq!(store.enter(rotate(3, 0, 4, 3), None).await.unwrap(), Entered::Done);
    assert_eq!(keys(&store).await, [1, 2, 4]);
}

pub async fn an_api_keys_last_use_never_goes_back(store: impl Store) {
    store.put_api_key(api_key(1)).await.unwrap();
    let before = store.epoch();
    let used = |key, seconds| KeyUse { key: ApiKeyId(key), at: after(seconds) };
    for (uses, last) in
        [(vec![used(1, 10)], 10), (vec![used(1, 9)], 10), (vec![used(2, 99), used(1, 11)], 11)]
    {
        store.touch_api_keys(uses).await.unwrap();
        let found = store.api_key([1; 32]).await.unwrap().unwrap();
        assert_eq!(found.last_used_at, Some(after(last)));
    }
    assert_eq!(store.epoch(), before, "what a key grants has not changed");
}

pub async fn a_rotated_token_lives_on_for_a_while(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let other = Tenant::create(&store, 2).await;
    let rotate = |directory, old, seconds, number, max| Entry::RotatedToken {
        directory,
        old: TokenId(old),
        old_ends_at: after(seconds),
        token: token(number),
        max,
    };
    let before = store.epoch();
    let foreign = rotate(other.number, 1, 60, 7, 9);
    assert_eq!(store.enter(foreign, None).await.unwrap(), Entered::Stale);
    assert_eq!(store.epoch(), before);
    assert_eq!(store.enter(rotate(tenant.number, 1, 60, 7, 9), None).await.unwrap(), Entered::Done);
    assert!(store.epoch() > before);
    let end = async |digest| store.token([digest; 32]).await.unwrap().unwrap().1.expires_at;
    assert_eq!((end(1).await, end(7).await), (Some(after(60)), None));
    assert_eq!(store.enter(rotate(tenant.number, 7, 60, 8, 2), None).await.unwrap(), Entered::Full);
    assert_eq!(end(7).await, None);
    assert_eq!(store.enter(rotate(tenant.number, 7, 0, 8, 2), None).await.unwrap(), Entered::Done);
    assert_eq!(tokens(&store, tenant.number).await, [1, 8]);
    // What was issued to a client is the client's to renew.
    let issued = Token { client: Some(ClientId(3)), ..token(9) };
    store.put_token(tenant.number, issued).await.unwrap();
    assert_eq!(store.enter(rotate(tenant.number, 9, 60, 10, 9), None).await.unwrap(), Entered::Stale);
}

pub async fn of_tokens_an_expired_one_gives_way_and_none_that_lives(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    store.put_token(tenant.number, Token { expires_at: Some(after(9)), ..token(2) }).await.unwrap();
    store.put_token(tenant.number, Token { client: Some(ClientId(3)), ..token(3) }).await.unwrap();
    let add = async |number, seconds| {
        let token = Token { created_at: after(seconds), ..token(number) };
        store.enter(Entry::Token { directory: tenant.number, token, max: 2 }, None).await.unwrap()
    };
    assert_eq!(add(4, 8).await, Entered::Full);
    assert_eq!(tokens(&store, tenant.number).await, [1, 2]);
    assert_eq!(add(4, 9).await, Entered::Done);
    assert_eq!(tokens(&store, tenant.number).await, [1, 4]);
    assert_eq!(store.tokens(tenant.number, Some(ClientId(3)), Page::first(9)).await.unwrap().len(), 1);
    let adds = (10..40).map(|number| {
        let entry = Entry::Token { directory: tenant.number, token: token(number), max: 12 };
        store.enter(entry, None)
    });
    for add in adds {
        add.await.unwrap();
    }
    assert_eq!(tokens(&store, tenant.number).await.len(), 12);
}

pub async fn there_are_never_more_clients_than_may_be(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let add = |number: u128| {
        let client = OAuthClient {
            id: ClientId(number),
            name: None,
            proof: Proof::Secret { digest: [1; 32] },
            scopes: Scopes::EVERYTHING,
            created_at: START,
        };
        let entry = Entry::Client { directory: tenant.number, client, max: 3 };
        let store = store.clone();
        tokio::spawn(async move { store.enter(entry, None).await.unwrap() })
    };
    let adding: Vec<_> = (1..=8).map(add).collect();
    let mut done = 0;
    for added in adding {
        done += usize::from(added.await.unwrap() == Entered::Done);
    }
    assert_eq!(done, 3);
    assert_eq!(store.clients(tenant.number, Page::first(9)).await.unwrap().len(), 3);
}

pub async fn an_organization_keeps_its_domains(store: impl Store) {
    let verified = OrganizationDomain { state: DomainState::Verified, ..domain(2, "acme.test") };
    let row = Organization {
        allow_profiles_outside_organization: true,
        stripe_customer_id: Some("cus_1".into()),
        external_id: Some("1".into()),
        ..with_domains(1, &[domain(1, "acme.example"), verified])
    };
    store.put_organization(row.clone()).await.unwrap();
    store.put_organization(organization(2)).await.unwrap();
    assert_eq!(store.organization(row.id).await.unwrap(), Some(row.clone()));
    assert_eq!(store.organization_by_external_id("1").await.unwrap(), Some(row.clone()));
    assert_eq!(store.organizations(Page::first(9)).await.unwrap(), [row.clone(), organization(2)]);
    assert_eq!(store.organization_of_domain(DomainId(2)).await.unwrap(), Some(row.clone()));
    assert_eq!(store.organization_of_domain(DomainId(3)).await.unwrap(), None);
    let by = async |names: &[&str]| {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        store.organizations_with_domains(names).await.unwrap()
    };
    assert_eq!(by(&["acme.test", "acme.example", "else.test"]).await, std::slice::from_ref(&row));
    assert_eq!(by(&["else.test"]).await, []);

    let fewer = Organization { domains: vec![row.domains[1].clone()], ..row.clone() };
    assert!(store.replace_organization(row.clone(), fewer.clone()).await.unwrap());
    assert!(
        !store.replace_organization(row, organization(1)).await.unwrap(),
        "its domains changed meanwhile"
    );
    assert_eq!(store.organization(fewer.id).await.unwrap(), Some(fewer));
    assert_eq!(by(&["acme.example"]).await, []);
}

pub async fn a_domain_is_one_organizations_alone(store: impl Store) {
    let one = with_domains(1, &[domain(1, "acme.test")]);
    store.put_organization(one.clone()).await.unwrap();
    store.put_organization(organization(2)).await.unwrap();
    let taken = Err(StoreError::Conflict { what: "domain" });
    for domains in [[domain(5, "acme.test")], [domain(1, "else.test")]] {
        assert_eq!(store.put_organization(with_domains(3, &domains)).await, taken.clone());
        assert_eq!(
            store.replace_organization(organization(2), with_domains(2, &domains)).await,
            taken.clone().map(|()| true)
        );
    }
    assert_eq!(store.organization(OrganizationId(2)).await.unwrap(), Some(organization(2)));
    assert_eq!(store.organization(OrganizationId(3)).await.unwrap(), None);
    assert!(store.replace_organization(one, organization(1)).await.unwrap());
    store.put_organization(with_domains(3, &[domain(5, "acme.test")])).await.unwrap();
}

pub async fn a_deleted_organization_is_gone_at_once(store: impl Store) {
    let row = Organization { external_id: Some("1".into()), ..with_domains(1, &[domain(1, "acme.test")]) };
    store.put_organization(row.clone()).await.unwrap();
    let limited = |list: &[u128]| ApiKey {
        reach: Reach::Organizations(list.iter().copied().map(OrganizationId).collect()),
        ..api_key(2)
    };
    store.put_api_key(limited(&[1, 2])).await.unwrap();
    let mapping = AttributeMapping::from([("job_title".to_owned(), None)]);
    store.put_organization_mapping(row.id, mapping, RequestId(1)).await.unwrap();
    let (before, request) = (store.epoch(), RequestId(9));
    assert!(store.end_organization(row.id, request).await.unwrap());
    assert!(store.epoch() > before, "what was cached of its directories and keys must be read again");
    assert!(!store.end_organization(row.id, request).await.unwrap());
    assert!(!store.end_organization(OrganizationId(8), request).await.unwrap());
    assert_eq!(store.api_key([2; 32]).await.unwrap(), Some(limited(&[2])));
    assert_eq!(store.organization(row.id).await.unwrap(), None);
    assert_eq!(store.organization_by_external_id("1").await.unwrap(), None);
    assert_eq!(store.organization_of_domain(DomainId(1)).await.unwrap(), None);
    assert_eq!(store.organizations(Page::first(9)).await.unwrap(), []);
    assert_eq!(store.organization_mapping(row.id).await.unwrap(), OrganizationMapping::default());
    assert_eq!(
        store.work(9).await.unwrap(),
        [Work::EndOrganization(row.id, request)],
        "nothing is handed on"
    );
    assert!(!store.replace_organization(row.clone(), row.clone()).await.unwrap());
    let gone = StoreError::NotFound { what: "organization" };
    assert_eq!(store.put_organization(row.clone()).await, Err(gone));
    // What was its own is free.
    store.put_organization(Organization { id: OrganizationId(3), ..row }).await.unwrap();
    assert!(store.clear_organization(OrganizationId(1)).await.unwrap());
}

pub async fn a_deleted_organization_ends_with_its_last_directory(store: impl Store) {
    store.put_organization(organization(1)).await.unwrap();
    store.put_organization(organization(2)).await.unwrap();
    let tenants = [Tenant::create(&store, 1).await, Tenant::create(&store, 2).await];
    let foreign = Directory { organization: OrganizationId(2), ..kit::row(3) };
    Tenant::create_with(&store, foreign.clone(), token(3), Rules::default()).await;
    let (id, request) = (OrganizationId(1), RequestId(9));
    assert!(store.end_organization(id, request).await.unwrap());
    let list = async |organizations| {
        let query = DirectoryQuery { organizations, search: None };
        let found = store.directories(query, Page::first(9)).await.unwrap();
        found.into_iter().map(|(row, _)| row.id.directory.0).collect::<Vec<_>>()
    };
    assert_eq!(list(None).await, [3], "its directories are listed no more");
    assert_eq!(list(Some(vec![id])).await, [1, 2], "and yet found by whoever ends them");
    let new = Tenant::of(&store, DirectoryNumber(4), Rules::default());
    let command = kit::creation(kit::row(4), token(4));
    assert_eq!(new.submit(command).await.err(), Some(Refusal::NoOrganization));

    for tenant in tenants {
        assert!(store.work(9).await.unwrap().contains(&Work::EndOrganization(id, request)));
        assert!(!store.clear_organization(id).await.unwrap());
        tenant.must(Command::DeleteDirectory).await;
    }
    assert!(store.clear_organization(id).await.unwrap());
    assert!(!store.work(9).await.unwrap().contains(&Work::EndOrganization(id, request)));
    assert_eq!(list(None).await, [3]);
    let again = Tenant::of(&store, DirectoryNumber(5), Rules::default());
    let command = kit::creation(kit::row(5), token(5));
    assert_eq!(again.submit(command).await.err(), Some(Refusal::NoOrganization));
}

pub async fn a_request_that_comes_again_changes_nothing(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    store.put_api_key(api_key(1)).await.unwrap();
    let entries = |number: u8| {
        let directory = tenant.number;
        [
            Entry::Organization(Box::new(organization(number.into()))),
            Entry::Token { directory, token: token(number), max: 99 },
            Entry::RotatedToken {
                directory,
                old: TokenId(1),
                old_ends_at: after(9),
                token: token(number + 50),
                max: 99,
            },
            Entry::ApiKey { key: api_key(number), max: 99 },
            Entry::Nothing,
        ]
    };
    for (kind, (first, second)) in entries(10).into_iter().zip(entries(20)).enumerate() {
        let kept = receipt(u8::try_from(kind).unwrap(), 5);
        assert_eq!(store.receipt(kept.key, START).await.unwrap(), None);
        assert_eq!(store.enter(first, Some(kept.clone())).await.unwrap(), Entered::Done);
        assert_eq!(store.receipt(kept.key, START).await.unwrap(), Some(kept.clone()));
        let again = Receipt { answer: vec![9], at: after(6), ..kept.clone() };
        let epoch = store.epoch();
        assert_eq!(store.enter(second, Some(again)).await.unwrap(), Entered::Repeated);
        assert_eq!(store.epoch(), epoch);
        assert_eq!(store.receipt(kept.key, START).await.unwrap(), Some(kept.clone()));
        let stranger = ReceiptKey { caller: ApiKeyId(2), ..kept.key };
        assert_eq!(store.receipt(stranger, START).await.unwrap(), None);
    }
    assert_eq!(store.organization(OrganizationId(20)).await.unwrap(), None);
    assert_eq!(tokens(&store, tenant.number).await, [1, 10, 60]);
    assert_eq!(keys(&store).await, [1, 10]);
}

pub async fn of_one_request_that_comes_twice_at_once_one_is_carried_out(store: impl Store) {
    let send = |number: u128| {
        let (entry, store) = (Entry::Organization(Box::new(organization(number))), store.clone());
        tokio::spawn(async move { store.enter(entry, Some(receipt(1, 1))).await.unwrap() })
    };
    let sent: Vec<_> = (1..=16).map(send).collect();
    let mut done = 0;
    for sent in sent {
        done += usize::from(sent.await.unwrap() == Entered::Done);
    }
    assert_eq!(done, 1);
    assert_eq!(store.organizations(Page::first(99)).await.unwrap().len(), 1);
}

pub async fn a_receipt_counts_for_a_day_and_is_removed_in_steps(store: impl Store) {
    const DAY: i64 = 24 * 60 * 60;
    let add = async |number: u128, receipt| {
        let entry = Entry::Organization(Box::new(organization(number)));
        store.enter(entry, Some(receipt)).await.unwrap()
    };
    assert_eq!(add(1, receipt(1, 0)).await, Entered::Done);
    assert_eq!(add(2, receipt(1, DAY - 1)).await, Entered::Repeated);
    assert_eq!(add(3, receipt(1, DAY)).await, Entered::Done, "the day is over");
    assert_eq!(store.receipt(receipt(1, 0).key, START).await.unwrap(), Some(receipt(1, DAY)));
    for number in 2..=5 {
        assert_eq!(add(number.into(), receipt(number, 7)).await, Entered::Done);
    }
    assert!(!store.remove_receipts(after(6), 3).await.unwrap());
    assert!(store.remove_receipts(after(7), 3).await.unwrap(), "a step is bounded");
    assert!(!store.remove_receipts(after(7), 3).await.unwrap());
    for number in 2..=5 {
        assert_eq!(store.receipt(receipt(number, 0).key, START).await.unwrap(), None);
    }
    assert!(store.receipt(receipt(1, 0).key, START).await.unwrap().is_some());
}

pub async fn a_directory_is_made_once_by_one_request(store: impl Store) {
    let told = ToldDomain { id: DomainId(7), name: "acme.test".into() };
    let new = |directory: Directory, number: u8, kept| {
        Command::CreateDirectory(Box::new(NewDirectory {
            directory,
            token: token(number),
            mapping: AttributeMapping::default(),
            domains: vec![told.clone()],
            receipt: Some(kept),
        }))
    };
    let tenant = Tenant::of(&store, DirectoryNumber(1), Rules::default());
    tenant.must(new(kit::row(1), 1, receipt(1, 5))).await;
    assert_eq!(store.receipt(receipt(1, 5).key, START).await.unwrap(), Some(receipt(1, 5)));
    let events = store.events(EventQuery { limit: 9, ..EventQuery::default() }).await.unwrap();
    let Change::Activated(activated) = &events[0].record.change else { panic!("it begins with another") };
    assert_eq!(activated.domains, std::slice::from_ref(&told));
    // By the same number, and by another.
    let again = new(kit::row(1), 2, receipt(1, 6));
    assert_eq!(tenant.submit(again).await.err(), Some(Refusal::Repeated));
    let elsewhere = Tenant::of(&store, DirectoryNumber(2), Rules::default());
    let again = new(kit::row(2), 2, receipt(1, 6));
    assert_eq!(elsewhere.submit(again).await.err(), Some(Refusal::Repeated));
    // A request of another name finds the number taken.
    let other = new(kit::row(1), 2, receipt(2, 6));
    assert_eq!(tenant.submit(other).await.err(), Some(Refusal::NumberTaken));
    assert_eq!(store.receipt(receipt(2, 6).key, START).await.unwrap(), None);
    assert_eq!(store.token([2; 32]).await.unwrap(), None);
}

pub async fn what_is_refused_leaves_no_receipt(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    store.put_organization(with_domains(1, &[domain(1, "acme.test")])).await.unwrap();
    let taken = Entry::Organization(Box::new(with_domains(2, &[domain(2, "acme.test")])));
    let conflict = StoreError::Conflict { what: "domain" };
    assert_eq!(store.enter(taken, Some(receipt(1, 1))).await, Err(conflict));
    let full = Entry::Token { directory: tenant.number, token: token(7), max: 1 };
    assert_eq!(store.enter(full, Some(receipt(1, 1))).await.unwrap(), Entered::Full);
    let stale = Entry::Replacement { before: Box::new(organization(1)), after: Box::new(organization(1)) };
    assert_eq!(store.enter(stale, Some(receipt(1, 1))).await.unwrap(), Entered::Stale);
    assert_eq!(store.receipt(receipt(1, 1).key, START).await.unwrap(), None);
    assert_eq!(tokens(&store, tenant.number).await, [1]);
}
