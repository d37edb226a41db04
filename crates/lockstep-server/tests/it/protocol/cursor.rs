//! Paging by cursor (RFC 9865): exact while others write, bound to who asked what, and nothing else.

use std::collections::BTreeMap;

use lockstep_core::clock::{Random, Sequence};
use lockstep_core::command::{Command, Envelope};
use lockstep_core::id::{DirectoryId, TokenId, UserId};
use lockstep_core::model::Token;
use lockstep_core::version::Precondition;
use lockstep_scim::patch;
use lockstep_server::limits::{CURSOR_TIMEOUT, HISTORY_EVENTS_LIMIT};
use lockstep_server::state::digest_of;
use lockstep_store::Store;
use lockstep_testkit::{Answer, CLOCK_START, ScimClient, TestApp};
use serde_json::{Value, json};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

async fn ask(idp: &ScimClient, path: &str, parameters: &[(&str, &str)]) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    idp.scim("GET", &format!("{path}?{query}"), Value::Null).await
}

/// A page of a walk: the question, and the cursor.
async fn page(idp: &ScimClient, path: &str, question: &[(&str, &str)], cursor: &str) -> Value {
    let mut parameters = question.to_vec();
    parameters.push(("cursor", cursor));
    ask(idp, path, &parameters).await.expect(200)
}

/// The names of a whole walk.
async fn walk(idp: &ScimClient, path: &str, question: &[(&str, &str)]) -> Vec<String> {
    let (mut cursor, mut walked) = (String::new(), Vec::new());
    loop {
        let page = page(idp, path, question, &cursor).await;
        walked.extend(names(&page));
        match page["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return walked,
        }
    }
}

fn names(page: &Value) -> Vec<String> {
    let name = |one: &Value| one["userName"].as_str().or(one["displayName"].as_str()).unwrap().to_owned();
    page["Resources"].as_array().unwrap().iter().map(name).collect()
}

async fn crowd(app: &TestApp<impl Store>, count: usize) -> ScimClient {
    let idp = app.tenant("Acme").await;
    for index in 0..count {
        let body = json!({ "userName": format!("user{index:02}"), "title": format!("t{}", index % 3) });
        idp.scim("POST", "/Users", body).await.expect(201);
    }
    idp
}

fn refusal(answer: Answer) -> String {
    let body = answer.expect(400);
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
    body["scimType"].as_str().unwrap().to_owned()
}

// Shows: CURSOR-01, CURSOR-02, CURSOR-03, CURSOR-05, CURSOR-07, CURSOR-13, CURSOR-14, LIST-02, SORT-09
#[tokio::test]
async fn a_walk_has_every_page_and_ends_with_the_last() {
    let app = TestApp::start_on_sqlite().await;
    let idp = crowd(&app, 7).await;
    idp.group("group", &[]).await;
    for (path, question, expected) in [
        ("/Users", vec![], 7),
        ("/Users", vec![("filter", "title pr")], 7),
        ("/Users", vec![("filter", "title eq \"t0\"")], 3),
        ("/Users", vec![("filter", "userName eq \"user03\"")], 1),
        ("/Users", vec![("filter", "userName eq \"nobody\"")], 0),
        ("/Users", vec![("sortBy", "userName"), ("sortOrder", "descending")], 7),
        ("/Groups", vec![], 1),
        ("/", vec![], 8),
        ("/", vec![("sortBy", "displayName")], 8),
        ("/", vec![("filter", "meta.resourceType eq \"Group\"")], 1),
    ] {
        let whole = names(&ask(&idp, path, &question).await.expect(200));
        assert_eq!(whole.len(), expected, "{path} {question:?}");
        for count in 1..=9 {
            let size = count.to_string();
            let mut question = question.clone();
            question.push(("count", &size));
            let (mut cursor, mut walked, mut pages) = (String::new(), Vec::new(), 0);
            loop {
                let page = page(&idp, path, &question, &cursor).await;
                pages += 1;
                let items = page["Resources"].as_array().unwrap().len();
                assert!(items <= count && page["itemsPerPage"] == items, "{page}");
                assert!(page["totalResults"].is_null() || page["totalResults"] == expected, "{page}");
                assert!(page["startIndex"].is_null(), "{page}");
                assert_eq!(page["previousCursor"].is_null(), pages == 1, "{page}");
                walked.extend(names(&page));
                let Some(next) = page["nextCursor"].as_str() else { break };
                assert!(next.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)));
                assert_eq!(items, count, "only the last page is not full");
                next.clone_into(&mut cursor);
            }
            assert_eq!(walked, whole, "{path} {question:?}");
            assert_eq!(pages, expected.div_ceil(count).max(1), "{path} {question:?}");
        }
        // Who says neither pages by index.
        assert!(ask(&idp, path, &[("count", "1")]).await.expect(200)["nextCursor"].is_null());
    }
    app.finish().await;
}

