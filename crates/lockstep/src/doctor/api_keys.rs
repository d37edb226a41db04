//! The API keys that there are: whether one of them may make others, and which end soon.

use lockstep_core::clock::Timestamp;
use lockstep_core::model::ApiKey;

use crate::doctor::finding::Finding;
use crate::terminal::plain;

const CHECK: &str = "API keys";
/// So many days before a key ends it is time to give its application another.
const DAYS_ADVISED: i64 = 14;
const DAY: i64 = 86_400_000_000;
/// Keys that are told one by one.
const SHOWN: usize = 5;

/// What is said where there is no key yet.
pub(crate) fn none(is_given: bool) -> Finding {
    Finding::ok(
        CHECK,
        if is_given {
            "none yet: the first start accepts the one that is given".into()
        } else {
            "none yet: the first start makes one and prints it once".into()
        },
    )
}

/// What is said of the keys that there are, of which there is one at least.
pub(crate) fn findings(keys: &[ApiKey], now: Timestamp) -> Vec<Finding> {
    let is_over = |key: &&ApiKey| key.expires_at.is_some_and(|end| end <= now);
    let over = keys.iter().filter(is_over).count();
    let living: Vec<&ApiKey> = keys.iter().filter(|key| !is_over(key)).collect();
    let ended = if over == 0 { String::new() } else { format!(", {over} that have ended") };
    let says = format!("{} that are accepted{ended}", living.len());
    let mut findings = vec![if living.iter().any(|key| key.is_master()) {
        Finding::ok(CHECK, says)
    } else {
        Finding::warning(
            CHECK,
            format!("{says}; none of them reaches everything, may write and does not end"),
        )
        .mend("start the server once with a new one in LOCKSTEP_API_KEY: it is accepted beside the others")
    }];
    findings.extend(ending(&living, now));
    findings
}

/// The keys that end soon. One that was rotated ends on purpose: when it was last used shows whether somebody missed it.
fn ending(living: &[&ApiKey], now: Timestamp) -> Option<Finding> {
    let soon = Timestamp(now.0.saturating_add(DAYS_ADVISED * DAY));
    let mut ending: Vec<(Timestamp, &ApiKey)> =
        living.iter().filter_map(|key| Some((key.expires_at.filter(|end| *end <= soon)?, *key))).collect();
    ending.sort_by_key(|(end, _)| *end);
    if ending.is_empty() {
        return None;
    }
    let more = ending.len().saturating_sub(SHOWN);
    let mut told: Vec<String> = ending.iter().take(SHOWN).map(|(end, key)| one(*end, key)).collect();
    if more > 0 {
        told.push(format!("{more} more"));
    }
    let says = format!("{} end within {DAYS_ADVISED} days: {}", ending.len(), told.join("; "));
    Some(Finding::warning(CHECK, says).mend(
        "give those who still use one another: `lockstep key rotate ID --overlap 24h --expires 365d`, while the server runs",
    ))
}

fn one(end: Timestamp, key: &ApiKey) -> String {
    let name = key.name.as_deref().map_or_else(String::new, |name| format!(" `{}`", plain(name)));
    let used = key.last_used_at.map_or_else(|| "never used".into(), |at| format!("last used {at}"));
    format!("{}{name} ends {end}, {used}", key.id)
}

#[cfg(test)]
mod tests {
    use lockstep_core::id::ApiKeyId;

    use super::*;
    use crate::doctor::finding::Level;

    const NOW: Timestamp = Timestamp(1_000 * DAY);

    fn key(number: u128) -> ApiKey {
        ApiKey::unrestricted(ApiKeyId(number), [0; 32], Timestamp(0))
    }

    fn ends_in(days: i64, number: u128) -> ApiKey {
        ApiKey { expires_at: Some(Timestamp(NOW.0 + days * DAY)), ..key(number) }
    }

    fn levels(keys: &[ApiKey]) -> Vec<Level> {
        findings(keys, NOW).iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn a_server_without_a_key_that_may_make_others_is_warned_of() {
        let reader = ApiKey { read_only: true, ..key(2) };
        for (keys, level) in [
            (vec![key(1)], Level::Ok),
            (vec![key(1), reader.clone()], Level::Ok),
            (vec![reader], Level::Warning),
            (vec![ends_in(-1, 3)], Level::Warning),
            (vec![ends_in(100, 3)], Level::Warning),
        ] {
            assert_eq!(levels(&keys)[0], level, "{keys:?}");
        }
    }

    #[test]
    fn keys_that_end_soon_are_told_the_soonest_first_and_those_that_ended_are_not() {
        assert_eq!(levels(&[key(1), ends_in(15, 2), ends_in(0, 3)]), [Level::Ok]);
        let named = ApiKey { name: Some("re\u{1b}ports".into()), last_used_at: Some(NOW), ..ends_in(14, 2) };
        let found = findings(&[key(1), named, ends_in(1, 3)], NOW);
        assert_eq!((found.len(), found[1].level), (2, Level::Warning));
        let says = &found[1].says;
        let place = |words: &str| says.find(words).unwrap_or_else(|| panic!("{words}: {says}"));
        assert!(place(&ApiKeyId(3).to_string()) < place(&ApiKeyId(2).to_string()), "{says}");
        assert!(place("never used") < place("last used") && !says.contains('\u{1b}'), "{says}");
        let many: Vec<ApiKey> = (0..20).map(|number| ends_in(3, number)).collect();
        assert!(findings(&many, NOW)[1].says.contains("15 more"));
    }
}
