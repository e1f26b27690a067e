//! Dense indexes that a file gives to its seats itself, where they are not the seats' positions in
//! the file. Either every seat has one or none has, and each number belongs to one seat: what
//! comes of it is a permutation, or a mistake.

use inventory_core::chart::ChartParts;
use inventory_core::ids::SeatIndex;

use crate::mistake::{Problem, quoted};

/// What the seats of a file say of their indexes. Costs nothing as long as none says anything.
#[derive(Default)]
pub(crate) struct Indexes {
    /// By position in the file, up to the last seat that has one.
    given: Vec<Option<u32>>,
    /// By index: whether a seat has it.
    taken: Vec<bool>,
}

impl Indexes {
    /// Takes note of the index of the seat at a position; what is wrong with it.
    pub(crate) fn note(&mut self, position: u32, index: Option<u32>) -> Option<Problem> {
        let index = index?;
        self.given.resize(position as usize, None);
        self.given.push(Some(index));
        if self.taken.len() <= index as usize {
            self.taken.resize(index as usize + 1, false);
        }
        let was_taken = std::mem::replace(&mut self.taken[index as usize], true);
        was_taken.then(|| Problem::Index { found: index.to_string() })
    }

    /// Puts the seats into the order of their indexes; what is wrong with them as a whole.
    pub(crate) fn apply(mut self, parts: &mut ChartParts) -> Option<Problem> {
        if self.given.is_empty() {
            return None;
        }
        self.given.resize(parts.seats.len(), None);
        let missing = self.given.iter().filter(|index| index.is_none()).count();
        if missing > 0 {
            let first = self.given.iter().position(Option::is_none)?;
            let label = quoted(&parts.seats[first].label);
            return Some(Problem::IndexMissing { count: missing, label });
        }
        // As many different numbers as there are seats, none beyond them: each is there once.
        let (seats, beyond) = (parts.seats.len(), self.taken.len().saturating_sub(1));
        if beyond >= seats {
            return Some(Problem::Index { found: beyond.to_string() });
        }
        let given: Vec<u32> = self.given.into_iter().flatten().collect();
        let mut by_index: Vec<_> = given.iter().zip(std::mem::take(&mut parts.seats)).collect();
        by_index.sort_by_key(|(index, _)| **index);
        parts.seats = by_index.into_iter().map(|(_, seat)| seat).collect();
        let groups = parts.rows.iter_mut().map(|row| &mut row.seats);
        for seats in groups.chain(parts.tables.iter_mut().map(|table| &mut table.seats)) {
            for seat in seats {
                *seat = SeatIndex(given[seat.0 as usize]);
            }
        }
        None
    }
}
