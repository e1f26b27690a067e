//! Who has each seat, in eight bytes: events are many and large, and every hold looks at seats
//! that nobody looked at before.

use super::SeatState;
use crate::ids::{Lsn, SeatIndex};

/// By seat: its state in the two lowest bits, and the LSN of who has it above them. An LSN has no
/// more than 48 bits, or it would make no hold.
#[derive(Debug)]
pub(crate) struct Seats(Vec<u64>);

const STATE_BITS: u32 = 2;
const AVAILABLE: u64 = 0;
const HELD: u64 = 1;
const ALLOCATED: u64 = 2;
const BLOCKED: u64 = 3;

impl Seats {
    /// So many seats that nobody has.
    pub(super) fn available(count: u32) -> Self {
        Self(vec![AVAILABLE; count as usize])
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The state of a seat; `None` if there is no such seat.
    pub(super) fn get(&self, seat: SeatIndex) -> Option<SeatState> {
        self.0.get(seat.0 as usize).copied().map(unpacked)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = SeatState> {
        self.0.iter().copied().map(unpacked)
    }

    /// Gives a seat another state, and says what it was. `None`, and nothing is changed, if there
    /// is no such seat.
    pub(super) fn replace(&mut self, seat: SeatIndex, state: SeatState) -> Option<SeatState> {
        let place = self.0.get_mut(seat.0 as usize)?;
        Some(unpacked(std::mem::replace(place, packed(state))))
    }

    /// Gives the seats from one up to, not with, another the same state. `None`, and nothing is
    /// changed, if not all of them are there.
    pub(super) fn fill(&mut self, from: SeatIndex, end: SeatIndex, state: SeatState) -> Option<()> {
        self.0.get_mut(from.0 as usize..end.0 as usize)?.fill(packed(state));
        Some(())
    }
}

fn packed(state: SeatState) -> u64 {
    match state {
        SeatState::Available => AVAILABLE,
        SeatState::Held(lsn) => lsn.0 << STATE_BITS | HELD,
        SeatState::Allocated(lsn) => lsn.0 << STATE_BITS | ALLOCATED,
        SeatState::Blocked => BLOCKED,
    }
}

fn unpacked(packed: u64) -> SeatState {
    let lsn = Lsn(packed >> STATE_BITS);
    match packed & ((1 << STATE_BITS) - 1) {
        HELD => SeatState::Held(lsn),
        ALLOCATED => SeatState::Allocated(lsn),
        BLOCKED => SeatState::Blocked,
        _ => SeatState::Available,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_comes_out_as_it_went_in() {
        let mut seats = Seats::available(3);
        let last = Lsn((1 << 48) - 1);
        let states = [
            SeatState::Held(Lsn(1)),
            SeatState::Held(last),
            SeatState::Allocated(last),
            SeatState::Blocked,
            SeatState::Available,
        ];
        let mut before = SeatState::Available;
        for state in states {
            assert_eq!(seats.replace(SeatIndex(1), state), Some(before));
            assert_eq!(seats.get(SeatIndex(1)), Some(state));
            before = state;
        }
        assert_eq!(seats.replace(SeatIndex(3), SeatState::Blocked), None);
        assert_eq!(seats.fill(SeatIndex(1), SeatIndex(4), SeatState::Blocked), None);
        assert!(seats.iter().all(|seat| seat == SeatState::Available) && seats.len() == 3);
        assert_eq!(seats.fill(SeatIndex(1), SeatIndex(3), SeatState::Blocked), Some(()));
        let blocked = seats.iter().filter(|&seat| seat == SeatState::Blocked).count();
        assert_eq!((blocked, seats.get(SeatIndex(0))), (2, Some(SeatState::Available)));
    }
}
