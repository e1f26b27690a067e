//! One event: its chart, its rules, the state of each seat, and what is derived from them to
//! answer quickly.

mod longest_runs;
mod restore;
mod seats;

use std::collections::HashMap;
use std::sync::Arc;

use compact_str::CompactString;

use self::longest_runs::{LongestRuns, MeasuredRows, NextSeat};
use self::seats::Seats;
use crate::chart::Chart;
use crate::digest::{Digest, Kind};
use crate::fact::SeatStatus;
use crate::hashing::SeededState;
use crate::ids::{
    AreaIndex, BuyerId, CategoryIndex, ChartHash, EventId, Lsn, RowIndex, SeatIndex,
    TicketTypeIndex,
};
use crate::rules::EventRules;
use crate::spots::{AreaPlaces, Counts, Spots};
use crate::ticket_type::TicketType;
use crate::time::Timestamp;

/// Who has a seat. Holds and allocations are named by the LSN of the fact that made them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SeatState {
    /// Nobody.
    Available,
    /// The hold placed at this LSN.
    Held(Lsn),
    /// The allocation made at this LSN.
    Allocated(Lsn),
    /// The organizer.
    Blocked,
}

impl SeatState {
    /// Without by whom.
    pub fn status(self) -> SeatStatus {
        match self {
            Self::Available => SeatStatus::Available,
            Self::Held(_) => SeatStatus::Held,
            Self::Allocated(_) => SeatStatus::Allocated,
            Self::Blocked => SeatStatus::Blocked,
        }
    }

    fn holder(self) -> Lsn {
        match self {
            Self::Available | Self::Blocked => Lsn(0),
            Self::Held(lsn) | Self::Allocated(lsn) => lsn,
        }
    }
}

/// One event on sale.
#[derive(Debug)]
pub struct EventState {
    /// Its id.
    pub id: EventId,
    /// Its name for people.
    pub name: CompactString,
    /// The name of its chart's content.
    pub chart_hash: ChartHash,
    /// Its chart.
    pub chart: Arc<Chart>,
    /// The rules of its sale.
    pub rules: EventRules,
    /// What its spots may be sold as.
    pub ticket_types: Arc<[TicketType]>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its sale ended for good.
    pub closed_at: Option<Timestamp>,
    seats: Seats,
    counts: Counts,
    /// By area.
    area_counts: Vec<Counts>,
    /// By ticket type: of its quota, or of the event's whole capacity if it has none.
    ticket_type_counts: Vec<Counts>,
    measured_rows: MeasuredRows,
    /// By buyer: spots held and owned.
    buyer_spots: HashMap<BuyerId, u32, SeededState>,
}

impl EventState {
    /// An event with every seat available.
    pub(crate) fn new(
        id: EventId,
        name: CompactString,
        (chart_hash, chart): (ChartHash, Arc<Chart>),
        (rules, ticket_types): (EventRules, Arc<[TicketType]>),
        created_at: Timestamp,
        hashing: SeededState,
    ) -> Self {
        let seats = Seats::available(chart.seat_count());
        let counts = Counts::available(chart.seat_count());
        let areas = &chart.parts().areas;
        let area_counts = areas.iter().map(|area| Counts::available(area.capacity)).collect();
        let capacity = chart.seat_count() + chart.place_count();
        let of_type = |of: &TicketType| Counts::available(of.quota.unwrap_or(capacity));
        let ticket_type_counts = ticket_types.iter().map(of_type).collect();
        let rows = chart.parts().rows.len();
        Self {
            id,
            name,
            chart_hash,
            chart,
            rules,
            ticket_types,
            created_at,
            closed_at: None,
            seats,
            counts,
            area_counts,
            ticket_type_counts,
            measured_rows: MeasuredRows::new(rows),
            buyer_spots: HashMap::with_hasher(hashing),
        }
    }

    /// The state of a seat; `None` if the event has no such seat.
    pub fn seat(&self, seat: SeatIndex) -> Option<SeatState> {
        self.seats.get(seat)
    }

    /// The states of all seats, by index.
    pub fn seats(&self) -> impl ExactSizeIterator<Item = SeatState> {
        self.seats.iter()
    }

    /// How many seats are in each state.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many places of an area are in each state; `None` if the event has no such area.
    pub fn area_counts(&self, area: AreaIndex) -> Option<Counts> {
        self.area_counts.get(area.0 as usize).copied()
    }

    /// The same for every area, by index.
    pub fn areas(&self) -> &[Counts] {
        &self.area_counts
    }

    /// How many spots of each ticket type's quota are left, held and sold, by index.
    pub fn ticket_type_counts(&self) -> &[Counts] {
        &self.ticket_type_counts
    }

