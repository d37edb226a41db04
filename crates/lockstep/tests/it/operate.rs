//! The commands over the API, each against a running server: what people see, what programs read, and with which code a
//! command ends.

use serde_json::{Value, json};

use crate::process::{Process, run};

/// A server with an organization `Foo Corp` (`cust_42`) and its directory `Staff`, and how the program is asked about it.
struct Scene {
    server: Process,
    directory: crate::process::Directory,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Process::start(&folder.path().join("lockstep.db"));
        let body = json!({ "name": "Foo Corp", "external_id": "cust_42" });
        let (_, org) = server.api("POST", "/organizations", Some(body)).await;
        let body = json!({ "organization_id": org["id"], "name": "Staff", "type": "generic scim v2.0" });
        let (_, made) = server.api("POST", "/directories", Some(body)).await;
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        let directory = crate::process::Directory {
            id: text("id"),
            endpoint: text("scim_endpoint"),
            token: text("bearer_token"),
        };
        Self { server, directory, _folder: folder }
    }

    fn run(&self, line: &str) -> (Option<i32>, String, String) {
        let words: Vec<&str> = line.split(' ').chain(["--url", &self.server.url]).collect();
        run(&words)
    }

    /// What a command that is done prints.
    #[track_caller]
    fn done(&self, line: &str) -> String {
        let (code, out, err) = self.run(line);
        assert_eq!(code, Some(0), "{line}: {out}{err}");
        out
    }

    /// The one JSON line that a command prints.
    #[track_caller]
    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.done(&format!("{line} --json"))).unwrap()
    }

    #[track_caller]
    fn refused(&self, line: &str, code: i32, says: &str) {
        let (ended, out, err) = self.run(line);
        assert_eq!(ended, Some(code), "{line}: {out}{err}");
        assert!(err.contains(says), "{line}: {err:?} does not say {says:?}");
        assert_eq!(out, "", "{line}");
    }

    async fn user(&self, name: &str) -> String {
        let body = json!({ "userName": name, "externalId": format!("idp-{name}"),
                           "emails": [{ "value": format!("{name}@example.com"), "primary": true }] });
        let (status, made) = self.server.scim(&self.directory, "POST", "/Users", Some(body)).await.unwrap();
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    }

    async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = json!({ "displayName": name, "members": members });
        let (status, made) = self.server.scim(&self.directory, "POST", "/Groups", Some(body)).await.unwrap();
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organization_is_made_found_by_each_of_its_names_changed_and_deleted() {
    let scene = Scene::new().await;
    let made = scene.json("org create Bar --external-id cust_7 --metadata tier=gold --metadata seats=3");
    assert_eq!(made["metadata"], json!({ "tier": "gold", "seats": "3" }));
    let id = made["id"].as_str().unwrap();
    for name in [id, "cust_7", "Bar", "bar"] {
        assert_eq!(scene.json(&format!("org show {name}")), made, "{name}");
    }
    let changed = scene.json("org update cust_7 --name Baz --metadata seats= --external-id=");
    assert_eq!((&changed["name"], &changed["external_id"]), (&json!("Baz"), &Value::Null));
    assert_eq!(changed["metadata"], json!({ "tier": "gold" }));
    let table = scene.done("org list");
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("ID") && lines[0].contains("EXTERNAL ID"), "{table}");
    assert!(lines[1].starts_with(id) && lines[1].contains("Baz"), "{table}");
    assert!(lines[2].contains("Foo Corp") && lines[2].contains("cust_42") && lines.len() == 3, "{table}");
    assert_eq!(scene.json("org list --search baz")["id"], id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_says_where_it_goes_on_and_goes_on_there() {
    let scene = Scene::new().await;
    for name in ["one", "two", "three"] {
        scene.user(name).await;
    }
    let (_, first, told) = scene.run("users list -n 2 --json");
    assert_eq!(first.lines().count(), 2);
    let after = told.split("--after ").nth(1).unwrap().trim();
    let (_, second, told) = scene.run(&format!("users list -n 2 --json --after {after}"));
    assert_eq!((second.lines().count(), told.as_str()), (1, ""), "{second}");
    let (_, all, told) = scene.run("users list --all --json");
    assert_eq!((all, told.as_str()), (format!("{first}{second}"), ""));
    let (_, exact, told) = scene.run("users list -n 3 --json");
    assert_eq!((exact.lines().count(), told.as_str()), (3, ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_is_made_with_what_its_idp_needs_alone_on_their_lines() {
    let scene = Scene::new().await;
    let told = scene.done("directory create Contractors --org cust_42 --type okta");
    let line_behind = |title: &str| {
        let mut lines = told.lines().skip_while(|line| !line.starts_with(title));
        lines.nth(1).unwrap_or_default().to_owned()
    };
    let made = scene.json("directory show contractors");
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["type"], "okta scim v2.0");
    assert!(line_behind("SCIM endpoint").ends_with(&format!("/scim/v2/{id}")), "{told}");
    let directory = crate::process::Directory {
        id: id.to_owned(),
        endpoint: line_behind("SCIM endpoint"),
        token: line_behind("Bearer token"),
    };
    let (status, _) = scene.server.scim(&directory, "GET", "/Users", None).await.unwrap();
    assert_eq!(status, 200, "{told}");
    assert!(!scene.done("directory show Contractors").contains("Bearer token"), "once only");

    let names = scene.done("directory create --list-types");
    assert!(
        names.contains("okta") && names.contains("azure scim v2.0") && names.contains("workday"),
        "{names}"
    );
    let table = scene.done("directory list --org cust_42");
    assert!(
        table.lines().count() == 3 && table.contains("Contractors") && table.contains("linked"),
        "{table}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_is_renamed_paused_resumed_set_and_deleted() {
    let scene = Scene::new().await;
    assert_eq!(scene.json("directory update Staff --name People")["name"], "People");
    assert_eq!(scene.json("directory pause People")["state"], "unlinked");
    let (status, _) = scene.server.scim(&scene.directory, "GET", "/Users", None).await.unwrap();
    assert_eq!(status, 403);
    assert_eq!(scene.json("directory resume People")["state"], "linked");
    let set = scene.done("directory settings People require_if_match=on");
    let row = |set: &str| set.lines().find(|line| line.starts_with("require_if_match")).unwrap().to_owned();
    assert!(row(&set).contains("on") && row(&set).contains("this directory"), "{set}");
    let set = scene.done("directory settings People require_if_match=default");
    assert!(row(&set).contains("off") && row(&set).contains("its contract"), "{set}");
    scene.refused("directory settings People require_if_match=maybe", 64, "on, off or default");
    scene.refused("directory settings People no_such=on", 3, "some of: require_if_match");
    scene.refused("directory delete People", 64, "give --yes");
    assert_eq!(scene.json("directory delete People --yes")["deleted"], true);
    scene.refused("directory show People", 4, "no directory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_made_listed_and_revoked() {
    let scene = Scene::new().await;
    let made = scene.json("token create Staff --name rotation --scope read,users --expires 90d");
    assert_eq!(made["scopes"], json!(["read", "users"]));
    assert!(made["expires_at"].as_str() > made["created_at"].as_str(), "{made}");
    let directory = crate::process::Directory {
        token: made["bearer_token"].as_str().unwrap().to_owned(),
        ..scene.directory.clone()
    };
    let status = async || scene.server.scim(&directory, "GET", "/Users", None).await.unwrap().0;
    assert_eq!(status().await, 200);
    let table = scene.done("token list Staff");
    assert!(
        table.contains("rotation") && table.contains("read, users") && table.contains("everything"),
        "{table}"
    );
    assert!(!table.contains(&directory.token), "{table}");
    scene.done("token revoke Staff rotation --yes");
    assert_eq!(status().await, 401);
    scene.refused("token revoke Staff rotation --yes", 4, "no token has the id or name `rotation`");
    scene.refused("token create Staff --scope everything", 3, "scope");
    scene.refused("token create Staff --expires yesterday", 64, "90s, 15m, 2h or 30d");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_and_groups_are_found_by_whatever_names_them() {
    let scene = Scene::new().await;
    let (ada, bob) = (scene.user("ada").await, scene.user("bob").await);
    let group = scene.group("Engineers", &[&ada]).await;
    for name in [ada.as_str(), "ada@example.com", "idp-ada", "ADA@example.com"] {
        assert_eq!(scene.json(&format!("users show {name}"))["id"], ada, "{name}");
    }
    let card = scene.done("users show idp-ada --directory Staff");
    for part in
        ["ada@example.com", &format!("Engineers ({group})"), "as the IdP sent it", "\"userName\": \"ada\""]
    {
        assert!(card.contains(part), "{part}: {card}");
    }
    let table = scene.done("users list");
    assert!(table.contains(&ada) && table.contains(&bob) && table.contains("active"), "{table}");
    assert_eq!(scene.json("users list --email bob@example.com")["id"], bob);
    assert_eq!(scene.json("users list --idp-id idp-bob")["id"], bob);
    assert_eq!(scene.json("users list --group engineers")["id"], ada);
    for name in [group.as_str(), "Engineers", "engineers"] {
        assert_eq!(scene.json(&format!("groups show {name}"))["id"], group, "{name}");
        assert_eq!(scene.json(&format!("groups members {name}"))["id"], ada, "{name}");
    }
    assert_eq!(scene.json("groups list --user idp-ada")["id"], group);
    assert!(scene.done("groups list").contains("Engineers"));
    scene.refused("users show nobody", 4, "no user");
    scene.refused("groups members nobody", 4, "no group");
    let (code, out, err) = scene.run("groups list --user idp-bob");
    assert_eq!((code, out.as_str(), err.trim()), (Some(0), "", "no groups"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_two_have_is_refused_with_their_ids() {
    let scene = Scene::new().await;
    let one = scene.json("org create Twin")["id"].as_str().unwrap().to_owned();
    let other = scene.json("org create Twin")["id"].as_str().unwrap().to_owned();
    for id in [&one, &other] {
        scene.refused("org show twin", 64, id);
    }
    assert_eq!(scene.json("org create TWIN")["name"], "TWIN");
    assert_eq!(scene.json("org show TWIN")["name"], "TWIN", "the exact one goes before the others");
    scene.json("directory create Other --org cust_42 --type generic");
    scene.refused("users list", 64, "--directory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_idp_sent_steers_no_terminal() {
    let scene = Scene::new().await;
    let hostile = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}evil";
    let body = json!({ "userName": "mallory", "displayName": hostile, "title": hostile });
    let (status, made) = scene.server.scim(&scene.directory, "POST", "/Users", Some(body)).await.unwrap();
    assert_eq!(status, 201, "{made}");
    scene.group("a\u{202e}b", &[made["id"].as_str().unwrap()]).await;
    let steers = |text: &str| text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']);
    for line in
        ["users list", "users show mallory", "groups list", "events list", "events tail", "requests tail"]
    {
        for line in [line.to_owned(), format!("{line} --json")] {
            let told = scene.done(&line);
            assert!(!steers(&told), "{line}: {told:?}");
        }
    }
    let told = scene.json("users show mallory");
    assert_eq!(told["raw_attributes"]["title"], hostile, "and JSON holds what was sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_say_what_to_do_and_end_with_the_code_of_the_table() {
    let scene = Scene::new().await;
    let url = &scene.server.url;
    let ask = |key: Option<&str>, url: &str| {
        let mut command = crate::process::program();
        if let Some(key) = key {
            command.env("LOCKSTEP_API_KEY", key);
        }
        let done = command.args(["org", "list", "--url", url]).output().unwrap();
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    for (key, url, code, says) in [
        (None, url.as_str(), 5, "set LOCKSTEP_API_KEY"),
        (Some("wrong-key-of-this-test"), url, 5, "does not know the API key from LOCKSTEP_API_KEY"),
        (Some("a key"), url, 5, "no key has"),
        (Some("a"), "http://127.0.0.1:1", 1, "does `lockstep serve` run there?"),
        (Some("a"), "lockstep.example.com", 64, "https://"),
        (Some("a"), "http://ann:pw@127.0.0.1:1", 64, "must not hold a name or password"),
        (Some("a"), &format!("{url}/nowhere"), 1, "of another version"),
    ] {
        let (ended, err) = ask(key, url);
        assert_eq!(ended, Some(code), "{url}: {err}");
        assert!(err.contains(says), "{url}: {err:?} does not say {says:?}");
        assert!(!err.contains("wrong-key") && !err.contains("panicked"), "{err}");
    }
    scene.refused("org create ---name", 64, "--help");
    scene.refused("org update cust_42", 64, "nothing to change");
    scene.refused("org show nobody", 4, "no organization");
    scene.refused("org create Second --external-id cust_42", 3, "external id");
    scene.refused("directory create X --org cust_42 --type nonsense", 3, "must be one of: okta scim v2.0");
    scene.refused("events list --type dsync.nonsense", 3, "dsync.user.created");
    scene.refused("events list --after event_nonsense", 3, "names no event");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_lockstep_is_told_as_such() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers = [
        "HTTP/1.1 200 OK",
        "HTTP/1.1 404 Not Found",
        "HTTP/1.1 302 Found\r\nlocation: https://there.example.com",
    ];
    let serving = std::thread::spawn(move || {
        for head in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            std::io::Read::read(&mut stream, &mut request).unwrap();
            let answer = format!("{head}\r\nconnection: close\r\ncontent-length: 6\r\n\r\n<html>");
            std::io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
        }
    });
    for says in ["is it Lockstep?", "is not Lockstep", "redirects to https://there.example.com"] {
        let (code, _, err) = run(&["org", "list", "--url", &url]);
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains(says), "{err:?} does not say {says:?}");
    }
    serving.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrives_is_shown_and_a_mapping_is_previewed_user_by_user() {
    let scene = Scene::new().await;
    for (name, badge) in [("ada", 7), ("bob", 8)] {
        let body = json!({ "userName": name, "nickName": format!("{name}y"), "userType": "Employee",
                           "urn:example:User": { "badge": badge } });
        let (status, made) = scene.server.scim(&scene.directory, "POST", "/Users", Some(body)).await.unwrap();
        assert_eq!(status, 201, "{made}");
    }
    let seen = scene.done("directory attributes seen Staff");
    let badge = seen.lines().find(|line| line.contains("badge")).unwrap();
    assert!(
        badge.starts_with("urn:example:User:badge") && badge.contains("number") && badge.contains('8'),
        "{seen}"
    );
    let shown = scene.done("directory attributes show Staff");
    assert!(shown.contains("employee_type") && shown.contains("contract"), "{shown}");

    let change = "Staff nick=nickName badge=urn:example:User:badge,type=number";
    let told = scene.done(&format!("directory attributes preview {change} -n 1"));
    assert!(told.contains("nick: null → \"aday\"") && told.contains("badge: null → 7"), "{told}");
    assert!(
        told.ends_with("2 of 2 users would change (1 not shown: --all)\n") && !told.contains("bob"),
        "{told}"
    );
    let lines = scene.done(&format!("directory attributes preview {change} --all --json"));
    let badges: Vec<Value> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["custom_attributes"]["badge"]["after"].clone()
        })
        .collect();
    assert_eq!(badges, [json!(7), json!(8)]);
    let told = scene.done("directory attributes preview Staff --hide employee_type");
    assert!(told.contains("employee_type: \"Employee\" → null"), "{told}");
    let set = scene.done(&format!("directory attributes set {change},required"));
    let line = |name: &str| set.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert!(line("badge").contains("number") && line("badge").contains("yes"), "{set}");
    assert!(line("nick").contains("directory") && line("employee_type").contains("contract"), "{set}");
    let set = scene.json("directory attributes set Staff --hide employee_type --forget badge");
    let names: Vec<&String> = set["attributes"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["employee_type", "nick"], "what is not named stays");
    assert_eq!(set["attributes"]["employee_type"], Value::Null);
    let set = scene.json("directory attributes set Staff title=title --organization");
    assert_eq!(set["attributes"]["title"]["path"], "title");
    assert!(set.get("directory_id").is_none(), "{set}");

    scene.refused("directory attributes preview Staff badge=[", 3, "path");
    scene.refused("directory attributes preview Staff", 64, "nothing to map");
    scene.refused("directory attributes preview Staff --forget badge", 64, "nothing to forget");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_are_previewed_by_the_names_of_groups() {
    let scene = Scene::new().await;
    let (ada, bob) = (scene.user("ada").await, scene.user("bob").await);
    scene.group("Admins", &[&ada]).await;
    scene.group("Everyone", &[&ada, &bob]).await;
    let told = scene.done("directory roles preview Staff admin=admins member=Everyone --default guest");
    assert!(told.contains("roles: none → admin\n") && told.contains("roles: none → member\n"), "{told}");
    let told = scene.done("directory roles preview Staff admin=Admins member=Everyone --multiple");
    assert!(told.contains("roles: none → admin, member\n"), "{told}");
    let told =
        scene.done("directory roles set Staff admin=Admins member=Everyone member=Admins --default guest");
    assert!(told.contains("admin") && told.contains("Everyone") && told.contains("guest"), "{told}");
    let shown = scene.json("directory roles show Staff");
    assert_eq!(shown["roles"][0]["slug"], "admin");
    assert_eq!(shown["roles"][1]["group_ids"].as_array().unwrap().len(), 2, "{shown}");
    assert_eq!(scene.json("directory roles set Staff --none")["roles"], json!([]));
    assert_eq!(scene.done("directory roles show Staff"), "no roles are mapped\n");
    scene.refused("directory roles preview Staff admin=Nobody", 4, "no group");
    scene.refused("directory roles preview Staff", 64, "--none");
    scene.refused("directory roles preview Staff ad!min=Admins", 3, "slug");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_and_tokens_follow_one_another_and_end() {
    let scene = Scene::new().await;
    let made = scene.json("key create --name reports --org cust_42 --read-only --expires 90d");
    assert_eq!(
        (made["read_only"].as_bool(), made["organization_ids"].as_array().unwrap().len()),
        (Some(true), 1)
    );
    let table = scene.done("key list");
    assert!(table.contains("reports") && !table.contains(made["value"].as_str().unwrap()), "{table}");
    let next = scene.json("key rotate reports --overlap 24h");
    assert_ne!(next["value"], made["value"]);
    scene.done(&format!("key revoke {} --yes", made["id"].as_str().unwrap()));
    assert_eq!(scene.json("key revoke reports --yes")["id"], next["id"]);
    scene.refused("key revoke reports --yes", 4, "no API key");
    scene.json("token create Staff --name okta");
    let next = scene.json("token rotate Staff okta --overlap 1h");
    assert!(next["bearer_token"].is_string(), "{next}");
    assert_eq!(scene.json("org delete cust_42 --yes")["deleted"], true);
    scene.refused("org show cust_42", 4, "no organization");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn domains_are_given_with_an_organization_and_one_by_one() {
    let scene = Scene::new().await;
    let states = |org: &Value| -> Vec<(String, String)> {
        let text = |domain: &Value, field: &str| domain[field].as_str().unwrap().to_owned();
        let domains = org["domains"].as_array().unwrap().iter();
        let mut found: Vec<_> =
            domains.map(|domain| (text(domain, "domain"), text(domain, "state"))).collect();
        found.sort();
        found
    };
    let is = |org: &Value, wanted: &[(&str, &str)]| {
        let wanted: Vec<_> = wanted.iter().map(|(name, state)| ((*name).into(), (*state).into())).collect();
        assert_eq!(states(org), wanted, "{org}");
    };
    let made = scene.json("org create Bar --domain A.example.com --domain b.example.com=verified");
    is(&made, &[("a.example.com", "pending"), ("b.example.com", "verified")]);
    let added = scene.json("org domains add Bar c.example.com");
    assert_eq!((&added["state"], &added["organization_id"]), (&json!("pending"), &made["id"]));
    assert_eq!(scene.json("org domains verify Bar C.example.com")["state"], "verified");
    assert_eq!(scene.json("org domains add Bar d.example.com --verified")["state"], "verified");
    let listed = scene.done("org domains list Bar --json");
    assert_eq!(listed.lines().count(), 4, "{listed}");
    let table = scene.done("org domains list Bar");
    assert!(table.contains(added["id"].as_str().unwrap()) && table.contains("pending"), "{table}");
    // What was verified one by one changed no other.
    let all = [("b", "verified"), ("c", "verified"), ("d", "verified")]
        .map(|(name, state)| (format!("{name}.example.com"), state));
    let shown = scene.json("org show Bar");
    assert_eq!(states(&shown)[0], ("a.example.com".into(), "pending".into()));
    assert!(
        all.iter().all(|(name, state)| states(&shown).contains(&(name.clone(), (*state).into()))),
        "{shown}"
    );
    let id = added["id"].as_str().unwrap();
    assert_eq!(scene.json(&format!("org domains remove Bar {id} --yes"))["id"], id);
    let kept = scene.json("org update Bar --domain b.example.com --domain e.example.com");
    is(&kept, &[("b.example.com", "verified"), ("e.example.com", "pending")]);
    is(&scene.json("org update Bar --domain="), &[]);
    assert_eq!(scene.done("org domains list Bar"), "");

    scene.refused("org domains add Bar localhost", 3, "domain");
    scene.refused("org update Bar --domain f.example.com=sure", 3, "verified");
    scene.refused("org domains verify Bar a.example.com", 4, "has no domain `a.example.com`");
    scene.refused("org domains list Nobody", 4, "no organization");
    scene.json("org domains add cust_42 f.example.com");
    scene.refused("org domains add Bar f.example.com", 3, "has this domain already");
    scene.refused("org domains remove cust_42 f.example.com", 64, "--yes");
}
