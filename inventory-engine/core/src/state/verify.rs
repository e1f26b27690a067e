//! The state held against itself: what is kept beside the seats, to answer quickly, is counted
//! anew and compared. Reports instead of asserting, for operators and audits.

use std::collections::BTreeMap;

use crate::digest::{Digest, Kind};
use crate::fact::SeatStatus;
use crate::ids::{AreaIndex, BuyerId, EventId, Lsn, RowIndex, SeatIndex, TicketTypeIndex};
use crate::spots::{Counts, Spots};
use crate::state::event::{SeatState, add_area, add_seat};
use crate::state::requests::request_bytes;
use crate::state::{EventState, ShardState};

/// What came of looking at one event and its shard.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verification {
    /// The event.
    pub event_id: EventId,
    /// The point in the shard's history.
    pub lsn: Lsn,
    /// Seats counted one by one.
    pub counts: Counts,
    /// Places of each area, held and allocated ones counted hold by hold, by index.
    pub areas: Vec<Counts>,
    /// Spots of each ticket type, held and allocated ones counted hold by hold, by index.
    pub ticket_types: Vec<Counts>,
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
        let mut owned = Owned::none(event);
        let holds = || self.holds.values().filter(|hold| hold.event_id == event_id);
        for hold in holds() {
            let state = SeatState::Held(hold.id.lsn());
            owned.add(&hold.spots, state, &hold.buyer_id, &mut violations);
            if !self.deadlines.contains(&(hold.deadline, hold.id)) {
                violations.push(format!("hold {} is not waiting for its deadline", hold.id));
            }
        }
        let allocations = || self.allocations.values().filter(|sold| sold.event_id == event_id);
        for allocation in allocations() {
            let state = SeatState::Allocated(allocation.id.lsn());
            owned.add(&allocation.spots, state, &allocation.buyer_id, &mut violations);
        }
        owned.check_seats(event, &mut violations);
        check_whole_tables(event, &mut violations);
        let areas = owned.count_areas(event, &mut violations);
        let ticket_types = owned.count_ticket_types(event, &mut violations);
        check_buyers(event, &owned.buyers, &mut violations);
        check_runs(event, &mut violations);
        if self.deadlines.len() != self.holds.len() {
            let (waiting, live) = (self.deadlines.len(), self.holds.len());
            violations.push(format!("{waiting} deadlines wait for {live} holds"));
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
            areas,
            ticket_types,
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
            for (index, state) in (0..).zip(event.seats()) {
                add_seat(&mut digest, event.id, SeatIndex(index), state);
            }
            for (index, &counts) in (0..).zip(event.areas()) {
                add_area(&mut digest, event.id, AreaIndex(index), counts);
            }
        }
        self.holds.values().for_each(|hold| hold.add_to(&mut digest));
        self.allocations.values().for_each(|allocation| allocation.add_to(&mut digest));
        for ended in self.ended_holds.oldest_first() {
            digest.add(Kind::EndedHold, ended.canonical().as_slice());
        }
        for fact in self.requests.facts() {
            if let Some(request) = fact.request() {
                digest.add(Kind::Request, &request_bytes(request, fact.lsn()));
            }
        }
        digest
    }
}

/// What holds and allocations have, counted anew.
struct Owned<'a> {
    seats: BTreeMap<SeatIndex, SeatState>,
    buyers: BTreeMap<&'a BuyerId, u32>,
    /// By area and status.
    areas: Vec<[u32; 4]>,
    /// By ticket type and status.
    ticket_types: Vec<[u32; 4]>,
}

impl<'a> Owned<'a> {
    fn none(event: &EventState) -> Self {
        Self {
            seats: BTreeMap::new(),
            buyers: BTreeMap::new(),
            areas: vec![[0; 4]; event.areas().len()],
            ticket_types: vec![[0; 4]; event.ticket_types.len()],
        }
    }

