//! A server that is right: one thing after the other, each at a moment of the test's choosing, with
//! the facts and answers that come of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checker::{Change, Counts, Evidence, Fact, Testimony};
use crate::history::{
    Accepted, AllocationId, Ask, Done, History, HoldId, NEVER_MICROS, Rejected, RequestId, Said,
    SeatStatus, Sending, Terms,
};

pub(super) const EVENT: u64 = 1;
pub(super) const HOLD_MILLIS: u64 = 1_000;
const SHARD: u16 = 7;
const SEATS: u32 = 10;
/// What the server's clock says when the recorder's says nought.
const WALL_MILLIS: u64 = 1_700_000_000_000;

#[derive(Clone, Debug)]
struct Hold {
    seats: Vec<u32>,
    deadline_millis: u64,
    end: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Owner {
    Hold(HoldId),
    Allocation(AllocationId),
}

/// The server.
#[derive(Clone, Debug, Default)]
pub(super) struct Server {
    pub(super) facts: Vec<Fact>,
    owners: BTreeMap<u32, Owner>,
    holds: BTreeMap<HoldId, Hold>,
    allocations: BTreeMap<AllocationId, Option<Vec<u32>>>,
    accepted: BTreeMap<RequestId, Accepted>,
}

pub(super) fn terms() -> Terms {
    Terms {
        hold_micros: HOLD_MILLIS * 1_000,
        early_slack_micros: 2_000,
        late_slack_micros: Some(2_000),
    }
}

impl Server {
    pub(super) fn new() -> Self {
        let mut server = Self::default();
        server.write(0, Change::EventCreated, None, |_| ());
        server
    }

    fn write(
        &mut self,
        at_micros: u64,
        change: Change,
        request_id: Option<RequestId>,
        fill: impl FnOnce(&mut Fact),
    ) -> u64 {
        let lsn = self.facts.len() as u64 + 1;
        let mut fact = Fact {
            lsn,
            shard: SHARD,
            epoch: 1,
            at_millis: WALL_MILLIS + at_micros / 1_000,
            event_id: EVENT,
            change,
            request_id,
            hold_id: None,
            allocation_id: None,
            seats: Vec::new(),
            deadline_millis: None,
        };
        fill(&mut fact);
        self.facts.push(fact);
        lsn
    }

    /// What is due at a moment runs out.
    pub(super) fn expire(&mut self, at_micros: u64) {
        let now = WALL_MILLIS + at_micros / 1_000;
        let is_due = |hold: &Hold| hold.end.is_none() && hold.deadline_millis <= now;
        let due: Vec<_> =
            self.holds.iter().filter(|(_, hold)| is_due(hold)).map(|(id, _)| *id).collect();
        for hold_id in due {
            let seats = self.end(hold_id, "hold_expired");
            self.write(at_micros, Change::HoldExpired, None, |fact| {
                (fact.hold_id, fact.seats) = (Some(hold_id), seats);
            });
        }
    }

    fn end(&mut self, hold_id: HoldId, how: &'static str) -> Vec<u32> {
        let hold = self.holds.get_mut(&hold_id).unwrap();
        hold.end = Some(how);
        self.owners.retain(|_, owner| *owner != Owner::Hold(hold_id));
        hold.seats.clone()
    }

    /// Decides a request at a moment.
    pub(super) fn decide(&mut self, at_micros: u64, request_id: RequestId, ask: &Ask) -> Said {
        self.expire(at_micros);
        if let Some(accepted) = self.accepted.get(&request_id) {
            return Said::Accepted(accepted.clone());
        }
        let decided = match ask {
            Ask::Place { seats, .. } => self.place(at_micros, request_id, seats),
            Ask::Extend { hold_id, .. } => self.of_hold(at_micros, request_id, *hold_id, 'e'),
            Ask::Release { hold_id, .. } => self.of_hold(at_micros, request_id, *hold_id, 'r'),
            Ask::Allocate { hold_id, .. } => self.of_hold(at_micros, request_id, *hold_id, 'a'),
            Ask::Return { allocation_id, .. } => self.back(at_micros, request_id, *allocation_id),
        };
        match decided {
            Ok(accepted) => {
                self.accepted.insert(request_id, accepted.clone());
                Said::Accepted(accepted)
            }
            Err(rejected) => Said::Rejected(rejected),
        }
    }

    fn place(
        &mut self,
        at_micros: u64,
        request_id: RequestId,
        seats: &[u32],
    ) -> Result<Accepted, Rejected> {
        let taken = seats.iter().filter_map(|seat| {
            let status = match self.owners.get(seat)? {
                Owner::Hold(_) => SeatStatus::Held,
                Owner::Allocation(_) => SeatStatus::Allocated,
            };
            Some((*seat, status))
        });
        let conflicts: Vec<_> = taken.collect();
        if !conflicts.is_empty() {
            return Err(Rejected { reason: "seats_unavailable".to_owned(), conflicts });
        }
        let hold_id = HoldId(0xa000 + self.facts.len() as u128);
        let deadline_millis = WALL_MILLIS + at_micros / 1_000 + HOLD_MILLIS;
        let hold = Hold { seats: seats.to_vec(), deadline_millis, end: None };
        self.holds.insert(hold_id, hold);
        self.owners.extend(seats.iter().map(|seat| (*seat, Owner::Hold(hold_id))));
        let lsn = self.write(at_micros, Change::HoldPlaced, Some(request_id), |fact| {
            (fact.hold_id, fact.seats) = (Some(hold_id), seats.to_vec());
            fact.deadline_millis = Some(deadline_millis);
        });
        let done = Done::Placed { hold_id, deadline_millis };
        Ok(Accepted { lsn, done, seats: seats.to_vec() })
    }

