//! Unblock seats: blocked ones go back on sale.
//!
//! Refused, in this order: `EventUnknown`, `SelectionEmpty`, `SelectionTooLarge`,
//! `SeatRepeated`, `SeatUnknown`, `SeatNotBlocked`.

use crate::command::Unblock;
use crate::commands::{check_selection, check_states};
use crate::fact::{Change, Fact};
use crate::ids::SeatIndex;
use crate::limits::BLOCK_SEATS_MAX;
use crate::rejection::{Rejection, RejectionCode};
use crate::state::{SeatState, ShardState};

impl ShardState {
    pub(crate) fn decide_unblock(&self, command: &Unblock) -> Result<Change, Rejection> {
        let event = self.known_event(command.event_id)?;
        check_selection(event, &command.seats, BLOCK_SEATS_MAX)?;
        let not_blocked = RejectionCode::SeatNotBlocked;
        check_states(event, &command.seats, SeatState::Blocked, not_blocked)?;
        Ok(Change::SeatsUnblocked { seats: command.seats.clone() })
    }

    pub(crate) fn apply_seats_unblocked(&mut self, fact: &Fact, seats: &[SeatIndex]) {
        let event = self.events.get_mut(&fact.event_id).expect("the fact's event exists");
        event.move_seats(seats, SeatState::Blocked, SeatState::Available, &mut self.digest);
    }
}

#[cfg(test)]
pub(super) mod tests;
