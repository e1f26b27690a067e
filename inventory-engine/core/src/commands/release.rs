//! Release a hold or a part of it: its seats are available again.
//!
//! Refused, in this order: `HoldUnknown`, `HoldExpired`, `HoldReleased`, `HoldAllocated` (one of
//! them), `SelectionEmpty`, `SelectionTooLarge`, `SeatRepeated`, `SeatNotInHold`.

use crate::command::Release;
use crate::commands::resolve_part;
use crate::fact::{Change, Fact};
use crate::ids::{EventId, HoldId, SeatIndex};
use crate::rejection::{Rejection, RejectionCode};
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
        let seats = resolve_part(event, &command.part, &hold.seats, missing)?;
        Ok((hold.event_id, Change::HoldReleased { hold_id: hold.id, seats }))
    }

    pub(crate) fn apply_hold_released(
        &mut self,
        fact: &Fact,
        hold_id: HoldId,
        seats: &[SeatIndex],
    ) {
        self.free_from_hold(fact, hold_id, seats, Ending::Released);
    }

    /// Seats leave a hold and become available.
    pub(super) fn free_from_hold(
        &mut self,
        fact: &Fact,
        hold_id: HoldId,
        seats: &[SeatIndex],
        ending: Ending,
    ) {
        let buyer_id = self.take_from_hold(hold_id, seats, ending, fact.at);
        let event = self.events.get_mut(&fact.event_id).expect("the fact's event exists");
        let held = SeatState::Held(hold_id.lsn());
        event.move_seats(seats, held, SeatState::Available, &mut self.digest);
        event.remove_buyer_seats(&buyer_id, seats.len());
    }
}

#[cfg(test)]
pub(super) mod tests;