    fn add(
        &mut self,
        spots: &Spots,
        state: SeatState,
        buyer_id: &'a BuyerId,
        violations: &mut Vec<String>,
    ) {
        let of_buyer = self.buyers.entry(buyer_id).or_default();
        *of_buyer = of_buyer.saturating_add(spots.count());
        for seat in spots.seat_indexes() {
            if let Some(other) = self.seats.insert(seat, state) {
                violations.push(format!("seat {seat} belongs to {state:?} and to {other:?}"));
            }
        }
        let status = state.status() as usize;
        for places in &spots.areas {
            match self.areas.get_mut(places.area.0 as usize) {
                Some(counts) => {
                    counts[status] = counts[status].saturating_add(places.count);
                }
                None => violations.push(format!("{state:?} has places in no area of the event")),
            }
        }
        for (TicketTypeIndex(index), count) in spots.by_ticket_type() {
            match self.ticket_types.get_mut(usize::from(index)) {
                Some(counts) => counts[status] = counts[status].saturating_add(count),
                None => violations.push(format!("{state:?} has no ticket type of the event")),
            }
        }
    }

    fn check_seats(&mut self, event: &EventState, violations: &mut Vec<String>) {
        for (index, state) in (0..).zip(event.seats()) {
            let is_owned = matches!(state, SeatState::Held(_) | SeatState::Allocated(_));
            let owner = self.seats.remove(&SeatIndex(index));
            if owner != is_owned.then_some(state) {
                violations.push(format!("seat {index} is {state:?}, its owner is {owner:?}"));
            }
        }
        for (seat, owner) in &self.seats {
            violations.push(format!("{owner:?} has seat {seat}, which the event does not have"));
        }
    }

    /// Blocked places are nobody's: their number is taken as it stands.
    fn count_areas(&self, event: &EventState, violations: &mut Vec<String>) -> Vec<Counts> {
        let kept = event.areas().iter().zip(&event.chart.parts().areas);
        let counted = kept.zip(&self.areas).map(|((kept, area), owned)| {
            let blocked = kept.get(SeatStatus::Blocked);
            let counts = counted(area.capacity, owned, blocked);
            if counts != Some(*kept) {
                let label = &area.label;
                violations.push(format!(
                    "area {label:?} is said to have {kept:?} of {}, not {owned:?}",
                    area.capacity
                ));
            }
            counts.unwrap_or(*kept)
        });
        counted.collect()
    }

    fn count_ticket_types(&self, event: &EventState, violations: &mut Vec<String>) -> Vec<Counts> {
        let kept = event.ticket_type_counts().iter().enumerate();
        let counted = kept.zip(&self.ticket_types).map(|((index, kept), owned)| {
            let capacity = event.ticket_type_capacity(index);
            let counts = counted(capacity, owned, 0);
            if counts != Some(*kept) {
                let key = &event.ticket_types[index].key;
                violations.push(format!(
                    "ticket type {key:?} is said to have {kept:?} of {capacity}, not {owned:?}"
                ));
            }
            counts.unwrap_or(*kept)
        });
        counted.collect()
    }
}

/// What is left of a capacity when what is owned and blocked is taken; `None` if that is more.
fn counted(capacity: u32, owned: &[u32; 4], blocked: u32) -> Option<Counts> {
    let [_, held, allocated, _] = *owned;
    let available = capacity.checked_sub(held)?.checked_sub(allocated)?.checked_sub(blocked)?;
    Some(Counts([available, held, allocated, blocked]))
}

/// The seats of a table that is sold as a whole go the same way.
fn check_whole_tables(event: &EventState, violations: &mut Vec<String>) {
    for table in event.chart.parts().tables.iter().filter(|table| table.book_whole) {
        let mut states = table.seats.iter().map(|&seat| event.seat(seat));
        let first = states.next();
        if !states.all(|state| Some(state) == first) {
            violations.push(format!("table {:?} was taken apart", table.label));
        }
    }
}

fn check_counts(event: &EventState, violations: &mut Vec<String>) -> Counts {
    let mut counts = Counts::default();
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
        let kept = event.buyer_spots(buyer_id);
        if kept != counted {
            violations
                .push(format!("buyer {buyer_id} is said to have {kept} spots, not {counted}"));
        }
    }
    if event.buyers() != buyers.len() {
        let (kept, counted) = (event.buyers(), buyers.len());
        violations.push(format!("{kept} buyers are said to have spots, not {counted}"));
    }
}

fn check_runs(event: &EventState, violations: &mut Vec<String>) {
    for row in (0..event.chart.parts().rows.len() as u32).map(RowIndex) {
        let Some(kept) = event.kept_longest_runs(row) else { continue };
        let counted = event.measure_longest_runs(row);
        if kept != counted {
            violations.push(format!("row {row} is said to have {kept:?}, not {counted:?}"));
        }
    }
}

#[cfg(test)]
mod tests;
