//! What outlives the process: everything that was acknowledged, and everything that was begun.

use lockstep_core::command::Command;
use lockstep_core::query::Lookup;

use super::Backend;
use super::kit::{self, Handles, Tenant, organization, together};
use crate::{Store, Work};

/// Opens the database with handles that no store before had.
async fn open<B: Backend>(backend: &B, turn: u64) -> B::Store {
    backend.open(Handles::from_seed(turn)).await
}

pub async fn what_was_acknowledged_is_there_after_a_stop<B: Backend>(backend: B) {
    let store = open(&backend, 1).await;
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(50).await;
    tenant.create_group("g", &users).await;
    store.put_organization(organization(1)).await.unwrap();
    store.put_master_key_mark([7; 16]).await.unwrap();
    let before = kit::dump(&store).await;
    store.stop().await;
    drop((store, tenant));

    let store = open(&backend, 2).await;
    assert_eq!(kit::dump(&store).await, before);
    assert_eq!(store.organization(organization(1).id).await.unwrap(), Some(organization(1)));
    assert!(store.token([1; 32]).await.unwrap().is_some());
    assert_eq!(store.master_key_mark().await.unwrap(), Some([7; 16]));
    kit::check(&store).await;
}

pub async fn what_was_acknowledged_is_there_without_a_stop<B: Backend>(backend: B) {
    let mut expected = 0;
    for turn in 0..5 {
        let store = open(&backend, turn).await;
        let tenant = if turn == 0 {
            Tenant::create(&store, 1).await
        } else {
            Tenant::of(&store, lockstep_core::id::DirectoryNumber(1), lockstep_core::rules::Rules::default())
        };
        let made = together((0..20).map(|index| {
            let tenant = tenant.clone();
            async move { tenant.create_user(&format!("{turn}-{index}")).await.id }
        }))
        .await;
        expected += made.len();
        assert_eq!(tenant.users_by(Lookup::All).await.len(), expected);
        assert_eq!(tenant.last_seq().await, expected as u64 + 1, "numbers go on where they stood");
        kit::check(&store).await;
    }
}

pub async fn a_group_that_was_ending_goes_on_ending<B: Backend>(backend: B) {
    let store = open(&backend, 1).await;
    let tenant = Tenant::create(&store, 1).await;
    let users = tenant.create_users(2_500).await;
    let group = tenant.create_group("all", &users).await;
    tenant.delete_group(group.id).await.unwrap();
    let number = tenant.number;
    drop((store, tenant));

    let store = open(&backend, 2).await;
    assert_eq!(store.work(10).await.unwrap(), [Work::EndGroup(number, group.id)]);
    assert_eq!(store.group(number, group.id, true).await.unwrap(), None);
    kit::check(&store).await;
    let tenant = Tenant::of(&store, number, lockstep_core::rules::Rules::default());
    tenant.must(Command::EndGroup(group.id)).await;
    drop((store, tenant));

    let store = open(&backend, 3).await;
    let tenant = Tenant::of(&store, number, lockstep_core::rules::Rules::default());
    assert_eq!(tenant.work_off(100).await, 1);
    assert!(tenant.user(users[2_400]).await.groups.is_empty());
    assert_eq!(tenant.last_seq().await, 1 + 2_500 + 2_501 + 2_501);
    kit::check(&store).await;
}

pub use super::mapping::what_is_made_anew_goes_on_after_a_stop;
pub use super::schemas::a_sweep_that_a_stop_interrupted_goes_on;

pub async fn a_directory_that_was_being_cleared_goes_on_being_cleared<B: Backend>(backend: B) {
    let store = open(&backend, 1).await;
    let tenant = Tenant::create(&store, 1).await;
    tenant.create_users(20).await;
    tenant.must(Command::DeleteDirectory).await;
    assert!(store.clear(tenant.number, 5).await.unwrap());
    let number = tenant.number;
    drop((store, tenant));

    let store = open(&backend, 2).await;
    assert_eq!(store.work(10).await.unwrap(), [Work::Clear(number)]);
    while store.clear(number, 5).await.unwrap() {}
    assert!(store.work(10).await.unwrap().is_empty());
    drop(store);

    let store = open(&backend, 3).await;
    assert!(store.work(10).await.unwrap().is_empty());
    kit::check(&store).await;
}

pub async fn positions_go_on_where_they_stood<B: Backend>(backend: B) {
    let mut last = crate::Position(0);
    for turn in 0..3_u8 {
        let store = open(&backend, turn.into()).await;
        let tenant = Tenant::create(&store, turn + 1).await;
        let event = tenant.events().await.pop().unwrap();
        assert!(event.position > last);
        last = event.position;
        assert_eq!(store.position(event.record.id()).await.unwrap(), Some(last));
    }
}
