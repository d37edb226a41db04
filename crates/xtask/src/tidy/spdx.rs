//! Whether an SPDX licence expression can be met with permissive licences alone.

const PERMISSIVE: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "ISC",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "Zlib",
    "Unicode-3.0",
    "Unlicense",
    "CC0-1.0",
    "BSL-1.0",
    "0BSD",
];

/// `AND` wants both sides, `OR` (or the old `/`) one; what can't be read is not permissive.
pub(super) fn is_permissive(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    either(&mut words) == Some(true) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>) -> Option<bool> {
    let mut verdict = both(words)?;
    while words.next_if_eq(&"OR").is_some() {
        verdict |= both(words)?;
    }
    Some(verdict)
}

fn both(words: &mut Words<'_>) -> Option<bool> {
    let mut verdict = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        verdict &= one(words)?;
    }
    Some(verdict)
}

/// `None` where the text ends too early.
fn one(words: &mut Words<'_>) -> Option<bool> {
    let word = words.next()?;
    if word == "(" {
        let verdict = either(words)?;
        return (words.next() == Some(")")).then_some(verdict);
    }
    // An exception only adds rights.
    if words.next_if_eq(&"WITH").is_some() {
        words.next()?;
    }
    Some(PERMISSIVE.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_permissive_licences_can_meet_passes() {
        for expression in [
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "MIT OR GPL-3.0-only",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR MIT",
        ] {
            assert!(is_permissive(expression), "{expression}");
        }
        for expression in ["GPL-3.0-only", "MIT AND MPL-2.0", "", "(MIT", "MIT Apache-2.0", "MIT OR"] {
            assert!(!is_permissive(expression), "{expression}");
        }
    }
}
