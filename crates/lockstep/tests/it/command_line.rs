//! What the program says of itself: help, completions, manual pages, and what it makes of what nobody understands.

use std::process::{Command, Stdio};

use crate::process::{Process, run};

#[test]
fn what_cannot_be_understood_ends_with_64_and_suggests_what_was_meant() {
    for (line, says) in [
        (&["orgs"][..], "'org'"),
        (&["org", "lst"], "'list'"),
        (&["org", "list", "--jsn"], "'--json'"),
        (&["events", "tail", "-n", "1001"], "0..=1000"),
        (&["users", "list", "--all", "-n", "3"], "cannot be used with"),
        (&["simulate"], "--list"),
        (&["simulate", "nobody", "--url", "http://127.0.0.1:1"], "--list"),
        (&["check", "--url", "nonsense", "--token", "a"], "is no URL"),
        (&["check", "--url", "http://127.0.0.1:1", "--token", "a", "--as", "nobody"], "known are"),
    ] {
        let (code, out, err) = run(line);
        assert_eq!((code, out.as_str()), (Some(64), ""), "{line:?}: {err}");
        assert!(err.contains(says), "{line:?}: {err:?} does not say {says:?}");
    }
}

#[test]
fn help_is_no_error_and_holds_the_exit_codes() {
    for line in
        [&["--help"][..], &["help"], &["org", "--help"], &["events", "tail", "--help"], &["--version"]]
    {
        let (code, out, err) = run(line);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{line:?}");
        assert!(!out.is_empty(), "{line:?}");
    }
    let (_, help, _) = run(&["--help"]);
    for code in [
        " 0  done",
        " 1  could not",
        " 2  judged",
        " 3  the server refused",
        " 4  there is no",
        "64  the command",
    ] {
        assert!(help.contains(code), "{code}: {help}");
    }
}

#[test]
fn each_shell_gets_a_script_and_those_that_are_here_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, err) = run(&["completions", shell]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{shell}");
        for word in ["directory", "events", "api-key-file", "completions"] {
            assert!(script.contains(word), "{shell}: no {word}");
        }
        let file = folder.path().join(shell);
        std::fs::write(&file, script).unwrap();
        let parsed = Command::new(shell).arg("-n").arg(&file).stderr(Stdio::piped()).output();
        // What is not installed cannot read.
        if let Ok(parsed) = parsed {
            assert!(parsed.status.success(), "{shell}: {}", String::from_utf8_lossy(&parsed.stderr));
        }
    }
}

#[test]
fn bash_completes_sub_commands_and_flags() {
    let (_, script, _) = run(&["completions", "bash"]);
    // Too long for a command line.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), script).unwrap();
    let ask = format!(
        "source {}\nCOMP_WORDS=(lockstep events ta); COMP_CWORD=2; _lockstep lockstep ta events; echo ${{COMPREPLY[@]}}\n\
         COMP_WORDS=(lockstep org list --jso); COMP_CWORD=3; _lockstep lockstep --jso list; echo ${{COMPREPLY[@]}}",
        file.path().display()
    );
    let done = Command::new("bash").args(["--norc", "-c", &ask]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout), "tail\n--json\n", "{done:?}");
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let (code, out, err) = run(&["man", "--dir", pages.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{err}");
    let mut names: Vec<String> = std::fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(out.starts_with(&format!("{} pages", names.len())), "{out}");
    for name in ["lockstep.1", "lockstep-org.1", "lockstep-events-tail.1", "lockstep-directory-create.1"] {
        assert!(names.iter().any(|known| known == name), "no {name} in {names:?}");
    }
    for name in &names {
        let page = std::fs::read_to_string(pages.join(name)).unwrap();
        let title = name.trim_end_matches(".1");
        assert!(
            page.contains(".TH ") && page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"),
            "{name}: {page}"
        );
        assert!(page.replace('\\', "").contains(title), "{name}: {page}");
        if let Ok(shown) = Command::new("groff")
            .args(["-Kutf8", "-man", "-Tutf8", "-ww", "-z"])
            .arg(pages.join(name))
            .output()
        {
            let warned = String::from_utf8_lossy(&shown.stderr);
            assert!(shown.status.success() && warned.is_empty(), "{name}: {warned}");
        }
    }
    let (_, main, _) = run(&["man"]);
    assert_eq!(main, std::fs::read_to_string(pages.join("lockstep.1")).unwrap());
    assert!(main.contains("Exit codes"), "{main}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_a_scim_server_refuses_ends_with_5_whoever_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(&folder.path().join("lockstep.db"));
    let directory = server.directory().await;
    let base = directory.endpoint.split_once("/scim/").unwrap().1;
    let url = format!("{}/scim/{base}", server.url);
    for words in [&["check"][..], &["simulate", "okta"]] {
        let (code, out, err) = run(&[words, &["--url", &url, "--token", "nobody-gave-this"]].concat());
        assert_eq!((code, out.as_str()), (Some(5), ""), "{words:?}: {err}");
        assert!(err.contains("401") && !err.contains("nobody-gave-this"), "{words:?}: {err}");
    }
    assert!(server.stop().success());
}
