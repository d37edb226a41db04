//! The quick start and the README, followed to the letter: what stands there is what is run.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Lines};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::process::program;

/// Where the pages say that the server is; here it is on a free port.
const PORT: &str = "8480";

#[test]
fn the_quick_start_prints_events_in_python() {
    let Some(python) = tool("LOCKSTEP_TEST_PYTHON") else { return };
    let page = Page::read("docs/guide/quick-start.md");
    follow(&page, &page.code("python"), "app.py", "python app.py", &python);
}

#[test]
fn the_quick_start_prints_events_in_typescript() {
    let Some(node) = tool("LOCKSTEP_TEST_NODE") else { return };
    let page = Page::read("docs/guide/quick-start.md");
    follow(&page, &page.code("ts"), "app.mjs", "node app.mjs", &node);
}

#[test]
fn the_code_of_the_quick_start_is_strict_typescript() {
    let Some(node) = tool("LOCKSTEP_TEST_NODE") else { return };
    let folder = folder_with(&Page::read("docs/guide/quick-start.md").code("ts"), "app.mts", &node);
    let compiler = folder.path().join("node_modules/typescript/bin/tsc");
    let options =
        ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "node", "app.mts"];
    let output = Command::new(&node).arg(compiler).args(options).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_readme_has_the_code_and_the_commands_of_the_quick_start() {
    let (readme, quick) = (Page::read("README.md"), Page::read("docs/guide/quick-start.md"));
    for language in ["python", "ts"] {
        assert_eq!(readme.code(language), quick.code(language));
    }
    for command in ["python app.py", "node app.mjs", "/Users", "cargo run -- dev"] {
        assert_eq!(readme.shell(command), quick.shell(command));
    }
}

// A new version of a package in the tests' environment is named by the pages, too.
#[test]
fn the_pages_install_the_versions_that_are_tested() {
    let page = Page::read("docs/guide/quick-start.md");
    let packages = repository_file("tests/sdk/node/package.json");
    let prepared = repository_file("crates/xtask/src/prepare.rs");
    let (python, node) = (page.shell("pip install"), page.shell("npm install"));
    let installed = |block: &str, command: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(command)).unwrap();
        line.trim().to_owned()
    };
    assert!(prepared.contains(&format!("\"{}\"", installed(&python, "pip install"))));
    let (name, version) = node.lines().next().unwrap().rsplit_once('@').unwrap();
    let name = name.strip_prefix("npm install ").unwrap();
    assert!(packages.contains(&format!("\"{name}\": \"{version}\"")), "{name} {version}: {packages}");
}

