//! What repair and explanation cost: the same PATCHes clean and in the form that an IdP really sends, with request
//! records and without, interleaved in one run on SQLite. `cargo run --release -p lockstep-play --example repair_cost`.
//! Told is the time of a processor that a PATCH takes, of all threads together: what others do on the machine changes it
//! less than how long it took.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a measurement ends where anything is not as it should be, and its figures are rounded"
)]

use std::time::{Duration, Instant};

use lockstep_store_sqlite::Sqlite;
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Rounds, of which the first is not counted.
const ROUNDS: usize = 9;
/// Users of each directory.
const USERS: usize = 400;
/// PATCHes that each gets in a round.
const PATCHES: usize = 5;
/// PATCHes under way at once.
const AT_ONCE: usize = 32;

struct Variant {
    name: &'static str,
    /// Whether the PATCHes come as the IdP sends them.
    odd: bool,
    app: TestApp<Sqlite>,
    idp: ScimClient,
    users: Vec<String>,
    took: Vec<Duration>,
    used: Vec<Duration>,
}

impl Variant {
    async fn new(name: &'static str, odd: bool, recorded: bool) -> Self {
        let mut app = TestApp::start_on_sqlite().await;
        if !recorded {
            app = app.without_records();
        }
        let organization = app.organization("Example").await;
        let idp = app.directory_of(&organization, "entra").await;
        let mut users = Vec::with_capacity(USERS);
        for n in 0..USERS {
            users.push(idp.user(&format!("user{n}@example.com")).await);
        }
        Self { name, odd, app, idp, users, took: Vec::new(), used: Vec::new() }
    }

    /// Every user is changed some times. What is left to be recorded is waited for, so that it counts.
    async fn round(&mut self, round: usize) {
        let (began, used) = (Instant::now(), processor_time());
        let mut under_way = JoinSet::new();
        let turns = (0..PATCHES).flat_map(|turn| self.users.iter().map(move |user| (turn, user)));
        for (turn, user) in turns {
            let body = patch(self.odd, round * PATCHES + turn);
            if under_way.len() >= AT_ONCE {
                under_way.join_next().await.unwrap().unwrap();
            }
            let (idp, path) = (self.idp.clone(), format!("/Users/{user}"));
            under_way.spawn(async move { idp.scim("PATCH", &path, body).await.expect(200) });
        }
        while let Some(done) = under_way.join_next().await {
            done.unwrap();
        }
        let path = format!("/directories/{}/requests?limit=1", self.idp.directory);
        let list = self.app.read(&path).await;
        assert_eq!(list["recording"]["dropped"], 0);
        if round > 0 {
            self.took.push(began.elapsed());
            self.used.push(processor_time().saturating_sub(used));
        }
    }

    fn per_second(&self) -> f64 {
        let took: Duration = self.took.iter().sum();
        (self.took.len() * USERS * PATCHES) as f64 / took.as_secs_f64()
    }

    /// Microseconds of a processor that a PATCH takes.
    fn micros(&self) -> f64 {
        let used: Duration = self.used.iter().sum();
        used.as_secs_f64() * 1e6 / (self.used.len() * USERS * PATCHES) as f64
    }
}

/// What all threads of this process have used, also of the system, in steps of a hundredth of a second.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let hundredths: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(10 * hundredths)
}

fn patch(odd: bool, round: usize) -> Value {
    let active = round.is_multiple_of(2);
    let (op, active) = match (odd, active) {
        (false, active) => ("replace", json!(active)),
        (true, true) => ("Replace", json!("True")),
        (true, false) => ("Replace", json!("False")),
    };
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            { "op": op, "path": "active", "value": active },
            { "op": op, "path": "title", "value": format!("Engineer {round}") },
            { "op": op, "path": "name.familyName", "value": format!("Lovelace {round}") },
            { "op": op, "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
              "value": format!("Department {round}") },
        ],
    })
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut variants = [
        Variant::new("clean, not recorded", false, false).await,
        Variant::new("clean, recorded", false, true).await,
        Variant::new("as sent, not recorded", true, false).await,
        Variant::new("as sent, recorded", true, true).await,
    ];
    for round in 0..ROUNDS {
        // Whoever begins changes from round to round.
        for turn in 0..variants.len() {
            let index = (round + turn) % variants.len();
            variants[index].round(round).await;
        }
    }
    println!("{} PATCHes each, {AT_ONCE} at once", (ROUNDS - 1) * USERS * PATCHES);
    let clean = variants[0].micros();
    for variant in &variants {
        println!(
            "{:<24}{:>6.0} a second  {:>6.1} µs of a processor each  {:>6.1}%",
            variant.name,
            variant.per_second(),
            variant.micros(),
            100.0 * variant.micros() / clean
        );
    }
    for variant in variants {
        variant.app.finish().await;
    }
}
