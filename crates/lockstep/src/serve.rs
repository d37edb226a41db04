//! `lockstep serve`: configuration, database, listener, and a stop that loses nothing.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum_server::Handle;
use axum_server::accept::DefaultAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use clap::Args;
use hyper_util::rt::TokioTimer;
use lockstep_scim::Limits;
use lockstep_server::keys::MasterKey;
use lockstep_server::limits::API_KEY_CHARS_ADVISED;
use lockstep_server::outbound::Outbound;
use lockstep_server::state::{AppState, SystemSecrets};
use lockstep_server::{auth, routes, worker};
use lockstep_store::Store;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, Log, Tls};
use crate::master_key::master_key;
use crate::request_target::Encoding;
use crate::wire::{self, Database, SystemClock};

/// How long requests that are being served may take to end after the stop was asked for.
const GRACE: Duration = Duration::from_secs(10);
/// How long the head of a request may take to arrive, and a silent HTTP/2 connection to answer.
const HEADER_WAIT: Duration = Duration::from_secs(30);

/// What is not given by flags, where everybody on the machine could read it.
pub(crate) const SECRETS_HELP: &str = "\
LOCKSTEP_API_KEY gives an API key to accept from the first start on, LOCKSTEP_API_KEY_FILE a file that holds it; without
either, the first start makes one and prints it once. LOCKSTEP_MASTER_KEY gives the master key, LOCKSTEP_MASTER_KEY_FILE
a file that holds it; without either, it stands beside the database. Certificates and logs: see `lockstep config`.";

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
    /// Take the master key that is found, or make one, in place of the one that the database was made with; what that one
    /// sealed cannot be opened any more. For one start, where the key is lost for good
    #[arg(long)]
    pub(crate) replace_master_key: bool,
}

pub(crate) fn run(options: &ServeOptions) -> anyhow::Result<ExitCode> {
    let config = Config::load(options, |name| std::env::var(name).ok())?;
    start_logs(&config.log)?;
    let Database::Sqlite(path) = Database::parse(&config.database)?;
    runtime()?.block_on(async {
        survive_file_size_limit()?;
        let secrets = Arc::new(SystemSecrets::default());
        let store = wire::open_sqlite(&path, &secrets)?;
        let key =
            master_key(&config.master_key, &path, &*secrets, &store, options.replace_master_key).await?;
        let listener = Listener::bind(config.listen, config.tls.as_ref()).await?;
        let public_url = config.public_url.clone().unwrap_or_else(|| listener.url.clone());
        let outbound = Arc::new(Outbound::new(config.allow_outbound.clone()));
        let mut state = state(store.clone(), secrets, &public_url, &key).with_key_source(outbound);
        if let Some(rate) = config.scim_requests_per_second {
            state = state.with_scim_requests_per_second(rate);
        }
        state = state.with_requests(wire::requests(config.requests, &path)?);
        if let Some(key) = accept_api_key(&state, config.api_key.as_deref()).await? {
            println!("API key (printed this once, keep it): {key}");
        }
        tokio::spawn(stop_on_signal(listener.handle.clone()));
        tracing::info!(listen = listener.url, public_url, "serving");
        tokio::spawn(worker::run(state.clone()));
        listener.serve(state.clone()).await?;
        // Every request has its answer, or its deadline passed: what the lane still holds is written before the end, and
        // when tokens were last used, as far as that can be written.
        drop(worker::tend(&state).await);
        store.stop().await;
        state.requests.stop();
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    })
}

/// The runtime of every command.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")
}

/// What the handlers share.
pub(crate) fn state<S: Store>(
    store: S,
    secrets: Arc<SystemSecrets>,
    public_url: &str,
    key: &MasterKey,
) -> AppState<S> {
    AppState::new(store, Arc::new(SystemClock), secrets, Limits::default(), public_url, key)
}

