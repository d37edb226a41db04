//! `lockstep doctor`: looks at everything that a server needs, says what is wrong and what to do, and changes nothing.

mod api_keys;
mod certificate;
mod clock;
mod data;
mod database;
mod finding;
mod machine;
mod network;
mod settings;

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use lockstep_core::clock::Clock as _;
use serde_json::json;

use crate::config::Config;
use crate::exit::Exit;
use crate::serve::{self, ServeOptions};
use crate::terminal::{self, Ink, Paint};
use crate::wire::{Database, SystemClock};
use finding::{Finding, Level};

#[derive(Debug, Args)]
pub(crate) struct DoctorOptions {
    #[command(flatten)]
    pub(crate) serve: ServeOptions,
    /// Do not read the whole database for damage: that takes about a second for each gigabyte, or ten from a slow disk
    #[arg(long)]
    pub(crate) quick: bool,
    /// Print what was found as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(options: &DoctorOptions) -> anyhow::Result<ExitCode> {
    let findings = serve::runtime()?.block_on(examine(options));
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
    if options.json {
        let findings: Vec<_> = findings.iter().map(Finding::json).collect();
        let told = json!({"findings": findings, "problems": problems, "warnings": warnings});
        terminal::write(&format!("{told}\n"))?;
    } else {
        terminal::write(&table(&findings, Paint::for_stdout()))?;
        terminal::write(&format!(
            "{problems} problems, {warnings} warnings, {} in order\n",
            count(Level::Ok)
        ))?;
    }
    Ok(if problems == 0 { Exit::Done.into() } else { Exit::Wrong.into() })
}

fn table(findings: &[Finding], paint: Paint) -> String {
    let mut text = String::new();
    for finding in findings {
        let (word, ink) = match finding.level {
            Level::Ok => ("ok     ", Ink::Good),
            Level::Warning => ("warning", Ink::Told),
            Level::Problem => ("problem", Ink::Bad),
        };
        let _ = writeln!(text, "{}  {:<14}  {}", paint.with(ink, word), finding.check, finding.says);
        if let Some(mend) = &finding.mend {
            let _ = writeln!(text, "{:25}{}", "", paint.with(Ink::Bold, mend));
        }
    }
    text
}

/// Every finding, in the order in which they are told.
async fn examine(options: &DoctorOptions) -> Vec<Finding> {
    let environment = |name: &str| std::env::var(name).ok();
    let given: Vec<String> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    let mut findings = settings::unknown_variables(&given);
    let config = match Config::load(&options.serve, environment) {
        Ok(config) => config,
        Err(error) => {
            findings.push(
                Finding::problem("configuration", format!("it cannot be used: {error:#}"))
                    .mend("put this right first: the rest depends on it (`lockstep config` has every key)"),
            );
            findings.extend(machine::findings());
            return findings;
        }
    };
    findings.push(settings::in_effect(&options.serve, &given));
    let server = network::listening(&config).await;
    findings.push(server.finding);
    findings.extend(network::public_url(&config, server.answers).await);
    findings.extend(network::tls(&config, SystemClock.now()).await);
    findings.extend(network::outbound(&config.allow_outbound));
    match Database::parse(&config.database) {
        Ok(Database::Sqlite(path)) => findings.extend(of_database(options, &config, &path).await),
        Err(error) => findings.push(
            Finding::problem("database", error.to_string())
                .mend("set `database` (LOCKSTEP_DATABASE, --database)"),
        ),
    }
    findings.extend(machine::findings());
    findings
}

/// What is found about the data and where it stands.
async fn of_database(options: &DoctorOptions, config: &Config, path: &Path) -> Vec<Finding> {
    let mut findings = data::findings(path);
    let (path, quick) = (path.to_owned(), options.quick);
    let (source, has_api_key) = (config.master_key.clone(), config.api_key.is_some());
    let now = SystemClock.now();
    let found = tokio::task::spawn_blocking(move || {
        let looked = database::look(&path, quick);
        let mut findings = database::findings(&looked, has_api_key, now);
        findings.extend(data::room(&path, &looked));
        findings.push(database::master_key(&path, &source, &looked));
        findings.push(clock::finding(now, looked.state.as_ref().and_then(|state| state.last_event_at)));
        findings
    });
    match found.await {
        Ok(found) => findings.extend(found),
        Err(error) => findings.push(
            Finding::problem("database", format!("the look at it did not end: {error}"))
                .mend("please report this"),
        ),
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_what_to_do_another() {
        let findings =
            [Finding::ok("clock", "right".into()), Finding::problem("disk", "full".into()).mend("make room")];
        let text = table(&findings, Paint::plain());
        assert_eq!(
            text,
            "ok       clock           right\nproblem  disk            full\n                         make room\n"
        );
    }
}
