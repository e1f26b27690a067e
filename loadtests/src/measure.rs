//! Latencies, counts and their course over the seconds of a run.
//!
//! A latency runs from the moment at which a buyer meant to ask to the answer that settled the
//! request, over every retry and every outage in between: whoever had to wait is counted with
//! all of the wait. Histograms keep three significant digits up to ten minutes.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::course::Course;
use crate::request::{Answer, Operation, Word};
use crate::seat_map::Counts;

/// Longer waits are counted as this long: ten minutes.
const LATENCY_MICROS_MAX: u64 = 600_000_000;

/// Percentiles of some latencies, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// How many were measured.
    pub count: u64,
    /// Half were no slower.
    pub p50_ms: f64,
    /// Nine of ten were no slower.
    pub p90_ms: f64,
    /// 99 of 100 were no slower.
    pub p99_ms: f64,
    /// 999 of 1,000 were no slower.
    pub p99_9_ms: f64,
    /// None was slower.
    pub max_ms: f64,
}

impl Latency {
    fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        Self {
            count: histogram.len(),
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            p99_9_ms: at(0.999),
            max_ms: at(1.0),
        }
    }
}

/// One second of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Second {
    /// Seconds since the doors opened.
    pub second: u64,
    /// Buyers who came.
    pub arrivals: u64,
    /// Requests that were settled by being done.
    pub accepted: u64,
    /// Requests that were settled by the rules.
    pub rejected: u64,
    /// Requests that were settled in any other way.
    pub failed: u64,
    /// Seats and places whose sale was acknowledged.
    pub sold: u64,
    /// Half of the settled requests were no slower.
    pub p50_ms: f64,
    /// Nine of ten of the settled requests were no slower.
    pub p90_ms: f64,
    /// 99 of 100 of the settled requests were no slower.
    pub p99_ms: f64,
    /// None of the settled requests was slower.
    pub max_ms: f64,
}

/// A glance at a run that goes on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progressed {
    pub(crate) arrived: u64,
    pub(crate) settled: u64,
    pub(crate) rejected: u64,
    pub(crate) sold: u64,
    /// Of the second that was finished last.
    pub(crate) p99_ms: f64,
}

/// Everything that is counted during a run.
#[derive(Debug)]
pub(crate) struct Measures {
    pub(crate) opened_micros: u64,
    /// Sendings that never left.
    pub(crate) not_sent: u64,
    pub(crate) buyers_by_cause: BTreeMap<&'static str, u64>,
    pub(crate) answers: BTreeMap<(Operation, Word), u64>,
    pub(crate) arrived: u64,
    /// The first message of a request in which the server found no sense.
    pub(crate) invalid: Option<Box<str>>,
    pub(crate) course: Course,
    overall: Histogram<u64>,
    by_operation: BTreeMap<Operation, Histogram<u64>>,
    settled: u64,
    rejected: u64,
    sold: u64,
    seconds: Vec<Second>,
    this_second: Second,
    this_second_latency: Histogram<u64>,
}

/// For waits of up to ten minutes.
pub(crate) fn histogram(digits: u8) -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_MICROS_MAX, digits)
        .expect("the bounds are constants that hdrhistogram accepts")
}

impl Measures {
    pub(crate) fn new(opened_micros: u64) -> Self {
        Self {
            opened_micros,
            not_sent: 0,
            buyers_by_cause: BTreeMap::new(),
            answers: BTreeMap::new(),
            arrived: 0,
            invalid: None,
            course: Course::new(),
            overall: histogram(3),
            by_operation: Operation::ALL.map(|operation| (operation, histogram(3))).into(),
            settled: 0,
            rejected: 0,
            sold: 0,
            seconds: Vec::new(),
            this_second: Second::default(),
            this_second_latency: histogram(2),
        }
    }

    pub(crate) fn arrived(&mut self, at_micros: u64) {
        self.turn_to(at_micros);
        self.course.arrived(at_micros.saturating_sub(self.opened_micros));
        self.arrived += 1;
        self.this_second.arrivals += 1;
    }

    pub(crate) fn answered(&mut self, operation: Operation, answer: &Answer) {
        if let Answer::Denied { reason: crate::request::Denial::Invalid(message), .. } = answer {
            self.invalid.get_or_insert_with(|| message.clone());
        }
        *self.answers.entry((operation, answer.name())).or_default() += 1;
    }

