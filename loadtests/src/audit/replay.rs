//! A state machine of the audit's own over the journal's facts.
//!
//! It knows what a fact may change and reports one that may not; then it takes the fact at its
//! word and goes on, so that one wrong fact is reported once and not again by all that follow.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::fact::{Change, JournalRecord};
use super::quantities::{self, Pool, Quantities, Shares, Taken};
use super::server::Testimony;
use super::{Findings, Kind};
use crate::ids::{AllocationId, HoldId, RequestId};
use crate::kill::Kill;
use crate::seat_map::{ALLOCATED, AVAILABLE, BLOCKED, HELD};

/// What the audit knows beside the journal and the record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    pub(crate) event_id: u64,
    /// While the server was down nothing could run out.
    pub(crate) kills: &'a [Kill],
    pub(crate) clock_slack_millis: u64,
    pub(crate) expiry_slack_millis: u64,
    /// What the server said of its seats before it was stopped.
    pub(crate) testimony: Option<&'a Testimony>,
}

/// The end of the history: what the journal's facts amount to.
#[derive(Debug)]
pub(crate) struct History {
    /// Every fact that a request asked for, by the request.
    pub(crate) by_request: HashMap<RequestId, Arc<JournalRecord>>,
    /// Every fact that made a hold or an allocation.
    pub(crate) placed: HashMap<HoldId, Arc<JournalRecord>>,
    pub(crate) allocated: HashMap<AllocationId, Arc<JournalRecord>>,
    /// For each seat of the run's event: its state and the fact that made it so.
    pub(crate) seats: HashMap<u32, (u8, Arc<JournalRecord>)>,
    /// For each area and each ticket type of the run's event, by index: how much of it is taken.
    pub(crate) areas: Vec<Taken>,
    pub(crate) ticket_types: Vec<Taken>,
}

impl History {
    pub(crate) fn status(&self, seat: u32) -> u8 {
        self.seats.get(&seat).map_or(AVAILABLE, |(status, _)| *status)
    }
}

/// A live hold by the journal.
#[derive(Debug)]
struct LiveHold {
    seats: HashSet<u32>,
    places: Shares,
    deadline_millis: u64,
    /// The fact that set the deadline.
    fact: Arc<JournalRecord>,
}

/// A seat by the journal: its state, whose it is, and the fact that made it so.
#[derive(Debug)]
struct Seat {
    status: u8,
    fact: Arc<JournalRecord>,
}

