//! The marks in the sources: comments that name requirements, above a test's attributes or at a line of its body, and
//! the name of the test that each belongs to, as the test runner tells it. It reads formatted code, line by line.

/// What stands before the ids, which commas separate.
const MARK: &str = concat!("// ", "Shows:");

/// A test, as `cargo nextest` names it, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Test {
    /// `lockstep-server::it`
    pub(super) binary: String,
    /// `protocol::discovery::schemas_are_listed`
    pub(super) name: String,
    /// From the root of the repository.
    pub(super) path: String,
}

/// A requirement that a test says it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) id: String,
    pub(super) test: Test,
    pub(super) line: usize,
}

/// The marks of one file, and what is wrong with others.
pub(super) fn read(path: &str, text: &str, has_library: bool) -> (Vec<Mark>, Vec<String>) {
    let mut reader = Reader { path, place: place(path, has_library), ..Reader::default() };
    for (index, line) in text.lines().enumerate() {
        reader.line(index + 1, line);
    }
    reader.orphan_waiting();
    (reader.marks, reader.errors)
}

/// The binary into which a file is compiled, and its module there. `None` for a file that can hold no test.
fn place(path: &str, has_library: bool) -> Option<(String, Vec<String>)> {
    let (package, inside) = path.strip_prefix("crates/")?.split_once('/')?;
    let stem = inside.strip_suffix(".rs")?;
    let modules = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    if let Some(module) = stem.strip_prefix("src/") {
        let binary = if has_library { package.to_owned() } else { format!("{package}::bin/{package}") };
        let root = matches!(module, "lib" | "main");
        return Some((binary, if root { Vec::new() } else { modules(module) }));
    }
    // `tests/name.rs`, or `tests/name/main.rs` with its modules beside it.
    let mut module = modules(stem.strip_prefix("tests/")?);
    let binary = format!("{package}::{}", module.remove(0));
    if module == ["main"] {
        module.clear();
    }
    Some((binary, module))
}

#[derive(Default)]
struct Reader<'a> {
    path: &'a str,
    place: Option<(String, Vec<String>)>,
    /// Inline modules around the line: indentation and name.
    modules: Vec<(usize, String)>,
    /// The test around the line: its indentation, the test, whether it is ignored.
    open: Option<(usize, Test, bool)>,
    /// The line before was a mark that goes on in this one.
    continues: bool,
    /// Marks that wait for the function below them.
    waiting: Vec<(usize, String)>,
    /// The attributes above the line: inside one of several lines, a test's, an ignored one's.
    inside_attribute: bool,
    is_test: bool,
    is_ignored: bool,
    marks: Vec<Mark>,
    errors: Vec<String>,
}

impl Reader<'_> {
    fn line(&mut self, number: usize, line: &str) {
        let trimmed = line.trim();
        let indentation = line.len() - line.trim_start().len();
        let continued = if self.continues { trimmed.strip_prefix("// ") } else { None };
        self.continues = false;
        if let Some(ids) = line.split_once(MARK).map(|(_, ids)| ids).or(continued) {
            self.mark(number, ids);
        }
        if self.open.is_some() {
            self.close_at(indentation, trimmed);
        } else if self.inside_attribute {
            self.inside_attribute = !trimmed.ends_with(']');
        } else if trimmed.starts_with("#[") {
            self.inside_attribute = !trimmed.ends_with(']');
            self.is_test |= trimmed == "#[test]" || trimmed.starts_with("#[tokio::test");
            self.is_ignored |= trimmed.starts_with(concat!("#[", "ignore"));
        } else if !trimmed.starts_with("//") {
            self.item(indentation, trimmed);
        }
    }

    /// The end of the open test, where this line is it.
    fn close_at(&mut self, indentation: usize, trimmed: &str) {
        if trimmed == "}" && self.open.as_ref().is_some_and(|(depth, ..)| *depth == indentation) {
            self.open = None;
        }
    }

    /// A line that is neither comment nor attribute, outside any test: a test begins, or a module does or ends.
    fn item(&mut self, indentation: usize, trimmed: &str) {
        if let (true, Some(name)) = (self.is_test, function(trimmed)) {
            self.begin(indentation, name, trimmed.ends_with('}'));
        } else if let Some(name) = module(trimmed) {
            self.modules.push((indentation, name.to_owned()));
        } else if trimmed == "}" && self.modules.last().is_some_and(|(depth, _)| *depth == indentation) {
            self.modules.pop();
        }
        self.orphan_waiting();
        (self.is_test, self.is_ignored) = (false, false);
    }

    fn begin(&mut self, indentation: usize, name: &str, whole: bool) {
        let Some((binary, file)) = self.place.clone() else { return };
        let inline = self.modules.iter().map(|(_, name)| name.clone());
        let name = file.into_iter().chain(inline).chain([name.to_owned()]).collect::<Vec<_>>().join("::");
        self.open = Some((indentation, Test { binary, name, path: self.path.to_owned() }, self.is_ignored));
        for (line, id) in std::mem::take(&mut self.waiting) {
            self.attach(line, id);
        }
        if whole {
            self.open = None;
        }
    }

    /// A mark's ids: to the test around it, or to wait for the one below.
    fn mark(&mut self, number: usize, ids: &str) {
        // A comma at the end: the comment goes on in the next line.
        let ids = ids.trim_end();
        self.continues = ids.ends_with(',');
        for id in ids.trim_end_matches(',').split(',').map(str::trim) {
            if self.open.is_some() {
                self.attach(number, id.to_owned());
            } else {
                self.waiting.push((number, id.to_owned()));
            }
        }
    }

    fn attach(&mut self, line: usize, id: String) {
        match &self.open {
            Some((.., true)) => self.error(line, &format!("`{id}` stands in a test that is ignored")),
            Some((_, test, false)) => self.marks.push(Mark { id, test: test.clone(), line }),
            None => self.error(line, &format!("`{id}` stands at no test")),
        }
    }

    fn orphan_waiting(&mut self) {
        for (line, id) in std::mem::take(&mut self.waiting) {
            self.attach(line, id);
        }
    }

    fn error(&mut self, line: usize, what: &str) {
        self.errors.push(format!("{}:{line}: {what}", self.path));
    }
}