    pub(crate) fn settled(
        &mut self,
        operation: Operation,
        at_micros: u64,
        latency_micros: u64,
        answer: &Answer,
    ) {
        self.turn_to(at_micros);
        self.course.settled(at_micros.saturating_sub(self.opened_micros), latency_micros);
        self.overall.saturating_record(latency_micros);
        if let Some(histogram) = self.by_operation.get_mut(&operation) {
            histogram.saturating_record(latency_micros);
        }
        self.this_second_latency.saturating_record(latency_micros);
        self.settled += 1;
        match answer {
            answer if answer.is_accepted() => self.this_second.accepted += 1,
            Answer::Rejected(_) => {
                self.this_second.rejected += 1;
                self.rejected += 1;
            }
            _ => self.this_second.failed += 1,
        }
        if let Answer::Allocated { spots, .. } = answer {
            self.sold += spots.count();
            self.this_second.sold += spots.count();
        }
    }

    /// The server said how its seats and places stand.
    pub(crate) fn seen(&mut self, at_micros: u64, seats: Counts) {
        self.course.seen(at_micros.saturating_sub(self.opened_micros), seats);
    }

    /// Closes the seconds before this time. What comes late for its second counts in the next.
    fn turn_to(&mut self, at_micros: u64) {
        let second = at_micros.saturating_sub(self.opened_micros) / 1_000_000;
        while self.this_second.second < second {
            self.close_second();
        }
    }

    fn close_second(&mut self) {
        let latency = Latency::of(&self.this_second_latency);
        self.this_second.p50_ms = latency.p50_ms;
        self.this_second.p90_ms = latency.p90_ms;
        self.this_second.p99_ms = latency.p99_ms;
        self.this_second.max_ms = latency.max_ms;
        self.this_second_latency.reset();
        let next = self.this_second.second + 1;
        let closed =
            std::mem::replace(&mut self.this_second, Second { second: next, ..Second::default() });
        self.seconds.push(closed);
    }

    pub(crate) fn progressed(&self) -> Progressed {
        Progressed {
            arrived: self.arrived,
            settled: self.settled,
            rejected: self.rejected,
            sold: self.sold,
            p99_ms: self.seconds.last().map_or(0.0, |second| second.p99_ms),
        }
    }

    pub(crate) fn overall(&self) -> Latency {
        Latency::of(&self.overall)
    }

    /// Of those operations that occurred.
    pub(crate) fn by_operation(&self) -> BTreeMap<Operation, Latency> {
        let measured = self.by_operation.iter().filter(|(_, histogram)| !histogram.is_empty());
        measured.map(|(operation, histogram)| (*operation, Latency::of(histogram))).collect()
    }

    /// The course of the run, its last second included.
    pub(crate) fn seconds(&mut self) -> Vec<Second> {
        self.close_second();
        self.seconds.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENED: u64 = 1_763_000_000_000_000;

    fn refused() -> Answer {
        Answer::Rejected(crate::request::Refusal::of("seats_unavailable"))
    }

    #[test]
    fn percentiles_are_of_what_was_measured() {
        let mut measures = Measures::new(OPENED);
        for millis in 1..=1_000 {
            measures.settled(Operation::Place, OPENED, millis * 1_000, &refused());
        }
        let latency = measures.overall();
        assert_eq!(latency.count, 1_000);
        for (measured, expected) in
            [(latency.p50_ms, 500.0), (latency.p99_ms, 990.0), (latency.max_ms, 1_000.0)]
        {
            assert!((measured - expected).abs() <= expected / 500.0, "{measured} {expected}");
        }
        assert_eq!(measures.by_operation().keys().collect::<Vec<_>>(), [&Operation::Place]);
    }

    #[test]
    fn seconds_follow_each_other_without_a_gap() {
        let mut measures = Measures::new(OPENED);
        measures.arrived(OPENED);
        measures.settled(Operation::Place, OPENED + 900_000, 5_000, &refused());
        measures.settled(Operation::Place, OPENED + 3_100_000, 7_000, &refused());
        let seconds = measures.seconds();
        assert_eq!(seconds.iter().map(|second| second.second).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!((seconds[0].arrivals, seconds[0].rejected), (1, 1));
        assert_eq!((seconds[1].rejected, seconds[3].rejected), (0, 1));
        assert_eq!(seconds[1].max_ms, 0.0);
        assert!((seconds[3].max_ms - 7.0).abs() < 0.1);
    }
}