// Shows: CURSOR-04, CURSOR-05
#[tokio::test]
async fn a_walk_goes_back_by_the_same_pages() {
    let app = TestApp::start_on_sqlite().await;
    let idp = crowd(&app, 7).await;
    idp.group("group", &[]).await;
    for (path, question) in [
        ("/", vec![("count", "3")]),
        ("/", vec![("count", "2"), ("filter", "id pr")]),
        ("/", vec![("count", "3"), ("sortBy", "title"), ("sortOrder", "descending")]),
        ("/Users", vec![("count", "2"), ("filter", "title ne \"t0\"")]),
        ("/Groups", vec![("count", "1")]),
    ] {
        let (mut cursor, mut pages) = (String::new(), Vec::new());
        loop {
            pages.push(page(&idp, path, &question, &cursor).await);
            let Some(next) = pages.last().unwrap()["nextCursor"].as_str() else { break };
            next.clone_into(&mut cursor);
        }
        // Who comes during the walk is not part of it, whichever way it goes.
        idp.scim("POST", "/Users", json!({ "userName": format!("late{}", path.len() * 10 + pages.len() + question.len()), "title": "t0" })).await;
        for index in (0..pages.len() - 1).rev() {
            let back = pages[index + 1]["previousCursor"].as_str().unwrap();
            let found = page(&idp, path, &question, back).await;
            assert_eq!(names(&found), names(&pages[index]), "{path} {question:?}");
            assert_eq!(found["previousCursor"].is_null(), index == 0, "{path} {question:?}");
            let again = page(&idp, path, &question, found["nextCursor"].as_str().unwrap()).await;
            assert_eq!(names(&again), names(&pages[index + 1]), "{path} {question:?}");
        }
    }
    app.finish().await;
}

// Shows: CURSOR-15
#[tokio::test]
async fn a_search_by_post_walks_by_cursor_too() {
    let app = TestApp::start().await;
    let idp = crowd(&app, 5).await;
    for path in ["/.search", "/Users/.search"] {
        let (mut cursor, mut walked) = (String::new(), Vec::new());
        loop {
            let body = json!({ "schemas": [SEARCH], "cursor": cursor, "count": 2, "sortBy": "userName" });
            let page = idp.scim("POST", path, body).await.expect(200);
            walked.extend(names(&page));
            let Some(next) = page["nextCursor"].as_str() else { break };
            next.clone_into(&mut cursor);
        }
        assert_eq!(walked, ["user00", "user01", "user02", "user03", "user04"]);
    }
    app.finish().await;
}

// Shows: CURSOR-06, CURSOR-11
#[tokio::test]
async fn a_count_is_a_ceiling_and_stays_the_same() {
    let app = TestApp::start().await;
    let idp = crowd(&app, 5).await;
    for count in ["0", "-1"] {
        for question in [vec![], vec![("filter", "title eq \"t0\"")], vec![("sortBy", "userName")]] {
            let mut question = question;
            let total = if question.first().is_some_and(|(name, _)| *name == "filter") { 2 } else { 5 };
            question.push(("count", count));
            let page = page(&idp, "/Users", &question, "").await;
            assert_eq!((&page["totalResults"], &page["Resources"]), (&json!(total), &json!([])));
            assert!(page["nextCursor"].is_null());
        }
    }
    let first = page(&idp, "/Users", &[("count", "2")], "").await;
    let next = first["nextCursor"].as_str().unwrap();
    for count in ["1", "3", "0", "two", ""] {
        let answer = ask(&idp, "/Users", &[("cursor", next), ("count", count)]).await;
        if count.is_empty() {
            // Repaired to one that was not given, which means the same.
            assert_eq!(names(&answer.expect(200)), ["user02", "user03"]);
        } else {
            assert_eq!(refusal(answer), "invalidCount", "{count}");
        }
    }
    assert_eq!(refusal(ask(&idp, "/Users", &[("cursor", ""), ("count", "two")]).await), "invalidCount");
    // More than the server gives is what it gives, each time.
    let first = page(&idp, "/Users", &[("count", "5000")], "").await;
    assert_eq!(first["itemsPerPage"], 5);
    app.finish().await;
}

