//! The memory of accepted requests, part of the state: an id that comes again gets its first
//! result again, and one that may have been forgotten is refused rather than done twice.
//!
//! Must always hold: every time-ordered id that was forgotten is at most `newest_forgotten`.
//! They are forgotten in the order of the ids, not of their arrival, so that one caller whose
//! clock is ahead does not make the ids of all others look old. Hashed ids say nothing of time;
//! they are forgotten in the order of their arrival, and who repeats one after that is not
//! recognized.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use crate::digest::{Digest, Kind};
use crate::fact::Fact;
use crate::hashing::SeededState;
use crate::ids::RequestId;
use crate::limits::{EVICTIONS_PER_FACT_MAX, REQUEST_AHEAD_MILLIS_MAX};
use crate::rejection::{Rejection, RejectionCode};
use crate::state::Memory;
use crate::state::image::ImageError;
use crate::time::Timestamp;

#[derive(Debug)]
pub(crate) struct RequestLog {
    kept_max: usize,
    kept_millis: u64,
    by_id: HashMap<RequestId, Arc<Fact>, SeededState>,
    /// Time-ordered ids, each with when it was accepted.
    time_ordered: BTreeMap<RequestId, Timestamp>,
    /// Hashed ids as they came, each with when it was accepted.
    hashed: VecDeque<(RequestId, Timestamp)>,
    /// The newest time-ordered id that was forgotten; 0 if none was.
    newest_forgotten: u128,
}

impl RequestLog {
    pub(crate) fn new(memory: Memory, hashing: SeededState) -> Self {
        Self {
            kept_max: memory.requests_max,
            kept_millis: memory.request_millis,
            by_id: HashMap::with_hasher(hashing),
            time_ordered: BTreeMap::new(),
            hashed: VecDeque::new(),
            newest_forgotten: 0,
        }
    }

    /// The fact that came of a request.
    pub(crate) fn find(&self, id: RequestId) -> Option<&Arc<Fact>> {
        self.by_id.get(&id)
    }

    /// The newest time-ordered id that was forgotten; 0 if none was.
    pub(crate) fn newest_forgotten(&self) -> u128 {
        self.newest_forgotten
    }

    /// All that is remembered, time-ordered ids first.
    pub(crate) fn facts(&self) -> impl Iterator<Item = &Arc<Fact>> {
        let ids = self.time_ordered.keys().chain(self.hashed.iter().map(|(id, _)| id));
        ids.map(|id| &self.by_id[id])
    }

    /// Remembers what [`RequestLog::facts`] gave of another log, in its order.
    pub(crate) fn restore(
        &mut self,
        facts: Vec<Arc<Fact>>,
        newest_forgotten: u128,
        digest: &mut Digest,
    ) -> Result<(), ImageError> {
        const WHAT: &str = "request";
        self.by_id.reserve(facts.len());
        let mut time_ordered = Vec::with_capacity(facts.len());
        let mut last = newest_forgotten;
        for fact in facts {
            let Some(request) = fact.request else {
                return Err(ImageError::Misplaced { what: WHAT, id: u128::from(fact.lsn.0) });
            };
            let id = request.id.get();
            if request.id.made_at().is_some() {
                // All that are older than the newest forgotten one were forgotten before it.
                if id <= last || !self.hashed.is_empty() {
                    return Err(ImageError::OutOfOrder { what: WHAT, id });
                }
                last = id;
                time_ordered.push((request.id, fact.at));
            } else {
                self.hashed.push_back((request.id, fact.at));
            }
            digest.add(Kind::Request, &request_bytes(&fact));
            if self.by_id.insert(request.id, fact).is_some() {
                return Err(ImageError::OutOfOrder { what: WHAT, id });
            }
        }
        // They are in order, so that the tree is made at once.
        self.time_ordered = time_ordered.into_iter().collect();
        self.newest_forgotten = newest_forgotten;
        Ok(())
    }

    /// How many requests are remembered, and how many wait to be forgotten; the same, always.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.by_id.len(), self.time_ordered.len() + self.hashed.len())
    }

    /// Refuses an id that might have been forgotten, and one from so far ahead that it would
    /// outstay all others.
    pub(crate) fn check_age(&self, id: RequestId, now: Timestamp) -> Result<(), Rejection> {
        let Some(made_at) = id.made_at() else {
            return Ok(());
        };
        if id.get() <= self.newest_forgotten {
            return Err(Rejection::never(RejectionCode::RequestTooOld));
        }
        if made_at > now.plus_millis(REQUEST_AHEAD_MILLIS_MAX) {
            return Err(Rejection::never(RejectionCode::RequestIdAhead));
        }
        Ok(())
    }

    /// Remembers a fact by its request, and forgets what is too old or too much.
    pub(crate) fn remember(&mut self, fact: Arc<Fact>, digest: &mut Digest) {
        let now = fact.at;
        if let Some(request) = fact.request {
            digest.add(Kind::Request, &request_bytes(&fact));
            match request.id.made_at() {
                Some(_) => drop(self.time_ordered.insert(request.id, now)),
                None => self.hashed.push_back((request.id, now)),
            }
            let before = self.by_id.insert(request.id, fact);
            assert!(before.is_none(), "a request makes one fact");
        }
        for _ in 0..EVICTIONS_PER_FACT_MAX {
            let Some((id, accepted_at)) = self.next_to_forget() else { break };
            let is_too_much = self.by_id.len() > self.kept_max;
            if !is_too_much && now.millis_since(accepted_at) <= self.kept_millis {
                break;
            }
            self.forget(id, digest);
        }
    }

    /// The lowest of the time-ordered ids or the first of the hashed ones, whichever was
    /// accepted before the other.
    fn next_to_forget(&self) -> Option<(RequestId, Timestamp)> {
        let lowest = self.time_ordered.first_key_value().map(|(&id, &at)| (id, at));
        let first = self.hashed.front().copied();
        match (lowest, first) {
            (Some(lowest), Some(first)) => Some(if first.1 < lowest.1 { first } else { lowest }),
            (lowest, first) => lowest.or(first),
        }
    }

    fn forget(&mut self, id: RequestId, digest: &mut Digest) {
        if id.made_at().is_some() {
            self.time_ordered.remove(&id);
            self.newest_forgotten = self.newest_forgotten.max(id.get());
        } else {
            self.hashed.pop_front();
        }
        let fact = self.by_id.remove(&id).expect("what waits to be forgotten is remembered");
        digest.remove(Kind::Request, &request_bytes(&fact));
    }
}

pub(crate) fn request_bytes(fact: &Fact) -> [u8; 32] {
    let mut bytes = [0; 32];
    if let Some(request) = fact.request {
        bytes[..16].copy_from_slice(&request.id.get().to_le_bytes());
        bytes[16..24].copy_from_slice(&request.fingerprint.to_le_bytes());
    }
    bytes[24..].copy_from_slice(&fact.lsn.0.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests;
