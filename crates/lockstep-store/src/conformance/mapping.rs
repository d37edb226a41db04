//! What is mapped: kept for a directory and by an organization, and followed by what is made of users in steps that nothing
//! interrupts.

use lockstep_core::command::Command;
use lockstep_core::event::{Change, EventType};
use lockstep_core::id::{LocalId, OrganizationId, RequestId};
use lockstep_core::limits::SWEEP_STEP_LIMIT;
use lockstep_core::mapping::{
    AttributeMapping, AttributeType, DirectoryMapping, MappedAttribute, MappedRole, MappingChange,
    RoleMapping, STANDARD_VERSION,
};
use lockstep_core::model::Directory;
use serde_json::{Value, json};

use super::Backend;
use super::kit::{self, Handles, Tenant};
use crate::{OrganizationMapping, Store, StoreError, Work};

fn attributes(list: &[(&str, &str)]) -> AttributeMapping {
    let mapped = |path: &str| MappedAttribute {
        path: path.to_owned(),
        attribute_type: AttributeType::String,
        required: false,
    };
    list.iter().map(|(name, path)| ((*name).to_owned(), Some(mapped(path)))).collect()
}

fn own(list: &[(&str, &str)]) -> Command {
    Command::ChangeMapping(Box::new(MappingChange::Own(attributes(list))))
}

fn give(slug: &str, group: LocalId) -> Command {
    let roles = vec![MappedRole { slug: slug.to_owned(), groups: [group].into() }];
    let mapping = RoleMapping { roles, default_role: None, multiple_roles: true };
    Command::ChangeMapping(Box::new(MappingChange::Roles(mapping)))
}

async fn directory<S: Store>(tenant: &Tenant<S>) -> Directory {
    tenant.store.directory(tenant.number).await.unwrap().unwrap().0
}

async fn attribute<S: Store>(tenant: &Tenant<S>, user: LocalId, name: &str) -> Option<Value> {
    tenant.user(user).await.user.projection().attributes.get(name).cloned()
}

pub async fn a_directory_keeps_what_is_mapped_for_it(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let other = Tenant::create(&store, 2).await;
    assert_eq!(store.mapping(tenant.number).await.unwrap(), DirectoryMapping::default());
    let (epoch, group) = (store.epoch(), tenant.create_group("Staff", &[]).await.id);
    tenant.must(own(&[("rank", "title")])).await;
    tenant.must(give("editor", group)).await;
    assert!(store.epoch() > epoch, "what was cached of it is read again");
    let kept = store.mapping(tenant.number).await.unwrap();
    assert_eq!(kept.own, attributes(&[("rank", "title")]));
    assert_eq!((kept.roles.roles.len(), kept.roles.multiple_roles), (1, true));
    let row = directory(&tenant).await;
    assert_eq!((row.maps_roles, row.terms_version, row.sweep), (true, 1, None), "nobody is there to follow");
    assert_eq!(store.mapping(other.number).await.unwrap(), DirectoryMapping::default());
    assert!(!directory(&other).await.maps_roles);
    tenant.must(Command::DeleteDirectory).await;
    while store.clear(tenant.number, 5).await.unwrap() {}
    assert_eq!(store.mapping(tenant.number).await.unwrap(), DirectoryMapping::default());
}

pub async fn what_is_made_of_a_user_is_kept_and_told(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let ann = tenant.create_user_of(json!({ "userName": "ann", "title": "Head" })).await.id;
    let staff = tenant.create_group("Staff", &[]).await.id;
    tenant.must(give("editor", staff)).await;
    tenant.work_off(100).await;
    let before = tenant.user(ann).await.user;
    tenant.add_members(staff, &[ann]).await.unwrap();
    let after = tenant.user(ann).await.user;
    let made = after.projection.clone().unwrap();
    assert_eq!(
        (made.attributes["job_title"].as_str(), made.roles),
        (Some("Head"), vec!["editor".to_owned()])
    );
    assert_eq!((before.doc_seq, before.modified_at), (after.doc_seq, after.modified_at), "what SCIM shows");
    assert!(before.seq < after.seq && before.updated_at < after.updated_at);
    let events = tenant.events().await;
    let last = &events[events.len() - 1].record;
    let Change::User(EventType::UserUpdated, _, told) = &last.change else { panic!("{last:?}") };
    assert_eq!((told.projection.clone(), last.seq), (after.projection, after.seq));
    assert_eq!(told.projection_before.as_ref().unwrap().roles, Vec::<String>::new());
}

