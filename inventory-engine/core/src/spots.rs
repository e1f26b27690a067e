//! What is held and sold: seats, each by itself, and places in areas, by their number. A spot is
//! a seat or one place.
//!
//! Must always hold: whatever has a capacity, an event's seats, an area, a ticket type with its
//! quota, keeps one [`Counts`]: available + held + allocated + blocked = capacity.

use smallvec::SmallVec;

use crate::fact::SeatStatus;
use crate::hashing::hash_u64s;
use crate::ids::{AreaIndex, SeatIndex, TicketTypeIndex};

/// Seats in a list that allocates nothing for as few as most holds have.
pub type SeatSpots = SmallVec<[SeatSpot; 4]>;

/// Seats and places in areas.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Spots {
    /// Seats, none of them twice.
    pub seats: SeatSpots,
    /// Places, no area twice with the same ticket type.
    pub areas: Vec<AreaPlaces>,
}

/// A seat, and the ticket type that it is sold as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SeatSpot {
    /// The seat.
    pub seat: SeatIndex,
    /// `None` where the event has no ticket types, or where none matters.
    pub ticket_type: Option<TicketTypeIndex>,
}

/// Places in an area that are sold as one ticket type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AreaPlaces {
    /// The area.
    pub area: AreaIndex,
    /// `None` where the event has no ticket types, or where none matters.
    pub ticket_type: Option<TicketTypeIndex>,
    /// How many.
    pub count: u32,
}

impl Spots {
    /// Seats without ticket types.
    pub fn of_seats(seats: impl IntoIterator<Item = SeatIndex>) -> Self {
        let seats = seats.into_iter().map(|seat| SeatSpot { seat, ticket_type: None });
        Self { seats: seats.collect(), areas: Vec::new() }
    }

    /// Whether there is neither a seat nor a place.
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.areas.is_empty()
    }

    /// How many spots these are. Saturates, for what was asked may be absurd.
    pub fn count(&self) -> u32 {
        let places = self.areas.iter().fold(0_u32, |sum, places| sum.saturating_add(places.count));
        places.saturating_add(self.seats.len() as u32)
    }

    /// The seats alone, in order.
    pub fn seat_indexes(&self) -> impl ExactSizeIterator<Item = SeatIndex> + Clone {
        self.seats.iter().map(|spot| spot.seat)
    }

    /// How many spots each ticket type has, as (type, spots) of every seat and every area.
    pub fn by_ticket_type(&self) -> impl Iterator<Item = (TicketTypeIndex, u32)> {
        let seats = self.seats.iter().filter_map(|spot| Some((spot.ticket_type?, 1)));
        seats.chain(self.areas.iter().filter_map(|of| Some((of.ticket_type?, of.count))))
    }

    /// Takes `part` out of these. False, and nothing is changed, if these do not have it.
    #[must_use]
    pub fn take(&mut self, part: &Self) -> bool {
        let is_had = |wanted: &AreaPlaces| {
            let line = |of: &AreaPlaces| (of.area, of.ticket_type);
            let had = self.places(wanted.area, wanted.ticket_type);
            // All that the part wants of a line, even if it names it twice.
            let asked = part.places_where(|of| line(of) == line(wanted));
            had.is_some_and(|had| had >= asked)
        };
        let has_all = part.seats.iter().all(|spot| self.seats.contains(spot))
            && part.areas.iter().all(is_had);
        if !has_all {
            return false;
        }
        self.seats.retain(|spot| !part.seats.contains(spot));
        for wanted in &part.areas {
            for had in &mut self.areas {
                if (had.area, had.ticket_type) == (wanted.area, wanted.ticket_type) {
                    had.count -= wanted.count;
                }
            }
        }
        self.areas.retain(|places| places.count > 0);
        true
    }

    /// How many places of one ticket type these have in an area; `None` if there is no such line.
    pub fn places(&self, area: AreaIndex, ticket_type: Option<TicketTypeIndex>) -> Option<u32> {
        let is_it = |places: &&AreaPlaces| (places.area, places.ticket_type) == (area, ticket_type);
        self.areas.iter().find(is_it).map(|places| places.count)
    }

    /// How many places there are on all lines that are so. Saturates, for what was asked may be
    /// absurd.
    pub(crate) fn places_where(&self, is_so: impl Fn(&AreaPlaces) -> bool) -> u32 {
        let lines = self.areas.iter().filter(|places| is_so(places));
        lines.fold(0, |sum, places| sum.saturating_add(places.count))
    }

    /// A number that stands for what the seats themselves do not say: ticket types and places.
    /// Part of digests, so it may never change its meaning.
    pub(crate) fn canonical(&self) -> u64 {
        let type_number = |ticket_type: Option<TicketTypeIndex>| match ticket_type {
            None => 0,
            Some(TicketTypeIndex(index)) => u64::from(index) + 1,
        };
        let has_types = self.seats.iter().any(|spot| spot.ticket_type.is_some());
        if !has_types && self.areas.is_empty() {
            return 0;
        }
        // In the order of the numbers, for parts may leave in any order.
        let mut sum = 0_u64;
        for spot in &self.seats {
            let words = [u64::from(spot.seat.0), type_number(spot.ticket_type)];
            sum = sum.wrapping_add(hash_u64s(&words));
        }
        for of in &self.areas {
            let words = [u64::from(of.area.0), type_number(of.ticket_type), u64::from(of.count)];
            sum = sum.wrapping_add(hash_u64s(&words));
        }
        sum
    }
}

