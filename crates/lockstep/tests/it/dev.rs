//! `lockstep dev`, the first thing that anybody runs.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::process::{program, run};

#[test]
fn dev_plays_both_idps_and_says_how_to_go_on_plain_where_it_is_piped() {
    let (code, out, err) = run(&["dev", "--exit", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(!out.contains('\u{1b}'), "colour in a pipe: {out}");
    for part in [
        "Okta provisions",
        "Microsoft Entra ID provisions",
        "#1 dsync.activated",
        "dsync.user.created",
        "dsync.group.user_added",
        "dsync.user.deleted",
        "repaired: boolean-text",
        "every one answered as its contract says",
    ] {
        assert!(out.contains(part), "{part:?} is not in {out}");
    }
}

#[test]
fn dev_keeps_serving_and_shows_endpoints_tokens_and_key() {
    let mut child =
        program().args(["dev", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        let last = line.contains("Ctrl-C stops");
        said.push(line);
        if last {
            break;
        }
    }
    let said = said.join("\n");
    for part in
        ["Okta SCIM endpoint", "Microsoft Entra ID bearer token", "API key", "/scim/v2/directory_", "curl"]
    {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    assert_eq!(child.try_wait().unwrap(), None, "it serves on");
    child.kill().unwrap();
    child.wait().unwrap();
}