// Shows: CURSOR-08, CURSOR-09, CURSOR-19, CURSOR-22, CURSOR-23, TENANT-03
#[tokio::test]
async fn a_cursor_is_good_for_one_caller_and_one_question() {
    let app = TestApp::start().await;
    let idp = crowd(&app, 5).await;
    let stranger = app.tenant("Stranger").await;
    for name in ["a", "b", "c"] {
        stranger.user(name).await;
    }
    let question =
        [("count", "2"), ("filter", "title pr"), ("sortBy", "userName"), ("attributes", "userName")];
    let first = page(&idp, "/Users", &question, "").await;
    let next = first["nextCursor"].as_str().unwrap().to_owned();
    let mut texts = std::collections::BTreeSet::new();
    let mut refused = |answer: Answer, what: &str| {
        let body = answer.expect(400);
        assert_eq!(body["scimType"], "invalidCursor", "{what}");
        texts.insert(body["detail"].as_str().unwrap().to_owned());
    };
    let with = |changes: &[(&'static str, &'static str)]| {
        let mut parameters = question.to_vec();
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            parameters.push((name, value));
        }
        parameters
    };
    let sent = |parameters: &[(&'static str, &'static str)], cursor: &str| {
        let mut all: Vec<(String, String)> =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        all.push(("cursor".into(), cursor.to_owned()));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
        format!("?{query}")
    };
    for changes in [
        &[("filter", "title pr and active eq true")][..],
        &[("sortBy", "displayName")],
        &[("sortOrder", "descending")],
        &[("attributes", "userName,title")],
        &[("attributes", ""), ("excludedAttributes", "title")],
    ] {
        let path = format!("/Users{}", sent(&with(changes), &next));
        refused(idp.scim("GET", &path, Value::Null).await, &path);
    }
    for path in ["/Groups", "/"] {
        let path = format!("{path}{}", sent(&[("count", "2"), ("sortBy", "displayName")], &next));
        refused(idp.scim("GET", &path, Value::Null).await, &path);
    }
    let path = format!("/Users{}", sent(&question, &next));
    // Another directory's token, with its own endpoint; and another token of the same directory.
    refused(stranger.scim("GET", &path, Value::Null).await, "another directory");
    assert_eq!(idp.with_token(&stranger.token).scim("GET", &path, Value::Null).await.status, 404);
    let directory = DirectoryId::parse(&idp.directory).unwrap().directory;
    let other = Token::unrestricted(TokenId(7), digest_of("another-token"), CLOCK_START);
    app.state.store.put_token(directory, other).await.unwrap();
    refused(idp.with_token("another-token").scim("GET", &path, Value::Null).await, "another token");
    // Forged, cut and changed at any place.
    let cut = (0..next.len()).step_by(7).map(|end| next[..end].to_owned()).filter(|cut| !cut.is_empty());
    let flipped = (0..next.len()).map(|at| {
        let other = if next.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{other}{}", &next[..at], &next[at + 1..])
    });
    let forged = ["x", "%00", "ü", "=", " ", "null"].map(str::to_owned).into_iter();
    for cursor in cut.chain(flipped).chain(forged).chain([format!("{next}A"), "A".repeat(5_000)]) {
        refused(idp.scim("GET", &format!("/Users{}", sent(&question, &cursor)), Value::Null).await, &cursor);
    }
    assert_eq!(texts.len(), 1, "nobody learns what was wrong: {texts:?}");
    // And both ways at once is no way.
    let both = ask(&idp, "/Users", &[("cursor", ""), ("startIndex", "1")]).await;
    assert_eq!(refusal(both), "invalidCursor");
    // The same question in other words is the same.
    let reworded =
        [("attributes", "USERNAME"), ("sortBy", "username"), ("filter", "title  PR"), ("count", "2")];
    let second = idp.scim("GET", &format!("/Users{}", sent(&reworded, &next)), Value::Null).await.expect(200);
    assert_eq!(names(&second), ["user02", "user03"]);
    app.finish().await;
}

