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
