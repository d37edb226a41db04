//! Many clients at once on a real server: one person stays one record, and no membership is lost.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use crate::process::{Process, run};

const CLIENTS: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_posts_of_one_user_name_make_one_user_and_parallel_patches_lose_no_member() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lockstep.db");
    let server = Arc::new(Process::start(&database));
    let directory = server.directory().await;

    let mut posts = Vec::new();
    for n in 0..CLIENTS {
        let (server, directory) = (server.clone(), directory.clone());
        // The same name in other letter case is the same person.
        let name = if n % 2 == 0 { "ann@example.com" } else { "ANN@Example.com" };
        let body = json!({"userName": name});
        posts.push(tokio::spawn(async move {
            server.scim(&directory, "POST", "/Users", Some(body)).await.unwrap().0
        }));
    }
    let mut answers = Vec::new();
    for post in posts {
        answers.push(post.await.unwrap());
    }
    answers.sort_unstable();
    assert_eq!(answers[0], 201);
    assert!(answers[1..].iter().all(|status| *status == 409), "{answers:?}");

    let group = json!({"displayName": "Staff"});
    let (_, group) = server.scim(&directory, "POST", "/Groups", Some(group)).await.unwrap();
    let path = format!("/Groups/{}", group["id"].as_str().unwrap());
    let mut patches = Vec::new();
    for n in 0..CLIENTS {
        let (server, directory, path) = (server.clone(), directory.clone(), path.clone());
        patches.push(tokio::spawn(async move {
            let user = json!({"userName": format!("user-{n}@example.com")});
            let (status, user) = server.scim(&directory, "POST", "/Users", Some(user)).await.unwrap();
            assert_eq!(status, 201, "{user}");
            let add = json!({"op": "add", "path": "members", "value": [{"value": user["id"]}]});
            let body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [add],
            });
            let (status, answer) = server.scim(&directory, "PATCH", &path, Some(body)).await.unwrap();
            assert_eq!(status, 200, "{answer}");
            user["id"].as_str().unwrap().to_owned()
        }));
    }
    let mut joined = BTreeSet::new();
    for patch in patches {
        joined.insert(patch.await.unwrap());
    }
    let (_, group) = server.scim(&directory, "GET", &path, None).await.unwrap();
    let members = group["members"].as_array().unwrap();
    let members: BTreeSet<String> =
        members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect();
    assert_eq!(members, joined);

    let Some(server) = Arc::into_inner(server) else { panic!("somebody still holds the server") };
    assert!(server.stop().success());
    let (code, out, err) = run(&["verify", "--database", &format!("sqlite://{}", database.display())]);
    assert_eq!(code, Some(0), "{out}{err}");
}
