//! The seats as a buyer sees them on the page: a map that everybody shares and that is asked
//! for again now and then, so that it is always a little out of date.
//!
//! Statuses are the numbers of the contract's `SeatStatus`, one byte a seat by index. The
//! layout never changes during a run; views replace each other as a whole.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

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

/// One seat as the chart has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeatPlace {
    pub(crate) label: String,
    pub(crate) section: String,
    pub(crate) row: String,
    /// Whether it is kept for who needs it: an accessible or a companion seat.
    pub(crate) reserved: bool,
    /// Where it stands, in the chart's own unit; y points down.
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// The chart, as far as buyers and auditors need it.
#[derive(Debug)]
pub(crate) struct Layout {
    places: Vec<SeatPlace>,
    index_by_label: HashMap<String, u32>,
    /// By seat: a number that neighbours in one row share.
    row_by_seat: Vec<u32>,
}

impl Layout {
    /// Seats by index. Those of one row stand behind one another.
    pub(crate) fn new(places: Vec<SeatPlace>) -> Self {
        let mut row_by_seat = Vec::with_capacity(places.len());
        let mut row = 0;
        for (index, place) in places.iter().enumerate() {
            let goes_on = index > 0
                && places[index - 1].row == place.row
                && places[index - 1].section == place.section;
            row += u32::from(!goes_on);
            row_by_seat.push(row);
        }
        let numbered = places.iter().zip(0..);
        let index_by_label = numbered.map(|(place, index)| (place.label.clone(), index)).collect();
        Self { places, index_by_label, row_by_seat }
    }

    pub(crate) fn capacity(&self) -> u32 {
        self.places.len() as u32
    }

    /// The seats, by index.
    pub(crate) fn places(&self) -> &[SeatPlace] {
        &self.places
    }

    /// The seat's label; empty if there is no such seat.
    pub(crate) fn label(&self, seat: u32) -> &str {
        self.places.get(seat as usize).map_or("", |place| &place.label)
    }

    pub(crate) fn index(&self, label: &str) -> Option<u32> {
        self.index_by_label.get(label).copied()
    }

    fn is_reserved(&self, seat: u32) -> bool {
        self.places.get(seat as usize).is_none_or(|place| place.reserved)
    }
}

/// How many seats are in which state.
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

    /// Whether no seat is left that could still be sold.
    pub fn is_sold_out(&self) -> bool {
        self.available == 0 && self.held == 0
    }
}

/// The states of all seats at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) statuses: Bytes,
    pub(crate) counts: Counts,
    /// Free seats that anyone would pick.
    open: Vec<u32>,
}

impl View {
    pub(crate) fn new(statuses: Bytes, layout: &Layout) -> Self {
        let open = (0..statuses.len() as u32)
            .filter(|seat| statuses[*seat as usize] == AVAILABLE && !layout.is_reserved(*seat))
            .collect();
        Self { counts: Counts::of(&statuses), statuses, open }
    }

    pub(crate) fn status(&self, seat: u32) -> u8 {
        self.statuses.get(seat as usize).copied().unwrap_or(0)
    }

    /// Every free seat, the accessible ones among them.
    pub(crate) fn available(&self) -> Vec<u32> {
        let seats = 0..self.statuses.len() as u32;
        seats.filter(|seat| self.status(*seat) == AVAILABLE).collect()
    }

    /// Free neighbours in one row, wherever the eye falls first; `None` if it saw none.
    fn pick(&self, layout: &Layout, party: u32, rng: &mut ChaCha8Rng) -> Option<Box<[u32]>> {
        if self.open.is_empty() {
            return None;
        }
        (0..GLANCES).find_map(|_| {
            let first = self.open[rng.random_range(0..self.open.len())];
            let row = layout.row_by_seat[first as usize];
            let run = first..first + party;
            let fits = run.clone().all(|seat| {
                layout.row_by_seat.get(seat as usize) == Some(&row)
                    && self.status(seat) == AVAILABLE
                    && !layout.is_reserved(seat)
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
        assert_eq!(map.view().available(), [7]);
    }

    #[test]
    fn counts_and_labels() {
        let map = map([1, 1, 2, 3, 3, 3, 4, 4]);
        let counts = map.view().counts;
        assert_eq!(counts, Counts { available: 2, held: 1, allocated: 3, blocked: 2 });
        assert_eq!(counts.sum(), 8);
        assert!(!counts.is_sold_out());
        assert_eq!(map.layout.label(5), "S-B-2");
        assert_eq!(map.layout.index("S-B-2"), Some(5));
    }
}
