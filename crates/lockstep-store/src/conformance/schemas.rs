//! A directory's own schemas: kept, and followed by what is stored in steps that nothing interrupts.

use lockstep_core::command::Command;
use lockstep_core::event::EventType;
use lockstep_core::id::LocalId;
use lockstep_core::limits::SWEEP_STEP_LIMIT;
use lockstep_core::query::Kind;
use lockstep_core::schemas::{OwnSchemas, SchemaChange};
use lockstep_scim::Limits;
use lockstep_scim::schema::Schema;
use serde_json::json;

use super::Backend;
use super::kit::{self, Handles, Tenant, object, together};
use crate::{Store, Work};

const URN: &str = "urn:example:badge:1.0:User";

fn define(kind: Kind) -> Command {
    let schema =
        json!({ "id": URN, "name": "Badge", "attributes": [{ "name": "colour", "caseExact": true }] });
    let schema = Schema::from_json(&schema, &Limits::default()).unwrap();
    Command::ChangeSchemas(Box::new(SchemaChange::Define { schema, kind, required: false }))
}

fn remove() -> Command {
    Command::ChangeSchemas(Box::new(SchemaChange::Remove(URN.to_owned())))
}

/// Makes so many users with a value under the schema.
async fn with_values<S: Store>(tenant: &Tenant<S>, count: usize) -> Vec<LocalId> {
    let tenant = tenant.fresh().await;
    together((0..count).map(|index| {
        let (tenant, body) = (tenant.clone(), json!({ "userName": format!("user{index}") }));
        async move {
            let mut body = object(body);
            body.insert(URN.into(), json!({ "colour": "red" }));
            kit::user_in(tenant.must(Command::CreateUser(body)).await).id
        }
    }))
    .await
}

pub async fn a_directory_keeps_its_schemas(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let other = Tenant::create(&store, 2).await;
    assert_eq!(store.schemas(tenant.number).await.unwrap(), OwnSchemas::default());
    let epoch = store.epoch();
    tenant.must(define(Kind::Group)).await;
    assert!(store.epoch() > epoch);
    let kept = store.schemas(tenant.number).await.unwrap();
    let own = kept.find(URN).unwrap();
    assert_eq!((own.kind, own.required), (Kind::Group, false));
    assert!(own.schema.attribute("colour").unwrap().case_exact);
    assert_eq!(store.schemas(other.number).await.unwrap(), OwnSchemas::default());
    tenant.must(remove()).await;
    let kept = store.schemas(tenant.number).await.unwrap();
    assert!(kept.list.is_empty());
    assert_eq!(kept.retired, [URN]);
    assert!(store.work(10).await.unwrap().is_empty(), "nothing is stored that had to follow");
    tenant.must(Command::DeleteDirectory).await;
    while store.clear(tenant.number, 5).await.unwrap() {}
    assert_eq!(store.schemas(tenant.number).await.unwrap(), OwnSchemas::default());
}

pub async fn a_removed_schemas_values_go_in_steps_while_others_write(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    tenant.must(define(Kind::User)).await;
    let ids = with_values(&tenant, SWEEP_STEP_LIMIT + 20).await;
    tenant.must(remove()).await;
    assert_eq!(store.work(10).await.unwrap(), [Work::Sweep(tenant.number)]);
    let before = tenant.last_seq().await;
    let writer = tenant.fresh().await;
    let (mut index, mut steps) = (0, 0);
    while !store.work(1).await.unwrap().is_empty() {
        let title = json!([{ "op": "replace", "path": "title", "value": format!("t{index}") }]);
        let worker = tenant.fresh().await;
        let (patched, swept) =
            tokio::join!(writer.patch_user(ids[index * 7], title), worker.submit(Command::Sweep));
        patched.unwrap();
        swept.unwrap();
        (index, steps) = (index + 1, steps + 1);
    }
    assert_eq!(steps, 3, "a full step, the rest, the groups");
    for id in &ids {
        assert!(!tenant.user(*id).await.user.doc.contains_key(URN));
    }
    let told = tenant.event_types().await;
    let updates = told.iter().filter(|kind| **kind == EventType::UserUpdated).count();
    assert!(updates >= ids.len() && updates as u64 == tenant.last_seq().await - before);
}

pub async fn a_sweep_that_a_stop_interrupted_goes_on<B: Backend>(backend: B) {
    let store = backend.open(Handles::from_seed(1)).await;
    let tenant = Tenant::create(&store, 1).await;
    tenant.must(define(Kind::User)).await;
    let ids = with_values(&tenant, SWEEP_STEP_LIMIT + 20).await;
    tenant.must(remove()).await;
    tenant.fresh().await.must(Command::Sweep).await;
    let (last, number) = (tenant.last_seq().await, tenant.number);
    drop((store, tenant));

    let store = backend.open(Handles::from_seed(2)).await;
    let tenant = Tenant::of(&store, number, lockstep_core::rules::Rules::default());
    assert_eq!(store.work(10).await.unwrap(), [Work::Sweep(number)]);
    assert_eq!(tenant.last_seq().await, last);
    assert_eq!(tenant.work_off(100).await, 2, "it goes on where it stood");
    assert_eq!(tenant.last_seq().await, last + 20);
    for id in ids {
        assert!(!tenant.user(id).await.user.doc.contains_key(URN));
    }
    kit::check(&store).await;
}
