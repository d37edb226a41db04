//! Every key of the configuration, told once: what `lockstep config` prints and `docs/guide/configuration.md` are written
//! from this, and tests hold it to what is read.

use std::fmt::Write as _;

/// A key of the configuration file.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its name; the part in front of a dot is its section.
    pub(crate) name: &'static str,
    /// The default as TOML has it, or an example where there is none.
    value: Value,
    /// The environment variable that wins over it.
    pub(crate) variable: &'static str,
    /// The flag of `lockstep serve` that wins over both.
    pub(crate) flag: Option<&'static str>,
    /// What it means, in sentences.
    meaning: &'static str,
}

#[derive(Debug)]
enum Value {
    Default(&'static str),
    /// Nothing is the default; what that means.
    None {
        example: &'static str,
        means: &'static str,
    },
}

/// A section of the file.
struct Section {
    name: &'static str,
    about: &'static str,
}

const SECTIONS: &[Section] = &[
    Section { name: "", about: "" },
    Section {
        name: "requests",
        about: "What each IdP sent, what was made of it and what it was answered: GET /directories/{id}/requests. It is \
                kept beside the database (`lockstep-requests.db`), in a file that may be deleted while the server does \
                not run.",
    },
    Section { name: "tls", about: "PEM files; both or neither. They are read again on SIGHUP." },
    Section { name: "log", about: "One line a request, on standard error." },
];

pub(crate) const KEYS: &[Key] = &[
    Key {
        name: "listen",
        value: Value::Default("\"127.0.0.1:8480\""),
        variable: "LOCKSTEP_LISTEN",
        flag: Some("--listen"),
        meaning: "Address to listen on. Plain HTTP is served on loopback addresses only, unless [tls] is set or \
                  `behind_proxy` is true.",
    },
    Key {
        name: "database",
        value: Value::Default("\"sqlite://lockstep-data/lockstep.db\""),
        variable: "LOCKSTEP_DATABASE",
        flag: Some("--database"),
        meaning: "Where everything is kept: a file of the embedded database. It is made if it is missing, readable by \
                  this user only.",
    },
    Key {
        name: "public_url",
        value: Value::None { example: "\"https://scim.example.com\"", means: "where the server listens" },
        variable: "LOCKSTEP_PUBLIC_URL",
        flag: Some("--public-url"),
        meaning: "Address under which the server is reached from outside, as IdPs and links must write it.",
    },
    Key {
        name: "behind_proxy",
        value: Value::Default("false"),
        variable: "LOCKSTEP_BEHIND_PROXY",
        flag: Some("--behind-proxy"),
        meaning: "Whether a proxy in front of this server ends TLS.",
    },
    Key {
        name: "allow_outbound",
        value: Value::Default("[]"),
        variable: "LOCKSTEP_ALLOW_OUTBOUND",
        flag: Some("--allow-outbound"),
        meaning: "Private or loopback ranges that outgoing requests may reach, there also without TLS; as variable and \
                  flag separated by commas. Lockstep asks for the public keys of IdPs whose own tokens it accepts; public \
                  addresses need not be named. Those of the flag or variable and of the file add up.",
    },
    Key {
        name: "api_key_file",
        value: Value::None {
            example: "\"/run/secrets/lockstep-api-key\"",
            means: "the first start makes a key and prints it once",
        },
        variable: "LOCKSTEP_API_KEY_FILE",
        flag: None,
        meaning: "A file that holds an API key to accept. LOCKSTEP_API_KEY gives the key itself.",
    },
    Key {
        name: "master_key_file",
        value: Value::None {
            example: "\"/run/secrets/lockstep-master-key\"",
            means: "it stands beside the database (`lockstep.db.key`), where the first start makes it",
        },
        variable: "LOCKSTEP_MASTER_KEY_FILE",
        flag: None,
        meaning: "A file that holds the master key: 64 hexadecimal digits. LOCKSTEP_MASTER_KEY gives the key itself.",
    },
    Key {
        name: "scim_requests_per_second",
        value: Value::None { example: "50", means: "no bound" },
        variable: "LOCKSTEP_SCIM_REQUESTS_PER_SECOND",
        flag: None,
        meaning: "How many requests each directory's IdP may send in a second, and as many at once; beyond, it gets 429 \
                  with Retry-After. What takes somebody's access away is never refused.",
    },
    Key {
        name: "requests.enabled",
        value: Value::Default("true"),
        variable: "LOCKSTEP_REQUESTS_ENABLED",
        flag: None,
        meaning: "Whether anything is recorded.",
    },
    Key {
        name: "requests.keep_days",
        value: Value::Default("14"),
        variable: "LOCKSTEP_REQUESTS_KEEP_DAYS",
        flag: None,
        meaning: "After so many days a record goes. Records hold personal data, also of users who were deleted meanwhile.",
    },
    Key {
        name: "requests.max_megabytes",
        value: Value::Default("512"),
        variable: "LOCKSTEP_REQUESTS_MAX_MEGABYTES",
        flag: None,
        meaning: "The oldest records go once all together take more than this.",
    },
    Key {
        name: "requests.values",
        value: Value::Default("\"shown\""),
        variable: "LOCKSTEP_REQUESTS_VALUES",
        flag: None,
        meaning: "\"shown\" keeps values as they were sent, passwords and other secrets aside; \"masked\" keeps the names of \
                  attributes and what kind of value each had, and how long.",
    },
    Key {
        name: "tls.certificate",
        value: Value::None { example: "\"/etc/lockstep/tls.crt\"", means: "plain HTTP" },
        variable: "LOCKSTEP_TLS_CERTIFICATE",
        flag: None,
        meaning: "The server's certificate, and those between it and its root.",
    },
    Key {
        name: "tls.key",
        value: Value::None { example: "\"/etc/lockstep/tls.key\"", means: "plain HTTP" },
        variable: "LOCKSTEP_TLS_KEY",
        flag: None,
        meaning: "The certificate's private key.",
    },
    Key {
        name: "log.format",
        value: Value::Default("\"text\""),
        variable: "LOCKSTEP_LOG_FORMAT",
        flag: None,
        meaning: "\"text\" for people, \"json\" for machines.",
    },
    Key {
        name: "log.level",
        value: Value::Default("\"info\""),
        variable: "LOCKSTEP_LOG",
        flag: None,
        meaning: "\"error\", \"warn\", \"info\", \"debug\", or a filter by module as tracing-subscriber's EnvFilter reads it.",
    },
];

/// Variables that are no key of the file, and what they are for.
pub(crate) const OTHER_VARIABLES: &[(&str, &str)] = &[
    ("LOCKSTEP_CONFIG", "the configuration file of `serve` and `doctor`, as `--config`"),
    (
        "LOCKSTEP_API_KEY",
        "`serve`: an API key to accept from the first start on. Commands that ask a server: the key they use",
    ),
    ("LOCKSTEP_MASTER_KEY", "the master key itself; wins over a file"),
    ("LOCKSTEP_URL", "commands that ask a server: where it is"),
    ("LOCKSTEP_CHECK_TOKEN", "`check`: the bearer token of the server that is checked"),
    ("LOCKSTEP_SIMULATE_TOKEN", "`simulate`: the bearer token of the server that is played against"),
];

impl Key {
    fn section(&self) -> (&'static str, &'static str) {
        self.name.split_once('.').unwrap_or(("", self.name))
    }
}

/// The configuration file with every key: its default, or an example behind `#`.
pub(crate) fn file() -> String {
    let mut text = String::from(
        "# Lockstep's configuration. Every key may be left out; what stands here is its default. Every key can be given by\n\
         # the environment variable beside it, which wins over this file; a flag of `lockstep serve` wins over both.\n\
         # A key that is not known is an error.\n",
    );
    for section in SECTIONS {
        if !section.name.is_empty() {
            let _ = writeln!(text, "\n[{}]", section.name);
            commented(&mut text, section.about);
        }
        for key in KEYS.iter().filter(|key| key.section().0 == section.name) {
            text.push('\n');
            let name = key.section().1;
            match key.value {
                Value::Default(value) => {
                    commented(&mut text, key.meaning);
                    let _ = writeln!(text, "# {}\n{name} = {value}", key.variable);
                }
                Value::None { example, means } => {
                    commented(&mut text, &format!("{} Left out: {means}.", key.meaning));
                    let _ = writeln!(text, "# {}\n# {name} = {example}", key.variable);
                }
            }
        }
    }
    text
}

/// Appends text as comments, broken into lines.
fn commented(text: &mut String, words: &str) {
    const WIDTH: usize = 120;
    let mut line = String::from("#");
    for word in words.split(' ') {
        if line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(text, "{line}");
            line = String::from("#");
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(text, "{line}");
}

/// `docs/guide/configuration.md`.
#[cfg(test)]
fn page() -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         <!-- Written from crates/lockstep/src/config/reference.rs by `cargo xtask pages`; a test fails where it differs. -->\n\n\
         `lockstep serve` needs none. A flag wins over the environment, which wins over the file, which wins over the\n\
         default. The file is TOML, named by `--config` or `LOCKSTEP_CONFIG`; `lockstep config` prints one with every key. A\n\
         key that is not known, and a value that cannot be, ends the start with its name. `lockstep doctor` says what is\n\
         in effect and where it comes from.\n",
    );
    for section in SECTIONS {
        if !section.name.is_empty() {
            let _ = write!(text, "\n## [{}]\n\n{}\n", section.name, section.about);
        }
        text.push_str("\n| key | default | variable and flag | meaning |\n| --- | --- | --- | --- |\n");
        for key in KEYS.iter().filter(|key| key.section().0 == section.name) {
            let default = match key.value {
                Value::Default(value) => format!("`{value}`"),
                Value::None { means, .. } => means.to_owned(),
            };
            let flag = key.flag.map_or_else(String::new, |flag| format!(", `{flag}`"));
            let _ = writeln!(
                text,
                "| `{}` | {default} | `{}`{flag} | {} |",
                key.section().1,
                key.variable,
                key.meaning
            );
        }
    }
    text.push_str("\n## Variables that are no key\n\n| variable | what it gives |\n| --- | --- |\n");
    for (name, meaning) in OTHER_VARIABLES {
        let _ = writeln!(text, "| `{name}` | {meaning} |");
    }
    text.push_str(
        "\nSecrets are taken from the environment and from files, never from flags: everybody on the machine can read those.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;
    use std::path::Path;

    use clap::CommandFactory as _;

    use super::*;
    use crate::config::{Config, parse};
    use crate::serve::ServeOptions;

    /// Writes a page where it differs, and fails then: who sees it looks at what changed.
    #[track_caller]
    fn is_written(page: &str, text: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide").join(page);
        if std::fs::read_to_string(&path).unwrap_or_default() != text {
            std::fs::write(&path, text).unwrap();
            panic!("docs/guide/{page} was not what the code says: it is written anew, look at it");
        }
    }

    #[test]
    fn the_pages_in_docs_are_what_the_configuration_says() {
        is_written("configuration.md", &page());
    }

    /// The names that the file's reader would have taken where there is an unknown one.
    fn known(section: &str) -> BTreeSet<String> {
        let text = if section.is_empty() { "zz = 1".into() } else { format!("[{section}]\nzz = 1") };
        let error = parse(&text).unwrap_err().to_string();
        let (_, expected) = error.split_once("expected").unwrap();
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn every_key_that_is_read_from_the_file_is_told_and_no_other() {
        for section in SECTIONS {
            let told = KEYS.iter().filter(|key| key.section().0 == section.name);
            let mut told: BTreeSet<String> = told.map(|key| key.section().1.to_owned()).collect();
            if section.name.is_empty() {
                told.extend(SECTIONS.iter().skip(1).map(|section| section.name.to_owned()));
            }
            assert_eq!(known(section.name), told, "section {:?}", section.name);
        }
        assert!(KEYS.iter().all(|key| SECTIONS.iter().any(|section| section.name == key.section().0)));
    }

    #[test]
    fn every_variable_and_flag_that_is_read_is_told_and_no_other() {
        let asked = RefCell::new(BTreeSet::new());
        let note = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            None
        };
        Config::load(&ServeOptions::default(), note).unwrap();
        let mut read = asked.into_inner();
        let told: BTreeSet<String> = KEYS
            .iter()
            .map(|key| key.variable)
            .chain(OTHER_VARIABLES.iter().map(|(name, _)| *name))
            .map(str::to_owned)
            .collect();
        let mut flags = Vec::new();
        let mut commands = vec![crate::cli::Cli::command()];
        while let Some(command) = commands.pop() {
            for argument in command.get_arguments() {
                let Some(variable) = argument.get_env().and_then(|name| name.to_str()) else { continue };
                read.insert(variable.to_owned());
                if command.get_name() == "serve" {
                    flags.push((variable.to_owned(), format!("--{}", argument.get_long().unwrap())));
                }
            }
            commands.extend(command.get_subcommands().cloned());
        }
        assert!(read.is_subset(&told), "not told: {:?}", read.difference(&told));
        // The address and the key of a server are read where it is asked.
        let elsewhere = ["LOCKSTEP_URL", "LOCKSTEP_API_KEY"].map(str::to_owned).into();
        assert!(told.difference(&read).cloned().collect::<BTreeSet<_>>().is_subset(&elsewhere), "not read");
        for key in KEYS {
            let flag =
                flags.iter().find(|(variable, _)| variable == key.variable).map(|(_, flag)| flag.as_str());
            assert_eq!(flag, key.flag, "{}", key.name);
        }
    }

    #[test]
    fn the_file_is_read_as_it_is_printed_with_its_examples_too() {
        parse(&file()).unwrap();
        let examples = KEYS.iter().map(|key| match key.value {
            Value::Default(value) | Value::None { example: value, .. } => (key.section(), value),
        });
        for ((section, name), value) in examples {
            let head = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
            parse(&format!("{head}{name} = {value}")).unwrap();
        }
        assert!(file().lines().all(|line| line.len() <= 120));
    }
}
