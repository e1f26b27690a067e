//! The seats as a buyer sees them on the page: a map that everybody shares and that is asked
//! for again now and then, so that it is always a little out of date.
//!
//! Statuses are the numbers of the contract's `SeatStatus`, one byte a seat by index. The
//! layout never changes during a run; views replace each other as a whole.

use std::ops::Add;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::layout::Layout;

pub(crate) const AVAILABLE: u8 = 1;
pub(crate) const HELD: u8 = 2;
pub(crate) const ALLOCATED: u8 = 3;
pub(crate) const BLOCKED: u8 = 4;

/// How often a buyer looks for a run of free seats on the map before going for fewer.
const GLANCES: u32 = 24;

/// The word for a status.
pub(crate) fn status_name(status: u8) -> &'static str {
    match status {
        AVAILABLE => "available",
        HELD => "held",
        ALLOCATED => "allocated",
        BLOCKED => "blocked",
        _ => "unspecified",
    }
}

/// How many seats or places are in which state.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Serialize)]
pub struct Counts {
    /// Free for anyone.
    pub available: u32,
    /// In a live hold.
    pub held: u32,
    /// Sold.
    pub allocated: u32,
    /// Taken off sale by the organizer.
    pub blocked: u32,
}

impl Counts {
    /// Counts the statuses; one that means nothing is in none of the numbers.
    pub(crate) fn of(statuses: &[u8]) -> Self {
        let mut counts = Self::default();
        for status in statuses {
            match *status {
                AVAILABLE => counts.available += 1,
                HELD => counts.held += 1,
                ALLOCATED => counts.allocated += 1,
                BLOCKED => counts.blocked += 1,
                _ => {}
            }
        }
        counts
    }

    /// All of them together: the capacity, if nothing got lost.
    pub fn sum(&self) -> u64 {
        [self.available, self.held, self.allocated, self.blocked]
            .iter()
            .map(|n| u64::from(*n))
            .sum()
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let sum = |one: u32, other: u32| one.saturating_add(other);
        Self {
            available: sum(self.available, other.available),
            held: sum(self.held, other.held),
            allocated: sum(self.allocated, other.allocated),
            blocked: sum(self.blocked, other.blocked),
        }
    }
}

/// What the server says of an event at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stock {
    pub(crate) statuses: Bytes,
    /// The places of each area, by index.
    pub(crate) areas: Vec<Counts>,
    /// What is left, held and sold of each ticket type, by index; only a quota makes it scarce.
    pub(crate) ticket_types: Vec<Counts>,
}

impl From<Bytes> for Stock {
    fn from(statuses: Bytes) -> Self {
        Self { statuses, ..Self::default() }
    }
}

/// The states of everything at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) statuses: Bytes,
    /// Of the seats.
    pub(crate) counts: Counts,
    /// Of the places of all areas.
    pub(crate) places: Counts,
    /// The places of each area, by index.
    pub(crate) areas: Vec<Counts>,
    /// See [`Stock`].
    pub(crate) ticket_types: Vec<Counts>,
    /// Free seats that anyone would pick.
    open: Vec<u32>,
}

impl View {
    pub(crate) fn new(stock: impl Into<Stock>, layout: &Layout) -> Self {
        let Stock { statuses, areas, ticket_types } = stock.into();
        let open = (0..statuses.len() as u32)
            .filter(|seat| statuses[*seat as usize] == AVAILABLE && layout.is_for_anyone(*seat))
            .collect();
        let places = areas.iter().fold(Counts::default(), |sum, area| sum + *area);
        let counts = Counts::of(&statuses);
        Self { counts, places, statuses, areas, ticket_types, open }
    }

    pub(crate) fn status(&self, seat: u32) -> u8 {
        self.statuses.get(seat as usize).copied().unwrap_or(0)
    }

    /// Seats and places together.
    pub(crate) fn all(&self) -> Counts {
        self.counts + self.places
    }

    /// The places of an area; none if the server did not tell.
    pub(crate) fn area(&self, area: u32) -> Counts {
        self.areas.get(area as usize).copied().unwrap_or_default()
    }

    /// How many spots may still be held as a ticket type, as far as its quota goes.
    pub(crate) fn tickets_left(&self, layout: &Layout, ticket_type: u16) -> u32 {
        let of = layout.ticket_types().get(usize::from(ticket_type));
        let left = self.ticket_types.get(usize::from(ticket_type)).map(|of| of.available);
        match of.and_then(|of| of.quota) {
            // A server that does not tell will refuse what is too much.
            Some(quota) => left.unwrap_or(quota),
            None => u32::MAX,
        }
    }

