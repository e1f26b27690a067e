//! Block seats and places: available ones go off sale.
//!
//! Refused, in this order: `EventUnknown`, `SelectionEmpty`, `SelectionTooLarge`,
//! `SeatRepeated`, `SeatUnknown`, `AreaUnknown`, `TicketTypeMismatch`, `TableNotWhole`,
//! `SeatsUnavailable`, `AreaFull`.

use crate::command::Block;
use crate::commands::{check_known, check_selection, check_states, check_tables};
use crate::fact::{Change, Fact};
use crate::limits::BLOCK_SEATS_MAX;
use crate::rejection::{Rejection, RejectionCode};
use crate::spots::Spots;
use crate::state::{EventState, SeatState, ShardState};

impl ShardState {
    pub(crate) fn decide_block(&self, command: &Block) -> Result<Change, Rejection> {
        let event = self.known_event(command.event_id)?;
        let spots = &command.spots;
        check_block(event, spots)?;
        let unavailable = (RejectionCode::SeatsUnavailable, RejectionCode::AreaFull);
        check_states(event, spots, SeatState::Available, unavailable)?;
        Ok(Change::SpotsBlocked { spots: spots.clone() })
    }

    pub(crate) fn apply_spots_blocked(&mut self, fact: &Fact, spots: &Spots) {
        let event = self.events.get_mut(&fact.event_id).expect("the fact's event exists");
        event.move_spots(spots, SeatState::Available, SeatState::Blocked, &mut self.digest);
    }
}

/// What both blocking and unblocking refuse before they look at states.
pub(super) fn check_block(event: &EventState, spots: &Spots) -> Result<(), Rejection> {
    check_selection(event, spots.seat_indexes(), &spots.areas, BLOCK_SEATS_MAX)?;
    check_known(event, spots)?;
    // What is blocked is sold as nothing, so it takes nothing of a quota.
    let of_seats = spots.seats.iter().filter_map(|spot| spot.ticket_type);
    let mut named = of_seats.chain(spots.areas.iter().filter_map(|places| places.ticket_type));
    if let Some(ticket_type) = named.next() {
        let rejection = Rejection::never(RejectionCode::TicketTypeMismatch);
        return Err(rejection.with_ticket_type(ticket_type));
    }
    check_tables(event, spots.seat_indexes())
}

#[cfg(test)]
pub(super) mod tests;
