//! The engine's time: the wall clock as it was at start, moved on by a clock that also counts
//! while the machine sleeps. Somebody setting the wall clock does not move it, and a wall clock
//! that was set back before a start does not make history longer: time goes on from the last
//! point that was journaled.

use std::time::Duration;

use inventory_core::time::Timestamp;
use persistence::machine::Machine;
use tracing::warn;

/// Clocks of machines differ by less than this.
const WALL_BEHIND_MILLIS_TOLD: u64 = 1_000;

/// A clock that never goes back.
#[derive(Clone, Debug)]
pub struct Clock {
    machine: Machine,
    at_start: Timestamp,
    since_boot_at_start: Duration,
}

impl Clock {
    /// Anchors at the present time of a machine's wall clock, but never before what was
    /// journaled last.
    pub fn anchored_now(machine: Machine, last_at: Timestamp) -> Self {
        let wall = machine.wall_clock();
        let behind_ms = last_at.0.saturating_sub(wall.0);
        if behind_ms > WALL_BEHIND_MILLIS_TOLD {
            warn!(
                behind_ms,
                "the machine's clock is behind the journal: time goes on from the journal"
            );
        }
        let (at_start, since_boot_at_start) = (wall.max(last_at), machine.since_boot());
        Self { machine, at_start, since_boot_at_start }
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        let passed = self.machine.since_boot().saturating_sub(self.since_boot_at_start);
        self.at_start.plus_millis(passed.as_millis() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_on_and_is_near_the_wall_clock() {
        let clock = Clock::anchored_now(Machine::real(), Timestamp(0));
        let first = clock.now();
        let wall = Machine::real().wall_clock();
        assert!(wall.0.abs_diff(first.0) < 1_000);
        while clock.now() == first {
            std::hint::spin_loop();
        }
        assert!(clock.now() > first);
    }

    #[test]
    fn it_goes_on_from_the_last_journaled_time_if_the_wall_clock_was_set_back() {
        let last_at = Machine::real().wall_clock().plus_millis(3_600_000);
        let clock = Clock::anchored_now(Machine::real(), last_at);
        let first = clock.now();
        assert!(first >= last_at && first.millis_since(last_at) < 60_000);
        while clock.now() == first {
            std::hint::spin_loop();
        }
        assert!(clock.now() > first, "it does not stand still until the wall clock is there");
    }
}
