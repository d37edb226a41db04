//! `lockstep simulate`: an IdP's stories against any SCIM server, and a verdict for people or as JSON.

mod show;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use lockstep_idp::{Dialect, Provider};
use lockstep_play::idp::{Faults, Pace};
use lockstep_play::story::{self, Outcome, Play, STORIES, Story};
use lockstep_play::{HttpTarget, Target};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::serve;
use crate::terminal::say;
use show::Show;

/// Of a hundred calls so many are met by a fault that was asked for.
const FAULT_PERCENT: u64 = 10;
/// Members of the large group for each user of the first sync.
const MEMBERS_PER_USER: usize = 5;
/// How often a server that is busy is asked whether it is there.
const ASKED: u32 = 5;

#[derive(Debug, Args)]
pub(crate) struct SimulateOptions {
    /// Which IdP, such as okta or entra; `--list` names them
    pub(crate) idp: Option<String>,
    /// Base URL of the SCIM server: what stands before /Users
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Bearer token; others on this machine can see a flag, so rather use the environment or a file
    #[arg(long, env = "LOCKSTEP_SIMULATE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// File that holds the bearer token
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub(crate) token_file: Option<PathBuf>,
    /// Users of the first sync; the large group has five times as many members
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = sized)]
    pub(crate) users: usize,
    /// Groups of the first sync
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = sized)]
    pub(crate) groups: usize,
    /// By which people and faults are drawn: the same seed, the same traffic
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// What goes wrong on the way, for one call in ten: retries, duplicates, timeouts, reordering
    #[arg(long, value_delimiter = ',')]
    pub(crate) faults: Vec<String>,
    /// Only these stories [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) story: Vec<String>,
    /// Another way in which the IdP speaks, where it has one
    #[arg(long, value_name = "NAME")]
    pub(crate) variant: Option<String>,
    /// Requests in a second at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rate: Option<u32>,
    /// The server is Lockstep: compare its events too, read with the API key in LOCKSTEP_API_KEY
    #[arg(long)]
    pub(crate) events: bool,
    /// Leave what was made
    #[arg(long)]
    pub(crate) keep: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Name the stories and the IdPs, and do nothing
    #[arg(long)]
    pub(crate) list: bool,
}

/// Users or groups of a simulation at most.
const SIMULATED_LIMIT: usize = 100_000;

/// A number of users or groups that can be played.
fn sized(text: &str) -> Result<usize, String> {
    let number: usize = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (1..=SIMULATED_LIMIT).contains(&number) {
        Ok(number)
    } else {
        Err(format!("expected 1 to {SIMULATED_LIMIT}"))
    }
}

pub(crate) fn run(options: &SimulateOptions) -> anyhow::Result<ExitCode> {
    if options.list {
        list(options);
        return Ok(ExitCode::SUCCESS);
    }
    let unsaid = || Failure::usage("say which IdP shall be played; `--list` names them");
    let slug = options.idp.as_deref().ok_or_else(unsaid)?;
    let unknown =
        || Failure::usage(format!("no IdP is called `{slug}`; `lockstep simulate --list` names them"));
    let provider = lockstep_idp::by_slug(slug).ok_or_else(unknown)?;
    let dialect = dialect(provider, options.variant.as_deref())?;
    let stories = stories(&options.story)?;
    let faults = faults(&options.faults)?;
    let url = options.url.as_deref();
    let url = url.ok_or_else(|| Failure::usage("--url is missing: the base URL of the SCIM server"))?;
    let parsed = base(url)?;
    let token = token(options)?;
    serve::runtime()?.block_on(async {
        let mut target = HttpTarget::new(url, &token)?;
        if options.events {
            target = with_events(target, &parsed)?;
        }
        reach(&target).await?;
        let pace = Pace::new(options.rate);
        let play = Play {
            provider,
            dialect,
            seed: options.seed,
            users: options.users,
            groups: options.groups,
            members: options.users.saturating_mul(MEMBERS_PER_USER),
            faults,
            pace: &pace,
            keeps: options.keep,
        };
        let mut show = Show::new(options.json, stories.len());
        show.title(provider, url, options.seed);
        let outcomes = tokio::select! {
            biased;
            outcomes = all(&target, &stories, &play, &mut show) => outcomes?,
            () = twice(&pace) => bail!("stopped; what was made is still there"),
        };
        show.verdict(provider, &outcomes);
        let is_passed = outcomes.iter().all(Outcome::is_passed);
        if options.json {
            let report = json!({
                "idp": provider.slug, "url": url, "seed": options.seed, "passed": is_passed, "stories": outcomes,
            });
            say!("{report:#}");
        }
        ensure!(!pace.is_stopped(), "stopped before the end; what was made was deleted");
        Ok(if is_passed { Exit::Done } else { Exit::Wrong }.into())
    })
}

