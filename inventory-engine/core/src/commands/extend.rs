//! Extend a hold: a full hold time from now, as often as the event allows.
//!
//! Refused, in this order: `HoldUnknown`, `HoldExpired`, `HoldReleased`, `HoldAllocated` (one of
//! them), `EventClosed`, `ExtensionsExhausted`.

use crate::command::Extend;
use crate::fact::Change;
use crate::ids::{EventId, HoldId};
use crate::rejection::{Rejection, RejectionCode};
use crate::state::ShardState;
use crate::time::Timestamp;

impl ShardState {
    pub(crate) fn decide_extend(
        &self,
        now: Timestamp,
        command: &Extend,
    ) -> Result<(EventId, Change), Rejection> {
        let hold = self.live_hold(now, command.hold_id, &command.buyer_id)?;
        let event = self.known_event(hold.event_id)?;
        if event.closed_at.is_some() {
            return Err(Rejection::never(RejectionCode::EventClosed));
        }
        let rules = &event.rules;
        if hold.extensions >= rules.extensions_max {
            return Err(Rejection::never(RejectionCode::ExtensionsExhausted));
        }
        let deadline = hold.deadline.max(now.plus_millis(rules.hold_ttl_millis));
        Ok((hold.event_id, Change::HoldExtended { hold_id: hold.id, deadline }))
    }

    pub(crate) fn apply_hold_extended(&mut self, hold_id: HoldId, deadline: Timestamp) {
        let hold = self.holds.get_mut(&hold_id).expect("a fact names a live hold");
        hold.remove_from(&mut self.digest);
        self.deadlines.remove(&(hold.deadline, hold_id));
        hold.deadline = deadline;
        hold.extensions += 1;
        self.deadlines.insert((deadline, hold_id));
        hold.add_to(&mut self.digest);
    }
}

#[cfg(test)]
pub(super) mod tests;
