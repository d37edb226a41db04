//! `lockstep dev`, the first thing that anybody runs.

use crate::process::run;

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
        "bearer token",
        "API key",
        "/scim/v2/directory_",
    ] {
        assert!(out.contains(part), "{part:?} is not in {out}");
    }
}
