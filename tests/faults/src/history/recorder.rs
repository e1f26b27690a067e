//! Writes sendings down as they end, by one monotonic clock.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::{History, NEVER_MICROS, Said, Sending, Terms};

/// Where all clients of a run write down what they were told.
#[derive(Debug)]
pub struct Recorder {
    origin: Instant,
    sendings: Mutex<Vec<Sending>>,
}

impl Recorder {
    /// Starts the clock.
    pub fn start() -> Self {
        Self { origin: Instant::now(), sendings: Mutex::default() }
    }

    /// Now, in microseconds since the start.
    pub fn now_micros(&self) -> u64 {
        self.origin.elapsed().as_micros() as u64
    }

    /// Writes down a sending that has ended now. Nothing is known of one without an answer.
    pub fn record(&self, mut sending: Sending) {
        let has_answer = sending.said != Said::Unknown;
        sending.answered_micros = if has_answer { self.now_micros() } else { NEVER_MICROS };
        self.sendings.lock().unwrap_or_else(PoisonError::into_inner).push(sending);
    }

    /// How many sendings were written down.
    pub fn count(&self) -> usize {
        self.sendings.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Gives away what was written down so far.
    pub fn take(&self, terms: Terms) -> History {
        let mut sendings = self.sendings.lock().unwrap_or_else(PoisonError::into_inner);
        History { terms, sendings: std::mem::take(&mut sendings) }
    }
}
