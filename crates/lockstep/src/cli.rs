//! The command line. What is said here is what `--help` prints.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Lockstep: a directory sync server. Identity providers provision users and groups into it over SCIM 2.0, and your
/// application reads one ordered stream of what happened.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What is not given by flags, where everybody on the machine could read it.
const SECRETS: &str = "\
LOCKSTEP_API_KEY gives an API key to accept from the first start on, LOCKSTEP_API_KEY_FILE a file that holds it; without
either, the first start makes one and prints it once. LOCKSTEP_MASTER_KEY gives the master key, LOCKSTEP_MASTER_KEY_FILE
a file that holds it; without either, it stands beside the database. Certificates and logs: see `lockstep config`.";

/// How the checked server's token is given unseen.
const CHECK_TOKEN: &str = "\
What is given by flags, everybody on the machine can read: LOCKSTEP_CHECK_TOKEN gives the token unseen, and --token-file
names a file that holds it.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows what Lockstep does: plays Okta's and Entra ID's traffic into a fresh server, then keeps serving
    Dev(DevOptions),
    /// Runs the server
    #[command(after_help = SECRETS)]
    Serve(ServeOptions),
    /// Plays an IdP's traffic against any SCIM server and says what that IdP would mishandle
    ///
    /// What it makes has names that begin with `lockstep-` or hold it, and is deleted afterwards. Exit code 0: the IdP
    /// is served right; 1: it could not be played; 2: something is wrong, and what is printed.
    Simulate(SimulateOptions),
    /// Replays every directory's log against its rows and says what differs
    ///
    /// The server must not run on the same database. Exit code 0: every promise holds; 1: the database could not be
    /// read; 2: something differs, and what is printed.
    Verify(VerifyOptions),
    /// Shows what identity providers sent, what was made of it, and what they were answered
    ///
    /// Asks a running server for its request records. LOCKSTEP_API_KEY gives the API key.
    #[command(subcommand)]
    Requests(RequestsCommand),
    /// Tells what any SCIM server gets right and wrong, by the RFCs and, if asked, as one IdP would meet it
    ///
    /// Whatever it makes is named lockstep-check-… and removed again, also after failures and Ctrl-C. Exit code 0: no
    /// MUST is broken; 1: it could not run; 2: something is broken.
    #[command(after_help = CHECK_TOKEN)]
    Check(CheckOptions),
    /// Prints the configuration file with every key, its default and what it means
    Config,
}

#[derive(Debug, Args)]
pub(crate) struct DevOptions {
    /// Stop after the traffic; the exit code is 0 if every step was answered as its contract says, else 2
    #[arg(long)]
    pub(crate) exit: bool,
    /// Address to listen on
    #[arg(long, env = "LOCKSTEP_LISTEN", default_value = "127.0.0.1:8480")]
    pub(crate) listen: SocketAddr,
}

/// Flags win over the environment, which wins over the file, which wins over the defaults (`lockstep config`).
#[derive(Debug, Default, Args)]
pub(crate) struct ServeOptions {
    /// Address to listen on [default: 127.0.0.1:8480]
    #[arg(long, env = "LOCKSTEP_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where everything is kept [default: sqlite://lockstep-data/lockstep.db]
    #[arg(long, env = "LOCKSTEP_DATABASE", value_name = "URL", hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// Address under which the server is reached from outside [default: the one it listens on]
    #[arg(long, env = "LOCKSTEP_PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Configuration file (TOML; `lockstep config` prints one)
    #[arg(long, env = "LOCKSTEP_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Private or loopback ranges that outgoing requests may reach, such as 10.0.0.0/8
    #[arg(long, env = "LOCKSTEP_ALLOW_OUTBOUND", value_name = "CIDR", value_delimiter = ',')]
    pub(crate) allow_outbound: Vec<String>,
    /// Say that a proxy in front of this server ends TLS: allows plain HTTP on other than loopback addresses
    #[arg(long, env = "LOCKSTEP_BEHIND_PROXY")]
    pub(crate) behind_proxy: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RequestsCommand {
    /// Prints the last requests, the newest at the end, a line each; what was repaired, left out or refused below it
    Tail(TailOptions),
    /// Explains one request in full
    Show(ShowOptions),
}

#[derive(Debug, Args)]
pub(crate) struct ServerOptions {
    /// Where the server is
    #[arg(long, env = "LOCKSTEP_URL", value_name = "URL", default_value = "http://127.0.0.1:8480")]
    pub(crate) url: String,
    /// Only this directory [default: all that the API key reaches]
    #[arg(long, value_name = "ID")]
    pub(crate) directory: Option<String>,
    /// JSON, as the API has it; of a list a line each
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TailOptions {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
    /// Go on with what comes
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// How many to begin with
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=100))]
    pub(crate) lines: u16,
    /// Only those answered so: a status such as 409, or a class such as 4xx
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// Only those that needed repair
    #[arg(long)]
    pub(crate) repaired: bool,
    /// Only those about this user or group
    #[arg(long, value_name = "ID")]
    pub(crate) resource: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowOptions {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
    /// The request's id: in `x-request-id` of its answer, on its events, in the log
    #[arg(value_name = "REQUEST")]
    pub(crate) id: String,
}

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

#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    /// Where everything is kept
    #[arg(
        long,
        env = "LOCKSTEP_DATABASE",
        value_name = "URL",
        default_value = "sqlite://lockstep-data/lockstep.db",
        hide_env_values = true
    )]
    pub(crate) database: String,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