// Shows: CURSOR-10, CURSOR-18
#[tokio::test]
async fn a_cursor_lasts_as_long_as_is_published() {
    let app = TestApp::start().await;
    let idp = crowd(&app, 5).await;
    let config = idp.scim("GET", "/ServiceProviderConfig", Value::Null).await.expect(200);
    let timeout = config["pagination"]["cursorTimeout"].as_i64().unwrap();
    assert_eq!(u64::try_from(timeout).unwrap(), CURSOR_TIMEOUT.as_secs());
    let question = [("count", "2")];
    let first = page(&idp, "/Users", &question, "").await;
    let next = first["nextCursor"].as_str().unwrap();
    app.clock.advance(timeout * 1_000_000 - 1_000_000);
    // Each page gives a cursor that lasts as long again.
    let second = page(&idp, "/Users", &question, next).await;
    app.clock.advance(1_000_000);
    assert_eq!(refusal(ask(&idp, "/Users", &[("count", "2"), ("cursor", next)]).await), "expiredCursor");
    assert_eq!(
        names(&page(&idp, "/Users", &question, second["nextCursor"].as_str().unwrap()).await),
        ["user04"]
    );
    app.finish().await;
}

// Shows: CURSOR-16, CURSOR-17, CURSOR-18
#[tokio::test]
async fn both_ways_of_paging_are_published() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let config = idp.scim("GET", "/ServiceProviderConfig", Value::Null).await.expect(200);
    assert_eq!(
        config["pagination"],
        json!({ "cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": 100,
            "maxPageSize": 1_000, "cursorTimeout": 3_600 })
    );
    app.finish().await;
}

// Shows: CURSOR-19, CURSOR-20, CURSOR-21
#[tokio::test]
async fn a_cursor_gives_no_rights() {
    let app = TestApp::start().await;
    let idp = crowd(&app, 5).await;
    let first = page(&idp, "/", &[("count", "2")], "").await;
    let next = format!("/?count=2&cursor={}", first["nextCursor"].as_str().unwrap());
    let pause = |state: &str| {
        let path = format!("/directories/{}", idp.directory);
        let body = json!({ "state": state });
        async move { (path, body) }
    };
    let (path, body) = pause("unlinked").await;
    app.api("PUT", &path, body).await.expect(200);
    assert_eq!(idp.scim("GET", &next, Value::Null).await.status, 403);
    let (path, body) = pause("linked").await;
    app.api("PUT", &path, body).await.expect(200);
    idp.scim("GET", &next, Value::Null).await.expect(200);
    let store = &app.state.store;
    let (directory, token) = store.token(digest_of(&idp.token)).await.unwrap().unwrap();
    assert!(store.revoke_token(directory, token.id).await.unwrap());
    assert_eq!(idp.scim("GET", &next, Value::Null).await.status, 401);
    app.finish().await;
}

// Shows: CURSOR-24
#[tokio::test]
async fn walks_are_bounded_as_the_operator_says_and_leave_nothing_behind() {
    let app = TestApp::start().await.with_scim_requests_per_second(20);
    let idp = app.tenant("Acme").await;
    for index in 0..3 {
        idp.user(&format!("user{index:02}")).await;
    }
    // However many cursors there are, each is as good as the first: none is kept, so none is thrown out.
    let first = page(&idp, "/Users", &[("count", "1")], "").await;
    let next = first["nextCursor"].as_str().unwrap();
    let mut statuses = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let answer = ask(&idp, "/Users", &[("count", "1"), ("cursor", next)]).await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").is_some());
        } else {
            assert_eq!(names(&answer.body), ["user01"]);
        }
        statuses.insert(answer.status);
    }
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [200, 429]);
    app.finish().await;
}

