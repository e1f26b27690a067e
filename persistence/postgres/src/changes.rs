//! What some facts come to, row by row: a seat that was held and sold meanwhile is written once.
//!
//! Must always hold: whatever facts are taken together, the tables are left as if each fact had
//! been written by itself; and of each shard the facts are taken in the order of their LSNs,
//! none of them twice.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use inventory_core::digest::Digest;
use inventory_core::fact::{Change, Fact, SeatStatus};
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, Epoch, EventId, HoldId, Lsn, SeatIndex, ShardId,
    TicketTypeIndex,
};
use inventory_core::spots::Spots;
use inventory_core::time::Timestamp;
use persistence::batch::Batch;

/// The sum of some batches of the journal.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// How many facts there are.
    pub(crate) facts: usize,
    /// When the last of them was decided.
    pub(crate) at: Timestamp,
    pub(crate) shards: BTreeMap<ShardId, OfShard>,
    pub(crate) closed: Vec<(EventId, Timestamp)>,
    pub(crate) seats: HashMap<(EventId, SeatIndex), Seat>,
    pub(crate) places: HashMap<(EventId, AreaIndex, Option<TicketTypeIndex>), Places>,
    pub(crate) holds: HashMap<HoldId, Hold>,
    pub(crate) allocations: HashMap<AllocationId, Allocation>,
}

/// Facts of one shard.
#[derive(Debug)]
pub(crate) struct OfShard {
    /// The LSN in front of the first.
    pub(crate) before: Lsn,
    /// The epoch that the last was decided in.
    pub(crate) epoch: Epoch,
    pub(crate) digest: Digest,
    pub(crate) facts: Vec<Arc<Fact>>,
}

/// What became of a seat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Seat {
    pub(crate) status: SeatStatus,
    pub(crate) ticket_type: Option<TicketTypeIndex>,
    pub(crate) hold_id: Option<HoldId>,
    pub(crate) allocation_id: Option<AllocationId>,
    pub(crate) at: Timestamp,
    pub(crate) lsn: Lsn,
}

/// Places of an area that became, and no longer are, what the name says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Places {
    pub(crate) held: i64,
    pub(crate) allocated: i64,
    pub(crate) blocked: i64,
}

/// What became of a hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hold {
    /// If it is new.
    pub(crate) placed: Option<Placed>,
    /// The last deadline that it was given.
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) extensions: u32,
    /// Spots that left it.
    pub(crate) gone: u64,
    /// What took the last of those, and when.
    pub(crate) ending: Option<(Ending, Timestamp)>,
    pub(crate) lsn: Lsn,
}

/// What a new hold or a new allocation began with.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) event_id: EventId,
    pub(crate) buyer_id: BuyerId,
    pub(crate) spots: u64,
    pub(crate) at: Timestamp,
}

/// How spots leave a hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ending {
    Released,
    Allocated,
    Expired,
}

/// What became of an allocation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allocation {
    /// If it is new, with the hold that it comes of.
    pub(crate) placed: Option<(HoldId, Placed)>,
    /// Spots that came back.
    pub(crate) returned: u64,
    /// When the last of those did.
    pub(crate) returned_at: Option<Timestamp>,
    pub(crate) lsn: Lsn,
}

impl Ending {
    /// The word for how a hold ended.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Allocated => "allocated",
            Self::Expired => "expired",
        }
    }
}

impl Hold {
    /// What it says of how the hold is, if nothing is left in it.
    pub(crate) fn is_over(&self) -> bool {
        self.placed.as_ref().is_some_and(|placed| placed.spots == self.gone)
    }
}

impl Changes {
    /// Adds a batch: the next of its shard.
    pub(crate) fn take(&mut self, batch: &Batch) {
        let of_shard = self.shards.entry(batch.shard()).or_insert_with(|| OfShard {
            before: Lsn(batch.first_lsn().0 - 1),
            epoch: batch.epoch(),
            digest: Digest(0),
            facts: Vec::new(),
        });
        of_shard.epoch = batch.epoch();
        of_shard.digest = batch.digest_after();
        of_shard.facts.extend(batch.facts().iter().cloned());
        for fact in batch.facts() {
            self.facts += 1;
            self.at = self.at.max(fact.at);
            self.take_fact(fact);
        }
    }

    /// The last LSN of each shard that has facts.
    pub(crate) fn ends(&self) -> Vec<(ShardId, Lsn)> {
        self.shards.iter().map(|(shard, of)| (*shard, of.last())).collect()
    }

