//! The engine's time: the wall clock as it was at start, moved on by a clock that also counts
//! while the machine sleeps. Somebody setting the wall clock does not move it, and a wall clock
//! that was set back before a start does not make history longer: time goes on from the last
//! point that was journaled.

use std::time::{SystemTime, UNIX_EPOCH};

use inventory_core::time::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use tracing::warn;

/// Clocks of machines differ by less than this.
const WALL_BEHIND_MILLIS_TOLD: u64 = 1_000;

/// A clock that never goes back.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    at_start_millis: u64,
    since_boot_at_start_millis: u64,
}

impl Clock {
    /// Anchors at the wall clock's present time, but never before what was journaled last.
    pub fn anchored_now(last_at: Timestamp) -> Self {
        // Before 1970 the machine has no idea of the time; zero is as good as any.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall_millis = wall.as_millis() as u64;
        let behind_ms = last_at.0.saturating_sub(wall_millis);
        if behind_ms > WALL_BEHIND_MILLIS_TOLD {
            warn!(
                behind_ms,
                "the machine's clock is behind the journal: time goes on from the journal"
            );
        }
        Self {
            at_start_millis: wall_millis.max(last_at.0),
            since_boot_at_start_millis: since_boot_millis(),
        }
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        let passed = since_boot_millis().saturating_sub(self.since_boot_at_start_millis);
        Timestamp(self.at_start_millis.saturating_add(passed))
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
        let clock = Clock::anchored_now(Timestamp(0));
        let first = clock.now();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        assert!(wall.abs_diff(first.0) < 1_000);
        while clock.now() == first {
            std::hint::spin_loop();
        }
        assert!(clock.now() > first);
    }

    #[test]
    fn it_goes_on_from_the_last_journaled_time_if_the_wall_clock_was_set_back() {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        let last_at = Timestamp(wall + 3_600_000);
        let clock = Clock::anchored_now(last_at);
        let first = clock.now();
        assert!(first >= last_at && first.millis_since(last_at) < 60_000);
        while clock.now() == first {
            std::hint::spin_loop();
        }
        assert!(clock.now() > first, "it does not stand still until the wall clock is there");
    }
}
