//! A shard's state as plain data, to be stored and made again.
//!
//! Must always hold: an image has all that cannot be derived from the rest of it, in an order
//! that does not depend on how the state was reached. `restore` gives a state with the same
//! digest that goes on exactly as the one that the image was made of, or says what contradicts
//! itself; no image, whatever is in it, makes it panic.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use compact_str::CompactString;

use super::{Allocation, EndedHold, EventState, Hold, Memory, SeatState, ShardState};
use crate::chart::Chart;
use crate::digest::Digest;
use crate::encoding::EncodedFacts;
use crate::ids::{
    AreaIndex, BuyerId, ChartHash, EventId, Lsn, SeatIndex, ShardId, TicketTypeIndex,
};
use crate::rules::EventRules;
use crate::spots::Spots;
use crate::ticket_type::TicketType;
use crate::time::Timestamp;

/// Everything that one shard knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShardImage {
    /// Which shard it is of.
    pub shard: ShardId,
    /// The last fact that was applied; 0 without one.
    pub last_lsn: Lsn,
    /// When that was decided.
    pub last_at: Timestamp,
    /// The newest time-ordered request id that was forgotten; 0 if none was.
    pub newest_forgotten: u128,
    /// [`ShardState::digest`] of all of it.
    pub digest: Digest,
    /// The events, by id.
    pub events: Vec<EventImage>,
    /// The live holds, by id.
    pub holds: Vec<Hold>,
    /// The live allocations, by id.
    pub allocations: Vec<Allocation>,
    /// The ended holds that are remembered, in the order in which they ended.
    pub ended_holds: Vec<EndedHold>,
    /// The facts of the requests that are remembered, in the order in which they are forgotten:
    /// time-ordered ids by id, then hashed ones as they came.
    pub requests: EncodedFacts,
}

/// One event. Who has its spots is told by the holds and the allocations.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EventImage {
    /// Its id.
    pub id: EventId,
    /// Its name for people.
    pub name: CompactString,
    /// Its chart.
    pub chart: ChartHash,
    /// The rules of its sale.
    pub rules: EventRules,
    /// What its spots may be sold as.
    pub ticket_types: Vec<TicketType>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its sale ended for good.
    pub closed_at: Option<Timestamp>,
    /// The seats that are blocked, in order, as runs of so many from one on.
    pub blocked_seats: Vec<(SeatIndex, u32)>,
    /// The areas that have blocked places, in order, each with how many.
    pub blocked_places: Vec<(AreaIndex, u32)>,
}

/// What contradicts itself in an image.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ImageError {
    /// A list is not in its order, or has something twice.
    #[error("{what} {id:x} is out of order, or there twice")]
    OutOfOrder {
        /// What the list is of.
        what: &'static str,
        /// The one that is not where it belongs.
        id: u128,
    },
    /// Something that belongs to another shard or to a later time.
    #[error("{what} {id:x} does not belong to this shard, or to this point of its history")]
    Misplaced {
        /// What it is.
        what: &'static str,
        /// Which.
        id: u128,
    },
    /// An event that is named and not there.
    #[error("event {0} is named and not there")]
    EventUnknown(EventId),
    /// A chart that was not brought along.
    #[error("the chart {chart} of event {event_id} is not known")]
    ChartUnknown {
        /// The event.
        event_id: EventId,
        /// Its chart.
        chart: ChartHash,
    },
    /// A seat that is not there, or is somebody's already.
    #[error("seat {seat} of event {event_id} is not there, or has two owners")]
    SeatImpossible {
        /// The event.
        event_id: EventId,
        /// The seat.
        seat: SeatIndex,
    },
    /// An area that is not there, or that has more places taken than there are.
    #[error("area {area} of event {event_id} is not there, named twice, or has too few places")]
    AreaImpossible {
        /// The event.
        event_id: EventId,
        /// The area.
        area: AreaIndex,
    },
    /// A ticket type that is not there, or that has more taken than its quota.
    #[error("ticket type {ticket_type} of event {event_id} is not there, or over its quota")]
    TicketTypeImpossible {
        /// The event.
        event_id: EventId,
        /// The ticket type.
        ticket_type: TicketTypeIndex,
    },
    /// A hold or an allocation without spots.
    #[error("{id:032x} has no spots, and should be over")]
    Empty {
        /// The hold or the allocation.
        id: u128,
    },
    /// All of it together is something else than what the image was made of.
    #[error("the digest is {:032x}, and {:032x} is said", found.0, said.0)]
    DigestDiffers {
        /// What there is.
        found: Digest,
        /// What the image says.
        said: Digest,
    },
}

