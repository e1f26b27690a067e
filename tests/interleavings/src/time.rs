//! What stands here for `std::time`: a clock that moves when the model says so, for each run of a
//! model has to be like the one before.

pub(crate) use core::time::Duration;
use real_std::cell::Cell;

real_std::thread_local! {
    // Loom runs all threads of a model on one of the system's.
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// A point in time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(NOW.get())
    }

    pub(crate) fn elapsed(self) -> Duration {
        NOW.get() - self.0
    }
}

/// Time passes.
pub(crate) fn pass(time: Duration) {
    NOW.set(NOW.get() + time);
}