    fn take_fact(&mut self, fact: &Fact) {
        match &fact.change {
            Change::EventCreated { .. } => {}
            Change::EventClosed => self.closed.push((fact.event_id, fact.at)),
            Change::HoldPlaced { hold_id, buyer_id, spots, deadline } => {
                self.move_spots(fact, spots, Some(*hold_id), None);
                let hold = self.hold(*hold_id, fact.lsn);
                hold.placed = Some(Placed::of(fact, buyer_id, spots));
                hold.deadline = Some(*deadline);
            }
            Change::HoldExtended { hold_id, deadline } => {
                let hold = self.hold(*hold_id, fact.lsn);
                hold.deadline = Some(*deadline);
                hold.extensions += 1;
            }
            Change::HoldReleased { hold_id, spots } => {
                self.move_spots(fact, spots, None, None);
                self.leave(*hold_id, fact, spots, Ending::Released);
            }
            Change::HoldExpired { hold_id, spots } => {
                self.move_spots(fact, spots, None, None);
                self.leave(*hold_id, fact, spots, Ending::Expired);
            }
            Change::HoldAllocated { hold_id, allocation_id, buyer_id, spots } => {
                self.move_spots(fact, spots, None, Some(*allocation_id));
                self.leave(*hold_id, fact, spots, Ending::Allocated);
                let allocation = self.allocation(*allocation_id, fact.lsn);
                allocation.placed = Some((*hold_id, Placed::of(fact, buyer_id, spots)));
            }
            Change::SpotsReturned { allocation_id, spots } => {
                self.move_spots(fact, spots, None, None);
                let allocation = self.allocation(*allocation_id, fact.lsn);
                allocation.returned += u64::from(spots.count());
                allocation.returned_at = Some(fact.at);
            }
            Change::SpotsBlocked { spots } | Change::SpotsUnblocked { spots } => {
                self.move_spots(fact, spots, None, None);
            }
        }
    }

    fn move_spots(
        &mut self,
        fact: &Fact,
        spots: &Spots,
        hold_id: Option<HoldId>,
        allocation_id: Option<AllocationId>,
    ) {
        let Some((_, from, to)) = fact.change.spots_moved() else { return };
        let is_sold = matches!(to, SeatStatus::Held | SeatStatus::Allocated);
        for spot in &spots.seats {
            let ticket_type = spot.ticket_type.filter(|_| is_sold);
            let (status, at, lsn) = (to, fact.at, fact.lsn);
            let seat = Seat { status, ticket_type, hold_id, allocation_id, at, lsn };
            self.seats.insert((fact.event_id, spot.seat), seat);
        }
        for places in &spots.areas {
            let key = (fact.event_id, places.area, places.ticket_type);
            let counts = self.places.entry(key).or_default();
            counts.add(from, -i64::from(places.count));
            counts.add(to, i64::from(places.count));
        }
    }

    fn leave(&mut self, hold_id: HoldId, fact: &Fact, spots: &Spots, ending: Ending) {
        let hold = self.hold(hold_id, fact.lsn);
        hold.gone += u64::from(spots.count());
        hold.ending = Some((ending, fact.at));
    }

    fn hold(&mut self, hold_id: HoldId, lsn: Lsn) -> &mut Hold {
        let hold = self.holds.entry(hold_id).or_default();
        hold.lsn = lsn;
        hold
    }

    fn allocation(&mut self, allocation_id: AllocationId, lsn: Lsn) -> &mut Allocation {
        let allocation = self.allocations.entry(allocation_id).or_default();
        allocation.lsn = lsn;
        allocation
    }
}

impl OfShard {
    /// The LSN of the last fact.
    pub(crate) fn last(&self) -> Lsn {
        self.facts.last().map_or(self.before, |fact| fact.lsn)
    }

    /// When that was decided.
    pub(crate) fn at(&self) -> Timestamp {
        self.facts.last().map_or_else(Timestamp::default, |fact| fact.at)
    }
}

impl Placed {
    fn of(fact: &Fact, buyer_id: &BuyerId, spots: &Spots) -> Self {
        let (event_id, buyer_id) = (fact.event_id, buyer_id.clone());
        Self { event_id, buyer_id, spots: u64::from(spots.count()), at: fact.at }
    }
}

impl Places {
    /// Whether nothing is left to be written.
    pub(crate) fn is_even(self) -> bool {
        self == Self::default()
    }

    fn add(&mut self, status: SeatStatus, count: i64) {
        match status {
            SeatStatus::Available => {}
            SeatStatus::Held => self.held += count,
            SeatStatus::Allocated => self.allocated += count,
            SeatStatus::Blocked => self.blocked += count,
        }
    }
}