/// Plays the reader: starts the program, pastes its lines, runs the application, is the IdP, stops and starts again.
fn follow(page: &Page, code: &str, file: &str, run: &str, tool: &Path) {
    let started = page.shell("cargo run");
    let arguments = started.strip_prefix("cargo run -- ").unwrap().split_whitespace();
    let mut server = program();
    server.args(arguments).args(["--listen", "127.0.0.1:0"]);
    let mut server = Running::start(&mut server);
    let said = server.until("Ctrl-C stops");
    let pasted: Vec<&str> =
        said.iter().map(|line| line.trim()).filter(|line| line.starts_with("export ")).collect();
    assert_eq!(pasted.len(), 3, "{said:?}");
    let url = said.iter().find_map(|line| line.split_once("Application's API")).unwrap().1.trim();
    let port = url.rsplit_once(':').unwrap().1;

    let folder = folder_with(&code.replace(PORT, port), file, tool);
    let line = page.shell(run).lines().find(|line| *line == run).unwrap().to_owned();
    let shell = |line: &str| {
        let mut command = Command::new("sh");
        let script = format!("{}\nexec {}", pasted.join("\n"), line.replace(PORT, port));
        command.args(["-c", &script]).current_dir(folder.path()).env("PATH", path_with(tool));
        command.env_remove("WORKOS_BASE_URL").env("PYTHONUNBUFFERED", "1");
        command
    };
    let curl = page.shell("/Users");
    let be_the_idp = |curl: &str| {
        let output = shell(curl).output().unwrap();
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(answer.contains("\"id\""), "{answer}{}", String::from_utf8_lossy(&output.stderr));
    };
    let expected = page.block(|language, _| language.is_empty());

    let mut application = Running::start(&mut shell(&line));
    let before = application.until("dsync.user.deleted");
    assert!(
        before.iter().any(|line| line.starts_with("dsync.user.created ") && line.contains('@')),
        "{before:?}"
    );
    be_the_idp(&curl);
    assert_eq!(application.until("ann@example.com").last(), Some(&expected));
    // It says an event before it keeps where it is: it is not stopped in between.
    let events = format!("curl -s -H \"Authorization: Bearer $WORKOS_API_KEY\" {url}/events?limit=100");
    let log: Value = serde_json::from_slice(&shell(&events).output().unwrap().stdout).unwrap();
    let last = log["list_metadata"]["after"].as_str().unwrap();
    while std::fs::read_to_string(folder.path().join("cursor.txt")).is_ok_and(|cursor| cursor != last) {
        std::thread::yield_now();
    }
    drop(application);

    be_the_idp(&curl.replace("ann@", "bob@"));
    let mut application = Running::start(&mut shell(&line));
    assert_eq!(application.until("bob@example.com"), ["dsync.user.created bob@example.com"], "on from there");
}

/// A page with its fenced blocks: what stands behind the fence, and the text.
struct Page {
    name: &'static str,
    blocks: Vec<(String, String)>,
}

impl Page {
    fn read(name: &'static str) -> Self {
        let text = repository_file(name);
        // Between fences, what is outside and what is inside take turns.
        let inside = text.split("```").skip(1).step_by(2);
        let blocks = inside.map(|block| {
            let (language, code) = block.split_once('\n').unwrap();
            (language.to_owned(), code.to_owned())
        });
        Self { name, blocks: blocks.collect() }
    }

    /// The one block that is meant.
    fn block(&self, wanted: impl Fn(&str, &str) -> bool) -> String {
        let found: Vec<&(String, String)> =
            self.blocks.iter().filter(|(language, code)| wanted(language, code)).collect();
        assert_eq!(found.len(), 1, "{}: {found:?}", self.name);
        found[0].1.trim_end().to_owned()
    }

    fn code(&self, language: &str) -> String {
        let code = self.block(|found, _| found == language);
        let lines = code.lines().count();
        assert!(lines <= 13, "ten lines, and those that import: {lines}");
        code
    }

    /// The commands among which this stands.
    fn shell(&self, part: &str) -> String {
        self.block(|language, code| language == "sh" && code.contains(part))
    }
}

fn repository_file(name: &str) -> String {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A program that `cargo xtask prepare` made ready.
fn tool(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{variable} is not set");
        println!("skipped: {variable} is not set (cargo xtask prepare)");
    }
    found
}

/// What the reader has after saving the code and installing the packages; a link, since a test uses no network.
fn folder_with(code: &str, file: &str, tool: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(file), code).unwrap();
    let packages = tool.ancestors().nth(2).unwrap().join("node_modules");
    if packages.exists() {
        std::os::unix::fs::symlink(packages, folder.path().join("node_modules")).unwrap();
    }
    folder
}

/// The search path with the tool's folder first.
fn path_with(tool: &Path) -> OsString {
    let others = std::env::var_os("PATH").unwrap();
    let own = tool.parent().unwrap().to_owned();
    std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&others))).unwrap()
}

/// A program that says something line by line; killed with all that it started when dropped.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What it says, up to the line that has this.
    fn until(&mut self, part: &str) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        while !said.last().is_some_and(|line| line.contains(part)) {
            let line = self.lines.next().and_then(Result::ok);
            said.push(line.unwrap_or_else(|| panic!("it ended before it said {part:?}: {said:?}")));
        }
        said
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}
