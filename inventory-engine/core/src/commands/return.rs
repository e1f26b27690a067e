//! Return sold spots, all of an allocation's or a part: they are available again.
//!
//! Refused, in this order: `AllocationUnknown`, `SelectionEmpty`, `SelectionTooLarge`,
//! `SeatRepeated`, `SeatNotInAllocation`, `TableNotWhole`.

use crate::command::Return;
use crate::commands::resolve_part;
use crate::fact::Change;
use crate::ids::{AllocationId, EventId};
use crate::rejection::{Rejection, RejectionCode};
use crate::spots::Spots;
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
        let spots = resolve_part(event, &command.part, &allocation.spots, missing)?;
        let change = Change::SpotsReturned { allocation_id: allocation.id, spots };
        Ok((allocation.event_id, change))
    }

    pub(crate) fn apply_spots_returned(&mut self, allocation_id: AllocationId, spots: &Spots) {
        let allocation =
            self.allocations.get_mut(&allocation_id).expect("a fact names a live allocation");
        allocation.remove_from(&mut self.digest);
        assert!(allocation.spots.take(spots), "it had the fact's spots");
        let event = self.events.get_mut(&allocation.event_id).expect("its event exists");
        let allocated = SeatState::Allocated(allocation_id.lsn());
        event.move_spots(spots, allocated, SeatState::Available, &mut self.digest);
        event.remove_buyer_spots(&allocation.buyer_id, spots.count());
        if allocation.spots.is_empty() {
            self.allocations.remove(&allocation_id);
        } else {
            allocation.add_to(&mut self.digest);
        }
    }
}

#[cfg(test)]
#[path = "return/tests.rs"]
pub(super) mod tests;
