//! How many requests wait for the engine at once. Beyond the limit the answer is 'overloaded',
//! at once: a line that grows without end helps nobody in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use metrics::Gauge;

/// A count that is never above its limit.
#[derive(Clone)]
pub(crate) struct InFlightLimit {
    shared: Arc<Shared>,
}

struct Shared {
    current: AtomicUsize,
    max: usize,
    gauge: Gauge,
}

/// One of the places; given back when dropped.
pub(crate) struct Permit {
    shared: Arc<Shared>,
}

impl InFlightLimit {
    /// At most `max` at once, shown by `gauge`.
    pub(crate) fn new(max: usize, gauge: Gauge) -> Self {
        Self { shared: Arc::new(Shared { current: AtomicUsize::new(0), max, gauge }) }
    }

    /// A place, if one is free.
    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        // Never counted and taken back, or who is refused would take a place from others for a
        // moment. Relaxed: the count guards no other memory.
        let one_more = |current| (current < self.shared.max).then_some(current + 1);
        self.shared.current.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        self.shared.gauge.increment(1.0);
        Some(Permit { shared: Arc::clone(&self.shared) })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shared.current.fetch_sub(1, Ordering::Relaxed);
        self.shared.gauge.decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_permit_is_dropped() {
        let limit = InFlightLimit::new(2, Gauge::noop());
        let first = limit.try_acquire();
        let second = limit.try_acquire();
        assert!(first.is_some() && second.is_some());
        assert!(limit.try_acquire().is_none());
        drop(first);
        assert!(limit.try_acquire().is_some());
    }
}
