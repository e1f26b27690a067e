//! One event: its chart, its rules, the state of each seat, and what is derived from them to
//! answer quickly.

use std::collections::HashMap;
use std::sync::Arc;

use compact_str::CompactString;

use crate::chart::Chart;
use crate::digest::{Digest, Kind};
use crate::fact::SeatStatus;
use crate::hashing::SeededState;
use crate::ids::{BuyerId, ChartHash, EventId, Lsn, RowIndex, SeatIndex};
use crate::rules::EventRules;
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

/// How many seats are in each state.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SeatCounts(pub [u32; 4]);

impl SeatCounts {
    /// How many are in one state.
    pub fn get(&self, status: SeatStatus) -> u32 {
        self.0[status as usize]
    }

    /// How many there are.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
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
    /// When it was created.
    pub created_at: Timestamp,
    seats: Vec<SeatState>,
    counts: SeatCounts,
    /// By row: the longest runs of seats that best available may give.
    longest_runs: Vec<LongestRuns>,
    /// By buyer: seats held and owned.
    buyer_seats: HashMap<BuyerId, u32, SeededState>,
    /// Room for the rows that a move touches, kept so that moving allocates nothing.
    touched_rows: Vec<RowIndex>,
}

/// The longest runs of neighbouring available seats in a row.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct LongestRuns {
    /// Of seats for anyone.
    pub(crate) anyone: u32,
    /// Of seats for who asks for accessible ones.
    pub(crate) accessible: u32,
}

impl EventState {
    /// An event with every seat available.
    pub(crate) fn new(
        id: EventId,
        name: CompactString,
        (chart_hash, chart): (ChartHash, Arc<Chart>),
        rules: EventRules,
        created_at: Timestamp,
        hashing: SeededState,
    ) -> Self {
        let seats = vec![SeatState::Available; chart.seat_count() as usize];
        let counts = SeatCounts([chart.seat_count(), 0, 0, 0]);
        let rows = chart.parts().rows.len();
        let mut event = Self {
            id,
            name,
            chart_hash,
            chart,
            rules,
            created_at,
            seats,
            counts,
            longest_runs: vec![LongestRuns::default(); rows],
            buyer_seats: HashMap::with_hasher(hashing),
            touched_rows: Vec::new(),
        };
        for row in 0..rows {
            event.longest_runs[row] = event.measure_longest_runs(RowIndex(row as u32));
        }
        event
    }

    /// The state of a seat; `None` if the event has no such seat.
    pub fn seat(&self, seat: SeatIndex) -> Option<SeatState> {
        self.seats.get(seat.0 as usize).copied()
    }

    /// The states of all seats, by index.
    pub fn seats(&self) -> &[SeatState] {
        &self.seats
    }

    /// How many seats are in each state.
    pub fn counts(&self) -> SeatCounts {
        self.counts
    }

    /// How many seats a buyer holds and owns.
    pub fn buyer_seats(&self, buyer_id: &BuyerId) -> u32 {
        self.buyer_seats.get(buyer_id).copied().unwrap_or(0)
    }

    /// How many more seats a buyer may have.
    pub fn buyer_seats_left(&self, buyer_id: &BuyerId) -> u32 {
        match self.rules.buyer_seats_max {
            None => u32::MAX,
            Some(max) => max.saturating_sub(self.buyer_seats(buyer_id)),
        }
    }

    /// The longest run in a row that best available may give to anyone.
    pub fn longest_run(&self, row: RowIndex) -> u32 {
        self.longest_runs[row.0 as usize].anyone
    }

    /// The longest run in a row of accessible and companion seats, for who asks for them.
    pub fn longest_accessible_run(&self, row: RowIndex) -> u32 {
        self.longest_runs[row.0 as usize].accessible
    }

    /// Moves seats from one state to another.
    pub(crate) fn move_seats(
        &mut self,
        seats: &[SeatIndex],
        from: SeatState,
        to: SeatState,
        digest: &mut Digest,
    ) {
        for &index in seats {
            let seat = &mut self.seats[index.0 as usize];
            assert_eq!(*seat, from, "seat {index} of event {} is as the fact found it", self.id);
            remove_seat(digest, self.id, index, from);
            *seat = to;
            add_seat(digest, self.id, index, to);
        }
        self.remeasure_rows_of(seats);
        self.counts.0[from.status() as usize] -= seats.len() as u32;
        self.counts.0[to.status() as usize] += seats.len() as u32;
    }

