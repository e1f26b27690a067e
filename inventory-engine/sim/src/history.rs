//! The journal as an auditor reads it, fact by fact, with a small memory of its own: nothing here
//! is shared with the state machine.

use std::collections::{BTreeMap, BTreeSet};

use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{AllocationId, BuyerId, EventId, HoldId, Lsn, RequestId, SeatIndex};
use inventory_core::spots::Spots;
use inventory_core::time::Timestamp;

/// Who has a seat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Owner {
    Hold(HoldId),
    Sold(AllocationId),
    Organizer,
}

#[derive(Debug)]
struct Hold {
    buyer_id: BuyerId,
    deadline: Timestamp,
    seats: BTreeSet<SeatIndex>,
}

/// One shard's history.
#[derive(Debug, Default)]
pub(crate) struct History {
    last: Option<(Lsn, Timestamp)>,
    events: BTreeSet<EventId>,
    seats: BTreeMap<(EventId, SeatIndex), Owner>,
    holds: BTreeMap<HoldId, Hold>,
    requests: BTreeSet<RequestId>,
}

impl History {
    /// The next fact.
    ///
    /// # Errors
    /// Why it cannot have happened.
    pub(crate) fn read(&mut self, fact: &Fact) -> Result<(), String> {
        self.read_on(fact).map_err(|why| format!("fact {} {:?}: {why}", fact.lsn, fact.change))
    }

    fn read_on(&mut self, fact: &Fact) -> Result<(), String> {
        let (last_lsn, last_at) = self.last.unwrap_or_default();
        ensure(fact.lsn == last_lsn.next(), "it is not the next")?;
        ensure(fact.at >= last_at, "it is before the one in front of it")?;
        self.last = Some((fact.lsn, fact.at));
        if let Some(request) = fact.request {
            ensure(self.requests.insert(request.id), "its request was done before")?;
        }
        let (event, at) = (fact.event_id, fact.at);
        if !matches!(fact.change, Change::EventCreated { .. }) {
            ensure(self.events.contains(&event), "there is no such event")?;
        }
        match &fact.change {
            Change::EventCreated { .. } => {
                ensure(self.events.insert(event), "the event is there already")
            }
            Change::EventClosed => Ok(()),
            Change::HoldPlaced { hold_id, buyer_id, spots, deadline } => {
                ensure(*deadline > at, "it is over before it begins")?;
                self.take(event, spots, None, Some(Owner::Hold(*hold_id)))?;
                let (buyer_id, seats) = (buyer_id.clone(), spots.seat_indexes().collect());
                self.holds.insert(*hold_id, Hold { buyer_id, deadline: *deadline, seats });
                Ok(())
            }
            Change::HoldExtended { hold_id, deadline } => {
                let hold = self.live(*hold_id, at)?;
                ensure(*deadline >= hold.deadline, "it shortens the hold")?;
                hold.deadline = *deadline;
                Ok(())
            }
            Change::HoldReleased { hold_id, spots } => {
                self.live(*hold_id, at)?;
                self.leave(*hold_id, spots)?;
                self.take(event, spots, Some(Owner::Hold(*hold_id)), None)
            }
            Change::HoldAllocated { hold_id, allocation_id, buyer_id, spots } => {
                let hold = self.live(*hold_id, at)?;
                ensure(hold.buyer_id == *buyer_id, "the hold is somebody else's")?;
                self.leave(*hold_id, spots)?;
                let sold = Owner::Sold(*allocation_id);
                self.take(event, spots, Some(Owner::Hold(*hold_id)), Some(sold))
            }
            Change::HoldExpired { hold_id, spots } => {
                let hold = self.holds.get(hold_id).ok_or("there is no such hold")?;
                ensure(hold.deadline <= at, "it is not over yet")?;
                ensure(hold.seats.len() == spots.seats.len(), "not all of it ends")?;
                self.leave(*hold_id, spots)?;
                self.take(event, spots, Some(Owner::Hold(*hold_id)), None)
            }
            Change::SpotsReturned { allocation_id, spots } => {
                self.take(event, spots, Some(Owner::Sold(*allocation_id)), None)
            }
            Change::SpotsBlocked { spots } => self.take(event, spots, None, Some(Owner::Organizer)),
            Change::SpotsUnblocked { spots } => {
                self.take(event, spots, Some(Owner::Organizer), None)
            }
        }
    }

    /// The place of its last fact.
    pub(crate) fn last_lsn(&self) -> Lsn {
        self.last.unwrap_or_default().0
    }

    /// How many holds live.
    pub(crate) fn live_holds(&self) -> usize {
        self.holds.len()
    }

    /// A hold whose deadline has not come.
    fn live(&mut self, hold_id: HoldId, at: Timestamp) -> Result<&mut Hold, String> {
        let hold = self.holds.get_mut(&hold_id).ok_or("there is no such hold")?;
        ensure(at < hold.deadline, "its deadline has passed")?;
        Ok(hold)
    }

    fn leave(&mut self, hold_id: HoldId, spots: &Spots) -> Result<(), String> {
        let hold = self.holds.get_mut(&hold_id).ok_or("there is no such hold")?;
        for seat in spots.seat_indexes() {
            ensure(hold.seats.remove(&seat), "the hold does not have the seat")?;
        }
        if hold.seats.is_empty() {
            self.holds.remove(&hold_id);
        }
        Ok(())
    }

    fn take(
        &mut self,
        event: EventId,
        spots: &Spots,
        from: Option<Owner>,
        to: Option<Owner>,
    ) -> Result<(), String> {
        for seat in spots.seat_indexes() {
            let key = (event, seat);
            let before = match to {
                Some(owner) => self.seats.insert(key, owner),
                None => self.seats.remove(&key),
            };
            if before != from {
                return Err(format!("seat {seat} is {before:?}, not {from:?}"));
            }
        }
        Ok(())
    }
}

fn ensure(is_so: bool, otherwise: &str) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(otherwise.to_owned()) }
}

#[cfg(test)]
mod tests;
