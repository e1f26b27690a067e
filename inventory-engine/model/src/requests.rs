//! Which requests were done, and which of them are forgotten: one list, searched from its front.
//!
//! What is forgotten is, of the ids that say when they were made, the lowest; of those that say
//! nothing, the first that came; and of these two the one that was accepted earlier, the former if
//! both were accepted at once. A fact forgets only while there are too many or that one is too
//! old, and no more than a few. An id that is no higher than a forgotten one may have been done.

use std::sync::Arc;

use inventory_core::fact::{Fact, RequestMark};
use inventory_core::ids::RequestId;
use inventory_core::limits::{EVICTIONS_PER_FACT_MAX, REQUEST_AHEAD_MILLIS_MAX};
use inventory_core::state::Memory;
use inventory_core::time::Timestamp;

#[derive(Clone, Debug, Default)]
pub(crate) struct Requests {
    /// What came of them, as they were done.
    done: Vec<(RequestMark, Arc<Fact>)>,
    /// The highest id that was forgotten, of those that say when they were made; 0 if none was.
    pub(crate) newest_forgotten: u128,
}

/// Why an id is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Age {
    TooOld,
    Ahead,
}

impl Requests {
    /// What came of a request that is remembered, and under which mark.
    pub(crate) fn find(&self, id: RequestId) -> Option<&(RequestMark, Arc<Fact>)> {
        self.done.iter().find(|(request, _)| request.id == id)
    }

    /// Whether an id that is not remembered is of a time in which it can be new.
    pub(crate) fn check_age(&self, id: RequestId, at: Timestamp) -> Result<(), Age> {
        let Some(made_at) = id.made_at() else { return Ok(()) };
        if id.get() <= self.newest_forgotten {
            return Err(Age::TooOld);
        }
        if made_at > at.plus_millis(REQUEST_AHEAD_MILLIS_MAX) {
            return Err(Age::Ahead);
        }
        Ok(())
    }

    /// Remembers what came of a request, and forgets.
    pub(crate) fn remember(&mut self, fact: &Fact, memory: Memory) {
        if let Some(request) = fact.request {
            self.done.push((request, Arc::new(fact.clone())));
        }
        for _ in 0..EVICTIONS_PER_FACT_MAX {
            let Some(next) = self.next_to_forget() else { return };
            let (request, done) = &self.done[next];
            let is_old = fact.at.0 - done.at.0 > memory.request_millis;
            if self.done.len() <= memory.requests_max && !is_old {
                return;
            }
            if says_when(request) {
                self.newest_forgotten = self.newest_forgotten.max(request.id.get());
            }
            self.done.remove(next);
        }
    }

    /// What is remembered, in the order in which an image has it: by id what says when it was
    /// made, then the rest as it came.
    pub(crate) fn in_order(&self) -> Vec<&(RequestMark, Arc<Fact>)> {
        let mut timed: Vec<_> = self.done.iter().filter(|(of, _)| says_when(of)).collect();
        timed.sort_unstable_by_key(|(request, _)| request.id);
        timed.extend(self.done.iter().filter(|(of, _)| !says_when(of)));
        timed
    }

    fn next_to_forget(&self) -> Option<usize> {
        let numbers = || 0..self.done.len();
        let id = |number: usize| self.done[number].0.id;
        let timed = numbers().filter(|&number| says_when(&self.done[number].0));
        let lowest = timed.min_by_key(|&number| id(number));
        let first = numbers().find(|&number| !says_when(&self.done[number].0));
        let accepted_at = |number: usize| self.done[number].1.at;
        let candidates = lowest.into_iter().chain(first);
        candidates.min_by_key(|&number| accepted_at(number))
    }
}

fn says_when(request: &RequestMark) -> bool {
    request.id.made_at().is_some()
}

#[cfg(test)]
mod tests;