    /// The category of a seat of this event.
    pub fn seat_category(&self, seat: SeatIndex) -> Option<CategoryIndex> {
        self.chart.seat_place(seat)?.category
    }

    /// How many spots a buyer holds and owns.
    pub fn buyer_spots(&self, buyer_id: &BuyerId) -> u32 {
        self.buyer_spots.get(buyer_id).copied().unwrap_or(0)
    }

    /// How many more spots a buyer may have.
    pub fn buyer_spots_left(&self, buyer_id: &BuyerId) -> u32 {
        match self.rules.buyer_seats_max {
            None => u32::MAX,
            Some(max) => max.saturating_sub(self.buyer_spots(buyer_id)),
        }
    }

    /// The longest run in a row that best available may give to anyone.
    pub fn longest_run(&self, row: RowIndex) -> u32 {
        self.longest_runs(row).anyone
    }

    /// The longest run in a row of accessible and companion seats, for who asks for them.
    pub fn longest_accessible_run(&self, row: RowIndex) -> u32 {
        self.longest_runs(row).accessible
    }

    /// Moves spots from one state to another.
    pub(crate) fn move_spots(
        &mut self,
        spots: &Spots,
        from: SeatState,
        to: SeatState,
        digest: &mut Digest,
    ) {
        for index in spots.seat_indexes() {
            let was = self.seats.replace(index, to);
            assert_eq!(
                was,
                Some(from),
                "seat {index} of event {} is as the fact found it",
                self.id
            );
            remove_seat(digest, self.id, index, from);
            add_seat(digest, self.id, index, to);
            // Where seats are picked by hand, no row was measured: where they belong is not asked.
            if self.measured_rows.has_any()
                && let Some(row) = self.chart.seat_place(index).and_then(|place| place.row)
            {
                self.measured_rows.forget(row);
            }
        }
        let (from, to) = (from.status(), to.status());
        self.counts.shift(from, to, spots.seats.len() as u32);
        for places in &spots.areas {
            let counts = &mut self.area_counts[places.area.0 as usize];
            remove_area(digest, self.id, places.area, *counts);
            counts.shift(from, to, places.count);
            add_area(digest, self.id, places.area, *counts);
        }
        for (TicketTypeIndex(index), count) in spots.by_ticket_type() {
            self.ticket_type_counts[usize::from(index)].shift(from, to, count);
        }
    }

    /// Adds spots to what a buyer holds and owns.
    pub(crate) fn add_buyer_spots(&mut self, buyer_id: &BuyerId, spots: u32) {
        match self.buyer_spots.get_mut(buyer_id) {
            Some(count) => *count += spots,
            None => {
                self.buyer_spots.insert(buyer_id.clone(), spots);
            }
        }
    }

    /// Takes spots away from what a buyer holds and owns.
    pub(crate) fn remove_buyer_spots(&mut self, buyer_id: &BuyerId, spots: u32) {
        let count = self.buyer_spots.get_mut(buyer_id).expect("who has spots is counted");
        *count = count.checked_sub(spots).expect("no more spots leave than came");
        if *count == 0 {
            self.buyer_spots.remove(buyer_id);
        }
    }

    /// The one rule of everything that has a capacity, for what some spots touch.
    pub(crate) fn assert_conserved(&self, moved: Option<&Spots>) {
        const RULE: &str = "available + held + allocated + blocked = capacity";
        let id = self.id;
        assert_eq!(self.counts.total() as usize, self.seats.len(), "{RULE} of event {id}");
        for AreaPlaces { area, .. } in moved.into_iter().flat_map(|spots| &spots.areas) {
            let capacity = self.chart.area(*area).map(|area| area.capacity);
            let total = self.area_counts(*area).map(|counts| counts.total());
            assert_eq!(total, capacity, "{RULE} of area {area} of event {id}");
        }
        for (index, counts) in self.ticket_type_counts.iter().enumerate() {
            let capacity = self.ticket_type_capacity(index);
            assert_eq!(counts.total(), capacity, "{RULE} of ticket type {index} of event {id}");
        }
    }

    /// A ticket type's quota, or the event's whole capacity if it has none.
    pub(crate) fn ticket_type_capacity(&self, index: usize) -> u32 {
        let quota = self.ticket_types[index].quota;
        quota.unwrap_or_else(|| self.chart.seat_count() + self.chart.place_count())
    }

    /// How many buyers have spots here.
    pub(crate) fn buyers(&self) -> usize {
        self.buyer_spots.len()
    }

    /// The longest runs in a row.
    pub(crate) fn longest_runs(&self, row: RowIndex) -> LongestRuns {
        self.measured_rows.get(row, || self.measure_longest_runs(row))
    }

