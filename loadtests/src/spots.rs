//! What a request or an answer is about: seats, each by itself, and places in areas by their
//! number. A spot is a seat or one place.
//!
//! Seats, areas and ticket types are named by the indexes that the server gives them, in answers
//! and in the journal alike, so that both can be held against each other.

/// Seats and places.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Spots {
    pub(crate) seats: Box<[u32]>,
    /// What each seat is sold as, in the same order; empty where the event has no ticket types.
    pub(crate) seat_types: Box<[u16]>,
    pub(crate) areas: Box<[Places]>,
}

/// Places of one area that are sold as one ticket type.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Places {
    pub(crate) area: u32,
    pub(crate) ticket_type: Option<u16>,
    pub(crate) count: u32,
}

/// Something of an event that has a capacity and no seats of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Pool {
    /// An area, by its index.
    Area(u32),
    /// A ticket type, by its index.
    TicketType(u16),
}

/// Spots in an order of their own: the same for the same spots.
pub(crate) type Sorted = (Vec<(u32, Option<u16>)>, Vec<Places>);

impl Spots {
    /// Seats without ticket types.
    pub(crate) fn of_seats(seats: impl Into<Box<[u32]>>) -> Self {
        Self { seats: seats.into(), ..Self::default() }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.seats.len() as u64 + self.places()
    }

    /// How many of them are places.
    pub(crate) fn places(&self) -> u64 {
        self.areas.iter().map(|places| u64::from(places.count)).sum()
    }

    /// Each seat with its ticket type.
    pub(crate) fn typed_seats(&self) -> impl Iterator<Item = (u32, Option<u16>)> {
        let types = self.seat_types.iter().copied().map(Some).chain(std::iter::repeat(None));
        self.seats.iter().copied().zip(types)
    }

    pub(crate) fn sorted(&self) -> Sorted {
        let mut seats: Vec<_> = self.typed_seats().collect();
        let mut areas = self.areas.to_vec();
        seats.sort_unstable();
        areas.sort_unstable();
        (seats, areas)
    }

    /// The first so many of them, seats before places.
    pub(crate) fn first(&self, count: u64) -> Self {
        let seats = self.seats.len().min(count as usize);
        let mut left = count.saturating_sub(seats as u64);
        let mut areas = Vec::new();
        for places in &self.areas {
            let count = u64::from(places.count).min(left);
            left -= count;
            if count > 0 {
                areas.push(Places { count: count as u32, ..*places });
            }
        }
        Self {
            seats: self.seats[..seats].into(),
            seat_types: self.seat_types[..seats.min(self.seat_types.len())].into(),
            areas: areas.into(),
        }
    }

    /// How much of each pool they take; a pool may come more than once.
    pub(crate) fn pools(&self) -> impl Iterator<Item = (Pool, u64)> {
        let of_seats = self.seat_types.iter().map(|of| (Pool::TicketType(*of), 1));
        let of_areas = self.areas.iter().flat_map(|places| {
            let count = u64::from(places.count);
            let as_type = places.ticket_type.map(|of| (Pool::TicketType(of), count));
            [Some((Pool::Area(places.area), count)), as_type].into_iter().flatten()
        });
        of_seats.chain(of_areas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(area: u32, ticket_type: u16, count: u32) -> Places {
        Places { area, ticket_type: Some(ticket_type), count }
    }

    #[test]
    fn a_part_takes_seats_first_and_keeps_ticket_types() {
        let spots = Spots {
            seats: Box::new([7, 4]),
            seat_types: Box::new([1, 0]),
            areas: Box::new([places(0, 1, 2), places(3, 0, 5)]),
        };
        assert_eq!((spots.count(), spots.places()), (9, 7));
        let one = spots.first(1);
        assert_eq!((&*one.seats, &*one.seat_types, one.areas.len()), (&[7][..], &[1][..], 0));
        let five = spots.first(5);
        assert_eq!(&*five.areas, [places(0, 1, 2), places(3, 0, 1)]);
        assert_eq!(spots.first(99), spots);
        assert_eq!(spots.sorted().0, [(4, Some(0)), (7, Some(1))]);
    }

    #[test]
    fn every_spot_counts_in_its_pools() {
        let spots = Spots {
            seats: Box::new([7]),
            seat_types: Box::new([1]),
            areas: Box::new([places(3, 1, 5)]),
        };
        let child = Pool::TicketType(1);
        assert_eq!(spots.pools().collect::<Vec<_>>(), [(child, 1), (Pool::Area(3), 5), (child, 5)]);
        assert_eq!(Spots::of_seats([1, 2]).pools().count(), 0);
    }
}
