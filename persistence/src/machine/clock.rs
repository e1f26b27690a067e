//! The time, for everything that is not decided by it: dates for people, how long history is
//! kept, when something that failed is tried again.

use std::fmt::Debug;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use inventory_core::time::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// Tells the time.
pub trait Clock: Debug + Send + Sync {
    /// As people have it. May be wrong, and may go back.
    fn wall(&self) -> Timestamp;

    /// Since the machine was started, the time that it slept included. Never goes back.
    fn since_boot(&self) -> Duration;
}

/// The clocks of the machine that this process runs on.
#[derive(Debug)]
pub(super) struct RealClock;

impl Clock for RealClock {
    fn wall(&self) -> Timestamp {
        // Before 1970 the machine has no idea of the time; zero is as good as any.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn since_boot(&self) -> Duration {
        let time = clock_gettime(ClockId::Boottime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }
}

/// A clock that stands still until somebody moves it; a clone is the same one.
#[cfg(any(test, feature = "simulation"))]
#[derive(Clone, Debug)]
pub struct SimulatedClock {
    hands: std::sync::Arc<std::sync::Mutex<Hands>>,
}

/// Where the hands of a simulated clock stand.
#[cfg(any(test, feature = "simulation"))]
#[derive(Debug)]
struct Hands {
    wall: Timestamp,
    since_boot: Duration,
}

#[cfg(any(test, feature = "simulation"))]
impl SimulatedClock {
    /// Begins at a moment as people have it.
    pub fn new(start: Timestamp) -> Self {
        let hands = Hands { wall: start, since_boot: Duration::ZERO };
        Self { hands: std::sync::Arc::new(std::sync::Mutex::new(hands)) }
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        let mut hands = self.hands();
        hands.since_boot += time;
        hands.wall = hands.wall.plus_millis(time.as_millis() as u64);
    }

    /// Somebody sets the clock on the wall, and nothing else.
    pub fn set_wall(&self, wall: Timestamp) {
        self.hands().wall = wall;
    }

    fn hands(&self) -> std::sync::MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(any(test, feature = "simulation"))]
impl Clock for SimulatedClock {
    fn wall(&self) -> Timestamp {
        self.hands().wall
    }

    fn since_boot(&self) -> Duration {
        self.hands().since_boot
    }
}
