//! Text is ours: what is equal, what is kept and what is found never depends on an engine.

use lockstep_core::command::Command;
use lockstep_core::query::Lookup;
use lockstep_core::rules::Rules;
use lockstep_core::version::Precondition;
use lockstep_scim::text;
use serde_json::json;

use super::kit::{self, Tenant, object, organization, status, user_body};
use crate::Store;

/// No two of these are the same userName.
const DIFFERENT: [&str; 19] = [
    "ada",
    "a%a",
    "a_a",
    "a\\a",
    "a'a",
    "a\"a",
    "a;--",
    "a\u{0}a",
    "a\u{0}b",
    "\u{1f469}\u{200d}\u{1f52c}",
    "\u{1f469}",
    "\u{20000}",
    "\u{10ffff}",
    "\u{fffd}",
    "ı",
    "i",
    "ö",
    "o",
    "\u{feff}ada",
];

/// The two of each pair are the same userName.
const SAME: [(&str, &str); 7] = [
    ("Ada.Lovelace", "ADA.LOVELACE"),
    ("straße", "STRASSE"),
    ("STRAẞE2", "strasse2"),
    ("caf\u{e9}", "CAFE\u{301}"),
    ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ("\u{212b}ngstrom", "\u{e5}ngstrom"),
    ("İstanbul", "i\u{307}stanbul"),
];

/// So are these, and only as userNames: blanks around it and width do not make another person.
const SAME_PERSON: [(&str, &str); 2] = [("grace", " grace "), ("ＨＯＰＰＥＲ", "hopper")];

pub async fn names_that_differ_are_different_people(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    for name in DIFFERENT {
        let body = json!({
            "userName": name, "externalId": name, "displayName": name, "emails": [{ "value": name }],
        });
        let user = tenant.create_user_of(body).await;
        assert_eq!(tenant.user(user.id).await.user.user_name(), name, "it is kept as it was given");
    }
    for name in DIFFERENT {
        let key = text::user_name_key(name);
        for lookup in [
            Lookup::UserName(key.clone()),
            Lookup::ExternalId(name.into()),
            Lookup::DisplayName(key.clone()),
            Lookup::Email(key.clone()),
        ] {
            let found = tenant.users_by(lookup.clone()).await;
            assert_eq!(found.len(), 1, "{lookup:?}");
            assert_eq!(tenant.user(found[0]).await.user.user_name(), name);
        }
    }
}

pub async fn names_that_are_compared_equal_are_one_person(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    for (one, other) in SAME.into_iter().chain(SAME_PERSON) {
        let user = tenant.create_user(one).await;
        let twin = tenant.submit(Command::CreateUser(object(user_body(other)))).await;
        assert_eq!(status(&twin), 409, "{one} and {other}");
        assert_eq!(tenant.users_by(Lookup::UserName(text::user_name_key(other))).await, [user.id]);
    }
}

pub async fn external_ids_are_exact(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    for (index, (one, other)) in SAME.into_iter().enumerate() {
        for (side, id) in [one, other].into_iter().enumerate() {
            let body = json!({ "userName": format!("{index}-{side}"), "externalId": id });
            let user = tenant.create_user_of(body).await;
            let key = text::compose(id).into_owned();
            assert_eq!(tenant.users_by(Lookup::ExternalId(key)).await, [user.id]);
        }
    }
}

pub async fn an_external_id_is_one_however_it_is_composed(store: impl Store) {
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    let found = || Lookup::ExternalId(composed.into());
    for (number, one, other) in [(1, composed, decomposed), (2, decomposed, composed)] {
        let rules = Rules { unique_external_ids: true, ..Rules::default() };
        let tenant =
            Tenant::create_with(&store, kit::row(number), kit::token(u8::try_from(number).unwrap()), rules)
                .await;
        let user = tenant.create_user_of(json!({ "userName": "ada", "externalId": one })).await;
        let group = tenant.create_group_of(json!({ "displayName": "g", "externalId": one })).await;
        assert_eq!(tenant.user(user.id).await.user.external_id(), Some(one), "it is kept as it was given");
        assert_eq!(tenant.users_by(found()).await, [user.id]);
        assert_eq!(tenant.groups_by(found()).await, [group.id]);
        let twin = object(json!({ "userName": "bob", "externalId": other }));
        assert_eq!(status(&tenant.submit(Command::CreateUser(twin)).await), 409);
        let twin = object(json!({ "displayName": "h", "externalId": other }));
        assert_eq!(status(&tenant.submit(Command::CreateGroup(twin)).await), 409);
        // What is its own it may write otherwise.
        let body = object(json!({ "userName": "ada", "externalId": other }));
        tenant.must(Command::ReplaceUser(user.id, body, Precondition::None)).await;
        let body = object(json!({ "displayName": "g", "externalId": other }));
        tenant.must(Command::ReplaceGroup(group.id, body, Precondition::None)).await;
        assert_eq!(tenant.users_by(found()).await, [user.id]);
        assert_eq!(tenant.groups_by(found()).await, [group.id]);
    }
}

pub async fn group_names_follow_the_same_rule(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    for name in DIFFERENT {
        let group = tenant.create_group(name, &[]).await;
        assert_eq!(tenant.groups_by(Lookup::DisplayName(text::user_name_key(name))).await, [group.id]);
    }
    for (one, other) in SAME {
        tenant.create_group(one, &[]).await;
        let twin = tenant.submit(Command::CreateGroup(object(json!({ "displayName": other })))).await;
        assert_eq!(status(&twin), 409, "{one} and {other}");
    }
}

pub async fn any_text_survives_the_way_there_and_back(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    for (index, text) in DIFFERENT.into_iter().chain(SAME.into_iter().map(|(one, _)| one)).enumerate() {
        let user = tenant.create_user_of(json!({ "userName": format!("u{index}"), "title": text })).await;
        assert_eq!(tenant.user(user.id).await.user.doc["title"], text);
        let mut row = organization(index as u128);
        row.name = text.into();
        row.external_id = Some(text.into());
        row.metadata.insert(text.into(), text.into());
        store.put_organization(row.clone()).await.unwrap();
        assert_eq!(store.organization_by_external_id(text).await.unwrap(), Some(row));
    }
}

pub async fn a_long_name_is_kept_whole(store: impl Store) {
    let tenant = Tenant::create(&store, 1).await;
    let long = "é".repeat(20_000);
    for name in [long.clone(), format!("{long}x")] {
        let user = tenant.create_user(&name).await;
        assert_eq!(tenant.user(user.id).await.user.user_name(), name);
        assert_eq!(tenant.users_by(Lookup::UserName(text::user_name_key(&name))).await, [user.id]);
    }
}
