//! Remembered facts of ids that say when they were made, by that time: a drawer for each sixteenth
//! of a second or so. New ids come into the newest drawers, which are small enough to be at hand,
//! and old ones go with their drawer, bytes and all.
//!
//! Must always hold: ids are forgotten in their order, so whatever is at most the newest that was
//! forgotten is not remembered; each id in a drawer has its place there; and a drawer has no more
//! than twice the bytes of what is remembered, whatever times callers choose for their ids.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::framed::{self, fact_at, request_at};
use crate::encoding::EncodedFact;
use crate::fact::RequestMark;
use crate::hashing::SeededState;
use crate::ids::{Lsn, RequestId};
use crate::time::Timestamp;

/// A drawer has the ids of so many milliseconds, as a power of two.
const DRAWER_MILLIS_LOG2: u32 = 6;

/// Bytes of forgotten facts for which a drawer is not tidied.
const FORGOTTEN_BYTES_MAX: usize = 16 << 10;

const HAS_PLACE: &str = "an id in a drawer has its place there";

#[derive(Debug)]
pub(super) struct TimeOrdered {
    hashing: SeededState,
    drawers: BTreeMap<u64, Drawer>,
    /// The newest id that was forgotten; 0 if none was.
    newest_forgotten: u128,
    ids: usize,
}

#[derive(Debug, Default)]
struct Drawer {
    /// Facts, each behind its length.
    bytes: Vec<u8>,
    /// How many of the bytes are of facts that were forgotten.
    forgotten_bytes: usize,
    /// Where the facts begin.
    places: HashTable<usize>,
    /// The ids, the lowest first.
    ids: BinaryHeap<Reverse<RequestId>>,
}

impl TimeOrdered {
    pub(super) fn new(hashing: SeededState) -> Self {
        Self { hashing, drawers: BTreeMap::new(), newest_forgotten: 0, ids: 0 }
    }

    /// How many ids are remembered.
    pub(super) fn len(&self) -> usize {
        self.ids
    }

    pub(super) fn newest_forgotten(&self) -> u128 {
        self.newest_forgotten
    }

    /// Begins with an id as the newest that was forgotten.
    pub(super) fn restore_newest_forgotten(&mut self, id: u128) {
        self.newest_forgotten = id;
    }

    pub(super) fn find(&self, id: RequestId, made_at: Timestamp) -> Option<EncodedFact<'_>> {
        let drawer = self.drawers.get(&drawer_of(made_at))?;
        drawer.find(id, self.hashing).map(|place| drawer.fact(place))
    }

    /// Remembers a fact by an id that is newer than all that were forgotten, and not remembered
    /// yet.
    pub(super) fn insert(&mut self, id: RequestId, made_at: Timestamp, fact: EncodedFact<'_>) {
        let number = drawer_of(made_at);
        if !self.drawers.contains_key(&number) {
            // As many will come as came in the time before: nothing has to grow for them.
            let before = self.drawers.get(&number.wrapping_sub(1));
            self.drawers.insert(number, before.map(Drawer::one_like_this).unwrap_or_default());
        }
        let drawer = self.drawers.get_mut(&number).expect("it is there, or was made now");
        drawer.insert(id, fact, self.hashing);
        self.ids += 1;
    }

    /// The fact of the lowest id.
    pub(super) fn lowest(&self) -> Option<EncodedFact<'_>> {
        let (_, drawer) = self.drawers.first_key_value()?;
        let Reverse(id) = drawer.ids.peek()?;
        drawer.find(*id, self.hashing).map(|place| drawer.fact(place))
    }

    /// Forgets the lowest id, and says what its request and its place in history were.
    pub(super) fn forget_lowest(&mut self) -> Option<(RequestMark, Lsn)> {
        let mut first = self.drawers.first_entry()?;
        let forgotten = first.get_mut().forget_lowest(self.hashing)?;
        if first.get().ids.is_empty() {
            first.remove();
        }
        self.newest_forgotten = self.newest_forgotten.max(forgotten.0.id.get());
        self.ids -= 1;
        Some(forgotten)
    }

    /// The facts, by their ids.
    pub(super) fn in_order(&self) -> impl Iterator<Item = EncodedFact<'_>> {
        self.drawers.values().flat_map(|drawer| {
            let mut ids: Vec<RequestId> = drawer.ids.iter().map(|&Reverse(id)| id).collect();
            ids.sort_unstable();
            ids.into_iter().map(|id| drawer.fact(drawer.find(id, self.hashing).expect(HAS_PLACE)))
        })
    }

    /// Bytes that its drawers have taken for facts.
    #[cfg(test)]
    pub(super) fn bytes_reserved(&self) -> usize {
        self.drawers.values().map(|drawer| drawer.bytes.capacity()).sum()
    }
}

impl Drawer {
    /// An empty one with the room that this one needed.
    fn one_like_this(&self) -> Self {
        let ids = self.ids.len();
        Self {
            bytes: Vec::with_capacity(self.bytes.len() - self.forgotten_bytes),
            forgotten_bytes: 0,
            places: HashTable::with_capacity(ids),
            ids: BinaryHeap::with_capacity(ids),
        }
    }

    fn insert(&mut self, id: RequestId, fact: EncodedFact<'_>, hashing: SeededState) {
        let place = framed::append(&mut self.bytes, fact);
        let bytes = &self.bytes;
        let hash = |&place: &usize| hashing.hash_one(request_at(bytes, place).id);
        self.places.insert_unique(hashing.hash_one(id), place, hash);
        self.ids.push(Reverse(id));
    }

    fn find(&self, id: RequestId, hashing: SeededState) -> Option<usize> {
        let is_it = |&place: &usize| request_at(&self.bytes, place).id == id;
        self.places.find(hashing.hash_one(id), is_it).copied()
    }

    fn fact(&self, place: usize) -> EncodedFact<'_> {
        fact_at(&self.bytes, place)
    }

    fn forget_lowest(&mut self, hashing: SeededState) -> Option<(RequestMark, Lsn)> {
        let Reverse(id) = self.ids.pop()?;
        let bytes = &self.bytes;
        let is_it = |&place: &usize| request_at(bytes, place).id == id;
        let found = self.places.find_entry(hashing.hash_one(id), is_it);
        let (place, _) = found.expect(HAS_PLACE).remove();
        let (mark, fact) = (request_at(bytes, place), fact_at(bytes, place));
        let forgotten = (mark, fact.lsn());
        self.forgotten_bytes += framed::framed_bytes(fact);
        if self.forgotten_bytes > FORGOTTEN_BYTES_MAX.max(self.bytes.len() / 2) {
            self.tidy(hashing);
        }
        Some(forgotten)
    }

    /// Leaves out what was forgotten. That is at least as much as what is moved for it.
    fn tidy(&mut self, hashing: SeededState) {
        let mut tidied = Self {
            bytes: Vec::with_capacity(self.bytes.len() - self.forgotten_bytes),
            ..Self::default()
        };
        for &Reverse(id) in &self.ids {
            let place = self.find(id, hashing).expect(HAS_PLACE);
            tidied.insert(id, self.fact(place), hashing);
        }
        *self = tidied;
    }
}

fn drawer_of(made_at: Timestamp) -> u64 {
    made_at.0 >> DRAWER_MILLIS_LOG2
}
