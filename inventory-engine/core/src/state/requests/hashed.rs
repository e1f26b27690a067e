//! Remembered facts of ids that were hashed from a key and say nothing of time: forgotten as they
//! came, in pieces that go once all in them is forgotten.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::fact_log::{FactLog, Place};
use crate::encoding::EncodedFact;
use crate::fact::RequestMark;
use crate::hashing::SeededState;
use crate::ids::{Lsn, RequestId};

#[derive(Debug)]
pub(super) struct Hashed {
    hashing: SeededState,
    facts: FactLog,
    slots: HashTable<Slot>,
    /// As they came.
    places: VecDeque<Place>,
}

/// With its hash, so that a table that grows asks no fact for its id.
#[derive(Debug)]
struct Slot {
    hash: u64,
    place: Place,
}

impl Hashed {
    pub(super) fn new(hashing: SeededState) -> Self {
        let (facts, slots, places) = (FactLog::default(), HashTable::new(), VecDeque::new());
        Self { hashing, facts, slots, places }
    }

    /// How many ids are remembered.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn find(&self, id: RequestId) -> Option<EncodedFact<'_>> {
        let is_it = |slot: &Slot| self.facts.request(slot.place).id == id;
        let slot = self.slots.find(self.hashing.hash_one(id), is_it)?;
        Some(self.facts.get(slot.place))
    }

    /// Remembers a fact by an id that is not remembered yet.
    pub(super) fn push(&mut self, id: RequestId, fact: EncodedFact<'_>) {
        let (hash, place) = (self.hashing.hash_one(id), self.facts.push(fact));
        self.slots.insert_unique(hash, Slot { hash, place }, |slot| slot.hash);
        self.places.push_back(place);
    }

    /// The first of them.
    pub(super) fn first(&self) -> Option<EncodedFact<'_>> {
        self.places.front().map(|&place| self.facts.get(place))
    }

    /// Forgets the first of them, and says what its request and its place in history were.
    pub(super) fn forget_first(&mut self) -> Option<(RequestMark, Lsn)> {
        let place = self.places.pop_front()?;
        let forgotten = (self.facts.request(place), self.facts.get(place).lsn());
        let hash = self.hashing.hash_one(forgotten.0.id);
        let found = self.slots.find_entry(hash, |slot| slot.place == place);
        found.expect("what waits to be forgotten has a slot").remove();
        self.facts.forget(place);
        Some(forgotten)
    }

    /// The facts, as they came.
    pub(super) fn in_order(&self) -> impl Iterator<Item = EncodedFact<'_>> {
        self.places.iter().map(|&place| self.facts.get(place))
    }

    /// Bytes that facts have taken.
    #[cfg(test)]
    pub(super) fn bytes_reserved(&self) -> usize {
        self.facts.bytes_reserved()
    }
}