impl ShardImage {
    /// The charts that its events use, with one event each.
    pub fn charts(&self) -> BTreeMap<ChartHash, EventId> {
        self.events.iter().map(|event| (event.chart, event.id)).collect()
    }
}

impl ShardState {
    /// All of it as plain data.
    pub fn image(&self) -> ShardImage {
        let mut holds: Vec<Hold> = self.holds.values().cloned().collect();
        holds.sort_unstable_by_key(|hold| hold.id);
        let mut allocations: Vec<Allocation> = self.allocations.values().cloned().collect();
        allocations.sort_unstable_by_key(|allocation| allocation.id);
        ShardImage {
            shard: self.shard,
            last_lsn: self.last_lsn,
            last_at: self.last_at,
            newest_forgotten: self.requests.newest_forgotten(),
            digest: self.digest(),
            events: self.events.values().map(EventState::image).collect(),
            holds,
            allocations,
            ended_holds: self.ended_holds.oldest_first().cloned().collect(),
            requests: self.requests.image(),
        }
    }

    /// The state that an image was made of, its maps hashing by a secret seed of this process.
    /// `charts` are those of [`ShardImage::charts`].
    pub fn restore(
        image: ShardImage,
        charts: &BTreeMap<ChartHash, Arc<Chart>>,
        hash_seed: u64,
    ) -> Result<Self, ImageError> {
        Self::restore_remembering(image, charts, hash_seed, Memory::default())
    }

    /// The same of a state with another memory, which must be the one that it had.
    pub fn restore_remembering(
        image: ShardImage,
        charts: &BTreeMap<ChartHash, Arc<Chart>>,
        hash_seed: u64,
        memory: Memory,
    ) -> Result<Self, ImageError> {
        let mut state = Self::remembering(image.shard, hash_seed, memory);
        (state.last_lsn, state.last_at) = (image.last_lsn, image.last_at);
        for event in image.events {
            state.restore_event(event, charts)?;
        }
        state.holds.reserve(image.holds.len());
        state.restore_holds(image.holds)?;
        state.allocations.reserve(image.allocations.len());
        state.restore_allocations(image.allocations)?;
        for event in state.events.values() {
            event.restored(&mut state.digest);
        }
        state.ended_holds.reserve(image.ended_holds.len());
        for ended in image.ended_holds {
            state.restore_ended_hold(ended)?;
        }
        state.restore_requests(&image.requests, image.newest_forgotten)?;
        let (found, said) = (state.digest(), image.digest);
        if found == said { Ok(state) } else { Err(ImageError::DigestDiffers { found, said }) }
    }

    fn restore_event(
        &mut self,
        image: EventImage,
        charts: &BTreeMap<ChartHash, Arc<Chart>>,
    ) -> Result<(), ImageError> {
        let (event_id, chart) = (image.id, image.chart);
        let key = u128::from(event_id.0);
        in_order("event", self.events.last_key_value().map(|(id, _)| id), &event_id, key)?;
        if image.created_at > self.last_at {
            return Err(ImageError::Misplaced { what: "event", id: key });
        }
        let known = charts.get(&chart).ok_or(ImageError::ChartUnknown { event_id, chart })?;
        self.register_chart(chart, Arc::clone(known));
        let event = EventState::restore(image, Arc::clone(known), self.hashing)?;
        event.add_to(&mut self.digest);
        event.add_blocked_to(&mut self.digest);
        self.events.insert(event_id, event);
        Ok(())
    }

