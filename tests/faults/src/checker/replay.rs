//! The journal's facts, one after the other, by a small state machine of the checker's own that
//! reports where the engine's would assert.

use std::collections::HashMap;
use std::ops::Range;

use super::fact::{Change, Fact};
use super::violation::{Kind, Violation};
use crate::history::{AllocationId, HoldId, RequestId, SeatStatus};

/// A seat of an event.
pub(super) type SeatKey = (u64, u32);

/// How a hold ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HoldEnd {
    /// It was given back.
    Released,
    /// It was sold.
    Allocated,
    /// Its time was over.
    Expired,
}

/// Who has a seat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Owner {
    Hold(HoldId),
    Allocation(AllocationId),
    Nobody,
}

#[derive(Debug)]
struct Hold {
    seats: Vec<u32>,
    deadline_millis: u64,
    placed: usize,
    end: Option<(HoldEnd, u64)>,
}

/// What the facts lead to, and how.
#[derive(Debug, Default)]
pub struct Replayed<'a> {
    pub(super) facts: &'a [Fact],
    by_place: HashMap<(u16, u64), usize>,
    by_request: HashMap<RequestId, Vec<usize>>,
    shards: HashMap<u64, u16>,
    last: HashMap<u16, (u64, u64)>,
    holds: HashMap<HoldId, Hold>,
    allocations: HashMap<AllocationId, (Vec<u32>, bool)>,
    owners: HashMap<SeatKey, (Owner, usize)>,
    /// What became of each seat, by LSN.
    courses: HashMap<SeatKey, Vec<(u64, SeatStatus)>>,
}

/// Replays facts, and says which do not fit.
pub fn replay(facts: &[Fact]) -> (Replayed<'_>, Vec<Violation>) {
    let mut replayed = Replayed { facts, ..Replayed::default() };
    let mut violations = Vec::new();
    for index in 0..facts.len() {
        replayed.apply(index, &mut violations);
    }
    (replayed, violations)
}

impl<'a> Replayed<'a> {
    /// The shard of an event.
    pub fn shard_of(&self, event_id: u64) -> Option<u16> {
        self.shards.get(&event_id).copied()
    }

    /// The last LSN of a shard.
    pub fn last_lsn(&self, shard: u16) -> u64 {
        self.last.get(&shard).map_or(0, |(lsn, _)| *lsn)
    }

