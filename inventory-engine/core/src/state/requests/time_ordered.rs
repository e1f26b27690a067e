//! Remembered ids that say when they were made, by that time: a drawer for each sixteenth of a
//! second or so. New ids come into the newest drawers, which are small enough to be at hand, and
//! old ones go with their drawer: nothing grows to be moved all at once, and a drawer is looked
//! through for what is of its own time only.
//!
//! Must always hold: ids are forgotten in their order, so whatever is at most the newest that was
//! forgotten is not remembered; and each id in a drawer has its place there.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::fact_log::{FactLog, Place};
use crate::hashing::SeededState;
use crate::ids::RequestId;
use crate::time::Timestamp;

/// A drawer has the ids of so many milliseconds, as a power of two.
const DRAWER_MILLIS_LOG2: u32 = 6;

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
    /// Where the facts of its ids are.
    places: HashTable<Place>,
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

    pub(super) fn find(&self, id: RequestId, made_at: Timestamp, log: &FactLog) -> Option<Place> {
        let drawer = self.drawers.get(&drawer_of(made_at))?;
        drawer.places.find(self.hashing.hash_one(id), is_of(id, log)).copied()
    }

    /// Remembers an id that is newer than all that were forgotten, and not remembered yet.
    pub(super) fn insert(
        &mut self,
        id: RequestId,
        made_at: Timestamp,
        place: Place,
        log: &FactLog,
    ) {
        let hash = |id: RequestId| self.hashing.hash_one(id);
        let number = drawer_of(made_at);
        if !self.drawers.contains_key(&number) {
            // As many will come as came in the time before: nothing has to grow for them.
            let before = self.drawers.get(&number.wrapping_sub(1));
            let ids = before.map_or(0, |drawer| drawer.ids.len());
            self.drawers.insert(number, Drawer::with_room(ids));
        }
        let drawer = self.drawers.get_mut(&number).expect("it is there, or was made now");
        drawer.places.insert_unique(hash(id), place, |&other| hash(log.request(other).id));
        drawer.ids.push(Reverse(id));
        self.ids += 1;
    }

    /// Where the fact of the lowest id is.
    pub(super) fn lowest(&self, log: &FactLog) -> Option<Place> {
        let (_, drawer) = self.drawers.first_key_value()?;
        drawer.ids.peek().map(|&Reverse(id)| drawer.place_of(id, self.hashing, log))
    }

    /// Forgets the lowest id, and says where its fact is.
    pub(super) fn forget_lowest(&mut self, log: &FactLog) -> Option<Place> {
        let mut first = self.drawers.first_entry()?;
        let drawer = first.get_mut();
        let Reverse(id) = drawer.ids.pop()?;
        let found = drawer.places.find_entry(self.hashing.hash_one(id), is_of(id, log));
        let (place, _) = found.expect(HAS_PLACE).remove();
        if drawer.ids.is_empty() {
            first.remove();
        }
        self.newest_forgotten = self.newest_forgotten.max(id.get());
        self.ids -= 1;
        Some(place)
    }

    /// Where the facts are, by their ids.
    pub(super) fn in_order<'a>(&'a self, log: &'a FactLog) -> impl Iterator<Item = Place> + 'a {
        self.drawers.values().flat_map(move |drawer| {
            let mut ids: Vec<RequestId> = drawer.ids.iter().map(|&Reverse(id)| id).collect();
            ids.sort_unstable();
            ids.into_iter().map(move |id| drawer.place_of(id, self.hashing, log))
        })
    }
}

const HAS_PLACE: &str = "an id in a drawer has its place there";

impl Drawer {
    fn with_room(ids: usize) -> Self {
        Self { places: HashTable::with_capacity(ids), ids: BinaryHeap::with_capacity(ids) }
    }

    fn place_of(&self, id: RequestId, hashing: SeededState, log: &FactLog) -> Place {
        *self.places.find(hashing.hash_one(id), is_of(id, log)).expect(HAS_PLACE)
    }
}

pub(super) fn is_of(id: RequestId, log: &FactLog) -> impl Fn(&Place) -> bool {
    move |&place| log.request(place).id == id
}

fn drawer_of(made_at: Timestamp) -> u64 {
    made_at.0 >> DRAWER_MILLIS_LOG2
}
