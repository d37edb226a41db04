//! What the machine allows a process: open files and memory.

use rustix::process::{Resource, getrlimit};

use crate::doctor::finding::Finding;
use crate::machine::sized;

/// Each connection is an open file, each reader of the database two; below this, hardly anybody can be served.
const FILES_MIN: u64 = 256;
/// Enough for some thousand connections.
const FILES_ADVISED: u64 = 4_096;
/// Bodies of 8 MiB at once, caches of the database, and what a page of large groups takes.
const MEMORY_MIN: u64 = 128 << 20;
const MEMORY_ADVISED: u64 = 512 << 20;

pub(crate) fn findings() -> Vec<Finding> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let limit = getrlimit(Resource::Nofile);
    let memory = [
        read("/proc/meminfo").as_deref().and_then(available),
        read("/sys/fs/cgroup/memory.max").and_then(|text| text.trim().parse().ok()),
    ];
    vec![files(limit.current, limit.maximum), room(memory.into_iter().flatten().min())]
}

fn files(soft: Option<u64>, hard: Option<u64>) -> Finding {
    let Some(soft) = soft else { return Finding::ok("open files", "without limit".into()) };
    let says = format!("{soft} may be open at once; each connection takes one");
    let more = match hard {
        Some(hard) if hard < FILES_ADVISED => "",
        _ => "; the hard limit allows it",
    };
    let mend = format!("raise it to {FILES_ADVISED} or more (LimitNOFILE= of the unit, `ulimit -n`){more}");
    match soft {
        soft if soft < FILES_MIN => Finding::problem("open files", says).mend(mend),
        soft if soft < FILES_ADVISED => Finding::warning("open files", says).mend(mend),
        _ => Finding::ok("open files", says),
    }
}

/// `MemAvailable` of /proc/meminfo, in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

fn room(bytes: Option<u64>) -> Finding {
    let Some(bytes) = bytes else {
        return Finding::ok("memory", "how much there is cannot be told here".into());
    };
    let says = format!("{} are there for it", sized(bytes));
    let mend = format!("give it {} or more", sized(MEMORY_ADVISED));
    match bytes {
        bytes if bytes < MEMORY_MIN => Finding::problem("memory", says).mend(mend),
        bytes if bytes < MEMORY_ADVISED => Finding::warning("memory", says).mend(mend),
        _ => Finding::ok("memory", says),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level::{Ok, Problem, Warning};

    #[test]
    fn few_files_are_a_warning_and_very_few_a_problem() {
        for (soft, level) in [
            (None, Ok),
            (Some(FILES_ADVISED), Ok),
            (Some(FILES_ADVISED - 1), Warning),
            (Some(FILES_MIN - 1), Problem),
        ] {
            assert_eq!(files(soft, None).level, level, "{soft:?}");
        }
        assert!(files(Some(10), Some(1 << 20)).mend.unwrap().contains("the hard limit allows it"));
        assert!(!files(Some(10), Some(10)).mend.unwrap().contains("allows it"));
    }

    #[test]
    fn little_memory_is_a_warning_and_very_little_a_problem() {
        let meminfo = "MemTotal:       16 kB\nMemAvailable:   262144 kB\n";
        assert_eq!(available(meminfo), Some(256 << 20));
        assert_eq!(available("MemTotal: 1 kB"), None);
        for (bytes, level) in
            [(None, Ok), (Some(1 << 30), Ok), (available(meminfo), Warning), (Some(1 << 20), Problem)]
        {
            assert_eq!(room(bytes).level, level, "{bytes:?}");
        }
    }
}
