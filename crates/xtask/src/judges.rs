//! The SCIM suites that others wrote, against a server that was just built: `../shared/judges`, where it exists.
//! The server itself is started in any case: that the program starts, is ready and makes a directory is a step.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::http;
use crate::repo::Repo;
use crate::report::{Outcome, Report};

/// The judges that must be content, with the allow-lists as they are.
const JUDGES: &[&str] = &["scim2-tester", "scim-sanity", "scim-sim", "storage-contract", "differential"];

const READY_WITHIN: Duration = Duration::from_secs(30);

/// A running server with one empty directory; it ends with this value.
pub(crate) struct Served {
    server: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// An API key that reaches everything.
    pub(crate) api_key: String,
    /// The directory, as it was answered.
    pub(crate) directory: Value,
    scim_endpoint: String,
    bearer_token: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself; the steps that needed it have told so.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

pub(crate) fn run(repo: &Repo, names: &[String], report: &mut Report) {
    let mut served = None;
    let started = report.step("serve", || {
        let built = repo.run("build", &mut repo.cargo(&["build", "--quiet", "--package", "lockstep"]))?;
        if !built.ok {
            return Ok(Outcome::Failed(built.output));
        }
        served = Some(serve(repo, "serve")?);
        Ok(Outcome::Passed(String::new()))
    });
    let folder = repo.root.join("../shared/judges");
    let names: Vec<&str> =
        if names.is_empty() { JUDGES.to_vec() } else { names.iter().map(String::as_str).collect() };
    for name in names {
        report.step(&format!("judge: {name}"), || {
            if !folder.join("run-all").exists() {
                return Ok(Outcome::Absent("no ../shared/judges/run-all beside this repository".to_owned()));
            }
            let served = served.as_ref().filter(|_| started).context("no server to judge")?;
            judge(repo, &folder, name, served)
        });
    }
}

fn judge(repo: &Repo, folder: &std::path::Path, name: &str, served: &Served) -> Result<Outcome> {
    let home = repo.target.join("judges");
    fs::create_dir_all(&home)?;
    let mut command = repo.command(folder.join("run-all"), &[name]);
    command
        .env("BASE_URL", &served.scim_endpoint)
        .env("TOKEN", &served.bearer_token)
        .env("JUDGE_HOME", &home);
    let seed = seed()?;
    command.env("SEED", &seed);
    let ran = repo.run(&format!("judge-{name}"), &mut command)?;
    let details = fs::read_to_string(home.join("out").join(format!("{name}.run.log"))).unwrap_or_default();
    let verdict = details.lines().last().unwrap_or_default().trim();
    let verdict = verdict.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(verdict);
    Ok(if ran.ok {
        Outcome::Passed(format!("{verdict}, SEED={seed}"))
    } else {
        Outcome::Failed(format!("SEED={seed} repeats it\n{}\n{details}", ran.output))
    })
}

/// Other questions in each run; `SEED` in the environment asks the same again.
pub(crate) fn seed() -> Result<String> {
    if let Ok(seed) = std::env::var("SEED") {
        return Ok(seed);
    }
    let drawn = random_hex()?;
    let number = u32::from_str_radix(drawn.get(..6).context("too little randomness")?, 16)?;
    Ok(number.to_string())
}

/// Starts the program on an empty database of this name and makes an organization and a generic directory.
pub(crate) fn serve(repo: &Repo, name: &str) -> Result<Served> {
    let folder = repo.target.join("ci").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let address = free_address()?;
    let key = format!("sk_test_{}", random_hex()?);
    let log = File::create(repo.log_path(name))?;
    let program: PathBuf = repo.target.join("debug/lockstep");
    let server = repo
        .command(&program, &["serve", "--listen", &address.to_string()])
        .args(["--database", &format!("sqlite://{}", folder.join("lockstep.db").display())])
        .current_dir(&folder)
        .env("LOCKSTEP_API_KEY", &key)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let mut served = Served {
        server,
        address,
        api_key: key,
        directory: Value::Null,
        scim_endpoint: String::new(),
        bearer_token: String::new(),
    };
    let wait = wait_until_ready(&mut served.server, address);
    let made = wait.and_then(|()| make_directory(address, &served.api_key));
    let said = || fs::read_to_string(repo.log_path(name)).unwrap_or_default();
    let directory = made.with_context(|| format!("the server said:\n{}", said()))?;
    served.scim_endpoint = text_field(&directory, "scim_endpoint")?;
    served.bearer_token = text_field(&directory, "bearer_token")?;
    served.directory = directory;
    Ok(served)
}

fn make_directory(at: SocketAddr, key: &str) -> Result<Value> {
    let organization = http::create(at, "/organizations", key, &json!({ "name": "Judged" }))?;
    let organization_id = text_field(&organization, "id")?;
    let asked = json!({ "organization_id": organization_id, "name": "Judged", "type": "generic scim v2.0" });
    http::create(at, "/directories", key, &asked)
}

pub(crate) fn text_field(value: &Value, name: &str) -> Result<String> {
    let text = value.get(name).and_then(Value::as_str);
    text.map(str::to_owned).with_context(|| format!("no `{name}` in {value}"))
}

/// A port that nobody had a moment ago. Another program may take it before we do; then the step says so.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn random_hex() -> Result<String> {
    use std::fmt::Write;
    use std::io::Read;
    let mut bytes = [0_u8; 24];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

#[expect(clippy::disallowed_methods, reason = "another process gets ready; there is nothing else to wait on")]
fn wait_until_ready(server: &mut Child, at: SocketAddr) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < READY_WITHIN {
        if let Some(status) = server.try_wait()? {
            bail!("`lockstep serve` ended with {status}");
        }
        if http::call(at, "GET", "/health/ready", "", "").is_ok_and(|(status, _)| status == 200) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("`lockstep serve` was not ready within {} s", READY_WITHIN.as_secs())
}
