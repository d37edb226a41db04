//! What a page of a list costs at a million users: the bare query, the store's page, and the API's, of the same rows.
//! `cargo run --release -p lockstep-play --example list_cost` makes a database of 1,000,000 users in `target/` (some
//! minutes, 6 GB; used again the next time) and measures. `-- 20000` does it with as many users, `-- 20000 FOLDER`
//! elsewhere, `-- 20000 FOLDER users` only the lists whose names begin so.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a measurement ends where anything is not as it should be, and its figures are rounded"
)]

mod ask;
mod bare;
mod company;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use lockstep_core::clock::{Clock, Timestamp};
use lockstep_scim::Limits;
use lockstep_server::keys::MasterKey;
use lockstep_server::requests::Requests;
use lockstep_server::state::{API_KEY_PREFIX, AppState, Secrets, SystemSecrets};
use lockstep_server::{auth, routes};
use lockstep_store_sqlite::{Options, Sqlite};
use tower::ServiceExt;

use ask::Ask;
use company::Company;

/// The program's own: with another one, what is many small texts costs more than it does there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often each page is read, each time another one as deep.
const ROUNDS: usize = 9 * AT_ONCE;
/// How many pages are read between two looks at the clock.
const AT_ONCE: usize = 20;

/// A second passes each time it is read.
#[derive(Debug, Default)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(company::TIME.0 + 1_000_000 * self.0.fetch_add(1, Ordering::Relaxed))
    }
}

fn store_at(path: &Path) -> Sqlite {
    let secrets = SystemSecrets::default();
    let random = Arc::new(move || secrets.random());
    Sqlite::open(path, Options::new(Arc::<Ticking>::default(), random)).unwrap()
}

struct Server {
    router: Router,
    key: String,
}

impl Server {
    async fn over(store: Sqlite) -> Self {
        let secrets = Arc::new(SystemSecrets::default());
        let drawn = secrets.draw().unwrap().map(|byte| char::from(b'a' + byte % 26));
        let key = format!("{API_KEY_PREFIX}{}", String::from_iter(drawn));
        let url = "https://lockstep.test";
        let master = MasterKey::new([1; 32]);
        let state = AppState::new(store, Arc::<Ticking>::default(), secrets, Limits::default(), url, &master);
        let state = state.with_requests(Requests::off());
        auth::accept_api_key(&state, Some(&key)).await.unwrap();
        Self { router: routes::app(state), key }
    }

    /// The bytes of an answer.
    async fn read(&self, path: &str) -> Vec<u8> {
        let request = Request::builder().uri(path).header("authorization", format!("Bearer {}", self.key));
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{path}: {}", String::from_utf8_lossy(&bytes));
        bytes.into()
    }
}

/// What all threads of this process have used of a processor: what others do on the machine changes it less than how
/// long it took.
fn processor_time() -> Duration {
    // Until a thread gives way, what it has used is not counted to the last.
    std::thread::yield_now();
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let used = threads.map(|thread| {
        let text = std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or_default()
    });
    Duration::from_nanos(used.sum())
}

/// The median of some times for a page each, and between which all of them lie, in microseconds.
fn told(times: &mut [Duration]) -> (f64, String) {
    times.sort();
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / AT_ONCE as f64;
    let (least, median, most) = (times[0], times[times.len() / 2], times[times.len() - 1]);
    (micros(median), format!("{:>6.0} [{:.0}–{:.0}]", micros(median), micros(least), micros(most)))
}

async fn measure(name: &str, asks: &[Ask], path: &Path, store: &Sqlite, server: &Server) {
    let connection = bare::reader(path);
    let mut times: [Vec<Duration>; 3] = Default::default();
    let mut bytes = 0;
    for (round, asks) in asks.chunks(AT_ONCE).enumerate() {
        let mut rows = Vec::new();
        for ask in asks {
            // All read the same rows: whoever comes first is made to read them once more.
            rows.push(ask.bare(&connection));
            let answer: serde_json::Value = serde_json::from_slice(&server.read(&ask.path()).await).unwrap();
            let shown = answer["data"].as_array().unwrap().len();
            assert_eq!(shown, rows[rows.len() - 1].min(ask::WANTED), "{name}: {}", ask.path());
        }
        let paths: Vec<String> = asks.iter().map(Ask::path).collect();
        for turn in 0..3 {
            let (way, began) = ((round + turn) % 3, processor_time());
            for ((ask, path), rows) in asks.iter().zip(&paths).zip(&rows) {
                match way {
                    0 => assert_eq!(ask.bare(&connection), *rows),
                    1 => assert_eq!(ask.store(store).await, *rows, "{name}: {path}"),
                    _ => bytes = server.read(path).await.len(),
                }
            }
            times[way].push(processor_time().saturating_sub(began));
        }
    }
    let [bare, page, api] = &mut times;
    let ((bare, bare_text), (page, page_text), (api, api_text)) = (told(bare), told(page), told(api));
    println!(
        "| {name} | {bare_text} | {page_text} | {:.2} | {api_text} | {:.2} | {} |",
        page / bare,
        api / bare,
        bytes / 1024
    );
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let users = arguments.next().map_or(1_000_000, |users| users.parse().unwrap());
    let folder = arguments.next().map_or_else(|| PathBuf::from("target/list-cost"), PathBuf::from);
    // Only the lists whose name begins so.
    let wanted = arguments.next().unwrap_or_default();
    let path = folder.join(format!("{users}.db"));
    let store = store_at(&path);
    let began = Instant::now();
    let company = Company::in_store(&store, users).await;
    if company.made {
        println!("made in {:.0} s", began.elapsed().as_secs_f64());
    }
    println!("{} users, {} events\n", company.users, company.events);
    println!("| page of {} | bare query, µs | store, µs | × | API, µs | × | KiB |", ask::WANTED);
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let server = Server::over(store.clone()).await;
    for (name, asks) in company.asks(&store, ROUNDS).await {
        if !name.starts_with(&wanted) {
            continue;
        }
        measure(&name, &asks, &path, &store, &server).await;
    }
}