#[tokio::test]
async fn an_order_that_the_log_does_not_tell_cannot_be_walked() {
    let app = TestApp::start().await;
    let idp = crowd(&app, 3).await;
    for by in ["meta.lastModified", "meta.version", "groups"] {
        let refused = ask(&idp, "/Users", &[("cursor", ""), ("sortBy", by)]).await.expect(400);
        assert_eq!(refused["scimType"], "invalidValue");
        assert!(refused["detail"].as_str().unwrap().contains("startIndex"), "{refused}");
        ask(&idp, "/Users", &[("startIndex", "1"), ("sortBy", by)]).await.expect(200);
    }
    for by in ["meta.created", "meta.resourceType", "id", "name.familyName", "emails"] {
        assert_eq!(walk(&idp, "/Users", &[("count", "1"), ("sortBy", by)]).await.len(), 3, "{by}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_sorted_walk_ends_where_too_much_was_changed_since_it_began() {
    let app = TestApp::start().await;
    let idp = crowd(&app, 3).await;
    let question = [("count", "1"), ("sortBy", "title")];
    let first = page(&idp, "/Users", &question, "").await;
    let next = first["nextCursor"].as_str().unwrap();
    let id = first["Resources"][0]["id"].as_str().unwrap();
    // Past the edge, which costs more than the changes do.
    let id = UserId::parse(id).unwrap();
    let terms = app.state.terms_of(lockstep_idp::by_slug("generic").unwrap());
    for number in 0..=HISTORY_EVENTS_LIMIT {
        if number == HISTORY_EVENTS_LIMIT {
            page(&idp, "/Users", &question, next).await;
        }
        let operation = json!({ "op": "replace", "path": "title", "value": number.to_string() });
        let message = json!({ "schemas": [patch::PATCH_OP_URN], "Operations": [operation] });
        let rules = &terms.rules.patch;
        let patch = patch::parse(&message, &terms.user, rules, &app.state.limits).unwrap();
        let command = Command::PatchUser(id.local, patch, Precondition::None);
        let (request, terms) = (app.state.draw_request_id(), terms.clone());
        let envelope = Envelope { directory: id.directory, request, terms, command };
        app.state.store.submit(envelope).await.unwrap().unwrap();
    }
    let refused = ask(&idp, "/Users", &[("count", "1"), ("sortBy", "title"), ("cursor", next)]).await;
    assert_eq!(refusal(refused), "expiredCursor");
    app.finish().await;
}

/// Numbers that decide what a run does.
struct Dice(Sequence);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.0.next_u64() % u64::try_from(limit).unwrap()).unwrap()
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let index = self.below(list.len());
        &list[index]
    }
}

/// A directory in which somebody writes, and what of it is known.
struct Busy {
    idp: ScimClient,
    dice: Dice,
    made: usize,
    /// What is there now: path and, of a user, its values.
    present: BTreeMap<String, Value>,
}

impl Busy {
    async fn write(&mut self) {
        let paths: Vec<String> = self.present.keys().cloned().collect();
        let title = json!(["a", "B", "c", "ä"][self.dice.below(4)]);
        let name = json!(["", "one", "Two", "three"][self.dice.below(4)]);
        match self.dice.below(6) {
            0 | 1 => {
                self.made += 1;
                let (path, body) = if self.dice.below(3) == 0 {
                    ("/Groups", json!({ "displayName": format!("group{}", self.made) }))
                } else {
                    let user = format!("user{}", self.made);
                    ("/Users", json!({ "userName": user, "title": title, "displayName": name }))
                };
                let made = self.idp.scim("POST", path, body).await.expect(201);
                self.present.insert(format!("{path}/{}", made["id"].as_str().unwrap()), made);
            }
            2 if paths.len() > 4 => {
                let path = self.dice.pick(&paths).clone();
                self.idp.scim("DELETE", &path, Value::Null).await.expect(204);
                self.present.remove(&path);
            }
            _ if paths.is_empty() => {}
            what => {
                let path = self.dice.pick(&paths).clone();
                let attribute = if path.starts_with("/Groups") {
                    "externalId"
                } else if what == 3 {
                    "title"
                } else {
                    "displayName"
                };
                let value = if attribute == "title" { title } else { name };
                let operation = match value.as_str() {
                    Some("") => json!({ "op": "remove", "path": attribute }),
                    _ if attribute == "externalId" => {
                        self.made += 1;
                        json!({ "op": "replace", "path": "displayName", "value": format!("g{}", self.made) })
                    }
                    _ => json!({ "op": "replace", "path": attribute, "value": value }),
                };
                self.idp.patch(&path, operation).await.expect(200);
            }
        }
    }
}