    pub(super) fn at(&self, shard: u16, lsn: u64) -> Option<&'a Fact> {
        self.by_place.get(&(shard, lsn)).map(|&index| &self.facts[index])
    }

    pub(super) fn of_request(&self, request_id: RequestId) -> impl Iterator<Item = &'a Fact> {
        self.by_request.get(&request_id).into_iter().flatten().map(|&index| &self.facts[index])
    }

    /// The fact that placed a hold, and how it ended and at which LSN.
    pub fn hold(&self, hold_id: HoldId) -> Option<(&'a Fact, Option<(HoldEnd, u64)>)> {
        self.holds.get(&hold_id).map(|hold| (&self.facts[hold.placed], hold.end))
    }

    /// A seat's state behind an LSN.
    pub(super) fn status(&self, seat: SeatKey, lsn: u64) -> SeatStatus {
        let Some(course) = self.courses.get(&seat) else { return SeatStatus::Available };
        let behind = course.partition_point(|(at, _)| *at <= lsn);
        behind.checked_sub(1).map_or(SeatStatus::Available, |last| course[last].1)
    }

    /// The LSNs within a range at which a seat changed.
    pub(super) fn changes(&self, seat: SeatKey, within: Range<u64>) -> Vec<u64> {
        let course = self.courses.get(&seat).map_or(&[][..], |course| &course[..]);
        let from = course.partition_point(|(at, _)| *at < within.start);
        let changes = course[from..].iter().map(|(at, _)| *at);
        changes.take_while(|at| *at < within.end).collect()
    }

    /// The seats of an event that ever changed.
    pub(super) fn seats_of(&self, event_id: u64) -> impl Iterator<Item = SeatKey> {
        self.courses.keys().copied().filter(move |(event, _)| *event == event_id)
    }

    fn apply(&mut self, index: usize, violations: &mut Vec<Violation>) {
        let fact = &self.facts[index];
        self.enter(index, violations);
        match fact.change {
            Change::EventCreated => {
                if self.shards.insert(fact.event_id, fact.shard).is_some() {
                    violations.push(impossible(fact, "creates an event that there is"));
                }
            }
            Change::EventClosed => {}
            Change::HoldPlaced => self.place(index, violations),
            Change::HoldExtended => self.extend(fact, violations),
            Change::HoldReleased => self.end_hold(index, HoldEnd::Released, violations),
            Change::HoldExpired => self.end_hold(index, HoldEnd::Expired, violations),
            Change::HoldAllocated => self.end_hold(index, HoldEnd::Allocated, violations),
            Change::SpotsReturned => self.bring_back(index, violations),
            Change::SpotsBlocked | Change::SpotsUnblocked => {
                violations.push(impossible(fact, "blocks, which nobody here asks for"));
            }
        }
    }

    /// LSNs rise by one, time never goes back, a request is done once, an event has one shard.
    fn enter(&mut self, index: usize, violations: &mut Vec<Violation>) {
        let fact = &self.facts[index];
        let last = self.last.insert(fact.shard, (fact.lsn, fact.at_millis));
        let (last_lsn, last_millis) = last.unwrap_or_default();
        if fact.lsn != last_lsn + 1 {
            let says = format!("follows LSN {last_lsn} of its shard");
            violations.push(impossible(fact, &says));
        }
        if fact.at_millis < last_millis {
            violations.push(impossible(fact, &format!("goes back in time from {last_millis}")));
        }
        self.by_place.insert((fact.shard, fact.lsn), index);
        let known = self.shards.get(&fact.event_id);
        if fact.change != Change::EventCreated && known != Some(&fact.shard) {
            violations.push(impossible(fact, "is of an event that its shard does not have"));
        }
        let Some(request_id) = fact.request_id else { return };
        let of_request = self.by_request.entry(request_id).or_default();
        of_request.push(index);
        if let [.., before, _] = of_request[..] {
            let quotes = vec![self.facts[before].to_string(), fact.to_string()];
            let says = "one request has two effects in the journal";
            violations.push(Violation::new(Kind::DoneTwice, says, quotes));
        }
    }

    fn place(&mut self, index: usize, violations: &mut Vec<Violation>) {
        let fact = &self.facts[index];
        let (Some(hold_id), Some(deadline_millis)) = (fact.hold_id, fact.deadline_millis) else {
            return violations.push(impossible(fact, "places no hold"));
        };
        let hold = Hold { seats: sorted(&fact.seats), deadline_millis, placed: index, end: None };
        if self.holds.insert(hold_id, hold).is_some() {
            violations.push(impossible(fact, "places a hold that there was"));
        }
        self.move_seats(index, (Owner::Nobody, Owner::Hold(hold_id)), SeatStatus::Held, violations);
    }

    fn extend(&mut self, fact: &Fact, violations: &mut Vec<Violation>) {
        let hold = fact.hold_id.and_then(|hold_id| self.holds.get_mut(&hold_id));
        match (hold.filter(|hold| hold.end.is_none()), fact.deadline_millis) {
            (Some(hold), Some(deadline)) if deadline >= hold.deadline_millis => {
                hold.deadline_millis = deadline;
            }
            _ => violations.push(impossible(fact, "extends no live hold")),
        }
    }

    fn end_hold(&mut self, index: usize, end: HoldEnd, violations: &mut Vec<Violation>) {
        let fact = &self.facts[index];
        let live = fact.hold_id.and_then(|hold_id| {
            let hold = self.holds.get_mut(&hold_id)?;
            (hold.end.is_none()).then_some((hold_id, hold))
        });
        let Some((hold_id, hold)) = live else {
            return violations.push(impossible(fact, "ends no live hold"));
        };
        hold.end = Some((end, fact.lsn));
        let (placed, deadline_millis) = (hold.placed, hold.deadline_millis);
        let is_over = fact.at_millis >= deadline_millis;
        let quotes = vec![self.facts[placed].to_string(), fact.to_string()];
        if hold.seats != sorted(&fact.seats) {
            let says = "a hold ended with other seats than it had";
            violations.push(Violation::new(Kind::FactImpossible, says, quotes.clone()));
        }
        match end {
            HoldEnd::Expired if !is_over => {
                let says = format!("a hold ran out before its deadline, {deadline_millis}");
                violations.push(Violation::new(Kind::EarlyExpiry, says, quotes));
            }
            HoldEnd::Allocated | HoldEnd::Released if is_over => {
                let says = format!("a hold was used at or behind its deadline, {deadline_millis}");
                violations.push(Violation::new(Kind::FactImpossible, says, quotes));
            }
            _ => {}
        }
        let to = match (end, fact.allocation_id) {
            (HoldEnd::Allocated, Some(allocation_id)) => {
                self.allocations.insert(allocation_id, (sorted(&fact.seats), true));
                (Owner::Allocation(allocation_id), SeatStatus::Allocated)
            }
            _ => (Owner::Nobody, SeatStatus::Available),
        };
        self.move_seats(index, (Owner::Hold(hold_id), to.0), to.1, violations);
    }

    fn bring_back(&mut self, index: usize, violations: &mut Vec<Violation>) {
        let fact = &self.facts[index];
        let live = fact.allocation_id.and_then(|allocation_id| {
            let (seats, is_live) = self.allocations.get_mut(&allocation_id)?;
            std::mem::take(is_live).then_some((allocation_id, &*seats))
        });
        match live {
            Some((allocation_id, seats)) if *seats == sorted(&fact.seats) => {
                let owners = (Owner::Allocation(allocation_id), Owner::Nobody);
                self.move_seats(index, owners, SeatStatus::Available, violations);
            }
            _ => violations.push(impossible(fact, "returns no live allocation")),
        }
    }

    fn move_seats(
        &mut self,
        index: usize,
        (from, to): (Owner, Owner),
        status: SeatStatus,
        violations: &mut Vec<Violation>,
    ) {
        let fact = &self.facts[index];
        for seat in &fact.seats {
            let key = (fact.event_id, *seat);
            let before = self.owners.insert(key, (to, index));
            let (owner, of) = before.unwrap_or((Owner::Nobody, index));
            if owner != from {
                let is_taken = from == Owner::Nobody;
                let kind = if is_taken { Kind::SeatSoldTwice } else { Kind::FactImpossible };
                let says = format!("seat {seat} of event {} was {owner:?}'s", fact.event_id);
                let quotes = vec![self.facts[of].to_string(), fact.to_string()];
                violations.push(Violation::new(kind, says, quotes));
            }
            self.courses.entry(key).or_default().push((fact.lsn, status));
        }
    }
}

fn impossible(fact: &Fact, says: &str) -> Violation {
    Violation::new(Kind::FactImpossible, format!("a fact {says}"), vec![fact.to_string()])
}

/// Seats in an order of their own.
pub(super) fn sorted(seats: &[u32]) -> Vec<u32> {
    let mut seats = seats.to_vec();
    seats.sort_unstable();
    seats
}