pub async fn a_changed_mapping_is_followed_in_steps_while_others_write(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let ids = tenant.create_users(SWEEP_STEP_LIMIT + 20).await;
    let staff = tenant.create_group("Staff", &ids).await.id;
    tenant.must(own(&[("name", "userName"), ("rank", "title")])).await;
    tenant.must(give("editor", staff)).await;
    assert_eq!(store.work(10).await.unwrap(), [Work::Sweep(tenant.number)]);
    let before = tenant.last_seq().await;
    let writer = tenant.fresh().await;
    let (mut index, mut steps) = (0, 0);
    while !store.work(1).await.unwrap().is_empty() {
        let title = json!([{ "op": "replace", "path": "title", "value": format!("t{index}") }]);
        let worker = tenant.fresh().await;
        let (patched, left, swept) = tokio::join!(
            writer.patch_user(ids[index * 7], title),
            writer.remove_member(staff, ids[index * 7 + 1]),
            worker.submit(Command::Sweep)
        );
        for answer in [patched, left, swept] {
            answer.unwrap();
        }
        (index, steps) = (index + 1, steps + 1);
    }
    assert_eq!(steps, 2, "a full step and the rest");
    for id in &ids {
        assert!(attribute(&tenant, *id, "name").await.is_some());
    }
    assert_eq!(attribute(&tenant, ids[7], "rank").await, Some(json!("t1")));
    let told = tenant.event_types().await;
    let updates = told[usize::try_from(before).unwrap()..].iter();
    assert!(updates.filter(|kind| **kind == EventType::UserUpdated).count() >= ids.len());
}

pub async fn a_directory_that_is_behind_is_found_until_it_is_made_anew(store: impl Store) {
    let row = Directory { standard_version: STANDARD_VERSION - 1, ..kit::row(1) };
    let rules = lockstep_core::rules::Rules::default();
    let tenant = Tenant::create_with(&store, row, kit::token(1), rules).await;
    Tenant::create(&store, 2).await;
    tenant.create_user("ann").await;
    assert_eq!(store.work(10).await.unwrap(), [Work::Reproject(tenant.number)]);
    tenant.must(Command::Reproject).await;
    assert_eq!(store.work(10).await.unwrap(), [Work::Sweep(tenant.number)]);
    tenant.work_off(100).await;
    assert_eq!(directory(&tenant).await.standard_version, STANDARD_VERSION);
    assert!(store.work(10).await.unwrap().is_empty());
}

pub async fn what_an_organization_maps_is_handed_to_its_directories(store: impl Store) {
    let (id, request) = (OrganizationId(1), RequestId(77));
    let rank = attributes(&[("rank", "title")]);
    let refused = store.put_organization_mapping(id, rank.clone(), request).await;
    assert_eq!(refused, Err(StoreError::NotFound { what: "organization" }));
    store.put_organization(kit::organization(1)).await.unwrap();
    store.put_organization(kit::organization(2)).await.unwrap();
    assert_eq!(store.organization_mapping(id).await.unwrap(), OrganizationMapping::default());

    let tenant = Tenant::create(&store, 1).await;
    let row = Directory { organization: OrganizationId(2), ..kit::row(2) };
    let rules = lockstep_core::rules::Rules::default();
    let other = Tenant::create_with(&store, row, kit::token(2), rules).await;
    let ann = tenant.create_user_of(json!({ "userName": "ann", "title": "Head" })).await.id;
    let known = store.put_organization_mapping(id, rank.clone(), request).await.unwrap();
    assert_eq!((known.attributes.clone(), known.request), (rank.clone(), Some(request)));
    assert_eq!(store.work(10).await.unwrap(), [Work::SpreadMapping(id)]);
    tenant.work_off(100).await;
    assert_eq!(attribute(&tenant, ann, "rank").await, Some(json!("Head")));
    assert_eq!(store.mapping(other.number).await.unwrap(), DirectoryMapping::default());
    assert!(store.organization_mapping(id).await.unwrap().is_everywhere());
    assert_eq!(
        store.put_organization_mapping(id, rank.clone(), RequestId(78)).await.unwrap().request,
        Some(request)
    );
    assert!(store.work(10).await.unwrap().is_empty(), "what changes nothing begins nothing");

    // Changed while it is handed on: what was handed on is no longer all.
    let next = attributes(&[("grade", "title")]);
    let began = store.put_organization_mapping(id, next.clone(), RequestId(79)).await.unwrap();
    store.put_organization_mapping(id, rank.clone(), RequestId(80)).await.unwrap();
    store.note_mapping_spread(id, began.version).await.unwrap();
    assert_eq!(store.work(10).await.unwrap(), [Work::SpreadMapping(id)]);
    tenant.work_off(100).await;
    // Noted late by somebody who did it twice.
    store.note_mapping_spread(id, began.version).await.unwrap();
    assert!(store.organization_mapping(id).await.unwrap().is_everywhere());
    assert_eq!(store.mapping(tenant.number).await.unwrap().organization, rank);
}