    fn restore_holds(&mut self, holds: Vec<Hold>) -> Result<(), ImageError> {
        let mut before = None;
        for hold in holds {
            let id = hold.id;
            in_order("hold", before.as_ref(), &id, id.0)?;
            before = Some(id);
            self.check_born("hold", id.0, (id.shard(), id.lsn()))?;
            let held = SeatState::Held(id.lsn());
            self.restore_spots(hold.event_id, id.0, &hold.spots, held, &hold.buyer_id)?;
            hold.add_to(&mut self.digest);
            self.deadlines.insert((hold.deadline, id));
            self.holds.insert(id, hold);
        }
        Ok(())
    }

    fn restore_allocations(&mut self, allocations: Vec<Allocation>) -> Result<(), ImageError> {
        let mut before = None;
        for sold in allocations {
            let id = sold.id;
            in_order("allocation", before.as_ref(), &id, id.0)?;
            before = Some(id);
            self.check_born("allocation", id.0, (id.shard(), id.lsn()))?;
            let allocated = SeatState::Allocated(id.lsn());
            self.restore_spots(sold.event_id, id.0, &sold.spots, allocated, &sold.buyer_id)?;
            sold.add_to(&mut self.digest);
            self.allocations.insert(id, sold);
        }
        Ok(())
    }

    fn restore_spots(
        &mut self,
        event_id: EventId,
        owner: u128,
        spots: &Spots,
        state: SeatState,
        buyer_id: &BuyerId,
    ) -> Result<(), ImageError> {
        if spots.is_empty() {
            return Err(ImageError::Empty { id: owner });
        }
        let event = self.events.get_mut(&event_id).ok_or(ImageError::EventUnknown(event_id))?;
        event.restore_spots(spots, state, &mut self.digest)?;
        event.add_buyer_spots(buyer_id, spots.count());
        Ok(())
    }

    fn restore_ended_hold(&mut self, ended: EndedHold) -> Result<(), ImageError> {
        let id = ended.id;
        self.check_born("ended hold", id.0, (id.shard(), id.lsn()))?;
        if !self.events.contains_key(&ended.event_id) {
            return Err(ImageError::EventUnknown(ended.event_id));
        }
        if self.holds.contains_key(&id) || self.ended_holds.get(id).is_some() {
            return Err(ImageError::OutOfOrder { what: "ended hold", id: id.0 });
        }
        // More than are kept would be forgotten, and the digest would tell.
        self.ended_holds.remember(ended, &mut self.digest);
        Ok(())
    }

    fn restore_requests(
        &mut self,
        facts: &EncodedFacts,
        newest_forgotten: u128,
    ) -> Result<(), ImageError> {
        let mut seen = BTreeSet::new();
        for fact in facts.iter() {
            let event_id = fact.event_id();
            // One event in a row is looked up once.
            if seen.insert(event_id) && !self.events.contains_key(&event_id) {
                return Err(ImageError::EventUnknown(event_id));
            }
            if fact.lsn() > self.last_lsn || fact.at() > self.last_at {
                let id = u128::from(fact.lsn().0);
                return Err(ImageError::Misplaced { what: "the remembered fact", id });
            }
        }
        self.requests.restore(facts, newest_forgotten, &mut self.digest)
    }

    /// Whether a fact of this shard's history may have made it.
    fn check_born(
        &self,
        what: &'static str,
        id: u128,
        (shard, lsn): (ShardId, Lsn),
    ) -> Result<(), ImageError> {
        if shard != self.shard || lsn > self.last_lsn {
            return Err(ImageError::Misplaced { what, id });
        }
        Ok(())
    }
}

pub(super) fn in_order<T: Ord>(
    what: &'static str,
    before: Option<&T>,
    this: &T,
    id: u128,
) -> Result<(), ImageError> {
    match before {
        Some(before) if before >= this => Err(ImageError::OutOfOrder { what, id }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
