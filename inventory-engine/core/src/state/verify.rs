//! The state held against itself: what is kept beside the seats, to answer quickly, is counted
//! anew and compared. Reports instead of asserting, for operators and audits.

use std::collections::BTreeMap;

use crate::digest::{Digest, Kind};
use crate::fact::SeatStatus;
use crate::ids::{BuyerId, EventId, Lsn, RowIndex, SeatIndex};
use crate::state::event::{SeatState, add_seat};
use crate::state::requests::request_bytes;
use crate::state::{EventState, SeatCounts, ShardState};

/// What came of looking at one event and its shard.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verification {
    /// The event.
    pub event_id: EventId,
    /// The point in the shard's history.
    pub lsn: Lsn,
    /// Seats counted one by one.
    pub counts: SeatCounts,
    /// Holds of the event that live.
    pub live_holds: u32,
    /// Allocations of the event that live.
    pub live_allocations: u32,
    /// The shard's digest as kept.
    pub digest: Digest,
    /// What is wrong, each with its evidence. Empty: nothing.
    pub violations: Vec<String>,
}

impl ShardState {
    /// Counts an event's seats, holds, allocations, buyers and runs anew, recomputes the
    /// shard's digest, and compares. `None` if there is no such event.
    pub fn verify_event(&self, event_id: EventId) -> Option<Verification> {
        let event = self.events.get(&event_id)?;
        let mut violations = Vec::new();
        let counts = check_counts(event, &mut violations);
        let mut owners: BTreeMap<SeatIndex, SeatState> = BTreeMap::new();
        let mut buyers: BTreeMap<&BuyerId, u32> = BTreeMap::new();
        let mut own = |seats: &[SeatIndex], state: SeatState, violations: &mut Vec<String>| {
            for &seat in seats {
                if let Some(other) = owners.insert(seat, state) {
                    violations.push(format!("seat {seat} belongs to {state:?} and to {other:?}"));
                }
            }
        };
        let holds = || self.holds.values().filter(|hold| hold.event_id == event_id);
        for hold in holds() {
            own(&hold.seats, SeatState::Held(hold.id.lsn()), &mut violations);
            *buyers.entry(&hold.buyer_id).or_default() += hold.seats.len() as u32;
            if !self.deadlines.contains(&(hold.deadline, hold.id)) {
                violations.push(format!("hold {} is not waiting for its deadline", hold.id));
            }
        }
        let allocations = || self.allocations.values().filter(|sold| sold.event_id == event_id);
        for allocation in allocations() {
            own(&allocation.seats, SeatState::Allocated(allocation.id.lsn()), &mut violations);
            *buyers.entry(&allocation.buyer_id).or_default() += allocation.seats.len() as u32;
        }
        for (index, &state) in (0..).zip(event.seats()) {
            let is_owned = matches!(state, SeatState::Held(_) | SeatState::Allocated(_));
            let owner = owners.remove(&SeatIndex(index));
            if owner != is_owned.then_some(state) {
                violations.push(format!("seat {index} is {state:?}, its owner is {owner:?}"));
            }
        }
        for (seat, owner) in owners {
            violations.push(format!("{owner:?} has seat {seat}, which the event does not have"));
        }
        check_buyers(event, &buyers, &mut violations);
        check_runs(event, &mut violations);
        if self.deadlines.len() != self.holds.len() {
            let (waiting, live) = (self.deadlines.len(), self.holds.len());
            violations.push(format!("{waiting} deadlines wait for {live} holds"));
        }
        let (remembered, waiting) = self.requests.sizes();
        if remembered != waiting {
            violations.push(format!("{waiting} of {remembered} requests wait to be forgotten"));
        }
        if self.recompute_digest() != self.digest {
            violations.push("the digest kept is not the digest of the state".to_owned());
        }
        // Holds and allocations come out of a hash map; the report has an order of its own.
        violations.sort_unstable();
        Some(Verification {
            event_id,
            lsn: self.last_lsn,
            counts,
            live_holds: holds().count() as u32,
            live_allocations: allocations().count() as u32,
            digest: self.digest(),
            violations,
        })
    }

    /// The sum over every entity, from nothing.
    fn recompute_digest(&self) -> Digest {
        let mut digest = Digest::default();
        for event in self.events.values() {
            event.add_to(&mut digest);
            for (index, &state) in (0..).zip(event.seats()) {
                add_seat(&mut digest, event.id, SeatIndex(index), state);
            }
        }
        self.holds.values().for_each(|hold| hold.add_to(&mut digest));
        self.allocations.values().for_each(|allocation| allocation.add_to(&mut digest));
        for ended in self.ended_holds.oldest_first() {
            digest.add(Kind::EndedHold, ended.canonical().as_slice());
        }
        for fact in self.requests.facts() {
            digest.add(Kind::Request, &request_bytes(fact));
        }
        digest
    }
}

fn check_counts(event: &EventState, violations: &mut Vec<String>) -> SeatCounts {
    let mut counts = SeatCounts::default();
    for seat in event.seats() {
        counts.0[seat.status() as usize] += 1;
    }
    for status in SeatStatus::ALL {
        let (kept, counted) = (event.counts().get(status), counts.get(status));
        if kept != counted {
            violations
                .push(format!("{kept} seats are said to be {}, not {counted}", status.name()));
        }
    }
    if counts.total() != event.chart.seat_count() {
        let capacity = event.chart.seat_count();
        violations.push(format!("{} seats of {capacity} are there", counts.total()));
    }
    counts
}

fn check_buyers(
    event: &EventState,
    buyers: &BTreeMap<&BuyerId, u32>,
    violations: &mut Vec<String>,
) {
    for (buyer_id, &counted) in buyers {
        let kept = event.buyer_seats(buyer_id);
        if kept != counted {
            violations
                .push(format!("buyer {buyer_id} is said to have {kept} seats, not {counted}"));
        }
    }
    if event.buyers() != buyers.len() {
        let (kept, counted) = (event.buyers(), buyers.len());
        violations.push(format!("{kept} buyers are said to have seats, not {counted}"));
    }
}

fn check_runs(event: &EventState, violations: &mut Vec<String>) {
    for row in (0..event.chart.parts().rows.len() as u32).map(RowIndex) {
        let (kept, counted) = (event.longest_runs(row), event.measure_longest_runs(row));
        if kept != counted {
            violations.push(format!("row {row} is said to have {kept:?}, not {counted:?}"));
        }
    }
}

#[cfg(test)]
mod tests;
