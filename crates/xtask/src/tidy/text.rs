//! What may not stand in a file: a vendor's name where vendors are unknown, a promise without a number, a test that
//! waits or is switched off, a host we must not depend on, a secret.
//!
//! The forbidden words are put together from halves, so that this file does not break its own rules.

use super::file::File;
use super::{Hit, Rule};

pub(super) const RULES: &[Rule<File>] = &[
    Rule {
        name: "2 no IdP's name outside lockstep-idp",
        mend: "say what is deviant, not whose it is; the name and the evidence stand in lockstep-idp",
        check: idp_names,
    },
    Rule {
        name: "an open point has an issue",
        mend: "add the number, `(#12)`, or do it now",
        check: |file| {
            let here = file.has_extension(&["rs", "sql", "toml", "py", "sh", "ts", "html"]);
            lines_where(file, here, file.lines(), |line| {
                let open = has_word(line, concat!("TO", "DO")) || has_word(line, concat!("FIX", "ME"));
                open && !has_issue_number(line)
            })
        },
    },
    Rule {
        name: "no test is switched off",
        mend: "assert what happens today and say why it is wrong, or delete the test",
        check: |file| {
            let marks = [concat!("#[", "ignore"), concat!("#[cfg_attr(all(), ", "ignore")];
            lines_where(file, file.is_rust(), file.lines(), |line| {
                marks.iter().any(|mark| line.trim_start().starts_with(mark))
            })
        },
    },
    Rule {
        name: "no test sleeps",
        mend: "wait for what you need: a channel, a condition, a paused clock that is advanced",
        check: |file| lines_where(file, file.is_rust(), file.tested(), sleeps),
    },
    Rule {
        name: "no registry's host name",
        mend: "name the package and its version; where it comes from is the machine's configuration",
        check: |file| {
            let ours = !file.name().contains("lock");
            lines_where(file, ours, file.lines(), |line| REGISTRIES.iter().any(|host| line.contains(host)))
        },
    },
    Rule {
        name: "no URL of ours is stored",
        mend: "store ids; the edge makes the URL of the moment from `--public-url`",
        check: |file| {
            let keeps = |name: &str| name == "lockstep-core" || name.starts_with("lockstep-store");
            let here = file.crate_name().is_some_and(keeps) && file.has_extension(&["rs", "sql"]);
            lines_where(file, here, file.shipped(), |line| {
                let comment = line.trim_start().starts_with("//") || line.trim_start().starts_with("--");
                !comment
                    && ["public_url", "scim_endpoint", "base_url"].iter().any(|name| has_word(line, name))
            })
        },
    },
    Rule {
        name: "no secret",
        mend: "make it at run time; where a published example is meant, say `not a secret: why` in the line",
        check: |file| {
            let ours = !file.name().contains("lock");
            lines_where(file, ours, file.lines(), |line| {
                looks_secret(line) && !line.contains(concat!("not a ", "secret: "))
            })
        },
    },
];

/// Vendors whose contracts we keep or may keep. Words with another meaning (`ping`, `google`) only in full.
const IDPS: &[&str] = &[
    "okta",
    "entra",
    "azure",
    "microsoft",
    "onelogin",
    "jumpcloud",
    "pingone",
    "pingfederate",
    "pingidentity",
    "cyberark",
    "rippling",
    "gsuite",
    "bamboohr",
    "hibob",
    "sailpoint",
    "workday",
    "personio",
    "keycloak",
    "authentik",
    "auth0",
];

/// Crates that may name vendors: their home, who plays them, the program's own texts, and this list.
const MAY_NAME_IDPS: &[&str] = &["lockstep-idp", "lockstep-play", "lockstep", "xtask"];

const REGISTRIES: &[&str] = &[
    concat!("crates", ".io"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("rubygems", ".org"),
    concat!("proxy.golang", ".org"),
    concat!("repo.maven", ".apache"),
    concat!("deb.debian", ".org"),
];

fn lines_where<'a>(
    file: &'a File,
    applies: bool,
    lines: impl Iterator<Item = (usize, &'a str)>,
    wrong: impl Fn(&str) -> bool,
) -> Vec<Hit> {
    let hits = lines.filter(|(_, text)| applies && wrong(text));
    hits.map(|(line, text)| file.hit(line, format!("`{}`", text.trim()))).collect()
}

fn idp_names(file: &File) -> Vec<Hit> {
    let applies = file.is_rust() && file.crate_name().is_some_and(|name| !MAY_NAME_IDPS.contains(&name));
    let named = |line: &str| IDPS.iter().any(|idp| names(line, idp));
    lines_where(file, applies, file.shipped(), named)
}

/// Whether the name stands in a line by itself or as a part of an identifier: `okta`, `OktaUser`, `is_okta`, `OKTA`;
/// but not inside a longer word, as in `central`.
fn names(line: &str, name: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    lower.match_indices(name).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let first = line.get(at..).and_then(|text| text.chars().next());
        let after = line.get(at + name.len()..).and_then(|text| text.chars().next());
        let begins = before.is_none_or(|c| !c.is_alphabetic())
            || (before.is_some_and(char::is_lowercase) && first.is_some_and(char::is_uppercase));
        begins && after.is_none_or(|c| !c.is_lowercase())
    })
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_word_part) && !after.is_some_and(is_word_part)
    })
}

