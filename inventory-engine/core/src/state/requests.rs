//! The memory of accepted requests, part of the state: an id that comes again gets its first
//! result again, and one that may have been forgotten is refused rather than done twice.
//!
//! Must always hold: every time-ordered id that was forgotten is at most `newest_forgotten`.
//! They are forgotten in the order of the ids, not of their arrival, so that one caller whose
//! clock is ahead does not make the ids of all others look old. Hashed ids say nothing of time;
//! they are forgotten in the order of their arrival, and who repeats one after that is not
//! recognized.

mod fact_log;
mod framed;
mod hashed;
mod time_ordered;

use crate::digest::{Digest, Kind};
use crate::encoding::{EncodedFact, EncodedFacts};
use crate::fact::{Fact, RequestMark};
use crate::hashing::SeededState;
use crate::ids::{Lsn, RequestId};
use crate::limits::{EVICTIONS_PER_FACT_MAX, REQUEST_AHEAD_MILLIS_MAX};
use crate::rejection::{Rejection, RejectionCode};
use crate::state::Memory;
use crate::state::image::ImageError;
use crate::time::Timestamp;
use hashed::Hashed;
use time_ordered::TimeOrdered;

#[derive(Debug)]
pub(crate) struct RequestLog {
    kept_max: usize,
    kept_millis: u64,
    time_ordered: TimeOrdered,
    hashed: Hashed,
    /// Where facts become bytes.
    scratch: Vec<u8>,
}

/// Which of the two kinds of ids has the one that is forgotten next.
#[derive(Clone, Copy, Debug)]
enum Next {
    TimeOrdered,
    Hashed,
}

impl RequestLog {
    pub(crate) fn new(memory: Memory, hashing: SeededState) -> Self {
        Self {
            kept_max: memory.requests_max,
            kept_millis: memory.request_millis,
            time_ordered: TimeOrdered::new(hashing),
            hashed: Hashed::new(hashing),
            scratch: Vec::new(),
        }
    }

    /// The fact that came of a request.
    pub(crate) fn find(&self, id: RequestId) -> Option<EncodedFact<'_>> {
        match id.made_at() {
            Some(made_at) => self.time_ordered.find(id, made_at),
            None => self.hashed.find(id),
        }
    }

    /// The newest time-ordered id that was forgotten; 0 if none was.
    pub(crate) fn newest_forgotten(&self) -> u128 {
        self.time_ordered.newest_forgotten()
    }

    /// All that is remembered, time-ordered ids first.
    pub(crate) fn facts(&self) -> impl Iterator<Item = EncodedFact<'_>> {
        self.time_ordered.in_order().chain(self.hashed.in_order())
    }

    /// The same, to be stored.
    pub(crate) fn image(&self) -> EncodedFacts {
        let mut image = EncodedFacts::default();
        self.facts().for_each(|fact| image.push(fact));
        image
    }

    /// Remembers what [`RequestLog::image`] gave of another log.
    pub(crate) fn restore(
        &mut self,
        facts: &EncodedFacts,
        newest_forgotten: u128,
        digest: &mut Digest,
    ) -> Result<(), ImageError> {
        const WHAT: &str = "request";
        let mut last = newest_forgotten;
        for fact in facts.iter() {
            let Some(request) = fact.request() else {
                return Err(ImageError::Misplaced { what: WHAT, id: u128::from(fact.lsn().0) });
            };
            let id = request.id.get();
            if request.id.made_at().is_some() {
                // All that are older than the newest forgotten one were forgotten before it.
                if id <= last || self.hashed.len() > 0 {
                    return Err(ImageError::OutOfOrder { what: WHAT, id });
                }
                last = id;
            } else if self.find(request.id).is_some() {
                return Err(ImageError::OutOfOrder { what: WHAT, id });
            }
            self.keep(fact, request, digest);
        }
        self.time_ordered.restore_newest_forgotten(newest_forgotten);
        Ok(())
    }

    /// How many requests are remembered.
    pub(crate) fn len(&self) -> usize {
        self.time_ordered.len() + self.hashed.len()
    }

    /// Refuses an id that might have been forgotten, and one from so far ahead that it would
    /// outstay all others.
    pub(crate) fn check_age(&self, id: RequestId, now: Timestamp) -> Result<(), Rejection> {
        let Some(made_at) = id.made_at() else {
            return Ok(());
        };
        if id.get() <= self.newest_forgotten() {
            return Err(Rejection::never(RejectionCode::RequestTooOld));
        }
        if made_at > now.plus_millis(REQUEST_AHEAD_MILLIS_MAX) {
            return Err(Rejection::never(RejectionCode::RequestIdAhead));
        }
        Ok(())
    }

    /// Remembers a fact by its request, and forgets what is too old or too much.
    pub(crate) fn remember(&mut self, fact: &Fact, digest: &mut Digest) {
        if let Some(request) = fact.request {
            assert!(self.find(request.id).is_none(), "a request makes one fact");
            let mut scratch = std::mem::take(&mut self.scratch);
            self.keep(EncodedFact::write(fact, &mut scratch), request, digest);
            self.scratch = scratch;
        }
        for _ in 0..EVICTIONS_PER_FACT_MAX {
            let Some((next, accepted_at)) = self.next_to_forget() else { break };
            let is_too_much = self.len() > self.kept_max;
            let age_millis = fact.at.millis_since(accepted_at);
            if !is_too_much && age_millis <= self.kept_millis {
                break;
            }
            self.forget(next, digest);
        }
    }

    /// Remembers a fact by its request, of which there is none yet.
    fn keep(&mut self, fact: EncodedFact<'_>, request: RequestMark, digest: &mut Digest) {
        digest.add(Kind::Request, &request_bytes(request, fact.lsn()));
        match request.id.made_at() {
            Some(made_at) => self.time_ordered.insert(request.id, made_at, fact),
            None => self.hashed.push(request.id, fact),
        }
    }

    /// The lowest of the time-ordered ids or the first of the hashed ones, whichever was
    /// accepted before the other, and when that was.
    fn next_to_forget(&self) -> Option<(Next, Timestamp)> {
        let lowest = self.time_ordered.lowest().map(|fact| (Next::TimeOrdered, fact.at()));
        let first = self.hashed.first().map(|fact| (Next::Hashed, fact.at()));
        match (lowest, first) {
            (Some(lowest), Some(first)) if first.1 < lowest.1 => Some(first),
            (lowest, first) => lowest.or(first),
        }
    }

    fn forget(&mut self, next: Next, digest: &mut Digest) {
        let forgotten = match next {
            Next::TimeOrdered => self.time_ordered.forget_lowest(),
            Next::Hashed => self.hashed.forget_first(),
        };
        if let Some((request, lsn)) = forgotten {
            digest.remove(Kind::Request, &request_bytes(request, lsn));
        }
    }
}

/// What a remembered request is in the digest.
pub(crate) fn request_bytes(request: RequestMark, lsn: Lsn) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&request.id.get().to_le_bytes());
    bytes[16..24].copy_from_slice(&request.fingerprint.to_le_bytes());
    bytes[24..].copy_from_slice(&lsn.0.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests;
