//! Holds that are over, remembered for a while so that who comes late is told what happened.

use std::collections::{HashMap, VecDeque};

use crate::digest::{Digest, Kind};
use crate::hashing::SeededState;
use crate::ids::{BuyerId, EventId, HoldId};
use crate::state::hold::Canonical;
use crate::time::Timestamp;

/// How a hold ended: by what took its last seat.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// Its deadline passed.
    Expired = 1,
    /// Its buyer gave it back.
    Released = 2,
    /// It was sold.
    Allocated = 3,
}

/// A hold that is over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EndedHold {
    /// Its id.
    pub id: HoldId,
    /// Its event.
    pub event_id: EventId,
    /// Whose it was.
    pub buyer_id: BuyerId,
    /// How it ended.
    pub ending: Ending,
    /// When.
    pub at: Timestamp,
}

impl EndedHold {
    pub(crate) fn canonical(&self) -> Canonical {
        Canonical::new()
            .put(&self.id.0.to_le_bytes())
            .put(&self.event_id.0.to_le_bytes())
            .put(&[self.ending as u8])
            .put(&self.at.0.to_le_bytes())
            .put(self.buyer_id.as_str().as_bytes())
    }
}

/// The newest of them, up to a number.
#[derive(Debug)]
pub(crate) struct EndedHolds {
    kept_max: usize,
    by_id: HashMap<HoldId, EndedHold, SeededState>,
    oldest_first: VecDeque<HoldId>,
}

impl EndedHolds {
    pub(crate) fn new(kept_max: usize, hashing: SeededState) -> Self {
        let by_id = HashMap::with_hasher(hashing);
        Self { kept_max, by_id, oldest_first: VecDeque::new() }
    }

    pub(crate) fn get(&self, hold_id: HoldId) -> Option<&EndedHold> {
        self.by_id.get(&hold_id)
    }

    /// Makes room for so many more, so that the map grows once.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.by_id.reserve(count);
        self.oldest_first.reserve(count);
    }

    pub(crate) fn oldest_first(&self) -> impl Iterator<Item = &EndedHold> {
        self.oldest_first.iter().map(|id| &self.by_id[id])
    }

    pub(crate) fn remember(&mut self, ended: EndedHold, digest: &mut Digest) {
        digest.add(Kind::EndedHold, ended.canonical().as_slice());
        self.oldest_first.push_back(ended.id);
        self.by_id.insert(ended.id, ended);
        if self.oldest_first.len() > self.kept_max {
            let oldest = self.oldest_first.pop_front();
            if let Some(forgotten) = oldest.and_then(|id| self.by_id.remove(&id)) {
                digest.remove(Kind::EndedHold, forgotten.canonical().as_slice());
            }
        }
    }
}
