//! What every seat and every area of an event is, moved on and back by facts.
//!
//! Must always hold: a fact moves only what is as it says, so that facts in another order, or of
//! another event, are found; and to take a fact back leaves what was there before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use inventory_core::chart::Chart;
use inventory_core::fact::{Change, Fact, SeatStatus};
use inventory_core::ids::{
    AllocationId, AreaIndex, EventId, HoldId, Lsn, SeatIndex, TicketTypeIndex,
};
use inventory_core::spots::{AreaPlaces, Counts, SeatSpot};
use inventory_core::state::{EventImage, ShardImage};
use inventory_core::time::Timestamp;

use super::Error;

/// Everything that is to be known of an event at a moment.
#[derive(Clone, Debug)]
pub struct SeatMap {
    /// The event.
    pub event: Beginning,
    /// When its sale ended for good, if it had.
    pub closed_at: Option<Timestamp>,
    /// The last fact of its shard up to the moment.
    pub lsn: Lsn,
    /// When that was decided.
    pub at: Timestamp,
    seats: Vec<SeatThen>,
    places: BTreeMap<(AreaIndex, Option<TicketTypeIndex>), PlacesThen>,
}

/// An event as it was created.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// Its id.
    pub event_id: EventId,
    /// Its name for people.
    pub name: String,
    /// Its seats, rows, tables and areas.
    pub chart: Arc<Chart>,
    /// The keys of its ticket types, by index.
    pub ticket_types: Vec<String>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// One seat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SeatThen {
    /// What it is.
    pub status: SeatStatus,
    /// What it is held or sold as.
    pub ticket_type: Option<TicketTypeIndex>,
    /// Whose it is.
    pub owner: Owner,
}

/// Whose a seat is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Owner {
    /// Nobody's: it is available or blocked.
    Nobody,
    /// A live hold's.
    Hold(HoldId),
    /// It is sold.
    Allocation(AllocationId),
}

/// Places of one area and one ticket type that are not available.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PlacesThen {
    /// Live holds have these.
    pub held: u32,
    /// Sold.
    pub allocated: u32,
    /// Taken off sale; they have no ticket type.
    pub blocked: u32,
}

/// A fact from one side to the other.
#[derive(Clone, Copy)]
struct Move {
    from: (SeatStatus, Owner),
    to: (SeatStatus, Owner),
}

impl SeatMap {
    /// Of an event that has just been created, all of it available.
    pub fn begin(event: Beginning, lsn: Lsn) -> Self {
        let seats = vec![SeatThen::AVAILABLE; event.chart.parts().seats.len()];
        let at = event.created_at;
        Self { event, closed_at: None, lsn, at, seats, places: BTreeMap::new() }
    }

    /// What the image of its shard says of an event.
    pub(super) fn of_image(
        image: &ShardImage,
        event: &EventImage,
        chart: Arc<Chart>,
    ) -> Result<Self, Error> {
        let ticket_types = event.ticket_types.iter().map(|of| of.key.to_string()).collect();
        let (event_id, name) = (event.id, event.name.to_string());
        let created_at = event.created_at;
        let beginning = Beginning { event_id, name, chart, ticket_types, created_at };
        let mut map = Self::begin(beginning, image.last_lsn);
        (map.at, map.closed_at) = (image.last_at, event.closed_at);
        let available = (SeatStatus::Available, Owner::Nobody);
        let blocked = Move { from: available, to: (SeatStatus::Blocked, Owner::Nobody) };
        for &(SeatIndex(first), length) in &event.blocked_seats {
            for seat in first..first.saturating_add(length) {
                let spot = SeatSpot { seat: SeatIndex(seat), ticket_type: None };
                map.move_seat(image.last_lsn, spot, blocked)?;
            }
        }
        for &(area, count) in &event.blocked_places {
            let places = AreaPlaces { area, ticket_type: None, count };
            map.move_places(image.last_lsn, &places, blocked)?;
        }
        let of_event = |id| id == event_id;
        let holds = image.holds.iter().filter(|hold| of_event(hold.event_id));
        let holds = holds.map(|hold| (&hold.spots, (SeatStatus::Held, Owner::Hold(hold.id))));
        let allocations = image.allocations.iter().filter(|of| of_event(of.event_id));
        let allocations =
            allocations.map(|of| (&of.spots, (SeatStatus::Allocated, Owner::Allocation(of.id))));
        for (spots, to) in holds.chain(allocations) {
            let taken = Move { from: available, to };
            for spot in &spots.seats {
                map.move_seat(image.last_lsn, *spot, taken)?;
            }
            for places in &spots.areas {
                map.move_places(image.last_lsn, places, taken)?;
            }
        }
        Ok(map)
    }

    /// Every seat, by its index.
    pub fn seats(&self) -> &[SeatThen] {
        &self.seats
    }

    /// One of them; `None` if there is no such seat.
    pub fn seat(&self, seat: SeatIndex) -> Option<SeatThen> {
        self.seats.get(seat.0 as usize).copied()
    }

    /// The places of an area that are not available, by what they are held or sold as.
    pub fn places(
        &self,
        area: AreaIndex,
    ) -> impl Iterator<Item = (Option<TicketTypeIndex>, PlacesThen)> {
        let of_area = (area, None)..=(area, Some(TicketTypeIndex(u16::MAX)));
        self.places.range(of_area).map(|((_, ticket_type), places)| (*ticket_type, *places))
    }

    /// How many of an area's places are in each state.
    pub fn area_counts(&self, area: AreaIndex) -> Counts {
        let capacity = self.event.chart.area(area).map_or(0, |of| of.capacity);
        let sum = self.places(area).fold(PlacesThen::default(), |sum, (_, places)| PlacesThen {
            held: sum.held + places.held,
            allocated: sum.allocated + places.allocated,
            blocked: sum.blocked + places.blocked,
        });
        let PlacesThen { held, allocated, blocked } = sum;
        Counts([capacity - held - allocated - blocked, held, allocated, blocked])
    }

