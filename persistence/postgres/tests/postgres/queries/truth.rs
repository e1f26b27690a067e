//! What the journal says of a sale: every fact of it, what the facts come to, and the maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{EventId, Lsn, RequestId, SeatIndex};
use inventory_core::spots::Spots;
use inventory_core::time::Timestamp;
use inventory_engine::past::{SeatMap, Until, from_journal};
use persistence::dir::DataDirPaths;
use persistence::file::reader::JournalReader;

/// The events of the sale: holds that run out soon, holds that do not, and a small one.
pub(crate) const EVENTS: [EventId; 3] = [EventId(1), EventId(u64::MAX - 3), EventId(3)];

pub(crate) struct Truth {
    paths: DataDirPaths,
    pub(crate) facts: Vec<Arc<Fact>>,
    pub(crate) last_batch: u64,
    pub(crate) holds: BTreeMap<u128, Hold>,
    pub(crate) allocations: BTreeMap<u128, Allocation>,
}

pub(crate) struct Hold {
    pub(crate) event_id: EventId,
    pub(crate) buyer_id: String,
    pub(crate) status: &'static str,
    pub(crate) spots: u64,
    pub(crate) left: u64,
    pub(crate) placed_at: Timestamp,
    pub(crate) deadline: Timestamp,
    pub(crate) extensions: u64,
    pub(crate) ended_at: Option<Timestamp>,
}

pub(crate) struct Allocation {
    pub(crate) event_id: EventId,
    pub(crate) hold_id: u128,
    pub(crate) buyer_id: String,
    pub(crate) spots: u64,
    pub(crate) left: u64,
    pub(crate) at: Timestamp,
}

/// What a fact names.
pub(crate) struct Names {
    pub(crate) hold: Option<u128>,
    pub(crate) allocation: Option<u128>,
    pub(crate) deadline: Option<u64>,
}

impl Truth {
    pub(crate) fn read(paths: &DataDirPaths) -> Self {
        let mut truth = Self {
            paths: paths.clone(),
            facts: Vec::new(),
            last_batch: 0,
            holds: BTreeMap::new(),
            allocations: BTreeMap::new(),
        };
        let mut reader = JournalReader::of(paths).unwrap();
        while let Some(stored) = reader.next_batch().unwrap() {
            truth.last_batch = stored.number;
            stored.batch.facts().iter().for_each(|fact| truth.take(fact));
        }
        truth
    }

    fn take(&mut self, fact: &Arc<Fact>) {
        self.facts.push(Arc::clone(fact));
        let (event_id, at) = (fact.event_id, fact.at);
        match &fact.change {
            Change::HoldPlaced { hold_id, buyer_id, spots, deadline } => {
                let count = u64::from(spots.count());
                let hold = Hold {
                    event_id,
                    buyer_id: buyer_id.to_string(),
                    status: "live",
                    spots: count,
                    left: count,
                    placed_at: at,
                    deadline: *deadline,
                    extensions: 0,
                    ended_at: None,
                };
                self.holds.insert(hold_id.0, hold);
            }
            Change::HoldExtended { hold_id, deadline } => {
                let hold = self.holds.get_mut(&hold_id.0).unwrap();
                (hold.deadline, hold.extensions) = (*deadline, hold.extensions + 1);
            }
            Change::HoldReleased { hold_id, spots } => self.leave(hold_id.0, spots, at, "released"),
            Change::HoldExpired { hold_id, spots } => self.leave(hold_id.0, spots, at, "expired"),
            Change::HoldAllocated { hold_id, allocation_id, buyer_id, spots } => {
                self.leave(hold_id.0, spots, at, "allocated");
                let (hold_id, buyer_id) = (hold_id.0, buyer_id.to_string());
                let spots = u64::from(spots.count());
                let allocation = Allocation { event_id, hold_id, buyer_id, spots, left: spots, at };
                self.allocations.insert(allocation_id.0, allocation);
            }
            Change::SpotsReturned { allocation_id, spots } => {
                let allocation = self.allocations.get_mut(&allocation_id.0).unwrap();
                allocation.left -= u64::from(spots.count());
            }
            _ => {}
        }
    }

    fn leave(&mut self, hold_id: u128, spots: &Spots, at: Timestamp, how: &'static str) {
        let hold = self.holds.get_mut(&hold_id).unwrap();
        hold.left -= u64::from(spots.count());
        if hold.left == 0 {
            (hold.status, hold.ended_at) = (how, Some(at));
        }
    }

    pub(crate) fn count(&self, change: &str) -> usize {
        self.facts.iter().filter(|fact| fact.change.name() == change).count()
    }

    pub(crate) fn facts_of(&self, event_id: EventId) -> impl Iterator<Item = &Arc<Fact>> {
        self.facts.iter().filter(move |fact| fact.event_id == event_id)
    }

    /// An event as it was.
    pub(crate) fn map(&self, event_id: EventId, until: Until) -> SeatMap {
        from_journal(&self.paths, event_id, until).unwrap()
    }

    /// An event as it is.
    pub(crate) fn map_now(&self, event_id: EventId) -> SeatMap {
        self.map(event_id, Until::End)
    }

    pub(crate) fn buyers(&self) -> Vec<String> {
        let mut buyers: Vec<_> = self.holds.values().map(|hold| hold.buyer_id.clone()).collect();
        buyers.sort_unstable();
        buyers.dedup();
        buyers
    }

    pub(crate) fn node(&self) -> u128 {
        self.paths.identity().node_id
    }
}

/// What a fact names, as the history does.
pub(crate) fn names(fact: &Fact) -> Names {
    let (mut hold, mut allocation, mut deadline) = (None, None, None);
    match &fact.change {
        Change::HoldPlaced { hold_id, deadline: at, .. }
        | Change::HoldExtended { hold_id, deadline: at } => {
            (hold, deadline) = (Some(hold_id.0), Some(at.0));
        }
        Change::HoldReleased { hold_id, .. } | Change::HoldExpired { hold_id, .. } => {
            hold = Some(hold_id.0);
        }
        Change::HoldAllocated { hold_id, allocation_id, .. } => {
            (hold, allocation) = (Some(hold_id.0), Some(allocation_id.0));
        }
        Change::SpotsReturned { allocation_id, .. } => allocation = Some(allocation_id.0),
        _ => {}
    }
    Names { hold, allocation, deadline }
}

/// Whether a fact moves a seat.
pub(crate) fn moves(fact: &Fact, seat: SeatIndex) -> bool {
    let spots = fact.change.spots_moved().map(|(spots, ..)| spots);
    spots.is_some_and(|spots| spots.seat_indexes().any(|of| of == seat))
}

/// Who asked for a fact.
pub(crate) fn request(fact: &Fact) -> Option<RequestId> {
    fact.request.map(|mark| mark.id)
}

/// How many spots a fact moves.
pub(crate) fn spots(fact: &Fact) -> u64 {
    fact.change.spots_moved().map_or(0, |(spots, ..)| u64::from(spots.count()))
}

pub(crate) fn hex(id: u128) -> String {
    format!("{id:032x}")
}

pub(crate) fn hour(at: Timestamp) -> u64 {
    at.0 - at.0 % 3_600_000
}

/// Facts that an event had by a moment, of which some are checked.
pub(crate) fn moments(truth: &Truth, event_id: EventId) -> Vec<(Timestamp, Lsn)> {
    let all: Vec<_> = truth.facts_of(event_id).map(|fact| (fact.at, fact.lsn)).collect();
    let step = (all.len() / 12).max(1);
    all.into_iter().step_by(step).collect()
}
