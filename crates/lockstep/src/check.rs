//! `lockstep check`: tells what any SCIM server gets right and wrong. Knows files, signals and the terminal; what is
//! checked, the player knows.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lockstep_core::clock::Clock as _;
use lockstep_idp::Provider;
use lockstep_play::HttpTarget;
use lockstep_play::check::{self, CannotRun, Options, Progress, Report, report};
use lockstep_server::state::{Secrets as _, SystemSecrets};

use crate::exit::{Exit, Failure};
use crate::serve;
use crate::terminal::{self, Ink, Paint};
use crate::wire::SystemClock;

/// How the checked server's token is given unseen.
pub(crate) const TOKEN_HELP: &str = "\
What is given by flags, everybody on the machine can read: LOCKSTEP_CHECK_TOKEN gives the token unseen, and --token-file
names a file that holds it.";

#[derive(Debug, Args)]
pub(crate) struct CheckOptions {
    /// Base URL of the SCIM server, below which /Users stands
    #[arg(long)]
    pub(crate) url: String,
    /// Bearer token
    #[arg(long, env = "LOCKSTEP_CHECK_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// File that holds the bearer token; wins over the other two
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// IdP whose traffic is played as well, such as okta or entra
    #[arg(long = "as", value_name = "IDP")]
    pub(crate) idp: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the report as one HTML page
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Send only GET: nothing is made or changed
    #[arg(long, conflicts_with = "idp")]
    pub(crate) read_only: bool,
    /// Requests in a second, at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: u32,
    /// Seconds to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: u64,
    /// Only probes whose id has one of these words in it
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
}

pub(crate) fn run(options: &CheckOptions) -> anyhow::Result<ExitCode> {
    let token = token(options)?;
    let url = base(&options.url)?;
    let provider = options.idp.as_deref().map(provider).transpose()?;
    let checked = Options {
        run: run_name(),
        rate: Some(options.rate),
        read_only: options.read_only,
        only: options.only.clone(),
        provider,
    };
    let report = serve::runtime()?.block_on(async {
        let target = HttpTarget::with_timeout(&url, &token, Duration::from_secs(options.timeout))?;
        let stop = Arc::new(AtomicBool::new(false));
        tokio::spawn(stop_on_interrupt(stop.clone()));
        let bar = bar();
        let checked =
            check::check(&target, &url, &checked, &stop, &mut |progress| show(&bar, &progress)).await;
        bar.finish_and_clear();
        checked.map_err(|error| match error {
            CannotRun::NotAccepted { .. } => Failure::new(Exit::Denied, error.to_string()).into(),
            other => anyhow::Error::from(other),
        })
    })?;
    if let Some(file) = &options.html {
        let when = jiff::Timestamp::from_microsecond(SystemClock.now().0).map(|now| format!("{now:.0}"));
        std::fs::write(file, report::html(&report, &when.unwrap_or_default()))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    let paint = Paint::for_stdout();
    let told = if options.json {
        format!("{:#}\n", report::json(&report))
    } else {
        report::text(&report, &|kind, text| paint.with(ink(kind), text))
    };
    terminal::write(&told).context("cannot write the report")?;
    Ok(exit(&report).into())
}

/// 2 where something is broken, 1 where the check did not come to its end.
fn exit(report: &Report) -> Exit {
    match (report.is_broken(), report.stopped) {
        (true, _) => Exit::Wrong,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Done,
    }
}

fn token(options: &CheckOptions) -> anyhow::Result<String> {
    let token = match (&options.token_file, &options.token) {
        (Some(file), _) => {
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
        }
        (None, Some(token)) => token.clone(),
        (None, None) => {
            let message = "no token: give LOCKSTEP_CHECK_TOKEN, --token-file or --token";
            anyhow::bail!(Failure::new(Exit::Denied, message))
        }
    };
    let token = token.trim().to_owned();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        anyhow::bail!(Failure::new(Exit::Denied, "the token is empty, or has a character that no token has"));
    }
    Ok(token)
}

/// The base URL without what does not belong into a report.
fn base(url: &str) -> Result<String, Failure> {
    let parsed = reqwest::Url::parse(url).map_err(|_| Failure::usage(format!("`{url}` is no URL")))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        let message = format!("`{url}` is no URL of a web server: begin with https://");
        return Err(Failure::usage(message));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(Failure::usage("the URL has a credential in it: give it as token"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(Failure::usage("the base URL of a SCIM server has no query (RFC 7644 §1.3)"));
    }
    Ok(parsed.as_str().trim_end_matches('/').to_owned())
}

fn provider(slug: &str) -> Result<&'static Provider, Failure> {
    lockstep_idp::by_slug(slug).ok_or_else(|| {
        let known: Vec<&str> = lockstep_idp::PROVIDERS.iter().map(|provider| provider.slug).collect();
        Failure::usage(format!("no IdP is called `{slug}`; known are {}", known.join(", ")))
    })
}

/// A word that nobody used before.
fn run_name() -> String {
    format!("{:012x}", SystemSecrets::default().random().next_u64() & 0xffff_ffff_ffff)
}

/// The first Ctrl-C ends the check, and what was made is removed; the second ends the program.
async fn stop_on_interrupt(stop: Arc<AtomicBool>) {
    if tokio::signal::ctrl_c().await.is_ok() {
        stop.store(true, Ordering::Relaxed);
        eprintln!("stopping: what was made is removed (Ctrl-C again ends at once)");
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    }
}

/// On standard error, and only where that is a terminal.
fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, progress: &Progress<'_>) {
    match progress {
        Progress::Total(total) => bar.set_length(u64::try_from(*total).unwrap_or(u64::MAX)),
        Progress::Probe(result) => {
            bar.set_message(result.title.clone());
            bar.inc(1);
        }
        Progress::Contract(file) => {
            bar.set_message((*file).to_owned());
            bar.inc(1);
        }
    }
}

fn ink(kind: &str) -> Ink {
    match kind {
        "bold" => Ink::Bold,
        "dim" => Ink::Dim,
        "good" => Ink::Good,
        "bad" => Ink::Bad,
        _ => Ink::Told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_has_neither_credential_nor_query() {
        assert_eq!(base("https://scim.example.com/v2/").unwrap(), "https://scim.example.com/v2");
        for wrong in
            ["scim.example.com", "ftp://example.com", "https://a:b@example.com", "https://example.com/?a=b"]
        {
            assert!(base(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_idp_is_answered_with_the_known_ones() {
        let error = provider("nobody").unwrap_err().to_string();
        assert!(error.contains("okta"), "{error}");
    }
}