fn base(url: &str) -> Result<reqwest::Url, Failure> {
    let parsed = reqwest::Url::parse(url).map_err(|_| Failure::usage("--url is no URL"))?;
    if !["http", "https"].contains(&parsed.scheme()) {
        return Err(Failure::usage("--url must begin with http:// or https://"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        let message =
            "--url must not hold a password; the token is given by LOCKSTEP_SIMULATE_TOKEN or --token-file";
        return Err(Failure::usage(message));
    }
    Ok(parsed)
}

/// Every story in its turn; none after the server stopped answering.
async fn all(
    target: &HttpTarget,
    stories: &[&'static Story],
    play: &Play<'_>,
    show: &mut Show,
) -> anyhow::Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for story in stories {
        show.begin(story);
        let outcome = story::play(target, story, play, &|requests| show.requests(requests)).await?;
        show.outcome(play.provider, &outcome);
        let is_over = outcome.is_unreachable || play.pace.is_stopped();
        outcomes.push(outcome);
        if is_over {
            break;
        }
    }
    Ok(outcomes)
}

/// Stops politely at the first interruption, and comes back at the second.
async fn twice(pace: &Pace) {
    if tokio::signal::ctrl_c().await.is_ok() {
        pace.stop();
        eprintln!("\nstopping; what was made is being deleted (once more to leave it)");
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn list(options: &SimulateOptions) {
    say!("Stories:");
    for story in STORIES {
        say!("  {:<16} {}", story.name, story.title);
    }
    say!("\nIdPs:");
    for provider in lockstep_idp::PROVIDERS {
        let only = options.idp.as_ref().is_none_or(|slug| slug == provider.slug);
        if only {
            let variants: Vec<&str> = provider.dialect.variants.iter().map(|(name, _)| *name).collect();
            let variants = if variants.is_empty() {
                String::new()
            } else {
                format!(" (--variant {})", variants.join(", "))
            };
            say!("  {:<16} {}{variants}", provider.slug, provider.name);
        }
    }
}

fn dialect(provider: &'static Provider, variant: Option<&str>) -> anyhow::Result<Dialect> {
    let Some(name) = variant else { return Ok(provider.dialect) };
    let variants = provider.dialect.variants;
    let found = variants.iter().find(|(known, _)| *known == name).map(|(_, dialect)| **dialect);
    let known: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
    let unknown = || match known.as_slice() {
        [] => Failure::usage(format!("{} has no variants", provider.name)),
        known => {
            Failure::usage(format!("{} has no variant `{name}`; it has {}", provider.name, known.join(", ")))
        }
    };
    Ok(found.ok_or_else(unknown)?)
}

fn stories(names: &[String]) -> anyhow::Result<Vec<&'static Story>> {
    if names.is_empty() {
        return Ok(STORIES.iter().collect());
    }
    let known = |name: &String| {
        let unknown = || Failure::usage(format!("no story is called `{name}`; see --list"));
        Ok(story::by_name(name).ok_or_else(unknown)?)
    };
    names.iter().map(known).collect()
}

fn faults(names: &[String]) -> anyhow::Result<Faults> {
    let mut faults = Faults { percent: FAULT_PERCENT, ..Faults::default() };
    for name in names {
        if !faults.switch_on(name) {
            let known = Faults::NAMES.join(", ");
            bail!(Failure::usage(format!("no fault is called `{name}`; there are {known}")));
        }
    }
    Ok(faults)
}

/// The bearer token: from a flag, the environment or a file.
fn token(options: &SimulateOptions) -> anyhow::Result<String> {
    let token = match (&options.token, &options.token_file) {
        (Some(token), _) => token.clone(),
        (None, Some(file)) => {
            std::fs::read_to_string(file).context("the file of the token can not be read")?
        }
        (None, None) => {
            let message = "no token: set LOCKSTEP_SIMULATE_TOKEN, or name a file with --token-file";
            bail!(Failure::new(Exit::Denied, message))
        }
    };
    let token = token.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!(Failure::new(Exit::Denied, "the token is empty, or has characters that no token has"));
    }
    Ok(token.to_owned())
}

/// The same target with the application's API of Lockstep, which stands at the URL's beginning.
fn with_events(target: HttpTarget, url: &reqwest::Url) -> anyhow::Result<HttpTarget> {
    let unset = |_| Failure::new(Exit::Denied, "--events needs the API key in LOCKSTEP_API_KEY");
    let key = std::env::var("LOCKSTEP_API_KEY").map_err(unset)?;
    let elsewhere = || Failure::usage("--events needs a SCIM endpoint of Lockstep: …/scim/v2/directory_…");
    let (api, directory) =
        url.as_str().trim_end_matches('/').split_once("/scim/v2/").ok_or_else(elsewhere)?;
    Ok(target.with_events(api, &key, directory))
}

/// Whether there is a SCIM server that takes the token. What comes later is its own fault; what is wrong now is ours.
async fn reach(target: &HttpTarget) -> anyhow::Result<()> {
    for attempt in 1..=ASKED {
        let request = http::Request::get("/Users?startIndex=1&count=1").body(Vec::new())?;
        let status = target.send(request).await?.status();
        match status.as_u16() {
            200..300 => return Ok(()),
            401 | 403 => {
                bail!(Failure::new(Exit::Denied, format!("the SCIM server refuses the token ({status})")))
            }
            404 => bail!("there is no /Users below --url (404); is it the base URL of the SCIM server?"),
            429 | 503 if attempt < ASKED => tokio::time::sleep(Duration::from_secs(attempt.into())).await,
            _ => bail!("the SCIM server answers {status} to GET /Users"),
        }
    }
    Ok(())
}
