//! The course of a run in equal steps of time, as fine as its length allows.
//!
//! A run of a second and a run of a day both fill at most [`STEPS_MAX`] steps: when a moment lies
//! beyond the last one, neighbours become one and the width doubles. Each step keeps its
//! histogram, so that percentiles of merged steps are those of all that was measured.

use hdrhistogram::Histogram;

use crate::seat_map::Counts;

/// Steps of a course at most: even, so that halving leaves none alone.
pub(crate) const STEPS_MAX: usize = 120;

/// How wide a step is as long as the run is short.
const FIRST_WIDTH_MICROS: u64 = 50_000;

const _: () = assert!(STEPS_MAX.is_multiple_of(2));

/// One step of a run's course.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Step {
    /// When it begins, in seconds since the doors opened.
    pub from_secs: f64,
    /// When it ends.
    pub until_secs: f64,
    /// Buyers who came.
    pub arrivals: u64,
    /// Requests that were settled.
    pub settled: u64,
    /// Half of them were no slower; zero if there were none, as below.
    pub p50_ms: f64,
    /// Nine of ten of them were no slower.
    pub p90_ms: f64,
    /// 99 of 100 of them were no slower.
    pub p99_ms: f64,
}

/// The states of seats and places together, as the server told them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sighting {
    /// In seconds since the doors opened.
    pub at_secs: f64,
    /// What the server said.
    pub seats: Counts,
}

/// Builds a course while the run goes on. Moments are microseconds since the doors opened.
#[derive(Debug)]
pub(crate) struct Course {
    width_micros: u64,
    steps: Vec<Building>,
}

#[derive(Debug)]
struct Building {
    arrivals: u64,
    latency: Histogram<u64>,
    /// What was seen last within it, and when.
    seen: Option<(u64, Counts)>,
}

impl Building {
    fn new() -> Self {
        Self { arrivals: 0, latency: crate::measure::histogram(2), seen: None }
    }
}

impl Course {
    pub(crate) fn new() -> Self {
        Self { width_micros: FIRST_WIDTH_MICROS, steps: Vec::new() }
    }

    pub(crate) fn arrived(&mut self, at_micros: u64) {
        self.step(at_micros).arrivals += 1;
    }

    pub(crate) fn settled(&mut self, at_micros: u64, latency_micros: u64) {
        self.step(at_micros).latency.saturating_record(latency_micros);
    }

    pub(crate) fn seen(&mut self, at_micros: u64, seats: Counts) {
        self.step(at_micros).seen = Some((at_micros, seats));
    }

    /// The step that a moment lies in; the steps become wider until there is one.
    fn step(&mut self, at_micros: u64) -> &mut Building {
        while at_micros / self.width_micros >= STEPS_MAX as u64 {
            self.widen();
        }
        let step = (at_micros / self.width_micros) as usize;
        while self.steps.len() <= step {
            self.steps.push(Building::new());
        }
        &mut self.steps[step]
    }

    fn widen(&mut self) {
        self.width_micros *= 2;
        let mut merged = Vec::with_capacity(STEPS_MAX);
        let mut steps = std::mem::take(&mut self.steps).into_iter();
        while let Some(mut first) = steps.next() {
            if let Some(second) = steps.next() {
                first.arrivals += second.arrivals;
                // Both have the same bounds, so that nothing can be beyond them.
                first.latency += &second.latency;
                first.seen = second.seen.or(first.seen);
            }
            merged.push(first);
        }
        self.steps = merged;
    }

    /// The steps from the doors' opening on, without a gap.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let secs = |step: usize| (step as u64 * self.width_micros) as f64 / 1e6;
        let at = |latency: &Histogram<u64>, quantile| {
            if latency.is_empty() {
                return 0.0;
            }
            latency.value_at_quantile(quantile) as f64 / 1_000.0
        };
        let step = |(number, step): (usize, &Building)| Step {
            from_secs: secs(number),
            until_secs: secs(number + 1),
            arrivals: step.arrivals,
            settled: step.latency.len(),
            p50_ms: at(&step.latency, 0.5),
            p90_ms: at(&step.latency, 0.9),
            p99_ms: at(&step.latency, 0.99),
        };
        self.steps.iter().enumerate().map(step).collect()
    }

    /// What was seen of the seats, in the order of time.
    pub(crate) fn sightings(&self) -> Vec<Sighting> {
        let seen = self.steps.iter().filter_map(|step| step.seen);
        seen.map(|(at, seats)| Sighting { at_secs: at as f64 / 1e6, seats }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(allocated: u32) -> Counts {
        Counts { allocated, ..Counts::default() }
    }

    #[test]
    fn a_short_run_has_fine_steps() {
        let mut course = Course::new();
        course.arrived(0);
        course.settled(120_000, 3_000);
        course.seen(130_000, counts(1));
        let steps = course.steps();
        assert_eq!(steps.len(), 3);
        assert_eq!((steps[0].arrivals, steps[1].arrivals), (1, 0));
        assert_eq!((steps[2].from_secs, steps[2].until_secs), (0.1, 0.15));
        assert!((steps[2].p99_ms - 3.0).abs() < 0.1, "{steps:?}");
        assert_eq!(steps[1].p99_ms, 0.0);
        assert_eq!(course.sightings(), [Sighting { at_secs: 0.13, seats: counts(1) }]);
    }

    #[test]
    fn a_long_run_has_wider_steps_and_loses_nothing() {
        let mut course = Course::new();
        for second in 0..1_000 {
            course.arrived(second * 1_000_000);
            course.settled(second * 1_000_000, 1_000 * (second + 1));
            course.seen(second * 1_000_000, counts(second as u32));
        }
        let steps = course.steps();
        assert!(steps.len() <= STEPS_MAX && steps.len() > STEPS_MAX / 2, "{}", steps.len());
        assert_eq!(steps.iter().map(|step| step.arrivals).sum::<u64>(), 1_000);
        assert_eq!(steps.iter().map(|step| step.settled).sum::<u64>(), 1_000);
        assert!(steps.windows(2).all(|pair| pair[0].until_secs == pair[1].from_secs));
        let last = course.sightings().pop();
        assert_eq!(last.map(|seen| seen.seats), Some(counts(999)));
    }

    #[test]
    fn a_moment_far_away_needs_no_more_room() {
        let mut course = Course::new();
        course.arrived(5);
        course.arrived(1 << 52);
        let steps = course.steps();
        assert!(steps.len() <= STEPS_MAX);
        assert_eq!(steps.iter().map(|step| step.arrivals).sum::<u64>(), 2);
    }
}