pub async fn a_directory_that_comes_without_what_its_organization_maps_gets_it(store: impl Store) {
    let id = OrganizationId(1);
    store.put_organization(kit::organization(1)).await.unwrap();
    let known =
        store.put_organization_mapping(id, attributes(&[("rank", "title")]), RequestId(1)).await.unwrap();
    store.note_mapping_spread(id, known.version).await.unwrap();
    assert!(store.work(10).await.unwrap().is_empty());
    // Read before the organization mapped anything, written afterwards.
    let tenant = Tenant::create(&store, 1).await;
    assert_eq!(store.work(10).await.unwrap(), [Work::SpreadMapping(id)]);
    // Whoever handed it on to the others then has not handed it on to this one.
    store.note_mapping_spread(id, known.version).await.unwrap();
    assert_eq!(store.work(10).await.unwrap(), [Work::SpreadMapping(id)]);
    tenant.work_off(100).await;
    assert_eq!(store.mapping(tenant.number).await.unwrap().organization, known.attributes);
    // One that has it from the first needs nothing more.
    let new = lockstep_core::command::NewDirectory {
        directory: kit::row(2),
        token: kit::token(2),
        mapping: known.attributes.clone(),
        domains: Vec::new(),
        receipt: None,
    };
    let other = Tenant::of(&store, kit::row(2).id.directory, lockstep_core::rules::Rules::default());
    other.must(Command::CreateDirectory(Box::new(new))).await;
    assert_eq!(store.mapping(other.number).await.unwrap().organization, known.attributes);
    assert_eq!(directory(&other).await.terms_version, 1);
    assert!(store.work(10).await.unwrap().is_empty());
}

pub async fn what_is_made_anew_goes_on_after_a_stop<B: Backend>(backend: B) {
    let store = backend.open(Handles::from_seed(1)).await;
    let tenant = Tenant::create(&store, 1).await;
    let ids = tenant.create_users(SWEEP_STEP_LIMIT + 20).await;
    let staff = tenant.create_group("Staff", &ids).await.id;
    tenant.must(own(&[("name", "userName")])).await;
    tenant.must(give("editor", staff)).await;
    tenant.fresh().await.must(Command::Sweep).await;
    let (last, number) = (tenant.last_seq().await, tenant.number);
    drop((store, tenant));

    let store = backend.open(Handles::from_seed(2)).await;
    let tenant = Tenant::of(&store, number, lockstep_core::rules::Rules::default());
    assert_eq!(store.work(10).await.unwrap(), [Work::Sweep(number)]);
    assert_eq!(tenant.last_seq().await, last);
    assert_eq!(tenant.work_off(100).await, 1, "it goes on where it stood");
    assert_eq!(tenant.last_seq().await, last + 20);
    for id in ids {
        assert!(attribute(&tenant, id, "name").await.is_some());
        assert_eq!(tenant.user(id).await.user.projection().roles, ["editor"]);
    }
    kit::check(&store).await;
}
