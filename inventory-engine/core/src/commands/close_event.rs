//! Close an event: its sale ends for good. Nothing more is held and no hold is extended; holds
//! that live may still be allocated or released, and sold spots returned.
//!
//! Refused, in this order: `EventUnknown`, `EventClosed`.

use crate::command::CloseEvent;
use crate::fact::{Change, Fact};
use crate::rejection::{Rejection, RejectionCode};
use crate::state::ShardState;

impl ShardState {
    pub(crate) fn decide_close_event(&self, command: &CloseEvent) -> Result<Change, Rejection> {
        let event = self.known_event(command.event_id)?;
        if event.closed_at.is_some() {
            return Err(Rejection::never(RejectionCode::EventClosed));
        }
        Ok(Change::EventClosed)
    }

    pub(crate) fn apply_event_closed(&mut self, fact: &Fact) {
        let event = self.events.get_mut(&fact.event_id).expect("the fact's event exists");
        assert!(event.closed_at.is_none(), "an event is closed once");
        event.close(fact.at, &mut self.digest);
    }
}

#[cfg(test)]
pub(super) mod tests;
