//! Block seats: available ones go off sale.
//!
//! Refused, in this order: `EventUnknown`, `SelectionEmpty`, `SelectionTooLarge`,
//! `SeatRepeated`, `SeatUnknown`, `SeatsUnavailable`.

use crate::command::Block;
use crate::commands::{check_selection, check_states};
use crate::fact::{Change, Fact};
use crate::ids::SeatIndex;
use crate::limits::BLOCK_SEATS_MAX;
use crate::rejection::{Rejection, RejectionCode};
use crate::state::{SeatState, ShardState};

impl ShardState {
    pub(crate) fn decide_block(&self, command: &Block) -> Result<Change, Rejection> {
        let event = self.known_event(command.event_id)?;
        check_selection(event, &command.seats, BLOCK_SEATS_MAX)?;
        let unavailable = RejectionCode::SeatsUnavailable;
        check_states(event, &command.seats, SeatState::Available, unavailable)?;
        Ok(Change::SeatsBlocked { seats: command.seats.clone() })
    }

    pub(crate) fn apply_seats_blocked(&mut self, fact: &Fact, seats: &[SeatIndex]) {
        let event = self.events.get_mut(&fact.event_id).expect("the fact's event exists");
        event.move_seats(seats, SeatState::Available, SeatState::Blocked, &mut self.digest);
    }
}

#[cfg(test)]
pub(super) mod tests;
