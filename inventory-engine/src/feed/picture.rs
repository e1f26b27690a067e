//! What an event looks like at one version, and what changed between two. Deltas say what became
//! of things, never by how much they changed: to apply one again, or one that begins earlier, does
//! no harm.

use inventory_core::fact::SeatStatus;
use inventory_core::spots::Counts;

/// An event at one version.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Picture {
    /// The LSN of the newest fact that it shows.
    pub version: u64,
    /// The state of each seat, by index, as numbers of [`SeatStatus`].
    pub statuses: Vec<u8>,
    /// The places of each area, by index.
    pub areas: Vec<Counts>,
    /// What is left, held and sold of each ticket type, by index.
    pub ticket_types: Vec<Counts>,
    /// Whether the sale was ended for good.
    pub is_closed: bool,
}

/// What changed after one version up to and with another, as it was at the latter.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Delta {
    /// The version that it leads on from.
    pub from_version: u64,
    /// The version that it leads to.
    pub to_version: u64,
    /// Seats by index, ascending, and what became of them.
    pub seats: Vec<(u32, SeatStatus)>,
    /// Areas by index, ascending, and their places.
    pub areas: Vec<(u32, Counts)>,
    /// Ticket types by index, ascending, and what is left, held and sold of them.
    pub ticket_types: Vec<(u32, Counts)>,
    /// Whether the sale was ended for good.
    pub is_closed: bool,
}

impl Picture {
    /// Lays a delta over it.
    pub fn apply(&mut self, delta: &Delta) {
        for &(seat, became) in &delta.seats {
            self.statuses[seat as usize] = became as u8;
        }
        for &(area, counts) in &delta.areas {
            self.areas[area as usize] = counts;
        }
        for &(ticket_type, counts) in &delta.ticket_types {
            self.ticket_types[ticket_type as usize] = counts;
        }
        self.is_closed |= delta.is_closed;
        self.version = delta.to_version;
    }
}

impl Delta {
    /// One delta of several that follow one another. The first may begin before `from_version`.
    pub fn merged<'a>(from_version: u64, deltas: impl Iterator<Item = &'a Self>) -> Self {
        let mut merged = Self { from_version, ..Self::default() };
        for delta in deltas {
            merged.seats.extend_from_slice(&delta.seats);
            merged.areas.extend_from_slice(&delta.areas);
            merged.ticket_types.extend_from_slice(&delta.ticket_types);
            merged.is_closed |= delta.is_closed;
            merged.to_version = delta.to_version;
        }
        keep_last(&mut merged.seats);
        keep_last(&mut merged.areas);
        keep_last(&mut merged.ticket_types);
        merged
    }

    /// How many things it says changed.
    pub fn changes(&self) -> usize {
        self.seats.len() + self.areas.len() + self.ticket_types.len()
    }
}

/// Of what is said of each index keeps the last, in the order of the indexes.
pub(super) fn keep_last<T: Copy>(said: &mut Vec<(u32, T)>) {
    // Stable: of one index, what was said last stays last.
    said.sort_by_key(|&(index, _)| index);
    said.dedup_by(|later, kept| {
        let is_same = later.0 == kept.0;
        if is_same {
            *kept = *later;
        }
        is_same
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_on_each_index_counts() {
        let mut said = vec![(3, 'a'), (1, 'b'), (3, 'c'), (1, 'd'), (2, 'e'), (3, 'f')];
        keep_last(&mut said);
        assert_eq!(said, [(1, 'd'), (2, 'e'), (3, 'f')]);
    }

    #[test]
    fn deltas_merged_lead_where_they_lead_one_by_one() {
        use SeatStatus::{Allocated, Available, Held};
        let counts = |held| Counts([9 - held, held, 0, 0]);
        let first = Delta {
            from_version: 4,
            to_version: 7,
            seats: vec![(0, Held), (2, Held)],
            areas: vec![(0, counts(2))],
            ..Delta::default()
        };
        let second = Delta {
            from_version: 7,
            to_version: 9,
            seats: vec![(0, Available), (1, Allocated)],
            areas: vec![(0, counts(3))],
            ticket_types: vec![(1, counts(1))],
            is_closed: true,
        };
        let start = Picture {
            version: 4,
            statuses: vec![0; 3],
            areas: vec![counts(0)],
            ticket_types: vec![counts(0); 2],
            is_closed: false,
        };
        let mut one_by_one = start.clone();
        one_by_one.apply(&first);
        one_by_one.apply(&second);
        let merged = Delta::merged(5, [&first, &second].into_iter());
        assert_eq!((merged.from_version, merged.to_version, merged.changes()), (5, 9, 5));
        let mut at_once = start;
        at_once.apply(&merged);
        assert_eq!(at_once, one_by_one);
        assert_eq!((at_once.version, &*at_once.statuses), (9, [0, 2, 1].as_slice()));
    }
}
