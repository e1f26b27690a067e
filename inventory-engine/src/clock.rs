//! The engine's time: the wall clock as it was at start, moved on by a clock that also counts
//! while the machine sleeps. Somebody setting the wall clock does not move it.

use std::time::{SystemTime, UNIX_EPOCH};

use inventory_core::time::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// A clock that never goes back.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall_at_start_millis: u64,
    since_boot_at_start_millis: u64,
}

impl Clock {
    /// Anchors at the wall clock's present time.
    pub fn anchored_now() -> Self {
        // Before 1970 the machine has no idea of the time; zero is as good as any.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            wall_at_start_millis: wall.as_millis() as u64,
            since_boot_at_start_millis: since_boot_millis(),
        }
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        let passed = since_boot_millis().saturating_sub(self.since_boot_at_start_millis);
        Timestamp(self.wall_at_start_millis + passed)
    }
}

fn since_boot_millis() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    time.tv_sec as u64 * 1_000 + time.tv_nsec as u64 / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_on_and_is_near_the_wall_clock() {
        let clock = Clock::anchored_now();
        let first = clock.now();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        assert!(wall.abs_diff(first.0) < 1_000);
        while clock.now() == first {
            std::hint::spin_loop();
        }
        assert!(clock.now() > first);
    }
}
