//! Where things live and what they are called: files, their first lines, migrations.

use std::collections::BTreeMap;

use super::file::File;
use super::{Hit, Rule};

pub(super) const RULES: &[Rule<File>] = &[
    Rule {
        name: "no mod.rs",
        mend: "name it after its module: `foo.rs` beside `foo/`",
        check: |file| hit_if(file, file.name() == concat!("mod", ".rs")),
    },
    Rule {
        name: "files named by the domain",
        mend: "name it after what it is about, not after being shared",
        check: |file| {
            let stem = file.name().split('.').next().unwrap_or_default();
            hit_if(file, file.is_rust() && VAGUE.contains(&stem))
        },
    },
    Rule {
        name: "every file says what it is for",
        mend: "open with one to five lines of `//!`: what it is for, what it must not know",
        check: |file| {
            let first = file.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            let opens = first.starts_with("//! ") || first.starts_with("#![doc = include_str!(");
            hit_if(file, file.is_rust() && !opens)
        },
    },
    Rule {
        name: "11 input has its bounds in limits.rs",
        mend: "move the constant to the crate's `limits.rs`, where an operator finds all of them",
        check: stray_limits,
    },
];

pub(super) const TREE_RULES: &[Rule<[File]>] = &[Rule {
    name: "9 both stores have the same migrations",
    mend: "number them from 0001 without a gap, the same numbers in every store",
    check: migrations,
}];

const VAGUE: &[&str] = &["utils", "util", "common", "helpers", "helper", "manager", "misc"];

/// The crates that meet input from outside.
const BOUNDED: &[&str] = &["lockstep-scim", "lockstep-idp", "lockstep-server"];

fn hit_if(file: &File, wrong: bool) -> Vec<Hit> {
    if wrong { vec![file.hit(None, "the file")] } else { Vec::new() }
}

/// `const BODY_BYTES_LIMIT: usize = …` and the like, outside `limits.rs`.
fn stray_limits(file: &File) -> Vec<Hit> {
    if !file.crate_name().is_some_and(|name| BOUNDED.contains(&name)) || file.name() == "limits.rs" {
        return Vec::new();
    }
    file.shipped()
        .filter_map(|(line, text)| Some(file.hit(line, format!("`{}`", limit_name(text)?))))
        .collect()
}

fn limit_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("const ")?;
    let (name, kind) = after.split_once(": ")?;
    let whole = before.trim_start();
    let declares = whole.is_empty() || whole.starts_with("pub");
    let number =
        ["usize", "u64", "u32", "u16", "u8", "Duration"].iter().any(|number| kind.starts_with(number));
    let bound = name.split('_').any(|word| matches!(word, "MAX" | "LIMIT"));
    (declares && number && bound).then_some(name)
}

/// Numbers of the migrations, by the crate that has them.
fn migrations(files: &[File]) -> Vec<Hit> {
    let mut stores: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.path.contains("/migrations/") && file.has_extension(&["sql"]))
    {
        let digits: String = file.name().chars().take_while(char::is_ascii_digit).collect();
        if let (Some(store), Ok(number)) = (file.crate_name(), digits.parse()) {
            stores.entry(store).or_default().push(number);
        }
    }
    let longest = stores.values().map(Vec::len).max().unwrap_or_default();
    let dense: Vec<usize> = (1..=longest).collect();
    let differ = stores.into_iter().filter_map(|(store, mut numbers)| {
        numbers.sort_unstable();
        let what = format!("has {numbers:?}, expected 1 to {longest}");
        (numbers != dense).then(|| Hit { place: format!("crates/{store}"), line: None, what })
    });
    differ.collect()
}

#[cfg(test)]
mod tests {
    use super::super::text::tests::check_rule;
    use super::*;

    const FINE: &str = "//! What it is for.\n";

    #[test]
    fn each_rule_finds_what_it_is_for() {
        check_rule(
            RULES,
            "no mod.rs",
            &[("crates/a/src/b/mod.rs", FINE, true), ("crates/a/src/b.rs", FINE, false)],
        );
        check_rule(
            RULES,
            "files named by the domain",
            &[
                ("crates/a/src/utils.rs", FINE, true),
                ("crates/a/src/helpers.rs", FINE, true),
                ("crates/a/src/managers.rs", FINE, false),
                ("docs/common.md", "", false),
            ],
        );
        check_rule(
            RULES,
            "every file says what it is for",
            &[
                ("crates/a/src/b.rs", "fn a() {}\n", true),
                ("crates/a/src/b.rs", "// Not documentation.\n", true),
                ("crates/a/src/b.rs", "", true),
                ("crates/a/src/b.rs", FINE, false),
                ("crates/a/src/lib.rs", "#![doc = include_str!(\"../README.md\")]\n", false),
                ("a.md", "text", false),
            ],
        );
        check_rule(
            RULES,
            "11 input has its bounds in limits.rs",
            &[
                ("crates/lockstep-scim/src/path.rs", "pub(crate) const MAX_DEPTH: usize = 3;\n", true),
                ("crates/lockstep-server/src/api.rs", "    const PAGE_LIMIT: u32 = 3;\n", true),
                ("crates/lockstep-scim/src/limits.rs", "pub const MAX_DEPTH: usize = 3;\n", false),
                ("crates/lockstep-scim/src/path.rs", "const MAXIMAL: usize = 3;\n", false),
                ("crates/lockstep-store/src/page.rs", "const PAGE_MAX: usize = 3;\n", false),
            ],
        );
    }

    #[test]
    fn migrations_must_be_dense_and_the_same_everywhere() {
        let of = |paths: &[&str]| -> Vec<File> { paths.iter().map(|path| File::new(*path, "")).collect() };
        let breaches = |paths: &[&str]| migrations(&of(paths)).len();
        assert_eq!(breaches(&["crates/a/migrations/0001_x.sql", "crates/a/migrations/0002_y.sql"]), 0);
        assert_eq!(breaches(&["crates/a/migrations/0001_x.sql", "crates/a/migrations/0003_y.sql"]), 1);
        assert_eq!(breaches(&["crates/a/migrations/0001_x.sql", "crates/a/migrations/0001_y.sql"]), 1);
        let pair = [
            "crates/a/migrations/0001_x.sql",
            "crates/a/migrations/0002_x.sql",
            "crates/b/migrations/0001.sql",
        ];
        assert_eq!(breaches(&pair), 1);
    }
}
