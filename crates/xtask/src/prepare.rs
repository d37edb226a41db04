//! Installs what the tests need beyond a Rust toolchain and a C compiler, and says what it installed.
//! One function a tool, each does nothing where the tool is there. PostgreSQL, Node and a browser come here when
//! the first test needs them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::repo::Repo;
use crate::report::{Outcome, Report};

/// What the tests' Python environment holds: the SDK that applications use, and a spelling checker.
const PYTHON_PACKAGES: &[&str] = &["workos==10.8.0", "typos==1.52.0"];

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
    Prepared { python }
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