    /// What earlier questions have left of the longest runs in a row; `None` if nothing is kept.
    pub(crate) fn kept_longest_runs(&self, row: RowIndex) -> Option<LongestRuns> {
        self.measured_rows.kept(row)
    }

    pub(crate) fn measure_longest_runs(&self, row: RowIndex) -> LongestRuns {
        let seats = self.chart.parts().rows[row.0 as usize].seats.iter();
        LongestRuns::of(seats.map(|&seat| {
            let status = self.seats.get(seat).map(SeatState::status);
            let is_free = status == Some(SeatStatus::Available);
            let could_be_free = is_free || status == Some(SeatStatus::Held);
            let needs_asking = self.chart.seat_place(seat).is_some_and(|place| place.needs_asking);
            NextSeat { is_free, could_be_free, needs_asking }
        }))
    }

    pub(crate) fn add_to(&self, digest: &mut Digest) {
        digest.add(Kind::Event, &self.canonical());
    }

    /// Ends the sale for good.
    pub(crate) fn close(&mut self, at: Timestamp, digest: &mut Digest) {
        digest.remove(Kind::Event, &self.canonical());
        self.closed_at = Some(at);
        digest.add(Kind::Event, &self.canonical());
    }

    /// What does not change with its sale, but for the end of it.
    fn canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(&self.id.0.to_le_bytes());
        bytes.extend_from_slice(&self.chart_hash.0);
        bytes.extend_from_slice(&self.created_at.0.to_le_bytes());
        bytes.extend_from_slice(&self.rules.hold_ttl_millis.to_le_bytes());
        bytes.extend_from_slice(&self.rules.extensions_max.to_le_bytes());
        let mut option = |number: Option<u64>| {
            bytes.push(u8::from(number.is_some()));
            bytes.extend_from_slice(&number.unwrap_or(0).to_le_bytes());
        };
        option(self.rules.buyer_seats_max.map(u64::from));
        option(self.rules.sale_opens_at.map(|at| at.0));
        option(self.rules.sale_closes_at.map(|at| at.0));
        option(self.closed_at.map(|at| at.0));
        // How many, so that no name can look like one more ticket type.
        option(Some(self.ticket_types.len() as u64));
        for ticket_type in self.ticket_types.iter() {
            option(Some(ticket_type.key.len() as u64));
            option(ticket_type.quota.map(u64::from));
            option(ticket_type.sale_opens_at.map(|at| at.0));
            option(ticket_type.sale_closes_at.map(|at| at.0));
            option(Some(ticket_type.categories.len() as u64));
            for category in &ticket_type.categories {
                option(Some(u64::from(category.0)));
            }
        }
        for ticket_type in self.ticket_types.iter() {
            bytes.extend_from_slice(ticket_type.key.as_bytes());
        }
        bytes.extend_from_slice(self.name.as_bytes());
        bytes
    }
}

/// An available seat adds nothing, so that an event without sales costs nothing.
pub(crate) fn add_seat(digest: &mut Digest, event: EventId, seat: SeatIndex, state: SeatState) {
    if state != SeatState::Available {
        digest.add(Kind::Seat, &seat_bytes(event, seat, state));
    }
}

fn remove_seat(digest: &mut Digest, event: EventId, seat: SeatIndex, state: SeatState) {
    if state != SeatState::Available {
        digest.remove(Kind::Seat, &seat_bytes(event, seat, state));
    }
}

fn seat_bytes(event: EventId, seat: SeatIndex, state: SeatState) -> [u8; 21] {
    let mut bytes = [0; 21];
    bytes[..8].copy_from_slice(&event.0.to_le_bytes());
    bytes[8..12].copy_from_slice(&seat.0.to_le_bytes());
    bytes[12] = state.status() as u8;
    bytes[13..].copy_from_slice(&state.holder().0.to_le_bytes());
    bytes
}

/// An area that nobody touched adds nothing.
pub(crate) fn add_area(digest: &mut Digest, event: EventId, area: AreaIndex, counts: Counts) {
    if counts != Counts::available(counts.total()) {
        digest.add(Kind::Area, &area_bytes(event, area, counts));
    }
}

fn remove_area(digest: &mut Digest, event: EventId, area: AreaIndex, counts: Counts) {
    if counts != Counts::available(counts.total()) {
        digest.remove(Kind::Area, &area_bytes(event, area, counts));
    }
}

fn area_bytes(event: EventId, area: AreaIndex, counts: Counts) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&event.0.to_le_bytes());
    bytes[8..12].copy_from_slice(&area.0.to_le_bytes());
    for (place, status) in
        [SeatStatus::Held, SeatStatus::Allocated, SeatStatus::Blocked].into_iter().enumerate()
    {
        let at = 12 + 4 * place;
        bytes[at..at + 4].copy_from_slice(&counts.get(status).to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests;
