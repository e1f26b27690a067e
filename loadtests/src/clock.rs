//! The one clock of a run: microseconds since 1970, counted by a monotonic clock from a wall
//! clock that is read once.
//!
//! Intended, sent and received times come from here, so that a step of the wall clock in the
//! middle of a run can neither bend a latency nor make an audit see a late sale.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Points in time as microseconds since 1970 UTC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    origin_unix_micros: u64,
}

impl Clock {
    /// Reads the wall clock for the first and last time.
    pub(crate) fn start() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { origin: Instant::now(), origin_unix_micros: since_1970.as_micros() as u64 }
    }

    /// Now.
    pub(crate) fn now_micros(&self) -> u64 {
        self.origin_unix_micros + self.origin.elapsed().as_micros() as u64
    }

    /// When that is, for a timer. A point before the start is the start.
    pub(crate) fn instant(&self, unix_micros: u64) -> Instant {
        self.origin + Duration::from_micros(unix_micros.saturating_sub(self.origin_unix_micros))
    }

    /// Waits until then; not at all if then has passed.
    pub(crate) async fn sleep_until(&self, unix_micros: u64) {
        tokio::time::sleep_until(self.instant(unix_micros).into()).await;
    }
}

/// The same point in the unit that the contract speaks.
pub(crate) fn millis(unix_micros: u64) -> u64 {
    unix_micros / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_in_time_is_the_same_for_the_timer() {
        let clock = Clock::start();
        let now = clock.now_micros();
        let then = clock.instant(now + 5_000);
        assert!(then > clock.origin + Duration::from_micros(4_999));
        assert!(clock.now_micros() >= now);
        assert_eq!(clock.instant(0), clock.origin);
    }
}
