//! Release a hold or a part of it: its spots are available again.
//!
//! Refused, in this order: `HoldUnknown`, `HoldExpired`, `HoldReleased`, `HoldAllocated` (one of
//! them), `SelectionEmpty`, `SelectionTooLarge`, `SeatRepeated`, `SeatNotInHold`,
//! `TableNotWhole`.

use crate::command::Release;
use crate::commands::resolve_part;
use crate::fact::{Change, Fact};
use crate::ids::{EventId, HoldId};
use crate::rejection::{Rejection, RejectionCode};
use crate::spots::Spots;
use crate::state::{Ending, SeatState, ShardState};
use crate::time::Timestamp;

impl ShardState {
    pub(crate) fn decide_release(
        &self,
        now: Timestamp,
        command: &Release,
    ) -> Result<(EventId, Change), Rejection> {
        let hold = self.live_hold(now, command.hold_id, &command.buyer_id)?;
        let event = self.known_event(hold.event_id)?;
        let missing = RejectionCode::SeatNotInHold;
        let spots = resolve_part(event, &command.part, &hold.spots, missing)?;
        Ok((hold.event_id, Change::HoldReleased { hold_id: hold.id, spots }))
    }

    pub(crate) fn apply_hold_released(&mut self, fact: &Fact, hold_id: HoldId, spots: &Spots) {
        self.free_from_hold(fact, hold_id, spots, Ending::Released);
    }

    /// Spots leave a hold and become available.
    pub(super) fn free_from_hold(
        &mut self,
        fact: &Fact,
        hold_id: HoldId,
        spots: &Spots,
        ending: Ending,
    ) {
        let buyer_id = self.take_from_hold(hold_id, spots, ending, fact.at);
        let event = self.events.get_mut(&fact.event_id).expect("the fact's event exists");
        let held = SeatState::Held(hold_id.lsn());
        event.move_spots(spots, held, SeatState::Available, &mut self.digest);
        event.remove_buyer_spots(&buyer_id, spots.count());
    }
}

#[cfg(test)]
pub(super) mod tests;
