//! What is configured, where it comes from, and what was meant for us and is read by nobody.

use crate::config::reference::{KEYS, OTHER_VARIABLES};
use crate::doctor::finding::Finding;
use crate::serve::ServeOptions;

/// Variables with our prefix that nothing reads: most likely a slip of the pen.
pub(crate) fn unknown_variables(given: &[String]) -> Vec<Finding> {
    let known: Vec<&str> =
        KEYS.iter().map(|key| key.variable).chain(OTHER_VARIABLES.iter().map(|(name, _)| *name)).collect();
    let unknown =
        given.iter().filter(|name| name.starts_with("LOCKSTEP_") && !known.contains(&name.as_str()));
    unknown
        .map(|name| {
            let nearest = known.iter().min_by_key(|known| distance(known, name));
            let meant = nearest.filter(|known| distance(known, name) <= 3);
            let mend = meant.map_or_else(
                || "unset it; docs/guide/configuration.md has every variable".to_owned(),
                |known| format!("did you mean {known}?"),
            );
            Finding::warning("configuration", format!("{name} is set, and nothing reads it")).mend(mend)
        })
        .collect()
}

/// Which sources are in use, and which wins where two name the same.
pub(crate) fn in_effect(options: &ServeOptions, given: &[String]) -> Finding {
    let file = options.config.as_ref().map_or_else(
        || "no configuration file".to_owned(),
        |path| format!("configuration file {}", path.display()),
    );
    let mut set: Vec<&str> = KEYS
        .iter()
        .map(|key| key.variable)
        .filter(|variable| given.iter().any(|name| name == variable))
        .collect();
    set.extend(
        ["LOCKSTEP_API_KEY", "LOCKSTEP_MASTER_KEY"]
            .into_iter()
            .filter(|name| given.iter().any(|set| set == name)),
    );
    let variables = if set.is_empty() { "no variables".to_owned() } else { set.join(", ") };
    let flags: Vec<&str> = KEYS.iter().filter_map(|key| key.flag).collect();
    Finding::ok(
        "configuration",
        format!(
            "{file}; {variables}. Flags ({}) win over variables, which win over the file",
            flags.join(", ")
        ),
    )
}

/// By how many characters two names differ (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, mine) in one.bytes().enumerate() {
        let mut next = vec![index + 1];
        for ((theirs, above_left), above) in other.bytes().zip(&row).zip(row.iter().skip(1)) {
            let left = next.last().copied().unwrap_or(0);
            let change = above_left + usize::from(mine != theirs);
            next.push(change.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    #[test]
    fn a_variable_that_nobody_reads_is_told_with_the_one_that_was_meant() {
        let given =
            ["LOCKSTEP_PUBLICURL", "LOCKSTEP_LISTEN", "PATH", "LOCKSTEP_SOMETHING_ELSE"].map(str::to_owned);
        let found = unknown_variables(&given);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].level, Level::Warning);
        assert!(
            found[0].says.contains("LOCKSTEP_PUBLICURL")
                && found[0].mend.as_ref().unwrap().contains("LOCKSTEP_PUBLIC_URL")
        );
        assert!(found[1].mend.as_ref().unwrap().contains("unset it"));
    }

    #[test]
    fn what_is_set_is_named_and_never_shown() {
        let options = ServeOptions { config: Some("lockstep.toml".into()), ..ServeOptions::default() };
        let says = in_effect(&options, &["LOCKSTEP_MASTER_KEY", "LOCKSTEP_LOG"].map(str::to_owned)).says;
        for words in ["lockstep.toml", "LOCKSTEP_LOG, LOCKSTEP_MASTER_KEY", "--listen"] {
            assert!(says.contains(words), "{says}");
        }
    }

    #[test]
    fn a_distance_is_how_many_characters_differ() {
        let cases =
            [("abc", "abc", 0), ("abc", "abx", 1), ("abc", "ab", 1), ("", "ab", 2), ("kitten", "sitting", 3)];
        for (one, other, wanted) in cases {
            assert_eq!(distance(one, other), wanted, "{one} {other}");
        }
    }
}
