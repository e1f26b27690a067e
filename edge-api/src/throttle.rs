//! Lines of the log that many events would write, at most one a second, each with how many
//! events it stands for.
//!
//! Must always hold: no event is lost to the count; the next line has those that made none.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::limits::LOG_LINE_EVERY;

/// Decides when a line is due.
#[derive(Debug)]
pub(crate) struct Throttle {
    since: Instant,
    /// When the next line may be written, in milliseconds after `since`.
    next_millis: AtomicU64,
    untold: AtomicU64,
}

impl Throttle {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), next_millis: AtomicU64::new(0), untold: AtomicU64::new(0) }
    }

    /// Counts an event. If a line is due, how many events it stands for.
    pub(crate) fn count(&self) -> Option<u64> {
        self.count_at(self.since.elapsed())
    }

    fn count_at(&self, now: Duration) -> Option<u64> {
        self.untold.fetch_add(1, Ordering::Relaxed);
        let now_millis = now.as_millis() as u64;
        let due = self.next_millis.load(Ordering::Relaxed);
        if now_millis < due {
            return None;
        }
        let next = now_millis + LOG_LINE_EVERY.as_millis() as u64;
        let order = Ordering::Relaxed;
        // Of several threads that find it due, one writes it.
        self.next_millis.compare_exchange(due, next, order, order).ok()?;
        Some(self.untold.swap(0, order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_stands_for_all_events() {
        let throttle = Throttle::new();
        let at = |millis| throttle.count_at(Duration::from_millis(millis));
        assert_eq!(at(0), Some(1));
        assert_eq!(at(1), None);
        assert_eq!(at(999), None);
        assert_eq!(at(1_000), Some(3));
        assert_eq!(at(5_000), Some(1));
        assert_eq!(at(5_999), None);
        assert_eq!(at(6_000), Some(2));
    }
}
