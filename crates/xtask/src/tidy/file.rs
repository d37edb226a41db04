//! A file as the rules see it: a path from the root, a text, and the line at which its tests begin.

use super::Hit;

pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
    /// Index of the first line of `mod tests { … }`, which stands last in a file; 0 where all of it is test.
    tests_from: usize,
}

impl File {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> File {
        let (path, text) = (path.into(), text.into());
        let tests_from = if is_test(&path) { 0 } else { tests_from(&text) };
        File { path, text, tests_from }
    }

    /// `tests/x.rs` → `x.rs`.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub(super) fn has_extension(&self, extensions: &[&str]) -> bool {
        self.name().rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
    }

    pub(super) fn is_rust(&self) -> bool {
        self.has_extension(&["rs"])
    }

    /// The crate whose folder the file is in.
    pub(super) fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The lines that ship.
    pub(super) fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().take(self.tests_from)
    }

    /// The lines that are tests.
    pub(super) fn tested(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().skip(self.tests_from)
    }

    pub(super) fn hit(&self, line: impl Into<Option<usize>>, what: impl Into<String>) -> Hit {
        Hit { place: self.path.clone(), line: line.into(), what: what.into() }
    }
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "lockstep-testkit"))
}

fn tests_from(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .windows(2)
        .position(
            |pair| matches!(pair, [gate, module] if *gate == "#[cfg(test)]" && is_inline_module(module)),
        )
        .unwrap_or(lines.len())
}

fn is_inline_module(line: &str) -> bool {
    (line.starts_with("mod ") || line.contains(") mod ")) && line.ends_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_from_what_ships() {
        let file = File::new("crates/a/src/b.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n    // x\n}\n");
        assert_eq!(file.shipped().collect::<Vec<_>>(), [(1, "fn a() {}")]);
        assert_eq!(file.tested().count(), 4);
        let separate = File::new("crates/a/src/b.rs", "#[cfg(test)]\nmod tests;\n\nfn a() {}\n");
        assert_eq!(separate.tested().count(), 0);
        for path in
            ["crates/a/src/b/tests.rs", "crates/a/tests/it/main.rs", "crates/lockstep-testkit/src/lib.rs"]
        {
            assert_eq!(File::new(path, "fn a() {}").shipped().count(), 0, "{path}");
        }
    }
}