/// Walks while somebody writes between the pages: who was there from the beginning to the end is seen exactly once, in
/// the order of the beginning; and nobody is seen twice.
async fn walk_among_writers(app: TestApp<impl Store>, seed: u64) {
    let idp = app.tenant("Acme").await;
    let mut busy =
        Busy { idp: idp.clone(), dice: Dice(Sequence::from_seed(seed)), made: 0, present: BTreeMap::new() };
    for _ in 0..24 {
        busy.write().await;
    }
    for round in 0..6 {
        let path = *busy.dice.pick(&["/Users", "/Groups", "/", "/"]);
        let by = *busy.dice.pick(&["", "", "displayName", "title", "meta.created", "id"]);
        let by = if path == "/Groups" && by == "title" { "displayName" } else { by };
        let mut question = vec![];
        if !by.is_empty() {
            question.push(("sortBy", by));
            question.push(("sortOrder", *busy.dice.pick(&["ascending", "descending"])));
        }
        if busy.dice.below(3) == 0 {
            question.push(("filter", "id pr and meta.created pr"));
        }
        let whole = ids(&ask(&idp, path, &question).await.expect(200));
        let count = (1 + busy.dice.below(4)).to_string();
        question.push(("count", &count));
        let (mut cursor, mut walked) = (String::new(), Vec::new());
        let mut present: Vec<String> = whole.clone();
        let back = busy.dice.below(2) == 0;
        let mut turned = false;
        loop {
            let page = page(&idp, path, &question, &cursor).await;
            let at = if turned { 0 } else { walked.len() };
            walked.splice(at..at, ids(&page));
            if page["nextCursor"].is_null() && back && !turned {
                // And all the way back, from what the last page showed.
                (turned, walked) = (true, ids(&page));
            }
            let onwards = if turned { &page["previousCursor"] } else { &page["nextCursor"] };
            let Some(next) = onwards.as_str() else { break };
            next.clone_into(&mut cursor);
            for _ in 0..busy.dice.below(5) {
                busy.write().await;
            }
            present.retain(|id| busy.present.keys().any(|path| path.ends_with(id.as_str())));
        }
        let seen: std::collections::BTreeSet<&String> = walked.iter().collect();
        assert_eq!(seen.len(), walked.len(), "seed {seed} round {round} {path} {question:?}: seen twice");
        let throughout: Vec<&String> = walked.iter().filter(|id| present.contains(id)).collect();
        let expected: Vec<&String> = present.iter().collect();
        assert_eq!(throughout, expected, "seed {seed} round {round} {path} {question:?}");
        assert!(walked.iter().all(|id| whole.contains(id)), "seed {seed} round {round}: who came later");
    }
    app.finish().await;
}

fn ids(page: &Value) -> Vec<String> {
    let id = |one: &Value| one["id"].as_str().unwrap().to_owned();
    page["Resources"].as_array().unwrap().iter().map(id).collect()
}

// Shows: CURSOR-03, SORT-09
#[tokio::test]
async fn a_walk_in_memory_sees_everyone_who_stays_exactly_once() {
    for seed in 0..40 {
        walk_among_writers(TestApp::start().await, seed).await;
    }
}

// Shows: CURSOR-03, SORT-09
#[tokio::test]
async fn a_walk_on_sqlite_sees_everyone_who_stays_exactly_once() {
    for seed in 100..106 {
        walk_among_writers(TestApp::start_on_sqlite().await, seed).await;
    }
}