/// The name of a function that begins here.
fn function(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let qualifier = |word: &str| matches!(word, "async" | "pub" | "const") || word.starts_with("pub(");
    before.split_whitespace().all(qualifier).then(|| after.split(['(', '<']).next())?
}

/// The name of an inline module that begins here.
fn module(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("mod ")?;
    (before.is_empty() || before.starts_with("pub")).then(|| after.strip_suffix(" {"))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source: `§` is the mark, so that this file has none.
    fn source(path: &str, text: &str) -> (Vec<String>, Vec<String>) {
        let (marks, errors) = read(path, &text.replace('§', MARK), path.contains("lockstep-scim"));
        let shown = marks
            .iter()
            .map(|mark| format!("{} {} {} {}", mark.line, mark.id, mark.test.binary, mark.test.name));
        (shown.collect(), errors)
    }

    #[test]
    fn a_mark_belongs_to_the_test_below_it_or_around_it() {
        let text = "\
§ A-01, A-02
/// Documentation.
§ A-03
#[tokio::test(flavor = \"multi_thread\")]
#[expect(
    clippy::panic,
)]
async fn promise() {
    § A-04
    let x = {
    };
    call(); § A-05
}

#[cfg(test)]
mod inner {
    fn helper() {}

    #[test]
    fn other() {
        § A-06
    }
    § A-07
    #[test]
    fn short() {}
}

§ A-08,
// A-09
#[test]
fn last() {
}
";
        let (shown, errors) = source("crates/lockstep-server/tests/it/protocol/read.rs", text);
        assert_eq!(errors, [""; 0]);
        let at = |module: &str| format!("lockstep-server::it protocol::read::{module}");
        assert_eq!(
            shown,
            [
                format!("1 A-01 {}", at("promise")),
                format!("1 A-02 {}", at("promise")),
                format!("3 A-03 {}", at("promise")),
                format!("9 A-04 {}", at("promise")),
                format!("12 A-05 {}", at("promise")),
                format!("21 A-06 {}", at("inner::other")),
                format!("23 A-07 {}", at("inner::short")),
                format!("28 A-08 {}", at("last")),
                format!("29 A-09 {}", at("last")),
            ]
        );
    }

    #[test]
    fn a_test_is_named_as_the_runner_names_it() {
        for (path, expected) in [
            ("crates/lockstep-scim/src/lib.rs", "lockstep-scim a"),
            ("crates/lockstep-scim/src/filter/tests.rs", "lockstep-scim filter::tests::a"),
            ("crates/xtask/src/main.rs", "xtask::bin/xtask a"),
            ("crates/xtask/src/ci.rs", "xtask::bin/xtask ci::a"),
            ("crates/lockstep-store/tests/memory.rs", "lockstep-store::memory a"),
            ("crates/lockstep-server/tests/it/main.rs", "lockstep-server::it a"),
            ("crates/lockstep-server/tests/it/users.rs", "lockstep-server::it users::a"),
        ] {
            let (shown, errors) = source(path, "§ A-01\n#[test]\nfn a() {\n}\n");
            assert_eq!((shown, errors.len()), (vec![format!("1 A-01 {expected}")], 0), "{path}");
        }
    }

    #[test]
    fn a_mark_without_a_test_that_runs_is_told() {
        for (text, line, what) in [
            ("§ A-01\nfn helper() {\n}\n", 1, "`A-01` stands at no test"),
            ("fn helper() {\n    § A-01\n}\n", 2, "`A-01` stands at no test"),
            ("§ A-01\n\n#[test]\nfn a() {\n}\n", 1, "`A-01` stands at no test"),
            ("#[test]\nfn a() {\n}\n§ A-01\n", 4, "`A-01` stands at no test"),
            (
                "§ A-01\n#[test]\n#[ignore = \"slow\"]\nfn a() {\n}\n",
                1,
                "`A-01` stands in a test that is ignored",
            ),
            ("#[test]\n#[ignore]\nfn a() {\n    § A-01\n}\n", 4, "`A-01` stands in a test that is ignored"),
        ] {
            let (shown, errors) = source("crates/lockstep-scim/src/a.rs", text);
            assert_eq!(shown, [""; 0], "{text}");
            assert_eq!(errors, [format!("crates/lockstep-scim/src/a.rs:{line}: {what}")], "{text}");
        }
    }
}