    /// Wherever the eye falls first on a free seat.
    pub(crate) fn glance(&self, rng: &mut ChaCha8Rng) -> Option<u32> {
        let seats = self.open.len();
        (seats > 0).then(|| self.open[rng.random_range(0..seats)])
    }

    /// Tables that are sold as a whole and are free.
    pub(crate) fn open_tables(&self, layout: &Layout) -> Vec<u32> {
        let is_open = |seats: &[u32]| seats.iter().all(|seat| self.status(*seat) == AVAILABLE);
        let tables = (0..).zip(layout.tables());
        let open = tables.filter(|(_, table)| table.is_whole && is_open(&table.seats));
        open.map(|(number, _)| number).collect()
    }

    /// Free neighbours in one row, wherever the eye falls first; `None` if it saw none.
    fn pick(&self, layout: &Layout, party: u32, rng: &mut ChaCha8Rng) -> Option<Box<[u32]>> {
        if self.open.is_empty() {
            return None;
        }
        (0..GLANCES).find_map(|_| {
            let first = self.glance(rng)?;
            let run = first..first + party;
            let fits = run.clone().all(|seat| {
                layout.is_same_row(first, seat)
                    && self.status(seat) == AVAILABLE
                    && layout.is_for_anyone(seat)
            });
            fits.then(|| run.collect())
        })
    }
}

/// The map that all buyers look at.
#[derive(Debug)]
pub(crate) struct SeatMap {
    pub(crate) layout: Arc<Layout>,
    view: RwLock<Arc<View>>,
}

impl SeatMap {
    pub(crate) fn new(layout: Arc<Layout>, view: View) -> Self {
        Self { layout, view: RwLock::new(Arc::new(view)) }
    }

    pub(crate) fn view(&self) -> Arc<View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn show(&self, view: View) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    /// Seats for a party of this size or the next smaller one that the map seems to have.
    pub(crate) fn pick(&self, party: u32, rng: &mut ChaCha8Rng) -> Option<Box<[u32]>> {
        let view = self.view();
        (1..=party).rev().find_map(|party| view.pick(&self.layout, party, rng))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::layout::SeatPlace;

    fn place(row: &str, number: u32, reserved: bool) -> SeatPlace {
        SeatPlace {
            label: format!("S-{row}-{number}"),
            section: "S".to_owned(),
            row: row.to_owned(),
            reserved,
            ..SeatPlace::default()
        }
    }

    /// Two rows of four; the last seat of the second is kept for who needs it.
    fn map(statuses: [u8; 8]) -> SeatMap {
        let places = (0..8).map(|seat| {
            let row = if seat < 4 { "A" } else { "B" };
            place(row, seat % 4 + 1, seat == 7)
        });
        let layout = Arc::new(Layout::new(places.collect()));
        let view = View::new(Bytes::copy_from_slice(&statuses), &layout);
        SeatMap::new(layout, view)
    }

    #[test]
    fn a_pick_stays_in_one_row_and_leaves_reserved_seats_alone() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let map = map([2, 2, 1, 1, 1, 1, 2, 1]);
        for _ in 0..50 {
            let seats = map.pick(2, &mut rng).unwrap();
            assert!([&[2, 3][..], &[4, 5]].contains(&&*seats), "{seats:?}");
        }
    }

    #[test]
    fn a_party_goes_down_to_what_the_map_has() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let map = map([2, 2, 1, 3, 4, 2, 2, 1]);
        assert_eq!(map.pick(8, &mut rng).as_deref(), Some(&[2][..]));
        map.show(View::new(Bytes::from_static(&[2, 2, 2, 3, 4, 2, 2, 1]), &map.layout));
        assert_eq!(map.pick(8, &mut rng), None, "only the reserved seat is left");
    }

    #[test]
    fn counts_and_labels() {
        let map = map([1, 1, 2, 3, 3, 3, 4, 4]);
        let counts = map.view().counts;
        assert_eq!(counts, Counts { available: 2, held: 1, allocated: 3, blocked: 2 });
        assert_eq!(counts.sum(), 8);
        let places = Counts { available: 5, ..Counts::default() };
        assert_eq!((counts + places).available, 7);
        assert_eq!(map.layout.label(5), "S-B-2");
        assert_eq!(map.layout.index("S-B-2"), Some(5));
    }
}
