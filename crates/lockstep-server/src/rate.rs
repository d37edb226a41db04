//! How many requests an IdP may send in a second, where the operator wants a bound (RFC 6585 §4). Each directory has its
//! own; what takes somebody's access away passes always, and is not counted.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use lockstep_core::clock::{Clock, Timestamp};
use lockstep_core::id::DirectoryNumber;

use crate::problem::Problem;

/// So many requests in a second, and as many at once. Holds a few bytes for each directory that asked.
pub(crate) struct Rate {
    per_second: NonZeroU32,
    limiter:
        RateLimiter<DirectoryNumber, HashMapStateStore<DirectoryNumber>, Elapsed, NoOpMiddleware<Duration>>,
}

impl Rate {
    pub(crate) fn new(per_second: NonZeroU32, clock: Arc<dyn Clock>) -> Self {
        let elapsed = Elapsed::from(clock);
        let limiter = RateLimiter::new(Quota::per_second(per_second), HashMapStateStore::default(), elapsed);
        Self { per_second, limiter }
    }

    /// 429 where the directory's IdP asks too often, with when to come back.
    pub(crate) fn admit(&self, directory: DirectoryNumber) -> Result<(), Problem> {
        self.limiter.check_key(&directory).map_err(|refused| {
            let wait: Duration = refused.wait_time_from(self.limiter.clock().now());
            let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(1).max(1);
            Problem::too_many_requests(self.per_second, seconds)
        })
    }
}

/// How much time has passed. Where the clock is set back it goes on from there, so that nobody waits for the time that was
/// taken back.
struct Elapsed {
    clock: Arc<dyn Clock>,
    /// When it was last asked for, and how much had passed by then.
    last: Mutex<(Timestamp, Duration)>,
}

impl From<Arc<dyn Clock>> for Elapsed {
    fn from(clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        Self { clock, last: Mutex::new((now, Duration::ZERO)) }
    }
}

impl governor::clock::Clock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let passed = u64::try_from(now.0.saturating_sub(last.0.0)).unwrap_or(0);
        *last = (now, last.1 + Duration::from_micros(passed));
        last.1
    }
}

#[cfg(test)]
mod tests;