/// Accepts the given API key; where none is given and none is there, makes one and gives it back.
pub(crate) async fn accept_api_key<S: Store>(
    state: &AppState<S>,
    given: Option<&str>,
) -> anyhow::Result<Option<String>> {
    if given.is_none() && state.store.has_api_keys().await? {
        return Ok(None);
    }
    if given.is_some_and(|key| key.len() < API_KEY_CHARS_ADVISED) {
        tracing::warn!(
            "the API key is short enough to be guessed: take {API_KEY_CHARS_ADVISED} characters or more"
        );
    }
    let accepted = auth::accept_api_key(state, given).await;
    let accepted = accepted.map_err(|problem| {
        let message = problem.message;
        anyhow::anyhow!("cannot accept the API key (LOCKSTEP_API_KEY, LOCKSTEP_API_KEY_FILE): {message}")
    })?;
    Ok(accepted.filter(|_| given.is_none()))
}

/// A bound socket, so that a taken address is an error before anything is said.
pub(crate) struct Listener {
    socket: std::net::TcpListener,
    tls: Option<(RustlsConfig, Tls)>,
    /// Where it listens.
    pub(crate) url: String,
    pub(crate) handle: Handle<SocketAddr>,
}

impl Listener {
    pub(crate) async fn bind(listen: SocketAddr, tls: Option<&Tls>) -> anyhow::Result<Self> {
        let tls = match tls {
            Some(files) => {
                // The one provider of cryptography; a second call finds it there.
                let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
                let config =
                    RustlsConfig::from_pem_file(&files.certificate, &files.key).await.with_context(|| {
                        let (certificate, key) = (files.certificate.display(), files.key.display());
                        format!("cannot use the certificate {certificate} with the key {key}")
                    })?;
                Some((config, files.clone()))
            }
            None => None,
        };
        let socket = std::net::TcpListener::bind(listen)
            .with_context(|| format!("cannot listen on {listen} (--listen 127.0.0.1:0 takes a free port)"))?;
        socket.set_nonblocking(true).context("cannot prepare the socket")?;
        let address = socket.local_addr().context("cannot prepare the socket")?;
        let url = format!("{}://{address}", if tls.is_some() { "https" } else { "http" });
        Ok(Self { socket, tls, url, handle: Handle::new() })
    }

    /// Serves until the handle says stop.
    pub(crate) async fn serve<S: Store>(self, state: AppState<S>) -> anyhow::Result<()> {
        let app = routes::app(state).into_make_service();
        let mut server = axum_server::from_tcp(self.socket).context("cannot serve")?.handle(self.handle);
        server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEADER_WAIT);
        server.http_builder().http2().timer(TokioTimer::new()).keep_alive_interval(Some(HEADER_WAIT));
        if let Some((config, files)) = self.tls {
            tokio::spawn(reload_on_hangup(config.clone(), files));
            server
                .acceptor(Encoding(RustlsAcceptor::new(config)))
                .serve(app)
                .await
                .context("the server ended")
        } else {
            server.acceptor(Encoding(DefaultAcceptor::new())).serve(app).await.context("the server ended")
        }
    }
}

/// A file that may not grow further is an error that the store answers, not the end of the process.
pub(crate) fn survive_file_size_limit() -> anyhow::Result<()> {
    /// SIGXFSZ on Linux.
    const FILE_SIZE_LIMIT: i32 = 25;
    // Whoever handles a signal does not die of it; there is nothing to do on its arrival.
    let _handled = signal(SignalKind::from_raw(FILE_SIZE_LIMIT)).context("cannot handle SIGXFSZ")?;
    Ok(())
}

async fn reload_on_hangup(config: RustlsConfig, files: Tls) {
    let Ok(mut hangups) = signal(SignalKind::hangup()) else { return };
    while hangups.recv().await.is_some() {
        match config.reload_from_pem_file(&files.certificate, &files.key).await {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(error) => {
                tracing::error!(%error, "the certificate could not be read again: the old one stays");
            }
        }
    }
}

/// Asks the server to stop on SIGTERM or SIGINT. The second signal ends the program at once.
pub(crate) async fn stop_on_signal(handle: Handle<SocketAddr>) {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
    tracing::info!("stopping: requests that are being served get their answer");
    handle.graceful_shutdown(Some(GRACE));
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
    std::process::exit(130);
}

pub(crate) fn start_logs(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.level).with_context(|| format!("log.level is `{}`", log.level))?;
    let colour = std::io::stderr().is_terminal();
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(std::io::stderr);
    if log.json {
        lines.json().flatten_event(true).init();
    } else {
        lines.init();
    }
    Ok(())
}
