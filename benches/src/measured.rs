//! What a client measures: how many operations were confirmed within a window of time, how many
//! were refused, and how long each answer took.
//!
//! Must always hold: only answers that arrive within the window count, whenever they were asked
//! for, and a refusal is never counted as a confirmation. Warm-up lies in front of the window.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// The longest latency that is told apart from longer ones.
const LATENCY_MAX_MICROS: u64 = 60_000_000;

/// Digits of a latency that count; the third is off by at most one.
const LATENCY_DIGITS: u8 = 3;

/// What came of one round of load, of one client or of many.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Operations that the other side confirmed as done, and durable where it promises that.
    pub confirmed: u64,
    /// Operations that were refused by the rules; they are no part of the rate.
    pub refused: u64,
    /// The length of the window.
    pub took: Duration,
    /// Microseconds from asking to the answer, of confirmed operations.
    pub latency: Histogram<u64>,
}

impl Measured {
    /// Nothing yet, in a window of this length.
    pub fn nothing(took: Duration) -> Self {
        let latency = Histogram::new_with_bounds(1, LATENCY_MAX_MICROS, LATENCY_DIGITS)
            .expect("the bounds are constants that hdrhistogram accepts");
        Self { confirmed: 0, refused: 0, took, latency }
    }

    /// What several clients measured in the same window.
    pub fn merged(took: Duration, of_clients: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::nothing(took);
        for client in of_clients {
            all.confirmed += client.confirmed;
            all.refused += client.refused;
            all.latency.add(&client.latency).expect("all histograms have the same bounds");
        }
        all
    }

    /// One confirmed operation.
    pub fn confirm(&mut self, latency: Duration) {
        self.confirm_together(1, latency);
    }

    /// So many operations, confirmed by one answer.
    pub fn confirm_together(&mut self, operations: u64, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.confirmed += operations;
        self.latency.saturating_record_n(micros.max(1), operations);
    }

    /// Confirmed operations a second.
    pub fn per_second(&self) -> f64 {
        if self.took.is_zero() { 0.0 } else { self.confirmed as f64 / self.took.as_secs_f64() }
    }

    /// The latency that half of the operations did not exceed, in microseconds. `None` if no
    /// operation was timed by itself.
    pub fn p50_micros(&self) -> Option<u64> {
        self.quantile(0.50)
    }

    /// The latency that 99 of 100 operations did not exceed, in microseconds.
    pub fn p99_micros(&self) -> Option<u64> {
        self.quantile(0.99)
    }

    fn quantile(&self, part: f64) -> Option<u64> {
        (!self.latency.is_empty()).then(|| self.latency.value_at_quantile(part))
    }
}

/// The time in which answers count. Clients ask from the start of the warm-up to the window's end
/// and finish afterwards what they have begun.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    from: Instant,
    until: Instant,
}

impl Window {
    /// A window of the length `measured` that opens `warm_up` from now.
    pub fn after(warm_up: Duration, measured: Duration) -> Self {
        let from = Instant::now() + warm_up;
        Self { from, until: from + measured }
    }

    /// Whether an answer that arrived at `now` counts.
    pub fn counts(&self, now: Instant) -> bool {
        self.from <= now && now < self.until
    }

    /// Whether nothing new is to be begun any more.
    pub fn is_over(&self, now: Instant) -> bool {
        self.until <= now
    }

    /// When it opens.
    pub fn opens_at(&self) -> Instant {
        self.from
    }

    /// When it closes.
    pub fn closes_at(&self) -> Instant {
        self.until
    }

    /// Its length.
    pub fn length(&self) -> Duration {
        self.until - self.from
    }
}

/// One client's view of a window.
#[derive(Clone, Debug)]
pub struct Meter {
    window: Window,
    measured: Measured,
}

impl Meter {
    /// Nothing counted yet.
    pub fn new(window: Window) -> Self {
        Self { window, measured: Measured::nothing(window.length()) }
    }

    /// An operation asked for at `asked` was confirmed at `now`.
    pub fn confirmed(&mut self, asked: Instant, now: Instant) {
        self.confirmed_together(1, asked, now);
    }

    /// So many operations asked for at `asked` were confirmed by one answer at `now`.
    pub fn confirmed_together(&mut self, operations: u64, asked: Instant, now: Instant) {
        if self.window.counts(now) {
            self.measured.confirm_together(operations, now.saturating_duration_since(asked));
        }
    }

    /// An operation was refused at `now`.
    pub fn refused(&mut self, now: Instant) {
        if self.window.counts(now) {
            self.measured.refused += 1;
        }
    }

    /// The window.
    pub fn window(&self) -> Window {
        self.window
    }

    /// All that was counted.
    pub fn finish(self) -> Measured {
        self.measured
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn only_what_arrives_within_the_window_counts() {
        let window = Window::after(millis(1_000), millis(2_000));
        let mut meter = Meter::new(window);
        let opens = window.opens_at();
        meter.confirmed(opens - millis(900), opens - millis(1));
        meter.confirmed(opens - millis(10), opens);
        meter.confirmed(opens, opens + millis(1_999));
        meter.confirmed(opens, opens + millis(2_000));
        meter.refused(opens - millis(1));
        meter.refused(opens + millis(1));
        let measured = meter.finish();
        assert_eq!((measured.confirmed, measured.refused), (2, 1));
        assert_eq!(measured.latency.len(), 2, "a refusal has no place among the latencies");
        assert!((measured.per_second() - 1.0).abs() < 1e-9, "{}", measured.per_second());
        assert!(!window.is_over(opens + millis(1_999)) && window.is_over(window.closes_at()));
    }

    #[test]
    fn clients_are_merged_and_quantiles_are_of_all() {
        let client = |latency| {
            let mut client = Measured::nothing(millis(500));
            (0..100).for_each(|_| client.confirm(millis(latency)));
            client.refused = 3;
            client
        };
        let all = Measured::merged(millis(500), [client(1), client(2), client(30)]);
        assert_eq!((all.confirmed, all.refused), (300, 9));
        assert!((all.per_second() - 600.0).abs() < 1e-9);
        let [p50, p99] = [all.p50_micros(), all.p99_micros()].map(Option::unwrap_or_default);
        assert!(p50.abs_diff(2_000) <= 2, "{p50}");
        assert!(p99.abs_diff(30_000) <= 30, "{p99}");
    }

    #[test]
    fn the_longest_and_the_shortest_are_kept_within_bounds() {
        let mut measured = Measured::nothing(Duration::ZERO);
        measured.confirm(Duration::ZERO);
        measured.confirm(Duration::from_secs(3_600));
        assert_eq!(measured.latency.len(), 2);
        assert_eq!(measured.latency.min(), 1);
        assert_eq!(measured.per_second(), 0.0, "no time, no rate");
    }

    #[test]
    fn what_is_confirmed_together_took_as_long() {
        let mut measured = Measured::nothing(millis(500));
        assert_eq!((measured.p50_micros(), measured.p99_micros()), (None, None));
        measured.confirm_together(99, millis(2));
        measured.confirm(millis(40));
        assert_eq!((measured.confirmed, measured.latency.len()), (100, 100));
        let p50 = measured.p50_micros().unwrap_or_default();
        assert!(p50.abs_diff(2_000) <= 2, "{p50}");
    }
}
