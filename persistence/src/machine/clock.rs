//! The time, for everything that is not decided by it: dates for people, how long history is
//! kept, when something that failed is tried again.

use std::fmt::Debug;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use inventory_core::time::Timestamp;

/// Tells the time.
pub trait Clock: Debug + Send + Sync {
    /// As people have it. May be wrong, and may go back.
    fn wall(&self) -> Timestamp;

    /// Since some moment of this process. Never goes back.
    fn monotonic(&self) -> Duration;
}

/// The clocks of the machine that this process runs on.
#[derive(Debug)]
pub(super) struct RealClock {
    since: Instant,
}

impl RealClock {
    pub(super) fn new() -> Self {
        Self { since: Instant::now() }
    }
}

impl Clock for RealClock {
    fn wall(&self) -> Timestamp {
        // Before 1970 the machine has no idea of the time; zero is as good as any.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.since.elapsed()
    }
}

/// A clock that stands still until somebody moves it; a clone is the same one.
#[cfg(any(test, feature = "simulation"))]
#[derive(Clone, Debug)]
pub struct SimulatedClock {
    start: Timestamp,
    passed: std::sync::Arc<std::sync::Mutex<Duration>>,
}

#[cfg(any(test, feature = "simulation"))]
impl SimulatedClock {
    /// Begins at a moment as people have it.
    pub fn new(start: Timestamp) -> Self {
        Self { start, passed: std::sync::Arc::default() }
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        *self.passed.lock().expect("nobody panics with it") += time;
    }
}

#[cfg(any(test, feature = "simulation"))]
impl Clock for SimulatedClock {
    fn wall(&self) -> Timestamp {
        Timestamp(self.start.0 + self.monotonic().as_millis() as u64)
    }

    fn monotonic(&self) -> Duration {
        *self.passed.lock().expect("nobody panics with it")
    }
}