    /// How many seats are in each state.
    pub fn seat_counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.seats.iter().for_each(|seat| counts.0[seat.status as usize] += 1);
        counts
    }

    /// How many places of all areas are in each state.
    pub fn place_counts(&self) -> Counts {
        let mut counts = Counts::default();
        for index in 0..self.event.chart.parts().areas.len() {
            let of_area = self.area_counts(AreaIndex(index as u32));
            counts.0.iter_mut().zip(of_area.0).for_each(|(sum, count)| *sum += count);
        }
        counts
    }

    /// The key of a ticket type.
    pub fn ticket_type(&self, of: TicketTypeIndex) -> &str {
        self.event.ticket_types.get(of.0 as usize).map_or("?", String::as_str)
    }

    /// Moves on by a fact of the event that follows its creation.
    pub(super) fn take(&mut self, fact: &Fact) -> Result<(), Error> {
        if matches!(fact.change, Change::EventClosed) {
            self.closed_at = Some(fact.at);
        }
        self.shift(fact, |there| there)
    }

    /// Takes back the last fact of the event that it shows.
    pub(super) fn take_back(&mut self, fact: &Fact) -> Result<(), Error> {
        if matches!(fact.change, Change::EventClosed) {
            self.closed_at = None;
        }
        self.shift(fact, |Move { from, to }| Move { from: to, to: from })
    }

    fn shift(&mut self, fact: &Fact, turn: impl Fn(Move) -> Move) -> Result<(), Error> {
        let Some((spots, from, to)) = fact.change.spots_moved() else { return Ok(()) };
        let (before, after) = owners(&fact.change);
        let moved = turn(Move { from: (from, before), to: (to, after) });
        for spot in &spots.seats {
            self.move_seat(fact.lsn, *spot, moved)?;
        }
        spots.areas.iter().try_for_each(|places| self.move_places(fact.lsn, places, moved))
    }

    fn move_seat(&mut self, lsn: Lsn, spot: SeatSpot, moved: Move) -> Result<(), Error> {
        let Some(seat) = self.seats.get_mut(spot.seat.0 as usize) else {
            return Err(Error::Impossible { lsn, what: format!("there is no seat {}", spot.seat) });
        };
        let from = SeatThen::of(moved.from, spot.ticket_type);
        if *seat != from {
            let label = self.event.chart.seat_label(spot.seat).unwrap_or_default();
            let what = format!("seat {label} is {seat:?}, and was to be {from:?}");
            return Err(Error::Impossible { lsn, what });
        }
        *seat = SeatThen::of(moved.to, spot.ticket_type);
        Ok(())
    }

    fn move_places(&mut self, lsn: Lsn, of: &AreaPlaces, moved: Move) -> Result<(), Error> {
        let key = (of.area, of.ticket_type);
        let mut places = self.places.get(&key).copied().unwrap_or_default();
        let left = places.of(moved.from.0).map(|count| {
            let left = count.checked_sub(of.count);
            *count = left.unwrap_or(0);
            left.is_some()
        });
        places.of(moved.to.0).into_iter().for_each(|count| *count = count.saturating_add(of.count));
        self.places.insert(key, places);
        let capacity = self.event.chart.area(of.area).map(|area| area.capacity);
        let taken: u64 = self.places(of.area).map(|(_, places)| places.sum()).sum();
        if left == Some(false) || capacity.is_none_or(|capacity| taken > u64::from(capacity)) {
            let what = format!("area {} has not so many places", of.area);
            return Err(Error::Impossible { lsn, what });
        }
        if places == PlacesThen::default() {
            self.places.remove(&key);
        }
        Ok(())
    }
}

impl SeatThen {
    const AVAILABLE: Self =
        Self { status: SeatStatus::Available, ticket_type: None, owner: Owner::Nobody };

    fn of((status, owner): (SeatStatus, Owner), ticket_type: Option<TicketTypeIndex>) -> Self {
        let is_sold = matches!(status, SeatStatus::Held | SeatStatus::Allocated);
        Self { status, ticket_type: ticket_type.filter(|_| is_sold), owner }
    }
}

impl PlacesThen {
    fn of(&mut self, status: SeatStatus) -> Option<&mut u32> {
        match status {
            SeatStatus::Available => None,
            SeatStatus::Held => Some(&mut self.held),
            SeatStatus::Allocated => Some(&mut self.allocated),
            SeatStatus::Blocked => Some(&mut self.blocked),
        }
    }

    fn sum(self) -> u64 {
        u64::from(self.held) + u64::from(self.allocated) + u64::from(self.blocked)
    }
}

/// Whose spots were before a change, and whose they are after it.
fn owners(change: &Change) -> (Owner, Owner) {
    use Owner::{Allocation, Hold, Nobody};
    match change {
        Change::HoldPlaced { hold_id, .. } => (Nobody, Hold(*hold_id)),
        Change::HoldReleased { hold_id, .. } | Change::HoldExpired { hold_id, .. } => {
            (Hold(*hold_id), Nobody)
        }
        Change::HoldAllocated { hold_id, allocation_id, .. } => {
            (Hold(*hold_id), Allocation(*allocation_id))
        }
        Change::SpotsReturned { allocation_id, .. } => (Allocation(*allocation_id), Nobody),
        Change::EventCreated { .. }
        | Change::EventClosed
        | Change::HoldExtended { .. }
        | Change::SpotsBlocked { .. }
        | Change::SpotsUnblocked { .. } => (Nobody, Nobody),
    }
}
