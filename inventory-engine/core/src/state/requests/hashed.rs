//! Remembered ids that were hashed from a key and say nothing of time: forgotten as they came.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::fact_log::{FactLog, Place};
use crate::hashing::SeededState;
use crate::ids::RequestId;

#[derive(Debug)]
pub(super) struct Hashed {
    hashing: SeededState,
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
        Self { hashing, slots: HashTable::new(), places: VecDeque::new() }
    }

    /// How many ids are remembered.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn find(&self, id: RequestId, log: &FactLog) -> Option<Place> {
        let is_it = |slot: &Slot| log.request(slot.place).id == id;
        self.slots.find(self.hashing.hash_one(id), is_it).map(|slot| slot.place)
    }

    /// Remembers an id that is not remembered yet.
    pub(super) fn push(&mut self, id: RequestId, place: Place) {
        let hash = self.hashing.hash_one(id);
        self.slots.insert_unique(hash, Slot { hash, place }, |slot| slot.hash);
        self.places.push_back(place);
    }

    /// Where the fact of the first of them is.
    pub(super) fn first(&self) -> Option<Place> {
        self.places.front().copied()
    }

    /// Forgets the first of them, and says where its fact is.
    pub(super) fn forget_first(&mut self, log: &FactLog) -> Option<Place> {
        let place = self.places.pop_front()?;
        let hash = self.hashing.hash_one(log.request(place).id);
        let found = self.slots.find_entry(hash, |slot| slot.place == place);
        found.expect("what waits to be forgotten has a slot").remove();
        Some(place)
    }

    /// Where the facts are, as they came.
    pub(super) fn in_order(&self) -> impl Iterator<Item = Place> {
        self.places.iter().copied()
    }
}