fn has_issue_number(line: &str) -> bool {
    line.match_indices('#')
        .any(|(at, _)| line.get(at + 1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
}

/// A call of a function `sleep` or `sleep_until`; a method of a clock that is ours is none.
fn sleeps(line: &str) -> bool {
    ["sleep(", "sleep_until("].iter().any(|call| {
        line.match_indices(call).any(|(at, _)| {
            let before = line.get(..at).and_then(|text| text.chars().next_back());
            !before.is_some_and(|c| is_word_part(c) || c == '.')
        })
    })
}

/// Beginnings that only secrets have, and how many characters must follow to be one.
const SECRETS: &[(&str, usize)] = &[
    (concat!("wh", "sec_"), 24),
    (concat!("sk_", "live_"), 8),
    (concat!("sk_", "test_"), 20),
    (concat!("gh", "p_"), 30),
    (concat!("github_", "pat_"), 30),
    (concat!("gl", "pat-"), 20),
    (concat!("xo", "xb-"), 20),
    (concat!("AK", "IA"), 16),
    (concat!("ey", "J"), 40),
    (concat!("Bear", "er "), 24),
];

fn looks_secret(line: &str) -> bool {
    let key = line.contains(concat!("PRIVATE", " KEY-----"));
    key || SECRETS.iter().any(|(start, length)| {
        line.match_indices(start).any(|(at, _)| {
            let rest = line.get(at + start.len()..).unwrap_or_default();
            let secret =
                |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-' | '.');
            let body: String = rest.chars().take_while(secret).collect();
            // A word such as `the_token_of_the_directory` is long and has no digit.
            body.len() >= *length && body.contains(|c: char| c.is_ascii_digit())
        })
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Each case: path, text, whether the rule must find something.
    #[track_caller]
    pub(crate) fn check_rule(rules: &[Rule<File>], name: &str, cases: &[(&str, &str, bool)]) {
        let rule = rules.iter().find(|rule| rule.name == name).expect("a rule of that name");
        for (path, text, breach) in cases {
            let hits = (rule.check)(&File::new(*path, *text));
            assert_eq!(!hits.is_empty(), *breach, "{name}: {path}: {text:?}: {hits:?}");
        }
    }

    const SHIPPED: &str = "crates/lockstep-server/src/a.rs";
    const TEST: &str = "crates/lockstep-server/tests/it/a.rs";

    #[test]
    fn a_vendor_is_named_only_at_home() {
        check_rule(
            RULES,
            "2 no IdP's name outside lockstep-idp",
            &[
                (SHIPPED, "let t = \"okta scim v2.0\";", true),
                (SHIPPED, "// Entra sends this", true),
                (SHIPPED, "struct OktaUser;", true),
                (SHIPPED, "fn from_azure() {}", true),
                (SHIPPED, "let isEntraId = 1;", true),
                (SHIPPED, "a central entrance", false),
                (TEST, "okta", false),
                (SHIPPED, "fn a() {}\n#[cfg(test)]\nmod tests {\n    // okta\n}", false),
                ("crates/lockstep-idp/src/okta.rs", "okta", false),
                ("docs/idp/okta.md", "okta", false),
            ],
        );
    }

    #[test]
    fn an_open_point_needs_a_number() {
        let open = concat!("// TO", "DO later");
        let numbered = concat!("// TO", "DO(#12) later");
        let fix = concat!("-- FIX", "ME");
        check_rule(
            RULES,
            "an open point has an issue",
            &[(SHIPPED, open, true), (SHIPPED, numbered, false), ("a.sql", fix, true), ("a.md", open, false)],
        );
    }

    #[test]
    fn tests_neither_sleep_nor_rest() {
        let ignored = concat!("    #[", "ignore = \"slow\"]");
        check_rule(RULES, "no test is switched off", &[(TEST, ignored, true), (TEST, "// ignored", false)]);
        check_rule(
            RULES,
            "no test sleeps",
            &[
                (TEST, concat!("std::thread::sle", "ep(a);"), true),
                (TEST, concat!("sle", "ep(a).await;"), true),
                (TEST, concat!("tokio::time::sle", "ep_until(a).await;"), true),
                (TEST, "clock.sleep(a);", false),
                (TEST, "fn does_not_oversleep() {}", false),
                (SHIPPED, concat!("tokio::time::sle", "ep(a).await;"), false),
            ],
        );
    }

    #[test]
    fn no_registry_and_no_url_of_ours() {
        let host = concat!("see crates", ".io");
        check_rule(
            RULES,
            "no registry's host name",
            &[("a.md", host, true), ("Cargo.lock", host, false), ("a.md", "see the registry", false)],
        );
        check_rule(
            RULES,
            "no URL of ours is stored",
            &[
                ("crates/lockstep-store-sqlite/migrations/0001_a.sql", "scim_endpoint TEXT,", true),
                ("crates/lockstep-core/src/a.rs", "pub public_url: String,", true),
                ("crates/lockstep-core/src/a.rs", "// public_url is the edge's", false),
                (SHIPPED, "pub public_url: String,", false),
            ],
        );
    }

    #[test]
    fn what_looks_like_a_secret_is_found() {
        let webhook = format!("secret = \"{}{}\"", concat!("wh", "sec_"), "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let explained = format!("{webhook} // {}the specification's example", concat!("not a ", "secret: "));
        let bearer = format!("Authorization: {}{}", concat!("Bear", "er "), "abcdefgh0123456789abcdefgh");
        let words = format!("Authorization: {}{}", concat!("Bear", "er "), "the_token_of_this_directory");
        let pem = concat!("-----BEGIN PRIVATE", " KEY-----");
        check_rule(
            RULES,
            "no secret",
            &[
                ("contracts/a.http", &bearer, true),
                ("contracts/a.http", &words, false),
                (TEST, &webhook, true),
                (TEST, &explained, false),
                ("a.pem", pem, true),
                ("a.md", "a secret begins with `whsec_`", false),
            ],
        );
    }
}
