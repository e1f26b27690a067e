//! The rules of the house once more, in the plainest way that could be right: lists that are
//! searched, and nothing kept that could be counted. A [`Model`] is one shard with its events. It
//! says what the engine has to answer ([`Model::predict`]) and which holds are over
//! ([`Model::due`]); it reads facts as an auditor who believes nothing ([`Model::apply`]); and it
//! is held against a state machine ([`Model::compare`]).
//!
//! Must always hold:
//!
//! - Nothing is shared with the state machine but its vocabulary: commands, facts, rejections,
//!   ids, limits, what a chart is made of, and holds and sales as plain data. No rule is asked of
//!   it, and none of its counts or indexes.
//! - Only facts change a model, one after the other, and a fact that is refused changes nothing.
//! - `apply` refuses what `predict` would not have said, and does not ask it: a mistake in one of
//!   them is a disagreement.
//! - Being right comes before being quick. Who has a seat is found by looking into every hold,
//!   every sale and all that is blocked.

mod apply;
mod audit;
mod compare;
mod event;
mod predict;
mod requests;
mod rules;
mod spots;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use inventory_core::chart::Chart;
use inventory_core::fact::{Change, Fact, SeatStatus};
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, ChartHash, EventId, HoldId, Lsn, SeatIndex, ShardId,
    TicketTypeIndex,
};
use inventory_core::spots::Counts;
use inventory_core::state::{Allocation, EndedHold, Hold, Memory};
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

pub use crate::predict::{Choice, Prediction};

use crate::event::Event;
use crate::requests::Requests;

/// One shard.
#[derive(Clone, Debug)]
pub struct Model {
    shard: ShardId,
    memory: Memory,
    last_lsn: Lsn,
    last_at: Timestamp,
    charts: Vec<(ChartHash, Arc<Chart>)>,
    /// As they were created.
    events: Vec<Event>,
    /// The newest, as they ended.
    ended_holds: Vec<EndedHold>,
    requests: Requests,
}

impl Model {
    /// A shard without history, and how much it remembers of what is over.
    pub fn new(shard: ShardId, memory: Memory) -> Self {
        Self {
            shard,
            memory,
            last_lsn: Lsn(0),
            last_at: Timestamp(0),
            charts: Vec::new(),
            events: Vec::new(),
            ended_holds: Vec::new(),
            requests: Requests::default(),
        }
    }

    /// Makes a chart known, before the first command or fact that uses it.
    pub fn know_chart(&mut self, hash: ChartHash, chart: Arc<Chart>) {
        self.charts.retain(|(known, _)| *known != hash);
        self.charts.push((hash, chart));
    }

    /// The facts by which holds end whose time has come, in the order in which the engine has to
    /// write them, no more than `max`: by their deadlines, of equal ones by their ids.
    pub fn due(&self, now: Timestamp, max: usize) -> Vec<Fact> {
        let at = now.max(self.last_at);
        let mut due: Vec<&Hold> = self.live_holds().filter(|hold| hold.deadline <= at).collect();
        due.sort_unstable_by_key(|hold| (hold.deadline, hold.id));
        let numbered = (self.last_lsn.0 + 1..).map(Lsn).zip(due).take(max);
        let facts = numbered.map(|(lsn, hold)| {
            let change = Change::HoldExpired { hold_id: hold.id, spots: hold.spots.clone() };
            Fact { lsn, at, event_id: hold.event_id, request: None, change }
        });
        facts.collect()
    }

    /// Which shard this is.
    pub fn shard(&self) -> ShardId {
        self.shard
    }

    /// The place of the last fact; 0 without one.
    pub fn last_lsn(&self) -> Lsn {
        self.last_lsn
    }

    /// When the last fact was decided.
    pub fn last_at(&self) -> Timestamp {
        self.last_at
    }

    /// The events, as they were created.
    pub fn events(&self) -> impl Iterator<Item = EventId> {
        self.events.iter().map(|event| event.id)
    }

    /// What an event's spots may be sold as.
    pub fn ticket_types(&self, event_id: EventId) -> &[TicketType] {
        self.event(event_id).map_or(&[], |event| &event.ticket_types)
    }

    /// When an event's sale was ended for good.
    pub fn closed_at(&self, event_id: EventId) -> Option<Timestamp> {
        self.event(event_id)?.closed_at
    }

    /// The state of a seat; `None` if there is no such seat.
    pub fn seat(&self, event_id: EventId, seat: SeatIndex) -> Option<SeatStatus> {
        self.event(event_id)?.status(seat)
    }

    /// The state of each seat of an event, by index.
    pub fn seat_statuses(&self, event_id: EventId) -> Option<Vec<SeatStatus>> {
        let event = self.event(event_id)?;
        let seats = (0..event.parts().seats.len()).map(|seat| SeatIndex(seat as u32));
        seats.map(|seat| event.status(seat)).collect()
    }

    /// The places of each area of an event, by index.
    pub fn area_counts(&self, event_id: EventId) -> Option<Vec<Counts>> {
        let event = self.event(event_id)?;
        let areas = (0..event.parts().areas.len()).map(|area| AreaIndex(area as u32));
        areas.map(|area| event.area_counts(area).map(Counts)).collect()
    }

    /// What is left, held and sold of each ticket type of an event, by index.
    pub fn ticket_type_counts(&self, event_id: EventId) -> Option<Vec<Counts>> {
        let event = self.event(event_id)?;
        let types = (0..event.ticket_types.len()).map(|of| TicketTypeIndex(of as u16));
        types.map(|of| event.type_counts(of).map(Counts)).collect()
    }

    /// How many spots of an event a buyer holds and owns.
    pub fn buyer_spots(&self, event_id: EventId, buyer_id: &BuyerId) -> u32 {
        self.event(event_id).map_or(0, |event| event.buyer_spots(buyer_id))
    }

    /// The holds that have not ended, of all events. Those that are due are among them.
    pub fn live_holds(&self) -> impl Iterator<Item = &Hold> {
        self.events.iter().flat_map(|event| &event.holds)
    }

    /// A hold that has not ended.
    pub fn live_hold(&self, hold_id: HoldId) -> Option<&Hold> {
        self.live_holds().find(|hold| hold.id == hold_id)
    }

    /// The holds that ended and are remembered, as they ended.
    pub fn ended_holds(&self) -> &[EndedHold] {
        &self.ended_holds
    }

    /// What is sold, of all events, each with what it still has.
    pub fn sales(&self) -> impl Iterator<Item = &Allocation> {
        self.events.iter().flat_map(|event| &event.sales)
    }

    /// What an allocation still has, if it has anything.
    pub fn sale(&self, allocation_id: AllocationId) -> Option<&Allocation> {
        self.sales().find(|sale| sale.id == allocation_id)
    }

    /// When the next hold runs out.
    pub fn earliest_deadline(&self) -> Option<Timestamp> {
        self.live_holds().map(|hold| hold.deadline).min()
    }

    fn event(&self, event_id: EventId) -> Option<&Event> {
        self.events.iter().find(|event| event.id == event_id)
    }

    fn chart(&self, hash: ChartHash) -> Option<&Arc<Chart>> {
        self.charts.iter().find(|(known, _)| *known == hash).map(|(_, chart)| chart)
    }
}
