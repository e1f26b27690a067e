//! Why a fact cannot have happened here. Nothing of `predict` is asked: what a fact may not do is
//! said once more, as an auditor says it, who sees what was done and not what was asked.

mod sold;
mod taken;

use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{AllocationId, BuyerId, HoldId, RequestId};
use inventory_core::limits::{BLOCK_SEATS_MAX, HOLD_SEATS_MAX};
use inventory_core::spots::Spots;
use inventory_core::state::Hold;
use inventory_core::time::Timestamp;

use crate::Model;
use crate::event::{Event, Owner};
use crate::requests::Age;
use crate::rules::can_be_sold;

fn ensure(is_so: bool, otherwise: &str) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(otherwise.to_owned()) }
}

impl Model {
    /// Why a fact cannot be the next one.
    pub(crate) fn audit(&self, fact: &Fact) -> Result<(), String> {
        ensure(fact.lsn.0 == self.last_lsn.0 + 1, "it is not the next")?;
        ensure(fact.at >= self.last_at, "it is before the one in front of it")?;
        ensure(fact.event_id.shard() == self.shard, "its event lives on another shard")?;
        let event = self.event(fact.event_id);
        if let Change::HoldExpired { hold_id, spots } = &fact.change {
            ensure(fact.request.is_none(), "nobody asks for an expiry")?;
            let event = event.ok_or("there is no such event")?;
            return self.audit_expired(event, fact.at, *hold_id, spots);
        }
        let request_id = fact.request.ok_or("nobody asked for it")?.id;
        self.audit_request(request_id, fact.at)?;
        if let Change::EventCreated { name, chart, rules, ticket_types } = &fact.change {
            ensure(event.is_none(), "the event is there already")?;
            let chart = self.chart(*chart).ok_or("its chart is not known")?;
            let is_right = can_be_sold(name, chart, rules, ticket_types);
            return ensure(is_right, "no event can be sold by these rules");
        }
        self.audit_asked(event.ok_or("there is no such event")?, fact, request_id)
    }

    fn audit_request(&self, id: RequestId, at: Timestamp) -> Result<(), String> {
        ensure(self.requests.find(id).is_none(), "its request was done before")?;
        match self.requests.check_age(id, at) {
            Err(Age::TooOld) => Err("its request may have been done before".to_owned()),
            Err(Age::Ahead) => Err("its request comes from the future".to_owned()),
            Ok(()) => Ok(()),
        }
    }

    /// What somebody asked for, of an event that is there.
    fn audit_asked(&self, event: &Event, fact: &Fact, request_id: RequestId) -> Result<(), String> {
        let at = fact.at;
        match &fact.change {
            Change::EventClosed => ensure(event.closed_at.is_none(), "it was closed before"),
            Change::HoldPlaced { hold_id, buyer_id, spots, deadline } => {
                let born = HoldId::new(self.shard, fact.lsn, request_id);
                ensure(*hold_id == born, "the hold is not named by its fact")?;
                ensure(*deadline > at, "it is over before it begins")?;
                let full = at.plus_millis(event.rules.hold_ttl_millis);
                ensure(*deadline == full, "it does not end a full hold time from now")?;
                event.audit_taken(spots, Owner::Nobody, HOLD_SEATS_MAX)?;
                event.audit_sold(at, buyer_id, spots)
            }
            Change::HoldExtended { hold_id, deadline } => {
                event.audit_extended(at, *hold_id, *deadline)
            }
            Change::HoldReleased { hold_id, spots } => {
                let hold = event.audit_live(at, *hold_id)?;
                event.audit_part(&hold.spots, spots)
            }
            Change::HoldAllocated { hold_id, allocation_id, buyer_id, spots } => {
                let born = AllocationId::new(self.shard, fact.lsn, request_id);
                ensure(*allocation_id == born, "the allocation is not named by its fact")?;
                let hold = event.audit_live(at, *hold_id)?;
                ensure(hold.buyer_id == *buyer_id, "the hold is somebody else's")?;
                event.audit_part(&hold.spots, spots)
            }
            Change::SpotsReturned { allocation_id, spots } => {
                let mut sales = event.sales.iter();
                let sale = sales.find(|sale| sale.id == *allocation_id);
                let sale = sale.ok_or("the event has no such allocation")?;
                event.audit_part(&sale.spots, spots)
            }
            Change::SpotsBlocked { spots } => {
                event.audit_untyped(spots)?;
                event.audit_taken(spots, Owner::Nobody, BLOCK_SEATS_MAX)
            }
            Change::SpotsUnblocked { spots } => {
                event.audit_untyped(spots)?;
                event.audit_taken(spots, Owner::Organizer, BLOCK_SEATS_MAX)
            }
            Change::EventCreated { .. } | Change::HoldExpired { .. } => {
                Err("this was audited before".to_owned())
            }
        }
    }

    fn audit_expired(
        &self,
        event: &Event,
        at: Timestamp,
        hold_id: HoldId,
        spots: &Spots,
    ) -> Result<(), String> {
        let hold = event.audit_hold(hold_id)?;
        ensure(hold.deadline <= at, "it is not over yet")?;
        ensure(hold.spots == *spots, "what ends is not what it has")?;
        let place = |hold: &Hold| (hold.deadline, hold.id);
        let is_first = self.live_holds().all(|other| place(other) >= place(hold));
        ensure(is_first, "another hold was over before it")
    }
}

impl Event {
    /// A hold that has not ended.
    fn audit_hold(&self, hold_id: HoldId) -> Result<&Hold, String> {
        let hold = self.holds.iter().find(|hold| hold.id == hold_id);
        hold.ok_or_else(|| "the event has no such hold".to_owned())
    }

    /// The same, whose time has not come either.
    fn audit_live(&self, at: Timestamp, hold_id: HoldId) -> Result<&Hold, String> {
        let hold = self.audit_hold(hold_id)?;
        ensure(at < hold.deadline, "its deadline has passed")?;
        Ok(hold)
    }

    fn audit_extended(
        &self,
        at: Timestamp,
        hold_id: HoldId,
        deadline: Timestamp,
    ) -> Result<(), String> {
        let hold = self.audit_live(at, hold_id)?;
        ensure(self.closed_at.is_none(), "the event is closed")?;
        let is_allowed = hold.extensions < self.rules.extensions_max;
        ensure(is_allowed, "it was extended as often as it may be")?;
        ensure(deadline >= hold.deadline, "it shortens the hold")?;
        let full = at.plus_millis(self.rules.hold_ttl_millis);
        let is_right = deadline == full || (deadline == hold.deadline && full < deadline);
        ensure(is_right, "it does not end a full hold time from now")
    }

    /// A buyer holds these from now on: the sale is open, and nothing is exceeded.
    fn audit_sold(&self, at: Timestamp, buyer_id: &BuyerId, spots: &Spots) -> Result<(), String> {
        self.audit_sale_is_open(at)?;
        self.audit_types(at, spots)?;
        self.audit_limits(buyer_id, spots)
    }
}

#[cfg(test)]
mod tests;
