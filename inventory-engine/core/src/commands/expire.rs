//! Expire a hold whose deadline has passed. Nobody asks for this, so nothing can be refused.

use crate::fact::{Change, Fact};
use crate::ids::{EventId, HoldId};
use crate::spots::Spots;
use crate::state::{Ending, ShardState};
use crate::time::Timestamp;

impl ShardState {
    /// The expiry of the hold with the earliest deadline, if that has come.
    pub(crate) fn decide_expire(&self, now: Timestamp) -> Option<(EventId, Change)> {
        let &(_, hold_id) = self.deadlines.first().filter(|&&(deadline, _)| deadline <= now)?;
        let hold = self.holds.get(&hold_id).expect("only live holds wait for their deadline");
        Some((hold.event_id, Change::HoldExpired { hold_id, spots: hold.spots.clone() }))
    }

    pub(crate) fn apply_hold_expired(&mut self, fact: &Fact, hold_id: HoldId, spots: &Spots) {
        self.free_from_hold(fact, hold_id, spots, Ending::Expired);
        assert!(!self.holds.contains_key(&hold_id), "an expired hold has nothing left");
    }
}

#[cfg(test)]
pub(super) mod tests;
