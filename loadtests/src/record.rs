//! What the run saw with its own eyes: every answer to every request that left, with its times.
//!
//! The record is the audit's ground truth, so nothing is ever taken out of it or corrected. A
//! request that was sent again has an entry for each sending that left the machine.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::measure::{Measures, Progressed};
use crate::request::{Answer, Request};
use crate::seat_map::Counts;

/// One sending of a request and what came back.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) request: Arc<Request>,
    /// When the buyer meant to send it; never later than `sent_micros`.
    pub(crate) intended_micros: u64,
    /// When it was handed to the connection: not after it left.
    pub(crate) sent_micros: u64,
    pub(crate) received_micros: u64,
    pub(crate) answer: Answer,
}

/// Where buyers write down what they saw.
#[derive(Debug)]
pub(crate) struct Recorder {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    entries: Vec<Entry>,
    measures: Measures,
    /// The latest deadline of any hold that was acknowledged.
    latest_deadline_millis: u64,
}

impl Recorder {
    /// For a drop whose doors open at this time.
    pub(crate) fn new(opened_micros: u64) -> Self {
        let inner = Inner {
            entries: Vec::new(),
            measures: Measures::new(opened_micros),
            latest_deadline_millis: 0,
        };
        Self { inner: Mutex::new(inner) }
    }

    /// A panic of one buyer leaves the entries of the others as true as they were.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer came, or the news that none will.
    pub(crate) fn answered(&self, entry: Entry) {
        let mut inner = self.inner();
        if let Answer::Placed { deadline_millis, .. } | Answer::Extended { deadline_millis, .. } =
            entry.answer
        {
            inner.latest_deadline_millis = inner.latest_deadline_millis.max(deadline_millis);
        }
        inner.measures.answered(entry.request.operation(), &entry.answer);
        inner.entries.push(entry);
    }

    /// A request is over for its buyer, with this as the last word.
    pub(crate) fn settled(
        &self,
        request: &Request,
        intended_micros: u64,
        settled_micros: u64,
        answer: &Answer,
    ) {
        let latency_micros = settled_micros.saturating_sub(intended_micros);
        let operation = request.operation();
        self.inner().measures.settled(operation, settled_micros, latency_micros, answer);
    }

    /// A sending that never left for want of a connection.
    pub(crate) fn not_sent(&self) {
        self.inner().measures.not_sent += 1;
    }

    /// A buyer came at this time.
    pub(crate) fn arrived(&self, at_micros: u64) {
        self.inner().measures.arrived(at_micros);
    }

    /// The server said at this time how its seats stand.
    pub(crate) fn seen(&self, at_micros: u64, seats: Counts) {
        self.inner().measures.seen(at_micros, seats);
    }

    /// A buyer left, for this reason.
    pub(crate) fn left(&self, cause: &'static str) {
        *self.inner().measures.buyers_by_cause.entry(cause).or_default() += 1;
    }

    /// What the progress display and the stall watch want to know.
    pub(crate) fn progressed(&self) -> (Progressed, u64) {
        let inner = self.inner();
        (inner.measures.progressed(), inner.latest_deadline_millis)
    }

    /// The end: all entries, in the order in which they came, and all measures.
    pub(crate) fn take(&self) -> (Vec<Entry>, Measures) {
        let mut inner = self.inner();
        let opened_micros = inner.measures.opened_micros;
        let measures = std::mem::replace(&mut inner.measures, Measures::new(opened_micros));
        (std::mem::take(&mut inner.entries), measures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{HoldId, RequestId};
    use crate::request::Verb;

    #[test]
    fn a_latency_runs_from_the_intended_moment() {
        let recorder = Recorder::new(1_000_000);
        let request = Arc::new(Request {
            id: RequestId(1),
            buyer: "ann".into(),
            verb: Verb::Extend(HoldId(1)),
        });
        let answer = Answer::Extended { hold_id: HoldId(1), deadline_millis: 77, lsn: None };
        // Meant to be sent at 1 s, sent 3 s later, answered 10 ms after that.
        recorder.answered(Entry {
            request: request.clone(),
            intended_micros: 1_000_000,
            sent_micros: 4_000_000,
            received_micros: 4_010_000,
            answer: answer.clone(),
        });
        recorder.settled(&request, 1_000_000, 4_010_000, &answer);
        assert_eq!(recorder.progressed().1, 77, "the latest deadline");
        let (entries, measures) = recorder.take();
        assert_eq!(entries.len(), 1);
        let latency = measures.overall();
        assert!((latency.max_ms - 3_010.0).abs() < 5.0, "{latency:?}");
    }
}
