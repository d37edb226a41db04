//! A `lockstep serve` of its own for each test, on a free port, with what it said.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::{Value, json};

/// The API key that every server here accepts.
pub(crate) const API_KEY: &str = "test-key-of-this-suite";

/// A running server. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
    client: reqwest::Client,
}

/// A directory with its credential.
#[derive(Clone)]
pub(crate) struct Directory {
    pub(crate) id: String,
    pub(crate) endpoint: String,
    pub(crate) token: String,
}

/// The program, with nothing of this process's environment that would configure it.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LOCKSTEP_")) {
        command.env_remove(name);
    }
    command
}

impl Process {
    /// Starts a server on `database` and waits until it says where it serves.
    pub(crate) fn start(database: &Path) -> Self {
        Self::start_as(program(), database)
    }

    /// Starts a server at an address where one was before.
    pub(crate) fn start_at(database: &Path, address: &str) -> Self {
        Self::start_listening(program(), database, address)
    }

    /// Starts a server with files that cannot grow beyond so many kilobytes.
    pub(crate) fn start_with_file_size_limit(database: &Path, kilobytes: u64) -> Self {
        let mut shell = Command::new("bash");
        shell
            .arg("-c")
            .arg(format!(r#"ulimit -f {kilobytes}; exec "$0" "$@""#))
            .arg(env!("CARGO_BIN_EXE_lockstep"));
        Self::start_as(shell, database)
    }

    /// Starts a server that speaks TLS with this certificate and key; only a client that knows it can talk to it.
    pub(crate) fn start_with_tls(database: &Path, certificate: &Path, key: &Path) -> Self {
        let mut program = program();
        program.env("LOCKSTEP_TLS_CERTIFICATE", certificate).env("LOCKSTEP_TLS_KEY", key);
        Self::start_as(program, database)
    }

    fn start_as(program: Command, database: &Path) -> Self {
        Self::start_listening(program, database, "127.0.0.1:0")
    }

    fn start_listening(mut program: Command, database: &Path, address: &str) -> Self {
        let mut child = program
            .args(["serve", "--listen", address, "--database", &format!("sqlite://{}", database.display())])
            .env("LOCKSTEP_API_KEY", API_KEY)
            .env("LOCKSTEP_LOG_FORMAT", "json")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let url = loop {
            let Some(Ok(line)) = lines.next() else { panic!("the server did not start: {said:?}") };
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(url) = entry["listen"].as_str() {
                break url.to_owned();
            }
            said.push(line);
        };
        // A pipe that nobody reads would stop the server in the end.
        std::thread::spawn(move || lines.for_each(drop));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { child, url, client }
    }

    /// Ends it as a power failure does, whatever is being answered.
    pub(crate) fn kill_now(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
    }

    /// Asks it to stop and waits until it did.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    /// One call of the application's API.
    pub(crate) async fn api(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.call(method, &format!("{}{path}", self.url), API_KEY, body).await.unwrap()
    }

    /// One SCIM request; `None` where the connection broke.
    pub(crate) async fn scim(
        &self,
        directory: &Directory,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Option<(u16, Value)> {
        let base = directory.endpoint.split_once("/scim/").unwrap().1;
        self.call(method, &format!("{}/scim/{base}{path}", self.url), &directory.token, body).await
    }

    /// One GET, its target sent byte for byte.
    pub(crate) fn raw(&self, directory: &Directory, target: &str) -> String {
        let address = self.url.strip_prefix("http://").unwrap();
        let base = directory.endpoint.split_once("/scim/").unwrap().1;
        let request = format!(
            "GET /scim/{base}{target} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             Connection: close\r\n\r\n",
            directory.token
        );
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    async fn call(&self, method: &str, url: &str, secret: &str, body: Option<Value>) -> Option<(u16, Value)> {
        let mut request = self.client.request(method.parse().unwrap(), url).bearer_auth(secret);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.ok()?;
        Some((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    /// An organization with one directory.
    pub(crate) async fn directory(&self) -> Directory {
        let (status, organization) =
            self.api("POST", "/organizations", Some(json!({"name": "Example"}))).await;
        assert_eq!(status, 201, "{organization}");
        let body =
            json!({"organization_id": organization["id"], "name": "Staff", "type": "generic scim v2.0"});
        let (status, made) = self.api("POST", "/directories", Some(body)).await;
        assert_eq!(status, 201, "{made}");
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Directory { id: text("id"), endpoint: text("scim_endpoint"), token: text("bearer_token") }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program to its end: exit code, standard output, standard error.
pub(crate) fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut child = program()
        .args(arguments)
        .env("LOCKSTEP_API_KEY", API_KEY)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (child.wait().unwrap().code(), out, err)
}
