//! Allocate a hold or a part of it: its spots are sold to its buyer.
//!
//! Refused, in this order: `HoldUnknown`, `HoldExpired`, `HoldReleased`, `HoldAllocated` (one of
//! them), `SelectionEmpty`, `SelectionTooLarge`, `SeatRepeated`, `SeatNotInHold`,
//! `TableNotWhole`.

use crate::command::Allocate;
use crate::commands::resolve_part;
use crate::fact::{Change, Fact};
use crate::ids::{AllocationId, EventId, HoldId, RequestId};
use crate::rejection::{Rejection, RejectionCode};
use crate::spots::Spots;
use crate::state::{Allocation, Ending, SeatState, ShardState};
use crate::time::Timestamp;

impl ShardState {
    pub(crate) fn decide_allocate(
        &self,
        now: Timestamp,
        request_id: RequestId,
        command: &Allocate,
    ) -> Result<(EventId, Change), Rejection> {
        let hold = self.live_hold(now, command.hold_id, &command.buyer_id)?;
        let event = self.known_event(hold.event_id)?;
        let missing = RejectionCode::SeatNotInHold;
        let spots = resolve_part(event, &command.part, &hold.spots, missing)?;
        let change = Change::HoldAllocated {
            hold_id: hold.id,
            allocation_id: AllocationId::new(self.shard, self.last_lsn.next(), request_id),
            buyer_id: hold.buyer_id.clone(),
            spots,
        };
        Ok((hold.event_id, change))
    }

    pub(crate) fn apply_hold_allocated(
        &mut self,
        fact: &Fact,
        hold_id: HoldId,
        allocation_id: AllocationId,
        spots: &Spots,
    ) {
        let buyer_id = self.take_from_hold(hold_id, spots, Ending::Allocated, fact.at);
        let event = self.events.get_mut(&fact.event_id).expect("the fact's event exists");
        let held = SeatState::Held(hold_id.lsn());
        assert_eq!(allocation_id.lsn(), fact.lsn, "an allocation is named by its fact");
        let allocated = SeatState::Allocated(fact.lsn);
        event.move_spots(spots, held, allocated, &mut self.digest);
        let allocation = Allocation {
            id: allocation_id,
            hold_id,
            event_id: fact.event_id,
            buyer_id,
            spots: spots.clone(),
            allocated_at: fact.at,
        };
        allocation.add_to(&mut self.digest);
        let before = self.allocations.insert(allocation_id, allocation);
        assert!(before.is_none(), "an allocation is made once");
    }
}

#[cfg(test)]
pub(super) mod tests;
