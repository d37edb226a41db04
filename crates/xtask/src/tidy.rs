//! The rules of the house that a machine can check. Each rule is a name, a way to mend, and a pure function over a
//! file, over all files, or over the graph of packages. What is only a smell is listed and fails nothing.

mod file;
mod graph;
mod layout;
mod size;
mod spdx;
mod text;

use std::fs;

use anyhow::Result;

use crate::repo::{Repo, walk};
use file::File;

/// One breach.
#[derive(Debug, PartialEq, Eq)]
struct Hit {
    /// File or package.
    place: String,
    /// From one; none where the whole file is meant.
    line: Option<usize>,
    /// What was found, quoted.
    what: String,
}

struct Rule<Input: ?Sized> {
    name: &'static str,
    mend: &'static str,
    check: fn(&Input) -> Vec<Hit>,
}

/// What `cargo xtask tidy` has to say.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) failures: Vec<String>,
    pub(crate) notes: Vec<String>,
}

pub(crate) fn run(repo: &Repo) -> Result<Found> {
    let files = read(repo)?;
    let mut found = Found::default();
    for rule in layout::RULES.iter().chain(text::RULES) {
        found.tell(rule, files.iter());
    }
    for rule in layout::TREE_RULES {
        found.tell(rule, [files.as_slice()]);
    }
    let packages = graph::Packages::read(repo)?;
    for rule in graph::RULES {
        found.tell(rule, [&packages]);
    }
    found.notes = size::notes(&files);
    Ok(found)
}

impl Found {
    /// A rule that is broken is told once, with all the places below it.
    fn tell<'a, Input: ?Sized + 'a>(
        &mut self,
        rule: &Rule<Input>,
        inputs: impl IntoIterator<Item = &'a Input>,
    ) {
        let hits: Vec<Hit> = inputs.into_iter().flat_map(rule.check).collect();
        if hits.is_empty() {
            return;
        }
        self.failures.push(format!("  {}: {}", rule.name, rule.mend));
        for hit in hits {
            let line = hit.line.map_or_else(String::new, |line| format!(":{line}"));
            self.failures.push(format!("    {}{line}: {}", hit.place, hit.what));
        }
    }
}

/// Every text file that is ours: no build output, nothing installed.
fn read(repo: &Repo) -> Result<Vec<File>> {
    let foreign = |name: &str| {
        matches!(name, ".git" | "target" | "node_modules" | "lockstep-data" | ".venv" | "__pycache__")
    };
    let mut files = Vec::new();
    for path in walk(&repo.root, &foreign)? {
        let Ok(text) = String::from_utf8(fs::read(&path)?) else { continue };
        let name = path.strip_prefix(&repo.root)?.to_string_lossy().replace('\\', "/");
        files.push(File::new(name, text));
    }
    Ok(files)
}