pub(crate) struct Replay<'a> {
    pub(crate) findings: &'a mut Findings,
    circumstances: Circumstances<'a>,
    /// Each shard's last fact.
    shards: HashMap<u16, Arc<JournalRecord>>,
    seats: HashMap<(u64, u32), Seat>,
    live_holds: HashMap<HoldId, LiveHold>,
    /// Seats and places that allocations still have.
    live_allocations: HashMap<AllocationId, (HashSet<u32>, Shares)>,
    quantities: Quantities,
    /// Closed events, each with the fact that closed it.
    closed: HashMap<u64, Arc<JournalRecord>>,
    history: History,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(circumstances: Circumstances<'a>, findings: &'a mut Findings) -> Self {
        let history = History {
            by_request: HashMap::new(),
            placed: HashMap::new(),
            allocated: HashMap::new(),
            seats: HashMap::new(),
            areas: Vec::new(),
            ticket_types: Vec::new(),
        };
        let mut quantities = Quantities::default();
        for (area, counts) in
            (0..).zip(circumstances.testimony.iter().flat_map(|of| &of.view.areas))
        {
            let pool = Pool::Area(circumstances.event_id, area);
            quantities.set_capacity(pool, counts.sum() as u32);
        }
        Self {
            findings,
            circumstances,
            shards: HashMap::new(),
            seats: HashMap::new(),
            live_holds: HashMap::new(),
            live_allocations: HashMap::new(),
            quantities,
            closed: HashMap::new(),
            history,
        }
    }

    pub(crate) fn apply(&mut self, fact: JournalRecord) {
        let fact = Arc::new(fact);
        self.sequence(&fact);
        self.request(&fact);
        match fact.change {
            Change::EventCreated => self.event_created(&fact),
            Change::EventClosed => {
                if self.closed.insert(fact.event_id, fact.clone()).is_some() {
                    self.impossible(&fact, "closes an event that is closed");
                }
            }
            Change::HoldPlaced => self.hold_placed(&fact),
            Change::HoldExtended => self.hold_extended(&fact),
            Change::HoldReleased => self.take_from_hold(&fact, AVAILABLE),
            Change::HoldAllocated => self.hold_allocated(&fact),
            Change::HoldExpired => self.hold_expired(&fact),
            Change::SpotsReturned => self.spots_returned(&fact),
            Change::SpotsBlocked => self.turn(&fact, AVAILABLE, BLOCKED),
            Change::SpotsUnblocked => self.turn(&fact, BLOCKED, AVAILABLE),
        }
        self.shards.insert(fact.shard, fact);
    }

    /// The journal is over: what is still alive, and what it all amounts to.
    pub(crate) fn finish(mut self) -> History {
        if let Some(testimony) = self.circumstances.testimony {
            let now_millis = testimony.at_millis;
            let overdue = std::mem::take(&mut self.live_holds);
            for hold in overdue.into_values() {
                if self.is_long_past(hold.deadline_millis, now_millis) {
                    let message = "the hold's deadline passed, and the journal has no end of it";
                    let evidence = vec![hold.fact.evidence()];
                    self.findings.add(Kind::AlivePastDeadline, None, message, evidence);
                }
            }
        }
        let event_id = self.circumstances.event_id;
        let view = self.circumstances.testimony.map(|testimony| &testimony.view);
        let areas = (0..view.map_or(0, |view| view.areas.len() as u32))
            .map(|area| self.quantities.taken(Pool::Area(event_id, area)));
        let types = (0..view.map_or(0, |view| view.ticket_types.len() as u16))
            .map(|of| self.quantities.taken(Pool::TicketType(event_id, of)));
        (self.history.areas, self.history.ticket_types) = (areas.collect(), types.collect());
        let own = self.seats.into_iter().filter(|((event, _), _)| *event == event_id);
        self.history.seats = own.map(|((_, seat), of)| (seat, (of.status, of.fact))).collect();
        self.history
    }

    /// LSNs rise by one from one; time and epoch never fall.
    fn sequence(&mut self, fact: &Arc<JournalRecord>) {
        let last = self.shards.get(&fact.shard);
        let expected = last.map_or(1, |last| last.lsn + 1);
        let evidence =
            || last.map(|last| last.evidence()).into_iter().chain([fact.evidence()]).collect();
        if fact.lsn != expected {
            let message = format!("LSN {expected} of the shard is due, and {} comes", fact.lsn);
            self.findings.add(Kind::LsnGap, None, message, evidence());
        }
        if last.is_some_and(|last| fact.at_millis < last.at_millis) {
            let message = "the fact is older than the one in front of it";
            self.findings.add(Kind::TimeBackwards, None, message, evidence());
        }
        if last.is_some_and(|last| fact.epoch < last.epoch) {
            let message = "the fact was written in an epoch that was over";
            self.findings.add(Kind::TimeBackwards, None, message, evidence());
        }
    }

    fn request(&mut self, fact: &Arc<JournalRecord>) {
        let Some(request_id) = fact.request_id else { return };
        if let Some(first) = self.history.by_request.get(&request_id) {
            let message = "one request id changed the state twice";
            let evidence = vec![first.evidence(), fact.evidence()];
            self.findings.add(Kind::DoneTwice, None, message, evidence);
        } else {
            self.history.by_request.insert(request_id, fact.clone());
        }
    }

    fn event_created(&mut self, fact: &Arc<JournalRecord>) {
        for (index, ticket_type) in (0..).zip(&fact.ticket_types) {
            if let Some(quota) = ticket_type.quota {
                let pool = Pool::TicketType(fact.event_id, index);
                self.quantities.set_capacity(pool, quota);
            }
        }
    }

    fn hold_placed(&mut self, fact: &Arc<JournalRecord>) {
        let Some(hold_id) = fact.hold_id else { return self.impossible(fact, "names no hold") };
        let deadline_millis = fact.deadline_millis.unwrap_or_else(|| {
            self.impossible(fact, "names no deadline");
            fact.at_millis
        });
        if let Some(closed) = self.closed.get(&fact.event_id) {
            let evidence = vec![closed.evidence(), fact.evidence()];
            let message = "the event is closed, and something is held";
            self.findings.add(Kind::FactImpossible, None, message, evidence);
        }
        self.turn(fact, AVAILABLE, HELD);
        let seats = fact.seats.iter().copied().collect();
        let places = quantities::shares_of(fact);
        let hold = LiveHold { seats, places, deadline_millis, fact: fact.clone() };
        if self.live_holds.insert(hold_id, hold).is_some() {
            self.impossible(fact, "makes a hold that is there already");
        }
        self.history.placed.insert(hold_id, fact.clone());
    }

    fn hold_extended(&mut self, fact: &Arc<JournalRecord>) {
        let (Some(hold_id), Some(deadline_millis)) = (fact.hold_id, fact.deadline_millis) else {
            return self.impossible(fact, "names no hold or no deadline");
        };
        self.not_after_deadline(hold_id, fact, "extended");
        match self.live_holds.get_mut(&hold_id) {
            Some(hold) => {
                hold.deadline_millis = deadline_millis;
                hold.fact = fact.clone();
            }
            None => self.impossible(fact, "extends a hold that is not alive"),
        }
    }

    fn hold_allocated(&mut self, fact: &Arc<JournalRecord>) {
        if let Some(hold_id) = fact.hold_id {
            self.not_after_deadline(hold_id, fact, "sold");
        }
        self.take_from_hold(fact, ALLOCATED);
        let Some(allocation_id) = fact.allocation_id else {
            return self.impossible(fact, "names no allocation");
        };
        let seats = fact.seats.iter().copied().collect();
        let owned = (seats, quantities::shares_of(fact));
        if self.live_allocations.insert(allocation_id, owned).is_some() {
            self.impossible(fact, "makes an allocation that is there already");
        }
        self.history.allocated.insert(allocation_id, fact.clone());
    }

    fn hold_expired(&mut self, fact: &Arc<JournalRecord>) {
        let Some(hold) = fact.hold_id.and_then(|hold_id| self.live_holds.get(&hold_id)) else {
            return self.take_from_hold(fact, AVAILABLE);
        };
        let deadline_millis = hold.deadline_millis;
        let evidence = vec![hold.fact.evidence(), fact.evidence()];
        let left: HashSet<u32> = fact.seats.iter().copied().collect();
        if left != hold.seats || quantities::shares_of(fact) != hold.places {
            let message = "the hold ran out with other seats or places than it had";
            self.findings.add(Kind::FactImpossible, None, message, evidence.clone());
        }
        if fact.at_millis < deadline_millis {
            let early = deadline_millis - fact.at_millis;
            let message = format!("the hold ran out {early} ms before its deadline");
            self.findings.add(Kind::ExpiredEarly, None, message, evidence);
        } else if self.is_long_past(deadline_millis, fact.at_millis) {
            let late = fact.at_millis - deadline_millis;
            let message = format!("the hold was alive for {late} ms after its deadline");
            self.findings.add(Kind::AlivePastDeadline, None, message, evidence);
        }
        self.take_from_hold(fact, AVAILABLE);
    }

    fn spots_returned(&mut self, fact: &Arc<JournalRecord>) {
        self.turn(fact, ALLOCATED, AVAILABLE);
        let allocation = fact.allocation_id.and_then(|id| self.live_allocations.get_mut(&id));
        let is_all_there = allocation.is_some_and(|(seats, places)| {
            // Every one is taken out, also behind one that is missing.
            let are_places_there = quantities::take(places, fact);
            fact.seats.iter().filter(|seat| !seats.remove(seat)).count() == 0 && are_places_there
        });
        if !is_all_there {
            self.impossible(fact, "returns what its allocation does not have");
        }
    }

    /// Held seats leave their hold for another state; a hold without seats is over.
    fn take_from_hold(&mut self, fact: &Arc<JournalRecord>, to: u8) {
        self.turn(fact, HELD, to);
        let Some(hold_id) = fact.hold_id else { return self.impossible(fact, "names no hold") };
        let Some(hold) = self.live_holds.get_mut(&hold_id) else {
            return self.impossible(fact, "ends a hold that is not alive");
        };
        let foreign: Vec<u32> =
            fact.seats.iter().filter(|seat| !hold.seats.remove(seat)).copied().collect();
        let are_places_there = quantities::take(&mut hold.places, fact);
        if hold.seats.is_empty() && hold.places.is_empty() {
            self.live_holds.remove(&hold_id);
        }
        if !are_places_there {
            self.impossible(fact, "takes places that its hold does not have");
        }
        for seat in foreign {
            let sells = to == ALLOCATED;
            let kind = if sells { Kind::SoldTwice } else { Kind::FactImpossible };
            let placed = self.history.placed.get(&hold_id).map(|placed| placed.evidence());
            let evidence = placed.into_iter().chain([fact.evidence()]).collect();
            let message = "the seat is not in the hold that it is taken from";
            self.findings.add(kind, Some(seat), message, evidence);
        }
    }

    fn turn(&mut self, fact: &Arc<JournalRecord>, from: u8, to: u8) {
        for seat in &fact.seats {
            self.turn_seat(fact, *seat, from, to);
        }
        self.quantities.turn(fact, from, to, self.findings);
    }

    fn turn_seat(&mut self, fact: &Arc<JournalRecord>, seat: u32, from: u8, to: u8) {
        let now = Seat { status: to, fact: fact.clone() };
        let before = self.seats.insert((fact.event_id, seat), now);
        let status = before.as_ref().map_or(AVAILABLE, |before| before.status);
        if status == from {
            return;
        }
        let (kind, message) = match (to, status) {
            (ALLOCATED, ALLOCATED) => (Kind::SoldTwice, "the seat is sold, and is sold again"),
            (HELD, ALLOCATED) => (Kind::SoldTwice, "the seat is sold, and is held again"),
            (HELD, HELD) => (Kind::HeldTwice, "the seat is held, and is held again"),
            (HELD | ALLOCATED, BLOCKED) => {
                (Kind::FactImpossible, "the seat is blocked, and is given away")
            }
            (ALLOCATED, AVAILABLE) => (Kind::FactImpossible, "the seat is sold without a hold"),
            _ => (Kind::FactImpossible, "the seat is not in the state that the fact changes"),
        };
        let before = before.map(|before| before.fact.evidence());
        let evidence = before.into_iter().chain([fact.evidence()]).collect();
        self.findings.add(kind, Some(seat), message, evidence);
    }

    fn not_after_deadline(&mut self, hold_id: HoldId, fact: &Arc<JournalRecord>, what: &str) {
        let Some(hold) = self.live_holds.get(&hold_id) else { return };
        if fact.at_millis >= hold.deadline_millis {
            let late = fact.at_millis - hold.deadline_millis;
            let message = format!("the hold was {what} {late} ms after its deadline");
            let evidence = vec![hold.fact.evidence(), fact.evidence()];
            self.findings.add(Kind::AcceptedLate, None, message, evidence);
        }
    }

    /// Whether a deadline had long passed, leaving out the times when the server was down.
    fn is_long_past(&self, deadline_millis: u64, now_millis: u64) -> bool {
        let in_outage = |kill: &&Kill| {
            kill.killed_at_millis <= now_millis && kill.serving_at_millis >= deadline_millis
        };
        let outages = self.circumstances.kills.iter().filter(in_outage);
        let served_millis = outages.map(|kill| kill.serving_at_millis).max().unwrap_or(0);
        let due_millis = deadline_millis.max(served_millis);
        now_millis > due_millis + self.circumstances.expiry_slack_millis
    }

    fn impossible(&mut self, fact: &Arc<JournalRecord>, what: &str) {
        let message = format!("the fact {what}");
        self.findings.add(Kind::FactImpossible, None, message, vec![fact.evidence()]);
    }
}