/// How many of something that has a capacity are in each state.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts(pub [u32; 4]);

impl Counts {
    /// All of a capacity available.
    pub const fn available(capacity: u32) -> Self {
        Self([capacity, 0, 0, 0])
    }

    /// How many are in one state.
    pub fn get(&self, status: SeatStatus) -> u32 {
        self.0[status as usize]
    }

    /// How many there are in all: the capacity.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// Moves some from one state to another.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn shift(&mut self, from: SeatStatus, to: SeatStatus, count: u32) {
        let left = self.0[from as usize].checked_sub(count);
        self.0[from as usize] = left.expect("no more leave a state than are in it");
        self.0[to as usize] += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(seat: u32, ticket_type: u16) -> SeatSpot {
        SeatSpot { seat: SeatIndex(seat), ticket_type: Some(TicketTypeIndex(ticket_type)) }
    }

    fn places(area: u32, ticket_type: Option<u16>, count: u32) -> AreaPlaces {
        let ticket_type = ticket_type.map(TicketTypeIndex);
        AreaPlaces { area: AreaIndex(area), ticket_type, count }
    }

    #[test]
    fn a_part_leaves_whole_or_not_at_all() {
        let whole = Spots {
            seats: vec![seat(4, 0), seat(5, 1)].into(),
            areas: vec![places(0, None, 5), places(0, Some(1), 2), places(3, None, 1)],
        };
        let refused = [
            Spots { seats: vec![seat(4, 1)].into(), areas: Vec::new() },
            Spots { seats: vec![seat(4, 0)].into(), areas: vec![places(0, Some(1), 3)] },
            Spots { areas: vec![places(1, None, 1)], ..Spots::default() },
            Spots { areas: vec![places(0, None, 3), places(0, None, 3)], ..Spots::default() },
            Spots { areas: vec![places(0, None, u32::MAX); 2], ..Spots::default() },
        ];
        for part in refused {
            let mut left = whole.clone();
            assert!(!left.take(&part), "{part:?}");
            assert_eq!(left, whole, "{part:?}");
        }
        let mut left = whole;
        let areas = vec![places(0, None, 5), places(0, Some(1), 1)];
        assert!(left.take(&Spots { seats: vec![seat(5, 1)].into(), areas }));
        let areas = vec![places(0, Some(1), 1), places(3, None, 1)];
        assert_eq!(left, Spots { seats: vec![seat(4, 0)].into(), areas });
        assert_eq!(left.count(), 3);
    }

    #[test]
    fn the_canonical_number_sees_types_and_places_and_no_order() {
        let spots = |seats: &[SeatSpot], areas: &[AreaPlaces]| {
            Spots { seats: seats.into(), areas: areas.to_vec() }.canonical()
        };
        assert_eq!(Spots::of_seats([SeatIndex(9)]).canonical(), 0, "seats speak for themselves");
        let one = spots(&[seat(1, 0), seat(2, 1)], &[]);
        assert_eq!(one, spots(&[seat(2, 1), seat(1, 0)], &[]));
        assert_ne!(one, spots(&[seat(2, 0), seat(1, 1)], &[]));
        assert_ne!(spots(&[], &[places(0, None, 2)]), spots(&[], &[places(0, None, 3)]));
        assert_ne!(spots(&[], &[places(0, None, 2)]), spots(&[], &[places(0, Some(0), 2)]));
    }
}
