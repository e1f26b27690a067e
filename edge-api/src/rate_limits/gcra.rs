//! The arithmetic of a limit: the generic cell rate algorithm (ITU-T I.371, Annex A) in whole
//! microseconds. Of each key one number is known: when it will have nothing spent any more.
//!
//! Must always hold: `gcra.lua` does the same, step by step. A test runs both on the same times.

/// A limit in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Pace {
    /// What one request costs.
    pub(crate) interval_micros: u64,
    /// What may be spent at once.
    pub(crate) full_micros: u64,
}

/// Spends one request of a key that has nothing spent from `done_at` on; 0 for a key that is not
/// known. Times are microseconds of one clock.
///
/// # Errors
/// If the limit is reached, the microseconds after which one more is free.
pub(super) fn spend(done_at: u64, now: u64, pace: Pace) -> Result<u64, u64> {
    let next = next(done_at, now, pace);
    let latest = now + pace.full_micros;
    if next > latest { Err(next - latest) } else { Ok(next) }
}

/// Spends one request of a key that somebody else has admitted already.
pub(super) fn note(done_at: u64, now: u64, pace: Pace) -> u64 {
    next(done_at, now, pace).min(now + pace.full_micros)
}

fn next(done_at: u64, now: u64, pace: Pace) -> u64 {
    // No key can be spent for longer than that, but by a clock that was set back or by a limit
    // that was wider before.
    let done_at = done_at.min(now + pace.full_micros);
    done_at.max(now) + pace.interval_micros
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_244_014_250_000;

    /// Walks one key through requests at these microseconds after `NOW`.
    fn check(limit: &str, walk: &[(u64, Result<(), u64>)]) {
        let pace = limit.parse::<super::super::RateLimit>().unwrap().pace();
        let mut done_at = 0;
        for (step, (at, expected)) in walk.iter().enumerate() {
            let decided = spend(done_at, NOW + at, pace);
            assert_eq!(decided.map(|_| ()), *expected, "{limit}, step {step} at {at}");
            done_at = decided.unwrap_or(done_at);
        }
    }

    #[test]
    fn a_burst_then_a_steady_rate_and_exact_waits() {
        let (yes, wait) = (Ok(()), Err);
        check("1/s", &[(0, yes), (0, wait(1_000_000)), (999_999, wait(1)), (1_000_000, yes)]);
        check(
            "2/s",
            &[(0, yes), (0, yes), (0, wait(500_000)), (500_000, yes), (500_001, wait(499_999))],
        );
        // A refusal spends nothing: who keeps asking gets the next one as early.
        check("1/m", &[(0, yes), (1, wait(59_999_999)), (2, wait(59_999_998)), (60_000_000, yes)]);
        check("10/s,burst=2", &[(0, yes), (0, yes), (0, wait(100_000)), (100_000, yes)]);
        // After a pause the burst is whole again and no larger.
        let pause = 3_600_000_000;
        check("10/s,burst=2", &[(0, yes), (pause, yes), (pause, yes), (pause, wait(100_000))]);
        // In step with its rate it is never refused.
        check("4/s,burst=1", &[(0, yes), (250_000, yes), (500_000, yes), (749_999, wait(1))]);
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let pace = Pace { interval_micros: 1_000, full_micros: 2_000 };
        let far_ahead = NOW + 3_600_000_000;
        assert_eq!(spend(far_ahead, NOW, pace), Err(1_000));
        assert_eq!(note(far_ahead, NOW, pace), NOW + 2_000);
    }

    #[test]
    fn what_was_admitted_elsewhere_counts() {
        let pace = Pace { interval_micros: 1_000, full_micros: 2_000 };
        let once = note(0, NOW, pace);
        assert_eq!(once, NOW + 1_000);
        assert_eq!(spend(note(once, NOW, pace), NOW, pace), Err(1_000));
    }
}
