//! Return sold seats, all of an allocation's or a part: they are available again.
//!
//! Refused, in this order: `AllocationUnknown`, `SelectionEmpty`, `SelectionTooLarge`,
//! `SeatRepeated`, `SeatNotInAllocation`.

use crate::command::Return;
use crate::commands::resolve_part;
use crate::fact::Change;
use crate::ids::{AllocationId, EventId, SeatIndex};
use crate::rejection::{Rejection, RejectionCode};
use crate::state::{SeatState, ShardState};

impl ShardState {
    pub(crate) fn decide_return(&self, command: &Return) -> Result<(EventId, Change), Rejection> {
        // A stranger learns no more than that there is no such allocation.
        let allocation = self
            .allocations
            .get(&command.allocation_id)
            .filter(|allocation| allocation.buyer_id == command.buyer_id)
            .ok_or_else(|| Rejection::never(RejectionCode::AllocationUnknown))?;
        let event = self.known_event(allocation.event_id)?;
        let missing = RejectionCode::SeatNotInAllocation;
        let seats = resolve_part(event, &command.part, &allocation.seats, missing)?;
        let change = Change::SeatsReturned { allocation_id: allocation.id, seats };
        Ok((allocation.event_id, change))
    }

    pub(crate) fn apply_seats_returned(
        &mut self,
        allocation_id: AllocationId,
        seats: &[SeatIndex],
    ) {
        let allocation =
            self.allocations.get_mut(&allocation_id).expect("a fact names a live allocation");
        allocation.remove_from(&mut self.digest);
        let before = allocation.seats.len();
        allocation.seats.retain(|seat| !seats.contains(seat));
        assert_eq!(allocation.seats.len() + seats.len(), before, "it had the fact's seats");
        let event = self.events.get_mut(&allocation.event_id).expect("its event exists");
        let allocated = SeatState::Allocated(allocation_id.lsn());
        event.move_seats(seats, allocated, SeatState::Available, &mut self.digest);
        event.remove_buyer_seats(&allocation.buyer_id, seats.len());
        if allocation.seats.is_empty() {
            self.allocations.remove(&allocation_id);
        } else {
            allocation.add_to(&mut self.digest);
        }
    }
}

#[cfg(test)]
#[path = "return/tests.rs"]
pub(super) mod tests;
