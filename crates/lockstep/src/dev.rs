//! `lockstep dev`: a server on a fresh database, two IdPs' real traffic played into it over HTTP, every request and
//! event shown as the server made it, and then a server to go on with.

mod show;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use lockstep_play::{HttpTarget, Runner};
use lockstep_server::state::SystemSecrets;
use lockstep_server::worker;
use lockstep_store::Store as _;
use serde_json::{Value, json};

use crate::config::Log;
use crate::exit::Exit;
use crate::master_key::{Source, master_key};
use crate::serve::{self, Listener};
use crate::wire;
use show::Show;

/// The IdPs whose traffic is played, by their short names.
const PLAYED: [&str; 2] = ["okta", "entra"];

/// A directory that was made for an IdP, with what a client needs.
struct Made {
    name: &'static str,
    slug: &'static str,
    id: String,
    endpoint: String,
    token: String,
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

pub(crate) fn run(options: &DevOptions) -> anyhow::Result<ExitCode> {
    serve::start_logs(&Log { json: false, level: "warn".into() })?;
    let folder = tempfile::tempdir().context("cannot make a folder for the database")?;
    serve::runtime()?.block_on(async {
        let secrets = Arc::new(SystemSecrets::default());
        let database = folder.path().join("dev.db");
        let store = wire::open_sqlite(&database, &secrets)?;
        let key = master_key(&Source::BesideDatabase, &database, &*secrets, &store, false).await?;
        let listener = Listener::bind(options.listen, None).await?;
        let (url, handle) = (listener.url.clone(), listener.handle.clone());
        let state = serve::state(store.clone(), secrets, &url, &key);
        let key = std::env::var("LOCKSTEP_API_KEY").ok().filter(|key| !key.is_empty());
        let key = match serve::accept_api_key(&state, key.as_deref()).await? {
            Some(made) => made,
            None => key.unwrap_or_default(),
        };
        tokio::spawn(worker::run(state.clone()));
        let serving = tokio::spawn(listener.serve(state));

        let mut show = Show::new();
        let played = play(&url, &key, options.exit, &mut show).await;
        if played.is_ok() && !options.exit {
            tokio::spawn(serve::stop_on_signal(handle.clone()));
            serving.await.context("the server ended")??;
        }
        handle.shutdown();
        store.stop().await;
        let passed = played?;
        Ok(if passed || !options.exit { Exit::Done } else { Exit::Wrong }.into())
    })
}

/// Makes the organization and its directories, plays each IdP's story, and says how to go on. Whether every step was
/// answered as its contract says.
async fn play(url: &str, key: &str, exit: bool, show: &mut Show) -> anyhow::Result<bool> {
    let began = Instant::now();
    let api = Api { client: reqwest::Client::builder().no_proxy().build()?, url, key };
    show.title(url);
    let organization = api.post("/organizations", json!({"name": "Example Corporation"})).await?;
    let mut directories = Vec::new();
    for slug in PLAYED {
        let provider = lockstep_idp::by_slug(slug).with_context(|| format!("no IdP is called {slug}"))?;
        let name = format!("Example Corporation ({})", provider.name);
        let body = json!({"organization_id": text(&organization, "/id"), "name": name, "type": provider.directory_type()});
        let directory = api.post("/directories", body).await?;
        directories.push(Made {
            name: provider.name,
            slug,
            id: text(&directory, "/id").to_owned(),
            endpoint: text(&directory, "/scim_endpoint").to_owned(),
            token: text(&directory, "/bearer_token").to_owned(),
        });
    }

    let activated = api.get("/events?events=dsync.activated&limit=100").await?;
    let mut all_passed = true;
    for made in &directories {
        let mut events = activated.pointer("/data").and_then(Value::as_array).into_iter().flatten();
        show.idp(made.name, events.find(|event| text(event, "/data/id") == made.id));
        let target = HttpTarget::new(&made.endpoint, &made.token)?.with_events(url, key, &made.id);
        let mut runner = Runner::new(&target);
        for contract in lockstep_play::story(made.slug) {
            let played = runner.play(&contract, &mut |progress| show.progress(&progress)).await?;
            all_passed &= played.is_passed();
        }
    }
    show.outcome(all_passed, began.elapsed());
    if !exit {
        show.next_steps(url, key, &directories);
    }
    Ok(all_passed)
}

/// A text within JSON, by its pointer (RFC 6901); empty where there is none.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The application's API, called as an application does.
struct Api<'a> {
    client: reqwest::Client,
    url: &'a str,
    key: &'a str,
}

impl Api<'_> {
    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(self.client.get(format!("{}{path}", self.url))).await
    }

    async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.send(self.client.post(format!("{}{path}", self.url)).json(&body)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let response = request.bearer_auth(self.key).send().await.context("the server does not answer")?;
        let status = response.status();
        let body: Value = response.json().await.context("the server's answer is not JSON")?;
        anyhow::ensure!(status.is_success(), "the server answered {status}: {body}");
        Ok(body)
    }
}
