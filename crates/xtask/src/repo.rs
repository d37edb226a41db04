//! Where things are, and how a program is run: its whole output goes to a log below `target/ci`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

pub(crate) struct Repo {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder: builds, logs, the Python environment.
    pub(crate) target: PathBuf,
    /// `CI=true`: what can't be run is a failure.
    pub(crate) strict: bool,
}

/// What a program said, and whether it was content.
pub(crate) struct Ran {
    pub(crate) ok: bool,
    pub(crate) output: String,
}

impl Repo {
    pub(crate) fn open() -> Result<Repo> {
        let crate_folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let root =
            crate_folder.ancestors().nth(2).context("crates/xtask lies two folders down")?.to_path_buf();
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |at| root.join(at));
        fs::create_dir_all(target.join("ci"))?;
        let strict = std::env::var("CI").is_ok_and(|value| value == "true");
        Ok(Repo { root, target, strict })
    }

    /// A command that runs at the root.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root).stdin(Stdio::null());
        command
    }

    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        self.command("cargo", arguments)
    }

    pub(crate) fn log_path(&self, name: &str) -> PathBuf {
        self.target.join("ci").join(format!("{name}.log"))
    }

    /// Runs to the end; both streams go to one log, in the order in which they were written.
    pub(crate) fn run(&self, log: &str, command: &mut Command) -> Result<Ran> {
        let path = self.log_path(log);
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let program = command.get_program().to_string_lossy().into_owned();
        let status = command
            .stdout(file.try_clone()?)
            .stderr(file)
            .status()
            .with_context(|| format!("cannot run `{program}`"))?;
        let output = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        Ok(Ran { ok: status.success(), output })
    }

    /// Whether a program is there and answers (output dropped).
    pub(crate) fn answers(&self, program: &str, arguments: &[&str]) -> bool {
        self.command(program, arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// What a program prints on its standard output.
    pub(crate) fn read(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output =
            self.command(program, arguments).output().with_context(|| format!("cannot run `{program}`"))?;
        anyhow::ensure!(
            output.status.success(),
            "`{program} {}` failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// Every file below `folder`, sorted; folders for which `skip` is true are not entered.
pub(crate) fn walk(folder: &Path, skip: &dyn Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_file() {
                files.push(entry.path());
            } else if kind.is_dir() && !skip(&entry.file_name().to_string_lossy()) {
                waiting.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}
