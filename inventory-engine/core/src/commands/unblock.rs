//! Unblock seats and places: blocked ones go back on sale.
//!
//! Refused, in this order: `EventUnknown`, `SelectionEmpty`, `SelectionTooLarge`,
//! `SeatRepeated`, `SeatUnknown`, `AreaUnknown`, `TicketTypeMismatch`, `TableNotWhole`,
//! `SeatNotBlocked`.

use crate::command::Unblock;
use crate::commands::block::check_block;
use crate::commands::check_states;
use crate::fact::{Change, Fact};
use crate::rejection::{Rejection, RejectionCode};
use crate::spots::Spots;
use crate::state::{SeatState, ShardState};

impl ShardState {
    pub(crate) fn decide_unblock(&self, command: &Unblock) -> Result<Change, Rejection> {
        let event = self.known_event(command.event_id)?;
        let spots = &command.spots;
        check_block(event, spots)?;
        let not_blocked = RejectionCode::SeatNotBlocked;
        check_states(event, spots, SeatState::Blocked, (not_blocked, not_blocked))?;
        Ok(Change::SpotsUnblocked { spots: spots.clone() })
    }

    pub(crate) fn apply_spots_unblocked(&mut self, fact: &Fact, spots: &Spots) {
        let event = self.events.get_mut(&fact.event_id).expect("the fact's event exists");
        event.move_spots(spots, SeatState::Blocked, SeatState::Available, &mut self.digest);
    }
}

#[cfg(test)]
pub(super) mod tests;