    fn of_hold(
        &mut self,
        at_micros: u64,
        request_id: RequestId,
        hold_id: HoldId,
        verb: char,
    ) -> Result<Accepted, Rejected> {
        if let Some(reason) = self.holds[&hold_id].end {
            return Err(Rejected { reason: reason.to_owned(), conflicts: Vec::new() });
        }
        if verb == 'e' {
            let deadline_millis = WALL_MILLIS + at_micros / 1_000 + HOLD_MILLIS;
            self.holds.get_mut(&hold_id).unwrap().deadline_millis = deadline_millis;
            let lsn = self.write(at_micros, Change::HoldExtended, Some(request_id), |fact| {
                (fact.hold_id, fact.deadline_millis) = (Some(hold_id), Some(deadline_millis));
            });
            let done = Done::Extended { hold_id, deadline_millis };
            return Ok(Accepted { lsn, done, seats: Vec::new() });
        }
        let is_sale = verb == 'a';
        let how = if is_sale { "hold_allocated" } else { "hold_released" };
        let seats = self.end(hold_id, how);
        let change = if is_sale { Change::HoldAllocated } else { Change::HoldReleased };
        let allocation_id = AllocationId(0xb000 + self.facts.len() as u128);
        let lsn = self.write(at_micros, change, Some(request_id), |fact| {
            (fact.hold_id, fact.seats) = (Some(hold_id), seats.clone());
            fact.allocation_id = is_sale.then_some(allocation_id);
        });
        if !is_sale {
            return Ok(Accepted { lsn, done: Done::Released { hold_id }, seats });
        }
        let owner = Owner::Allocation(allocation_id);
        self.owners.extend(seats.iter().map(|seat| (*seat, owner)));
        self.allocations.insert(allocation_id, Some(seats.clone()));
        Ok(Accepted { lsn, done: Done::Allocated { hold_id, allocation_id }, seats })
    }

    fn back(
        &mut self,
        at_micros: u64,
        request_id: RequestId,
        allocation_id: AllocationId,
    ) -> Result<Accepted, Rejected> {
        let Some(seats) = self.allocations.get_mut(&allocation_id).and_then(Option::take) else {
            let reason = "allocation_unknown".to_owned();
            return Err(Rejected { reason, conflicts: Vec::new() });
        };
        self.owners.retain(|_, owner| *owner != Owner::Allocation(allocation_id));
        let lsn = self.write(at_micros, Change::SpotsReturned, Some(request_id), |fact| {
            (fact.allocation_id, fact.seats) = (Some(allocation_id), seats.clone());
        });
        Ok(Accepted { lsn, done: Done::Returned { allocation_id }, seats })
    }

    pub(super) fn testimony(&self) -> Testimony {
        let is_sold = |owner: &&Owner| matches!(owner, Owner::Allocation(_));
        let allocated = self.owners.values().filter(is_sold).count() as u32;
        let held = self.owners.len() as u32 - allocated;
        let available = SEATS - held - allocated;
        Testimony {
            event_id: EVENT,
            lsn: self.facts.len() as u64,
            counts: Counts { available, held, allocated, blocked: 0, capacity: SEATS },
            violations: Vec::new(),
        }
    }
}

/// A run against a server that is right.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) server: Server,
    pub(super) sendings: Vec<Sending>,
}

impl Run {
    pub(super) fn new() -> Self {
        Self { server: Server::new(), sendings: Vec::new() }
    }

    /// A request that leaves, is decided and is answered at these moments. Its place among the
    /// sendings.
    pub(super) fn send(&mut self, number: u128, times: [u64; 3], ask: Ask) -> usize {
        let [invoked_micros, decided, answered_micros] = times;
        let request_id = RequestId(number);
        let said = self.server.decide(decided, request_id, &ask);
        let said = if answered_micros == NEVER_MICROS { Said::Unknown } else { said };
        let client = number as u32;
        let ask = Arc::new(ask);
        let sending = Sending { client, request_id, ask, invoked_micros, answered_micros, said };
        self.sendings.push(sending);
        self.sendings.len() - 1
    }

    pub(super) fn hold_of(&self, sending: usize) -> HoldId {
        match &self.sendings[sending].said {
            Said::Accepted(Accepted { done: Done::Placed { hold_id, .. }, .. }) => *hold_id,
            other => panic!("{other} places no hold"),
        }
    }

    pub(super) fn allocation_of(&self, sending: usize) -> AllocationId {
        match &self.sendings[sending].said {
            Said::Accepted(Accepted { done: Done::Allocated { allocation_id, .. }, .. }) => {
                *allocation_id
            }
            other => panic!("{other} sells nothing"),
        }
    }

    pub(super) fn evidence(self) -> Evidence {
        let testimonies = vec![self.server.testimony()];
        let history = History { terms: terms(), sendings: self.sendings };
        Evidence { history, facts: self.server.facts, testimonies }
    }
}

pub(super) fn place(seats: &[u32]) -> Ask {
    Ask::Place { event_id: EVENT, buyer: "ann".to_owned(), seats: seats.to_vec() }
}

pub(super) fn release(hold_id: HoldId) -> Ask {
    Ask::Release { hold_id, buyer: "ann".to_owned() }
}

pub(super) fn allocate(hold_id: HoldId) -> Ask {
    Ask::Allocate { hold_id, buyer: "ann".to_owned() }
}

pub(super) fn extend(hold_id: HoldId) -> Ask {
    Ask::Extend { hold_id, buyer: "ann".to_owned() }
}

pub(super) fn give_back(allocation_id: AllocationId) -> Ask {
    Ask::Return { allocation_id, buyer: "ann".to_owned() }
}