    /// Adds seats to what a buyer holds and owns.
    pub(crate) fn add_buyer_seats(&mut self, buyer_id: &BuyerId, seats: usize) {
        match self.buyer_seats.get_mut(buyer_id) {
            Some(count) => *count += seats as u32,
            None => {
                self.buyer_seats.insert(buyer_id.clone(), seats as u32);
            }
        }
    }

    /// Takes seats away from what a buyer holds and owns.
    pub(crate) fn remove_buyer_seats(&mut self, buyer_id: &BuyerId, seats: usize) {
        let count = self.buyer_seats.get_mut(buyer_id).expect("who has seats is counted");
        *count = count.checked_sub(seats as u32).expect("no more seats leave than came");
        if *count == 0 {
            self.buyer_seats.remove(buyer_id);
        }
    }

    pub(crate) fn assert_conserved(&self) {
        assert_eq!(
            self.counts.total() as usize,
            self.seats.len(),
            "available + held + allocated + blocked = capacity in event {}",
            self.id
        );
    }

    /// How many buyers have seats here.
    pub(crate) fn buyers(&self) -> usize {
        self.buyer_seats.len()
    }

    /// Whether best available may give this seat to who did not ask for an accessible one.
    pub(crate) fn is_open_to_anyone(&self, seat: SeatIndex) -> bool {
        self.is_available(seat) && !needs_asking_for(&self.chart, seat)
    }

    /// Whether best available may give this seat to who asked for an accessible one.
    pub(crate) fn is_open_on_asking(&self, seat: SeatIndex) -> bool {
        self.is_available(seat) && needs_asking_for(&self.chart, seat)
    }

    fn is_available(&self, seat: SeatIndex) -> bool {
        self.seats[seat.0 as usize] == SeatState::Available
    }

    pub(crate) fn longest_runs(&self, row: RowIndex) -> LongestRuns {
        self.longest_runs[row.0 as usize]
    }

    pub(crate) fn measure_longest_runs(&self, row: RowIndex) -> LongestRuns {
        let (mut longest, mut run) = (LongestRuns::default(), LongestRuns::default());
        for &seat in &self.chart.parts().rows[row.0 as usize].seats {
            run.anyone = if self.is_open_to_anyone(seat) { run.anyone + 1 } else { 0 };
            run.accessible = if self.is_open_on_asking(seat) { run.accessible + 1 } else { 0 };
            longest.anyone = longest.anyone.max(run.anyone);
            longest.accessible = longest.accessible.max(run.accessible);
        }
        longest
    }

    /// Measures each row once, however the seats jump between rows.
    fn remeasure_rows_of(&mut self, seats: &[SeatIndex]) {
        let mut rows = std::mem::take(&mut self.touched_rows);
        rows.extend(seats.iter().filter_map(|&seat| Some(self.chart.place_in_row(seat)?.0)));
        rows.sort_unstable();
        rows.dedup();
        for row in rows.drain(..) {
            self.longest_runs[row.0 as usize] = self.measure_longest_runs(row);
        }
        self.touched_rows = rows;
    }

    pub(crate) fn add_to(&self, digest: &mut Digest) {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(&self.id.0.to_le_bytes());
        bytes.extend_from_slice(&self.chart_hash.0);
        bytes.extend_from_slice(&self.created_at.0.to_le_bytes());
        bytes.extend_from_slice(&self.rules.hold_ttl_millis.to_le_bytes());
        bytes.extend_from_slice(&self.rules.extensions_max.to_le_bytes());
        let window = [self.rules.sale_opens_at, self.rules.sale_closes_at];
        let options = [self.rules.buyer_seats_max.map(u64::from), window[0].map(|at| at.0)];
        for option in options.into_iter().chain([window[1].map(|at| at.0)]) {
            bytes.push(u8::from(option.is_some()));
            bytes.extend_from_slice(&option.unwrap_or(0).to_le_bytes());
        }
        bytes.extend_from_slice(self.name.as_bytes());
        digest.add(Kind::Event, &bytes);
    }
}

/// Whether a seat is only for who asks for an accessible one.
pub(crate) fn needs_asking_for(chart: &Chart, seat: SeatIndex) -> bool {
    chart.seat(seat).is_some_and(|seat| seat.accessible || seat.companion)
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
