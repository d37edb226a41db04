//! What goes wrong on the way between an IdP and a server, as IdPs are known to meet it. The same for the same seed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::company::Dice;

/// What goes wrong, and how often.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Faults {
    /// Answers are lost on the way, and the IdP does what it does then.
    pub retries: bool,
    /// Calls are sent twice at the same moment.
    pub duplicates: bool,
    /// The IdP hangs up before the answer comes.
    pub timeouts: bool,
    /// What does not depend on each other is sent in any order, several at once.
    pub reordering: bool,
    /// Of a hundred calls so many are met by a fault.
    pub percent: u64,
    /// By which it is drawn.
    pub seed: u64,
}

impl Faults {
    /// The names in which faults are asked for.
    pub const NAMES: [&str; 4] = ["retries", "duplicates", "timeouts", "reordering"];

    /// Switches one on; whether there is one of this name.
    pub fn switch_on(&mut self, name: &str) -> bool {
        match name {
            "retries" => self.retries = true,
            "duplicates" => self.duplicates = true,
            "timeouts" => self.timeouts = true,
            "reordering" => self.reordering = true,
            _ => return false,
        }
        true
    }

    /// Whether answers are lost, so that the IdP does not know what it made.
    pub(crate) fn loses_answers(&self) -> bool {
        self.retries || self.timeouts
    }

    /// Whether this fault meets this call.
    pub(super) fn meets(&self, fault: u64, call: &str) -> bool {
        // By what is sent and not by when: what is under way at the same moment comes in any order.
        let text = call.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Dice::new(text ^ self.seed.rotate_left(17) ^ fault).roll() % 100 < self.percent
    }
}

/// How fast requests may follow each other, and whether any more shall; shared by all that are sent at once.
#[derive(Debug, Default)]
pub struct Pace {
    between: Option<Duration>,
    next: Mutex<Option<Instant>>,
    is_stopped: AtomicBool,
}

impl Pace {
    /// So many requests in a second at most; as many as come where nothing is said.
    #[must_use]
    pub fn new(per_second: Option<u32>) -> Self {
        let between = per_second.filter(|rate| *rate > 0).map(|rate| Duration::from_secs(1) / rate);
        Self { between, next: Mutex::new(None), is_stopped: AtomicBool::new(false) }
    }

    /// Nothing more is sent but what cleans up.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    /// Waits for the next request's turn.
    pub(super) async fn turn(&self) {
        let Some(between) = self.between else { return };
        let at = {
            let mut next = self.next.lock().await;
            let at = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            *next = Some(at + between);
            at
        };
        tokio::time::sleep_until(at).await;
    }
}
